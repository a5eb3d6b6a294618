"""What a verb has a record say, an export says: what it must, and days that count from others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, Register, national
from peelflow.register.kept_before import HELD_SINCE
from peelflow.rulebook.national import changed_national, shipped_folder
from tests.register.test_kept_steps import judged
from tests.stores.forgery import Edit, forged

KIM = Actor("kim", "liaison_officer")
OURS: dict[str, Any] = {"actor": KIM, "reason": "a slip"}
DAY, NEXT, LATER = date(2023, 1, 9), date(2023, 1, 10), date(2023, 3, 1)
SAID: dict[str, Any] = {"force": "wmp", "issued": DAY, "actor": KIM}
Do = Callable[[Register], object]


def filled(moment: datetime = HELD_SINCE) -> list[str]:
    """Return the export of an honest register whose clock goes on from a moment."""
    seconds = count()
    ticking: dict[str, Any] = {"clock": lambda: moment + timedelta(seconds=next(seconds))}
    with Register.open("memory:", **ticking) as register:
        report: dict[str, Any] = {"title": "T", "kind": "force", "published": DAY}
        register.add("P-1", category="report", **SAID, fields=report)
        register.amend("P-1", "title", "U", on=LATER, **OURS)
        register.amend("P-1", "published", NEXT, on=LATER, **OURS)
        response: dict[str, Any] = {"report": "P-1", "published": DAY}
        register.add("S-1", category="section_55_response", **SAID, fields=response)
        register.amend("S-1", "published", NEXT, on=LATER, **OURS)
        entry: Any = {"fields": {"recommendations": "made"}}
        register.add("S-2", category="section_55_response", **SAID, fields=response)
        register.amend("S-2", "due", LATER, on=LATER, **OURS)
        register.amend("S-2", "published", NEXT, on=LATER, **OURS)
        register.correct("S-2", 1, correction="reenter", entry=entry, **OURS)
        letter = register.keep(b"x", kind="letter", name="l", signed_by="kim", signed_on=LATER)
        register.note("P-1", "n", documents=[letter], on=LATER, actor=KIM)
        register.amend("P-1", "subject", "s", on=LATER, **OURS)
        register.correct("P-1", 5, correction="redate", to=LATER + timedelta(1), **OURS)
        assert register.verify() == ()
        return list(register.export())


def on(record: str, number: int, edit: Edit) -> Edit:
    """Return the edit of one event."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == (record, number):
            edit(event)

    return change


def without(name: str) -> Edit:
    """Return the edit of an entry that leaves a field out."""

    def change(event: dict[str, Any]) -> None:
        what = event["what"]
        del what.get("entry", what)["fields"][name]

    return change


UNSAID: dict[str, tuple[Edit, str]] = {
    "a report that is of no kind": (
        on("P-1", 1, without("kind")),
        "1: P-1: the field `kind`: is missing",
    ),
    "a beginning entered anew without its report": (
        on("S-2", 4, without("report")),
        "4: S-2: the field `report`: is missing",
    ),
    "a title that is cleared": (
        on("P-1", 2, lambda event: event["what"].update(new=None)),
        "2: P-1: the field `title`: must not be empty",
    ),
}
SINCE: dict[str, tuple[Edit, str]] = {
    "a day that is not counted": (
        on("S-1", 1, without("due")),
        "1: S-1: the field `due`: is missing, and counts to 2023-03-05",
    ),
    "a day that stays": (
        on("S-1", 3, lambda event: event.clear()),
        "2: its field `due` counts from it, and did not become 2023-03-06",
    ),
    "a day that follows in another moment": (
        on("S-1", 3, lambda event: event.update(recorded_at="2027-01-01T09:00:00.000000+00:00")),
        "2: its field `due` counts from it, and did not become 2023-03-06",
    ),
    "a note of 1800": (
        on("P-1", 4, lambda event: event.update(on="1800-03-01")),
        "4: P-1: the date 1800-03-01: lies before 1900",
    ),
    "an event re-dated to 1800": (
        on("P-1", 6, lambda event: event["what"].update(to="1800-03-01")),
        "6: P-1: the date 1800-03-01: lies before 1900",
    ),
}
"""What an earlier peelflow did not ask of each."""


@pytest.mark.parametrize("case", sorted(UNSAID))
@pytest.mark.parametrize("moment", [HELD_SINCE - timedelta(days=1), HELD_SINCE])
def test_what_a_record_must_say_it_says(case: str, moment: datetime) -> None:
    """As it is entered, entered anew and amended, whenever that was recorded."""
    edit, words = UNSAID[case]
    found, _ = judged(forged(filled(moment), edit))
    assert [each for each in found if each.startswith(words)], found


@pytest.mark.parametrize("case", sorted(SINCE))
def test_what_verbs_say_by_now_is_held_to_what_is_recorded_by_now(case: str) -> None:
    """A day that is counted follows what it counts from, and none lies before 1900."""
    edit, words = SINCE[case]
    found, _ = judged(forged(filled(), edit))
    assert [each for each in found if each.startswith(words)], found
    before, _ = judged(forged(filled(HELD_SINCE - timedelta(days=1)), edit))
    assert not [each for each in before if each.startswith(words)], before


def test_a_note_brings_no_letter_of_a_later_day() -> None:
    """As the verb says it."""
    with Register.open("memory:") as register:
        register.add("P-1", category="report", **SAID, fields={"title": "T", "kind": "force"})
        letter = register.keep(b"x", kind="letter", name="l", signed_by="kim", signed_on=LATER)
        with pytest.raises(InvalidRequest, match="is signed on 2023-03-01, after the 2023-01-10"):
            register.note("P-1", "n", documents=[letter], on=NEXT, actor=KIM)
    earlier = on("P-1", 4, lambda event: event.update(on=f"{NEXT}"))
    found, _ = judged(forged(filled(), earlier))
    words = "4: the document 'l': is signed on 2023-03-01, after the 2023-01-10 of the note"
    assert [each for each in found if each.startswith(words)], found


def test_what_a_change_of_the_national_rules_asks_for_accuses_nothing_of_before(
    tmp_path: Path,
) -> None:
    """A field that it has records say, and one that it counts otherwise."""
    words = (shipped_folder("rules") / "national/vocabulary.yaml").read_text("utf-8")
    subject = "subject: {type: text, title: Subject"
    changed = words.replace(subject, f"{subject}, required: true").replace("days: 56", "days: 57")
    (tmp_path / "national").mkdir()
    (tmp_path / "national/vocabulary.yaml").write_text(changed, "utf-8")
    lines = filled()
    with changed_national(tmp_path):
        assert national().vocabulary.categories["report"].fields["subject"].required
        found, _ = judged(lines)
    assert found == []
