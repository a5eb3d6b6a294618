"""Acts to judge: one transition with what surrounds it, what requirements ask for, histories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from attrs import evolve, field, frozen

from peelflow.engine.decide import decide
from peelflow.engine.fold import fold
from peelflow.errors import Span
from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection, Refusal
from peelflow.model.records import (
    Actor,
    Added,
    Attachment,
    Document,
    Event,
    EventPayload,
    LastDone,
    Moment,
    Record,
    TransitionTaken,
    Value,
)
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import AppliesTo, Counts, Lifecycle, Pin, Role, State, Transition
from peelflow.testing import VOCABULARY

DAY = date(2022, 3, 1)
RULE = Span("rule.yaml", 7, 3)
NOW = datetime(2022, 3, 4, 12, tzinfo=UTC)
ROLES: Mapping[str, Role] = {
    name: evolve(role, span=Span("roles.yaml", line))
    for line, (name, role) in enumerate(VOCABULARY.roles.items(), start=1)
}
SAM = Actor("Sam", "liaison_officer")
OPEN: Mapping[str, Counts] = {"portal": "open"}
CLOSED: Mapping[str, Counts] = {"portal": "closed"}
A_RECORD = Record(
    id="R-1",
    number=4,
    on=DAY,
    force="Kent",
    category="recommendation",
    level=3,
    lifecycle=Pin("small", 1, "digest"),
    state="open",
    issued=DAY - timedelta(20),
    fields={},
    parent=None,
    window=Moment(2, DAY - timedelta(10)),
    entered={"open": Moment(1, DAY - timedelta(20)), "paused": Moment(3, DAY - timedelta(5))},
)


def day(number: int) -> date:
    """Return the day `number` days after the record's last event."""
    return DAY + timedelta(number)


@frozen
class Scene:
    """What a judgement needs, besides the rules."""

    record: Record = A_RECORD
    act: Act = field(factory=lambda: Act("close", SAM, day(3), "a clerk"))
    context: Context = field(factory=lambda: Context(NOW, day(3)))


def scene(
    *,
    record: Mapping[str, Any] | None = None,
    act: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
) -> Scene:
    """Return the usual scene with some parts changed."""
    usual = Scene()
    return Scene(
        evolve(usual.record, **(record or {})),
        evolve(usual.act, **(act or {})),
        evolve(usual.context, **(context or {})),
    )


def way(*requires: Requirement, **parts: Any) -> Transition:
    """Return the transition `close`, which the liaison officer may do, with some parts changed."""
    usual = Transition("close", "closed", ("liaison_officer",), implements="close", span=RULE)
    return evolve(usual, requires=requires, **parts)


def rules(*ways: Transition, **states: State) -> Lifecycle:
    """Return a lifecycle with these ways out of `open`, and more states where they are named."""
    return Lifecycle(
        name="small",
        version=1,
        in_force_from=date(2020, 1, 1),
        title="Small",
        applies_to=AppliesTo(("recommendation",), (3,)),
        initial="open",
        states={
            "open": State(OPEN, transitions=ways, span=Span("rule.yaml", 5)),
            "paused": State(OPEN),
            "closed": State(CLOSED, final=True, span=Span("rule.yaml", 20)),
            **states,
        },
        roles=ROLES,
    )


def judge(lifecycle: Lifecycle, at: Scene) -> Event | Refusal:
    """Decide a scene's act under a lifecycle."""
    return decide(lifecycle, at.record, at.act, at.context)


def refused(lifecycle: Lifecycle, at: Scene) -> Refusal:
    """Return the refusal of a scene's act, which there must be."""
    decided = judge(lifecycle, at)
    assert isinstance(decided, Refusal)
    return decided


def accepted(lifecycle: Lifecycle, at: Scene) -> Event:
    """Return the event of a scene's act, which there must be."""
    decided = judge(lifecycle, at)
    assert isinstance(decided, Event)
    return decided


def document(name: str = "letter.txt", kind: str = "letter", **parts: Any) -> Document:
    """Return what is known of a document, by its name."""
    usual = Document(digest_of(name), kind, name, len(name))
    return evolve(usual, **parts)


def digest_of(name: str) -> str:
    """Return the digest of the document of that name."""
    return sha256(name.encode()).hexdigest()


def appointed(person: str, role: str, **parts: Any) -> Appointment:
    """Return an open-ended appointment in the record's force."""
    return evolve(Appointment(person, role, A_RECORD.force, day(-100)), **parts)


def done(number: int, person: str) -> LastDone:
    """Return that somebody did a trigger in the record's event `number`."""
    return LastDone(number, DAY, person)


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


OLD, NEW = Pin("old", 1, "a"), Pin("new", 2, "b")
ADDED = Added("Kent", "afi", 3, OLD, "open", {"owner": "Kim"}, parent="P-1")
SHORT_LETTER = document()


def event(number: int, what: EventPayload, on: int | None = None) -> Event:
    """Return an event by its number, dated that many days after the first day."""
    return Event("R-1", number, what, day(number if on is None else on), SAM, "a clerk", NOW)


def history(*whats: EventPayload) -> tuple[Event, ...]:
    """Return a history, an event a day, that begins with the record being added."""
    return tuple(event(number, what) for number, what in enumerate((ADDED, *whats), start=1))


def moment(number: int) -> Moment:
    """Return the moment of an event dated by its number."""
    return Moment(number, day(number))


def acted(trigger: str, old: str, new: str, **parts: Any) -> TransitionTaken:
    """Return what an act did."""
    return evolve(TransitionTaken(trigger, old, new), **parts)


FIRST = fold(history())
START = acted("start", "open", "begun")
CLOSE = acted("close", "begun", "closed", evidence=(SHORT_LETTER,), counted=(SHORT_LETTER.digest,))
