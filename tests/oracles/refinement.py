"""Class every small edit of a lifecycle by brute force: it loosens, obstructs, or only tightens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple

from attrs import define, evolve, field

from peelflow.engine.decide import decide
from peelflow.engine.fold import apply, begin
from peelflow.engine.machine import Cursor, machine_for
from peelflow.model.decisions import Act, Context
from peelflow.model.records import PEELFLOW, Actor, Added, Event, Record, TransitionTaken
from peelflow.model.requirements import (
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
    atoms_of,
)
from peelflow.model.rules import (
    SYSTEM,
    After,
    AlwaysReachable,
    Counts,
    Lifecycle,
    Pin,
    Role,
    Side,
    State,
    StateSet,
    Transition,
)
from tests.builders.walks import NOW, START, TODAY, Means, appointments, means_of
from tests.oracles.guarantees import attached, named, new, standing

OWN = "checking"
COUNTS: tuple[Counts | None, ...] = ("open", "closed", None)


class Mutant(NamedTuple):
    """An edited lifecycle, the kind of edit, and where it was made."""

    kind: str
    place: str
    lifecycle: Lifecycle


def refining(national: Lifecycle) -> Lifecycle:
    """Return a force's own file that says just what the national one says."""
    return evolve(national, name=f"own-{national.name}", refines=str(national), guarantees=())


def mutants(national: Lifecycle) -> Iterator[Mutant]:
    """Yield every small edit of a file that refines `national`."""
    own = refining(national)
    yield from _of_the_file(own, national)
    for name, state in own.states.items():
        yield from _of_state(own, name, state)
        for place in range(len(state.transitions)):
            yield from _of_transition(own, name, place)


def _of_the_file(own: Lifecycle, national: Lifecycle) -> Iterator[Mutant]:
    applies = own.applies_to
    more = evolve(applies, category=(*applies.category, "another_category"))
    yield Mutant("applies to more", "categories", evolve(own, applies_to=more))
    levels = evolve(applies, level=(*applies.level, 9))
    yield Mutant("applies to more", "levels", evolve(own, applies_to=levels))
    if len(applies.category) > 1:
        fewer = evolve(applies, category=applies.category[:1])
        yield Mutant("applies to fewer", "categories", evolve(own, applies_to=fewer))
    day = timedelta(1)
    first = own.in_force_from or date(2000, 1, 1)
    earlier = [("in force earlier", first - day)] if own.in_force_from else []
    for kind, day_in_force in (*earlier, ("in force later", first + day)):
        yield Mutant(kind, str(day_in_force), evolve(own, in_force_from=day_in_force))
    another = f"{national.name}@{national.version + 1}"
    yield Mutant("refines another version", another, evolve(own, refines=another))
    for name, role in own.roles.items():
        if name in {role for s in own.states.values() for w in s.transitions for role in w.by}:
            side: Side = "force" if role.side != "force" else "inspectorate"
            roles = {**own.roles, name: evolve(role, side=side)}
            yield Mutant("role changes side", name, evolve(own, roles=roles))
            yield from _stand_ins(own, name)


def _stand_ins(own: Lifecycle, name: str) -> Iterator[Mutant]:
    """Let a role of the force's own stand for another, wherever that may act."""
    roles = {**own.roles, "stand_in": Role("force", "Stand-in", stands_for=name)}
    states = {
        key: evolve(
            state,
            transitions=tuple(
                evolve(way, by=(*way.by, "stand_in")) if name in way.by else way
                for way in state.transitions
            ),
        )
        for key, state in own.states.items()
    }
    yield Mutant("role stands for another", name, evolve(own, roles=roles, states=states))


def _of_state(own: Lifecycle, name: str, state: State) -> Iterator[Mutant]:
    def put(kind: str, place: str, new: State) -> Mutant:
        return Mutant(kind, f"{name} {place}", evolve(own, states={**own.states, name: new}))

    yield put("final changes", "", evolve(state, final=not state.final))
    for ledger in sorted({k for s in own.states.values() for k in s.counts_as}):
        for counts in COUNTS:
            if state.counts_as.get(ledger) != counts:
                kept = {k: c for k, c in state.counts_as.items() if k != ledger}
                new = {**kept, ledger: counts} if counts else kept
                yield put("count changes", f"{ledger} {counts}", evolve(state, counts_as=new))
    yield put(
        "counts on another ledger", "", evolve(state, counts_as={**state.counts_as, "own": "open"})
    )
    for other in own.states:
        if other != name:
            yield put("stands for another", other, evolve(state, stands_for=other))
            for role in ("liaison_officer", "hmicfrs"):
                if role in own.roles:
                    way = Transition("leap", other, (role,), reopens=state.final)
                    ways = (*state.transitions, way)
                    yield put("adds a way out", f"{other} {role}", evolve(state, transitions=ways))
    if not state.final:
        yield from _split(own, name, state)
    yield from _wishes(own, name, state)


def _split(own: Lifecycle, name: str, state: State) -> Iterator[Mutant]:
    """Split a state in two by a step of the force's own, there and back."""
    if "liaison_officer" not in own.roles and "chief_constable" not in own.roles:
        return
    role = "liaison_officer" if "liaison_officer" in own.roles else "chief_constable"
    check = Transition("check", OWN, (role,), (ReasonGiven(),))
    done = Transition("check_done", name, (role,))
    twin = evolve(
        state, stands_for=state.stands_for or name, transitions=(*state.transitions, done)
    )
    both = {
        **own.states,
        name: evolve(state, transitions=(*state.transitions, check)),
        OWN: twin,
    }
    yield Mutant("splits a state", name, evolve(own, states=both))
    bare = {**both, OWN: evolve(twin, transitions=(done,))}
    yield Mutant("splits a state, and keeps only the way back", name, evolve(own, states=bare))
    onward = {**both, name: evolve(state, transitions=(check, *_theirs(own, state)))}
    yield Mutant("splits a state, the force going the long way", name, evolve(own, states=onward))


def _wishes(own: Lifecycle, name: str, state: State) -> Iterator[Mutant]:
    """Let oversight look, time remind, and somebody note what was learnt."""
    roles = {"pcc": Role("oversight", "PCC"), "lead": Role("force", "Lead"), **own.roles}

    def put(kind: str, place: str, **states: State) -> Mutant:
        new = evolve(own, roles=roles, states={**own.states, **states})
        return Mutant(kind, f"{name} {place}", _reached(new))

    def more(*ways: Transition) -> State:
        return evolve(state, transitions=(*state.transitions, *ways))

    stays: dict[str, Transition] = {
        "oversight looks": Transition("look", name, ("pcc",), (ReasonGiven(),)),
        "time reminds": Transition("remind", name, (SYSTEM,), after=After(3)),
        "a note is made": Transition("note_down", name, ("lead",), (ReasonGiven(),)),
        "a note spends a letter": Transition("note_down", name, ("lead",), (Evidence("letter"),)),
        "a note names a successor": Transition("note_down", name, ("lead",), (SuccessorNamed(),)),
        "the inspectorate looks": Transition("look", name, ("hmicfrs",)),
    }
    rare = state.final or name == own.initial  # days and documents make many places of one
    for kind, way in stays.items():
        spends = any(isinstance(atom, Evidence) for atom in way.requires)
        known = set(way.by) <= {*roles, SYSTEM}
        timed_elsewhere = way.after and name != own.initial
        if known and not timed_elsewhere and (state.final or not spends):
            yield put(kind, "", **{name: more(way)})
    begin = Transition("ask", OWN, ("lead",))
    look = Transition("look", f"{OWN}_done", ("pcc",))
    twin = evolve(state, stands_for=state.stands_for or name)
    ways = state.transitions
    theirs = _theirs(own, state)
    waiting = evolve(twin, transitions=(*theirs, look))
    free = evolve(twin, transitions=(*ways, look))
    first = evolve(state, transitions=(*theirs, begin))
    done = {f"{OWN}_done": twin}
    yield put("the force waits for oversight", "", **{name: first, OWN: waiting}, **done)
    yield put("oversight looks meanwhile", "", **{name: first, OWN: free}, **done)
    lapse = Transition("go_on", f"{OWN}_done", (SYSTEM,), after=After(3))
    timed = evolve(waiting, transitions=(*waiting.transitions, lapse))
    if rare:
        yield put("oversight has its time", "", **{name: first, OWN: timed}, **done)


def _theirs(own: Lifecycle, state: State) -> tuple[Transition, ...]:
    return tuple(w for w in state.transitions if any(own.roles[r].side != "force" for r in w.by))


Edit = Callable[[Transition], Transition | None]
_EXTRA: tuple[Requirement, ...] = (
    ReasonGiven(),
    SuccessorNamed(),
    FieldSet("owner"),
    FieldSet("addressees", "pccs"),
    Evidence("letter"),
    Waited(2),
    InspectionHeld("any"),
)


def _of_transition(own: Lifecycle, name: str, place: int) -> Iterator[Mutant]:
    way = own.states[name].transitions[place]

    def put(kind: str, more: str, new: Transition | None) -> Mutant:
        state = own.states[name]
        ways = list(state.transitions)
        ways[place : place + 1] = [new] if new else []
        states = {**own.states, name: evolve(state, transitions=tuple(ways))}
        where = f"{name} {way.trigger} {more}"
        return Mutant(kind, where, _reached(evolve(own, states=states)))

    yield put("drops a transition", "", None)
    for role in sorted(own.roles):
        if role not in way.by:
            yield put("adds a role", role, evolve(way, by=(*way.by, role)))
        elif len(way.by) > 1:
            yield put("drops a role", role, evolve(way, by=tuple(r for r in way.by if r != role)))
    for other in own.states:
        if other != way.to:
            yield put("redirects", other, evolve(way, to=other))
    for at, asked in enumerate(way.requires):
        rest = (*way.requires[:at], *way.requires[at + 1 :])
        yield put("drops a requirement", str(at), evolve(way, requires=rest))
        for weaker in _weaker(asked):
            all_ = (*way.requires[:at], weaker, *way.requires[at + 1 :])
            yield put("changes a requirement", str(at), evolve(way, requires=all_))
    for extra in _EXTRA:
        all_ = (*way.requires, extra)
        yield put("adds a requirement", type(extra).__name__, evolve(way, requires=all_))
    if way.by == ("system",):
        later = None if way.after else After(3)
        yield put("changes the time", "", evolve(way, after=later))
    yield put("renames", "", evolve(way, trigger="by_another_name", as_=way.trigger))
    yield put("answers nothing", "", evolve(way, trigger="by_another_name", implements=None))


def _weaker(asked: Requirement) -> Iterator[Requirement]:
    match asked:
        case Evidence():
            yield evolve(asked, signed_by=())
            yield evolve(asked, signed_by=(*asked.signed_by, "nominated_deputy"))
        case InspectionHeld():
            for kind in ("planned", "bespoke", "any"):
                if kind != asked.inspection:
                    yield evolve(asked, inspection=kind)
            yield evolve(asked, relevant=not asked.relevant)
        case _:
            yield Waited(1)


def _reached(lifecycle: Lifecycle) -> Lifecycle:
    """Drop the states that nothing reaches any more."""
    seen, waiting = set[str](), [lifecycle.initial]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [way.to for way in lifecycle.states[name].transitions]
    return evolve(lifecycle, states={n: s for n, s in lifecycle.states.items() if n in seen})


MOST = 10_000


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
    arcs: dict[Any, dict[Any, tuple[bool, bool]]] = field(factory=dict)
    is_edited: bool = True

    def run(self) -> Outcome:
        """Walk, the shorter walks first, until nothing new is found or too much was."""
        self._scope()
        start = Pair(begun(self.own), begun(self.national))
        self.seen = {self._key(start): start}
        waiting = list(self.seen)
        self._differs(start)
        for key in waiting:
            for found, then, by_others in self._nexts(self.seen[key]):
                self.ahead.setdefault(key, set()).add(found)
                arcs = self.arcs.setdefault(key, {})
                before = arcs.get(found, (True, True))
                arcs[found] = (min(by_others[0], before[0]), min(by_others[1], before[1]))
                if found not in self.seen:
                    self.seen[found] = then
                    self._differs(then)
                    waiting.append(found)
                if self.faults:
                    return Outcome(frozenset(self.faults), complete=True)
            if self.faults or len(self.seen) > self.most:
                break
        complete = len(self.seen) <= self.most
        if complete and not self.faults and self.is_edited:
            self._stuck()
        if complete and not self.faults and self.is_edited:
            self._waits()
        return Outcome(frozenset(self.faults), complete)

    def _scope(self) -> None:
        here = set(product(self.own.applies_to.category, self.own.applies_to.level))
        there = set(product(self.national.applies_to.category, self.national.applies_to.level))
        if not here <= there:
            self.faults.add("it runs records that the national file does not")
        if self.own.first_day < self.national.first_day:
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
        rules = self.own, self.national
        line += [(a.number, record.on, named(a.document, record, *rules)) for a in loose]
        line.sort()
        order = []
        before = None
        for number, on, name in line:
            order.append((name, number == before, min((record.on - on).days, means.most)))
            before = number
        return record.state, tuple(order), tuple((name, each.person) for name, each in done)

    def _nexts(self, pair: Pair) -> Iterator[tuple[Any, Pair, tuple[bool, bool]]]:
        here = self.own.states[pair.own.state].transitions
        there = self.national.states[pair.national.state].transitions
        for letter in self.means.letters:
            then = Pair(*(attached(record, letter) for record in pair))
            yield self._key(then), then, (False, False)
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
                others = role != SYSTEM and self._side(role) != "force"
                by_others = (self._is_held(pair, mine, role), others)
                for person, gap in product(people, self.means.days):
                    for found, then in self._acts(pair, name, Actor(person, role), gap, means):
                        yield found, then, by_others

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
            sides = {self._side(role) for role in mine.by} - {"force", "oversight"}
            others = bool(sides) and not (sides == {"system"} and mine.after)
            if others or self._leaves_an_end(pair.own, own, mine) or self._is_national(act):
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

    def _is_held(self, pair: Pair, mine: list[Transition], role: str) -> bool:
        """Say whether a record is in others' hands when a role takes a step."""
        if role != SYSTEM and self._side(role) != "force":
            return True
        answers = any(rule.implements for rule in mine if role in rule.by)
        there = pair.national.state
        return answers and any(
            rule.to != there and self.national.roles[each].side not in ("force", "system")
            for rule in self.national.states[there].transitions
            for each in rule.by
        )

    def _leaves_an_end(self, before: Record, after: Record, rule: Transition) -> bool:
        """Say whether a step from an end changes anything but what was noted."""
        old, new = (self.own.states[record.state] for record in (before, after))
        kept = old.final == new.final and old.counts_as == new.counts_as and not rule.reopens
        asks = {type(atom) for atom in atoms_of(rule.requires)}
        return old.final and not (kept and not asks & {Evidence, SuccessorNamed})

    def _side(self, role: str) -> str:
        return self.own.roles[role].side

    def _is_national(self, act: Act) -> bool:
        return any(
            rule.trigger == act.trigger
            for state in self.national.states.values()
            for rule in state.transitions
        )

    def _stuck(self) -> None:
        """Look from every pair for a way to what can always be reached.

        Where somebody could act before the system does, which moves a record on at once, national
        records look trapped too, and then nothing is said.
        """
        for guarantee in self.national.guarantees:
            promise = guarantee.promise
            if isinstance(promise, AlwaysReachable) and self.traps(promise.where):
                same = national_copy(self.national)
                if same is None or not same.traps(promise.where):
                    self.faults.add("records are trapped")

    def traps(self, where: StateSet) -> bool:
        """Say whether a record can come to where no way leads on to some states."""
        targets = standing(where, self.national)
        good = {key for key, pair in self.seen.items() if pair.national.state in targets}
        ends = {key for key, pair in self.seen.items() if self.own.states[pair.own.state].final}
        grown = True
        while grown:
            more = {k for k, then in self.ahead.items() if k not in ends and then & good} - good
            good |= more
            grown = bool(more)
        return not self.seen.keys() <= good | ends

    def _waits(self) -> None:
        """Look whether a record is in others' hands oftener than under the national file alone.

        And whether the force alone comes to where it comes alone nationally.
        """
        for (where, alone), most in national_waits(self.national).items():
            waits = self.waits_for(where, alone=alone)
            for key, pair in self.seen.items():
                ended = self.own.states[pair.own.state].final
                limit = most.get(pair.national.state)
                if ended or limit is None or (alone and limit):
                    continue
                if waits.get(key, 0) > limit:
                    self.faults.add("a record is in others' hands oftener")

    def waits_for(self, where: StateSet, *, alone: bool) -> dict[Any, int]:
        """Return for each place how often a way is in others' hands at the least."""
        targets = standing(where, self.national)
        waits = {key: 0 for key, pair in self.seen.items() if pair.national.state in targets}
        ends = {key for key, pair in self.seen.items() if self.own.states[pair.own.state].final}
        changed = True
        while changed:
            changed = False
            for key, arcs in self.arcs.items():
                ways = [
                    waits[then] + by_others[alone]
                    for then, by_others in arcs.items()
                    if then in waits
                ]
                least = min(ways, default=None)
                if key not in ends and least is not None and least < waits.get(key, least + 1):
                    waits[key], changed = least, True
        return waits


Waits = dict[tuple[StateSet, bool], dict[str, int]]
_NATIONAL_COPIES: dict[int, tuple[Lifecycle, Simulation | None]] = {}
_NATIONAL_WAITS: dict[int, tuple[Lifecycle, Waits]] = {}


def national_copy(national: Lifecycle) -> Simulation | None:
    """Return the national file walked beside itself, None where that is too much."""
    if id(national) not in _NATIONAL_COPIES:
        same = Simulation(refining(national), national, _means(national, national), MOST)
        same.is_edited = False
        _NATIONAL_COPIES[id(national)] = national, same if same.run().complete else None
    return _NATIONAL_COPIES[id(national)][1]


def national_waits(national: Lifecycle) -> Waits:
    """Return for each goal how often a record is in others' hands from each national state."""
    if id(national) not in _NATIONAL_WAITS:
        same = national_copy(national)
        found: Waits = {}
        if same is not None:
            for guarantee, alone in product(national.guarantees, (False, True)):
                if isinstance(guarantee.promise, AlwaysReachable):
                    where = guarantee.promise.where
                    most = found.setdefault((where, alone), {})
                    for key, waits in same.waits_for(where, alone=alone).items():
                        state = same.seen[key].national.state
                        most[state] = max(waits, most.get(state, 0))
        _NATIONAL_WAITS[id(national)] = national, found
    return _NATIONAL_WAITS[id(national)][1]


def classed(own: Lifecycle, national: Lifecycle, *, most: int = MOST) -> Outcome:
    """Class an edited file against the national one, by brute force over so many places."""
    return Simulation(own, national, _means(own, national), most).run()


def _means(own: Lifecycle, national: Lifecycle) -> Means:
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
    return means_of(rules, timers=timers)


def _tries(
    pair: Pair, trigger: str, actor: Actor, on: date, means: Means
) -> Iterator[tuple[Act, Context]]:
    """Yield an act by everything that could be given with it, in every context."""
    alone = actor.role == SYSTEM
    letters = tuple(new(letter, pair.own.number + 1, on) for letter in means.letters)
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


def begun(lifecycle: Lifecycle) -> Record:
    """Return a record that was just added."""
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
