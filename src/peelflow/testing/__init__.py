"""For tests: strategies that draw rules and what happens under them, and the kit for stores.

Needs the extra `testing`. Names load when they are first used, so that nobody imports pytest for a
strategy, nor Hypothesis for a report.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from peelflow.errors import MissingDependency

if find_spec("hypothesis") is None:
    raise MissingDependency(extra="testing", needs="hypothesis")

if TYPE_CHECKING:
    from peelflow.testing.contract.store import StoreContract
    from peelflow.testing.decision_strategies import Situation, acts, contexts, records, situations
    from peelflow.testing.promises import Outcome, PromiseResult, promise_results, report
    from peelflow.testing.strategies import VOCABULARY, holder_of, lifecycles, requirements

_HOMES = {
    "peelflow.testing.contract.store": ("StoreContract",),
    "peelflow.testing.promises": ("Outcome", "PromiseResult", "report", "promise_results"),
    "peelflow.testing.decision_strategies": (
        "Situation",
        "acts",
        "contexts",
        "records",
        "situations",
    ),
    "peelflow.testing.strategies": ("VOCABULARY", "holder_of", "lifecycles", "requirements"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "VOCABULARY",
    "Outcome",
    "PromiseResult",
    "Situation",
    "StoreContract",
    "acts",
    "contexts",
    "holder_of",
    "lifecycles",
    "promise_results",
    "records",
    "report",
    "requirements",
    "situations",
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
