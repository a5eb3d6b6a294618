"""The verbs that look at rule files: check, rules."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from peelflow.cli import say
from peelflow.cli.files import read_text, write_text
from peelflow.cli.findings import as_json, as_sarif
from peelflow.cli.options import Format, Formatted, RulePaths, rulebook_of
from peelflow.errors import Diagnostic, RequestRefused
from peelflow.model.periods import say_due, say_within
from peelflow.model.requirements import read_aloud
from peelflow.model.rules import Lifecycle, Transition
from peelflow.proof.names import suggestion
from peelflow.proof.verdicts import EXIT_CODES
from peelflow.reports.rules import page
from peelflow.rulebook.certificate import certified, compare_certificate, text_of_certificate
from peelflow.rulebook.load import Checked, examine


class Report(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check_files(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Rule files, or folders of them.")
    ],
    *,
    form: Annotated[Report, typer.Option("--format", help="How to print it.")] = Report.TEXT,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Write what was proved to a file."),
    ] = None,
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
    found = checked.found
    if verify is not None:
        text = read_text(verify)
        found += compare_certificate(text, checked, version=_version(), file=verify.as_posix())
    if certificate is not None:
        write_text(certificate, text_of_certificate(certified(checked, version=_version())))
    _print_findings(paths, checked, found, form)
    wrong = any(fault.severity == "error" for fault in found)
    code = EXIT_CODES["refuted" if wrong else checked.verdict]
    if code:
        raise typer.Exit(code)


def _print_findings(
    paths: list[Path], checked: Checked, found: tuple[Diagnostic, ...], form: Report
) -> None:
    match form:
        case Report.JSON:
            told = {"diagnostics": as_json(found), **certified(checked, version=_version())}
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        case Report.SARIF:
            told = as_sarif(found, version=_version())
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        case _:
            say.diagnostics(found)
            for one in certified(checked, version=_version())["lifecycles"]:
                say.line(_proved(one))
            faults = sum(fault.severity == "error" for fault in found)
            notes = f", {len(found) - faults} to note" if len(found) > faults else ""
            say.line(
                f"{' '.join(map(str, paths))}: {faults or 'no'} fault{'s' * (faults > 1)}{notes}"
            )


def _proved(told: dict[str, Any]) -> str:
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
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
    *,
    as_page: Annotated[
        bool, typer.Option("--page", help="Print its page in Markdown, with a diagram.")
    ] = False,
) -> None:
    """List the lifecycles there are, or read one aloud."""
    known = rulebook_of(rules).lifecycles
    if lifecycle is None:
        _list(known, form)
        return
    chosen = [one for one in known if lifecycle in {one.name, str(one)}]
    if not chosen:
        names = sorted({name for one in known for name in (one.name, str(one))})
        raise RequestRefused(
            f"the lifecycle {lifecycle!r}", "is unknown", suggestion(lifecycle, names)
        )
    latest = max(chosen, key=lambda one: one.version)
    if as_page:
        sys.stdout.write(page(latest))
    else:
        _read_aloud(latest, form)


def _list(known: tuple[Lifecycle, ...], form: Format) -> None:
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
    say.rows(columns, body, form, numbers=("states", "guarantees"))


def _needs(way: Transition) -> list[str]:
    """Read aloud what a step waits for, and what it asks for."""
    once = [f"once {say_due(way.after, 'this state')}"] if way.after else []
    return [*once, *map(read_aloud, way.requires)]


def _read_aloud(one: Lifecycle, form: Format) -> None:
    columns = ("state", "counts", "trigger", "to", "by", "needs")
    body = [
        (
            name,
            counts,
            way.trigger,
            way.to,
            ", ".join(way.by),
            " and ".join(_needs(way)),
        )
        for name, state in one.states.items()
        for counts in (say.counts(state),)
        for way in state.transitions
    ]
    body += [
        (name, say.counts(state), "", "", "", "")
        for name, state in one.states.items()
        if not state.transitions
    ]
    if form is not Format.TABLE:
        say.rows(columns, body, form)
        return
    say.line(f"{one}: {one.title}", "bold")
    say.line(f"in force from {one.in_force_from}; a record begins `{one.initial}`")
    say.line()
    say.rows(columns, body)
    say.line()
    for name, state in one.states.items():
        if state.due:
            say.line(f"`{name}` is to be left {say_within(state.due)}")
    for each in one.guarantees:
        say.line(f"guaranteed: {each.that}")
        say.line(f"   because: {each.because}")
