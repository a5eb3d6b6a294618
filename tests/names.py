"""The public names of the code, and the words that they are made of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_names(files: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield the place and the name of each public module, class, function and parameter."""
    for module, file in files.items():
        if any(part.startswith("_") for part in module.split(".")):
            continue
        yield module, module.rpartition(".")[2]
        yield from _in_body(module, ast.parse(file.read_text(encoding="utf-8")).body)


def _in_body(place: str, body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith(("_", "test_", "pytest_")):
            continue
        yield place, node.name
        inside = f"{place}.{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _in_body(inside, node.body)
        else:
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = [argument.arg for argument in arguments]
            yield from ((inside, name) for name in names if name not in {"self", "cls"})


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case: `NeverEnteredUnless` and `never_entered` alike."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]
