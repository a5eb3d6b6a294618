"""Find names that a lifecycle uses and nothing declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from peelflow.errors import Diagnostic, Span
from peelflow.model.guarantees import (
    AlwaysReachable,
    NeverDoneBy,
    NeverFollowedBy,
    NeverUnmet,
    NeverWithout,
    OnlyEnteredBy,
    Promise,
    Where,
)
from peelflow.model.requirements import (
    PUBLISHED,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    Waited,
)
from peelflow.model.rules import SYSTEM, Category, Lifecycle, Vocabulary
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
    names = _Names(lifecycle, vocabulary, triggers(lifecycle), _counted(lifecycle))
    roles = {*vocabulary.roles, SYSTEM}
    for role, span in each_role(lifecycle):
        if role not in roles:
            yield unknown("role", role, roles, span)
    for category in lifecycle.applies_to.category:
        if category not in vocabulary.categories:
            yield unknown("category", category, vocabulary.categories, lifecycle.applies_to.span)
    yield from _states(lifecycle)
    for atom in each_requirement(lifecycle):
        yield from _requirement(atom, names)
    for guarantee in lifecycle.guarantees:
        yield from _promise(guarantee.promise, names, guarantee.span)
    for state in lifecycle.states.values():
        for time in (state.due, *(way.after for way in state.transitions)):
            if time and time.since == PUBLISHED:
                yield from _published(names, time.span)


@frozen
class _Names:
    """A lifecycle among the words of its rulebook, and what it names itself."""

    lifecycle: Lifecycle
    vocabulary: Vocabulary
    triggers: frozenset[str]
    counted: frozenset[str]


def _counted(lifecycle: Lifecycle) -> frozenset[str]:
    return frozenset(
        f"{ledger} {counts}"
        for state in lifecycle.states.values()
        for ledger, counts in state.counts_as.items()
    )


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


def _requirement(atom: Requirement, names: _Names) -> Iterator[Diagnostic]:
    words = names.vocabulary
    match atom:
        case Evidence(evidence=name) if name not in words.evidence:
            yield unknown("evidence", name, words.evidence, atom.span)
        case PredicateHolds(predicate=name) if name not in words.predicates:
            yield unknown("predicate", name, words.predicates, atom.span)
        case DistinctFrom(distinct_from=name) if name not in names.triggers:
            yield unknown("trigger", name, names.triggers, atom.span)
        case FieldSet(field=name, has=has):
            yield from _field(name, names, atom.span)
            yield from _choice(name, has, names, atom.span)
        case Waited(since=since) if since == PUBLISHED:
            yield from _published(names, atom.span)
        case ChildrenClosed() | ChildForEach():
            yield from _childless(names, atom.span)
        case _:
            pass
    if isinstance(atom, Evidence | InspectionHeld | DistinctFrom | Waited):
        yield from _since(atom, names.lifecycle)


def _since(
    atom: Evidence | InspectionHeld | DistinctFrom | Waited, lifecycle: Lifecycle
) -> Iterator[Diagnostic]:
    also = {PUBLISHED} if isinstance(atom, Waited) else set()
    if atom.since is not None and atom.since not in also and atom.since not in lifecycle.states:
        yield Diagnostic(
            atom.span,
            "unknown-since",
            f"`since: {atom.since}` names no state" + " and is not `published`" * len(also),
            suggestion(atom.since, {*lifecycle.states, *also}),
        )


def _categories(names: _Names) -> Iterator[tuple[str, Category]]:
    for name in names.lifecycle.applies_to.category:
        if name in names.vocabulary.categories:
            yield name, names.vocabulary.categories[name]


def _field(name: str, names: _Names, span: Span) -> Iterator[Diagnostic]:
    for category, declared in _categories(names):
        if name not in declared.fields:
            yield unknown(f"field of `{category}`", name, declared.fields, span)


def _choice(name: str, has: str | None, names: _Names, span: Span) -> Iterator[Diagnostic]:
    for _, declared in _categories(names):
        rule = declared.fields.get(name)
        if has is not None and rule is not None and has not in rule.choices:
            yield unknown(f"choice of `{name}`", has, rule.choices, span)


def _published(names: _Names, span: Span) -> Iterator[Diagnostic]:
    yield from _field(PUBLISHED, names, span)
    for category, declared in _categories(names):
        rule = declared.fields.get(PUBLISHED)
        if rule and rule.type != "date":
            yield Diagnostic(
                span,
                "published-not-date",
                f"days count from `{PUBLISHED}`, which in `{category}` is a `{rule.type}`",
                "give the field `type: date`, or count from something else",
            )


def _childless(names: _Names, span: Span) -> Iterator[Diagnostic]:
    for category, declared in _categories(names):
        if not declared.children:
            yield Diagnostic(
                span,
                "children-undeclared",
                f"a record of `{category}` has no children, so `children` never holds",
                f"give `{category}` its `children:`, or remove the requirement",
            )


def _promise(promise: Promise, names: _Names, span: Span) -> Iterator[Diagnostic]:
    named: tuple[str, ...] = ()
    match promise:
        case NeverWithout(where=where, triggers=named, since=since):
            yield from _where(where, names, span)
            if since is not None:
                yield from _where(Where(state=since), names, span)
        case OnlyEnteredBy(where=where) | NeverUnmet(where=where) | AlwaysReachable(where=where):
            yield from _where(where, names, span)
        case NeverFollowedBy(where=where, later=later):
            yield from _where(where, names, span)
            yield from _where(later, names, span)
        case NeverDoneBy(trigger=trigger):
            named = (trigger,)
        case _:
            named = (promise.first, promise.second)
    known = names.triggers
    yield from (unknown("trigger", name, known, span) for name in named if name not in known)


def _where(where: Where, names: _Names, span: Span) -> Iterator[Diagnostic]:
    if where.state is not None:
        if where.state not in names.lifecycle.states:
            yield unknown("state", where.state, names.lifecycle.states, span)
    elif str(where) not in names.counted:
        yield Diagnostic(
            span,
            "unknown-ledger",
            f"no state counts `{where}`",
            suggestion(str(where), names.counted),
        )
