"""What the statements of SQL databases differ in, from one to another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from peelflow.results import frozen


def quoted(names: Iterable[str]) -> str:
    """Return columns' names as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)


# INVARIANT: what is no number is no 0 either: a sum with a text in it is no whole number.
SQLITE_EVENT_CHANGES = """(SELECT "on", force, category, level, ledger, counts,
    CASE typeof(delta) WHEN 'integer' THEN times * delta ELSE 'no number' END AS delta
    FROM (SELECT times, json_extract(value, '$.on') AS "on",
        json_extract(value, '$.force') AS force, json_extract(value, '$.category') AS category,
        json_extract(value, '$.level') AS level, json_extract(value, '$.ledger') AS ledger,
        json_extract(value, '$.counts') AS counts, json_extract(value, '$.delta') AS delta
        FROM (SELECT json_extract(text, '$.changes') AS changes, count(*) AS times FROM moved
            GROUP BY changes) AS alike, json_each(changes))) AS more"""
"""The changes of events as SQLite reads them: those that are alike once, for a day has many."""


@frozen(kw_only=True)
class Dialect:
    """What the statements differ in from one database to another; SQLite's where it is left out.

    Attributes:
        prefix: What the names of the tables begin with.
        feed: What to select events with their positions from.
        whole_feed: The same, with the events that have no position yet; and its order.
        known_changes: What to select the changes up to a position of the feed from.
        later_corrections: Selects the record of each correction behind a position of the feed.
        event_changes: What to select the changes of the events `moved` from, as their own text
            tells them; None where all changes are added up instead.
        unplaced: What to select the events that have no position yet from; empty where none is
            without.
        mark: What stands for a parameter.
        among: The condition that a text is one of those in one parameter.
        array: Makes that parameter of the texts.
        lock: What makes a statement hold the rows it gives.
        field_condition: The condition that a field, by name, says a text; None where every record
            is looked at instead.
        holds_text: The condition that a record's row holds a text anywhere; None where every record
            is looked at instead.
        last_day: The day of a record's last event that is no note, of its row's text; None where
            each history is looked at instead.
        stands_as_begun: The condition that the row of a record that was taken over says that it
            did not walk since.
        has_walked: The condition that it says that it did; a row of before may say neither.
        is_walk_step: The condition that the text of an act says a step by the rules, no step of a
            force's own, to another state, and not that it stays within a national one.
        numbers_asked: What to select ids and numbers from that one parameter holds, as `key` and
            `value`; None where whole histories are read instead.
    """

    prefix: str
    feed: str
    whole_feed: str
    known_changes: str
    later_corrections: str
    event_changes: str | None = SQLITE_EVENT_CHANGES
    unplaced: str = ""
    mark: str = "?"
    among: str = "IN (SELECT value FROM json_each(?))"
    array: Callable[[Sequence[str]], object] = json.dumps
    lock: str = ""
    # A field's name is no path: it may hold any character.
    field_condition: str | None = """EXISTS (SELECT 1 FROM json_each(body, '$.fields') AS field
        WHERE field.key = ? AND field.type = 'text' AND field.value = ?)"""
    holds_text: str | None = "instr(body, ?) > 0"
    last_day: str | None = "json_extract(body, '$.on')"
    stands_as_begun: str = """(json_extract(body, '$.window.number') = 1
        OR json_extract(body, '$.walked') = 0)"""
    has_walked: str = "json_extract(body, '$.walked') = 1"
    is_walk_step: str = """json_extract(text, '$.what.national') IS NULL
        AND json_extract(text, '$.what.stays') IS NULL
        AND json_extract(text, '$.what.new') <> json_extract(text, '$.what.old')"""
    numbers_asked: str | None = "json_each(?)"
