"""Print rows, sentences and errors.

People at a terminal get tables, a pipe gets plain text, and programs get CSV, JSON or Markdown.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import Literal, Protocol, TextIO

from attrs import evolve
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.table import Table
from rich.text import Text

from peelflow.cli.options import Format
from peelflow.cli.settings import shows_rule_places
from peelflow.errors import NOWHERE, Diagnostic, InvalidRules, PeelflowError, Span
from peelflow.model.decisions import Refused
from peelflow.model.records import Value
from peelflow.model.rules import Level
from peelflow.results import frozen
from peelflow.wording import markdown_text

LEAST_SENTENCE_WIDTH = 24
"""The narrowest column in which a long sentence can be read."""
MARGIN = 2
"""The margin of a paragraph, and of both sides of a column together."""


@frozen
class TableContent:
    """What a table shows.

    Attributes:
        columns: The names of the columns.
        body: The rows.
        title: What stands above.
        numbers: The columns to align to the right.
        totals: Whether the last row sums up the others.
    """

    columns: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    title: str = ""
    numbers: tuple[str, ...] = ()
    totals: bool = False


def print_table(console: Console, content: TableContent) -> None:
    """Print a table so that no word or id is cut, however narrow the terminal is.

    Where it does not fit, what is the same in every row is said once above it, and empty columns
    are left out. Where even that does not do, each row becomes a paragraph. A word that is wider
    than the terminal is left to it.
    """
    if not content.body:
        _print_wrapped(console, Text(content.title, "bold"))
        _print_wrapped(console, Text("nothing to list"))
        return
    if _least_table_width(content) > console.width:
        _print_wrapped(console, Text(content.title, "bold"))
        content, constants = _without_constant_columns(content)
        if any(cell for _, cell in constants):
            _print_wrapped(console, Text.assemble("each: ", _labelled_cells(constants)))
    if _least_table_width(content) > console.width:
        for row in content.body:
            cells = _labelled_cells(zip(content.columns[1:], row[1:], strict=True))
            _print_wrapped(console, Text(row[0], "bold"))
            _print_wrapped(console, cells, margin=MARGIN)
    else:
        _print_bordered(console, content)


def _least_table_width(content: TableContent) -> int:
    """Return the least width in which every word stands whole, and sentences can be read."""
    edges = len(content.columns) + 1
    return edges + sum(
        MARGIN + max(map(_least_cell_width, (name, *(row[index] for row in content.body))))
        for index, name in enumerate(content.columns)
    )


def _least_cell_width(cell: str) -> int:
    """Return the width that a cell needs: its longest word's, or a sentence's."""
    longest = max(map(cell_len, cell.split()), default=0)
    return max(longest, min(cell_len(cell), LEAST_SENTENCE_WIDTH))


def _without_constant_columns(content: TableContent) -> tuple[TableContent, list[tuple[str, str]]]:
    """Return a table without its title and the columns that are the same all through, and these."""
    first, *others = content.body
    constant = {
        index
        for index in range(1, len(content.columns))
        if others and all(row[index] == first[index] for row in others)
    }

    def varying(cells: Iterable[str]) -> tuple[str, ...]:
        return tuple(cell for index, cell in enumerate(cells) if index not in constant)

    constants = [(content.columns[index], first[index]) for index in sorted(constant)]
    body = tuple(map(varying, content.body))
    return evolve(content, columns=varying(content.columns), body=body, title=""), constants


def _print_wrapped(console: Console, text: Text, *, margin: int = 0) -> None:
    """Print a text in lines of whole words, behind a margin; nothing for an empty one."""
    for text_line in _wrapped_lines(text, console.width - margin) if text.plain else ():
        text_line.pad_left(margin)
        console.print(text_line, soft_wrap=True)


def _wrapped_lines(text: Text, width: int) -> Iterator[Text]:
    """Yield a text in lines of as many words as fit, but at least one."""
    text_line, *others = text.split(" ")
    for word in others:
        if text_line.cell_len + 1 + word.cell_len > width:
            yield text_line
            text_line = word
        else:
            text_line = Text(" ").join([text_line, word])
    yield text_line


def _labelled_cells(named: Iterable[tuple[str, str]]) -> Text:
    """Return cells with their columns' names, but for the empty ones."""
    return Text(" · ").join(
        Text.assemble((f"{name} " if name else "", "dim"), cell) for name, cell in named if cell
    )


def _print_bordered(console: Console, content: TableContent) -> None:
    if content.title:  # a title of Rich's would be wrapped to the table's width
        console.print(Text(content.title, "bold"))
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, MARGIN // 2),
        show_header=any(content.columns),
    )
    for index, name in enumerate(content.columns):
        least = max(map(_least_cell_width, (name, *(row[index] for row in content.body))))
        justify: Literal["left", "right"] = "right" if name in content.numbers else "left"
        table.add_column(name, justify=justify, min_width=least)
    for number, row in enumerate(content.body, start=1):
        last = content.totals and number == len(content.body)
        before_last = content.totals and number == len(content.body) - 1
        table.add_row(*map(Text, row), style="bold" if last else "", end_section=before_last)
    console.print(table)


UNLIMITED_WIDTH = 10_000
READABLE_WIDTH = 100
_HARMLESS_CHARACTERS = "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
Cell = str | int | date | None


def console_of(stream: TextIO) -> Console:
    """Return a console that prints to a stream, as wide as the terminal.

    A width of nothing, as some terminals and services say in COLUMNS, is none: nothing would show.
    """
    said = os.environ.get("COLUMNS", "")
    is_nothing = said.isdigit() and int(said) == 0
    return Console(file=stream, width=get_terminal_size().columns if is_nothing else None)


def write_machine_text(text: str) -> None:
    """Write what programs read: UTF-8 with plain line ends, whatever the console speaks."""
    _machine_stream().write(text)


def _machine_stream() -> TextIO:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def printable(text: str) -> str:
    """Return a text without what a terminal would obey instead of print."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in _HARMLESS_CHARACTERS
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def say_level(level: Level) -> str:
    """Say a level."""
    return str(level or "none")


def say_value(value: Value | None) -> str:
    """Say a field's value; a list's items are parted by `;`."""
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else "; ".join(value)


def line(text: str = "", style: str = "") -> None:
    """Print a line."""
    _print_text(Text(printable(text), style), sys.stdout)


def paragraph(text: str, *, indent: int = 0, mark: str = "") -> None:
    """Print a text in lines that can be read, below each other; `mark` stands before the first."""
    width = min(console_of(sys.stdout).width, READABLE_WIDTH)
    margin = " " * indent
    wrapped = wrap(
        printable(text),
        width,
        initial_indent=margin + mark,
        subsequent_indent=margin + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for wrapped_line in wrapped:
        line(wrapped_line)


def error_line(text: str) -> None:
    """Print a line to where errors go."""
    _print_text(Text(printable(text)), sys.stderr)


def error(fault: PeelflowError) -> None:
    """Print an error: the faults of rules one by one, a refusal with each reason."""
    if isinstance(fault, InvalidRules):
        diagnostics(fault.diagnostics, sys.stderr)
    elif isinstance(fault, Refused) and fault.reasons:
        error_line(fault.refusal.head)
        for reason in fault.reasons:
            error_line(f"  {reason}{rule_location(reason.span)}")
    else:
        error_line(str(fault))


def rule_location(span: Span) -> str:
    """Say where a rule stands, where that is asked for; a built one stands nowhere.

    A file below the working folder is named from there.
    """
    if span == NOWHERE or not shows_rule_places():
        return ""
    path = Path(span.file)
    near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f" [{near.as_posix()}:{span.line}]"


def diagnostics(faults: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Print diagnostics, as `file:line:column: code: sentence` and a line of help."""
    for fault in faults:
        text = Text(printable(str(fault)))
        text.highlight_regex(r"^\S+:\d+:\d+:", "bold")
        colour = "red" if fault.severity == "error" else "blue"
        text.highlight_regex(rf"(?<=: ){fault.code}(?=:)", colour)
        _print_text(text, stream or sys.stdout)


def print_json(data: object) -> None:
    """Print data as indented JSON, a day as 2023-03-30."""
    write_machine_text(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def print_json_list(items: Iterable[object]) -> None:
    """Print a list as `print_json` does, one item after the other, however many there are."""
    stream, before = _machine_stream(), "["
    for item in items:
        text = json.dumps([item], ensure_ascii=False, indent=2, default=str)
        stream.write(before + text[1:-2])
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")


class ShowsProgress(Protocol):
    """What moves a progress bar: how much is done, and of how much, once that is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show how much is done."""


def _show_nothing(done: int, total: int | None = None) -> None:
    del done, total


class _RateColumn(ProgressColumn):
    """How much is done a second, by now."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} a second" if task.speed else "")


@contextmanager
def progress(label: str) -> Iterator[ShowsProgress]:
    """Show a progress bar where somebody looks on, with its rate and end; give what moves it.

    Elsewhere none is made: some versions of rich end one with an empty line.
    """
    console = console_of(sys.stderr)
    if not console.is_terminal:
        yield _show_nothing
        return
    columns = (*Progress.get_default_columns(), _RateColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def show(done: int, total: int | None = None) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def rows(
    columns: Sequence[str],
    body: Sequence[Sequence[Cell]],
    form: Format = Format.TABLE,
    *,
    title: str = "",
    numbers: Sequence[str] = (),
    totals: bool = False,
) -> None:
    """Print rows in a format.

    Args:
        columns: The names of the columns.
        body: The rows; a cell of None is empty.
        form: The format.
        title: What stands above a table.
        numbers: The columns to align to the right.
        totals: Whether the last row sums up the others.
    """
    match form:
        case Format.CSV:
            _write_csv((columns, *body))
        case Format.EXCEL:
            write_machine_text(BYTE_ORDER_MARK)
            _write_csv(map(_harmless_row, (columns, *body)))
        case Format.JSON:
            print_json_list(dict(zip(columns, row, strict=True)) for row in body)
        case Format.MD:
            _print_markdown(columns, body, numbers)
        case _:
            cells = tuple(tuple(map(_cell_text, row)) for row in body)
            content = TableContent(tuple(columns), cells, title, tuple(numbers), totals=totals)
            _print_plain_or_bordered(content)


BYTE_ORDER_MARK = "\ufeff"
"""By it Excel takes a file for UTF-8; without it, for the console's encoding."""
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@frozen
class _CsvLines:
    """Takes each line that a CSV writer makes, and ends it as programs expect."""

    stream: TextIO

    def write(self, line: str) -> None:
        """Write one line."""
        self.stream.write(f"{line.removesuffix(_CSV_END)}\n")


# The writer quotes what its line end is made of, and other readers end a line at `\r` too.
_CSV_END = "\r\n"


def _write_csv(rows: Iterable[Sequence[Cell]]) -> None:
    csv.writer(_CsvLines(_machine_stream()), lineterminator=_CSV_END).writerows(rows)


def _harmless_row(row: Sequence[Cell]) -> list[Cell]:
    return list(map(_without_formula, row))


def _without_formula(cell: Cell) -> Cell:
    """Return a cell that a spreadsheet shows and does not work out, behind a `'` where it would."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA_STARTS else cell


def _print_markdown(
    columns: Sequence[str], body: Sequence[Sequence[Cell]], numbers: Sequence[str]
) -> None:
    marks = ("--:" if column in numbers else "---" for column in columns)
    for number, row in enumerate((columns, *body)):
        cells = (markdown_text(_cell_text(cell)) for cell in row)
        write_machine_text(f"| {' | '.join(cells)} |\n")
        if not number:
            write_machine_text(f"| {' | '.join(marks)} |\n")


def _cell_text(cell: Cell) -> str:
    return "" if cell is None else " ".join(printable(str(cell)).split("\n"))


def _print_plain_or_bordered(content: TableContent) -> None:
    console = console_of(sys.stdout)
    if console.is_terminal:
        print_table(console, content)
        return
    if content.title:
        line(content.title)
    sys.stdout.writelines(_aligned_lines(content))


def _aligned_lines(content: TableContent) -> Iterator[str]:
    """Yield a table's lines, each column as wide as its widest cell: Rich takes five times as long.

    Args:
        content: The table; no cell of it has a line of its own.
    """
    heads = [content.columns] if any(content.columns) else []
    table = [*heads, *content.body]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    numbers = [name in content.numbers for name in content.columns]
    for row in table:
        cells = []
        for cell, width, is_number in zip(row, widths, numbers, strict=True):
            gap = " " * (width - cell_len(cell))
            cells.append(gap + cell if is_number else cell + gap)
        yield f"{'  '.join(cells).rstrip()}\n"


def _print_text(text: Text, stream: TextIO) -> None:
    console_of(stream).print(text, soft_wrap=True)
