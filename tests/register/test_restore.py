"""An export is judged as by `verify` before any of it is kept, or is taken in as it was found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register, load
from peelflow.cli import main
from peelflow.errors import InvalidRequest, Unverified
from peelflow.register.restore import judge_export
from peelflow.stores.memory import MemoryStore
from tests.register.test_judgement import OWN
from tests.stores.forgery import Edit, forged, say

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
HMICFRS = Actor("portal", "hmicfrs")
PORTAL: Any = {"actor": HMICFRS, "recorded_by": "officer-1", "source": "portal"}
DAY = date(2022, 12, 16)
OFFICE = "appointment:wmp:chief_constable:chief:2022-01-01"


@pytest.fixture(scope="module")
def honest() -> list[str]:
    """Give the export of records of several kinds, on which every verb was used."""
    with Register.open("memory:") as register:
        _fill(register)
        assert register.verify() == ()
        return list(register.export())


def _fill(register: Register) -> None:
    first = date(2022, 1, 1)
    register.appoint("chief", "chief_constable", force="wmp", first_day=first, actor=KIM)
    said: dict[str, Any] = {"force": "wmp", "issued": DAY}
    register.add("C-1", category="cause_of_concern", **said, **PORTAL)
    fields = {"owner": "lead-1", "question": "7.2"}
    of_level_2: dict[str, Any] = {"category": "recommendation", "level": 2, **said}
    register.add("R-1", **of_level_2, fields=fields, parent="C-1", **PORTAL)
    register.add("R-2", **of_level_2, fields={"owner": "lead-1"}, actor=KIM)
    letter = register.keep(b"x", kind="letter", name="l", signed_by="chief", signed_on=DAY)
    for name in ("R-1", "R-2"):
        register.fire(name, "start", actor=KIM, on=date(2023, 1, 9))
        register.fire(name, "close", actor=CHIEF, on=date(2023, 2, 1), evidence=[letter])
    later: dict[str, Any] = {"on": date(2023, 3, 1), "reason": "not so"}
    register.fire("R-1", "reopen", **later, **PORTAL)
    register.relevel("R-1", plan="level-2-to-3", **later, **PORTAL)
    register.amend("R-1", "question", "7", **later, **PORTAL)
    register.correct("R-2", 3, correction="void", actor=KIM, **later)
    register.attach("R-2", letter, actor=KIM, on=date(2023, 3, 1))
    register.take_over(
        "T-1", category="afi", level=4, **said, state="closed", **later, fields=fields, **PORTAL
    )
    old: dict[str, Any] = {"category": "recommendation", "level": None, "force": "wmp"}
    before: dict[str, Any] = {"issued": date(2018, 1, 1), "state": "closed", "source": "s"}
    closed = {**old, **before, "on": date(2023, 4, 1), "reason": "old"}
    register.take_over("B-1", **closed, actor=KIM)
    for name, parent in (("S-1", None), ("S-2", "S-1")):
        kind = "super_complaint_recommendation"
        register.add(name, category=kind, **said, fields={"title": "t"}, parent=parent, **PORTAL)
    register.make_joint("R-2", Joint(("kent",)), actor=KIM, **later)
    register.amend("R-2", "theme", "t", actor=KIM, **later)
    register.add("W-1", **of_level_2, **PORTAL)
    register.correct("W-1", 1, correction="void", reason="not so", **PORTAL)
    register.note("B-1", "looked at", actor=KIM, on=date(2023, 4, 1))
    inspected: dict[str, Any] = {"category": "inspection", "level": None, **said}
    register.add("I-1", **inspected, **PORTAL)


def at(record: str, number: int, edit: Edit) -> Edit:
    """Return the edit of one event."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == (record, number):
            edit(event)

    return change


def by(person: str, role: str) -> Edit:
    """Return an edit that sets who decided."""
    return lambda event: event.update(actor={"person": person, "role": role})


def says(**parts: object) -> Edit:
    """Return an edit that sets parts of an event."""
    return lambda event: event.update(parts)


def fields(**parts: object) -> Edit:
    """Return an edit that sets fields of a record's entry."""
    return lambda event: event["what"]["fields"].update(parts)


def lacks(name: str) -> Edit:
    """Return an edit that leaves a part of an event out."""
    return lambda event: event.pop(name)


def moved_to_closed(event: dict[str, Any]) -> None:
    """Let a move to another level close the record."""
    event["what"]["new"] = "closed"
    for change in event["changes"]:
        if change["delta"] > 0:
            change |= {"counts": "closed", "state": "closed"}


def below_itself(event: dict[str, Any]) -> None:
    """Put two records below each other."""
    if event["record"] == "S-1" and event["number"] == 1:
        event["what"]["parent"] = "S-2"


_LETTER = ("evidence", "counted", "counted_for")
FORGED: dict[str, tuple[Edit, str, int, str]] = {
    "a closure without a letter": (
        at("R-1", 3, lambda event: [event["what"].pop(part) for part in _LETTER]),
        "R-1",
        3,
        "no `letter` is offered",
    ),
    "a chief who was not appointed": (
        at("R-1", 3, by("somebody", "chief_constable")),
        "R-1",
        3,
        "did not hold `chief_constable`",
    ),
    "a decision of HMICFRS's without its source": (
        at("R-1", 1, lacks("source")),
        "R-1",
        1,
        "names no source",
    ),
    "a state that HMICFRS alone enters": (
        at("T-1", 1, by("officer-1", "liaison_officer")),
        "T-1",
        1,
        "is entered by `hmicfrs` alone",
    ),
    "a record taken over for no reason": (at("T-1", 1, lacks("reason")), "T-1", 1, "the reason"),
    "an owner in disguise": (at("R-2", 1, fields(owner="Lead-1")), "R-2", 0, "from `lead-1`"),
    "an actor in disguise": (
        at("R-2", 2, by("Officer-1", "liaison_officer")),
        "R-2",
        2,
        "from `officer-1`",
    ),
    "a record of today as from before levels": (
        at("B-1", 1, lambda event: event["what"].update(issued="2023-03-30")),
        "B-1",
        1,
        "is not before 2023-03-30",
    ),
    "a padded owner": (at("R-2", 1, fields(owner="lead-1 ")), "R-2", 1, "is padded"),
    "a publication on no day": (at("R-2", 1, fields(published="soon")), "R-2", 1, "is no date"),
    "an amendment for no reason": (at("R-1", 6, lacks("reason")), "R-1", 6, "the reason"),
    "an amendment to what no field holds": (
        at("R-1", 6, lambda event: event["what"].update(field="owner", old="lead-1", new=" lead")),
        "R-1",
        6,
        "is padded",
    ),
    "a correction for no reason": (at("R-2", 4, lacks("reason")), "R-2", 4, "the reason"),
    "a clock in the year 2100": (
        at("I-1", 1, says(recorded_at="2100-01-01T00:00:00.000000+00:00")),
        "I-1",
        1,
        "lies in the future",
    ),
    "a reason that reads backwards": (at("R-1", 6, says(reason="\u202eno")), "R-1", 6, "U+202E"),
    "an amendment by the other side": (
        at("R-1", 6, by("officer-1", "liaison_officer")),
        "R-1",
        6,
        "is not amended by officer-1",
    ),
    "an appointment by a lead": (at(OFFICE, 1, by("x", "lead")), OFFICE, 1, "appoints no"),
    "an appointment by themselves": (
        at(OFFICE, 1, by("chief", "liaison_officer")),
        OFFICE,
        1,
        "cannot appoint themselves",
    ),
    "a move by the force": (
        at("R-1", 5, by("officer-1", "liaison_officer")),
        "R-1",
        5,
        "moves no recommendation to another level",
    ),
    "a move that closes": (at("R-1", 5, moved_to_closed), "R-1", 5, "would count closed on portal"),
    "a lead who voids a closure": (at("R-2", 4, by("x", "lead")), "R-2", 4, "does not correct"),
    "another side that voids a closure": (
        at("R-2", 4, by("p", "pcc")),
        "R-2",
        4,
        "is not of that side",
    ),
    "a letter attached before it was signed": (
        at("R-2", 5, lambda event: event["what"]["document"].update(signed_on="2023-03-02")),
        "R-2",
        5,
        "after the 2023-03-01 that it is attached on",
    ),
    "an act that names an inspection there is none of": (
        at("R-2", 2, lambda event: event["what"].update(inspection="nowhere")),
        "R-2",
        2,
        "is none that was added here",
    ),
    "an act that names a successor there is none of": (
        at("R-2", 2, lambda event: event["what"].update(successor="nowhere")),
        "R-2",
        2,
        "its successor: is 'nowhere', and no record is called so",
    ),
    "an act in favour of the record itself": (
        at("R-2", 2, lambda event: event["what"].update(successor="R-2")),
        "R-2",
        2,
        "that is the record itself",
    ),
    "a report that is none": (
        at("R-2", 1, fields(source_report="S-1")),
        "R-2",
        1,
        "its field `source_report`: is S-1, one of the category",
    ),
    "a note longer than any is": (
        at("B-1", 2, lambda event: event["what"].update(text="x" * 40_000)),
        "B-1",
        2,
        "the note",
    ),
    "a child that its parent does not know of": (
        at("C-1", 2, lambda event: event.clear()),
        "R-1",
        0,
        "has it not among its children",
    ),
    "a child that lies elsewhere": (
        at("R-1", 1, lambda event: event["what"].pop("parent")),
        "C-1",
        0,
        "does not lie below it, but below nothing",
    ),
    "a record below itself": (below_itself, "S-1", 0, "lies below itself"),
    "a record made joint by who only looks": (
        at("R-2", 6, by("p", "audit_committee")),
        "R-2",
        6,
        "says of no record of which forces it is",
    ),
    "a lead who withdraws what HMICFRS issued": (
        at("W-1", 2, by("lee", "lead")),
        "W-1",
        2,
        "is not of that side (inspectorate)",
    ),
    "an owner cleared under a start that rests on one": (
        at("R-2", 7, lambda event: event["what"].update(field="owner", old="lead-1", new=None)),
        "R-2",
        7,
        "the field `owner` is not set",
    ),
    "an id that a store alone gives": (
        lambda event: event.update(record="I-1 (of kent)") if event["record"] == "I-1" else None,
        "I-1 (of kent)",
        1,
        "by which a store tells the ids of its forces apart",
    ),
    "the day of a level that there is none of": (
        at("B-1", 1, lambda event: event["what"].update(graded="2018-01-02")),
        "B-1",
        1,
        "is given, and no level",
    ),
    "the day of a level before its issue": (
        at("R-2", 1, lambda event: event["what"].update(graded="2022-12-15")),
        "R-2",
        1,
        "does not lie between",
    ),
    "a letter used up for what is no step": (
        at("R-1", 3, lambda event: event["what"].update(counted_for="nothing")),
        "R-1",
        3,
        "documents",
    ),
    "a document called as a path": (
        at("R-2", 5, lambda event: event["what"]["document"].update(name="../../etc/passwd")),
        "R-2",
        5,
        "holds a path",
    ),
}
"""By what was forged: the edit, and the record, event and words that tell it."""


def written(lines: list[str], folder: Path) -> Path:
    """Write an export."""
    file = folder / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


@pytest.mark.parametrize("what", FORGED)
def test_item_33_what_no_verb_lets_be_done_does_not_come_in(
    what: str, honest: list[str], tmp_path: Path
) -> None:
    """Though every chain fits: each finding is told, nothing is kept; and as found, all is."""
    edit, record, number, words = FORGED[what]
    file = written(forged(honest, edit), tmp_path)

    with Register.open("memory:") as register:
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found = refused.value.discrepancies
        assert register.position() == 0
        told = [(each.record, each.event) for each in found if words in each.sentence]  # type: ignore[attr-defined]
        assert (record, number) in told
        code = "clock-back" if what.startswith("a clock") else "act-unlawful"
        assert {each.code for each in found} == {code}  # type: ignore[attr-defined]

        register.restore(file, as_found=True)
        assert register.verify() == found


@pytest.mark.parametrize("pin", ["level-2@2", "level-2@3", "level-4@7", "appointment@9"])
def test_item_33_rules_under_a_national_name_are_those_that_shipped(
    pin: str, honest: list[str], tmp_path: Path
) -> None:
    """Made up, with their digest in every event, they would let anybody close anything."""
    (rules,) = [line for line in map(json.loads, honest) if line.get("name") == "level-2"]
    name, _, version = pin.partition("@")
    named = json.loads(rules["text"]) | {"lifecycle": name, "version": int(version)}
    made = say(named).replace('"chief_constable","nominated_deputy"', '"lead","liaison_officer"')
    digest = sha256(made.encode()).hexdigest()
    words = {"name": name, "version": int(version), "digest": digest}
    lines = [
        json.dumps(line | words | {"text": made}) if line == rules else json.dumps(line)
        for line in map(json.loads, honest)
    ]

    def pinned(event: dict[str, Any]) -> None:
        if event["what"].get("lifecycle", {}).get("digest") == rules["digest"]:
            event["what"]["lifecycle"] = words

    with Register.open("memory:") as register, pytest.raises(Unverified) as refused:
        register.restore(written(forged(lines, pinned), tmp_path))
    sentences = [each.sentence for each in refused.value.discrepancies]  # type: ignore[attr-defined]
    assert f"the kept rules {pin} bear a national name, and are none that shipped" in sentences


@pytest.mark.parametrize(
    "role", ["king", "hmicfrs2", "Liaison_officer", "liaison_\u043efficer", "system"]
)
def test_item_33_a_role_that_nothing_declares_does_nothing(
    role: str, honest: list[str], tmp_path: Path
) -> None:
    """Whatever it did beside steps, of which the rules say who takes them, is found."""
    done: set[tuple[str, int]] = set()

    def by_nobody(event: dict[str, Any]) -> None:
        if event["kind"] != "acted":
            event["actor"]["role"] = role
            done.add((event["record"], event["number"]))

    file = written(forged(honest, by_nobody), tmp_path)
    with Register.open("memory:") as register, pytest.raises(Unverified) as refused:
        register.restore(file)
    found = refused.value.discrepancies
    assert {"C-1", "I-1", OFFICE, "T-1", "W-1"} <= {record for record, _ in done}
    assert done <= {
        (each.record, each.event)  # type: ignore[attr-defined]
        for each in found
        if f"the role `{role}`" in each.sentence  # type: ignore[attr-defined]
    }


def test_item_33_a_step_of_the_systems_is_of_no_persons(tmp_path: Path) -> None:
    """Level 1 is archived by peelflow itself, whoever says that he is the system."""
    said: dict[str, Any] = {"category": "recommendation", "level": 1, "force": "wmp"}
    with Register.open("memory:") as register:
        register.add("L-1", **said, issued=DAY, **PORTAL)
        lines = list(register.export())
    file = written(forged(lines, at("L-1", 2, by("kim", "system"))), tmp_path)
    with Register.open("memory:") as register, pytest.raises(Unverified) as refused:
        register.restore(file)

    assert "peelflow's own, and not that of kim" in str(refused.value)


def test_item_33_an_export_out_of_its_order_comes_in_only_as_found(
    honest: list[str], tmp_path: Path
) -> None:
    """What `verify` finds of a clock that was set back, or of the feed, it finds in an export."""
    edit = at("R-1", 6, says(recorded_at="2100-01-01T00:00:00.000000+00:00"))
    file = written(forged(honest, edit), tmp_path)
    with Register.open("memory:") as register:
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found = refused.value.discrepancies
        assert {each.code for each in found} == {"clock-back"}  # type: ignore[attr-defined]
        assert ("R-1", 6) in [(each.record, each.event) for each in found]  # type: ignore[attr-defined]
        register.restore(file, as_found=True)
        assert register.verify() == found


def test_item_33_the_command_tells_each_finding_and_takes_in_what_was_found_where_asked(
    honest: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, a line each and nothing kept; with --as-found they are told and found again."""
    edits = [
        FORGED[what][0] for what in ("a publication on no day", "a record taken over for no reason")
    ]
    file = written(forged(honest, lambda event: [edit(event) for edit in edits]), tmp_path)
    url = ["--register", str(tmp_path / "new.db")]

    assert main(["import", str(file), *url]) == 1
    printed = capsys.readouterr()
    assert [line.partition(": ")[0] for line in printed.out.splitlines()] == [
        "R-2 event 1",
        "T-1 event 1",
    ]
    assert "and 1 more" in printed.err
    assert not (tmp_path / "new.db").exists()

    assert main(["import", "--as-found", str(file), *url]) == 0
    printed = capsys.readouterr()
    assert "taken in as found: `verify` tells these 2 again" in printed.out
    assert main(["verify", *url]) == 1
    assert capsys.readouterr().out.count("act-unlawful") == 2
    assert main(["verify", str(file)]) == 1
    assert capsys.readouterr().out.count("act-unlawful") == 2


def test_what_was_taken_in_as_found_is_sealed_with_its_findings_told(
    honest: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stays found for good: the seal is written all the same, and a backup made, unjudged."""
    edit, record, number, words = FORGED["a closure without a letter"]
    file = written(forged(honest, edit), tmp_path)
    url = ["--register", str(tmp_path / "new.db")]
    assert main(["import", "--as-found", str(file), *url]) == 0
    capsys.readouterr()

    seal = tmp_path / "new.seal"
    assert main(["seal", str(seal), *url]) == 1
    told = capsys.readouterr().out
    assert told.startswith("sealed position")
    assert f"{record} event {number}: act-unlawful" in told
    assert words in told
    assert main(["verify", "--seal", str(seal), *url]) == 1
    found = capsys.readouterr().out
    assert ("act-unlawful" in found, "seal-" in found) == (True, False)

    assert main(["backup", str(tmp_path / "copy.db"), *url]) == 0
    assert "no event of it was judged by its rules" in capsys.readouterr().out
    assert main(["verify", "--register", str(tmp_path / "copy.db")]) == 1
    capsys.readouterr()

    monkeypatch.setattr("peelflow.cli.exchange.JUDGED_UNASKED", 1)
    assert main(["seal", "--replace", str(seal), *url]) == 0
    told = capsys.readouterr().out
    assert ("sealed unjudged" in told, "act-unlawful" in told) == (True, False)


def test_item_33_as_found_is_of_exports_alone(tmp_path: Path) -> None:
    """A sheet's rows are asked as any act is."""
    (tmp_path / "rows.csv").write_text("record,trigger\n")
    sheet = ["import", str(tmp_path / "rows.csv"), "--as-found"]
    assert main([*sheet, "--register", str(tmp_path / "r.db")]) == 2


def test_item_33_what_does_not_fit_never_comes_in(honest: list[str], tmp_path: Path) -> None:
    """Not as it was found either: a chain that is broken says nothing."""
    broken = [line.replace("lead-1", "lead-9") for line in honest]
    with Register.open("memory:") as register, pytest.raises(InvalidRequest):
        register.restore(written(broken, tmp_path), as_found=True)


@pytest.mark.parametrize("force", [None, "kent"])
def test_item_33_what_is_refused_keeps_no_document(
    honest: list[str], tmp_path: Path, force: str | None
) -> None:
    """Neither where the register holds other events, nor where it is of one force."""
    url = f"sqlite:///{tmp_path / 'r.db'}"
    with Register.open(url) as register:
        register.add("R-9", category="afi", level=2, force="kent", issued=DAY, actor=KIM)
    reason = "holds other events" if force is None else "gives no .* restoring"
    with Register.open(url, force=force) as register, pytest.raises(InvalidRequest, match=reason):
        register.restore(written(honest, tmp_path))
    with Register.open(url) as register:
        assert not register.store.has_document(sha256(b"x").hexdigest())
        assert register.verify() == ()


def test_judging_an_export_holds_none_of_its_documents(
    honest: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be larger than all memory, and no rule reads one."""
    kept: list[bytes] = []
    monkeypatch.setattr(MemoryStore, "keep_document", lambda _, __, content: kept.append(content))
    with Register.open("memory:") as register:
        assert judge_export(register.services, honest).discrepancies == ()
    assert kept == []


def test_item_33_a_predicate_without_its_function_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is taken to hold, as by `verify`."""
    for name, text in zip(("rules", "words"), OWN.split("---"), strict=True):
        (tmp_path / f"{name}.yaml").write_text(text)
    rulebook, day = load(tmp_path), date(2023, 4, 1)
    yes: Callable[..., bool] = lambda *_: True  # noqa: E731
    with Register.open("memory:", rulebook=rulebook, predicates={"is_signed_off": yes}) as register:
        register.add("V-1", category="review", force="wmp", issued=day, actor=KIM)
        register.fire("V-1", "finish", actor=Actor("lee", "lead"), on=day)
        lines = list(register.export())
    file = written(lines, tmp_path)
    assert main(["import", str(file), "--register", str(tmp_path / "own.db")]) == 0
    printed = capsys.readouterr()
    assert "for want of its function: the predicate `is_signed_off`" in printed.out
    assert "V-1 run under review@1 as it was kept; its file is not here" in printed.err


def test_a_role_of_a_force_s_own_is_known_by_its_file(tmp_path: Path) -> None:
    """Without it nobody can say what it may: it is told, and nothing is asked of its correction."""
    (tmp_path / "ours.yaml").write_text(
        "vocabulary: ours\nroles:\n  analyst: {side: force, title: Analyst}\n"
    )
    analyst, rulebook = Actor("sam", "analyst"), load(tmp_path)
    with Register.open("memory:", rulebook=rulebook) as register:
        said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": "wmp"}
        register.add("R-1", **said, issued=DAY, actor=analyst)
        register.amend("R-1", "theme", "t", actor=analyst, on=DAY, reason="found")
        register.correct("R-1", 2, correction="void", actor=KIM, on=DAY, reason="a slip")
        file = written(list(register.export()), tmp_path)
    with Register.open("memory:", rulebook=rulebook) as register:
        register.restore(file)
        assert register.verify() == ()
    with Register.open("memory:") as register:
        with pytest.raises(Unverified, match="give the file that declares it"):
            register.restore(file)
        register.restore(file, as_found=True)
        assert [each.event for each in register.verify()] == [1, 2]
