"""A register opened for one force neither shows nor moves another force's records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import load
from peelflow.errors import InvalidRequest, PeelflowError, UnknownDocument, UnknownRecord
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement
from peelflow.portfolio.overdue import overdue
from peelflow.portfolio.plan import inspection_plan
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.base import Store
from peelflow.stores.export import verify_export
from peelflow.stores.memory import MemoryStore
from peelflow.stores.scoped import ScopedStore
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.builders.rules import CASE_LEAD, add_case, timed_cases
from tests.stores.conftest import url_of

KENT, OTHER = "kent", "essex"


@pytest.fixture(params=["sqlite", "sql-sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store that several may open."""
    return url_of(request.param, request, tmp_path)


CHIEF = Actor("chief", "chief_constable")
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}


def opened(store: Store, force: str | None) -> Register:
    """Open a register on a store, for a force or for all."""
    return Register(store, rulebook=national(), clock=clock, force=force)


def fill(register: Register, force: str, count: int = 2) -> None:
    """Add people, an inspection, and records of a force, each named after it."""
    register.appoint(
        f"{force}-chief", "chief_constable", force=force, first_day=START, actor=LIAISON
    )
    days = {"first_day": date(2027, 1, 4), "last_day": date(2027, 1, 8)}
    register.add(
        f"{force}-INS",
        category="inspection",
        force=force,
        issued=START,
        fields={"kind": "planned", "questions": ["7"], "title": f"of {force}", **days},
        **SAID,
    )
    fields: dict[str, Any] = {
        "question": "7",
        "owner": f"{force}-lead",
        "due": START,
        "published": START,
    }
    for number in range(count):
        register.add(
            f"{force}-{number}",
            category=("recommendation", "afi", "cause_of_concern")[number % 3],
            level=(3, 2, None)[number % 3],
            force=force,
            issued=START,
            fields=fields,
            **SAID,
        )


@pytest.fixture
def kent() -> Register:
    """Give Kent's register on a store that holds another force's records too."""
    store = MemoryStore()
    for force in (KENT, OTHER):
        fill(opened(store, None), force)
    return opened(store, KENT)


def all_that_is_shown(register: Register) -> str:
    """Return everything that reading gives, as one text."""
    day = START + timedelta(900)
    found: list[object] = [register.figures(ledger=each) for each in ("portal", "force")]
    for record in register.records():
        found += [record, register.record(record.id), register.history(record.id)]
        found += [register.counts(record), register.deadline(record.id)]
        if record.category in ("recommendation", "afi"):
            found.append(register.route(record.id))
    found += [overdue(register, day), ages(register, day), inspection_plan(register, day)]
    found.append(movement(register, after=START - timedelta(1), until=day))
    return repr(found)


@given(st.integers(0, 5), st.integers(0, 5))
def test_nothing_of_another_force_ever_comes_out(own: int, others: int) -> None:
    """By no reading verb, and in no list; and all of its own does, as if it were alone."""
    shared, alone = MemoryStore(), MemoryStore()
    fill(opened(shared, None), OTHER, others)
    fill(opened(shared, KENT), KENT, own)
    fill(opened(alone, None), KENT, own)
    shown = all_that_is_shown(opened(shared, KENT))
    assert OTHER not in shown
    assert shown == all_that_is_shown(opened(alone, None))


def test_a_history_is_one_question_to_the_store(
    kent: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is without a force: a list asks for many."""
    inner = MemoryStore()
    fill(opened(inner, None), KENT)
    monkeypatch.setattr(inner, "read", Mock(side_effect=AssertionError))
    scoped = ScopedStore(inner, KENT)
    assert [entry.event for entry in scoped.history(f"{KENT}-0")] == [*kent.history(f"{KENT}-0")]


READING: list[Callable[[Register], object]] = [
    lambda r: r.record(f"{OTHER}-0"),
    lambda r: r.history(f"{OTHER}-0"),
    lambda r: r.deadline(f"{OTHER}-0"),
    lambda r: r.route(f"{OTHER}-0"),
    lambda r: r.why(f"{OTHER}-0", "start", actor=LIAISON),
    lambda r: r.fire(f"{OTHER}-0", "start", actor=LIAISON, on=START),
    lambda r: r.fire(f"{OTHER}-0", "start", actor=LIAISON, on=START, key="k"),
    lambda r: r.amend(f"{OTHER}-0", "owner", "me", actor=LIAISON, on=START, reason="mine"),
    lambda r: r.correct(
        f"{OTHER}-0", 1, correction="redate", to=START, actor=LIAISON, on=START, reason="mine"
    ),
    lambda r: r.attach(
        f"{OTHER}-0", r.keep(b"x", kind="letter", name="x"), actor=LIAISON, on=START
    ),
]


@pytest.mark.parametrize("ask", READING)
def test_another_forces_record_is_unknown(
    kent: Register, ask: Callable[[Register], object]
) -> None:
    """To every verb, and nothing is written."""
    before = everything(kent)
    with pytest.raises(UnknownRecord, match=f"no record is called '{OTHER}-0'"):
        ask(kent)
    assert everything(kent) == before


def below(register: Register) -> Store:
    """Return the store below a register that is opened for one force."""
    assert isinstance(register.store, ScopedStore)
    return register.store._store


def everything(register: Register) -> list[object]:
    """Return all that the store below keeps."""
    return list(opened(below(register), None).feed())


def add(register: Register, record: str, **more: Any) -> None:
    """Add a record of Kent, unless told otherwise."""
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": KENT, **more}
    register.add(record, issued=START, **SAID, **said)


WRONG: list[tuple[Callable[[Register], object], str]] = [
    (lambda r: add(r, "X", force=OTHER), f"X: belongs to {OTHER}, and this is opened for {KENT}"),
    (
        lambda r: r.appoint("p", "lead", force=OTHER, first_day=START, actor=LIAISON),
        f"belongs to {OTHER}",
    ),
    (lambda r: list(r.records(force=OTHER)), f"the force '{OTHER}': is not {KENT}"),
    (lambda r: r.figures(force=OTHER), f"the force '{OTHER}': is not {KENT}"),
    (lambda r: list(r.feed()), f"the register of {KENT}: gives no feed"),
    (lambda r: r.seal(), "gives no feed"),
    (lambda r: r.verify(), "gives no feed"),
    (lambda r: list(r.export()), "gives no feed"),
    (
        lambda r: add(
            r, "X", category="section_55_answer", level=None, fields={"answers": f"{OTHER}-0"}
        ),
        f"{OTHER}-0",
    ),
]


@pytest.mark.parametrize(("ask", "sentence"), WRONG)
def test_what_reaches_for_another_force_is_refused(
    kent: Register, ask: Callable[[Register], object], sentence: str
) -> None:
    """With what to do instead, and nothing is written."""
    before = everything(kent)
    with pytest.raises(InvalidRequest, match=sentence):
        ask(kent)
    assert everything(kent) == before


def test_an_export_is_not_taken_into_one_forces_register(kent: Register, tmp_path: Path) -> None:
    """It holds every force's events, and nothing of it is written."""
    path, before = tmp_path / "all.jsonl", everything(kent)
    path.write_text("\n".join(opened(below(kent), None).export()) + "\n", "utf-8")
    with pytest.raises(InvalidRequest, match=r"or restoring.* open it without a force"):
        kent.restore(path)
    assert everything(kent) == before


def test_a_forces_figures_are_told_as_known_at_a_position(kent: Register) -> None:
    """A position counts every force's events, and the figures are those of one force."""
    whole = opened(below(kent), None)
    known, before = kent.position(), kent.figures()
    assert known == whole.position()
    add(kent, "X")
    assert kent.figures().open == before.open + 1
    assert kent.figures(known=known).lines == before.lines
    assert kent.figures(known=known).lines == whole.figures(force=KENT, known=known).lines


def test_another_forces_record_is_no_parent(kent: Register) -> None:
    """It is not there."""
    with pytest.raises(UnknownRecord):
        add(kent, "X", parent=f"{OTHER}-2")


def certified(register: Register) -> None:
    """Bring Kent's record to where it waits for its verification."""
    register.fire(f"{KENT}-0", "start", actor=LIAISON, on=START)
    letter = register.keep(
        b"done", kind="letter", name="letter", signed_by=f"{KENT}-chief", signed_on=START
    )
    chief = Actor(f"{KENT}-chief", "chief_constable")
    register.fire(f"{KENT}-0", "self_certify", actor=chief, on=START, evidence=[letter])


def test_another_forces_inspection_verifies_nothing(kent: Register) -> None:
    """No inspection is called so, here."""
    certified(kent)
    asked = {"on": date(2026, 1, 5), "inspection": f"{OTHER}-INS", **SAID}
    with pytest.raises(
        Refused, match=f"no inspection on set days, not called off, is called {OTHER}-INS"
    ):
        kent.fire(f"{KENT}-0", "verify", **asked)


def test_another_forces_chief_signs_nothing_here(kent: Register) -> None:
    """An appointment holds in its own force."""
    kent.fire(f"{KENT}-0", "start", actor=LIAISON, on=START)
    letter = kent.keep(
        b"done", kind="letter", name="letter", signed_by=f"{OTHER}-chief", signed_on=START
    )
    chief = Actor(f"{KENT}-chief", "chief_constable")
    with pytest.raises(Refused, match="not yet"):
        kent.fire(f"{KENT}-0", "self_certify", actor=chief, on=START, evidence=[letter])


def test_its_own_records_move_as_ever(kent: Register) -> None:
    """With a key, as often as it is asked."""
    said: dict[str, Any] = {"actor": LIAISON, "on": START, "key": "once"}
    first = kent.fire(f"{KENT}-0", "start", **said)
    assert kent.fire(f"{KENT}-0", "start", **said) == first
    opened(below(kent), None).fire(f"{OTHER}-0", "start", **said)
    assert kent.store.event_with_key(f"{OTHER}-0", "once") is None


def test_an_act_may_name_what_it_need_not_look_at(kent: Register) -> None:
    """An inspection that is not there is a word in the event, as it is for everybody."""
    with kent.batch() as batch:
        assert batch.session.find(f"{OTHER}-0") is None
        batch.fire(f"{KENT}-0", "start", actor=LIAISON, on=START)
    assert kent.record(f"{KENT}-0").state == "in_progress"


def test_a_tick_moves_its_own_alone(tmp_path: Path) -> None:
    """Others wait for their own tick."""
    url = f"sqlite:///{tmp_path / 'both.db'}"
    with timed_cases(tmp_path, url) as both:
        add_case(both, "C-1", START)
        both.add("K-1", category="case", force=KENT, issued=START, actor=CASE_LEAD)
    with timed_cases(tmp_path, url, force=KENT) as kent:
        assert [e.record for e in kent.tick(on=START + timedelta(40)).fired] == ["K-1"]


def test_a_scoped_store_is_otherwise_the_store(kent: Register) -> None:
    """Its place, its promises, its documents, its end."""
    scoped, whole = kent.store, below(kent)
    assert (scoped.url, scoped.capabilities) == (whole.url, whole.capabilities)
    letter = kent.keep(b"x", kind="letter", name="x")
    assert kent.document(letter.digest) == b"x"
    assert scoped.has_document(letter.digest)
    assert scoped.lifecycles() == whole.lifecycles()
    with pytest.raises(InvalidRequest, match="hold every force's"):
        scoped.snapshot()
    kent.close()


@pytest.mark.parametrize("force", ["", " ", 3])
def test_a_force_without_a_name_is_refused(force: Any) -> None:
    """It would otherwise see nothing at all, and seem empty."""
    with pytest.raises(PeelflowError, match="is no name"):
        opened(MemoryStore(), force)


@pytest.mark.parametrize("in_folder", [False, True])
def test_item_35_a_document_is_given_to_the_force_that_brought_it(
    tmp_path: Path, url: str, *, in_folder: bool
) -> None:
    """14.35: who knows the digest alone is neither given it nor told that it is there."""
    folder = tmp_path / "letters" if in_folder else None

    def of(force: str | None) -> Register:
        return Register.open(url, clock=clock, force=force, documents=folder)

    with of(KENT) as kent, of(OTHER) as other:
        fill(kent, KENT)
        fill(other, OTHER)
        letter = kent.keep(b"of kent", kind="letter", name="letter.txt")
        with pytest.raises(UnknownDocument):
            other.document(letter.digest)
        with pytest.raises(UnknownDocument):
            other.attach(f"{OTHER}-1", letter, actor=LIAISON, on=START)
        kent.attach(f"{KENT}-1", letter, actor=LIAISON, on=START)

        assert kent.document(letter.digest) == b"of kent"
        assert not other.documents.has_document(letter.digest)
        own = other.keep(b"of kent", kind="letter", name="letter.txt")
        assert other.document(own.digest) == b"of kent"


def test_a_document_that_an_event_names_is_given(url: str) -> None:
    """14.35: also where it was brought before a force's own were told apart."""
    with Register.open(url, clock=clock) as whole:
        fill(whole, KENT)
        letter = whole.keep(b"x", kind="letter", name="letter.txt")
        whole.attach(f"{KENT}-1", letter, actor=LIAISON, on=START)
        fill(whole, OTHER)
    with Register.open(url, clock=clock, force=KENT) as kent:
        assert kent.document(letter.digest) == b"x"
    with (
        Register.open(url, clock=clock, force=OTHER) as other,
        pytest.raises(UnknownDocument),
    ):
        other.document(letter.digest)


REVIEW = """lifecycle: local-review
version: 1
in_force_from: 2020-01-01
title: A review of {0}
applies_to: {{category: review, level: none}}
initial: {0}
states:
  {0}:
    counts_as: {{force: open}}
    transitions:
      finish: {{to: done, by: [reviewer]}}
  done: {{counts_as: {{force: closed}}, final: true}}
"""
VOCABULARY = """vocabulary: reviews
roles:
  reviewer: {title: Reviewer, side: force}
categories:
  review: {title: Review}
"""


def test_item_35_two_forces_have_rules_of_one_name(tmp_path: Path, url: str) -> None:
    """14.35: each its own `local-review@1`, and neither reads the other's."""
    reviewer = Actor("reviewer-1", "reviewer")
    books = {}
    for force in (KENT, OTHER):
        folder = tmp_path / force
        folder.mkdir()
        (folder / "review.yaml").write_text(REVIEW.format(f"begun_{force}"), "utf-8")
        (folder / "words.yaml").write_text(VOCABULARY, "utf-8")
        books[force] = load(folder)
    for force, book in books.items():
        with Register.open(url, rulebook=book, clock=clock, force=force) as register:
            register.add(f"{force}-R", category="review", force=force, issued=START, actor=reviewer)
    for force, book in books.items():
        with Register.open(url, rulebook=book, clock=clock, force=force) as register:
            names = [key for key in register.store.lifecycles() if key[0] == "local-review"]
            assert [digest for *_, digest in names] == [
                register.record(f"{force}-R").lifecycle.digest
            ]
            register.fire(f"{force}-R", "finish", actor=reviewer, on=START)
    with Register.open(url, clock=clock) as whole:
        assert whole.verify() == ()
        lines = list(whole.export())
    assert list(verify_export(lines)) == []
