"""Every small edit of a lifecycle, by kind: nobody's list says which of them are lawful."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from attrs import evolve

from peelflow.model.requirements import (
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import After, Counts, Lifecycle, Role, Side, State, Transition

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
    for kind, date in (
        ("in force earlier", own.in_force_from - day),
        ("in force later", own.in_force_from + day),
    ):
        yield Mutant(kind, str(date), evolve(own, in_force_from=date))
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
