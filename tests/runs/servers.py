"""Servers: where the long runs write, each an empty store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from tempfile import TemporaryDirectory

POSTGRES = "tests.postgres"


@contextmanager
def servers(urls: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Give the stores to run on, by name, until the block ends.

    Those are the URLs asked for, else a SQLite file and, where its adapter is, a PostgreSQL server.
    """
    with ExitStack() as stack:
        if urls:
            yield {url: url for url in urls}
            return
        folder = stack.enter_context(TemporaryDirectory())
        found = {"SQLite": f"sqlite:///{folder}/run.db"}
        if find_spec(POSTGRES) is not None:
            url = stack.enter_context(import_module(POSTGRES).running())
            import_module("peelflow.stores.open").upgrade_store(url)
            found["PostgreSQL"] = url
        yield found
