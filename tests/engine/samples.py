"""A small scene to judge acts in: one way from `open` to `closed`, and what surrounds it.

Days count from `DAY`. The record was added at number 1 on day -20, its window began at number 2 on
day -10, it paused at number 3 on day -5, and its last event is number 4, on day 0. The act is done
on day 3, which is today.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from attrs import evolve, field, frozen

from peelflow.engine.decide import decide
from peelflow.errors import Span
from peelflow.model.decisions import Act, Appointment, Context, Refusal
from peelflow.model.records import Actor, Document, Event, LastDone, Moment, Record
from peelflow.model.requirements import Requirement
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
