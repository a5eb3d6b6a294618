"""What somebody else's act rested on stays, while the act stands; and its history shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from peelflow import Register
from peelflow.cli.history import _event_row
from peelflow.model.decisions import Refused
from peelflow.portfolio.listing import question_amendments
from peelflow.register import dependents
from tests.builders.force import HMICFRS, KIND, LIAISON, World, actor

LEVEL_3 = KIND["level-3"]


def amend(world: World, record: str, field: str, new: Any) -> None:
    """Amend a field today, as the side that set it: a question is HMICFRS's."""
    by: dict[str, Any] = {"actor": LIAISON}
    if field.startswith("question"):
        by = {"actor": HMICFRS, "source": "portal", "recorded_by": LIAISON.person}
    world.register.amend(record, field, new, **by, on=world.day, reason="as found")


def certified(world: World, **fields: Any) -> str:
    """Return a record at level 3 that waits for its verification."""
    record = world.add(LEVEL_3, fields=fields)
    world.step(record, "start")
    world.step(record, "self_certify", "chief_constable")
    return record


@pytest.mark.parametrize(
    ("field", "new"), [("question", "9"), ("question", None), ("question_set", "peel_twelve")]
)
def test_a_question_that_was_verified_stays(world: World, field: str, new: str | None) -> None:
    """The inspection did not cover another; void the verification first."""
    record = certified(world, question="7", question_set="peel_nine")
    inspection = world.inspect()
    amend(world, inspection, "question_set", "peel_nine")
    verified = world.fire(record, "verify", "hmicfrs", inspection=inspection)
    with pytest.raises(Refused, match="could not `verify`") as refused:
        amend(world, record, field, new)
    (reason,) = refused.value.reasons
    assert refused.value.refusal.trigger == "amend"
    assert reason.instead == f"correct event {verified.number} of {record} first, or leave this one"
    amend(world, record, "question", "7.2")
    amend(world, record, "owner", "another-lead")
    with world.register.batch() as batch:
        batch.correct(
            record,
            verified.number,
            correction="void",
            actor=HMICFRS,
            on=world.day,
            recorded_by="liaison-officer",
            reason="another question was meant",
            source="portal",
        )
        batch.amend(
            record,
            field,
            new,
            actor=HMICFRS,
            on=world.day,
            recorded_by="liaison-officer",
            reason="as found",
            source="portal",
        )
    assert world.register.record(record).fields.get(field) == new
    assert world.register.verify() == ()


def test_a_question_may_change_once_the_record_was_sent_back(world: World) -> None:
    """What was refused stands no more; nor does a verification that was undone."""
    record = certified(world)
    world.step(record, "refuse")
    amend(world, record, "question", "9")
    amend(world, record, "question", "7")
    world.step(record, "self_certify", "chief_constable")
    world.step(record, "verify")
    world.step(record, "reopen")
    amend(world, record, "question", "9")


def test_14_33_no_owner_is_cleared_that_a_step_rested_on(world: World) -> None:
    """`start` needs an owner: who leaves is followed by another, until the step is undone."""
    record = world.add(LEVEL_3)
    started = world.step(record, "start")
    with pytest.raises(Refused, match=r"could not `start`.*`owner` is not set"):
        amend(world, record, "owner", None)
    amend(world, record, "owner", "another-lead")
    world.register.correct(
        record, started.number, correction="void", actor=LIAISON, on=world.day, reason="not begun"
    )
    amend(world, record, "owner", None)
    assert world.register.verify() == ()


def test_what_the_pcc_acted_on_stays(world: World) -> None:
    """The date that was set for the chief officer may move, and not vanish."""
    response = world.add(KIND["section-55"])
    world.step(response, "set_date")
    amend(world, response, "chief_officer_due", world.later(9))
    with pytest.raises(Refused, match="could not `set_date`"):
        amend(world, response, "chief_officer_due", None)
    world.step(response, "comment")
    world.step(response, "send_back")
    assert world.register.record(response).done["send_back"].person == actor("pcc").person


def test_an_amended_question_is_shown_with_the_verification(world: World) -> None:
    """Who reads the act sees how the record came to be about what was inspected."""
    record = certified(world, question="3")
    inspection = world.inspect()
    with pytest.raises(Refused, match="covers 7, and the record's question is 3"):
        world.fire(record, "verify", "hmicfrs", inspection=inspection)
    amend(world, record, "theme", "custody")
    amend(world, record, "question", "7")
    amended = world.register.history(record)[-1]
    verified = world.fire(record, "verify", "hmicfrs", inspection=inspection)
    history = world.register.history(record)
    assert question_amendments(history, verified) == (amended,)
    assert question_amendments(history, amended) == ()
    shown = _event_row(verified, history)[2]
    assert shown == (
        f"verify: self_certified → closed, at {inspection}; "
        f"question: 3 → 7 in event {amended.number} of {amended.on}"
    )


def test_what_only_came_from_others_is_no_act_that_stands(world: World) -> None:
    """A letter that HMICFRS attached rests on no field; one may be amended beside it."""
    record = certified(world, question="7", question_set="peel_nine")
    inspection = world.inspect()
    amend(world, inspection, "question_set", "peel_nine")
    letter = world.register.keep(b"a reply", kind="letter", name="reply.txt")
    world.register.attach(
        record,
        letter,
        actor=HMICFRS,
        on=world.day,
        source="portal",
        recorded_by="liaison-officer",
    )
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    amend(world, record, "owner", "somebody-else")
    assert world.register.record(record).fields["owner"] == "somebody-else"


def test_what_others_did_stays_at_a_level_that_has_no_such_step(world: World) -> None:
    """HMICFRS inspected further at level 4, which level 2 does not know: that inspection stays."""
    record = world.add(KIND["level-4"])
    world.step(record, "start")
    inspection = world.inspect("bespoke")
    done = world.fire(
        record, "inspect_further", "hmicfrs", inspection=inspection, reason="not enough"
    )
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
    world.register.relevel(
        record, plan="level-4-to-2", actor=HMICFRS, on=world.day, reason="less to do", **said
    )
    amend(world, record, "owner", "another-lead")
    with pytest.raises(Refused, match="could not `start`") as refused:
        amend(world, record, "owner", None)
    assert f"event {done.number}" not in str(refused.value)
    assert world.register.verify() == ()


def verified_and_moved(world: World, plan: str) -> tuple[str, int]:
    """Return a record that HMICFRS verified at level 3 and moved, with the event that did."""
    record = certified(world)
    verified = world.fire(record, "verify", "hmicfrs", inspection=world.inspect())
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
    world.register.relevel(
        record, plan=plan, actor=HMICFRS, on=world.day, reason="another level", **said
    )
    return record, verified.number


@pytest.mark.parametrize("level", [1, 2, 4])
def test_a_verification_stays_where_its_level_calls_it_the_forces(world: World, level: int) -> None:
    """14: at level 2 to verify is to close, as the force does; the inspection was the same."""
    record, verified = verified_and_moved(world, f"level-3-to-{level}")
    with pytest.raises(Refused, match="could not `verify`") as refused:
        amend(world, record, "question", "9")
    assert f"event {verified} of {record}" in str(refused.value)
    amend(world, record, "question", "7.2")
    amend(world, record, "owner", "another-lead")
    assert world.register.verify() == ()


def test_what_was_reopened_at_another_level_stands_no_more(world: World) -> None:
    """14: the force's own closure at level 2 keeps no question."""
    record, _ = verified_and_moved(world, "level-3-to-2")
    world.step(record, "reopen")
    amend(world, record, "question", "9")
    world.step(record, "close", "chief_constable")
    amend(world, record, "question", "8")
    assert world.register.verify() == ()


SINCE = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "codes"), [(SINCE - timedelta(1), set()), (SINCE, {"act-unlawful"})]
)
def test_an_amendment_of_before_is_not_held_to_another_level(
    now: datetime, codes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """14: an earlier peelflow let it be; `verify` finds a later one."""
    world = World(Register.open("memory:", clock=lambda: now)).settle_in()
    record, _ = verified_and_moved(world, "level-3-to-2")
    with monkeypatch.context() as as_before:
        as_before.setattr(dependents, "_was_done_before_states", lambda _: False)
        amend(world, record, "question", "9")
    assert {each.code for each in world.register.verify()} == codes
