"""Hold what a batch's queries listed to what they list as it is kept.

A decision that looks at whatever there is of a kind, such as all that names a record, is undone by
one that comes meanwhile: no record that was read has moved then. So its batch says what was listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from peelflow.errors import Conflict
from peelflow.model.records import Record

Numbers = Mapping[str, int]
"""Records by id, with the number of each."""


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
