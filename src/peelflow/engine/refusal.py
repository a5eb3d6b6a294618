"""Explain a refused act: every reason at once, and the needs that are still missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import assert_never

from attrs import evolve

from peelflow.engine.calendar import due_day, last_day, latest_start, publication_day
from peelflow.engine.machine import CompiledTransition, RuleMachine
from peelflow.engine.requirements import (
    compile_check,
    holds_role,
    lacks_source,
    open_children,
    unanswered_mentions,
    window_start,
)
from peelflow.model.decisions import (
    Act,
    AnswersNeed,
    AppointmentNeed,
    ChildrenNeed,
    Context,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    Need,
    NeedAlternatives,
    PersonNeed,
    PredicateNeed,
    Reason,
    ReasonNeed,
    Refusal,
    RoleNeed,
    SourceNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.records import Actor, Record
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
from peelflow.model.rules import After, Role
from peelflow.wording import say_choice, say_rule


def refusal_of(machine: RuleMachine, record: Record, act: Act, context: Context) -> Refusal:
    """Return the refusal of `act`, with every reason the rules give."""
    ways = machine.ways(record.state, act.trigger)
    mine = tuple(way for way in ways if act.actor.role in way.by)
    reasons = (
        *_not_here_reasons(machine, record, act, ways),
        *_not_you_reasons(machine, record, act, context, ways=ways, mine=mine),
        *_day_reasons(record, act, context),
        *_source_reasons(machine, act),
        *_unmet_reasons(record, act, context, mine or ways),
    )
    return Refusal(
        record=record.id,
        lifecycle=str(machine.lifecycle),
        state=record.state,
        trigger=act.trigger,
        role=act.actor.role,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _not_here_reasons(
    machine: RuleMachine, record: Record, act: Act, ways: tuple[CompiledTransition, ...]
) -> Iterator[Reason]:
    if ways:
        return
    rules, states = machine.lifecycle, machine.lifecycle.states
    elsewhere = tuple(
        name
        for name, state in states.items()
        if any(rule.trigger == act.trigger for rule in state.transitions)
    )
    here = states[record.state]
    found = (
        f"{rules} has `{act.trigger}` only from {say_choice(elsewhere)}"
        if elsewhere
        else f"{rules} has no `{act.trigger}` at all"
    )
    offers = "; ".join(say_rule(rule) for rule in here.transitions)
    instead = f"from `{record.state}`: {offers}" if offers else f"`{record.state}` is an end"
    yield Reason("not here", found, instead, here.span)


def _not_you_reasons(
    machine: RuleMachine,
    record: Record,
    act: Act,
    context: Context,
    *,
    ways: tuple[CompiledTransition, ...],
    mine: tuple[CompiledTransition, ...],
) -> Iterator[Reason]:
    role = act.actor.role
    if not mine:
        for way in ways:
            found = f"`{role}` may not `{act.trigger}`"
            asks = tuple(
                _needs_to_act_as(machine.lifecycle.roles, name, record, act, context)
                for name in way.rule.by
            )
            yield Reason("not you", found, f"{say_choice(way.rule.by)} may", way.rule.span, asks)
        # INVARIANT: appointments are read only for a role that may act here; none says nothing.
        return
    held = machine.lifecycle.roles[role]
    if held.by_appointment and not holds_role(record, act, context):
        yield Reason(
            "not you",
            f"{act.actor.person} did not hold `{role}` in {record.force} on {act.on}",
            "record the appointment, or let another role act",
            held.span,
            ((AppointmentNeed((role,), act.on, act.actor.person),),),
        )


def _needs_to_act_as(
    roles: Mapping[str, Role], name: str, record: Record, act: Act, context: Context
) -> tuple[Need, ...]:
    """Return what it takes to act in a role that may: to hold it, and to name a source."""
    role = roles.get(name)
    if role is None:
        return (RoleNeed((name,)),)
    acting = evolve(act, actor=Actor(act.actor.person, name))
    held = not role.by_appointment or holds_role(record, acting, context)
    appointed = () if held else (AppointmentNeed((name,), act.on, act.actor.person),)
    return (RoleNeed((name,)), *appointed, *((SourceNeed(),) if lacks_source(role, act) else ()))


def _day_reasons(record: Record, act: Act, context: Context) -> Iterator[Reason]:
    if act.on < record.on:
        found = f"{act.on} lies before the record's last event on {record.on}"
        yield Reason(
            "not yet", found, f"date it {record.on} or later", asks=((DayNeed(record.on),),)
        )
    if act.on > context.today:
        found = f"{act.on} lies in the future"
        instead = f"record it when it has happened; today is {context.today}"
        yield Reason("not yet", found, instead, asks=((DayNeed(act.on),),))


def _source_reasons(machine: RuleMachine, act: Act) -> Iterator[Reason]:
    held = machine.lifecycle.roles.get(act.actor.role)
    if held and lacks_source(held, act):
        yield Reason(
            "not yet",
            f"no source is given for a decision of `{act.actor.role}`",
            "name the letter or portal reference it was read from",
            held.span,
            ((SourceNeed(),),),
        )


def _unmet_reasons(
    record: Record, act: Act, context: Context, ways: Iterable[CompiledTransition]
) -> Iterator[Reason]:
    for way in ways:
        after, requires = way.rule.after, way.rule.requires
        asks: list[NeedAlternatives] = [missing_time(after, record, act, context)] if after else []
        asks += [missing_needs(asked, way.closes, record, act, context) for asked in requires]
        for check, asked in zip(way.checks, asks, strict=True):
            unmet = check.unmet(record, act, context)
            if unmet:
                yield Reason("not yet", unmet.found, unmet.instead, unmet.span, asked)


QUESTION_FIELD = "question"
Needs = tuple[Need, ...]
Atom = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | ChildrenClosed
    | ChildForEach
    | DistinctFrom
    | Waited
    | PredicateHolds
)


def missing_needs(
    requirement: Requirement, closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> NeedAlternatives:
    """Return what a requirement still needs: one of several lists, an empty one where it holds.

    Args:
        requirement: The requirement.
        closes: The ledgers that its transition closes.
        record: The record.
        act: The act that is judged.
        context: What it is judged in.
    """
    if isinstance(requirement, AnyOf):
        every = (
            combine_choices(missing_needs(atom, closes, record, act, context) for atom in atoms)
            for atoms in requirement.any_of
        )
        return tuple(choice for choices in every for choice in choices)
    check = compile_check(requirement, closes)
    if not isinstance(check.judge(record, act, context), str):
        return ((),)
    return (_needs_of_atom(requirement, closes, record, act, context),)


def combine_choices(parts: Iterable[NeedAlternatives]) -> NeedAlternatives:
    """Return the ways to meet several things at once."""
    return tuple(tuple(need for needs in chosen for need in needs) for chosen in product(*parts))


def missing_time(after: After, record: Record, act: Act, context: Context) -> NeedAlternatives:
    """Return what a timed transition that is not due waits for; nothing where no day is told."""
    due = due_day(after, record, context.holidays)
    if due is None:
        return ((FieldNeed(PUBLISHED, latest_start(after, act.on, context.holidays)),),)
    return ((DayNeed(due),),) if isinstance(due, date) else ()


def _needs_of_atom(
    asked: Atom, closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> Needs:
    match asked:
        case Evidence(evidence=kind, signed_by=roles):
            return _entry_needs(asked, record) or (DocumentNeed(kind, roles, act.on),)
        case InspectionHeld():
            return _entry_needs(asked, record) or _inspection_needs(asked, record)
        case ReasonGiven():
            return (ReasonNeed(),)
        case FieldSet(field=name, has=has):
            return (FieldNeed(name, has=has),)
        case SuccessorNamed():
            return (SuccessorNeed(),)
        case ChildrenClosed():
            return (ChildrenNeed(open_children(context.children, closes), closes),)
        case ChildForEach():
            return _answer_needs(asked, closes, record, context)
        case DistinctFrom():
            return _entry_needs(asked, record) or distinct_needs(asked, record)
        case Waited():
            return _entry_needs(asked, record) or _wait_needs(asked, record, act)
        case PredicateHolds(predicate=name):
            return (PredicateNeed(name, name in context.predicates),)
        case _:
            assert_never(asked)


def _answer_needs(
    asked: ChildForEach, closes: tuple[str, ...], record: Record, context: Context
) -> Needs:
    """Return the field that says what is answered, the children to add, and those to close."""
    missing = unanswered_mentions(asked, record, context)
    still = open_children(context.children, closes)
    return (
        *(() if record.fields.get(asked.names) else (FieldNeed(asked.names),)),
        *((AnswersNeed(missing, asked.children, closes),) if missing else ()),
        *((ChildrenNeed(still, closes),) if still else ()),
    )


def _entry_needs(asked: Evidence | InspectionHeld | DistinctFrom | Waited, record: Record) -> Needs:
    """Return the state that must be entered first, where the requirement counts since one."""
    since = asked.since
    if since is None or since == PUBLISHED or window_start(record, since):
        return ()
    return (StepNeed(state=since),)


def inspection_need(asked: InspectionHeld, record: Record) -> InspectionNeed:
    """Return the inspection that is needed; its question is None where the record has none."""
    window = window_start(record, asked.since) or record.window
    question = record.fields.get(QUESTION_FIELD) if asked.relevant else None
    found = question if isinstance(question, str) and question else None
    return InspectionNeed(asked.inspection, found, window.on)


def _inspection_needs(asked: InspectionHeld, record: Record) -> Needs:
    need = inspection_need(asked, record)
    lacks = asked.relevant and need.question is None
    return (*((FieldNeed(QUESTION_FIELD),) if lacks else ()), need)


def distinct_needs(asked: DistinctFrom, record: Record) -> Needs:
    """Return the person it must not be, or the trigger that somebody must do first."""
    window, done = window_start(record, asked.since), record.done.get(asked.distinct_from)
    if window is None or done is None or done.number < window.number:
        return (StepNeed(trigger=asked.distinct_from),)
    return (PersonNeed((done.person,)),)


def _wait_needs(asked: Waited, record: Record, act: Act) -> Needs:
    """Return the day to wait for.

    Where no publication is set, or one from which that day never comes, it is the field and how
    late it may be.
    """
    start: date | None
    if asked.since == PUBLISHED:
        start = publication_day(record)
    else:
        start = (window_start(record, asked.since) or record.window).on
    period = After(asked.waited)
    due = last_day(start, period, None) if start else None
    if isinstance(due, date):
        return (DayNeed(due),)
    return (FieldNeed(PUBLISHED, latest_start(period, act.on, None)),)
