"""Tell what records say in words that no file here gives a meaning: told, and never held against.

Words are kept beside no record, and the files of a force's own come and change. A question set that
is declared nowhere makes every inspection one that may have been relevant; and whether an own field
was a text or a list when somebody set it, only its file of then could say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import field

from peelflow.model.questions import QUESTION_SET_FIELD
from peelflow.model.records import Amended, Event, Record, Value
from peelflow.model.rules import FieldRule
from peelflow.register.kept_rules import NAMED_AT_MOST
from peelflow.register.session import Session
from peelflow.results import define
from peelflow.rulebook.national import national
from peelflow.stores.soundness import documents_of, entry_of
from peelflow.texts import TEXT_TURNERS

SHAPED = ("person", "date")
"""The types of fields whose values have one shape under whatever rules."""


@define(eq=False)
class UndeclaredWords:
    """What was found in words that no file here declares, and the records that say it."""

    _unknown: dict[tuple[str, str], dict[str, None]] = field(factory=dict)
    _sets: dict[str, dict[str, None]] = field(factory=dict)
    _kinds: dict[str, dict[str, None]] = field(factory=dict)
    _fields: dict[tuple[str, str, bool], dict[str, None]] = field(factory=dict)

    def note(self, session: Session, record: Record, history: Sequence[Event]) -> None:
        """Note the fields that a record has, and what it ever said in words of other files.

        Args:
            session: What knows the words.
            record: The record as it stands.
            history: All its events.
        """
        words = session.rulebook.vocabulary
        category = words.categories.get(record.category)
        declared = category.fields if category is not None else {}
        for name in record.fields:
            if name not in declared:
                self._unknown.setdefault((name, record.category), {})[record.id] = None
        for event in history:
            for document in documents_of(event):
                # What turns text around an earlier peelflow let in: that is told as such.
                if document.kind not in words.evidence and TEXT_TURNERS.isdisjoint(document.kind):
                    self._kinds.setdefault(document.kind, {})[event.record] = None
            for of, name, value in _each_said(event, record.category):
                if name == QUESTION_SET_FIELD and isinstance(value, str):
                    if value not in words.question_sets:
                        self._sets.setdefault(value, {})[event.record] = None
                    continue
                rule = words.categories[of].fields.get(name) if of in words.categories else None
                if rule is not None and is_of_other_type(of, name, rule, value):
                    key = of, name, isinstance(value, str)
                    self._fields.setdefault(key, {})[event.record] = None

    def sentences(self) -> Iterator[str]:
        """Yield it in words."""
        for (name, category), records in sorted(self._unknown.items()):
            told = f"no file here declares the field `{name}` of a `{category}`"
            yield f"{told}, as {first_names(records)} has it"
        for name, records in sorted(self._sets.items()):
            told = f"no file here declares the question set {name!r:.80}, as {first_names(records)}"
            yield f"{told} has it: no inspection is held to be none that covers it"
        for name, records in sorted(self._kinds.items()):
            told = f"no file here declares the kind of evidence {name!r:.80}"
            yield f"{told}, as a document of {first_names(records)} is of it"
        for (category, name, is_text), records in sorted(self._fields.items()):
            was, now = ("a text", "a list") if is_text else ("a list", "a text")
            told = f"the field `{name}` of a `{category}` is {now} by the files here"
            yield f"{told}, and {first_names(records)} has {was}"


def is_of_other_type(category: str, name: str, rule: FieldRule, value: Value) -> bool:
    """Say whether a field of a force's own holds a list where a text is due now, or a text for one.

    Args:
        category: The category of the record.
        name: The field.
        rule: What is declared of it now.
        value: What it holds.
    """
    if rule.type in SHAPED or isinstance(value, str) is not (rule.type == "list"):
        return False
    known = national().vocabulary.categories.get(category)
    return known is None or name not in known.fields


def _each_said(event: Event, category: str) -> Iterator[tuple[str, str, Value]]:
    """Yield what an event says in fields, each with its category and name."""
    entry, what = entry_of(event), event.what
    if entry is not None:
        yield from ((entry.category, name, value) for name, value in entry.fields.items())
    elif isinstance(what, Amended) and what.new is not None:
        yield category, what.field, what.new


def first_names(records: Iterable[str]) -> str:
    """Say the first of some records, and how many more there are.

    Args:
        records: Their ids.
    """
    names = [*records]
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return f"{', '.join(names[:NAMED_AT_MOST])}{more}"
