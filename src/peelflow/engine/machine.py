"""Compile a lifecycle to a real `transitions.Machine` with an event class of our own.

The machine that decides holds no model: peelflow drives a `Cursor` through
`machine.events[trigger]`, which takes the short way. An application gets a machine of its own
(`application_machine`); its models get stock behaviour, with the same guards as `conditions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import transitions
from attrs import field

from peelflow.engine.deltas import FigureDelta, deltas_between
from peelflow.engine.documents import DocumentUse
from peelflow.engine.requirements import Check, compile_check, compile_due, may_act
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Act, Context
from peelflow.model.records import OWN_STEP, Record
from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    Evidence,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    atoms_of,
)
from peelflow.model.rules import (
    Lifecycle,
    Role,
    Transition,
    is_automatic,
    is_theirs,
    newly_counting,
)
from peelflow.model.triggers import triggers_sending_back
from peelflow.phrases import suggestion
from peelflow.results import define, frozen

ARGUMENTS = ("record", "act", "context")
"""What the trigger of a model is given, each by keyword."""
_APPOINTMENTS = frozenset({"appointments"})


@frozen(eq=False)
class CompiledTransition:
    """A compiled transition: its rule, its checks, and how taking it changes the figures.

    `roles` are the lifecycle's. `reads` names what a decision on it may look at: `appointments`,
    `inspection`, `children`, `mentions` (what `answers` asks for), `holidays`. `closes` are the
    ledgers that it closes, `use` says how it uses documents, and `stays` that it
    `stays_within` a national state.
    """

    rule: Transition
    source: str
    by: frozenset[str]
    roles: Mapping[str, Role]
    checks: tuple[Check, ...]
    figure_deltas: tuple[FigureDelta, ...]
    reads: frozenset[str]
    answers: tuple[ChildForEach, ...]
    closes: tuple[str, ...]
    use: DocumentUse
    stays: bool

    def digests(self, record: Record, act: Act, context: Context) -> tuple[str, ...] | None:
        """Return the digests of the documents that the act uses up, None where it may not."""
        counted: tuple[str, ...] = ()
        for check in self.checks:
            result = check.judge(record, act, context)
            if isinstance(result, str):
                return None
            counted += result
        return tuple(dict.fromkeys(counted)) if len(counted) > 1 else counted


@define
class Cursor:
    """Where a decision stands: a model that lives for one trigger.

    Once moved, it says which transition was `taken`, and the digests of the documents that used up.
    """

    state: str
    record: Record
    act: Act
    context: Context
    taken: CompiledTransition | None = field(default=None)
    counted: tuple[str, ...] = field(default=())


@frozen(eq=False)
class Guard:
    """The rules of a compiled transition, as a condition that stock asks of any model."""

    compiled: CompiledTransition

    def __call__(self, event: transitions.EventData) -> bool:
        """Say whether the acting role may, on that day, and every requirement holds.

        Raises:
            InvalidRequest: The trigger is not given all that the rules judge.
        """
        missing = [name for name in ARGUMENTS if name not in event.kwargs]
        if missing:
            raise InvalidRequest(
                f"the trigger `{event.event.name}`",
                f"is not given {', '.join(f'`{name}=`' for name in missing)}",
                "pass `record=`, `act=` and `context=`, which the rules judge",
            )
        record, act, context = (event.kwargs[name] for name in ARGUMENTS)
        compiled = self.compiled
        return (
            act.actor.role in compiled.by
            and may_act(compiled.roles, record, act, context)
            and compiled.digests(record, act, context) is not None
        )

    def __str__(self) -> str:
        return " or ".join(self.compiled.rule.by)


class RuleEvent(transitions.Event):
    """A trigger that moves a `Cursor` without stock's bookkeeping, and any other model with it."""

    def __init__(self, name: str, machine: transitions.Machine) -> None:
        """Start without transitions; the machine adds them."""
        super().__init__(name, machine)
        self.transitions_by_source: dict[str, tuple[CompiledTransition, ...]] = {}

    def add_transition(self, transition: transitions.Transition) -> None:
        """Keep the transition for stock's use, and its rule for ours where it has one."""
        super().add_transition(transition)
        self.index()

    def index(self) -> None:
        """Note anew which rules lead out of which state."""
        self.transitions_by_source = {
            source: tuple(
                condition.func.compiled
                for transition in stock
                for condition in transition.conditions
                if isinstance(condition.func, Guard)
            )
            for source, stock in self.transitions.items()
        }

    def trigger(self, model: object, *args: Any, **kwargs: Any) -> bool:
        """Move the model if a transition out of its state is open to the act; say whether it moved.

        A transition without a rule of the lifecycle moves the application's models alone.
        """
        if type(model) is Cursor:
            return self.move(model)
        return super().trigger(model, *args, **kwargs)

    def move(self, cursor: Cursor) -> bool:
        """Move a cursor by the first of its transitions that is open to the act, if one is."""
        record, act, context = cursor.record, cursor.act, cursor.context
        role = act.actor.role
        for compiled in self.transitions_by_source.get(cursor.state, ()):
            if role not in compiled.by:
                continue
            if not may_act(compiled.roles, record, act, context):
                return False
            counted = compiled.digests(record, act, context)
            if counted is not None:
                cursor.taken, cursor.state, cursor.counted = compiled, compiled.rule.to, counted
                return True
        return False


class RuleMachine(transitions.Machine):
    """The machine of one lifecycle: its states and transitions, and no way round them.

    It goes before another machine of stock's among the bases of a class, such as `GraphMachine`.
    """

    event_cls: type[transitions.Event] = RuleEvent
    sent_back_by: frozenset[str]

    def __init__(
        self, lifecycle: Lifecycle, *, model: Any = None, initial: str | None = None, **options: Any
    ) -> None:
        """Compile a checked lifecycle; an unchecked one has no place here.

        Args:
            lifecycle: The lifecycle.
            model: A model or several, to be attached at once.
            initial: The state in which models begin; the lifecycle's own where it is left out.
            options: What the other bases of a subclass take.

        Raises:
            InvalidRequest: The lifecycle has no state of the name `initial`.
        """
        if initial is not None and initial not in lifecycle.states:
            raise InvalidRequest(
                f"the state {initial!r}",
                f"is none of {lifecycle}",
                suggestion(initial, lifecycle.states),
            )
        self.lifecycle = lifecycle
        self.automatic_triggers: dict[str, tuple[str, ...]] = {
            name: tuple(sorted(rule.trigger for rule in state.transitions if is_automatic(rule)))
            for name, state in lifecycle.states.items()
        }
        self.sent_back_by = sent_back_by = triggers_sending_back(lifecycle)
        super().__init__(
            model=model,
            states=[transitions.State(name, final=s.final) for name, s in lifecycle.states.items()],
            initial=initial or lifecycle.initial,
            transitions=[
                {
                    "trigger": rule.trigger,
                    "source": name,
                    "dest": rule.to,
                    "conditions": [Guard(_compile_transition(lifecycle, name, rule, sent_back_by))],
                }
                for name, state in lifecycle.states.items()
                for rule in state.transitions
            ],
            auto_transitions=False,
            send_event=True,
            **options,
        )

    def remove_transition(self, trigger: str, source: Any = "*", dest: Any = "*") -> None:
        """Remove transitions as stock does, and their rules with them."""
        super().remove_transition(trigger, source, dest)
        event = self.events.get(trigger)
        if isinstance(event, RuleEvent):
            event.index()

    def reads(
        self, state: str, trigger: str, signers: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Return what a decision on `trigger` from `state` may look at, for these `signers`."""
        compiled = self.compiled(state, trigger)
        parts = [transition.reads for transition in compiled]
        if not all(signers.isdisjoint(transition.by) for transition in compiled):
            parts.append(_APPOINTMENTS)
        return frozenset[str]().union(*parts)

    def compiled(self, state: str, trigger: str) -> tuple[CompiledTransition, ...]:
        """Return the transitions by which `trigger` leads out of `state`."""
        event = self.events.get(trigger)
        return event.transitions_by_source.get(state, ()) if isinstance(event, RuleEvent) else ()


@lru_cache(maxsize=1024)
def machine_for(lifecycle: Lifecycle) -> RuleMachine:
    """Return the machine that decides on records of a lifecycle, compiled once.

    Whoever changes it changes verdicts, so it stays inside peelflow.
    """
    return RuleMachine(lifecycle)


def _compile_transition(
    lifecycle: Lifecycle, source: str, rule: Transition, sent_back_by: frozenset[str]
) -> CompiledTransition:
    closes = tuple(newly_counting(lifecycle.states[source], lifecycle.states[rule.to], "closed"))
    step = OWN_STEP if rule.implements is None else rule.implements
    use = DocumentUse(step, is_theirs(rule, lifecycle.roles), sent_back_by)
    checks = tuple(compile_check(requirement, closes, use) for requirement in rule.requires)
    if rule.after:
        checks = (compile_due(rule.after, source), *checks)
    return CompiledTransition(
        rule=rule,
        source=source,
        by=frozenset(rule.by),
        roles=lifecycle.roles,
        checks=checks,
        figure_deltas=deltas_between(lifecycle, source, rule.to),
        reads=_context_parts_read(lifecycle, rule),
        answers=tuple(atom for atom in atoms_of(rule.requires) if isinstance(atom, ChildForEach)),
        closes=closes,
        use=use,
        stays=stays_within(lifecycle, source, rule),
    )


def stays_within(lifecycle: Lifecycle, source: str, rule: Transition) -> bool:
    """Say whether a national step leads to another state that stands for the same national one.

    Args:
        lifecycle: The rules that have the step.
        source: The state that it leads out of.
        rule: The step. One of a force's own stays within a national state anyhow.
    """
    is_to_other = rule.implements is not None and rule.to != source
    return is_to_other and lifecycle.stands_for(rule.to) == lifecycle.stands_for(source)


_READS: Mapping[type[Requirement], frozenset[str]] = {
    PredicateHolds: frozenset({"appointments", "inspection", "children"}),
    InspectionHeld: frozenset({"inspection"}),
    ChildrenClosed: frozenset({"children"}),
    ChildForEach: frozenset({"mentions", "children"}),
}


def _context_parts_read(lifecycle: Lifecycle, rule: Transition) -> frozenset[str]:
    atoms = atoms_of(rule.requires)
    reads = frozenset[str]().union(*(_READS.get(type(atom), ()) for atom in atoms))
    by_appointment = (
        role.by_appointment for name, role in lifecycle.roles.items() if name in rule.by
    )
    if any(by_appointment) or any(isinstance(a, Evidence) and a.signed_by for a in atoms):
        reads |= _APPOINTMENTS
    if rule.after and rule.after.working_days is not None:
        reads |= {"holidays"}
    return reads
