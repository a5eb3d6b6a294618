"""What anybody can ever do: every walk under a lifecycle, each act decided by the engine itself.

Each act of a person is done by somebody who did nothing before. Who asks that another did a step
refuses nobody who is new. So what nobody does on a walk here, nobody ever does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import product

from attrs import define, evolve, field, frozen

from peelflow.engine.calendar import due_day
from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply, begin
from peelflow.engine.machine import Cursor, machine_for
from peelflow.errors import Span
from peelflow.model.decisions import Act, Context, Refusal
from peelflow.model.records import PEELFLOW, Actor, Added, Event, Record
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    FieldSet,
    ReasonGiven,
    Requirement,
    atoms_of,
)
from peelflow.model.rules import (
    SYSTEM,
    Lifecycle,
    MigrationPlan,
    Pin,
    Transition,
    each_transition,
    is_automatic,
)
from tests.builders.force import FORCE

NOW = datetime(2090, 1, 1, tzinfo=UTC)
START, TODAY = date(2022, 1, 1), date(2089, 12, 31)
CONTEXT = Context(NOW, TODAY)
OWNED = {"owner": "the owner"}
MOST = 20_000
"""How many places of walks are looked at; no drawn lifecycle has as many."""

Key = tuple[object, ...]
"""What tells one place of a walk from another: all that a later act can depend on."""


@frozen
class Memory:
    """The triggers and the states of which it matters when they were done and entered last."""

    triggers: frozenset[str]
    states: frozenset[str]

    def key_of(self, record: Record) -> Key:
        """Return where a record stands, and the order of what was done and entered."""
        entered = {name: when.number for name, when in record.entered.items()}
        kept = {name: number for name, number in entered.items() if name in self.states}
        done = {name: last for name, last in record.done.items() if name in self.triggers}
        numbers = {record.window.number, *kept.values(), *(last.number for last in done.values())}
        rank = {number: place for place, number in enumerate(sorted(numbers))}
        return (
            record.state,
            rank[record.window.number],
            frozenset((name, rank[number]) for name, number in kept.items()),
            frozenset(
                (name, rank[last.number], last.person == PEELFLOW.person)
                for name, last in done.items()
            ),
        )


def memory_of(lifecycle: Lifecycle) -> Memory:
    """Return what the steps of a lifecycle ask about."""
    asked = [atom for atom in each_atom(lifecycle) if isinstance(atom, DistinctFrom)]
    return Memory(
        frozenset(atom.distinct_from for atom in asked),
        frozenset(atom.since for atom in asked if atom.since is not None),
    )


def whole_memory(*rules: Lifecycle) -> Memory:
    """Return all that any steps of some rules could ask about."""
    triggers = (step.trigger for each in rules for step in each_transition(each))
    return Memory(frozenset(triggers), frozenset(name for each in rules for name in each.states))


def each_atom(lifecycle: Lifecycle) -> Iterator[Requirement]:
    """Yield all that the steps of a lifecycle ask for."""
    for step in each_transition(lifecycle):
        yield from atoms_of(step.requires)


@define(eq=False)
class Walks:
    """All walks under a lifecycle: which steps were taken, and what comes after what.

    Attributes:
        lifecycle: The rules; each step has a span of its own.
        memory: What makes a difference later.
        taken: The spans of the steps that somebody took, or peelflow.
        ahead: For each place of a walk, those that come next.
        standing: The records that people can act on, one for each place.
        is_whole: Whether all walks were tried.
    """

    lifecycle: Lifecycle
    memory: Memory
    taken: set[Span] = field(factory=set)
    ahead: dict[Key, set[Key]] = field(factory=dict)
    standing: dict[Key, Record] = field(factory=dict)
    waiting: deque[Record] = field(factory=deque)
    is_whole: bool = True

    def begin_at(self, record: Record) -> tuple[Key, ...]:
        """Let a record come in; return where it stands, and where peelflow leads it at once."""
        return tuple(self._coming(record))

    def run(self) -> Walks:
        """Try every act of everybody, until nothing new comes of any."""
        while self.waiting:
            if len(self.ahead) > MOST:
                self.is_whole = False
                break
            record = self.waiting.popleft()
            here = self.memory.key_of(record)
            for step in self.lifecycle.states[record.state].transitions:
                if not is_automatic(step):
                    for after in self._after(record, step):
                        self.ahead[here].add(self.memory.key_of(after))
                        self.begin_at(after)
        return self

    def _coming(self, record: Record) -> Iterator[Key]:
        """Yield the places of a record that just came to its state: peelflow may lead it on."""
        here = self.memory.key_of(record)
        self.ahead.setdefault(here, set())
        yield here
        for trigger in automatic_triggers(self.lifecycle, record.state):
            after = self._done(record, Act(trigger, PEELFLOW, record.on, PEELFLOW.person))
            if after is not None:
                self.ahead[here].add(self.memory.key_of(after))
                yield from self._coming(after)
                return
        if here not in self.standing:
            self.standing[here] = record
            self.waiting.append(record)

    def _after(self, record: Record, step: Transition) -> Iterator[Record]:
        """Yield what a record becomes by a step, with and without what can be given."""
        asked = atoms_of(step.requires)
        # What peelflow does at once afterwards may ask for the field as well.
        is_asked = any(isinstance(atom, FieldSet) for atom in each_atom(self.lifecycle))
        fields: tuple[dict[str, str], ...] = ({}, OWNED) if is_asked else ({},)
        reasons = (None, "why") if any(isinstance(a, ReasonGiven) for a in asked) else (None,)
        for said, reason, role in product(fields, reasons, step.by):
            standing = evolve(record, fields=said) if is_asked else record
            if role == SYSTEM:
                act = _timed_act(step, standing)
            else:
                person = f"Officer {record.number}"
                act = Act(step.trigger, Actor(person, role), record.on, person, reason=reason)
                act = evolve(act, source="a letter")
            after = self._done(standing, act)
            if after is not None:
                yield after

    def _done(self, record: Record, act: Act) -> Record | None:
        """Return a record after an act, None where the engine refuses it."""
        cursor = Cursor(record.state, record, act, CONTEXT)
        moved = machine_for(self.lifecycle).events[act.trigger].trigger(cursor)
        if not moved or cursor.taken is None:
            return None
        decision = decide(self.lifecycle, record, act, CONTEXT)
        assert not isinstance(decision, Refusal)
        self.taken.add(cursor.taken.rule.span)
        return apply(record, decision)

    def passed_from(self, places: Iterable[Key]) -> set[Key]:
        """Return some places, and all that come after them."""
        passed = set(places)
        waiting = list(passed)
        while waiting:
            fresh = self.ahead[waiting.pop()] - passed
            passed |= fresh
            waiting += fresh
        return passed

    def at(self, *states: str) -> set[Key]:
        """Return the places where a record stands in one of some states, if only for a moment."""
        return {key for key in self.ahead if key[0] in states}

    def ends_from(self, places: Iterable[Key]) -> bool:
        """Say whether an end comes after one of some places."""
        return any(self.lifecycle.states[str(key[0])].final for key in self.passed_from(places))


def _timed_act(step: Transition, record: Record) -> Act:
    """Return peelflow's act on the day on which a step falls due, or at once if that is past."""
    due = due_day(step.after, record, None) if step.after else None
    assert isinstance(due, date)
    return Act(step.trigger, PEELFLOW, max(due, record.on), PEELFLOW.person)


def first_records(lifecycle: Lifecycle) -> Iterator[Record]:
    """Yield a record that begins under a lifecycle, with and without what fields may say."""
    for said in ({}, OWNED):
        added = Added(FORCE, "recommendation", 3, Pin("drawn", 1, ""), lifecycle.initial, said)
        yield begin(Event("R-1", 1, added, START, Actor("A clerk", "lead"), "A clerk", NOW))


def all_walks(lifecycle: Lifecycle, memory: Memory | None = None) -> Walks:
    """Return all walks of records that begin under a lifecycle."""
    walks = Walks(lifecycle, memory or memory_of(lifecycle))
    for record in first_records(lifecycle):
        walks.begin_at(record)
    return walks.run()


Steps = frozenset[Span]


def never_by_one(lifecycle: Lifecycle, starts: Collection[str] = ()) -> Steps:
    """Return the steps that nobody can take, for a reason that one step asked about gives alone.

    That is: no walk of steps found before leads to the state, or on none of them was it done in its
    window. Whoever is the first to take another step would have come there by such a walk. Nothing
    is kept in mind of two steps together, nor of what else is asked, or peelflow does at once.

    Args:
        lifecycle: The rules.
        starts: The states in which records begin, whatever was entered before; left out, the
            initial one alone.
    """
    found: Steps = frozenset()
    while True:
        more = frozenset(
            step.span
            for name in _reached(lifecycle, found, starts)
            for step in lifecycle.states[name].transitions
            if _is_met(lifecycle, found, starts, name, step.requires)
        )
        if more == found:
            return frozenset(step.span for step in each_transition(lifecycle)) - found
        found = more


def _reached(lifecycle: Lifecycle, found: Steps, starts: Collection[str]) -> set[str]:
    waiting = list(starts) or [lifecycle.initial]
    reached = set(waiting)
    while waiting:
        for step in lifecycle.states[waiting.pop()].transitions:
            if step.span in found and step.to not in reached:
                reached.add(step.to)
                waiting.append(step.to)
    return reached


def _is_met(
    lifecycle: Lifecycle,
    found: Steps,
    starts: Collection[str],
    state: str,
    requires: Iterable[Requirement],
) -> bool:
    """Say whether each requirement by itself, of one choice where there are several, can be met."""
    for asked in requires:
        match asked:
            case DistinctFrom():
                if not _was_done(lifecycle, found, starts, state, asked):
                    return False
            case AnyOf(any_of=choices):
                if not any(_is_met(lifecycle, found, starts, state, each) for each in choices):
                    return False
            case _:
                pass
    return True


def _was_done(
    lifecycle: Lifecycle, found: Steps, starts: Collection[str], state: str, asked: DistinctFrom
) -> bool:
    """Say whether a walk leads to a state on which a trigger was done in its window."""
    trigger, since = asked.distinct_from, asked.since
    first = [(lifecycle.initial, since in (None, lifecycle.initial), False)]
    waiting = [(start, True, False) for start in starts] or first
    seen = set(waiting)
    while waiting:
        here, has_begun, was_done = waiting.pop()
        if here == state and was_done:
            return True
        for step in lifecycle.states[here].transitions:
            if step.span not in found:
                continue
            begins = step.to == since if since else step.implements is not None
            begun = has_begun or begins
            done = begun and (step.trigger == trigger or (was_done and not begins))
            after = (step.to, begun, done)
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return False


def renamed_memory(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Memory:
    """Return what makes a difference under the old rules of a plan, or after it under the new."""
    here, there = memory_of(old), memory_of(new)
    names = {step.trigger for step in each_transition(old)}
    later = {name for name in names if plan.triggers.get(name, name) in there.triggers}
    states = {name for name in old.states if plan.states[name] in there.states}
    return Memory(here.triggers | later, here.states | states)
