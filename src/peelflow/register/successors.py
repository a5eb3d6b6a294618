"""A successor is a record that is there, and is not itself closed in favour of what it succeeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from peelflow.model.decisions import Act, Reason, Refused, SuccessorNeed
from peelflow.model.records import Record
from peelflow.model.requirements import AnyOf, Requirement, SuccessorNamed
from peelflow.model.rules import Category, Lifecycle
from peelflow.register.context import APPOINTMENT, ReadSet
from peelflow.register.hierarchy import refusal_on
from peelflow.register.joint import check_every_force_seen
from peelflow.register.session import Session
from peelflow.stores.base import RecordQuery


@lru_cache(maxsize=256)
def states_in_favour(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the states into which each way names a successor, such as `superseded`.

    Args:
        lifecycle: The rules.
    """
    states = lifecycle.states
    names = states.keys() - {lifecycle.initial}
    while True:
        otherwise = {
            rule.to
            for name, state in states.items()
            for rule in state.transitions
            if name not in names and not any(map(_asks_for_successor, rule.requires))
        }
        if not names & otherwise:
            return frozenset(names)
        names -= otherwise


def _asks_for_successor(requirement: Requirement) -> bool:
    if isinstance(requirement, AnyOf):
        return all(any(map(_asks_for_successor, atoms)) for atoms in requirement.any_of)
    return isinstance(requirement, SuccessorNamed)


def is_closed_in_favour(reads: ReadSet, record: Record) -> bool:
    """Say whether a record stands closed in favour of another.

    Args:
        reads: What it reads the rules by.
        record: The record.
    """
    rules = reads.lifecycle(record)
    state = rules.states[record.state]
    is_end = state.final or "closed" in state.counts_as.values()
    return is_end and not record.withdrawn and record.state in states_in_favour(rules)


def check_successor(session: Session, before: Record, after: Record, act: Act) -> None:
    """Refuse an act that names a successor which is none, or that closes in favour of one.

    Args:
        session: What knows the records.
        before: The record before the act.
        after: The record after it.
        act: What is done.

    Raises:
        Refused: No record is called so, or it was closed in favour of this one, by any chain.
    """
    successor = after.successor
    if successor is None or not (act.successor or is_closed_in_favour(session, after)):
        return
    why = _why_no_successor(session, after.id, successor)
    if why:
        instead = "name another record, inspection or report; or correct what is wrong"
        reason = Reason("not yet", why, instead, asks=((SuccessorNeed(),),))
        raise Refused(refusal_on(before, act.trigger, act.actor.role, reason))


def check_closed_in_favour(
    session: Session, before: Record | None, after: Record, role: str
) -> None:
    """Refuse a correction by which a record has a successor again that is none by now.

    Args:
        session: What knows the records.
        before: The record before it; None where it was withdrawn.
        after: The record after it.
        role: Who corrects it.

    Raises:
        Refused: As an act that names it is, or one that closes in favour of it.
    """
    successor = after.successor
    if successor is None or after.state not in states_in_favour(session.lifecycle(after)):
        return
    is_closed = is_closed_in_favour(session, after)
    if before is not None and before.successor == successor:
        stays_so = before.state in states_in_favour(session.lifecycle(before))
        if stays_so and (is_closed_in_favour(session, before) or not is_closed):
            return
    why = _why_no_successor(session, after.id, successor)
    if why:
        instead = f"correct what {successor} was closed by first, or leave this one"
        raise Refused(refusal_on(after, "correct", role, Reason("not yet", why, instead)))


def _why_no_successor(reads: ReadSet, record: str, successor: str) -> str:
    """Say why one record cannot take the place of another; nothing where it can."""
    if successor == record:
        return "a record cannot succeed itself"
    named = reads.find(successor)
    if named is None:
        return f"its successor: no record is called {successor!r}"
    if named.withdrawn or named.category == APPOINTMENT:
        what = "withdrawn" if named.withdrawn else "an appointment"
        return f"its successor {successor} is {what}"
    chain = [successor]
    while named is not None and named.successor and is_closed_in_favour(reads, named):
        if named.successor == record:
            links = zip(chain, [*chain[1:], record], strict=True)
            closings = (f"{old} was closed in favour of {new}" for old, new in links)
            return f"its successor {' and '.join(closings)}"
        if named.successor in chain:
            return ""
        chain.append(named.successor)
        named = reads.find(named.successor)
    return ""


def ring_of_successors(reads: ReadSet, record: Record) -> tuple[str, ...]:
    """Return the records in a ring with one, each closed in favour of the next; else nothing.

    Args:
        reads: What knows the records.
        record: The first one.
    """
    ring: list[str] = []
    known: Record | None = record
    while known is not None and known.id not in ring and is_closed_in_favour(reads, known):
        ring.append(known.id)
        known = reads.find(known.successor) if known.successor else None
    return tuple(ring) if ring and known is not None and known.id == record.id else ()


def each_named(
    reads: ReadSet, record: Record, categories: Mapping[str, Category]
) -> Iterator[tuple[str, str]]:
    """Yield the ids that a record names as its successor, or in a field; and as what.

    Args:
        reads: What it reads the rules by.
        record: The record; one that is withdrawn names nothing.
        categories: Say which fields name a record.
    """
    if record.withdrawn:
        return
    successor = record.successor
    if successor is not None and record.state in states_in_favour(reads.lifecycle(record)):
        yield successor, "successor"
    category = categories.get(record.category)
    for name, rule in category.fields.items() if category else ():
        said = record.fields.get(name)
        if rule.type == "reference" and isinstance(said, str):
            yield said, name


def each_naming(session: Session, record: Record) -> Iterator[tuple[str, str]]:
    """Yield the records that name one as their successor, or in a field; and as what.

    Whoever comes to name it has read it, and so conflicts with what moves it meanwhile; and whoever
    moves it has the store list again who names it, and so conflicts with who came to do so.

    Args:
        session: What knows the records.
        record: The one that is named.

    Raises:
        InvalidRequest: The register is opened for one of several forces that may name it.
    """
    check_every_force_seen(session, record, "records of its other forces may name it", ever=True)
    changed = session.changed_records()
    stored = session.listed(RecordQuery(mention=record.id))
    others = [known for known in stored if known.id not in changed]
    others += [known for known in map(session.get, changed) if not known.withdrawn]
    for known in sorted(others, key=lambda other: other.id):
        if known.id == record.id:
            continue
        if known.parent == record.id and known.id not in record.children:
            yield known.id, "parent"
        for named, how in each_named(session, known, session.rulebook.vocabulary.categories):
            if named == record.id:
                yield known.id, how
