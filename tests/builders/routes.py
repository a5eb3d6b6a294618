"""Records to find routes for: small rules and one record, and drawn registers with families."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from attrs import define, evolve, field
from hypothesis import strategies as st

from peelflow import Rulebook, national
from peelflow.model.decisions import Inspection
from peelflow.model.records import Actor, Document, Record
from peelflow.model.requirements import DistinctFrom, Evidence, Waited
from peelflow.model.routes import RelatedRecord, Route, RouteContext, RouteStep
from peelflow.model.rules import AppliesTo, Counts, Level, Lifecycle, State, Transition
from peelflow.register.register import Register
from peelflow.register.taken_over import inspectorate_roles
from peelflow.routing.goal_analysis import Goal
from peelflow.routing.route import route
from peelflow.rulebook.loader import resolve
from peelflow.testing import VOCABULARY, lifecycles
from peelflow.testing.strategies import ADDRESSEES, CATEGORY, FORCE, tuples_of
from tests.builders.decisions import A_RECORD, CLOSED, OPEN, appointed, day, rules

CLOSED_STATE = State(CLOSED, final=True)
NOBODY = RouteContext()
SIGNER = appointed("Ann", "chief_constable")


def ask(
    lifecycle: Lifecycle,
    *,
    to: str = "closed",
    around: RouteContext = NOBODY,
    on: date | None = None,
    most: int = 1000,
    **record: Any,
) -> Route:
    """Return the way of the record to a state, from day 3 unless said otherwise."""
    known = evolve(A_RECORD, **record)
    goal = Goal(f"`{to}`", (frozenset({to}),))
    return route(lifecycle, known, goal, around, on=on or day(3), most=most)


def only(found: Route) -> RouteStep:
    """Return the only step of a way that there is."""
    assert found.verdict != "impossible"
    (step,) = found.steps
    return step


def relative(
    name: str, counts: dict[str, Counts], *ways: Transition, **record: Any
) -> RelatedRecord:
    """Return a child or a parent in the state `open`, which counts so, with these ways out."""
    lifecycle = evolve(rules(*ways), states={"open": State(counts, transitions=ways)})
    lifecycle = evolve(lifecycle, states={**lifecycle.states, "closed": CLOSED_STATE})
    return RelatedRecord(evolve(A_RECORD, id=name, **record), lifecycle, NOBODY)


def known_inspection(first: int, last: int, **parts: Any) -> Inspection:
    """Return an inspection of question 7, planned, from one day to another."""
    usual = Inspection(
        f"I-{first}", "planned", day(first), day(last), frozenset({"7"}), force=A_RECORD.force
    )
    return evolve(usual, **parts)


def a_record(**parts: Any) -> Record:
    """Return the usual record with some parts changed."""
    return evolve(A_RECORD, **parts)


__all__ = [
    "CLOSED_STATE",
    "OPEN",
    "SIGNER",
    "a_record",
    "ask",
    "known_inspection",
    "only",
    "relative",
]


BEFORE_LEVELS = date(2023, 3, 1)
START = date(2023, 1, 2)
CLERK = Actor("clerk", "liaison_officer")
WORDS = evolve(
    VOCABULARY,
    categories={
        **VOCABULARY.categories,
        **{name: national().vocabulary.categories[name] for name in ("appointment", "inspection")},
    },
)
_SHUT = State(
    {"portal": "closed", "force": "closed"},
    final=True,
    transitions=(Transition("reopen", "open", ("liaison_officer",), reopens=True),),
)
FAMILY = resolve(
    Lifecycle(
        name="family",
        version=1,
        in_force_from=date(2000, 1, 1),
        title="A parent or a child",
        applies_to=AppliesTo((CATEGORY,), (None,)),
        initial="open",
        states={
            "open": State(
                {"portal": "open", "force": "open"},
                transitions=(Transition("finish", "shut", ("liaison_officer",)),),
            ),
            "shut": _SHUT,
        },
    ),
    WORDS,
    None,
)
"""The rules of parents and children of records under drawn rules."""


def tellers(
    register: Register, category: str, level: Level, state: str, day: date
) -> dict[str, Any]:
    """Return whose word it takes that a record stands in a state, and who types it.

    Who acts by appointment is appointed.
    """
    lifecycle = register.rulebook.lifecycle_for(category, level, day)
    theirs = inspectorate_roles(lifecycle, state)
    if not theirs:
        return {"actor": CLERK}
    if lifecycle.roles[theirs[0]].by_appointment:
        register.appoint("inspector", theirs[0], force=FORCE, first_day=day, actor=CLERK)
    return {"actor": Actor("inspector", theirs[0]), "recorded_by": CLERK.person}


@define
class Place:
    """A register whose today moves on as it is told, and a fresh name for everything.

    `ajar` and `shut` are how a relative counts open and closed; `kin` is its category and `said`
    what its fields say.
    """

    register: Register
    today: date = START
    ajar: str = "open"
    shut: str = "shut"
    kin: str = CATEGORY
    said: dict[str, str] = field(factory=dict)
    made: int = field(default=0)

    def name(self, what: str) -> str:
        """Return a name that nothing has yet."""
        self.made += 1
        return f"{what} {self.made}"

    def until(self, day: date) -> date:
        """Let it be that day, or later; return the day."""
        self.today = max(self.today, day)
        return day

    def letter(self, kind: str, signed_by: str | None, day: date) -> Document:
        """Keep a new document."""
        name = self.name(kind)
        signed_on = day if signed_by else None
        return self.register.keep(
            name.encode(), kind=kind, name=name, signed_by=signed_by, signed_on=signed_on
        )

    def relative(
        self,
        *,
        parent: str | None = None,
        shut: bool = False,
        says: Mapping[str, str] | None = None,
    ) -> str:
        """Take over a parent, or a child below one."""
        record = self.name("relative")
        self.register.take_over(
            record,
            category=self.kin,
            fields={**self.said, **(says or {})},
            force=FORCE,
            issued=min(self.today, BEFORE_LEVELS),  # it has no level
            state=self.shut if shut else self.ajar,
            on=self.today,
            **tellers(self.register, self.kin, None, self.shut if shut else self.ajar, self.today),
            source="a list",
            reason="from elsewhere",
            parent=parent,
        )
        return record

    def do(self, record: str, trigger: str) -> None:
        """Do a trigger of the family's rules."""
        self.register.fire(record, trigger, actor=CLERK, on=self.today)

    def inspection(self, kind: str, *, first: date, days: int = 0, questions: list[str]) -> str:
        """Record an inspection, which may be yet to come."""
        record = self.name("inspection")
        self.register.add(
            record,
            category="inspection",
            force=FORCE,
            issued=self.today,
            fields={
                "kind": kind,
                "first_day": first,
                "last_day": first + timedelta(days),
                "questions": questions,
            },
            actor=CLERK,
        )
        return record

    def appoint(self, role: str, *, first: date) -> str:
        """Appoint somebody new and return the person."""
        person = self.name(role)
        self.register.appoint(person, role, force=FORCE, first_day=first, actor=CLERK)
        return person


def new_place(rulebook: Rulebook, *, agreed: bool | None = True) -> Place:
    """Return an empty place under a rulebook; `agreed` is what the predicate says, if anything."""
    register = Register.open(
        "memory:",
        rulebook=rulebook,
        clock=lambda: datetime.combine(place.today, time(12), UTC),
        predicates={} if agreed is None else {"budget_agreed": lambda *_: agreed},
    )
    place = Place(register)
    return place


def rulebook_of(lifecycle: Lifecycle) -> Rulebook:
    """Return a rulebook of a drawn lifecycle, with what appointments and inspections need."""
    own = [one for one in national().lifecycles if one.name in ("appointment", "inspection")]
    return Rulebook((evolve(lifecycle, refines=None), FAMILY, *own), WORDS)


@st.composite
def looking_back_rules(draw: st.DrawFn) -> Lifecycle:
    """Draw rules that mostly ask for what was done before, by whom, and since when."""
    lifecycle = draw(lifecycles())
    names = tuple(lifecycle.states)
    ways = [way for state in lifecycle.states.values() for way in state.transitions]
    since = st.none() | st.sampled_from(names)
    triggers = st.sampled_from(sorted({way.trigger for way in ways}))
    past = st.one_of(
        st.builds(DistinctFrom, triggers, since),
        st.builds(Waited, st.just(5), st.sampled_from(names)),
        st.builds(Evidence, st.just("letter"), st.just(()), since),
    )
    states = {
        name: evolve(
            state,
            transitions=tuple(
                evolve(way, requires=tuple(draw(st.lists(past, max_size=2, unique=True))))
                for way in state.transitions
            ),
        )
        for name, state in lifecycle.states.items()
    }
    return resolve(evolve(lifecycle, states=states, refines=None), WORDS, None)


@st.composite
def places(draw: st.DrawFn) -> tuple[Place, str, Lifecycle]:
    """Draw rules and a record under them that was taken over, with a past and a family."""
    lifecycle = draw(lifecycles() | looking_back_rules())
    rulebook = rulebook_of(lifecycle)
    place = new_place(rulebook, agreed=draw(st.sampled_from((True, None))))
    parent = place.relative() if draw(st.booleans()) else None
    report = place.relative()
    for _ in range(draw(st.integers(0, 2))):
        place.relative(says={"source_report": report})
    fields = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "owner": st.just("Sam"),
                "report": st.just(report),
                "addressees": tuples_of(ADDRESSEES).map(list),
                "question": st.sampled_from(("7", "7.2")),
                "published": st.integers(-30, 30).map(lambda day: str(START + timedelta(day))),
            },
        )
    )
    state = draw(st.sampled_from(tuple(lifecycle.states)))
    place.register.take_over(
        "R-1",
        category=CATEGORY,
        level=1,
        force=FORCE,
        issued=START,
        state=state,
        on=START,
        **tellers(place.register, CATEGORY, 1, state, START),
        source="a list",
        reason="from elsewhere",
        fields=fields,
        parent=parent,
    )
    _surround(draw, place, parent)
    return place, "R-1", rulebook.lifecycles[0]


def _surround(draw: st.DrawFn, place: Place, parent: str | None) -> None:
    """Draw people, documents, inspections, children, and whether the parent is closed."""
    for role in draw(st.sets(st.sampled_from(("nominated_deputy", "chief_constable", "hmicfrs")))):
        place.appoint(role, first=START + timedelta(draw(st.sampled_from((-9, 20)))))
    for kind in draw(st.sets(st.sampled_from(("letter", "plan")))):
        letter = place.letter(kind, None, START)
        place.register.attach("R-1", letter, actor=CLERK, on=START)
    for kind in draw(st.sets(st.sampled_from(("planned", "bespoke")))):
        first = START + timedelta(draw(st.sampled_from((-20, 0, 30))))
        place.inspection(kind, first=first, days=10, questions=["7"])
    closed = "closed" in place.register.counts(place.register.record("R-1")).values()
    for _ in range(draw(st.integers(0, 2))):
        shut = closed or draw(st.booleans())
        place.relative(parent="R-1", shut=shut)
    open_ = "open" in place.register.counts(place.register.record("R-1")).values()
    if parent and not open_ and draw(st.booleans()):
        place.do(parent, "finish")
