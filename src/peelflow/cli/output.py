"""Print rows, sentences and errors.

People at a terminal get tables, a pipe gets plain text, and programs get CSV, JSON or Markdown.
Only what is printed for people loads Rich, which takes a tenth of what a small list does.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from textwrap import wrap
from typing import TextIO

from peelflow.cli.options import Format
from peelflow.cli.settings import shows_rule_places
from peelflow.errors import NOWHERE, Diagnostic, InvalidRules, PeelflowError, Span
from peelflow.model.records import Value
from peelflow.model.rules import Level
from peelflow.phrases import markdown_text
from peelflow.results import frozen

READABLE_WIDTH = 100
_HARMLESS_CHARACTERS = "\n\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_LINE_MAY_END = "\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}"
"""Where Word and web pages let a line end; nothing is seen there, and nothing is printed."""
Cell = str | int | date | None


def write_machine_text(text: str) -> None:
    """Write what programs read: UTF-8 with plain line ends, whatever the console speaks."""
    _machine_stream().write(text)


def _machine_stream() -> TextIO:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


def printable(text: str) -> str:
    """Return a text without what a terminal would obey instead of print; any space is a space."""
    return text if text.isprintable() else "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable() or character in _HARMLESS_CHARACTERS:
        return character
    if character in _LINE_MAY_END:
        return ""
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


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
    _print_text(text, sys.stdout, style=style)


def paragraph(text: str, *, indent: int = 0, mark: str = "") -> None:
    """Print a text in lines that can be read, below each other; `mark` stands before the first."""
    from peelflow.cli.terminal import console_of

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
    _print_text(text, sys.stderr)


def error(fault: PeelflowError) -> None:
    """Print an error: the faults of rules one by one, a refusal with each reason."""
    from peelflow.model.decisions import Refused

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
        colour = "red" if fault.severity == "error" else "blue"
        marks = {r"^\S+:\d+:\d+:": "bold", rf"(?<=: ){fault.code}(?=:)": colour}
        _print_text(str(fault), stream or sys.stdout, marks=marks)


def _print_text(
    text: str, stream: TextIO, *, style: str = "", marks: Mapping[str, str] | None = None
) -> None:
    from peelflow.cli.terminal import print_text

    print_text(printable(text), stream, style=style, marks=marks)


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
            from peelflow.cli.terminal import TableContent, print_rows

            cells = tuple(tuple(map(_cell_text, row)) for row in body)
            named = tuple(columns), cells, printable(title), tuple(numbers)
            print_rows(TableContent(*named, totals=totals))


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
