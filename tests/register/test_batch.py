"""Each verb stands once, on a batch; a register has it as a batch of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from peelflow import Actor, Register
from peelflow.errors import InvalidRequest
from peelflow.model.records import Provenance
from peelflow.register.batch import Batch
from peelflow.register.session import Session
from tests.builders.rules import REVIEW_PLAN, reviews

VERBS = (
    *("add", "take_over", "fire", "fire_many", "attach"),
    *("amend", "appoint", "correct", "relevel", "why"),
)
LIAISON = Actor("liaison-officer", "liaison_officer")
NOW = datetime(2023, 3, 26, 23, 30, tzinfo=UTC)
IN_LONDON = date(2023, 3, 27)  # summer time began that morning
ADDED: Mapping[str, Any] = {
    "category": "recommendation",
    "level": 2,
    "force": "west-midlands",
    "issued": date(2022, 12, 16),
    "fields": {"owner": "lead-3", "question": "7.2"},
    "actor": Actor("hmicfrs-portal", "hmicfrs"),
    "recorded_by": LIAISON.person,
    "source": "portal 16/12/2022",
}


@pytest.fixture
def register() -> Register:
    """Return a register with one record, shortly before midnight UTC."""
    made = Register.open("memory:", clock=lambda: NOW)
    made.add("WMP-1", **ADDED)
    return made


@pytest.mark.parametrize("verb", VERBS)
def test_a_register_has_the_batch_s_verb(verb: str) -> None:
    """Its name, its arguments, their types and its words are the batch's."""
    ours, batch_s = getattr(Register, verb), getattr(Batch, verb)
    assert list(inspect.signature(ours).parameters.values()) == list(
        inspect.signature(batch_s).parameters.values()
    )
    assert ours.__name__ == verb
    assert ours.__qualname__ == f"Register.{verb}"
    assert inspect.getdoc(ours) == inspect.getdoc(batch_s)
    assert get_type_hints(ours) == get_type_hints(batch_s)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_each_argument_means(verb: str) -> None:
    """Every one of them stands among its Args."""
    described = inspect.getdoc(getattr(Batch, verb)) or ""
    for name in list(inspect.signature(getattr(Batch, verb)).parameters)[1:]:
        assert f"\n    {name}: " in described, name


def test_why_has_the_arguments_of_fire_and_returns_a_refusal() -> None:
    """Its own words come first."""
    assert inspect.signature(Register.why).return_annotation == "Refusal | None"
    assert inspect.signature(Register.fire).return_annotation == "Event"
    assert (inspect.getdoc(Register.why) or "").startswith("Return every reason why `fire` would")


def test_a_day_left_out_is_today_in_london(register: Register) -> None:
    """Summer time: it is past midnight there."""
    assert register.fire("WMP-1", "start", actor=LIAISON).on == IN_LONDON
    amended = register.amend("WMP-1", "owner", "lead-4", actor=LIAISON, reason="moved")
    assert amended.on == IN_LONDON
    letter = register.keep(b"letter", kind="letter", name="letter.txt")
    assert register.attach("WMP-1", letter, actor=LIAISON).on == IN_LONDON
    said: dict[str, Any] = {"actor": LIAISON, "reason": "a mistake"}
    assert register.correct("WMP-1", amended.number, correction="void", **said).on == IN_LONDON
    assert register.tick().on == IN_LONDON
    given = {**ADDED, "actor": LIAISON, "reason": "from a list", "state": "in_progress"}
    assert register.take_over("WMP-2", **given).on == IN_LONDON


def test_a_migration_s_day_left_out_is_today(tmp_path: Path) -> None:
    """So is its undoing's, and a preview's."""
    here = reviews(tmp_path)
    record = here.add()
    today = here.register.session().today
    assert here.register.preview(REVIEW_PLAN).affected == 1
    said: dict[str, Any] = {"actor": LIAISON, "reason": "new rules"}
    assert here.register.migrate(REVIEW_PLAN, **said).moved == 1
    assert here.register.unmigrate(REVIEW_PLAN, **said).moved == 1
    assert [event.on for event in here.register.history(record)[1:]] == [today, today]


def test_a_trial_takes_the_actor_for_who_types_it(register: Register) -> None:
    """Who decided, when and why are one value."""
    with register.trial() as batch:
        assert batch.provenance(LIAISON, None, None, None, None) == Provenance(
            LIAISON, IN_LONDON, recorded_by=LIAISON.person
        )


def test_a_dry_run_writes_nothing(register: Register) -> None:
    """Whether the act may be done or not; nor does it take up its key."""
    before = register.position()
    assert register.why("WMP-1", "start", actor=LIAISON, key="k") is None
    refusal = register.why("WMP-1", "close", actor=LIAISON)
    assert refusal is not None
    assert refusal.trigger == "close"
    assert register.position() == before
    assert register.record("WMP-1").state == "open"


def test_a_batch_s_dry_run_sees_what_the_batch_did_and_leaves_it(register: Register) -> None:
    """It is judged behind the batch's own acts, and forgotten."""
    with register.batch() as batch:
        assert batch.why("WMP-1", "start", actor=LIAISON) is None
        batch.fire("WMP-1", "start", actor=LIAISON)
        assert batch.why("WMP-1", "start", actor=LIAISON) is not None
        assert batch.event_count == 1
    assert len(register.history("WMP-1")) == 2


def test_a_trial_forgets_its_documents_too(register: Register) -> None:
    """What is kept in it, the batch around it does not keep."""
    with register.batch() as batch:
        with batch.trial() as tried:
            letter = tried.keep(b"letter", kind="letter", name="letter.txt")
            tried.attach("WMP-1", letter, actor=LIAISON)
        assert not batch.session.has_document(letter.digest)
        batch.fire("WMP-1", "start", actor=LIAISON)
    assert [event.number for event in register.history("WMP-1")] == [1, 2]


def test_a_trial_forgets_its_rules_too(register: Register) -> None:
    """The store is not given rules that no kept record runs under."""
    before = register.store.lifecycles()
    with register.batch() as batch:
        with batch.trial() as tried:
            tried.add("WMP-2", **{**ADDED, "level": 4})
        batch.fire("WMP-1", "start", actor=LIAISON)
    assert register.store.lifecycles() == before


def test_who_types_a_dry_run_need_not_be_said(register: Register) -> None:
    """HMICFRS does not log in, and may ask all the same."""
    hmicfrs = Actor("hmicfrs", "hmicfrs")
    said: dict[str, Any] = {"actor": hmicfrs, "source": "letter", "reason": "agreed"}
    assert register.why("WMP-1", "start", **said) is not None
    with pytest.raises(InvalidRequest, match="does not say who recorded it"):
        register.fire("WMP-1", "start", **said)


def test_a_refused_verb_leaves_its_register_s_session_unsaved(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is committed where a verb raises."""
    monkeypatch.setattr(Session, "commit", lambda _: pytest.fail("committed"))
    with pytest.raises(InvalidRequest):
        register.add("WMP-1", **ADDED)


def test_a_batch_reads_what_it_did(register: Register) -> None:
    """A record, and its history, as they stand in it."""
    with register.batch() as batch:
        batch.fire("WMP-1", "start", actor=LIAISON)
        assert batch.record("WMP-1").state == "in_progress"
        assert [event.number for event in batch.history("WMP-1")] == [1, 2]


@pytest.mark.parametrize("wrong", [None, 3, b"R-1", []])
def test_what_is_no_id_is_refused_and_leaves_no_trace(register: Register, wrong: Any) -> None:
    """A batch that asked for it is kept all the same: the store is not asked of it at the end."""
    with register.batch() as batch:
        for asked in (batch.record, batch.history):
            with pytest.raises(InvalidRequest, match="is no text"):
                asked(wrong)
        batch.add("WMP-2", **ADDED)
    assert [record.id for record in register.records()] == ["WMP-1", "WMP-2"]
