"""A register puts a rulebook before a store: the public entry to every verb."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from peelflow.model.decisions import NextAct, Predicate
from peelflow.model.records import Actor, Document
from peelflow.model.rules import MigrationPlan
from peelflow.register import commands
from peelflow.register.batch import Batch
from peelflow.register.context import Services
from peelflow.register.reader import Reader, opened_store
from peelflow.register.services import account_name, utc_now
from peelflow.register.session import Session
from peelflow.register.timers import TickResult, tick
from peelflow.register.validation import (
    check_services,
    describe_document,
)
from peelflow.register.verbs import autocommit
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import Store
from peelflow.stores.codec import description_of
from peelflow.stores.opening import joined_store

if TYPE_CHECKING:
    from peelflow.model.routes import Route
    from peelflow.register.migrations import MigrationImpact, MigrationResult
    from peelflow.stores.integrity import Discrepancy
    from peelflow.stores.seals import Heads, Seal, SealKey


class Register(Reader):
    """Records under a rulebook, kept in a store. Safe to use from several threads.

    Each verb is one batch; `with register.batch() as batch:` makes several verbs one.
    """

    add: Final = autocommit(Batch.add)
    take_over: Final = autocommit(Batch.take_over)
    fire: Final = autocommit(Batch.fire)
    fire_many: Final = autocommit(Batch.fire_many)
    attach: Final = autocommit(Batch.attach)
    note: Final = autocommit(Batch.note)
    amend: Final = autocommit(Batch.amend)
    link: Final = autocommit(Batch.link)
    make_joint: Final = autocommit(Batch.make_joint)
    appoint: Final = autocommit(Batch.appoint)
    correct: Final = autocommit(Batch.correct)
    relevel: Final = autocommit(Batch.relevel)
    why: Final = Batch.why

    def __init__(
        self,
        store: Store,
        *,
        rulebook: Rulebook,
        clock: Callable[[], datetime] = utc_now,
        account: Callable[[], str | None] = account_name,
        predicates: Mapping[str, Predicate] | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
        recorded_by: str | None = None,
    ) -> None:
        """Put a rulebook before an open store.

        Args:
            store: An open store.
            rulebook: The rules.
            clock: Tells the present moment in UTC.
            account: Tells who runs the program: who typed what a signatory decided, if it has no
                user.
            predicates: The Python functions that the rules' predicates name.
            documents: A folder to keep documents in, by digest; the store keeps them if left out.
            force: The only force whose records are shown and moved; every force's if left out.
            recorded_by: Its user, who types what an inspectorate or a signatory decides.

        Raises:
            InvalidRequest: The documents' folder cannot be made, or an argument cannot be meant.
        """
        known = predicates or {}
        check_services(rulebook, clock, account, known, recorded_by)
        super().__init__(store, rulebook=rulebook, documents=documents, force=force)
        self.services: Services = Services(
            store=self.store,
            documents=self.documents,
            rulebook=self.rulebook,
            clock=clock,
            account=account,
            predicates=dict(known),
            force=force,
            recorded_by=recorded_by,
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        rulebook: Rulebook | None = None,
        clock: Callable[[], datetime] = utc_now,
        account: Callable[[], str | None] = account_name,
        predicates: Mapping[str, Predicate] | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
        recorded_by: str | None = None,
    ) -> Self:
        """Open the store at `url` under a rulebook.

        `url` is `memory:`, `sqlite:///file` (made when it does not exist) or a database's;
        `rulebook` is the national one when left out. `clock`, `account`, `predicates`, `documents`,
        `force` and `recorded_by` are those of the class.
        """
        with opened_store(url) as store:
            return cls(
                store,
                rulebook=rulebook or national(),
                clock=clock,
                account=account,
                predicates=predicates,
                documents=documents,
                force=force,
                recorded_by=recorded_by,
            )

    @classmethod
    def joined(
        cls,
        connection: object,
        *,
        rulebook: Rulebook | None = None,
        clock: Callable[[], datetime] = utc_now,
        account: Callable[[], str | None] = account_name,
        predicates: Mapping[str, Predicate] | None = None,
        documents: str | PathLike[str] | None = None,
        force: str | None = None,
        recorded_by: str | None = None,
    ) -> Self:
        """Open a register in an application's transaction: what it keeps is kept when that commits.

        `connection` is an SQLAlchemy connection in a transaction; `rulebook` is the national one
        when left out. `clock`, `account`, `predicates`, `documents`, `force` and `recorded_by`
        are those of the class.

        Raises:
            InvalidRequest: The connection cannot be joined.
            MissingDependency: SQLAlchemy is not installed.
        """
        return cls(
            joined_store(connection),
            rulebook=rulebook or national(),
            clock=clock,
            account=account,
            predicates=predicates,
            documents=documents,
            force=force,
            recorded_by=recorded_by,
        )

    def session(self) -> Session:
        """Begin a session, the unit of work below a batch; nothing is kept before its `commit`."""
        return Session(self.services)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Give a batch whose verbs are kept whole when the block ends, or not at all.

        Raises:
            Conflict: Somebody moved what the batch read; nothing is kept.
        """
        session = self.session()
        yield Batch(session)
        session.commit()

    @contextmanager
    def trial(self) -> Iterator[Batch]:
        """Give a batch of which nothing is kept: to see what verbs would do, or why not."""
        yield Batch(self.session(), is_trial=True)

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

        Args:
            content: Its bytes.
            kind: A kind of the rulebook's evidence, such as `letter`.
            name: What it is called, such as its file's name.
            signed_by: Who signed it: a person.
            signed_on: The day it was signed.

        Returns:
            What is known of it; its `digest` is the SHA-256 of its content, in hexadecimal.

        Raises:
            InvalidRequest: The content is no bytes, a word no text, or the day no date.
        """
        document = describe_document(content, kind, name, signed_by=signed_by, signed_on=signed_on)
        for digest, kept in ((document.digest, content), description_of(document)):
            self.documents.keep_document(digest, kept)
        return document

    def tick(self, *, on: date | None = None) -> TickResult:
        """Take every timed system transition that is due on a day, dated that day.

        Each is taken once an entry of its state, from however many workers tick: a record that
        somebody else moves meanwhile is passed over. Its event keeps the day it fell due. Untimed
        transitions that follow are of the same batch.

        Args:
            on: The day; today in London when left out.

        Returns:
            What was taken, what waits for something else, and what another writer moved.

        Raises:
            InvalidRequest: The day lies in the future.
        """
        return tick(self.session, on)

    def route(
        self, record: str, *, to: str = "closed", ledger: str = "portal", on: date | None = None
    ) -> Route:
        """Return the shortest lawful way of a record to a goal, from where it stands.

        Args:
            record: The record's id.
            to: A state's name, or `open` or `closed`: to count so on `ledger`.
            ledger: The ledger to count on.
            on: The day from which acts are dated; today in London when left out.

        Raises:
            UnknownRecord: No record has this id.
            InvalidRequest: The goal names nothing in the record's rules.
        """
        from peelflow.register.route_context import route_of

        return route_of(self.session(), record, to=to, ledger=ledger, on=on)

    def next_acts(
        self, record: str, actor: Actor, *, on: date | None = None
    ) -> tuple[NextAct, ...]:
        """Return what may be done next with a record, each act judged for one actor.

        Args:
            record: The record's id.
            actor: Who would act, in one acting role.
            on: The day on which they would act; today in London when left out.

        Returns:
            One for each trigger that persons have where the record stands, in the rules' order;
            none where its rules share their name and version with others (`RulesMismatch`).

        Raises:
            UnknownRecord: No record has this id.
            InvalidRequest: The actor is none, or the day is no date or lies in the future.
        """
        return commands.next_acts(self.session(), record, actor=actor, on=on)

    def preview(self, plan: MigrationPlan | str, *, on: date | None = None) -> MigrationImpact:
        """Return what a plan would do to the records here, proved or not; nothing is written.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            on: The day of the move; today in London when left out.

        Raises:
            InvalidRules: The plan maps what its rules do not have.
            InvalidRequest: It is not here, or names rules that are not.
        """
        from peelflow.register.migrations import assess_impact

        return assess_impact(self.session, plan, on=on)

    def migrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        reason: str,
        on: date | None = None,
        source: str | None = None,
        recorded_by: str | None = None,
        on_progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> MigrationResult:
        """Move every record under a plan's old rules to its new ones, one event a record.

        Records move in batches of 200, each kept whole. What was cut off goes on when it is asked
        for again: records that moved already run under the new rules and are passed over. Records
        in a state that the plan does not map are left, and told.

        Args:
            plan: The plan, or the name of one of the rulebook's.
            actor: Who has them moved, in a role that the plan names, if it names any.
            reason: Why.
            on: The day of the move; today in London when left out. No record may have a later
                event.
            source: What it was read from.
            recorded_by: Who typed it.
            on_progress: Told after each batch how many records it came to, of how many.

        Returns:
            How many records moved, and the ids of those that were left.

        Raises:
            InvalidRules: The plan is refuted.
            InvalidRequest: Its proof is open, it moves between levels, or cannot be meant.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        from peelflow.register.migrations import migrate

        provenance = Batch(self.session()).provenance(actor, on, recorded_by, reason, source)
        return migrate(self.session, plan, provenance, on_progress=on_progress)

    def unmigrate(
        self,
        plan: MigrationPlan | str,
        *,
        actor: Actor,
        reason: str,
        on: date | None = None,
        source: str | None = None,
        recorded_by: str | None = None,
        on_progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> MigrationResult:
        """Take back what a plan moved: each record's move is voided, by a `corrected` event.

        Records on which somebody acted since are left, and told. It goes on where it was cut off.
        `plan`, `actor`, `reason`, `on`, `source`, `recorded_by` and `on_progress` are those of
        `migrate`.

        Returns:
            How many records moved back, and the ids of those that were left.

        Raises:
            InvalidRequest: Another side moved them; or as `migrate`.
            Conflict: Somebody acted on a record meanwhile; earlier batches are kept. Ask again.
        """
        from peelflow.register.migrations import unmigrate

        provenance = Batch(self.session()).provenance(actor, on, recorded_by, reason, source)
        return unmigrate(self.session, plan, provenance, on_progress=on_progress)

    def verify(
        self,
        *,
        sealed: Seal | None = None,
        heads: Heads | None = None,
        key: SealKey | None = None,
        judged: bool = True,
    ) -> tuple[Discrepancy, ...]:
        """Return everything that does not fit (S10); changes with a chain made anew, by a seal.

        Args:
            sealed: A seal that was kept elsewhere.
            heads: The heads that came with it: they tell which records differ.
            key: The key that the seal was signed with.
            judged: Whether each event is judged by the rules kept beside it, where all else fits.

        Raises:
            InvalidRequest: The heads are not those of the seal.
        """
        from peelflow.register.judgement import verify_register

        given = self.store, self.documents, self.session
        verified = verify_register(*given, sealed=sealed, heads=heads, key=key, judged=judged)
        return verified.discrepancies

    def restore(
        self,
        path: str | Path,
        *,
        as_found: bool = False,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Take in an export file, judged whole before anything is kept. What was cut off goes on.

        Args:
            path: The file that `export` was written to.
            as_found: Whether acts that no rules let be done come in too; `verify` finds them again.
            on_progress: Told now and then how many events are kept by now.

        Returns:
            How many events were new.

        Raises:
            Unverified: The file does not verify; with every discrepancy.
            InvalidRequest: It is no export, or this register holds other events.
            Conflict: Somebody else writes to the register meanwhile.
        """
        from peelflow.register.restore import restore_register, with_restored_words

        kept = restore_register(self.services, path, as_found=as_found, progress=on_progress)
        self.services = with_restored_words(self.services)
        self.rulebook: Rulebook = self.services.rulebook
        return kept.events
