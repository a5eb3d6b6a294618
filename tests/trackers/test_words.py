"""The map's words hold in every column, and what stands for nothing is nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRules
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.trackers.mapping import read_map
from peelflow.trackers.update import import_tracker
from tests.trackers.conftest import AS_AT, HEADINGS, MAP, Import, cells_of, row, write_workbook

SINCE = MAP.replace("  state: Status", "  state: Status\n  since: Closed on\n  parent: Above")


def with_words(words: str, text: str = SINCE) -> str:
    """Return a map with words for more columns."""
    return text.replace("words: {", f"words: {{{words}, ")


def test_words_are_read_in_columns_of_days_and_parents(bring: Import, register: Register) -> None:
    """A column of closing days says N/A where a record is open."""
    text = with_words("since: {N/A: blank, Spring: 2023-03-01}, parent: {n/a: blank}")
    result = bring(row(**{"Closed on": "n/a", "Above": "N/A"}), map_text=text)

    assert (result.faults, result.counts()) == ((), {"added": 1})
    assert register.record("F-1").parent is None
    moved = bring(
        row(**{"Closed on": "spring", "Above": "N/A", "Status": "Doing"}),
        map_text=text,
        on=date(2023, 3, 31),
    )
    assert moved.counts() == {"moved": 1}
    assert register.history("F-1")[-1].on == date(2023, 3, 1)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("N/A", "empty the cell, or say `N/A: blank` under `words: since` in the map"),
        ("31/02/23", "write it as 30/03/2023 or 2023-03-30, or as a date cell"),
    ],
)
def test_what_is_no_day_is_told_with_what_to_do(said: str, instead: str, bring: Import) -> None:
    """A word may stand for nothing; digits are a day with a slip."""
    result = bring(row(**{"Closed on": said, "Above": None}), map_text=SINCE)

    assert cells_of(result) == [("Tracker!J2", f"`{said}` is no day, read as day-month-year")]
    assert result.faults[0].help == instead


def test_a_word_may_say_the_day_of_issue(bring: Import, register: Register) -> None:
    """A sheet may name the report alone, and the map when each was published."""
    text = with_words('issued: {"PEEL 2021/22": 2022-12-16}', MAP)
    assert bring(row(Published="PEEL 2021/22"), map_text=text).faults == ()
    assert register.record("F-1").issued == date(2022, 12, 16)


def test_a_word_may_stand_for_an_empty_cell(bring: Import, register: Register) -> None:
    """It is `blank`, in every column."""
    text = with_words("owner: {blank: Deputy}, due: {blank: 2023-04-01}", MAP)
    assert bring(row(Lead=None, Target=None), map_text=text).faults == ()
    fields = register.record("F-1").fields
    assert (fields["owner"], fields["due"]) == ("Deputy", "2023-04-01")


@pytest.mark.parametrize(
    ("target", "key"), [("category", "categories"), ("level", "levels"), ("state", "states")]
)
def test_words_that_have_a_key_of_their_own_are_refused_elsewhere(
    target: str, key: str, tmp_path: Path
) -> None:
    """They would be read by nobody."""
    (tmp_path / "map.yaml").write_text(with_words(f"{target}: {{x: y}}", MAP), "utf-8")
    with pytest.raises(InvalidRules) as refused:
        read_map(tmp_path / "map.yaml", national())

    (fault,) = refused.value.diagnostics
    assert fault.sentence == f"words for a {target} stand under `{key}`"


def test_the_day_of_issue_may_be_the_same_in_every_row(bring: Import, register: Register) -> None:
    """As in a tracker of one report; a cell that says another is taken as it says."""
    text = MAP.replace("fixed: {", "fixed: {issued: 2022-12-16, ")
    without = text.replace("  issued: Published\n", "")
    bare = {name: said for name, said in row().items() if name != "Published"}
    assert bring(bare, map_text=without).faults == ()
    later = row(Ref="F-3", Published="27/01/2023")
    assert bring(row(Ref="F-2", Published=None), later, map_text=text).faults == ()

    days = [register.record(name).issued for name in ("F-1", "F-2", "F-3")]
    assert days == [date(2022, 12, 16), date(2022, 12, 16), date(2023, 1, 27)]


@pytest.mark.parametrize("said", ["TBC", "n/a", "-", "To be confirmed", "Unknown"])
def test_what_stands_for_no_reference_is_none(said: str, bring: Import) -> None:
    """Else a record would be called so, and the next one a second of that name."""
    result = bring(row(Ref=said), row(Ref=said))

    assert [sentence for _, sentence in cells_of(result)] == [f"`{said}` is no reference"] * 2


def sheet_of(folder: Path, *rows: list[Any], map_text: str) -> Path:
    """Write rows below the usual headings, and a map."""
    (folder / "map.yaml").write_text(map_text, "utf-8")
    return write_workbook(folder / "t.xlsx", [[*HEADINGS], *rows])


def test_a_banner_may_count_otherwise_next_month(tmp_path: Path, register: Register) -> None:
    """It is the same banner; one of numbers alone is held to them."""
    text = f"{MAP}banners: ['Total: 3 recs', '2022', Updated 5 Jan 23]\n"
    good = [*row().values()]
    path = sheet_of(
        tmp_path, ["total: 14  recs"], ["2022"], ["Updated 12 June 2023"], good, map_text=text
    )
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert (result.faults, result.counts()) == ((), {"added": 1})

    path = sheet_of(tmp_path, ["2023"], good, map_text=text)
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)
    assert cells_of(result) == [("Tracker!A2", "`2023` stands alone in its row")]


@pytest.mark.parametrize("now", ["Total at 31 March", "Total at 30 April", "total at 1  May"])
def test_sums_may_be_of_another_month(now: str, tmp_path: Path, register: Register) -> None:
    """Their row is no record, whatever its numbers and its month are."""
    text = f"{MAP}totals: [Total at 31 March]\n"
    path = sheet_of(tmp_path, [*row().values()], [now, 1, 2, 3], map_text=text)
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert (result.faults, result.counts()) == ((), {"added": 1})


@pytest.mark.parametrize(("banner", "reference"), [("May", "9"), ("AFI 1", "AFI 7")])
def test_a_known_reference_is_no_banner_that_differs_by_its_number(
    banner: str, reference: str, tmp_path: Path, register: Register
) -> None:
    """Its row has lost its other cells, which is told."""
    text = f"{MAP}banners: [{banner}]\n"
    for cells in ([*row(Ref=reference).values()], [reference]):
        path = sheet_of(tmp_path, [banner], cells, [*row(Ref="Z-1").values()], map_text=text)
        result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert cells_of(result) == [("Tracker!A3", f"`{reference}` stands alone in its row")]


def test_a_number_is_no_month(tmp_path: Path, register: Register) -> None:
    """A banner that is a month says nothing of a number that no record has."""
    path = sheet_of(tmp_path, ["9"], [*row().values()], map_text=f"{MAP}banners: [May]\n")
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT)

    assert cells_of(result) == [("Tracker!A2", "`9` stands alone in its row")]


def test_words_for_references_hold_for_parents(bring: Import, register: Register) -> None:
    """A parent's own words go before them, and an empty cell names nobody."""
    words = "record: {PEEL-7: PEEL/7, x: PEEL/9, blank: PEEL/9}, parent: {X: PEEL/7}"
    text = with_words(words, MAP.replace("  title:", "  parent: Above\n  title:"))
    cause = row(Ref="PEEL-7", Type="CoC", Level="N/A", Above=None)
    others = [row(Ref=f"R-{n}", Type="Rec", Above=said) for n, said in enumerate(("peel-7", "x"))]

    assert bring(cause, *others, map_text=text).counts() == {"added": 3}
    assert {record.parent for record in register.records()} == {None, "PEEL/7"}


def test_what_stands_alone_in_its_row_is_one_fault(tmp_path: Path, register: Register) -> None:
    """With how to say that it is no record; a reference that stands so is not gone."""
    import_tracker(
        register,
        sheet_of(tmp_path, [*row().values()], map_text=MAP),
        tmp_path / "map.yaml",
        on=AS_AT,
    )
    path = sheet_of(tmp_path, ["F-1"], [None, None, None, None, "a note"], map_text=MAP)
    result = import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT, partial=True)

    assert [fault.sentence for fault in result.faults] == [
        "Tracker!A2: `F-1` stands alone in its row",
        "Tracker!E3: `a note` stands alone in its row",
    ]
    assert [fault.help for fault in result.faults] == [
        "give the row its other cells",  # a banner of that name would hide the record for good
        "name it under `banners` in the map, or give the row its other cells",
    ]
    assert result.outcomes == ()


def test_a_reference_may_stand_alone_where_the_map_says_the_rest(
    tmp_path: Path, register: Register
) -> None:
    """A list of references is a tracker, too."""
    fixed = "fixed: {category: afi, level: 2, issued: 2022-12-16, "
    text = MAP.replace("fixed: {", fixed).replace("  category: Type\n  level: Level\n", "")
    text = text.replace("  issued: Published\n", "").replace("  state: Status\n", "")
    text += "ignored: [Published, Type, Level, Status]\n"
    path = sheet_of(tmp_path, ["F-1"], map_text=text)
    assert import_tracker(register, path, tmp_path / "map.yaml", on=AS_AT).counts() == {"added": 1}


@pytest.mark.parametrize(
    ("cells", "place", "instead"),
    [
        ({"Ref": "F-1\nF-2"}, "A2", "give each recommendation a row of its own"),
        (
            {"Lead": "Kim Day\r\nJo Ng"},
            "G2",
            "write it on one line, or say `Kim Day Jo Ng: …` under `words: owner` in the map",
        ),
    ],
)
def test_several_lines_where_one_thing_is_named_are_told(
    cells: dict[str, str], place: str, instead: str, bring: Import
) -> None:
    """They may be one name that was wrapped, or two."""
    result = bring(row(**cells))

    ((said_place, sentence),) = cells_of(result)
    assert said_place == f"Tracker!{place}"
    assert sentence.endswith("runs over several lines")
    assert result.faults[0].help == instead


def test_a_word_may_stand_for_several_lines(bring: Import, register: Register) -> None:
    """As the fault says: a word is compared whatever its spaces."""
    text = with_words("owner: {Kim Day Jo Ng: Kim Day and Jo Ng}", MAP)
    assert bring(row(Lead="Kim Day\nJo Ng"), map_text=text).faults == ()
    assert register.record("F-1").fields["owner"] == "Kim Day and Jo Ng"


def test_a_mark_that_shows_nothing_in_a_reference_is_named(bring: Import) -> None:
    """It came with what was pasted; `cannot be printed` helped nobody."""
    result = bring(row(Ref="F\N{ZERO WIDTH SPACE}-1"))
    ((_, sentence),) = cells_of(result)
    assert sentence.endswith("holds U+200B, which shows nothing")
    assert result.faults[0].help == "type it anew, and paste nothing"


def test_a_reference_that_cannot_be_one_is_told_as_it_stands(bring: Import) -> None:
    """With what is wrong with it."""
    (told,) = [sentence for _, sentence in cells_of(bring(row(Ref="R" * 300)))]
    assert told.startswith("`RRRR")
    assert "longer than" in told


def test_words_for_days_of_issue_are_told_by_their_day(bring: Import) -> None:
    """An empty day of issue would be a fault as well."""
    ((_, sentence),) = cells_of(result := bring(row(Published="Custody")))

    assert sentence == "`Custody` is no day, read as day-month-year"
    instead = "say the day, as in `Custody: 2022-12-16`, under `words: issued` in the map"
    assert result.faults[0].help == instead
    text = with_words("issued: {Custody: 2022-12-16}", MAP)
    assert bring(row(Published="Custody"), map_text=text).counts() == {"added": 1}


def test_a_fixed_day_of_issue_to_come_is_one_fault_of_the_map(bring: Import) -> None:
    """However many rows have no other."""
    text = MAP.replace("fixed: {", "fixed: {issued: 2023-03-16, ")
    (fault,) = bring(*(row(Ref=f"F-{n}", Published=None) for n in "123"), map_text=text).faults

    assert (fault.span.file.rpartition("/")[2], fault.span.line) == ("map.yaml", 2)
    assert fault.sentence.startswith("`issued`: 2023-03-16 lies after 2023-02-28")
    assert bring(row(), map_text=text).counts() == {"added": 1}
