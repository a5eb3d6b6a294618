"""Each requirement at its edges: where it holds, and what exactly is said where it does not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from attrs import evolve

from peelflow.engine.requirements import is_of_one_force
from peelflow.model.decisions import Child, RecordReference
from peelflow.model.records import Attachment, Value
from peelflow.model.requirements import (
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import Counts
from tests.builders.decisions import (
    A_RECORD,
    AGREED,
    CLOSED,
    EITHER,
    HELD,
    LETTER,
    OPEN,
    OTHER,
    PLANNED,
    PUBLISHED,
    RELEVANT,
    RULE,
    SET,
    SIGNED,
    SINCE_PAUSE,
    WAIT,
    Scene,
    accepted,
    attached,
    before,
    both_said,
    day,
    digest_of,
    document,
    family,
    inspected,
    offered,
    published,
    refused,
    rules,
    scene,
    signed,
    way,
)

FOR_PCCS = FieldSet("addressees", "pccs")


def addressed(said: Value) -> Scene:
    """Return a scene whose record says to whom it is addressed."""
    return scene(record={"fields": {"addressees": said}})


def of_sets(own: str, covered: str) -> Scene:
    """Return a scene whose record and inspection name their question sets, "" for none."""
    at = inspected(question_set=covered)
    fields = {**at.record.fields, "question_set": own}
    return evolve(at, record=evolve(at.record, fields=fields))


ANSWERED = ChildForEach("answers", ("recommendation",), "source_report", "report")
M_1 = RecordReference("M-1", "recommendation", "source_report", "REP")
M_2 = evolve(M_1, id="M-2")
ASKED = (M_1,)
OTHERS = (
    evolve(M_1, category="afi"),
    evolve(M_1, field="report"),
    evolve(M_1, names="REP-2"),
)


def answering(
    mentions: tuple[RecordReference, ...],
    *children: Mapping[str, Value],
    counts: Mapping[str, Counts] = CLOSED,
) -> Scene:
    """Return a scene of a record of a report, with what else is of it and children that say so."""
    below = tuple(Child(f"C-{n}", counts, says) for n, says in enumerate(children, start=1))
    return scene(
        record={"fields": {"report": "REP"}}, context={"mentions": mentions, "children": below}
    )


HOLDING: dict[str, tuple[Requirement, Scene]] = {
    "a letter is offered": (LETTER, offered()),
    "a letter signed on the act's date": (LETTER, offered(signed_on=day(3))),
    "a letter attached just after the window began": (LETTER, attached(3)),
    "a letter attached after the state was entered": (SINCE_PAUSE, attached(4)),
    "the second letter": (
        LETTER,
        scene(
            act={"evidence": (document("old"), document("new"))},
            record={"spent": frozenset({digest_of("old")})},
        ),
    ),
    "an attached letter beside a useless offered one": (
        LETTER,
        scene(
            act={"evidence": (document(signed_on=day(4)),)},
            record={"attachments": (Attachment(document("new"), 3),)},
        ),
    ),
    "signed in office": (SIGNED, signed()),
    "signed on the first day in office": (SIGNED, signed(first_day=day(1))),
    "signed on the last day in office": (SIGNED, signed(last_day=day(1))),
    "signed by a deputy": (SIGNED, signed(role="nominated_deputy")),
    "an inspection": (PLANNED, inspected()),
    "an inspection of no question": (PLANNED, inspected(None, questions=frozenset())),
    "any inspection": (InspectionHeld("any"), inspected(kind="bespoke")),
    "an inspection that begins today": (PLANNED, inspected(first_day=day(3), last_day=day(9))),
    "an inspection that ended as the window began": (
        PLANNED,
        inspected(first_day=day(-20), last_day=day(-10)),
    ),
    "an inspection since a state": (
        InspectionHeld("planned", since="paused"),
        inspected(first_day=day(-20), last_day=day(-5)),
    ),
    "an inspection of the question's chapter": (RELEVANT, inspected()),
    "an inspection of the question itself": (RELEVANT, inspected("7")),
    "an inspection of the same question set": (RELEVANT, of_sets("nine", "nine")),
    "an inspection that names no question set": (RELEVANT, of_sets("nine", "")),
    "an inspection of a record that names none": (RELEVANT, of_sets("", "nine")),
    "a reason": (ReasonGiven(), scene(act={"reason": " why "})),
    "a field": (SET, scene(record={"fields": {"owner": "Kim"}})),
    "a choice": (FOR_PCCS, addressed("pccs")),
    "a list that holds it": (FOR_PCCS, addressed(("npcc", "pccs"))),
    "a successor": (SuccessorNamed(), scene(act={"successor": "R-2"})),
    "children closed": (ChildrenClosed(), family(CLOSED, CLOSED)),
    "children open on another ledger": (
        ChildrenClosed(),
        family({"portal": "closed", "force": "open"}),
    ),
    "each answered": (ANSWERED, answering(ASKED, {"answers": "M-1"})),
    "nothing to answer": (ANSWERED, answering(())),
    "what is not asked for": (ANSWERED, answering(OTHERS)),
    "somebody else finished": (OTHER, before(3)),
    "somebody else began the window": (OTHER, before(2)),
    "somebody else finished since a state": (DistinctFrom("finish", "paused"), before(3)),
    "long enough in the window": (WAIT, scene()),
    "long enough since a state": (Waited(8, "paused"), scene()),
    "long enough since publication": (PUBLISHED, published(str(day(-10)))),
    "a day after publication": (Waited(1, "published"), published(str(day(2)))),
    "the first of two choices": (
        EITHER,
        scene(act={"reason": "why"}, record={"fields": {"owner": "Kim"}}),
    ),
    "the second of two choices": (
        EITHER,
        scene(act={"successor": "R-2", "evidence": (document(),)}),
    ),
    "a predicate": (AGREED, scene(context={"predicates": {"agreed": both_said}})),
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_requirement_holds_up_to_its_edge(name: str) -> None:
    """An act that just meets what is asked for is accepted."""
    requirement, at = HOLDING[name]
    assert accepted(rules(way(requirement)), at).number == 5


SPENT = {"record": {"spent": frozenset({digest_of("letter.txt"), digest_of("b")})}}
COUNTED = "already counted for an earlier act of this record"
NO_LETTER = "no `letter` is offered, or attached since 2022-02-19"
NEVER = "`nowhere` was never entered"
NOT_HELD = "no inspection on set days, not called off, is called INS-1"
OUT_OF_OFFICE = "`letter.txt` is signed by Chief, who held no such role on 2022-03-02"
UNSIGNED = "`letter.txt` is not signed"
NO_QUESTION = "the record has no question, so no inspection is relevant to it"
LACKING: list[tuple[Requirement, Scene, str]] = [
    (LETTER, scene(), NO_LETTER),
    (LETTER, offered(kind="plan"), NO_LETTER),
    (LETTER, attached(2), NO_LETTER),
    (SINCE_PAUSE, attached(3), "no `letter` is offered, or attached since 2022-02-24"),
    (Evidence("letter", since="nowhere"), offered(), NEVER),
    (
        LETTER,
        scene(act={"evidence": (document(),)}, **SPENT),
        f"`letter.txt` {COUNTED}",
    ),
    (
        LETTER,
        offered(signed_on=day(4)),
        "`letter.txt` is signed on 2022-03-05, after the act's date 2022-03-04",
    ),
    (
        LETTER,
        scene(act={"evidence": (document("a", signed_on=day(4)), document("b"))}, **SPENT),
        "`a` is signed on 2022-03-05, after the act's date 2022-03-04 and `b` " + COUNTED,
    ),
    (SIGNED, offered(), UNSIGNED),
    (SIGNED, offered(signed_by="Chief"), "`letter.txt` does not say when it was signed"),
    (SIGNED, offered(signed_on=day(1)), UNSIGNED),
    (SIGNED, signed(first_day=day(2)), OUT_OF_OFFICE),
    (SIGNED, signed(last_day=day(0)), OUT_OF_OFFICE),
    (SIGNED, signed(force="Essex"), OUT_OF_OFFICE),
    (SIGNED, signed(role="lead"), OUT_OF_OFFICE),
    (SIGNED, signed("Kim"), OUT_OF_OFFICE.replace("Chief", "Kim")),
    (PLANNED, scene(), "no inspection is named"),
    (PLANNED, scene(act={"inspection": "INS-1"}), NOT_HELD),
    (PLANNED, inspected(id="INS-2"), NOT_HELD),
    (PLANNED, inspected(force="Essex"), "INS-1 is an inspection of another force, Essex"),
    (InspectionHeld("planned", since="nowhere"), inspected(), NEVER),
    (PLANNED, inspected(kind="bespoke"), "INS-1 is a bespoke inspection"),
    (
        PLANNED,
        inspected(first_day=day(4), last_day=day(5)),
        "INS-1 begins on 2022-03-05, after the act's date 2022-03-04",
    ),
    (
        PLANNED,
        inspected(last_day=day(-11)),
        "INS-1 ended on 2022-02-18, before 2022-02-19, when this step began",
    ),
    (
        InspectionHeld("planned", since="paused"),
        inspected(last_day=day(-6)),
        "INS-1 ended on 2022-02-23, before 2022-02-24, when this step began",
    ),
    (RELEVANT, inspected(None), NO_QUESTION),
    (RELEVANT, inspected(""), NO_QUESTION),
    (RELEVANT, inspected(("7.2",)), NO_QUESTION),
    (RELEVANT, inspected("72"), "INS-1 covers 3, 7, and the record's question is 72"),
    (
        RELEVANT,
        inspected(questions=frozenset()),
        "INS-1 covers no question, and the record's question is 7.2",
    ),
    (
        RELEVANT,
        of_sets("nine", "twelve"),
        "INS-1 covers questions of twelve, and the record's is of nine",
    ),
    (ReasonGiven(), scene(), "no reason is given"),
    (ReasonGiven(), scene(act={"reason": " "}), "no reason is given"),
    (SET, scene(), "the field `owner` is not set"),
    (SET, scene(record={"fields": {"owner": ""}}), "the field `owner` is not set"),
    (FOR_PCCS, scene(), "the field `addressees` is not set"),
    (FOR_PCCS, addressed(()), "the field `addressees` is not set"),
    (FOR_PCCS, addressed("pccs2"), "the field `addressees` says `pccs2`, not `pccs`"),
    (FOR_PCCS, addressed(("a", "b")), "the field `addressees` says `a` and `b`, not `pccs`"),
    (SuccessorNamed(), scene(), "no successor is named"),
    (SuccessorNamed(), scene(act={"successor": " "}), "no successor is named"),
    (SuccessorNamed(), scene(act={"successor": "R-1"}), "a record cannot succeed itself"),
    (ChildrenClosed(), scene(), "there is no child"),
    (ChildrenClosed(), family(CLOSED, {}, {"portal": "open"}), "not closed yet: C-2, C-3"),
    (ANSWERED, scene(), "the field `report` is not set"),
    (ANSWERED, answering(ASKED), "no child names in `answers`: M-1"),
    (
        ANSWERED,
        answering((*ASKED, *ASKED, M_2), {"source_report": "M-1"}, {"answers": "REP"}),
        "no child names in `answers`: M-1, M-2",
    ),
    (ANSWERED, answering((), {}, counts=OPEN), "not closed yet: C-1"),
    (
        ANSWERED,
        answering(ASKED, {}, counts=OPEN),
        "no child names in `answers`: M-1 and not closed yet: C-1",
    ),
    (
        ANSWERED,
        answering((*ASKED, M_2), {"answers": "M-1"}, counts={**CLOSED, "force": "open"}),
        "no child names in `answers`: M-2",
    ),
    (OTHER, scene(), "nobody did `finish` since 2022-02-19"),
    (OTHER, before(1), "nobody did `finish` since 2022-02-19"),
    (DistinctFrom("finish", "paused"), before(2), "nobody did `finish` since 2022-02-24"),
    (DistinctFrom("finish", "nowhere"), before(3), NEVER),
    (OTHER, before(3, "Sam"), "Sam did `finish` too"),
    (Waited(14), scene(), "13 of 14 days passed since 2022-02-19"),
    (Waited(9, "paused"), scene(), "8 of 9 days passed since 2022-02-24"),
    (Waited(1, "nowhere"), scene(), NEVER),
    (PUBLISHED, scene(), "no date of publication is set"),
    (PUBLISHED, published(("2022-01-01",)), "no date of publication is set"),
    (PUBLISHED, published("in spring"), "no date of publication is set"),
    (PUBLISHED, published(str(day(-9))), "12 of 13 days passed since 2022-02-20"),
    (
        Waited(1, "published"),
        published(str(day(4))),
        "2022-03-05, from when to count, lies after the act's date 2022-03-04",
    ),
    (Waited(1, "published"), published(str(day(3))), "0 of 1 day passed since 2022-03-04"),
    (
        EITHER,
        scene(act={"reason": "why", "successor": " "}),
        f"the field `owner` is not set; or {NO_LETTER} and no successor is named",
    ),
    (AGREED, scene(), "the application registered no predicate `agreed`"),
    (
        AGREED,
        scene(context={"predicates": {"agreed": lambda *_: False}}),
        "the predicate `agreed` says no",
    ),
]


@pytest.mark.parametrize(("requirement", "at", "sentence"), LACKING, ids=[c[2] for c in LACKING])
def test_a_requirement_just_missed_says_what_was_found(
    requirement: Requirement, at: Scene, sentence: str
) -> None:
    """The refusal has this one reason, of the kind `not yet`, at the requirement's own place."""
    (reason,) = refused(rules(way(evolve(requirement, span=RULE))), at).reasons
    assert (reason.kind, reason.sentence, reason.span) == ("not yet", sentence, RULE)


@pytest.mark.parametrize(
    ("led_by", "joint_with", "is_one"),
    [
        ("kent", (), True),
        ("essex", (), True),
        ("surrey", ("kent",), True),  # led by a third one, and joint with the record's
        ("surrey", ("essex",), True),
        ("surrey", (), False),
        ("surrey", ("sussex",), False),
    ],
)
def test_an_inspection_is_of_a_force_that_the_record_is_of(
    led_by: str, joint_with: tuple[str, ...], *, is_one: bool
) -> None:
    """It leads the inspection, or shares it."""
    record = evolve(A_RECORD, force="kent", joint_with=("essex",))
    inspection = evolve(HELD, force=led_by, joint_with=joint_with)
    assert is_of_one_force(record, inspection) is is_one
