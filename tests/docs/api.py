"""The page of the API: each public name with its signature and its docstring, as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from griffe import Docstring, DocstringSectionKind, Parser

import peelflow
from peelflow.register.reader import Reader

LONGEST_LINE = 100
SAYING = ("Return", "Yield", "Give", "Say", "Begin", "Open")
"""How a summary begins that says what the result is."""

_HEAD = """\
# The API

Every name that `from peelflow import …` gives, with its signature, arguments, result and errors.
This page is made from the docstrings: `pytest tests/docs/test_api.py --rewrite-golden` makes it
anew. An argument called `on` is a calendar date in London, and today where it is left out.
"""


def page() -> str:
    """Return the page of all public names: the register first, then the others in their order."""
    first = [name for name in ("Register", "Batch") if name in peelflow.__all__]
    names = [*first, *(name for name in peelflow.__all__ if name not in first)]
    return "\n".join([_HEAD, *(line for name in names for line in _lines(name))]) + "\n"


def _lines(name: str) -> Iterator[str]:
    value = getattr(peelflow, name)
    yield f"## `{name}`\n"
    if not (inspect.isclass(value) or inspect.isfunction(inspect.unwrap(value))):
        yield f"One of these types: `{_alias_text(value)}`\n"
        return
    if not inspect.isclass(value):
        yield from _signature_lines(name, value)
        yield from _described(value)
        return
    yield from _described(value)
    yield from _field_lines(value)
    for member in _public_members(value):
        yield f"### `{name}.{member}`\n"
        attribute = inspect.getattr_static(value, member)
        if isinstance(attribute, property):
            yield from _described(attribute.fget)
        elif _is_taken_over(name, member):
            yield f"As `Register.{member}`, within the batch.\n"
        else:
            yield from _signature_lines(member, getattr(value, member))
            yield from _described(getattr(value, member))


def _annotations(value: type) -> Iterator[tuple[str, str]]:
    """Yield the parts that a class declares, each with its type as it is written there."""
    yield from vars(value).get("__annotations__", {}).items()


def _alias_text(alias: object) -> str:
    """Return a name of several types as it is written, each type by its own name alone."""
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(alias))


def _is_taken_over(name: str, member: str) -> bool:
    """Whether a member is a verb of the batch that the register takes over as it is."""
    verb = vars(peelflow.Register).get(member)
    return (
        name == "Batch"
        and verb is not None
        and vars(verb).get("__wrapped__") is getattr(peelflow.Batch, member)
    )


def _field_lines(value: type) -> Iterator[str]:
    """Yield the parts of a class of data, each with its type."""
    if not attrs.has(value):
        return
    yield "Parts:\n"
    annotations = {name: kind for base in value.__mro__ for name, kind in _annotations(base)}
    for part in attrs.fields(value):
        if not part.name.startswith("_"):
            yield f"- `{part.name}`: `{annotations[part.name]}`"
    yield ""


def _public_members(value: type) -> list[str]:
    """Return the methods and properties that a class of ours defines, in their order.

    A register's are those of the reader too that it is, which is no public name itself.
    """
    defining = [base for base in value.__mro__ if base in (value, Reader)]
    members = {name: part for base in defining for name, part in vars(base).items()}
    return [
        member
        for member, attribute in members.items()
        if not member.startswith("_")
        and (callable(attribute) or isinstance(attribute, property | classmethod | staticmethod))
    ]


def _signature_lines(name: str, function: Callable[..., Any]) -> Iterator[str]:
    """Yield a signature as indented code, an argument a line where one line would be too long."""
    signature = inspect.signature(function)
    parameters = [_shown(each) for each in signature.parameters.values() if each.name != "self"]
    kinds = [each.kind for each in signature.parameters.values() if each.name != "self"]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parameters.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    result = signature.return_annotation
    after = "" if result is inspect.Signature.empty else f" -> {str(result).strip(chr(39))}"
    line = f"    {name}({', '.join(parameters)}){after}"
    if len(line) <= LONGEST_LINE:
        yield f"{line}\n"
        return
    yield f"    {name}("
    yield from (f"        {parameter}," for parameter in parameters)
    yield f"    ){after}\n"


def _shown(parameter: inspect.Parameter) -> str:
    """Return an argument as it is written: a default that is a function goes by its name."""
    default = parameter.default
    if callable(default) and default is not inspect.Parameter.empty:
        bare = parameter.replace(default=inspect.Parameter.empty)
        return f"{bare} = {default.__name__}".replace("'", "")
    return str(parameter).replace("'", "")


def _described(value: object) -> Iterator[str]:
    """Yield a docstring as Markdown: its text, then what it says of arguments, result, errors."""
    docstring = Docstring(inspect.getdoc(value) or "", lineno=1)
    for section in docstring.parse(Parser.google, warnings=False):
        match section.kind:
            case DocstringSectionKind.text:
                yield f"{section.value}\n"
            case DocstringSectionKind.parameters | DocstringSectionKind.attributes:
                yield from _listed(section.kind.value.capitalize(), section.value, named=True)
            case DocstringSectionKind.returns | DocstringSectionKind.yields:
                yield from _listed(section.kind.value.capitalize(), section.value, named=False)
            case DocstringSectionKind.raises:
                yield from _listed("Raises", section.value, named=False)
            case _:
                raise AssertionError(f"a section of the kind {section.kind} is not written")


def _listed(title: str, items: Any, *, named: bool) -> Iterator[str]:
    yield f"{title}:\n"
    for item in items:
        label = item.name if named else item.annotation
        text = " ".join(item.description.split())
        yield f"- `{label}`: {text}" if label else f"- {text}"
    yield ""


def public_callables() -> dict[str, Callable[..., Any]]:
    """Return the functions that are public, and the methods of the register and the batch."""
    functions = {
        name: getattr(peelflow, name)
        for name in peelflow.__all__
        if inspect.isfunction(inspect.unwrap(getattr(peelflow, name)))
    }
    for owner in (peelflow.Register, peelflow.Batch):
        for member in _public_members(owner):
            if not isinstance(inspect.getattr_static(owner, member), property):
                functions[f"{owner.__name__}.{member}"] = getattr(owner, member)
    return functions


def undescribed(function: Callable[..., Any]) -> list[str]:
    """Return the arguments that a docstring does not name, and `result` where it says none."""
    sections = Docstring(inspect.getdoc(function) or "", lineno=1).parse(Parser.google)
    text = "".join(part.value for part in sections if part.kind is DocstringSectionKind.text)
    kinds = {part.kind for part in sections}
    named = {
        item.name
        for part in sections
        if part.kind is DocstringSectionKind.parameters
        for item in part.value
    }
    signature = inspect.signature(function)
    asked = set(signature.parameters) - {"self", "cls"}
    if signature.return_annotation not in ("None", None, inspect.Signature.empty):
        asked.add("result")
    if text.startswith(SAYING) or DocstringSectionKind.returns in kinds:
        named.add("result")
    return sorted(name for name in asked - named if f"`{name}`" not in text)
