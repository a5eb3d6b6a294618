"""The run of the application's clients, small: it counts, and finds what was not kept."""

from __future__ import annotations

from pathlib import Path

from bench.clients import RECORDS, Tally, fill, hold, run


def test_what_clients_were_told_is_kept(tmp_path: Path) -> None:
    """Every act once, and no error of the server's."""
    tally = run(f"sqlite+pysqlite:///{tmp_path / 'run.db'}", clients=4, seconds=1)

    assert tally.is_sound, tally
    assert {code for _, code in tally.answers} <= {200, 409, 503}


def test_finds_an_act_that_is_not_there(tmp_path: Path) -> None:
    """A run that could not fail would say nothing."""
    url = f"sqlite+pysqlite:///{tmp_path / 'run.db'}"
    fill(url)
    tally = Tally(acknowledged={"a key": (RECORDS[0], 2)})
    hold(url, tally)

    assert tally.lost == 1
    assert not tally.is_sound
    assert not Tally().is_sound
