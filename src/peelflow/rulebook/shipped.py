"""Find the rule files and examples that come with peelflow."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Return the folder of shipped `rules` or `examples`: the wheel's, else the checkout's.

    Raises:
        FileNotFoundError: This installation has neither.
    """
    places = (_PACKAGE / "_shipped" / name, _PACKAGE.parents[1] / name)
    for place in places:
        if place.is_dir():
            return place
    message = f"no `{name}` came with peelflow; looked in {places[0]} and {places[1]}: reinstall it"
    raise FileNotFoundError(message)
