"""Parents and children as they stood on an act's day, and as they stand now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import define, field
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.model.decisions import DayNeed, Refused
from peelflow.model.records import Event
from peelflow.register.as_at import record_as_at
from peelflow.register.register import Register
from tests.builders.force import HMICFRS, KIND, LIAISON, START, World, actor, clock

CAUSE, LEVEL_2, LEVEL_4 = KIND["cause-of-concern"], KIND["level-2"], KIND["level-4"]
RESPONSE, ANSWER = KIND["section-55"], KIND["section-55-answer"]
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
SAID: dict[str, Any] = {"reason": "as the letter says"}


def cause_with_child(world: World) -> tuple[str, str]:
    """Return a cause of concern in progress, and its child at level 2, started too."""
    parent = world.add(CAUSE)
    child = world.add(LEVEL_2, parent=parent)
    world.step(parent, "start")
    world.step(child, "start")
    return parent, child


def closing(world: World, record: str, on: date, trigger: str = "close") -> Event:
    """Let HMICFRS take a trigger, dated on a day."""
    return world.register.fire(record, trigger, actor=HMICFRS, on=on, **SAID, **PORTAL)


def test_a_cause_of_concern_is_not_closed_before_its_child_was(world: World) -> None:
    """However late it is recorded: figures of that day would show it closed over an open child."""
    parent, child = cause_with_child(world)
    day = world.day
    world.later(90)
    world.step(child, "close", "chief_constable")
    with pytest.raises(Refused, match=f"not closed yet: {child}, as its children") as refused:
        closing(world, parent, day)
    (reason,) = refused.value.reasons
    assert reason.instead == f"date it {world.day} or later"
    assert reason.asks == ((DayNeed(world.day),),)
    assert refused.value.refusal.state == "in_progress"
    closing(world, parent, world.day)
    assert world.register.verify() == ()


def test_a_child_is_not_re_opened_on_a_day_of_its_closed_parent(world: World) -> None:
    """The parent is open now, and was closed then."""
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")
    closing(world, parent, world.later())
    day = world.later()
    closing(world, parent, world.later(30), "reopen")
    with pytest.raises(Refused, match=f"its parent {parent} counted closed until") as refused:
        closing(world, child, day, "reopen")
    assert refused.value.refusal.state == "closed"
    assert refused.value.reasons[0].asks == ((DayNeed(world.day),),)
    closing(world, child, world.day, "reopen")


def test_a_link_is_not_moved_to_a_day_of_a_closed_parent(world: World) -> None:
    """The child was open long before, and lay elsewhere; the parent is open by now."""
    late = world.add(LEVEL_2)
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")
    before, closed = world.day, world.later()
    closing(world, parent, closed)
    closing(world, parent, world.later(30), "reopen")
    world.register.link(late, parent, actor=LIAISON, on=world.later(30))
    said: dict[str, Any] = {"correction": "redate", "actor": LIAISON, "reason": "a slip"}
    for day in (before, closed):
        with pytest.raises(Refused, match=f"open on {closed}, and its parent {parent} closed"):
            world.register.correct(late, 2, to=day, **said)
    world.register.correct(late, 2, to=world.day - timedelta(20), **said)
    assert world.register.verify() == ()


def test_a_child_is_not_issued_on_a_day_of_its_closed_parent(world: World) -> None:
    """A parent that was closed meanwhile had no open child then."""
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")
    closing(world, parent, world.later())
    day = world.later()
    closing(world, parent, world.later(30), "reopen")
    late, world.day = world.day, day
    with pytest.raises(Refused, match=f"its parent {parent} counted closed until {late}"):
        world.add(LEVEL_4, parent=parent)
    world.day = late
    world.add(LEVEL_4, parent=parent)


def test_a_child_that_was_open_in_between_stands_in_the_way(world: World) -> None:
    """It was closed on the day and is closed now, and was open on a day that lies between."""
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")
    day = world.day
    closing(world, child, world.later(), "reopen")
    world.step(child, "close", "chief_constable")
    with pytest.raises(Refused, match=f"{child} counted open until {world.day}"):
        closing(world, parent, day)
    closing(world, parent, world.day)


def test_an_act_of_today_reads_no_history(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that happened to the children lies after it."""
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")

    def histories(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(world.register.store, "history", histories)
    closing(world, parent, world.day)


def published(world: World) -> tuple[str, str, date]:
    """Return a response published with one answer, given long before; and a day between."""
    response = world.add(RESPONSE)
    answer = world.add(ANSWER, parent=response)
    world.step(answer, "say_taken")
    between = world.later(10)
    world.later(10)
    world.step(response, "set_date")
    world.step(response, "comment")
    letter = world.letter(kind="response")
    world.register.fire(response, "publish", actor=actor("pcc"), on=world.day, evidence=[letter])
    return response, answer, between


def test_a_child_s_earlier_act_leaves_what_its_parent_saw(world: World) -> None:
    """What is dated before an act of the parent's, and recorded after it, is what that act saw."""
    response, answer, between = published(world)
    told: dict[str, Any] = {"actor": actor("pcc"), **SAID}
    with pytest.raises(Refused, match=f"{response} could not `publish`") as refused:
        world.register.fire(answer, "revise", on=between, **told)
    assert refused.value.refusal.record == answer
    world.register.fire(answer, "revise", on=world.day, **told)


def test_a_child_s_earlier_amendment_leaves_what_its_parent_saw(world: World) -> None:
    """A field that the parent's act read is judged as an act is."""
    owed = world.add(KIND["level-3"])
    response = world.add(RESPONSE)
    report = str(world.register.record(response).fields["report"])
    world.register.amend(
        owed, "source_report", report, actor=LIAISON, on=world.day, reason="as published"
    )
    answer = world.add(ANSWER, parent=response, fields={"answers": owed})
    world.step(answer, "say_taken")
    between = world.later()
    world.step(response, "set_date")
    world.step(response, "comment")
    letter = world.letter(kind="response")
    world.register.fire(response, "publish", actor=actor("pcc"), on=world.day, evidence=[letter])
    other = world.add(KIND["level-3"])
    with pytest.raises(Refused, match=r"could not `publish`.*no child names") as refused:
        world.register.amend(answer, "answers", other, actor=LIAISON, on=between, reason="a slip")
    assert refused.value.refusal.trigger == "amend"
    world.register.amend(answer, "answers", other, actor=LIAISON, on=world.day, reason="a slip")


@define
class Pair:
    """A cause of concern and its child, with the day of this life from which acts are dated."""

    world: World
    parent: str
    child: str
    accepted: int = field(default=0)


def ways(pair: Pair, record: str) -> list[tuple[str, str]]:
    """Return what can be asked of a record, by trigger and role."""
    return [(way.trigger, role) for way in pair.world.ways_out(record) for role in way.by]


def conflicts(register: Register, parent: str, child: str, days: range) -> Iterator[date]:
    """Yield the days at whose end figures show the parent closed over an open child."""
    for offset in days:
        day = START + timedelta(offset)
        stood = [record_as_at(register.history(name), day) for name in (parent, child)]
        counts = [register.counts(record)["portal"] if record else "" for record in stood]
        if counts == ["closed", "open"]:
            yield day


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_day_shows_a_closed_parent_over_an_open_child(data: st.DataObject) -> None:
    """Whatever is done, in whatever order of days, by whoever may: after every accepted act."""
    world = World(Register.open("memory:", clock=clock)).settle_in()
    pair = Pair(world, world.add(CAUSE), "")
    pair.child = world.add(data.draw(st.sampled_from([LEVEL_2, LEVEL_4])), parent=pair.parent)
    world.step(pair.parent, "start")
    world.step(pair.child, "start")
    for _ in range(data.draw(st.integers(4, 14))):
        record = data.draw(st.sampled_from([pair.parent, pair.child]))
        trigger, role = data.draw(st.sampled_from(ways(pair, record)))
        known = world.register.record(record)
        world.day = known.on + timedelta(data.draw(st.integers(0, 6)))
        rule = next(way for way in world.ways_out(record) if way.trigger == trigger)
        try:
            world.fire(record, trigger, role, **world.means(rule))
        except Refused as refused:
            event("refused for its day" if "counted" in str(refused) else "refused")
            continue
        pair.accepted += 1
        assert list(conflicts(world.register, pair.parent, pair.child, range(120))) == []
    assert world.register.verify() == ()


def test_why_and_next_acts_say_what_fire_says(world: World) -> None:
    """On a day gone by, too; a route that begins then waits for the children."""
    parent, child = cause_with_child(world)
    day = world.day
    world.later(40)
    world.step(child, "close", "chief_constable")
    why = world.register.why(parent, "close", actor=HMICFRS, on=day, source="portal")
    with pytest.raises(Refused) as refused:
        closing(world, parent, day)
    assert why == refused.value.refusal
    by_trigger = {
        act.trigger: act for act in world.register.next_acts(parent, actor=HMICFRS, on=day)
    }
    assert not by_trigger["close"].allowed
    route = world.register.route(parent, to="closed", on=day)
    assert [(step.trigger, step.earliest) for step in route.steps] == [("close", world.day)]
    closing(world, parent, route.steps[0].earliest)


def test_a_way_to_re_open_a_child_waits_for_its_parent(world: World) -> None:
    """The parent is open now, and was closed on the day from which the way begins."""
    parent, child = cause_with_child(world)
    world.step(child, "close", "chief_constable")
    closing(world, parent, world.later())
    day = world.later()
    closing(world, parent, world.later(30), "reopen")
    route = world.register.route(child, to="open", on=day)
    assert [(step.trigger, step.earliest) for step in route.steps] == [("reopen", world.day)]
