"""What can exist for a record, by the words of the whole rulebook, and what never can.

A document of a kind that no vocabulary names, a signatory whom nobody of the force can be, a choice
that a field does not offer: who asks for one of them asks for what cannot be met.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from peelflow.model.requirements import (
    PUBLISHED,
    Atom,
    ChildForEach,
    ChildrenClosed,
    Evidence,
    FieldSet,
    InspectionHeld,
    Waited,
)
from peelflow.model.rules import SYSTEM, Category, FieldRule, Lifecycle, Vocabulary
from peelflow.phrases import say_choice
from peelflow.proof.satisfiability import QUESTION_FIELD
from peelflow.results import frozen

Reason = str


@frozen(eq=False)
class RecordKind:
    """What can exist for the records of one category, by the words of the whole rulebook."""

    category: str
    fields: Mapping[str, FieldRule]
    children: tuple[str, ...]
    words: Vocabulary

    def why_never(self, atom: Atom) -> Reason | None:
        """Return why nobody can ever meet an atom for such a record, None where somebody can."""
        match atom:
            case Evidence():
                return self._why_no_document(atom)
            case InspectionHeld(relevant=True):
                return self._why_irrelevant()
            case FieldSet(field=name, has=choice):
                return self._why_unset(name, choice)
            case Waited(since=since) if since == PUBLISHED:
                return self._why_not_of_type(PUBLISHED, "date")
            case ChildrenClosed():
                return self._why_childless()
            case ChildForEach():
                return self._why_unanswered(atom)
            case _:
                return None

    def _why_no_document(self, asked: Evidence) -> Reason | None:
        if asked.evidence not in self.words.evidence:
            return f"no kind of evidence is called `{asked.evidence}`"
        if not asked.signed_by or any(map(self._may_sign, asked.signed_by)):
            return None
        signers = say_choice(asked.signed_by)
        return f"nobody of the force can be {signers}, so nobody signs such a `{asked.evidence}`"

    def _may_sign(self, role: str) -> bool:
        """Whoever signs holds the role in the record's force: only its own roles are held there."""
        held = self.words.roles.get(role)
        return role != SYSTEM and held is not None and held.side == "force"

    def _why_irrelevant(self) -> Reason | None:
        rule = self.fields.get(QUESTION_FIELD)
        if rule is not None and rule.type != "list":
            return None
        lacks = "has no field `question`" if rule is None else "has a list for its `question`"
        return f"a record of `{self.category}` {lacks}, so no inspection is relevant to it"

    def _why_unset(self, name: str, choice: str | None) -> Reason | None:
        rule = self.fields.get(name)
        if rule is None:
            return f"a record of `{self.category}` has no field `{name}`"
        if rule.type == "choice" and not rule.choices:
            return f"the field `{name}` is a choice of nothing"
        if rule.type == "reference" and not self._known(rule.to):
            return f"the field `{name}` can name no record"
        if choice is None or choice in rule.choices or not (rule.choices or rule.type == "choice"):
            return None
        return f"`{choice}` is no choice of the field `{name}`"

    def _why_not_of_type(self, name: str, wanted: str) -> Reason | None:
        rule = self.fields.get(name)
        if rule is None:
            return f"a record of `{self.category}` has no field `{name}`"
        if rule.type == wanted:
            return None
        return f"the field `{name}` of `{self.category}` is a `{rule.type}`, and no `{wanted}`"

    def _why_childless(self) -> Reason | None:
        if self._known(self.children):
            return None
        return f"a record of `{self.category}` has no children"

    def _why_unanswered(self, asked: ChildForEach) -> Reason | None:
        """Where there may be something to answer, some child must be able to answer it."""
        lacking = self._why_not_of_type(asked.names, "reference")
        if lacking is not None:
            return lacking
        below = [self.words.categories[name].fields for name in self._known(self.children)]
        answering = [fields[asked.children].to for fields in below if asked.children in fields]
        for category in asked.for_each:
            if not any(category in to for to in answering):
                answer = f"names a record of `{category}` in `{asked.children}`"
                return f"no child of a record of `{self.category}` {answer}"
        return None

    def _known(self, categories: Iterable[str]) -> list[str]:
        return [name for name in categories if name in self.words.categories]

    def is_required(self, name: str) -> bool:
        """Whether a record has a field from the beginning, and always."""
        rule = self.fields.get(name)
        return rule is not None and rule.required

    def has_one_value(self, name: str) -> bool:
        """Whether a field says one thing at a time; a list says several."""
        rule = self.fields.get(name)
        return rule is None or rule.type != "list"


def record_kinds(lifecycle: Lifecycle, vocabulary: Vocabulary) -> tuple[RecordKind, ...]:
    """Return the kinds of records that a lifecycle runs; categories that differ in name are one.

    Args:
        lifecycle: The lifecycle.
        vocabulary: The words of the whole rulebook.
    """
    kinds: dict[object, RecordKind] = {}
    for name in lifecycle.applies_to.category or ("",):
        known = vocabulary.categories.get(name, Category(name))
        same = frozenset(known.fields.items()), known.children
        kinds.setdefault(same, RecordKind(name, known.fields, known.children, vocabulary))
    return tuple(kinds.values())
