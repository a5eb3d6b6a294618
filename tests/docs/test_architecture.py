"""The page of the architecture names what there is: each module once, and no file that is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house import modules

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/architecture.md"
TREE = re.compile(r"(?<=<!-- tree -->\n```text\n).*?(?=```\n)", re.DOTALL)
LAYERS = re.compile(r"^layers = \[(.*?)\]", re.DOTALL | re.MULTILINE)


def _tree() -> str:
    """Return each package, in the order of the layers, with its modules and their sentences."""
    return "".join(f"{line}\n" for layer in _layers() for line in _layer_lines(layer))


def _layers() -> list[str]:
    found = LAYERS.search((ROOT / "pyproject.toml").read_text("utf-8"))
    assert found is not None
    return [
        name for line in re.findall(r'"([^"]+)"', found[1]) for name in re.split(r" [|:] ", line)
    ]


def _layer_lines(layer: str) -> Iterator[str]:
    files = {
        name.removeprefix("peelflow."): _summary(file)
        for name, file in modules(ROOT / "src", "peelflow").items()
        if f"{name}.".startswith(f"peelflow.{layer}.")
    }
    for name, summary in sorted(files.items()):
        depth = name.count(".")
        yield f"{'    ' * depth}{name.rpartition('.')[2]:<{24 - 4 * depth}}{summary}".rstrip()


def _summary(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.partition("\n")[0].removesuffix(".")


def test_the_tree_is_the_one_there_is(*, rewrite_golden: bool) -> None:
    """Each module with the first sentence of its docstring; `--rewrite-golden` makes it anew."""
    page = PAGE.read_text("utf-8")
    if rewrite_golden:
        page = TREE.sub(lambda _: _tree(), page)
        PAGE.write_text(page, "utf-8")

    drawn = TREE.search(page)

    assert drawn is not None
    assert drawn[0] == _tree()


def test_every_file_that_the_page_names_is_there() -> None:
    """A walk or a recipe that leads to a file of another name helps nobody."""
    named = set(
        re.findall(r"`((?:src|tests|docs|rules|bench|examples)/[\w./-]+)`", PAGE.read_text())
    )

    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    assert named
