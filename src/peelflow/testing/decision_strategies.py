"""Draw decisions under rules: records, acts on them, and the context that each act is judged in.

A good share of the acts is lawful: each is drawn towards a transition the record has, by a role
that may, with what its requirements ask for; each part goes wrong once in three to ten times.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from hypothesis import strategies as st

from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection, RecordReference
from peelflow.model.records import Actor, Attachment, Document, LastDone, Moment, Record, Value
from peelflow.model.requirements import DistinctFrom, Evidence, atoms_of
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
from peelflow.results import frozen
from peelflow.testing.strategies import (
    ADDRESSEES,
    CATEGORY,
    FORCE,
    HOLIDAYS,
    INSPECTION,
    LEDGERS,
    QUESTION_SETS,
    QUESTIONS,
    REPORT,
    SIGNATORIES,
    TRIGGERS,
    UNCOVERED_HOLIDAYS,
    VOCABULARY,
    holder_of,
    lifecycles,
    mostly,
    one_of_names,
    orders,
    tuples_of,
    usually,
)

FIRST_DAY = date(2022, 1, 1)
_UNRELATED_PERSON = "somebody else"
_LONG_AGO = date(2000, 1, 1)
# Made once: to make and check a strategy costs far more than a draw.
_EVENTS = st.integers(2, 6)
_DAY = st.integers(0, 60)
_SOME = st.booleans()
_SELDOM = st.sampled_from((False, False, True))
_FEW = st.integers(0, 2)
_PEOPLE = st.sampled_from(tuple(holder_of(role) for role in VOCABULARY.roles))
_LEVEL = st.sampled_from((1, 2, 3, 4))
_TRIGGER = st.sampled_from(TRIGGERS)
_LATER = st.integers(0, 60)
_EARLIER = st.integers(-30, 0)
_LASTS = st.integers(0, 30)
_REASON = st.sampled_from((*("work is done",) * 2, " "))
_SUCCESSOR = st.sampled_from(("R-2", "R-2", None, "R-1"))
_NO_SOURCE = st.sampled_from((None, " "))
_KEY = st.none() | st.just("k1")
_AGREED = st.booleans()
_DOCUMENT_NUMBER = st.integers(1, 3)
_LAST_DAY = st.sampled_from((_LONG_AGO, FIRST_DAY + timedelta(70)))
_COVERED = st.sampled_from(orders(QUESTIONS, least=0, most=2)).map(frozenset)
_KIND = st.sampled_from(("planned", "bespoke"))
_QUESTION_SET = st.sampled_from(QUESTION_SETS)
_CHILDREN, _MENTIONS = ("C-1", "C-2"), ("M-1", "M-2")
_MENTIONED = st.sampled_from(_MENTIONS)
# A child mostly answers the mention of its own number.
_ANSWERS = {
    name: st.sampled_from((*(mention,) * 9, *_MENTIONS))
    for name, mention in zip(_CHILDREN, _MENTIONS, strict=True)
}
_NAMING = st.sampled_from((*("source_report",) * 4, "report"))  # mostly the one that is asked for
_NAMED = st.sampled_from((*(REPORT,) * 4, "REP-2"))
_UNKNOWN = st.sampled_from((None, UNCOVERED_HOLIDAYS))
_FIELDS: dict[str, st.SearchStrategy[Value]] = {
    "owner": st.sampled_from(("Sam", "")),
    "theme": st.just("custody"),
    "addressees": tuples_of(ADDRESSEES, least=0),
    "report": st.just(REPORT),
    "question": st.sampled_from(QUESTIONS),
    "question_set": _QUESTION_SET,
    "published": st.integers(-30, 60).map(lambda day: str(FIRST_DAY + timedelta(day))),
}


@frozen
class Situation:
    """Rules, a record under them, an act on it and the context to judge the act in."""

    lifecycle: Lifecycle
    record: Record
    act: Act
    context: Context


@st.composite
def records(draw: st.DrawFn, lifecycle: Lifecycle) -> Record:
    """Draw a record somewhere in its life under `lifecycle`, with a past that could have been."""
    return _record(draw, lifecycle)


def _moments(draw: st.DrawFn) -> list[Moment]:
    days = sorted(draw(_DAY) for _ in range(draw(_EVENTS)))
    return [Moment(number, FIRST_DAY + timedelta(day)) for number, day in enumerate(days, start=1)]


def _record(draw: st.DrawFn, lifecycle: Lifecycle) -> Record:
    moments = _moments(draw)
    last = moments[-1]
    moment = one_of_names(tuple(range(len(moments))))
    state = draw(one_of_names(tuple(lifecycle.states)))
    past = {name: moments[draw(moment)] for name in lifecycle.states if draw(_SOME)}
    done = {name: (moments[draw(moment)], draw(_PEOPLE)) for name in TRIGGERS if not draw(_SELDOM)}
    held = [
        Attachment(_document(draw, last.on), moments[draw(moment)].number)
        for _ in range(draw(_FEW))
    ]
    spent = [_document(draw, last.on).digest] if draw(_SOME) else ()
    return Record(
        id="R-1",
        number=last.number,
        on=last.on,
        force=FORCE,
        category=CATEGORY,
        level=draw(_LEVEL),
        lifecycle=lifecycle.pin,
        state=state,
        issued=FIRST_DAY,
        fields={name: draw(value) for name, value in _FIELDS.items() if not draw(_SELDOM)},
        parent=None,
        window=moments[draw(moment)],
        entered={**past, state: past.get(state, last)},
        children=_CHILDREN,
        done={name: LastDone(when.number, when.on, who) for name, (when, who) in done.items()},
        attachments=tuple(held),
        spent=frozenset(spent),
    )


@st.composite
def acts(draw: st.DrawFn, lifecycle: Lifecycle, record: Record) -> Act:
    """Draw an act on `record`, mostly one that its rules could let through."""
    return _act(draw, lifecycle, record)


def _act(draw: st.DrawFn, lifecycle: Lifecycle, record: Record) -> Act:
    transitions = lifecycle.states[record.state].transitions
    if transitions and usually(draw):
        aim = transitions[draw(one_of_names(tuple(range(len(transitions)))))]
    else:
        aim = Transition(draw(_TRIGGER), record.state, tuple(lifecycle.roles))
    role = draw(one_of_names(aim.by if usually(draw) else tuple(lifecycle.roles)))
    on = record.on + timedelta(draw(_LATER) if usually(draw) else -1)
    asked = tuple(atom for atom in atoms_of(aim.requires) if isinstance(atom, Evidence))
    offered = [_document(draw, on, asked=atom) for atom in asked if usually(draw)]
    distinct = any(isinstance(atom, DistinctFrom) for atom in atoms_of(aim.requires))
    person = mostly(draw, _UNRELATED_PERSON if distinct else holder_of(role), holder_of(SYSTEM))
    return Act(
        trigger=aim.trigger,
        actor=Actor(person, role),
        on=on,
        recorded_by="a clerk",
        evidence=tuple(offered),
        inspection=mostly(draw, INSPECTION, None),
        reason=draw(_REASON),
        successor=draw(_SUCCESSOR),
        source="portal 17" if usually(draw) else draw(_NO_SOURCE),
        key=draw(_KEY),
    )


@st.composite
def contexts(draw: st.DrawFn, record: Record, act: Act) -> Context:
    """Draw what a decision on `act` may look at: mostly in the act's favour."""
    return _context(draw, record, act)


def _context(draw: st.DrawFn, record: Record, act: Act) -> Context:
    who = {act.actor.role: act.actor.person} | {role: holder_of(role) for role in SIGNATORIES}
    held = [_appointment(draw, role, person) for role, person in who.items()]
    held.append(_appointment(draw, act.actor.role, act.actor.person))
    today = mostly(draw, act.on, act.on - timedelta(1))
    agreed = draw(_AGREED)
    return Context(
        now=datetime(2023, 3, 30, 12, tzinfo=UTC),
        today=today,
        appointments=tuple(held),
        inspection=_inspection(draw, record, act) if usually(draw) else None,
        children=tuple(
            Child(
                name,
                {ledger: mostly(draw, "closed", "open") for ledger in LEDGERS},
                {"answers": draw(_ANSWERS[name])},
            )
            for name in mostly(draw, record.children, ())
        ),
        predicates=mostly(draw, {"budget_agreed": lambda *_: agreed}, {}),
        mentions=tuple(
            RecordReference(draw(_MENTIONED), CATEGORY, draw(_NAMING), draw(_NAMED))
            for _ in range(draw(_FEW))
        ),
        holidays=HOLIDAYS if usually(draw) else draw(_UNKNOWN),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw a lifecycle, a record, an act and a context that belong together."""
    lifecycle = draw(lifecycles())
    record = _record(draw, lifecycle)
    act = _act(draw, lifecycle, record)
    return Situation(lifecycle, record, act, _context(draw, record, act))


def _document(draw: st.DrawFn, on: date, *, asked: Evidence | None = None) -> Document:
    kinds = (asked.evidence,) if asked else ("letter", "plan")
    kind = draw(one_of_names(kinds)) if usually(draw) else "plan"
    roles = (asked.signed_by if asked else ()) or SIGNATORIES
    signed = usually(draw)
    name = f"{kind} {draw(_DOCUMENT_NUMBER)}"
    return Document(
        digest=sha256(name.encode()).hexdigest(),
        kind=kind,
        name=name,
        size=len(name),
        signed_by=holder_of(draw(one_of_names(roles))) if signed else None,
        signed_on=on + timedelta(mostly(draw, 0, 1)) if signed else None,
    )


def _appointment(draw: st.DrawFn, role: str, person: str) -> Appointment:
    return Appointment(
        person=person,
        role=role,
        force=mostly(draw, FORCE, "Kent"),
        first_day=mostly(draw, FIRST_DAY, FIRST_DAY + timedelta(50)),
        last_day=None if usually(draw) else draw(_LAST_DAY),
    )


def _inspection(draw: st.DrawFn, record: Record, act: Act) -> Inspection:
    first = act.on + timedelta(draw(_EARLIER) if usually(draw) else 1)
    question = record.fields.get("question", "7")
    covered = draw(_COVERED)
    return Inspection(
        id=mostly(draw, INSPECTION, "INS-2"),
        kind=draw(_KIND),
        first_day=first,
        last_day=first + timedelta(draw(_LASTS)),
        questions=mostly(draw, covered | {str(question)}, covered),
        question_set=None if usually(draw) else draw(_QUESTION_SET),
        force=mostly(draw, FORCE, "Kent"),
    )
