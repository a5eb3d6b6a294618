"""Records read or written lately: the same text is not decoded twice."""

from __future__ import annotations

from peelflow.model.records import Record
from peelflow.stores.codec import record_from

KEPT = 512


class Recent:
    """The last records by id, each with the very text it was written as.

    A record is only taken from here when the store gives that text again, so another process's
    write, or a change to the file, is always seen. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._records: dict[str, tuple[str, Record]] = {}

    def put(self, text: str, record: Record) -> None:
        """Remember what `text` says; the one put longest ago is forgotten."""
        self._records.pop(record.id, None)
        self._records[record.id] = text, record
        if len(self._records) > KEPT:
            del self._records[next(iter(self._records))]

    def record(self, name: str, text: str) -> Record:
        """Return the record that `text` tells, and remember it.

        Raises:
            ValueError: The text is no record of a format known here.
        """
        record = self.decoded(name, text)
        self.put(text, record)
        return record

    def decoded(self, name: str, text: str) -> Record:
        """Return the record that `text` tells, without remembering it: a listing may be long.

        Raises:
            ValueError: The text is no record of a format known here.
        """
        known = self._records.get(name)
        return known[1] if known is not None and known[0] == text else record_from(text)
