"""A decision procedure says whether an act can meet requirements, and what they imply.

The answer is exact on the closed vocabulary: what an act says (a reason, a successor), what a
record holds (fields, documents), one inspection, children, and time points in order. Of two events
the later one has the greater number and no earlier date. Different `since` are different time
points, in whatever order; nothing about a lifecycle is assumed, so what follows only from the way
a record came here is not an implication. A predicate implies itself; what else depends on one is
undetermined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise, product
from typing import Literal, TypeVar

from attrs import define, field, frozen

from peelflow.model.requirements import (
    PUBLISHED,
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
from peelflow.proof.normal_form import (
    AnswersOnLedgers,
    Atom,
    ChildrenOnLedgers,
    Clause,
    PeriodWaited,
    TooLargeError,
    disjunctive_normal_form,
    longest_days,
)

Verdict = Literal["proved", "refuted", "undetermined"]
TimePoint = tuple[Literal["window", "entered", "done"], str]
WINDOW: TimePoint = ("window", "")


def time_point(since: str | None) -> TimePoint:
    """Return the moment that `since` names: the window when it names none."""
    return WINDOW if since is None else ("entered", since)


def window_start(atom: Atom | Requirement) -> TimePoint | None:
    """Return the moment from which an atom counts, None where it counts from none of a walk."""
    match atom:
        case Waited(since=since) if since == PUBLISHED:
            return None
        case Evidence() | InspectionHeld() | DistinctFrom() | Waited():
            return time_point(atom.since)
        case _:
            return None


@frozen
class KnownPast:
    """What is known of a record's past: its moments by rank (those that never were are missing).

    `by_system` are the triggers that peelflow itself did last. `waits` are days that lay at least
    between two ranks, the earlier one first.
    """

    ranks: Mapping[TimePoint, int]
    by_system: frozenset[str] = frozenset()
    waits: tuple[tuple[int, int, int], ...] = ()


@define
class DifferenceConstraints:
    """Constraints on moments, each told by how many days ago it was."""

    least: dict[TimePoint, int] = field(factory=dict)
    most: dict[TimePoint, int] = field(factory=dict)
    earlier: set[tuple[TimePoint, TimePoint, int]] = field(factory=set)

    def at_least(self, point: TimePoint, days: int) -> None:
        """`point` was `days` ago, or longer."""
        self.least[point] = max(days, self.least.get(point, 0))

    def at_most(self, point: TimePoint, days: int) -> None:
        """`point` was `days` ago, or less."""
        self.most[point] = min(days, self.most.get(point, days))

    def before(self, one: TimePoint, other: TimePoint, days: int = 0) -> None:
        """`one` is another event than `other`, before it, by `days` or more."""
        self.earlier.add((one, other, days))

    def can_be(self, known: KnownPast | None) -> bool:
        """Say whether some history has its moments so; `known` may fix which came first."""
        if known is None:
            return _is_acyclic(self.earlier) and _has_solution(self.least, self.most, self.earlier)
        ranks = known.ranks
        if any(ranks[one] >= ranks[other] for one, other, _ in self.earlier):
            return False
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        for point, days in self.least.items():
            least[ranks[point]] = max(days, least.get(ranks[point], 0))
        for point, days in self.most.items():
            most[ranks[point]] = min(days, most.get(ranks[point], days))
        line = sorted({*ranks.values(), *(rank for wait in known.waits for rank in wait[:2])})
        edges = [(one, other, 0) for one, other in pairwise(line)]
        edges += [(ranks[one], ranks[other], days) for one, other, days in self.earlier]
        # The latest moments first: then one look at each edge is enough.
        edges = sorted([*edges, *known.waits], key=lambda edge: edge[1], reverse=True)
        return _has_solution(least, most, edges)


P = TypeVar("P")


def _has_solution(
    least: Mapping[P, int], most: Mapping[P, int], earlier: Iterable[tuple[P, P, int]]
) -> bool:
    """Find how many days ago each moment was at the least, and compare with the most."""
    ago, edges = dict(least), tuple(earlier)
    moved = True
    # INVARIANT: `earlier` has no cycle, so the days stop growing.
    while moved:
        moved = False
        for one, other, days in edges:
            if ago.get(one, 0) < ago.get(other, 0) + days:
                ago[one], moved = ago.get(other, 0) + days, True
    return all(ago.get(point, 0) <= days for point, days in most.items())


def _is_acyclic(earlier: Iterable[tuple[TimePoint, TimePoint, int]]) -> bool:
    left = {(one, other) for one, other, _ in earlier}
    while left:
        later = {other for _, other in left}
        kept = {(one, other) for one, other in left if one in later}
        if len(kept) == len(left):
            return False
        left = kept
    return True


QUESTION_FIELD = "question"
_INSPECTION_KINDS = ("planned", "bespoke")


def satisfiable(
    met: Iterable[Atom],
    unmet: Iterable[Atom],
    *,
    by_system: bool = False,
    known: KnownPast | None = None,
) -> bool:
    """Say whether an act can meet all of `met` and none of `unmet`.

    Args:
        met: Atoms that hold.
        unmet: Atoms that do not.
        by_system: peelflow itself acts: with no reason, successor, inspection or offered document.
        known: Which moments there were, in which order; any past at all when it is None.
    """
    held, lacking = tuple(dict.fromkeys(met)), tuple(dict.fromkeys(unmet))
    if any(atom in held for atom in lacking) or _has_contradictory_wait(held, lacking):
        return False
    by_person = ReasonGiven | SuccessorNamed | InspectionHeld
    if by_system and any(isinstance(atom, by_person) for atom in held):
        return False
    # INVARIANT: of a past that is not known, there are as few moments as `held` allows.
    asked = {window_start(atom) for atom in held} - {None, WINDOW}
    points = {None, WINDOW, *(asked if known is None else known.ranks)}
    if not asked <= points:
        return False
    lacking = tuple(atom for atom in lacking if window_start(atom) in points)
    return (
        _are_fields_satisfiable(held, lacking)
        and _are_children_satisfiable(held, lacking)
        and _are_people_satisfiable(held, lacking, by_system=by_system, known=known)
        and _are_times_satisfiable(held, lacking, known)
    )


def _has_contradictory_wait(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Say whether a time that is not to have passed has, as a longer one of its unit has."""
    waits = [atom for atom in held if isinstance(atom, Waited)]
    lapses = (atom for atom in lacking if isinstance(atom, PeriodWaited))
    return any(lapse.follows_from(wait) for lapse in lapses for wait in waits)


def _are_fields_satisfiable(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Fields, and what rests on them: days since publication, the question of an inspection.

    A field may say several choices at once, as a list does, and others than those asked for.
    """
    set_, waited = set[str](), 0
    published = False
    for atom in held:
        match atom:
            case FieldSet(field=name):
                set_.add(name)
            case Waited(waited=days, since=since) if since == PUBLISHED:
                waited, published = max(waited, days) if published else days, True
                set_.add(PUBLISHED)
            case InspectionHeld(relevant=True):
                set_.add(QUESTION_FIELD)
            case AnswersOnLedgers(asked=asked):
                set_.add(asked.names)
            case _:
                pass
    for atom in lacking:
        match atom:
            case FieldSet(field=name, has=None) if name in set_:
                return False
            case Waited(since=since) if since == PUBLISHED:
                most = longest_days(atom)
                if published and most is not None and most <= waited:
                    return False
            case _:
                pass
    return True


def _are_children_satisfiable(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Children, closed on what is asked for, and the records that they answer."""
    closing = [
        atom.closes for atom in held if isinstance(atom, ChildrenOnLedgers | AnswersOnLedgers)
    ]
    closed = frozenset[str]().union(*closing)

    def shut(ledgers: frozenset[str]) -> bool:
        return ledgers <= closed if ledgers else frozenset() in closing

    some = any(isinstance(atom, ChildrenOnLedgers) for atom in held)
    for atom in lacking:
        if isinstance(atom, AnswersOnLedgers):
            if shut(atom.closes) and _has_every_answer(atom, held, by=atom.asked.children):
                return False
            # INVARIANT: where each has an answer, only some child can leave this unmet.
            some = some or _has_every_answer(atom, held)
    # INVARIANT: without `children` to meet there need be none, and then no `children` is met.
    refused = [atom.closes for atom in lacking if isinstance(atom, ChildrenOnLedgers)]
    return not some or not any(map(shut, refused))


def _has_every_answer(
    atom: AnswersOnLedgers, held: Iterable[Atom], *, by: str | None = None
) -> bool:
    """Say whether each record that an atom asks for has an answer, by a field if one is named."""
    asked = atom.asked
    answered = {
        category
        for other in held
        if isinstance(other, AnswersOnLedgers) and by in (None, other.asked.children)
        if (other.asked.whose, other.asked.names) == (asked.whose, asked.names)
        for category in other.asked.for_each
    }
    return answered.issuperset(asked.for_each)


def _are_people_satisfiable(
    held: tuple[Atom, ...], lacking: tuple[Atom, ...], *, by_system: bool, known: KnownPast | None
) -> bool:
    """People who did things before, where it is known which those are."""
    if known is None:
        return True
    ranks = known.ranks
    others = {atom.distinct_from for atom in held if isinstance(atom, DistinctFrom)}
    for atom in (*held, *lacking):
        if not isinstance(atom, DistinctFrom):
            continue
        trigger = atom.distinct_from
        done = ranks.get(("done", trigger))
        within = done is not None and done >= ranks[time_point(atom.since)]
        done_by_system = trigger in known.by_system
        if atom in held:
            if not within or (by_system and done_by_system):
                return False
        elif within and (trigger in others or done_by_system != by_system):
            return False
    return True


def _are_times_satisfiable(
    held: tuple[Atom, ...], lacking: tuple[Atom, ...], known: KnownPast | None
) -> bool:
    """Find an inspection and signers with which the moments can be put in order."""
    inspections = [atom for atom in held if isinstance(atom, InspectionHeld)]
    letters = [atom for atom in held if isinstance(atom, Evidence)]
    signers = [_possible_signers(letter, lacking) for letter in letters]
    for kind, *signed in product(_inspection_kinds(inspections), *signers):
        order = DifferenceConstraints()
        _constrain_waits(order, held, lacking)
        if known is None:
            _constrain_distinct(order, held, lacking)
        _constrain_inspection(order, inspections, lacking, kind or "")
        for letter, signer in zip(letters, signed, strict=True):
            _constrain_document(order, letter, lacking, signer)
        if order.can_be(known):
            return True
    return False


def _constrain_waits(
    order: DifferenceConstraints, held: Iterable[Atom], lacking: Iterable[Atom]
) -> None:
    for atom in held:
        if isinstance(atom, Waited) and atom.since != PUBLISHED:
            order.at_least(time_point(atom.since), atom.waited)
    for atom in lacking:
        if isinstance(atom, Waited) and atom.since != PUBLISHED:
            most = longest_days(atom)
            if most is not None:
                order.at_most(time_point(atom.since), most - 1)


def _constrain_distinct(
    order: DifferenceConstraints, held: Iterable[Atom], lacking: Iterable[Atom]
) -> None:
    """Another person did it, in every window asked for, so before every window refused."""
    for asked, refused in product(held, lacking):
        if (
            isinstance(asked, DistinctFrom)
            and isinstance(refused, DistinctFrom)
            and asked.distinct_from == refused.distinct_from
        ):
            order.before(time_point(asked.since), time_point(refused.since))


def _inspection_kinds(inspections: list[InspectionHeld]) -> tuple[str, ...]:
    """Return what the act's one inspection can be: nothing that two kinds would have to be."""
    named = {atom.inspection for atom in inspections} - {"any"}
    if not named:
        return _INSPECTION_KINDS if inspections else ("none",)
    return tuple(named) if len(named) == 1 else ()


def _constrain_inspection(
    order: DifferenceConstraints, held: list[InspectionHeld], lacking: Iterable[Atom], kind: str
) -> None:
    """The inspection ended late enough for `held`, and so too early for what it must not meet."""
    relevant = any(atom.relevant for atom in held)
    for atom in lacking:
        if (
            isinstance(atom, InspectionHeld)
            and atom.inspection in ("any", kind)
            and relevant >= atom.relevant
        ):
            for other in held:
                order.before(time_point(other.since), time_point(atom.since), 1)


def _possible_signers(letter: Evidence, lacking: Iterable[Atom]) -> tuple[str | None, ...]:
    """Return who may have signed a document: somebody nothing else asks for, if there is one."""
    if not letter.signed_by:
        return (None,)
    kind = letter.evidence
    others = [a for a in lacking if isinstance(a, Evidence) and a.evidence == kind]
    refused = {role for atom in others for role in atom.signed_by}
    free = tuple(role for role in letter.signed_by if role not in refused)
    return free[:1] or letter.signed_by


def _constrain_document(
    order: DifferenceConstraints, letter: Evidence, lacking: Iterable[Atom], signer: str | None
) -> None:
    """The document came just after its window began, so not after what it must not meet."""
    for atom in lacking:
        if (
            isinstance(atom, Evidence)
            and atom.evidence == letter.evidence
            and (not atom.signed_by or signer in atom.signed_by)
        ):
            order.before(time_point(letter.since), time_point(atom.since))


MOST_STEPS = 20_000
Requirements = tuple[Requirement, ...]


@define
class CountermodelSearch:
    """Whether an act can meet one clause and not some requirement.

    Args:
        by_system: peelflow itself acts.
        known: What is known of the record's past.
        must: Look only for acts that no predicate can rule out.
    """

    by_system: bool = False
    known: KnownPast | None = None
    must: bool = False
    steps: int = field(default=0, init=False)

    def unmet(self, clause: Clause, wanted: tuple[Clause, ...]) -> tuple[Atom, ...] | None:
        """Return atoms that an act can fail to meet `clause` and no way of `wanted`, if one can.

        Raises:
            TooLargeError: The search takes too many steps.
        """
        if self.must and any(isinstance(atom, PredicateHolds) for atom in clause):
            return None
        return self._search(clause, wanted, ())

    def _search(
        self, clause: Clause, wanted: tuple[Clause, ...], failed: tuple[Atom, ...]
    ) -> tuple[Atom, ...] | None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLargeError
        if not satisfiable(clause, failed, by_system=self.by_system, known=self.known):
            return None
        if not wanted:
            return failed
        first, rest = wanted[0], wanted[1:]
        if any(atom in failed for atom in first):
            return self._search(clause, rest, failed)
        for atom in first:
            if not (self.must and isinstance(atom, PredicateHolds)):
                atoms = self._search(clause, rest, (*failed, atom))
                if atoms is not None:
                    return atoms
        return None


def implies(
    given: Requirements,
    wanted: Requirements,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
) -> Verdict:
    """Say whether an act that meets all of `given` meets all of `wanted`.

    `given_closes` and `wanted_closes` are the ledgers that the step requiring them closes.
    """
    closes = {"given_closes": given_closes, "wanted_closes": wanted_closes}
    verdicts = [implies_one(given, requirement, **closes) for requirement in wanted]
    if "refuted" in verdicts:
        return "refuted"
    return "undetermined" if "undetermined" in verdicts else "proved"


@lru_cache(maxsize=4096)
def implies_one(
    given: Requirements,
    wanted: Requirement,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
) -> Verdict:
    """Say whether an act that meets all of `given` meets `wanted`."""
    try:
        clauses = disjunctive_normal_form(given, given_closes)
        asked = disjunctive_normal_form((wanted,), wanted_closes)
        if all(CountermodelSearch().unmet(clause, asked) is None for clause in clauses):
            return "proved"
        searches = (CountermodelSearch(must=True).unmet(clause, asked) for clause in clauses)
        if any(failed is not None for failed in searches):
            return "refuted"
    except TooLargeError:
        pass
    return "undetermined"


def satisfiable_clauses(
    requirements: Requirements, closes: frozenset[str] = frozenset(), *, by_system: bool = False
) -> tuple[Clause, ...] | None:
    """Return the ways to meet requirements that some act has; None when they are too many."""
    try:
        clauses = disjunctive_normal_form(requirements, closes)
    except TooLargeError:
        return None
    return tuple(clause for clause in clauses if satisfiable(clause, (), by_system=by_system))


def can_be_met(requirements: Requirements, *, by_system: bool = False) -> bool:
    """Say whether some act on some record meets all of `requirements`, or may."""
    return satisfiable_clauses(requirements, by_system=by_system) != ()
