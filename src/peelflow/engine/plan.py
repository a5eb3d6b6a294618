"""One act of a way as it is being prepared: what it needs, and how the record will then stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time

from attrs import define, evolve, field, frozen

from peelflow.engine.counting import as_far_as_known
from peelflow.engine.evidence import holds
from peelflow.engine.goals import Goal
from peelflow.engine.machine import Way
from peelflow.model.judgement import Appointment, Child, Context, Inspection
from peelflow.model.needs import FieldNeed, Need
from peelflow.model.records import Document, Record, Value
from peelflow.model.requirements import Requirement
from peelflow.model.routes import Around, Relative, Route
from peelflow.model.rules import SYSTEM, Counts, Lifecycle

GIVEN = "given"
"""What a field is taken to say that a way sets to something."""


Answer = tuple[str, str] | None


@frozen(eq=False)
class Standing:
    """Where a way has come to: the record as it then is, on a day, and its family.

    `added` are the children that were added on the way, and closed: each by a field of its own and
    the record that it names there, or by nothing. `acts` counts the acts so far. `chosen` are
    the fields of choices that the way itself set.
    """

    record: Record
    day: date
    children: tuple[Relative, ...] = ()
    parent: Relative | None = None
    added: frozenset[Answer] = frozenset()
    acts: int = 0
    chosen: frozenset[str] = frozenset()


Find = Callable[[Relative, Goal, date, frozenset[str]], tuple[Route, Standing] | None]
"""Finds a relative's way to a goal, from a day, where a parent stays closed."""


@frozen
class Task:
    """An atom to meet: for the act itself, or for what peelflow does at once after it.

    `closes` are the ledgers that its transition closes. `by_system`: peelflow acts, and offers
    nothing. `later`: it is asked once the act is done.
    """

    atom: Requirement
    closes: tuple[str, ...]
    by_system: bool = False
    later: bool = False


@define(eq=False)
class Plan:
    """One act that is being prepared. `than` are persons it must not be done by."""

    lifecycle: Lifecycle
    way: Way
    at: Standing
    around: Around
    find: Find
    record: Record
    day: date
    children: tuple[Relative, ...]
    parent: Relative | None
    added: frozenset[Answer]
    chosen: frozenset[str]
    needs: list[Need] = field(factory=list)
    evidence: list[Document] = field(factory=list)
    appointments: list[Appointment] = field(factory=list)
    holders: tuple[tuple[str, str], ...] = ()
    inspection: Inspection | None = None
    than: list[str] = field(factory=list)
    before: list[Route] = field(factory=list)
    undetermined: list[str] = field(factory=list)

    @property
    def by_system(self) -> bool:
        """Whether peelflow does it."""
        return self.way.rule.by == (SYSTEM,)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles in which a person may do it."""
        return tuple(role for role in self.way.rule.by if role != SYSTEM)

    @property
    def doer(self) -> str:
        """Whoever does it: nobody that the record knows."""
        return f"whoever does `{self.way.rule.trigger}` in step {self.at.acts + 1}"

    def wait_for(self, day: date) -> None:
        """Let the act be no earlier than a day."""
        self.day = max(self.day, day)

    def set_field(self, name: str, value: str = GIVEN, latest: date | None = None) -> bool:
        """Set a field beforehand, if the record's category has it."""
        return self._set(FieldNeed(name, latest), value)

    def choose(self, name: str, choice: str) -> bool:
        """Let a field say a choice beforehand, unless it was said otherwise before this way."""
        before = self.record.fields.get(name) or GIVEN
        one = self.around.lists is not None and name not in self.around.lists
        if before != GIVEN and (one or name not in self.chosen):
            return False
        items = before if isinstance(before, tuple) else ()
        return self._set(FieldNeed(name, has=choice), choice if one else (*items, choice))

    def _set(self, need: FieldNeed, value: Value) -> bool:
        name = need.field
        if self.around.fields is not None and name not in self.around.fields:
            return False
        self.chosen |= {name}
        fields = {**self.record.fields, name: value}
        self.record = evolve(self.record, fields=fields, number=self.record.number + 1)
        self.needs.append(need)
        return True


def begun_plan(lifecycle: Lifecycle, way: Way, *, at: Standing, around: Around, find: Find) -> Plan:
    """Return a plan of which nothing is prepared yet."""
    return Plan(
        lifecycle,
        way,
        at,
        around,
        find,
        at.record,
        at.day,
        at.children,
        at.parent,
        at.added,
        at.chosen,
    )


def context_of(plan: Plan, says: Mapping[str, bool]) -> Context:
    """Return what an act is judged in; `says` is what predicates are taken to say."""
    known = plan.around.appointments
    return Context(
        now=datetime.combine(plan.day, time(12), UTC),
        today=plan.day,
        appointments=(*known, *plan.appointments),
        inspection=plan.inspection,
        children=children_seen(plan),
        predicates={name: _yes if said else _no for name, said in says.items()},
        mentions=plan.around.mentions,
        holidays=as_far_as_known(plan.around.holidays),
    )


def children_seen(plan: Plan) -> tuple[Child, ...]:
    """Return the children as the record sees them; one that was added is closed everywhere."""
    known = tuple(
        Child(
            each.record.id,
            each.lifecycle.states[each.record.state].counts_as,
            each.record.fields,
        )
        for each in plan.children
    )
    ledgers = {name for state in plan.lifecycle.states.values() for name in state.counts_as}
    closed: dict[str, Counts] = dict.fromkeys(sorted(ledgers), "closed")
    answers = [dict([each] if each else []) for each in plan.added]
    return (*known, *(Child("a new child", closed, fields) for fields in answers))


def holders_of(plan: Plan, roles: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return who is known to hold one of the roles in the record's force on the plan's day."""
    return tuple(
        dict.fromkeys(
            (held.person, held.role)
            for held in plan.around.appointments
            if held.role in roles and holds(held, plan.record.force, plan.day)
        )
    )


def _yes(*_: object) -> bool:
    return True


def _no(*_: object) -> bool:
    return False
