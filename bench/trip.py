"""The trip of one act: the calls that `register.fire` makes inside peelflow, and their files.

The act is a plain one, warm: a liaison officer starts a recommendation at level 2, kept in an
SQLite file, right after the same act on another record. What is counted, with `sys.setprofile`:

- a *call* is a Python frame that is entered whose code stands in a file of peelflow. What C does,
  and the `__init__` that attrs writes (which stands in no file), is none. A generator counts once
  each time it is entered.
- a *change of file* is two successive calls whose code stands in different files. Coming back
  from a call is none.

Until Python 3.12 each comprehension was a frame of its own. The first line counts these, as the
figures of issue 11 do; the second leaves out every frame that Python calls `<listcomp>`,
`<dictcomp>`, `<setcomp>` or `<genexpr>`, and is the one to compare between versions of Python.

`python bench/trip.py --each` lists the calls in order.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from attrs import frozen

import peelflow
from peelflow import Actor, Register

SOURCE = Path(peelflow.__file__ or "").parent
COMPREHENSIONS = {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}
HMICFRS = Actor("hmicfrs-portal", "hmicfrs")
LIAISON = Actor("liaison-officer", "liaison_officer")
RECORDS = ("WMP-1", "WMP-2")
HEAD = ("what is counted", "calls", "changes of file", "files")


@frozen
class Call:
    """A function of peelflow that was entered: its file below the package, and its name."""

    file: str
    name: str

    @property
    def is_comprehension(self) -> bool:
        """Whether it is one, which newer versions of Python do not call."""
        return self.name.rpartition(".")[2] in COMPREHENSIONS


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description="Count the calls of one act.")
    parser.add_argument("--each", action="store_true", help="list the calls in order")
    asked = parser.parse_args()
    calls = trip()
    if asked.each:
        for call in calls:
            print(f"{call.file:<32}{call.name}")
        print()
    print(f"one warm `fire` on SQLite, Python {platform.python_version()}")
    for line in table(calls):
        print(line)


def trip() -> tuple[Call, ...]:
    """Return the calls of the second of two equal acts, in order."""
    with (
        TemporaryDirectory() as folder,
        Register.open(f"sqlite:///{Path(folder) / 'trip.db'}") as register,
    ):
        for record in RECORDS:
            _add(register, record)
        for record in RECORDS:
            calls = calls_of(partial(_start, register, record))
    return calls


def calls_of(work: Callable[[], object]) -> tuple[Call, ...]:
    """Return the calls inside peelflow that some work makes, in order."""
    calls: list[Call] = []
    below = f"{SOURCE}{os.sep}"

    def see(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(below):
            calls.append(Call(file.removeprefix(below), frame.f_code.co_qualname))

    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return tuple(calls)


def table(calls: Sequence[Call]) -> Iterable[str]:
    """Yield the counts as aligned lines, with comprehensions and without."""
    rows = [
        HEAD,
        _row("every frame", calls),
        _row("without comprehensions", [call for call in calls if not call.is_comprehension]),
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(what: str, calls: Sequence[Call]) -> tuple[str, ...]:
    files = [call.file for call in calls]
    changes = sum(before != after for before, after in pairwise(files))
    return what, str(len(files)), str(changes), str(len(set(files)))


def _add(register: Register, record: str) -> None:
    register.add(
        record,
        category="recommendation",
        level=2,
        force="west-midlands",
        issued=date(2022, 12, 16),
        fields={"owner": "lead-3", "question": "7.2"},
        actor=HMICFRS,
        recorded_by=LIAISON.person,
        source="portal 16/12/2022",
    )


def _start(register: Register, record: str) -> None:
    register.fire(record, "start", actor=LIAISON, on=date(2023, 1, 9))


if __name__ == "__main__":
    main()
