"""A route is the shortest lawful way of a record to a goal, and what stands around the record."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.decisions import Appointment, Inspection, Need, RecordReference
from peelflow.model.question_sets import QuestionSets
from peelflow.model.records import Record
from peelflow.model.rules import Holidays, Lifecycle
from peelflow.results import Result, frozen, html_table

RouteVerdict = Literal["possible", "impossible", "undetermined"]


@frozen(eq=False)
class RelatedRecord:
    """A parent or a child: the record, its rules, and what stands around it in turn."""

    record: Record
    lifecycle: Lifecycle
    around: RouteContext


@frozen(eq=False)
class RouteContext:
    """What stands around a record whose way is looked for.

    Attributes:
        appointments: Those recorded in its forces.
        inspections: Those recorded of its forces, past and coming.
        children: The records below it.
        parent: The record above it.
        closed_above: Ledgers on which the record above counts closed, and stays so meanwhile.
        mentions: The records of its force that name what it names, where its rules ask for them.
        predicates: The predicates that the application registered.
        fields: The fields its category declares; only these can be set. None: any.
        lists: Those of them that hold several values. None: any.
        may_have_children: Whether its category can have children.
        holidays: The known bank holidays, None where no list of them is installed.
        ledgers: The national ledgers, None where the record is of no national category.
        signers: The roles whose signature some rules ask for: nobody acts in one without an
            appointment.
        question_sets: The question sets by which an inspection is relevant.
        each_force_signs: Whether a joint record needs a letter of each of its forces.
        unseen_forces: Its forces whose records could be mentions, and are not seen.
        sent_back: When it was last sent back under rules that it left, where those of now do not
            tell it.
    """

    appointments: tuple[Appointment, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    children: tuple[RelatedRecord, ...] = ()
    parent: RelatedRecord | None = None
    closed_above: frozenset[str] = frozenset()
    mentions: tuple[RecordReference, ...] = ()
    predicates: frozenset[str] = frozenset()
    fields: frozenset[str] | None = None
    lists: frozenset[str] | None = None
    may_have_children: bool = False
    holidays: Holidays | None = None
    ledgers: frozenset[str] | None = None
    signers: frozenset[str] = frozenset()
    question_sets: QuestionSets = field(factory=dict)
    each_force_signs: bool = False
    unseen_forces: tuple[str, ...] = ()
    sent_back: date | None = None


@frozen
class RouteStep(Result):
    """One act on a way: who does what, with what, from when, by when.

    Attributes:
        trigger: What is done; `old` is the state before.
        lands: The states it leads to: the one it enters, and those that peelflow itself then moves
            the record on to in the same batch.
        by: The roles that may; `system` alone means that peelflow does it when it is due.
        earliest: The first day on which it can be done, as far as is known.
        holders: Who holds one of those roles by appointment on that day: person and role.
        needs: What it needs; what is to be done beforehand stands among it.
        latest: The last day on which it can be done for this way to go on.
        before: Ways of children and of the parent that are gone first.
        undetermined: What decides and nobody can foresee: predicates, a child yet to be added.
        national: It answers a national transition, so that a new window begins.
        span: The rule's place.
    """

    _derived: ClassVar[tuple[str, ...]] = ("new",)

    trigger: str
    old: str
    lands: tuple[str, ...]
    by: tuple[str, ...]
    earliest: date
    holders: tuple[tuple[str, str], ...] = ()
    needs: tuple[Need, ...] = ()
    latest: date | None = None
    before: tuple[Route, ...] = ()
    undetermined: tuple[str, ...] = ()
    national: bool = True
    span: Span = field(default=NOWHERE, eq=False)

    @property
    def new(self) -> str:
        """The state in which the record then rests."""
        return self.lands[-1]


@frozen
class Route(Result):
    """The shortest lawful way of a record to a goal, or that there is none.

    Attributes:
        record: Whose way it is; `state` is where it stands.
        goal: The goal in words.
        verdict: `undetermined` where something decides that nobody can foresee.
        steps: The acts on this record, in order; none where it is there already.
        why: Why there is none, or why nobody can tell.
    """

    _derived: ClassVar[tuple[str, ...]] = ("end", "acts")

    record: str
    lifecycle: str
    state: str
    goal: str
    verdict: RouteVerdict
    steps: tuple[RouteStep, ...] = ()
    why: str | None = None

    @property
    def end(self) -> str:
        """The state in which the way ends."""
        return self.steps[-1].new if self.steps else self.state

    @property
    def acts(self) -> int:
        """How many acts it takes, those on children and the parent included."""
        return sum(1 + sum(each.acts for each in step.before) for step in self.steps)

    def _repr_html_(self) -> str:
        caption = f"{self.record} from {self.state} to {self.goal}: {self.verdict}"
        rows = [
            (step.trigger, step.old, step.new, step.by, step.earliest, step.latest)
            for step in self.steps
        ]
        why = () if self.why is None else ((self.why,),)
        return html_table(caption, ("act", "from", "to", "by", "earliest", "latest"), (*rows, *why))
