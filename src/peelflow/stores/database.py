"""Read a register from a SQL database by statements that are made of the rows' columns.

SQLite and PostgreSQL differ in a few words, which a `stores.dialect.Dialect` holds. A store makes
its statements once, so that what runs is a constant text.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, TypeVar

from attrs import evolve, field

from peelflow.errors import StoreUnavailable
from peelflow.model.records import Record
from peelflow.results import frozen
from peelflow.stores.base import (
    LIFECYCLE_COLUMNS,
    Capabilities,
    ChangeRow,
    Checkpoint,
    DatabaseFault,
    EventRow,
    FeedItem,
    JointRow,
    LedgerTotal,
    PinKey,
    RecordQuery,
    StoredEvent,
    StoredRecord,
    StoredRow,
    SumRow,
    WriteBatch,
    check_history,
    check_query,
    check_texts,
    chunked,
    last_events_in,
)
from peelflow.stores.batch_checks import check_keys, check_numbers, check_rules, read_set_ids
from peelflow.stores.codec import record_from
from peelflow.stores.dialect import Dialect, quoted
from peelflow.stores.listings import check_listed, matches_field, matches_mention, numbers_of
from peelflow.stores.rows import TOLD_OF_WALKS, RowUnreadable, decoded_rows, stored_event, walks_in
from peelflow.stores.schema_check import Select
from peelflow.stores.sums import digest_at, is_of_before
from peelflow.stores.totals import (
    Between,
    TotalStatements,
    are_stale,
    checkpoint_of,
    sum_up,
    totals_by_scan,
    totals_since,
)

_T = TypeVar("_T")
Ask = Callable[[str, Sequence[Any]], Sequence[Any]]
"""Runs one statement with its parameters and returns the rows."""
STORED_EVENT_COLUMNS = ("record", "number", "text", "previous", "digest")
"""What of an event's row is read: SQLite builds every text that it is asked for."""
LISTING_PAGE = 256
LONGEST_LISTING = 2**31 - 1
IDS_AT_ONCE = 8_192
"""Of how many records the numbers are read at once: what asks for them is one text."""


class Statements:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        prefix, mark, among = dialect.prefix, dialect.mark, dialect.among
        columns = quoted(STORED_EVENT_COLUMNS)
        event = f"SELECT {columns} FROM {prefix}events WHERE record"
        record = f"SELECT id, head, body FROM {prefix}records WHERE id"
        self.record_by_id: str = f"{record} = {mark}"
        self.records_by_ids: str = f"{record} {among}"
        self.taken: str = f"SELECT id, number FROM {prefix}records WHERE id {among}"
        self.numbers: str = f"SELECT id, number FROM {prefix}records WHERE id {among}{dialect.lock}"
        self.has_key: str = f"SELECT 1 FROM {prefix}events WHERE record = {mark} AND key = {mark}"
        self.event_with_key: str = f"{event} = {mark} AND key = {mark}"
        self.history: str = f"{event} = {mark} ORDER BY number"
        self.histories: str = f"{event} {among} ORDER BY record, number"
        self.walks: str = self.histories.replace(columns, TOLD_OF_WALKS)
        self.last_numbers: str = f"{_numbers_until(dialect)} GROUP BY record"
        self.of_force: str = f"force = {mark}"
        self.joint_with: str = f"{prefix}joint_records WHERE force = {mark}"
        self.feed_page: str = f"""SELECT position, {columns} FROM {dialect.feed}
            WHERE position > {mark} ORDER BY position LIMIT {mark}"""
        self.document: str = f"SELECT content FROM {prefix}documents WHERE digest = {mark}"
        self.has_document: str = f"SELECT 1 FROM {prefix}documents WHERE digest = {mark}"
        self.lifecycle_digest: str = (
            f"SELECT digest FROM {prefix}lifecycles WHERE name = {mark} AND version = {mark}"
        )
        self.lifecycles: str = (
            f"SELECT {quoted(LIFECYCLE_COLUMNS)} FROM {prefix}lifecycles ORDER BY name, version"
        )
        self.totals: TotalStatements = TotalStatements(dialect)
        self._with_joint = ForceStatements(self, has_joint=True)
        self._without_joint = ForceStatements(self, has_joint=False)

    def narrowed(self, *, has_joint: bool) -> ForceStatements:
        """Return the statements that are narrowed to one force.

        Args:
            has_joint: Whether the table of joint records is there.
        """
        return self._with_joint if has_joint else self._without_joint

    def listing(
        self,
        query: RecordQuery,
        *,
        after: str | None,
        limit: int,
        has_joint: bool,
        column: str = "body",
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that lists records by id, from the first one behind `after`.

        Some that it lists may not match yet: see `_matching`.

        Args:
            query: Which records.
            after: The id of the last one listed before.
            limit: How many at most.
            has_joint: Whether the table of joint records is there.
            column: What it gives beside the id.
        """
        prefix, mark = self.dialect.prefix, self.dialect.mark
        where = self._conditions(query, after, has_joint=has_joint)
        arms = [(f"{prefix}records", where)]
        if query.force is not None:
            arms = [(f"{prefix}records", {**where, self.of_force: (query.force,)})]
            if has_joint:
                # SQLite takes the tables of a cross join in order: the few joint records first.
                joined = f"{prefix}joint_records AS joint CROSS JOIN {prefix}records"
                is_joint = f"id = record AND joint.force = {mark}"
                arms.append((joined, {is_joint: (query.force,), **where}))
        # INVARIANT: no record is joint with its own lead force, so no arm gives what another does.
        sql = " UNION ALL ".join(
            f"SELECT id, {column} FROM {source} WHERE {' AND '.join(arm) or '1 = 1'}"
            for source, arm in arms
        )
        parameters = chain.from_iterable(values for _, arm in arms for values in arm.values())
        return f"{sql} ORDER BY id LIMIT {mark}", (*parameters, limit)

    def _conditions(
        self, query: RecordQuery, after: str | None, *, has_joint: bool
    ) -> dict[str, tuple[Any, ...]]:
        """Return the conditions of a listing but for the force, each with its parameters."""
        mark = self.dialect.mark
        texts = {
            f"id > {mark}": after,
            f"category = {mark}": query.category,
            f"state = {mark}": query.state,
            f"parent = {mark}": query.parent,
        }
        where: dict[str, tuple[Any, ...]] = {
            condition: (text,) for condition, text in texts.items() if text is not None
        }
        if query.level is None:
            where["level IS NULL"] = ()
        elif query.level != "any":
            is_number = isinstance(query.level, int)
            where.update({f"level = {mark}": (query.level,)} if is_number else {"1 = 0": ()})
        if query.field is not None and self.dialect.field_condition is not None:
            where[self.dialect.field_condition] = query.field
        if query.mention is not None and self.dialect.holds_text is not None:
            where[self.dialect.holds_text] = (json.dumps(query.mention, ensure_ascii=False),)
        if query.joint:
            joint = f"id IN (SELECT record FROM {self.dialect.prefix}joint_records)"
            where[joint if has_joint else "1 = 0"] = ()
        return where

    def last_events(
        self, until: Mapping[str, int], force: str | None, *, has_joint: bool
    ) -> tuple[str, tuple[object, ...]] | None:
        """Return the statement that selects the last event of each record that is no note.

        None where whole histories are read instead.

        Args:
            until: The number up to which events count, of each record.
            force: Only the records of this force.
            has_joint: Whether the table of joint records is there.
        """
        if self.dialect.numbers_asked is None:
            return None
        events = f"{self.dialect.prefix}events"
        # SQLite takes the tables of a cross join in order: what is asked first.
        sql = f"""SELECT {quoted(STORED_EVENT_COLUMNS)}
            FROM {self.dialect.numbers_asked} AS asked CROSS JOIN {events}
            WHERE record = asked.key AND number = (SELECT max(number) FROM {events} AS earlier
                WHERE record = asked.key AND number <= CAST(asked.value AS INTEGER)
                AND kind <> 'noted')"""
        asked = json.dumps(dict(until), ensure_ascii=False)
        if force is None:
            return sql, (asked,)
        narrowed = self.narrowed(has_joint=has_joint)
        array = self.dialect.array(list(until))
        return f"{sql} AND asked.key IN ({narrowed.ids})", (asked, *narrowed.told(force, array))


class ForceStatements:
    """The statements of one dialect that are narrowed to one force."""

    def __init__(self, statements: Statements, *, has_joint: bool) -> None:
        prefix = statements.dialect.prefix
        self._has_joint = has_joint
        # INVARIANT: no other force's row is read, but for the force it is of.
        own = f"SELECT 1 FROM {prefix}records WHERE id = record AND {statements.of_force}"
        joint = f"SELECT record FROM {statements.joint_with}"
        is_of_force = f"EXISTS ({own})" + (f" OR record IN ({joint})" if has_joint else "")
        columns = quoted(STORED_EVENT_COLUMNS)
        self.ids: str = self._arms(statements, "id")
        self.records: str = self._arms(statements, "id, head, body")
        self.histories: str = f"""SELECT {columns} FROM {prefix}events
            WHERE record IN ({self.ids}) ORDER BY record, number"""
        self.last_numbers: str = (
            f"{_numbers_until(statements.dialect)} AND ({is_of_force}) GROUP BY record"
        )

    def _arms(self, statements: Statements, columns: str) -> str:
        """Return what selects records by force and id: those it leads, and those it is joint with.

        Each is found by an index of the force before the id, so that whether another force has a
        record of that id is not even looked at.
        """
        dialect = statements.dialect
        prefix, mark, among = dialect.prefix, dialect.mark, dialect.among
        own = f"SELECT {columns} FROM {prefix}records WHERE {statements.of_force} AND id {among}"
        if not self._has_joint:
            return own
        # SQLite takes the tables of a cross join in order: the joint records first.
        return f"""{own} UNION ALL SELECT {columns}
            FROM {prefix}joint_records AS joint CROSS JOIN {prefix}records
            WHERE id = record AND joint.force = {mark} AND record {among}"""

    def told(self, force: str, asked: object = None) -> tuple[object, ...]:
        """Return the parameters of a statement that is told of its force in one or two places.

        Args:
            force: The force.
            asked: What each place is told behind it, where that is anything.
        """
        place = (force,) if asked is None else (force, asked)
        return place * (2 if self._has_joint else 1)


def _numbers_until(dialect: Dialect) -> str:
    return f"SELECT record, max(number) FROM {dialect.feed} WHERE position <= {dialect.mark}"


def check_batch(batch: WriteBatch, ask: Ask, statements: Statements) -> None:
    """Refuse a batch that does not follow from what is kept, as `EventStore.append` says."""
    numbers: dict[str, int] = {}
    for ids in chunked(read_set_ids(batch), IDS_AT_ONCE):
        found = dict(ask(statements.numbers, (statements.dialect.array(ids),)))
        numbers |= {name: found[name] for name in ids if name in found}
    check_numbers(batch, numbers)
    check_keys_and_rules(batch, ask, statements, numbers)


def check_keys_and_rules(batch: WriteBatch, ask: Ask, sql: Statements, ids: Container[str]) -> None:
    """Refuse what `check_batch` does but a record's number; `ids` are of those that are there."""
    check_keys(batch, lambda *key: key[0] in ids and bool(ask(sql.has_key, key)))
    check_rules(batch, lambda *pin: _first_value(ask(sql.lifecycle_digest, pin)))


def check_listings(
    batch: WriteBatch, ask: Ask, statements: Statements, has_joint: Callable[[], bool]
) -> None:
    """Refuse a batch one of whose queries lists otherwise by now; read only what moved.

    What else may decide that is to be locked before, so that it is committed or comes later.

    Raises:
        Conflict: Another record matches, or one moved.
    """
    for query, listed in batch.listings.items():
        joint = has_joint()
        sql, parameters = statements.listing(
            query, after=None, limit=LONGEST_LISTING, has_joint=joint, column="number"
        )
        found = {row[0]: row[1] for row in ask(sql, parameters)}
        moved = [record for record, number in found.items() if listed.get(record) != number]
        same = {record: number for record, number in found.items() if record in listed}
        for ids in chunked(moved, LISTING_PAGE):
            rows = ask(statements.records_by_ids, (statements.dialect.array(ids),))
            records = [record_from(body) for _, _, body in rows]
            same |= numbers_of(_matching(records, query, statements))
        check_listed(listed, same)


def _matching(
    records: Iterable[Record], query: RecordQuery, statements: Statements
) -> Iterator[Record]:
    """Yield those of the records of a listing that match what its statement does not ask."""
    field = None if statements.dialect.field_condition else query.field
    for record in records:
        matches = matches_field(record, field) and matches_mention(record, query.mention)
        if matches and (query.withdrawn or not record.withdrawn):
            yield record


class DatabaseStore(ABC):
    """What every store in a SQL database answers, each on connections of its kind."""

    url: str
    capabilities: Capabilities
    _statements: Statements

    @abstractmethod
    def _ask(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        """Run one statement and return what `shape` makes of its rows.

        Raises:
            StoreUnavailable: The database fails, or `shape` finds a row that cannot be read.
            StoreBusy: Another writer held what it needs for too long.
        """

    def _try(self, sql: str, parameters: Sequence[Any], shape: Callable[[Sequence[Any]], _T]) -> _T:
        """Do as `_ask` does with a statement that the database may be unable to run, and go on."""
        return self._ask(sql, parameters, shape)

    @abstractmethod
    def _decoder(self) -> Callable[[str, str], Record]:
        """Return what makes a record of its id and its row's text."""

    @abstractmethod
    def _has_joint_records(self) -> bool:
        """Return whether the table of joint records is there, which a register of before lacks."""

    @abstractmethod
    def _has_sums(self) -> bool:
        """Return whether sums may be kept here: their tables are there, and may be read."""

    def _stored_decoder(self) -> Callable[[str, str, str], StoredRecord]:
        """Return what makes a stored record of its id, head and text."""
        decode = self._decoder()
        return lambda name, head, body: StoredRecord(decode(name, body), head)

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Return the records that exist among `ids`, in one consistent reading (S6)."""
        check_texts(*ids, force)
        decode, known = partial(decoded_rows, self._stored_decoder()), self._statements
        if force is None and len(ids) == 1:
            return self._with_walks(self._ask(known.record_by_id, (*ids,), decode))
        array = known.dialect.array(list(ids))
        if force is None:
            return self._with_walks(self._ask(known.records_by_ids, (array,), decode))
        narrowed = known.narrowed(has_joint=self._has_joint_records())
        # By one id alone SQLite would go to that id, whosever it is.
        found = self._ask(narrowed.records, narrowed.told(force, array), decode)
        return self._with_walks({name: found[name] for name in ids if name in found})

    def _with_walks(self, found: Mapping[str, StoredRecord]) -> Mapping[str, StoredRecord]:
        """Return records with whether they walked, also those of rows that do not tell it."""
        told = self._told_walks([stored.record for stored in found.values()])
        stored = {name: evolve(found[name], record=record) for name, record in told.items()}
        return {**found, **stored} if stored else found

    def _told_walks(self, records: Collection[Record]) -> Mapping[str, Record]:
        """Return by id, with whether they walked, those of the records whose rows do not tell it.

        An earlier peelflow wrote those rows; the events tell it, up to each row's number. Nothing
        is told of a record of which an event that would tell it cannot be read.
        """
        silent = {record.id: record for record in records if record.walked is None}
        if not silent:
            return {}
        shape = partial(walks_in, {name: record.number for name, record in silent.items()})
        array = self._statements.dialect.array(list(silent))
        walks, told = self._ask(self._statements.walks, (array,), shape), {}
        for name, record in silent.items():
            events, walked = walks.get(name, (0, None))
            check_history(self.url, name, events, record.number)
            told[name] = evolve(record, walked=walked)
        return told

    def taken(self, ids: Collection[str]) -> Mapping[str, int]:
        """Return those of the ids that stand for a record, whosever it is, with its number."""
        check_texts(*ids)
        array = self._statements.dialect.array(list(ids))
        return self._ask(self._statements.taken, (array,), lambda rows: dict(map(tuple, rows)))

    def event_with_key(self, record: str, key: str) -> StoredEvent | None:
        """Return the event of `record` that carries the idempotency `key` (S7)."""
        check_texts(record, key)
        events = self._ask(self._statements.event_with_key, (record, key), _stored_events)
        return events[0] if events else None

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Return the events of `record` in order, equal to what was appended (S4)."""
        check_texts(record)
        return self._ask(self._statements.history, (record,), _history_of)

    def histories(
        self, ids: Collection[str], *, force: str | None = None
    ) -> Mapping[str, tuple[StoredEvent, ...]]:
        """Return the events of each record that exists among `ids`, in one statement."""
        check_texts(*ids, force)
        known, array = self._statements, self._statements.dialect.array(list(ids))
        if force is None:
            return self._ask(known.histories, (array,), _stored_histories)
        narrowed = known.narrowed(has_joint=self._has_joint_records())
        return self._ask(narrowed.histories, narrowed.told(force, array), _stored_histories)

    def last_numbers(self, known: int, *, force: str | None = None) -> Mapping[str, int]:
        """Return the number of each record's last event up to a position (S5)."""
        check_texts(force)
        sql, asked = self._statements.last_numbers, tuple[object, ...]((known,))
        if force is not None:
            narrowed = self._statements.narrowed(has_joint=self._has_joint_records())
            sql, asked = narrowed.last_numbers, (known, *narrowed.told(force))
        return self._ask(sql, asked, lambda rows: {row[0]: row[1] for row in rows})

    def last_events(
        self, until: Mapping[str, int], *, force: str | None = None
    ) -> Mapping[str, StoredEvent]:
        """Return of each record its last event that is no note, up to the number `until` says."""
        check_texts(*until, force)
        has_joint = force is not None and self._has_joint_records()
        statement = self._statements.last_events(until, force, has_joint=has_joint)
        if statement is None:
            return last_events_in(self.histories(until, force=force), until)
        return {entry.event.record: entry for entry in self._ask(*statement, _stored_events)}

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Yield the records that match, by id in code-point order.

        They are read in pages, so a record may move while an earlier one is looked at.
        """
        check_query(query)
        page, after = [], None
        asks = query.force is not None or query.joint
        has_joint = asks and self._has_joint_records()
        while after is None or len(page) == LISTING_PAGE:
            sql, parameters = self._statements.listing(
                query, after=after, limit=LISTING_PAGE, has_joint=has_joint
            )
            decode = partial(decoded_rows, self._decoder())
            found = self._ask(sql, parameters, decode)
            page = list({**found, **self._told_walks(found.values())}.values())
            yield from _matching(page, query, self._statements)
            after = page[-1].id if page else ""

    def totals(
        self, *, as_at: date | None = None, force: str | None = None, known: int | None = None
    ) -> Iterable[LedgerTotal]:
        """Return the sums of all changes as they stood `as_at`, or as they were `known`."""
        check_texts(force)
        statements = self._statements.totals
        if statements.dialect.event_changes is not None and self._has_sums():
            totals = self._totals_of_sums(as_at, force, known)
            if totals is not None:
                return totals
        has_joint = force is not None and self._has_joint_records()
        sql, parameters = statements.scan(as_at, force, known, has_joint=has_joint)
        return self._ask(sql, parameters, partial(totals_by_scan, as_at, force))

    def has_stale_sums(self) -> bool:
        """Return whether sums are used, and much came since they were kept, or there are none."""
        totals = self._statements.totals
        is_used = totals.dialect.event_changes is not None and self._has_sums()
        return is_used and self._ask(totals.ends, (), are_stale)

    def _totals_of_sums(
        self, as_at: date | None, force: str | None, known: int | None
    ) -> Iterable[LedgerTotal] | None:
        """Return the totals by the sums that are kept; None where all changes are added up."""
        statements = self._statements.totals
        checkpoint = self._ask(statements.checkpoint, (), partial(checkpoint_of, known=known))
        if checkpoint is None:
            return None
        between = Between(checkpoint, known)
        asked = statements.since(between, as_at, force)
        try:
            return self._try(*asked, partial(totals_since, between, as_at, force))
        except StoreUnavailable:  # also where the database cannot read the text of an event
            return None

    def document(self, digest: str) -> bytes | None:
        """Return a document byte for byte (S8), None when it is not kept."""
        check_texts(digest)
        return self._ask(self._statements.document, (digest,), _content_of)

    def has_document(self, digest: str) -> bool:
        """Return whether a document is kept, without reading it."""
        check_texts(digest)
        return self._ask(self._statements.has_document, (digest,), bool)

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's (name, version, digest) and text."""
        return self._ask(self._statements.lifecycles, (), _lifecycle_texts)

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Return up to `limit` events behind position `after`, in order (S5)."""
        return self._ask(
            self._statements.feed_page,
            (after, limit),
            lambda rows: tuple([FeedItem(place, stored_event(*row)) for place, *row in rows]),
        )


def _content_of(rows: Sequence[Any]) -> bytes | None:
    """Return a document's content, None where there is none."""
    content = _first_value(rows)
    if content is not None and not isinstance(content, _BYTES):
        raise RowUnreadable("the document holds no bytes")
    return None if content is None else bytes(content)


def _first_value(rows: Sequence[Any]) -> Any:
    return rows[0][0] if rows else None


def _stored_events(rows: Iterable[Any]) -> tuple[StoredEvent, ...]:
    return tuple([stored_event(*row) for row in rows])


def _history_of(rows: Iterable[Any]) -> tuple[StoredEvent, ...]:
    """Return a record's events; RowUnreadable where they are not all from the first one on."""
    entries = _stored_events(rows)
    if entries and (entries[0].event.number, entries[-1].event.number) != (1, len(entries)):
        raise RowUnreadable(f"events of {entries[0].event.record} are missing or out of order")
    return entries


def _stored_histories(rows: Iterable[Any]) -> Mapping[str, tuple[StoredEvent, ...]]:
    return {record: _history_of(group) for record, group in groupby(rows, key=itemgetter(0))}


def _lifecycle_texts(rows: Iterable[Any]) -> Mapping[PinKey, str]:
    return {(name, version, digest): text for name, version, digest, text in rows}


_BYTES = (bytes, bytearray, memoryview)
"""What a database gives for bytes; anything else was put there by somebody else."""


@frozen
class SqlSnapshot:
    """A store as it was when its reading began. Not for several threads.

    Attributes:
        select: Runs one statement and yields its rows; StoreUnavailable where the database fails.
    """

    select: Select
    _statements: Statements = field(repr=False)
    _check: Callable[[Select], Iterator[DatabaseFault]] = field(repr=False)
    _unchecked: Callable[[Select], Iterator[str]] = field(repr=False, default=lambda _: iter(()))
    _has_joint: bool = field(repr=False, default=False)
    _has_sums: bool = field(repr=False, default=False)

    def database_faults(self) -> Iterator[DatabaseFault]:
        """Yield what the database's own check finds, and how its schema differs from ours."""
        return self._check(self.select)

    def unchecked(self) -> Iterator[str]:
        """Yield what the database could not be asked to check, and what sums are not held to."""
        yield from self._unchecked(self.select)
        if any(map(is_of_before, self.checkpoints())):
            yield (
                "of the sums of the figures only the totals were recounted: an earlier peelflow "
                "made them, and they are not used; run: peelflow store sums"
            )

    def histories(self) -> Iterator[EventRow]:
        """Yield every event by record and number."""
        return map(EventRow._make, self._ordered(EventRow._fields, "events", "record, number"))

    def feed(self) -> Iterator[tuple[int | None, EventRow]]:
        """Yield every event by position; then those that have none yet, as they will get theirs."""
        dialect = self._statements.dialect
        sql = f"SELECT position, {quoted(EventRow._fields)} FROM {dialect.whole_feed}"
        return ((row[0], EventRow._make(row[1:])) for row in self.select(sql))

    def records(self) -> Iterator[StoredRow]:
        """Yield the row of every record by id."""
        return map(StoredRow._make, self._ordered(StoredRow._fields, "records", "id"))

    def changes(self) -> Iterator[ChangeRow]:
        """Yield every change by record and number."""
        return map(ChangeRow._make, self._ordered(ChangeRow._fields, "changes", "record, number"))

    def joint_records(self) -> Iterator[JointRow]:
        """Yield every joint record with each force beside its lead one."""
        if not self._has_joint:
            return iter(())
        rows = self._ordered(JointRow._fields, "joint_records", "record, force")
        return map(JointRow._make, rows)

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Yield up to where sums are kept."""
        rows = self._ordered(Checkpoint._fields, "checkpoint", "1, 2") if self._has_sums else ()
        return map(Checkpoint._make, rows)

    def sums(self) -> Iterator[SumRow]:
        """Yield every row of the sums."""
        rows = self._ordered(SumRow._fields, "sums", "1, 2") if self._has_sums else ()
        return map(SumRow._make, rows)

    def numbers_until(self, checkpoint: Checkpoint) -> Mapping[str, int] | None:
        """Return the number of each record's last event up to a checkpoint of this feed."""
        feed, position = self._statements.dialect.feed, checkpoint.position
        if type(position) is not int:
            return None
        digests = self.select(f"SELECT digest FROM {feed} WHERE position = {position}")
        if [digest for (digest,) in digests] != [digest_at(checkpoint)]:
            return None
        until = f"SELECT record, max(number) FROM {feed} WHERE position <= {position}"
        return dict(map(tuple, self.select(f"{until} GROUP BY record")))

    def sum_up(self) -> tuple[Sequence[Checkpoint], Sequence[SumRow]]:
        """Return the sums of all that has a position, and up to where they are.

        Raises:
            RowUnreadable: A row says nothing that can be read.
        """
        return sum_up(self.select, self._statements.dialect)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield every document by its digest."""
        rows = self._ordered(("digest", "content"), "documents", "digest")
        return (
            (digest, bytes(content) if isinstance(content, _BYTES) else content)
            for digest, content in rows
        )

    def lifecycles(self) -> Mapping[PinKey, str]:
        """Return every pinned lifecycle's text."""
        return _lifecycle_texts(self.select(self._statements.lifecycles))

    def _ordered(self, names: Iterable[str], table: str, order: str) -> Iterable[Any]:
        prefix = self._statements.dialect.prefix
        return self.select(f"SELECT {quoted(names)} FROM {prefix}{table} ORDER BY {order}")
