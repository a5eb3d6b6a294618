"""Say which states a goal names: a state, or every state that counts so on a ledger."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from peelflow.errors import RequestRefused
from peelflow.model.requirements import one_of
from peelflow.model.rules import Lifecycle, State

COUNTS = ("open", "closed")


@frozen
class Goal:
    """A goal in words, and its states; the first set that can be reached at all is meant."""

    words: str
    states: tuple[frozenset[str], ...]


def goal_of(lifecycle: Lifecycle, to: str, *, ledger: str) -> Goal:
    """Return what `to` means under a lifecycle.

    `open` and `closed` are ways of counting on the ledger. Where a state has that very name, the
    way leads there rather than by a side door, if it can. Any other word is a state's name.

    Raises:
        RequestRefused: No state is called so or counts so.
    """
    states = lifecycle.states
    if to in COUNTS:
        counting = [name for name, state in states.items() if state.counts_as.get(ledger) == to]
        if counting:
            return Goal(f"{to} on the ledger {ledger}", preferred(counting, to))
    if to in states:
        return Goal(f"`{to}`", (frozenset({to}),))
    counted = sorted(
        {f"{how} on {name}" for one in states.values() for name, how in one.counts_as.items()}
    )
    why = f"is no state of {lifecycle}, and none counts so on the ledger {ledger!r}"
    instead = f"use {one_of(tuple(states))}" + "".join(f", or {each}" for each in counted)
    raise RequestRefused(f"the goal {to!r}", why, instead)


def closed_on(lifecycle: Lifecycle, ledgers: tuple[str, ...]) -> Goal:
    """Return the states that count closed on `ledgers`, on all of their own if it is empty."""
    names = [
        name
        for name, state in lifecycle.states.items()
        if all(state.counts_as.get(one) == "closed" for one in ledgers or state.counts_as)
    ]
    where = f"on the ledger {' and '.join(ledgers)}" if ledgers else "wherever it counts"
    return Goal(f"closed {where}", preferred(names, "closed"))


def not_closed_on(lifecycle: Lifecycle, ledgers: Iterable[str]) -> Goal:
    """Return the states that count closed on none of `ledgers`."""
    closed = frozenset(ledgers)
    names = frozenset(
        name
        for name, state in lifecycle.states.items()
        if not closed.intersection(closed_ledgers(state))
    )
    return Goal(f"no longer closed on the ledger {' and '.join(sorted(closed))}", (names,))


def not_open_on(lifecycle: Lifecycle, ledgers: Iterable[str]) -> Goal:
    """Return the states that count open on none of `ledgers`, those that end before others."""
    names = [
        name
        for name, state in lifecycle.states.items()
        if all(state.counts_as.get(one) != "open" for one in ledgers)
    ]
    where = " and ".join(sorted(ledgers))
    return Goal(f"no longer open on the ledger {where}", preferred(names, "closed"))


def closed_ledgers(state: State) -> frozenset[str]:
    """Return the ledgers on which a state counts closed."""
    return frozenset(name for name, counts in state.counts_as.items() if counts == "closed")


def preferred(names: Iterable[str], name: str) -> tuple[frozenset[str], ...]:
    """Return the state of that name alone, where it is one of them, before all of them."""
    every = frozenset(names)
    first = every.intersection({name})
    return (first, every) if first and first != every else (every,)
