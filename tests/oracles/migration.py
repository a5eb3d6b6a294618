"""Walk old rules, move under a plan at any moment, and walk on under the new: on real records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, pairwise
from random import Random
from typing import Any, NamedTuple

from attrs import define, evolve, field, frozen
from hypothesis import strategies as st

from peelflow.engine.fold import apply
from peelflow.model.decisions import Act, Context
from peelflow.model.records import Actor, Event, Migrated, Record, Relevelled
from peelflow.model.rules import (
    AppliesTo,
    Guarantee,
    Lifecycle,
    MigrationPlan,
    NeverEnteredUnless,
    Pin,
    Promise,
    SeparationOfDuties,
    Transition,
)
from peelflow.register.migration_plan import ResolvedPlan
from peelflow.testing.strategies import CATEGORY
from tests.builders.walks import NOW, TRIGGERS, lifecycle_from, means_of, promise_from
from tests.oracles.guarantees import Found, Move, Reference, Walk

NEW = Pin("new", 1, "")


class Case(NamedTuple):
    """A plan between two lifecycles, of which the new one has one guarantee."""

    old: Lifecycle
    new: Lifecycle
    plan: MigrationPlan

    @property
    def restarts(self) -> bool:
        """Whether the records move to another level."""
        return self.old.applies_to != self.new.applies_to


@define(eq=False)
class Crossing(Reference):
    """Walks through old rules and on through new ones, with a move in between."""

    old: Lifecycle = field(kw_only=True)
    new: Lifecycle = field(kw_only=True)
    case: Case = field(kw_only=True)

    @property
    def rules(self) -> tuple[Lifecycle, ...]:
        """The rules before the move and after it."""
        return self.old, self.new

    def _steps(self, walk: Walk) -> Iterator[Walk]:
        if walk.record.lifecycle == NEW:
            self.lifecycle = self.new
            yield from super()._steps(walk)
            return
        self.lifecycle = self.old
        plan = self.case.plan
        for then in super()._steps(walk):
            *before, last = then.moves
            words = frozenset(plan.triggers[w] for w in last.words if w in plan.triggers)
            seen = (plan.states[last.old], plan.states[last.new])
            move = last._replace(words=words, old=seen[0], new=seen[1])
            yield Walk(then.record, (*before, move), then.sure, then.step)
        yield Walk(moved(walk.record, self.case), walk.moves, walk.sure)

    def _look(self, walk: Walk) -> tuple[Any, ...]:
        kept, self.lifecycle = self.lifecycle, self.new
        state, *rest = super()._look(walk)
        self.lifecycle = kept
        return (f"{walk.record.lifecycle.name} {state}", *rest)

    def _judge(self, *given: Any) -> None:
        if self.lifecycle is self.new:
            super()._judge(*given)


def names(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> tuple[dict[str, str], ...]:
    """Return what triggers and states are called after a move, as the register keeps it."""
    resolved = ResolvedPlan(plan, old, new, "")
    return resolved.renamed, resolved.kept_states


def moved(record: Record, case: Case) -> Record:
    """Return a record after its move."""
    new, number = case.plan.states[record.state], record.number + 1
    called = names(case.plan, case.old, case.new)
    what = (
        Relevelled(1, 2, NEW, record.state, new, "plan", case.plan.letters, *called)
        if case.restarts
        else Migrated(NEW, record.state, new, "plan", *called)
    )
    return apply(record, Event("R-1", number, what, record.on, Actor("P", "hmicfrs"), "c", NOW))


def crossed(case: Case) -> Found:
    """Try every walk through both, up to a size, against the one guarantee."""
    promise = case.new.guarantees[0].promise
    both = [state for rules in (case.old, case.new) for state in rules.states.items()]
    means = means_of(
        [way for _, state in both for way in state.transitions],
        [promise.requirement] if isinstance(promise, NeverEnteredUnless) else [],
        [name for name, state in both if any(way.after for way in state.transitions)],
        people=1 + isinstance(promise, SeparationOfDuties),
    )
    renamed = {name for name, then in case.plan.triggers.items() if then in means.done}
    means = evolve(means, done=means.done | renamed)
    new = evolve(case.new, initial=case.plan.states[case.old.initial])
    return Crossing(case.old, promise, means, old=case.old, new=new, case=case).run()


def cases_that(wanted: Callable[[Case], bool]) -> st.SearchStrategy[Case]:
    """Draw a plan of some sort: tried in turn until there is one."""

    def first(seed: int) -> Case:
        random = Random(seed)
        return next(case for _ in count() if wanted(case := case_from(random)))

    return st.integers(0, 2**48).map(first)


def case_from(random: Random) -> Case:
    """Return a plan: half of its states and triggers keep their names."""
    old, _ = lifecycle_from(random)
    drawn, atoms = lifecycle_from(random)
    new = drawn if random.random() < 0.5 else _edited(random, old)
    promise = promise_from(random, new, atoms)
    level = AppliesTo((CATEGORY,), (2,)) if random.random() < 0.3 else old.applies_to
    new = evolve(
        new,
        name="new",
        applies_to=level,
        guarantees=(Guarantee(str(promise), "drawn", promise),),
    )
    return Case(old, new, plan_from(random, old, new))


def plan_from(random: Random, old: Lifecycle, new: Lifecycle) -> MigrationPlan:
    """Return a plan that maps all of the old rules, most of it by name."""
    words = {way.trigger for state in new.states.values() for way in state.transitions}
    keep = random.random() < 0.7
    triggers = {
        name: name if name in words and keep else random.choice(sorted(words))
        for name in sorted({w.trigger for s in old.states.values() for w in s.transitions})
        if words and (keep or name in TRIGGERS)
    }
    states = {
        name: name
        if name in new.states and random.random() < 0.7
        else random.choice(tuple(new.states))
        for name in old.states
    }
    letters = random.random() < 0.5
    return MigrationPlan("move", str(old), str(new), states, triggers, ("hmicfrs",), letters)


def _edited(random: Random, old: Lifecycle) -> Lifecycle:
    """Return a lifecycle with some requirement gone, or given to another transition."""
    asked = [way.requires for state in old.states.values() for way in state.transitions]
    states = {
        name: evolve(
            state,
            transitions=tuple(
                evolve(way, requires=random.choice([way.requires, way.requires, *asked]))
                for way in state.transitions
            ),
        )
        for name, state in old.states.items()
    }
    return evolve(old, states=states)


@frozen
class Path:
    """Rules that a record passes through, and the plans by which it moves on."""

    rules: tuple[Lifecycle, ...]
    plans: tuple[MigrationPlan, ...]

    def states_of(self, stage: int) -> dict[str, str]:
        """Return what becomes of the states of one of the rules in the last ones."""
        states = {name: name for name in self.rules[-1].states}
        for plan in reversed(self.plans[stage:]):
            states = {name: states[to] for name, to in plan.states.items()}
        return states

    def word_of(self, stage: int, word: str) -> str:
        """Return what a trigger of one of the rules is called in the last ones."""
        for plan in self.plans[stage:]:
            word = plan.triggers.get(word, word)
        return word


@define(eq=False)
class Crossings(Reference):
    """Walks through rules one after another, with a move after each but the last.

    The promise is that of the last rules: in their own words, or nationally in those of the rules
    that all of them refine.
    """

    path: Path = field(kw_only=True)
    national: Lifecycle | None = field(kw_only=True, default=None)

    def run(self) -> Found:
        """Try every walk, the shorter ones first."""
        first = self.path.rules[0]
        self.lifecycle = evolve(first, initial=first.initial)
        return super().run()

    @property
    def rules(self) -> tuple[Lifecycle, ...]:
        """The rules one after another."""
        return self.path.rules

    def _stage(self, record: Record) -> int:
        name = record.lifecycle.name
        return int(name.removeprefix("stage-")) if name.startswith("stage-") else 0

    def _seen(self, stage: int, move: Move) -> Move:
        """Return a step as the promise sees it."""
        rules, states = self.path.rules[stage], self.path.states_of(stage)
        if self.national is not None:
            return move._replace(old=rules.stands_for(move.old), new=rules.stands_for(move.new))
        words = frozenset(self.path.word_of(stage, word) for word in move.words)
        return move._replace(words=words, old=states[move.old], new=states[move.new])

    def _steps(self, walk: Walk) -> Iterator[Walk]:
        stage = self._stage(walk.record)
        self.lifecycle = self.path.rules[stage]
        for then in super()._steps(walk):
            *before, last = then.moves
            yield Walk(then.record, (*before, self._seen(stage, last)), then.sure, then.step)
        if stage < len(self.path.plans):
            yield Walk(self._moved(walk.record, stage), walk.moves, walk.sure)

    def _moved(self, record: Record, stage: int) -> Record:
        plan, pin = self.path.plans[stage], Pin(f"stage-{stage + 1}", 1, "")
        old, new = self.path.rules[stage : stage + 2]
        then, called = plan.states[record.state], names(plan, old, new)
        what = (
            Migrated(pin, record.state, then, "plan", *called)
            if old.applies_to == new.applies_to
            else Relevelled(1, 2, pin, record.state, then, "plan", plan.letters, *called)
        )
        number, nobody = record.number + 1, Actor("P", "hmicfrs")
        return apply(record, Event("R-1", number, what, record.on, nobody, "c", NOW))

    def _look(self, walk: Walk) -> tuple[Any, ...]:
        kept, self.lifecycle = self.lifecycle, self._promising
        state, *rest = super()._look(walk)
        self.lifecycle = kept
        return (f"{walk.record.lifecycle.name} {state}", *rest)

    @property
    def _promising(self) -> Lifecycle:
        """The rules whose states the promise names, which start where the record does."""
        initial = self.path.rules[0].initial
        if self.national is not None:
            return evolve(self.national, initial=self.path.rules[0].stands_for(initial))
        return evolve(self.path.rules[-1], initial=self.path.states_of(0)[initial])

    def _judge(
        self, walk: Walk, move: Move, record: Record, act: Act, taken: list[tuple[Context, bool]]
    ) -> None:
        stage = self._stage(walk.record)
        own = self.national is not None and "look_again" in move.words  # nationally, no step
        if stage == len(self.path.plans) and not own:
            kept, self.lifecycle = self.lifecycle, self._promising
            super()._judge(walk, self._seen(stage, move), record, act, taken)
            self.lifecycle = kept


def walked(path: Path, promise: Promise, national: Lifecycle | None = None) -> Found:
    """Try every walk along a path, up to a size, against one promise.

    Args:
        path: The rules and the plans between them.
        promise: What the last rules promise, or the national ones.
        national: The rules that all of the path refine, where these promise it.
    """
    both = [state for rules in path.rules for state in rules.states.items()]
    means = means_of(
        [way for _, state in both for way in state.transitions],
        [promise.requirement] if isinstance(promise, NeverEnteredUnless) else [],
        [name for name, state in both if any(way.after for way in state.transitions)],
        people=1 + isinstance(promise, SeparationOfDuties),
    )
    done = set(means.done)
    for stage in range(len(path.plans)):
        names = {way.trigger for s in path.rules[stage].states.values() for way in s.transitions}
        done |= {name for name in names if path.word_of(stage, name) in means.done}
    means = evolve(means, done=frozenset(done))
    return Crossings(path.rules[0], promise, means, path=path, national=national).run()


class Web(NamedTuple):
    """Rules with plans between them, also round in circles; the last plan is asked about."""

    rules: dict[str, Lifecycle]
    plans: tuple[MigrationPlan, ...]

    @property
    def last(self) -> MigrationPlan:
        """The plan that is asked about."""
        return self.plans[-1]

    def paths(self, most: int = 3) -> Iterator[Path]:
        """Yield every way of at most so many moves that ends with the last plan."""
        waiting: list[tuple[MigrationPlan, ...]] = [(self.last,)]
        for plans in waiting:
            names = (plans[0].old, *(plan.new for plan in plans))
            yield Path(tuple(self.rules[name] for name in names), plans)
            if len(plans) < most:
                waiting += [(plan, *plans) for plan in self.plans if plan.new == plans[0].old]


def web_from(random: Random) -> Web:
    """Return three rules with plans from each to the next, and sometimes back."""
    first, atoms = lifecycle_from(random)
    rules = [first]
    for name in ("second", "new"):
        drawn, other = lifecycle_from(random)
        edited = random.random() < 0.7
        atoms = atoms if edited else other
        rules.append(evolve(_edited(random, rules[-1]) if edited else drawn, name=name))
    promise = promise_from(random, rules[-1], atoms)
    rules[-1] = evolve(rules[-1], guarantees=(Guarantee(str(promise), "drawn", promise),))
    if random.random() < 0.2:
        rules[1] = evolve(rules[1], applies_to=AppliesTo((CATEGORY,), (2,)))
    back = [(1, 0), (2, 1), (2, 0), (0, 2)]
    pairs = [(0, 1), *(pair for pair in back if random.random() < 0.2), (1, 2)]
    plans = tuple(plan_from(random, rules[a], rules[b]) for a, b in pairs)
    return Web({str(each): each for each in rules}, plans)


def webs_that(wanted: Callable[[Web], bool]) -> st.SearchStrategy[Web]:
    """Draw rules and plans of some sort: tried in turn until there are some."""

    def first(seed: int) -> Web:
        random = Random(seed)
        return next(web for _ in count() if wanted(web := web_from(random)))

    return st.integers(0, 2**48).map(first)


def national_web_from(random: Random) -> tuple[Lifecycle, Web]:
    """Return rules that promise something, two files that refine them, and plans between all."""
    national, atoms = lifecycle_from(random)
    promise = promise_from(random, national, atoms)
    national = evolve(national, guarantees=(Guarantee(str(promise), "drawn", promise),))
    rules = [national]
    for number in (1, 2):
        name = random.choice(tuple(national.states))
        second = evolve(national.states[name], stands_for=name)
        step = Transition("look_again", "second", ("liaison_officer",), implements=None)
        first = national.states[name]
        first = evolve(first, transitions=(*first.transitions, step))
        states = {**national.states, name: first, "second": second}
        own = evolve(national, name=f"own-{number}", refines=str(national), guarantees=())
        rules.append(evolve(own, states=states))
    plans = tuple(_same_states(random, a, b) for a, b in pairwise((*rules, rules[0])))
    plans = plans[: random.choice((1, 2, 3))]
    return national, Web({str(each): each for each in rules}, plans)


def _same_states(random: Random, old: Lifecycle, new: Lifecycle) -> MigrationPlan:
    """Return a plan that keeps the national state, or now and then another."""
    states = {}
    for name in old.states:
        near = [each for each in new.states if new.stands_for(each) == old.stands_for(name)]
        states[name] = random.choice(near if random.random() < 0.8 else tuple(new.states))
    named = {way.trigger for state in old.states.values() for way in state.transitions}
    triggers = {name: name for name in sorted(named - {"look_again"})}
    return MigrationPlan("move", str(old), str(new), states, triggers)


def national_webs_that(
    wanted: Callable[[tuple[Lifecycle, Web]], bool],
) -> st.SearchStrategy[tuple[Lifecycle, Web]]:
    """Draw national rules, files and plans of some sort: tried in turn until there are some."""

    def first(seed: int) -> tuple[Lifecycle, Web]:
        random = Random(seed)
        return next(web for _ in count() if wanted(web := national_web_from(random)))

    return st.integers(0, 2**48).map(first)
