"""Remember how a register is set up, beside what happened in it: as text, by a setting's name.

Two settings there are: the folder that documents are kept in, and how often names were brought.
Two connections that bring names in one moment have each read those there were, and not the other's.
So whoever brings one says what that number was as the names were read: a store keeps the batch only
where it still is, and counts on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from peelflow.stores.base import DatabaseFault

DOCUMENTS_SETTING = "documents"
"""What the folder of documents is remembered by."""
NAMES_SETTING = "names"
"""What it is remembered by how often names were brought."""
_find_number = re.compile("[1-9][0-9]{0,17}").fullmatch


def folder_as_kept(folder: Path, beside: Path | None) -> str:
    """Return how a folder is remembered: from the folder of the register's file, if below it.

    Args:
        folder: The folder.
        beside: Where the register's file lies; None where it is no file.
    """
    is_below = beside is not None and folder.is_relative_to(beside)
    return (folder.relative_to(beside) if beside and is_below else folder).as_posix()


def folder_from(kept: object, beside: Path | None) -> Path | None:
    """Return the folder that `folder_as_kept` told, None where what is kept tells none.

    Args:
        kept: What is kept.
        beside: Where the register's file lies; None where it is no file.
    """
    if not isinstance(kept, str) or not kept or "\0" in kept:
        return None
    folder = Path(kept)
    if folder.is_absolute():
        return folder
    return None if beside is None else beside / folder


def names_from(kept: object) -> int:
    """Return how often names were brought, 0 where what is kept tells none.

    Args:
        kept: What is kept.
    """
    return int(kept) if isinstance(kept, str) and _find_number(kept) else 0


def setting_faults(rows: Iterable[tuple[object, object]]) -> Iterator[DatabaseFault]:
    """Yield what is kept as a setting and is none of peelflow's, or tells nothing.

    Args:
        rows: The name and value of each.
    """
    for name, value in rows:
        if name == NAMES_SETTING:
            tells, what = bool(names_from(value)), "number"
        elif name == DOCUMENTS_SETTING:
            tells = folder_from(value, Path()) is not None and _is_unicode(str(value))
            what = "folder"
        else:
            yield DatabaseFault("schema-foreign", f"its setting {name!a:.80} is none of peelflow's")
            continue
        if not tells:
            sentence = f"its setting {name} tells no {what}: {value!a:.80}"
            yield DatabaseFault("row-unreadable", sentence)


def _is_unicode(text: str) -> bool:
    return text.encode("utf-8", "ignore").decode() == text
