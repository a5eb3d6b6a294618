"""Starting: import, the national rulebook, one decision; against importing four libraries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from bench.rounds import Result, compare, interleaved, less

BARE, FOUR, IMPORTED, DECIDED = "bare Python", "import of the four", "imported", "peelflow"
ROUNDS = 15
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


def measure() -> Iterator[Result]:
    """Yield what starting costs beyond bare Python, with a decision and without."""
    programs = {name: partial(_run, program) for name, program in PROGRAMS.items()}
    times = less(interleaved(programs, rounds=ROUNDS), BARE)
    yield compare("import, national rules, one decision", times, FOUR, budget=1.0)
    yield compare("import of the register alone", times, FOUR, budget=None, ours=IMPORTED)


def _run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603
