"""Read the sentences of guarantees: a closed language, one form a promise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from peelflow.errors import Diagnostic, RulesRefused, Span
from peelflow.model.guarantees import (
    AlwaysReachable,
    NeverDoneBy,
    NeverFollowedBy,
    NeverUnmet,
    NeverWithout,
    OnlyEnteredBy,
    Promise,
    TwoPeople,
    Where,
)
from peelflow.model.requirements import BARE, Requirement
from peelflow.proof.names import shown

_NAME = "[a-z][a-z0-9_]*"
_LIST = rf"\[ ?({_NAME}(?: ?, ?{_NAME})*) ?\]"
_WHERE = f"({_NAME}(?: (?:open|closed))?)"
_WITHOUT = rf"(\{{.*\}}|{'|'.join(BARE)})"
FORMS = (
    "X is never entered without [trigger, trigger]",
    "X is never entered without [trigger, trigger] since STATE",
    "X is only entered by [role, role]",
    "X is never entered without {requirement}",
    "X is never entered by [role, role] without {requirement}",
    "TRIGGER is never done by [role, role]",
    "X can always be reached",
    "X is never followed by X",
    "between TRIGGER and TRIGGER stand two different people",
)
_FIXED = {form: {word for word in form.split() if word.islower()} for form in FORMS}
_PATTERNS = {
    name: re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "without": rf"{_WHERE} is never entered without {_LIST}(?: since ({_NAME}))?",
        "only": rf"{_WHERE} is only entered by {_LIST}",
        "unmet": rf"{_WHERE} is never entered(?: by {_LIST})? without {_WITHOUT}",
        "done": rf"({_NAME}) is never done by {_LIST}",
        "reached": rf"{_WHERE} can always be reached",
        "followed": rf"{_WHERE} is never followed by {_WHERE}",
        "people": rf"between ({_NAME}) and ({_NAME}) stand two different people",
    }.items()
}


def parse(text: str, span: Span, requirement_of: Callable[[str, Span], Requirement]) -> Promise:
    """Read one guarantee sentence. X is a state, or a ledger and how it counts.

    Args:
        text: The sentence; runs of white space count as one space.
        span: Its place, for diagnostics.
        requirement_of: Reads the requirement that some forms end with, a flow mapping.

    Raises:
        RulesRefused: The sentence has none of the forms, or its requirement has faults.
    """
    plain = " ".join(text.split())
    for name, pattern in _PATTERNS.items():
        found = pattern.fullmatch(plain)
        if found:
            return _promise(name, found.groups(""), lambda part: requirement_of(part, span))
    raise RulesRefused(
        [
            Diagnostic(
                span,
                "guarantee-syntax",
                f"`{shown(plain)}` is no sentence a guarantee can say",
                "say one of these, where X is a state or a ledger with `open` or `closed`: "
                + "; ".join(_likely(plain)),
            )
        ]
    )


def _likely(text: str) -> Sequence[str]:
    """Return the forms that a sentence may have been meant to have, else all of them."""
    words = set(text.split())
    shared = {form: len(words & _FIXED[form]) for form in FORMS}
    most = max(shared.values())
    return [form for form in FORMS if shared[form] == most > 1] or FORMS


def _promise(
    form: str, parts: Sequence[str], requirement_of: Callable[[str], Requirement]
) -> Promise:
    first, second, third = (*parts, "", "")[:3]
    match form:
        case "without":
            return NeverWithout(_where(first), _names(second), third or None)
        case "only":
            return OnlyEnteredBy(_where(first), _names(second))
        case "unmet":
            return NeverUnmet(_where(first), requirement_of(third), _names(second))
        case "done":
            return NeverDoneBy(first, _names(second))
        case "followed":
            return NeverFollowedBy(_where(first), _where(second))
        case "people":
            return TwoPeople(first, second)
        case _:
            return AlwaysReachable(_where(first))


def _where(text: str) -> Where:
    name, _, counts = text.partition(" ")
    return Where(ledger=name, counts=counts) if counts else Where(state=name)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()
