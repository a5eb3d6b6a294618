"""Try everything: each act with every offer there is, with and without each preparation.

It knows nothing of how ways are looked for, only the engine's `decide` and how acts are folded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import product

from attrs import evolve, frozen

from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply
from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection
from peelflow.model.records import PEELFLOW, Actor, Attachment, Document, Event, Record, Value
from peelflow.model.rules import SYSTEM, Lifecycle
from peelflow.testing.strategies import ADDRESSEES, LEDGERS, SIGNATORIES
from tests.advice.places import START

KINDS = ("letter", "plan")


@frozen
class Mode:
    """How an act is prepared: what is done before it, and what the predicate says."""

    fields: bool
    papers: bool
    wait: bool
    children: bool
    agreed: bool
    inspection: str


@frozen
class World:
    """The rules, whether children can be had, whether the predicate is registered."""

    lifecycle: Lifecycle
    open_children: bool
    predicate: bool


def shortest(world: World, record: Record, goal: str, *, most: int) -> int | None:
    """Return the least number of acts to `goal`, None if `most` acts do not do."""
    layer, seen = [record], {key(world, record)}
    for acts in range(most + 1):
        if any(each.state == goal for each in layer):
            return acts
        reached: dict[Hashable, Record] = {}
        for each in layer:
            for then in nexts(world, each):
                found = key(world, then)
                if found not in seen:
                    reached.setdefault(found, then)
        seen |= reached.keys()
        layer = list(reached.values())
    return None


def nexts(world: World, record: Record) -> Iterator[Record]:
    """Yield how the record could stand after one more act."""
    both = (False, True)
    agreed = both if world.predicate else (True,)
    modes = product(both, both, both, both, agreed, ("planned", "bespoke"))
    prompt = automatic_triggers(world.lifecycle, record.state)
    for mode in (Mode(*each) for each in modes):
        ready = prepared(record, mode)
        for rule in world.lifecycle.states[record.state].transitions:
            if rule.by == (SYSTEM,) and rule.trigger in prompt and rule.after is None:
                continue
            yield from acted(world, ready, mode, rule.trigger, role_of(rule.by))


def role_of(by: tuple[str, ...]) -> str:
    """Return a person's role, else peelflow's."""
    return next((role for role in by if role != SYSTEM), SYSTEM)


def prepared(record: Record, mode: Mode) -> Record:
    """Return the record once fields are set and papers of every sort attached."""
    number = record.number + 1
    fields = dict(record.fields)
    if mode.fields:
        usual: dict[str, Value] = {
            "owner": "Sam",
            "theme": "x",
            "question": "7",
            "published": "2000-01-01",
            "addressees": ADDRESSEES,
            "report": "REP-9",
        }
        fields = {**usual, **{name: value for name, value in fields.items() if value}}
    held = tuple(Attachment(each, number) for each in papers(number)) if mode.papers else ()
    on = record.on + timedelta(200 if mode.wait else 0)
    attachments = (*record.attachments, *held)
    return evolve(record, number=number, fields=fields, attachments=attachments, on=on)


def papers(number: int) -> list[Document]:
    """Return a new document of each kind, signed by each signatory."""
    return [
        Document(f"{number} {kind} {role}", kind, kind, 1, f"signs as {role}", START)
        for kind in KINDS
        for role in SIGNATORIES
    ]


def acted(world: World, record: Record, mode: Mode, trigger: str, role: str) -> Iterator[Record]:
    """Yield the record after an act with every offer, and after what peelflow does then."""
    number = record.number + 1
    context = around(world, record, mode, role)
    doer = PEELFLOW if role == SYSTEM else Actor(f"doer {number}", role)
    act = Act(trigger, doer, record.on, "clerk")
    if role != SYSTEM:
        act = evolve(
            act,
            evidence=tuple(papers(number + 1000)),
            inspection="INS",
            reason="x",
            successor="x",
            source="x",
        )
    event = decide(world.lifecycle, record, act, context)
    while isinstance(event, Event):
        record = apply(record, event)
        tries = (
            decide(
                world.lifecycle, record, Act(each, PEELFLOW, record.on, PEELFLOW.person), context
            )
            for each in automatic_triggers(world.lifecycle, record.state)
        )
        following = next((each for each in tries if isinstance(each, Event)), None)
        if following is None:
            yield record
            return
        event = following


def around(world: World, record: Record, mode: Mode, role: str) -> Context:
    """Return a context in which everybody holds every role, and the inspection covers all."""
    people = {f"signs as {each}": each for each in SIGNATORIES} | {
        f"doer {record.number + 1}": role
    }
    closed = mode.children or not world.open_children
    children = (Child("C", dict.fromkeys(LEDGERS, "closed" if closed else "open")),)
    return Context(
        now=datetime.combine(record.on, time(12), UTC),
        today=record.on,
        appointments=tuple(
            Appointment(person, held, record.force, START - timedelta(9999))
            for person, held in people.items()
        ),
        inspection=Inspection(
            "INS",
            mode.inspection,
            record.on,
            record.on,
            frozenset({"7"}),
            force=record.force,
        ),
        children=children,
        predicates={"budget_agreed": lambda *_: mode.agreed} if world.predicate else {},
    )


def key(world: World, record: Record) -> Hashable:
    """Return what of a record could matter later, finely enough that nothing is missed."""
    del world
    windows = {"": record.window, **record.entered}
    done = {
        (trigger, since, when.person == PEELFLOW.person)
        for trigger, when in record.done.items()
        for since, window in windows.items()
        if when.number >= window.number
    }
    held = {
        (each.document.kind, each.document.signed_by, since)
        for each in record.attachments
        if each.document.digest not in record.spent
        for since, window in windows.items()
        if each.number > window.number
    }
    fields = frozenset(name for name, value in record.fields.items() if value)
    return record.state, frozenset(windows), frozenset(done), frozenset(held), fields
