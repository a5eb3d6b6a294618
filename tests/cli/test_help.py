"""Every command's help page is what it was, or is reviewed."""

from __future__ import annotations

import re
from importlib.metadata import version
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
    pages = [[], *([name] for name in COMMANDS), ["store"], ["store", "upgrade"]]
    printed = "".join(run(*page, "--help").out for page in pages)
    if rewrite_golden:
        GOLDEN.write_text(printed, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == printed
