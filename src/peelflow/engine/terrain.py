"""What matters of a lifecycle to whoever looks for a way through it, and what can be left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from itertools import product

from attrs import evolve, frozen

from peelflow.engine.checks import says
from peelflow.engine.decide import PEELFLOW
from peelflow.engine.evidence import window_of
from peelflow.engine.machine import RuleMachine, Way, machine_for
from peelflow.model.records import Record
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    Requirement,
    each_atom,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Transition

Atoms = tuple[Requirement, ...]
IMAGINED = "imagined "  # begins the digest of a document that is yet to be written


@frozen(eq=False)
class Terrain:
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


def terrain_of(lifecycle: Lifecycle, goals: frozenset[str]) -> Terrain:
    """Return what matters of a lifecycle on ways to `goals`."""
    away = _away(lifecycle, goals)
    rules = [rule for name in away for rule in lifecycle.states[name].transitions]
    atoms = tuple(atom for rule in rules for atom in each_atom(rule.requires))
    own = tuple(a for rule in rules if rule.by == (SYSTEM,) for a in each_atom(rule.requires))
    chosen = [a for a in atoms if isinstance(a, FieldSet) and a.has is not None]
    since = {getattr(atom, "since", None) for atom in atoms} - {None, PUBLISHED}
    return Terrain(
        machine=machine_for(lifecycle),
        away=away,
        since=frozenset(map(str, since)),
        distinct=tuple(dict.fromkeys(a for a in atoms if isinstance(a, DistinctFrom))),
        papers=tuple(dict.fromkeys(a for a in own if isinstance(a, Evidence))),
        fields=tuple(dict.fromkeys([*(a for a in own if isinstance(a, FieldSet)), *chosen])),
        choosing=frozenset(atom.field for atom in chosen),
    )


def is_prompt(rule: Transition) -> bool:
    """Say whether peelflow takes this step by itself as soon as its state is entered."""
    return rule.by == (SYSTEM,) and rule.after is None


def _away(lifecycle: Lifecycle, goals: frozenset[str]) -> dict[str, int]:
    """Return the least number of acts from each state to a goal; prompt steps cost none."""
    into: dict[str, list[tuple[str, int]]] = {}
    for name, state in lifecycle.states.items():
        for rule in state.transitions:
            into.setdefault(rule.to, []).append((name, 0 if is_prompt(rule) else 1))
    away = dict.fromkeys(sorted(goals), 0)
    waiting = deque((name, 0) for name in away)
    while waiting:
        name, far = waiting.popleft()
        for source, cost in into.get(name, ()):
            if far + cost < away.get(source, far + cost + 1):
                away[source] = far + cost
                (waiting.append if cost else waiting.appendleft)((source, far + cost))
    return away


def ways_out(machine: RuleMachine, state: str, *, prompt: bool) -> Iterator[Way]:
    """Yield the ways out of a state that peelflow takes at once, or the others."""
    for rule in machine.lifecycle.states[state].transitions:
        if is_prompt(rule) is prompt:
            yield next(way for way in machine.ways(state, rule.trigger) if way.rule is rule)


def onward(machine: RuleMachine, state: str) -> Iterator[tuple[Way, ...]]:
    """Yield each run of steps that peelflow could take at once from a state, shortest first."""
    runs: deque[tuple[Way, ...]] = deque([()])
    while runs:
        run = runs.popleft()
        yield run
        passed = {state, *(way.rule.to for way in run)}
        here = run[-1].rule.to if run else state
        for way in ways_out(machine, here, prompt=True):
            if way.rule.to not in passed:
                runs.append((*run, way))


def choices(requires: Atoms) -> tuple[Atoms, ...]:
    """Return each list of atoms that meets all of `requires`: one choice of every `any_of`."""
    options = []
    for asked in requires:
        if isinstance(asked, AnyOf):
            options.append(tuple(one for every in asked.any_of for one in choices(every)))
        else:
            options.append(((asked,),))
    every = (tuple(a for part in chosen for a in part) for chosen in product(*options))
    return tuple(dict.fromkeys(tuple(dict.fromkeys(atoms)) for atoms in every))


def pared(record: Record, terrain: Terrain) -> Record:
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


def facts(record: Record, terrain: Terrain) -> Hashable:
    """Return all of a record's past that decides what can be done later."""
    return (
        record.state,
        frozenset(terrain.since.intersection(record.entered)),
        tuple(_doer(record, atom) for atom in terrain.distinct),
        tuple(_attached(record, atom) for atom in terrain.papers),
        tuple(_said(record, atom) for atom in terrain.fields),
    )


def _said(record: Record, atom: FieldSet) -> bool:
    """Return whether a field is set, to the choice that is asked for."""
    value = record.fields.get(atom.field)
    return bool(value) if atom.has is None else says(value, atom.has)


def _doer(record: Record, atom: DistinctFrom) -> str | None:
    """Return whether a trigger was done in the window: by peelflow, by a person, or not."""
    window, done = window_of(record, atom.since), record.done.get(atom.distinct_from)
    if window is None or done is None or done.number < window.number:
        return None
    return "peelflow" if done.person == PEELFLOW.person else "a person"


def _attached(record: Record, atom: Evidence) -> frozenset[str]:
    window = window_of(record, atom.since)
    return frozenset(
        held.document.name if held.document.digest.startswith(IMAGINED) else held.document.digest
        for held in record.attachments
        if window and held.number > window.number and held.document.kind == atom.evidence
    )
