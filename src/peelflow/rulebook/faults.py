"""The faults of a rule file's structure, each with its sentence and what to do instead."""

from __future__ import annotations

from collections.abc import Iterable

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import BARE, HEADED
from peelflow.proof.names import listed, suggestion
from peelflow.rulebook.nodes import Items, Node, Scalar, Table
from peelflow.rulebook.shapes import Named, Whole


class Fault(Exception):
    """One fault, as cattrs collects it."""

    def __init__(self, span: Span, code: str, sentence: str, instead: str) -> None:
        self.diagnostic = Diagnostic(span, code, sentence, instead)
        super().__init__(str(self.diagnostic))


def unknown_kind(node: Table) -> Fault:
    """Neither a lifecycle nor a vocabulary."""
    return Fault(
        node.span,
        "unknown-kind",
        "the file says neither `lifecycle` nor `vocabulary`",
        "start with `lifecycle: <name>` or `vocabulary: <name>`",
    )


def wrong_type(node: Node, wanted: str) -> Fault:
    """A value of another type than its place holds."""
    instead = f"write {wanted.rstrip(',')}"
    if isinstance(node, Scalar) and wanted == "a list" and node.value != "":
        instead = f"write [{node.value}]"
    elif isinstance(node, Scalar) and wanted == "a text":
        instead = f'write "{str(node.value).lower()}" in quotes'
    return Fault(node.span, "wrong-type", f"{wanted} belongs here, not {_said(node)}", instead)


def _said(node: Node) -> str:
    match node:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=bool() as value):
            return f"`{str(value).lower()}`"
        case Scalar(value=int() as value):
            return f"the number {value}"
        case Scalar(value=""):
            return "nothing"
        case Scalar(value=value):
            return f"the text `{value}`"


def empty(span: Span, what: str) -> Fault:
    """A list, mapping or text that may not be empty."""
    return Fault(
        span, "empty-value", f"{what} that stands here may not be empty", "say at least one"
    )


def bad_name(span: Span, text: str, named: Named) -> Fault:
    """A name that does not follow its pattern."""
    return Fault(span, "bad-name", f"`{text}` is no name of a {named.what}", f"write {named.words}")


def bad_date(span: Span, text: str) -> Fault:
    """A text that is no calendar date."""
    return Fault(
        span, "bad-date", f"`{text}` is no date", "write year-month-day, such as 2025-03-31"
    )


def unknown_choice(span: Span, text: str, choices: Iterable[str]) -> Fault:
    """A word that is not one of those this place knows."""
    return Fault(
        span, "unknown-choice", f"`{text}` is no choice here", f"write one of {listed(choices)}"
    )


def out_of_range(span: Span, value: int, bounds: Whole) -> Fault:
    """A number beyond its bounds."""
    return Fault(
        span,
        "out-of-range",
        f"{value} is out of range",
        f"write a number from {bounds.least} to {bounds.most}",
    )


def unknown_key(span: Span, key: str, known: Iterable[str]) -> Fault:
    """A key that has no meaning in its place."""
    return Fault(
        span, "unknown-key", f"the key `{key}` has no meaning here", suggestion(key, known)
    )


def missing_key(span: Span, key: str) -> Fault:
    """A key that its place requires."""
    return Fault(span, "missing-key", f"the key `{key}` is missing here", f"add `{key}:`")


def unknown_requirement(span: Span, text: str) -> Fault:
    """A word that is no requirement, or is not written as one."""
    if text in HEADED:
        sentence, instead = f"`{text}` says too little alone", f"write {{{text}: …}}"
    elif text in BARE:
        sentence, instead = f"`{text}` takes no value", f"write just {text}"
    else:
        sentence = f"`{text}` is no requirement"
        instead = suggestion(text, [*BARE, *HEADED])
    return Fault(span, "unknown-requirement", sentence, instead)


def several_requirements(span: Span, heads: Iterable[str]) -> Fault:
    """Two requirements written as one."""
    return Fault(
        span,
        "several-requirements",
        f"{listed(heads)} stand in one item, and an item is one requirement",
        "give each an item of its own",
    )
