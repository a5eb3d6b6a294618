"""Is a record's history linear, judged from when each act began and ended?

A record is a counter: an act that is accepted writes the next number, one that is refused saw a
number. Such a history is linear if the acts can be put in one order in which each takes effect
between its beginning and its end. As numbers only grow, that order is known: a number is seen
behind the act that wrote it and before the one that wrote the next. So it is enough that no act
ended before another began that must stand before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Literal

from attrs import frozen

Kind = Literal["wrote", "saw"]


@frozen(order=True)
class Act:
    """What one act did with a record: it `wrote` a number, or `saw` one; times from one clock."""

    begun: int
    ended: int
    kind: Kind
    number: int

    @property
    def place(self) -> tuple[int, bool]:
        """Where the act stands in the only order there can be."""
        return self.number, self.kind == "saw"


def faults_in(acts: Iterable[Act], *, start: int = 0) -> tuple[str, ...]:
    """Return why a history from number `start` is not linear, nothing if it is."""
    every = sorted(acts)
    return (*_miscounted(every, start), *_out_of_time(every, start))


def _miscounted(acts: list[Act], start: int) -> Iterator[str]:
    written = sorted(act.number for act in acts if act.kind == "wrote")
    if written != list(range(start + 1, start + 1 + len(written))):
        yield f"the numbers written are {written}, not each once from {start + 1} on"
    known = {start, *written}
    for act in acts:
        if act.number not in known:
            yield f"number {act.number} was seen, and nobody wrote it"


def _out_of_time(acts: list[Act], start: int) -> Iterator[str]:
    ended = sorted(acts, key=lambda act: act.ended)
    last = Act(0, 0, "saw", start)
    at = 0
    for act in acts:  # by their beginnings
        while ended[at].ended < act.begun:
            last = max(last, ended[at], key=lambda each: each.place)
            at += 1
        if last.place > act.place:
            yield f"{act} began when {last} had ended"


def is_linear_by_trying(acts: Iterable[Act], *, start: int = 0) -> bool:
    """Say the same by trying every order: what the quick way is held to."""
    return any(_is_lawful(order, start) for order in permutations(acts))


def _is_lawful(order: tuple[Act, ...], start: int) -> bool:
    number = start
    for at, act in enumerate(order):
        if any(later.ended < act.begun for later in order[at + 1 :]):
            return False
        if act.number != number + (act.kind == "wrote"):
            return False
        number = act.number
    return True
