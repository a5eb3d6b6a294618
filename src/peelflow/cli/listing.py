"""List the records of a register, and count them, in the commands list, search and figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated

import typer
from attrs import evolve

from peelflow.cli import output
from peelflow.cli.options import (
    Format,
    LedgerOption,
    RegisterOptions,
)
from peelflow.cli.selecting import (
    DEFAULT_LEDGER,
    AsAtOption,
    ByOption,
    KnownOption,
    PrintingOptions,
    SelectionOptions,
    say_later_day,
)
from peelflow.errors import InvalidRequest
from peelflow.figures import Figures
from peelflow.model.records import (
    Event,
    FieldValue,
    Noted,
    Record,
)
from peelflow.model.rules import Category, Counts
from peelflow.portfolio.grouping import (
    GroupedFigures,
    grouped_figures,
    selected_figures,
)
from peelflow.portfolio.listing import each_with_last_event, row_of
from peelflow.portfolio.notes import last_note, note_text
from peelflow.portfolio.selection import each_selected
from peelflow.register.reader import Reader
from peelflow.reports.content import Table, say_mark
from peelflow.reports.tables import grouped_table
from peelflow.results import frozen
from peelflow.texts import is_blank

_FIGURE_COLUMNS = ("Open", "Closed", "Total", "Assumed")


def list_records(
    *,
    wanted: SelectionOptions,
    counts: Annotated[
        Counts | None, typer.Option("--counts", help="How it counts on the ledger.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", help="The ledger that --counts is of; portal.")
    ] = None,
    as_at: AsAtOption = None,
    known: KnownOption = None,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the records that match, by id, as they stood at the end of a day.

    CSV, JSON and workbooks have every field. `--columns` also knows `parent`, `last note` and
    `noted on`.
    """
    if ledger is not None and counts is None:
        what, why = "the option --ledger", "says on which ledger --counts is asked"
        raise InvalidRequest(what, why, "give --counts open or closed too")
    ledger = DEFAULT_LEDGER if ledger is None else ledger
    selection = wanted.selection(counts=counts, ledger=ledger)
    say_later_day(as_at)
    with location.reader() as register:
        records = each_selected(register, selection, as_at=as_at, known=known)
        categories = register.rulebook.vocabulary.categories
        rows = _each_with_events(register, records, as_at, printing)
        dated = categories if _tells_days(printing) else {}
        listed = [_listed_record(*row, dated) for row in rows]
    _print_records(listed, categories, printing)


@frozen
class _ListedRecord:
    """The cells of a record's row, what its fields say, and what is asked for by name."""

    cells: tuple[output.Cell, ...]
    category: str
    fields: Mapping[str, FieldValue]
    asked: Mapping[str, output.Cell]


def _tells_days(printing: PrintingOptions) -> bool:
    """Return whether days in fields are told from texts: CSV and JSON write both alike."""
    return bool(printing.sort) or printing.chosen not in (Format.CSV, Format.EXCEL, Format.JSON)


def _listed_record(
    record: Record, last: Event, note: Event | None, categories: Mapping[str, Category]
) -> _ListedRecord:
    category = categories.get(record.category)
    fields = record.fields if category is None else record.field_values(category)
    noted = (None, None) if note is None else (note_text(note), note.on)
    asked = dict(zip(_ASKED_COLUMNS, (record.parent, *noted), strict=True))
    return _ListedRecord(_record_row(record, last), record.category, fields, asked)


def _each_with_events(
    register: Reader, records: Iterable[Record], as_at: date | None, printing: PrintingOptions
) -> Iterator[tuple[Record, Event, Event | None]]:
    """Yield records, each with its last event that is no note, and its last note if asked for."""
    if _NOTE_COLUMNS.isdisjoint(_asked_columns(printing)):
        for record, last in each_with_last_event(register, records):
            yield record, last, None
        return
    for record, history in register.histories(records):
        until = history[: record.number]
        last = next(event for event in reversed(until) if not isinstance(event.what, Noted))
        yield record, last, last_note(until, as_at)


def _asked_columns(printing: PrintingOptions) -> tuple[str, ...]:
    """Return the columns that are asked for by name, to be shown or to be sorted by."""
    asked = {*printing.arrangement.columns, (printing.sort or "").removeprefix("-")}
    return tuple(name for name in _ASKED_COLUMNS if name in asked)


def search(
    words: Annotated[list[str], typer.Argument(help="Words, or parts of them.")],
    *,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the records whose title has all these words, in large or small letters."""
    if any(map(is_blank, words)):
        raise InvalidRequest("a word to search for", "is empty", "give one, or leave it out")
    titles = [f"title~{word}" for word in words]
    columns = printing.columns or "record,state,owner,due,title"
    list_records(
        wanted=evolve(wanted, where=[*(wanted.where or []), *titles]),
        location=location,
        printing=evolve(printing, columns=columns),
    )


def _print_records(
    listed: Sequence[_ListedRecord], categories: Mapping[str, Category], printing: PrintingOptions
) -> None:
    """Print records, each with its last event: with its fields where there is room for them."""
    form = printing.chosen
    if form is Format.JSON and not printing.is_arranged:
        with printing.text():
            output.print_json_list(
                {**dict(zip(_LIST_COLUMNS, each.cells, strict=True)), "fields": each.fields}
                for each in listed
            )
        return
    if form in (Format.TABLE, Format.MD) and not printing.is_arranged:
        body = tuple(each.cells for each in listed)
        printing.show(Table("records", "", _LIST_COLUMNS, body, optional=("assumed",)))
        return
    fields = _field_names(categories, listed, every=printing.is_arranged)
    asked = _asked_columns(printing)
    taken = {*_LIST_COLUMNS, *asked}
    names = (f"field.{name}" if name in taken else name for name in fields)
    full = tuple(
        (*each.cells, *_field_cells(each.fields, fields), *map(each.asked.get, asked))
        for each in listed
    )
    shown = printing
    if form in (Format.TABLE, Format.MD) and printing.columns is None:
        shown = evolve(printing, columns=",".join(_LIST_COLUMNS))  # sorted by any field, even so
    shown.show(Table("records", "", (*_LIST_COLUMNS, *names, *asked), full))


_LIST_COLUMNS = (
    *("record", "category", "level", "force", "state", "owner", "assumed", "issued"),
    *("last event", "decided by", "recorded by"),
)
_NOTE_COLUMNS = frozenset(("last note", "noted on"))
_ASKED_COLUMNS = ("parent", "last note", "noted on")
"""What a list shows where it is asked for by name."""


def _record_row(record: Record, last: Event) -> tuple[output.Cell, ...]:
    row = row_of(record)
    return (
        row.record,
        row.category,
        output.say_level(row.level),
        "; ".join((row.force, *row.joint_with)),
        say_state(record),
        row.owner,
        say_mark(is_so=row.assumed and not record.withdrawn),
        record.issued,
        last.on,
        str(last.actor),
        last.recorded_by,
    )


def _field_names(
    declared: Mapping[str, Category], listed: Iterable[_ListedRecord], *, every: bool
) -> tuple[str, ...]:
    """Return the fields of records but for the owner, whose column is always there.

    Those of each category stand as it declares them, or of `every` category there is; behind them
    what only older records have.
    """
    every_category = tuple(declared) if every else ()
    shown = dict.fromkeys((*every_category, *(each.category for each in listed)))
    known = (declared[category].fields for category in shown if category in declared)
    names = dict.fromkeys(name for fields in known for name in fields)
    others = {name for each in listed for name in each.fields}
    return tuple(name for name in (*names, *sorted(others - {*names})) if name != "owner")


def _field_cells(fields: Mapping[str, FieldValue], names: Iterable[str]) -> list[output.Cell]:
    return [output.say_value(v) if isinstance(v, tuple) else v for v in map(fields.get, names)]


def say_state(record: Record) -> str:
    """Say a state, or that the record stands in none any more."""
    return "withdrawn" if record.withdrawn else record.state


def figures(
    *,
    by: ByOption = None,
    as_at: AsAtOption = None,
    known: KnownOption = None,
    wanted: SelectionOptions,
    ledger: LedgerOption = "portal",
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """Print how many records count open and closed, by the rows of the rules or by anything else.

    The position of the feed that a table rests on stands above it: with `--known` the same table
    comes out again, whatever was recorded or corrected since.
    """
    selection = wanted.selection()
    say_later_day(as_at)
    with location.reader() as register:
        if by is not None:
            grouped = grouped_figures(
                register, by, selection=selection, as_at=as_at, known=known, ledger=ledger
            )
            _print_grouped(grouped, printing)
            return
        if wanted.is_everything():
            last = register.position() if known is None else known
            counted = register.figures(as_at=as_at, force=wanted.force, ledger=ledger, known=last)
        else:
            counted = selected_figures(register, selection, as_at=as_at, known=known, ledger=ledger)
    print_figures(counted, ledger, printing)


def _say_figures(ledger: str, day: date | None, known: int | None) -> str:
    when = f"as at {day.day} {day:%B %Y}" if day else "with all that is recorded"
    when += "" if known is None else f", known at position {known}"
    return f"Figures on the ledger {ledger}, {when}"


def _print_grouped(grouped: GroupedFigures, printing: PrintingOptions) -> None:
    """Print figures by what records say, with their totals in the last row."""
    title = _say_figures(grouped.ledger, grouped.as_at, grouped.known)
    if printing.chosen is Format.JSON and not printing.is_arranged:
        with printing.text():
            output.print_json(grouped.to_dict())
    elif not grouped.groups and printing.chosen in _FOR_PEOPLE:
        _say_no_record(title, printing)
    else:
        printing.show(grouped_table(grouped, title))


_FOR_PEOPLE = (Format.TABLE, Format.MD)


def _say_no_record(title: str, printing: PrintingOptions) -> None:
    """Say to people that a ledger has no record; to programs, no line says so."""
    with printing.text():
        output.line(f"{title}: no record counts on it")


def print_figures(
    counted: Figures, ledger: str, printing: PrintingOptions = PrintingOptions()
) -> None:
    """Print figures, with their totals in the last row; of a ledger without records, say so."""
    form, title = printing.chosen, _say_figures(ledger, counted.as_at, counted.known)
    if form is Format.JSON and not printing.is_arranged:
        with printing.text():
            output.print_json(_figures_as_data(counted, ledger))
        return
    if not counted.total and form in _FOR_PEOPLE:
        _say_no_record(title, printing)
        return
    table = Table(
        name="figures",
        title=title,
        columns=(("" if form in _FOR_PEOPLE else "Figure"), *_FIGURE_COLUMNS),
        rows=tuple(_figure_rows(counted)),
        numbers=_FIGURE_COLUMNS,
        totals=True,
        optional=_FIGURE_COLUMNS[-1:],
    )
    printing.show(table)


def without_marks(counted: Figures) -> Figures:
    """Return figures that do not say which of them are assumed, as a paper has them."""
    return evolve(counted, lines=tuple(evolve(line, assumed=0) for line in counted.lines))


def _figures_as_data(counted: Figures, ledger: str) -> dict[str, object]:
    names = ("title", *map(str.lower, _FIGURE_COLUMNS))
    lines = [dict(zip(names, row, strict=True)) for row in _figure_rows(counted)]
    totals = {name: getattr(counted, name) for name in names[1:]}
    known = {"ledger": ledger, "as_at": counted.as_at, "known": counted.known}
    return {**known, "lines": lines[:-1], "total": totals}


def _figure_rows(counted: Figures) -> Iterator[tuple[output.Cell, ...]]:
    """Yield a row for each line and one of totals; none where nothing counts."""
    if counted.total:
        for line in counted.lines:
            yield line.title, line.open, line.closed, line.total, line.assumed
        yield "Total", counted.open, counted.closed, counted.total, counted.assumed
