"""Hold kept fields to what verbs have a record say: what it must, and days that count from others.

That is asked of national fields alone, in the words of now: no national field came to be required
since there are records of its category. Files of a force's own come and change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from peelflow.engine.fold import apply
from peelflow.engine.standing_events import RecordedEvent
from peelflow.errors import InvalidRequest
from peelflow.model.records import Added, Amended, Event, Record, TakenOver, Value
from peelflow.model.rules import FieldRule
from peelflow.register.kept_before import is_of_before
from peelflow.register.validation import check_clear, check_required, counted_day, is_counted
from peelflow.rulebook.national import national, shipped_national

History = Sequence[Event]


def check_entry_said(event: Event, entry: Added | TakenOver) -> None:
    """Refuse a beginning that does not say what each record of its category does.

    Args:
        event: What enters the record, or enters it anew.
        entry: As what it is entered.

    Raises:
        InvalidRequest: A field is missing that must be there, or a day that counts from another.
    """
    national_fields = _national_fields(entry.category)
    check_required(national_fields, entry.fields, record=event.record)
    for name, rule in _counted(national_fields):
        day = counted_day(rule, name, entry.fields, record=event.record)
        if day is not None and name not in entry.fields and not is_of_before(event):
            what = f"{event.record}: the field `{name}`"
            raise InvalidRequest(what, f"is missing, and counts to {day}", "say that day")


def check_not_cleared(event: Event, category: str, what: Amended) -> None:
    """Refuse to clear a field that must be there.

    Args:
        event: What amends it.
        category: The record's category.
        what: What it amends.

    Raises:
        InvalidRequest: It must.
    """
    rule = _national_fields(category).get(what.field)
    if rule is not None:
        check_clear(rule, what.new, f"{event.record}: the field `{what.field}`")


def each_day_left(
    history: History, steps: Callable[[], Iterable[RecordedEvent]]
) -> Iterator[tuple[Event, str]]:
    """Yield each amendment after which a day did not follow that counts from it, and why.

    Args:
        history: All events of one record.
        steps: Yields each with the record before and after it.
    """
    if not any(isinstance(event.what, Amended) for event in history):
        return
    for event, before, _ in steps():
        if isinstance(event.what, Amended) and before is not None and not is_of_before(event):
            for due in _each_due(event, event.what, before):
                if not any(_follows(later, event, due) for later in history[event.number :]):
                    why = f"its field `{due.field}` counts from it, and did not become {due.new}"
                    yield event, why


def _each_due(event: Event, what: Amended, before: Record) -> Iterator[Amended]:
    """Yield the amendments of days that come of one: of those that were counted until then."""
    counted = [
        (name, rule)
        for name, rule in _counted(_national_fields(before.category))
        if rule.counts_from is not None and rule.counts_from.field == what.field
    ]
    fields: Mapping[str, Value] = apply(before, event).fields if counted else {}
    for name, rule in counted:
        old, day = before.fields.get(name), counted_day(rule, name, fields, record=event.record)
        if is_counted(rule, name, before.fields) and day is not None and day != old:
            yield Amended(name, old, day)


def _follows(later: Event, event: Event, due: Amended) -> bool:
    """Say whether a later event says of a day what follows from an amendment, in its moment."""
    return later.what == due and later.recorded_at == event.recorded_at


def _national_fields(category: str) -> Mapping[str, FieldRule]:
    """Return the national fields of a category, as far as no change of the national rules is told.

    One that such a change has records say, or count otherwise, those of before did not.
    """
    came, holds = (
        rules.vocabulary.categories.get(category) for rules in (shipped_national(), national())
    )
    if came is None or holds is None:
        return {}
    if came is holds:
        return came.fields
    return {name: rule for name, rule in came.fields.items() if rule == holds.fields.get(name)}


def _counted(fields: Mapping[str, FieldRule]) -> Iterator[tuple[str, FieldRule]]:
    """Yield the fields that count days of the calendar: what is a holiday may be told anew."""
    for name, rule in fields.items():
        if rule.counts_from is not None and not rule.counts_from.working_days:
            yield name, rule
