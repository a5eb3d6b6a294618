"""How the code is laid out: which module imports which, and how long functions are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Imports = Mapping[str, frozenset[str]]


def modules(source: Path, package: str) -> dict[str, Path]:
    """Return each module below `source/package` by its dotted name."""
    files = sorted((source / package).rglob("*.py"))
    return {_dotted(file.relative_to(source)): file for file in files}


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(files: Mapping[str, Path]) -> Imports:
    """Return what each module imports of the others, at any depth of its code.

    Imports in a function, those for type checkers alone, and `import_module` with a name count too.
    """
    return {
        name: frozenset(_imported(ast.parse(file.read_text(encoding="utf-8")), files) - {name})
        for name, file in files.items()
    }


def _imported(tree: ast.AST, known: Mapping[str, Path]) -> set[str]:
    return {found for name in _named(tree) if (found := _module(name, known)) is not None}


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str() as module, level=0, names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom(level=int() as level) if level:
                raise AssertionError(f"line {node.lineno}: write the import in full")
            case ast.Call(args=[ast.Constant(value=str() as name), *_]) if _loads(node):
                yield name
            case _:
                pass


def _loads(call: ast.Call) -> bool:
    """Whether a call is one of `import_module`, however that was imported."""
    match call.func:
        case ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"):
            return True
        case _:
            return False


def _module(name: str, known: Mapping[str, Path]) -> str | None:
    """Return the module that an imported name is, or lies in."""
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name if name in known else None


def cycles(graph: Imports) -> list[list[str]]:
    """Return every set of modules that import each other round about, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(found)


def loaders(files: Mapping[str, Path]) -> list[str]:
    """Return the modules that load others by `import_module`, which hides names from checkers."""
    return [
        name
        for name, file in files.items()
        if any(
            isinstance(node, ast.Call) and _loads(node)
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        )
    ]


def long_functions(files: Mapping[str, Path], most: int) -> list[str]:
    """Return the functions whose body, docstring left out, has more lines than `most`."""
    return [
        f"{name}.{node.name}: {lines}"
        for name, file in files.items()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := _body_lines(node)) > most
    ]


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
