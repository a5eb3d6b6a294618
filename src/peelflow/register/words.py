"""Check the words that go with a request: how long they are, and that they read as they are."""

from __future__ import annotations

from peelflow.errors import RequestRefused

LONGEST = 4_000
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_words(text: str | None, what: str) -> None:
    """Refuse a reason or a source that is too long, or that hides in what order it reads.

    Text that runs from right to left, such as Arabic or Hebrew, is as good as any other; the
    invisible characters that turn text around are not, for they let it read otherwise than it is.

    Raises:
        RequestRefused: It is no text, longer than `LONGEST`, or holds such a character.
    """
    if text is None:
        return
    if not isinstance(text, str):
        raise RequestRefused(what, f"is {text!r}, which is no text", "give a text")
    if len(text) > LONGEST:
        why = f"has {len(text):,} characters, more than {LONGEST:,}"
        raise RequestRefused(what, why, "say it shortly, and attach the rest as a document")
    turning = sorted(_TURNING & set(text))
    if turning:
        why = f"holds U+{ord(turning[0]):04X}, which turns text around unseen"
        raise RequestRefused(what, why, "remove it; the text itself may run either way")
