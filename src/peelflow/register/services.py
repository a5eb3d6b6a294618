"""What a register is read from: its store, its documents and its rules."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from attrs import field

from peelflow.model.rules import Lifecycle, Pin
from peelflow.register.kept_rules import KeptRules
from peelflow.results import frozen
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import DocumentStore, Store


def utc_now() -> datetime:
    """Return the present moment in UTC: the clock a register has unless it is given another."""
    return datetime.now(UTC)


def account_name() -> str | None:
    """Return the name of the account that runs this program; None where the system tells none.

    A register asks it for who typed what a signatory decided, unless it is given another way. The
    system knows it of the process; variables such as `LOGNAME` say what anybody sets, and are not
    read.
    """
    try:
        import pwd
    except ImportError:  # on Windows, where getlogin asks for the user of the process
        return _windows_account()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


def _windows_account() -> str | None:
    try:
        return os.getlogin()
    except OSError:
        return None


@frozen(eq=False, kw_only=True)
class ReadServices:
    """What a register is read from; `force` is the one that it is opened for."""

    store: Store
    documents: DocumentStore
    rulebook: Rulebook
    force: str | None = None
    kept_rules: KeptRules = field(init=False, repr=False)
    lifecycles: dict[str, Lifecycle] = field(init=False, factory=dict, repr=False)

    @kept_rules.default
    def _rules_of_store(self) -> KeptRules:
        return KeptRules(self.store, self.rulebook)

    def lifecycle_of(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those the store kept."""
        lifecycle = self.lifecycles.get(pin.digest)
        if lifecycle is None:
            lifecycle = self.lifecycles[pin.digest] = self.kept_rules.lifecycle(pin)
        return lifecycle
