"""A batch may be as large as an import of years is: no database's limit on a statement is met."""

from __future__ import annotations

import pytest

from peelflow.errors import Conflict, KeyReused
from peelflow.stores.base import Store
from tests.builders.stores import append_next, batch, next_event

KEYS = 1_100
IDS = [f"R-{number:05}" for number in range(70_000)]


def test_every_event_of_a_large_batch_may_have_a_key(store: Store) -> None:
    """And each is found again, or told when another act would use it."""
    store.append(batch(*(next_event(store, name, key="k") for name in IDS[:KEYS])))
    assert store.event_with_key(IDS[KEYS - 1], "k") is not None
    told = [{"key": "k" if name == IDS[KEYS - 1] else "other"} for name in IDS[:KEYS]]
    again = [next_event(store, name, **each) for name, each in zip(IDS, told, strict=False)]
    with pytest.raises(KeyReused) as caught:
        store.append(batch(*again))
    assert caught.value.record == IDS[KEYS - 1]


def test_more_records_can_be_asked_for_than_a_statement_takes(store: Store) -> None:
    """Those that exist come back, and a batch may rest on the number of each."""
    append_next(store, IDS[0])
    append_next(store, IDS[-1])
    assert set(store.read(IDS)) == {IDS[0], IDS[-1]}
    read = {name: int(name == IDS[0]) for name in IDS}
    with pytest.raises(Conflict) as caught:
        store.append(batch(next_event(store, "S"), read_set=read))
    assert caught.value.record == IDS[-1]
