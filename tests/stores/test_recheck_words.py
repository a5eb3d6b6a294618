"""What a made-up export says is held to the limits of verbs: names, fields, days and sources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, load, national
from peelflow.errors import InvalidRequest, Unverified
from peelflow.register.judgement import judge_events
from peelflow.register.kept_before import HELD_SINCE
from peelflow.register.restore import restore_register
from peelflow.stores.base import Store
from tests.register.test_restore import at, fields, lacks, says, written
from tests.stores.forgery import Edit, forged

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
PORTAL: Any = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "officer-1",
    "source": "portal",
}
WHY: Any = {**PORTAL, "reason": "a slip"}
DAY, LATER = date(2022, 12, 16), date(2023, 3, 1)
OFFICE = "appointment:wmp:chief_constable:chief:2022-01-01"
TURNED = "\u202eeno"
LONG = "x" * 201


def fill(register: Register) -> None:
    """Record what is honest: the third event of `R-1` is an amendment behind a correction."""
    days: dict[str, Any] = {"first_day": date(2022, 1, 1), "last_day": date(2025, 1, 1)}
    register.appoint("chief", "chief_constable", force="wmp", **days, actor=KIM)
    said: dict[str, Any] = {"force": "wmp", "issued": DAY}
    asked = {"question": "7.2", "question_set": "peel_twelve", "theme": "a", "owner": "lead-1"}
    level_2: dict[str, Any] = {"category": "recommendation", "level": 2, **said}
    register.add("R-1", **level_2, fields=asked, **PORTAL)
    register.correct("R-1", 1, correction="reenter", entry={"fields": {"theme": "b"}}, **WHY)
    register.amend("R-1", "theme", "c", on=LATER, **WHY)
    register.amend("R-1", "question", "7", on=LATER, **WHY)
    register.add("R-2", **level_2, fields={"owner": "lead-1"}, actor=KIM)
    letter = register.keep(b"x", kind="letter", name="l", signed_by="chief", signed_on=DAY)
    register.fire("R-2", "start", actor=KIM, on=LATER, key="k")
    register.fire("R-2", "close", actor=CHIEF, on=LATER, evidence=[letter])
    register.attach("R-2", letter, actor=KIM, on=LATER)
    register.make_joint("R-2", Joint(("kent",)), actor=KIM, on=LATER, reason="both")
    inspected: dict[str, Any] = {
        "kind": "planned",
        "first_day": date(2023, 2, 1),
        "last_day": date(2023, 2, 2),
        "questions": ["7"],
    }
    register.add("I-1", category="inspection", level=None, **said, fields=inspected, **PORTAL)
    register.amend("I-1", "last_day", date(2023, 2, 3), on=LATER, **WHY)
    register.add("C-1", category="cause_of_concern", **said, **PORTAL)
    register.correct("C-1", 1, correction="void", on=LATER, **WHY)


@pytest.fixture(scope="module")
def honest() -> list[str]:
    """Give the export of a register in which nothing is found."""
    with Register.open("memory:", clock=lambda: HELD_SINCE) as register:
        fill(register)
        assert register.verify() == ()
        return list(register.export())


def amends(**parts: object) -> Edit:
    """Return an edit that sets parts of what happened."""
    return lambda event: event["what"].update(parts)


def described(**parts: object) -> Edit:
    """Return an edit that sets parts of the document that is attached."""
    return lambda event: event["what"]["document"].update(parts)


def appointment(**parts: object) -> Edit:
    """Return the edit of the appointment's fields, under the id that it has."""
    return at(OFFICE, 1, fields(**parts))


FORGED: dict[str, tuple[Edit, str, int, str]] = {
    "a person's name that is too long": (
        at("R-1", 3, says(actor={"person": LONG, "role": "hmicfrs"})),
        "R-1",
        3,
        "has 201 characters, more than 200",
    ),
    "the name of who typed that is too long": (
        at("R-1", 3, says(recorded_by=LONG)),
        "R-1",
        3,
        "has 201 characters, more than 200",
    ),
    "a signer's name that is too long": (
        at("R-2", 4, described(signed_by=LONG)),
        "R-2",
        4,
        "has 201 characters, more than 200",
    ),
    "a force's name that is too long": (
        at("I-1", 1, amends(force=LONG)),
        "I-1",
        1,
        "has 201 characters, more than 200",
    ),
    "another force's name that is too long": (
        at("I-1", 1, amends(joint_with=[LONG])),
        "I-1",
        1,
        "has 201 characters, more than 200",
    ),
    "a kind that is too long": (
        at("R-2", 4, described(kind=LONG)),
        "R-2",
        4,
        "has 201 characters, more than 200",
    ),
    "a field's name that is too long": (
        at("R-1", 1, fields(**{LONG: "x"})),
        "R-1",
        1,
        "has 201 characters, more than 200",
    ),
    "a field that is too long": (
        at("R-1", 1, fields(theme="x" * 32_768)),
        "R-1",
        1,
        "has 32,768 characters, more than 32,767",
    ),
    "a field that is too long and of no known file": (
        at("R-1", 1, fields(ours=["x"] * 32_768)),
        "R-1",
        1,
        "has 32,768 characters, more than 32,767",
    ),
    "an amendment that is too long": (
        at("R-1", 3, amends(new="x" * 32_768)),
        "R-1",
        3,
        "has 32,768 characters, more than 32,767",
    ),
    "a question that is a list": (
        at("R-1", 1, fields(question=["7.2"])),
        "R-1",
        1,
        "the field `question`: is no text",
    ),
    "a list that is a text": (
        at("R-1", 1, fields(addressees="pccs")),
        "R-1",
        1,
        "the field `addressees`: is no list",
    ),
    "an amendment to a list": (at("R-1", 3, amends(new=["c"])), "R-1", 3, "is no text"),
    "a date that is none": (at("R-1", 1, fields(due="2023-13-45")), "R-1", 1, "is no date"),
    "a record entered anew with a list": (
        at("R-1", 2, lambda event: event["what"]["entry"]["fields"].update(title=["b"])),
        "R-1",
        2,
        "the field `title`: is no text",
    ),
    "a question that is no number": (
        at("R-2", 1, fields(question="seven")),
        "R-2",
        1,
        "is 'seven'; write a question's number",
    ),
    "a question that a national set has not": (
        at("R-1", 4, amends(new="13")),
        "R-1",
        4,
        "is '13', which peel_twelve has not",
    ),
    "a field that reads backwards": (at("R-1", 1, fields(theme=TURNED)), "R-1", 1, "U+202E"),
    "an item that reads backwards": (
        at("I-1", 1, fields(concerns=["a", TURNED])),
        "I-1",
        1,
        "U+202E",
    ),
    "an amendment that reads backwards": (
        at("R-1", 3, amends(new=TURNED)),
        "R-1",
        3,
        "U+202E",
    ),
    "a key that reads backwards": (at("R-2", 2, says(key=TURNED)), "R-2", 2, "U+202E"),
    "a kind that reads backwards": (at("R-2", 4, described(kind=TURNED)), "R-2", 4, "U+202E"),
    "an amendment to what it said": (
        at("R-1", 3, amends(new="b")),
        "R-1",
        3,
        "the field `theme`: already is 'b'",
    ),
    "an inspection that ends before it begins": (
        at("I-1", 1, fields(first_day="2023-02-05")),
        "I-1",
        1,
        "the last day 2023-02-02: lies before the first day 2023-02-05",
    ),
    "an amendment that ends before it begins": (
        at("I-1", 2, amends(new="2023-01-31")),
        "I-1",
        2,
        "the last day 2023-01-31: lies before the first day 2023-02-01",
    ),
    "an appointment that ends before it begins": (
        appointment(last_day="2021-12-31"),
        OFFICE,
        1,
        "the last day 2021-12-31: lies before the first day 2022-01-01",
    ),
    "an appointment of another person": (
        appointment(person="boss"),
        OFFICE,
        1,
        "reads as the appointment of another person",
    ),
    "an appointment from another day": (
        appointment(first_day="2022-01-02"),
        OFFICE,
        1,
        "reads as the appointment of another person",
    ),
    "a correction of HMICFRS's without its source": (
        at("R-1", 2, lacks("source")),
        "R-1",
        2,
        "names no source",
    ),
    "a withdrawal of HMICFRS's without its source": (
        at("C-1", 2, lacks("source")),
        "C-1",
        2,
        "names no source",
    ),
    "what was withdrawn since, without its source": (
        at("C-1", 1, lacks("source")),
        "C-1",
        1,
        "names no source",
    ),
}
"""By what was forged: the edit, and the record, event and words that tell it."""


@pytest.mark.parametrize("what", FORGED)
def test_item_14_what_no_verb_writes_does_not_come_in(
    what: str, honest: list[str], tmp_path: Path
) -> None:
    """Though every chain fits: it is told at its event; taken in as found, `verify` tells it."""
    edit, record, number, words = FORGED[what]
    file = written(forged(honest, edit), tmp_path)

    with Register.open("memory:", clock=lambda: HELD_SINCE) as register:
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found: Any = refused.value.discrepancies
        assert register.position() == 0
        assert [(record, number)] == [
            (each.record, each.event) for each in found if words in each.sentence
        ]

        register.restore(file, as_found=True)
        assert register.verify() == found


def test_item_14_a_name_of_200_characters_is_found_nowhere(
    honest: list[str], tmp_path: Path, store: Store
) -> None:
    """What verbs take comes in on every store: the limit itself, and text from right to left."""
    edits = [
        at("R-1", 3, says(actor={"person": "x" * 200, "role": "hmicfrs"})),
        at("R-2", 1, fields(theme="\u05e9\u05dc\u05d5\u05dd" + "x" * 32_763)),
    ]
    file = written(forged(honest, lambda event: [edit(event) for edit in edits]), tmp_path)

    with Register(store, rulebook=national(), clock=lambda: HELD_SINCE) as register:
        register.restore(file)
        assert register.verify() == ()


OWN = """
vocabulary: ours
fields:
  recommendation:
    size: {type: choice, title: Size, choices: [SIZES]}
    notes: {type: KIND, title: Notes}
"""


def own(folder: Path, *, sizes: str, kind: str) -> Path:
    """Write a force's own words, and return their file."""
    file = folder / f"{kind}.yaml"
    file.write_text(OWN.replace("SIZES", sizes).replace("KIND", kind))
    return file


@pytest.mark.parametrize(("was", "now"), [("text", "list"), ("list", "text")])
def test_item_14_what_a_file_said_otherwise_once_is_no_finding(
    was: str, now: str, tmp_path: Path
) -> None:
    """A choice that is offered no more, and a field that held what it holds no more."""
    before = load(own(tmp_path, sizes="small, large", kind=was))
    after = load(own(tmp_path, sizes="small", kind=now))
    value: Any = {"text": "a", "list": ["a"]}[was]
    with Register.open("memory:", rulebook=before) as register:
        register.add(
            "R-1",
            category="recommendation",
            level=2,
            force="wmp",
            issued=DAY,
            fields={"size": "large", "notes": value},
            actor=KIM,
        )
        file = written(list(register.export()), tmp_path)

    with Register.open("memory:", rulebook=after) as register:
        restored = restore_register(
            register.services, file, as_found=False, progress=lambda _: None
        )
        assert register.verify() == ()
    other = {"text": "a list", "list": "a text"}[was]
    told = f"the field `notes` of a `recommendation` is {other} by the files here, and R-1 has"
    assert restored.unjudged == (f"{told} a {was}",)


def test_item_14_a_question_set_that_no_file_here_declares_is_told(
    honest: list[str], tmp_path: Path
) -> None:
    """In whatever event it was said, of a record or an inspection; it may be of a force's own."""
    edits = [
        at("I-1", 1, fields(question_set="made-up")),
        at("R-1", 2, lambda event: event["what"]["entry"]["fields"].update(question_set="made-up")),
        at("R-1", 3, amends(field="question_set", old="made-up", new="other")),
    ]
    file = written(forged(honest, lambda event: [edit(event) for edit in edits]), tmp_path)

    with Register.open("memory:", clock=lambda: HELD_SINCE) as register:
        restored = restore_register(
            register.services, file, as_found=False, progress=lambda _: None
        )
        assert register.verify() == ()
    no_file = "no file here declares the question set"
    held = "has it: no inspection is held to be none that covers it"
    assert restored.unjudged == (
        f"{no_file} 'made-up', as I-1, R-1 {held}",
        f"{no_file} 'other', as R-1 {held}",
    )


def test_a_kind_of_evidence_that_no_file_here_declares_is_told(
    tmp_path: Path, store: Store
) -> None:
    """It may be of a force's own: the verb asks it of the files of then."""
    (tmp_path / "words.yaml").write_text(
        "vocabulary: w\nevidence:\n  ours: {title: Ours}\n", "utf-8"
    )
    register = Register(store, rulebook=load(tmp_path), clock=lambda: HELD_SINCE)
    register.add("C-1", category="cause_of_concern", force="wmp", issued=DAY, actor=KIM)
    minutes = register.keep(b"x", kind="ours", name="m")
    register.note("C-1", "n", documents=[minutes], on=DAY, actor=KIM)
    assert judge_events(store, register.session).unjudged == ()

    register = Register(store, rulebook=national(), clock=lambda: HELD_SINCE)
    with pytest.raises(InvalidRequest, match="is of the unknown kind 'ours'"):
        register.note("C-1", "n", documents=[minutes], on=DAY, actor=KIM)
    judged = judge_events(store, register.session)
    told = "no file here declares the kind of evidence 'ours', as a document of C-1 is of it"
    assert (judged.discrepancies, judged.unjudged) == ((), (told,))


Verb = Callable[[Register], object]


def adds_appointment(record: str, **more: Any) -> Verb:
    """Return how an appointment is added by the verb `add`."""
    said = {"person": "sam", "role": "lead", "first_day": date(2022, 1, 1), **more}
    return lambda register: register.add(
        record, category="appointment", force="wmp", issued=DAY, fields=said, actor=KIM
    )


REFUSED: dict[str, tuple[Verb, str]] = {
    "an appointment under another's id": (
        adds_appointment("appointment:wmp:lead:kim:2022-01-01"),
        "call it 'appointment:wmp:lead:sam:2022-01-01'",
    ),
    "an appointment under another force's id": (
        adds_appointment("appointment:kent:lead:sam:2022-01-01"),
        "call it 'appointment:wmp:lead:sam:2022-01-01'",
    ),
    "an appointment that ends before it begins": (
        adds_appointment("new", last_day=date(2021, 12, 31)),
        "lies before the first day",
    ),
    "a field that reads backwards": (
        lambda register: register.amend("R-1", "theme", TURNED, on=LATER, **WHY),
        r"the field `theme`: holds U\+202E",
    ),
    "an item that reads backwards": (
        lambda register: register.amend("I-1", "questions", ["7", TURNED], on=LATER, **WHY),
        r"the field `questions`: holds U\+202E",
    ),
    "a key that reads backwards": (
        lambda register: register.amend("R-1", "theme", "d", on=LATER, key=TURNED, **WHY),
        r"the key: holds U\+202E",
    ),
    "a kind that reads backwards": (
        lambda register: register.keep(b"x", kind=TURNED, name="l"),
        r"the document's kind: holds U\+202E",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_item_14_a_verb_refuses_what_does_not_come_in(what: str) -> None:
    """What is asked of a kept event is asked of a new one."""
    verb, sentence = REFUSED[what]
    with Register.open("memory:") as register:
        fill(register)
        before = register.position()
        with pytest.raises(InvalidRequest, match=sentence):
            verb(register)
        assert register.position() == before


@pytest.mark.parametrize("record", ["any", "appointment:1", "appointment:wmp:lead:sam:2022-01-01"])
def test_item_14_an_appointment_has_any_id_that_is_no_other_ones(record: str) -> None:
    """That which `appoint` gives it, or one that says nothing of whose it is."""
    with Register.open("memory:") as register:
        adds_appointment(record)(register)
        assert register.verify() == ()


SHEETS = """
vocabulary: sheets
categories:
  sheet: {title: Sheet, fields: {question: {type: list, title: Asked}}}
"""
SHEET = """
lifecycle: sheet
version: 1
in_force_from: 2020-01-01
title: Sheet
applies_to: {category: sheet, level: none}
initial: kept
states: {kept: {counts_as: {}, final: true}}
"""


def test_item_14_a_question_of_a_force_s_own_may_be_a_list(tmp_path: Path) -> None:
    """It is none of a question set then, and nothing is asked of it."""
    for name, text in (("words", SHEETS), ("rules", SHEET)):
        (tmp_path / f"{name}.yaml").write_text(text)
    with Register.open("memory:", rulebook=load(tmp_path)) as register:
        asked: Any = {"question": ["a", "b"]}
        register.add("X-1", category="sheet", force="wmp", issued=DAY, fields=asked, actor=KIM)
        assert register.verify() == ()
