"""Issue 13, lines 11 and 15: corrections and links come as sheets, each row judged as its verb."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from peelflow import load
from peelflow.engine.fold import as_corrected
from peelflow.errors import InvalidRequest, KeyReused
from peelflow.model.decisions import Refused
from peelflow.model.records import Added, Event
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.csv_schema import DateFormat
from peelflow.register.register import Register
from tests.builders.force import LIAISON, NOW, clock
from tests.cli.conftest import Run, run
from tests.slips.test_mending import CAUSE, DAY, SLIPS, TODAY, add, begun, reenter, seen, void

__all__ = ["run"]

BY = {"actor": LIAISON.person, "actor_role": LIAISON.role}
SLIP = {**BY, "on": str(TODAY), "reason": "a slip"}


@pytest.fixture
def register() -> Iterator[Register]:
    """Give a register with two causes of concern, a child below the first, and a lone record."""
    with worked() as opened:
        yield opened


def worked() -> Register:
    """Return a register in which some records were entered, and some work was done."""
    register = begun()
    for name in ("C-1", "C-2"):
        add(register, name, **CAUSE)
    add(register, "R-1", parent="C-1", fields={"owner": "lead-1", "due": date(2023, 1, 10)})
    add(register, "R-2")
    register.fire("R-2", "start", actor=LIAISON, on=DAY + timedelta(3))
    register.amend("R-2", "owner", "lead-2", actor=LIAISON, on=DAY + timedelta(4), reason="moved")
    return register


def sheet_of(*rows: Mapping[str, object]) -> str:
    """Return rows as a sheet whose columns are all that they name."""
    text = StringIO()
    columns = dict.fromkeys(column for row in rows for column in row)
    writer = csv.DictWriter(text, [*columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def row_of(record: str, number: int, correction: str, **more: object) -> dict[str, object]:
    """Return a row that corrects an event."""
    return {"record": record, "event": number, "correction": correction, **SLIP, **more}


def link_of(record: str, parent: str, **more: object) -> dict[str, object]:
    """Return a row that links a record to its parent."""
    return {"record": record, "parent": parent, "on": str(TODAY), **BY, **more}


def imported(register: Register, folder: Path, *sheets: str, **options: Any) -> ImportResult:
    """Import sheets by their texts."""
    for number, text in enumerate(sheets):
        (folder / f"{number}.csv").write_text(text, "utf-8")
    return import_sheets(register, [folder / f"{n}.csv" for n in range(len(sheets))], **options)


def told(register: Register) -> dict[str, list[Event]]:
    """Return all that happened, but for when it was typed and under which key."""
    return {
        record.id: [
            evolve(event, recorded_at=NOW, key=None) for event in register.history(record.id)
        ]
        for record in register.records()
    }


def cells_of(entry: Mapping[str, Any]) -> dict[str, object]:
    """Return what an entry says as the cells of a row."""
    fields = dict(entry.get("fields", {}))
    cells = {
        name: "none" if value is None else value
        for name, value in entry.items()
        if name != "fields"
    }
    cleared = {"clear": "; ".join(name for name, value in fields.items() if value is None)}
    said = {name: value for name, value in fields.items() if value is not None}
    return {**cells, **said, **(cleared if cleared["clear"] else {})}


ENTERED: dict[str, Any] = {**SLIPS, "force": {"force": "btp", "parent": "C-btp"}}


@pytest.mark.parametrize("name", ENTERED)
def test_item_11_a_sheet_enters_a_record_anew_as_the_verb_does(
    name: str, register: Register, tmp_path: Path
) -> None:
    """Whatever was wrong; an empty cell was right, and `clear` names what should not be there."""
    row = row_of("R-1", 1, "reenter", **cells_of(ENTERED[name]))
    assert imported(register, tmp_path, sheet_of(row)) == ImportResult(1, 0, ())
    with worked() as other:
        reenter(other, "R-1", ENTERED[name])
        assert (told(register), seen(register)) == (told(other), seen(other))


@pytest.mark.parametrize("redated", [True, False])
def test_item_11_a_sheet_voids_and_re_dates(
    register: Register, tmp_path: Path, *, redated: bool
) -> None:
    """And withdraws a record, by voiding its first event."""
    day = DAY + timedelta(1)
    moved = row_of("R-2", 2, "redate", to=day) if redated else row_of("R-2", 2, "void")
    rows = [moved, row_of("R-1", 1, "void")]
    assert imported(register, tmp_path, sheet_of(*rows)) == ImportResult(2, 0, ())
    with worked() as other:
        if redated:
            other.correct(
                "R-2", 2, correction="redate", to=day, actor=LIAISON, on=TODAY, reason="a slip"
            )
        else:
            void(other, "R-2", 2)
        void(other, "R-1", 1)
        assert (told(register), seen(register)) == (told(other), seen(other))


def test_item_11_a_sheet_links_records(register: Register, tmp_path: Path) -> None:
    """From a day on, as the verb; what lies elsewhere already is refused."""
    rows = [link_of("R-2", "C-2", reason="the report says so", source="page 4")]
    assert imported(register, tmp_path, sheet_of(*rows)) == ImportResult(1, 0, ())
    with worked() as other:
        said: dict[str, Any] = {"reason": "the report says so", "source": "page 4"}
        other.link("R-2", "C-2", actor=LIAISON, on=TODAY, **said)
        assert (told(register), seen(register)) == (told(other), seen(other))
    (fault,) = imported(register, tmp_path, sheet_of(link_of("R-1", "C-2"))).faults
    assert fault.sentence == "R-1: its parent: is C-1 already"


def test_item_11_one_bad_row_keeps_all_out(register: Register, tmp_path: Path) -> None:
    """The good ones come alone where that is asked for."""
    before = told(register)
    sheet = sheet_of(row_of("R-1", 1, "void"), row_of("R-2", 9, "void"))
    done = imported(register, tmp_path, sheet)
    assert (done.kept, [fault.span.line for fault in done.faults]) == (0, [3])
    assert told(register) == before
    assert imported(register, tmp_path, sheet, partial=True).kept == 1
    assert register.record("R-1").withdrawn


LATER = (
    row_of("R-1", 1, "reenter", level=4),
    row_of("R-1", 1, "reenter", parent="none", owner="lead-3"),
    row_of("R-2", 3, "void"),
    row_of("R-2", 2, "redate", to=DAY + timedelta(1)),
)


def test_item_15_an_import_again_does_nothing(register: Register, tmp_path: Path) -> None:
    """Whatever came of the record since: entered anew once more, linked, and unlinked."""
    sheets = sheet_of(*LATER), sheet_of(link_of("R-1", "C-2"))
    assert imported(register, tmp_path, *sheets) == ImportResult(5, 0, ())
    for owner in ("lead-8", "lead-9"):
        before = told(register)
        assert imported(register, tmp_path, *sheets) == ImportResult(0, 5, ())
        assert told(register) == before
        reenter(register, "R-1", {"level": 2, "fields": {"owner": owner}})
    void(register, "R-1", 4, reason="it lies elsewhere")
    assert imported(register, tmp_path, sheets[0]) == ImportResult(0, 4, ())


def test_item_15_a_record_that_was_withdrawn_since_is_told(
    register: Register, tmp_path: Path
) -> None:
    """As of every row about it; unless a row of the sheets withdrew it."""
    sheet = sheet_of(LATER[0], row_of("R-1", 1, "void"))
    assert imported(register, tmp_path, sheet) == ImportResult(2, 0, ())
    assert imported(register, tmp_path, sheet) == ImportResult(0, 2, ())
    (fault,) = imported(register, tmp_path, sheet_of(LATER[0])).faults
    assert fault.sentence == "was kept as event 2 of R-1, which was voided on 2023-06-01"


def test_item_15_what_is_entered_and_voided_comes_again(register: Register, tmp_path: Path) -> None:
    """The sheets that bring it say that it is void: nothing is wrong with them, and nothing new."""
    acts = "record,trigger,on,actor,actor_role\nR-1,start,2022-12-20,kim,liaison_officer\n"
    sheets = (acts, sheet_of(row_of("R-1", 2, "void"), row_of("R-1", 3, "void")))
    assert imported(register, tmp_path, *sheets) == ImportResult(3, 0, ())
    assert imported(register, tmp_path, *sheets) == ImportResult(0, 3, ())
    sheet = sheet_of(row_of("R-1", 2, "void"))
    first = imported(register, tmp_path, sheet)
    assert [fault.code for fault in first.faults] == ["row-refused"]
    assert "which was voided" in first.faults[0].sentence


def test_item_15_a_void_of_other_sheets_is_told(register: Register, tmp_path: Path) -> None:
    """Of whatever was voided by hand, or by a sheet that is not there now."""
    acts = "record,trigger,on,actor,actor_role\nR-1,start,2022-12-20,kim,liaison_officer\n"
    assert imported(register, tmp_path, acts).kept == 1
    void(register, "R-1", 2)
    sheets = (acts, sheet_of(row_of("R-2", 2, "void")))
    done = imported(register, tmp_path, *sheets, partial=True)
    assert (done.kept, len(done.faults)) == (1, 1)
    assert "event 2 of R-1, which was voided" in done.faults[0].sentence


def test_item_15_a_repeated_re_entry_of_other_values_is_told(register: Register) -> None:
    """Under the same key it is another request, also of the record as it stood then."""
    reenter(register, "R-1", {"level": 4}, key="k")
    reenter(register, "R-1", {"level": 2})
    assert reenter(register, "R-1", {"level": 4}, key="k").number == 2
    with register.batch() as batch:
        numbers = [reenter(batch, "R-1", {"level": 3}, key="b").number for _ in range(2)]
    assert numbers == [4, 4]
    with pytest.raises(KeyReused):
        reenter(register, "R-1", {"level": 2}, key="k")
    register.amend("R-1", "owner", "b", actor=LIAISON, on=TODAY, reason="r", key="of-an-amendment")
    with pytest.raises(KeyReused):
        reenter(register, "R-1", {"level": 4}, key="of-an-amendment")


def test_item_15_a_child_whose_row_was_refused_lies_nowhere(register: Register) -> None:
    """Nor is it in the way of what becomes of its parent in the same batch."""
    with register.batch() as batch:
        with pytest.raises(ValueError, match="refused"), batch.savepoint():
            add(batch, "R-9", parent="C-1")
            raise ValueError("refused")
        reenter(batch, "C-1", {"force": "btp"})
    assert [register.record(name).force for name in ("C-1", "R-1")] == ["btp", "btp"]


def test_item_15_what_enters_a_record_comes_first(register: Register, tmp_path: Path) -> None:
    """In one import: records, an act that is voided, where they lie, each in any order."""
    records = [
        {"record": name, "category": category, "level": level, "force": "wmp", "issued": day, **BY}
        for name, category, level, day in (
            ("R-8", "afi", 2, "2022-12-20"),
            ("C-8", "cause_of_concern", "", "2022-12-21"),
        )
    ]
    fixes = [
        row_of("R-8", 1, "reenter", level=3, on="2022-12-20"),
        row_of("R-8", 1, "reenter", parent="C-8", issued="2022-12-21", on="2022-12-21"),
    ]
    links = [link_of("R-2", "C-8", on="2022-12-21")]
    sheets = (sheet_of(*links), sheet_of(*fixes), sheet_of(*records))
    assert imported(register, tmp_path, *sheets) == ImportResult(5, 0, ())
    assert (register.record("R-8").level, register.record("R-8").parent) == (3, "C-8")
    assert register.record("R-2").parent == "C-8"


def test_item_11_no_default_says_what_a_record_should_have_been(
    register: Register, tmp_path: Path
) -> None:
    """`--fill force=btp` is for records; an empty cell of a correction was right."""
    by = {"actor": "kim", "actor_role": "liaison_officer", "reason": "so", "on": str(TODAY)}
    bare = [
        {"record": "R-1", "event": 1, "correction": "reenter", "level": 4},
        {"record": "R-2", "event": 2, "correction": "void", "level": ""},
    ]
    filled = {"force": "btp", "to": "2022-12-17", "state": "open", **by}
    assert imported(register, tmp_path, sheet_of(*bare), defaults=filled).faults == ()
    assert (register.record("R-1").force, register.record("R-1").level) == ("wmp", 4)
    with pytest.raises(InvalidRequest, match="the column 'owner' to fill"):
        imported(register, tmp_path, sheet_of(*bare), defaults={"owner": "lead-9", **by})
    records = sheet_of({"record": "R-9", "category": "afi", "level": 2, "issued": DAY, **BY})
    sheets = (sheet_of(row_of("R-2", 3, "void")), records)
    done = imported(register, tmp_path, *sheets, defaults={"owner": "lead-9", "force": "wmp"})
    assert done == ImportResult(2, 0, ())


def test_item_11_days_are_written_as_in_other_sheets(register: Register, tmp_path: Path) -> None:
    """As a British Excel saves them: those of the entry and of the fields, too."""
    rows = [
        row_of("R-1", 1, "reenter", issued="14/12/2022", due="01/02/2023", on="01/06/2023"),
        row_of("R-2", 2, "redate", to="17/12/2022", on="01/06/2023"),
    ]
    sheet = sheet_of(*rows)
    assert imported(register, tmp_path, sheet, dates=DateFormat.BRITISH).faults == ()
    record = register.record("R-1")
    assert (record.issued, record.fields["due"]) == (date(2022, 12, 14), "2023-02-01")
    assert register.record("R-2").on == DAY + timedelta(4)


def test_item_11_the_day_of_a_level_is_taken_away(register: Register, tmp_path: Path) -> None:
    """By `none`, as a parent is."""
    add(register, "R-5", graded=DAY + timedelta(2))
    row = row_of("R-5", 1, "reenter", graded="none")
    assert imported(register, tmp_path, sheet_of(row)).faults == ()
    entry = as_corrected(register.history("R-5"))[0].what
    assert isinstance(entry, Added)
    assert entry.graded is None


def test_item_11_a_record_taken_over_is_set_right(register: Register, tmp_path: Path) -> None:
    """In another state."""
    said: dict[str, Any] = {"category": "afi", "level": 2, "force": "wmp", "issued": DAY}
    said |= {"actor": LIAISON, "on": DAY, "source": "list", "reason": "so"}
    register.take_over("T-1", state="open", **said)
    row = row_of("T-1", 1, "reenter", state="in_progress")
    assert imported(register, tmp_path, sheet_of(row)).faults == ()
    assert register.record("T-1").state == "in_progress"


OWN = """\
vocabulary: own
fields:
  afi:
    event: {type: text, title: Event}
    to: {type: text, title: To whom}
"""


def test_item_11_a_field_may_be_called_as_a_column_of_corrections(tmp_path: Path) -> None:
    """In a sheet of records it is a field still, with a default or without."""
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")
    row = {"record": "R-1", "category": "afi", "level": 2, "force": "wmp", "issued": str(DAY), **BY}
    with Register.open("memory:", rulebook=load(tmp_path / "own.yaml"), clock=clock) as register:
        sheet = sheet_of({**row, "event": "a march"})
        assert imported(register, tmp_path, sheet, defaults={"to": "all"}).faults == ()
        assert register.record("R-1").fields == {"event": "a march", "to": "all"}
        rows = [row_of("R-1", 1, "reenter", **{"field.to": "some", "field.event": "a parade"})]
        assert imported(register, tmp_path, sheet_of(*rows)).faults == ()
        assert register.record("R-1").fields == {"event": "a parade", "to": "some"}
        rows = [row_of("R-1", 1, "reenter", clear="event; field.to")]
        assert imported(register, tmp_path, sheet_of(*rows)).faults == ()
        assert register.record("R-1").fields == {}


def test_item_11_a_field_that_is_not_there_is_not_cleared(register: Register) -> None:
    """Nor does it pass for what was said already."""
    with pytest.raises(InvalidRequest, match="is not declared for its category"):
        reenter(register, "R-1", {"fields": {"onwer": None}})
    reenter(register, "R-1", {"fields": {"due": None, "theme": None}})
    assert "due" not in register.record("R-1").fields


def test_item_11_on_the_command_line(run: Run, tmp_path: Path) -> None:
    """Six slips of one sheet, told in one line; again, nothing."""
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    for name in ("R-1", "R-2"):
        said = ("--category", "afi", "--level", "2", "--force", "wmp", "--issued", "2022-12-16")
        run("add", name, *said, *who)
    sheet = tmp_path / "mend.csv"
    sheet.write_text(
        sheet_of(row_of("R-1", 1, "reenter", level=3), row_of("R-2", 1, "void")), "utf-8"
    )
    assert run("import", str(sheet)).out.endswith("2 rows kept, 0 there already, 0 bad\n")
    assert run("import", str(sheet)).out.endswith("0 rows kept, 2 there already, 0 bad\n")
    assert "re-entered" in run("show", "R-1").out


ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "level": st.sampled_from([1, 2, 3, 4]),
        "force": st.sampled_from(["wmp", "btp"]),
        "category": st.sampled_from(["recommendation", "afi"]),
        "parent": st.sampled_from([None, "C-1", "C-2", "C-btp"]),
        "issued": st.dates(DAY - timedelta(2), DAY + timedelta(4)),
        "fields": st.sampled_from([{"owner": "lead-7"}, {"due": None}, {"due": "2023-02-03"}]),
    },
).filter(bool)
RECORD = st.sampled_from(["R-1", "R-2", "C-1"])
NUMBER = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(st.just("void"), RECORD, NUMBER, st.none()),
    st.tuples(st.just("redate"), RECORD, NUMBER, st.dates(DAY, DAY + timedelta(5))),
    st.tuples(st.just("reenter"), RECORD, st.just(1), ENTRIES),
    st.tuples(st.just("link"), RECORD, st.just(1), st.sampled_from(["C-1", "C-2"])),
)
Step = tuple[str, str, int, Any]


def is_taken(register: Register, step: Step) -> bool:
    """Do a step by its verb, and say whether it was done."""
    what, record, number, value = step
    with suppress(InvalidRequest, Refused):
        if what == "link":
            register.link(record, value, actor=LIAISON, on=TODAY)
        else:
            said: dict[str, Any] = {"actor": LIAISON, "on": TODAY, "reason": "a slip"}
            said |= {"to": value} if what == "redate" else {}
            said |= {"entry": value} if what == "reenter" else {}
            register.correct(record, number, correction=what, **said)  # type: ignore[arg-type]
        return True
    return False


def as_row(step: Step) -> dict[str, object]:
    """Return a step as a row of its sheet."""
    what, record, number, value = step
    match what:
        case "link":
            return link_of(record, value)
        case "reenter":
            return row_of(record, number, what, **cells_of(value))
        case "redate":
            return row_of(record, number, what, to=value)
        case _:
            return row_of(record, number, what)


@given(steps=st.lists(STEPS, min_size=1, max_size=6))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_item_11_sheets_and_verbs_give_the_same_register(steps: list[Step], tmp_path: Path) -> None:
    """Each row is taken or refused as its verb; those that are taken come again without harm."""
    one_by_one, partly, whole = worked(), worked(), worked()
    lawful = [step for step in steps if is_taken(one_by_one, step)]
    event(f"{len(lawful)} of {len(steps)} lawful")
    sheets = [sheet_of(as_row(step)) for step in steps]  # one of each, for the order of the steps
    done = imported(partly, tmp_path, *sheets, partial=True)
    assert (done.kept, len(done.faults)) == (len(lawful), len(steps) - len(lawful))
    assert told(partly) == told(one_by_one)
    assert seen(partly, days=[DAY, TODAY]) == seen(one_by_one, days=[DAY, TODAY])
    if len(lawful) < len(steps):
        before = told(whole)
        assert imported(whole, tmp_path, *sheets).kept == 0
        assert told(whole) == before
    sheets = [sheet_of(as_row(step)) for step in lawful]
    assert imported(whole, tmp_path, *sheets) == ImportResult(len(lawful), 0, ())
    assert imported(whole, tmp_path, *sheets) == ImportResult(0, len(lawful), ())
    assert told(whole) == told(one_by_one)
