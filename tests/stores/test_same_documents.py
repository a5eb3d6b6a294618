"""Of two batches that bring the same letter, or the same rules, in one moment both are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from hashlib import sha256

import pytest
from attrs import evolve
from sqlalchemy import Engine, create_engine, text

from peelflow import StoreUnavailable
from peelflow.stores.base import WriteBatch
from peelflow.stores.opening import open_store
from peelflow.stores.sql.store import JoinedStore
from tests.builders.stores import append_next, batch, next_event

LETTERS = {sha256(content).hexdigest(): content for content in (b"one", b"two", b"three")}
FIRST, MIDDLE, LAST = sorted(LETTERS)


def with_letters(made: WriteBatch, *digests: str) -> WriteBatch:
    """Return a batch that brings some of the letters, in that order."""
    return evolve(made, documents={digest: LETTERS[digest] for digest in digests})


def with_rules(made: WriteBatch, *names: str) -> WriteBatch:
    """Return a batch that brings rules, in that order."""
    return evolve(made, lifecycles={(name, 1, "a" * 64): "{}" for name in names})


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """Give an application's own engine."""
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def wait_for_lock(engine: Engine, *running: Future[None]) -> None:
    """Return once somebody waits for a lock, or all is done."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with engine.connect() as watching:
        while not watching.execute(waits).scalar() and not all(each.done() for each in running):
            watching.rollback()


def append_joined(engine: Engine, made: WriteBatch) -> None:
    """Keep a batch in a transaction of an application's."""
    with engine.begin() as application:
        JoinedStore(application).append(made)


@pytest.mark.parametrize("number", [0, 1], ids=["a new record", "one that moves"])
@pytest.mark.parametrize("whose", ["own", "joined"])
def test_the_same_letter_comes_in_twice_in_one_moment(
    postgres: str, number: int, whose: str
) -> None:
    """S1, S8: the second waits for the first, and keeps its record beside it."""
    with closing(open_store(postgres)) as store, engine_of(postgres) as engine:
        append_next(store, "a")
        for _ in range(number):
            append_next(store, "b")
        second = with_letters(batch(next_event(store, "b")), FIRST, LAST)
        with ThreadPoolExecutor(1) as pool:
            with engine.begin() as application:
                first = with_letters(batch(next_event(store, "a")), FIRST, MIDDLE)
                JoinedStore(application).append(first)
                keep = partial(append_joined, engine) if whose == "joined" else store.append
                kept = pool.submit(keep, second)
                wait_for_lock(engine, kept)
            kept.result()
        with store.snapshot() as snapshot:
            assert dict(snapshot.documents()) == LETTERS
        assert len(store.history("b")) == number + 1


@pytest.mark.parametrize("bring", [with_letters, with_rules], ids=["letters", "rules"])
def test_nobody_is_in_the_way_of_who_brings_them_in_another_order(
    postgres: str, bring: Callable[..., WriteBatch]
) -> None:
    """Each is written in one order, so that of two that bring several one waits, and none for both.

    Whoever waits for the first of them has written no other yet.
    """
    with closing(open_store(postgres)) as store, engine_of(postgres) as engine:
        made = [batch(next_event(store, name)) for name in ("a", "b", "c")]
        with ThreadPoolExecutor(1) as pool:
            with engine.begin() as application:
                JoinedStore(application).append(bring(made[0], FIRST))
                kept = pool.submit(store.append, bring(made[1], LAST, MIDDLE, FIRST))
                wait_for_lock(engine, kept)
                JoinedStore(application).append(bring(made[2], LAST, MIDDLE))
            kept.result()
        assert {*store.read(["a", "b", "c"])} == {"a", "b", "c"}


@pytest.mark.parametrize("number", [0, 1], ids=["a new record", "one that moves"])
def test_something_else_in_a_letters_place_is_told(postgres: str, number: int) -> None:
    """Whoever put it there, and however late: nothing of the batch is kept."""
    with closing(open_store(postgres)) as store, engine_of(postgres) as engine:
        for _ in range(number):
            append_next(store, "b")
        made = with_letters(batch(next_event(store, "b")), FIRST)
        with ThreadPoolExecutor(1) as pool:
            with engine.begin() as application:
                forged = text("INSERT INTO peelflow_documents VALUES (:digest, :content)")
                application.execute(forged, {"digest": FIRST, "content": b"forged"})
                kept = pool.submit(store.append, made)
                wait_for_lock(engine, kept)
            with pytest.raises(StoreUnavailable, match="something acts in between"):
                kept.result()
        assert len(store.history("b")) == number
