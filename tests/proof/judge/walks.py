"""Walks a record under a force's rules and, beside it, under the national ones, act by act.

A walk goes on as long as both stand in the same national state, through moves by plans too. The
force's rules loosen (`loosens`) where they accept what the national ones do not, or count records
otherwise; they obstruct (`obstructs`) where another side's lawful act is refused, or where nobody,
or not the force alone, comes any more to where the national rules say that one always can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import attrs
from attrs import define, field, frozen

from peelflow.model.records import Migrated, Relevelled, TransitionTaken
from peelflow.model.requirements import DistinctFrom, Waited
from peelflow.model.rules import (
    AlwaysReachable,
    Lifecycle,
    MigrationPlan,
    Pin,
    State,
    Transition,
    Vocabulary,
    is_automatic,
)
from tests.proof.judge.compared import Comparison, Fault, Pair, Rules, Spent, Step, rules_of
from tests.proof.judge.standing import (
    CAP,
    Remembered,
    Standing,
    after_act,
    after_days,
    after_move,
    all_atoms,
    at_issue,
    remembered,
)
from tests.proof.judge.worlds import NATIONAL_LEDGERS, World, appointments

MOST_NODES = 20_000
_NO_PIN = Pin("", 0, "")


class Node(NamedTuple):
    """Where a record stands under the force's rules, and where under the national ones."""

    name: str
    own: Standing
    national: Standing


class Edge(NamedTuple):
    """That one act leads from one node to another."""

    old: Node
    new: Node
    by_force: bool


@frozen
class Judgement:
    """What walking showed: `loosens`, `obstructs`, `keeps` or `too deep to say`, and the walk."""

    verdict: str
    sentence: str = ""
    walk: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.verdict}: {' > '.join((*self.walk, self.sentence))}"


@frozen(eq=False)
class Beside:
    """One lifecycle and the national one that it is walked beside."""

    own: Rules
    national: Rules


@frozen(eq=False)
class Move:
    """A plan beside the national ones that move records so.

    Attributes:
        plan: The plan.
        national: The one between the same levels, if it moves between levels.
        by_inspectorate: Whether only those move records by it who do by that.
        versions: Those between the same versions of the national rules, one after another.
    """

    plan: MigrationPlan
    national: MigrationPlan | None
    by_inspectorate: bool
    versions: tuple[MigrationPlan, ...] = ()


@define(eq=False)
class Walk:
    """The walk of records through lifecycles and plans, each beside its national one."""

    several: Mapping[str, Beside]
    moves: Sequence[Move]
    comparison: Comparison
    past: Remembered
    came: dict[Node, tuple[Node, str] | None] = field(factory=dict)
    edges: list[Edge] = field(factory=list)

    def walked(self) -> Judgement:
        """Walk to every node, and say what was found first, or what cannot be reached after all."""
        waiting = deque(self._starts())
        self.came.update(dict.fromkeys(waiting))
        while waiting:
            node = waiting.popleft()
            fault = self._standing_fault(node) or self._acts(node, waiting)
            fault = fault or self._moves(node, waiting)
            if fault is not None:
                return Judgement(fault.kind, fault.sentence, tuple(self._walk_to(node)))
            if len(self.came) > MOST_NODES:
                return Judgement("too deep to say")
        return next(self._stuck(), Judgement("keeps"))

    def _starts(self) -> Iterator[Node]:
        for name, beside in self.several.items():
            own, national = (each.lifecycle.initial for each in (beside.own, beside.national))
            yield Node(name, at_issue(own, self.past), at_issue(national, self.past))

    def _walk_to(self, node: Node) -> list[str]:
        before = self.came[node]
        return [] if before is None else [*self._walk_to(before[0]), before[1]]

    def _standing_fault(self, node: Node) -> Fault | None:
        beside = self.several[node.name]
        state = beside.own.lifecycle.states[node.own.state]
        nation = beside.national.lifecycle.states.get(node.national.state)
        if nation is None or beside.own.meant(node.own.state) != node.national.state:
            return Fault("loosens", f"stands in {node.own.state}, nationally {node.national.state}")
        if state.final != nation.final:
            return Fault("loosens", f"`{node.own.state}` is an end on one side alone")
        named = chain.from_iterable(
            state.counts_as for state in beside.national.lifecycle.states.values()
        )
        for ledger in sorted(NATIONAL_LEDGERS.union(named)):
            if state.counts_as.get(ledger) != nation.counts_as.get(ledger):
                return Fault("loosens", f"`{node.own.state}` counts otherwise on {ledger}")
        return None

    def _acts(self, node: Node, waiting: deque[Node]) -> Fault | None:
        for pair in self._pairs(node):
            faults, steps = self.comparison.found(pair, node.own, node.national)
            if faults:
                return min(faults, key=lambda fault: (fault.kind, len(fault.sentence), fault))
            for step in sorted(steps, key=lambda step: (step.own.trigger, step.person, step.days)):
                new = self._after(node, step)
                self._come(node, new, f"{step.own.trigger} by {step.person}", waiting)
                if step.ordinary and not self._is_too_late(node, step):
                    self.edges.append(Edge(node, new, step.by_force))
        return None

    def _come(self, node: Node, new: Node, how: str, waiting: deque[Node]) -> None:
        if new not in self.came:
            self.came[new] = (node, how)
            waiting.append(new)

    def _pairs(self, node: Node) -> Iterator[Pair]:
        beside = self.several[node.name]
        own = beside.own.groups[node.own.state]
        nation = beside.national.groups[node.national.state]
        for trigger, group in own.items():
            answers = dict.fromkeys(rule.implements for rule in group.rules)
            if trigger in nation:
                answers[trigger] = None
            for answered in answers:
                yield Pair(group, nation.get(answered or ""), answered)
        for trigger, group in nation.items():
            if trigger not in own:
                yield Pair(None, group, trigger)

    def _after(self, node: Node, step: Step) -> Node:
        own = _acted(node.own, self.past, step.own, step.own_spent, step)
        if step.national is None:
            return Node(node.name, own, after_days(node.national, self.past, step.days))
        national = _acted(node.national, self.past, step.national, step.national_spent, step)
        return Node(node.name, own, national)

    def _moves(self, node: Node, waiting: deque[Node]) -> Fault | None:
        for move in self.moves:
            plan, national = move.plan, node.national
            new = plan.states.get(node.own.state)
            if plan.old != node.name or new is None:
                continue
            if new not in self.several[plan.new].own.lifecycle.states:
                return Fault("loosens", f"`{plan.name}` leads to `{new}`, which is not there")
            if move.versions:
                own = _migrated(node.own, self.past, plan, self._kept_states(plan), new)
                national = self._in_later_version(national, move.versions)
            elif self._changes_rules(plan):
                lawful = None if move.national is None else move.national.states.get(national.state)
                if move.national is None or lawful is None or not move.by_inspectorate:
                    return Fault("loosens", f"`{plan.name}` moves it as no national plan does")
                national = _relevelled(national, self.past, move.national, lawful)
                own = _relevelled(node.own, self.past, plan, new)
            else:
                own = _migrated(node.own, self.past, plan, self._kept_states(plan), new)
            self._come(node, Node(plan.new, own, national), f"moved by {plan.name}", waiting)
        return None

    def _kept_states(self, plan: MigrationPlan) -> dict[str, str]:
        """Return which states stand for the same national one before and after a plan."""
        old, new = (self.several[name].own.lifecycle for name in (plan.old, plan.new))
        return {
            name: other
            for name, other in plan.states.items()
            if name in old.states and other in new.states
            if old.stands_for(name) == new.stands_for(other)
        }

    def _in_later_version(self, national: Standing, plans: Sequence[MigrationPlan]) -> Standing:
        """Return where a record stands nationally once national plans moved it to their version."""
        for plan in plans:
            kept = {name: name for name, other in plan.states.items() if name == other}
            new = plan.states[national.state]
            national = _migrated(national, self.past, plan, kept, new)
        return national

    def _changes_rules(self, plan: MigrationPlan) -> bool:
        old, new = (self.several[name].national.lifecycle for name in (plan.old, plan.new))
        return old is not new

    def _is_too_late(self, node: Node, step: Step) -> bool:
        """Say whether peelflow itself would have moved the record on before."""
        if step.system:
            return False
        state = self.several[node.name].own.lifecycle.states[node.own.state]
        entered = {name: age for name, _, age in node.own.entered}
        age = entered.get(node.own.state, 0) + step.days
        return any(is_automatic(rule) or _is_past(rule, age) for rule in state.transitions)

    def _stuck(self) -> Iterator[Judgement]:
        """Yield what the national rules let come to a goal, and these do not."""
        nations = {id(one.national): one.national.lifecycle for one in self.several.values()}
        for nation in nations.values():
            for promise in (guarantee.promise for guarantee in nation.guarantees):
                if isinstance(promise, AlwaysReachable):
                    for who, alone in (("anybody", False), ("the force alone", True)):
                        for node in self._stuck_before(nation, promise, alone=alone):
                            sentence = f"{promise.where} cannot be reached by {who}"
                            yield Judgement("obstructs", sentence, tuple(self._walk_to(node)))

    def _stuck_before(
        self, nation: Lifecycle, promise: AlwaysReachable, *, alone: bool
    ) -> Iterator[Node]:
        goals = frozenset(_goals(nation, promise))
        lawful = _reaching(nation, goals, alone=alone)
        nodes = [node for node in self.came if self._nation(node) is nation]
        back: dict[Node, list[Node]] = {}
        for edge in self.edges:
            of_nation = self._nation(edge.old) is nation and (edge.by_force or not alone)
            if of_nation and not nation.states[edge.old.national.state].final:
                back.setdefault(edge.new, []).append(edge.old)
        reaching = {node for node in nodes if node.national.state in goals}
        waiting = list(reaching)
        while waiting:
            fresh = [node for node in back.get(waiting.pop(), ()) if node not in reaching]
            reaching.update(fresh)
            waiting += fresh
        for node in nodes:
            where = node.national.state
            if where in lawful and not nation.states[where].final and node not in reaching:
                yield node

    def _nation(self, node: Node) -> Lifecycle:
        return self.several[node.name].national.lifecycle


def _is_past(rule: Transition, age: int) -> bool:
    after = rule.after
    if after is None or after.days is None or after.since != "entered":
        return False
    return age > after.days


_AFTER: dict[tuple[object, ...], Standing] = {}


def _acted(
    standing: Standing, past: Remembered, rule: Transition, spent: Spent, step: Step
) -> Standing:
    national = rule.implements is not None
    key = (standing, past, rule.trigger, rule.to, national, spent, step.person, step.days)
    known = _AFTER.get(key)
    if known is None:
        more: dict[str, Any] = {} if spent.step is None else {"counted_for": spent.step}
        taken = TransitionTaken(
            rule.trigger, standing.state, rule.to, national, (), spent.papers, **more
        )
        known = _AFTER[key] = after_act(standing, past, taken, step.person, step.days)
    return known


def _migrated(
    standing: Standing, past: Remembered, plan: MigrationPlan, kept: Mapping[str, str], new: str
) -> Standing:
    more: dict[str, Any] = {"states": kept} if "states" in attrs.fields_dict(Migrated) else {}
    what = Migrated(_NO_PIN, standing.state, new, plan.name, plan.triggers, **more)
    return after_move(standing, past, what)


def _relevelled(standing: Standing, past: Remembered, plan: MigrationPlan, new: str) -> Standing:
    what = Relevelled(
        None, None, _NO_PIN, standing.state, new, plan.name, plan.letters, plan.triggers
    )
    return after_move(standing, past, what)


def _goals(lifecycle: Lifecycle, promise: AlwaysReachable) -> Iterator[str]:
    where = promise.where
    for name, state in lifecycle.states.items():
        if name == where.state or (
            where.ledger and state.counts_as.get(where.ledger) == where.counts
        ):
            yield name


def _reaching(lifecycle: Lifecycle, goals: frozenset[str], *, alone: bool) -> frozenset[str]:
    """Return the national states from which a goal is reached, by the force alone or by anybody.

    No national rule asks of the past what time and new papers do not give.
    """
    reaching, grew = set(goals), True
    while grew:
        fresh = {
            name
            for name, state in lifecycle.states.items()
            if name not in reaching and not state.final
            if _leads(lifecycle, state, reaching, alone=alone)
        }
        reaching, grew = reaching | fresh, bool(fresh)
    return frozenset(reaching)


def _leads(lifecycle: Lifecycle, state: State, goals: set[str], *, alone: bool) -> bool:
    return any(
        rule.to in goals
        and (not alone or any(lifecycle.roles[r].side in {"force", "system"} for r in rule.by))
        for rule in state.transitions
    )


_COMPARISONS: dict[object, Comparison] = {}


def walk_beside(
    pairs: Iterable[tuple[Lifecycle, Lifecycle]],
    words: Vocabulary,
    national_words: Vocabulary,
    moves: Sequence[Move] = (),
) -> Judgement:
    """Walk lifecycles and plans beside the national rules, for each category that they run."""
    several = [(own, nation) for own, nation in pairs]
    names = dict.fromkeys(name for own, _ in several for name in own.applies_to.category)
    for name in names:
        judgement = _walk_in(several, words, national_words, name, moves)
        if judgement.verdict != "keeps":
            return judgement
    return Judgement("keeps")


def _walk_in(
    several: list[tuple[Lifecycle, Lifecycle]],
    words: Vocabulary,
    national_words: Vocabulary,
    name: str,
    moves: Sequence[Move],
) -> Judgement:
    comparison = comparison_of(chain.from_iterable(several), words, national_words, name)
    waits, periods = comparison.world.waits, comparison.world.periods
    cap = max(periods) + 1 if periods else CAP
    past = remembered([own for own, _ in several], waits=waits, cap=cap)
    nations: dict[int, Rules] = {id(nation): rules_of(nation) for _, nation in several}
    besides = {str(own): Beside(rules_of(own), nations[id(nation)]) for own, nation in several}
    return Walk(besides, moves, comparison, past).walked()


def comparison_of(
    lifecycles: Iterable[Lifecycle], words: Vocabulary, national_words: Vocabulary, name: str
) -> Comparison:
    """Return what compares rules in a world that is big enough for all of them."""
    several = tuple(lifecycles)
    atoms = [atom for lifecycle in several for atom in all_atoms(lifecycle)]
    rules = [rule for one in several for state in one.states.values() for rule in state.transitions]
    timed = {rule.after.days for rule in rules if rule.after and rule.after.days}
    category = words.categories[name]
    world = World(
        words,
        national_words,
        category,
        waits=bool(timed) or any(isinstance(atom, Waited) for atom in atoms),
        two=any(isinstance(atom, DistinctFrom) for atom in atoms),
        periods=tuple(sorted({*timed, *(days - 1 for days in timed)})),
        appointments=appointments(words),
    )
    fields = tuple(sorted((field, rule.type) for field, rule in category.fields.items()))
    roles = tuple(words.roles.items())
    key = roles, fields, bool(category.children), world.waits, world.two, world.periods
    return _COMPARISONS.setdefault(key, Comparison(world))
