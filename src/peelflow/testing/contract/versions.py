"""Versions (S12): what another peelflow wrote is refused or upgraded, never guessed at."""

from __future__ import annotations

import pytest

from peelflow.errors import StoreVersion
from peelflow.stores.protocol import Store
from peelflow.testing.contract.base import NAME, Contract
from peelflow.testing.samples import step


class Versions(Contract):
    """S12."""

    def test_a_newer_schema_is_refused(self, durable: Store, url: str) -> None:
        """S12: what a newer peelflow wrote is not opened, and the error says both versions."""
        step(durable)
        durable.close()
        self.make_newer(url)

        with pytest.raises(StoreVersion) as caught:
            self.reopened(url).history(NAME)

        assert caught.value.found > caught.value.known
