"""The same record under another reference is no new record, and no text goes to another one."""

from __future__ import annotations

from typing import Any

import pytest

from peelflow.register.register import Register
from peelflow.trackers.references import MOST_TOLD, alike_notes, plain_reference
from peelflow.trackers.sheet_references import MOST_SOUGHT, SheetReferences
from tests.builders.force import LIAISON
from tests.trackers.conftest import MAP, Import, cells_of, row, said

TEXTS = tuple(f"The force should improve how it deals with {what}" for what in "abcd")


@pytest.mark.parametrize(
    ("reference", "plain"),
    [
        ("PEEL/2023/007", "peel 2023 7"),
        (" peel \N{EN DASH} 2023-7.", "peel 2023 7"),
        ("Rec7a", "rec 7 a"),
        ("1.10", "1 10"),
        ("0", "0"),
        ("§", "§"),
    ],
)
def test_a_reference_is_its_words_and_numbers(reference: str, plain: str) -> None:
    """Whatever parts them."""
    assert plain_reference(reference) == plain


@pytest.mark.parametrize("now", ["PEEL-2023-007", "PEEL 2023 7", "PEEL.2023/7"])
def test_a_reference_that_is_written_otherwise_is_no_new_record(now: str, bring: Import) -> None:
    """The record would stand twice, and the old one be gone."""
    assert bring(row(Ref="PEEL/2023/007")).kept
    result = bring(row(Ref=now))

    ((place, sentence),) = cells_of(result)
    assert place == "Tracker!A2"
    known = "from `PEEL/2023/007`, which no row of this sheet has"
    assert sentence == f"`{now}` differs only by case, spaces, signs and zeros {known}"
    meant = f"`{now}: PEEL/2023/007` under `words: record` in the map"
    another = "for another record, keep the row of `PEEL/2023/007`, or write another reference"
    assert result.faults[0].help == f"write `PEEL/2023/007`, or say {meant}; {another}"
    assert bring(row(Ref="PEEL/2023/007"), row(Ref=now)).counts() == {"added": 1}
    assert bring(row(Ref="PEEL/2023/007"), row(Ref="New")).counts() == {"added": 1, "gone": 1}


def test_zeros_that_are_lost_are_told_as_the_sheet_has_them(bring: Import) -> None:
    """Without the prefix, which would stand twice."""
    text = MAP.replace("fixed: {", "fixed: {prefix: W-, ")
    bring(row(Ref="007"), map_text=text)
    result = bring(row(Ref="7"), map_text=text)

    assert cells_of(result)[0][1].startswith("`W-7` differs only by zeros from `W-007`")
    mend = "write `007`, in a column that the spreadsheet has as Text; for another record, "
    assert result.faults[0].help == f"{mend}keep the row of `007`, or write another reference"


@pytest.mark.parametrize("now", ["HMICFRS-1", "HMICFRS 01"])
def test_another_trackers_record_is_none_that_was_written_otherwise(
    now: str, bring: Import, register: Register
) -> None:
    """Else what the one says would be written over the other."""
    bring(row(Ref="HMICFRS 1"))
    other = MAP.replace("tracker: ours", "tracker: theirs")

    assert bring(row(Ref=now, Lead="Kim"), map_text=other).counts() == {"added": 1}
    assert register.record("HMICFRS 1").fields["owner"] == "Head of Custody"


def test_a_record_of_another_category_is_none_that_was_written_otherwise(bring: Import) -> None:
    """An inspection and what it asked for may be called alike."""
    bring(row(Ref="PEEL 2023/24", Type="CoC", Level="N/A"))

    assert bring(row(Ref="PEEL-2023-24")).counts() == {"added": 1, "gone": 1}


def test_words_of_the_map_say_which_reference_is_meant(bring: Import, register: Register) -> None:
    """As the fault of the new one says."""
    bring(row(Ref="PEEL/7"))
    words = MAP.replace("words: {", "words: {record: {PEEL-7: PEEL/7}, ")
    result = bring(row(Ref="PEEL-7", Lead="Kim"), map_text=words)

    assert said(result) == [("PEEL/7", "changed", "owner: `Head of Custody` → `Kim`")]
    assert [record.id for record in register.records()] == ["PEEL/7"]


def test_references_that_are_both_in_the_sheet_are_told(bring: Import) -> None:
    """They may be two records, so nothing is refused."""
    result = bring(row(Ref="WMP-7"), row(Ref="WMP/07"), row(Ref="WMP/8"))

    assert result.counts() == {"added": 3}
    told = "`WMP-7` in Tracker!A2 and `WMP/07` in Tracker!A3"
    assert result.notes == (f"read as several records, though hardly told apart: {told}",)
    assert bring(row(Ref="WMP-7"), row(Ref="WMP/07"), row(Ref="WMP/8")).unchanged == 3


def test_only_some_of_many_are_named() -> None:
    """How many more there are is."""
    places = {f"{sign}{n}": f"A{n}" for n in range(1, MOST_TOLD + 3) for sign in ("R/", "R-")}
    notes = [*alike_notes(places)]

    assert len(notes) == MOST_TOLD + 1
    assert notes[-1] == "read with 2 more references that are hardly told apart"


@pytest.mark.parametrize(
    ("reference", "is_told"),
    [
        *(("WMP/02 & 03", True), ("WMP/5, WMP/6", True), ("7a and 7b", True), ("12 and 13", True)),
        *(("PEEL 2021-22 / 4", False), ("Rec 3, custody", False), ("A & E/2", False)),
    ],
)
def test_a_reference_that_may_name_several_records_is_told(
    reference: str, bring: Import, *, is_told: bool
) -> None:
    """It is one record: a row cannot be two."""
    told = f"read as one record each, though they may name several: `{reference}` in Tracker!A2"
    result = bring(row(Ref=reference))

    assert (result.counts(), result.notes) == ({"added": 1}, (told,) if is_told else ())


def rows(*texts: str, first: int = 1) -> list[dict[str, Any]]:
    """Return rows that are counted, each with its text."""
    return [row(Ref=f"{n}", Text=text) for n, text in enumerate(texts, start=first)]


def test_references_that_were_given_anew_are_told(bring: Import, register: Register) -> None:
    """A row was removed and the others counted again: each would say what the next one said."""
    assert bring(*rows(*TEXTS)).kept
    result = bring(*rows(TEXTS[0], *TEXTS[2:]))

    assert cells_of(result) == [
        ("Tracker!A3", "the text of `2` is that of `3`, which says another text now"),
        ("Tracker!A4", "the text of `3` is that of `4`, which no row of this sheet has"),
    ]
    another, gone = (fault.help for fault in result.faults)
    mend = "write `3`, or say `2: 3` under `words: record` in the map"
    assert another == f"{mend}; for another record, amend `3` by `peelflow amend` first"
    mend = "write `4`, or say `3: 4` under `words: record` in the map"
    assert gone == f"{mend}; for another record, keep the row of `4`"
    assert register.record("2").fields["title"] == TEXTS[1]


def test_a_row_that_was_put_in_between_is_told(bring: Import) -> None:
    """The last one is new, with the text of the one before it."""
    bring(*rows(*TEXTS[:2]))
    result = bring(*rows(TEXTS[2], *TEXTS[:2]))

    assert [place for place, _ in cells_of(result)] == ["Tracker!A3", "Tracker!A4"]


def test_a_prefix_is_no_part_of_what_is_to_be_written(bring: Import) -> None:
    """The sheet has its references without it."""
    text = MAP.replace("fixed: {", "fixed: {prefix: W-, ")
    bring(*rows(*TEXTS), map_text=text)
    result = bring(*rows(*TEXTS[1:]), map_text=text)

    mend = "write `2`, or say `1: 2` under `words: record` in the map"
    assert result.faults[0].help.startswith(f"{mend}; for another record, amend `W-2` by")


def test_a_record_that_was_split_keeps_its_row(bring: Import) -> None:
    """Two new ones have its text: they are no such record written otherwise."""
    bring(*rows(TEXTS[0]))
    parts = [row(Ref=name, Text=TEXTS[0]) for name in ("1a", "1b")]
    assert len(bring(*parts).faults) == 2

    assert bring(*rows(TEXTS[0]), *parts).counts() == {"added": 2}


def test_what_comes_again_in_another_category_is_another_record(bring: Import) -> None:
    """An area for improvement may be said again as a recommendation, in the same words."""
    bring(*rows(TEXTS[0]))

    assert bring(row(Ref="R-1", Text=TEXTS[0], Type="Rec")).counts() == {"added": 1, "gone": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rows(*TEXTS[:2]), rows(TEXTS[1], TEXTS[0])),  # the texts had been changed about
        (rows(TEXTS[0]), rows(f"{TEXTS[0]} (part one)", TEXTS[0])),
    ],
)
def test_a_text_that_is_amended_first_is_taken(
    before: list[dict[str, Any]], after: list[dict[str, Any]], bring: Import, register: Register
) -> None:
    """As the fault says, where the sheet is right and the reference no other."""
    bring(*before)
    result = bring(*after)
    assert "for another record, amend `1` by `peelflow amend` first" in result.faults[-1].help

    title = after[0]["Text"]
    register.amend("1", "title", title, actor=LIAISON, reason="Mended")
    assert bring(*after).faults == ()
    assert [one.fields["title"] for one in register.records()] == [one["Text"] for one in after]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rows(*TEXTS[:2]), rows(TEXTS[0], TEXTS[2])),  # worded anew
        (rows("Mend it", "Stop it"), rows("Stop it", "Mend it")),  # too short to tell anything
        (rows(TEXTS[0], TEXTS[1]), rows(TEXTS[1], TEXTS[1])),  # both say so now
        (rows(*TEXTS[:2]), [*rows(TEXTS[0], TEXTS[1]), row(Ref="9", Text=TEXTS[0])]),
        (  # two had the text
            rows(TEXTS[0], TEXTS[0], TEXTS[1]),
            rows(TEXTS[2], TEXTS[3], TEXTS[0]),
        ),
        (  # of another day
            rows(TEXTS[0]),
            [row(Ref="9", Text=TEXTS[0], Published="27/01/2023")],
        ),
    ],
)
def test_a_text_that_tells_too_little_is_held_to_nothing(
    before: list[dict[str, Any]], after: list[dict[str, Any]], bring: Import
) -> None:
    """An honest sheet is taken as it is."""
    assert bring(*before).faults == ()
    assert bring(*after).faults == ()


def test_a_row_with_a_fault_of_its_own_is_not_taken_for_gone(bring: Import) -> None:
    """What it says now nobody knows."""
    bring(*rows(*TEXTS[:2]))
    bad, good = rows(TEXTS[0], TEXTS[0])
    result = bring(good | {"Ref": "2"}, bad | {"Status": "?"}, partial=True)

    assert [place for place, _ in cells_of(result)] == ["Tracker!I3"]
    assert said(result)[0][:2] == ("2", "changed")


def test_another_trackers_record_may_have_the_same_text(bring: Import) -> None:
    """A force may keep two trackers of what HMICFRS asked of several."""
    bring(*rows(TEXTS[0]))
    other = MAP.replace("tracker: ours", "tracker: theirs")

    assert bring(row(Ref="X-1", Text=TEXTS[0]), map_text=other).faults == ()


@pytest.mark.parametrize(
    ("above", "instead"),
    [
        ("coc 1", "write `CoC 1`, or give it a row of its own, or empty the cell"),
        ("CoC l", "write `CoC 1`, or give it a row of its own, or empty the cell"),
        ("the report", "give it a row of its own, or empty the cell"),
    ],
)
def test_a_parent_that_is_not_there_is_told_in_its_cell(
    above: str, instead: str, bring: Import
) -> None:
    """With the one that was probably meant, as the sheet has it."""
    text = MAP.replace("  title:", "  parent: Above\n  title:").replace(
        "{force", "{prefix: W-, force"
    )
    cause = row(Ref="CoC 1", Type="CoC", Level="N/A", Above=None)
    result = bring(cause, row(Ref="R-1", Type="Rec", Above=above), map_text=text)

    assert cells_of(result) == [("Tracker!J3", f"no record is called `W-{above}`")]
    assert result.faults[0].help == instead


def test_a_parent_whose_row_has_a_fault_is_told_so(bring: Import) -> None:
    """It is not said to be written as it stands there."""
    text = MAP.replace("  title:", "  parent: Above\n  title:")
    bring(row(Ref="CoC/1", Type="CoC", Level="N/A", Above=None), map_text=text)
    cause = row(Ref="CoC-1", Type="CoC", Level="N/A", Above=None)
    parts = [row(Ref=f"R-{n}", Type="Rec", Above=f"CoC{n}1") for n in "-/."]
    result = bring(cause, *parts, map_text=text)

    told = [(fault.span.column, fault.help) for fault in result.faults[1:]]
    instead = "give it a row of its own, or empty the cell"
    assert told == [(10, "mend the row of `CoC-1` first, in Tracker!A2"), (10, instead)]


def test_near_names_are_sought_for_the_first_few_only() -> None:
    """It takes long in a large sheet; what differs by case alone is found always."""
    count = 3_000
    references = SheetReferences("", {f"R-{n}": f"A{n}" for n in range(count)})
    told = [references.instead_of(f"C_{n}") for n in range(count)]
    told += [references.instead_of(f"r-{n}") for n in range(count)]

    assert len(references.sought) == MOST_SOUGHT
    assert told[-1].startswith(f"write `R-{count - 1}`")
    assert SheetReferences("", {"R-10": "A2"}).instead_of("R-1O").startswith("write `R-10`")
