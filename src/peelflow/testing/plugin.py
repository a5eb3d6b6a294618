"""Report a store's promises: `pytest -p peelflow.testing.plugin --store-report`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import prod

import pytest

from peelflow.testing.promises import (
    KitTest,
    Outcome,
    OutcomeResult,
    cited_promises,
    promise_results,
    report,
)

STORE_PROPERTY, PROMISE_PROPERTY = "peelflow-store", "peelflow-promise"
OF_KIT_PROPERTY = "peelflow-kit"
_STORES = pytest.StashKey[set[str]]()
_ENDS = ("passed", "failed", "skipped", "error", "xfailed", "xpassed", "rerun")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that prints the report at the end of a run."""
    parser.addoption(
        "--store-report", action="store_true", help="say which promises each store holds"
    )


def kit_tests() -> tuple[KitTest, ...]:
    """Return every test of the kit, with how many cases it has by itself."""
    from peelflow.testing import StoreContract

    tests = {
        name: getattr(StoreContract, name)
        for name in dir(StoreContract)
        if name.startswith("test_")
    }
    return tuple(
        KitTest(
            name,
            cited_promises(test.__doc__),
            prod(
                len(list(mark.args[1]))
                for mark in getattr(test, "pytestmark", ())
                if mark.name == "parametrize"
            ),
        )
        for name, test in tests.items()
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note on each test of the kit its store and the promises that its docstring cites.

    The notes are properties of the test, so they come back from other processes as well. It is done
    before any test is left out: a store none of whose tests run is one that nobody tried.
    """
    stores = config.stash.setdefault(_STORES, set())
    for item in items:
        parent = item.getparent(pytest.Class)
        if isinstance(item, pytest.Function) and getattr(item.cls, "is_store_contract", False):
            store = parent.nodeid if parent else item.nodeid
            stores.add(store)
            item.user_properties.append((STORE_PROPERTY, store))
            item.user_properties.append((OF_KIT_PROPERTY, _is_of_kit(item)))
            item.user_properties.extend(
                (PROMISE_PROPERTY, promise) for promise in cited_promises(item.obj.__doc__)
            )


def _is_of_kit(item: pytest.Function) -> bool:
    """Return whether a test is the kit's own, and none that was put in its place."""
    from peelflow.testing import StoreContract

    kept = getattr(StoreContract, item.originalname, None)
    return getattr(item.cls, item.originalname, None) is kept


def outcomes_in(reports: Iterable[pytest.TestReport]) -> dict[str, list[Outcome]]:
    """Return how the kit's tests ended, by store; a test that could not begin has failed."""
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for test_report in reports:
        properties = test_report.user_properties
        stores = [str(value) for name, value in properties if name == STORE_PROPERTY]
        promises = tuple(str(value) for name, value in properties if name == PROMISE_PROPERTY)
        of_kit = (OF_KIT_PROPERTY, True) in [(name, bool(value)) for name, value in properties]
        if test_report.when == "call" or test_report.outcome != "passed":
            test = test_report.nodeid.rpartition("::")[2]
            result, why = _result_of(test_report, test)
            for store in stores:
                outcomes[store].append(Outcome(test, promises, result, why, of_kit))
    return dict(outcomes)


def _result_of(test_report: pytest.TestReport, test: str) -> tuple[OutcomeResult, str]:
    """Return how a test ended, and what there is to say of it.

    One that is expected to fail shows that the store breaks its promise, unless it did not run.
    """
    expected = getattr(test_report, "wasxfail", None)
    if expected is not None and test_report.skipped:
        if "[NOTRUN]" in expected:
            return "skipped", f"{test} is not run"
        return "failed", f"{test} is expected to fail"
    if test_report.skipped:
        return "skipped", _skip_reason(test_report)
    return ("passed" if test_report.outcome == "passed" else "failed"), ""


def _skip_reason(test_report: pytest.TestReport) -> str:
    """Return the reason of a skip, without the place it was skipped at."""
    reason = test_report.longrepr
    return str(reason[2]).removeprefix("Skipped: ") if isinstance(reason, tuple) else ""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the report, when it is asked for."""
    if not config.getoption("--store-report"):
        return
    reports = [
        test_report
        for kind in _ENDS
        for test_report in terminalreporter.stats.get(kind, ())
        if isinstance(test_report, pytest.TestReport)
    ]
    outcomes = outcomes_in(reports)
    for store in sorted({*outcomes, *config.stash.get(_STORES, set())}):
        terminalreporter.section("promises of a store")
        results = promise_results(outcomes.get(store, ()), kit_tests())
        terminalreporter.write_line(report(store, results))
