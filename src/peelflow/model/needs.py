"""What an act still needs, as data: what a refusal asks for, and what a step of a way takes."""

from __future__ import annotations

from datetime import date
from typing import Literal

from attrs import frozen


@frozen
class RoleNeed:
    """Somebody who acts in one of these roles."""

    roles: tuple[str, ...]


@frozen
class AppointmentNeed:
    """An appointment to one of these roles that holds on a day; of this person, where one acts."""

    roles: tuple[str, ...]
    on: date
    person: str | None = None


@frozen
class PersonNeed:
    """Another person than these."""

    than: tuple[str, ...]


@frozen
class SourceNeed:
    """The letter or portal reference that an inspectorate's decision was read from."""


@frozen
class ReasonNeed:
    """A reason, in words."""


@frozen
class SuccessorNeed:
    """The later record or inspection that takes this one's place."""


@frozen
class DocumentNeed:
    """A document that has not counted for this record yet.

    Attributes:
        kind: Of what kind.
        signed_by: The roles, one of which its signer held on the day of signing; none: unsigned
            will do.
        by: The last day of signing: the act's.
        signers: Known persons who hold such a role on that day.
        attached: The name of a document that the record has and that will do.
        beforehand: It must be attached before the act, because peelflow itself acts.
    """

    kind: str
    signed_by: tuple[str, ...]
    by: date
    signers: tuple[str, ...] = ()
    attached: str | None = None
    beforehand: bool = False


@frozen
class KnownInspection:
    """An inspection that is recorded, by its id and its days."""

    id: str
    first_day: date
    last_day: date


@frozen
class InspectionNeed:
    """An inspection of the record's force that has begun by the act's date.

    Attributes:
        kind: `planned`, `bespoke` or `any`.
        question: The question it covers, None where any will do.
        ends_from: It ends no earlier than this day.
        known: The inspections recorded so far that could do, the soonest first.
    """

    kind: Literal["planned", "bespoke", "any"]
    question: str | None
    ends_from: date
    known: tuple[KnownInspection, ...] = ()


@frozen
class FieldNeed:
    """A field of the record, set.

    `latest`: to a date no later than this. `has`: to this choice, or to a list that holds it.
    """

    field: str
    latest: date | None = None
    has: str | None = None


@frozen
class ChildrenNeed:
    """Children that count closed on these ledgers (on all of theirs, where none is named).

    `still_open` are those that do not yet; none at all means that there is no child, and that one
    must be added.
    """

    still_open: tuple[str, ...]
    ledgers: tuple[str, ...]


@frozen
class AnswersNeed:
    """A new child for each of these records that names it in a field, and is then closed.

    Attributes:
        records: The ids of the records to be named.
        field: The child's field.
        ledgers: Where the child counts closed; on all of its own, where none is named.
    """

    records: tuple[str, ...]
    field: str
    ledgers: tuple[str, ...]


@frozen
class ParentNeed:
    """A parent that does not count closed on these ledgers: a closed one has no open child."""

    parent: str
    ledgers: tuple[str, ...]


@frozen
class DayNeed:
    """A day that has come: the act is dated then or later."""

    day: date


@frozen
class StepNeed:
    """An earlier step of this record: a trigger done in the window, or a state entered."""

    trigger: str | None = None
    state: str | None = None


@frozen
class PredicateNeed:
    """The yes of a predicate that the application registered, or has yet to."""

    predicate: str
    registered: bool


Preparation = DayNeed | AppointmentNeed | FieldNeed | ChildrenNeed | AnswersNeed | ParentNeed
"""What must be so before the act."""
Word = SourceNeed | ReasonNeed | SuccessorNeed
"""What is said with the act."""
Offer = RoleNeed | PersonNeed | DocumentNeed | InspectionNeed | StepNeed | PredicateNeed
"""What else is met by the act itself, or by what was done before it."""
Need = Preparation | Word | Offer
PREPARATIONS = (DayNeed, AppointmentNeed, FieldNeed, ChildrenNeed, AnswersNeed, ParentNeed)

Choices = tuple[tuple[Need, ...], ...]
"""Several ways to meet a requirement, each of them a list of needs that are met together."""
