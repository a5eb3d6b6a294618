"""A rule file holds lifecycles, vocabularies and migration plans; these are their parts.

States, roles, fields, periods and guarantees are frozen data, compared by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal

import attrs
from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.constraints import (
    AtLeastOne,
    ByTrigger,
    CategoryName,
    Days,
    EvidenceName,
    FieldName,
    FirstDay,
    GuaranteeSentence,
    LedgerName,
    LevelOrNone,
    LifecycleName,
    MigrationName,
    Months,
    NumberRange,
    OneOrList,
    Positive,
    PredicateName,
    QuestionChoices,
    QuestionSetName,
    RoleName,
    StateName,
    TriggerName,
    VersionedName,
    VocabularyName,
    WorkingDays,
    file_key,
)
from peelflow.model.question_sets import QuestionSet
from peelflow.model.requirements import Requirement
from peelflow.results import Result, frozen


@frozen
class StateSet:
    """The states a guarantee speaks of: one by name, or all that count so on a ledger."""

    state: str | None = None
    ledger: str | None = None
    counts: str | None = None

    def __str__(self) -> str:
        return self.state or f"{self.ledger} {self.counts}"


@frozen
class NeverEnteredWithoutSteps:
    """`where` is never entered without `triggers`, each, in that order.

    They count since `where` was last left, or since the state `since` was entered.
    """

    where: StateSet
    triggers: tuple[str, ...]
    since: str | None = None


@frozen
class OnlyEnteredBy:
    """`where` is only entered by these roles."""

    where: StateSet
    roles: tuple[str, ...]


@frozen
class NeverEnteredUnless:
    """`where` is never entered (by one of `roles`, or by anyone) without `requirement`."""

    where: StateSet
    requirement: Requirement
    roles: tuple[str, ...] = ()


@frozen
class NeverDoneBy:
    """`trigger` is never done by these roles."""

    trigger: str
    roles: tuple[str, ...]


@frozen
class AlwaysReachable:
    """`where` can always be reached."""

    where: StateSet


@frozen
class NeverFollowedBy:
    """`where` is never followed, at any later step, by `later`."""

    where: StateSet
    later: StateSet


@frozen
class SeparationOfDuties:
    """Between `first` and `second` stand two different people."""

    first: str
    second: str


Promise = (
    NeverEnteredWithoutSteps
    | OnlyEnteredBy
    | NeverEnteredUnless
    | NeverDoneBy
    | AlwaysReachable
    | NeverFollowedBy
    | SeparationOfDuties
)


@frozen
class Guarantee:
    """A promise as the file words it, read, and why it must hold.

    Args:
        that: The promise, in one of the sentences that guarantees can say.
        because: Why it must hold: the words of the source, or the reason of whoever wrote it.
        promise: The sentence, read.
        span: Where it is declared.
    """

    that: Annotated[str, GuaranteeSentence()]
    because: str
    promise: Promise = field(metadata=file_key(None))
    span: Span = field(default=NOWHERE, eq=False, repr=False)


Side = Literal["inspectorate", "force", "oversight", "system"]
Counts = Literal["open", "closed"]
FieldType = Literal["text", "date", "choice", "person", "reference", "list"]
JointLetters = Literal["lead_force", "each_force"]
Entry = Literal["take_over"]
Level = int | None
SYSTEM = "system"
SAME_SIDE = "same_side"
"""In `amended_by`: whoever is of the side that set what the field holds."""


@frozen
class Role:
    """Who may act, and on whose side.

    Args:
        side: Whose side it is on; what any other than the force may do, a force's own file may not
            obstruct.
        title: What people call it.
        by_appointment: Whether it acts only while a recorded appointment or nomination holds.
        may_be_delegated: Whether a role of a force's own may stand for it.
        stands_for: The role that it acts in the place of; that one must allow it.
        appointed_by: The roles that appoint somebody to it; where it names none, anybody may.
        corrected_by: The roles that correct what it did, beside itself and those that may do the
            same; where it names none, its whole side may.
        span: Where it is declared.
    """

    side: Side
    title: str
    by_appointment: bool = False
    may_be_delegated: bool = False
    stands_for: RoleName | None = None
    appointed_by: tuple[RoleName, ...] = ()
    corrected_by: tuple[RoleName, ...] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class EvidenceKind:
    """A kind of document that a requirement can ask for.

    Args:
        title: What people call it.
        span: Where it is declared.
    """

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

    field: FieldName
    days: Days | None = None
    months: Months | None = None
    working_days: WorkingDays | None = None
    beginning: bool = False
    span: Span = attrs.field(default=NOWHERE, eq=False, repr=False)


@frozen
class FieldRule:
    """One declared field of a category.

    Args:
        type: What its value must be.
        title: What an officer reads.
        choices: The words a `choice`, or each item of a `list`, may be.
        choices_from: The question set whose questions are choices too; `question_sets`: the names
            of all question sets are.
        to: The categories that a `reference` may name a record of.
        counts_from: How a `date` is reckoned where none is given.
        required: Whether a record must have it.
        as_known: Whether a `date` may be a month, a quarter or a year where the day is not known.
        amended_by: The roles that may amend it, or `same_side` for the side that set it; where it
            names none, anybody may.
        span: Where it is declared.
    """

    type: FieldType
    title: str
    choices: tuple[str, ...] = ()
    choices_from: QuestionChoices | None = None
    to: tuple[CategoryName, ...] = ()
    counts_from: Counted | None = None
    required: bool = False
    as_known: bool = False
    amended_by: tuple[RoleName, ...] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class FigureRow:
    """A line of the figures, printed at zero too unless it says otherwise.

    Args:
        title: What stands at the beginning of the line.
        order: Its place among the lines of all categories: smaller numbers come first.
        level: The level whose records it counts, or `none`.
        ledger: The only ledger whose figures it stands in; left out, it stands in those of all.
        hidden_at_zero: Whether it stands there only where it counts a record.
        span: Where it is declared.
    """

    title: str
    order: Annotated[int, NumberRange(0, 10**9)]
    level: LevelOrNone
    ledger: LedgerName | None = None
    hidden_at_zero: bool = False
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Category:
    """What sort of thing a record is: its fields, its children, its rows in the figures.

    Args:
        title: What people call it.
        fields: What is kept of a record of it besides its state, each by its name.
        children: The categories whose records may lie below one, and must be closed where a step
            asks for `children`.
        below: The categories whose records one may lie below without being their child: no rule
            asks for it.
        figures: Its lines in the figures.
        span: Where it is declared.
    """

    title: str
    fields: Mapping[FieldName, FieldRule] = field(factory=dict)
    children: tuple[CategoryName, ...] = ()
    below: tuple[CategoryName, ...] = ()
    figures: tuple[FigureRow, ...] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Vocabulary:
    """The words rule files share.

    Args:
        vocabulary: What the vocabulary is called.
        roles: Who may act, each by the name that steps use.
        evidence: The kinds of document that a step may ask for.
        categories: What sorts of record there are.
        predicates: Questions that a program answers, each with what it asks; the proof takes
            neither answer for granted.
        question_sets: The inspection frameworks whose questions a field may name.
        fields: Fields that are added to categories declared elsewhere, by category.
        joint_letters: Whose signature a step that asks for a signed document needs on a joint
            record: that of its lead force, or one of each of its forces.
        span: Where it is declared.
    """

    vocabulary: VocabularyName
    roles: Mapping[RoleName, Role] = field(factory=dict)
    evidence: Mapping[EvidenceName, EvidenceKind] = field(factory=dict)
    categories: Mapping[CategoryName, Category] = field(factory=dict)
    predicates: Mapping[PredicateName, str] = field(factory=dict)
    question_sets: Mapping[QuestionSetName, QuestionSet] = field(factory=dict)
    fields: Mapping[CategoryName, Annotated[Mapping[FieldName, FieldRule], AtLeastOne()]] = field(
        factory=dict
    )
    joint_letters: JointLetters = "lead_force"
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class After:
    """When time itself has a say: the last day of a period, in one of three units.

    Args:
        days: Calendar days.
        months: Months; the last day of a month stands for the days that it does not have.
        working_days: Days that are no Saturday, Sunday or bank holiday in England and Wales.
        beginning: Whether the period begins with that day, which is then its first.
        since: From when it is counted: `entered` (the state) or `published` (the field).
        span: Where it is declared.
    """

    days: Days | None = None
    months: Months | None = None
    working_days: WorkingDays | None = None
    beginning: bool = False
    since: Literal["entered", "published"] = "entered"
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Transition:
    """One way out of a state.

    Args:
        trigger: What the step is called, which is its key.
        to: The state that the step leads to.
        by: Who may take it: one of these roles. `[system]` alone is peelflow itself.
        requires: What must be given, or hold, for the step to be taken: all of it.
        as_: In a force's own file: the national step that this one is, under another name.
        after: When time takes the step by itself; `by` is then `[system]`.
        reopens: Whether it leads out of an end again.
        implements: The national trigger; None for an own step.
        span: Where it is declared.
    """

    trigger: str = field(metadata=file_key(None))
    to: StateName
    by: Annotated[tuple[RoleName, ...], AtLeastOne()]
    requires: tuple[Requirement, ...] = ()
    as_: TriggerName | None = field(default=None, metadata=file_key("as"))
    after: After | None = None
    reopens: bool = False
    implements: str | None = field(default=None, metadata=file_key(None))
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class State:
    """Where a record can stand, and how it counts on each ledger it names there.

    Args:
        counts_as: On each ledger, whether a record here counts as open or closed; `{}` counts
            nowhere.
        title: What people call the state; its name where this is left out.
        final: Whether it is an end: from here a record only comes away by a step that `reopens`.
        stands_for: In a force's own file: the national state that this one is, where the name
            differs.
        due: By when a record is to have left the state; it is reported, and no step depends on it.
        transitions: The steps that lead out of it, each by its trigger: one, or a list of
            alternatives.
        span: Where it is declared.
    """

    counts_as: Mapping[LedgerName, Counts]
    title: str | None = None
    final: bool = False
    stands_for: StateName | None = None
    due: After | None = None
    transitions: Annotated[tuple[Transition, ...], ByTrigger()] = ()
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class AppliesTo:
    """Which records a lifecycle runs: categories, and levels.

    Args:
        category: The category of its records, or a list of several.
        level: Their level from 1 to 4, `none` where they have none, or a list of several.
        span: Where it is declared.
    """

    category: Annotated[tuple[CategoryName, ...], OneOrList()]
    level: Annotated[tuple[LevelOrNone, ...], OneOrList()]
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen(order=True)
class Pin(Result):
    """What a record remembers of its lifecycle: name, version, semantic digest."""

    name: str
    version: int
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@frozen(eq=False)
class Lifecycle:
    """One state machine. Two are the same rules when their `pin` is equal.

    Args:
        name: What the lifecycle is called, such as `level-3`; other files name it so, with its
            version.
        version: A new number for each change of what the rules mean: open records keep the one they
            began under.
        in_force_from: The first day of these rules as year-month-day, or `unknown` where it is not
            known.
        title: What the rules are, in a sentence that people read.
        applies_to: Which records run under them.
        initial: The state that a record begins in.
        states: Each state that a record can stand in, by its name.
        guarantees: What no history may break; each is proved when the file is checked.
        refines: In a force's own file: the national rules that it keeps to, such as `level-3@2`.
        begun_by: `take_over` where nobody adds a record under these rules: it is only taken over as
            it stands.
        issued_before: The day on and after which what is issued is not taken over under these
            rules; on any day where it is left out, or `unknown`.
        roles: The roles it names; filled in when the rulebook loads.
        pin: What a record remembers of it; filled in when the rulebook loads.
        national_ledgers: The ledgers of the rules that it refines; filled in when the rulebook
            loads.
        span: Where it is declared.
    """

    name: LifecycleName = field(metadata=file_key("lifecycle"))
    version: Positive
    in_force_from: FirstDay
    title: str
    applies_to: AppliesTo
    initial: StateName
    states: Annotated[Mapping[StateName, State], AtLeastOne()]
    guarantees: tuple[Guarantee, ...] = ()
    refines: VersionedName | None = None
    begun_by: Entry | None = None
    issued_before: FirstDay = None
    roles: Mapping[str, Role] = field(factory=dict, metadata=file_key(None))
    pin: Pin = field(default=Pin("", 0, ""), metadata=file_key(None))
    national_ledgers: tuple[str, ...] | None = field(default=None, metadata=file_key(None))
    span: Span = field(default=NOWHERE, repr=False)

    @property
    def first_day(self) -> date:
        """The day from which it is in force: the first that there is, where none is known."""
        return self.in_force_from or date.min

    def stands_for(self, state: str) -> str:
        """Return the national state that `state` stands for: its own name unless it says."""
        return self.states[state].stands_for or state

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


Period = Counted | After
"""So many days, months or working days, after a day or beginning with it."""


@frozen
class Holidays:
    """The bank holidays that are announced, and the years whose every one is."""

    days: frozenset[date]
    first_year: int
    last_year: int


def units_of(period: Period) -> dict[str, int]:
    """Return the units a period is counted in, each with its number; a sound one has one."""
    units = {
        "days": period.days,
        "months": period.months,
        "working_days": period.working_days,
    }
    return {name: number for name, number in units.items() if number is not None}


TRIGGERS_PLACE = "triggers: "
"""What stands before the name of a trigger among the places of a plan: no name of a state does."""


@frozen
class MigrationPlan:
    """Where the records of one lifecycle stand in another, and what their past counts as there.

    Args:
        name: What the plan is called.
        old: The rules that records leave, as name@version.
        new: The rules that they move to, as name@version.
        states: For each state of the old rules, the state of the new ones that a record moves to.
        triggers: For each step of the old rules that a guarantee speaks of, what it is called in
            the new ones.
        by: The roles that may move a record; between levels, the inspectorate's alone.
        letters: Whether letters that were attached before still count after a move between levels.
        places: Where its file says of each old state where it goes, and of each trigger, by its
            name behind `triggers: `, what it is called.
        span: Where it begins.
    """

    name: MigrationName = field(metadata=file_key("migration"))
    old: VersionedName = field(metadata=file_key("from"))
    new: VersionedName = field(metadata=file_key("to"))
    states: Annotated[Mapping[StateName, StateName], AtLeastOne()]
    triggers: Mapping[TriggerName, TriggerName] = field(factory=dict)
    by: tuple[RoleName, ...] = ()
    letters: bool = False
    places: Mapping[str, Span] = field(factory=dict, eq=False, repr=False, metadata=file_key(None))
    span: Span = field(default=NOWHERE, eq=False, repr=False)

    def place_of(self, state: str) -> Span:
        """Return the line that says where an old state goes, or where the plan begins."""
        return self.places.get(state, self.span)

    def place_of_trigger(self, trigger: str) -> Span:
        """Return the line that says what an old trigger is called, or where the plan begins."""
        return self.places.get(f"{TRIGGERS_PLACE}{trigger}", self.span)


def moves_level(old: Lifecycle, new: Lifecycle) -> bool:
    """Say whether records change their level by moving."""
    return set(old.applies_to.level) != set(new.applies_to.level)


def each_transition(lifecycle: Lifecycle) -> Iterator[Transition]:
    """Yield every transition, in the order of the states that they leave."""
    for state in lifecycle.states.values():
        yield from state.transitions


def is_theirs(rule: Transition, roles: Mapping[str, Role]) -> bool:
    """Whether a transition answers a national one that others than the force may take."""
    known = [roles[name].side for name in rule.by if name in roles]
    return rule.implements is not None and any(side != "force" for side in known)


def is_taken_by_system(rule: Transition) -> bool:
    """Whether peelflow takes a transition, at once or when it falls due, and no person does."""
    return rule.by == (SYSTEM,)


def is_automatic(rule: Transition) -> bool:
    """Whether peelflow takes a transition by itself as soon as its state is entered."""
    return is_taken_by_system(rule) and rule.after is None


def ledgers_counting(state: State, counts: Counts) -> frozenset[str]:
    """Return the ledgers on which a state counts so."""
    return frozenset(name for name, how in state.counts_as.items() if how == counts)


def newly_counting(old: State, new: State, counts: Counts) -> tuple[str, ...]:
    """Return the ledgers on which a record begins to count so when it moves, in their order."""
    return tuple(
        name
        for name, how in new.counts_as.items()
        if how == counts and old.counts_as.get(name) != counts
    )
