"""Check what is asked for before rules judge it: names, texts, dates, declared fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from peelflow.engine.counting import last_day
from peelflow.errors import RequestRefused
from peelflow.model.records import Value
from peelflow.model.requirements import one_of
from peelflow.model.rules import Category, FieldRule
from peelflow.proof.names import suggestion
from peelflow.register.holidays import holidays_for

Given = str | date | Sequence[str]
LONGEST_ID = 200
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def day_of(text: str) -> date | None:
    """Return the day that a text like 2023-03-30 names, None when it names none."""
    try:
        return date.fromisoformat(text) if re.fullmatch(DAY, text) else None
    except ValueError:
        return None


def checked_id(record: object) -> str:
    """Return an id that can be printed, typed and sorted; else raise RequestRefused."""
    if not isinstance(record, str):
        raise RequestRefused(f"the id {record!r}", "is no text", "use a short plain id")
    if not record.strip() or record != record.strip() or len(record) > LONGEST_ID:
        why = f"is empty, padded, or longer than {LONGEST_ID} characters"
        raise RequestRefused(f"the id {record[:40]!r}", why, "use a short plain id")
    if not record.isprintable():
        raise RequestRefused(f"the id {record!r}", "cannot be printed", "use a short plain id")
    return record


def checked_fields(
    category: Category, given: Mapping[str, Given], *, record: str
) -> Mapping[str, Value]:
    """Return the fields as they are kept, those that count from another field filled in.

    Raises:
        RequestRefused: A field is unknown, missing though required, or not of its declared type.
    """
    fields = {
        name: checked_value(category, name, value, record=record)
        for name, value in sorted(given.items())
    }
    fields |= counted_days(category, fields, record=record)
    for name, rule in category.fields.items():
        if rule.required and name not in fields:
            raise RequestRefused(
                f"{record}: the field `{name}`", "is missing", f"give it: {rule.title}"
            )
    checked_days(fields, record=record)
    return fields


def checked_value(category: Category, name: str, value: Given, *, record: str) -> Value:
    """Return one field's value as it is kept: text, an ISO date, or a tuple of texts."""
    rule = category.fields.get(name)
    what = f"{record}: the field `{name}`"
    if rule is None:
        instead = suggestion(name, category.fields)
        raise RequestRefused(what, "is not declared for its category", instead)
    if rule.type == "list":
        return _checked_list(rule, value, what=what)
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or not value.strip():
        raise RequestRefused(what, "is no text, or empty", f"give a text: {rule.title}")
    return _checked_text(rule, value, what=what)


def counted_days(
    category: Category, fields: Mapping[str, Value], *, record: str
) -> Mapping[str, str]:
    """Return the days that count from what `fields` say, for the fields that say none themselves.

    Raises:
        RequestRefused: Such a day cannot be counted.
    """
    return {
        name: day
        for name, rule in category.fields.items()
        if name not in fields and (day := counted_day(rule, name, fields, record=record))
    }


def counted_day(
    rule: FieldRule, name: str, fields: Mapping[str, Value], *, record: str
) -> str | None:
    """Return the day a field counts from what `fields` say, None where nothing is to count.

    Raises:
        RequestRefused: It lies beyond the calendar, or beyond the known bank holidays.
    """
    counted = rule.counts_from
    start = fields.get(counted.field) if counted else None
    if counted is None or not isinstance(start, str):
        return None
    day = last_day(date.fromisoformat(start), counted, holidays_for(counted))
    if isinstance(day, date):
        return day.isoformat()
    instead = (
        "give the day itself" if counted.working_days else f"give an earlier `{counted.field}`"
    )
    raise RequestRefused(f"{record}: the field `{name}`", day.why, instead)


def is_counted(rule: FieldRule, name: str, fields: Mapping[str, Value]) -> bool:
    """Whether a field says the day that it counts; nothing, where there is nothing to count.

    One that cannot be counted was set by somebody.
    """
    try:
        return fields.get(name) == counted_day(rule, name, fields, record="")
    except RequestRefused:
        return False


def checked_days(fields: Mapping[str, Value], *, record: str) -> None:
    """Refuse a last day that lies before the first day."""
    first, last = fields.get("first_day"), fields.get("last_day")
    if isinstance(first, str) and isinstance(last, str) and last < first:
        raise RequestRefused(
            f"{record}: the last day {last}",
            f"lies before the first day {first}",
            "give a last day on or after it",
        )


def _checked_text(rule: FieldRule, value: str, *, what: str) -> str:
    if rule.type == "choice" and value not in rule.choices:
        raise RequestRefused(what, f"is {value!r}", f"use {one_of(rule.choices)}")
    if rule.type == "date" and day_of(value) is None:
        raise RequestRefused(what, f"is {value!r}, which is no date", "write it as 2023-03-30")
    return value


def _checked_list(rule: FieldRule, value: Given, *, what: str) -> tuple[str, ...]:
    if isinstance(value, (str, date)) or not all(map(_is_text, value)):
        raise RequestRefused(what, "is no list of texts", "give a list, such as ['7.2']")
    for item in value:
        if rule.choices and item not in rule.choices:
            raise RequestRefused(what, f"has the item {item!r}", f"use {one_of(rule.choices)}")
    return tuple(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
