"""The faults of a rule file's structure, each with its sentence and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.model.requirements import BARE, HEADED
from peelflow.proof.names import listed, near, shown, suggestion
from peelflow.rulebook.nodes import BEGIN, KIND_KEYS, Items, Node, Scalar, Table
from peelflow.rulebook.shapes import Named, Whole

TEXT, LIST, MAPPING = "a text", "a list", "a mapping"
FLAG, WHOLE = "`true` or `false`", "a whole number"


def fault(span: Span, code: str, sentence: str, instead: str) -> RulesRefused:
    """Say one fault, as something to raise."""
    return RulesRefused([Diagnostic(span, code, sentence, instead)])


def unknown_kind(node: Table) -> RulesRefused:
    """Neither a lifecycle nor a vocabulary nor a migration."""
    instead = BEGIN
    for kind in KIND_KEYS:
        close = near(kind, node.entries)
        if close is not None:
            instead = f"write `{kind}` where `{shown(close)}` stands"
    sentence = "the file says none of `lifecycle`, `vocabulary` and `migration`"
    return fault(node.span, "unknown-kind", sentence, instead)


def wrong_type(node: Node, wanted: str, instead: str = "") -> RulesRefused:
    """A value of another type than its place holds."""
    if wanted == LIST and isinstance(node, Scalar) and node.value != "":
        instead = f"write [{shown(_plain(node.value))}]"
    elif wanted == TEXT and isinstance(node, Scalar):
        instead = f'write "{_plain(node.value)}" in quotes'
    elif wanted == TEXT:
        instead = "write one text, without brackets"
    elif wanted == FLAG:
        instead = f"write {FLAG}, without quotes"
    elif wanted == WHOLE:
        instead = "write digits alone, such as 10, without quotes or a zero before them"
    return fault(
        node.span,
        "wrong-type",
        f"{wanted} belongs here, not {_said(node)}",
        instead or f"write {wanted}",
    )


def _said(node: Node) -> str:
    match node:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=""):
            return "nothing"
        case Scalar(value=str() as text):
            return f"the text `{shown(text)}`"
        case _:
            return f"`{_plain(node.value)}`"


def _plain(value: str | int | bool) -> str:  # noqa: FBT001
    return str(value).lower() if isinstance(value, bool) else str(value)


def empty(span: Span, what: str) -> RulesRefused:
    """A list, mapping or text that may not be empty."""
    instead = "write a text" if what == TEXT else "write at least one"
    return fault(span, "empty-value", f"{what} with nothing in it stands here", instead)


def duplicate_item(node: Node, first: Node) -> RulesRefused:
    """An item that its list holds already."""
    said = f"`{shown(_plain(node.value))}`" if isinstance(node, Scalar) else "this item"
    return fault(
        node.span,
        "duplicate-item",
        f"{said} already stands in this list, at line {first.span.line}",
        "keep one of the two",
    )


def bad_name(span: Span, text: str, named: Named) -> RulesRefused:
    """A name that does not follow its pattern."""
    sentence = f"`{shown(text)}` cannot be the name of a {named.what}"
    return fault(span, "bad-name", sentence, f"write {named.words}")


def reserved_name(span: Span, text: str, named: Named) -> RulesRefused:
    """A name that other readers of YAML take for a truth value or for nothing."""
    return fault(
        span,
        "reserved-name",
        f"`{text}` cannot be the name of a {named.what}: YAML may read no text there",
        "choose another name",
    )


def bad_date(span: Span, text: str) -> RulesRefused:
    """A text that is no calendar date."""
    return fault(
        span, "bad-date", f"`{shown(text)}` is no date", "write year-month-day, such as 2025-03-31"
    )


def unknown_choice(span: Span, text: str, choices: Iterable[str]) -> RulesRefused:
    """A word that is not one of those this place knows."""
    return fault(
        span,
        "unknown-choice",
        f"`{shown(text)}` is no choice here",
        f"write one of {listed(choices)}",
    )


def out_of_range(span: Span, value: int, bounds: Whole) -> RulesRefused:
    """A number beyond its bounds."""
    return fault(
        span,
        "out-of-range",
        f"{value} is out of range",
        f"write a number from {bounds.least} to {bounds.most}",
    )


def unknown_key(span: Span, key: str, known: Iterable[str]) -> RulesRefused:
    """A key that has no meaning in its place."""
    return fault(
        span, "unknown-key", f"the key `{shown(key)}` has no meaning here", suggestion(key, known)
    )


def missing_key(span: Span, key: str) -> RulesRefused:
    """A key that its place requires."""
    return fault(span, "missing-key", f"the key `{key}` is missing here", f"add `{key}:`")


def unknown_requirement(span: Span, text: str) -> RulesRefused:
    """A word that is no requirement, or is not written as one."""
    if text in HEADED:
        sentence, instead = f"`{text}` says too little alone", f"write {{{text}: …}}"
    elif text in BARE:
        sentence, instead = f"`{text}` takes no value", f"write just {text}"
    else:
        sentence = f"`{shown(text)}` is no requirement" if text else "a requirement is missing here"
        instead = suggestion(text, {*BARE, *HEADED})
    return fault(span, "unknown-requirement", sentence, instead)


def several_requirements(span: Span, heads: Iterable[str]) -> RulesRefused:
    """Two requirements written as one."""
    return fault(
        span,
        "several-requirements",
        f"{listed(heads)} stand in one item, and an item is one requirement",
        "give each an item of its own",
    )
