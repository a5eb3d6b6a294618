"""Plan the plain way: each open record held against each coming inspection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peelflow.engine.requirements import is_relevant
from peelflow.model.decisions import Inspection
from peelflow.model.question_sets import QuestionSets
from peelflow.model.records import Event, Record
from peelflow.model.requirements import Evidence, InspectionHeld, atoms_of
from peelflow.model.rules import Lifecycle, Transition
from peelflow.portfolio.listing import entered_number, row_of, state_attribution
from peelflow.portfolio.plan import Verifiable
from peelflow.portfolio.selection import text_field
from peelflow.register.register import Register


def verifiable_at(register: Register, inspection: Inspection) -> tuple[Verifiable, ...]:
    """Return what an inspection could close, as the register stands now, by id."""
    opened = [
        record
        for record in register.records()
        if "open" in register.lifecycle(record.lifecycle).states[record.state].counts_as.values()
    ]
    return tuple(
        row
        for record, history in register.histories(opened)
        for row in _verifiable(register, record, history, inspection)
    )


def _verifiable(
    register: Register, record: Record, history: Sequence[Event], inspection: Inspection
) -> Iterator[Verifiable]:
    """Yield the record if the inspection could close it now, or after the fewest steps."""
    if record.force != inspection.force:
        return
    rules = register.lifecycle(record.lifecycle)
    sets = register.rulebook.vocabulary.question_sets
    for state, path in shortest_walks(rules, record.state).items():
        rule = _closing_transition(rules, state, record, inspection, sets)
        if rule is None:
            continue
        entry = history[entered_number(record) - 1]
        kinds = [
            atom.evidence
            for step in path
            for atom in atoms_of(step.requires)
            if isinstance(atom, Evidence)
        ]
        yield Verifiable(
            row=row_of(record),
            title=text_field(record, "title"),
            question=text_field(record, "question"),
            trigger=rule.trigger,
            steps=tuple(step.trigger for step in path),
            evidence=tuple(dict.fromkeys(kinds)),
            waiting=None if path else state_attribution(record, entry),
        )
        return


_Walk = tuple[tuple[int, ...], str]
"""Which transition of each state is taken, as the file lists them, and where that leads."""


def shortest_walks(rules: Lifecycle, start: str) -> dict[str, tuple[Transition, ...]]:
    """Return the states reachable while open, the nearest first, each with the steps to it.

    Of walks that are as short the one counts that the file lists first.
    """
    walks = sorted(_each_walk(rules, (start,)), key=lambda walk: (len(walk[0]), walk[0]))
    shortest: dict[str, tuple[Transition, ...]] = {}
    for places, end in walks:
        shortest.setdefault(end, _steps_at(rules, start, places))
    return shortest


def _each_walk(rules: Lifecycle, states: tuple[str, ...]) -> Iterator[_Walk]:
    """Yield every walk on from states, of open states alone, that comes to none twice."""
    yield (), states[-1]
    for place, rule in enumerate(rules.states[states[-1]].transitions):
        if rule.to not in states and "open" in rules.states[rule.to].counts_as.values():
            for places, end in _each_walk(rules, (*states, rule.to)):
                yield (place, *places), end


def _steps_at(rules: Lifecycle, start: str, places: Sequence[int]) -> tuple[Transition, ...]:
    """Return the transitions of a walk."""
    state, steps = start, list[Transition]()
    for place in places:
        steps.append(rules.states[state].transitions[place])
        state = steps[-1].to
    return tuple(steps)


def _ledgers(rules: Lifecycle, state: str, counts: str) -> frozenset[str]:
    """Return the ledgers on which a state counts so."""
    counted = rules.states[state].counts_as
    return frozenset(ledger for ledger in counted if counted[ledger] == counts)


def _closing_transition(
    rules: Lifecycle, state: str, record: Record, inspection: Inspection, sets: QuestionSets
) -> Transition | None:
    """Return the transition that closes the record and for which this inspection would do."""
    is_open = _ledgers(rules, state, "open")
    for rule in rules.states[state].transitions:
        if is_open & _ledgers(rules, rule.to, "closed") and any(
            _is_sufficient(atom, record, inspection, sets)
            for atom in atoms_of(rule.requires)
            if isinstance(atom, InspectionHeld)
        ):
            return rule
    return None


def _is_sufficient(
    requirement: InspectionHeld, record: Record, inspection: Inspection, sets: QuestionSets
) -> bool:
    """Whether the inspection is of the kind asked for, and covers the record's question if so."""
    if requirement.inspection not in ("any", inspection.kind):
        return False
    return not requirement.relevant or is_relevant(record, inspection, sets)
