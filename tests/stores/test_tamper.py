"""Whatever is changed behind a register's back is found (S10)."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from bench import tamper
from peelflow.register.register import Register
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.seals import seal_discrepancies
from peelflow.stores.sqlite import sqlite_snapshot


@pytest.mark.search
def test_every_tamper_is_found() -> None:
    """S10: each edit, deletion, swap, insertion and truncation, whoever made it fit again."""
    tally = tamper.run(4, parts=2)

    assert tally.missed == ()
    assert tally.crashed == ()
    assert tally.tried.total() > 400
    assert {kind.partition(" ")[0] for kind in tally.tried} >= {
        "any",
        "careful",
        "event:",
        "export",
        "schema:",
        "swap",
    }


def test_a_register_that_nobody_touched_fits(tmp_path: Path) -> None:
    """S10: nothing is found where nothing was changed, by the seal or without."""
    path = tmp_path / "register.db"
    sealed, heads = tamper.fill(path, 3)

    with Register.open(f"sqlite:///{path}") as register:
        assert register.verify() == ()
        assert register.verify(sealed=sealed, heads=heads) == ()


def test_only_the_seal_shows_what_a_careful_hand_did(tmp_path: Path) -> None:
    """S10: a chain made anew fits by itself, and the seal names the record."""
    path = tmp_path / "register.db"
    sealed, heads = tamper.fill(path, 2)
    edits = {name: hand for name, hand in tamper.each_tamper(path) if name.startswith("careful e")}

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, hand in edits.items():
            connection.execute("BEGIN")
            hand(connection)
            kept = sqlite_snapshot(connection)
            alone = list(verify_snapshot(kept))
            found = list(seal_discrepancies(kept.feed(), sealed, heads))
            connection.execute("ROLLBACK")
            number = int(name.rpartition(" ")[2])
            assert alone == []
            assert [each.record for each in found] == [f"WMP-{(number - 1) // 5:04}"]


def test_a_miss_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails when a tamper is not found."""
    missed = tamper.Tally(Counter({"event: edit": 1}), ("event: edit 1",))
    monkeypatch.setattr(tamper, "run", lambda *_, **__: missed)

    assert tamper.main(["5"]) == 1
    assert "found      0 of      1" in capsys.readouterr().out


def test_an_error_in_place_of_a_finding_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails when verifying does, and says at which tamper."""

    def fails(*_: object) -> NoReturn:
        raise KeyError("x")

    monkeypatch.setattr(tamper, "verify_export", fails)
    path = tmp_path / "register.db"
    sealed, heads = tamper.fill(path, 1)

    tally = tamper.try_exports(path, sealed, heads)

    assert tally.crashed
    monkeypatch.setattr(tamper, "run", lambda *_, **__: tally)
    assert tamper.main([]) == 1
    assert "KeyError('x')" in capsys.readouterr().out


def test_the_run_says_how_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` prints how, and no traceback."""
    with pytest.raises(SystemExit):
        tamper.main(["--help"])
    assert "usage: bench.tamper" in capsys.readouterr().out
