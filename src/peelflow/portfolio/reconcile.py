"""Compare the register with a list from the portal; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attrs import frozen

from peelflow.errors import Diagnostic
from peelflow.model.records import Record
from peelflow.model.rules import Level
from peelflow.register.csv_schema import (
    BadCell,
    SheetKind,
    SheetRow,
    level_cell,
    read_sheet,
    required_cell,
)
from peelflow.register.register import Register
from peelflow.register.validation import check_ledger
from peelflow.results import Result

PORTAL_SHEET = SheetKind("portal records", "counts", ("record", "level", "counts"), fields=True)
_COUNTS = ("open", "closed")
DifferenceKind = Literal["missing", "extra", "level", "counts"]


@frozen
class PortalRecord:
    """A record as the portal lists it."""

    record: str
    level: Level
    counts: str
    row: SheetRow


@frozen
class Difference(Result):
    """Where the register and the list differ.

    Attributes:
        record: The record's id.
        kind: `missing`: the register has no such record that counts on the ledger; `extra`: the
            list has none; `level` and `counts`: both have it, and say otherwise.
        register: What the register says; None where it has no such record.
        portal: What the list says; None where it has no such record.
    """

    record: str
    kind: DifferenceKind
    register: str | None
    portal: str | None


@frozen
class ReconcileResult(Result):
    """What was found: every difference, by record; or the list's faults, and then no difference."""

    listed: int
    differences: tuple[Difference, ...]
    faults: tuple[Diagnostic, ...]


def reconcile(
    register: Register, path: str | Path, *, ledger: str = "portal", force: str | None = None
) -> ReconcileResult:
    """Compare the register with a CSV list: columns `record`, `level`, `counts`, others ignored.

    Only records that count on the ledger are compared. A list with faults is not compared at all:
    what it says of its other records may be as wrong.

    Args:
        register: The register; nothing is written.
        path: The list, in UTF-8, with a header.
        ledger: The ledger that the list is of.
        force: Only this force's records are expected in the list.

    Raises:
        InvalidRequest: No state counts on such a ledger.
    """
    check_ledger(register.services, ledger)
    rows, faults = read_sheet(Path(path), {}, kinds=(PORTAL_SHEET,))
    listed: dict[str, PortalRecord] = {}
    found = list(faults)
    for row in rows:
        one = row if isinstance(row, Diagnostic) else _portal_record(row, listed)
        if isinstance(one, Diagnostic):
            found.append(one)
        else:
            listed[one.record] = one
    if found:
        return ReconcileResult(len(listed), (), tuple(sorted(found)))
    kept = {
        record.id: record
        for record in register.records(force=force)
        if ledger in register.counts(record)
    }
    return ReconcileResult(
        len(listed),
        tuple(
            difference
            for name in sorted(kept.keys() | listed.keys())
            for difference in _differences(
                name,
                _register_entry(register, kept.get(name), ledger),
                _portal_entry(listed.get(name)),
            )
        ),
        (),
    )


def _portal_record(row: SheetRow, before: dict[str, PortalRecord]) -> PortalRecord | Diagnostic:
    """Return what a row says, or what is wrong with it."""
    try:
        one = PortalRecord(required_cell(row, "record"), level_cell(row), _counts_cell(row), row)
    except BadCell as bad:
        return row.diagnostic(bad.column, "sheet-value", bad.sentence, bad.instead)
    first = before.get(one.record)
    if first is not None:
        sentence = f"`{one.record}` stands on line {first.row.span.line} already"
        return row.diagnostic("record", "sheet-value", sentence, "keep one of the two rows")
    return one


def _counts_cell(row: SheetRow) -> str:
    text = required_cell(row, "counts").lower()
    if text not in _COUNTS:
        sentence = f"`counts` is {text!r}, which is no count"
        raise BadCell("counts", sentence, "write open or closed")
    return text


def _register_entry(
    register: Register, record: Record | None, ledger: str
) -> tuple[str, str] | None:
    return (_level_text(record.level), str(register.counts(record)[ledger])) if record else None


def _portal_entry(listed: PortalRecord | None) -> tuple[str, str] | None:
    return (_level_text(listed.level), listed.counts) if listed else None


def _differences(
    name: str, ours: tuple[str, str] | None, theirs: tuple[str, str] | None
) -> Iterator[Difference]:
    if ours is None or theirs is None:
        kind: DifferenceKind = "missing" if ours is None else "extra"
        yield Difference(name, kind, _entry_text(ours), _entry_text(theirs))
        return
    kinds: tuple[DifferenceKind, DifferenceKind] = ("level", "counts")
    for kind, here, there in zip(kinds, ours, theirs, strict=True):
        if here != there:
            yield Difference(name, kind, here, there)


def _entry_text(said: tuple[str, str] | None) -> str | None:
    return f"level {said[0]}, {said[1]}" if said else None


def _level_text(level: Level) -> str:
    return str(level or "none")
