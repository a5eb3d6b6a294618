"""The closed language of guarantees: what a lifecycle promises, and the source that asks for it."""

from __future__ import annotations

from attrs import field, frozen

from peelflow.errors import NOWHERE, Span
from peelflow.model.requirements import Requirement


@frozen
class Where:
    """The states a guarantee speaks of: one by name, or all that count so on a ledger."""

    state: str | None = None
    ledger: str | None = None
    counts: str | None = None

    def __str__(self) -> str:
        return self.state or f"{self.ledger} {self.counts}"


@frozen
class NeverWithout:
    """`where` is never entered without `triggers`, each, in that order.

    They count since `where` was last left, or since the state `since` was entered.
    """

    where: Where
    triggers: tuple[str, ...]
    since: str | None = None


@frozen
class OnlyEnteredBy:
    """`where` is only entered by these roles."""

    where: Where
    roles: tuple[str, ...]


@frozen
class NeverUnmet:
    """`where` is never entered (by one of `roles`, or by anyone) without `requirement`."""

    where: Where
    requirement: Requirement
    roles: tuple[str, ...] = ()


@frozen
class NeverDoneBy:
    """`trigger` is never done by these roles."""

    trigger: str
    roles: tuple[str, ...]


@frozen
class AlwaysReachable:
    """`where` can always be reached."""

    where: Where


@frozen
class NeverFollowedBy:
    """`where` is never followed, at any later step, by `later`."""

    where: Where
    later: Where


@frozen
class TwoPeople:
    """Between `first` and `second` stand two different people."""

    first: str
    second: str


Promise = (
    NeverWithout
    | OnlyEnteredBy
    | NeverUnmet
    | NeverDoneBy
    | AlwaysReachable
    | NeverFollowedBy
    | TwoPeople
)


@frozen
class Guarantee:
    """A promise as the file words it (`that`), read (`promise`), and why (`because`)."""

    that: str
    because: str
    promise: Promise
    span: Span = field(default=NOWHERE, eq=False, repr=False)
