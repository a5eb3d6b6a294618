"""Find what is wrong with a lifecycle or a vocabulary without running it."""

from __future__ import annotations

from collections.abc import Sequence

from peelflow.errors import Diagnostic
from peelflow.model.rules import Lifecycle, Vocabulary


def lint(
    lifecycle: Lifecycle, vocabulary: Vocabulary, *, refined: Lifecycle | None = None
) -> list[Diagnostic]:
    return []


def lint_vocabulary(own: Vocabulary, whole: Vocabulary) -> list[Diagnostic]:
    return []


def lint_unused(
    lifecycles: Sequence[Lifecycle], vocabularies: Sequence[Vocabulary]
) -> list[Diagnostic]:
    return []
