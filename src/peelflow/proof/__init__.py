"""Proof: what can be said of a lifecycle without running it."""

from peelflow.proof.diff import Difference, diff
from peelflow.proof.graph import reachable, reaching
from peelflow.proof.guarantees import prove
from peelflow.proof.implication import implies
from peelflow.proof.lint import lint
from peelflow.proof.lint_vocabulary import lint_unused, lint_vocabulary
from peelflow.proof.migration import check_migration
from peelflow.proof.refinement import check_refinement
from peelflow.proof.story import Proof, Step
from peelflow.proof.verdicts import EXIT_CODES, Verdict, worst

__all__ = [
    "EXIT_CODES",
    "Difference",
    "Proof",
    "Step",
    "Verdict",
    "check_migration",
    "check_refinement",
    "diff",
    "implies",
    "lint",
    "lint_unused",
    "lint_vocabulary",
    "prove",
    "reachable",
    "reaching",
    "worst",
]
