"""Batches (S1): kept whole or not at all, whatever comes in between."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from peelflow.errors import Conflict, OtherRules
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Batch, Kept, Store, Wanted
from peelflow.testing.contract.base import NAME, TOGETHER, Contract
from peelflow.testing.samples import PIN, batch, change, event, moved, record, step


class Interrupted(BaseException):
    """What befalls a writer at a sync point, such as Ctrl-C."""


class Batches(Contract):
    """S1."""

    def test_keeps_a_batch_whole(self, store: Store) -> None:
        """S1: two events on one record and one on another arrive together, with their rules."""
        first = chain(GENESIS, event())
        second = chain(first.digest, event(number=2))
        other = chain(GENESIS, event("other"))
        store.append(
            Batch(
                entries=(first, second, other),
                records=(
                    Kept(record(number=2), second.digest),
                    Kept(record("other"), other.digest),
                ),
                read={NAME: 0, "other": 0},
                lifecycles={("level-3", 1, PIN.digest): "text"},
            )
        )

        assert store.history(NAME) == (first, second)
        assert store.history("other") == (other,)
        assert store.lifecycles() == {("level-3", 1, PIN.digest): "text"}

    def test_a_refused_batch_leaves_nothing(self, store: Store) -> None:
        """S1: one record that moved refuses the events, rules, documents, totals of the others."""
        stale = moved(store, "b")
        step(store, "b")
        digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        good = moved(store, "a", told={"changes": (change(),), "key": "k"})
        refused = evolve(
            batch(good, stale),
            lifecycles={("level-3", 1, "x"): "text"},
            documents={digest: b"foo"},
        )

        with pytest.raises(Conflict):
            store.append(refused)

        assert store.read(["a", "b"]).keys() == {"b"}
        assert store.history("a") == ()
        assert store.keyed("a", "k") is None
        assert not list(store.totals(as_at=date(2024, 12, 31)))
        assert store.lifecycles() == {}
        assert not store.has_document(digest)

    def test_refuses_other_rules_of_the_same_name_and_version(self, store: Store) -> None:
        """S1: two registers that run differing rules under one version do not both write."""
        store.append(evolve(batch(), lifecycles={("level-3", 1, "a"): "one"}))

        with pytest.raises(OtherRules) as refused:
            store.append(evolve(batch(moved(store)), lifecycles={("level-3", 1, "b"): "two"}))

        assert (refused.value.name, refused.value.version) == ("level-3", 1)
        assert list(store.records(Wanted())) == []

    def test_an_interruption_at_any_sync_point_leaves_no_half(self, store: Store) -> None:
        """S1: a writer that is interrupted keeps its batch whole or not at all, and goes on."""
        for point in store.capabilities.points:
            before = len(store.history("a"))
            asked = batch(*(moved(store, name) for name in TOGETHER))

            def interrupt(reached: str, *, point: str = point) -> None:
                if reached == point:
                    raise Interrupted

            store.reached = interrupt
            with pytest.raises(Interrupted):
                store.append(asked)
            store.reached = lambda _: None

            lengths = {len(store.history(name)) for name in TOGETHER}
            numbers = {kept.record.number for kept in store.read(TOGETHER).values()}
            assert len(lengths) == 1
            assert lengths <= {before, before + 1}
            assert numbers == lengths - {0}
        for name in TOGETHER:
            step(store, name)

        assert store.capabilities.points
