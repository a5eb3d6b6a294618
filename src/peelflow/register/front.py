"""The register: a rulebook and a store behind one front door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from os import PathLike
from types import TracebackType
from typing import Self

from peelflow.errors import Diagnostic, RequestRefused, RulesRefused
from peelflow.model.judgement import Predicate
from peelflow.model.records import Act, Document, Event
from peelflow.model.rules import Lifecycle
from peelflow.register.advice import Advice
from peelflow.register.asking import check_callable, check_type
from peelflow.register.deadlines import Deadlines
from peelflow.register.desk import Desk
from peelflow.register.draft import Draft
from peelflow.register.migrations import Migrations
from peelflow.register.reading import Reading
from peelflow.register.situation import described
from peelflow.register.steps import Alone
from peelflow.register.verbs import Verbs
from peelflow.rulebook.book import Rulebook
from peelflow.rulebook.national import national
from peelflow.rulebook.semantic import text_of
from peelflow.stores.open import one_store, open_documents, open_store, seen_by
from peelflow.stores.protocol import Documents, Store


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
            RequestRefused: Neither or both of store and connection are given, the connection cannot
                be joined, or the documents' folder cannot be made.
            RulesRefused: A lifecycle was edited without a new version since the store kept it.
        """
        check_type(rulebook, Rulebook, "the rulebook", "give what `load(path)` returns")
        check_callable(clock, "the clock", "give a function that returns the moment in UTC")
        known = predicates or {}
        check_type(known, Mapping, "the predicates", "give a dict of functions by their names")
        for name, predicate in known.items():
            check_callable(predicate, f"the predicate {name}", "give a function")
        self.store = store = seen_by(force, one_store(store, connection))
        self.documents: Documents = store if documents is None else open_documents(documents, store)
        self.rulebook = rulebook
        self._lifecycles: dict[str, Lifecycle] = {}
        _refuse_edited(store, rulebook)
        self._desk = Desk(
            store=store,
            documents=self.documents,
            rulebook=rulebook,
            clock=clock,
            predicates=dict(known),
            lifecycle_of=self.lifecycle,
            text_of=text_of,
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

    def draft(self) -> Draft:
        """Return an empty draft; nothing is kept before its `commit`."""
        return Draft(self._desk)

    @contextmanager
    def batch(self) -> Iterator[Draft]:
        """Give a draft whose verbs are kept whole when the block ends, or not at all.

        Raises:
            Conflict: Somebody moved what the batch read; nothing is kept.
        """
        draft = self.draft()
        yield draft
        draft.commit()

    def _drafting(self) -> AbstractContextManager[Draft]:
        return Alone(Draft(self._desk))

    def fire_many(self, acts: Iterable[tuple[str, Act]]) -> tuple[Event, ...]:
        """Do acts in order, each on its record and seeing those before it: all of them, or none.

        Raises:
            Refused: The first one that is refused; nothing is kept.
            Conflict: Somebody moved what the acts read; nothing is kept.
        """
        check_type(acts, Iterable, "what is to be done,", "give pairs of a record's id and an Act")
        with self.batch() as batch:
            return tuple([_fired(batch, each) for each in acts])

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
        document = described(content, kind, name, signed_by=signed_by, signed_on=signed_on)
        self.documents.keep_document(document.digest, content)
        return document


def _fired(batch: Draft, asked: object) -> Event:
    match asked:
        case (str() as record, Act() as act):
            pass
        case _:
            what, instead = f"the act {asked!r:.80}", "give a pair of a record's id and an Act"
            raise RequestRefused(what, "is no act on a record", instead)
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


def _refuse_edited(store: Store, rulebook: Rulebook) -> None:
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
        raise RulesRefused(edited)
