"""Every block of the README and the docs runs."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from attrs import frozen
from markdown_it import MarkdownIt

from peelflow.rulebook.load import check

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])


@frozen
class Block:
    """A fenced block: its page, its first line there, its language and its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}:{self.language}"


def each_block(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(page, (token.map or [0])[0] + 1, token.info.strip(), token.content)
        for token in MarkdownIt().parse(page.read_text("utf-8"))
        if token.type == "fence"
    ]


BLOCKS = [block for page in PAGES for block in each_block(page)]
KNOWN = {"python", "yaml", "console", "text", "csv"}


def of(language: str) -> list[Block]:
    """Return the blocks of a language."""
    return [block for block in BLOCKS if block.language == language]


def test_every_block_names_a_language_we_run() -> None:
    """No block escapes the tests by an unknown name."""
    assert {block.language for block in BLOCKS} <= KNOWN


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_runs_and_prints_what_the_page_says(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python block runs as it stands; a text block right after it is what it prints."""
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, str(block), "exec"), {})  # noqa: S102 - running it is the test
    blocks = each_block(block.page)
    after = blocks[blocks.index(block) + 1 :][:1]
    said = after[0].text if after and after[0].language == "text" else printed.getvalue()
    assert said == printed.getvalue()


def test_yaml_blocks_of_the_reference_load(tmp_path: Path) -> None:
    """The blocks of docs/rules.md make a rulebook together, without a single fault."""
    for number, block in enumerate(of("yaml")):
        if block.page.name == "rules.md" and not block.text.startswith("#"):
            (tmp_path / f"{number}.yaml").write_text(block.text, "utf-8")
    assert len(list(tmp_path.iterdir())) >= 2
    assert [str(fault) for fault in check(tmp_path) if fault.severity == "error"] == []


@pytest.mark.parametrize("block", of("console"), ids=str)
def test_console_blocks_name_what_exists(block: Block) -> None:
    """`make` targets stand in the Makefile; `peelflow` verbs are run by the tests of the command."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for line in block.text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["make"]:
            assert words[1] in targets


def test_links_lead_somewhere() -> None:
    """Every relative link of a page points at a file that is there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page.name} → {target}"
