"""Read rule files into the model, keeping every fault on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from peelflow.errors import Diagnostic, RulesRefused
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.rulebook.paths import bytes_of, each_file, said
from peelflow.rulebook.reader import read
from peelflow.rulebook.structure import structure


def read_file(path: Path) -> Lifecycle | Vocabulary:
    """Read one rule file.

    Raises:
        RulesRefused: With every fault of the file.
    """
    return structure(read(bytes_of(path), said(path)))


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
    for path in each_file(map(Path, paths), faults):
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
