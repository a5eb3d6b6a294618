"""A naive reference for the proof of guarantees: try everything, on real records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from attrs import define, evolve, field

from peelflow.engine.decide import decide
from peelflow.engine.documents import ANY_USE, DocumentUse
from peelflow.engine.fold import apply, begin
from peelflow.engine.machine import Cursor, machine_for
from peelflow.engine.requirements import compile_check
from peelflow.model.decisions import Act, Context, Inspection, Refusal
from peelflow.model.records import PEELFLOW, Actor, Added, Attached, Document, Event, Record
from peelflow.model.requirements import Waited
from peelflow.model.rules import (
    SYSTEM,
    AlwaysReachable,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Pin,
    Promise,
    SeparationOfDuties,
    StateSet,
    Transition,
    is_automatic,
)
from peelflow.model.triggers import triggers_sending_back
from tests.builders.walks import NOW, START, TODAY, Family, Means, appointments, means_for


class Move(NamedTuple):
    """One event of a walk: the names of its trigger, where it led, who did it, by which rule."""

    words: frozenset[str]
    old: str
    new: str
    role: str
    person: str
    use: DocumentUse = ANY_USE


def standing(where: StateSet, lifecycle: Lifecycle) -> frozenset[str]:
    """Return the states that a promise speaks of."""
    if where.state is not None:
        return frozenset({where.state})
    return frozenset(
        name
        for name, state in lifecycle.states.items()
        if state.counts_as.get(str(where.ledger)) == where.counts
    )


def words_of(lifecycle: Lifecycle, rule: Transition) -> frozenset[str]:
    """Return what a promise may call a transition: what it answers, or its own name."""
    answered = {r.implements for state in lifecycle.states.values() for r in state.transitions}
    own = {rule.trigger} - answered
    return frozenset(own | ({rule.implements} if rule.implements else set()))


def enters(move: Move, inside: frozenset[str]) -> bool:
    """Say whether a move comes in from outside."""
    return move.new in inside and move.old not in inside


def breaks(promise: Promise, lifecycle: Lifecycle, moves: tuple[Move, ...]) -> bool:
    """Say whether the last move of a walk breaks a promise."""
    last = moves[-1]
    match promise:
        case OnlyEnteredBy(where=where, roles=roles):
            return enters(last, standing(where, lifecycle)) and last.role not in roles
        case NeverDoneBy(trigger=trigger, roles=roles):
            return trigger in last.words and last.role in roles
        case NeverEnteredWithoutSteps(where=where, triggers=triggers):
            inside = standing(where, lifecycle)
            return enters(last, inside) and not _in_order(
                triggers, _counting(promise, lifecycle, moves)
            )
        case NeverFollowedBy(where=where, later=later):
            first = standing(where, lifecycle)
            before = {lifecycle.initial, *(move.new for move in moves[:-1])}
            return last.new in standing(later, lifecycle) and not before.isdisjoint(first)
        case SeparationOfDuties(first=first_, second=second):
            done = [move.person for move in moves[:-1] if first_ in move.words]
            return second in last.words and done[-1:] == [last.person]
        case _:
            return False


def _counting(
    promise: NeverEnteredWithoutSteps, lifecycle: Lifecycle, moves: tuple[Move, ...]
) -> tuple[Move, ...]:
    """Return the moves that count for `without`: those since its beginning."""
    inside = standing(promise.where, lifecycle)
    for place in range(len(moves) - 2, -1, -1):
        move = moves[place]
        left = move.old in inside and move.new not in inside
        if left if promise.since is None else enters(move, frozenset({promise.since})):
            return moves[place + 1 :]
    return moves if promise.since in (None, lifecycle.initial) else ()


def _in_order(triggers: tuple[str, ...], moves: tuple[Move, ...]) -> bool:
    wanted = list(triggers)
    for move in moves:
        if wanted and wanted[0] in move.words:
            wanted.pop(0)
    return not wanted


def remembered(promise: Promise, lifecycle: Lifecycle, moves: tuple[Move, ...]) -> object:
    """Return what of a walk's past a promise can still look at."""
    match promise:
        case NeverEnteredWithoutSteps(where=where, since=since):
            inside = standing(where, lifecycle)
            dummy = Move(frozenset(), "", "", "", "")
            counting = _counting(promise, lifecycle, (*moves, dummy))[:-1]
            begun = since is None or bool(counting) or _has_begun(promise, lifecycle, moves)
            words = tuple(w for m in counting if (w := m.words & set(promise.triggers)))
            return words[:6], begun, bool(moves) and moves[-1].new in inside
        case NeverFollowedBy(where=where):
            return not {lifecycle.initial, *(m.new for m in moves)}.isdisjoint(
                standing(where, lifecycle)
            )
        case SeparationOfDuties(first=first):
            return tuple(m.person for m in moves if first in m.words)[-1:]
        case _:
            return None


def _has_begun(
    promise: NeverEnteredWithoutSteps, lifecycle: Lifecycle, moves: tuple[Move, ...]
) -> bool:
    since = frozenset({str(promise.since)})
    return lifecycle.initial in since or any(enters(move, since) for move in moves)


MOST = 150
Key = tuple[Any, ...]
_LEAD = Actor("P", "lead")


@define(eq=False)
class Walk:
    """A record and how it came about; `sure` while no predicate could have ruled it out.

    `step` says the same of its last step alone.
    """

    record: Record
    moves: tuple[Move, ...] = ()
    sure: bool = True
    step: bool = True
    key: tuple[Any, ...] = ()


class Found(NamedTuple):
    """What trying everything found.

    `ever` and `surely` are the lengths of the shortest walks that break the promise: at all, and
    whatever predicates say. All walks of up to `depth` moves were tried; None means all there are.
    """

    ever: int | None
    surely: int | None
    depth: int | None
    entered: frozenset[tuple[str, str, str]]


@define(eq=False)
class Reference:
    """Walks through one lifecycle, and whether they break one promise."""

    lifecycle: Lifecycle
    promise: Promise
    means: Means
    prompt: bool = False
    ever: int | None = None
    surely: int | None = None
    entered: set[tuple[str, str, str]] = field(factory=set)
    ahead: dict[Key, set[tuple[Key, bool]]] = field(factory=dict)
    seen: dict[Key, Walk] = field(factory=dict)
    lettered: set[Key] = field(factory=set)
    words: dict[tuple[int, int], frozenset[str]] = field(factory=dict)
    contexts: dict[int, list[Context]] = field(factory=dict)

    def run(self) -> Found:
        """Try every walk, the shorter ones first."""
        level = self._with_letters(Walk(begin(_added(self.lifecycle))))
        depth = 0
        self.seen = {self._print(walk): walk for walk in level}
        while level:
            if self.surely or len(self.seen) > MOST:
                return Found(self.ever, self.surely, depth, frozenset(self.entered))
            depth += 1
            found: list[Walk] = []
            for walk in level:
                for then in list(self._steps(walk)):
                    self._join(walk, then)
                    for each in self._with_letters(then):
                        if self._print(each) not in self.seen:
                            self.seen[self._print(each)] = each
                            found.append(each)
            level = found
        if isinstance(self.promise, AlwaysReachable):
            self._reachable(self.promise)
        return Found(self.ever, self.surely, None, frozenset(self.entered))

    def _join(self, walk: Walk, then: Walk) -> None:
        self.ahead.setdefault(self._print(walk), set()).add((self._print(then), then.step))

    def _with_letters(self, walk: Walk) -> list[Walk]:
        """Return a walk, and the same with one letter attached after it: once where it leads."""
        if self._print(walk) in self.lettered:
            return []
        self.lettered.add(self._print(walk))
        if self.prompt and self._is_left_at_once(walk.record.state):
            return [walk]
        records = [attached(walk.record, letter) for letter in self.means.letters]
        # One letter serves every `since` unless there are two that differ.
        more_letters = self.means.letters[-1:] if len(self.means.since) > 1 else ()
        twice = [attached(record, letter) for record in records for letter in more_letters]
        more = [Walk(record, walk.moves, walk.sure) for record in (*records, *twice)]
        ahead = {(self._print(each), True) for each in more}
        for each in (walk, *more):
            self.ahead.setdefault(self._print(each), set()).update(ahead)
        return [walk, *more]

    @property
    def rules(self) -> tuple[Lifecycle, ...]:
        """The rules that a record comes under on its walk."""
        return (self.lifecycle,)

    def _print(self, walk: Walk) -> Key:
        """Return what of a walk can make a difference later."""
        walk.key = walk.key or self._look(walk)
        return walk.key

    def _look(self, walk: Walk) -> Key:
        record, means = walk.record, self.means
        entered = {"window": record.window, **record.entered} if means.since else {}
        numbers = [(m.number, m.on, name) for name, m in entered.items() if name in means.since]
        done = [(name, done) for name, done in record.done.items() if name in means.done]
        numbers += [(each.number, each.on, f"done {name}") for name, each in done]
        loose = [a for a in record.attachments if a.document.digest not in record.spent]
        numbers += [(a.number, record.on, named(a.document, record, *self.rules)) for a in loose]
        numbers.sort()
        order: list[object] = []
        before = None
        for number, on, name in numbers:
            order.append((name, number == before, min((record.on - on).days, means.most)))
            before = number
        people = tuple(sorted((name, each.person) for name, each in done))
        past = remembered(self.promise, self.lifecycle, walk.moves)
        return record.state, walk.sure, tuple(order), people, past

    def _steps(self, walk: Walk) -> Iterator[Walk]:
        for rule in self.lifecycle.states[walk.record.state].transitions:
            for role in rule.by:
                people = (PEELFLOW.person,) if role == SYSTEM else self.means.people
                for person, gap in product(people, self.means.days):
                    if not self.prompt or self._in_time(walk.record, rule, gap):
                        yield from self._acts(walk, rule, Actor(person, role), gap)

    def _is_left_at_once(self, state: str) -> bool:
        return any(is_automatic(r) and _surely(r) for r in self.lifecycle.states[state].transitions)

    def _in_time(self, record: Record, rule: Transition, gap: int) -> bool:
        """Say whether the system has not moved a record on before, as it always does."""
        state, entered = self.lifecycle.states[record.state], record.entered[record.state]
        at_once = [r for r in state.transitions if is_automatic(r)]
        if rule in at_once:
            earlier = at_once[: at_once.index(rule)]
            return record.number == entered.number and not gap and not any(map(_surely, earlier))
        if self._is_left_at_once(record.state):
            return False
        stood = (record.on - entered.on).days + gap
        timed = [r for r in state.transitions if r.after and r is not rule]
        for other in timed:
            days = _sure_days(record.state, other)
            if days is not None and (stood > days or (stood == days and _goes_first(other, rule))):
                return False
        return True

    def _acts(self, walk: Walk, rule: Transition, actor: Actor, gap: int) -> Iterator[Walk]:
        """Yield what an act by an actor leads to, by everything that could be given with it."""
        source = walk.record.state
        same = machine_for(self.lifecycle).compiled(source, rule.trigger)
        (use,) = (each.use for each in same if each.rule is rule)
        move = Move(self._words_of(rule), source, rule.to, actor.role, actor.person, use)
        on = walk.record.on + timedelta(gap)
        for offered in self._offers(walk.record, actor, on):
            best: bool | None = None
            for record, act, contexts in self._tries(walk.record, rule, actor, gap, offered):
                taken = [self._takes(record, act, context) for context in contexts]
                if not any(taken):
                    continue
                self._judge(walk, move, record, act, list(zip(contexts, taken, strict=True)))
                if best is None or (all(taken) and not best):
                    best = all(taken)
                    event = decide(self.lifecycle, record, act, contexts[taken.index(True)])
                    if isinstance(event, Refusal):
                        raise TypeError(event)
                    yield Walk(
                        apply(walk.record, event), (*walk.moves, move), walk.sure and best, best
                    )
                if best and not isinstance(self.promise, NeverEnteredUnless):
                    break

    def _words_of(self, rule: Transition) -> frozenset[str]:
        """Return what a promise may call a transition, looked up once."""
        key = id(self.lifecycle), id(rule)
        if key not in self.words:
            self.words[key] = words_of(self.lifecycle, rule)
        return self.words[key]

    def _offers(self, record: Record, actor: Actor, on: date) -> list[tuple[Document, ...]]:
        if actor.role == SYSTEM:
            return [()]
        fresh = tuple(new(letter, record.number + 1, on) for letter in self.means.letters)
        return [(), *((letter,) for letter in fresh), *([fresh] if len(fresh) > 1 else [])]

    def _tries(
        self,
        record: Record,
        rule: Transition,
        actor: Actor,
        gap: int,
        offered: tuple[Document, ...],
    ) -> Iterator[tuple[Record, Act, list[Context]]]:
        on, means = record.on + timedelta(gap), self.means
        alone = actor.role == SYSTEM
        for fields, inspection, family, reason, successor in product(
            means.fields_on(on),
            [None] if alone else means.inspections_for(record, on),
            means.families,
            [None] if alone else means.reasons,
            [None] if alone else means.successors,
        ):
            act = Act(
                rule.trigger,
                actor,
                on,
                "a clerk",
                evidence=offered,
                inspection=inspection.id if inspection else None,
                reason=reason,
                successor=successor,
                source="portal",
            )
            contexts = self._contexts(inspection, family)
            yield (evolve(record, fields=fields) if fields else record), act, contexts

    def _contexts(self, inspection: Inspection | None, family: Family) -> list[Context]:
        """Return the contexts of an act, by what predicates say: those of a family made once."""
        if inspection is not None:
            return [_context(self.means, inspection, family, says=says) for says in self.means.says]
        if id(family) not in self.contexts:
            says = self.means.says
            self.contexts[id(family)] = [_context(self.means, None, family, says=s) for s in says]
        return self.contexts[id(family)]

    def _takes(self, record: Record, act: Act, context: Context) -> bool:
        cursor = Cursor(record.state, record, act, context)
        return machine_for(self.lifecycle).events[act.trigger].trigger(cursor)

    def _judge(
        self,
        walk: Walk,
        move: Move,
        record: Record,
        act: Act,
        taken: list[tuple[Context, bool]],
    ) -> None:
        moves = (*walk.moves, move)
        self.entered.add((move.old, move.new, move.role))
        if isinstance(self.promise, NeverEnteredUnless):
            unmet = [
                accepted and self._unmet(self.promise, move, record, act, context)
                for context, accepted in taken
            ]
        else:
            broken = breaks(self.promise, self.lifecycle, moves)
            unmet = [accepted and broken for _, accepted in taken]
        if any(unmet):
            self.ever = min(self.ever or len(moves), len(moves))
        if all(unmet) and walk.sure:
            self.surely = min(self.surely or len(moves), len(moves))

    def _unmet(
        self, promise: NeverEnteredUnless, move: Move, record: Record, act: Act, context: Context
    ) -> bool:
        states = self.lifecycle.states
        inside = standing(promise.where, self.lifecycle)
        if move.new not in inside or move.old in inside:
            return False
        if promise.roles and move.role not in promise.roles:
            return False
        old, new = states[move.old].counts_as, states[move.new].counts_as
        closes = tuple(k for k, c in new.items() if c == "closed" and old.get(k) != "closed")
        check = compile_check(promise.requirement, closes, move.use)
        return check.unmet(record, act, context) is not None

    def _reachable(self, promise: AlwaysReachable) -> None:
        """Look from every place that is no end for a way to the target that passes no end."""
        targets = standing(promise.where, self.lifecycle)
        places = self.seen.values()
        surely, ever = self._good(targets, sure=True), self._good(targets, sure=False)
        for walk in places:
            if self.lifecycle.states[walk.record.state].final:
                continue
            length = len(walk.moves)
            if self._place(walk) not in surely:
                self.ever = length if self.ever is None else min(self.ever, length)
            if walk.sure and self._place(walk) not in ever:
                self.surely = length if self.surely is None else min(self.surely, length)

    def _place(self, walk: Walk) -> Key:
        state, _, *rest = self._print(walk)
        return (state, *rest)

    def _good(self, targets: frozenset[str], *, sure: bool) -> set[Key]:
        back: dict[Key, set[Key]] = {}
        for key, others in self.ahead.items():
            for other, surely in others:
                if not self.lifecycle.states[key[0]].final and (not sure or surely):
                    back.setdefault((other[0], *other[2:]), set()).add((key[0], *key[2:]))
        waiting = [self._place(w) for w in self.seen.values() if w.record.state in targets]
        good = set(waiting)
        while waiting:
            for key in back.get(waiting.pop(), set()) - good:
                good.add(key)
                waiting.append(key)
        return good


def _surely(rule: Transition) -> bool:
    return not rule.requires


def _sure_days(state: str, rule: Transition) -> int | None:
    """Return after how many days the system surely takes a timed step, None where it may not."""
    if rule.after is None or rule.after.days is None or rule.after.since != "entered":
        return None
    days = rule.after.days
    for asked in rule.requires:
        if not isinstance(asked, Waited) or asked.since not in (None, state):
            return None
        days = max(days, asked.waited)
    return days


def _goes_first(other: Transition, rule: Transition) -> bool:
    """Say whether the system takes one of two timed steps first, where both are due."""
    if rule.after is None or other.after is None:
        return False
    due, own = other.after.days or 0, rule.after.days or 0
    return (due, other.trigger) < (own, rule.trigger)


def explored(lifecycle: Lifecycle, promise: Promise, *, prompt: bool = False) -> Found:
    """Try every walk through a lifecycle, up to a size, against one promise; adding is the first.

    Adding a record asks nothing of anybody, so it breaks whatever asks something of an entry.
    `prompt`: the system does at once whatever it surely does, before anybody else acts.
    """
    asks_of_entries = OnlyEnteredBy | NeverEnteredUnless | NeverEnteredWithoutSteps
    if lifecycle.begun_by is None and isinstance(promise, asks_of_entries):
        inside = standing(promise.where, lifecycle)
        if lifecycle.initial in inside:
            return Found(1, 1, None, frozenset())
    return Reference(lifecycle, promise, means_for(lifecycle, promise), prompt).run()


def _added(lifecycle: Lifecycle) -> Event:
    what = Added("wmp", "recommendation", 1, Pin("drawn", 1, ""), lifecycle.initial)
    return Event("R-1", 1, what, START, Actor("P", "hmicfrs"), "a clerk", NOW)


def attached(record: Record, letter: Document) -> Record:
    """Return a record with one more letter, and at most one other that did not count yet."""
    loose = [a for a in record.attachments if a.document.digest not in record.spent]
    kept = tuple(a for a in record.attachments if a not in loose[:-1])
    number = record.number + 1
    event = Event(
        "R-1", number, Attached(new(letter, number, record.on)), record.on, _LEAD, "c", NOW
    )
    return apply(evolve(record, attachments=kept) if loose[:-1] else record, event)


@cache
def new(letter: Document, number: int, on: date) -> Document:
    """Return a letter as it is first seen at an event's number, signed on that day if at all."""
    signed_on = on if letter.signed_by else None
    return evolve(letter, digest=f"{letter.name}@{number}", signed_on=signed_on)


def named(letter: Document, record: Record, *rules: Lifecycle) -> str:
    """Return what tells a letter apart: its name, and what sent the record back since its day."""
    back = {trigger for each in rules for trigger in _sending_back(id(each), each)}
    since = sorted(
        trigger
        for trigger in back & record.done.keys()
        if letter.signed_on is not None and record.done[trigger].on > letter.signed_on
    )
    return f"letter {letter.name} {since}"


_SENDING_BACK: dict[int, tuple[Lifecycle, frozenset[str]]] = {}


def _sending_back(place: int, lifecycle: Lifecycle) -> frozenset[str]:
    if place not in _SENDING_BACK:
        _SENDING_BACK[place] = lifecycle, triggers_sending_back(lifecycle)
    return _SENDING_BACK[place][1]


def _context(means: Means, inspection: Inspection | None, family: Family, *, says: bool) -> Context:
    return Context(
        NOW,
        TODAY,
        appointments(means),
        inspection,
        family[1],
        {"agreed": lambda *_: says},
        mentions=family[0],
    )
