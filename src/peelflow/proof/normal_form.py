"""A normal form says requirements as clauses of atoms, as long as the requirements are.

The time of a timed step is one of the atoms, with the least and the most days that it comes to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Literal as OneOf
from typing import NamedTuple

from attrs import evolve, field

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
from peelflow.model.requirements import Atom as RequirementAtom
from peelflow.model.rules import (
    After,
    Lifecycle,
    Period,
    Transition,
    is_theirs,
    newly_counting,
    units_of,
)
from peelflow.proof.clause_search import Literal, Literals
from peelflow.results import define, frozen

INSPECTION_KINDS: tuple[OneOf["planned", "bespoke"], ...] = ("planned", "bespoke")

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


class Chosen(NamedTuple):
    """What a variable says: that at an event of a walk an atom is met, or that it is not."""

    atom: Atom
    met: bool
    event: int


@define(eq=False)
class NormalForm:
    """Requirements to meet, and others not to, as clauses: of each, one literal must hold.

    A variable says something of an atom, or stands for a whole alternative. So the clauses are as
    many as what was asked has parts; nothing is multiplied out.

    Attributes:
        clauses: The clauses, each a tuple of variables and negated variables.
        chosen: What each variable says; None for one that stands for an alternative.
    """

    clauses: list[Literals] = field(factory=list, init=False)
    chosen: list[Chosen | None] = field(factory=lambda: [None], init=False)
    _numbers: dict[Chosen, Literal] = field(factory=dict, init=False)

    def meet(
        self,
        requirements: Iterable[Requirement | Atom],
        closes: frozenset[str] = frozenset(),
        *,
        event: int = 0,
        unless: Literals = (),
    ) -> None:
        """Ask that all of these be met.

        Args:
            requirements: What a transition, or a guarantee, asks for.
            closes: The ledgers that the transition closes, which is what `children` is about.
            event: Which event of a walk meets them.
            unless: Literals of which each lifts what is asked.
        """
        for requirement in requirements:
            place, later = len(self.clauses), list[tuple[Literal, tuple[Requirement, ...]]]()
            self.clauses.append(())
            literals = self._met(requirement, closes, event, later)
            self.clauses[place] = (*unless, *literals)
            for variable, every in later:
                self.meet(every, closes, event=event, unless=(-variable,))

    def _met(
        self,
        requirement: Requirement | Atom,
        closes: frozenset[str],
        event: int,
        later: list[tuple[Literal, tuple[Requirement, ...]]],
    ) -> Iterator[Literal]:
        """Yield variables of which one is true where a requirement is met.

        What an alternative of several asks for besides is added to `later`.
        """
        match requirement:
            case AnyOf(any_of=choices):
                for every in choices:
                    if len(every) == 1:
                        yield from self._met(every[0], closes, event, later)
                    else:
                        later.append((self._new(None), every))
                        yield later[-1][0]
            case Evidence(signed_by=roles) if len(roles) > 1:
                for role in roles:
                    yield self._variable(evolve(requirement, signed_by=(role,)), event, met=True)
            case InspectionHeld(inspection="any"):
                for kind in INSPECTION_KINDS:
                    yield self._variable(evolve(requirement, inspection=kind), event, met=True)
            case _:
                yield self._variable(atom_on(requirement, closes), event, met=True)

    def fail(
        self,
        requirements: Iterable[Requirement | Atom],
        closes: frozenset[str] = frozenset(),
        *,
        event: int = 0,
        unless: Literals = (),
    ) -> None:
        """Ask that one of these at least be not met; the arguments are those of `meet`."""
        asked, literals = tuple(requirements), list(unless)
        later: list[tuple[Literals, tuple[Requirement, ...]]] = []
        for requirement in asked:
            if not isinstance(requirement, AnyOf):
                atom = atom_on(requirement, closes)
                literals.append(self._variable(atom, event, met=False))
                continue
            if len(asked) == 1:
                lifted = unless
            else:
                literals.append(self._new(None))
                lifted = (-literals[-1],)
            later += [(lifted, every) for every in requirement.any_of]
        if not later or len(asked) > 1:
            self.clauses.append(tuple(literals))
        for lifted, every in later:
            self.fail(every, closes, event=event, unless=lifted)

    def _variable(self, atom: Atom, event: int, *, met: bool) -> Literal:
        chosen = Chosen(atom, met, event)
        number = self._numbers.get(chosen)
        if number is None:
            number = self._numbers[chosen] = self._new(chosen)
            opposite = self._numbers.get(Chosen(atom, not met, event))
            if opposite is not None:
                self.clauses.append((-number, -opposite))
        return number

    def _new(self, chosen: Chosen | None) -> Literal:
        self.chosen.append(chosen)
        return len(self.chosen) - 1

    def where(self, is_so: Callable[[Chosen], bool]) -> Literals:
        """Return the variables that say something of an atom of which this is so."""
        every = enumerate(self.chosen)
        return tuple(number for number, said in every if said is not None and is_so(said))


def atom_on(requirement: RequirementAtom | Atom, closes: frozenset[str]) -> Atom:
    """Return an atom as it is on a step that closes these ledgers."""
    match requirement:
        case ChildrenClosed():
            return ChildrenOnLedgers(closes)
        case ChildForEach():
            return AnswersOnLedgers(requirement, closes)
        case _:
            return requirement


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
