"""Find rule files and read them into the model, keeping every fault on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.rulebook.bounds import MAX_BYTES
from peelflow.rulebook.reader import read
from peelflow.rulebook.structure import structure

_ENDINGS = {".yaml", ".yml"}


def read_file(path: Path) -> Lifecycle | Vocabulary:
    """Read one rule file.

    Raises:
        RulesRefused: With every fault of the file.
    """
    file = path.as_posix()
    try:
        with path.open("rb") as stream:
            source = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RulesRefused([_unreadable(path, error.strerror or str(error))]) from None
    return structure(read(source, file))


def read_lifecycle(source: bytes, file: str) -> Lifecycle:
    """Read one lifecycle from bytes; nothing outside them is looked at.

    Raises:
        RulesRefused: With every fault, or because the bytes hold a vocabulary.
    """
    found = structure(read(source, file))
    if isinstance(found, Lifecycle):
        return found
    raise RulesRefused(
        [Diagnostic(found.span, "unknown-kind", "this is a vocabulary", "give a lifecycle's file")]
    )


def read_files(
    paths: Iterable[Path | str],
) -> tuple[list[Lifecycle], list[Vocabulary], list[Diagnostic]]:
    """Read every rule file at or under `paths`, each once, in the order of their names."""
    lifecycles: list[Lifecycle] = []
    vocabularies: list[Vocabulary] = []
    faults: list[Diagnostic] = []
    for path in _each_file(map(Path, paths), faults):
        try:
            found = read_file(path)
        except RulesRefused as refused:
            faults.extend(refused.diagnostics)
            continue
        if isinstance(found, Lifecycle):
            lifecycles.append(found)
        else:
            vocabularies.append(found)
    return lifecycles, vocabularies, faults


def _each_file(paths: Iterable[Path], faults: list[Diagnostic]) -> list[Path]:
    files: dict[Path, Path] = {}
    for path in paths:
        found = [path]
        if path.is_dir():
            found = _under(path, faults, frozenset())
            if not found and not faults:
                faults.append(_without_rules(path))
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values())


def _under(folder: Path, faults: list[Diagnostic], above: frozenset[Path]) -> list[Path]:
    # INVARIANT: a folder that lies above itself through a link is entered once.
    real = folder.resolve()
    if real in above:
        return []
    found: list[Path] = []
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        faults.append(_unreadable(folder, error.strerror or str(error)))
        return []
    for path in inside:
        if path.is_dir():
            found += _under(path, faults, above | {real})
        elif path.suffix in _ENDINGS:
            found.append(path)
    return found


def _unreadable(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        Span(path.as_posix()),
        "unreadable",
        f"`{path.as_posix()}` cannot be read: {why[:1].lower()}{why[1:]}",
        "check the path and its permissions",
    )


def _without_rules(path: Path) -> Diagnostic:
    return Diagnostic(
        Span(path.as_posix()),
        "no-rule-files",
        "no rule file (`*.yaml`) lies in this folder",
        "check the path",
    )
