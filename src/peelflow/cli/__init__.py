"""The command `peelflow`: the only printing, the only today, the only exit codes."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

# A long list makes objects by the million and no cycles: Python would search for some 1,300 times.
_OBJECTS_BETWEEN_SEARCHES = 50_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 fine, 1 findings or a refusal, 2 misuse.

    3 says undetermined, and 141 that whoever read what it printed left before the end.

    Args:
        arguments: The words after `peelflow`; the process's own when left out.
    """
    usual = gc.get_threshold()
    if usual[0]:  # none where nobody wants it to search at all
        gc.set_threshold(max(usual[0], _OBJECTS_BETWEEN_SEARCHES), *usual[1:])
    if arguments is None:  # the process is the command's own: with it all its objects go
        atexit.register(gc.freeze)
    try:
        from peelflow.cli.app import run

        return run(arguments)
    except ModuleNotFoundError as missing:
        if missing.name not in {"typer", "rich"}:
            raise
        from peelflow.errors import MissingDependency

        print(MissingDependency("cli", missing.name), file=sys.stderr)  # noqa: T201
        return 2
    finally:
        gc.set_threshold(*usual)
