"""A reader answers what is asked of a register: its records, their events, deadlines and figures.

It loads nothing that writes: a list would wait for that at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from os import PathLike
from typing import TYPE_CHECKING, Literal, Self

from attrs import evolve

from peelflow.errors import UnknownDocument, UnknownRecord
from peelflow.figures import Figures
from peelflow.model.records import Event, FieldValue, Record
from peelflow.model.rules import Counts, Level, Lifecycle, Pin
from peelflow.register.as_at import each_history, figures_of
from peelflow.register.deadlines import Deadline, deadline_of, state_deadline
from peelflow.register.kept_rules import with_kept_words
from peelflow.register.query_checks import (
    check_known_category,
    check_known_force,
    check_known_level,
    check_known_name,
    check_ledger,
    check_position,
)
from peelflow.register.services import ReadServices
from peelflow.register.validation import check_one_of, check_text
from peelflow.results import short_repr
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import DocumentStore, FeedItem, RecordQuery, Store, check_history
from peelflow.stores.opening import documents_of, open_store, scope_store

if TYPE_CHECKING:
    from peelflow.stores.seals import Heads, Seal

FEED_CHUNK = 500
"""How many histories are read at once."""


@contextmanager
def opened_store(url: str) -> Iterator[Store]:
    """Give the store at a URL; it is closed where the block fails, and left open where not.

    Args:
        url: As `Register.open` takes it.
    """
    store = open_store(url)
    try:
        yield store
    except BaseException:
        store.close()
        raise


class Reader:
    """What a register is asked, of a store under a rulebook: nothing here writes.

    A `Register` is one too. Safe to use from several threads.
    """

    def __init__(
        self,
        store: Store,
        *,
        rulebook: Rulebook,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
    ) -> None:
        """Put a rulebook before an open store.

        Args:
            store: An open store.
            rulebook: The rules.
            documents: The folder that documents are kept in; the store keeps them if left out.
            force: The only force whose records are shown; every force's if left out.

        Raises:
            InvalidRequest: The documents' folder cannot be made, or an argument cannot be meant.
        """
        self.store: Store = scope_store(force, store, rulebook.vocabulary.categories)
        self.documents: DocumentStore = documents_of(self.store, documents)
        self.rulebook: Rulebook = with_kept_words(self.store, rulebook)
        self.services: ReadServices = ReadServices(
            store=self.store, documents=self.documents, rulebook=self.rulebook, force=force
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        rulebook: Rulebook | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
    ) -> Self:
        """Open the store at `url` under a rulebook, to read it.

        `url` and `rulebook` are as `Register.open` takes them; `documents` and `force` are those of
        the class.
        """
        with opened_store(url) as store:
            rules = rulebook or national()
            return cls(store, rulebook=rules, documents=documents, force=force)

    def __repr__(self) -> str:
        return short_repr(type(self).__name__, store=self.store.url, rulebook=self.rulebook)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def lifecycle(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those the store kept.

        Args:
            pin: As a record has it in `lifecycle`.
        """
        return self.services.lifecycle_of(pin)

    def document(self, digest: str) -> bytes:
        """Return a kept document byte for byte.

        Args:
            digest: The SHA-256 of its content, in hexadecimal.

        Raises:
            UnknownDocument: No document has this digest.
        """
        check_text(digest, "the digest")
        content = self.documents.document(digest)
        if content is None:
            raise UnknownDocument(digest)
        return content

    def record(self, record: str) -> Record:
        """Return a record as it stands.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        kept = self.store.read((record,)).get(record)
        if kept is None:
            raise UnknownRecord(record)
        return kept.record

    def fields(self, record: str) -> dict[str, FieldValue]:
        """Return a record's fields with each day as a `date`.

        `Record.fields` keeps texts, for digests and verdicts; only the rulebook knows the days.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        known = self.record(record)
        category = self.rulebook.vocabulary.categories.get(known.category)
        return dict(known.fields) if category is None else known.field_values(category)

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
        withdrawn: bool = False,
    ) -> Iterator[Record]:
        """Yield the records that match, by id; what is left out matches any.

        Args:
            force: The force they were issued to, or are joint with.
            category: A category of the rulebook.
            level: 1 to 4, or None for records without a level.
            state: A state's name.
            parent: The id of the record that they lie below.
            counts: How they count on `ledger`: `open` or `closed`.
            ledger: The ledger to count on.
            withdrawn: Whether those that were withdrawn are among them.

        Raises:
            InvalidRequest: Nothing could ever match: no record is of such a force, or no rules here
                or in the store know such a category, level, state, ledger or way of counting.
            UnknownRecord: No record is called `parent`.
        """
        check_known_force(self.services, force)
        if category is not None:
            check_known_category(self.services, category)
        if level != "any":
            check_known_level(self.services, level)
        if state is not None:
            check_known_name(self.services, "state", state, lambda rules: rules.states)
        if counts is not None:
            check_ledger(self.services, ledger)
            check_one_of(counts, ("open", "closed"), "the way of counting")
        if parent is not None:
            self.record(parent)
        query = RecordQuery(force, category, level, state, parent, withdrawn=withdrawn)
        records = self.store.records(query)
        own = (record for record in records if record.is_of(force, self.services.force))
        if counts is None:
            return own
        return (record for record in own if self.counts(record).get(ledger) == counts)

    def counts(self, record: Record) -> Mapping[str, Counts]:
        """Return how a record counts, on each ledger its state names.

        Args:
            record: A record, not its id. One that is withdrawn counts nowhere.
        """
        states = self.lifecycle(record.lifecycle).states
        return {} if record.withdrawn else states[record.state].counts_as

    def history(self, record: str) -> tuple[Event, ...]:
        """Return everything that happened to a record, in order.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        entries = self.store.history(record)
        if not entries:
            raise UnknownRecord(record)
        return tuple(entry.event for entry in entries)

    def histories(self, records: Iterable[Record]) -> Iterator[tuple[Record, tuple[Event, ...]]]:
        """Yield records in their order, each with everything that happened to it.

        They are read many at a time, so a long list costs few readings of the store.

        Args:
            records: Records, not their ids.
        """
        return each_history(self.store, records)

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
            InvalidRequest: The feed has not come to that position, no record is of such a force,
                or no state counts on such a ledger.
        """
        return figures_of(self.services, ledger, force=force, as_at=as_at, known=known)

    def deadline(self, record: str) -> Deadline:
        """Return a record's deadline: the original day, every revised one, and the current.

        Args:
            record: Its id.

        Raises:
            UnknownRecord: No record has this id.
        """
        check_text(record, "the record's id")
        known = self.record(record)
        history = [entry.event for entry in self.store.history(record)]
        if known.is_of(self.services.force):
            check_history(self.store.url, record, len(history), known.number)
        deadline = deadline_of(history, self.rulebook.vocabulary.categories)
        return evolve(deadline, state=state_deadline(self.lifecycle(known.lifecycle), known))

    def feed(self, *, after: int = 0) -> Iterator[FeedItem]:
        """Yield every event behind a position, in the one order of the feed, up to the last kept.

        Ask again with the last position seen for what came since.

        Args:
            after: A position, counted from 1; 0 begins at the first event.

        Raises:
            InvalidRequest: It is no position.
        """
        check_position(after)
        while placed := self.store.feed(after, FEED_CHUNK):
            after = placed[-1].position
            yield from placed

    def position(self) -> int:
        """Return the position of the last event kept, 0 where there is none."""
        return self.store.position()

    def seal(self) -> tuple[Seal, Heads]:
        """Return the seal of everything kept until now, and every record's head; it judges no act.

        Raises:
            Unverified: Something does not fit: a seal would hide it.
        """
        from peelflow.register.archive import seal_register

        return seal_register(self.store, self.documents)

    def export(self) -> Iterator[str]:
        """Yield the register as lines of JSON, without line ends, in one reading.

        Raises:
            Unverified: An event cannot be read, or names a document that is not kept.
        """
        from peelflow.register.archive import export_register

        return export_register(self.store, self.documents)
