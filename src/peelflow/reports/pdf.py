"""Write a report as a tagged PDF, by Typst. Needs the extra `report`."""

from __future__ import annotations

import json
import re
from datetime import datetime
from importlib.resources import files
from typing import Any

from peelflow.errors import MissingDependency
from peelflow.reports.charts import chart_svg
from peelflow.reports.content import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Section,
    Table,
    each_block,
    say_cell,
)

_NARROWEST, _WIDEST, _LONGEST_WORD = 4, 45, 15
"""The least and the most share of a page's width that a column takes."""


def pdf_of(report: Report, *, made: datetime) -> bytes:
    """Return a report as PDF, the same for the same content and moment.

    Args:
        report: The report.
        made: The moment it was made.

    Raises:
        MissingDependency: Typst or vl-convert is not installed.
    """
    try:
        import typst
    except ImportError:
        raise MissingDependency("report", "typst") from None
    template = files("peelflow.reports") / "templates" / "paper.typ"
    sources = {
        "main.typ": template.read_bytes(),
        "report.json": json.dumps(_report_data(report)).encode(),
    }
    for block in each_block(report):
        if isinstance(block, Chart):
            sources[_file_of(block)] = chart_svg(block).encode()
    compiler: Any = typst  # its own types know neither a mapping of files nor what comes of it
    content: bytes = compiler.compile(
        sources, ignore_system_fonts=True, timestamp=int(made.timestamp())
    )
    return content


def _report_data(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "facts": report.facts,
        "sections": [_section_data(section) for section in report.sections],
        "footer": report.footer,
    }


def _section_data(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "blocks": [
            {"kind": type(block).__name__, **_block_data(block)} for block in section.blocks
        ],
        "sections": [_section_data(part) for part in section.sections],
    }


def _block_data(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "Paragraph", "text": block.text, "note": block.is_note}
        case Bullets():
            return {"kind": "Bullets", "items": block.items}
        case Chart():
            names = {"file": _file_of(block), "title": block.title, "alt": block.alt}
            return {"kind": "Chart", **names}
        case _:
            return _table_data(block)


def _table_data(table: Table) -> dict[str, Any]:
    rows = [[_breakable(say_cell(cell)) for cell in row] for row in table.rows]
    return {
        "kind": "Table",
        "title": table.title,
        "columns": table.columns,
        "rows": rows,
        "numbers": [table.columns.index(name) for name in table.numbers],
        "totals": table.totals,
        "widths": column_widths(table),
    }


def _breakable(text: str) -> str:
    """Return a text that may go on in the next line behind what joins the parts of an id."""
    return text.replace("_", "_\u200b").replace("-", "-\u200b")


def column_widths(table: Table) -> list[int]:
    """Return how wide columns are, each in proportion to what it holds.

    Args:
        table: The table.
    """
    widths = []
    for place, longest in enumerate(longest_words(table)):
        lengths = sorted(len(say_cell(row[place])) for row in table.rows)
        typical = lengths[len(lengths) * 3 // 4] if lengths else 0
        widths.append(min(_WIDEST, max(_NARROWEST, typical, min(_LONGEST_WORD, longest + 2))))
    return widths


def longest_words(table: Table) -> list[int]:
    """Return of each column how many letters of it do not part at the end of a line.

    Args:
        table: The table.
    """
    columns = [
        [name, *(say_cell(row[at]) for row in table.rows)] for at, name in enumerate(table.columns)
    ]
    return [
        max(len(word) for text in texts for word in re.split(r"[\s_-]", text)) for texts in columns
    ]


def _file_of(chart: Chart) -> str:
    return f"{chart.name}.svg"
