"""What events say of documents is held to what was said of them when they were kept."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow import Actor, Register, national
from peelflow.errors import Unverified
from peelflow.model.records import Document
from peelflow.register import archive, kept_documents
from peelflow.register.judgement import Verification, judge_events
from peelflow.register.kept_documents import DocumentWords
from peelflow.register.restore import judge_export
from peelflow.stores.base import Store
from peelflow.stores.codec import description_of
from peelflow.stores.opening import register_documents
from tests.register.test_restore import written
from tests.stores.forgery import Edit, at, forged, say

KIM = Actor("officer-1", "liaison_officer")
CHIEF = Actor("chief", "chief_constable")
DAY, LATER = date(2022, 12, 16), date(2023, 3, 1)
NOTHING_SAYS = "nothing says as what the document"


@pytest.fixture(scope="module")
def honest() -> list[str]:
    """Give the export of a record that was closed with a letter, with minutes beside it."""
    with Register.open("memory:") as register:
        first = date(2022, 1, 1)
        register.appoint("chief", "chief_constable", force="wmp", first_day=first, actor=KIM)
        register.add(
            "R-1",
            category="recommendation",
            level=2,
            force="wmp",
            issued=DAY,
            fields={"owner": "lead-1"},
            actor=KIM,
        )
        letter = register.keep(b"x", kind="letter", name="l", signed_by="chief", signed_on=DAY)
        minutes = register.keep(b"minutes", kind="meeting_minutes", name="m")
        register.keep(b'["document", of nothing', kind="letter", name="odd")
        register.keep(b'["document", 5]', kind="letter", name="odd")
        register.fire("R-1", "start", actor=KIM, on=LATER)
        register.fire("R-1", "close", actor=CHIEF, on=LATER, evidence=[letter])
        register.attach("R-1", minutes, actor=KIM, on=LATER)
        register.note("R-1", "read", documents=[minutes], actor=KIM, on=LATER)
        plan = register.keep(b"plan", kind="improvement_plan", name="p")
        register.attach("R-1", plan, actor=KIM, on=LATER)
        assert register.verify() == ()
        return list(register.export())


def evidence(**parts: object) -> Edit:
    """Return the edit of what the closure says of its letter."""
    return at(3, lambda event: event["what"]["evidence"][0].update(parts))


FORGED: dict[str, tuple[Edit, int, str]] = {
    "a letter of another size": (evidence(size=2), 3, "has 1 bytes, and not 2"),
    "a letter of another name": (evidence(name="of all"), 3, "'of all': was not kept as what"),
    "a letter of another day": (
        evidence(signed_on="2022-12-17"),
        3,
        "was not kept as what it is said to be, a `letter` signed by chief",
    ),
    "a plan as minutes": (
        at(6, lambda event: event["what"]["document"].update(kind="meeting_minutes")),
        6,
        "was not kept as what it is said to be, a `meeting_minutes`;",
    ),
    "a note's minutes of another name": (
        at(5, lambda event: event["what"]["documents"][0].update(name="n")),
        5,
        "'n': was not kept as what",
    ),
}
"""By what was forged: the edit, its event and words that tell it."""


def without_words(lines: list[str], *digests: str) -> list[str]:
    """Return an export as of an earlier peelflow, without the words on some documents."""
    words = json.dumps(["document", *digests])[:-1].encode() if digests else b'["document", "'
    kept = [
        line
        for line in map(json.loads, lines)
        if not b64decode(line.get("content", "")).startswith(words)
    ]
    number = sum(line["kind"] == "document" for line in kept)
    return [say(line | {"documents": number} if line["kind"] == "end" else line) for line in kept]


@pytest.mark.parametrize("what", FORGED)
def test_item_14_a_document_is_what_it_was_kept_as(
    what: str, honest: list[str], tmp_path: Path, store: Store
) -> None:
    """An export that says otherwise does not come in; taken in as found, `verify` finds it."""
    edit, number, words = FORGED[what]
    file = written(forged(honest, edit), tmp_path)

    with Register(store, rulebook=national()) as register:
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found: Any = refused.value.discrepancies
        assert [(each.record, each.event) for each in found] == [("R-1", number)]
        assert words in found[0].sentence

        register.restore(file, as_found=True)
        assert register.verify() == found


def test_item_14_documents_in_a_folder_are_what_they_were_kept_as(
    honest: list[str], tmp_path: Path
) -> None:
    """What is said of them is kept there, too."""
    edit, number, _ = FORGED["a letter of another name"]
    for name, lines, events in (("a", honest, []), ("b", forged(honest, edit), [number])):
        (tmp_path / name).mkdir()
        file = written(lines, tmp_path / name)
        folder = tmp_path / name / "documents"
        with Register.open("memory:", documents=folder) as register:
            register.restore(file, as_found=True)
            assert [each.event for each in register.verify()] == events


@pytest.mark.parametrize("size", [2, 10**30])
def test_item_14_no_words_that_were_kept_give_a_document_another_size(
    honest: list[str], tmp_path: Path, store: Store, size: int
) -> None:
    """What is said of it and what an event says may agree, and its bytes tell otherwise."""
    letter = Document(sha256(b"x").hexdigest(), "letter", "l", 1, "chief", DAY)
    digest, content = description_of(evolve(letter, size=size))
    forged_words = {"digest": digest, "content": b64encode(content).decode()}
    lines = list(map(json.loads, forged(honest, evidence(size=size))))
    documents = [
        line | forged_words if line["digest"] == description_of(letter)[0] else line
        for line in lines
        if line["kind"] == "document"
    ]
    documents.sort(key=lambda line: line["digest"])
    first = next(n for n, line in enumerate(lines) if line["kind"] == "document")
    others = [line for line in lines if line["kind"] != "document"]
    file = written([*map(say, [*others[:first], *documents, *others[first:]])], tmp_path)

    with Register(store, rulebook=national()) as register:
        with pytest.raises(Unverified) as refused:
            register.restore(file)
        found: Any = refused.value.discrepancies
        assert [(each.record, each.event) for each in found] == [("R-1", 3)]
        assert f"has 1 bytes, and not {size:,}" in found[0].sentence

        register.restore(file, as_found=True)
        assert register.verify() == found


def judged(lines: list[str]) -> Verification:
    """Judge an export."""
    with Register.open("memory:") as register:
        return judge_export(register.services, lines)


def test_item_14_what_an_earlier_peelflow_said_of_no_document_is_no_finding(
    honest: list[str], tmp_path: Path
) -> None:
    """Where words are kept of none, nothing is told; where of some, that of others there are none.

    A document that was kept again later, under another name, tells nothing of what was before.
    """
    assert judged(without_words(honest)) == Verification((), judged=True)

    upgraded = without_words(honest, sha256(b"minutes").hexdigest())
    told = judged(upgraded)
    assert told.discrepancies == ()
    assert told.unjudged == (f"{NOTHING_SAYS} 'm' of R-1 event 4 was kept, and so of 1 more",)

    kept_again = forged(upgraded, evidence(name="as it was called then"))
    assert judged(kept_again) == told

    larger = forged(without_words(honest), evidence(size=2))
    assert [each.event for each in judged(larger).discrepancies] == [3]

    with Register.open("memory:") as register:
        register.restore(written(upgraded, tmp_path))
        assert judge_events(register.store, register.session) == told


def test_item_14_what_was_kept_again_under_another_name_accuses_nothing_of_before(
    honest: list[str],
) -> None:
    """An earlier peelflow kept no words: those that are kept may be of the second time alone."""
    before = at(4, lambda event: event["what"]["document"].update(name="as it was called then"))

    told = judged(forged(honest, before))

    assert told.discrepancies == ()
    assert told.unjudged == (f"{NOTHING_SAYS} 'as it was called then' of R-1 event 4 was kept",)


def test_words_of_documents_hold_none_of_them() -> None:
    """They know how large each is, and of which words were kept."""
    words = DocumentWords()
    words.keep_document("d", b'["document", "of this", 1]')
    assert (words.has_document("d"), words.has_document("of this")) == (True, False)
    assert words.document("d") is None
    assert (words.sizes, words.described) == ({"d": 26}, {"of this"})


def test_verify_reads_the_documents_once(
    honest: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of them as they are held to their digests is known as events are judged."""
    reads: list[object] = []

    def counted(*given: Any) -> Iterator[tuple[str, bytes]]:
        reads.append(given)
        return register_documents(*given)

    for module in (archive, kept_documents):
        monkeypatch.setattr(module, "register_documents", counted)
    with Register.open("memory:") as register:
        register.restore(written(honest, tmp_path))
        reads.clear()
        assert register.verify() == ()
    assert len(reads) == 1
