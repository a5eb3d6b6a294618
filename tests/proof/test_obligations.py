"""What is proved of a force's file and of a plan is listed, and every refusal belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

import peelflow
from peelflow.errors import Diagnostic, Span
from peelflow.proof.obligations import MIGRATION, REFINEMENT, Obligation, obligation_results
from tests.rulebook.codes import codes_in

SOURCE = Path(peelflow.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")


def test_every_code_belongs_to_an_obligation() -> None:
    """What can be said against a refining file, or a plan, is what some obligation says."""
    modules = (
        SOURCE / "proof" / f"{module}.py"
        for module in ("refinement", "migration", "renamed_triggers")
    )
    given = {code for module in modules for code in codes_in(module.read_text("utf-8"))}
    listed = {code for each in (*REFINEMENT, *MIGRATION) for code in each.codes}
    assert given - listed == set()
    # The loader says of itself that a lifecycle is not there, or that a move is not the force's.
    assert listed - given <= {"unknown-lifecycle", "national-move"}


@pytest.mark.parametrize(
    "obligation", [*REFINEMENT, *MIGRATION], ids=lambda obligation: obligation.name
)
def test_the_page_lists_every_obligation(obligation: Obligation) -> None:
    """With its code; what it says stands there word for word."""
    assert obligation.that in " ".join(PAGE.split())
    assert all(f"`{code}`" in PAGE for code in obligation.codes)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("seen", "refuted"), ("refinement-undetermined", "undetermined"), (None, "proved")],
)
def test_an_obligation_is_as_good_as_what_was_found(code: str | None, verdict: str) -> None:
    """A fault refutes it, an open proof leaves it open, and what is of others does not count."""
    other = Diagnostic(Span("own.yaml"), "another", "x", "y")
    against = [Diagnostic(Span("own.yaml"), code, "x", "y")] if code else []
    obligation = Obligation("a", "b", ("seen", "refinement-undetermined"))
    (result,) = obligation_results("own@1", [obligation], [other, *against])
    assert result.verdict == verdict
    assert result.to_dict()["codes"] == [fault.code for fault in against]
