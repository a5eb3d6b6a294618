"""The layout of the code: no import cycle, hidden ones included; short functions, whole files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import cycles, imports, loaders, long_functions, modules

SOURCE = Path(__file__).parents[1] / "src"
MOST_LINES_OF_A_BODY = 30
MOST_LINES_OF_A_FILE = 650
LOADERS = ["peelflow", "peelflow.testing"]

AT_THE_TOP = "from peelflow.b import name\n"
FOR_CHECKERS = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from peelflow import b\n"
IN_A_FUNCTION = "def load():\n    from peelflow.b import name\n    return name\n"
BY_NAME = "from importlib import import_module\nimport_module('peelflow.b')\n"


def test_no_module_imports_itself_round_about() -> None:
    """Whoever reads a module can read what it imports first; nothing hides an import from this."""
    assert cycles(imports(modules(SOURCE, "peelflow"))) == []


@pytest.mark.parametrize("hidden", [AT_THE_TOP, FOR_CHECKERS, IN_A_FUNCTION, BY_NAME])
def test_a_planted_cycle_is_found(tmp_path: Path, hidden: str) -> None:
    """An import that only a type checker or a function sees closes a cycle as any other does."""
    package = tmp_path / "peelflow"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text(hidden)
    (package / "b.py").write_text("import peelflow.a\n")

    assert cycles(imports(modules(tmp_path, "peelflow"))) == [["peelflow.a", "peelflow.b"]]


def test_only_lazy_packages_and_entry_points_load_by_name() -> None:
    """What `import_module` returns is opaque to type checkers."""
    assert loaders(modules(SOURCE, "peelflow")) == LOADERS


def test_functions_are_short() -> None:
    """A longer body misses a noun."""
    assert long_functions(modules(SOURCE, "peelflow"), MOST_LINES_OF_A_BODY) == []


def test_a_long_function_is_found(tmp_path: Path) -> None:
    """The docstring does not count, each line of the body does."""
    package = tmp_path / "peelflow"
    package.mkdir()
    body = "".join(f"    step_{number} = {number}\n" for number in range(4))
    (package / "a.py").write_text(f'def walk():\n    """Two\n\n    lines."""\n{body}')

    assert long_functions(modules(tmp_path, "peelflow"), 3) == ["peelflow.a.walk: 4"]
    assert long_functions(modules(tmp_path, "peelflow"), 4) == []


def test_files_are_whole_and_not_too_long() -> None:
    """One idea a file, whole: what is longer holds two."""
    lengths = {
        name: len(file.read_text(encoding="utf-8").splitlines())
        for name, file in modules(SOURCE, "peelflow").items()
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FILE} == {}
