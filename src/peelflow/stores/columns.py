"""Columns: the rows that a store keeps, by name; plain tuples to a database's driver."""

from __future__ import annotations

from typing import NamedTuple

from peelflow.model.rules import Level


class EventRow(NamedTuple):
    """An event's row; `text` is its canonical JSON, the rest is for finding it."""

    record: str
    number: int
    on: str
    kind: str
    key: str | None
    text: str
    previous: str
    digest: str


class RecordRow(NamedTuple):
    """A record's row; `body` is the record as canonical JSON, `head` its last event's digest."""

    id: str
    number: int
    head: str
    force: str
    category: str
    level: Level
    lifecycle: str
    version: int
    state: str
    parent: str | None
    body: str


MOVED = ("number", "head", "level", "lifecycle", "version", "state", "body")
"""What of a record's row an event moves."""


class ChangeRow(NamedTuple):
    """One change of the figures, by the event that made it."""

    record: str
    number: int
    on: str
    force: str
    category: str
    level: Level
    ledger: str
    counts: str
    state: str
    delta: int
