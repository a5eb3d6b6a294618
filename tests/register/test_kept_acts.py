"""What was voided or re-dated since is judged as it was recorded: a list of then shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from itertools import count, repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import evolve

from peelflow import Actor, Register, load
from peelflow.errors import PeelflowError
from peelflow.model.records import TransitionTaken
from peelflow.register.judgement import Verification, judge_events
from peelflow.register.kept_acts import why_not_as_recorded
from tests.builders import force
from tests.builders.force import World
from tests.register.test_kept_steps import judged
from tests.stores.conftest import url_of
from tests.stores.forgery import Edit, at, forged

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
HMICFRS = Actor("portal", "hmicfrs")
PORTAL: Any = {"recorded_by": "officer-1", "source": "portal"}
Do = Callable[[Register], object]


def lived(level: int, *acts: Do) -> list[str]:
    """Return the export of a record that was started, with what was done to it then."""
    with Register.open("memory:", recorded_by="officer-1") as register:
        first = date(2022, 1, 1)
        register.appoint("chief", "chief_constable", force="wmp", first_day=first, actor=KIM)
        for name in ("R-1", "R-2"):
            register.add(
                name,
                category="recommendation",
                level=level,
                force="wmp",
                issued=date(2023, 1, 9),
                fields={"owner": "lead-1", "question": "7.2"},
                actor=HMICFRS,
                **PORTAL,
            )
        register.fire("R-1", "start", actor=KIM, on=date(2023, 1, 9))
        for act in acts:
            act(register)
        assert register.verify() == ()
        return list(register.export())


def closed(register: Register) -> object:
    """Close it with a letter."""
    letter = register.keep(
        b"x", kind="letter", name="l", signed_by="chief", signed_on=date(2023, 1, 31)
    )
    on = date(2023, 2, 1)
    return register.fire("R-1", "close", actor=CHIEF, on=on, evidence=[letter])


def reopened(register: Register) -> object:
    """Re-open it."""
    on = date(2023, 3, 1)
    return register.fire("R-1", "reopen", actor=HMICFRS, on=on, reason="so", **PORTAL)


def superseded(register: Register) -> object:
    """Propose to end it in favour of another."""
    given: Any = {"successor": "R-2", "reason": "so"}
    return register.fire("R-1", "propose_superseded", actor=KIM, on=date(2023, 2, 1), **given)


def moved(register: Register) -> object:
    """Move it to another level."""
    on = date(2023, 2, 1)
    return register.relevel("R-1", plan="level-2-to-3", actor=HMICFRS, on=on, reason="r", **PORTAL)


def void(event: int, actor: Actor = HMICFRS) -> Do:
    """Return what voids an event."""
    said: Any = PORTAL if actor == HMICFRS else {}
    return lambda register: register.correct(
        "R-1", event, correction="void", actor=actor, reason="so", **said
    )


def withdrawn(register: Register) -> object:
    """Withdraw the record."""
    said: Any = {"actor": HMICFRS, "reason": "so", **PORTAL}
    register.correct("R-1", 2, correction="void", actor=KIM, reason="so")
    return register.correct("R-1", 1, correction="void", **said)


def drop(*names: str) -> Edit:
    """Return an edit that takes parts out of what happened."""
    return lambda event: [event["what"].pop(name, None) for name in names]


def by(person: str, role: str) -> Edit:
    """Return an edit that says who decided."""
    return lambda event: event.update(actor={"person": person, "role": role})


def leads(**what: str) -> Edit:
    """Return an edit that says where a step led."""
    return lambda event: event["what"].update(what)


def unsaid(*names: str) -> Edit:
    """Return an edit that takes parts out of an event."""
    return lambda event: [event.pop(name, None) for name in names]


def both(*edits: Edit) -> Edit:
    """Return an edit that does several."""
    return lambda event: [edit(event) for edit in edits]


RULES = "was not lawful under level-2@2, kept beside it: "
VOIDED = (closed, void(3, CHIEF))
NO_LETTER = drop("evidence", "counted", "counted_for")
FORGERIES: dict[str, tuple[tuple[Do, ...], Edit, str]] = {
    "no letter": (VOIDED, at(3, NO_LETTER), f"3: `close` by `chief_constable` {RULES}no `letter`"),
    "another role": (
        VOIDED,
        both(at(3, by("x", "lead")), at(4, by("x", "lead"))),
        f"3: `close` by `lead` {RULES}the role `lead` takes no such step",
    ),
    "no such step": (
        VOIDED,
        at(3, leads(trigger="verify")),
        f"3: `verify` by `chief_constable` {RULES}no such step leads from `in_progress` to",
    ),
    "from elsewhere": (
        VOIDED,
        at(3, leads(old="open")),
        f"3: `close` by `chief_constable` {RULES}it leaves `open`, and the record stood in",
    ),
    "no reason": (
        (closed, reopened, void(4)),
        at(4, unsaid("reason")),
        f"4: `reopen` by `hmicfrs` {RULES}no reason is given",
    ),
    "no source": (
        (closed, reopened, void(4)),
        at(4, unsaid("source")),
        f"4: `reopen` by `hmicfrs` {RULES}the decision of portal (hmicfrs) names no source",
    ),
    "no successor": (
        (superseded, void(3, KIM)),
        at(3, drop("successor")),
        f"3: `propose_superseded` by `liaison_officer` {RULES}no successor is named",
    ),
    "a move that no plan makes": (
        (moved, void(3)),
        at(3, leads(new="self_certified")),
        "3: the move to `self_certified` is none of the plan level-2-to-3",
    ),
    "a move from elsewhere": (
        (moved, void(3)),
        at(3, leads(old="open")),
        "3: it moves the record from `open`, and it stood in `in_progress`",
    ),
    "withdrawn since": (
        (withdrawn,),
        both(at(2, by("x", "audit_committee")), at(3, by("x", "lead"))),
        f"2: `start` by `audit_committee` {RULES}the role `audit_committee` takes no such step",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_was_voided_since_was_lawful_when_it_was_recorded(name: str) -> None:
    """Else it is found at its event, with why; what was so honestly is no finding."""
    acts, edit, sentence = FORGERIES[name]
    honest = lived(2, *acts)
    assert judged(honest) == ([], ())
    found, _ = judged(forged(honest, edit))
    assert any(each.startswith(sentence) for each in found), found


@pytest.mark.parametrize("kind", ["sqlite", "sql-sqlite", "postgresql"])
def test_a_voided_act_is_found_in_each_store(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """As it is in an export: figures as known before show what it did."""
    acts, edit, sentence = FORGERIES["no letter"]
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in forged(lived(2, *acts), edit)), "utf-8")
    with Register.open(url_of(kind, request, tmp_path)) as register:
        register.restore(file, as_found=True)
        (found,) = register.verify()
    assert f"{found.event}: {found.sentence}".startswith(sentence)


def live_on(world: World, record: str, random: Random) -> None:
    """Do something to a record, or correct anything of it; what is refused is not done."""
    register, events = world.register, world.register.history(record)
    event, to = random.choice(events), timedelta(random.choice([-2, -1, 1, 2]))
    ways = [way for way in world.ways_out(record) if way.by != ("system",)]
    by = event.actor if event.actor.role != "system" else force.LIAISON
    said: Any = PORTAL if by.role == "hmicfrs" else {}
    correct = partial(register.correct, record, reason="so", on=world.day + timedelta(60))
    entry: Any = {"level": random.randint(1, 4), "issued": events[0].on + to}
    match random.randrange(6):
        case 0 | 1 if ways:
            way = random.choice(ways)
            world.fire(record, way.trigger, way.by[0], **world.means(way))
        case 2:
            correct(1, correction="reenter", entry=entry, actor=force.HMICFRS, **PORTAL)
        case 3:
            correct(event.number, correction="redate", to=event.on + to, actor=by, **said)
        case _:
            correct(event.number, correction="void", actor=by, **said)


@pytest.mark.parametrize("seed", range(12))
def test_a_lawful_life_is_no_finding_however_it_was_corrected(seed: int) -> None:
    """Voided, moved, entered anew and brought back, one correction upon the other."""
    moments = count() if seed % 2 else repeat(0)  # else all is recorded in one
    register = Register.open("memory:", clock=lambda: force.NOW + timedelta(minutes=next(moments)))
    world, random = World(register).settle_in(), Random(seed)
    records = [world.add(force.KINDS[place]) for place in (0, 0, 1, 2)]
    for _ in range(40):
        world.later(random.randint(0, 1))
        with suppress(PeelflowError):
            live_on(world, random.choice(records), random)
    corrected = [e for record in records for e in register.history(record) if e.kind == "corrected"]
    assert len(corrected) > 5
    assert judge_events(register.store, register.session) == Verification((), judged=True)


TRIED = """
lifecycle: tried
version: 1
in_force_from: 2020-01-01
title: What can be asked for
applies_to: {category: tried, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      begin: {to: open, by: [lead]}
      wait: {to: done, by: [lead], requires: [{waited: 10}]}
      second: {to: done, by: [lead, liaison_officer], requires: [{distinct_from: begin}]}
      either:
        to: done
        by: [lead]
        requires: [{any_of: [[reason], [{field: owner}, {waited: 1}]]}]
      own: {to: done, by: [lead], requires: [{field: owner}]}
      visited: {to: done, by: [lead], requires: [{inspection: planned}]}
      proven: {to: done, by: [lead], requires: [{predicate: is_proven}]}
      gathered: {to: done, by: [lead], requires: [children]}
      lapse: {to: done, by: [system], after: {days: 30}}
      expire: {to: done, by: [system], after: {working_days: 30}}
  done:
    counts_as: {force: closed}
    final: true
"""
WORDS = """
vocabulary: tried
categories:
  tried: {title: Tried, fields: {owner: {type: person, title: Owner}}, children: [tried]}
predicates:
  is_proven: Proven
"""
LEAD, SYSTEM = Actor("lead", "lead"), Actor("peelflow", "system")
FIRST = date(2023, 1, 1)
Step = tuple[str, Actor, int, dict[str, Any], str]
"""What somebody did how many days after, with what, and what is to be said of it."""
IMPOSSIBLE: tuple[Step, ...] = (
    ("wait", LEAD, 10, {}, ""),
    ("wait", LEAD, 9, {}, "9 of 10 days passed since 2023-01-01"),
    ("second", KIM, 1, {}, ""),
    ("second", LEAD, 1, {}, "lead did `begin` too"),
    ("either", LEAD, 0, {"reason": "so"}, ""),
    ("either", LEAD, 8, {}, "no reason is given; or the field `owner` is not set"),
    ("own", LEAD, 8, {}, "the field `owner` is not set"),
    ("visited", LEAD, 8, {}, "no inspection is named"),
    ("proven", LEAD, 8, {}, ""),
    ("gathered", LEAD, 8, {}, ""),
    ("lapse", SYSTEM, 30, {}, ""),
    ("lapse", SYSTEM, 29, {}, "29 of 30 days passed since 2023-01-01"),
    ("expire", SYSTEM, 1, {}, ""),
)


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[Register]:
    """Give a register with a record on which everything can be tried."""
    for name, text in (("tried", TRIED), ("words", WORDS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    with Register.open("memory:", rulebook=load(tmp_path)) as register:
        register.add("R-1", category="tried", force="wmp", issued=FIRST, actor=LEAD)
        yield register


@pytest.mark.parametrize("step", IMPOSSIBLE)
def test_what_others_said_then_is_not_asked(step: Step, tried: Register) -> None:
    """What the act and the record itself say is: each requirement has its sentence."""
    trigger, actor, after, given, why = step
    begun = tried.fire("R-1", "begin", actor=LEAD, on=FIRST)
    what = TransitionTaken(trigger, "open", "done", national=False)
    on = FIRST + timedelta(after)
    event = evolve(begun, number=3, what=what, on=on, actor=actor, **given)
    said = why_not_as_recorded(tried.session(), event, tried.record("R-1"))
    assert said.partition("kept beside it: ")[2] == why
    assert bool(said) == bool(why)


def test_another_than_who_did_what_nobody_did_is_found(tried: Register) -> None:
    """Of a beginning nothing is asked here."""
    (added,) = tried.history("R-1")
    what = TransitionTaken("second", "open", "done", national=False)
    record, session = tried.record("R-1"), tried.session()
    said = why_not_as_recorded(session, evolve(added, number=2, what=what), record)
    assert said.endswith("kept beside it: nobody did `begin`")
    assert why_not_as_recorded(session, added, record) == ""


def as_added(event: dict[str, Any]) -> None:
    """Make of what a record is taken over as, at first or anew, what it is added as."""
    what = event["what"].get("entry") or event["what"]
    if "issued" in what:
        event["kind"] = {"taken_over": "added"}.get(event["kind"], event["kind"])
        event["on"] = max("2018-01-01", event["on"] if "entry" in event["what"] else "")
        del what["issued"]
    for change in event.get("changes", ()):
        change["on"] = "2018-01-01"


@pytest.mark.parametrize("way", ["withdrawn", "entered anew"])
def test_nobody_was_added_who_is_taken_over_alone_though_that_stands_no_more(way: str) -> None:
    """As a record closed before there were levels: withdrawn since, or entered anew again."""
    said: Any = {"actor": HMICFRS, "reason": "so", **PORTAL}
    with Register.open("memory:") as register:
        of: Any = {"category": "recommendation", "force": "wmp", "state": "closed"}
        first, then = date(2018, 1, 1), date(2023, 1, 1)
        register.take_over("R-1", issued=first, on=then, **of, **said)
        if way == "withdrawn":
            register.correct("R-1", 1, correction="void", **said)
        else:
            for issued in (date(2018, 1, 2), first):
                entry: Any = {"issued": issued}
                register.correct("R-1", 1, correction="reenter", entry=entry, **said)
        honest = list(register.export())
    assert judged(honest) == ([], ())
    found, _ = judged(forged(honest, as_added))
    number = 1 if way == "withdrawn" else 2
    sentence = "under before-levels@2, kept beside it, a record can only be taken over"
    assert f"{number}: {sentence}" in found


def test_a_step_of_the_system_s_that_fell_due_comes_of_nothing_at_once(tried: Register) -> None:
    """Without the day on which it was due it would have come of what stands before it."""
    with Register.open("memory:", rulebook=tried.rulebook) as register:
        register.add("R-1", category="tried", force="wmp", issued=FIRST, actor=LEAD)
        register.tick()
        honest = list(register.export())
    assert judged(honest, tried.rulebook)[0] == []
    found, _ = judged(forged(honest, at(2, drop("due"))), tried.rulebook)
    assert len(found) == 1
    assert found[0].startswith("2: R-1: the step `lapse`: says that it fell due on no day")
