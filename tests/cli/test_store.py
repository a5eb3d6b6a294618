"""The verbs `peelflow store upgrade` and `peelflow store sums`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_makes_the_tables_once(run: Run) -> None:
    """Then the register is there to use, and upgrading again changes nothing."""
    url = "sqlite+pysqlite:///tables.db"
    ran = run("list", "--register", url)
    assert (ran.code, "run: peelflow store upgrade" in ran.err) == (2, True)

    assert run("store", "upgrade", url).out == "the tables are made\n"
    assert "up to date" in run("store", "upgrade", url).out
    assert run("list", "--register", url).code == 0


def test_a_file_needs_none(run: Run) -> None:
    """It makes its own tables."""
    for named in ("sqlite:///register.db", "register.db", "memory:"):
        assert "nothing to do" in run("store", "upgrade", named).out
    assert not Path("register.db").exists()


def test_item_14_a_misspelt_scheme_is_no_file(run: Run) -> None:
    """It was told that there is nothing to do."""
    ran = run("store", "upgrade", "postgresl://host/name")
    assert (ran.code, "no store is opened so" in ran.err) == (2, True)


def test_a_database_that_cannot_be_reached_is_misuse(run: Run) -> None:
    """With its name, and without its password."""
    ran = run("store", "upgrade", "postgresql+psycopg://u:secret@127.0.0.1:1/x")

    assert ran.code == 2
    assert "127.0.0.1" in ran.err
    assert "secret" not in ran.err


def test_the_demo_runs_in_postgresql(run: Run, postgres: str) -> None:
    """The same rows, the same table, sealed, verified and exported as from a file."""
    assert run("demo", "--register", postgres).code == 0
    table = run("figures", "--as-at", "2023-03-30", "--format", "csv", "--register", postgres).out
    assert table.splitlines()[-1] == "Total,71,311,382,280"
    assert run("seal", "s.json", "--register", postgres).code == 0
    assert run("verify", "--seal", "s.json", "--register", postgres).code == 0
    assert run("export", "e.jsonl", "--register", postgres).code == 0
    assert run("import", "e.jsonl", "--register", "copy.db").code == 0
    assert run("verify", "--seal", "s.json", "--register", "copy.db").code == 0


def test_sums_are_kept_up_to_now(run: Run) -> None:
    """Of a register in a file or a database; figures and `verify` say what they said."""
    assert run("demo").code == 0
    before = run("figures", "--register", "peelflow-demo.db", "--as-at", "2023-03-30").out

    ran = run("store", "sums", "peelflow-demo.db")

    assert (ran.code, ran.out.startswith("the sums of the figures are kept up to")) == (0, True)
    after = run("figures", "--register", "peelflow-demo.db", "--as-at", "2023-03-30").out
    assert before == after
    assert run("verify", "--register", "peelflow-demo.db").code == 0


def test_a_store_without_sums_says_so(run: Run) -> None:
    """Memory keeps none, and a file that is not there is not made."""
    assert "keeps no sums" in run("store", "sums", "memory:").out
    ran = run("store", "sums", "none.db")
    assert (ran.code, "is not there" in ran.err) == (2, True)
    assert not Path("none.db").exists()


def test_item_14_an_option_that_the_command_lacks_is_not_named(run: Run) -> None:
    """Its register is an argument; another command is told its option."""
    ran = run("store", "sums", "none.db")
    assert "give the path of a register's file, or the URL of its database" in ran.err
    assert "--register" not in ran.err
    assert "--register" in run("list", "--register", "none.db").err
