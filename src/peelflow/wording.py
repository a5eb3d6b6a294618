"""Say rules, needs, routes and days in words that a liaison officer reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, assert_never

from peelflow.model.decisions import (
    AnswersNeed,
    AppointmentNeed,
    ChildrenNeed,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    Need,
    Offer,
    ParentNeed,
    PersonNeed,
    Precondition,
    PredicateNeed,
    ReasonNeed,
    RoleNeed,
    SourceNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.records import Added, Record, TakenOver
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import SYSTEM, After, Lifecycle, Period, State, Transition, units_of
from peelflow.phrases import say_choice, say_day, say_days

if TYPE_CHECKING:  # a start does without routes
    from peelflow.model.routes import Route, RouteStep

_DATE_PUBLISHED = f"the date in the field `{PUBLISHED}`"


def say_need(need: Need) -> str:
    """Say what is needed, as one line of a list."""
    match need:
        case SourceNeed():
            return "the letter or portal reference it is read from"
        case ReasonNeed():
            return "a reason, in words"
        case SuccessorNeed():
            return "the later record or inspection that takes its place"
        case DayNeed() | AppointmentNeed() | FieldNeed():
            return _say_preparation(need)
        case ChildrenNeed() | AnswersNeed() | ParentNeed():
            return _say_preparation(need)
        case _:
            return _say_offer(need)


def _say_preparation(need: Precondition) -> str:
    match need:
        case DayNeed(day=day):
            return f"wait until {say_day(day)}"
        case AppointmentNeed(roles=roles, on=on, person=person):
            whose = f" of {person}" if person else ""
            first = f"first record an appointment{whose} as {say_choice(roles)}"
            return f"{first} that holds on {say_day(on)}"
        case FieldNeed(field=name, has=str(choice)):
            return f"first set the field `{name}` so that it says `{choice}`"
        case FieldNeed(field=name, latest=latest):
            until = f", to a date no later than {say_day(latest)}" if latest else ""
            return f"first set the field `{name}`{until}"
        case ChildrenNeed(still_open=names, ledgers=ledgers):
            where = f" on {' and '.join(ledgers)}" if ledgers else ""
            first = f"see {' and '.join(names)}" if names else "add a child, and see it"
            return f"first {first} closed{where}"
        case AnswersNeed():
            return _say_answers_need(need)
        case ParentNeed(parent=parent, ledgers=ledgers):
            return f"first re-open {parent}, which counts closed on {' and '.join(ledgers)}"
        case _:
            assert_never(need)


def _say_answers_need(need: AnswersNeed) -> str:
    where = f" closed on {' and '.join(need.ledgers)}" if need.ledgers else " closed"
    names = " and ".join(need.records)
    if len(need.records) == 1:
        return f"first add a child that names {names} in `{need.field}`, and see it{where}"
    return (
        f"first add a child for each of {names}, named in its `{need.field}`, and see each{where}"
    )


def _say_offer(need: Offer) -> str:
    match need:
        case RoleNeed(roles=roles):
            return f"act as {say_choice(roles)}"
        case PersonNeed(than=than):
            return f"another person than {' and '.join(than)}"
        case DocumentNeed():
            return _say_document_need(need)
        case InspectionNeed():
            return _say_inspection_need(need)
        case StepNeed(trigger=trigger, state=state):
            first = f"`{trigger}` must be done" if trigger else f"`{state}` must be entered"
            return f"{first} first"
        case PredicateNeed(predicate=name, registered=registered):
            missing = "" if registered else ", which the application has yet to register"
            return f"the yes of the predicate `{name}`{missing}"
        case _:
            assert_never(need)


def _say_document_need(need: DocumentNeed) -> str:
    if need.attached is not None:
        return f"`{need.attached}`, which is attached already, will do"
    signed = ""
    if need.signed_by:
        known = f" ({', '.join(need.signers)})" if need.signers else ""
        where = f" of {need.force}" if need.force else ""
        signed = f", signed by {say_choice(need.signed_by)}{where}{known} by the day of this step"
    attach = "attach beforehand " if need.beforehand else ""
    return f"{attach}a `{need.kind}` that has not counted for it yet{signed}"


def _say_inspection_need(need: InspectionNeed) -> str:
    kind = "an inspection" if need.kind == "any" else f"a {need.kind} inspection"
    covers = f"covers question {need.question} and " if need.question else ""
    asked = f"{kind} that {covers}ends on {say_day(need.ends_from)} or later"
    if not need.known:
        return f"{asked}; none is recorded yet"
    known = [f"{held.id} ({held.first_day} to {held.last_day})" for held in need.known]
    return f"{asked}: {', '.join(known)} could do"


def say_forces(record: Record | Added | TakenOver) -> str:
    """Say of which forces a record is, its lead force first: `norfolk, joint with suffolk`."""
    others = ", ".join(record.joint_with)
    return f"{record.force}, joint with {others}" if others else record.force


def say_acting_forces(record: Record, force: str) -> tuple[str, str]:
    """Say why a force's persons do not act on a record, and what to do instead.

    Args:
        record: A record that is, or was, joint.
        force: The force, whose persons do not act on it.
    """
    why = f"{force} is none of its forces any more"
    if record.is_of(force):
        why = f"the persons of {record.force}, its lead force, act on it, and not those of {force}"
    return why, f"let {record.force} do it"


def say_not_done_here(record: Record, force: str | None) -> tuple[str, ...]:
    """Say that nothing can be done with a record in a register for one force; else nothing.

    Args:
        record: A record.
        force: The force that the register is opened for; None for every one.
    """
    if force is None or force in record.acting_forces:
        return ()
    return (f"Nothing can be done with it here: {'; '.join(say_acting_forces(record, force))}",)


def say_next(record: Record, rules: Lifecycle, force: str | None) -> Iterator[str]:
    """Yield in lines what can be done next with a record, in a register for one force or for all.

    What can be done with a record that the force left is no business of it any more.

    Args:
        record: The record.
        rules: Its rules.
        force: The force that the register is opened for; None for every one.
    """
    if record.withdrawn:
        yield "It counts nowhere; to have it back, void the event that withdrew it"
        return
    yield from say_not_done_here(record, force)
    if not record.is_of(force):
        return
    steps = rules.states[record.state].transitions
    yield "Next:" if steps else f"`{record.state}` is an end"
    yield from (f"  {say_rule(step)}" for step in steps)


def say_doers(step: RouteStep) -> str:
    """Say who does a step: the roles that may, and who holds one by appointment.

    Args:
        step: The step.
    """
    if step.by == (SYSTEM,):
        return "peelflow itself"
    known = ", ".join(f"{person} is `{role}`" for person, role in step.holders)
    return say_choice(step.by) + (f" ({known})" if known else "")


def say_route_head(route: Route) -> str:
    """Say where a record stands, and what it takes to a goal.

    Args:
        route: Its way there.
    """
    start = f"{route.record} is `{route.state}` under {route.lifecycle}"
    if route.verdict == "impossible":
        return f"{start}; there is no way to {route.goal}: {route.why}"
    if route.why is not None:
        return f"{start}; whether there is a way to {route.goal} is undetermined: {route.why}"
    if not route.steps:
        return f"{start}; it is there already: {route.goal}"
    count = len(route.steps)
    return f"{start}; to {route.goal} it takes {count} step{'' if count == 1 else 's'}:"


def say_unseen(forces: tuple[str, ...]) -> str:
    """Say that records of some forces, which a register does not see, may ask for something.

    Args:
        forces: The forces; nothing is said where there are none.
    """
    if not forces:
        return ""
    names = " and ".join(forces)
    return f"records of {names} may ask for it, and are seen in a register of every force alone"


def say_requirement(requirement: Requirement) -> str:
    """Say what a requirement asks for, as it completes "this needs …"."""
    match requirement:
        case Evidence(evidence=kind, signed_by=roles, since=since):
            signed = f" signed by {say_choice(roles)}" if roles else ""
            return f"a `{kind}`{signed}{_say_since(since)}"
        case InspectionHeld(inspection=kind, relevant=relevant, since=since):
            named = "any" if kind == "any" else f"a {kind}"
            covering = " that covers the record's question" if relevant else ""
            return f"{named} inspection{covering}{_say_since(since)}"
        case ReasonGiven():
            return "a reason"
        case FieldSet(field=name, has=has):
            return f"the field `{name}`" + (f" with `{has}`" if has else "")
        case SuccessorNamed():
            return "a successor"
        case ChildrenClosed():
            return "at least one child, each of them closed"
        case ChildForEach(children=child, for_each=categories, whose=whose, names=names):
            each = f"for each {say_choice(categories)} whose `{whose}` is the record's `{names}`"
            return f"{each}, a child that names it in `{child}`, each of them closed"
        case DistinctFrom(distinct_from=trigger, since=since):
            return f"another person than did `{trigger}`{_say_since(since)}"
        case Waited(waited=days, since=since):
            return f"{say_days(days)}{_say_since(since or 'the window began')}"
        case AnyOf(any_of=choices):
            return " or ".join(f"({say_requirements(atoms)})" for atoms in choices)
        case PredicateHolds(predicate=name):
            return f"the predicate `{name}`"
        case _:
            assert_never(requirement)


def say_requirements(requirements: Iterable[Requirement]) -> str:
    """Say all of some requirements: … and …."""
    return " and ".join(map(say_requirement, requirements))


def say_remedy(requirement: Requirement) -> str:
    """Say what to do about a requirement that does not hold, as a request to whoever acts."""
    match requirement:
        case ChildrenClosed():
            return "close each child first; there must be at least one"
        case ChildForEach(children=child, for_each=categories):
            each = f"give each {say_choice(categories)} a child that names it in `{child}`"
            return f"{each}, and close each child"
        case DistinctFrom(distinct_from=trigger, since=since):
            return f"let one person do `{trigger}`{_say_since(since)}, and another this"
        case Waited(waited=days, since=since):
            return f"wait until {say_wait(days, since, begun='the window began')}"
        case AnyOf(any_of=choices):
            return "; or ".join(" and ".join(map(say_remedy, atoms)) for atoms in choices)
        case PredicateHolds(predicate=name):
            return f"see to it that the predicate `{name}` says yes"
        case _:
            return f"give {say_requirement(requirement)}"


def say_wait(days: int, since: str | None, *, begun: str) -> str:
    """Say from when days are counted; `begun` is said where the rule names no `since`."""
    if since:
        begun = _DATE_PUBLISHED if since == PUBLISHED else f"`{since}` was entered"
    return f"{say_days(days)} {'has' if days == 1 else 'have'} passed since {begun}"


def _say_since(since: str | None) -> str:
    return f" since {since}" if since else ""


def say_period(period: Period) -> str:
    """Say a period in words: 28 days, 1 month, 20 working days."""
    return " and ".join(
        f"{number} {name.replace('_', ' ') if number != 1 else name.replace('_', ' ')[:-1]}"
        for name, number in units_of(period).items()
    )


def say_period_since(period: Period, begun: str) -> str:
    """Say a period and from when it is counted: 28 days since …, 3 days beginning with …."""
    return f"{say_period(period)} {'beginning with' if period.beginning else 'since'} {begun}"


def say_within(due: After) -> str:
    """Say by when a record is to leave a state."""
    begun = _DATE_PUBLISHED if due.since == PUBLISHED else "the day of entry"
    return f"within {say_period(due)} {'beginning with' if due.beginning else 'of'} {begun}"


def say_counts(state: State) -> str:
    """Say how a state counts, on each ledger it names."""
    return ", ".join(f"{ledger}: {count}" for ledger, count in state.counts_as.items())


def say_due(after: After, entered: str) -> str:
    """Say when a timed step falls due.

    Args:
        after: Its time.
        entered: What is entered, such as "this state".
    """
    entry = f"{'the day ' * after.beginning}{entered} was entered"
    begun = _DATE_PUBLISHED if after.since == PUBLISHED else entry
    if after.beginning:
        return f"the last of {say_period_since(after, begun)} has come"
    has = "has" if 1 in units_of(after).values() else "have"
    return f"{say_period(after)} {has} passed since {begun}"


def say_rule(rule: Transition) -> str:
    """Say a transition in words: who can do it, when it falls due, and with what."""
    needs = say_requirements(rule.requires)
    once = f" once {say_due(rule.after, 'this state')}" if rule.after else ""
    return f"{say_choice(rule.by)} can `{rule.trigger}`{once}" + (f" with {needs}" if needs else "")
