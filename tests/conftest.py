"""Cases that are the same in every run, and one flag for golden files that a human reviews."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

pytest_plugins = ["peelflow.testing.plugin"]

settings.register_profile("steady", derandomize=True, database=None)
settings.register_profile("explore", derandomize=False)
# The same cases in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites golden files instead of comparing with them."""
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite golden files")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--rewrite-golden"))
