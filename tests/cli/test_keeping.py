"""The verbs seal, verify, export, import of an export, and feed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from peelflow import Actor, Register
from tests.builders.stores import run as tamper
from tests.cli.conftest import Run


def test_a_sealed_register_verifies(run: Run, demo: Path) -> None:
    """The seal and the heads beside it; then everything fits."""
    ran = run("seal", "s.json", "--register", demo)
    assert (ran.code, ran.err) == (0, "")
    assert "s.json.heads.jsonl" in ran.out

    ran = run("verify", "--seal", "s.json", "--register", demo)
    assert ran.code == 0
    assert "everything fits, and as it was sealed at position" in ran.out
    assert "no seal was given" in run("verify", "--register", demo).out


def test_a_tampered_register_is_a_finding(run: Run, demo: Path) -> None:
    """Exit 1, with the record and what is so."""
    run("seal", "s.json", "--register", demo)
    tamper(demo, "DELETE FROM events WHERE record = 'WMP-R3-031' AND number > 1")

    ran = run("verify", "--seal", "s.json", "--register", demo)

    assert ran.code == 1
    assert "WMP-R3-031: row-differs" in ran.out
    assert "WMP-R3-031 event" in ran.out
    assert "findings" in ran.out


def test_without_the_heads_the_seal_alone_still_tells(run: Run, demo: Path) -> None:
    """One finding, of the register as a whole."""
    run("seal", "s.json", "--register", demo)
    Path("s.json.heads.jsonl").unlink()
    run("export", "e.jsonl", "--register", demo)
    lines = Path("e.jsonl").read_text("utf-8").splitlines()
    swapped = [*lines[:-3], lines[-2], lines[-3], lines[-1]]
    Path("e.jsonl").write_text("\n".join(swapped), "utf-8")

    ran = run("verify", "e.jsonl", "--seal", "s.json")

    assert ran.code == 1
    assert "the register: seal-broken: the first" in ran.out


def test_an_export_is_verified_without_a_register(run: Run, demo: Path) -> None:
    """By anybody who has the file and the seal."""
    run("seal", "s.json", "--register", demo)
    assert run("export", "e.jsonl", "--register", demo).code == 0
    demo.unlink()

    assert run("verify", "e.jsonl").code == 0
    assert run("verify", "e.jsonl", "--seal", "s.json").code == 0
    told = Path("e.jsonl").read_text("utf-8")
    Path("e.jsonl").write_text(told.replace("2023-01-", "2023-02-", 1), "utf-8")
    ran = run("verify", "e.jsonl")
    assert (ran.code, "1 finding" in ran.out or "findings" in ran.out) == (1, True)


def test_an_imported_export_is_equal(run: Run, demo: Path) -> None:
    """Exporting again gives the very same file; importing again changes nothing."""
    run("export", "e.jsonl", "--register", demo)
    ran = run("import", "e.jsonl", "--register", "copy.db")
    assert ran.code == 0
    run("export", "again.jsonl", "--register", "copy.db")

    assert Path("again.jsonl").read_bytes() == Path("e.jsonl").read_bytes()
    assert run("import", "e.jsonl", "--register", "copy.db").out.startswith("0 events kept")


@pytest.mark.parametrize("verb", ["seal", "export"])
def test_a_file_that_cannot_be_written_is_misuse(run: Run, demo: Path, verb: str) -> None:
    """With the path, and what was there stays."""
    ran = run(verb, "nowhere/file", "--register", demo)

    assert ran.code == 2
    assert "nowhere/file" in ran.err


def test_a_broken_off_export_leaves_the_old_file(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one takes its place only when it is whole."""
    Path("e.jsonl").write_text("the old one")
    monkeypatch.setattr("peelflow.stores.export.b64encode", _stops)

    assert run("export", "e.jsonl", "--register", demo).code != 0

    assert Path("e.jsonl").read_text() == "the old one"
    assert sorted(each.name for each in Path().iterdir() if each.name.endswith(".part")) == []


def _stops(_: bytes) -> bytes:
    raise KeyboardInterrupt


def test_the_feed_is_a_line_an_event(run: Run, demo: Path) -> None:
    """JSON, with position, digest and the event as it is kept."""
    told = [json.loads(line) for line in run("feed", "--register", demo).out.splitlines()]

    assert [each["position"] for each in told] == list(range(1, len(told) + 1))
    assert set(told[0]) == {"position", "digest", "previous", "event"}
    assert told[0]["event"]["number"] == 1
    some = run("feed", "--register", demo, "--after", len(told) - 2).out.splitlines()
    assert [json.loads(line)["position"] for line in some] == [len(told) - 1, len(told)]


def test_a_cursor_goes_on_where_it_stood(run: Run, demo: Path) -> None:
    """Each event once, over several runs."""
    first = run("feed", "--register", demo, "--cursor", "place").out.splitlines()
    assert run("feed", "--register", demo, "--cursor", "place").out == ""
    words = ("--force", "west-midlands", "--first-day", "2023-01-01")
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    assert run("appoint", "somebody", "lead", *words, *who, "--register", demo).code == 0

    (told,) = run("feed", "--register", demo, "--cursor", "place").out.splitlines()

    assert json.loads(told)["position"] == len(first) + 1


NO_CURSORS = {
    "empty": "",
    "words": "x y",
    "before the first": "0 a",
    "another's": "5 " + "a" * 64,
    "too far": "99999 " + "a" * 64,
    "two noughts": "00 x",
    "a nought before": "01 x",
    "more than a store counts": "9" * 25 + " x",
    "more digits than Python reads": "9" * 5_000 + " x",
}


@pytest.mark.parametrize("said", NO_CURSORS.values(), ids=NO_CURSORS)
def test_a_cursor_of_another_register_is_refused(run: Run, demo: Path, said: str) -> None:
    """It would leave events out in silence: a copy that was put back from before, or no cursor."""
    Path("place").write_text(said)

    ran = run("feed", "--register", demo, "--cursor", "place")

    assert ran.code == 2
    assert "remove" in ran.err
    assert ran.out == ""


def test_a_follower_sees_what_comes(demo: Path) -> None:
    """A real process that follows sees what another writes, and goes on after it was killed."""
    command = "from peelflow.cli import main; raise SystemExit(main())"
    words = ("feed", "--follow", "--cursor", "place", "--register", str(demo))
    follow = [sys.executable, "-c", command, *words]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        last = 0
        total = int(_ask(demo, "SELECT count(*) FROM events"))
        while last < total:
            last = json.loads(follower.stdout.readline())["position"]
        _appoint(demo, "one")
        assert json.loads(follower.stdout.readline())["position"] == total + 1
        while Path("place").read_text().split()[0] != str(total + 1):
            os.sched_yield()
        follower.kill()
    _appoint(demo, "two")
    with subprocess.Popen(follow, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        assert json.loads(follower.stdout.readline())["position"] == total + 2
        follower.kill()


def test_a_follower_waits_between_two_looks(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops when it is interrupted, with its place noted."""

    def interrupted(_: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("peelflow.cli.feed.sleep", interrupted)
    ran = run("feed", "--follow", "--register", demo, "--cursor", "place")

    assert ran.code != 0
    assert Path("place").read_text().split()[0] == str(len(ran.out.splitlines()))


def _ask(path: Path, sql: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute(sql).fetchone()[0])


def _appoint(path: Path, person: str) -> None:
    with Register.open(f"sqlite:///{path}") as register:
        register.appoint(
            person,
            "lead",
            force="west-midlands",
            first_day=date(2023, 1, 1),
            actor=Actor("liaison", "liaison_officer"),
        )


@pytest.mark.parametrize("sql", ["DROP TABLE meta", "DELETE FROM meta", "DROP TABLE lifecycles"])
def test_a_register_that_cannot_be_opened_is_a_finding(run: Run, demo: Path, sql: str) -> None:
    """14.34: `verify` says what is wrong with it, exit 1; other verbs say that they cannot."""
    with closing(sqlite3.connect(demo)) as connection, connection:
        connection.execute(sql)

    told = run("verify", "--register", demo)

    assert told.code == 1
    assert "the register: store-unreadable: " in told.out
    assert "1 finding" in told.out or "findings" in told.out


def test_what_is_no_register_is_no_finding(run: Run) -> None:
    """14.34: another application's database is refused, exit 2."""
    with closing(sqlite3.connect("other.db")) as connection, connection:
        connection.execute("CREATE TABLE t (x)")

    assert run("verify", "--register", "other.db").code == 2
    assert run("verify", "--register", "memory:").code == 0


def test_what_does_not_fit_is_neither_sealed_nor_exported(run: Run, demo: Path) -> None:
    """18.4, 18.6: exit 1, with the record; nothing is written."""
    with closing(sqlite3.connect(demo)) as connection, connection:
        connection.execute("UPDATE events SET text = x'ff' WHERE position = 9")
        (name,) = connection.execute("SELECT record FROM events WHERE position = 9").fetchone()

    for verb, file in (("seal", "a.seal"), ("export", "a.jsonl")):
        told = run(verb, file, "--register", demo)
        assert told.code == 1
        assert not Path(file).exists()
    assert name in run("verify", "--register", demo).out


def test_documents_in_a_folder_travel(run: Run) -> None:
    """18.6: `export`, `import`, `verify` and `seal` take the folder, or say what lacks."""
    kim = Actor("kim", "liaison_officer")
    with Register.open("sqlite:///wmp.db", documents="letters") as register:
        register.appoint("c", "chief_constable", force="wmp", first_day=date(2023, 1, 1), actor=kim)
        letter = register.keep(b"letter", kind="letter", name="letter.txt")
        name = "appointment:wmp:chief_constable:c:2023-01-01"
        register.attach(name, letter, actor=kim, on=date(2026, 1, 1))
    here, folder = ("--register", "wmp.db"), ("--documents", "letters")

    assert run("export", "remembered.jsonl", *here).code == 0  # where they lie is noted
    Path("letters").rename("elsewhere")
    told = run("export", "bare.jsonl", *here)
    assert (told.code, Path("bare.jsonl").exists()) == (1, False)
    assert f"document {letter.digest}" in told.err
    assert run("verify", *here).code == 1
    assert run("seal", "wmp.seal", *here).code == 1
    Path("elsewhere").rename("letters")

    assert run("verify", *here, *folder).code == 0
    assert run("seal", "wmp.seal", *here, *folder).code == 0
    assert run("export", "whole.jsonl", *here, *folder).code == 0
    Path("copies").mkdir()
    assert run("import", "whole.jsonl", "--register", "new.db", "--documents", "copies").code == 0
    assert run("verify", "--register", "new.db", "--documents", "copies").code == 0
    with Register.open("sqlite:///new.db", documents="copies") as register:
        assert register.document(letter.digest) == b"letter"
    assert run("verify", *here, "--documents", "nowhere").code == 2


KEYS = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.fixture
def key() -> tuple[Path, Path]:
    """Write a key's file and that of its public part."""
    secret, public = Path("seal.key"), Path("seal.pub")
    secret.write_bytes(KEYS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        KEYS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return secret, public


def test_a_signed_seal_is_checked_by_its_public_key(
    run: Run, demo: Path, key: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a register and of an export, the key named by an option or by the environment."""
    secret, public = key
    ran = run("seal", "s.json", "--key", secret, "--register", demo)
    assert (ran.code, "signed with" in ran.out) == (0, True)
    assert KEYS.private_bytes_raw().decode() not in ran.out + Path("s.json").read_text()
    run("export", "e.jsonl", "--register", demo)

    for where in (("--register", demo), ("e.jsonl",)):
        ran = run("verify", *where, "--seal", "s.json", "--key", public)
        assert (ran.code, "everything fits" in ran.out, "signed with" in ran.out) == (0, True, True)
        ran = run("verify", *where, "--seal", "s.json")
        assert (ran.code, "seal-unchecked" in ran.out, "fits" in ran.out) == (3, True, False)
        assert "what they rest on" not in ran.out
    monkeypatch.setenv("PEELFLOW_SEAL_KEY", str(public))
    assert run("verify", "e.jsonl", "--seal", "s.json").code == 0


def test_a_seal_of_another_key_or_of_none_is_a_finding(
    run: Run, demo: Path, key: tuple[Path, Path]
) -> None:
    """Exit 1, and what the key's owner sealed is not what lies there."""
    _, public = key
    other = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
    Path("other.key").write_bytes(
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    run("seal", "s.json", "--key", "other.key", "--register", demo)
    run("seal", "bare.json", "--register", demo)

    for file, code in (("s.json", "seal-forged"), ("bare.json", "seal-unsigned")):
        ran = run("verify", "--seal", file, "--key", public, "--register", demo)
        assert (ran.code, code in ran.out, "fits" in ran.out) == (1, True, False)


def test_a_seal_that_leaves_events_out_says_so_first(run: Run, demo: Path) -> None:
    """An older one, and one of an empty register."""
    run("seal", "s.json", "--register", demo)
    run("export", "e.jsonl", "--register", demo)
    whole = json.loads(Path("s.json").read_text())
    nothing = sha256(b"").hexdigest()
    empty = {**whole, "position": 0, "count": 0, "root": nothing, "heads": nothing}
    Path("empty.json").write_text(json.dumps(empty))
    ran = run("verify", "--seal", "empty.json", "--register", demo)
    events = whole["count"]
    assert f"the seal is empty: none of {events} events is covered" in ran.out.splitlines()[0]
    assert f"none of {events} events" in run("verify", "e.jsonl", "--seal", "empty.json").out
    words = ("--force", "west-midlands", "--first-day", "2023-01-01")
    who = ("--actor", "kim", "--actor-role", "liaison_officer")
    assert run("appoint", "somebody", "lead", *words, *who, "--register", demo).code == 0

    ran = run("verify", "--seal", "s.json", "--register", demo)

    assert f"the seal covers {events} of {events + 1} events; 1 is" in ran.out.splitlines()[0]
    assert ran.code == 0
