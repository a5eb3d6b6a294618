"""Whatever narrows an appointment or inspection: refused, or as if it had been so all along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from attrs import define, field
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest, PeelflowError
from peelflow.model.decisions import Refusal, Refused
from peelflow.model.records import Document, Event, TransitionTaken
from peelflow.model.requirements import Evidence, InspectionHeld
from peelflow.model.rules import SYSTEM, Transition
from peelflow.register.register import Register
from tests.builders.force import FORCE, HMICFRS, KINDS, LIAISON, START, World, actor, clock

Fields = dict[str, Any]
Ask = Callable[[Register], Event]
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
CHIEF, DEPUTY, HELD = "the-chief", "the-deputy", "the-inspection"


def day(days: int) -> date:
    """Return a day of these lives."""
    return START + timedelta(days)


@define
class Town:
    """What acts rest on, and what was asked for on each record, with the number of its event."""

    on: dict[str, Fields]
    world: World
    asked: list[tuple[str, int, Ask]] = field(factory=list)


def settled(on: dict[str, Fields], *, called_off: bool = False) -> World:
    """Return a world with these two appointments, and this one inspection."""
    register = Register.open("memory:", clock=clock)
    for record in (CHIEF, DEPUTY):
        said: Fields = {"category": "appointment", "force": FORCE, "issued": START}
        register.add(record, fields=on[record], actor=LIAISON, **said)
    said = {"category": "inspection", "force": FORCE, "issued": START, "fields": on[HELD]}
    if called_off:
        more: Fields = {"on": START, "state": "cancelled", "reason": "as the old list says"}
        register.take_over(HELD, actor=HMICFRS, **said, **more, **PORTAL)
    else:
        register.add(HELD, actor=HMICFRS, **said, **PORTAL)
    return World(register)


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """Draw a force whose records rest on its people and on one inspection, as the rules allow."""
    ends = draw(st.sampled_from([None, day(12), day(30)]))
    deputy: Fields = {"person": "deputy", "role": "nominated_deputy", "first_day": day(-9)}
    on: dict[str, Fields] = {
        CHIEF: {"person": "chief-constable", "role": "chief_constable", "first_day": day(-9)},
        DEPUTY: {**deputy, "last_day": ends} if ends else deputy,
        HELD: {
            "kind": "planned",
            "first_day": day(2),
            "last_day": day(draw(st.integers(2, 40))),
            "questions": ["7", "9"],
        },
    }
    town = Town(on, settled(on))
    for number in range(draw(st.integers(1, 3))):
        name, kind = f"R-{number}", draw(st.sampled_from(KINDS[1:3]))
        _ask(town, name, _adds(name, kind.category, kind.level, town.world.day))
    for _ in range(draw(st.integers(2, 9))):
        town.world.later(draw(st.integers(0, 4)))
        name = draw(st.sampled_from([each for each, number, _ in town.asked if number == 1]))
        ways = [way for way in town.world.ways_out(name) if way.by != (SYSTEM,)]
        if draw(st.sampled_from([False, False, True])):
            _ask(town, name, _attaches(town, name))
        if ways:
            way = draw(st.sampled_from(ways))
            _ask(town, name, _acts(town, name, way, draw(st.sampled_from(way.by))))
    return town


def _ask(town: Town, record: str, ask: Ask) -> None:
    """Ask for something; what is refused was not lived."""
    number = len(town.world.register.store.history(record)) + 1
    try:
        ask(town.world.register)
    except Refused:
        return
    town.asked.append((record, number, ask))


def _adds(name: str, category: str, level: int | None, on: date) -> Ask:
    said: Fields = {"category": category, "level": level, "force": FORCE, "issued": on}
    fields = {"question": "7.2", "owner": "lead"}
    return lambda register: register.add(name, fields=fields, actor=HMICFRS, **said, **PORTAL)


def _kept(register: Register, document: Document) -> Document:
    return register.keep(
        document.name.encode(),
        kind=document.kind,
        name=document.name,
        signed_by=document.signed_by,
        signed_on=document.signed_on,
    )


def _attaches(town: Town, name: str) -> Ask:
    letter, on = town.world.letter(), town.world.day
    return lambda register: register.attach(name, _kept(register, letter), actor=LIAISON, on=on)


def _acts(town: Town, name: str, way: Transition, role: str) -> Ask:
    asked = {type(requirement) for requirement in way.requires}
    letters = (town.world.letter(),) if Evidence in asked else ()
    given: Fields = {
        "inspection": HELD if InspectionHeld in asked else None,
        "reason": "as it is",
        "successor": HELD,
        **(PORTAL if role == "hmicfrs" else {}),
    }
    on = town.world.day

    def ask(register: Register) -> Event:
        evidence = [_kept(register, letter) for letter in letters]
        return register.fire(
            name, way.trigger, actor=actor(role), on=on, evidence=evidence, **given
        )

    return ask


CHANGES: list[tuple[str, str, Any]] = [
    *((who, "last_day", day(days)) for who in (CHIEF, DEPUTY) for days in (-5, 3, 9, 15, 50)),
    *((who, "first_day", day(days)) for who in (CHIEF, DEPUTY) for days in (-20, 2, 8, 14)),
    *((who, "person", "somebody-else") for who in (CHIEF, DEPUTY)),
    (CHIEF, "role", "lead"),
    (DEPUTY, "role", "chief_constable"),
    *((HELD, "first_day", day(days)) for days in (1, 6, 12)),
    *((HELD, "last_day", day(days)) for days in (5, 10, 60)),
    *((HELD, "questions", each) for each in (["7"], ["7.2", "1"], ["9"], ["9", "7", "3"])),
    (HELD, "kind", "bespoke"),
    (HELD, "kind", None),
    (HELD, "question_set", "peel_nine"),
    (HELD, "cancel", None),
]


def changed(town: Town, record: str, name: str, new: Any) -> object:
    """Change a field, or call the inspection off; return why that was refused, if it was."""
    register, on = town.world.register, town.world.later()
    said: Fields = {"on": on, "reason": "as it turns out"}
    try:
        if name == "cancel":
            register.fire(record, "cancel", actor=HMICFRS, **said, **PORTAL)
        else:
            register.amend(record, name, new, actor=LIAISON, **said)
    except Refused as refused:
        return refused.refusal
    return None


def lived_anew(town: Town, on: dict[str, Fields], *, called_off: bool) -> dict[str, int]:
    """Ask for the same where all was so from the start; return each record's first difference."""
    anew, was = settled(on, called_off=called_off).register, town.world.register
    found: dict[str, int] = {}
    for record, number, ask in town.asked:
        if record in found:
            continue
        try:
            came = _came(ask(anew))
        except PeelflowError:
            came = None
        if came != _came(was.history(record)[number - 1]):
            found[record] = number
    return found


def _came(event: Event) -> tuple[object, ...]:
    what = event.what
    return (what.new, what.counted) if isinstance(what, TransitionTaken) else ()


def named(refusal: object) -> dict[str, int]:
    """Return the first event of each record that a refusal names."""
    found: dict[str, int] = {}
    for reason in refusal.reasons if isinstance(refusal, Refusal) else ():
        _, number, _, record, *_ = reason.instead.removeprefix("correct ").split()
        found[record] = min(int(number), found.get(record, int(number)))
    return found


@given(town=towns(), change=st.sampled_from(CHANGES))
@settings(max_examples=300, deadline=None)
def test_a_change_is_refused_or_as_if_it_had_been_so_all_along(
    town: Town, change: tuple[str, str, Any]
) -> None:
    """It is refused exactly where some act would have been, and names the first of each record."""
    record, name, new = change
    fields = {**town.on[record], name: new} if name != "cancel" else dict(town.on[record])
    on = {**town.on, record: {key: value for key, value in fields.items() if value is not None}}
    try:
        expected = lived_anew(town, on, called_off=name == "cancel")
        refusal = changed(town, record, name, new)
    except InvalidRequest:
        event("cannot be meant")
        return
    event("refused" if refusal else "let through")
    assert named(refusal) == expected
    assert town.world.register.verify() == ()
