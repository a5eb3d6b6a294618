"""Analyse a goal: its states, their distances, and the part of the past that matters to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import product

from attrs import evolve, frozen

from peelflow.engine.machine import CompiledTransition, RuleMachine, machine_for
from peelflow.engine.requirements import has_choice, window_start
from peelflow.errors import InvalidRequest
from peelflow.model.records import PEELFLOW, Record
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    Requirement,
    atoms_of,
)
from peelflow.model.rules import SYSTEM, Lifecycle, State, Transition
from peelflow.wording import say_choice

COUNT_WORDS = ("open", "closed")


@frozen
class Goal:
    """A goal in words, and its states; the first set that can be reached at all is meant."""

    words: str
    states: tuple[frozenset[str], ...]


def goal_of(lifecycle: Lifecycle, to: str, *, ledger: str) -> Goal:
    """Return what `to` means under a lifecycle.

    `open` and `closed` are ways of counting on the ledger. Where a state has that very name, the
    way leads there rather than by a side door, if it can. Any other word is a state's name.

    Raises:
        InvalidRequest: No state is called so or counts so.
    """
    states = lifecycle.states
    if to in COUNT_WORDS:
        counting = [name for name, state in states.items() if state.counts_as.get(ledger) == to]
        if counting:
            return Goal(f"{to} on the ledger {ledger}", _preferred_first(counting, to))
    if to in states:
        return Goal(f"`{to}`", (frozenset({to}),))
    counted = sorted(
        {f"{how} on {name}" for one in states.values() for name, how in one.counts_as.items()}
    )
    why = f"is no state of {lifecycle}, and none counts so on the ledger {ledger!r}"
    instead = f"use {say_choice(tuple(states))}" + "".join(f", or {each}" for each in counted)
    raise InvalidRequest(f"the goal {to!r}", why, instead)


def closed_on(lifecycle: Lifecycle, ledgers: tuple[str, ...]) -> Goal:
    """Return the states that count closed on `ledgers`, on all of their own if it is empty."""
    names = [
        name
        for name, state in lifecycle.states.items()
        if all(state.counts_as.get(one) == "closed" for one in ledgers or state.counts_as)
    ]
    where = f"on the ledger {' and '.join(ledgers)}" if ledgers else "wherever it counts"
    return Goal(f"closed {where}", _preferred_first(names, "closed"))


def not_closed_on(lifecycle: Lifecycle, ledgers: Iterable[str]) -> Goal:
    """Return the states that count closed on none of `ledgers`."""
    closed = frozenset(ledgers)
    names = frozenset(
        name
        for name, state in lifecycle.states.items()
        if not closed.intersection(closed_ledgers(state))
    )
    return Goal(f"no longer closed on the ledger {' and '.join(sorted(closed))}", (names,))


def not_open_on(lifecycle: Lifecycle, ledgers: Iterable[str]) -> Goal:
    """Return the states that count open on none of `ledgers`, those that end before others."""
    names = [
        name
        for name, state in lifecycle.states.items()
        if all(state.counts_as.get(one) != "open" for one in ledgers)
    ]
    where = " and ".join(sorted(ledgers))
    return Goal(f"no longer open on the ledger {where}", _preferred_first(names, "closed"))


def closed_ledgers(state: State) -> frozenset[str]:
    """Return the ledgers on which a state counts closed."""
    return frozenset(name for name, counts in state.counts_as.items() if counts == "closed")


def _preferred_first(names: Iterable[str], name: str) -> tuple[frozenset[str], ...]:
    """Return the state of that name alone, where it is one of them, before all of them."""
    every = frozenset(names)
    first = every.intersection({name})
    return (first, every) if first and first != every else (every,)


Atoms = tuple[Requirement, ...]
IMAGINED_DIGEST_PREFIX = "imagined "  # begins the digest of a document that is yet to be written


@frozen(eq=False)
class GoalAnalysis:
    """A lifecycle seen from a goal.

    Attributes:
        machine: The lifecycle's.
        away: From each state that has a way to the goal, how many acts it takes at least.
        since: The states from whose entering some requirement counts.
        distinct: Every `distinct_from`.
        papers: The evidence that peelflow's own steps ask for: it must be attached beforehand.
        fields: What peelflow's own steps ask of fields, and every choice that is asked for.
        choosing: The fields of those choices.
    """

    machine: RuleMachine
    away: dict[str, int]
    since: frozenset[str]
    distinct: tuple[DistinctFrom, ...]
    papers: tuple[Evidence, ...]
    fields: tuple[FieldSet, ...]
    choosing: frozenset[str]


def analyse_goal(lifecycle: Lifecycle, goals: frozenset[str]) -> GoalAnalysis:
    """Return what matters of a lifecycle on ways to `goals`."""
    away = _distances(lifecycle, goals)
    rules = [rule for name in away for rule in lifecycle.states[name].transitions]
    atoms = tuple(atom for rule in rules for atom in atoms_of(rule.requires))
    own = tuple(a for rule in rules if rule.by == (SYSTEM,) for a in atoms_of(rule.requires))
    chosen = [a for a in atoms if isinstance(a, FieldSet) and a.has is not None]
    since = {getattr(atom, "since", None) for atom in atoms} - {None, PUBLISHED}
    return GoalAnalysis(
        machine=machine_for(lifecycle),
        away=away,
        since=frozenset(map(str, since)),
        distinct=tuple(dict.fromkeys(a for a in atoms if isinstance(a, DistinctFrom))),
        papers=tuple(dict.fromkeys(a for a in own if isinstance(a, Evidence))),
        fields=tuple(dict.fromkeys([*(a for a in own if isinstance(a, FieldSet)), *chosen])),
        choosing=frozenset(atom.field for atom in chosen),
    )


def is_automatic(rule: Transition) -> bool:
    """Say whether peelflow takes this step by itself as soon as its state is entered."""
    return rule.by == (SYSTEM,) and rule.after is None


def _distances(lifecycle: Lifecycle, goals: frozenset[str]) -> dict[str, int]:
    """Return the least number of acts from each state to a goal; prompt steps cost none."""
    into: dict[str, list[tuple[str, int]]] = {}
    for name, state in lifecycle.states.items():
        for rule in state.transitions:
            into.setdefault(rule.to, []).append((name, 0 if is_automatic(rule) else 1))
    away = dict.fromkeys(sorted(goals), 0)
    waiting = deque((name, 0) for name in away)
    while waiting:
        name, far = waiting.popleft()
        for source, cost in into.get(name, ()):
            if far + cost < away.get(source, far + cost + 1):
                away[source] = far + cost
                (waiting.append if cost else waiting.appendleft)((source, far + cost))
    return away


def transitions_out(
    machine: RuleMachine, state: str, *, prompt: bool
) -> Iterator[CompiledTransition]:
    """Yield the ways out of a state that peelflow takes at once, or the others."""
    for rule in machine.lifecycle.states[state].transitions:
        if is_automatic(rule) is prompt:
            yield next(way for way in machine.compiled(state, rule.trigger) if way.rule is rule)


def automatic_runs(machine: RuleMachine, state: str) -> Iterator[tuple[CompiledTransition, ...]]:
    """Yield each run of steps that peelflow could take at once from a state, shortest first."""
    runs: deque[tuple[CompiledTransition, ...]] = deque([()])
    while runs:
        run = runs.popleft()
        yield run
        passed = {state, *(way.rule.to for way in run)}
        here = run[-1].rule.to if run else state
        for way in transitions_out(machine, here, prompt=True):
            if way.rule.to not in passed:
                runs.append((*run, way))


def alternatives_of(requires: Atoms) -> tuple[Atoms, ...]:
    """Return each list of atoms that meets all of `requires`: one choice of every `any_of`."""
    options = []
    for asked in requires:
        if isinstance(asked, AnyOf):
            options.append(tuple(one for every in asked.any_of for one in alternatives_of(every)))
        else:
            options.append(((asked,),))
    every = (tuple(a for part in chosen for a in part) for chosen in product(*options))
    return tuple(dict.fromkeys(tuple(dict.fromkeys(atoms)) for atoms in every))


def without_irrelevant_past(record: Record, terrain: GoalAnalysis) -> Record:
    """Return a record without what no requirement here asks for, so that long ways stay quick."""
    past = terrain.since | {record.state}
    triggers = {atom.distinct_from for atom in terrain.distinct}
    return evolve(
        record,
        entered={name: when for name, when in record.entered.items() if name in past},
        done={name: when for name, when in record.done.items() if name in triggers},
        attachments=tuple(a for a in record.attachments if a.document.digest not in record.spent),
        spent=frozenset(),
    )


def relevant_past(record: Record, terrain: GoalAnalysis) -> Hashable:
    """Return all of a record's past that decides what can be done later."""
    return (
        record.state,
        frozenset(terrain.since.intersection(record.entered)),
        tuple(_doer_kind(record, atom) for atom in terrain.distinct),
        tuple(_attached_evidence(record, atom) for atom in terrain.papers),
        tuple(_is_field_met(record, atom) for atom in terrain.fields),
    )


def _is_field_met(record: Record, atom: FieldSet) -> bool:
    """Return whether a field is set, to the choice that is asked for."""
    value = record.fields.get(atom.field)
    return bool(value) if atom.has is None else has_choice(value, atom.has)


def _doer_kind(record: Record, atom: DistinctFrom) -> str | None:
    """Return whether a trigger was done in the window: by peelflow, by a person, or not."""
    window, done = window_start(record, atom.since), record.done.get(atom.distinct_from)
    if window is None or done is None or done.number < window.number:
        return None
    return "peelflow" if done.person == PEELFLOW.person else "a person"


def _attached_evidence(record: Record, atom: Evidence) -> frozenset[str]:
    window = window_start(record, atom.since)
    return frozenset(
        held.document.name
        if held.document.digest.startswith(IMAGINED_DIGEST_PREFIX)
        else held.document.digest
        for held in record.attachments
        if window and held.number > window.number and held.document.kind == atom.evidence
    )
