"""Say why an act is refused: every reason at once, of three kinds, and what would do instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from peelflow.engine.evidence import holds_role, lacks_source
from peelflow.engine.machine import RuleMachine, Way
from peelflow.engine.needed import needed, needed_time
from peelflow.model.judgement import Context, Reason, Refusal
from peelflow.model.needs import AppointmentNeed, Choices, DayNeed, Need, RoleNeed, SourceNeed
from peelflow.model.periods import say_due
from peelflow.model.records import Act, Actor, Record
from peelflow.model.requirements import one_of, read_aloud
from peelflow.model.rules import Role, Transition


def refuse(machine: RuleMachine, record: Record, act: Act, context: Context) -> Refusal:
    """Return the refusal of `act`, with every reason the rules give."""
    ways = machine.ways(record.state, act.trigger)
    mine = tuple(way for way in ways if act.actor.role in way.by)
    reasons = (
        *_not_here(machine, record, act, ways),
        *_not_you(machine, record, act, context, ways=ways, mine=mine),
        *_not_on_that_day(record, act, context),
        *_no_source(machine, act),
        *_unmet(record, act, context, mine or ways),
    )
    return Refusal(
        record=record.id,
        lifecycle=str(machine.lifecycle),
        state=record.state,
        trigger=act.trigger,
        role=act.actor.role,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def say_rule(rule: Transition) -> str:
    """Say a transition in words: who can do it, when it falls due, and with what."""
    needs = " and ".join(read_aloud(requirement) for requirement in rule.requires)
    once = f" once {say_due(rule.after, 'this state')}" if rule.after else ""
    return f"{one_of(rule.by)} can `{rule.trigger}`{once}" + (f" with {needs}" if needs else "")


def _not_here(
    machine: RuleMachine, record: Record, act: Act, ways: tuple[Way, ...]
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
        f"{rules} has `{act.trigger}` only from {one_of(elsewhere)}"
        if elsewhere
        else f"{rules} has no `{act.trigger}` at all"
    )
    offers = "; ".join(say_rule(rule) for rule in here.transitions)
    instead = f"from `{record.state}`: {offers}" if offers else f"`{record.state}` is an end"
    yield Reason("not here", found, instead, here.span)


def _not_you(
    machine: RuleMachine,
    record: Record,
    act: Act,
    context: Context,
    *,
    ways: tuple[Way, ...],
    mine: tuple[Way, ...],
) -> Iterator[Reason]:
    role = act.actor.role
    if not mine:
        for way in ways:
            found = f"`{role}` may not `{act.trigger}`"
            asks = tuple(
                _as(machine.lifecycle.roles, name, record, act, context) for name in way.rule.by
            )
            yield Reason("not you", found, f"{one_of(way.rule.by)} may", way.rule.span, asks)
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


def _as(
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


def _not_on_that_day(record: Record, act: Act, context: Context) -> Iterator[Reason]:
    if act.on < record.on:
        found = f"{act.on} lies before the record's last event on {record.on}"
        yield Reason(
            "not yet", found, f"date it {record.on} or later", asks=((DayNeed(record.on),),)
        )
    if act.on > context.today:
        found = f"{act.on} lies in the future"
        instead = f"record it when it has happened; today is {context.today}"
        yield Reason("not yet", found, instead, asks=((DayNeed(act.on),),))


def _no_source(machine: RuleMachine, act: Act) -> Iterator[Reason]:
    held = machine.lifecycle.roles.get(act.actor.role)
    if held and lacks_source(held, act):
        yield Reason(
            "not yet",
            f"no source is given for a decision of `{act.actor.role}`",
            "name the letter or portal reference it was read from",
            held.span,
            ((SourceNeed(),),),
        )


def _unmet(record: Record, act: Act, context: Context, ways: Iterable[Way]) -> Iterator[Reason]:
    for way in ways:
        after, requires = way.rule.after, way.rule.requires
        asks: list[Choices] = [needed_time(after, record, act, context)] if after else []
        asks += [needed(asked, way.closes, record, act, context) for asked in requires]
        for check, asked in zip(way.checks, asks, strict=True):
            unmet = check.unmet(record, act, context)
            if unmet:
                yield Reason("not yet", unmet.found, unmet.instead, unmet.span, asked)
