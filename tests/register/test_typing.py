"""A type checker refuses a misspelt keyword, whichever verb it is given to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = (
    'register.add("x", category="c", force="f", issued=day, actr=actor)',
    'register.take_over("x", category="c", force="f", issued=day, stat="s")',
    'register.fire("x", "t", actor=actor, inspektion="i")',
    "register.fire_many(act=())",
    'register.why("x", "t", actor=actor, onn=day)',
    'register.attach("x", letter, actor=actor, onn=day)',
    'register.amend("x", "f", "n", actor=actor, resaon="r")',
    'register.appoint("p", "r", forc="f", first_day=day, actor=actor)',
    'register.correct("x", 1, corection="void", actor=actor, reason="r")',
    'register.relevel("x", plann="p", actor=actor, source="s", reason="r")',
    'register.keep(b"", kin="letter", name="n")',
    'register.migrate("p", actor=actor, resaon="r")',
    'register.unmigrate("p", actor=actor, resaon="r")',
    'register.preview("p", onn=day)',
    'register.route("x", too="closed")',
    "register.tick(onn=day)",
    'register.records(forc="f")',
    "register.figures(as_att=day)",
    "register.feed(aftr=1)",
    "register.verify(seald=None)",
    'register.restore("x", seen=None)',
    'Register.open("memory:", rulebok=None)',
    "Register.joined(None, rulebok=None)",
    'batch.fire("x", "t", actr=actor)',
    'batch.why("x", "t", actr=actor)',
)
HEAD = """\
from datetime import date
from peelflow import Actor, Document, Register
from peelflow.register.batch import Batch

def sample(register: Register, batch: Batch, actor: Actor, letter: Document, day: date) -> None:
"""


def test_a_misspelt_keyword_is_refused(tmp_path: Path) -> None:
    """One planted in a call of each verb; the same calls spelt well are the rest of our tests."""
    sample = tmp_path / "sample.py"
    sample.write_text(HEAD + "".join(f"    {call}\n" for call in CALLS))
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ROOT / ".mypy_cache", sample],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = re.findall(r"sample\.py:(\d+): error: Unexpected keyword argument", ran.stdout)
    refused = [CALLS[int(line) - HEAD.count("\n") - 1] for line in lines]
    assert refused == list(CALLS), ran.stdout
