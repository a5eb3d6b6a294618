"""docs/rules.md lists what a rule file can hold: all of it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from attrs import evolve

from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.requirements import BARE, HEADED
from peelflow.model.rules import (
    FieldRule,
    FieldType,
    Lifecycle,
    MigrationPlan,
    State,
    Transition,
    Vocabulary,
)
from peelflow.reports.lifecycle_page import page_of
from peelflow.rulebook.national import national
from peelflow.rulebook.schema import GUARANTEE_FORMS, MAPPING_SCHEMAS, RESERVED
from peelflow.rulebook.structure import rule_file_of
from peelflow.rulebook.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_node
from tests.rulebook.edits import PLAIN
from tests.rulebook.test_schema import placed

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
SECTIONS = {
    "A lifecycle": Lifecycle,
    "States": State,
    "Transitions": Transition,
    "A vocabulary": Vocabulary,
    "A question set": QuestionSetFile,
    "A migration": MigrationPlan,
}


def _section(title: str) -> str:
    _, _, after = re.split(rf"^#+ ({title})$", PAGE, maxsplit=1, flags=re.MULTILINE)
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def _rows(title: str) -> list[str]:
    first = re.findall(r"^\| (.+?) \|", _section(title), re.MULTILINE)
    return [cell.strip("`") for cell in first[1:]]


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items(), ids=str)
def test_every_key_has_its_row(title: str, kind: type) -> None:
    """The keys of each kind of mapping are those that the reader knows, and no others."""
    head = {"vocabulary"} if kind is Vocabulary else set()
    assert MAPPING_SCHEMAS[kind].keys.keys() - head == set(_rows(title))


def test_every_key_and_type_of_a_field_has_its_row() -> None:
    """The first table lists the keys of a field, the second its types."""
    keys, types = _section("Fields").split("| type |")
    assert MAPPING_SCHEMAS[FieldRule].keys.keys() == set(
        re.findall(r"^\| `(\w+)`", keys, re.MULTILINE)
    )
    assert set(get_args(FieldType)) == set(re.findall(r"^\| `(\w+)`", types, re.MULTILINE))


def _sentenced(that: str) -> None:
    plain = {**PLAIN["level-3"], "guarantees": [{"that": that, "because": "it is said"}]}
    rule_file_of(placed(plain))


def test_every_requirement_has_its_row_and_reads() -> None:
    """What the page tells people to write is what can be read."""
    written = [read_node(row, "page") for row in _rows("Requirements") if row not in BARE]
    heads = {next(iter(getattr(node, "entries", {}))) for node in written}
    assert set(HEADED) == heads
    assert set(BARE) <= set(_rows("Requirements"))
    for row in _rows("Requirements"):
        _sentenced(f"x is never entered without {row}")


def test_every_form_of_a_guarantee_has_its_row_and_reads() -> None:
    """What the page tells people to promise is what can be read."""
    rows = _rows("Guarantees")
    assert len(rows) == len(GUARANTEE_FORMS)
    for row in rows:
        _sentenced(re.sub(r"\b[XYSTU]\b", lambda found: found.group().lower() + "_", row))


def test_the_page_names_the_words_that_are_no_names() -> None:
    """All of them, in the sentence that says so."""
    sentence = next(line for line in re.split(r"\. |\n\n", PAGE) if line.endswith("are no names."))
    assert set(RESERVED) == set(re.findall(r"`(\w+)`", sentence))


def test_the_page_names_the_bounds() -> None:
    """How large a file may be is no surprise."""
    assert f"a megabyte, {MAX_NODES:,} values and {MAX_DEPTH} levels of depth" in PAGE
    assert MAX_BYTES == 1 << 20


def test_rules_that_guarantee_nothing_have_no_heading_for_it() -> None:
    """A heading over nothing is read aloud, too."""
    lifecycle = national().lifecycles[0]
    assert "\n## Guarantees\n" in page_of(lifecycle)
    assert "Guarantees" not in page_of(evolve(lifecycle, guarantees=()))
