"""Print how many folders were judged, and what the checker then said of them."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many folders of each verdict were loaded and refused."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        if "test_enough_was_judged" in report.nodeid:
            counts.update(dict(report.user_properties))
    if counts:
        terminalreporter.section(f"{sum(counts.values())} folders judged before they were checked")
        for verdict, count in sorted(counts.items()):
            terminalreporter.line(f"{count:6} {verdict}")
