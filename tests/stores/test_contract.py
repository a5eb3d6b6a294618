"""Our own adapters keep the promises, as the kit has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from peelflow.stores.opening import upgrade_store
from peelflow.testing import StoreContract
from tests.builders.stores import run


class TestMemory(StoreContract):
    """The memory store claims neither S3 nor S11."""

    @pytest.fixture
    def url(self) -> str:
        """Memory of its own for each opening."""
        return "memory:"


class TestSqlite(StoreContract):
    """The SQLite store claims all of them."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """A file that does not exist yet."""
        return f"sqlite:///{tmp_path / 'register.db'}"

    def make_newer(self, url: str) -> None:
        """Give the file the next schema's number."""
        run(Path(url.removeprefix("sqlite:///")), "UPDATE meta SET schema = schema + 1")

    def log_of(self, url: str) -> Path:
        """Return SQLite's write-ahead log."""
        return Path(url.removeprefix("sqlite:///") + "-wal")


class TestTables(StoreContract):
    """The SQL store on SQLite claims all of them."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        """Tables in a file, empty."""
        made = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
        upgrade_store(made)
        return made

    def make_newer(self, url: str) -> None:
        """Give the tables the next schema's number."""
        run(Path(url.partition(":///")[2]), "UPDATE peelflow_meta SET schema = schema + 1")

    def log_of(self, url: str) -> Path:
        """Return SQLite's write-ahead log."""
        return Path(url.partition(":///")[2] + "-wal")


class TestPostgresql(StoreContract):
    """The SQL store on PostgreSQL claims all of them; its log is the server's own."""

    @pytest.fixture
    def url(self, postgres: str) -> str:
        """Tables of a real server, empty."""
        return postgres

    def make_newer(self, url: str) -> None:
        """Give the tables the next schema's number."""
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE peelflow_meta SET schema = schema + 1"))
        engine.dispose()
