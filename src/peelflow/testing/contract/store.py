"""StoreContract joins every promise in one class; chains, versions and closing stand here."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from peelflow.errors import StoreUnavailable, StoreVersion
from peelflow.stores.base import RecordQuery, Store
from peelflow.stores.rows import GENESIS, chain, verify_chain
from peelflow.testing.audit import recomputed
from peelflow.testing.contract.append import AtomicBatches, IdempotencyKeys, OptimisticConcurrency
from peelflow.testing.contract.base import Contract
from peelflow.testing.contract.processes import CrashRecovery, SharedByProcesses
from peelflow.testing.contract.reads import ConsistentReads, GaplessFeed
from peelflow.testing.contract.round_trips import DocumentContents, EventHistories, TextRoundTrips
from peelflow.testing.samples import NAME, append_next, batch, change, event, next_event, record


class HashChains(Contract):
    """S10."""

    def test_every_row_recomputes_from_the_events(self, store: Store) -> None:
        """S10: texts, digests, record rows, changes and documents say what the events say."""
        for event_parts in (
            {"key": "k"},
            {"changes": (change(), change("closed", level=None))},
            {},
        ):
            first = next_event(store, "a", **event_parts)
            store.append(batch(first, next_event(store, "b"), next_event(store, "$.")))
        append_next(store, "b", state="closed")
        append_next(store, "c", parent="a")
        store.keep_document(sha256(b"letter").hexdigest(), b"letter")

        assert recomputed(store) == ()

    def test_histories_are_chained(self, store: Store) -> None:
        """S10: each event stands on the digest before it, the record on the last one's."""
        for _ in range(3):
            append_next(store, "a")
        entries = store.history("a")

        assert verify_chain(entries) is None
        assert [each.previous for each in entries] == [
            GENESIS,
            *(each.digest for each in entries[:-1]),
        ]
        assert store.read(["a"])["a"].head == entries[-1].digest

    def test_a_snapshot_tells_what_the_store_tells(self, store: Store) -> None:
        """S10: whoever verifies a snapshot has verified what is read otherwise."""
        append_next(store, "a", key="k")
        append_next(store, "b")
        kept = {each: store.read([each])[each] for each in ("a", "b")}
        with store.snapshot() as snapshot:
            heads = {row.id: row.head for row in snapshot.records()}
            texts = [row.text for row in snapshot.histories()]
            rules = snapshot.lifecycles()

        assert heads == {name: each.head for name, each in kept.items()}
        assert texts == [each.text for name in kept for each in store.history(name)]
        assert rules == store.lifecycles()
        assert [each.id for each in store.records(RecordQuery())] == sorted(kept)


class SchemaVersions(Contract):
    """S12."""

    def test_a_newer_schema_is_refused(self, durable: Store, url: str) -> None:
        """S12: what a newer peelflow wrote is not opened, and the error says both versions."""
        append_next(durable)
        durable.close()
        self.make_newer(url)

        with pytest.raises(StoreVersion) as caught:
            self.reopened(url).history(NAME)

        assert caught.value.found > caught.value.known


LETTER_CONTENT = b"letter"
LETTER_DIGEST = sha256(LETTER_CONTENT).hexdigest()


def _call_append(store: Store) -> None:
    store.append(batch((chain(GENESIS, event(NAME)), record(NAME))))


def _call_snapshot(store: Store) -> None:
    with store.snapshot() as kept:
        list(kept.records())


STORE_CALLS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read([NAME]),
    "event_with_key": lambda store: store.event_with_key(NAME, "k"),
    "history": lambda store: store.history(NAME),
    "histories": lambda store: store.histories([NAME]),
    "records": lambda store: list(store.records(RecordQuery())),
    "totals": lambda store: list(store.totals()),
    "feed": lambda store: store.feed(0, 1),
    "position": lambda store: store.position(),
    "lifecycles": lambda store: store.lifecycles(),
    "document": lambda store: store.document(LETTER_DIGEST),
    "has_document": lambda store: store.has_document(LETTER_DIGEST),
    "keep_document": lambda store: store.keep_document(LETTER_DIGEST, LETTER_CONTENT),
    "append": _call_append,
    "snapshot": _call_snapshot,
}


class ClosedStores(Contract):
    """S13."""

    @pytest.mark.parametrize("asked", STORE_CALLS)
    def test_a_closed_store_says_so(self, store: Store, asked: str) -> None:
        """S13: nothing is answered and nothing kept, by whichever method; closed twice too."""
        append_next(store, "other")
        store.close()
        store.close()

        with pytest.raises(StoreUnavailable):
            STORE_CALLS[asked](store)


class StoreContract(
    AtomicBatches,
    OptimisticConcurrency,
    CrashRecovery,
    EventHistories,
    GaplessFeed,
    ConsistentReads,
    IdempotencyKeys,
    DocumentContents,
    TextRoundTrips,
    HashChains,
    SharedByProcesses,
    SchemaVersions,
    ClosedStores,
):
    """The promises S1 to S13; derive `Test…` from it and say where an empty store is.

    A promise that the store's `capabilities` do not claim is skipped by name. For example:

        class TestMine(StoreContract):
            @pytest.fixture
            def url(self, tmp_path):
                return f"mine:///{tmp_path}/register"

    Where the scheme is no entry point in `peelflow.stores`, name the `opener` too; to try S12 and
    a torn log, write `make_newer` and `log_of`.
    """
