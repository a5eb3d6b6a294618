"""Who acts as Chief Constable holds that appointment, as a deputy must; who typed it is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Act, AppointmentNeed, Refused
from peelflow.model.records import Actor, Document, Event
from peelflow.register import context, services
from peelflow.register.csv_import import import_sheets
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import signing_roles
from tests.builders.force import CHIEF, HMICFRS, LIAISON, clock
from tests.cli.conftest import Run, run

__all__ = ["run"]
DAY, LATER = date(2022, 12, 16), date(2023, 1, 9)
STRANGER = Actor("a-stranger", "chief_constable")
THEIRS: dict[str, Any] = {"actor": HMICFRS, "source": "portal", "recorded_by": LIAISON.person}
CONCERN: dict[str, Any] = {"category": "cause_of_concern", "level": None}


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with a Chief Constable and two records, one of them begun."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        yield filled(opened)


def filled(register: Register) -> Register:
    """Appoint a Chief Constable, and add a recommendation and a cause of concern."""
    register.appoint(CHIEF.person, CHIEF.role, force="wmp", first_day=DAY, actor=LIAISON)
    kind: dict[str, Any] = {"category": "recommendation", "level": 2}
    for record, said in {"R-1": kind, "C-1": CONCERN}.items():
        register.add(record, **said, force="wmp", issued=DAY, fields={"owner": "x"}, **THEIRS)
    register.fire("R-1", "start", actor=LIAISON, on=LATER)
    return register


def letter_of(register: Any) -> Document:
    """Keep a letter of the Chief Constable's."""
    signed: dict[str, Any] = {"signed_by": CHIEF.person, "signed_on": LATER}
    kept: Document = register.keep(b"done", kind="letter", name="l", **signed)
    return kept


def close(register: Any, actor: Actor, on: date = LATER) -> None:
    """Close the recommendation."""
    register.fire("R-1", "close", actor=actor, on=on, evidence=[letter_of(register)])


@pytest.mark.parametrize("actor", [STRANGER, Actor("a-stranger", "nominated_deputy")], ids=str)
def test_item_5_who_closes_as_chief_constable_holds_that_appointment(
    register: Register, actor: Actor
) -> None:
    """As a deputy must: the letter is one thing, and who closes on it another."""
    with pytest.raises(Refused) as refused:
        close(register, actor)
    (reason,) = refused.value.reasons
    assert reason.kind == "not you"
    assert reason.sentence == f"a-stranger did not hold `{actor.role}` in wmp on {LATER}"
    assert reason.asks == ((AppointmentNeed((actor.role,), LATER, "a-stranger"),),)

    register.appoint(actor.person, actor.role, force="wmp", first_day=LATER, actor=LIAISON)
    with pytest.raises(Refused, match="lies before"):
        close(register, actor, on=DAY)
    close(register, actor)
    assert register.record("R-1").state == "closed"
    assert not register.verify()


def test_item_5_under_rules_that_ask_for_no_signature_too(register: Register) -> None:
    """A cause of concern asks for no letter: its Chief Constable is appointed all the same."""
    propose: dict[str, Any] = {"on": LATER, "reason": "no longer apt"}
    with pytest.raises(Refused, match="did not hold `chief_constable`"):
        register.fire("C-1", "propose_no_action", actor=STRANGER, **propose)
    register.fire("C-1", "propose_no_action", actor=CHIEF, **propose)


def test_item_5_an_act_that_rests_on_an_appointment_holds_it(register: Register) -> None:
    """What the Chief Constable did cannot lose its ground, with or without a letter."""
    register.fire("C-1", "propose_no_action", actor=CHIEF, on=LATER, reason="no longer apt")
    with pytest.raises(Refused, match="C-1 could not `propose_no_action`"):
        register.amend(
            f"appointment:wmp:chief_constable:{CHIEF.person}:{DAY}",
            "last_day",
            DAY,
            actor=LIAISON,
            on=date(2023, 2, 1),
            reason="left",
        )


VERBS: dict[str, Callable[[Any, Actor], Any]] = {
    "fire": close,
    "fire_many": lambda batch, actor: batch.fire_many(
        [("C-1", Act("propose_no_action", actor, LATER, "typist", reason="no longer apt"))]
    ),
    "add": lambda batch, actor: batch.add("R-2", **CONCERN, force="wmp", issued=LATER, actor=actor),
    "take_over": lambda batch, actor: batch.take_over(
        "R-2",
        category="afi",
        level=2,
        force="wmp",
        issued=DAY,
        state="in_progress",
        on=LATER,
        actor=actor,
        source="tracker",
        reason="taken over",
    ),
    "attach": lambda batch, actor: batch.attach("R-1", letter_of(batch), actor=actor, on=LATER),
    "amend": lambda batch, actor: batch.amend(
        "R-1", "owner", "y", actor=actor, on=LATER, reason="moved"
    ),
    "note": lambda batch, actor: batch.note("R-1", "seen", actor=actor, on=LATER),
    "link": lambda batch, actor: batch.link(
        "R-1", "C-1", actor=actor, on=LATER, reason="of one report"
    ),
    "correct": lambda batch, actor: batch.correct(
        "R-1", 2, correction="void", actor=actor, on=date(2023, 2, 1), reason="a slip"
    ),
    "relevel": lambda batch, actor: batch.relevel(
        "R-1", plan="level-2-to-3", actor=actor, on=LATER, source="letter", reason="given anew"
    ),
    "appoint": lambda batch, actor: batch.appoint(
        "a-deputy", "nominated_deputy", force="wmp", first_day=LATER, actor=actor
    ),
}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_item_5_in_every_verb_and_batch(register: Register, verb: str) -> None:
    """Nobody does anything as Chief Constable who is none."""
    count = len(list(register.feed()))
    with pytest.raises((Refused, InvalidRequest), match=r"a-stranger|moves no records"):
        VERBS[verb](register, STRANGER)
    with (
        pytest.raises((Refused, InvalidRequest), match=r"a-stranger|moves no records"),
        register.batch() as batch,
    ):
        VERBS[verb](batch, STRANGER)
    assert len(list(register.feed())) == count


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"relevel", "appoint"}))
def test_item_5_whoever_is_appointed_may(register: Register, verb: str) -> None:
    """And what they do was typed by somebody else, for they do not log in."""
    VERBS[verb](register, CHIEF)
    events = [event for record in ("R-1", "R-2", "C-1") for event in events_of(register, record)]
    typed = {event.recorded_by for event in events if event.actor == CHIEF}
    assert CHIEF.person not in typed
    assert typed


def events_of(register: Register, record: str) -> tuple[Event, ...]:
    """Return a record's history; nothing where there is none."""
    known = {kept.id for kept in register.records()}
    return register.history(record) if record in known else ()


def test_item_5_advice_and_act_agree(register: Register) -> None:
    """`next_acts`, `why` and `route` ask for the appointment, and for nothing once it is there."""
    say: dict[str, Any] = {"actor": STRANGER, "on": LATER}
    needs = AppointmentNeed((STRANGER.role,), LATER, STRANGER.person)
    proposal = next(
        act for act in register.next_acts("C-1", **say) if act.trigger == "propose_no_action"
    )
    assert not proposal.allowed
    assert needs in proposal.needs[0]

    refusal = register.why("R-1", "close", **say, evidence=[letter_of(register)])
    assert refusal is not None
    assert [reason.asks for reason in refusal.reasons] == [((needs,),)]

    (step,) = register.route("R-1", to="closed", on=LATER).steps
    assert step.holders == ((CHIEF.person, CHIEF.role),)
    register.appoint(STRANGER.person, STRANGER.role, force="wmp", first_day=LATER, actor=LIAISON)
    assert register.why("R-1", "close", **say, evidence=[letter_of(register)]) is None


def test_item_5_a_route_says_to_appoint_where_nobody_is() -> None:
    """Of another force, whose Chief Constable nobody knows."""
    with Register.open("memory:", clock=clock) as register:
        register.add("C-2", **CONCERN, force="elsewhere", issued=DAY, **THEIRS)
        (step, *_) = register.route("C-2", to="proposed_no_action", on=LATER).steps
    wanted = AppointmentNeed(("chief_constable", "nominated_deputy"), LATER)
    assert wanted in step.needs


PEOPLE = ("ann", "bea")
ROLES = ("chief_constable", "nominated_deputy", "liaison_officer")
DAYS = st.integers(0, 9).map(lambda days: LATER + timedelta(days))
HELD = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ROLES), DAYS, st.none() | DAYS)


@settings(max_examples=60, deadline=None)
@given(st.lists(HELD, max_size=4), st.sampled_from(PEOPLE), st.sampled_from(ROLES), DAYS)
def test_item_5_what_is_advised_is_accepted(
    held: list[tuple[str, str, date, date | None]], person: str, role: str, on: date
) -> None:
    """Whoever holds whatever: an act is allowed as advised, and else once the needs are met."""
    actor = Actor(person, role)
    with filled(Register.open("memory:", clock=clock)) as register:
        for who, as_what, first, last in held:
            appoint(register, who, as_what, first, last)
        for act in register.next_acts("C-1", actor=actor, on=on):
            asked = [need for needs in act.needs for need in needs]
            wanted = [need for need in asked if isinstance(need, AppointmentNeed)]
            is_held = any(
                (who, as_what) == (person, role) and first <= on <= (last or on)
                for who, as_what, first, last in held
            )
            may = role in act.by and (role == "liaison_officer" or is_held)
            tried: dict[str, Any] = {"actor": actor, "on": on, "reason": "as asked"}
            why = register.why("C-1", act.trigger, **tried)
            assert ("not you" in str(why)) is not may
            assert bool(wanted) <= (not may)
            if wanted and role in wanted[0].roles:
                register.appoint(person, role, force="wmp", first_day=wanted[0].on, actor=LIAISON)
                assert "not you" not in str(register.why("C-1", act.trigger, **tried))


def appoint(register: Any, who: str, role: str, first: date, last: date | None) -> None:
    """Appoint somebody, unless that appointment ends before it begins or is there already."""
    if last is None or last >= first:
        kept = register.records(category="appointment")
        if f"appointment:wmp:{role}:{who}:{first}" not in {record.id for record in kept}:
            register.appoint(who, role, force="wmp", first_day=first, last_day=last, actor=LIAISON)


def test_item_5_in_sheets(register: Register, tmp_path: Path) -> None:
    """A row is refused at its place, and kept where the rows of one import appoint them first."""
    acts, people = tmp_path / "acts.csv", tmp_path / "people.csv"
    acts.write_text(
        "record,trigger,on,actor,actor_role,reason\n"
        "C-1,propose_no_action,2023-01-09,a-stranger,chief_constable,no longer apt\n",
        encoding="utf-8",
    )
    people.write_text(
        "person,person_role,force,first_day,actor,actor_role\n"
        "a-stranger,chief_constable,wmp,2023-01-09,liaison-officer,liaison_officer\n",
        encoding="utf-8",
    )
    (fault,) = import_sheets(register, [acts]).faults
    assert (fault.span.line, fault.code) == (2, "row-refused")
    assert "did not hold `chief_constable`" in fault.sentence
    assert import_sheets(register, [people, acts]).kept == 2


def test_item_5_on_the_command_line(run: Run) -> None:
    """`why` and `do` agree, `appoint` mends, and the account that runs the command typed it."""
    here = ("--register", "r.db")
    who = ("--actor", "liaison", "--actor-role", "liaison_officer")
    chief = ("--actor", "chief", "--actor-role", "chief_constable", "--reason", "no longer apt")
    added = ("--category", "cause_of_concern", "--force", "wmp", "--issued", "2022-12-16")
    assert run("add", "C-1", *added, *who, *here).code == 0
    refused = run("fire", "C-1", "propose_no_action", *chief, "--on", "2023-01-09", *here)
    assert refused.code == 1
    assert "chief did not hold `chief_constable` in wmp on 2023-01-09" in refused.out + refused.err
    named = ("appoint", "chief", "chief_constable", "--force", "wmp", "--first-day", "2023-01-09")
    assert run(*named, *who, *here).code == 0
    assert run("fire", "C-1", "propose_no_action", *chief, "--on", "2023-01-09", *here).code == 0


def test_item_5_a_chief_constable_never_typed_it(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no user is named it was the account that runs the program, as the register is told."""
    told = Register(register.store, rulebook=national(), clock=clock, account=lambda: "officer-9")
    close(told, CHIEF)
    assert told.history("R-1")[-1].recorded_by == "officer-9"
    monkeypatch.setattr("os.getuid", lambda: 8)
    monkeypatch.setattr("pwd.getpwuid", lambda number: Mock(pw_name=f"officer-{number}"))
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    register.fire("C-1", "propose_no_action", actor=CHIEF, on=LATER, reason="no longer apt")
    assert register.history("C-1")[-1].recorded_by == "officer-8"


def test_item_5_nor_where_the_system_tells_no_account(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it has to be said, as with an inspectorate's decision."""
    monkeypatch.setattr("pwd.getpwuid", Mock(side_effect=KeyError("no account has this number")))
    with pytest.raises(InvalidRequest, match="a signatory does not log in to this register"):
        close(register, CHIEF)
    assert register.record("R-1").state == "in_progress"


def test_item_5_windows_tells_the_account_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no list of accounts there; the system is asked, and no variable."""
    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.setenv("USERNAME", "somebody-else")
    monkeypatch.setattr("os.getlogin", lambda: "officer-7")
    assert services.account_name() == "officer-7"
    monkeypatch.setattr("os.getlogin", Mock(side_effect=OSError))
    assert services.account_name() is None


def test_item_5_older_registers_read_and_can_be_mended(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept before this was asked reads; `verify` says it, and `appoint` mends it."""
    with monkeypatch.context() as before:
        before.setattr(context, "signing_roles", lambda _: frozenset())
        before.setattr(context, "roles_signing", lambda _: frozenset())
        register.fire("C-1", "propose_no_action", actor=STRANGER, on=LATER, reason="not apt")
        close(register, STRANGER)
    assert register.figures().closed == 1
    (found,) = register.verify()
    assert "a-stranger did not hold `chief_constable` in wmp" in found.sentence
    assert (found.record, found.event) == ("R-1", 3)
    register.amend("R-1", "owner", "y", actor=LIAISON, on=LATER, reason="moved")
    amended = register.history("R-1")[-1].number
    register.correct("R-1", amended, correction="void", actor=LIAISON, on=LATER, reason="a slip")

    register.appoint(STRANGER.person, STRANGER.role, force="wmp", first_day=DAY, actor=LIAISON)
    assert not register.verify()


def test_item_5_a_force_s_signatories_bar_nobody_else() -> None:
    """A file may ask for a signature of another side's; that side acts without an appointment."""
    assert signing_roles(national()) == {"chief_constable"}
