"""An application's own machine of a lifecycle: its models move, are drawn, copied and pickled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import transitions
from transitions.extensions import GraphMachine

import peelflow
from peelflow.engine.machine import Cursor, Guard, RuleEvent, RuleMachine, machine_for
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor
from peelflow.model.requirements import AnyOf, Evidence, ReasonGiven
from tests.builders.decisions import Scene, accepted, judge, refused, rules, scene, way
from tests.oracles.engine import Plain

WITH_REASON = scene(act={"reason": "why"})


def given(at: Scene) -> dict[str, Any]:
    """Return what an application passes to a trigger."""
    return {"record": at.record, "act": at.act, "context": at.context}


def pickled(value: Any) -> Any:
    """Return what comes back of a value that was pickled."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - it is our own


def drawn(model: Any) -> set[str]:
    """Return the states that a model's drawing marks, each with its mark."""
    lines = model.get_graph().source.splitlines()
    return {line.strip() for line in lines if "s_active" in line or "s_previous" in line} - {
        line.strip() for line in lines if line.strip().startswith("classDef")
    }


def test_each_call_gives_a_fresh_machine() -> None:
    """No two callers share one, and none has the one that decides."""
    lifecycle = rules(way())
    first, second = peelflow.machine(lifecycle), peelflow.machine(lifecycle)
    assert isinstance(first, transitions.Machine)
    assert len({id(each) for each in (first, second, machine_for(lifecycle))}) == 3


def test_what_is_changed_on_it_changes_no_verdict() -> None:
    """A step added, guarded, removed or called back from is for the application's models alone."""
    lifecycle = rules(way(ReasonGiven()))
    before = judge(lifecycle, scene()), judge(lifecycle, WITH_REASON)

    machine = peelflow.machine(lifecycle)
    (compiled,) = machine.compiled("open", "close")
    machine.add_transition("leap", "open", "closed")
    machine.add_transition("close", "open", "paused", conditions=[Guard(compiled)])
    machine.remove_transition("close", "open", "closed")
    machine.add_state("elsewhere")

    assert (judge(lifecycle, scene()), judge(lifecycle, WITH_REASON)) == before
    leap = refused(lifecycle, scene(act={"trigger": "leap"}))
    assert leap.reasons[0].sentence == "small@1 has no `leap` at all"


def test_a_step_of_the_application_s_own_moves_its_models_and_no_cursor() -> None:
    """It has no rule, so nothing that peelflow decides takes it."""
    machine, model, at = peelflow.machine(rules(way())), Plain(), scene()
    machine.add_model(model)
    machine.add_transition("leap", "open", "closed")
    cursor = Cursor("open", at.record, at.act, at.context)
    assert machine.events["leap"].trigger(cursor) is False
    assert machine.events["leap"].trigger(model) is True
    assert model.state == "closed"


@pytest.mark.parametrize("removed", [{"dest": "closed"}, {"source": "open"}])
def test_a_step_that_is_removed_is_removed_for_both(removed: dict[str, str]) -> None:
    """Neither a model nor a cursor takes a transition that the machine no longer has."""
    machine, at = peelflow.machine(rules(way(), way(to="paused", by=("lead",)))), scene()
    machine.remove_transition("close", **removed)
    assert all(each.rule.to != "closed" for each in machine.compiled("open", "close"))
    left = machine.get_transitions("close", "open")
    assert len(machine.compiled("open", "close")) == len(left)
    if left:
        cursor = Cursor("open", at.record, at.act, at.context)
        assert machine.events["close"].trigger(cursor) is False


def test_models_are_attached_at_once_and_begin_where_they_are_told() -> None:
    """One or several; in the lifecycle's first state where nothing is said."""
    model, pair = Plain(), [Plain(), Plain()]
    peelflow.machine(rules(way()), model=model)
    peelflow.machine(rules(way()), model=pair, initial="paused")
    assert (model.state, [each.state for each in pair]) == ("open", ["paused", "paused"])


def test_a_misspelt_first_state_is_refused() -> None:
    """Stock would add a state of that name."""
    with pytest.raises(InvalidRequest, match=r"'pased': is none of small@1; did you mean `paused`"):
        peelflow.machine(rules(way()), initial="pased")


@pytest.mark.parametrize("ask", ["close", "may_close"])
@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ({}, "`record=`, `act=`, `context=`"),
        ({"record": WITH_REASON.record}, "`act=`, `context=`"),
        ({"act": WITH_REASON.act, "record": WITH_REASON.record}, "`context=`"),
    ],
)
def test_a_trigger_says_what_it_is_not_given(
    ask: str, arguments: dict[str, Any], missing: str
) -> None:
    """Each argument by its name, and what to pass."""
    model = Plain()
    peelflow.machine(rules(way()), model=model)
    with pytest.raises(InvalidRequest) as caught:
        getattr(model, ask)(**arguments)
    assert str(caught.value) == (
        f"the trigger `close`: is not given {missing}; "
        "pass `record=`, `act=` and `context=`, which the rules judge"
    )
    assert model.state == "open"


def test_a_model_may_ask_before_it_moves() -> None:
    """`may_close` answers as `close` does, and moves nothing."""
    model: Any = Plain()
    peelflow.machine(rules(way(ReasonGiven())), model=model)
    assert not model.may_close(**given(scene()))
    assert model.may_close(**given(WITH_REASON))
    assert not model.may_close(**given(scene(act={"actor": Actor("Kim", "pcc"), "reason": "why"})))
    assert model.state == "open"


def test_a_drawing_follows_its_model() -> None:
    """The state that it stands in is marked, and the one before."""
    model: Any = Plain()
    machine = peelflow.machine(rules(way()), model=model, graph_engine="mermaid")
    assert isinstance(machine, GraphMachine)
    assert drawn(model) == {"Class open s_active"}
    assert model.close(**given(scene()))
    assert drawn(model) == {"Class open s_previous", "Class closed s_active"}


def test_an_application_derives_a_class_of_its_own() -> None:
    """Ours goes before another of stock's machines, whose options it passes on."""

    class Own(RuleMachine, GraphMachine):
        """A machine that shows who may."""

    model: Any = Plain()
    Own(rules(way()), model=model, graph_engine="mermaid", show_conditions=True)
    assert "open --> closed: close [liaison_officer]" in model.get_graph().source


@pytest.mark.parametrize("again", [pickled, copy.deepcopy])
@pytest.mark.parametrize("engine", [None, "mermaid"])
def test_machines_and_models_are_copied_whole(
    again: Callable[[Any], Any], engine: str | None
) -> None:
    """A copy moves under the same rules and is drawn; the one it was made of stays."""
    model: Any = Plain()
    either = AnyOf(((ReasonGiven(),), (Evidence("letter"),)))
    machine = peelflow.machine(rules(way(either)), model=model, graph_engine=engine)
    for other in (again(model), again(machine).models[0]):
        assert engine is None or drawn(other) == {"Class open s_active"}
        assert not other.close(**given(scene()))
        assert other.close(**given(WITH_REASON))
        assert (other.state, model.state) == ("closed", "open")
        assert engine is None or "Class closed s_active" in drawn(other)


def test_a_copy_s_drawing_is_of_its_own_models_alone() -> None:
    """One of a model that it does not have is drawn anew, as stock does."""
    stranger = Plain()
    machine = copy.deepcopy(peelflow.machine(rules(way()), graph_engine="mermaid"))
    with pytest.raises(KeyError):
        machine.model_graphs[id(stranger)]


def test_the_machine_that_decides_is_as_good_as_a_fresh_one() -> None:
    """Both say the same of an act."""
    lifecycle = rules(way(ReasonGiven()))
    model: Any = Plain()
    machine = peelflow.machine(lifecycle, model=model)
    assert isinstance(machine.events["close"], RuleEvent)
    assert accepted(lifecycle, WITH_REASON).number == 5
    assert model.close(**given(WITH_REASON))
