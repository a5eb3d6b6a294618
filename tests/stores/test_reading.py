"""The reader by hand takes what a reader by the types takes, and refuses what that refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.model.records import EVENT_KINDS, Attachment, Event, LastDone, Moment, Record
from peelflow.stores.codec import event_from, event_text, record_from, record_text
from peelflow.testing.strategies import values_of
from tests.builders.stores import DAY, LETTER, change, event, events, record, variants
from tests.oracles.reading import event_by_types, record_by_types

Json = Any
Path_ = tuple[str | int, ...]
FULL = evolve(
    record(),
    children=("WMP-2",),
    done={"start": LastDone(2, DAY, "Ann")},
    attachments=(Attachment(LETTER, 2),),
    spent=frozenset({"e" * 64}),
    successor="WMP-3",
    assumed=True,
    spent_for={"e" * 64: ("certify", "")},
    withdrawn=True,
    note_documents=(Attachment(LETTER, 3),),
    joint_with=("GMP",),
    was_joint_with=("Kent",),
    joint_acts="any",
    window=Moment(2, DAY),
    walked=True,
)
RECORDS = {
    "plain": record(),
    "full": FULL,
    "of before": evolve(FULL, walked=None),
    "assumed": evolve(FULL, window=Moment(1, DAY), walked=False),
}
TEXTS: dict[str, str] = {
    **{name: event_text(each) for name, each in events().items()},
    **{name: event_text(each) for name, each in variants().items()},
    "with all": event_text(
        event(reason="x", source="y", key="z", changes=(change(), change(level=None)))
    ),
    **{f"record, {name}": record_text(each) for name, each in RECORDS.items()},
}
LEFT_OUT = object()
OTHERS: tuple[Any, ...] = (
    *(LEFT_OUT, None, True, False, 0, 1, 1.0, -1, "", "lead", "2024-01-31", "20240131", "2024-W05"),
    *([], {}, [""], [1], [[]], {"": ""}, {"": []}, {"": 1}, {"name": "x"}),
    *({"number": 1, "on": "2024-01-31"}, {"number": True, "on": "2024-01-31"}),
    *("2024-01-31T10:00:00+00:00", "open"),
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from(["2024-01-31", "open", "any"]),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3)
    ),
    max_leaves=6,
)


def result_of(read: Callable[[str], Event | Record], text: str) -> tuple[object, str] | None:
    """Return what a reader makes of a text, with the type of each part; None where it refuses."""
    try:
        value = read(text)
    except ValueError:
        return None
    return value, repr(asdict(value))  # True and 1 are equal


def check_agreement(raw: Json, *, is_record: bool) -> None:
    """Hold both readers to each other over one value of JSON."""
    text = json.dumps(raw)
    readers = (record_from, record_by_types) if is_record else (event_from, event_by_types)
    by_hand, by_types = (result_of(read, text) for read in readers)
    assert by_hand == by_types, text


def each_place(raw: Json, place: Path_ = ()) -> Iterator[Path_]:
    """Yield where every part of a value stands."""
    yield place
    parts = enumerate(raw) if isinstance(raw, list) else ()
    for name, part in raw.items() if isinstance(raw, dict) else parts:
        yield from each_place(part, (*place, name))


def with_other(raw: Json, place: Path_, other: Any) -> Json:
    """Return a value with another part in a place, or with none."""
    if not place:
        return None if other is LEFT_OUT else other
    changed = deepcopy(raw)
    inside = changed
    for name in place[:-1]:
        inside = inside[name]
    if other is LEFT_OUT:
        del inside[place[-1]]
    else:
        inside[place[-1]] = other
    return changed


def with_unknown(raw: Json, place: Path_) -> Json:
    """Return a value with a key that nobody knows, where an object stands."""
    inside = changed = deepcopy(raw)
    for name in place:
        inside = inside[name]
    if isinstance(inside, dict):
        inside["knew"] = 1
    return changed


def shapes() -> Iterator[str]:
    """Yield the names of texts, each of which has a part that none before it has."""
    known: set[tuple[object, ...]] = set()
    for name, text in TEXTS.items():
        raw = json.loads(text)
        parts = {(raw.get("kind"), *map(str, place)) for place in each_place(raw)}
        if not parts <= known:
            yield name
        known |= parts


@pytest.mark.parametrize("name", [*shapes()])
def test_both_readers_agree_on_every_part(name: str) -> None:
    """S12: whatever is missing, unknown or of another kind is refused, as by its types."""
    raw, is_record = json.loads(TEXTS[name]), name.startswith("record")
    check_agreement(raw, is_record=is_record)
    for place in each_place(raw):
        check_agreement(with_unknown(raw, place), is_record=is_record)
        for other in OTHERS:
            check_agreement(with_other(raw, place, other), is_record=is_record)


@given(values_of(Event) | values_of(Record), JSON_VALUES, st.data())
def test_both_readers_agree_on_anything(
    value: Event | Record, other: Json, data: st.DataObject
) -> None:
    """S12: any event or record, and any JSON in the place of any part of it."""
    is_record = isinstance(value, Record)
    raw = json.loads(record_text(value) if isinstance(value, Record) else event_text(value))
    place = data.draw(st.sampled_from(list(each_place(raw))))

    check_agreement(raw, is_record=is_record)
    check_agreement(with_other(raw, place, other), is_record=is_record)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_an_event_of_each_kind_is_held_to_its_types(kind: str) -> None:
    """None is left out of what the readers are compared on."""
    assert result_of(event_from, TEXTS[kind]) is not None
