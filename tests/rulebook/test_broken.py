"""Broken rule files beside the exact diagnostics they must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from peelflow.rulebook.national import check, load
from peelflow.rulebook.rulebook import Rulebook

BROKEN = Path(__file__).parents[1] / "broken"
CASES = sorted(path for path in BROKEN.iterdir() if path.suffix == ".yaml" or path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_says_what_is_wrong(
    case: Path, monkeypatch: pytest.MonkeyPatch, *, rewrite_golden: bool
) -> None:
    """Every fault is found, in its place, in the same words between runs."""
    monkeypatch.chdir(BROKEN)
    base = load("../rulebook/base", base=Rulebook())
    golden = case.with_suffix(".txt")
    found = "".join(f"{fault}\n" for fault in check(case.name, base=base))
    if rewrite_golden:
        golden.write_text(found, encoding="utf-8")
    assert found
    assert golden.read_text(encoding="utf-8") == found
