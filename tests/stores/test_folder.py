"""Documents in a folder instead of in the database."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import date
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path

import pytest

from bench.tamper import HMICFRS, LIAISON
from peelflow import backup
from peelflow.errors import InvalidRequest, UnknownDocument, Unverified
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.base import Store
from peelflow.stores.memory import MemoryStore
from peelflow.stores.opening import (
    DocumentFolder,
    documents_of,
    open_store,
    register_documents,
    upgrade_store,
)
from peelflow.stores.settings import folder_as_kept, folder_from
from peelflow.stores.sql.connection import make_engine, parse_url
from tests.builders.stores import OF_LATER, run

LETTER = b"a letter"
DIGEST = sha256(LETTER).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> DocumentFolder:
    """An empty folder beside an empty store."""
    return DocumentFolder(tmp_path / "documents", MemoryStore())


def test_a_document_comes_back_byte_for_byte(folder: DocumentFolder) -> None:
    """S8: by its digest, and keeping it again changes nothing."""
    folder.keep_document(DIGEST, LETTER)
    folder.keep_document(DIGEST, LETTER)

    assert folder.document(DIGEST) == LETTER
    assert folder.has_document(DIGEST)
    assert list(folder.documents()) == [(DIGEST, LETTER)]
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == [DIGEST[2:]]


@pytest.mark.parametrize("digest", [DIGEST, "../../etc/passwd", "", "a" * 63, "\0"])
def test_what_is_not_kept_is_not_there(folder: DocumentFolder, digest: str) -> None:
    """A digest never becomes a path out of the folder."""
    if digest != "\0":
        assert folder.document(digest) is None
        assert not folder.has_document(digest)
    else:
        with pytest.raises(InvalidRequest):
            folder.document(digest)


def test_another_digest_is_refused(folder: DocumentFolder) -> None:
    """S8: content goes under its own digest only."""
    with pytest.raises(InvalidRequest, match="its content has another SHA-256 digest"):
        folder.keep_document("a" * 64, LETTER)


def test_what_the_store_kept_before_is_still_found(tmp_path: Path) -> None:
    """A register may take up a folder later."""
    store = MemoryStore()
    store.keep_document(DIGEST, LETTER)
    folder = DocumentFolder(tmp_path / "documents", store)

    assert folder.has_document(DIGEST)
    assert folder.document(DIGEST) == LETTER
    assert list(folder.documents()) == []


def test_a_document_that_both_keep_is_given_once(folder: DocumentFolder) -> None:
    """S8: from the folder; what the store alone keeps comes after."""
    store = MemoryStore()
    for digest, content in ((DIGEST, LETTER), (sha256(b"old").hexdigest(), b"old")):
        store.keep_document(digest, content)
    folder.keep_document(DIGEST, LETTER)

    with store.snapshot() as snapshot:
        documents = list(register_documents(snapshot, folder))

    assert [content for _, content in documents] == [LETTER, b"old"]


def test_what_is_no_file_under_a_digest_is_no_document(folder: DocumentFolder) -> None:
    """S8: a folder made there by hand is passed over."""
    (folder.path / DIGEST[:2] / DIGEST[2:]).mkdir(parents=True)

    assert folder.document(DIGEST) is None
    assert list(folder.documents()) == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """In words, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        DocumentFolder(tmp_path / "file", MemoryStore())


def test_a_full_disk_below_a_folder_is_told_with_what_to_do(
    folder: DocumentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The permissions are right then."""

    def full(_: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidRequest, match="No space left on device; make room on the disk"):
        folder.keep_document(DIGEST, LETTER)


def test_a_document_that_cannot_be_written_leaves_nothing(
    folder: DocumentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: neither a part of it, nor its name."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidRequest, match="No space left on device"):
        folder.keep_document(DIGEST, LETTER)

    assert not folder.has_document(DIGEST)
    assert not [path for path in folder.path.rglob("*") if path.is_file()]


def test_a_register_keeps_its_documents_in_the_folder(tmp_path: Path) -> None:
    """With an act's batch or before it; the register verifies and exports with both."""
    path = tmp_path / "documents"
    with Register.open(f"sqlite:///{tmp_path / 'r.db'}") as before:
        old = before.keep(b"old", kind="letter", name="old.txt")
    with Register.open(f"sqlite:///{tmp_path / 'r.db'}", documents=path) as register:
        _add(register)
        with register.batch() as batch:
            letter = batch.keep(LETTER, kind="letter", name="letter.txt")
            batch.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))
            batch.attach("R", old, actor=LIAISON, on=date(2023, 1, 2))

        assert register.store.document(DIGEST) is None
        assert register.document(DIGEST) == LETTER
        assert register.document(old.digest) == b"old"
        assert register.verify() == ()
        exported = tmp_path / "e.jsonl"
        exported.write_text("\n".join(register.export()))

    with Register.open("memory:") as other:
        assert other.restore(exported) == 3
        assert other.document(DIGEST) == LETTER


def test_a_document_gone_from_the_folder_is_found(tmp_path: Path) -> None:
    """S10: documents are verified where they lie."""
    path = tmp_path / "documents"
    with Register.open("memory:", documents=path) as register:
        _add(register)
        letter = register.keep(LETTER, kind="letter", name="letter.txt")
        register.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))
        place = path / DIGEST[:2] / DIGEST[2:]
        place.write_bytes(b"another")
        assert [each.code for each in register.verify()] == ["document-changed"]
        place.unlink()
        (place.parent / "stranger").write_text("not ours")
        assert [each.code for each in register.verify()] == ["document-missing"]
        with pytest.raises(UnknownDocument):
            register.document(DIGEST)


def test_a_letter_that_was_forged_is_in_no_copy(url: str, tmp_path: Path) -> None:
    """18.6, 18.7: neither in an export nor in a backup, which say so."""
    path, copy = tmp_path / "documents", tmp_path / "copy"
    with Register.open(url, documents=path) as register:
        _add(register)
        letter = register.keep(LETTER, kind="letter", name="letter.txt")
        register.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))
        (path / DIGEST[:2] / DIGEST[2:]).write_bytes(b"another")
        with pytest.raises(Unverified, match=f"{DIGEST} has other content"):
            list(register.export())
        with pytest.raises(Unverified, match=f"{DIGEST} has other content"):
            backup(register, copy)
    assert not copy.exists()


def _add(register: Register) -> None:
    register.add(
        "R",
        category="recommendation",
        level=3,
        force="west-midlands",
        issued=date(2023, 1, 1),
        actor=HMICFRS,
        recorded_by="liaison-officer",
        source="portal",
    )


def test_what_lies_at_a_digest_is_compared(tmp_path: Path) -> None:
    """18.7: empty, forged or a link to another file, it gives way to the true content."""
    folder = DocumentFolder(tmp_path / "letters", MemoryStore())
    content = b"the letter"
    digest = sha256(content).hexdigest()
    place = folder.path / digest[:2] / digest[2:]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    place.parent.mkdir()

    def link() -> None:
        place.unlink()
        place.symlink_to(elsewhere)

    for forge in (lambda: place.write_bytes(b""), lambda: place.write_bytes(b"forged"), link):
        forge()
        assert folder.document(digest) is None
        assert not folder.has_document(digest)
        folder.keep_document(digest, content)
        assert folder.document(digest) == content
        assert not place.is_symlink()
    assert elsewhere.read_bytes() == b"mine"


def test_a_file_longer_than_memory_is_no_document(folder: DocumentFolder) -> None:
    """Its length may be made up: it is not read, and what is kept takes its place."""
    folder.keep_document(DIGEST, LETTER)
    place = folder.path / DIGEST[:2] / DIGEST[2:]
    os.truncate(place, 200 * 2**30)

    assert folder.document(DIGEST) is None
    assert not folder.has_document(DIGEST)
    assert list(folder.documents()) == []

    folder.keep_document(DIGEST, LETTER)
    assert folder.document(DIGEST) == LETTER


def test_a_linked_folder_is_not_written_through(tmp_path: Path) -> None:
    """18.7: a link in the place of a folder of the digests is refused and not read."""
    folder = DocumentFolder(tmp_path / "letters", MemoryStore())
    content = b"the letter"
    digest = sha256(content).hexdigest()
    (tmp_path / "elsewhere").mkdir()
    (folder.path / digest[:2]).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(InvalidRequest, match="holds a link to another folder"):
        folder.keep_document(digest, content)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert folder.document(digest) is None


def test_a_register_remembers_its_folder(store: Store, tmp_path: Path) -> None:
    """18.6: whoever opens it without naming the folder reads, verifies and exports with it."""
    rules = national()
    named = Register(store, rulebook=rules, documents=tmp_path / "letters")
    _add(named)
    assert Register(store, rulebook=rules).documents is store  # nothing lies there yet
    letter = named.keep(LETTER, kind="letter", name="letter.txt")
    named.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))

    register = Register(store, rulebook=rules)

    assert register.document(DIGEST) == LETTER
    assert register.verify() == ()
    assert register.seal()[0].count == 2
    assert DIGEST in "".join(register.export())
    more = register.keep(b"more", kind="letter", name="more.txt")
    assert store.document(more.digest) is None  # it lies in the folder, too


def test_an_export_without_the_folder_names_what_it_lacks(store: Store, tmp_path: Path) -> None:
    """18.6: it fails, and makes no folder where none is."""
    register = Register(store, rulebook=national(), documents=tmp_path / "letters")
    _add(register)
    letter = register.keep(LETTER, kind="letter", name="letter.txt")
    register.attach("R", letter, actor=LIAISON, on=date(2023, 1, 2))
    (tmp_path / "letters").rename(tmp_path / "elsewhere")

    later = Register(store, rulebook=national())

    with pytest.raises(Unverified, match=f"it names the document {DIGEST}, which is not kept"):
        list(later.export())
    assert [finding.code for finding in later.verify()] == ["document-missing"]
    with pytest.raises(InvalidRequest, match="cannot be written"):
        later.keep(b"more", kind="letter", name="more.txt")
    assert not (tmp_path / "letters").exists()
    there = Register(store, rulebook=national(), documents=tmp_path / "elsewhere")
    assert DIGEST in "".join(there.export())


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_folder_beside_the_file_moves_with_it(tmp_path: Path, scheme: str) -> None:
    """18.6: it is remembered from where the register's file lies; any other as it is."""
    here = tmp_path / "here"
    here.mkdir()
    upgrade_store(f"{scheme}:///{here / 'r.db'}")
    with closing(open_store(f"{scheme}:///{here / 'r.db'}")) as opened:
        opened.note_documents_folder(here / "kept/letters")
    here.rename(tmp_path / "there")

    with closing(open_store(f"{scheme}:///{tmp_path / 'there/r.db'}")) as opened:
        assert opened.documents_folder() == tmp_path / "there/kept/letters"
        opened.note_documents_folder(tmp_path / "apart")
        assert opened.documents_folder() == tmp_path / "apart"


@pytest.mark.parametrize("kept", [7, None, b"x", "", "a\0b"])
def test_what_tells_no_folder_is_none(kept: object, tmp_path: Path) -> None:
    """18.6: whatever somebody else wrote there."""
    assert folder_from(kept, tmp_path) is None
    assert folder_from("letters", None) is None
    assert folder_as_kept(tmp_path / "x", None) == (tmp_path / "x").as_posix()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_a_register_of_before_takes_up_a_folder(tmp_path: Path, scheme: str) -> None:
    """18.6: it lacks the table, which is no fault; a file makes it when it is needed."""
    url, file = f"{scheme}:///{tmp_path / 'r.db'}", tmp_path / "r.db"
    upgrade_store(url)
    open_store(url).close()
    prefix = "" if scheme == "sqlite" else "peelflow_"
    for of_later in OF_LATER:
        run(file, f"DROP {of_later.format(prefix)}")

    with Register.open(url, documents=tmp_path / "letters") as register:
        assert register.store.documents_folder() is None
        register.keep(LETTER, kind="letter", name="letter.txt")
        assert register.verify() == ()
        is_remembered = register.store.documents_folder() == tmp_path / "letters"
    assert is_remembered == (scheme == "sqlite")
    upgrade_store(url)

    with Register.open(url, documents=tmp_path / "letters") as register:
        register.keep(b"more", kind="letter", name="more.txt")
        register.keep(LETTER, kind="letter", name="letter.txt")
        assert register.store.documents_folder() == tmp_path / "letters"
        assert register.verify() == ()


def test_a_joined_register_remembers_its_folder(tmp_path: Path) -> None:
    """18.6: once the application has committed."""
    url = f"sqlite+pysqlite:///{tmp_path / 'tables.db'}"
    upgrade_store(url)
    engine = make_engine(parse_url(url))
    with engine.connect() as connection, connection.execution_options(writes=True).begin():
        joined = Register.joined(connection, documents=tmp_path / "letters")
        joined.keep(LETTER, kind="letter", name="letter.txt")
    engine.dispose()

    with Register.open(url) as register:
        assert register.document(DIGEST) == LETTER


def test_a_store_that_tells_no_folder_is_opened_all_the_same() -> None:
    """18.6: what is wrong with it, `verify` finds."""
    closed = MemoryStore()
    closed.close()

    assert documents_of(closed, None) is closed
