"""Tick: what is due happens by itself, once, dated the tick's day."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import Conflict, InvalidRequest
from peelflow.model.records import PEELFLOW, TransitionTaken
from peelflow.register.register import Register
from peelflow.register.session import Session
from peelflow.register.timers import TICKED_AT_ONCE, PendingTimer, TickResult, tick
from peelflow.rulebook.national import load
from tests.builders.force import clock
from tests.builders.rules import (
    CASE_LEAD,
    CASE_LIFECYCLE,
    CASE_VOCABULARY,
    add_case,
    timed_cases,
)

ISSUED = date(2023, 1, 2)
DUE = ISSUED + timedelta(28)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    """Give an empty register under rules that time moves."""
    with timed_cases(tmp_path) as made:
        yield made


def test_what_is_due_happens_on_the_ticks_day_and_keeps_the_day_it_fell_due(
    register: Register,
) -> None:
    """And what follows by itself is of the same batch, in the figures too."""
    add_case(register, "C-1", ISSUED)
    late = DUE + timedelta(3)
    (event,) = register.tick(on=late).fired
    assert isinstance(event.what, TransitionTaken)
    assert (event.on, event.what.due, event.actor) == (late, DUE, PEELFLOW)
    assert register.record("C-1").state == "filed"
    assert register.figures(ledger="force", as_at=late).closed == 1


def test_what_a_tick_did_says_its_day(register: Register) -> None:
    """Where something happened as where nothing did."""
    add_case(register, "C-1", ISSUED)
    assert [register.tick(on=DUE).on for _ in range(2)] == [DUE, DUE]


def test_nothing_happens_a_day_early(register: Register) -> None:
    """28 days after entry is the first day."""
    add_case(register, "C-1", ISSUED)
    assert register.tick(on=DUE - timedelta(1)) == TickResult(DUE - timedelta(1))
    assert len(register.tick(on=DUE).fired) == 1


def test_a_second_tick_finds_nothing_left(register: Register) -> None:
    """Each entry of a state fires once."""
    add_case(register, "C-1", ISSUED)
    register.tick(on=DUE)
    assert register.tick(on=DUE) == TickResult(DUE)


def test_what_still_needs_something_is_left_and_says_what(register: Register) -> None:
    """It is tried again by the next tick."""
    add_case(register, "C-1", ISSUED, published=ISSUED)
    register.fire("C-1", "hold", actor=CASE_LEAD, on=ISSUED)
    day = ISSUED + timedelta(7)
    (left,) = register.tick(on=day).pending
    assert (left.record, left.trigger, left.due) == ("C-1", "resume", day)
    assert "the field `owner` is not set" in left.why
    assert isinstance(left, PendingTimer)
    register.amend("C-1", "owner", "lead", actor=CASE_LEAD, on=day, reason="named")
    assert len(register.tick(on=day).fired) == 1


def test_a_refused_step_leaves_nothing_of_itself(register: Register) -> None:
    """A case does not lapse while what follows would close it over an open child."""
    add_case(register, "C-1", ISSUED)
    add_case(register, "C-2", ISSUED, parent="C-1")
    register.fire("C-2", "hold", actor=CASE_LEAD, on=ISSUED)
    add_case(register, "C-3", ISSUED)
    done = register.tick(on=DUE)
    assert [(left.record, left.trigger) for left in done.pending] == [("C-1", "lapse")]
    assert [event.record for event in done.fired] == ["C-3"]
    assert register.record("C-1").state == "waiting"


def test_what_is_due_of_the_state_it_enters_happens_too(register: Register) -> None:
    """A state that is entered on a tick counts its days from then."""
    add_case(register, "C-1", ISSUED, published=ISSUED, owner="lead")
    register.fire("C-1", "hold", actor=CASE_LEAD, on=ISSUED)
    register.tick(on=ISSUED + timedelta(100))
    assert register.record("C-1").state == "waiting"
    register.tick(on=ISSUED + timedelta(128))
    assert register.record("C-1").state == "filed"


def test_without_a_publication_nothing_counted_from_it_is_due(register: Register) -> None:
    """A date that nobody gave is not guessed."""
    add_case(register, "C-1", ISSUED, owner="lead")
    register.fire("C-1", "hold", actor=CASE_LEAD, on=ISSUED)
    assert register.tick(on=ISSUED + timedelta(900)) == TickResult(ISSUED + timedelta(900))


def test_a_tick_before_a_records_last_event_leaves_it(register: Register) -> None:
    """Nothing is dated before what happened already."""
    add_case(register, "C-1", ISSUED, published=ISSUED)
    register.amend(
        "C-1", "owner", "lead", actor=CASE_LEAD, on=DUE + timedelta(9), reason="named at last"
    )
    assert register.tick(on=DUE) == TickResult(DUE)


def test_a_tick_in_the_future_is_refused(register: Register) -> None:
    """Time acts when it has come."""
    with pytest.raises(InvalidRequest, match=r"the tick: the date 2999-01-01: lies in the future"):
        register.tick(on=date(2999, 1, 1))


def test_more_records_than_a_batch_holds_all_fire(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, none twice."""
    for number in range(TICKED_AT_ONCE + 3):
        add_case(register, f"C-{number}", ISSUED)
    spy = Mock(wraps=register.store.append)
    monkeypatch.setattr(register.store, "append", spy)
    assert len(register.tick(on=DUE).fired) == TICKED_AT_ONCE + 3
    assert [len(call.args[0].records) for call in spy.call_args_list] == [TICKED_AT_ONCE, 3]


def test_the_records_of_a_batch_are_read_at_once(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are."""
    for number in range(5):
        add_case(register, f"C-{number}", ISSUED)
    spy = Mock(wraps=register.store.read)
    monkeypatch.setattr(register.store, "read", spy)
    assert len(register.tick(on=DUE).fired) == 5
    assert spy.call_count == 1


def test_a_record_that_somebody_moves_meanwhile_is_passed_over(register: Register) -> None:
    """The others of its batch are taken all the same."""
    for record in ("C-1", "C-2"):
        add_case(register, record, ISSUED)
    sessions = 0

    def disturbed() -> Session:
        nonlocal sessions
        sessions += 1
        session = register.session()
        if sessions in (2, 3):
            session.get("C-1")
            register.amend(
                "C-1", "owner", f"lead-{sessions}", actor=CASE_LEAD, on=ISSUED, reason="busy"
            )
        return session

    done = tick(disturbed, DUE)
    assert done.passed_over == ("C-1",)
    assert [event.record for event in done.fired] == ["C-2"]
    assert len(register.tick(on=DUE).fired) == 1


def test_a_lost_transaction_of_the_application_is_its_own_to_roll_back(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot go on, so nothing is passed over."""
    add_case(register, "C-1", ISSUED)

    def lost(_: object) -> None:
        raise Conflict("C-1", expected=1, found=2, transaction_lost=True)

    monkeypatch.setattr(register.store, "append", lost)
    with pytest.raises(Conflict):
        register.tick(on=DUE)


def ticked(url: str) -> int:
    """Tick as a worker of its own, with rule files of its own; return how many it fired."""
    with TemporaryDirectory() as folder, timed_cases(Path(folder), url) as register:
        return len(register.tick(on=DUE).fired)


def each_fired_once(register: Register, names: list[str]) -> bool:
    """Whether each record lapsed exactly once."""
    triggers = [
        [
            event.what.trigger
            for event in register.history(name)
            if isinstance(event.what, TransitionTaken)
        ]
        for name in names
    ]
    return triggers == [["lapse", "file"]] * len(names)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 12), st.integers(2, 4))
def test_several_threads_fire_each_once(records: int, workers: int) -> None:
    """However many tick at a time, in one process."""
    with TemporaryDirectory() as folder, timed_cases(Path(folder)) as register:
        names = [f"C-{number}" for number in range(records)]
        for name in names:
            add_case(register, name, ISSUED)
        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(lambda _: register.tick(on=DUE), range(workers)))
        left = register.tick(on=DUE)
        assert sum(len(each.fired) for each in [*done, left]) == records
        assert each_fired_once(register, names)


def test_two_processes_on_one_file_fire_each_once(tmp_path: Path) -> None:
    """Whoever comes second finds nothing due, or passes over."""
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    names = [f"C-{number}" for number in range(30)]
    with timed_cases(tmp_path, url) as register:
        for name in names:
            add_case(register, name, ISSUED)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            fired = list(pool.map(ticked, [url] * 2))
        fired.append(len(register.tick(on=DUE).fired))
        assert sum(fired) == len(names)
        assert each_fired_once(register, names)


REMINDER = """
      remind: {to: held, by: [system], after: {days: 3, since: published}}
      nag: {to: held, by: [system], after: {days: 5}}
      let_go: {to: waiting, by: [lead]}
"""


def test_a_reminder_happens_once_for_each_time_its_state_is_entered(tmp_path: Path) -> None:
    """A timed step that stays in its state would be due for ever: it is done once an entry."""
    text = CASE_LIFECYCLE.replace("  lapsed:\n", f"{REMINDER.lstrip(chr(10))}  lapsed:\n", 1)
    text = text.replace("        requires: [{field: owner}]\n", "        requires: [reason]\n")
    (tmp_path / "vocabulary.yaml").write_text(CASE_VOCABULARY, "utf-8")
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    rules = load(tmp_path / "vocabulary.yaml", tmp_path / "case.yaml")
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        add_case(register, "C-1", ISSUED, published=str(ISSUED))
        register.fire("C-1", "hold", actor=CASE_LEAD, on=ISSUED)

        def reminded(days: int) -> list[str]:
            fired = register.tick(on=ISSUED + timedelta(days)).fired
            return [event.what.trigger for event in fired]  # type: ignore[union-attr]

        assert reminded(2) == []
        assert reminded(3) == ["remind"]
        assert reminded(4) == []
        assert reminded(20) == ["nag"]
        assert reminded(40) == []
        assert register.record("C-1").state == "held"
        for trigger in ("let_go", "hold"):
            register.fire("C-1", trigger, actor=CASE_LEAD, on=ISSUED + timedelta(40))
        assert reminded(41) == ["remind"]
        assert reminded(42) == []
