"""Write a report as one HTML file: nothing is fetched, and its tables sort and filter themselves.

Needs the extra `report`.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from importlib.resources import files

from peelflow.errors import MissingDependency
from peelflow.reports.charts import chart_svg
from peelflow.reports.content import Cell, Chart, Report, say_cell

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
    environment.filters |= {"said": say_cell, "picture": _picture, "key": _sort_key}
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


def _sort_key(cell: Cell) -> str:
    """Return what a cell is sorted by: days as days, numbers as numbers."""
    match cell:
        case None:
            return ""
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
