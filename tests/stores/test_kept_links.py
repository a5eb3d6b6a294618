"""What puts a record below another goes with a link on that, and each stands as verbs write it."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from peelflow import Actor, Joint, Register
from peelflow.register import kept_links
from peelflow.register.restore import judge_export
from tests.stores.forgery import EditAll, events_of, recounted

KIM, LEE = Actor("kim", "liaison_officer"), Actor("lee", "liaison_officer")
HMICFRS: Any = {"actor": Actor("portal", "hmicfrs"), "recorded_by": "kim", "source": "portal"}
DAY = date(2023, 1, 9)
SUFFOLK = Joint(("suffolk",))
Events = list[dict[str, Any]]


class Clock:
    """Tells a later moment each time that somebody asks."""

    def __init__(self, moment: datetime, step: timedelta = timedelta(minutes=1)) -> None:
        self.moment, self.step = moment, step

    def __call__(self) -> datetime:
        """Return the next moment."""
        self.moment += self.step
        return self.moment


def fill(register: Register) -> None:
    """Put records below others in every way: entered, linked, moved, withdrawn and brought back."""
    said: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
    level_2: dict[str, Any] = {"category": "recommendation", "level": 2, **said}
    for name in ("C-1", "C-2", "C-3"):
        register.add(name, category="cause_of_concern", fields={"owner": "lee"}, **said)
    register.add("K-1", parent="C-1", **level_2)
    register.fire("K-1", "discharge", reason="r", on=date(2023, 2, 1), **HMICFRS)
    register.fire("C-1", "start", actor=KIM, on=date(2023, 2, 2))
    register.fire("C-1", "close", on=date(2023, 3, 1), **HMICFRS)
    register.add("R-1", **level_2)
    register.link("R-1", "C-2", actor=KIM, on=date(2023, 4, 1))
    register.add("M-1", category="milestone", parent="C-1", fields={"title": "t"}, **said)
    register.add("V-1", parent="C-2", **level_2)
    anew: Any = {"correction": "reenter", "actor": KIM, "reason": "a slip"}
    register.correct("V-1", 1, entry={"parent": "C-3"}, **anew)
    register.add("W-1", parent="C-3", **level_2)
    void: Any = {"correction": "void", "actor": KIM, "reason": "a slip"}
    register.correct("W-1", 1, **void)
    register.correct("W-1", 2, **void)
    register.add("J-1", category="cause_of_concern", **said)
    register.make_joint("J-1", SUFFOLK, actor=KIM, on=date(2023, 4, 1), reason="r")
    redate: Any = {"correction": "redate", "actor": KIM, "reason": "a slip"}
    register.correct("R-1", 2, to=date(2023, 4, 2), **redate)


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


def nothing(events: Events) -> None:
    """Change nothing."""


def found(edit: EditAll) -> list[tuple[str, int, str]]:
    """Return what is found in an export that was made anew: where, and what."""
    with Register.open("memory:", clock=Clock(datetime(2027, 6, 1, tzinfo=UTC))) as register:
        judged = judge_export(register.services, recounted(honest(), edit))
    return [(each.record, each.event, each.sentence) for each in judged.discrepancies]


def linked(events: Events, parent: str) -> dict[str, Any]:
    """Return a parent's first link."""
    return events_of(events, parent, "linked")[0]


def below_unasked(events: Events) -> None:
    """Let R-1 lie below C-1 from the beginning, which was closed over it."""
    events_of(events, "R-1", "added")[0]["what"]["parent"] = "C-1"
    events[:] = [event for event in events if event["record"] != "C-2"]
    events[:] = [each for each in events if each["record"] != "V-1"]
    events[:] = [each for each in events if each["record"] != "R-1" or each["kind"] == "added"]


def second_parent(events: Events) -> None:
    """Link a milestone that lies below another record."""
    place = events.index(events_of(events, "M-1")[-1])
    link = deepcopy(events_of(events, "R-1", "parent_linked")[0])
    events.insert(place + 1, link | {"record": "M-1"})


def twice(events: Events) -> None:
    """Link R-1 a second time."""
    link = linked(events, "C-2")
    events.insert(events.index(link) + 1, deepcopy(link))


def says(**parts: object) -> EditAll:
    """Return an edit that sets parts of the link of R-1."""
    return lambda events: linked(events, "C-2").update(parts)


def milestone_linked(events: Events) -> None:
    """Link a milestone as if it were a child."""
    entered = events_of(events, "M-1")[0]
    link = deepcopy(linked(events, "C-1")) | {"what": {"child": "M-1"}, "on": "2023-03-01"}
    link |= {name: entered[name] for name in ("recorded_at", "actor", "recorded_by")}
    events.insert(events.index(entered) + 1, link)


def nobody_linked(events: Events) -> None:
    """Link what is not kept."""
    link = deepcopy(linked(events, "C-3"))
    events.append(link | {"what": {"child": "X-9"}})


def left_linked(events: Events) -> None:
    """Link W-1 to where it never lay, and take that back."""
    void = events_of(events, "C-2", "corrected")[0]
    link = deepcopy(linked(events, "C-2")) | {"what": {"child": "W-1"}}
    events.insert(events.index(void), link | {"recorded_at": void["recorded_at"]})
    void["what"]["event"] += 1


def still_linked(events: Events) -> None:
    """Leave W-1 linked while it was withdrawn, and link it once more as it comes back."""
    events.remove(events_of(events, "C-3", "corrected")[0])


def of_no_other_force(events: Events) -> None:
    """Link R-1 to a record that was joint by then."""
    shared = deepcopy(events_of(events, "J-1", "made_joint")[0])
    shared["changes"] = [change | {"on": "2023-04-01"} for change in shared["changes"]]
    link = linked(events, "C-2")
    shared |= {"record": "C-2", "on": "2023-04-01", "recorded_at": link["recorded_at"]}
    back = deepcopy(shared) | {"what": {"new": [], "old": ["suffolk"]}}
    back["changes"] = [change | {"delta": -change["delta"]} for change in shared["changes"]]
    place = events.index(link)
    events[place + 1 : place + 1] = [back]
    events[place:place] = [shared]
    for event in events_of(events, "C-2", "corrected"):
        event["what"]["event"] += 1 if event["what"]["event"] == 2 else 2


def milestone_joint(events: Events) -> None:
    """Let a milestone begin as joint with a force that what it lies below never was joint with."""
    entered = events_of(events, "M-1")[0]
    entered["what"]["joint_with"] = ["suffolk"]


def redated(events: Events) -> dict[str, Any]:
    """Return what moves the link of R-1 to the day from which R-1 lies there by now."""
    return events_of(events, "C-2", "corrected")[-1]


def moved_elsewhere(events: Events) -> None:
    """Move a link to another day than its child lies there from."""
    redated(events)["what"]["to"] = "2023-04-20"


NOT_SAID = "in the moment of that"
FORGED: dict[str, tuple[EditAll, tuple[str, int], str]] = {
    "it lay below what was closed over it": (below_unasked, ("R-1", 1), "has it not among its"),
    "a second parent": (second_parent, ("M-1", 2), "its parent is C-1 already"),
    "a second link": (twice, ("C-2", 3), NOT_SAID),
    "a link on another day": (says(on="2024-01-01"), ("C-2", 2), NOT_SAID),
    "a link by another person": (
        says(actor={"person": "lee", "role": "lead"}),
        ("C-2", 2),
        NOT_SAID,
    ),
    "a link that another person typed": (says(recorded_by="lee"), ("C-2", 2), NOT_SAID),
    "a link for a reason": (says(reason="r"), ("C-2", 2), NOT_SAID),
    "a link from a source": (says(source="s"), ("C-2", 2), NOT_SAID),
    "a link under a key": (says(key="k"), ("C-2", 2), NOT_SAID),
    "a milestone that is linked": (milestone_linked, ("C-1", 5), "and no child of what it lies"),
    "a link to what is not kept": (nobody_linked, ("C-3", 6), NOT_SAID),
    "a link beside one that stands": (still_linked, ("C-3", 4), "W-1 is its child already"),
    "a link to what is of other forces": (of_no_other_force, ("C-2", 3), "was of wmp, and it was"),
    "a milestone of other forces": (milestone_joint, ("M-1", 1), "joint with suffolk then"),
    "a link moved to another day": (moved_elsewhere, ("C-2", 5), "lies below it from another day"),
    "a link to what lies elsewhere": (left_linked, ("C-2", 4), NOT_SAID),
}


@pytest.mark.parametrize("what", FORGED)
def test_item_14_where_a_record_lies_is_held_to_the_links_above(what: str) -> None:
    """An export made anew in which one says what the other does not is found where it does."""
    edit, place, words = FORGED[what]
    assert [words in why for *at, why in found(edit) if tuple(at) == place] == [True]


def test_item_14_what_came_below_by_a_correction_once_accuses_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An earlier peelflow dated such links anyhow; what was entered there it linked as now."""
    lines = exported(datetime(2026, 11, 29, 9, tzinfo=UTC))

    def edit(events: Events) -> None:
        linked(events, "C-3")["on"] = "2023-05-01"
        linked(events, "C-1")["on"] = "2023-01-10"
        redated(events)["what"]["to"] = "2023-04-20"

    with monkeypatch.context() as patched:
        patched.setattr(f"{__name__}.honest", lambda: lines)
        places = [at for *at, _ in found(edit)]
    assert places == [["C-1", 2]]


def test_item_14_what_a_record_was_once_entered_as_decides_no_link() -> None:
    """A milestone below what was an inspection at first: no word says whether it was a child."""
    with Register.open("memory:") as register:
        said: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
        register.add("R-1", category="inspection", fields={}, **said)
        entry: Any = {"category": "recommendation", "level": 2}
        anew: Any = {"correction": "reenter", "actor": KIM, "reason": "a slip"}
        register.correct("R-1", 1, entry=entry, **anew)
        register.add("M-1", category="milestone", parent="R-1", fields={"title": "t"}, **said)
        assert register.verify() == ()


def test_item_14_the_links_of_few_parents_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of more are read anew."""
    monkeypatch.setattr(kept_links, "PARENTS_KNOWN", 1)
    assert found(nothing) == []


def test_item_14_where_no_national_word_says_it_nobody_is_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether a record of a force's own category is a child its file says, which may be gone."""
    words = SimpleNamespace(vocabulary=SimpleNamespace(categories={}))
    monkeypatch.setattr(kept_links, "national", lambda: words)
    assert ["R-1", 1] not in [at for *at, _ in found(below_unasked)]


def test_item_14_what_is_no_child_is_of_the_forces_of_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A milestone of forces that the record above was of before, and is not any more."""
    clock = Clock(datetime(2027, 1, 5, 9, tzinfo=UTC), timedelta(days=2))
    with Register.open("memory:", clock=clock) as register:
        said: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
        register.add("C-1", category="cause_of_concern", **said)
        for joint in (SUFFOLK, Joint()):
            register.make_joint("C-1", joint, actor=KIM, on=DAY, reason="r")
        register.add("M-1", category="milestone", parent="C-1", fields={"title": "t"}, **said)
        assert register.verify() == ()
        lines = list(register.export())
    monkeypatch.setattr(f"{__name__}.honest", lambda: lines)
    assert ["M-1", 1] in [at for *at, _ in found(milestone_joint)]
