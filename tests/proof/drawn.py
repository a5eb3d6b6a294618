"""Draw small lifecycles and one guarantee, small enough for every walk to be tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from attrs import evolve
from hypothesis import strategies as st

from peelflow.model.requirements import (
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
    AlwaysReachable,
    AppliesTo,
    Counts,
    Guarantee,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    State,
    StateSet,
    Transition,
)
from peelflow.testing.strategies import CATEGORY, VOCABULARY

NAMES = ("s", "t", "u", "end")
TRIGGERS = ("go", "sign", "close")
BY: tuple[tuple[str, ...], ...] = (
    ("chief_constable",),
    ("liaison_officer",),
    ("chief_constable", "liaison_officer"),
    ("hmicfrs",),
    (SYSTEM,),
)
PEOPLE = ("chief_constable", "liaison_officer", "hmicfrs")


def palette(random: Random, names: tuple[str, ...]) -> list[Requirement]:
    """Return a few requirements of one or two kinds."""
    since = (None, None, *names[:2])

    def begun() -> str | None:
        return random.choice(since)

    kinds: tuple[Callable[[], Requirement], ...] = (
        lambda: Evidence(
            "letter",
            random.choice(((), ("chief_constable",), ("chief_constable", "hmicfrs"))),
            begun(),
        ),
        lambda: InspectionHeld(
            random.choice(("planned", "bespoke", "any")), random.random() < 0.3, begun()
        ),
        lambda: Waited(random.choice((1, 2)), random.choice((*since, "published"))),
        lambda: DistinctFrom(random.choice(TRIGGERS[:2]), begun()),
        lambda: DistinctFrom(random.choice(TRIGGERS[:2]), begun()),
        lambda: random.choice(
            (
                ReasonGiven(),
                SuccessorNamed(),
                FieldSet("owner"),
                FieldSet("owner", random.choice(("a", "b"))),
                ChildrenClosed(),
                ChildForEach("answers", (CATEGORY,), "source_report", "owner"),
                PredicateHolds("agreed"),
            )
        ),
    )
    chosen = random.sample(kinds, random.choice((1, 1, 2)))
    atoms: list[Requirement] = [random.choice(chosen)() for _ in range(3)]
    if random.random() < 0.3:
        atoms.append(AnyOf(((atoms[0],), (atoms[1], atoms[2]))))
    return atoms


def lifecycle_from(random: Random) -> tuple[Lifecycle, list[Requirement]]:
    """Return a lifecycle of two to four states, and the requirements it is made of."""
    names = (*NAMES[: random.choice((1, 2, 2, 3, 3))], "end")
    atoms = palette(random, names)
    states: dict[str, State] = {}
    for name in names:
        ways: list[Transition] = []
        for _ in range(random.choice((0, 1)) if name == "end" else random.choice((2, 2, 3, 3))):
            by = random.choice(BY)
            trigger = random.choice(TRIGGERS)
            taken = {role for way in ways if way.trigger == trigger for role in way.by}
            if taken.isdisjoint(by):
                requires = tuple(random.sample(atoms, random.choice((0, 0, 0, 1, 1, 2))))
                timed = by == (SYSTEM,) and random.random() < 0.5
                own = random.random() < 0.15 and by != (SYSTEM,)
                ways.append(
                    Transition(
                        trigger,
                        random.choice((*names, "end")),
                        by,
                        requires,
                        after=After(random.choice((1, 2))) if timed else None,
                        reopens=name == "end",
                        implements=None if own else trigger,
                    )
                )
        counts: dict[str, Counts] = {}
        if random.random() < 0.7:
            counts["portal"] = "closed" if name == "end" or random.random() < 0.3 else "open"
        states[name] = State(counts, final=name == "end", transitions=tuple(ways))
    return (
        Lifecycle(
            name="drawn",
            version=1,
            in_force_from=date(2020, 1, 1),
            title="Drawn by chance",
            applies_to=AppliesTo((CATEGORY,), (1,)),
            initial=names[0],
            states=states,
            roles=VOCABULARY.roles,
        ),
        atoms,
    )


def promise_from(random: Random, lifecycle: Lifecycle, atoms: list[Requirement]) -> Promise:
    """Return some promise about a lifecycle."""
    wheres = [StateSet(state=name) for name in (*lifecycle.states, "end", "end")]
    wheres += [StateSet(ledger="portal", counts="closed")] * 2
    some = tuple(random.sample(PEOPLE, random.choice((1, 2))))
    where, first, second = random.choice(wheres), random.choice(TRIGGERS), random.choice(TRIGGERS)
    kinds: tuple[Promise, ...] = (
        OnlyEnteredBy(where, some),
        NeverDoneBy(first, some),
        NeverEnteredWithoutSteps(
            where, (first,) if random.random() < 0.4 else (first, second), None
        ),
        NeverEnteredWithoutSteps(where, (first,), random.choice(tuple(lifecycle.states))),
        NeverEnteredUnless(where, random.choice(atoms)),
        NeverEnteredUnless(where, random.choice(atoms), random.choice(((), (), some))),
        AlwaysReachable(where),
        NeverFollowedBy(where, random.choice(wheres)),
        SeparationOfDuties(first, second),
    )
    return random.choice(kinds)


def case_from(seed: int) -> Lifecycle:
    """Return the lifecycle of a seed, with its one guarantee."""
    random = Random(seed)
    lifecycle, atoms = lifecycle_from(random)
    promise = promise_from(random, lifecycle, atoms)
    return evolve(lifecycle, guarantees=(Guarantee(str(promise), "drawn", promise),))


cases = st.integers(0, 2**48).map(case_from)
