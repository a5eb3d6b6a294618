"""The machine: a real one of stock's, timed steps, and no way round the rules."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
import transitions
from hypothesis import given, settings

from peelflow.engine.decide import decide
from peelflow.engine.machine import Cursor, Guard, RuleMachine, machine_for
from peelflow.model.decisions import Child
from peelflow.model.records import PEELFLOW, Actor, Event, TransitionTaken
from peelflow.model.requirements import ChildrenClosed, ReasonGiven
from peelflow.model.rules import After, Counts, Lifecycle, State
from peelflow.testing import lifecycles
from tests.builders.decisions import CLOSED, OPEN, Scene, accepted, day, refused, rules, scene, way
from tests.oracles.engine import Plain

DRAWN = settings(max_examples=100, deadline=None)


def told(at: Scene) -> dict[str, object]:
    """Return what an application passes to a trigger."""
    return {"record": at.record, "act": at.act, "context": at.context}


def tick(on: int, published: str | None = None) -> Scene:
    """Let the system act on a day, which is today."""
    return scene(
        record={"fields": {"published": published} if published else {}},
        act={"actor": PEELFLOW, "on": day(on)},
        context={"today": day(on)},
    )


def timed(days: int, since: Literal["entered", "published"] = "entered") -> Lifecycle:
    """Return rules by which the system closes a record after some days."""
    return rules(way(by=("system",), after=After(days, since=since)))


@DRAWN
@given(lifecycles())
def test_the_machine_is_the_lifecycle(lifecycle: Lifecycle) -> None:
    """Stock finds the same states, ends and transitions in it, and no others."""
    machine = RuleMachine(lifecycle)
    assert machine.initial == lifecycle.initial
    assert {s.name: s.final for s in machine.states.values()} == {
        name: state.final for name, state in lifecycle.states.items()
    }
    assert sorted((t.source, t.dest) for t in machine.get_transitions()) == sorted(
        (name, way.to) for name, state in lifecycle.states.items() for way in state.transitions
    )
    assert set(machine.events) == {
        way.trigger for state in lifecycle.states.values() for way in state.transitions
    }


def test_a_machine_is_compiled_once() -> None:
    """The same lifecycle gives the same machine."""
    lifecycle = rules(way())
    assert machine_for(lifecycle) is machine_for(lifecycle)


def test_an_application_model_moves_under_the_same_guards() -> None:
    """Stock's own trigger refuses and accepts as `decide` does, and calls back as stock does."""
    machine, model, seen = RuleMachine(rules(way(ReasonGiven()))), Plain(), list[str]()
    machine.add_model(model, initial="open")
    machine.on_enter_closed(lambda event: seen.append(event.state.name))
    stranger = scene(act={"actor": Actor("Kim", "chief_constable"), "reason": "why"})
    for at in (stranger, scene(), scene(act={"reason": "why", "on": day(4)})):
        assert machine.events["close"].trigger(model, **told(at)) is False
    assert (model.state, seen) == ("open", [])
    assert machine.events["close"].trigger(model, **told(scene(act={"reason": "why"}))) is True
    assert (model.state, seen) == ("closed", ["closed"])


def test_a_trigger_out_of_place_is_an_error_of_stock() -> None:
    """An application that asks from the wrong state hears it as from any stock machine."""
    machine, model = RuleMachine(rules(way())), Plain()
    machine.add_model(model, initial="closed")
    with pytest.raises(transitions.MachineError, match="Can't trigger event close"):
        machine.events["close"].trigger(model, **told(scene()))


def test_a_model_has_no_way_round_the_rules() -> None:
    """No `to_closed` of stock's."""
    machine, model = RuleMachine(rules(way())), Plain()
    machine.add_model(model, initial="open")
    assert not hasattr(model, "to_closed")


def test_an_application_may_guard_more_but_not_less() -> None:
    """A condition of its own stands beside ours, on its own machine and models alone."""
    machine, model = RuleMachine(rules(way())), Plain()
    machine.add_model(model, initial="open")
    (ours,) = machine.compiled("open", "close")
    guard = Guard(ours)
    machine.add_transition("leave", "open", "paused", conditions=[guard, lambda _: False])
    assert machine.events["leave"].trigger(model, **told(scene())) is False
    machine.add_transition("depart", "open", "paused", conditions=[guard, lambda _: True])
    stranger = scene(act={"actor": Actor("Kim", "chief_constable")})
    assert machine.events["depart"].trigger(model, **told(stranger)) is False
    assert machine.events["depart"].trigger(model, **told(scene())) is True


def test_a_stock_transition_moves_no_record() -> None:
    """What has no rule behind it is for the application's models alone."""
    machine, at = RuleMachine(rules(way())), scene()
    stock = transitions.Transition("closed", "open")
    machine.events["close"].add_transition(stock)
    cursor = Cursor("closed", at.record, at.act, at.context)
    assert machine.events["close"].trigger(cursor) is False
    assert (cursor.state, cursor.taken) == ("closed", None)
    assert machine.compiled("closed", "close") == ()


def test_the_way_taken_is_the_acting_role_s_own() -> None:
    """One trigger may lead different roles to different ends, whatever their order."""
    asking = rules(way(by=("hmicfrs",), to="paused"), way())
    assert accepted(asking, scene()).number == 5
    (mine,) = (w for w in machine_for(asking).compiled("open", "close") if "hmicfrs" not in w.by)
    assert (mine.source, mine.rule.to) == ("open", "closed")


@pytest.mark.parametrize(
    ("lifecycle", "at"),
    [
        (timed(23), tick(3)),
        (timed(22), tick(3)),
        (timed(3, "published"), tick(3, "2022-03-01")),
        (timed(2, "published"), tick(3, "2022-03-01")),
    ],
)
def test_a_timed_step_is_due_from_its_day_on(lifecycle: Lifecycle, at: Scene) -> None:
    """The system takes it on the day it falls due, or later."""
    assert accepted(lifecycle, at).actor == PEELFLOW


@pytest.mark.parametrize(
    ("lifecycle", "at", "sentence", "instead"),
    [
        (
            timed(24),
            tick(3),
            "23 of 24 days passed since 2022-02-09",
            "wait until 24 days have passed since `open` was entered",
        ),
        (
            timed(4, "published"),
            tick(3, "2022-03-01"),
            "3 of 4 days passed since 2022-03-01",
            "wait until 4 days have passed since the date in the field `published`",
        ),
        (
            timed(1, "published"),
            tick(3),
            "no date of publication is set",
            "wait until 1 day has passed since the date in the field `published`",
        ),
    ],
)
def test_a_timed_step_waits_for_its_day(
    lifecycle: Lifecycle, at: Scene, sentence: str, instead: str
) -> None:
    """Before that it is `not yet`, with how far it has come."""
    (reason,) = refused(lifecycle, at).reasons
    assert (reason.kind, reason.sentence, reason.instead) == ("not yet", sentence, instead)


CHILDREN = way(ChildrenClosed(), to="target")


@pytest.mark.parametrize(
    ("target", "child", "lacking"),
    [
        (State({"portal": "closed"}), {"portal": "closed", "force": "open"}, False),
        (State({"portal": "closed"}), {"force": "closed"}, True),
        (State({"portal": "closed", "force": "closed"}), {"portal": "closed"}, True),
        (State({"portal": "closed", "force": "open"}), {"portal": "closed"}, False),
        (State(OPEN), {"portal": "closed", "force": "open"}, True),
        (State(OPEN), {"portal": "closed", "force": "closed"}, False),
    ],
)
def test_children_are_asked_for_on_the_ledgers_that_this_closes(
    target: State, child: dict[str, Counts], *, lacking: bool
) -> None:
    """Each counts closed on every ledger newly closed; on all of its own where none is."""
    at = scene(context={"children": (Child("C-1", child),)})
    asking = rules(CHILDREN, target=target)
    if lacking:
        assert [r.sentence for r in refused(asking, at).reasons] == ["not closed yet: C-1"]
    else:
        assert accepted(asking, at).number == 5


def test_a_ledger_closed_before_is_not_closed_again() -> None:
    """A step between two closed states asks the children on the ledger it adds alone."""
    asking = rules(
        way(),
        closed=State(CLOSED, transitions=(CHILDREN,)),
        target=State({"portal": "closed", "force": "closed"}),
    )
    child = Child("C-1", {"portal": "open", "force": "closed"})
    at = scene(record={"state": "closed"}, context={"children": (child,)})
    assert accepted(asking, at).number == 5


@pytest.mark.parametrize(("since", "due"), [("entered", day(-15)), ("published", day(0))])
def test_a_timed_step_keeps_the_day_it_fell_due(
    since: Literal["entered", "published"], due: date
) -> None:
    """It is dated the day it is done, which may be later."""
    at = tick(on=9, published=day(-5).isoformat())
    event = decide(timed(5, since), at.record, at.act, at.context)
    assert isinstance(event, Event)
    assert isinstance(event.what, TransitionTaken)
    assert (event.on, event.what.due) == (day(9), due)
