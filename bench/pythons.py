"""The tests under each version of Python that is installed here, in an environment of its own.

`make pythons`, or `python -m bench.pythons [VERSION …] [-- PYTEST ARGUMENT …]`. A version counts as
installed where its interpreter runs: one on PATH, one that pyenv keeps, or one that uv does. What
stands on PATH may be a shim that only says which version is not chosen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import which

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
ROOT = Path(__file__).parents[1]
PYTEST = ("-q", "-n", "2", "--dist", "worksteal", "-m", "not search", "--no-cov")
UNPINNED = ("-W", "default::DeprecationWarning")  # a later Python may find more to warn of
VERSION_OF = "import sys; print('%d.%d' % sys.version_info[:2])"


def candidates(version: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield where an interpreter of a version may be, in the order in which they are tried."""
    for folder in environment.get("PATH", "").split(os.pathsep):
        if found := which(f"python{version}", path=folder):
            yield found
    home = Path(environment.get("HOME", "/"))
    kept = Path(environment.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    yield from sorted(map(str, kept.glob(f"{version}.*/bin/python")), reverse=True)
    managed = Path(environment.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    yield from sorted(map(str, managed.glob(f"cpython-{version}.*/bin/python{version}")))


def interpreter(version: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the first interpreter of a version that runs, or None."""
    return next((path for path in candidates(version, environment) if runs(path, version)), None)


def runs(path: str, version: str) -> bool:
    """Return whether what stands at a path runs, and is of this version."""
    asked = [path, "-c", VERSION_OF]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - an interpreter of this machine
    except OSError:
        return False
    return said.stdout.strip() == version


def run_tests(version: str, python: str, pytest: Sequence[str]) -> int:
    """Make an environment with the pinned versions, run the tests in it, and return their code."""
    place = ROOT / f".python-{version}"
    uv = [sys.executable, "-m", "uv"]
    pinned = ["-c", "constraints.txt", "-r", "tools.txt", "-e", ".[all]"]
    for step in (
        [*uv, "venv", "--quiet", "--clear", "--python", python, str(place)],
        [*uv, "pip", "install", "--quiet", "--python", str(place), *pinned],
    ):
        subprocess.run(step, cwd=ROOT, check=True)  # noqa: S603 - our own words
    tests = [str(place / "bin/python"), "-m", "pytest", *UNPINNED, *pytest]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode  # noqa: S603 - our own words


def main(arguments: Sequence[str]) -> int:
    """Run the tests under each version asked for, say how each ended, and 1 if any failed."""
    behind = arguments.index("--") if "--" in arguments else len(arguments)
    versions, pytest = arguments[:behind] or VERSIONS, arguments[behind + 1 :] or PYTEST
    ends = dict[str, str]()
    for version in versions:
        if (python := interpreter(version)) is None:
            ends[version] = "not installed here"
        else:
            code = run_tests(version, python, pytest)
            ends[version] = "passed" if code == 0 else f"failed with {code}"
    for version, end in ends.items():
        sys.stdout.write(f"Python {version}: {end}\n")
    return 1 if any(end.startswith("failed") for end in ends.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
