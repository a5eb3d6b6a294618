"""A record that was taken over stays assumed until a step by the rules leads it elsewhere.

Held on walks under a force's own rules, whose own steps, and steps that lead back to where they
start, show nobody how the record came to stand so: in every store, on any day and at any position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peelflow import Actor, Register, Rulebook, load
from peelflow.engine.fold import as_corrected, fold, is_assumed
from peelflow.errors import PeelflowError
from peelflow.model.records import Event, Record, TakenOver, TransitionTaken
from peelflow.stores import totals as totals_module
from peelflow.stores.base import TotalLine
from peelflow.stores.opening import open_store
from peelflow.stores.sqlite import SqliteStore
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.builders.own import Plain, write_own
from tests.stores.conftest import url_of
from tests.stores.test_assumed import assumed_of

EXAMPLES = Path(__file__).parents[2] / "examples/custom_rules"
KENT = "kent"
LEAD, COMMITTEE = Actor("lead", "lead"), Actor("committee", "audit_committee")
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}
BEGUN = ("closed", "in_progress", "with_committee", "discharged", "open")
STORES = ("memory", "sqlite", "sql-sqlite", "postgresql")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rules of a force whose lessons are noted once a record is closed.

    What HMICFRS inspected further at level 4 stands in a state of its own, in progress too.
    """
    folder = tmp_path_factory.mktemp("own")
    write_own(folder, "level-4", change=_keep_inspected_apart)
    return load(EXAMPLES / "committee_review", folder)


def _keep_inspected_apart(own: Plain) -> None:
    inspected = deepcopy(own["states"]["in_progress"])
    own["states"]["inspected"] = {**inspected, "stands_for": "in_progress"}
    own["states"]["in_progress"]["transitions"]["inspect_further"]["to"] = "inspected"


@pytest.fixture(autouse=True)
def at_any_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the sums however much lies behind them."""
    monkeypatch.setattr(totals_module, "WORTH", 0)


def take(register: Register, name: str, on: date, state: str = "closed", **more: Any) -> None:
    """Take a record over."""
    told = {"category": "recommendation", "level": 2, "fields": {"owner": "lead"}, **SAID, **more}
    issued = START + timedelta(900)
    register.take_over(name, state=state, force=KENT, on=on, issued=issued, reason="so", **told)


def note_lessons(register: Register, name: str, on: date, _: int = 0) -> None:
    """Take the step that leads back to where it starts."""
    register.fire(name, "note_lessons", actor=LEAD, reason="learnt", on=on)


def reopen(register: Register, name: str, on: date, _: int = 0) -> None:
    """Take a step to another national state."""
    register.fire(name, "reopen", reason="not done", on=on, **SAID)


def inspect(register: Register, name: str, on: date, _: int = 0) -> None:
    """Have HMICFRS inspect further, which leads from one own state of a national one to another."""
    days: Any = {"kind": "planned", "first_day": on, "last_day": on, "questions": ["7"]}
    said: Any = {"category": "inspection", "fields": days, **SAID}
    register.add(f"I-{register.store.position()}", force=KENT, issued=on, **said)
    held = [each.id for each in register.records(category="inspection")][-1]
    register.fire(name, "inspect_further", reason="more to do", inspection=held, on=on, **SAID)


def _correct(register: Register, name: str, number: int, **more: Any) -> None:
    history = register.history(name)
    number = max(min(2, len(history)), len(history) - number)
    by = SAID if history[number - 1].actor == HMICFRS else {"actor": LIAISON}
    register.correct(name, number, reason="misread", **{**by, **more})


STEPS: tuple[Callable[[Register, str, date, int], object], ...] = (
    lambda r, name, on, n: take(r, name, on, BEGUN[n % len(BEGUN)]),
    note_lessons,
    reopen,
    lambda r, name, on, _: r.fire(name, "hand_in", actor=LEAD, on=on),
    lambda r, name, on, _: r.fire(name, "review", actor=COMMITTEE, reason="read", on=on),
    lambda r, name, on, _: r.fire(name, "discharge", reason="overtaken", on=on, **SAID),
    lambda r, _name, on, _: r.tick(on=on),
    lambda r, name, on, n: r.relevel(
        name, plan=("level-2-to-3", "level-2-to-4", "level-2-to-1", "level-3-to-4")[n % 4],
        on=on, reason="graded anew", **SAID,
    ),
    lambda r, name, on, n: _correct(r, name, n, correction="void", on=on),
    lambda r, name, on, n: _correct(
        r, name, n, correction="redate", on=on, to=on - timedelta(3 * n)
    ),
    lambda r, name, on, n: r.correct(
        name, 1, correction="reenter", on=on, reason="misread",
        entry={"state": BEGUN[n % len(BEGUN)]}, **SAID,
    ),
    lambda r, name, on, n: r.note(name, "so", actor=LIAISON, on=on - timedelta(n)),
    lambda r, *_: r.store.position(),  # on a server, it places what waits
    lambda r, name, on, n: take(r, name, on, ("in_progress", "inspected")[n % 2], level=4),
    inspect,
    lambda r, name, on, _: r.fire(name, "support", reason="so", on=on, **SAID),
)  # fmt: skip
_step = st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 40), st.integers(0, 4))


def live(register: Register, steps: list[Any], begun: date) -> date:
    """Do what the rules allow of some steps, day after day, and return the last day."""
    day = begun
    for step, place, later, number in steps:
        day += timedelta(later)
        with suppress(PeelflowError):
            step(register, f"R-{place}", day, number)
    return day


def nobody_saw_it(register: Register, events: tuple[Event, ...]) -> bool:
    """Return whether nothing that stands of a record's events led it to another national state.

    Told by the rules themselves, step by step: an independent reading of what `is_assumed` means.
    """
    if not events or not isinstance(events[0].what, TakenOver):
        return False
    record: Record | None = None
    for place, event in enumerate(events, 1):
        what = event.what
        if record is not None and isinstance(what, TransitionTaken):
            rules = register.lifecycle(record.lifecycle)
            if rules.stands_for(what.old) != rules.stands_for(what.new):
                return False
        record = fold(events[:place])
    return True


def assumed_by_rules(register: Register, on: date | None, known: int | None) -> Counter[TotalLine]:
    """Return how many are assumed of each line: each history as it was known, read by its rules."""
    histories: dict[str, list[Event]] = {}
    for item in register.feed():
        if known is None or item.position <= known:
            histories.setdefault(item.entry.event.record, []).append(item.entry.event)
    sums = Counter[TotalLine]()
    for history in histories.values():
        stands = as_corrected(history)
        first = stands[0].on if stands else date.max
        # A note may be of a day before the record was there.
        events = tuple(event for event in stands if on is None or event.on <= on)
        if (on is not None and first > on) or not nobody_saw_it(register, events):
            continue
        record = fold(events)
        for ledger, counts in register.counts(record).items():
            sums[record.force, record.category, record.level, ledger, counts] += 1
    return sums


def check(register: Register, days: list[date | None], positions: list[int | None]) -> None:
    """Hold the store's totals, and each record, to what the rules say."""
    for on in days:
        for known in positions:
            expected = assumed_by_rules(register, on, known)
            found = assumed_of(register.store.totals(as_at=on, known=known))
            assert (on, known, found) == (on, known, expected)
    for record in register.records():
        history = register.history(record.id)
        stands = as_corrected(history)
        assert (record.id, is_assumed(record)) == (record.id, nobody_saw_it(register, stands))
        assert record == fold(history) == register.record(record.id)
    assert register.verify() == ()


def check_life(register: Register, before: list[Any], after: list[Any]) -> None:
    """Live, keep sums where the store does, live on, and hold all to the rules."""
    begun = START + timedelta(900)
    day = live(register, [*((STEPS[0], place, place, place) for place in range(3)), *before], begun)
    store: Any = register.store
    if hasattr(store, "keep_sums"):
        store.keep_sums()
    last = store.position()
    end = live(register, after, day)
    days = [begun + timedelta((end - begun).days * part // 3) for part in range(4)]
    check(register, [None, *days], [None, last // 2 + 1, last])


OWN = [(1, 0, 3, 0), (3, 1, 2, 0), (4, 2, 2, 0), (1, 0, 9, 0), (9, 0, 4, 0), (6, 0, 30, 0)]
"""The force's own steps, one of them re-dated, and time's."""
MOVED = [(7, 0, 3, 0), (11, 0, 2, 4), (5, 1, 2, 0), (7, 1, 5, 1), (8, 0, 3, 1), (7, 0, 2, 3)]
"""Moves to other levels, of what was discharged here too; one is voided, and made otherwise."""
CHANGED = [(2, 0, 3, 0), (10, 2, 2, 3), (8, 0, 2, 0), (2, 2, 4, 0), (12, 0, 0, 0), (1, 0, 5, 0)]
"""Steps to other national states, one of them voided, and a record that is entered anew."""
APART = [(13, 3, 3, 0), (13, 4, 1, 1), (14, 3, 2, 0), (14, 4, 2, 0), (14, 3, 4, 0), (15, 4, 2, 0)]
"""What HMICFRS inspected further, between own states of one national state, and then supported."""
LIVES = [
    [(STEPS[step], *more) for step, *more in life]
    for life in (OWN + MOVED, CHANGED + OWN, MOVED + CHANGED, OWN + APART, APART + CHANGED)
]


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("place", range(len(LIVES)))
def test_every_store_tells_what_the_rules_do(
    kind: str, place: int, rules: Rulebook, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """18: with sums, and with none."""
    with closing(open_store(url_of(kind, request, tmp_path))) as store:
        register = Register(store, rulebook=rules, clock=clock)
        check_life(register, LIVES[place], LIVES[place - 1])


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(before=st.lists(_step, min_size=1, max_size=15), after=st.lists(_step, max_size=10))
def test_whatever_happens_the_rules_tell_it(
    before: list[Any], after: list[Any], rules: Rulebook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """18: own steps, steps that lead back, moves to other levels, and corrections of all that."""
    store = SqliteStore(tmp_path_factory.mktemp("walks") / "register.db")
    store._run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
    with Register(store, rulebook=rules, clock=clock) as register:
        check_life(register, before, after)


DAY = START + timedelta(901)


@pytest.mark.parametrize("kind", STORES)
def test_a_step_back_to_where_it_starts_shows_nothing(
    kind: str, rules: Rulebook, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """18: the record stays assumed, until it is re-opened; an export brings the same figures."""
    with closing(open_store(url_of(kind, request, tmp_path))) as store:
        register = Register(store, rulebook=rules, clock=clock)
        take(register, "R", DAY)
        note_lessons(register, "R", DAY + timedelta(1))
        note_lessons(register, "R", DAY + timedelta(2))
        assert register.figures().assumed == register.figures(force=KENT).assumed == 1
        assert is_assumed(register.record("R"))
        assert register.record("R").entered["closed"].number == 3

        with Register.open("memory:", rulebook=rules, clock=clock) as other:
            (tmp_path / "export.jsonl").write_text("\n".join([*register.export(), ""]), "utf-8")
            other.restore(tmp_path / "export.jsonl")
            assert other.figures() == register.figures()
        reopen(register, "R", DAY + timedelta(3))
        assert register.figures().assumed == 0
        assert register.figures(as_at=DAY + timedelta(2)).assumed == 1
        register.correct("R", 4, correction="void", on=DAY + timedelta(4), reason="misread", **SAID)
        assert register.figures().assumed == 1
        assert register.figures(known=4).assumed == 0
        assert register.verify() == ()


@pytest.mark.parametrize("plan", ["level-2-to-3", "level-2-to-4"])
def test_another_level_shows_nothing(plan: str, rules: Rulebook) -> None:
    """18: nobody saw how a record was closed because it is given another level."""
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        take(register, "R", DAY)
        note_lessons(register, "R", DAY + timedelta(1))
        register.relevel("R", plan=plan, on=DAY + timedelta(2), reason="graded anew", **SAID)
        moved = register.record("R")
        assert (moved.state, is_assumed(moved)) == ("closed", True)
        take(register, "S", DAY, "in_progress")
        register.fire("S", "discharge", reason="overtaken", on=DAY + timedelta(1), **SAID)
        register.relevel("S", plan=plan, on=DAY + timedelta(2), reason="graded anew", **SAID)
        assert not is_assumed(register.record("S"))
        assert register.figures().assumed == 1


def test_what_level_1_archives_was_seen(rules: Rulebook) -> None:
    """18: the system archives what was open; what was closed already is archived as it stood."""
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        for name, state in (("OPEN", "in_progress"), ("CLOSED", "closed")):
            take(register, name, DAY, state)
            register.relevel(
                name, plan="level-2-to-1", on=DAY + timedelta(2), reason="graded anew", **SAID
            )
            assert register.record(name).state == "archived"
        assert [is_assumed(register.record(name)) for name in ("OPEN", "CLOSED")] == [False, True]


def test_hmicfrs_rescinds_a_part_of_what_it_did_not_see(rules: Rulebook) -> None:
    """18: its step leads back to where it starts, too."""
    with Register.open("memory:", rulebook=rules, clock=clock) as register:
        take(register, "C", DAY, "open", category="cause_of_concern", level=None)
        register.fire("C", "rescind_part", reason="a part", on=DAY + timedelta(1), **SAID)
        assert is_assumed(register.record("C"))
        register.fire("C", "start", actor=LEAD, on=DAY + timedelta(2))
        assert not is_assumed(register.record("C"))


@pytest.mark.parametrize("kind", STORES)
def test_a_step_between_own_states_of_a_national_one_shows_nothing(
    kind: str, rules: Rulebook, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """18: though it is HMICFRS's own, and a window begins with it; the event itself says so."""
    with closing(open_store(url_of(kind, request, tmp_path))) as store:
        register = Register(store, rulebook=rules, clock=clock)
        take(register, "R", DAY, "in_progress", level=4)
        inspect(register, "R", DAY + timedelta(1))
        inspect(register, "R", DAY + timedelta(2))
        assert [event.what.stays for event in register.history("R")[1:]] == [True, True]  # type: ignore[union-attr]
        assert is_assumed(register.record("R"))
        assert register.record("R").window.number == 3
        assert register.figures().assumed == register.figures(force=KENT).assumed == 1
        register.fire("R", "support", reason="so", on=DAY + timedelta(3), **SAID)
        assert not is_assumed(register.record("R"))
        assert [register.figures(known=known).assumed for known in (1, 3, 5, 6)] == [1, 1, 1, 0]
        assert register.verify() == ()
