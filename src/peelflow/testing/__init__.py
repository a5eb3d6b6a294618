"""For tests: strategies that draw rules and what happens under them, and the kit for stores.

Needs the extra `testing`. Names load when they are first used, so that nobody imports pytest for a
strategy, nor Hypothesis for a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from peelflow.errors import MissingDependency

if find_spec("hypothesis") is None:
    raise MissingDependency(extra="testing", needs="hypothesis")

if TYPE_CHECKING:
    from peelflow.testing.contract.store import StoreContract
    from peelflow.testing.decision_strategies import Situation, acts, contexts, records, situations
    from peelflow.testing.promises import (
        KitTest,
        Outcome,
        PromiseResult,
        promise_results,
        report,
    )
    from peelflow.testing.strategies import VOCABULARY, holder_of, lifecycles, requirements

_HOMES: Mapping[str, tuple[str, ...]] = {
    "contract.store": ("StoreContract",),
    "decision_strategies": ("Situation", "acts", "contexts", "records", "situations"),
    "promises": ("KitTest", "Outcome", "PromiseResult", "promise_results", "report"),
    "strategies": ("VOCABULARY", "holder_of", "lifecycles", "requirements"),
}

__all__ = [
    "VOCABULARY",
    "KitTest",
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
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """List the public names without loading them."""
    return list(__all__)
