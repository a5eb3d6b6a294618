"""A transition system holds a lifecycle's states, its edges and the facts that guard an edge.

An edge is one transition taken by people or by peelflow itself, the role `system`. People can
always be found for a role, and documents, inspections, fields and days can be as an act needs
them. What cannot be is left out: contradictory requirements, a `system` step that needs what only
people give.

A fact is one bit that a proof remembers of a record besides its state: which of two time points is
the later one, whether a state was ever entered, or who did a trigger last. An event changes facts
by two masks: it clears some bits and sets others.

Throughout the proofs, `must=False` asks what may be, if each predicate says as it is needed to, and
`must=True` what is so whatever predicates say. What may not be is proved; what must be is refuted;
what lies between is undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import product
from typing import NamedTuple

from attrs import evolve, field, fields

from peelflow.errors import Span
from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Requirement,
    atoms_of,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.proof.budget import FEWER_ALTERNATIVES, Budget
from peelflow.proof.clause_search import Literal, Literals
from peelflow.proof.normal_form import Atom, Chosen, NormalForm, closed_ledgers, requirements_of
from peelflow.proof.satisfiability import (
    WINDOW,
    ActTheory,
    KnownPast,
    Requirements,
    TimePoint,
    is_predicate,
    solution,
    time_point,
    window_start,
)
from peelflow.results import define, frozen


@frozen
class PastTransition(Transition):
    """A step of rules that records left, or the move itself.

    Args:
        triggers: What it counts as, for requirements.
        enters: The states whose entering it counts as; None for its target alone.
        called: What the guarantees of the new rules call it.
        nationally: What the national guarantees call it.
    """

    triggers: tuple[str, ...] = ()
    enters: tuple[str, ...] | None = None
    called: frozenset[str] = frozenset()
    nationally: frozenset[str] = frozenset()


def past_transition(
    transition: Transition,
    triggers: tuple[str, ...],
    enters: tuple[str, ...] | None = None,
    called: frozenset[str] = frozenset(),
    nationally: frozenset[str] = frozenset(),
) -> PastTransition:
    """Return a transition that counts as these triggers, and no longer as its own trigger.

    Args:
        transition: A step, or a move.
        triggers: What it counts as, for requirements.
        enters: The states whose entering it counts as; None for its target alone.
        called: What the guarantees of the new rules call it.
        nationally: What the national guarantees call it.
    """
    parts = {part.name: getattr(transition, part.name) for part in fields(Transition)}
    return PastTransition(
        **parts, triggers=triggers, enters=enters, called=called, nationally=nationally
    )


def counted_triggers(transition: Transition) -> tuple[str, ...]:
    """Return the triggers that a transition counts as having done."""
    return transition.triggers if isinstance(transition, PastTransition) else (transition.trigger,)


def states_entered(transition: Transition) -> tuple[str, ...]:
    """Return the states whose entering a transition counts as."""
    entered = transition.enters if isinstance(transition, PastTransition) else None
    return (transition.to,) if entered is None else entered


@frozen
class NotBefore:
    """`later` is there, and `earlier` is not, or not later than `later`.

    Of one time point twice it says that the point is there.
    """

    later: TimePoint
    earlier: TimePoint


@frozen
class LastDoneBySystem:
    """peelflow itself did the trigger last."""

    trigger: str


@frozen
class Done:
    """The trigger that a guarantee names was done; `by_system`: last by peelflow itself."""

    named: str
    by_system: bool = False


@frozen
class LastDoneAs:
    """The trigger that a guarantee names was last done as `trigger`, which was not done since."""

    named: str
    trigger: str


Fact = NotBefore | LastDoneBySystem | Done | LastDoneAs
Guard = tuple[int, int]
Masks = tuple[int, int]


BITS_A_STEP = 512
LITERAL_STEPS = 4
"""What putting an atom into clauses costs."""


@define(eq=False, slots=False)
class Facts:
    """The facts asked for, each with its bit."""

    bits: dict[Fact, int]
    budget: Budget
    _masks: dict[tuple[object, ...], Masks] = field(factory=dict, init=False)

    @staticmethod
    def of(asked: Iterable[Fact], budget: Budget) -> Facts:
        """Number the facts.

        Args:
            asked: The facts.
            budget: What this, and taking events into account, may spend.
        """
        every = dict.fromkeys(asked)
        # The last bits are long numbers.
        budget.spend(len(every) * (1 + len(every) // BITS_A_STEP))
        return Facts({fact: 1 << place for place, fact in enumerate(every)}, budget)

    @property
    def width(self) -> int:
        """How many times as long a number of these bits is as a short one."""
        return 1 + len(self.bits) // BITS_A_STEP

    def at_first(self, initial: str) -> int:
        """Return the facts of a record that was just added."""
        return self._masks_of({WINDOW, time_point(initial)}, by_system=False)[1]

    def after(self, edge: Edge, named: frozenset[str], entered: tuple[str, ...] = ()) -> Masks:
        """Return the bits an edge keeps and those it sets.

        Args:
            edge: The edge.
            named: The guarantee's words for its trigger.
            entered: Those states that it enters which some fact is about.
        """
        triggers, is_own = counted_triggers(edge.transition), edge.transition.implements is None
        key = triggers, entered, is_own, edge.by_system, named
        if key not in self._masks:
            points: set[TimePoint] = {("done", name) for name in triggers}
            points |= {time_point(name) for name in entered} | (set() if is_own else {WINDOW})
            self._masks[key] = self._masks_of(points, by_system=edge.by_system, named=named)
        return self._masks[key]

    @cached_property
    def states(self) -> frozenset[str]:
        """The states whose entering some fact is about."""
        points = [point for fact in self.bits for point in time_points_of(fact)]
        return frozenset(name for kind, name in points if kind == "entered")

    def _masks_of(
        self, points: set[TimePoint], *, by_system: bool, named: frozenset[str] = frozenset()
    ) -> Masks:
        cleared = set_bits = 0
        self.budget.spend(len(self.bits) * self.width)
        for fact, bit in self.bits.items():
            value = _value_after(fact, points, by_system=by_system, named=named)
            if value:
                set_bits |= bit
            elif value is not None:
                cleared |= bit
        return ~cleared, set_bits

    def guard(self, atom: Atom, *, by_system: bool) -> Guard:
        """Return which bits must be set, and which must not be, for an atom to be met."""
        need = forbidden = 0
        for fact in facts_of((atom,)):
            if isinstance(fact, LastDoneBySystem):
                forbidden |= self.bits[fact] if by_system else 0
            else:
                need |= self.bits[fact]
        return need, forbidden

    def known_past(
        self, points: Iterable[TimePoint], triggers: Iterable[str], facts: int
    ) -> KnownPast:
        """Return what the bits say of these moments, and of who did these triggers."""
        existing = [p for p in points if facts & self.bits.get(NotBefore(p, p), 0)]
        self.budget.spend(len(existing) ** 2 * self.width)
        ranks = {
            point: sum(bool(facts & self.bits[NotBefore(point, other)]) for other in existing)
            for point in existing
        }
        by_system = frozenset(t for t in triggers if facts & self.bits[LastDoneBySystem(t)])
        return KnownPast(ranks, by_system)


def time_points_of(fact: Fact) -> tuple[TimePoint, ...]:
    """Return the time points that a fact is about."""
    return (fact.later, fact.earlier) if isinstance(fact, NotBefore) else ()


def _value_after(
    fact: Fact, points: set[TimePoint], *, by_system: bool, named: frozenset[str]
) -> bool | None:
    """Return what a fact is after an event at these points; None where it stays as it was."""
    match fact:
        case NotBefore(later=later) if later in points:
            return True
        case NotBefore(earlier=earlier) if earlier in points:
            return False
        case LastDoneBySystem(trigger=trigger) if ("done", trigger) in points:
            return by_system
        case Done(named=name, by_system=only_system) if name in named:
            return by_system or not only_system
        case LastDoneAs(named=name, trigger=trigger) if name in named:
            return ("done", trigger) in points
        case LastDoneAs(trigger=trigger) if ("done", trigger) in points:
            return False
        case _:
            return None


def facts_of(atoms: Iterable[Atom | Requirement]) -> tuple[Fact, ...]:
    """Return the facts that decide whether atoms can be met."""
    facts: list[Fact] = []
    for atom in atoms:
        point = window_start(atom)
        if point is not None and point != WINDOW:
            facts.append(NotBefore(point, point))
        if isinstance(atom, DistinctFrom):
            done: TimePoint = ("done", atom.distinct_from)
            before = NotBefore(done, time_point(atom.since))
            facts += [before, LastDoneBySystem(atom.distinct_from)]
    return tuple(facts)


def order_facts(points: Iterable[TimePoint]) -> tuple[Fact, ...]:
    """Return the facts that put time points in order."""
    return tuple(NotBefore(later, earlier) for later, earlier in product(tuple(points), repeat=2))


TriggerNames = Callable[[Transition], frozenset[str]]


@define(eq=False)
class Gate:
    """What transitions need, as a form of which the facts of the past shut out some variables.

    Nothing is spelt out for it: whether the form can still hold is asked for the facts that come
    up, once for all that agree on the bits of `mask`.

    Args:
        requirements: What is needed, times included.
        closes: The ledgers that the step closes.
        theory: What the act can do.
        place: The line to blame for what this takes.
    """

    requirements: Requirements
    closes: frozenset[str]
    theory: ActTheory
    place: Span
    form: NormalForm = field(init=False)
    mask: int = field(default=0, init=False)
    _guards: tuple[tuple[Literal, Guard], ...] = field(default=(), init=False)
    _predicates: Literals = field(init=False)
    _is_open: tuple[dict[int, bool], dict[int, bool]] = field(factory=lambda: ({}, {}), init=False)

    def __attrs_post_init__(self) -> None:
        """Put the requirements into clauses."""
        self.form = NormalForm()
        self.form.meet(self.requirements, self.closes)
        self.theory.budget.spend(LITERAL_STEPS * len(self.form.chosen))
        self._predicates = self.form.where(is_predicate)

    @property
    def is_opaque(self) -> bool:
        """Whether a predicate has a say."""
        return bool(self._predicates)

    def failing(self, requirement: Requirement, closes: frozenset[str], facts: Facts) -> Gate:
        """Return the gate of those acts alone that do not meet a requirement.

        Args:
            requirement: What they do not meet.
            closes: The ledgers that are closed, for what `children` means in it.
            facts: The facts of the transition system.
        """
        gate = Gate(self.requirements, self.closes, self.theory, self.place)
        gate.form.fail((requirement,), closes)
        gate._predicates = gate.form.where(is_predicate)
        gate.rest_on(facts)
        return gate

    def rest_on(self, facts: Facts) -> None:
        """Take the bits of the facts that open this gate and shut it."""
        met = ((number, said) for number, said in enumerate(self.form.chosen) if said and said.met)
        by_system = self.theory.by_system
        guards = ((number, facts.guard(said.atom, by_system=by_system)) for number, said in met)
        self._guards = tuple(pair for pair in guards if pair[1] != (0, 0))
        for _, (need, forbidden) in self._guards:
            self.mask |= need | forbidden

    def always(self, *, must: bool) -> bool | None:
        """Say whether the facts open this whatever they are, or never; None where they decide."""
        # INVARIANT: a gate that no act can pass, if predicates say yes, is none of a system's.
        if must and self.is_opaque and self.model(None, must=True) is None:
            return False
        shut = tuple(number for number, _ in self._guards)
        return True if not shut or self.model(None, must=must, without=shut) else None

    def is_open(self, facts: int, *, must: bool) -> bool:
        """Say whether some act can pass where the facts are so."""
        # INVARIANT: a gate that no act can pass, if predicates say yes, is none of a system's.
        if not self._guards and not (must and self.is_opaque):
            return True
        known, asked = self._is_open[must], facts & self.mask
        if asked not in known:
            known[asked] = self.model(facts, must=must) is not None
        return known[asked]

    def model(
        self,
        facts: int | None,
        *,
        must: bool,
        known: KnownPast | None = None,
        without: Literals = (),
    ) -> tuple[Chosen, ...] | None:
        """Return how some act passes where the facts are so, None when none does.

        Args:
            facts: The facts; None asks for any.
            must: No predicate may have a say.
            known: What is known of the record's past besides.
            without: Variables of the form that are not to be true.
        """
        excluded = [*without, *(self._predicates if must else ())]
        if facts is not None:
            excluded += self.shut(facts)
        theory = self.theory if known is None else evolve(self.theory, known=known)
        before = theory.budget.at((self.place, FEWER_ALTERNATIVES))
        found = solution(self.form, theory.allows, theory.budget, excluded)
        theory.budget.at(before)
        return found

    def shut(self, facts: int) -> Iterator[Literal]:
        """Yield the variables of atoms that the facts keep from being met."""
        for number, guard in self._guards:
            if not is_guard_met(guard, facts):
                yield number


class Edge(NamedTuple):
    """A transition taken by one of `roles`; `by_system` when peelflow itself takes it.

    `gate` is what it needs.
    """

    number: int
    source: int
    target: int
    transition: Transition
    roles: tuple[str, ...]
    by_system: bool
    gate: Gate


def is_guard_met(guard: Guard, facts: int) -> bool:
    """Say whether facts are as a guard needs them."""
    need, forbidden = guard
    return facts & need == need and not facts & forbidden


OutgoingEdge = tuple[int, int, Gate | None]


@define(eq=False, slots=False)
class GuardedTransitions:
    """A lifecycle's edges, which all transition systems of it share.

    Args:
        lifecycle: The rules.
        edges: Its transitions by who takes them.
        facts: Those that some gate rests on.
        budget: What all that is asked of the edges may spend.
    """

    lifecycle: Lifecycle
    edges: tuple[Edge, ...]
    facts: tuple[Fact, ...]
    budget: Budget
    _outgoing: dict[bool, list[list[OutgoingEdge]]] = field(factory=dict, init=False)

    @cached_property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate."""
        return any(gate.is_opaque for gate in {edge.gate for edge in self.edges})

    def outgoing(self, *, must: bool) -> list[list[OutgoingEdge]]:
        """Return the edges out of each state: number, target, gate.

        The gate is None where the edge is open whatever the facts are.
        """
        if must not in self._outgoing:
            outgoing: list[list[OutgoingEdge]] = [[] for _ in self.lifecycle.states]
            gates = dict.fromkeys(edge.gate for edge in self.edges)
            always = {gate: gate.always(must=must) for gate in gates}
            for number, source, target, _, _, _, gate in self.edges:
                is_open = always[gate]
                if is_open is not False:
                    outgoing[source].append((number, target, None if is_open else gate))
            self._outgoing[must] = outgoing
        return self._outgoing[must]

    @cached_property
    def _kinds(self) -> tuple[list[Edge], list[int]]:
        """Edges that differ in what they do to facts, but for what they enter; which each is as."""
        kinds: dict[tuple[object, ...], int] = {}
        first, numbers = list[Edge](), list[int]()
        for edge in self.edges:
            step = edge.transition
            key: tuple[object, ...] = (step.trigger, step.implements, edge.by_system)
            if isinstance(step, PastTransition):
                key = (*key, step.triggers, step.called, step.nationally)
            kind = kinds.setdefault(key, len(first))
            if kind == len(first):
                first.append(edge)
            numbers.append(kind)
        return first, numbers

    def masks(self, facts: Facts, trigger_names: TriggerNames) -> list[Masks]:
        """Return for each edge the bits of the facts that it keeps, and those that it sets.

        Args:
            facts: The facts.
            trigger_names: A guarantee's words for a transition's trigger.
        """
        self.budget.spend(len(self.edges))
        first, kinds = self._kinds
        shared = [facts.after(edge, trigger_names(edge.transition)) for edge in first]
        masks = [shared[kind] for kind in kinds]
        if facts.states:
            for edge in self.edges:
                entered = states_entered(edge.transition)
                if not facts.states.isdisjoint(entered):
                    known = tuple(name for name in entered if name in facts.states)
                    masks[edge.number] = facts.after(edge, trigger_names(edge.transition), known)
        return masks


def guarded_transitions_of(
    lifecycle: Lifecycle, budget: Budget | None = None
) -> GuardedTransitions:
    """Return what can be taken in a settled lifecycle, for all transition systems of it.

    Args:
        lifecycle: The rules.
        budget: What all that is asked of them may spend.
    """
    gates = _Gates(lifecycle, budget or Budget())
    index = {name: number for number, name in enumerate(lifecycle.states)}
    edges: list[Edge] = []
    for name, state in lifecycle.states.items():
        for step in state.transitions:
            # Lint refuses a step that both people and the system take.
            people = tuple([role for role in step.by if role != SYSTEM and role in lifecycle.roles])
            system = (SYSTEM,) if SYSTEM in step.by and SYSTEM in lifecycle.roles else ()
            for by_system, roles in ((False, people), (True, system)):
                gate = gates.gate(name, step, by_system=by_system) if roles else None
                if gate is not None:
                    ends = index[name], index[step.to]
                    edges.append(Edge(len(edges), *ends, step, roles, by_system, gate))
    facts = tuple(dict.fromkeys(gates.facts()))
    numbered = Facts.of(facts, gates.budget)
    for gate in dict.fromkeys(edge.gate for edge in edges):
        # INVARIANT: a transition system numbers these facts first, so each has this bit in all.
        gate.rest_on(numbered)
    return GuardedTransitions(lifecycle, tuple(edges), facts, gates.budget)


@define(eq=False, slots=False)
class TransitionSystem:
    """The states of a lifecycle by number, its edges, and the facts it starts with.

    Args:
        guarded: The lifecycle, and its edges.
        names: The states.
        facts: What is remembered of a record besides its state.
        masks: For each edge, the bits of the facts that it keeps, and those that it sets.
        initial_facts: What is so of a record that was just added.
        initial: The state in which it stands.
    """

    guarded: GuardedTransitions
    names: tuple[str, ...]
    facts: Facts
    masks: list[Masks]
    initial_facts: int
    initial: int

    @property
    def lifecycle(self) -> Lifecycle:
        """The lifecycle."""
        return self.guarded.lifecycle

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges, by number."""
        return self.guarded.edges

    @property
    def budget(self) -> Budget:
        """What all that is asked of the lifecycle may spend."""
        return self.guarded.budget

    @property
    def is_opaque(self) -> bool:
        """Whether some edge hangs on a predicate."""
        return self.guarded.is_opaque

    def outgoing(self, *, must: bool) -> list[list[OutgoingEdge]]:
        """Return the edges out of each state, as `GuardedTransitions.outgoing` does."""
        return self.guarded.outgoing(must=must)

    def facts_after(self, facts: int, edge: Edge) -> int:
        """Return what the facts are once an edge was taken.

        Args:
            facts: What they were before.
            edge: The edge.
        """
        kept, added = self.masks[edge.number]
        return facts & kept | added


def transition_system_of(
    guarded: GuardedTransitions,
    more: Iterable[Fact] = (),
    trigger_names: TriggerNames = lambda _: frozenset(),
) -> TransitionSystem:
    """Return a settled lifecycle in numbers, with `more` facts than open and close its edges.

    Args:
        guarded: The lifecycle, and its edges.
        more: The facts besides those that the edges rest on.
        trigger_names: A guarantee's words for a transition's trigger.
    """
    lifecycle, facts = guarded.lifecycle, Facts.of([*guarded.facts, *more], guarded.budget)
    names, masks = tuple(lifecycle.states), guarded.masks(facts, trigger_names)
    start = facts.at_first(lifecycle.initial), names.index(lifecycle.initial)
    return TransitionSystem(guarded, names, facts, masks, *start)


@define(eq=False)
class _Gates:
    """The gate of each transition, the same for all that need the same."""

    lifecycle: Lifecycle
    budget: Budget
    known: dict[tuple[object, ...], Gate | None] = field(factory=dict)

    def gate(self, source: str, transition: Transition, *, by_system: bool) -> Gate | None:
        """Return the gate of a transition; None when no act can pass it."""
        asked = requirements_of(source, transition)
        key: tuple[object, ...] = (asked, by_system)
        shut = frozenset[str]()
        if key in self.known:
            return self.known[key]
        if any(isinstance(atom, ChildrenClosed | ChildForEach) for atom in atoms_of(asked)):
            shut = closed_ledgers(self.lifecycle, source, transition)
            key = (*key, shut)
        if key not in self.known:
            theory = ActTheory(self.budget, by_system)
            gate = Gate(asked, shut, theory, transition.span)
            self.known[key] = gate if gate.model(None, must=False) is not None else None
        return self.known[key]

    def facts(self) -> Iterator[Fact]:
        """Yield the facts that some gate rests on."""
        for gate in self.known.values():
            if gate is not None:
                yield from facts_of(atoms_of(gate.requirements))
