"""A rulebook is a set of lifecycles that were checked together, and the words they share.

Vocabularies and lifecycles are merged here, and what disagrees is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any

from attrs import evolve, field, frozen

from peelflow.errors import Diagnostic, InvalidRequest
from peelflow.model.rules import (
    AppliesTo,
    Category,
    FieldRule,
    Level,
    Lifecycle,
    MigrationPlan,
    QuestionSet,
    Vocabulary,
)
from peelflow.results import html_table, short_repr
from peelflow.wording import listed, suggestion


@frozen(eq=False)
class Rulebook:
    """A checked set of lifecycles and the words they share. Holding one proves it has no errors.

    `notes` are what the checks found that refuses nothing.
    """

    lifecycles: tuple[Lifecycle, ...] = ()
    vocabulary: Vocabulary = field(factory=lambda: Vocabulary("empty"))
    notes: tuple[Diagnostic, ...] = ()
    migrations: tuple[MigrationPlan, ...] = ()

    def __repr__(self) -> str:
        return short_repr(
            "Rulebook",
            vocabulary=self.vocabulary.vocabulary,
            lifecycles=len(self.lifecycles),
            notes=len(self.notes),
            migrations=len(self.migrations),
        )

    def _repr_html_(self) -> str:
        rows = [
            (lifecycle, lifecycle.title, lifecycle.in_force_from, len(lifecycle.states))
            for lifecycle in self.lifecycles
        ]
        head = ("lifecycle", "title", "in force from", "states")
        return html_table(f"Rules of {self.vocabulary.vocabulary}", head, rows)

    def by_pin(self, digest: str) -> Lifecycle | None:
        """Return the lifecycle with this semantic digest, if it is here."""
        return next((one for one in self.lifecycles if one.pin.digest == digest), None)

    def lifecycle_for(self, category: str, level: Level, issued: date) -> Lifecycle:
        """Return the lifecycle that a record takes: in force on its issue date, latest first.

        Where a force's own lifecycle refines that one and is in force too, it goes before.

        Raises:
            InvalidRequest: Nothing here runs such records from that date.
        """
        fitting = [one for one in self.lifecycles if _runs_records_of(one, category, level)]
        in_force = [one for one in fitting if one.in_force_from <= issued]
        own = [one for one in in_force if one.refines is None]
        if not own:
            raise _no_lifecycle_for(self, category, level, issued)
        found = max(own, key=lambda one: one.in_force_from)
        refining = [one for one in in_force if one.refines == str(found)]
        return max(refining, key=lambda one: one.in_force_from, default=found)


def _runs_records_of(one: Lifecycle, category: str, level: Level) -> bool:
    return category in one.applies_to.category and level in one.applies_to.level


def _no_lifecycle_for(
    rulebook: Rulebook, category: str, level: Level, issued: date
) -> InvalidRequest:
    what = f"`{category}` at level {level or 'none'} issued on {issued}"
    own = [one for one in rulebook.lifecycles if one.refines is None]
    fitting = [one.in_force_from for one in own if _runs_records_of(one, category, level)]
    if fitting:
        first = min(fitting)
        return InvalidRequest(what, f"rules are in force only from {first}", "check the date")
    levels = {
        one
        for cycle in own
        for one in cycle.applies_to.level
        if category in cycle.applies_to.category
    }
    if levels:
        words = sorted(str(one or "none") for one in levels)
        return InvalidRequest(what, "no lifecycle runs that level", f"there is {listed(words)}")
    categories = {one for cycle in own for one in cycle.applies_to.category}
    return InvalidRequest(what, "no lifecycle runs that category", suggestion(category, categories))


def fill_question_choices(base: Vocabulary, own: Iterable[Vocabulary]) -> list[Vocabulary]:
    """Return vocabularies whose fields choose from the questions of the sets they name.

    A set that nobody declares fills in nothing; `proof.lint_fields` reports it.
    """
    every = tuple(own)
    sets = dict(base.question_sets)
    for vocabulary in every:
        sets = {**vocabulary.question_sets, **sets}
    return [_with_question_choices(vocabulary, sets) for vocabulary in every]


def _with_question_choices(vocabulary: Vocabulary, sets: Mapping[str, QuestionSet]) -> Vocabulary:
    categories: dict[str, Category] = {
        name: evolve(category, fields=_with_choices(category.fields, sets))
        for name, category in vocabulary.categories.items()
    }
    added = {name: _with_choices(fields, sets) for name, fields in vocabulary.fields.items()}
    return evolve(vocabulary, categories=categories, fields=added)


def _with_choices(
    fields: Mapping[str, FieldRule], sets: Mapping[str, QuestionSet]
) -> dict[str, FieldRule]:
    filled = dict(fields)
    for name, rule in fields.items():
        found = sets.get(rule.choices_from or "")
        if found is not None:
            filled[name] = evolve(rule, choices=(*found.questions, *rule.choices))
    return filled


_WORD_KINDS = {
    "roles": "role",
    "evidence": "kind of evidence",
    "categories": "category",
    "predicates": "predicate",
    "question_sets": "question set",
}


def merge_vocabularies(
    base: Vocabulary, own: Sequence[Vocabulary]
) -> tuple[Vocabulary, list[Diagnostic]]:
    """Add vocabularies to a base; a word, or a field, keeps the meaning it was given first."""
    faults: list[Diagnostic] = []
    parts: dict[str, dict[str, Any]] = {part: dict(getattr(base, part)) for part in _WORD_KINDS}
    for vocabulary, (part, what) in product(own, _WORD_KINDS.items()):
        for name, word in getattr(vocabulary, part).items():
            if name in parts[part]:
                faults.append(_redefined_fault(vocabulary, what, name, (word, parts[part][name])))
            parts[part].setdefault(name, word)
    for vocabulary in own:
        faults += _add_fields(vocabulary, parts["categories"])
    name = own[0].vocabulary if own and not base.roles else base.vocabulary
    return Vocabulary(name, **parts, span=base.span), faults


def _add_fields(vocabulary: Vocabulary, categories: dict[str, Category]) -> Iterator[Diagnostic]:
    """Add a vocabulary's own fields to categories; those that no category has are another fault."""
    for name in vocabulary.fields.keys() & categories.keys():
        fields = dict(categories[name].fields)
        for field_name, rule in vocabulary.fields[name].items():
            if field_name in fields:
                meanings = (rule, fields[field_name])
                yield _redefined_fault(vocabulary, "field", field_name, meanings)
            fields.setdefault(field_name, rule)
        categories[name] = evolve(categories[name], fields=fields)


def merge_lifecycles(
    base: Sequence[Lifecycle], own: Sequence[Lifecycle]
) -> tuple[list[Lifecycle], list[Diagnostic]]:
    """Return what `own` adds to `base`, and every disagreement.

    A lifecycle that the base holds already, equal in pin, adds nothing.
    """
    faults: list[Diagnostic] = []
    known = {str(one): one for one in base}
    seen: dict[str, Lifecycle] = {}
    added: list[Lifecycle] = []
    for one in own:
        first = seen.setdefault(str(one), one)
        if first is not one:
            faults.append(_duplicate_fault(one, first))
        elif str(one) not in known:
            added.append(one)
        elif known[str(one)].pin != one.pin:
            faults.append(_edited_fault(one, known[str(one)]))
    refinable = [one for one in (*base, *added) if one.refines is None]
    for one in added:
        faults += _refinement_faults(one, base, refinable)
    faults += _overlap_faults(base, added)
    return added, faults


def _refinement_faults(
    one: Lifecycle, base: Sequence[Lifecycle], refinable: Sequence[Lifecycle]
) -> Iterator[Diagnostic]:
    if one.refines is None:
        covered = next((other for other in base if _first_shared(one, other)), None)
        if covered:
            yield _must_refine_fault(one, covered)
    elif not any(str(other) == one.refines for other in refinable):
        yield Diagnostic(
            one.span,
            "unknown-lifecycle",
            f"`{one}` refines `{one.refines}`, which is not here",
            suggestion(one.refines, [str(other) for other in refinable]),
        )


def _overlap_faults(base: Sequence[Lifecycle], added: Iterable[Lifecycle]) -> Iterator[Diagnostic]:
    seen: list[Lifecycle] = [one for one in base if one.refines is not None]
    for one in added:
        for other in seen:
            same = (one.in_force_from, one.refines) == (other.in_force_from, other.refines)
            if same and _first_shared(one, other):
                yield _overlap_fault(one, other)
                break
        seen.append(one)


def _categories_and_levels(applies: AppliesTo) -> set[tuple[str, Level]]:
    return {(category, level) for category in applies.category for level in applies.level}


def _first_shared(one: Lifecycle, other: Lifecycle) -> str:
    """Say the first (category, level) that both run, or nothing."""
    both = _categories_and_levels(one.applies_to) & _categories_and_levels(other.applies_to)
    if not both:
        return ""
    category, level = min(both, key=lambda run: (run[0], run[1] or 0))
    return f"`{category}` at level {level or 'none'}"


def _redefined_fault(
    vocabulary: Vocabulary, what: str, name: str, words: tuple[Any, Any]
) -> Diagnostic:
    own, first = (getattr(word, "span", None) for word in words)
    return Diagnostic(
        own or vocabulary.span,
        "redefined",
        f"the {what} `{name}` has its meaning already" + (f", from {first}" if first else ""),
        "use it as it is, or choose another name",
    )


def _duplicate_fault(one: Lifecycle, first: Lifecycle) -> Diagnostic:
    sentence = f"`{one}` already stands in {first.span}"
    instead = "remove one of the two, or give the later one the next version"
    return Diagnostic(one.span, "duplicate-lifecycle", sentence, instead)


def _edited_fault(one: Lifecycle, known: Lifecycle) -> Diagnostic:
    sentence = f"`{one}` differs from the `{one}` in {known.span}, and records hold on to that"
    instead = f"write `version: {one.version + 1}` for the new rules"
    return Diagnostic(one.span, "edited-without-new-version", sentence, instead)


def _must_refine_fault(one: Lifecycle, covered: Lifecycle) -> Diagnostic:
    sentence = f"`{one}` applies to {_first_shared(one, covered)}, which `{covered}` runs already"
    instead = f"write `refines: {covered}`, or apply it to other records"
    return Diagnostic(one.span, "must-refine", sentence, instead)


def _overlap_fault(one: Lifecycle, other: Lifecycle) -> Diagnostic:
    return Diagnostic(
        one.span,
        "overlapping-lifecycles",
        f"`{one}` and `{other}` both apply to {_first_shared(one, other)} from {one.in_force_from}",
        "give one a later `in_force_from`, or apply it to other records",
    )
