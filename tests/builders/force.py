"""A small police force: people in their roles, inspections, records of every level."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from peelflow.model.records import Actor, Document, Event, Record
from peelflow.model.requirements import (
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    SuccessorNamed,
)
from peelflow.model.rules import Level, Transition
from peelflow.register.register import Register

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = date(2021, 1, 4)
FORCE = "west-midlands"
PEOPLE = {
    "hmicfrs": "hmicfrs-portal",
    "chief_constable": "chief-constable",
    "nominated_deputy": "deputy",
    "liaison_officer": "liaison-officer",
    "lead": "lead",
    "pcc": "pcc-office",
    "audit_committee": "audit-committee",
    "npcc": "npcc-lead",
    "college": "college-lead",
    "ministry": "ministry-desk",
}
LIAISON = Actor("liaison-officer", "liaison_officer")
CHIEF = Actor("chief-constable", "chief_constable")
HMICFRS = Actor("hmicfrs-portal", "hmicfrs")


def clock() -> datetime:
    """Return a moment after everything these tests date."""
    return NOW


def actor(role: str) -> Actor:
    """Return the person who acts in a role."""
    return Actor(PEOPLE[role], role)


@frozen
class Kind:
    """What a lifecycle is tried on: a category at a level."""

    name: str
    category: str
    level: Level


KINDS = (
    Kind("level-1", "recommendation", 1),
    Kind("level-2", "afi", 2),
    Kind("level-3", "recommendation", 3),
    Kind("level-4", "afi", 4),
    Kind("cause-of-concern", "cause_of_concern", None),
    Kind("before-levels", "recommendation", None),
    Kind("afi-before-levels", "afi", None),
    Kind("inspection", "inspection", None),
    Kind("appointment", "appointment", None),
    Kind("report", "report", None),
    Kind("section-55", "section_55_response", None),
    Kind("section-55-answer", "section_55_answer", None),
    Kind("super-complaint", "super_complaint", None),
    Kind("super-complaint-recommendation", "super_complaint_recommendation", None),
    Kind("force-monitoring", "monitoring_phase", None),
    Kind("peel-readiness", "peel_readiness", None),
    Kind("milestone", "milestone", None),
    Kind("engage-cause", "engage_cause", None),
)
KIND = {kind.name: kind for kind in KINDS}
BEFORE_LEVELS = ("before-levels", "afi-before-levels")
"""The lifecycles of what was closed before there were levels: by category, for nobody adds one."""


ADDRESSEES = ("chief_constables", "pccs", "npcc", "college", "ministries")
"""Everybody that a super-complaint's recommendation may be addressed to."""


@define
class World:
    """A register with a force's people in it, and a day that only moves on."""

    register: Register
    day: date = START
    made: int = field(default=0)

    def name(self, kind: str) -> str:
        """Return a fresh id."""
        self.made += 1
        return f"{kind}-{self.made}"

    def later(self, days: int = 1) -> date:
        """Move on by some days and return the day."""
        self.day += timedelta(days=days)
        return self.day

    def settle_in(self) -> World:
        """Appoint those whose appointments matter."""
        for role in ("chief_constable", "nominated_deputy"):
            self.register.appoint(PEOPLE[role], role, force=FORCE, first_day=START, actor=LIAISON)
        return self

    def add(self, kind: Kind, **more: Any) -> str:
        """Add a record of a kind, a child below it where it must have one, and return its id."""
        record = self.name(kind.name)
        fields = self.fields(kind.category) | more.pop("fields", {})
        said: dict[str, Any] = {
            "category": kind.category,
            "level": kind.level,
            "force": more.pop("force", FORCE),
            "issued": self.day,
            "fields": fields,
            "actor": HMICFRS,
            "recorded_by": "liaison-officer",
            "source": "portal",
            **more,
        }
        if kind.name in BEFORE_LEVELS:  # nobody adds one
            said |= {"state": "closed", "on": self.day, "reason": "closed before levels"}
            self.register.take_over(record, **said)
        else:
            self.register.add(record, **said)
        return record

    def fields(self, category: str) -> dict[str, Any]:
        """Return the fields that a record of a category needs to walk anywhere."""
        match category:
            case "inspection":
                return {"kind": "planned", "first_day": self.day, "last_day": self.day}
            case "appointment":
                return {"person": "someone", "role": "lead", "first_day": self.day}
            case "report":
                return {"title": "Custody", "kind": "national", "published": self.day}
            case "section_55_response":
                report = self.add(KIND["report"])
                days = {"published": self.day, "chief_officer_due": self.day}
                return {"report": report, **days}
            case "section_55_answer":
                return {"answers": self.add(KIND["level-3"])}
            case "super_complaint":
                return {"title": "Stalking", "published_report": self.add(KIND["report"])}
            case "super_complaint_recommendation":
                return {"owner": "lead", "addressees": list(ADDRESSEES)}
            case "monitoring_phase":
                return {}
            case "engage_cause":
                return {"cause": self.add(KIND["cause-of-concern"])}
            case "milestone":
                return {"title": "A first draft", "owner": "lead"}
            case _:
                return {"question": "7", "owner": "lead"}

    def letter(self, signed_by: str = "chief-constable", kind: str = "letter") -> Document:
        """Keep a new letter, or another kind of document, signed today."""
        name = self.name(kind)
        return self.register.keep(
            name.encode(), kind=kind, name=name, signed_by=signed_by, signed_on=self.day
        )

    def inspect(self, kind: str = "planned") -> str:
        """Add an inspection that is held today and covers question 7."""
        record = self.name("inspection-held")
        self.register.add(
            record,
            category="inspection",
            force=FORCE,
            issued=self.day,
            fields={
                "kind": kind,
                "first_day": self.day,
                "last_day": self.day,
                "questions": ["7"],
            },
            actor=HMICFRS,
            recorded_by="liaison-officer",
            source="letter of notice",
        )
        return record

    def successor(self) -> str:
        """Return the report that takes records' places, added when it is first asked for."""
        name = "report-2024"
        if name not in {known.id for known in self.register.records(category="report")}:
            self.register.add(
                name,
                category="report",
                force=FORCE,
                issued=self.day,
                fields={"title": "PEEL", "kind": "force", "published": self.day},
                actor=LIAISON,
            )
        return name

    def means(self, rule: Transition) -> dict[str, Any]:
        """Return what an act needs to meet every requirement of a national transition."""
        given: dict[str, Any] = {}
        for requirement in rule.requires:
            match requirement:
                case Evidence(evidence=kind):
                    given["evidence"] = (self.letter(kind=kind),)
                case InspectionHeld(inspection=kind):
                    given["inspection"] = self.inspect("planned" if kind == "any" else kind)
                case ReasonGiven():
                    given["reason"] = "as the letter says"
                case SuccessorNamed():
                    given["successor"] = self.successor()
                case FieldSet():
                    pass
        return given

    def fire(self, record: str, trigger: str, role: str, **given: Any) -> Event:
        """Do a trigger as a role, today, with its source where the inspectorate decides."""
        if role == "hmicfrs":
            given = {"source": "portal", "recorded_by": "liaison-officer", **given}
        return self.register.fire(record, trigger, actor=actor(role), on=self.day, **given)

    def step(self, record: str, trigger: str, role: str | None = None) -> Event:
        """Do a trigger with all it needs, a day later, as the first role that may."""
        self.later()
        rule = next(r for r in self.ways_out(record) if r.trigger == trigger)
        return self.fire(record, trigger, role or rule.by[0], **self.means(rule))

    def ways_out(self, record: str) -> tuple[Transition, ...]:
        """Return the transitions out of a record's state."""
        now = self.register.record(record)
        return self.register.lifecycle(now.lifecycle).states[now.state].transitions

    def picture(self, record: str) -> tuple[Record, int, Any]:
        """Return all of a record that a refused act must leave as it was."""
        register = self.register
        return register.record(record), len(register.history(record)), register.figures()


def new_world(url: str = "memory:") -> World:
    """Open a register under the national rules with its people appointed."""
    return World(Register.open(url, clock=clock)).settle_in()
