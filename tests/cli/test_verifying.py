"""What `verify` does with a file that is no register, and with a store that does not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.cli.exchange import _event_count, _is_register
from peelflow.errors import StoreUnavailable
from peelflow.register.register import Register


def test_what_cannot_be_read_is_no_register(tmp_path: Path) -> None:
    """A folder, a file that is not there, and one that is shorter than a header."""
    short = tmp_path / "short.db"
    short.write_bytes(b"SQLite")
    assert not _is_register(tmp_path)
    assert not _is_register(tmp_path / "none.db")
    assert not _is_register(short)


def test_a_store_that_does_not_answer_is_not_judged_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is wrong with it is a finding of its own."""

    def refuse(_: Register) -> int:
        raise StoreUnavailable("memory:", "it is gone")

    with Register.open("memory:") as register:
        assert _event_count(register) == 0
        monkeypatch.setattr(Register, "position", refuse)
        assert _event_count(register) is None
