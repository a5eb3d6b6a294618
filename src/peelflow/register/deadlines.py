"""Tell by which day a record is due, as its history says, and by which it is to leave its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from peelflow.engine.calendar import NO_PUBLICATION, due_day
from peelflow.engine.fold import as_corrected
from peelflow.model.date_spans import DateSpan, read_span
from peelflow.model.records import Actor, Added, Amended, Event, Record, TakenOver, Value
from peelflow.model.rules import Category, Lifecycle
from peelflow.register.holidays import known_holidays
from peelflow.register.validation import is_counted
from peelflow.results import Result, frozen

DUE_FIELD = "due"
DUE_WORDS_FIELD = "due_words"
Origin = Literal["field", "rule", "none"]


@frozen
class DeadlineChange(Result):
    """One change of a deadline: to what day (None: taken away), why, who decided, who typed.

    `as_known` is what is known of a day that is not known itself.
    """

    day: date | None
    on: date
    reason: str | None
    actor: Actor
    recorded_by: str
    as_known: str | None = None


@frozen
class StateDeadline(Result):
    """By when a record is to leave the state it stands in; `why` there is no day, if there is none.

    It has no effect on what may be done.
    """

    state: str
    day: date | None
    why: str | None = None


@frozen
class Deadline(Result):
    """When a record is due, as its history says, and by when it is to leave its state.

    Attributes:
        original: The first day it ever had; None where it never had one.
        changes: Every later change, in order.
        current: The day it has now; None where it has none.
        origin: Where the current day comes from: a `field` somebody set, a `rule` that counts it
            from another date, or `none`.
        words: The deadline as its report words it, where nobody has made it a day.
        state: By when its state is to be left; None where the rules that are loaded do not say.
        original_as_known: The original month, quarter or year, where the day was not known.
        as_known: The current one.
    """

    original: date | None
    changes: tuple[DeadlineChange, ...]
    current: date | None
    origin: Origin
    words: str | None
    state: StateDeadline | None = None
    original_as_known: str | None = None
    as_known: str | None = None


def state_deadline(rules: Lifecycle, record: Record) -> StateDeadline | None:
    """Return by when a record is to leave the state it stands in, None where no rule says."""
    due = rules.states[record.state].due
    if due is None:
        return None
    day = due_day(due, record, known_holidays() if due.working_days is not None else None)
    if isinstance(day, date):
        return StateDeadline(record.state, day)
    return StateDeadline(record.state, None, f"it {day.why}" if day else NO_PUBLICATION)


def due_span(record: Record) -> DateSpan | None:
    """Return the days by which a record may be due: one, where the day itself is known."""
    return _span_of(record.fields.get(DUE_FIELD))


def deadline_of(history: Iterable[Event], categories: Mapping[str, Category]) -> Deadline:
    """Return the deadline that a history tells; what was corrected is read as corrected."""
    category, fields, original = "", dict[str, Value](), _span_of(None)
    changes: list[DeadlineChange] = []
    for event in as_corrected(history):
        what = event.what
        if isinstance(what, (Added, TakenOver)):
            category, fields = what.category, dict(what.fields)
            original = _span_of(fields.get(DUE_FIELD))
        elif isinstance(what, Amended):
            fields = {k: v for k, v in fields.items() if k != what.field}
            if what.new is not None:
                fields[what.field] = what.new
            if what.field == DUE_FIELD and original is None:
                original = _span_of(what.new)
            elif what.field == DUE_FIELD:
                day, known = _parts_of(_span_of(what.new))
                by = (event.actor, event.recorded_by)
                changes.append(DeadlineChange(day, event.on, event.reason, *by, known))
    words = fields.get(DUE_WORDS_FIELD)
    first_day, first_known = _parts_of(original)
    day, known = _parts_of(_span_of(fields.get(DUE_FIELD)))
    return Deadline(
        original=first_day,
        changes=tuple(changes),
        current=day,
        origin=_origin(categories.get(category), fields),
        words=words if isinstance(words, str) else None,
        original_as_known=first_known,
        as_known=known,
    )


def _span_of(value: Value | None) -> DateSpan | None:
    return read_span(value) if isinstance(value, str) else None


def _parts_of(span: DateSpan | None) -> tuple[date | None, str | None]:
    """Return a date as a day, or else as it is known."""
    if span is None:
        return None, None
    return (span.last, None) if span.is_day else (None, span.text)


def _origin(category: Category | None, fields: Mapping[str, Value]) -> Origin:
    if DUE_FIELD not in fields:
        return "none"
    rule = category.fields.get(DUE_FIELD) if category else None
    return "rule" if rule and is_counted(rule, DUE_FIELD, fields) else "field"
