"""When a record was last sent back is read of its events, as a fold of them tells it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from itertools import count, repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve

from peelflow import Register, Rulebook, load
from peelflow.engine.fold import apply, as_corrected, begin
from peelflow.errors import PeelflowError
from peelflow.model.records import Record, Relevelled, TransitionTaken
from peelflow.model.triggers import triggers_sending_back
from peelflow.register.session import Session
from tests.builders.force import HMICFRS, KIND, LIAISON, NOW, World, actor
from tests.builders.own import write_own
from tests.register.test_wrong_names import plan_text, with_reminder

WORDS = """
vocabulary: own
categories:
  review: {title: Review}
"""
RULES = """
lifecycle: review
version: {version}
in_force_from: {first}
title: A review, which may begin again
applies_to: {{category: review, level: none}}
initial: open
states:
  open:
    counts_as: {{office: open}}
    transitions:
      finish: {{to: done, by: [lead]}}
  done:
    counts_as: {{office: closed}}
    final: true
    transitions:
      {again}: {{to: open, by: [lead], reopens: true}}
"""
PLAN = """
migration: review-2
from: review@1
to: review@2
by: [lead]
states: {open: open, done: done}
triggers: {finish: finish, again: reopen}
"""
PORTAL: Any = {"recorded_by": "liaison-officer", "source": "portal"}
LEVELS = (2, 3, 4)
BACK = ("refuse", "decline", "reopen", "end_support")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rules of a force with a form of level 2 of its own, and a plan to it."""
    folder: Path = tmp_path_factory.mktemp("own")
    write_own(folder, "level-2", change=with_reminder)
    (folder / "plan.yaml").write_text(plan_text("level-2@2", "own-level-2@1"), "utf-8")
    return load(folder)


def by_fold(session: Session, record: Record, *, at_level: bool) -> date | None:
    """Return when a record was last sent back: each event by the rules of the record before it."""
    found: date | None = None
    before: Record | None = None
    for event in as_corrected(session.history(record.id)):
        if event.number > record.number:
            break
        if before is None:
            before = begin(event)
            continue
        what = event.what
        if at_level and isinstance(what, Relevelled):
            found = None
        if isinstance(what, TransitionTaken):
            is_back = what.trigger in triggers_sending_back(session.lifecycle(before))
            found = event.on if is_back else found
        before = apply(before, event)
    return found


def live_on(world: World, record: str, random: Random) -> None:
    """Do something to a record, move it, or correct anything of it."""
    register, history = world.register, world.register.history(record)
    event, to = random.choice(history), timedelta(random.choice([-2, -1, 1, 2]))
    ways = [way for way in world.ways_out(record) if way.by != ("system",)]
    back = [way for way in ways if way.trigger in BACK]
    by = event.actor if event.actor.role != "system" else LIAISON
    correct = partial(register.correct, record, reason="so", on=world.day + timedelta(60))
    correct = partial(correct, actor=by, **(PORTAL if by.role == "hmicfrs" else {}))
    said: dict[str, Any] = {"actor": HMICFRS, "on": world.day, "reason": "so", **PORTAL}
    match random.randrange(9):
        case 0 | 1 | 2 | 3 if ways:
            way = random.choice(back or ways)
            world.fire(record, way.trigger, way.by[0], **world.means(way))
        case 4:
            old = register.record(record).level
            new = random.choice([level for level in LEVELS if level != old])
            register.relevel(record, plan=f"level-{old}-to-{new}", **said)
        case 5:
            register.migrate("to-own", actor=LIAISON, on=world.day, reason="so")
        case 6:
            entry: Any = {"level": random.choice(LEVELS), "issued": history[0].on + to}
            register.correct(record, 1, correction="reenter", entry=entry, **said)
        case 7:
            correct(event.number, correction="redate", to=event.on + to)
        case _:
            correct(event.number, correction="void")


@pytest.mark.parametrize("seed", range(10))
def test_what_is_read_is_what_a_fold_tells(seed: int, rules: Rulebook) -> None:
    """14: of each record as it stood at any number, of what was done at any level or at its own."""
    moments = count() if seed % 2 else repeat(0)  # else all is recorded in one
    register = Register.open(
        "memory:", rulebook=rules, clock=lambda: NOW + timedelta(minutes=next(moments))
    )
    world, random = World(register).settle_in(), Random(seed)
    records = [world.add(KIND[name]) for name in ("level-3", "level-2", "level-4")]
    for _ in range(60):
        world.later(random.randint(0, 1))
        with suppress(PeelflowError):
            live_on(world, random.choice(records), random)
    session, told = register.session(), set[bool]()
    for name in records:
        known = register.record(name)
        for number in range(known.number + 1):
            record = evolve(known, number=number)
            for at_level in (False, True):
                found = session.last_sending_back(record, at_level=at_level)
                assert found == by_fold(session, record, at_level=at_level)
                told.add(found is not None)
    assert told == {True, False}


def test_each_step_is_read_in_the_words_of_its_time(tmp_path: Path) -> None:
    """14: a later version may call what re-opens otherwise."""
    first = RULES.format(version=1, first="2020-01-01", again="again")
    second = RULES.format(version=2, first="2022-01-01", again="reopen")
    for name, text in (("words", WORDS), ("1", first), ("2", second), ("plan", PLAN)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path)) as register:
        lead, day = actor("lead"), date(2021, 1, 1)
        register.add("R-1", category="review", force="wmp", issued=day, actor=lead)
        for number, trigger in enumerate(("finish", "again", "finish"), 1):
            register.fire("R-1", trigger, actor=lead, on=day + timedelta(number))
        register.migrate("review-2", actor=lead, on=date(2022, 1, 1), reason="so")
        session = register.session()
        assert session.last_sending_back(register.record("R-1")) == date(2021, 1, 3)
        register.fire("R-1", "reopen", actor=lead, on=date(2022, 2, 1))
        session = register.session()
        assert session.last_sending_back(register.record("R-1")) == date(2022, 2, 1)
