"""Read single values, each by its exact type: a text is never a number, a number never a truth."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

from peelflow.rulebook import faults
from peelflow.rulebook.nodes import Node, Scalar
from peelflow.rulebook.shapes import RESERVED, Named, Whole

LAST_LEVEL = 4
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def text(node: Node, _: Any = str) -> str:
    """Read a text that is not empty."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise faults.wrong_type(node, faults.TEXT)
    if not node.value:
        raise faults.empty(node.span, faults.TEXT)
    return node.value


def flag(node: Node, _: Any = bool) -> bool:
    """Read true or false."""
    if not isinstance(node, Scalar) or not isinstance(node.value, bool):
        raise faults.wrong_type(node, faults.FLAG)
    return node.value


def day(node: Node, _: Any = date) -> date:
    """Read a date written year-month-day."""
    written = text(node)
    try:
        return date.fromisoformat(written if re.fullmatch(DAY, written) else "")
    except ValueError:
        raise faults.bad_date(node.span, written) from None


def choice(node: Node, kind: Any) -> str:
    """Read one of the words of a `Literal`."""
    written = text(node)
    if written not in get_args(kind):
        raise faults.unknown_choice(node.span, written, get_args(kind))
    return written


def name(node: Node, named: Named) -> str:
    """Read a name that follows its pattern and that no reader of YAML mistakes."""
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        raise faults.reserved_name(node.span, str(node.value).lower(), named)
    written = text(node)
    if written in RESERVED:
        raise faults.reserved_name(node.span, written, named)
    if not re.fullmatch(named.pattern, written):
        raise faults.bad_name(node.span, written, named)
    return written


def whole(node: Node, bounds: Whole) -> int:
    """Read a whole number within bounds."""
    if not isinstance(node, Scalar) or isinstance(node.value, str | bool):
        raise faults.wrong_type(node, faults.WHOLE)
    if not bounds.least <= node.value <= bounds.most:
        raise faults.out_of_range(node.span, node.value, bounds)
    return node.value


def level(node: Node) -> int | None:
    """Read a level from 1 to 4, or `none`."""
    if isinstance(node, Scalar) and node.value == "none":
        return None
    if (
        isinstance(node, Scalar)
        and not isinstance(node.value, str | bool)
        and 1 <= node.value <= LAST_LEVEL
    ):
        return node.value
    raise faults.wrong_type(node, f"a level from 1 to {LAST_LEVEL} or `none`")
