"""Compile a lifecycle to a real `transitions.Machine` with an event class of our own.

The machine holds no model. peelflow drives a `Cursor` through `machine.events[trigger]`, which
takes the short way; an application that attaches a model of its own gets stock behaviour, with the
same guards as `conditions` (it passes `record=`, `act=` and `context=` to the trigger).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import transitions
from attrs import define, field, frozen

from peelflow.engine.requirements import Check, Unmet, compile_check, compile_due, may_act
from peelflow.model.decisions import Act, Context
from peelflow.model.records import Record
from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    Evidence,
    InspectionHeld,
    PredicateHolds,
    atoms_of,
)
from peelflow.model.rules import Counts, Lifecycle, Role, State, Transition, is_automatic

NO_PARTS: frozenset[str] = frozenset()
FigureDelta = tuple[str, Counts, str, int]


@frozen(eq=False)
class CompiledTransition:
    """A compiled transition: its rule, its checks, and how taking it changes the figures.

    `roles` are the lifecycle's. `reads` names what a decision on it may look at: `appointments`,
    `inspection`, `children`, `mentions` (what `answers` asks for), `holidays`. `closes` are the
    ledgers that it closes.
    """

    rule: Transition
    source: str
    by: frozenset[str]
    roles: Mapping[str, Role]
    checks: tuple[Check, ...]
    deltas: tuple[FigureDelta, ...]
    reads: frozenset[str]
    answers: tuple[ChildForEach, ...]
    closes: tuple[str, ...]

    def unmet(self, record: Record, act: Act, context: Context) -> tuple[Unmet, ...]:
        """Return every requirement that does not hold, in the rule's order."""
        return tuple(u for check in self.checks if (u := check.unmet(record, act, context)))


@define
class Cursor:
    """Where a decision stands: a model that lives for one trigger.

    Once moved, it says which way was `taken`, and the digests of the documents that used up.
    """

    state: str
    record: Record
    act: Act
    context: Context
    taken: CompiledTransition | None = field(default=None)
    counted: tuple[str, ...] = field(default=())


class RuleTransition(transitions.Transition):
    """A stock transition that knows the `Way` it was compiled from."""

    def __init__(self, source: str, dest: str, *args: Any, way: CompiledTransition) -> None:
        """Take what stock takes, with our guard as a condition beside any of the application's."""
        super().__init__(source, dest, *args)
        self.conditions.append(self.condition_cls(self.holds))
        self.way = way

    def holds(self, event: transitions.EventData) -> bool:
        """Say whether the acting role may, on that day, and every requirement holds."""
        record, context = event.kwargs["record"], event.kwargs["context"]
        act: Act = event.kwargs["act"]
        way = self.way
        return (
            act.actor.role in way.by
            and may_act(way.roles, record, act, context)
            and not way.unmet(record, act, context)
        )


class RuleEvent(transitions.Event):
    """A trigger that moves a `Cursor` without stock's bookkeeping, and any other model with it."""

    def __init__(self, name: str, machine: RuleMachine) -> None:
        """Start without ways; the machine adds them."""
        super().__init__(name, machine)
        self.ways: dict[str, tuple[CompiledTransition, ...]] = {}

    def add_transition(self, transition: transitions.Transition) -> None:
        """Keep the transition for stock's use and its way for ours."""
        super().add_transition(transition)
        if isinstance(transition, RuleTransition):
            self.ways[transition.source] = (
                *self.ways.get(transition.source, ()),
                transition.way,
            )

    def trigger(self, model: object, *args: Any, **kwargs: Any) -> bool:
        """Move the model if a way out of its state is open to the act; say whether it moved."""
        if type(model) is not Cursor:
            return bool(super().trigger(model, *args, **kwargs))
        record, act, context = model.record, model.act, model.context
        role = act.actor.role
        for way in self.ways.get(model.state, ()):
            if role in way.by:
                if not may_act(way.roles, record, act, context):
                    return False
                counted: tuple[str, ...] = ()
                for check in way.checks:
                    found = check.judge(record, act, context)
                    if isinstance(found, str):
                        break
                    counted += found
                else:
                    model.taken, model.state = way, way.rule.to
                    model.counted = tuple(dict.fromkeys(counted)) if len(counted) > 1 else counted
                    return True
        return False


class RuleMachine(transitions.Machine):
    """The machine of one lifecycle: its states and transitions, no model, no way round them."""

    event_cls = RuleEvent
    transition_cls = RuleTransition

    def __init__(self, lifecycle: Lifecycle) -> None:
        """Compile a checked lifecycle; an unchecked one has no place here."""
        super().__init__(
            model=None,
            states=[
                transitions.State(name, final=state.final)
                for name, state in lifecycle.states.items()
            ],
            initial=lifecycle.initial,
            transitions=[
                {"trigger": rule.trigger, "source": name, "dest": rule.to, "way": way}
                for name, state in lifecycle.states.items()
                for rule in state.transitions
                for way in (_compile_transition(lifecycle, name, rule),)
            ],
            auto_transitions=False,
            send_event=True,
        )
        self.lifecycle = lifecycle
        self.automatic: dict[str, tuple[str, ...]] = {
            name: tuple(r.trigger for r in state.transitions if is_automatic(r))
            for name, state in lifecycle.states.items()
        }

    def reads(self, state: str, trigger: str) -> frozenset[str]:
        """Return what a decision on `trigger` from `state` may look at."""
        ways = self.ways(state, trigger)
        return ways[0].reads if len(ways) == 1 else NO_PARTS.union(*[way.reads for way in ways])

    def ways(self, state: str, trigger: str) -> tuple[CompiledTransition, ...]:
        """Return the ways `trigger` leads out of `state`."""
        event = self.events.get(trigger)
        return event.ways.get(state, ()) if isinstance(event, RuleEvent) else ()


@lru_cache(maxsize=1024)
def machine_for(lifecycle: Lifecycle) -> RuleMachine:
    """Return the machine of a lifecycle, compiled once."""
    return RuleMachine(lifecycle)


def _compile_transition(lifecycle: Lifecycle, source: str, rule: Transition) -> CompiledTransition:
    old, new = lifecycle.states[source], lifecycle.states[rule.to]
    closes = tuple(
        ledger
        for ledger, counts in new.counts_as.items()
        if counts == "closed" and old.counts_as.get(ledger) != "closed"
    )
    checks = tuple(compile_check(requirement, closes) for requirement in rule.requires)
    if rule.after:
        checks = (compile_due(rule.after, source), *checks)
    return CompiledTransition(
        rule=rule,
        source=source,
        by=frozenset(rule.by),
        roles=lifecycle.roles,
        checks=checks,
        deltas=figure_deltas(
            old, lifecycle.stands_for(source), new=new, new_name=lifecycle.stands_for(rule.to)
        ),
        reads=_context_parts_read(lifecycle, rule),
        answers=tuple(a for a in atoms_of(rule.requires) if isinstance(a, ChildForEach)),
        closes=closes,
    )


def figure_deltas(
    old: State | None, old_name: str, *, new: State, new_name: str
) -> tuple[FigureDelta, ...]:
    """Return how the figures change between two states (from nowhere), each by national name."""
    come = tuple((k, c, new_name, +1) for k, c in sorted(new.counts_as.items()))
    if old is None:
        return come
    if old_name == new_name and old.counts_as == new.counts_as:
        return ()
    return (*((k, c, old_name, -1) for k, c in sorted(old.counts_as.items())), *come)


def _context_parts_read(lifecycle: Lifecycle, rule: Transition) -> frozenset[str]:
    atoms = atoms_of(rule.requires)
    reads = set[str]()
    if any(isinstance(a, ChildForEach) for a in atoms):
        reads |= {"mentions", "children"}
    if rule.after and rule.after.working_days is not None:
        reads.add("holidays")
    if any(isinstance(a, PredicateHolds) for a in atoms):
        return frozenset({"appointments", "inspection", "children", *reads})
    if any(isinstance(a, Evidence) and a.signed_by for a in atoms):
        reads.add("appointments")
    if any(lifecycle.roles[role].by_appointment for role in rule.by if role in lifecycle.roles):
        reads.add("appointments")
    if any(isinstance(a, InspectionHeld) for a in atoms):
        reads.add("inspection")
    if any(isinstance(a, ChildrenClosed) for a in atoms):
        reads.add("children")
    return frozenset(reads)
