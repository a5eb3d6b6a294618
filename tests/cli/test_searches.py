"""The command has Python search seldom for cycles, and leaves that as it was."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from peelflow.cli import main


@pytest.fixture
def usual() -> Iterator[tuple[int, int, int]]:
    """Give how seldom Python searches now, and have it search so again in the end."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


@pytest.mark.parametrize(("before", "meanwhile"), [(700, 50_000), (90_000, 90_000), (0, 0)])
def test_cycles_are_searched_for_seldom(
    before: int,
    meanwhile: int,
    usual: tuple[int, int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A long list takes a sixth less; whoever wants it seldomer, or never, has that."""
    found: list[int] = []

    def run(_: object) -> int:
        found.append(gc.get_threshold()[0])
        return 0

    gc.set_threshold(before, *usual[1:])
    monkeypatch.setattr("peelflow.cli.app.run", run)

    assert main([]) == 0

    assert found == [meanwhile]
    assert gc.get_threshold() == (before, *usual[1:])


ENDED = """\
import atexit, gc, sys
from peelflow.cli import main
atexit.register(lambda: print(gc.get_freeze_count() > 0, file=sys.stderr))  # runs last
sys.argv[1:] = ["--version"]
raise SystemExit(main(eval({arguments!r})))
"""


@pytest.mark.parametrize(("arguments", "frozen"), [("None", True), ("['--version']", False)])
def test_what_goes_with_the_process_is_not_searched(arguments: str, *, frozen: bool) -> None:
    """The command's own process ends a sixteenth sooner; another's objects are left alone."""
    program = ENDED.format(arguments=arguments)
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stderr.strip() == str(frozen)
