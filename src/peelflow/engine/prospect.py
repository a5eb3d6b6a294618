"""Try each act that a record could take next, prepared as well as can be, with the engine itself.

What is found is therefore lawful: each act is judged by `decide`, and what peelflow then does at
once is done too. Where a predicate decides, both of its answers are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import pairwise, product

from attrs import evolve, frozen

from peelflow.engine.decide import PEELFLOW, automatic, decide
from peelflow.engine.fold import apply
from peelflow.engine.kin import free_parent, shut_children
from peelflow.engine.lapse import due_day
from peelflow.engine.machine import RuleMachine, Way
from peelflow.engine.plan import GIVEN, Find, Plan, Standing, Task, begun_plan, context_of
from peelflow.engine.preparing import prepare
from peelflow.engine.terrain import Terrain, choices, onward, pared, ways_out
from peelflow.model.needs import PREPARATIONS, Need, ReasonNeed, SourceNeed, SuccessorNeed
from peelflow.model.records import Act, Actor, Event, Record
from peelflow.model.requirements import PredicateHolds, Requirement, each_atom
from peelflow.model.routes import Around, Step
from peelflow.model.rules import SYSTEM, Counts, Lifecycle


@frozen(eq=False)
class Prospect:
    """An act that can be done: its step, and how the record then stands."""

    step: Step
    after: Standing


def prospects(terrain: Terrain, at: Standing, around: Around, find: Find) -> Iterator[Prospect]:
    """Yield every act that leads on from a standing, each prepared in every way that matters."""
    machine = terrain.machine
    for way in ways_out(machine, at.record.state, prompt=False):
        if way.rule.to not in terrain.away:
            continue
        for run in onward(machine, way.rule.to):
            for tasks in _tasks(way, run):
                begin = partial(begun_plan, machine.lifecycle, way, at=at, around=around, find=find)
                yield from _answered(terrain, begin, tasks)


def _tasks(way: Way, run: tuple[Way, ...]) -> Iterator[tuple[Task, ...]]:
    """Yield the atoms to meet, one choice of each `any_of`: of the act, then of what follows."""
    parts = [
        [_as_tasks(each, atoms, later=each is not way) for atoms in choices(each.rule.requires)]
        for each in (way, *run)
    ]
    for chosen in product(*parts):
        yield tuple(task for tasks in chosen for task in tasks)


def _as_tasks(way: Way, atoms: Iterable[Requirement], *, later: bool) -> tuple[Task, ...]:
    by_system = way.rule.by == (SYSTEM,)
    return tuple(Task(atom, way.closes, by_system, later) for atom in atoms)


def _answered(
    terrain: Terrain, begin: Callable[[], Plan], tasks: tuple[Task, ...]
) -> Iterator[Prospect]:
    """Yield what a prepared act comes to, under each answer that predicates could give."""
    plan = begin()
    now = {t.atom.predicate for t in tasks if isinstance(t.atom, PredicateHolds) and not t.later}
    then = sorted(_asked_after(terrain.machine, plan) - now)
    found: dict[tuple[str, ...] | None, Prospect | None] = {}
    for answers in product((True, False), repeat=len(then)):
        plan = begin()
        if prepare(plan, tasks):
            says = dict(zip(then, answers, strict=True)) | dict.fromkeys(now, True)
            prospect = _tried(terrain, plan, says)
            found.setdefault(prospect.step.lands if prospect else None, prospect)
    open_ = tuple(f"the predicate `{name}`" for name in then) if len(found) > 1 else ()
    for prospect in found.values():
        if prospect is not None:
            undetermined = tuple(dict.fromkeys((*prospect.step.undetermined, *open_)))
            yield evolve(prospect, step=evolve(prospect.step, undetermined=undetermined))


def _asked_after(machine: RuleMachine, plan: Plan) -> set[str]:
    """Return the registered predicates that peelflow's own next steps ask."""
    return {
        atom.predicate
        for run in onward(machine, plan.way.rule.to)
        for way in run
        for atom in each_atom(way.rule.requires)
        if isinstance(atom, PredicateHolds) and atom.predicate in plan.around.predicates
    }


def _tried(terrain: Terrain, plan: Plan, says: Mapping[str, bool]) -> Prospect | None:
    """Return what the act comes to, None where the engine or the family refuses it."""
    records = _played(terrain.machine, plan, says)
    day = plan.day
    freed = free_parent(plan, _anew(plan.lifecycle, records, "open"))
    shut = shut_children(plan, _anew(plan.lifecycle, records, "closed"))
    if plan.day > day:
        records = _played(terrain.machine, plan, says)
    lands = tuple(record.state for record in records[1:])
    if freed is False or shut is False or not lands or lands[-1] not in terrain.away:
        return None
    after = Standing(
        record=pared(records[-1], terrain),
        day=plan.day,
        children=plan.children,
        parent=plan.parent,
        added=plan.added,
        acts=plan.at.acts + 1,
        chosen=plan.chosen & terrain.choosing,
    )
    return Prospect(_step(plan, lands), after)


def _step(plan: Plan, lands: tuple[str, ...]) -> Step:
    rule = plan.way.rule
    return Step(
        trigger=rule.trigger,
        old=plan.way.source,
        lands=lands,
        by=rule.by,
        earliest=plan.day,
        holders=plan.holders,
        needs=tuple(sorted(dict.fromkeys(plan.needs), key=_comes_later)),
        latest=_latest(plan),
        before=tuple(plan.before),
        undetermined=tuple(dict.fromkeys(plan.undetermined)),
        span=rule.span,
        national=rule.answers is not None,
    )


def _comes_later(need: Need) -> bool:
    return not isinstance(need, PREPARATIONS)


def _latest(plan: Plan) -> date | None:
    """Return when peelflow moves the record on by itself, if an act should be done before."""
    if plan.by_system:
        return None
    rules = plan.lifecycle.states[plan.way.source].transitions
    known = plan.around.holidays
    dues = [due_day(rule.after, plan.at.record, known) for rule in rules if rule.after]
    coming = (due for due in dues if isinstance(due, date) and due >= plan.day)
    return min(coming, default=None)


def _played(machine: RuleMachine, plan: Plan, says: Mapping[str, bool]) -> list[Record]:
    """Return the record before the act, after it, and after each step that peelflow then takes."""
    context, records, acts = context_of(plan, says), [plan.record], [_act(plan)]
    while True:
        now = records[-1]
        tried = (decide(machine.lifecycle, now, act, context) for act in acts)
        event = next((each for each in tried if isinstance(each, Event)), None)
        if event is None:
            return records
        records.append(apply(now, event))
        acts = [
            Act(trigger, PEELFLOW, plan.day, PEELFLOW.person)
            for trigger in automatic(machine.lifecycle, records[-1].state)
        ]


def _act(plan: Plan) -> Act:
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
        reason=GIVEN if ReasonNeed in kinds else None,
        successor=GIVEN if SuccessorNeed in kinds else None,
        source=GIVEN if SourceNeed in kinds else None,
    )


def _anew(lifecycle: Lifecycle, records: list[Record], how: Counts) -> frozenset[str]:
    """Return the ledgers on which any of these steps made the record count so anew."""
    found: set[str] = set()
    for before, after in pairwise(records):
        old, new = lifecycle.states[before.state].counts_as, lifecycle.states[after.state].counts_as
        found |= {name for name, counts in new.items() if counts == how != old.get(name)}
    return frozenset(found)
