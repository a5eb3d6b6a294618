"""Importing many rows: few readings, little held, and still all of them or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from peelflow import national
from peelflow.register import csv_import
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.stores.base import StoredEvent, StoredRecord
from peelflow.stores.memory import MemoryStore
from tests.builders.force import clock

HEADER = "record,category,level,force,issued,actor,actor_role,owner\n"
MANY = 40


def write_records(folder: Path, ids: list[str]) -> Path:
    """Write a sheet that adds a record of each id."""
    sheet = folder / "records.csv"
    rows = [f"{name},afi,2,wmp,2022-01-01,clerk,liaison_officer,lead-1\n" for name in ids]
    sheet.write_text(HEADER + "".join(rows), "utf-8")
    return sheet


class CountingStore(MemoryStore):
    """A store that counts how often it is asked for records, and for an event by its key."""

    reads = 0
    keys_asked = 0

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Count one reading."""
        self.reads += 1
        return super().read(ids, force=force)

    def event_with_key(self, record: str, key: str) -> StoredEvent | None:
        """Count one key."""
        self.keys_asked += 1
        return super().event_with_key(record, key)


def test_records_of_many_rows_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reading serves many rows, and no key is asked of a record that is not there."""
    monkeypatch.setattr(csv_import, "ROWS_READ_AHEAD", 16)
    sheet = write_records(tmp_path, [f"R{number}" for number in range(MANY)])
    store = CountingStore()
    done = import_sheets(Register(store, rulebook=national(), clock=clock), [sheet])
    assert (done.kept, store.reads, store.keys_asked) == (MANY, 3, 0)
    again = import_sheets(Register(store, rulebook=national(), clock=clock), [sheet])
    assert (again.known, store.keys_asked) == (MANY, MANY)


def test_an_id_that_cannot_be_printed_is_told_in_its_row(tmp_path: Path) -> None:
    """No store is asked for it with the others, so that the others are told as well."""
    sheet = write_records(tmp_path, ["R1", "R\0", "R2"])
    done = import_sheets(Register(MemoryStore(), rulebook=national(), clock=clock), [sheet])
    assert [(fault.span.line, fault.code) for fault in done.faults] == [(3, "row-refused")]
