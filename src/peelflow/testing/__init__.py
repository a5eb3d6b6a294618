"""For tests: strategies that draw rules and what happens under them, and the kit for stores.

Needs the extra `testing`. Names load when they are first used, so that nobody imports pytest for a
strategy, nor Hypothesis for a report.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from peelflow.errors import MissingExtra

if find_spec("hypothesis") is None:
    raise MissingExtra(extra="testing", needs="hypothesis")

if TYPE_CHECKING:
    from peelflow.testing.acting import Situation, acts, contexts, records, situations
    from peelflow.testing.contract.store import StoreContract
    from peelflow.testing.standing import Outcome, Standing, report, standings
    from peelflow.testing.strategies import lifecycles, requirements
    from peelflow.testing.words import VOCABULARY, holder_of

_HOMES = {
    "peelflow.testing.contract.store": ("StoreContract",),
    "peelflow.testing.standing": ("Outcome", "Standing", "report", "standings"),
    "peelflow.testing.acting": ("Situation", "acts", "contexts", "records", "situations"),
    "peelflow.testing.strategies": ("lifecycles", "requirements"),
    "peelflow.testing.words": ("VOCABULARY", "holder_of"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "VOCABULARY",
    "Outcome",
    "Situation",
    "Standing",
    "StoreContract",
    "acts",
    "contexts",
    "holder_of",
    "lifecycles",
    "records",
    "report",
    "requirements",
    "situations",
    "standings",
]


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in."""
    home = _HOME_OF.get(name)
    if home is None:
        message = f"module 'peelflow.testing' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return sorted({*globals(), *__all__})
