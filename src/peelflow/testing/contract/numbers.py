"""Numbers (S2): what was read is what a batch stands on; who comes second gets a Conflict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from peelflow.errors import Conflict, StoreError
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Batch, Kept, Store
from peelflow.testing.contract.base import NAME, Contract
from peelflow.testing.samples import batch, event, moved, record, step
from peelflow.testing.worker import race


class Numbers(Contract):
    """S2."""

    @pytest.mark.parametrize("name", ["a", "b", "c", "none"])
    def test_any_record_that_moved_is_a_conflict(self, store: Store, name: str) -> None:
        """S2: each record the decision read, moved or not, existing or not, is checked."""
        for each in "abc":
            step(store, each)
        found = {"a": 1, "b": 1, "c": 1, "none": 0}
        stale = batch(moved(store, "a"), read=found | {name: 7})

        with pytest.raises(Conflict) as caught:
            store.append(stale)

        told = (caught.value.record, caught.value.expected, caught.value.found)
        assert told == (name, 7, found[name])
        assert len(store.history("a")) == 1

    @pytest.mark.parametrize("number", [1, 3])
    def test_a_number_is_used_once_and_none_left_out(self, store: Store, number: int) -> None:
        """S2: an event that does not follow its record's last is a conflict."""
        head = step(store).digest
        entry = chain(head, event(number=number))
        unread = Batch((entry,), (Kept(record(number=number), entry.digest),), {}, {})

        with pytest.raises(Conflict) as caught:
            store.append(unread)

        told = (caught.value.record, caught.value.expected, caught.value.found)
        assert told == (NAME, number - 1, 1)

    @pytest.mark.parametrize(("name", "number"), [(NAME, 3), ("other", 2)])
    def test_a_lone_event_must_follow_its_record(
        self, store: Store, name: str, number: int
    ) -> None:
        """S2: what was read stands, but the event leaves a number out, or is another record's."""
        head = step(store).digest
        entry = chain(head, event(name, number))
        kept = Kept(record(number=number), entry.digest)

        with pytest.raises(Conflict) as caught:
            store.append(Batch((entry,), (kept,), {NAME: 1}, {}))

        assert (caught.value.record, caught.value.expected) == (name, number - 1)
        assert len(store.history(NAME)) == 1

    def test_a_record_begins_with_its_first_event(self, store: Store) -> None:
        """S2: a record that nobody read and that does not exist has number 0."""
        entry = chain(GENESIS, event(number=2))

        with pytest.raises(Conflict) as caught:
            store.append(Batch((entry,), (Kept(record(number=2), entry.digest),), {}, {}))

        assert (caught.value.expected, caught.value.found) == (1, 0)

    def test_the_same_batch_cannot_be_kept_twice(self, store: Store) -> None:
        """S2: of two that read the same number, one is kept, and the other is an error of ours."""
        once = batch(moved(store))
        store.append(once)

        with pytest.raises(StoreError):
            store.append(once)

        assert len(store.history(NAME)) == 1

    def test_threads_share_one_store(self, store: Store) -> None:
        """S2: of racing appends each is kept once or a conflict; the last number says how many."""
        with ThreadPoolExecutor(4) as pool:
            accepted = sum(pool.map(lambda _: race(store, NAME, times=15), range(4)))

        numbers = [entry.event.number for entry in store.history(NAME)]
        assert store.read([NAME])[NAME].record.number == accepted
        assert numbers == list(range(1, accepted + 1))

    def test_of_two_that_read_each_other_one_is_kept(self, store: Store) -> None:
        """S2: a parent closes and its child re-opens at once: whoever is second is refused."""
        with ThreadPoolExecutor(2) as pool:
            for number in range(15):
                both = {"parent": number, "child": number}
                mine, others = (batch(moved(store, name), read=both) for name in both)
                kept = list(pool.map(lambda asked: is_kept(store, asked), (mine, others)))
                assert sorted(kept) == [False, True]
                step(store, "child" if kept[0] else "parent")


def is_kept(store: Store, asked: Batch) -> bool:
    """Append a batch and say whether it was kept; a Conflict says that it was not."""
    try:
        store.append(asked)
    except Conflict:
        return False
    return True
