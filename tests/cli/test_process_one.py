"""18.9: what a command left that was killed as process 1 of a container hinders no later one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from peelflow import Register
from peelflow.cli import main
from peelflow.stores.export import verify_export
from tests.builders.containers import ProcessOne, process_one
from tests.builders.force import LIAISON, START
from tests.cli.conftest import Run

LIAISON_WORDS = ("--actor", LIAISON.person, "--actor-role", LIAISON.role)
HERE = ("--register", "r.db")
COMMANDS: dict[str, tuple[str, ...]] = {
    "export": ("export", "{0}.jsonl"),
    "backup": ("backup", "{0}.db"),
    "feed": ("feed", "--cursor", "{0}.cursor"),
    "attach": (
        *("attach", "R-{0}", "{0}.txt", "--kind", "letter"),
        *("--on", f"{START}", *LIAISON_WORDS),
    ),
}


@pytest.fixture(autouse=True)
def _register(run: Run) -> None:
    """Make a register with two records, a folder of documents, and letters to attach."""
    del run  # it has made the folder where commands run
    with Register.open("sqlite:///r.db", documents="letters") as register:
        for name in ("R-one", "R-two"):
            register.add(name, category="afi", level=3, force="wmp", issued=START, actor=LIAISON)
        register.keep(b"first", kind="letter", name="first.txt")
    for name in ("one", "two"):
        Path(f"{name}.txt").write_text(name, "utf-8")


def words(verb: str, name: str) -> list[str]:
    """Return what is typed."""
    return [word.format(name) for word in COMMANDS[verb]] + [*HERE]


def stopped(verb: str, name: str) -> tuple[ProcessOne, Callable[[], None]]:
    """Start a command as process 1 that stops once it has written its first file.

    Return it as it stands there, and what has it go on.
    """
    reached, reach = os.pipe()
    wait, go = os.pipe()

    def stop(_: object) -> None:
        stopping.stop()
        os.write(reach, b"x")
        os.read(wait, 1)

    stopping = patch.object(os, "fsync", stop)

    def work() -> int:
        stopping.start()
        return main(words(verb, name))

    with Path(os.devnull).open("wb") as nowhere:
        one = process_one(work, nowhere.fileno())
    os.close(reach)
    if os.read(reached, 1) != b"x":
        assert one.code() == 0, "it never wrote a file"
    return one, lambda: (os.write(go, b"x"), None)[1]


def again(verb: str, name: str) -> int:
    """Run a command to its end as process 1, and return its code."""
    with Path(os.devnull).open("wb") as nowhere:
        return process_one(lambda: main(words(verb, name)), nowhere.fileno()).code()


def is_whole(verb: str, name: str) -> bool:
    """Return whether what a command makes is there, whole."""
    match verb:
        case "export":
            with Path(f"{name}.jsonl").open(encoding="utf-8") as lines:
                return list(verify_export(lines)) == []
        case "backup":
            with Register.open(f"sqlite:///{name}.db") as copy:
                return copy.verify() == () and copy.position() > 0
        case "attach":
            with Register.open("sqlite:///r.db") as register:
                held = register.record(f"R-{name}").attachments
                names = {attachment.document.name for attachment in held}
                contents = {register.document(held.document.digest) for held in held}
                return f"{name}.txt" in names and name.encode() in contents
        case _:
            return Path(f"{name}.cursor").read_text("utf-8").startswith("2 ")


@pytest.mark.parametrize("verb", COMMANDS)
def test_what_a_killed_process_1_left_is_no_obstacle(verb: str) -> None:
    """18.9: the next process 1 does the same again, whatever lies there."""
    one, _ = stopped(verb, "one")
    before = {path for path in Path().rglob(".*") if path.is_file()}
    one.kill()
    assert before, "something was half written"
    assert again(verb, "one") == 0
    assert is_whole(verb, "one")


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_process_1_that_lives_is_not_taken_for_dead(verb: str) -> None:
    """18.9: of two at once, in containers of their own, neither takes the other's file away."""
    one, go_on = stopped(verb, "one")
    assert again(verb, "two") == 0
    go_on()
    assert one.code() == 0
    assert is_whole(verb, "one")
    assert is_whole(verb, "two")
