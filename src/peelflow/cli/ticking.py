"""The verb that lets time act: tick."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import DEFAULT_URL, RulePaths, Url, opened, read_day, today
from peelflow.model.records import Acted, Event
from peelflow.register.ticking import Left


def tick(
    *,
    on: Annotated[
        date | None,
        typer.Option(
            "--on", parser=read_day, metavar="YYYY-MM-DD", help="The day; today when left out."
        ),
    ] = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Do what time itself does: every timed step that is due, once, dated this day.

    It may run as often as you like, and beside others: nothing is done twice.
    """
    with opened(register, rules) as here:
        done = here.tick(on=on or today())
    for event in done.fired:
        say.line(_fired(event))
    for left in done.left:
        say.line(f"{left.record}: {_left(left)}: {left.why}")
    for record in done.passed_over:
        say.line(f"{record}: moved by somebody else meanwhile; tick again")
    counted = f"{len(done.left)} waiting, {len(done.passed_over)} passed over"
    say.line(f"{len(done.fired)} done on {done.on}, {counted}")


def _left(left: Left) -> str:
    if left.due is None:
        return f"nobody can tell whether `{left.trigger}` is due"
    return f"`{left.trigger}` was due on {left.due} and waits"


def _fired(event: Event) -> str:
    what = event.what
    due = what.due if isinstance(what, Acted) else None
    said = f"`{what.old}` → `{what.new}`" if isinstance(what, Acted) else ""
    return f"{event.record}: {said} (due {due}, event {event.number})"
