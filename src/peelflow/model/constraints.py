"""A constraint says what a value in a rule file must be besides its type.

The model's classes annotate their attributes with these, and `rulebook.schema` makes of the
annotations what the reader reads by and what editors complete. An attribute has the name of its
YAML key, and the key is required where the attribute has no default, unless its metadata says
otherwise.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, NamedTuple

LONGEST_NAME = 200
"""The characters of a name, a key or another short word, in rule files and of records."""
SNAKE = f"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}"
KEBAB = f"[a-z][a-z0-9-]{{0,{LONGEST_NAME - 1}}}"
KEBAB_WORDS = f"small letters, digits and `-`, starting with a letter, at most {LONGEST_NAME}"
FILE_KEY = "key in the rule file"


def file_key(name: str | None) -> dict[str, Any]:
    """Return the metadata of an attribute with another key than its name; None: it has no key."""
    return {FILE_KEY: name}


class NamePattern(NamedTuple):
    """A text that is a name: what it names, its pattern, and the pattern in words."""

    what: str
    pattern: str = SNAKE
    words: str = f"small letters, digits and `_`, starting with a letter, at most {LONGEST_NAME}"


class NumberRange(NamedTuple):
    """Bounds of a whole number, inclusive."""

    least: int
    most: int


class AtLeastOne:
    """A list or mapping that may not be empty."""


class OneOrList:
    """One value, or a list of at least one."""


class LevelWord:
    """A level from 1 to 4, or the word `none`."""


class FirstDayWord:
    """A date, or the word `unknown`."""


class ByTrigger:
    """A mapping from each trigger to one transition, or to a list of alternatives."""


class GuaranteeSentence:
    """A text in the language of guarantees."""


StateName = Annotated[str, NamePattern("state")]
TriggerName = Annotated[str, NamePattern("trigger")]
RoleName = Annotated[str, NamePattern("role")]
FieldName = Annotated[str, NamePattern("field")]
LedgerName = Annotated[str, NamePattern("ledger")]
CategoryName = Annotated[str, NamePattern("category")]
EvidenceName = Annotated[str, NamePattern("kind of evidence")]
PredicateName = Annotated[str, NamePattern("predicate")]
ALL_QUESTION_SETS = "question_sets"
"""What a field says in `choices_from` whose choices are the names of all question sets."""
QuestionSetName = Annotated[str, NamePattern("question set", f"(?!{ALL_QUESTION_SETS}$){SNAKE}")]
QuestionChoices = Annotated[str, NamePattern("question set")]
QuestionNumber = Annotated[
    str,
    NamePattern("question", r"[1-9][0-9]*(\.[1-9][0-9]*)*", 'its number, such as `"7"` or `"7.2"`'),
]
LifecycleName = Annotated[str, NamePattern("lifecycle", KEBAB, KEBAB_WORDS)]
VocabularyName = Annotated[str, NamePattern("vocabulary", KEBAB, KEBAB_WORDS)]
MigrationName = Annotated[str, NamePattern("migration", KEBAB, KEBAB_WORDS)]
VersionedName = Annotated[
    str,
    NamePattern(
        "lifecycle's version",
        KEBAB + "@[1-9][0-9]*",
        "its name, `@` and its version, such as `level-3@1`",
    ),
]
Days = Annotated[int, NumberRange(1, 36_525)]
Months = Annotated[int, NumberRange(1, 1_200)]
WorkingDays = Annotated[int, NumberRange(1, 2_500)]
Positive = Annotated[int, NumberRange(1, 10**9)]
LevelOrNone = Annotated[int | None, LevelWord()]
FirstDay = Annotated[date | None, FirstDayWord()]
