"""Hold the events of a session in little memory: packed in parts, and read when asked for.

A large batch is kept whole or not at all, so all of it waits until its end. Packed, an event takes
a tenth of its room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import chain

from peelflow.model.records import Corrected, Event
from peelflow.stores.base import (
    ChangeRow,
    EventNumber,
    EventRow,
    EventsInParts,
    StoredEvent,
)
from peelflow.stores.packed import PART, PackedRows, SeenKeys
from peelflow.stores.rows import change_rows, event_of_row, event_row, says_forces


class SessionEvents(EventsInParts):
    """The events of a session in order: the last as they are, those before them packed.

    What is packed is there to stay; only the last ones are forgotten when a step is refused.
    """

    def __init__(self) -> None:
        self._last: list[StoredEvent] = []
        self._packed: PackedRows[EventRow] = PackedRows(EventRow)
        self._packed_changes: PackedRows[ChangeRow] = PackedRows(ChangeRow)
        self._parts_of: dict[str, tuple[int, ...]] = {}
        self._several: set[str] = set()
        self._named_forces: dict[str, None] = {}
        self._packed_keys: SeenKeys | None = None  # a new key is told without unpacking anything
        self._has_corrected = False

    def append(self, entry: StoredEvent) -> None:
        """Take an event."""
        self._last.append(entry)

    def forget(self, count: int) -> list[StoredEvent]:
        """Forget the events behind the first `count`, and return them."""
        place = count - len(self._packed)
        forgotten = self._last[place:]
        del self._last[place:]
        return forgotten

    def pack(self) -> list[StoredEvent]:
        """Pack the last events, and return what they were."""
        entries = self._last
        self._has_corrected = self.has_corrected
        named = (entry.event for entry in entries)
        self._named_forces |= dict.fromkeys(e.record for e in named if says_forces(e))
        self._packed_keys = self._packed_keys or SeenKeys()
        for entry in entries:
            if entry.event.key is not None:
                self._packed_keys.add((entry.event.record, entry.event.key))
        self._packed_changes.add([row for e in entries for row in change_rows(e.event)])
        # INVARIANT: whoever is stopped from here on holds events twice, which no store keeps.
        number = self._packed.add(list(map(event_row, entries)))
        shared = (number,)  # one value for all whose events are in this part alone
        for record, count in Counter(entry.event.record for entry in entries).items():
            before = self._parts_of.get(record)
            self._parts_of[record] = (*before, number) if before else shared
            if before or count > 1:
                self._several.add(record)
        self._last = []
        return entries

    @property
    def may_pack(self) -> bool:
        """Whether there are enough events that are not packed yet."""
        return len(self._last) >= PART

    @property
    def is_packed(self) -> bool:
        """Whether some of the events are packed."""
        return len(self._packed) > 0

    @property
    def has_corrected(self) -> bool:
        """Whether one of the events corrects another."""
        return self._has_corrected or any(map(_is_corrected, self._last))

    def records(self) -> Collection[str]:
        """Return the ids of the records that the events are of, in order."""
        new = (record for record in self.last_records() if record not in self._parts_of)
        return [*self._parts_of, *new]

    def last_records(self) -> dict[str, None]:
        """Return the ids of the records that the events are of which are not packed."""
        return dict.fromkeys([entry.event.record for entry in self._last])

    def of_record(self, record: str) -> list[Event]:
        """Return the events of one record, in order."""
        last = [entry.event for entry in self._last if entry.event.record == record]
        rows = self._rows_of(record)
        return (
            [*(event_of_row(row).event for row in rows), *last]
            if record in self._parts_of
            else last
        )

    def packed_under(self, record: str, key: str) -> Event | None:
        """Return the packed event of a record under a key."""
        if self._packed_keys is None or not self._packed_keys.may_be_known((record, key)):
            return None
        return next(
            (event_of_row(row).event for row in self._rows_of(record) if row.key == key), None
        )

    def _rows_of(self, record: str) -> Iterator[EventRow]:
        for number in self._parts_of.get(record, ()):
            rows = self._packed.part(number)
            yield from (row for row in rows if row.record == record)

    def repeated_records(self) -> Collection[str]:
        """Return the ids of the records that more than one of the events is of."""
        last = Counter(entry.event.record for entry in self._last)
        again = {name for name, count in last.items() if count > 1 or name in self._parts_of}
        return self._several | again if again else self._several

    def numbers(self) -> Iterator[EventNumber]:
        """Yield the record, number and key of each event."""
        packed = (EventNumber(row.record, row.number, row.key) for row in self._packed)
        last = (entry.event for entry in self._last)
        return chain(packed, (EventNumber(event.record, event.number, event.key) for event in last))

    def event_rows(self) -> Iterator[EventRow]:
        """Yield the row of each event."""
        return chain(self._packed, map(event_row, self._last))

    def change_rows(self) -> Iterator[ChangeRow]:
        """Yield the rows of the changes of each event."""
        return chain(self._packed_changes, *(change_rows(entry.event) for entry in self._last))

    def saying_forces(self) -> Collection[str]:
        """Return the records of which an event says the forces."""
        last = (entry.event.record for entry in self._last if says_forces(entry.event))
        return {*self._named_forces, *last}

    def __len__(self) -> int:
        return len(self._packed) + len(self._last)

    def __iter__(self) -> Iterator[StoredEvent]:
        return chain(map(event_of_row, self._packed), self._last)


def _is_corrected(entry: StoredEvent) -> bool:
    return isinstance(entry.event.what, Corrected)
