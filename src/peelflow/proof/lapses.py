"""How long a timed step takes at the least and at the most, as proofs reckon with it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from attrs import field, frozen

from peelflow.model.periods import Period, units_of
from peelflow.model.requirements import Waited
from peelflow.model.rules import After

_MONTHS = 12
_FIRST, _ROUND = 2000, 400
_WORKING, _WEEKEND = 5, 2


@frozen
class Lapse(Waited):
    """The time of a step that is not in plain days: `waited` is the least it comes to.

    Args:
        most: The most it comes to where no bank holiday falls in it.
        period: The time as the rules say it.
    """

    most: int = 0
    period: After = field(factory=After)

    def follows_from(self, other: Waited) -> bool:
        """Say whether it has always passed when `other`, of the same unit and start, has."""
        if not isinstance(other, Lapse) or other.since != self.since:
            return False
        mine, theirs = units_of(self.period), units_of(other.period)
        order = [*mine.values(), not self.period.beginning]
        return mine.keys() == theirs.keys() and order <= [
            *theirs.values(),
            not other.period.beginning,
        ]


def most_of(atom: Waited) -> int | None:
    """Return after how many days a time has surely passed, None where bank holidays decide."""
    if not isinstance(atom, Lapse):
        return atom.waited
    return atom.most if atom.period.working_days is None else None


def lapse_of(after: After, since: str) -> Waited:
    """Return the time of a step as an atom: days since a state was entered, or published."""
    if after.days is not None and not after.beginning:
        return Waited(after.days, since, after.span)
    least, most = span_of(after)
    return Lapse(least, since, after.span, most, after)


def span_of(period: Period) -> tuple[int, int]:
    """Return how many days after its start a period ends, at the least and at the most.

    Bank holidays are left out: nobody knows the coming ones, and they only make it longer.
    """
    sooner = int(period.beginning)
    if period.working_days is not None:
        least, most = _working(period.working_days)
    elif period.months is not None:
        least, most = _months(period.months)
    else:
        least = most = period.days or 0
    return least - sooner, most - sooner


def _working(number: int) -> tuple[int, int]:
    """Count from a Sunday, which loses no weekend more than it must, and from a Friday."""
    least = number + _WEEKEND * ((number - 1) // _WORKING)
    return least, least + _WEEKEND


@lru_cache(maxsize=64)
def _months(number: int) -> tuple[int, int]:
    """Look at every month of the years after which the calendar comes round again.

    From one month's last day to another's are as many days as between the firsts that follow.
    """
    months = range(_FIRST * _MONTHS, (_FIRST + _ROUND) * _MONTHS)
    spans = [(_begins(first + number) - _begins(first)).days for first in months]
    return min(spans), max(spans)


def _begins(month: int) -> date:
    return date(month // _MONTHS, month % _MONTHS + 1, 1)
