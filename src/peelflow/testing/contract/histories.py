"""Histories (S4): what was kept comes back equal, in order; listed and summed as it stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.model.records import Event
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Kept, Store, Total, Wanted
from peelflow.testing.contract.base import NAME, Contract, drawn
from peelflow.testing.samples import batch, change, events, moved, record, step
from peelflow.testing.values import any_of


class Histories(Contract):
    """S4."""

    def test_every_kind_of_event_comes_back_equal_and_in_order(self, store: Store) -> None:
        """S4: every kind of event comes back equal, in the order of its numbers."""
        kept, head = [], GENESIS
        for number, told in enumerate(events().values(), start=1):
            entry = chain(head, evolve(told, number=number, key=None))
            store.append(batch((entry, record(number=number))))
            kept.append(entry)
            head = entry.digest

        assert store.history(NAME) == tuple(kept)

    @given(life=st.lists(any_of(Event), min_size=1, max_size=3))
    @drawn
    def test_any_events_come_back_equal(self, store: Store, life: list[Event]) -> None:
        """S4: whatever events hold, they come back equal and in order."""
        name, kept, head = f"{life[0].record} {uuid4()}", [], GENESIS
        for number, told in enumerate(life, start=1):
            plain = tuple(evolve(each, level=3, delta=1) for each in told.changes)
            fresh = evolve(told, record=name, number=number, key=None, changes=plain)
            entry = chain(head, fresh)
            store.append(batch((entry, record(name, number))))
            kept.append(entry)
            head = entry.digest

        assert store.history(name) == tuple(kept)

    def test_many_histories_come_back_as_each_by_itself(self, store: Store) -> None:
        """S4: each in its own order, and nothing of what is not kept."""
        for name in ("b", "a", "\N{GRINNING FACE}", "b", "A", "a", "b"):
            step(store, name)

        names = ["a", "b", "A", "\N{GRINNING FACE}", "none"]
        found = {name: store.history(name) for name in names if name != "none"}
        assert dict(store.histories(names)) == found
        assert [len(found[name]) for name in names[:-1]] == [2, 3, 1, 1]
        assert store.histories([]) == {}

    def test_a_record_comes_back_equal(self, store: Store) -> None:
        """S4: a record is read with the digest of its last event."""
        entry = step(store)

        assert store.read([NAME]) == {NAME: Kept(record(), entry.digest)}

    def test_a_clock_that_goes_backwards_changes_no_order(self, store: Store) -> None:
        """S4: events are ordered by their numbers, whatever the clock said when they came."""
        noon = datetime(2024, 3, 2, 12, tzinfo=UTC)
        kept = [
            step(store, told={"recorded_at": noon - timedelta(hours=hours)}) for hours in range(3)
        ]

        assert store.history(NAME) == tuple(kept)
        assert [each.entry for each in store.feed(0, 9)] == kept

    def test_a_record_that_moved_is_listed_as_it_stands_now(self, store: Store) -> None:
        """S4: what a record was before is no longer found."""
        step(store, parent="p")
        step(store, state="closed", level=None, parent="p")

        assert list(store.records(Wanted(state="open"))) == []
        found = store.records(Wanted(level=None, parent="p"))
        assert [each.number for each in found] == [2]

    def test_keeps_every_pinned_lifecycle(self, store: Store) -> None:
        """S4: rule texts are kept by name, version and digest; the first text stays."""
        for version, digest, text in ((2, "b", "one"), (1, "a", "two"), (2, "b", "three")):
            store.append(evolve(batch(), lifecycles={("level-3", version, digest): text}))

        assert store.lifecycles() == {("level-3", 1, "a"): "two", ("level-3", 2, "b"): "one"}

    def test_totals_sum_the_changes(self, store: Store) -> None:
        """S4: totals are the changes' sums by day and force, zeros left out, in one order."""
        later = date(2024, 5, 1)
        step(store, "a", told={"changes": (change(), change(level=None))})
        step(store, "b", told={"changes": (change(force="GMP"), change())})
        shut = (change("open", -1, on=later), change("closed", on=later))
        step(store, "a", told={"changes": shut})
        gmp = Total("GMP", "recommendation", 3, "portal", "open", 1)
        none = Total("WMP", "recommendation", None, "portal", "open", 1)
        closed = Total("WMP", "recommendation", 3, "portal", "closed", 1)

        assert list(store.totals()) == [gmp, none, closed, evolve(closed, counts="open")]
        assert list(store.totals(as_at=date(2024, 4, 30), force="WMP")) == [
            none,
            evolve(closed, counts="open", total=2),
        ]
        assert list(store.totals(as_at=date(2024, 1, 1))) == []

    def test_totals_leave_zeros_out(self, store: Store) -> None:
        """S4: what came and went is no row."""
        step(store, told={"changes": (change(), change("open", -1))})

        assert list(store.totals()) == []

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Wanted(force="WMP"), ["a", "b"]),
            (Wanted(category="afi"), ["b"]),
            (Wanted(force="WMP", category="recommendation"), ["a"]),
            (Wanted(force="GMP", category="afi"), []),
            (Wanted(level=3), ["a", "c"]),
            (Wanted(level=None), ["b"]),
            (Wanted(level="3"), []),
            (Wanted(state="closed"), ["c"]),
            (Wanted(parent="a"), ["c"]),
            (Wanted(force="WMP", level=3, state="open"), ["a"]),
            (Wanted(force="GMP", parent="b"), []),
        ],
    )
    def test_lists_the_records_that_match(
        self, store: Store, wanted: Wanted, expected: list[str]
    ) -> None:
        """S4: each condition is matched exactly, all of them at once."""
        step(store, "a")
        step(store, "b", category="afi", level=None)
        step(store, "c", force="GMP", state="closed", parent="a")

        assert [each.id for each in store.records(wanted)] == expected

    @pytest.mark.parametrize("count", [0, 251, 300])
    def test_lists_records_in_the_order_of_their_ids(self, store: Store, count: int) -> None:
        """S4: records come by id in code-point order, each once, over any number of them."""
        names = [f"R{number}" for number in range(count)]
        names += ["\uffff", "\U0001f4c8", "a", "Z", "é"]
        store.append(batch(*(moved(store, name) for name in names)))

        assert [each.id for each in store.records(Wanted())] == sorted(names)
