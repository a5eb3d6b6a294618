"""Print how many edits of the shipped lifecycles were judged."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many edits of each kind were accepted and refused."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        if "test_each_edit_is_judged" in report.nodeid:
            counts.update(dict(report.user_properties))
    if counts:
        terminalreporter.section(f"{sum(counts.values())} edits of the shipped lifecycles")
        for kind, count in sorted(counts.items()):
            terminalreporter.line(f"{count:6} {kind}")
