"""`tick`, `import` and `migrate` keep the sums of the figures anew where much came since."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from peelflow.stores import totals
from peelflow.stores.sqlite import SqliteStore
from tests.builders.rules import write_review_rules
from tests.cli.conftest import Run
from tests.cli.test_import import FILL, SHEET
from tests.cli.test_moving import REGISTER, WHO, add, migrate
from tests.cli.test_trackers import FILL as TRACKER_FILL
from tests.cli.test_trackers import FIRST, SECOND


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one event for much."""
    monkeypatch.setattr(totals, "STALE", 1)


def are_up_to_now(path: Path) -> bool:
    """Return whether the sums of a register are kept up to its last event."""
    with closing(SqliteStore(path)) as store, store.snapshot() as snapshot:
        return [position for position, _ in snapshot.checkpoints()] == [store.position()]


def test_a_tick_keeps_them(run: Run, demo: Path) -> None:
    """Whatever it did itself, and says no word of it; `verify` recounts them."""
    assert not are_up_to_now(demo)
    ran = run("tick", "--register", demo)
    assert (ran.code, "sums" in ran.out + ran.err) == (0, False)
    assert are_up_to_now(demo)
    assert run("verify", "--register", demo).code == 0


def test_a_tick_of_a_register_with_little_new_leaves_them(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost a reading of all there is."""
    monkeypatch.setattr(totals, "STALE", 10**6)
    assert run("tick", "--register", demo).code == 0
    assert not are_up_to_now(demo)


def test_an_import_of_sheets_keeps_them(run: Run) -> None:
    """Also where some rows are bad."""
    Path("records.csv").write_text(SHEET, "utf-8")
    assert run("import", "records.csv", "--partial", *FILL, "--register", "new.db").code == 1
    assert are_up_to_now(Path("new.db"))


def test_an_import_of_an_export_keeps_them(run: Run, demo: Path) -> None:
    """An export carries none."""
    assert run("export", "e.jsonl", "--register", demo).code == 0
    assert run("import", "e.jsonl", "--register", "new.db").code == 0
    assert are_up_to_now(Path("new.db"))


def test_an_import_of_a_tracker_keeps_them_but_for_a_dry_run(run: Run) -> None:
    """A dry run writes nothing at all."""
    made = ("--as", "t.yaml", "--register", "new.db")
    run("import", FIRST, "--propose", "t.yaml", *TRACKER_FILL)
    assert run("import", FIRST, *made).code == 0
    assert are_up_to_now(Path("new.db"))
    before = Path("new.db").read_bytes()
    run("import", SECOND, *made, "--dry-run")
    assert Path("new.db").read_bytes() == before
    run("import", SECOND, *made)
    assert are_up_to_now(Path("new.db"))


def test_a_migration_keeps_them(run: Run) -> None:
    """Forth and back; not to look at."""
    write_review_rules(Path("rules"))
    add(run, "A")
    migrate(run, "--dry-run", "--on", "2023-05-01")
    assert not are_up_to_now(Path("reviews.db"))
    for way in ("--apply", "--undo"):
        assert migrate(run, way, *WHO).code == 0
        assert are_up_to_now(Path("reviews.db"))
    assert run("verify", *REGISTER).code == 0


def test_what_was_done_is_said_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not wait for the sums knows it."""

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    write_review_rules(Path("rules"))
    add(run, "A")
    run("import", FIRST, "--propose", "t.yaml", *TRACKER_FILL)
    for module in ("record", "trackers"):
        monkeypatch.setattr(f"peelflow.cli.{module}.keep_stale_sums", stop)
    assert "1 record moved, 0 left" in migrate(run, "--apply", *WHO).out
    assert "as at" in run("import", FIRST, "--as", "t.yaml", "--register", "new.db").out
