"""Any event and record comes back from its canonical text equal, or is refused with its name."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest, UnstorableText
from peelflow.model.records import EVENT_KINDS, Actor, Amended, Event, Record
from peelflow.stores.codec import check_text, event_from, event_text, record_from, record_text
from peelflow.testing.strategies import values_of
from tests.builders.stores import change, event, events, record, variants

GOLDEN: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("format1.json").read_text(encoding="utf-8")
)

VARIANTS: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("format1-options.json").read_text(encoding="utf-8")
)


@given(values_of(Event))
def test_an_event_comes_back_equal(told: Event) -> None:
    """S4, S9: whatever an event holds, it comes back equal, in every kind."""
    assert event_from(event_text(told)) == told


@given(values_of(Record))
def test_a_record_comes_back_equal(kept: Record) -> None:
    """S9: whatever a record holds, it comes back equal."""
    assert record_from(record_text(kept)) == kept


@given(values_of(Event))
def test_the_text_is_canonical(told: Event) -> None:
    """S10: keys are sorted by code point, there are no spaces, and the format is named."""
    raw = json.loads(event_text(told))

    assert raw["format"] == 1
    assert event_text(told) == json.dumps(
        raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_format_1_stays_what_it_was(kind: str) -> None:
    """S10, S12: the pinned text of each kind still reads and writes the same.

    Kept data outlives this code: never rewrite format1.json; another text is another format.
    """
    told, pinned = events()[kind], GOLDEN[kind]

    assert event_text(told) == pinned["text"]
    assert event_from(pinned["text"]) == told
    assert hashlib.sha256(pinned["text"].encode()).hexdigest() == pinned["digest"]


def test_a_records_format_1_stays_what_it_was() -> None:
    """S12: the pinned text of a record still reads and writes the same."""
    assert record_text(record()) == GOLDEN["record"]["text"]
    assert record_from(GOLDEN["record"]["text"]) == record()


@pytest.mark.parametrize("name", sorted(variants()))
def test_format_1_stays_what_it_was_with_any_options(name: str) -> None:
    """S10, S12: what is left out at its default, and what stands there otherwise, is pinned too.

    Like format1.json, never to be rewritten.
    """
    told, pinned = variants()[name], VARIANTS[name]

    assert event_text(told) == pinned["text"]
    assert event_from(pinned["text"]) == told
    assert hashlib.sha256(pinned["text"].encode()).hexdigest() == pinned["digest"]


@pytest.mark.parametrize("bad", ["\0", "a\0b", "\\\0", "\ud800", "é\udfff", "\ud83d\ude00"])
def test_refuses_what_no_store_keeps(bad: str) -> None:
    """S9: a NUL or a lone surrogate is refused, naming the record."""
    for refused in (event(reason=bad), event(actor=Actor(bad, "lead"))):
        with pytest.raises(UnstorableText) as caught:
            event_text(refused)
        assert caught.value.what == "WMP-R3-017"
    with pytest.raises(UnstorableText):
        record_text(record(fields={bad: "x"}))
    with pytest.raises(UnstorableText):
        check_text(bad, "key")


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_a_refused_id_is_named_in_ascii(bad: str) -> None:
    """S9: an error about an unprintable id can itself be printed."""
    with pytest.raises(UnstorableText) as caught:
        event_text(event(record=bad))
    assert caught.value.what == ascii(bad)


@pytest.mark.parametrize("good", ["\\u0000", "\\\\u0000", "\x01", "\x7f", "\u2028", "\U0001f4c8"])
def test_keeps_what_only_looks_wrong(good: str) -> None:
    """S9: a backslash before `u0000` is only text."""
    assert event_from(event_text(event(reason=good))).reason == good


def test_writes_any_zone_as_utc() -> None:
    """S10: `recorded_at` is written in UTC with microseconds."""
    summer = datetime(2024, 6, 1, 12, tzinfo=timezone(timedelta(hours=1)))

    text = event_text(event(recorded_at=summer))

    assert '"recorded_at":"2024-06-01T11:00:00.000000+00:00"' in text
    assert event_from(text).recorded_at.tzinfo is UTC


def test_refuses_a_clock_without_zone() -> None:
    """S10: a time without a zone is refused, not guessed."""
    with pytest.raises(InvalidRequest, match="no time zone"):
        event_text(event(recorded_at=datetime(2024, 6, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("wrong", [5, None, b"x", True])
def test_refuses_another_type_where_a_text_belongs(wrong: Any) -> None:
    """S4: what could not be read back is never written."""
    with pytest.raises(InvalidRequest, match="is no text"):
        event_text(event(actor=Actor(wrong, "lead")))


@given(st.sampled_from(sorted(GOLDEN)), st.data())
def test_says_why_a_text_cannot_be_read(kind: str, data: st.DataObject) -> None:
    """S12: a text of another shape is a ValueError, never half an event."""
    raw = json.loads(GOLDEN[kind]["text"])
    name = data.draw(st.sampled_from(sorted(raw)))
    wrong = data.draw(st.sampled_from([{"no": 1}, [[]], 1.5, [1]]))

    with pytest.raises(ValueError, match=r"format|text"):
        (record_from if kind == "record" else event_from)(json.dumps({**raw, name: wrong}))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "7", '{"format":2}', '{"format":1}', "{", "[" * 100_000]
)
def test_refuses_a_text_that_is_no_event(text: str) -> None:
    """S12: neither nonsense nor another format is guessed at."""
    with pytest.raises(ValueError, match=r"format|Expecting"):
        event_from(text)


def test_refuses_a_key_it_does_not_know() -> None:
    """S12: an unknown key would be lost on the way back, so it is refused."""
    text = event_text(event()).replace('"kind"', '"knew":1,"kind"')

    with pytest.raises(ValueError, match="knew"):
        event_from(text)


def test_refuses_a_word_that_is_none_of_its_few() -> None:
    """S12: a letter that flipped in a count makes no event of it, and no other error."""
    text = event_text(event(changes=(change(),)))
    flipped = text.replace('"counts":"open"', '"counts":"oxen"')

    assert flipped != text
    with pytest.raises(ValueError, match="format 1"):
        event_from(flipped)


def test_a_list_value_comes_back_as_a_tuple() -> None:
    """S4: an amended list of texts keeps its type."""
    told = evolve(event(), what=Amended("tags", "one", ("one", "two")))

    assert event_from(event_text(told)) == told
