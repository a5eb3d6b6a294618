"""Rows that wait to be taken are held packed, and come as they were read, in the order of days."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import national
from peelflow.errors import Diagnostic, Span
from peelflow.register import csv_schema
from peelflow.register.csv_import import import_sheets
from peelflow.register.csv_schema import DateFormat, SheetRow, open_sheet, read_sheet
from peelflow.register.register import Register
from peelflow.register.sheet_kinds import SHEET_KINDS
from peelflow.register.waiting_rows import WaitingRow, WaitingRows, _in_order, order_of_rows
from peelflow.stores.memory import MemoryStore
from tests.builders.force import clock

RECORDS = "record,category,force,issued,actor,actor_role,owner,parent\n"
DEFAULTS = {"actor": "clerk", "actor_role": "liaison_officer"}
KINDS = {kind.name: kind for kind in SHEET_KINDS}
FAULT = Diagnostic(Span("a.csv", 7), "sheet-cells", "too few", "give all")
texts = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=9)


def waiting(rows: Iterable[WaitingRow]) -> WaitingRows:
    """Return rows as they wait."""
    made = WaitingRows()
    made.add_sheet(rows)
    return made


@given(st.lists(st.lists(texts, min_size=7, max_size=9), max_size=30), st.integers(1, 9))
def test_waiting_rows_are_the_rows_that_were_read(rows: list[list[str]], at_once: int) -> None:
    """Packed and unpacked, each says the same cells of the same place, or the same fault."""
    lines = [(1, RECORDS.strip().split(",")), *enumerate(rows, start=2)]
    read, faults = read_sheet(Path("a.csv"), DEFAULTS, lines=lines)
    assert faults == ()
    held = waiting(read)
    assert (list(held), len(held)) == (list(read), len(read))
    assert list(held.faults()) == [row for row in read if isinstance(row, Diagnostic)]
    assert {kind.name for kind in held.kinds()} <= {"records"}
    backwards = range(len(read))[::-1]
    parts = list(held.taken(backwards, at_once))
    assert [row for part in parts for row in part] == [(at, read[at]) for at in backwards]
    assert all(len(part) <= at_once for part in parts)
    assert (list(held), len(held)) == ([], 0)


def test_rows_are_changed_where_they_wait() -> None:
    """What is wrong with the form of one stays in its place."""
    held = waiting([row_of("acts", record="A", on="1"), FAULT, row_of("acts", record="B", on="2")])
    held.change(lambda row: row_of("acts", record=row.cells["record"], on="2023-01-01"))
    assert list(held) == [
        row_of("acts", record="A", on="2023-01-01"),
        FAULT,
        row_of("acts", record="B", on="2023-01-01"),
    ]


def row_of(sheet: str, **cells: str) -> SheetRow:
    """Return a row of some kind of sheet."""
    return SheetRow(KINDS[sheet], Path(), Span("a.csv", 2), cells, {"record": 1, "on": 2})


ids = st.sampled_from("ABCDE")
days = st.sampled_from(["2023-01-01", "2023-01-02", "2023-01-03", "soon"])
entries = st.builds(lambda n, d, p: row_of("records", record=n, issued=d, parent=p), ids, days, ids)
acts = st.builds(lambda n, d: row_of("acts", record=n, on=d), ids, days)


@given(st.lists(entries | acts | st.just(FAULT), max_size=12))
def test_rows_come_by_day_and_behind_what_they_name(rows: list[WaitingRow]) -> None:
    """Each place comes once, an entry before what names it, and all else as it stands by day."""
    order = list(order_of_rows(rows, lambda _: ()))
    assert order == brute_order(rows)
    assert sorted(order) == list(range(len(rows)))


def brute_order(rows: list[WaitingRow]) -> list[int]:
    """Return the order of rows, by looking for what each waits for, again and again."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        if isinstance(row, SheetRow) and row.sheet.name == "records":
            first.setdefault(row.cells["record"], place)

    def day(place: int) -> str:
        row = rows[place]
        said = "" if isinstance(row, Diagnostic) else row.cells.get("on") or row.cells["issued"]
        return said if said != "soon" else ""

    order: list[int] = []

    def put(place: int, above: tuple[int, ...]) -> None:
        row = rows[place]
        cells = {} if isinstance(row, Diagnostic) else row.cells
        for name in (cells.get("record", ""), cells.get("parent", "")):
            needed = first.get(name, place)
            if needed not in (*order, *above, place):
                put(needed, (*above, place))
        if place not in order:
            order.append(place)

    for place in sorted(range(len(rows)), key=lambda place: (day(place), place)):
        put(place, ())
    return order


class CountedPlace(int):
    """A place of a row that counts how often places were compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        """Compare as numbers do."""
        CountedPlace.compared += 1
        return int(self) == other

    def __hash__(self) -> int:
        """Hash as numbers do."""
        return hash(int(self))


@pytest.mark.parametrize("is_circle", [False, True])
def test_a_chain_of_parents_is_ordered_in_so_many_looks_as_there_are_names(
    monkeypatch: pytest.MonkeyPatch, *, is_circle: bool
) -> None:
    """Each row names the next as its parent: no row is looked at again for each one above it."""
    many, looks = 2_000, list[str]()
    monkeypatch.setattr(CountedPlace, "compared", 0)

    def named_by(place: int) -> Iterator[str]:
        names = [str(place + 1)] if place + 1 < many else ["0"] * is_circle
        for name in names:
            looks.append(name)
            yield name

    class Named(Sequence[Iterable[str]]):
        def __len__(self) -> int:
            return many

        def __getitem__(self, place: Any) -> Any:
            return named_by(place)

    entries = {str(place): CountedPlace(place) for place in range(many)}
    assert list(_in_order(range(many), Named(), entries)) == list(range(many))[::-1]
    assert len(looks) <= many
    assert CountedPlace.compared <= many


@given(st.lists(entries | acts, max_size=12))
def test_a_row_that_says_what_another_does_is_told(rows: list[SheetRow]) -> None:
    """Whichever of the two is asked for; and one in a million that says something else."""
    held = waiting(rows)
    told = [held.may_be_repeated(row) for row in rows]
    assert told == [sum(row.cells == other.cells for other in rows) > 1 for row in rows]


@pytest.mark.parametrize("dates", DateFormat)
def test_rows_that_say_the_same_are_each_kept_once(tmp_path: Path, dates: DateFormat) -> None:
    """A row that comes twice is meant twice, and comes no third time with the same sheets."""
    register = Register(MemoryStore(), rulebook=national(), clock=clock)
    written = "01/02/2022" if dates is DateFormat.BRITISH else "2022-02-01"
    row = f"R-1,cause_of_concern,wmp,{written},clerk,liaison_officer,lead-1,\n"
    (tmp_path / "a.csv").write_text(RECORDS + row, "utf-8")
    note = "R-1,seen,{},clerk,liaison_officer\n"
    notes = [note.format(day) for day in (written, "2022-02-01", "2022-02-02")]
    (tmp_path / "b.csv").write_text("record,note,on,actor,actor_role\n" + "".join(notes), "utf-8")
    assert import_sheets(register, [tmp_path], dates=dates).kept == 4
    assert [event.key[-2:] for event in register.history("R-1") if event.key] == [":1", *_COUNTS]
    assert import_sheets(register, [tmp_path], dates=dates).known == 4


_COUNTS = [":1", ":2", ":1"]


def test_a_row_that_waits_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet of many rows is never held as objects: not as it is read, nor while it waits."""
    many = 4_000
    rows = "".join(f"R-{n},afi,wmp,2022-01-01,a,b,lead-{n},\n" for n in range(many))
    (tmp_path / "a.csv").write_text(RECORDS + rows, "utf-8")
    monkeypatch.setattr(csv_schema, "MAX_SHEET_BYTES", 50 * many)  # room is made for so many
    held = WaitingRows()
    tracemalloc.start()
    try:
        read, _ = open_sheet(tmp_path / "a.csv", {})
        held.add_sheet(read)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(held) == many
    assert peak < 400 * many, peak / many
