"""Words that forces and HMICFRS use for where a record stands: rules may use each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.register.register import Register
from peelflow.rulebook.national import load, national, shipped_folder
from tests.builders.force import FORCE, HMICFRS, KIND, World, clock

OWN = shipped_folder("examples") / "custom_rules"


def refined(tmp_path: Path, name: str, *edits: tuple[str, str]) -> World:
    """Return a world under a force's own copy of a national lifecycle, with some edits."""
    text = (shipped_folder("rules") / "national" / f"{name}.yaml").read_text("utf-8")
    own = (f"lifecycle: {name}\n", f"lifecycle: own-{name}\nrefines: {name}@2\n")
    guarantees = (text[text.index("\nguarantees:") :], "\n")
    for old, new in (own, guarantees, *edits):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "own.yaml").write_text(text, "utf-8")
    return World(
        Register.open("memory:", rulebook=load(tmp_path), clock=clock),
    ).settle_in()


@pytest.mark.parametrize(
    "word", ["discharged", "rescinded", "no_further_action_needed", "closed_by_hmicfrs"]
)
def test_closed_has_several_words(tmp_path: Path, word: str) -> None:
    """Whatever a force calls it, it stands for closed, and the figures count it so."""
    world = refined(
        tmp_path,
        "cause-of-concern",
        ("to: discharged,", "to: ended_by_hmicfrs,"),
        ("  discharged:\n", "  ended_by_hmicfrs:\n    stands_for: discharged\n"),
        ("to: closed,", f"to: {word},"),
        ("  closed:\n", f"  {word}:\n    stands_for: closed\n"),
    )
    cause = world.add(KIND["cause-of-concern"])
    child = world.add(KIND["level-2"], parent=cause)
    for record, trigger in ((cause, "start"), (child, "start"), (child, "close")):
        world.step(record, trigger)
    world.step(cause, "close")
    assert world.register.record(cause).state == word
    (line,) = (x for x in world.register.figures().lines if x.title == "Cause of Concern")
    assert (line.open, line.closed) == (0, 1)


@pytest.mark.parametrize("word", ["disputed", "no_evidence_supplied", "pending_sign_off"])
def test_a_tracker_has_states_between_the_national_ones(tmp_path: Path, word: str) -> None:
    """They stand for work in progress: the portal hears of nothing, and no step is skipped."""
    own = f"      put_by: {{to: {word}, by: [liaison_officer], requires: [reason]}}\n"
    back = f"""\
  {word}:
    stands_for: in_progress
    counts_as: {{portal: open}}
    transitions:
      take_up: {{to: in_progress, by: [liaison_officer, lead]}}
      discharge: {{to: discharged, by: [hmicfrs], requires: [reason]}}
"""
    world = refined(
        tmp_path,
        "level-2",
        ("  in_progress:\n    counts_as: {portal: open}\n    transitions:\n", WORK + own),
        ("  # Side doors", f"{back}  # Side doors"),
    )
    record = world.add(KIND["level-2"])
    for trigger in ("start", "put_by"):
        world.step(record, trigger)
    assert world.register.record(record).state == word
    assert world.register.counts(world.register.record(record)) == {"portal": "open"}
    assert "close" not in {way.trigger for way in world.ways_out(record)}
    for trigger in ("take_up", "close"):
        world.step(record, trigger)


WORK = "  in_progress:\n    counts_as: {portal: open}\n    transitions:\n"


def test_awaiting_allocation_to_closed_are_a_trackers_words() -> None:
    """Awaiting allocation, in progress, pending sign off, closed: each stands for a state."""
    (rules,) = (one for one in load(OWN / "own_status_words").lifecycles if one.refines)
    assert {state: rules.stands_for(state) for state in rules.states} == {
        "awaiting_allocation": "open",
        "in_progress": "in_progress",
        "pending_sign_off": "in_progress",
        "closed": "closed",
        "discharged": "discharged",
    }


def test_a_demonstration_period_lies_between_done_and_closed() -> None:
    """It stands for work in progress, so the record counts open all the while."""
    (rules,) = (one for one in load(OWN / "demonstration_period").lifecycles if one.refines)
    between = [state for state in rules.states if state not in rules_of("level-2")]
    assert between
    assert {rules.stands_for(state) for state in between} == {"in_progress"}


def rules_of(name: str) -> frozenset[str]:
    """Return the states of a national lifecycle."""
    *_, rules = (one for one in national().lifecycles if one.name == name)
    return frozenset(rules.states)


@pytest.mark.parametrize("rating", ["red", "amber", "green"])
def test_red_amber_and_green_are_a_field_and_no_state(rating: str) -> None:
    """A rating says nothing of whether a record is closed."""
    register = Register.open("memory:", rulebook=load(OWN / "own_fields"), clock=clock)
    register.add(
        "R-1",
        category="recommendation",
        level=2,
        force=FORCE,
        issued=World(register).day,
        fields={"rag": rating},
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
    )
    found = register.record("R-1")
    assert (found.fields["rag"], register.counts(found)) == (rating, {"portal": "open"})
