"""The parser reads the sentences of guarantees, a closed language with one form a guarantee."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.model.requirements import BARE, Requirement
from peelflow.model.rules import (
    AlwaysReachable,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    StateSet,
)
from peelflow.wording import shown

_NAME = "[a-z][a-z0-9_]*"
_LIST = rf"\[ ?({_NAME}(?: ?, ?{_NAME})*) ?\]"
_STATE_SET = f"({_NAME}(?: (?:open|closed))?)"
_REQUIREMENT = rf"(\{{.*\}}|{'|'.join(BARE)})"
GUARANTEE_FORMS = (
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
_FORM_WORDS = {form: {word for word in form.split() if word.islower()} for form in GUARANTEE_FORMS}
_PATTERNS = {
    name: re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "without": rf"{_STATE_SET} is never entered without {_LIST}(?: since ({_NAME}))?",
        "only": rf"{_STATE_SET} is only entered by {_LIST}",
        "unmet": rf"{_STATE_SET} is never entered(?: by {_LIST})? without {_REQUIREMENT}",
        "done": rf"({_NAME}) is never done by {_LIST}",
        "reached": rf"{_STATE_SET} can always be reached",
        "followed": rf"{_STATE_SET} is never followed by {_STATE_SET}",
        "people": rf"between ({_NAME}) and ({_NAME}) stand two different people",
    }.items()
}


def parse_guarantee(
    text: str, span: Span, requirement_of: Callable[[str, Span], Requirement]
) -> Promise:
    """Read one guarantee sentence. X is a state, or a ledger and how it counts.

    Args:
        text: The sentence; runs of white space count as one space.
        span: Its place, for diagnostics.
        requirement_of: Reads the requirement that some forms end with, a flow mapping.

    Raises:
        InvalidRules: The sentence has none of the forms, or its requirement has faults.
    """
    plain = " ".join(text.split())
    for name, pattern in _PATTERNS.items():
        found = pattern.fullmatch(plain)
        if found:
            return _promise_of_form(name, found.groups(""), lambda part: requirement_of(part, span))
    raise InvalidRules(
        [
            Diagnostic(
                span,
                "guarantee-syntax",
                f"`{shown(plain)}` is no sentence a guarantee can say",
                "say one of these, where X is a state or a ledger with `open` or `closed`: "
                + "; ".join(_likely_forms(plain)),
            )
        ]
    )


def _likely_forms(text: str) -> Sequence[str]:
    """Return the forms that a sentence may have been meant to have, else all of them."""
    words = set(text.split())
    shared = {form: len(words & _FORM_WORDS[form]) for form in GUARANTEE_FORMS}
    most = max(shared.values())
    return [form for form in GUARANTEE_FORMS if shared[form] == most > 1] or GUARANTEE_FORMS


def _promise_of_form(
    form: str, parts: Sequence[str], requirement_of: Callable[[str], Requirement]
) -> Promise:
    first, second, third = (*parts, "", "")[:3]
    match form:
        case "without":
            return NeverEnteredWithoutSteps(_state_set(first), _listed_names(second), third or None)
        case "only":
            return OnlyEnteredBy(_state_set(first), _listed_names(second))
        case "unmet":
            return NeverEnteredUnless(
                _state_set(first), requirement_of(third), _listed_names(second)
            )
        case "done":
            return NeverDoneBy(first, _listed_names(second))
        case "followed":
            return NeverFollowedBy(_state_set(first), _state_set(second))
        case "people":
            return SeparationOfDuties(first, second)
        case _:
            return AlwaysReachable(_state_set(first))


def _state_set(text: str) -> StateSet:
    name, _, counts = text.partition(" ")
    return StateSet(ledger=name, counts=counts) if counts else StateSet(state=name)


def _listed_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()
