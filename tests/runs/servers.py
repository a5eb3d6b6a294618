"""Servers: where the long runs write, each an empty store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from tests.postgres import database, emptied, running


@contextmanager
def servers(urls: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Give the stores to run on, by name, until the block ends.

    Those are the URLs asked for, else a SQLite file and a database of a PostgreSQL server.
    """
    if urls:
        yield {url: url for url in urls}
        return
    with (
        TemporaryDirectory() as folder,
        running() as server,
        database(server) as made,
        emptied(made) as url,
    ):
        yield {"SQLite": f"sqlite:///{folder}/run.db", "PostgreSQL": url}
