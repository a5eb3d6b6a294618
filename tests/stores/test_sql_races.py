"""What an SQL store says to a writer who came too late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from peelflow.errors import Conflict, StoreBusy
from peelflow.stores import sql_writing
from peelflow.stores.open import open_store
from peelflow.stores.protocol import Store
from peelflow.testing.samples import batch, moved, step


@pytest.fixture
def late(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of one record, whose next batch finds another writer in its way."""
    store = open_store(postgres)
    step(store, "a")

    def append(*_: object, **__: object) -> None:
        raise StoreBusy(store.url)

    monkeypatch.setattr(sql_writing, "append", append)
    yield store
    store.close()


def test_who_lost_a_race_is_told_what_moved(late: Store) -> None:
    """S2: a record that somebody else added meanwhile is a Conflict, not a busy store."""
    with pytest.raises(Conflict) as caught:
        late.append(batch(moved(late, "b"), read={"a": 0}))

    assert (caught.value.record, caught.value.expected, caught.value.found) == ("a", 0, 1)


def test_a_store_that_is_busy_says_so(late: Store) -> None:
    """S2: where nothing moved, the batch may be tried again as it is."""
    with pytest.raises(StoreBusy):
        late.append(batch(moved(late, "b")))


@pytest.mark.parametrize(("read", "expected"), [({}, False), ({"b": 0}, True), ({"b": 1}, False)])
def test_a_batch_may_stand_on_a_record_that_is_missing(
    late: Store, read: dict[str, int], *, expected: bool
) -> None:
    """S2: what it adds itself needs no lock; what it read as missing does."""
    asked = batch(moved(late, "c"), read=read)

    assert sql_writing.reads_absence(asked) is expected
