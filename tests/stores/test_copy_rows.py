"""What an export was judged by is kept as it is: no event is read or folded once more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, Joint, Register
from peelflow.errors import Conflict, InvalidRequest
from peelflow.register import restore
from peelflow.rulebook.national import national
from peelflow.stores import copy_rows
from peelflow.stores.copy_rows import copy_documents, copy_events
from peelflow.stores.export import restore_export
from peelflow.stores.sqlite import SqliteStore

KIM, CHIEF = Actor("officer-1", "liaison_officer"), Actor("chief", "chief_constable")
DAY = date(2022, 12, 16)
EVENTS = 12


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Give the export of records that were corrected, made joint, put below each other, closed."""
    with Register.open("memory:") as register:
        register.appoint("chief", "chief_constable", force="wmp", first_day=DAY, actor=KIM)
        said: dict[str, Any] = {"category": "afi", "level": 2, "force": "wmp", "issued": DAY}
        for name in ("R-1", "R-2"):
            register.add(name, **said, fields={"owner": "lead-1"}, actor=KIM)
            register.fire(name, "start", actor=KIM, on=date(2023, 1, 9), key="start it")
        letter = register.keep(b"done", kind="letter", name="l", signed_by="chief", signed_on=DAY)
        register.fire("R-1", "close", actor=CHIEF, on=date(2023, 2, 1), evidence=[letter])
        later: dict[str, Any] = {"actor": KIM, "on": date(2023, 3, 1), "reason": "misread"}
        register.correct("R-1", 2, correction="redate", to=date(2023, 1, 10), **later)
        register.make_joint("R-2", Joint(("kent",)), **later)
        register.note("R-1", 'it says "closed",\nand is', actor=KIM, on=date(2023, 3, 2))
        register.amend("R-2", "owner", "lead-2", **later)
        register.add("R-3", **said, joint=Joint(("kent",)), actor=KIM)
        register.correct("R-3", 1, correction="void", **later)
        assert register.verify() == ()
        assert register.position() == EVENTS
        return list(register.export())


@pytest.fixture
def export(lines: list[str], tmp_path: Path) -> Path:
    """Give it as a file."""
    file = tmp_path / "export.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return file


@pytest.fixture(scope="module")
def source(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Give the file in which it would be judged."""
    with closing(SqliteStore(tmp_path_factory.mktemp("source") / "export.db")) as store:
        restore_export(store, lines)
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[SqliteStore]:
    """Give a new file."""
    with closing(SqliteStore(tmp_path / "target.db")) as store:
        yield store


def test_a_register_comes_out_as_it_went_in(
    lines: list[str], export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the batches are cut; progress is told after each, and what is verified fits."""
    monkeypatch.setattr(restore, "RESTORE_CHUNK", 5)
    told: list[int] = []
    with Register.open(f"sqlite:///{tmp_path / 'register.db'}") as register:
        assert register.restore(export, on_progress=told.append) == EVENTS
        assert told == [5, 10, EVENTS]
        assert list(register.export()) == lines
        assert register.verify() == ()
        assert register.restore(export, on_progress=told.append) == 0
        assert told == [5, 10, EVENTS, EVENTS]


def test_a_register_with_a_folder_of_documents_comes_out_so(
    lines: list[str], export: Path, tmp_path: Path
) -> None:
    """The documents go where it keeps them."""
    url, folder = f"sqlite:///{tmp_path / 'register.db'}", tmp_path / "documents"
    folder.mkdir()
    with Register.open(url, documents=folder) as register:
        register.restore(export)
        assert list(register.export()) == lines
        assert list(register.store.snapshot().__enter__().documents()) == []
    assert any(folder.iterdir())


@pytest.mark.parametrize("done", range(EVENTS + 1))
@pytest.mark.parametrize("at_once", [1, 3, 500])
def test_what_was_cut_off_goes_on_wherever_it_stopped(
    done: int, at_once: int, lines: list[str], source: SqliteStore, target: SqliteStore
) -> None:
    """Whoever kept what is there already: an earlier peelflow did it event by event."""
    events = [line for line in lines if '"kind":"event"' in line]
    rest = [line for line in lines if line not in events]
    restore_export(target, [*rest[:-1], *events[:done], rest[-1]])

    told: list[int] = []
    assert copy_events(source, target, at_once=at_once, progress=told.append) == EVENTS - done

    assert told[-1] == EVENTS
    assert _tables(target) == _tables(source)


def _tables(store: SqliteStore) -> list[object]:
    with store.snapshot() as kept:
        rows = [kept.histories, kept.records, kept.changes, kept.joint_records, kept.feed]
        return [*(list(read()) for read in rows), kept.lifecycles()]


def test_what_somebody_else_kept_meanwhile_is_a_conflict(
    source: SqliteStore, target: SqliteStore, lines: list[str]
) -> None:
    """Nothing is kept over it."""

    def races(done: int) -> None:
        if done == 3:
            with closing(SqliteStore(Path(target.url.removeprefix("sqlite:///")))) as other:
                restore_export(other, lines)

    with pytest.raises(Conflict):
        copy_events(source, target, at_once=3, progress=races)
    assert target.position() == EVENTS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process forks here")
def test_a_process_may_fork_as_it_is_told_of_the_progress(
    source: SqliteStore, target: SqliteStore
) -> None:
    """Nothing of the file that is copied is being read then."""

    def fork(_: int) -> None:
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)

    assert copy_events(source, target, at_once=5, progress=fork) == EVENTS
    assert _tables(target) == _tables(source)


def test_what_somebody_else_kept_just_before_is_not_taken_for_a_beginning(
    source: SqliteStore, target: SqliteStore
) -> None:
    """As many events as it holds are left out only where they are the same ones."""
    with Register(target, rulebook=national()) as other:
        other.add("K-1", category="afi", level=2, force="kent", issued=DAY, actor=KIM)
        before = list(other.export())
        with pytest.raises(InvalidRequest, match="holds other events than this export"):
            copy_events(source, target, at_once=3, progress=lambda _: None)
        assert list(other.export()) == before


def test_a_file_that_holds_more_is_no_beginning(
    source: SqliteStore, target: SqliteStore, tmp_path: Path
) -> None:
    """Nothing is taken for an import that went to its end."""
    copy_events(source, target, at_once=5, progress=lambda _: None)
    with (
        closing(SqliteStore(tmp_path / "empty.db")) as nothing,
        pytest.raises(InvalidRequest, match="holds other events than this export"),
    ):
        copy_events(nothing, target, at_once=3, progress=lambda _: None)


def test_documents_are_kept_many_at_once(
    target: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as may be held together, in one transaction."""
    monkeypatch.setattr(copy_rows, "BYTES_AT_ONCE", 4_096)
    documents = {sha256(text).hexdigest(): text for text in (bytes([n]) * 500 for n in range(7))}
    begun: list[str] = []
    target.at_sync_point = begun.append

    copy_documents(iter(documents.items()), target)

    assert begun.count("begun") == 3
    with target.snapshot() as kept:
        assert dict(kept.documents()) == documents


def test_what_is_copied_can_be_read_as_any_batch(source: SqliteStore) -> None:
    """Whoever looks at its events and records finds them."""
    with source.snapshot() as kept:
        events = copy_rows._CopiedEvents(list(copy_rows._each_event(kept, 0, 0, EVENTS)))
        records = copy_rows._CopiedRecords(list(kept.records()))
    assert len(events) == EVENTS
    assert events[0] == next(iter(events))
    assert events[-1:] == tuple(events)[-1:]
    assert len(records) == 4
    assert next(iter(records)).record.id == records[0].record.id == "R-1"
    assert records[:1] == tuple(records)[:1]
