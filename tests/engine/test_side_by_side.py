"""Stock `transitions` and ours agree: on every verdict, and on where the record stands after.

Three ways decide each drawn act: ours; an application's model on our machine, which takes stock's
path with our guards; and a plain machine that knows nothing of the engine (`reference`).
"""

from __future__ import annotations

from collections import Counter

import pytest
import transitions
from attrs import define
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.engine.decide import decide
from peelflow.engine.fold import apply
from peelflow.engine.machine import RuleMachine
from peelflow.model.decisions import Refusal
from peelflow.model.records import Event, TransitionTaken
from peelflow.model.requirements import Requirement, atoms_of
from peelflow.testing import Situation, acts, contexts, lifecycles, records, situations
from tests.oracles.engine import Plain, holds, plain_machine

pytestmark = pytest.mark.search

ONCE = settings(max_examples=850, deadline=None)
WALKS = settings(max_examples=150, deadline=None)
STEPS = 4


@define
class Three:
    """The three that decide, at the same place in the same rules."""

    ours: RuleMachine
    plain: transitions.Machine
    ours_model: Plain
    plain_model: Plain

    def verdicts(self, at: Situation) -> tuple[Event | Refusal, bool, bool]:
        """Return what each of them says of an act, moving the models that it moves."""
        decided = decide(at.lifecycle, at.record, at.act, at.context)
        given = {"record": at.record, "act": at.act, "context": at.context}
        stock = fired(self.ours, self.ours_model, at.act.trigger, given)
        reference = fired(self.plain, self.plain_model, at.act.trigger, {"situation": at})
        return decided, stock, reference

    def states(self) -> tuple[str, str]:
        """Return where the two models stand."""
        return self.ours_model.state, self.plain_model.state


def three(at: Situation) -> Three:
    """Return the three that decide, with their models in the record's state."""
    ours, plain = RuleMachine(at.lifecycle), plain_machine(at.lifecycle)
    models = Plain(), Plain()
    ours.add_model(models[0], initial=at.record.state)
    plain.add_model(models[1], initial=at.record.state)
    return Three(ours, plain, *models)


def fired(
    machine: transitions.Machine, model: Plain, trigger: str, given: dict[str, object]
) -> bool:
    """Say whether stock moves a model; a trigger that does not lead from its state does not."""
    if trigger not in machine.events:
        return False
    try:
        return bool(machine.events[trigger].trigger(model, **given))
    except transitions.MachineError:
        return False


@ONCE
@given(situations())
def test_the_three_agree_on_one_act(at: Situation) -> None:
    """The same verdict, and the same state after it."""
    deciding = three(at)
    decided, stock, reference = deciding.verdicts(at)
    took = isinstance(decided, Event)
    event("accepted" if took else "refused")
    assert (stock, reference) == (took, took)
    after = state_after(at.record.state, decided)
    assert deciding.states() == (after, after)


def state_after(state: str, decided: Event | Refusal) -> str:
    """Return where a record stands after an act, as its event says."""
    if isinstance(decided, Refusal):
        return state
    assert isinstance(decided.what, TransitionTaken)
    return decided.what.new


@WALKS
@given(st.data())
def test_the_three_agree_on_a_whole_walk(data: st.DataObject) -> None:
    """Over several acts, with the record folded in between, they never part."""
    lifecycle = data.draw(lifecycles())
    record = data.draw(records(lifecycle))
    act = data.draw(acts(lifecycle, record))
    at = Situation(lifecycle, record, act, data.draw(contexts(record, act)))
    deciding = three(at)
    for _ in range(STEPS):
        decided, stock, reference = deciding.verdicts(at)
        assert stock is reference is isinstance(decided, Event)
        record = apply(at.record, decided) if isinstance(decided, Event) else at.record
        assert deciding.states() == (record.state, record.state)
        act = data.draw(acts(lifecycle, record))
        at = Situation(lifecycle, record, act, data.draw(contexts(record, act)))


def test_the_drawn_acts_reach_every_verdict() -> None:
    """Acts are accepted and refused, and every kind of requirement holds and fails to hold."""
    verdicts = Counter[str]()

    @settings(max_examples=600, deadline=None, derandomize=True, database=None)
    @given(situations())
    def look(at: Situation) -> None:
        decided = decide(at.lifecycle, at.record, at.act, at.context)
        reasons = () if isinstance(decided, Event) else decided.reasons
        verdicts.update({reason.kind for reason in reasons} or ["accepted"])
        for way in at.lifecycle.states[at.record.state].transitions:
            for atom in atoms_of(way.requires) if way.trigger == at.act.trigger else ():
                verdicts[f"{type(atom).__name__} {holds(atom, at, [])}"] += 1

    look()
    kinds = {f"{kind.__name__} {held}" for kind in Requirement.__args__ for held in (True, False)}
    assert set(verdicts) == kinds | {"accepted", "not here", "not you", "not yet"}
    assert verdicts["accepted"] > 600 * 0.3
