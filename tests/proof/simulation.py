"""Class an edit of a lifecycle by brute force: does it loosen, obstruct, or only tighten?

The edited file and the national one are walked side by side on real records, act by act, with days,
letters and people. It shares no code with the proof of refinement.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple

from attrs import define, evolve, field

from peelflow.engine.decide import decide
from peelflow.engine.fold import apply, begin
from peelflow.engine.machine import Cursor, machine_for
from peelflow.model.decisions import Act, Context
from peelflow.model.records import PEELFLOW, Actor, Added, Event, Record, TransitionTaken
from peelflow.model.rules import SYSTEM, AlwaysReachable, Lifecycle, Pin, Transition
from tests.proof.means import NOW, START, TODAY, Means, appointments, means_of
from tests.proof.promises import standing
from tests.proof.reference import attached, new

MOST = 5_000


class Pair(NamedTuple):
    """A record under the edited file, and the same under the national one."""

    own: Record
    national: Record


class Outcome(NamedTuple):
    """What an edit does, in words; nothing when it only tightens. `complete`: all was tried."""

    faults: frozenset[str]
    complete: bool


@define(eq=False)
class Simulation:
    """Two lifecycles walked side by side."""

    own: Lifecycle
    national: Lifecycle
    means: Means
    most: int
    faults: set[str] = field(factory=set)
    ahead: dict[Any, set[Any]] = field(factory=dict)
    seen: dict[Any, Pair] = field(factory=dict)
    tried: dict[tuple[str, str, str], Means] = field(factory=dict)

    def run(self) -> Outcome:
        """Walk, the shorter walks first, until nothing new is found or too much was."""
        self._scope()
        start = Pair(_begun(self.own), _begun(self.national))
        self.seen = {self._key(start): start}
        waiting = list(self.seen)
        self._differs(start)
        for key in waiting:
            for found, then in self._nexts(self.seen[key]):
                self.ahead.setdefault(key, set()).add(found)
                if found not in self.seen:
                    self.seen[found] = then
                    self._differs(then)
                    waiting.append(found)
                if self.faults:
                    return Outcome(frozenset(self.faults), complete=True)
            if self.faults or len(self.seen) > self.most:
                break
        complete = len(self.seen) <= self.most
        if complete and not self.faults:
            self._stuck()
        return Outcome(frozenset(self.faults), complete)

    def _scope(self) -> None:
        here = set(product(self.own.applies_to.category, self.own.applies_to.level))
        there = set(product(self.national.applies_to.category, self.national.applies_to.level))
        if not here <= there:
            self.faults.add("it runs records that the national file does not")
        if self.own.in_force_from < self.national.in_force_from:
            self.faults.add("it runs records of earlier dates")
        if self.own.refines != str(self.national):
            self.faults.add("it refines something else")
        for name, role in self.own.roles.items():
            if name in self.national.roles and self.national.roles[name] != role:
                self.faults.add("a national role means something else")
            stood = self.own.roles.get(role.stands_for or name)
            if role.stands_for and not (stood and stood.may_be_delegated):
                self.faults.add("a role stands for one that nobody else may be")

    def _differs(self, pair: Pair) -> None:
        state = self.own.states[pair.own.state]
        name = state.stands_for or pair.own.state
        meant = self.national.states.get(name)
        if meant is None or name != pair.national.state:
            self.faults.add("it stands elsewhere")
            return
        ledgers = {k for s in self.national.states.values() for k in s.counts_as}
        if {k: v for k, v in state.counts_as.items() if k in ledgers} != dict(meant.counts_as):
            self.faults.add("it counts otherwise")
        if state.final != meant.final:
            self.faults.add("one is an end")

    def _key(self, pair: Pair) -> Any:
        return tuple(self._look(record) for record in pair)

    def _look(self, record: Record) -> Any:
        means = self.means
        moments = {"window": record.window, **record.entered}
        line = [(m.number, m.on, name) for name, m in moments.items() if name in means.since]
        done = [(name, each) for name, each in record.done.items() if name in means.done]
        line += [(each.number, each.on, f"done {name}") for name, each in done]
        loose = [a for a in record.attachments if a.document.digest not in record.spent]
        line += [(a.number, record.on, f"letter {a.document.name}") for a in loose]
        line.sort()
        order = []
        before = None
        for number, on, name in line:
            order.append((name, number == before, min((record.on - on).days, means.most)))
            before = number
        return record.state, tuple(order), tuple((name, each.person) for name, each in done)

    def _nexts(self, pair: Pair) -> Iterator[tuple[Any, Pair]]:
        here = self.own.states[pair.own.state].transitions
        there = self.national.states[pair.national.state].transitions
        for letter in self.means.letters:
            then = Pair(*(attached(record, letter) for record in pair))
            yield self._key(then), then
        names = {rule.trigger for rule in (*here, *there)}
        for name in sorted(names):
            mine = [rule for rule in here if rule.trigger == name]
            called = {name, *(rule.implements for rule in mine)}
            theirs = [rule for rule in there if rule.trigger in called]
            place = (pair.own.state, pair.national.state, name)
            if place not in self.tried:
                self.tried[place] = means_of((*mine, *theirs))
            means = self.tried[place]
            roles = sorted({role for rule in (*mine, *theirs) for role in rule.by})
            for role in roles:
                people = (PEELFLOW.person,) if role == SYSTEM else self.means.people
                for person, gap in product(people, self.means.days):
                    yield from self._acts(pair, name, Actor(person, role), gap, means)

    def _acts(
        self, pair: Pair, trigger: str, actor: Actor, gap: int, means: Means
    ) -> Iterator[tuple[Any, Pair]]:
        on = pair.own.on + timedelta(gap)
        tries = list(_tries(pair, trigger, actor, on, means))
        done: set[Any] = set()
        for fields in means.fields_on(on):
            given = Pair(*(evolve(record, fields=fields) for record in pair)) if fields else pair
            for act, context in tries:
                then = self._both(given, act, context)
                found = None if then is None else self._key(then)
                if then is not None and found not in done:
                    done.add(found)
                    yield found, then

    def _both(self, pair: Pair, act: Act, context: Context) -> Pair | None:
        """Let both files decide, and say what that shows."""
        mine = _taken(self.own, pair.own, act, context)
        if mine is None:
            rule = _taken(self.national, pair.national, act, context)
            if rule is not None and self.national.roles[act.actor.role].side != "force":
                self.faults.add("it obstructs what others may do")
            return None
        own = _after(self.own, pair.own, act, context)
        if mine.implements is None:
            others = any(self._side(role) != "force" for role in mine.by)
            ended = self.own.states[pair.own.state].final
            if others or ended or self._is_national(act):
                self.faults.add("it has steps of its own that are not its own")
            number = evolve(pair.national, number=own.number, on=own.on)
            return Pair(own, number)
        role = self.own.roles[act.actor.role]
        same = evolve(act, trigger=mine.implements)
        theirs = _taken(self.national, pair.national, same, context)
        if theirs is None and role.stands_for:
            same = evolve(same, actor=evolve(act.actor, role=role.stands_for))
            theirs = _taken(self.national, pair.national, same, context)
        if theirs is None:
            self.faults.add("it lets somebody do what the national file does not")
            return None
        return _without_spent(Pair(own, _after(self.national, pair.national, same, context)))

    def _side(self, role: str) -> str:
        return self.own.roles[role].side

    def _is_national(self, act: Act) -> bool:
        return any(
            rule.trigger == act.trigger
            for state in self.national.states.values()
            for rule in state.transitions
        )

    def _stuck(self) -> None:
        """Look from every pair for a way to what can always be reached."""
        for guarantee in self.national.guarantees:
            if not isinstance(guarantee.promise, AlwaysReachable):
                continue
            targets = standing(guarantee.promise.where, self.national)
            good = {key for key, pair in self.seen.items() if pair.national.state in targets}
            ends = {key for key, pair in self.seen.items() if self.own.states[pair.own.state].final}
            grown = True
            while grown:
                more = {k for k, then in self.ahead.items() if k not in ends and then & good} - good
                good |= more
                grown = bool(more)
            if not self.seen.keys() <= good | ends:
                self.faults.add("records are trapped")


def classed(own: Lifecycle, national: Lifecycle, *, most: int = MOST) -> Outcome:
    """Class an edited file against the national one, by brute force over so many places."""
    rules = [
        rule
        for lifecycle in (own, national)
        for state in lifecycle.states.values()
        for rule in state.transitions
    ]
    timers = [
        name
        for lifecycle in (own, national)
        for name, state in lifecycle.states.items()
        if any(way.after for way in state.transitions)
    ]
    return Simulation(own, national, means_of(rules, timers=timers), most).run()


def _tries(
    pair: Pair, trigger: str, actor: Actor, on: date, means: Means
) -> Iterator[tuple[Act, Context]]:
    """Yield an act by everything that could be given with it, in every context."""
    alone = actor.role == SYSTEM
    letters = tuple(new(letter, pair.own.number + 1) for letter in means.letters)
    for offered, inspection, family, reason, successor in product(
        [()] if alone else [(), *((letter,) for letter in letters)],
        [None] if alone else means.inspections_for(pair.own, on),
        means.families,
        [None] if alone else means.reasons,
        [None] if alone else means.successors,
    ):
        act = Act(
            trigger,
            actor,
            on,
            "a clerk",
            evidence=offered,
            inspection=inspection.id if inspection else None,
            reason=reason,
            successor=successor,
            source="portal",
        )
        mentions, children = family
        held = appointments(means)
        yield act, Context(NOW, TODAY, held, inspection, children, mentions=mentions)


def _without_spent(pair: Pair) -> Pair:
    """Take from the national record the letters that counted under the edited file alone.

    They are of no more use there, and with them no two walks would ever be the same.
    """
    useless = pair.own.spent - pair.national.spent
    if not useless:
        return pair
    kept = tuple(a for a in pair.national.attachments if a.document.digest not in useless)
    return Pair(pair.own, evolve(pair.national, attachments=kept))


def _begun(lifecycle: Lifecycle) -> Record:
    what = Added("wmp", "recommendation", 1, Pin("drawn", 1, ""), lifecycle.initial)
    return begin(Event("R-1", 1, what, START, Actor("P", "hmicfrs"), "a clerk", NOW))


def _taken(lifecycle: Lifecycle, record: Record, act: Act, context: Context) -> Transition | None:
    machine = machine_for(lifecycle)
    cursor = Cursor(record.state, record, act, context)
    event = machine.events.get(act.trigger)
    taken = event is not None and event.trigger(cursor)
    return cursor.taken.rule if taken and cursor.taken else None


def _after(lifecycle: Lifecycle, record: Record, act: Act, context: Context) -> Record:
    event = decide(lifecycle, record, act, context)
    if not isinstance(event, Event) or not isinstance(event.what, TransitionTaken):
        raise TypeError(event)
    after = apply(record, event)
    return _with_few_letters(evolve(after, fields={}) if after.fields else after)


def _with_few_letters(record: Record) -> Record:
    """Return a record with at most two letters that did not count yet, as `attached` leaves it.

    Where only some roles need a letter for a step, others' walks would gather them without end.
    """
    loose = [a for a in record.attachments if a.document.digest not in record.spent]
    if len(loose) < 3:
        return record
    kept = tuple(a for a in record.attachments if a not in loose[:-2])
    return evolve(record, attachments=kept)
