"""The parser reads the sentences of guarantees, a closed language with one form a guarantee."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from peelflow.errors import Span
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
from peelflow.rulebook.yaml_reader import fault
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
RequirementReader = Callable[[str], Requirement]
_FORMS: dict[str, Callable[[tuple[str, ...], RequirementReader], Promise]] = {
    rf"{_STATE_SET} is never entered without {_LIST}(?: since ({_NAME}))?": (
        lambda parts, _: NeverEnteredWithoutSteps(
            _state_set(parts[0]), _listed_names(parts[1]), parts[2] or None
        )
    ),
    rf"{_STATE_SET} is only entered by {_LIST}": (
        lambda parts, _: OnlyEnteredBy(_state_set(parts[0]), _listed_names(parts[1]))
    ),
    rf"{_STATE_SET} is never entered(?: by {_LIST})? without {_REQUIREMENT}": (
        lambda parts, read: NeverEnteredUnless(
            _state_set(parts[0]), read(parts[2]), _listed_names(parts[1])
        )
    ),
    rf"({_NAME}) is never done by {_LIST}": (
        lambda parts, _: NeverDoneBy(parts[0], _listed_names(parts[1]))
    ),
    rf"{_STATE_SET} can always be reached": lambda parts, _: AlwaysReachable(_state_set(parts[0])),
    rf"{_STATE_SET} is never followed by {_STATE_SET}": (
        lambda parts, _: NeverFollowedBy(*map(_state_set, parts))
    ),
    rf"between ({_NAME}) and ({_NAME}) stand two different people": (
        lambda parts, _: SeparationOfDuties(*parts)
    ),
}
_PATTERNS = {re.compile(form, re.DOTALL): promise_of for form, promise_of in _FORMS.items()}


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
    for pattern, promise_of in _PATTERNS.items():
        match = pattern.fullmatch(plain)
        if match:
            return promise_of(match.groups(""), lambda part: requirement_of(part, span))
    raise fault(
        span,
        "guarantee-syntax",
        f"`{shown(plain)}` is no sentence a guarantee can say",
        "say one of these, where X is a state or a ledger with `open` or `closed`: "
        + "; ".join(_likely_forms(plain)),
    )


def _likely_forms(text: str) -> Sequence[str]:
    """Return the forms that a sentence may have been meant to have, else all of them."""
    words = set(text.split())
    shared = {form: len(words & _FORM_WORDS[form]) for form in GUARANTEE_FORMS}
    most = max(shared.values())
    return [form for form in GUARANTEE_FORMS if shared[form] == most > 1] or GUARANTEE_FORMS


def _state_set(text: str) -> StateSet:
    name, _, counts = text.partition(" ")
    return StateSet(ledger=name, counts=counts) if counts else StateSet(state=name)


def _listed_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()
