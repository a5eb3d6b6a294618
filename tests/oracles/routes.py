"""Try every act with every offer there is, and follow a route by real verbs on the register."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

from attrs import define, evolve, field, frozen

from peelflow.engine.decide import automatic_triggers, decide
from peelflow.engine.fold import apply
from peelflow.model.decisions import (
    Act,
    AnswersNeed,
    Appointment,
    AppointmentNeed,
    Child,
    ChildrenNeed,
    Context,
    DocumentNeed,
    FieldNeed,
    Inspection,
    InspectionNeed,
    Need,
    PersonNeed,
    ReasonNeed,
    Refused,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import PEELFLOW, Actor, Attachment, Document, Event, Record, Value
from peelflow.model.routes import Route, RouteStep
from peelflow.model.rules import SYSTEM, Lifecycle
from peelflow.register.commands import act_on
from peelflow.rulebook.rulebook import signing_roles
from peelflow.testing.strategies import ADDRESSEES, FORCE, LEDGERS, SIGNATORIES
from tests.builders.routes import CLERK, START, Place

KINDS = ("letter", "plan")


@frozen
class Mode:
    """How an act is prepared: what is done before it, and what the predicate says."""

    fields: bool
    papers: bool
    wait: bool
    children: bool
    agreed: bool
    inspection: str


@frozen
class World:
    """The rules, whether children can be had, whether the predicate is registered."""

    lifecycle: Lifecycle
    open_children: bool
    predicate: bool


def shortest(world: World, record: Record, goal: str, *, most: int) -> int | None:
    """Return the least number of acts to `goal`, None if `most` acts do not do."""
    layer, seen = [record], {key(world, record)}
    for acts in range(most + 1):
        if any(each.state == goal for each in layer):
            return acts
        reached: dict[Hashable, Record] = {}
        for each in layer:
            for then in next_worlds(world, each):
                found = key(world, then)
                if found not in seen:
                    reached.setdefault(found, then)
        seen |= reached.keys()
        layer = list(reached.values())
    return None


def next_worlds(world: World, record: Record) -> Iterator[Record]:
    """Yield how the record could stand after one more act."""
    both = (False, True)
    agreed = both if world.predicate else (True,)
    modes = product(both, both, both, both, agreed, ("planned", "bespoke"))
    prompt = automatic_triggers(world.lifecycle, record.state)
    for mode in (Mode(*each) for each in modes):
        ready = prepared(record, mode)
        for rule in world.lifecycle.states[record.state].transitions:
            if rule.by == (SYSTEM,) and rule.trigger in prompt and rule.after is None:
                continue
            yield from after_act(world, ready, mode, rule.trigger, role_of(rule.by))


def role_of(by: tuple[str, ...]) -> str:
    """Return a person's role, else peelflow's."""
    return next((role for role in by if role != SYSTEM), SYSTEM)


def prepared(record: Record, mode: Mode) -> Record:
    """Return the record once fields are set and papers of every sort attached."""
    number = record.number + 1
    fields = dict(record.fields)
    if mode.fields:
        usual: dict[str, Value] = {
            "owner": "Sam",
            "theme": "x",
            "question": "7",
            "published": "2000-01-01",
            "addressees": ADDRESSEES,
            "report": "REP-9",
        }
        fields = {**usual, **{name: value for name, value in fields.items() if value}}
    held = tuple(Attachment(each, number) for each in documents_for(number)) if mode.papers else ()
    on = record.on + timedelta(200 if mode.wait else 0)
    attachments = (*record.attachments, *held)
    return evolve(record, number=number, fields=fields, attachments=attachments, on=on)


def documents_for(number: int) -> list[Document]:
    """Return a new document of each kind, signed by each signatory."""
    return [
        Document(f"{number} {kind} {role}", kind, kind, 1, f"signs as {role}", START)
        for kind in KINDS
        for role in SIGNATORIES
    ]


def after_act(
    world: World, record: Record, mode: Mode, trigger: str, role: str
) -> Iterator[Record]:
    """Yield the record after an act with every offer, and after what peelflow does then."""
    number = record.number + 1
    context = context_around(world, record, mode, role)
    doer = PEELFLOW if role == SYSTEM else Actor(f"doer {number}", role)
    act = Act(trigger, doer, record.on, "clerk")
    if role != SYSTEM:
        act = evolve(
            act,
            evidence=tuple(documents_for(number + 1000)),
            inspection="INS",
            reason="x",
            successor="x",
            source="x",
        )
    event = decide(world.lifecycle, record, act, context)
    while isinstance(event, Event):
        record = apply(record, event)
        tries = (
            decide(
                world.lifecycle, record, Act(each, PEELFLOW, record.on, PEELFLOW.person), context
            )
            for each in automatic_triggers(world.lifecycle, record.state)
        )
        following = next((each for each in tries if isinstance(each, Event)), None)
        if following is None:
            yield record
            return
        event = following


def context_around(world: World, record: Record, mode: Mode, role: str) -> Context:
    """Return a context in which everybody holds every role, and the inspection covers all."""
    people = {f"signs as {each}": each for each in SIGNATORIES} | {
        f"doer {record.number + 1}": role
    }
    closed = mode.children or not world.open_children
    children = (Child("C", dict.fromkeys(LEDGERS, "closed" if closed else "open")),)
    return Context(
        now=datetime.combine(record.on, time(12), UTC),
        today=record.on,
        appointments=tuple(
            Appointment(person, held, record.force, START - timedelta(9999))
            for person, held in people.items()
        ),
        inspection=Inspection(
            "INS",
            mode.inspection,
            record.on,
            record.on,
            frozenset({"7"}),
            force=record.force,
        ),
        children=children,
        predicates={"budget_agreed": lambda *_: mode.agreed} if world.predicate else {},
    )


def key(world: World, record: Record) -> Hashable:
    """Return what of a record could matter later, finely enough that nothing is missed."""
    del world
    windows = {"": record.window, **record.entered}
    done = {
        (trigger, since, when.person == PEELFLOW.person)
        for trigger, when in record.done.items()
        for since, window in windows.items()
        if when.number >= window.number
    }
    held = {
        (each.document.kind, each.document.signed_by, since)
        for each in record.attachments
        if each.document.digest not in record.spent
        for since, window in windows.items()
        if each.number > window.number
    }
    fields = frozenset(name for name, value in record.fields.items() if value)
    return record.state, frozenset(windows), frozenset(done), frozenset(held), fields


VALUES: dict[str, str | list[str]] = {
    "owner": "Sam",
    "addressees": ["pccs"],
    "question": "7.2",
    "theme": "custody",
    "due": "2024-01-01",
    "published": "2023-05-31",
    "chief_officer_due": "2023-06-30",
    "published_report": "REPORT",
}


@define
class Walk:
    """A way as it is gone: who did which step, and who was appointed on the way."""

    place: Place
    route: Route
    doers: list[str] = field(factory=list)
    appointed: dict[str, str] = field(factory=dict)

    def go(self) -> None:
        """Do every step, and see that each ends where it says; what is undetermined may not."""
        for step in self.route.steps:
            with suppress(Refused) if step.undetermined else nullcontext():
                self.step(step)
            found = self.place.register.record(self.route.record).state
            if found != step.new and step.undetermined:
                return
            assert step.new == found

    def step(self, step: RouteStep) -> None:
        """Do what is to be done before a step, then the step."""
        for route in step.before:
            Walk(self.place, route).go()
        on = self.place.until(step.earliest)
        given: dict[str, Any] = {}
        for need in step.needs:
            given |= self.meet(need, on)
        if step.by == (SYSTEM,):
            self.tick(step, on)
            return
        given["actor"] = self.doer(step, on)
        self.doers.append(given["actor"].person)
        self.place.register.fire(
            self.route.record, step.trigger, on=on, recorded_by="clerk", **given
        )

    def tick(self, step: RouteStep, on: date) -> None:
        """Let peelflow do a step that is due."""
        self.doers.append(PEELFLOW.person)
        with self.place.register.batch() as batch, batch.savepoint():
            act = Act(step.trigger, PEELFLOW, on, PEELFLOW.person)
            act_on(batch.session, batch.record(self.route.record), act)

    def meet(self, need: Need, on: date) -> dict[str, Any]:
        """Meet a need: before the act, or with it by what is returned."""
        record = self.route.record
        match need:
            case FieldNeed():
                self.amend(need, on)
            case AppointmentNeed(roles=roles, on=day):
                self.appointed[roles[0]] = self.place.appoint(roles[0], first=day)
            case ChildrenNeed(still_open=()):
                self.place.relative(parent=record, shut=True)
            case AnswersNeed(records=names, field=answers):
                for each in names:
                    self.place.relative(parent=record, shut=True, says={answers: each})
            case DocumentNeed(attached=None):
                return self.document(need, on)
            case InspectionNeed():
                return {"inspection": self.inspection(need, on)}
            case ReasonNeed():
                return {"reason": "because"}
            case SuccessorNeed():
                return {"successor": self.place.relative()}
            case SourceNeed():
                return {"source": "portal"}
        return {}

    def amend(self, need: FieldNeed, on: date) -> None:
        """Set a field, to a choice beside others in a list; to a report that none names yet."""
        name, value = need.field, VALUES.get(need.field)
        said = self.place.register.record(self.route.record).fields.get(name, ())
        if name == "report":
            value = self.place.relative()
        if need.has is not None:
            value = [*said, need.has] if name == "addressees" else need.has
        if need.has is None or need.has not in said:
            given = value if need.latest is None else need.latest
            self.place.register.amend(
                self.route.record, name, given, actor=CLERK, on=on, reason="as advised"
            )

    def document(self, need: DocumentNeed, on: date) -> dict[str, Any]:
        """Attach a new document, or offer it with the act."""
        held = self.place.register.records(force=FORCE, category="appointment")
        signer = next(iter(need.signers), None)
        if need.signed_by and signer is None:
            signer = next(
                str(each.fields["person"])
                for each in held
                if each.fields["role"] in need.signed_by
                and str(each.fields["first_day"]) <= str(on)
            )
        document = self.place.letter(need.kind, signer if need.signed_by else None, on)
        if not need.beforehand:
            return {"evidence": self.offered(document)}
        self.place.register.attach(self.route.record, document, actor=CLERK, on=on)
        return {}

    def offered(self, document: Document) -> list[Document]:
        """Offer a document beside those of the same step."""
        self._offers.append(document)
        return self._offers

    _offers: list[Document] = field(factory=list, init=False)

    def inspection(self, need: InspectionNeed, on: date) -> str:
        """Name a known inspection, or record one that is held today."""
        if need.known:
            return need.known[0].id
        kind = "planned" if need.kind == "any" else need.kind
        question = self.place.register.record(self.route.record).fields.get("question", "7")
        return self.place.inspection(kind, first=on, questions=[str(question)])

    def doer(self, step: RouteStep, on: date) -> Actor:
        """Return somebody who may, and is nobody that it must not be."""
        rulebook = self.place.register.rulebook
        roles, signers = rulebook.vocabulary.roles, signing_roles(rulebook)
        free = [
            role
            for role in step.by
            if role != SYSTEM and not roles[role].by_appointment and role not in signers
        ]
        if free:
            return Actor(self.place.name("person"), free[0])
        than = {self.named(who) for n in step.needs if isinstance(n, PersonNeed) for who in n.than}
        known = [*step.holders, *((who, role) for role, who in self.appointed.items())]
        for person, role in known:
            if role in step.by and person not in than:
                return Actor(person, role)
        return Actor(self.place.appoint(step.by[0], first=on), step.by[0])

    def named(self, who: str) -> str:
        """Return the person whom a step's words mean."""
        number = who.rpartition("in step ")[2]
        return self.doers[int(number) - 1] if number.isdigit() else who
