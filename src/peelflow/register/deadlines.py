"""Deadlines: when a record is due, from its history alone; and the tick that time itself makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from attrs import evolve, frozen

from peelflow.engine.fold import as_corrected
from peelflow.engine.lapse import NO_PUBLICATION, due_day
from peelflow.model.records import Actor, Added, Amended, Event, Record, TakenOver, Value
from peelflow.model.rules import Category, Lifecycle
from peelflow.register.asking import check_text
from peelflow.register.fields import day_of, is_counted
from peelflow.register.holidays import known_holidays

if TYPE_CHECKING:
    from collections.abc import Callable

    from peelflow.register.draft import Draft
    from peelflow.register.ticking import Ticked

DUE = "due"
WORDS = "due_words"
Origin = Literal["field", "rule", "none"]


@frozen
class Slip:
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
    slips: tuple[Slip, ...]
    current: date | None
    origin: Origin
    words: str | None
    state: StateDeadline | None = None


class Deadlines(ABC):
    """deadline, tick: what falls due, and what time itself does."""

    @abstractmethod
    def draft(self) -> Draft:
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

    def tick(self, *, on: date) -> Ticked:
        """Take every timed system transition that is due on a day, dated that day.

        Each is taken once an entry of its state, from however many workers tick: a record that
        somebody else moves meanwhile is passed over. Its event keeps the day it fell due. Untimed
        transitions that follow are of the same batch.

        Raises:
            RequestRefused: The day lies in the future.
        """
        # Only who ticks pays for loading what ticks.
        ticked: Callable[..., Ticked] = import_module("peelflow.register.ticking").tick
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
    return _day(record.fields.get(DUE))


def deadline_of(history: Iterable[Event], categories: Mapping[str, Category]) -> Deadline:
    """Return the deadline that a history tells; what was corrected is read as corrected."""
    category, fields, original = "", dict[str, Value](), None
    slips: list[Slip] = []
    for event in as_corrected(history):
        what = event.what
        if isinstance(what, (Added, TakenOver)):
            category, fields = what.category, dict(what.fields)
            original = _day(fields.get(DUE))
        elif isinstance(what, Amended):
            fields = {k: v for k, v in fields.items() if k != what.field}
            if what.new is not None:
                fields[what.field] = what.new
            if what.field == DUE and original is None:
                original = _day(what.new)
            elif what.field == DUE:
                day = _day(what.new)
                slips.append(Slip(day, event.on, event.reason, event.actor, event.recorded_by))
    words = fields.get(WORDS)
    return Deadline(
        original=original,
        slips=tuple(slips),
        current=_day(fields.get(DUE)),
        origin=_origin(categories.get(category), fields),
        words=words if isinstance(words, str) else None,
    )


def _day(value: Value | None) -> date | None:
    return day_of(value) if isinstance(value, str) else None


def _origin(category: Category | None, fields: Mapping[str, Value]) -> Origin:
    if DUE not in fields:
        return "none"
    rule = category.fields.get(DUE) if category else None
    return "rule" if rule and is_counted(rule, DUE, fields) else "field"
