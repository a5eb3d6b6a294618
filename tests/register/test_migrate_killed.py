"""A migration that is killed half-way goes on where it stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from peelflow.rulebook.national import load
from tests.builders.rules import reviews, write_review_rules

ROOT = Path(__file__).parents[2]
KILLED = """\
import os, signal, sys
from pathlib import Path
from peelflow.register import migrations
from peelflow.rulebook.national import load
from tests.builders.rules import reviews

migrations.MOVED_AT_ONCE = 2
here = reviews(Path("."), sys.argv[1], rules=load(sys.argv[2]))
here.move(on_progress=lambda done, _: done == 4 and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_migration_goes_on(tmp_path: Path) -> None:
    """S1, S3: whole batches are kept, and asking again moves the others, each once."""
    rules = write_review_rules(tmp_path / "rules")
    url = f"sqlite:///{tmp_path / 'reviews.db'}"
    here = reviews(tmp_path, url, rules=load(rules))
    for _ in range(7):
        here.add()

    ran = subprocess.run([sys.executable, "-c", KILLED, url, rules], cwd=ROOT, check=False)

    assert ran.returncode == -signal.SIGKILL
    assert here.move() == (3, ())
    assert {len(here.register.history(name)) for name in here.made} == {2}
    assert here.register.verify() == ()
    here.register.close()
