"""What a record lacks of what only its own past can give."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.engine.decide import missing_from_past
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    Waited,
)
from tests.builders.decisions import FIRST, day, rules, way

OWNED, THEME = FieldSet("owner"), FieldSet("theme")


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        (OWNED, ""),
        (THEME, "the field `theme` is not set"),
        (ReasonGiven(), ""),
        (Evidence("letter"), ""),
        (Evidence("letter", (), "begun"), "`begun` was never entered"),
        (InspectionHeld("planned", relevant=False), ""),
        (InspectionHeld("planned", relevant=False, since="begun"), "`begun` was never entered"),
        (
            InspectionHeld("planned", relevant=True),
            "the record has no question, so no inspection is relevant to it",
        ),
        (ChildForEach("answers", ("afi",), "source", "owner"), ""),
        (
            ChildForEach("answers", ("afi",), "source", "report"),
            "the field `report` is not set",
        ),
        (DistinctFrom("start"), "nobody did `start` since 2022-03-02"),
        (Waited(0), ""),
        (AnyOf(((OWNED,), (THEME,))), ""),
        (
            AnyOf(((THEME,), (OWNED, FieldSet("area")))),
            "the field `theme` is not set; or the field `area` is not set",
        ),
    ],
)
def test_says_what_the_past_of_a_record_lacks(requirement: Requirement, said: str) -> None:
    """Fields, waits, people and states; what can be given with an act is not lacking."""
    found = missing_from_past(rules(way(requirement)), FIRST, day(1))
    assert list(found.values()) == [said]


def test_a_question_makes_an_inspection_relevant() -> None:
    """Then one can be held."""
    asked = InspectionHeld("planned", relevant=True)
    record = evolve(FIRST, fields={"question": "7"})
    assert list(missing_from_past(rules(way(asked)), record, day(1)).values()) == [""]
