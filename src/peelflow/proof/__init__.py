"""Proof: what can be said of a lifecycle without running it."""

from peelflow.proof.graph import reachable, reaching
from peelflow.proof.lint import lint
from peelflow.proof.lint_vocabulary import lint_unused, lint_vocabulary

__all__ = ["lint", "lint_unused", "lint_vocabulary", "reachable", "reaching"]
