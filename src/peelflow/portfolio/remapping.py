"""Move the questions of open records and coming inspections to another question set.

A record keeps the set that it was given until somebody moves it. What its question is in the new
set, the mapping of the sets says (`succeeds`); where it says nothing, or several, nothing moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from attrs import evolve

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.question_sets import QuestionSet, equivalent_questions, in_order, set_in_force
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD, question_set_of
from peelflow.model.records import INSPECTION, Actor, Amended, Provenance, Record
from peelflow.model.requirements import InspectionHeld, atoms_of
from peelflow.model.rules import each_transition
from peelflow.phrases import suggestion
from peelflow.portfolio.listing import RecordRow, row_of
from peelflow.portfolio.selection import EVERYTHING, Selection, each_selected, is_open
from peelflow.register.batch import Batch
from peelflow.register.commands import amend, new_event
from peelflow.register.questions import QUESTIONS_FIELD
from peelflow.register.register import Register
from peelflow.register.related_records import inspection_of
from peelflow.register.validation import check_date, check_text
from peelflow.results import Result, frozen


@frozen
class Remapping(Result):
    """What becomes of the questions of a record, or of an inspection, in another set.

    Attributes:
        row: The record.
        questions: Its questions; a record has one.
        question_set: The set they are of; None where it has none.
        successors: What each of them is in the new set by the mapping: one, several or none.
        obstacle: Why it is not amended though the mapping decides it; None where nothing hinders.
    """

    _derived: ClassVar[tuple[str, ...]] = ("is_decided", "moves")

    row: RecordRow
    questions: tuple[str, ...]
    question_set: str | None
    successors: tuple[tuple[str, ...], ...]
    obstacle: str | None = None

    @property
    def is_decided(self) -> bool:
        """Whether the mapping decides: a record's question is one other, an inspection's some."""
        if self.row.category == INSPECTION:
            return all(self.successors)
        return all(len(successors) == 1 for successors in self.successors)

    @property
    def moves(self) -> bool:
        """Whether it moves to the new set: the mapping decides it, and nothing hinders."""
        return self.is_decided and self.obstacle is None


def remappings(
    register: Register,
    question_set: str,
    on: date,
    *,
    selection: Selection = EVERYTHING,
) -> tuple[Remapping, ...]:
    """Return what the mapping says of open records and coming inspections, by id.

    Args:
        register: The register.
        question_set: The set to move to.
        on: The day as at which they are looked at.
        selection: Which records and inspections.

    Raises:
        InvalidRequest: The rules have no such set.
    """
    found = _each_remapping(register, question_set, on, selection)
    return tuple(remapping for _, remapping in found)


def _each_remapping(
    register: Register, question_set: str, on: date, selection: Selection
) -> Iterator[tuple[Record, Remapping]]:
    """Yield each record that a set concerns with what the mapping says of it, by id."""
    questions = _known_set(register, question_set)
    check_date(on, "the remapping")
    sets = register.rulebook.vocabulary.question_sets
    concerned = _each_concerned(register, on, selection)
    for record in sorted(concerned, key=lambda record: record.id):
        asked, old = _questions_of(record), _set_of(register, record)
        if asked and old != question_set and questions.applies_to(record.force):
            successors = tuple(
                in_order(equivalent_questions(sets, each, old or "", question_set))
                for each in asked
            )
            yield record, Remapping(row_of(record), asked, old, successors)


def remap(
    register: Register,
    question_set: str,
    on: date,
    *,
    actor: Actor,
    reason: str,
    recorded_by: str | None = None,
    source: str | None = None,
    selection: Selection = EVERYTHING,
    preview: bool = False,
) -> tuple[Remapping, ...]:
    """Move what the mapping decides to another set, in one batch, each as an amendment.

    What is refused stays as it is, and the others move: a question that another side set, or an
    inspection that would verify no more what it did verify.

    Args:
        register: The register.
        question_set: The set to move to.
        on: The day it was decided.
        actor: Who decided.
        reason: Why.
        recorded_by: Who typed it.
        source: What it was read from.
        selection: Which records and inspections.
        preview: Whether it is only tried: all is asked and told as it would be, and nothing kept.

    Returns:
        All that were looked at: those that move, and what hinders the others.

    Raises:
        InvalidRequest: The rules have no such set, no reason is given, or it is not said who
            decided, who recorded it and, where that is needed, the source.
    """
    check_text(reason, "the reason of the remapping")
    listed = remappings(register, question_set, on, selection=selection)
    with register.trial() if preview else register.batch() as batch:
        provenance = batch.provenance(actor, on, recorded_by, reason, source)
        _check_provenance(batch, provenance)
        return tuple(_moved(batch, remapping, question_set, provenance) for remapping in listed)


def _check_provenance(batch: Batch, provenance: Provenance) -> None:
    """Refuse, before any record is looked at, what no record could be amended by."""
    new_event(batch.session, Amended(QUESTION_SET_FIELD, None, None), "", 1, provenance)


def _moved(
    batch: Batch, remapping: Remapping, question_set: str, provenance: Provenance
) -> Remapping:
    """Amend what a mapping decides, whole or not at all, and say what hindered it."""
    if not remapping.is_decided:
        return remapping
    record = remapping.row.record
    if _questions_of(batch.session.get(record)) != remapping.questions:
        return evolve(remapping, obstacle="its question was amended meanwhile")
    try:
        with batch.savepoint():
            for field, value in _amendments(batch, remapping, question_set):
                amend(batch.session, record, field, value, provenance=provenance)
    except (InvalidRequest, Refused) as refused:
        return evolve(remapping, obstacle=str(refused).removeprefix(f"{record}: "))
    return remapping


def left_without_inspection(
    register: Register, question_set: str, on: date
) -> tuple[RecordRow, ...]:
    """Return the open records to which no inspection under a set is relevant, by id.

    Their rules ask for a relevant inspection, and no question of the set succeeds theirs.

    Args:
        register: The register.
        question_set: The set.
        on: The day as at which records are open.

    Raises:
        InvalidRequest: The rules have no such set.
    """
    return tuple(
        remapping.row
        for record, remapping in _each_remapping(register, question_set, on, EVERYTHING)
        if remapping.successors == ((),)
        and record.category != INSPECTION
        and _asks_for_relevance(register, record)
    )


def _known_set(register: Register, name: str) -> QuestionSet:
    sets = register.rulebook.vocabulary.question_sets
    if name not in sets:
        raise InvalidRequest(f"the question set {name!r}", "is unknown", suggestion(name, sets))
    return sets[name]


def _each_concerned(register: Register, day: date, selection: Selection) -> Iterator[Record]:
    """Yield the open records, and the inspections that are not over."""
    for record in each_selected(register, selection, as_at=day):
        if record.category == INSPECTION:
            rules = register.lifecycle(record.lifecycle)
            is_concerned = not rules.states[record.state].final
        else:
            is_concerned = is_open(register, record)
        if is_concerned:
            yield record


def _questions_of(record: Record) -> tuple[str, ...]:
    field = QUESTIONS_FIELD if record.category == INSPECTION else QUESTION_FIELD
    value = record.fields.get(field, ())
    return (value,) if isinstance(value, str) else value


def _set_of(register: Register, record: Record) -> str | None:
    """Return the set that the questions of a record, or of an inspection on its days, are of."""
    sets = register.rulebook.vocabulary.question_sets
    inspection = None
    if record.category == INSPECTION and QUESTION_SET_FIELD not in record.fields:
        inspection = inspection_of(record, register.lifecycle(record.lifecycle))
    if inspection is not None:
        return set_in_force(sets, inspection.first_day, record.force)
    return question_set_of(record, sets)


def _amendments(
    batch: Batch, remapping: Remapping, question_set: str
) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Yield what is amended, in an order in which each question is always one of its set."""
    new = tuple(dict.fromkeys(each for found in remapping.successors for each in found))
    is_inspection = remapping.row.category == INSPECTION
    amended: list[tuple[str, str | tuple[str, ...]]] = [(QUESTION_SET_FIELD, question_set)]
    if new != remapping.questions:
        amended.append((QUESTIONS_FIELD, new) if is_inspection else (QUESTION_FIELD, new[0]))
    sets = batch.session.rulebook.vocabulary.question_sets
    old = sets.get(remapping.question_set or "")
    yield from reversed(amended) if old is None or all(map(old.has, new)) else amended


def _asks_for_relevance(register: Register, record: Record) -> bool:
    return any(
        isinstance(atom, InspectionHeld) and atom.relevant
        for step in each_transition(register.lifecycle(record.lifecycle))
        for atom in atoms_of(step.requires)
    )
