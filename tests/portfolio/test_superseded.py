"""Issue 16, line 6: movement by anything, and what closed otherwise than with its work done."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from peelflow import load
from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.outline import Outline, OutlineSection
from peelflow.model.rules import Lifecycle
from peelflow.portfolio.grouping import ROW
from peelflow.portfolio.movement import Movement, MovementTotal, movement, movement_totals
from peelflow.register.register import Register
from peelflow.reports.content import Table, each_block
from peelflow.reports.paper import paper_of, read_outline
from peelflow.reports.tables import say_ending
from peelflow.rulebook.national import national, shipped_folder
from tests.builders.force import FORCE, HMICFRS, KIND, LIAISON, START, Kind, World, clock
from tests.cli.conftest import Run, run
from tests.portfolio.test_grouping import worlds
from tests.reports.conftest import MADE

__all__ = ["run"]

BEFORE = START - timedelta(1)
DONE = ("closed", "discharged", "archived", "managed", "done", "sent", "completed")
ANSWERS = ("action_taken", "action_proposed")
ENDING = {
    **dict.fromkeys((*DONE, *ANSWERS), "closed"),
    "superseded": "superseded",
    "not_applicable": "cancelled",
    "no_action": "cancelled",
    "not_accepted": "cancelled",
}
"""How a record closed that stands in each national state."""
LATEST = {rules.name: rules for rules in sorted(national().lifecycles, key=lambda r: r.version)}
ENDS = [
    (rules, name, ledger)
    for rules in national().lifecycles
    for name, state in rules.states.items()
    for ledger, counts in state.counts_as.items()
    if counts == "closed" and rules.name != "section-55-answer" and rules in LATEST.values()
]
WALKS = {
    "closed": ("start", "close"),
    "discharged": ("discharge",),
    "superseded": ("propose_superseded", "accept_superseded"),
    "not_applicable": ("start", "propose_not_applicable", "accept_not_applicable"),
    "no_action": ("propose_no_action", "accept_no_action"),
}


def moves(world: World, ledger: str = "portal") -> tuple[Movement, ...]:
    """Return every movement until today."""
    return movement(world.register, after=BEFORE, until=world.day, ledger=ledger)


def totals(world: World, by: str = ROW, ledger: str = "portal") -> dict[str | None, MovementTotal]:
    """Return what moved until today in each group in which something did."""
    found = movement_totals(world.register, after=BEFORE, until=world.day, by=by, ledger=ledger)
    return {total.group.key: total for total in found if total.open_after + total.closed_after}


def ended(world: World, state: str, kind: Kind = KIND["level-2"], **fields: Any) -> str:
    """Return a record that came to an end by its steps."""
    record = world.add(kind, fields=fields)
    for trigger in WALKS[state]:
        world.step(record, trigger)
    assert world.register.record(record).state == state
    return record


@pytest.mark.parametrize(("rules", "state", "ledger"), ENDS, ids=str)
def test_every_national_end_says_how_a_record_closed(
    world: World, rules: Lifecycle, state: str, ledger: str
) -> None:
    """A new end is decided upon here: it is done, superseded, or cancelled."""
    taken: dict[str, Any] = {
        "level": rules.applies_to.level[0],
        "category": rules.applies_to.category[0],
    }
    fields = world.fields(taken["category"])
    world.register.take_over(
        "T",
        **taken,
        force=FORCE,
        issued=world.day,
        state=state,
        fields=fields,
        on=world.day,
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
        reason="it stands so",
    )
    (moved,) = [moved for moved in moves(world, ledger) if moved.row.record == "T"]
    assert (moved.kind, moved.counts, moved.ending) == ("new", "closed", ENDING[state])


@pytest.mark.parametrize("state", WALKS)
def test_what_closes_is_told_by_how_it_ends(world: World, state: str) -> None:
    """In the list, and added up; what is open before is what is open after."""
    record = ended(world, state)
    new, closed = moves(world)
    kind = "closed" if ENDING[state] == "closed" else "superseded"
    assert (new.row.record, new.kind, new.ending) == (record, "new", None)
    assert (closed.kind, closed.ending) == (kind, ENDING[state])
    (total,) = totals(world).values()
    is_superseded, is_cancelled = kind == "superseded", ENDING[state] == "cancelled"
    assert (total.new, total.closed, total.superseded) == (1, not is_superseded, is_superseded)
    assert (total.cancelled, total.open_after, total.closed_after) == (is_cancelled, 0, 1)


def test_what_was_superseded_is_re_opened(world: World) -> None:
    """And may close another way."""
    record = ended(world, "superseded")
    world.step(record, "reopen")
    world.step(record, "close")
    told = [(moved.kind, moved.ending) for moved in moves(world)]
    assert told == [
        *[("new", None), ("superseded", "superseded"), ("reopened", None)],
        ("closed", "closed"),
    ]
    (total,) = totals(world).values()
    assert (total.closed, total.superseded, total.cancelled, total.reopened) == (1, 1, 0, 1)
    early = movement_totals(world.register, after=BEFORE, until=world.day - timedelta(2))
    (total,) = (total for total in early if total.new)
    assert (total.closed, total.superseded, total.reopened) == (0, 1, 0)


def test_an_answer_that_says_no_action_is_an_answer(world: World) -> None:
    """Under section 55 it closes as each does: the question was answered, and not set aside."""
    record = world.add(KIND["section-55-answer"])
    world.step(record, "say_none")
    assert world.register.record(record).state == "no_action"
    _, closed = moves(world, "section_55")
    assert (closed.kind, closed.ending) == ("closed", "closed")


def test_a_super_complaints_recommendation_counts_on_its_own_ledger(world: World) -> None:
    """One that is not accepted is set aside."""
    record = world.add(KIND["super-complaint-recommendation"])
    world.step(record, "not_accept")
    _, closed = moves(world, "force")
    assert (closed.kind, closed.ending) == ("superseded", "cancelled")


OWN = """\
vocabulary: own
fields:
  afi:
    body: {type: text, title: Body that it comes from}
"""


def own_rules(folder: Path) -> Path:
    """Write a force's own level 2, in which what is set aside has another name, and a field."""
    text = (shipped_folder("rules") / "national/level-2.yaml").read_text("utf-8")
    text = text[: text.index("guarantees:")].replace("lifecycle: level-2", "lifecycle: ours", 1)
    text = text.replace("version: 2", "version: 1\nrefines: level-2@2", 1)
    text = text.replace("to: no_action,", "to: parked,")
    text = text.replace("  no_action:\n", "  parked:\n    stands_for: no_action\n")
    (folder / "ours.yaml").write_text(text, "utf-8")
    (folder / "own.yaml").write_text(OWN, "utf-8")
    return folder


def test_a_force_s_own_state_ends_as_the_national_one_that_it_stands_for(tmp_path: Path) -> None:
    """By whatever name."""
    book = load(own_rules(tmp_path))
    with Register.open("memory:", rulebook=book, clock=clock) as register:
        world = World(register).settle_in()
        record = world.add(KIND["level-2"])
        for trigger in WALKS["no_action"]:
            world.step(record, trigger)
        assert world.register.record(record).state == "parked"
        _, closed = moves(world)
        assert (closed.kind, closed.ending) == ("superseded", "cancelled")


def test_movement_is_added_up_by_anything(tmp_path: Path) -> None:
    """By the body that it comes from (a field of the force's own), report, parent and theme."""
    with Register.open("memory:", rulebook=load(own_rules(tmp_path)), clock=clock) as register:
        world = World(register).settle_in()
        cause = world.add(KIND["cause-of-concern"])
        more: dict[str, Any] = {"category": "afi", "level": 3, "force": FORCE, "actor": LIAISON}
        said = (
            ("A", {"body": "HMICFRS", "report": "PEEL", "theme": "custody", "owner": "lead"}, None),
            ("B", {"body": "IOPC", "report": "PEEL", "owner": "lead"}, cause),
            ("C", {"body": "HMICFRS", "theme": "custody", "owner": "lead"}, cause),
        )
        for name, fields, parent in said:
            register.add(name, issued=world.day, fields=fields, parent=parent, **more)
        for trigger in WALKS["not_applicable"]:
            world.step("A", trigger)
        world.later()

        def counted(by: str) -> dict[str | None, tuple[int, int, int]]:
            found = totals(world, by)
            return {key: (t.new, t.superseded, t.cancelled) for key, t in found.items()}

        of_nobody = (1, 0, 0)  # the cause of concern, which says none of these
        bodies = {"HMICFRS": (2, 1, 1), "IOPC": (1, 0, 0), None: of_nobody}
        assert counted("field:body") == bodies
        assert counted("report") == {"PEEL": (2, 1, 1), None: (2, 0, 0)}
        assert counted("parent") == {None: (2, 1, 1), cause: (2, 0, 0)}
        assert counted("theme") == {"custody": (2, 1, 1), None: (2, 0, 0)}


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_the_sums_are_those_of_the_list(world: World) -> None:
    """As many closed, were superseded, cancelled and re-opened as the list has."""
    listed = moves(world)
    told = Counter[str](moved.kind for moved in listed)
    told.update("cancelled" for moved in listed if say_ending(moved) == "cancelled")
    for by in (ROW, "owner", "theme"):
        found = movement_totals(world.register, after=BEFORE, until=world.day, by=by)
        for name in ("closed", "superseded", "cancelled", "reopened"):
            assert sum(getattr(total, name) for total in found) == told[name]


def tables(register: Register, day: date, outline: Outline) -> dict[str, Table]:
    """Return the tables of a paper by the beginnings of their titles."""
    paper = paper_of(register, as_at=day, since=BEFORE, made=MADE, outline=outline)
    blocks = [block for block in each_block(paper) if isinstance(block, Table)]
    return {block.title.partition(",")[0]: block for block in blocks}


def test_the_paper_groups_movement_as_its_outline_says(world: World) -> None:
    """By report, such as; what was superseded has columns of its own where there is any."""
    ended(world, "closed", report="PEEL")
    rows = Outline("A paper", (OutlineSection("movement"),))
    plain = tables(world.register, world.day, rows)
    assert plain["Open records"].columns[0] == "Record"
    assert "Superseded" not in plain["Open records"].columns
    ended(world, "no_action", report="PEEL")
    outline = read_outline(b"title: A\nsections:\n- {section: movement, by: report}\n", "o.yaml")
    found = tables(world.register, world.day, outline)
    table = found["Open records"]
    assert table.columns[0] == "Report"
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["Report"], row["Closed"], row["Superseded"]) == ("PEEL", 1, 1)
    assert row["Of which cancelled"] == 1
    assert "Superseded since" in found["Closed records"].columns
    moved = found["What came"]
    what, ending = map(moved.columns.index, ("What", "Ending"))
    assert Counter((row[what], row[ending]) for row in moved.rows) == {
        ("new", None): 2,
        ("closed", None): 1,
        ("superseded", "cancelled"): 1,
    }


def test_only_movement_is_grouped(world: World) -> None:
    """Told with its place in the file, and where it was made otherwise; so is an unknown column."""
    with pytest.raises(InvalidRules) as refused:
        read_outline(b"title: A\nsections:\n- {section: ages, by: report}\n", "o.yaml")
    (fault,) = refused.value.diagnostics
    assert (str(fault.span), fault.code) == ("o.yaml:3:3", "unknown-key")
    assert fault.sentence == "`ages` has no key `by`"
    ages = Outline("A", (OutlineSection("ages", by="report"),))
    with pytest.raises(InvalidRequest, match="is not grouped by anything"):
        tables(world.register, world.day, ages)
    unknown = Outline("A", (OutlineSection("movement", by="reprot"),))
    with pytest.raises(InvalidRequest, match="did you mean `report`"):
        tables(world.register, world.day, unknown)


def test_on_the_command_line_it_is_a_column_where_there_is_any(run: Run, tmp_path: Path) -> None:
    """For people; for programs it is always there."""
    with Register.open(f"sqlite:///{tmp_path / 'peelflow.db'}", clock=clock) as register:
        world = World(register).settle_in()
        ended(world, "closed")
        world.later()
        ended(world, "superseded")
    span = ("movement", "--after", "2021-01-01", "--until")
    assert "ending" not in run(*span, "2021-01-06").out
    printed = run(*span, "2021-02-01", "--format", "csv").out.splitlines()
    assert printed[0].startswith("on,what,counts,ending,record")
    assert [line.split(",")[1:4] for line in printed[1:]] == [
        ["new", "open", ""],
        ["closed", "closed", ""],
        ["new", "open", ""],
        ["superseded", "closed", "superseded"],
    ]
    summed = run(*span, "2021-02-01", "--by", "owner").out
    assert "superseded" in summed
    assert "superseded" not in run(*span, "2021-01-06", "--by", "owner").out
