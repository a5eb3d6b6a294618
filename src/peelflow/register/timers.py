"""Compute the days by which records are due, and take the timed transitions that are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from attrs import evolve, frozen

from peelflow.engine.calendar import NO_PUBLICATION, UndeterminedDay, due_day
from peelflow.engine.fold import as_corrected
from peelflow.errors import Conflict, Refused
from peelflow.model.decisions import Act
from peelflow.model.records import PEELFLOW, Actor, Added, Amended, Event, Record, TakenOver, Value
from peelflow.model.rules import Category, Lifecycle, Transition
from peelflow.register.context import known_holidays
from peelflow.register.validation import check_not_future, check_text, is_counted, iso_date
from peelflow.stores.base import RecordQuery, chunked

if TYPE_CHECKING:
    from peelflow.register.session import Session


BATCH = 100
DueTransition = tuple[date | None, Transition]


@frozen
class PendingTimer:
    """A timed transition that is due and was not taken: on what record, since when, and why.

    `due` is None where nobody can tell whether it is due, as bank holidays are not known.
    """

    record: str
    trigger: str
    due: date | None
    why: str


@frozen
class TickResult:
    """What a tick did on a day.

    Attributes:
        on: The day it is dated.
        fired: The events of the timed transitions, each with the day it fell `due`.
        left: What is due and waits for something else, such as a document; it is tried again.
        passed_over: Records that another writer moved meanwhile; the next tick sees to them.
    """

    on: date
    fired: tuple[Event, ...] = ()
    left: tuple[PendingTimer, ...] = ()
    passed_over: tuple[str, ...] = ()


def tick(new_draft: Callable[[], Session], on: date) -> TickResult:
    """Take every timed transition that is due on a day, in batches; see `Register.tick`."""
    first = new_draft()
    check_not_future(first, on, "the tick")
    done = TickResult(on)
    for batch in chunked(_records_due(first, on), BATCH):
        for some in _tick_batch(new_draft, tuple(batch), on):
            done = _merged(done, some)
    return done


def _records_due(draft: Session, on: date) -> Iterator[str]:
    """Yield the records of which a timed transition is due, read before anything is written."""
    records = draft.desk.store.records(RecordQuery())
    yield from [each.id for each in records if any(_due_transitions(draft, each, on))]


def _tick_batch(
    new_draft: Callable[[], Session], batch: tuple[str, ...], on: date
) -> Iterable[TickResult]:
    """Tick a batch of records; one by one where another writer moved any of them."""
    try:
        return [_tick_records(new_draft(), batch, on)]
    except Conflict:
        return [_tick_single(new_draft(), record, on) for record in batch]


def _tick_single(draft: Session, record: str, on: date) -> TickResult:
    try:
        return _tick_records(draft, (record,), on)
    except Conflict as moved:
        if moved.transaction_lost:
            raise
        return TickResult(on, passed_over=(record,))


def _tick_records(draft: Session, batch: tuple[str, ...], on: date) -> TickResult:
    done = TickResult(on)
    draft.look_up(batch)
    for record in batch:
        done = _merged(done, _tick_record(draft, record, on))
    draft.commit()
    return done


def _tick_record(draft: Session, record: str, on: date) -> TickResult:
    """Take what is due of one record, then what is due of the state it enters, each state once."""
    fired: list[Event] = []
    left: list[PendingTimer] = []
    seen: set[str] = set()
    while (now := draft.get(record)).state not in seen:
        seen.add(now.state)
        for due, rule in sorted(_due_transitions(draft, now, on), key=_due_order):
            act = Act(rule.trigger, PEELFLOW, on, PEELFLOW.person)
            try:
                with draft.step():
                    fired.append(draft.act(now, act))
                break
            except Refused as refused:
                left.append(PendingTimer(record, rule.trigger, due, str(refused)))
    return TickResult(on, tuple(fired), tuple(left))


def _due_transitions(draft: Session, record: Record, on: date) -> Iterator[DueTransition]:
    """Yield the timed transitions that are due, or of which nobody can tell."""
    for rule in draft.lifecycle(record).states[record.state].transitions:
        if rule.after is None or record.on > on:
            continue
        holidays = known_holidays() if rule.after.working_days else None
        due = due_day(rule.after, record, holidays)
        if isinstance(due, UndeterminedDay):
            if due.not_by < on:
                yield None, rule
        elif due is not None and due <= on:
            yield due, rule


def _due_order(each: DueTransition) -> tuple[date, str]:
    return each[0] or date.max, each[1].trigger


def _merged(done: TickResult, more: TickResult) -> TickResult:
    return TickResult(
        done.on,
        (*done.fired, *more.fired),
        (*done.left, *more.left),
        (*done.passed_over, *more.passed_over),
    )


DUE_FIELD = "due"
DUE_WORDS_FIELD = "due_words"
Origin = Literal["field", "rule", "none"]


@frozen
class DeadlineChange:
    """One change of a deadline: to what day (None: taken away), why, who decided, who typed."""

    day: date | None
    on: date
    reason: str | None
    actor: Actor
    recorded_by: str


@frozen
class StateDeadline:
    """By when a record is to leave the state it stands in; `why` there is no day, if there is none.

    It has no effect on what may be done.
    """

    state: str
    day: date | None
    why: str | None = None


@frozen
class Deadline:
    """When a record is due, as its history says, and by when it is to leave its state.

    Attributes:
        original: The first day it ever had; None where it never had one.
        slips: Every later change, in order.
        current: The day it has now; None where it has none.
        origin: Where the current day comes from: a `field` somebody set, a `rule` that counts it
            from another date, or `none`.
        words: The deadline as its report words it, where nobody has made it a day.
        state: By when its state is to be left; None where the rules that are loaded do not say.
    """

    original: date | None
    slips: tuple[DeadlineChange, ...]
    current: date | None
    origin: Origin
    words: str | None
    state: StateDeadline | None = None


class Deadlines(ABC):
    """deadline, tick: what falls due, and what time itself does."""

    @abstractmethod
    def draft(self) -> Session:
        """Return an empty draft."""

    def deadline(self, record: str) -> Deadline:
        """Return a record's deadline: the original day, every revised one, and the current.

        Raises:
            UnknownRecord: No record has this id.
        """
        check_text(record, "the record's id")
        draft = self.draft()
        known, history = draft.get(record), draft.history(record)
        found = deadline_of(history, draft.rulebook.vocabulary.categories)
        return evolve(found, state=state_deadline(draft.lifecycle(known), known))

    def tick(self, *, on: date) -> TickResult:
        """Take every timed system transition that is due on a day, dated that day.

        Each is taken once an entry of its state, from however many workers tick: a record that
        somebody else moves meanwhile is passed over. Its event keeps the day it fell due. Untimed
        transitions that follow are of the same batch.

        Raises:
            InvalidRequest: The day lies in the future.
        """
        # Only who ticks pays for loading what ticks.
        ticked: Callable[..., TickResult] = import_module("peelflow.register.timers").tick
        return ticked(self.draft, on)


def state_deadline(rules: Lifecycle, record: Record) -> StateDeadline | None:
    """Return by when a record is to leave the state it stands in, None where no rule says."""
    due = rules.states[record.state].due
    if due is None:
        return None
    day = due_day(due, record, known_holidays() if due.working_days is not None else None)
    if isinstance(day, date):
        return StateDeadline(record.state, day)
    return StateDeadline(record.state, None, f"it {day.why}" if day else NO_PUBLICATION)


def current_day(record: Record) -> date | None:
    """Return the day a record is due: what `deadline_of` its history calls `current`."""
    return _date_value(record.fields.get(DUE_FIELD))


def deadline_of(history: Iterable[Event], categories: Mapping[str, Category]) -> Deadline:
    """Return the deadline that a history tells; what was corrected is read as corrected."""
    category, fields, original = "", dict[str, Value](), None
    slips: list[DeadlineChange] = []
    for event in as_corrected(history):
        what = event.what
        if isinstance(what, (Added, TakenOver)):
            category, fields = what.category, dict(what.fields)
            original = _date_value(fields.get(DUE_FIELD))
        elif isinstance(what, Amended):
            fields = {k: v for k, v in fields.items() if k != what.field}
            if what.new is not None:
                fields[what.field] = what.new
            if what.field == DUE_FIELD and original is None:
                original = _date_value(what.new)
            elif what.field == DUE_FIELD:
                day = _date_value(what.new)
                slips.append(
                    DeadlineChange(day, event.on, event.reason, event.actor, event.recorded_by)
                )
    words = fields.get(DUE_WORDS_FIELD)
    return Deadline(
        original=original,
        slips=tuple(slips),
        current=_date_value(fields.get(DUE_FIELD)),
        origin=_origin(categories.get(category), fields),
        words=words if isinstance(words, str) else None,
    )


def _date_value(value: Value | None) -> date | None:
    return iso_date(value) if isinstance(value, str) else None


def _origin(category: Category | None, fields: Mapping[str, Value]) -> Origin:
    if DUE_FIELD not in fields:
        return "none"
    rule = category.fields.get(DUE_FIELD) if category else None
    return "rule" if rule and is_counted(rule, DUE_FIELD, fields) else "field"
