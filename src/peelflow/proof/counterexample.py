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
from peelflow.proof.normal_form import Atom, Clause, most_days
from peelflow.proof.satisfiability import (
    WINDOW,
    KnownPast,
    TimePoint,
    Verdict,
    satisfiable,
    time_point,
)
from peelflow.proof.transition_system import Edge, TransitionSystem, counted_triggers, is_guard_met
from peelflow.wording import say_period_since, say_requirement

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
    system: TransitionSystem, edges: Iterable[Edge], last: str | None = None
) -> tuple[TraceStep, ...]:
    """Return a walk as steps; `last` is the role of its last step, where that matters."""
    walk = tuple(edges)
    return tuple(
        trace_step(
            system.names[edge.source], edge.transition, (last if edge is walk[-1] else None) or role
        )
        for edge in walk
        for role in edge.roles[:1]
    )


def trace_step(source: str, transition: Transition, role: str) -> TraceStep:
    """Return one step: a transition out of `source`, taken by `role`."""
    needs = tuple(say_requirement(requirement) for requirement in transition.requires)
    if transition.after:
        entered = f"{'the day ' * transition.after.beginning}`{source}` was entered"
        begun = "publication" if transition.after.since == PUBLISHED else entered
        needs = (*needs, say_period_since(transition.after, begun))
    return TraceStep(transition.trigger, source, transition.to, role, needs, transition.span)


MOST_HISTORIES = 256


@define
class TracePast:
    """Where each time point stands in a walk, by the number of its event; 0 is the adding."""

    time_points: dict[TimePoint, int]
    by_system: set[int] = field(factory=set)

    @property
    def triggers_by_system(self) -> frozenset[str]:
        """The triggers that peelflow itself did last."""
        done = ((name, event) for (kind, name), event in self.time_points.items() if kind == "done")
        return frozenset(name for name, event in done if event in self.by_system)

    def record(self, event: int, edge: Edge) -> None:
        """Take one more event."""
        transition = edge.transition
        self.time_points[time_point(transition.to)] = event
        self.time_points |= {("done", trigger): event for trigger in counted_triggers(transition)}
        if transition.implements is not None:
            self.time_points[WINDOW] = event
        if edge.by_system:
            self.by_system.add(event)

    def bounds(self, clause: Clause, event: int) -> tuple[frozenset[Wait], frozenset[DistinctPair]]:
        """Return the days a clause waits, and the events it keeps for two people."""
        waits = frozenset(
            # A walk that breaks a promise whatever a step's time comes to must break it.
            (self.time_points[time_point(atom.since)], event, most_days(atom))
            for atom in clause
            if isinstance(atom, Waited) and atom.since != PUBLISHED
        )
        apart = frozenset(
            (self.time_points["done", atom.distinct_from], event)
            for atom in clause
            if isinstance(atom, DistinctFrom)
        )
        return waits, apart


Wait = tuple[int, int, int]
DistinctPair = tuple[int, int]


def is_feasible(
    system: TransitionSystem, walk: list[Edge], last: Clause, failed: tuple[Atom, ...]
) -> bool:
    """Say whether a record can walk so, meet `last` with its last step, and none of `failed`.

    False may also mean that there are too many ways to look at.
    """
    initial = system.lifecycle.initial
    past = TracePast({WINDOW: 0, time_point(initial): 0})
    facts, choices = system.initial_facts, []
    for event, edge in enumerate(walk[:-1], start=1):
        clauses = [met.clause for met in edge.clauses or () if is_guard_met(met.guard, facts)]
        choices.append({past.bounds(clause, event) for clause in clauses})
        past.record(event, edge)
        facts = facts & edge.kept_bits | edge.set_bits
    end, by_system = len(walk), walk[-1].by_system
    last_apart = past.bounds(last, end)[1]
    same = {end, *_events_by_last_person(past, failed)}
    for chosen in islice(product(*choices), MOST_HISTORIES):
        waits = tuple(wait for bounds, _ in chosen for wait in bounds)
        apart = last_apart.union(*(pairs for _, pairs in chosen))
        known = KnownPast(past.time_points, past.triggers_by_system, waits)
        if not any(same.issuperset(pair) for pair in apart) and satisfiable(
            last, failed, by_system=by_system, known=known
        ):
            return True
    return False


def _events_by_last_person(past: TracePast, failed: tuple[Atom, ...]) -> Iterator[int]:
    """Yield the events that must be by the person who acts last, for `failed` to fail."""
    for atom in failed:
        if isinstance(atom, DistinctFrom):
            done = past.time_points.get(("done", atom.distinct_from))
            window = past.time_points.get(time_point(atom.since))
            if done is not None and window is not None and done >= window:
                yield done
