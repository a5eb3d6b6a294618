"""Hold the rules that a store keeps against those of the rulebook, which may differ.

A record runs under the rules that it pins for as long as it lives: the rulebook's, or, where their
file is gone or says something else by now, those that the store kept. These can always be read.
What is refused is to write under a name that stands for two meanings, for nobody could tell later
which of the two was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from attrs import define, field

from peelflow.errors import InvalidRequest, RulesMismatch, StoreUnavailable
from peelflow.model.rules import Lifecycle, Pin
from peelflow.rulebook.canonical import restore
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import EventStore, PinKey

_Name = tuple[str, int]
"""A lifecycle's name and version."""


@define(eq=False)
class KeptRules:
    """The lifecycles of a store beside those of a rulebook.

    Attributes:
        store: What keeps them.
        rulebook: What new records run under.
    """

    store: EventStore
    rulebook: Rulebook
    _here: Mapping[_Name, Lifecycle] = field(init=False, repr=False)
    _read: Mapping[PinKey, str] | None = field(init=False, default=None, repr=False)
    _writable: set[str] = field(init=False, factory=set, repr=False)
    _restored: dict[str, Lifecycle] = field(init=False, factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        self._here = {(rules.name, rules.version): rules for rules in self.rulebook.lifecycles}

    @property
    def _kept(self) -> Mapping[PinKey, str]:
        """What the store keeps, read when first needed: a damaged one opens to be verified."""
        if self._read is None:
            self._read = self.store.lifecycles()
        return self._read

    def lifecycle(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those that the store kept.

        Raises:
            StoreUnavailable: Neither has them.
            InvalidRequest: What the store keeps is no lifecycle's meaning.
        """
        here = self.rulebook.by_pin(pin.digest)
        if here is not None:
            return here
        if pin.digest not in self._restored:
            text = self._text_of(pin) or self._text_of(pin, anew=True)
            if text is None:
                why = f"the rules {pin} that records run under are not kept in it as they were"
                raise StoreUnavailable(self.store.url, why, instead=_RESTORE)
            self._restored[pin.digest] = restore(text)
        return self._restored[pin.digest]

    def _text_of(self, pin: Pin, *, anew: bool = False) -> str | None:
        """Return the text that gives a pin's digest, whatever the store calls it."""
        if anew:
            self._read = None
        texts = self._kept.values()
        return next((text for text in texts if _digest_of(text) == pin.digest), None)

    def lifecycles(self) -> Iterator[Lifecycle]:
        """Yield every lifecycle that the store keeps, as far as it can be read."""
        for name, version, digest in self.store.lifecycles():
            try:
                yield self.lifecycle(Pin(name, version, digest))
            except (InvalidRequest, StoreUnavailable):
                continue

    def is_writable(self, pin: Pin) -> bool:
        """Return whether records can be written to under these rules."""
        try:
            self.check_writable(pin)
        except (RulesMismatch, StoreUnavailable):
            return False
        return True

    def check_writable(self, pin: Pin) -> None:
        """Refuse to write under rules whose name and version stand for others, too.

        Raises:
            RulesMismatch: Other rules are kept, or come with the rulebook, as that.
            StoreUnavailable: What is kept as that was changed in the store.
        """
        if pin.digest in self._writable:
            return
        here = self._here.get((pin.name, pin.version))
        if here is not None and here.pin.digest != pin.digest:
            raise RulesMismatch(pin.name, pin.version, instead=self._advice(here))
        for (name, version, digest), text in self._kept.items():
            if (name, version) == (pin.name, pin.version) and digest != pin.digest:
                self._refuse_changed(pin, digest, text)
                raise RulesMismatch(name, version, instead=self._advice(here))
        self._writable.add(pin.digest)

    def _refuse_changed(self, pin: Pin, digest: str, text: str) -> None:
        if _digest_of(text) != digest:
            why = f"the rules that it keeps as {pin} do not give their digest"
            raise StoreUnavailable(self.store.url, why, instead=_RESTORE)

    def _advice(self, here: Lifecycle | None) -> str | None:
        """Return what to do where rules came with peelflow; what the error says fits a force's."""
        if here is None or str(here) in self.rulebook.own:
            return None
        return (
            "use the peelflow that it was made with, or one that gives the newer rules version "
            f"{here.version + 1}"
        )


_RESTORE = "verify it, and restore it from a backup or an export"


def _digest_of(text: str) -> str:
    return sha256(str(text).encode("utf-8", "surrogatepass")).hexdigest()
