"""An example's script prints what its page keeps, line by line, and ends as it says."""

from __future__ import annotations

import re
import shlex
import shutil
from difflib import ndiff
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from peelflow.cli import main
from peelflow.cli.settings import VARIABLES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
COMMAND = re.compile(
    r"(?:PEELFLOW_NATIONAL=(?P<national>\S+) )?"
    r"peelflow (?P<words>.+?)(?: \|\| test \$\? -eq (?P<code>\d))?"
)
"""A command, what is set for it, and the exit code that a shell would look for if it is not 0."""
SCRIPTS = sorted(EXAMPLES.glob("*/run.sh"))


def test_there_are_scripts() -> None:
    """Of the Engage case, at least."""
    assert EXAMPLES / "engage/run.sh" in SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.parent.name)
def test_a_script_prints_what_is_kept_of_it(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    rewrite_golden: bool,
) -> None:
    """Each command as it is written, in the example's folder; `--rewrite-golden` keeps it anew."""
    folder = Path(shutil.copytree(script.parent, tmp_path / script.parent.name))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")
    for name in (*VARIABLES.values(), "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    printed: list[str] = []
    for line in script.read_text("utf-8").splitlines():
        if line.startswith("#"):
            printed.append(f"{line}\n")
            continue
        parts = COMMAND.fullmatch(line)
        assert parts is not None, line
        with monkeypatch.context() as setting:
            if parts["national"]:
                setting.setenv("PEELFLOW_NATIONAL", parts["national"])
            code = main(shlex.split(parts["words"]))
        told = capsys.readouterr()
        assert code == int(parts["code"] or 0), line
        assert code or not told.err, line
        printed += [f"$ {line}\n", told.out, told.err]
    golden, found = script.parent / "expected.txt", "".join(printed)
    if rewrite_golden:
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found


def test_the_page_on_changing_law_quotes_its_example() -> None:
    """What it says is printed is printed, in that order; what it says is written is written."""
    page, example = ROOT / "docs/changing-law.md", EXAMPLES / "changing_law"
    printed = iter((example / "expected.txt").read_text("utf-8").splitlines())
    files = [path.read_text("utf-8") for path in sorted(example.glob("law/*/*.yaml"))]
    tree, *screens = [block for block in blocks_of(page) if block.info == "text"]
    assert {path.name for path in example.glob("law/national/*")} <= set(tree.content.split())
    for line in (line for screen in screens for line in screen.content.splitlines()):
        assert line in printed, line
    for block in blocks_of(page):
        if block.info == "yaml":
            assert any(block.content in text for text in files), block.content


def blocks_of(page: Path) -> list[Token]:
    """Return the fenced blocks of a page."""
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    return [token for token in tokens if token.type == "fence"]


def test_what_changes_nothing_of_a_national_file_is_that_file() -> None:
    """But for what the page says: each new version is the shipped one with few lines changed."""
    changed = {
        ("level-3", "level-3-version-3"): 10,
        ("section-55", "section-55-version-2"): 30,
        ("section-55-answer", "section-55-answer-version-2"): 20,
        ("super-complaint-recommendation", "super-complaint-recommendation-version-2"): 25,
    }
    for (old, new), most in changed.items():
        before = rule_lines(ROOT / f"rules/national/{old}.yaml")
        after = rule_lines(EXAMPLES / f"changing_law/law/national/{new}.yaml")
        edits = [line for line in ndiff(before, after) if line[:1] in {"-", "+"}]
        assert 0 < len(edits) <= most, (new, len(edits))


def rule_lines(path: Path) -> list[str]:
    """Return the lines of a rule file without its comments."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
