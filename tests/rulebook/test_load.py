"""Loading: files among files, and which lifecycle a record takes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, Span
from peelflow.rulebook import national as national_module
from peelflow.rulebook.loader import read_lifecycle
from peelflow.rulebook.national import check, load, national, shipped_folder
from peelflow.rulebook.rulebook import Rulebook

BASE = Path(__file__).parent / "base"
PLAIN = (BASE / "plain.yaml").read_text("utf-8")
TOWN = load(BASE, base=Rulebook())
LATER = PLAIN.replace("version: 1", "version: 2").replace("2020-01-01", "2024-01-01")
OWN = PLAIN.replace("plain", "own").replace("initial:", "refines: plain@1\ninitial:")


def _loaded(folder: Path, **files: str) -> Rulebook:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    words = (BASE / "vocabulary.yaml").read_text("utf-8")
    (folder / "VOCABULARY.YML").write_text(words, "utf-8")
    return load(folder, base=Rulebook())


@pytest.mark.parametrize(
    ("issued", "taken"),
    [("2020-01-01", "plain@1"), ("2023-12-31", "plain@1"), ("2024-01-01", "plain@2")],
)
def test_a_record_takes_the_rules_in_force_on_its_issue_date(
    issued: str, taken: str, tmp_path: Path
) -> None:
    """The latest of those in force, from its first day on."""
    rulebook = _loaded(tmp_path, first=PLAIN, second=LATER)
    assert str(rulebook.lifecycle_for("task", 1, date.fromisoformat(issued))) == taken


def test_a_forces_own_rules_go_before_those_they_refine(tmp_path: Path) -> None:
    """From the day they hold, and only over the version that they refine."""
    own = OWN.replace("2020-01-01", "2022-01-01")
    rulebook = _loaded(tmp_path, first=PLAIN, second=LATER, third=own)
    found = [
        str(rulebook.lifecycle_for("task", 1, date(year, 6, 1))) for year in (2021, 2023, 2025)
    ]
    assert found == ["plain@1", "own@1", "plain@2"]


@pytest.mark.parametrize(
    ("category", "level", "issued", "why", "instead"),
    [
        ("task", 1, date(2019, 1, 1), "rules are in force only from 2020-01-01", "check the date"),
        ("task", 2, date(2024, 1, 1), "no lifecycle runs that level", "there is `1`"),
        ("tsk", None, date(2024, 1, 1), "no lifecycle runs that category", "did you mean `task`?"),
    ],
)
def test_says_why_no_rules_run_a_record(
    category: str, level: int | None, issued: date, why: str, instead: str
) -> None:
    """The date, the level or the category: whichever comes nearest."""
    with pytest.raises(InvalidRequest) as refused:
        TOWN.lifecycle_for(category, level, issued)
    assert (refused.value.why, refused.value.instead) == (why, instead)


def test_finds_a_lifecycle_by_its_pin() -> None:
    """Records remember the digest."""
    (plain,) = TOWN.lifecycles
    assert TOWN.by_pin(plain.pin.digest) is plain
    assert TOWN.by_pin("0" * 64) is None


def test_loading_refuses_what_checking_finds() -> None:
    """Both say the same; only errors refuse."""
    broken = BASE.parents[1] / "broken" / "faults-in-two-files"
    with pytest.raises(InvalidRules) as refused:
        load(broken, base=TOWN)
    errors = [fault for fault in check(broken, base=TOWN) if fault.severity == "error"]
    assert list(refused.value.diagnostics) == errors


def test_files_build_on_the_national_rules_unless_they_are_these() -> None:
    """No base named is the national one; the national files themselves have none."""
    assert check(BASE / "plain.yaml")
    assert load(shipped_folder("rules") / "national").notes == national().notes


def test_checking_reports_damaged_national_rules_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged installation is a list of faults like any other; checking raises nothing."""
    fault = Diagnostic(Span("national.yaml"), "empty", "the file holds no rules", "reinstall it")

    def damaged() -> Rulebook:
        raise InvalidRules([fault])

    monkeypatch.setattr(national_module, "national", damaged)
    assert check(BASE / "plain.yaml") == (fault,)


def test_what_the_base_holds_already_adds_nothing() -> None:
    """Loading a folder on top of itself changes nothing."""
    again = load(BASE / "plain.yaml", base=TOWN)
    assert again.lifecycles == TOWN.lifecycles


def test_reads_one_lifecycle_from_bytes() -> None:
    """A lifecycle alone, and no vocabulary in its place."""
    assert str(read_lifecycle(PLAIN.encode(), "f.yaml")) == "plain@1"
    with pytest.raises(InvalidRules) as refused:
        read_lifecycle((BASE / "vocabulary.yaml").read_bytes(), "f.yaml")
    assert [fault.code for fault in refused.value.diagnostics] == ["unknown-kind"]


def test_says_when_the_rules_did_not_come_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation without its rules is told to install them."""
    monkeypatch.setattr(national_module, "_PACKAGE", tmp_path / "src" / "peelflow")
    with pytest.raises(FileNotFoundError, match="no `rules` came with peelflow"):
        shipped_folder("rules")


def test_item_3_a_file_that_refines_an_older_version_is_noted(tmp_path: Path) -> None:
    """With the version in force; it is loaded all the same, and one of the newest is not noted."""
    base = _loaded(tmp_path, first=PLAIN, second=LATER)
    older, newest = tmp_path / "older.yaml", tmp_path / "newest.yaml"
    older.write_text(OWN, "utf-8")
    newest.write_text(
        OWN.replace("plain@1", "plain@2").replace("2020-01-01", "2024-01-01"), "utf-8"
    )
    (note,) = load(older, base=base).notes
    assert (note.code, note.severity, note.span.line) == ("refines-older-version", "note", 1)
    assert note.sentence == (
        "`own@1` refines `plain@1`, and the version in force is `plain@2`: "
        "no new record whose level is given from 2024-01-01 on begins under it"
    )
    assert "refines `plain@2`, and a plan" in note.help
    assert not load(newest, base=base).notes


def test_12_10_what_must_refine_is_told_the_newest_version(tmp_path: Path) -> None:
    """Of what runs its records nationally, whichever version stands first; and so for a name."""
    base = _loaded(tmp_path, first=PLAIN, second=LATER)
    free = tmp_path / "free.yaml"
    free.write_text(PLAIN.replace("plain", "free"), "utf-8")
    (fault,) = check(free, base=base)
    assert (fault.code, fault.help) == (
        "must-refine",
        "write `refines: plain@2`, or apply it to other records",
    )
    free.write_text(_text_of("level-2@1").replace("lifecycle: level-2", "lifecycle: ours"), "utf-8")
    assert [fault.help for fault in check(free) if fault.code == "must-refine"] == [
        "write `refines: level-2@2`, or apply it to other records"
    ]
    free.write_text(_text_of("level-2@1").replace('title: "', 'title: "Our own: '), "utf-8")
    (named,) = (fault for fault in check(free) if fault.code == "national-name")
    assert "write `refines: level-2@2` where it is the force's own form" in named.help


def _text_of(name: str) -> str:
    (rules,) = (each for each in national().lifecycles if str(each) == name)
    return Path(rules.span.file).read_text("utf-8")
