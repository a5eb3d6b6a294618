"""Limit how long words, texts, fields and documents may be, and how early a day, on every store.

A limit is checked before any store is asked, so none refuses later what another would have kept.
"""

from __future__ import annotations

from datetime import date

from peelflow.errors import InvalidRequest
from peelflow.model.constraints import LONGEST_NAME
from peelflow.texts import TEXT_TURNERS

LONGEST_TEXT = 4_000
"""The characters of a reason or a source."""
LONGEST_FIELD = 32_767
"""The characters of a field, a list's items together: as many as a spreadsheet's cell holds."""
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


def check_length(text: str, most: int, what: str, instead: str) -> None:
    """Refuse a text that is longer than a limit.

    Args:
        text: The text.
        most: The most characters it may have.
        what: What it is, for the error.
        instead: What to do about it.

    Raises:
        InvalidRequest: It is longer.
    """
    if len(text) > most:
        why = f"has {len(text):,} characters, more than {most:,}"
        raise InvalidRequest(what, why, instead)


def check_readable(text: str, what: str) -> None:
    """Refuse a reason or a source that is too long, or that hides in what order it reads.

    Args:
        text: The text.
        what: What it is, for the error.

    Raises:
        InvalidRequest: It is no text, longer than `LONGEST_TEXT`, or `check_unturned` refuses it.
    """
    if not isinstance(text, str):
        raise InvalidRequest(what, f"is {text!r}, which is no text", "give a text")
    check_length(text, LONGEST_TEXT, what, "say it shortly, and attach the rest as a document")
    check_unturned(text, what)


def check_unturned(text: str, what: str) -> None:
    """Refuse a text that hides in what order it reads.

    One that runs from right to left, such as Arabic or Hebrew, is as good as any other; the
    invisible characters that turn text around are not, for they let it read otherwise than it is.

    Args:
        text: The text.
        what: What it is, for the error.

    Raises:
        InvalidRequest: It holds such a character.
    """
    if not text.isascii() and not TEXT_TURNERS.isdisjoint(text):
        control = min(TEXT_TURNERS.intersection(text))
        why = f"holds U+{ord(control):04X}, which turns text around unseen"
        raise InvalidRequest(what, why, "remove it; the text itself may run either way")


def check_word(word: str, what: str) -> None:
    """Refuse a name, a key or another short word that is too long.

    Args:
        word: The word.
        what: What it is, for the error.

    Raises:
        InvalidRequest: It has more than `LONGEST_NAME` characters.
    """
    check_length(word, LONGEST_NAME, what, "use a short one")


def check_field(name: str, texts: tuple[str, ...], record: str) -> None:
    """Refuse what a field says if it is too long, or hides in what order it reads.

    Args:
        name: The field.
        texts: What it says: one text, or the items of a list.
        record: Whose field it is.

    Raises:
        InvalidRequest: It has more than `LONGEST_FIELD` characters, or turns text around.
    """
    together = "".join(texts)
    if len(together) <= LONGEST_FIELD and together.isascii():  # said first: each row comes by
        return
    what = f"{record}: the field `{name}`"
    instead = "say it shortly, and attach the rest as a document"
    check_length(together, LONGEST_FIELD, what, instead)
    check_unturned(together, what)


def check_kind(kind: str) -> None:
    """Refuse a document's kind that is too long, or hides in what order it reads.

    Args:
        kind: The kind.

    Raises:
        InvalidRequest: It is or does.
    """
    check_word(kind, "the document's kind")
    check_unturned(kind, "the document's kind")


def check_document_name(name: str) -> None:
    """Refuse a document's name that is too long, or more than the name of a file.

    Args:
        name: The name.

    Raises:
        InvalidRequest: It is too long, holds a path, a control character or one that turns text
            around, or is no name at all.
    """
    what = f"the document's name {name!r:.80}"
    check_word(name, what)
    if name in {".", ".."} or any(mark in name for mark in "/\\"):
        raise InvalidRequest(what, "holds a path", "give the file's name alone")
    hidden = next((c for c in name if ord(c) < ord(" ") or c == "\x7f" or c in TEXT_TURNERS), None)
    if hidden is not None:
        why = f"holds U+{ord(hidden):04X}, which shows nothing"
        raise InvalidRequest(what, why, "remove it")


def check_document_size(content: bytes, name: str) -> None:
    """Refuse a document that is too large.

    Args:
        content: What it holds.
        name: Its name.

    Raises:
        InvalidRequest: It has more than `MAX_DOCUMENT_BYTES`.
    """
    if len(content) > MAX_DOCUMENT_BYTES:
        why = f"has {len(content):,} bytes, more than {MAX_DOCUMENT_BYTES:,}"
        instead = "give a smaller file: pages of a scan as text, or in parts"
        raise InvalidRequest(f"the document `{name:.80}`", why, instead)


_FIRST_YEAR = 1900


def check_day(day: date, record: str) -> None:
    """Refuse a day before 1900: a year that lost or changed a digit.

    Args:
        day: The day.
        record: The record of which it is said.
    """
    if day.year < _FIRST_YEAR:
        what, why = f"{record}: the date {day}", f"lies before {_FIRST_YEAR}"
        raise InvalidRequest(what, why, "mend its year")
