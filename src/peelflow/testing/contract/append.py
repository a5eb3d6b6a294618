"""Test that batches are atomic (S1), conflicts are found (S2) and keys are used once (S7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from attrs import evolve

from peelflow.errors import Conflict, KeyReused, NamesBrought, RulesMismatch, StoreError
from peelflow.stores.base import RecordQuery, Store, StoredRecord, WriteBatch
from peelflow.stores.rows import GENESIS, chain
from peelflow.testing.contract import Contract
from peelflow.testing.samples import (
    NAME,
    PIN,
    TOGETHER,
    append_next,
    batch,
    change,
    event,
    next_batch,
    next_event,
    numbers_together,
    record,
)
from peelflow.testing.worker import AtPoint, at_sync_points, race_appends

NAMING = {"title": "named"}
LISTED: dict[str, Any] = {"fields": NAMING, "parent": "p"}
LISTINGS = (
    RecordQuery(force="WMP"),
    RecordQuery(field=("title", "named")),
    RecordQuery(mention="named"),
    RecordQuery(parent="p"),
)


class WriterInterrupted(BaseException):
    """What befalls a writer at a sync point, such as Ctrl-C."""


class AtomicBatches(Contract):
    """S1."""

    def test_keeps_a_batch_whole(self, store: Store) -> None:
        """S1: two events on one record and one on another arrive together, with their rules."""
        first = chain(GENESIS, event())
        second = chain(first.digest, event(number=2))
        other = chain(GENESIS, event("other"))
        store.append(
            WriteBatch(
                entries=(first, second, other),
                records=(
                    StoredRecord(record(number=2), second.digest),
                    StoredRecord(record("other"), other.digest),
                ),
                read_set={NAME: 0, "other": 0},
                lifecycles={("level-3", 1, PIN.digest): "text"},
            )
        )

        assert store.history(NAME) == (first, second)
        assert store.history("other") == (other,)
        assert store.lifecycles() == {("level-3", 1, PIN.digest): "text"}

    def test_a_refused_batch_leaves_nothing(self, store: Store) -> None:
        """S1: one record that moved refuses the events, rules, documents, totals of the others."""
        stale = next_event(store, "b")
        append_next(store, "b")
        digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        good = next_event(store, "a", changes=(change(),), key="k")
        refused = evolve(
            batch(good, stale),
            lifecycles={("level-3", 1, "x"): "text"},
            documents={digest: b"foo"},
        )

        with pytest.raises(Conflict):
            store.append(refused)

        assert store.read(["a", "b"]).keys() == {"b"}
        assert store.history("a") == ()
        assert store.event_with_key("a", "k") is None
        assert not list(store.totals(as_at=date(2024, 12, 31)))
        assert store.lifecycles() == {}
        assert not store.has_document(digest)

    def test_refuses_other_rules_of_the_same_name_and_version(self, store: Store) -> None:
        """S1: two registers that run differing rules under one version do not both write."""
        store.append(evolve(batch(), lifecycles={("level-3", 1, "a"): "one"}))

        with pytest.raises(RulesMismatch) as refused:
            store.append(evolve(batch(next_event(store)), lifecycles={("level-3", 1, "b"): "two"}))

        assert (refused.value.name, refused.value.version) == ("level-3", 1)
        assert list(store.records(RecordQuery())) == []

    def test_an_interruption_at_any_sync_point_leaves_no_half(self, store: Store) -> None:
        """S1: a writer that is interrupted keeps its batch whole or not at all, and goes on."""

        def interrupt() -> None:
            raise WriterInterrupted

        for point in self.points_of(store):
            before = len(store.history("a"))
            together = next_batch(store)
            with (
                at_sync_points(store, AtPoint(point, interrupt)),
                pytest.raises(WriterInterrupted),
            ):
                store.append(together)

            numbers = {*numbers_together(store), *(len(store.history(name)) for name in TOGETHER)}
            assert len(numbers) == 1
            assert numbers <= {before, before + 1}
        store.append(next_batch(store))


class OptimisticConcurrency(Contract):
    """S2."""

    @pytest.mark.parametrize("name", ["a", "b", "c", "none"])
    def test_any_record_that_moved_is_a_conflict(self, store: Store, name: str) -> None:
        """S2: each record the decision read, moved or not, existing or not, is checked."""
        store.append(next_batch(store))
        numbers = {"a": 1, "b": 1, "c": 1, "none": 0}
        stale = batch(next_event(store, "a"), read_set=numbers | {name: 7})

        with pytest.raises(Conflict) as caught:
            store.append(stale)

        conflict = caught.value
        assert (conflict.record, conflict.expected, conflict.found) == (name, 7, numbers[name])
        assert len(store.history("a")) == 1

    @pytest.mark.parametrize("number", [1, 3])
    def test_a_number_is_used_once_and_none_left_out(self, store: Store, number: int) -> None:
        """S2: an event that does not follow its record's last is a conflict."""
        head = append_next(store).digest
        entry = chain(head, event(number=number))
        unread = WriteBatch((entry,), (StoredRecord(record(number=number), entry.digest),), {}, {})

        with pytest.raises(Conflict) as caught:
            store.append(unread)

        conflict = caught.value
        assert (conflict.record, conflict.expected, conflict.found) == (NAME, number - 1, 1)

    @pytest.mark.parametrize(("name", "number"), [(NAME, 3), ("other", 2)])
    def test_a_lone_event_must_follow_its_record(
        self, store: Store, name: str, number: int
    ) -> None:
        """S2: what was read stands, but the event leaves a number out, or is another record's."""
        head = append_next(store).digest
        entry = chain(head, event(name, number))
        kept = StoredRecord(record(number=number), entry.digest)

        with pytest.raises(Conflict) as caught:
            store.append(WriteBatch((entry,), (kept,), {NAME: 1}, {}))

        assert (caught.value.record, caught.value.expected) == (name, number - 1)
        assert len(store.history(NAME)) == 1

    def test_a_record_begins_with_its_first_event(self, store: Store) -> None:
        """S2: a record that nobody read and that does not exist has number 0."""
        entry = chain(GENESIS, event(number=2))

        with pytest.raises(Conflict) as caught:
            store.append(
                WriteBatch((entry,), (StoredRecord(record(number=2), entry.digest),), {}, {})
            )

        assert (caught.value.expected, caught.value.found) == (1, 0)

    def test_the_same_batch_cannot_be_kept_twice(self, store: Store) -> None:
        """S2: of two that read the same number, one is kept, and the other is an error of ours."""
        once = batch(next_event(store))
        store.append(once)

        with pytest.raises(StoreError):
            store.append(once)

        assert len(store.history(NAME)) == 1

    def test_threads_share_one_store(self, store: Store) -> None:
        """S2: of racing appends each is kept once or a conflict; the last number says how many."""
        with ThreadPoolExecutor(4) as pool:
            accepted = sum(pool.map(lambda _: race_appends(store, NAME, times=15), range(4)))

        numbers = [entry.event.number for entry in store.history(NAME)]
        assert store.read([NAME])[NAME].record.number == accepted
        assert numbers == list(range(1, accepted + 1))

    def test_of_two_that_read_each_other_one_is_kept(self, store: Store) -> None:
        """S2: a parent closes and its child re-opens at once: whoever is second is refused."""
        with ThreadPoolExecutor(2) as pool:
            for number in range(15):
                both = {"parent": number, "child": number}
                mine, others = (batch(next_event(store, name), read_set=both) for name in both)
                kept = list(pool.map(lambda both: is_appended(store, both), (mine, others)))
                assert sorted(kept) == [False, True]
                append_next(store, "child" if kept[0] else "parent")

    @pytest.mark.parametrize("query", LISTINGS)
    def test_what_was_listed_is_listed_still(self, store: Store, query: RecordQuery) -> None:
        """S2: a record that a query lists by now, or that moved, is a conflict; another is none."""
        append_next(store, "a", **LISTED)
        append_next(store, "gone", withdrawn=True, **LISTED)
        listing = {query: {known.id: known.number for known in store.records(query)}}
        append_next(store, "b", force="KENT")
        append_next(store, "gone", withdrawn=True, **LISTED)
        store.append(evolve(batch(next_event(store, "b", force="KENT")), listings=listing))

        for number in (1, 2):
            append_next(store, "new", **LISTED)
            moved = next_event(store, "b", force="KENT"), next_event(store, "none")
            with pytest.raises(Conflict) as caught:
                store.append(evolve(batch(*moved), listings=listing))
            conflict = caught.value
            assert (conflict.record, conflict.expected, conflict.found) == ("new", 0, number)
        assert (len(store.history("b")), store.read(["none"])) == (2, {})

    def test_what_was_listed_and_is_listed_no_more_is_a_conflict(self, store: Store) -> None:
        """S2: a record that was listed and moved is a conflict, though it is not listed by now."""
        query = RecordQuery(state="open")
        append_next(store, "a")
        append_next(store, "b", state="closed")
        append_next(store, "a", state="closed")

        for listed in ({"a": 1}, {"a": 2}):
            with pytest.raises(Conflict) as caught:
                store.append(evolve(batch(next_event(store, "b")), listings={query: listed}))
            assert (caught.value.record, caught.value.found) == ("a", 0)
        assert len(store.history("b")) == 1

    def test_of_one_that_lists_and_one_that_comes_to_be_listed_one_is_kept(
        self, store: Store
    ) -> None:
        """S2: a record is withdrawn while another comes to name it: whoever is second is told."""
        append_next(store, "named")
        with ThreadPoolExecutor(2) as pool:
            for number in range(15):
                query = RecordQuery(mention="named")
                listed = {known.id: known.number for known in store.records(query)}
                read = {"named": store.read(["named"])["named"].record.number}
                naming = next_event(store, f"n{number}", fields=NAMING)
                comes = batch(naming, read_set=read)
                lists = evolve(batch(next_event(store, "named")), listings={query: listed})
                kept = list(pool.map(lambda one: is_appended(store, one), (comes, lists)))
                assert sorted(kept) == [False, True]

    def test_names_are_brought_by_who_read_all_there_are(self, store: Store) -> None:
        """S2: of two batches that bring names to those they both read, the second is refused."""
        number = store.names_number()
        if number is None:
            pytest.skip("this store holds no batch to the names that it read")
        append_next(store, "a")
        append_next(store, "a")
        assert store.names_number() == number
        store.append(evolve(batch(next_event(store, "b")), names=number))
        assert store.names_number() == number + 1

        both = batch(next_event(store, "a"), next_event(store, "c"))
        with pytest.raises(NamesBrought) as caught:
            store.append(evolve(both, names=number))
        assert (caught.value.expected, caught.value.found) == (number, number + 1)
        assert (len(store.history("a")), store.read(["c"])) == (2, {})
        assert store.names_number() == number + 1
        store.append(evolve(both, names=number + 1))
        assert store.names_number() == number + 2

    def test_a_batch_that_is_refused_brings_no_names(self, store: Store) -> None:
        """S2: what is not kept is not counted."""
        number = store.names_number()
        append_next(store, "a")
        with pytest.raises(Conflict):
            store.append(evolve(batch(next_event(store, "b"), read_set={"a": 9}), names=number))
        assert store.names_number() == number


def is_appended(store: Store, batch_to_append: WriteBatch) -> bool:
    """Append a batch and say whether it was kept; a Conflict says that it was not."""
    try:
        store.append(batch_to_append)
    except Conflict:
        return False
    return True


class IdempotencyKeys(Contract):
    """S7."""

    def test_a_key_finds_its_event(self, store: Store) -> None:
        """S7: a key belongs to a record; elsewhere it is free."""
        mine = append_next(store, "a", key="k")
        other = append_next(store, "b", key="k")
        append_next(store, "a")

        assert store.event_with_key("a", "k") == mine
        assert store.event_with_key("b", "k") == other
        assert store.event_with_key("a", "other") is None

    def test_a_key_is_not_used_twice(self, store: Store) -> None:
        """S7: a second event under the same key is refused, not skipped."""
        append_next(store, key="k")

        with pytest.raises(KeyReused) as caught:
            append_next(store, key="k")

        assert (caught.value.record, caught.value.key) == (NAME, "k")
        assert len(store.history(NAME)) == 1

    def test_a_key_comes_once_in_a_batch(self, store: Store) -> None:
        """S7: the same key twice in one batch is refused."""
        entries = [chain(GENESIS, event())]
        for number in (2, 3):
            entries.append(chain(entries[-1].digest, event(number=number, key="k")))
        kept = StoredRecord(record(number=3), entries[-1].digest)

        with pytest.raises(KeyReused):
            store.append(WriteBatch(tuple(entries), (kept,), {NAME: 0}, {}))

        assert store.read([NAME]) == {}

    def test_a_refused_batch_uses_no_key(self, store: Store) -> None:
        """S7: a key that came with a Conflict is free for the next try."""
        stale = batch(next_event(store, key="k"))
        append_next(store)
        with pytest.raises(Conflict):
            store.append(stale)

        assert store.event_with_key(NAME, "k") is None
        assert append_next(store, key="k") == store.event_with_key(NAME, "k")

    def test_of_racing_requests_under_one_key_one_is_kept(self, store: Store) -> None:
        """S7: the same request sent twice at once is kept once."""

        def ask(number: int) -> bool:
            try:
                append_next(store, key=f"{number}")
            except (Conflict, KeyReused):
                return False
            return True

        with ThreadPoolExecutor(3) as pool:
            kept = [list(pool.map(ask, [number] * 3)) for number in range(10)]

        assert [sum(times) for times in kept] == [1] * 10
        assert len(store.history(NAME)) == 10
