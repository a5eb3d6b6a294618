"""Closing (S13): whatever is asked of a store that was closed, it says that it was."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from peelflow.errors import StoreUnreadable
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Store, Wanted
from peelflow.testing.contract.base import NAME, Contract
from peelflow.testing.samples import batch, event, record, step

CONTENT = b"letter"
DIGEST = sha256(CONTENT).hexdigest()


def _append(store: Store) -> None:
    store.append(batch((chain(GENESIS, event(NAME)), record(NAME))))


def _snapshot(store: Store) -> None:
    with store.snapshot() as kept:
        list(kept.records())


ASKED: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read([NAME]),
    "keyed": lambda store: store.keyed(NAME, "k"),
    "history": lambda store: store.history(NAME),
    "histories": lambda store: store.histories([NAME]),
    "records": lambda store: list(store.records(Wanted())),
    "totals": lambda store: list(store.totals()),
    "feed": lambda store: store.feed(0, 1),
    "position": lambda store: store.position(),
    "lifecycles": lambda store: store.lifecycles(),
    "document": lambda store: store.document(DIGEST),
    "has_document": lambda store: store.has_document(DIGEST),
    "keep_document": lambda store: store.keep_document(DIGEST, CONTENT),
    "append": _append,
    "snapshot": _snapshot,
}


class Closing(Contract):
    """S13."""

    @pytest.mark.parametrize("asked", ASKED)
    def test_a_closed_store_says_so(self, store: Store, asked: str) -> None:
        """S13: nothing is answered and nothing kept, by whichever method; closed twice too."""
        step(store, "other")
        store.close()
        store.close()

        with pytest.raises(StoreUnreadable):
            ASKED[asked](store)
