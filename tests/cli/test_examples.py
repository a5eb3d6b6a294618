"""The example at the end of each help page runs, one after another."""

from __future__ import annotations

import shlex
from pathlib import Path
from shutil import copytree

import pytest

from peelflow.cli.app import COMMANDS, EXAMPLES
from tests.cli.conftest import Run

SHIPPED = Path(__file__).parents[2] / "examples"
SETTINGS = """register = "demo.db"
actor = "officer-1"
actor_role = "liaison_officer"
"""
FINDINGS = {"diff", "reconcile", "remap"}
"""What ends with 1 here: something changed, something differs, and a question has no successor."""


def test_each_command_has_an_example() -> None:
    """No command is left out, and none is made up."""
    assert EXAMPLES.keys() == COMMANDS.keys()


def test_the_examples_run_in_their_order(run: Run) -> None:
    """In a folder with rules, a plan, sheets and a letter, by an officer whom a file names."""
    Path("peelflow.toml").write_text(SETTINGS, "utf-8")
    copytree(SHIPPED / "custom_rules" / "own_fields", "rules")
    copytree(SHIPPED / "custom_rules" / "own_status_words", "before")
    copytree(SHIPPED / "changing_rules", "plan")
    Path("letter.pdf").write_bytes(b"The work is complete.")
    Path("portal.csv").write_text("record,level,counts\nR-1,3,open\n", "utf-8")
    Path("records.csv").write_text(
        "record,category,force,issued,actor,actor_role,level\n"
        "R-2,recommendation,west-midlands,2024-01-09,officer-1,liaison_officer,2\n"
        "C-1,cause_of_concern,west-midlands,2024-01-09,officer-1,liaison_officer,\n",
        "utf-8",
    )
    for name, example in EXAMPLES.items():
        ran = run(name, *shlex.split(example))
        assert (ran.code, ran.err) == (int(name in FINDINGS), ""), (name, ran)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_ends_the_help_page(run: Run, name: str) -> None:
    """It may be copied to a shell as it stands, in lines of 80 columns."""
    _, _, example = run(name, "--help").out.partition("Example:\n")
    assert all(len(line) <= 80 for line in example.splitlines())
    words = shlex.split(example.replace("\\\n", ""))
    assert words == ["peelflow", name, *shlex.split(EXAMPLES[name])]
