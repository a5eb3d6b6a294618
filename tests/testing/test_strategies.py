"""What the strategies promise: sound rules, that survive being kept, of every sort."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import peelflow.testing
from peelflow.model.records import Moment
from peelflow.model.requirements import AnyOf, Requirement, atoms_of
from peelflow.model.rules import Lifecycle
from peelflow.proof.lint import lint
from peelflow.rulebook.canonical import canonical_text, restore
from peelflow.testing import (
    VOCABULARY,
    Situation,
    acts,
    contexts,
    lifecycles,
    records,
    requirements,
    situations,
)

DRAWN = settings(max_examples=100, deadline=None)
ALIKE = settings(max_examples=150, deadline=None, derandomize=True, database=None)
BLOCKED = """
import sys
sys.modules["hypothesis"] = None
from peelflow import errors
try:
    import peelflow.testing.{module}
except errors.MissingDependency as missing:
    print(missing.extra, missing.needs, missing)
"""


@DRAWN
@given(lifecycles())
def test_drawn_rules_pass_the_lint(lifecycle: Lifecycle) -> None:
    """No drawn lifecycle has an error; each would load as a file."""
    assert [f for f in lint(lifecycle, VOCABULARY) if f.severity == "error"] == []


@DRAWN
@given(lifecycles())
def test_drawn_rules_survive_being_kept(lifecycle: Lifecycle) -> None:
    """What a store keeps of a lifecycle restores to the same rules, by pin and by text."""
    restored = restore(canonical_text(lifecycle))
    assert (restored.pin, canonical_text(restored)) == (lifecycle.pin, canonical_text(lifecycle))


@DRAWN
@given(situations())
def test_a_drawn_record_could_have_been(situation: Situation) -> None:
    """It stands in a state of its rules that it entered, and nothing lies after its last event."""
    record = situation.record
    assert record.lifecycle == situation.lifecycle.pin
    assert record.state in situation.lifecycle.states
    assert record.state in record.entered
    moments = [record.window, *record.entered.values()]
    moments += [Moment(done.number, done.on) for done in record.done.values()]
    assert all(m.number <= record.number and m.on <= record.on for m in moments)


@DRAWN
@given(st.data())
def test_what_happens_is_drawn_part_by_part(data: st.DataObject) -> None:
    """A record, an act and a context can be drawn each for what was drawn before."""
    lifecycle = data.draw(lifecycles())
    record = data.draw(records(lifecycle))
    act = data.draw(acts(lifecycle, record))
    context = data.draw(contexts(record, act))
    assert record.lifecycle == lifecycle.pin
    assert act.actor.role in lifecycle.roles
    assert act.actor.person in {held.person for held in context.appointments}


def test_drawn_rules_are_of_every_sort() -> None:
    """System steps timed and untimed, own steps, re-opening, other names, each side: all occur."""
    seen = Counter[str]()

    @ALIKE
    @given(lifecycles())
    def look(lifecycle: Lifecycle) -> None:
        for state in lifecycle.states.values():
            seen["another national name"] += state.stands_for is not None
            seen["counts on two ledgers"] += len(state.counts_as) == 2
            seen["counts nowhere"] += not state.counts_as
            for way in state.transitions:
                seen["timed since " + way.after.since if way.after else "untimed"] += 1
                seen["untimed system"] += way.by == ("system",) and way.after is None
                seen["own step"] += way.implements is None
                seen["answers as another"] += way.as_ is not None
                seen["re-opens"] += way.reopens
                seen.update(lifecycle.roles[role].side for role in way.by)

    look()
    assert sorted(name for name, times in seen.items() if times) == [
        "another national name",
        "answers as another",
        "counts nowhere",
        "counts on two ledgers",
        "force",
        "inspectorate",
        "oversight",
        "own step",
        "re-opens",
        "system",
        "timed since entered",
        "timed since published",
        "untimed",
        "untimed system",
    ]


def test_requirements_of_every_kind_are_drawn() -> None:
    """The whole vocabulary occurs, outside and inside of `any_of`; `since` names what it may."""
    alone, inside, since = Counter[str](), Counter[str](), Counter[str | None]()

    @ALIKE
    @given(requirements(since=("open",)))
    def look(requirement: Requirement) -> None:
        alone[type(requirement).__name__] += 1
        inside.update(type(atom).__name__ for atom in atoms_of((requirement,))[1:])
        since[getattr(requirement, "since", None)] += 1

    look()
    kinds = {kind.__name__ for kind in Requirement.__args__}
    assert set(alone) == kinds
    assert set(inside) == kinds - {AnyOf.__name__}
    assert set(since) == {None, "open", "published"}


@DRAWN
@given(requirements())
def test_requirements_drawn_for_no_state_name_none(requirement: Requirement) -> None:
    """Without states to name, `since` is left out or is the publication."""
    named = {getattr(atom, "since", None) for atom in atoms_of((requirement,))}
    assert named <= {None, "published"}


@DRAWN
@given(st.data())
def test_drawn_pins_tell_rules_apart(data: st.DataObject) -> None:
    """A lifecycle with another initial state has another pin."""
    lifecycle = data.draw(lifecycles())
    other = evolve(lifecycle, initial=data.draw(st.sampled_from(tuple(lifecycle.states)[1:])))
    assert restore(canonical_text(other)).pin != lifecycle.pin


def test_without_hypothesis_the_extra_is_named() -> None:
    """Whatever module is asked for first, the error says what to install."""
    for module in ("acting", "strategies", "words"):
        said = subprocess.run(
            [sys.executable, "-c", BLOCKED.format(module=module)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said == (
            "testing hypothesis hypothesis is not installed; run: pip install 'peelflow[testing]'\n"
        )


def test_public_names_load_when_first_used() -> None:
    """What `peelflow.testing` offers is decided in one place; a typo reads as Python's own."""
    names = [name for home in peelflow.testing._HOMES.values() for name in home]
    assert sorted(names) == sorted(peelflow.testing.__all__)
    assert dir(peelflow.testing) == sorted(peelflow.testing.__all__)
    assert all(getattr(peelflow.testing, name) for name in names)
    with pytest.raises(AttributeError, match="no attribute 'StoreContracts'"):
        _ = peelflow.testing.StoreContracts


@pytest.mark.parametrize("name", ["lifecycles", "promise_results"])
def test_only_the_kit_imports_pytest(name: str) -> None:
    """A strategy, a report and a worker do without pytest."""
    asks = f"import sys, peelflow.testing as t, peelflow.testing.worker; t.{name}"
    code = f"{asks}; print('_pytest.python' in sys.modules)"
    # What else is installed may bring a plugin of hypothesis that imports pytest, as trio does.
    env = {**os.environ, "HYPOTHESIS_NO_PLUGINS": "1"}
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )

    assert said.stdout == "False\n"


def test_without_pytest_the_extra_is_named() -> None:
    """Whoever asks for the kit is told what to install."""
    code = BLOCKED.format(module="contract").replace('"hypothesis"', '"pytest"')
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == (
        "testing pytest pytest is not installed; run: pip install 'peelflow[testing]'\n"
    )
