"""Each event is held as it was recorded, also behind a correction; no judging ends untold."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from peelflow import Actor, Joint, Register, national
from peelflow.errors import InvalidRequest, StoreBusy, StoreUnavailable, UnknownRecord
from peelflow.model.records import Corrected, Event, Relevelled
from peelflow.register import judgement
from peelflow.register.kept_moves import why_move_unlawful
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from peelflow.stores.export import restore_export, verify_export
from peelflow.stores.soundness import KeptLifecycles, history_faults
from tests.stores.forgery import Edit, at, forged

KIM = Actor("officer-1", "liaison_officer")
HMICFRS = Actor("portal", "hmicfrs")
PORTAL: Any = {"recorded_by": "officer-1", "source": "portal"}
ISSUED, NOTED, BEGUN = date(2023, 1, 9), date(2023, 2, 1), date(2023, 6, 1)
CHIEF = "appointment:wmp:chief_constable:officer-9:2022-01-01"
Do = Callable[[Register], object]


class Clock:
    """Tells another hour each time that somebody asks."""

    def __init__(self) -> None:
        self.moment = datetime(2024, 1, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the next hour."""
        self.moment += timedelta(hours=1)
        return self.moment


def lived(*acts: Do, level: int = 2) -> list[str]:
    """Return the export of a record with a note that was voided, and what was done to it then."""
    with Register.open("memory:", clock=Clock()) as register:
        first = date(2022, 1, 1)
        register.appoint("officer-9", "chief_constable", force="wmp", first_day=first, actor=KIM)
        said: Any = {"fields": {"owner": "lead-1"}, "actor": HMICFRS, **PORTAL}
        register.add("R-1", category="afi", level=level, force="wmp", issued=ISSUED, **said)
        for name in ("R-1", CHIEF):
            note = register.note(name, "n", actor=KIM, on=NOTED)
            register.correct(name, note.number, correction="void", actor=KIM, reason="so")
        for act in acts:
            act(register)
        assert register.verify() == ()
        return list(register.export())


def noted(register: Register) -> object:
    """Note something."""
    return register.note("R-1", "a", actor=KIM, on=NOTED)


def started(register: Register) -> object:
    """Start it."""
    return register.fire("R-1", "start", actor=KIM, on=BEGUN)


def moved(register: Register) -> Event:
    """Move it to another level."""
    on = date(2023, 7, 5)
    return register.relevel("R-1", plan="level-2-to-3", actor=HMICFRS, reason="r", on=on, **PORTAL)


def shared(register: Register) -> object:
    """Make it joint."""
    return register.make_joint("R-1", Joint(("kent",)), actor=KIM, reason="r", on=date(2023, 8, 1))


def extended(register: Register) -> object:
    """Say until when the chief is appointed."""
    return register.amend(CHIEF, "last_day", date(2030, 1, 1), actor=KIM, reason="r")


def void(event: int, actor: Actor = KIM) -> Do:
    """Return what voids an event."""
    said: Any = {"actor": actor, "reason": "so", **(PORTAL if actor == HMICFRS else {})}
    return lambda register: register.correct("R-1", event, correction="void", **said)


def redated(event: int, to: date, actor: Actor = KIM) -> Do:
    """Return what moves an event to another day."""
    said: Any = {"actor": actor, "reason": "so", **(PORTAL if actor == HMICFRS else {})}
    return lambda register: register.correct("R-1", event, correction="redate", to=to, **said)


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of what happened."""
    return lambda event: event["what"].update(parts)


def sets(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def each(*edits: Edit) -> Edit:
    """Return an edit that does several."""
    return lambda event: [edit(event) for edit in edits]


def line(delta: int, **parts: object) -> dict[str, object]:
    """Return a line of the figures."""
    of = {"category": "afi", "force": "wmp", "ledger": "portal", "level": 2, "on": "2023-01-09"}
    return {**of, "counts": "closed", "delta": delta, "state": "closed", **parts}


def counted(**parts: Any) -> Edit:
    """Return an edit that lets two notes count something and take it back."""
    size = parts.pop("size", 1)
    return each(
        at(4, sets(changes=[line(size, **parts)])), at(5, sets(changes=[line(-size, **parts)]))
    )


def cleared(field: str, old: str) -> Edit:
    """Return an edit by which an amendment of the appointment clears a field."""

    def edit(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == (CHIEF, 4):
            event["what"] = {"field": field, "new": None, "old": old}

    return edit


def without_changes(event: dict[str, Any]) -> None:
    """Leave the figures' changes out."""
    del event["changes"]


def turned_to_note(event: dict[str, Any]) -> None:
    """Make a note of it."""
    event.pop("changes", None)
    event.update(kind="noted", what={"text": "x"})


def twice(event: dict[str, Any]) -> None:
    """Split the first change into two that sum up to it."""
    first = event["changes"][0]
    more = [{**first, "delta": delta} for delta in (3 * first["delta"], -2 * first["delta"])]
    event["changes"] = [*more, *event["changes"][1:]]


NOTES = (noted, noted)
FORGERIES: dict[str, tuple[tuple[Do, ...], Edit, str]] = {
    "notes that count": (NOTES, counted(), "R-1 4 changes-unfit"),
    "of another force": (NOTES, counted(force="kent"), "R-1 5 changes-unfit"),
    "of no level": (NOTES, counted(level=99), "R-1 4 changes-unfit"),
    "in the year 9999": (NOTES, counted(on="9999-01-01"), "R-1 4 changes-unfit"),
    "more than a store can count": (NOTES, counted(size=10**30), "R-1 4 changes-unfit"),
    "a state of no rules": ((moved,), at(4, says(new="bogus")), "R-1 4 move-unknown"),
    "what comes of no state": (
        (moved, shared, void(5)),
        at(4, says(new="bogus")),
        "R-1 5 move-unknown",
    ),
    "a level of other rules": ((moved,), at(4, says(new_level=9)), "R-1 4 move-unknown"),
    "forces that it was never joint with": (
        (shared,),
        at(4, says(old=["met"])),
        "R-1 4 move-unknown",
    ),
    "a force twice": ((shared,), at(4, says(new=["kent", "kent"])), "R-1 4 move-unknown"),
    "a day before the last": (
        (started, moved, void(5, HMICFRS), void(4)),
        at(5, sets(on="2023-01-01")),
        "R-1 5 day-unfit",
    ),
    "a correction that counts otherwise": (
        (started, void(4)),
        at(5, without_changes),
        "R-1 5 changes-unfit",
    ),
    "a correction that the next one makes good": (
        (started, void(4), redated(1, date(2023, 1, 8), HMICFRS)),
        at(5, without_changes),
        "R-1 5 changes-unfit",
    ),
    "a correction that counts a line twice": (
        (started, void(4)),
        at(5, twice),
        "R-1 5 changes-unfit",
    ),
    "a correction of what is to come": ((noted, void(4)), at(5, says(event=6)), "R-1 5 move-unkn"),
    "a correction of itself": ((noted, void(4)), at(5, says(event=5)), "R-1 5 move-unknown"),
    "a correction of nothing": ((noted, void(4)), at(5, says(event=0)), "R-1 5 move-unknown"),
    "a correction to a day that voids": (
        (noted, void(4)),
        at(5, says(to="2023-02-01")),
        "R-1 5 move-unknown",
    ),
    "a correction to before what came earlier": (
        (started, redated(4, date(2023, 6, 2))),
        at(5, says(to="2023-01-01")),
        "R-1 5 day-unfit",
    ),
    "a withdrawal that counts nothing back": (
        (void(1, HMICFRS),),
        at(4, without_changes),
        "R-1 4 changes-unfit",
    ),
    "what happened to what was withdrawn": (
        (void(1, HMICFRS), void(4, HMICFRS)),
        at(5, turned_to_note),
        "R-1 5 move-unknown",
    ),
    "an appointment from no day": (
        (extended,),
        cleared("first_day", "2022-01-01"),
        f"{CHIEF} 4 words-unfit",
    ),
    "an appointment of nobody": (
        (extended,),
        cleared("person", "officer-9"),
        f"{CHIEF} 4 words-unfit",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_an_event_behind_a_correction_is_held_as_it_was_recorded(name: str) -> None:
    """14.33: figures, levels, forces, days and words, whatever later events make good of them."""
    acts, edit, finding = FORGERIES[name]
    honest = lived(*acts)
    assert list(verify_export(honest)) == []
    found = list(verify_export(forged(honest, edit)))
    told = [f"{one.record} {one.event} {one.code}" for one in found]
    assert any(one.startswith(finding) for one in told), told


def test_a_note_of_an_earlier_day_stands_behind_what_is_corrected() -> None:
    """14.33: it moves nothing, and lies before no day."""
    assert list(verify_export(lived(started, noted, void(4)))) == []


@pytest.mark.parametrize("name", ["notes that count", "an appointment from no day"])
def test_each_store_finds_it_in_verify(name: str, store: Store) -> None:
    """14.33: figures as known between two events show it, and nothing may read it first."""
    acts, edit, finding = FORGERIES[name]
    restore_export(store, forged(lived(*acts), edit))
    found = Register(store, rulebook=national()).verify()
    assert finding in [f"{one.record} {one.event} {one.code}" for one in found]


def test_a_step_at_once_that_fell_due_is_none_of_the_rules() -> None:
    """14.33: `archive` of level 1 is given no time, so it stays where it comes from."""
    honest = lived(level=1)
    events = [json.loads(one["text"]) for one in map(json.loads, honest) if one["kind"] == "event"]
    (number,) = (one["number"] for one in events if one["what"].get("trigger") == "archive")
    found = list(verify_export(forged(honest, at(number, says(due="2023-01-09")))))
    assert [(one.event, one.code) for one in found] == [(number, "move-unknown")]
    assert "gives 'archive' no time" in found[0].sentence


def test_rules_that_are_not_kept_are_told_as_such_behind_a_correction() -> None:
    """14.33: nobody knows then what its figures should be."""
    lines = [one for one in lived(started, void(4)) if json.loads(one)["kind"] != "lifecycle"]
    codes = {one.code for one in verify_export(lines)}
    assert codes == {"rules-missing"}


def test_a_step_at_once_happens_to_no_withdrawn_record(store: Store) -> None:
    """14.33: it stands behind what was entered anew, and nothing stands."""
    register = Register(store, rulebook=national())
    said: Any = {"actor": HMICFRS, **PORTAL}
    register.add("R-1", category="afi", level=2, force="wmp", issued=ISSUED, **said)
    register.correct("R-1", 1, correction="reenter", entry={"level": 1}, reason="so", **said)
    added, entered, archived = register.history("R-1")
    kept = KeptLifecycles(store.lifecycles())
    assert list(history_faults((added, entered, archived), kept)) == []
    voided = evolve(entered, number=3, what=Corrected(1, "void"), changes=())
    events = added, entered, voided, evolve(archived, number=4)
    assert [each[:2] for each in history_faults(events, kept)][:1] == [(4, "move-unknown")]


def test_a_move_to_no_state_of_its_rules_is_unlawful() -> None:
    """As it is when its states are asked how they count."""
    with Register.open("memory:", clock=Clock()) as register:
        said: Any = {"actor": HMICFRS, **PORTAL}
        register.add("R-1", category="afi", level=2, force="wmp", issued=ISSUED, **said)
        before, move = register.record("R-1"), moved(register)
        session = register.session()
        for old, new in (("open", "bogus"), ("bogus", "open")):
            assert isinstance(move.what, Relevelled)
            what = evolve(move.what, old=old, new=new)
            why = why_move_unlawful(session, move, what, before)
            assert "is of `bogus`, which is no state of level-" in why


def raising(fault: Exception) -> Callable[..., object]:
    """Return a function that raises something, whatever it is given."""

    def fails(*_: object, **__: object) -> object:
        raise fault

    return fails


PLACES = (
    "why_act_unlawful",
    "check_as_recorded",
    "check_place",
    "why_alike",
    "has_steps_at_once",
    "why_not_at_once",
    "each_step_missing",
    "each_step_moved_alone",
    "unknown_plan",
)
"""What judges of a history, or of a record as it stands."""


@pytest.mark.parametrize("place", PLACES)
def test_where_judging_ends_early_something_is_found(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it could not read: what ends untold would let in anything that comes behind."""
    lines = lived(started, moved)
    gone = StoreUnavailable("memory:", "has no such rules", instead="restore it")
    for fault in (KeyError("bogus"), UnknownRecord("R-9"), TypeError("x"), ValueError("x"), gone):
        monkeypatch.setattr(judgement, place, raising(fault))
        with Register.open("memory:") as register:
            found = judge_export(register.services, lines).discrepancies
        assert {one.code for one in found} == {"act-unlawful"}
        assert all("it cannot be judged: " in one.sentence for one in found)
        assert "R-1" in {one.record for one in found}


def test_a_store_that_is_busy_is_raised_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is judged then, and nobody is accused."""
    lines, busy = lived(), StoreBusy("memory:")
    monkeypatch.setattr(judgement, "check_as_recorded", raising(busy))
    with Register.open("memory:") as register, pytest.raises(StoreBusy):
        judge_export(register.services, lines)


def test_what_a_verb_would_refuse_is_said_as_it_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next event is judged."""
    lines, refused = lived(started), InvalidRequest("R-1", "is so", "do otherwise")
    monkeypatch.setattr(judgement, "check_as_recorded", raising(refused))
    with Register.open("memory:") as register:
        found = judge_export(register.services, lines).discrepancies
    assert [one.event for one in found if one.record == "R-1"] == [1, 2, 3, 4]
