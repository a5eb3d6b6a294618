"""Find what is wrong with the fields of categories, and with the question sets they choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from peelflow.errors import Diagnostic, Span
from peelflow.model.periods import Period, units_of
from peelflow.model.rules import FieldRule, Vocabulary
from peelflow.proof.lint_names import unknown

_CHOOSING = ("choice", "list")


def lint_fields(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every fault of a vocabulary's fields and question sets among the whole's words."""
    for name, category in own.categories.items():
        yield from _fields(name, category.fields, whole)
    for name, fields in own.fields.items():
        yield from _added(name, fields, whole)
        yield from _fields(name, fields, whole)
    yield from _question_sets(own, whole)


def _added(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    for name, rule in fields.items():
        if category not in whole.categories:
            yield unknown("category", category, whole.categories, rule.span)
        if rule.required:
            yield Diagnostic(
                rule.span,
                "own-field-required",
                f"the field `{name}` is added to `{category}`, whose records others may bring",
                f"leave `required` out; let a step of your own require {{field: {name}}}",
            )


def _fields(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    known = whole.categories[category].fields if category in whole.categories else {}
    for name, rule in fields.items():
        yield from _choices(name, rule, whole)
        yield from _reference(name, rule, whole)
        yield from _counted(name, rule, {**fields, **known})


def _choices(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    if rule.choices_from is not None and rule.choices_from not in whole.question_sets:
        yield unknown("question set", rule.choices_from, whole.question_sets, rule.span)
    elif rule.type == "choice" and not rule.choices:
        yield Diagnostic(
            rule.span,
            "choices-missing",
            f"the field `{name}` is a choice of nothing",
            "write `choices: [...]`",
        )
    if rule.type not in _CHOOSING and (rule.choices or rule.choices_from):
        yield Diagnostic(
            rule.span,
            "choices-misplaced",
            f"the field `{name}` has choices, but its type is `{rule.type}`",
            "write `type: choice` or `type: list`, or remove the choices",
        )


def _reference(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    for category in rule.to:
        if category not in whole.categories:
            yield unknown("category", category, whole.categories, rule.span)
    if rule.type == "reference" and not rule.to:
        yield Diagnostic(
            rule.span,
            "reference-missing",
            f"the field `{name}` refers to records of no category",
            "write `to: [...]` with the categories it may name a record of",
        )
    if rule.type != "reference" and rule.to:
        yield Diagnostic(
            rule.span,
            "reference-misplaced",
            f"the field `{name}` names categories, but its type is `{rule.type}`",
            "write `type: reference`, or remove `to`",
        )


def _counted(name: str, rule: FieldRule, fields: Mapping[str, FieldRule]) -> Iterator[Diagnostic]:
    if rule.counts_from is None:
        return
    yield from lint_units(rule.counts_from, rule.counts_from.span)
    source = fields.get(rule.counts_from.field)
    if source is None:
        yield unknown("field", rule.counts_from.field, fields, rule.counts_from.span)
        return
    if rule.type != "date" or source.type != "date":
        word = name if rule.type != "date" else rule.counts_from.field
        found = rule.type if rule.type != "date" else source.type
        yield _uncountable(rule.span, f"`{word}` is a `{found}`")
    elif source.counts_from is not None:
        yield _uncountable(rule.span, f"`{rule.counts_from.field}` is counted itself")


def lint_units(period: Period, span: Span) -> Iterator[Diagnostic]:
    """Yield a fault where a period is not counted in one unit."""
    said = units_of(period)
    if len(said) != 1:
        found = " and in ".join(f"`{name}`" for name in said) if said else "no unit"
        yield Diagnostic(
            span,
            "counts-unit",
            f"a period is counted in one unit, and this in {found}",
            "write one of `days`, `months` and `working_days`",
        )


def _uncountable(span: Span, why: str) -> Diagnostic:
    return Diagnostic(
        span,
        "counts-from",
        f"days are counted from one date to another, and {why}",
        "count from a field of `type: date` that is not counted itself",
    )


def _question_sets(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    for name, questions in own.question_sets.items():
        others = whole.question_sets.keys() - {name}
        if questions.replaces is not None and questions.replaces not in others:
            yield unknown("question set", questions.replaces, others, questions.span)
        if questions.questions and len(questions.questions) != questions.size:
            yield Diagnostic(
                questions.span,
                "question-count",
                f"`{name}` is of size {questions.size}, and lists {len(questions.questions)}",
                "list every question, or none where their words are not known",
            )
