"""The verbs of a store itself: make or upgrade its tables."""

from __future__ import annotations

from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.stores.plugged import upgrade_store

store = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look after the store of a register."
)


@store.callback()
def _verbs() -> None:
    """Keep `upgrade` a verb of its own, though it is the only one."""


@store.command("upgrade")
def upgrade(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Such as postgresql+psycopg://user@host/name.")
    ],
) -> None:
    """Make peelflow's tables in a database, or bring older ones up to date.

    A newer schema than this peelflow knows is refused. A file needs no upgrade.
    """
    found = upgrade_store(url)
    if found is None:
        say.line("a file or memory makes its own tables; there is nothing to do")
    elif found == 0:
        say.line("the tables are made")
    else:
        say.line(f"the tables are up to date; their schema was {found}")
