"""A record is the fold of its events: the events, their changes, and what they fold into."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar, Literal, NoReturn

from attrs import field

from peelflow.model.rules import SYSTEM, Category, Counts, Level, Pin
from peelflow.results import Result, frozen, html_of_parts, short_repr

Value = str | tuple[str, ...]
"""What a field holds as it is kept: a day is its ISO 8601 text."""
FieldValue = str | date | tuple[str, ...]
"""What a field holds as applications read it."""


class _ReadOnly(dict[str, Value]):
    """Fields that nobody can change: a store holds what it gives out, and gives it out again."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        message = "what a record says is changed by a verb, such as `amend`; take a copy: dict(…)"
        raise TypeError(message)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[_ReadOnly], tuple[dict[str, Value]]]:
        return _ReadOnly, (dict(self),)


def _read_only(fields: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return fields that nobody can change, copied unless they are such already."""
    return fields if type(fields) is _ReadOnly else _ReadOnly(fields)


@frozen
class Actor(Result):
    """Who decides: a person in one acting role. Roles come from the application."""

    person: str
    role: str

    def __str__(self) -> str:
        return f"{self.person} ({self.role})"


Correction = Literal["void", "redate", "reenter"]
"""What may be corrected of an event."""
JointActs = Literal["lead", "any"]
"""Whose persons do the force's acts on a joint record: its lead force's, or any of its forces'."""
EVERY_FORCE = ""
"""What stands for a force in a change that takes a joint record's second counting back."""
OWN_STEP = ""
"""What stands for a national trigger where a step of the force's own answers none."""
INSPECTION = "inspection"
"""The category of what an act may rest on."""
PEELFLOW = Actor("peelflow", SYSTEM)
"""Who takes a transition that no person takes."""


@frozen(slots=False)  # made at every decision, where slots cost half as much again
class Provenance(Result):
    """Who decided something, when, why and from what: what every event says of itself.

    Attributes:
        actor: Who decided, in one acting role.
        on: The London date it happened on.
        recorded_by: Who typed it; the actor where it is left out.
        reason: Why, in words.
        source: The letter or portal reference it was read from.
        key: An idempotency key, unique within the record.
    """

    actor: Actor
    on: date
    recorded_by: str | None = None
    reason: str | None = None
    source: str | None = None
    key: str | None = None


@frozen
class Document(Result):
    """What is known of a kept document; its content is kept under `digest` (SHA-256, hex).

    `signed_by` is a person; whether they could sign is judged by their roles on `signed_on`.
    """

    digest: str
    kind: str
    name: str
    size: int
    signed_by: str | None = None
    signed_on: date | None = None


@frozen(slots=False)  # made at every decision, where slots cost half as much again
class Change(Result):
    """One line of the figures' ledger: from `on`, `delta` records more (or fewer) count so.

    A joint record has a line in each of its forces. Those beyond its lead force's are taken back
    under no force (`EVERY_FORCE`), so that all lines sum up to one record.
    """

    on: date
    force: str
    category: str
    level: Level
    ledger: str
    counts: Counts
    state: str
    delta: int


@frozen
class Joint(Result):
    """The forces that a record is of beside its lead force, and whose persons act on it.

    Attributes:
        forces: The other forces; none where the record is its lead force's alone.
        acts: Whose persons do the force's acts: those of its `lead` force, or of `any` of its
            forces.
    """

    forces: tuple[str, ...] = ()
    acts: JointActs = "lead"


@frozen
class Added(Result):
    """The record was added under a lifecycle, in its initial state. `on` is its issue date.

    `graded` is the day its level was given, where that was said to be another. `joint_with` are the
    forces that it is of beside `force`, its lead force, and `joint_acts` says whose persons act.
    """

    force: str
    category: str
    level: Level
    lifecycle: Pin
    state: str
    fields: Mapping[str, Value] = field(factory=dict, converter=_read_only)
    parent: str | None = None
    graded: date | None = None
    joint_with: tuple[str, ...] = ()
    joint_acts: JointActs = "lead"


@frozen
class TakenOver(Result):
    """The record entered in a named state as at a date, assumed from elsewhere.

    `graded` is the day its level was given, where that was said to be another than `on`;
    `joint_with` and `joint_acts` as in `Added`.
    """

    force: str
    category: str
    level: Level
    lifecycle: Pin
    state: str
    issued: date
    fields: Mapping[str, Value] = field(factory=dict, converter=_read_only)
    parent: str | None = None
    graded: date | None = None
    joint_with: tuple[str, ...] = ()
    joint_acts: JointActs = "lead"


@frozen(slots=False)  # made at every decision, where slots cost half as much again
class TransitionTaken(Result):
    """A transition was taken. `national`: it answered a national transition, so a window begins.

    `stays`: it led between two states which its rules make of one national state, so that it shows
    nobody how the record came to stand there; never so in an event of before.
    `evidence` are documents offered, `counted` the digests this act used up, and `counted_for` the
    national trigger for which: `OWN_STEP` where it answers none, and None in an event of before,
    whose documents are used up for every step. `due` is the day a timed transition fell due, which
    may lie before the day it was done.
    """

    trigger: str
    old: str
    new: str
    national: bool = True
    evidence: tuple[Document, ...] = ()
    counted: tuple[str, ...] = ()
    inspection: str | None = None
    successor: str | None = None
    due: date | None = None
    counted_for: str | None = None
    stays: bool = False


@frozen
class Attached(Result):
    """A document was attached to the record."""

    document: Document


@frozen
class Amended(Result):
    """A field changed."""

    field: str
    old: Value | None
    new: Value | None


@frozen
class ChildLinked(Result):
    """A child was put under this record."""

    child: str


@frozen
class Relevelled(Result):
    """The inspectorate moved the record to another level. Letters carry over only if `letters`.

    `triggers` says what triggers are called from now on whose names the plan changed; `states` as
    in `Migrated`.
    """

    old_level: Level
    new_level: Level
    lifecycle: Pin
    old: str
    new: str
    plan: str
    letters: bool = False
    triggers: Mapping[str, str] = field(factory=dict)
    states: Mapping[str, str] | None = None


@frozen
class Migrated(Result):
    """The record moved to another version of its lifecycle under a proved plan (its digest).

    `triggers` says what triggers are called from now on whose names the plan changed. `states` says
    what the states are called from now on that stand for the same national state as before, so
    that they were entered when they were; None in an event of before, where the state it stands in
    goes on if its name stays, and no other.
    """

    lifecycle: Pin
    old: str
    new: str
    plan: str
    triggers: Mapping[str, str] = field(factory=dict)
    states: Mapping[str, str] | None = None


@frozen
class ParentLinked(Result):
    """The record was put under a parent, from a day after it was entered."""

    parent: str


@frozen
class Noted(Result):
    """Something was noted on the record: it moves nothing, and its documents count for no act."""

    text: str
    documents: tuple[Document, ...] = ()


@frozen
class MadeJoint(Result):
    """The record is joint with other forces from now on; with none, where `new` is empty.

    `acts` says whose persons do the force's acts from now on.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    acts: JointActs = "lead"


@frozen
class Corrected(Result):
    """An earlier event of this record was voided, moved to the date `to`, or entered anew.

    Only the first event is entered anew: as `entry` says, on the date `to`. Where the first event
    is voided, the record is withdrawn.
    """

    event: int
    correction: Correction
    to: date | None = None
    entry: Added | TakenOver | None = None


EventPayload = (
    Added
    | TakenOver
    | TransitionTaken
    | Attached
    | Amended
    | ChildLinked
    | ParentLinked
    | Relevelled
    | Migrated
    | Noted
    | MadeJoint
    | Corrected
)
EVENT_KINDS: dict[str, type[EventPayload]] = {
    "added": Added,
    "taken_over": TakenOver,
    "acted": TransitionTaken,
    "attached": Attached,
    "amended": Amended,
    "linked": ChildLinked,
    "parent_linked": ParentLinked,
    "relevelled": Relevelled,
    "migrated": Migrated,
    "noted": Noted,
    "made_joint": MadeJoint,
    "corrected": Corrected,
}
EVENT_KIND_OF: dict[type[EventPayload], str] = {kind: name for name, kind in EVENT_KINDS.items()}


@frozen(slots=False)  # made at every decision, where slots cost half as much again
class Event(Result):
    """What happened: immutable, numbered from 1 within its record.

    `on` is when it happened (a London date), `recorded_at` when it was written (UTC).
    """

    _derived: ClassVar[tuple[str, ...]] = ("kind",)

    record: str
    number: int
    what: EventPayload
    on: date
    actor: Actor
    recorded_by: str
    recorded_at: datetime
    reason: str | None = None
    source: str | None = None
    key: str | None = None
    changes: tuple[Change, ...] = ()

    @property
    def kind(self) -> str:
        """What sort of event it is, such as `acted`; `what` holds the parts of that sort."""
        return EVENT_KIND_OF[type(self.what)]

    def __repr__(self) -> str:
        return short_repr(
            "Event",
            record=self.record,
            number=self.number,
            kind=self.kind,
            on=self.on,
            actor=str(self.actor),
            what=self.what,
        )

    def _repr_html_(self) -> str:
        return html_of_parts(f"Event {self.number} of {self.record}", self)


@frozen
class Moment(Result):
    """An event's place in a record: its number and its date."""

    number: int
    on: date


@frozen
class LastDone(Result):
    """The last time a trigger was done on a record, and by whom."""

    number: int
    on: date
    person: str


@frozen
class Attachment(Result):
    """A document and the number of the event that brought it."""

    document: Document
    number: int


@frozen(slots=False)  # read by the ten thousand in a list, where slots cost half as much again
class Record(Result):
    """One tracked thing, the fold of its events. `number` is its last event's.

    `on` is the day of the last one that is no note: a note may be of any day, and moves nothing.

    `window` is the last event that answered a national transition; `entered` and `done` say when
    each state was last entered and each trigger last done; `spent` are documents already used, and
    `spent_for` says for which steps alone, where that is known. One that is `withdrawn` was entered
    by mistake: it stands as it last did, and counts nowhere on any day. `note_documents` came with
    notes, and count for no act. `force` is its lead force; a joint record is of those `joint_with`
    it too, and was of those it `was_joint_with`. `joint_acts` says whose persons act on it. One
    that is `assumed` was taken over, and has `walked` once a step by the rules led it to another
    state; None where a row of an earlier peelflow does not tell it, and only its events do.
    """

    id: str
    number: int
    on: date
    force: str
    category: str
    level: Level
    lifecycle: Pin
    state: str
    issued: date
    fields: Mapping[str, Value] = field(converter=_read_only)
    parent: str | None
    window: Moment
    entered: Mapping[str, Moment]
    children: tuple[str, ...] = ()
    done: Mapping[str, LastDone] = field(factory=dict)
    attachments: tuple[Attachment, ...] = ()
    spent: frozenset[str] = frozenset()
    successor: str | None = None
    assumed: bool = False
    spent_for: Mapping[str, tuple[str, ...]] = field(factory=dict)
    withdrawn: bool = False
    note_documents: tuple[Attachment, ...] = ()
    joint_with: tuple[str, ...] = ()
    was_joint_with: tuple[str, ...] = ()
    joint_acts: JointActs = "lead"
    walked: bool | None = False

    @property
    def forces(self) -> tuple[str, ...]:
        """The forces that it is of, its lead force first: it counts once in the figures of each."""
        return (self.force, *self.joint_with)

    @property
    def acting_forces(self) -> tuple[str, ...]:
        """The forces whose persons do the force's acts on it."""
        return self.forces if self.joint_acts == "any" else (self.force,)

    def is_of(self, *forces: str | None, ever: bool = False) -> bool:
        """Say whether it is a record of each of some forces.

        Args:
            forces: The forces; None stands for any.
            ever: Whether it is enough that it was.
        """
        known = (None, *self.forces, *(self.was_joint_with if ever else ()))
        return all(force in known for force in forces)

    def field_values(self, category: Category) -> dict[str, FieldValue]:
        """Return the fields with each day as a `date`; `fields` keeps the text that is stored.

        `fields` itself stays text, because digests, verdicts and stores read it, and because only
        a category says which of its texts are days. `Register.fields` knows the category.

        Args:
            category: The record's category; a text that is no day, though the category declares
                one by now, stays a text.
        """
        return {
            name: _as_day(value) if _is_day(category, name) else value
            for name, value in self.fields.items()
        }

    def __repr__(self) -> str:
        return short_repr(
            "Record",
            id=self.id,
            state=self.state,
            category=self.category,
            level=self.level,
            force=self.force,
            lifecycle=str(self.lifecycle),
            number=self.number,
            on=self.on,
        )

    def _repr_html_(self) -> str:
        return html_of_parts(f"Record {self.id}", self)


def _is_day(category: Category, name: str) -> bool:
    return name in category.fields and category.fields[name].type == "date"


def _as_day(value: Value) -> FieldValue:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return value
    return day if day.isoformat() == value else value
