"""The verbs that read: records as they stand, their histories, their figures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from importlib import import_module
from typing import Literal

from peelflow.errors import UnknownDocument, UnknownRecord
from peelflow.figures import Figures, tabulate
from peelflow.model.records import Event, Record
from peelflow.model.rules import Counts, Level, Lifecycle, Pin
from peelflow.register.asking import check_date, check_level, check_one_of, check_text
from peelflow.register.desk import Desk
from peelflow.register.keeping import Keeping, check_known
from peelflow.rulebook.book import Rulebook
from peelflow.stores.parts import parts
from peelflow.stores.protocol import Wanted

TOGETHER = 500
"""How many histories are read at once."""


class Reading(Keeping):
    """record, records, history, counts, figures, document, lifecycle."""

    rulebook: Rulebook
    _desk: Desk
    _lifecycles: dict[str, Lifecycle]

    def document(self, digest: str) -> bytes:
        """Return a kept document byte for byte, or raise UnknownDocument."""
        check_text(digest, "the digest")
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
        """Yield the records that match, by id; `counts` is how they count on `ledger`.

        Raises:
            RequestRefused: No rules here or in the store know such a category, level, state or
                ledger, or a way of counting so: nothing could ever match.
            UnknownRecord: No record is called `parent`.
        """
        if category is not None:
            known = self.rulebook.vocabulary.categories
            _check_name(self._desk, "category", category, _categories, more=known)
        if level != "any":
            _check_level(self._desk, level)
        if state is not None:
            _check_name(self._desk, "state", state, lambda rules: rules.states)
        if counts is not None:
            check_ledger(self._desk, ledger)
            check_one_of(counts, ("open", "closed"), "the way of counting")
        if parent is not None:
            self.record(parent)
        wanted = Wanted(force=force, category=category, level=level, state=state, parent=parent)
        return (
            record
            for record in self.store.records(wanted)
            if counts is None or self.counts(record).get(ledger) == counts
        )

    def counts(self, record: Record) -> Mapping[str, Counts]:
        """Return how a record counts, on each ledger its state names."""
        return self.lifecycle(record.lifecycle).states[record.state].counts_as

    def history(self, record: str) -> tuple[Event, ...]:
        """Return everything that happened to a record, in order, or raise UnknownRecord."""
        entries = self.store.history(record)
        if not entries:
            raise UnknownRecord(record)
        return tuple(entry.event for entry in entries)

    def histories(self, records: Iterable[Record]) -> Iterator[tuple[Record, tuple[Event, ...]]]:
        """Yield records in their order, each with everything that happened to it.

        They are read many at a time, so a long list costs few readings of the store.
        """
        for some in parts(records, TOGETHER):
            found = self.store.histories([each.id for each in some])
            for record in some:
                yield record, tuple(entry.event for entry in found.get(record.id, ()))

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
            RequestRefused: The feed has not come to that position, or no state counts on such a
                ledger.
        """
        check_ledger(self._desk, ledger)
        if as_at is not None:
            check_date(as_at, "the figures")
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


def check_ledger(desk: Desk, ledger: str) -> None:
    """Refuse a ledger that no rules here or in the store know.

    Raises:
        RequestRefused: With the one that was meant.
    """
    rows = [row for each in desk.rulebook.vocabulary.categories.values() for row in each.figures]
    named = {row.ledger for row in rows if row.ledger is not None}
    _check_name(desk, "ledger", ledger, _ledgers, more=named)


def _check_level(desk: Desk, level: Level) -> None:
    check_level(level, "the records asked for")
    _check_name(desk, "level", _word(level), lambda rules: map(_word, rules.applies_to.level))


def _word(level: Level) -> str:
    return "none" if level is None else str(level)


def _check_name(
    desk: Desk,
    what: str,
    name: str,
    names_of: Callable[[Lifecycle], Iterable[str]],
    *,
    more: Collection[str] = (),
) -> None:
    """Refuse a name that neither the rulebook's rules nor those kept with a record have."""
    check_text(name, f"the {what}")
    here = desk.rulebook.lifecycles
    if name in more or any(name in names_of(rules) for rules in here):
        return
    kept = [desk.lifecycle_of(Pin(*each)) for each in desk.store.lifecycles()]
    known = {each for rules in (*here, *kept) for each in names_of(rules)}
    check_one_of(name, known.union(more), f"the {what}")


def _categories(rules: Lifecycle) -> Iterable[str]:
    return rules.applies_to.category


def _ledgers(rules: Lifecycle) -> Iterable[str]:
    return {ledger for state in rules.states.values() for ledger in state.counts_as}
