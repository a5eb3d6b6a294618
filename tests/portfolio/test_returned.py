"""What counts again as it did is `returned`: it is not new, and did not close or re-open."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from peelflow import Joint, load
from peelflow.model.records import Actor
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.selection import Selection
from peelflow.register.register import Register
from peelflow.stores.memory import MemoryStore
from tests.builders.force import LIAISON
from tests.builders.rules import REVIEW_1, REVIEW_LEAD, REVIEW_START, REVIEW_WORDS, Reviews, reviews
from tests.register.test_joint import DAY as START
from tests.register.test_joint import (
    ESSEX,
    NORFOLK,
    SUFFOLK,
    WITH_SUFFOLK,
    close,
    filled,
    make,
    opened,
)

KINDS = ("new", "closed", "superseded", "reopened")
COUNTED = "\n    counts_as: {force: open}"
NOWHERE = "\n    counts_as: {}"
UNCOUNTED = REVIEW_1.replace(f"finished:{COUNTED}", f"finished:{NOWHERE}").replace(
    f"parked:{COUNTED}", f"parked:{NOWHERE}"
)


def reviewing(folder: Path, rules: str) -> Reviews:
    """Open a register of reviews under rules."""
    (folder / "words.yaml").write_text(REVIEW_WORDS)
    (folder / "rules.yaml").write_text(rules)
    return reviews(folder, rules=load(folder))


def told(register: Register, ledger: str = "portal", **asked: Any) -> list[tuple[str, str, date]]:
    """Return all that moved, on every day."""
    span: dict[str, Any] = {"after": START - timedelta(1), "until": date(2024, 12, 31)}
    found = movement(register, **span, ledger=ledger, **asked)
    return [(moved.row.record, moved.kind, moved.on) for moved in found]


def check_every_span(
    register: Register, days: list[date], ledger: str, force: str | None = None
) -> None:
    """See for every two days that what was and what moved is what is, and that lists say so too."""
    for after, until in combinations(days, 2):
        sums = movement_totals(
            register, after=after, until=until, ledger=ledger, selection=Selection(force)
        )
        for day, ends in ((after, "before"), (until, "after")):
            figures = register.figures(as_at=day, ledger=ledger, force=force)
            for counts in ("open", "closed"):
                end = sum(getattr(total, f"{counts}_{ends}") for total in sums)
                assert (day, end) == (day, getattr(figures, counts))
        listed: list[str] = [
            moved.kind
            for moved in movement(register, after=after, until=until, ledger=ledger, force=force)
        ]
        has_left = (
            force and sum(total.moved_open for total in sums) < 0
        )  # and is in no list of the force
        for kind in () if has_left else KINDS:
            names = ("new", "new_closed") if kind == "new" else (kind,)
            counted = sum(getattr(total, name) for total in sums for name in names)
            assert (kind, after, until, counted) == (kind, after, until, listed.count(kind))


def test_what_counts_again_as_it_did_is_returned(tmp_path: Path) -> None:
    """Out of a state that counts nowhere: it is neither new nor re-opened then."""
    made = reviewing(tmp_path, UNCOUNTED)
    record = made.add()
    acts: list[tuple[str, Actor]] = [("park", LIAISON), ("unpark", REVIEW_LEAD)]
    acts += [("finish", REVIEW_LEAD), ("sign_off", LIAISON), ("reopen", LIAISON), ("park", LIAISON)]
    for trigger, actor in acts:
        made.act(record, trigger, actor, reason="r")

    days = [REVIEW_START + timedelta(number) for number in range(len(acts) + 1)]
    assert [(kind, on) for _, kind, on in told(made.register, "force")] == [
        ("new", days[0]),
        ("returned", days[2]),
        ("closed", days[4]),
        ("reopened", days[5]),
    ]
    check_every_span(made.register, [days[0] - timedelta(1), *days], "force")


def test_what_re_opens_out_of_a_state_that_counts_nowhere_is_re_opened(tmp_path: Path) -> None:
    """As it last counted closed: the sums say so, too."""
    reopening = "reopen: {to: open, by: [liaison_officer], requires: [reason], reopens: true}"
    parking = reopening.replace("to: open", "to: parked")
    made = reviewing(tmp_path, UNCOUNTED.replace(reopening, parking))
    record = made.add()
    for trigger, actor in (
        ("finish", REVIEW_LEAD),
        ("sign_off", LIAISON),
        ("reopen", LIAISON),
        ("unpark", REVIEW_LEAD),
    ):
        made.act(record, trigger, actor, reason="r")

    days = [REVIEW_START + timedelta(number) for number in range(5)]
    found = [(kind, on) for _, kind, on in told(made.register, "force")]
    assert found == [("new", days[0]), ("closed", days[2]), ("reopened", days[4])]
    check_every_span(made.register, [days[0] - timedelta(1), *days], "force")


@pytest.mark.parametrize("is_closed", ["open", "closed"])
def test_a_record_that_comes_back_to_a_force_is_returned(is_closed: str) -> None:
    """As it stands by then: it did not close on that day, and is not new to the force."""
    register = filled(MemoryStore())
    days = [START + timedelta(10 * number) for number in range(5)]
    make(register, "J-1", Joint((ESSEX,)), on=days[1])
    if is_closed == "closed":
        close(register, "J-1", NORFOLK)
    make(register, "J-1", WITH_SUFFOLK, on=days[4])

    own = [each for each in told(register, force=SUFFOLK) if each[0] == "J-1"]
    assert own == [("J-1", "new", days[0]), ("J-1", "returned", days[4])]
    (back,) = movement(opened(register.store, SUFFOLK), after=days[3], until=days[4])
    assert (back.kind, back.counts, back.ending) == (
        "returned",
        is_closed,
        "closed" if is_closed == "closed" else None,
    )
    spans = [days[0] - timedelta(1), *days]
    check_every_span(register, spans, "portal", SUFFOLK)
    check_every_span(register, spans, "portal", NORFOLK)
    check_every_span(register, spans, "portal")
    by_force = movement_totals(register, after=days[0], until=days[2], by="force")
    moved = {total.group.title: total.moved_open + total.moved_closed for total in by_force}
    assert moved["norfolk; suffolk"] == -1
