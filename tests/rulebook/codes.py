"""Every code that a diagnostic can have, as the source gives it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import peelflow

SOURCE = Path(peelflow.__file__).parent
GIVERS = {"Diagnostic": 1, "fault": 1, "sheet_fault": 1, "diagnostic": 1}
"""What gives a diagnostic, and which of its arguments is the code."""

NAMERS = {"unknown_name": "unknown", "_unused_word": "unused"}
"""What makes a code of its first argument's first word, and the word before it."""

COMPUTED = {*NAMERS, *GIVERS}
"""The functions inside which a code is no constant: they are givers themselves."""


def _first_word(argument: ast.expr) -> str:
    text = argument.values[0] if isinstance(argument, ast.JoinedStr) else argument
    assert isinstance(text, ast.Constant), ast.unparse(argument)
    return str(text.value).split()[0]


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def _codes_of(call: ast.Call, inside: str) -> Iterator[str]:
    name = _called(call)
    if name in NAMERS:
        yield f"{NAMERS[name]}-{_first_word(call.args[0])}"
    elif name in GIVERS and inside not in COMPUTED:
        code = call.args[GIVERS[name]]
        assert isinstance(code, ast.Constant), f"{ast.unparse(call)}: write the code as a text"
        yield str(code.value)


def _calls(node: ast.AST, inside: str = "") -> Iterator[tuple[ast.Call, str]]:
    if isinstance(node, ast.FunctionDef):
        inside = node.name
    if isinstance(node, ast.Call):
        yield node, inside
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, inside)


def codes_in(source: str) -> set[str]:
    """Return the codes that a module's source gives."""
    if "Diagnostic" not in source and "rulebook" not in source:
        return set()
    return {code for call, inside in _calls(ast.parse(source)) for code in _codes_of(call, inside)}


CODES = frozenset(
    code for path in SOURCE.rglob("*.py") for code in codes_in(path.read_text("utf-8"))
)
