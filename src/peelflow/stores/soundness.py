"""Hold what is kept to what a verb could have written: its words, its days, its moves and figures.

A chain that fits says that nobody changed an event since the chain was made. Whoever makes a chain
anew can write anything into it; what no verb writes is told here, under the rules kept beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from attrs import evolve, field

from peelflow.engine.calendar import day_in_london
from peelflow.engine.fold import (
    as_corrected,
    changes_of_event,
    event_corrected,
    fold,
    is_step_at_once,
    steps_after_re_entry,
)
from peelflow.engine.standing_events import RecordedEvent, StandingEvents, each_as_recorded
from peelflow.errors import InvalidRequest
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    Change,
    ChildLinked,
    Corrected,
    Document,
    Event,
    MadeJoint,
    Migrated,
    Noted,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import Lifecycle, Pin
from peelflow.results import define
from peelflow.rulebook.canonical import restore
from peelflow.stores.base import PinKey, is_sha256
from peelflow.texts import first_unseen, is_blank

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""The years in which something can be recorded: a clock outside of them is wrong."""


class Fault(NamedTuple):
    """What is wrong with an event: its code, and a sentence."""

    code: str
    sentence: str


def is_lawful_moment(moment: datetime) -> bool:
    """Return whether a clock that tells this moment may be right."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def event_faults(event: Event) -> Iterator[Fault]:
    """Yield what of an event no verb writes, whatever the rules: its words and its days."""
    return iter(()) if _is_plain_step(event) else _each_event_fault(event)


def _is_plain_step(event: Event) -> bool:
    """Say whether an event is a step like most, with nothing but names and days that are sound."""
    what, actor = event.what, event.actor
    if type(what) is not TransitionTaken or what.evidence or event.key is not None:
        return False
    names = event.record, actor.person, actor.role, event.recorded_by
    if any(map(_name_fault, names)):
        return False
    day = _lawful_day(event.recorded_at)
    return day is not None and event.on <= day


def _each_event_fault(event: Event) -> Iterator[Fault]:
    for what, word in _names_of(event):
        why = _name_fault(word)
        if why is not None:
            yield Fault("words-unfit", f"{what} {word!a:.80} {why}")
    for what, words in _words_of(event):
        if words is not None and is_blank(words):
            yield Fault("words-unfit", f"{what} is empty")
    for document in documents_of(event):
        if not is_sha256(document.digest) or document.size < 0:
            yield Fault("words-unfit", f"the document {document.name!a:.80} has no digest or size")
    yield from _day_faults(event)


def _names_of(event: Event) -> Iterator[tuple[str, str]]:
    yield "the id", event.record
    yield "the actor's person", event.actor.person
    yield "the actor's role", event.actor.role
    yield "who recorded it,", event.recorded_by
    entry = entry_of(event)
    if entry is not None:
        yield "the force", entry.force
        yield from (("a force", force) for force in entry.joint_with)
        yield "the category", entry.category
    if isinstance(event.what, MadeJoint):
        yield from (("a force", force) for force in event.what.new)
    for document in documents_of(event):
        if document.signed_by is not None:
            yield "who signed the document,", document.signed_by


@lru_cache(maxsize=1_024)
def _name_fault(name: str) -> str | None:
    """Say what is wrong with a name: each event names the same few."""
    if is_blank(name):
        return "is empty"
    if name != name.strip():
        return "is padded with spaces"
    unseen = first_unseen(name)
    return None if unseen is None else f"holds U+{ord(unseen):04X}, which shows nothing"


def _words_of(event: Event) -> Iterator[tuple[str, str | None]]:
    yield "the key", event.key
    what, entry = event.what, entry_of(event)
    if entry is not None:
        for name, value in entry.fields.items():
            yield "a field's name", name
            for item in (value,) if isinstance(value, str) else value:
                yield f"the field {name!a:.80}", item
    if isinstance(what, Amended):
        for item in (what.new,) if isinstance(what.new, str) else what.new or ():
            yield f"the field {what.field!a:.80}", item
    if isinstance(what, Noted):
        yield "the note", what.text
    for document in documents_of(event):
        yield "a document's kind", document.kind
        yield "a document's name", document.name


def entry_of(event: Event) -> Added | TakenOver | None:
    """Return what an event enters a record as, at first or anew; None where it enters none."""
    what = event.what.entry if isinstance(event.what, Corrected) else event.what
    return what if isinstance(what, (Added, TakenOver)) else None


def documents_of(event: Event) -> tuple[Document, ...]:
    """Return the documents that an event brings."""
    match event.what:
        case TransitionTaken(evidence=evidence):
            return evidence
        case Attached(document=document):
            return (document,)
        case Noted(documents=documents):
            return documents
        case _:
            return ()


def _day_faults(event: Event) -> Iterator[Fault]:
    moment = event.recorded_at
    recorded = _lawful_day(moment)
    if recorded is None:
        yield Fault("day-unfit", f"it is recorded at {moment.isoformat()}, which no right clock is")
        return
    for what, day in _past_days_of(event):
        if day > recorded:
            yield Fault("day-unfit", f"{what} {day} lies after {recorded}, when it was recorded")


def _lawful_day(moment: datetime) -> date | None:
    """Return the day in London of a moment; None where no right clock tells it."""
    if moment.tzinfo is None or not is_lawful_moment(moment):
        return None  # asked of each: of two that are equal one may be of another year
    return _day_in_london(moment)


@lru_cache(maxsize=64)
def _day_in_london(moment: datetime) -> date:
    """Return the day of a moment, as which all events of a batch are recorded."""
    return day_in_london(moment.astimezone(UTC))


def _past_days_of(event: Event) -> Iterator[tuple[str, date]]:
    yield "its day", event.on
    entry = entry_of(event)
    if isinstance(entry, TakenOver):
        yield "its issue", entry.issued
    if entry is not None and entry.graded is not None:
        yield "its level's day", entry.graded
    if isinstance(event.what, Corrected) and event.what.to is not None:
        yield "its corrected day", event.what.to


class RulesGone(LookupError):
    """The rules of a pin are not kept, or not as they were: that is told where they are named."""


@define(eq=False)
class KeptLifecycles:
    """The lifecycles that a store or an export keeps, each restored when an event first needs it.

    Attributes:
        texts: The text of each, by its name, version and digest.
    """

    texts: Mapping[PinKey, str]
    _restored: dict[Pin, Lifecycle | None] = field(init=False, factory=dict, repr=False)

    def find(self, pin: Pin) -> Lifecycle | None:
        """Return the rules of a pin; None where they are not kept, or not as they were."""
        if pin not in self._restored:
            self._restored[pin] = self._restore(pin)
        return self._restored[pin]

    def get(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin.

        Raises:
            RulesGone: They are not kept.
        """
        rules = self.find(pin)
        if rules is None:
            raise RulesGone(pin)
        return rules

    def _restore(self, pin: Pin) -> Lifecycle | None:
        text = self.texts.get((pin.name, pin.version, pin.digest))
        if not isinstance(text, str) or digest_of(text) != pin.digest:
            return None  # told as rules that are missing, or were changed
        try:
            rules = restore(text)
        except InvalidRequest:
            return None
        return rules if rules.pin == pin else None


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, also of one that is no valid UTF-8."""
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def history_faults(
    events: Sequence[Event], rules: KeptLifecycles, steps: Iterable[RecordedEvent] | None = None
) -> Iterator[tuple[int, str, str]]:
    """Yield each event that does not follow from those before it: its number, code and sentence.

    Each is held to the record as it stood when it was recorded, with the changes that it makes.
    Behind a correction the sums of all changes are held to what happened as it is known by then.

    Args:
        events: All events of one record, in order.
        rules: The lifecycles kept beside them.
        steps: What `each_as_recorded` yields of them, where that is asked for elsewhere too.
    """
    whys = [(event.number, _target_fault(event, n)) for n, event in enumerate(events, 1)]
    aimless = [(number, "move-unknown", why) for number, why in whys if why is not None]
    if aimless:
        yield from aimless  # nothing can be read as such corrections leave it
        return
    at_once = steps_after_re_entry(events)
    steps = each_as_recorded(events) if steps is None else steps
    for count, (event, before, after) in enumerate(steps, 1):
        if isinstance(event.what, Corrected):
            found = *_re_entry_faults(event, rules), *_field_faults(after.category, after.fields)
            faults: Iterable[Fault] = dict.fromkeys(found)
        elif event.number in at_once:
            faults = _at_once_faults(events[:count], rules)
        else:
            faults = _step_faults(before, event, rules)
        for fault in faults:
            yield event.number, *fault
    yield from _correction_faults(events, rules, at_once)


def _target_fault(event: Event, place: int) -> str | None:
    """Say that a correction, at its place in the history, corrects nothing before it, or not how.

    # INVARIANT: it goes by the place, as events that were counted otherwise are told and read on.
    """
    what = event.what
    if not isinstance(what, Corrected):
        return None
    if not 0 < what.event < place:
        return f"it corrects event {what.event}, which is none that came before it"
    given = what.to is not None, what.entry is not None
    if _GIVEN.get(what.correction) != given or (what.entry is not None and what.event != 1):
        return f"no event is corrected so: {what.correction!a:.80} of event {what.event}"
    return None


_GIVEN = {"void": (False, False), "redate": (True, False), "reenter": (True, True)}
"""Whether each correction is given a day, and an entry."""


def _at_once_faults(events: Sequence[Event], rules: KeptLifecycles) -> Iterator[Fault]:
    """Yield what is wrong with the last event, which stands behind the first, as entered anew."""
    event, standing = events[-1], as_corrected(events)
    if event in standing:
        before = fold(standing[: standing.index(event)])
        yield from _move_and_change_faults(before, event, rules)
    else:
        yield _WITHDRAWN


def _re_entry_faults(event: Event, rules: KeptLifecycles) -> Iterator[Fault]:
    """Yield what is wrong with a first event that was entered anew, as with one at first."""
    entry = entry_of(event)
    if entry is None:
        return
    anew = evolve(event, what=entry)
    yield from _typed_faults(None, anew)
    why = _move_fault(None, anew, rules)
    if why is not None:
        yield Fault("move-unknown", why)


_OF_ANY_DAY = (ChildLinked, Noted)
_WITHDRAWN = Fault("move-unknown", "it happened to a record that was withdrawn")


def _step_faults(record: Record | None, event: Event, rules: KeptLifecycles) -> Iterator[Fault]:
    if record is not None and event.on < record.on and not isinstance(event.what, _OF_ANY_DAY):
        yield Fault("day-unfit", f"it is dated {event.on}, before the record's last, {record.on}")
    if record is not None and record.withdrawn:
        yield _WITHDRAWN
        return
    if type(event.what) is not TransitionTaken:  # which says no field
        yield from _typed_faults(record, event)
    yield from _move_and_change_faults(record, event, rules)


def _move_and_change_faults(
    record: Record | None, event: Event, rules: KeptLifecycles
) -> Iterator[Fault]:
    why = _move_fault(record, event, rules)
    if why is not None:
        yield Fault("move-unknown", why)
        return
    try:
        changes = changes_of_event(record, event, rules.get)
    except RulesGone:
        return
    except LookupError:
        yield Fault("move-unknown", "the record stood in a state that its rules lack")
        return
    if changes != event.changes:
        yield Fault("changes-unfit", "its changes of the figures are not what its rules make of it")


_DAYS = ("first_day", "last_day")
_TYPED = {"appointment": ("person", "role", *_DAYS), "inspection": ("kind", *_DAYS)}
"""The fields that decisions read as a text, of the categories that they are read of."""
_REQUIRED = {"appointment": ("person", "role", "first_day")}


def _typed_faults(record: Record | None, event: Event) -> Iterator[Fault]:
    """Yield each field that decisions read and could not, of those that an event says."""
    match event.what:
        case Added(category=category, fields=fields) | TakenOver(category=category, fields=fields):
            yield from _field_faults(category, fields)
        case Amended(field=name, new=None) if record:
            if name in _REQUIRED.get(record.category, ()):
                yield Fault("words-unfit", f"the field {name!a:.80} is missing")
        case Amended(field=name, new=new) if record:
            yield from _value_faults(record.category, name, new)
        case _:
            pass


def _field_faults(category: str, fields: Mapping[str, object]) -> Iterator[Fault]:
    """Yield each field that decisions read of a record so entered and could not."""
    for name in _REQUIRED.get(category, ()):
        if name not in fields:
            yield Fault("words-unfit", f"the field {name!a:.80} is missing")
    for name, value in fields.items():
        yield from _value_faults(category, name, value)


def _value_faults(category: str, name: str, value: object) -> Iterator[Fault]:
    if name not in _TYPED.get(category, ()):
        return
    if not isinstance(value, str) or (name in _DAYS and not _is_day(value)):
        kind = "day" if name in _DAYS else "text"
        yield Fault("words-unfit", f"the field {name!a:.80} is no {kind}")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _move_fault(record: Record | None, event: Event, rules: KeptLifecycles) -> str | None:
    match event.what:
        case Added() | TakenOver() as what:
            return _entry_fault(what, rules.find(what.lifecycle))
        case TransitionTaken() as what if record:
            return _transition_fault(record, what, rules.find(record.lifecycle))
        case Relevelled() | Migrated() as what if record:
            return _place_fault(record, what) or _arrival_fault(record, what, rules)
        case Amended(field=name, old=old) if record:
            was = record.fields.get(name)
            return None if was == old else f"the field {name!a:.80} did not say what it amends"
        case MadeJoint() as what if record:
            return _joint_fault(record.force, what.new) or (
                None if what.old == record.joint_with else "it was not joint with those it leaves"
            )
        case _:
            return None


def _entry_fault(what: Added | TakenOver, rules: Lifecycle | None) -> str | None:
    if rules is None:
        return None
    if what.state not in rules.states or (isinstance(what, Added) and what.state != rules.initial):
        return f"no record enters the state {what.state!a:.80} so under {rules}"
    joint_fault = _joint_fault(what.force, what.joint_with)
    if joint_fault is not None:
        return joint_fault
    return _scope_fault(rules, what.category, what.level)


def _joint_fault(force: str, joint_with: tuple[str, ...]) -> str | None:
    """Say that forces are no others than the lead one, or not each once and sorted."""
    if force in joint_with or joint_with != tuple(sorted({*joint_with})):
        return "it is joint with its own lead force, or with a force twice"
    return None


def _scope_fault(rules: Lifecycle, category: str, level: int | None) -> str | None:
    applies = rules.applies_to
    if category in applies.category and level in applies.level:
        return None
    return f"{rules} is not for a {category!a:.80} at level {level or 'none'}"


def _transition_fault(record: Record, what: TransitionTaken, rules: Lifecycle | None) -> str | None:
    if what.old != record.state:
        return f"it leaves {what.old!a:.80}, and the record stands in {record.state!a:.80}"
    if rules is None:
        return None
    state, named = rules.states.get(record.state), (what.trigger, what.new)
    steps = [s for s in (state.transitions if state else ()) if (s.trigger, s.to) == named]
    if not steps:
        return f"{rules} has no {what.trigger!a:.80} from {what.old!a:.80} to {what.new!a:.80}"
    if what.due is not None and all(step.after is None for step in steps):
        return f"it fell due on {what.due}, and {rules} gives {what.trigger!a:.80} no time to"
    return None


def _place_fault(record: Record, what: Relevelled | Migrated) -> str | None:
    is_elsewhere = what.old != record.state
    if isinstance(what, Relevelled):
        is_elsewhere = is_elsewhere or what.old_level != record.level
    return "it moves the record from where it does not stand" if is_elsewhere else None


def _arrival_fault(
    record: Record, what: Relevelled | Migrated, lifecycles: KeptLifecycles
) -> str | None:
    rules = lifecycles.find(what.lifecycle)
    if rules is None:
        return None
    if what.new not in rules.states:
        return f"it moves the record to {what.new!a:.80}, which is no state of {rules}"
    level = what.new_level if isinstance(what, Relevelled) else record.level
    return _scope_fault(rules, record.category, level)


def _correction_faults(
    events: Sequence[Event], rules: KeptLifecycles, at_once: frozenset[int]
) -> Iterator[tuple[int, str, str]]:
    """Yield the first correction behind which days or figures are not those of what then stands.

    What follows from it is recorded with it: its changes are those of all of them together.
    """
    if not any(isinstance(event.what, Corrected) for event in events):
        return
    place, figures = 0, _StandingFigures(rules)
    while place < len(events):
        event, end = events[place], place + 1
        if isinstance(event.what, Corrected):
            ends = _each_end(events, place, at_once)
            end = next((end for end in ends if figures.are_summed_up(events, end)), 0)
            why = figures.day_order_fault()
            if why is not None:
                yield event.number, "day-unfit", why
            lines = Counter(evolve(change, delta=0) for change in event.changes)
            if not end or max(lines.values(), default=1) > 1:
                yield event.number, "changes-unfit", _NO_SUM
            if not end:
                return
        place = end


_NO_SUM = "the figures of this record do not sum up to what happened as it was known then"


def _each_end(events: Sequence[Event], place: int, at_once: frozenset[int]) -> Iterator[int]:
    """Yield where that may end which was recorded with a correction: it alone comes first."""
    yield place + 1
    for end, event in enumerate(events[place + 1 :], place + 2):
        follows = event.number in at_once or (
            isinstance(event.what, Corrected) and is_step_at_once(event_corrected(events, event))
        )
        if not follows or event.recorded_at != events[place].recorded_at:
            return
        yield end


class _Due(NamedTuple):
    """What an event that stands makes of the figures, or why that cannot be told, and its day."""

    changes: tuple[Change, ...]
    unknown: type[LookupError] | None
    late: str | None

    @property
    def is_odd(self) -> bool:
        """Whether its changes are unknown, or it lies too late."""
        return self.unknown is not None or self.late is not None


@define(eq=False)
class _StandingFigures:
    """The figures and the days of a record, held to what stands of it as its events come."""

    _rules: KeptLifecycles = field(repr=False)
    _standing: StandingEvents = field(factory=StandingEvents, init=False, repr=False)
    _count: int = field(default=0, init=False)
    _due: list[_Due] = field(factory=list, init=False, repr=False)
    _odd: int = field(default=0, init=False)
    _recorded: Counter[Change] = field(factory=Counter, init=False, repr=False)
    _lacking: Counter[Change] = field(factory=Counter, init=False, repr=False)

    def are_summed_up(self, events: Sequence[Event], end: int) -> bool:
        """Say whether the changes of the first events sum up to what stands of those.

        So they do where that cannot be told, and not where it stands in a state its rules lack.
        """
        for event in events[self._count : end]:
            self._standing.add(event)
            _add(self._recorded, event.changes, 1)
            _add(self._lacking, event.changes, -1)
        self._count = end
        if not self._standing.standing():
            return not self._recorded
        self._count_again()
        unknown = (due.unknown for due in self._each_odd() if due.unknown is not None)
        fault = next(unknown, None)
        return fault is RulesGone if fault is not None else not self._lacking

    def day_order_fault(self) -> str | None:
        """Say that something stands before what came earlier; notes and links may."""
        lates = (due.late for due in self._each_odd() if due.late is not None)
        return next(lates, None) if self._standing.standing() else None

    def _each_odd(self) -> Iterator[_Due]:
        return (due for due in (self._due if self._odd else ()) if due.is_odd)

    def _count_again(self) -> None:
        """Count what stands otherwise by now than when it was last counted."""
        standing, changed = self._standing.standing(), self._standing.changed_places()
        kept = len(standing) - changed.stop
        counted = slice(changed.start, len(self._due) - kept)
        now = [
            self._due_of(self._standing.record_before(place), standing[place]) for place in changed
        ]
        for sign, dues in ((-1, self._due[counted]), (1, now)):
            for due in dues:
                _add(self._lacking, due.changes, sign)
                self._odd += sign * due.is_odd
        self._due[counted] = now

    def _due_of(self, before: Record | None, event: Event) -> _Due:
        late = None
        if before is not None and event.on < before.on and not isinstance(event.what, _OF_ANY_DAY):
            said = f"stands on {event.on} with it, before the last, {before.on}"
            late = f"event {event.number} {said}"
        try:
            return _Due(changes_of_event(before, event, self._rules.get), None, late)
        except LookupError as fault:
            return _Due((), type(fault), late)


def _add(sums: Counter[Change], changes: Iterable[Change], sign: int) -> None:
    """Add changes to sums, or take them away; what comes to nothing is left out."""
    for change in changes:
        line = evolve(change, delta=0)
        sums[line] += sign * change.delta
        if not sums[line]:
            del sums[line]
