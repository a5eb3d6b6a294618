"""A decision reads an act and its context, and gives a refusal or needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import ClassVar, Literal

from attrs import field

from peelflow.errors import NOWHERE, PeelflowError, Span
from peelflow.model.question_sets import QuestionSets
from peelflow.model.records import Actor, Document, Record, Value
from peelflow.model.rules import Counts, Holidays
from peelflow.results import Result, frozen, html_table


@frozen
class Act:
    """What somebody asks for on one record.

    Args:
        trigger: The transition asked for.
        actor: Who decided, in one acting role.
        on: The London calendar date it happened on.
        recorded_by: Who typed it; HMICFRS does not log in to a force's system.
        evidence: Documents offered with this act.
        inspection: The id of the inspection record this act rests on.
        reason: Why, in words.
        successor: The later record or inspection that takes this one's place.
        source: The letter or portal reference an inspectorate's decision was read from.
        key: An idempotency key, unique within the record.
    """

    trigger: str
    actor: Actor
    on: date
    recorded_by: str
    evidence: tuple[Document, ...] = ()
    inspection: str | None = None
    reason: str | None = None
    successor: str | None = None
    source: str | None = None
    key: str | None = None


class NeedBase(Result):
    """Something that an act needs; `need` says in a word what, `to_dict` begins with it."""

    __slots__ = ()
    _derived: ClassVar[tuple[str, ...]] = ("need",)
    need: ClassVar[str]


@frozen
class RoleNeed(NeedBase):
    """Somebody who acts in one of these roles."""

    need: ClassVar[str] = "role"
    roles: tuple[str, ...]


@frozen
class AppointmentNeed(NeedBase):
    """An appointment to one of these roles that holds on a day; of this person, where one acts."""

    need: ClassVar[str] = "appointment"
    roles: tuple[str, ...]
    on: date
    person: str | None = None


@frozen
class PersonNeed(NeedBase):
    """Another person than these."""

    need: ClassVar[str] = "person"
    than: tuple[str, ...]


@frozen
class SourceNeed(NeedBase):
    """The letter or portal reference that an inspectorate's decision was read from."""

    need: ClassVar[str] = "source"


@frozen
class ReasonNeed(NeedBase):
    """A reason, in words."""

    need: ClassVar[str] = "reason"


@frozen
class SuccessorNeed(NeedBase):
    """The later record or inspection that takes this one's place."""

    need: ClassVar[str] = "successor"


@frozen
class DocumentNeed(NeedBase):
    """A document that has not counted for this record yet.

    Attributes:
        kind: Of what kind.
        signed_by: The roles, one of which its signer held on the day of signing; none: unsigned
            will do.
        by: The last day of signing: the act's.
        signers: Known persons who hold such a role on that day.
        attached: The name of a document that the record has and that will do.
        beforehand: It must be attached before the act, because peelflow itself acts.
        force: The force in which its signer holds the role, where a joint record needs one of each.
    """

    need: ClassVar[str] = "document"
    kind: str
    signed_by: tuple[str, ...]
    by: date
    signers: tuple[str, ...] = ()
    attached: str | None = None
    beforehand: bool = False
    force: str | None = None


@frozen
class KnownInspection(Result):
    """An inspection that is recorded, by its id and its days."""

    id: str
    first_day: date
    last_day: date


@frozen
class InspectionNeed(NeedBase):
    """An inspection of a force of the record's that has begun by the act's date.

    Attributes:
        kind: `planned`, `bespoke` or `any`.
        question: The question it covers, None where any will do.
        ends_from: It ends no earlier than this day.
        known: The inspections recorded so far that could do, the soonest first.
    """

    need: ClassVar[str] = "inspection"
    kind: Literal["planned", "bespoke", "any"]
    question: str | None
    ends_from: date
    known: tuple[KnownInspection, ...] = ()


@frozen
class FieldNeed(NeedBase):
    """A field of the record, set.

    `latest`: to a date no later than this. `has`: to this choice, or to a list that holds it.
    """

    need: ClassVar[str] = "field"
    field: str
    latest: date | None = None
    has: str | None = None


@frozen
class ChildrenNeed(NeedBase):
    """Children that count closed on these ledgers (on all of theirs, where none is named).

    `still_open` are those that do not yet; none at all means that there is no child, and that one
    must be added.
    """

    need: ClassVar[str] = "children"
    still_open: tuple[str, ...]
    ledgers: tuple[str, ...]


@frozen
class AnswersNeed(NeedBase):
    """A new child for each of these records that names it in a field, and is then closed.

    Attributes:
        records: The ids of the records to be named.
        field: The child's field.
        ledgers: Where the child counts closed; on all of its own, where none is named.
    """

    need: ClassVar[str] = "answers"
    records: tuple[str, ...]
    field: str
    ledgers: tuple[str, ...]


@frozen
class ParentNeed(NeedBase):
    """A parent that does not count closed on these ledgers: a closed one has no open child."""

    need: ClassVar[str] = "parent"
    parent: str
    ledgers: tuple[str, ...]


@frozen
class DayNeed(NeedBase):
    """A day that has come: the act is dated then or later."""

    need: ClassVar[str] = "day"
    day: date


@frozen
class StepNeed(NeedBase):
    """An earlier step of this record: a trigger done in the window, or a state entered."""

    need: ClassVar[str] = "step"
    trigger: str | None = None
    state: str | None = None


@frozen
class PredicateNeed(NeedBase):
    """The yes of a predicate that the application registered, or has yet to."""

    need: ClassVar[str] = "predicate"
    predicate: str
    registered: bool


Precondition = DayNeed | AppointmentNeed | FieldNeed | ChildrenNeed | AnswersNeed | ParentNeed
"""What must be so before the act."""
Statement = SourceNeed | ReasonNeed | SuccessorNeed
"""What is said with the act."""
Offer = RoleNeed | PersonNeed | DocumentNeed | InspectionNeed | StepNeed | PredicateNeed
"""What else is met by the act itself, or by what was done before it."""
Need = Precondition | Statement | Offer
PRECONDITIONS = (DayNeed, AppointmentNeed, FieldNeed, ChildrenNeed, AnswersNeed, ParentNeed)

NeedAlternatives = tuple[tuple[Need, ...], ...]
"""Several ways to meet a requirement, each of them a list of needs that are met together."""


@frozen
class Appointment(Result):
    """A person holds a role in a force from `first_day` to `last_day`, inclusive, or open-ended."""

    person: str
    role: str
    force: str
    first_day: date
    last_day: date | None = None


@frozen
class Inspection(Result):
    """An inspection of a force: planned or bespoke, its days, and the questions it covers.

    `question_set`: which set these are of, None for the set in force on its first day.
    `joint_with`: the other forces that it is an inspection of.
    """

    id: str
    kind: str
    first_day: date
    last_day: date
    questions: frozenset[str] = frozenset()
    question_set: str | None = None
    force: str = field(kw_only=True)
    joint_with: tuple[str, ...] = field(kw_only=True, default=())


@frozen
class Child(Result):
    """A child record as its parent sees it: how its state counts, and what its fields say."""

    id: str
    counts: Mapping[str, Counts]
    fields: Mapping[str, Value] = field(factory=dict)


@frozen
class RecordReference(Result):
    """A record of a category that names another one, `names`, in its field `field`."""

    id: str
    category: str
    field: str
    names: str


@frozen(slots=False)  # made at every decision, where slots cost half as much again
class Context:
    """All that a decision may look at besides rules and record.

    `now` is our clock's time (UTC), `today` the London date an act may not lie after. `mentions`
    are the records of the force that name what the record names, where its rules ask for them;
    `holidays` are the known bank holidays, if working days are to be counted; `ledgers` those on
    which children bind the act, None: all. `signers` are the roles whose signature some rules ask
    for: nobody acts in one without an appointment. `question_sets` are those by which an
    inspection is relevant to a record. `scope` is the force that the register is opened for, None:
    every one; `each_force_signs`: a joint record needs a letter of each of its forces.
    `unseen_forces` are those of a joint record whose records could be `mentions`, and are not seen.
    `sent_back` is when a record was last sent back or re-opened under rules that it left since,
    where those of now do not tell it; None where they do, or it never was.
    """

    now: datetime
    today: date
    appointments: tuple[Appointment, ...] = ()
    inspection: Inspection | None = None
    children: tuple[Child, ...] = ()
    predicates: Mapping[str, Predicate] = field(factory=dict)
    mentions: tuple[RecordReference, ...] = ()
    holidays: Holidays | None = None
    ledgers: frozenset[str] | None = None
    signers: frozenset[str] = frozenset()
    question_sets: QuestionSets = field(factory=dict)
    scope: str | None = None
    each_force_signs: bool = False
    unseen_forces: tuple[str, ...] = ()
    sent_back: date | None = None


Predicate = Callable[[Record, Act, Context], bool]

RefusalKind = Literal["not here", "not you", "not yet"]


@frozen
class Reason(Result):
    """One reason for a refusal: its kind, what was found, what would do, and the rule's place.

    `asks` says what would do as data: one of several lists of needs, each of them met together.
    """

    kind: RefusalKind
    sentence: str
    instead: str
    span: Span = field(default=NOWHERE, eq=False)
    asks: NeedAlternatives = field(default=(), eq=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}; {self.instead}"


@frozen
class Refusal(Result):
    """An act was refused: what was asked, where the record stands, and every reason."""

    _derived: ClassVar[tuple[str, ...]] = ("head",)

    record: str
    lifecycle: str
    state: str
    trigger: str
    role: str
    reasons: tuple[Reason, ...]

    @property
    def head(self) -> str:
        """Which record, where it stands, and what it cannot."""
        return f"{self.record} is `{self.state}`; cannot `{self.trigger}` as `{self.role}`"

    def __str__(self) -> str:
        return "\n  ".join((self.head, *map(str, self.reasons)))

    def _repr_html_(self) -> str:
        rows = [(reason.kind, reason.sentence, reason.instead) for reason in self.reasons]
        return html_table(self.head, ("reason", "what is so", "what would do"), rows)


class Refused(PeelflowError):
    """The rules refuse an act; `refusal` holds every reason."""

    code: ClassVar[str] = "refused"
    refusal: Refusal

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The refusal's reasons; none where a predicate raised it with words of its own."""
        reasons: tuple[Reason, ...] = getattr(self.refusal, "reasons", ())
        return reasons


@frozen
class NextAct(Result):
    """One thing that a person may do next with a record, judged for one actor on a day.

    Attributes:
        trigger: The trigger.
        to: The state that it leads to; where several transitions have it, that of the first that
            the actor's role may take, or of the first of all where it may take none.
        by: The roles that may do it.
        allowed: Whether the rules accept it from this actor with nothing more given.
        needs: What it still needs: one of several lists, each of them met together. One empty list
            where it is allowed, none at all where nothing that can be named would do.
        refusal: Why the rules refuse it from this actor, None where it is allowed.
    """

    trigger: str
    to: str
    by: tuple[str, ...]
    allowed: bool
    needs: NeedAlternatives
    refusal: Refusal | None = None
