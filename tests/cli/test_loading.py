"""A command loads what it uses and nothing else, for people wait for each of them to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """\
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
before = {*sys.modules}  # what measures the coverage of this process loads some of its own
from peelflow.cli import main
with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
print(json.dumps([code, sorted({*sys.modules} - before)]))
"""
LIGHT = {"cli", "texts"}
READING = LIGHT | {
    *("errors", "results"),
    *("engine", "figures", "files", "model", "phrases", "portfolio", "register", "reports"),
    *("rulebook", "stores", "wording"),
}
"""What reading a register takes; no proof, no trackers, no drawing."""
DEAR = {
    *("attrs", "cattrs", "docxtpl", "jinja2", "psycopg", "pydantic", "python_calamine"),
    *("rich.console", "sqlalchemy"),
    *("tomllib", "transitions.extensions", "typst", "vl_convert", "xlsxwriter", "yaml"),
}
"""Libraries that take long to load; `attrs` makes records, `cattrs` reads rare ones."""


READER = {
    *("as_at", "deadlines", "document_files", "holidays", "kept_rules", "limits"),
    *("query_checks", "questions", "reader", "related_records", "services", "validation"),
}
"""What of the register answers a question; all else of it writes, or judges what was written."""


def modules_loaded(*words: str, **more: str) -> set[str]:
    """Return the modules that a command loads."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | more,
    )
    _, modules = json.loads(ran.stdout)
    return {*modules}


def loaded_by(*words: str, **more: str) -> tuple[set[str], set[str]]:
    """Return the parts of peelflow that a command loads, and the dear libraries."""
    modules = modules_loaded(*words, **more)
    parts = {name.split(".")[1] for name in modules if name.startswith("peelflow.")}
    return parts, DEAR & modules


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_what_lists_commands_loads_none(word: str) -> None:
    """Not the rules, not a store: a shell asks for it at every key."""
    parts, dear = loaded_by(word)
    assert parts == LIGHT
    assert dear == set()


def test_a_shell_that_completes_a_command_loads_none() -> None:
    """Nor the register."""
    more = {"_PEELFLOW_COMPLETE": "complete_bash", "COMP_WORDS": "peelflow mov", "COMP_CWORD": "1"}
    parts, dear = loaded_by(**more)
    assert parts == LIGHT
    assert dear == set()


def test_behind_what_is_no_command_commands_are_offered() -> None:
    """And nothing is said about it: somebody is still typing."""
    more = {"_PEELFLOW_COMPLETE": "complete_bash", "COMP_WORDS": "peelflow mov ", "COMP_CWORD": "2"}
    command = [sys.executable, "-m", "peelflow"]
    ran = subprocess.run(
        command, check=False, capture_output=True, text=True, env=os.environ | more
    )
    assert ("movement" in ran.stdout.split(), ran.stderr) == (True, "")


@pytest.mark.parametrize("verb", ["list", "figures", "ages", "plan", "movement"])
def test_what_reads_loads_no_proof(verb: str, demo: Path) -> None:
    """Nor trackers, pages, charts or databases that it does not open; days are converted."""
    days = ("--after", "2022-12-31", "--until", "2023-03-30") if verb == "movement" else ()
    parts, dear = loaded_by(verb, *days, "--register", str(demo), "--format", "csv")
    assert parts <= READING
    assert dear <= {"attrs", *(("pydantic",) if days else ())}


MOVED = "movement --after 2022-12-31 --until 2023-03-30"
WRITING = {"peelflow.engine.machine", "peelflow.stores.soundness", "transitions"}


def loads_a_reader_alone(modules: set[str]) -> bool:
    """Return whether of the register nothing is loaded but what answers a question."""
    of_register = {name for name in modules if name.startswith("peelflow.register.")}
    return of_register <= {f"peelflow.register.{name}" for name in READER}


@pytest.mark.parametrize("words", ["list", "search plan", "figures", "figures --by state"])
def test_what_lists_loads_nothing_that_writes(words: str, demo: Path) -> None:
    """No verb, no decision and no machine, nor what is said of those: it waits for none of them."""
    modules = modules_loaded(*words.split(), "--register", str(demo), "--format", "csv")
    assert loads_a_reader_alone(modules)
    assert modules.isdisjoint(WRITING | {"peelflow.model.decisions", "peelflow.wording"})


@pytest.mark.parametrize("words", ["ages", "due", "engage", "overdue", "plan", "reconcile", MOVED])
def test_what_takes_all_records_together_loads_nothing_that_writes(words: str, demo: Path) -> None:
    """A plan reads inspections as decisions do, and decides nothing."""
    sheet = demo.with_name("portal.csv")
    sheet.write_text("record,level,counts\n", "utf-8")
    given = (*words.split(), *([str(sheet)] if words == "reconcile" else []))
    modules = modules_loaded(*given, "--register", str(demo), "--format", "csv")
    sheets = {"peelflow.register.csv_schema", "peelflow.register.sheet_kinds"}
    assert loads_a_reader_alone(modules - sheets if words == "reconcile" else modules)
    assert modules.isdisjoint(WRITING)


def test_what_shows_a_record_loads_nothing_that_writes(demo: Path) -> None:
    """It says what may be done next, so it loads those words, and decides nothing."""
    modules = modules_loaded("show", "WMP-A1-001", "--register", str(demo))
    assert loads_a_reader_alone(modules)
    assert modules.isdisjoint(WRITING)


@pytest.mark.parametrize("verb", ["add", "fire", "amend", "correct"])
def test_what_writes_loads_no_proof(verb: str) -> None:
    """The rules that come along were proved when they were made."""
    parts, dear = loaded_by(verb, "--help")
    assert parts <= READING
    assert dear <= {"attrs", "rich.console"}
