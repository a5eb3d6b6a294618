"""Hold the records of a session in little memory: those that its last events moved as they are.

What a large batch moved long ago is packed as the row that will be written. A record that is
looked at again is unpacked, and then held as it is until an event moves it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from peelflow.stores.base import RecordsInParts, StoredRecord, StoredRow, chunked
from peelflow.stores.codec import record_text
from peelflow.stores.packed import PackedRows
from peelflow.stores.rows import record_of_row, record_row

RECORDS_HELD = 1_024
"""How many of the records that were moved are held as they are."""
PACKED_AT_ONCE = 32
"""How many are packed together: to read one of them, all are unpacked."""


class SessionRecords(dict[str, StoredRecord | None]):
    """Records by id, None where there is none: as they were read, or as events left them."""

    _packed: PackedRows[StoredRow] | None = None
    _parts: dict[str, int]
    _moved: dict[str, None]

    def pack(self, ids: Iterable[str]) -> None:
        """Pack the records that were moved longest ago; `ids` were moved since this was last done.

        Nothing may be taken back of what moved them.
        """
        if self._packed is None:
            self._packed, self._parts, self._moved = PackedRows(StoredRow), {}, {}
        for record in ids:
            self._parts.pop(record, None)
            self._moved.pop(record, None)
            self._moved[record] = None
        oldest = list(self._moved)[: max(0, len(self._moved) - RECORDS_HELD)]
        for names in chunked(oldest, PACKED_AT_ONCE):
            number = self._packed.add([_row_of(kept) for name in names if (kept := self[name])])
            self._parts.update(dict.fromkeys(names, number))
            for name in names:
                del self[name], self._moved[name]

    def __missing__(self, record: str) -> StoredRecord:
        row = next(row for row in self._part_of(record) if row.id == record)
        stored = self[record] = record_of_row(row)
        return stored

    def _part_of(self, record: str) -> Iterator[StoredRow]:
        if self._packed is None:
            raise KeyError(record)
        return self._packed.part(self._parts[record])

    def __contains__(self, record: object) -> bool:
        return dict.__contains__(self, record) or self._is_packed(record)

    def _is_packed(self, record: object) -> bool:
        return self._packed is not None and record in self._parts

    def known(self, record: str) -> StoredRecord | None:
        """Return a record, None too where none of that id was read or put."""
        return self[record] if record in self else None  # noqa: SIM401 - `get` unpacks nothing

    def rows(self, ids: Iterable[str], moved: Collection[str]) -> Iterator[StoredRow]:
        """Yield the rows of records that were moved.

        Args:
            ids: Which ones.
            moved: Those of them that were moved since `pack`.
        """
        number, part = -1, dict[str, StoredRow]()
        for record in ids:
            if record in moved or not self._is_packed(record):
                yield from map(_row_of, filter(None, [self[record]]))
                continue
            if self._parts[record] != number:
                number = self._parts[record]
                part = {row.id: row for row in self._part_of(record)}
            yield part[record]


class MovedRecords(RecordsInParts):
    """The records that a session moved, in the order in which it first did.

    Args:
        records: The records of the session.
        ids: The ids of those that it moved.
        moved: The ids of those that were moved since they were packed.
    """

    def __init__(
        self, records: SessionRecords, ids: Collection[str], moved: Collection[str]
    ) -> None:
        self._records, self._ids, self._moved = records, ids, moved

    def rows(self) -> Iterator[StoredRow]:
        """Yield the row of each record."""
        return self._records.rows(self._ids, self._moved)

    def among(self, ids: Collection[str]) -> Iterator[StoredRecord]:
        """Yield the records of some ids."""
        return (kept for record in self._ids if record in ids and (kept := self._records[record]))

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[StoredRecord]:
        return map(record_of_row, self.rows())


def _row_of(kept: StoredRecord) -> StoredRow:
    return record_row(kept, record_text(kept.record))
