"""Fields that refer to records, and days that follow what they count from."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, PeelflowError
from peelflow.model.records import Amended
from tests.builders.force import FORCE, KIND, LIAISON, START, World

REPORT, LEVEL_3, RESPONSE = KIND["report"], KIND["level-3"], KIND["section-55"]


def amend(world: World, record: str, field: str, new: Any) -> Any:
    """Amend a field as the liaison officer, today."""
    return world.register.amend(
        record, field, new, actor=LIAISON, on=world.day, reason="the letter says so"
    )


def test_a_reference_names_a_record_that_is_there(world: World) -> None:
    """Of a category that the field may name; on entry and when it is amended."""
    report = world.add(REPORT)
    first = world.add(LEVEL_3, fields={"source_report": report})
    second = world.add(LEVEL_3)
    amend(world, second, "source_report", report)
    for record in (first, second):
        assert world.register.record(record).fields["source_report"] == report


@pytest.mark.parametrize("text", ["nobody", "a\tb", "é"])
def test_a_reference_to_nothing_is_refused(world: World, text: str) -> None:
    """And nothing is written."""
    with pytest.raises(InvalidRequest) as refused:
        world.add(LEVEL_3, fields={"source_report": text})
    assert "no record is called so; name a record of `report`" in str(refused.value)
    assert list(world.register.records(category="recommendation")) == []


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_a_reference_that_no_store_keeps_is_refused(world: World, text: str) -> None:
    """One of the errors of this library says so, whatever the text."""
    with pytest.raises(PeelflowError):
        world.add(LEVEL_3, fields={"source_report": text})


def test_a_reference_to_another_category_is_refused(world: World) -> None:
    """What it names is no report."""
    other = world.add(LEVEL_3)
    with pytest.raises(InvalidRequest) as refused:
        world.add(LEVEL_3, fields={"source_report": other})
    assert f"is {other}, a `recommendation`; name a record of `report`" in str(refused.value)


def test_a_record_does_not_refer_to_itself(world: World) -> None:
    """No report is its own counterpart."""
    report = world.add(REPORT)
    with pytest.raises(InvalidRequest, match="names the record itself"):
        amend(world, report, "counterpart", report)


def test_a_reference_may_be_unset(world: World) -> None:
    """It is not required."""
    record = world.add(LEVEL_3, fields={"source_report": world.add(REPORT)})
    amend(world, record, "source_report", None)
    assert "source_report" not in world.register.record(record).fields


def test_a_reference_may_name_what_its_batch_brings(world: World) -> None:
    """Each step sees those before it."""
    common: dict[str, Any] = {"force": FORCE, "issued": START, "actor": LIAISON}
    with world.register.batch() as batch:
        for record, more in (("ONE", {}), ("TWO", {"counterpart": "ONE"})):
            said = {"title": record, "kind": "national", **more}
            batch.add(record, category="report", fields=said, **common)
    assert world.register.record("TWO").fields["counterpart"] == "ONE"


def test_a_counted_day_follows_what_it_counts_from(world: World) -> None:
    """Both changes stay in the history, with the reason."""
    response = world.add(RESPONSE, fields={"published": date(2022, 12, 15)})
    amend(world, response, "published", date(2022, 12, 16))
    *_, published, due = world.register.history(response)
    assert published.what == Amended("published", "2022-12-15", "2022-12-16")
    assert due.what == Amended("due", "2023-02-08", "2023-02-09")
    assert (due.reason, due.key) == ("the letter says so", None)


def test_a_day_that_was_set_otherwise_stays(world: World) -> None:
    """Somebody decided on it."""
    response = world.add(RESPONSE, fields={"published": date(2022, 12, 15)})
    amend(world, response, "due", date(2023, 3, 1))
    amend(world, response, "published", date(2022, 12, 16))
    assert world.register.record(response).fields["due"] == "2023-03-01"


def test_another_field_moves_no_counted_day(world: World) -> None:
    """One change, one event."""
    response = world.add(RESPONSE)
    amend(world, response, "chief_officer_due", date(2023, 1, 20))
    assert len(world.register.history(response)) == 2


def test_unsetting_a_reference_needs_no_record(world: World) -> None:
    """Nor does a field of another type look for one."""
    record = world.add(LEVEL_3)
    amend(world, record, "report", "PEEL 2021")
    assert world.register.record(record).fields["report"] == "PEEL 2021"
