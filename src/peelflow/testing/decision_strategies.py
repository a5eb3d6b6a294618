"""Draw decisions under rules: records, acts on them, and the context that each act is judged in.

A good share of the acts is lawful: each is drawn towards a transition the record has, by a role
that may, with what its requirements ask for; each part goes wrong once in three to ten times.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from attrs import frozen
from hypothesis import strategies as st

from peelflow.model.decisions import Act, Appointment, Child, Context, Inspection, RecordReference
from peelflow.model.records import Actor, Attachment, Document, LastDone, Moment, Record, Value
from peelflow.model.requirements import DistinctFrom, Evidence, atoms_of
from peelflow.model.rules import SYSTEM, Lifecycle, Transition
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
    tuples_of,
)

FIRST_DAY = date(2022, 1, 1)
_UNRELATED_PERSON = "somebody else"
_MENTIONING_IDS = ("M-1", "M-2")
_LONG_AGO = date(2000, 1, 1)
# Made once: to make and check a strategy costs far more than a draw.
_DAYS = st.lists(st.integers(0, 60), min_size=2, max_size=6)
_PEOPLE = st.sampled_from(tuple(holder_of(role) for role in VOCABULARY.roles))
_LEVEL = st.sampled_from((1, 2, 3, 4))
_TRIGGER = st.sampled_from(TRIGGERS)
_LATER = st.integers(0, 60)
_EARLIER = st.integers(-30, 0)
_LASTS = st.integers(0, 30)
_REASON = st.sampled_from((*("work is done",) * 2, " "))
_SUCCESSOR = st.sampled_from((*("R-2",) * 4, None, "R-1"))
_NO_SOURCE = st.sampled_from((None, " "))
_KEY = st.none() | st.just("k1")
_AGREED = st.booleans()
_DOCUMENT_NUMBER = st.integers(1, 3)
_LAST_DAY = st.sampled_from((_LONG_AGO, FIRST_DAY + timedelta(70)))
_COVERED = st.frozensets(st.sampled_from(QUESTIONS), max_size=2)
_KIND = st.sampled_from(("planned", "bespoke"))
_QUESTION_SET = st.sampled_from(QUESTION_SETS)


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
    days = sorted(draw(_DAYS))
    moments = [
        Moment(number, FIRST_DAY + timedelta(day)) for number, day in enumerate(days, start=1)
    ]
    last = moments[-1]
    states, moment = one_of_names(tuple(lifecycle.states)), st.sampled_from(moments)
    state = draw(states)
    past = draw(st.dictionaries(states, moment))
    done = draw(st.dictionaries(_TRIGGER, st.tuples(moment, _PEOPLE)))
    held = draw(st.lists(st.tuples(_documents(last.on), moment), max_size=2))
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
        fields=draw(_FIELDS),
        parent=None,
        window=draw(moment),
        entered={**past, state: past.get(state, last)},
        children=("C-1", "C-2"),
        done={name: LastDone(when.number, when.on, who) for name, (when, who) in done.items()},
        attachments=tuple(Attachment(document, when.number) for document, when in held),
        spent=frozenset(draw(st.lists(_documents(last.on).map(_digest_of), max_size=1))),
    )


@st.composite
def acts(draw: st.DrawFn, lifecycle: Lifecycle, record: Record) -> Act:
    """Draw an act on `record`, mostly one that its rules could let through."""
    ways = lifecycle.states[record.state].transitions
    anything = Transition(draw(_TRIGGER), record.state, tuple(lifecycle.roles))
    aim = mostly(draw, draw(st.sampled_from(ways)), anything) if ways else anything
    role = mostly(draw, draw(one_of_names(aim.by)), draw(one_of_names(tuple(lifecycle.roles))))
    on = record.on + timedelta(mostly(draw, draw(_LATER), -1))
    asked = tuple(atom for atom in atoms_of(aim.requires) if isinstance(atom, Evidence))
    offered = [
        draw(_documents(on, asked=atom))
        for atom in asked
        if mostly(draw, usual=True, unusual=False)
    ]
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
        source=mostly(draw, "portal 17", draw(_NO_SOURCE)),
        key=draw(_KEY),
    )


@st.composite
def contexts(draw: st.DrawFn, record: Record, act: Act) -> Context:
    """Draw what a decision on `act` may look at: mostly in the act's favour."""
    who = {act.actor.role: act.actor.person} | {role: holder_of(role) for role in SIGNATORIES}
    held = [_appointment(draw, role, person) for role, person in who.items()]
    held.append(_appointment(draw, act.actor.role, act.actor.person))
    today = mostly(draw, act.on, act.on - timedelta(1))
    agreed = draw(_AGREED)
    return Context(
        now=datetime(2023, 3, 30, 12, tzinfo=UTC),
        today=today,
        appointments=tuple(held),
        inspection=draw(_inspections(record, act)),
        children=tuple(
            Child(
                name,
                {ledger: mostly(draw, "closed", "open") for ledger in LEDGERS},
                {"answers": draw(st.sampled_from(_MENTIONING_IDS))},
            )
            for name in mostly(draw, record.children, ())
        ),
        predicates=mostly(draw, {"budget_agreed": lambda *_: agreed}, {}),
        mentions=draw(_mentions()),
        holidays=mostly(draw, HOLIDAYS, draw(st.sampled_from((None, UNCOVERED_HOLIDAYS)))),
    )


def _mentions() -> st.SearchStrategy[tuple[RecordReference, ...]]:
    """Return a strategy for records that name the report, mostly by the field that is asked for."""
    fields = st.sampled_from((*("source_report",) * 4, "report"))
    reports = st.sampled_from((*(REPORT,) * 4, "REP-2"))
    each = st.builds(
        RecordReference, st.sampled_from(_MENTIONING_IDS), st.just(CATEGORY), fields, reports
    )
    return st.lists(each, max_size=2).map(tuple)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw a lifecycle, a record, an act and a context that belong together."""
    lifecycle = draw(lifecycles())
    record = draw(records(lifecycle))
    act = draw(acts(lifecycle, record))
    return Situation(lifecycle, record, act, draw(contexts(record, act)))


def _fields() -> st.SearchStrategy[dict[str, Value]]:
    optional: dict[str, st.SearchStrategy[Value]] = {
        "owner": st.sampled_from(("Sam", "")),
        "theme": st.just("custody"),
        "addressees": tuples_of(ADDRESSEES, least=0),
        "report": st.just(REPORT),
        "question": st.sampled_from(QUESTIONS),
        "question_set": st.sampled_from(QUESTION_SETS),
        "published": st.integers(-30, 60).map(lambda day: str(FIRST_DAY + timedelta(day))),
    }
    return st.fixed_dictionaries({}, optional=optional)


_FIELDS = _fields()


@st.composite
def _documents(draw: st.DrawFn, on: date, *, asked: Evidence | None = None) -> Document:
    kinds = (asked.evidence,) if asked else ("letter", "plan")
    kind = mostly(draw, draw(one_of_names(kinds)), "plan")
    roles = (asked.signed_by if asked else ()) or SIGNATORIES
    signed = mostly(draw, usual=True, unusual=False)
    name = f"{kind} {draw(_DOCUMENT_NUMBER)}"
    return Document(
        digest=sha256(name.encode()).hexdigest(),
        kind=kind,
        name=name,
        size=len(name),
        signed_by=holder_of(draw(one_of_names(roles))) if signed else None,
        signed_on=on + timedelta(mostly(draw, 0, 1)) if signed else None,
    )


def _digest_of(document: Document) -> str:
    return document.digest


def _appointment(draw: st.DrawFn, role: str, person: str) -> Appointment:
    return Appointment(
        person=person,
        role=role,
        force=mostly(draw, FORCE, "Kent"),
        first_day=mostly(draw, FIRST_DAY, FIRST_DAY + timedelta(50)),
        last_day=mostly(draw, None, draw(_LAST_DAY)),
    )


@st.composite
def _inspections(draw: st.DrawFn, record: Record, act: Act) -> Inspection | None:
    first = act.on + timedelta(mostly(draw, draw(_EARLIER), 1))
    own = record.fields.get("question", "7")
    covered = draw(_COVERED)
    held = Inspection(
        id=mostly(draw, INSPECTION, "INS-2"),
        kind=draw(_KIND),
        first_day=first,
        last_day=first + timedelta(draw(_LASTS)),
        questions=mostly(draw, covered | {str(own)}, covered),
        question_set=mostly(draw, None, draw(_QUESTION_SET)),
        force=mostly(draw, FORCE, "Kent"),
    )
    return mostly(draw, held, None)
