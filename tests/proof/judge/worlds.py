"""The small world in which two sets of rules are asked the same acts: people, papers and days.

Nothing here knows the checker. What an act needs is read from the requirements of the transitions
that are compared, and each of them is offered, left out, or offered a little wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import chain, combinations, product
from typing import Any, NamedTuple

import attrs
from attrs import field, frozen

from peelflow.model.decisions import (
    Act,
    Appointment,
    Child,
    Context,
    Inspection,
    Predicate,
    RecordReference,
)
from peelflow.model.records import Actor, Attachment, Document, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
    ChildForEach,
    ChildrenClosed,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import SYSTEM, Category, Counts, FieldRule, Vocabulary

FORCE = "WMP"
RECORD, REPORT = "R-1", "REP-1"
TODAY = date(2030, 1, 1)
"""Where a record stands is told as if its last event were of this day."""
LONG_AGO = 1200
"""So many days ago a record was issued, where days make no difference."""
ISSUED, ATTACHED, FIRST_STEP, JUST_NOW = 1, 2, 3, 10**6
"""Numbers of events: a record is issued, a paper is attached, then come the steps."""
USED_LATER = "old"
"""A paper whose digest ends so is kept and may be offered again; any other is used once."""
TWO_HATS = "somebody with two roles"
NATIONAL_LEDGERS = frozenset({"portal", "section_55", "force"})
OWN_LEDGER = "board"
_PERIOD = (date(1990, 1, 1), date(2100, 1, 1))
_NOW = datetime(2050, 1, 1, tzinfo=UTC)
_QUESTION, _OTHER_QUESTION = "7.2", frozenset({"1"})


@frozen(eq=False)
class World:
    """Whose rules meet: the words, what a category's records hold, and how time goes.

    Attributes:
        words: The words of the force's rulebook, the national ones among them.
        national: The national words alone.
        category: What the records are.
        waits: Whether any rule counts days, so that time is told.
        two: Whether one person may act in several roles.
        periods: The periods that the rules count.
        cache: What was found in this world before.
    """

    words: Vocabulary
    national: Vocabulary
    category: Category
    waits: bool
    two: bool
    periods: tuple[int, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    cache: dict[object, tuple[Offer, ...]] = field(factory=dict)

    @property
    def deltas(self) -> tuple[int, ...]:
        """After how many days somebody acts."""
        return tuple(sorted({0, 400, *self.periods})) if self.waits else (0,)

    def persons(self, role: str) -> tuple[str, ...]:
        """Return who may act in a role."""
        return (holder(role), TWO_HATS) if self.two else (holder(role),)

    def national_role(self, role: str) -> str | None:
        """Return in what national role a role acts: its own, or the one that it may stand for."""
        if role in self.national.roles:
            return role
        other = self.words.roles[role].stands_for
        known = self.national.roles.get(other or "")
        return other if known is not None and known.may_be_delegated else None


def holder(role: str) -> str:
    """Return who holds a role."""
    return f"a {role}"


def appointments(words: Vocabulary) -> tuple[Appointment, ...]:
    """Return that each role but peelflow's own has its holder, and one person holds all."""
    roles = [name for name, role in words.roles.items() if role.side != "system"]
    return tuple(
        Appointment(person, role, FORCE, _PERIOD[0])
        for role in roles
        for person in (holder(role), TWO_HATS)
    )


@frozen(eq=False)
class Offer:
    """What comes with an act, and what is so on its day.

    `ordinary`: the force can have it so, and no predicate says yes.
    """

    documents: tuple[Document, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    inspection: Inspection | None = None
    reason: str | None = None
    successor: str | None = None
    fields: tuple[tuple[str, Value], ...] = ()
    context: Context = field(factory=lambda: Context(_NOW, _PERIOD[1]))
    ordinary: bool = True

    @cached_property
    def bound(self) -> Context:
        """The same for an act of another side's: only national ledgers bind it, if any do."""
        if "ledgers" not in attrs.fields_dict(Context):
            return self.context
        more: dict[str, Any] = {"ledgers": NATIONAL_LEDGERS}
        return attrs.evolve(self.context, **more)

    def attached_to(self, record: Record) -> Record:
        """Return a record that was given the papers before: peelflow itself offers none."""
        papers = (Attachment(document, JUST_NOW) for document in self.documents)
        return attrs.evolve(record, attachments=(*record.attachments, *papers))

    def act(self, trigger: str, actor: Actor, on: date) -> Act:
        """Return the act that somebody asks for with it."""
        if actor.role == SYSTEM:
            return Act(trigger, actor, on, "peelflow")
        named = None if self.inspection is None else self.inspection.id
        return Act(
            trigger,
            actor,
            on,
            "who typed it",
            self.documents,
            named,
            self.reason,
            self.successor,
            "a letter",
        )


def yes(record: Record, act: Act, context: Context) -> bool:
    """Say yes, as a predicate."""
    del record, act, context
    return True


def no(record: Record, act: Act, context: Context) -> bool:
    """Say no, as a predicate."""
    del record, act, context
    return False


class Papers(NamedTuple):
    """One way of offering papers of a kind, or of having attached them."""

    offered: tuple[Document, ...] = ()
    attached: tuple[Attachment, ...] = ()
    ordinary: bool = True


def offers(
    atoms: tuple[Requirement, ...], world: World, *, on: date, issued: date
) -> tuple[Offer, ...]:
    """Return every combination of what the atoms ask for, on a day."""
    key = (atoms, on if _tells_days(atoms) else None, issued if _tells_days(atoms) else None)
    known = world.cache.get(key)
    if known is None:
        known = world.cache[key] = tuple(_offers(atoms, world, on, issued))
    return known


def _tells_days(atoms: tuple[Requirement, ...]) -> bool:
    return any(
        isinstance(atom, InspectionHeld | Evidence) or getattr(atom, "since", None) == PUBLISHED
        for atom in atoms
    )


def _offers(
    atoms: tuple[Requirement, ...], world: World, on: date, issued: date
) -> Iterator[Offer]:
    kinds = tuple(dict.fromkeys(atom.evidence for atom in atoms if isinstance(atom, Evidence)))
    papers = [tuple(_papers(kind, atoms, world, (on, issued))) for kind in kinds]
    names = sorted({atom.predicate for atom in atoms if isinstance(atom, PredicateHolds)})
    dimensions = (
        tuple(product(*papers)),
        tuple(_inspections(atoms, on, issued)),
        _if_asked("why", ReasonGiven, atoms),
        _if_asked("R-2", SuccessorNamed, atoms),
        tuple(_fields(atoms, world, on)),
        tuple(_families(atoms, world)),
        tuple(product((yes, no), repeat=len(names))),
    )
    for shown, inspection, reason, successor, fields, family, answers in product(*dimensions):
        predicates: dict[str, Predicate] = dict(zip(names, answers, strict=True))
        children, mentions = family
        yield Offer(
            tuple(chain.from_iterable(each.offered for each in shown)),
            tuple(chain.from_iterable(each.attached for each in shown)),
            inspection,
            reason,
            successor,
            fields,
            Context(
                _NOW,
                _PERIOD[1],
                world.appointments,
                inspection,
                children,
                predicates,
                mentions,
            ),
            all(each.ordinary for each in shown) and yes not in answers,
        )


def _if_asked(
    text: str, kind: type[ReasonGiven | SuccessorNamed], atoms: tuple[Requirement, ...]
) -> tuple[str | None, ...]:
    return (text, None) if any(isinstance(atom, kind) for atom in atoms) else (None,)


def _papers(
    kind: str, atoms: tuple[Requirement, ...], world: World, days: tuple[date, date]
) -> Iterator[Papers]:
    """Yield none, one of today, and one of the day of issue, signed by each who matters."""
    asked = [atom for atom in atoms if isinstance(atom, Evidence) and atom.evidence == kind]
    yield Papers()
    for role in dict.fromkeys((None, *(role for atom in asked for role in atom.signed_by))):
        side = "force" if role is None else world.words.roles[role].side
        if side == "system":
            continue
        ages = zip(("fresh", USED_LATER), days, strict=True)
        fresh, old = (_paper(kind, role, age, day) for age, day in ages)
        yield Papers((fresh,), (), side == "force")
        yield Papers((old,), (), side == "force")
        if any(atom.since for atom in asked):
            yield Papers((), (Attachment(old, ATTACHED),), side == "force")


def _paper(kind: str, role: str | None, age: str, day: date) -> Document:
    signed = (None, None) if role is None else (holder(role), day)
    return Document(f"{kind}/{role}/{age}", kind, kind, 1, *signed)


def _inspections(
    atoms: tuple[Requirement, ...], on: date, issued: date
) -> Iterator[Inspection | None]:
    asked = [atom for atom in atoms if isinstance(atom, InspectionHeld)]
    yield None
    if not asked:
        return
    covers = frozenset({"7"})
    questions = (covers, _OTHER_QUESTION) if any(atom.relevant for atom in asked) else (covers,)
    for kind, covered, day in product(("planned", "bespoke"), questions, (on, issued)):
        yield Inspection("I-1", kind, day, day, covered, force=FORCE)


def _fields(
    atoms: tuple[Requirement, ...], world: World, on: date
) -> Iterator[tuple[tuple[str, Value], ...]]:
    values: dict[str, list[Value | None]] = {}
    for atom in atoms:
        for name, said in _fields_of(atom, on):
            values.setdefault(name, [None]).extend(said)
    named = {
        name: list(dict.fromkeys(_possible(world.category.fields.get(name), said)))
        for name, said in values.items()
    }
    for chosen in product(*named.values()):
        yield tuple(
            (name, value) for name, value in zip(named, chosen, strict=True) if value is not None
        )


def _fields_of(atom: Requirement, on: date) -> Iterator[tuple[str, list[Value | None]]]:
    match atom:
        case FieldSet(field=name, has=choice):
            yield name, [choice or "something"]
        case InspectionHeld(relevant=True):
            yield "question", [_QUESTION]
        case ChildForEach(names=name):
            yield name, [REPORT]
        case Waited(since="published"):
            yield "published", [day.isoformat() for day in (on, on - timedelta(LONG_AGO))]
        case _:
            return


def _possible(rule: FieldRule | None, said: Iterable[Value | None]) -> Iterator[Value | None]:
    """Yield what a field may hold: nothing where no category declares it."""
    yield None
    if rule is None:
        return
    words = [word for word in said if isinstance(word, str)]
    for size in range(1, len(words) + 1 if rule.type == "list" else 2):
        for some in combinations(words, size):
            yield some if rule.type == "list" else some[0]


Family = tuple[tuple[Child, ...], tuple[RecordReference, ...]]


def _families(atoms: tuple[Requirement, ...], world: World) -> Iterator[Family]:
    asked = [atom for atom in atoms if isinstance(atom, ChildForEach)]
    mentions: list[RecordReference] = [
        RecordReference(f"M-{category}", category, atom.whose, REPORT)
        for atom in asked
        for category in atom.for_each
    ]
    names = {atom.children for atom in asked}
    some = [(), *((mention,) for mention in dict.fromkeys(mentions))]
    children: list[tuple[Child, ...]] = [()]
    if world.category.children and any(
        isinstance(atom, (ChildrenClosed, ChildForEach)) for atom in atoms
    ):
        children += _children(names, [mention.id for mention in dict.fromkeys(mentions)])
    yield from product(children, some)


def _children(names: set[str], mentioned: list[str]) -> Iterator[tuple[Child, ...]]:
    kinds: tuple[Mapping[str, Counts], ...] = (
        _all_count("closed"),
        _all_count("open"),
        {**_all_count("closed"), OWN_LEDGER: "open"},
        {**_all_count("closed"), "force": "open"},
    )
    for counts in kinds:
        yield (Child("C-0", counts),)
        if mentioned:
            yield tuple(
                Child(f"C-{mention}", counts, dict.fromkeys(names, mention))
                for mention in mentioned
            )


def _all_count(counts: Counts) -> dict[str, Counts]:
    return dict.fromkeys((*sorted(NATIONAL_LEDGERS), OWN_LEDGER), counts)
