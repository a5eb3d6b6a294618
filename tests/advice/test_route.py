"""What a way says of each requirement, and where it says that there is none."""

from __future__ import annotations

import pytest

from peelflow.model.needs import (
    AppointmentNeed,
    ChildrenNeed,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    KnownInspection,
    ParentNeed,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import Attachment
from peelflow.model.requirements import (
    AnyOf,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.routes import Around
from peelflow.model.rules import After, State
from tests.advice.scenes import SIGNER, ask, known_inspection, only, relative
from tests.engine.samples import OPEN, day, document, done, rules, way

LETTER = Evidence("letter", ("chief_constable",))
SYSTEM = ("system",)


def test_a_reason_and_a_successor_are_asked_for() -> None:
    """What is said with the act."""
    step = only(ask(rules(way(ReasonGiven(), SuccessorNamed()))))
    assert step.needs == (ReasonNeed(), SuccessorNeed())


def test_an_inspectorate_needs_a_source() -> None:
    """Its decisions are read from somewhere."""
    assert only(ask(rules(way(by=("hmicfrs",))))).needs == (SourceNeed(),)


def test_a_field_that_is_set_is_not_asked_for() -> None:
    """Only what is missing is a preparation."""
    lifecycle = rules(way(FieldSet("owner")))
    assert only(ask(lifecycle)).needs == (FieldNeed("owner"),)
    assert only(ask(lifecycle, fields={"owner": "Sam"})).needs == ()


def test_a_field_that_its_category_does_not_have_cannot_be_set() -> None:
    """Then there is no way."""
    found = ask(rules(way(FieldSet("owner"))), around=Around(fields=frozenset()))
    assert found.verdict == "impossible"
    assert found.why is not None
    assert "nothing from here can make lawful" in found.why


def test_a_wait_gives_the_earliest_day() -> None:
    """28 days from the window's beginning, on day -10."""
    step = only(ask(rules(way(Waited(28)))))
    assert (step.earliest, step.needs) == (day(18), (DayNeed(day(18)),))


def test_a_wait_that_is_over_is_not_mentioned() -> None:
    """The act can be done at once."""
    assert only(ask(rules(way(Waited(2))))).needs == ()


def test_a_wait_since_publication_counts_from_the_field() -> None:
    """Where it is missing, the worst is taken: that it is the first day of the way."""
    lifecycle = rules(way(Waited(9, "published")))
    assert only(ask(lifecycle, fields={"published": str(day(1))})).earliest == day(10)
    step = only(ask(lifecycle))
    assert (step.earliest, step.needs) == (
        day(12),
        (DayNeed(day(12)), FieldNeed("published", day(3))),
    )


@pytest.mark.parametrize("asked", [Waited(9, "published"), After(9, "published")])
def test_without_a_field_for_it_nothing_counts_from_publication(asked: Waited | After) -> None:
    """A category may have no such field."""
    timed = way(by=SYSTEM, after=asked) if isinstance(asked, After) else way(asked)
    assert ask(rules(timed), around=Around(fields=frozenset())).verdict == "impossible"


@pytest.mark.parametrize(
    "asked",
    [
        Waited(1, "never"),
        Evidence("letter", since="never"),
        InspectionHeld("any", since="never"),
        DistinctFrom("start", "never"),
    ],
)
def test_what_counts_since_a_state_needs_that_state(asked: Requirement) -> None:
    """The way goes through it first, where it can; else there is none."""
    around = rules(
        way(asked),
        way(to="never", trigger="start"),
        never=State(OPEN, transitions=(way(to="open", trigger="back", answers=None),)),
    )
    assert [step.trigger for step in ask(around).steps] == ["start", "back", "close"]
    assert ask(rules(way(asked), never=State(OPEN))).verdict == "impossible"


def test_a_timed_step_is_peelflows_own_when_it_is_due() -> None:
    """Nobody acts; the day is said."""
    step = only(ask(rules(way(by=SYSTEM, after=After(30)))))
    assert (step.by, step.earliest, step.latest) == (SYSTEM, day(10), None)


def test_a_timed_step_since_publication_waits_for_that_day() -> None:
    """A missing date is to be set."""
    step = only(ask(rules(way(by=SYSTEM, after=After(30, "published")))))
    assert step.needs == (DayNeed(day(33)), FieldNeed("published", day(3)))


def test_an_act_comes_before_a_timed_step_moves_the_record_on() -> None:
    """By when: entered on day -20, due on day 10."""
    timed = way(by=SYSTEM, after=After(30), to="paused", trigger="expire")
    assert only(ask(rules(way(), timed))).latest == day(10)


@pytest.mark.parametrize("asked", [ReasonGiven(), SuccessorNamed(), InspectionHeld("any")])
def test_peelflow_gives_no_words_and_names_no_inspection(asked: Requirement) -> None:
    """A timed step that needs one is never done."""
    assert ask(rules(way(asked, by=SYSTEM, after=After(1)))).verdict == "impossible"


def test_another_person_is_asked_for_by_name() -> None:
    """Whoever did it, in the past or on the way."""
    asked = DistinctFrom("start")
    assert only(ask(rules(way(asked)), done={"start": done(3, "Kim")})).needs == (
        PersonNeed(("Kim",)),
    )
    checked = State(OPEN, transitions=(way(asked),))
    found = ask(rules(way(trigger="start", to="checked"), checked=checked))
    assert found.steps[1].needs == (PersonNeed(("whoever does `start` in step 1",)),)


def test_peelflow_is_no_other_person_than_itself() -> None:
    """What it did, a person must do the next step of; not it again."""
    asked = DistinctFrom("start")
    timed = way(asked, by=SYSTEM, after=After(1))
    assert ask(rules(timed), done={"start": done(3, "peelflow")}).verdict == "impossible"
    assert only(ask(rules(timed), done={"start": done(3, "Kim")})).needs == ()


def test_a_predicate_is_never_a_promise() -> None:
    """The way is undetermined; where nobody registered it, there is none."""
    lifecycle = rules(way(PredicateHolds("agreed")))
    found = ask(lifecycle, around=Around(predicates=frozenset({"agreed"})))
    assert found.verdict == "undetermined"
    assert only(found).needs == (PredicateNeed("agreed", registered=True),)
    assert only(found).undetermined == ("the predicate `agreed`",)
    assert ask(lifecycle).verdict == "impossible"


def test_a_new_letter_names_who_can_sign_it() -> None:
    """Or asks for an appointment where nobody holds the role."""
    lifecycle = rules(way(LETTER))
    need = DocumentNeed("letter", ("chief_constable",), day(3))
    assert only(ask(lifecycle)).needs == (AppointmentNeed(("chief_constable",), day(3)), need)
    found = only(ask(lifecycle, around=Around(appointments=(SIGNER,))))
    assert found.needs == (DocumentNeed("letter", ("chief_constable",), day(3), signers=("Ann",)),)


def test_a_letter_that_is_attached_will_do() -> None:
    """Unless it was used, or came before the window."""
    lifecycle = rules(way(Evidence("letter")))
    held = (Attachment(document("old.txt"), 4),)
    need = DocumentNeed("letter", (), day(3))
    assert only(ask(lifecycle, attachments=held)).needs == (
        DocumentNeed("letter", (), day(3), attached="old.txt"),
    )
    spent = frozenset({held[0].document.digest})
    assert only(ask(lifecycle, attachments=held, spent=spent)).needs == (need,)
    early = (Attachment(document("old.txt"), 1),)
    assert only(ask(lifecycle, attachments=early)).needs == (need,)


def test_peelflow_needs_its_letter_beforehand() -> None:
    """It must be attached before a timed step."""
    step = only(ask(rules(way(Evidence("letter"), by=SYSTEM, after=After(1)))))
    assert step.needs == (DocumentNeed("letter", (), day(3), beforehand=True),)


def test_roles_by_appointment_need_one() -> None:
    """Unless somebody holds it, who is named."""
    lifecycle = rules(way(by=("nominated_deputy",)))
    assert only(ask(lifecycle)).needs == (AppointmentNeed(("nominated_deputy",), day(3)),)


def test_the_soonest_inspection_that_could_do_is_waited_for() -> None:
    """Those that cannot do are not named: over, of another kind, of other questions or forces."""
    known = (
        known_inspection(30, 31),
        known_inspection(9, 12),
        known_inspection(-30, -20),
        known_inspection(4, 5, kind="bespoke"),
        known_inspection(6, 7, questions=frozenset({"5"})),
        known_inspection(7, 8, force="Surrey"),
    )
    lifecycle = rules(way(InspectionHeld("planned", relevant=True)))
    step = only(ask(lifecycle, around=Around(inspections=known), fields={"question": "7.2"}))
    assert step.earliest == day(9)
    assert step.needs == (
        DayNeed(day(9)),
        InspectionNeed(
            "planned",
            "7.2",
            day(-10),
            (
                KnownInspection("I-9", day(9), day(12)),
                KnownInspection("I-30", day(30), day(31)),
            ),
        ),
    )


def test_a_record_without_a_question_needs_one_first() -> None:
    """Before any inspection can be relevant; without the field, there is no way."""
    lifecycle = rules(way(InspectionHeld("any", relevant=True)))
    step = only(ask(lifecycle, around=Around(inspections=(known_inspection(4, 5),))))
    assert step.needs == (FieldNeed("question"), InspectionNeed("any", None, day(-10)))
    assert ask(lifecycle, around=Around(fields=frozenset())).verdict == "impossible"


def test_no_inspection_is_planned_and_bespoke() -> None:
    """An act names one."""
    lifecycle = rules(way(InspectionHeld("planned"), InspectionHeld("bespoke")))
    assert ask(lifecycle).verdict == "impossible"


def test_a_step_is_wanted_before_the_inspection_of_the_next_ends() -> None:
    """Only where it begins the window in which that inspection must end."""
    visited = State(OPEN, transitions=(way(InspectionHeld("any")),))
    around = Around(inspections=(known_inspection(9, 12),))
    national = rules(way(trigger="certify", to="visited", answers="certify"), visited=visited)
    own = rules(way(trigger="certify", to="visited", answers=None), visited=visited)
    assert [step.latest for step in ask(national, around=around).steps] == [day(12), None]
    assert [step.latest for step in ask(own, around=around).steps] == [None, None]


def test_the_cheapest_choice_of_any_of_is_taken() -> None:
    """A reason costs less than a field to set first, and than what nobody can foresee."""
    asked = AnyOf(((PredicateHolds("agreed"),), (FieldSet("owner"),), (ReasonGiven(),)))
    found = ask(rules(way(asked)), around=Around(predicates=frozenset({"agreed"})))
    assert only(found).needs == (ReasonNeed(),)


def test_children_are_closed_by_their_own_ways() -> None:
    """Those that are still open."""
    children = (relative("C-1", {"portal": "open"}, way()), relative("C-2", {"portal": "closed"}))
    step = only(ask(rules(way(ChildrenClosed())), around=Around(children=children)))
    assert step.needs == (ChildrenNeed(("C-1",), ("portal",)),)
    assert [each.record for each in step.before] == ["C-1"]


def test_a_child_that_cannot_be_closed_leaves_no_way() -> None:
    """Its parent stays open with it."""
    children = (relative("C-1", {"portal": "open"}),)
    found = ask(rules(way(ChildrenClosed())), around=Around(children=children))
    assert found.verdict == "impossible"


def test_children_that_are_closed_are_not_mentioned() -> None:
    """Nothing is to be done about them."""
    children = (relative("C-2", {"portal": "closed"}),)
    assert only(ask(rules(way(ChildrenClosed())), around=Around(children=children))).needs == ()


def test_where_there_is_no_child_one_must_be_added() -> None:
    """Whether it can be closed, nobody knows; a category without children has no way."""
    later = State(OPEN, transitions=(way(ChildrenClosed()),))
    lifecycle = rules(way(ChildrenClosed(), trigger="start", to="later"), later=later)
    found = ask(lifecycle, around=Around(may_have_children=True))
    assert found.verdict == "undetermined"
    assert [step.needs for step in found.steps] == [(ChildrenNeed((), ()),), ()]
    assert ask(lifecycle).verdict == "impossible"


def test_a_closed_parent_is_re_opened_first() -> None:
    """It has no open child; where it cannot be re-opened, there is no way."""
    lifecycle = rules(
        way(), closed=State({"portal": "closed"}, transitions=(way(trigger="back", to="open"),))
    )
    parent = relative("P-1", {"portal": "closed"}, way(Waited(30), to="freed"))
    freed = {**parent.lifecycle.states, "freed": State(OPEN)}
    parent = type(parent)(
        parent.record, rules(*parent.lifecycle.states["open"].transitions, **freed), parent.around
    )
    step = only(ask(lifecycle, to="open", state="closed", around=Around(parent=parent)))
    assert ParentNeed("P-1", ("portal",)) in step.needs
    assert step.earliest == step.before[0].steps[0].earliest == day(20)
    stuck = Around(parent=relative("P-1", {"portal": "closed"}))
    assert ask(lifecycle, to="open", state="closed", around=stuck).verdict == "impossible"
    above = Around(closed_above=frozenset({"portal"}))
    assert ask(lifecycle, to="open", state="closed", around=above).verdict == "impossible"


def test_what_peelflow_does_at_once_belongs_to_the_step() -> None:
    """It lands where it then rests."""
    prompt = State(OPEN, transitions=(way(trigger="file", by=SYSTEM),))
    step = only(ask(rules(way(trigger="start", to="prompt"), prompt=prompt)))
    assert step.lands == ("prompt", "closed")


def test_what_peelflow_waits_for_is_prepared_beforehand() -> None:
    """A field, and a letter that is attached in the window of an own step."""
    prompt = State(OPEN, transitions=(way(FieldSet("owner"), LETTER, trigger="file", by=SYSTEM),))
    step = only(ask(rules(way(trigger="start", to="prompt", answers=None), prompt=prompt)))
    assert step.needs == (
        FieldNeed("owner"),
        AppointmentNeed(("chief_constable",), day(3)),
        DocumentNeed("letter", ("chief_constable",), day(3), beforehand=True),
    )


def test_what_peelflow_asks_of_the_past_is_not_prepared() -> None:
    """A wait since the state that the act enters is never over there; who did the act is known."""
    asked = (Waited(1, "prompt"), Evidence("letter", since="prompt"))
    for each in asked:
        prompt = State(OPEN, transitions=(way(each, trigger="file", by=SYSTEM),))
        assert ask(rules(way(trigger="start", to="prompt"), prompt=prompt)).verdict == "impossible"
    other = State(OPEN, transitions=(way(DistinctFrom("start"), trigger="file", by=SYSTEM),))
    assert only(ask(rules(way(trigger="start", to="prompt"), prompt=other))).new == "closed"


def test_where_a_predicate_decides_what_peelflow_does_both_ends_are_undetermined() -> None:
    """Nobody can foresee where the record comes to rest."""
    prompt = State(
        OPEN, transitions=(way(PredicateHolds("agreed"), trigger="file", by=SYSTEM), way())
    )
    lifecycle = rules(way(trigger="start", to="prompt"), prompt=prompt)
    around = Around(predicates=frozenset({"agreed"}))
    for goal in ("closed", "prompt"):
        found = ask(lifecycle, to=goal, around=around)
        assert found.verdict == "undetermined"
        assert only(found).undetermined == ("the predicate `agreed`",)


def test_an_end_has_no_way_out() -> None:
    """And a state from which no step leads there has none either."""
    assert ask(rules(way()), to="open", state="closed").why == (
        "`closed` is an end, and no step leads out of it"
    )
    assert ask(rules(way()), to="paused").why == "no steps of small@1 lead there from `open`"


def test_a_record_that_is_there_needs_no_step() -> None:
    """The way is empty, and ends where it stands."""
    found = ask(rules(way()), to="open")
    assert (found.verdict, found.steps, found.end, found.acts) == ("possible", (), "open", 0)


def test_a_search_that_grows_too_large_says_so() -> None:
    """Rather than going on for ever, or saying that there is none."""
    found = ask(rules(way()), most=0)
    assert (found.verdict, found.why) == (
        "undetermined",
        "0 acts were tried, and the rules allow many more",
    )


def test_a_way_round_is_not_gone_twice() -> None:
    """A shorter way goes before a longer one."""
    middle = State(OPEN, transitions=(way(to="open", trigger="back"), way(to="last")))
    last = State(OPEN, transitions=(way(to="middle", trigger="back"), way()))
    found = ask(rules(way(to="middle"), way(to="last", trigger="jump"), middle=middle, last=last))
    assert [step.trigger for step in found.steps] == ["jump", "close"]


def test_a_child_is_asked_for_its_way_once() -> None:
    """However many steps wait for it, each says the same way."""
    children = (relative("C-1", {"portal": "open"}, way()),)
    either = rules(
        way(ChildrenClosed(), ReasonGiven()),
        way(ChildrenClosed(), trigger="end", by=("audit_committee",)),
    )
    step = only(ask(either, around=Around(children=children)))
    assert (step.trigger, [each.record for each in step.before]) == ("close", ["C-1"])


def test_steps_of_peelflow_that_go_round_are_not_followed() -> None:
    """A search comes to its end, whatever the rules."""
    again = way(ReasonGiven(), trigger="again", to="prompt", by=SYSTEM)
    prompt = State(OPEN, transitions=(again, way()))
    found = ask(rules(way(trigger="start", to="prompt"), prompt=prompt))
    assert [step.lands for step in found.steps] == [("prompt",), ("closed",)]


def test_a_parent_that_is_open_is_left_as_it_is() -> None:
    """Nothing is in the way of its child."""
    lifecycle = rules(
        way(), closed=State({"portal": "closed"}, transitions=(way(trigger="back", to="open"),))
    )
    around = Around(parent=relative("P-1", {"portal": "open"}))
    step = only(ask(lifecycle, to="open", state="closed", around=around))
    assert (step.needs, step.before) == ((), ())


def test_a_way_that_looks_short_is_not_taken_for_the_shortest() -> None:
    """Five acts in a row are fewer than one that three detours must make lawful."""
    detours = ("a", "b", "c")
    looks_short = way(*(Waited(1, name) for name in detours))
    there = {name: State(OPEN, transitions=(way(to="open", trigger="back"),)) for name in detours}
    row = {
        f"row{n}": State(OPEN, transitions=(way(to=f"row{n + 1}" if n < 4 else "closed"),))
        for n in range(1, 5)
    }
    ways = (looks_short, *(way(to=name, trigger=f"to_{name}") for name in detours))
    onto = way(to="row1", trigger="onto")
    assert len(ask(rules(*ways, onto, **there, **row)).steps) == 5
    assert len(ask(rules(*ways, **there)).steps) == 7
