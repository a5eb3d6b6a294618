"""Inspections: whether one that was held is such as a requirement asks for."""

from __future__ import annotations

from peelflow.engine.evidence import window_of
from peelflow.engine.finding import HOLDS, Finding
from peelflow.model.judgement import Context, Inspection
from peelflow.model.records import Act, Record
from peelflow.model.requirements import InspectionHeld


def judge_inspection(asked: InspectionHeld, record: Record, act: Act, context: Context) -> Finding:
    """Find whether the act names an inspection such as is asked for."""
    held, window = context.inspection, window_of(record, asked.since)
    if act.inspection is None:
        return "no inspection is named"
    if held is None or held.id != act.inspection:
        return f"no inspection on set days, not called off, is called {act.inspection}"
    if held.force != record.force:
        return f"{held.id} is an inspection of another force, {held.force}"
    if window is None:
        return f"`{asked.since}` was never entered"
    if asked.inspection not in ("any", held.kind):
        return f"{held.id} is a {held.kind} inspection"
    if held.first_day > act.on:
        return f"{held.id} begins on {held.first_day}, after the act's date {act.on}"
    if held.last_day < window.on:
        return f"{held.id} ended on {held.last_day}, before {window.on}, when this step began"
    return _irrelevant(record, held) if asked.relevant else HOLDS


def _irrelevant(record: Record, held: Inspection) -> Finding:
    question = record.fields.get("question")
    if not isinstance(question, str) or not question:
        return "the record has no question, so no inspection is relevant to it"
    if not of_one_set(record, held):
        own = record.fields.get("question_set")
        return f"{held.id} covers questions of {held.question_set}, and the record's is of {own}"
    if covers(held.questions, question):
        return HOLDS
    covered = ", ".join(sorted(held.questions)) or "no question"
    return f"{held.id} covers {covered}, and the record's question is {question}"


def of_one_set(record: Record, held: Inspection) -> bool:
    """Say whether both speak of the same question set, or one does not say of which."""
    own = record.fields.get("question_set")
    return not own or not held.question_set or own == held.question_set


def covers(questions: frozenset[str], question: str) -> bool:
    """Say whether an inspection of these questions covers one: 7 covers 7.2."""
    return any(question == asked or question.startswith(f"{asked}.") for asked in questions)
