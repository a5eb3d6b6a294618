"""A world under the national rules, kept in memory."""

from __future__ import annotations

import pytest

from tests.builders.force import World, new_world


@pytest.fixture
def world() -> World:
    """Give a force with its people."""
    return new_world()
