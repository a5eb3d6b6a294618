"""The kit fails a store that breaks a promise, by that promise, and says so."""

from __future__ import annotations

import pytest
from hypothesis.internal.conjecture import engine

from peelflow.testing import promise_results
from peelflow.testing.contract import round_trips
from peelflow.testing.plugin import kit_tests, outcomes_in
from peelflow.testing.promises import PROMISES, cited_promises
from peelflow.testing.worker import DEFAULT_OPENER
from tests.testing.broken_stores import FILES, MEMORY

pytest_plugins = ["pytester"]
BREAKS = {name: tuple(cited_promises(store.__doc__)) for name, store in {**MEMORY, **FILES}.items()}
ADAPTER = """
from pathlib import Path
import pytest
from peelflow.testing import StoreContract
from tests.builders.stores import run

class TestBroken(StoreContract):
    opener = "tests.testing.broken_stores:open_broken"

    @pytest.fixture
    def url(self, tmp_path):
        return "{name}:" + str(tmp_path / "register.db")

    def make_newer(self, url):
        run(Path(url.partition(":")[2]), "UPDATE meta SET schema = schema + 1")

    def log_of(self, url):
        return Path(url.partition(":")[2] + "-wal")
"""


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try each planted store with a page where sound ones get ten megabytes; measure no worker.

    A broken store is told by the first history that shows it: the shortest one would show no more.
    """
    monkeypatch.setattr(engine, "MAX_SHRINKS", 0)
    monkeypatch.setattr(round_trips, "LARGE_TEXT", round_trips.LARGE_TEXT[:30_000])
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.mark.parametrize("name", BREAKS)
def test_fails_a_broken_store_by_the_promise_it_breaks(
    pytester: pytest.Pytester, name: str
) -> None:
    """Each planted store breaks what its docstring says, and nothing else."""
    pytester.makepyfile(ADAPTER.format(name=name))

    run = pytester.inline_run("-p", "peelflow.testing.plugin", "-q")
    (outcomes,) = outcomes_in(run.getreports("pytest_runtest_logreport")).values()

    results = promise_results(outcomes, kit_tests())
    broken = {each.promise: each.broken_by for each in results if each.broken_by}
    assert tuple(broken) == BREAKS[name], broken


def test_every_promise_has_a_store_that_breaks_it() -> None:
    """No part of the kit is untried: each promise is broken by at least one planted store."""
    assert {each for breaks in BREAKS.values() for each in breaks} == set(PROMISES)


def test_says_what_the_memory_store_does_not_claim(pytester: pytest.Pytester) -> None:
    """A promise is not held because a test of it happened to pass on a store without it."""
    adapter = ADAPTER.format(name="memory").replace(
        "tests.testing.broken_stores:open_broken", DEFAULT_OPENER
    )
    pytester.makepyfile(adapter.replace('"memory:" + str(tmp_path / "register.db")', '"memory:"'))

    run = pytester.inline_run("-p", "peelflow.testing.plugin", "-q")
    (outcomes,) = outcomes_in(run.getreports("pytest_runtest_logreport")).values()

    verdicts = {each.promise: each.verdict for each in promise_results(outcomes, kit_tests())}
    unclaimed = dict.fromkeys(("S3", "S11", "S12"), "not claimed")
    assert verdicts == dict.fromkeys(PROMISES, "held") | {"S1": "in part"} | unclaimed
