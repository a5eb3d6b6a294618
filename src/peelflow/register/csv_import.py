"""Import CSV sheets through the same verbs as any caller: all good rows, or none.

A row without a key of its own gets one from its content, so importing the same sheet again changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from peelflow.errors import Diagnostic, InvalidRequest, PeelflowError, StoreError
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Document
from peelflow.register.csv_schema import (
    BadCell,
    SheetRow,
    check_default_columns,
    date_cell,
    document_cell,
    level_cell,
    read_sheet,
    required_cell,
)
from peelflow.register.register import Register
from peelflow.register.session import Session
from peelflow.results import Result


@frozen
class ImportResult(Result):
    """What an import did.

    Attributes:
        kept: Rows that were kept.
        known: Rows that were there already, under the same key.
        faults: What is wrong with the others, in the order of files and rows.
    """

    kept: int
    known: int
    faults: tuple[Diagnostic, ...]


def import_sheets(
    register: Register,
    paths: Iterable[Path | str],
    *,
    defaults: Mapping[str, str] | None = None,
    partial: bool = False,
    seen: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Import CSV sheets in one batch, in their order: all rows, or none if one of them is bad.

    Args:
        register: Where the rows go.
        paths: The sheets. Documents they name are read from beside them.
        defaults: What a column says where its cell is empty or missing.
        partial: Keep the good rows all the same.
        seen: Called after each row with how many of how many are done.

    Raises:
        InvalidRequest: A default is for a column that none of the sheets could have.
        Conflict: Somebody moved what the rows read; nothing is kept.
    """
    rows: list[SheetRow | Diagnostic] = []
    broken: list[Diagnostic] = []
    for path in paths:
        read, faults = read_sheet(Path(path), defaults or {})
        rows.extend(read)
        broken.extend(faults)
    if broken:
        bad = (row for row in rows if isinstance(row, Diagnostic))
        return ImportResult(0, 0, tuple(sorted((*broken, *bad))))
    check_default_columns(defaults or {}, [row.sheet for row in rows if isinstance(row, SheetRow)])
    work = _ImportRun()
    draft = register.draft()
    for done, row in enumerate(rows, start=1):
        work.take(draft, row)
        if seen is not None:
            seen(done, len(rows))
    if work.faults and not partial:
        return ImportResult(0, 0, tuple(work.faults))
    draft.commit()
    return ImportResult(work.kept, work.known, tuple(work.faults))


@define
class _ImportRun:
    """What an import has done so far, and the documents it has read."""

    kept: int = 0
    known: int = 0
    faults: list[Diagnostic] = field(factory=list)
    contents: dict[Path, bytes] = field(factory=dict)
    alike: Counter[str] = field(factory=Counter)

    def take(self, draft: Session, row: SheetRow | Diagnostic) -> None:
        """Take one row into the draft, or what is wrong with it."""
        if isinstance(row, Diagnostic):
            self.faults.append(row)
            return
        before = draft.drafted
        try:
            with draft.step():
                _COMMANDS[row.sheet.name](self, draft, row)
        except BadCell as bad:
            fault = row.fault(bad.column, "sheet-value", bad.sentence, bad.instead)
            self.faults.append(fault)
        except StoreError:
            raise
        except PeelflowError as error:
            self.faults.append(_refusal_diagnostic(row, error))
        else:
            self.kept += draft.drafted > before
            self.known += draft.drafted == before

    def add(self, draft: Session, row: SheetRow) -> None:
        """Add a record, or take it over in the state that the row names."""
        asked: dict[str, Any] = {
            **self.asked(row),
            "category": required_cell(row, "category"),
            "force": required_cell(row, "force"),
            "issued": date_cell(row, "issued"),
            "level": level_cell(row),
            "fields": _field_values(draft, row),
            "parent": row.get("parent"),
        }
        if row.get("state") is None:
            for column in ("on", "reason"):
                if row.get(column) is not None:
                    said = f"`{column}` is given, and only a record taken over has one"
                    raise BadCell(column, said, "give its `state` too")
            draft.add(required_cell(row, "record"), **asked, source=row.get("source"))
            return
        draft.take_over(
            required_cell(row, "record"),
            **asked,
            state=required_cell(row, "state"),
            on=date_cell(row, "on"),
            source=required_cell(row, "source"),
            reason=required_cell(row, "reason"),
        )

    def fire(self, draft: Session, row: SheetRow) -> None:
        """Do a trigger, with the document that the row offers."""
        draft.fire(
            required_cell(row, "record"),
            required_cell(row, "trigger"),
            **self.asked(row),
            on=date_cell(row, "on"),
            source=row.get("source"),
            reason=row.get("reason"),
            inspection=row.get("inspection"),
            successor=row.get("successor"),
            evidence=() if row.get("document") is None else (self.document(draft, row),),
        )

    def appoint(self, draft: Session, row: SheetRow) -> None:
        """Appoint a person."""
        draft.appoint(
            required_cell(row, "person"),
            required_cell(row, "person_role"),
            **self.asked(row),
            force=required_cell(row, "force"),
            first_day=date_cell(row, "first_day"),
            last_day=None if row.get("last_day") is None else date_cell(row, "last_day"),
            source=row.get("source"),
        )

    def amend(self, draft: Session, row: SheetRow) -> None:
        """Amend a field; an empty value unsets it."""
        record, name, text = (
            required_cell(row, "record"),
            required_cell(row, "field"),
            row.get("value"),
        )
        category = draft.get(record).category
        draft.amend(
            record,
            name,
            None if text is None else _field_value(draft, category, name, text),
            **self.asked(row),
            on=date_cell(row, "on"),
            source=row.get("source"),
            reason=required_cell(row, "reason"),
        )

    def attach(self, draft: Session, row: SheetRow) -> None:
        """Attach a document."""
        draft.attach(
            required_cell(row, "record"),
            self.document(draft, row),
            **self.asked(row),
            on=date_cell(row, "on"),
            source=row.get("source"),
        )

    def asked(self, row: SheetRow) -> dict[str, Any]:
        """Return who asks, who typed it, and the key: the row's own, or one of what it says."""
        return {
            "actor": Actor(required_cell(row, "actor"), required_cell(row, "actor_role")),
            "recorded_by": row.get("recorded_by"),
            "key": row.get("key") or self._key(row),
        }

    def _key(self, row: SheetRow) -> str:
        said = "\n".join(f"{column}={text!r}" for column, text in sorted(row.cells.items()))
        digest = sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.alike[digest] += 1
        return f"sheet:{digest}:{self.alike[digest]}"

    def document(self, draft: Session, row: SheetRow) -> Document:
        """Keep the document that the row names, and return what acts refer to it by."""
        path = row.folder / required_cell(row, "document")
        if path not in self.contents:
            self.contents[path] = document_cell(path, row)
        signed_on = None if row.get("signed_on") is None else date_cell(row, "signed_on")
        return draft.keep(
            self.contents[path],
            kind=required_cell(row, "kind"),
            name=path.name,
            signed_by=row.get("signed_by"),
            signed_on=signed_on,
        )


_COMMANDS: Mapping[str, Callable[[_ImportRun, Session, SheetRow], None]] = {
    "acts": _ImportRun.fire,
    "records": _ImportRun.add,
    "appointments": _ImportRun.appoint,
    "amendments": _ImportRun.amend,
    "documents": _ImportRun.attach,
}


def _refusal_diagnostic(row: SheetRow, error: PeelflowError) -> Diagnostic:
    """Say a refusal where its row stands."""
    sentence, instead = str(error), "mend the row, or do first what it needs"
    if isinstance(error, InvalidRequest):
        sentence, instead = f"{error.what}: {error.why}", error.instead
    elif isinstance(error, Refused):
        reasons = error.refusal.reasons
        found = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in reasons)
        sentence = f"{error.refusal.head}; {found}"
        instead = "; ".join(dict.fromkeys(reason.instead for reason in reasons))
    return row.fault("", "row-refused", sentence, instead)


def _field_values(draft: Session, row: SheetRow) -> dict[str, str | list[str]]:
    category = required_cell(row, "category")
    return {name: _field_value(draft, category, name, text) for name, text in row.fields.items()}


def _field_value(draft: Session, category: str, name: str, text: str) -> str | list[str]:
    known = draft.rulebook.vocabulary.categories.get(category)
    rule = known.fields.get(name) if known else None
    if rule is None or rule.type != "list":
        return text
    return [part.strip() for part in text.split(";") if part.strip()]
