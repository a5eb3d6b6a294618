"""Needs and steps in words."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from peelflow.model.decisions import (
    AnswersNeed,
    AppointmentNeed,
    ChildrenNeed,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    KnownInspection,
    Need,
    ParentNeed,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    RoleNeed,
    SourceNeed,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.routes import Route, RouteStep
from peelflow.wording import say_doers, say_need, say_route_head

DAY = date(2023, 2, 9)
FOR_EACH = "first add a child for each of R-1 and R-2"
ASKED = "a bespoke inspection that covers question 7.2 and ends on 9 February 2023 or later"
NEEDS: list[tuple[Need, str]] = [
    (RoleNeed(("lead", "pcc")), "act as `lead` or `pcc`"),
    (
        AppointmentNeed(("lead",), DAY),
        "first record an appointment as `lead` that holds on 9 February 2023",
    ),
    (
        AppointmentNeed(("lead",), DAY, "Kim"),
        "first record an appointment of Kim as `lead` that holds on 9 February 2023",
    ),
    (PersonNeed(("Kim", "Sam")), "another person than Kim and Sam"),
    (SourceNeed(), "the letter or portal reference it is read from"),
    (ReasonNeed(), "a reason, in words"),
    (SuccessorNeed(), "the later record or inspection that takes its place"),
    (DocumentNeed("plan", (), DAY), "a `plan` that has not counted for it yet"),
    (
        DocumentNeed("letter", ("lead",), DAY),
        "a `letter` that has not counted for it yet, signed by `lead` by the day of this step",
    ),
    (
        DocumentNeed("plan", (), DAY, beforehand=True),
        "attach beforehand a `plan` that has not counted for it yet",
    ),
    (
        DocumentNeed("plan", (), DAY, attached="plan.pdf"),
        "`plan.pdf`, which is attached already, will do",
    ),
    (
        InspectionNeed("any", None, DAY),
        "an inspection that ends on 9 February 2023 or later; none is recorded yet",
    ),
    (
        InspectionNeed("bespoke", "7.2", DAY, (KnownInspection("I-1", DAY, DAY),)),
        f"{ASKED}: I-1 (2023-02-09 to 2023-02-09) could do",
    ),
    (FieldNeed("owner"), "first set the field `owner`"),
    (
        FieldNeed("addressees", has="pccs"),
        "first set the field `addressees` so that it says `pccs`",
    ),
    (
        FieldNeed("published", DAY),
        "first set the field `published`, to a date no later than 9 February 2023",
    ),
    (ChildrenNeed(("C-1", "C-2"), ("portal",)), "first see C-1 and C-2 closed on portal"),
    (ChildrenNeed((), ()), "first add a child, and see it closed"),
    (
        AnswersNeed(("R-1",), "answers", ()),
        "first add a child that names R-1 in `answers`, and see it closed",
    ),
    (
        AnswersNeed(("R-1", "R-2"), "answers", ("portal",)),
        f"{FOR_EACH}, named in its `answers`, and see each closed on portal",
    ),
    (
        ParentNeed("P-1", ("force", "portal")),
        "first re-open P-1, which counts closed on force and portal",
    ),
    (DayNeed(DAY), "wait until 9 February 2023"),
    (StepNeed(trigger="start"), "`start` must be done first"),
    (StepNeed(state="open"), "`open` must be entered first"),
    (PredicateNeed("agreed", registered=True), "the yes of the predicate `agreed`"),
    (
        PredicateNeed("agreed", registered=False),
        "the yes of the predicate `agreed`, which the application has yet to register",
    ),
]


@pytest.mark.parametrize(("need", "said"), NEEDS, ids=lambda each: type(each).__name__)
def test_each_need_is_one_line_of_a_list(need: Need, said: str) -> None:
    """In plain words, and with what would do."""
    assert say_need(need) == said


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (("system",), "peelflow itself"),
        (("lead", "pcc"), "`lead` or `pcc` (Kim is `lead`)"),
        (("pcc",), "`pcc` (Kim is `lead`)"),
    ],
)
def test_who_does_a_step_is_said_with_known_holders(by: tuple[str, ...], said: str) -> None:
    """Nobody is named for what peelflow does itself."""
    step = RouteStep("close", "open", ("closed",), by, DAY, holders=(("Kim", "lead"),))
    assert say_doers(step) == said


def test_the_head_of_a_way_says_where_the_record_stands() -> None:
    """There already, so many steps, no way, or nobody can tell."""
    step = RouteStep("close", "open", ("closed",), ("lead",), DAY)
    there = Route("R-1", "small@1", "open", "`closed`", "possible")
    start = "R-1 is `open` under small@1; "
    assert say_route_head(there) == f"{start}it is there already: `closed`"
    assert say_route_head(evolve(there, steps=(step,))) == f"{start}to `closed` it takes 1 step:"
    assert (
        say_route_head(evolve(there, steps=(step, step))) == f"{start}to `closed` it takes 2 steps:"
    )
    none = evolve(there, verdict="impossible", why="it is late")
    assert say_route_head(none) == f"{start}there is no way to `closed`: it is late"
    assert say_route_head(evolve(none, verdict="undetermined")) == (
        f"{start}whether there is a way to `closed` is undetermined: it is late"
    )
