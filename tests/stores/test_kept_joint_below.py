"""What lies below a joint record is joint as that is: on its days, on its word, by its events."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from peelflow import Joint, Register, national
from peelflow.errors import InvalidRequest
from peelflow.register import kept_joint
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from tests.stores.forgery import EditAll, events_of, recounted
from tests.stores.test_kept_links import KIM, SUFFOLK, Clock, Events

LATER = datetime(2027, 6, 1, tzinfo=UTC)
DAY, MADE, OVER = date(2023, 1, 9), date(2023, 4, 1), date(2023, 5, 1)
ALONE = Joint()


def fill(register: Register) -> None:
    """Make records joint for a month, with what lies below them, and correct that."""
    said: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
    level_2: dict[str, Any] = {"category": "recommendation", "level": 2, **said}
    why: Any = {"actor": KIM, "reason": "r"}
    for name in ("P-1", "P-2"):
        register.add(name, category="cause_of_concern", **said)
    register.add("Q-1", parent="P-1", **level_2)
    register.add("M-1", category="milestone", parent="Q-1", fields={"title": "t"}, **said)
    register.add("Q-2", parent="P-2", **level_2)
    register.correct("Q-2", 1, correction="void", **why)
    for name in ("P-1", "P-2"):
        register.make_joint(name, SUFFOLK, on=MADE, **why)
    register.correct("Q-2", 2, correction="void", **why)
    for name in ("P-1", "P-2"):
        register.make_joint(name, ALONE, on=OVER, **why)
    made = events_made(register, "P-1")[1]
    register.correct("P-1", made, correction="redate", to=date(2023, 5, 3), **why)
    register.add("Q-3", parent="P-1", **level_2)


def events_made(register: Register, record: str) -> list[int]:
    """Return the numbers of the events that made a record joint."""
    return [event.number for event in register.history(record) if event.kind == "made_joint"]


def exported(moment: datetime) -> list[str]:
    """Return the export of a register in which nothing is found."""
    with Register.open("memory:", clock=Clock(moment)) as register:
        fill(register)
        assert register.verify() == ()
        return list(register.export())


@cache
def honest() -> list[str]:
    """Return such an export that this peelflow made."""
    return exported(datetime(2027, 1, 5, 9, tzinfo=UTC))


Found = list[tuple[str, int, str]]


def found(edit: EditAll, lines: list[str] | None = None) -> Found:
    """Return what is found in an export that was made anew: where, and what."""
    with Register.open("memory:", clock=Clock(LATER)) as register:
        judged = judge_export(register.services, recounted(lines or honest(), edit))
    return [(each.record, each.event, each.sentence) for each in judged.discrepancies]


def child_alone(events: Events) -> None:
    """Let the parents never be joint."""
    for name in ("P-1", "P-2"):
        without(events, name)


def parent_alone(events: Events) -> None:
    """Let what lies below never be joint."""
    for name in ("Q-1", "Q-2", "M-1"):
        without(events, name)


def without(events: Events, record: str) -> None:
    """Leave out what makes a record joint, and corrections of that."""
    for event in events_of(events, record):
        is_redated = event["what"].get("correction") == "redate"
        if event["kind"] == "made_joint" or is_redated:
            events.remove(event)


def above_later(events: Events) -> None:
    """Let the record above be joint 19 days later."""
    event = events_of(events, "P-1", "made_joint")[0]
    event["on"] = "2023-04-20"
    for change in event["changes"]:
        change["on"] = "2023-04-20"


def below_says(**parts: object) -> EditAll:
    """Return an edit of what makes Q-1 joint."""
    return lambda events: events_of(events, "Q-1", "made_joint")[0].update(parts)


def back_says(**parts: object) -> EditAll:
    """Return an edit of what makes Q-2 joint as it comes back."""
    return lambda events: events_of(events, "Q-2", "made_joint")[0].update(parts)


def above_redated(events: Events) -> None:
    """Move the day above, and not the one below."""
    for name in ("Q-1", "M-1"):
        events.remove(events_of(events, name, "corrected")[0])


WITH_IT = "was not made joint so with it"
FORGED: dict[str, tuple[EditAll, tuple[str, int], str]] = {
    "the child alone": (child_alone, ("Q-1", 2), WITH_IT),
    "the parent alone": (parent_alone, ("P-1", 3), f"Q-1 lay below it, and {WITH_IT}"),
    "the parent later": (above_later, ("Q-1", 2), WITH_IT),
    "by another person": (below_says(actor={"person": "ann", "role": "lead"}), ("Q-1", 2), WITH_IT),
    "typed by another person": (below_says(recorded_by="ann"), ("Q-1", 2), WITH_IT),
    "for another reason": (below_says(reason="x"), ("Q-1", 2), WITH_IT),
    "from a source": (below_says(source="s"), ("Q-1", 2), WITH_IT),
    "under a key": (below_says(key="k"), ("Q-1", 2), WITH_IT),
    "back for another reason": (back_says(reason="x"), ("Q-2", 4), WITH_IT),
    "back at another moment": (
        back_says(recorded_at="2027-01-05T09:12:30.000000+00:00"),
        ("Q-2", 4),
        WITH_IT,
    ),
    "the parent on another day by now": (
        above_redated,
        ("Q-1", 3),
        "stands elsewhere by now than event 4 of P-1",
    ),
}


def test_item_14_what_lies_below_nothing_that_is_kept_is_judged_to_its_end() -> None:
    """That its parent is not kept is found, and ends nothing else."""

    def orphaned(events: Events) -> None:
        events_of(events, "Q-1", "added")[0]["what"]["parent"] = "X-9"

    assert any("'X-9'" in why for *_, why in found(orphaned))


@pytest.mark.parametrize("what", FORGED)
def test_item_14_what_lies_below_is_joint_as_what_is_above(what: str) -> None:
    """An export made anew in which one of the two is joint otherwise is found at its event."""
    edit, place, words = FORGED[what]
    assert any(words in why for *at, why in found(edit) if tuple(at) == place)


def test_item_14_what_lay_below_a_record_is_told_by_the_feed(store: Store, tmp_path: Path) -> None:
    """In whichever store: what was entered below afterwards is no finding."""
    path = tmp_path / "export.jsonl"
    path.write_text("".join(f"{line}\n" for line in recounted(honest(), parent_alone)), "utf-8")
    with Register(store, rulebook=national(), clock=Clock(LATER)) as register:
        register.restore(path, as_found=True)
        faults = {(each.record, each.event) for each in register.verify()}
    assert faults == {("P-1", 3), ("P-1", 4), ("P-2", 6)}


def test_item_14_where_nothing_has_a_position_nobody_is_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within an application's transaction the feed tells nothing of what lay below."""

    def unknown(*_: object) -> None:
        raise InvalidRequest("the position", "is not known yet", "commit first")

    monkeypatch.setattr(kept_joint, "numbers_before", unknown)
    assert [at for *at, why in found(parent_alone) if WITH_IT in why] == []


def test_item_14_what_followed_once_as_no_verb_has_it_now_accuses_nobody() -> None:
    """An earlier peelflow had what lies below follow a correction otherwise, or not at all."""
    lines = exported(datetime(2026, 11, 29, 9, tzinfo=UTC))
    for edit in (back_says(reason="x"), above_redated):
        assert found(edit, lines) == []

    def uncorrected(events: Events) -> None:
        events[:] = [each for each in events if each["record"] in {"P-1", "Q-1"}]
        events[:] = [each for each in events if each["kind"] != "corrected"]
        below_says(reason="x")(events)

    assert ["Q-1", 2] in [at for *at, _ in found(uncorrected, lines)]
