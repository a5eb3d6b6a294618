"""A record is the fold of its events: each kind, the window, and what corrections make of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.engine.fold import apply, begin, changes_on_entry, fold
from peelflow.model.records import (
    EVENT_KIND_OF,
    Added,
    Amended,
    Attached,
    Attachment,
    Change,
    ChildLinked,
    Corrected,
    EventPayload,
    LastDone,
    MadeJoint,
    Migrated,
    Moment,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
)
from peelflow.model.rules import State
from tests.builders.decisions import (
    ADDED,
    CLOSE,
    DAY,
    FIRST,
    NEW,
    NOW,
    OLD,
    SHORT_LETTER,
    START,
    acted,
    day,
    digest_of,
    document,
    event,
    history,
    moment,
    rules,
    way,
)


def test_a_record_begins_as_it_was_added() -> None:
    """Its issue date is the day it was added; its window and its state begin there."""
    assert fold(history()) == Record(
        id="R-1",
        number=1,
        on=day(1),
        force="Kent",
        category="afi",
        level=3,
        lifecycle=OLD,
        state="open",
        issued=day(1),
        fields={"owner": "Kim"},
        parent="P-1",
        window=moment(1),
        entered={"open": moment(1)},
        assumed=False,
    )


def test_a_record_taken_over_keeps_its_issue_date_and_is_assumed() -> None:
    """It stands in the state named, as at the day it was taken over."""
    what = TakenOver("Kent", "afi", None, OLD, "closed", day(-400), {"owner": "Kim"}, "P-1")
    first = fold([event(1, what)])
    assert (first.issued, first.on, first.assumed) == (day(-400), day(1), True)
    assert (first.state, first.entered) == ("closed", {"closed": moment(1)})
    assert (first.level, first.fields, first.parent) == (None, {"owner": "Kim"}, "P-1")


def test_what_is_done_to_a_record_taken_over_leaves_it_assumed() -> None:
    """Nothing that follows stands behind the state in which it came."""
    what = TakenOver("Kent", "afi", 3, OLD, "open", day(-400), {}, None)
    record = fold([event(1, what), event(2, START), event(3, CLOSE)])
    assert (record.state, record.assumed) == ("closed", True)


def test_an_act_moves_the_record_and_begins_its_window() -> None:
    """State, entry, who did it, documents, what was spent, and the successor."""
    what = evolve(
        START,
        evidence=(SHORT_LETTER, document("b")),
        counted=(SHORT_LETTER.digest,),
        successor="R-9",
    )
    record = fold(history(what))
    assert (record.state, record.number, record.on) == ("begun", 2, day(2))
    assert record.entered == {"open": moment(1), "begun": moment(2)}
    assert record.done == {"start": LastDone(2, day(2), "Sam")}
    assert record.window == moment(2)
    assert record.attachments == (Attachment(SHORT_LETTER, 2), Attachment(document("b"), 2))
    assert (record.spent, record.successor) == (frozenset({SHORT_LETTER.digest}), "R-9")


def test_later_acts_add_to_what_was_done() -> None:
    """Earlier entries, acts, documents and successors stay; states are entered anew."""
    first = evolve(START, successor="R-9", evidence=(document("b"),), counted=(digest_of("b"),))
    record = fold(history(first, CLOSE, acted("start", "closed", "begun")))
    assert record.entered == {"open": moment(1), "closed": moment(3), "begun": moment(4)}
    assert record.done == {"start": LastDone(4, day(4), "Sam"), "close": LastDone(3, day(3), "Sam")}
    assert record.attachments == (Attachment(document("b"), 2), Attachment(SHORT_LETTER, 3))
    assert (record.spent, record.successor) == (
        frozenset({digest_of("b"), SHORT_LETTER.digest}),
        "R-9",
    )


def test_a_step_of_the_force_s_own_resets_no_window() -> None:
    """The window begins with the last event that answered a national transition."""
    record = fold(history(START, acted("check", "begun", "checked", national=False)))
    assert (record.window, record.entered["checked"]) == (moment(2), moment(3))


OTHERS: list[tuple[EventPayload, dict[str, Any]]] = [
    (
        MadeJoint((), ("essex", "kent"), "any"),
        {"joint_with": ("essex", "kent"), "joint_acts": "any"},
    ),
    (
        Noted("asked", (SHORT_LETTER,)),
        {"on": day(1), "note_documents": (Attachment(SHORT_LETTER, 2),)},
    ),
    (Attached(SHORT_LETTER), {"attachments": (Attachment(SHORT_LETTER, 2),)}),
    (Amended("theme", None, "custody"), {"fields": {"owner": "Kim", "theme": "custody"}}),
    (Amended("owner", "Kim", "Lee"), {"fields": {"owner": "Lee"}}),
    (Amended("owner", "Kim", None), {"fields": {}}),
    (ChildLinked("C-1"), {"children": ("C-1",)}),
    (
        Relevelled(3, 4, NEW, "open", "begun", "plan"),
        {
            "level": 4,
            "lifecycle": NEW,
            "state": "begun",
            "entered": {"begun": moment(2)},
            "window": moment(2),
        },
    ),
    (
        Relevelled(3, 4, NEW, "open", "begun", "plan", letters=True),
        {
            "level": 4,
            "lifecycle": NEW,
            "state": "begun",
            "entered": {"begun": moment(2)},
        },
    ),
    (
        Migrated(NEW, "open", "begun", "plan"),
        {
            "lifecycle": NEW,
            "state": "begun",
            "entered": {"begun": moment(2)},
        },
    ),
    (ParentLinked("C-1"), {"parent": "C-1"}),
    (Corrected(1, "void"), {"on": day(1)}),
]


@pytest.mark.parametrize(("what", "moved"), OTHERS)
def test_each_kind_of_event_moves_its_own_part_alone(
    what: EventPayload, moved: dict[str, Any]
) -> None:
    """Besides number and date nothing else moves: re-levelling alone begins a window."""
    assert apply(FIRST, event(2, what)) == evolve(FIRST, **{"number": 2, "on": day(2), **moved})


@pytest.mark.parametrize(
    ("what", "since"),
    [
        (Migrated(NEW, "open", "open", "plan"), moment(1)),
        (Relevelled(3, 4, NEW, "open", "open", "plan", letters=True), moment(1)),
        (Relevelled(3, 4, NEW, "open", "open", "plan"), moment(2)),
    ],
)
def test_a_state_that_keeps_its_name_is_not_entered_anew(what: EventPayload, since: Moment) -> None:
    """No wait begins again, unless the past counts no more, as letters do not between levels."""
    assert apply(FIRST, event(2, what)).entered == {"open": since}


names = st.sampled_from(["start", "check", "close", "sign"])


@given(
    done=st.lists(names, max_size=6),
    triggers=st.dictionaries(names, names),
    move=st.sampled_from(
        [Migrated(NEW, "open", "open", "plan"), Relevelled(3, 4, NEW, "open", "open", "plan")]
    ),
)
def test_a_move_says_what_was_done_in_the_words_of_the_new_rules(
    done: list[str], triggers: dict[str, str], move: Migrated | Relevelled
) -> None:
    """As if each act had borne its new name; a trigger that the plan leaves out keeps its own."""
    old = fold(history(*[acted(name, "open", "open") for name in done]))
    renamed = [acted(triggers.get(name, name), "open", "open") for name in done]
    moved = apply(old, event(old.number + 1, evolve(move, triggers=triggers)))
    assert moved.done == fold(history(*renamed)).done
    assert evolve(moved, done={}) == evolve(apply(old, event(old.number + 1, move)), done={})


def test_every_kind_of_event_is_folded_here() -> None:
    """No kind is left out of these tests."""
    whats = [ADDED, TakenOver("", "", 1, OLD, "", DAY), START, *(what for what, _ in OTHERS)]
    assert {type(what) for what in whats} == set(EVENT_KIND_OF)


def test_children_and_documents_follow_in_their_order() -> None:
    """The later stands after the earlier."""
    record = fold(
        history(
            ChildLinked("C-2"), ChildLinked("C-1"), Attached(SHORT_LETTER), Attached(document("b"))
        )
    )
    assert record.children == ("C-2", "C-1")
    assert [held.document.name for held in record.attachments] == ["letter.txt", "b"]


def test_the_day_of_a_record_never_falls() -> None:
    """A correction of an earlier date leaves the record's day where it was."""
    assert apply(FIRST, event(2, Corrected(1, "redate", DAY), on=0)).on == day(1)


def test_a_history_begins_with_an_entry() -> None:
    """Nothing but `added` or `taken_over` brings a record into being."""
    with pytest.raises(TypeError, match="Linked"):
        begin(event(1, ChildLinked("C-1")))


@pytest.mark.parametrize("what", [ADDED, TakenOver("Kent", "afi", 3, OLD, "open", DAY)])
def test_a_record_counts_from_the_day_it_enters(what: Added | TakenOver) -> None:
    """On each ledger of its state, sorted, under the national name."""
    counts = State({"portal": "open", "force": "closed"}, stands_for="national")
    assert changes_on_entry(rules(way(), open=counts), what, day(2)) == (
        Change(day(2), "Kent", "afi", 3, "force", "closed", "national", 1),
        Change(day(2), "Kent", "afi", 3, "portal", "open", "national", 1),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([START, CLOSE, *(what for what, _ in OTHERS[:8])]), max_size=8))
def test_folding_is_applying_one_event_after_another(whats: list[EventPayload]) -> None:
    """Without corrections, a whole history folds to what its events make step by step."""
    events = history(*whats)
    record = begin(events[0])
    for each in events[1:]:
        record = apply(record, each)
    assert fold(iter(events)) == record
    assert record.number == len(events)


def test_when_it_was_written_changes_no_record() -> None:
    """`recorded_at` is kept for the history alone."""
    later = datetime.max.replace(tzinfo=NOW.tzinfo) - timedelta(1)
    events = history(START, CLOSE)
    assert fold(evolve(each, recorded_at=later) for each in events) == fold(events)


def test_a_record_begins_once() -> None:
    """A second beginning, which only a hand behind the store's back writes, moves the number on."""
    first = fold(history())

    again = apply(first, event(2, ADDED, 2))

    assert again == evolve(first, number=2, on=day(2))


def test_a_document_used_up_by_an_older_act_stays_used_up_for_every_step() -> None:
    """An act that says for which step it used a document frees nothing that others used before."""
    letter = (digest_of("letter"),)
    older = fold(history(acted("start", "open", "begun", counted=letter)))
    closed = acted("close", "begun", "closed", counted=letter, counted_for="close")
    after = apply(older, event(older.number + 1, closed))
    assert after.spent == {*letter}
    assert after.spent_for == {}
