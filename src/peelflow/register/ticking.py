"""Tick: take the timed system transitions that are due, once, whoever else ticks beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from attrs import frozen

from peelflow.engine.counting import Uncounted
from peelflow.engine.decide import PEELFLOW
from peelflow.engine.lapse import due_day
from peelflow.errors import Conflict, Refused
from peelflow.model.records import Act, Event, Record
from peelflow.model.rules import Transition
from peelflow.register.asking import check_day
from peelflow.register.holidays import known_holidays
from peelflow.stores.parts import parts
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.draft import Draft

BATCH = 100
Due = tuple[date | None, Transition]


@frozen
class Left:
    """A timed transition that is due and was not taken: on what record, since when, and why.

    `due` is None where nobody can tell whether it is due, as bank holidays are not known.
    """

    record: str
    trigger: str
    due: date | None
    why: str


@frozen
class Ticked:
    """What a tick did on a day.

    Attributes:
        on: The day it is dated.
        fired: The events of the timed transitions, each with the day it fell `due`.
        left: What is due and waits for something else, such as a document; it is tried again.
        passed_over: Records that another writer moved meanwhile; the next tick sees to them.
    """

    on: date
    fired: tuple[Event, ...] = ()
    left: tuple[Left, ...] = ()
    passed_over: tuple[str, ...] = ()


def tick(new_draft: Callable[[], Draft], on: date) -> Ticked:
    """Take every timed transition that is due on a day, in batches; see `Register.tick`."""
    first = new_draft()
    check_day(first, on, "the tick")
    done = Ticked(on)
    for batch in parts(_waiting(first, on), BATCH):
        for some in _tried(new_draft, tuple(batch), on):
            done = _with(done, some)
    return done


def _waiting(draft: Draft, on: date) -> Iterator[str]:
    """Yield the records of which a timed transition is due, read before anything is written."""
    records = draft.desk.store.records(Wanted())
    yield from [each.id for each in records if any(_due(draft, each, on))]


def _tried(new_draft: Callable[[], Draft], batch: tuple[str, ...], on: date) -> Iterable[Ticked]:
    """Tick a batch of records; one by one where another writer moved any of them."""
    try:
        return [_ticked(new_draft(), batch, on)]
    except Conflict:
        return [_alone(new_draft(), record, on) for record in batch]


def _alone(draft: Draft, record: str, on: date) -> Ticked:
    try:
        return _ticked(draft, (record,), on)
    except Conflict as moved:
        if moved.transaction_lost:
            raise
        return Ticked(on, passed_over=(record,))


def _ticked(draft: Draft, batch: tuple[str, ...], on: date) -> Ticked:
    done = Ticked(on)
    draft.look_up(batch)
    for record in batch:
        done = _with(done, _record_ticked(draft, record, on))
    draft.commit()
    return done


def _record_ticked(draft: Draft, record: str, on: date) -> Ticked:
    """Take what is due of one record, then what is due of the state it enters, each state once."""
    fired: list[Event] = []
    left: list[Left] = []
    seen: set[str] = set()
    while (now := draft.get(record)).state not in seen:
        seen.add(now.state)
        for due, rule in sorted(_due(draft, now, on), key=_sooner):
            act = Act(rule.trigger, PEELFLOW, on, PEELFLOW.person)
            try:
                with draft.step():
                    fired.append(draft.act(now, act))
                break
            except Refused as refused:
                left.append(Left(record, rule.trigger, due, str(refused)))
    return Ticked(on, tuple(fired), tuple(left))


def _due(draft: Draft, record: Record, on: date) -> Iterator[Due]:
    """Yield the timed transitions that are due, or of which nobody can tell."""
    for rule in draft.lifecycle(record).states[record.state].transitions:
        if rule.after is None or record.on > on:
            continue
        holidays = known_holidays() if rule.after.working_days else None
        due = due_day(rule.after, record, holidays)
        if isinstance(due, Uncounted):
            if due.not_by < on:
                yield None, rule
        elif due is not None and due <= on:
            yield due, rule


def _sooner(each: Due) -> tuple[date, str]:
    return each[0] or date.max, each[1].trigger


def _with(done: Ticked, more: Ticked) -> Ticked:
    return Ticked(
        done.on,
        (*done.fired, *more.fired),
        (*done.left, *more.left),
        (*done.passed_over, *more.passed_over),
    )
