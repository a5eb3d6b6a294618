"""Closure rules of police-inspection recommendations, as checked YAML state machines.

Begin with `Register`: it keeps records under rules, and each of its methods is a verb.

    from peelflow import Actor, Refused, Register

    with Register.open("sqlite:///records.db") as register:
        try:
            register.fire("WMP-1", "start", actor=Actor("ann", "liaison_officer"))
        except Refused as refused:
            print(refused.refusal.reasons)

Read `help(peelflow.Register)` for the verbs, then

- `Record`, `Event`, `Figures`, `Refusal` and `Route` for what the verbs return;
- `load` and `check` for rule files of your own, `national` for those that come with peelflow;
- docs/rules.md on rules, docs/errors.md on errors, docs/results.md on results as data.

Names load when they are first used, so that `import peelflow` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"
"""The version of what is installed: what builds the package reads it here."""

if TYPE_CHECKING:
    # `as` makes each a public name of this module, for type checkers.
    from peelflow.engine.application_machine import machine as machine
    from peelflow.engine.decide import decide as decide
    from peelflow.errors import AnswerLost as AnswerLost
    from peelflow.errors import Conflict as Conflict
    from peelflow.errors import Diagnostic as Diagnostic
    from peelflow.errors import EventVoided as EventVoided
    from peelflow.errors import InspectorateOnly as InspectorateOnly
    from peelflow.errors import InvalidRequest as InvalidRequest
    from peelflow.errors import InvalidRules as InvalidRules
    from peelflow.errors import KeyReused as KeyReused
    from peelflow.errors import MissingDependency as MissingDependency
    from peelflow.errors import NotPermitted as NotPermitted
    from peelflow.errors import PeelflowError as PeelflowError
    from peelflow.errors import RulesMismatch as RulesMismatch
    from peelflow.errors import Span as Span
    from peelflow.errors import StoreBusy as StoreBusy
    from peelflow.errors import StoreError as StoreError
    from peelflow.errors import StoreUnavailable as StoreUnavailable
    from peelflow.errors import StoreVersion as StoreVersion
    from peelflow.errors import UnknownDocument as UnknownDocument
    from peelflow.errors import UnknownRecord as UnknownRecord
    from peelflow.errors import UnstorableText as UnstorableText
    from peelflow.errors import Unverified as Unverified
    from peelflow.figures import FigureLine as FigureLine
    from peelflow.figures import Figures as Figures
    from peelflow.model.decisions import Act as Act
    from peelflow.model.decisions import AnswersNeed as AnswersNeed
    from peelflow.model.decisions import AppointmentNeed as AppointmentNeed
    from peelflow.model.decisions import ChildrenNeed as ChildrenNeed
    from peelflow.model.decisions import Context as Context
    from peelflow.model.decisions import DayNeed as DayNeed
    from peelflow.model.decisions import DocumentNeed as DocumentNeed
    from peelflow.model.decisions import FieldNeed as FieldNeed
    from peelflow.model.decisions import Inspection as Inspection
    from peelflow.model.decisions import InspectionNeed as InspectionNeed
    from peelflow.model.decisions import KnownInspection as KnownInspection
    from peelflow.model.decisions import Need as Need
    from peelflow.model.decisions import NeedAlternatives as NeedAlternatives
    from peelflow.model.decisions import NeedBase as NeedBase
    from peelflow.model.decisions import NextAct as NextAct
    from peelflow.model.decisions import ParentNeed as ParentNeed
    from peelflow.model.decisions import PersonNeed as PersonNeed
    from peelflow.model.decisions import PredicateNeed as PredicateNeed
    from peelflow.model.decisions import Reason as Reason
    from peelflow.model.decisions import ReasonNeed as ReasonNeed
    from peelflow.model.decisions import Refusal as Refusal
    from peelflow.model.decisions import Refused as Refused
    from peelflow.model.decisions import RoleNeed as RoleNeed
    from peelflow.model.decisions import SourceNeed as SourceNeed
    from peelflow.model.decisions import StepNeed as StepNeed
    from peelflow.model.decisions import SuccessorNeed as SuccessorNeed
    from peelflow.model.records import Actor as Actor
    from peelflow.model.records import Added as Added
    from peelflow.model.records import Amended as Amended
    from peelflow.model.records import Attached as Attached
    from peelflow.model.records import Attachment as Attachment
    from peelflow.model.records import Change as Change
    from peelflow.model.records import ChildLinked as ChildLinked
    from peelflow.model.records import Corrected as Corrected
    from peelflow.model.records import Document as Document
    from peelflow.model.records import Event as Event
    from peelflow.model.records import EventPayload as EventPayload
    from peelflow.model.records import FieldValue as FieldValue
    from peelflow.model.records import Joint as Joint
    from peelflow.model.records import LastDone as LastDone
    from peelflow.model.records import MadeJoint as MadeJoint
    from peelflow.model.records import Migrated as Migrated
    from peelflow.model.records import Moment as Moment
    from peelflow.model.records import Noted as Noted
    from peelflow.model.records import ParentLinked as ParentLinked
    from peelflow.model.records import Provenance as Provenance
    from peelflow.model.records import Record as Record
    from peelflow.model.records import Relevelled as Relevelled
    from peelflow.model.records import TakenOver as TakenOver
    from peelflow.model.records import TransitionTaken as TransitionTaken
    from peelflow.model.records import Value as Value
    from peelflow.model.routes import Route as Route
    from peelflow.model.routes import RouteStep as RouteStep
    from peelflow.model.rules import Category as Category
    from peelflow.model.rules import FieldRule as FieldRule
    from peelflow.model.rules import Lifecycle as Lifecycle
    from peelflow.model.rules import MigrationPlan as MigrationPlan
    from peelflow.model.rules import Pin as Pin
    from peelflow.portfolio.engage import EngageCause as EngageCause
    from peelflow.portfolio.engage import EngageSpell as EngageSpell
    from peelflow.portfolio.engage import EngageVisit as EngageVisit
    from peelflow.portfolio.grouping import Group as Group
    from peelflow.portfolio.grouping import GroupCount as GroupCount
    from peelflow.portfolio.grouping import GroupedFigures as GroupedFigures
    from peelflow.portfolio.listing import Age as Age
    from peelflow.portfolio.listing import Attribution as Attribution
    from peelflow.portfolio.listing import RecordRow as RecordRow
    from peelflow.portfolio.listing import Share as Share
    from peelflow.portfolio.movement import Movement as Movement
    from peelflow.portfolio.movement import MovementTotal as MovementTotal
    from peelflow.portfolio.notes import Note as Note
    from peelflow.portfolio.overdue import Deadlines as Deadlines
    from peelflow.portfolio.overdue import Overdue as Overdue
    from peelflow.portfolio.overdue import OverdueRecord as OverdueRecord
    from peelflow.portfolio.overdue import UndatedRecord as UndatedRecord
    from peelflow.portfolio.plan import PlannedInspection as PlannedInspection
    from peelflow.portfolio.plan import Verifiable as Verifiable
    from peelflow.portfolio.reconcile import Difference as Difference
    from peelflow.portfolio.reconcile import ReconcileResult as ReconcileResult
    from peelflow.portfolio.selection import Criterion as Criterion
    from peelflow.portfolio.selection import Selection as Selection
    from peelflow.register.backup import Backup as Backup
    from peelflow.register.backup import backup as backup
    from peelflow.register.batch import Batch as Batch
    from peelflow.register.csv_import import ImportResult as ImportResult
    from peelflow.register.deadlines import Deadline as Deadline
    from peelflow.register.deadlines import DeadlineChange as DeadlineChange
    from peelflow.register.deadlines import StateDeadline as StateDeadline
    from peelflow.register.migrations import Impact as Impact
    from peelflow.register.migrations import MigrationImpact as MigrationImpact
    from peelflow.register.migrations import MigrationResult as MigrationResult
    from peelflow.register.register import Register as Register
    from peelflow.register.session import Session as Session
    from peelflow.register.timers import PendingTimer as PendingTimer
    from peelflow.register.timers import TickResult as TickResult
    from peelflow.results import Result as Result
    from peelflow.rulebook.national import check as check
    from peelflow.rulebook.national import load as load
    from peelflow.rulebook.national import national as national
    from peelflow.rulebook.rulebook import Rulebook as Rulebook
    from peelflow.stores.base import FeedItem as FeedItem
    from peelflow.stores.base import StoredEvent as StoredEvent
    from peelflow.stores.integrity import ChainHead as ChainHead
    from peelflow.stores.integrity import Discrepancy as Discrepancy
    from peelflow.stores.seals import Heads as Heads
    from peelflow.stores.seals import Seal as Seal
    from peelflow.stores.seals import SealKey as SealKey
    from peelflow.stores.seals import seal_from as seal_from
    from peelflow.stores.seals import seal_key_from as seal_key_from
    from peelflow.stores.seals import seal_text as seal_text

_HOMES = {
    "peelflow.register.backup": "Backup backup",
    "peelflow.register.register": "Register",
    "peelflow.register.batch": "Batch",
    "peelflow.register.session": "Session",
    "peelflow.rulebook.national": "check load national",
    "peelflow.rulebook.rulebook": "Rulebook",
    "peelflow.engine.application_machine": "machine",
    "peelflow.engine.decide": "decide",
    "peelflow.errors": (
        "AnswerLost Conflict Diagnostic EventVoided InspectorateOnly InvalidRequest InvalidRules "
        "KeyReused MissingDependency NotPermitted PeelflowError RulesMismatch Span StoreBusy "
        "StoreError StoreUnavailable StoreVersion UnknownDocument UnknownRecord UnstorableText "
        "Unverified"
    ),
    "peelflow.figures": "FigureLine Figures",
    "peelflow.model.decisions": (
        "Act AnswersNeed AppointmentNeed ChildrenNeed Context DayNeed DocumentNeed FieldNeed "
        "Inspection InspectionNeed KnownInspection Need NeedAlternatives NeedBase NextAct "
        "ParentNeed PersonNeed PredicateNeed Reason ReasonNeed Refusal Refused RoleNeed "
        "SourceNeed StepNeed SuccessorNeed"
    ),
    "peelflow.model.records": (
        "Actor Added Amended Attached Attachment Change ChildLinked Corrected Document Event "
        "EventPayload FieldValue Joint LastDone MadeJoint Migrated Moment Noted ParentLinked "
        "Provenance Record Relevelled TakenOver TransitionTaken Value"
    ),
    "peelflow.model.routes": "Route RouteStep",
    "peelflow.model.rules": "Category FieldRule Lifecycle MigrationPlan Pin",
    "peelflow.portfolio.engage": "EngageCause EngageSpell EngageVisit",
    "peelflow.portfolio.grouping": "Group GroupCount GroupedFigures",
    "peelflow.portfolio.listing": "Age Attribution RecordRow Share",
    "peelflow.portfolio.movement": "Movement MovementTotal",
    "peelflow.portfolio.notes": "Note",
    "peelflow.portfolio.overdue": "Deadlines Overdue OverdueRecord UndatedRecord",
    "peelflow.portfolio.plan": "PlannedInspection Verifiable",
    "peelflow.portfolio.reconcile": "Difference ReconcileResult",
    "peelflow.portfolio.selection": "Criterion Selection",
    "peelflow.register.csv_import": "ImportResult",
    "peelflow.register.migrations": "Impact MigrationImpact MigrationResult",
    "peelflow.register.deadlines": "Deadline DeadlineChange StateDeadline",
    "peelflow.register.timers": "PendingTimer TickResult",
    "peelflow.results": "Result",
    "peelflow.stores.base": "FeedItem StoredEvent",
    "peelflow.stores.integrity": "ChainHead Discrepancy",
    "peelflow.stores.seals": "Heads Seal SealKey seal_from seal_key_from seal_text",
}
_HOME_OF = dict(sorted((name, home) for home, names in _HOMES.items() for name in names.split()))

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in."""
    home = _HOME_OF.get(name)
    if home is None:
        message = f"module 'peelflow' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names alone, without loading them."""
    return list(__all__)
