"""Bounds on a YAML document, counted over its events as if every alias were written out."""

from __future__ import annotations

from typing import NoReturn

from attrs import define, field, frozen

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.proof.names import shown

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 20_000


@frozen
class _Size:
    nodes: int
    texts: int
    height: int


@define
class _Open:
    anchor: str | None
    nodes: int = 1
    texts: int = 0
    height: int = 1

    def hold(self, size: _Size) -> None:
        self.nodes += size.nodes
        self.texts += size.texts
        self.height = max(self.height, size.height + 1)


@define
class Bounds:
    """Counts documents, depth, nodes and text; raises RulesRefused at the event that exceeds."""

    documents: int = 0
    _path: list[_Open] = field(factory=lambda: [_Open(None)])
    _anchors: dict[str, _Size | None] = field(factory=dict)
    _nodes: int = 0
    _texts: int = 0
    _aliased: bool = False

    def document(self, span: Span) -> None:
        """A document starts."""
        self.documents += 1
        if self.documents > 1:
            refuse(
                span,
                "several-documents",
                "a second document starts here",
                "remove the `---`, or put the second document into a file of its own",
            )

    def scalar(self, anchor: str | None, length: int, span: Span) -> None:
        """A scalar of `length` characters."""
        self._hold(anchor, _Size(1, length, 1), span)

    def alias(self, anchor: str, span: Span) -> None:
        """An alias: it counts as all that it stands for."""
        size = self._anchors.get(anchor, _Size(1, 0, 1))
        if size is None:
            refuse(
                span,
                "alias-loop",
                f"`*{shown(anchor)}` stands inside what it names",
                "write the value out; nothing holds itself",
            )
        self._aliased = True
        self._hold(None, size, span)

    def enter(self, anchor: str | None, span: Span) -> None:
        """A list or mapping starts."""
        if anchor is not None:
            self._anchors[anchor] = None
        self._deep(len(self._path), span)
        self._count(_Size(1, 0, 1), span)
        self._path.append(_Open(anchor))

    def leave(self) -> None:
        """The innermost list or mapping ends."""
        ended = self._path.pop()
        size = _Size(ended.nodes, ended.texts, ended.height)
        if ended.anchor is not None:
            self._anchors[ended.anchor] = size
        self._path[-1].hold(size)

    def _hold(self, anchor: str | None, size: _Size, span: Span) -> None:
        if anchor is not None:
            self._anchors[anchor] = size
        self._deep(len(self._path) - 1 + size.height, span)
        self._count(size, span)
        self._path[-1].hold(size)

    def _deep(self, depth: int, span: Span) -> None:
        if depth > MAX_DEPTH:
            refuse_depth(span)

    def _count(self, size: _Size, span: Span) -> None:
        self._nodes += size.nodes
        self._texts += size.texts
        if self._nodes <= MAX_NODES and self._texts <= MAX_BYTES:
            return
        if self._aliased:
            refuse(
                span,
                "alias-bomb",
                f"written out, the aliases exceed {MAX_NODES} values or {MAX_BYTES} characters",
                "write the values out, without `&` and `*`",
            )
        refuse(
            span,
            "too-many-nodes",
            f"the file holds more than {MAX_NODES} values",
            "split it into one file for each lifecycle",
        )


def refuse(span: Span, code: str, sentence: str, instead: str) -> NoReturn:
    """Raise one fault."""
    raise RulesRefused([Diagnostic(span, code, sentence, instead)])


def refuse_depth(span: Span) -> NoReturn:
    """Raise the fault of nesting too deep."""
    refuse(
        span,
        "too-deep",
        f"values nest more than {MAX_DEPTH} deep here",
        "close a bracket; no rule needs that depth",
    )
