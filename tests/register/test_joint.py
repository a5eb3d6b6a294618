"""A joint record: once in the figures of each of its forces, once in those of all, one history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow import Joint, load
from peelflow.cli import main
from peelflow.errors import (
    InvalidRequest,
    NotPermitted,
    PeelflowError,
    UnknownDocument,
    UnknownRecord,
)
from peelflow.model.decisions import DocumentNeed, Refused
from peelflow.model.records import Actor, Record
from peelflow.portfolio.grouping import grouped_figures
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.overdue import overdue
from peelflow.portfolio.plan import inspection_plan
from peelflow.portfolio.selection import Selection, each_selected
from peelflow.register.csv_import import import_sheets
from peelflow.register.joint import joint_of
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.base import Store
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import open_store
from peelflow.testing.audit import audit
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.builders.rules import REVIEW_1, REVIEW_PLAN, write_review_rules
from tests.stores.conftest import url_of

NORFOLK, SUFFOLK, ESSEX = FORCES = ("norfolk", "suffolk", "essex")
DAY, LATER, LAST = START, START + timedelta(30), START + timedelta(60)
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}
BY: dict[str, Any] = {"actor": LIAISON, "reason": "one unit"}
WITH_SUFFOLK, ALL_ACT = Joint((SUFFOLK,)), Joint((SUFFOLK,), "any")
EACH_FORCE = "vocabulary: our-agreement\njoint_letters: each_force\n"


def chief(force: str) -> Actor:
    """Return the Chief Constable of a force."""
    return Actor(f"{force}-chief", "chief_constable")


@pytest.fixture(params=["memory", "sqlite", "sql-sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give an empty store of each kind."""
    made = (
        MemoryStore()
        if request.param == "memory"
        else open_store(url_of(request.param, request, tmp_path))
    )
    yield made
    made.close()


def opened(store: Store, force: str | None = None, **more: Any) -> Register:
    """Open a register on a store, for a force or for all."""
    return Register(store, **{"rulebook": national(), "clock": clock, "force": force, **more})


def filled(store: Store, **more: Any) -> Register:
    """Open a register with a Chief Constable of each force, a joint record, and one of each."""
    made = opened(store, **more)
    for force in FORCES:
        made.appoint(*vars_of(chief(force)), force=force, first_day=DAY, actor=LIAISON)
        add(made, f"{force}-1", force)
    add(made, "J-1", NORFOLK, joint=WITH_SUFFOLK)
    return made


def vars_of(actor: Actor) -> tuple[str, str]:
    """Return a person and a role."""
    return actor.person, actor.role


def add(register: Register, record: str, force: str, **more: Any) -> None:
    """Add a recommendation that a letter closes."""
    said = {"category": "recommendation", "level": 2, "fields": {"owner": "unit-lead"}, **SAID}
    register.add(record, **{**said, "force": force, "issued": DAY, **more})


def counted(register: Register, **asked: Any) -> tuple[int, int]:
    """Return how many records count open and closed."""
    figures = register.figures(**asked)
    return figures.open, figures.closed


def letter(register: Register, force: str, name: str = "letter.txt") -> Any:
    """Keep a letter of a force's Chief Constable."""
    said: dict[str, Any] = {"kind": "letter", "name": name, "signed_on": LATER}
    return register.keep(f"{force} {name}".encode(), signed_by=chief(force).person, **said)


def test_it_counts_once_in_each_force_and_once_in_all(store: Store) -> None:
    """By figures, lists and groups, in a register of all and in one of each force."""
    register = filled(store)

    assert counted(register) == (4, 0)
    assert [counted(register, force=force) for force in FORCES] == [(2, 0), (2, 0), (1, 0)]
    for force in FORCES:
        own = [each.id for each in register.records(force=force, category="recommendation")]
        assert own == sorted([f"{force}-1", *(["J-1"] if force != ESSEX else [])])
        scoped = opened(store, force)
        assert counted(scoped) == counted(register, force=force)
        assert [each.id for each in scoped.records(category="recommendation")] == own
    by_force = grouped_figures(register, "force")
    assert [(line.group.title, line.total) for line in by_force.groups] == [
        (ESSEX, 1),
        (NORFOLK, 1),
        ("norfolk; suffolk", 1),
        (SUFFOLK, 1),
    ]
    assert audit(store) == ()


def test_it_has_one_history_and_each_owner_reads_it_with_its_documents(store: Store) -> None:
    """Whoever wrote it; and who is none of its forces sees nothing of it, by any verb."""
    register = filled(store)
    norfolk, suffolk, essex = (opened(store, force) for force in FORCES)
    kept = letter(norfolk, NORFOLK)
    norfolk.attach("J-1", kept, actor=LIAISON, on=LATER)

    assert norfolk.history("J-1") == suffolk.history("J-1") == register.history("J-1")
    assert norfolk.record("J-1") == suffolk.record("J-1") == register.record("J-1")
    assert suffolk.document(kept.digest) == norfolk.document(kept.digest)
    with pytest.raises(UnknownDocument):
        essex.document(kept.digest)
    for verb in (
        lambda: essex.record("J-1"),
        lambda: essex.history("J-1"),
        lambda: essex.deadline("J-1"),
        lambda: essex.route("J-1"),
        lambda: essex.fire("J-1", "start", actor=LIAISON, on=LATER),
        lambda: essex.amend("J-1", "owner", "me", actor=LIAISON, on=LATER, reason="mine"),
        lambda: essex.make_joint("J-1", Joint((ESSEX,)), on=LATER, **BY),
    ):
        with pytest.raises(UnknownRecord):
            verb()
    assert "J-1" not in repr(list(essex.records()))


WRITING: dict[str, Callable[[Register, str], object]] = {
    "fire": lambda r, name: r.fire(name, "start", actor=LIAISON, on=LATER),
    "amend": lambda r, name: r.amend(name, "theme", "x", actor=LIAISON, on=LATER, reason="r"),
    "note": lambda r, name: r.note(name, "a note", actor=LIAISON, on=LATER),
    "attach": lambda r, name: r.attach(name, letter(r, SUFFOLK), actor=LIAISON, on=LATER),
    "correct": lambda r, name: r.correct(
        name, 1, correction="reenter", entry={"level": 3}, reason="r", on=LATER, **SAID
    ),
    "relevel": lambda r, name: r.relevel(
        name, plan="level-2-to-3", reason="to be verified", on=LATER, **SAID
    ),
    "add below": lambda r, name: add(r, "below", NORFOLK, parent=name),
}


@pytest.mark.parametrize("verb", sorted(WRITING))
def test_the_persons_of_its_lead_force_act_on_it_unless_all_do(verb: str) -> None:
    """Every verb says so, in a register for another of its forces; `any` lets all of them act."""
    store = MemoryStore()
    filled(store)
    suffolk, norfolk = opened(store, SUFFOLK), opened(store, NORFOLK)
    parent = verb == "add below"
    if parent:
        cause: dict[str, Any] = {"category": "cause_of_concern", "level": None, "fields": {}}
        add(opened(store), "C-1", NORFOLK, joint=WITH_SUFFOLK, **cause)
    name = "C-1" if parent else "J-1"

    with pytest.raises((Refused, NotPermitted)) as refused:
        WRITING[verb](suffolk, name)
    assert "not those of suffolk; let norfolk do it" in str(refused.value)
    before = opened(store).history(name)
    with norfolk.trial() as trial:
        WRITING[verb](trial, name)  # type: ignore[arg-type] # a batch has the same verbs
    assert opened(store).history(name) == before

    opened(store).make_joint(name, ALL_ACT, on=DAY, **BY)
    if not parent:  # what a force enters, it leads
        WRITING[verb](suffolk, name)


def test_who_may_do_what_next_is_told_for_the_force_that_asks() -> None:
    """Nothing is allowed that another force does; and it is said why, and by whom it is done."""
    store = MemoryStore()
    filled(store)

    for force, may in ((NORFOLK, True), (SUFFOLK, False)):
        acts = opened(store, force).next_acts("J-1", LIAISON, on=LATER)
        assert {act.trigger: act.allowed for act in acts}["start"] is may
        why = opened(store, force).why("J-1", "start", actor=LIAISON, on=LATER)
        assert (why is None) is may
    refused = {act.trigger: act for act in acts}["start"]
    assert refused.needs == ()
    assert refused.refusal is not None
    assert [reason.kind for reason in refused.refusal.reasons] == ["not you"]


def test_who_holds_a_role_in_any_force_closes_it_where_all_act(store: Store) -> None:
    """A deputy of the other force closes it, in its own register, with the lead force's letter."""
    register = filled(store)
    deputy = Actor("suffolk-deputy", "nominated_deputy")
    register.appoint(*vars_of(deputy), force=SUFFOLK, first_day=DAY, actor=LIAISON)
    norfolk, suffolk = opened(store, NORFOLK), opened(store, SUFFOLK)
    norfolk.fire("J-1", "start", actor=LIAISON, on=LATER)
    kept = letter(norfolk, NORFOLK)
    norfolk.attach("J-1", kept, actor=LIAISON, on=LATER)
    closing: dict[str, Any] = {"actor": deputy, "on": LATER}

    assert "did not hold `nominated_deputy` in norfolk on" in str(
        register.why("J-1", "close", **closing)
    )
    register.make_joint("J-1", ALL_ACT, on=LATER, **BY)
    suffolk.fire("J-1", "close", **closing)

    assert [counted(register, force=force) for force in FORCES] == [(1, 1), (1, 1), (1, 0)]
    assert counted(register) == (3, 1)
    assert register.verify() == ()


def test_the_appointments_it_is_judged_by_are_read_and_not_listed() -> None:
    """In a register for one of its forces: by their ids, and nobody else's at all."""
    store = MemoryStore()
    filled(store)
    suffolk = opened(store, SUFFOLK)
    names = {force: f"appointment:{force}:chief_constable:{force}-chief:{DAY}" for force in FORCES}

    assert suffolk.record(names[NORFOLK]).force == NORFOLK
    with pytest.raises(UnknownRecord):
        suffolk.record(names[ESSEX])
    listed = [each.id for each in suffolk.records(category="appointment")]
    assert listed == [names[SUFFOLK]]
    with pytest.raises(NotPermitted):
        suffolk.amend(names[NORFOLK], "last_day", LAST, actor=LIAISON, on=LATER, reason="r")


def test_an_appointment_whose_id_says_no_force_is_read_by_the_others(store: Store) -> None:
    """Behind its force's name, since another force may have a record of that very id."""
    register = filled(store)
    office: dict[str, Any] = {"category": "appointment", "level": None, "actor": LIAISON}
    held = {"person": "norfolk-deputy", "role": "nominated_deputy", "first_day": DAY}
    add(register, "A-1", NORFOLK, **office, fields=held)
    make(register, "J-1", ALL_ACT, on=DAY)
    suffolk, norfolk = opened(store, SUFFOLK), opened(store, NORFOLK)
    add(suffolk, "A-1", SUFFOLK)
    norfolk.fire("J-1", "start", actor=LIAISON, on=LATER)
    kept = letter(suffolk, NORFOLK)
    deputy = Actor("norfolk-deputy", "nominated_deputy")

    assert suffolk.record("A-1").category == "recommendation"
    assert suffolk.record("A-1 (of norfolk)").fields["person"] == "norfolk-deputy"
    suffolk.fire("J-1", "close", actor=deputy, on=LATER, evidence=[kept])
    assert norfolk.record("J-1").state == "closed"
    with pytest.raises(Refused, match="J-1 could not `close`"):
        norfolk.amend("A-1", "last_day", DAY, actor=LIAISON, on=LAST, reason="left")
    assert register.verify() == ()


def test_who_acts_on_it_is_known_in_each_force_whose_persons_do(store: Store) -> None:
    """A name that differs in its letters' case is another person's in none of their registers."""
    register = filled(store)
    make(register, "J-1", ALL_ACT, on=DAY)
    kim: dict[str, Any] = {"actor": Actor("Kim", "liaison_officer"), "on": LATER}
    alike: dict[str, Any] = {"actor": Actor("kim", "liaison_officer"), "on": LATER}
    opened(store, SUFFOLK).fire("J-1", "start", **kim)

    for force in (SUFFOLK, NORFOLK, None):
        for record in {SUFFOLK: [f"{SUFFOLK}-1"], NORFOLK: [f"{NORFOLK}-1"]}.get(
            force or "", [f"{SUFFOLK}-1", f"{NORFOLK}-1"]
        ):
            with pytest.raises(InvalidRequest, match="write `Kim`"):
                opened(store, force).fire(record, "start", **alike)
    opened(store, ESSEX).fire(f"{ESSEX}-1", "start", **alike)
    with pytest.raises(InvalidRequest, match="write `kim`"):
        opened(store).fire("essex-1", "propose_no_action", **{**kim, "reason": "r"})
    with pytest.raises(InvalidRequest, match="write `Kim`"):
        opened(store).fire("J-1", "propose_not_applicable", **{**alike, "reason": "r"})


def test_who_acts_on_what_the_lead_force_acts_on_is_that_forces_alone(store: Store) -> None:
    """Another of its forces may have somebody who is called so, in other letters."""
    register = filled(store)
    register.fire("J-1", "start", actor=Actor("Kim", "liaison_officer"), on=LATER)
    alike = Actor("kim", "liaison_officer")
    opened(store, SUFFOLK).fire(f"{SUFFOLK}-1", "start", actor=alike, on=LATER)
    with pytest.raises(InvalidRequest, match="write `Kim`"):
        opened(store, NORFOLK).fire(f"{NORFOLK}-1", "start", actor=alike, on=LATER)
    add(register, "J-2", NORFOLK, joint=ALL_ACT)
    opened(store, SUFFOLK).fire("J-2", "start", actor=alike, on=LATER)


def test_each_forces_letter_where_the_rules_ask_for_it(tmp_path: Path) -> None:
    """A named choice of the vocabulary: one letter of each force's Chief Constable."""
    (tmp_path / "ours.yaml").write_text(EACH_FORCE)
    store, rules = MemoryStore(), load(tmp_path)
    filled(store)
    register = opened(store, rulebook=rules)
    assert rules.vocabulary.joint_letters == "each_force"
    register.fire("J-1", "start", actor=LIAISON, on=LATER)
    ours, theirs = letter(register, NORFOLK), letter(register, SUFFOLK)
    closing: dict[str, Any] = {"actor": chief(NORFOLK), "on": LATER}

    why = register.why("J-1", "close", **closing, evidence=[ours])
    assert why is not None
    said = "`letter.txt` is signed by norfolk-chief, who held no such role in suffolk"
    assert [each.sentence for each in why.reasons] == [f"for suffolk, {said} on {LATER}"]
    asked = why.reasons[0].asks
    assert [need.force for (need,) in asked if isinstance(need, DocumentNeed)] == [SUFFOLK]
    way = register.route("J-1", on=LATER)
    needed = [need for need in way.steps[-1].needs if isinstance(need, DocumentNeed)]
    assert [(need.force, need.signers) for need in needed] == [
        (force, (f"{force}-chief",)) for force in (NORFOLK, SUFFOLK)
    ]
    register.fire("J-1", "close", **closing, evidence=[ours, theirs])

    assert register.record("J-1").spent == {ours.digest, theirs.digest}
    assert register.why(f"{ESSEX}-1", "start", actor=LIAISON, on=LATER) is None
    scoped = opened(store, SUFFOLK, rulebook=rules)
    assert scoped.record("J-1").state == "closed"


def test_without_that_rule_the_lead_forces_letter_does(store: Store) -> None:
    """And not another's, whoever acts."""
    register = filled(store)
    register.make_joint("J-1", ALL_ACT, on=DAY, **BY)
    register.fire("J-1", "start", actor=LIAISON, on=LATER)
    closing: dict[str, Any] = {"actor": chief(SUFFOLK), "on": LATER}

    why = register.why("J-1", "close", **closing, evidence=[letter(register, SUFFOLK)])
    assert "who held no such role in norfolk" in str(why)
    register.fire("J-1", "close", **closing, evidence=[letter(register, NORFOLK)])


REFUSED: dict[str, tuple[Callable[[Register], object], str]] = {
    "said already": (lambda r: make(r, "J-1", WITH_SUFFOLK), "joint with suffolk already"),
    "the lead force": (lambda r: make(r, "J-1", Joint((NORFOLK,))), "its lead force norfolk among"),
    "one text": (lambda r: make(r, "J-1", Joint("essex")), "are no list"),  # type: ignore[arg-type]
    "no list": (lambda r: make(r, "J-1", Joint(7)), "are no list"),  # type: ignore[arg-type]
    "no joint": (lambda r: make(r, "J-1", ("essex",)), "is no Joint"),
    "no name": (lambda r: make(r, "J-1", Joint((" ",))), "is empty"),
    "spelt alike": (lambda r: make(r, "J-1", Joint(("Essex",))), "write `essex`"),
    "no such acts": (lambda r: make(r, "J-1", Joint((ESSEX,), "all")), "did you mean|there is"),  # type: ignore[arg-type]
    "no reason": (lambda r: make(r, "J-1", ALL_ACT, reason=""), "the reason"),
    "before it was issued": (lambda r: make(r, "J-1", ALL_ACT, on=DAY - timedelta(1)), "before"),
    "who only looks": (
        lambda r: make(r, "J-1", ALL_ACT, actor=Actor("pcc-office", "pcc")),
        "says of no record",
    ),
    "who holds the role elsewhere": (
        lambda r: make(r, "J-1", ALL_ACT, actor=chief(SUFFOLK)),
        "held no appointment in norfolk",
    ),
    "who holds a role": (
        lambda r: make(r, f"appointment:essex:chief_constable:essex-chief:{DAY}", ALL_ACT),
        "of one force",
    ),
    "a withdrawn record": (
        lambda r: [
            r.correct("J-1", 1, correction="void", reason="r", on=LATER, **SAID),
            make(r, "J-1", ALL_ACT),
        ],
        "was withdrawn",
    ),
    "another's register": (lambda r: make(opened(r.store, NORFOLK), "J-1", ALL_ACT), "opened for"),
    "entered so in one's own": (
        lambda r: add(opened(r.store, NORFOLK), "J-2", NORFOLK, joint=WITH_SUFFOLK),
        "without a force",
    ),
    "corrected so in one's own": (
        lambda r: opened(r.store, NORFOLK).correct(
            "J-1", 1, correction="reenter", entry={"joint": Joint()}, reason="r", **SAID
        ),
        "without a force",
    ),
    "entered for itself": (lambda r: add(r, "J-2", NORFOLK, joint=Joint((NORFOLK,))), "among them"),
}


def make(register: Register, record: str, joint: Any, **more: Any) -> object:
    """Make a record joint."""
    return register.make_joint(record, joint, **{**BY, "on": LATER, **more})


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_it_is_not_made_joint_so(case: str) -> None:
    """With what is wrong, and nothing is kept."""
    store = MemoryStore()
    register = filled(store)
    verb, why = REFUSED[case]

    with pytest.raises(PeelflowError, match=why):
        verb(register)
    assert register.record("J-1").forces == (NORFOLK, SUFFOLK)
    assert register.record("J-1").joint_acts == "lead"


def test_a_force_could_not_tell_two_records_of_one_id_apart() -> None:
    """So a record is made joint with none that has one of its own, kept beside it, of that id."""
    store = MemoryStore()
    register = filled(store)
    add(opened(store, ESSEX), "norfolk-1", ESSEX)

    with pytest.raises(InvalidRequest, match="essex has a record of its own of that id"):
        make(register, "norfolk-1", Joint((ESSEX,)))
    make(register, "norfolk-1", WITH_SUFFOLK)
    with pytest.raises(InvalidRequest, match="is taken"):
        add(opened(store, SUFFOLK), "norfolk-1", SUFFOLK)
    assert opened(store, SUFFOLK).record("norfolk-1").force == NORFOLK
    assert opened(store, ESSEX).record("norfolk-1").force == ESSEX


def test_asked_again_under_a_key_nothing_is_done_anew() -> None:
    """S7: whatever else came meanwhile."""
    register = filled(MemoryStore())
    first = make(register, "J-1", Joint((ESSEX, SUFFOLK)), key="k")

    make(register, "J-1", Joint())
    assert make(register, "J-1", Joint((SUFFOLK, ESSEX)), key="k") == first
    assert register.record("J-1").forces == (NORFOLK,)


def test_a_force_that_it_is_no_more_of_reads_what_it_counted(store: Store) -> None:
    """Its figures and lists of the days before stay; it counts no more, and acts on it no more."""
    register = filled(store)
    make(register, "J-1", Joint((ESSEX,), "any"))
    suffolk = opened(store, SUFFOLK)

    assert counted(suffolk) == counted(register, force=SUFFOLK) == (1, 0)
    assert counted(suffolk, as_at=DAY) == counted(register, force=SUFFOLK, as_at=DAY) == (2, 0)
    assert [each.id for each in suffolk.records(category="recommendation")] == ["suffolk-1"]
    of_day = [each.id for each in each_selected(suffolk, Selection(level=2), as_at=DAY)]
    assert of_day == ["J-1", "suffolk-1"]
    assert suffolk.history("J-1") == register.history("J-1")
    with pytest.raises(NotPermitted, match="suffolk is none of its forces any more"):
        WRITING["amend"](suffolk, "J-1")
    opened(store, ESSEX).note("J-1", "taken up", actor=LIAISON, on=LATER)
    position = register.position()
    assert counted(register, force=SUFFOLK, known=position - 2) == (2, 0)
    known = each_selected(register, Selection(SUFFOLK, level=2), known=position - 2)
    assert [each.id for each in known] == ["J-1", "suffolk-1"]


def test_what_lies_below_it_follows(store: Store) -> None:
    """From the same day; what is added below it is of the same forces, in any register."""
    register = filled(store)
    cause: dict[str, Any] = {"category": "cause_of_concern", "level": None, "fields": {}}
    add(register, "C-1", NORFOLK, **cause)
    add(register, "C-1-1", NORFOLK, parent="C-1")
    make(register, "C-1", Joint((SUFFOLK,), "any"))
    add(opened(store, NORFOLK), "C-1-2", NORFOLK, parent="C-1")

    for name in ("C-1", "C-1-1", "C-1-2"):
        record = register.record(name)
        assert (record.forces, record.joint_acts) == ((NORFOLK, SUFFOLK), "any")
    assert counted(register, force=SUFFOLK, as_at=LATER - timedelta(1)) == (3, 0)
    assert counted(register, force=SUFFOLK) == (5, 0)
    with pytest.raises(InvalidRequest, match="lies below C-1, and is of its forces"):
        make(register, "C-1-1", Joint())
    with pytest.raises(InvalidRequest, match="is of norfolk, joint with suffolk, and it is of"):
        add(register, "C-1-3", NORFOLK, parent="C-1", joint=Joint())
    with pytest.raises(InvalidRequest, match="have both of the same forces"):
        register.link("norfolk-1", "C-1", actor=LIAISON, on=LATER)
    make(register, "norfolk-1", ALL_ACT)
    register.link("norfolk-1", "C-1", actor=LIAISON, on=LATER)
    assert audit(store) == ()


CORRECTIONS: dict[str, dict[str, Any]] = {
    "void": {"correction": "void"},
    "redate": {"correction": "redate", "to": LAST},
}


@pytest.mark.parametrize("correction", sorted(CORRECTIONS))
def test_a_slip_in_it_is_mended_with_what_lies_below(store: Store, correction: str) -> None:
    """Voided or re-dated; and taken back by voiding that."""
    register = filled(store)
    add(register, "C-1", NORFOLK, category="cause_of_concern", level=None, fields={})
    add(register, "C-1-1", NORFOLK, parent="C-1")
    number = make_number(register, "C-1")
    add(register, "C-1-2", NORFOLK, parent="C-1", issued=LAST)
    said: dict[str, Any] = {"actor": LIAISON, "reason": "a slip", "on": LAST}

    made = register.correct("C-1", number, **CORRECTIONS[correction], **said)
    joint = {name: register.record(name).joint_with for name in ("C-1", "C-1-1", "C-1-2")}
    assert set(joint.values()) == ({(SUFFOLK,)} if correction == "redate" else {()})
    of_day = {"redate": (2, 0), "void": (2, 0)}[correction]
    assert counted(register, force=SUFFOLK, as_at=LATER) == of_day
    register.correct("C-1", made.number, correction="void", **said)

    assert {register.record(name).joint_with for name in joint} == {(SUFFOLK,)}
    assert counted(register, force=SUFFOLK, as_at=LATER) == (4, 0)
    assert counted(register, force=SUFFOLK) == (5, 0)
    assert audit(store) == ()
    below = [each.number for each in register.history("C-1-1") if each.kind == "made_joint"]
    with pytest.raises(InvalidRequest, match="correct C-1: what lies below follows"):
        register.correct("C-1-1", below[0], correction="void", **said)
    with pytest.raises(InvalidRequest, match="would be joint on other days than C-1 above it"):
        register.correct("C-1-1", below[0], **{**said, **CORRECTIONS["redate"]})
    make(register, "C-1", Joint((SUFFOLK, ESSEX)), on=LAST)
    with pytest.raises(InvalidRequest, match="correct C-1: what lies below follows"):
        register.correct("C-1-1", below[0], correction="void", **said)
    assert audit(store) == ()


def make_number(register: Register, record: str) -> int:
    """Make a record joint with Suffolk, and return the event's number."""
    return register.make_joint(record, WITH_SUFFOLK, on=LATER, **BY).number


DAYS_SAID: dict[str, Callable[[Register, int], dict[str, Any]]] = {
    "re-dated": lambda _, number: {"event": number, "correction": "redate", "to": LAST},
    "voided": lambda _, number: {"event": number, "correction": "void"},
    "voided before another": lambda register, number: {
        "event": [number, make(register, "norfolk-1", WITH_SUFFOLK, on=LATER)][0],
        "correction": "void",
    },
    "a correction of its day voided": lambda register, number: {
        "event": register.correct(
            "norfolk-1", number, correction="redate", to=LAST, on=LAST, **BY
        ).number,
        "correction": "void",
    },
    "all along, before it is said": lambda *_: {
        "event": 1,
        "correction": "reenter",
        "entry": {"joint": ALL_ACT},
        **SAID,
    },
}


@pytest.mark.parametrize("case", sorted(DAYS_SAID))
def test_since_when_it_is_joint_is_said_in_a_register_of_every_force(
    store: Store, case: str
) -> None:
    """It changes what each counts: refused in one force's own, and done where it says."""
    register = filled(store)
    number = register.make_joint("norfolk-1", ALL_ACT, on=LATER, **BY).number
    asked = DAYS_SAID[case](register, number)
    said = {**BY, "on": LAST, **asked}
    before = register.history("norfolk-1")
    seen = [(*counted(register, as_at=DAY, force=force), force) for force in FORCES]

    for force in (NORFOLK, SUFFOLK):
        scoped = opened(store, force)
        with pytest.raises(NotPermitted) as refused:
            scoped.correct("norfolk-1", **said)
        assert f"this is opened for {force}" in refused.value.why
        assert refused.value.instead == "open the register without a force"
    assert register.history("norfolk-1") == before
    assert [(*counted(register, as_at=DAY, force=force), force) for force in FORCES] == seen
    register.correct("norfolk-1", **said)
    assert audit(store) == ()


ENTRY_SET_RIGHT: dict[str, dict[str, Any]] = {
    "re-dated": {"correction": "redate", "to": DAY - timedelta(1)},
    "entered anew": {"correction": "reenter", "entry": {"issued": DAY - timedelta(1)}},
}


@pytest.mark.parametrize("how", sorted(ENTRY_SET_RIGHT))
def test_what_was_joint_from_its_entry_on_has_its_day_set_right_for_every_force(
    store: Store, how: str
) -> None:
    """The other forces count it from its entry: so it is with what is re-dated, and taken back."""
    register = filled(store)
    add(register, "J-2", NORFOLK, joint=ALL_ACT)
    said: dict[str, Any] = {**ENTRY_SET_RIGHT[how], "on": LAST, "reason": "a slip", **SAID}
    for force in (NORFOLK, SUFFOLK):
        with pytest.raises(NotPermitted, match="would be joint on other days") as refused:
            opened(store, force).correct("J-2", 1, **said)
        assert refused.value.instead == "open the register without a force"
    made = register.correct("J-2", 1, **said).number
    day = DAY - timedelta(1)
    assert [counted(register, as_at=day, force=force) for force in FORCES] == [
        (1, 0),
        (1, 0),
        (0, 0),
    ]
    taken_back = {"correction": "void", "on": LAST, "reason": "r", **SAID}
    with pytest.raises(NotPermitted, match="would be joint on other days"):
        opened(store, SUFFOLK).correct("J-2", made, **taken_back)
    fields: dict[str, Any] = {"correction": "reenter", "entry": {"fields": {"owner": "other"}}}
    opened(store, SUFFOLK).correct("J-2", 1, **{**said, "to": None, **fields})
    assert audit(store) == ()


def test_what_else_a_joint_record_says_is_corrected_where_its_force_acts(store: Store) -> None:
    """The day of its issue and of a step, and a step voided: nobody's forces change with that."""
    register = filled(store)
    make(register, "norfolk-1", ALL_ACT, on=LATER)
    lead, suffolk = opened(store, NORFOLK), opened(store, SUFFOLK)
    worker = Actor("unit-lead", "lead")
    step = lead.fire("norfolk-1", "start", actor=worker, on=LATER).number
    said: dict[str, Any] = {"actor": LIAISON, "reason": "a slip", "on": LAST}
    issued: dict[str, Any] = {"entry": {"issued": DAY + timedelta(1)}}

    suffolk.correct("norfolk-1", step, correction="redate", to=LAST, **said)
    lead.correct("norfolk-1", step, correction="void", **said)
    lead.correct("norfolk-1", 1, correction="reenter", **issued, **{**said, **SAID})
    assert register.record("norfolk-1").issued == DAY + timedelta(1)
    assert audit(store) == ()


def test_a_record_is_withdrawn_and_comes_back_in_a_register_for_one_force(store: Store) -> None:
    """That says nothing of since when it is joint."""
    register = filled(store)
    add(register, "R-9", NORFOLK)
    lead = opened(store, NORFOLK)
    said: dict[str, Any] = {"correction": "void", "reason": "a slip", "on": LAST, **SAID}

    withdrawal = lead.correct("R-9", 1, **said).number
    assert register.record("R-9").withdrawn
    lead.correct("R-9", withdrawal, **said)
    assert not register.record("R-9").withdrawn


def test_what_was_joint_all_along_is_entered_anew_so(store: Store) -> None:
    """By correcting the first event; what lies below follows, and so does a wrong lead force."""
    register = filled(store)
    add(register, "C-1", NORFOLK, category="cause_of_concern", level=None, fields={})
    add(register, "C-1-1", NORFOLK, parent="C-1")
    said: dict[str, Any] = {"correction": "reenter", "reason": "as it was", "on": LATER, **SAID}

    register.correct("C-1", 1, entry={"joint": Joint((ESSEX, SUFFOLK))}, **said)
    assert register.record("C-1-1").forces == (NORFOLK, ESSEX, SUFFOLK)
    assert [counted(register, force=force, as_at=DAY) for force in FORCES] == [
        (4, 0),
        (4, 0),
        (3, 0),
    ]
    with pytest.raises(InvalidRequest, match="have its lead force suffolk among them"):
        register.correct("C-1", 1, entry={"force": SUFFOLK}, **said)
    register.correct("C-1", 1, entry={"force": SUFFOLK, "joint": Joint((NORFOLK,))}, **said)

    assert register.record("C-1-1").forces == (SUFFOLK, NORFOLK)
    assert [counted(register, force=force, as_at=DAY) for force in FORCES] == [
        (4, 0),
        (4, 0),
        (1, 0),
    ]
    assert list(opened(store, ESSEX).records(level=2)) == [register.record("essex-1")]
    assert audit(store) == ()


def test_no_record_becomes_joint_with_its_own_lead_force(store: Store) -> None:
    """A lead force that is corrected to one that it was made joint with since is refused."""
    register = filled(store)
    make_number(register, "norfolk-1")
    said: dict[str, Any] = {"correction": "reenter", "reason": "as it was", "on": LATER, **SAID}
    with pytest.raises(Refused, match="joint with suffolk, its lead force"):
        register.correct("norfolk-1", 1, entry={"force": SUFFOLK}, **said)
    assert audit(store) == ()


def test_what_lies_below_is_joint_with_no_force_that_has_one_of_its_id(store: Store) -> None:
    """It could not tell the two apart; nothing is made joint then."""
    register = filled(store)
    add(register, "C-1", NORFOLK, category="cause_of_concern", level=None, fields={})
    add(register, "C-1-1", NORFOLK, parent="C-1")
    add(opened(store, SUFFOLK), "C-1-1", SUFFOLK)
    with pytest.raises(InvalidRequest, match="suffolk has a record of its own of that id"):
        register.make_joint("C-1", WITH_SUFFOLK, on=LATER, **BY)
    assert register.record("C-1").joint_with == ()


def test_an_inspection_of_any_of_its_forces_verifies_it() -> None:
    """Of one of them, or of several at once; and the plan of each force names it."""
    store = MemoryStore()
    register = filled(store)
    question = {"question": "7", "owner": "unit-lead"}
    add(register, "J-3", NORFOLK, level=3, fields=question, joint=WITH_SUFFOLK)
    add(register, "E-3", ESSEX, level=3, fields=question)
    held = {"kind": "planned", "questions": ["7"], "first_day": LAST, "last_day": LAST}
    more: dict[str, Any] = {"category": "inspection", "level": None, "fields": held}
    add(register, "INS-S", SUFFOLK, **more)
    add(register, "INS-J", SUFFOLK, **more, joint=Joint((NORFOLK,)))

    def planned(scoped: Register) -> dict[str, list[str]]:
        return {
            each.inspection.id: [row.row.record for row in each.first]
            for each in inspection_plan(scoped, LATER)
        }

    assert planned(register) == {"INS-J": ["J-3"], "INS-S": ["J-3"]}
    assert planned(opened(store, SUFFOLK)) == planned(register)
    assert planned(opened(store, NORFOLK)) == {"INS-J": ["J-3"]}
    for record in ("J-3", "E-3"):
        force = register.record(record).force
        register.fire(record, "start", actor=LIAISON, on=LATER)
        document = letter(register, force, record)
        register.fire(record, "self_certify", actor=chief(force), on=LATER, evidence=[document])
    way = register.route("J-3", on=LATER)
    assert [known.id for need in way.steps[0].needs for known in getattr(need, "known", ())] == [
        "INS-J",
        "INS-S",
    ]
    with pytest.raises(Refused, match="is an inspection of another force, suffolk"):
        register.fire("E-3", "verify", on=LAST, inspection="INS-J", **SAID)
    register.fire("J-3", "verify", on=LAST, inspection="INS-J", **SAID)

    shorter: dict[str, Any] = {"on": LAST, "reason": "fewer", **SAID}
    with pytest.raises(Refused, match="J-3 could not `verify`"):
        register.amend("INS-J", "questions", ["8"], **shorter)
    with pytest.raises(InvalidRequest, match="acts of its other forces may rest on it"):
        opened(store, SUFFOLK).amend("INS-J", "questions", ["8"], **shorter)


def test_an_appointment_that_an_act_on_it_rests_on_is_not_narrowed() -> None:
    """Of any force whose person acted, in its own register, whoever leads the record."""
    store = MemoryStore()
    register = filled(store)
    make(register, "J-1", ALL_ACT, on=DAY)
    register.fire("J-1", "start", actor=LIAISON, on=DAY)
    suffolk = opened(store, SUFFOLK)
    kept = letter(suffolk, NORFOLK)
    suffolk.fire("J-1", "close", actor=chief(SUFFOLK), on=LATER, evidence=[kept])
    ended: dict[str, Any] = {"actor": LIAISON, "on": LAST, "reason": "left"}

    for force in (NORFOLK, SUFFOLK):
        office = f"appointment:{force}:chief_constable:{force}-chief:{DAY}"
        with pytest.raises(Refused, match="J-1 could not `close`"):
            opened(store, force).amend(office, "last_day", DAY, **ended)
        opened(store, force).amend(office, "last_day", LATER, **ended)


def test_another_force_that_acts_corrects_what_was_done_before_it_shared_it() -> None:
    """What was done then is judged as it was done, not as done for the force that corrects it."""
    store = MemoryStore()
    register = filled(store)
    done = register.fire("norfolk-1", "start", actor=LIAISON, on=LATER)
    make(register, "norfolk-1", ALL_ACT)
    said: dict[str, Any] = {"reason": "a day earlier", "actor": LIAISON, "on": LATER}

    earlier = LATER - timedelta(1)
    opened(store, SUFFOLK).correct(
        "norfolk-1", done.number, correction="redate", to=earlier, **said
    )

    assert register.record("norfolk-1").entered["in_progress"].on == earlier
    assert register.verify() == ()


def test_an_inspection_of_another_force_that_an_act_rests_on_is_not_narrowed() -> None:
    """In that force's own register, though only the lead force's persons act on the record."""
    store = MemoryStore()
    register = filled(store)
    question = {"question": "7", "owner": "unit-lead"}
    add(register, "J-3", NORFOLK, level=3, fields=question, joint=WITH_SUFFOLK)
    held = {"kind": "planned", "questions": ["7"], "first_day": LAST, "last_day": LAST}
    add(register, "INS-S", SUFFOLK, category="inspection", level=None, fields=held)
    register.fire("J-3", "start", actor=LIAISON, on=LATER)
    signed: dict[str, Any] = {"actor": chief(NORFOLK), "evidence": [letter(register, NORFOLK)]}
    register.fire("J-3", "self_certify", **signed, on=LATER)
    register.fire("J-3", "verify", on=LAST, inspection="INS-S", **SAID)

    with pytest.raises(Refused, match="J-3 could not `verify`"):
        opened(store, SUFFOLK).amend("INS-S", "questions", ["8"], on=LAST, reason="fewer", **SAID)


def test_lists_name_it_for_each_of_its_forces() -> None:
    """What is overdue, and how old it is; each row says of which forces it is."""
    store = MemoryStore()
    register = filled(store)
    register.amend("J-1", "due", LATER, actor=LIAISON, on=DAY, reason="set")

    for asked in (opened(store, SUFFOLK), opened(store, NORFOLK), register):
        (late,) = overdue(asked, LAST).records
        assert (late.row.record, late.row.force, late.row.joint_with) == (
            "J-1",
            NORFOLK,
            (SUFFOLK,),
        )
        assert "J-1" in [age.row.record for age in ages(asked, LAST)]
    assert not overdue(opened(store, ESSEX), LAST).records


def moved(register: Register, **asked: Any) -> list[tuple[str, str, date]]:
    """Return what moved: which record, how, and when."""
    found = movement(register, after=DAY, until=LAST, **asked)
    return [(each.row.record, each.kind, each.on) for each in found]


def test_what_moved_is_told_as_each_force_counts_it() -> None:
    """New where it comes to be of a force, gone from the sums where it is no more."""
    store = MemoryStore()
    register = filled(store)
    make(register, "J-1", Joint((ESSEX,)))
    close(register, "J-1", NORFOLK)

    assert moved(register) == [("J-1", "closed", LATER)]
    assert moved(register, force=NORFOLK) == moved(opened(store, NORFOLK)) == moved(register)
    assert moved(register, force=ESSEX) == [("J-1", "new", LATER), ("J-1", "closed", LATER)]
    assert moved(register, force=SUFFOLK) == []
    sums = {
        force: [
            (total.open_before, total.new, total.closed, total.moved_open, total.open_after)
            for total in movement_totals(
                register, after=DAY, until=LAST, by="level", selection=Selection(force)
            )
        ]
        for force in FORCES
    }
    assert sums == {
        NORFOLK: [(2, 0, 1, 0, 1)],
        SUFFOLK: [(2, 0, 0, -1, 1)],
        ESSEX: [(1, 1, 1, 0, 1)],
    }


def test_what_closed_before_a_force_left_is_told_to_it() -> None:
    """As its sums say: it counted the record on the day on which that closed."""
    store = MemoryStore()
    register = filled(store)
    close(register, "J-1", NORFOLK)
    make(register, "J-1", Joint(), on=LAST)

    closed = [("J-1", "closed", LATER)]
    assert moved(register, force=SUFFOLK) == moved(opened(store, SUFFOLK)) == closed
    assert moved(register, force=NORFOLK) == closed
    (total,) = movement_totals(
        register, after=DAY, until=LAST, by="level", selection=Selection(SUFFOLK)
    )
    assert (total.closed, total.moved_closed, total.closed_after) == (1, -1, 0)


def close(register: Register, record: str, force: str) -> None:
    """Close a recommendation by a force's letter."""
    register.fire(record, "start", actor=LIAISON, on=LATER)
    kept = [letter(register, force, record)]
    register.fire(record, "close", actor=chief(force), on=LATER, evidence=kept)


SHEETS = {
    "1-records": """\
record,category,level,force,joint_with,joint_acts,parent,issued,actor,actor_role,state,on,source,reason
J-2,recommendation,2,norfolk,suffolk; essex,,,2022-01-10,unit,liaison_officer,,,,
J-3,recommendation,2,norfolk,none,,,2022-01-10,unit,liaison_officer,,,,
J-4,afi,2,norfolk,suffolk,any,,2022-01-10,unit,liaison_officer,in_progress,2022-02-01,list,as it was
C-2,cause_of_concern,none,norfolk,suffolk,,,2022-01-10,unit,liaison_officer,,,,
C-2-1,recommendation,2,norfolk,,,C-2,2022-01-10,unit,liaison_officer,,,,
""",
    "2-joint": """\
record,joint_with,joint_acts,on,reason,actor,actor_role
J-2,none,,2022-02-01,the unit was dissolved,unit,liaison_officer
J-3,suffolk,any,2022-02-01,agreed,unit,liaison_officer
""",
    "3-corrections": """\
record,event,correction,joint_with,on,reason,actor,actor_role
C-2,1,reenter,essex,2022-02-01,the other force,unit,liaison_officer
""",
}


def test_sheets_say_it_at_entry_from_a_day_on_and_all_along(tmp_path: Path) -> None:
    """All rows or none, and importing them again changes nothing."""
    register = opened(MemoryStore())
    paths = [tmp_path / f"{name}.csv" for name in SHEETS]
    for path, text in zip(paths, SHEETS.values(), strict=True):
        path.write_text(text, "utf-8")

    assert import_sheets(register, paths).faults == ()
    assert import_sheets(register, paths).known == 8
    said = {each.id: (each.joint_with, each.joint_acts) for each in register.records()}
    assert said == {
        "C-2": ((ESSEX,), "lead"),
        "C-2-1": ((ESSEX,), "lead"),
        "J-2": ((), "lead"),
        "J-3": ((SUFFOLK,), "any"),
        "J-4": ((SUFFOLK,), "any"),
    }
    assert register.record("J-2").was_joint_with == (ESSEX, SUFFOLK)
    assert register.figures(force=SUFFOLK).assumed == register.figures().assumed == 1
    assert register.figures(force=ESSEX).assumed == 0
    assert register.verify() == ()


@pytest.mark.parametrize(
    ("joint_with", "acts", "said"),
    [
        ("suffolk", "all", "`joint_acts` is 'all'"),
        ("", "any", "only a record that is `joint_with` others has it"),
        ("none", "any", "only a record that is `joint_with` others has it"),
        ("norfolk", "", "its lead force norfolk among them"),
    ],
)
def test_a_cell_that_says_no_forces_is_told(
    tmp_path: Path, joint_with: str, acts: str, said: str
) -> None:
    """With its place."""
    path = tmp_path / "records.csv"
    path.write_text(
        "record,category,level,force,joint_with,joint_acts,issued,actor,actor_role\n"
        f"J-2,afi,2,norfolk,{joint_with},{acts},2022-01-10,unit,liaison_officer\n",
        "utf-8",
    )

    (fault,) = import_sheets(opened(MemoryStore()), [path]).faults
    assert said in fault.sentence
    assert fault.span.line == 2


def test_the_lead_forces_own_rules_are_read_with_it(tmp_path: Path) -> None:
    """In the register of another force, which may have rules of its own of that name."""
    store = MemoryStore()
    for force, more in (
        (NORFOLK, {}),
        (SUFFOLK, {"first": REVIEW_1.replace("  park:", "  rest:")}),
    ):
        rules = load(write_review_rules(tmp_path / force, **more))
        scoped = opened(store, force, rulebook=rules)
        scoped.add(f"{force}-review", **REVIEW, force=force, actor=LIAISON)
    rules = load(tmp_path / NORFOLK)
    everyone = opened(store, rulebook=rules)
    everyone.make_joint(f"{NORFOLK}-review", ALL_ACT, on=REVIEW_DAY, **BY)

    bare = opened(store, SUFFOLK)
    shown = bare.record(f"{NORFOLK}-review")
    assert "park" in {
        each.trigger for each in bare.lifecycle(shown.lifecycle).states["open"].transitions
    }
    bare.fire(shown.id, "park", actor=LIAISON, on=REVIEW_DAY)
    theirs = opened(store, SUFFOLK, rulebook=load(tmp_path / SUFFOLK))
    theirs.add("another", **REVIEW, force=SUFFOLK, actor=LIAISON)
    theirs.fire("another", "rest", actor=LIAISON, on=REVIEW_DAY)
    assert opened(store, ESSEX).store.lifecycles() == {}


REVIEW_DAY = date(2024, 4, 3)
REVIEW: dict[str, Any] = {
    "category": "local_review",
    "issued": date(2023, 4, 3),
    "fields": {"owner": "unit-lead", "area": "roads"},
}


def test_time_and_plans_move_it_where_its_force_acts(tmp_path: Path) -> None:
    """Others pass it over: it is the lead force's to move, unless all act."""
    store, rules = MemoryStore(), load(write_review_rules(tmp_path))
    for name, joint in (("lead", WITH_SUFFOLK), ("all", ALL_ACT)):
        opened(store, rulebook=rules).add(name, **REVIEW, force=NORFOLK, joint=joint, actor=LIAISON)
    norfolk, suffolk = (opened(store, force, rulebook=rules) for force in FORCES[:2])
    moving: dict[str, Any] = {"actor": LIAISON, "reason": "the new review"}

    assert suffolk.preview(REVIEW_PLAN, on=REVIEW_DAY).affected == 1
    assert norfolk.preview(REVIEW_PLAN, on=REVIEW_DAY).affected == 2
    assert suffolk.migrate(REVIEW_PLAN, **moving, on=REVIEW_DAY).moved == 1
    assert norfolk.migrate(REVIEW_PLAN, **moving, on=REVIEW_DAY).moved == 1
    due = REVIEW_DAY + timedelta(40)
    assert [each.record for each in suffolk.tick(on=due).fired] == ["all"]
    assert [each.record for each in norfolk.tick(on=due).fired] == ["lead"]
    assert norfolk.tick(on=due).pending == ()


def test_a_figure_is_as_it_was_known() -> None:
    """Before the record was made joint, and before that was taken back."""
    register = filled(MemoryStore())
    before = register.position()
    made = register.make_joint("norfolk-1", WITH_SUFFOLK, on=DAY, **BY)
    between = register.position()
    void: dict[str, Any] = {"correction": "void", "actor": LIAISON, "reason": "a slip"}
    register.correct("norfolk-1", made.number, **void, on=LATER)

    known = [counted(register, force=SUFFOLK, known=each)[0] for each in (before, between, None)]
    assert known == [2, 3, 2]
    assert [counted(register, known=each)[0] for each in (before, between, None)] == [4, 4, 4]
    asked = each_selected(register, Selection(SUFFOLK, level=2), known=between)
    assert [each.id for each in asked] == ["J-1", "norfolk-1", "suffolk-1"]


def test_it_is_shown_and_made_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each option says what it is wrong with, and `none` stands for no force."""
    monkeypatch.chdir(tmp_path)
    by = ["--actor", "unit", "--actor-role", "liaison_officer"]
    entry = ["add", "J-2", "--category", "afi", "--level", "2", "--force", NORFOLK, *by]
    entry += ["--issued", "2022-01-10"]

    def said(*words: str) -> str:
        main([*words])
        told = capsys.readouterr()
        return told.out + told.err

    assert "belongs to a joint record; give --joint-with too" in said(*entry, "--joint-acts", "any")
    assert said(*entry, "--joint-with", ESSEX, "--joint-with", SUFFOLK) == "J-2 is `open`\n"
    mending = ["correct", "J-2", "1", "--reason", "a slip", *by]
    assert "re-entered" in said(*mending, "--joint-with", "none")
    assert "re-entered" in said(*mending, "--joint-with", SUFFOLK, "--joint-acts", "any")
    made = said("joint", "J-2", "--with", ESSEX, "--reason", "moved", "--on", "2022-02-01", *by)
    assert made == "J-2: norfolk, joint with essex (event 4, 2022-02-01)\n"
    assert said("joint", "J-2", "--reason", "ended", "--on", "2022-03-01", *by) == (
        "J-2: norfolk (event 5, 2022-03-01)\n"
    )
    shown = said("show", "J-2")
    assert "re-entered: afi, level 2, norfolk, joint with suffolk, added as open" in shown
    assert "joint with no force any more" in shown
    listed = said("list", "--as-at", "2022-02-01", "--where", f"force={ESSEX}")
    assert "norfolk; essex" in listed


DAYS = st.integers(0, 40).map(lambda days: DAY + timedelta(days))
STEPS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(FORCES), st.sets(st.sampled_from(FORCES))),
    st.tuples(st.just("below"), st.just(NORFOLK), st.none()),
    st.tuples(
        st.sampled_from(["joint", "anew"]), st.integers(0, 5), st.sets(st.sampled_from(FORCES))
    ),
    st.tuples(st.sampled_from(["close", "void", "void last"]), st.integers(0, 5), DAYS),
    st.tuples(st.just("redate"), st.integers(0, 5), DAYS),
)


def take(register: Register, step: tuple[Any, ...], on: date) -> None:
    """Take one step, where it is lawful."""
    verb, target, how = step
    every = register.records(withdrawn=True)
    names = sorted({each.id for each in every if each.category != "appointment"})
    said: dict[str, Any] = {"reason": "r", "on": on, **SAID}
    if verb == "add":
        add(register, f"R-{len(names)}", target, joint=Joint(tuple(how - {target})), issued=on)
        return
    if verb == "below":
        add(register, f"R-{len(names)}", target, parent="C", issued=on)
        return
    name = names[target % len(names)]
    record = register.record(name)
    last = register.history(name)[-1]
    if verb == "joint":
        register.make_joint(name, Joint(tuple(how - {record.force})), **said)
    elif verb == "close":
        register.fire(name, "discharge", **said)
    elif verb == "anew":
        joint = Joint(tuple(how - {record.force}))
        register.correct(name, 1, correction="reenter", entry={"joint": joint}, **said)
    elif verb == "redate":
        register.correct(name, last.number, correction="redate", to=how, **said)
    else:
        number = 1 if verb == "void" else last.number
        register.correct(name, number, correction="void", **said)


@settings(max_examples=70)
@given(st.lists(st.tuples(STEPS, DAYS), min_size=1, max_size=8), DAYS, DAYS)
def test_on_any_day_it_counts_once_in_each_of_its_forces_and_once_in_all(
    steps: list[tuple[tuple[Any, ...], date]], day: date, later: date
) -> None:
    """Whatever joins, leaves and joins again, is closed, corrected, withdrawn or comes back."""
    store = MemoryStore()
    register = opened(store)
    add(register, "R", NORFOLK, joint=WITH_SUFFOLK)
    add(register, "C", NORFOLK, category="cause_of_concern", level=None, fields={})
    for (step, _), on in zip(steps, sorted(on for _, on in steps), strict=True):
        with suppress(PeelflowError):
            take(register, step, on)
    day, later = sorted((day, later))

    standing = list(each_selected(register, as_at=day))
    said = {record.id: joint_of(record) for record in standing}
    for record in standing:
        assert (record.id, said[record.id]) == (record.id, said[record.parent or record.id])
    forces = [force for force in FORCES if is_known(register, force)]
    assert counted(register, as_at=day) == counts_of(register, standing)
    for force in forces:
        own = [record for record in standing if force in record.forces]
        assert counted(register, as_at=day, force=force) == counts_of(register, own)
        assert list(each_selected(register, Selection(force), as_at=day)) == own
        assert list(each_selected(opened(store, force), as_at=day)) == own
        assert counted(opened(store, force), as_at=day) == counts_of(register, own)
    for known in (None, *forces):
        sums = movement_totals(register, after=day, until=later, selection=Selection(known))
        before, after = (sum_of(sums, end) for end in ("before", "after"))
        assert before == counted(register, as_at=day, force=known)
        assert after == counted(register, as_at=later, force=known)
    for record in register.records():
        above = register.record(record.parent or record.id)
        assert (record.forces, record.acting_forces) == (above.forces, above.acting_forces)
    assert register.verify() == ()
    assert audit(store) == ()


def is_known(register: Register, force: str) -> bool:
    """Say whether some record is of a force."""
    return any(each.is_of(force) for each in register.records())


def counts_of(register: Register, records: list[Record]) -> tuple[int, int]:
    """Return how many of some records count open and closed on the portal."""
    said = [register.counts(record).get("portal") for record in records]
    return said.count("open"), said.count("closed")


def sum_of(totals: Any, end: str) -> tuple[int, int]:
    """Return how many count open and closed before or after, of all groups."""
    return tuple(
        sum(getattr(total, f"{counts}_{end}") for total in totals) for counts in ("open", "closed")
    )
