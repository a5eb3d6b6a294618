"""Type checkers know every public name, accept an application's code and refuse its mistakes."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peelflow.register.batch import Batch
from peelflow.register.register import Register

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests/typing/sample.py"
BIN = Path(sys.executable).parent
HEAD = """from typing import Any

from peelflow.register.register import Register
from peelflow.register.batch import Batch


def use(register: Register, batch: Batch, given: Any) -> None:
"""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker of this environment from the root of the checkout."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
    )


def verbs() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield the public methods of a register and of a batch: of which, its name, and itself."""
    for owner, kind in (("register", Register), ("batch", Batch)):
        for name, verb in inspect.getmembers(kind, inspect.isroutine):
            if not name.startswith("_"):
                yield owner, name, verb


def call(verb: Callable[..., Any], *, misspelt: bool) -> str:
    """Return the arguments of a call: all that are required, one of them misspelt or one more."""
    parameters = list(inspect.signature(verb).parameters.values())
    if not inspect.ismethod(verb):
        del parameters[0]
    required = [part for part in parameters if part.default is inspect.Parameter.empty]
    places = [part for part in required if part.kind is part.POSITIONAL_OR_KEYWORD]
    keywords = [part.name for part in required if part.kind is part.KEYWORD_ONLY]
    if misspelt:
        keywords.append(f"{parameters[-1].name if parameters else 'on'}_")
    return ", ".join(["given"] * len(places) + [f"{name}=given" for name in keywords])


def test_mypy_refuses_a_misspelt_keyword_in_any_verb(tmp_path: Path) -> None:
    """One line a verb with a planted mistake is refused; the same line without it passes."""
    lines = HEAD.splitlines()
    planted: list[int] = []
    for owner, name, verb in verbs():
        for misspelt in (False, True):
            lines.append(f"    {owner}.{name}({call(verb, misspelt=misspelt)})")
            if misspelt:
                planted.append(len(lines))
    sample = tmp_path / "planted.py"
    sample.write_text("\n".join(lines) + "\n", "utf-8")
    checked = run(sys.executable, "-m", "mypy", "--strict", "--no-pretty", sample)
    # What mypy remembers of an earlier run names the folder of that run.
    pattern = rf"^\S*{re.escape(sample.name)}:(\d+): error: (.*)$"
    faults = re.findall(pattern, checked.stdout, re.MULTILINE)
    assert len(planted) > 40
    assert [int(line) for line, _ in faults] == planted, checked.stdout
    assert all("nexpected keyword argument" in fault for _, fault in faults), checked.stdout


@pytest.mark.parametrize(
    "command",
    [
        ("mypy", "--strict", SAMPLE),
        ("pyright", SAMPLE),
        ("ty", "check", SAMPLE),
        ("pyrefly", "check", SAMPLE),
    ],
    ids=lambda command: command[0],
)
def test_a_checker_accepts_what_an_application_writes(command: tuple[str | Path, ...]) -> None:
    """Without a cast or an ignore."""
    assert not re.search(r"cast\(|: ignore|\bAny\b", SAMPLE.read_text("utf-8"))
    checked = run(BIN / command[0], *command[1:])
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_public_name_has_a_known_type() -> None:
    """Pyright knows the types of all that the package exports, in every module of it."""
    checked = run(BIN / "pyright", "--verifytypes", "peelflow", "--ignoreexternal", "--outputjson")
    report = json.loads(checked.stdout)["typeCompleteness"]
    unknown = [
        f"{symbol['name']}: {[fault['message'] for fault in symbol['diagnostics']]}"
        for symbol in report["symbols"]
        if symbol["isExported"] and not symbol["isTypeKnown"]
    ]
    assert (unknown, report["completenessScore"]) == ([], 1)
