"""Cases: one level 3 record in progress, and acts on it that are accepted or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

from attrs import evolve, frozen

from peelflow import Act, Actor, Context, Document, Record, national
from peelflow.model.decisions import Appointment
from peelflow.model.records import Attachment, LastDone, Moment
from peelflow.model.rules import Lifecycle

FORCE = "west-midlands"
CHIEF = Actor("chief-constable", "chief_constable")
DEPUTY = Actor("deputy", "nominated_deputy")
LIAISON = Actor("liaison-officer", "liaison_officer")
ISSUED, STARTED, SIGNED, ACTED = (
    date(2022, 12, 16),
    date(2023, 1, 9),
    date(2023, 3, 1),
    date(2023, 3, 2),
)
LETTER = Document("d" * 64, "letter", "letter.pdf", 120_000, CHIEF.person, SIGNED)
SPENT = evolve(LETTER, digest="e" * 64, name="spent.pdf")


@frozen
class Case:
    """An act on a record, and what it may look at."""

    record: Record
    act: Act
    context: Context


def level_3() -> Lifecycle:
    """Return the national rules of level 3."""
    return national().lifecycle_for("recommendation", 3, ISSUED)


def accepted() -> tuple[Case, ...]:
    """Return acts that the rules accept: by the chief or a deputy, letter offered or attached."""
    record, act, context = _record(), _act(), _context()
    held = evolve(record, attachments=(*record.attachments, Attachment(LETTER, 3)))
    return (
        Case(record, act, context),
        Case(record, evolve(act, actor=DEPUTY, recorded_by=DEPUTY.person), context),
        Case(held, evolve(act, evidence=()), context),
    )


def refused() -> tuple[Case, ...]:
    """Return acts that the rules refuse, each for another reason, some for several."""
    record, act, context = _record(), _act(), _context()
    letters = {
        "signed by another": evolve(LETTER, signed_by=DEPUTY.person),
        "not signed": evolve(LETTER, signed_by=None, signed_on=None),
        "signed too late": evolve(LETTER, signed_on=date(2023, 3, 3)),
        "signed before the appointment": evolve(LETTER, signed_on=date(2021, 12, 31)),
        "used before": SPENT,
        "no letter": evolve(LETTER, kind="portal_reference"),
    }
    acts = [evolve(act, evidence=(letter,)) for letter in letters.values()]
    acts += [
        evolve(act, evidence=()),
        evolve(act, evidence=(SPENT, letters["not signed"])),
        evolve(act, actor=LIAISON),
        evolve(act, actor=Actor("somebody", DEPUTY.role)),
        evolve(act, actor=Actor(CHIEF.person, DEPUTY.role), evidence=()),
        evolve(act, on=date(2022, 12, 31)),
        evolve(act, on=date(2027, 1, 1)),
    ]
    sent_back = evolve(record, done={**record.done, "refuse": LastDone(2, ACTED, "inspector")})
    return (*(Case(record, each, context) for each in acts), Case(sent_back, act, context))


def _record() -> Record:
    lifecycle, added = level_3(), Moment(1, ISSUED)
    started = Moment(2, STARTED)
    return Record(
        id="WMP-R3-017",
        number=3,
        on=STARTED,
        force=FORCE,
        category="recommendation",
        level=3,
        lifecycle=lifecycle.pin,
        state="in_progress",
        issued=ISSUED,
        fields={"owner": "lead-3", "question": "7.2"},
        parent=None,
        window=started,
        entered={"open": added, "in_progress": started},
        attachments=(Attachment(SPENT, 1),),
        spent=frozenset({SPENT.digest}),
    )


def _act() -> Act:
    return Act("self_certify", CHIEF, ACTED, CHIEF.person, evidence=(LETTER,), key="k-1")


def _context() -> Context:
    first = date(2022, 1, 1)
    return Context(
        now=datetime(2023, 3, 2, 10, tzinfo=UTC),
        today=date(2026, 6, 1),
        appointments=(
            Appointment(DEPUTY.person, DEPUTY.role, FORCE, first),
            Appointment(CHIEF.person, CHIEF.role, FORCE, first),
        ),
    )
