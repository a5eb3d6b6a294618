"""Draw edits of the shipped rule files, such as a slip of somebody's hand would make."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from peelflow.rulebook.yaml_reader import json_from_node, read_mapping

RULES = Path(__file__).parents[2] / "rules"
SHIPPED = sorted(RULES.glob("**/*.yaml"))
PLAIN: dict[str, Any] = {
    path.stem: json_from_node(read_mapping(path.read_bytes(), path.name)) for path in SHIPPED
}
"""What each shipped file holds, as plain data."""

WORDS = [
    *("lifecycle", "version", "states", "counts_as", "transitions", "to", "by", "requires", "as"),
    *("after", "days", "since", "final", "title", "roles", "side", "evidence", "signed_by"),
    *("inspection", "relevant", "field", "any_of", "waited", "predicate", "distinct_from"),
    *("fields", "type", "choices", "figures", "order", "level", "children", "guarantees", "that"),
    *("Upper", "on", "null", "stands_for", "refines", "open", "closed", "hmicfrs", "system"),
]
VALUES: list[Any] = [
    *(True, False, 0, 1, 4, 5, 36_526, 10**18 - 1, "", "no", "on", "none", "open", "closed"),
    *("planned", "Planned", "2024-01-01", "2024-02-30", "0000-01-01", "level-3@1", "a_b", "a-b"),
    *("reason", "children", "published", "system", [], {}, [[]], ["reason"], [["reason"]]),
    *({"field": "x"}, {"evidence": "letter"}, {"to": "open", "by": ["lead"]}, {"counts_as": {}}),
    *(["a", "a"], ["system"], {"days": 3}, {"waited": 3, "since": "published"}, True),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a value."""
    numbered = enumerate(value) if isinstance(value, list) else ()
    inside = value.items() if isinstance(value, dict) else numbered
    for step, child in inside:
        yield (*path, step)
        yield from places(child, (*path, step))


def at(plain: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for step in path:
        plain = plain[step]
    return plain


@st.composite
def edited(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a shipped file with one to three values deleted, renamed, doubled or replaced."""
    plain: dict[str, Any] = copy.deepcopy(PLAIN[draw(st.sampled_from(sorted(PLAIN)))])
    for _ in range(draw(st.integers(1, 3))):
        every = list(places(plain))
        *path, last = draw(st.sampled_from(every))
        parent = at(plain, tuple(path))
        match draw(st.sampled_from(["delete", "rename", "double", "replace", "borrow"])):
            case "delete" if len(plain) > 1:
                del parent[last]
            case "rename" if isinstance(parent, dict):
                name = draw(st.sampled_from([*WORDS, f"{last}x", f"{last}"[1:] or "a"]))
                parent[name] = parent.pop(last)
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[last]))
            case "borrow":
                parent[last] = copy.deepcopy(at(plain, draw(st.sampled_from(every))))
            case _:
                parent[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return plain
