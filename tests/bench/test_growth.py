"""What `make bench ARGS=--full` measures is what it says: copies count, and a growth is drawn."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import growth
from bench.durable import LIAISON
from bench.forces import make
from bench.imports import import_sheet, keep_by_hand, write_sheet
from peelflow import Register


def test_a_copied_register_counts_and_is_acted_on_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times the records, three times the figures; and a copy goes on from where it stood."""
    monkeypatch.setattr(growth, "ACTED", 20)
    acted = make(tmp_path / "acted.db", 20)
    path = growth.register_of(tmp_path, acted, 60)
    with Register.open(f"sqlite:///{acted}") as one, Register.open(f"sqlite:///{path}") as three:
        sums = [sum(row.total for row in each.services.store.totals()) for each in (one, three)]
        three.note("R-000001~2", "looked at", actor=LIAISON, on=growth.AS_AT)

        assert sums == [sums[0], 3 * sums[0]]
        assert len([each for each in three.records() if each.id.startswith("R-")]) == 60
        assert len(three.history("R-000001~2")) == len(one.history("R-000001")) + 1


def test_a_growth_is_kept_as_figures_and_as_a_picture(tmp_path: Path) -> None:
    """Under the names of what grows and of what is measured."""
    found = growth.Growth("records", "milliseconds", {"one act, kept": {10: 1.0, 100: 2.5}})
    growth.keep([found], tmp_path)

    assert list(found.lines())[2] == "| one act, kept | 1.00 | 2.50 |"
    assert json.loads((tmp_path / "growth.json").read_text("utf-8"))[0]["of"] == "records"
    assert "one act, kept" in (tmp_path / "records-milliseconds.svg").read_text("utf-8")


def test_what_is_kept_by_hand_is_what_an_import_kept(tmp_path: Path) -> None:
    """The baseline writes the same bytes; else it would be no baseline."""
    write_sheet(tmp_path / "sheet.csv", 30)
    import_sheet(tmp_path / "sheet.csv", tmp_path / "ours.db")
    keep_by_hand(tmp_path / "ours.db", tmp_path / "theirs.db")
    for table in ("records", "events", "changes"):
        ours, theirs = (_rows(tmp_path / name, table) for name in ("ours.db", "theirs.db"))
        assert ours == theirs != []


def _rows(path: Path, table: str) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5, 6").fetchall()
