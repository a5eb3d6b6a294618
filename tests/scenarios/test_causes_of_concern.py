"""What the sources say of causes of concern."""

from __future__ import annotations

import pytest

from peelflow.model.decisions import Refused
from tests.builders.force import KIND, World

CAUSE, LEVEL_2, LEVEL_3, LEVEL_4, REPORT = (
    KIND[name] for name in ("cause-of-concern", "level-2", "level-3", "level-4", "report")
)


def closed_child(world: World, parent: str) -> str:
    """Add a recommendation below a cause of concern, and close it."""
    child = world.add(LEVEL_2, parent=parent)
    world.step(child, "start")
    world.step(child, "close")
    return child


def test_it_is_always_accompanied_by_a_recommendation(world: World) -> None:
    """Without one it does not close."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    with pytest.raises(Refused, match="there is no child"):
        world.fire(cause, "close", "hmicfrs")


def test_closing_every_recommendation_does_not_close_it(world: World) -> None:
    """HMICFRS closes it itself, after them."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    for _ in range(2):
        closed_child(world, cause)
    assert world.register.record(cause).state == "in_progress"
    world.step(cause, "close")
    assert world.register.record(cause).state == "closed"


def test_it_stays_open_while_one_recommendation_is_open(world: World) -> None:
    """The others may be closed; a revisit may leave the cause of concern out altogether."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    closed_child(world, cause)
    left = world.add(LEVEL_3, parent=cause)
    world.later()
    with pytest.raises(Refused, match=f"not closed yet: {left}"):
        world.fire(cause, "close", "hmicfrs")


def test_it_is_closed_recommendation_by_recommendation_at_revisits(world: World) -> None:
    """Each revisit may verify some; the cause of concern stays open until none is left."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    children = [world.add(LEVEL_4, parent=cause) for _ in range(3)]
    for child in children:
        world.step(child, "start")
    for closed, child in enumerate(children, start=1):
        world.later(90)
        world.step(child, "close")
        figures = world.register.figures(as_at=world.day)
        assert (figures.open, figures.closed) == (1 + 3 - closed, closed)
    world.step(cause, "close")
    assert world.register.figures(as_at=world.day).open == 0


def test_a_revisit_may_leave_it_out_altogether(world: World) -> None:
    """An inspection is held and reported; nothing of the cause of concern moves."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    world.add(LEVEL_3, parent=cause)
    before = world.register.record(cause)
    revisit = world.add(KIND["inspection"], fields={"questions": ["7"]})
    for trigger in ("schedule", "begin_fieldwork", "report"):
        world.step(revisit, trigger)
    now = world.register.record(cause)
    assert (now.state, now.number) == (before.state, before.number)


def test_part_of_it_may_be_rescinded_while_the_rest_stays_open(world: World) -> None:
    """With the reason; it counts open as before."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    world.step(cause, "rescind_part")
    assert world.register.counts(world.register.record(cause)) == {"portal": "open"}
    assert world.register.history(cause)[-1].reason


def test_an_accelerated_one_is_issued_before_its_report_is_published(world: World) -> None:
    """The report is expected, and the cause of concern refers to it already."""
    report = world.add(REPORT)
    cause = world.add(CAUSE, fields={"source_report": report})
    world.step(cause, "start")
    assert world.register.record(report).state == "expected"
    world.step(report, "publish")
    assert world.register.record(cause).fields["source_report"] == report


def test_actions_complete_is_not_closed(world: World) -> None:
    """Months can lie between the two, and it counts open in all of them."""
    cause = world.add(CAUSE)
    world.step(cause, "start")
    closed_child(world, cause)
    world.step(cause, "complete_actions")
    world.later(200)
    assert world.register.figures(as_at=world.day).open == 1
    world.step(cause, "close")
    assert world.register.figures(as_at=world.day).open == 0
