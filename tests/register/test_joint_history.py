"""What was done on a joint record is judged as it stood, and by the rules of when it was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from peelflow import load
from peelflow.engine.fold import as_corrected
from peelflow.errors import InvalidRequest, NotPermitted, UnknownRecord
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Corrected, Document, Joint
from peelflow.portfolio.selection import each_selected
from peelflow.register.joint import joint_of
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.export import restore_export
from peelflow.stores.memory import MemoryStore
from peelflow.testing.audit import audit
from tests.builders.force import HMICFRS, LIAISON, clock
from tests.register.test_joint import (
    ALL_ACT,
    BY,
    DAY,
    EACH_FORCE,
    ESSEX,
    LAST,
    LATER,
    NORFOLK,
    SAID,
    SUFFOLK,
    WITH_SUFFOLK,
    add,
    chief,
    filled,
    letter,
    make,
    opened,
)
from tests.stores.forgery import forged

PCC = Actor("pcc-office", "pcc")
SLIP: dict[str, Any] = {"correction": "void", "reason": "a slip", "on": LATER}


@pytest.fixture(scope="module")
def each_force(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """Give rules that ask for a letter of each force."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "ours.yaml").write_text(EACH_FORCE)
    return load(folder)


def closed_with(register: Register, *forces: str) -> list[Document]:
    """Start the joint record and close it with these forces' letters."""
    register.fire("J-1", "start", actor=LIAISON, on=LATER)
    letters = [letter(register, force) for force in forces]
    register.fire("J-1", "close", actor=chief(NORFOLK), on=LATER, evidence=letters)
    return letters


def test_an_act_of_before_each_forces_letter_was_asked_for_stays_lawful(
    each_force: Rulebook,
) -> None:
    """And still rests on what it rested on then: who signed it, who did it."""
    store = MemoryStore()
    closed_with(filled(store), NORFOLK)
    register = opened(store, rulebook=each_force)
    office = f"appointment:{NORFOLK}:chief_constable:{NORFOLK}-chief:{DAY}"

    assert register.verify() == ()
    with pytest.raises(Refused, match="J-1 could not `close`"):
        register.amend(office, "last_day", DAY, actor=LIAISON, on=LAST, reason="left")
    theirs = f"appointment:{SUFFOLK}:chief_constable:{SUFFOLK}-chief:{DAY}"
    register.amend(theirs, "last_day", DAY, actor=LIAISON, on=LAST, reason="left")
    assert register.verify() == ()


def test_an_act_with_each_forces_letter_stays_lawful_where_none_asks_for_them_now(
    each_force: Rulebook,
) -> None:
    """In a register without that file, and it rests on each letter there too."""
    store = MemoryStore()
    filled(store)
    closed_with(opened(store, rulebook=each_force), NORFOLK, SUFFOLK)
    register = opened(store)

    assert register.verify() == ()
    theirs = f"appointment:{SUFFOLK}:chief_constable:{SUFFOLK}-chief:{DAY}"
    with pytest.raises(Refused, match="J-1 could not `close`"):
        register.amend(theirs, "last_day", DAY, actor=LIAISON, on=LAST, reason="left")


def test_an_act_that_no_rule_would_have_let_happen_is_told(each_force: Rulebook) -> None:
    """However many letters are asked for: nobody's was never enough."""
    register = filled(MemoryStore())
    closed_with(register, NORFOLK)

    def without_letter(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == ("J-1", 3):
            for part in ("evidence", "counted", "counted_for"):
                del event["what"][part]

    store = MemoryStore()
    restore_export(store, forged(list(register.export()), without_letter))
    for rules in (national(), each_force):
        (found,) = opened(store, rulebook=rules).verify()
        assert (found.record, found.code) == ("J-1", "act-unlawful")


def answering(store: MemoryStore, *, joint: Joint = WITH_SUFFOLK) -> Register:
    """Give a register with a joint report, and comments on it as a joint record."""
    register = filled(store)
    report: dict[str, Any] = {"category": "report", "level": None, "joint": joint}
    add(register, "REP", NORFOLK, **report, fields={"title": "a report", "kind": "force"})
    said: dict[str, Any] = {"report": "REP", "published": DAY, "chief_officer_due": DAY}
    add(
        register,
        "S55",
        NORFOLK,
        category="section_55_response",
        level=None,
        joint=joint,
        fields={**said, "recommendations": "none_made"},
        actor=PCC,
    )
    register.fire("S55", "set_date", actor=PCC, on=DAY)
    return register


def publish(register: Register, *, on: Any = LATER) -> None:
    """Publish the comments."""
    response = register.keep(b"comments", kind="response", name="comments.txt")
    register.fire("S55", "publish", actor=PCC, on=on, reason="in time", evidence=[response])


def naming(register: Register, record: str, force: str, **more: Any) -> None:
    """Add a recommendation of the report."""
    add(register, record, force, fields={"source_report": "REP"}, **more)


def test_a_record_made_joint_since_was_not_to_be_answered_before() -> None:
    """A partner's comments are judged among the records that were its forces' then."""
    store = MemoryStore()
    answering(store, joint=Joint())
    moments = count()
    register = opened(store, clock=lambda: clock() + timedelta(seconds=next(moments)))
    make(register, "REP", WITH_SUFFOLK)
    naming(register, "S-9", SUFFOLK, issued=LATER)
    publish(register)
    make(register, "S-9", Joint((NORFOLK,)), on=LAST)

    assert register.verify() == ()
    with pytest.raises(Refused, match="no child names in `answers`: S-9"):
        publish_anew(register)


def publish_anew(register: Register) -> None:
    """Void the publication, and publish again."""
    number = register.record("S55").number
    register.correct("S55", number, **{**SLIP, "on": LAST}, actor=PCC)
    publish(register, on=LAST)


def test_what_each_of_its_forces_records_ask_for_is_judged_where_they_are_seen() -> None:
    """In a register for one of them it is refused, and said where it can be done."""
    store = MemoryStore()
    register = answering(store)
    naming(register, "S-9", SUFFOLK)
    norfolk = opened(store, NORFOLK)

    with pytest.raises(Refused, match="records of suffolk may ask for it, and are seen in a reg"):
        publish(norfolk)
    acts = {act.trigger: act for act in norfolk.next_acts("S55", PCC, on=LATER)}
    assert (acts["publish"].allowed, acts["publish"].needs) == (False, ())
    way = norfolk.route("S55", to="published", on=LATER)
    assert way.verdict == "undetermined"
    said = [each for step in way.steps for each in step.undetermined]
    assert "what records of suffolk, which are not seen, ask for" in said
    with pytest.raises(Refused, match="no child names in `answers`: S-9"):
        publish(register)


def test_nothing_that_was_judged_by_them_is_judged_again_where_they_are_not_seen() -> None:
    """A correction in a register for one force could leave them unanswered, untold."""
    store = MemoryStore()
    register = answering(store)
    publish(register)
    norfolk = opened(store, NORFOLK)

    with pytest.raises(InvalidRequest, match="may ask for an answer, and this is opened for nor"):
        norfolk.correct("S55", 2, correction="redate", to=DAY + timedelta(1), actor=PCC, reason="r")
    register.correct("S55", 2, correction="redate", to=DAY + timedelta(1), actor=PCC, reason="r")


@pytest.mark.parametrize("joint", [WITH_SUFFOLK, Joint()])
def test_what_its_other_forces_records_may_name_is_withdrawn_where_they_are_seen(
    joint: Joint,
) -> None:
    """Also those of a force that left: it may have named the record meanwhile."""
    store = MemoryStore()
    register = answering(store)
    naming(register, "S-9", SUFFOLK)
    register.correct("S55", 1, **SLIP, actor=PCC)
    if not joint.forces:
        make(register, "REP", joint)
    with pytest.raises(InvalidRequest, match="may name it, and this is opened for norfolk"):
        opened(store, NORFOLK).correct("REP", 1, **SLIP, **SAID)
    with pytest.raises(Refused, match="S-9 names it as its source_report"):
        register.correct("REP", 1, **SLIP, **SAID)


def test_a_force_that_left_is_told_what_is_so() -> None:
    """Its register still tells the way of a record that it reads, by the lead force's people."""
    store = MemoryStore()
    register = filled(store)
    register.fire("J-1", "start", actor=LIAISON, on=LATER)
    make(register, "J-1", Joint())
    suffolk = opened(store, SUFFOLK)

    acts = {act.trigger: act for act in suffolk.next_acts("J-1", chief(NORFOLK), on=LATER)}
    assert "suffolk is none of its forces any more" in str(acts["close"].refusal)
    assert suffolk.route("J-1", on=LATER).verdict == "possible"


def test_what_a_force_did_that_left_is_judged_by_its_people_where_others_correct_it() -> None:
    """In the register of another of its forces, that shares no record with it any more."""
    store = MemoryStore()
    register = filled(store)
    make(register, "J-1", Joint((ESSEX, SUFFOLK), "any"), on=DAY)
    started = register.fire("J-1", "start", actor=LIAISON, on=DAY)
    said: dict[str, Any] = {"actor": chief(ESSEX), "on": LATER, "reason": "none", **BY_OFFICER}
    opened(store, ESSEX).fire("J-1", "propose_no_action", **said)
    make(register, "J-1", ALL_ACT, on=LAST)
    suffolk = opened(store, SUFFOLK)

    later: dict[str, Any] = {"correction": "redate", "reason": "r", "on": LAST, "actor": LIAISON}
    suffolk.correct("J-1", started.number, to=DAY + timedelta(1), **later)
    assert suffolk.record("J-1").entered["in_progress"].on == DAY + timedelta(1)


BY_OFFICER = {"recorded_by": "officer"}


def test_a_force_whose_record_never_was_joint_reads_nothing_more() -> None:
    """Once that is corrected, in a register that has read it before."""
    store = MemoryStore()
    register, suffolk = filled(store), opened(store, SUFFOLK)
    theirs = f"appointment:{NORFOLK}:chief_constable:{NORFOLK}-chief:{DAY}"
    assert suffolk.record(theirs).force == NORFOLK

    entry: dict[str, Any] = {"correction": "reenter", "entry": {"joint": Joint()}}
    register.correct("J-1", 1, **entry, on=LATER, reason="a slip", **SAID)
    with pytest.raises(UnknownRecord):
        suffolk.record(theirs)


def test_who_takes_it_back_that_a_record_is_joint_holds_the_role_in_its_lead_force() -> None:
    """As who makes it joint does, whoever acts on it before or after; and so to correct its day."""
    register = filled(MemoryStore())
    make(register, "J-1", ALL_ACT, on=DAY)
    number = register.record("J-1").number
    make(register, "J-1", Joint(), on=LATER)
    alone = register.record("J-1").number
    theirs: dict[str, Any] = {"actor": chief(SUFFOLK), "reason": "r", "on": LAST, **BY_OFFICER}
    ours = {**theirs, "actor": chief(NORFOLK)}
    joint = Joint((ESSEX, SUFFOLK), "any")
    shared: dict[str, Any] = {"correction": "reenter", "entry": {"joint": joint}}

    for corrected, correction in (
        (alone, {"correction": "void"}),
        (alone, {"correction": "redate", "to": LATER + timedelta(1)}),
        (number, {"correction": "redate", "to": DAY + timedelta(1)}),
    ):
        with pytest.raises(NotPermitted, match="held no appointment in norfolk on"):
            register.correct("J-1", corrected, **correction, **theirs)
    void = register.correct("J-1", alone, correction="void", **ours)
    assert register.record("J-1").acting_forces == (NORFOLK, SUFFOLK)
    earlier: dict[str, Any] = {"correction": "redate", "to": DAY + timedelta(1)}
    for corrected, correction in ((void.number, {"correction": "void"}), (number, earlier)):
        with pytest.raises(NotPermitted, match="held no appointment in norfolk on"):
            register.correct("J-1", corrected, **correction, **theirs)
    add(register, "J-2", NORFOLK, joint=ALL_ACT, actor=LIAISON)
    with pytest.raises(NotPermitted, match="held no appointment in norfolk on"):
        register.correct("J-2", 1, **shared, **theirs)
    register.correct("J-2", 1, **shared, **ours)


def withdrawn_below(register: Register) -> int:
    """Withdraw a recommendation below a cause of concern; return the withdrawal's number."""
    cause: dict[str, Any] = {"category": "cause_of_concern", "level": None, "fields": {}}
    add(register, "C-1", NORFOLK, **cause)
    add(register, "C-1-1", NORFOLK, parent="C-1")
    make(register, "C-1", Joint((ESSEX,)), on=DAY)
    return register.correct("C-1-1", 1, **SLIP, **SAID).number


BACK: dict[str, Any] = {"correction": "void", "reason": "it was right", "on": LAST, **SAID}
REENTRY: dict[str, Any] = {"correction": "reenter", "reason": "as it was", "on": LAST, **SAID}
MEANWHILE: dict[str, Callable[[Register], object]] = {
    "nothing": lambda r: r.record("C-1"),
    "made joint": lambda r: make(r, "C-1", ALL_ACT, on=LATER),
    "made joint twice": lambda r: [
        make(r, "C-1", Joint(), on=LATER),
        make(r, "C-1", ALL_ACT, on=LAST),
    ],
    "voided": lambda r: r.correct("C-1", 3, **{**SLIP, "on": LAST}, actor=LIAISON),
    "re-dated": lambda r: r.correct(
        "C-1", 3, correction="redate", to=LATER, on=LAST, reason="r", actor=LIAISON
    ),
    "entered so": lambda r: [
        r.correct("C-1", 3, **{**SLIP, "on": LAST}, actor=LIAISON),
        r.correct("C-1", 1, entry={"joint": Joint((ESSEX, SUFFOLK))}, **REENTRY),
    ],
}


@pytest.mark.parametrize("meanwhile", sorted(MEANWHILE))
def test_what_comes_back_below_a_record_is_of_its_forces_on_each_day(meanwhile: str) -> None:
    """Whatever became of the record above meanwhile: it follows as if it had not been away."""
    store = MemoryStore()
    register = filled(store)
    number = withdrawn_below(register)
    MEANWHILE[meanwhile](register)

    register.correct("C-1-1", number, **BACK)
    for day in (DAY, DAY + timedelta(1), LATER, LAST):
        standing = {each.id: each for each in each_selected(register, as_at=day)}
        above, below = standing["C-1"], standing["C-1-1"]
        assert (day, joint_of(below)) == (day, joint_of(above))
    assert register.verify() == ()
    assert audit(store) == ()


def below_made_joint(
    store: MemoryStore, *joints: tuple[Joint, date], ticks: int, by: Actor = HMICFRS
) -> Register:
    """Return a cause of concern and one below it that are made joint so, a time between each."""
    moments = count(step=ticks)
    register = opened(store, clock=lambda: clock() + timedelta(seconds=next(moments)))
    cause: dict[str, Any] = {"category": "cause_of_concern", "level": None, "fields": {}}
    add(register, "C-1", NORFOLK, **cause)
    add(register, "C-1-1", NORFOLK, parent="C-1", actor=by)
    for joint, day in joints:
        make(register, "C-1", joint, on=day)
    return register


SAME_DAY = (LATER, LATER, LATER)
EACH_DAY = (DAY, DAY + timedelta(1), LATER)
SETTING_RIGHT: dict[str, dict[str, Any]] = {
    "void": {"correction": "void"},
    "re-date": {"correction": "redate", "to": LAST},
}


@pytest.mark.parametrize("how", sorted(SETTING_RIGHT))
@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize(("days", "ticks"), [(EACH_DAY, 0), (SAME_DAY, 1), (SAME_DAY, 0)])
def test_one_of_two_events_that_say_the_same_is_set_right_with_its_own(
    days: tuple[date, ...], ticks: int, place: int, how: str
) -> None:
    """Said in one moment of two days, or of one day in two moments: the other below stays."""
    store = MemoryStore()
    joints = (WITH_SUFFOLK, Joint(), WITH_SUFFOLK)
    register = below_made_joint(store, *zip(joints, days, strict=True), ticks=ticks)
    above, below = (made_joint(register, name) for name in ("C-1", "C-1-1"))
    if how == "re-date" and place == 0:  # to a day that the next one leaves it
        above, below = above[-1:], below[-1:]

    said: dict[str, Any] = {**SETTING_RIGHT[how], "on": LAST, "reason": "a slip", "actor": LIAISON}
    for _ in range(2):
        made = register.correct("C-1", above[place], **said)
        assert register.history("C-1-1")[-1].what == Corrected(
            below[place], said["correction"], said.get("to")
        )
        assert same_on_each_day(register)
        register.correct("C-1", made.number, **{**said, "correction": "void", "to": None})
        assert same_on_each_day(register)
    assert [each.what for each in as_corrected(register.history("C-1-1"))[1:]] == [
        each.what for each in as_corrected(register.history("C-1")) if each.kind == "made_joint"
    ]
    assert audit(store) == ()


def made_joint(register: Register, record: str) -> list[int]:
    """Return the numbers of the events that made a record joint."""
    return [each.number for each in register.history(record) if each.kind == "made_joint"]


def same_on_each_day(register: Register) -> bool:
    """Say whether what lies below is of the forces of the one above on each day."""
    standing = ({each.id: each for each in each_selected(register, as_at=day)} for day in LOOKED_ON)
    return all(joint_of(known["C-1-1"]) == joint_of(known["C-1"]) for known in standing)


LOOKED_ON = (DAY, DAY + timedelta(1), LATER, LAST)


@pytest.mark.parametrize("later", [WITH_SUFFOLK, ALL_ACT, Joint((ESSEX,))])
def test_what_was_joint_all_along_was_so_below_whatever_was_said_since(later: Joint) -> None:
    """Also where both are of the same forces now: the days before are set right, too."""
    store = MemoryStore()
    register = below_made_joint(store, (later, LATER), ticks=1)

    register.correct("C-1", 1, entry={"joint": Joint((ESSEX,))}, **REENTRY)
    assert counted_by_essex(register) == 2
    assert same_on_each_day(register)
    assert audit(store) == ()


def counted_by_essex(register: Register) -> int:
    """Return how many records Essex counted as open on the first day, besides its own."""
    return register.figures(force=ESSEX, as_at=DAY).open


@pytest.mark.parametrize("is_away", [False, True])
def test_what_was_entered_anew_below_a_later_record_follows_that(*, is_away: bool) -> None:
    """It came below it when that was corrected, and not when it was first entered."""
    store = MemoryStore()
    register = below_made_joint(store, (WITH_SUFFOLK, DAY), (Joint(), LATER), ticks=1)
    add(register, "C-2", NORFOLK, category="cause_of_concern", level=None, fields={})
    register.correct("C-1-1", 1, entry={"parent": "C-2"}, **REENTRY)
    make(register, "C-2", WITH_SUFFOLK, on=LAST)
    number = register.record("C-2").number
    if is_away:
        gone = register.correct("C-1-1", 1, **SLIP, **SAID).number
        register.correct("C-1-1", gone, **BACK)

    register.correct("C-2", number, correction="void", actor=LIAISON, on=LAST, reason="r")
    below, above = register.record("C-1-1"), register.record("C-2")
    assert (below.parent, joint_of(below)) == ("C-2", joint_of(above))
    assert joint_of(above) == Joint()
    assert register.verify() == ()
    assert audit(store) == ()


def test_what_was_said_while_it_was_away_is_set_right_with_the_one_above() -> None:
    """It was said of it as it came back, or when the one above is said to be so after all."""
    store = MemoryStore()
    moments = count()
    register = filled(store, clock=lambda: clock() + timedelta(seconds=next(moments)))
    number = withdrawn_below(register)
    make(register, "C-1", ALL_ACT, on=LATER)
    make(register, "C-1", WITH_SUFFOLK, on=LATER)
    kept, voided = made_joint(register, "C-1")[-2:]
    said: dict[str, Any] = {"correction": "void", "reason": "r", "actor": LIAISON, "on": LAST}
    void = register.correct("C-1", voided, **said)
    register.correct("C-1-1", number, **BACK)

    register.correct("C-1", void.number, **said)
    assert same_on_each_day(register)
    register.correct("C-1", voided, **said)
    register.correct("C-1", kept, **said)
    assert same_on_each_day(register)
    assert register.verify() == ()
    assert audit(store) == ()


@pytest.mark.parametrize("is_away", [False, True])
def test_what_comes_back_is_paired_with_what_was_said_in_its_moment_or_before(
    *,
    is_away: bool,
) -> None:
    """Though the same was said after it, and what lay between was voided: nothing moves then."""
    store = MemoryStore()
    register = below_made_joint(store, ticks=1)
    gone = register.correct("C-1-1", 1, **SLIP, **SAID).number if is_away else None
    make(register, "C-1", WITH_SUFFOLK, on=DAY + timedelta(1))
    if gone is not None:
        register.correct("C-1-1", gone, **BACK)
    for _ in range(2):
        gone = register.correct("C-1-1", 1, **SLIP, **SAID).number
        make(register, "C-1", Joint(), on=LAST)
        between = register.record("C-1").number
        make(register, "C-1", WITH_SUFFOLK, on=LAST)
        void: dict[str, Any] = {"correction": "void", "reason": "r", "actor": LIAISON, "on": LAST}
        register.correct("C-1", between, **void)
        before = register.record("C-1-1").number
        register.correct("C-1-1", gone, **BACK)
        assert register.record("C-1-1").number == before + 1
        assert same_on_each_day(register)
    assert register.verify() == ()
    assert audit(store) == ()


def test_what_comes_back_is_said_to_be_joint_after_what_it_did_itself() -> None:
    """An earlier day would lie before that: its events stay in the order of their days."""
    store = MemoryStore()
    register = below_made_joint(store, ticks=1, by=LIAISON)
    register.fire("C-1-1", "start", actor=LIAISON, on=LATER)
    gone = register.correct("C-1-1", 1, **{**SLIP, "on": LAST}, actor=LIAISON).number
    make(register, "C-1", WITH_SUFFOLK, on=DAY + timedelta(1))
    said = register.record("C-1").number
    register.correct("C-1-1", gone, **{**SLIP, "on": LAST}, actor=LIAISON)
    assert register.history("C-1-1")[-1].on == LATER

    slip: dict[str, Any] = {"reason": "r", "actor": LIAISON, "on": LAST}
    register.correct("C-1", said, correction="redate", to=DAY + timedelta(2), **slip)
    assert as_corrected(register.history("C-1-1"))[-1].on == LATER
    register.correct("C-1", said, correction="redate", to=LAST, **slip)
    assert same_on_each_day(register)
    assert audit(store) == ()


def test_what_is_set_right_in_the_moment_it_all_came_in_is_set_right_below() -> None:
    """As one import says all of it at once: by when it came below, which no moment tells."""
    register = below_made_joint(MemoryStore(), ticks=0)
    gone = register.correct("C-1-1", 1, **SLIP, **SAID).number
    make(register, "C-1", WITH_SUFFOLK, on=LATER)
    register.correct("C-1-1", gone, **BACK)
    assert same_on_each_day(register)


def test_a_step_on_the_way_is_of_the_forces_of_what_it_lies_below() -> None:
    """A milestone is no child, so nothing on the record above says since when it lies there."""
    register = below_made_joint(MemoryStore(), ticks=1)
    named: dict[str, Any] = {"category": "milestone", "level": None, "fields": {"title": "t"}}
    make(register, "C-1", WITH_SUFFOLK, on=DAY)
    add(register, "M-1", NORFOLK, parent="C-1-1", **named, issued=LATER)
    gone = register.correct("M-1", 1, **{**SLIP, "on": LAST}, **SAID).number
    make(register, "C-1", Joint(), on=LATER)
    register.correct("M-1", gone, **BACK)
    known = {each.id: each for each in each_selected(register, as_at=LAST)}
    assert [event.kind for event in as_corrected(register.history("M-1"))] == [
        "added",
        "made_joint",
    ]
    assert known["M-1"].forces == (NORFOLK,)


def test_a_step_on_the_way_that_came_in_with_all_else_begins_as_it_was_said() -> None:
    """In one moment: what it was made joint with tells since when it lies there."""
    register = opened(MemoryStore())
    add(register, "C-1", NORFOLK, category="cause_of_concern", level=None, fields={})
    named: dict[str, Any] = {"category": "milestone", "level": None, "fields": {"title": "t"}}
    add(register, "C-1-1", NORFOLK, parent="C-1", **named)
    make(register, "C-1", WITH_SUFFOLK, on=LATER)
    number = register.amend("C-1", "owner", "lead-1", actor=LIAISON, on=LAST, reason="r").number

    register.correct("C-1", number, correction="void", actor=LIAISON, on=LAST, reason="r")
    assert same_on_each_day(register)


def test_what_lay_nowhere_keeps_what_it_was_before_it_was_put_below() -> None:
    """No correction of the record above changes that; from then on it is of those forces."""
    store = MemoryStore()
    register = below_made_joint(store, (WITH_SUFFOLK, LATER), ticks=1)
    own: dict[str, Any] = {"actor": LIAISON, "on": LAST, "reason": "r"}
    for name, joint in (("N-1", WITH_SUFFOLK), ("N-2", Joint())):
        add(register, name, NORFOLK, joint=joint)
    make(register, "N-2", WITH_SUFFOLK, on=DAY + timedelta(1))
    for name in ("N-1", "N-2"):
        register.link(name, "C-1", **own)
    before = {name: register.history(name) for name in ("N-1", "N-2")}

    step = register.amend("C-1", "owner", "lead-1", **own).number
    register.correct("C-1", step, correction="void", **own)
    assert {name: register.history(name) for name in before} == before
    register.correct("C-1", made_joint(register, "C-1")[0], correction="void", **own)
    for name in before:
        assert register.record(name).forces == (NORFOLK,)
    assert audit(store) == ()
    assert register.verify() == ()


def test_what_was_joint_otherwise_before_it_was_put_below_follows_from_then_on() -> None:
    """The days before that stay as they were said."""
    store = MemoryStore()
    register = below_made_joint(store, ticks=1)
    register.correct("C-1", 1, entry={"joint": Joint((ESSEX,))}, **REENTRY)
    add(register, "N-1", NORFOLK)
    make(register, "N-1", Joint((ESSEX,)), on=LATER)
    register.link("N-1", "C-1", actor=LIAISON, on=LAST, reason="r")

    register.correct("C-1", 1, entry={"joint": WITH_SUFFOLK}, **REENTRY)
    forces = {
        day: {each.id: each.forces for each in each_selected(register, as_at=day)}["N-1"]
        for day in LOOKED_ON
    }
    assert list(forces.values()) == [
        (NORFOLK,),
        (NORFOLK,),
        (NORFOLK, ESSEX),
        (NORFOLK, SUFFOLK),
    ]
    assert register.verify() == ()
    assert audit(store) == ()


def test_what_comes_back_by_another_side_than_what_made_it_joint_is_no_finding() -> None:
    """What follows from a withdrawal that is taken back is of no side's own."""
    store = MemoryStore()
    register = below_made_joint(store, ticks=1)
    register.make_joint("C-1", WITH_SUFFOLK, on=LATER, **BY)
    gone = register.correct("C-1-1", 1, **SLIP, **SAID).number
    void: dict[str, Any] = {"correction": "void", "reason": "r", "actor": LIAISON, "on": LAST}
    register.correct("C-1", made_joint(register, "C-1")[0], **void)

    register.correct("C-1-1", gone, **BACK)
    assert same_on_each_day(register)
    assert register.verify() == ()


def test_what_comes_back_is_kept_from_a_force_that_has_one_of_its_id() -> None:
    """It could not tell the two apart."""
    store = MemoryStore()
    register = filled(store)
    number = withdrawn_below(register)
    add(opened(store, SUFFOLK), "C-1-1", SUFFOLK)
    make(register, "C-1", ALL_ACT, on=LATER)
    with pytest.raises(InvalidRequest, match="suffolk has a record of its own of that id"):
        register.correct("C-1-1", number, **BACK)


def test_it_comes_back_in_the_lead_forces_own_register_too() -> None:
    """As what is entered below a joint record is of its forces without saying so."""
    store = MemoryStore()
    register = filled(store)
    number = withdrawn_below(register)
    make(register, "C-1", ALL_ACT, on=LATER)
    opened(store, NORFOLK).correct("C-1-1", number, **BACK)
    assert register.record("C-1-1").acting_forces == (NORFOLK, SUFFOLK)
    assert audit(store) == ()


def test_what_comes_back_has_nothing_of_before_it_was_entered() -> None:
    """Only what became of the record above while it was away: nothing else is told of it."""
    moments = count()
    register = Register(
        MemoryStore(),
        rulebook=national(),
        clock=lambda: clock() + timedelta(seconds=next(moments)),
    )
    add(register, "C-1", NORFOLK, category="cause_of_concern", level=None, fields={})
    make(register, "C-1", Joint((ESSEX,)), on=DAY)
    make(register, "C-1", Joint(), on=DAY)
    add(register, "C-1-1", NORFOLK, parent="C-1")
    number = register.correct("C-1-1", 1, **SLIP, **SAID).number
    make(register, "C-1", ALL_ACT, on=LATER)

    register.correct("C-1-1", number, **BACK)
    kinds = [each.kind for each in register.history("C-1-1")]
    assert kinds == ["added", "corrected", "corrected", "made_joint"]


def test_each_force_that_it_ever_was_of_reads_it_to_where_it_left_last() -> None:
    """However many joined and left since, and though one of them joined again."""
    store = MemoryStore()
    register = filled(store)
    for joint in (Joint((ESSEX,)), Joint(), WITH_SUFFOLK, Joint()):
        make(register, "J-1", joint, on=LATER)

    assert register.record("J-1").was_joint_with == (ESSEX, SUFFOLK)
    for force, number in ((ESSEX, 3), (SUFFOLK, 5)):
        assert opened(store, force).history("J-1") == register.history("J-1")[:number]
    make(register, "J-1", WITH_SUFFOLK, on=LAST)
    assert register.record("J-1").was_joint_with == (ESSEX,)


def test_who_acts_is_said_of_a_record_of_several_forces_alone() -> None:
    """Of one force's own record it means nothing, so it is not kept."""
    register = filled(MemoryStore())
    add(register, "N-2", NORFOLK, joint=Joint((), "any"))
    assert register.record("N-2").joint_acts == "lead"


def test_what_was_joint_all_along_is_with_no_force_that_has_one_of_its_id() -> None:
    """It could not tell the two apart, from whichever day."""
    store = MemoryStore()
    register = filled(store)
    add(opened(store, ESSEX), "norfolk-1", ESSEX)
    entry: dict[str, Any] = {"correction": "reenter", "entry": {"joint": Joint((ESSEX,))}}
    with pytest.raises(InvalidRequest, match="essex has a record of its own of that id"):
        register.correct("norfolk-1", 1, **entry, on=LATER, reason="as it was", **SAID)


def test_a_person_spelt_as_another_in_a_force_that_came_to_share_the_record_is_no_finding() -> None:
    """Each force has its own people: it is made joint, and neither record was entered wrongly."""
    register = opened(MemoryStore())
    add(register, "N-1", NORFOLK, fields={"owner": "Ann Smith"})
    add(register, "S-1", SUFFOLK, fields={"owner": "ann smith"})
    register.make_joint("N-1", ALL_ACT, on=LATER, **BY)
    assert register.verify() == ()
    register.make_joint("N-1", Joint(), on=LATER, **BY)
    assert register.verify() == ()


def test_a_force_that_acts_names_its_own_people_by_their_known_names() -> None:
    """An owner that is amended, too; of the lead force's people its own register knows nothing."""
    store = MemoryStore()
    register, suffolk = opened(store), opened(store, SUFFOLK)
    add(register, "N-1", NORFOLK, fields={"owner": "Ann Smith"})
    add(register, "S-1", SUFFOLK, fields={"owner": "Bo Jones"})
    add(register, "J-1", NORFOLK, joint=ALL_ACT)
    said: dict[str, Any] = {"actor": LIAISON, "on": LATER, "reason": "moved on"}
    for anybodys in (register, suffolk):
        with pytest.raises(InvalidRequest, match="write `Bo Jones`"):
            anybodys.amend("J-1", "owner", "bo jones", **said)
    suffolk.amend("J-1", "owner", "ann smith", **said)
    assert register.verify() == ()


def test_the_same_act_on_what_lies_below_a_joint_record() -> None:
    """Else a cause of concern would wait for what its forces cannot do below it."""
    register = filled(MemoryStore())
    cause: dict[str, Any] = {"category": "cause_of_concern", "level": None, "fields": {}}
    add(register, "C-1", NORFOLK, **cause, joint=ALL_ACT)
    with pytest.raises(InvalidRequest, match="and the same act on them"):
        add(register, "C-1-1", NORFOLK, parent="C-1", joint=WITH_SUFFOLK)
