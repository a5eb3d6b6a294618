"""Records read or written lately: the same text is not decoded twice."""

from __future__ import annotations

from peelflow.model.records import Record
from peelflow.stores.codec import record_from
from peelflow.stores.protocol import Kept

KEPT = 512


class Recent:
    """The last records by id, each with its head and the very text it was written as.

    A record is only taken from here when the store gives that text again, so another process's
    write, or a change to the file, is always seen. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Kept]] = {}

    def put(self, text: str, kept: Kept) -> None:
        """Remember what `text` says; the one put longest ago is forgotten."""
        name = kept.record.id
        self._known.pop(name, None)
        self._known[name] = text, kept
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def kept(self, name: str, head: str, text: str) -> Kept:
        """Return the record that `text` tells with its head, and remember it.

        Raises:
            ValueError: The text is no record of a format known here.
        """
        known = self._known.get(name)
        if known is not None and known[0] == text and known[1].head == head:
            return known[1]
        kept = Kept(self.decoded(name, text), head)
        self.put(text, kept)
        return kept

    def decoded(self, name: str, text: str) -> Record:
        """Return the record that `text` tells, without remembering it: a listing may be long.

        Raises:
            ValueError: The text is no record of a format known here.
        """
        known = self._known.get(name)
        return known[1].record if known is not None and known[0] == text else record_from(text)
