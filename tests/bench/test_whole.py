"""What verifying and restoring are held against reads and keeps the same events."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import whole
from bench.forces import make
from peelflow import Register


def test_the_loops_by_hand_read_and_keep_the_same(tmp_path: Path) -> None:
    """The rows kept by hand are the register's; and an event that was changed is told."""
    kept = make(tmp_path / "kept.db", 10)
    with Register.open(f"sqlite:///{kept}") as register:
        lines = "".join(f"{line}\n" for line in register.export())
    (tmp_path / "kept.jsonl").write_text(lines, "utf-8")

    whole.read_back(tmp_path)
    whole.restore_by_hand(tmp_path)

    for table in ("events", "records", "changes"):
        rows = [_rows(tmp_path / name, table) for name in ("kept.db", "by-hand.db")]
        assert rows[0] == rows[1]
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("UPDATE events SET text = replace(text, 'Improve', 'improve')")
        connection.commit()
    with pytest.raises(AssertionError):
        whole.read_back(tmp_path)


def _rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
