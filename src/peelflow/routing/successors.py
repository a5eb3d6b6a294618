"""Generate the successors of a search state: plan each next act, and let the engine decide it.

Every successor is lawful, since `decide` judges each act; peelflow's own next steps are taken too.
Where a predicate decides, both of its answers are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import pairwise, product

from attrs import evolve, frozen

from peelflow.engine.calendar import due_day
from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply
from peelflow.engine.machine import CompiledTransition, RuleMachine
from peelflow.model.decisions import (
    PRECONDITIONS,
    Act,
    Need,
    ReasonNeed,
    RouteContext,
    RouteStep,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import PEELFLOW, Actor, Event, Record
from peelflow.model.requirements import PredicateHolds, Requirement, atoms_of
from peelflow.model.rules import SYSTEM, Counts, Lifecycle
from peelflow.routing.act_plan import (
    PLACEHOLDER,
    ActPlan,
    FindRelativeRoute,
    Obligation,
    SearchState,
    close_open_children,
    new_plan,
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
    after: SearchState


def successors(
    terrain: GoalAnalysis, at: SearchState, around: RouteContext, find: FindRelativeRoute
) -> Iterator[Successor]:
    """Yield every act that leads on from a standing, each prepared in every way that matters."""
    machine = terrain.machine
    for way in transitions_out(machine, at.record.state, prompt=False):
        if way.rule.to not in terrain.away:
            continue
        for run in automatic_runs(machine, way.rule.to):
            for tasks in _obligation_choices(way, run):
                begin = partial(new_plan, machine.lifecycle, way, at=at, around=around, find=find)
                yield from _successors_by_answer(terrain, begin, tasks)


def _obligation_choices(
    way: CompiledTransition, run: tuple[CompiledTransition, ...]
) -> Iterator[tuple[Obligation, ...]]:
    """Yield the atoms to meet, one choice of each `any_of`: of the act, then of what follows."""
    parts = [
        [
            _obligations(each, atoms, later=each is not way)
            for atoms in alternatives_of(each.rule.requires)
        ]
        for each in (way, *run)
    ]
    for chosen in product(*parts):
        yield tuple(task for tasks in chosen for task in tasks)


def _obligations(
    way: CompiledTransition, atoms: Iterable[Requirement], *, later: bool
) -> tuple[Obligation, ...]:
    by_system = way.rule.by == (SYSTEM,)
    return tuple(Obligation(atom, way.closes, by_system, later) for atom in atoms)


def _successors_by_answer(
    terrain: GoalAnalysis, begin: Callable[[], ActPlan], tasks: tuple[Obligation, ...]
) -> Iterator[Successor]:
    """Yield what a prepared act comes to, under each answer that predicates could give."""
    plan = begin()
    now = {t.atom.predicate for t in tasks if isinstance(t.atom, PredicateHolds) and not t.later}
    then = sorted(_predicates_asked_after(terrain.machine, plan) - now)
    found: dict[tuple[str, ...] | None, Successor | None] = {}
    for answers in product((True, False), repeat=len(then)):
        plan = begin()
        if prepare(plan, tasks):
            says = dict(zip(then, answers, strict=True)) | dict.fromkeys(now, True)
            prospect = _successor_of(terrain, plan, says)
            found.setdefault(prospect.step.lands if prospect else None, prospect)
    open_ = tuple(f"the predicate `{name}`" for name in then) if len(found) > 1 else ()
    for prospect in found.values():
        if prospect is not None:
            undetermined = tuple(dict.fromkeys((*prospect.step.undetermined, *open_)))
            yield evolve(prospect, step=evolve(prospect.step, undetermined=undetermined))


def _predicates_asked_after(machine: RuleMachine, plan: ActPlan) -> set[str]:
    """Return the registered predicates that peelflow's own next steps ask."""
    return {
        atom.predicate
        for run in automatic_runs(machine, plan.way.rule.to)
        for way in run
        for atom in atoms_of(way.rule.requires)
        if isinstance(atom, PredicateHolds) and atom.predicate in plan.around.predicates
    }


def _successor_of(
    terrain: GoalAnalysis, plan: ActPlan, says: Mapping[str, bool]
) -> Successor | None:
    """Return what the act comes to, None where the engine or the family refuses it."""
    records = _records_through(terrain.machine, plan, says)
    day = plan.day
    freed = reopen_parent(plan, _newly_counting(plan.lifecycle, records, "open"))
    shut = close_open_children(plan, _newly_counting(plan.lifecycle, records, "closed"))
    if plan.day > day:
        records = _records_through(terrain.machine, plan, says)
    lands = tuple(record.state for record in records[1:])
    if freed is False or shut is False or not lands or lands[-1] not in terrain.away:
        return None
    after = SearchState(
        record=without_irrelevant_past(records[-1], terrain),
        day=plan.day,
        children=plan.children,
        parent=plan.parent,
        added=plan.added,
        acts=plan.at.acts + 1,
        chosen=plan.chosen & terrain.choosing,
    )
    return Successor(_route_step(plan, lands), after)


def _route_step(plan: ActPlan, lands: tuple[str, ...]) -> RouteStep:
    rule = plan.way.rule
    return RouteStep(
        trigger=rule.trigger,
        old=plan.way.source,
        lands=lands,
        by=rule.by,
        earliest=plan.day,
        holders=plan.holders,
        needs=tuple(sorted(dict.fromkeys(plan.needs), key=_is_offer)),
        latest=_latest_day(plan),
        before=tuple(plan.before),
        undetermined=tuple(dict.fromkeys(plan.undetermined)),
        span=rule.span,
        national=rule.answers is not None,
    )


def _is_offer(need: Need) -> bool:
    return not isinstance(need, PRECONDITIONS)


def _latest_day(plan: ActPlan) -> date | None:
    """Return when peelflow moves the record on by itself, if an act should be done before."""
    if plan.by_system:
        return None
    rules = plan.lifecycle.states[plan.way.source].transitions
    known = plan.around.holidays
    dues = [due_day(rule.after, plan.at.record, known) for rule in rules if rule.after]
    coming = (due for due in dues if isinstance(due, date) and due >= plan.day)
    return min(coming, default=None)


def _records_through(machine: RuleMachine, plan: ActPlan, says: Mapping[str, bool]) -> list[Record]:
    """Return the record before the act, after it, and after each step that peelflow then takes."""
    context, records, acts = planned_context(plan, says), [plan.record], [_act(plan)]
    while True:
        now = records[-1]
        tried = (decide(machine.lifecycle, now, act, context) for act in acts)
        event = next((each for each in tried if isinstance(each, Event)), None)
        if event is None:
            return records
        records.append(apply(now, event))
        acts = [
            Act(trigger, PEELFLOW, plan.day, PEELFLOW.person)
            for trigger in automatic_triggers(machine.lifecycle, records[-1].state)
        ]


def _act(plan: ActPlan) -> Act:
    """Return the act with exactly what the plan says it needs."""
    trigger, on = plan.way.rule.trigger, plan.day
    if plan.by_system:
        return Act(trigger, PEELFLOW, on, PEELFLOW.person)
    kinds = {type(need) for need in plan.needs}
    return Act(
        trigger=trigger,
        actor=Actor(plan.doer, plan.roles[0]),
        on=on,
        recorded_by=plan.doer,
        evidence=tuple(plan.evidence),
        inspection=plan.inspection.id if plan.inspection else None,
        reason=PLACEHOLDER if ReasonNeed in kinds else None,
        successor=PLACEHOLDER if SuccessorNeed in kinds else None,
        source=PLACEHOLDER if SourceNeed in kinds else None,
    )


def _newly_counting(lifecycle: Lifecycle, records: list[Record], how: Counts) -> frozenset[str]:
    """Return the ledgers on which any of these steps made the record count so anew."""
    found: set[str] = set()
    for before, after in pairwise(records):
        old, new = lifecycle.states[before.state].counts_as, lifecycle.states[after.state].counts_as
        found |= {name for name, counts in new.items() if counts == how != old.get(name)}
    return frozenset(found)
