"""No child is kept that stands open below a parent which counts closed, on any day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from peelflow import Actor, Refused, Register, national
from peelflow.register import kept_hierarchy
from peelflow.register.judgement import judge_events
from peelflow.register.kept_before import HELD_SINCE
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from peelflow.stores.integrity import Discrepancy

KIM = Actor("kim", "liaison_officer")
THEIRS: dict[str, Any] = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "kim",
    "source": "portal",
}
ISSUED, DISCHARGED, CLOSED, LATER, LAST = (date(2023, month, 9) for month in range(1, 6))
Do = Callable[[Register], object]
PORTAL_CLOSED = "which counts closed (portal)"
MOMENTS = pytest.mark.parametrize("moment", [HELD_SINCE - timedelta(days=1), HELD_SINCE])


def opened(store: Store, moment: datetime) -> Register:
    """Return a register whose clock goes on from a moment."""
    seconds = count()
    return Register(
        store, rulebook=national(), clock=lambda: moment + timedelta(seconds=next(seconds))
    )


def filled(register: Register) -> Register:
    """Return a register with a cause of concern that was closed, as its child, and R-1 alone."""
    said: dict[str, Any] = {"force": "wmp", "issued": ISSUED, "actor": KIM}
    register.add("C-1", category="cause_of_concern", **said, fields={"owner": "lee"})
    level_4: dict[str, Any] = {"category": "recommendation", "level": 4, **said}
    register.add("K-1", **level_4, parent="C-1")
    register.add("R-1", **level_4)
    register.fire("K-1", "discharge", on=DISCHARGED, reason="x", **THEIRS)
    register.fire("C-1", "start", on=DISCHARGED, actor=KIM)
    register.fire("C-1", "close", on=CLOSED, **THEIRS)
    return register


def linked(register: Register) -> None:
    """Put an open recommendation below a closed cause of concern."""
    register.link("R-1", "C-1", on=LATER, actor=KIM)


def opened_anew(register: Register) -> None:
    """Re-open a child below a closed cause of concern."""
    register.fire("K-1", "reopen", on=LATER, reason="x", **THEIRS)


def opened_before(register: Register) -> None:
    """Re-open a child before its parent."""
    opened_anew(register)
    register.fire("C-1", "reopen", on=LAST, reason="x", **THEIRS)


UNLAWFUL: dict[str, tuple[Do, tuple[str, int, str]]] = {
    "linked": (linked, ("R-1", 2, f"R-1 stands open on {LATER} below C-1, {PORTAL_CLOSED}")),
    "opened": (opened_anew, ("K-1", 3, f"K-1 stands open on {LATER} below C-1, {PORTAL_CLOSED}")),
    "then": (opened_before, ("K-1", 3, f"K-1 stands open on {LATER} below C-1, {PORTAL_CLOSED}")),
}


def told(found: tuple[Discrepancy, ...]) -> list[tuple[str, int, str]]:
    """Return what was found of which event."""
    return [(each.record, each.event, each.sentence) for each in found]


@MOMENTS
@pytest.mark.parametrize("case", sorted(UNLAWFUL))
def test_a_child_that_stands_open_below_a_closed_parent_is_found(
    case: str, moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end or for some days; what an earlier peelflow may have let be is told."""
    do, expected = UNLAWFUL[case]
    register = filled(opened(store, moment))
    with pytest.raises(Refused, match="its parent C-1 counts closed on portal"):
        do(register)
    monkeypatch.setattr("peelflow.register.commands.refuse_open_child", lambda *_: None)
    monkeypatch.setattr("peelflow.register.commands.check_hierarchy", lambda *_: None)
    do(register)
    monkeypatch.undo()
    judged = judge_events(store, register.session)
    is_new = moment == HELD_SINCE
    assert told(judged.discrepancies) == [expected] * is_new
    words = "stood open on a day on which its parent counted closed, as an earlier peelflow let it"
    assert judged.unjudged == (f"{words}: {expected[0]}",) * (not is_new)
    exported = judge_export(register.services, list(register.export()))
    assert told(exported.discrepancies) == [expected] * is_new


def test_what_earlier_peelflows_let_be_excuses_nothing_that_came_since(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that stood open so for some days then, and does so again."""
    register = filled(opened(store, HELD_SINCE - timedelta(days=1)))
    monkeypatch.setattr("peelflow.register.commands.check_hierarchy", lambda *_: None)
    opened_before(register)
    register.fire("K-1", "discharge", on=LAST, reason="x", **THEIRS)
    register.fire("C-1", "close", on=LAST, **THEIRS)
    register = opened(store, HELD_SINCE)
    assert register.verify() == ()
    register.fire("K-1", "reopen", on=LAST + timedelta(1), reason="x", **THEIRS)
    monkeypatch.undo()
    (found,) = register.verify()
    assert (found.record, found.event) == ("K-1", 5)


@MOMENTS
def test_a_link_that_was_moved_to_a_day_of_a_closed_parent_is_found(
    moment: datetime, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier peelflow let it be re-dated so: that is told in words."""
    register = filled(opened(store, moment))
    register.fire("C-1", "reopen", on=LATER, reason="x", **THEIRS)
    register.link("R-1", "C-1", on=LAST, actor=KIM)
    said: dict[str, Any] = {"correction": "redate", "to": DISCHARGED, "actor": KIM, "reason": "x"}
    with pytest.raises(Refused, match=f"open on {CLOSED}, and its parent C-1 closed"):
        register.correct("R-1", 2, **said)
    monkeypatch.setattr("peelflow.register.corrections.check_hierarchy_over_time", lambda *_: None)
    register.correct("R-1", 2, **said)
    monkeypatch.undo()
    judged = judge_events(store, register.session)
    is_new = moment == HELD_SINCE
    assert [each.record for each in judged.discrepancies] == ["R-1"] * is_new
    assert len(judged.unjudged) == (not is_new)


def test_an_honest_hierarchy_is_clean(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was open before it came below, re-opened after its parent, withdrawn, or no child."""
    monkeypatch.setattr(kept_hierarchy, "PARENTS_KNOWN", 1)
    register = filled(opened(store, HELD_SINCE))
    said: dict[str, Any] = {"force": "wmp", "issued": ISSUED, "actor": KIM}
    register.add("M-1", category="milestone", **said, fields={"title": "x"}, parent="C-1")
    register.fire("C-1", "reopen", on=LATER, reason="x", **THEIRS)
    register.fire("K-1", "reopen", on=LATER, reason="x", **THEIRS)
    link = register.link("R-1", "C-1", on=LAST, actor=KIM)
    register.correct("R-1", link.number, correction="redate", to=LATER, reason="x", actor=KIM)
    register.add("C-2", category="cause_of_concern", **said, fields={"owner": "lee"})
    register.add("K-2", category="afi", level=4, **said, parent="C-2")
    register.fire("K-2", "discharge", on=DISCHARGED, reason="x", **THEIRS)
    register.fire("C-2", "start", on=DISCHARGED, actor=KIM)
    register.fire("C-2", "close", on=DISCHARGED, **THEIRS)
    register.add("K-3", category="afi", level=1, **said, parent="C-2")
    register.correct("K-3", 1, correction="void", reason="x", actor=KIM)
    assert register.verify() == ()
