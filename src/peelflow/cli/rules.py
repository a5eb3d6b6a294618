"""The verbs that look at rule files: check, rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import Format, Formatted, RulePaths, rulebook_of
from peelflow.errors import RequestRefused
from peelflow.model.requirements import read_aloud
from peelflow.model.rules import Lifecycle
from peelflow.proof.names import suggestion
from peelflow.rulebook.load import check

FINDINGS = 1


def check_files(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Rule files, or folders of them.")
    ],
) -> None:
    """Check rule files.

    Every fault is printed with its place, its code and what to do instead.
    """
    found = check(*paths)
    say.diagnostics(found)
    if any(each.severity == "error" for each in found):
        raise typer.Exit(FINDINGS)
    notes = f", {len(found)} to note" if found else ""
    say.line(f"{' '.join(map(str, paths))}: no fault{notes}")


def show_rules(
    lifecycle: Annotated[
        str | None, typer.Argument(help="A lifecycle, by its name or name@version.")
    ] = None,
    rules: RulePaths = None,
    form: Formatted = Format.TABLE,
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
    _read_aloud(max(chosen, key=lambda one: one.version), form)


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


def _read_aloud(one: Lifecycle, form: Format) -> None:
    columns = ("state", "counts", "trigger", "to", "by", "needs")
    body = [
        (
            name,
            counts,
            way.trigger,
            way.to,
            ", ".join(way.by),
            " and ".join(map(read_aloud, way.requires)),
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
    for each in one.guarantees:
        say.line(f"guaranteed: {each.that}")
        say.line(f"   because: {each.because}")
