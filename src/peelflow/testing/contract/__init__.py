"""The kit: the numbered promises of a store, as pytest classes. Needs the extra `testing`.

Here each test of the kit is given an empty store, and the means to open it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import ClassVar

from hypothesis import HealthCheck, settings

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.stores.base import Store
from peelflow.testing.worker import DEFAULT_OPENER, open_with, sync_points_of

if find_spec("pytest") is None:
    raise MissingDependency(extra="testing", needs="pytest")

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

PATIENCE = 5  # seconds until a sync point that is not reached counts as left out
MOMENT = 0.1  # seconds that one who stands at a sync point gives others, who may wait for it
drawn: settings = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    database=None,
    max_examples=25,
)


class Contract:
    """One store and what it claims.

    Attributes:
        opener: `module:function` that opens a store by its URL, where child processes can import
            it; needed only for a URL that `peelflow.stores.opening` does not know.
        is_store_contract: What the plugin knows the kit's tests by.
    """

    opener: ClassVar[str] = DEFAULT_OPENER
    is_store_contract: ClassVar[bool] = True

    @pytest.fixture
    def url(self) -> str:
        """Where an empty store is or may be made: another one for each test."""
        what, instead = type(self).__name__, "write a fixture `url` that returns an empty store's"
        raise InvalidRequest(what, "says no URL to test", instead)

    def make_newer(self, url: str) -> None:
        """Make the store at `url` one that a newer peelflow wrote."""
        pytest.skip(f"not tried: `make_newer` is not written for {url.partition(':')[0]}")

    def log_of(self, url: str) -> Path:
        """Return the file that the store at `url` writes ahead to, which a crash may tear."""
        pytest.skip(f"not tried: `log_of` is not written for {url.partition(':')[0]}")

    def reopened(self, url: str) -> Store:
        """Open the store at `url` once more; who asks closes it."""
        return open_with(self.opener, url)

    @contextmanager
    def second(self, url: str) -> Iterator[Store]:
        """Give the store at `url` opened once more, until the block ends."""
        store = self.reopened(url)
        try:
            yield store
        finally:
            store.close()

    def another(self, store: Store, url: str) -> AbstractContextManager[Store]:
        """Give the store opened once more where it may be shared, else the same once more."""
        return self.second(url) if store.capabilities.shared else nullcontext(store)

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        """An empty store."""
        store = self.reopened(url)
        yield store
        store.close()

    def points_of(self, store: Store) -> tuple[str, ...]:
        """Return the store's sync points; without any, what needs them is not tried."""
        return sync_points_of(store) or pytest.skip("not tried: it has no sync points")

    @pytest.fixture
    def durable(self, store: Store) -> Store:
        """An empty store that outlives its process."""
        return claiming("durable", store)

    @pytest.fixture
    def shared(self, store: Store) -> Store:
        """An empty store that two processes may open."""
        return claiming("shared", store)

    @pytest.fixture
    def embedded(self, durable: Store) -> Store:
        """An empty store in files that this process itself writes."""
        return claiming("embedded", durable)


def claiming(capability: str, store: Store) -> Store:
    """Return a store that claims a capability; another is not tried."""
    if not getattr(store.capabilities, capability):
        pytest.skip(f"not claimed: {capability}")
    return store
