"""The tree of errors is the one that is drawn, and each keeps its code, its parts and its text."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import errors
from peelflow.errors import (
    AnswerLost,
    Conflict,
    Diagnostic,
    EventVoided,
    InspectorateOnly,
    InvalidRequest,
    InvalidRules,
    KeyReused,
    MissingDependency,
    NamesBrought,
    NotPermitted,
    PeelflowError,
    RulesMismatch,
    Span,
    StoreBusy,
    StoreError,
    StoreUnavailable,
    StoreVersion,
    UnknownDocument,
    UnknownRecord,
    UnstorableText,
    Unverified,
)
from peelflow.model import decisions
from peelflow.model.decisions import Refusal, Refused
from peelflow.testing.strategies import values_of

PAGE = Path(__file__).parents[1] / "docs/errors.md"
TEXTS, NUMBERS = st.text(), st.integers()
DIAGNOSTICS = st.builds(
    Diagnostic, values_of(Span), TEXTS, TEXTS, TEXTS, steps=st.just(((Span("a", 2), "a step"),))
)
MADE: dict[type[PeelflowError], st.SearchStrategy[PeelflowError]] = {
    AnswerLost: st.builds(AnswerLost, TEXTS, TEXTS, instead=st.one_of(st.none(), TEXTS)),
    PeelflowError: st.builds(PeelflowError, TEXTS),
    InvalidRules: st.builds(InvalidRules, st.lists(DIAGNOSTICS, max_size=3)),
    Refused: st.builds(Refused, values_of(Refusal)),
    InvalidRequest: st.builds(InvalidRequest, TEXTS, TEXTS, TEXTS),
    UnstorableText: st.builds(UnstorableText, TEXTS),
    NotPermitted: st.builds(NotPermitted, TEXTS, TEXTS, TEXTS),
    Unverified: st.builds(Unverified, TEXTS, TEXTS, TEXTS),
    KeyReused: st.builds(KeyReused, TEXTS, TEXTS),
    EventVoided: st.builds(EventVoided, TEXTS, NUMBERS, st.dates(), NUMBERS),
    InspectorateOnly: st.builds(
        InspectorateOnly, TEXTS, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple)
    ),
    UnknownRecord: st.builds(UnknownRecord, TEXTS),
    UnknownDocument: st.builds(UnknownDocument, TEXTS),
    StoreError: st.builds(StoreError, TEXTS),
    Conflict: st.builds(
        Conflict, TEXTS, expected=NUMBERS, found=NUMBERS, transaction_lost=st.booleans()
    ),
    NamesBrought: st.builds(NamesBrought, expected=NUMBERS, found=NUMBERS),
    RulesMismatch: st.builds(RulesMismatch, TEXTS, NUMBERS),
    StoreBusy: st.builds(StoreBusy, TEXTS),
    StoreVersion: st.builds(StoreVersion, TEXTS, found=NUMBERS, known=NUMBERS),
    StoreUnavailable: st.builds(
        StoreUnavailable, TEXTS, TEXTS, instead=st.one_of(st.none(), TEXTS)
    ),
    MissingDependency: st.builds(MissingDependency, TEXTS, TEXTS),
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own bytes
    "first protocol": lambda error: pickle.loads(pickle.dumps(error, 0)),  # noqa: S301
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def every_error() -> dict[str, type[PeelflowError]]:
    """Return the classes of the tree by name."""
    return {
        name: kind
        for module in (errors, decisions)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, PeelflowError)
    }


def parts_of(kind: type[PeelflowError]) -> set[str]:
    """Return the names of the parts that an error of a class keeps."""
    ours = (base for base in kind.__mro__ if issubclass(base, PeelflowError))
    said = {part for base in ours for part in vars(base)["__annotations__"]} - {"code"}
    return {part for part in said if not part.startswith("_")}


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
        for name, kind in every_error().items()
        if kind is not PeelflowError
    }
    assert drawn == there


def test_the_page_lists_every_error_with_its_code_and_its_parts() -> None:
    """A code is a word of its own that a program may look at, and never changes its meaning."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \| `(\w+)` \|[^|]*\| ?([^|]*) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    listed = {name: (code, set(re.findall(r"\w+", parts))) for code, name, parts in rows}
    kinds = every_error()
    assert listed == {name: (vars(kind)["code"], parts_of(kind)) for name, kind in kinds.items()}
    assert len({kind.code for kind in kinds.values()}) == len(kinds) == len(rows)


@pytest.mark.parametrize("how", COPIES)
@given(st.data())
def test_an_error_comes_back_whole(how: str, data: st.DataObject) -> None:
    """`pickle` and `copy` keep the class, the parts and the text: a worker can send it home."""
    assert MADE.keys() == set(every_error().values())
    error = data.draw(st.one_of(*MADE.values()))
    error.add_note("seen on the way")
    back = COPIES[how](error)
    assert type(back) is type(error)
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))
    assert vars(back)["__notes__"] == ["seen on the way"]


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
