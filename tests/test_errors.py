"""The tree of errors is the one that is drawn, and each says its own sentence."""

from __future__ import annotations

import inspect
import re

import pytest

from peelflow import errors
from peelflow.errors import InvalidRequest, UnknownRecord


def test_the_tree_drawn_is_the_tree_there_is() -> None:
    """Every exception stands in the drawing, below its parent, with its other bases named."""
    drawn: dict[str, tuple[str, ...]] = {}
    above = ["PeelflowError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ├└─]+)(\w+)(?: \((\w+)\))?", line)
        if found and "─" in found[1]:
            depth = len(found[1]) // 4
            drawn[found[2]] = (above[depth - 1], *filter(None, (found[3],)))
            above[depth:] = [found[2]]
    there = {
        name: tuple(base.__name__ for base in kind.__bases__)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.PeelflowError) and kind is not errors.PeelflowError
    }
    assert drawn == there


def test_a_missing_extra_says_how_to_install_it() -> None:
    """The sentence can be copied to a shell."""
    missing = errors.MissingDependency("sql", "SQLAlchemy")
    assert (missing.extra, missing.needs) == ("sql", "SQLAlchemy")
    assert str(missing) == "SQLAlchemy is not installed; run: pip install 'peelflow[sql]'"


@pytest.mark.parametrize("size", [501, 10**6])
def test_a_text_of_any_length_is_told_short(size: int) -> None:
    """Whole in the error's parts, for who wants it."""
    text = "x" * size
    refused, unknown = InvalidRequest(text, f"is {text}", "give a text"), UnknownRecord(text)
    assert (refused.what, unknown.record) == (text, text)
    assert str(refused) == f"{'x' * 500}…: is {'x' * 497}…; give a text"
    assert len(str(unknown)) < 200
