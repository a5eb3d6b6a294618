"""SPIN judges what peelflow proves; where it is not there, that is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from attrs import evolve

from bench import judges
from bench.judges import TOOLS, Promela, compare, edits_of, formula_of, verdicts_of_spin
from peelflow.model.rules import Lifecycle, NeverEnteredWithoutSteps, StateSet, Vocabulary
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.rulebook.national import national
from tests.builders.rules import promising

SENTENCES = {
    "closed is only entered by [hmicfrs]": True,
    "closed is only entered by [lead]": False,
    "verify is never done by [lead]": True,
    "start is never done by [lead]": False,
    "closed is never entered without [start, certify, verify]": False,
    "closed is never entered without [certify, verify]": True,
    "open is never followed by working": False,
    "closed can always be reached": True,
    "parked can always be reached": False,
}
STATES = """\
states:
  open:
    counts_as: {}
    transitions:
      start: {to: working, by: [lead]}
      park: {to: parked, by: [lead]}
  working:
    counts_as: {}
    transitions:
      certify: {to: certified, by: [lead]}
  certified:
    counts_as: {}
    transitions:
      verify: {to: closed, by: [hmicfrs]}
  parked: {counts_as: {}, final: true}
  closed:
    counts_as: {}
    final: true
    transitions:
      reopen: {to: working, by: [hmicfrs], reopens: true}
"""
LIFECYCLE = promising(STATES, *SENTENCES)
needs_spin = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason="SPIN or a C compiler is missing"
)


@needs_spin
def test_spin_judges_each_sentence(tmp_path: Path) -> None:
    """Those that hold, and those that do not, and peelflow says the same."""
    assert verdicts_of_spin(LIFECYCLE, tmp_path) == SENTENCES
    assert compare(LIFECYCLE) == (len(SENTENCES), sum(SENTENCES.values()), [])


@needs_spin
def test_a_proof_that_lies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What peelflow would prove wrongly stands in the differences."""

    def lying(lifecycle: Lifecycle, words: Vocabulary) -> tuple[ProofResult, ...]:
        return tuple(evolve(proof, verdict="proved") for proof in prove(lifecycle, words))

    monkeypatch.setattr(judges, "prove", lying)
    monkeypatch.setattr(judges, "national", lambda: evolve(national(), lifecycles=(LIFECYCLE,)))
    assert judges.main(edits=0) == 1
    _, _, differs = compare(LIFECYCLE)
    assert len(differs) == sum(not holds for holds in SENTENCES.values())
    assert "`closed is only entered by [lead]` is proved here, and breaks for SPIN" in differs[0]


def test_without_spin_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is judged, and nothing is wrong."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert judges.main() == 0
    assert capsys.readouterr().out.startswith("not judged: spin and gcc must be installed")


def test_a_sentence_on_requirements_is_not_asked() -> None:
    """Nor one that counts since a state was entered."""
    promise = NeverEnteredWithoutSteps(StateSet("closed"), ("start",), since="open")
    assert formula_of(Promela(LIFECYCLE), promise, 0) is None


def test_edits_are_the_same_in_each_run() -> None:
    """So many, and each another lifecycle."""
    level = next(one for one in national().lifecycles if one.name == "level-2")
    first, second = (list(edits_of(level, 5)) for _ in range(2))
    assert [edit.states for edit in first] == [edit.states for edit in second]
    assert all(edit.states != level.states for edit in first)
