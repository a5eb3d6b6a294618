"""Find rule files and take their bytes, whatever lies at a path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.proof.names import printable
from peelflow.rulebook.bounds import MAX_BYTES

_ENDINGS = {".yaml", ".yml"}


def said(path: Path) -> str:
    """Say a path on one line of plain text, whatever its name holds."""
    return printable(path.as_posix())


def bytes_of(path: Path) -> bytes:
    """Return what a rule file holds, and of a longer file as much as shows that it is too long.

    Raises:
        RulesRefused: No regular file can be read there.
    """
    try:
        source = _taken(path) if stat.S_ISREG(path.stat().st_mode) else None
    except (OSError, ValueError) as error:
        raise RulesRefused([_unreadable(path, _why(error))]) from None
    if source is None:
        raise RulesRefused([_unreadable(path, "it is no regular file")])
    return source


def _taken(path: Path) -> bytes | None:
    # INVARIANT: a file that grows meanwhile is read no further than this.
    with open(path, "rb", opener=_without_waiting) as stream:
        return stream.read(MAX_BYTES + 1)


def _without_waiting(path: str, flags: int) -> int:
    # A pipe put in the file's place meanwhile would have us wait for its writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def each_file(paths: Iterable[Path], faults: list[Diagnostic]) -> list[Path]:
    """Return every rule file at or under `paths`, each once, in the order of their names.

    What cannot be looked at, and each folder without a rule file, is added to `faults`.
    """
    files: dict[str, Path] = {}
    for path in paths:
        try:
            found = _under(path, faults) if path.is_dir() else [path]
            for file in found:
                files.setdefault(os.path.realpath(file), file)
        except (OSError, ValueError) as error:
            faults.append(_unreadable(path, _why(error)))
    return list(files.values())


def _under(folder: Path, faults: list[Diagnostic]) -> list[Path]:
    found: list[Path] = []
    before = len(faults)
    entered: set[str] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            if path.is_dir():
                # INVARIANT: a folder is entered once, however many links lead to it.
                real = os.path.realpath(path)
                if real not in entered:
                    entered.add(real)
                    waiting += sorted(path.iterdir(), reverse=True)
            elif path.suffix in _ENDINGS:
                found.append(path)
        except OSError as error:
            faults.append(_unreadable(path, _why(error)))
    if not found and len(faults) == before:
        faults.append(_without_rules(folder))
    return found


def _why(error: OSError | ValueError) -> str:
    why = getattr(error, "strerror", None) or str(error)
    return why[:1].lower() + why[1:]


def _unreadable(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        Span(said(path)),
        "unreadable",
        f"`{said(path)}` cannot be read: {why}",
        "check the path and its permissions",
    )


def _without_rules(path: Path) -> Diagnostic:
    return Diagnostic(
        Span(said(path)),
        "no-rule-files",
        "no rule file (`*.yaml` or `*.yml`) lies in this folder or under it",
        "check the path",
    )
