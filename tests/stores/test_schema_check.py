"""What SQLite's own checks say of a file is told as findings."""

from __future__ import annotations

from collections.abc import Iterable

from peelflow.stores.schema_check import ExpectedSchema, sqlite_faults

SAID: dict[str, list[tuple[object, ...]]] = {
    "PRAGMA integrity_check": [("row 3 missing from index records_by_parent",)],
    "PRAGMA foreign_key_check": [("events", 7, "records", 0)],
}


def test_each_line_of_the_checks_is_a_finding() -> None:
    """The damaged index, and the row that refers to nothing."""

    def select(statement: str, *_: object) -> Iterable[tuple[object, ...]]:
        return SAID.get(statement, [])

    found = list(sqlite_faults(select, ExpectedSchema({})))
    assert [each.code for each in found] == ["database-damaged", "database-damaged"]
    assert "row 3 missing" in found[0].sentence
    assert found[1].sentence == "row 7 of events refers to one that is gone"
