"""Sums kept month by month give the figures that all changes do, and verify recounts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event

from peelflow import Joint, Register, national
from peelflow.engine.fold import assumed_changes, assumed_days
from peelflow.errors import PeelflowError, StoreUnavailable
from peelflow.model.records import Corrected, Noted, TakenOver
from peelflow.stores import totals as totals_module
from peelflow.stores.base import LedgerTotal
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.opening import open_store, upgrade_store
from peelflow.stores.sqlite import SqliteStore
from peelflow.stores.sums import TOLD
from peelflow.stores.totals import checkpoint_of
from peelflow.testing.samples import ADDED, DAY, PIN, append_next, change
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.builders.stores import folded
from tests.stores.conftest import url_of

KENT, ESSEX = "kent", "essex"
FORCES = (None, KENT, ESSEX)
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}
NOTED = Noted("so")
LATER = DAY + timedelta(40)
SUMMED = ("sqlite", "sql-sqlite", "postgresql")


@pytest.fixture(params=SUMMED)
def summed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Give an empty store of each kind that keeps sums."""
    with closing(open_store(url_of(request.param, request, tmp_path))) as store:
        yield store


@pytest.fixture(autouse=True)
def at_any_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the sums however much lies behind them."""
    monkeypatch.setattr(totals_module, "WORTH", 0)


def scanned(store: Any, **asked: Any) -> list[LedgerTotal]:
    """Return the totals of all changes, added up."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "_has_sums", lambda: False)
        return list(store.totals(**asked))


def _add(register: Register, name: str, on: date, force: str, level: int) -> None:
    said = {"category": "recommendation", "level": level, "fields": {"owner": "lead"}, **SAID}
    register.add(name, force=force, issued=on, **said)


def _take(register: Register, name: str, on: date, force: str, state: str) -> None:
    said = {"category": "recommendation", "level": 3, "fields": {"owner": "lead"}, **SAID}
    register.take_over(name, state=state, force=force, issued=on, on=on, reason="so", **said)


def _correct(register: Register, name: str, number: int, **more: Any) -> None:
    number = max(1, register.record(name).number - number)
    by = SAID if number == 1 or number % 2 else {"actor": LIAISON}
    register.correct(name, number, reason="misread", **{**by, **more})


STEPS: tuple[Callable[[Register, str, date, int], object], ...] = (
    lambda r, name, on, n: _add(r, name, on, (KENT, ESSEX)[n % 2], 2 + n % 3),
    lambda r, name, on, n: _take(r, name, on, (KENT, ESSEX)[n % 2], ("open", "closed")[n // 2 % 2]),
    lambda r, name, on, _: r.fire(name, "start", actor=LIAISON, on=on),
    lambda r, name, on, _: r.fire(name, "discharge", on=on, reason="overtaken", **SAID),
    lambda r, name, on, _: r.fire(name, "reopen", on=on, reason="not done", **SAID),
    lambda r, name, on, _: r.amend(name, "owner", "me", actor=LIAISON, on=on, reason="mine"),
    lambda r, name, on, n: r.note(name, "so", actor=LIAISON, on=on - timedelta(n)),
    lambda r, name, on, n: _correct(r, name, n, correction="void", on=on),
    lambda r, name, on, n: _correct(
        r, name, n, correction="redate", on=on, to=on - timedelta(9 * n)
    ),
    lambda r, name, on, n: _correct(
        r, name, 9**9, correction="reenter", on=on, entry={"force": (KENT, ESSEX)[n % 2]}
    ),
    lambda r, name, on, _: r.make_joint(
        name, Joint((ESSEX,)), on=on, reason="one unit", actor=LIAISON
    ),
    lambda r, name, on, n: r.relevel(
        name, plan=("level-3-to-2", "level-2-to-3")[n % 2], on=on, reason="r", **SAID
    ),
    lambda r, *_: r.store.position(),  # on a server, it places what waits
)
_step = st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.integers(0, 20), st.integers(0, 3))


def live(register: Register, steps: list[Any], begun: date = START) -> date:
    """Do what the rules allow of some steps, day after day, and return the last day."""
    day = begun
    for step, place, later, number in steps:
        day += timedelta(later)
        with suppress(PeelflowError):
            step(register, f"R-{place}", day, number)
    return day


def check(store: Any, days: list[date | None], positions: list[int | None]) -> None:
    """Hold the totals by the sums to those of all changes."""
    for as_at in days:
        for known in positions:
            for force in FORCES:
                asked: dict[str, Any] = {"as_at": as_at, "force": force, "known": known}
                totals = list(store.totals(**asked))
                assert (asked, totals) == (asked, scanned(store, **asked))
                assert totals == store._totals_of_sums(as_at, force, known)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(before=st.lists(_step, min_size=1, max_size=25), after=st.lists(_step, max_size=15))
def test_sums_give_what_all_changes_do(
    before: list[Any], after: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """S4: whatever happened before and since, of any day, position and force."""
    path = tmp_path_factory.mktemp("sums") / "register.db"
    store = SqliteStore(path)
    store._run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
    with Register(store, rulebook=national(), clock=clock) as register:
        check_life(register, before, after)


def execute(store: Any, sql: str) -> None:
    """Change a database behind its store's back; {0} stands before the names of tables."""
    if isinstance(store, SqliteStore):
        store._run(lambda connection: connection.execute(sql.format("")))
        return
    with store._engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(sql.format("peelflow_"))


def faults(store: Any) -> list[str]:
    """Return the sentence of everything that does not fit."""
    with store.snapshot() as snapshot:
        return [found.sentence for found in verify_snapshot(snapshot)]


def check_life(register: Register, before: list[Any], after: list[Any]) -> None:
    """Live, keep the sums, live on, and hold each total to that of all changes."""
    store: Any = register.store
    begun = [(STEPS[1], 0, 0, 0), (STEPS[0], 1, 0, 0), (STEPS[1], 2, 3, 2)]
    day = live(register, [*begun, *before])
    last = store.keep_sums()
    assert last == store.position()
    end = live(register, after, day)
    span = (end - START).days + 2
    days = [START + timedelta(span * part // 4 - 1) for part in range(5)]
    positions = [last // 2 + 1, last, (last + store.position() + 1) // 2]
    check(store, [None, *days], [None, *positions])
    assert [list(store.totals(as_at=day)) for day in days] == [
        folded(store, as_at=day) for day in days
    ]
    assert faults(store) == []


LIVES = [
    [(STEPS[number % len(STEPS)], number % 3, 7 * (number % 4), number % 5) for number in numbers]
    for numbers in ([0, 1, 2, 14, 3, 17, 6, 33, 8, 4, 23, 10], range(26), range(26, 90, 3))
]


@pytest.mark.parametrize("place", range(len(LIVES)))
def test_every_store_does(summed: Any, place: int) -> None:
    """S4: also where events wait for their position."""
    register = Register(summed, rulebook=national(), clock=clock)
    check_life(register, LIVES[place], LIVES[place - 1])


@pytest.mark.parametrize("place", range(3))
def test_what_was_entered_anew_as_taken_over_is_assumed(summed: Any, place: int) -> None:
    """18: by a record's first event, or by what that was corrected to, before the sums or since."""
    taken = TakenOver("WMP", "recommendation", 3, PIN, "open", DAY)
    steps: tuple[Callable[[], object], ...] = (
        lambda: append_next(summed, "a", what=ADDED, changes=(change(),)),
        lambda: append_next(summed, "a", what=Corrected(1, "reenter", DAY, taken), assumed=True),
        lambda: append_next(summed, "a", what=NOTED, assumed=True, changes=(change(on=LATER),)),
        lambda: append_next(summed, "b", what=taken, assumed=True, changes=(change(),)),
    )
    for step in steps[: place + 1]:
        step()
    summed.keep_sums()
    for step in steps[place + 1 :]:
        step()
    assert [line.assumed for line in summed.totals(as_at=DAY)] == [2]
    check(summed, [None, DAY, LATER], [None, 1, 2, 3, 4])


def filled(store: Any) -> Register:
    """Fill a store with what happened in some months, and keep the sums of it."""
    register = Register(store, rulebook=national(), clock=clock)
    _take(register, "T-1", START, KENT, "closed")
    _take(register, "T-2", START, ESSEX, "open")
    _add(register, "A-1", START + timedelta(40), KENT, 3)
    register.fire("T-2", "start", actor=LIAISON, on=START + timedelta(70))
    store.keep_sums()
    return register


DAYS = [None, *(START + timedelta(days) for days in (0, 30, 50, 90))]
ROW = "'2021-02-03', 'kent', 'afi', NULL, 'portal', 'open', 1, 0"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE {0}sums SET total = total + 1 WHERE force = 'essex'", "not what the events"),
        (
            "UPDATE {0}sums SET assumed = 0",
            "1 and 1 assumed on '2021-01-04' of 'essex'",
        ),
        ("DELETE FROM {0}sums WHERE \"on\" = '2021-02'", "missing: 1 and 1 assumed on '2021-02'"),
        (
            "INSERT INTO {0}sums VALUES (" + ROW + ")",
            "not what the events come to: 1",
        ),
        ("UPDATE {0}sums SET level = NULL", "'recommendation', None, 'portal'"),
    ],
)
def test_a_row_that_is_not_its_events_is_found(summed: Any, change: str, told: str) -> None:
    """S10: one that was changed, that lacks, or that nobody kept."""
    filled(summed)
    assert faults(summed) == []
    execute(summed, change)

    assert told in " ".join(faults(summed))
    with summed.snapshot() as snapshot:
        assert {each.code for each in verify_snapshot(snapshot)} == {"sums-differ"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {0}checkpoint SET position = position + 100",
        "UPDATE {0}checkpoint SET position = position - 1",
        "UPDATE {0}checkpoint SET digest = 'another'",
        "INSERT INTO {0}checkpoint VALUES (1, 'another')",
        "DELETE FROM {0}checkpoint",
        "DELETE FROM {0}sums",
    ],
)
def test_sums_of_another_feed_are_told_and_not_used(summed: Any, change: str) -> None:
    """S10: figures are those of all changes then, until the sums are kept anew."""
    filled(summed)
    before = [list(summed.totals(as_at=day)) for day in DAYS]
    execute(summed, change)

    assert [list(summed.totals(as_at=day)) for day in DAYS] == before
    assert "sum" in " ".join(faults(summed))
    assert summed.keep_sums() == summed.position()
    assert faults(summed) == []


def test_many_rows_that_differ_are_told_in_part(summed: Any) -> None:
    """S10: one change of long ago stands in the sums of each month since."""
    for number in range(2 * TOLD):
        append_next(summed, f"R-{number}", changes=(change(force=f"force-{number}"),), what=ADDED)
    summed.keep_sums()
    execute(summed, "UPDATE {0}sums SET total = 7")

    told = [fault for fault in faults(summed) if "sum" in fault]
    assert len(told) == TOLD + 1
    assert told[-1] == f"{3 * TOLD} more sums of the figures are missing or not the events'"


def test_an_empty_register_has_no_sums(summed: Any) -> None:
    """S4: and is right without."""
    assert summed.keep_sums() == 0
    assert (list(summed.totals()), faults(summed)) == ([], [])


@pytest.mark.parametrize("gone", [("sums", "checkpoint"), ("sums",), ("checkpoint",)])
def test_a_register_of_before_goes_on(
    request: pytest.FixtureRequest, gone: tuple[str, ...], summed: Any
) -> None:
    """S12: a file takes the tables up as it is written to, a database when it is upgraded.

    One that lacks one of the two is no register of before, and that is told.
    """
    filled(summed)
    for table in gone:
        execute(summed, f"DROP TABLE {{0}}{table}")
    summed.close()
    url = summed.url if "sqlite" in summed.url else request.getfixturevalue("postgres")
    with closing(open_store(url)) as store:
        register = Register(store, rulebook=national(), clock=clock)
        assert sum(line.total for line in store.totals()) == 3
        assert (" is gone" in " ".join(faults(store))) is (len(gone) == 1)
        if isinstance(store, SqliteStore) and len(gone) == 1:
            with pytest.raises(StoreUnavailable, match="is gone; nothing was kept"):
                store.keep_sums()
            return
        if not isinstance(store, SqliteStore):
            with pytest.raises(StoreUnavailable, match="run: peelflow store upgrade"):
                store.keep_sums()  # type: ignore[attr-defined]
            upgrade_store(url)
        register.amend("A-1", "owner", "me", actor=LIAISON, on=START + timedelta(80), reason="r")
        assert sum(line.total for line in store.totals()) == 3
        assert faults(store) == []
        assert store.keep_sums() == store.position()  # type: ignore[attr-defined]
        check(store, list(DAYS), [None])
        assert faults(store) == []


def test_sums_that_are_kept_anew_meanwhile_are_not_mixed(
    summed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: where others replaced them between two questions, all changes are added up."""
    register = filled(summed)
    ask, checkpoint = summed._ask, summed._statements.totals.checkpoint

    def asking(sql: str, *more: Any) -> Any:
        found = ask(sql, *more)
        if sql == checkpoint:
            register.fire("T-1", "reopen", on=START + timedelta(99), reason="not done", **SAID)
            summed.keep_sums()
        return found

    monkeypatch.setattr(summed, "_ask", asking)
    totals = list(summed.totals())
    monkeypatch.setattr(summed, "_ask", ask)
    assert totals == list(summed.totals())
    assert sum(line.assumed for line in totals) == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sums SET total = 'x'",
        "UPDATE sums SET assumed = 'x'",
        "UPDATE sums SET force = x'00'",
        "UPDATE checkpoint SET position = 'x'",
    ],
)
def test_sums_that_cannot_be_read_are_told_and_not_used(file: SqliteStore, change: str) -> None:
    """S10: a file's columns hold anything."""
    filled(file)
    before = [list(file.totals(as_at=day)) for day in DAYS]
    execute(file, change)

    assert [list(file.totals(as_at=day)) for day in DAYS] == before
    assert "sum" in " ".join(faults(file))


def test_what_cannot_be_read_is_not_summed_up(file: SqliteStore) -> None:
    """S10: it is told, and the sums stay as they were."""
    register = filled(file)
    register.fire("T-1", "reopen", on=START + timedelta(99), reason="not done", **SAID)
    before = list(file.totals())
    execute(file, "UPDATE events SET text = '{{' WHERE position = 5")
    assert [line.total for line in file.totals()] == [line.total for line in before]
    with pytest.raises(StoreUnavailable, match="event 2 of T-1"):
        file.keep_sums()
    execute(file, "UPDATE changes SET \"on\" = x'00' WHERE record = 'A-1'")
    with pytest.raises(StoreUnavailable, match="is of no day"):
        file.keep_sums()


def test_sums_far_behind_are_left_alone() -> None:
    """To read many events takes longer than to add up all changes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(totals_module, "WORTH", 8)
        assert checkpoint_of([(90, "d", 100)], None) == (90, "d")
        assert checkpoint_of([(80, "d", 100)], None) is None
        assert checkpoint_of([(80, "d", 100)], 85) == (80, "d")
        assert checkpoint_of([(80, "d", 100)], 60) is None
        assert checkpoint_of([(100, "d", 100)], 10**9) == (100, "d")
        assert checkpoint_of([], None) is None


@given(steps=st.lists(_step, max_size=20), shift=st.integers(-60, 60), place=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_days_on_which_a_record_stands_assumed(steps: list[Any], shift: int, place: int) -> None:
    """18: as `assumed_changes` has it for each day, also where days are in no order."""
    with Register.open("memory:", rulebook=national(), clock=clock) as register:
        live(register, [(STEPS[1], 0, 0, 0), *((step, 0, *more) for step, _, *more in steps)])
        history = list(register.history("R-0"))
    moved = history[place % len(history)]
    history[moved.number - 1] = evolve(moved, on=moved.on + timedelta(shift))
    standing = dict(assumed_days(history))
    is_so = False
    for day in (START + timedelta(number) for number in range(-62, 500)):
        is_so = standing.get(day, is_so)
        changes = [change for event in history for change in event.changes if change.on <= day]
        assert (day, assumed_changes(history, day)) == (day, tuple(changes if is_so else ()))


@pytest.mark.parametrize("kind", ["sql-sqlite", "postgresql"])
def test_an_applications_transaction_sees_its_own_acts(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """S1: what it put in so far stands behind the sums, without a position."""
    url = url_of(kind, request, tmp_path)
    with closing(open_store(url)) as store:
        filled(store)
    engine = create_engine(url)
    if kind == "sql-sqlite":
        event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
        event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, connection.begin():
        register = Register.joined(connection, rulebook=national(), clock=clock)
        register.fire("T-1", "reopen", on=START + timedelta(99), reason="not done", **SAID)
        check(register.store, list(DAYS), [None])
        assert [line.assumed for line in register.store.totals(force=KENT)] == [0]
    engine.dispose()


def test_who_may_not_read_the_sums_has_figures_all_the_same(postgres: str) -> None:
    """An auditor's right to read may be of before there were sums; `verify` says what it left."""
    with closing(open_store(postgres)) as store:
        filled(store)
        expected = list(store.totals())
        for sql in (
            "CREATE ROLE auditor_of_before",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor_of_before",
            "REVOKE SELECT ON peelflow_sums, peelflow_checkpoint FROM auditor_of_before",
        ):
            execute(store, sql)
    mark = "&" if "?" in postgres else "?"
    with closing(open_store(f"{postgres}{mark}options=-crole%3Dauditor_of_before")) as store:
        assert list(store.totals()) == expected
        assert faults(store) == []
        with store.snapshot() as snapshot:
            assert any("sums" in line for line in snapshot.unchecked())
    with closing(open_store(postgres)) as store:
        execute(store, "DROP OWNED BY auditor_of_before")
        execute(store, "DROP ROLE auditor_of_before")


def test_what_acts_on_the_sums_is_told(postgres: str) -> None:
    """S10: nothing is kept of sums that the database did not take as they were given."""
    with closing(open_store(postgres)) as store:
        register = filled(store)
        register.fire("T-1", "reopen", on=START + timedelta(99), reason="not done", **SAID)
        execute(store, "CREATE RULE r AS ON INSERT TO {0}sums DO INSTEAD NOTHING")
        with pytest.raises(StoreUnavailable, match="did not keep the rows of peelflow_sums"):
            store.keep_sums()  # type: ignore[attr-defined]
        execute(store, "DROP RULE r ON {0}sums")
        assert faults(store) == []


@pytest.mark.parametrize("kind", ["sql-sqlite", "postgresql"])
def test_what_has_no_position_yet_is_not_summed_up(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S5: what others commit while the sums are made stands behind them."""
    with closing(open_store(url_of(kind, request, tmp_path))) as made:
        store: Any = made
        register = filled(store)
        register.fire("T-1", "reopen", on=START + timedelta(99), reason="not done", **SAID)
        with monkeypatch.context() as patched:
            patched.setattr(store, "_place", lambda: None)
            assert store.keep_sums() == 4
        check(store, list(DAYS), [None, 3])
        assert faults(store) == []
