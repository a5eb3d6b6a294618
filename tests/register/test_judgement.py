"""`verify` judges every event that is kept by the rules kept beside it, or says that it did not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Register, Rulebook, load, national
from peelflow.cli import exchange, main
from peelflow.register import judgement
from peelflow.register.judgement import AssumedPredicates, Verification, judge_events
from peelflow.stores.memory import MemoryStore
from tests.stores.forgery import Edit, at, forged, say

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
HMICFRS = Actor("portal", "hmicfrs")
PORTAL: Any = {"recorded_by": "officer-1", "source": "portal"}


def appoint(register: Register) -> None:
    """Appoint the Chief Constable."""
    first = date(2022, 1, 1)
    register.appoint("chief", "chief_constable", force="wmp", first_day=first, actor=KIM)


@pytest.fixture(scope="module")
def honest() -> list[str]:
    """Give the export of a record that was closed with a letter, re-opened and moved to level 3."""
    with Register.open("memory:") as register:
        appoint(register)
        day, fields = date(2022, 12, 16), {"owner": "lead-1", "question": "7.2"}
        register.add(
            "R-1",
            category="recommendation",
            level=2,
            force="wmp",
            issued=day,
            fields=fields,
            actor=HMICFRS,
            **PORTAL,
        )
        register.fire("R-1", "start", actor=KIM, on=date(2023, 1, 9))
        letter = register.keep(
            b"x", kind="letter", name="l", signed_by="chief", signed_on=date(2023, 1, 31)
        )
        register.fire("R-1", "close", actor=CHIEF, on=date(2023, 2, 1), evidence=[letter])
        register.fire(
            "R-1", "reopen", actor=HMICFRS, on=date(2023, 3, 1), reason="not so", **PORTAL
        )
        register.relevel(
            "R-1", plan="level-2-to-3", actor=HMICFRS, on=date(2023, 3, 2), reason="r", **PORTAL
        )
        return list(register.export())


def drop(*names: str) -> Edit:
    """Return an edit that takes parts out of what happened."""
    return lambda event: [event["what"].pop(name, None) for name in names]


def acts_as(person: str, role: str) -> Edit:
    """Return an edit that sets who decided."""
    return lambda event: event.update(actor={"person": person, "role": role})


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def both(*edits: Edit) -> Edit:
    """Return an edit that does several."""
    return lambda event: [edit(event) for edit in edits]


FORGERIES: dict[str, tuple[int, Edit, str]] = {
    "case 36": (
        3,
        both(drop("evidence", "counted", "counted_for"), acts_as("lead-1", "lead")),
        "`close` by `lead` is not lawful under level-2@2, kept beside it",
    ),
    "no letter": (3, drop("evidence", "counted", "counted_for"), "no `letter` is offered"),
    "a letter of nobody's": (
        3,
        lambda event: event["what"]["evidence"][0].update(signed_by="somebody"),
        "`close` by `chief_constable` is not lawful",
    ),
    "a letter that was not used up": (3, drop("counted", "counted_for"), "than was recorded"),
    "started by the lead of nothing": (2, acts_as("x", "auditor"), "`start` by `auditor`"),
    "no reason": (4, lambda event: event.pop("reason"), "`reopen` by `hmicfrs`"),
    "no source": (1, lambda event: event.pop("source"), "names no source"),
    "a blank source": (5, says(source=" "), "names no source"),
}


def restored(lines: list[str], file: Path) -> str:
    """Write an export, and return the URL of the register that it is restored into as found."""
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    url = f"sqlite:///{file.with_suffix('.db')}"
    with Register.open(url) as register:
        register.restore(file, as_found=True)
    return url


@pytest.mark.parametrize("name", FORGERIES)
def test_item_24_an_event_that_no_rules_allow_is_found(
    honest: list[str], tmp_path: Path, name: str
) -> None:
    """Though every chain was made anew: by record and event, and why; under whatever rulebook."""
    number, edit, sentence = FORGERIES[name]
    url = restored(forged(honest, at(number, edit)), tmp_path / "forged.jsonl")
    for rulebook in (national(), Rulebook()):
        with Register.open(url, rulebook=rulebook) as register:
            found = register.verify()
        if rulebook.lifecycles or "source" not in sentence:
            assert [(each.record, each.event, each.code) for each in found] == [
                ("R-1", number, "act-unlawful")
            ]
            assert sentence in found[0].sentence


def test_item_24_what_happened_lawfully_is_no_finding(honest: list[str], tmp_path: Path) -> None:
    """Acts, moves and decisions of others as they were recorded."""
    with Register.open(restored(honest, tmp_path / "honest.jsonl")) as register:
        assert register.verify() == ()
        assert judge_events(register.store, register.session) == Verification((), judged=True)


def test_item_24_the_command_judges_registers_and_exports(
    honest: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both find the act, and end with 1."""
    file = tmp_path / "forged.jsonl"
    url = restored(forged(honest, at(3, FORGERIES["case 36"][1])), file)
    for subject in (["--register", url], [str(file)]):
        assert main(["verify", *subject]) == 1
        printed = capsys.readouterr().out
        assert "R-1 event 3: act-unlawful: `close` by `lead` is not lawful" in printed
        assert "1 finding" in printed


def test_item_24_what_is_not_judged_is_said_in_words(
    honest: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where there is much, `--judge` does it; where something else does not fit, nothing is."""
    monkeypatch.setattr(exchange, "JUDGED_UNASKED", 3)
    file = tmp_path / "forged.jsonl"
    url = restored(forged(honest, at(3, FORGERIES["case 36"][1])), file)
    for subject in (["--register", url], [str(file)]):
        assert main(["verify", *subject]) == 0
        assert "no event was judged by its rules, which takes long here" in capsys.readouterr().out
        assert main(["verify", *subject, "--judge"]) == 1
        assert "act-unlawful" in capsys.readouterr().out

    cut = [line for line in honest if '"kind":"lifecycle"' not in line or "level-2" not in line]
    file.write_text("".join(f"{line}\n" for line in cut), "utf-8")
    assert main(["verify", str(file)]) == 1
    assert "no event was judged by its rules: what they rest on" in capsys.readouterr().out


def test_item_24_an_unjudged_register_is_verified_all_the_same(
    honest: list[str], tmp_path: Path
) -> None:
    """Whoever asks for no judgement gets none."""
    url = restored(forged(honest, at(3, FORGERIES["case 36"][1])), tmp_path / "forged.jsonl")
    with Register.open(url) as register:
        assert register.verify(judged=False) == ()


OWN = """
lifecycle: review
version: 1
in_force_from: 2023-01-01
title: "A review"
applies_to: {category: review, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: done, by: [lead], requires: [{predicate: is_signed_off}]}
  done:
    counts_as: {force: closed}
    final: true
---
vocabulary: own
categories:
  review: {title: Review, fields: {}}
predicates:
  is_signed_off: Signed off
"""


@pytest.fixture
def own(tmp_path: Path) -> Rulebook:
    """Give rules that ask a function of the application's."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, text in zip(("rules", "words"), OWN.split("---"), strict=True):
        (folder / f"{name}.yaml").write_text(text)
    return load(folder)


def test_item_24_a_predicate_without_its_function_is_taken_to_hold_and_said(
    own: Rulebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All else about the act is judged; with the function, that too."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    says_yes: Callable[..., bool] = lambda *_: True  # noqa: E731
    says_no: Callable[..., bool] = lambda *_: False  # noqa: E731
    with Register.open(url, rulebook=own, predicates={"is_signed_off": says_yes}) as register:
        day = date(2023, 4, 1)
        register.add("V-1", category="review", force="wmp", issued=day, actor=KIM)
        register.fire("V-1", "finish", actor=Actor("lee", "lead"), on=day)
        assert judge_events(register.store, register.session).assumed == ()
    with Register.open(url, rulebook=own, predicates={"is_signed_off": says_no}) as register:
        assert [each.event for each in register.verify()] == [2]

    assert main(["verify", "--register", url]) == 0
    assert "taken to hold, for want of its function: the predicate `is_signed_off`" in (
        capsys.readouterr().out
    )


def test_item_24_nobody_is_added_whom_rules_let_be_taken_over_alone(tmp_path: Path) -> None:
    """As a record closed before there were levels."""
    with Register.open("memory:") as register:
        register.take_over(
            "R-1",
            category="recommendation",
            force="wmp",
            issued=date(2018, 1, 1),
            state="closed",
            on=date(2023, 1, 1),
            actor=HMICFRS,
            reason="before the levels",
            **PORTAL,
        )
        lines = list(register.export())

    def as_added(event: dict[str, Any]) -> None:
        event["kind"] = "added"
        event["what"].pop("issued")
        event["on"] = "2018-01-01"
        for change in event["changes"]:
            change["on"] = "2018-01-01"

    made = forged(lines, at(1, as_added), write=say)
    with Register.open(restored(made, tmp_path / "added.jsonl")) as register:
        (found,) = register.verify()
    assert (found.code, found.event) == ("act-unlawful", 1)
    assert "can only be taken over" in found.sentence


def test_item_24_a_move_by_whoever_held_no_role_is_found(
    honest: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the role is held by appointment."""
    url = restored(honest, tmp_path / "moved.jsonl")
    monkeypatch.setattr(judgement, "is_move_permitted", lambda *_, **__: False)
    with Register.open(url) as register:
        (found,) = register.verify()
    assert (found.event, found.code) == (5, "act-unlawful")
    assert "portal (hmicfrs) held no appointment in wmp on 2023-03-02" in found.sentence


def test_item_24_where_rules_are_gone_that_is_found(honest: list[str], tmp_path: Path) -> None:
    """At what came under them; the other records are judged."""
    url = restored(forged(honest, at(3, FORGERIES["case 36"][1])), tmp_path / "gone.jsonl")
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute("DELETE FROM lifecycles WHERE name = 'level-2'")
    connection.close()
    with Register.open(url, rulebook=Rulebook()) as register:
        found = judge_events(register.store, register.session).discrepancies
        assert {each.code for each in register.verify()} == {"rules-missing"}
    assert {each.record for each in found} == {"R-1"}
    assert all("it cannot be judged: " in each.sentence for each in found)


def test_item_24_where_a_record_above_is_gone_judging_ends_in_no_error(tmp_path: Path) -> None:
    """That it is gone is found at its child."""
    file, day = tmp_path / "register.db", date(2022, 12, 16)
    with Register.open(f"sqlite:///{file}") as register:
        said: dict[str, Any] = {"force": "wmp", "issued": day, "actor": HMICFRS, **PORTAL}
        register.add("C-1", category="cause_of_concern", **said)
        register.add("R-1", category="recommendation", level=3, parent="C-1", **said)
        register.amend("R-1", "owner", "lead-1", actor=KIM, on=date(2023, 1, 9), reason="r")
        register.relevel(
            "R-1", plan="level-3-to-4", actor=HMICFRS, on=date(2023, 3, 2), reason="r", **PORTAL
        )
        assert judge_events(register.store, register.session).discrepancies == ()
        with closing(sqlite3.connect(file)) as connection, connection:
            for table, name in (("records", "id"), ("events", "record"), ("changes", "record")):
                connection.execute(f"DELETE FROM {table} WHERE {name} = 'C-1'")
    with Register.open(f"sqlite:///{file}") as register:
        (found,) = judge_events(register.store, register.session).discrepancies
        assert "it cannot be judged: no record is called 'C-1'" in found.sentence
        assert "record-missing" in {each.code for each in register.verify()}


def test_item_24_where_the_rules_of_an_amended_record_are_gone_judging_ends_in_no_error(
    tmp_path: Path,
) -> None:
    """Whether an act rested on the field, only they could tell: that is found."""
    file = tmp_path / "register.db"
    said: dict[str, Any] = {"force": "wmp", "issued": date(2022, 12, 16)}
    with Register.open(f"sqlite:///{file}") as register:
        register.add("R-1", category="afi", level=2, fields={"owner": "x"}, actor=KIM, **said)
        register.add("R-2", category="afi", level=3, actor=KIM, **said)
        register.fire("R-1", "start", actor=KIM, on=date(2023, 1, 9))
        register.amend("R-1", "owner", "lead-1", actor=KIM, on=date(2023, 1, 9), reason="r")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM lifecycles WHERE name = 'level-2'")
    with Register.open(f"sqlite:///{file}", rulebook=Rulebook()) as register:
        found = judge_events(register.store, register.session).discrepancies
        assert {each.code for each in register.verify()} == {"rules-missing"}
    assert {each.record for each in found} == {"R-1"}


def test_item_24_an_event_that_cannot_be_meant_is_found(
    honest: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a verb would refuse before any rule is asked is a finding, no error."""

    def unmeant(*_: object) -> str:
        raise InvalidRequest("it", "means nothing", "leave it")

    monkeypatch.setattr(judgement, "_why_unlawful", unmeant)
    with Register.open(restored(honest, tmp_path / "odd.jsonl")) as register:
        found = register.verify()
    assert {each.sentence for each in found} == {"it: means nothing; leave it"}


def test_predicates_that_were_given_are_those_there_are() -> None:
    """Another one holds, and is noted by its name."""
    held = AssumedPredicates({"given": lambda *_: False})
    assert (list(held), len(held), held.assumed) == (["given"], 1, set())
    other: Callable[..., bool] = held["other"]
    assert other(None, None, None)
    assert held.assumed == {"other"}


def test_judging_asks_the_store_no_more_for_records_that_lie_below_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those above and below the records that are judged at once are read at once, with these."""
    store = MemoryStore()
    read, asked = store.read, list[tuple[str, ...]]()

    def counting(ids: Collection[str], **more: Any) -> Any:
        asked.append(tuple(ids))
        return read(ids, **more)

    monkeypatch.setattr(store, "read", counting)
    monkeypatch.setattr(judgement, "RECORDS_AT_ONCE", 4)
    with Register(store, rulebook=national()) as register:
        said: dict[str, Any] = {"force": "wmp", "issued": date(2022, 12, 16), "actor": KIM}
        for number in range(3):
            register.add(f"C-{number}", category="cause_of_concern", **said)
            for place in range(3):
                below: dict[str, Any] = {**said, "parent": f"C-{number}", "level": 2}
                register.add(f"R-{place}-{number}", category="recommendation", **below)
        asked.clear()
        assert judge_events(store, register.session).discrepancies == ()
    assert len(asked) == 3
