"""Write a report as one HTML file: nothing is fetched, and its tables sort and filter themselves.

Needs the extra `report`.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from importlib.resources import files

from peelflow.errors import MissingDependency
from peelflow.model.date_spans import read_span
from peelflow.reports.charts import chart_svg
from peelflow.reports.content import Cell, Chart, Report, Table, say_cell

LEAST_TO_FILTER = 8
"""From how many rows on a table can be searched: what is shorter is seen at a glance."""


def html_of(report: Report) -> str:
    """Return a report as a page that stands by itself.

    Args:
        report: The report.

    Raises:
        MissingDependency: Jinja2 or vl-convert is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise MissingDependency("report", "Jinja2") from None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"said": say_cell, "picture": _picture, "keys": _sort_keys}
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    folder = files("peelflow.reports") / "templates"
    page = environment.from_string((folder / "paper.html").read_text("utf-8"))
    return page.render(
        report=report,
        style=(folder / "paper.css").read_text("utf-8"),
        script=(folder / "paper.js").read_text("utf-8"),
        least=LEAST_TO_FILTER,
    )


def _picture(chart: Chart) -> str:
    """Return a chart as the address of a picture that lies in the page itself."""
    return f"data:image/svg+xml;base64,{b64encode(chart_svg(chart).encode()).decode()}"


def _sort_keys(table: Table) -> list[tuple[str, ...]]:
    """Return what the cells of each row are sorted by: days as days, numbers as numbers.

    A day that is known in part stands behind those that it may be, where a column says days.
    """
    columns = [list(map(_sort_key, column)) for column in zip(*table.rows, strict=True)]
    for place, column in enumerate(zip(*table.rows, strict=True)):
        spans = [read_span(key) for key in columns[place] if key]
        if all(spans) and any(isinstance(cell, date) for cell in column):
            columns[place] = [
                f"{span.last} {key}" if (span := read_span(key)) and not span.is_day else key
                for key in columns[place]
            ]
    return list(zip(*columns, strict=True))


def _sort_key(cell: Cell) -> str:
    """Return what a cell is sorted by alone."""
    match cell:
        case None:
            return ""
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
