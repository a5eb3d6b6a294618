"""What a field may hold, by its declared type, and days that count from another field."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest
from peelflow.model.records import Value
from peelflow.model.rules import Category, Counted, FieldRule
from peelflow.register.validation import FieldInput, checked_fields

SIZES = ("small", "large")
CATEGORY = Category(
    "Case",
    fields={
        "note": FieldRule("text", "Note"),
        "owner": FieldRule("person", "Owner"),
        "heard": FieldRule("date", "Heard"),
        "reply": FieldRule("date", "Reply", counts_from=Counted("heard", 28)),
        "size": FieldRule("choice", "Size", choices=SIZES),
        "sizes": FieldRule("list", "Sizes", choices=SIZES),
        "tags": FieldRule("list", "Tags"),
        "earlier": FieldRule("reference", "Earlier case", to=("case",)),
    },
)


def checked(**given: FieldInput) -> dict[str, Value]:
    """Return what is kept of the fields of a case."""
    return dict(checked_fields(CATEGORY, given, record="C-1"))


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("note", "Ring back", "Ring back"),
        ("owner", "lead-1", "lead-1"),
        ("reply", date(2023, 3, 30), "2023-03-30"),
        ("size", "large", "large"),
        ("sizes", ["large", "small"], ("large", "small")),
        ("sizes", [], ()),
        ("tags", ["anything"], ("anything",)),
        ("earlier", "C-0", "C-0"),
    ],
)
def test_keeps_what_is_of_its_type(name: str, value: FieldInput, kept: Value) -> None:
    """Texts as they are, dates as ISO texts, lists as tuples."""
    assert checked(**{name: value}) == {name: kept}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("note", ["Ring back"], "C-1: the field `note`: is no text, or empty"),
        ("note\0", "Ring back", "is not declared for its category; did you mean `note`?"),
        ("n\u00f6te", "Ring back", "C-1: the field `n\u00f6te`"),
        ("owner", " ", "is no text, or empty; give a text: Owner"),
        ("heard", "30/03/2023", "is '30/03/2023', which is no date; write it as 2023-03-30"),
        ("size", "huge", "is 'huge'; use `small` or `large`"),
        ("sizes", ["small", "huge"], "has the item 'huge'; use `small` or `large`"),
        ("sizes", "small", "is no list of texts"),
        ("tags", ["a", ""], "is no list of texts"),
        ("earlier", ["C-0"], "is no text, or empty"),
        ("heard", "9999-12-31", "is counted from 9999-12-31, and lies beyond the calendar"),
    ],
)
def test_refuses_what_is_not(name: str, value: FieldInput, sentence: str) -> None:
    """Each type has its own sentence, which names the field and what would do."""
    with pytest.raises(InvalidRequest) as refused:
        checked(**{name: value})
    assert sentence in str(refused.value)


@given(st.dates(max_value=date(9999, 12, 3)))
def test_a_counted_day_is_filled_in(heard: date) -> None:
    """It lies so many days after the day it counts from, in every year."""
    assert checked(heard=heard)["reply"] == str(heard + timedelta(28))


def test_a_counted_day_that_is_given_is_kept() -> None:
    """A deadline that was set otherwise already is not overwritten."""
    assert checked(heard="2023-01-01", reply="2023-06-01")["reply"] == "2023-06-01"


def test_a_counted_day_without_its_beginning_is_not_set() -> None:
    """There is nothing to count from."""
    assert "reply" not in checked(note="Ring back")
