"""Closure rules of police-inspection recommendations, as checked YAML state machines.

Names load when they are first used, so that `import peelflow` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peelflow.engine.application_machine import machine
    from peelflow.engine.decide import decide
    from peelflow.errors import (
        Conflict,
        Diagnostic,
        InvalidRequest,
        InvalidRules,
        KeyReused,
        MissingDependency,
        PeelflowError,
        Refused,
        RulesMismatch,
        StoreBusy,
        StoreError,
        StoreUnavailable,
        StoreVersion,
        UnknownDocument,
        UnknownRecord,
        UnstorableText,
    )
    from peelflow.figures import Figures
    from peelflow.model.decisions import Act, Context, Reason, Refusal
    from peelflow.model.records import Actor, Document, Event, Record
    from peelflow.model.rules import Lifecycle
    from peelflow.register.register import Register
    from peelflow.rulebook.loader import check, load
    from peelflow.rulebook.national import national
    from peelflow.rulebook.rulebook import Rulebook

_HOMES = {
    "peelflow.engine.application_machine": ("machine",),
    "peelflow.engine.decide": ("decide",),
    "peelflow.errors": (
        "Conflict",
        "Diagnostic",
        "KeyReused",
        "MissingDependency",
        "RulesMismatch",
        "PeelflowError",
        "Refused",
        "InvalidRequest",
        "InvalidRules",
        "StoreBusy",
        "StoreError",
        "StoreUnavailable",
        "StoreVersion",
        "UnstorableText",
        "UnknownDocument",
        "UnknownRecord",
    ),
    "peelflow.figures": ("Figures",),
    "peelflow.model.decisions": ("Act", "Context", "Reason", "Refusal"),
    "peelflow.model.records": ("Actor", "Document", "Event", "Record"),
    "peelflow.model.rules": ("Lifecycle",),
    "peelflow.register.register": ("Register",),
    "peelflow.rulebook.rulebook": ("Rulebook",),
    "peelflow.rulebook.loader": ("check", "load"),
    "peelflow.rulebook.national": ("national",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Act",
    "Actor",
    "Conflict",
    "Context",
    "Diagnostic",
    "Document",
    "Event",
    "Figures",
    "InvalidRequest",
    "InvalidRules",
    "KeyReused",
    "Lifecycle",
    "MissingDependency",
    "PeelflowError",
    "Reason",
    "Record",
    "Refusal",
    "Refused",
    "Register",
    "Rulebook",
    "RulesMismatch",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "StoreVersion",
    "UnknownDocument",
    "UnknownRecord",
    "UnstorableText",
    "check",
    "decide",
    "load",
    "machine",
    "national",
]


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in."""
    home = _HOME_OF.get(name)
    if home is None:
        message = f"module 'peelflow' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return sorted({*globals(), *__all__})
