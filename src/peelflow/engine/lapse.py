"""The lapse of time: from when it counts, and whether a period's last day has come."""

from __future__ import annotations

from datetime import date

from peelflow.engine.counting import Uncounted, last_day
from peelflow.engine.finding import HOLDS, Finding
from peelflow.model.periods import Holidays
from peelflow.model.records import Record
from peelflow.model.requirements import PUBLISHED, say_days
from peelflow.model.rules import After

NO_PUBLICATION = "no date of publication is set"


def due_day(after: After, record: Record, holidays: Holidays | None) -> date | Uncounted | None:
    """Return when a timed transition out of the record's state falls due, None if it does not."""
    start = begun(after, record, record.state)
    return last_day(start, after, holidays) if start else None


def begun(after: After, record: Record, state: str) -> date | None:
    """Return from when a timed transition out of `state` counts, None if nothing says."""
    return published(record) if after.since == PUBLISHED else record.entered[state].on


def published(record: Record) -> date | None:
    """Return the date in the field `published`, None where none is set."""
    day = record.fields.get(PUBLISHED)
    try:
        return date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return None


def passed(days: int, start: date, on: date) -> Finding:
    """Find whether so many days have passed since one day on another."""
    gone = (on - start).days
    if gone < 0:
        return f"{start}, from when to count, lies after the act's date {on}"
    return HOLDS if gone >= days else f"{gone} of {say_days(days)} passed since {start}"


def come(after: After, start: date, on: date, holidays: Holidays | None) -> Finding:
    """Find whether a period's last day has come."""
    if start > on or (after.days is not None and not after.beginning):
        return passed(after.days or 0, start, on)
    due = last_day(start, after, holidays)
    if isinstance(due, date):
        return HOLDS if due <= on else f"it falls due on {due}"
    return f"it {due.why}" if due.not_by < on else f"it does not fall due by {on}"
