"""A decision procedure says whether an act can meet requirements, and what they imply.

The answer is exact on the closed vocabulary: what an act says (a reason, a successor), what a
record holds (fields, documents), one inspection, children, and time points in order. Of two events
the later one has the greater number and no earlier date. Different `since` are different time
points, in whatever order; nothing about a lifecycle is assumed, so what follows only from the way
a record came here is not an implication. A predicate implies itself; what else depends on one is
undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise, product
from typing import Literal as OneOf
from typing import TypeVar

from attrs import field

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
from peelflow.proof.budget import Budget
from peelflow.proof.clause_search import ClauseSearch, Literal, Literals
from peelflow.proof.normal_form import (
    AnswersOnLedgers,
    Atom,
    ChildrenOnLedgers,
    Chosen,
    NormalForm,
    PeriodWaited,
    longest_days,
)
from peelflow.results import define, frozen

Atoms = tuple[Atom, ...]
Verdict = OneOf["proved", "refuted", "undetermined"]
TimePoint = tuple[OneOf["window", "entered", "done"], str]
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


P = TypeVar("P")
A = TypeVar("A", bound=Atom)


@define
class DifferenceConstraints:
    """Constraints on moments, each told by how many days ago it was."""

    budget: Budget = field(factory=Budget)
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
            return self._is_acyclic() and self._has_solution(self.least, self.most, self.earlier)
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
        return self._has_solution(least, most, edges)

    def _has_solution(
        self, least: Mapping[P, int], most: Mapping[P, int], earlier: Iterable[tuple[P, P, int]]
    ) -> bool:
        """Find how many days ago each moment was at the least, and compare with the most."""
        ago, edges = dict(least), tuple(earlier)
        moved = True
        # INVARIANT: `earlier` has no cycle, so the days stop growing.
        while moved:
            moved = False
            self.budget.spend(len(edges))
            for one, other, days in edges:
                if ago.get(one, 0) < ago.get(other, 0) + days:
                    ago[one], moved = ago.get(other, 0) + days, True
        return all(ago.get(point, 0) <= days for point, days in most.items())

    def _is_acyclic(self) -> bool:
        left = {(one, other) for one, other, _ in self.earlier}
        while left:
            self.budget.spend(len(left))
            later = {other for _, other in left}
            kept = {(one, other) for one, other in left if one in later}
            if len(kept) == len(left):
                return False
            left = kept
        return True


QUESTION_FIELD = "question"


@define(eq=False)
class ActTheory:
    """What one act can say, and one record hold, at once.

    Args:
        budget: What each look at an atom is spent from.
        by_system: peelflow itself acts: with no reason, successor, inspection or offered document.
        known: Which moments there were, in which order; any past at all when it is None.
    """

    budget: Budget = field(factory=Budget)
    by_system: bool = False
    known: KnownPast | None = None

    def allows(self, said: Iterable[Chosen]) -> bool:
        """Say whether an act can have its atoms so.

        Args:
            said: Atoms that hold, and others that do not.
        """
        held, lacking = list[Atom](), list[Atom]()
        for chosen in said:
            (held if chosen.met else lacking).append(chosen.atom)
        return self.is_consistent(tuple(held), tuple(lacking))

    def is_consistent(self, held: Atoms, lacking: Atoms) -> bool:
        """Say whether an act can meet all of `held` and none of `lacking`.

        Args:
            held: Atoms, each letter with one signer and each inspection of one kind.
            lacking: Any atoms.
        """
        # What is looked up among `held` for each of these is the longest work here.
        answers = sum(isinstance(atom, AnswersOnLedgers) for atom in lacking)
        self.budget.spend(len(held) * (answers + 1) + len(lacking) + 1)
        if self.by_system and any(isinstance(atom, BY_PERSON) for atom in held):
            return False
        kinds = {atom.inspection for atom in held if isinstance(atom, InspectionHeld)}
        if len(kinds) > 1 or not {*held}.isdisjoint(lacking):
            return False
        # INVARIANT: of a past that is not known, there are as few moments as `held` allows.
        asked = {window_start(atom) for atom in held} - {None, WINDOW}
        points = {None, WINDOW, *(asked if self.known is None else self.known.ranks)}
        if not asked <= points:
            return False
        lacking = tuple(atom for atom in lacking if window_start(atom) in points)
        return (
            not _has_contradictory_wait(held, lacking)
            and _are_fields_satisfiable(held, lacking)
            and _are_children_satisfiable(held, lacking)
            and self._are_people_satisfiable(held, lacking)
            and self._are_times_satisfiable(held, lacking)
        )

    def _are_people_satisfiable(self, held: Atoms, lacking: Atoms) -> bool:
        """People who did things before, where it is known which those are."""
        if self.known is None:
            return True
        ranks = self.known.ranks
        others = {atom.distinct_from for atom in held if isinstance(atom, DistinctFrom)}
        for place, atom in enumerate((*held, *lacking)):
            if not isinstance(atom, DistinctFrom):
                continue
            trigger = atom.distinct_from
            done = ranks.get(("done", trigger))
            within = done is not None and done >= ranks[time_point(atom.since)]
            done_by_system = trigger in self.known.by_system
            if place < len(held):
                if not within or (self.by_system and done_by_system):
                    return False
            elif within and (trigger in others or done_by_system != self.by_system):
                return False
        return True

    def _are_times_satisfiable(self, held: Atoms, lacking: Atoms) -> bool:
        """Put the moments in an order that suits the inspection, the documents and the waits."""
        order = DifferenceConstraints(self.budget)
        _constrain_waits(order, held, lacking)
        if self.known is None:
            _constrain_distinct(order, held, lacking)
        _constrain_inspection(order, held, lacking)
        _constrain_documents(order, held, lacking)
        return order.can_be(self.known)


BY_PERSON = ReasonGiven | SuccessorNamed | InspectionHeld


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
    refused = _by_name((a.distinct_from, a) for a in lacking if isinstance(a, DistinctFrom))
    for atom in held:
        if isinstance(atom, DistinctFrom):
            others = refused.get(atom.distinct_from, ())
            order.budget.spend(len(others))
            for other in others:
                order.before(time_point(atom.since), time_point(other.since))


def _constrain_inspection(
    order: DifferenceConstraints, held: Iterable[Atom], lacking: Iterable[Atom]
) -> None:
    """The inspection ended late enough for `held`, and so too early for what it must not meet."""
    asked = [atom for atom in held if isinstance(atom, InspectionHeld)]
    kinds = {"any", *(atom.inspection for atom in asked)}
    relevant = any(atom.relevant for atom in asked)
    begun = {time_point(atom.since) for atom in asked}
    refused = {
        time_point(atom.since)
        for atom in lacking
        if isinstance(atom, InspectionHeld)
        and atom.inspection in kinds
        and relevant >= atom.relevant
    }
    order.budget.spend(len(begun) * len(refused))
    for one, other in product(begun, refused):
        order.before(one, other, 1)


def _constrain_documents(
    order: DifferenceConstraints, held: Iterable[Atom], lacking: Iterable[Atom]
) -> None:
    """A document came just after its window began, so not after what it must not meet."""
    refused = _by_name((atom.evidence, atom) for atom in lacking if isinstance(atom, Evidence))
    for letter in held:
        if isinstance(letter, Evidence):
            others = refused.get(letter.evidence, ())
            order.budget.spend(len(others))
            for other in others:
                if not other.signed_by or {*letter.signed_by} & {*other.signed_by}:
                    order.before(time_point(letter.since), time_point(other.since))


def _by_name(named: Iterable[tuple[str, A]]) -> dict[str, list[A]]:
    """Return atoms by the document or the trigger that they name."""
    atoms: dict[str, list[A]] = {}
    for name, atom in named:
        atoms.setdefault(name, []).append(atom)
    return atoms


def satisfiable(
    met: Iterable[Atom],
    unmet: Iterable[Atom],
    *,
    by_system: bool = False,
    known: KnownPast | None = None,
    budget: Budget | None = None,
) -> bool:
    """Say whether an act can meet all of `met` and none of `unmet`.

    Args:
        met: Atoms that hold.
        unmet: Atoms that do not.
        by_system: peelflow itself acts: with no reason, successor, inspection or offered document.
        known: Which moments there were, in which order; any past at all when it is None.
        budget: What the search may spend.
    """
    form = NormalForm()
    form.meet(met)
    for atom in unmet:
        form.fail((atom,))
    theory = ActTheory(budget or Budget(), by_system, known)
    return solution(form, theory.allows, theory.budget) is not None


def solution(
    form: NormalForm,
    allows: Callable[[Iterable[Chosen]], bool],
    budget: Budget,
    excluded: Iterable[Literal] = (),
) -> tuple[Chosen, ...] | None:
    """Return what a form can have its atoms be, no more than it needs; None when it cannot hold.

    Args:
        form: What is asked.
        allows: Whether atoms can be so at once.
        budget: What the search may spend.
        excluded: The variables of the form that are not to be true.

    Raises:
        InvalidRules: The budget is spent.
    """

    def said(variables: Literals) -> tuple[Chosen, ...]:
        every = (form.chosen[number] for number in variables)
        return tuple(chosen for chosen in every if chosen is not None)

    budget.spend(len(form.chosen) + len(form.clauses))
    search = ClauseSearch(tuple(form.clauses), lambda chosen: allows(said(chosen)), budget)
    found = search.solve(excluded)
    return None if found is None else said(found)


Requirements = tuple[Requirement, ...]


def is_predicate(said: Chosen) -> bool:
    """Say whether what a variable says is up to a predicate."""
    return isinstance(said.atom, PredicateHolds)


def implies(
    given: Requirements,
    wanted: Requirements,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
    budget: Budget | None = None,
) -> Verdict:
    """Say whether an act that meets all of `given` meets all of `wanted`.

    `given_closes` and `wanted_closes` are the ledgers that the step requiring them closes.

    Raises:
        InvalidRules: That takes more steps than the budget has.
    """
    form, theory = NormalForm(), ActTheory(budget or Budget())
    form.fail(wanted, wanted_closes)
    form.meet(given, given_closes)
    found = solution(form, theory.allows, theory.budget)
    if found is None:
        return "proved"
    if any(map(is_predicate, found)):
        found = solution(form, theory.allows, theory.budget, form.where(is_predicate))
    return "undetermined" if found is None else "refuted"


def implies_one(
    given: Requirements,
    wanted: Requirement,
    *,
    given_closes: frozenset[str] = frozenset(),
    wanted_closes: frozenset[str] = frozenset(),
    budget: Budget | None = None,
) -> Verdict:
    """Say whether an act that meets all of `given` meets `wanted`; the rest is as in `implies`."""
    closes = {"given_closes": given_closes, "wanted_closes": wanted_closes}
    return implies(given, (wanted,), budget=budget, **closes)


def can_be_met(
    requirements: Requirements, *, by_system: bool = False, budget: Budget | None = None
) -> bool:
    """Say whether some act on some record meets all of `requirements`, or may.

    Raises:
        InvalidRules: That takes more steps than the budget has.
    """
    form = NormalForm()
    form.meet(requirements)
    theory = ActTheory(budget or Budget(), by_system)
    return solution(form, theory.allows, theory.budget) is not None
