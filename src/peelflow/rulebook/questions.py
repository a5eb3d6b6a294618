"""Fill in the choices that fields take from question sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve

from peelflow.model.rules import Category, FieldRule, QuestionSet, Vocabulary


def asking(base: Vocabulary, own: Iterable[Vocabulary]) -> list[Vocabulary]:
    """Return vocabularies whose fields choose from the questions of the sets they name.

    A set that nobody declares fills in nothing; `proof.lint_fields` reports it.
    """
    every = tuple(own)
    sets = dict(base.question_sets)
    for vocabulary in every:
        sets = {**vocabulary.question_sets, **sets}
    return [_asking(vocabulary, sets) for vocabulary in every]


def _asking(vocabulary: Vocabulary, sets: Mapping[str, QuestionSet]) -> Vocabulary:
    categories: dict[str, Category] = {
        name: evolve(category, fields=_filled(category.fields, sets))
        for name, category in vocabulary.categories.items()
    }
    added = {name: _filled(fields, sets) for name, fields in vocabulary.fields.items()}
    return evolve(vocabulary, categories=categories, fields=added)


def _filled(
    fields: Mapping[str, FieldRule], sets: Mapping[str, QuestionSet]
) -> dict[str, FieldRule]:
    filled = dict(fields)
    for name, rule in fields.items():
        found = sets.get(rule.choices_from or "")
        if found is not None:
            filled[name] = evolve(rule, choices=(*found.questions, *rule.choices))
    return filled
