"""A force that left a joint record reads it as far as to where it left, and not a word more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.cli import main
from peelflow.errors import Conflict, InvalidRequest, NotPermitted, PeelflowError, UnknownDocument
from peelflow.model.records import Event, Joint
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.plan import inspection_plan
from peelflow.portfolio.selection import each_selected
from peelflow.register.register import Register
from peelflow.stores.base import RecordQuery, Store, WriteBatch
from peelflow.stores.memory import MemoryStore
from peelflow.stores.scoped import ScopedStore
from tests.builders.force import LIAISON
from tests.register.test_joint import (
    ALL_ACT,
    DAY,
    ESSEX,
    LAST,
    LATER,
    NORFOLK,
    SAID,
    SUFFOLK,
    WITH_SUFFOLK,
    add,
    chief,
    filled,
    letter,
    make,
    opened,
    store,
)
from tests.slips.test_mending import TAKEN, TAKES

__all__ = ["store"]

END = LAST + timedelta(30)
DAYS = (DAY, LATER, LAST, LAST + timedelta(1), END)


def left_by_suffolk(store: Store) -> Register:
    """Open a register whose joint record is started, and left by Suffolk."""
    register = filled(store)
    register.fire("J-1", "start", actor=LIAISON, on=LATER)
    register.attach("J-1", letter(register, NORFOLK, "before.txt"), actor=LIAISON, on=LATER)
    make(register, "J-1", Joint(), on=LAST)
    return register


def told(register: Register) -> dict[str, object]:
    """Return all that a force's register tells of what it reads."""
    listed = {
        day: (
            register.figures(as_at=day),
            [*each_selected(register, as_at=day)],
            ages(register, on=day),
            movement(register, after=DAY - timedelta(1), until=day),
            movement_totals(register, after=DAY - timedelta(1), until=day),
            inspection_plan(register, day),
        )
        for day in DAYS
    }
    kept = {name: register.history(name) for name in ("J-1", f"{SUFFOLK}-1")}
    return {"as at": listed, "history": kept, "record": register.record("J-1")}


def after_that(register: Register) -> Any:
    """Do on the joint record what is its lead force's business, and return its letter."""
    kept = letter(register, NORFOLK, "after.txt")
    register.note("J-1", "our own business", actor=LIAISON, on=LAST, key="ours")
    register.amend("J-1", "owner", "nobody's", actor=LIAISON, on=LAST, reason="moved on")
    register.attach("J-1", kept, actor=LIAISON, on=LAST)
    register.fire("J-1", "close", actor=chief(NORFOLK), on=LAST, evidence=[kept])
    return kept


def last_act(register: Register) -> Event:
    """Return what a list says last happened to the joint record."""
    return register.store.last_events({"J-1": register.record("J-1").number})["J-1"].event


def test_it_reads_to_where_it_left(store: Store) -> None:
    """History, record, lists, figures, movement and plan stay as they were on the day it left."""
    register = left_by_suffolk(store)
    suffolk = opened(store, SUFFOLK)
    before = told(suffolk)
    kept = after_that(register)
    assert told(suffolk) == before == told(opened(store, SUFFOLK))
    assert suffolk.record("J-1").state == "in_progress"
    assert suffolk.history("J-1")[-1].kind == "made_joint"
    assert last_act(suffolk) == suffolk.history("J-1")[-1]
    assert suffolk.document(suffolk.record("J-1").attachments[0].document.digest)
    with pytest.raises(UnknownDocument):
        suffolk.document(kept.digest)
    with pytest.raises(UnknownDocument):
        suffolk.attach(f"{SUFFOLK}-1", kept, actor=LIAISON, on=LAST)
    assert register.figures(force=SUFFOLK, as_at=LATER) == suffolk.figures(as_at=LATER)
    assert opened(store, NORFOLK).history("J-1") == register.history("J-1")


def test_it_gives_no_feed_export_seal_or_check_either(store: Store) -> None:
    """They hold every force's events, so a register for one force gives none."""
    after_that(left_by_suffolk(store))
    suffolk = opened(store, SUFFOLK)
    asked: tuple[Callable[[], object], ...] = (
        lambda: [*suffolk.feed()],
        lambda: [*suffolk.export()],
        suffolk.seal,
        suffolk.verify,
    )
    for ask in asked:
        with pytest.raises(InvalidRequest, match="hold every force's"):
            ask()


def test_it_looks_for_a_record_as_it_reads_it(store: Store) -> None:
    """By its state and what a field says; not by what it came to be later, nor by a later key."""
    after_that(left_by_suffolk(store))
    suffolk = opened(store, SUFFOLK)
    for query in (
        RecordQuery(state="closed"),
        RecordQuery(field=("owner", "nobody's")),
        RecordQuery(level=3),
        RecordQuery(parent="C-1"),
    ):
        assert [*suffolk.store.records(query)] == []
    assert suffolk.store.event_with_key("J-1", "ours") is None
    (kept,) = (each for each in suffolk.store.records(RecordQuery()) if each.id == "J-1")
    assert kept == suffolk.record("J-1")


def test_an_act_that_carries_a_key_is_found_as_far_as_it_reads(store: Store) -> None:
    """What it did itself with a key, it is told again."""
    register = filled(store)
    make(register, "J-1", ALL_ACT, on=DAY)
    opened(store, SUFFOLK).fire("J-1", "start", actor=LIAISON, on=LATER, key="mine")
    make(register, "J-1", Joint(), on=LAST)
    entry = opened(store, SUFFOLK).store.event_with_key("J-1", "mine")
    assert entry is not None
    assert entry.event == register.history("J-1")[2]


def test_a_correction_of_what_it_reads_is_read_and_no_other(store: Store) -> None:
    """Its figures of the days before rest on it: lists and figures say the same, as ever."""
    register = left_by_suffolk(store)
    suffolk = opened(store, SUFFOLK)
    before = store.position()
    register.note("J-1", "our own business", actor=LIAISON, on=LAST)
    voided = register.correct("J-1", 2, correction="void", actor=LIAISON, reason="slip", on=LAST)
    register.correct("J-1", 5, correction="void", actor=LIAISON, reason="slip", on=LAST)
    register.correct("J-1", voided.number, correction="void", actor=LIAISON, reason="no", on=LAST)

    read = suffolk.history("J-1")
    assert [event.kind for event in read[3:]] == ["made_joint", "corrected", "corrected"]
    assert [event.number for event in read] == [*range(1, 7)]
    assert [event.what.event for event in read[4:]] == [2, 5]  # type: ignore[union-attr]
    assert suffolk.record("J-1").state == "in_progress"
    for known, state in ((before, "in_progress"), (before + 2, "open"), (None, "in_progress")):
        listed = {each.id: each for each in each_selected(suffolk, as_at=LATER, known=known)}
        assert listed["J-1"].state == state
    assert suffolk.figures(as_at=LATER) == register.figures(as_at=LATER, force=SUFFOLK)


def test_one_that_came_back_reads_it_whole(store: Store) -> None:
    """And one that left again, as far as to where it left last."""
    register = left_by_suffolk(store)
    after = register.note("J-1", "meanwhile", actor=LIAISON, on=LAST)
    make(register, "J-1", WITH_SUFFOLK, on=LAST)
    suffolk = opened(store, SUFFOLK)
    assert suffolk.history("J-1") == register.history("J-1")
    make(register, "J-1", Joint(), on=LAST)
    register.note("J-1", "and later", actor=LIAISON, on=LAST)
    assert suffolk.history("J-1") == register.history("J-1")[:-1]
    assert after in suffolk.history("J-1")


def test_it_acts_by_what_it_reads_and_what_others_do_is_not_in_its_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act that names such a record is kept, though it is another number in the store."""
    register = filled(store)
    held = {"kind": "planned", "questions": ["7"], "first_day": LATER}
    more: dict[str, Any] = {"category": "inspection", "level": None, "fields": held}
    add(register, "INS-J", NORFOLK, **more, joint=WITH_SUFFOLK)
    make(register, "INS-J", Joint(), on=LAST)
    register.note("INS-J", "our own business", actor=LIAISON, on=LAST)
    suffolk = opened(store, SUFFOLK)
    scoped = suffolk.store
    assert isinstance(scoped, ScopedStore)
    add(suffolk, "S-9", SUFFOLK)
    drafted: list[WriteBatch] = []
    for owner in ("me", "you"):
        with monkeypatch.context() as patched:
            patched.setattr(scoped, "append", drafted.append)
            suffolk.amend("S-9", "owner", owner, actor=LIAISON, on=LAST, reason="mine")
    mine, yours = (evolve(each, read_set={"S-9": 1, "INS-J": 2}) for each in drafted)
    scoped.append(mine)
    assert suffolk.record("S-9").fields["owner"] == "me"
    register.correct("INS-J", 2, correction="redate", to=END, actor=LIAISON, reason="r", on=END)
    with pytest.raises(Conflict):
        scoped.append(evolve(yours, read_set={"S-9": 2, "INS-J": 2}))


def test_what_the_system_did_at_once_on_a_correction_is_read_with_it(
    store: Store, tmp_path: Path
) -> None:
    """A record that was entered anew stands where that led it to."""
    for name, text in (("words", TAKEN), ("case", TAKES)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    rules = load(tmp_path)
    register = opened(store, rulebook=rules)
    add(register, "R-1", NORFOLK, category="case", level=None, fields={}, joint=WITH_SUFFOLK)
    make(register, "R-1", Joint(), on=LAST)
    register.note("R-1", "our own business", actor=LIAISON, on=LAST)
    entry: dict[str, Any] = {"correction": "reenter", "entry": {"fields": {"owner": "lead-1"}}}
    register.correct("R-1", 1, **entry, on=LAST, reason="as it was", **SAID)

    suffolk = opened(store, SUFFOLK, rulebook=rules)
    kinds = [event.kind for event in suffolk.history("R-1")]
    assert kinds == ["added", "made_joint", "corrected", "acted"]
    assert suffolk.record("R-1").state == "filed"
    figures = register.figures(ledger="force", as_at=DAY, force=SUFFOLK)
    assert suffolk.figures(ledger="force", as_at=DAY) == figures


STEPS = st.lists(
    st.sampled_from(["join", "leave", "essex", "note", "start", "attach", "void", "redate"]),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, voided=st.integers(2, 4))
@example(["start", "leave", "note", "void"], 2)
def test_whatever_happens_figures_and_lists_of_one_that_left_agree(
    steps: list[str], voided: int
) -> None:
    """And what it read once stays as it was, with the corrections of it behind."""
    register = filled(MemoryStore())
    suffolk = opened(register.store, SUFFOLK)
    for step in steps:
        before, is_of = suffolk.history("J-1"), register.record("J-1").is_of(SUFFOLK)
        try:
            do(register, step, voided)
        except PeelflowError:
            continue
        read, whole = suffolk.history("J-1"), register.history("J-1")
        if is_of or register.record("J-1").is_of(SUFFOLK):
            assert read == whole
        elif step not in ("void", "redate"):
            assert read == before
        assert [event.number for event in read] == [*range(1, len(read) + 1)]
        assert last_act(suffolk) == [event for event in read if event.kind != "noted"][-1]
        for day in DAYS:
            of_it = [each for each in each_selected(suffolk, as_at=day) if each.id == "J-1"]
            counts = [register.counts(each)["portal"] for each in of_it]
            of_all = suffolk.figures(as_at=day)
            assert counts.count("open") == of_all.open - 1
            assert of_all == register.figures(as_at=day, force=SUFFOLK)


def do(register: Register, step: str, number: int) -> None:
    """Do one step on the joint record, on the day after its last."""
    on: date = register.record("J-1").on + timedelta(1)
    said: dict[str, Any] = {"actor": LIAISON, "on": on, "reason": "so"}
    match step:
        case "join" | "leave" | "essex":
            joint = {"join": WITH_SUFFOLK, "leave": Joint(), "essex": Joint((ESSEX,))}[step]
            register.make_joint("J-1", joint, **said)
        case "note":
            register.note("J-1", "a note", actor=LIAISON, on=on)
        case "start":
            register.fire("J-1", "start", actor=LIAISON, on=on)
        case "attach":
            register.attach("J-1", letter(register, NORFOLK, f"{on}.txt"), actor=LIAISON, on=on)
        case "void":
            register.correct("J-1", number, correction="void", **said)
        case _:
            register.correct("J-1", number, correction="redate", to=on, **said)


def test_it_acts_on_none_of_it(store: Store) -> None:
    """As before, with who does instead."""
    register = left_by_suffolk(store)
    after_that(register)
    with pytest.raises(NotPermitted, match="let norfolk do it"):
        opened(store, SUFFOLK).note("J-1", "ours", actor=LIAISON, on=LAST)


LEAD_ACTS = "the persons of norfolk, its lead force, act on it, and not those of suffolk"


@pytest.mark.parametrize(
    ("joint", "why"),
    [
        (Joint(), "suffolk is none of its forces any more"),
        (WITH_SUFFOLK, LEAD_ACTS),
        (ALL_ACT, ""),
    ],
)
def test_what_the_force_cannot_do_is_said_where_its_record_is_shown(
    joint: Joint,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By `show` and by `route`, which tells the way by the lead force's people all the same."""
    url = f"sqlite:///{tmp_path / 'unit.db'}"
    with Register.open(url) as register:
        register.add("S-1", category="afi", level=2, force=SUFFOLK, issued=DAY, actor=LIAISON)
        register.add(
            "J-1",
            category="afi",
            level=2,
            force=NORFOLK,
            issued=DAY,
            joint=Joint((SUFFOLK,), "any"),
            actor=LIAISON,
        )
        if joint != ALL_ACT:
            register.make_joint("J-1", joint, actor=LIAISON, on=LATER, reason="agreed")
    monkeypatch.setenv("PEELFLOW_FORCE", SUFFOLK)
    said = f"Nothing can be done with it here: {why}; let norfolk do it\n" if why else ""

    assert main(["show", "J-1", "--register", url]) == 0
    shown = capsys.readouterr().out
    main(["route", "J-1", "--register", url])
    told = capsys.readouterr().out

    assert (said in shown, "Nothing can" in shown) == (True, bool(why))
    assert ("Next:\n" in shown) is (joint != Joint())
    assert " ".join(said.split()) in " ".join(told.split())
    assert ("Nothing can" in told, "`start`" in told) == (bool(why), True)
