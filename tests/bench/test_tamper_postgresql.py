"""Whatever is changed behind the back of a register in PostgreSQL is found (S10)."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.engine import make_url

from bench import tamper_postgresql
from bench.tamper import tell
from bench.tamper_postgresql import outcome_of, run, tampering


@pytest.mark.search
def test_every_tamper_is_found(postgres_database: str) -> None:
    """`make tamper` tries all of them, on more records."""
    tally = run(postgres_database, 1)

    assert (tally.missed, tally.crashed) == ((), ())
    assert {kind.partition(" ")[0] for kind in tally.tried} >= {"any", "chain", "schema:"}


def test_what_nobody_touched_is_no_tamper_found(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that finds something in everything would say nothing; one that misses fails."""
    untouched = ("any column: nothing 1", lambda _: 1)
    monkeypatch.setattr(tamper_postgresql, "each_tamper", lambda _: iter([untouched]))
    assert tell(run(postgres_database, 1)) == 1
    assert "found      0 of      1" in capsys.readouterr().out


def test_a_database_that_cannot_be_opened_says_so(postgres_database: str) -> None:
    """That is found, too: it is no error in place of a finding."""
    with tampering(postgres_database, 1) as (url, sealed, heads, _):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            connection.execute("DROP TABLE peelflow_meta")
        assert outcome_of(url, sealed, heads) == "alone"
