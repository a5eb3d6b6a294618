"""Import CSV sheets through the same verbs as any caller: all good rows, or none.

A row without a key of its own gets one from its content, so importing the same sheet again changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import cast, get_args

from attrs import evolve, field

from peelflow.errors import Diagnostic, EventVoided, InvalidRequest, PeelflowError, StoreError
from peelflow.model.date_spans import is_date_of
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Document, Joint, JointActs, Provenance
from peelflow.phrases import say_choice
from peelflow.register import commands
from peelflow.register.corrections import correct
from peelflow.register.csv_schema import (
    BadCell,
    DateFormat,
    SheetLines,
    SheetRow,
    bad_date,
    cleared_fields,
    correction_cells,
    date_cell,
    document_cell,
    document_path,
    event_cell,
    level_cell,
    open_sheet,
    required_cell,
    sheets_at,
)
from peelflow.register.entry import EntryValues, link, make_joint
from peelflow.register.notes import note
from peelflow.register.session import Session
from peelflow.register.sheet_kinds import check_default_columns
from peelflow.register.validation import list_items
from peelflow.register.verbs import OpensSessions
from peelflow.register.waiting_rows import WaitingRows, order_of_rows
from peelflow.results import Result, define, frozen


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
    dates: DateFormat = DateFormat.ISO,
    documents_from: Path | str | None = None,
    partial: bool = False,
    lines_of: Callable[[Path], Iterable[SheetLines] | None] = lambda _: None,
    on_progress: Callable[[int, int], None] = lambda _, __: None,
) -> ImportResult:
    """Import CSV sheets in one batch: all rows, or none if one of them is bad.

    Rows are taken by their days, those of one day in the order of the sheets and of their lines.
    The row that enters a record comes before the rows that name it.

    Args:
        register: Where the rows go.
        paths: The sheets; a folder stands for the `.csv` files in it, by name.
        defaults: What a column says where its cell is empty or missing.
        dates: How the sheets write their days.
        documents_from: The folder under which the documents lie that rows name. When left out,
            each lies beside its sheet, or under that folder. A document elsewhere is refused,
            also one that a link leads to.
        partial: Keep the good rows all the same.
        lines_of: Returns the lines of the sheets of a file that is no CSV, None for any other.
        on_progress: Called after each row with how many of how many are done.

    Raises:
        InvalidRequest: A default is for a column that none of the sheets could have.
        Conflict: Somebody moved what the rows read; nothing is kept.
    """
    rows, broken = _read_sheets(paths, defaults or {}, dates, lines_of)
    if broken:
        return ImportResult(0, 0, tuple(sorted((*broken, *rows.faults()))))
    check_default_columns(defaults or {}, rows.kinds())
    folder = None if documents_from is None else Path(documents_from)
    run = _ImportRun(register.session(), dates, folder, rows.may_be_repeated)
    if dates is not DateFormat.ISO:
        rows.change(run.with_iso_days)
        run.may_be_repeated = lambda _: True  # a day may be written in two ways
    count, done = len(rows), 0
    for taken in rows.taken(order_of_rows(rows, run.references_of), ROWS_READ_AHEAD):
        run.read_ahead(row for _, row in taken)
        for place, row in taken:
            run.take(place, row)
            done += 1
            on_progress(done, count)
    run.settle_repeats()
    faults = tuple(fault for _, fault in sorted(run.faults.items()))
    if faults and not partial:
        return ImportResult(0, 0, faults)
    run.session.commit()
    return ImportResult(run.kept, run.known, faults)


def _read_sheets(
    paths: Iterable[Path | str],
    defaults: Mapping[str, str],
    dates: DateFormat,
    lines_of: Callable[[Path], Iterable[SheetLines] | None],
) -> tuple[WaitingRows, list[Diagnostic]]:
    """Return the rows of all sheets, and what is wrong with sheets as a whole."""
    rows, broken = WaitingRows(), list[Diagnostic]()
    for path in paths:
        sheets, faults = sheets_at(Path(path))
        broken.extend(faults)
        for sheet in sheets:
            for lines in lines_of(sheet) or (None,):
                read, faults = open_sheet(sheet, defaults, dates=dates, lines=lines)
                rows.add_sheet(read)
                broken.extend(faults)
    return rows, broken


ROWS_READ_AHEAD = 512
"""Of how many rows the records are read at once."""
MAX_DOCUMENTS_BYTES = 512 * 1024 * 1024
"""What the documents of one import may hold together, for all of them are kept at once."""


@define
class _ImportRun:
    """What an import has done so far, and the documents it has read."""

    session: Session
    dates: DateFormat
    documents_from: Path | None
    may_be_repeated: Callable[[SheetRow], bool]
    kept: int = 0
    known: int = 0
    faults: dict[int, Diagnostic] = field(factory=dict)
    document_cache: dict[Path, bytes] = field(factory=dict)
    document_bytes: int = 0
    corrections: set[tuple[str, int]] = field(factory=set)
    voided_by: dict[int, tuple[str, int]] = field(factory=dict)
    row_counts: Counter[str] = field(factory=Counter)
    field_types: dict[str | None, Mapping[str, str]] = field(factory=dict)

    def with_iso_days(self, row: SheetRow) -> SheetRow:
        """Return a row whose fields that are days say them as 2023-03-30, if they are days."""
        return self._with_iso_fields(row, row.get("category")) if row.sheet.fields else row

    def _with_iso_fields(self, row: SheetRow, category: str | None) -> SheetRow:
        rules = self._fields_of(category)
        days = {
            row.field_column(name): self.dates.iso_text(text)
            for name, text in row.fields.items()
            if rules.get(name) == "date"
        }
        return evolve(row, cells={**row.cells, **days})

    def references_of(self, row: SheetRow) -> list[str]:
        """Return the ids that the fields of a row refer to."""
        rules = self._fields_of(row.get("category")) if row.sheet.fields else {}
        if "reference" not in rules.values():
            return []
        fields = row.fields
        return [fields[name] for name in fields if rules.get(name) == "reference"]

    def _fields_of(self, category: str | None) -> Mapping[str, str]:
        """Return the types of a category's fields by their names."""
        types = self.field_types.get(category)
        if types is None:
            declared = self.session.rulebook.vocabulary.categories.get(category or "")
            fields = {} if declared is None else declared.fields
            types = self.field_types[category] = {n: rule.type for n, rule in fields.items()}
        return types

    def read_ahead(self, rows: Iterable[SheetRow | Diagnostic]) -> None:
        """Read the records of rows at once, those that are there."""
        ids = dict.fromkeys(row.get("record") for row in rows if isinstance(row, SheetRow))
        # What cannot be printed is refused where it stands, and no store is asked for it.
        self.session.read(tuple(name for name in ids if name and name.isprintable()))

    def take(self, place: int, row: SheetRow | Diagnostic) -> None:
        """Take one row into the session, or what is wrong with it by its place among all."""
        if isinstance(row, Diagnostic):
            self.faults[place] = row
            return
        before = self.session.event_count
        try:
            with self.session.savepoint():
                _COMMANDS[row.sheet.name](self, row)
        except BadCell as bad:
            fault = row.diagnostic(bad.column, "sheet-value", bad.sentence, bad.instead)
            self.faults[place] = fault
        except StoreError:
            raise
        except PeelflowError as error:
            self.faults[place] = _refusal_diagnostic(row, error)
            if isinstance(error, EventVoided):
                self.voided_by[place] = (error.record, error.by)
        else:
            is_new = self.session.event_count > before
            self.kept += is_new
            self.known += not is_new

    def settle_repeats(self) -> None:
        """Pass over the repeats of what was voided where a row of the sheets is what voided it."""
        for place, correction in self.voided_by.items():
            if correction in self.corrections:
                del self.faults[place]
                self.known += 1

    def add(self, row: SheetRow) -> None:
        """Add a record, or take it over in the state that the row names."""
        actor, category = _actor(row), required_cell(row, "category")
        issued, level = date_cell(row, "issued"), level_cell(row)
        if row.get("state") is None:
            _check_not_taken_over(row)
            enter = partial(commands.add, provenance=self._provenance(row, actor, issued))
        else:
            by = self._provenance(row, actor, date_cell(row, "on"), "source", "reason")
            enter = partial(commands.take_over, state=required_cell(row, "state"), provenance=by)
        enter(
            self.session,
            required_cell(row, "record"),
            category=category,
            force=required_cell(row, "force"),
            issued=issued,
            level=level,
            fields=self._values(category, row),
            parent=row.get("parent"),
            graded=_optional_day(row, "graded"),
            joint=_joint(row),
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
            last_day=_optional_day(row, "last_day"),
            provenance=self._provenance(row, actor, first_day),
        )

    def amend(self, row: SheetRow) -> None:
        """Amend a field; an empty value unsets it."""
        record, field = required_cell(row, "record"), required_cell(row, "field")
        category = self.session.get(record).category
        if self._fields_of(category).get(field) == "date" and "value" in row.cells:
            day = self.dates.iso_text(row.cells["value"])
            row = evolve(row, cells={**row.cells, "value": day})
        text = row.get("value")
        commands.amend(
            self.session,
            record,
            field,
            None if text is None else self._value(category, field, text, column="value"),
            provenance=self._provenance(row, _actor(row), date_cell(row, "on"), "reason"),
        )

    def correct(self, row: SheetRow) -> None:
        """Void an event, move it to its day, or enter the record anew as the filled cells say."""
        record, event = required_cell(row, "record"), event_cell(row)
        correction, to = correction_cells(row)
        category = row.get("category") or self.session.get(record).category
        row = self._with_iso_fields(row, category)
        made = correct(
            self.session,
            record,
            event,
            correction=correction,
            to=to,
            entry=self._entry(row, category) if correction == "reenter" else None,
            provenance=self._provenance(row, _actor(row), date_cell(row, "on"), "reason"),
        )
        self.corrections.add((record, made.number))

    def _entry(self, row: SheetRow, category: str) -> EntryValues:
        """Return what a row says that a record should have been entered with."""
        read = {name: _ENTRY_CELLS[name](row) for name in row.cells if name in _ENTRY_CELLS}
        if (joint := _joint(row)) is not None:
            read["joint"] = joint
        fields = {**self._values(category, row), **dict.fromkeys(cleared_fields(row))}
        return cast("EntryValues", {**read, **({"fields": fields} if fields else {})})

    def link(self, row: SheetRow) -> None:
        """Put a record under another."""
        record, parent = required_cell(row, "record"), required_cell(row, "parent")
        provenance = self._provenance(row, _actor(row), date_cell(row, "on"))
        link(self.session, record, parent, provenance=provenance)

    def make_joint(self, row: SheetRow) -> None:
        """Make a record joint with the forces that the row names, or with none."""
        joint = _joint(row) or Joint()
        provenance = self._provenance(row, _actor(row), date_cell(row, "on"), "reason")
        make_joint(self.session, required_cell(row, "record"), joint, provenance=provenance)

    def attach(self, row: SheetRow) -> None:
        """Attach a document."""
        record, document = required_cell(row, "record"), self._document(row)
        provenance = self._provenance(row, _actor(row), date_cell(row, "on"))
        commands.attach(self.session, record, document, provenance=provenance)

    def note(self, row: SheetRow) -> None:
        """Note something, with the document that the row brings."""
        note(
            self.session,
            required_cell(row, "record"),
            required_cell(row, "note"),
            documents=() if row.get("document") is None else (self._document(row),),
            provenance=self._provenance(row, _actor(row), date_cell(row, "on")),
        )

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
        content = "\n".join([f"{column}={text!r}" for column, text in sorted(row.cells.items())])
        digest = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        count = 1
        if self.may_be_repeated(row):
            count = self.row_counts[digest] = self.row_counts[digest] + 1
        return f"sheet:{digest}:{count}"

    def _document(self, row: SheetRow) -> Document:
        """Keep the document that the row names, and return what acts refer to it by."""
        path = document_path(row, self.documents_from)
        if path not in self.document_cache:
            self.document_cache[path] = self._within_limit(document_cell(row, path))
        signed_on = _optional_day(row, "signed_on")
        return commands.keep(
            self.session,
            self.document_cache[path],
            kind=required_cell(row, "kind"),
            name=Path(required_cell(row, "document")).name,
            signed_by=row.get("signed_by"),
            signed_on=signed_on,
        )

    def _within_limit(self, content: bytes) -> bytes:
        """Return a document's content, unless it is too much together with the others."""
        self.document_bytes += len(content)
        if self.document_bytes > MAX_DOCUMENTS_BYTES:
            sentence = f"the documents of one import have at most {MAX_DOCUMENTS_BYTES} bytes"
            raise BadCell("document", sentence, "import the sheets of documents one by one")
        return content

    def _values(self, category: str, row: SheetRow) -> dict[str, str | list[str]]:
        """Return what a row says of the record's fields."""
        return {
            name: self._value(category, name, text, column=row.field_column(name))
            for name, text in row.fields.items()
        }

    def _value(self, category: str, name: str, text: str, *, column: str) -> str | list[str]:
        """Return what a cell says of a field: a list's items are parted as people part them."""
        declared = self.session.rulebook.vocabulary.categories.get(category)
        rule = declared.fields.get(name) if declared else None
        if declared is None or rule is None:
            return text
        if rule.type == "date" and not is_date_of(rule, text):
            raise bad_date(column, text)
        return list_items(declared, name, text) if rule.type == "list" else text


_COMMANDS: Mapping[str, Callable[[_ImportRun, SheetRow], None]] = {
    "acts": _ImportRun.fire,
    "records": _ImportRun.add,
    "appointments": _ImportRun.appoint,
    "amendments": _ImportRun.amend,
    "corrections": _ImportRun.correct,
    "links": _ImportRun.link,
    "joint": _ImportRun.make_joint,
    "notes": _ImportRun.note,
    "documents": _ImportRun.attach,
}


def _optional_day(row: SheetRow, column: str) -> date | None:
    return None if row.get(column) is None else date_cell(row, column)


def _joint(row: SheetRow) -> Joint | None:
    """Return the forces that a row names beside its lead force; None where it says nothing."""
    forces, acts = row.get("joint_with"), row.get("joint_acts")
    if forces is None and acts is None:
        return None
    named = [name.strip() for name in (forces or "").split(";") if name.strip()]
    if acts is not None and named in ([], [NOTHING]):
        sentence = "`joint_acts` is given, and only a record that is `joint_with` others has it"
        raise BadCell("joint_acts", sentence, "give `joint_with` too")
    if acts not in (None, *_ACTS):
        raise BadCell(
            "joint_acts", f"`joint_acts` is {acts!r}", f"write {say_choice(tuple(_ACTS))}"
        )
    return Joint() if named == [NOTHING] else Joint(tuple(named), _ACTS[acts or "lead"])


_ACTS: Mapping[str, JointActs] = {acts: acts for acts in get_args(JointActs)}


_ENTRY_CELLS: Mapping[str, Callable[[SheetRow], object]] = {
    "force": lambda row: row.get("force"),
    "category": lambda row: row.get("category"),
    "level": level_cell,
    "parent": lambda row: None if row.get("parent") == NOTHING else row.get("parent"),
    "issued": lambda row: date_cell(row, "issued"),
    "graded": lambda row: None if row.get("graded") == NOTHING else date_cell(row, "graded"),
    "state": lambda row: row.get("state"),
}
"""What each cell says that a record's first event should have said."""
NOTHING = "none"
"""What says in a sheet of corrections that a record should have had no parent, or no such day."""


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
    if isinstance(error, EventVoided):
        sentence = (
            f"was kept as event {error.number} of {error.record}, which was voided on {error.on}"
        )
        instead = "give the row a new `key` to do it again"
    elif isinstance(error, InvalidRequest):
        sentence, instead = f"{error.what}: {error.why}", error.instead
    elif isinstance(error, Refused) and error.reasons:
        why = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in error.reasons)
        sentence = f"{error.refusal.head}; {why}"
        instead = "; ".join(dict.fromkeys(reason.instead for reason in error.reasons))
    return row.diagnostic("", "row-refused", sentence, instead)
