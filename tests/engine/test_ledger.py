"""The figures' changes, worked out anew from a history, and what a correction has to add."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from peelflow.engine.fold import changes_of, changes_on_move, compensating_changes
from peelflow.model.records import Amended, Change, Migrated, Relevelled
from peelflow.model.rules import Counts, Lifecycle, Pin, State
from tests.engine.histories import FIRST, NEW, START, history
from tests.engine.samples import CLOSED, day, rules

FORCE = State({"portal": "open", "force": "open"}, stands_for="national")
RULES = rules(begun=State(CLOSED, stands_for="ended"), split=FORCE)


def same(pin: Pin) -> Lifecycle:
    """Return the one lifecycle that every pin here means."""
    del pin
    return RULES


def change(
    number: int, state: str, delta: int, *, ledger: str = "portal", level: int = 3
) -> Change:
    """Return a change of the record's figures, dated by a number."""
    counts: Counts = "closed" if state == "ended" else "open"
    return Change(day(number), "Kent", "afi", level, ledger, counts, state, delta)


def test_a_history_changes_the_figures_as_its_events_did() -> None:
    """It enters, a step leaves one national state for another, and a field counts for nothing."""
    found = changes_of(history(Amended("owner", "Kim", "Lee"), START), same)
    assert found == (change(1, "open", 1), change(3, "open", -1), change(3, "ended", 1))


@pytest.mark.parametrize("what", [Migrated, Relevelled])
def test_a_move_is_an_event_of_its_history(what: type[Migrated | Relevelled]) -> None:
    """Its changes are those of the move alone."""
    moved = moves()[what]
    found = changes_of(history(moved), same)
    assert found == (change(1, "open", 1), *changes_on_move(FIRST, moved, day(2), same))


def moves() -> dict[type, Migrated | Relevelled]:
    """Return a move of each kind to a state that counts on one more ledger."""
    return {
        Migrated: Migrated(NEW, "open", "split", "plan"),
        Relevelled: Relevelled(3, 4, NEW, "open", "split", "plan"),
    }


def test_moving_to_another_version_changes_what_differs() -> None:
    """One more ledger, and the national state on the other."""
    assert set(changes_on_move(FIRST, moves()[Migrated], day(2), same)) == {
        change(2, "open", -1),
        change(2, "national", 1),
        change(2, "national", 1, ledger="force"),
    }


def test_moving_where_all_counts_alike_changes_nothing() -> None:
    """A record that stays in its state under a new version stays on its lines."""
    moved = Migrated(FIRST.lifecycle, "open", "open", "plan")
    assert changes_on_move(FIRST, moved, day(2), same) == ()


def test_moving_to_another_level_leaves_the_old_one() -> None:
    """All that counted there counts here, ledger by ledger, where nothing else differs too."""
    assert changes_on_move(FIRST, moves()[Relevelled], day(2), same) == (
        change(2, "open", -1),
        change(2, "national", 1, ledger="force", level=4),
        change(2, "national", 1, level=4),
    )


days = st.integers(1, 3)
CHANGES = st.lists(
    st.builds(change, days, st.sampled_from(["open", "ended"]), st.sampled_from([1, -1]))
)


def sums(*changes: Change) -> dict[Change, int]:
    """Return what changes come to, line by line."""
    found: dict[Change, int] = {}
    for each in changes:
        line = evolve(each, delta=0)
        found[line] = found.get(line, 0) + each.delta
    return {line: total for line, total in found.items() if total}


@given(CHANGES, CHANGES)
def test_what_is_made_up_brings_the_told_to_the_wanted(
    wanted: list[Change], told: list[Change]
) -> None:
    """Line by line, by the day; and what is right already is left alone."""
    added = compensating_changes(wanted, told)
    assert sums(*told, *added) == sums(*wanted)
    assert compensating_changes(wanted, wanted) == ()
    assert [each.on for each in added] == sorted(each.on for each in added)
