"""What came since the sums is read by the database itself, and comes to what the events do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peelflow.model.records import (
    Amended,
    Change,
    Corrected,
    Event,
    EventPayload,
    MadeJoint,
    Migrated,
    Noted,
    ParentLinked,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.stores import totals as totals_module
from peelflow.stores.base import StoredRecord, WriteBatch
from peelflow.stores.rows import GENESIS, chain
from peelflow.stores.sqlite import SqliteStore
from peelflow.testing.samples import ADDED, DAY, PIN, append_next, change, event, record
from tests.builders.stores import folded
from tests.stores.test_sums import execute, faults, scanned, summed

_ = summed  # the fixture of every store that keeps sums
SHAPES = ("added", "taken_over")
STATES = ("open", "doing", "closed")
STRANGE = ('a"b', "\\", '},"changes":[', "\N{EURO SIGN}\U0001f4c8", "\x01", "%s ? {0}")


@pytest.fixture(autouse=True)
def at_any_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the sums however much lies behind them."""
    monkeypatch.setattr(totals_module, "WORTH", 0)


def _taken(chance: Random) -> TakenOver:
    return TakenOver("WMP", "recommendation", 3, PIN, chance.choice(STATES), DAY)


def _moved(chance: Random, number: int) -> Any:
    """Return what moves a record, says more of it, or corrects what was said."""
    old, new = chance.choice(STATES), chance.choice(STATES)
    states = chance.choice([None, {"open": "doing", "doing": "closed", "closed": "open"}])
    corrected = chance.randint(1, number - 1)
    later = DAY + timedelta(chance.randint(-40, 80))
    return chance.choice(
        [
            TransitionTaken("start", old, new),
            TransitionTaken("close", old, "closed"),
            Migrated(PIN, old, new, "c" * 64, states=states),
            Relevelled(3, 2, PIN, old, new, "b" * 64, letters=chance.random() < 0.5),
            Amended("owner", None, "me"),
            Noted("so"),
            ParentLinked("C-1"),
            MadeJoint((), ("GMP",), "any"),
            Corrected(corrected, "void"),
            Corrected(corrected, "redate", later),
            Corrected(1, "reenter", None, _taken(chance)),
            Corrected(1, "reenter", None, ADDED),
        ]
    )


def _changes(chance: Random) -> tuple[Change, ...]:
    days = (DAY + timedelta(chance.randint(-40, 80)) for _ in range(chance.choice([0, 1, 2, 3])))
    return tuple(
        Change(day, force, "afi", level, "portal", "open", "open", chance.choice([-1, 1]))
        for day in days
        for force, level in [(chance.choice(["WMP", "GMP", ""]), chance.choice([None, 2, 3]))]
    )


def live(store: Any, chance: Random, steps: int, names: Sequence[str] = ("a", "b", "c")) -> None:
    """Let anything happen to some records, whether or not any rules would allow it."""
    for _ in range(steps):
        name = chance.choice(names)
        kept = store.read([name]).get(name)
        number, head = (kept.record.number + 1, kept.head) if kept else (1, GENESIS)
        first: Any = chance.choice([ADDED, _taken(chance), _taken(chance)])
        what = first if number == 1 else _moved(chance, number)
        on = DAY + timedelta(chance.randint(-30, 60))
        entry = chain(head, event(name, number, what, on=on, changes=_changes(chance)))
        after = StoredRecord(record(name, number), entry.digest)
        store.append(WriteBatch((entry,), (after,), {name: number - 1}, {}))


def check(store: Any, chance: Random, last: int) -> None:
    """Hold the totals by the sums, as at some days and as known at some positions, to the fold."""
    for as_at in (None, DAY - timedelta(9), DAY + timedelta(chance.randint(-40, 80))):
        for known in (None, chance.randint(1, last), store.position()):
            for force in (None, "WMP", "GMP"):
                asked: dict[str, Any] = {"as_at": as_at, "force": force, "known": known}
                assert (asked, store._totals_of_sums(as_at, force, known)) == (
                    asked,
                    folded(store, **asked),
                )


def check_life(store: Any, seed: int, before: int, after: int) -> None:
    """Live, keep the sums, live on, and hold what they give to the fold."""
    chance = Random(seed)
    append_next(store, "first", what=ADDED, changes=(change(),))
    live(store, chance, before)
    last = store.keep_sums()
    live(store, chance, after)
    check(store, chance, last)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(seed=st.integers(0, 10**6), before=st.integers(1, 25), after=st.integers(0, 25))
def test_any_histories_come_to_what_they_fold_to(
    seed: int, before: int, after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """S4: with corrections, moves between rules and joint records, of days in any order."""
    store = SqliteStore(tmp_path_factory.mktemp("since") / "register.db")
    store._run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
    check_life(store, seed, before, after)
    store.close()


@pytest.mark.parametrize("seed", range(6))
def test_every_store_reads_them_alike(summed: Any, seed: int) -> None:
    """S4: also where events wait for their position."""
    check_life(summed, seed, 12, 18)


def test_forces_of_any_letters_are_read_as_they_are_written(summed: Any) -> None:
    """S9: quotes, controls, and what looks like a statement or like an event's own text."""
    append_next(summed, "a", what=ADDED, changes=(change(),))
    summed.keep_sums()
    for number, force in enumerate(STRANGE):
        changes = (change(force=force, level=None), change(force=force, level=None))
        append_next(summed, f"r-{number}", what=ADDED, changes=changes, reason=force)

    found = list(summed._totals_of_sums(None, None, None))
    assert found == folded(summed) == scanned(summed)
    assert {line.force: line.total for line in found} == {"WMP": 1, **dict.fromkeys(STRANGE, 2)}


@pytest.mark.parametrize(
    "text",
    [
        "'{{'",
        'replace(text, \'"delta":1\', \'"delta":"x"\')',
        "replace(text, '\"level\":3', '\"level\":[]')",
    ],
)
def test_an_event_that_cannot_be_read_leaves_the_sums_alone(summed: Any, text: str) -> None:
    """S10: all changes are added up then, and `verify` tells it."""
    append_next(summed, "a", what=ADDED, changes=(change(),))
    summed.keep_sums()
    append_next(summed, "b", what=ADDED, changes=(change(),))
    before = list(summed.totals())
    assert before == list(summed._totals_of_sums(None, None, None))

    execute(summed, f"UPDATE {{0}}events SET text = {text} WHERE record = 'b'")

    assert summed._totals_of_sums(None, None, None) is None
    assert list(summed.totals()) == before
    assert faults(summed) != []


def test_what_walked_and_is_taken_back_is_assumed_again(summed: Any) -> None:
    """18: the history of what is corrected is read, whatever it did before."""
    append_next(summed, "a", what=_taken(Random(1)), changes=(change(),))
    append_next(summed, "a", what=TransitionTaken("start", "open", "doing"))
    summed.keep_sums()
    assert [line.assumed for line in summed.totals()] == [0]

    append_next(summed, "a", what=Corrected(2, "void"))

    found = summed._totals_of_sums(None, None, None)
    assert [line.assumed for line in found] == [1]
    assert found == folded(summed)


@pytest.mark.parametrize(
    ("since", "read"),
    [
        (lambda: [Amended("owner", None, "me")], 0),
        (lambda: [Noted("so")], 0),
        (lambda: [TransitionTaken("start", "open", "doing")], 2),
        (lambda: [Corrected(1, "void")], 2),
    ],
)
def test_a_history_is_read_only_where_it_may_stand_as_taken_over(
    summed: Any, since: Callable[[], list[EventPayload]], read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that walked before the sums were kept, or that more is said of, no event is."""
    for name in "ab":
        append_next(summed, name, what=_taken(Random(1)), changes=(change(),))
    append_next(summed, "b", what=TransitionTaken("start", "open", "doing"))
    summed.keep_sums()
    for what in since():
        append_next(summed, "a", what=what)
        append_next(summed, "b", what=TransitionTaken("stop", "doing", "open"))
    seen = list[Event]()
    told = vars(totals_module)["stored_event"]

    def stored(*parts: Any) -> Any:
        entry = told(*parts)
        seen.append(entry.event)
        return entry

    monkeypatch.setattr(totals_module, "stored_event", stored)
    totals = summed._totals_of_sums(None, None, None)
    monkeypatch.setattr(totals_module, "stored_event", told)
    assert totals == folded(summed)
    assert [each.record for each in seen] == ["a"] * read
