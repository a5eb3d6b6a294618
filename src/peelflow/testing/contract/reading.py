"""Reading (S6): what is read at once stood so at one moment."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from peelflow.stores.protocol import Store
from peelflow.testing.contract.base import MOMENT, TOGETHER, Contract
from peelflow.testing.samples import batch, moved, step


class Reading(Contract):
    """S6."""

    @pytest.mark.parametrize("ids", [[], ["none"], ["none", "nobody"]])
    def test_what_does_not_exist_is_left_out(self, store: Store, ids: list[str]) -> None:
        """S6: reading unknown ids gives no records, and an unknown record has no history."""
        assert store.read(ids) == {}
        assert store.history("none") == ()
        assert store.keyed("none", "k") is None
        assert not store.has_document("none")

    def test_reads_many_at_once(self, store: Store) -> None:
        """S6: several records come in one reading."""
        names = ["a", "b", 'c"', "d\\", "é\U0001f4c8"]
        for name in names:
            step(store, name)

        assert set(store.read({*names, "none"})) == set(names)

    def test_readers_never_see_half_a_batch(self, store: Store) -> None:
        """S6: records that always move together always stand at one number, while they move."""

        def write() -> None:
            for _ in range(20):
                store.append(batch(*(moved(store, name) for name in TOGETHER)))

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            seen = []
            while not writing.done():
                seen.append(numbers_of(store))
            writing.result()

        assert all(len(set(numbers)) <= 1 for numbers in seen)
        assert numbers_of(store) == [20, 20, 20]

    def test_a_batch_at_a_sync_point_is_seen_whole_or_not_at_all(
        self, store: Store, url: str
    ) -> None:
        """S6: whoever reads while a writer stands at any sync point sees no half of its batch."""
        with ThreadPoolExecutor(1) as pool, self.another(store, url) as reader:
            seen: list[Future[list[int]]] = []

            def look(_: str) -> None:
                seen.append(pool.submit(numbers_of, reader))
                wait(seen, MOMENT)  # the reader may itself wait for the writer

            store.reached = look
            for _ in range(2):
                store.append(batch(*(moved(store, name) for name in TOGETHER)))
            store.reached = lambda _: None
            numbers = [each.result() for each in seen]

        assert len(numbers) == 2 * len(store.capabilities.points)
        assert all(len(set(each)) == 1 for each in numbers)

    def test_a_snapshot_stays_what_it_was(self, store: Store) -> None:
        """S6: one reading of everything does not move while writers go on."""
        step(store, "a")
        with store.snapshot() as snapshot:
            before = [row.id for row in snapshot.records()]
            step(store, "b")
            step(store, "a")
            after = [(row.id, row.number) for row in snapshot.records()]
            told = [(row.record, row.number) for row in snapshot.histories()]
            placed = [(row.record, row.number) for _, row in snapshot.feed()]

        assert before == ["a"]
        assert after == told == placed == [("a", 1)]


def numbers_of(store: Store) -> list[int]:
    """Return the numbers at which the records stand that move together, 0 where there is none."""
    kept = store.read(TOGETHER)
    return [kept[name].record.number if name in kept else 0 for name in TOGETHER]
