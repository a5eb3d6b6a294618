"""Tell texts that say nothing, and names that a reader would take for the same.

Unicode gives one look many spellings. Two names are alike if they differ only by case, width,
spaces, accents, invisible characters or characters that look like others. The look-alikes are those
of the letters that people type here: of Unicode's confusables (UTS 39, Unicode 15) the ones in the
Latin, Greek, Cyrillic, Armenian, Coptic, Cherokee and Lisu scripts, and dashes and apostrophes; and
what runs together or is one stroke, as `rn` is to `m` and `I` to `l`. Names with numbers are ids
more often than words: of them less is taken for the same, so that `RN-1` is not `M-1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from unicodedata import category, decimal, normalize
from unicodedata import name as letter_name

_LOOK_ALIKES = {
    "'": "\u02b9\u02bb\u02bc\u02c8\u02ca\u02cb\u2018\u2019\u201b\u2032\ua78c\u00b4\u0060",
    "-": "\u02d7\u2010\u2012\u2013\u2043\u2212\u2796\u2cba\u30fc",
    "/": "\u2044\u2215\u29f8",
    "2": "\u01a7\u03e8\ua644\ua75a",
    "3": "\u01b7\u021c\u0417\u04e0\u2ccc\ua76a\ua7ab\U0001d206",
    "4": "\u13ce",
    "5": "\u01bc",
    "6": "\u0431\u13ee\u2cd2",
    "7": "\U0001d212",
    "8": "\u0222\u0223",
    "9": "\u2cca\ua76e",
    "a": "\u0251\u0391\u03b1\u0410\u0430\u13aa\ua4ee",
    "b": "\u0184\u0392\u0412\u042c\u13cf\u13f4\ua4d0\ua7b4",
    "c": "\u0421\u0441\u13df\u1d04\u2ca4\u2ca5\ua4da\uabaf",
    "d": "\u0501\u13a0\u13e7\ua4d2\ua4d3",
    "e": "\u0395\u0415\u0435\u04bd\u13ac\ua4f0\uab32",
    "f": "\u03dc\u0584\ua4dd\uab35\U0001d213",
    "g": "\u018d\u0261\u050c\u0581\u13c0\u13f3\ua4d6",
    "h": "\u0397\u041d\u04bb\u0570\u13bb\u13c2\u2c8e\ua4e7",
    "i": "\u0131\u0196\u0269\u026a\u0399\u03b9\u0406\u0456\u04c0\u04cf\u13a5\u2c92\ua647\uab75",
    "j": "\u037f\u03f3\u0408\u0458\u13ab\ua4d9",
    "k": "\u039a\u041a\u13e6\u2c94\ua4d7",
    "l": "\u01c0\u13de\u2cd0\ua4e1\ua4f2\U0001d22a",
    "m": "\u039c\u03fa\u041c\u13b7\u2c98\ua4df",
    "n": "\u039d\u0578\u057c\u2c9a\ua4e0",
    "o": "\u039f\u03bf\u03c3\u041e\u043e\u0555\u0585\u1d0f\u1d11\u2c9e\u2c9f\ua4f3\uab3d",
    "p": "\u03a1\u03c1\u0420\u0440\u13e2\u2ca2\u2ca3\ua4d1",
    "q": "\u051b\u0563\u0566",
    "r": "\u01a6\u0433\u13a1\u13d2\u1d26\u2c85\ua4e3\uab48\uab81\U0001d216",
    "s": "\u01bd\u0405\u0455\u054f\u13d5\u13da\ua4e2\ua731\uabaa",
    "t": "\u03a4\u0422\u13a2\u2ca6\ua4d4",
    "u": "\u03c5\u054d\u057d\u1d1c\ua4f4\ua79f",
    "v": "\u03bd\u0474\u0475\u13d9\u1d20\ua4e6\uaba9\U0001d20d",
    "w": "\u026f\u0461\u051c\u051d\u0561\u13b3\u13d4\u1d21\ua4ea\uab83",
    "x": "\u03a7\u0425\u0445\u2cac\ua4eb\ua7b3",
    "y": "\u0263\u028f\u03a5\u03b3\u0423\u0443\u04ae\u04af\u13a9\u13bd\u2ca8\ua4ec",
    "z": "\u0396\u13c3\u1d22\ua4dc\uab93\U000102f5",
}
"""By what it looks like, each character that a reader takes for it."""
_LETTERS = str.maketrans(
    {look: letter for letter, looks in _LOOK_ALIKES.items() for look in looks}
    | dict.fromkeys("\u2013\u2014\u2015\u2010\u2011", "-")
)
_SIGNS = str.maketrans(
    {look: sign for sign in "'-/" for look in _LOOK_ALIKES[sign]} | {"\u03f2": "c", "\u03f9": "C"}
)
"""What is read as it looks before characters are taken apart, which makes others of it."""
_STROKES = str.maketrans(dict.fromkeys("Il\u0399\u0406\u04c0\u04cf", "|"))
"""What is one stroke to a reader."""
_UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Letters, marks and symbols that show nothing (most are Default_Ignorable_Code_Point)."""
TEXT_TURNERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""The invisible characters that turn text around, so that it reads otherwise than it is."""
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
SPELT_ALIKE = "differs only by case, space or characters that look alike from"
"""What is said of a name that is alike to a known one, before that one."""
_ZEROS = re.compile(r"(?<=[0-9])o(?![a-z])|(?<![a-z0-9])o(?=[0-9])")
_ONES = re.compile(r"(?<![a-z0-9])[i|](?![a-z])|(?<![a-z0-9|])l(?![a-z])")
_NUMBERS = re.compile(r"(?<![a-z0-9|])[o|][o|0-9]+(?![a-z0-9|])")
"""What of a name is a number to a reader from its first sign on; no letter behind one (R-3l)."""
_DIGITS = str.maketrans("o|", "01")
_AMONG_LETTERS = r"(?<=[a-zA-Z]){0}(?=[a-zA-Z])|(?<=[a-zA-Z]{{2}}){0}(?!\d)|^{0}(?='?[a-zA-Z]{{2}})"
_ROUND, _STROKE = (re.compile(_AMONG_LETTERS.format(digit)) for digit in "01")
"""A 0 and a 1 that are read as letters."""
_JOINED = (("rn", "m"), ("vv", "w"), ("VV", "W"), ("cl", "d"), ("c|", "d"))
"""Two letters that are read as one where they stand close, in the case in which they are."""
_DIGIT = re.compile(r"\d")
_PLAIN_PART = "(?:[A-HJ-NP-Za-hjkmnp-z]+(?:[2-9][0-9]*)?|[0-9]+)"
_PLAIN_ID = re.compile(
    f"(?!.*(?:rn|vv|VV))(?!(?:.*-)?L(?![A-Za-z])){_PLAIN_PART}(?:-{_PLAIN_PART})*"
)
"""An id of letters and numbers in which nothing looks like anything else; a number is in it."""
_HYPHENS = str.maketrans("", "", "-")
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "


def is_unseen(character: str) -> bool:
    """Return whether a character shows nothing: a space, a control, a joiner, a filler.

    Args:
        character: One character.
    """
    return category(character) in _UNSEEN_CATEGORIES or character in _UNSEEN


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing to a reader.

    Args:
        text: Any text.
    """
    if text.isascii() and text.isprintable():  # said first: each act comes by
        return not text.strip()
    return all(map(is_unseen, text))


def first_unseen(text: str) -> str | None:
    """Return the first character that shows nothing; None without one.

    Plain spaces and NULs are passed over: the former part words, the latter no store keeps.

    Args:
        text: Any text.
    """
    if text.isascii() and text.isprintable():
        return None
    return next((letter for letter in text if letter not in " \0" and is_unseen(letter)), None)


def are_alike(one: str, other: str) -> bool:
    """Return whether a reader would take two names for the same.

    Args:
        one: A name.
        other: Another, or the same.
    """
    return one == other or not name_keys(one).isdisjoint(name_keys(other))


def alike_name(name: str, known: Iterable[str]) -> str | None:
    """Return the first known name that is alike to another, and not it; None without one.

    Args:
        name: A name.
        known: The names that there are.
    """
    keys = name_keys(name)
    return next(
        (other for other in known if other != name and not keys.isdisjoint(name_keys(other))), None
    )


@lru_cache(maxsize=8_192)
def name_keys(name: str) -> frozenset[str]:
    """Return keys of a name; it is alike to each name that shares one of them.

    Args:
        name: A name.
    """
    if _PLAIN_ID.fullmatch(name) and _DIGIT.search(name):  # said first: many rows bring one each
        return frozenset((name.casefold(),))
    readings = _readings_of(name)
    return frozenset(map(_parted, (*readings, *map(_as_number, readings))))


def is_alike_as_number(one: str, other: str) -> bool:
    """Return whether two names that are alike are so only as letters stand for a number in one.

    Args:
        one: A name, such as R-lO.
        other: Another, such as R-10.
    """
    plain = ({*map(_parted, _readings_of(name))} for name in (one, other))
    return next(plain).isdisjoint(next(plain))


def _readings_of(name: str) -> tuple[str, ...]:
    """Return a folded name in each way in which it is read."""
    shown = (name,) if name.isascii() else _as_shown(name)
    is_word = _DIGIT.search(_folded(shown[0])) is None
    looks = dict.fromkeys(chain.from_iterable((look, _as_strokes(look)) for look in shown))
    return tuple([each for look in looks for each in _readings(look, is_word=is_word)])


def _as_number(folded: str) -> str:
    """Return a folded name with digits where a part of it is all strokes and rounds, as in R-lO."""
    return _NUMBERS.sub(lambda found: found[0].translate(_DIGITS), folded)


def _as_shown(name: str) -> tuple[str, ...]:
    """Return a name without what is not seen, in the letters that its characters look like."""
    apart = normalize("NFKD", name.translate(_SIGNS))
    parts = (letter for letter in apart if category(letter) != "Mn")
    seen = "".join(
        _small_capital(str(decimal(letter, letter))) for letter in parts if not is_unseen(letter)
    )
    strokes = seen.translate(_STROKES)
    return seen, *(look.translate(_LETTERS) for look in (seen, seen.upper(), strokes))


def _small_capital(letter: str) -> str:
    known = letter_name(letter, "")
    return known[-1].lower() if known[:-1] == _SMALL_CAPITAL else letter


def _as_strokes(look: str) -> str:
    """Return a name with what a reader cannot tell from `l` and `o` as one sign each."""
    return _STROKE.sub("|", _ROUND.sub("o", look)).translate(_STROKES)


def _readings(look: str, *, is_word: bool) -> tuple[str, ...]:
    """Return a name as it is read, and as it is read if letters run together, as in `wrnp`.

    In a word they do in either case, in what holds numbers only in their own.
    """
    joined = _as_joined(look.casefold() if is_word else look)
    return tuple([_folded(reading) for reading in dict.fromkeys((look, joined))])


def _parted(folded: str) -> str:
    """Return a folded name without hyphens, unless numbers stand in it: those they tell apart."""
    return folded if _DIGIT.search(folded) else folded.translate(_HYPHENS) or folded


def _as_joined(name: str) -> str:
    """Return what a name is read as if letters of it run together."""
    for pair, letter in _JOINED:
        name = name.replace(pair, letter)
    return name


def _folded(look: str) -> str:
    """Return a name in small letters, with 0 and 1 where O, l or I stand for them, as in R-1O."""
    folded = "".join(look.casefold().split())
    if not folded.isascii():
        folded = normalize("NFKC", folded)
    return _ONES.sub("1", _ZEROS.sub("0", folded.replace("_", "-")))
