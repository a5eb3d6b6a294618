"""What a decision looks at besides rules and record, and how a refusal explains itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Literal

from attrs import field, frozen

from peelflow.errors import NOWHERE, Span
from peelflow.model.needs import Choices
from peelflow.model.periods import Holidays
from peelflow.model.records import Act, Record, Value
from peelflow.model.rules import Counts


@frozen
class Appointment:
    """A person holds a role in a force from `first_day` to `last_day`, inclusive, or open-ended."""

    person: str
    role: str
    force: str
    first_day: date
    last_day: date | None = None


@frozen
class Inspection:
    """An inspection of a force: planned or bespoke, its days, and the questions it covers.

    `question_set`: which set these are of, None where it is not said.
    """

    id: str
    kind: str
    first_day: date
    last_day: date
    questions: frozenset[str] = frozenset()
    question_set: str | None = None
    force: str = field(kw_only=True)


@frozen
class Child:
    """A child record as its parent sees it: how its state counts, and what its fields say."""

    id: str
    counts: Mapping[str, Counts]
    fields: Mapping[str, Value] = field(factory=dict)


@frozen
class Mention:
    """A record of a category that names another one, `names`, in its field `field`."""

    id: str
    category: str
    field: str
    names: str


@frozen
class Context:
    """All that a decision may look at besides rules and record.

    `now` is our clock's time (UTC), `today` the London date an act may not lie after. `mentions`
    are the records of the force that name what the record names, where its rules ask for them;
    `holidays` are the known bank holidays, if working days are to be counted.
    """

    now: datetime
    today: date
    appointments: tuple[Appointment, ...] = ()
    inspection: Inspection | None = None
    children: tuple[Child, ...] = ()
    predicates: Mapping[str, Predicate] = field(factory=dict)
    mentions: tuple[Mention, ...] = ()
    holidays: Holidays | None = None


Predicate = Callable[[Record, Act, Context], bool]

NotKind = Literal["not here", "not you", "not yet"]


@frozen
class Reason:
    """One reason for a refusal: its kind, what was found, what would do, and the rule's place.

    `asks` says what would do as data: one of several lists of needs, each of them met together.
    """

    kind: NotKind
    sentence: str
    instead: str
    span: Span = field(default=NOWHERE, eq=False)
    asks: Choices = field(default=(), eq=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}; {self.instead}"


@frozen
class Refusal:
    """An act was refused: what was asked, where the record stands, and every reason."""

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
