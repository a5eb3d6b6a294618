"""`decide` is pure and total; its events fold to the rule's target, and their changes balance."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve
from hypothesis import given, settings

from peelflow.engine.decide import decide
from peelflow.engine.fold import apply
from peelflow.model.decisions import Refusal
from peelflow.model.records import Change, Event, TransitionTaken
from peelflow.model.requirements import AnyOf, Evidence, ReasonGiven
from peelflow.model.rules import Lifecycle, State, Transition
from peelflow.testing import Situation, situations
from tests.builders.decisions import (
    CLOSED,
    LETTER,
    NOW,
    OPEN,
    accepted,
    day,
    digest_of,
    document,
    refused,
    rules,
    scene,
    way,
)

DRAWN = settings(max_examples=100, deadline=None)


def decided(at: Situation) -> Event | Refusal:
    """Decide a drawn situation."""
    return decide(at.lifecycle, at.record, at.act, at.context)


def taken(at: Situation) -> Transition:
    """Return the transition that an accepted act took."""
    ways = at.lifecycle.states[at.record.state].transitions
    (found,) = (w for w in ways if w.trigger == at.act.trigger and at.act.actor.role in w.by)
    return found


def counted(changes: tuple[Change, ...]) -> Counter[tuple[str, str, str]]:
    """Return what changes come to, as (ledger, counts, state), without what cancels out."""
    sums = Counter[tuple[str, str, str]]()
    for change in changes:
        sums[change.ledger, change.counts, change.state] += change.delta
    return Counter({key: total for key, total in sums.items() if total})


def standing(lifecycle: Lifecycle, state: str) -> Counter[tuple[str, str, str]]:
    """Return how a record in a state counts, under its national name."""
    national = lifecycle.states[state].stands_for or state
    return Counter(
        (ledger, counts, national) for ledger, counts in lifecycle.states[state].counts_as.items()
    )


@DRAWN
@given(situations())
def test_a_decision_is_pure(at: Situation) -> None:
    """The same input gives the same answer, and is left as it was."""
    before = repr(at)
    assert decided(at) == decided(at)
    assert repr(at) == before


@DRAWN
@given(situations())
def test_an_event_says_what_the_act_said_and_folds(at: Situation) -> None:
    """It follows on in number, carries the act, and takes the record to the rule's target."""
    event = decided(at)
    if isinstance(event, Refusal):
        assert event.reasons
        return
    act, rule, what = at.act, taken(at), event.what
    assert isinstance(what, TransitionTaken)
    assert (event.record, event.number) == (at.record.id, at.record.number + 1)
    said = (event.on, event.actor, event.recorded_by, event.reason, event.source, event.key)
    assert said == (act.on, act.actor, act.recorded_by, act.reason, act.source, act.key)
    assert event.recorded_at == at.context.now
    assert (what.trigger, what.old, what.new) == (act.trigger, at.record.state, rule.to)
    assert what.national is (rule.implements is not None)
    told = (what.evidence, what.inspection, what.successor)
    assert told == (act.evidence, act.inspection, act.successor)
    assert (what.due is not None) is (rule.after is not None)
    assert what.due is None or what.due <= act.on
    after = apply(at.record, event)
    assert (after.state, after.number, after.on) == (rule.to, event.number, act.on)
    assert (after.window.number == event.number) is what.national


@DRAWN
@given(situations())
def test_the_changes_balance(at: Situation) -> None:
    """They say exactly how the record's counts moved, for its force, category and level."""
    event = decided(at)
    if isinstance(event, Refusal):
        return
    come = standing(at.lifecycle, taken(at).to)
    come.subtract(standing(at.lifecycle, at.record.state))
    assert counted(event.changes) == Counter({key: n for key, n in come.items() if n})
    whose = {(c.on, c.force, c.category, c.level) for c in event.changes}
    record = at.record
    assert whose <= {(at.act.on, record.force, record.category, record.level)}


@DRAWN
@given(situations())
def test_a_document_counts_for_one_act(at: Situation) -> None:
    """What an act used up was at hand and unused, is spent after it, and counts no more."""
    event = decided(at)
    if isinstance(event, Refusal):
        return
    assert isinstance(event.what, TransitionTaken)
    used = set(event.what.counted)
    held = {a.document.digest for a in at.record.attachments}
    assert used <= held | {d.digest for d in at.act.evidence}
    assert len(used) == len(event.what.counted)
    assert used.isdisjoint(at.record.spent)
    after = apply(at.record, event)
    assert after.spent == at.record.spent | used
    again = decided(evolve(at, record=evolve(after, state=at.record.state)))
    if isinstance(again, Event):
        assert isinstance(again.what, TransitionTaken)
        assert used.isdisjoint(again.what.counted)


def test_a_letter_offered_twice_is_used_up_once() -> None:
    """Two requirements may rest on one letter in one act; the next act needs a new one."""
    asking = rules(way(LETTER, evolve(LETTER, since="paused")), paused=State(OPEN))
    at = scene(act={"evidence": (document(), document("unused"))})
    event = accepted(asking, at)
    assert isinstance(event.what, TransitionTaken)
    assert event.what.counted == (digest_of("letter.txt"),)
    after = evolve(apply(at.record, event), state="open")
    only = evolve(at, record=after, act=evolve(at.act, evidence=(document(),)))
    assert {r.kind for r in refused(asking, only).reasons} == {"not yet"}


def test_each_choice_taken_uses_up_its_own_letters() -> None:
    """The choice of an `any_of` that holds uses up its letters, not those of another choice."""
    plan = Evidence("plan")
    asking = rules(way(AnyOf(((LETTER, ReasonGiven()), (plan, LETTER)))))
    event = accepted(asking, scene(act={"evidence": (document(), document("p", "plan"))}))
    assert isinstance(event.what, TransitionTaken)
    assert event.what.counted == (digest_of("p"), digest_of("letter.txt"))


def test_an_event_moves_its_record_from_one_count_to_another() -> None:
    """A closure takes one from the open and gives one to the closed, on the act's date."""
    event = accepted(rules(way()), scene())
    assert event.changes == (
        Change(day(3), "Kent", "recommendation", 3, "portal", "open", "open", -1),
        Change(day(3), "Kent", "recommendation", 3, "portal", "closed", "closed", 1),
    )
    assert (event.recorded_at, event.on) == (NOW, day(3))


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        (State(OPEN, stands_for="open"), 0),
        (State(OPEN), 2),
        (State(CLOSED, stands_for="open"), 2),
        (State({}, stands_for="open"), 1),
    ],
)
def test_a_step_within_one_national_state_moves_no_figure(target: State, lines: int) -> None:
    """Nothing changes where name and counts stay; a change of either is told."""
    step = way(to="target")
    assert len(accepted(rules(step, target=target), scene()).changes) == lines


@pytest.mark.parametrize(("act_on", "today"), [(0, 0), (0, 5), (5, 5)])
def test_an_act_can_be_dated_from_the_last_event_up_to_today(act_on: int, today: int) -> None:
    """Both days are included."""
    at = scene(act={"on": day(act_on)}, context={"today": day(today)})
    assert accepted(rules(way()), at).on == day(act_on)
