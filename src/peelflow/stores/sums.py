"""Keep the sums of the figures month by month, up to a position of the feed, and recount them.

A row says what a line of the figures had come to when a month began, or how a day of it moved that.
So figures as at a day are the last month that began by then, and its days up to it. Sums are never
moved on: they are made anew, from time to time, and whoever verifies a register counts them again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Protocol, TypeGuard

from attrs import field

from peelflow.engine.fold import assumed_days
from peelflow.model.records import Change, Event
from peelflow.results import define
from peelflow.stores.base import Checkpoint, Snapshot, SumRow, TotalLine

DIGEST_MARK = "walked:"
"""What stands before the digest of a checkpoint: sums of before count as assumed no record that a
step led back to where it was taken over, and have none. They are not used, but for their totals."""
_MONTH = len("2024-05")
TOLD = 20
"""How many rows that differ are told one by one: one change may stand in those of many months."""


def line_of(change: Change) -> TotalLine:
    """Return the line of the figures that a change is of."""
    return change.force, change.category, change.level, change.ledger, change.counts


def totals_of(changes: Iterable[Change], force: str | None) -> Counter[TotalLine]:
    """Return the sums of changes, of one force's alone if one is named."""
    sums: Counter[TotalLine] = Counter()
    for change in changes:
        if force in (None, change.force):
            sums[line_of(change)] += change.delta
    return sums


@define(eq=False)
class DailySums:
    """What each day moved of each line, in all and of what stands as it was taken over."""

    _totals: Counter[tuple[str, TotalLine]] = field(factory=Counter)
    _assumed: Counter[tuple[str, TotalLine]] = field(factory=Counter)

    def add(self, day: str, line: TotalLine, total: int) -> None:
        """Add what changes of a day and a line came to."""
        self._totals[day, line] += total

    def add_changes(self, changes: Iterable[Change], sign: int = 1) -> None:
        """Add changes, or take them away."""
        for change in changes:
            self._totals[change.on.isoformat(), line_of(change)] += sign * change.delta

    def add_assumed(self, history: Sequence[Event]) -> None:
        """Add how a record counted as long as it stood as it was taken over.

        Args:
            history: All its events that are summed up, in order.
        """
        standing = {day.isoformat(): is_so for day, is_so in assumed_days(history)}
        if not any(standing.values()):
            return
        moved: dict[str, Counter[TotalLine]] = {day: Counter() for day in standing}
        for change in (change for event in history for change in event.changes):
            moved.setdefault(change.on.isoformat(), Counter())[line_of(change)] += change.delta
        is_so, counted, before = False, Counter[TotalLine](), Counter[TotalLine]()
        for day in sorted(moved):
            is_so = standing.get(day, is_so)
            for line, delta in moved[day].items():
                counted[line] += delta
            after = Counter(counted) if is_so else Counter[TotalLine]()
            for line in {*before, *after}:
                self._assumed[day, line] += after[line] - before[line]
            before = after

    def rows(self) -> Iterator[SumRow]:
        """Yield the rows that these days come to: each month as it began, and then its days."""
        moved = {
            key: (self._totals[key], self._assumed[key])
            for key in {*self._totals, *self._assumed}
            if self._totals[key] or self._assumed[key]
        }
        carried: dict[TotalLine, tuple[int, int]] = {}
        for month, days in groupby(sorted(moved, key=_day_of), key=lambda key: key[0][:_MONTH]):
            yield from _rows_on(month, carried)
            for day, keys in groupby(days, key=_day_of):
                lines = {line: moved[day, line] for _, line in keys}
                yield from _rows_on(day, lines)
                for line, sums in lines.items():
                    total, assumed = carried.get(line, (0, 0))
                    carried[line] = total + sums[0], assumed + sums[1]


_day_of = itemgetter(0)


def _rows_on(on: str, sums: Mapping[TotalLine, tuple[int, int]]) -> Iterator[SumRow]:
    for line in sorted(sums, key=_line_order):
        if any(sums[line]):
            yield SumRow(on, *line, *sums[line])


def _line_order(line: TotalLine) -> tuple[str, str, int, str, str]:
    force, category, level, ledger, counts = line
    return force, category, -1 if level is None else level, ledger, counts


class SumSnapshot(Snapshot, Protocol):
    """One reading of a store that keeps sums."""

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Yield up to where sums are kept: one checkpoint, or none where there are no sums."""

    def sums(self) -> Iterator[SumRow]:
        """Yield every row of the sums."""

    def numbers_until(self, checkpoint: Checkpoint) -> Mapping[str, int] | None:
        """Return the number of each record's last event up to a checkpoint.

        None where the feed does not hold that event there.
        """


def _has_sums(snapshot: Snapshot) -> TypeGuard[SumSnapshot]:
    return hasattr(snapshot, "checkpoints")


def is_of_before(checkpoint: Checkpoint) -> bool:
    """Say whether an earlier peelflow made the sums up to a checkpoint."""
    return not str(checkpoint.digest).startswith(DIGEST_MARK)


def digest_at(checkpoint: Checkpoint) -> str:
    """Return the digest of the last event that is summed up, as its checkpoint says it."""
    return str(checkpoint.digest).removeprefix(DIGEST_MARK)


@define(eq=False)
class Recount:
    """The sums that a reading keeps, and those that its events come to.

    Attributes:
        checkpoints: Up to where the sums say that they are.
        numbers: How many events of each record are summed up; None where the sums are not of this
            feed.
        kept: The rows that are kept.
    """

    checkpoints: Sequence[Checkpoint]
    numbers: Mapping[str, int] | None
    kept: Counter[SumRow]
    _recounted: DailySums = field(factory=DailySums)

    def add(self, record: str, events: Sequence[Event]) -> None:
        """Add the history of a record."""
        known = [event for event in events if event.number <= (self.numbers or {}).get(record, 0)]
        self._recounted.add_changes(change for event in known for change in event.changes)
        self._recounted.add_assumed(known)

    def faults(self) -> Iterator[str]:
        """Yield in a sentence each row that is not what the events come to."""
        if self.numbers is None:
            where = " and ".join(f"{position!r:.40}" for position, _ in self.checkpoints)
            if self.checkpoints or self.kept:
                told = f"up to position {where}" if where else "up to nowhere"
                yield f"the sums of the figures are kept {told}, and the feed has no such place"
            return
        due, kept = Counter(self._recounted.rows()), self.kept
        if all(map(is_of_before, self.checkpoints)):
            due, kept = _totals_alone(due), _totals_alone(kept)
        found = sorted({*(kept - due), *(due - kept)}, key=repr)
        for row in islice(found, TOLD):
            which = "missing" if due[row] > kept[row] else "not what the events come to"
            line = ", ".join(repr(part) for part in row[1:6])
            sums = f"{row.total!r} and {row.assumed!r} assumed"
            yield f"a sum of the figures is {which}: {sums} on {row.on!r} of {line}"
        if len(found) > TOLD:
            yield f"{len(found) - TOLD} more sums of the figures are missing or not the events'"


def _totals_alone(rows: Counter[SumRow]) -> Counter[SumRow]:
    """Return rows without how many are assumed of each, where any are counted."""
    return Counter(row._replace(assumed=0) for row in rows.elements() if row.total != 0)


def recount_of(snapshot: Snapshot) -> Recount:
    """Return what is to be held to the events of a reading; nothing where it keeps no sums."""
    if not _has_sums(snapshot):
        return Recount((), None, Counter())
    checkpoints = tuple(snapshot.checkpoints())
    is_one = len(checkpoints) == 1
    numbers = snapshot.numbers_until(checkpoints[0]) if is_one else None
    return Recount(checkpoints, numbers, Counter(snapshot.sums()))
