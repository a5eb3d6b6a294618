"""Records under an earlier version of the national rules stay, move on, and are re-levelled."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow.cli import main
from peelflow.errors import Diagnostic, InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import Migrated, Relevelled
from peelflow.register.register import Register
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import load, national, national_plans, plans_between_versions
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import BEFORE_LEVELS, HMICFRS, KIND, LIAISON, World, clock

CHANGED = ("level-2", "level-3", "level-4", "cause-of-concern")
BEFORE = Rulebook(
    tuple(
        rules for rules in national().lifecycles if str(rules) not in {f"{n}@2" for n in CHANGED}
    ),
    national().vocabulary,
)
"""The national rules as they were before version 2."""
SAID: dict[str, Any] = {"actor": LIAISON, "reason": "the new version"}
DECIDED: dict[str, Any] = {
    "actor": HMICFRS,
    "recorded_by": "liaison-officer",
    "source": "portal",
    "reason": "reviewed",
}


def world_of_before(folder: Path, book: Rulebook = BEFORE) -> World:
    """Return a world in a file, under the rules of before."""
    url = f"sqlite:///{folder / 'wmp.db'}"
    return World(Register.open(url, rulebook=book, clock=clock)).settle_in()


def today(world: World, folder: Path, book: Rulebook | None = None) -> World:
    """Return the same world once peelflow has version 2."""
    world.register.close()
    url = f"sqlite:///{folder / 'wmp.db'}"
    return World(Register.open(url, rulebook=book, clock=clock), day=world.later(), made=world.made)


@pytest.mark.parametrize("name", CHANGED)
def test_a_record_of_before_goes_on_and_moves_to_version_2(name: str, tmp_path: Path) -> None:
    """It keeps its rules until it is moved; then HMICFRS can end it; and it can be moved back."""
    world = world_of_before(tmp_path)
    record = world.add(KIND[name])
    world = today(world, tmp_path)
    world.step(record, "start")
    assert str(world.register.record(record).lifecycle) == f"{name}@1"
    world.later()
    with pytest.raises(Refused, match="not here"):
        world.fire(record, "discharge", "hmicfrs", reason="ended")
    before = world.register.figures()
    plan = f"{name}-version-2"
    assert world.register.preview(plan, on=world.day).affected == 1
    assert world.register.migrate(plan, on=world.day, **SAID).moved == 1
    now = world.register.record(record)
    assert (str(now.lifecycle), now.state) == (f"{name}@2", "in_progress")
    assert world.register.figures() == before
    assert world.register.unmigrate(plan, on=world.day, **SAID).moved == 1
    assert world.register.migrate(plan, on=world.day, **SAID).moved == 1
    world.fire(record, "discharge", "hmicfrs", reason="ended")
    assert world.register.record(record).state == "discharged"
    assert world.register.verify() == ()
    world.register.close()


def test_a_letter_attached_before_the_move_still_counts(tmp_path: Path) -> None:
    """The window goes on, and so does the work."""
    world = world_of_before(tmp_path)
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    world.register.attach(record, world.letter(), actor=LIAISON, on=world.day)
    world = today(world, tmp_path)
    world.register.migrate("level-2-version-2", on=world.day, **SAID)
    world.fire(record, "close", "chief_constable")
    assert world.register.record(record).state == "closed"
    world.register.close()


@pytest.mark.parametrize("key", [None, "k"])
def test_a_record_of_before_is_relevelled_through_version_2(
    tmp_path: Path, key: str | None
) -> None:
    """By the plan between the levels as they are; the history shows both moves, on one day."""
    world = world_of_before(tmp_path)
    record = world.add(KIND["level-3"])
    world = today(world, tmp_path)
    event = world.register.relevel(record, plan="level-3-to-2", on=world.day, key=key, **DECIDED)
    now = world.register.record(record)
    assert (now.level, str(now.lifecycle), now.state) == (2, "level-2@2", "open")
    moves = world.register.history(record)[1:]
    assert [type(each.what) for each in moves] == [Migrated, Relevelled]
    assert moves[1] == event
    assert {(each.on, each.actor) for each in moves} == {(world.day, HMICFRS)}
    if key is not None:
        again = world.register.relevel(
            record, plan="level-3-to-2", on=world.day, key=key, **DECIDED
        )
        assert again == event
    assert world.register.verify() == ()
    world.register.close()


def test_a_relevelling_that_is_refused_leaves_the_version_too(tmp_path: Path) -> None:
    """Both moves are kept, or neither."""
    world = world_of_before(tmp_path)
    record = world.add(KIND["level-3"])
    world = today(world, tmp_path)
    before = world.picture(record)
    with pytest.raises(InvalidRequest, match="moves no records"):
        asked = {**DECIDED, "actor": LIAISON}
        world.register.relevel(record, plan="level-3-to-2", on=world.day, **asked)
    assert world.picture(record) == before
    world.register.close()


def test_the_beginning_of_a_record_of_before_is_re_dated_still(tmp_path: Path) -> None:
    """A later version that took the place of its rules on both days is no other beginning."""
    world = world_of_before(tmp_path)
    world.later(30)
    record = world.add(KIND["level-2"])
    world = today(world, tmp_path)
    earlier = world.day.replace(day=1)
    world.register.correct(record, 1, correction="redate", to=earlier, on=world.day, **DECIDED)
    assert world.register.record(record).issued == earlier
    assert str(world.register.record(record).lifecycle) == "level-2@1"
    world.register.close()


def test_one_plan_leads_from_each_version_to_the_next() -> None:
    """And from no rules to others."""
    versions = [f"{name}@{number}" for name in CHANGED for number in (1, 2)]
    found = {(old, new): plans_between_versions(old, new) for old in versions for new in versions}
    leading = {between: plans for between, plans in found.items() if plans}
    assert leading == {
        (f"{name}@1", f"{name}@2"): (national_plans()[f"{name}-version-2"],) for name in CHANGED
    }


OURS = """\
lifecycle: ours
version: {version}
in_force_from: 2020-01-01
title: Written in a test
refines: level-2@{refined}
applies_to: {{category: [recommendation, afi], level: 2}}
initial: open
states:
  open:
    counts_as: {{portal: open}}
    transitions:
      start: {{to: waiting, by: [lead], requires: [{{field: owner}}]}}{ended}
  waiting:
    stands_for: in_progress
    counts_as: {{portal: open}}
    transitions:
      close:
        to: closed
        by: [chief_constable]
        requires: [{{evidence: letter, signed_by: [chief_constable]}}]{ended}
  closed:
    counts_as: {{portal: closed}}
    final: true
    transitions: {{reopen: {{to: waiting, by: [hmicfrs], requires: [reason], reopens: true}}}}
{discharged}"""
ENDED = "\n      discharge: {to: discharged, by: [hmicfrs], requires: [reason]}"
DISCHARGED = """\
  discharged:
    counts_as: {portal: closed}
    final: true
    transitions: {reopen: {to: waiting, by: [hmicfrs], requires: [reason], reopens: true}}
"""
OLD = OURS.format(version=1, refined=1, ended="", discharged="")
NEW = OURS.format(version=2, refined=2, ended=ENDED, discharged=DISCHARGED)
PLAN = """\
migration: ours-1-to-2
from: ours@1
to: ours@2
states: {open: open, waiting: waiting, closed: closed}
triggers: {close: close}
"""


def folder_of(folder: Path, **texts: str) -> Path:
    """Return a folder of rules with these files."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_12_10_a_force_s_file_over_version_1_runs_no_new_records(tmp_path: Path) -> None:
    """They take the version in force, or the force's form of that, and none of another."""
    day, kind = date(2023, 5, 2), ("afi", 2)
    old = load(folder_of(tmp_path / "old", old=OLD))
    assert str(old.lifecycle_for(*kind, day)) == "level-2@2"
    both = load(folder_of(tmp_path / "both", old=OLD, new=NEW, plan=PLAN))
    assert str(both.lifecycle_for(*kind, day)) == "ours@2"
    later = OLD.replace("2020-01-01", "2023-01-01").replace("ours", "older")
    three = load(folder_of(tmp_path / "three", new=NEW, later=later))
    assert str(three.lifecycle_for(*kind, day)) == "ours@2"
    assert str(national().lifecycle_for(*kind, day)) == "level-2@2"


def test_12_10_check_says_under_what_new_records_begin(tmp_path: Path) -> None:
    """A note, with what to do: write the next version; where there is one, move what is open."""
    (alone,) = older(load(folder_of(tmp_path / "old", old=OLD)))
    said = "`ours@1` refines `level-2@1`, and the version in force is `level-2@2`"
    assert alone.sentence == f"{said}: no new record begins under it"
    assert alone.help == (
        "write a next version that refines `level-2@2`, and a plan that moves records there"
    )
    (beside,) = older(load(folder_of(tmp_path / "both", old=OLD, new=NEW, plan=PLAN)))
    assert beside.sentence == alone.sentence
    assert beside.help == (
        "move its open records to `ours@2` by a plan, which new ones begin under"
    )


def test_a_day_under_rules_that_are_gone_is_set_right_to_one_that_has_rules(
    tmp_path: Path,
) -> None:
    """What the record began under asks for no file: nobody begins under it any more."""
    world = world_of_before(tmp_path)
    record = world.add(KIND["level-2"])
    began = world.register.record(record).issued
    first_day = began + timedelta(days=1)
    (national_file,) = (known for known in BEFORE.lifecycles if str(known) == "level-2@1")
    others = tuple(known for known in BEFORE.lifecycles if known != national_file)
    newest = evolve(national_file, version=3, in_force_from=first_day)
    newest = evolve(newest, pin=pin_of(newest))
    world = today(world, tmp_path, Rulebook((*others, newest), BEFORE.vocabulary))
    said: dict[str, Any] = {"correction": "reenter", "on": world.day, **DECIDED}
    world.register.correct(record, 1, entry={"issued": first_day}, **said)
    assert str(world.register.record(record).lifecycle) == "level-2@3"


def older(rulebook: Rulebook) -> list[Diagnostic]:
    """Return the notes of a rulebook on what refines an older version."""
    return [note for note in rulebook.notes if note.code == "refines-older-version"]


def test_12_10_what_runs_under_a_force_s_file_over_version_1_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is worked on and entered anew there; the command says of a new one what it runs under."""
    folder = folder_of(tmp_path / "old", old=OLD)
    world = world_of_before(tmp_path, load(folder, base=BEFORE))
    record = world.add(KIND["level-2"])
    world = today(world, tmp_path, load(folder))
    world.step(record, "start", role="lead")
    said: dict[str, Any] = {"correction": "reenter", "on": world.day, **DECIDED}
    world.register.correct(record, 1, entry={"issued": world.day.replace(day=1)}, **said)
    known = world.register.record(record)
    assert (str(known.lifecycle), known.state, known.issued.day) == ("ours@1", "waiting", 1)
    with pytest.raises(Refused, match="would break"):
        world.register.correct(record, 1, entry={"level": 3}, **said)
    new = world.add(KIND["level-2"])
    assert str(world.register.record(new).lifecycle) == "level-2@2"
    assert world.register.verify() == ()
    world.register.close()

    line = ["add", "R-9", "--category", "afi", "--level", "2", "--force", "wmp"]
    who = ["--issued", "2023-05-02", "--actor", "kim", "--actor-role", "liaison_officer"]
    where = ["--register", str(tmp_path / "wmp.db"), "--rules", str(folder)]
    assert main([*line, *who, *where]) == 0
    assert capsys.readouterr().err == (
        "R-9 runs under level-2@2: `ours@1` refines an earlier version; "
        "`peelflow check` of it says what to do\n"
    )


def test_a_force_moves_its_records_with_the_national_version(tmp_path: Path) -> None:
    """From its form of version 1 to its form of version 2, by a plan of its own."""
    old = load(folder_of(tmp_path / "old", old=OLD), base=BEFORE)
    world = world_of_before(tmp_path, old)
    record = world.add(KIND["level-2"])
    world.step(record, "start", role="lead")
    world.register.attach(record, world.letter(), actor=LIAISON, on=world.day)
    book = load(folder_of(tmp_path / "new", old=OLD, new=NEW, plan=PLAN))
    world = today(world, tmp_path, book)
    assert world.register.migrate("ours-1-to-2", on=world.day, **SAID).moved == 1
    assert str(world.register.record(record).lifecycle) == "ours@2"
    world.fire(record, "close", "chief_constable")
    assert world.register.verify() == ()
    world.register.close()


def test_a_record_under_a_force_s_file_over_version_1_is_relevelled(tmp_path: Path) -> None:
    """By way of the national file of version 2, in which it stands where its state stood."""
    folder = folder_of(tmp_path / "rules", old=OLD)
    world = world_of_before(tmp_path, load(folder, base=BEFORE))
    record = world.add(KIND["level-2"])
    world.step(record, "start", role="lead")
    world = today(world, tmp_path, load(folder))
    world.register.relevel(record, plan="level-2-to-3", on=world.day, **DECIDED)
    now = world.register.record(record)
    assert (now.level, str(now.lifecycle), now.state) == (3, "level-3@2", "in_progress")
    assert world.register.verify() == ()
    world.register.close()


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("name", BEFORE_LEVELS)
def test_a_record_from_before_the_levels_is_given_one(
    world: World, name: str, level: int, *, is_open: bool
) -> None:
    """One that is open goes on there, and is archived at level 1; what is closed stays closed."""
    record = world.add(KIND[name])
    if is_open:
        world.step(record, "reopen")
    world.later()
    world.register.relevel(record, plan=f"{name}-to-{level}", on=world.day, **DECIDED)
    now = world.register.record(record)
    state = "archived" if level == 1 else "in_progress" if is_open else "closed"
    assert (now.level, now.state) == (level, state)
    counts = "closed" if level == 1 or not is_open else "open"
    assert world.register.counts(now) == {"portal": counts}
    assert world.register.verify() == ()
