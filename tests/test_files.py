"""What is named as a file is read as one, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peelflow.files import open_regular, read_regular


def test_reads_a_file_no_further_than_one_byte_past_a_limit(tmp_path: Path) -> None:
    """So that whoever reads sees that it is too long, however long it is."""
    path = tmp_path / "file"
    path.write_bytes(b"four")

    assert read_regular(path) == b"four"
    assert read_regular(path, 4) == b"four"
    assert read_regular(path, 2) == b"fou"


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    """A folder gives no bytes, and a pipe would have us wait for its writer."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert read_regular(tmp_path) is None
    assert open_regular(pipe) is None


def test_a_pipe_put_in_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a file and its opening somebody may put a pipe there."""
    path, pipe = tmp_path / "file", tmp_path / "pipe"
    path.touch()
    os.mkfifo(pipe)
    is_file = path.stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: is_file)

    assert read_regular(pipe) == b""


@pytest.mark.parametrize(("name", "error"), [("none", OSError), ("a\0b", ValueError)])
def test_what_cannot_be_opened_is_the_systems_error(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    """Whoever asks says it in words of his own."""
    with pytest.raises(error):
        read_regular(tmp_path / name)
