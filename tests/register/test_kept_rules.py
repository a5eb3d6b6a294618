"""Rules that differ from those a store keeps: reading goes on, writing under their name ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from attrs import evolve

from peelflow import (
    Actor,
    Register,
    Rulebook,
    RulesMismatch,
    StoreUnavailable,
    load,
    national,
)
from peelflow.model.rules import Pin

KIM, LEE = Actor("kim", "liaison_officer"), Actor("lee", "lead")
RULES = """
lifecycle: {name}
version: 1
in_force_from: 2023-01-01
title: "A review"
applies_to: {{category: {name}, level: none}}
initial: open
states:
  open:
    counts_as: {{force: open}}
    transitions:
      finish: {{to: done, by: [{by}]}}
  done:
    counts_as: {{force: closed}}
    final: true
"""
WORDS = """
vocabulary: own
categories:
  first: {title: First, fields: {owner: {type: person, title: Who}}}
  second: {title: Second, fields: {owner: {type: person, title: Who}}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., Rulebook]:
    """Load two lifecycles of a force's own; who finishes the first one is given."""

    def loaded(by: str = "lead") -> Rulebook:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        (folder / "words.yaml").write_text(WORDS)
        (folder / "first.yaml").write_text(RULES.format(name="first", by=by))
        (folder / "second.yaml").write_text(RULES.format(name="second", by="lead"))
        return load(folder)

    return loaded


@pytest.fixture
def url(tmp_path: Path, rules: Callable[..., Rulebook]) -> str:
    """Give a register with a record under each."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    with Register.open(url, rulebook=rules()) as register:
        for name in ("first", "second"):
            add(register, f"R-{name}", name)
        register.amend("R-first", "owner", "ann", actor=KIM, reason="hers")
    return url


def add(register: Register, record: str, category: str) -> None:
    """Add a record of a category."""
    day = date(2023, 4, 1)
    register.add(record, category=category, force="wmp", issued=day, actor=KIM)


WRITES: dict[str, Callable[[Register], object]] = {
    "add": lambda register: add(register, "R-3", "first"),
    "fire": lambda register: register.fire("R-first", "finish", actor=LEE),
    "amend": lambda register: register.amend("R-first", "owner", "lee", actor=KIM, reason="why"),
    "correct": lambda register: register.correct(
        "R-first", 2, correction="void", actor=KIM, reason="why"
    ),
    "why": lambda register: register.why("R-first", "finish", actor=LEE),
}


@pytest.mark.parametrize("write", WRITES)
def test_item_19_rules_edited_under_their_version_are_not_written_under(
    url: str, rules: Callable[..., Rulebook], write: str
) -> None:
    """Each verb says which rules, and what to do; nothing is kept."""
    with Register.open(url, rulebook=rules("liaison_officer")) as register:
        before = register.position()
        with pytest.raises(RulesMismatch) as refused:
            WRITES[write](register)
        assert (refused.value.name, refused.value.version) == ("first", 1)
        assert refused.value.instead == "give the edited rules version 2"
        assert register.position() == before


def test_item_19_reading_goes_on_under_rules_that_differ(
    url: str, rules: Callable[..., Rulebook], tmp_path: Path
) -> None:
    """Records, figures, verify and export say what they said; what is next is told of none."""

    def read(register: Register) -> object:
        records = list(register.records())
        figures = register.figures(ledger="force")
        export = list(register.export())
        return records, [register.counts(each) for each in records], figures, export

    with Register.open(url, rulebook=rules()) as register:
        before = read(register)
        assert len(register.next_acts("R-first", LEE)) == 1
    with Register.open(url, rulebook=rules("liaison_officer")) as register:
        assert read(register) == before
        assert register.verify() == ()
        assert register.next_acts("R-first", LEE) == ()
        assert register.route("R-first", to="done").verdict == "possible"
        copy = tmp_path / "copy.jsonl"
        copy.write_text("".join(f"{line}\n" for line in register.export()), "utf-8")
        with Register.open("memory:", rulebook=rules("liaison_officer")) as other:
            assert other.restore(copy) == register.position()
            assert read(other) == before


def test_item_19_other_names_are_written_under(url: str, rules: Callable[..., Rulebook]) -> None:
    """One file that was edited stops nobody who works under another."""
    with Register.open(url, rulebook=rules("liaison_officer")) as register:
        register.fire("R-second", "finish", actor=LEE)
        add(register, "R-4", "second")
        assert register.record("R-second").state == "done"


def test_item_19_a_new_version_lets_both_go_on(url: str, rules: Callable[..., Rulebook]) -> None:
    """What the advice says is enough: the old record keeps its rules, a new one takes the new."""
    edited = {each.name: each for each in rules("liaison_officer").lifecycles}
    edited["first"] = evolve(edited["first"], version=2, pin=Pin("first", 2, "0" * 64))
    rulebook = evolve(rules("liaison_officer"), lifecycles=tuple(edited.values()))
    with Register.open(url, rulebook=rulebook) as register:
        register.fire("R-first", "finish", actor=LEE)
        assert register.record("R-first").state == "done"


def tamper(url: str, statement: str) -> None:
    """Change a register's file behind its back."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute(statement)
    connection.close()


def test_item_18_3_a_changed_digest_of_kept_rules_is_a_finding(
    url: str, rules: Callable[..., Rulebook]
) -> None:
    """It is told of the store; reading goes on, and only acts under that name are refused."""
    with Register.open(url, rulebook=rules()) as register:
        figures = register.figures(ledger="force")
    tamper(url, "UPDATE lifecycles SET digest = hex(zeroblob(32)) WHERE name = 'first'")

    for rulebook in (rules(), national()):  # with the file, and where it is gone
        with Register.open(url, rulebook=rulebook) as register:
            found = {each.code for each in register.verify()}
            assert found == {"rules-changed", "rules-missing"}
            held = register.record("R-first")
            assert register.counts(held) == {"force": "open"}
            assert [line.total for line in register.figures(ledger="force").lines if line.total]
            assert list(register.export())
            with pytest.raises(StoreUnavailable, match="do not give their digest; verify it"):
                register.fire("R-first", "finish", actor=LEE)
    with Register.open(url, rulebook=rules()) as register:
        assert register.figures(ledger="force") == figures


def test_item_18_3_kept_rules_that_were_changed_are_not_run(url: str) -> None:
    """Another text under the genuine digest is a finding too, and no record runs under it."""
    tamper(url, "UPDATE lifecycles SET text = replace(text, 'lead', 'system') WHERE name = 'first'")

    with Register.open(url) as register:
        assert [each.code for each in register.verify()] == ["rules-changed"]
        with pytest.raises(StoreUnavailable, match="are not kept in it as they were"):
            register.counts(register.record("R-first"))
        assert register.counts(register.record("R-second")) == {"force": "open"}
        with pytest.raises(ValueError, match="did you mean `second`"):
            register.records(category="secnd")


def test_what_another_process_kept_since_is_read(rules: Callable[..., Rulebook]) -> None:
    """A register that stands open reads rules that came into the store behind its opening."""
    with Register.open("memory:") as bare:
        add(Register(bare.store, rulebook=rules()), "R-first", "first")
        pin = bare.record("R-first").lifecycle
        assert bare.lifecycle(pin).pin == pin
