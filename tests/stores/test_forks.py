"""What is open lets go before the process forks, and goes on after."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable

import pytest
from attrs import define, field

from peelflow.stores.fork_safety import ForkGuard, fork_guard


@define(eq=False)
class Told:
    """Something that is paused and resumed, and tells so."""

    told: list[str] = field(factory=list)

    def pause(self) -> Callable[[], None]:
        """Tell it."""
        self.told.append("paused")
        return lambda: self.told.append("resumed")


def test_everything_open_is_paused_and_resumed_at_each_fork() -> None:
    """S3: nobody crosses a fork with a file open, at the second fork either."""
    forks, one, other = ForkGuard(), Told(), Told()
    forks.add(one)
    forks.add(other)
    for _ in range(2):
        forks.before()
        forks.after()

    assert one.told == other.told == ["paused", "resumed"] * 2


def test_a_child_is_another_process_whatever_its_number() -> None:
    """18.9: numbers come again, and each container has a process 1."""
    forks = ForkGuard()
    first = forks.identity()
    forks.before()
    forks.after()
    assert forks.identity() == first
    forks.before()
    forks.after_in_child()
    assert forks.identity() != first


def test_what_is_forgotten_is_not_kept_alive() -> None:
    """S6: memory stays bounded over any number of stores opened in a process."""
    forks, told = ForkGuard(), list[str]()
    forks.add(Told(told))
    gc.collect()
    forks.before()
    forks.after()

    assert told == []


def test_where_nothing_forks_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: Windows has no fork, and opens stores all the same."""
    monkeypatch.delattr(os, "register_at_fork")

    assert isinstance(fork_guard.__wrapped__(), ForkGuard)
