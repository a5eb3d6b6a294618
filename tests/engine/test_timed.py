"""Steps that time takes: due on their last day, and not told where nobody can count so far."""

from __future__ import annotations

from datetime import date

import pytest

from peelflow.engine.decide import overdue
from peelflow.model.decisions import FieldNeed, NeedAlternatives
from peelflow.model.records import PEELFLOW, TransitionTaken
from peelflow.model.rules import After, Holidays, Lifecycle
from peelflow.testing.strategies import HOLIDAYS
from peelflow.wording import say_within
from tests.builders.decisions import A_RECORD, Scene, accepted, day, refused, rules, scene, way

NO_HOLIDAYS = Holidays(frozenset(), 2022, 2022)
LAST_YEAR = Holidays(frozenset(), 2020, 2021)
MONTH = After(months=1)


def timed(after: After) -> Lifecycle:
    """Return rules with one timed step out of `open`, which was entered on 9 February."""
    return rules(way(by=("system",), after=after))


def tick(on: date, holidays: Holidays | None = None, published: str = "") -> Scene:
    """Return a scene in which peelflow itself takes the step on a day."""
    return scene(
        record={"fields": {"published": published}},
        act={"actor": PEELFLOW, "on": on},
        context={"holidays": holidays, "today": on},
    )


@pytest.mark.parametrize(
    ("after", "holidays", "due"),
    [
        (After(23), None, day(3)),
        (After(24, beginning=True), None, day(3)),
        (MONTH, None, date(2022, 3, 9)),
        (After(months=1, beginning=True), None, date(2022, 3, 8)),
        (After(working_days=17), NO_HOLIDAYS, day(3)),
        (After(working_days=18, beginning=True), NO_HOLIDAYS, day(3)),
        (After(working_days=17), HOLIDAYS, day(6)),
    ],
)
def test_a_timed_step_falls_due_on_its_last_day(
    after: After, holidays: Holidays | None, due: date
) -> None:
    """It is taken that day and no sooner, and its event keeps the day."""
    rule = timed(after)
    what = accepted(rule, tick(due, holidays)).what
    assert isinstance(what, TransitionTaken)
    assert what.due == due
    sooner = date.fromordinal(due.toordinal() - 1)
    assert refused(rule, tick(sooner, holidays)).reasons
    found = [overdue(rule, A_RECORD, on, holidays) for on in (sooner, due)]
    assert found == [{}, {"close": due}]


@pytest.mark.parametrize(
    ("after", "at", "found"),
    [
        (MONTH, tick(day(3)), "it falls due on 2022-03-09"),
        (
            After(working_days=5),
            tick(day(3)),
            "it counts working days, and no list of bank holidays is installed",
        ),
        (
            After(working_days=5),
            tick(day(3), LAST_YEAR),
            (
                "it counts working days up to 2022-02-10, and bank holidays are known from 2020 to "
                "2021"
            ),
        ),
        (After(working_days=40), tick(day(3)), "it does not fall due by 2022-03-04"),
        (
            After(months=1, since="published"),
            tick(day(3), published="9999-12-20"),
            "9999-12-20, from when to count, lies after the act's date 2022-03-04",
        ),
        (After(months=1, since="published"), tick(day(3)), "no date of publication is set"),
    ],
)
def test_a_step_that_is_not_due_says_what_is_known(after: After, at: Scene, found: str) -> None:
    """The day; or what is lacking to tell it, once the step could be due."""
    (reason,) = refused(timed(after), at).reasons
    assert reason.sentence == found
    assert overdue(timed(after), at.record, at.act.on, at.context.holidays) == {}


@pytest.mark.parametrize(
    ("after", "asks"),
    [
        (After(23, since="published"), ((FieldNeed("published", latest=date(2022, 2, 9)),),)),
        (After(working_days=1, since="published"), ()),
    ],
)
def test_a_publication_is_asked_for_only_where_one_would_do(
    after: After, asks: NeedAlternatives
) -> None:
    """Not for working days, where no list of holidays says how many have passed since."""
    (reason,) = refused(timed(after), tick(day(3))).reasons
    assert reason.sentence == "no date of publication is set"
    assert reason.asks == asks


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (After(1), "within 1 day of the day of entry"),
        (After(months=2, beginning=True), "within 2 months beginning with the day of entry"),
        (
            After(working_days=20, since="published"),
            "within 20 working days of the date in the field `published`",
        ),
    ],
)
def test_by_when_a_state_is_to_be_left_is_said_in_its_unit(due: After, said: str) -> None:
    """With the day that it counts from, and whether that is the first."""
    assert say_within(due) == said
