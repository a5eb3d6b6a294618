"""Walk old rules, move under a plan at any moment, and walk on under the new: on real records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any, NamedTuple

from attrs import define, evolve, field
from hypothesis import strategies as st

from peelflow.engine.fold import apply
from peelflow.model.records import Actor, Event, Migrated, Record, Relevelled
from peelflow.model.rules import (
    AppliesTo,
    Guarantee,
    Lifecycle,
    MigrationPlan,
    NeverEnteredUnless,
    Pin,
    SeparationOfDuties,
)
from peelflow.testing.strategies import CATEGORY
from tests.builders.walks import NOW, TRIGGERS, lifecycle_from, means_of, promise_from
from tests.oracles.guarantees import Found, Reference, Walk

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


def moved(record: Record, case: Case) -> Record:
    """Return a record after its move."""
    new, number = case.plan.states[record.state], record.number + 1
    words = case.plan.triggers
    what = (
        Relevelled(1, 2, NEW, record.state, new, "plan", case.plan.letters, words)
        if case.restarts
        else Migrated(NEW, record.state, new, "plan", words)
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
    plan = MigrationPlan("move", "drawn@1", "new@1", states, triggers, ("hmicfrs",), letters)
    return Case(old, new, plan)


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
