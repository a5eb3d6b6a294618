"""What rules ask for, in words: what would meet a requirement, and what can be done from here."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.model.decisions import Reason, Refusal
from peelflow.model.records import Actor
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import After, Lifecycle, Pin, State, StateSet
from tests.builders.decisions import (
    AGREED,
    EITHER,
    LETTER,
    OPEN,
    OTHER,
    SET,
    SIGNED,
    Scene,
    refused,
    rules,
    scene,
    way,
)

ANSWERED = ChildForEach("answers", ("recommendation",), "source_report", "report")


@pytest.mark.parametrize(
    ("requirement", "instead"),
    [
        (LETTER, "give a `letter`"),
        (evolve(LETTER, since="paused"), "give a `letter` since paused"),
        (SIGNED, "give a `letter` signed by `chief_constable` or `nominated_deputy`"),
        (InspectionHeld("planned"), "give a planned inspection"),
        (
            InspectionHeld("any", relevant=True, since="paused"),
            "give any inspection that covers the record's question since paused",
        ),
        (ReasonGiven(), "give a reason"),
        (SET, "give the field `owner`"),
        (FieldSet("addressees", "pccs"), "give the field `addressees` with `pccs`"),
        (SuccessorNamed(), "give a successor"),
        (ChildrenClosed(), "close each child first; there must be at least one"),
        (
            ANSWERED,
            "give each `recommendation` a child that names it in `answers`, and close each child",
        ),
        (OTHER, "let one person do `finish`, and another this"),
        (
            evolve(OTHER, since="paused"),
            "let one person do `finish` since paused, and another this",
        ),
        (Waited(30), "wait until 30 days have passed since the window began"),
        (Waited(30, "paused"), "wait until 30 days have passed since `paused` was entered"),
        (
            Waited(30, "published"),
            "wait until 30 days have passed since the date in the field `published`",
        ),
        (
            EITHER,
            "give a reason and give the field `owner`; or give a `letter` and give a successor",
        ),
        (AGREED, "see to it that the predicate `agreed` says yes"),
    ],
)
def test_an_unmet_requirement_says_what_would_do(requirement: Requirement, instead: str) -> None:
    """Each kind of requirement asks in its own words for what would meet it."""
    (reason,) = refused(rules(way(requirement)), scene()).reasons
    assert reason.instead == instead


WAYS = rules(
    way(LETTER, ReasonGiven()),
    way(trigger="expire", by=("system",), after=After(1)),
    way(trigger="lapse", by=("system",), after=After(2, since="published")),
    way(trigger="fade", by=("system",), after=After(months=1)),
    way(trigger="end", by=("system",), after=After(working_days=20, beginning=True)),
    way(trigger="stop", by=("system",), after=After(56, since="published", beginning=True)),
    way(trigger="decide", by=("hmicfrs", "lead", "pcc")),
    paused=State(OPEN, transitions=(way(trigger="resume"),)),
    held=State(OPEN, transitions=(way(trigger="resume"), way(trigger="close"))),
)
OFFERS = (
    "from `open`: `liaison_officer` can `close` with a `letter` and a reason; "
    "`system` can `expire` once 1 day has passed since this state was entered; "
    "`system` can `lapse` once 2 days have passed since the date in the field `published`; "
    "`system` can `fade` once 1 month has passed since this state was entered; "
    "`system` can `end` once the last of 20 working days beginning with the day this state was "
    "entered has come; "
    "`system` can `stop` once the last of 56 days beginning with the date in the field `published` "
    "has come; "
    "`hmicfrs`, `lead` or `pcc` can `decide`"
)
EVERY_REQUIREMENT = rules(
    way(
        InspectionHeld("bespoke"),
        SET,
        SuccessorNamed(),
        ChildrenClosed(),
        ANSWERED,
        OTHER,
        Waited(1),
        Waited(2, "published"),
        AnyOf(((ReasonGiven(), SET), (AGREED,))),
    )
)
ALOUD = (
    "from `open`: `liaison_officer` can `close` with a bespoke inspection and the field `owner` "
    "and a successor and at least one child, each of them closed "
    "and for each `recommendation` whose `source_report` is the record's `report`, "
    "a child that names it in `answers`, each of them closed "
    "and another person than did `finish` and 1 day since the window began "
    "and 2 days since published and (a reason and the field `owner`) or (the predicate `agreed`)"
)


@pytest.mark.parametrize(
    ("lifecycle", "at", "expected"),
    [
        (
            WAYS,
            scene(act={"trigger": "resume"}),
            Reason("not here", "small@1 has `resume` only from `paused` or `held`", OFFERS),
        ),
        (
            EVERY_REQUIREMENT,
            scene(act={"trigger": "wave"}),
            Reason("not here", "small@1 has no `wave` at all", ALOUD),
        ),
        (
            WAYS,
            scene(record={"state": "closed"}),
            Reason(
                "not here", "small@1 has `close` only from `open` or `held`", "`closed` is an end"
            ),
        ),
    ],
)
def test_not_here_says_where_else_and_what_here(
    lifecycle: Lifecycle, at: Scene, expected: Reason
) -> None:
    """It names the states that have the trigger, what there is here instead, and the state."""
    (reason,) = refused(lifecycle, at).reasons
    assert reason == expected
    assert reason.span == lifecycle.states[at.record.state].span


NO_REASON = "not yet: no reason is given; give a reason"
CANNOT = "R-1 is `open`; cannot `close` as `lead`"


@pytest.mark.parametrize(
    ("noun", "words"),
    [
        (Actor("Sam", "lead"), "Sam (lead)"),
        (Pin("level-3", 2, "abc"), "level-3@2"),
        (rules(), "small@1"),
        (StateSet(state="closed"), "closed"),
        (StateSet(ledger="portal", counts="closed"), "portal closed"),
        (Reason("not yet", "no reason is given", "give a reason"), NO_REASON),
        (Refusal("R-1", "small@1", "open", "close", "lead", ()), CANNOT),
    ],
)
def test_nouns_say_themselves_as_files_and_officers_write_them(noun: object, words: str) -> None:
    """In a sentence, a noun reads as it would be typed."""
    assert str(noun) == words
