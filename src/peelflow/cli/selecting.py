"""Declare which records a command looks at, and where and how it prints what it finds.

Every list takes the same options, so that a question that was asked of one can be asked of all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    ExcelOption,
    ForceOption,
    Format,
    FormatOption,
    LevelOption,
    complete_state,
    day_option,
    level_of,
    today,
)
from peelflow.cli.output_files import ReplaceOption, check_output_file, write_bytes, write_text
from peelflow.engine.calendar import months_after
from peelflow.errors import InvalidRequest
from peelflow.model.rules import Counts
from peelflow.portfolio.selection import Criterion, Selection, read_criterion
from peelflow.register.services import utc_now
from peelflow.reports.arrangement import Arrangement
from peelflow.reports.content import Cell, Table, without_optional
from peelflow.results import frozen
from peelflow.texts import is_blank

DEFAULT_LEDGER = "portal"
CategoryOption = Annotated[str | None, typer.Option("--category", help="Its category.")]
StateOption = Annotated[
    str | None,
    typer.Option("--state", help="The state it stands in.", autocompletion=complete_state),
]
ParentOption = Annotated[str | None, typer.Option("--parent", help="The record above it.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Who owns the work.")]
NoOwnerOption = Annotated[bool, typer.Option("--no-owner", help="Only what nobody owns yet.")]
QuestionOption = Annotated[
    str | None, typer.Option("--question", help="Its question; 7 covers 7.2.")
]
ReportOption = Annotated[
    str | None, typer.Option("--report", help="The report that it comes from, by its id or words.")
]
DueBeforeOption = Annotated[
    date | None, day_option("--due-before", "Only what is due before this day.")
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CRITERION",
        help="What else it must say, such as theme=custody, owner!=lead-3, owner= or "
        "due<2023-06-30; may be repeated.",
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="Sum up by state, owner, question, theme, report, parent, force, category, level or "
        "any field (field:NAME).",
    ),
]
LedgerOfOpenOption = Annotated[
    str | None,
    typer.Option("--ledger", help="Only what is open on this ledger; any when left out."),
]
AsAtOption = Annotated[
    date | None,
    day_option("--as-at", "As at the end of this day; everything recorded when left out."),
]
KnownOption = Annotated[
    int | None,
    typer.Option(
        "--known",
        metavar="POSITION",
        help="As known at this position of the feed; all that is kept when left out.",
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write it to this file; its ending, .csv, .json, .md or .xlsx, is the format.",
    ),
]


ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="A,B", help="Only these columns, in this order; fields are columns."
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort", metavar="COLUMN", help="Sort by a column; downwards with a - before it."
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=0, help="So many rows at the most.")
]


@frozen
class Span:
    """A time of so many years, months or days, as somebody would say it."""

    number: int
    unit: str

    def before(self, day: date) -> date:
        """Return the day that lies so long before another.

        Args:
            day: The other.

        Raises:
            InvalidRequest: It lies before the calendar.
        """
        try:
            if self.unit == "days":
                return day - timedelta(self.number)
            return months_after(day, -self.number * (12 if self.unit == "years" else 1))
        except OverflowError:
            what, why = f"the time of {self}", f"reaches back beyond the calendar from {day}"
            raise InvalidRequest(what, why, "give a shorter one") from None

    def __str__(self) -> str:
        unit = self.unit.removesuffix("s") if self.number == 1 else self.unit
        return f"{self.number} {unit}"


TWO_YEARS = Span(2, "years")


def read_span(text: str) -> Span:
    """Read a time such as `2 years`, `18 months` or `90 days`."""
    parts = _SPAN.fullmatch(text.strip().lower())
    if parts is None:
        message = f"{text!r} is no time; write it as '2 years', '18 months' or '90 days'"
        raise typer.BadParameter(message)
    return Span(int(parts[1]), f"{parts[2]}s")


_SPAN = re.compile(r"([0-9]{1,6}) *(year|month|day)s?", re.ASCII)
OlderThanOption = Annotated[
    Span | None,
    typer.Option(
        "--older-than",
        parser=read_span,
        metavar="TIME",
        help="Say how many were published longer ago than this, such as '2 years'.",
    ),
]


@frozen(kw_only=True)
class SelectionOptions:
    """Which records a command looks at."""

    force: ForceOption = None
    category: CategoryOption = None
    level: LevelOption = None
    state: StateOption = None
    parent: ParentOption = None
    owner: OwnerOption = None
    no_owner: NoOwnerOption = False
    question: QuestionOption = None
    report: ReportOption = None
    due_before: DueBeforeOption = None
    where: WhereOption = None

    def selection(self, *, counts: Counts | None = None, ledger: str = "portal") -> Selection:
        """Return what is selected.

        Args:
            counts: How the records count on the ledger.
            ledger: The ledger.
        """
        return Selection(
            force=self.force,
            category=self.category,
            level="any" if self.level is None else level_of(self.level),
            state=self.state,
            parent=self.parent,
            counts=counts,
            ledger=ledger,
            criteria=tuple(self._conditions()),
        )

    def is_everything(self) -> bool:
        """Whether nothing is left out but for the force."""
        return self.selection() == Selection(force=self.force)

    def _conditions(self) -> Iterator[Criterion]:
        for column, value in (
            ("owner", self.owner),
            ("question", self.question),
            ("report", self.report),
        ):
            if value is not None:
                yield Criterion(column, "=", _said(column, value))
        if self.no_owner:
            yield Criterion("owner", "=", "")
        if self.due_before is not None:
            yield Criterion("due", "<", self.due_before.isoformat())
        yield from map(read_criterion, self.where or [])


def _said(column: str, value: str) -> str:
    """Return what an option names, without space around it.

    Raises:
        InvalidRequest: It names nothing, as where a script's variable is not set.
    """
    if is_blank(value):
        none = "; --no-owner asks for what nobody owns" if column == "owner" else ""
        instead = f"name the {column}, or leave it out{none}"
        raise InvalidRequest(f"the option --{column}", "is empty", instead)
    return value.strip()


def say_later_day(day: date | None) -> None:
    """Say of a day that is still to come that nobody knows what will stand then.

    Args:
        day: The day as at which something is listed or counted; None for what is recorded.
    """
    if day is not None and day > (now := today()):
        output.error_line(f"{day} lies in the future: this is what is recorded by {now}")


_ENDINGS = {f".{form}": form for form in (Format.CSV, Format.JSON, Format.MD, Format.XLSX)}


def _ending_of(form: Format) -> str:
    return ".csv" if form is Format.EXCEL else f".{form}"


@frozen(kw_only=True)
class PrintingOptions:
    """How and where a command prints what it finds."""

    form: FormatOption = Format.TABLE
    excel: ExcelOption = False
    output: OutputOption = None
    replace: ReplaceOption = False
    columns: ColumnsOption = None
    sort: SortOption = None
    limit: LimitOption = None

    @property
    def arrangement(self) -> Arrangement:
        """Which columns and rows are shown, and in what order.

        Raises:
            InvalidRequest: `--columns` names none.
        """
        named = (self.columns or "").split(",")
        columns = tuple(name.strip() for name in named if name.strip())
        if self.columns is not None and not columns:
            raise InvalidRequest("the option --columns", "names none", "name some, or leave it out")
        return Arrangement(columns, self.sort, self.limit)

    @property
    def is_arranged(self) -> bool:
        """Whether columns, an order or a number of rows is asked for."""
        return self.arrangement != Arrangement()

    @property
    def chosen(self) -> Format:
        """The format: the one that is asked for, or the one that the file's ending says.

        Raises:
            InvalidRequest: A file is to hold a table, standard output a workbook, or what is not
                CSV is asked for a spreadsheet too.
        """
        asked = self._asked
        if self.output is None:
            if asked is Format.XLSX:
                why, instead = "is no text to print", "name a file, such as -o list.xlsx"
                raise InvalidRequest("a workbook", why, instead)
            return asked
        ending = self.output.suffix.lower()
        known = _ENDINGS.get(ending)
        form = known if asked is Format.TABLE else asked
        if form is None or (known is not None and _ending_of(form) != ending):
            what, why = f"the file {self.output}", f"does not end as {self.form} does"
            if form is None:
                why = "ends as no format does"
            raise InvalidRequest(what, why, f"choose one of {', '.join(_ENDINGS)}")
        return form

    @property
    def _asked(self) -> Format:
        if not self.excel:
            return self.form
        if self.form not in (Format.TABLE, Format.CSV, Format.EXCEL):
            what, why = f"--format {self.form}", "is nothing that a spreadsheet opens"
            raise InvalidRequest(what, why, "leave it out, or leave out --excel")
        return Format.EXCEL

    @contextmanager
    def text(self) -> Iterator[None]:
        """Take what is printed in the block to where it is to go."""
        if self.output is None:
            yield
            return
        check_output_file(self.output, replace=self.replace)
        with redirect_stdout(StringIO()) as text:
            yield
        write_text(self.output, text.getvalue(), replace=self.replace)

    def show(self, *tables: Table, title: str = "") -> None:
        """Print tables, each apart from the others in every format.

        Several are several sheets of a workbook and several lists of JSON; CSV says in its first
        column to which one a row belongs.

        Args:
            tables: The tables.
            title: What a workbook says it is; the first table's title when left out.
        """
        tables = tuple(map(self.arrangement.of, tables))
        form = self.chosen
        match form, self.output:
            case Format.XLSX, Path() as file:
                from peelflow.reports.workbook import workbook_of

                check_output_file(file, replace=self.replace)
                content = workbook_of(tables, title=title or tables[0].title, made=utc_now())
                write_bytes(file, content, replace=self.replace)
            case Format.TABLE, _:
                for table in self._for_people(tables):
                    _show_one(table, form)
            case Format.MD, _:
                with self.text():
                    _show_text(self._for_people(tables), form)
            case _:
                with self.text():
                    _show_text(tables, form)

    def _for_people(self, tables: Sequence[Table]) -> Sequence[Table]:
        """Return tables as people are shown them; a column that is asked for is always there."""
        return tables if self.columns else tuple(map(without_optional, tables))


def _show_one(table: Table, form: Format) -> None:
    output.rows(
        table.columns,
        table.rows,
        form,
        title=table.title,
        numbers=table.numbers,
        totals=table.totals,
    )


def _show_text(tables: Sequence[Table], form: Format) -> None:
    first, *others = tables
    if not others:
        _show_one(first, form)
    elif form is Format.JSON:
        lists = {table.name: _as_objects(table) for table in tables}
        output.print_json(lists)
    elif form is Format.MD:
        for place, table in enumerate(tables):
            output.write_machine_text(f"{'' if place == 0 else chr(10)}## {table.title}\n\n")
            _show_one(table, form)
    else:
        body = [(table.name, *row) for table in tables for row in table.rows]
        output.rows(("list", *first.columns), body, form)


def _as_objects(table: Table) -> list[dict[str, Cell]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
