"""Every block of the README and the docs runs."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest
from attrs import frozen
from markdown_it import MarkdownIt

from peelflow.cli import main
from peelflow.register.csv_schema import read_sheet
from peelflow.register.sheet_kinds import SHEET_KINDS
from peelflow.rulebook.national import check

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
KNOWN = {"python", "yaml", "console", "text", "csv", "mermaid"}


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


@pytest.mark.parametrize(
    ("name", "least"), [("rules.md", 2), ("deadlines.md", 2), ("proof.md", 1), ("joint.md", 1)]
)
def test_yaml_blocks_of_a_page_load(name: str, least: int, tmp_path: Path) -> None:
    """The blocks of a page make a rulebook together, without a single fault."""
    for number, block in enumerate(of("yaml")):
        if block.page.name == name and not block.text.startswith("#"):
            (tmp_path / f"{number}.yaml").write_text(block.text, "utf-8")
    assert len(list(tmp_path.iterdir())) >= least
    assert [str(fault) for fault in check(tmp_path) if fault.severity == "error"] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + "-" + page.stem)
def test_console_blocks_run(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`make` targets stand in the Makefile, and `peelflow` runs as written, one after another."""
    if page.is_relative_to(ROOT / "examples"):
        shutil.copytree(page.parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    blocks = [block for block in each_block(page) if block.language == "console"]
    for line in (line for block in blocks for line in block.text.splitlines()):
        asked, _, file = line.partition(" > ")
        command, *words = shlex.split(asked, comments=True)
        capsys.readouterr()
        if command == "make":
            assert words[0] in targets
        else:
            assert (command, main(words)) == ("peelflow", 0), line
        if file:
            Path(file).write_text(capsys.readouterr().out, "utf-8")


def test_csv_blocks_are_sheets(tmp_path: Path) -> None:
    """A block of CSV has the columns of a sheet."""
    for block in of("csv"):
        path = tmp_path / "block.csv"
        path.write_text(block.text, "utf-8")
        rows, faults = read_sheet(path, {})
        assert rows
        assert not faults


def test_the_reference_of_sheets_names_every_column() -> None:
    """The table of docs/sheets.md is what the reader knows."""
    page = (ROOT / "docs/sheets.md").read_text("utf-8")
    told = [
        (name, by, tuple(re.findall("`([a-z_]+)`", must)), tuple(re.findall("`([a-z_]+)`", may)))
        for name, by, must, may in re.findall(
            r"^\| ([a-z]+) \| `([a-z_]+)` \| (.+) \| (.+) \|$", page, re.MULTILINE
        )
    ]
    assert told == [
        (each.name, each.identifying_column, each.required, each.optional) for each in SHEET_KINDS
    ]


def test_links_lead_somewhere() -> None:
    """Every relative link of a page points at a file that is there."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not target.startswith("https://"):
                assert (page.parent / target).exists(), f"{page.name} → {target}"
