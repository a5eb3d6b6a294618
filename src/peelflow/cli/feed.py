"""Print every event in one order, and go on from where that stopped, in the command feed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import RegisterOptions, read_text
from peelflow.cli.output_files import check_output_file, write_text
from peelflow.errors import InvalidRequest
from peelflow.register.query_checks import check_position_reached
from peelflow.register.register import Register
from peelflow.stores.base import FeedItem

POLL_PAUSE = 0.2  # seconds between two looks at a feed that is followed


def feed(
    *,
    after: Annotated[int, typer.Option("--after", min=0, help="Begin behind this position.")] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until interrupted.")
    ] = False,
    cursor: Annotated[
        Path | None,
        typer.Option("--cursor", help="Remember the place in this file, and go on from there."),
    ] = None,
    location: RegisterOptions,
) -> None:
    """Print every event in one order, a JSON line each, with its position.

    With a cursor each is printed at least once, whenever this stops: the place is noted after it
    was printed.
    """
    if cursor is not None:
        check_output_file(cursor, replace=True)
    with location.opened() as register:
        check_position_reached(register.services, after)
        position = after
        if cursor is not None and cursor.exists():
            position = _cursor_position(register, cursor)
        while True:
            position = _print_feed(register, position, cursor)
            if not follow:
                return
            sleep(POLL_PAUSE)


def _print_feed(register: Register, position: int, cursor: Path | None) -> int:
    """Print what is behind a position, and return the last one printed."""
    for item in register.feed(after=position):
        output.write_machine_text(_feed_line(item) + "\n")
        sys.stdout.flush()
        position = item.position
        if cursor is not None:
            write_text(cursor, f"{position} {item.entry.digest}\n", replace=True)
    return position


def _feed_line(item: FeedItem) -> str:
    entry = item.entry
    head = {"digest": entry.digest, "position": item.position, "previous": entry.previous}
    head_text = json.dumps(head, sort_keys=True, separators=(",", ":"))
    return f'{head_text[:-1]},"event":{entry.text}}}'


_find_position = re.compile("[1-9][0-9]{0,17}").fullmatch
"""What stands in a cursor is a position: no store counts further."""


def _cursor_position(register: Register, cursor: Path) -> int:
    """Return the position that a cursor tells, if its event still stands there."""
    number, _, digest = read_text(cursor).strip().partition(" ")
    if not _find_position(number):
        instead = "remove the file to begin anew"
        raise InvalidRequest(f"the cursor {cursor}", "cannot be read", instead)
    item = next(iter(register.feed(after=int(number) - 1)), None)
    if item is None or item.entry.digest != digest:
        why = f"stands on an event that is not at position {number} of this register"
        instead = "it is another register, or one put back from an older copy; remove the file"
        raise InvalidRequest(f"the cursor {cursor}", why, instead)
    return int(number)
