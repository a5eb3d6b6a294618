"""Prepare one act of a way: meet each requirement by what is there, or by what can be given.

A way only ever gives: it sets fields, waits, closes children, attaches and signs. It never unsets a
field, nor makes one say otherwise than it does, nor hurries so as to be before peelflow.
"""

from __future__ import annotations

from collections.abc import Iterable

from peelflow.engine.bringing import appoint, bring, visit
from peelflow.engine.checks import says
from peelflow.engine.counting import Uncounted, as_far_as_known, last_day
from peelflow.engine.decide import PEELFLOW
from peelflow.engine.evidence import window_of
from peelflow.engine.kin import close_children
from peelflow.engine.lapse import begun, published
from peelflow.engine.needed import distinct_needs
from peelflow.engine.plan import Plan, Task
from peelflow.model.needs import DayNeed, Need, PersonNeed, PredicateNeed, ReasonNeed, SuccessorNeed
from peelflow.model.requirements import (
    PUBLISHED,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    FieldSet,
    PredicateHolds,
    ReasonGiven,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import After


def prepare(plan: Plan, tasks: Iterable[Task]) -> bool:
    """Meet every task, and a timed step's time; say whether that can be done at all."""
    asked = tuple(sorted(tasks, key=_is_open))
    able = (
        _timed(plan)
        and all(_simple(plan, task) for task in asked)
        and all(close_children(plan, task) for task in sorted(asked, key=_is_any_child))
        and visit(plan, asked)
    )
    if not able:
        return False
    if plan.day > plan.at.day:
        plan.needs.insert(0, DayNeed(plan.day))
    return all(bring(plan, task) for task in asked) and appoint(plan)


def _is_open(task: Task) -> bool:
    """Say whether a task asks no choice of a field: those that do are met first."""
    return not (isinstance(task.atom, FieldSet) and task.atom.has)


def _is_any_child(task: Task) -> bool:
    """Say whether any child meets a task: such a one comes after those that ask for their own."""
    return isinstance(task.atom, ChildrenClosed)


def _name(plan: Plan, field: str) -> bool:
    """Name in a field what others name as well; which those are is known only then."""
    plan.undetermined.append(f"which records name what the field `{field}` will")
    return plan.set_field(field)


def _timed(plan: Plan) -> bool:
    """Wait until a timed step is due; where nobody can tell, as if no bank holiday followed."""
    after = plan.way.rule.after
    if after is None:
        return True
    start = begun(after, plan.record, plan.way.source)
    if start is None:
        if not _publish(plan):
            return False
        start = plan.at.day
    due = last_day(start, after, plan.around.holidays)
    if isinstance(due, Uncounted):
        plan.undetermined.append(f"the day of `{plan.way.rule.trigger}`, which {due.why}")
        due = last_day(start, after, as_far_as_known(plan.around.holidays))
    if isinstance(due, Uncounted):
        return False
    plan.wait_for(due)
    return True


def _publish(plan: Plan) -> bool:
    """Set the date of publication: at worst, the day on which the step is begun."""
    day = plan.at.day
    return plan.set_field(PUBLISHED, day.isoformat(), day)


def _simple(plan: Plan, task: Task) -> bool:
    """Meet what needs neither family nor papers."""
    match task.atom:
        case FieldSet(field=name, has=None):
            return bool(plan.record.fields.get(name)) or plan.set_field(name)
        case FieldSet(field=name, has=str(choice)):
            return says(plan.record.fields.get(name), choice) or plan.choose(name, choice)
        case ChildForEach(names=name):
            return bool(plan.record.fields.get(name)) or _name(plan, name)
        case Waited():
            return _waited(plan, task.atom, later=task.later)
        case DistinctFrom():
            return task.later or _distinct(plan, task.atom)
        case PredicateHolds(predicate=name):
            return _predicate(plan, name, later=task.later)
        case ReasonGiven():
            return _given(plan, task, ReasonNeed())
        case SuccessorNamed():
            return _given(plan, task, SuccessorNeed())
        case _:
            return True


def _given(plan: Plan, task: Task, need: Need) -> bool:
    """Give a word with the act, as peelflow never does."""
    if not task.by_system:
        plan.needs.append(need)
    return not task.by_system


def _waited(plan: Plan, asked: Waited, *, later: bool) -> bool:
    if asked.since == PUBLISHED:
        start = published(plan.record)
        if start is None:
            if not _publish(plan):
                return False
            start = plan.at.day
    else:
        moment = window_of(plan.record, asked.since)
        if moment is None:
            return later
        start = moment.on
    due = last_day(start, After(asked.waited), None)
    if isinstance(due, Uncounted):
        return False
    plan.wait_for(due)
    return True


def _distinct(plan: Plan, asked: DistinctFrom) -> bool:
    need = distinct_needs(asked, plan.record)[0]
    if not isinstance(need, PersonNeed):
        return False
    if plan.by_system:
        return PEELFLOW.person not in need.than
    plan.than += need.than
    plan.needs.append(need)
    return True


def _predicate(plan: Plan, name: str, *, later: bool) -> bool:
    if name not in plan.around.predicates:
        return False
    if not later:
        plan.needs.append(PredicateNeed(name, registered=True))
        plan.undetermined.append(f"the predicate `{name}`")
    return True
