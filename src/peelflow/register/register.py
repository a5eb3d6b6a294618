"""A register puts a rulebook before a store: the public entry to every verb."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, UnknownDocument, UnknownRecord
from peelflow.figures import Figures, tabulate
from peelflow.model.decisions import Act, Predicate, Refusal, Refused
from peelflow.model.records import Actor, Document, Event, FieldValue, Record
from peelflow.model.rules import Counts, Level, Lifecycle, MigrationPlan, Pin
from peelflow.register.commands import Verbs
from peelflow.register.context import Services
from peelflow.register.session import Autocommit, Session
from peelflow.register.timers import Deadlines
from peelflow.register.validation import (
    _categories_of,
    check_actor,
    check_callable,
    check_date,
    check_known_level,
    check_known_name,
    check_ledger,
    check_one_of,
    check_text,
    check_type,
    describe_document,
)
from peelflow.results import short_repr
from peelflow.rulebook.canonical import canonical_text
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import DocumentStore, FeedItem, RecordQuery, Snapshot, Store, chunked
from peelflow.stores.opening import open_documents, open_store, scope_store, store_or_joined

if TYPE_CHECKING:
    from peelflow.model.decisions import Route
    from peelflow.register.migrations import MigrationImpact, MigrationResult
    from peelflow.stores.documents import RegisterDocuments
    from peelflow.stores.integrity import Discrepancy, Heads, Seal


FEED_CHUNK = 500
LAST_POSITION = 2**63 - 1  # what a database counts to


class Keeping:
    """feed, seal, verify, export, restore."""

    store: Store
    documents: DocumentStore

    def feed(self, *, after: int = 0) -> Iterator[FeedItem]:
        """Yield every event behind a position, in the one order of the feed, up to the last kept.

        Ask again with the last position seen for what came since.

        Args:
            after: A position, counted from 1; 0 begins at the first event.

        Raises:
            InvalidRequest: It is no position.
        """
        _check_position(after)
        while placed := self.store.feed(after, FEED_CHUNK):
            after = placed[-1].position
            yield from placed

    def position(self) -> int:
        """Return the position of the last event kept, 0 where there is none."""
        return self.store.position()

    def seal(self) -> tuple[Seal, Heads]:
        """Return the seal of everything kept until now, and every record's head beside it."""
        from peelflow.stores.integrity import seal_feed

        self.store.position()  # gives every event that has none its position
        with self.store.snapshot() as kept:
            return seal_feed(kept.feed())

    def verify(
        self, *, sealed: Seal | None = None, heads: Heads | None = None
    ) -> tuple[Discrepancy, ...]:
        """Return everything that does not fit (S10); nothing when all is as it was written.

        Without a seal, changes that do not make the chain anew are found; with one, every change
        and removal before it.

        Raises:
            InvalidRequest: The heads are not those of the seal.
        """
        from peelflow.stores.integrity import seal_discrepancies, verify_snapshot

        self.store.position()
        with self.store.snapshot() as kept:
            found = list(verify_snapshot(kept, self._shelf(kept).documents()))
            if sealed is not None:
                found += seal_discrepancies(kept.feed(), sealed, heads)
        return tuple(found)

    def export(self) -> Iterator[str]:
        """Yield the register as lines of JSON, without line ends, in one reading."""
        from peelflow.stores.export import export_lines

        self.store.position()
        with self.store.snapshot() as kept:
            yield from export_lines(kept, self._shelf(kept).documents())

    def restore(self, path: str | Path, *, seen: Callable[[int], None] = lambda _: None) -> int:
        """Take in an export file, and return how many events were new.

        The file is checked whole before anything is kept. What was cut off goes on where it
        stopped.

        Args:
            path: The file that `export` was written to.
            seen: Told now and then how many events are kept by now.

        Raises:
            InvalidRequest: The file cannot be read, is no export or does not verify, or this
                register holds other events.
            Conflict: Somebody else writes to the register meanwhile.
        """
        from peelflow.stores.export import restore_export, verify_export

        file = Path(path)
        with opened_lines(file) as lines:
            for finding in verify_export(lines):
                raise InvalidRequest(f"the export {file}", str(finding), "export it again")
        with opened_lines(file) as lines:
            return restore_export(self.store, lines, keep=self.documents.keep_document, seen=seen)

    def _shelf(self, kept: Snapshot) -> RegisterDocuments:
        from peelflow.stores.documents import DocumentFolder, RegisterDocuments

        folder = self.documents
        return RegisterDocuments(kept, folder if isinstance(folder, DocumentFolder) else None)


def check_position_reached(register: Keeping, known: int | None) -> None:
    """Refuse a position that the feed has not come to."""
    if known is None:
        return
    _check_position(known)
    if known > (last := register.position()):
        why = f"lies beyond the last event, at {last}"
        raise InvalidRequest(f"the position {known}", why, "give one that was printed")


def _check_position(position: int) -> None:
    if type(position) is not int or not 0 <= position <= LAST_POSITION:
        what, instead = f"the position {position!r}", "give a whole number, 0 or more"
        raise InvalidRequest(what, "is no position", instead)


@contextmanager
def opened_lines(path: Path) -> Iterator[Iterable[str]]:
    """Open a file of JSON lines.

    Raises:
        InvalidRequest: It is no regular file, cannot be read, or is no UTF-8.
    """
    try:
        if not path.is_file():
            why = "is no file that can be read"
            raise InvalidRequest(f"the file {path}", why, "check the path and its permissions")
        with path.open(encoding="utf-8", newline="\n") as stream:
            yield stream
    except UnicodeDecodeError:
        raise InvalidRequest(f"the file {path}", "is no UTF-8 text", "export it again") from None
    except OSError as fault:
        why = f"cannot be read: {fault.strerror}"
        instead = "check the path and its permissions"
        raise InvalidRequest(f"the file {path}", why, instead) from None


HISTORIES_AT_ONCE = 500
"""How many histories are read at once."""


class Reading(Keeping):
    """record, records, history, counts, figures, document, lifecycle."""

    rulebook: Rulebook
    _desk: Services
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

    def fields(self, record: str) -> dict[str, FieldValue]:
        """Return a record's fields with each day as a `date`, or raise UnknownRecord.

        `Record.fields` keeps the texts that are stored: digests, verdicts and stores read those,
        and only the rulebook says which of them are days.
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
    ) -> Iterator[Record]:
        """Yield the records that match, by id; `counts` is how they count on `ledger`.

        Raises:
            InvalidRequest: No rules here or in the store know such a category, level, state or
                ledger, or a way of counting so: nothing could ever match.
            UnknownRecord: No record is called `parent`.
        """
        if category is not None:
            known = self.rulebook.vocabulary.categories
            check_known_name(self._desk, "category", category, _categories_of, more=known)
        if level != "any":
            check_known_level(self._desk, level)
        if state is not None:
            check_known_name(self._desk, "state", state, lambda rules: rules.states)
        if counts is not None:
            check_ledger(self._desk, ledger)
            check_one_of(counts, ("open", "closed"), "the way of counting")
        if parent is not None:
            self.record(parent)
        wanted = RecordQuery(
            force=force, category=category, level=level, state=state, parent=parent
        )
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
        for some in chunked(records, HISTORIES_AT_ONCE):
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
            InvalidRequest: The feed has not come to that position, or no state counts on such a
                ledger.
        """
        check_ledger(self._desk, ledger)
        if as_at is not None:
            check_date(as_at, "the figures")
        check_position_reached(self, known)
        totals = self.store.totals(as_at=as_at, force=force, known=known)
        categories = self.rulebook.vocabulary.categories
        return tabulate(totals, categories, ledger=ledger, as_at=as_at, known=known)

    def lifecycle(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those the store kept."""
        found = self._lifecycles.get(pin.digest)
        if found is None:
            found = self.rulebook.by_pin(pin.digest) or _restored_lifecycle(
                self.store.lifecycles()[pin.name, pin.version, pin.digest]
            )
            self._lifecycles[pin.digest] = found
        return found


def _restored_lifecycle(text: str) -> Lifecycle:
    # Only a record under rules whose file is gone needs them: a start does without the reader.
    restoring = import_module("peelflow.rulebook.canonical")
    found: Lifecycle = restoring.restore(text)
    return found


class Advice(ABC):
    """why, route: what a register can say about acts that are yet to come."""

    @abstractmethod
    def draft(self) -> Session:
        """Return an empty draft, which is thrown away."""

    def why(
        self,
        record: str,
        trigger: str,
        *,
        actor: Actor,
        on: date | None = None,
        recorded_by: str | None = None,
        evidence: Sequence[Document] = (),
        inspection: str | None = None,
        reason: str | None = None,
        successor: str | None = None,
        source: str | None = None,
    ) -> Refusal | None:
        """Return every reason why `fire` would be refused now, None if it may be done.

        Nothing is written. `on` is today when left out; who would type it need not be said.

        Raises:
            UnknownRecord: No record has this id.
            UnknownDocument: An offered document was not kept first.
            InvalidRequest: What is asked cannot be meant.
        """
        return refusal_of(
            self.draft(),
            record,
            trigger,
            actor=actor,
            on=on,
            recorded_by=recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )

    def route(
        self, record: str, *, to: str = "closed", ledger: str = "portal", on: date | None = None
    ) -> Route:
        """Return the shortest lawful way of a record to a goal, from where it stands.

        Args:
            record: The record's id.
            to: A state's name, or `open` or `closed`: to count so on `ledger`.
            ledger: The ledger to count on.
            on: The day from which acts are dated; today when left out.

        Raises:
            UnknownRecord: No record has this id.
            InvalidRequest: The goal names nothing in the record's rules.
        """
        # Only who asks for ways pays for loading what finds them.
        way_of: Callable[..., Route] = import_module("peelflow.register.route_context").route_of
        return way_of(self.draft(), record, to=to, ledger=ledger, on=on)


def refusal_of(
    draft: Session,
    record: str,
    trigger: str,
    *,
    actor: Actor,
    on: date | None = None,
    recorded_by: str | None = None,
    evidence: Sequence[Document] = (),
    inspection: str | None = None,
    reason: str | None = None,
    successor: str | None = None,
    source: str | None = None,
) -> Refusal | None:
    """Return why a draft would refuse an act, None if it may be done. Its documents are seen."""
    check_actor(actor)
    try:
        draft.fire(
            record,
            trigger,
            actor=actor,
            on=draft.today if on is None else on,
            recorded_by=actor.person if recorded_by is None else recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )
    except Refused as refused:
        if isinstance(refused.refusal, Refusal):
            return refused.refusal
        raise
    return None


HOME = "peelflow.register.migrations"


class Migrations(ABC):
    """preview, migrate, unmigrate."""

    @abstractmethod
    def batch(self) -> AbstractContextManager[Session]:
        """Give a draft whose verbs are kept whole when the block ends, or not at all."""

    def preview(self, plan: MigrationPlan | str, *, on: date | None = None) -> MigrationImpact:
        """Return what a plan would do to the records here, proved or not; nothing is written.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            on: The day of the move; today when left out.

        Raises:
            InvalidRules: The plan maps what its rules do not have.
            InvalidRequest: It is not here, or names rules that are not.
        """
        found: Callable[..., MigrationImpact] = import_module(
            "peelflow.register.migrations"
        ).assess_impact
        return found(self, plan, on=on)

    def migrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        on: date,
        reason: str,
        source: str | None = None,
        recorded_by: str | None = None,
        seen: Callable[[int, int], None] = lambda _, __: None,
    ) -> MigrationResult:
        """Move every record under a plan's old rules to its new ones, one event a record.

        Records move in batches of 200, each kept whole. What was cut off goes on when it is asked
        for again: records that moved already run under the new rules and are passed over. Records
        in a state that the plan does not map are left, and told.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            actor: Who has them moved, in a role that the plan names, if it names any.
            on: The day of the move; no record may have a later event.
            reason: Why.
            source: What it was read from.
            recorded_by: Who typed it.
            seen: Told after each batch how many records it came to, of how many.

        Raises:
            InvalidRules: The plan is refuted.
            InvalidRequest: Its proof is open, it moves between levels, or cannot be meant.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        moved: Callable[..., MigrationResult] = import_module(HOME).migrate
        return moved(
            self, plan, _migration_request(actor, on, reason, source, recorded_by), seen=seen
        )

    def unmigrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        on: date,
        reason: str,
        source: str | None = None,
        recorded_by: str | None = None,
        seen: Callable[[int, int], None] = lambda _, __: None,
    ) -> MigrationResult:
        """Take back what a plan moved: each record's move is voided, by a `corrected` event.

        Records on which somebody acted since are left, and told. It goes on where it was cut off.

        Raises:
            InvalidRequest: Another side moved them; or as `migrate`.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        moved: Callable[..., MigrationResult] = import_module(HOME).unmigrate
        return moved(
            self, plan, _migration_request(actor, on, reason, source, recorded_by), seen=seen
        )


def _migration_request(
    actor: Actor, on: date, reason: str, source: str | None, recorded_by: str | None
) -> object:
    return import_module(HOME).MigrationRequest(actor, on, reason, source, recorded_by)


def utc_now() -> datetime:
    """Return the present moment in UTC: the clock a register has unless it is given another."""
    return datetime.now(UTC)


class Register(Verbs, Reading, Advice, Deadlines, Migrations):
    """Records under a rulebook, kept in a store. Safe to use from several threads.

    Each verb is one batch; `with register.batch() as batch:` makes several verbs one.
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        rulebook: Rulebook,
        connection: object = None,
        clock: Callable[[], datetime] = utc_now,
        predicates: Mapping[str, Predicate] | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
    ) -> None:
        """Put a rulebook before an open store, or before an application's own transaction.

        Args:
            store: An open store.
            rulebook: The rules.
            connection: Instead of a store, an SQLAlchemy connection in a transaction: what the
                register keeps is kept when the application commits, with what it does itself.
            clock: Tells the present moment in UTC.
            predicates: The Python functions that the rules' predicates name.
            documents: A folder to keep documents in, by digest; the store keeps them if left out.
            force: The only force whose records are shown and moved; every force's if left out.

        Raises:
            InvalidRequest: Neither or both of store and connection are given, the connection cannot
                be joined, or the documents' folder cannot be made.
            InvalidRules: A lifecycle was edited without a new version since the store kept it.
        """
        check_type(rulebook, Rulebook, "the rulebook", "give what `load(path)` returns")
        check_callable(clock, "the clock", "give a function that returns the moment in UTC")
        known = predicates or {}
        check_type(known, Mapping, "the predicates", "give a dict of functions by their names")
        for name, predicate in known.items():
            check_callable(predicate, f"the predicate {name}", "give a function")
        self.store = store = scope_store(force, store_or_joined(store, connection))
        self.documents: DocumentStore = (
            store if documents is None else open_documents(documents, store)
        )
        self.rulebook = rulebook
        self._lifecycles: dict[str, Lifecycle] = {}
        _refuse_edited_lifecycles(store, rulebook)
        self._desk = Services(
            store=store,
            documents=self.documents,
            rulebook=rulebook,
            clock=clock,
            predicates=dict(known),
            lifecycle_of=self.lifecycle,
            text_of=canonical_text,
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        rulebook: Rulebook | None = None,
        clock: Callable[[], datetime] = utc_now,
        predicates: Mapping[str, Predicate] | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
    ) -> Self:
        """Open the store at `url` (`memory:`, `sqlite:///file`) under a rulebook.

        Args:
            url: Where the store is; an SQLite file is made when it does not exist.
            rulebook: The rules; the national ones when left out.
            clock: Tells the present moment in UTC, for `recorded_at` and for "today" in London.
            predicates: The Python functions that the rules' predicates name.
            documents: A folder to keep documents in, by digest; the store keeps them if left out.
            force: The only force whose records are shown and moved; every force's if left out.
        """
        store = open_store(url)
        try:
            return cls(
                store,
                rulebook=rulebook or national(),
                clock=clock,
                predicates=predicates,
                documents=documents,
                force=force,
            )
        except BaseException:
            store.close()
            raise

    def __repr__(self) -> str:
        return short_repr("Register", store=self.store.url, rulebook=self.rulebook)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def draft(self) -> Session:
        """Return an empty draft; nothing is kept before its `commit`."""
        return Session(self._desk)

    @contextmanager
    def batch(self) -> Iterator[Session]:
        """Give a draft whose verbs are kept whole when the block ends, or not at all.

        Raises:
            Conflict: Somebody moved what the batch read; nothing is kept.
        """
        draft = self.draft()
        yield draft
        draft.commit()

    def _drafting(self) -> AbstractContextManager[Session]:
        return Autocommit(Session(self._desk))

    def fire_many(self, acts: Iterable[tuple[str, Act]]) -> tuple[Event, ...]:
        """Do acts in order, each on its record and seeing those before it: all of them, or none.

        Raises:
            Refused: The first one that is refused; nothing is kept.
            Conflict: Somebody moved what the acts read; nothing is kept.
        """
        check_type(acts, Iterable, "what is to be done,", "give pairs of a record's id and an Act")
        with self.batch() as batch:
            return tuple([_fire_act(batch, each) for each in acts])

    def keep(
        self,
        content: bytes,
        *,
        kind: str,
        name: str,
        signed_by: str | None = None,
        signed_on: date | None = None,
    ) -> Document:
        """Keep a document by the SHA-256 of its content, and return what acts refer to it by.

        Keeping the same content again changes nothing. `signed_by` is a person. A batch has the
        same verb, and keeps the document only if it is kept itself.
        """
        document = describe_document(content, kind, name, signed_by=signed_by, signed_on=signed_on)
        self.documents.keep_document(document.digest, content)
        return document


def _fire_act(batch: Session, asked: object) -> Event:
    match asked:
        case (str() as record, Act() as act):
            pass
        case _:
            what, instead = f"the act {asked!r:.80}", "give a pair of a record's id and an Act"
            raise InvalidRequest(what, "is no act on a record", instead)
    return batch.fire(
        record,
        act.trigger,
        actor=act.actor,
        on=act.on,
        recorded_by=act.recorded_by,
        evidence=act.evidence,
        inspection=act.inspection,
        reason=act.reason,
        successor=act.successor,
        source=act.source,
        key=act.key,
    )


def _refuse_edited_lifecycles(store: Store, rulebook: Rulebook) -> None:
    kept = {(name, version): digest for name, version, digest in store.lifecycles()}
    edited = [
        Diagnostic(
            lifecycle.span,
            "edited-without-new-version",
            f"`{lifecycle}` differs from the rules that records in {store.url} were added under",
            "give the edited rules a new version; the kept ones stay for those records",
        )
        for lifecycle in rulebook.lifecycles
        if kept.get((lifecycle.name, lifecycle.version), lifecycle.pin.digest)
        != lifecycle.pin.digest
    ]
    if edited:
        raise InvalidRules(edited)
