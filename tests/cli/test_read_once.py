"""18.10: a file is read once, into what is checked: what it becomes meanwhile comes in nowhere."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from peelflow import Register
from tests.builders.force import LIAISON
from tests.cli.conftest import Run
from tests.trackers.conftest import MAP, row, write_workbook

HERE = ("--register", "r.db")
HEAD = ("record", "category", "level", "force", "issued", "actor", "actor_role")
ROW = ("R-1", "afi", "2", "wmp", "2022-01-03", LIAISON.person, LIAISON.role)


@frozen
class Swapped:
    """A file in whose place another is put as soon as it is opened.

    Attributes:
        path: The file.
        content: What is put there.
    """

    path: Path
    content: bytes

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Do so from now on, whoever opens it."""
        opened = io.open

        def opening(file: Any, *how: Any, **more: Any) -> Any:
            stream = opened(file, *how, **more)
            if not isinstance(file, int) and Path(file).absolute() == self.path.absolute():
                self.path.unlink()
                with opened(self.path, "wb") as other:
                    other.write(self.content)
            return stream

        for module in ("io", "builtins"):
            monkeypatch.setattr(f"{module}.open", opening)


def sheet(*rows: tuple[str, ...]) -> bytes:
    """Return a sheet as CSV."""
    return "".join(f"{','.join(cells)}\n" for cells in rows).encode()


def export_of(record: str) -> bytes:
    """Return an export of one record."""
    with Register.open("memory:") as register:
        register.add(
            record, category="afi", level=2, force="wmp", issued=date(2022, 1, 3), actor=LIAISON
        )
        return "".join(f"{line}\n" for line in register.export()).encode()


def workbook_of(record: str) -> bytes:
    """Return a template that was filled in for one record."""
    cells = (HEAD, (record, *ROW[1:]))
    return write_workbook(Path("made.xlsx"), cells, name="records").read_bytes()


def tracker_of(record: str) -> bytes:
    """Return a tracker of one record, as CSV."""
    said = {**row(Ref=record), "Published": "2022-01-03", "Target": "2023-09-01"}
    return sheet(tuple(said), tuple(str(value or "") for value in said.values()))


def tracker_book_of(record: str) -> bytes:
    """Return a tracker of one record, as a workbook."""
    said = row(Ref=record)
    return write_workbook(Path("made.xlsx"), (tuple(said), tuple(said.values()))).read_bytes()


CASES: dict[str, tuple[str, Callable[[str], bytes], tuple[str, ...]]] = {
    "csv": ("x.csv", lambda record: sheet(HEAD, (record, *ROW[1:])), ()),
    "workbook": ("x.xlsx", workbook_of, ()),
    "export": ("x.jsonl", export_of, ()),
    "tracker": ("x.csv", tracker_of, ("--as", "map.yaml", "--on", "2023-02-28")),
    "tracker book": ("x.xlsx", tracker_book_of, ("--as", "map.yaml", "--on", "2023-02-28")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_imported_is_what_was_there_at_first(
    case: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.10: the whole of it, whatever takes its place while it is read."""
    name, made, more = CASES[case]
    Path("map.yaml").write_text(MAP, "utf-8")
    Path(name).write_bytes(made("R-1"))
    after = made("R-2")
    with monkeypatch.context() as meanwhile:
        Swapped(Path(name), after).watch(meanwhile)
        ran = run("import", name, *more, *HERE)

    assert (ran.code, Path(name).read_bytes()) == (0, after), ran.err
    with Register.open("sqlite:///r.db") as register:
        assert [record.id for record in register.records()] == ["R-1"]


def test_a_document_is_kept_as_it_was_described(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """18.10: the one that a sheet names, however many of its rows do."""
    Path("letter.txt").write_bytes(b"first")
    rows = [("R-1", *ROW[1:]), ("R-2", *ROW[1:])]
    Path("records.csv").write_bytes(sheet(HEAD, *rows))
    named = ("letter.txt", "letter", LIAISON.person, LIAISON.role, "2022-01-04")
    heads = ("record", "document", "kind", "actor", "actor_role", "on")
    Path("letters.csv").write_bytes(sheet(heads, ("R-1", *named), ("R-2", *named)))
    with monkeypatch.context() as meanwhile:
        Swapped(Path("letter.txt"), b"other").watch(meanwhile)
        ran = run("import", "records.csv", "letters.csv", *HERE)

    assert (ran.code, ran.err) == (0, "")
    with Register.open("sqlite:///r.db") as register:
        held = [each.document.digest for r in register.records() for each in r.attachments]
        assert held == [sha256(b"first").hexdigest()] * 2
        assert register.document(held[0]) == b"first"


def test_an_export_is_verified_as_it_was_at_one_moment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.10: what its seal is held to is what else was looked at."""
    Path("x.jsonl").write_bytes(export_of("R-1"))
    other = export_of("R-2")
    assert run("import", "x.jsonl", *HERE).code == 0
    assert run("seal", "x.seal", *HERE).code == 0
    with monkeypatch.context() as meanwhile:
        Swapped(Path("x.jsonl"), other).watch(meanwhile)
        ran = run("verify", "x.jsonl", "--seal", "x.seal")
    assert ran.code == 0, ran.out

    with monkeypatch.context() as meanwhile:
        Swapped(Path("x.jsonl"), export_of("R-1")).watch(meanwhile)
        ran = run("verify", "x.jsonl", "--seal", "x.seal")
    assert (ran.code, "seal-broken" in ran.out) == (1, True)
