"""Draw rules: requirements, lifecycles that pass the lint, and any value of a model type."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations, product, repeat, starmap
from math import lcm, perm
from typing import Any, Literal, TypeVar

import attrs
from attrs import evolve
from hypothesis import strategies as st

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import (
    SYSTEM,
    After,
    AppliesTo,
    Category,
    Counts,
    Entry,
    EvidenceKind,
    FieldRule,
    Holidays,
    Lifecycle,
    Role,
    State,
    Transition,
    Vocabulary,
)
from peelflow.proof.possible import Possibilities, never_taken_faults
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.loader import resolve

CATEGORY = "recommendation"
FORCE = "West Midlands"
INSPECTION = "INS-1"
HOLIDAYS = Holidays(
    frozenset({date(2022, 1, 3), date(2022, 2, 8), date(2022, 2, 28), date(2022, 4, 15)}),
    2021,
    2024,
)
UNCOVERED_HOLIDAYS = Holidays(frozenset(), 2021, 2021)
QUESTIONS = ("7", "7.2", "7.20", "72")
QUESTION_SETS = ("twelve", "nine")
ADDRESSEES = ("chief_constables", "pccs", "npcc")
REPORT = "REP-1"
LEDGERS = ("portal", "force")
TRIGGERS = ("start", "certify", "verify", "refuse", "withdraw")

VOCABULARY = Vocabulary(
    vocabulary="testing",
    roles={
        "hmicfrs": Role("inspectorate", "HMICFRS"),
        "visiting_inspector": Role("inspectorate", "Inspector on loan", by_appointment=True),
        "chief_constable": Role("force", "Chief Constable"),
        "nominated_deputy": Role("force", "Nominated deputy", by_appointment=True),
        "liaison_officer": Role("force", "Force liaison officer", may_be_delegated=True),
        "audit_committee": Role("oversight", "Audit committee"),
        SYSTEM: Role("system", "peelflow itself"),
    },
    evidence={"letter": EvidenceKind("Signed letter"), "plan": EvidenceKind("Action plan")},
    categories={
        CATEGORY: Category(
            title="Recommendation",
            children=(CATEGORY,),
            fields={
                "owner": FieldRule("person", "Who does the work"),
                "theme": FieldRule("text", "Theme"),
                "question": FieldRule("text", "PEEL question"),
                "question_set": FieldRule("choice", "Question set", choices=QUESTION_SETS),
                "published": FieldRule("date", "Publication of the report"),
                "report": FieldRule("reference", "Report it is of", to=(CATEGORY,)),
                "source_report": FieldRule("reference", "Report it is from", to=(CATEGORY,)),
                "answers": FieldRule("reference", "What it answers", to=(CATEGORY,)),
                "addressees": FieldRule("list", "To whom it is addressed", choices=ADDRESSEES),
            },
        )
    },
    predicates={"budget_agreed": "The budget is agreed"},
)
"""The roles, kinds of evidence, category and predicate that drawn lifecycles use."""

SIGNATORIES = ("chief_constable", "nominated_deputy", "hmicfrs")


def holder_of(role: str) -> str:
    """Return the person who holds a role, as drawn contexts mostly appoint them."""
    return f"the {role}"


STORABLE_TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
)
PLAIN_TYPES: dict[Any, st.SearchStrategy[Any]] = {
    str: STORABLE_TEXTS,
    int: st.integers(),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for every value of a type that the model uses."""
    if kind in PLAIN_TYPES:
        return PLAIN_TYPES[kind]
    if attrs.has(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(
            kind, **{part.name: values_of(hints[part.name]) for part in attrs.fields(kind)}
        )
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values_of(arg) for arg in args])
    if origin is Mapping:
        return st.dictionaries(values_of(args[0]), values_of(args[1]), max_size=3)
    if origin is tuple:
        return st.lists(values_of(args[0]), max_size=3).map(tuple)
    return st.frozensets(values_of(args[0]), max_size=3)


T = TypeVar("T")
STATES = ("open", "in_progress", "self_certified", "proposed", "verified", "closed")
_SIDES = {
    side: tuple(name for name, role in VOCABULARY.roles.items() if role.side == side)
    for side in ("inspectorate", "force", "oversight")
}
_INSPECTING_ROLES = (*_SIDES["inspectorate"], *_SIDES["oversight"])
_COUNTS: tuple[Counts, ...] = ("open", "closed")
# What every drawing needs is made once: to make and check a strategy costs far more than a draw.
# What has few values is one draw from all of them, for the same reason.
_MOSTLY = st.sampled_from((*(True,) * 9, False))
_SIZE = st.integers(2, len(STATES))
_REFINES = st.sampled_from((None, "national@1"))
_STANDS_FOR = st.sampled_from((None, "elsewhere"))
_COUNTING = st.sampled_from((*(None,) * 3, *_COUNTS))
_BEGUN_BY: st.SearchStrategy[Entry | None] = st.sampled_from((None, None, None, "take_over"))
_VERSION = st.integers(1, 3)
_EXTRA_TRANSITIONS = st.integers(0, 3)
_TIMED = st.booleans()
_FEW = st.sampled_from((0, 0, 0, 1, 1, 2, 2, 3))
_SINCE: tuple[Literal["entered", "published"], ...] = ("entered", "published")
_TRIGGER = st.sampled_from(TRIGGERS)
_ANOTHER = st.none() | _TRIGGER
_PAPERS = ("letter", "plan")


def requirements(
    *, since: Sequence[str] = (), triggers: Sequence[str] = TRIGGERS
) -> st.SearchStrategy[Requirement]:
    """Return a strategy for one requirement of any kind, `any_of` included.

    Args:
        since: The states that a requirement's `since` may name.
        triggers: The triggers that a `distinct_from` may name.
    """
    return _requirements(tuple(since), tuple(sorted(triggers)))


@cache
def _requirements(
    since: tuple[str, ...], triggers: tuple[str, ...]
) -> st.SearchStrategy[Requirement]:
    """Return the strategy for one requirement, made once for the same names."""
    atom = st.one_of(*_atoms(since), _distinct(since, triggers))
    every = st.lists(atom, min_size=1, max_size=2, unique=True).map(tuple)
    choices = st.lists(every, min_size=2, max_size=3, unique=True).map(tuple)
    return atom | st.builds(AnyOf, choices)


@cache
def _atoms(since: tuple[str, ...]) -> tuple[st.SearchStrategy[Requirement], ...]:
    """Return a strategy for each sort of requirement that names no trigger: all that there are."""
    begun = (*repeat(None, len(since) or 1), *since)
    waits = (*begun, *repeat(PUBLISHED, len(since) or 1))
    kinds: tuple[Iterable[Requirement], ...] = (
        (ReasonGiven(),),
        starmap(Evidence, product(_PAPERS, orders(SIGNATORIES, least=0), begun)),
        starmap(InspectionHeld, product(("planned", "bespoke", "any"), (False, True), begun)),
        map(FieldSet, ("owner", "theme", "addressees")),
        (FieldSet("addressees", choice) for choice in ADDRESSEES),
        (SuccessorNamed(),),
        (ChildrenClosed(),),
        (ChildForEach("answers", (CATEGORY,), "source_report", "report"),),
        starmap(Waited, product(range(1, 41), waits)),
        (PredicateHolds("budget_agreed"),),
    )
    return tuple(st.sampled_from(tuple(kind)) for kind in kinds)


@cache
def _distinct(since: tuple[str, ...], triggers: tuple[str, ...]) -> st.SearchStrategy[Requirement]:
    """Return the strategy for somebody else than who did a trigger."""
    begun = (*repeat(None, len(since) or 1), *since)
    return st.sampled_from(tuple(starmap(DistinctFrom, product(triggers, begun))))


@cache
def one_of_names(names: tuple[str | None, ...]) -> st.SearchStrategy[Any]:
    """Return the strategy for one of some names, made once."""
    return st.sampled_from(names)


def times() -> st.SearchStrategy[After]:
    """Return a strategy for a time in any unit: when a step falls due, or how long a state may."""
    return _TIMES


def _times() -> st.SearchStrategy[After]:
    parts = tuple(product(_SINCE, (False, True)))
    days = [After(days=n, since=s, beginning=b) for n in range(1, 41) for s, b in parts]
    months = [After(months=n, since=s, beginning=b) for n in range(1, 4) for s, b in parts]
    working = [After(working_days=n, since=s, beginning=b) for n in range(1, 41) for s, b in parts]
    return st.sampled_from(days) | st.sampled_from(months) | st.sampled_from(working)


_TIMES = _times()


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle:
    """Draw a small lifecycle without lint errors, settled and pinned.

    It has two to six states, walks from the first to the last, and uses roles of every side, every
    requirement, counts on up to two ledgers, timed and untimed system steps, own steps of a force
    (which answer no national trigger), and transitions that re-open its end.
    """
    names = STATES[: draw(_SIZE)]
    refines = draw(_REFINES)
    used = {name: _transitions(draw, names, index) for index, name in enumerate(names)}
    triggers = {transition.trigger for drawn in used.values() for transition in drawn}
    requirement = requirements(since=names, triggers=tuple(triggers))
    states = {
        name: State(
            counts_as=_counting(draw),
            final=name == names[-1],
            stands_for=draw(_STANDS_FOR) if refines else None,
            due=draw(_TIMES) if name != names[-1] and draw(_TIMED) else None,
            transitions=tuple(
                evolve(transition, requires=_few(draw, requirement)) for transition in drawn
            ),
        )
        for name, drawn in used.items()
    }
    lifecycle = Lifecycle(
        name="drawn",
        version=draw(_VERSION),
        in_force_from=date(2020, 1, 1),
        title="Drawn by chance",
        applies_to=AppliesTo((CATEGORY,), (1, 2, 3, 4)),
        initial=names[0],
        states=states,
        refines=refines,
        begun_by=draw(_BEGUN_BY),
    )
    return _leading_on(_refining(draw, resolve(lifecycle, VOCABULARY, None)))


def _leading_on(lifecycle: Lifecycle) -> Lifecycle:
    """Let somebody take each step that leads onward, where nobody can, and in time."""
    if not any(never_taken_faults(lifecycle, None, Possibilities(VOCABULARY))):
        return lifecycle
    states = {
        name: state if state.final else evolve(state, transitions=_open_transitions(state))
        for name, state in lifecycle.states.items()
    }
    lifecycle = evolve(lifecycle, states=states)
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _open_transitions(state: State) -> tuple[Transition, ...]:
    """Return a state's transitions: the first asks for nothing, and no other one ends the state."""
    onward, *others = state.transitions
    timed = (
        evolve(step, after=evolve(step.after, since="published")) if step.after else step
        for step in others
    )
    return evolve(onward, requires=()), *timed


def mostly(draw: st.DrawFn, usual: T, unusual: T) -> T:
    """Draw `usual` nine times in ten, and when a failure shrinks."""
    return usual if draw(_MOSTLY) else unusual


def usually(draw: st.DrawFn) -> bool:
    """Draw yes nine times in ten, and when a failure shrinks."""
    return draw(_MOSTLY)


def tuples_of(values: Sequence[T], *, least: int = 1) -> st.SearchStrategy[tuple[T, ...]]:
    """Return a strategy for up to three of some values, each once."""
    return st.sampled_from(orders(values, least=least))


def orders(values: Sequence[T], *, least: int, most: int = 3) -> tuple[tuple[T, ...], ...]:
    """Return up to `most` of some values in every order, as often each length, shorter first."""
    sizes = range(least, min(len(values), most) + 1)
    often = lcm(*(perm(len(values), size) for size in sizes))
    return tuple(
        order
        for size in sizes
        for order in permutations(values, size)
        for _ in range(often // perm(len(values), size))
    )


_BY = tuples_of(_SIDES["force"]) | tuples_of(_INSPECTING_ROLES) | st.just((SYSTEM,))


def _few(draw: st.DrawFn, strategy: st.SearchStrategy[Requirement]) -> tuple[Requirement, ...]:
    """Draw up to three requirements, each once."""
    return tuple(dict.fromkeys(draw(strategy) for _ in range(draw(_FEW))))


def _counting(draw: st.DrawFn) -> dict[str, Counts]:
    """Draw how a state counts, on each ledger or not."""
    drawn = {ledger: draw(_COUNTING) for ledger in LEDGERS}
    return {ledger: counts for ledger, counts in drawn.items() if counts is not None}


def _transitions(draw: st.DrawFn, names: tuple[str, ...], index: int) -> tuple[Transition, ...]:
    """Draw a state's transitions: one to the next state, others by chance; at the end, back."""
    final = index == len(names) - 1
    onwards = () if final else (_transition(draw, names[index + 1], onward=True),)
    others = [
        _transition(draw, draw(one_of_names(names)), onward=False)
        for _ in range(draw(_EXTRA_TRANSITIONS))
    ]
    transitions: list[Transition] = []
    for new in (*onwards, *others):
        taken = {role for old in transitions if old.trigger == new.trigger for role in old.by}
        if not taken.intersection(new.by):
            transitions.append(evolve(new, reopens=final))
    return tuple(transitions)


def _transition(draw: st.DrawFn, to: str, *, onward: bool) -> Transition:
    by = draw(_BY)
    # INVARIANT: untimed system steps only lead onward, so they come to an end.
    timed = by == (SYSTEM,) and (not onward or draw(_TIMED))
    after = draw(_TIMES) if timed else None
    return Transition(draw(_TRIGGER), to, by, after=after)


def _refining(draw: st.DrawFn, lifecycle: Lifecycle) -> Lifecycle:
    """In a refining lifecycle, draw what each transition implements: nobody drew the refined."""
    if lifecycle.refines is None:
        return lifecycle
    states = {
        name: evolve(
            state,
            transitions=tuple(_implementing(draw, transition) for transition in state.transitions),
        )
        for name, state in lifecycle.states.items()
    }
    lifecycle = evolve(lifecycle, states=states)
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _implementing(draw: st.DrawFn, transition: Transition) -> Transition:
    """Draw what a transition implements: its own trigger, another, or none for the force alone."""
    if not set(transition.by) <= set(_SIDES["force"]):
        return evolve(transition, implements=transition.trigger)
    another = draw(_ANOTHER)
    return evolve(
        transition,
        as_=another,
        implements=another or draw(one_of_names((transition.trigger, None))),
    )
