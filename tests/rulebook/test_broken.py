"""Broken rule files beside the exact diagnostics they must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.errors import Diagnostic
from peelflow.rulebook.national import check, load, national, shipped_folder
from peelflow.rulebook.rulebook import Rulebook

ON_NATIONAL_RULES = {
    "national-ledger",
    "national-level",
    "national-move",
    "national-name",
    "national-side",
    "permission-widened",
    "question-widened",
}
BROKEN = Path(__file__).parents[1] / "broken"
CASES = sorted(path for path in BROKEN.iterdir() if path.suffix == ".yaml" or path.is_dir())


def base_of(case: Path) -> Rulebook:
    """Return what a case builds on: the rules of a town, or the national ones where it says so."""
    if case.name.removesuffix(".yaml") in ON_NATIONAL_RULES:
        return national()
    return load("../rulebook/base", base=Rulebook())


def said(fault: Diagnostic) -> str:
    """Say a fault, with the shipped rules in a folder that is the same everywhere."""
    return str(fault).replace(shipped_folder("rules").as_posix(), "rules")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_says_what_is_wrong(
    case: Path, monkeypatch: pytest.MonkeyPatch, *, rewrite_golden: bool
) -> None:
    """Every fault is found, in its place, in the same words between runs."""
    monkeypatch.chdir(BROKEN)
    golden = case.with_suffix(".txt")
    found = "".join(f"{said(fault)}\n" for fault in check(case.name, base=base_of(case)))
    if rewrite_golden:
        golden.write_text(found, encoding="utf-8")
    assert found
    assert golden.read_text(encoding="utf-8") == found
