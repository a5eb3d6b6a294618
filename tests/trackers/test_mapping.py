"""Maps are checked as rule files are: every fault at once, each with its place and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.rulebook.schema import tracker_schema
from peelflow.rulebook.yaml_reader import json_from_node, read_node
from peelflow.trackers.mapping import MapFile, read_map
from tests.trackers.conftest import MAP, Import, row

BROKEN = Path(__file__).parent / "broken"
GIVEN = Path(__file__).parent / "given"
CASES = sorted(BROKEN.glob("*.yaml"))


def read(folder: Path, text: str) -> MapFile:
    """Read a map's text."""
    (folder / "map.yaml").write_text(text, "utf-8")
    return read_map(folder / "map.yaml", national())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_fault_of_a_map_is_told(
    case: Path, monkeypatch: pytest.MonkeyPatch, *, rewrite_golden: bool
) -> None:
    """With its line and column, and what to write instead."""
    monkeypatch.chdir(BROKEN)
    with pytest.raises(InvalidRules) as refused:
        read_map(Path(case.name), national())
    found = "".join(f"{fault}\n" for fault in refused.value.diagnostics)
    golden = case.with_suffix(".txt")
    if rewrite_golden:
        golden.write_text(found, "utf-8")

    assert golden.read_text("utf-8") == found


def test_a_map_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """None there, or a folder."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InvalidRules) as refused:
            read_map(path, national())
        (fault,) = refused.value.diagnostics
        assert fault.code == "unreadable"
        assert "--propose" in fault.help


def test_a_map_in_order_says_where_each_thing_stands(tmp_path: Path) -> None:
    """What is no key stands where the nearest one does."""
    file = read(tmp_path, MAP)

    assert file.tracker.states["3"]["Certified"] == "self_certified"
    assert file.tracker.levels["N/A"] is None
    assert (file.span("columns", "owner").line, file.span("columns", "none").line) == (10, 3)


def test_the_fixed_parts_may_be_filled_in(tmp_path: Path) -> None:
    """So a draft whose force and keeper are said elsewhere needs no edit."""
    (tmp_path / "map.yaml").write_text(
        MAP.replace("force: wmp, actor: liaison-1", "force: unsure, actor: unsure"), "utf-8"
    )
    fill = {"force": "kent", "actor": "clerk", "prefix": "K-"}

    fixed = read_map(tmp_path / "map.yaml", national(), fill=fill).tracker.fixed

    assert (fixed.force, fixed.actor, fixed.prefix) == ("kent", "clerk", "K-")
    with pytest.raises(InvalidRequest, match="did you mean `force`"):
        read_map(tmp_path / "map.yaml", national(), fill={"froce": "kent"})


def test_there_is_nothing_to_fill_where_nothing_is_fixed(tmp_path: Path) -> None:
    """The missing part is told as ever."""
    (tmp_path / "map.yaml").write_text("tracker: ours\ncolumns: {record: Ref}\n", "utf-8")
    with pytest.raises(InvalidRules, match="the key `fixed` is missing"):
        read_map(tmp_path / "map.yaml", national(), fill={"force": "wmp"})


@pytest.mark.parametrize("path", sorted(GIVEN.glob("*.map.yaml")), ids=lambda path: path.name)
def test_a_draft_follows_the_schema_that_editors_read(path: Path) -> None:
    """An editor marks nothing in it; it does mark a level that is none."""
    plain = json_from_node(read_node(path.read_text("utf-8"), "map.yaml"))
    validator = Draft202012Validator(tracker_schema())

    assert list(validator.iter_errors(plain)) == []
    plain["levels"] = {"L2": 9}
    assert list(validator.iter_errors(plain))


def test_the_published_schema_is_the_generated_one(*, rewrite_golden: bool) -> None:
    """Nobody edits it by hand."""
    path = Path(__file__).parents[2] / "rules/tracker.schema.json"
    schema = json.dumps(tracker_schema(), indent=2, ensure_ascii=False) + "\n"
    if rewrite_golden:
        path.write_text(schema, "utf-8")

    assert path.read_text("utf-8") == schema


def test_a_sheet_of_one_category_and_level_needs_no_columns_for_them(
    bring: Import, register: Register
) -> None:
    """They are fixed."""
    text = MAP.replace("inspectorate: hmicfrs}", "category: afi, level: 3}")
    text = text.replace("  category: Type\n  level: Level\n", "")
    text = text.replace("categories: {AFI: afi, Rec: recommendation, CoC: cause_of_concern}\n", "")
    text = text.replace("  none: {Not started: open, Doing: in_progress, Done: closed}\n", "")
    said = {name: value for name, value in row().items() if name not in {"Type", "Level"}}

    assert bring(said, map_text=text).faults == ()
    record = register.record("F-1")
    assert (record.category, record.level) == ("afi", 3)
