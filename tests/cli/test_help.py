"""Every command's help page is what it was, or is reviewed."""

from __future__ import annotations

import re
from importlib.metadata import version
from inspect import getdoc
from pathlib import Path

import pytest

from peelflow.cli.app import COMMANDS
from tests.cli.conftest import Run

GOLDEN = Path(__file__).with_name("help.txt")
PINNED = re.search(
    r"^typer==(\S+)$", (Path(__file__).parents[2] / "constraints.txt").read_text(), re.MULTILINE
)


@pytest.mark.skipif(
    PINNED is None or version("typer") != PINNED[1], reason="another typer words help otherwise"
)
def test_help_lists_the_same_options_in_the_same_order(run: Run, *, rewrite_golden: bool) -> None:
    """Names, order, defaults and sentences of every option are pinned, command by command."""
    pages = [[], *([name] for name in COMMANDS), ["store"], ["store", "upgrade"], ["store", "sums"]]
    printed = "".join(run(*page, "--help").out for page in pages)
    if rewrite_golden:
        GOLDEN.write_text(printed, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_page_says_first(name: str) -> None:
    """Listing them imports none, so their first sentences stand in the list a second time."""
    said = (getdoc(COMMANDS[name].load()) or "").split("\n\n", maxsplit=1)[0]
    assert COMMANDS[name].summary == said.replace("\n", " ")
