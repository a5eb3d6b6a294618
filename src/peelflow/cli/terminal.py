"""Show people tables, texts and progress, by Rich: at a terminal with colours, in a pipe plain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import Literal, Protocol, TextIO

from attrs import evolve
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.table import Table
from rich.text import Text

from peelflow.results import frozen

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


def console_of(stream: TextIO) -> Console:
    """Return a console that prints to a stream, as wide as the terminal.

    A width of nothing, as some terminals and services say in COLUMNS, is none: nothing would show.
    """
    said = os.environ.get("COLUMNS", "")
    is_nothing = said.isdigit() and int(said) == 0
    return Console(file=stream, width=get_terminal_size().columns if is_nothing else None)


def print_text(
    text: str, stream: TextIO, *, style: str = "", marks: Mapping[str, str] | None = None
) -> None:
    """Print a text to a stream, its long lines left to the terminal.

    Args:
        text: What a terminal obeys is not in it.
        stream: Where it goes.
        style: The style of all of it.
        marks: Styles of parts of it, each by the pattern that the part matches.
    """
    shown = Text(text, style)
    for pattern, part_style in (marks or {}).items():
        shown.highlight_regex(pattern, part_style)
    console_of(stream).print(shown, soft_wrap=True)


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


def print_rows(content: TableContent) -> None:
    """Print a table: with lines and colours at a terminal, plain in a pipe."""
    console = console_of(sys.stdout)
    if console.is_terminal:
        print_table(console, content)
        return
    if content.title:
        print_text(content.title, sys.stdout)
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
