"""Generate the successors of a search state: plan each next act, and let the engine decide it.

Every successor is lawful, since `decide` judges each act; peelflow's own next steps are taken too.
Where a predicate decides, both of its answers are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import chain, pairwise, product

from attrs import evolve

from peelflow.engine.calendar import due_day
from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply
from peelflow.engine.machine import CompiledTransition, RuleMachine
from peelflow.model.decisions import PRECONDITIONS, Act, ReasonNeed, SourceNeed, SuccessorNeed
from peelflow.model.records import PEELFLOW, Actor, Event, Record
from peelflow.model.requirements import PredicateHolds, atoms_of
from peelflow.model.routes import RouteContext, RouteStep
from peelflow.model.rules import Counts, Lifecycle, is_taken_by_system, newly_counting
from peelflow.results import frozen
from peelflow.routing.act_plan import (
    PLACEHOLDER,
    ActPlan,
    FindRelativeRoute,
    Obligation,
    SearchState,
    close_open_children,
    planned_context,
    prepare,
    reopen_parent,
)
from peelflow.routing.goal_analysis import (
    GoalAnalysis,
    alternatives_of,
    automatic_runs,
    transitions_out,
    without_irrelevant_past,
)


@frozen(eq=False)
class Successor:
    """An act that can be done: its step, and how the record then stands."""

    step: RouteStep
    state: SearchState


def successors(
    analysis: GoalAnalysis,
    start: SearchState,
    context: RouteContext,
    find_route: FindRelativeRoute,
) -> Iterator[Successor]:
    """Yield every act that leads on from a state, each prepared in every way that matters."""
    machine = analysis.machine
    for compiled in transitions_out(machine, start.record.state, automatic=False):
        if compiled.rule.to not in analysis.distance:
            continue
        begin = partial(ActPlan, machine.lifecycle, compiled, start, context, find_route)
        for run in automatic_runs(machine, compiled.rule.to):
            for obligations in _obligation_choices(compiled, run):
                yield from _successors_by_answer(analysis, begin, obligations)


def _obligation_choices(
    compiled: CompiledTransition, run: tuple[CompiledTransition, ...]
) -> Iterator[tuple[Obligation, ...]]:
    """Yield the atoms to meet, one choice of each `any_of`: of the act, then of what follows."""
    parts = [
        [
            tuple(
                Obligation(
                    atom,
                    transition.closes,
                    is_by_system=is_taken_by_system(transition.rule),
                    is_later=transition is not compiled,
                    use=transition.use,
                )
                for atom in atoms
            )
            for atoms in alternatives_of(transition.rule.requires)
        ]
        for transition in (compiled, *run)
    ]
    for chosen in product(*parts):
        yield tuple(chain.from_iterable(chosen))


def _successors_by_answer(
    analysis: GoalAnalysis, begin: Callable[[], ActPlan], obligations: tuple[Obligation, ...]
) -> Iterator[Successor]:
    """Yield what a prepared act comes to, under each answer that predicates could give."""
    asked_now = {
        obligation.atom.predicate
        for obligation in obligations
        if isinstance(obligation.atom, PredicateHolds) and not obligation.is_later
    }
    asked_later = sorted(_predicates_asked_after(analysis.machine, begin()) - asked_now)
    by_landing: dict[tuple[str, ...] | None, Successor | None] = {}
    for values in product((True, False), repeat=len(asked_later)):
        plan = begin()
        if prepare(plan, obligations):
            answers = dict(zip(asked_later, values, strict=True)) | dict.fromkeys(asked_now, True)
            successor = _successor_of(analysis, plan, answers)
            by_landing.setdefault(successor.step.lands if successor else None, successor)
    decisive = asked_later if len(by_landing) > 1 else ()
    for successor in filter(None, by_landing.values()):
        deciding = [*successor.step.undetermined, *(f"the predicate `{name}`" for name in decisive)]
        step = evolve(successor.step, undetermined=tuple(dict.fromkeys(deciding)))
        yield evolve(successor, step=step)


def _predicates_asked_after(machine: RuleMachine, plan: ActPlan) -> set[str]:
    """Return the registered predicates that peelflow's own next steps ask."""
    return {
        atom.predicate
        for run in automatic_runs(machine, plan.compiled.rule.to)
        for compiled in run
        for atom in atoms_of(compiled.rule.requires)
        if isinstance(atom, PredicateHolds) and atom.predicate in plan.context.predicates
    }


def _successor_of(
    analysis: GoalAnalysis, plan: ActPlan, answers: Mapping[str, bool]
) -> Successor | None:
    """Return what the act comes to, None where the engine or the hierarchy refuses it."""
    records = _records_through(analysis.machine, plan, answers)
    day = plan.day
    reopened = reopen_parent(plan, _newly_counting(plan.lifecycle, records, "open"))
    closed = close_open_children(plan, _newly_counting(plan.lifecycle, records, "closed"))
    if plan.day > day:
        records = _records_through(analysis.machine, plan, answers)
    lands = tuple(record.state for record in records[1:])
    if reopened is False or closed is False or not lands or lands[-1] not in analysis.distance:
        return None
    state = SearchState(
        record=without_irrelevant_past(records[-1], analysis),
        day=plan.day,
        children=plan.children,
        parent=plan.parent,
        added_children=plan.added_children,
        act_count=plan.start.act_count + 1,
        chosen_fields=plan.chosen_fields & analysis.choice_fields,
    )
    return Successor(_route_step(plan, lands), state)


def _route_step(plan: ActPlan, lands: tuple[str, ...]) -> RouteStep:
    rule = plan.compiled.rule
    return RouteStep(
        trigger=rule.trigger,
        old=plan.compiled.source,
        lands=lands,
        by=rule.by,
        earliest=plan.day,
        holders=plan.holders,
        needs=tuple(
            sorted(dict.fromkeys(plan.needs), key=lambda need: not isinstance(need, PRECONDITIONS))
        ),
        latest=_latest_day(plan),
        before=tuple(plan.routes_before),
        undetermined=tuple(dict.fromkeys(plan.undetermined)),
        span=rule.span,
        national=rule.implements is not None,
    )


def _latest_day(plan: ActPlan) -> date | None:
    """Return when peelflow moves the record on by itself, if an act should be done before."""
    if plan.is_by_system:
        return None
    source, holidays = plan.compiled.source, plan.context.holidays
    periods = [r.after for r in plan.lifecycle.states[source].transitions if r.to != source]
    dues = [due_day(after, plan.start.record, holidays) for after in periods if after]
    coming = (due for due in dues if isinstance(due, date) and due >= plan.day)
    return min(coming, default=None)


def _records_through(
    machine: RuleMachine, plan: ActPlan, answers: Mapping[str, bool]
) -> list[Record]:
    """Return the record before the act, after it, and after each step that peelflow then takes."""
    context, records, acts = planned_context(plan, answers), [plan.record], [_act(plan)]
    while True:
        record = records[-1]
        decisions = (decide(machine.lifecycle, record, act, context) for act in acts)
        event = next((decided for decided in decisions if isinstance(decided, Event)), None)
        if event is None:
            return records
        records.append(apply(record, event))
        acts = [
            Act(trigger, PEELFLOW, plan.day, PEELFLOW.person)
            for trigger in automatic_triggers(machine.lifecycle, records[-1].state)
        ]


def _act(plan: ActPlan) -> Act:
    """Return the act with exactly what the plan says it needs."""
    trigger, on = plan.compiled.rule.trigger, plan.day
    if plan.is_by_system:
        return Act(trigger, PEELFLOW, on, PEELFLOW.person)
    kinds = {type(need) for need in plan.needs}
    return Act(
        trigger=trigger,
        actor=Actor(plan.placeholder_actor, plan.roles[0]),
        on=on,
        recorded_by=plan.placeholder_actor,
        evidence=tuple(plan.evidence),
        inspection=plan.inspection.id if plan.inspection else None,
        reason=PLACEHOLDER if ReasonNeed in kinds else None,
        successor=PLACEHOLDER if SuccessorNeed in kinds else None,
        source=PLACEHOLDER if SourceNeed in kinds else None,
    )


def _newly_counting(lifecycle: Lifecycle, records: list[Record], counts: Counts) -> frozenset[str]:
    """Return the ledgers on which any of these steps made the record count so anew."""
    states = [lifecycle.states[record.state] for record in records]
    return frozenset(
        ledger for old, new in pairwise(states) for ledger in newly_counting(old, new, counts)
    )
