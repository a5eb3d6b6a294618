"""An event that is read part by part is what its text tells, and its text what is written of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.model.records import EVENT_KINDS, Actor, Event, TransitionTaken
from peelflow.stores import codec
from peelflow.stores.base import EventRow
from peelflow.stores.codec import canonical_event, event_from, event_text
from peelflow.stores.integrity import ChainHead, check_event
from peelflow.stores.reading import read_event
from peelflow.stores.soundness import event_faults
from peelflow.testing.strategies import values_of
from tests.builders.stores import change, event, events

STARTED = evolve(
    event("R-1", 2, TransitionTaken("start", "open", "in_progress")),
    changes=(change(on=date(2024, 1, 2)), change(on=date(2024, 1, 2), delta=-1)),
    on=date(2024, 1, 2),
)
PLAIN = event_text(STARTED)


@given(values_of(Event))
def test_what_is_read_so_is_the_event(told: Event) -> None:
    """Whatever it holds: or nothing is said of it, and it is read as JSON."""
    assert canonical_event(event_text(told)) in (None, told)
    assert event_from(event_text(told)) == told


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_events_without_escapes_are_read_so(kind: str) -> None:
    """Of every kind; but for changes of other days, which a correction alone has."""
    told = evolve(events()[kind], changes=())
    assert canonical_event(event_text(told)) == told
    assert canonical_event(PLAIN) == STARTED


@given(st.data())
def test_no_text_is_taken_for_what_it_is_not(data: st.DataObject) -> None:
    """Whatever is changed in it: what is read so is what a general reader reads, and written so."""
    place = data.draw(st.integers(0, len(PLAIN)))
    end = place + data.draw(st.integers(0, 3))
    put = data.draw(
        st.sampled_from(['"', "\\", "0", "1", "a", "{", "}", "[", "]", ",", ":", " ", "\n", ""])
    )
    made = PLAIN[:place] + put + PLAIN[end:]

    read = canonical_event(made)

    if read is not None:
        assert event_text(read) == made
        assert codec._decode(made, read_event) == read
    assert _outcome(event_from, made) == _outcome(_as_json, made)


def _outcome(read: Callable[[str], Event], text: str) -> object:
    try:
        return read(text)
    except ValueError as fault:
        return str(fault)


def _as_json(text: str) -> Event:
    return codec._decode(text, read_event)


def _put(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


ODD: dict[str, Callable[[str], str]] = {
    "a day in another form": _put('"on":"2024-01-02","record"', '"on":"20240102","record"'),
    "a day that there is none of": lambda text: text.replace("2024-01-02", "2024-02-30"),
    "a change of another day": _put('"on":"2024-01-02","state"', '"on":"2024-01-03","state"'),
    "a change of no day": _put('"on":"2024-01-02","state"', '"on":"","state"'),
    "changes of other days": lambda text: text.replace(
        '2024-01-02","state"', '2024-01-03","state"'
    ),
    "changes that are none": lambda text: (
        text[: text.index("[")] + "[]" + text[text.index("]") + 1 :]
    ),
    "a kind that there is none of": _put('"kind":"acted"', '"kind":"axed"'),
    "a default that is written out": _put('"new":', '"national":true,"new":'),
    "a word that comes twice": _put('"new":', '"new":"x","new":'),
    "a word that is not known": _put('"what":{', '"what":{"a":1,'),
    "spaces": _put(":", ": "),
    "a number with a zero in front": _put('"number":2', '"number":02'),
    "a moment elsewhere": _put("+00:00", "+01:00"),
    "a moment without a zone": _put("+00:00", ""),
    "an escape": _put('"R-1"', '"\\u0052-1"'),
    "a NUL": _put('"trigger":"', '"trigger":"\\u0000'),
    "half a character": _put('"R-1"', '"R-\ud800"'),
    "another format": _put('"format":1', '"format":2'),
    "a role that is no text": lambda text: text.replace('"role":"', '"role":1,"x":"', 1),
}


@pytest.mark.parametrize("what", ODD)
def test_nothing_is_said_of_other_texts(what: str) -> None:
    """They are read as JSON, and refused or told as that reads them."""
    odd = ODD[what](PLAIN)

    assert odd != PLAIN
    assert canonical_event(odd) is None
    assert _outcome(event_from, odd) == _outcome(_as_json, odd)


@pytest.mark.parametrize("odd", [None, 1, b"{}"])
def test_nothing_is_said_of_what_is_no_text(odd: object) -> None:
    """A damaged database gives anything."""
    assert canonical_event(odd) is None  # type: ignore[arg-type]


def test_a_long_list_of_changes_is_read_and_not_remembered() -> None:
    """So a made-up export leaves nothing in memory; nor does a long name of who acts."""
    many = evolve(STARTED, changes=STARTED.changes * 50, actor=Actor("a" * 300, "hmicfrs"))
    before = codec._known_lines.cache_info().currsize, codec._known_actor.cache_info().currsize
    assert canonical_event(event_text(many)) == many
    assert before == (
        codec._known_lines.cache_info().currsize,
        codec._known_actor.cache_info().currsize,
    )


def test_a_moment_is_held_to_the_year_that_it_is_written_in() -> None:
    """Also behind an equal one that is written in another."""
    late = datetime(1970, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    early = late.astimezone(UTC)
    told = evolve(STARTED, on=date(1969, 1, 1), changes=())
    codes = [
        [fault.code for fault in event_faults(evolve(told, recorded_at=at))] for at in (late, early)
    ]
    assert codes == [[], ["day-unfit"]]


def test_a_moment_that_is_in_no_year_of_utc_is_a_finding() -> None:
    """An event cannot be written as recorded then, and is unreadable."""
    moment = '"recorded_at":"0001-01-01T00:00:00.000000+01:00"'
    text = re.sub('"recorded_at":"[^"]*"', moment, PLAIN)
    row = EventRow("R-1", 2, "2024-01-02", "acted", None, text, "", "")
    told, found = check_event(row, ChainHead())
    assert (told, found[-1].code) == (None, "event-unreadable")
