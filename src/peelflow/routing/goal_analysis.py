"""Analyse a goal: its states, their distances, and the part of the past that matters to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, product

from attrs import evolve

from peelflow.engine.documents import DocumentUse, window_start
from peelflow.engine.machine import CompiledTransition, RuleMachine, machine_for
from peelflow.engine.requirements import done_in_window, has_choice
from peelflow.errors import InvalidRequest
from peelflow.model.records import PEELFLOW, Attachment, Record
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    Requirement,
    atoms_of,
)
from peelflow.model.rules import (
    Lifecycle,
    State,
    Transition,
    is_automatic,
    is_taken_by_system,
    ledgers_counting,
)
from peelflow.phrases import say_choice
from peelflow.results import frozen

COUNT_WORDS = ("open", "closed")


@frozen
class Goal:
    """A goal in words, and its states; the first set that can be reached at all is meant."""

    text: str
    states: tuple[frozenset[str], ...]


def goal_of(lifecycle: Lifecycle, to: str, *, ledger: str) -> Goal:
    """Return what `to` means under a lifecycle.

    `open` and `closed` are ways of counting on the ledger. Where a state stands for the national
    one of that very name, the way leads there rather than by a side door, if it can. Any other
    word is a state's name.

    Raises:
        InvalidRequest: No state is called so or counts so, or none that a record can rest in.
    """
    states = lifecycle.states
    if to in COUNT_WORDS:
        counting = [name for name, state in states.items() if state.counts_as.get(ledger) == to]
        if counting:
            _check_rests(lifecycle, to, counting)
            return Goal(f"{to} on the ledger {ledger}", _preferred_first(lifecycle, counting, to))
    if to in states:
        _check_rests(lifecycle, to, [to])
        return Goal(f"`{to}`", (frozenset({to}),))
    counted = sorted(
        {f"{how} on {name}" for state in states.values() for name, how in state.counts_as.items()}
    )
    why = f"is no state of {lifecycle}, and none counts so on the ledger {ledger!r}"
    instead = f"use {say_choice(tuple(states))}" + "".join(f", or {words}" for words in counted)
    raise InvalidRequest(f"the goal {to!r}", why, instead)


def _check_rests(lifecycle: Lifecycle, to: str, goals: list[str]) -> None:
    """Refuse a goal through whose states a record only passes."""
    passed = [(name, onward) for name in goals if (onward := _step_onward(lifecycle.states[name]))]
    if len(passed) < len(goals):
        return
    name, onward = passed[0]
    why = f"is no place to stay: a record only passes through `{name}`"
    instead = f"`{onward.trigger}` takes it on to `{onward.to}` at once; ask for the way there"
    raise InvalidRequest(f"the goal {to!r}", why, instead)


def _step_onward(state: State) -> Transition | None:
    """Return the step by which peelflow itself ends a state as soon as it is entered."""
    steps = (step for step in state.transitions if is_automatic(step) and not step.requires)
    return next(steps, None)


def closed_on(
    lifecycle: Lifecycle, ledgers: tuple[str, ...], *, within: frozenset[str] | None = None
) -> Goal:
    """Return the states that count closed on `ledgers`, on all of their own if it is empty.

    Args:
        lifecycle: The rules.
        ledgers: The ledgers.
        within: Where these are all that count, None: all.
    """
    names = _states_where(
        lifecycle,
        lambda state: all(
            state.counts_as.get(ledger) == "closed"
            for ledger in ledgers or state.counts_as
            if within is None or ledger in within
        ),
    )
    where = f"on the ledger {' and '.join(ledgers)}" if ledgers else "wherever it counts"
    return Goal(f"closed {where}", _preferred_first(lifecycle, names, "closed"))


def not_closed_on(lifecycle: Lifecycle, ledgers: frozenset[str]) -> Goal:
    """Return the states that count closed on none of `ledgers`."""
    names = _states_where(lifecycle, lambda state: not ledgers & ledgers_counting(state, "closed"))
    return Goal(f"no longer closed on the ledger {' and '.join(sorted(ledgers))}", (names,))


def not_open_on(lifecycle: Lifecycle, ledgers: frozenset[str]) -> Goal:
    """Return the states that count open on none of `ledgers`, those that end before others."""
    names = _states_where(lifecycle, lambda state: not ledgers & ledgers_counting(state, "open"))
    text = f"no longer open on the ledger {' and '.join(sorted(ledgers))}"
    return Goal(text, _preferred_first(lifecycle, names, "closed"))


def _states_where(lifecycle: Lifecycle, holds: Callable[[State], bool]) -> frozenset[str]:
    return frozenset(name for name, state in lifecycle.states.items() if holds(state))


def _preferred_first(
    lifecycle: Lifecycle, names: Iterable[str], national: str
) -> tuple[frozenset[str], ...]:
    """Return those that stand for the national state of that name, if any do, before all."""
    states = frozenset(names)
    first = frozenset(name for name in states if lifecycle.stands_for(name) == national)
    return (first, states) if first and first != states else (states,)


Atoms = tuple[Requirement, ...]
IMAGINED_DIGEST_PREFIX = "imagined "  # begins the digest of a document that is yet to be written


@frozen(eq=False)
class GoalAnalysis:
    """A lifecycle seen from a goal.

    Attributes:
        machine: The lifecycle's.
        distance: From each state that has a way to the goal, how many acts it takes at least.
        since_states: The states from whose entering some requirement counts.
        distinct_from: Every `distinct_from`.
        system_evidence: The evidence that peelflow's own steps ask for: it must be attached
            beforehand.
        system_fields: What peelflow's own steps ask of fields, and every choice that is asked for.
        choice_fields: The fields of those choices.
        document_uses: The kinds of documents that are asked for, each with how it is used.
        sent_back_by: The triggers that send a record back, or re-open it.
    """

    machine: RuleMachine
    distance: dict[str, int]
    since_states: frozenset[str]
    distinct_from: tuple[DistinctFrom, ...]
    system_evidence: tuple[Evidence, ...]
    system_fields: tuple[FieldSet, ...]
    choice_fields: frozenset[str]
    document_uses: tuple[tuple[str, DocumentUse], ...]
    sent_back_by: frozenset[str]


def analyse_goal(lifecycle: Lifecycle, goals: frozenset[str]) -> GoalAnalysis:
    """Return what matters of a lifecycle on ways to `goals`."""
    distance = _distances(lifecycle, goals)
    rules = [rule for name in distance for rule in lifecycle.states[name].transitions]
    atoms = tuple(atom for rule in rules for atom in atoms_of(rule.requires))
    of_system = [
        atom for rule in rules if is_taken_by_system(rule) for atom in atoms_of(rule.requires)
    ]
    fields = [atom for atom in of_system if isinstance(atom, FieldSet)]
    choices = [atom for atom in atoms if isinstance(atom, FieldSet) and atom.has is not None]
    since = {getattr(atom, "since", None) for atom in atoms} - {None, PUBLISHED}
    machine = machine_for(lifecycle)
    uses = tuple(_document_uses(machine, distance))
    return GoalAnalysis(
        machine=machine,
        distance=distance,
        since_states=frozenset(map(str, since)),
        distinct_from=tuple(dict.fromkeys(a for a in atoms if isinstance(a, DistinctFrom))),
        system_evidence=tuple(dict.fromkeys(a for a in of_system if isinstance(a, Evidence))),
        system_fields=tuple(dict.fromkeys((*fields, *choices))),
        choice_fields=frozenset(atom.field for atom in choices),
        document_uses=uses,
        sent_back_by=frozenset[str]().union(*[use.sent_back_by for _, use in uses]),
    )


def _document_uses(
    machine: RuleMachine, states: Iterable[str]
) -> Iterator[tuple[str, DocumentUse]]:
    """Yield the kinds of documents that steps out of these states ask for, each once."""
    uses: dict[tuple[str, DocumentUse], None] = {}
    for state in states:
        for rule in machine.lifecycle.states[state].transitions:
            kinds = [
                atom.evidence for atom in atoms_of(rule.requires) if isinstance(atom, Evidence)
            ]
            for compiled in machine.compiled(state, rule.trigger) if kinds else ():
                uses |= {(kind, compiled.use): None for kind in kinds}
    yield from uses


def _distances(lifecycle: Lifecycle, goals: frozenset[str]) -> dict[str, int]:
    """Return the least number of acts from each state to a goal; prompt steps cost none."""
    into: dict[str, list[tuple[str, int]]] = {}
    for name, state in lifecycle.states.items():
        for rule in state.transitions:
            into.setdefault(rule.to, []).append((name, 0 if is_automatic(rule) else 1))
    distance = dict.fromkeys(sorted(goals), 0)
    waiting = deque((name, 0) for name in distance)
    while waiting:
        name, acts = waiting.popleft()
        for source, cost in into.get(name, ()):
            if acts + cost < distance.get(source, acts + cost + 1):
                distance[source] = acts + cost
                (waiting.append if cost else waiting.appendleft)((source, acts + cost))
    return distance


def transitions_out(
    machine: RuleMachine, state: str, *, automatic: bool
) -> Iterator[CompiledTransition]:
    """Yield the transitions out of a state that peelflow takes at once, or the others."""
    for rule in machine.lifecycle.states[state].transitions:
        if is_automatic(rule) is automatic:
            compiled = machine.compiled(state, rule.trigger)
            yield next(transition for transition in compiled if transition.rule is rule)


def automatic_runs(machine: RuleMachine, state: str) -> Iterator[tuple[CompiledTransition, ...]]:
    """Yield each run of steps that peelflow could take at once from a state, shortest first."""
    runs: deque[tuple[CompiledTransition, ...]] = deque([()])
    while runs:
        run = runs.popleft()
        yield run
        passed = [state, *(compiled.rule.to for compiled in run)]
        for compiled in transitions_out(machine, passed[-1], automatic=True):
            if compiled.rule.to not in passed:
                runs.append((*run, compiled))


def alternatives_of(requires: Atoms) -> tuple[Atoms, ...]:
    """Return each list of atoms that meets all of `requires`: one choice of every `any_of`."""
    options = [
        tuple(chain.from_iterable(map(alternatives_of, requirement.any_of)))
        if isinstance(requirement, AnyOf)
        else ((requirement,),)
        for requirement in requires
    ]
    alternatives = (tuple(chain.from_iterable(chosen)) for chosen in product(*options))
    return tuple(dict.fromkeys(tuple(dict.fromkeys(atoms)) for atoms in alternatives))


def without_irrelevant_past(record: Record, analysis: GoalAnalysis) -> Record:
    """Return a record without what no requirement here asks for, so that long ways stay quick."""
    past = analysis.since_states | {record.state}
    triggers = analysis.sent_back_by | {atom.distinct_from for atom in analysis.distinct_from}
    attachments = [each for each in record.attachments if _may_count(each, record, analysis)]
    kept = {each.document.digest for each in attachments}
    return evolve(
        record,
        entered={name: when for name, when in record.entered.items() if name in past},
        done={name: when for name, when in record.done.items() if name in triggers},
        attachments=tuple(attachments),
        spent=record.spent & kept,
        spent_for={name: steps for name, steps in record.spent_for.items() if name in kept},
    )


def _may_count(attachment: Attachment, record: Record, analysis: GoalAnalysis) -> bool:
    """Return whether a document is not used up for each step that could ask for it."""
    document = attachment.document
    return document.digest not in record.spent or any(
        document.kind == kind and not use.is_used_up(document, record)
        for kind, use in analysis.document_uses
    )


def relevant_past(record: Record, analysis: GoalAnalysis) -> Hashable:
    """Return all of a record's past that decides what can be done later."""
    return (
        record.state,
        frozenset(analysis.since_states.intersection(record.entered)),
        tuple(_doer_kind(record, atom) for atom in analysis.distinct_from),
        tuple(_attached_evidence(record, atom) for atom in analysis.system_evidence),
        tuple(_is_field_met(record, atom) for atom in analysis.system_fields),
    )


def _is_field_met(record: Record, atom: FieldSet) -> bool:
    """Return whether a field is set, to the choice that is asked for."""
    value = record.fields.get(atom.field)
    return bool(value) if atom.has is None else has_choice(value, atom.has)


def _doer_kind(record: Record, atom: DistinctFrom) -> str | None:
    """Return whether a trigger was done in the window: by peelflow, by a person, or not."""
    done = done_in_window(record, atom)
    if done is None:
        return None
    return "peelflow" if done.person == PEELFLOW.person else "a person"


def _attached_evidence(record: Record, atom: Evidence) -> frozenset[str]:
    window = window_start(record, atom.since)
    return frozenset(
        attachment.document.name
        if attachment.document.digest.startswith(IMAGINED_DIGEST_PREFIX)
        else attachment.document.digest
        for attachment in record.attachments
        if window
        and attachment.number > window.number
        and attachment.document.kind == atom.evidence
    )
