"""Item 28, and 12 of the audit: one limit for words, texts and documents, on every store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.constraints import LONGEST_NAME
from peelflow.model.records import Actor
from peelflow.register import limits
from peelflow.register.limits import LONGEST_FIELD, LONGEST_TEXT, MAX_DOCUMENT_BYTES
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from peelflow.stores.opening import upgrade_store
from tests.builders.force import LIAISON, clock

PAGE = (Path(__file__).parents[2] / "docs" / "stores.md").read_text("utf-8")
ISSUED = date(2022, 12, 16)
WIDE = "\U00010348"
"""A letter that takes four bytes in UTF-8: what a database counts may not be letters."""
STORES = ("memory", "sqlite", "sql", "postgres")


@pytest.fixture(params=STORES)
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register that is empty, on each store."""
    urls: dict[str, Callable[[], str]] = {
        "memory": lambda: "memory:",
        "sqlite": lambda: f"sqlite:///{tmp_path / 'r.db'}",
        "sql": lambda: f"sqlite+pysqlite:///{tmp_path / 'own.db'}",
        "postgres": lambda: str(request.getfixturevalue("postgres")),
    }
    url = urls[request.param]()
    upgrade_store(url)
    with Register.open(url, clock=clock) as opened:
        yield opened


def add(register: Register, record: str = "R-1", **more: Any) -> None:
    """Add a record."""
    given = {"category": "afi", "level": 2, "force": "wmp", "issued": ISSUED, "actor": LIAISON}
    register.add(record, **{**given, **more})


def word(length: int) -> str:
    """Return a word of so many letters that no other store has."""
    return WIDE * length


WORDS: dict[str, Callable[[Register, str], object]] = {
    "id": add,
    "force": lambda register, text: add(register, force=text),
    "key": lambda register, text: add(register, key=text),
    "actor": lambda register, text: add(register, actor=Actor(text, "liaison_officer")),
    "recorded by": lambda register, text: add(register, recorded_by=text),
    "owner": lambda register, text: add(register, fields={"owner": text}),
    "appointed": lambda register, text: register.appoint(
        text, "chief_constable", force="wmp", first_day=ISSUED, actor=LIAISON
    ),
    "signed by": lambda register, text: register.keep(
        b"x", kind="letter", name="x", signed_by=text
    ),
    "document": lambda register, text: register.keep(b"x", kind="letter", name=text),
    "kind": lambda register, text: register.keep(b"x", kind=text, name="x"),
}
"""Where a short word comes in."""


@pytest.mark.parametrize("place", WORDS)
def test_item_28_every_store_has_the_same_limit_of_words(register: Register, place: str) -> None:
    """As many letters as the page says are kept, however many bytes; one more is refused."""
    with pytest.raises(InvalidRequest, match=r"201 characters, more than 200|longer than 200"):
        WORDS[place](register, word(LONGEST_NAME + 1))
    assert register.position() == 0
    # An appointment's own id has its words together, and 200 characters as any id.
    WORDS[place](register, word(LONGEST_NAME if place != "appointed" else LONGEST_NAME // 2))
    assert [*register.feed()] or place in {"document", "kind", "signed by"}


def test_item_28_a_key_is_found_again(register: Register) -> None:
    """The longest key does what any key does."""
    for _ in range(2):
        add(register, key=word(LONGEST_NAME))
    assert register.position() == 1


TEXTS: dict[str, tuple[int, Callable[[Register, str], object]]] = {
    "reason": (
        LONGEST_TEXT,
        lambda register, text: register.amend(
            "R-1", "title", "x", actor=LIAISON, on=ISSUED, reason=text
        ),
    ),
    "field": (
        LONGEST_FIELD,
        lambda register, text: register.amend(
            "R-1", "title", text, actor=LIAISON, on=ISSUED, reason="x"
        ),
    ),
}


@pytest.mark.parametrize("place", TEXTS)
def test_item_12_every_store_has_the_same_limit_of_texts(register: Register, place: str) -> None:
    """A field of 10 MB is refused in words; one of a spreadsheet's cell is kept."""
    most, act = TEXTS[place]
    add(register)
    with pytest.raises(InvalidRequest, match=f"more than {most:,}"):
        act(register, "x" * (most + 1))
    with pytest.raises(InvalidRequest, match="attach the rest as a document"):
        act(register, "x" * 10_000_000)
    act(register, WIDE * most)
    assert register.record("R-1").number == 2


def test_item_12_a_list_is_as_long_as_its_items_together(register: Register) -> None:
    """Many short items are no way round."""
    for items, fits in ((["x" * 100] * 327, True), (["x" * 100] * 328, False)):
        super_complaint = {"title": "x", "concerns": items}
        category = {"category": "super_complaint", "level": None, "fields": super_complaint}
        if fits:
            add(register, "S-1", **category)
        else:
            with pytest.raises(InvalidRequest, match="the field `concerns`: has 32,800 characters"):
                add(register, "S-2", **category)


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", "\\\\host\\x", "C:\\x", "a\nb", "a\x1bb", "a\x7f", "a\u202eb"]
)
def test_item_12_a_documents_name_is_a_files_alone(register: Register, name: str) -> None:
    """Whoever saves it under its name writes nowhere else, and reads what it is."""
    with pytest.raises(InvalidRequest, match=r"holds a path|which shows nothing"):
        register.keep(b"x", kind="letter", name=name)
    assert register.keep(b"x", kind="letter", name="Llythyr g\u0175yl 1.pdf").size == 1


def test_item_12_no_store_keeps_a_nul_in_a_documents_name(register: Register) -> None:
    """It is refused as any other control character is."""
    with pytest.raises(InvalidRequest):
        register.keep(b"x", kind="letter", name="a\0b")


def test_item_12_a_document_has_a_most(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told before a store is asked, with how large it is."""
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 7)
    with pytest.raises(InvalidRequest, match="has 8 bytes, more than 7"):
        register.keep(b"complete", kind="letter", name="x.txt")
    assert register.keep(b"whole..", kind="letter", name="x.txt").size == 7


def test_item_28_names_in_rule_files_have_the_same_limit(tmp_path: Path) -> None:
    """What a rule file calls a state is kept with records, too."""
    text = (
        "lifecycle: own\nversion: 1\nin_force_from: 2023-01-01\ntitle: Own\n"
        "applies_to: {{category: own, level: none}}\ninitial: {0}\nstates:\n"
        "  {0}: {{counts_as: {{force: open}}, transitions: {{end: {{to: done, by: [lead]}}}}}}\n"
        "  done: {{counts_as: {{force: closed}}, final: true}}\n"
    )
    vocabulary = "vocabulary: own\ncategories: {own: {title: Own}}\n"
    (tmp_path / "words.yaml").write_text(vocabulary, "utf-8")
    for length in (LONGEST_NAME, LONGEST_NAME + 1):
        (tmp_path / "own.yaml").write_text(text.format("s" * length), "utf-8")
        if length == LONGEST_NAME:
            assert load(tmp_path).lifecycles
        else:
            with pytest.raises(InvalidRules, match="at most 200"):
                load(tmp_path)


def test_item_12_the_limits_are_said_in_one_place() -> None:
    """The page has the numbers that the code has."""
    (table,) = re.findall("\n## Limits\n(.*?)\n## ", PAGE, re.DOTALL)
    for number in (LONGEST_NAME, LONGEST_TEXT, LONGEST_FIELD, MAX_DOCUMENT_BYTES):
        assert f"{number:,}" in table
