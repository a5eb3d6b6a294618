"""What the system does at once is held to what it comes of, whatever was corrected since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Register, Rulebook, load, national
from peelflow.engine.fold import fold
from peelflow.engine.standing_events import each_as_recorded
from peelflow.model.decisions import Predicate
from peelflow.model.rules import Lifecycle, is_automatic
from peelflow.register.restore import judge_export
from tests.stores.conftest import url_of
from tests.stores.forgery import Edit, at, forged

KIM = Actor("officer-1", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
Correct = Callable[[Register], object]
PORTAL: Any = {"recorded_by": "officer-1", "source": "portal"}
SAID: Any = {"actor": HMICFRS, "reason": "so", **PORTAL}
EARLIER, ISSUED, LATER = (date(2023, 1, day) for day in (8, 9, 10))
ARCHIVED = {
    "category": "recommendation",
    "counts": "closed",
    "force": "wmp",
    "ledger": "portal",
    "level": 1,
    "state": "archived",
}


def judged(lines: list[str], rulebook: Rulebook | None = None) -> tuple[list[str], tuple[str, ...]]:
    """Return what is found in an export, and what was not judged."""
    with Register.open("memory:", rulebook=rulebook or national()) as register:
        found = judge_export(register.services, lines)
    return [f"{each.event}: {each.sentence}" for each in found.discrepancies], found.unjudged


def entered_at(level: int, *corrections: Correct) -> list[str]:
    """Return the export of a record of a level, with what was done to it since."""
    with Register.open("memory:") as register:
        register.add(
            "R-1",
            category="recommendation",
            level=level,
            force="wmp",
            issued=ISSUED,
            fields={"owner": "lead-1", "question": "7.2"},
            actor=HMICFRS,
            **PORTAL,
        )
        for correct in corrections:
            correct(register)
        assert register.verify() == ()
        return list(register.export())


def noted(register: Register) -> object:
    """Note something, to be edited into something else."""
    return register.note("R-1", "n", actor=HMICFRS, on=LATER, **PORTAL)


def redated(register: Register) -> object:
    """Move the record's beginning to the day before."""
    return register.correct("R-1", 1, correction="redate", to=EARLIER, **SAID)


def withdrawn(register: Register) -> object:
    """Withdraw the record."""
    return register.correct("R-1", 1, correction="void", **SAID)


def void(event: int) -> Correct:
    """Return what voids an event."""
    return lambda register: register.correct("R-1", event, correction="void", **SAID)


def entered(**values: Any) -> Correct:
    """Return what enters the record anew."""
    entry: Any = values
    return lambda register: register.correct("R-1", 1, correction="reenter", entry=entry, **SAID)


def taken_over() -> list[str]:
    """Return the export of a record that was taken over as it was issued."""
    with Register.open("memory:") as register:
        register.take_over(
            "R-1",
            category="recommendation",
            level=1,
            force="wmp",
            issued=ISSUED,
            state="issued",
            on=LATER,
            **SAID,
        )
        return list(register.export())


def counted(**days: int) -> list[dict[str, object]]:
    """Return changes of how a record of level 1 counts, by day."""
    named = {"earlier": EARLIER, "issued": ISSUED, "later": LATER}
    return [ARCHIVED | {"on": f"{named[day]}", "delta": delta} for day, delta in days.items()]


def corrects(event: int, changes: list[dict[str, object]], **what: object) -> Edit:
    """Return an edit that makes a correction of an event."""

    def edit(made: dict[str, Any]) -> None:
        made.update(kind="corrected", changes=changes, reason="so")
        made["what"] = {"event": event, **what}

    return edit


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def without(number: int) -> Edit:
    """Return an edit that leaves an event out; what comes after it is numbered anew."""

    def edit(event: dict[str, Any]) -> None:
        if event["number"] == number:
            event.clear()
        elif event["number"] > number:
            event["number"] -= 1

    return edit


def all_of(*edits: Edit) -> Edit:
    """Return an edit that makes several."""
    return lambda event: [edit(event) for edit in edits if event]


def becomes_note(event: dict[str, Any]) -> None:
    """Make a note of an event."""
    event.update(kind="noted", what={"text": "n"}, actor={"person": "officer-1", "role": KIM.role})
    event.update(recorded_by="officer-1", changes=[])


def archives(event: dict[str, Any]) -> None:
    """Make of an event the system's step."""
    event.update(kind="acted", actor={"person": "peelflow", "role": "system"})
    event.update(recorded_by="peelflow", on=f"{ISSUED}", changes=counted(issued=1))
    for given in ("reason", "source"):
        event.pop(given, None)
    event["what"] = {"new": "archived", "old": "issued", "trigger": "archive"}


def _changes_of(lines: list[str], number: int) -> list[dict[str, Any]]:
    events = [json.loads(line["text"]) for line in map(json.loads, lines) if "text" in line]
    (event,) = [event for event in events if event.get("number") == number]
    changes: list[dict[str, Any]] = event["changes"]
    return changes


VOID = {"correction": "void"}
THEN = "2026-11-20T00:00:00+00:00"
MISSING = "the system would then `archive` at once"
ALONE = ": is a step of the system's own, and no correction of what led to it comes before"
FORGERIES: dict[str, tuple[tuple[Correct, ...], Edit, list[str]]] = {
    "voided alone": (
        (noted,),
        at(3, corrects(2, counted(issued=-1), correction="void")),
        [f"3: R-1: event 2{ALONE}", f"1: {MISSING}"],
    ),
    "voided alone behind another correction": (
        (noted, void(3), noted),
        at(5, corrects(2, counted(issued=-1), correction="void")),
        [f"5: R-1: event 2{ALONE}", f"1: {MISSING}"],
    ),
    "left where it leads from nowhere, for a while": (
        (entered(level=3), void(3)),
        all_of(without(6), without(4)),
        ["2: `archive` by `system` was not lawful under level-3@2, kept beside it: it leaves `iss"],
    ),
    "re-dated alone": (
        (noted,),
        at(3, corrects(2, counted(issued=-1, later=1), correction="redate", to=f"{LATER}")),
        [f"3: R-1: event 2{ALONE}", f"2: a step of the system's stands on {LATER}"],
    ),
    "left behind": (
        (redated,),
        all_of(at(3, says(changes=[])), without(4)),
        [f"2: a step of the system's stands on {ISSUED}, and event 1 on {EARLIER}"],
    ),
    "put elsewhere": (
        (redated,),
        all_of(at(3, says(changes=counted(issued=-1))), at(4, says(what={**VOID, "event": 2}))),
        ["4: R-1: event 2: is none that goes where event 3 puts", f"1: {MISSING}"],
    ),
    "corrected by another": (
        (redated,),
        at(4, says(actor={"person": "x", "role": "lead"})),
        ["4: R-1: event 2: is corrected otherwise than event 3 says, from which it follows"],
    ),
    "corrected at another time": (
        (redated,),
        at(4, says(recorded_at=THEN)),
        [f"4: R-1: event 2{ALONE}"],
    ),
    "recorded later": (
        (),
        at(2, says(recorded_at=THEN)),
        ["2: a step of the system's is recorded at 2026-11-20 00:00:00+00:00, and event 1 at"],
    ),
    "dated later": (
        (),
        at(2, all_of(says(on=f"{LATER}"), says(changes=counted(later=1)))),
        [f"2: a step of the system's is dated {LATER}, and comes at once of what is dated"],
    ),
    "behind a note": (
        (noted,),
        all_of(at(2, becomes_note), at(3, archives)),
        [f"1: {MISSING}", "3: a step of the system's comes of event 2, which leads the system to"],
    ),
    "left out": ((), without(2), [f"1: {MISSING}"]),
    "left out of what was withdrawn": (
        (withdrawn,),
        all_of(at(3, says(changes=[])), without(2)),
        [f"1: {MISSING}"],
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_step_that_does_not_stand_with_what_led_to_it_is_found(name: str) -> None:
    """At its event, or at what it would have come of, with why."""
    corrections, edit, sentences = FORGERIES[name]
    found, unjudged = judged(forged(entered_at(1, *corrections), edit))
    for sentence in sentences:
        assert any(each.startswith(sentence) for each in found), found
    assert unjudged == ()


def test_a_step_that_is_left_out_of_a_takeover_is_found() -> None:
    """A record that is taken over goes on from its state as one that is added does."""
    honest = taken_over()
    assert judged(honest) == ([], ())
    assert judged(forged(honest, without(2))) == ([f"1: {MISSING}"], ())


def test_a_step_that_was_left_out_for_a_while_is_found() -> None:
    """Of a beginning that was entered anew, and is as it was by now."""
    honest = entered_at(3, entered(level=1), void(2))
    opened = [line for line in _changes_of(honest, 2) if line["counts"] == "open"]
    closed = [{**line, "delta": 1} for line in opened]
    leaves_out = all_of(
        at(2, says(changes=opened)), at(4, says(changes=closed)), without(5), without(3)
    )
    assert judged(forged(honest, leaves_out)) == ([f"1: {MISSING}"], ())


def test_a_step_of_what_was_entered_anew_is_recorded_with_it() -> None:
    """Behind the correction, on its day, in its moment."""
    honest = entered_at(3, entered(level=1, issued=EARLIER))
    assert judged(honest) == ([], ())
    found, _ = judged(forged(honest, at(3, says(recorded_at=THEN))))
    assert any(each.startswith("3: a step of the system's is recorded at") for each in found)
    behind = entered_at(3, entered(level=1), noted)
    found, _ = judged(forged(behind, all_of(at(3, becomes_note), at(4, archives))))
    assert any("which leads the system to no step" in each for each in found)


HONEST: tuple[tuple[int, tuple[Correct, ...]], ...] = (
    (1, (redated, void(3), noted, redated)),
    (1, (entered(level=3), entered(level=1, issued=EARLIER), noted)),
    (1, (entered(level=3), void(3), entered(fields={"owner": "lead-2"}))),
    (1, (entered(fields={"owner": "lead-2"}, issued=LATER), redated)),
    (1, (withdrawn, void(3), redated, withdrawn)),
    (3, (entered(level=1), noted, entered(level=3), void(5))),
    (3, (entered(level=1), redated, void(4), void(2))),
)


@pytest.mark.parametrize(("level", "corrections"), HONEST)
def test_what_was_corrected_with_what_led_to_it_is_no_finding(
    level: int, corrections: tuple[Correct, ...], url: str, tmp_path: Path
) -> None:
    """However often, on each store."""
    lines = entered_at(level, *corrections)
    assert judged(lines) == ([], ())
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    with Register.open(url) as register:
        register.restore(file)
        assert register.verify() == ()


@pytest.fixture(params=["sqlite", "sql-sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty register in each kind of store."""
    return url_of(request.param, request, tmp_path)


GOING = """
lifecycle: going
version: 1
in_force_from: 2020-01-01
title: What goes on by itself
applies_to: {category: going, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      go: {to: half, by: [system], requires: [{field: owner}]}
      carry: {to: late, by: [lead]}
      wait: {to: waiting, by: [lead]}
      prove: {to: proven, by: [lead]}
      pass: {to: passed, by: [lead]}
  half:
    counts_as: {force: open}
    transitions:
      carry: {to: late, by: [lead]}
  late:
    counts_as: {force: open}
    transitions:
      end: {to: done, by: [lead]}
  waiting:
    counts_as: {force: open}
    transitions:
      gather: {to: done, by: [system], requires: [children]}
      end: {to: done, by: [lead]}
  passed:
    counts_as: {force: open}
    transitions:
      pass_on: {to: passed_on, by: [system]}
  passed_on:
    counts_as: {force: open}
    transitions:
      pass_again: {to: done, by: [system]}
  proven:
    counts_as: {force: open}
    transitions:
      know: {to: done, by: [system], requires: [{predicate: is_known}]}
      else: {to: late, by: [system], requires: [{field: owner}]}
  done:
    counts_as: {force: closed}
    final: true
"""
GOING_WORDS = """
vocabulary: going
categories:
  going: {title: Going, fields: {owner: {type: person, title: Owner}}, children: [going]}
predicates:
  is_known: Known
"""
LEAD = Actor("lead-1", "lead")


@pytest.fixture
def going(tmp_path: Path) -> Iterator[Register]:
    """Give a register of a record that goes on by itself, with one below it."""
    for name, text in (("going", GOING), ("words", GOING_WORDS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    known: dict[str, Predicate] = {"is_known": lambda *_: False}
    with Register.open("memory:", rulebook=load(tmp_path), predicates=known) as register:
        said: Any = {"category": "going", "force": "wmp", "issued": ISSUED, "actor": LEAD}
        register.add("R-1", **said)
        register.add("R-2", parent="R-1", **said)
        yield register


def test_what_follows_on_a_beginning_entered_anew_stands_behind_it(
    going: Register,
) -> None:
    """And not behind what was done since: each later act is judged where it was done."""
    going.fire("R-2", "carry", actor=LEAD, on=ISSUED)
    entry: Any = {"fields": {"owner": "lead-1"}}
    going.correct("R-2", 1, correction="reenter", entry=entry, actor=LEAD, reason="so")
    kinds = [event.kind for event in going.history("R-2")]
    assert kinds == ["added", "acted", "corrected", "acted"]
    going.fire("R-2", "end", actor=LEAD)
    history = going.history("R-2")
    for count, (_, _, after) in enumerate(each_as_recorded(history), 1):
        assert after == fold(history[:count])
    assert going.verify() == ()


def test_each_step_of_several_goes_where_the_first_goes(going: Register) -> None:
    """And is found where it does not."""
    going.fire("R-2", "pass", actor=LEAD, on=LATER)
    going.correct("R-2", 2, correction="void", actor=LEAD, reason="so")
    assert len(going.history("R-2")) == 7
    assert going.verify() == ()

    def edit(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == ("R-2", 7):
            event["what"] = {"correction": "redate", "event": 4, "to": f"{LATER}"}

    found, _ = judged(forged(list(going.export()), edit), going.rulebook)
    assert any("7: R-2: event 4: is none that goes where event 5 puts" in each for each in found)


def untold(step: str, record: str) -> tuple[str, ...]:
    """Return what is said of a step that may have been left out."""
    left_out = f"whether the system left out `{step}` of going@1 on {record}"
    return (f"not judged: {left_out}, for it asks more than its own record",)


def test_what_asks_more_than_the_record_may_have_been_left_out(going: Register) -> None:
    """That is told, and no finding: a child may have been closed after it, on the same day."""
    going.fire("R-1", "wait", actor=LEAD, on=ISSUED)
    assert judged(list(going.export()), going.rulebook) == ([], ())
    going.fire("R-2", "carry", actor=LEAD, on=ISSUED)
    going.fire("R-2", "end", actor=LEAD, on=ISSUED)
    assert judged(list(going.export()), going.rulebook) == ([], untold("gather", "R-1"))


def test_what_only_a_function_knows_may_have_been_left_out(going: Register) -> None:
    """Where its function is not here; one whose turn came behind it is asked all the same."""
    going.fire("R-2", "prove", actor=LEAD, on=ISSUED)
    assert going.verify() == ()
    lines = list(going.export())
    assert judged(lines, going.rulebook) == ([], untold("know", "R-2"))
    going.amend("R-1", "owner", "lead-1", actor=LEAD, reason="so", on=ISSUED)
    going.fire("R-1", "prove", actor=LEAD, on=ISSUED)
    assert going.record("R-1").state == "late"
    found = judged(forged(list(going.export()), without(5)), going.rulebook)
    assert found[0] == ["4: the system would then `else` at once"]


TASKS = """vocabulary: tasks
categories:
  task:
    title: Task
    fields: {owner: {type: person, title: Owner}, area: {type: text, title: Area}}
    figures: [{title: Task, order: 210, level: none}]
predicates: {is_sorted: Sorted, is_shelved: Shelved}
---
lifecycle: task
version: 1
in_force_from: 2020-01-01
title: Task
applies_to: {category: task, level: none}
initial: new
states:
  new:
    counts_as: {}
    transitions:
      FIRST
      SECOND
  sorted: {counts_as: {force: open}, transitions: {finish: {to: shelved, by: [lead]}}}
  shelved: {counts_as: {force: closed}, final: true}
"""
SORT = "sort: {to: sorted, by: [system], requires: [{field: area}]}"
SHELVE = "shelve: {to: shelved, by: [system], requires: [{field: owner}]}"


def tasks(folder: Path, first: str, second: str) -> Rulebook:
    """Return rules of a force's own with two steps of the system's from one state."""
    text = TASKS.replace("FIRST", first).replace("SECOND", second)
    for name, part in zip(("words", "rules"), text.split("---\n"), strict=True):
        (folder / f"{name}.yaml").write_text(part)
    return load(folder)


def add_task(register: Register) -> str:
    """Add a task, and return where it stands."""
    said: dict[str, Any] = {"force": "wmp", "issued": ISSUED, "actor": KIM}
    register.add("X-1", category="task", fields={"owner": "lee", "area": "n"}, **said)
    return register.record("X-1").state


def test_of_two_steps_at_once_the_first_by_its_name_is_taken(tmp_path: Path) -> None:
    """In whatever order the file has them: its digest knows none."""
    books = [tasks(tmp_path, *steps) for steps in ((SORT, SHELVE), (SHELVE, SORT))]
    assert (
        len({rules.pin for book in books for rules in book.lifecycles if rules.name == "task"}) == 1
    )
    for book in books:
        with Register.open("memory:", rulebook=book) as register:
            assert add_task(register) == "shelved"
            lines = list(register.export())
        assert judged(lines) == ([], ())


def test_what_an_earlier_peelflow_took_by_the_file_s_order_is_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the first in the file, and what came of it is still corrected and judged."""
    monkeypatch.setattr("peelflow.register.commands.automatic_triggers", _in_the_file)
    with Register.open("memory:", rulebook=tasks(tmp_path, SORT, SHELVE)) as register:
        assert add_task(register) == "sorted"
        done = register.fire("X-1", "finish", actor=Actor("lee", "lead"), on=LATER)
        said: Any = {"correction": "void", "reason": "a slip", "actor": Actor("lee", "lead")}
        register.correct("X-1", done.number, **said)
        assert register.verify() == ()
        assert judged(list(register.export())) == ([], ())


def _in_the_file(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    steps = lifecycle.states[state].transitions
    return tuple(step.trigger for step in steps if is_automatic(step))


LATELY = """vocabulary: lately
categories:
  lately:
    title: Lately
    fields: {owner: {type: person, title: Owner}, area: {type: text, title: Area}}
---
lifecycle: lately
version: 1
in_force_from: 2020-01-01
title: What goes on by itself where it was let
applies_to: {category: lately, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      go: {to: half, by: [system], requires: [{field: area}]}
      carry: {to: late, by: [lead]}
  half: {counts_as: {force: open}, transitions: {carry: {to: late, by: [lead]}}}
  late:
    counts_as: {force: open}
    transitions:
      end: {to: done, by: [system], requires: [{field: owner}]}
      stop: {to: done, by: [lead]}
  done: {counts_as: {force: closed}, final: true}
"""


def test_what_follows_on_a_beginning_entered_anew_leads_on_where_it_stands(tmp_path: Path) -> None:
    """And not where the record is by then, which nothing since led on from."""
    for name, part in zip(("words", "rules"), LATELY.split("---\n"), strict=True):
        (tmp_path / f"{name}.yaml").write_text(part)
    with Register.open("memory:", rulebook=load(tmp_path)) as register:
        register.add("R-1", category="lately", force="wmp", issued=ISSUED, actor=LEAD)
        register.fire("R-1", "carry", actor=LEAD, on=ISSUED)
        register.amend("R-1", "owner", "lead-1", actor=LEAD, reason="so", on=ISSUED)
        entry: Any = {"fields": {"area": "n"}}
        register.correct("R-1", 1, correction="reenter", entry=entry, actor=LEAD, reason="so")
        assert [event.kind for event in register.history("R-1")][-2:] == ["corrected", "acted"]
        assert (register.record("R-1").state, register.verify()) == ("late", ())


def test_a_step_may_come_behind_what_is_void_with_what_is_entered_anew(tmp_path: Path) -> None:
    """Where it begins otherwise, the step that it led to is void, and another comes with it."""
    with Register.open("memory:", rulebook=tasks(tmp_path, SORT, SHELVE)) as register:
        said: Any = {"force": "wmp", "issued": ISSUED, "actor": KIM}
        register.add("X-1", category="task", fields={"area": "n"}, **said)
        entry: Any = {"fields": {"owner": "lee"}}
        register.correct("X-1", 1, correction="reenter", entry=entry, actor=KIM, reason="so")
        triggers = [getattr(event.what, "trigger", "") for event in register.history("X-1")]
        assert triggers == ["", "sort", "", "", "shelve"]
        assert register.verify() == ()


def test_of_several_steps_that_may_be_left_out_the_first_is_told(tmp_path: Path) -> None:
    """By its name, which the system would have tried first."""
    steps = [
        f"{trigger}: {{to: {to}, by: [system], requires: [{{predicate: is_{to}}}]}}"
        for trigger, to in (("sort", "sorted"), ("shelve", "shelved"))
    ]
    book, known = tasks(tmp_path, *steps), never("is_sorted", "is_shelved")
    with Register.open("memory:", rulebook=book, predicates=known) as register:
        assert add_task(register) == "new"
        _, unjudged = judged(list(register.export()), book)
    assert unjudged == (untold("shelve", "X-1")[0].replace("going@1", "task@1"),)


def never(*names: str) -> dict[str, Predicate]:
    """Return functions of predicates that never hold."""
    return {name: lambda *_: False for name in names}
