"""Lint question sets: what they replace, what they succeed, when they are in force, what they drop.

A set that drops a question is lawful, and noted: a record that asks for that question is left with
no relevant inspection once inspections are of the new set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peelflow.errors import Diagnostic, Span
from peelflow.model.question_sets import (
    NEVER,
    QuestionSet,
    QuestionSets,
    dropped_questions,
    line_of,
)
from peelflow.model.rules import Vocabulary
from peelflow.phrases import suggestion


def unknown_name(what: str, name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """Say that a name names nothing known.

    Args:
        what: What it should name.
        name: The name.
        known: The names there are.
        span: Where it stands.
    """
    code = f"unknown-{what.split(maxsplit=1)[0]}"
    return Diagnostic(span, code, f"no {what} is called `{name}`", suggestion(name, known))


def question_set_faults(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every fault, and every note, of the question sets of a vocabulary.

    Args:
        own: The vocabulary, as its file says it.
        whole: The words of the whole rulebook.
    """
    sets = whole.question_sets
    for name, questions in own.question_sets.items():
        yield from _listing_faults(name, questions)
        if questions.replaces is None:
            yield from _succession_without_replaced(name, questions)
        elif questions.replaces not in sets.keys() - {name}:
            others = sets.keys() - {name}
            yield unknown_name("question set", questions.replaces, others, questions.span)
        elif name in line_of(sets, questions.replaces):
            sentence = f"`{name}` replaces `{questions.replaces}`, which replaces it in turn"
            instead = "let the earlier of the two replace nothing, or a set before both"
            yield Diagnostic(questions.span, "question-sets-circle", sentence, instead)
        else:
            yield from _succession_faults(name, questions, sets[questions.replaces])
            yield from _dropped_notes(name, questions, sets)
        yield from _overlap_faults(name, questions, sets)


def _listing_faults(name: str, questions: QuestionSet) -> Iterator[Diagnostic]:
    """Yield a fault where the questions that are listed are not those that the size says."""
    listed, size = len(questions.questions), questions.size
    if size is not None and listed and listed != size:
        sentence = f"`{name}` is of size {size}, and lists {listed}"
        instead = "list every question, or none where their words are not known"
        yield Diagnostic(questions.span, "question-count", sentence, instead)


def _succession_without_replaced(name: str, questions: QuestionSet) -> Iterator[Diagnostic]:
    if questions.succeeds:
        sentence = f"`{name}` says what its questions succeed, and replaces no set"
        instead = "write `replaces:` with the set that those questions are of"
        yield Diagnostic(questions.span, "succeeds-nothing", sentence, instead)


def _succession_faults(
    name: str, questions: QuestionSet, before: QuestionSet
) -> Iterator[Diagnostic]:
    """Yield every question of a mapping that its set has not."""
    for number, succeeded in questions.succeeds.items():
        named = [(number, name, questions)]
        named += [(each, f"{questions.replaces}", before) for each in succeeded]
        for question, owner, questions_of in named:
            if not questions_of.has(question):
                sentence = f"`{owner}` has no question {question}"
                instead = f"write a number from 1 to {questions_of.size}"
                yield Diagnostic(questions.span, "question-beyond-set", sentence, instead)


def _dropped_notes(name: str, questions: QuestionSet, sets: QuestionSets) -> Iterator[Diagnostic]:
    dropped = dropped_questions(sets, name)
    if dropped:
        numbers = f"question{'s' * (len(dropped) > 1)} {', '.join(dropped)}"
        sentence = f"no question of `{name}` succeeds {numbers} of `{questions.replaces}`"
        instead = "write under `succeeds` what succeeds each, where a source says so"
        yield Diagnostic(questions.span, "question-dropped", sentence, instead, "note")


def _overlap_faults(name: str, questions: QuestionSet, sets: QuestionSets) -> Iterator[Diagnostic]:
    """Yield a fault where two sets begin on one day for one force, and neither replaces another."""
    if questions.in_force_from == NEVER:
        return
    for other, known in sets.items():
        if (
            other != name
            and known.first_day == questions.first_day
            and _share_a_force(known, questions)
            and name not in line_of(sets, other)
            and other not in line_of(sets, name)
        ):
            when = questions.in_force_from or "a day that is not known"
            sentence = f"`{name}` and `{other}` are both in force from {when}"
            instead = "let one of them replace the other, or give one a later `in_force_from`"
            yield Diagnostic(questions.span, "question-sets-overlap", sentence, instead)


def _share_a_force(one: QuestionSet, other: QuestionSet) -> bool:
    """Say whether two sets are for a same force; a force's own goes before every force's."""
    if bool(one.forces) != bool(other.forces):
        return False
    return not one.forces or not set(one.forces).isdisjoint(other.forces)
