"""What requirements ask for, and scenes in which they hold or just fail to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from peelflow.model.decisions import Act, Child, Context, Inspection
from peelflow.model.records import Attachment, Record, Value
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import Counts
from tests.engine.samples import RULE, Scene, appointed, day, document, done, scene

LETTER = Evidence("letter", span=RULE)
SIGNED = Evidence("letter", ("chief_constable", "nominated_deputy"), span=RULE)
SINCE_PAUSE = Evidence("letter", since="paused", span=RULE)
HELD = Inspection("INS-1", "planned", day(-5), day(-1), frozenset({"3", "7"}), force="Kent")
PLANNED = InspectionHeld("planned", span=RULE)
RELEVANT = InspectionHeld("any", relevant=True, span=RULE)
SET = FieldSet("owner", span=RULE)
OTHER = DistinctFrom("finish", span=RULE)
WAIT = Waited(13, span=RULE)
PUBLISHED = Waited(13, "published", span=RULE)
AGREED = PredicateHolds("agreed", span=RULE)
EITHER = AnyOf(((ReasonGiven(), SET), (LETTER, SuccessorNamed())), span=RULE)


def offered(**parts: Any) -> Scene:
    """Offer one letter with the act."""
    return scene(act={"evidence": (document(**parts),)})


def attached(number: int, **parts: Any) -> Scene:
    """Have one letter attached in event `number`."""
    return scene(record={"attachments": (Attachment(document(**parts), number),)})


def signed(person: str = "Chief", on: int = 1, **appointment: Any) -> Scene:
    """Offer a signed letter while the Chief holds office as the appointment says."""
    letter = document(signed_by=person, signed_on=day(on))
    office = evolve(appointed("Chief", "chief_constable"), **appointment)
    return scene(act={"evidence": (letter,)}, context={"appointments": (office,)})


def inspected(question: Value | None = "7.2", **parts: Any) -> Scene:
    """Rest the act on one inspection of a record with a question."""
    return scene(
        record={"fields": {"question": question} if question is not None else {}},
        act={"inspection": "INS-1"},
        context={"inspection": evolve(HELD, **parts)},
    )


def family(*counts: Mapping[str, Counts]) -> Scene:
    """Give the record children that count so."""
    children = tuple(Child(f"C-{place}", each) for place, each in enumerate(counts, start=1))
    return scene(context={"children": children})


def before(number: int, person: str = "Kim", **record: Any) -> Scene:
    """Have somebody finish in event `number`."""
    return scene(record={"done": {"finish": done(number, person)}, **record})


def published(value: Value) -> Scene:
    """Give the record a date of publication."""
    return scene(record={"fields": {"published": value}})


def both_said(record: Record, act: Act, context: Context) -> bool:
    """Say yes where the record, the act and the context are the ones that are judged."""
    return (record.id, act.trigger, context.today) == ("R-1", "close", day(3))
