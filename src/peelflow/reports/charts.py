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
    """Return a chart in Vega-Lite: lines and points over days, or bars with their numbers."""
    values = [
        {"place": place, "series": series.name, "value": value}
        for series in chart.series
        for place, value in zip(chart.places, series.values, strict=True)
    ]
    y: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "title": "Records",
        "axis": {"tickMinStep": 1},
    }
    names = [series.name for series in chart.series]
    colour = {
        "field": "series",
        "type": "nominal",
        "title": None,
        "scale": {"domain": names, "range": list(_COLOURS[: len(names)])},
    }
    if chart.kind == "lines":
        x: dict[str, Any] = {
            "field": "place",
            "type": "temporal",
            "title": None,
            "axis": {"format": "%b %Y"},
        }
        shape = {
            "field": "series",
            "type": "nominal",
            "title": None,
            "scale": {"domain": names, "range": list(_SHAPES[: len(names)])},
        }
        parts: dict[str, Any] = {
            "encoding": {"x": x, "y": y, "color": colour},
            "layer": [
                {"mark": {"type": "line", "strokeWidth": 2}},
                {"mark": {"type": "point", "filled": True}, "encoding": {"shape": shape}},
            ],
        }
    else:
        x = {"field": "place", "type": "nominal", "title": None, "sort": None}
        x["axis"] = {"labelAngle": 0}
        number = {"text": {"field": "value", "type": "quantitative"}}
        parts = {
            "encoding": {"x": x, "y": y},
            "layer": [
                {"mark": {"type": "bar", "color": _COLOURS[0]}},
                {"mark": {"type": "text", "dy": -7}, "encoding": number},
            ],
        }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        "background": "white",
        "data": {"values": values},
        "config": {"font": "DejaVu Sans, Arial, sans-serif", "axis": {"labelFontSize": 12}},
        **parts,
    }
