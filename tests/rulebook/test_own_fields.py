"""A force's own fields beside the national ones, and the choices that question sets give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.decisions import Refused
from peelflow.model.rules import FieldRule
from peelflow.register.register import Register
from peelflow.rulebook.national import load, national, shipped_folder
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import FORCE, LIAISON, START, clock

OWN = shipped_folder("examples") / "custom_rules" / "own_fields"


def written(folder: Path, text: str) -> Rulebook:
    """Load a vocabulary on top of the national rules."""
    path = folder / "own.yaml"
    path.write_text(text, "utf-8")
    return load(path)


def test_a_force_adds_fields_to_national_categories() -> None:
    """The national fields stay as they are, and the rules of the records with them."""
    before = national().vocabulary.categories["recommendation"]
    after = load(OWN).vocabulary.categories["recommendation"]
    assert set(after.fields) - set(before.fields) == {
        "rag",
        "board",
        "plan_agreed",
        "plan_review",
        "departments",
    }
    assert {name: after.fields[name] for name in before.fields} == before.fields
    assert load(OWN).lifecycles == national().lifecycles
    assert (after.children, after.figures) == (before.children, before.figures)


def test_own_fields_are_checked_as_they_are_entered() -> None:
    """By the same types; a day of the force's own counts as a national one does."""
    with Register.open("memory:", rulebook=load(OWN), clock=clock) as register:
        added: dict[str, Any] = {
            "category": "recommendation",
            "level": 2,
            "force": FORCE,
            "issued": START,
        }
        said = {"rag": "amber", "plan_agreed": "2023-03-20"}
        register.add("R-1", **added, fields=said, actor=LIAISON)
        assert register.record("R-1").fields["plan_review"] == "2023-06-19"
        with pytest.raises(InvalidRequest, match="use `red`, `amber` or `green`"):
            register.add("R-2", **added, fields={"rag": "blue"}, actor=LIAISON)


def test_a_national_field_cannot_be_redefined(tmp_path: Path) -> None:
    """Records of every force mean the same by it."""
    with pytest.raises(InvalidRules) as refused:
        written(
            tmp_path,
            "vocabulary: own\nfields: {afi: {owner: {type: text, title: Owner}}}\n",
        )
    (fault,) = refused.value.diagnostics
    assert (fault.code, fault.span.line) == ("redefined", 2)
    assert "the field `owner` has its meaning already" in str(fault)


def test_two_vocabularies_do_not_add_the_same_field(tmp_path: Path) -> None:
    """The second would give it another meaning."""
    base = written(tmp_path, "vocabulary: own\nfields: {afi: {rag: {type: text, title: RAG}}}\n")
    assert base.vocabulary.categories["afi"].fields["rag"] == FieldRule("text", "RAG")
    with pytest.raises(InvalidRules) as refused:
        load(OWN, base=base)
    assert [fault.code for fault in refused.value.diagnostics] == ["redefined"]


def test_rows_of_the_figures_stay_apart_where_fields_are_added(tmp_path: Path) -> None:
    """A category that others add fields to still has an order of its own for each row."""
    text = """
vocabulary: own
categories:
  one: {title: One, figures: [{title: One, order: 20, level: none}]}
"""
    added = "fields: {one: {rag: {type: text, title: RAG}}}\n"
    for words in (text, text + added):
        with pytest.raises(InvalidRules) as refused:
            written(tmp_path, words)
        assert [fault.code for fault in refused.value.diagnostics] == ["duplicate-order"]


def test_a_field_chooses_from_a_question_set(tmp_path: Path) -> None:
    """Its numbers are choices, with those that the field lists itself."""
    own = written(
        tmp_path,
        """
vocabulary: own
question_sets:
  review: {title: Review, size: 2, questions: {"1": How good?, "2.1": How kept?}}
categories:
  answer:
    title: Answer
    fields:
      question: {type: choice, title: Question, choices_from: review, choices: [other]}
""",
    )
    rule = own.vocabulary.categories["answer"].fields["question"]
    assert rule.choices == ("1", "2.1", "other")
    assert own.vocabulary.question_sets["review"].questions["1"] == "How good?"


def test_a_step_of_the_force_may_require_an_own_field(tmp_path: Path) -> None:
    """The national file does not ask for it, so a refining one tightens."""
    level = (shipped_folder("rules") / "national" / "level-2.yaml").read_text("utf-8")
    own = (
        level.replace("lifecycle: level-2\n", "lifecycle: level-2-rated\nrefines: level-2@2\n")
        .replace("[{field: owner}]", "[{field: owner}, {field: rag}]")
        .partition("guarantees:")[0]
    )
    path = tmp_path / "level-2-rated.yaml"
    path.write_text(own, "utf-8")
    rulebook = load(path, OWN)
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        said: dict[str, Any] = {"actor": LIAISON, "on": START}
        added: dict[str, Any] = {"category": "afi", "level": 2, "force": FORCE, "issued": START}
        register.add("A-1", **added, fields={"owner": "lead"}, actor=LIAISON)
        with pytest.raises(Refused, match="the field `rag` is not set"):
            register.fire("A-1", "start", **said)
        register.amend("A-1", "rag", "green", **said, reason="rated")
        register.fire("A-1", "start", **said)
        assert str(register.record("A-1").lifecycle) == "level-2-rated@2"
