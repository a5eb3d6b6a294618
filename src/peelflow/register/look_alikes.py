"""Refuse a name that a reader would take for another: an id, a force, or a person who acts.

What a new record brings is held against every name of the register. Who acts, types or signs is
held against the people of the record and of its force, since each act asks for it: those who hold
an appointment there, and those who acted on its first records. A spelling that is in use in the
force is held against those who did steps on the record, who could pass for two people there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peelflow.model.records import PEELFLOW, Event, Record
from peelflow.register.known_names import (
    UsedName,
    alike_refused,
    names_in,
    names_said,
    people_of,
    uses_of,
)
from peelflow.register.session import Session
from peelflow.stores.base import RecordQuery
from peelflow.texts import alike_name, are_alike


def check_names(session: Session, record: str, names: Iterable[UsedName]) -> None:
    """Take names as in use; refuse one that a reader would take for another that is.

    Args:
        session: What knows the names.
        record: The id of the record that brings them.
        names: The names.

    Raises:
        InvalidRequest: With the name that is in use.
    """
    for used in names:
        if session.has_brought(used):
            continue
        near = session.alike_name(used)
        if near is not None:
            raise alike_refused(record, used, near)
        session.put_name(used)


def check_respelt(session: Session, record: Record, used: UsedName, old: str) -> None:
    """Take a record's own name spelt otherwise; refuse it where another record has it as it was.

    One name would be two otherwise. A spelling that another record has already is no new one.

    Args:
        session: What knows the names.
        record: The record, as it stands.
        used: The name from now on.
        old: The name until now.

    Raises:
        InvalidRequest: With the name as another record has it.
    """
    others = {*_each_other_spelling(session, record.id, used, old)}
    if old in others and used.name not in others:
        raise alike_refused(record.id, used, old)
    session.note_respelt()
    session.put_name(used, may_be_alike=True)


def _each_other_spelling(session: Session, record: str, used: UsedName, old: str) -> Iterator[str]:
    """Yield how other records spell what is of a name's kind and force, as it stands here."""
    changed = session.changed_records()
    forces = (old, used.name) if used.kind == "force" else (used.force,)
    for force in forces:
        for stored in session.services.store.records(RecordQuery(force)):
            if stored.id not in changed and stored.id != record:
                yield from _each_spelling(session, stored, used)
    yield from _each_spelling_here(session, record, used)


def _each_spelling_here(session: Session, record: str, used: UsedName) -> Iterator[str]:
    """Yield how other records that a session changes spell what is of a name's kind and force."""
    for name in session.changed_records():
        known = session.get(name)
        if name != record and not known.withdrawn:
            yield from _each_spelling(session, known, used)


def _each_spelling(session: Session, record: Record, used: UsedName) -> Iterator[str]:
    for name in _names_of(session, record):
        if (name.kind, name.force) == (used.kind, used.force):
            yield name.name


def _names_of(session: Session, record: Record) -> Iterator[UsedName]:
    return names_in(record, session.rulebook.vocabulary.categories.get(record.category))


def check_names_now(session: Session, before: Record | None, after: Record) -> None:
    """Refuse a name that a correction gives a record, or gives back, beside one in use by now.

    Who acted on a record keeps that spelling where it comes to be of another force.

    Args:
        session: What knows the names.
        before: The record before the correction; None where it was withdrawn.
        after: The record after it.

    Raises:
        InvalidRequest: With the name that a reader would take for it.
    """
    own = [] if before is None else [*_names_of(session, before)]
    category = session.rulebook.vocabulary.categories.get(after.category)
    said, people = {*names_said(after, category)}, {used.name for used in own if used.force}
    for used in names_in(after, category):
        if used in own:
            continue
        spelt = () if before is None else _each_spelling(session, before, used)
        alike = next((name for name in spelt if are_alike(name, used.name)), None)
        if alike is not None:
            check_respelt(session, after, used, alike)
        elif used not in said and used.name in people:
            session.put_name(used, may_be_alike=True)
        else:
            _check_name_now(session, after, used)


def _check_name_now(session: Session, record: Record, used: UsedName) -> None:
    """Take a name as in use again; refuse one that a reader would take for another that is.

    What the register knew as in use may be so no more, nor where this session brought it itself.
    """
    session.read_names_anew()
    near = None if session.has_brought(used) else session.alike_name(used)
    if near is None and (used.kind == "id" or session.has_brought(used) or session.has_respelt):
        here = _each_spelling_here(session, record.id, used)
        alike = (name for name in here if name != used.name and are_alike(name, used.name))
        near = next(alike, None)
    if near is not None:
        raise alike_refused(record.id, used, near)
    session.put_name(used)


def check_people_of_event(session: Session, record: Record, event: Event) -> None:
    """Refuse an event that names somebody whom a reader would take for another.

    Args:
        session: What knows the names.
        record: The record, as it stands before the event, or as it is entered.
        event: What is to be recorded.
    """
    check_people(session, record, people_of(event))


def check_people(session: Session, record: Record, people: Iterable[str]) -> None:
    """Take people as known in a record's forces; refuse one whom a reader would take for another.

    On a joint record they are of each force whose persons act on it; in a register for one of its
    forces, of that one. Whoever the
    record itself names keeps that spelling, though somebody else's is alike to it.

    Args:
        session: What knows the names.
        record: The record, as it stands.
        people: Who acts, who types, who signed.

    Raises:
        InvalidRequest: With the person who is known.
    """
    for person in people:
        for used in uses_of(person, record, session.scope):
            if session.is_name_known(used):
                _check_doers(session, record, used)
            else:
                _check_person(session, record, used)


def _check_doers(session: Session, record: Record, used: UsedName) -> None:
    """Refuse a person whose name is spelt otherwise where they did a step on the record."""
    near = alike_name(used.name, (last.person for last in record.done.values()))
    if near is not None and used.name not in _people_of_record(session, record):
        raise alike_refused(record.id, used, near)


def _check_person(session: Session, record: Record, used: UsedName) -> None:
    """Take a person as known in a force; refuse one whom a reader would take for another."""
    person = used.name
    if are_alike(person, PEELFLOW.person):
        raise alike_refused(record.id, used, PEELFLOW.person)
    own = _people_of_record(session, record)
    if person not in own:
        alike = (name for name in own if are_alike(name, person))
        near = next(alike, None) or session.alike_person(used)
        if near is not None:
            raise alike_refused(record.id, used, near)
    session.put_name(used, may_be_alike=person in own)


def _people_of_record(session: Session, record: Record) -> dict[str, None]:
    history = session.history(record.id) if session.find(record.id) else ()
    return {person: None for event in history for person in people_of(event)}
