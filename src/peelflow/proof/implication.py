"""Decide whether requirements imply other requirements, on every act and every record.

The answer is exact on the closed vocabulary. Different `since` are different moments, in whatever
order; nothing about a lifecycle is assumed, so what follows only from the way a record came here is
not an implication. A predicate implies itself; what else hangs on one is undetermined.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from peelflow.model.requirements import PredicateHolds, Requirement
from peelflow.proof.clauses import Atom, Clause, TooLargeError, clauses
from peelflow.proof.moments import Known
from peelflow.proof.theory import possible
from peelflow.proof.verdicts import Verdict

MOST_STEPS = 20_000
Requirements = tuple[Requirement, ...]


@define
class Question:
    """Whether an act can meet one clause and not some requirement.

    Args:
        system: peelflow itself acts.
        known: What is known of the record's past.
        sure: Look only for acts that no predicate can rule out.
    """

    system: bool = False
    known: Known | None = None
    sure: bool = False
    steps: int = field(default=0, init=False)

    def unmet(self, clause: Clause, wanted: tuple[Clause, ...]) -> tuple[Atom, ...] | None:
        """Return atoms that an act can fail, so that it meets `clause` and no way of `wanted`.

        None when there is no such act.

        Raises:
            TooLargeError: The search takes too many steps.
        """
        if self.sure and any(isinstance(atom, PredicateHolds) for atom in clause):
            return None
        return self._search(clause, wanted, ())

    def _search(
        self, clause: Clause, wanted: tuple[Clause, ...], failed: tuple[Atom, ...]
    ) -> tuple[Atom, ...] | None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLargeError
        if not possible(clause, failed, system=self.system, known=self.known):
            return None
        if not wanted:
            return failed
        first, rest = wanted[0], wanted[1:]
        if any(atom in failed for atom in first):
            return self._search(clause, rest, failed)
        found = (self._search(clause, rest, (*failed, atom)) for atom in self._failing(first))
        return next((atoms for atoms in found if atoms is not None), None)

    def _failing(self, clause: Clause) -> Iterator[Atom]:
        return (atom for atom in clause if not (self.sure and isinstance(atom, PredicateHolds)))


def implies(
    given: Requirements,
    wanted: Requirements,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
) -> Verdict:
    """Say whether an act that meets all of `given` meets all of `wanted`.

    Args:
        given: What is required.
        wanted: What should follow.
        given_closes: The ledgers that the step requiring `given` closes, for `children`.
        wanted_closes: The same of the step requiring `wanted`.
    """
    verdicts = [
        implies_one(given, each, given_closes=given_closes, wanted_closes=wanted_closes)
        for each in wanted
    ]
    if "refuted" in verdicts:
        return "refuted"
    return "undetermined" if "undetermined" in verdicts else "proved"


def implies_one(
    given: Requirements,
    wanted: Requirement,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
) -> Verdict:
    """Say whether an act that meets all of `given` meets `wanted`."""
    try:
        ways = clauses(given, given_closes)
        asked = clauses((wanted,), wanted_closes)
        if all(Question().unmet(way, asked) is None for way in ways):
            return "proved"
        if any(Question(sure=True).unmet(way, asked) is not None for way in ways):
            return "refuted"
    except TooLargeError:
        return "undetermined"
    return "undetermined"


def can_be_met(requirements: Requirements) -> bool:
    """Say whether some act on some record meets all of `requirements`."""
    try:
        return any(possible(way, ()) for way in clauses(requirements))
    except TooLargeError:
        return True
