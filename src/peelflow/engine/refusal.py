"""Explain a refused act: every reason at once, each with what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from peelflow.engine.machine import CompiledTransition, RuleMachine
from peelflow.engine.requirements import (
    Needs,
    combine_choices,
    holds_role,
    is_acted_for,
    is_held,
    lacks_source,
    missing_needs,
    missing_time,
)
from peelflow.model.decisions import (
    Act,
    AppointmentNeed,
    Context,
    DayNeed,
    NeedAlternatives,
    Reason,
    Refusal,
    RoleNeed,
    SourceNeed,
)
from peelflow.model.records import Actor, Record
from peelflow.model.rules import After, Lifecycle, Role
from peelflow.phrases import nearest_name, say_choice
from peelflow.wording import say_acting_forces, say_rule

Compiled = tuple[CompiledTransition, ...]


def refusal_of(machine: RuleMachine, record: Record, act: Act, context: Context) -> Refusal:
    """Return the refusal of `act`, with every reason the rules give."""
    compiled = machine.compiled(record.state, act.trigger)
    own = _own_transitions(compiled, act)
    reasons = (
        *(() if compiled else _not_here_reasons(machine.lifecycle, record, act)),
        *_scope_reasons(record, context),
        *_not_you_reasons(machine.lifecycle, record, act, context, compiled=compiled, own=own),
        *_day_reasons(record, act, context),
        *_source_reasons(machine.lifecycle, act),
        *_unmet_reasons(record, act, context, own or compiled),
    )
    return Refusal(
        record=record.id,
        lifecycle=str(machine.lifecycle),
        state=record.state,
        trigger=act.trigger,
        role=act.actor.role,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def needs_of(machine: RuleMachine, record: Record, act: Act, context: Context) -> NeedAlternatives:
    """Return what a refused act still needs, by each of its transitions: lists to choose from.

    Those that the acting role may take come into question, or all where it may take none.
    """
    lifecycle, compiled = machine.lifecycle, machine.compiled(record.state, act.trigger)
    own = _own_transitions(compiled, act)
    alternatives: list[Needs] = []
    for transition in own or compiled:
        reasons = (
            *_scope_reasons(record, context),
            *_not_you_reasons(lifecycle, record, act, context, compiled=(transition,), own=own),
            *_day_reasons(record, act, context),
            *(_source_reasons(lifecycle, act) if own else ()),
            *_unmet_reasons(record, act, context, (transition,)),
        )
        alternatives += combine_choices(reason.asks for reason in reasons)
    return tuple(dict.fromkeys(tuple(dict.fromkeys(needs)) for needs in alternatives))


def _own_transitions(compiled: Compiled, act: Act) -> Compiled:
    return tuple(transition for transition in compiled if act.actor.role in transition.by)


def _not_here_reasons(lifecycle: Lifecycle, record: Record, act: Act) -> Iterator[Reason]:
    """Say where the trigger leads from, and that the role may do it nowhere, if it may not."""
    here, trigger, role = lifecycle.states[record.state], act.trigger, act.actor.role
    elsewhere = [
        (name, rule)
        for name, state in lifecycle.states.items()
        for rule in state.transitions
        if rule.trigger == trigger
    ]
    offers = "; ".join(say_rule(rule) for rule in here.transitions)
    instead = f"from `{record.state}`: {offers}" if offers else f"`{record.state}` is an end"
    if not elsewhere:
        known = {rule.trigger for state in lifecycle.states.values() for rule in state.transitions}
        near = nearest_name(trigger, known)
        instead = f"did you mean `{near}`? {instead}" if near else instead
        yield Reason("not here", f"{lifecycle} has no `{trigger}` at all", instead, here.span)
        return
    sources = say_choice(tuple(dict.fromkeys(name for name, _ in elsewhere)))
    yield Reason("not here", f"{lifecycle} has `{trigger}` only from {sources}", instead, here.span)
    roles = tuple(dict.fromkeys(name for _, rule in elsewhere for name in rule.by))
    if role not in roles:
        # INVARIANT: no appointment is read for a trigger from elsewhere, so none is asked for.
        asks = ((RoleNeed(roles),),)
        span = elsewhere[0][1].span
        yield Reason("not you", _say_not_you(act), f"{say_choice(roles)} may", span, asks)


def _scope_reasons(record: Record, context: Context) -> Iterator[Reason]:
    """Say whose persons act on a joint record, where those of the force that asks do not."""
    if context.scope is not None and not is_acted_for(record, context):
        yield Reason("not you", *say_acting_forces(record, context.scope))


def _say_not_you(act: Act) -> str:
    return f"`{act.actor.role}` may not `{act.trigger}`"


def _not_you_reasons(
    lifecycle: Lifecycle,
    record: Record,
    act: Act,
    context: Context,
    *,
    compiled: Compiled,
    own: Compiled,
) -> Iterator[Reason]:
    """Say who may take these transitions, or that the actor does not hold the role that may."""
    if not own:
        for rule in (transition.rule for transition in compiled):
            asks = tuple(
                _needs_to_act_as(lifecycle.roles, role, record, act, context) for role in rule.by
            )
            yield Reason(
                "not you", _say_not_you(act), f"{say_choice(rule.by)} may", rule.span, asks
            )
        # INVARIANT: appointments are read only for a role that may act here; none says nothing.
        return
    role, actor = lifecycle.roles[act.actor.role], act.actor
    if is_held(actor.role, role, context.signers) and not holds_role(record, act, context):
        forces = " or ".join(record.acting_forces)
        yield Reason(
            "not you",
            f"{actor.person} did not hold `{actor.role}` in {forces} on {act.on}",
            "record the appointment, or let another role act",
            role.span,
            ((AppointmentNeed((actor.role,), act.on, actor.person),),),
        )


def _needs_to_act_as(
    roles: Mapping[str, Role], name: str, record: Record, act: Act, context: Context
) -> Needs:
    """Return what it takes to act in a role that may: to hold it, and to name a source."""
    role = roles.get(name)
    if role is None:
        return (RoleNeed((name,)),)
    acting = evolve(act, actor=Actor(act.actor.person, name))
    may = not is_held(name, role, context.signers) or holds_role(record, acting, context)
    appointment = () if may else (AppointmentNeed((name,), act.on, act.actor.person),)
    source = (SourceNeed(),) if lacks_source(role, act) else ()
    return (RoleNeed((name,)), *appointment, *source)


def _day_reasons(record: Record, act: Act, context: Context) -> Iterator[Reason]:
    if act.on < record.on:
        sentence = f"{act.on} lies before the record's last event on {record.on}"
        asks = ((DayNeed(record.on),),)
        yield Reason("not yet", sentence, f"date it {record.on} or later", asks=asks)
    if act.on > context.today:
        sentence = f"{act.on} lies in the future"
        instead = f"record it when it has happened; today is {context.today}"
        yield Reason("not yet", sentence, instead, asks=((DayNeed(act.on),),))


def _source_reasons(lifecycle: Lifecycle, act: Act) -> Iterator[Reason]:
    role = lifecycle.roles.get(act.actor.role)
    if role and lacks_source(role, act):
        yield Reason(
            "not yet",
            f"no source is given for a decision of `{act.actor.role}`",
            "name the letter or portal reference it was read from",
            role.span,
            ((SourceNeed(),),),
        )


def _unmet_reasons(
    record: Record, act: Act, context: Context, compiled: Compiled
) -> Iterator[Reason]:
    for transition in compiled:
        rule = transition.rule
        parts = (rule.after, *rule.requires) if rule.after else rule.requires
        for check, part in zip(transition.checks, parts, strict=True):
            unmet = check.unmet(record, act, context)
            if unmet:
                asks = (
                    missing_time(part, record, act, context)
                    if isinstance(part, After)
                    else missing_needs(
                        part, transition.closes, record, act, context, use=transition.use
                    )
                )
                yield Reason("not yet", unmet, check.instead, check.span, asks)
