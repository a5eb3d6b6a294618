"""Tell what a query lists, and hold a batch to what its queries listed as it is kept.

A decision that looks at whatever there is of a kind, such as all that names a record, is undone by
one that comes meanwhile: no record that was read has moved then. So its batch says what was listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from peelflow.errors import Conflict
from peelflow.model.records import Record
from peelflow.stores.base import RecordQuery

Numbers = Mapping[str, int]
"""Records by id, with the number of each."""


def matches_field(record: Record, field: tuple[str, str] | None) -> bool:
    """Return whether a record's field says the text that a query asks for.

    Args:
        record: The record.
        field: The field's name and the text; None asks for nothing.
    """
    return field is None or record.fields.get(field[0]) == field[1]


def matches_mention(record: Record, mention: str | None) -> bool:
    """Return whether a record mentions the id that a query asks for.

    Args:
        record: The record.
        mention: The id; None asks for nothing.
    """
    named = (record.parent, record.successor, *record.children, *record.fields.values())
    return mention is None or mention in named


def stands_as_asked(record: Record, query: RecordQuery) -> bool:
    """Return whether a record's level, state, parent and field are those that a query asks for.

    Args:
        record: The record, as it is read.
        query: What is asked.
    """
    return (
        query.level in ("any", record.level)
        and query.state in (None, record.state)
        and query.parent in (None, record.parent)
        and matches_field(record, query.field)
    )


def numbers_of(records: Iterable[Record]) -> Numbers:
    """Return what a listing is held to: the number of each record by its id.

    Args:
        records: The records.
    """
    return {record.id: record.number for record in records}


def check_listed(listed: Numbers, found: Numbers) -> None:
    """Raise Conflict where a query lists another record by now, or one that moved.

    Args:
        listed: What it listed as the batch was decided.
        found: What it lists now.
    """
    for record in sorted(listed.keys() | found.keys()):
        expected, number = listed.get(record, 0), found.get(record, 0)
        if expected != number:
            raise Conflict(record, expected=expected, found=number)
