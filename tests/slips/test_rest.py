"""Empty documents, predicates that give no answer, and repeats of what was voided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from peelflow import load
from peelflow.errors import EventVoided, InvalidRequest
from peelflow.model.decisions import Predicate, Refused
from peelflow.model.records import Actor, Document, Event
from peelflow.register.batch import Batch
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from tests.builders.force import LIAISON, clock

DAY, LATER = date(2022, 12, 16), date(2023, 1, 10)
LEAD = Actor("lead-1", "lead")
BLANK = (b"", b" ", b"\r\n\t ", b"\0" * 4096, b"\xef\xbb\xbf", b"\xff\xfe\r\0\n\0")


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with a record, in memory and in a file."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        opened.add(
            "A",
            category="afi",
            level=2,
            force="wmp",
            issued=DAY,
            fields={"owner": "lead-1"},
            actor=LIAISON,
        )
        yield opened


@pytest.mark.parametrize("content", BLANK)
def test_item_5_an_empty_document_is_refused(
    register: Register, content: bytes, tmp_path: Path
) -> None:
    """However it comes: kept, in a batch, made by hand, or named by a sheet."""
    with pytest.raises(InvalidRequest, match=r"`empty.pdf`: holds nothing"):
        register.keep(content, kind="letter", name="empty.pdf")
    with pytest.raises(InvalidRequest, match="holds nothing"):
        Batch(register.session()).keep(content, kind="letter", name="empty.pdf")
    digest = sha256(b"").hexdigest()
    register.store.keep_document(digest, b"")
    made = Document(digest, "letter", "empty.pdf", 0)
    with pytest.raises(InvalidRequest, match="holds nothing"):
        register.attach("A", made, actor=LIAISON, on=DAY)
    with pytest.raises(InvalidRequest, match="holds nothing"):
        register.fire("A", "start", actor=LIAISON, on=DAY, evidence=[made])
    (tmp_path / "empty.pdf").write_bytes(content)
    for header, row in (
        ("record,document,kind,on,actor,actor_role", "A,empty.pdf,letter,2023-01-01,x,lead"),
        (
            "record,trigger,on,actor,actor_role,document,kind",
            "A,start,2023-01-01,x,lead,empty.pdf,letter",
        ),
    ):
        (tmp_path / "s.csv").write_text(f"{header}\n{row}\n", "utf-8")
        (fault,) = import_sheets(register, [tmp_path / "s.csv"]).faults
        assert "`empty.pdf`: holds nothing" in fault.sentence
    assert register.position() == 1


async def _later(*_: object) -> bool:
    return False


ANSWERS: dict[str, tuple[object, str]] = {
    "text": (lambda *_: "no", "a text"),
    "tuple": (lambda *_: (False, "not yet"), "a tuple"),
    "coroutine": (_later, "a coroutine"),
    "nothing": (lambda *_: None, "nothing"),
    "number": (lambda *_: 1, "an int"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.filterwarnings("error")
def test_item_9_a_predicate_that_gives_no_bool_is_refused(answer: str, tmp_path: Path) -> None:
    """What is no True is no yes, and its kind is told."""
    (tmp_path / "v.yaml").write_text(VOCABULARY, "utf-8")
    (tmp_path / "l.yaml").write_text(LIFECYCLE, "utf-8")
    predicate, told = ANSWERS[answer]
    given = {"risk_reviewed": cast("Predicate", predicate)}
    book = load(tmp_path)
    with Register.open("memory:", rulebook=book, clock=clock, predicates=given) as register:
        day = date(2023, 4, 3)
        register.add("X", category="local_review", force="wmp", issued=day, actor=LIAISON)
        with pytest.raises(Refused) as refused:
            register.fire("X", "finish", actor=LEAD, on=day)
        assert f"gives {told}, not True or False" in str(refused.value)
        assert register.why("X", "finish", actor=LEAD, on=day) is not None
        (act,) = register.next_acts("X", LEAD, on=day)
        assert not act.allowed
        assert register.record("X").state == "open"


@pytest.mark.parametrize(("answer", "state"), [(True, "closed"), (False, "open")])
def test_item_9_true_and_false_are_answers(tmp_path: Path, state: str, *, answer: bool) -> None:
    """A predicate that says yes lets an act be done; one that says no does not."""
    (tmp_path / "v.yaml").write_text(VOCABULARY, "utf-8")
    (tmp_path / "l.yaml").write_text(LIFECYCLE, "utf-8")
    given: dict[str, Predicate] = {"risk_reviewed": lambda *_: answer}
    book = load(tmp_path)
    with Register.open("memory:", rulebook=book, clock=clock, predicates=given) as register:
        day = date(2023, 4, 3)
        register.add("X", category="local_review", force="wmp", issued=day, actor=LIAISON)
        refusal = register.why("X", "finish", actor=LEAD, on=day)
        assert (refusal is None) is answer
        if refusal is None:
            register.fire("X", "finish", actor=LEAD, on=day)
        assert register.record("X").state == state


VOCABULARY = """
vocabulary: words
categories:
  local_review:
    title: Local review
    figures:
      - {title: Local review, order: 200, level: none, ledger: force}
predicates:
  risk_reviewed: "the risk was reviewed"
"""
LIFECYCLE = """
lifecycle: review
version: 1
in_force_from: 2023-04-01
title: "A review with a predicate"
applies_to: {category: local_review, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: closed, by: [lead], requires: [{predicate: risk_reviewed}]}
  closed:
    counts_as: {force: closed}
    final: true
"""


def void(register: Register, number: int, **more: Any) -> Event:
    """Void an event of the record."""
    return register.correct(
        "A", number, correction="void", actor=LIAISON, reason="wrong", on=LATER, **more
    )


REPEATED: dict[str, Callable[[Register], object]] = {
    "fire": lambda register: register.fire("A", "start", actor=LIAISON, on=DAY, key="k"),
    "attach": lambda register: register.attach(
        "A", register.keep(b"x", kind="letter", name="l"), actor=LIAISON, on=DAY, key="k"
    ),
    "amend": lambda register: register.amend(
        "A", "title", "Mend", actor=LIAISON, on=DAY, reason="x", key="k"
    ),
}


@pytest.mark.parametrize("verb", REPEATED)
def test_item_12_a_repeat_of_what_was_voided_says_so(register: Register, verb: str) -> None:
    """Under its key it does nothing, and does not do so quietly; had back, it is a repeat again."""
    repeat = REPEATED[verb]
    first = repeat(register)
    assert repeat(register) == first
    void(register, 2)
    with pytest.raises(EventVoided) as told:
        repeat(register)
    assert (told.value.record, told.value.number, told.value.on) == ("A", 2, LATER)
    void(register, 3)
    assert repeat(register) == first
    assert register.record("A").number == 4


def test_item_12_so_is_a_correction_that_was_voided(register: Register) -> None:
    """A correction with a key is asked for again like any verb."""
    register.fire("A", "start", actor=LIAISON, on=DAY)
    void(register, 2, key="v")
    void(register, 2 + 1)
    with pytest.raises(EventVoided):
        void(register, 2, key="v")


def test_item_12_what_was_redated_is_kept_still(register: Register) -> None:
    """A repeat of an event that stands on another day by now finds it there."""
    first = REPEATED["fire"](register)
    register.correct("A", 2, correction="redate", actor=LIAISON, reason="late", to=LATER, on=LATER)
    assert REPEATED["fire"](register) == first


def test_item_12_a_sheet_that_is_imported_again_tells_it_by_row(
    register: Register, tmp_path: Path
) -> None:
    """The row that was kept once, and voided, is no row that is there already."""
    sheet = tmp_path / "a.csv"
    header, row = (
        "record,trigger,on,actor,actor_role",
        "A,start,2023-01-09,officer-1,liaison_officer",
    )
    sheet.write_text(f"{header}\n{row}\n", "utf-8")
    assert import_sheets(register, [sheet]).kept == 1
    void(register, 2)
    done = import_sheets(register, [sheet])
    (fault,) = done.faults
    assert (fault.span.line, fault.code, done.known) == (2, "row-refused", 0)
    assert fault.sentence == "was kept as event 2 of A, which was voided on 2023-01-10"
    sheet.write_text(f"{header},key\n{row},again\n", "utf-8")
    assert import_sheets(register, [sheet]).kept == 1
    assert register.record("A").state == "in_progress"


def test_item_12_histories_are_read_once(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many repeats on one record do not read its history anew each time."""
    for number in range(3):
        register.amend(
            "A", "title", f"{number}", actor=LIAISON, on=DAY, reason="x", key=f"{number}"
        )
    void(register, 4)
    readings: list[str] = []
    history = register.store.history

    def counted(record: str) -> Any:
        readings.append(record)
        return history(record)

    monkeypatch.setattr(register.store, "history", counted)
    with register.batch() as batch:
        for number in range(2):
            amended = batch.amend(
                "A", "title", f"{number}", actor=LIAISON, on=DAY, reason="x", key=f"{number}"
            )
            assert evolve(amended, key="") != amended
    assert readings == ["A"]


def test_item_10_an_amend_never_crashes_on_an_older_value(tmp_path: Path) -> None:
    """A text that another day counts from by now is no day, until somebody gives one."""
    words = VOCABULARY.split("predicates:", maxsplit=1)[0].replace(
        "    figures:",
        "    fields:\n"
        "      owner: {type: person, title: Who}\n"
        "      begun: {type: text, title: Begun}\n"
        "      due: {type: date, title: Due}\n"
        "    figures:",
    )
    rules = LIFECYCLE.replace(", requires: [{predicate: risk_reviewed}]", "")
    (tmp_path / "l.yaml").write_text(rules, "utf-8")
    url, day = f"sqlite:///{tmp_path / 'r.db'}", date(2023, 4, 3)
    asked: dict[str, Any] = {"actor": LIAISON, "reason": "x", "on": day}
    (tmp_path / "v.yaml").write_text(words, "utf-8")
    with Register.open(url, rulebook=load(tmp_path), clock=clock) as register:
        register.add(
            "X",
            category="local_review",
            force="wmp",
            issued=day,
            fields={"begun": "soon"},
            actor=LIAISON,
        )
    words = words.replace("begun: {type: text", "begun: {type: date").replace(
        "title: Due}", "title: Due, counts_from: {field: begun, days: 30}}"
    )
    (tmp_path / "v.yaml").write_text(words, "utf-8")
    with Register.open(url, rulebook=load(tmp_path), clock=clock) as register:
        register.amend("X", "owner", "lead-1", **asked)
        register.amend("X", "begun", "2023-04-02", **asked)
        fields = register.record("X").fields
        assert fields == {"owner": "lead-1", "begun": "2023-04-02", "due": "2023-05-02"}
