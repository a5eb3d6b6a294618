"""What the public verbs return: every class that is met in their annotations, found by a walk."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import attrs

import peelflow
from peelflow.model.rules import Lifecycle
from peelflow.portfolio import grouping, listing, movement, overdue, plan, reconcile
from peelflow.register import csv_import
from peelflow.register.batch import Batch
from peelflow.register.register import Register
from peelflow.register.session import Session

PORTFOLIO: tuple[Callable[..., object], ...] = (
    grouping.grouped_figures,
    grouping.selected_figures,
    listing.ages,
    listing.age_shares,
    movement.movement,
    movement.movement_totals,
    overdue.deadlines,
    overdue.overdue,
    overdue.overdue_shares,
    plan.inspection_plan,
    reconcile.reconcile,
    csv_import.import_sheets,
)

NO_RESULTS = (Lifecycle, Batch, Session)


def public_verbs() -> Iterator[Callable[..., object]]:
    """Yield the public methods of Register and of a batch, and the functions of the portfolio."""
    for kind in (Register, Batch):
        for name, verb in inspect.getmembers(kind, callable):
            if not name.startswith("_"):
                yield verb
    yield from PORTFOLIO


def modules() -> list[Any]:
    """Return every module of the package that a bare installation can load."""
    names = [each.name for each in pkgutil.walk_packages(peelflow.__path__, "peelflow.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


def returned_classes() -> set[str]:
    """Return the names of our attrs classes that verbs return, and of those inside them.

    The walk ends at a lifecycle, whose parts are rules, and at what has verbs of its own.
    """
    met: set[type] = set()
    todo = [kind for verb in public_verbs() for kind in _classes_in(_return_of(verb), verb)]
    while todo:
        kind = todo.pop()
        if kind not in met:
            met.add(kind)
            if kind not in NO_RESULTS:
                todo += [
                    inner for part in attrs.fields(kind) for inner in _classes_in(part.type, kind)
                ]
    return {kind.__name__ for kind in met}


def _return_of(verb: Callable[..., object]) -> object:
    return getattr(verb, "__annotations__", {}).get("return", "")


def _classes_in(annotation: object, user: Any) -> Iterator[type]:
    """Yield our attrs classes in an annotation, as the module that uses it knows their names."""
    if not isinstance(annotation, str):  # cattrs puts the types there of what it reads
        yield from _classes_of(annotation)
        return
    known = {**_public_names(), **vars(import_module(user.__module__))}
    for node in ast.walk(ast.parse(annotation)):
        if isinstance(node, ast.Name):
            yield from _classes_of(known.get(node.id))


def _classes_of(kind: object) -> Iterator[type]:
    """Yield our attrs classes in a type."""
    if isinstance(kind, type) and attrs.has(kind):
        yield kind
    for inside in typing.get_args(kind):
        yield from _classes_of(inside)


@cache
def _public_names() -> dict[str, Any]:
    """Return what the modules' names stand for, as some are imported for type checkers alone."""
    return {
        name: value
        for module in modules()
        for name, value in vars(module).items()
        if not name.startswith("_")
    }
