"""Compute the days by which records are due, and take the timed transitions that are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from peelflow.engine.calendar import UndeterminedDay, due_day
from peelflow.errors import Conflict
from peelflow.model.decisions import Refused
from peelflow.model.records import Event, Record
from peelflow.model.rules import Lifecycle, Transition
from peelflow.register.commands import act_on
from peelflow.register.context import system_act
from peelflow.register.holidays import known_holidays
from peelflow.register.session import Session
from peelflow.register.validation import check_not_future
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
