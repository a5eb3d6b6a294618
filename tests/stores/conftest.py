"""Fixtures: a SQLite store's file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peelflow.stores.sqlite import SqliteStore


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
