"""Chains (S10): all that is kept recomputes from the events, and what was changed is found."""

from __future__ import annotations

from hashlib import sha256

from peelflow.stores.chain import GENESIS, verify_chain
from peelflow.stores.protocol import Store, Wanted
from peelflow.testing.audit import recomputed
from peelflow.testing.contract.base import Contract
from peelflow.testing.samples import batch, change, moved, step


class Chains(Contract):
    """S10."""

    def test_every_row_recomputes_from_the_events(self, store: Store) -> None:
        """S10: texts, digests, record rows, changes and documents say what the events say."""
        for told in ({"key": "k"}, {"changes": (change(), change("closed", level=None))}, {}):
            store.append(batch(moved(store, "a", told=told), moved(store, "b"), moved(store, "$.")))
        step(store, "b", state="closed")
        step(store, "c", parent="a")
        store.keep_document(sha256(b"letter").hexdigest(), b"letter")

        assert recomputed(store) == ()

    def test_histories_are_chained(self, store: Store) -> None:
        """S10: each event stands on the digest before it, the record on the last one's."""
        for _ in range(3):
            step(store, "a")
        entries = store.history("a")

        assert verify_chain(entries) is None
        assert [each.previous for each in entries] == [
            GENESIS,
            *(each.digest for each in entries[:-1]),
        ]
        assert store.read(["a"])["a"].head == entries[-1].digest

    def test_a_snapshot_tells_what_the_store_tells(self, store: Store) -> None:
        """S10: whoever verifies a snapshot has verified what is read otherwise."""
        step(store, "a", told={"key": "k"})
        step(store, "b")
        kept = {each: store.read([each])[each] for each in ("a", "b")}
        with store.snapshot() as snapshot:
            heads = {row.id: row.head for row in snapshot.records()}
            texts = [row.text for row in snapshot.histories()]
            rules = snapshot.lifecycles()

        assert heads == {name: each.head for name, each in kept.items()}
        assert texts == [each.text for name in kept for each in store.history(name)]
        assert rules == store.lifecycles()
        assert [each.id for each in store.records(Wanted())] == sorted(kept)
