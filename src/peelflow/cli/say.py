"""Print: tables for people at a terminal, plain text where it is piped, and other formats."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from peelflow.cli import tables
from peelflow.cli.options import Format
from peelflow.errors import NOWHERE, Diagnostic, PeelflowError, Refused, RulesRefused, Span
from peelflow.model.judgement import Refusal
from peelflow.model.rules import State

WIDE = 10_000
READABLE = 100
_HARMLESS = "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
Cell = str | int | None


def visible(text: str) -> str:
    """Return a text without what a terminal would obey instead of print."""
    return "".join(
        each if each.isprintable() or each in _HARMLESS else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def counts(state: State) -> str:
    """Say how a state counts, on each ledger it names."""
    return ", ".join(f"{ledger}: {count}" for ledger, count in state.counts_as.items())


def line(text: str = "", style: str = "") -> None:
    """Print a line."""
    _print(Text(visible(text), style), sys.stdout)


def paragraph(text: str, *, indent: int = 0, mark: str = "") -> None:
    """Print a text in lines that can be read, below each other; `mark` stands before the first."""
    width = min(Console(file=sys.stdout).width, READABLE)
    margin = " " * indent
    wrapped = wrap(
        visible(text),
        width,
        initial_indent=margin + mark,
        subsequent_indent=margin + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for each in wrapped:
        line(each)


def complain(text: str) -> None:
    """Print a line to where errors go."""
    _print(Text(visible(text)), sys.stderr)


def error(fault: PeelflowError) -> None:
    """Print an error: the faults of rules one by one, a refusal with each reason."""
    if isinstance(fault, RulesRefused):
        diagnostics(fault.diagnostics, sys.stderr)
    elif isinstance(fault, Refused) and isinstance(fault.refusal, Refusal):
        complain(fault.refusal.head)
        for reason in fault.refusal.reasons:
            complain(f"  {reason}{place(reason.span)}")
    else:
        complain(str(fault))


def place(span: Span) -> str:
    """Say where a rule stands, from here if its file lies below; a built one stands nowhere."""
    if span == NOWHERE:
        return ""
    path = Path(span.file)
    near = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f" [{near.as_posix()}:{span.line}]"


def diagnostics(found: Iterable[Diagnostic], stream: Any = None) -> None:
    """Print diagnostics, as `file:line:column: code: sentence` and a line of help."""
    for each in found:
        told = Text(visible(str(each)))
        told.highlight_regex(r"^\S+:\d+:\d+:", "bold")
        told.highlight_regex(
            rf"(?<=: ){each.code}(?=:)", "red" if each.severity == "error" else "blue"
        )
        _print(told, stream or sys.stdout)


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
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerows([columns, *body])
        case Format.JSON:
            told = [dict(zip(columns, each, strict=True)) for each in body]
            sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        case Format.MD:
            _markdown(columns, body, numbers)
        case _:
            _table(columns, body, title=title, numbers=numbers, totals=totals)


def _markdown(
    columns: Sequence[str], body: Sequence[Sequence[Cell]], numbers: Sequence[str]
) -> None:
    marks = ["--:" if column in numbers else "---" for column in columns]
    for each in (columns, marks, *body):
        cells = (_shown(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in each)
        sys.stdout.write(f"| {' | '.join(cells)} |\n")


def _shown(cell: Cell) -> str:
    return "" if cell is None else " ".join(visible(str(cell)).split("\n"))


def _table(
    columns: Sequence[str],
    body: Sequence[Sequence[Cell]],
    *,
    title: str,
    numbers: Sequence[str],
    totals: bool,
) -> None:
    shown = [[_shown(cell) for cell in row] for row in body]
    console = Console(file=sys.stdout)
    if console.is_terminal:
        told = tables.Shown(
            tuple(columns), tuple(map(tuple, shown)), title, tuple(numbers), totals=totals
        )
        tables.show(console, told)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns))
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in shown:
        table.add_row(*map(Text, row))
    plain = StringIO()
    Console(file=plain, width=WIDE).print(table)
    if title:
        line(title)
    sys.stdout.write("".join(f"{each.rstrip()}\n" for each in plain.getvalue().splitlines()))


def _print(text: Text, stream: Any) -> None:
    Console(file=stream).print(text, soft_wrap=True)
