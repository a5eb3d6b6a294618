"""Refuse a question that its question set has not, where a category names its question set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from peelflow.errors import InvalidRequest
from peelflow.model.question_sets import QuestionSet, QuestionSets, set_in_force
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import Value
from peelflow.model.rules import Category

QUESTIONS_FIELD = "questions"
QUESTION_FIELDS = (QUESTION_FIELD, QUESTIONS_FIELD, QUESTION_SET_FIELD)
_QUESTION_NUMBER = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?)*")


def check_questions(
    sets: QuestionSets,
    category: Category,
    fields: Mapping[str, Value],
    *,
    record: str,
    day: date | None = None,
    force: str | None = None,
) -> None:
    """Refuse a question that the question set has not, where a category names its question set.

    A part of a question is of the set that the question is of: 7.2 as 7 is. Where a record is about
    a question, which its category then requires, one without a set is of the set in force.

    Args:
        sets: The question sets that the rules know.
        category: The record's category.
        fields: What the record says.
        record: Its id.
        day: The day of the record, None where it is not known yet.
        force: Its force.

    Raises:
        InvalidRequest: A question is no number, or none of its set.
    """
    if QUESTION_SET_FIELD not in category.fields:
        return
    name = fields.get(QUESTION_SET_FIELD)
    if name is None and day is not None and _is_about_a_question(category):
        name = set_in_force(sets, day, force)
    questions = sets.get(name) if isinstance(name, str) else None
    for field in QUESTION_FIELDS[:2]:
        given = fields.get(field, ())
        for item in (given,) if isinstance(given, str) else given:
            known = _QUESTION_NUMBER.fullmatch(item)
            if not known or not (questions is None or questions.has(item)):
                which = None if questions is None else (str(name), questions)
                raise _no_question(record, field, given, item, which)


def _is_about_a_question(category: Category) -> bool:
    rule = category.fields.get(QUESTION_FIELD)
    return rule is not None and rule.required


def _no_question(
    record: str, field: str, given: Value, item: str, which: tuple[str, QuestionSet] | None
) -> InvalidRequest:
    why = f"is {item!r}" if isinstance(given, str) else f"has the item {item!r}"
    instead = "write a question's number, such as 7"
    if which is not None:
        name, questions = which
        why = f"{why}, which {name} has not"
        if questions.size is not None:
            instead = f"write a number from 1 to {questions.size}"
    if field == QUESTIONS_FIELD:
        instead += "; part the items with `;`"
    return InvalidRequest(f"{record}: the field `{field}`", why, instead)
