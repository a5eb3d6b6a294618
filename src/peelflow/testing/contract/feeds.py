"""Feeds (S5): every event once, in one order, without a gap, also while it is being written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from attrs import field, frozen

from peelflow.errors import Conflict
from peelflow.stores.protocol import Placed, Store
from peelflow.testing.audit import feed_findings, whole_feed
from peelflow.testing.contract.base import MOMENT, PATIENCE, Contract
from peelflow.testing.samples import batch, moved, step


class Feeds(Contract):
    """S5."""

    def test_gives_every_event_once_in_the_order_of_its_commit(self, store: Store) -> None:
        """S5: positions are dense, whoever writes and what is refused in between."""
        kept = [step(store, "b")]
        stale = batch(moved(store, "b"))
        kept += [step(store, "a"), step(store, "b")]
        with pytest.raises(Conflict):
            store.append(stale)
        kept.append(step(store, "b"))

        assert store.feed(0, 9) == tuple(Placed(at, entry) for at, entry in enumerate(kept, 1))

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
            step(store, name)

        assert [each.position for each in store.feed(after, limit)] == expected

    def test_a_position_stays_what_it_was(self, store: Store) -> None:
        """S5: what was read once is read the same after later events."""
        step(store, "a")
        first = store.feed(0, 9)
        step(store, "b")

        assert store.feed(0, 9)[:1] == first

    def test_the_position_is_the_last_events(self, store: Store) -> None:
        """S5: every event that is kept has a position by then, and the last one's is told."""
        assert store.position() == 0
        for number, name in enumerate("aba", 1):
            step(store, name)
            assert store.position() == number
        store.append(batch(moved(store, "c"), moved(store, "d")))

        assert store.position() == 5
        assert [each.position for each in store.feed(4, 9)] == [5]

    def test_the_events_of_a_batch_are_placed_in_its_order(self, store: Store) -> None:
        """S5: a batch's events stand one behind the other as they were decided."""
        asked = batch(*(moved(store, name) for name in ("z", "a", "m")))
        store.append(asked)

        assert [each.entry for each in store.feed(0, 9)] == list(asked.entries)

    def test_a_follower_misses_no_late_commit(self, store: Store, url: str) -> None:
        """S5: a writer that stops at any sync point while another commits is not passed over."""
        for point in store.capabilities.points:
            with self.another(store, url) as late, ThreadPoolExecutor(2) as pool:
                late.reached = stopping = Stopping(point)
                writing = pool.submit(step, late, "late")
                assert stopping.stopped.wait(PATIENCE), f"`append` never reached `{point}`"
                following = pool.submit(beside, store, stopping.go_on)
                writing.result()
                following.result()
                late.reached = lambda _: None
            assert_dense(store)

    def test_a_live_follower_sees_a_dense_feed(self, store: Store) -> None:
        """S5: who reads on from its last position while threads write gets every event once."""
        names, times = ("a", "b", "c"), 15

        def write(name: str) -> None:
            for _ in range(times):
                step(store, name)

        seen: list[Placed] = []
        with ThreadPoolExecutor(len(names)) as pool:
            writing = [pool.submit(write, name) for name in names]
            while not all(each.done() for each in writing):
                seen.extend(store.feed(len(seen), 7))
            for each in writing:
                each.result()
        while page := store.feed(len(seen), 7):
            seen.extend(page)

        events = {(name, number) for name in names for number in range(1, times + 1)}
        assert list(feed_findings(tuple(seen), events)) == []
        assert tuple(seen) == whole_feed(store)


@frozen
class Stopping:
    """Stops a writer at a sync point, until it is told to go on or a moment has passed."""

    point: str
    stopped: Event = field(factory=Event)
    go_on: Event = field(factory=Event)

    def __call__(self, reached: str) -> None:
        """Stop here, if this is the point."""
        if reached == self.point:
            self.stopped.set()
            self.go_on.wait(MOMENT)


def beside(store: Store, go_on: Event) -> None:
    """Commit, and read the feed, while another writer has stopped; then let it go on."""
    step(store, "quick")
    whole_feed(store)
    go_on.set()


def assert_dense(store: Store) -> None:
    """Assert that a follower who went on from where it was has every event."""
    feed = whole_feed(store)
    names = {each.entry.event.record for each in feed} | {"late", "quick"}
    events = {(name, entry.event.number) for name in names for entry in store.history(name)}
    assert list(feed_findings(feed, events)) == []
