"""Trackers as forces keep them: banners, own headings, UK dates, own words, four kinds of file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from peelflow.register.register import Register
from peelflow.trackers.proposal import propose_map
from peelflow.trackers.update import TrackerResult, import_tracker
from tests.builders.force import clock
from tests.trackers.conftest import GIVEN, settled

KINDS = {
    "tracker": ".xlsx",
    "tracker-": ".csv",
    "tracker-semicolons": ".csv",
    "tracker-windows-1252": ".csv",
}
DAYS = {1: date(2023, 1, 31), 2: date(2023, 2, 28)}


def month(kind: str, number: int) -> Path:
    """Return the tracker of a month."""
    return GIVEN / f"{kind.removesuffix('-')}-month-{number}{KINDS[kind]}"


def table(result: TrackerResult) -> str:
    """Write the outcomes as a table, a line each, without the sheet's name."""
    lines = (
        f"{one.record} | {one.kind} | {one.cell} | {one.what} | {one.instead}".rstrip(" |")
        for one in result.outcomes
    )
    return "".join(f"{line.replace('Tracker!', '')}\n" for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tracker_is_drafted_settled_and_imported_whole_in_one_go(
    kind: str, tmp_path: Path
) -> None:
    """Two edits of the draft, the force and who keeps the sheet, and all 62 rows are there."""
    with Register.open("memory:", clock=clock) as register:
        map_path = settled(month(kind, 1), register, tmp_path / "map.yaml")
        result = import_tracker(register, month(kind, 1), map_path, on=DAYS[1])
        figures = register.figures()

    assert result.faults == ()
    assert result.counts() == {"added": 62}
    assert (figures.open, figures.closed) == (48, 14)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_row_says_is_kept(kind: str, tmp_path: Path) -> None:
    """Each cell as its field, the words of a deadline apart from its day, and own fields too."""
    with Register.open("memory:", clock=clock) as register:
        map_path = settled(month(kind, 1), register, tmp_path / "map.yaml")
        import_tracker(register, month(kind, 1), map_path, on=DAYS[1])
        record = register.record("FORCE/Custody/32")
        other = register.record("FORCE/Vetting/06")
        (event,) = register.history("FORCE/Custody/32")

    assert (record.state, record.level, record.category) == ("closed", 2, "recommendation")
    assert record.fields == {
        "title": "The force should improve how it deals with matter 32, “so far as practicable”",
        "report": "Custody",
        "published": "2021-07-14",
        "question": "5",
        "owner": "Head of Custody",
        "due_words": "within 3 months",
        "rag": "G",
        "date_closed": "2023-01-12",
        "comments": "see letter of 3/2",
    }
    assert other.fields["due"] == "2023-06-30"
    assert (
        other.fields["owner"] == "Chief Supt (Ops) \N{EN DASH} O\N{RIGHT SINGLE QUOTATION MARK}Lead"
    )
    assert "due_words" not in other.fields
    assert (event.on, event.actor.person) == (DAYS[1], "liaison-1")
    assert str(event.source).startswith(f"{month(kind, 1).name}, ")


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_month_is_an_update(kind: str, tmp_path: Path, *, rewrite_golden: bool) -> None:
    """One row is new, fields are amended, two moves are lawful, and eight are told with the way."""
    golden = GIVEN / ("month-2-banner.txt" if kind in {"tracker", "tracker-"} else "month-2.txt")
    with Register.open("memory:", clock=clock) as register:
        map_path = settled(month(kind, 1), register, tmp_path / "map.yaml")
        import_tracker(register, month(kind, 1), map_path, on=DAYS[1])
        result = import_tracker(register, month(kind, 2), map_path, on=DAYS[2])
    if rewrite_golden:
        golden.write_text(table(result), "utf-8")

    assert golden.read_text("utf-8") == table(result)
    assert result.counts() == {"changed": 9, "moved": 2, "refused": 8, "added": 1}
    assert result.unchanged == 49


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_sheet_twice_changes_nothing(kind: str, tmp_path: Path) -> None:
    """Whatever the month; what the rules refused they still do."""
    with Register.open("memory:", clock=clock) as register:
        map_path = settled(month(kind, 1), register, tmp_path / "map.yaml")
        positions, kept = [], []
        for number in (1, 1, 2, 2):
            result = import_tracker(register, month(kind, number), map_path, on=DAYS[number])
            positions.append(register.position())
            kept.append(result.kept)

    assert positions == [62, 62, 74, 74]
    assert kept == [True, False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_the_draft_says_what_it_takes_for_what(kind: str, *, rewrite_golden: bool) -> None:
    """The whole draft, to be read by a person; the files differ in their first lines alone."""
    golden = GIVEN / f"{kind}{KINDS[kind]}.map.yaml"
    with Register.open("memory:", clock=clock) as register:
        draft = propose_map(month(kind, 1), register.rulebook)
    if rewrite_golden:
        golden.write_text(draft.text, "utf-8")

    assert golden.read_text("utf-8") == draft.text
    assert [unsure.rpartition(" ")[2] for unsure in draft.unsure] == ["force", "actor"]
