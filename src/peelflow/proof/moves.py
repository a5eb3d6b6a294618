"""Every way by which records can come to new rules: all moves there are, joined to one lifecycle.

A record may move more than once, and round in circles. So the rules that it passed through stand
in the joined lifecycle too, once for each sense that its past has in the new rules: what becomes
of its states there, and what its triggers are called. How it came to rules by a move is not looked
at: there, nothing that a step needs of the past keeps a record back, so that no walk is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from attrs import evolve, field

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Requirement,
    atoms_of,
    renamed,
)
from peelflow.model.rules import (
    Lifecycle,
    MigrationPlan,
    Role,
    State,
    Transition,
    each_transition,
    moves_level,
)
from peelflow.proof.budget import Budget
from peelflow.proof.guarantees import AbstractionMap
from peelflow.proof.lint import each_requirement, triggers_in
from peelflow.proof.normal_form import requirements_of
from peelflow.proof.transition_system import PastTransition, past_transition
from peelflow.results import define, frozen

MIGRATE_TRIGGER = "migrate"
ADD_TRIGGER = "add"
MIGRATING_ROLE = "the migration plan"
BEFORE = "before it was added"
MOST_VIEWS = 64


class TooManyViewsError(Exception):
    """Records come to rules in more ways than a proof looks at."""


def refined_name(lifecycle: Lifecycle) -> str:
    """Return the lifecycle that this one refines, or its own name, as name@version."""
    return lifecycle.refines or str(lifecycle)


@frozen(eq=False)
class Move:
    """A plan and the two lifecycles that it joins.

    Args:
        plan: Where records of the old one come to stand in the new one.
        old: The rules that records leave.
        new: The rules that they come to.
        source: The national plan that `plan` is, as records of a refining file move by it.
        version: The national plan from the version that the old one refines, or is, to that of the
            new one, where these are two.
    """

    plan: MigrationPlan
    old: Lifecycle
    new: Lifecycle
    source: MigrationPlan | None = None
    version: MigrationPlan | None = None

    @property
    def restarts(self) -> bool:
        """Whether a window begins with it, and every state is entered anew."""
        return moves_level(self.old, self.new) and not self.plan.letters

    @cached_property
    def kept_states(self) -> Mapping[str, str]:
        """The states that were entered when they were, with their names in the new rules."""
        old, new, states = self.old, self.new, self.plan.states
        here = ((n, to) for n, to in states.items() if n in old.states and to in new.states)
        kept = {n: to for n, to in here if old.stands_for(n) == new.stands_for(to)}
        return {} if self.restarts else kept

    def national_name(self, trigger: str) -> str:
        """Return what a national trigger of the old rules is in the new ones."""
        if refined_name(self.old) == refined_name(self.new):
            return trigger
        plan = self.source or self.version or self.plan
        return plan.triggers.get(trigger, trigger)

    def national_state(self, name: str) -> str | None:
        """Return the national state that a state of the old rules is in the version of the new."""
        stood = self.old.stands_for(name)
        return self.version.states.get(stood) if self.version else stood


def lifted(source: MigrationPlan, own: Lifecycle, new: Lifecycle) -> Move:
    """Return a national plan as records of a file that refines its old rules move by it.

    A record stands where its national state does. It comes to stand where the plan puts that, in
    the national file of its new level, and what was done counts by the national name of the step.

    Args:
        source: The national plan.
        own: A file that refines the lifecycle that the plan starts from.
        new: The lifecycle that the plan leads to.
    """
    stands = ((name, own.stands_for(name)) for name in own.states)
    states = {name: source.states[stood] for name, stood in stands if stood in source.states}
    triggers = {
        step.trigger: source.triggers.get(step.implements, step.implements)
        for step in each_transition(own)
        if step.implements is not None
    }
    return Move(evolve(source, old=str(own), states=states, triggers=triggers), own, new, source)


@define(eq=False, slots=False)
class Moves:
    """The lifecycles of a rulebook, and every move between them.

    Args:
        lifecycles: All of them, by name@version.
        plans: All plans, the national ones too.
        national: The national lifecycles among them, by name@version.
    """

    lifecycles: Mapping[str, Lifecycle] = field(factory=dict)
    plans: tuple[MigrationPlan, ...] = ()
    national: frozenset[str] = frozenset()

    @cached_property
    def into(self) -> Mapping[str, list[Move]]:
        """The moves into each lifecycle, by name@version."""
        found: dict[str, list[Move]] = {}
        named: dict[str, list[MigrationPlan]] = {}
        for plan in self.plans_known():
            moves, same = found.setdefault(plan.new, []), named.setdefault(plan.name, [])
            if plan not in same:
                same.append(plan)
                moves.append(self.move(plan))
                moves.extend(self.lifted_moves(plan))
        return found

    def move(self, plan: MigrationPlan) -> Move:
        """Return a plan between two of the lifecycles with these, and what it is nationally."""
        old, new = self.lifecycles[plan.old], self.lifecycles[plan.new]
        names = refined_name(old), refined_name(new)
        is_national = names == (plan.old, plan.new)
        return Move(plan, old, new, version=None if is_national else self.version_plan(*names))

    def version_plan(self, old: str, new: str) -> MigrationPlan | None:
        """Return the national plan from one version of national rules to another, if there is one.

        Args:
            old: A national lifecycle, as name@version.
            new: Another.
        """
        if not {old, new} <= self.national or moves_level(
            self.lifecycles[old], self.lifecycles[new]
        ):
            return None
        return next((p for p in self.plans if (p.old, p.new) == (old, new)), None)

    def plans_known(self) -> Iterator[MigrationPlan]:
        """Yield the plans both of whose lifecycles are here."""
        return (p for p in self.plans if {p.old, p.new} <= self.lifecycles.keys())

    def lifted_moves(self, plan: MigrationPlan) -> Iterator[Move]:
        """Yield a plan between national rules as records of each refining file move by it."""
        new = self.lifecycles[plan.new]
        if {plan.old, plan.new} <= self.national:
            for own in self.lifecycles.values():
                if own.refines == plan.old:
                    yield lifted(plan, own, new)

    def before(self, name: str) -> frozenset[str]:
        """Return the lifecycles from which records can come to one, that one included."""
        seen, waiting = {name}, [name]
        while waiting:
            for move in self.into.get(waiting.pop(), ()):
                if str(move.old) not in seen:
                    seen.add(str(move.old))
                    waiting.append(str(move.old))
        return frozenset(seen)


def moves_among(
    lifecycles: Iterable[Lifecycle], plans: Iterable[MigrationPlan], base: Iterable[Lifecycle]
) -> Moves:
    """Return every move between lifecycles.

    Args:
        lifecycles: All there are.
        plans: All plans between them.
        base: Those of which the ones that refine nothing are national, in every version.
    """
    every, names = tuple(lifecycles), {each.name for each in base if each.refines is None}
    national = (str(each) for each in every if each.refines is None and each.name in names)
    return Moves({str(each): each for each in every}, tuple(plans), frozenset(national))


ViewKey = tuple[object, ...]


@define(eq=False, slots=False)
class PastView:
    """Rules that records leave, as the new rules see them.

    Args:
        lifecycle: The rules.
        states: What becomes of each state, in the new rules.
        names: What triggers are called in the new rules, those that these name.
        national: What national triggers are called by the new rules' national guarantees.
        onward: The moves that lead on, and the view of where each leads; None for the new rules.
    """

    lifecycle: Lifecycle
    states: Mapping[str, str]
    names: Mapping[str, str]
    national: Mapping[str, str]
    onward: list[tuple[Move, PastView | None]] = field(factory=list)

    @property
    def key(self) -> ViewKey:
        """What two equal views agree on."""
        maps = (self.states, self.names, self.national)
        return (str(self.lifecycle), *(frozenset(each.items()) for each in maps))

    @cached_property
    def own(self) -> AbstractionMap:
        """The rules as guarantees of their own see them."""
        return AbstractionMap(self.lifecycle)

    @cached_property
    def is_past_needed(self) -> bool:
        """Whether some step needs something of a record's past."""
        steps = each_transition(self.lifecycle)
        return any(map(_needs_past, (atom for s in steps for atom in atoms_of(s.requires))))


def _named_in(lifecycle: Lifecycle, national: Lifecycle | None) -> Iterator[str]:
    """Yield the triggers that guarantees and requirements of new rules name."""
    answers: dict[str | None, dict[str, None]] = {}
    for step in each_transition(lifecycle):
        answers.setdefault(step.implements, {})[step.trigger] = None
    for rules in (lifecycle, *filter(None, [national])):
        for guarantee in rules.guarantees:
            yield from triggers_in(guarantee.promise)
        for atom in each_requirement(rules):
            if isinstance(atom, DistinctFrom):
                yield atom.distinct_from
                yield from answers.get(atom.distinct_from, ())


def past_views(
    move: Move, moves: Moves, national: Lifecycle | None, budget: Budget
) -> list[PastView]:
    """Return the rules through which records come to a move, each in every sense it can have.

    The first is that of the rules which records leave by it.

    Args:
        move: The last move.
        moves: All moves there are.
        national: The lifecycle whose guarantees are looked at too.
        budget: What looking at them may spend.

    Raises:
        TooManyViewsError: There are more than we look at.
        InvalidRules: That takes more steps than the budget has.
    """
    named = dict.fromkeys(_named_in(move.new, national))
    spoken = national.guarantees if national else ()
    words = {name: name for guarantee in spoken for name in triggers_in(guarantee.promise)}
    end = PastView(move.new, {name: name for name in move.new.states}, {n: n for n in named}, words)
    first = _view_before(move, end, named)
    first.onward.append((move, None))
    views = {first.key: first}
    for view in (waiting := [first]):
        for earlier in moves.into.get(str(view.lifecycle), ()):
            names = len(named) + len(view.names) + len(earlier.plan.states)
            budget.spend(VIEW_STEPS * (names + sum(1 for _ in each_transition(earlier.old))))
            found = _view_before(earlier, view, named)
            known = views.setdefault(found.key, found)
            known.onward.append((earlier, view))
            if known is found:
                waiting.append(found)
        if len(views) > MOST_VIEWS:
            raise TooManyViewsError
    return waiting


VIEW_STEPS, JOIN_STEPS = 2, 16
"""What seeing a name in another sense costs, and what a step in the joined lifecycle does."""


def _view_before(move: Move, view: PastView, named: Iterable[str]) -> PastView:
    """Return how the rules that a move leaves are seen, from how those it leads to are."""
    old, called = move.old, move.plan.triggers
    own = {name for step in each_transition(old) for name in (step.trigger, step.implements)}
    every = {*filter(None, own), *called, *view.names, *named}
    words = {*filter(None, (step.implements for step in each_transition(old))), *view.national}
    names = ((name, called.get(name, name)) for name in every)
    meant = ((name, move.national_name(name)) for name in words)
    return PastView(
        old,
        {name: view.states[to] for name, to in move.plan.states.items() if to in view.states},
        {name: view.names[then] for name, then in names if then in view.names},
        {name: view.national[then] for name, then in meant if then in view.national},
    )


def name_before(lifecycle: Lifecycle, name: str) -> str:
    """Return the name of an old state, or of an old trigger, in the joined lifecycle."""
    return f"{name} of {lifecycle}"


def without_past(requires: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return what is left of requirements without anything that they need of a record's past."""
    left: list[Requirement] = []
    for requirement in requires:
        if isinstance(requirement, AnyOf):
            choices = [without_past(choice) for choice in requirement.any_of]
            if all(choices):
                left.append(evolve(requirement, any_of=tuple(choices)))
        elif not _needs_past(requirement):
            left.append(requirement)
    return tuple(left)


def _needs_past(atom: Requirement) -> bool:
    since = getattr(atom, "since", None)
    return isinstance(atom, DistinctFrom) or (since is not None and since != PUBLISHED)


@frozen(eq=False)
class PastPlace:
    """Rules in the joined lifecycle: a view, and whether records `came` to them by a move."""

    view: PastView
    number: int
    came: bool

    def state(self, name: str) -> str:
        """Return the name of one of its states there.

        Args:
            name: Its name in its own file.
        """
        label = name_before(self.view.lifecycle, name)
        notes = ["after a move"] * self.came + [f"in another sense ({self.number})"] * (
            self.number > 0
        )
        return ", ".join([label, *notes])


@define(eq=False, slots=False)
class JoinedRules:
    """The rules that records leave and the new ones, joined by every way from these to those.

    Args:
        move: The last move.
        views: The rules on the way, those that the move leaves first.
        national: The lifecycle whose guarantees are looked at too.
        budget: What joining them may spend.
    """

    move: Move
    views: list[PastView]
    national: Lifecycle | None
    budget: Budget

    @cached_property
    def _counted_from(self) -> frozenset[str]:
        """The states of the new rules since which something is counted."""
        new = self.move.new
        steps = ((name, step) for name, s in new.states.items() for step in s.transitions)
        needed = [atom for name, s in steps for atom in atoms_of(requirements_of(name, s))]
        asked = [getattr(atom, "since", None) for atom in (*needed, *each_requirement(new))]
        named = {str(since) for since in asked if since in new.states}
        if self.national is not None:
            since = {getattr(atom, "since", None) for atom in each_requirement(self.national)}
            named |= {name for name in new.states if new.stands_for(name) in since}
        return frozenset(named)

    @cached_property
    def _counting(self) -> Mapping[int, Mapping[str, frozenset[str | None]]]:
        """For each view, the counted new states that its states go on as; None: it may be none.

        A record can move on in several ways; whoever looks at a walk takes any of them.
        """
        found: dict[int, dict[str, frozenset[str | None]]] = {id(v): {} for v in self.views}
        changed = True
        while changed:
            changed = False
            for view in self.views:
                self.budget.spend(len(view.lifecycle.states) * (1 + len(view.onward)))
                goes_on = {
                    name: frozenset(
                        found_name
                        for move, to in view.onward
                        for found_name in self._goes_on_as(move, to, name, found)
                    )
                    for name in view.lifecycle.states
                }
                if goes_on != found[id(view)]:
                    found[id(view)], changed = goes_on, True
        return found

    def _goes_on_as(
        self,
        move: Move,
        to: PastView | None,
        name: str,
        found: Mapping[int, Mapping[str, frozenset[str | None]]],
    ) -> frozenset[str | None]:
        then = move.kept_states.get(name)
        if then is None or (to is None and then not in self._counted_from):
            return frozenset({None})
        return frozenset({then}) if to is None else found[id(to)].get(then, frozenset())

    @cached_property
    def places(self) -> tuple[PastPlace, ...]:
        """The rules on the way, as records begin there and, where that differs, as they come."""
        entered = {id(to) for view in self.views for _, to in view.onward}
        numbers: dict[str, int] = {}
        found = []
        for view in self.views:
            number = numbers[str(view.lifecycle)] = numbers.get(str(view.lifecycle), -1) + 1
            found += [PastPlace(view, number, came=False)]
            found += [PastPlace(view, number, came=True)] * (
                id(view) in entered and view.is_past_needed
            )
        return tuple(found)

    @cached_property
    def becomes(self) -> Mapping[str, str]:
        """What becomes of each state of the past, by its name in the joined lifecycle."""
        return {
            place.state(name): then
            for place in self.places
            for name, then in place.view.states.items()
            if name in place.view.lifecycle.states
        }

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """All of it as one lifecycle, which starts wherever records are added.

        What was done counts for the rules of its own time by its own name, and for the new ones by
        the name that the plans give it; a trigger that they do not mention keeps its name. A move
        does none; where it restarts, it begins a window.
        """
        states: dict[str, State] = {}
        roles: dict[str, Role] = {}
        for place in self.places:
            roles |= place.view.lifecycle.roles
            for name in place.view.lifecycle.states:
                states |= self._past_states(place, name)
        roles |= {**self.move.new.roles, MIGRATING_ROLE: Role("inspectorate", MIGRATING_ROLE)}
        starts = tuple(self._starts())
        if [each.enters for each in starts] == [(starts[0].to,)]:
            initial = starts[0].to
        else:
            states[BEFORE] = State({}, final=True, transitions=starts)
            initial = BEFORE
        return evolve(
            self.move.new, initial=initial, states={**states, **self.move.new.states}, roles=roles
        )

    def _starts(self) -> Iterator[PastTransition]:
        added = Transition(ADD_TRIGGER, "", (MIGRATING_ROLE,), implements=ADD_TRIGGER)
        for place in self.places:
            if not place.came:
                name = place.view.lifecycle.initial
                for to, enters in self._ways_into(place, name):
                    yield past_transition(evolve(added, to=to), (), enters)

    def _ways_into(self, place: PastPlace, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the name of a state here, with what entering it counts as: each way in turn."""
        here = place.state(name)
        for then in sorted(self._counting[id(place.view)][name], key=str):
            yield here, (here,) if then is None else (here, then)

    def _past_states(self, place: PastPlace, name: str) -> Iterator[tuple[str, State]]:
        state = place.view.lifecycle.states[name]
        steps = [_as_past(step, place) for step in state.transitions]
        both = [
            evolve(past, to=to, enters=enters)
            for step, past in zip(state.transitions, steps, strict=True)
            for to, enters in self._ways_into(place, step.to)
        ]
        moves = tuple(self._moves_from(place, name))
        size = sum(1 for step in steps for _ in atoms_of(step.requires))
        self.budget.spend(JOIN_STEPS * (1 + size + len(both) + len(moves)))
        yield place.state(name), evolve(state, final=True, transitions=(*both, *moves))

    def _moves_from(self, place: PastPlace, name: str) -> Iterator[Transition]:
        """Yield the moves of a record; one that keeps what it stands for enters nothing anew."""
        for move, to in place.view.onward:
            then = move.plan.states.get(name)
            if then is None:
                continue
            kept = name in move.kept_states
            if to is None:
                counted = kept and then in self._counted_from
                yield _move_step(move, name, then, () if counted else None)
            else:
                there = self._place_of(to)
                ways = [(there.state(then), ())] if kept else self._ways_into(there, then)
                yield from (_move_step(move, name, *way) for way in ways)

    def _place_of(self, view: PastView) -> PastPlace:
        return self._came[id(view)]

    @cached_property
    def _came(self) -> Mapping[int, PastPlace]:
        # INVARIANT: where nothing needs the past, those that come and those that begin are one.
        return {id(place.view): place for place in self.places}


def _move_step(move: Move, name: str, to: str, enters: tuple[str, ...] | None) -> Transition:
    implements = MIGRATE_TRIGGER if move.restarts else None
    span = move.plan.place_of(name)
    step = Transition(MIGRATE_TRIGGER, to, (MIGRATING_ROLE,), implements=implements, span=span)
    return past_transition(step, (), enters)


def _as_past(step: Transition, place: PastPlace) -> PastTransition:
    """Return a step of rules that records left, with what it counts as."""
    view, lifecycle = place.view, place.view.lifecycle
    requires = without_past(step.requires)
    if not place.came:
        requires = tuple(
            renamed(
                atom,
                lambda since: since and place.state(since),
                lambda trigger: name_before(lifecycle, trigger),
            )
            for atom in step.requires
        )
    then = view.names.get(step.trigger)
    triggers = name_before(lifecycle, step.trigger), *filter(None, [then])
    called = (view.names.get(name) for name in view.own.triggers(step))
    meant = view.national.get(step.implements or "")
    return past_transition(
        evolve(step, requires=requires),
        triggers,
        called=frozenset(filter(None, called)),
        nationally=frozenset(filter(None, [meant])),
    )
