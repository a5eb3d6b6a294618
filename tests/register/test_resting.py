"""Acts that rest on an appointment or an inspection are judged again when that changes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import Conflict
from peelflow.model.decisions import Refusal, Refused
from peelflow.model.records import Actor, Event
from peelflow.register import dependents
from peelflow.register.register import Register
from peelflow.register.session import Session
from peelflow.rulebook.national import load
from tests.builders.force import FORCE, KIND, LIAISON, START, World, actor
from tests.builders.rules import REVIEW_1_TO_2, reviews, write_review_rules
from tests.builders.rules import REVIEW_START as BEGUN

LEVEL_2, LEVEL_3 = KIND["level-2"], KIND["level-3"]
THE_CHIEF = f"appointment:{FORCE}:chief_constable:chief-constable:{START}"
THE_DEPUTY = f"appointment:{FORCE}:nominated_deputy:deputy:{START}"
DEPUTY = actor("nominated_deputy")


def closed(world: World, by: str = "nominated_deputy") -> str:
    """Return a level 2 record that somebody closed on a letter of the Chief Constable's."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    world.step(record, "close", by)
    return record


def verified(world: World, inspection: str) -> str:
    """Return a level 3 record that HMICFRS verified at an inspection."""
    record = world.add(LEVEL_3, fields={"question": "7.2"})
    world.step(record, "start")
    world.step(record, "self_certify")
    world.later()
    world.fire(record, "verify", "hmicfrs", inspection=inspection)
    return record


def held(world: World, last: int = 60) -> str:
    """Return a planned inspection of questions 7 and 9, from today for some days."""
    days = {"first_day": world.day, "last_day": world.day + timedelta(last)}
    return world.add(KIND["inspection"], fields={**days, "questions": ["7", "9"]})


def amend(world: World, record: str, name: str, new: Any, **more: Any) -> Event:
    """Amend a field today, unless said otherwise; of an inspection, as HMICFRS, which set it."""
    said: dict[str, Any] = {"actor": LIAISON, "on": world.day, "reason": "as it turns out"}
    if world.register.record(record).category == "inspection":
        said |= {"actor": actor("hmicfrs"), "source": "portal", "recorded_by": "liaison-officer"}
    return world.register.amend(record, name, new, **{**said, **more})


def refusal(refused: pytest.ExceptionInfo[Refused]) -> Refusal:
    """Return the refusal that an error carries."""
    assert isinstance(refused.value.refusal, Refusal)
    return refused.value.refusal


def test_an_appointment_does_not_end_before_what_was_done_under_it(world: World) -> None:
    """The refusal names the record, the event and the day, and says what to correct first."""
    record = closed(world)
    before = world.picture(THE_DEPUTY)
    with pytest.raises(Refused) as refused:
        amend(world, THE_DEPUTY, "last_day", START)
    said = f"deputy did not hold `nominated_deputy` in {FORCE} on {world.day}"
    instead = f"correct event 3 of {record} first, or leave this one"
    assert str(refused.value).splitlines() == [
        f"{THE_DEPUTY} is `made`; cannot `amend` as `liaison_officer`",
        f"  not yet: {record} could not `close` on {world.day}: {said}; {instead}",
    ]
    assert world.picture(THE_DEPUTY) == before


def test_an_appointment_does_not_end_before_a_letter_that_counted(world: World) -> None:
    """On the day it was signed, not on the day it was used."""
    record, day = closed(world), world.day
    with pytest.raises(Refused, match=f"{record} could not `close` on {day}: .* is signed by"):
        amend(world, THE_CHIEF, "last_day", day - timedelta(1))
    amend(world, THE_CHIEF, "last_day", day)


def test_a_letter_that_lay_on_the_record_already_rests_on_its_signatory(world: World) -> None:
    """It counts where it was attached, and the act brought none."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    letter, day = world.letter(), world.day
    world.register.attach(record, letter, actor=LIAISON, on=day)
    world.fire(record, "close", "nominated_deputy")
    with pytest.raises(Refused, match=f"{record} could not `close` on {day}: .* is signed by"):
        amend(world, THE_CHIEF, "last_day", day - timedelta(1))


def test_a_record_that_one_person_did_everything_on_rests_on_him(world: World) -> None:
    """In whatever role he did the rest."""
    day = world.day
    said: dict[str, Any] = {"category": "afi", "level": 2, "force": FORCE, "issued": day}
    lead = Actor("deputy", "lead")
    world.register.add("HIS", fields={"owner": "deputy"}, actor=lead, **said)
    world.register.fire("HIS", "start", actor=lead, on=day)
    world.later()
    world.fire("HIS", "close", "nominated_deputy", evidence=[world.letter()])
    with pytest.raises(Refused, match=f"HIS could not `close` on {world.day}"):
        amend(world, THE_DEPUTY, "last_day", START)


def test_an_appointment_ends_once_what_was_done_under_it_is_corrected(world: World) -> None:
    """One batch may do both: the correction first."""
    record = closed(world)
    said: dict[str, Any] = {"on": world.later(), "reason": "he had gone"}
    with world.register.batch() as batch:
        batch.correct(record, 3, correction="void", actor=DEPUTY, **said)
        batch.amend(THE_DEPUTY, "last_day", START, actor=LIAISON, **said)
    assert world.register.record(THE_DEPUTY).fields["last_day"] == str(START)
    assert world.register.verify() == ()


def test_a_batch_sees_what_it_did_itself(world: World) -> None:
    """A record that is added and closed in the batch rests on what the batch then narrows."""
    letter, day = world.letter(), world.day
    said: dict[str, Any] = {"category": "afi", "level": 2, "force": FORCE, "issued": day}
    with pytest.raises(Refused, match="NEW could not `close`"), world.register.batch() as batch:
        batch.add("NEW", fields={"owner": "lead"}, actor=LIAISON, **said)
        batch.fire("NEW", "start", actor=LIAISON, on=day)
        batch.fire("NEW", "close", actor=DEPUTY, on=day, evidence=[letter])
        batch.amend(
            THE_DEPUTY, "first_day", day + timedelta(1), actor=LIAISON, on=day, reason="later"
        )


def test_a_record_that_the_batch_takes_up_rests_on_what_it_then_narrows(world: World) -> None:
    """Where nothing but its beginning was stored before; and it is named once."""
    record, letter, day = world.add(LEVEL_2), world.letter(), world.day
    with pytest.raises(Refused) as refused, world.register.batch() as batch:
        batch.fire(record, "start", actor=LIAISON, on=day)
        batch.fire(record, "close", actor=DEPUTY, on=day, evidence=[letter])
        batch.amend(
            THE_DEPUTY, "first_day", day + timedelta(1), actor=LIAISON, on=day, reason="later"
        )
    (reason,) = refusal(refused).reasons
    assert reason.instead == f"correct event 3 of {record} first, or leave this one"


def test_what_a_batch_adds_to_another_force_does_not_rest_on_it(world: World) -> None:
    """An appointment holds in its own force alone."""
    day = world.day
    with world.register.batch() as batch:
        batch.add("NEW", category="afi", level=2, force="other", issued=day, actor=LIAISON)
        batch.amend(THE_DEPUTY, "last_day", day, actor=LIAISON, on=day, reason="left")
    assert world.register.record("NEW").force == "other"


def test_an_amendment_that_let_an_act_be_done_is_not_voided(world: World) -> None:
    """A correction of the appointment is judged like an amendment; re-dating it changes no day."""
    amend(world, THE_DEPUTY, "last_day", START)
    amend(world, THE_DEPUTY, "last_day", START + timedelta(30))
    record = closed(world)
    said: dict[str, Any] = {"actor": LIAISON, "on": world.later(), "reason": "it was not extended"}
    with pytest.raises(Refused) as refused:
        world.register.correct(THE_DEPUTY, 3, correction="void", **said)
    found = refusal(refused)
    rules = str(world.register.record(THE_DEPUTY).lifecycle)
    assert (found.record, found.lifecycle, found.trigger) == (THE_DEPUTY, rules, "correct")
    assert found.reasons[0].instead == f"correct event 3 of {record} first, or leave this one"
    day = START + timedelta(1)
    world.register.correct(THE_DEPUTY, 3, correction="redate", to=day, **said)


def test_an_inspection_is_not_called_off_once_it_verified(world: World) -> None:
    """Calling it off says that it was not held."""
    inspection = held(world)
    record = verified(world, inspection)
    with pytest.raises(Refused, match=f"{record} could not `verify` on {world.day}") as refused:
        world.fire(inspection, "cancel", "hmicfrs", reason="no inspectors")
    assert refusal(refused).trigger == "cancel"
    said: dict[str, Any] = {"reason": "x", "source": "portal", "on": world.day}
    assert world.register.why(inspection, "cancel", actor=actor("hmicfrs"), **said)


def test_the_scheduling_of_an_inspection_that_verified_is_not_voided(world: World) -> None:
    """Without it the inspection is still postponed."""
    inspection = held(world)
    for trigger in ("schedule", "postpone", "schedule"):
        world.fire(inspection, trigger, "hmicfrs", reason="no inspectors")
    record = verified(world, inspection)
    said: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal", "reason": "x"}
    with pytest.raises(Refused, match=f"{record} could not `verify`"):
        world.register.correct(
            inspection, 4, correction="void", actor=actor("hmicfrs"), on=world.day, **said
        )


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("kind", "bespoke"),
        ("kind", None),
        ("questions", ["9"]),
        ("first_day", date(2021, 2, 1)),
        ("last_day", START),
    ],
)
def test_an_inspection_keeps_what_it_verified_by(world: World, name: str, new: object) -> None:
    """Its kind, its questions, and days that lie around the act."""
    inspection = held(world)
    record = verified(world, inspection)
    with pytest.raises(Refused, match=f"{record} could not `verify`"):
        amend(world, inspection, name, new)


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("questions", ["7", "9", "3"]),
        ("questions", ["7"]),
        ("first_day", START - timedelta(9)),
        ("last_day", date(2022, 1, 1)),
        ("last_day", START + timedelta(4)),
        ("question_set", "peel_nine"),
    ],
)
def test_what_leaves_every_act_lawful_passes(world: World, name: str, new: object) -> None:
    """Wider, or narrower where nothing rests on it."""
    inspection = held(world)
    verified(world, inspection)
    amend(world, inspection, name, new)
    assert world.register.verify() == ()


def test_what_only_widens_looks_at_no_other_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does an end that has not come yet: nothing was done after it."""

    def never(*_: object) -> None:
        raise AssertionError

    inspection = held(world)
    closed(world)
    monkeypatch.setattr(dependents, "_other_histories", never)
    amend(world, THE_DEPUTY, "first_day", START - timedelta(30))
    amend(world, THE_DEPUTY, "last_day", date(2026, 6, 1))
    amend(world, THE_DEPUTY, "last_day", date(2026, 7, 1))
    amend(world, inspection, "first_day", START - timedelta(30))
    amend(world, inspection, "title", "PEEL")
    amend(world, inspection, "questions", ["7", "9", "3"])
    with pytest.raises(AssertionError):
        amend(world, THE_DEPUTY, "last_day", date(2026, 5, 31))


def test_an_act_that_was_unlawful_before_is_not_blamed_on_a_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version of this library let through stands in nobody's way."""
    record = closed(world)
    with monkeypatch.context() as earlier:
        earlier.setattr(dependents, "check_dependents", lambda *_: None)
        amend(world, THE_CHIEF, "last_day", START)
    amend(world, THE_DEPUTY, "last_day", START)
    assert world.register.record(record).state == "closed"


def test_another_appointment_may_bear_an_act_instead(world: World) -> None:
    """Whoever is appointed twice loses nothing by the end of one."""
    closed(world)
    world.register.appoint(
        "deputy",
        "nominated_deputy",
        force=FORCE,
        first_day=START + timedelta(1),
        actor=LIAISON,
    )
    amend(world, THE_DEPUTY, "last_day", START)


def test_somebody_else_s_end_is_nothing_to_an_act(world: World) -> None:
    """The Chief Constable closed it; the deputy's nomination may end."""
    closed(world, "chief_constable")
    amend(world, THE_DEPUTY, "last_day", START)


@pytest.mark.parametrize(("count", "said"), [(11, "1 more act rests"), (12, "2 more acts rest")])
def test_names_ten_acts_and_says_how_many_more(world: World, count: int, said: str) -> None:
    """A long list helps nobody, and a short one does not hide the others."""
    for _ in range(count):
        closed(world)
    with pytest.raises(Refused) as refused:
        amend(world, THE_DEPUTY, "last_day", START)
    reasons = refusal(refused).reasons
    assert len(reasons) == 11
    assert (reasons[-1].kind, reasons[-1].sentence, reasons[-1].instead) == (
        "not yet",
        f"{said} on {THE_DEPUTY}",
        "correct them too",
    )


def test_an_act_meanwhile_is_a_conflict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: nobody comes to rest on an appointment while it ends, not on a record looked at."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    appended = Session.commit

    def late(session: Session) -> None:
        monkeypatch.undo()
        world.step(record, "close", "nominated_deputy")
        appended(session)

    monkeypatch.setattr(Session, "commit", late)
    with pytest.raises(Conflict) as conflict:
        amend(world, THE_DEPUTY, "last_day", START)
    assert conflict.value.record == record
    with pytest.raises(Refused):
        amend(world, THE_DEPUTY, "last_day", START)


def test_another_force_may_act_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of its records is read, so nothing there makes a Conflict."""
    record = world.add(LEVEL_2, force="kent")
    appended = Session.commit

    def late(session: Session) -> None:
        monkeypatch.undo()
        world.step(record, "start")
        appended(session)

    monkeypatch.setattr(Session, "commit", late)
    amend(world, THE_DEPUTY, "last_day", START)
    assert world.register.record(THE_DEPUTY).fields["last_day"] == str(START)


def test_a_record_looked_at_can_be_moved_in_the_same_batch(world: World) -> None:
    """What it was relied on as is what it was read as."""
    record = world.add(LEVEL_2)
    said: dict[str, Any] = {"actor": LIAISON, "on": world.later(), "reason": "he had gone"}
    with world.register.batch() as batch:
        batch.amend(THE_DEPUTY, "last_day", START, **said)
        batch.amend(THE_CHIEF, "last_day", START, **said)
        batch.fire(record, "start", actor=LIAISON, on=world.day)
    assert world.register.record(record).number == 2


def test_a_register_of_one_force_judges_its_own_records(world: World) -> None:
    """It needs no more than that force's records."""
    record = closed(world)
    one = Register(
        world.register.store,
        rulebook=world.register.rulebook,
        clock=lambda: world.register.session().now,
        force=FORCE,
    )
    with pytest.raises(Refused, match=f"{record} could not `close`"):
        one.amend(THE_DEPUTY, "last_day", START, actor=LIAISON, on=world.day, reason="gone")


def test_a_migration_rests_on_who_moved_the_records(tmp_path: Path) -> None:
    """Where the plan lets somebody move them by appointment."""
    here = reviews(
        tmp_path,
        rules=load(write_review_rules(tmp_path, plan=f"{REVIEW_1_TO_2}by: [nominated_deputy]\n")),
    )
    record, deputy = here.add(), Actor("deputy", "nominated_deputy")
    said: dict[str, Any] = {"force": FORCE, "first_day": BEGUN, "actor": LIAISON}
    appointment = here.register.appoint("deputy", deputy.role, **said).record
    here.day += timedelta(3)
    here.move(actor=deputy)
    said = {"actor": LIAISON, "on": here.day, "reason": "he had gone"}
    with pytest.raises(Refused, match=f"{record} could not have been moved on {here.day}"):
        here.register.amend(appointment, "last_day", BEGUN, **said)
    here.register.amend(appointment, "last_day", here.day, **said)


def test_a_move_by_who_needs_no_appointment_rests_on_none(tmp_path: Path) -> None:
    """A liaison officer's appointment is for others to look at."""
    here = reviews(tmp_path)
    here.add()
    said: dict[str, Any] = {"force": FORCE, "first_day": BEGUN, "actor": LIAISON}
    appointment = here.register.appoint(LIAISON.person, LIAISON.role, **said).record
    here.day += timedelta(3)
    here.move()
    said = {"actor": LIAISON, "on": here.day, "reason": "gone"}
    here.register.amend(appointment, "last_day", BEGUN, **said)
    assert here.register.record(appointment).number == 2
