"""The possible steps of a lifecycle are those that somebody can take, with what can exist.

A proof that something cannot happen looks at every step, whatever the vocabulary says. A proof that
something can be done, and what rests on one, counts possible steps alone: by people who can hold a
role, with fields, documents and children that the vocabulary has, and before peelflow itself ends
the state. Documents, days and people are as an act needs them, where they can be at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import product
from math import inf, prod
from operator import is_not

from attrs import evolve, field

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    Atom,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
    atoms_of,
)
from peelflow.model.rules import (
    SYSTEM,
    Lifecycle,
    Role,
    State,
    Transition,
    Vocabulary,
    each_transition,
    is_automatic,
    is_taken_by_system,
)
from peelflow.phrases import listed, say_days
from peelflow.proof.budget import FEWER_FACTS, Budget
from peelflow.proof.normal_form import day_bounds
from peelflow.proof.reachability import states_reachable, states_reaching
from peelflow.proof.record_kinds import Reason, RecordKind, record_kinds
from peelflow.results import define, frozen

Requirements = tuple[Requirement, ...]
_Ways = tuple[Requirements, ...] | Reason
_Asked = tuple[str, str | None]  # a trigger that another is to have done, and since which state
WhyNever = Callable[[Atom], Reason | None]


@frozen(eq=False)
class NeverTaken:
    """A step out of a state that nobody can ever take, and why."""

    source: str
    transition: Transition
    why: Reason


@frozen(eq=False)
class PossibleSteps:
    """A lifecycle with the steps that somebody can take, and the steps that nobody ever can.

    It is the lifecycle itself where all of it can happen. A step that may be taken in several ways
    of which no two go together stands there once for each.
    """

    lifecycle: Lifecycle
    never: tuple[NeverTaken, ...]

    @property
    def targets(self) -> Mapping[str, tuple[str, ...]]:
        """For each state, the states that a possible step leads to."""
        states = self.lifecycle.states
        return {
            name: tuple(step.to for step in state.transitions if step.to in states)
            for name, state in states.items()
        }


def possible_steps(
    lifecycle: Lifecycle,
    kind: RecordKind,
    budget: Budget | None = None,
    *,
    done_before: Iterable[str] = (),
) -> PossibleSteps:
    """Return what somebody can do with the records of one kind.

    Args:
        lifecycle: A settled lifecycle.
        kind: What can exist for its records.
        budget: What the whole check that this is a part of may spend.
        done_before: The triggers that may have been done before a record came under these rules.

    Raises:
        InvalidRules: That takes more steps than the budget has.
    """
    budget = budget or Budget()
    never: tuple[NeverTaken, ...] = ()
    for number in range(MOST_ROUNDS + 1):
        past = _Past(lifecycle, frozenset(done_before), budget)
        stays = _Stays(lifecycle, kind, budget, counts_earlier_days=number < MOST_ROUNDS)
        found = _StepSearch(lifecycle, kind, budget, stays, past).run()
        lifecycle, never = found.lifecycle, (*never, *found.never)
        # How long a record can wait, and what was done with it, hangs on the ways there are, and
        # some are none after all.
        if not found.never or not (stays.bounds or past.is_asked):
            break
    return PossibleSteps(lifecycle, never)


MOST_ROUNDS = 8


@define(eq=False)
class Possibilities:
    """What can happen to the records of the lifecycles of one check, each looked at once.

    Args:
        vocabulary: The words of the whole rulebook.
        budget: What the whole check may spend.
    """

    vocabulary: Vocabulary
    budget: Budget = field(factory=Budget)
    _found: dict[int, tuple[Lifecycle, tuple[PossibleSteps, ...]]] = field(factory=dict, init=False)

    def of(self, lifecycle: Lifecycle) -> tuple[PossibleSteps, ...]:
        """Return what somebody can do with each kind of record that a settled lifecycle runs.

        Raises:
            InvalidRules: That takes more steps than the budget has.
        """
        # INVARIANT: what is found holds its lifecycle, so no other one gets that identity.
        known = self._found.get(id(lifecycle))
        if known is None:
            before = self.budget.at((lifecycle.span, FEWER_FACTS))
            kinds = record_kinds(lifecycle, self.vocabulary)
            steps = tuple([possible_steps(lifecycle, kind, self.budget) for kind in kinds])
            self.budget.at(before)
            known = self._found[id(lifecycle)] = lifecycle, steps
        return known[1]


def never_taken_faults(
    lifecycle: Lifecycle, refined: Lifecycle | None, possibilities: Possibilities
) -> Iterator[Diagnostic]:
    """Yield each step that nobody can take, and without which a record goes nowhere.

    Args:
        lifecycle: A settled lifecycle.
        refined: The lifecycle that it refines, if it refines one that is known.
        possibilities: What can happen, by the words of the whole rulebook.

    Raises:
        InvalidRules: That takes more steps than the budget has.
    """
    final = [name for name, state in lifecycle.states.items() if state.final]
    leading = states_reaching(lifecycle, final)
    every = possibilities.of(lifecycle)
    # Where a record can go is looked at twice, and kept.
    possibilities.budget.spend(
        len(every) * sum(2 + len(state.transitions) for state in lifecycle.states.values())
    )
    entered = frozenset[str]().union(*(states_reachable(kind.lifecycle) for kind in every))
    blamed: set[Span] = set()
    for possible in every:
        ending = states_reaching(possible.lifecycle, final)
        for never in possible.never:
            step, source = never.transition, possible.lifecycle.states[never.source]
            is_stuck = not source.final and not source.transitions
            is_trapped = never.source in leading - ending and step.to in leading
            if step.to not in entered:
                effect = f"`{step.to}` is never entered"
            elif is_stuck or is_trapped:
                effect = f"no end can be reached from `{never.source}`"
            else:
                continue
            if never.source in entered and step.span not in blamed:
                blamed.add(step.span)
                yield _never_taken_fault(never, effect, refined)


def _never_taken_fault(never: NeverTaken, effect: str, refined: Lifecycle | None) -> Diagnostic:
    step = never.transition
    rules = each_transition(refined) if refined else ()
    answered = next((rule.span for rule in rules if rule.trigger == step.implements), None)
    sentence = f"`{step.trigger}` can never be taken, so {effect}: {never.why}"
    instead = "let it need only what somebody can meet"
    return Diagnostic(step.span, "never-taken", sentence, instead, related=answered)


MOST_WAYS, WAY_STEPS = 256, 4
TOO_MANY_WAYS = "it asks for more choices of one thing than this proof looks at"
OneValued = tuple[str, str]


@define(eq=False, slots=False)
class _StepSearch:
    """The search for the possible steps of one lifecycle."""

    lifecycle: Lifecycle
    kind: RecordKind
    budget: Budget
    stays: _Stays
    past: _Past
    _whole: set[tuple[tuple[str, ...], int]] = field(factory=set, init=False)
    _ways: dict[tuple[Requirements, bool], _Ways] = field(factory=dict, init=False)

    def run(self) -> PossibleSteps:
        """Look at every step."""
        never: list[NeverTaken] = []
        changed: dict[str, State] = {}
        for name, state in self.lifecycle.states.items():
            steps: list[Transition] = []
            self.budget.spend(1 + len(state.transitions))
            for step in state.transitions:
                # INVARIANT: `requires` lives as long as the lifecycle, so identity will do.
                if (step.by, id(step.requires)) in self._whole:
                    steps.append(step)
                    continue
                ways = self.ways(name, step)
                if isinstance(ways, str):
                    never.append(NeverTaken(name, step, ways))
                else:
                    steps += ways
            if len(steps) != len(state.transitions) or any(map(is_not, steps, state.transitions)):
                changed[name] = evolve(state, transitions=tuple(steps))
        if not changed:
            return PossibleSteps(self.lifecycle, ())
        states = {**self.lifecycle.states, **changed}
        return PossibleSteps(evolve(self.lifecycle, states=states), tuple(never))

    def ways(self, name: str, step: Transition) -> tuple[Transition, ...] | Reason:
        """Return a step once for each way in which it can be taken, or why it never can."""
        people = tuple([role for role in step.by if self._is_person(role)])
        system = (SYSTEM,) if SYSTEM in step.by else ()
        late = self.stays.why_too_late(name, step) if self.stays.bounds else None
        why = late
        taken: list[Transition] = []
        for by, by_system in ((people, False), (system, True)):
            if not by or late:
                continue
            ways = self._requirement_ways(name, step, by_system=by_system)
            if isinstance(ways, str):
                why = ways
            elif ways == (step.requires,) and by == step.by:
                taken.append(step)
            else:
                taken += [evolve(step, by=by, requires=requires) for requires in ways]
        is_whole = len(taken) == 1 and taken[0] is step
        if is_whole and not self._hangs_on_the_state(step):
            self._whole.add((step.by, id(step.requires)))
        return tuple(taken) or why or f"nobody can act as {listed(step.by)}"

    def _is_person(self, role: str) -> bool:
        held = self._roles.get(role)
        return role != SYSTEM and held is not None and held.side != "system"

    @cached_property
    def _roles(self) -> Mapping[str, Role]:
        return {**self.kind.words.roles, **self.lifecycle.roles}

    def _requirement_ways(self, name: str, step: Transition, *, by_system: bool) -> _Ways:
        def why_never(atom: Atom) -> Reason | None:
            return (by_system and _why_not_by_system(atom)) or self.kind.why_never(atom)

        def why_not_here(atom: Atom) -> Reason | None:
            return self.stays.why_not_in_time(name, step, atom) or self.past.why_not(name, atom)

        key = step.requires, by_system
        ways = self._ways.get(key)
        if ways is None:
            ways = self._ways[key] = _ways_of(step.requires, why_never, self.kind, self.budget)
        if isinstance(ways, str) or not self._hangs_on_the_state(step):
            return ways
        self.budget.spend(len(ways) * WAY_STEPS)
        return _sound([_pruned(requires, why_not_here) for requires in ways])

    def _hangs_on_the_state(self, step: Transition) -> bool:
        """Say whether the state that a step leaves may rule out what the step requires."""
        return bool(self.stays.bounds) or is_automatic(step) or self.past.is_asked_by(step)


def _why_not_by_system(atom: Atom) -> Reason | None:
    match atom:
        case ReasonGiven():
            return f"`{SYSTEM}` gives no reason"
        case SuccessorNamed():
            return f"`{SYSTEM}` names no successor"
        case InspectionHeld():
            return f"`{SYSTEM}` names no inspection"
        case _:
            return None


def _pruned(requirements: Requirements, why_never: WhyNever) -> Requirements | Reason:
    """Return requirements without alternatives that never hold; why, where nothing is left."""
    kept: list[Requirement] = []
    for requirement in requirements:
        if isinstance(requirement, AnyOf):
            choices = [_pruned(choice, why_never) for choice in requirement.any_of]
            sound = tuple(choice for choice in choices if not isinstance(choice, str))
            if not sound:
                return next((c for c in choices if isinstance(c, str)), "it offers no alternative")
            is_whole = sound == requirement.any_of
            kept.append(requirement if is_whole else evolve(requirement, any_of=sound))
            continue
        why = why_never(requirement)
        if why is not None:
            return why
        kept.append(requirement)
    return tuple(kept)


def _sound(ways: Iterable[Requirements | Reason]) -> _Ways:
    """Return the ways that are some, each once; why the first is none, where none is."""
    ways = tuple(ways)
    sound = dict.fromkeys(way for way in ways if not isinstance(way, str))
    return tuple(sound) or next(way for way in ways if isinstance(way, str))


def _ways_of(
    requirements: Requirements, why_never: WhyNever, kind: RecordKind, budget: Budget
) -> _Ways:
    """Return the ways to meet requirements, or why there is none.

    A field that is no list says one choice, and an act names one inspection, of one kind: for each
    that they could be there is a way.
    """
    size = sum(1 for _ in atoms_of(requirements))
    budget.spend(size)
    pruned = _pruned(requirements, why_never)
    if isinstance(pruned, str):
        return pruned
    several = {name: said for name, said in _values_asked(pruned, kind).items() if len(said) > 1}
    number = prod(map(len, several.values()))
    if number > MOST_WAYS:
        return TOO_MANY_WAYS
    budget.spend(number * WAY_STEPS * (1 + size))
    ways = (
        _pruned(pruned, _why_other_value(dict(zip(several, chosen, strict=True)), several))
        for chosen in product(*several.values())
    )
    return _sound(ways)


def _values_asked(requirements: Requirements, kind: RecordKind) -> dict[OneValued, tuple[str, ...]]:
    """Return the values that are asked of each thing that has one at a time."""
    asked: dict[OneValued, dict[str, None]] = {}
    for atom in atoms_of(requirements):
        thing = _one_valued(atom)
        if thing is not None and (thing[0] != "field" or kind.has_one_value(thing[1])):
            asked.setdefault(thing, {})[_value_asked(atom)] = None
    return {thing: tuple(values) for thing, values in asked.items()}


def _one_valued(atom: Requirement) -> OneValued | None:
    """Return the thing of which an atom asks a certain value, None where it asks none."""
    match atom:
        case FieldSet(field=name, has=str()):
            return "field", name
        case InspectionHeld(inspection="planned" | "bespoke"):
            return "inspection", ""
        case _:
            return None


def _value_asked(atom: Requirement) -> str:
    return str(atom.has) if isinstance(atom, FieldSet) else str(getattr(atom, "inspection", ""))


def _why_other_value(
    chosen: Mapping[OneValued, str], several: Mapping[OneValued, tuple[str, ...]]
) -> WhyNever:
    """Return what rules out an atom that asks another value than the one chosen."""

    def why_never(atom: Atom) -> Reason | None:
        thing = _one_valued(atom)
        if thing is None or chosen.get(thing, _value_asked(atom)) == _value_asked(atom):
            return None
        values = listed(several[thing])
        if thing[0] == "inspection":
            return f"an act names one inspection, and two kinds are asked for: {values}"
        return f"the field `{thing[1]}` holds one choice, and two are asked for: {values}"

    return why_never


def _passes(step: Transition, since: str | None) -> bool:
    """Say whether a step goes on within a window, and begins no new one."""
    return step.to != since if since is not None else step.implements is None


@define(eq=False, slots=False)
class _Past:
    """What can have been done with a record by the time that it stands in a state.

    Who did it is not looked at, for people can be chosen freely, nor where the record began.

    Args:
        lifecycle: The lifecycle.
        done_before: The triggers that may have been done before a record came under it.
        budget: What looking at its steps is spent from.
    """

    lifecycle: Lifecycle
    done_before: frozenset[str]
    budget: Budget
    _after: dict[_Asked, set[str]] = field(factory=dict, init=False)
    _found: dict[str, dict[int, Transition]] = field(factory=dict, init=False)

    @property
    def is_asked(self) -> bool:
        """Whether some step asks who did something before."""
        return bool(self._asking)

    def is_asked_by(self, step: Transition) -> bool:
        """Say whether a step asks who did something before."""
        return id(step.requires) in self._asking

    @cached_property
    def _asking(self) -> frozenset[int]:
        # INVARIANT: `requires` lives as long as the lifecycle, so identity will do.
        every = {id(step.requires): step.requires for step in each_transition(self.lifecycle)}
        return frozenset(key for key, requires in every.items() if self._asked_by(requires))

    def _asked_by(self, requires: Requirements) -> list[_Asked]:
        atoms = atoms_of(requires)
        self.budget.spend(len(atoms))
        return [(a.distinct_from, a.since) for a in atoms if isinstance(a, DistinctFrom)]

    def why_not(self, name: str, atom: Atom) -> Reason | None:
        """Return why an atom that asks who did something before is never met in a state."""
        if not isinstance(atom, DistinctFrom) or atom.distinct_from in self.done_before:
            return None
        if not self._after:
            self._find_steps()
        if name in self._after[atom.distinct_from, atom.since]:
            return None
        return f"nobody can have done `{atom.distinct_from}` before it, and it asks who did"

    def _find_steps(self) -> None:
        """Find the steps that somebody can be the first to take, and what is done after each."""
        states = self.lifecycle.states
        for step in each_transition(self.lifecycle):
            self._after.update((asked, set()) for asked in self._asked_by(step.requires))
        self._found = {name: {} for name in states}
        waiting = list(states)
        while waiting:
            name = waiting.pop()
            why_not = partial(self.why_not, name)
            for step in states[name].transitions:
                self.budget.spend(1 + len(step.requires))
                why = id(step) in self._found[name] or _pruned(step.requires, why_not)
                if isinstance(why, tuple):
                    # INVARIANT: who takes a step first comes there by steps that were found.
                    self._found[name][id(step)] = step
                    waiting += self._entered_by(name, step)

    def _entered_by(self, name: str, step: Transition) -> set[str]:
        """Return the states where something asked about can have been done once a step is found."""
        entered: set[str] = set()
        self.budget.spend(len(self._after))
        for (trigger, since), after in self._after.items():
            is_done = step.trigger == trigger or (name in after and _passes(step, since))
            waiting = [step.to] if is_done else []
            while waiting:
                state = waiting.pop()
                if state in self._found and state not in after:
                    after.add(state)
                    entered.add(state)
                    onward = self._found[state].values()
                    self.budget.spend(1 + len(onward))
                    waiting += [s.to for s in onward if s.trigger == trigger or _passes(s, since)]
        return entered


@define(eq=False, slots=False)
class _Stays:
    """How long a record stands in a state before peelflow itself moves it on.

    Args:
        lifecycle: The lifecycle.
        kind: What can exist for its records.
        budget: What looking at its steps is spent from.
        counts_earlier_days: Whether days in earlier states are looked at; none where not.
    """

    lifecycle: Lifecycle
    kind: RecordKind
    budget: Budget
    counts_earlier_days: bool
    _elapsed: dict[str | None, dict[str, float]] = field(factory=dict)

    @cached_property
    def bounds(self) -> dict[str, tuple[int, Transition]]:
        """For each state that peelflow surely ends: after how many days at the most, by what.

        Bank holidays are left out, as nobody knows the coming ones.
        """
        found = {}
        for name, state in self.lifecycle.states.items():
            ending = [
                (days, step)
                for step in state.transitions
                if is_taken_by_system(step) and (days := self._end_of(name, step)) is not None
            ]
            if ending:
                # INVARIANT: of several automatic steps the first by its name is taken.
                found[name] = min(ending, key=lambda end: (end[0], _due_order(end[1])))
        return found

    def _end_of(self, name: str, step: Transition) -> int | None:
        """Return after how many days a step by peelflow ends a state, None where it may not."""
        holds = self._holds_after(name, step.requires)
        if step.after is None:
            return 0 if holds == 0 else None
        if step.after.since == PUBLISHED or holds is None:
            return None
        return max(day_bounds(step.after)[1], holds)

    def _holds_after(self, name: str, requirements: Requirements) -> int | None:
        """Return after how many days in a state requirements surely hold, None if they may not."""
        each = [self._one_holds_after(name, requirement) for requirement in requirements]
        held = [days for days in each if days is not None]
        return max(held, default=0) if len(held) == len(each) else None

    def _one_holds_after(self, name: str, requirement: Requirement) -> int | None:
        self.budget.spend()
        match requirement:
            case FieldSet(field=field_name, has=None) if self.kind.is_required(field_name):
                return 0
            case Waited(waited=days, since=since) if since in (None, name):
                return days
            case AnyOf(any_of=choices):
                each = [self._holds_after(name, choice) for choice in choices]
                return min((days for days in each if days is not None), default=None)
            case _:
                return None

    def why_too_late(self, name: str, step: Transition) -> Reason | None:
        """Return why a step is never in time: peelflow always takes another one before it."""
        if name not in self.bounds or self.bounds[name][1] is step:
            return None
        days, ending = self.bounds[name]
        if step.after is not None and step.after.since != PUBLISHED:
            own = day_bounds(step.after)[0]
            if own > days or (own == days and _due_order(ending) < _due_order(step)):
                ends = f"`{ending.trigger}` ends `{name}` before it"
                return f"it falls due after {say_days(own)}, and {ends}"
        elif is_automatic(ending) and not (
            is_automatic(step) and _due_order(step) <= _due_order(ending)
        ):
            first = ", the first by its name" if is_automatic(step) else ""
            return f"`{SYSTEM}` leaves `{name}` at once by `{ending.trigger}`{first}"
        return None

    def why_not_in_time(self, name: str, step: Transition, atom: Atom) -> Reason | None:
        """Return why an atom cannot be met while a record stands in a state."""
        if is_automatic(step):
            return self._why_not_at_once(name, atom)
        if not isinstance(atom, Waited) or atom.since == PUBLISHED or name not in self.bounds:
            return None
        days, ending = self.bounds[name]
        if ending is step or atom.waited <= self._elapsed_at_entry(atom.since, name) + days:
            return None
        ends = f"`{ending.trigger}` ends `{name}` after {say_days(days)}"
        return f"it asks to wait {say_days(atom.waited)}, and {ends}"

    def _why_not_at_once(self, name: str, atom: Atom) -> Reason | None:
        """An automatic step is taken as its state is entered, or never."""
        at_once = f"`{SYSTEM}` takes it as `{name}` is entered, and no later"
        match atom:
            case Waited(waited=days, since=since) if since != PUBLISHED:
                if self._elapsed_at_entry(since, name) >= days:
                    return None
                return f"it asks to wait {say_days(days)}, and {at_once}"
            case Evidence(evidence=kind, since=since) if self._begins_at_entry(since, name):
                return f"no `{kind}` can be there yet: {at_once}"
            case _:
                return None

    def _begins_at_entry(self, since: str | None, name: str) -> bool:
        """Say whether the window of a state always begins as the state is entered."""
        if since is not None:
            return since == name
        return all(target != name for _, target in self._passing(None))

    def _starts(self, since: str | None) -> set[str]:
        """Return the states whose entering begins a window."""
        if since is not None:
            return {since}
        steps = each_transition(self.lifecycle)
        return {self.lifecycle.initial, *(s.to for s in steps if s.implements is not None)}

    def _passing(self, since: str | None) -> Iterator[tuple[str, str]]:
        """Yield the steps, by their ends, that go on within a window."""
        for name, state in self.lifecycle.states.items():
            self.budget.spend(1 + len(state.transitions))
            yield from ((name, step.to) for step in state.transitions if _passes(step, since))

    def _elapsed_at_entry(self, since: str | None, name: str) -> float:
        """Return how many days can lie between a window's beginning and the entering of a state."""
        if not self.counts_earlier_days:
            return 0.0
        if since not in self._elapsed:
            self._elapsed[since] = self._elapsed_days(since)
        return self._elapsed[since].get(name, 0.0)

    def _elapsed_days(self, since: str | None) -> dict[str, float]:
        graph: dict[str, list[str]] = {}
        for source, target in self._passing(since):
            graph.setdefault(source, []).append(target)
        days = dict.fromkeys(self._starts(since), 0.0)
        waiting, entries = list(days), dict.fromkeys(days, 0)
        for source in waiting:
            for target in graph.get(source, ()):
                if target not in entries:
                    waiting.append(target)
                entries[target] = entries.get(target, 0) + 1
        # INVARIANT: what is left once all ways to a state are known lies on or behind a round, on
        # which as many days can pass as are needed.
        ready = [name for name, number in entries.items() if not number]
        for source in ready:
            for target in graph.get(source, ()):
                stay = days[source] + self._stay(source)
                days[target] = max(stay, days.get(target, 0.0))
                entries[target] -= 1
                if not entries[target]:
                    ready.append(target)
        return days | dict.fromkeys((name for name, number in entries.items() if number), inf)

    def _stay(self, name: str) -> float:
        return self.bounds[name][0] if name in self.bounds else inf


def _due_order(step: Transition) -> tuple[int, str]:
    """Return by what steps that are due on one day are taken in order."""
    return -1 if step.after is None else day_bounds(step.after)[1], step.trigger
