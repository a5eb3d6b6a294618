"""Sum up the figures of a register in a SQL database: from its sums, or by all of its changes.

Sums are kept up to a position of the feed, a checkpoint. What was placed since is told by the
events themselves, so that figures take as long as there are lines in them, and acts behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from peelflow.engine.fold import assumed_changes
from peelflow.model.records import Event
from peelflow.results import frozen
from peelflow.stores.base import Checkpoint, LedgerTotal, SumRow, TotalLine
from peelflow.stores.codec import ASSUMED_START
from peelflow.stores.dialect import Dialect
from peelflow.stores.rows import RowUnreadable, stored_event
from peelflow.stores.schema_check import Select
from peelflow.stores.sums import DIGEST_MARK, DailySums, totals_of

_number = attrgetter("number")
_TOTAL_COLUMNS = "force, category, level, ledger, counts"
_NO_LINE = "'' AS force, '' AS category, 0 AS level, '' AS ledger, '' AS counts, 0 AS total, 0"
_TAKING = "'corrected', 'taken_over'"
"""The kinds of events that take a record over, or may: before its first event there is none."""
_SAYING_MORE = "'amended', 'attached', 'linked', 'noted', 'parent_linked'"
"""The kinds of events that say more of a record, and let it stand where it does."""
_HOLDS_CHANGES = '%"changes":%'
"""The form of an event's text that holds changes of the figures."""
_LINE_TYPES = {(str, str, level, str, str) for level in (int, type(None))}
_LAST_DAY = date.max.isoformat()
_LARGEST = 2**63 - 1
"""The largest number that a database keeps."""
WORTH = 4
"""How many times the events behind a checkpoint the feed must hold, for the sums to be quicker than
all the changes: to read an event takes as long as to add up some of those."""

STALE, STALE_PART = 500, 20
"""How many events must lie behind a checkpoint, and which part of the feed, for the sums to be kept
anew: to do so reads all of it."""


@frozen
class Between:
    """The events between a checkpoint and the position that figures are asked for.

    Attributes:
        checkpoint: Up to where the sums are.
        known: The position that was asked for; None for all that is there.
    """

    checkpoint: Checkpoint
    known: int | None

    @property
    def after(self) -> int:
        """The position behind which they are."""
        position = self.checkpoint.position
        return position if self.known is None else min(position, self.known)

    @property
    def until(self) -> int | None:
        """The position of the last one; None where there is no such bound."""
        return None if self.known is None else max(self.checkpoint.position, self.known)

    @property
    def is_known(self) -> bool:
        """Whether they are added to the sums; else they were not known yet, and are taken away."""
        return self.known is None or self.known >= self.checkpoint.position


class TotalStatements:
    """The statements of one dialect that sum up figures."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._of_force = f"force = {dialect.mark}"
        self._joint_with = f"{dialect.prefix}joint_records WHERE force = {dialect.mark}"
        last = f"(SELECT position FROM {dialect.feed} ORDER BY position DESC LIMIT 1)"
        if dialect.unplaced:
            last = f"coalesce({last}, 0) + (SELECT count(*) FROM {dialect.prefix}unplaced)"
        checkpoint = f"{dialect.prefix}checkpoint AS c WHERE {self._is_of_feed()}"
        self.checkpoint: str = f"SELECT c.position, c.digest, {last} FROM {checkpoint}"
        self.ends: str = f"SELECT {last}, (SELECT max(c.position) FROM {checkpoint})"

    def _is_of_feed(self) -> str:
        """Return the condition that a checkpoint `c` is this feed's, and its sums are there."""
        return f"""EXISTS (SELECT 1 FROM {self.dialect.feed}
            WHERE position = c.position AND '{DIGEST_MARK}' || digest = c.digest)
            AND EXISTS (SELECT 1 FROM {self.dialect.prefix}sums)"""

    def since(
        self, between: Between, as_at: date | None, force: str | None
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that gives the sums of a checkpoint with the changes since.

        First comes, with the number -1, the checkpoint itself: the sums may have been kept anew
        since it was asked for. Behind the sums come, with numbers from 1, the events of each record
        that moved since and may have been assumed, before or after, to stand so.
        """
        prefix, mark = self.dialect.prefix, self.dialect.mark
        day = _LAST_DAY if as_at is None else as_at.isoformat()
        month = f"""SELECT max("on") FROM {prefix}sums WHERE "on" <= {mark} AND length("on") = 7"""
        of_force, asked = ("", ()) if force is None else (f" AND {self._of_force}", (force,))
        moved, bounds = self._moved(between)
        delta = "delta" if between.is_known else "-delta"
        sql = f"""WITH moved AS ({moved}), taken AS ({self._taken_of_moved()})
            SELECT {_NO_LINE} AS assumed, '' AS record, -1 AS number, '' AS text, position
            FROM {prefix}checkpoint AS c
            WHERE position = {mark} AND digest = {mark} AND {self._is_of_feed()}
            UNION ALL SELECT {_TOTAL_COLUMNS}, sum(total), sum(assumed), '', 0, '', 0 FROM (
                SELECT {_TOTAL_COLUMNS}, total, assumed FROM {prefix}sums
                WHERE "on" >= coalesce(({month}), '') AND "on" <= {mark}{of_force}
                UNION ALL SELECT {_TOTAL_COLUMNS}, {delta}, 0 FROM {self.dialect.event_changes}
                WHERE "on" <= {mark}{of_force}) AS lines
            GROUP BY {_TOTAL_COLUMNS}
            UNION ALL SELECT {_NO_LINE}, e.* FROM (
                SELECT record, number, text, position FROM {self.dialect.feed}) AS e
            WHERE +position <= {mark} AND record IN (SELECT record FROM taken)
            UNION ALL SELECT {_NO_LINE}, record, number, text, position
            FROM moved WHERE record IN (SELECT record FROM taken)"""
        of_taken = (_HOLDS_CHANGES, between.after, day)
        sums = (*between.checkpoint, day, day, *asked, day, *asked)
        return sql, (*bounds, *of_taken, *sums, between.after)

    def _moved(self, between: Between) -> tuple[str, tuple[int, ...]]:
        """Return what selects the events between the two, those without a position under -1."""
        mark, columns = self.dialect.mark, 'record, number, kind, "on", text'
        placed = f"SELECT {columns}, position FROM {self.dialect.feed} WHERE position > {mark}"
        if between.until is not None:
            return f"{placed} AND position <= {mark}", (between.after, between.until)
        if not self.dialect.unplaced:
            return placed, (between.after,)
        waiting = f"SELECT {columns}, -1 FROM {self.dialect.unplaced}"
        return f"{placed} UNION ALL {waiting}", (between.after,)

    def _taken_of_moved(self) -> str:
        """Return what selects the records that moved and may have been assumed to stand so.

        # INVARIANT: what was taken over and then led elsewhere by a step by the rules stands there
        # no more, whatever follows, unless it is corrected; and what says only more of a record
        # moves it nowhere.
        """
        mark, events = self.dialect.mark, f"{self.dialect.prefix}events"
        of_it = f"SELECT 1 FROM {events} AS e WHERE e.record = m.record AND e.kind"
        return f"""SELECT record FROM (SELECT record FROM moved
                WHERE kind NOT IN ({_SAYING_MORE}) OR text LIKE {mark} GROUP BY record
                HAVING min(number) > 1 OR sum(CASE WHEN kind IN ({_TAKING}) THEN 1 END) > 0) AS m
            WHERE EXISTS ({of_it} IN ({_TAKING})) AND (EXISTS ({of_it} = 'corrected')
                OR NOT EXISTS (SELECT 1 FROM {self.dialect.feed} WHERE record = m.record
                    AND kind = 'acted' AND +position <= {mark} AND "on" <= {mark}
                    AND {self.dialect.is_walk_step}))"""

    def scan(
        self, as_at: date | None, force: str | None, known: int | None, *, has_joint: bool
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that sums up the changes, and says how many of them are assumed.

        Behind the sums come, with numbers from 1, the events of each record that was taken over and
        moved since: whether it was assumed to stand so is for whoever reads them to say.
        """
        mark = self.dialect.mark
        where: dict[str, object] = {}
        if as_at is not None:
            where[f'"on" <= {mark}'] = as_at.isoformat()
        if force is not None:
            where[f"force = {mark}"] = force
        position = () if known is None else (known,)
        taken, asked = self._taken_over(as_at, force, known, has_joint=has_joint)
        source = f"{self.dialect.prefix}changes" if known is None else self.dialect.known_changes
        standing = "SELECT id FROM taken WHERE how = 'standing'"
        sql = f"""WITH taken AS ({taken}) SELECT {_TOTAL_COLUMNS}, sum(delta),
                sum(CASE WHEN record IN ({standing}) THEN delta ELSE 0 END),
                '' AS record, 0 AS number, '' AS text FROM {source}
            WHERE {" AND ".join(where) or "1 = 1"}
            GROUP BY {_TOTAL_COLUMNS} HAVING sum(delta) <> 0
            UNION ALL SELECT '', '', 0, '', '', 0, 0, record, number, text
            FROM {self._events_until(known)} record IN (SELECT id FROM taken WHERE how = 'moved')"""
        return sql, (*asked, *position, *where.values(), *position)

    def _taken_over(
        self, as_at: date | None, force: str | None, known: int | None, *, has_joint: bool
    ) -> tuple[str, tuple[Any, ...]]:
        """Return what selects the records that are, or were known to be, taken over.

        Of each that has not moved since then its row says whether it is standing or has walked; a
        row of an earlier peelflow may not say it, and is as one that moved.
        """
        mark, prefix = self.dialect.mark, self.dialect.prefix
        unmoved: dict[str, object] = {}
        if self.dialect.last_day is None:
            unmoved["1 = 0"] = None
        elif as_at is not None:
            unmoved[f"{self.dialect.last_day} <= {mark}"] = as_at.isoformat()
        if known is not None:
            until = f"{self._events_until(known)} record = id"
            unmoved[f"number = (SELECT max(number) FROM {until})"] = known
        where: dict[str, tuple[object, ...]] = {f"body LIKE {mark}": (f"{ASSUMED_START}%",)}
        if known is not None:
            # What was entered anew since may have been taken over then, and of another force.
            corrected = f"id IN ({self.dialect.later_corrections})"
            where = {f"(body LIKE {mark} OR {corrected})": (f"{ASSUMED_START}%", known)}
        if force is not None and known is None and has_joint:
            joint = f"id IN (SELECT record FROM {self._joint_with})"
            where[f"({self._of_force} OR {joint})"] = (force, force)
        elif force is not None and known is None:
            where[self._of_force] = (force,)
        elif force is not None:
            of_force = f"SELECT record FROM {prefix}changes WHERE force = {mark}"
            where[f"id IN ({of_force})"] = (force,)
        row_says = f"""CASE WHEN {self.dialect.has_walked} THEN 'walked'
            WHEN {self.dialect.stands_as_begun} THEN 'standing' ELSE 'moved' END"""
        sql = f"""SELECT id, CASE WHEN {" AND ".join(unmoved) or "1 = 1"} THEN {row_says}
            ELSE 'moved' END AS how
            FROM {prefix}records WHERE {" AND ".join(where)}"""
        told = [value for value in unmoved.values() if value is not None]
        return sql, (*told, *chain.from_iterable(where.values()))

    def _events_until(self, known: int | None) -> str:
        """Return what events are selected from, up to a position, and the next condition's AND."""
        if known is None:
            return f"{self.dialect.prefix}events WHERE"
        return f"{self.dialect.feed} WHERE position <= {self.dialect.mark} AND"


def sum_up(select: Select, dialect: Dialect) -> tuple[Sequence[Checkpoint], Sequence[SumRow]]:
    """Return the sums of all that has a position in a reading, and up to where they are.

    Args:
        select: Runs a statement in the reading.
        dialect: What statements are written in.

    Raises:
        RowUnreadable: A row says nothing that can be read.
    """
    feed, prefix, sums = dialect.feed, dialect.prefix, DailySums()
    last = f"SELECT position, digest FROM {feed} ORDER BY position DESC LIMIT 1"
    checkpoints = [Checkpoint(row[0], f"{DIGEST_MARK}{row[1]}") for row in select(last)]
    columns = f'"on", {_TOTAL_COLUMNS}'
    changes = f"SELECT {columns}, sum(delta) FROM {prefix}changes GROUP BY {columns}"
    for day, *line, total in select(changes):
        force, category, level, ledger, counts = _checked_line(line, total)
        sums.add(_checked_day(day), (force, category, level, ledger, counts), total)
    if dialect.unplaced:
        for event in _events_in(select, dialect.unplaced):
            sums.add_changes(event.changes, -1)
    taken_over = f"SELECT record FROM {prefix}events WHERE kind IN ('taken_over', 'corrected')"
    ordered = f"{feed} WHERE record IN ({taken_over}) ORDER BY record, number"
    for _, history in groupby(_events_in(select, ordered), key=attrgetter("record")):
        sums.add_assumed(list(history))
    return checkpoints, [_checked_sum(row) for row in sums.rows()]


def _checked_sum(row: SumRow) -> SumRow:
    if max(abs(row.total), abs(row.assumed)) <= _LARGEST:
        return row
    raise RowUnreadable(f"a sum of the figures of {row.force!a:.80} is larger than any is kept")


def _events_in(select: Select, source: str) -> Iterator[Event]:
    for record, number, text in select(f"SELECT record, number, text FROM {source}"):
        yield stored_event(record, number, text, "", "").event


def _checked_day(day: object) -> str:
    if isinstance(day, str):
        return day
    raise RowUnreadable(f"a change of the figures is of no day: {day!a:.80}")


def checkpoint_of(rows: Sequence[Sequence[Any]], known: int | None) -> Checkpoint | None:
    """Return the checkpoint that is asked for, None where there is none that is of use.

    Args:
        rows: What `TotalStatements.checkpoint` gives.
        known: The position that figures are asked for; None for the end of the feed.
    """
    if len(rows) != 1:
        return None
    ((position, digest, last),) = rows
    behind = abs(min(last, last if known is None else known) - position)
    return Checkpoint(position, digest) if behind * WORTH <= last else None


def are_stale(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether so much came since the sums that they are worth keeping anew.

    Args:
        rows: What `TotalStatements.ends` gives: where the feed ends, and where the sums do.
    """
    ((last, kept),) = rows
    return (last or 0) - (kept or 0) >= max(STALE, (last or 0) // STALE_PART)


def totals_since(
    between: Between, as_at: date | None, force: str | None, rows: Iterable[Sequence[Any]]
) -> Sequence[LedgerTotal] | None:
    """Return the totals of what `TotalStatements.since` gives.

    None where the sums are others by now, or a row cannot be read: all changes are added up then.
    """
    try:
        return _totals_since(between, as_at, force, rows)
    except RowUnreadable:
        return None


def _totals_since(
    between: Between, as_at: date | None, force: str | None, rows: Iterable[Sequence[Any]]
) -> Sequence[LedgerTotal] | None:
    sums: dict[TotalLine, tuple[int, int]] = {}
    is_held, events = False, list[tuple[bool, Event]]()
    for *line, total, assumed, record, number, text, position in rows:
        if number > 0:
            is_earlier = 0 <= position <= between.after
            events.append((is_earlier, stored_event(record, number, text, "", "").event))
        elif number < 0:
            is_held = True
        else:
            force_of, category, level, ledger, counts = _checked_line(line, total, assumed)
            sums[force_of, category, level, ledger, counts] = total, assumed
    if not is_held:
        return None
    more, sign = _assumed_of_moved(events, as_at, force), 1 if between.is_known else -1
    totals = (
        LedgerTotal(*line, total, assumed + sign * more[line])
        for line, (total, assumed) in sums.items()
        if total
    )
    return sorted(totals, key=total_order)


def _assumed_of_moved(
    events: Iterable[tuple[bool, Event]], as_at: date | None, force: str | None
) -> Counter[TotalLine]:
    """Return by how much more is assumed since some events: each with whether it is earlier."""
    more = Counter[TotalLine]()
    ordered = sorted(events, key=lambda each: (each[1].record, each[1].number))
    for _, group in groupby(ordered, key=lambda each: each[1].record):
        history = list(group)
        before = [event for is_earlier, event in history if is_earlier]
        after = [event for _, event in history]
        more.update(totals_of(assumed_changes(after, as_at), force))
        more.subtract(totals_of(assumed_changes(before, as_at), force))
    return more


def totals_by_scan(
    as_at: date | None, force: str | None, rows: Iterable[Sequence[Any]]
) -> Sequence[LedgerTotal]:
    """Return the totals of what `TotalStatements.scan` gives."""
    sums: dict[TotalLine, tuple[int, int]] = {}
    histories: dict[str, list[Event]] = {}
    for *line, total, assumed, record, number, text in rows:
        if number:
            event = stored_event(record, number, text, "", "").event
            histories.setdefault(record, []).append(event)
        else:
            force_of, category, level, ledger, counts = _checked_line(line, total)
            sums[force_of, category, level, ledger, counts] = total, assumed
    ordered = (sorted(history, key=_number) for history in histories.values())
    standing = chain.from_iterable(assumed_changes(history, as_at) for history in ordered)
    moved = totals_of(standing, force)
    totals = (
        LedgerTotal(*line, total, assumed + moved[line]) for line, (total, assumed) in sums.items()
    )
    return sorted(totals, key=total_order)


def _checked_line(line: Sequence[Any], *totals: object) -> Sequence[Any]:
    """Return a line of the totals; RowUnreadable where something else stands in the changes."""
    is_line = tuple(map(type, line)) in _LINE_TYPES
    if is_line and {*map(type, totals)} == {int}:
        return line
    force = line[0]
    raise RowUnreadable(f"a change of {force!a:.80} holds no text or number where one belongs")


def total_order(total: LedgerTotal) -> tuple[str, str, bool, int, str, str]:
    """Return what totals are sorted by: no level comes before the first."""
    level = total.level
    return total.force, total.category, level is not None, level or 0, total.ledger, total.counts
