"""What `make peers` runs finds what it imports in the environment that `make peers` makes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("bench", "tests")
CALLED = {
    "django": ["django-fsm-2"],
    "django_fsm": ["django-fsm-2"],
    "statemachine": ["python-statemachine"],
}


@pytest.mark.parametrize("started", ["bench.peers", "bench.sums"])
def test_what_is_imported_is_installed_there(started: str) -> None:
    """By each module that it loads of ours, down to the last."""
    loaded = set(_modules_of(started))
    named = {name.partition(".")[0] for module in loaded for name in _imports_of(_path(module))}
    others = named - set(sys.stdlib_module_names) - {"peelflow", *OURS}
    distributions = {**packages_distributions(), **CALLED}
    missing = {
        name
        for name in others
        if not {_plain(each) for each in distributions.get(name, [name])} & _installed()
    }

    assert ("duckdb" if started == "bench.sums" else "dbos") in others
    assert not missing


def _modules_of(started: str) -> Iterator[str]:
    """Yield a module and all modules of ours that it imports, each once."""
    waiting, seen = [started], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or _path(name) is None:
            continue
        seen.add(name)
        yield name
        waiting += [each for each in _imports_of(_path(name)) if each.startswith(OURS)]


def _path(module: str) -> Path | None:
    """Return the file of a module of ours, or None where that is no module."""
    at = ROOT.joinpath(*module.split("."))
    return next(
        (path for path in (at.with_suffix(".py"), at / "__init__.py") if path.exists()), None
    )


def _imports_of(path: Path | None) -> Iterator[str]:
    """Yield the names that a file imports, with what it takes from each."""
    assert path is not None
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _installed() -> set[str]:
    """Return the distributions that the recipe of `make peers` installs by name."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    recipe = re.search(r"--python \.peers .*-e '\.\[(.*)\]'", makefile)
    peers = re.search(r"^PEERS := (.*)$", makefile, re.MULTILINE)
    assert recipe
    assert peers
    extras = [
        each for extra in recipe[1].split(",") for each in project["optional-dependencies"][extra]
    ]
    return {_plain(each) for each in [*project["dependencies"], *extras, *peers[1].split()]}


def _plain(requirement: str) -> str:
    """Return the name of a requirement alone, as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()
