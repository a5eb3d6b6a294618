"""A question set holds the questions of one inspection framework, and its days and forces.

A question's number means nothing without its set. A set says which set it replaces, from which day,
and which questions of that one each of its own succeeds; what it does not say, nobody guesses.
Questions of two sets are compared by that mapping alone, from set to set along what they replace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Annotated

from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.constraints import (
    FirstDay,
    NumberRange,
    OneOrList,
    QuestionNumber,
    QuestionSetName,
    file_key,
)
from peelflow.results import frozen

NEVER = date.max
"""The first day of a set that is in force only where a record or an inspection names it."""


@frozen
class QuestionSet:
    """The questions of one inspection framework by number; their words where they are known.

    Args:
        title: What an officer reads.
        size: How many questions there are; left out where that is not known.
        questions: The words of each question by its number: of all of them, or of none; where the
            size is not known, of those that are known.
        replaces: The set whose place it takes.
        in_force_from: The first day on which a question without a set is of this one; `unknown`
            for any day before the next set's. Left out, a question is of it only if it says so.
        forces: The forces whose set it is; left out, every force's.
        succeeds: For each of its questions, those of the replaced set that it succeeds.
        span: Where it is declared.
    """

    title: str
    size: Annotated[int, NumberRange(1, 99)] | None = None
    questions: Mapping[QuestionNumber, str] = field(factory=dict)
    replaces: QuestionSetName | None = None
    in_force_from: FirstDay = NEVER
    forces: Annotated[tuple[str, ...], OneOrList()] = ()
    succeeds: Mapping[QuestionNumber, Annotated[tuple[QuestionNumber, ...], OneOrList()]] = field(
        factory=dict
    )
    span: Span = field(default=NOWHERE, eq=False, repr=False)

    @property
    def first_day(self) -> date:
        """The day from which it is in force: the first that there is, where none is known."""
        return self.in_force_from or date.min

    def has(self, question: str) -> bool:
        """Say whether a number is one of its questions, or a part of one: 7.2 is of 7.

        Args:
            question: The number, such as `7.2`.
        """
        return self.size is None or int(question.partition(".")[0]) <= self.size

    def applies_to(self, force: str | None) -> bool:
        """Say whether it is a force's set.

        Args:
            force: The force; None asks for a set of every force.
        """
        return not self.forces or force in self.forces


@frozen
class QuestionSetFile(QuestionSet):
    """The questions of one inspection framework, in a file of their own.

    Args:
        name: Its name, by which records and inspections say that their questions are of it.
    """

    name: QuestionSetName = field(kw_only=True, metadata=file_key("question_set"))


QuestionSets = Mapping[str, QuestionSet]
"""The question sets that rules know, by name."""


def covering_questions(question: str) -> tuple[str, ...]:
    """Return each question whose inspection covers one: 7, 7.2 and itself cover 7.2.1.

    Args:
        question: What is to be covered.
    """
    ends = (end for end, character in enumerate(question) if character == ".")
    return (*(question[:end] for end in ends), question)


def covers_question(questions: Collection[str], question: str) -> bool:
    """Say whether an inspection of these questions covers one: 7 covers 7.2.

    Args:
        questions: What the inspection is of.
        question: What is to be covered.
    """
    return any(each in questions for each in covering_questions(question))


def in_order(questions: Iterable[str]) -> tuple[str, ...]:
    """Return questions by their numbers: 9 before 10, and 7 before 7.2.

    Args:
        questions: The numbers, in any order.
    """
    return tuple(sorted(questions, key=lambda question: [*map(int, question.split("."))]))


def line_of(sets: QuestionSets, name: str) -> tuple[str, ...]:
    """Return a set with the one it replaces, the one that replaces, and so on; each once.

    Args:
        sets: The known sets.
        name: The set to begin with, known or not.
    """
    line = [name]
    while line[-1] in sets:
        before = sets[line[-1]].replaces
        if before is None or before in line:
            break
        line.append(before)
    return tuple(line)


def set_in_force(sets: QuestionSets, day: date, force: str | None = None) -> str | None:
    """Return the name of the set that a question without one is of, None where none is in force.

    That is the latest in force on the day; of those from one day, one that replaces another goes
    before it, and a force's own before every force's.

    Args:
        sets: The known sets.
        day: The day of the record or of the inspection.
        force: The force it is of; None for the national set.
    """
    begun = [
        name
        for name, questions in sets.items()
        if questions.first_day <= day and day < NEVER and questions.applies_to(force)
    ]
    return max(
        begun,
        key=lambda name: (
            sets[name].first_day,
            bool(sets[name].forces),
            len(line_of(sets, name)),
            name,
        ),
        default=None,
    )


def equivalent_questions(sets: QuestionSets, question: str, old: str, new: str) -> frozenset[str]:
    """Return the questions of one set that a question of another is, by the mapping alone.

    It goes back from set to set to the one that both lines have, and on from there: the mappings
    composed. A part of a question goes where the question goes, not the other way about.

    Args:
        sets: The known sets.
        question: The number in the set `old`.
        old: The set that it is of.
        new: The set to find it in.

    Returns:
        Every question that it is; none where nobody said.
    """
    back, ahead = line_of(sets, old), line_of(sets, new)
    shared = next((name for name in back if name in ahead), None)
    if shared is None:
        return frozenset()
    questions = {question}
    for name in back[: back.index(shared)]:
        mapping = sets[name].succeeds
        questions = {
            before
            for number, succeeded in mapping.items()
            for before in succeeded
            if any(covers_question((number,), each) for each in questions)
        }
    for name in reversed(ahead[: ahead.index(shared)]):
        mapping = sets[name].succeeds
        questions = {
            number
            for number, succeeded in mapping.items()
            if any(covers_question(succeeded, each) for each in questions)
        }
    return frozenset(questions)


def questions_across(
    sets: QuestionSets, question: str, asked: str | None, inspected: str | None
) -> frozenset[str]:
    """Return what a record's question is to an inspection, each of a set of its own.

    Args:
        sets: The known sets.
        question: The record's question.
        asked: The set it is of, None where no set is in force.
        inspected: The set that the inspection's questions are of, None where no set is in force.

    Returns:
        The question itself within one set, or where one of the two says none; else every question
        that it is by the mapping.
    """
    if asked is None or inspected is None or asked == inspected:
        return frozenset({question})
    return equivalent_questions(sets, question, asked, inspected)


def dropped_questions(sets: QuestionSets, name: str) -> tuple[str, ...]:
    """Return the questions of the set before that no question of a set succeeds, in their order.

    Args:
        sets: The known sets.
        name: A set that replaces another.

    Returns:
        Their numbers: all that the set before is known to have, without those that are mapped.
    """
    before = sets.get(sets[name].replaces or "")
    if before is None:
        return ()
    numbers = [str(number) for number in range(1, (before.size or 0) + 1)] or [*before.questions]
    mapped = [each for succeeded in sets[name].succeeds.values() for each in succeeded]
    return tuple(number for number in numbers if not covers_question(mapped, number))
