"""A disjunctive normal form lists a conjunction of atoms for each way to meet requirements.

The time of a timed step is one of the atoms, with the least and the most days that it comes to.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from attrs import field, frozen

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import (
    After,
    Lifecycle,
    Period,
    Transition,
    is_theirs,
    newly_counting,
    units_of,
)

_MONTHS_A_YEAR = 12
_FIRST_YEAR, _CALENDAR_CYCLE = 2000, 400
_WORKING_DAYS, _WEEKEND_DAYS = 5, 2


@frozen
class PeriodWaited(Waited):
    """The time of a step that is not in plain days: `waited` is the least it comes to.

    Args:
        most: The most it comes to where no bank holiday falls in it.
        period: The time as the rules say it.
    """

    most: int = 0
    period: After = field(factory=After)

    def follows_from(self, other: Waited) -> bool:
        """Say whether it has always passed when `other`, of the same unit and start, has."""
        if not isinstance(other, PeriodWaited) or other.since != self.since:
            return False
        own, others = units_of(self.period), units_of(other.period)
        length = [*own.values(), not self.period.beginning]
        other_length = [*others.values(), not other.period.beginning]
        return own.keys() == others.keys() and length <= other_length


def most_days(atom: Waited) -> int:
    """Return the most days that a time comes to where no bank holiday falls in it."""
    return atom.most if isinstance(atom, PeriodWaited) else atom.waited


def longest_days(atom: Waited) -> int | None:
    """Return after how many days a time has surely passed, None where bank holidays decide."""
    if not isinstance(atom, PeriodWaited):
        return atom.waited
    return atom.most if atom.period.working_days is None else None


def time_atom(after: After, since: str) -> Waited:
    """Return the time of a step as an atom: days since a state was entered, or published."""
    if after.days is not None and not after.beginning:
        return Waited(after.days, since, after.span)
    least, most = day_bounds(after)
    return PeriodWaited(waited=least, since=since, span=after.span, most=most, period=after)


def day_bounds(period: Period) -> tuple[int, int]:
    """Return how many days after its start a period ends, at the least and at the most.

    Bank holidays are left out: nobody knows the coming ones, and they only make it longer.
    """
    sooner = int(period.beginning)
    if period.working_days is not None:
        least, most = _working_day_bounds(period.working_days)
    elif period.months is not None:
        least, most = _month_bounds(period.months)
    else:
        least = most = period.days or 0
    return least - sooner, most - sooner


def _working_day_bounds(number: int) -> tuple[int, int]:
    """Count from a Sunday, which loses no weekend more than it must, and from a Friday."""
    least = number + _WEEKEND_DAYS * ((number - 1) // _WORKING_DAYS)
    return least, least + _WEEKEND_DAYS


@lru_cache(maxsize=64)
def _month_bounds(number: int) -> tuple[int, int]:
    """Look at every month of the years after which the calendar comes round again.

    From one month's last day to another's are as many days as between the firsts that follow.
    """
    months = range(_FIRST_YEAR * _MONTHS_A_YEAR, (_FIRST_YEAR + _CALENDAR_CYCLE) * _MONTHS_A_YEAR)
    spans = [(_first_of_month(first + number) - _first_of_month(first)).days for first in months]
    return min(spans), max(spans)


def _first_of_month(month: int) -> date:
    return date(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)


MOST_CLAUSES = 4096


@frozen
class ChildrenOnLedgers:
    """`children` on a step that closes these ledgers; on one that closes none, on every ledger."""

    closes: frozenset[str]


@frozen
class AnswersOnLedgers:
    """`asked` on a step that closes these ledgers; on one that closes none, on every ledger."""

    asked: ChildForEach
    closes: frozenset[str]


Atom = (
    Evidence
    | InspectionHeld
    | ReasonGiven
    | FieldSet
    | SuccessorNamed
    | ChildrenOnLedgers
    | AnswersOnLedgers
    | DistinctFrom
    | Waited
    | PredicateHolds
)
Clause = tuple[Atom, ...]


class TooLargeError(Exception):
    """A question would take more steps than we give it: the answer is `undetermined`."""


def disjunctive_normal_form(
    requirements: tuple[Requirement, ...], closes: frozenset[str] = frozenset()
) -> tuple[Clause, ...]:
    """Return every way to meet all of `requirements`, each once.

    Args:
        requirements: What a transition, or a guarantee, asks for.
        closes: The ledgers that the transition closes, which is what `children` is about.

    Raises:
        TooLargeError: There are more ways than we look at.
    """
    clauses: dict[Clause, None] = {(): None}
    for requirement in requirements:
        clauses = {
            tuple(dict.fromkeys((*clause, *more))): None
            for clause in clauses
            for more in _clauses_of(requirement, closes)
        }
        if len(clauses) > MOST_CLAUSES:
            raise TooLargeError
    return tuple(clauses)


def _clauses_of(requirement: Requirement, closes: frozenset[str]) -> tuple[Clause, ...]:
    match requirement:
        case AnyOf(any_of=choices):
            return tuple(
                clause for every in choices for clause in disjunctive_normal_form(every, closes)
            )
        case ChildrenClosed():
            return ((ChildrenOnLedgers(closes),),)
        case ChildForEach():
            return ((AnswersOnLedgers(requirement, closes),),)
        case _:
            return ((requirement,),)


def closed_ledgers(lifecycle: Lifecycle, source: str, transition: Transition) -> frozenset[str]:
    """Return the ledgers on which a transition closes a record, and its children bind it.

    What others than the force may do nationally, they bind on national ledgers alone.
    """
    states, national = lifecycle.states, lifecycle.national_ledgers
    closed = frozenset(newly_counting(states[source], states[transition.to], "closed"))
    is_free = national is not None and is_theirs(transition, lifecycle.roles)
    return closed.intersection(national or ()) if is_free else closed


def requirements_of(source: str, transition: Transition) -> tuple[Requirement, ...]:
    """Return all that a transition out of `source` needs, its time included."""
    if transition.after is None:
        return transition.requires
    since = PUBLISHED if transition.after.since == PUBLISHED else source
    return (*transition.requires, time_atom(transition.after, since))
