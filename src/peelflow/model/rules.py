"""The nouns of a rule file: roles, categories and their fields, states, lifecycles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

import attrs
from attrs import field, frozen

from peelflow.errors import NOWHERE, Span
from peelflow.model.guarantees import Guarantee
from peelflow.model.requirements import Requirement

Side = Literal["inspectorate", "force", "oversight", "system"]
Counts = Literal["open", "closed"]
FieldType = Literal["text", "date", "choice", "person", "reference", "list"]
Level = int | None
SYSTEM = "system"


@frozen
class Role:
    """Who may act. `theirs` (every side but the force's) is what a force file may not obstruct.

    `by_appointment` roles act only while a recorded appointment or nomination holds.
    """

    side: Side
    title: str
    by_appointment: bool = False
    may_be_delegated: bool = False
    stands_for: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class EvidenceKind:
    """A kind of document that a requirement can ask for."""

    title: str
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Counted:
    """A date that is reckoned from the day that another field says, in one of three units.

    Args:
        field: The field whose day it counts from.
        days: Calendar days.
        months: Months; the last day of a month stands for the days that it does not have.
        working_days: Days that are no Saturday, Sunday or bank holiday in England and Wales.
        beginning: Whether the period begins with that day, which is then its first.
        span: Where it is declared.
    """

    field: str
    days: int | None = None
    months: int | None = None
    working_days: int | None = None
    beginning: bool = False
    span: Span = attrs.field(default=NOWHERE, eq=False, repr=False)


@frozen
class FieldRule:
    """One declared field of a category.

    Args:
        type: What its value must be.
        title: What an officer reads.
        choices: The words a `choice`, or each item of a `list`, may be.
        choices_from: The question set whose questions are choices too.
        to: The categories that a `reference` may name a record of.
        counts_from: How a `date` is reckoned where none is given.
        required: Whether a record must have it.
        span: Where it is declared.
    """

    type: FieldType
    title: str
    choices: tuple[str, ...] = ()
    required: bool = False
    choices_from: str | None = None
    to: tuple[str, ...] = ()
    counts_from: Counted | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class QuestionSet:
    """The questions of one inspection framework by number; their words where they are known.

    `size`: how many they are. `replaces`: the set before it.
    """

    title: str
    size: int
    questions: Mapping[str, str] = field(factory=dict)
    replaces: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class FigureRow:
    """A line of the figures, printed at zero too; `order` places it among all categories' rows.

    `ledger`: the only ledger whose figures it stands in; None for all.
    """

    title: str
    order: int
    level: Level
    ledger: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Category:
    """What sort of thing a record is: its fields, its children, its rows in the figures."""

    title: str
    fields: Mapping[str, FieldRule] = field(factory=dict)
    children: tuple[str, ...] = ()
    figures: tuple[FigureRow, ...] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Vocabulary:
    """The words rule files share.

    `fields` are those it adds to categories that are declared elsewhere.
    """

    vocabulary: str
    roles: Mapping[str, Role] = field(factory=dict)
    evidence: Mapping[str, EvidenceKind] = field(factory=dict)
    categories: Mapping[str, Category] = field(factory=dict)
    predicates: Mapping[str, str] = field(factory=dict)
    question_sets: Mapping[str, QuestionSet] = field(factory=dict)
    fields: Mapping[str, Mapping[str, FieldRule]] = field(factory=dict)
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class After:
    """When time itself has a say: the last day of a period, in one of three units.

    Args:
        days: Calendar days.
        since: From when they are counted: `entered` (the state) or `published` (the field).
        months: Months; the last day of a month stands for the days that it does not have.
        working_days: Days that are no Saturday, Sunday or bank holiday in England and Wales.
        beginning: Whether the period begins with that day, which is then its first.
        span: Where it is declared.
    """

    days: int | None = None
    since: str = "entered"
    months: int | None = None
    working_days: int | None = None
    beginning: bool = False
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Transition:
    """One way out of a state. `answers`: the national trigger it answers, None for an own step."""

    trigger: str
    to: str
    by: tuple[str, ...]
    requires: tuple[Requirement, ...] = ()
    as_: str | None = None
    after: After | None = None
    reopens: bool = False
    answers: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class State:
    """Where a record can stand, and how it counts on each ledger it names there.

    `due` says by when a record is to leave it; nothing that may be done depends on that.
    """

    counts_as: Mapping[str, Counts]
    title: str | None = None
    final: bool = False
    stands_for: str | None = None
    transitions: tuple[Transition, ...] = ()
    due: After | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class AppliesTo:
    """Which records a lifecycle runs: categories, and levels (None is `none`)."""

    category: tuple[str, ...]
    level: tuple[Level, ...]
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen(order=True)
class Pin:
    """What a record remembers of its lifecycle: name, version, semantic digest."""

    name: str
    version: int
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@frozen(eq=False)
class Lifecycle:
    """One state machine. Two are the same rules when their `pin` is equal.

    `roles` holds the roles this lifecycle names; it is filled in when the rulebook loads.
    """

    name: str
    version: int
    in_force_from: date
    title: str
    applies_to: AppliesTo
    initial: str
    states: Mapping[str, State]
    guarantees: tuple[Guarantee, ...] = ()
    refines: str | None = None
    roles: Mapping[str, Role] = field(factory=dict)
    pin: Pin = Pin("", 0, "")
    span: Span = field(default=NOWHERE, repr=False)

    def stands_for(self, state: str) -> str:
        """Return the national state that `state` stands for: its own name unless it says."""
        return self.states[state].stands_for or state

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
