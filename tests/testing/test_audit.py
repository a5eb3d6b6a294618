"""The audit finds everything that does not recompute."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve

from peelflow.stores.base import FeedItem
from peelflow.stores.memory import MemoryStore
from peelflow.stores.rows import record_row
from peelflow.testing.audit import audit, feed_faults, whole_feed
from peelflow.testing.samples import append_next, batch, change, next_event, record


@pytest.fixture
def store() -> MemoryStore:
    """A store with two records, one of which moved twice, and a document."""
    store = MemoryStore()
    for _ in range(2):
        append_next(store, "a", changes=(change(),))
    append_next(store, "b")
    store.keep_document(sha256(b"letter").hexdigest(), b"letter")
    return store


def put(store: MemoryStore, at: int, **parts: Any) -> None:
    """Replace parts of the event at a place in the feed."""
    store._feed[at] = evolve(store._feed[at], **parts)


def change_text(store: MemoryStore) -> None:
    """Change a byte of a text."""
    put(store, 1, text=store._feed[1].text.replace("a clerk", "b clerk"))


def spoil_text(store: MemoryStore) -> None:
    """Keep a text that is no event."""
    put(store, 2, text="{}")


def change_key(store: MemoryStore) -> None:
    """Keep an event's row under a key that its text does not tell."""
    put(store, 2, event=evolve(store._feed[2].event, key="k"))


def lose_event(store: MemoryStore) -> None:
    """Lose a record's first event."""
    del store._feed[0]


def change_head(store: MemoryStore) -> None:
    """Let a record stand on another digest."""
    store._kept["a"] = evolve(store._kept["a"], head="0" * 64)


def lose_record(store: MemoryStore) -> None:
    """Lose a record's row."""
    del store._kept["b"]


def invent_record(store: MemoryStore) -> None:
    """Keep a record of which there is no event."""
    store._kept["c"] = evolve(store._kept["b"], record=record("c"))


def change_document(store: MemoryStore) -> None:
    """Keep another content under a digest."""
    store._documents = dict.fromkeys(store._documents, b"another")


def test_a_sound_store_has_no_finding(store: MemoryStore) -> None:
    """S10: what nobody touched recomputes."""
    assert audit(store) == ()


@pytest.mark.parametrize(
    ("spoil", "kind", "what"),
    [
        (change_text, "chain", "a breaks at event 2"),
        (spoil_text, "chain", "b: "),
        (lose_event, "chain", "a breaks at event 1"),
        (change_key, "row", "the events of b say otherwise"),
        (change_head, "row", "a stands at another event"),
        (lose_record, "row", "b has events and no row"),
        (invent_record, "row", "c stands at another event"),
        (change_document, "document", "holds another content"),
    ],
)
def test_finds_what_was_changed(
    store: MemoryStore, spoil: Callable[[MemoryStore], None], kind: str, what: str
) -> None:
    """S10: a changed text, row, head or document is found, and named."""
    spoil(store)

    found = [each for each in audit(store) if each.kind == kind]

    assert any(what in each.what for each in found), audit(store)


def test_finds_changes_that_no_event_made(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: the figures' ledger is the events' and nothing else."""
    monkeypatch.setattr("peelflow.stores.memory.change_rows", lambda _: [])

    assert "the changes are others than those of the events" in {x.what for x in audit(store)}


def test_finds_a_row_that_says_otherwise_than_its_text(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S10: a record's columns are those of its text."""
    monkeypatch.setattr(
        "peelflow.stores.memory.record_row",
        lambda kept, body: record_row(kept, body)._replace(state="closed"),
    )

    assert "the row of a says otherwise than its text" in {x.what for x in audit(store)}


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda feed: feed[1:], "position 2 stands where 1 should"),
        (lambda feed: (feed[0], feed[0]), "event 1 of a is out of its order"),
        (lambda feed: feed[:-1], "event 1 of b is not given"),
    ],
)
def test_finds_a_feed_that_is_not_dense(
    store: MemoryStore, spoil: Callable[[tuple[FeedItem, ...]], tuple[FeedItem, ...]], what: str
) -> None:
    """S5: a gap, an event given twice and one left out are found."""
    events = {("a", 1), ("a", 2), ("b", 1)}

    found = feed_faults(spoil(whole_feed(store)), events)

    assert what in [each.what for each in found]


def test_reads_a_long_feed_page_by_page() -> None:
    """S5: a feed of several pages is read to its end."""
    store = MemoryStore()
    store.append(batch(*(next_event(store, f"R{number}") for number in range(1001))))

    assert [each.position for each in whole_feed(store)] == list(range(1, 1002))
