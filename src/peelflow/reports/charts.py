"""Draw the charts of a report, by Vega-Lite, without a browser or a network.

Needs the extra `report`.
"""

from __future__ import annotations

from typing import Any

from peelflow.errors import MissingDependency
from peelflow.reports.content import Chart

WIDTH, HEIGHT = 620, 260
_COLOURS = ("#1d4e89", "#c8553d", "#4a7c59", "#7b5e7b")
"""Told apart in grey too, and each 4.5 to 1 or more against white."""
_SHAPES = ("circle", "square", "diamond", "cross")


def chart_svg(chart: Chart) -> str:
    """Return a chart as SVG.

    Args:
        chart: The chart.

    Raises:
        MissingDependency: vl-convert is not installed.
    """
    drawn: str = _converter().vegalite_to_svg(_specification(chart))
    return drawn


def chart_png(chart: Chart) -> bytes:
    """Return a chart as PNG, sharp enough for print.

    Args:
        chart: The chart.

    Raises:
        MissingDependency: vl-convert is not installed.
    """
    drawn: bytes = _converter().vegalite_to_png(_specification(chart), scale=3)
    return drawn


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError:
        raise MissingDependency("report", "vl-convert-python") from None
    return vl_convert


def _specification(chart: Chart) -> dict[str, Any]:
    """Return a chart in Vega-Lite."""
    values = [
        {"place": place, "series": series.name, "value": value}
        for series in chart.series
        for place, value in zip(chart.places, series.values, strict=True)
    ]
    names = [series.name for series in chart.series]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        "background": "white",
        "data": {"values": values},
        "config": {"font": "DejaVu Sans, Arial, sans-serif", "axis": {"labelFontSize": 12}},
        **(_lines(names) if chart.kind == "lines" else _bars()),
    }


_COUNT = {"field": "value", "type": "quantitative", "title": "Records", "axis": {"tickMinStep": 1}}


def _lines(names: list[str]) -> dict[str, Any]:
    """Return lines over days, each with a colour and a shape of its own."""
    x = {"field": "place", "type": "temporal", "title": None, "axis": {"format": "%b %Y"}}
    shape = {"shape": _one_each(names, _SHAPES)}
    return {
        "encoding": {"x": x, "y": _COUNT, "color": _one_each(names, _COLOURS)},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2}},
            {"mark": {"type": "point", "filled": True}, "encoding": shape},
        ],
    }


def _one_each(names: list[str], looks: tuple[str, ...]) -> dict[str, Any]:
    scale = {"domain": names, "range": list(looks[: len(names)])}
    return {"field": "series", "type": "nominal", "title": None, "scale": scale}


def _bars() -> dict[str, Any]:
    """Return bars over words, each with its number."""
    x = {"field": "place", "type": "nominal", "title": None, "sort": None}
    number = {"text": {"field": "value", "type": "quantitative"}}
    return {
        "encoding": {"x": {**x, "axis": {"labelAngle": 0}}, "y": _COUNT},
        "layer": [
            {"mark": {"type": "bar", "color": _COLOURS[0]}},
            {"mark": {"type": "text", "dy": -7}, "encoding": number},
        ],
    }
