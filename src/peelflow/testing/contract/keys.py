"""Keys (S7): one event of its record, found again, never given to another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from peelflow.errors import Conflict, KeyReused
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Batch, Kept, Store
from peelflow.testing.contract.base import NAME, Contract
from peelflow.testing.samples import batch, event, moved, record, step


class Keys(Contract):
    """S7."""

    def test_a_key_finds_its_event(self, store: Store) -> None:
        """S7: a key belongs to a record; elsewhere it is free."""
        mine = step(store, "a", told={"key": "k"})
        other = step(store, "b", told={"key": "k"})
        step(store, "a")

        assert store.keyed("a", "k") == mine
        assert store.keyed("b", "k") == other
        assert store.keyed("a", "other") is None

    def test_a_key_is_not_used_twice(self, store: Store) -> None:
        """S7: a second event under the same key is refused, not skipped."""
        step(store, told={"key": "k"})

        with pytest.raises(KeyReused) as caught:
            step(store, told={"key": "k"})

        assert (caught.value.record, caught.value.key) == (NAME, "k")
        assert len(store.history(NAME)) == 1

    def test_a_key_comes_once_in_a_batch(self, store: Store) -> None:
        """S7: the same key twice in one batch is refused."""
        entries = [chain(GENESIS, event())]
        for number in (2, 3):
            entries.append(chain(entries[-1].digest, event(number=number, key="k")))
        kept = Kept(record(number=3), entries[-1].digest)

        with pytest.raises(KeyReused):
            store.append(Batch(tuple(entries), (kept,), {NAME: 0}, {}))

        assert store.read([NAME]) == {}

    def test_a_refused_batch_uses_no_key(self, store: Store) -> None:
        """S7: a key that came with a Conflict is free for the next try."""
        stale = batch(moved(store, told={"key": "k"}))
        step(store)
        with pytest.raises(Conflict):
            store.append(stale)

        assert store.keyed(NAME, "k") is None
        assert step(store, told={"key": "k"}) == store.keyed(NAME, "k")

    def test_of_racing_requests_under_one_key_one_is_kept(self, store: Store) -> None:
        """S7: the same request sent twice at once is kept once."""

        def ask(number: int) -> bool:
            try:
                step(store, told={"key": f"{number}"})
            except (Conflict, KeyReused):
                return False
            return True

        with ThreadPoolExecutor(3) as pool:
            kept = [list(pool.map(ask, [number] * 3)) for number in range(10)]

        assert [sum(each) for each in kept] == [1] * 10
        assert len(store.history(NAME)) == 10
