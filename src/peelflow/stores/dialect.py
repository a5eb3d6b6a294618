"""What the statements of SQL databases differ in, from one to another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from peelflow.results import frozen


def quoted(names: Iterable[str]) -> str:
    """Return columns' names as SQL lists them."""
    return ", ".join(f'"{name}"' for name in names)


@frozen(kw_only=True)
class Dialect:
    """What the statements differ in from one database to another; SQLite's where it is left out.

    Attributes:
        prefix: What the names of the tables begin with.
        feed: What to select events with their positions from.
        whole_feed: The same, with the events that have no position yet; and its order.
        known_changes: What to select the changes up to a position of the feed from.
        later_corrections: Selects the record of each correction behind a position of the feed.
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
        numbers_asked: What to select ids and numbers from that one parameter holds, as `key` and
            `value`; None where whole histories are read instead.
    """

    prefix: str
    feed: str
    whole_feed: str
    known_changes: str
    later_corrections: str
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
    numbers_asked: str | None = "json_each(?)"
