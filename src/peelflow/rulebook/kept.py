"""The proved national rulebook, kept beside the files it was read from.

Reading and proving the files takes longer than all else of a start. What came of it is kept as
plain data, with the digest of each file: it is taken only where these very files lie, and where
the classes it fills are those it was written with. Else the files are read and proved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from peelflow import errors
from peelflow.errors import Span
from peelflow.model import guarantees, migration, requirements, rules
from peelflow.proof.names import printable
from peelflow.rulebook import book
from peelflow.rulebook.book import Rulebook

_MODULES = (errors, requirements, guarantees, rules, migration, book)
_Plain = Any


def text_of(rulebook: Rulebook, folder: Path) -> str:
    """Return a rulebook that the files in `folder` gave as text that `rulebook_from` reads."""
    kept = {
        "files": _digests(folder),
        "classes": _classes(),
        "rulebook": _plain(rulebook, f"{_said(folder)}/"),
    }
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False) + "\n"


def rulebook_from(text: str, folder: Path) -> Rulebook | None:
    """Return the rulebook that `text` keeps, None unless it is that of the files in `folder`."""
    try:
        kept = json.loads(text)
        if kept["files"] != _digests(folder) or kept["classes"] != _classes():
            return None
        found = _Reader(f"{_said(folder)}/").built(kept["rulebook"])
    except (
        OSError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ):
        return None
    return found if isinstance(found, Rulebook) else None


def _digests(folder: Path) -> Mapping[str, str]:
    """Return the digest of every file in a folder by its name.

    Raises:
        OSError: Something else than a file lies there.
    """
    digests = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            raise IsADirectoryError(path)
        digests[path.name] = sha256(path.read_bytes()).hexdigest()
    return digests


def _kinds() -> dict[str, type[attrs.AttrsInstance]]:
    return {
        name: kind
        for module in _MODULES
        for name, kind in vars(module).items()
        if isinstance(kind, type) and "__attrs_attrs__" in vars(kind)
    }


def _classes() -> Mapping[str, list[str]]:
    return {name: [part.name for part in attrs.fields(kind)] for name, kind in _kinds().items()}


def _said(folder: Path) -> str:
    return printable(folder.as_posix())


def _plain(value: object, at: str) -> _Plain:
    """Return a value as JSON has it: a list begins with what it is."""
    match value:
        case None | bool() | int() | str():
            return value
        case date():
            return ["date", value.isoformat()]
        case tuple():
            return ["tuple", *[_plain(each, at) for each in value]]
        case Mapping():
            return {name: _plain(each, at) for name, each in value.items()}
        case Span():
            return ["Span", value.file.removeprefix(at), value.line, value.column]
        case _:
            parts = [getattr(value, name) for name in _classes()[type(value).__name__]]
            return [type(value).__name__, *[_plain(each, at) for each in parts]]


class _Reader:
    """Builds what `_plain` took apart, with the places of files in a folder of its own."""

    def __init__(self, at: str) -> None:
        """Take the folder that spans begin with."""
        self._made: dict[str, Callable[..., object]] = {
            **_kinds(),
            "tuple": lambda *each: each,
            "date": date.fromisoformat,
            "Span": lambda file, line, column: Span(
                file if file.startswith("<") else f"{at}{file}", line, column
            ),
        }

    def built(self, plain: _Plain) -> object:
        """Return the value that `plain` says."""
        if type(plain) is list:
            return self._made[plain[0]](*[self.built(each) for each in plain[1:]])
        if type(plain) is dict:
            return {name: self.built(each) for name, each in plain.items()}
        return plain
