"""The kinds of sheets: the columns each must and may have, and which kind a header tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from peelflow.errors import InvalidRequest
from peelflow.phrases import suggestion
from peelflow.results import frozen

FIELD_PREFIX = "field."
"""What may stand before the name of a field in a header."""


@frozen
class SheetKind:
    """One kind of sheet: the column that tells it from the others, and those it must or may have.

    `fields`: every other column is a field of the record's category. `unfilled` are columns whose
    empty cells say something, so that no default fills them, nor any field.
    """

    name: str
    identifying_column: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    fields: bool = False
    unfilled: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column this kind knows by name."""
        return (*self.required, *self.optional)

    def takes(self, column: str) -> bool:
        """Return whether a default fills the column: by its name, or as a field of the record."""
        if self.unfilled:
            return column in {*self.columns} - {*self.unfilled}
        is_field = self.fields and column not in KNOWN_COLUMNS - _ALSO_FIELDS
        return column in self.columns or is_field


_ACTOR_COLUMNS = ("actor", "actor_role")
_DOCUMENT_COLUMNS = ("kind", "signed_by", "signed_on")
_JOINT_COLUMNS = ("joint_with", "joint_acts")
ENTRY_COLUMNS = (
    *("force", "category", "level", "parent", "issued", "graded", "state", "clear"),
    *_JOINT_COLUMNS,
)
SHEET_KINDS = (
    SheetKind(
        "acts",
        "trigger",
        ("record", "trigger", "on", *_ACTOR_COLUMNS),
        (
            *("recorded_by", "source", "reason", "key", "inspection", "successor"),
            *("document", *_DOCUMENT_COLUMNS),
        ),
    ),
    SheetKind(
        "corrections",
        "correction",
        ("record", "event", "correction", "on", "reason", *_ACTOR_COLUMNS),
        ("to", *ENTRY_COLUMNS, "recorded_by", "source", "key"),
        fields=True,
        unfilled=("to", *ENTRY_COLUMNS),
    ),
    SheetKind(
        "records",
        "category",
        ("record", "category", "force", "issued", *_ACTOR_COLUMNS),
        (
            *("level", "graded", "parent", *_JOINT_COLUMNS, "recorded_by", "source"),
            *("reason", "key", "state", "on"),
        ),
        fields=True,
    ),
    SheetKind(
        "appointments",
        "person",
        ("person", "person_role", "force", "first_day", *_ACTOR_COLUMNS),
        ("last_day", "recorded_by", "source", "key"),
    ),
    SheetKind(
        "amendments",
        "value",
        ("record", "field", "value", "on", "reason", *_ACTOR_COLUMNS),
        ("recorded_by", "source", "key"),
    ),
    SheetKind(
        "notes",
        "note",
        ("record", "note", "on", *_ACTOR_COLUMNS),
        ("document", *_DOCUMENT_COLUMNS, "recorded_by", "source", "key"),
    ),
    SheetKind(
        "documents",
        "document",
        ("record", "document", "kind", "on", *_ACTOR_COLUMNS),
        ("signed_by", "signed_on", "recorded_by", "source", "key"),
    ),
    SheetKind(
        "links",
        "parent",
        ("record", "parent", "on", *_ACTOR_COLUMNS),
        ("reason", "recorded_by", "source", "key"),
    ),
    SheetKind(
        "joint",
        "joint_with",
        ("record", "joint_with", "on", "reason", *_ACTOR_COLUMNS),
        ("joint_acts", "recorded_by", "source", "key"),
    ),
)

_ALSO_FIELDS = frozenset({"note", "correction", "event", "to", "clear"})
"""The columns of other kinds of sheet that a force may call a field of its own, too."""
KNOWN_COLUMNS = frozenset(column for kind in SHEET_KINDS for column in kind.columns)


def check_default_columns(columns: Iterable[str], sheets: Iterable[SheetKind]) -> None:
    """Refuse to fill a column that no kind of sheet knows, where no row could have it as a field.

    One that another kind of sheet has is passed over: the same words may go with every import.
    """
    kinds = set(sheets)
    for column in columns:
        if kinds and column not in KNOWN_COLUMNS and not any(kind.takes(column) for kind in kinds):
            what, why = f"the column {column!r} to fill", "is in no sheet"
            raise InvalidRequest(what, why, suggestion(column, KNOWN_COLUMNS))


def kind_of(
    header: Collection[str],
    kinds: Iterable[SheetKind] = SHEET_KINDS,
    filled: Collection[str] = (),
) -> SheetKind | None:
    """Return the kind of sheet that a header tells; None where it tells none.

    A force may call a field of its own as another kind calls a column. So of the kinds that the
    header may be of, it is the one that has least against it, and of equals the first.

    Args:
        header: The names of the columns.
        kinds: The kinds that it may be of.
        filled: The columns that need not be there, for whoever imports fills them.
    """

    def faults(kind: SheetKind) -> int:
        missing = {*kind.required}.difference(header, filled)
        return len(missing) + (0 if kind.fields else len({*header}.difference(kind.columns)))

    told = [kind for kind in kinds if kind.identifying_column in header]
    return min(told, key=faults, default=None)


@lru_cache(maxsize=256)
def field_names(kind: SheetKind, columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return those of a row's columns that say a field of its record, each with its name.

    Each row asks it, and most fill the same columns.

    Args:
        kind: The kind of the sheet.
        columns: The columns that the row fills.
    """
    named = kind.columns
    return tuple((name, name.removeprefix(FIELD_PREFIX)) for name in columns if name not in named)
