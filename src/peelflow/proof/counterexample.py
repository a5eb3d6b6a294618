"""A counterexample is a walk that breaks a guarantee, in the rule file's own words.

It may be infeasible: days that earlier steps had to wait may make up for a wait that the last one
does not ask for, and somebody whom an earlier step kept out cannot be the one who did both things.
An undetermined proof is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product

from attrs import define, field, frozen

from peelflow.errors import Span
from peelflow.model.requirements import PUBLISHED, DistinctFrom, Waited
from peelflow.model.rules import Guarantee, Transition
from peelflow.proof.normal_form import Atom, Clause
from peelflow.proof.satisfiability import (
    WINDOW,
    KnownPast,
    TimePoint,
    Verdict,
    satisfiable,
    time_point,
)
from peelflow.proof.transition_system import Edge, TransitionSystem, counted_triggers, is_guard_met
from peelflow.wording import say_period, say_requirement

EXIT_CODES: dict[Verdict, int] = {"proved": 0, "refuted": 1, "undetermined": 3}


@frozen
class TraceStep:
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
class ProofResult:
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
    steps: tuple[TraceStep, ...] = ()
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


def trace_of(
    board: TransitionSystem, edges: Iterable[Edge], last: str | None = None
) -> tuple[TraceStep, ...]:
    """Return a walk as steps; `last` is the role of its last step, where that matters."""
    walk = tuple(edges)
    return tuple(
        trace_step(
            board.names[edge.source], edge.rule, (last if edge is walk[-1] else None) or role
        )
        for edge in walk
        for role in edge.roles[:1]
    )


def trace_step(source: str, rule: Transition, role: str) -> TraceStep:
    """Return one step: a transition out of `source`, taken by `role`."""
    needs = tuple(say_requirement(requirement) for requirement in rule.requires)
    if rule.after:
        since, when = ("beginning with", "the day ") if rule.after.beginning else ("since", "")
        entered = f"{when}`{source}` was entered"
        begun = "publication" if rule.after.since == "published" else entered
        needs = (*needs, f"{say_period(rule.after)} {since} {begun}")
    return TraceStep(rule.trigger, source, rule.to, role, needs, rule.span)


MOST_HISTORIES = 256


@define
class TracePast:
    """Where each moment stands in a walk, by the number of its event; 0 is the adding."""

    moments: dict[TimePoint, int]
    system: set[int] = field(factory=set)

    def moved(self, event: int, edge: Edge) -> None:
        """Take one more event."""
        rule = edge.rule
        self.moments[time_point(rule.to)] = event
        self.moments |= {("done", deed): event for deed in counted_triggers(rule)}
        if rule.answers is not None:
            self.moments[WINDOW] = event
        if edge.system:
            self.system.add(event)

    def bounds(self, clause: Clause, event: int) -> tuple[frozenset[Wait], frozenset[DistinctPair]]:
        """Return the days a clause waits, and the events it keeps for two people."""
        waits = frozenset(
            # A walk that breaks a promise whatever a step's time comes to breaks it surely.
            (self.moments[time_point(atom.since)], event, getattr(atom, "most", atom.waited))
            for atom in clause
            if isinstance(atom, Waited) and atom.since != PUBLISHED
        )
        apart = frozenset(
            (self.moments["done", atom.distinct_from], event)
            for atom in clause
            if isinstance(atom, DistinctFrom)
        )
        return waits, apart


Wait = tuple[int, int, int]
DistinctPair = tuple[int, int]


def is_feasible(
    board: TransitionSystem, walk: list[Edge], last: Clause, failed: tuple[Atom, ...]
) -> bool:
    """Say whether a record can walk so, meet `last` with its last step, and none of `failed`.

    False may also mean that there are too many ways to look at.
    """
    initial = board.lifecycle.initial
    past = TracePast({WINDOW: 0, time_point(initial): 0})
    facts, choices = board.first, []
    for event, edge in enumerate(walk[:-1], start=1):
        ways = [way.clause for way in edge.ways or () if is_guard_met(way.guard, facts)]
        choices.append({past.bounds(clause, event) for clause in ways})
        past.moved(event, edge)
        facts = facts & edge.keep | edge.put
    end, system = len(walk), walk[-1].system
    by_system = frozenset(
        name
        for (kind, name), event in past.moments.items()
        if kind == "done" and event in past.system
    )
    for chosen in islice(product(*choices), MOST_HISTORIES):
        waits = tuple(wait for bounds, _ in chosen for wait in bounds)
        apart = {pair for _, pairs in chosen for pair in pairs} | past.bounds(last, end)[1]
        known = KnownPast(past.moments, by_system, waits)
        same = {end, *_events_by_last_person(past, failed)}
        if satisfiable(last, failed, system=system, known=known) and not any(
            one in same and other in same for one, other in apart
        ):
            return True
    return False


def _events_by_last_person(past: TracePast, failed: tuple[Atom, ...]) -> Iterator[int]:
    """Yield the events that must be by the person who acts last, for `failed` to fail."""
    for atom in failed:
        if isinstance(atom, DistinctFrom):
            done = past.moments.get(("done", atom.distinct_from))
            window = past.moments.get(time_point(atom.since))
            if done is not None and window is not None and done >= window:
                yield done
