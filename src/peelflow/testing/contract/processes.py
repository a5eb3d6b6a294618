"""Processes (S11): two may open one store, and write it as threads do."""

from __future__ import annotations

from contextlib import ExitStack

from peelflow.stores.protocol import Store
from peelflow.testing.audit import recomputed
from peelflow.testing.contract.base import NAME, Contract
from peelflow.testing.samples import step
from peelflow.testing.worker import Worker


class Processes(Contract):
    """S11."""

    def test_another_process_sees_what_was_written_and_writes_on(
        self, shared: Store, url: str
    ) -> None:
        """S11: a record moves in turns in two processes, and each reads it as it stands now."""
        step(shared)
        with Worker(self.opener, url, "step", NAME) as other:
            other.line()
            numbers = [int(other.ask(""))]
            numbers += [step(shared).event.number, int(other.ask(""))]
            assert other.end() == 0

        assert numbers == [2, 3, 4]
        assert shared.read([NAME])[NAME].record.number == 4

    def test_processes_lose_nothing_and_keep_nothing_twice(self, shared: Store, url: str) -> None:
        """S11: of racing appends of processes each is kept once or a conflict."""
        with ExitStack() as stack:
            others = [
                stack.enter_context(Worker(self.opener, url, "race", NAME, "20")) for _ in range(3)
            ]
            for each in others:
                each.line()
            for each in others:
                each.say("go")
            accepted = sum(int(each.line()) for each in others)
            assert [each.end() for each in others] == [0, 0, 0]

        assert len(shared.history(NAME)) == accepted > 0
        assert recomputed(shared) == ()

    def test_two_openings_of_one_process_agree(self, shared: Store, url: str) -> None:
        """S11: what one opening moved, the other reads as it stands now."""
        step(shared, state="open")
        with self.second(url) as other:
            step(other, state="closed")

            assert shared.read([NAME])[NAME].record.state == "closed"
            assert shared.read([NAME]) == other.read([NAME])
