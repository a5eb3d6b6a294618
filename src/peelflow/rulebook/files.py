"""Read rule files into the model, keeping every fault on the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import define, field

from peelflow.errors import Diagnostic, RulesRefused
from peelflow.model.migration import MigrationPlan
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.rulebook.paths import bytes_of, each_file, said
from peelflow.rulebook.reader import read
from peelflow.rulebook.structure import RuleFile, structure


def read_file(path: Path) -> RuleFile:
    """Read one rule file.

    Raises:
        RulesRefused: With every fault of the file.
    """
    return structure(read(bytes_of(path), said(path)))


def read_lifecycle(source: bytes, file: str) -> Lifecycle:
    """Read one lifecycle from bytes; nothing outside them is looked at.

    Raises:
        RulesRefused: With every fault, or because the bytes hold something else.
    """
    found = structure(read(source, file))
    if isinstance(found, Lifecycle):
        return found
    raise RulesRefused(
        [Diagnostic(found.span, "unknown-kind", "this is no lifecycle", "give a lifecycle's file")]
    )


@define
class Files:
    """What rule files hold, and the faults of those that could not be read."""

    lifecycles: list[Lifecycle] = field(factory=list)
    vocabularies: list[Vocabulary] = field(factory=list)
    migrations: list[MigrationPlan] = field(factory=list)
    faults: list[Diagnostic] = field(factory=list)


def read_files(paths: Iterable[Path | str]) -> Files:
    """Read every rule file at or under `paths`, each once, in the order of their names."""
    files = Files()
    for path in each_file(map(Path, paths), files.faults):
        try:
            found = read_file(path)
        except RulesRefused as refused:
            files.faults.extend(refused.diagnostics)
            continue
        match found:
            case Lifecycle():
                files.lifecycles.append(found)
            case Vocabulary():
                files.vocabularies.append(found)
            case _:
                files.migrations.append(found)
    return files
