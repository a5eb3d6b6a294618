"""Waits, timed steps, and what peelflow does by itself on a way."""

from __future__ import annotations

from datetime import date

import pytest

from peelflow.model.decisions import (
    AppointmentNeed,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    KnownInspection,
)
from peelflow.model.requirements import (
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
from peelflow.model.routes import RouteContext
from peelflow.model.rules import After, Holidays, State
from peelflow.testing.strategies import HOLIDAYS
from tests.builders.decisions import OPEN, day, done, rules, way
from tests.builders.routes import ask, known_inspection, only

LETTER = Evidence("letter", ("chief_constable",))
SYSTEM = ("system",)


def test_a_wait_gives_the_earliest_day() -> None:
    """28 days from the window's beginning, on day -10."""
    step = only(ask(rules(way(Waited(28)))))
    assert (step.earliest, step.needs) == (day(18), (DayNeed(day(18)),))


def test_a_wait_that_is_over_is_not_mentioned() -> None:
    """The act can be done at once."""
    assert only(ask(rules(way(Waited(2))))).needs == ()


def test_a_wait_since_publication_counts_from_the_field() -> None:
    """Where it is missing, the worst is taken: that it is the first day of the way."""
    lifecycle = rules(way(Waited(9, "published")))
    assert only(ask(lifecycle, fields={"published": str(day(1))})).earliest == day(10)
    step = only(ask(lifecycle))
    assert (step.earliest, step.needs) == (
        day(12),
        (DayNeed(day(12)), FieldNeed("published", day(3))),
    )


@pytest.mark.parametrize("kind", ["wait", "time"])
def test_a_day_beyond_the_calendar_never_comes(kind: str) -> None:
    """A publication in the year 9999 leaves no way, and no number too large."""
    late, after = {"published": "9999-12-20"}, After(28, since="published")
    timed = way(by=("system",), after=after)
    lifecycle = rules(way(Waited(28, "published")) if kind == "wait" else timed)
    assert ask(lifecycle, fields=late).verdict == "impossible"


@pytest.mark.parametrize("asked", [Waited(9, "published"), After(9, since="published")])
def test_without_a_field_for_it_nothing_counts_from_publication(asked: Waited | After) -> None:
    """A category may have no such field."""
    timed = way(by=SYSTEM, after=asked) if isinstance(asked, After) else way(asked)
    assert ask(rules(timed), around=RouteContext(fields=frozenset())).verdict == "impossible"


@pytest.mark.parametrize(
    "asked",
    [
        Waited(1, "never"),
        Evidence("letter", since="never"),
        InspectionHeld("any", since="never"),
        DistinctFrom("start", "never"),
    ],
)
def test_what_counts_since_a_state_needs_that_state(asked: Requirement) -> None:
    """The way goes through it first, where it can; else there is none."""
    around = rules(
        way(asked),
        way(to="never", trigger="start"),
        never=State(OPEN, transitions=(way(to="open", trigger="back", implements=None),)),
    )
    assert [step.trigger for step in ask(around).steps] == ["start", "back", "close"]
    assert ask(rules(way(asked), never=State(OPEN))).verdict == "impossible"


def test_a_timed_step_is_peelflows_own_when_it_is_due() -> None:
    """Nobody acts; the day is said."""
    step = only(ask(rules(way(by=SYSTEM, after=After(30)))))
    assert (step.by, step.earliest, step.latest) == (SYSTEM, day(10), None)


def test_a_timed_step_since_publication_waits_for_that_day() -> None:
    """A missing date is to be set."""
    step = only(ask(rules(way(by=SYSTEM, after=After(30, since="published")))))
    assert step.needs == (DayNeed(day(33)), FieldNeed("published", day(3)))


def test_an_act_comes_before_a_timed_step_moves_the_record_on() -> None:
    """By when: entered on day -20, due on day 10."""
    timed = way(by=SYSTEM, after=After(30), to="paused", trigger="expire")
    assert only(ask(rules(way(), timed))).latest == day(10)


@pytest.mark.parametrize(
    ("after", "known", "latest"),
    [
        (After(months=1), None, day(8)),
        (After(30, beginning=True), None, day(9)),
        (After(working_days=20), HOLIDAYS, day(9)),
        (After(working_days=20, beginning=True), HOLIDAYS, day(8)),
        (After(working_days=20), None, None),
    ],
)
def test_a_timed_step_moves_the_record_on_in_every_unit(
    after: After, known: Holidays | None, latest: date | None
) -> None:
    """Entered on Wednesday 9 February; a bank holiday that nobody knows is not guessed."""
    timed = way(by=SYSTEM, after=after, to="paused", trigger="expire")
    assert only(ask(rules(way(), timed), around=RouteContext(holidays=known))).latest == latest


def test_a_timed_step_whose_day_nobody_can_tell_is_undetermined() -> None:
    """It is taken as if no bank holiday followed, and says why that is not sure."""
    timed = way(by=SYSTEM, after=After(working_days=20))
    step = only(ask(rules(timed)))
    assert step.earliest == day(8)
    assert step.undetermined == (
        "the day of `close`, which counts working days, and no list of bank holidays is installed",
    )


@pytest.mark.parametrize("asked", [ReasonGiven(), SuccessorNamed(), InspectionHeld("any")])
def test_peelflow_gives_no_words_and_names_no_inspection(asked: Requirement) -> None:
    """A timed step that needs one is never done."""
    assert ask(rules(way(asked, by=SYSTEM, after=After(1)))).verdict == "impossible"


def test_peelflow_is_no_other_person_than_itself() -> None:
    """What it did, a person must do the next step of; not it again."""
    asked = DistinctFrom("start")
    timed = way(asked, by=SYSTEM, after=After(1))
    assert ask(rules(timed), done={"start": done(3, "peelflow")}).verdict == "impossible"
    assert only(ask(rules(timed), done={"start": done(3, "Kim")})).needs == ()


def test_peelflow_needs_its_letter_beforehand() -> None:
    """It must be attached before a timed step."""
    step = only(ask(rules(way(Evidence("letter"), by=SYSTEM, after=After(1)))))
    assert step.needs == (DocumentNeed("letter", (), day(3), beforehand=True),)


def test_the_soonest_inspection_that_could_do_is_waited_for() -> None:
    """Those that cannot do are not named: over, of another kind, of other questions or forces."""
    known = (
        known_inspection(30, 31),
        known_inspection(9, 12),
        known_inspection(-30, -20),
        known_inspection(4, 5, kind="bespoke"),
        known_inspection(6, 7, questions=frozenset({"5"})),
        known_inspection(7, 8, force="Surrey"),
    )
    lifecycle = rules(way(InspectionHeld("planned", relevant=True)))
    step = only(ask(lifecycle, around=RouteContext(inspections=known), fields={"question": "7.2"}))
    assert step.earliest == day(9)
    assert step.needs == (
        DayNeed(day(9)),
        InspectionNeed(
            "planned",
            "7.2",
            day(-10),
            (
                KnownInspection("I-9", day(9), day(12)),
                KnownInspection("I-30", day(30), day(31)),
            ),
        ),
    )


def test_what_peelflow_does_at_once_belongs_to_the_step() -> None:
    """It lands where it then rests."""
    prompt = State(OPEN, transitions=(way(trigger="file", by=SYSTEM),))
    step = only(ask(rules(way(trigger="start", to="prompt"), prompt=prompt)))
    assert step.lands == ("prompt", "closed")


def test_what_peelflow_waits_for_is_prepared_beforehand() -> None:
    """A field, and a letter that is attached in the window of an own step."""
    prompt = State(OPEN, transitions=(way(FieldSet("owner"), LETTER, trigger="file", by=SYSTEM),))
    step = only(ask(rules(way(trigger="start", to="prompt", implements=None), prompt=prompt)))
    assert step.needs == (
        FieldNeed("owner"),
        AppointmentNeed(("chief_constable",), day(3)),
        DocumentNeed("letter", ("chief_constable",), day(3), beforehand=True),
    )


def test_what_peelflow_asks_of_the_past_is_not_prepared() -> None:
    """A wait since the state that the act enters is never over there; who did the act is known."""
    asked = (Waited(1, "prompt"), Evidence("letter", since="prompt"))
    for each in asked:
        prompt = State(OPEN, transitions=(way(each, trigger="file", by=SYSTEM),))
        assert ask(rules(way(trigger="start", to="prompt"), prompt=prompt)).verdict == "impossible"
    other = State(OPEN, transitions=(way(DistinctFrom("start"), trigger="file", by=SYSTEM),))
    assert only(ask(rules(way(trigger="start", to="prompt"), prompt=other))).new == "closed"


def test_where_a_predicate_decides_what_peelflow_does_both_ends_are_undetermined() -> None:
    """Nobody can foresee where the record comes to rest."""
    prompt = State(
        OPEN, transitions=(way(PredicateHolds("agreed"), trigger="file", by=SYSTEM), way())
    )
    lifecycle = rules(way(trigger="start", to="prompt"), prompt=prompt)
    around = RouteContext(predicates=frozenset({"agreed"}))
    for goal in ("closed", "prompt"):
        found = ask(lifecycle, to=goal, around=around)
        assert found.verdict == "undetermined"
        assert only(found).undetermined == ("the predicate `agreed`",)


def test_steps_of_peelflow_that_go_round_are_not_followed() -> None:
    """A search comes to its end, whatever the rules."""
    again = way(ReasonGiven(), trigger="again", to="prompt", by=SYSTEM)
    prompt = State(OPEN, transitions=(again, way()))
    found = ask(rules(way(trigger="start", to="prompt"), prompt=prompt))
    assert [step.lands for step in found.steps] == [("prompt",), ("closed",)]


def test_the_first_timed_step_that_falls_due_says_by_when() -> None:
    """Due on day 10, and on day 20."""
    timed = [
        way(by=SYSTEM, after=After(days), to="paused", trigger=f"expire_{days}")
        for days in (40, 30)
    ]
    assert only(ask(rules(way(), *timed))).latest == day(10)
