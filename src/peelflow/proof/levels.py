"""How near a walk has come to breaking a guarantee: a level, the lower the nearer."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from peelflow.proof.board import Board, Edge


@frozen(eq=False)
class Levels:
    """What each edge does to the level of a walk.

    Args:
        rise: For each edge, the level it leads to from each level.
        breach: For each edge, the highest level at which taking it is a breach; -1 for none.
        start: The level of a new record.
    """

    rise: tuple[tuple[int, ...], ...]
    breach: tuple[int, ...]
    start: int

    def only(self, edges: Iterable[Edge]) -> Levels:
        """Return the same levels, where only these edges can be a breach."""
        kept = {edge.number for edge in edges}
        breach = (level if n in kept else -1 for n, level in enumerate(self.breach))
        return evolve(self, breach=tuple(breach))


def after_each(
    named: tuple[str, ...],
    words: list[frozenset[str]],
    board: Board,
    inside: frozenset[int],
    begun: frozenset[int] | None,
) -> Levels:
    """Return the levels of `never without [named], each, in that order`.

    Level 0 is that nothing counts yet, level 1 + n that the first n were done.

    Args:
        named: The triggers.
        words: For each edge, the names of its trigger.
        board: The lifecycle in numbers.
        inside: The states not to be entered without.
        begun: The states whose entering starts the count; leaving `inside` does when it is None.
    """
    last = len(named) + 1
    rise: list[tuple[int, ...]] = []
    breach: list[int] = []
    again = (1,) * (last + 1)
    for edge, said in zip(board.edges, words, strict=True):
        onward = {place + 1 for place, name in enumerate(named) if name in said}
        done = tuple(level + (level in onward) for level in range(last + 1))
        enters = edge.target in inside and edge.source not in inside
        breach.append(last - 1 - (last - 1 in onward) if enters else -1)
        if begun is None:
            starts = edge.source in inside and edge.target not in inside
        else:
            starts = edge.target in begun and edge.source not in begun
        rise.append(again if starts else done)
    start = int(begun is None or board.initial in begun)
    return Levels(tuple(rise), tuple(breach), start)


def ever_after(board: Board, first: frozenset[int], later: frozenset[int]) -> Levels:
    """Return the levels of `first is never followed by later`: 0 once a record stood in `first`."""
    return Levels(
        tuple((0, 0 if edge.target in first else 1) for edge in board.edges),
        tuple(0 if edge.target in later else -1 for edge in board.edges),
        0 if board.initial in first else 1,
    )
