"""Closure rules of police-inspection recommendations, as checked YAML state machines.

Names load when they are first used, so that `import peelflow` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peelflow.engine.decide import decide
    from peelflow.errors import (
        Conflict,
        Diagnostic,
        KeyReused,
        MissingExtra,
        OtherRules,
        PeelflowError,
        Refused,
        RequestRefused,
        RulesRefused,
        StoreBusy,
        StoreError,
        StoreUnreadable,
        StoreVersion,
        TextRefused,
        UnknownDocument,
        UnknownRecord,
    )
    from peelflow.figures import Figures
    from peelflow.model.judgement import Context, Reason, Refusal
    from peelflow.model.records import Act, Actor, Document, Event, Record
    from peelflow.model.rules import Lifecycle
    from peelflow.register.front import Register
    from peelflow.rulebook.book import Rulebook
    from peelflow.rulebook.load import check, load
    from peelflow.rulebook.national import national

_HOMES = {
    "peelflow.engine.decide": ("decide",),
    "peelflow.errors": (
        "Conflict",
        "Diagnostic",
        "KeyReused",
        "MissingExtra",
        "OtherRules",
        "PeelflowError",
        "Refused",
        "RequestRefused",
        "RulesRefused",
        "StoreBusy",
        "StoreError",
        "StoreUnreadable",
        "StoreVersion",
        "TextRefused",
        "UnknownDocument",
        "UnknownRecord",
    ),
    "peelflow.figures": ("Figures",),
    "peelflow.model.judgement": ("Context", "Reason", "Refusal"),
    "peelflow.model.records": ("Act", "Actor", "Document", "Event", "Record"),
    "peelflow.model.rules": ("Lifecycle",),
    "peelflow.register.front": ("Register",),
    "peelflow.rulebook.book": ("Rulebook",),
    "peelflow.rulebook.load": ("check", "load"),
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
    "KeyReused",
    "Lifecycle",
    "MissingExtra",
    "OtherRules",
    "PeelflowError",
    "Reason",
    "Record",
    "Refusal",
    "Refused",
    "Register",
    "RequestRefused",
    "Rulebook",
    "RulesRefused",
    "StoreBusy",
    "StoreError",
    "StoreUnreadable",
    "StoreVersion",
    "TextRefused",
    "UnknownDocument",
    "UnknownRecord",
    "check",
    "decide",
    "load",
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
