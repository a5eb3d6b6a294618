"""Proofs of steps that are timed in days, months or working days, of both beginnings."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.errors import Span
from peelflow.model.rules import After, Lifecycle
from peelflow.proof.diff import diff
from peelflow.proof.normal_form import PeriodWaited, time_atom
from peelflow.proof.refinement import check_refinement
from tests.builders.rules import VOCABULARY, proofs_of, rules_from

STATES = """\
states:
  open:
    counts_as: {{portal: open}}
    transitions:
      lapse: {{to: closed, by: [system], after: {{{time}}}{more}}}
  closed: {{counts_as: {{portal: closed}}, final: true}}
"""
CHAIN = """\
states:
  open:
    counts_as: {{}}
    transitions:
      wake: {{to: awake, by: [system], after: {{{first}}}}}
  awake:
    counts_as: {{}}
    transitions:
      lapse: {{to: closed, by: [system], after: {{{then}}}}}
  closed: {{counts_as: {{}}, final: true}}
"""
TIMES = ("days: 90", "days: 90, beginning: true", "months: 3", "working_days: 60")
LEAST = [
    ("days: 90", 90),
    ("days: 90, beginning: true", 89),
    ("months: 3", 89),
    ("months: 3, beginning: true", 88),
    ("months: 1", 28),
    ("working_days: 20", 26),
    ("working_days: 20, beginning: true", 25),
    ("days: 1, beginning: true", 0),
]


def timed(time: str, more: str = "", *, refines: Lifecycle | None = None) -> Lifecycle:
    """Return rules with one timed step, and what else it needs."""
    return rules_from(STATES.format(time=time, more=more), refines=refines)


def codes(own: str, base: str, more: str = "") -> set[str]:
    """Return what is wrong with a force's timed step beside the national one."""
    national = timed(base)
    found = check_refinement(timed(own, more, refines=national), national, VOCABULARY)
    return {fault.code for fault in found}


@pytest.mark.parametrize("base", TIMES)
@pytest.mark.parametrize("own", TIMES)
def test_a_force_keeps_the_time_of_a_step_that_is_not_its_own(own: str, base: str) -> None:
    """In its unit and its beginning too."""
    assert codes(own, base) == (set() if own == base else {"theirs-retimed"})


def test_a_step_that_is_retimed_is_told_by_both_times() -> None:
    """In the words of their units."""
    national = timed("months: 1")
    own = timed("working_days: 20, beginning: true, since: published", refines=national)
    (fault,) = check_refinement(own, national, VOCABULARY)
    assert fault.sentence == (
        "`lapse` falls due 20 working days beginning with published here; nationally "
        "`lapse` 1 month after entered"
    )


@pytest.mark.parametrize("since", ["entered", "published"])
@pytest.mark.parametrize(("time", "least"), LEAST)
def test_a_wait_that_the_time_always_comes_to_is_no_burden(
    time: str, least: int, since: str
) -> None:
    """And one that is a day longer is, as there is a day from which it comes to no more."""
    said = f"{time}, since: {since}"
    waits = [
        f", requires: [{{waited: {days}{', since: published' * (since == 'published')}}}]"
        for days in (least, least + 1)
        if days
    ]
    found = [codes(said, said, more) for more in waits]
    assert found == [set(), {"theirs-burdened"}][-len(waits) :]


@pytest.mark.parametrize(("time", "least"), LEAST)
def test_a_promise_of_days_holds_as_far_as_the_time_always_comes(time: str, least: int) -> None:
    """A day more is refuted by the step itself."""
    promise = f"closed is never entered without {{waited: {least}}}"
    (proof,) = proofs_of(
        STATES.format(time=time, more=""), promise if least else "closed can always be reached"
    )
    (more,) = proofs_of(
        STATES.format(time=time, more=""),
        f"closed is never entered without {{waited: {least + 1}}}",
    )
    assert (proof.verdict, more.verdict) == ("proved", "refuted")


@pytest.mark.parametrize(
    ("first", "then", "days", "expected"),
    [
        ("days: 28", "days: 28", 57, "refuted"),
        ("months: 1", "months: 1", 59, "undetermined"),
        ("months: 1", "months: 1", 60, "refuted"),
        ("months: 1", "days: 28", 28, "proved"),
        ("months: 1", "days: 28", 57, "undetermined"),
        ("months: 1", "days: 28", 60, "refuted"),
        ("working_days: 5", "days: 1", 8, "undetermined"),
        ("working_days: 5", "days: 1", 9, "refuted"),
    ],
)
def test_what_only_some_calendars_break_is_left_open(
    first: str, then: str, days: int, expected: str
) -> None:
    """Two periods in a row need not both come to their least, so that is no counterexample."""
    promise = f"closed is never entered without {{waited: {days}, since: open}}"
    (proof,) = proofs_of(CHAIN.format(first=first, then=then), promise)
    assert proof.verdict == expected


def test_a_story_says_the_time_as_the_file_does() -> None:
    """With its unit, and its beginning."""
    times = (
        "months: 1",
        "working_days: 9, beginning: true",
        "days: 2, beginning: true, since: published",
    )
    found = [
        proofs_of(STATES.format(time=time, more=""), "lapse is never done by [system]")[0]
        for time in times
    ]
    assert [proof.steps[0].needs for proof in found] == [
        ("1 month since `open` was entered",),
        ("9 working days beginning with the day `open` was entered",),
        ("2 days beginning with publication",),
    ]


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("days: 90", "days: 90, beginning: true", "loosened"),
        ("days: 89", "days: 90, beginning: true", "changed"),
        ("months: 3", "months: 2", "loosened"),
        ("months: 3, beginning: true", "months: 3", "tightened"),
        ("working_days: 20", "working_days: 25, beginning: true", "tightened"),
        ("working_days: 20", "working_days: 20, beginning: true", "loosened"),
        ("months: 3", "days: 92", "tightened"),
        ("months: 3", "days: 91", "changed"),
        ("working_days: 20", "days: 90", "changed"),
        ("working_days: 20", "days: 26", "loosened"),
        ("months: 3, since: published", "days: 92, since: published", "tightened"),
        ("working_days: 3, since: published", "days: 92, since: published", "changed"),
        ("months: 3", "months: 4, since: published", "changed"),
        ("months: 3", "working_days: 60", "changed"),
    ],
)
def test_a_change_of_time_is_told_by_what_it_lets_happen(
    before: str, after: str, effect: str
) -> None:
    """Later is tightened, sooner loosened, and changed where some days go one way."""
    (found,) = diff(timed(before), timed(after))
    assert found.effect == effect


@pytest.mark.parametrize("time", [After(months=3), After(working_days=5), After(9, beginning=True)])
def test_a_time_follows_from_itself(time: After) -> None:
    """Wherever in a file each stands."""
    one, other = (time_atom(evolve(time, span=Span("a.yaml", n)), "open") for n in (1, 2))
    assert isinstance(one, PeriodWaited)
    assert one.follows_from(other)


@pytest.mark.parametrize("time", [After(9), After(months=3)])
def test_the_time_of_a_step_keeps_its_place_in_the_file(time: After) -> None:
    """In plain days and in other units."""
    place = Span("a.yaml", 7, 3)
    assert time_atom(evolve(time, span=place), "open").span == place


def test_a_change_of_time_is_said_in_its_units() -> None:
    """As the files have them."""
    (found,) = diff(timed("months: 3, beginning: true"), timed("working_days: 60"))
    assert found.sentence == (
        "`lapse` from `open` needs 60 working days since open, not 3 months beginning with open"
    )
