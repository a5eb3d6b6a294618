"""Select records by what they are and say, as they stood at the end of a day, or as was known.

Every list and every sum over records takes one `Selection`, so that all of them mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any, Literal, get_args
from unicodedata import normalize

from attrs import evolve

from peelflow.errors import InvalidRequest
from peelflow.model.date_spans import read_span
from peelflow.model.question_sets import covers_question
from peelflow.model.questions import QUESTION_FIELD, QUESTION_SET_FIELD
from peelflow.model.records import Record
from peelflow.model.rules import Category, Counts, FieldRule, Level
from peelflow.phrases import suggestion
from peelflow.register.as_at import each_as_at
from peelflow.register.query_checks import check_ledger, check_position_reached
from peelflow.register.reader import Reader
from peelflow.register.validation import check_date, check_one_of, check_text
from peelflow.results import frozen
from peelflow.stores.base import RecordQuery

Operator = Literal["<=", ">=", "!=", "=", "<", ">", "~"]
RECORD_COLUMNS = ("record", "category", "level", "force", "state", "parent", "issued", "report")
"""What every record says of itself, whatever fields its category has."""
FIELD_PREFIX = "field:"
NO_LEVEL = "none"
"""What a record without a level says in the column `level`."""
_ALWAYS_SAID = ("record", "category", "level", "force", "state", "issued")
_LEVELS = ("1", "2", "3", "4")
_CONDITION = re.compile(rf"([^<>=!~]+)({'|'.join(get_args(Operator))})(.*)", re.DOTALL)
_SIGNS = ("=", "<", ">", "!", "~")
_REPORT_FIELDS = ("source_report", "report")


@frozen
class Criterion:
    """What a record must say: a column, an operator and a value, such as `due < 2023-06-30`.

    `=` with no value asks for records that say nothing. A part of a question counts as that
    question. What says nothing is neither before nor after anything, nor is what has no level; days
    compare as days, numbers as numbers. `~` asks for words within a text, in large or small
    letters.
    """

    column: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.column}{self.operator}{self.value}"


@frozen
class Selection:
    """Which records to look at; what is left out matches any, and every criterion must hold.

    Attributes:
        force: The force they were issued to, or are joint with.
        category: A category of the rulebook.
        level: 1 to 4, or None for records without a level.
        state: The state they stand in.
        parent: The record that they lie below.
        counts: How they count on `ledger`; None where they need not count on it.
        ledger: The ledger to count on.
        criteria: What else they must say.
    """

    force: str | None = None
    category: str | None = None
    level: Level | Literal["any"] = "any"
    state: str | None = None
    parent: str | None = None
    counts: Counts | None = None
    ledger: str = "portal"
    criteria: tuple[Criterion, ...] = ()


EVERYTHING = Selection()


def read_criterion(text: str) -> Criterion:
    """Return the criterion that a text says, such as `owner=lead-3`, `owner=` or `due<2023-06-30`.

    Args:
        text: A column, an operator and a value.

    Raises:
        InvalidRequest: There is no operator, or nothing stands before it, or another behind it.
    """
    parts = _CONDITION.fullmatch(text)
    if parts is None or not parts[1].strip() or parts[3].startswith(_SIGNS):
        instead = "write it as owner=lead-3, owner!=lead-3, owner= or due<2023-06-30"
        raise InvalidRequest(f"the criterion {text!r}", "is none", instead)
    operator: Operator = parts[2]  # type: ignore[assignment] # what the pattern lets through
    return Criterion(parts[1].strip(), operator, parts[3].strip())


def check_column(register: Reader, column: str) -> None:
    """Refuse a column that no record could ever have.

    Args:
        register: The register, whose rulebook declares the fields.
        column: A column of every record, a declared field, or `field:` and its name.

    Raises:
        InvalidRequest: With the one that was meant.
    """
    check_text(column, "the column")
    categories = register.rulebook.vocabulary.categories.values()
    declared = {name for category in categories for name in category.fields}
    name = column.removeprefix(FIELD_PREFIX)
    known = declared if name != column else declared.union(RECORD_COLUMNS)
    check_one_of(name, known, "the column")


def values_of(record: Record, column: str) -> tuple[str, ...]:
    """Return what a record says in a column: nothing, one text, or the items of a list.

    Args:
        record: The record.
        column: As for `check_column`.
    """
    match column:
        case "record":
            return (record.id,)
        case "force":
            return record.forces
        case "category" | "state":
            return (str(getattr(record, column)),)
        case "level":
            return (NO_LEVEL if record.level is None else str(record.level),)
        case "issued":
            return (record.issued.isoformat(),)
        case "parent":
            return () if record.parent is None else (record.parent,)
        case "report":
            said = (_field_values(record, name) for name in _REPORT_FIELDS)
            return next((values for values in said if values), ())
        case _:
            return _field_values(record, column.removeprefix(FIELD_PREFIX))


def _field_values(record: Record, name: str) -> tuple[str, ...]:
    value = record.fields.get(name, ())
    return (value,) if isinstance(value, str) else value


def satisfies(record: Record, criterion: Criterion, *, says_days: bool = True) -> bool:
    """Whether a record says what a criterion asks for.

    Args:
        record: The record.
        criterion: The criterion.
        says_days: Whether it says days in the column, so that 2024 is a year there; else it is a
            number, as in an id.
    """
    values, wanted = values_of(record, criterion.column), criterion.value
    is_question = criterion.column.removeprefix(FIELD_PREFIX) == QUESTION_FIELD
    ordered = _compared(values, criterion) if says_days else None
    if ordered is not None:
        return ordered
    order = _ORDERS.get(criterion.operator)
    if order is not None:
        said = values if criterion.column != "level" else tuple({*values} - {NO_LEVEL})
        return any(order(*_as_ordered(value, wanted)) for value in said)
    match criterion.operator:
        case "=" | "!=":
            says = any(
                value == wanted or (is_question and covers_question((wanted,), value))
                for value in values
            )
            return (says if wanted else not values) == (criterion.operator == "=")
        case _:  # "~"
            words = _wanted_words(wanted)
            return any(words in _as_words(value) for value in values)


def _as_words(text: str) -> str:
    """Return a text as words are looked for in it: any space is one, and letters are in one form.

    What is pasted from Word has no-break spaces and soft hyphens, and a Mac parts `é` in two.
    """
    if text.isascii():
        return " ".join(text.split()).casefold()
    text = normalize("NFC", text)
    for unseen in _UNSEEN:  # a fifth of the time that `str.translate` takes
        text = text.replace(unseen, "")
    return " ".join(text.split()).casefold()


_wanted_words = lru_cache(_as_words)
"""The words of a criterion, which one record after another is asked for."""
_UNSEEN = "\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}"
_ORDERS: Mapping[Operator, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*", re.ASCII)
_QUESTION = re.compile(r"[1-9][0-9]{0,8}(\.[0-9]{1,9})*", re.ASCII)


def _as_ordered(value: str, wanted: str) -> tuple[object, object]:
    """Return two texts as they compare: by their numbers, as 9 before 10, if both are such."""
    if _NUMBER.fullmatch(value) and _NUMBER.fullmatch(wanted):
        return tuple(map(int, value.split("."))), tuple(map(int, wanted.split(".")))
    return value, wanted


def _compared(values: Sequence[str], criterion: Criterion) -> bool | None:
    """Say how dates compare of which some day is not known; None where there is none of them.

    One is before or after another where it is so whichever day each of them is.
    """
    if criterion.operator not in _ORDERS or (wanted := read_span(criterion.value)) is None:
        return None
    spans = [span for span in map(read_span, values) if span is not None]
    if all(span.is_day for span in (wanted, *spans)):
        return None
    pairs = [(span, wanted) for span in spans]
    match criterion.operator:
        case "<":
            return any(span.last < other.first for span, other in pairs)
        case "<=":
            return any(span.last <= other.first for span, other in pairs)
        case ">":
            return any(span.first > other.last for span, other in pairs)
        case _:
            return any(span.first >= other.last for span, other in pairs)


def each_selected(
    register: Reader,
    selection: Selection = EVERYTHING,
    *,
    as_at: date | None = None,
    known: int | None = None,
) -> Iterator[Record]:
    """Yield the records of a selection by id, as they stood at the end of a day.

    Args:
        register: The register.
        selection: Which records, judged as they stood.
        as_at: The day; with everything that is recorded where left out.
        known: The position of the feed up to which events count; every one where left out.

    Raises:
        InvalidRequest: Nothing could ever match, or the feed has not come to that position.
    """
    if as_at is not None:
        check_date(as_at, "the list")
    check_position_reached(register.services, known)
    _check_selection(register, selection, as_at, known)
    wanted = selection.force, selection.category, selection.parent
    register.records(force=wanted[0], category=wanted[1], parent=wanted[2])
    query = RecordQuery(wanted[0], wanted[1], parent=wanted[2])
    records = _each_then(register, query, as_at, known)
    return (record for record in records if is_selected(register, selection, record))


def _each_then(
    register: Reader, query: RecordQuery, as_at: date | None, known: int | None
) -> Iterator[Record]:
    """Yield the records here that may match, as they stood at the end of a day."""
    if known is not None:  # what was corrected since may have been elsewhere then
        query = RecordQuery(withdrawn=True)
    records = each_as_at(register.store, register.store.records(query), as_at, known)
    return (record for record in records if record.is_of(register.services.force))


def _check_selection(
    register: Reader, selection: Selection, as_at: date | None, known: int | None
) -> None:
    register.records(
        level=selection.level,
        state=selection.state,
        counts=selection.counts,
        ledger=selection.ledger,
    )
    for criterion in selection.criteria:
        check_column(register, criterion.column)
        check_one_of(criterion.operator, get_args(Operator), "the operator")
        value: object = criterion.value
        if not isinstance(value, str):
            what, why = f"the criterion {str(criterion)!r}", f"{value!r} is no text"
            raise InvalidRequest(what, why, "write it as a text, such as '7' or '2023-06-30'")
        _check_value(register, criterion)
        _check_choice(register, criterion, as_at, known)
        if criterion.operator in ("=", "!=") and criterion.value:
            match criterion.column:
                case "force":
                    register.records(force=criterion.value)
                case "category":
                    register.records(category=criterion.value)
                case "state":
                    register.records(state=criterion.value)
                case "parent":
                    register.records(parent=criterion.value)


def _check_value(register: Reader, criterion: Criterion) -> None:
    """Refuse a value that could never be met: no day where all say days, no level, no question."""
    column, value = criterion.column, criterion.value
    if not value:
        _check_empty(criterion)
    if criterion.operator == "~" or not value:
        return
    name = column.removeprefix(FIELD_PREFIX)
    why, instead = "is no date", "write it as 2023-03-30"
    if column == "level":
        is_one = value in _LEVELS or (value == NO_LEVEL and criterion.operator in ("=", "!="))
        why, instead = "is no level", "write 1 to 4; or, with `=`, none"
    elif name == QUESTION_FIELD:
        has_sets = all(
            QUESTION_SET_FIELD in category.fields for category in _saying(register, name)
        )
        is_one = not has_sets or _QUESTION.fullmatch(value) is not None
        why, instead = "is no question", "write a question's number, such as 7"
    else:
        rules = _rules_of(register, column)
        says_days = column == "issued" or {rule.type for rule in rules} == {"date"}
        span = read_span(value)
        is_exact = criterion.operator in ("=", "!=") and not any(rule.as_known for rule in rules)
        is_one = not says_days or (span is not None and (span.is_day or not is_exact))
    if not is_one:
        raise InvalidRequest(f"the criterion {str(criterion)!r}", f"{value!r} {why}", instead)


def _check_choice(
    register: Reader, criterion: Criterion, as_at: date | None, known: int | None
) -> None:
    """Refuse what is no choice of a field, unless a record says it that may be listed."""
    column, value = criterion.column, criterion.value
    rules = _rules_of(register, column)
    has_choices = bool(rules) and all(rule.choices for rule in rules)
    if not has_choices or criterion.operator == "~" or not value:
        return
    choices = {choice for rule in rules for choice in rule.choices}
    if value not in choices and not any(
        value in values_of(record, column)
        for record in _each_then(register, RecordQuery(), as_at, known)
    ):
        why = f"{value!r} is no choice of it"
        raise InvalidRequest(f"the criterion {str(criterion)!r}", why, suggestion(value, choices))


def _check_empty(criterion: Criterion) -> None:
    """Refuse a value of nothing where it asks for none that says nothing there."""
    column, operator = criterion.column, criterion.operator
    if operator == "=" and column in _ALWAYS_SAID:
        why = "no record says nothing there"
        instead = "write level=none" if column == "level" else "name one, or leave it out"
    elif operator in ("=", "!="):
        return
    else:
        why, instead = f"says nothing behind `{operator}`", "write what it is held to"
        if column not in _ALWAYS_SAID:
            instead += f"; `{column}=` asks for what says nothing"
    raise InvalidRequest(f"the criterion {str(criterion)!r}", why, instead)


def _rules_of(register: Reader, column: str) -> list[FieldRule]:
    """Return what categories declare of a column; nothing where it is one of every record."""
    name = column.removeprefix(FIELD_PREFIX)
    categories = [] if column in RECORD_COLUMNS else _saying(register, name)
    return [category.fields[name] for category in categories]


def _saying(register: Reader, field: str) -> list[Category]:
    """Return the categories that declare a field."""
    categories = register.rulebook.vocabulary.categories.values()
    return [category for category in categories if field in category.fields]


def is_selected(register: Reader, selection: Selection, record: Record) -> bool:
    """Say whether a record is one of a selection, as it stands.

    Args:
        register: What knows how it counts.
        selection: Which records.
        record: The record.
    """
    return (
        not record.withdrawn
        and record.is_of(selection.force)
        and selection.category in (None, record.category)
        and selection.parent in (None, record.parent)
        and selection.level in ("any", record.level)
        and selection.state in (None, record.state)
        and selection.counts in (None, register.counts(record).get(selection.ledger))
        and all(
            satisfies(record, criterion, says_days=_says_days(register, record, criterion.column))
            for criterion in selection.criteria
        )
    )


def _says_days(register: Reader, record: Record, column: str) -> bool:
    """Whether a record says days in a column, as its category declares it."""
    if column in RECORD_COLUMNS:
        return column == "issued"
    category = register.rulebook.vocabulary.categories.get(record.category)
    rule = category.fields.get(column.removeprefix(FIELD_PREFIX)) if category else None
    return rule is not None and rule.type == "date"


def check_span(after: date, until: date, what: str) -> None:
    """Refuse a time that ends before it begins, in which nothing could be.

    Args:
        after: The day behind which it begins.
        until: Its last day.
        what: What is asked for, as an error calls it.

    Raises:
        InvalidRequest: The days stand in the wrong order, or are none.
    """
    check_date(after, what)
    check_date(until, what)
    if until < after:
        which, why = f"the day {until}", f"lies before {after}"
        raise InvalidRequest(which, why, "give the earlier day as `after`")


def is_open(register: Reader, record: Record, ledger: str | None = None) -> bool:
    """Whether a record counts open on a ledger, or on any."""
    counts = register.counts(record)
    return "open" in counts.values() if ledger is None else counts.get(ledger) == "open"


def each_open(
    register: Reader,
    on: date,
    *,
    selection: Selection = EVERYTHING,
    ledger: str | None = None,
) -> Iterator[Record]:
    """Yield the records that count open on a ledger, or on any, at the end of a day.

    Args:
        register: The register.
        on: The day.
        selection: Which records.
        ledger: The ledger; any when left out.

    Raises:
        InvalidRequest: No state counts on such a ledger, or nothing could ever match.
    """
    if ledger is not None:
        check_ledger(register.services, ledger)
        selection = evolve(selection, ledger=ledger)
    records = each_selected(register, selection, as_at=on)
    return (record for record in records if is_open(register, record, ledger))


def narrowed(selection: Selection, force: str | None) -> Selection:
    """Return a selection of one force's records alone, where one is named.

    Args:
        selection: The selection.
        force: The force; the selection's own when left out.
    """
    return selection if force is None else evolve(selection, force=force)


def text_field(record: Record, name: str) -> str | None:
    """Return what a record's field says; None where it says nothing, or has several items."""
    value = record.fields.get(name)
    return value if isinstance(value, str) else None
