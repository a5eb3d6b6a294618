"""eventsourcing's published cases for recorders, run over each store of ours.

Left out, by name: `test_performance` and `test_concurrent_throughput` only print how long something
took; tracking and process recorders, factories, mappers and transcoders are about things that a
store of ours has none of.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import AggregateRecorder
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from peelflow.stores.base import Store
from peelflow.stores.opening import open_store, upgrade_store
from tests.eventsourcing.recorder import Feed, Sequences

STORES = ("memory", "sqlite", "sql-sqlite", "postgresql")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    urls = {
        "memory": "memory:",
        "sqlite": f"sqlite:///{tmp_path / 'register.db'}",
        "sql-sqlite": f"sqlite+pysqlite:///{tmp_path / 'tables.db'}",
    }
    url = urls.get(request.param) or request.getfixturevalue("postgres")
    upgrade_store(url)
    opened = open_store(url)
    yield opened
    opened.close()


class Case:
    """One of their cases, on a store of ours."""

    def __init__(self, case: type[Any], recorder: type[AggregateRecorder], name: str) -> None:
        """Take a case by its class and the name of its test."""
        self.case, self.recorder, self.name = case, recorder, name

    def run(self, store: Store) -> None:
        """Run it as it was published; a failure is its own AssertionError."""
        made = self.recorder(store)  # type: ignore[call-arg]
        on_ours = type("OnOurs", (self.case,), {"create_recorder": lambda _: made})
        before = set(threading.enumerate())
        try:
            getattr(on_ours(self.name), self.name)()
        finally:
            for thread in set(threading.enumerate()) - before:  # some cases leave readers behind
                thread.join()


CASES = (
    Case(AggregateRecorderTestCase, Sequences, "test_insert_and_select"),
    Case(ApplicationRecorderTestCase, Feed, "test_insert_select"),
    Case(ApplicationRecorderTestCase, Feed, "test_concurrent_no_conflicts"),
    Case(NonInterleavingNotificationIDsBaseCase, Feed, "test"),
)
LEFT_OUT = {"test_performance", "test_concurrent_throughput"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.case.__name__}-{case.name}")
def test_a_published_case_holds(case: Case, store: Store) -> None:
    """S1, S2, S4, S5: order and conflicts are as others expect of whoever stores events."""
    case.run(store)


def test_no_case_is_left_out_in_silence() -> None:
    """Each test of these classes is run, or named above with the reason."""
    classes = {case.case for case in CASES}
    named = {name for each in classes for name in dir(each) if name.startswith("test")}

    assert named == {case.name for case in CASES} | LEFT_OUT
