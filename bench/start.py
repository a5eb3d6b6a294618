"""Starting: import, national rules, one decision; the command, against importing its libraries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rounds import Result, as_installed, compare, interleaved, less

BARE, FOUR, IMPORTED, DECIDED = "bare Python", "import of the four", "imported", "peelflow"
ROUNDS = 15
TWO = "import of typer and rich"
READING = ("list", "figures")
ENGINE = "from peelflow import Act, Actor, Context, decide, national"
PROGRAMS = {
    BARE: "pass",
    FOUR: "import transitions, yaml, attrs, cattrs",
    IMPORTED: f"{ENGINE}, Register",
    DECIDED: f"""
{ENGINE}
from datetime import UTC, date, datetime
from peelflow.model.records import Moment, Record
day = date(2023, 1, 9)
rules = national().lifecycle_for("recommendation", 3, day)
record = Record("WMP-1", 1, day, "wmp", "recommendation", 3, rules.pin, "open", day,
                {{"owner": "lead-3"}}, None, Moment(1, day), {{"open": Moment(1, day)}})
act = Act("start", Actor("liaison-officer-1", "liaison_officer"), day, "liaison-officer-1")
event = decide(rules, record, act, Context(datetime.now(UTC), day))
assert event.what.new == "in_progress"
""",
}


def measure(folder: Path) -> Iterator[Result]:
    """Yield what starting costs beyond bare Python, with a decision and without; and the command.

    Args:
        folder: Where the demo's register is made, on the disk.
    """
    programs = {name: partial(_run, program) for name, program in PROGRAMS.items()}
    times = less(interleaved(programs, rounds=ROUNDS), BARE)
    yield compare("import, national rules, one decision", times, FOUR, budget=1.2)
    yield compare("import of the register alone", times, FOUR, budget=None, ours=IMPORTED)

    with TemporaryDirectory(dir=folder) as scratch:
        yield from _measure_command(Path(scratch))


def _measure_command(folder: Path) -> Iterator[Result]:
    """Yield what the command takes from start to end: asked nothing, and of the demo's register."""
    completing = {"_PEELFLOW_COMPLETE": "complete_bash", "COMP_WORDS": "peelflow mov"}
    command = (sys.executable, "-m", "peelflow")
    asked = {
        TWO: partial(_run, "import typer, rich"),
        "--help": partial(_start, *command, "--help"),
        "--version": partial(_start, *command, "--version"),
        "completion": partial(_start, *command, COMP_CWORD="1", **completing),
    }
    register = str(folder / "demo.db")
    _start(*command, "demo", "--register", register)
    for verb in READING:
        asked[verb] = partial(_start, *command, verb, "--register", register, "--format", "csv")
    times = interleaved(asked, rounds=ROUNDS)
    for what in [*asked][1:]:
        name, budget = f"peelflow, {what}", 1.5
        if what in READING:
            name, budget = f"{what} of the demo's register, csv", 2.5
        yield compare(name, times, TWO, budget=budget, ours=what)


def _start(*words: str, **more: str) -> None:
    """Run a command whole; what it prints is not looked at."""
    subprocess.run(words, check=True, capture_output=True, env=as_installed(**more))  # noqa: S603


def _run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, env=as_installed())  # noqa: S603
