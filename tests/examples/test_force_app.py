"""The example application, started for real and driven over HTTP."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import httpx
import pytest
from attrs import frozen
from sqlalchemy import create_engine, text

from bench.tamper import HMICFRS, LIAISON
from peelflow.register.register import Register
from peelflow.stores.opening import upgrade_store

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples/force_app"
LETTER = {"letter": ("letter.txt", b"The work is complete.")}
CLOSING = {"on": "2023-02-01", "signed_by": "chief-constable", "signed_on": "2023-01-31"}


@frozen
class Running:
    """A server that answers, and the database behind it."""

    database: str
    client: httpx.Client
    process: subprocess.Popen[bytes]

    def act(self, trigger: str, by: str, record: str = "WMP-1", **more: object) -> httpx.Response:
        """Ask for an act."""
        return act(self.client, trigger, by, record, **more)

    def everything(self) -> tuple[object, object]:
        """Return what both sides keep."""
        with Register.open(self.database) as register:
            events = [each.entry for each in register.feed()]
        shown = self.client.get("/records/WMP-1", headers={"X-User": "lead"}).json()
        return events, shown["tasks"]


def act(
    client: httpx.Client, trigger: str, by: str, record: str = "WMP-1", **more: object
) -> httpx.Response:
    """Ask for an act; `files` and `key` are what they say, all else is the form."""
    files, key = more.pop("files", None), more.pop("key", None)
    headers = {"X-User": by} | ({"Idempotency-Key": str(key)} if key else {})
    return client.post(
        f"/records/{record}/acts/{trigger}",
        data={"on": "2023-01-09"} | more,
        headers=headers,
        files=files,  # type: ignore[arg-type]
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with two records in it."""
    url = f"sqlite+pysqlite:///{tmp_path / 'force_app.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    upgrade_store(url)
    with Register.open(url) as register:
        register.appoint(
            "chief-constable",
            "chief_constable",
            force="wmp",
            first_day=date(2022, 1, 1),
            actor=LIAISON,
        )
        for record in ("WMP-1", "WMP-2"):
            register.add(
                record,
                category="recommendation",
                level=2,
                force="wmp",
                issued=date(2022, 12, 16),
                fields={"owner": "lead-3"},
                actor=HMICFRS,
                recorded_by="liaison-officer-1",
                source="portal",
            )
    return url


@contextmanager
def served(database: str, module: str = "app:app", *paths: Path) -> Iterator[Running]:
    """Start the application as a person would, and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "uvicorn", module, "--port", str(port), "--log-level", "warning"]
    folders = os.pathsep.join(map(str, (APP, *paths)))
    told = {**os.environ, "FORCE_APP_DATABASE": database, "PYTHONPATH": folders}
    told.pop("COVERAGE_PROCESS_CONFIG", None)  # what it runs of ours is measured elsewhere
    with (
        subprocess.Popen([sys.executable, *words], env=told) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        try:
            while process.poll() is None and not _answers(client):
                os.sched_yield()
            yield Running(database, client, process)
        finally:
            process.kill()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/figures", headers={"X-User": "lead"}).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def running(database: str) -> Iterator[Running]:
    """The application, started."""
    with served(database) as made:
        if made.database.startswith("postgresql"):
            _drop_tasks(made.database)
        yield made


def _drop_tasks(database: str) -> None:
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM tasks"))
    engine.dispose()


def test_a_record_and_its_task_move_together(running: Running) -> None:
    """From the open list to the closing, with a letter; figures follow."""
    assert running.act("start", "liaison", task="write to the lead").json() == {
        "record": "WMP-1",
        "state": "in_progress",
        "event": 2,
    }
    listed = running.client.get("/records", headers={"X-User": "lead"}).json()
    assert [(each["record"], len(each["tasks"])) for each in listed] == [("WMP-1", 1), ("WMP-2", 0)]
    shown = running.client.get("/records/WMP-1", headers={"X-User": "lead"}).json()
    assert [each["step"] for each in shown["way"]] == ["close"]
    assert "`letter`" in shown["way"][0]["needs"][0]
    assert running.act("close", "chief", files=LETTER, **CLOSING).json()["state"] == "closed"
    shown = running.client.get("/records/WMP-1", headers={"X-User": "lead"}).json()
    assert [each["decided_by"] for each in shown["history"]][-1].startswith("chief-constable")
    told = running.client.get("/figures?as_at=2023-03-30", headers={"X-User": "lead"})
    assert told.json() == {"open": 1, "closed": 1, "total": 2}


def test_a_refusal_is_all_its_reasons(running: Running) -> None:
    """As data, with what would do instead; nothing is kept."""
    running.act("start", "liaison")
    before = running.everything()
    ran = running.act("close", "liaison", on="2023-02-01", task="celebrate")

    assert ran.status_code == 409
    assert {each["kind"] for each in ran.json()["reasons"]} == {"not you", "not yet"}
    assert all(each["instead"] for each in ran.json()["reasons"])
    assert running.everything() == before


def test_a_failure_after_the_act_leaves_neither_side_changed(running: Running) -> None:
    """The application's own table refuses the task: the record has not moved either."""
    running.act("start", "liaison", task="write to the lead")
    before = running.everything()
    again = {"task": "write to the lead", "reason": "no longer ours"}
    ran = running.act("propose_not_applicable", "liaison", **again)

    assert ran.status_code == 409
    assert ran.json()["conflict"] == "this task is noted already"
    assert running.everything() == before
    assert running.act("propose_not_applicable", "liaison", reason="closed").status_code == 200


def test_what_is_too_long_or_no_text_is_told_in_words(running: Running) -> None:
    """No part of the request comes back, and nothing of a database."""
    before = running.everything()
    wrong = [{"task": "x" * 201}, {"task": "a\0b"}, {"reason": "a\0b"}, {"reason": "x" * 300_000}]
    answers = [running.act("start", "liaison", **each) for each in wrong]
    answers += [running.act("start", "liaison", record=each) for each in ("a%00b", "x" * 2_000)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [404]
    assert all(len(answer.text) < 4_000 for answer in answers)
    assert not any(word in answer.text for word in ("INSERT", "SELECT") for answer in answers)
    assert running.everything() == before


def test_who_looks_waits_for_nobody_and_who_acts_is_told_when_to_try_again(
    running: Running,
) -> None:
    """Somebody else holds the write lock, or the record's row."""
    looks = ("/records", "/records/WMP-1", "/figures")
    engine = create_engine(running.database, isolation_level="AUTOCOMMIT")
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
        if not is_sqlite:
            connection.exec_driver_sql("LOCK TABLE peelflow_events IN SHARE MODE")
        found = [running.client.get(path, headers={"X-User": "lead"}) for path in looks]
        ran = running.act("start", "liaison")
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()

    assert [each.status_code for each in found] == [200, 200, 200]
    assert ran.status_code == (503 if is_sqlite else 409)
    assert ran.headers.get("Retry-After") == ("1" if is_sqlite else None)
    assert running.act("start", "liaison").status_code == 200


def test_an_upload_is_bounded_as_it_comes_in(running: Running) -> None:
    """Whether it says how large it is or not; the server never holds it whole."""
    before = _most_memory(running.process.pid)
    boundary = (
        b'--x\r\nContent-Disposition: form-data; name="letter"; filename="a"\r\n'
        b"Content-Type: text/plain\r\n\r\n"
    )
    answers = [
        _upload(running, [*said, "Content-Type: multipart/form-data; boundary=x"], boundary)
        for said in (["Content-Length: 200000000"], ["Transfer-Encoding: chunked"])
    ]

    assert [answer.split(b" ")[1] for answer in answers] == [b"413", b"413"]
    assert _most_memory(running.process.pid) - before < 32 * 1024


def _most_memory(process: int) -> int:
    """Return the most memory that a process ever held, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _upload(running: Running, said: list[str], begun: bytes) -> bytes:
    """Send up to 200 MB until the server answers or hangs up, and return its answer."""
    url = running.client.base_url
    head = ["POST /records/WMP-1/acts/start HTTP/1.1", "Host: here", "X-User: liaison", *said]
    is_chunked = any("chunked" in each for each in said)
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        piece = begun
        for _ in range(200):
            if select.select([connection], [], [], 0)[0]:
                break
            sent = b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            piece = b"x" * 1_000_000
        return connection.recv(4096)


def test_a_process_killed_before_its_commit_leaves_neither_side_changed(database: str) -> None:
    """After `fire`, in the middle of the transaction: really killed."""
    with served(database) as running:
        before = running.everything()
    with served(database, "force_app_killed:app", Path(__file__).parent) as killed:
        with pytest.raises(httpx.TransportError):
            killed.act("start", "liaison", task="never noted")
        assert killed.process.wait() == -9
    with served(database) as again:
        assert again.everything() == before
        assert again.act("start", "liaison").status_code == 200


def test_of_two_at_once_one_is_kept(running: Running) -> None:
    """The other is told, and nothing of it is kept."""
    with ThreadPoolExecutor(2) as pool:
        acts = [
            pool.submit(act, running.client, "start", "liaison", task=f"task {number}")
            for number in range(2)
        ]
        codes = sorted(each.result().status_code for each in acts)

    events, noted = running.everything()
    assert codes == [200, 409]
    assert isinstance(noted, list)
    assert len(noted) == 1
    assert isinstance(events, list)
    assert len(events) == 4


def test_the_same_key_is_the_same_act(running: Running) -> None:
    """A client that lost the answer asks again; another request under its key is told."""
    first = running.act("start", "liaison", key="k-1")
    again = running.act("start", "liaison", key="k-1")
    other = running.act("start", "liaison", key="k-1", on="2023-01-10")

    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)


WRONG = {
    ("nobody", "WMP-1", "2023-01-09"): 401,
    ("liaison", "none", "2023-01-09"): 404,
    ("liaison", "WMP-1", "never"): 422,
    ("hmicfrs", "WMP-1", "2023-01-09"): 409,
}


def test_what_cannot_be_is_told(running: Running) -> None:
    """Who asks, about what, and when."""
    told = {asked: running.act("start", *asked[:2], on=asked[2]).status_code for asked in WRONG}

    assert told == WRONG
