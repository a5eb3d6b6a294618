"""Crashes (S3): killed, out of space, torn: what was acknowledged stays, the rest never was."""

from __future__ import annotations

import signal

import pytest

from peelflow.stores.protocol import Store
from peelflow.testing.audit import audit
from peelflow.testing.contract.base import NAME, TOGETHER, Contract
from peelflow.testing.samples import step
from peelflow.testing.worker import Worker


class Crashes(Contract):
    """S3, and S1 across a crash."""

    def test_what_was_kept_is_there_when_opened_again(self, durable: Store, url: str) -> None:
        """S3: a store that was closed opens with everything in it."""
        entry = step(durable, told={"key": "k"})
        durable.close()

        with self.second(url) as again:
            assert again.history(NAME) == (entry,)
            assert again.keyed(NAME, "k") == entry
            assert again.read([NAME])[NAME].head == entry.digest

    def test_closing_twice_is_harmless(self, store: Store) -> None:
        """S3: whoever lets go twice loses nothing."""
        step(store)
        store.close()

        store.close()

    def test_a_writer_killed_at_a_sync_point_loses_nothing(self, durable: Store, url: str) -> None:
        """S3, S1: killed at each sync point in turn, at the first batch and at a later one.

        What `append` returned from is there, what it did not is whole or absent, and the store is
        used again after each kill.
        """
        points = durable.capabilities.points
        durable.close()
        for turn, point in enumerate(points * 2):
            with Worker(self.opener, url, "together", point, str(1 + turn // len(points) * 2)) as w:
                told = w.read().split()
                assert w.code() == -signal.SIGKILL
            self.assert_kept(url, int(told[-1]) if told else None)

    @pytest.mark.parametrize("acknowledged", [1, 4, 9])
    def test_a_writer_killed_at_any_moment_loses_nothing(
        self, durable: Store, url: str, acknowledged: int
    ) -> None:
        """S3, S1: the same, whatever the writer was doing."""
        durable.close()
        with Worker(self.opener, url, "together", "nowhere", "0") as writer:
            told = [writer.line() for _ in range(acknowledged)]
            writer.kill()
            told += writer.read().split()

        self.assert_kept(url, int(told[-1]))

    def test_a_full_disk_keeps_batches_whole(self, embedded: Store, url: str) -> None:
        """S1, S3: a batch that finds no space is an error of ours; with space, work goes on."""
        embedded.close()
        with Worker(self.opener, url, "fill") as writer:
            told = writer.read().split()
            assert writer.code() == 0

        assert told
        with self.second(url) as store:
            assert self.number_of(store) == int(told[-1])
            assert audit(store) == ()

    @pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
    def test_a_torn_log_loses_whole_batches_from_its_end(
        self, durable: Store, url: str, share: float
    ) -> None:
        """S1: a log that lacks its last bytes tells fewer batches, each of them whole."""
        durable.close()
        with Worker(self.opener, url, "together", "nowhere", "0") as writer:
            told = [int(writer.line()) for _ in range(6)]
            writer.kill()
            writer.code()
        log = self.log_of(url)
        whole = log.read_bytes()
        log.write_bytes(whole[: int(len(whole) * share)])

        with self.second(url) as store:
            assert self.number_of(store) < told[-1]
            assert audit(store) == ()

    def assert_kept(self, url: str, acknowledged: int | None) -> None:
        """Assert that the store holds what was acknowledged, at most one batch more, all sound."""
        with self.second(url) as store:
            number = self.number_of(store)
            if acknowledged is not None:
                assert acknowledged <= number <= acknowledged + 1
            assert audit(store) == ()

    def number_of(self, store: Store) -> int:
        """Return the number that the records stand at which always move together."""
        kept = store.read(TOGETHER)
        numbers = {kept[name].record.number if name in kept else 0 for name in TOGETHER}
        lengths = {len(store.history(name)) for name in TOGETHER}
        assert len(numbers) == 1
        assert numbers == lengths
        return numbers.pop()
