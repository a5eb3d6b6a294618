"""See to the family before an act: children closed by their own ways, a closed parent re-opened."""

from __future__ import annotations

from attrs import evolve

from peelflow.engine.children import still_open, unanswered
from peelflow.engine.goals import Goal, closed_ledgers, closed_on, not_closed_on, not_open_on
from peelflow.engine.plan import Answer, Plan, Standing, Task, children_seen, context_of
from peelflow.model.needs import AnswersNeed, ChildrenNeed, Need, ParentNeed
from peelflow.model.requirements import ChildForEach, ChildrenClosed
from peelflow.model.routes import Relative, Route

_NEW_CHILD = "whether a child that is yet to be added can be closed"


def close_children(plan: Plan, task: Task) -> bool:
    """Close each child that must be, by its own way; add one where one is missing."""
    match task.atom:
        case ChildrenClosed():
            missing: list[Answer] = [] if plan.children or plan.added else [None]
            needs: list[Need] = [ChildrenNeed((), task.closes)]
        case ChildForEach() as asked:
            names = unanswered(asked, plan.record, context_of(plan, {}))
            missing = [(asked.children, name) for name in names]
            needs = [AnswersNeed(names, asked.children, task.closes)]
        case _:
            return True
    if missing:
        if not plan.around.may_have_children:
            return False
        plan.added |= frozenset(missing)
        plan.needs += needs
        plan.undetermined.append(_NEW_CHILD)
    return _close_known(plan, task)


def _close_known(plan: Plan, task: Task) -> bool:
    still = still_open(children_seen(plan), task.closes)
    if still:
        plan.needs.append(ChildrenNeed(still, task.closes))
    return all(
        _close(plan, child, closed_on(child.lifecycle, task.closes))
        for child in plan.children
        if child.record.id in still
    )


def shut_children(plan: Plan, closes: frozenset[str]) -> bool | None:
    """Close the children that count open on a ledger that the act closes.

    Returns:
        None: Nothing is in the way. True: The plan now has their ways. False: One has none.
    """
    still = tuple(each for each in plan.children if closes & _open_ledgers(each))
    if not still:
        return None
    plan.needs.append(ChildrenNeed(tuple(each.record.id for each in still), tuple(sorted(closes))))
    return all(_close(plan, child, not_open_on(child.lifecycle, closes)) for child in still)


def _open_ledgers(child: Relative) -> frozenset[str]:
    counts = child.lifecycle.states[child.record.state].counts_as
    return frozenset(name for name, how in counts.items() if how == "open")


def _close(plan: Plan, child: Relative, goal: Goal) -> bool:
    above = closed_ledgers(plan.lifecycle.states[plan.record.state])
    found = plan.find(child, goal, plan.at.day, above)
    if found is None:
        return False
    gone = _gone(plan, child, found)
    plan.children = tuple(gone if each is child else each for each in plan.children)
    return True


def free_parent(plan: Plan, opens: frozenset[str]) -> bool | None:
    """Re-open the parent where it counts closed on a ledger that the act opens.

    Returns:
        None: Nothing is in the way. True: The plan now has the parent's way. False: It has none.
    """
    if opens & plan.around.closed_above:
        return False
    parent = plan.parent
    if parent is None:
        return None
    closed = opens & closed_ledgers(parent.lifecycle.states[parent.record.state])
    if not closed:
        return None
    goals = not_closed_on(parent.lifecycle, closed)
    found = plan.find(parent, goals, plan.at.day, parent.around.closed_above)
    if found is None:
        return False
    plan.needs.append(ParentNeed(parent.record.id, tuple(sorted(closed))))
    plan.parent = _gone(plan, parent, found)
    return True


def _gone(plan: Plan, relative: Relative, found: tuple[Route, Standing]) -> Relative:
    """Take a relative's way as gone before the act, and return the relative as it then is."""
    route, end = found
    plan.before.append(route)
    plan.wait_for(end.day)
    plan.undetermined += [each for step in route.steps for each in step.undetermined]
    around = evolve(relative.around, children=end.children, parent=end.parent)
    return Relative(end.record, relative.lifecycle, around)
