"""What `list` prints is made of what it shows, row by row."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.cli import output
from peelflow.register.reader import Reader
from tests.cli.conftest import Run


@pytest.mark.parametrize("form", ["csv", "json", "table", "md", "excel"])
def test_the_command_reads_no_history(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """17.2: but for notes, which may have been corrected."""

    def never(*_: object) -> None:
        pytest.fail("a whole history was read")

    monkeypatch.setattr(Reader, "histories", never)
    monkeypatch.setattr(Reader, "history", never)
    assert run("list", "--register", str(demo), "--format", form).code == 0
    with pytest.raises(pytest.fail.Exception):
        run("list", "--register", str(demo), "--columns", "record,noted on")


CELLS = st.text() | st.integers() | st.none() | st.lists(st.text())
ITEMS = st.dictionaries(st.text(), CELLS | st.dictionaries(st.text(), CELLS))


@given(items=st.lists(ITEMS))
def test_a_list_printed_piece_by_piece_is_the_list_printed_whole(items: list[Any]) -> None:
    """17.2: whatever a text holds, and where there is nothing to print."""
    with pytest.MonkeyPatch.context() as patch:
        stream = StringIO()
        patch.setattr("sys.stdout", stream)
        output.print_json_list(iter(items))
    assert stream.getvalue() == json.dumps(items, ensure_ascii=False, indent=2) + "\n"
