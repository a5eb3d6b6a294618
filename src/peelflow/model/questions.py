"""Tell which question a record answers, and of which question set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peelflow.model.question_sets import QuestionSets, set_in_force
from peelflow.model.records import Record

if TYPE_CHECKING:
    from peelflow.model.decisions import Inspection

QUESTION_FIELD = "question"
QUESTION_SET_FIELD = "question_set"


def question_of(record: Record) -> str | None:
    """Return the question of the framework that a record answers, None where it has none."""
    question = record.fields.get(QUESTION_FIELD)
    return question if isinstance(question, str) and question else None


def question_set_of(record: Record, sets: QuestionSets) -> str | None:
    """Return the set that a record's question is of: that in force on its day, unless it says."""
    named = record.fields.get(QUESTION_SET_FIELD)
    if isinstance(named, str) and named:
        return named
    return set_in_force(sets, record.issued, record.force)


def inspected_set(inspection: Inspection, sets: QuestionSets) -> str | None:
    """Return the set that an inspection's questions are of: that on its first day, unless said."""
    return inspection.question_set or set_in_force(sets, inspection.first_day, inspection.force)
