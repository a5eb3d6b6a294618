"""Check, print and compare rule files, in the commands check, rules and diff."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    Format,
    FormatOption,
    RulesOption,
    read_text,
    rulebook_of,
)
from peelflow.errors import Diagnostic, InvalidRequest, Span
from peelflow.model.rules import Lifecycle, Transition
from peelflow.proof.counterexample import EXIT_CODES
from peelflow.proof.diff import diff
from peelflow.reports.lifecycle_page import page_of
from peelflow.rulebook.certificate import certificate_of, compare_certificate
from peelflow.rulebook.loader import CheckedRules
from peelflow.rulebook.national import examine
from peelflow.wording import say_due, say_requirement, say_within, suggestion

SARIF_VERSION = "2.1.0"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def diagnostics_as_json(found: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return diagnostics as JSON data: lines and columns count from 1."""
    return [
        {
            **_json_location(fault.span),
            "code": fault.code,
            "severity": fault.severity,
            "sentence": fault.sentence,
            "help": fault.help,
            "related": None if fault.related is None else _json_location(fault.related),
            "steps": [{**_json_location(span), "sentence": said} for span, said in fault.steps],
        }
        for fault in found
    ]


def _json_location(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column}


def diagnostics_as_sarif(found: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """Return diagnostics as one run of SARIF 2.1.0."""
    every = tuple(found)
    codes = sorted({fault.code for fault in every})
    driver = {"name": "peelflow", "version": version, "rules": [{"id": code} for code in codes]}
    return {
        "$schema": SARIF_SCHEMA,
        "version": SARIF_VERSION,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(fault) for fault in every],
            }
        ],
    }


def _sarif_result(fault: Diagnostic) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": fault.code,
        "level": fault.severity,
        "message": {"text": f"{fault.sentence}; {fault.help}"},
        "locations": [_sarif_location(fault.span)],
    }
    if fault.related is not None:
        line = {"message": {"text": "the rule that it is held against"}}
        result["relatedLocations"] = [_sarif_location(fault.related) | line]
    if fault.steps:
        walk = [
            {"location": _sarif_location(span) | {"message": {"text": said}}}
            for span, said in fault.steps
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": walk}]}]
    return result


def _sarif_location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.file)}, "region": region}}


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
) -> None:
    """Check and prove rule files.

    Every fault is printed with its place, its code and what to do instead. Exit code 0: all is
    proved; 1: something is wrong or refuted; 3: a proof is undetermined, which is never a pass.
    """
    checked = examine(*paths)
    found = checked.diagnostics
    if verify is not None:
        text = read_text(verify)
        found += compare_certificate(text, checked, version=_version(), file=verify.as_posix())
    _print_report(paths, checked, found, form)
    wrong = any(fault.severity == "error" for fault in found)
    code = EXIT_CODES["refuted" if wrong else checked.verdict]
    if code:
        raise typer.Exit(code)


def _print_report(
    paths: list[Path], checked: CheckedRules, found: tuple[Diagnostic, ...], form: ReportFormat
) -> None:
    match form:
        case ReportFormat.JSON:
            told = {
                "diagnostics": diagnostics_as_json(found),
                **certificate_of(checked, version=_version()),
            }
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        case ReportFormat.SARIF:
            told = diagnostics_as_sarif(found, version=_version())
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        case _:
            output.diagnostics(found)
            for one in certificate_of(checked, version=_version())["lifecycles"]:
                output.line(_lifecycle_summary(one))
            faults = sum(fault.severity == "error" for fault in found)
            notes = f", {len(found) - faults} to note" if len(found) > faults else ""
            output.line(
                f"{' '.join(map(str, paths))}: {faults or 'no'} fault{'s' * (faults > 1)}{notes}"
            )


def _lifecycle_summary(told: dict[str, Any]) -> str:
    """Say what was found of one lifecycle, as its certificate has it."""
    refines = f"; it refines {told['refines']}" if told["refines"] else ""
    every = told["guarantees"]
    held = sum(each["verdict"] == "proved" for each in every)
    tried = f"; {held} of {len(every)} guarantees proved" if every else ""
    return f"{told['lifecycle']}: {told['verdict']}{refines}{tried}"


def _version() -> str:
    return version("peelflow")


def show_rules(
    lifecycle: Annotated[
        str | None, typer.Argument(help="A lifecycle, by its name or name@version.")
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = Format.TABLE,
    *,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print its page in Markdown, with a diagram.")
    ] = False,
) -> None:
    """List the lifecycles there are, or read one aloud."""
    known = rulebook_of(rules).lifecycles
    if lifecycle is None:
        _print_lifecycles(known, form)
        return
    chosen = [one for one in known if lifecycle in {one.name, str(one)}]
    if not chosen:
        names = sorted({name for one in known for name in (one.name, str(one))})
        raise InvalidRequest(
            f"the lifecycle {lifecycle!r}", "is unknown", suggestion(lifecycle, names)
        )
    latest = max(chosen, key=lambda one: one.version)
    if as_page:
        sys.stdout.write(page_of(latest))
    else:
        _print_lifecycle(latest, form)


def _print_lifecycles(known: tuple[Lifecycle, ...], form: Format) -> None:
    columns = ("lifecycle", "title", "category", "level", "in force from", "states", "guarantees")
    body = [
        (
            str(one),
            one.title,
            ", ".join(one.applies_to.category),
            ", ".join(str(level or "none") for level in one.applies_to.level),
            one.in_force_from.isoformat(),
            len(one.states),
            len(one.guarantees),
        )
        for one in known
    ]
    output.rows(columns, body, form, numbers=("states", "guarantees"))


def _say_needs(way: Transition) -> list[str]:
    """Read aloud what a step waits for, and what it asks for."""
    once = [f"once {say_due(way.after, 'this state')}"] if way.after else []
    return [*once, *map(say_requirement, way.requires)]


def _print_lifecycle(one: Lifecycle, form: Format) -> None:
    columns = ("state", "counts", "trigger", "to", "by", "needs")
    body = [
        (
            name,
            counts,
            way.trigger,
            way.to,
            ", ".join(way.by),
            " and ".join(_say_needs(way)),
        )
        for name, state in one.states.items()
        for counts in (output.counts_by_ledger(state),)
        for way in state.transitions
    ]
    body += [
        (name, output.counts_by_ledger(state), "", "", "", "")
        for name, state in one.states.items()
        if not state.transitions
    ]
    if form is not Format.TABLE:
        output.rows(columns, body, form)
        return
    output.line(f"{one}: {one.title}", "bold")
    output.line(f"in force from {one.in_force_from}; a record begins `{one.initial}`")
    output.line()
    output.rows(columns, body)
    output.line()
    for name, state in one.states.items():
        if state.due:
            output.line(f"`{name}` is to be left {say_within(state.due)}")
    for each in one.guarantees:
        output.line(f"guaranteed: {each.that}")
        output.line(f"   because: {each.because}")


FINDINGS = 1


def diff_rules(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A rule file, or a folder of them.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, as it is now.")],
) -> None:
    """Say what an edit of rule files means.

    What loosened, tightened or changed otherwise; nothing for comments, titles and order. Exit code
    1 if anything did.
    """
    changed = False
    for before, after in _lifecycle_pairs(_examined(old), _examined(new)):
        name = f"{before or after}" if before is None or after is None else f"{before} → {after}"
        if before is None or after is None:
            said = [f"  the lifecycle {'appeared' if before is None else 'vanished'}"]
        else:
            said = [f"  {each}" for each in diff(before, after)]
        changed = changed or bool(said)
        output.line(f"{name}:{'' if said else ' means the same'}", "bold")
        for line in said:
            output.line(line)
    if changed:
        raise typer.Exit(FINDINGS)


def _examined(path: Path) -> CheckedRules:
    checked = examine(path)
    files = {one.span.file for one in checked.lifecycles}
    unread = [
        one for one in checked.diagnostics if one.severity == "error" and one.span.file not in files
    ]
    if unread or not files:
        output.diagnostics(unread)
        raise InvalidRequest(f"{path}", "holds what cannot be read as rules", "mend it first")
    return checked


def _lifecycle_pairs(
    old: CheckedRules, new: CheckedRules
) -> list[tuple[Lifecycle | None, Lifecycle | None]]:
    """Pair lifecycles by name, the latest version of each; two alone are a pair by themselves."""
    if len(old.lifecycles) == len(new.lifecycles) == 1:
        return [(old.lifecycles[0], new.lifecycles[0])]
    before, after = (_latest_versions(each.lifecycles) for each in (old, new))
    return [(before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _latest_versions(lifecycles: tuple[Lifecycle, ...]) -> dict[str, Lifecycle]:
    return {one.name: one for one in sorted(lifecycles, key=lambda one: one.version)}
