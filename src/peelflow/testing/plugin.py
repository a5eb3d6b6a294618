"""Report a store's promises: `pytest -p peelflow.testing.plugin --store-report`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pytest

from peelflow.testing.promises import Outcome, cited_promises, promise_results, report

STORE_PROPERTY, PROMISE_PROPERTY = "peelflow-store", "peelflow-promise"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that prints the report at the end of a run."""
    parser.addoption(
        "--store-report", action="store_true", help="say which promises each store holds"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note on each test of the kit its store and the promises that its docstring cites.

    The notes are properties of the test, so they come back from other processes as well.
    """
    for item in items:
        parent = item.getparent(pytest.Class)
        if isinstance(item, pytest.Function) and getattr(item.cls, "is_store_contract", False):
            item.user_properties.append((STORE_PROPERTY, parent.nodeid if parent else item.nodeid))
            item.user_properties.extend(
                (PROMISE_PROPERTY, promise) for promise in cited_promises(item.obj.__doc__)
            )


def outcomes_in(reports: Iterable[pytest.TestReport]) -> dict[str, list[Outcome]]:
    """Return how the kit's tests ended, by store; a test that could not begin has failed."""
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for test_report in reports:
        stores = [
            str(value) for name, value in test_report.user_properties if name == STORE_PROPERTY
        ]
        promises = tuple(
            str(value) for name, value in test_report.user_properties if name == PROMISE_PROPERTY
        )
        if test_report.when == "call" or test_report.outcome != "passed":
            test, why = test_report.nodeid.rpartition("::")[2], _skip_reason(test_report)
            for store in stores:
                outcomes[store].append(Outcome(test, promises, test_report.outcome, why))
    return dict(outcomes)


def _skip_reason(test_report: pytest.TestReport) -> str:
    """Return the reason of a skip, without the place it was skipped at."""
    if test_report.skipped and isinstance(test_report.longrepr, tuple):
        return str(test_report.longrepr[2]).removeprefix("Skipped: ")
    return ""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the report, when it is asked for."""
    if not config.getoption("--store-report"):
        return
    reports = [
        test_report
        for kind in ("passed", "failed", "skipped", "error")
        for test_report in terminalreporter.stats.get(kind, ())
    ]
    for store, outcomes in sorted(outcomes_in(reports).items()):
        terminalreporter.section("promises of a store")
        terminalreporter.write_line(report(store, promise_results(outcomes)))
