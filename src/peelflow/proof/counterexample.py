"""A counterexample is a walk that breaks a guarantee: how it is found, and its own words.

It may be infeasible: days that earlier steps had to wait may make up for a wait that the last one
does not ask for, and somebody whom an earlier step kept out cannot be the one who did both things.
An undetermined proof is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Protocol

from attrs import define, field, frozen

from peelflow.errors import Span
from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.model.rules import Guarantee, Lifecycle, Transition
from peelflow.proof.normal_form import (
    Atom,
    Clause,
    closed_ledgers,
    disjunctive_normal_form,
    most_days,
)
from peelflow.proof.possible import NeverTaken
from peelflow.proof.reachability import ReachableStates
from peelflow.proof.satisfiability import (
    WINDOW,
    CountermodelSearch,
    KnownPast,
    TimePoint,
    Verdict,
    satisfiable,
    time_point,
    window_start,
)
from peelflow.proof.transition_system import (
    Done,
    Edge,
    Fact,
    GuardedClause,
    LastDoneAs,
    LastDoneBySystem,
    TransitionSystem,
    counted_triggers,
    is_guard_met,
    order_facts,
    states_entered,
    time_points_of,
)
from peelflow.wording import say_period_since, say_requirement

EXIT_CODES: dict[Verdict, int] = {"proved": 0, "refuted": 1, "undetermined": 3}


ADDING, ANYBODY = "add", "anybody"


@frozen
class TraceStep:
    """One step of a walk: what was done, by whom, with what, and the rule that allows it.

    Where `old` is no state, the record is added.
    """

    trigger: str
    old: str
    new: str
    role: str
    needs: tuple[str, ...]
    span: Span

    @property
    def said(self) -> str:
        """The step in words, without its place."""
        if not self.old:
            return f"a record is added, and stands in `{self.new}`"
        needs = f" with {' and '.join(self.needs)}" if self.needs else ""
        return f"`{self.role}` does `{self.trigger}`{needs}: `{self.old}` → `{self.new}`"

    def __str__(self) -> str:
        return f"{self.span}: {self.said}"


@frozen
class ProofResult:
    """What was found of one guarantee of a lifecycle, name@version, and why in a sentence.

    `steps` are the shortest walk that breaks it, or would; `vacuous` says why nothing that can
    happen exercises it, if nothing does; `never` is the step that would lead on from where they
    end, if somebody could take it.
    """

    lifecycle: str
    guarantee: Guarantee
    verdict: Verdict
    why: str = ""
    steps: tuple[TraceStep, ...] = ()
    vacuous: str | None = None
    never: NeverTaken | None = None

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


def adding_step(lifecycle: Lifecycle) -> TraceStep:
    """Return the step by which anybody adds a record."""
    span = lifecycle.states[lifecycle.initial].span
    return TraceStep(ADDING, "", lifecycle.initial, ANYBODY, (), span)


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
        self.time_points |= {time_point(name): event for name in states_entered(transition)}
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


class ViolationSearch(Protocol):
    """Looks for the shortest walk that breaks a guarantee."""

    def __call__(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return that walk, None when there is none; `must`: one that nothing open rules out."""
        ...


def _clauses_met(reach: ReachableStates, edge: Edge) -> Iterator[tuple[int, int, GuardedClause]]:
    """Yield each clause that the facts allow where an edge can begin, with the place and facts."""
    for place, facts in reach.visits(edge.source):
        for guarded in edge.clauses or ():
            if is_guard_met(guarded.guard, facts):
                yield place, facts, guarded


MOST_TRIES = 64


def entry_facts(requirements: Iterable[Requirement]) -> tuple[Fact, ...]:
    """Return the facts that decide which moments came first, where requirements need that."""
    points: dict[TimePoint, None] = {}
    done: dict[Fact, None] = {}
    for atom in atoms_of(tuple(requirements)):
        point = window_start(atom)
        if point is not None:
            points[point] = None
        if isinstance(atom, DistinctFrom):
            points["done", atom.distinct_from] = None
            done[LastDoneBySystem(atom.distinct_from)] = None
    if points.keys() <= {WINDOW}:
        return ()
    return (*order_facts({WINDOW: None} | points), *done)


@define(eq=False)
class EntryCheck:
    """The edges that enter a state, and the requirement that each is to have met."""

    system: TransitionSystem
    edges: tuple[Edge, ...]
    requirement: Requirement
    facts: tuple[Fact, ...]
    ledgers: frozenset[str] | None = None
    _failing_atoms: dict[tuple[object, ...], tuple[Atom, ...] | None] = field(factory=dict)
    _known_pasts: dict[int, KnownPast | None] = field(factory=dict)
    _required_clauses: dict[frozenset[str], tuple[Clause, ...]] = field(factory=dict)

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk that enters without the requirement."""
        entries = sorted(self._lacking(reach, must=must), key=lambda e: (e[0], e[1].number))
        for place, edge, guarded, failed in islice(entries, MOST_TRIES):
            walk = [*reach.walk(reach.nodes[place]), edge]
            if not must or not _depends_on_past(failed):
                return walk
            if guarded is not None and is_feasible(self.system, walk, guarded.clause, failed):
                return walk
        return None

    def _lacking(
        self, reach: ReachableStates, *, must: bool
    ) -> Iterator[tuple[int, Edge, GuardedClause | None, tuple[Atom, ...]]]:
        for edge in self.edges:
            closed = self._closes(edge)
            if edge.clauses is None and not must:
                yield from ((place, edge, None, ()) for place, _ in reach.visits(edge.source))
            for place, facts, guarded in _clauses_met(reach, edge):
                failed = self._failed(edge, guarded, closed, facts, must=must)
                if failed is not None:
                    yield place, edge, guarded, failed

    def _closes(self, edge: Edge) -> frozenset[str]:
        source = self.system.names[edge.source]
        closed = closed_ledgers(self.system.lifecycle, source, edge.transition)
        return closed if self.ledgers is None else closed & self.ledgers

    def _clauses_required(self, closed: frozenset[str]) -> tuple[Clause, ...]:
        if closed not in self._required_clauses:
            self._required_clauses[closed] = disjunctive_normal_form((self.requirement,), closed)
        return self._required_clauses[closed]

    def _failed(
        self, edge: Edge, guarded: GuardedClause, closed: frozenset[str], facts: int, *, must: bool
    ) -> tuple[Atom, ...] | None:
        # INVARIANT: edges that need the same share their clauses, so identity will do.
        key = (guarded, edge.by_system, closed, must, facts if self.facts else 0)
        if key not in self._failing_atoms:
            past, required = self._past(facts), self._clauses_required(closed)
            search = CountermodelSearch(by_system=edge.by_system, known=past, must=must)
            self._failing_atoms[key] = search.unmet(guarded.clause, required)
        return self._failing_atoms[key]

    def _past(self, facts: int) -> KnownPast | None:
        if not self.facts:
            return None
        if facts not in self._known_pasts:
            points = {point for fact in self.facts for point in time_points_of(fact)}
            done = [fact.trigger for fact in self.facts if isinstance(fact, LastDoneBySystem)]
            self._known_pasts[facts] = self.system.facts.known_past(points, done, facts)
        return self._known_pasts[facts]


def _depends_on_past(failed: tuple[Atom, ...]) -> bool:
    waits = any(isinstance(atom, Waited) and atom.since != PUBLISHED for atom in failed)
    return waits or sum(isinstance(atom, DistinctFrom) for atom in failed) > 1


def separation_facts(first: str, triggers: Iterable[str]) -> tuple[Fact, ...]:
    """Return the facts on who did `first` last; `triggers` are those that count as `first`."""
    last = (LastDoneAs(first, trigger) for trigger in sorted(set(triggers)))
    return (Done(first), Done(first, by_system=True), *last)


@define(eq=False)
class SeparationCheck:
    """What is done second, and who did `first` last before it.

    People can be chosen freely, so only `distinct_from` keeps the same one out, and peelflow itself
    is one person, other than everybody else.
    """

    system: TransitionSystem
    first: str
    edges: tuple[Edge, ...]

    def is_exercised(self, reach: ReachableStates) -> bool:
        """Say whether both can be done, one after the other."""
        return any(
            edge.is_open(facts, must=reach.must)
            and facts & self.system.facts.bits[Done(self.first)]
            for edge in self.edges
            for _, facts in reach.visits(edge.source)
        )

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk on which the same person can do both."""
        first = min(self._same(reach, must=must), key=lambda step: step[0], default=None)
        return first and [*reach.walk(reach.nodes[first[0]]), first[1]]

    def _same(self, reach: ReachableStates, *, must: bool) -> Iterator[tuple[int, Edge]]:
        bits = self.system.facts.bits
        done, by_system = bits[Done(self.first)], bits[Done(self.first, by_system=True)]

        def is_same_actor(facts: int, edge: Edge) -> bool:
            return bool(facts & done) and bool(facts & by_system) == edge.by_system

        for edge in self.edges:
            if edge.clauses is None and not must:
                visits = reach.visits(edge.source)
                yield from ((place, edge) for place, facts in visits if is_same_actor(facts, edge))
            for place, facts, guarded in _clauses_met(reach, edge):
                is_counted = not (must and guarded.is_opaque)
                if is_counted and is_same_actor(facts, edge) and self._lets(guarded, facts):
                    yield place, edge

    def _lets(self, guarded: GuardedClause, facts: int) -> bool:
        """Say whether a clause lets in the one who did `first` last."""
        bits = self.system.facts.bits
        kept_out = (
            bits.get(LastDoneAs(self.first, atom.distinct_from), 0)
            for atom in guarded.clause
            if isinstance(atom, DistinctFrom)
        )
        return not any(facts & bit for bit in kept_out)
