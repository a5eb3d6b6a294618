"""Write workbooks to fill in for `peelflow import`, and read them when they are filled in.

A template has the headings of one kind of sheet, drop-down lists of what the rules know, an example
row that is passed over when it is still there, and a sheet that explains each column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, MissingDependency, Span
from peelflow.model.records import Correction
from peelflow.model.rules import SYSTEM, Category, FieldRule
from peelflow.phrases import listed, suggestion
from peelflow.register.csv_schema import DATE_COLUMNS, SheetLines
from peelflow.register.sheet_kinds import FIELD_PREFIX, SHEET_KINDS, SheetKind, kind_of
from peelflow.results import frozen
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.yaml_reader import fault
from peelflow.trackers.grid import Grid, read_file, text_of
from peelflow.trackers.workbook import SUFFIXES, read_workbook

KINDS: Mapping[str, SheetKind] = {kind.name: kind for kind in SHEET_KINDS}
DEFAULT_CATEGORY = "recommendation"
EXPLAINED_SHEET = "Columns"
LISTS_SHEET = "Lists"
HOW_TO_IMPORT = (
    "Import it by: peelflow import FILE. The example row is passed over, if still there."
)
FILLABLE_ROWS = 5_000
"""How many rows have drop-down lists."""
COLUMN_MEANINGS: Mapping[str, str] = {
    "record": "The record's id: a short plain text that no other record has",
    "category": "What it is",
    "force": "The force it is addressed to, by its short name",
    "issued": "The day it was issued",
    "level": "1 to 4; empty or none where it has no level",
    "graded": "The day its level was given, if another than the day it was issued",
    "parent": "The id of the cause of concern above it",
    "joint_with": "The forces that it is of beside that one, with ; between them",
    "joint_acts": "Whose persons act on a joint record: those of its lead force, or of any",
    "event": "The number of the event that was wrong, as `peelflow show` lists it",
    "correction": "void: it never happened; redate: it was on another day; reenter: event 1 was "
    "typed wrong, and the filled cells say what it should have been",
    "to": "The day that the event is moved to; only where it is re-dated",
    "clear": "The fields that should not have been there, with ; between them",
    "state": "Only for a record taken over: the state it stands in",
    "on": "The day it happened; of a record taken over, the day as at which it stands so",
    "trigger": "What is done",
    "actor": "Who decided: a person",
    "actor_role": "The role they decided in",
    "recorded_by": "Who typed it; to be said where HMICFRS decided",
    "source": "The letter or portal reference it was read from",
    "reason": "Why, in words",
    "key": "A text that makes importing the row twice harmless; one is made where it is empty",
    "inspection": "The id of the inspection that it rests on",
    "successor": "The id of what takes its place",
    "document": "The file of a document, by its path from this workbook",
    "kind": "What kind of document it is",
    "signed_by": "Who signed the document: a person",
    "signed_on": "When they signed it",
    "person": "Who is appointed, by one name",
    "person_role": "The role that they hold",
    "first_day": "The first day on which they hold it",
    "last_day": "The last such day; empty where none is known",
    "field": "The field that is changed",
    "value": "What it says from now on; empty to unset it",
    "note": "What is to be known of the record; it moves nothing",
}
_MEANINGS_OF: Mapping[str, Mapping[str, str]] = {
    "corrections": {
        "record": "The id of the record",
        "on": "The day that the correction is made on",
        "category": "What it should have been; empty, as each cell of what was right",
        "force": "The force that it should have been of",
        "level": "The level that it should have had: 1 to 4, or none",
        "parent": "The id of the record that it should have been below, or none",
        "issued": "The day it should have been issued on",
        "graded": "The day that its level was given, or none",
        "state": "The state that it should have been taken over in",
    },
    "links": {
        "record": "The id of the record",
        "parent": "The id of the record above it",
        "on": "The day from which it lies there",
    },
    "joint": {
        "joint_with": "The forces beside its lead force, with ; between them, or none",
        "on": "The day from which it is so",
    },
}
"""What a column says in one kind of sheet, where that is not what it says in others."""
_EXAMPLES: Mapping[str, str | date] = {
    "record": "EXAMPLE-1",
    "category": DEFAULT_CATEGORY,
    "force": "wmp",
    "issued": date(2022, 12, 16),
    "level": "2",
    "trigger": "start",
    "on": date(2023, 1, 9),
    "actor": "liaison-officer-1",
    "actor_role": "liaison_officer",
    "person": "chief-constable",
    "person_role": "chief_constable",
    "first_day": date(2022, 1, 1),
    "field": "owner",
    "value": "lead-4",
    "note": "The oversight group asked for a date",
    "reason": "the work moved to another team",
    "event": "1",
    "correction": "reenter",
    "document": "letters/EXAMPLE-1.pdf",
    "kind": "letter",
    "owner": "lead-3",
    "question": "7.2",
    "title": "What it asks for",
}
_NOT_IN_EXAMPLE = {
    "records": ("on", "reason"),
    "acts": ("reason", "document", "kind"),
    "corrections": ("owner", "question", "title"),
}
"""What the example row of a kind leaves empty though another kind's has it."""
_EXAMPLES_OF: Mapping[str, Mapping[str, str]] = {
    "corrections": {"reason": "level 2 in the letter"},
    "links": {"parent": "EXAMPLE-2"},
    "joint": {"joint_with": "suffolk", "reason": "one unit of two forces"},
}
"""What the example row of a kind says otherwise than another kind's."""


@frozen
class TemplateColumn:
    """A column of a template: its heading, whether it must be filled, and what may stand there."""

    heading: str
    meaning: str
    required: bool
    is_day: bool
    choices: tuple[str, ...] = ()


def template_columns(
    kind: str, rulebook: Rulebook, *, category: str = DEFAULT_CATEGORY
) -> tuple[TemplateColumn, ...]:
    """Return the columns of a template.

    Args:
        kind: A kind of sheet: records, acts, appointments, amendments, corrections, links, joint,
            notes or documents.
        rulebook: The rules, for the words of drop-down lists.
        category: Whose fields a template of records or corrections has.

    Raises:
        InvalidRequest: The kind or the category is unknown.
    """
    if kind not in KINDS:
        what = f"the kind of sheet {kind!r}"
        raise InvalidRequest(what, "is unknown", suggestion(kind, KINDS))
    sheet, categories = KINDS[kind], rulebook.vocabulary.categories
    if category not in categories:
        what = f"the category {category!r}"
        raise InvalidRequest(what, "is unknown", suggestion(category, categories))
    lists = _choices_of(rulebook, categories[category])
    columns = [
        TemplateColumn(
            name,
            _MEANINGS_OF.get(kind, {}).get(name, COLUMN_MEANINGS[name]),
            name in sheet.required and name != "value",
            name in DATE_COLUMNS,
            lists.get(name, ()),
        )
        for name in sheet.columns
    ]
    fields = categories[category].fields if sheet.fields else {}
    columns += [_field_column(sheet, name, rule) for name, rule in fields.items()]
    return tuple(columns)


def _field_column(sheet: SheetKind, name: str, rule: FieldRule) -> TemplateColumn:
    heading = f"{FIELD_PREFIX}{name}" if name in sheet.columns else name
    choices = rule.choices if rule.type == "choice" else ()
    required = rule.required and not sheet.unfilled
    return TemplateColumn(heading, rule.title, required, rule.type == "date", choices)


def _choices_of(rulebook: Rulebook, category: Category) -> Mapping[str, tuple[str, ...]]:
    """Return the drop-down lists of columns: what the rules know."""
    vocabulary = rulebook.vocabulary
    alike = [
        name
        for name, other in vocabulary.categories.items()
        if other.fields.keys() == category.fields.keys()
    ]
    lifecycles = [
        rules for rules in rulebook.lifecycles if {*alike}.intersection(rules.applies_to.category)
    ]
    states = {name: state for rules in lifecycles for name, state in rules.states.items()}
    triggers = {
        transition.trigger
        for rules in lifecycles
        for state in rules.states.values()
        for transition in state.transitions
        if transition.by != (SYSTEM,)
    }
    roles = tuple(name for name in vocabulary.roles if name != SYSTEM)
    return {
        "category": tuple(alike),
        "level": ("1", "2", "3", "4", "none"),
        "state": tuple(states),
        "trigger": tuple(sorted(triggers)),
        "correction": get_args(Correction),
        "actor_role": roles,
        "person_role": roles,
        "kind": tuple(vocabulary.evidence),
        "field": tuple(category.fields),
    }


def example_row(kind: str, columns: Sequence[TemplateColumn]) -> tuple[str | date | None, ...]:
    """Return the example row of a template.

    Args:
        kind: The kind of sheet.
        columns: Its columns.
    """
    left_out = _NOT_IN_EXAMPLE.get(kind, ())
    headings = [column.heading for column in columns]
    needed = {column.heading for column in columns if column.required}
    shown = {*needed, "level", "owner", "question", "title", "value"} - {*left_out}
    said = {**_EXAMPLES, **_EXAMPLES_OF.get(kind, {})}
    return tuple(said.get(name) if name in shown else None for name in headings)


def write_template(kind: str, rulebook: Rulebook, *, category: str = DEFAULT_CATEGORY) -> bytes:
    """Return a workbook to fill in, as its bytes.

    Args:
        kind: A kind of sheet: records, acts, appointments, amendments, corrections, links, joint,
            notes or documents.
        rulebook: The rules, for the words of drop-down lists.
        category: Whose fields a template of records or corrections has.

    Raises:
        InvalidRequest: The kind or the category is unknown.
        MissingDependency: XlsxWriter is not installed.
    """
    columns = template_columns(kind, rulebook, category=category)
    try:
        import xlsxwriter
    except ImportError:
        raise MissingDependency("sheets", "XlsxWriter") from None
    content = BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, plain) as book:
        # INVARIANT: what is written does not hang on when; a bare date is not taken.
        made = datetime(2023, 3, 30, tzinfo=UTC)
        book.set_properties({"title": f"peelflow {kind}", "created": made})
        _write_sheet(book, kind, columns)
        _write_explained(book, columns)
    return content.getvalue()


def _write_sheet(book: Any, kind: str, columns: Sequence[TemplateColumn]) -> None:
    """Write the sheet to fill in, and the lists that its cells choose from."""
    sheet, lists = book.add_worksheet(kind), book.add_worksheet(LISTS_SHEET)
    lists.hide()
    must = book.add_format({"bold": True, "bg_color": "#D9E2F3", "bottom": 1})
    may = book.add_format({"italic": True, "bg_color": "#F2F2F2", "bottom": 1})
    example = {"font_color": "#7F7F7F", "italic": True}
    grey = book.add_format(example)
    grey_day = book.add_format({**example, "num_format": "dd/mm/yyyy"})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    text = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 1)
    row = example_row(kind, columns)
    for place, (column, said) in enumerate(zip(columns, row, strict=True)):
        width = max(14, len(column.heading) + 2)
        sheet.set_column(place, place, width, day if column.is_day else text)
        sheet.write_string(0, place, column.heading, must if column.required else may)
        if isinstance(said, date):
            sheet.write_datetime(1, place, said, grey_day)
        elif said is not None:
            sheet.write_string(1, place, said, grey)
        if column.choices:
            _write_choices(sheet, lists, place, column)


def _write_choices(sheet: Any, lists: Any, place: int, column: TemplateColumn) -> None:
    """Have the cells of a column chosen from a list, which stands on a hidden sheet."""
    from xlsxwriter.utility import xl_range_abs

    for number, choice in enumerate((column.heading, *column.choices)):
        lists.write_string(number, place, choice)
    span = xl_range_abs(1, place, len(column.choices), place)
    sheet.data_validation(
        *(1, place, FILLABLE_ROWS, place),
        {
            "validate": "list",
            "source": f"={LISTS_SHEET}!{span}",
            "error_title": column.heading,
            "error_message": "Choose one of the list.",
        },
    )


def _write_explained(book: Any, columns: Sequence[TemplateColumn]) -> None:
    """Write the sheet that explains each column."""
    sheet = book.add_worksheet(EXPLAINED_SHEET)
    head = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for place, (title, width) in enumerate(
        (("Column", 18), ("Must it be filled?", 18), ("What it says", 60), ("One of", 60))
    ):
        sheet.set_column(place, place, width, wrapped)
        sheet.write_string(0, place, title, head)
    for number, column in enumerate(columns, start=1):
        must = "must" if column.required else "may"
        meaning = f"{column.meaning}, as a date" if column.is_day else column.meaning
        cells = (column.heading, must, meaning, ", ".join(column.choices))
        for place, cell in enumerate(cells):
            sheet.write_string(number, place, cell)
    last = len(columns) + 2
    sheet.write_string(last, 0, HOW_TO_IMPORT)


def sheet_lines(path: Path) -> tuple[SheetLines, ...] | None:
    """Return the lines of the sheets of a workbook that was made of a template; None of a CSV file.

    Args:
        path: The file.

    Raises:
        InvalidRules: It cannot be read, or none of its sheets has the columns of a kind of sheet.
        MissingDependency: python-calamine is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        return None
    book = read_workbook(path, read_file(path))
    grids = [grid for name in book.sheets if (grid := book.grid(name)).rows]
    filled = [(kind, grid) for grid in grids if (kind := kind_of(_heads(grid))) is not None]
    if not filled:
        sentence = f"none of the sheets {listed(book.sheets)} is one of a template"
        instead = "draft a map of its own columns: `peelflow import FILE --propose MAP`"
        raise fault(Span(path.as_posix()), "sheet-unknown", sentence, instead)
    faults = [found for _, grid in filled for found in _computed_faults(grid)]
    if faults:
        raise InvalidRules(faults)
    return tuple(_lines_of(kind, grid) for kind, grid in filled)


def _heads(grid: Grid) -> set[str]:
    return {text_of(value) for value in grid.rows[0].cells}


def _computed_faults(grid: Grid) -> Iterator[Diagnostic]:
    """Yield the cells that somebody's formula computes, or that show an error."""
    for row, column in sorted(grid.formulas | frozenset(grid.error_cells)):
        sentence = f"{grid.place(row, column)} is a formula"
        if (row, column) in grid.error_cells:
            sentence = f"{grid.place(row, column)} shows {grid.error_cells[row, column]}"
        instead = "copy the column, and paste it as values"
        yield Diagnostic(Span(grid.file, row, column), "sheet-value", sentence, instead)


def _lines_of(kind: SheetKind, grid: Grid) -> SheetLines:
    """Return the lines of a sheet, each as wide as its headings, but for the example."""
    width = max(grid.rows[0].filled)
    lines = [
        (row.line, [row.text(column) for column in range(1, max(width, *row.filled, 1) + 1)])
        for row in grid.rows
        if row.filled
    ]
    heads = lines[0][1]
    return [
        line for line in lines if not _is_example(kind, dict(zip(heads, line[1], strict=False)))
    ]


def _is_example(kind: SheetKind, cells: Mapping[str, str]) -> bool:
    """Return whether a row still says what the example row of a template does."""
    said = {name: text for name, text in cells.items() if text}
    id_column = "person" if kind.name == "appointments" else "record"
    if id_column == "record" and said.get("record") != _EXAMPLES["record"]:
        return False
    shown = {**_EXAMPLES, **_EXAMPLES_OF.get(kind.name, {})}
    return bool(said) and all(text == text_of(shown.get(name)) for name, text in said.items())
