"""A tracker's map says what the columns and words of a force's own spreadsheet mean here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.constraints import (
    KEBAB,
    KEBAB_WORDS,
    SNAKE,
    AtLeastOne,
    CategoryName,
    FieldName,
    LevelOrNone,
    NamePattern,
    OneOrList,
    RoleName,
    StateName,
)
from peelflow.results import frozen

DateOrder = Literal["day-month-year", "month-day-year"]
"""How a sheet writes a day in digits alone; one that begins with its year is read either way."""
AsAt = Literal["import", "banner"]
"""Which day a sheet tells of: that of the import, or the one that the banner above it names."""
BLANK = "blank"
"""What a word means that says nothing, such as `TBC` or `n/a`."""

TrackerName = Annotated[str, NamePattern("tracker", KEBAB, KEBAB_WORDS)]
TargetName = Annotated[str, NamePattern("column")]
StatesKey = Annotated[
    str,
    NamePattern(
        "level or category",
        f"[1-4]|{SNAKE}",
        "a level from 1 to 4, `none`, or a category with states of its own",
    ),
]


@frozen
class FixedParts:
    """What is the same in every row.

    Args:
        force: The force whose tracker it is, by its short name.
        actor: Who says that the records stand as the sheet has them.
        actor_role: The role in which they say so.
        inspectorate: Who said so of what the inspectorate alone decides.
        source: What the tracker is called, where its file's name does not say it.
        prefix: What stands before each reference, where others may use the same ones.
        category: What every row is, where no column says it.
        level: The level of every row, where no column says it.
        issued: The day every row was issued, where no column says it.
        span: Where it is declared.
    """

    force: str
    actor: str
    actor_role: RoleName
    inspectorate: str | None = None
    source: str | None = None
    prefix: str | None = None
    category: CategoryName | None = None
    level: LevelOrNone = None
    issued: date | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class OwnField:
    """A column that no rules declare and that is kept all the same, as it stands in the sheet.

    Args:
        heading: The column's heading, as it stands in the sheet.
        type: What its cells hold: a text, a date or a person.
        title: What officers read; the heading where it is left out.
        span: Where it is declared.
    """

    heading: str
    type: Literal["text", "date", "person"] = "text"
    title: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class TrackerMap:
    """What the columns and words of a force's own spreadsheet mean.

    Args:
        tracker: Its name, by which later sheets of the same tracker are known.
        fixed: What is the same in every row.
        columns: The heading of each thing that is read from a column.
        own_fields: The columns that are kept though no rules declare them, by their field.
        ignored: The headings that are not read.
        banners: What stands alone in a row that is no record, such as the name of a section.
        totals: What begins a row of sums, which is no record.
        categories: The sheet's words for categories.
        levels: The sheet's words for levels.
        states: For each level, or category, the sheet's words for its states.
        words: For each other field, the sheet's words and what they mean.
        sheet: The sheet of a workbook, or a list of several that are read as one; needed where it
            has more than one.
        dates: In which order a day's digits stand.
        as_at: Which day the sheet tells of.
        encoding: Of a CSV file, where it is not found.
        delimiter: What parts the cells of a CSV file, where it is not found.
        span: Where it begins.
    """

    tracker: TrackerName
    fixed: FixedParts
    columns: Annotated[Mapping[TargetName, str], AtLeastOne()]
    own_fields: Mapping[FieldName, OwnField] = field(factory=dict)
    ignored: tuple[str, ...] = ()
    banners: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    categories: Mapping[str, CategoryName] = field(factory=dict)
    levels: Mapping[str, LevelOrNone] = field(factory=dict)
    states: Mapping[StatesKey, Mapping[str, StateName]] = field(factory=dict)
    words: Mapping[FieldName, Mapping[str, str]] = field(factory=dict)
    sheet: Annotated[tuple[str, ...], OneOrList()] = ()
    dates: DateOrder = "day-month-year"
    as_at: AsAt = "import"
    encoding: str | None = None
    delimiter: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)
