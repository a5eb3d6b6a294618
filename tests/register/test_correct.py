"""Corrections: one event voided or re-dated, where all that remains is still lawful."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from peelflow.engine.decide import decide
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Corrected, Event
from peelflow.model.rules import Role
from peelflow.register import commands, hierarchy
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from tests.builders.force import CHIEF, FORCE, HMICFRS, KINDS, LIAISON, World, clock
from tests.register.test_relevel import relevel

LEVEL_2, LEVEL_3, CAUSE = KINDS[1], KINDS[2], KINDS[4]
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}


def closed(world: World) -> str:
    """Return a level 2 record that was started and closed, a day later each."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    world.step(record, "close", "chief_constable")
    return record


def void(world: World, record: str, event: int, actor: Actor = LIAISON, **more: Any) -> Event:
    """Void an event today."""
    said: dict[str, Any] = {"on": world.day, "reason": "never happened", **more}
    return world.register.correct(record, event, correction="void", actor=actor, **said)


def redate(
    world: World, record: str, event: int, to: date, actor: Actor = LIAISON, **more: Any
) -> Event:
    """Move an event to a day, today."""
    said: dict[str, Any] = {"on": world.day, "reason": "another day", **more}
    return world.register.correct(record, event, correction="redate", to=to, actor=actor, **said)


def figures(world: World, day: date, **more: Any) -> tuple[int, int]:
    """Return how many records are open and closed as at a day."""
    found = world.register.figures(as_at=day, **more)
    return found.open, found.closed


def test_a_voided_act_is_as_if_it_had_never_been(world: World) -> None:
    """State and figures are those before it, on every day; the history keeps both."""
    record = closed(world)
    before = world.register.position()

    event = void(world, record, 3)

    assert (event.number, event.what) == (4, Corrected(3, "void"))
    assert world.register.record(record).state == "in_progress"
    assert [figures(world, world.day - timedelta(day)) for day in (0, 1)] == [(1, 0), (1, 0)]
    assert figures(world, world.day, known=before) == (0, 1)
    assert len(world.register.history(record)) == 4
    assert world.register.verify() == ()


def test_a_redated_act_counts_from_the_day_it_happened_on(world: World) -> None:
    """Figures as at each day come out as if it had been recorded so at once."""
    record = closed(world)
    world.later(5)
    act = world.register.history(record)[2].on

    redate(world, record, 3, act + timedelta(2), CHIEF)

    days = [act + timedelta(day) for day in range(-1, 4)]
    assert [figures(world, day) for day in days] == [(1, 0), (1, 0), (1, 0), (0, 1), (0, 1)]
    assert world.register.record(record).on == act + timedelta(2)
    assert world.register.verify() == ()


def test_what_should_have_been_recorded_can_be_on_its_own_day(world: World) -> None:
    """A correction of today does not bar an act of last week."""
    record = closed(world)
    day = world.day
    world.later(7)
    void(world, record, 3, CHIEF)
    world.day = day

    world.fire(record, "close", "chief_constable", evidence=(world.letter(),))

    assert figures(world, day) == (0, 1)


def test_a_voided_correction_gives_back_what_it_took(world: World) -> None:
    """The undo of a correction is its own correction."""
    record = closed(world)
    before = world.register.record(record)
    void(world, record, 3)

    void(world, record, 4)

    after = world.register.record(record)
    assert (after.state, after.window, after.spent) == ("closed", before.window, before.spent)
    assert figures(world, world.day) == (0, 1)
    assert world.register.verify() == ()


def test_the_beginning_can_be_moved(world: World) -> None:
    """A record issued on another day takes that issue date."""
    record = closed(world)
    day = world.register.record(record).issued
    redate(world, record, 1, day - timedelta(30), HMICFRS, **PORTAL)
    assert world.register.record(record).issued == day - timedelta(30)
    assert figures(world, day - timedelta(30)) == (1, 0)


def test_nothing_is_corrected_that_a_later_act_rests_on(world: World) -> None:
    """The start cannot be voided before the closing; the refusal names what it would break."""
    record = closed(world)
    before = world.picture(record)
    with pytest.raises(Refused, match=r"event 3 of .* would break: .*correct event 3 of"):
        void(world, record, 2)
    assert world.picture(record) == before


def test_an_act_keeps_its_place_among_the_others(world: World) -> None:
    """It cannot be moved before what came before it, or behind what came after."""
    record = closed(world)
    issued, _, ended = (event.on for event in world.register.history(record))
    with pytest.raises(Refused, match=f"would lie before {issued}"):
        redate(world, record, 2, issued - timedelta(1))
    world.later(9)
    with pytest.raises(Refused, match="event 3 of"):
        redate(world, record, 2, ended + timedelta(1))
    redate(world, record, 2, ended)


def test_a_letter_is_judged_on_its_own_day_again(world: World) -> None:
    """An act cannot be moved to before its letter was signed."""
    record = closed(world)
    with pytest.raises(Refused, match="is signed on"):
        redate(world, record, 3, world.day - timedelta(1), CHIEF)


def test_a_letter_that_was_attached_cannot_vanish_beneath_an_act(world: World) -> None:
    """Voiding what a later act counted is refused; voiding it after that act, too, is not."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    letter = world.letter()
    world.register.attach(record, letter, actor=LIAISON, on=world.day)
    world.fire(record, "close", "chief_constable")
    with pytest.raises(Refused, match="no `letter` is offered"):
        void(world, record, 3)
    void(world, record, 4, CHIEF)
    void(world, record, 3)
    assert world.register.record(record).attachments == ()


def test_only_the_side_that_did_it_corrects(world: World) -> None:
    """The force does not void what HMICFRS decided, nor HMICFRS what the force did."""
    record = closed(world)
    with pytest.raises(InvalidRequest, match=r"was done by hmicfrs-portal .*\(inspectorate\)"):
        redate(world, record, 1, world.day)
    with pytest.raises(InvalidRequest, match="have the side that did it correct it"):
        void(world, record, 3, HMICFRS, **PORTAL)


def test_only_a_national_role_corrects_what_a_national_one_of_another_side_did(
    world: World,
) -> None:
    """A role that some vocabulary puts on the inspectorate's side is not HMICFRS."""
    record = closed(world)
    words = national().vocabulary
    roles = {**words.roles, "our_inspector": Role("inspectorate", "Our inspector")}
    ours = evolve(national(), vocabulary=evolve(words, roles=roles))
    register = Register(world.register.store, rulebook=ours, clock=clock)
    said: dict[str, Any] = {"to": world.day, "on": world.day, "reason": "not ours", **PORTAL}
    said["correction"] = "redate"
    with pytest.raises(InvalidRequest, match="is not national; have a national role of that side"):
        register.correct(record, 1, actor=Actor("somebody", "our_inspector"), **said)


def test_a_systems_step_goes_with_what_led_to_it(world: World) -> None:
    """Level 1: what was archived at issue is archived on the right day, and not by itself."""
    record = world.add(KINDS[0])
    day = world.day
    world.later(3)
    redate(world, record, 1, day + timedelta(2), HMICFRS, **PORTAL)
    assert [event.on for event in world.register.history(record)][:2] == [day, day]
    assert [figures(world, day + timedelta(d)) for d in (1, 2)] == [(0, 0), (0, 1)]
    assert len(world.register.history(record)) == 4
    with pytest.raises(InvalidRequest, match="a step of the system's own"):
        void(world, record, 2, HMICFRS, **PORTAL)
    void(world, record, 3, HMICFRS, **PORTAL)
    assert figures(world, day) == (0, 1)
    assert world.register.verify() == ()


def test_a_field_can_be_taken_back(world: World) -> None:
    """A voided amendment leaves the field as it was; where an act asked for it, it stays."""
    record = world.add(LEVEL_2)
    world.register.amend(record, "owner", "Kim", actor=LIAISON, on=world.day, reason="new lead")
    void(world, record, 2)
    assert world.register.record(record).fields["owner"] == "lead"
    world.register.amend(record, "owner", None, actor=LIAISON, on=world.day, reason="nobody")
    world.register.amend(record, "owner", "Kim", actor=LIAISON, on=world.day, reason="new lead")
    world.step(record, "start")
    with pytest.raises(Refused, match="the field `owner` is not set"):
        void(world, record, 5)


def family(world: World) -> tuple[str, str]:
    """Return a cause of concern and its child, both closed, a day later each."""
    parent = world.add(CAUSE)
    child = world.add(LEVEL_2, parent=parent)
    world.step(parent, "start")
    world.step(child, "start")
    world.step(child, "close", "chief_constable")
    ways = {way.trigger for way in world.ways_out(parent)}
    trigger = next(each for each in ("actions_complete", "complete", "close") if each in ways)
    world.step(parent, trigger)
    while world.register.counts(world.register.record(parent))["portal"] == "open":
        world.step(parent, "close")
    return parent, child


def test_a_parent_that_closed_over_its_child_bars_the_correction(world: World) -> None:
    """It is corrected first: then the child can be."""
    parent, child = family(world)
    number = world.register.record(child).number
    before = world.picture(child)
    with pytest.raises(Refused, match=f"correct or re-open {parent} first"):
        void(world, child, number, CHIEF)
    assert world.picture(child) == before
    closing = world.register.record(parent).number
    void(world, parent, closing, HMICFRS, **PORTAL)
    void(world, child, number, CHIEF)
    assert world.register.record(child).state == "in_progress"
    with pytest.raises(Refused, match="not closed yet"):
        void(world, parent, closing + 1, HMICFRS, **PORTAL)


def test_a_child_cannot_be_closed_later_than_its_parent(world: World) -> None:
    """The parent closed over it on a day on which it would still have been open."""
    parent, child = family(world)
    last = world.register.record(parent).on
    world.later(5)
    with pytest.raises(Refused):
        redate(world, child, world.register.record(child).number, last + timedelta(1), CHIEF)


@pytest.mark.parametrize(
    ("number", "more", "why"),
    [
        (0, {}, "is not in its history"),
        (9, {}, "name one from 1 to 3"),
        ("3", {}, "is not in its history"),
        (3, {"correction": "remove"}, "write `void`, `redate` or `reenter`"),
        (3, {"to": date(2021, 1, 5)}, "is voided, and given a day"),
        (3, {"correction": "redate"}, "is re-dated to no day"),
        (3, {"correction": "redate", "to": date(2021, 1, 6)}, "is dated 2021-01-06 already"),
        (3, {"correction": "redate", "to": date(2031, 1, 6)}, "lies in the future"),
        (3, {"on": date(2021, 1, 5)}, "after this correction"),
        (3, {"on": date(2031, 1, 5)}, "lies in the future"),
        (3, {"reason": " "}, "the reason"),
    ],
)
def test_refuses_a_correction_that_cannot_be_meant(
    world: World, number: Any, more: dict[str, Any], why: str
) -> None:
    """Each says what is wrong, and what to write instead; nothing is kept."""
    record = closed(world)
    before = world.picture(record)
    said: dict[str, Any] = {
        "correction": "void",
        "actor": CHIEF,
        "on": world.day,
        "reason": "never happened",
        **more,
    }
    with pytest.raises(InvalidRequest, match=why):
        world.register.correct(record, number, **said)
    assert world.picture(record) == before


def test_refuses_to_correct_twice_what_is_corrected(world: World) -> None:
    """What is voided has nothing left to correct, and a correction is voided, not moved."""
    record = closed(world)
    void(world, record, 3)
    with pytest.raises(InvalidRequest, match="to have it back, void event 4"):
        void(world, record, 3)
    with pytest.raises(InvalidRequest, match="void it, and correct anew"):
        redate(world, record, 4, world.day - timedelta(1))
    void(world, record, 4)
    with pytest.raises(InvalidRequest, match="to have it back, void event 5"):
        void(world, record, 4)
    void(world, record, 5)
    void(world, record, 6)
    assert world.register.record(record).state == "closed"


def test_a_link_follows_its_child(world: World) -> None:
    """What stands on a parent because of its child is corrected there."""
    parent = world.add(CAUSE)
    world.add(LEVEL_2, parent=parent)
    with pytest.raises(InvalidRequest, match="correct the child's first event"):
        void(world, parent, 2, HMICFRS, **PORTAL)


@pytest.mark.parametrize("kind", ["below it now", "back below it"])
def test_nothing_comes_to_lie_below_what_is_withdrawn(world: World, kind: str) -> None:
    """Neither by an entry anew, nor by a withdrawal that is taken back: it says what is so."""
    cause = world.add(CAUSE)
    mine: dict[str, Any] = {"actor": HMICFRS, **PORTAL, "reason": "entered twice"}
    record = world.add(LEVEL_2, parent=None if kind == "below it now" else cause)
    event, how = 1, dict[str, Any](correction="reenter", entry={"parent": cause})
    if kind == "back below it":
        event, how = void(world, record, 1, **mine).number, {"correction": "void"}
    void(world, cause, 1, **mine)
    with pytest.raises(InvalidRequest) as refused:
        world.register.correct(record, event, **how, on=world.day, **mine)
    assert refused.value.what == cause
    assert refused.value.why.startswith("was withdrawn on")


def test_the_same_correction_again_is_harmless(world: World) -> None:
    """S7: with a key, the first event comes back."""
    record = closed(world)
    first = void(world, record, 3, key="k")
    assert void(world, record, 3, key="k") == first


def test_a_batch_corrects_what_it_drafted(world: World) -> None:
    """A correction sees the acts of its own batch."""
    record = world.add(LEVEL_2)
    with world.register.batch() as batch:
        batch.fire(record, "start", actor=LIAISON, on=world.day)
        said: dict[str, Any] = {"actor": LIAISON, "on": world.day, "reason": "never happened"}
        batch.correct(record, 2, correction="void", **said)
        assert batch.record(record).state == "open"
    assert world.register.record(record).state == "open"
    assert world.register.verify() == ()


def test_what_was_taken_over_is_not_moved_before_its_issue(world: World) -> None:
    """It can be re-dated, and no further back than the day it was issued."""
    said: dict[str, Any] = {"source": "old sheet", "reason": "before peelflow"}
    issued = world.day
    world.register.take_over(
        "T-1",
        category="afi",
        force=FORCE,
        level=2,
        issued=issued,
        state="closed",
        on=world.later(9),
        actor=LIAISON,
        **said,
    )
    redate(world, "T-1", 1, issued + timedelta(1))
    assert figures(world, issued + timedelta(1)) == (0, 1)
    with pytest.raises(InvalidRequest, match="would be taken over before"):
        redate(world, "T-1", 1, issued - timedelta(1))


def test_a_closing_is_judged_though_its_parent_was_re_opened_that_day(world: World) -> None:
    """What the parent did rests on its children, whatever it did afterwards."""
    parent, child = family(world)
    world.fire(parent, "reopen", "hmicfrs", reason="too early")
    last = world.register.record(parent).on
    world.later(5)
    with pytest.raises(Refused, match=f"{parent} could not `close` on {last}"):
        redate(world, child, world.register.record(child).number, last + timedelta(1), CHIEF)


def test_an_inspection_keeps_its_days_in_order(world: World) -> None:
    """A voided amendment leaves no inspection that ends before it begins."""
    record = world.inspect()
    later = str(world.day + timedelta(30))
    said: dict[str, Any] = {"actor": HMICFRS, "on": world.day, "reason": "moved", **PORTAL}
    world.register.amend(record, "last_day", later, **said)
    world.register.amend(record, "first_day", str(world.day + timedelta(20)), **said)
    with pytest.raises(InvalidRequest, match="lies before the first day"):
        void(world, record, 2, HMICFRS, **PORTAL)


def test_14_33_only_notes_and_corrections_lie_before_the_last_event(world: World) -> None:
    """A note on any day until today, a correction since what it corrects; nothing else."""
    record, early = world.add(LEVEL_2), world.day
    started = world.step(record, "start")
    world.later()
    said: dict[str, Any] = {"actor": LIAISON, "on": early, "reason": "r"}
    world.register.amend(record, "owner", "x", **{**said, "on": world.day})
    with pytest.raises(InvalidRequest, match="before the record's last event"):
        world.register.amend(record, "owner", "y", **said)
    with pytest.raises(InvalidRequest, match="before the record's last event"):
        world.register.attach(record, world.letter(), actor=LIAISON, on=early)
    with pytest.raises(Refused, match="lies before"):
        world.register.fire(record, "close", actor=CHIEF, on=early)

    world.register.note(record, "heard of it", actor=LIAISON, on=early - timedelta(900))
    with pytest.raises(InvalidRequest, match="after this correction"):
        void(world, record, started.number, on=started.on - timedelta(1))
    redate(world, record, started.number, early, on=started.on)
    assert world.register.verify() == ()


def test_an_act_uses_up_the_document_that_was_recorded(world: World) -> None:
    """Another letter would have counted: the history would say what was not so."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    for _ in range(2):
        world.register.attach(record, world.letter(), actor=LIAISON, on=world.day)
    world.fire(record, "close", "chief_constable")
    with pytest.raises(Refused, match="use up other documents"):
        void(world, record, 3)


def test_a_later_move_rests_on_where_the_record_stood(world: World) -> None:
    """A re-levelling under a plan for one state is none from another."""
    record = world.add(LEVEL_3)
    world.step(record, "start")
    relevel(world, record)
    with pytest.raises(Refused, match="it moved a record that was not `open`"):
        void(world, record, 2)


def test_a_child_may_be_corrected_where_its_parent_bears_it(world: World) -> None:
    """The parent's closing is judged again, and stands."""
    parent, child = family(world)
    started = world.register.history(child)[1].on
    redate(world, child, 2, started - timedelta(1))
    assert world.register.record(parent).state == "closed"
    assert world.register.verify() == ()


def test_a_correction_is_not_blamed_for_what_was_amiss_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parent was closed with a date before its child's; moving the child nearer is no harm.

    A register of before can hold that: now a closing is judged by its own day too.
    """
    parent = world.add(CAUSE)
    world.later(2)
    child = world.add(LEVEL_2, parent=parent)
    world.step(child, "start")
    world.step(parent, "start")
    closing = world.day
    world.later(3)
    letter = world.letter()
    world.later(2)
    world.fire(child, "close", "chief_constable", evidence=(letter,))
    number, late, world.day = world.register.record(child).number, world.day, closing
    while world.register.counts(world.register.record(parent))["portal"] == "open":
        way = next(w for w in world.ways_out(parent) if w.trigger in {"close", "complete"})
        with monkeypatch.context() as as_before:
            as_before.setattr(hierarchy, "counted_until", lambda *_: None)
            as_before.setattr(
                commands,
                "decide_in_hierarchy",
                lambda session, rules, record, act: decide(
                    rules, record, act, session.context(rules, record, act)
                ),
            )
            world.fire(parent, way.trigger, way.by[0], **world.means(way))
    world.day = late
    redate(world, child, number, late - timedelta(1), CHIEF)
    assert {each.code for each in world.register.verify()} == {"act-unlawful"}
