"""Draw small lifecycles whose steps ask that somebody else did another step, and moves between."""

from __future__ import annotations

from datetime import date
from itertools import pairwise, product

from attrs import evolve
from hypothesis import strategies as st

from peelflow.errors import Span
from peelflow.model.records import LastDone, Moment, Record
from peelflow.model.requirements import (
    AnyOf,
    DistinctFrom,
    FieldSet,
    ReasonGiven,
    Requirement,
)
from peelflow.model.rules import (
    SYSTEM,
    After,
    AppliesTo,
    Lifecycle,
    MigrationPlan,
    State,
    Transition,
    each_transition,
)
from tests.builders.rules import VOCABULARY
from tests.oracles.doable import START, first_records

NAMES = ("s", "t", "u", "v")
END = "end"
TRIGGERS = ("go", "sign", "close")
FORCE_ROLES = (("lead",), ("liaison_officer",))
PEOPLE = (*FORCE_ROLES, ("hmicfrs",))
DAYS = After(days=5)
OTHERS: tuple[Requirement, ...] = (ReasonGiven(), FieldSet("owner"))
Drawn = st.SearchStrategy[Lifecycle]


@st.composite
def duties(draw: st.DrawFn, most: int = 5, *, by_system: bool = True) -> Lifecycle:
    """Draw a lifecycle of two to so many states, with own and national steps, and perhaps an end.

    From each state a step leads to the next. Steps of one name lead out of several states. What
    peelflow does at once leads onward only, and out of a state it does one timed step at the most,
    which leads to another state.

    Args:
        draw: Given by Hypothesis.
        most: The most states that it has.
        by_system: Whether peelflow takes steps too.
    """
    names = (*NAMES[: draw(st.integers(1, most - 1))], END)
    national = _national_names(draw, names)
    wants = _requirements(draw, names)
    states = {
        name: State(
            {},
            final=name == END and draw(st.booleans()),
            stands_for=None if national[name] == name else national[name],
        )
        for name in names
    }
    steps = {name: _steps(draw, name, national, wants, by_system=by_system) for name in names}
    lifecycle = Lifecycle(
        name="drawn",
        version=1,
        in_force_from=date(2020, 1, 1),
        title="Drawn by chance",
        applies_to=AppliesTo(("recommendation",), (3,)),
        initial=names[0],
        states={name: evolve(states[name], transitions=steps[name]) for name in names},
        roles=VOCABULARY.roles,
    )
    is_own = any(step.implements != step.trigger for step in each_transition(lifecycle))
    return placed(evolve(lifecycle, refines="national@1") if is_own else lifecycle)


def _national_names(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, str]:
    """Draw for each state which national one it stands for: its own, or that before it."""
    national = {name: name for name in names}
    for before, name in pairwise(names[:-1]):
        if draw(st.booleans()):
            national[name] = national[before]
    return national


def _requirements(
    draw: st.DrawFn, names: tuple[str, ...]
) -> st.SearchStrategy[tuple[Requirement, ...]]:
    """Return the strategy for what a step asks for, made of a few atoms."""
    windows: tuple[str | None, ...] = (*(None,) * len(names), *names)
    distinct = tuple(DistinctFrom(*pair) for pair in product(TRIGGERS, windows))
    atoms = draw(st.lists(st.sampled_from(distinct), min_size=1, max_size=3, unique=True))
    one = st.sampled_from(atoms)
    some = st.lists(st.sampled_from((*atoms, *OTHERS)), min_size=1, max_size=2, unique=True)
    either = st.lists(some.map(tuple), min_size=2, max_size=2, unique=True).map(tuple)
    return st.one_of(
        st.just(()),
        st.just(()),
        one.map(lambda atom: (atom,)),
        st.tuples(one, one),
        either.map(lambda choices: (AnyOf(choices),)),
        some.map(tuple),
    )


def _steps(
    draw: st.DrawFn,
    name: str,
    national: dict[str, str],
    wants: st.SearchStrategy[tuple[Requirement, ...]],
    *,
    by_system: bool,
) -> tuple[Transition, ...]:
    """Draw the steps out of a state: no role has two of one name."""
    steps: list[Transition] = []
    names = tuple(national)
    onward = () if name == END else (names[names.index(name) + 1],)
    for place in range(draw(st.integers(len(onward), 3))):
        to = onward[0] if onward and not place else draw(st.sampled_from(names))
        trigger = draw(st.sampled_from(TRIGGERS))
        system = by_system and draw(st.integers(0, 3)) == 0
        by = (SYSTEM,) if system else draw(st.sampled_from(PEOPLE))
        after = DAYS if system and (names.index(to) <= names.index(name) or _yes(draw)) else None
        taken = {role for step in steps for role in step.by if step.trigger == trigger}
        is_timed_again = after and (to == name or any(step.after for step in steps))
        if taken.isdisjoint(by) and not is_timed_again:
            is_same = by in FORCE_ROLES and national[to] == national[name]
            is_own = is_same and draw(st.booleans())
            answered = draw(st.sampled_from(TRIGGERS)) if by in FORCE_ROLES and _yes(draw) else None
            step = Transition(trigger, to, by, draw(wants), after=after, as_=answered)
            implements = None if is_own else answered or trigger
            steps.append(evolve(step, implements=implements, as_=None if is_own else answered))
    return tuple(steps)


def _yes(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 3)) == 0


def placed(lifecycle: Lifecycle) -> Lifecycle:
    """Return a lifecycle with a place for each state and each step, and ends that are re-opened."""
    states = {}
    for line, (name, state) in enumerate(lifecycle.states.items(), 1):
        steps = tuple(
            evolve(
                step,
                span=Span(lifecycle.name, 10 * line, column),
                reopens=state.final and step.to != name,
            )
            for column, step in enumerate(state.transitions, 1)
        )
        states[name] = evolve(state, transitions=steps, span=Span(lifecycle.name, 10 * line - 1, 1))
    return evolve(lifecycle, states=states)


@st.composite
def pasts(draw: st.DrawFn, lifecycle: Lifecycle) -> Record:
    """Draw a record that stands anywhere, with something done and entered before, in any order."""
    record = next(first_records(lifecycle))
    names, states = sorted(TRIGGERS), list(lifecycle.states)
    numbers = st.integers(1, 6)
    done = {
        name: LastDone(draw(numbers), START, f"Inspector {name}")
        for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    }
    entered = {
        name: Moment(draw(numbers), START)
        for name in draw(st.lists(st.sampled_from(states), unique=True))
    }
    here = draw(st.sampled_from(states))
    entered.setdefault(here, Moment(draw(numbers), START))
    window = Moment(draw(numbers), START)
    return evolve(record, state=here, number=6, window=window, done=done, entered=entered)


@st.composite
def moves(draw: st.DrawFn) -> tuple[MigrationPlan, Lifecycle, Lifecycle]:
    """Draw old rules, new ones like them, and a plan that moves records between."""
    old = draw(duties(4))
    new = _changed(draw, old) if draw(st.booleans()) else draw(duties(4))
    new = placed(evolve(new, name="new"))
    here, there = (sorted({step.trigger for step in each_transition(r)}) for r in (old, new))
    states = {
        name: name
        if name in new.states and not _yes(draw)
        else draw(st.sampled_from([*new.states]))
        for name in old.states
    }
    renamed = draw(st.lists(st.sampled_from(here), unique=True))
    triggers = {name: draw(st.sampled_from(there)) for name in renamed}
    places = {name: Span("plan", line) for line, name in enumerate(states, 1)}
    return MigrationPlan("move", str(old), str(new), states, triggers, places=places), old, new


def _changed(draw: st.DrawFn, old: Lifecycle) -> Lifecycle:
    """Return rules with some of their steps left out, and what some ask for given to others."""
    asked = [step.requires for step in each_transition(old)]
    states = {}
    for name, state in old.states.items():
        kept = [step for step in state.transitions if not _yes(draw)]
        steps = [
            evolve(step, requires=draw(st.sampled_from(asked)) if _yes(draw) else step.requires)
            for step in (kept or state.transitions)
        ]
        states[name] = evolve(state, transitions=tuple(steps))
    return evolve(old, states=states)
