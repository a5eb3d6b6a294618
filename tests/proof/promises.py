"""What the promises of guarantees mean, told naively of a whole walk."""

from __future__ import annotations

from typing import NamedTuple

from peelflow.model.rules import (
    Lifecycle,
    NeverDoneBy,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    StateSet,
    Transition,
)


class Move(NamedTuple):
    """One event of a walk: the names of its trigger, where it led, who did it."""

    words: frozenset[str]
    old: str
    new: str
    role: str
    person: str


def standing(where: StateSet, lifecycle: Lifecycle) -> frozenset[str]:
    """Return the states that a promise speaks of."""
    if where.state is not None:
        return frozenset({where.state})
    return frozenset(
        name
        for name, state in lifecycle.states.items()
        if state.counts_as.get(str(where.ledger)) == where.counts
    )


def words_of(lifecycle: Lifecycle, rule: Transition) -> frozenset[str]:
    """Return what a promise may call a transition: what it answers, or its own name."""
    answered = {r.implements for state in lifecycle.states.values() for r in state.transitions}
    own = {rule.trigger} - answered
    return frozenset(own | ({rule.implements} if rule.implements else set()))


def enters(move: Move, inside: frozenset[str]) -> bool:
    """Say whether a move comes in from outside."""
    return move.new in inside and move.old not in inside


def breaks(promise: Promise, lifecycle: Lifecycle, moves: tuple[Move, ...]) -> bool:
    """Say whether the last move of a walk breaks a promise."""
    last = moves[-1]
    match promise:
        case OnlyEnteredBy(where=where, roles=roles):
            return enters(last, standing(where, lifecycle)) and last.role not in roles
        case NeverDoneBy(trigger=trigger, roles=roles):
            return trigger in last.words and last.role in roles
        case NeverEnteredWithoutSteps(where=where, triggers=triggers):
            inside = standing(where, lifecycle)
            return enters(last, inside) and not _in_order(
                triggers, _counting(promise, lifecycle, moves)
            )
        case NeverFollowedBy(where=where, later=later):
            first = standing(where, lifecycle)
            before = {lifecycle.initial, *(move.new for move in moves[:-1])}
            return last.new in standing(later, lifecycle) and not before.isdisjoint(first)
        case SeparationOfDuties(first=first_, second=second):
            done = [move.person for move in moves[:-1] if first_ in move.words]
            return second in last.words and done[-1:] == [last.person]
        case _:
            return False


def _counting(
    promise: NeverEnteredWithoutSteps, lifecycle: Lifecycle, moves: tuple[Move, ...]
) -> tuple[Move, ...]:
    """Return the moves that count for `without`: those since its beginning."""
    inside = standing(promise.where, lifecycle)
    for place in range(len(moves) - 2, -1, -1):
        move = moves[place]
        left = move.old in inside and move.new not in inside
        if left if promise.since is None else enters(move, frozenset({promise.since})):
            return moves[place + 1 :]
    return moves if promise.since in (None, lifecycle.initial) else ()


def _in_order(triggers: tuple[str, ...], moves: tuple[Move, ...]) -> bool:
    wanted = list(triggers)
    for move in moves:
        if wanted and wanted[0] in move.words:
            wanted.pop(0)
    return not wanted


def remembered(promise: Promise, lifecycle: Lifecycle, moves: tuple[Move, ...]) -> object:
    """Return what of a walk's past a promise can still look at."""
    match promise:
        case NeverEnteredWithoutSteps(where=where, since=since):
            inside = standing(where, lifecycle)
            dummy = Move(frozenset(), "", "", "", "")
            counting = _counting(promise, lifecycle, (*moves, dummy))[:-1]
            begun = since is None or bool(counting) or _has_begun(promise, lifecycle, moves)
            words = tuple(w for m in counting if (w := m.words & set(promise.triggers)))
            return words[:6], begun, bool(moves) and moves[-1].new in inside
        case NeverFollowedBy(where=where):
            return not {lifecycle.initial, *(m.new for m in moves)}.isdisjoint(
                standing(where, lifecycle)
            )
        case SeparationOfDuties(first=first):
            return tuple(m.person for m in moves if first in m.words)[-1:]
        case _:
            return None


def _has_begun(
    promise: NeverEnteredWithoutSteps, lifecycle: Lifecycle, moves: tuple[Move, ...]
) -> bool:
    since = frozenset({str(promise.since)})
    return lifecycle.initial in since or any(enters(move, since) for move in moves)
