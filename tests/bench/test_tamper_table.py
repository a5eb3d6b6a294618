"""The table of docs/stores.md is what the tampers' run makes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bench import tamper, tamper_table

PAGE = Path(__file__).parents[2] / "docs/stores.md"
TABLE = re.compile(r"(?<=<!-- tampers -->\n).*?(?=\n\n)", re.DOTALL)


def test_rows_add_up_what_was_found() -> None:
    """By what the names begin with; what is missed is missed with a seal too."""
    tally = tamper.Tally(
        Counter({"event: edit": 3, "records: delete": 2, "export": 4, "what no event names": 8}),
        ("event: edit 1", "export: what 3"),
        Counter({"event: edit": 1, "what no event names": 4}),
        ("event: edit 2",),
    )

    rows = list(tamper_table.rows_of(tally).values())

    assert rows[0] == tamper_table.Found(5, 1, 3, 3)
    assert rows[6] == tamper_table.Found(4, 0, 3, 3)
    assert rows[7] == tamper_table.Found(8, 4, 4, 4)


def test_a_seal_that_was_made_anew_is_found_by_its_signature(tmp_path: Path) -> None:
    """An unsigned one finds no more than nothing does."""
    path, key = tmp_path / "register.db", tamper_table.new_key()
    sealed, _ = tamper.fill(path, 1)

    found = tamper_table.forged_seals(path, key.sign(sealed), key)

    assert found.tried == found.with_key > found.with_seal == found.with_nothing


@pytest.mark.search
def test_the_page_has_the_table_that_is_made(*, rewrite_golden: bool) -> None:
    """`--rewrite-golden` makes it anew, for a human to look at."""
    table = tamper_table.run()
    text = PAGE.read_text("utf-8")
    if rewrite_golden:
        PAGE.write_text(TABLE.sub(lambda _: table.rstrip("\n"), text), "utf-8")
    found = TABLE.search(PAGE.read_text("utf-8"))
    assert found is not None
    assert f"{found[0]}\n" == table


def test_the_page_has_every_row() -> None:
    """In the order of the run, each with four numbers, none of them over what was tried."""
    found = TABLE.search(PAGE.read_text("utf-8"))
    assert found is not None
    rows = [line.strip("| ").split(" | ") for line in found[0].splitlines()[2:]]

    assert [row[0] for row in rows] == [*tamper_table.ROWS, tamper_table.FORGED_ROW]
    for _, tried, *counts in rows:
        assert sorted(map(int, counts)) == list(map(int, counts))
        assert int(counts[-1]) <= int(tried)
