"""Fixtures: every adapter that must keep the promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peelflow.stores.base import Store
from peelflow.stores.opening import open_store, upgrade_store
from peelflow.stores.sqlite import SqliteStore


def url_of(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store of a kind."""
    match kind:
        case "memory":
            return "memory:"
        case "sqlite":
            return f"sqlite:///{tmp_path / 'register.db'}"
        case "sql-sqlite":
            url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
            upgrade_store(url)
            return url
        case _:
            postgres: str = request.getfixturevalue("postgres")
            return postgres


@pytest.fixture(params=["memory", "sqlite", "sql-sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store of each kind."""
    return url_of(request.param, request, tmp_path)


@pytest.fixture(params=["sql-sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty SQL store of each kind."""
    return url_of(request.param, request, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store's file may be made."""
    return tmp_path / "register.db"


@pytest.fixture
def file(path: Path) -> Iterator[SqliteStore]:
    """An empty store in a file."""
    opened = SqliteStore(path, timeout=0.05)
    yield opened
    opened.close()
