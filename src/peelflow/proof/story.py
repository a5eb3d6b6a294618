"""What a proof says: its verdict, and the shortest walk against it in the rule file's own words."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from peelflow.errors import Span
from peelflow.model.guarantees import Guarantee
from peelflow.model.periods import say_period
from peelflow.model.requirements import read_aloud
from peelflow.model.rules import Transition
from peelflow.proof.board import Board, Edge
from peelflow.proof.verdicts import Verdict


@frozen
class Step:
    """One step of a walk: what was done, by whom, with what, and the rule that allows it."""

    trigger: str
    old: str
    new: str
    role: str
    needs: tuple[str, ...]
    span: Span

    @property
    def said(self) -> str:
        """The step in words, without its place."""
        needs = f" with {' and '.join(self.needs)}" if self.needs else ""
        return f"`{self.role}` does `{self.trigger}`{needs}: `{self.old}` → `{self.new}`"

    def __str__(self) -> str:
        return f"{self.span}: {self.said}"


@frozen
class Proof:
    """What was found of one guarantee.

    Args:
        lifecycle: The rules it was asked of, as name@version.
        guarantee: What is promised.
        verdict: proved, refuted or undetermined.
        why: What breaks it, or leaves it open, in a sentence.
        steps: The shortest walk that breaks it, or would.
        vacuous: Why nothing that can happen exercises it, if nothing does.
    """

    lifecycle: str
    guarantee: Guarantee
    verdict: Verdict
    why: str = ""
    steps: tuple[Step, ...] = ()
    vacuous: str | None = None

    @property
    def trail(self) -> tuple[tuple[Span, str], ...]:
        """The walk as a diagnostic shows it."""
        return tuple((step.span, step.said) for step in self.steps)

    def __str__(self) -> str:
        head = f"{self.guarantee.span}: {self.verdict}: {self.guarantee.that}"
        if self.vacuous:
            return f"{head}\n    vacuous: {self.vacuous}"
        if self.verdict == "proved":
            return head
        walk = (f"\n    {number}. {step}" for number, step in enumerate(self.steps, start=1))
        return f"{head}\n    {self.why}{''.join(walk)}"


def told(board: Board, edges: Iterable[Edge], last: str | None = None) -> tuple[Step, ...]:
    """Return a walk as steps; `last` is the role of its last step, where that matters."""
    walk = tuple(edges)
    return tuple(
        step_of(board.names[edge.source], edge.rule, (last if edge is walk[-1] else None) or role)
        for edge in walk
        for role in edge.roles[:1]
    )


def step_of(source: str, rule: Transition, role: str) -> Step:
    """Return one step: a transition out of `source`, taken by `role`."""
    needs = tuple(read_aloud(requirement) for requirement in rule.requires)
    if rule.after:
        since, when = ("beginning with", "the day ") if rule.after.beginning else ("since", "")
        entered = f"{when}`{source}` was entered"
        begun = "publication" if rule.after.since == "published" else entered
        needs = (*needs, f"{say_period(rule.after)} {since} {begun}")
    return Step(rule.trigger, source, rule.to, role, needs, rule.span)
