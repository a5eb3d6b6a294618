"""Placing: how committed events get their positions in the feed, when it is read."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from peelflow.stores import sql_tables as tables

PLACED = 500


def place(connection: Connection) -> None:
    """Give every committed event that has no position the next ones, in one order.

    The row of `peelflow_meta` is locked meanwhile: readers of the feed wait for each other, and
    writers for nobody. What is not committed yet is not seen here, and gets its position later.
    """
    unplaced = tables.unplaced.c
    connection.execute(select(tables.meta.c.schema).with_for_update()).all()
    ordered = select(unplaced.batch, unplaced.serial).order_by(unplaced.batch, unplaced.serial)
    waiting = connection.execute(ordered).all()
    last = last_position(connection)
    for start in range(0, len(waiting), PLACED):
        part = waiting[start : start + PLACED]
        rows = [{"position": p, "serial": s} for p, (_, s) in enumerate(part, last + start + 1)]
        connection.execute(insert(tables.feed), rows)
        serials = [serial for _, serial in part]
        connection.execute(delete(tables.unplaced).where(unplaced.serial.in_(serials)))


def last_position(connection: Connection) -> int:
    """Return the last position given, 0 where there is none."""
    return connection.execute(select(func.max(tables.feed.c.position))).scalar() or 0


def is_waiting(connection: Connection) -> bool:
    """Return whether a committed event has no position yet."""
    return connection.execute(select(tables.unplaced.c.serial).limit(1)).first() is not None
