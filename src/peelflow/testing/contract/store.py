"""StoreContract joins every promise in one class.

What concerns a store as a whole stands here: processes that are killed (S3) or share it (S11), its
chains (S10), its schema's version (S12) and its end (S13).
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256

import pytest

from peelflow.errors import StoreUnavailable, StoreVersion
from peelflow.stores.base import RecordQuery, Store
from peelflow.stores.rows import GENESIS, chain, verify_chain
from peelflow.testing.audit import audit, recomputed
from peelflow.testing.contract import Contract
from peelflow.testing.contract.append import AtomicBatches, IdempotencyKeys, OptimisticConcurrency
from peelflow.testing.contract.reads import ConsistentReads, GaplessFeed, ReadsOfOneForce
from peelflow.testing.contract.round_trips import DocumentContents, EventHistories, TextRoundTrips
from peelflow.testing.samples import (
    NAME,
    TOGETHER,
    append_next,
    batch,
    change,
    event,
    next_event,
    numbers_together,
    record,
)
from peelflow.testing.worker import Worker


class CrashRecovery(Contract):
    """S3, and S1 across a crash."""

    def test_what_was_kept_is_there_when_opened_again(self, durable: Store, url: str) -> None:
        """S3: a store that was closed opens with everything in it."""
        entry = append_next(durable, key="k")
        durable.close()

        with self.second(url) as again:
            assert again.history(NAME) == (entry,)
            assert again.event_with_key(NAME, "k") == entry
            assert again.read([NAME])[NAME].head == entry.digest

    def test_closing_twice_is_harmless(self, durable: Store, url: str) -> None:
        """S3: whoever lets go twice loses nothing."""
        append_next(durable)
        durable.close()
        durable.close()

        with self.second(url) as again:
            assert len(again.history(NAME)) == 1

    def test_a_writer_killed_at_a_sync_point_leaves_no_half(self, durable: Store, url: str) -> None:
        """S1: killed at each sync point in turn, a batch is whole or absent."""
        durable.close()
        for point in self.points_of(durable):
            self.kill_at(url, point, 1)
            with self.second(url) as store:
                assert len(self.numbers_of(store)) == 1

    def test_a_writer_killed_at_a_sync_point_loses_nothing(self, durable: Store, url: str) -> None:
        """S3: killed at each sync point in turn, what `append` returned from is there."""
        durable.close()
        for point in self.points_of(durable):
            acknowledged = self.kill_at(url, point, 3)
            with self.second(url) as store:
                assert min(self.numbers_of(store)) >= acknowledged[-1]

    @pytest.mark.parametrize("acknowledged", [1, 4, 9])
    def test_a_writer_killed_at_any_moment_loses_nothing(
        self, durable: Store, url: str, acknowledged: int
    ) -> None:
        """S3: whatever the writer was doing; and nothing is there that it never came to."""
        durable.close()
        with Worker(self.opener, url, "together", "nowhere", "0") as writer:
            lines = [writer.line() for _ in range(acknowledged)]
            writer.kill()
            lines += writer.read().split()

        with self.second(url) as store:
            assert int(lines[-1]) <= min(self.numbers_of(store))
            assert max(self.numbers_of(store)) <= int(lines[-1]) + 1
            assert audit(store) == ()

    def test_a_full_disk_keeps_batches_whole(self, embedded: Store, url: str) -> None:
        """S1, S3: a batch that finds no space is an error of ours; with space, work goes on."""
        embedded.close()
        with Worker(self.opener, url, "fill") as writer:
            lines = writer.read().split()
            assert writer.code() == 0

        assert lines
        with self.second(url) as store:
            assert self.numbers_of(store) == {int(lines[-1])}
            assert audit(store) == ()

    @pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
    def test_a_torn_log_loses_whole_batches_from_its_end(
        self, durable: Store, url: str, share: float
    ) -> None:
        """S1: a log that lacks its last bytes tells fewer batches, each of them whole."""
        durable.close()
        _, torn = self.tear_log(url, share)
        with self.second(url) as store:
            (number,) = self.numbers_of(store)
            assert number < torn
            assert audit(store) == ()

    @pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
    def test_a_torn_log_tells_all_that_it_still_holds(
        self, durable: Store, url: str, share: float
    ) -> None:
        """S3: what was acknowledged before the bytes that are gone were written is there."""
        durable.close()
        kept, _ = self.tear_log(url, share)
        with self.second(url) as store:
            assert min(self.numbers_of(store)) >= kept

    def tear_log(self, url: str, share: float) -> tuple[int, int]:
        """Kill a writer, and leave a share of what the log grew by while it wrote three batches.

        Return the numbers it acknowledged before these, and at the last of them.
        """
        log = self.log_of(url)
        with Worker(self.opener, url, "step", *TOGETHER) as writer:
            writer.line()
            kept = [int(writer.ask("")) for _ in range(3)][-1]
            size = log.stat().st_size
            torn = [int(writer.ask("")) for _ in range(3)][-1]
            writer.kill()
            writer.code()
        content = log.read_bytes()
        log.write_bytes(content[: size + int((len(content) - size) * share)])
        return kept, torn

    def kill_at(self, url: str, point: str, nth: int) -> list[int]:
        """Let a writer kill itself the n-th time it is at a point; return what it acknowledged."""
        with Worker(self.opener, url, "together", point, str(nth)) as writer:
            acknowledged = [int(line) for line in writer.read().split()]
            assert writer.code() == -signal.SIGKILL
        return acknowledged

    def numbers_of(self, store: Store) -> set[int]:
        """Return the numbers at which the records stand that move together: one, if all is well."""
        return {*numbers_together(store), *(len(store.history(name)) for name in TOGETHER)}


class SharedByProcesses(Contract):
    """S11."""

    def test_another_process_sees_what_was_written_and_writes_on(
        self, shared: Store, url: str
    ) -> None:
        """S11: a record moves in turns in two processes, and each reads it as it stands now."""
        append_next(shared)
        with Worker(self.opener, url, "step", NAME) as other:
            other.line()
            numbers = [int(other.ask(""))]
            numbers += [append_next(shared).event.number, int(other.ask(""))]
            assert other.end() == 0

        assert numbers == [2, 3, 4]
        assert shared.read([NAME])[NAME].record.number == 4

    def test_processes_lose_nothing_and_keep_nothing_twice(self, shared: Store, url: str) -> None:
        """S11: of racing appends of processes each is kept once or a conflict."""
        with ExitStack() as stack:
            others = [
                stack.enter_context(Worker(self.opener, url, "race", NAME, "20")) for _ in range(3)
            ]
            for worker in others:
                worker.line()
            for worker in others:
                worker.say("go")
            accepted = sum(int(worker.line()) for worker in others)
            assert [worker.end() for worker in others] == [0, 0, 0]

        assert len(shared.history(NAME)) == accepted > 0
        assert recomputed(shared) == ()

    def test_two_openings_of_one_process_agree(self, shared: Store, url: str) -> None:
        """S11: what one opening moved, the other reads as it stands now."""
        append_next(shared, state="open")
        with self.second(url) as other:
            append_next(other, state="closed")

            assert shared.read([NAME])[NAME].record.state == "closed"
            assert shared.read([NAME]) == other.read([NAME])


class HashChains(Contract):
    """S10."""

    def test_every_row_recomputes_from_the_events(self, store: Store) -> None:
        """S10: texts, digests, record rows, changes and documents say what the events say."""
        for event_parts in (
            {"key": "k"},
            {"changes": (change(), change("closed", level=None))},
            {},
        ):
            first = next_event(store, "a", **event_parts)
            store.append(batch(first, next_event(store, "b"), next_event(store, "$.")))
        append_next(store, "b", state="closed")
        append_next(store, "c", parent="a")
        store.keep_document(sha256(b"letter").hexdigest(), b"letter")

        assert recomputed(store) == ()

    def test_histories_are_chained(self, store: Store) -> None:
        """S10: each event stands on the digest before it, the record on the last one's."""
        for _ in range(3):
            append_next(store, "a")
        entries = store.history("a")

        assert verify_chain(entries) is None
        digests = [entry.digest for entry in entries]
        assert [entry.previous for entry in entries] == [GENESIS, *digests[:-1]]
        assert store.read(["a"])["a"].head == entries[-1].digest

    def test_a_snapshot_tells_what_the_store_tells(self, store: Store) -> None:
        """S10: whoever verifies a snapshot has verified what is read otherwise."""
        append_next(store, "a", key="k")
        append_next(store, "b")
        kept = {name: store.read([name])[name] for name in ("a", "b")}
        with store.snapshot() as snapshot:
            heads = {row.id: row.head for row in snapshot.records()}
            texts = [row.text for row in snapshot.histories()]
            rules = snapshot.lifecycles()

        assert heads == {name: stored.head for name, stored in kept.items()}
        assert texts == [entry.text for name in kept for entry in store.history(name)]
        assert rules == store.lifecycles()
        assert [record.id for record in store.records(RecordQuery())] == sorted(kept)


class SchemaVersions(Contract):
    """S12."""

    def test_a_newer_schema_is_refused(self, durable: Store, url: str) -> None:
        """S12: what a newer peelflow wrote is not opened, and the error says both versions."""
        append_next(durable)
        durable.close()
        self.make_newer(url)

        with pytest.raises(StoreVersion) as caught:
            self.reopened(url).history(NAME)

        assert caught.value.found > caught.value.known


LETTER_CONTENT = b"letter"
LETTER_DIGEST = sha256(LETTER_CONTENT).hexdigest()


def _call_append(store: Store) -> None:
    store.append(batch((chain(GENESIS, event(NAME)), record(NAME))))


def _call_snapshot(store: Store) -> None:
    with store.snapshot() as kept:
        list(kept.records())


STORE_CALLS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read([NAME]),
    "event_with_key": lambda store: store.event_with_key(NAME, "k"),
    "history": lambda store: store.history(NAME),
    "histories": lambda store: store.histories([NAME]),
    "last_events": lambda store: store.last_events({NAME: 1}),
    "records": lambda store: list(store.records(RecordQuery())),
    "totals": lambda store: list(store.totals()),
    "feed": lambda store: store.feed(0, 1),
    "position": lambda store: store.position(),
    "last_numbers": lambda store: store.last_numbers(1),
    "lifecycles": lambda store: store.lifecycles(),
    "document": lambda store: store.document(LETTER_DIGEST),
    "has_document": lambda store: store.has_document(LETTER_DIGEST),
    "keep_document": lambda store: store.keep_document(LETTER_DIGEST, LETTER_CONTENT),
    "documents_folder": lambda store: store.documents_folder(),
    "note_documents_folder": lambda store: store.note_documents_folder(None),
    "append": _call_append,
    "snapshot": _call_snapshot,
}


class ClosedStores(Contract):
    """S13."""

    @pytest.mark.parametrize("asked", STORE_CALLS)
    def test_a_closed_store_says_so(self, store: Store, asked: str) -> None:
        """S13: nothing is answered and nothing kept, by whichever method; closed twice too."""
        append_next(store, "other")
        store.close()
        store.close()

        with pytest.raises(StoreUnavailable):
            STORE_CALLS[asked](store)


class StoreContract(
    AtomicBatches,
    OptimisticConcurrency,
    CrashRecovery,
    EventHistories,
    GaplessFeed,
    ConsistentReads,
    IdempotencyKeys,
    DocumentContents,
    TextRoundTrips,
    HashChains,
    SharedByProcesses,
    SchemaVersions,
    ClosedStores,
    ReadsOfOneForce,
):
    """The promises S1 to S14; derive `Test…` from it and say where an empty store is.

    A promise that the store's `capabilities` do not claim is skipped by name. For example:

        class TestMine(StoreContract):
            @pytest.fixture
            def url(self, tmp_path):
                return f"mine:///{tmp_path}/register"

    Where the scheme is no entry point in `peelflow.stores`, name the `opener` too; to try S12 and
    a torn log, write `make_newer` and `log_of`.
    """
