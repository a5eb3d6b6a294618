"""An exhaustive search proves or refutes the guarantees of a lifecycle.

A record enters X by a step from a state outside X to one inside, and by being added in a state
inside, which anybody may do; being taken over is no entry. Walks re-open ends as records do, but
`can always be reached` asks nothing of an end, and passes through none. What peelflow does by
itself is not taken to be prompt.

In the file that states a guarantee, a state is the one of that name, and a trigger is what answers
the national trigger of that name, or, where nothing does, the file's own trigger. In a file that
refines it, a national state is every state that stands for it, and only answers count.

What cannot happen is proved of every step there is. What can be reached, and what exercises a
guarantee, counts possible steps alone (`proof.possible`), for each kind of record by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from attrs import field

from peelflow.model.requirements import PUBLISHED, Requirement, renamed
from peelflow.model.rules import (
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    StateSet,
    Transition,
    Vocabulary,
    each_transition,
)
from peelflow.phrases import say_choice
from peelflow.proof.budget import FEWER_FACTS, Budget
from peelflow.proof.counterexample import (
    EntryCheck,
    ProofResult,
    SeparationCheck,
    ViolationSearch,
    adding_step,
    entry_facts,
    separation_facts,
    trace_of,
)
from peelflow.proof.normal_form import requirements_of
from peelflow.proof.possible import (
    NeverTaken,
    Possibilities,
    PossibleSteps,
    possible_steps,
)
from peelflow.proof.reachability import (
    Monitor,
    ReachableStates,
    StateSpace,
    absence_after_monitor,
    first_trapped_node,
    precedence_monitor,
    reachable_from,
    shortest_violation,
)
from peelflow.proof.record_kinds import RecordKind, record_kinds
from peelflow.proof.satisfiability import Verdict
from peelflow.proof.transition_system import (
    Edge,
    Fact,
    GuardedTransitions,
    TransitionSystem,
    TriggerNames,
    counted_triggers,
    guarded_transitions_of,
    transition_system_of,
)
from peelflow.results import define
from peelflow.wording import say_requirement


@define(eq=False, slots=False)
class AbstractionMap:
    """A lifecycle as a guarantee sees it; `refined` states it when another does."""

    lifecycle: Lifecycle
    refined: Lifecycle | None = None
    _named: dict[tuple[str, str | None], frozenset[str]] = field(factory=dict, init=False)
    _meant: dict[Requirement, Requirement | None] = field(factory=dict, init=False)

    def states(self, where: StateSet) -> frozenset[str]:
        """Return the states that `where` speaks of."""
        every = self.lifecycle.states
        if where.state is None:
            ledger, counts = where.ledger or "", where.counts
            return frozenset(n for n, s in every.items() if s.counts_as.get(ledger) == counts)
        if self.refined is not None:
            return frozenset(n for n in every if self.lifecycle.stands_for(n) == where.state)
        return frozenset({where.state} & every.keys())

    @property
    def past(self) -> frozenset[str]:
        """The states whose steps lie behind, so that they can break nothing any more."""
        return frozenset()

    def is_seen(self, transition: Transition) -> bool:
        """Say whether a guarantee sees a step: one of another file sees no own steps."""
        return self.refined is None or transition.implements is not None

    @cached_property
    def answered(self) -> frozenset[str]:
        """The national triggers that something here answers."""
        implemented = {transition.implements for transition in each_transition(self.lifecycle)}
        return frozenset(trigger for trigger in implemented if trigger is not None)

    def triggers(self, transition: Transition) -> frozenset[str]:
        """Return the names by which a guarantee may call this transition."""
        key = (transition.trigger, transition.implements)
        if key not in self._named:
            own = self.refined is None and transition.trigger not in self.answered
            names = (transition.implements, transition.trigger if own else None)
            self._named[key] = frozenset(name for name in names if name is not None)
        return self._named[key]

    def is_one_of(self, role: str, roles: Iterable[str]) -> bool:
        """Say whether a role, or the national role that it stands for, is among `roles`."""
        held = self.lifecycle.roles.get(role)
        return role in roles or (held is not None and held.stands_for in tuple(roles))

    @cached_property
    def ledgers(self) -> frozenset[str] | None:
        """The ledgers that the refined file names; None when the file speaks for itself."""
        if self.refined is None:
            return None
        return frozenset(ledger for s in self.refined.states.values() for ledger in s.counts_as)

    def meant(self, requirement: Requirement) -> Requirement | None:
        """Return a guarantee's requirement in this file's names, None where it has none for it."""
        if self.refined is None:
            return requirement
        if requirement not in self._meant:
            try:
                own = renamed(requirement, self._own_since, self._own_trigger)
            except LookupError:
                own = None
            self._meant[requirement] = own
        return self._meant[requirement]

    def _own_since(self, since: str | None) -> str | None:
        """Return the own state whose entering is that of a national one.

        Raises:
            LookupError: No one state is, or it is entered by an own step too.
        """
        if since is None or since == PUBLISHED:
            return since
        own, steps = self.states(StateSet(state=since)), each_transition(self.lifecycle)
        if len(own) > 1 or any(step.to in own and step.implements is None for step in steps):
            raise LookupError(since)
        return min(own, default=since)

    def _own_trigger(self, national: str) -> str:
        """Return the one trigger by which a national one is answered, and nothing else is.

        Raises:
            LookupError: There is no such trigger.
        """
        steps = tuple(each_transition(self.lifecycle))
        names = {step.trigger for step in steps if step.implements == national}
        if len(names) > 1 or any(s.trigger in names and s.implements != national for s in steps):
            raise LookupError(national)
        return min(names, default=national)


def _level_search(system: TransitionSystem, monitor: Monitor) -> ViolationSearch:
    """Return the search for a walk that comes down to the level of a violation."""

    def search(reach: ReachableStates, *, must: bool) -> list[Edge] | None:
        del must  # `reach` knows what must be
        return shortest_violation(system, monitor, must=reach.must)

    return search


WORSE: tuple[Verdict, ...] = ("proved", "undetermined", "refuted")
UNNAMED = "the file that refines it has no one name for a state or trigger that this names"
UNSURE = "whether that can happen hangs on a predicate, or on days and people of earlier steps"


@define(eq=False, slots=False)
class Prover:
    """Proves guarantees of one lifecycle, with what all of them share.

    Args:
        view: The lifecycle, as the guarantees see it.
        kinds: What can exist for the records that it runs.
        budget: What all these proofs may spend.
        steps: What can be done with the records of each kind, where that is known already.
    """

    view: AbstractionMap
    kinds: tuple[RecordKind, ...]
    budget: Budget = field(factory=Budget, kw_only=True)
    steps: tuple[PossibleSteps, ...] | None = field(default=None, kw_only=True)
    _numbers: dict[StateSet, frozenset[int]] = field(factory=dict, init=False)

    @cached_property
    def _guarded(self) -> GuardedTransitions:
        return guarded_transitions_of(self.view.lifecycle, self.budget)

    @cached_property
    def space(self) -> StateSpace:
        """The lifecycle in numbers, with no more facts than its own requirements need."""
        return StateSpace(transition_system_of(self._guarded))

    def _space(
        self, more: tuple[Fact, ...], named: TriggerNames = lambda _: frozenset()
    ) -> StateSpace:
        return StateSpace(transition_system_of(self._guarded, more, named)) if more else self.space

    @cached_property
    def _possible(self) -> tuple[tuple[PossibleSteps, GuardedTransitions], ...]:
        """What can be taken of each kind of record; the whole lifecycle where all of it can be."""
        whole, found = self.view.lifecycle, list[tuple[PossibleSteps, GuardedTransitions]]()
        steps = self.steps
        if steps is None:
            steps = tuple([possible_steps(whole, kind, self.budget) for kind in self.kinds])
        for possible in steps:
            self.budget.spend(sum(1 + len(state.transitions) for state in whole.states.values()))
            taken = possible.lifecycle
            guarded = (
                self._guarded if taken is whole else guarded_transitions_of(taken, self.budget)
            )
            found.append((possible, guarded))
        return tuple(found)

    @cached_property
    def possible_spaces(self) -> tuple[StateSpace, ...]:
        """The lifecycle in numbers for each kind of record, with what can be taken of it alone."""
        return tuple(
            self.space if guarded is self._guarded else StateSpace(transition_system_of(guarded))
            for _, guarded in self._possible
        )

    def _state_numbers(self, where: StateSet) -> frozenset[int]:
        if where not in self._numbers:
            named, names = self.view.states(where), self.space.system.names
            self._numbers[where] = frozenset(n for n, name in enumerate(names) if name in named)
        return self._numbers[where]

    def _entering(self, where: StateSet, space: StateSpace | None = None) -> tuple[Edge, ...]:
        inside, edges = self._state_numbers(where), self._breaking(space)
        return tuple(e for e in edges if e.target in inside and e.source not in inside)

    def _taking(self, trigger: str, space: StateSpace | None = None) -> tuple[Edge, ...]:
        edges, triggers_of = self._breaking(space), self.view.triggers
        return tuple(edge for edge in edges if trigger in triggers_of(edge.transition))

    def _breaking(self, space: StateSpace | None = None) -> list[Edge]:
        """Return the edges that can break a guarantee: all, unless the view looks back."""
        system, past = (space or self.space).system, self.view.past
        if not past:
            return list(system.edges)
        return [edge for edge in system.edges if system.names[edge.source] not in past]

    def _role_among(self, edge: Edge, roles: tuple[str, ...]) -> str | None:
        """Return the first role that takes an edge and is one of `roles`, if they are any."""
        taking = (role for role in edge.roles if not roles or self.view.is_one_of(role, roles))
        return next(taking, None)

    def _is_taken(self, space: StateSpace, where: StateSet, roles: tuple[str, ...] = ()) -> bool:
        """Say whether somebody, or one of some roles, can enter where a guarantee looks."""
        entering = [e for e in self._entering(where, space) if self._role_among(e, roles)]
        return any(space.may_reach.enabled(entering))

    def _never_entered(self, where: StateSet, roles: tuple[str, ...] = ()) -> str | None:
        spaces = self.possible_spaces
        if any(self._is_taken(space, where, roles) for space in spaces):
            return None
        if roles and any(self._is_taken(space, where) for space in spaces):
            return f"`{where}` is never entered by {say_choice(roles)}"
        start = self.view.lifecycle.initial
        if start in self.view.states(where):
            return f"records start in `{start}`, and nothing that can happen enters `{where}` again"
        return f"nothing that can happen enters `{where}`"

    def _verdict(
        self,
        guarantee: Guarantee,
        search: ViolationSearch,
        why: str,
        vacuous: str | None,
        *,
        space: StateSpace | None = None,
        role_of: Callable[[Edge], str] = lambda edge: edge.roles[0],
    ) -> ProofResult:
        """Search with all that may be; where that finds a walk, again with what must be."""
        name, space = str(self.view.lifecycle), space or self.space
        walk = search(space.may_reach, must=False)
        if walk is None:
            return ProofResult(name, guarantee, "proved", vacuous=vacuous)
        must = search(space.must_reach, must=True)
        steps = trace_of(space.system, must or walk, role_of((must or walk)[-1]))
        if must is None:
            return ProofResult(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        return ProofResult(name, guarantee, "refuted", why, steps)

    def prove(self, guarantee: Guarantee) -> ProofResult:
        """Return what can be said of a guarantee.

        Raises:
            InvalidRules: That takes more steps than the budget has.
        """
        stated = guarantee.span if self.view.refined is None else self.view.lifecycle.span
        before = self.budget.at((stated, FEWER_FACTS))
        self.budget.spend(len(self.space.system.edges))
        proof = self._broken_by_adding(guarantee) or self._prove(guarantee)
        self.budget.at(before)
        return proof

    def _broken_by_adding(self, guarantee: Guarantee) -> ProofResult | None:
        """Return that the promise is broken as a record is added, if it is: adding asks nothing."""
        lifecycle, where = self.view.lifecycle, _not_to_be_entered(guarantee.promise)
        is_past = lifecycle.initial in self.view.past or lifecycle.begun_by is not None
        if where is None or is_past or lifecycle.initial not in self.view.states(where):
            return None
        why = f"whoever adds a record enters `{where}`: it begins in `{lifecycle.initial}`"
        steps = (adding_step(lifecycle),)
        return ProofResult(str(lifecycle), guarantee, "refuted", why, steps)

    def _prove(self, guarantee: Guarantee) -> ProofResult:
        match guarantee.promise:
            case OnlyEnteredBy(where=where, roles=roles):
                return self._roles(
                    guarantee,
                    self._entering(where),
                    lambda role: not self.view.is_one_of(role, roles),
                    f"it enters `{where}`, which only {say_choice(roles)} may",
                    self._never_entered(where),
                )
            case NeverDoneBy(trigger=trigger, roles=roles):
                spaces = self.possible_spaces
                is_done = any(any(s.may_reach.enabled(self._taking(trigger, s))) for s in spaces)
                return self._roles(
                    guarantee,
                    self._taking(trigger),
                    lambda role: self.view.is_one_of(role, roles),
                    f"`{trigger}` is done by somebody who must not",
                    None if is_done else f"nobody can ever do `{trigger}`",
                )
            case NeverEnteredWithoutSteps() as promise:
                return self._without(guarantee, promise)
            case NeverFollowedBy() as promise:
                return self._followed(guarantee, promise)
            case AlwaysReachable() as promise:
                return self._reachable(guarantee, promise)
            case NeverEnteredUnless() as promise:
                return self._unmet(guarantee, promise)
            case promise:
                return self._people(guarantee, promise)

    def _roles(
        self,
        guarantee: Guarantee,
        edges: Iterable[Edge],
        is_wrong: Callable[[str], bool],
        why: str,
        vacuous: str | None,
    ) -> ProofResult:
        wrong = [edge for edge in edges if any(map(is_wrong, edge.roles))]
        return self._verdict(
            guarantee,
            lambda reach, **_: reach.shortest(wrong),
            why,
            vacuous,
            role_of=lambda edge: next(filter(is_wrong, edge.roles)),
        )

    def _without(self, guarantee: Guarantee, promise: NeverEnteredWithoutSteps) -> ProofResult:
        system = self.space.system
        start, since = None, f"`{promise.where}` was last left"
        if promise.since is not None:
            start = self._state_numbers(StateSet(state=promise.since))
            since = f"`{promise.since}` was last entered"
        names = [self.view.triggers(edge.transition) for edge in system.edges]
        inside = self._state_numbers(promise.where)
        monitor = precedence_monitor(system, promise.triggers, names, inside=inside, since=start)
        listed = ", ".join(f"`{name}`" for name in promise.triggers)
        return self._verdict(
            guarantee,
            _level_search(system, monitor.restricted_to(self._breaking())),
            f"it enters `{promise.where}` without each of {listed}, in that order, since {since}",
            self._never_entered(promise.where),
        )

    def _followed(self, guarantee: Guarantee, promise: NeverFollowedBy) -> ProofResult:
        system = self.space.system
        first, later = self._state_numbers(promise.where), self._state_numbers(promise.later)
        monitor = absence_after_monitor(system, first, later)
        visible = [edge for edge in self._breaking() if self.view.is_seen(edge.transition)]
        reached = (node for space in self.possible_spaces for node in space.may_reach.nodes)
        stood = {node % len(system.names) for node in reached}
        never = [
            where
            for where, states in ((promise.where, first), (promise.later, later))
            if not stood & states
        ]
        return self._verdict(
            guarantee,
            _level_search(system, monitor.restricted_to(visible)),
            f"it stood in `{promise.where}` before, and comes to `{promise.later}`",
            f"nothing that can happen comes to `{never[0]}`" if never else None,
        )

    def _unmet(self, guarantee: Guarantee, promise: NeverEnteredUnless) -> ProofResult:
        name = str(self.view.lifecycle)
        wanted = self.view.meant(promise.requirement)
        if wanted is None:
            return ProofResult(name, guarantee, "undetermined", UNNAMED)
        names, plain = self.space.system.names, self._entering(promise.where)
        asked = [atom for e in plain for atom in requirements_of(names[e.source], e.transition)]
        more = entry_facts((wanted, *asked))
        space = self._space(more)
        roles, entering = promise.roles, self._entering(promise.where, space)
        edges = tuple(edge for edge in entering if self._role_among(edge, roles))
        check = EntryCheck(space.system, edges, wanted, more, self.view.ledgers)
        return self._verdict(
            guarantee,
            check.walk,
            f"it enters `{promise.where}` without {say_requirement(promise.requirement)}",
            self._never_entered(promise.where, roles),
            space=space,
            role_of=lambda edge: self._role_among(edge, roles) or "",
        )

    def _people(self, guarantee: Guarantee, promise: SeparationOfDuties) -> ProofResult:
        transitions = (edge.transition for edge in self.space.system.edges)
        first = (step for step in transitions if promise.first in self.view.triggers(step))
        done = {trigger for step in first for trigger in counted_triggers(step)}
        more = separation_facts(promise.first, done)

        def check_of(guarded: GuardedTransitions) -> tuple[StateSpace, SeparationCheck]:
            space = StateSpace(transition_system_of(guarded, more, self.view.triggers))
            second = self._taking(promise.second, space)
            return space, SeparationCheck(space.system, promise.first, second)

        checks = {guarded: check_of(guarded) for _, guarded in self._possible}
        is_exercised = any(check.is_exercised(space.may_reach) for space, check in checks.values())
        vacuous = (
            None if is_exercised else f"`{promise.second}` is never done after `{promise.first}`"
        )
        space, check = checks.get(self._guarded) or check_of(self._guarded)
        return self._verdict(
            guarantee,
            check.walk,
            f"who did `{promise.first}` last can do `{promise.second}` too",
            vacuous,
            space=space,
        )

    def _reachable(self, guarantee: Guarantee, promise: AlwaysReachable) -> ProofResult:
        """Look for a way of each kind of record, and return the worst that is found."""
        found = [
            self._reachable_within(guarantee, promise, space, possible)
            for space, (possible, _) in zip(self.possible_spaces, self._possible, strict=True)
        ]
        worst = max(found, key=lambda proof: WORSE.index(proof.verdict))
        return next((p for p in found if p.vacuous is None), worst) if worst.vacuous else worst

    def _reachable_within(
        self,
        guarantee: Guarantee,
        promise: AlwaysReachable,
        space: StateSpace,
        possible: PossibleSteps,
    ) -> ProofResult:
        name, targets = str(self.view.lifecycle), self._state_numbers(promise.where)
        system, reach, must = space.system, space.may_reach, space.must_reach
        maybe = first_trapped_node(reach, reach, targets, must=system.is_opaque)
        size = len(system.names)
        if maybe is None:
            met = any(node % size in targets for node in reach.nodes)
            vacuous = None if met else "every record is at an end before anything is done"
            return ProofResult(name, guarantee, "proved", vacuous=vacuous)
        node = maybe if must is reach else first_trapped_node(must, reach, targets, must=False)
        place = system.names[(maybe if node is None else node) % size]
        why = f"from `{place}` there is no way to `{promise.where}`"
        never = _never_taken_from(place, possible)
        if never is not None:
            why = f"{why}: `{never.transition.trigger}` can never be taken, for {never.why}"
        if node is None:
            steps = trace_of(system, reach.walk(maybe))
            return ProofResult(name, guarantee, "undetermined", f"{why}; {UNSURE}", steps)
        steps = trace_of(system, must.walk(node))
        return ProofResult(name, guarantee, "refuted", why, steps, never=never)


def _never_taken_from(place: str, possible: PossibleSteps) -> NeverTaken | None:
    """Return a step that nobody can take and that would lead on from a state, if there is one."""
    states = possible.lifecycle.states
    onward = {name: () if states[name].final else to for name, to in possible.targets.items()}
    within = reachable_from(onward, [place])
    leading = (never for never in possible.never if never.source in within)
    return next((never for never in leading if never.transition.to not in within), None)


def prove(
    lifecycle: Lifecycle, vocabulary: Vocabulary, *, possibilities: Possibilities | None = None
) -> tuple[ProofResult, ...]:
    """Return what can be said of each guarantee of a settled lifecycle, in the file's order.

    Args:
        lifecycle: The lifecycle.
        vocabulary: The words of the whole rulebook, which say what can exist for its records.
        possibilities: What can happen by these words, with what the whole check may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    possibilities = possibilities or Possibilities(vocabulary)
    kinds, steps = record_kinds(lifecycle, vocabulary), possibilities.of(lifecycle)
    view, budget = AbstractionMap(lifecycle), possibilities.budget
    prover = Prover(view, kinds, budget=budget, steps=steps)
    return tuple(prover.prove(guarantee) for guarantee in lifecycle.guarantees)


def _not_to_be_entered(promise: Promise) -> StateSet | None:
    """Return what a promise says is entered by some people only, or not without something."""
    match promise:
        case OnlyEnteredBy() | NeverEnteredUnless() | NeverEnteredWithoutSteps():
            return promise.where
        case _:
            return None
