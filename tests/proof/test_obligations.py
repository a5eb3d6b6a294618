"""What is proved of a force's file and of a plan is listed, and every refusal belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

import peelflow
from peelflow.errors import Diagnostic, Severity, Span
from peelflow.proof.obligations import MIGRATION, REFINEMENT, Obligation, obligation_results
from tests.rulebook.codes import codes_in

SOURCE = Path(peelflow.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "proof.md").read_text("utf-8")
MODULES = {"refinement": REFINEMENT, "migration": MIGRATION}


@pytest.mark.parametrize("module", MODULES)
def test_every_code_belongs_to_an_obligation(module: str) -> None:
    """What a module can say against a file is what some obligation of it says."""
    given = codes_in((SOURCE / "proof" / f"{module}.py").read_text("utf-8"))
    listed = {code for obligation in MODULES[module] for code in obligation.codes}
    assert given - listed == set()
    # The loader says of itself that a lifecycle is not there.
    assert listed - given <= {"unknown-lifecycle"}


@pytest.mark.parametrize(
    "obligation", [*REFINEMENT, *MIGRATION], ids=lambda obligation: obligation.name
)
def test_the_page_lists_every_obligation(obligation: Obligation) -> None:
    """With its code; what it says stands there word for word."""
    assert obligation.that in " ".join(PAGE.split())
    assert all(f"`{code}`" in PAGE for code in obligation.codes)


@pytest.mark.parametrize(
    ("severity", "verdict"), [("error", "refuted"), ("note", "undetermined"), (None, "proved")]
)
def test_an_obligation_is_as_good_as_what_was_found(
    severity: Severity | None, verdict: str
) -> None:
    """An error refutes it, a note leaves it open, and what belongs to others does not count."""
    other = Diagnostic(Span("own.yaml"), "another", "x", "y")
    against = [Diagnostic(Span("own.yaml"), "seen", "x", "y", severity)] if severity else []
    (result,) = obligation_results("own@1", [Obligation("a", "b", ("seen",))], [other, *against])
    assert result.verdict == verdict
    assert result.to_dict()["codes"] == [fault.code for fault in against]
