"""A child for each record that names the same: what is looked at, when, and for how long."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from peelflow.errors import Conflict
from peelflow.model.decisions import AnswersNeed, Refused
from peelflow.model.requirements import ChildForEach
from peelflow.register.context import mentions_of
from peelflow.register.register import Register
from tests.builders.force import HMICFRS, KIND, LIAISON, World, actor, clock

RESPONSE, ANSWER, LEVEL_3 = KIND["section-55"], KIND["section-55-answer"], KIND["level-3"]


def commented(world: World, *owed: str) -> tuple[str, str]:
    """Return a response that could be published but for its answers, and its report."""
    response = world.add(RESPONSE)
    report = str(world.register.record(response).fields["report"])
    for each in owed:
        name(world, each, report)
    answered(world, response, world.add(KIND["cause-of-concern"]))
    world.step(response, "set_date")
    world.step(response, "comment")
    return response, report


def answered(world: World, response: str, record: str) -> str:
    """Answer a record in a response."""
    answer = world.add(ANSWER, parent=response, fields={"answers": record})
    world.step(answer, "say_taken")
    return answer


def name(world: World, record: str, report: str | None) -> None:
    """Say of which report a recommendation is."""
    world.register.amend(
        record, "source_report", report, actor=LIAISON, on=world.day, reason="as published"
    )


def publishing(world: World) -> dict[str, Any]:
    """Return what the comments are published with."""
    return {"actor": actor("pcc"), "on": world.day, "evidence": [world.letter(kind="response")]}


def test_what_must_be_answered_is_read_with_the_batch(world: World) -> None:
    """One that moves meanwhile makes a Conflict, and nothing is kept."""
    owed = world.add(LEVEL_3)
    response, _ = commented(world, owed)
    answered(world, response, owed)
    with (
        pytest.raises(Conflict) as conflict,
        world.register.batch() as batch,
    ):
        batch.fire(response, "publish", **publishing(world))
        world.step(owed, "start")
    assert conflict.value.record == owed
    assert world.register.record(response).state == "commented"


def test_what_the_batch_itself_recorded_must_be_answered(world: World) -> None:
    """Whether it is added or amended there; a step that was refused leaves nothing to answer."""
    other = world.add(LEVEL_3)
    response, report = commented(world)
    added: dict[str, Any] = {
        "category": "recommendation",
        "level": 3,
        "force": world.register.record(response).force,
        "issued": world.day,
        "fields": {"source_report": report},
        "actor": HMICFRS,
        "recorded_by": "liaison-officer",
        "source": "portal",
    }
    given = publishing(world)
    with (
        pytest.raises(Refused, match="no child names in `answers`: new; "),
        world.register.batch() as batch,
    ):
        batch.add("new", **added)
        batch.fire(response, "publish", **given)
    with (
        pytest.raises(Refused, match=f"no child names in `answers`: {other}"),
        world.register.batch() as batch,
    ):
        batch.amend(other, "source_report", report, actor=LIAISON, on=world.day, reason="it is")
        batch.fire(response, "publish", **given)
    with world.register.batch() as batch:
        batch.add("theirs", **{**added, "force": "kent"})
        batch.add("area", **{**added, "category": "afi"})
        with pytest.raises(ZeroDivisionError), batch.savepoint():
            batch.add("new", **added)
            raise ZeroDivisionError
        batch.fire(response, "publish", **given)
    assert world.register.record(response).state == "published"


def test_what_was_withdrawn_needs_no_answer(world: World) -> None:
    """14.11: a recommendation that was entered by mistake counts nowhere."""
    owed = world.add(LEVEL_3)
    response, _ = commented(world, owed)
    given = publishing(world)
    with pytest.raises(Refused, match=f"no child names in `answers`: {owed}"):
        world.register.fire(response, "publish", **given)
    void: dict[str, Any] = {"correction": "void", "actor": HMICFRS, "reason": "entered twice"}
    void |= {"recorded_by": "liaison-officer", "source": "portal"}
    with world.register.batch() as batch:
        batch.correct(owed, 1, **void)
        batch.fire(response, "publish", **given)
    assert world.register.record(response).state == "published"


def test_a_record_that_names_nothing_has_nothing_to_answer(world: World) -> None:
    """Others that name nothing either are not of the same."""
    one, _ = (world.add(LEVEL_3) for _ in range(2))
    asked = ChildForEach("answers", ("recommendation",), "source_report", "source_report")
    assert mentions_of(world.register.session(), world.register.record(one), [asked]) == ()


def test_records_of_every_category_that_is_asked_for_are_found(world: World) -> None:
    """By id, whichever category is asked for first, and each once."""
    response, report = commented(world)
    fields = {"source_report": report}
    found = sorted(world.add(kind, fields=fields) for kind in (LEVEL_3, KIND["level-4"]))
    asked = [
        ChildForEach("answers", categories, "source_report", "report")
        for categories in (("recommendation", "afi"), ("afi",))
    ]
    mentions = mentions_of(world.register.session(), world.register.record(response), asked)
    assert [each.id for each in mentions] == found


def test_what_names_another_report_may_move_meanwhile(world: World) -> None:
    """It is not read, so it makes no Conflict."""
    other = world.add(LEVEL_3, fields={"source_report": world.add(KIND["report"])})
    response, _ = commented(world)
    given = publishing(world)
    with world.register.batch() as batch:
        batch.fire(response, "publish", **given)
        world.register.fire(other, "start", actor=LIAISON, on=world.day)
    assert world.register.record(response).state == "published"


def test_what_names_it_no_more_need_not_be_answered(world: World) -> None:
    """In the batch that amends it, too."""
    owed = world.add(LEVEL_3)
    response, _ = commented(world, owed)
    given = publishing(world)
    with world.register.batch() as batch:
        with pytest.raises(Refused, match=owed):
            batch.fire(response, "publish", **given)
        batch.amend(
            owed, "source_report", None, actor=LIAISON, on=world.day, reason="of another report"
        )
        batch.fire(response, "publish", **given)


def test_every_missing_answer_is_told_at_once(world: World) -> None:
    """By id, as data too."""
    owed = [world.add(LEVEL_3) for _ in range(3)]
    response, _ = commented(world, *owed)
    answered(world, response, owed[1])
    refused = world.register.why(response, "publish", **publishing(world))
    assert refused is not None
    (reason,) = refused.reasons
    assert reason.sentence == f"no child names in `answers`: {owed[0]}, {owed[2]}"
    assert reason.asks == ((AnswersNeed((owed[0], owed[2]), "answers", ()),),)


def test_a_correction_is_judged_by_what_was_known_when_it_was_published() -> None:
    """A recommendation that is recorded later, or comes to name the report, stands in no way."""
    ticks = count()
    register = Register.open("memory:", clock=lambda: clock() + timedelta(seconds=next(ticks)))
    world = World(register).settle_in()
    before, later = world.add(LEVEL_3), world.add(LEVEL_3)
    response, report = commented(world, before)
    answer = answered(world, response, before)
    event = register.fire(response, "publish", **publishing(world))
    name(world, later, report)
    world.add(LEVEL_3, fields={"source_report": report})
    told: dict[str, Any] = {"actor": actor("pcc"), "on": world.later(), "reason": "a slip"}
    register.correct(response, event.number, correction="redate", to=world.day, **told)
    assert register.record(response).on == world.day
    said = register.history(answer)[-1]
    with pytest.raises(Refused, match="could not `publish`"):
        register.correct(answer, said.number, correction="void", **told)


def test_what_it_rested_on_is_still_asked_for_when_it_is_judged_again(world: World) -> None:
    """A correction does not let comments stand that left out what was known."""
    owed = world.add(LEVEL_3)
    response, report = commented(world)
    answer = world.add(ANSWER, parent=response, fields={"answers": world.add(LEVEL_3)})
    world.step(answer, "say_none")
    register = world.register
    told: dict[str, Any] = {"actor": LIAISON, "on": world.day, "reason": "a slip"}
    name(world, owed, report)
    amended = register.amend(answer, "answers", owed, **told)
    register.fire(response, "publish", **publishing(world))
    with pytest.raises(Refused, match=f"no child names in `answers`: {owed}"):
        register.correct(answer, amended.number, correction="void", **told)
