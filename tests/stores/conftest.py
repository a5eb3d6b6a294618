"""Fixtures: every adapter that must keep the promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peelflow.stores.open import open_store
from peelflow.stores.protocol import Store
from peelflow.stores.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'register.db'}"
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
