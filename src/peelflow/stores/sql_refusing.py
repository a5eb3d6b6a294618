"""Refusing: what a batch rests on, and why an SQL store did not write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from sqlalchemy import Connection, or_, select

from peelflow.errors import Conflict, KeyReused
from peelflow.stores import sql_asking as asking
from peelflow.stores import sql_tables as tables
from peelflow.stores.checks import check_numbers, check_rules, ids_in
from peelflow.stores.parts import KEYS, parts
from peelflow.stores.protocol import Batch


def absent_ids(batch: Batch) -> list[str]:
    """Return the ids that must stand for no record yet."""
    return sorted(record for record, number in expected_of(batch).items() if not number)


def lost(batch: Batch) -> Conflict:
    """Return the conflict of a batch that took its transaction with it."""
    record, number = min(expected_of(batch).items(), default=("", 0))
    return Conflict(record, expected=number, found=number, transaction_lost=True)


def expected_of(batch: Batch) -> Mapping[str, int]:
    """Return the number that each record must have: as it was read, or before its first event."""
    first: dict[str, int] = {}
    for entry in batch.entries:
        first.setdefault(entry.event.record, entry.event.number - 1)
    return {**first, **batch.read}


def explain(connection: Connection, batch: Batch) -> NoReturn:
    """Say why nothing was written.

    Raises:
        Conflict: A record that was read has moved, or who stood in the way has gone again.
        KeyReused: A key of the batch already exists on its record.
        OtherRules: The store keeps other rules under a name and version of the batch's.
    """
    check_numbers(batch, asking.numbers(connection, ids_in(batch)))
    refuse_kept_keys(connection, batch)
    check_rules(batch, lambda *named: asking.digest_of(connection, *named))
    raise lost(batch)  # whoever stood in the way has gone again


def refuse_kept_keys(connection: Connection, batch: Batch) -> None:
    """Refuse a batch with a key that stands on its record.

    Raises:
        KeyReused: One does.
    """
    columns = tables.events.c
    asked = select(columns.record, columns.key)
    for some in parts(keys_of(batch), KEYS):
        same = [(columns.record == record) & (columns.key == key) for record, key in some]
        row = connection.execute(asked.where(or_(*same))).first()
        if row is not None:
            raise KeyReused(*row)


def keys_of(batch: Batch) -> list[tuple[str, str]]:
    """Return each record and key that the batch's events carry."""
    events = [entry.event for entry in batch.entries]
    return [(event.record, event.key) for event in events if event.key is not None]
