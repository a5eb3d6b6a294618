"""Import CSV sheets through the same verbs as any caller: all good rows, or none.

A row without a key of its own gets one from its content, so importing the same sheet again changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path

from attrs import define, field, frozen

from peelflow.errors import Diagnostic, InvalidRequest, PeelflowError, StoreError
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Document, Provenance
from peelflow.register import commands
from peelflow.register.batch import OpensSessions
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
    register: OpensSessions,
    paths: Iterable[Path | str],
    *,
    defaults: Mapping[str, str] | None = None,
    partial: bool = False,
    on_progress: Callable[[int, int], None] = lambda _, __: None,
) -> ImportResult:
    """Import CSV sheets in one batch, in their order: all rows, or none if one of them is bad.

    Args:
        register: Where the rows go.
        paths: The sheets. Documents they name are read from beside them.
        defaults: What a column says where its cell is empty or missing.
        partial: Keep the good rows all the same.
        on_progress: Called after each row with how many of how many are done.

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
    run = _ImportRun(register.session())
    for done, row in enumerate(rows, start=1):
        run.take(row)
        on_progress(done, len(rows))
    if run.faults and not partial:
        return ImportResult(0, 0, tuple(run.faults))
    run.session.commit()
    return ImportResult(run.kept, run.known, tuple(run.faults))


@define
class _ImportRun:
    """What an import has done so far, and the documents it has read."""

    session: Session
    kept: int = 0
    known: int = 0
    faults: list[Diagnostic] = field(factory=list)
    document_cache: dict[Path, bytes] = field(factory=dict)
    row_counts: Counter[str] = field(factory=Counter)

    def take(self, row: SheetRow | Diagnostic) -> None:
        """Take one row into the session, or what is wrong with it."""
        if isinstance(row, Diagnostic):
            self.faults.append(row)
            return
        before = self.session.event_count
        try:
            with self.session.savepoint():
                _COMMANDS[row.sheet.name](self, row)
        except BadCell as bad:
            self.faults.append(row.diagnostic(bad.column, "sheet-value", bad.sentence, bad.instead))
        except StoreError:
            raise
        except PeelflowError as error:
            self.faults.append(_refusal_diagnostic(row, error))
        else:
            is_new = self.session.event_count > before
            self.kept += is_new
            self.known += not is_new

    def add(self, row: SheetRow) -> None:
        """Add a record, or take it over in the state that the row names."""
        actor = _actor(row)
        category, force = required_cell(row, "category"), required_cell(row, "force")
        issued, level = date_cell(row, "issued"), level_cell(row)
        fields = {name: self._value(category, name, text) for name, text in row.fields.items()}
        if row.get("state") is None:
            _check_not_taken_over(row)
            commands.add(
                self.session,
                required_cell(row, "record"),
                category=category,
                force=force,
                issued=issued,
                level=level,
                fields=fields,
                parent=row.get("parent"),
                provenance=self._provenance(row, actor, issued),
            )
            return
        commands.take_over(
            self.session,
            required_cell(row, "record"),
            category=category,
            force=force,
            issued=issued,
            state=required_cell(row, "state"),
            level=level,
            fields=fields,
            parent=row.get("parent"),
            provenance=self._provenance(row, actor, date_cell(row, "on"), "source", "reason"),
        )

    def fire(self, row: SheetRow) -> None:
        """Do a trigger, with the document that the row offers."""
        commands.fire(
            self.session,
            required_cell(row, "record"),
            required_cell(row, "trigger"),
            provenance=self._provenance(row, _actor(row), date_cell(row, "on")),
            inspection=row.get("inspection"),
            successor=row.get("successor"),
            evidence=() if row.get("document") is None else (self._document(row),),
        )

    def appoint(self, row: SheetRow) -> None:
        """Appoint a person."""
        person, role = required_cell(row, "person"), required_cell(row, "person_role")
        actor, force = _actor(row), required_cell(row, "force")
        first_day = date_cell(row, "first_day")
        commands.appoint(
            self.session,
            person,
            role,
            force=force,
            first_day=first_day,
            last_day=None if row.get("last_day") is None else date_cell(row, "last_day"),
            provenance=self._provenance(row, actor, first_day),
        )

    def amend(self, row: SheetRow) -> None:
        """Amend a field; an empty value unsets it."""
        record, field, text = (
            required_cell(row, "record"),
            required_cell(row, "field"),
            row.get("value"),
        )
        category = self.session.get(record).category
        commands.amend(
            self.session,
            record,
            field,
            None if text is None else self._value(category, field, text),
            provenance=self._provenance(row, _actor(row), date_cell(row, "on"), "reason"),
        )

    def attach(self, row: SheetRow) -> None:
        """Attach a document."""
        record, document = required_cell(row, "record"), self._document(row)
        provenance = self._provenance(row, _actor(row), date_cell(row, "on"))
        commands.attach(self.session, record, document, provenance=provenance)

    def _provenance(self, row: SheetRow, actor: Actor, on: date, *required: str) -> Provenance:
        """Return who decided, when, why and from what; the key is the row's own, or its content's.

        `required` are the columns that may not be empty for it.
        """
        for column in required:
            required_cell(row, column)
        key = row.get("key") or self._key(row)
        recorded_by, reason = row.get("recorded_by"), row.get("reason")
        return Provenance(actor, on, recorded_by, reason, row.get("source"), key)

    def _key(self, row: SheetRow) -> str:
        content = "\n".join(f"{column}={text!r}" for column, text in sorted(row.cells.items()))
        digest = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.row_counts[digest] += 1
        return f"sheet:{digest}:{self.row_counts[digest]}"

    def _document(self, row: SheetRow) -> Document:
        """Keep the document that the row names, and return what acts refer to it by."""
        path = row.folder / required_cell(row, "document")
        if path not in self.document_cache:
            self.document_cache[path] = document_cell(path, row)
        signed_on = None if row.get("signed_on") is None else date_cell(row, "signed_on")
        return commands.keep(
            self.session,
            self.document_cache[path],
            kind=required_cell(row, "kind"),
            name=path.name,
            signed_by=row.get("signed_by"),
            signed_on=signed_on,
        )

    def _value(self, category: str, name: str, text: str) -> str | list[str]:
        """Return what a cell says of a field: a list's items stand with `;` between them."""
        declared = self.session.rulebook.vocabulary.categories.get(category)
        rule = declared.fields.get(name) if declared else None
        if rule is None or rule.type != "list":
            return text
        return [part.strip() for part in text.split(";") if part.strip()]


_COMMANDS: Mapping[str, Callable[[_ImportRun, SheetRow], None]] = {
    "acts": _ImportRun.fire,
    "records": _ImportRun.add,
    "appointments": _ImportRun.appoint,
    "amendments": _ImportRun.amend,
    "documents": _ImportRun.attach,
}


def _actor(row: SheetRow) -> Actor:
    return Actor(required_cell(row, "actor"), required_cell(row, "actor_role"))


def _check_not_taken_over(row: SheetRow) -> None:
    for column in ("on", "reason"):
        if row.get(column) is not None:
            sentence = f"`{column}` is given, and only a record taken over has one"
            raise BadCell(column, sentence, "give its `state` too")


def _refusal_diagnostic(row: SheetRow, error: PeelflowError) -> Diagnostic:
    """Say a refusal where its row stands."""
    sentence, instead = str(error), "mend the row, or do first what it needs"
    if isinstance(error, InvalidRequest):
        sentence, instead = f"{error.what}: {error.why}", error.instead
    elif isinstance(error, Refused) and error.reasons:
        why = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in error.reasons)
        sentence = f"{error.refusal.head}; {why}"
        instead = "; ".join(dict.fromkeys(reason.instead for reason in error.reasons))
    return row.diagnostic("", "row-refused", sentence, instead)
