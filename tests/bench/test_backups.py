"""The run of backups, small: each holds what was acknowledged, and a loss is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from bench import backups
from bench.backups import Acknowledged
from bench.contention import prepare
from peelflow import Register, backup
from tests.builders.force import clock


def test_a_small_run_has_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """18.8: processes act on a file while two backups are taken."""
    url = f"sqlite:///{tmp_path / 'run.db'}"

    assert backups.main(["--processes", "2", "--seconds", "0.2", "--every", "0.1", url]) == 0
    assert "faults 0" in capsys.readouterr().out


@pytest.mark.parametrize("scheme", ["sqlite:///r.db", "memory:"])
def test_what_a_backup_lacks_is_told(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.8: an act, a letter, and whatever verifying finds; not what came after it began."""
    monkeypatch.chdir(tmp_path)
    with Register.open(scheme, clock=clock) as register:
        prepare(register)
        backups.write(register, "AFI-00", "kept", b"letter")
        backups.write(register, "AFI-00", "more", None)
        made = backup(register, tmp_path / "copy")
    kept = Acknowledged("AFI-00", "kept", 1.0, None)
    lost = evolve(kept, key="lost")
    letter = evolve(kept, letter="a" * 64)

    assert list(backups.faults_of(made, 2.0, [kept, evolve(lost, at=3.0)])) == []
    assert list(backups.faults_of(made, 2.0, [kept, lost, letter])) == [
        "copy: lost of AFI-00 is lost",
        "copy: the letter of kept is lost",
    ]


def test_a_fault_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed, and the command ends with 1."""
    tally = backups.Tally(1, 1, 1, 0, 0.1, ("copy: k of R is lost",))
    monkeypatch.setattr(backups, "run", lambda *_, **__: tally)

    assert backups.main(["memory:"]) == 1
    assert "k of R is lost" in capsys.readouterr().out
