"""What an earlier peelflow let in is told and accuses nobody; by now it is refused and found."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Refused, Register, Rulebook, load, national
from peelflow.errors import InvalidRequest, NotPermitted
from peelflow.register.judgement import judge_events
from peelflow.register.kept_before import HELD_SINCE
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from peelflow.stores.export import restore_export
from tests.stores.forgery import Edit, forged

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
PORTAL: Any = {"actor": Actor("portal", "hmicfrs"), "recorded_by": "officer-1", "source": "s"}
DAY, LATER = date(2023, 1, 9), date(2023, 3, 1)
TURNED = "\u202eno"
OFFICE: Any = {"person": "chief", "role": "chief_constable", "first_day": date(2022, 1, 1)}
UNASKED = (
    "not judged: whether who did event 2 of C-1 was appointed then: an earlier peelflow did not "
    "ask it under these rules"
)
MOMENTS = pytest.mark.parametrize("moment", [HELD_SINCE - timedelta(seconds=1), HELD_SINCE])


def opened(store: Store, moment: datetime, rules: Rulebook | None = None) -> Register:
    """Return a register at a moment."""
    return Register(store, rulebook=rules or national(), clock=lambda: moment)


def on(record: str, number: int, edit: Edit) -> Edit:
    """Return the edit of one event."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == (record, number):
            edit(event)

    return change


def by_somebody(event: dict[str, Any]) -> None:
    """Let somebody be the Chief Constable who did it."""
    event["actor"]["person"] = "somebody"


def filled(register: Register) -> list[str]:
    """Record what is honest, and return its export."""
    register.add(
        "office", category="appointment", force="wmp", issued=DAY, fields=OFFICE, actor=KIM
    )
    said: dict[str, Any] = {"force": "wmp", "issued": DAY}
    register.add("C-1", category="cause_of_concern", **said, fields={"title": "a"}, **PORTAL)
    why: dict[str, Any] = {"on": LATER, "reason": "no means", "key": "k"}
    register.fire("C-1", "propose_no_action", actor=CHIEF, recorded_by="officer-1", **why)
    register.add("R-1", category="recommendation", level=2, **said, **PORTAL)
    register.fire("R-1", "propose_no_action", actor=CHIEF, recorded_by="officer-1", **why)
    register.add("C-2", category="cause_of_concern", **said, **PORTAL)
    register.amend("C-2", "title", "b", on=LATER, actor=KIM, reason="r")
    assert register.verify() == ()
    return list(register.export())


LET_IN: dict[str, tuple[Edit, str, int, str, str]] = {
    "a Chief Constable whom nobody appointed": (
        on("C-1", 2, by_somebody),
        "C-1",
        2,
        "did not hold `chief_constable`",
        UNASKED,
    ),
    "a field that reads backwards": (
        on("C-1", 1, lambda event: event["what"]["fields"].update(title=TURNED)),
        "C-1",
        1,
        "U+202E",
        "holds a character that turns text around unseen, as an earlier peelflow let it: C-1",
    ),
    "an item that reads backwards": (
        on("C-1", 1, lambda event: event["what"]["fields"].update(addressees=[TURNED])),
        "C-1",
        1,
        "U+202E",
        "holds a character that turns text around unseen, as an earlier peelflow let it: C-1",
    ),
    "an amendment that reads backwards": (
        on("C-2", 2, lambda event: event["what"].update(new=TURNED)),
        "C-2",
        2,
        "U+202E",
        "holds a character that turns text around unseen, as an earlier peelflow let it: C-2",
    ),
    "a key that reads backwards": (
        on("C-1", 2, lambda event: event.update(key=TURNED)),
        "C-1",
        2,
        "U+202E",
        "holds a character that turns text around unseen, as an earlier peelflow let it: C-1",
    ),
}
"""By what was let in: its edit, where and by what words it is found, and what is told of it."""


@MOMENTS
@pytest.mark.parametrize("what", LET_IN)
def test_item_14_what_was_let_in_is_told_and_what_is_new_is_found(
    what: str, moment: datetime, store: Store
) -> None:
    """By when it was recorded, on whatever store."""
    edit, record, number, words, told = LET_IN[what]
    with Register.open("memory:", clock=lambda: moment) as register:
        lines = forged(filled(register), edit)
    register = opened(store, moment)
    restore_export(store, lines, keep=store.keep_document)
    judged = judge_events(store, register.session)
    found = [(each.record, each.event) for each in judged.discrepancies if words in each.sentence]
    is_new = moment == HELD_SINCE
    assert (found, len(judged.discrepancies)) == (([(record, number)], 1) if is_new else ([], 0))
    assert judged.unjudged == (told,) * (not is_new)


@MOMENTS
def test_item_14_a_kind_that_reads_backwards_is_told_where_it_was_let_in(
    moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a document that came with an act or a note."""
    register = opened(store, moment)
    filled(register)
    with monkeypatch.context() as patched:
        patched.setattr("peelflow.register.validation.check_kind", lambda _: None)
        patched.setattr("peelflow.register.commands.check_document_kept", lambda *_: None)
        minutes = register.keep(b"y", kind=TURNED, name="m")
        register.attach("R-1", minutes, on=LATER, actor=KIM)

    judged = judge_events(store, register.session)
    is_new = moment == HELD_SINCE
    assert ["U+202E" in each.sentence for each in judged.discrepancies] == [True] * is_new
    told = "holds a character that turns text around unseen, as an earlier peelflow let it: R-1"
    assert judged.unjudged == (told,) * (not is_new)


@MOMENTS
def test_item_14_an_appointment_under_another_days_id_is_told_where_it_was_let_in(
    moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that `add` was given before it was refused."""
    name, ended = "appointment:wmp:chief_constable:chief:2022-01-01", date(2022, 6, 1)
    register = opened(store, moment)
    with monkeypatch.context() as patched:
        patched.setattr("peelflow.register.commands.check_appointment_id", lambda *_: None)
        fields = OFFICE | {"first_day": ended}
        said: dict[str, Any] = {"category": "appointment", "force": "wmp", "issued": DAY}
        register.add(name, **said, fields=fields, actor=KIM)

    judged = judge_events(store, register.session)
    is_new = moment == HELD_SINCE
    assert [each.record for each in judged.discrepancies] == [name] * is_new
    called = "is called as the appointment of another person, role, force or day"
    told = f"{called}, as an earlier peelflow let it: {name}"
    assert judged.unjudged == (told,) * (not is_new)


@MOMENTS
def test_item_14_a_number_in_letters_is_spared_where_it_was_let_in(
    moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-lO stood beside R-10; any other look-alike was refused before, too."""
    register = opened(store, moment)
    said: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp", "issued": DAY}
    register.add("R-10", **said, **PORTAL)
    with pytest.raises(InvalidRequest, match="from `R-10`"):
        register.add("R-lO", **said, **PORTAL)
    with monkeypatch.context() as patched:
        patched.setattr("peelflow.register.commands.check_names", lambda *_: None)
        register.add("R-lO", **said, **PORTAL)
        register.add("r-1o", **said, **PORTAL)

    is_new = moment == HELD_SINCE
    assert [each.record for each in register.verify()] == ["R-lO"] * is_new + ["r-1o"]


@MOMENTS
def test_item_14_people_and_forces_whose_number_is_in_letters_accuse_nobody(
    moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a register of before knows of each goes on, in new records too."""
    with Register.open("memory:", clock=lambda: moment) as register:
        with monkeypatch.context() as patched:
            patched.setattr("peelflow.register.commands.check_names", lambda *_: None)
            for number, name in enumerate(("w-10", "w-IO")):
                said: dict[str, Any] = {"force": name, "issued": DAY, "fields": {"owner": name}}
                register.add(f"R-{number}", category="afi", level=2, **said, **PORTAL)
        register.note("R-0", "n", on=LATER, actor=KIM)
        register.note("R-0", "m", on=LATER, actor=KIM)
        edits = {2: "u-10", 3: "u-IO"}

        def named(event: dict[str, Any]) -> None:
            if event["record"] == "R-0" and event["number"] in edits:
                event["recorded_by"] = edits[event["number"]]

        lines = forged(list(register.export()), named)
    restore_export(store, lines, keep=store.keep_document)
    assert judge_events(store, opened(store, moment).session).discrepancies == ()


STRICT: dict[str, tuple[Edit, str]] = {
    "a Chief Constable whom nobody appointed, where the letter is asked for": (
        on("R-1", 2, by_somebody),
        "did not hold `chief_constable`",
    ),
    "an owner who reads backwards": (
        on("R-1", 1, lambda event: event["what"].update(fields={"owner": TURNED})),
        "U+202E",
    ),
    "a field that is too long": (
        on("R-1", 1, lambda event: event["what"].update(fields={"theme": "x" * 32_768})),
        "more than 32,767",
    ),
}


@pytest.mark.parametrize("what", STRICT)
def test_item_14_what_no_release_let_in_is_found_whenever_it_was_recorded(what: str) -> None:
    """The verbs refused it before, too."""
    edit, words = STRICT[what]
    with Register.open("memory:", clock=lambda: HELD_SINCE - timedelta(1)) as register:
        lines = forged(filled(register), edit)
        (found,) = judge_export(register.services, lines).discrepancies
    assert words in found.sentence


def test_item_14_a_verb_asks_whoever_acts_as_chief_constable() -> None:
    """On whatever record: the question is one for all rules."""
    with Register.open("memory:") as register:
        filled(register)
        other = Actor("other", "chief_constable")
        why: dict[str, Any] = {"on": LATER, "actor": other, "reason": "no means"}
        said: dict[str, Any] = {"category": "cause_of_concern", "force": "wmp", "issued": DAY}
        register.add("C-3", **said, **PORTAL)
        with pytest.raises(Refused, match="did not hold `chief_constable`"):
            register.fire("C-3", "propose_no_action", **why)
        with pytest.raises(NotPermitted, match="held no appointment"):
            register.amend("C-3", "title", "t", **why)


OWN = """
lifecycle: {name}
version: 1
in_force_from: 2022-01-01
title: "A review"
applies_to: {{category: {name}, level: none}}
initial: open
states:
  open:
    counts_as: {{force: open}}
    transitions:
      finish: {{to: done, by: [head], requires: [{requires}]}}
  done:
    counts_as: {{force: closed}}
    final: true
"""
WORDS = """
vocabulary: own
roles:
  head: {side: force, title: Head of department}
categories:
  review: {title: Review, fields: {}}
  audit: {title: Audit, fields: {}}
evidence:
  report: {title: Report}
"""


def test_item_14_what_another_own_file_asks_for_by_now_accuses_nobody(
    tmp_path: Path, store: Store
) -> None:
    """It may not have been there when somebody acted; a verb asks it by the files of now."""
    (tmp_path / "words.yaml").write_text(WORDS)
    (tmp_path / "review.yaml").write_text(OWN.format(name="review", requires="reason"))
    head: dict[str, Any] = {"actor": Actor("h", "head"), "on": LATER, "reason": "r"}
    entered: dict[str, Any] = {"category": "review", "force": "wmp", "issued": DAY, "actor": KIM}
    register = opened(store, HELD_SINCE, load(tmp_path))
    register.add("V-1", **entered)
    register.fire("V-1", "finish", **head)

    asks = "{evidence: report, signed_by: [head]}"
    (tmp_path / "audit.yaml").write_text(OWN.format(name="audit", requires=asks))
    register = opened(store, HELD_SINCE, load(tmp_path))
    assert register.verify() == ()
    register.add("V-2", **entered)
    with pytest.raises(Refused, match="did not hold `head`"):
        register.fire("V-2", "finish", recorded_by="officer-1", **head)


@MOMENTS
@pytest.mark.parametrize(
    ("record", "edit"),
    [
        ("R-1", lambda event: event.update(recorded_by="peelflow")),
        ("C-2", lambda event: event["actor"].update(person="PeelFlow")),
    ],
)
def test_item_33_nobody_is_called_what_peelflow_calls_itself(
    record: str, edit: Edit, moment: datetime, store: Store
) -> None:
    """Whoever acted or typed; an account of that name once could, and is not accused."""
    with Register.open("memory:", clock=lambda: moment) as register:
        lines = forged(filled(register), on(record, 2, edit))
    register = opened(store, moment)
    restore_export(store, lines, keep=store.keep_document)
    judged = judge_events(store, register.session)
    found = [
        (each.record, each.event, "what peelflow calls itself" in each.sentence)
        for each in judged.discrepancies
    ]
    assert found == [(record, 2, True)] * (moment == HELD_SINCE)
