"""Say needs and steps in words that a liaison officer reads."""

from __future__ import annotations

from datetime import date
from typing import assert_never

from peelflow.model.needs import (
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
    PredicateNeed,
    Preparation,
    ReasonNeed,
    RoleNeed,
    SourceNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.requirements import one_of
from peelflow.model.routes import Route, Step
from peelflow.model.rules import SYSTEM


def say_day(day: date) -> str:
    """Say a day in words: 9 February 2023."""
    return f"{day.day} {day:%B %Y}"


def say_who(step: Step) -> str:
    """Say who does a step: the roles that may, and who holds one by appointment."""
    if step.by == (SYSTEM,):
        return "peelflow itself"
    known = ", ".join(f"{person} is `{role}`" for person, role in step.holders)
    return one_of(step.by) + (f" ({known})" if known else "")


def say_head(route: Route) -> str:
    """Say where a record stands, and what it takes to a goal."""
    start = f"{route.record} is `{route.state}` under {route.lifecycle}"
    if route.verdict == "impossible":
        return f"{start}; there is no way to {route.goal}: {route.why}"
    if route.why is not None:
        return f"{start}; whether there is a way to {route.goal} is undetermined: {route.why}"
    if not route.steps:
        return f"{start}; it is there already: {route.goal}"
    count = len(route.steps)
    return f"{start}; to {route.goal} it takes {count} step{'' if count == 1 else 's'}:"


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
            return _preparation(need)
        case ChildrenNeed() | AnswersNeed() | ParentNeed():
            return _preparation(need)
        case _:
            return _offer(need)


def _preparation(need: Preparation) -> str:
    match need:
        case DayNeed(day=day):
            return f"wait until {say_day(day)}"
        case AppointmentNeed(roles=roles, on=on, person=person):
            whose = f" of {person}" if person else ""
            first = f"first record an appointment{whose} as {one_of(roles)}"
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
            return _answers(need)
        case ParentNeed(parent=parent, ledgers=ledgers):
            return f"first re-open {parent}, which counts closed on {' and '.join(ledgers)}"
        case _:
            assert_never(need)


def _answers(need: AnswersNeed) -> str:
    where = f" closed on {' and '.join(need.ledgers)}" if need.ledgers else " closed"
    names = " and ".join(need.records)
    if len(need.records) == 1:
        return f"first add a child that names {names} in `{need.field}`, and see it{where}"
    return (
        f"first add a child for each of {names}, named in its `{need.field}`, and see each{where}"
    )


def _offer(need: Offer) -> str:
    match need:
        case RoleNeed(roles=roles):
            return f"act as {one_of(roles)}"
        case PersonNeed(than=than):
            return f"another person than {' and '.join(than)}"
        case DocumentNeed():
            return _document(need)
        case InspectionNeed():
            return _inspection(need)
        case StepNeed(trigger=trigger, state=state):
            first = f"`{trigger}` must be done" if trigger else f"`{state}` must be entered"
            return f"{first} first"
        case PredicateNeed(predicate=name, registered=registered):
            missing = "" if registered else ", which the application has yet to register"
            return f"the yes of the predicate `{name}`{missing}"
        case _:
            assert_never(need)


def _document(need: DocumentNeed) -> str:
    if need.attached is not None:
        return f"`{need.attached}`, which is attached already, will do"
    signed = ""
    if need.signed_by:
        known = f" ({', '.join(need.signers)})" if need.signers else ""
        signed = f", signed by {one_of(need.signed_by)}{known} by the day of this step"
    attach = "attach beforehand " if need.beforehand else ""
    return f"{attach}a `{need.kind}` that has not counted for it yet{signed}"


def _inspection(need: InspectionNeed) -> str:
    kind = "an inspection" if need.kind == "any" else f"a {need.kind} inspection"
    covers = f"covers question {need.question} and " if need.question else ""
    asked = f"{kind} that {covers}ends on {say_day(need.ends_from)} or later"
    if not need.known:
        return f"{asked}; none is recorded yet"
    known = [f"{one.id} ({one.first_day} to {one.last_day})" for one in need.known]
    return f"{asked}: {', '.join(known)} could do"
