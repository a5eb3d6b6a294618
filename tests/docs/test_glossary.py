"""The code's public names are made of the glossary's terms, and of plain words that it lists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.house import modules
from tests.names import public_names, words_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/glossary.md").read_text("utf-8")
TERMS, _, PLAIN = PAGE.partition("## Plain words")
ROWS = re.findall(r"^\| (?!term |---)([^|]+) \| ([^|]+) \|([^|]*)\|$", TERMS, re.MULTILINE)
TERM = {term.strip(): meaning.strip() for term, meaning, _ in ROWS}
AVOIDED = {
    word.strip() for _, _, words in ROWS for word in re.sub(r"\([^)]*\)", "", words).split(",")
} - {""}
LISTED = re.findall(r"[a-z0-9]+", PLAIN.rpartition("\n\n")[2])
USED = {
    word: f"{place}: {name}"
    for place, name in public_names(modules(ROOT / "src", "peelflow"))
    for word in words_of(name)
}


def _is_known(word: str) -> bool:
    """Whether a word is a term or a plain word, or such a one in another form."""
    ends = ("s", "es", "d", "ed", "ing", "r", "er")
    stems = {word, *(word.removesuffix(end) for end in ends)}
    stems |= {f"{stem}e" for stem in stems} | {f"{word.removesuffix('ies')}y"}
    return not stems.isdisjoint(KNOWN)


KNOWN = {word for term in TERM for word in words_of(term)} | set(LISTED)


def test_every_word_of_a_public_name_is_known() -> None:
    """A word that nobody has explained, or that is no plain English, names nothing."""
    assert {word: name for word, name in USED.items() if not _is_known(word)} == {}


def test_no_avoided_word_stands_in_a_public_name() -> None:
    """The page says which word is used instead."""
    avoided = {word for word in AVOIDED if re.fullmatch(r"[a-z]+", word)} - KNOWN

    assert {word: name for word, name in USED.items() if word in avoided} == {}


def test_each_term_stands_once_with_a_meaning_of_its_own() -> None:
    """One word for an idea, one idea for a word; a plain word is no term as well."""
    terms = Counter(term.strip() for term, _, _ in ROWS)
    meanings = Counter(meaning.lower().rstrip(".") for meaning in TERM.values())

    assert [term for term, count in terms.items() if count > 1] == []
    assert [meaning for meaning, count in meanings.items() if count > 1] == []
    assert sorted(set(LISTED) & set(TERM)) == []
    assert sorted(AVOIDED & set(TERM)) == []


def test_no_plain_word_is_listed_that_no_name_has() -> None:
    """The list is no longer than it must be, sorted, each word once."""
    assert sorted(set(LISTED)) == LISTED
    assert [word for word in LISTED if word not in USED] == []


def test_a_word_that_is_not_listed_is_found() -> None:
    """`draft` was our own word for a session."""
    assert not _is_known("draft")
    assert _is_known("sessions")
