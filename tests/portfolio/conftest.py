"""A world under the national rules, kept in memory."""

from __future__ import annotations

import pytest

from tests.world import World, a_world


@pytest.fixture
def world() -> World:
    """Give a force with its people."""
    return a_world()
