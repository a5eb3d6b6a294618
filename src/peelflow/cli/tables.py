"""A table at a terminal: columns where they fit, else a paragraph for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

SENTENCE = 24
"""The narrowest column in which a long sentence can be read."""
BESIDE = 2
"""The margin of a paragraph, and of both sides of a column together."""


@frozen
class Shown:
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


def show(console: Console, told: Shown) -> None:
    """Print a table so that no word or id is cut, however narrow the terminal is.

    Where it does not fit, what is the same in every row is said once above it, and empty columns
    are left out. Where even that does not do, each row becomes a paragraph. A word that is wider
    than the terminal is left to it.
    """
    if not told.body:
        _print_wrapped(console, Text(told.title, "bold"))
        _print_wrapped(console, Text("nothing to list"))
        return
    if _width(told) > console.width:
        told, same = _without_same(told)
        _print_head(console, told, same)
        told = evolve(told, title="")
    if _width(told) > console.width:
        for row in told.body:
            _print_paragraph(console, told.columns, row)
    else:
        _print_table(console, told)


def _width(told: Shown) -> int:
    """Return the least width in which every word stands whole, and sentences can be read."""
    edges = len(told.columns) + 1
    return edges + sum(
        BESIDE + max(map(_least, (name, *(row[place] for row in told.body))))
        for place, name in enumerate(told.columns)
    )


def _least(cell: str) -> int:
    """Return the width that a cell needs: its longest word's, or a sentence's."""
    longest = max(map(cell_len, cell.split()), default=0)
    return max(longest, min(cell_len(cell), SENTENCE))


def _without_same(told: Shown) -> tuple[Shown, list[tuple[str, str]]]:
    """Return a table without the columns whose cells are all the same, and what they say."""
    first, *others = told.body
    alike = {
        place
        for place in range(1, len(told.columns))
        if others and all(row[place] == first[place] for row in others)
    }

    def kept(cells: Iterable[str]) -> tuple[str, ...]:
        return tuple(cell for place, cell in enumerate(cells) if place not in alike)

    same = [(told.columns[place], first[place]) for place in sorted(alike)]
    return evolve(told, columns=kept(told.columns), body=tuple(map(kept, told.body))), same


def _print_head(console: Console, told: Shown, same: list[tuple[str, str]]) -> None:
    _print_wrapped(console, Text(told.title, "bold"))
    said = _joined(same)
    if said.plain:
        _print_wrapped(console, Text.assemble("each: ", said))


def _print_paragraph(console: Console, columns: Sequence[str], row: Sequence[str]) -> None:
    _print_wrapped(console, Text(row[0], "bold"))
    _print_wrapped(console, _joined(zip(columns[1:], row[1:], strict=True)), margin=BESIDE)


def _print_wrapped(console: Console, said: Text, *, margin: int = 0) -> None:
    """Print a text in lines of whole words, behind a margin; nothing for an empty one."""
    for line in _lines(said, console.width - margin) if said.plain else ():
        line.pad_left(margin)
        console.print(line, soft_wrap=True)


def _lines(said: Text, width: int) -> Iterator[Text]:
    """Yield a text in lines of as many words as fit, but at least one."""
    first, *others = said.split(" ")
    line = first
    for word in others:
        if line.cell_len + 1 + word.cell_len > width:
            yield line
            line = word
        else:
            line = Text(" ").join([line, word])
    yield line


def _joined(named: Iterable[tuple[str, str]]) -> Text:
    """Return cells with their columns' names, but for the empty ones."""
    return Text(" · ").join(
        Text.assemble((f"{name} " if name else "", "dim"), cell) for name, cell in named if cell
    )


def _print_table(console: Console, told: Shown) -> None:
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, BESIDE // 2),
        title=Text(told.title, "bold") if told.title else None,
        title_justify="left",
        show_header=any(told.columns),
    )
    for place, name in enumerate(told.columns):
        least = max(map(_least, (name, *(row[place] for row in told.body))))
        table.add_column(name, justify="right" if name in told.numbers else "left", min_width=least)
    for number, row in enumerate(told.body, start=1):
        last = told.totals and number == len(told.body)
        before_last = told.totals and number == len(told.body) - 1
        table.add_row(*map(Text, row), style="bold" if last else "", end_section=before_last)
    console.print(table)
