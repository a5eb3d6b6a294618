"""Cases that are the same in every run, and one flag for golden files that a human reviews."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.builders.servers import database, emptied, running

pytest_plugins = ["peelflow.testing.plugin"]

# No test fails because the machine is busy.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", UNTIMED, derandomize=True, database=None)
settings.register_profile("explore", UNTIMED, derandomize=False)
# The same cases in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that rewrites golden files instead of comparing with them."""
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite golden files")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """Give the URL of a database of this process's own, on a real server."""
    with running() as server, database(server) as url:
        yield url


@pytest.fixture
def postgres(postgres_database: str) -> Iterator[str]:
    """Give the URL of a PostgreSQL store that is empty."""
    with emptied(postgres_database) as url:
        yield url
