"""Go a way that `route` says: each step becomes real verbs on the register, and nothing besides."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from datetime import date
from typing import Any

from attrs import define, field

from peelflow.model.decisions import (
    Act,
    AnswersNeed,
    AppointmentNeed,
    ChildrenNeed,
    DocumentNeed,
    FieldNeed,
    InspectionNeed,
    Need,
    PersonNeed,
    ReasonNeed,
    Refused,
    Route,
    RouteStep,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import PEELFLOW, Actor, Document
from peelflow.model.rules import SYSTEM
from peelflow.register.commands import act_on
from peelflow.testing.strategies import FORCE
from tests.advice.places import CLERK, Place

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
                return {"successor": "R-9"}
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
        roles = self.place.register.rulebook.vocabulary.roles
        free = [role for role in step.by if role != SYSTEM and not roles[role].by_appointment]
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
