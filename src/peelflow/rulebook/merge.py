"""Put vocabularies and lifecycles together, and find where they disagree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import evolve

from peelflow.errors import Diagnostic
from peelflow.model.rules import AppliesTo, Category, Level, Lifecycle, Vocabulary
from peelflow.proof.names import suggestion

_PARTS = {
    "roles": "role",
    "evidence": "kind of evidence",
    "categories": "category",
    "predicates": "predicate",
    "question_sets": "question set",
}


def merged(base: Vocabulary, own: Sequence[Vocabulary]) -> tuple[Vocabulary, list[Diagnostic]]:
    """Add vocabularies to a base; a word, or a field, keeps the meaning it was given first."""
    faults: list[Diagnostic] = []
    parts: dict[str, dict[str, Any]] = {part: dict(getattr(base, part)) for part in _PARTS}
    for vocabulary in own:
        for part, what in _PARTS.items():
            for name, word in getattr(vocabulary, part).items():
                if name in parts[part]:
                    faults.append(_redefined(vocabulary, what, name, (word, parts[part][name])))
                parts[part].setdefault(name, word)
    for vocabulary in own:
        faults += _add_fields(vocabulary, parts["categories"])
    name = own[0].vocabulary if own and not base.roles else base.vocabulary
    return Vocabulary(name, **parts, span=base.span), faults


def _add_fields(vocabulary: Vocabulary, categories: dict[str, Category]) -> Iterator[Diagnostic]:
    """Add a vocabulary's own fields to categories; those that no category has are another fault."""
    for name in vocabulary.fields.keys() & categories.keys():
        fields = dict(categories[name].fields)
        for field, rule in vocabulary.fields[name].items():
            if field in fields:
                yield _redefined(vocabulary, "field", field, (rule, fields[field]))
            fields.setdefault(field, rule)
        categories[name] = evolve(categories[name], fields=fields)


def added_to(
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
            faults.append(_duplicate(one, first))
        elif str(one) not in known:
            added.append(one)
        elif known[str(one)].pin != one.pin:
            faults.append(_edited(one, known[str(one)]))
    refinable = [one for one in (*base, *added) if one.refines is None]
    for one in added:
        faults += _refining(one, base, refinable)
    faults += _overlapping(base, added)
    return added, faults


def _refining(
    one: Lifecycle, base: Sequence[Lifecycle], refinable: Sequence[Lifecycle]
) -> Iterator[Diagnostic]:
    if one.refines is None:
        covered = next((other for other in base if _shared(one, other)), None)
        if covered:
            yield _must_refine(one, covered)
    elif not any(str(other) == one.refines for other in refinable):
        yield Diagnostic(
            one.span,
            "unknown-lifecycle",
            f"`{one}` refines `{one.refines}`, which is not here",
            suggestion(one.refines, [str(other) for other in refinable]),
        )


def _overlapping(base: Sequence[Lifecycle], added: Iterable[Lifecycle]) -> Iterator[Diagnostic]:
    seen: list[Lifecycle] = [one for one in base if one.refines is not None]
    for one in added:
        for other in seen:
            same = (one.in_force_from, one.refines) == (other.in_force_from, other.refines)
            if same and _shared(one, other):
                yield _overlap(one, other)
                break
        seen.append(one)


def _runs(applies: AppliesTo) -> set[tuple[str, Level]]:
    return {(category, level) for category in applies.category for level in applies.level}


def _shared(one: Lifecycle, other: Lifecycle) -> str:
    """Say the first (category, level) that both run, or nothing."""
    both = _runs(one.applies_to) & _runs(other.applies_to)
    if not both:
        return ""
    category, level = min(both, key=lambda run: (run[0], run[1] or 0))
    return f"`{category}` at level {level or 'none'}"


def _redefined(vocabulary: Vocabulary, what: str, name: str, words: tuple[Any, Any]) -> Diagnostic:
    own, first = (getattr(word, "span", None) for word in words)
    return Diagnostic(
        own or vocabulary.span,
        "redefined",
        f"the {what} `{name}` has its meaning already" + (f", from {first}" if first else ""),
        "use it as it is, or choose another name",
    )


def _duplicate(one: Lifecycle, first: Lifecycle) -> Diagnostic:
    return Diagnostic(
        one.span,
        "duplicate-lifecycle",
        f"`{one}` already stands in {first.span}",
        "remove one of the two, or give the later one the next version",
    )


def _edited(one: Lifecycle, known: Lifecycle) -> Diagnostic:
    return Diagnostic(
        one.span,
        "edited-without-new-version",
        f"`{one}` differs from the `{one}` in {known.span}, and records hold on to that",
        f"write `version: {one.version + 1}` for the new rules",
    )


def _must_refine(one: Lifecycle, covered: Lifecycle) -> Diagnostic:
    return Diagnostic(
        one.span,
        "must-refine",
        f"`{one}` applies to {_shared(one, covered)}, which `{covered}` runs already",
        f"write `refines: {covered}`, or apply it to other records",
    )


def _overlap(one: Lifecycle, other: Lifecycle) -> Diagnostic:
    return Diagnostic(
        one.span,
        "overlapping-lifecycles",
        f"`{one}` and `{other}` both apply to {_shared(one, other)} from {one.in_force_from}",
        "give one a later `in_force_from`, or apply it to other records",
    )
