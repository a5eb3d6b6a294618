"""A counterexample is a walk that breaks a guarantee: how it is found, and its own words.

It may be infeasible: days that earlier steps had to wait may make up for a wait that the last one
does not ask for, and somebody whom an earlier step kept out cannot be the one who did both things.
An undetermined proof is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from attrs import field

from peelflow.errors import Span
from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.model.rules import Guarantee, Lifecycle, Transition
from peelflow.proof.budget import TRACE_STEPS
from peelflow.proof.clause_search import Literal
from peelflow.proof.normal_form import Atom, Chosen, NormalForm, closed_ledgers, most_days
from peelflow.proof.possible import NeverTaken
from peelflow.proof.reachability import ReachableStates
from peelflow.proof.satisfiability import (
    WINDOW,
    ActTheory,
    KnownPast,
    TimePoint,
    Verdict,
    is_predicate,
    solution,
    time_point,
    window_start,
)
from peelflow.proof.transition_system import (
    Done,
    Edge,
    Fact,
    Gate,
    LastDoneAs,
    LastDoneBySystem,
    TransitionSystem,
    counted_triggers,
    order_facts,
    states_entered,
    time_points_of,
)
from peelflow.results import define, frozen
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
    system.budget.spend(len(walk) * TRACE_STEPS)
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

    def wait(self, atom: Atom, event: int) -> Wait | None:
        """Return the days that an event must come after another, as an atom of it asks.

        Args:
            atom: What the event meets; all before it is recorded.
            event: Its number.
        """
        if not isinstance(atom, Waited) or atom.since == PUBLISHED:
            return None
        # A walk that breaks a promise whatever a step's time comes to must break it.
        return self.time_points[time_point(atom.since)], event, most_days(atom)

    def apart(self, atom: Atom, event: int) -> DistinctPair | None:
        """Return the events that two people must do, as an atom of the later one asks.

        Args:
            atom: What the event meets; all before it is recorded.
            event: Its number.
        """
        if not isinstance(atom, DistinctFrom):
            return None
        return self.time_points["done", atom.distinct_from], event


Wait = tuple[int, int, int]
DistinctPair = tuple[int, int]


@define(eq=False)
class WalkTheory:
    """What the acts of one walk can say together: their days, and their people.

    Args:
        system: The lifecycle in numbers.
        walk: The walk; its last step is to break a promise.
    """

    system: TransitionSystem
    walk: list[Edge]
    _form: NormalForm = field(factory=NormalForm, init=False)
    _shut: list[Literal] = field(factory=list, init=False)
    _past: TracePast = field(init=False)
    _waits: dict[Chosen, Wait] = field(factory=dict, init=False)
    _apart: dict[Chosen, DistinctPair] = field(factory=dict, init=False)

    def can_fail(self, requirement: Requirement, closes: frozenset[str]) -> bool:
        """Say whether a record can walk so, its last step not meeting a requirement.

        Args:
            requirement: What the last step is not to meet.
            closes: The ledgers that it closes.
        """
        form, budget, facts = self._form, self.system.budget, self.system.initial_facts
        self._past = TracePast({WINDOW: 0, time_point(self.system.lifecycle.initial): 0})
        for event, edge in enumerate(self.walk[:-1], start=1):
            # An event that neither waits nor keeps people apart is free of all others.
            asked = atoms_of(edge.gate.requirements)
            if any(isinstance(atom, Waited | DistinctFrom) for atom in asked):
                self._meet(edge, event, facts)
            self._past.record(event, edge)
            facts = self.system.facts_after(facts, edge)
        self._meet(self.walk[-1], len(self.walk), facts)
        form.fail((requirement,), closes, event=len(self.walk))
        excluded = [*self._shut, *form.where(is_predicate)]
        return solution(form, self.allows, budget, excluded) is not None

    def _meet(self, edge: Edge, event: int, facts: int) -> None:
        """Let an event meet what its edge needs, by what the facts allow."""
        gate, begun, past = edge.gate, len(self._form.chosen), self._past
        self._form.meet(gate.requirements, gate.closes, event=event)
        shut = {said.atom for number in gate.shut(facts) if (said := gate.form.chosen[number])}
        for number, said in enumerate(self._form.chosen[begun:], start=begun):
            if said is None:
                continue
            if said.atom in shut:
                self._shut.append(number)
            elif (wait := past.wait(said.atom, event)) and event < len(self.walk):
                self._waits[said] = wait
            elif apart := past.apart(said.atom, event):
                self._apart[said] = apart

    def allows(self, said: Iterable[Chosen]) -> bool:
        """Say whether the events of the walk can have their atoms so.

        Args:
            said: What each event meets, and what the last one does not.
        """
        by_event: dict[int, list[Chosen]] = {}
        waits, apart = list[Wait](), list[DistinctPair]()
        for chosen in said:
            by_event.setdefault(chosen.event, []).append(chosen)
            if chosen in self._waits:
                waits.append(self._waits[chosen])
            elif chosen in self._apart:
                apart.append(self._apart[chosen])
        end, budget, past = len(self.walk), self.system.budget, self._past
        last = by_event.pop(end, [])
        same = {end, *_events_by_last_person(past, (c.atom for c in last if not c.met))}
        known = KnownPast(past.time_points, past.triggers_by_system, tuple(waits))
        return (
            not any(same.issuperset(pair) for pair in apart)
            and ActTheory(budget, self.walk[-1].by_system, known).allows(last)
            and all(self.walk[event - 1].gate.theory.allows(met) for event, met in by_event.items())
        )


def _events_by_last_person(past: TracePast, failed: Iterable[Atom]) -> Iterator[int]:
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
    _failing: dict[tuple[Gate, frozenset[str]], Gate] = field(factory=dict)
    _models: dict[tuple[object, ...], tuple[Chosen, ...] | None] = field(factory=dict)
    _known_pasts: dict[int, KnownPast | None] = field(factory=dict)

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk that enters without the requirement."""
        entries = sorted(self._lacking(reach, must=must), key=lambda e: (e[0], e[1].number))
        for place, edge, model in entries:
            walk = [*reach.walk_to(place), edge]
            self.system.budget.spend(len(walk))
            if not must or not _depends_on_past(model):
                return walk
            if WalkTheory(self.system, walk).can_fail(self.requirement, self._closes(edge)):
                return walk
        return None

    def _lacking(
        self, reach: ReachableStates, *, must: bool
    ) -> Iterator[tuple[int, Edge, tuple[Chosen, ...]]]:
        for edge in self.edges:
            closed, visits = self._closes(edge), reach.visits(edge.source)
            self.system.budget.spend(len(visits))
            for place, facts in visits:
                model = self._model(edge.gate, closed, facts, must=must)
                if model is not None:
                    yield place, edge, model

    def _closes(self, edge: Edge) -> frozenset[str]:
        source = self.system.names[edge.source]
        closed = closed_ledgers(self.system.lifecycle, source, edge.transition)
        return closed if self.ledgers is None else closed & self.ledgers

    def _model(
        self, gate: Gate, closed: frozenset[str], facts: int, *, must: bool
    ) -> tuple[Chosen, ...] | None:
        """Return how an act passes a gate and does not meet the requirement, if one does."""
        # INVARIANT: edges that need the same share their gate, so identity will do.
        key = (gate, closed, must, facts if self.facts else facts & gate.mask)
        if key not in self._models:
            if (gate, closed) not in self._failing:
                failing = gate.failing(self.requirement, closed, self.system.facts)
                self._failing[gate, closed] = failing
            asked = self._failing[gate, closed]
            self._models[key] = asked.model(facts, must=must, known=self._past(facts))
        return self._models[key]

    def _past(self, facts: int) -> KnownPast | None:
        if not self.facts:
            return None
        if facts not in self._known_pasts:
            points = {point for fact in self.facts for point in time_points_of(fact)}
            done = [fact.trigger for fact in self.facts if isinstance(fact, LastDoneBySystem)]
            self._known_pasts[facts] = self.system.facts.known_past(points, done, facts)
        return self._known_pasts[facts]


def _depends_on_past(model: Iterable[Chosen]) -> bool:
    failed = [chosen.atom for chosen in model if not chosen.met]
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
    _let_in: dict[tuple[object, ...], bool] = field(factory=dict, init=False)

    def is_exercised(self, reach: ReachableStates) -> bool:
        """Say whether both can be done, one after the other."""
        return any(
            edge.gate.is_open(facts, must=reach.must)
            and facts & self.system.facts.bits[Done(self.first)]
            for edge in self.edges
            for _, facts in reach.visits(edge.source)
        )

    def walk(self, reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        """Return the shortest walk on which the same person can do both."""
        first = min(self._same(reach, must=must), key=lambda step: step[0], default=None)
        return first and [*reach.walk_to(first[0]), first[1]]

    def _same(self, reach: ReachableStates, *, must: bool) -> Iterator[tuple[int, Edge]]:
        bits = self.system.facts.bits
        done, by_system = bits[Done(self.first)], bits[Done(self.first, by_system=True)]

        def is_same_actor(facts: int, edge: Edge) -> bool:
            return bool(facts & done) and bool(facts & by_system) == edge.by_system

        for edge in self.edges:
            visits = reach.visits(edge.source)
            self.system.budget.spend(len(visits))
            for place, facts in visits:
                if is_same_actor(facts, edge) and self._lets(edge.gate, facts, must=must):
                    yield place, edge

    def _lets(self, gate: Gate, facts: int, *, must: bool) -> bool:
        """Say whether a gate lets in the one who did `first` last."""
        bits = self.system.facts.bits

        def keeps_out(said: Chosen) -> bool:
            if not isinstance(said.atom, DistinctFrom):
                return False
            return bool(facts & bits.get(LastDoneAs(self.first, said.atom.distinct_from), 0))

        self.system.budget.spend(len(gate.form.chosen))
        kept_out = gate.form.where(keeps_out)
        key = gate, facts & gate.mask, kept_out, must
        if key not in self._let_in:
            self._let_in[key] = gate.model(facts, must=must, without=kept_out) is not None
        return self._let_in[key]
