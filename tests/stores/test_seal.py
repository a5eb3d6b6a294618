"""A seal and its heads: what they say, and how a register differs from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.tamper import LIAISON, fill
from peelflow.errors import InvalidRequest
from peelflow.register.register import Register
from peelflow.stores.integrity import ChainHead, Discrepancy
from peelflow.stores.rows import GENESIS, chain, event_row
from peelflow.stores.seals import (
    Seal,
    heads_from,
    heads_text,
    seal_discrepancies,
    seal_feed,
    seal_from,
    seal_text,
)
from tests.builders.stores import event

SEAL = Seal(2, 2, "a" * 64, "b" * 64)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)


def test_a_seal_says_how_far_and_over_what(tmp_path: Path) -> None:
    """The last position, the number of events, and each record's last event beside it."""
    sealed, heads = fill(tmp_path / "register.db", 2)

    assert (sealed.position, sealed.count) == (10, 10)
    assert {record: link.number for record, link in heads.items()} == {"WMP-0000": 5, "WMP-0001": 5}
    assert str(sealed) == f"position 10, 10 events, root {sealed.root}"


@given(st.integers(0, 2**53), digests, digests)
def test_a_seal_survives_its_file(position: int, root: str, heads: str) -> None:
    """What is written is what is read."""
    sealed = Seal(position, position, root, heads)

    assert seal_from(seal_text(sealed)) == sealed


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 99)))
def test_heads_survive_their_file(numbers: dict[str, int]) -> None:
    """Whatever characters the records' ids have."""
    heads = {record: ChainHead(number, "c" * 64) for record, number in numbers.items()}

    assert heads_from(heads_text(heads)) == heads


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        seal_text(SEAL).replace('"format": 1', '"format": 2'),
        seal_text(SEAL).replace("a" * 64, "a" * 63),
        seal_text(SEAL).replace('"position": 2', '"position": -2'),
        seal_text(SEAL).replace('"position": 2', '"position": true'),
        json.dumps({**json.loads(seal_text(SEAL)), "more": 1}),
    ],
)
def test_what_is_no_seal_is_refused(told: str) -> None:
    """In words, never with a traceback."""
    with pytest.raises(InvalidRequest, match="the seal: is none of format 1 or 2"):
        seal_from(told)


@pytest.mark.parametrize(
    "told",
    [
        *("x", "{}", "[1]", '["a", 1, "b"]\n[2]', "[" * 100_000, '["\\ud800",1,"a"]', "[[],1,2]"),
        *('["a", "1", "b"]', '["a", null, "b"]', '["a", true, "b"]', '["a", 1.5, "b"]'),
        *('[1, 1, "b"]', '["a", 1, 2]', '["a", NaN, "b"]'),
    ],
)
def test_what_are_no_heads_is_refused(told: str) -> None:
    """In words, never with a traceback."""
    with pytest.raises(InvalidRequest, match="the heads: cannot be read"):
        heads_from(told)


def test_heads_of_another_seal_are_refused(tmp_path: Path) -> None:
    """They would name the wrong records."""
    sealed, _ = fill(tmp_path / "register.db", 1)
    with (
        Register.open(f"sqlite:///{tmp_path / 'register.db'}") as register,
        pytest.raises(InvalidRequest, match="the heads: are not the seal's"),
    ):
        register.verify(sealed=sealed, heads={})


def test_what_came_after_the_seal_is_no_fault(tmp_path: Path) -> None:
    """A register goes on."""
    path = tmp_path / "register.db"
    sealed, heads = fill(path, 2)
    fill(path, 0)
    with Register.open(f"sqlite:///{path}") as register:
        register.keep(b"more", kind="letter", name="more.txt")
        day = register.record("WMP-0000").on
        register.amend("WMP-0000", "owner", "x", actor=LIAISON, on=day, reason="r")
        assert register.verify(sealed=sealed, heads=heads) == ()


def test_without_heads_the_seal_tells_how_many_are_left() -> None:
    """A register shorter than its seal, and one as long that says other things."""
    gone = list(seal_discrepancies([], SEAL))
    assert gone == [
        Discrepancy("", 0, "seal-broken", "2 events were sealed and 0 of them are left")
    ]


def test_an_unplaced_event_is_not_sealed() -> None:
    """What has no position yet comes with the next seal."""
    assert seal_feed([(None, None)])[0].count == 0  # type: ignore[list-item]


def test_a_row_of_no_number_has_no_head() -> None:
    """The seal counts it, and `verify` tells it: nothing is taken for the head of its record."""
    first = event_row(chain(GENESIS, event("a", 1)))
    wrong = first._replace(number="two")  # type: ignore[arg-type]  # as SQLite may give it
    sealed, heads = seal_feed([(1, first), (2, wrong)])
    assert (sealed.count, heads["a"].number) == (2, 1)


def test_an_event_put_before_the_seal_is_named() -> None:
    """A record has more events before the seal than it had."""
    first = event_row(chain(GENESIS, event("a", 1)))
    second = event_row(chain(first.digest, event("a", 2)))
    other = event_row(chain(GENESIS, event("b", 1)))
    sealed, heads = seal_feed([(1, first), (2, other)])

    found = list(seal_discrepancies([(1, first), (2, second), (3, other)], sealed, heads))

    assert [(each.record, each.event) for each in found] == [("a", 2), ("b", 1)]
    assert "a later one was put before the seal" in found[0].sentence
