"""Keep what stands of a record while its events come one by one, and the record after each.

A correction lets what comes behind its target be folded again, until that makes the same record as
before. So a history takes about as long as it is long, however much of it was corrected; but where
its beginning is corrected, most of it is folded again, and where corrections correct each other in
a long chain, all of it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field

from peelflow.engine.fold import (
    apply,
    as_corrected,
    before_withdrawal,
    begin,
    corrected_event,
    is_step_at_once,
    place_in_order,
)
from peelflow.model.records import Added, Corrected, Event, Record, TakenOver
from peelflow.results import define

LONGEST_CHAIN = 16
"""How many corrections of each other are followed; beyond, all are read anew at each event."""


RecordedEvent = tuple[Event, Record | None, Record]
"""An event, with the record as it stood before and after it; None before the first."""


def each_as_recorded(history: Sequence[Event]) -> Iterator[RecordedEvent]:
    """Yield each event with the record as it stood before and after it when it was recorded.

    Args:
        history: All events of one record, in order.
    """
    before, is_corrected = None, any(isinstance(event.what, Corrected) for event in history)
    standing = StandingEvents() if is_corrected else None
    for event in history:
        if standing is not None and standing.add(event):
            after = standing.record()
        else:
            after = begin(event) if before is None else apply(before, event)
        yield event, before, after
        before = after


@define(eq=False)
class StandingEvents:
    """What stands of the events that were added, and the record after each: as `fold` has them."""

    _history: list[Event] = field(factory=list, init=False, repr=False)
    _effective: _EffectiveCorrections = field(init=False, repr=False)
    _standing: list[Event] = field(factory=list, init=False, repr=False)
    _records: list[Record] = field(factory=list, init=False, repr=False)
    _at_once: set[int] = field(factory=set, init=False, repr=False)
    _chained: dict[int, int] = field(factory=dict, init=False, repr=False)
    _follows_entry: bool = field(default=False, init=False)
    _is_withdrawn: bool = field(default=False, init=False)
    _is_counted: bool = field(default=True, init=False)
    _front: int = field(default=0, init=False)
    _back: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        """Let the corrections be read of the events that are added."""
        self._effective = _EffectiveCorrections(self._history)

    def add(self, event: Event) -> bool:
        """Add an event; return whether it is a correction, or stands elsewhere than behind all.

        Args:
            event: The next event of the record.
        """
        self._history.append(event)
        self._is_counted = self._is_counted and self._counts(event)
        is_correction, is_at_once = isinstance(event.what, Corrected), self._comes_at_once(event)
        if not self._is_counted:
            self._standing.clear()  # all are read anew when they are asked for
        elif is_correction:
            self._correct(event)
        elif is_at_once and self._effective.entry() is not None:
            self._put(event, event)
        else:
            self._standing.append(event)
        return is_correction or is_at_once

    def standing(self) -> Sequence[Event]:
        """Return what `as_corrected` returns of the events that were added."""
        self._fold_rest()
        return () if self._is_withdrawn else self._standing

    def record(self) -> Record:
        """Return the record that all events make which were added, as `fold` does.

        Raises:
            ValueError: Nothing is left to fold.
            TypeError: What remains does not begin with `added` or `taken_over`.
        """
        self._fold_rest()
        if not self._records:
            raise ValueError(self._history)
        number = self._history[-1].number
        return evolve(self._records[-1], number=number, withdrawn=self._is_withdrawn)

    def record_before(self, place: int) -> Record | None:
        """Return the record before the event at a place of those that stand; None before the first.

        Args:
            place: The place, from 0.
        """
        return self.record_after(place - 1) if place else None

    def record_after(self, place: int) -> Record:
        """Return the record after the event at a place of those that stand.

        Args:
            place: The place, from 0.
        """
        self._fold_rest()
        return self._records[place]

    def changed_places(self) -> range:
        """Return where an event, or the record before it, may differ since this was last asked."""
        self._fold_rest()
        count, front, back = len(self._standing), self._front, self._back
        self._front = self._back = count
        return range(front, min(count - back + 1, count))

    def _counts(self, event: Event) -> bool:
        """Say whether an event is numbered as it stands, and corrects one before it as verbs do.

        One at the end of a long chain of corrections does not: each would be turned at each.
        """
        what, number = event.what, len(self._history)
        if event.number != number or not isinstance(what, Corrected):
            return event.number == number
        self._chained[number] = self._chained.get(what.event, 0) + 1
        is_short = self._chained[number] <= LONGEST_CHAIN
        return is_short and 0 < what.event < number and (what.entry is None or what.event == 1)

    def _comes_at_once(self, event: Event) -> bool:
        """Say whether an event is one of `steps_after_re_entry`."""
        if isinstance(event.what, Corrected):
            self._follows_entry = self._follows_entry or event.what.entry is not None
            return False
        self._follows_entry = self._follows_entry and is_step_at_once(event)
        if self._follows_entry:
            self._at_once.add(event.number)
        return self._follows_entry

    def _correct(self, correction: Event) -> None:
        """Let an event stand as it does with one more correction."""
        had_entry = self._effective.entry() is not None
        target = self._effective.add(correction)
        if target is None:
            return
        is_void = self._effective.is_void(target.number)
        if target.number == 1:
            self._is_withdrawn, is_void = is_void, False
        stands = None if is_void else self._effective.corrected(target)
        if had_entry is (self._effective.entry() is not None):
            self._put(target, stands)
        else:
            self._standing[:1] = [stands or target]
            self._standing.sort(key=self._order)
            self._fold_from(0, 0)

    def _put(self, event: Event, stands: Event | None) -> None:
        """Put what an event stands as where it stands, if it does."""
        self._fold_rest()
        place = bisect_left(self._standing, self._order(event), key=self._order)
        stood = [each for each in self._standing[place : place + 1] if each.number == event.number]
        self._standing[place : place + len(stood)] = [stands] if stands is not None else []
        self._fold_from(place, len(self._standing) - place - (stands is not None))

    def _order(self, event: Event) -> tuple[int, int]:
        at_once = self._at_once if self._effective.entry() is not None else ()
        return place_in_order(event, 1, at_once)

    def _fold_from(self, place: int, kept: int) -> None:
        """Fold again from a place on, until a record is found to come out as before.

        That is looked for less and less often: it costs about as much as to fold an event.

        Args:
            place: The place.
            kept: How many of the last events are as they were.
        """
        known, records, rest, compared = self._records, list[Record](), 0, place
        record = known[place - 1] if place else None
        for at in range(place, len(self._standing)):
            event, behind = self._standing[at], len(self._standing) - at
            record = begin(event) if record is None else apply(record, event)
            if behind <= kept and at >= compared:
                if record == known[-behind]:
                    rest = behind
                    break
                compared = 2 * at - place + 1
            records.append(record)
        known[place : len(known) - rest] = records
        self._front, self._back = min(self._front, place), min(self._back, rest)

    def _fold_rest(self) -> None:
        """Fold what was added behind all others since, or all where it is not counted."""
        if not self._is_counted and not self._standing:
            standing = as_corrected(self._history)
            self._is_withdrawn = not standing
            self._standing[:] = standing or as_corrected(before_withdrawal(self._history))
            self._records.clear()
        if len(self._records) < len(self._standing):
            self._fold_from(len(self._records), 0)


@define(eq=False)
class _EffectiveCorrections:
    """The corrections of a history that no later one voids, by what they correct."""

    _history: Sequence[Event] = field(repr=False)
    _voids: dict[int, list[int]] = field(factory=dict, init=False, repr=False)
    _others: dict[int, list[int]] = field(factory=dict, init=False, repr=False)
    _entries: list[int] = field(factory=list, init=False, repr=False)

    def add(self, correction: Event) -> Event | None:
        """Add a correction; return what it corrects in the end, where that stands otherwise."""
        event, takes = correction, True
        while isinstance(event.what, Corrected):
            target = self._history[event.what.event - 1]
            was_void = self.is_void(target.number)
            self._turn(event.number, event.what, takes=takes)
            if isinstance(target.what, Corrected) and self.is_void(target.number) is was_void:
                return None
            event, takes = target, was_void
        return event

    def _turn(self, number: int, what: Corrected, *, takes: bool) -> None:
        """Let a correction take effect, or no more."""
        by_target = self._voids if what.correction == "void" else self._others
        of_target = by_target.setdefault(what.event, [])
        for numbers in (of_target, self._entries) if what.entry is not None else (of_target,):
            if takes:
                insort(numbers, number)
            else:
                del numbers[bisect_left(numbers, number)]

    def is_void(self, number: int) -> bool:
        """Return whether an event is void."""
        return self._last(self._voids, number) > self._last(self._others, number)

    def entry(self) -> Added | TakenOver | None:
        """Return as what the first event was entered anew; None where it was not."""
        corrected = self._corrected_by(self._entries[-1]) if self._entries else None
        return corrected.entry if corrected is not None else None

    def corrected(self, event: Event) -> Event:
        """Return an event as it stands, or stood before it was voided."""
        number = self._last(self._others, event.number)
        correction = self._corrected_by(number) if number else None
        return corrected_event(event, correction, self.entry() if event.number == 1 else None)

    def _corrected_by(self, number: int) -> Corrected | None:
        what = self._history[number - 1].what
        return what if isinstance(what, Corrected) else None

    @staticmethod
    def _last(by_target: Mapping[int, Sequence[int]], number: int) -> int:
        numbers = by_target.get(number)
        return numbers[-1] if numbers else 0
