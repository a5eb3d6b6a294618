"""The page of an officer's month shows what the command prints on a terminal of 80 columns."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from peelflow.cli import main
from peelflow.cli.settings import VARIABLES

PAGE = Path(__file__).parents[2] / "docs" / "officer.md"
SETTINGS = """register = "register.db"
actor = "officer-1"
actor_role = "liaison_officer"
recorded_by = "officer-1"
"""
STYLES = re.compile(r"\x1b\[[0-9;]*m")
CHIEF = "--actor chief-1 --actor-role chief_constable"
LETTER = "--letter letter.pdf --signed-by chief-1 --signed-on 2024-01-31"
REPORTED = "--category recommendation --force wmp --issued 2024-01-09"

HEAD = f"""# An officer's month

A liaison officer looks after what HMICFRS asked of the force. A file beside the register says who
she is, so that her commands are short; a shell completes ids, states and triggers
(`peelflow --install-completion`). Every screen here is what the command prints on a terminal of
80 columns.

`peelflow.toml`:

```text
{SETTINGS.strip()}
```
"""

MONTH: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("She looks whether that is what the command sees.", ("whoami",)),
    (
        "The Chief Constable is known to the register, for letters are signed.",
        ("appoint chief-1 chief_constable --force wmp --first-day 2022-01-10",),
    ),
    (
        "Two recommendations came with a report of 9 January.",
        (
            f'add R-1 {REPORTED} --level 2 --field "title=Custody records are kept"',
            f'add R-2 {REPORTED} --level 3 --field "title=Victims are called back"',
        ),
    ),
    (
        "Work begins once somebody owns it. What is missing is told, and is mended.",
        (
            "do R-1 start --on 2024-01-10",
            'amend R-1 owner lead-1 --reason "Agreed on Monday" --on 2024-01-10',
            "do R-1 start --on 2024-01-10",
        ),
    ),
    (
        "What would it take to close it? And what does the way there look like?",
        (
            "why R-1 close --as chief_constable --by chief-1 --on 2024-01-15",
            "route R-1 --on 2024-01-15",
        ),
    ),
    (
        "Where nobody sits at a terminal to be asked, all that a verb lacks is told at once.",
        (f"close R-1 {CHIEF} --on 2024-02-01",),
    ),
    (
        "The letter has come.",
        (
            f"close R-1 {CHIEF} --on 2024-02-01 {LETTER}",
            "show R-1",
        ),
    ),
    (
        "It was the letter for another record. The side that did it takes it back.",
        (
            f'correct R-1 4 --void --reason "The letter was about R-7" {CHIEF} --on 2024-02-02',
            "search custody",
        ),
    ),
    (
        "At the month's end: what is open, by whom; what moved; and the figures.",
        (
            "figures --by owner --as-at 2024-02-05",
            "list --no-owner --category recommendation --columns record,state,title",
            "movement --after 2024-01-01 --until 2024-02-05",
        ),
    ),
)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, 80 columns wide, with the settings and a letter."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal is printed to
    (tmp_path / "peelflow.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "letter.pdf").write_bytes(b"The work is complete.")


def screen(words: str, capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """Return what a terminal shows for a command: the words, and what is printed."""
    main(shlex.split(words))
    printed = capsys.readouterr()
    said = STYLES.sub("", f"{printed.out}{printed.err}").replace(f"{folder}/", "")
    lines = [f"$ peelflow {words}", *(line.rstrip() for line in said.splitlines())]
    return "\n".join(lines)


@pytest.mark.usefixtures("office")
def test_the_page_shows_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, rewrite_golden: bool
) -> None:
    """Screen by screen, as the register stands by then."""
    parts = [HEAD]
    for prose, commands in MONTH:
        screens = "\n".join(screen(words, capsys, tmp_path) for words in commands)
        parts.append(f"{prose}\n\n```text\n{screens}\n```\n")
    page = "\n".join(parts)
    if rewrite_golden:
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page


WALK = """\
import shlex
from peelflow.cli import main
for words in open("month.txt", encoding="utf-8").read().splitlines():
    print(f"$ peelflow {words}", flush=True)
    main(shlex.split(words))
"""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.usefixtures("office")
def test_a_terminal_shows_the_same(tmp_path: Path) -> None:
    """A real one of 80 columns, as tmux keeps it; where nobody answers what is asked."""
    commands = [words for _, commands in MONTH for words in commands]
    (tmp_path / "month.txt").write_text("\n".join(commands), "utf-8")
    (tmp_path / "walk.py").write_text(WALK, "utf-8")
    tmux = ["tmux", "-L", f"officer-{os.getpid()}", "-f", os.devnull]
    source = Path(__file__).parents[2] / "src"
    walk = f"PYTHONPATH={source} {sys.executable} walk.py < {os.devnull}; {shlex.join(tmux)}"
    begin = f"unset COLUMNS FORCE_COLOR; {walk} wait-for -S done; sleep 60"
    size = ["-x", "80", "-y", "400"]
    try:
        subprocess.run([*tmux, "new-session", "-d", *size, begin], check=True, cwd=tmp_path)
        subprocess.run([*tmux, "wait-for", "done"], check=True, timeout=60)
        shown = subprocess.run(
            [*tmux, "capture-pane", "-pJ"], check=True, capture_output=True, text=True
        ).stdout
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    page = re.findall(r"```text\n(\$ .*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
    seen = [line.rstrip().replace(f"{tmp_path}/", "") for line in shown.rstrip().splitlines()]
    assert seen == "\n".join(page).splitlines()
