"""A clock that cannot be right is refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from peelflow import Actor, InvalidRequest, Register


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_item_37_a_clock_that_no_right_clock_is(year: int) -> None:
    """14.37: before anything is judged by it, or kept."""
    with Register.open("memory:", clock=lambda: datetime(year, 1, 1, tzinfo=UTC)) as register:
        with pytest.raises(InvalidRequest, match=f"tells the year {year}; set it right"):
            register.appoint(
                "kim",
                "chief_constable",
                force="wmp",
                first_day=date(2023, 1, 1),
                actor=Actor("kim", "liaison_officer"),
            )
        assert register.position() == 0
