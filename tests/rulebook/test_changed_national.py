"""A change of the national rules holds in its block alone, proved like them, file by file."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from peelflow import InvalidRequest, InvalidRules, check, load, national
from peelflow.model.question_sets import set_in_force
from peelflow.rulebook.national import (
    authority,
    changed_national,
    examine,
    national_plans,
    relevelling_plans,
    shipped_folder,
)

LAW = shipped_folder("examples") / "changing_law" / "law"
ADDED = {
    "level-3@3",
    "section-55@2",
    "section-55-answer@2",
    "super-complaint-recommendation@2",
}


@pytest.fixture
def law(tmp_path: Path) -> Path:
    """Give a copy of the example's change, to change it further."""
    return Path(shutil.copytree(LAW, tmp_path / "law"))


def names() -> set[str]:
    """Return the national lifecycles by name and version."""
    return {str(lifecycle) for lifecycle in national().lifecycles}


def test_added_files_stand_beside_those_that_came() -> None:
    """Lifecycles, words, question sets and plans; and afterwards there is none of them."""
    before, plans = national(), {*national_plans()}
    with changed_national(LAW):
        assert names() == {str(lifecycle) for lifecycle in before.lifecycles} | ADDED
        words = national().vocabulary
        assert words.vocabulary == before.vocabulary.vocabulary
        assert "policing_board" in words.roles
        assert set_in_force(words.question_sets, date(2025, 5, 1)) == "peel_2027"
        assert {*national_plans()} - plans == {
            f"{name.partition('@')[0]}-version-{name[-1]}" for name in ADDED
        }
        assert relevelling_plans().keys() < national_plans().keys()
        assert authority().rules.lifecycles == national().lifecycles
    assert national() is before
    assert {*national_plans()} == plans


def test_a_folder_of_the_same_name_elsewhere_is_another(
    law: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered of one is not said of the other."""
    found = []
    (law / "versions" / "level-3-version-3.yaml").unlink()
    for place in (LAW.parent, tmp_path):
        monkeypatch.chdir(place)
        (law / "national" / "level-3-version-3.yaml").unlink(missing_ok=True)
        with changed_national(Path("law")):
            found.append("level-3@3" in names())
    assert found == [True, False]


def test_a_file_stands_in_place_of_the_one_of_its_name(law: Path) -> None:
    """And where it stood, so that the rest goes on in its order."""
    text = (shipped_folder("rules") / "national" / "level-1.yaml").read_text("utf-8")
    changed = text.replace("Level 1:", "The first level:")
    (law / "national" / "level-1.yaml").write_text(changed, "utf-8")
    with changed_national(law):
        titles = {str(lifecycle): lifecycle.title for lifecycle in national().lifecycles}
    assert titles["level-1@1"].startswith("The first level:")


def test_a_file_counts_by_either_ending_and_in_a_folder_of_its_own(law: Path) -> None:
    """As where a folder of rules is loaded; nothing of a change is passed over."""
    file, below = law / "national" / "level-3-version-3.yaml", law / "national" / "levels"
    below.mkdir()
    file.rename(below / "level-3-version-3.yml")
    with changed_national(law):
        assert "level-3@3" in names()


def test_a_change_is_checked_as_national_and_given_once_more_it_is_the_same() -> None:
    """Its guarantees are proved, none is vacuous, and no name of it is taken."""
    assert "national-name" in {fault.code for fault in check(LAW)}
    with changed_national(LAW):
        checked = examine(LAW)
    assert [(fault.code, fault.severity) for fault in checked.diagnostics] == [
        ("question-dropped", "note")
    ]
    assert checked.verdict == "proved"
    assert all(proof.vacuous is None for proof in checked.proofs)
    assert {str(lifecycle) for lifecycle in checked.lifecycles} == ADDED


def test_a_forces_own_file_builds_on_the_change(law: Path, tmp_path: Path) -> None:
    """It may use a word that is new, which without the change nobody knows."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "vocabulary: own\nfields:\n  afi:\n    board: {type: text, title: T, "
        "amended_by: [policing_board]}\n",
        "utf-8",
    )
    with pytest.raises(InvalidRules, match="no role is called `policing_board`"):
        load(own)
    with changed_national(law):
        assert "board" in load(own).vocabulary.categories["afi"].fields


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (
            "versions/section-55-version-2.yaml",
            "publish: publish",
            "publish: comment",
            "migration-breaks",
        ),
        ("versions/section-55-version-2.yaml", "  publish: publish\n", "", "trigger-unmapped"),
        ("versions/section-55-version-2.yaml", "sent: sent", "sent: awaited", "count-changes"),
        (
            "national/level-3-version-3.yaml",
            "[chief_constable]}, {evidence: outside_report}]",
            "[chief_constable]}]",
            "guarantee-refuted",
        ),
        (
            "national/section-55-answer-version-2.yaml",
            "by: [policing_board], requires: [reason]}",
            "by: [chief_constable], requires: [reason]}",
            "guarantee-refuted",
        ),
        ("national/level-3-version-3.yaml", "evidence: outside_report", "evidence: x", "unknown-"),
    ],
)
def test_a_change_that_breaks_what_was_done_is_refused(
    law: Path, file: str, old: str, new: str, code: str
) -> None:
    """By a plan that names a step wrongly or counts otherwise, or by a version that loosens."""
    path = law / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with changed_national(law), pytest.raises(InvalidRules) as refused:
        national_plans()
    codes = [fault.code for fault in refused.value.diagnostics]
    assert any(each.startswith(code) for each in codes), codes


def test_a_folder_without_rule_files_is_no_change(tmp_path: Path) -> None:
    """One level too high or too low, say."""
    for folder in (tmp_path, LAW / "national", LAW.parent):
        with (
            pytest.raises(InvalidRequest, match="has no rule file in `national`"),
            changed_national(folder),
        ):
            pass
