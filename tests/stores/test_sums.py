"""Sums that are kept month by month give the same figures as all changes, and verify recounts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peelflow import Joint, Register, national
from peelflow.engine.fold import assumed_changes, assumed_days
from peelflow.errors import PeelflowError
from peelflow.model.records import Corrected, Noted, TakenOver
from peelflow.stores import totals as totals_module
from peelflow.stores.base import LedgerTotal
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.opening import open_store
from peelflow.stores.sqlite import SqliteStore
from peelflow.testing.samples import ADDED, DAY, PIN, append_next, change
from tests.builders.force import HMICFRS, LIAISON, START, clock
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
    lambda r, name, on, n: r.store.position(),  # on a server, it places what waits
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
                assert (asked, list(store.totals(**asked))) == (asked, scanned(store, **asked))


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(before=st.lists(_step, min_size=1, max_size=25), after=st.lists(_step, max_size=15))
def test_sums_give_what_all_changes_do(
    before: list[Any], after: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """S4: whatever happened before and since, on any day, as known at any position, of any force."""
    path = tmp_path_factory.mktemp("sums") / "register.db"
    store = SqliteStore(path)
    store._run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
    with Register(store, rulebook=national(), clock=clock) as register:
        check_life(register, before, after)


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
    steps = (
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
