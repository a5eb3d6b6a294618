"""The national rulebook: what everything else builds on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from peelflow.rulebook.book import Rulebook
from peelflow.rulebook.kept import rulebook_from
from peelflow.rulebook.shipped import folder

if TYPE_CHECKING:
    from peelflow.model.migration import MigrationPlan

NATIONAL = "national"
KEPT = "national.json"


@cache
def national() -> Rulebook:
    """Return the national rulebook that comes with peelflow.

    Raises:
        FileNotFoundError: This installation came without its rules.
    """
    rules = folder("rules")
    kept = _kept(rules / KEPT)
    return (kept and rulebook_from(kept, rules / NATIONAL)) or proved(rules)


@cache
def relevelling() -> Mapping[str, MigrationPlan]:
    """Return the plans between the national levels by name, such as `level-3-to-2`, all proved.

    Raises:
        FileNotFoundError: This installation came without its rules.
    """
    loading = import_module("peelflow.rulebook.load")
    found: Rulebook = loading.load(folder("rules") / "relevelling")
    return {plan.name: plan for plan in found.migrations}


def proved(rules: Path) -> Rulebook:
    """Return the national rulebook of a folder of rules, read and proved anew."""
    # Loading is only imported where files are read: a start does without YAML and proofs.
    loading = import_module("peelflow.rulebook.load")
    found: Rulebook = loading.load(rules / NATIONAL, base=Rulebook())
    return found


def _kept(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
