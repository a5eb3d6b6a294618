"""What a proof remembers of a record besides its state: one bit a fact, and only facts asked for.

A fact says which of two moments is the later one, whether a state was ever entered, or who did a
trigger last. An event changes facts by two masks: it clears some bits and sets others.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from attrs import define, field, frozen

from peelflow.model.requirements import DistinctFrom, Evidence, InspectionHeld, Waited
from peelflow.model.rules import Transition
from peelflow.proof.clauses import Atom, Clause
from peelflow.proof.deeds import deeds_of
from peelflow.proof.moments import WINDOW, Known, Point, point_of


@frozen
class There:
    """The state was entered."""

    state: str


@frozen
class NotBefore:
    """`one` is there, and `other` is not, or not later than `one`."""

    one: Point
    other: Point


@frozen
class BySystem:
    """peelflow itself did the trigger last."""

    trigger: str


@frozen
class Did:
    """The trigger that a guarantee names was done; `system`: last by peelflow itself."""

    named: str
    system: bool = False


@frozen
class LastBy:
    """The trigger that a guarantee names was last done as `trigger`, which was not done since."""

    named: str
    trigger: str


Fact = There | NotBefore | BySystem | Did | LastBy
Guard = tuple[int, int]


@define(eq=False, slots=False)
class Facts:
    """The facts asked for, each with its bit."""

    bits: dict[Fact, int]
    _masks: dict[tuple[object, ...], tuple[int, int]] = field(factory=dict, init=False)

    @staticmethod
    def of(asked: Iterable[Fact]) -> Facts:
        """Number the facts."""
        return Facts({fact: 1 << place for place, fact in enumerate(dict.fromkeys(asked))})

    def at_first(self, initial: str) -> int:
        """Return the facts of a record that was just added."""
        return self._moved({WINDOW, point_of(initial)})[1]

    def after(
        self, way: Transition, *, system: bool, named: frozenset[str] = frozenset()
    ) -> tuple[int, int]:
        """Return the bits a transition keeps and those it sets.

        Args:
            way: The transition.
            system: peelflow itself takes it.
            named: The guarantee's words for its trigger.
        """
        if not self.bits:
            return -1, 0
        key = (deeds_of(way), way.to if way.to in self.states else "", way.answers is None, system)
        if (*key, named) not in self._masks:
            self._masks[*key, named] = self._after(way, system=system, named=named)
        return self._masks[*key, named]

    @cached_property
    def states(self) -> frozenset[str]:
        """The states whose entering some fact is about."""
        points = [point for fact in self.bits for point in _points(fact)]
        return frozenset(name for kind, name in points if kind == "entered")

    def _after(self, way: Transition, *, system: bool, named: frozenset[str]) -> tuple[int, int]:
        done: set[Point] = {("done", deed) for deed in deeds_of(way)}
        moved = {point_of(way.to), *done}
        cleared, put = self._moved({*moved, WINDOW} if way.answers is not None else moved)
        for fact, bit in self.bits.items():
            said = _said(fact, way, system=system, named=named)
            if said:
                put |= bit
            elif said is not None:
                cleared |= bit
        return ~cleared, put

    def _moved(self, points: set[Point]) -> tuple[int, int]:
        cleared = put = 0
        for fact, bit in self.bits.items():
            match fact:
                case There(state=state) if point_of(state) in points:
                    put |= bit
                case NotBefore(one=one) if one in points:
                    put |= bit
                case NotBefore(other=other) if other in points:
                    cleared |= bit
                case _:
                    pass
        return cleared, put

    def guard(self, clause: Clause, *, system: bool) -> Guard:
        """Return which bits must be set, and which must not be, for a clause to be met."""
        need = forbidden = 0
        for fact in facts_of(clause):
            if isinstance(fact, BySystem):
                forbidden |= self.bits[fact] if system else 0
            else:
                need |= self.bits[fact]
        return need, forbidden

    def known(self, points: Iterable[Point], triggers: Iterable[str], facts: int) -> Known:
        """Return what the bits say of these moments, and of who did these triggers."""
        there = [p for p in points if facts & self.bits.get(NotBefore(p, p), 0)]
        ranks = {
            one: sum(bool(facts & self.bits[NotBefore(one, other)]) for other in there)
            for one in there
        }
        system = frozenset(t for t in triggers if facts & self.bits[BySystem(t)])
        return Known(ranks, system)


def _points(fact: Fact) -> tuple[Point, ...]:
    match fact:
        case There(state=state):
            return (point_of(state),)
        case NotBefore(one=one, other=other):
            return (one, other)
        case _:
            return ()


def _said(fact: Fact, way: Transition, *, system: bool, named: frozenset[str]) -> bool | None:
    deeds = deeds_of(way)
    match fact:
        case BySystem(trigger=trigger) if trigger in deeds:
            return system
        case Did(named=name, system=by_system) if name in named:
            return system if by_system else True
        case LastBy(named=name, trigger=trigger):
            if name in named:
                return trigger in deeds
            return False if trigger in deeds else None
        case _:
            return None


def facts_of(clause: Iterable[Atom]) -> tuple[Fact, ...]:
    """Return the facts that decide whether atoms can be met."""
    found: list[Fact] = []
    for atom in clause:
        match atom:
            case Evidence(since=since) | InspectionHeld(since=since) if since is not None:
                found.append(There(since))
            case Waited(since=since) if since not in (None, "published"):
                found.append(There(str(since)))
            case DistinctFrom(distinct_from=trigger, since=since):
                found += [There(since)] if since is not None else []
                found += [NotBefore(("done", trigger), point_of(since)), BySystem(trigger)]
            case _:
                pass
    return tuple(found)


def order_of(points: Iterable[Point]) -> tuple[Fact, ...]:
    """Return the facts that put moments in order."""
    every = tuple(points)
    return tuple(NotBefore(one, other) for one in every for other in every)
