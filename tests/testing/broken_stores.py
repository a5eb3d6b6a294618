"""Broken stores: each breaks one promise, as a store written in good faith might."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path

from attrs import evolve

from peelflow.errors import KeyReused, PeelflowError, StoreBusy, StoreUnavailable
from peelflow.model.records import Record
from peelflow.stores.base import (
    FeedItem,
    RecordQuery,
    Snapshot,
    StoredEvent,
    StoredRecord,
    WriteBatch,
    check_texts,
)
from peelflow.stores.batch_checks import check_keys, check_numbers, read_set_ids
from peelflow.stores.memory import MemoryStore
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.sqlite_file import SCHEMA


class KeepsHalf(MemoryStore):
    """S1: what is interrupted leaves the first record that it wrote."""

    def append(self, batch: WriteBatch) -> None:
        """Roll nothing back but what is refused."""
        try:
            super().append(batch)
        except PeelflowError:
            raise
        except BaseException:
            first = batch.entries[:1]
            if first and first[0] not in self.history(first[0].event.record):
                self._keep(evolve(batch, entries=first, records=batch.records[:1]))
            raise


class IgnoresReads(MemoryStore):
    """S2: only the records that move are checked."""

    def append(self, batch: WriteBatch) -> None:
        """Forget what else was read."""
        own = {each.event.record for each in batch.entries}
        read_set = {name: number for name, number in batch.read_set.items() if name in own}
        super().append(evolve(batch, read_set=read_set))


class IgnoresListings(MemoryStore):
    """S2: what a query listed may be listed otherwise."""

    def append(self, batch: WriteBatch) -> None:
        """Forget what was listed."""
        super().append(evolve(batch, listings={}))


class ForgetsNames(MemoryStore):
    """S2: a batch brings names to others than those that were read."""

    def append(self, batch: WriteBatch) -> None:
        """Count anew."""
        names = None if batch.names is None else self.names_number()
        super().append(evolve(batch, names=names))


class OrdersByClock(MemoryStore):
    """S4: a history is sorted by when it was recorded."""

    def history(self, record: str) -> tuple[StoredEvent, ...]:
        """Trust the clock."""
        return tuple(sorted(super().history(record), key=lambda each: each.event.recorded_at))


class TakesNotesForActs(MemoryStore):
    """S4: the last event that is asked for is the last one, whatever it is."""

    def last_events(
        self, until: Mapping[str, int], *, force: str | None = None
    ) -> Mapping[str, StoredEvent]:
        """Look at the number alone."""
        histories = self.histories(until, force=force)
        behind = {name: history[: until[name]] for name, history in histories.items()}
        return {name: history[-1] for name, history in behind.items() if history}


class ListsByWord(MemoryStore):
    """S4: records are listed as a dictionary sorts them, not by code point."""

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Sort without regard to case."""
        return iter(sorted(super().records(query), key=lambda each: each.id.casefold()))


class GivesTwice(MemoryStore):
    """S5: a page begins with the last event of the page before."""

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Be off by one."""
        return super().feed(max(after - 1, 0), limit)


class SkipsLateCommits(MemoryStore):
    """S5: positions are taken before the commit, and who commits late is passed over."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._next = 1
        self._placed: dict[int, StoredEvent] = {}

    def append(self, batch: WriteBatch) -> None:
        """Take positions, then stop where others may commit, then keep the batch."""
        positions = range(self._next, self._next + len(batch.entries))
        self._next = positions.stop
        self.at_sync_point("checked")
        with self._lock:
            call, self.at_sync_point = self.at_sync_point, lambda _: None
            try:
                super().append(batch)
                self._placed.update(zip(positions, batch.entries, strict=True))
            finally:
                self.at_sync_point = call
        self.at_sync_point("kept")

    def feed(self, after: int, limit: int) -> tuple[FeedItem, ...]:
        """Give what is there, from a position on."""
        with self._lock:
            found = sorted(self._placed.items())
        behind = [FeedItem(position, entry) for position, entry in found if position > after]
        return tuple(behind[:limit])


class ShowsHalf(MemoryStore):
    """S6, S13: readers are kept out neither while a batch is written nor once it is closed."""

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Read without the lock."""
        check_texts(*ids)
        kept = self._kept if force is None else self._kept_of(force)
        return {each: kept[each] for each in sorted(ids) if each in kept}

    def append(self, batch: WriteBatch) -> None:
        """Put the first record's row before the rest, and take it back if need be."""
        with self._lock:
            before = dict(self._kept)
            found = {each: kept.record.number for each, kept in before.items()}
            check_numbers(batch, found)
            self._kept.update((each.record.id, each) for each in batch.records[:1])
            try:
                self.at_sync_point("checked")
            finally:
                self._kept = before
            call, self.at_sync_point = self.at_sync_point, lambda _: None
            try:
                super().append(batch)
            finally:
                self.at_sync_point = call
        self.at_sync_point("kept")


class SkipsKnownKeys(MemoryStore):
    """S7: an event whose key is taken is left out without a word."""

    def append(self, batch: WriteBatch) -> None:
        """Do as `INSERT OR IGNORE` does."""
        try:
            check_keys(batch, lambda *key: key in self._keys)
        except KeyReused:
            return
        super().append(batch)


class MendsLineEndings(MemoryStore):
    """S8: documents are kept as text."""

    def document(self, digest: str) -> bytes | None:
        """Give a document with the line endings of this house."""
        content = super().document(digest)
        return content and content.replace(b"\r\n", b"\n")


class KeepsNul(MemoryStore):
    """S9: texts are taken as they come."""

    def append(self, batch: WriteBatch) -> None:
        """Keep a batch without looking at its texts."""
        with self._lock:
            found = {
                each: self._kept[each].record.number
                for each in read_set_ids(batch)
                if each in self._kept
            }
            check_numbers(batch, found)
            if all(isinstance(_plain(each.record), Record) for each in batch.records):
                super().append(batch)
            else:
                self._keep(batch)


def _plain(record: Record) -> Record | None:
    """Return the record if each of its texts is one that a store keeps."""
    try:
        record.state.encode()
    except UnicodeEncodeError:
        return None
    return None if "\0" in record.state else record


class SplitsNames(MemoryStore):
    """S9: a field's name is taken for a path."""

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Look for the part of the name behind the last dot."""
        if query.field is not None and "." in query.field[0]:
            name = query.field[0].rpartition(".")[2]
            query = evolve(query, field=(name, query.field[1]))
        return super().records(query)


class RewritesTexts(MemoryStore):
    """S10: the text of an event is written anew, with spaces, when everything is read."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Give a snapshot for the eye."""
        with self._lock:
            kept, self._feed = (
                self._feed,
                [evolve(each, text=each.text.replace(',"', ', "')) for each in self._feed],
            )
            try:
                return super().snapshot()
            finally:
                self._feed = kept


class ForgetsItsLog(SqliteStore):
    """S3: whoever opens a store that was not closed throws its log away."""

    def __init__(self, path: str) -> None:
        self._mark = Path(f"{path}-open")
        if not _is_alive(_owner_of(self._mark)):
            Path(f"{path}-wal").unlink(missing_ok=True)
        self._mark.write_text(str(os.getpid()))
        super().__init__(path)

    def close(self) -> None:
        """Take the mark away."""
        self._mark.unlink(missing_ok=True)
        super().close()


class SwallowsFaults(SqliteStore):
    """S1, S3, S13: what the disk or a closed file does not take is acknowledged all the same."""

    def append(self, batch: WriteBatch) -> None:
        """Hope for the best."""
        try:
            super().append(batch)
        except StoreUnavailable:
            return


class ForOneProcess(SqliteStore):
    """S11: a second process is kept out."""

    def __init__(self, path: str) -> None:
        self._mark = Path(f"{path}-owner")
        owner = _owner_of(self._mark)
        if owner != os.getpid() and _is_alive(owner):
            raise StoreBusy(path)
        self._mark.write_text(str(os.getpid()))
        super().__init__(path)

    def close(self) -> None:
        """Let others in."""
        self._mark.unlink(missing_ok=True)
        super().close()


class GuessesVersions(SqliteStore):
    """S12: every schema is taken for the one it knows."""

    def __init__(self, path: str) -> None:
        if Path(path).exists():
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("UPDATE meta SET schema = ? WHERE schema > ?", (SCHEMA,) * 2)
        super().__init__(path)


class Elsewhere(SqliteStore):
    """No promise is broken: its files are said to be another machine's."""

    capabilities = evolve(SqliteStore.capabilities, embedded=False)


class ShowsOthers(MemoryStore):
    """S14: whoever knows a record's id reads it, whosever it is."""

    def read(self, ids: Collection[str], *, force: str | None = None) -> Mapping[str, StoredRecord]:
        """Leave the force to whoever asks."""
        del force
        return super().read(ids)


class ForgetsPartners(MemoryStore):
    """S4, S14: a joint record is there for its lead force alone."""

    def records(self, query: RecordQuery) -> Iterator[Record]:
        """Leave out what another force leads."""
        return (record for record in super().records(query) if query.force in (None, record.force))


class AnswersClosed(MemoryStore):
    """S13: closing it changes nothing."""

    def close(self) -> None:
        """Do nothing."""


def _owner_of(mark: Path) -> int:
    """Return the process that a mark names: ours, where there is none."""
    try:
        return int(mark.read_text())
    except (OSError, ValueError):
        return os.getpid()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


MEMORY = {
    each.__name__: each
    for each in (
        KeepsHalf,
        IgnoresReads,
        IgnoresListings,
        ForgetsNames,
        OrdersByClock,
        TakesNotesForActs,
        ListsByWord,
        GivesTwice,
        SkipsLateCommits,
        ShowsHalf,
        SkipsKnownKeys,
        MendsLineEndings,
        KeepsNul,
        SplitsNames,
        RewritesTexts,
        ShowsOthers,
        ForgetsPartners,
        AnswersClosed,
    )
}
FILES = {
    each.__name__: each for each in (ForgetsItsLog, SwallowsFaults, ForOneProcess, GuessesVersions)
}


WHOLE = {"Elsewhere": Elsewhere}


def open_broken(url: str) -> MemoryStore | SqliteStore:
    """Open `Name:` in memory, or `Name:path` in a file."""
    name, _, path = url.partition(":")
    files = {**FILES, **WHOLE}
    return files[name](path) if name in files else MEMORY[name](url)
