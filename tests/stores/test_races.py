"""Several writers, and readers beside them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peelflow.stores.chain import verify_chain
from peelflow.stores.protocol import Store
from peelflow.stores.sqlite import SqliteStore
from tests.stores.samples import batch, moved
from tests.stores.workers import race, race_on

NAME = "WMP-R3-017"


def test_threads_share_one_store(store: Store) -> None:
    """S2: of racing appends each is kept once or a conflict, and the last number says how many."""
    with ThreadPoolExecutor(4) as pool:
        accepted = sum(pool.map(lambda _: race(store, 15), range(4)))

    assert store.read([NAME])[NAME].record.number == accepted
    assert [entry.event.number for entry in store.history(NAME)] == list(range(1, accepted + 1))


def test_two_stores_share_one_file(path: Path) -> None:
    """S11: two connections of one process agree as two threads do."""
    with ThreadPoolExecutor(2) as pool:
        accepted = sum(pool.map(race_on, [str(path)] * 2, [20] * 2))

    store = SqliteStore(path)
    assert store.read([NAME])[NAME].record.number == accepted
    assert verify_chain(store.history(NAME)) is None
    store.close()


def test_processes_share_one_file(path: Path) -> None:
    """S11: processes that make and write one file at once lose nothing and keep nothing twice."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        accepted = sum(pool.starmap(race_on, [(str(path), 20)] * 6, chunksize=1))
        pool.close()
        pool.join()

    store = SqliteStore(path)
    entries = store.history(NAME)
    assert len(entries) == store.read([NAME])[NAME].record.number == accepted
    assert verify_chain(entries) is None
    store.close()


def test_readers_never_see_half_a_batch(path: Path) -> None:
    """S6: two records that always move together always stand at one number."""
    writer, reader = SqliteStore(path), SqliteStore(path)

    def write() -> None:
        for _ in range(40):
            writer.append(batch(moved(writer, "a"), moved(writer, "b")))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = []
        while not writing.done():
            seen.append([kept.record.number for kept in reader.read(["a", "b"]).values()])
        writing.result()

    assert all(len(set(numbers)) <= 1 and len(numbers) in (0, 2) for numbers in seen)
    writer.close()
    reader.close()
