"""Read a row's cells as what their columns ask for."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from peelflow.model.rules import Level
from peelflow.register.fields import day_of
from peelflow.register.sheets import Row

LONGEST_DOCUMENT = 64 * 1024 * 1024


class BadCell(Exception):
    """A cell does not say what its column asks for."""

    def __init__(self, column: str, sentence: str, instead: str) -> None:
        super().__init__()
        self.column, self.sentence, self.instead = column, sentence, instead


def must(row: Row, column: str) -> str:
    """Return a cell that may not be empty."""
    text = row.get(column)
    if text is None:
        raise BadCell(column, f"`{column}` is empty", f"give the {column.replace('_', ' ')}")
    return text


def day(row: Row, column: str) -> date:
    """Return the date that a cell says."""
    text = must(row, column)
    found = day_of(text)
    if found is None:
        sentence = f"`{column}` is {text!r}, which is no date"
        raise BadCell(column, sentence, "write it as 2023-03-30")
    return found


def level(row: Row) -> Level:
    """Return the level that a row says; an empty cell is no level."""
    text = row.get("level")
    if text is None or text == "none":
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise BadCell("level", f"`level` is {text!r}, which is no level", "write 1 to 4, or none")
    return int(text)


def content(path: Path, row: Row) -> bytes:
    """Return what the document holds that a row names."""
    found = document_at(path)
    if isinstance(found, str):
        sentence = f"the document `{row.get('document')}` {found}"
        raise BadCell("document", sentence, "put it beside the sheet, or mend its path")
    return found


def document_at(path: Path) -> bytes | str:
    """Return what a regular file holds, or why it cannot be taken as a document."""
    try:
        if path.exists() and not path.is_file():
            return "is no regular file"
        with path.open("rb") as stream:
            found = stream.read(LONGEST_DOCUMENT + 1)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return found if len(found) <= LONGEST_DOCUMENT else f"has more than {LONGEST_DOCUMENT} bytes"
