"""A result says itself as data for JSON, as a short `repr`, and as a table for a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

LONGEST_PART = 40  # of one part in a `repr`
LONGEST_REPR = 360  # three lines of 120 columns


def _with_shared_methods(decorate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a decorator of attrs whose classes share one `repr`, and compare when they first do.

    Else attrs writes and compiles that for each, half of what a class costs at every start.
    """

    def decorated(kind: type | None = None, **options: Any) -> Any:
        if kind is None:
            return partial(decorated, **options)
        if "__repr__" not in vars(kind):
            kind.__repr__ = _repr  # type: ignore[assignment]
        is_frozen = decorate is attrs.frozen and not issubclass(kind, BaseException)
        if not is_frozen or options.keys() & _COMPARING or vars(kind).keys() & _COMPARED_BY:
            return decorate(kind, **options)
        return _compared_by_fields(decorate(kind, eq=False, **options))

    return decorated


_COMPARING = {"eq", "order", "unsafe_hash", "cache_hash"}
_COMPARED_BY = {"__eq__", "__ne__", "__hash__"}


def _compared_by_fields(kind: Any) -> Any:
    """Have attrs write how a frozen class compares and hashes when that is first asked."""

    def write() -> None:
        # INVARIANT: no field has a key to compare by, or a word of its own on hashing.
        compared = [part.name for part in attrs.fields(kind) if part.eq]
        twin = attrs.make_class(kind.__name__, compared, frozen=True, repr=False)
        kind.__eq__, kind.__hash__ = twin.__eq__, twin.__hash__

    def equals(self: object, other: object) -> Any:
        write()
        return kind.__eq__(self, other)

    def hashed(self: object) -> Any:
        write()
        return kind.__hash__(self)

    kind.__eq__, kind.__hash__ = equals, hashed
    return kind


def _repr(self: Any) -> str:
    parts = [part for part in attrs.fields(type(self)) if part.repr]
    inside = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in parts)
    return f"{type(self).__qualname__.rsplit('>.', 1)[-1]}({inside})"


if TYPE_CHECKING:  # tools know attrs' own by their names
    from attrs import define as define  # noqa: PLC0414 - it is imported from here
    from attrs import frozen as frozen  # noqa: PLC0414
else:
    define, frozen = map(_with_shared_methods, (attrs.define, attrs.frozen))


class Result:
    """A value that verbs return. docs/results.md lists the keys of each one's `to_dict`."""

    __slots__ = ()
    _derived: ClassVar[tuple[str, ...]] = ()  # properties that `to_dict` says beside the fields

    def to_dict(self) -> dict[str, Any]:
        """Return this as data that `json.dumps` takes.

        Each field stands under its name: days and moments as ISO 8601 text, tuples and sets as
        lists, results inside results as their own `to_dict`.
        """
        return {name: _as_json(getattr(self, name)) for name in dict_keys(type(self))}


def dict_keys(kind: type[Result]) -> tuple[str, ...]:
    """Return the keys that `to_dict` gives for a class of results, in order."""
    fields: Sequence[attrs.Attribute[Any]] = getattr(kind, "__attrs_attrs__", ())
    return (*kind._derived, *(field.name for field in fields))  # noqa: SLF001 - of this module


def _as_json(value: object) -> object:
    match value:
        case Result():
            return value.to_dict()
        case date():
            return value.isoformat()
        case Mapping():
            return {name: _as_json(part) for name, part in value.items()}
        case AbstractSet():
            return sorted(map(_as_json, value), key=str)
        case tuple() | list():
            return [_as_json(part) for part in value]
        case _:
            return value


def short_repr(kind: str, /, **parts: object) -> str:
    """Return a `repr` of some parts that fits in three lines of 120 columns, whatever they hold."""
    inside = ", ".join(f"{name}={_cut(_part_repr(part))}" for name, part in parts.items())
    return _cut(f"{kind}({inside}", LONGEST_REPR - 1) + ")"


def _part_repr(part: object) -> str:
    return part.isoformat() if isinstance(part, date) else repr(part)


def _cut(text: str, longest: int = LONGEST_PART) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table for a notebook. Every text is escaped, so none of it can act as HTML."""
    titles = "".join(f"<th>{_html_text(title)}</th>" for title in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{_html_text(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f"<table><caption>{_html_text(caption)}</caption>"
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    )


def html_of_parts(caption: str, result: Result) -> str:
    """Return a table of two columns: each part of a result that says something, and what."""
    parts = ((name, getattr(result, name)) for name in dict_keys(type(result)))
    return html_table(
        caption, ("part", "value"), [part for part in parts if part[1] not in (None, (), {})]
    )


def _html_text(value: object) -> str:
    # Only who works in a notebook pays for loading it.
    from html import escape

    match value:
        case None:
            return ""
        case str() | int() | date():
            return escape(str(value))
        case Mapping():
            return "<br>".join(
                f"{_html_text(name)}: {_html_text(part)}" for name, part in value.items()
            )
        case tuple() | list() | AbstractSet():
            return "<br>".join(map(_html_text, value))
        case _:
            return escape(str(value))
