"""Find names that a lifecycle uses and nothing declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peelflow.errors import Diagnostic, Span
from peelflow.model.guarantees import (
    AlwaysReachable,
    NeverDoneBy,
    NeverFollowedBy,
    NeverUnmet,
    NeverWithout,
    OnlyEnteredBy,
    Promise,
    TwoPeople,
    Where,
)
from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    Waited,
)
from peelflow.model.rules import SYSTEM, Lifecycle, Vocabulary
from peelflow.proof.mentions import each_requirement, each_role
from peelflow.proof.names import suggestion


def unknown(what: str, name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """Say that `name` names no known `what`."""
    sentence = f"no {what} is called `{name}`"
    return Diagnostic(
        span, f"unknown-{what.split(maxsplit=1)[0]}", sentence, suggestion(name, known)
    )


def unknown_names(lifecycle: Lifecycle, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every unknown state, trigger, role, kind of evidence, category, field and predicate."""
    roles = {*vocabulary.roles, SYSTEM}
    for role, span in each_role(lifecycle):
        if role not in roles:
            yield unknown("role", role, roles, span)
    for category in lifecycle.applies_to.category:
        if category not in vocabulary.categories:
            yield unknown("category", category, vocabulary.categories, lifecycle.applies_to.span)
    yield from _states(lifecycle)
    for atom in each_requirement(lifecycle):
        yield from _requirement(atom, lifecycle, vocabulary)
    for guarantee in lifecycle.guarantees:
        yield from _promise(guarantee.promise, lifecycle, guarantee.span)
    for state in lifecycle.states.values():
        for way in state.transitions:
            if way.after and way.after.since == PUBLISHED:
                yield from _field(PUBLISHED, lifecycle, vocabulary, way.after.span)


def triggers(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every trigger."""
    states = lifecycle.states.values()
    return frozenset(way.trigger for state in states for way in state.transitions)


def _states(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    known = lifecycle.states
    if lifecycle.initial not in known:
        yield unknown("state", lifecycle.initial, known, lifecycle.span)
    for state in known.values():
        for way in state.transitions:
            if way.to not in known:
                yield unknown("state", way.to, known, way.span)


def _requirement(
    atom: Requirement, lifecycle: Lifecycle, vocabulary: Vocabulary
) -> Iterator[Diagnostic]:
    match atom:
        case Evidence(evidence=name) if name not in vocabulary.evidence:
            yield unknown("evidence", name, vocabulary.evidence, atom.span)
        case PredicateHolds(predicate=name) if name not in vocabulary.predicates:
            yield unknown("predicate", name, vocabulary.predicates, atom.span)
        case DistinctFrom(distinct_from=name) if name not in triggers(lifecycle):
            yield unknown("trigger", name, triggers(lifecycle), atom.span)
        case FieldSet(field=name):
            yield from _field(name, lifecycle, vocabulary, atom.span)
        case Waited(since=since) if since == PUBLISHED:
            yield from _field(PUBLISHED, lifecycle, vocabulary, atom.span)
        case _:
            pass
    if isinstance(atom, Evidence | InspectionHeld | DistinctFrom | Waited):
        yield from _since(atom, lifecycle)


def _since(
    atom: Evidence | InspectionHeld | DistinctFrom | Waited, lifecycle: Lifecycle
) -> Iterator[Diagnostic]:
    also = {PUBLISHED} if isinstance(atom, Waited) else set()
    known = {*lifecycle.states, *also}
    if atom.since is not None and atom.since not in known:
        yield Diagnostic(
            atom.span,
            "unknown-since",
            f"`since: {atom.since}` names no state" + " and is not `published`" * len(also),
            suggestion(atom.since, known),
        )


def _field(
    name: str, lifecycle: Lifecycle, vocabulary: Vocabulary, span: Span
) -> Iterator[Diagnostic]:
    for category in lifecycle.applies_to.category:
        declared = vocabulary.categories.get(category)
        if declared and name not in declared.fields:
            yield unknown(f"field of `{category}`", name, declared.fields, span)


def _promise(promise: Promise, lifecycle: Lifecycle, span: Span) -> Iterator[Diagnostic]:
    named: tuple[str, ...] = ()
    match promise:
        case NeverWithout(where=where, triggers=named, since=since):
            yield from _where(where, lifecycle, span)
            if since is not None:
                yield from _where(Where(state=since), lifecycle, span)
        case OnlyEnteredBy(where=where) | NeverUnmet(where=where) | AlwaysReachable(where=where):
            yield from _where(where, lifecycle, span)
        case NeverFollowedBy(where=where, later=later):
            yield from _where(where, lifecycle, span)
            yield from _where(later, lifecycle, span)
        case NeverDoneBy(trigger=trigger):
            named = (trigger,)
        case TwoPeople(first=first, second=second):
            named = (first, second)
    known = triggers(lifecycle)
    yield from (unknown("trigger", name, known, span) for name in named if name not in known)


def _where(where: Where, lifecycle: Lifecycle, span: Span) -> Iterator[Diagnostic]:
    if where.state is not None:
        if where.state not in lifecycle.states:
            yield unknown("state", where.state, lifecycle.states, span)
        return
    known = {
        f"{ledger} {counts}"
        for state in lifecycle.states.values()
        for ledger, counts in state.counts_as.items()
    }
    if str(where) not in known:
        yield Diagnostic(
            span,
            "unknown-ledger",
            f"no state counts `{where}`",
            suggestion(str(where), known),
        )
