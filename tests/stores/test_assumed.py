"""How many of the totals are assumed: told by the store itself, in one reading with the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import registry

from peelflow import Actor, Register, national
from peelflow.engine.fold import as_corrected, fold
from peelflow.model.records import Added, Corrected, TakenOver
from peelflow.stores.base import LedgerTotal, Store, TotalLine
from peelflow.stores.database import DatabaseStore
from peelflow.stores.opening import open_store
from peelflow.testing.samples import DAY, PIN, append_next, change
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.stores.conftest import url_of

KENT, ESSEX = "kent", "essex"
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}
STORES = ("memory", "sqlite", "sql-sqlite", "postgresql", "strange")


def day(number: int) -> date:
    """Return a day after the first one."""
    return START + timedelta(number)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give a store of each kind, one in a database that peelflow does not know by name too."""
    if request.param == "strange":
        registry.register("strange.pysqlite", "tests.builders.dialects", "Strange")
        url = url_of("sql-sqlite", request, tmp_path).replace("sqlite", "strange", 1)
        with pytest.warns(UserWarning, match="conformance kit"):
            opened = open_store(url)
    else:
        opened = open_store(url_of(request.param, request, tmp_path))
    yield opened
    opened.close()


def take(register: Register, record: str, state: str = "closed", force: str = KENT) -> None:
    """Take a recommendation over."""
    told: dict[str, Any] = {"category": "recommendation", "level": 3, "fields": {"owner": "lead"}}
    register.take_over(
        record, state=state, force=force, issued=START, on=START, reason="so", **told, **SAID
    )


def live(register: Register) -> None:
    """Take records of two forces over, and let all happen to them that may."""
    for record, state in (("T-1", "open"), ("T-2", "closed"), ("T-3", "open"), ("T-4", "closed")):
        take(register, record, state)
    take(register, "E-1", force=ESSEX)
    register.add(
        "A-1", category="recommendation", level=3, force=KENT, issued=START, **SAID,
        fields={"owner": "lead"},
    )  # fmt: skip
    register.fire("T-1", "start", actor=LIAISON, on=day(2))
    register.note("T-2", "still so", actor=LIAISON, on=day(9))
    register.amend("T-3", "owner", "me", actor=LIAISON, on=day(4), reason="mine")
    register.fire("T-3", "start", actor=LIAISON, on=day(5))
    register.correct("T-3", 3, correction="void", actor=LIAISON, on=day(8), reason="not so")
    register.correct("T-1", 2, correction="redate", to=day(1), actor=LIAISON, on=day(7), reason="?")
    register.fire("T-2", "reopen", on=day(10), reason="not done", **SAID)
    register.correct("T-4", 1, correction="void", actor=HMICFRS, on=day(11), reason="twice",
                     recorded_by="liaison-officer", source="portal")  # fmt: skip


def assumed_the_plain_way(
    register: Register, on: date | None, force: str | None, known: int | None
) -> Counter[TotalLine]:
    """Return how many are assumed: each history folded as it was known, and looked at."""
    histories: dict[str, list[Any]] = {}
    for item in register.feed():
        if known is None or item.position <= known:
            histories.setdefault(item.entry.event.record, []).append(item.entry.event)
    sums = Counter[TotalLine]()
    for history in histories.values():
        events = [event for event in as_corrected(history) if on is None or event.on <= on]
        if not events or not isinstance(events[0].what, TakenOver):
            continue
        record = fold(events)
        is_so = record.entered[record.state].number == 1 and force in (None, record.force)
        for ledger, counts in register.counts(record).items() if is_so else ():
            sums[record.force, record.category, record.level, ledger, counts] += 1
    return sums


def assumed_of(totals: Any) -> Counter[TotalLine]:
    """Return what of totals is assumed."""
    lines = ((t.force, t.category, t.level, t.ledger, t.counts, t.assumed) for t in totals)
    return Counter({tuple(line[:5]): line[5] for line in lines if line[5]})


def test_as_many_are_assumed_as_stand_where_they_were_taken_over(store: Store) -> None:
    """18: on any day, as known at any position, of one force and of all."""
    register = Register(store, rulebook=national(), clock=clock)
    live(register)
    asked = [
        (on, force, known)
        for on in (None, *map(day, range(0, 13, 2)))
        for force in (None, KENT)
        for known in (None, *range(1, register.position() + 1, 2))
    ]
    seen = set()
    for on, force, known in asked:
        found = assumed_of(store.totals(as_at=on, force=force, known=known))
        assert (on, force, known, found) == (
            *(on, force, known),
            assumed_the_plain_way(register, on, force, known),
        )
        seen.add(found.total())
    assert seen >= {1, 2, 3, 4}
    assert register.figures().assumed == assumed_of(store.totals()).total()


def test_what_was_taken_over_as_was_known_then_is_counted(store: Store) -> None:
    """18: entered anew as added, it is assumed no more; as known before it still was."""
    line = LedgerTotal("WMP", "recommendation", 3, "portal", "open", 1, 1)
    taken = TakenOver("WMP", "recommendation", 3, PIN, "open", DAY)
    append_next(store, "a", what=taken, assumed=True, changes=(change(),))
    added = Added("GMP", "recommendation", 3, PIN, "open")
    moved = (change(delta=-1), change(force="GMP"))
    append_next(store, "a", what=Corrected(1, "reenter", DAY, added), changes=moved, force="GMP")
    store.position()

    assert list(store.totals(known=1)) == list(store.totals(known=1, force="WMP")) == [line]
    assert list(store.totals(known=1, force="GMP")) == []
    assert [(total.force, total.assumed) for total in store.totals()] == [("GMP", 0)]
    assert [total.assumed for total in store.totals(known=2, as_at=DAY)] == [0]


@pytest.mark.parametrize("known", [None, 1])
def test_figures_are_one_question_to_the_store(
    store: Store, known: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18: an act in between shows in both of their counts, or in none."""
    register = Register(store, rulebook=national(), clock=clock)
    take(register, "T-1")
    take(register, "T-2", "open")
    register.fire("T-2", "start", actor=Actor("lead", "lead"), on=day(3))
    if not isinstance(store, DatabaseStore):
        for name in ("records", "read", "history", "histories", "feed"):
            monkeypatch.setattr(store, name, None)
    else:
        asked: list[str] = []
        ask = store._ask

        def counting(sql: str, *more: Any) -> Any:
            asked.append(sql)
            return ask(sql, *more)

        monkeypatch.setattr(store, "_ask", counting)
    figures = register.figures(known=known, as_at=day(2))
    assert (figures.total, figures.assumed) == ((1, 1) if known else (2, 2))
    if isinstance(store, DatabaseStore):
        assert len([sql for sql in asked if "changes" in sql]) == 1
        names = ("changes", "position", "sqlite_master")
        assert [sql for sql in asked if not any(name in sql for name in names)] == []


def test_the_rows_of_those_that_stay_are_not_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18: the database says of each whether it moved; of those that did the events are read."""
    register = Register(store, rulebook=national(), clock=clock)
    for number in range(5):
        take(register, f"T-{number}")
    read: list[str] = []
    if isinstance(store, DatabaseStore) and "strange" not in store.url:
        for module in ("peelflow.stores.rows", "peelflow.stores.sql.store"):
            monkeypatch.setattr(f"{module}.record_from", read.append)
        monkeypatch.setattr("peelflow.stores.rows.event_from", read.append)
    assert register.figures().assumed == register.figures(as_at=day(3)).assumed == 5
    assert read == []
