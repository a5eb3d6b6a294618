"""Write a report in Markdown: what a text of it means nothing to Markdown, and shows as it is."""

from __future__ import annotations

from collections.abc import Iterator

from peelflow.phrases import markdown_text
from peelflow.reports.content import (
    Block,
    Bullets,
    Paragraph,
    Report,
    Section,
    Table,
    say_cell,
)


def markdown_of(report: Report) -> str:
    """Return a report in Markdown.

    Args:
        report: The report.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {markdown_text(report.title)}"
    yield ""
    yield markdown_text(report.subtitle)
    yield ""
    for word, said in report.facts:
        yield f"- {markdown_text(word)}: {markdown_text(said)}"
    for section in report.sections:
        yield from _section_lines(section, depth=2)
    yield from ("", "---", "")
    for sentence in report.footer:
        yield f"- {markdown_text(sentence)}"


def _section_lines(section: Section, *, depth: int) -> Iterator[str]:
    yield ""
    yield f"{'#' * depth} {markdown_text(section.title)}"
    for block in section.blocks:
        yield ""
        yield from _block_lines(block)
    for part in section.sections:
        yield from _section_lines(part, depth=depth + 1)


def _block_lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield markdown_text(block.text)
        case Bullets():
            for item in block.items:
                yield f"- {markdown_text(item)}"
        case Table():
            yield from _table_lines(block)
        case _:
            yield f"{markdown_text(block.title)}: {markdown_text(block.alt)}"


def _table_lines(table: Table) -> Iterator[str]:
    yield f"**{markdown_text(table.title)}**"
    yield ""
    yield f"| {' | '.join(map(markdown_text, table.columns))} |"
    marks = ("--:" if column in table.numbers else "---" for column in table.columns)
    yield f"| {' | '.join(marks)} |"
    for row in table.rows:
        yield f"| {' | '.join(markdown_text(say_cell(cell)) for cell in row)} |"
