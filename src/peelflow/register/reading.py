"""The verbs that read: records as they stand, their histories, their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from typing import Literal

from peelflow.errors import UnknownDocument, UnknownRecord
from peelflow.figures import Figures, tabulate
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts, Level, Lifecycle, Pin
from peelflow.register.keeping import Keeping, check_known
from peelflow.rulebook.book import Rulebook
from peelflow.stores.protocol import Wanted


class Reading(Keeping):
    """record, records, history, counts, figures, document, lifecycle."""

    rulebook: Rulebook
    _lifecycles: dict[str, Lifecycle]

    def document(self, digest: str) -> bytes:
        """Return a kept document byte for byte, or raise UnknownDocument."""
        content = self.documents.document(digest)
        if content is None:
            raise UnknownDocument(digest)
        return content

    def record(self, record: str) -> Record:
        """Return a record as it stands, or raise UnknownRecord."""
        kept = self.store.read((record,)).get(record)
        if kept is None:
            raise UnknownRecord(record)
        return kept.record

    def records(
        self,
        *,
        force: str | None = None,
        category: str | None = None,
        level: Level | Literal["any"] = "any",
        state: str | None = None,
        parent: str | None = None,
        counts: Counts | None = None,
        ledger: str = "portal",
    ) -> Iterator[Record]:
        """Yield the records that match, by id; `counts` is how they count on `ledger`."""
        wanted = Wanted(force=force, category=category, level=level, state=state, parent=parent)
        for record in self.store.records(wanted):
            if counts is None or self.counts(record).get(ledger) == counts:
                yield record

    def counts(self, record: Record) -> Mapping[str, Counts]:
        """Return how a record counts, on each ledger its state names."""
        return self.lifecycle(record.lifecycle).states[record.state].counts_as

    def history(self, record: str) -> tuple[Event, ...]:
        """Return everything that happened to a record, in order, or raise UnknownRecord."""
        entries = self.store.history(record)
        if not entries:
            raise UnknownRecord(record)
        return tuple(entry.event for entry in entries)

    def figures(
        self,
        *,
        as_at: date | None = None,
        force: str | None = None,
        ledger: str = "portal",
        known: int | None = None,
    ) -> Figures:
        """Return the figures as at a day, that day included (None: everything recorded).

        Args:
            as_at: The last day whose events count.
            force: Only this force's records.
            ledger: The ledger to count on.
            known: As known when the feed ended at this position: what was recorded or corrected
                later does not count. `position()` is the last one.

        Raises:
            RequestRefused: The feed has not come to that position.
        """
        check_known(self, known)
        totals = self.store.totals(as_at=as_at, force=force, known=known)
        categories = self.rulebook.vocabulary.categories
        return tabulate(totals, categories, ledger=ledger, as_at=as_at, known=known)

    def lifecycle(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those the store kept."""
        found = self._lifecycles.get(pin.digest)
        if found is None:
            found = self.rulebook.by_pin(pin.digest) or _restored(
                self.store.lifecycles()[pin.name, pin.version, pin.digest]
            )
            self._lifecycles[pin.digest] = found
        return found


def _restored(text: str) -> Lifecycle:
    # Only a record under rules whose file is gone needs them: a start does without the reader.
    restoring = import_module("peelflow.rulebook.restoring")
    found: Lifecycle = restoring.restore(text)
    return found
