"""No side corrects what another did, and says that it follows from a correction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, load, national
from peelflow.errors import InvalidRequest
from peelflow.register import corrections
from peelflow.register.batch import Batch
from peelflow.stores.memory import MemoryStore
from tests.builders.force import clock
from tests.register.test_kept_steps import judged
from tests.stores.forgery import Edit, forged

KIM, CHIEF, HMICFRS = (
    Actor("kim", "liaison_officer"),
    Actor("chief", "chief_constable"),
    Actor("portal", "hmicfrs"),
)
THEIRS: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "kim", "source": "portal"}
OURS: dict[str, Any] = {"actor": KIM, "reason": "a slip"}
DAY, LATER, LAST = date(2023, 1, 9), date(2023, 3, 1), date(2023, 5, 1)
CAUSE: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp", "issued": DAY}
CHILD: dict[str, Any] = {
    "category": "recommendation",
    "level": 2,
    "force": "wmp",
    "issued": DAY,
    "fields": {"owner": "lee"},
}
ESSEX, KENT = Joint(("essex",)), Joint(("kent",))
Do = Callable[[Batch], object]


@pytest.fixture
def register() -> Iterator[Register]:
    """Give a register whose clock goes on, with a cause of concern and two below it."""
    seconds = count()

    def moment() -> datetime:
        return clock() + timedelta(seconds=next(seconds))

    with Register.open("memory:", clock=moment) as made:
        made.appoint("chief", "chief_constable", force="wmp", first_day=DAY, actor=KIM)
        made.add("C-1", **CAUSE, **THEIRS)
        made.add("C-2", **CAUSE, actor=KIM)
        for name in ("R-1", "R-2"):
            made.add(name, **CHILD, parent="C-1", **THEIRS)
        made.note("C-1", "n", actor=KIM, on=LATER)
        made.note("R-1", "n", actor=KIM, on=LATER)
        made.add("R-3", **CHILD, actor=KIM)
        made.fire("R-3", "start", actor=KIM, on=LATER)
        letter = made.keep(b"x", kind="letter", name="l", signed_by="chief", signed_on=LATER)
        made.fire("R-3", "close", actor=CHIEF, on=LATER, evidence=[letter])
        made.fire("R-3", "reopen", on=LAST, reason="not done", **THEIRS)
        taken = {**CHILD, "level": 3, "state": "open", "on": LATER, "reason": "y"}
        made.take_over("T-1", **taken, parent="C-1", **THEIRS)
        yield made


def number_of(register: Register, record: str, kind: str) -> int:
    """Return the number of the last event of a kind."""
    return [each.number for each in register.history(record) if each.kind == kind][-1]


def anew(record: str, **values: Any) -> Do:
    """Return what enters a record anew."""
    entry: Any = values
    return lambda batch: batch.correct(record, 1, correction="reenter", entry=entry, **OURS)


def void(record: str, event: int) -> Do:
    """Return what voids an event."""
    return lambda batch: batch.correct(record, event, correction="void", **OURS)


def redate(record: str, event: int, to: date) -> Do:
    """Return what re-dates an event."""
    return lambda batch: batch.correct(record, event, correction="redate", to=to, **OURS)


THEIRS_CORRECTED: dict[str, tuple[Do, str]] = {
    "a re-opening, with an own entry": (void("R-3", 4), "R-3"),
    "a child withdrawn, with an own note above": (void("R-1", 1), "R-1"),
    "a child of another category": (anew("R-1", category="afi"), "R-1"),
    "a child re-dated": (redate("R-1", 1, LATER), "R-1"),
    "a child taken over entered anew as closed": (anew("T-1", state="closed"), "T-1"),
    "a child taken from its parent": (anew("R-2", parent=None), "R-2"),
    "a child put below another": (anew("R-2", parent="C-2"), "R-2"),
    "a child's owner": (anew("R-2", fields={"owner": "max"}), "R-2"),
}


@pytest.mark.parametrize("case", sorted(THEIRS_CORRECTED))
def test_what_another_side_did_is_not_corrected_beside_what_was_ones_own(
    register: Register, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """In one moment with own corrections of the record and of the one above: it is found."""
    did, record = THEIRS_CORRECTED[case]
    monkeypatch.setattr(corrections, "check_corrector", lambda *_: None)
    with register.batch() as batch:
        void("C-1", number_of(register, "C-1", "noted"))(batch)
        anew("R-3", fields={"owner": "max"})(batch)
        void("R-1", number_of(register, "R-1", "noted"))(batch)
        did(batch)
    monkeypatch.undo()
    number = len(register.history(record))
    found = [each for each in register.verify() if "is not of that side" in each.sentence]
    assert [(each.record, each.event) for each in found] == [(record, number)]
    assert any("is not of that side" in line for line in judged(list(register.export()))[0])


def test_what_is_to_follow_yet_excuses_nothing_else(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another correction before it, nor that what is withdrawn comes back."""
    register.correct("R-2", 1, correction="reenter", entry={"parent": "C-2"}, reason="r", **THEIRS)
    gone = register.correct("R-1", 1, correction="void", reason="r", **THEIRS).number
    monkeypatch.setattr(corrections, "check_corrector", lambda *_: None)
    with register.batch() as batch:
        redate("R-2", 1, DAY - timedelta(1))(batch)
        anew("C-2", joint=KENT)(batch)
        void("R-1", gone)(batch)
        redate("R-1", 1, DAY + timedelta(1))(batch)
        void("C-1", number_of(register, "C-1", "noted"))(batch)
    monkeypatch.undo()
    found = [each for each in register.verify() if "is not of that side" in each.sentence]
    found_at = [(each.record, each.event) for each in found]
    assert found_at == [("R-1", gone + 1), ("R-1", gone + 2), ("R-2", 3)]


def test_what_follows_from_an_own_correction_is_of_no_side(register: Register) -> None:
    """What lies below a joint record is of its forces, whoever entered it."""
    register.correct("R-2", 1, correction="reenter", entry={"parent": "C-2"}, reason="r", **THEIRS)
    register.correct("C-2", 1, correction="reenter", entry={"joint": KENT}, **OURS)
    assert register.record("R-2").forces == ("wmp", "kent")
    made = register.make_joint("C-2", ESSEX, on=LATER, reason="r", **THEIRS).number
    mine = register.make_joint("C-2", Joint(), on=LAST, **OURS).number
    with register.batch() as batch:
        redate("C-2", mine, LAST + timedelta(1))(batch)
        void("C-2", mine)(batch)
    register.correct("C-2", len(register.history("C-2")), correction="void", **OURS)
    gone = register.correct("R-2", 1, correction="void", reason="r", **THEIRS).number
    with register.batch() as batch:
        void("C-2", mine)(batch)
        anew("C-2", joint=Joint())(batch)
    register.correct("C-2", made, correction="redate", to=LAST, reason="r", **THEIRS)
    register.correct("R-2", gone, correction="void", reason="r", **THEIRS)
    assert register.verify() == ()
    assert judged(list(register.export())) == ([], ())


COUNTED = """
vocabulary: our-days
fields:
  recommendation:
    answer: {type: date, title: Answer by, counts_from: {field: published, days: 28}}
"""


def test_a_day_that_is_counted_since_follows_as_well(tmp_path: Path) -> None:
    """A force's own file came to count it from what was entered: it is no finding."""
    (tmp_path / "days.yaml").write_text(COUNTED, "utf-8")
    store, seconds = MemoryStore(), count()
    said: dict[str, Any] = {"clock": lambda: clock() + timedelta(seconds=next(seconds))}
    before = Register(store, rulebook=national(), **said)
    before.add("C-1", **CAUSE, actor=KIM)
    fields = {"owner": "lee", "published": "2023-01-10"}
    before.add("R-1", **{**CHILD, "fields": fields}, parent="C-1", **THEIRS)
    register = Register(store, rulebook=load(tmp_path), **said)
    register.correct("C-1", 1, correction="reenter", entry={"joint": KENT}, **OURS)
    assert register.record("R-1").fields["answer"] == "2023-02-07"
    assert register.verify() == ()


def test_a_link_is_corrected_by_what_its_child_comes_to(register: Register) -> None:
    """Neither it nor a correction of it by itself: the verb refuses, and it is found."""
    register.correct("R-2", 1, correction="reenter", entry={"parent": None}, reason="r", **THEIRS)
    number = number_of(register, "C-1", "corrected")
    with pytest.raises(InvalidRequest, match="follows from its child; correct the child's first"):
        register.correct("C-1", number, correction="void", reason="r", **THEIRS)
    lines = list(register.export())
    assert judged(lines) == ([], ())
    for edit in OTHERWISE:
        found, _ = judged(forged(lines, edited("C-1", number, edit)))
        assert [each for each in found if "follows from its child R-2" in each], found


def test_a_link_goes_only_where_its_child_lies_no_more(register: Register) -> None:
    """A correction of the child that leaves it there takes the link nowhere."""
    said: dict[str, Any] = {"reason": "r", **THEIRS}
    register.correct("R-2", 1, correction="redate", to=DAY + timedelta(1), **said)
    number = number_of(register, "C-1", "corrected")
    lines = list(register.export())
    assert judged(lines) == ([], ())

    def voided(event: dict[str, Any]) -> None:
        event["what"].update(correction="void")
        del event["what"]["to"]

    found, _ = judged(forged(lines, edited("C-1", number, voided)))
    assert [each for each in found if "its child R-2 still lies below it then" in each], found


OTHERWISE: tuple[Edit, ...] = (
    lambda event: event.update(actor={"person": "kim", "role": "liaison_officer"}),
    lambda event: event.update(reason="another"),
    lambda event: event.update(on="2023-08-08"),
)


def edited(record: str, number: int, edit: Edit) -> Edit:
    """Return the edit of one event of a record."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == (record, number):
            edit(event)

    return change
