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
    InvalidRequest,
    Register,
    Rulebook,
    RulesMismatch,
    StoreUnavailable,
    load,
    national,
)
from peelflow.cli import main
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Waited,
)
from peelflow.model.rules import After, Pin
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import shipped_folder

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


PANEL = """
lifecycle: local-3
version: 1
in_force_from: 2023-01-01
title: "Level 3 with a panel"
refines: level-3@2
applies_to: {category: recommendation, level: 3}
initial: open
states:
"""


@pytest.fixture
def panel(tmp_path: Path) -> Rulebook:
    """Load level 3 as it is, under a name of the force's own, with a step that needs its words."""
    folder = tmp_path / "panel"
    folder.mkdir()
    text = (shipped_folder("rules") / "national" / "level-3.yaml").read_text("utf-8")
    body = text[text.index("states:\n") + len("states:\n") : text.index("guarantees:")]
    own = """      read_by_panel:
        to: in_progress
        by: [panel_chair]
        requires: [{evidence: minutes}, {field: panel_day}]
"""
    head, found, tail = body.partition("  in_progress:\n")
    assert found
    counts, found, steps = tail.partition("    transitions:\n")
    assert found
    (folder / "panel.yaml").write_text(
        f"{PANEL.lstrip()}{head}  in_progress:\n{counts}    transitions:\n{own}{steps}", "utf-8"
    )
    (folder / "words.yaml").write_text(
        """vocabulary: panel
roles:
  panel_chair: {side: force, title: Chair of the panel}
evidence:
  minutes: {title: Minutes}
fields:
  recommendation:
    panel_day: {type: date, title: Day of the panel}
""",
        "utf-8",
    )
    return load(folder)


def add_recommendation(register: Register, record: str, *, force: str = "wmp") -> None:
    """Add a recommendation at level 3."""
    register.add(
        record,
        category="recommendation",
        level=3,
        force=force,
        issued=date(2023, 4, 1),
        fields={"owner": "lead-1", "question": "7.2"},
        actor=KIM,
    )


@pytest.fixture
def own_url(tmp_path: Path, panel: Rulebook) -> str:
    """Give a register with a record under the force's own level 3, begun."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    with Register.open(url, rulebook=panel) as register:
        add_recommendation(register, "R-1")
        register.fire("R-1", "start", actor=KIM, on=date(2023, 4, 2))
        assert register.record("R-1").lifecycle.name == "local-3"
    return url


def test_item_10_words_that_a_kept_lifecycle_needs_are_kept_with_it(own_url: str) -> None:
    """The role, the kind of evidence and the field are gone with their file; the step is not."""
    chair = Actor("ann", "panel_chair")
    with Register.open(own_url) as register:
        minutes = register.keep(b"read", kind="minutes", name="minutes.pdf")
        refusal = register.why("R-1", "read_by_panel", actor=chair, evidence=[minutes])
        assert refusal is not None
        assert "panel_day" in str(refusal)
        register.amend("R-1", "panel_day", "2023-05-01", actor=chair, reason="the panel met")
        register.attach("R-1", minutes, actor=chair)
        register.fire("R-1", "read_by_panel", actor=chair)
        assert register.history("R-1")[-1].actor == chair
        assert register.verify() == ()
        assert register.fields("R-1")["panel_day"] == "2023-05-01"
    with Register.open("memory:") as other, pytest.raises(ValueError, match="panel_chair"):
        appoint_by(other, chair)


def appoint_by(register: Register, actor: Actor) -> None:
    """Appoint somebody, as an actor in some role."""
    register.appoint("x", "lead", force="wmp", first_day=date(2023, 1, 1), actor=actor)


def test_item_10_a_category_that_is_gone_is_kept_too(url: str) -> None:
    """Its records can be written to; their own fields are those that their rules need."""
    with Register.open(url) as register:
        register.fire("R-first", "finish", actor=LEE)
        assert register.record("R-first").state == "done"
        with pytest.raises(ValueError, match="no lifecycle runs that category"):
            add(register, "R-9", "first")


def test_item_10_no_new_record_goes_under_national_rules_in_silence(
    own_url: str, panel: Rulebook
) -> None:
    """Where the force's own file was left out: the records that say so are named."""
    with Register.open(own_url) as register:
        with pytest.raises(InvalidRequest) as refused:
            add_recommendation(register, "R-2")
        assert "R-1 runs under local-3@1, whose file is not here" in refused.value.why
        assert "give that file (--rules)" in refused.value.instead
        assert register.position() == 2
        add_recommendation(register, "K-1", force="kent")
        add_recommendation(register, "K-2", force="kent")
        add_at_level_2(register)
    with Register.open(own_url, rulebook=panel) as register:
        add_recommendation(register, "R-2")
        assert register.record("R-2").lifecycle.name == "local-3"


def add_at_level_2(register: Register) -> None:
    """Add a recommendation that the force's own rules are not for."""
    day = date(2023, 4, 1)
    register.add("R-3", category="recommendation", level=2, force="wmp", issued=day, actor=KIM)


def test_item_10_records_whose_own_file_is_missing_are_named(
    own_url: str, panel: Rulebook, capsys: pytest.CaptureFixture[str]
) -> None:
    """By `verify`, the first three of them, and each by `show`."""
    assert main(["verify", "--register", own_url]) == 0
    assert "R-1 run under local-3@1 as it was kept; its file is not here" in capsys.readouterr().err
    assert main(["show", "R-1", "--register", own_url]) == 0
    assert "local-3@1: as kept with it; their file is not here" in capsys.readouterr().out
    with Register.open(own_url, rulebook=panel) as register:
        for number in range(2, 6):
            add_recommendation(register, f"R-{number}")
        assert list(register.services.kept_rules.unfiled_notes()) == []
    assert main(["verify", "--register", own_url]) == 0
    assert "R-1, R-2, R-3 and 2 more run under local-3@1" in capsys.readouterr().err


TYPES = {
    "text": ("{type: text, title: T}", "soon"),
    "date": ("{type: date, title: T}", "2023-05-01"),
    "choice": ("{type: choice, choices: [red, green], title: T}", "red"),
    "person": ("{type: person, title: T}", "ann"),
    "reference": ("{type: reference, to: [item], title: T}", "X-0"),
    "list": ("{type: list, title: T}", ["a", "b"]),
    "list of choices": ("{type: list, choices: [a, c], title: T}", ["a"]),
}
ITEM = """
lifecycle: item
version: 1
in_force_from: 2023-01-01
title: "An item"
applies_to: {category: item, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      finish: {to: done, by: [lead]}
  done: {counts_as: {force: closed}, final: true}
"""


def items(folder: Path, kind: str, *, extra: str = "") -> Rulebook:
    """Load a category whose field is of a type; a due day counts from it where that is a day."""
    folder.mkdir(exist_ok=True)
    due = ", counts_from: {field: it, days: 30}" if kind == "date" else ""
    (folder / "item.yaml").write_text(ITEM, "utf-8")
    (folder / "words.yaml").write_text(
        f"""vocabulary: items
categories:
  item:
    title: Item
    fields:
      owner: {{type: person, title: Who}}
      it: {TYPES[kind][0]}
      due: {{type: date, title: Due{due}}}
{extra}    figures:
      - {{title: Item, order: 200, level: none, ledger: force}}
""",
        "utf-8",
    )
    return load(folder)


ON_FORCE = ["--ledger", "force"]
READ = (
    *(["list"], ["show", "X-1"], ["plan"], ["verify"], ["feed"], ["tick", "--on", "2023-06-01"]),
    *([*words, *ON_FORCE] for words in (["figures"], ["overdue"], ["ages"], ["route", "X-1"])),
)


@pytest.mark.parametrize("after", TYPES)
@pytest.mark.parametrize("before", TYPES)
def test_item_10_case_18_an_older_value_stops_no_amendment(
    tmp_path: Path, before: str, after: str
) -> None:
    """Whatever a field was declared before: every field can be amended, set right and unset."""
    day = date(2023, 4, 1)
    url = f"sqlite:///{tmp_path / 'items.db'}"
    with Register.open(url, rulebook=items(tmp_path / "rules", before)) as register:
        register.add("X-0", category="item", force="wmp", issued=day, actor=KIM)
        register.add(
            "X-1",
            category="item",
            force="wmp",
            issued=day,
            fields={"it": TYPES[before][1]},
            actor=KIM,
        )
    rulebook = items(tmp_path / "rules", after)
    with Register.open(url, rulebook=rulebook) as register:
        register.amend("X-1", "owner", "lead-1", actor=KIM, reason="r")
        register.amend("X-1", "due", "2023-07-01", actor=KIM, reason="r")
        assert register.fields("X-1")["it"] is not None
        other = {"text": "later", "date": "2023-05-09", "choice": "green", "person": "bea"}
        value = other.get(after, ["c"] if after.startswith("list") else "X-0")
        if register.record("X-1").fields["it"] not in (value, tuple(value)):
            register.amend("X-1", "it", value, actor=KIM, reason="r")
        register.amend("X-1", "it", None, actor=KIM, reason="r")
        register.deadline("X-1")
        assert list(register.export())
    for words in READ if "date" in {before, after} and before != after else ():
        asked = [*words, "--register", url, "--rules", str(tmp_path / "rules")]
        assert main(asked) in {0, 1}, words


def test_item_10_every_field_that_kept_steps_look_at_is_known(
    url: str, rules: Callable[..., Rulebook]
) -> None:
    """In an alternative too, and what days count from; a question that makes an inspection fit."""
    (first,) = (each for each in rules().lifecycles if each.name == "first")
    (step,) = first.states["open"].transitions
    needs = (
        AnyOf(((FieldSet("theme"), InspectionHeld("planned", relevant=True)), (ReasonGiven(),))),
        Waited(5, since=PUBLISHED),
    )
    timed = evolve(step, trigger="lapse", by=("system",), after=After(days=9, since="published"))
    opened = evolve(first.states["open"], transitions=(evolve(step, requires=needs), timed))
    kept = evolve(first, version=7, states={**first.states, "open": opened})
    kept = evolve(kept, pin=pin_of(kept))
    with Register.open(url, rulebook=evolve(rules(), lifecycles=(kept,))) as register:
        add(register, "R-7", "first")
    with Register.open(url) as register:
        fields = register.rulebook.vocabulary.categories["first"].fields
        assert {name: rule.type for name, rule in fields.items()} == {
            "theme": "text",
            "question": "text",
            "published": "date",
        }
