"""Two transitions of one trigger, asked the same acts: what one accepts and the other refuses.

The engine decides each act, under the force's rules and under the national ones beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from attrs import field, frozen

from peelflow.engine.machine import Cursor, RuleEvent, RuleMachine, machine_for
from peelflow.model.decisions import Act
from peelflow.model.records import Actor, Record
from peelflow.model.requirements import (
    DistinctFrom,
    Evidence,
    InspectionHeld,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from tests.proof.judge.standing import Standing, record_of, unspent
from tests.proof.judge.worlds import TODAY, Offer, World, offers


class Spent(NamedTuple):
    """What papers an act used up, and for which step alone."""

    papers: tuple[str, ...] = ()
    step: str | None = None


Taken = tuple[Transition, Spent]
"""The transition that an act took, and the papers it used up."""


class Fault(NamedTuple):
    """What a walk shows: `loosens` or `obstructs`, and the act that shows it."""

    kind: str
    sentence: str


class Step(NamedTuple):
    """What an act did that both rules accepted, or the force's own rules alone as an own step.

    `ordinary`: it happens without a yes of a predicate, with papers that the force can have.
    """

    own: Transition
    national: Transition | None
    person: str
    days: int
    own_spent: Spent
    national_spent: Spent
    by_force: bool
    ordinary: bool
    system: bool


@frozen(eq=False)
class Group:
    """The transitions by which one trigger leads out of a state, compiled by the engine.

    Attributes:
        key: What tells it from other groups: equal keys mean equal decisions.
        event: The engine's own event.
        rules: Its transitions.
        atoms: All that they ask for.
        theirs: The roles of other sides than the force's that may do it.
    """

    key: tuple[object, ...]
    trigger: str
    event: RuleEvent
    rules: tuple[Transition, ...]
    atoms: tuple[Requirement, ...]
    theirs: frozenset[str]

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Return who may do it."""
        return tuple(dict.fromkeys(role for rule in self.rules for role in rule.by))

    def taken(self, record: Record, act: Act, offer: Offer) -> Taken | None:
        """Return which transition an act takes and the papers it uses up, None if it is refused."""
        context = offer.bound if act.actor.role in self.theirs else offer.context
        cursor = Cursor(record.state, record, act, context)
        if not self.event.move(cursor) or cursor.taken is None:
            return None
        papers = unspent(cursor.counted)
        step = getattr(getattr(cursor.taken, "use", None), "step", None)
        return cursor.taken.rule, Spent(papers, step if papers else None)


_GROUPS: dict[tuple[object, ...], Group] = {}


@frozen(eq=False)
class Rules:
    """A lifecycle as it is walked: its groups by state and trigger."""

    lifecycle: Lifecycle
    groups: Mapping[str, Mapping[str, Group]]

    def meant(self, state: str) -> str:
        """Return the national state that a state stands for."""
        return self.lifecycle.stands_for(state)


def rules_of(lifecycle: Lifecycle) -> Rules:
    """Return the rules of a lifecycle, compiled once for each group that is the same."""
    machine = machine_for(lifecycle)
    groups: dict[str, dict[str, Group]] = {}
    for name, state in lifecycle.states.items():
        by_trigger: dict[str, list[Transition]] = {}
        for rule in state.transitions:
            by_trigger.setdefault(rule.trigger, []).append(rule)
        groups[name] = {
            trigger: _group(machine, name, tuple(rules)) for trigger, rules in by_trigger.items()
        }
    return Rules(lifecycle, groups)


def _group(machine: RuleMachine, name: str, rules: tuple[Transition, ...]) -> Group:
    lifecycle = machine.lifecycle
    targets = dict.fromkeys((name, *(rule.to for rule in rules)))
    roles = dict.fromkeys(role for rule in rules for role in rule.by)
    key = (
        name,
        tuple(
            (
                target,
                tuple(sorted(lifecycle.states[target].counts_as.items())),
                lifecycle.stands_for(target),
            )
            for target in targets
        ),
        rules,
        tuple((role, lifecycle.roles[role]) for role in roles),
        tuple(getattr(each, "use", None) for each in machine.compiled(name, rules[0].trigger)),
    )
    known = _GROUPS.get(key)
    return known or _GROUPS.setdefault(key, _compiled(machine, rules, key))


def _compiled(
    machine: RuleMachine, rules: tuple[Transition, ...], key: tuple[object, ...]
) -> Group:
    event = machine.events[rules[0].trigger]
    assert isinstance(event, RuleEvent)
    atoms = atoms_of(tuple(atom for rule in rules for atom in rule.requires))
    roles = machine.lifecycle.roles
    theirs = {role for rule in rules for role in rule.by if roles[role].side != "force"}
    is_national = any(rule.implements is not None for rule in rules)
    asked = tuple(dict.fromkeys(atoms))
    return Group(key, event.name, event, rules, asked, frozenset(theirs if is_national else ()))


@frozen(eq=False)
class Pair:
    """A group of the force's rules and the national one it answers; one of them may be missing."""

    own: Group | None
    national: Group | None
    answers: str | None = None

    @cached_property
    def atoms(self) -> tuple[Requirement, ...]:
        """Return all that either asks for."""
        groups = (self.own, self.national)
        return tuple(dict.fromkeys(a for group in groups if group for a in group.atoms))

    @property
    def key(self) -> tuple[object, ...]:
        """Return what tells it from others."""
        return self.own and id(self.own), self.national and id(self.national), self.answers

    @property
    def is_of_one_name(self) -> bool:
        """Whether who does the national step asks for it here by the same name."""
        return self.own is None or self.own.trigger == self.answers


Found = tuple[frozenset[Fault], frozenset[Step]]


@frozen(eq=False)
class Comparison:
    """Compares pairs of groups in a world, and remembers what it found."""

    world: World
    known: dict[tuple[object, ...], Found] = field(factory=dict)

    def found(self, pair: Pair, own: Standing, national: Standing) -> Found:
        """Return the faults and the steps of all acts from where two records stand."""
        here = _reduced(own, pair.atoms), _reduced(national, pair.atoms)
        key = (*pair.key, *here)
        if key not in self.known:
            faults: set[Fault] = set()
            steps: set[Step] = set()
            for result in self._results(pair, *here):
                (faults if isinstance(result, Fault) else steps).add(result)  # type: ignore[arg-type]
            self.known[key] = frozenset(faults), frozenset(steps)
        return self.known[key]

    def _results(self, pair: Pair, own: Standing, national: Standing) -> Iterator[Fault | Step]:
        issued = TODAY - timedelta(own.issued)
        stood: dict[object, tuple[Record, Record]] = {}
        for days in self.world.deltas:
            on = TODAY + timedelta(days)
            for offer in offers(pair.atoms, self.world, on=on, issued=issued):
                said = offer.fields, offer.attachments
                if said not in stood:
                    stood[said] = record_of(own, offer), record_of(national, offer)
                records = stood[said]
                for role in self._roles(pair):
                    for person in self.world.persons(role):
                        actor = Actor(person, role)
                        yield from self._judged(pair, records, offer, actor, days)

    def _roles(self, pair: Pair) -> tuple[str, ...]:
        own = pair.own.roles if pair.own else ()
        national = pair.national.roles if pair.national else ()
        theirs = (role for role in national if self._is_theirs(role))
        return tuple(dict.fromkeys((*own, *theirs)))

    def _is_theirs(self, role: str) -> bool:
        known = self.world.national.roles.get(role)
        return known is not None and known.side != "force"

    def _judged(
        self, pair: Pair, records: tuple[Record, Record], offer: Offer, actor: Actor, days: int
    ) -> Iterator[Fault | Step]:
        on = TODAY + timedelta(days)
        if actor.role == SYSTEM:
            records = (offer.attached_to(records[0]), offer.attached_to(records[1]))
        done = None
        if pair.own is not None:
            done = pair.own.taken(records[0], offer.act(pair.own.trigger, actor, on), offer)
        lawful = self._nationally(pair.national, records[1], offer, actor, days)
        if done is None or done[0].implements != pair.answers:
            if lawful is not None and self._is_theirs(actor.role) and pair.is_of_one_name:
                yield Fault("obstructs", _said(pair, actor, offer, "is refused here"))
        elif pair.answers is not None and lawful is None:
            yield Fault("loosens", _said(pair, actor, offer, "is accepted, and not nationally"))
        else:
            yield self._step(done, lawful or (None, Spent()), offer, actor, days)

    def _step(
        self,
        done: Taken,
        lawful: tuple[Transition | None, Spent],
        offer: Offer,
        actor: Actor,
        days: int,
    ) -> Step:
        side = self.world.words.roles[actor.role].side
        return Step(
            own=done[0],
            national=lawful[0],
            person=actor.person,
            days=days,
            own_spent=done[1],
            national_spent=lawful[1],
            by_force=side in {"force", "system"},
            ordinary=offer.ordinary,
            system=side == "system",
        )

    def _nationally(
        self, group: Group | None, record: Record, offer: Offer, actor: Actor, days: int
    ) -> Taken | None:
        role = self.world.national_role(actor.role)
        if group is None or role is None or role not in group.roles:
            return None
        act = offer.act(group.trigger, Actor(actor.person, role), TODAY + timedelta(days))
        return group.taken(record, act, offer)


def _said(pair: Pair, actor: Actor, offer: Offer, what: str) -> str:
    group = pair.own or pair.national
    assert group is not None
    papers = ", ".join(each.digest for each in offer.documents)
    attached = ", ".join(f"attached {each.document.digest}" for each in offer.attachments)
    held = "" if offer.inspection is None else f"{offer.inspection.kind} inspection"
    fields = ", ".join(name for name, _ in offer.fields)
    words = filter(None, (papers, attached, held, offer.reason, offer.successor, fields))
    return f"`{group.trigger}` by {actor.role} with ({'; '.join(words)}) {what}"


def _reduced(standing: Standing, atoms: tuple[Requirement, ...]) -> Standing:
    """Return a standing without what no atom asks about."""
    if any(isinstance(a, Evidence | InspectionHeld | Waited | DistinctFrom) for a in atoms):
        return standing
    return Standing(standing.state, standing.issued, standing.window, standing.entered)
