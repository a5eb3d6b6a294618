"""The chain finds what was changed after it was kept."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.stores.base import StoredEvent
from peelflow.stores.rows import GENESIS, chain, chained_digest, verify_chain
from tests.builders.stores import event


def chained(count: int = 4) -> list[StoredEvent]:
    """Return the first events of one record."""
    entries: list[StoredEvent] = []
    for number in range(1, count + 1):
        head = entries[-1].digest if entries else GENESIS
        entries.append(chain(head, event(number=number)))
    return entries


def test_the_digest_is_taken_over_what_went_before_and_the_text() -> None:
    """S10: anybody can recompute a digest with SHA-256 alone."""
    first, second = chained(2)

    assert first.digest == sha256(first.text.encode()).hexdigest()
    assert second.digest == sha256((first.digest + second.text).encode()).hexdigest()


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_whole_chain_verifies(count: int) -> None:
    """S10: what nobody touched is sound."""
    assert verify_chain(iter(chained(count))) is None


@given(st.integers(0, 3), st.data())
def test_one_changed_byte_is_found(place: int, data: st.DataObject) -> None:
    """S10: any other byte in a kept text breaks the chain at its event."""
    entries = chained()
    text = bytearray(entries[place].text.encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 127))
    entries[place] = evolve(entries[place], text=text.decode("utf-8", "replace"))

    assert verify_chain(entries) == place + 1


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "0" * 64},
        {"previous": "0" * 64},
        {"event": event(number=2, reason="another")},
        {"event": event(number=5)},
        {"event": event("another", number=2)},
    ],
)
def test_any_changed_part_is_found(change: dict[str, Any]) -> None:
    """S10: a digest, a link, a number or another event than the text tells is found."""
    entries = chained()
    entries[1] = evolve(entries[1], **change)

    assert verify_chain(entries) == 2


def test_a_missing_event_is_found() -> None:
    """S10: the first event that does not follow is named."""
    first, _, *rest = chained()

    assert verify_chain([first, *rest]) == 2


def test_a_text_that_is_no_event_is_found() -> None:
    """S10: a text of nonsense is broken even when its digest fits."""
    entries = chained(1)
    entries[0] = evolve(entries[0], text="{}", digest=chained_digest(GENESIS, "{}"))

    assert verify_chain(entries) == 1
