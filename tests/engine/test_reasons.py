"""Drawn refusals: always reasons, of the right kinds, and following an only reason is enough."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from peelflow.engine.decide import decide
from peelflow.model.decisions import Reason
from peelflow.model.records import Event
from peelflow.testing import Situation, situations
from tests.builders.decisions import day

pytestmark = pytest.mark.search

DRAWN = settings(max_examples=100, deadline=None)
KNOWN = re.compile(r"give a reason|name the letter .*|give the field `\w+`|date it .*|record it .*")


@DRAWN
@given(situations())
def test_every_refusal_has_reasons_of_the_right_kinds(at: Situation) -> None:
    """Not here: no such way from this state. Not you: ways, but none for this role or person."""
    refusal = decide(at.lifecycle, at.record, at.act, at.context)
    if isinstance(refusal, Event):
        return
    assert refusal.reasons
    assert len(set(refusal.reasons)) == len(refusal.reasons)
    ways = [
        w for w in at.lifecycle.states[at.record.state].transitions if w.trigger == at.act.trigger
    ]
    kinds = {reason.kind for reason in refusal.reasons}
    assert ("not here" in kinds) is (not ways)
    role = at.lifecycle.roles.get(at.act.actor.role)
    mine = any(at.act.actor.role in w.by for w in ways)
    states = at.lifecycle.states.values()
    anywhere = [w for s in states for w in s.transitions if w.trigger == at.act.trigger]
    can_somewhere = any(at.act.actor.role in w.by for w in anywhere)
    if "not you" in kinds:
        assert (ways and (not mine or (role and role.by_appointment))) or not can_somewhere
    assert mine or "not you" in kinds or (not ways and (can_somewhere or not anywhere))
    head = f"R-1 is `{at.record.state}`; cannot `{at.act.trigger}` as `{at.act.actor.role}`"
    lines = str(refusal).splitlines()
    assert lines[0] == head
    assert lines[1:] == [f"  {r.kind}: {r.sentence}; {r.instead}" for r in refusal.reasons]


@DRAWN
@given(situations(), st.sampled_from(("reason", "source", "field", "date", "future")))
def test_doing_what_the_only_reason_asks_for_is_enough(at: Situation, spoilt: str) -> None:
    """A lawful act without its reason, source, field or day is refused for that alone, or else."""
    assume(isinstance(decide(at.lifecycle, at.record, at.act, at.context), Event))
    worse = spoil(at, spoilt)
    refusal = decide(worse.lifecycle, worse.record, worse.act, worse.context)
    if isinstance(refusal, Event) or len(refusal.reasons) > 1:
        return
    assume(KNOWN.fullmatch(refusal.reasons[0].instead))
    event(f"refused for its {spoilt}")
    better = follow(worse, refusal.reasons[0])
    assert isinstance(decide(better.lifecycle, better.record, better.act, better.context), Event)


def spoil(at: Situation, part: str) -> Situation:
    """Take one thing away that an act may need."""
    match part:
        case "reason":
            return evolve(at, act=evolve(at.act, reason=None))
        case "source":
            return evolve(at, act=evolve(at.act, source=None))
        case "field":
            return evolve(at, record=evolve(at.record, fields={}))
        case "date":
            return evolve(at, record=evolve(at.record, on=at.context.today))
        case _:
            return evolve(at, act=evolve(at.act, on=day(900)))


def follow(at: Situation, reason: Reason) -> Situation:
    """Do what a reason asks for, where it asks for a reason, a source, a field or a day."""
    words = reason.instead.split()
    match words:
        case ["give", "a", "reason"]:
            return evolve(at, act=evolve(at.act, reason="why"))
        case ["name", "the", "letter", *_]:
            return evolve(at, act=evolve(at.act, source="portal 17"))
        case ["give", "the", "field", name]:
            return evolve(at, record=evolve(at.record, fields={name.strip("`"): "Kim"}))
        case ["date", "it", on, *_]:
            assert on == str(at.record.on)
            return evolve(at, act=evolve(at.act, on=at.record.on))
        case _:
            assert words[-1] == str(at.context.today)
            return evolve(at, context=evolve(at.context, today=at.act.on))
