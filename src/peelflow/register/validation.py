"""Refuse a request that cannot be meant, before any rule is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from attrs import evolve

from peelflow.engine.calendar import last_day
from peelflow.errors import InvalidRequest
from peelflow.model.constraints import LONGEST_NAME
from peelflow.model.date_spans import is_date_of, say_date_forms
from peelflow.model.questions import QUESTION_SET_FIELD
from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Corrected,
    Document,
    Event,
    EventPayload,
    MadeJoint,
    Provenance,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.model.rules import Category, FieldRule, Level, Pin, Role
from peelflow.phrases import say_choice, suggestion
from peelflow.register.holidays import holidays_for
from peelflow.register.limits import (
    check_day,
    check_document_name,
    check_document_size,
    check_field,
    check_kind,
    check_readable,
    check_unturned,
    check_word,
)
from peelflow.register.questions import QUESTION_FIELDS
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import OWN_ID_MARK
from peelflow.texts import first_unseen, is_blank

if TYPE_CHECKING:
    from peelflow.register.context import ReadSet

_BLANK_BYTES = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"
"""Spaces, line ends, NULs, and the marks that a text's encoding begins with."""
NOTHING_HELD = "give the document itself; it may have been saved or copied while it was empty"


def describe_document(
    content: bytes, kind: str, name: str, *, signed_by: str | None, signed_on: date | None
) -> Document:
    """Return a document's digest (SHA-256), and what is said of it.

    Raises:
        InvalidRequest: The content is no bytes, a word no text, or the day no date.
    """
    check_type(content, bytes, "the content", "give a file's bytes: `path.read_bytes()`")
    check_text(kind, "the document's kind")
    check_kind(kind)
    check_text(name, "the document's name")
    check_document_name(name)
    check_document_size(content, name)
    if not content.strip(_BLANK_BYTES):
        raise InvalidRequest(f"the document `{name:.80}`", "holds nothing", NOTHING_HELD)
    if signed_by is not None:
        check_name(signed_by, "who signed the document")
    if signed_on is not None:
        check_date(signed_on, f"the document {name!r:.80}")
    return Document(sha256(content).hexdigest(), kind, name, len(content), signed_by, signed_on)


def role_of(reads: ReadSet, name: str) -> Role:
    """Return a role of the rulebook, or raise InvalidRequest."""
    roles = reads.rulebook.vocabulary.roles
    check_one_of(name, roles, "the role")
    return roles[name]


def category_of(reads: ReadSet, name: str) -> Category:
    """Return a category of the rulebook, or raise InvalidRequest."""
    categories = reads.rulebook.vocabulary.categories
    check_one_of(name, categories, "the category")
    return categories[name]


def check_text(text: object, what: str) -> None:
    """Refuse what is no text, or an empty one."""
    if not isinstance(text, str):
        raise InvalidRequest(what, f"is {text!r}, which is no text", "give a text")
    if is_blank(text):
        raise InvalidRequest(what, "is empty", "give a text")


def _is_plain(name: object) -> bool:
    """Return whether a name is short, printable ASCII and not padded: nothing is against it."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST_NAME
        and name.isascii()
        and name.isprintable()
        and name[0] != " " != name[-1]
    )


def check_name(name: object, what: str) -> None:
    """Refuse a name of a person or force that is no text, empty, or hides characters."""
    if _is_plain(name):  # said first: each act comes by
        return
    check_text(name, what)
    text = str(name)
    check_word(text, f"{what} {name!r:.80}")
    if text != text.strip():
        raise InvalidRequest(f"{what} {name!r:.80}", "is padded with spaces", "leave them out")
    unseen = first_unseen(text)
    if unseen is not None:
        why = f"holds U+{ord(unseen):04X}, which shows nothing"
        raise InvalidRequest(f"{what} {name!r:.80}", why, "remove it")


def check_texts(*texts: tuple[object, str]) -> None:
    """Refuse the first that is no text, or an empty one; each comes with what it is."""
    for text, what in texts:
        if not isinstance(text, str) or is_blank(text):  # said here too: each act comes by
            check_text(text, what)


def check_provenance(provenance: Provenance, record: str) -> None:
    """Refuse a key that is no text, a moment for a day, and words that cannot be read."""
    if provenance.key is not None and not _is_plain(provenance.key):
        check_text(provenance.key, "the key")
        check_word(provenance.key, "the key")
        check_unturned(provenance.key, "the key")
    if type(provenance.on) is not date:
        check_date(provenance.on, record)
    if provenance.reason is not None:
        check_readable(provenance.reason, f"{record}: the reason")
    if provenance.source is not None:
        check_readable(provenance.source, f"{record}: the source")


def check_type(given: object, wanted: type, what: str, instead: str) -> None:
    """Refuse what is of another type than the one asked for."""
    if not isinstance(given, wanted):
        raise InvalidRequest(f"{what} {given!r:.80}", f"is no {wanted.__name__}", instead)


def check_callable(given: object, what: str, instead: str) -> None:
    """Refuse what cannot be called."""
    if not callable(given):
        raise InvalidRequest(f"{what} {given!r:.80}", "is no function", instead)


def check_actor(actor: object) -> None:
    """Refuse who is no Actor: a person's name alone says no role."""
    if not isinstance(actor, Actor):
        check_type(actor, Actor, "the actor", "give Actor(person, role)")


def check_document(document: object) -> None:
    """Refuse what is no document, such as a path or a digest."""
    check_type(document, Document, "the document", "give what `keep` returned")


def checked_documents(evidence: object) -> tuple[Document, ...]:
    """Return the documents that are offered; refuse what is none, or no list of them."""
    if not isinstance(evidence, Iterable) or isinstance(evidence, (str, bytes)):
        what = f"the evidence {evidence!r:.80}"
        raise InvalidRequest(what, "is no list of documents", "give a list of what `keep` returned")
    documents = tuple(evidence)
    for document in documents:
        check_document(document)
    return documents


def check_one_of(name: object, known: Collection[str], what: str) -> None:
    """Refuse a name that is none of those there are."""
    if not isinstance(name, str) or name not in known:
        check_text(name, what)
        raise InvalidRequest(f"{what} {name!r}", "is unknown", suggestion(f"{name}", known))


def check_level(level: object, record: str) -> None:
    """Refuse what is no level: a truth, a text, a number with a point."""
    if level is not None and type(level) is not int:
        what = f"{record}: the level {level!r}"
        raise InvalidRequest(what, "is no level", "give a whole number, or None for `none`")


def check_date(on: object, record: str) -> None:
    """Refuse what is no calendar date: a text, or a moment with its time."""
    if not isinstance(on, date) or isinstance(on, datetime):
        what, why = f"{record}: the date {on!r}", "is no datetime.date"
        raise InvalidRequest(what, why, "give one, such as date(2023, 3, 30)")


def check_not_future(reads: ReadSet, on: date, record: str) -> None:
    """Refuse a day in the future, and one before 1900."""
    check_date(on, record)
    check_day(on, record)
    if on > reads.today:
        raise InvalidRequest(
            f"{record}: the date {on}",
            f"lies in the future; today is {reads.today}",
            "record it when it has happened",
        )


def check_follows(reads: ReadSet, on: date, record: Record) -> None:
    """Refuse a day in the future, or before the record's last event."""
    check_not_future(reads, on, record.id)
    if on < record.on:
        raise InvalidRequest(
            f"{record.id}: the date {on}",
            f"lies before the record's last event on {record.on}",
            f"date it {record.on} or later",
        )


def check_graded(record: str, graded: date | None, *, level: Level, issued: date, on: date) -> None:
    """Refuse a day on which a record's level cannot have been given.

    Args:
        record: Its id.
        graded: The day; None where none is said.
        level: The level.
        issued: The day that the record was issued.
        on: The last day that may be meant.
    """
    if graded is None:
        return
    check_date(graded, record)
    what = f"{record}: the day {graded} of its level"
    if level is None:
        raise InvalidRequest(what, "is given, and no level", "give the level, or no such day")
    if not issued <= graded <= on:
        why = f"does not lie between {issued}, when it was issued, and {on}"
        raise InvalidRequest(what, why, "give the day on which its level was given")


def check_change(
    category: Category, field: str, old: Value | None, new: Value | None, *, record: str
) -> None:
    """Refuse a change that changes nothing, or unsets a field that must be there."""
    what = f"{record}: the field `{field}`"
    rule = rule_of_field(category, field, what)
    check_other_value(old, new, what)
    check_clear(rule, new, what)


def check_clear(rule: FieldRule, new: Value | None, what: str) -> None:
    """Refuse to unset a field that must be there."""
    if new is None and rule.required:
        raise InvalidRequest(what, "must not be empty", f"give it: {rule.title}")


def check_other_value(old: Value | None, new: Value | None, what: str) -> None:
    """Refuse to give a field the value that it has."""
    if new == old:
        raise InvalidRequest(what, f"already is {old!r:.80}", "give another value")


def rule_of_field(category: Category, name: str, what: str) -> FieldRule:
    """Return the rule of a field that a category declares, or refuse `what` names it."""
    rule = category.fields.get(name)
    if rule is None:
        why = "is not declared for its category"
        raise InvalidRequest(what, why, suggestion(name, category.fields))
    return rule


FieldInput = str | date | Sequence[str]
UNPINNED = Pin("", 0, "")
ISO_DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@lru_cache(maxsize=4_096)  # the rows of a sheet say the same days again and again
def iso_date(text: str) -> date | None:
    """Return the day that a text like 2023-03-30 names, None when it names none."""
    try:
        return date.fromisoformat(text) if re.fullmatch(ISO_DATE_PATTERN, text) else None
    except ValueError:
        return None


def checked_id(record: object) -> str:
    """Return an id that can be printed, typed and sorted; else raise InvalidRequest."""
    if isinstance(record, str) and _is_plain(record) and OWN_ID_MARK not in record:
        return record
    if not isinstance(record, str):
        raise InvalidRequest(f"the id {record!r}", "is no text", "use a short plain id")
    if not record.strip() or record != record.strip() or len(record) > LONGEST_NAME:
        why = f"is empty, padded, or longer than {LONGEST_NAME} characters"
        raise InvalidRequest(f"the id {record[:40]!r}", why, "use a short plain id")
    if not record.isprintable() or first_unseen(record):
        raise InvalidRequest(f"the id {record!r}", "cannot be printed", "use a short plain id")
    if OWN_ID_MARK in record:
        why = f"holds `{OWN_ID_MARK}`, by which a store tells the ids of its forces apart"
        raise InvalidRequest(f"the id {record!r}", why, "write it without the bracket")
    return record


def checked_fields(
    category: Category, given: Mapping[str, FieldInput], *, record: str
) -> Mapping[str, Value]:
    """Return the fields as they are kept, those that count from another field filled in.

    Raises:
        InvalidRequest: A field is unknown, missing though required, or not of its declared type.
    """
    check_type(given, Mapping, f"{record}: what the fields say,", "give a dict, by their names")
    for name in given:
        if not _is_plain(name):
            check_text(name, f"{record}: a field's name")
    fields = {
        name: checked_value(category, name, value, record=record)
        for name, value in sorted(given.items())
    }
    fields |= counted_days(category, fields, record=record)
    check_required(category.fields, fields, record=record)
    checked_days(fields, record=record)
    return fields


def check_required(
    rules: Mapping[str, FieldRule], fields: Mapping[str, Value], *, record: str
) -> None:
    """Refuse fields without one that must be there."""
    for name, rule in rules.items():
        if rule.required and name not in fields:
            raise InvalidRequest(_field_of(record, name), "is missing", f"give it: {rule.title}")


def checked_value(category: Category, name: str, value: FieldInput, *, record: str) -> Value:
    """Return one field's value as it is kept: text, an ISO date, or a tuple of texts."""
    rule = category.fields.get(name)
    if rule is None:
        rule = rule_of_field(category, name, _field_of(record, name))
    kept = checked_shape(rule, name, value, record=record)
    if not rule.choices and rule.type != "choice":
        return kept
    is_list = not isinstance(kept, str)
    for text in kept if is_list else (kept,):
        if text not in rule.choices:
            why = f"has the item {text!r:.80}" if is_list else f"is {text!r:.80}"
            raise InvalidRequest(_field_of(record, name), why, f"use {say_choice(rule.choices)}")
    return kept


def _field_of(record: str, name: str) -> str:
    """Return what errors call a field of a record."""
    return f"{record}: the field `{name}`"


def checked_shape(rule: FieldRule, name: str, value: FieldInput, *, record: str) -> Value:
    """Return one field's value as it is kept, whatever there is to choose from.

    Raises:
        InvalidRequest: It is not of the field's type, too long, or holds what turns text around.
    """
    if rule.type == "list":
        items = _checked_list(value, what=_field_of(record, name))
        check_field(name, items, record)
        return items
    if isinstance(value, datetime):
        what, why = _field_of(record, name), "is a moment"
        raise InvalidRequest(what, why, "give a datetime.date, without the time")
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or is_blank(value):
        what, why = _field_of(record, name), "is no text, or empty"
        raise InvalidRequest(what, why, f"give a text: {rule.title}")
    check_field(name, (value,), record)
    if rule.type == "person" and not _is_plain(value):
        check_name(value, f"{_field_of(record, name)}: the person")
    if rule.type == "date" and not is_date_of(rule, value):
        what = _field_of(record, name)
        raise InvalidRequest(what, f"is {value!r:.80}, which is no date", say_date_forms(rule))
    return value


def counted_days(
    category: Category, fields: Mapping[str, Value], *, record: str
) -> Mapping[str, str]:
    """Return the days that count from what `fields` say, for the fields that say none themselves.

    Raises:
        InvalidRequest: Such a day cannot be counted.
    """
    return {
        name: day
        for name, rule in category.fields.items()
        if rule.counts_from is not None
        and name not in fields
        and (day := counted_day(rule, name, fields, record=record))
    }


def counted_day(
    rule: FieldRule, name: str, fields: Mapping[str, Value], *, record: str
) -> str | None:
    """Return the day a field counts from what `fields` say, None where nothing is to count.

    Raises:
        InvalidRequest: It lies beyond the calendar, or beyond the known bank holidays.
    """
    counted = rule.counts_from
    start = fields.get(counted.field) if counted else None
    begun = iso_date(start) if isinstance(start, str) else None
    if counted is None or begun is None:  # an older text may be no day, though it is asked by now
        return None
    day = last_day(begun, counted, holidays_for(counted))
    if isinstance(day, date):
        return day.isoformat()
    instead = (
        "give the day itself" if counted.working_days else f"give an earlier `{counted.field}`"
    )
    raise InvalidRequest(f"{record}: the field `{name}`", day.why, instead)


def is_counted(rule: FieldRule, name: str, fields: Mapping[str, Value]) -> bool:
    """Whether a field says the day that it counts; nothing, where there is nothing to count.

    One that cannot be counted was set by somebody.
    """
    try:
        return fields.get(name) == counted_day(rule, name, fields, record="")
    except InvalidRequest:
        return False


def checked_days(fields: Mapping[str, Value], *, record: str) -> None:
    """Refuse a last day that lies before the first day."""
    first, last = fields.get("first_day"), fields.get("last_day")
    if isinstance(first, str) and isinstance(last, str) and last < first:
        raise InvalidRequest(
            f"{record}: the last day {last}",
            f"lies before the first day {first}",
            "give a last day on or after it",
        )


def _checked_list(value: FieldInput, *, what: str) -> tuple[str, ...]:
    if isinstance(value, (str, date)) or not all(map(_is_text, value)):
        raise InvalidRequest(what, "is no list of texts", "give a list, such as ['7.2']")
    return tuple(value)


def list_items(category: Category, name: str, text: str) -> list[str]:
    """Return the items of a list that somebody typed.

    They are parted by `;` or by lines; where each is one of a known set, by commas too.
    """
    rule = category.fields[name]
    is_of_a_set = bool(rule.choices) or (
        name in QUESTION_FIELDS and QUESTION_SET_FIELD in category.fields
    )
    parts = re.split(r"[;,\r\n]" if is_of_a_set else r"[;\r\n]", text)
    return [part.strip() for part in parts if part.strip()] or [""]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not is_blank(value)


def check_references(
    reads: ReadSet, category: Category, fields: Mapping[str, Value], *, record: str
) -> None:
    """Refuse a field that refers to no record, to the record itself, or to one of another category.

    The record referred to may belong to another force: a regional report is one of several forces.

    Raises:
        InvalidRequest: With the field, and what it may name.
    """
    for name, value in fields.items():
        rule = category.fields.get(name)
        if rule is None or rule.type != "reference" or not isinstance(value, str):
            continue
        what, instead = f"{record}: the field `{name}`", f"name a record of {say_choice(rule.to)}"
        if value == record:
            raise InvalidRequest(what, "names the record itself", instead)
        named = reads.find(value)
        if named is None or named.withdrawn:
            why = "no record is called so" if named is None else "that record is withdrawn"
            raise InvalidRequest(what, f"is {value!r}, and {why}", instead)
        if named.category not in rule.to:
            raise InvalidRequest(what, f"is {value}, a `{named.category}`", instead)


def idempotency_payload(event: Event) -> tuple[object, ...]:
    """Return what was asked in `event`, without what rules derived, its number and our clock.

    Nor who typed it: whoever asks again asks for the same, also from another account.
    """
    # An appointment that begins later is dated today; its own days stand in its fields.
    dated = isinstance(event.what, Added) and event.what.category == "appointment"
    on = None if dated else event.on
    asked = (on, event.actor, event.reason, event.source, event.key)
    return (_without_derived(event.what), *asked)


def _without_derived(what: EventPayload) -> EventPayload:
    match what:
        case TransitionTaken():
            asked = evolve(what, old="", new="", national=True, stays=False)
            return evolve(asked, counted=(), counted_for=None)
        case Added() | TakenOver():
            return _asked_entry(what)
        case Amended():
            return evolve(what, old=None)
        case MadeJoint():
            return evolve(what, old=())
        case Corrected(entry=(Added() | TakenOver()) as entry):
            return evolve(what, entry=_asked_entry(entry))
        case Relevelled():
            return evolve(what, old_level=None, old="", new="", triggers={}, states=None)
        case _:
            return what


def _asked_entry(entry: Added | TakenOver) -> Added | TakenOver:
    """Return what was asked in an entry: below another record, its forces are that one's."""
    if entry.parent is not None:
        entry = evolve(entry, joint_with=(), joint_acts="lead")
    if isinstance(entry, Added):
        return evolve(entry, lifecycle=UNPINNED, state="")
    return evolve(entry, lifecycle=UNPINNED)


def check_services(
    rulebook: object,
    clock: object,
    account: object,
    predicates: Mapping[str, object],
    recorded_by: object,
) -> None:
    """Refuse what a register cannot work with: no rulebook, no clock, no functions, no user."""
    if recorded_by is not None:
        check_name(recorded_by, "recorded_by")
    check_type(rulebook, Rulebook, "the rulebook", "give what `load(path)` returns")
    check_callable(clock, "the clock", "give a function that returns the moment in UTC")
    check_callable(account, "the account", "give a function that returns who runs the program")
    check_type(predicates, Mapping, "the predicates", "give a dict of functions by their names")
    for name, predicate in predicates.items():
        check_callable(predicate, f"the predicate {name}", "give a function")
