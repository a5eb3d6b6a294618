"""Kinds of sheets: the columns that tell one from another, and those each may have."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from peelflow.errors import RequestRefused
from peelflow.proof.names import suggestion


@frozen
class Sheet:
    """One kind of sheet: the column that tells it from the others, and those it must or may have.

    `fields`: every other column is a field of the record's category.
    """

    name: str
    told_by: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    fields: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column this kind knows by name."""
        return (*self.required, *self.optional)

    def takes(self, column: str) -> bool:
        """Return whether this kind has the column: by its name, or as a field of the record."""
        return column in self.columns or (self.fields and column not in KNOWN)


_ACTING = ("actor", "actor_role")
_SIGNED = ("kind", "signed_by", "signed_on")
SHEETS = (
    Sheet(
        "acts",
        "trigger",
        ("record", "trigger", "on", *_ACTING),
        (
            *("recorded_by", "source", "reason", "key", "inspection", "successor"),
            *("document", *_SIGNED),
        ),
    ),
    Sheet(
        "records",
        "category",
        ("record", "category", "force", "issued", *_ACTING),
        ("level", "parent", "recorded_by", "source", "reason", "key", "state", "on"),
        fields=True,
    ),
    Sheet(
        "appointments",
        "person",
        ("person", "person_role", "force", "first_day", *_ACTING),
        ("last_day", "recorded_by", "source", "key"),
    ),
    Sheet(
        "amendments",
        "value",
        ("record", "field", "value", "on", "reason", *_ACTING),
        ("recorded_by", "source", "key"),
    ),
    Sheet(
        "documents",
        "document",
        ("record", "document", "kind", "on", *_ACTING),
        ("signed_by", "signed_on", "recorded_by", "source", "key"),
    ),
)

KNOWN = frozenset(column for each in SHEETS for column in each.columns)


def check_fills(columns: Iterable[str], sheets: Iterable[Sheet]) -> None:
    """Refuse to fill a column that no kind of sheet knows, where no row could have it as a field.

    One that another kind of sheet has is passed over: the same words may go with every import.
    """
    kinds = set(sheets)
    for column in columns:
        if kinds and column not in KNOWN and not any(kind.takes(column) for kind in kinds):
            what, why = f"the column {column!r} to fill", "is in no sheet"
            raise RequestRefused(what, why, suggestion(column, KNOWN))
