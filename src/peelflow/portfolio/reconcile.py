"""Compare the register with a list from the portal; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from peelflow.errors import Diagnostic
from peelflow.model.rules import Level
from peelflow.register.csv_schema import BadCell, SheetRow, level_cell, read_sheet, required_cell
from peelflow.register.query_checks import check_ledger
from peelflow.register.reader import Reader
from peelflow.register.sheet_kinds import SheetKind
from peelflow.results import Result, frozen

PORTAL_SHEET = SheetKind("portal records", "counts", ("record", "level", "counts"), fields=True)
_COUNTS = ("open", "closed")
DifferenceKind = Literal["missing", "extra", "level", "counts"]
LedgerEntry = tuple[Level, str]
"""A record's level, and how it counts on a ledger."""


@frozen
class PortalRecord:
    """A record as the portal lists it."""

    record: str
    entry: LedgerEntry
    row: SheetRow


@frozen
class Difference(Result):
    """Where the register and the list differ.

    Attributes:
        record: The record's id.
        kind: `missing`: the register has no such record that counts on the ledger; `extra`: the
            list has none; `level` and `counts`: both have it, and say otherwise.
        register: Its level and how it counts in the register; None where that has no such record.
        portal: Its level and how it counts in the list; None where that has no such record.
    """

    record: str
    kind: DifferenceKind
    register: LedgerEntry | None
    portal: LedgerEntry | None


@frozen
class ReconcileResult(Result):
    """What was found: every difference, by record; or the list's faults, and then no difference."""

    listed: int
    differences: tuple[Difference, ...]
    faults: tuple[Diagnostic, ...]


def reconcile(
    register: Reader, path: str | Path, *, ledger: str = "portal", force: str | None = None
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
    bad_rows = list(faults)
    for row in rows:
        read = row if isinstance(row, Diagnostic) else _portal_record(row, listed)
        if isinstance(read, Diagnostic):
            bad_rows.append(read)
        else:
            listed[read.record] = read
    if bad_rows:
        return ReconcileResult(len(listed), (), tuple(sorted(bad_rows)))
    theirs = {name: record.entry for name, record in listed.items()}
    ours: dict[str, LedgerEntry] = {
        record.id: (record.level, counts[ledger])
        for record in register.records(force=force)
        if ledger in (counts := register.counts(record))
    }
    differences = [
        Difference(name, kind, ours.get(name), theirs.get(name))
        for name in sorted(ours.keys() | theirs.keys())
        for kind in _differences(ours.get(name), theirs.get(name))
    ]
    return ReconcileResult(len(listed), tuple(differences), ())


def _portal_record(row: SheetRow, before: dict[str, PortalRecord]) -> PortalRecord | Diagnostic:
    """Return what a row says, or what is wrong with it."""
    try:
        record = required_cell(row, "record")
        entry = (level_cell(row), _counts_cell(row))
    except BadCell as bad:
        return row.diagnostic(bad.column, "sheet-value", bad.sentence, bad.instead)
    first = before.get(record)
    if first is not None:
        sentence = f"`{record}` stands on line {first.row.span.line} already"
        return row.diagnostic("record", "sheet-value", sentence, "keep one of the two rows")
    return PortalRecord(record, entry, row)


def _counts_cell(row: SheetRow) -> str:
    text = required_cell(row, "counts").lower()
    if text not in _COUNTS:
        sentence = f"`counts` is {text!r}, which is no count"
        raise BadCell("counts", sentence, "write open or closed")
    return text


def _differences(ours: LedgerEntry | None, theirs: LedgerEntry | None) -> Iterator[DifferenceKind]:
    if ours is None or theirs is None:
        yield "missing" if ours is None else "extra"
        return
    if ours[0] != theirs[0]:
        yield "level"
    if ours[1] != theirs[1]:
        yield "counts"
