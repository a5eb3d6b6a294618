"""Find what keeps a child for each record from ever being asked for, or from ever being had."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from peelflow.errors import Diagnostic
from peelflow.model.requirements import ChildForEach, one_of
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.proof.lint_names import unknown
from peelflow.proof.mentions import each_requirement


def lint_answers(lifecycle: Lifecycle, words: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every field of a child for each record that is unknown, or names other records."""
    for atom in each_requirement(lifecycle):
        if isinstance(atom, ChildForEach):
            for category in lifecycle.applies_to.category:
                yield from _asked(atom, category, words)


def _asked(asked: ChildForEach, own: str, words: Vocabulary) -> Iterator[Diagnostic]:
    names = yield from _to(asked, asked.names, own, words)
    for each in asked.for_each:
        if each not in words.categories:
            yield unknown("category", each, words.categories, asked.span)
        whose = yield from _to(asked, asked.whose, each, words)
        if names and whose and names.isdisjoint(whose):
            why = f"`{asked.whose}` of `{each}` never names what `{asked.names}` of `{own}` does"
            yield _unfit(asked, why, f"let both name records of {one_of(tuple(sorted(names)))}")
    below = words.categories[own].children if own in words.categories else ()
    for each in asked.for_each:
        faults = [tuple(_answering(asked, each, child, words)) for child in below]
        # Children of one category may answer these, and children of another those.
        if all(faults):
            yield from (fault for found in faults for fault in found)


def _answering(
    asked: ChildForEach, each: str, child: str, words: Vocabulary
) -> Iterator[Diagnostic]:
    """Yield why children of a category cannot answer records of another, `each`."""
    answers = yield from _to(asked, asked.children, child, words)
    if answers and each in words.categories and each not in answers:
        why = f"`{asked.children}` of `{child}` cannot name a record of `{each}`"
        yield _unfit(asked, why, f"add `{each}` to its `to`, or take it from `for_each`")


def _to(
    asked: ChildForEach, field: str, category: str, words: Vocabulary
) -> Generator[Diagnostic, None, frozenset[str]]:
    """Yield what is wrong with a field; return the categories that it may name records of."""
    declared = words.categories.get(category)
    if declared is None:
        return frozenset()
    rule = declared.fields.get(field)
    if rule is None:
        yield unknown(f"field of `{category}`", field, declared.fields, asked.span)
        return frozenset()
    if rule.type != "reference":
        why = f"`{field}` of `{category}` is a `{rule.type}`, and names no record"
        yield _unfit(asked, why, "use a field of `type: reference`")
    return frozenset(rule.to)


def _unfit(asked: ChildForEach, why: str, instead: str) -> Diagnostic:
    return Diagnostic(asked.span, "answers-unfit", why, instead)
