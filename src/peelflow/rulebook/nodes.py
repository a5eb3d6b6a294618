"""What a rule file holds once read: scalars, lists and mappings, each with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from peelflow.errors import Span

KIND_KEYS = ("lifecycle", "vocabulary", "migration")
BEGIN = "start with `lifecycle: <name>`, `vocabulary: <name>` or `migration: <name>`"


@frozen
class Scalar:
    """A text, a whole number, true or false."""

    value: str | int | bool
    span: Span


@frozen
class Items:
    """A list, in the file's order."""

    nodes: tuple[Node, ...]
    span: Span


@frozen
class Table:
    """A mapping from texts; `keys` keeps the place of each key."""

    entries: Mapping[str, Node]
    keys: Mapping[str, Span]
    span: Span


Node = Scalar | Items | Table


def moved(node: Node, span: Span) -> Node:
    """Give a node and all in it one place: that of the text it was read from."""
    match node:
        case Scalar():
            return evolve(node, span=span)
        case Items():
            return Items(tuple(moved(item, span) for item in node.nodes), span)
        case _:
            entries = {key: moved(child, span) for key, child in node.entries.items()}
            return Table(entries, dict.fromkeys(entries, span), span)


def node_of(plain: Any, span: Span) -> Node:
    """Turn plain JSON data, as `json.loads` gives it, into nodes that all have one place."""
    if isinstance(plain, dict):
        entries = {str(key): node_of(value, span) for key, value in plain.items()}
        return Table(entries, dict.fromkeys(entries, span), span)
    if isinstance(plain, list):
        return Items(tuple(node_of(value, span) for value in plain), span)
    return Scalar(plain, span)


def plain_of(node: Node) -> Any:
    """Return what a node holds as plain data, without its places."""
    match node:
        case Scalar(value=value):
            return value
        case Items(nodes=nodes):
            return [plain_of(item) for item in nodes]
        case _:
            return {key: plain_of(child) for key, child in node.entries.items()}


def twice(items: Items) -> list[tuple[Node, Node]]:
    """Return each item that the list holds already, with the first of its like."""
    seen: dict[str, Node] = {}
    firsts = [
        (item, seen.setdefault(json.dumps(plain_of(item), sort_keys=True), item))
        for item in items.nodes
    ]
    return [(item, first) for item, first in firsts if item is not first]
