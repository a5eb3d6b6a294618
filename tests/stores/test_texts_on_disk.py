"""What is too much to hold waits on the disk: an export is checked and judged in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import Actor, Register
from peelflow.errors import StoreUnavailable
from peelflow.register import restore
from peelflow.register.judgement import Verification, judge_events
from peelflow.register.session import Session
from peelflow.stores.base import Store
from peelflow.stores.export import verify_export
from peelflow.stores.integrity import Discrepancy
from peelflow.stores.packed import PART, TextsOnDisk

KIM = Actor("officer-1", "liaison_officer")


@given(st.lists(st.tuples(st.integers(0, 5), st.text(st.characters(codec="utf-8"))), max_size=400))
def test_texts_come_by_their_number_in_the_order_they_came_in(given: list[tuple[int, str]]) -> None:
    """However many there are, and whatever they say."""
    with TextsOnDisk() as texts:
        for number, text in given:
            texts.add(number, text)
        told = list(texts)
    numbers = sorted({number for number, _ in given})
    assert told == [[text for of, text in given if of == number] for number in numbers]


def test_a_full_disk_is_told() -> None:
    """As what cannot be kept, with what to do; not as a fault of SQLite's."""
    with TextsOnDisk() as texts:
        texts._database.execute("PRAGMA max_page_count = 3")
        with pytest.raises(StoreUnavailable) as told:
            for _ in range(PART):
                texts.add(1, "x" * 1_000)
    assert "TMPDIR" in told.value.instead


RECORDS, NOTES = 30, 40


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the export of some records with many notes."""
    file = tmp_path_factory.mktemp("many") / "register.jsonl"
    with Register.open("memory:") as register:
        with register.batch() as batch:
            for name in (f"R-{number}" for number in range(RECORDS)):
                day = date(2022, 12, 16)
                batch.add(name, category="afi", level=2, force="wmp", issued=day, actor=KIM)
                for _ in range(NOTES):
                    batch.note(name, "The board looked at it. " * 80, on=day, actor=KIM)
        file.write_text("".join(f"{line}\n" for line in register.export()), "utf-8")
    return file


def test_an_export_is_checked_without_holding_it(many: Path) -> None:
    """Of an event no more is held than where it stands: its text waits until its record's turn."""
    assert _found_in(many) == []  # what it loads and remembers is no part of it
    tracemalloc.start()
    try:
        assert _found_in(many) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < many.stat().st_size / 2, peak


def _found_in(export: Path) -> list[Discrepancy]:
    with export.open(encoding="utf-8", newline="\n") as lines:
        return list(verify_export(lines))


def test_an_export_is_judged_without_holding_it(
    many: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is judged lies in a file of its own, which is gone at the end."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    judged_in: list[str] = []

    def noted(store: Store, sessions: Callable[[], Session]) -> Verification:
        judged_in.extend(_files_below(tmp_path))
        return judge_events(store, sessions)

    monkeypatch.setattr(restore, "judge_events", noted)
    with Register.open("memory:") as register:
        assert register.restore(many) == RECORDS * (NOTES + 1)
    assert "export.db" in judged_in
    assert list(_files_below(tmp_path)) == []


def _files_below(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.rglob("*"))
