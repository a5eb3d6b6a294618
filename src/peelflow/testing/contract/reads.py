"""Test that the feed has no gap (S5), a reading is of one moment (S6), and of one force (S14)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

import pytest
from attrs import evolve

from peelflow.errors import Conflict
from peelflow.model.records import Added, Corrected, MadeJoint
from peelflow.stores.base import FeedItem, RecordQuery, Store
from peelflow.testing.audit import feed_faults, recomputed, whole_feed
from peelflow.testing.contract import MOMENT, PATIENCE, Contract
from peelflow.testing.samples import (
    ADDED,
    DAY,
    PIN,
    append_joint,
    append_next,
    batch,
    change,
    next_batch,
    next_event,
    numbers_together,
)
from peelflow.testing.worker import AtPoint, at_sync_points


class GaplessFeed(Contract):
    """S5."""

    def test_gives_every_event_once_in_the_order_of_its_commit(self, store: Store) -> None:
        """S5: positions are dense, whoever writes and what is refused in between."""
        kept = [append_next(store, "b")]
        stale = batch(next_event(store, "b"))
        kept += [append_next(store, "a"), append_next(store, "b")]
        with pytest.raises(Conflict):
            store.append(stale)
        kept.append(append_next(store, "b"))

        assert store.feed(0, 9) == tuple(FeedItem(at, entry) for at, entry in enumerate(kept, 1))

    @pytest.mark.parametrize(
        ("after", "limit", "expected"),
        [
            (0, 2, [1, 2]),
            (1, 1, [2]),
            (2, 9, [3]),
            (3, 9, []),
            (9, 9, []),
            (0, 0, []),
        ],
    )
    def test_a_page_begins_behind_its_position(
        self, store: Store, after: int, limit: int, expected: list[int]
    ) -> None:
        """S5: a page holds so many events at most, from the first one behind its position."""
        for name in "aba":
            append_next(store, name)

        assert [item.position for item in store.feed(after, limit)] == expected

    def test_a_position_stays_what_it_was(self, store: Store) -> None:
        """S5: what was read once is read the same after later events."""
        append_next(store, "a")
        first = store.feed(0, 9)
        append_next(store, "b")

        assert store.feed(0, 9)[:1] == first

    def test_the_position_is_the_last_events(self, store: Store) -> None:
        """S5: every event that is kept has a position by then, and the last one's is told."""
        assert store.position() == 0
        for number, name in enumerate("aba", 1):
            append_next(store, name)
            assert store.position() == number
        store.append(next_batch(store, "cd"))

        assert store.position() == 5
        assert [item.position for item in store.feed(4, 9)] == [5]

    def test_the_events_of_a_batch_are_placed_in_its_order(self, store: Store) -> None:
        """S5: a batch's events stand one behind the other as they were decided."""
        ordered = next_batch(store, "zam")
        store.append(ordered)

        assert [item.entry for item in store.feed(0, 9)] == list(ordered.entries)

    def test_a_follower_misses_no_late_commit(self, store: Store, url: str) -> None:
        """S5: a writer that stops at any sync point while another commits is not passed over."""
        for point in self.points_of(store):
            stopped, go_on = Event(), Event()

            def stop(stopped: Event = stopped, go_on: Event = go_on) -> None:
                stopped.set()
                go_on.wait(MOMENT)

            with (
                self.another(store, url) as late,
                at_sync_points(late, AtPoint(point, stop)),
                ThreadPoolExecutor(2) as pool,
            ):
                writing = pool.submit(append_next, late, "late")
                assert stopped.wait(PATIENCE), f"`append` never reached `{point}`"
                following = pool.submit(append_beside, store, go_on)
                writing.result()
                following.result()
            assert_dense(store)

    def test_a_live_follower_sees_a_dense_feed(self, store: Store) -> None:
        """S5: who reads on from its last position while threads write gets every event once."""
        names, times = ("a", "b", "c"), 15

        def write(name: str) -> None:
            for _ in range(times):
                append_next(store, name)

        followed: list[FeedItem] = []
        with ThreadPoolExecutor(len(names)) as pool:
            writing = [pool.submit(write, name) for name in names]
            while not all(writer.done() for writer in writing):
                followed.extend(store.feed(len(followed), 7))
            for writer in writing:
                writer.result()
        while page := store.feed(len(followed), 7):
            followed.extend(page)

        events = {(name, number) for name in names for number in range(1, times + 1)}
        assert list(feed_faults(tuple(followed), events)) == []
        assert tuple(followed) == whole_feed(store)


def append_beside(store: Store, go_on: Event) -> None:
    """Commit, and read the feed, while another writer has stopped; then let it go on."""
    append_next(store, "quick")
    whole_feed(store)
    go_on.set()


def assert_dense(store: Store) -> None:
    """Assert that a follower who went on from where it was has every event."""
    feed = whole_feed(store)
    names = {item.entry.event.record for item in feed} | {"late", "quick"}
    events = {(name, entry.event.number) for name in names for entry in store.history(name)}
    assert list(feed_faults(feed, events)) == []


class ConsistentReads(Contract):
    """S6."""

    @pytest.mark.parametrize("ids", [[], ["none"], ["none", "nobody"]])
    def test_what_does_not_exist_is_left_out(self, store: Store, ids: list[str]) -> None:
        """S6: reading unknown ids gives no records, and an unknown record has no history."""
        assert store.read(ids) == {}
        assert store.history("none") == ()
        assert store.event_with_key("none", "k") is None
        assert not store.has_document("none")

    def test_reads_many_at_once(self, store: Store) -> None:
        """S6: several records come in one reading."""
        names = ["a", "b", 'c"', "d\\", "é\U0001f4c8"]
        for name in names:
            append_next(store, name)

        assert set(store.read({*names, "none"})) == set(names)

    def test_readers_never_see_half_a_batch(self, store: Store) -> None:
        """S6: records that always move together always stand at one number, while they move."""

        def write() -> None:
            for _ in range(20):
                store.append(next_batch(store))

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            readings = []
            while not writing.done():
                readings.append(numbers_together(store))
            writing.result()

        assert all(len(set(numbers)) <= 1 for numbers in readings)
        assert numbers_together(store) == [20, 20, 20]

    def test_a_batch_at_a_sync_point_is_seen_whole_or_not_at_all(
        self, store: Store, url: str
    ) -> None:
        """S6: whoever reads while a writer stands at any sync point sees no half of its batch."""
        points = self.points_of(store)
        with ThreadPoolExecutor(1) as pool, self.another(store, url) as reader:
            pending: list[Future[list[int]]] = []

            def look(_: str) -> None:
                pending.append(pool.submit(numbers_together, reader))
                wait(pending, MOMENT)  # the reader may itself wait for the writer

            with at_sync_points(store, look):
                for _ in range(2):
                    store.append(next_batch(store))
            readings = [reading.result() for reading in pending]

        assert len(readings) == 2 * len(points)
        assert all(len(set(numbers)) == 1 for numbers in readings)

    def test_a_snapshot_stays_what_it_was(self, store: Store) -> None:
        """S6: one reading of everything does not move while writers go on."""
        append_next(store, "a")
        with store.snapshot() as snapshot:
            before = [row.id for row in snapshot.records()]
            append_next(store, "b")
            append_next(store, "a")
            after = [(row.id, row.number) for row in snapshot.records()]
            events = [(row.record, row.number) for row in snapshot.histories()]
            fed = [(row.record, row.number) for _, row in snapshot.feed()]

        assert before == ["a"]
        assert after == events == fed == [("a", 1)]


class ReadsOfOneForce(Contract):
    """S14."""

    def test_reads_the_records_of_one_force_alone(self, store: Store) -> None:
        """S14: one of another force is left out, as one that is not there, alone and among many."""
        for name, force in (("a", "WMP"), ("b", "GMP"), ("c", "WMP")):
            append_next(store, name, force=force)

        assert store.read(["a"], force="WMP") == store.read(["a"])
        assert store.read(["b"], force="WMP") == store.read(["none"], force="WMP") == {}
        assert store.read(["a", "b", "none", "c"], force="WMP") == store.read(["a", "c"])
        assert store.read([], force="WMP") == {}

    def test_says_which_ids_are_taken(self, store: Store) -> None:
        """S14: by whichever force, and by none, with the number of what stands for each."""
        for name, force in (("a", "WMP"), ("b", "GMP"), ("b", "GMP")):
            append_next(store, name, force=force)

        assert store.taken(["a", "b", "none"]) == {"a": 1, "b": 2}
        assert store.taken(["none"]) == store.taken([]) == {}

    def test_gives_the_histories_of_one_force_alone(self, store: Store) -> None:
        """S14: whole, and nothing of another's."""
        for name, force in (("a", "WMP"), ("b", "GMP"), ("a", "WMP"), ("c", "WMP")):
            append_next(store, name, force=force)

        assert store.histories(["b", "none"], force="WMP") == {}
        own = store.histories(["a", "b", "c"], force="WMP")
        assert own == {name: store.history(name) for name in ("a", "c")}
        until = {"a": 1, "b": 1, "c": 1, "none": 1}
        assert store.last_events(until, force="WMP") == {name: own[name][0] for name in own}

    def test_lists_and_sums_up_one_force_alone(self, store: Store) -> None:
        """S14: its records and its totals."""
        for name, force in (("a", "WMP"), ("b", "GMP")):
            append_next(store, name, force=force, changes=(change(force=force),))

        assert [record.id for record in store.records(RecordQuery("GMP"))] == ["b"]
        assert [total.force for total in store.totals(force="GMP")] == ["GMP"]
        assert list(store.records(RecordQuery("none"))) == []
        assert list(store.totals(force="none")) == []

    def test_counts_the_events_up_to_a_position(self, store: Store) -> None:
        """S5, S14: of every record, or of one force's alone."""
        for name, force in (("a", "WMP"), ("b", "GMP"), ("a", "WMP"), ("a", "WMP"), ("c", "WMP")):
            append_next(store, name, force=force)

        assert store.last_numbers(0) == {}
        assert store.last_numbers(3) == {"a": 2, "b": 1}
        assert store.last_numbers(9) == {"a": 3, "b": 1, "c": 1}
        assert store.last_numbers(4, force="WMP") == {"a": 3}
        assert store.last_numbers(9, force="GMP") == {"b": 1}

    def test_a_record_is_of_the_force_that_it_was_given(self, store: Store) -> None:
        """S14: once it is entered anew, it is there for its new force, and for no other."""
        append_next(store, "a")
        entered = Added("GMP", "recommendation", 3, PIN, "open")
        append_next(store, "a", what=Corrected(1, "reenter", DAY, entered), force="GMP")

        assert store.read(["a"], force="WMP") == {}
        assert store.histories(["a"], force="WMP") == {}
        assert store.read(["a"], force="GMP") == store.read(["a"])
        assert store.histories(["a"], force="GMP") == {"a": store.history("a")}
        assert store.last_numbers(2, force="GMP") == {"a": 2}
        assert store.last_events({"a": 2}, force="WMP") == {}
        assert store.last_events({"a": 1}, force="GMP") == {"a": store.history("a")[0]}

    def test_a_joint_record_is_of_each_of_its_forces(self, store: Store) -> None:
        """S14: it is there for each once, also for one that it is joint with no more."""
        append_joint(store, "a", "GMP", "Kent")
        append_next(store, "b", force="GMP")
        append_next(store, "c")
        now = {"joint_with": ("GMP",), "was_joint_with": ("Kent",)}
        append_next(store, "a", what=MadeJoint(("GMP", "Kent"), ("GMP",)), **now)

        for force, ids in (("WMP", ["a", "c"]), ("GMP", ["a", "b"]), ("Kent", ["a"])):
            assert [record.id for record in store.records(RecordQuery(force))] == ids
            assert [*store.read(["a", "b", "c"], force=force)] == ids
            assert store.read(["a"], force=force) == store.read(["a"])
            assert {*store.histories(["a", "b", "c"], force=force)} == {*ids}
            assert {*store.last_numbers(9, force=force)} == {*ids}
            assert {*store.last_events({"a": 1, "b": 1, "c": 1}, force=force)} == {*ids}
        assert list(store.records(RecordQuery("Kent", "afi"))) == []
        assert [record.id for record in store.records(RecordQuery(joint=True))] == ["a"]
        assert [record.id for record in store.records(RecordQuery("GMP", joint=True))] == ["a"]

    def test_a_record_is_of_no_force_that_a_correction_takes_away(self, store: Store) -> None:
        """S14: made joint by mistake, and corrected, it is as if it never was."""
        append_next(store, "a")
        append_next(store, "a", what=MadeJoint((), ("GMP",)), joint_with=("GMP",))
        append_next(store, "a", what=Corrected(2, "void"))

        assert store.read(["a"], force="GMP") == {}
        assert list(store.records(RecordQuery("GMP"))) == []
        assert list(store.records(RecordQuery(joint=True))) == []

    @pytest.mark.parametrize("count", [0, 251, 300])
    def test_lists_own_and_joint_records_in_one_order(self, store: Store, count: int) -> None:
        """S4: by their ids in code-point order, each once, over any number of them."""
        names = sorted([*(f"R{number}" for number in range(count)), "\uffff", "a", "Z", "é"])
        added = evolve(ADDED, force="GMP", joint_with=("WMP",))
        now = {"what": added, "force": "GMP", "joint_with": ("WMP",)}
        store.append(next_batch(store, names[::2]))
        store.append(next_batch(store, names[1::2], **now))

        assert [record.id for record in store.records(RecordQuery("WMP"))] == names
        assert [record.id for record in store.records(RecordQuery("GMP"))] == names[1::2]

    def test_a_snapshot_gives_the_forces_of_joint_records(self, store: Store) -> None:
        """S10: each row once, in order, so that what is kept can be recomputed."""
        append_joint(store, "b", "Kent", "GMP")
        append_joint(store, "a", "Kent")
        append_next(store, "c")

        with store.snapshot() as snapshot:
            rows = list(snapshot.joint_records())

        assert rows == [("a", "Kent"), ("b", "GMP"), ("b", "Kent")]
        assert recomputed(store) == ()
