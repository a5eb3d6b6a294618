"""Requirement implication: exact on the closed vocabulary, held against every small model."""

from __future__ import annotations

from itertools import combinations, product
from math import prod
from typing import Literal

import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from peelflow.engine.requirements import compile_check
from peelflow.errors import InvalidRules
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
from peelflow.proof.budget import Budget
from peelflow.proof.satisfiability import (
    WINDOW,
    KnownPast,
    Verdict,
    can_be_met,
    implies,
    satisfiable,
)
from tests.builders.models import Model, models, scope_of, size_of
from tests.oracles.clauses import implied, ways_to_meet

Requirements = tuple[Requirement, ...]
MOST_MODELS, MOST_WAYS = 1_500, 400
LEDGERS = (frozenset[str](), frozenset({"portal"}), frozenset({"portal", "force"}))
KINDS: tuple[Literal["planned", "bespoke", "any"], ...] = ("planned", "bespoke", "any")
SIGNED_A = Evidence("letter", ("a",))
SIGNED = Evidence("letter", ("a", "b"))
PLANNED, BESPOKE, ANY = (InspectionHeld(kind) for kind in KINDS)
EACH = ChildForEach("answers", ("a",), "source", "owner")
EACH_OF_TWO = evolve(EACH, for_each=("a", "b"))
EACH_ELSEWHERE = evolve(EACH, children="replies")
AGREED, OWNER = PredicateHolds("agreed"), FieldSet("owner")


FAMILIES: tuple[tuple[Requirement, ...], ...] = (
    tuple(
        Evidence(kind, signers, since)
        for kind, signers, since in product(
            ("letter", "plan"), ((), ("a",), ("b",), ("a", "b"), ("b", "c")), (None, "s")
        )
    ),
    tuple(
        InspectionHeld(kind, relevant, since)
        for kind, relevant, since in product(KINDS, (False, True), (None, "s", "t"))
    ),
    tuple(Waited(days, since) for days in (1, 2, 3) for since in (None, "s", "t", "published")),
    tuple(DistinctFrom(done, since) for done in ("start", "certify") for since in (None, "s", "t")),
    tuple(FieldSet(name) for name in ("owner", "question", "published")),
    (FieldSet("owner"), FieldSet("owner", "a"), FieldSet("owner", "b")),
    (ReasonGiven(), SuccessorNamed(), ChildrenClosed(), AGREED),
    (EACH, EACH_OF_TWO, EACH_ELSEWHERE, ChildrenClosed(), FieldSet("owner")),
)
ITEMS = st.lists(st.integers(0, 11), max_size=3).map(tuple)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Requirements, Requirements]:
    """Draw what is required and what should follow, of few atoms that touch each other."""
    families = draw(st.tuples(*[st.integers(0, len(FAMILIES) - 1)] * 2))
    picked = draw(st.tuples(*[st.integers(0, 19)] * 4))
    atoms = [
        FAMILIES[families[n % 2]][pick % len(FAMILIES[families[n % 2]])]
        for n, pick in enumerate(picked)
    ]
    one, two, three, four = atoms
    choices: tuple[Requirement, ...] = (
        *(one, two, three, four, one, two),
        AnyOf(((one,), (two,))),
        AnyOf(((one, two), (three,))),
        AnyOf(((one,), (two, three))),
        AnyOf(((three,), (four,), (one,))),
        AnyOf(((one, three), (two, four))),
        AnyOf(((four,), (AnyOf(((one,), (two, three))), three))),
    )
    asked, wanted = draw(ITEMS), draw(ITEMS)
    return (
        tuple(choices[item] for item in asked),
        tuple(choices[item] for item in (*wanted, *asked)[: max(1, len(wanted))] or (6,)),
    )


def by_brute_force(
    asked: Requirements, wanted: Requirements, closes: tuple[frozenset[str], frozenset[str]]
) -> Verdict:
    """Return the verdict that every small model gives, by the engine's own checks.

    Models that differ in their predicates alone stand together: an application may have its
    predicates say anything at all.
    """
    first, second = (
        [compile_check(one, tuple(sorted(ledgers))) for one in requirements]
        for requirements, ledgers in zip((asked, wanted), closes, strict=True)
    )

    def fails(model: Model) -> bool:
        return all(c.unmet(*model) is None for c in first) and any(c.unmet(*model) for c in second)

    scope = scope_of(asked, wanted)
    verdict: Verdict = "proved"
    for same in models(scope):
        failed = [fails(model) for model in same]
        if all(failed):
            return "refuted"
        if any(failed):
            verdict = "undetermined"
    return verdict


@pytest.mark.search
@given(pair=pairs(), closes=st.tuples(st.sampled_from(LEDGERS), st.sampled_from(LEDGERS)))
@settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))
def test_agrees_with_every_small_model(
    pair: tuple[Requirements, Requirements], closes: tuple[frozenset[str], frozenset[str]]
) -> None:
    """Implication says what brute force over all small models says, of any two sets."""
    asked, wanted = pair
    scope = scope_of(asked, wanted)
    assume(size_of(scope) <= MOST_MODELS)
    expected = by_brute_force(asked, wanted, closes)
    assert implies(asked, wanted, given_closes=closes[0], wanted_closes=closes[1]) == expected


@given(pair=pairs(), closes=st.tuples(st.sampled_from(LEDGERS), st.sampled_from(LEDGERS)))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_agrees_with_every_way_spelt_out(
    pair: tuple[Requirements, Requirements], closes: tuple[frozenset[str], frozenset[str]]
) -> None:
    """Implication says what trying each way to meet with each way to fail says."""
    asked, wanted = pair
    assume(len(ways_to_meet(asked)) * prod(map(len, ways_to_meet(wanted))) <= MOST_WAYS)
    expected = implied(asked, wanted, closes)
    assert implies(asked, wanted, given_closes=closes[0], wanted_closes=closes[1]) == expected


@pytest.mark.parametrize(
    ("asked", "wanted", "verdict"),
    [
        ((SIGNED_A,), (SIGNED,), "proved"),
        ((SIGNED,), (SIGNED_A,), "refuted"),
        ((SIGNED,), (Evidence("letter"),), "proved"),
        ((SIGNED,), (AnyOf(((SIGNED_A,), (Evidence("letter", ("b",)),))),), "proved"),
        ((DistinctFrom("start"),), (DistinctFrom("certify"),), "refuted"),
        ((ReasonGiven(),), (AnyOf(((OWNER, SIGNED), (OWNER, PLANNED))),), "refuted"),
        ((PLANNED,), (ANY,), "proved"),
        ((ANY,), (AnyOf(((PLANNED,), (BESPOKE,))),), "proved"),
        ((PLANNED, BESPOKE), (SuccessorNamed(),), "proved"),
        ((InspectionHeld("planned", relevant=True),), (PLANNED, FieldSet("question")), "proved"),
        ((PLANNED,), (InspectionHeld("planned", relevant=True),), "refuted"),
        ((EACH,), (FieldSet("owner"),), "proved"),
        ((EACH,), (ChildrenClosed(),), "refuted"),
        ((EACH_OF_TWO,), (EACH,), "proved"),
        ((EACH,), (EACH_OF_TWO,), "refuted"),
        ((EACH,), (evolve(EACH, names="other"),), "refuted"),
        ((EACH,), (evolve(EACH, whose="other"),), "refuted"),
        ((EACH,), (EACH_ELSEWHERE,), "refuted"),
        ((ChildrenClosed(), FieldSet("owner")), (EACH,), "refuted"),
        ((EACH,), (AnyOf(((EACH_ELSEWHERE,), (ChildrenClosed(),))),), "proved"),
        ((FieldSet("owner", "a"),), (FieldSet("owner"),), "proved"),
        ((FieldSet("owner"),), (FieldSet("owner", "a"),), "refuted"),
        ((FieldSet("owner", "b"),), (FieldSet("owner", "a"),), "refuted"),
        ((FieldSet("owner", "a"), FieldSet("owner", "b")), (FieldSet("owner", "a"),), "proved"),
        ((Waited(28),), (Waited(14),), "proved"),
        ((Waited(28),), (Waited(28, "s"),), "refuted"),
        ((Waited(28, "published"),), (FieldSet("published"),), "proved"),
        ((AGREED,), (AGREED,), "proved"),
        ((ReasonGiven(),), (AGREED,), "undetermined"),
        ((AGREED,), (ReasonGiven(),), "undetermined"),
        ((ReasonGiven(),), (AGREED, SuccessorNamed()), "refuted"),
        ((DistinctFrom("start", "s"), Waited(2)), (DistinctFrom("start"),), "refuted"),
        (
            (DistinctFrom("start", "s"), Waited(2)),
            (AnyOf(((DistinctFrom("start"),), (Waited(2, "s"),))),),
            "proved",
        ),
    ],
)
def test_says_whether_requirements_follow(
    asked: Requirements, wanted: Requirements, verdict: Verdict
) -> None:
    """Each rule of the closed vocabulary, by an example."""
    assert implies(asked, wanted) == verdict


def test_says_whether_requirements_can_be_met() -> None:
    """One act names one inspection, so nothing is planned and bespoke at once."""
    assert can_be_met((PLANNED, ANY))
    assert not can_be_met((PLANNED, AnyOf(((BESPOKE,), (BESPOKE, ReasonGiven())))))


def fields(name: str, number: int) -> tuple[Requirement, ...]:
    """Return so many fields to be set."""
    return tuple(FieldSet(f"{name}{n}") for n in range(number))


def any_of(*ways: Requirement | Requirements) -> AnyOf:
    """Return a choice of ways, each one requirement or several."""
    return AnyOf(tuple(way if isinstance(way, tuple) else (way,) for way in ways))


def waits(number: int, since: str | None = None) -> AnyOf:
    """Return a choice of so many waits."""
    return any_of(*(Waited(days, since) for days in range(1, number + 1)))


def pigeons(number: int, holes: int) -> tuple[Requirements, Requirements]:
    """Return that each pigeon has a hole, and that two share one."""
    names = [[FieldSet(f"p{n}_{hole}") for hole in range(holes)] for n in range(number)]
    pairs = [
        (one[hole], other[hole]) for hole in range(holes) for one, other in combinations(names, 2)
    ]
    return tuple(any_of(*one) for one in names), (any_of(*pairs),)


TWELVE = tuple(map(any_of, fields("a", 12), fields("b", 12)))
LETTERS = tuple(Evidence("letter", ("a", "b"), f"s{n}") for n in range(40))
LARGE: tuple[tuple[Requirements, Requirements, Verdict], ...] = (
    ((waits(65), waits(65, "s")), (SIGNED_A,), "refuted"),
    ((waits(65), waits(65, "s")), (Waited(1),), "proved"),
    ((waits(65), waits(65, "s")), (waits(65, "s"), waits(65)), "proved"),
    ((ANY,), (waits(330),), "refuted"),
    ((Waited(331),), (waits(330),), "proved"),
    (TWELVE, (any_of(fields("a", 9), ReasonGiven()),), "refuted"),
    (TWELVE, (any_of(fields("a", 9), *fields("b", 9)),), "proved"),
    (tuple(any_of(*fields(f"f{n}_", 8)) for n in range(5)), (ReasonGiven(),), "refuted"),
    (fields("f", 4), (any_of(*zip(fields("a", 16), fields("b", 16), strict=True)),), "refuted"),
    (LETTERS, (any_of(*(Evidence("letter", ("a",), f"s{n}") for n in range(40))),), "refuted"),
    (LETTERS, (any_of(*(Evidence("letter", ("b", "a"), f"s{n}") for n in range(40))),), "proved"),
    (*pigeons(5, 4), "proved"),
    (*pigeons(5, 5), "refuted"),
)


@pytest.mark.parametrize(("asked", "wanted", "verdict"), LARGE, ids=map(str, range(len(LARGE))))
def test_decides_what_has_many_alternatives(
    asked: Requirements, wanted: Requirements, verdict: Verdict
) -> None:
    """The number of ways to meet requirements does not matter."""
    budget = Budget()
    assert implies(asked, wanted, budget=budget) == verdict
    assert budget.spent < 80_000


def test_a_question_that_is_too_complex_is_told() -> None:
    """Some questions of this kind have no short answer; the budget ends them, always alike."""
    with pytest.raises(InvalidRules) as raised:
        implies(*pigeons(10, 9), budget=Budget(100_000))
    assert [fault.code for fault in raised.value.diagnostics] == ["too-complex"]


def test_a_known_past_rules_out_what_it_does_not_hold() -> None:
    """Where moments and people are known, atoms that need others cannot be met."""
    past = KnownPast({WINDOW: 1, ("done", "start"): 1}, by_system=frozenset({"start"}))
    start = DistinctFrom("start")
    assert satisfiable((start,), (), known=past)
    assert not satisfiable((start,), (), known=past, by_system=True)
    assert not satisfiable((DistinctFrom("certify"),), (), known=past)
    assert not satisfiable((Waited(1, "never_entered"),), (), known=past)
    assert not satisfiable((), (start,), known=past)
    assert satisfiable((), (start,), known=past, by_system=True)
