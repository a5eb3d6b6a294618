"""A later sheet is an update: what the sheet changed, and nothing that only the register did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.records import Actor, Amended, TakenOver, TransitionTaken
from peelflow.register.register import Register
from peelflow.rulebook.national import load, national
from peelflow.trackers.moves import MOST_PATHS, shortest_paths
from peelflow.trackers.update import TrackerResult, import_tracker
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock
from tests.trackers.conftest import AS_AT, MAP, Import, cells_of, row, said, write_workbook

LATER = date(2023, 3, 31)
WITH_ACTS = MAP.replace(
    "  state: Status\n",
    "  state: Status\n  since: Since\n  actor: By\n  actor_role: Role\n  document: Letter\n"
    "  signed_by: Signed by\n  signed_on: Signed on\n  reason: Why\n  successor: Successor\n"
    "  inspection: Inspection\n",
)
ACT = dict.fromkeys(
    ("Since", "By", "Role", "Letter", "Signed by", "Signed on", "Why", "Successor", "Inspection")
)


def acted(**said: Any) -> dict[str, Any]:
    """Return a row of a sheet that has columns for acts."""
    return row(**{**ACT, **said})


@pytest.fixture
def force(register: Register) -> Register:
    """Give a register of a force that has its chief constable."""
    register.appoint(
        CHIEF.person, CHIEF.role, force="wmp", first_day=date(2022, 1, 1), actor=LIAISON
    )
    return register


def test_a_new_row_is_taken_over_with_where_it_was_read(bring: Import, register: Register) -> None:
    """Marked as assumed: a sheet says where a record stands, not how it came there."""
    result = bring(row())
    (event,) = register.history("F-1")

    assert said(result) == [("F-1", "added", "afi of level 2, `open`")]
    assert isinstance(event.what, TakenOver)
    assert (event.on, event.source) == (AS_AT, "tracker.xlsx, Tracker!A2")
    assert event.reason == "taken over from the force's own tracker as at 28 February 2023"
    assert register.record("F-1").assumed


def test_a_changed_field_is_amended_with_the_sheet_as_reason(
    bring: Import, register: Register
) -> None:
    """A field that is emptied is unset, one that is filled is set."""
    bring(row())
    result = bring(row(Lead="Head of Crime", Target="TBC", Question=None), on=LATER)

    assert said(result) == [
        ("F-1", "changed", "question: `7` → nothing"),
        ("F-1", "changed", "owner: `Head of Custody` → `Head of Crime`"),
        ("F-1", "changed", "due: `2023-09-30` → nothing"),
        ("F-1", "changed", "due_words: nothing → `TBC`"),
    ]
    event = register.history("F-1")[-1]
    assert event.what == Amended("due_words", None, "TBC")
    assert event.reason == "the tracker says so as at 31 March 2023"
    assert event.source == "tracker.xlsx, Tracker!H2"


def test_what_only_the_register_changed_is_left(bring: Import, register: Register) -> None:
    """The sheet says what it said before, so it knows nothing newer."""
    bring(row())
    amend: dict[str, Any] = {"actor": LIAISON, "reason": "moved", "on": date(2023, 3, 1)}
    register.amend("F-1", "owner", "Head of Crime", **amend)
    register.fire("F-1", "start", actor=LIAISON, on=date(2023, 3, 2))
    result = bring(row(), on=LATER)

    assert said(result) == [
        ("F-1", "left", "owner: `Head of Custody` in the sheet as before, `Head of Crime` here"),
        ("F-1", "left", "`open` in the sheet as before, `in_progress` here"),
    ]
    assert not result.kept


def test_what_somebody_else_keyed_alike_is_no_word_of_the_sheet(
    bring: Import, register: Register
) -> None:
    """An attachment tells nothing of fields or states, whatever its key."""
    bring(row())
    letter = register.keep(b"x", kind="letter", name="a.txt")
    register.attach("F-1", letter, actor=LIAISON, on=AS_AT, key="tracker:ours:9")
    result = bring(row(Lead="Head of Crime"), on=LATER)

    assert [kind for _, kind, _ in said(result)] == ["changed"]


def test_a_field_on_which_a_verification_stands_is_not_amended(
    bring: Import, register: Register
) -> None:
    """HMICFRS verified it by an inspection of that question."""
    day = date(2023, 3, 1)
    by_them: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-1", "source": "portal"}
    bring(row(Level="L3", Status="Certified"))
    inspection = {"kind": "planned", "first_day": "2023-03-01", "last_day": "2023-03-02"}
    register.add(
        "I-1",
        category="inspection",
        force="wmp",
        issued=day,
        fields={**inspection, "questions": ["7"]},
        **by_them,
    )
    for trigger in ("schedule", "begin_fieldwork"):
        register.fire("I-1", trigger, on=day, **by_them)
    register.fire("F-1", "verify", on=date(2023, 3, 2), inspection="I-1", **by_them)
    result = bring(row(Level="L3", Status="Done", Question="4"), on=LATER)
    (outcome,) = result.outcomes

    assert outcome.kind == "refused"
    assert outcome.what.startswith("question: `7` → `4`: cannot `amend`")


def test_what_the_sheet_changes_after_the_register_did_is_amended(
    bring: Import, register: Register
) -> None:
    """The old value stays in the history."""
    bring(row())
    amend: dict[str, Any] = {"actor": LIAISON, "reason": "moved", "on": date(2023, 3, 1)}
    register.amend("F-1", "owner", "Head of Crime", **amend)
    result = bring(row(Lead="Head of Intelligence"), on=LATER)

    assert said(result) == [("F-1", "changed", "owner: `Head of Crime` → `Head of Intelligence`")]


def test_a_record_that_was_added_by_hand_is_matched_by_its_reference(
    bring: Import, register: Register
) -> None:
    """No earlier sheet told anything of it, so what the sheet says is new."""
    register.add(
        *("F-1",),
        category="afi",
        level=2,
        force="wmp",
        issued=date(2022, 12, 16),
        fields={"title": "Mend it", "owner": "Somebody"},
        actor=LIAISON,
    )
    result = bring(row(Status="Doing"))

    assert [kind for _, kind, _ in said(result)] == ["changed"] * 3 + ["moved"]
    assert bring(row(Status="Doing")).unchanged == 1


def test_a_lawful_move_is_an_act(bring: Import, register: Register) -> None:
    """By the shortest steps, on the day that the sheet tells of."""
    bring(row())
    result = bring(row(Status="Doing"), on=LATER)
    event = register.history("F-1")[-1]

    assert said(result) == [("F-1", "moved", "`open` → `in_progress` by `start`")]
    assert isinstance(event.what, TransitionTaken)
    assert (event.on, event.actor) == (LATER, Actor("liaison-1", "liaison_officer"))


def test_a_move_that_the_rules_refuse_is_told_with_why_and_the_way(
    bring: Import, register: Register
) -> None:
    """It is never forced."""
    bring(row(Status="Doing"))
    result = bring(row(Status="Done"), on=LATER)
    (outcome,) = result.outcomes

    assert (outcome.kind, outcome.cell) == ("refused", "Tracker!I2")
    assert "not you: `liaison_officer` may not `close`" in outcome.what
    assert "not yet: no `letter` is offered" in outcome.what
    assert outcome.instead.startswith("`close` by `chief_constable` or `nominated_deputy`: ")
    assert register.record("F-1").state == "in_progress"


def test_a_sheet_that_gives_what_the_rules_ask_closes(
    bring: Import, force: Register, tmp_path: Path
) -> None:
    """Who decided, since when, and the letter beside the sheet; over two steps at once."""
    (tmp_path / "letter.txt").write_text("The work is complete.", "utf-8")
    bring(acted(), map_text=WITH_ACTS)
    closing = {
        "Status": "Done",
        "Since": "20/03/2023",
        "By": "chief-constable",
        "Role": "chief_constable",
        "Letter": "letter.txt",
        "Signed by": "chief-constable",
        "Signed on": "19/03/2023",
    }
    refused = bring(acted(**closing), map_text=WITH_ACTS, on=LATER)
    assert [kind for _, kind, _ in said(refused)] == ["refused"]

    started = bring(acted(Status="Doing", Since="01/03/2023"), map_text=WITH_ACTS, on=LATER)
    result = bring(acted(**closing), map_text=WITH_ACTS, on=LATER)

    assert said(started)[0][1] == "moved"
    assert said(result) == [("F-1", "closed", "`in_progress` → `closed` by `close`")]
    event = force.history("F-1")[-1]
    assert (event.on, event.actor, event.recorded_by) == (date(2023, 3, 20), CHIEF, "liaison-1")


def test_a_move_before_the_last_event_is_told(bring: Import) -> None:
    """With what the rules say besides."""
    bring(acted(), map_text=WITH_ACTS)
    result = bring(acted(Status="Doing", Since="01/02/2023"), map_text=WITH_ACTS, on=LATER)
    (outcome,) = result.outcomes

    assert outcome.what == (
        "`open` → `in_progress`: 2023-02-01 lies before its last event, on 2023-02-28"
    )
    assert outcome.instead == "`start` by `liaison_officer` or `lead`"


def test_a_sheet_of_before_is_told_what_to_do(bring: Import) -> None:
    """The record counts as the sheet says, and stands elsewhere: no way was told, for `None`."""
    bring(row(Status="Doing"), on=LATER)
    (outcome,) = bring(row()).outcomes

    assert "lies before its last event" in outcome.what
    assert outcome.instead == "mend the sheet, or correct what is wrong in the register"


def test_a_move_comes_before_an_amendment_of_a_later_day(bring: Import) -> None:
    """By their days, whatever the order of the columns."""
    bring(acted(), map_text=WITH_ACTS)
    changed = acted(Status="Doing", Since="01/03/2023", Lead="Head of Crime")
    result = bring(changed, map_text=WITH_ACTS, on=LATER)

    assert [kind for _, kind, _ in said(result)] == ["moved", "changed"]


TWO_WAYS = """\
lifecycle: two-ways
version: 1
in_force_from: 2000-01-01
title: Two ways
applies_to: {category: note, level: none}
initial: open
states:
  open:
    counts_as: {}
    transitions:
      drop: {to: ended, by: [liaison_officer]}
      end: {to: ended, by: [liaison_officer]}
  ended: {counts_as: {}, final: true}
"""
NOTES_MAP = """\
tracker: notes
fixed: {force: wmp, actor: liaison-1, actor_role: liaison_officer}
columns: {record: Ref, issued: Published, category: Type, title: Text, state: Status}
categories: {Note: note}
states: {note: {New: open, Over: ended}}
"""


@pytest.fixture
def own() -> Iterator[Register]:
    """Give a register of a force's own notes, their map beside it."""
    fields = "{title: {type: text, title: T}, heard: {type: date, title: Heard on}}"
    words = f"vocabulary: own\ncategories: {{note: {{title: A note, fields: {fields}}}}}\n"
    folder = Path("rules")
    folder.mkdir()
    (folder / "rules.yaml").write_text(TWO_WAYS, "utf-8")
    (folder / "words.yaml").write_text(words, "utf-8")
    with Register.open("memory:", rulebook=load(folder), clock=clock) as register:
        yield register


def bring_note(own: Register, text: str = NOTES_MAP, **changes: Any) -> TrackerResult:
    """Import one note."""
    cells = {"Ref": "N-1", "Published": date(2022, 1, 1), "Type": "Note", "Text": "x", **changes}
    path = write_workbook(Path("notes.xlsx"), [[*cells], [*cells.values()]])
    Path("map.yaml").write_text(text, "utf-8")
    return import_tracker(own, path, "map.yaml", on=AS_AT)


def test_where_several_steps_are_lawful_none_is_taken(own: Register) -> None:
    """The sheet does not say which it was."""
    bring_note(own, Status="New")
    (outcome,) = bring_note(own, Status="Over").outcomes

    assert outcome.what == "`open` → `ended`: the sheet does not say by which step"
    assert outcome.instead == "do `drop` or `end`, each by `peelflow fire`"


def test_a_month_is_no_day_of_a_field_that_is_not_known_in_part(own: Register) -> None:
    """A field says `as_known` where a month will do."""
    text = NOTES_MAP.replace("title: Text", "title: Text, heard: Heard")
    result = bring_note(own, text, Status="New", Heard="2023-03")

    assert [each.code for each in result.faults] == ["sheet-value"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_state_without_any_way_to_it_is_told(bring: Import) -> None:
    """No step of the rules leads from a closed record back to its beginning."""
    bring(row(Status="Done"))
    (outcome,) = bring(row(), on=LATER).outcomes

    assert outcome.what == "`closed` → `open`: no step of level-2@2 leads from here to there"
    assert outcome.instead.startswith("mend the sheet, or correct")


def test_what_a_sheet_cannot_change_is_told(bring: Import) -> None:
    """Its category, level and day; HMICFRS alone re-levels."""
    bring(row(), row(Ref="F-2"))
    result = bring(
        row(Level="L3", Status="Doing"), row(Ref="F-2", Published="15/12/2022"), on=LATER
    )

    assert [(one.kind, one.what, one.instead) for one in result.outcomes] == [
        ("refused", "level: 3 in the sheet, 2 here", "HMICFRS re-levels: `peelflow relevel`"),
        (
            "refused",
            "issued: 2022-12-15 in the sheet, 2022-12-16 here",
            "the day it was issued is not amended",
        ),
    ]


def test_a_record_that_was_relevelled_is_left_at_its_level(
    bring: Import, register: Register
) -> None:
    """The sheet still has the old one."""
    bring(row(Status="Doing"))
    register.relevel(
        "F-1",
        plan="level-2-to-3",
        actor=HMICFRS,
        recorded_by="liaison-1",
        source="portal",
        reason="regraded",
        on=date(2023, 3, 1),
    )
    (outcome,) = bring(row(Status="Doing"), on=LATER).outcomes

    assert (outcome.kind, outcome.what) == ("left", "level: 2 in the sheet, 3 here")


def test_a_sheet_of_before_the_last_event_amends_nothing(bring: Import) -> None:
    """It may be older than what the register knows."""
    bring(row(), on=LATER)
    (outcome,) = bring(row(Lead="Head of Crime")).outcomes

    assert outcome.kind == "refused"
    assert "it has an event on 2023-03-31, after the 2023-02-28 of the sheet" in outcome.what


def test_rows_that_are_gone_are_told_and_nothing_is_done(bring: Import, register: Register) -> None:
    """Only those that this tracker brought; a bad row is not gone."""
    register.add(
        "H-1",
        category="afi",
        level=2,
        force="wmp",
        issued=date(2022, 12, 16),
        actor=LIAISON,
    )
    bring(row(), row(Ref="F-2"), row(Ref="F-3"))
    result = bring(row(Ref="F-3", Level="L9"), row(), on=LATER, partial=True)

    assert said(result) == [("F-2", "gone", "its row is gone from the sheet; it stands in `open`")]


def test_children_come_after_their_parents(bring: Import, register: Register) -> None:
    """Wherever they stand; and a cause of concern keeps its children."""
    text = MAP.replace("  state:", "  parent: Of\n  state:")
    child = row(Ref="F-1", Type="Rec", Of="C-1")
    rows = [child, row(Ref="C-1", Type="CoC", Level="N/A", Of=None), row(Ref="F-2", Of=None)]

    assert bring(*rows, map_text=text).counts() == {"added": 3}
    assert register.record("C-1").children == ("F-1",)
    moved = bring(row(Ref="F-1", Type="Rec", Of=None), *rows[1:], map_text=text, on=LATER)
    assert said(moved) == [("F-1", "refused", "parent: none in the sheet, C-1 here")]


def test_a_record_of_another_force_is_no_match(bring: Import, register: Register) -> None:
    """Two forces may number theirs alike; a prefix tells them apart."""
    register.add(
        "F-1", category="afi", level=2, force="kent", issued=date(2022, 1, 1), actor=LIAISON
    )
    result = bring(row())
    assert cells_of(result) == [("Tracker!A2", "`F-1` is a record of another force, kent")]
    assert bring(row(), fill={"prefix": "WMP-"}).counts() == {"added": 1}
    assert register.record("WMP-F-1").force == "wmp"


@pytest.mark.parametrize(
    ("changes", "cell", "sentence"),
    [
        ({"Lead": "head of Custody "}, "G3", "differs only by case"),
        ({"Of": "C-9"}, "J3", "no record is called"),
    ],
)
def test_what_the_register_cannot_take_is_a_fault_of_its_row(
    changes: dict[str, Any],
    cell: str,
    sentence: str,
    bring: Import,
) -> None:
    """By its cell, where the cell is known."""
    text = MAP.replace("  state:", "  parent: Of\n  state:")
    second = row(**{"Ref": "F-2", "Of": None, **changes})
    ((place, told),) = cells_of(bring(row(Of=None), second, map_text=text))

    assert place == f"Tracker!{cell}"
    assert sentence in told


def test_an_amendment_that_cannot_be_meant_is_a_fault(bring: Import) -> None:
    """An owner spelt like another one."""
    bring(row(), row(Ref="F-2", Lead="Head of Crime"))
    result = bring(row(Lead="Head of crime"), row(Ref="F-2", Lead="Head of Crime"), on=LATER)

    assert cells_of(result)[0][0] == "Tracker!G2"


@pytest.mark.parametrize("letter", ["none.txt", "../letter.txt"])
def test_a_letter_that_cannot_be_taken_is_told(
    letter: str,
    bring: Import,
) -> None:
    """It is not there, or it lies outside the sheet's folder."""
    bring(acted(Status="Doing"), map_text=WITH_ACTS)
    result = bring(acted(Status="Done", Letter=letter), map_text=WITH_ACTS, on=LATER)

    ((place, told),) = cells_of(result)
    assert place == "Tracker!M2"
    assert letter in told


def test_letters_may_lie_in_a_folder_that_is_named(bring: Import, tmp_path: Path) -> None:
    """As for other sheets."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/a.txt").write_text("Done.", "utf-8")
    bring(acted(Status="Doing"), map_text=WITH_ACTS)
    closing = acted(Status="Done", Letter="a.txt")
    result = bring(closing, map_text=WITH_ACTS, on=LATER, documents_from=tmp_path / "letters")

    assert [kind for _, kind, _ in said(result)] == ["refused"]


def test_a_dry_run_tells_and_keeps_nothing(bring: Import, register: Register) -> None:
    """What would be is what then is."""
    bring(row())
    rows = (row(Lead="Head of Crime", Status="Doing"), row(Ref="F-2"))
    planned = bring(*rows, on=LATER, dry_run=True)
    assert register.position() == 1
    done = bring(*rows, on=LATER)

    assert planned.outcomes == done.outcomes
    assert (planned.kept, done.kept) == (False, True)


def banner(text: str) -> str:
    """Return the map that reads the day from a banner."""
    return text.replace("fixed:", "as_at: banner\nfixed:", 1)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["Updated 28/02/2023"], None),
        ([date(2023, 2, 28)], None),
        (["A banner"], "names no day"),
        (["28/02/2023", "1 March 2023"], "names `2023-02-28`, `2023-03-01`"),
    ],
)
def test_the_day_of_a_sheet_may_stand_in_its_banner(
    cells: list[Any], told: str | None, register: Register, tmp_path: Path
) -> None:
    """One day and no other; else it has to be said."""
    said_row = row()
    path = write_workbook(tmp_path / "t.xlsx", [cells, [*said_row], [*said_row.values()]])
    Path("map.yaml").write_text(banner(MAP), "utf-8")
    if told is None:
        assert import_tracker(register, path, "map.yaml").as_at == AS_AT
        return
    with pytest.raises(InvalidRules, match=told) as refused:
        import_tracker(register, path, "map.yaml")
    assert [fault.code for fault in refused.value.diagnostics] == ["sheet-banner"]
    assert import_tracker(register, path, "map.yaml", on=LATER).as_at == LATER


def test_a_sheet_tells_of_the_day_of_the_import_unless_it_is_said(
    bring: Import,
) -> None:
    """No day to come."""
    assert bring(row(), on=None).as_at == date(2026, 6, 1)
    with pytest.raises(InvalidRequest, match="lies in the future"):
        bring(row(), on=date(2027, 1, 1))


def test_which_sheet_of_several_is_meant_has_to_be_said(register: Register, tmp_path: Path) -> None:
    """Hidden ones are named; one that is named may be hidden."""
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        for name in ("Tracker", "Lists", "Old"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, [*row()])
        sheet.hide()
    Path("map.yaml").write_text(MAP, "utf-8")
    with pytest.raises(InvalidRules, match="the sheets `Tracker`, `Lists`; `Old` are hidden"):
        import_tracker(register, "t.xlsx", "map.yaml")
    Path("map.yaml").write_text(f"{MAP}sheet: Old\n", "utf-8")
    assert import_tracker(register, "t.xlsx", "map.yaml").outcomes == ()


def test_only_a_few_of_many_shortest_ways_are_tried() -> None:
    """Where rules have very many, the first ones stand for all."""
    rules = national().lifecycle_for("afi", 2, AS_AT)
    assert shortest_paths(rules, "open", "closed") == (("start", "close"),)
    assert shortest_paths(rules, "proposed_superseded", "in_progress") == (
        ("decline",),
        ("withdraw",),
    )
    assert shortest_paths(national().lifecycle_for("afi", 1, AS_AT), "issued", "managed") == ()
    assert MOST_PATHS > 2


ROWS = st.fixed_dictionaries(
    {
        "Level": st.sampled_from(["L2", "L3"]),
        "Lead": st.sampled_from([None, "Head of Custody", "Head of Crime"]),
        "Target": st.sampled_from([None, "TBC", "30/09/2023"]),
        "Question": st.sampled_from([None, "7", "Q7"]),
        "Status": st.sampled_from(["Not started", "Doing", "Done"]),
    }
)
SHEETS = st.lists(st.dictionaries(st.integers(1, 4), ROWS, min_size=1), min_size=1, max_size=3)


@settings(max_examples=40)
@given(SHEETS)
def test_no_sheet_changes_anything_twice(sheets: list[Mapping[int, dict[str, Any]]]) -> None:
    """Whatever came before; and every record stays one that its rules made."""
    Path("map.yaml").write_text(MAP, "utf-8")
    with Register.open("memory:", clock=clock) as register:
        for month, rows in enumerate(sheets, start=1):
            heads = [*row()]
            cells = [[*row(Ref=f"F-{n}", **said).values()] for n, said in rows.items()]
            path = write_workbook(Path("t.xlsx"), [heads, *cells])
            first = import_tracker(register, path, "map.yaml", on=date(2023, month, 28))
            position = register.position()
            second = import_tracker(register, path, "map.yaml", on=date(2023, month, 28))
            assert first.faults == second.faults == ()
            assert (register.position(), second.kept) == (position, False)
            assert {one.kind for one in second.outcomes} <= {"refused", "left", "gone"}
        assert register.verify() == ()


def test_a_field_of_the_other_side_is_refused_and_the_rest_is_kept(
    bring: Import, register: Register
) -> None:
    """What HMICFRS said of a record, the force's sheet does not take back."""
    register.add(
        "F-1",
        category="afi",
        level=2,
        force="wmp",
        issued=date(2022, 11, 1),
        fields={"question": "7"},
        actor=HMICFRS,
        recorded_by=LIAISON.person,
        source="portal",
    )
    outcomes = bring(row(Question=None, Lead="Head of Crime", Target=None)).outcomes
    refused = next(one for one in outcomes if one.what.startswith("question"))

    assert (refused.kind, refused.what, refused.instead) == (
        "refused",
        "question: `7` → nothing: it is not amended by liaison-1 (liaison_officer)",
        "let the side that set it (inspectorate) amend it",
    )
    fields = register.record("F-1").fields
    assert (fields["question"], fields["owner"]) == ("7", "Head of Crime")


def test_what_hmicfrs_alone_enters_takes_its_word(bring: Import, register: Register) -> None:
    """The map says whose it is, or the row; a map that says nothing has the row refused."""
    done = row(Level="L3", Status="Done")
    text = MAP.replace(", inspectorate: hmicfrs", "")
    (fault,) = bring(done, map_text=text).faults
    assert "is entered by `hmicfrs` alone under level-3@2" in fault.sentence
    assert "Status" in fault.sentence
    assert fault.help.startswith("write `inspectorate` in the map's `fixed`")

    assert bring(done).counts() == {"added": 1}
    (event,) = register.history("F-1")
    assert (str(event.actor), event.recorded_by) == ("hmicfrs (hmicfrs)", "liaison-1")

    columns = text.replace("\n  state:", "\n  actor: Who\n  actor_role: Role\n  state:")
    said = {"Who": "hmicfrs-portal", "Role": "hmicfrs"}
    bring(done, row(**{**done, "Ref": "F-2"}, **said), map_text=columns)
    (event,) = register.history("F-2")
    assert str(event.actor) == "hmicfrs-portal (hmicfrs)"
    (fault,) = bring(row(**{**done, "Ref": "F-3"}, Who="kim", Role="lead"), map_text=columns).faults
    assert "`lead` says that it stands there" in fault.sentence


def test_the_outcomes_say_what_is_assumed(bring: Import, register: Register) -> None:
    """What is added is; what then walked is so no more."""
    first = bring(row(), row(Ref="F-2", Lead="A"))
    assert [one.assumed for one in first.outcomes] == [True, True]
    second = bring(row(Status="Doing"), row(Ref="F-2", Lead="B"))
    assert [(one.record, one.kind, one.assumed) for one in second.outcomes] == [
        ("F-1", "moved", False),
        ("F-2", "changed", True),
    ]
    gone = bring(row(Status="Doing"))
    assert [(one.record, one.kind, one.assumed) for one in gone.outcomes] == [("F-2", "gone", True)]
    assert register.figures().assumed == 1


def test_a_reference_that_lost_its_zeros_is_no_new_record(
    bring: Import, register: Register
) -> None:
    """A spreadsheet makes 7 of 007: the record would stand twice, and the old one be gone."""
    assert bring(row(Ref="F/007"), row(Ref="F/8")).kept
    result = bring(row(Ref="F/7"), row(Ref="F/8"), row(Ref="F/08"), on=LATER)

    ((place, told),) = cells_of(result)
    assert place == "Tracker!A2"
    assert told == "`F/7` differs only by zeros from `F/007`, which no row of this sheet has"
    assert result.faults[0].help.startswith("write `F/007`")
    assert register.position() == 2


@pytest.mark.parametrize(("there", "gone"), [("F/7", "F/007"), ("F/007", "F/7")])
def test_a_reference_is_held_to_each_that_differs_by_zeros(
    bring: Import, there: str, gone: str
) -> None:
    """Where the register has both, one of which no row of this sheet has."""
    assert bring(row(Ref=there), row(Ref=gone), row(Ref="F/9")).kept
    result = bring(row(Ref=there), row(Ref="F/0007"), row(Ref="F/9"), on=LATER)

    ((_, told),) = cells_of(result)
    assert told == f"`F/0007` differs only by zeros from `{gone}`, which no row of this sheet has"
