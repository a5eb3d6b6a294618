"""Rule files written in a test, settled among the national words."""

from __future__ import annotations

from attrs import evolve

from peelflow.model.rules import Lifecycle, Role, Vocabulary
from peelflow.rulebook.loader import read_lifecycle, resolve
from peelflow.rulebook.national import national

HEAD = """\
lifecycle: {name}
version: 1
in_force_from: 2020-01-01
title: Written in a test
applies_to: {{category: [recommendation], level: 3}}
initial: {initial}
"""
WORDS = national().vocabulary
ROLES = {
    **WORDS.roles,
    "panel": Role("force", "Panel", stands_for="liaison_officer"),
    "chair": Role("force", "Chair", stands_for="chief_constable"),
}
VOCABULARY: Vocabulary = evolve(WORDS, roles=ROLES, predicates={"agreed": "It is agreed"})


def written(
    rest: str,
    *,
    name: str = "written",
    initial: str = "open",
    refines: Lifecycle | None = None,
) -> Lifecycle:
    """Return the lifecycle of a rule file, given all but its head."""
    head = HEAD.format(name=name, initial=initial)
    more = f"refines: {refines}\n" if refines else ""
    lifecycle = read_lifecycle((head + more + rest).encode(), f"{name}.yaml")
    return resolve(lifecycle, VOCABULARY, refines)


def promising(states: str, *sentences: str) -> Lifecycle:
    """Return a lifecycle of these states that promises these sentences."""
    said = "".join(f"  - that: {sentence!r}\n    because: a test\n" for sentence in sentences)
    return written(f"{states}guarantees:\n{said}")
