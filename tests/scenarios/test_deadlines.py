"""Deadlines: whose they are, how they count, and what stays when they slip."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peelflow.model.decisions import AnswersNeed, Refused
from peelflow.model.records import Amended
from peelflow.portfolio.listing import ages
from peelflow.portfolio.overdue import overdue
from peelflow.register.validation import checked_fields
from peelflow.rulebook.national import national
from tests.builders.force import KIND, LIAISON, Kind, World, actor

RESPONSE, ANSWER, LEVEL_3 = KIND["section-55"], KIND["section-55-answer"], KIND["level-3"]
PART = KIND["super-complaint-recommendation"]
CATEGORY = national().vocabulary.categories["section_55_response"]


def last_day(published: date) -> date:
    """Return the last day for comments on a report, as the national rules count it."""
    fields = checked_fields(CATEGORY, {"report": "R", "published": published}, record="S")
    return date.fromisoformat(str(fields["due"]))


def test_a_report_of_16_december_2022_is_commented_on_by_9_february_2023(world: World) -> None:
    """The deadline is a field of the response, filled in when it is added."""
    response = world.add(RESPONSE, fields={"published": date(2022, 12, 16)})
    assert world.register.record(response).fields["due"] == "2023-02-09"


@given(st.dates(max_value=date(9999, 11, 6)))
@example(date(2024, 1, 1))
@example(date(2024, 2, 29))
@example(date(2023, 2, 28))
@example(date(1999, 12, 31))
def test_publication_is_day_1_of_56(published: date) -> None:
    """Counted one by one, in leap years too, the last day is the 56th and the next is too late."""
    days = [published + timedelta(number) for number in range(56)]
    assert (days[0], days[-1]) == (published, last_day(published))


def ready(world: World) -> str:
    """Return a response that waits for the chief officer's comments, with one answer given."""
    response = world.add(RESPONSE)
    answer = world.add(ANSWER, parent=response)
    world.step(answer, "say_proposed")
    world.step(response, "set_date")
    return response


def test_the_policing_body_sets_the_chief_officer_an_inner_date(world: World) -> None:
    """Nobody of the force does, and without the date nothing is asked."""
    response = world.add(RESPONSE)
    with pytest.raises(Refused, match="not you"):
        world.fire(response, "set_date", "chief_constable")
    world.register.amend(
        response, "chief_officer_due", None, actor=LIAISON, on=world.day, reason="not set yet"
    )
    with pytest.raises(Refused, match="`chief_officer_due` is not set"):
        world.fire(response, "set_date", "pcc")


def test_the_chief_officers_comments_come_before_the_policing_bodys(world: World) -> None:
    """Signed by the Chief Constable, then published with the PCC's own."""
    response = ready(world)
    with pytest.raises(Refused, match="not you"):
        world.fire(response, "comment", "nominated_deputy")
    for trigger in ("comment", "publish"):
        world.step(response, trigger)
    assert world.register.record(response).state == "published"


def test_the_clock_does_not_wait_for_the_chief_officer(world: World) -> None:
    """The PCC may publish without his comments, and says so."""
    response = ready(world)
    said: dict[str, Any] = {"evidence": [world.letter(kind="response")]}
    with pytest.raises(Refused, match="no reason is given"):
        world.fire(response, "publish", "pcc", **said)
    world.fire(response, "publish", "pcc", **said, reason="no comments by the date set")
    assert world.register.record(response).state == "published"


def test_the_comments_answer_each_recommendation(world: World) -> None:
    """Not one answer begun may be missing when they are published."""
    response = ready(world)
    left = world.add(ANSWER, parent=response)
    world.step(response, "comment")
    said: dict[str, Any] = {"evidence": [world.letter(kind="response")]}
    with pytest.raises(Refused, match=f"not closed yet: {left}"):
        world.fire(response, "publish", "pcc", **said)
    world.step(left, "say_none")
    world.fire(response, "publish", "pcc", **said)


def test_no_recommendation_of_the_report_is_left_without_an_answer(world: World) -> None:
    """Nor one that nobody began an answer for; those of other reports and forces are not asked."""
    response = ready(world)
    report = str(world.register.record(response).fields["report"])
    said = {"source_report": report}
    one, two = (world.add(LEVEL_3, fields=said) for _ in range(2))
    world.add(LEVEL_3, fields={"source_report": world.add(KIND["report"])})
    world.add(LEVEL_3, fields=said, force="kent")
    world.add(Kind("area", "afi", 3), fields=said)
    world.step(response, "comment")
    published: dict[str, Any] = {"evidence": [world.letter(kind="response")]}
    with pytest.raises(Refused, match=f"no child names in `answers`: {one}, {two}; "):
        world.fire(response, "publish", "pcc", **published)
    for each in (one, two):
        answer = world.add(ANSWER, parent=response, fields={"answers": each})
        with pytest.raises(Refused, match=f"not closed yet: {answer}"):
            world.fire(response, "publish", "pcc", **published)
        world.step(answer, "say_proposed")
    world.fire(response, "publish", "pcc", **published)


def test_a_report_without_a_recommendation_is_commented_on_without_answers(world: World) -> None:
    """It has to be said; and where one is recorded, saying otherwise does not help."""
    response = world.add(RESPONSE)
    report = str(world.register.record(response).fields["report"])
    world.step(response, "set_date")
    world.step(response, "comment")
    published: dict[str, Any] = {"evidence": [world.letter(kind="response")]}
    with pytest.raises(Refused, match="there is no child; or the field `recommendations`"):
        world.fire(response, "publish", "pcc", **published)
    world.register.amend(
        response, "recommendations", "none_made", actor=LIAISON, on=world.day, reason="as published"
    )
    found = world.add(LEVEL_3, fields={"source_report": report})
    with pytest.raises(Refused, match=f"no child names in `answers`: {found}"):
        world.fire(response, "publish", "pcc", **published)
    world.register.amend(
        found, "source_report", None, actor=LIAISON, on=world.day, reason="of another report"
    )
    world.fire(response, "publish", "pcc", **published)


def test_the_way_to_publish_goes_by_every_answer(world: World) -> None:
    """Advice names each recommendation that has none, and what is to be done about it."""
    response = ready(world)
    report = str(world.register.record(response).fields["report"])
    owed = world.add(LEVEL_3, fields={"source_report": report})
    world.step(response, "comment")
    (step,) = world.register.route(response, to="published", on=world.day).steps
    assert AnswersNeed((owed,), "answers", ()) in step.needs
    refused = world.register.why(response, "publish", actor=actor("pcc"), on=world.day)
    assert refused is not None
    asked = [need for reason in refused.reasons for needs in reason.asks for need in needs]
    assert AnswersNeed((owed,), "answers", ()) in asked


@pytest.mark.parametrize("trigger", ["say_taken", "say_proposed", "say_none"])
def test_an_answer_says_what_was_done_is_proposed_or_why_not(world: World, trigger: str) -> None:
    """In words: each of the three needs them."""
    answer = world.add(ANSWER)
    with pytest.raises(Refused, match="no reason is given"):
        world.fire(answer, trigger, "pcc")
    world.step(answer, trigger)
    assert world.register.counts(world.register.record(answer)) == {"section_55": "closed"}


@pytest.mark.parametrize("first", ["copy_to_hmicfrs", "copy_to_secretary_of_state"])
def test_copies_go_to_hmicfrs_and_the_secretary_of_state(world: World, first: str) -> None:
    """In either order, and the response is open until both have theirs."""
    response = ready(world)
    for trigger in ("comment", "publish", first):
        world.step(response, trigger)
    assert world.register.figures(ledger="section_55").open == 1
    (other,) = (way.trigger for way in world.ways_out(response))
    world.step(response, other)
    assert {first, other} == {"copy_to_hmicfrs", "copy_to_secretary_of_state"}
    assert world.register.figures(ledger="section_55").open == 0


def test_a_super_complaints_report_sets_its_own_period(world: World) -> None:
    """There is no built-in number: no date is filled in, and the words are kept as they stand."""
    said = {"published": date(2022, 12, 16), "due_words": "within six months"}
    record = world.register.record(world.add(PART, fields=said))
    assert "due" not in record.fields
    assert record.fields["due_words"] == "within six months"


@pytest.mark.parametrize("words", ["within three months", "with immediate effect"])
def test_a_deadline_in_words_is_kept_until_somebody_makes_it_a_day(
    world: World, words: str
) -> None:
    """It is in no list of what is late before that, and in the list of what has no day."""
    record = world.add(LEVEL_3, fields={"published": world.day, "due_words": words})
    world.later(400)
    listed = overdue(world.register, world.day)
    assert [each.deadline.words for each in listed.undated if each.row.record == record] == [words]
    slip(world, record, world.day, "the words, as a day")
    listed = overdue(world.register, world.day)
    assert [(each.row.record, each.days_over) for each in listed.records] == [(record, 1)]


def test_a_fixed_date_is_kept_as_the_report_gives_it(world: World) -> None:
    """It is the record's deadline from the beginning."""
    record = world.add(LEVEL_3, fields={"due": date(2021, 9, 30)})
    due = world.register.deadline(record)
    assert (due.original, due.current, due.changes) == (date(2021, 9, 30), date(2021, 9, 30), ())


def test_age_since_publication_may_stand_for_a_target(world: World) -> None:
    """Some bodies look at what is open two years after it was published; no date is set."""
    old = world.add(LEVEL_3, fields={"published": world.day})
    world.later(731)
    new = world.add(LEVEL_3, fields={"published": world.day})
    world.later()
    found = {each.row.record: each.days for each in ages(world.register, world.day)}
    assert (found[old], found[new]) == (732, 1)


def test_the_clock_belongs_to_the_report_and_the_pcc(world: World) -> None:
    """A force's recommendation of the same report has no such day, and no force role publishes."""
    response = world.add(RESPONSE, fields={"published": date(2022, 12, 16)})
    record = world.add(LEVEL_3, fields={"published": date(2022, 12, 16)})
    assert world.register.deadline(response).origin == "rule"
    assert world.register.deadline(record).origin == "none"
    publishers = {
        role
        for state in world.register.lifecycle(
            world.register.record(response).lifecycle
        ).states.values()
        for way in state.transitions
        if way.trigger == "publish"
        for role in way.by
    }
    assert publishers == {"pcc"}


def test_a_recommendation_without_a_deadline_gets_one_from_the_force(world: World) -> None:
    """None is set at issue; the force amends it."""
    record = world.add(LEVEL_3, fields={"published": world.day})
    assert "due" not in world.register.record(record).fields
    slip(world, record, date(2021, 6, 30), "the force sets one")
    assert world.register.record(record).fields["due"] == "2021-06-30"


def slip(world: World, record: str, due: date, reason: str) -> None:
    """Set another due date."""
    world.register.amend(record, "due", due, actor=LIAISON, on=world.later(), reason=reason)


def test_a_date_that_slips_keeps_the_original_every_revised_one_and_the_reason(
    world: World,
) -> None:
    """All of it stands in the record's history."""
    record = world.add(LEVEL_3, fields={"due": date(2021, 3, 31)})
    for due, reason in ((date(2021, 6, 30), "no staff"), (date(2021, 9, 30), "new system")):
        slip(world, record, due, reason)
    first, second = world.register.history(record)[1:]
    assert first.what == Amended("due", "2021-03-31", "2021-06-30")
    assert second.what == Amended("due", "2021-06-30", "2021-09-30")
    assert [first.reason, second.reason] == ["no staff", "new system"]


def test_a_national_and_a_force_report_on_one_subject_know_each_other(world: World) -> None:
    """Each has its publication, and so its own deadline for comments."""
    report = KIND["report"]
    nation = world.add(report, fields={"subject": "custody", "published": date(2021, 1, 5)})
    own = world.add(
        report,
        fields={
            "subject": "custody",
            "kind": "force",
            "counterpart": nation,
            "published": date(2021, 2, 5),
        },
    )
    days = []
    for each in (nation, own):
        published = world.register.record(each).fields["published"]
        response = world.add(RESPONSE, fields={"report": each, "published": published})
        days.append(world.register.record(response).fields["due"])
    assert days == ["2021-03-01", "2021-04-01"]
