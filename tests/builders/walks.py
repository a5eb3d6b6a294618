"""What walks are tried with: letters, inspections, days, people; drawn lifecycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from random import Random

from attrs import evolve, frozen
from hypothesis import strategies as st

from peelflow.model.decisions import Appointment, Child, Inspection, RecordReference
from peelflow.model.records import Document, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
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
from peelflow.model.rules import (
    SYSTEM,
    After,
    AlwaysReachable,
    AppliesTo,
    Counts,
    FieldRule,
    Guarantee,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    State,
    StateSet,
    Transition,
)
from peelflow.proof.normal_form import day_bounds
from peelflow.testing.strategies import CATEGORY, VOCABULARY

CHOICES = ("a", "b")
"""What the field `owner` of a drawn lifecycle says, one or both of them."""

WORDS = evolve(
    VOCABULARY,
    categories={
        CATEGORY: evolve(
            VOCABULARY.categories[CATEGORY],
            fields={
                **VOCABULARY.categories[CATEGORY].fields,
                "owner": FieldRule("list", "Who does the work", choices=CHOICES),
            },
        )
    },
)
"""The words of drawn lifecycles."""

NOW = datetime(2030, 1, 1, tzinfo=UTC)
START = date(2022, 1, 1)
TODAY = date(2029, 12, 31)
EVER = date(2000, 1, 1)
Family = tuple[tuple[RecordReference, ...], tuple[Child, ...]]
CHILDREN: tuple[tuple[Child, ...], ...] = (
    (),
    (Child("C", {"portal": "open", "section_55": "open"}),),
    (Child("C", {"portal": "closed", "section_55": "closed"}),),
    (Child("C", {"portal": "closed", "section_55": "closed", "another": "open"}),),
)


@frozen(eq=False)
class Means:
    """What requirements mention, and so what acts must be tried with and without."""

    signers: tuple[str, ...]
    letters: tuple[Document, ...]
    inspected: bool
    days: tuple[int, ...]
    people: tuple[str, ...]
    fields: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    published: bool
    families: tuple[Family, ...]
    reasons: tuple[str | None, ...]
    successors: tuple[str | None, ...]
    says: tuple[bool, ...]
    most: int
    since: frozenset[str]
    done: frozenset[str]

    def fields_on(self, on: date) -> list[dict[str, Value]]:
        """Return the fields that a record may have on a day."""
        published = [EVER, on - timedelta(1), TODAY] if self.published else []
        parts: tuple[list[tuple[str, Value] | None], ...] = (
            *([None, *self._values(name)] for name in self.fields),
            [None, *((PUBLISHED, str(day)) for day in published)],
            [("question", "7")] if self.inspected else [None],
        )
        return [dict(part for part in chosen if part) for chosen in product(*parts)]

    def _values(self, name: str) -> list[tuple[str, Value]]:
        """Return what a field may say: another thing, each choice, all of several."""
        asked = tuple(choice for field, choice in self.choices if field == name)
        several = [(name, ("set", *asked))] if len(asked) > 1 else []
        return [(name, "set"), *((name, choice) for choice in asked), *several]

    def inspections_for(self, record: Record, on: date) -> list[Inspection | None]:
        """Return inspections that end on every day that could matter."""
        if not self.inspected:
            return [None]
        moments = {"window": record.window, **record.entered}
        days = {moment.on for name, moment in moments.items() if name in self.since}
        ends = {on, *days, *(day - timedelta(1) for day in days)}
        return [
            None,
            *(
                Inspection("INS-1", kind, EVER, end, frozenset({covered}), force=record.force)
                for kind in ("planned", "bespoke")
                for covered in ("7", "1")
                for end in sorted(ends)
            ),
        ]


def means_for(lifecycle: Lifecycle, promise: Promise) -> Means:
    """Return what walks under a lifecycle must be tried with."""
    rules = [rule for state in lifecycle.states.values() for rule in state.transitions]
    asked = [promise.requirement] if isinstance(promise, NeverEnteredUnless) else []
    timers = [name for name, s in lifecycle.states.items() if any(w.after for w in s.transitions)]
    return means_of(rules, asked, timers, people=1 + isinstance(promise, SeparationOfDuties))


def means_of(
    rules: Iterable[Transition],
    asked: Iterable[Requirement] = (),
    timers: Iterable[str] = (),
    *,
    people: int = 1,
) -> Means:
    """Return what acts must be tried with, for some transitions and requirements besides.

    Args:
        rules: The transitions.
        asked: What else is required somewhere.
        timers: The states whose entering some timed step counts from.
        people: How many people there are at the least.
    """
    rules = tuple(rules)
    atoms = atoms_of((*(atom for rule in rules for atom in rule.requires), *asked))

    def mentioned(*kinds: type[Requirement]) -> bool:
        return any(isinstance(atom, kinds) for atom in atoms)

    kinds = sorted({a.evidence for a in atoms if isinstance(a, Evidence)})
    fields = {a.field for a in atoms if isinstance(a, FieldSet)} - {PUBLISHED, "question"}
    fields |= {a.names for a in atoms if isinstance(a, ChildForEach)}
    signers = tuple(sorted({r for a in atoms if isinstance(a, Evidence) for r in a.signed_by}))
    waits = {a.waited for a in atoms if isinstance(a, Waited) and a.since != PUBLISHED}
    waits |= {day_bounds(rule.after)[0] for rule in rules if rule.after}
    inspected = mentioned(InspectionHeld)
    begun = {a.since for a in atoms if isinstance(a, InspectionHeld)}
    done = frozenset(a.distinct_from for a in atoms if isinstance(a, DistinctFrom))
    timed = [a for a in atoms if isinstance(a, Evidence | InspectionHeld | DistinctFrom | Waited)]
    return Means(
        signers=signers,
        letters=tuple(_letter(kind, role) for kind in kinds for role in (None, *signers)),
        inspected=inspected,
        days=tuple(sorted({0, *waits, *([1] * (len(begun) > 1))})),
        people=("P", "Q", "R")[: max(len(done) + 1, people)],
        fields=tuple(sorted(fields)),
        choices=tuple(
            sorted({(a.field, a.has) for a in atoms if isinstance(a, FieldSet) and a.has})
        ),
        published=any(PUBLISHED in (getattr(a, "since", None), _set(a)) for a in atoms),
        families=_families(atoms) if mentioned(ChildrenClosed, ChildForEach) else (((), ()),),
        reasons=(None, "why") if mentioned(ReasonGiven) else (None,),
        successors=(None, "R-2") if mentioned(SuccessorNamed) else (None,),
        says=(True, False) if mentioned(PredicateHolds) else (True,),
        most=max(waits, default=0) + inspected,
        since=frozenset([*(a.since or "window" for a in timed), *timers]),
        done=done,
    )


def _families(atoms: Iterable[Requirement]) -> tuple[Family, ...]:
    """Return what names the same as the record: nothing, or one of each; and who answers it."""
    asked = [atom for atom in atoms if isinstance(atom, ChildForEach)]
    mentions = tuple(
        RecordReference(f"for {each.children}", each.for_each[0], each.whose, "set")
        for each in asked
    )
    answers = {each.children: f"for {each.children}" for each in asked}
    alone: list[Family] = [((), children) for children in CHILDREN]
    owing = [(mentions, children) for children in CHILDREN]
    answered = [
        (mentions, tuple(evolve(child, fields=answers) for child in children))
        for children in CHILDREN
    ]
    return (*alone, *owing, *answered) if asked else tuple(alone)


def _set(atom: Requirement) -> str | None:
    return atom.field if isinstance(atom, FieldSet) else None


def _letter(kind: str, role: str | None) -> Document:
    signer = f"signer {role}" if role else None
    name = str(role) if kind == "letter" else f"{kind} {role}"
    return Document("?", kind, name, 1, signer, None)


@cache
def appointments(means: Means) -> tuple[Appointment, ...]:
    """Return who holds what: people hold every role, and signers theirs."""
    held = [(person, role) for person in means.people for role in VOCABULARY.roles]
    held += [(f"signer {role}", role) for role in means.signers]
    return tuple(Appointment(person, role, "wmp", EVER) for person, role in held)


NAMES = ("s", "t", "u", "end")
TRIGGERS = ("go", "sign", "close")
BY: tuple[tuple[str, ...], ...] = (
    ("chief_constable",),
    ("liaison_officer",),
    ("chief_constable", "liaison_officer"),
    ("hmicfrs",),
    (SYSTEM,),
)
PEOPLE = ("chief_constable", "liaison_officer", "hmicfrs")


def palette(random: Random, names: tuple[str, ...]) -> list[Requirement]:
    """Return a few requirements of one or two kinds."""
    since = (None, None, *names[:2])

    def begun() -> str | None:
        return random.choice(since)

    kinds: tuple[Callable[[], Requirement], ...] = (
        lambda: Evidence(
            "letter",
            random.choice(((), ("chief_constable",), ("chief_constable", "hmicfrs"))),
            begun(),
        ),
        lambda: InspectionHeld(
            random.choice(("planned", "bespoke", "any")), random.random() < 0.3, begun()
        ),
        lambda: Waited(random.choice((1, 2)), random.choice((*since, "published"))),
        lambda: DistinctFrom(random.choice(TRIGGERS[:2]), begun()),
        lambda: DistinctFrom(random.choice(TRIGGERS[:2]), begun()),
        lambda: random.choice(
            (
                ReasonGiven(),
                SuccessorNamed(),
                FieldSet("owner"),
                FieldSet("owner", random.choice(CHOICES)),
                ChildrenClosed(),
                ChildForEach("answers", (CATEGORY,), "source_report", "report"),
                PredicateHolds("agreed"),
            )
        ),
    )
    chosen = random.sample(kinds, random.choice((1, 1, 2)))
    atoms: list[Requirement] = [random.choice(chosen)() for _ in range(3)]
    if random.random() < 0.3:
        atoms.append(AnyOf(((atoms[0],), (atoms[1], atoms[2]))))
    return atoms


def lifecycle_from(random: Random) -> tuple[Lifecycle, list[Requirement]]:
    """Return a lifecycle of two to four states, and the requirements it is made of."""
    names = (*NAMES[: random.choice((1, 2, 2, 3, 3))], "end")
    atoms = palette(random, names)
    states: dict[str, State] = {}
    for name in names:
        ways: list[Transition] = []
        for _ in range(random.choice((0, 1)) if name == "end" else random.choice((2, 2, 3, 3))):
            by = random.choice(BY)
            trigger = random.choice(TRIGGERS)
            taken = {role for way in ways if way.trigger == trigger for role in way.by}
            if taken.isdisjoint(by):
                requires = tuple(random.sample(atoms, random.choice((0, 0, 0, 1, 1, 2))))
                timed = by == (SYSTEM,) and random.random() < 0.5
                own = random.random() < 0.15 and by != (SYSTEM,)
                ways.append(
                    Transition(
                        trigger,
                        random.choice((*names, "end")),
                        by,
                        requires,
                        after=After(random.choice((1, 2))) if timed else None,
                        reopens=name == "end",
                        implements=None if own else trigger,
                    )
                )
        counts: dict[str, Counts] = {}
        if random.random() < 0.7:
            counts["portal"] = "closed" if name == "end" or random.random() < 0.3 else "open"
        states[name] = State(counts, final=name == "end", transitions=tuple(ways))
    return (
        Lifecycle(
            name="drawn",
            version=1,
            in_force_from=date(2020, 1, 1),
            title="Drawn by chance",
            applies_to=AppliesTo((CATEGORY,), (1,)),
            initial=names[0],
            states=states,
            begun_by=random.choice((None, "take_over")),
            roles=VOCABULARY.roles,
        ),
        atoms,
    )


def promise_from(random: Random, lifecycle: Lifecycle, atoms: list[Requirement]) -> Promise:
    """Return some promise about a lifecycle."""
    wheres = [StateSet(state=name) for name in (*lifecycle.states, "end", "end")]
    wheres += [StateSet(ledger="portal", counts="closed")] * 2
    some = tuple(random.sample(PEOPLE, random.choice((1, 2))))
    where, first, second = random.choice(wheres), random.choice(TRIGGERS), random.choice(TRIGGERS)
    kinds: tuple[Promise, ...] = (
        OnlyEnteredBy(where, some),
        NeverDoneBy(first, some),
        NeverEnteredWithoutSteps(
            where, (first,) if random.random() < 0.4 else (first, second), None
        ),
        NeverEnteredWithoutSteps(where, (first,), random.choice(tuple(lifecycle.states))),
        NeverEnteredUnless(where, random.choice(atoms)),
        NeverEnteredUnless(where, random.choice(atoms), random.choice(((), (), some))),
        AlwaysReachable(where),
        NeverFollowedBy(where, random.choice(wheres)),
        SeparationOfDuties(first, second),
    )
    return random.choice(kinds)


def case_from(seed: int) -> Lifecycle:
    """Return the lifecycle of a seed, with its one guarantee."""
    random = Random(seed)
    lifecycle, atoms = lifecycle_from(random)
    promise = promise_from(random, lifecycle, atoms)
    return evolve(lifecycle, guarantees=(Guarantee(str(promise), "drawn", promise),))


cases = st.integers(0, 2**48).map(case_from)
