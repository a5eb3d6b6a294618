"""Lint finds what is wrong with a vocabulary, and which of its words no lifecycle uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import Evidence
from peelflow.model.rules import SYSTEM, EvidenceKind, FieldRule, Lifecycle, Role, Vocabulary
from peelflow.proof.lint import (
    each_requirement,
    may_stand_for,
    period_faults,
    roles_named,
    unknown_name,
)
from peelflow.wording import shown


def lint_vocabulary(own: Vocabulary, whole: Vocabulary) -> tuple[Diagnostic, ...]:
    """Return every fault of a vocabulary among the words of the whole rulebook, sorted."""
    faults: list[Diagnostic] = []
    for name, role in own.roles.items():
        faults += _role_faults(name, role, whole)
    for name, category in own.categories.items():
        faults += _category_faults(category.children, whole, category.span)
        faults += _field_faults(name, category.fields, whole)
    for name, fields in own.fields.items():
        faults += _added_field_faults(name, fields, whole)
        faults += _field_faults(name, fields, whole)
    faults += _question_set_faults(own, whole)
    faults += _order_faults(own, whole)
    return tuple(sorted(set(faults)))


def lint_unused(
    lifecycles: Sequence[Lifecycle], vocabularies: Iterable[Vocabulary], whole: Vocabulary
) -> tuple[Diagnostic, ...]:
    """Return a note for each role and kind of evidence that no lifecycle mentions, sorted.

    A word whose meaning in `whole` is another one's is passed over: that is a fault already.
    """
    named = {SYSTEM}.union(*map(roles_named, lifecycles))
    atoms = chain.from_iterable(map(each_requirement, lifecycles))
    kinds = {atom.evidence for atom in atoms if isinstance(atom, Evidence)}
    faults: list[Diagnostic] = []
    for vocabulary in vocabularies:
        for name, role in vocabulary.roles.items():
            if name not in named and whole.roles.get(name) is role:
                faults.append(_unused_word("role", name, role))
        for name, kind in vocabulary.evidence.items():
            if name not in kinds and whole.evidence.get(name) is kind:
                faults.append(_unused_word("evidence", name, kind))
    return tuple(sorted(faults))


def _unused_word(what: str, name: str, word: Role | EvidenceKind) -> Diagnostic:
    sentence = f"no lifecycle read with it mentions the {what} `{name}`"
    instead = "keep it if somebody needs the word, else remove it"
    return Diagnostic(word.span, f"unused-{what}", sentence, instead, "note")


def _role_faults(name: str, role: Role, whole: Vocabulary) -> Iterator[Diagnostic]:
    if name == SYSTEM and role.side != "system":
        sentence = f"`{SYSTEM}` is the register itself, and not of the side `{role.side}`"
        instead = "write `side: system`, or choose another name"
        yield Diagnostic(role.span, "system-side", sentence, instead)
    if role.stands_for is None:
        return
    other = whole.roles.get(role.stands_for)
    if other is None:
        yield unknown_name("role", role.stands_for, whole.roles, role.span)
    elif not may_stand_for(role, other):
        why = "whose acts may not be delegated"
        if not other.side == role.side == "force":
            why = "for both must be of the side `force`"
        sentence = f"`{name}` cannot stand for `{role.stands_for}`, {why}"
        instead = "let a force role stand for a force role that is marked `may_be_delegated: true`"
        yield Diagnostic(role.span, "not-delegable", sentence, instead)


def _order_faults(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    taken: dict[int, str] = {}
    for name, category in whole.categories.items():
        # INVARIANT: fields that others add make a new category, with the rows of the first.
        ours = name in own.categories and own.categories[name].figures is category.figures
        for row in category.figures:
            if row.order in taken and ours:
                yield Diagnostic(
                    row.span,
                    "duplicate-order",
                    f"`{shown(row.title)}` has order {row.order}, and so has `{taken[row.order]}`",
                    "give each row of the figures an order of its own",
                )
            taken.setdefault(row.order, shown(row.title))


_CHOICE_TYPES = ("choice", "list")


def _category_faults(names: Iterable[str], whole: Vocabulary, span: Span) -> Iterator[Diagnostic]:
    for name in names:
        if name not in whole.categories:
            yield unknown_name("category", name, whole.categories, span)


def _added_field_faults(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    for name, rule in fields.items():
        yield from _category_faults((category,), whole, rule.span)
        if rule.required:
            yield Diagnostic(
                rule.span,
                "own-field-required",
                f"the field `{name}` is added to `{category}`, whose records others may bring",
                f"leave `required` out; let a step of your own require {{field: {name}}}",
            )


def _field_faults(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    known = whole.categories[category].fields if category in whole.categories else {}
    for name, rule in fields.items():
        yield from _choice_faults(name, rule, whole)
        yield from _reference_faults(name, rule, whole)
        yield from _counting_faults(name, rule, {**fields, **known})


def _choice_faults(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    if rule.choices_from is not None and rule.choices_from not in whole.question_sets:
        yield unknown_name("question set", rule.choices_from, whole.question_sets, rule.span)
    elif rule.type == "choice" and not rule.choices:
        sentence = f"the field `{name}` is a choice of nothing"
        instead = "write `choices: [...]`"
        yield Diagnostic(rule.span, "choices-missing", sentence, instead)
    if rule.type not in _CHOICE_TYPES and (rule.choices or rule.choices_from):
        sentence = f"the field `{name}` has choices, but its type is `{rule.type}`"
        instead = "write `type: choice` or `type: list`, or remove the choices"
        yield Diagnostic(rule.span, "choices-misplaced", sentence, instead)


def _reference_faults(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    yield from _category_faults(rule.to, whole, rule.span)
    if rule.type == "reference" and not rule.to:
        sentence = f"the field `{name}` refers to records of no category"
        instead = "write `to: [...]` with the categories it may name a record of"
        yield Diagnostic(rule.span, "reference-missing", sentence, instead)
    if rule.type != "reference" and rule.to:
        sentence = f"the field `{name}` names categories, but its type is `{rule.type}`"
        instead = "write `type: reference`, or remove `to`"
        yield Diagnostic(rule.span, "reference-misplaced", sentence, instead)


def _counting_faults(
    name: str, rule: FieldRule, fields: Mapping[str, FieldRule]
) -> Iterator[Diagnostic]:
    if rule.counts_from is None:
        return
    yield from period_faults(rule.counts_from)
    source = fields.get(rule.counts_from.field)
    if source is None:
        yield unknown_name("field", rule.counts_from.field, fields, rule.counts_from.span)
        return
    if rule.type != "date" or source.type != "date":
        word = name if rule.type != "date" else rule.counts_from.field
        found = rule.type if rule.type != "date" else source.type
        yield _uncountable_date(rule.span, f"`{word}` is a `{found}`")
    elif source.counts_from is not None:
        yield _uncountable_date(rule.span, f"`{rule.counts_from.field}` is counted itself")


def _uncountable_date(span: Span, why: str) -> Diagnostic:
    sentence = f"days are counted from one date to another, and {why}"
    instead = "count from a field of `type: date` that is not counted itself"
    return Diagnostic(span, "counts-from", sentence, instead)


def _question_set_faults(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    for name, questions in own.question_sets.items():
        others = whole.question_sets.keys() - {name}
        if questions.replaces is not None and questions.replaces not in others:
            yield unknown_name("question set", questions.replaces, others, questions.span)
        if questions.questions and len(questions.questions) != questions.size:
            sentence = f"`{name}` is of size {questions.size}, and lists {len(questions.questions)}"
            instead = "list every question, or none where their words are not known"
            yield Diagnostic(questions.span, "question-count", sentence, instead)
