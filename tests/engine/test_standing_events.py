"""What stands while events come is what the whole history so far is folded to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine import standing_events
from peelflow.engine.fold import apply, as_corrected, begin, fold, steps_after_re_entry
from peelflow.engine.standing_events import LONGEST_CHAIN, StandingEvents, each_as_recorded
from peelflow.model.records import (
    PEELFLOW,
    Amended,
    Corrected,
    Event,
    EventPayload,
    Noted,
    Record,
)
from tests.builders.decisions import ADDED, CLOSE, START, day, event, history

NOTE, AMENDED = Noted("n", (CLOSE.evidence[0],)), Amended("owner", "Kim", "Lee")
ENTRY = evolve(ADDED, level=4, state="begun")
DAYS = st.integers(0, 3)


@st.composite
def payloads(draw: st.DrawFn, number: int) -> EventPayload:
    """Draw what happens next: half of it corrects something that came before."""
    if draw(st.booleans()):
        happened = Noted("n"), NOTE, AMENDED, START, CLOSE
        return happened[draw(st.integers(0, 4))]
    target, to = draw(st.integers(1, number - 1)), day(draw(DAYS))
    entered = Corrected(1, "reenter", to, ENTRY)
    corrections = Corrected(target, "void"), Corrected(target, "redate", to), entered
    return corrections[draw(st.integers(0, 2))]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Event, ...]:
    """Draw a history: who does its steps is somebody, or the system."""
    events = [event(1, ADDED)]
    for number in range(2, 2 + draw(st.integers(0, 14))):
        made = event(number, draw(payloads(number)), draw(DAYS))
        is_at_once = made.kind == "acted" and draw(st.booleans())
        events.append(evolve(made, actor=PEELFLOW) if is_at_once else made)
    return tuple(events)


@st.composite
def miscounted(draw: st.DrawFn) -> tuple[Event, ...]:
    """Draw a history in which numbers are no places, or corrections are as no verb makes them."""
    events = list(draw(histories().filter(lambda drawn: len(drawn) > 2)))
    place = draw(st.integers(1, len(events) - 1))
    aims = [len(events), len(events) + 1, 0]
    faults = [
        evolve(events[place], number=draw(st.integers(1, 20))),
        evolve(events[place], what=Corrected(draw(st.sampled_from(aims)), "void")),
        evolve(events[place], what=Corrected(2, "reenter", day(1), ENTRY)),
    ]
    events[place] = draw(st.sampled_from(faults))
    return tuple(events)


def records_of(events: Sequence[Event]) -> list[Record]:
    """Return the record after each event of a history without corrections."""
    records: list[Record] = []
    for each in events:
        records.append(apply(records[-1], each) if records else begin(each))
    return records


def agrees(whole: Sequence[Event]) -> None:
    """Hold what stands of each prefix of a history to what is made of that directly."""
    standing = StandingEvents()
    for count, each in enumerate(whole, 1):
        standing.add(each)
        prefix = whole[:count]
        expected = as_corrected(prefix)
        assert (*standing.standing(),) == expected
        assert standing.record() == fold(prefix)
        held = [standing.record_after(place) for place in range(len(expected))]
        assert held == records_of(expected)


@settings(max_examples=150, deadline=None)
@given(histories())
def test_each_prefix_is_as_it_is_folded_directly(whole: tuple[Event, ...]) -> None:
    """Whatever corrects what: voided, brought back, moved, entered anew, withdrawn."""
    agrees(whole)


@settings(max_examples=100, deadline=None)
@given(miscounted())
def test_a_history_that_no_verb_wrote_is_read_as_it_is_folded(whole: tuple[Event, ...]) -> None:
    """Wherever its numbers lie, and whatever its corrections aim at."""
    agrees(whole)


@settings(max_examples=150, deadline=None)
@given(histories(), st.lists(st.booleans(), min_size=15, max_size=15))
def test_what_may_differ_is_told(whole: tuple[Event, ...], asked: list[bool]) -> None:
    """An event, or the record before it: all else stands as when it was last asked."""
    standing, known = StandingEvents(), list[tuple[Event, Record | None]]()
    for each, is_asked in zip(whole, asked, strict=False):
        standing.add(each)
        if standing.record().withdrawn or not is_asked:
            continue
        changed = standing.changed_places()
        now = [
            (stands, standing.record_before(place))
            for place, stands in enumerate(standing.standing())
        ]
        behind = now[changed.stop :]
        assert now[: changed.start] == known[: changed.start]
        assert behind == known[len(known) - len(behind) :]
        known = now


@settings(max_examples=100, deadline=None)
@given(histories())
def test_each_event_is_given_with_the_record_when_it_was_recorded(whole: tuple[Event, ...]) -> None:
    """What moves others, and what stands before others, is read with all that came before it."""
    at_once = steps_after_re_entry(whole)
    before: Record | None = None
    for count, (given_event, given_before, after) in enumerate(each_as_recorded(whole), 1):
        assert (given_event, given_before) == (whole[count - 1], before)
        if given_event.kind == "corrected" or given_event.number in at_once:
            assert after == fold(whole[:count])
        else:
            assert after == (begin(given_event) if before is None else apply(before, given_event))
        before = after


def test_nothing_stands_of_no_event() -> None:
    """And what begins with no entry is no record."""
    standing = StandingEvents()
    with pytest.raises(ValueError, match=r"^\["):
        standing.record()
    assert (*standing.standing(),) == ()
    assert standing.changed_places() == range(0)
    standing.add(history(START)[1])
    with pytest.raises(TypeError, match="TransitionTaken"):
        standing.record()


@pytest.mark.parametrize("is_late", [False, True])
def test_corrections_fold_no_more_again_than_they_change(
    *, is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many folds as twice the events, where notes are voided at once or all of them later."""
    folds = list[Event]()

    def counted(record: Record, folded: Event) -> Record:
        folds.append(folded)
        return apply(record, folded)

    monkeypatch.setattr(standing_events, "apply", counted)
    numbers = range(2, 402)
    notes = [event(number, Noted("n")) for number in numbers]
    if is_late:
        voids = [event(number + 400, Corrected(number, "void")) for number in numbers]
        whole = [event(1, ADDED), *notes, *voids]
    else:
        pairs = [(Noted("n"), Corrected(number, "void")) for number in range(2, 802, 2)]
        whole = [*history(*(what for pair in pairs for what in pair))]
    assert [*each_as_recorded(whole)][-1][2] == fold(whole)
    assert len(folds) <= 2 * len(whole)


def test_a_long_chain_of_corrections_is_read_anew_as_it_is_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each voids the one before: to turn them all at each took longer than to read them all."""
    turned, turn = list[int](), standing_events._EffectiveCorrections._turn

    def counted(self: Any, number: int, what: Corrected, *, takes: bool) -> None:
        turned.append(number)
        turn(self, number, what, takes=takes)

    monkeypatch.setattr(standing_events._EffectiveCorrections, "_turn", counted)
    chain = [Corrected(number, "void") for number in range(2, 62)]
    agrees(history(NOTE, *chain, START))
    assert len(turned) <= LONGEST_CHAIN**2


def test_what_comes_with_an_entry_stands_behind_it_as_long_as_that_holds() -> None:
    """Voided, the entry lets it stand where it was recorded; brought back, behind it again."""
    entered = Corrected(1, "reenter", day(0), ENTRY)
    whats = AMENDED, entered, START, Corrected(3, "void"), Corrected(5, "void"), entered
    more = Corrected(2, "redate", day(1)), Corrected(4, "void"), Corrected(9, "void")
    whole = [*history(*whats, *more)]
    whole[3] = evolve(whole[3], actor=PEELFLOW)
    agrees(whole)
    orders = [[each.number for each in as_corrected(whole[:count])] for count in (4, 5, 6)]
    assert orders == [[1, 4, 2], [1, 2, 4], [1, 4, 2]]
