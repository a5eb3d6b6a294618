"""The page of stores lists what the code has."""

from __future__ import annotations

import re
from pathlib import Path

from peelflow.testing.promises import PROMISES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/stores.md").read_text("utf-8")
SOURCES = (
    *(f"stores/{name}" for name in ("integrity", "seals", "export", "soundness", "schema_check")),
    "register/judgement",
)


def test_every_code_of_a_finding_has_its_line() -> None:
    """No more and no fewer than the sources give."""
    sources = ROOT / "src/peelflow"
    text = "".join((sources / f"{name}.py").read_text("utf-8") for name in SOURCES)
    given = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text)) - {"utf-8"}
    lines = re.findall(r"^\| (`[a-z]+-[a-z`, -]+) \|", PAGE, re.MULTILINE)

    assert {code for line in lines for code in re.findall(r"`([a-z-]+)`", line)} == given


def test_every_promise_is_tested() -> None:
    """Each number that the page names is cited by a test or by the kit."""
    promised = set(re.findall(r"^\| (S\d+) \|", PAGE, re.MULTILINE))
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("src/peelflow/testing/**/*.py")]
    cited = {each for path in files for each in re.findall(r"\bS\d+\b", path.read_text("utf-8"))}

    assert promised == set(PROMISES)
    assert promised <= cited
