"""Small models of records, acts and contexts: enough to exhaust what requirements can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, permutations, product
from math import prod
from typing import NamedTuple, TypeVar

from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection, RecordReference
from peelflow.model.records import Actor, Attachment, Document, LastDone, Moment, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
    atoms_of,
)
from peelflow.model.rules import Counts, Pin

TODAY = date(2023, 3, 30)
NOW = datetime(2023, 3, 30, 12, tzinfo=UTC)
ACTOR = "the actor"


Asked = tuple[str, str | None, int | None]
Family = tuple[tuple[RecordReference, ...], tuple[Child, ...]]
T = TypeVar("T")
once = lru_cache(maxsize=4)  # a scope is counted, then walked
Parts = tuple[
    dict[str, tuple[int, str]],
    tuple[Asked, ...],
    tuple[str, bool, int] | None,
    dict[str, Value],
    Family,
    bool,
    bool,
    tuple[bool, ...],
]


class Model(NamedTuple):
    """One record, one act on it, and the context to judge it in."""

    record: Record
    act: Act
    context: Context


class Scope(NamedTuple):
    """What requirements mention, and therefore what models must differ in."""

    since: tuple[str, ...]
    triggers: tuple[str, ...]
    kinds: tuple[str, ...]
    signers: tuple[str, ...]
    fields: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    predicates: tuple[str, ...]
    days: int
    letters: int
    inspections: bool
    reason: bool
    successor: bool
    published: bool
    children: bool
    answers: tuple[ChildForEach, ...]


def scope_of(given: tuple[Requirement, ...], wanted: tuple[Requirement, ...]) -> Scope:
    """Return what two sets of requirements mention."""
    atoms = atoms_of((*given, *wanted))
    timed = [a for a in atoms if isinstance(a, Evidence | InspectionHeld | DistinctFrom | Waited)]
    since = {a.since for a in timed if a.since not in (None, PUBLISHED)}
    letters = sum(isinstance(atom, Evidence) for atom in atoms_of(given))
    return Scope(
        since=tuple(sorted(filter(None, since))),
        triggers=tuple(sorted({a.distinct_from for a in atoms if isinstance(a, DistinctFrom)})),
        kinds=tuple(sorted({a.evidence for a in atoms if isinstance(a, Evidence)})),
        signers=tuple(sorted({r for a in atoms if isinstance(a, Evidence) for r in a.signed_by})),
        fields=tuple(sorted({name for a in atoms for name in _named(a)})),
        choices=tuple(
            sorted({(a.field, a.has) for a in atoms if isinstance(a, FieldSet) and a.has})
        ),
        predicates=tuple(sorted({a.predicate for a in atoms if isinstance(a, PredicateHolds)})),
        days=max((a.waited for a in atoms if isinstance(a, Waited)), default=0)
        + (2 if any(isinstance(a, InspectionHeld) for a in atoms) else 0),
        letters=min(letters, 2),
        inspections=any(isinstance(a, InspectionHeld) for a in atoms),
        reason=any(isinstance(a, ReasonGiven) for a in atoms),
        successor=any(isinstance(a, SuccessorNamed) for a in atoms),
        published=any(isinstance(a, Waited) and a.since == PUBLISHED for a in atoms),
        children=any(isinstance(a, ChildrenClosed | ChildForEach) for a in atoms),
        answers=tuple(dict.fromkeys(a for a in atoms if isinstance(a, ChildForEach))),
    )


def _named(atom: Requirement) -> tuple[str, ...]:
    match atom:
        case FieldSet(field=name) | ChildForEach(names=name):
            return (name,)
        case _:
            return ()


@once
def timelines(scope: Scope) -> tuple[dict[str, Moment], ...]:
    """Return every order of the window (named "") and the states entered, with their days.

    Moments have the numbers 10, 20, …; whatever else happens has a number in between.
    """
    found: list[dict[str, Moment]] = []
    for entered in product((False, True), repeat=len(scope.since)):
        names = ["", *(name for name, was in zip(scope.since, entered, strict=True) if was)]
        for order in permutations(names):
            for ago in product(range(scope.days + 1), repeat=len(order)):
                if list(ago) == sorted(ago, reverse=True):
                    line = enumerate(zip(order, ago, strict=True), start=1)
                    found.append(
                        {
                            name: Moment(10 * place, TODAY - timedelta(days))
                            for place, (name, days) in line
                        }
                    )
    return tuple(found)


def models(scope: Scope) -> Iterator[tuple[Model, ...]]:
    """Yield every small model of a scope; those that differ in predicates alone stand together."""
    for moments in timelines(scope):
        slots = [10 * slot + 5 for slot in range(len(moments) + 1)]
        for parts in product(
            _done(scope, slots),
            _documents(scope, slots),
            _inspections(scope),
            _fields(scope),
            _families(scope),
            (False, True) if scope.reason else (False,),
            (False, True) if scope.successor else (False,),
        ):
            says = product((False, True), repeat=len(scope.predicates))
            yield tuple(_model(scope, moments, (*parts, predicates)) for predicates in says)


def size_of(scope: Scope) -> int:
    """Return how many models a scope has, without building them."""
    lines = timelines(scope)
    slots = [5] * max(len(moments) + 1 for moments in lines)
    parts = (
        _done(scope, slots),
        _documents(scope, slots),
        _inspections(scope),
        _fields(scope),
        _families(scope),
    )
    flags = len(scope.predicates) + scope.reason + scope.successor
    return len(lines) * prod(len(part) for part in parts) << flags


def _done(scope: Scope, slots: list[int]) -> list[dict[str, tuple[int, str]]]:
    each = [None, *product(slots, (ACTOR, "another"))]
    return [
        {name: done for name, done in zip(scope.triggers, chosen, strict=True) if done is not None}
        for chosen in product(each, repeat=len(scope.triggers))
    ]


def _documents(
    scope: Scope, slots: list[int]
) -> list[tuple[tuple[str, str | None, int | None], ...]]:
    each = list(product(scope.kinds, (None, *scope.signers), (None, *slots)))
    return [
        chosen
        for count in range(scope.letters + 1)
        for chosen in combinations_with_replacement(each, count)
    ]


@once
def _inspections(scope: Scope) -> list[tuple[str, bool, int] | None]:
    if not scope.inspections:
        return [None]
    days = range(scope.days + 2)
    return [None, *product(("planned", "bespoke"), (False, True), days)]


@once
def _fields(scope: Scope) -> list[dict[str, Value]]:
    names = {*scope.fields, *[PUBLISHED] * scope.published, *["question"] * scope.inspections}
    values: list[list[tuple[str, Value] | None]] = []
    for name in sorted(names):
        if name == PUBLISHED:
            days = [str(TODAY - timedelta(day)) for day in range(-1, scope.days + 1)]
            values.append([None, *((name, day) for day in days)])
        else:
            asked = [choice for field, choice in scope.choices if field == name]
            lists = (some for size in range(len(asked)) for some in combinations(asked, size + 1))
            values.append([None, (name, "7"), *((name, some) for some in lists)])
    return [dict(filter(None, chosen)) for chosen in product(*values)]


def _children(scope: Scope) -> list[tuple[dict[str, Counts], ...]]:
    if not scope.children:
        return [()]
    ledgers = ("portal", "force", "another")
    said: Iterator[list[tuple[str, Counts] | None]] = (
        [None, (ledger, "open"), (ledger, "closed")] for ledger in ledgers
    )
    each = [dict(filter(None, chosen)) for chosen in product(*said)]
    return [(), *((one,) for one in each), *((one, {}) for one in each)]


@once
def _families(scope: Scope) -> list[Family]:
    """Return what names the same as the record, and children that answer some of it.

    A record that is named stands for all of its category, and a child for all that name it.
    """
    asked = [
        RecordReference(f"{category} {one.whose} {one.names}", category, one.whose, "7")
        for one in scope.answers
        for category in one.for_each
    ]
    mentions = _some(dict.fromkeys(asked))
    fields = sorted({one.children for one in scope.answers})
    answers = _some(product(fields, [each.id for each in dict.fromkeys(asked)]))
    return [
        (named, tuple(Child("C", counts, dict([*said])) for counts in counted for said in saying))
        for named in mentions
        for counted in _children(scope)
        for saying in ([[one] for one in chosen] or [[]] for chosen in answers)
        if counted or saying == [[]]
    ]


def _some(items: Iterable[T]) -> list[tuple[T, ...]]:
    every = tuple(items)
    return [some for size in range(len(every) + 1) for some in combinations(every, size)]


def _model(scope: Scope, moments: dict[str, Moment], parts: Parts) -> Model:
    done, documents, inspection, fields, (mentions, children), reason, successor, predicates = parts
    held = [(_document(place, *asked[:2]), asked[2]) for place, asked in enumerate(documents)]
    record = Record(
        id="R-1",
        number=99,
        on=TODAY,
        force="wmp",
        category="recommendation",
        level=3,
        lifecycle=Pin("small", 1, ""),
        state="here",
        issued=TODAY,
        fields=fields,
        parent=None,
        window=moments[""],
        entered={name: moment for name, moment in moments.items() if name},
        done={name: LastDone(number, TODAY, who) for name, (number, who) in done.items()},
        attachments=tuple(Attachment(doc, number) for doc, number in held if number is not None),
    )
    act = Act(
        "go",
        Actor(ACTOR, "lead"),
        TODAY,
        "a clerk",
        evidence=tuple(doc for doc, number in held if number is None),
        inspection="INS-1" if inspection else None,
        reason="why" if reason else None,
        successor="R-2" if successor else None,
    )
    context = Context(
        NOW,
        TODAY,
        appointments=tuple(
            Appointment(f"a {role}", role, "wmp", date(2000, 1, 1)) for role in scope.signers
        ),
        inspection=_inspection(inspection) if inspection else None,
        children=children,
        mentions=mentions,
        predicates={
            name: (lambda *_, says=says: says)
            for name, says in zip(scope.predicates, predicates, strict=True)
        },
    )
    return Model(record, act, context)


@lru_cache(maxsize=512)
def _document(place: int, kind: str, signer: str | None) -> Document:
    by = f"a {signer}" if signer else None
    return Document(f"d{place}", kind, "letter", 1, by, TODAY if signer else None)


@lru_cache(maxsize=64)
def _inspection(asked: tuple[str, bool, int]) -> Inspection:
    kind, relevant, ago = asked
    days = TODAY - timedelta(ago)
    return Inspection(
        "INS-1",
        kind,
        date(2000, 1, 1),
        days,
        frozenset({"7"} if relevant else {"1"}),
        force="wmp",
    )
