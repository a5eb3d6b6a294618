"""Check, print and compare rule files, in the commands check, rules and diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from peelflow import __version__
from peelflow.cli import output
from peelflow.cli.options import (
    Format,
    RegisterOptions,
    RulesOption,
    read_text,
    rulebook_of,
)
from peelflow.cli.questions import count_left
from peelflow.cli.selecting import PrintingOptions
from peelflow.cli.settings import FINDINGS
from peelflow.errors import Diagnostic, InvalidRequest, Span
from peelflow.model.rules import Lifecycle
from peelflow.phrases import say_in_force, suggestion
from peelflow.proof.counterexample import EXIT_CODES
from peelflow.proof.diff import diff
from peelflow.reports.content import Table
from peelflow.reports.lifecycle_page import page_of, say_needs
from peelflow.rulebook.certificate import certificate_of, compare_certificate
from peelflow.rulebook.loader import CheckedRules, verdict_on
from peelflow.rulebook.national import examine, national
from peelflow.rulebook.schema import UNKNOWN_DAY
from peelflow.wording import say_counts, say_within

HOME = "https://github.com/peelflow/peelflow"
"""Where the project is published, as pyproject.toml says."""
SARIF_VERSION = "2.1.0"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _diagnostics_as_json(faults: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return diagnostics as JSON data: lines and columns count from 1."""
    return [
        {
            **fault.span.to_dict(),
            "code": fault.code,
            "severity": fault.severity,
            "sentence": fault.sentence,
            "help": fault.help,
            "related": None if fault.related is None else fault.related.to_dict(),
            "steps": [{**span.to_dict(), "sentence": text} for span, text in fault.steps],
        }
        for fault in faults
    ]


def _diagnostics_as_sarif(faults: tuple[Diagnostic, ...]) -> dict[str, Any]:
    """Return diagnostics as one run of SARIF 2.1.0."""
    codes = sorted({fault.code for fault in faults})
    released = __version__
    driver = {
        "name": "peelflow",
        "version": released,
        "semanticVersion": released,
        "informationUri": HOME,
        "rules": list(map(_sarif_rule, codes)),
    }
    return {
        "$schema": SARIF_SCHEMA,
        "version": SARIF_VERSION,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(fault, codes.index(fault.code)) for fault in faults],
            }
        ],
    }


def _sarif_rule(code: str) -> dict[str, Any]:
    """Return a rule: what is found under a code, and where it is explained."""
    page = f"{HOME}/blob/main/docs/codes.md#{code}"
    words = code.replace("-", " ").capitalize()
    about = "what is found, why it matters, an example, and what to write instead"
    return {
        "id": code,
        "name": "".join(map(str.capitalize, code.split("-"))),
        "shortDescription": {"text": f"{words}."},
        "help": {
            "text": f"{words}: {page} says {about}.",
            "markdown": f"[{words}]({page}): {about}.",
        },
        "helpUri": page,
    }


def _sarif_result(fault: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": fault.code,
        "ruleIndex": rule,
        "level": fault.severity,
        "message": {"text": f"{fault.sentence}; {fault.help.removesuffix('.')}."},
        "locations": [_sarif_location(fault.span)],
    }
    if fault.related is not None:
        message = {"message": {"text": "the rule that it is held against"}}
        result["relatedLocations"] = [_sarif_location(fault.related) | message]
    if fault.steps:
        locations = [
            {"location": _sarif_location(span) | {"message": {"text": text}}}
            for span, text in fault.steps
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": locations}]}]
    return result


def _sarif_location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column}
    artifact = {"uri": _file_uri(span.file)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _file_uri(name: str) -> str:
    """Return a path as a URI: relative to where the command runs if it is below, else whole."""
    path = Path(name)
    if not path.is_absolute():
        uri = quote(path.as_posix())
        return f"./{uri}" if ":" in name.partition("/")[0] else uri
    here = Path.cwd()
    return quote(path.relative_to(here).as_posix()) if here in path.parents else path.as_uri()


class ReportFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check_files(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Rule files, or folders of them.")
    ],
    *,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="How to print it.")
    ] = ReportFormat.TEXT,
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify-certificate", metavar="FILE", help="Prove again what a certificate says."
        ),
    ] = None,
    counted: Annotated[
        str | None,
        typer.Option(
            "--register",
            metavar="FILE|URL",
            help="Count the open records to which question sets leave no relevant inspection.",
        ),
    ] = None,
) -> None:
    """Check and prove rule files.

    Every fault is printed with its place, its code and what to do instead. Exit code 0: all is
    proved; 1: something is wrong or refuted; 3: a proof is undetermined, which is never a pass.
    """
    checked = examine(*paths)
    faults = checked.diagnostics
    if counted is not None and verdict_on(faults) != "refuted":
        faults = count_left(faults, RegisterOptions(register=counted, rules=paths))
    if verify is not None:
        text = read_text(verify)
        faults += compare_certificate(text, checked, version=__version__, file=verify.as_posix())
    _print_report(paths, checked, faults, form)
    code = EXIT_CODES[verdict_on(faults)]
    if code:
        raise typer.Exit(code)


def _print_report(
    paths: list[Path], checked: CheckedRules, faults: tuple[Diagnostic, ...], form: ReportFormat
) -> None:
    if form is ReportFormat.SARIF:
        output.print_json(_diagnostics_as_sarif(faults))
        return
    certificate = certificate_of(checked, version=__version__)
    if form is ReportFormat.JSON:
        output.print_json({"diagnostics": _diagnostics_as_json(faults), **certificate})
        return
    output.diagnostics(faults)
    for lifecycle in certificate["lifecycles"]:
        output.line(_lifecycle_summary(lifecycle))
        print_obligations(lifecycle["obligations"])
    for plan in certificate["plans"]:
        output.line(f"{plan['plan']}, {plan['from']} → {plan['to']}: {plan['verdict']}")
        print_obligations(plan["obligations"])
    errors = sum(fault.severity == "error" for fault in faults)
    notes = f", {len(faults) - errors} to note" if len(faults) > errors else ""
    names = " ".join(map(str, paths))
    output.line(f"{names}: {errors or 'no'} fault{'s' * (errors > 1)}{notes}")


def print_obligations(entries: list[dict[str, str]]) -> None:
    """Print what was to be proved of a force's file or of a plan, and what was found.

    Args:
        entries: The obligations, as a certificate has them.
    """
    if entries:
        rows = [(e["verdict"], e["obligation"], e["that"]) for e in entries]
        output.rows(("", "obligation", "that"), rows)


def _lifecycle_summary(certified: dict[str, Any]) -> str:
    """Say what was found of one lifecycle, as its certificate has it."""
    refines = f"; it refines {certified['refines']}" if certified["refines"] else ""
    guarantees = certified["guarantees"]
    proved = sum(guarantee["verdict"] == "proved" for guarantee in guarantees)
    counted = f"; {proved} of {len(guarantees)} guarantees proved" if guarantees else ""
    return f"{certified['lifecycle']}: {certified['verdict']}{refines}{counted}"


def show_rules(
    lifecycle: Annotated[
        str | None, typer.Argument(help="A lifecycle, by its name or name@version.")
    ] = None,
    rules: RulesOption = None,
    *,
    printing: PrintingOptions,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print its page in Markdown, with a diagram.")
    ] = False,
) -> None:
    """List the lifecycles there are, or read one aloud."""
    lifecycles = rulebook_of(rules).lifecycles
    if lifecycle is None:
        if as_page:
            raise InvalidRequest("--page", "is the page of one lifecycle", "name the lifecycle")
        _print_lifecycles(lifecycles, printing)
        return
    versions = [known for known in lifecycles if lifecycle in {known.name, str(known)}]
    if not versions:
        names = sorted({name for known in lifecycles for name in (known.name, str(known))})
        raise InvalidRequest(
            f"the lifecycle {lifecycle!r}", "is unknown", suggestion(lifecycle, names)
        )
    latest = max(versions, key=lambda known: known.version)
    if as_page:
        _print_page(latest, printing)
    else:
        _print_lifecycle(latest, printing)


def _print_page(lifecycle: Lifecycle, printing: PrintingOptions) -> None:
    """Print a page, or write it to its file; it is Markdown and has no rows to arrange.

    Raises:
        InvalidRequest: Another format is asked for, or that rows be arranged.
    """
    if printing.is_arranged or printing.chosen not in (Format.TABLE, Format.MD):
        why = "is one text in Markdown"
        raise InvalidRequest("--page", why, "give it alone, or with `-o FILE.md`")
    with printing.text():
        output.write_machine_text(page_of(lifecycle))


def _print_lifecycles(lifecycles: tuple[Lifecycle, ...], printing: PrintingOptions) -> None:
    columns = ("lifecycle", "title", "category", "level", "in force from", "states", "guarantees")
    body = tuple(
        (
            str(lifecycle),
            lifecycle.title,
            ", ".join(lifecycle.applies_to.category),
            ", ".join(map(output.say_level, lifecycle.applies_to.level)),
            lifecycle.in_force_from or UNKNOWN_DAY,
            len(lifecycle.states),
            len(lifecycle.guarantees),
        )
        for lifecycle in lifecycles
    )
    printing.show(Table("lifecycles", "", columns, body, ("states", "guarantees")))


def _print_lifecycle(lifecycle: Lifecycle, printing: PrintingOptions) -> None:
    columns = ("state", "counts", "trigger", "to", "by", "needs")
    body = (*_transition_rows(lifecycle), *_end_rows(lifecycle))
    if printing.chosen is not Format.TABLE or printing.is_arranged:
        printing.show(Table("steps", str(lifecycle), columns, body))
        return
    output.line(f"{lifecycle}: {lifecycle.title}", "bold")
    begins = f"a record begins `{lifecycle.initial}`"
    output.line(f"in force {say_in_force(lifecycle.in_force_from)}; {begins}")
    output.line()
    output.rows(columns, body)
    output.line()
    for name, state in lifecycle.states.items():
        if state.due:
            output.line(f"`{name}` is to be left {say_within(state.due)}")
    for guarantee in lifecycle.guarantees:
        output.line(f"guaranteed: {guarantee.that}")
        output.line(f"   because: {guarantee.because}")


def _transition_rows(lifecycle: Lifecycle) -> Iterator[tuple[str, ...]]:
    for name, state in lifecycle.states.items():
        counts = say_counts(state)
        for transition in state.transitions:
            by, needs = ", ".join(transition.by), " and ".join(say_needs(transition))
            yield name, counts, transition.trigger, transition.to, by, needs


def _end_rows(lifecycle: Lifecycle) -> Iterator[tuple[str, ...]]:
    for name, state in lifecycle.states.items():
        if not state.transitions:
            yield name, say_counts(state), "", "", "", ""


def diff_rules(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD",
            help="A rule file, a folder of them, or a national lifecycle, such as level-3@2.",
        ),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, as it is now.")],
) -> None:
    """Say what an edit of rule files means.

    What loosened, tightened or changed otherwise; nothing for comments, titles and order. Exit code
    1 if anything did.
    """
    is_changed = False
    for before, after in _lifecycle_pairs(_lifecycles_of(old), _lifecycles_of(new)):
        if before is None or after is None:
            name = f"{before or after}"
            differences = [f"the lifecycle {'appeared' if before is None else 'vanished'}"]
        else:
            name = f"{before} → {after}"
            differences = list(map(str, diff(before, after)))
        is_changed = is_changed or bool(differences)
        output.line(f"{name}:{'' if differences else ' means the same'}", "bold")
        for difference in differences:
            output.line(f"  {difference}")
    if is_changed:
        raise typer.Exit(FINDINGS)


def _lifecycles_of(place: Path) -> tuple[Lifecycle, ...]:
    """Return the lifecycles of rule files, or the national one that is named."""
    if place.exists():
        return _examined(place).lifecycles
    known = {str(lifecycle): lifecycle for lifecycle in national().lifecycles}
    if str(place) not in known:
        near = suggestion(str(place), known)
        instead = near if near.startswith("did") else "check the path, or name one as level-3@2"
        what, why = f"the rules {str(place)!r}", "are neither a file here nor a national lifecycle"
        raise InvalidRequest(what, why, instead)
    return (known[str(place)],)


def _examined(path: Path) -> CheckedRules:
    checked = examine(path)
    files = {lifecycle.span.file for lifecycle in checked.lifecycles}
    unread = [
        fault
        for fault in checked.diagnostics
        if fault.severity == "error" and fault.span.file not in files
    ]
    if unread:
        output.diagnostics(unread)
        raise InvalidRequest(f"{path}", "holds what cannot be read as rules", "mend it first")
    if not files:
        why = "holds no lifecycle, and no other rules are compared"
        raise InvalidRequest(f"{path}", why, "name what begins with `lifecycle:`")
    return checked


def _lifecycle_pairs(
    old: Sequence[Lifecycle], new: Sequence[Lifecycle]
) -> list[tuple[Lifecycle | None, Lifecycle | None]]:
    """Pair lifecycles by name, the latest version of each; two alone are a pair by themselves."""
    if len(old) == len(new) == 1:
        return [(old[0], new[0])]
    before, after = _latest_versions(old), _latest_versions(new)
    return [(before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _latest_versions(lifecycles: Sequence[Lifecycle]) -> dict[str, Lifecycle]:
    by_version = sorted(lifecycles, key=lambda lifecycle: lifecycle.version)
    return {lifecycle.name: lifecycle for lifecycle in by_version}
