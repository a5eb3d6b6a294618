"""Draw any value of a type of the model, from the class itself: a new field is tried unasked."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

import attrs
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for every value of a type that the model uses."""
    if kind in LEAVES:
        return LEAVES[kind]
    if attrs.has(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(
            kind, **{each.name: any_of(hints[each.name]) for each in attrs.fields(kind)}
        )
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([any_of(each) for each in args])
    if origin is Mapping:
        return st.dictionaries(any_of(args[0]), any_of(args[1]), max_size=3)
    if origin is tuple:
        return st.lists(any_of(args[0]), max_size=3).map(tuple)
    return st.frozensets(any_of(args[0]), max_size=3)
