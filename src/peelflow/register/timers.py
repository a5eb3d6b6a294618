"""Compute the days by which records are due, and take the timed transitions that are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Literal

from attrs import evolve

from peelflow.engine.calendar import NO_PUBLICATION, UndeterminedDay, due_day
from peelflow.engine.fold import as_corrected
from peelflow.errors import Conflict
from peelflow.model.date_spans import DateSpan, read_span
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Added, Amended, Event, Record, TakenOver, Value
from peelflow.model.rules import Category, Lifecycle, Transition
from peelflow.register.commands import act_on
from peelflow.register.context import known_holidays, system_act
from peelflow.register.session import Session
from peelflow.register.validation import check_not_future, check_text, is_counted
from peelflow.results import Result, frozen
from peelflow.stores.base import RecordQuery, chunked

TICKED_AT_ONCE = 100
DueTransition = tuple[date | None, Transition]


@frozen
class PendingTimer(Result):
    """A timed transition that is due and was not taken: on what record, since when, and why.

    `due` is None where nobody can tell whether it is due, as bank holidays are not known.
    """

    record: str
    trigger: str
    due: date | None
    why: str


@frozen
class TickResult(Result):
    """What a tick did on a day.

    Attributes:
        on: The day it is dated.
        fired: The events of the timed transitions, each with the day it fell `due`.
        pending: What is due and waits for something else, such as a document; it is tried again.
        passed_over: Records that another writer moved meanwhile; the next tick sees to them.
    """

    on: date
    fired: tuple[Event, ...] = ()
    pending: tuple[PendingTimer, ...] = ()
    passed_over: tuple[str, ...] = ()


def tick(begin: Callable[[], Session], on: date | None) -> TickResult:
    """Take every timed transition that is due on a day, in batches; see `Register.tick`."""
    session = begin()
    day = session.today if on is None else on
    check_not_future(session, day, "the tick")
    result = TickResult(day)
    for ids in chunked(_records_due(session, day), TICKED_AT_ONCE):
        for part in _tick_batch(begin, tuple(ids), day):
            result = _merged(result, part)
    return result


def _records_due(session: Session, on: date) -> Iterator[str]:
    """Yield the records of which a timed transition is due, read before anything is written."""
    records = session.services.store.records(RecordQuery())
    acted_on = (each for each in records if session.scope in (None, *each.acting_forces))
    yield from [each.id for each in acted_on if any(_due_transitions(session, each, on))]


def _tick_batch(
    begin: Callable[[], Session], ids: tuple[str, ...], on: date
) -> Iterable[TickResult]:
    """Tick a batch of records; one by one where another writer moved any of them."""
    try:
        return [_tick_records(begin(), ids, on)]
    except Conflict:
        return [_tick_single(begin(), record, on) for record in ids]


def _tick_single(session: Session, record: str, on: date) -> TickResult:
    try:
        return _tick_records(session, (record,), on)
    except Conflict as conflict:
        if conflict.transaction_lost:
            raise
        return TickResult(on, passed_over=(record,))


def _tick_records(session: Session, ids: tuple[str, ...], on: date) -> TickResult:
    result = TickResult(on)
    session.read(ids)
    for record in ids:
        result = _merged(result, _tick_record(session, record, on))
    session.commit()
    return result


def _tick_record(session: Session, name: str, on: date) -> TickResult:
    """Take what is due of one record, then what is due of the state it enters, each state once."""
    result = TickResult(on)
    entered: set[str] = set()
    while (record := session.get(name)).state not in entered:
        entered.add(record.state)
        result = _merged(result, _tick_state(session, record, on))
    return result


def _tick_state(session: Session, record: Record, on: date) -> TickResult:
    """Take the first transition that is due of a record's state and that its rules let happen."""
    pending: list[PendingTimer] = []
    for due, rule in sorted(_due_transitions(session, record, on), key=_due_order):
        try:
            with session.savepoint():
                event = act_on(session, record, system_act(rule.trigger, on))
        except Refused as refused:
            pending.append(PendingTimer(record.id, rule.trigger, due, str(refused)))
        else:
            return TickResult(on, (event,), tuple(pending))
    return TickResult(on, pending=tuple(pending))


def _due_transitions(session: Session, record: Record, on: date) -> Iterator[DueTransition]:
    """Yield the timed transitions that are due, or of which nobody can tell."""
    rules = session.lifecycle(record)
    for rule in rules.states[record.state].transitions:
        if (
            rule.after is None
            or record.withdrawn
            or record.on > on
            or _is_reminded(rules, record, rule)
        ):
            continue
        holidays = known_holidays() if rule.after.working_days else None
        due = due_day(rule.after, record, holidays)
        if isinstance(due, UndeterminedDay):
            if due.not_by < on:
                yield None, rule
        elif due is not None and due <= on:
            yield due, rule


def _is_reminded(rules: Lifecycle, record: Record, rule: Transition) -> bool:
    """Say whether a timed step is a reminder, which stays in its state, and was done there already.

    It is done once for each time that the record comes to the state, or it would be due for ever.
    """
    last = record.done.get(rule.trigger)
    if rule.to != record.state or last is None:
        return False
    numbers = {trigger: done.number for trigger, done in record.done.items()}
    steps = [(name, step) for name, state in rules.states.items() for step in state.transitions]
    into = [(name, step) for name, step in steps if step.to == record.state]
    stays = {
        numbers.get(step.trigger) for name, step in into if name == record.state and step.after
    }
    came = record.entered[record.state].number
    if came in stays:
        comes = (numbers.get(step.trigger, 0) for name, step in into if name != record.state)
        came = max(comes, default=0)
    return last.number >= came


def _due_order(transition: DueTransition) -> tuple[date, str]:
    return transition[0] or date.max, transition[1].trigger


def _merged(done: TickResult, more: TickResult) -> TickResult:
    return TickResult(
        done.on,
        (*done.fired, *more.fired),
        (*done.pending, *more.pending),
        (*done.passed_over, *more.passed_over),
    )


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


def recorded_deadline(session: Session, record: str) -> Deadline:
    """Return the deadline of a record as a session sees it, and by when its state is to be left.

    Args:
        session: What knows the record.
        record: Its id.

    Raises:
        UnknownRecord: No record has this id.
    """
    check_text(record, "the record's id")
    known, history = session.get(record), session.history(record)
    deadline = deadline_of(history, session.rulebook.vocabulary.categories)
    return evolve(deadline, state=state_deadline(session.lifecycle(known), known))


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
