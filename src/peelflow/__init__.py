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

if TYPE_CHECKING:
    from peelflow.engine.application_machine import machine
    from peelflow.engine.decide import decide
    from peelflow.errors import (
        Conflict,
        Diagnostic,
        InvalidRequest,
        InvalidRules,
        KeyReused,
        MissingDependency,
        PeelflowError,
        RulesMismatch,
        Span,
        StoreBusy,
        StoreError,
        StoreUnavailable,
        StoreVersion,
        UnknownDocument,
        UnknownRecord,
        UnstorableText,
    )
    from peelflow.figures import FigureLine, Figures
    from peelflow.model.decisions import (
        Act,
        AnswersNeed,
        AppointmentNeed,
        ChildrenNeed,
        Context,
        DayNeed,
        DocumentNeed,
        FieldNeed,
        Inspection,
        InspectionNeed,
        KnownInspection,
        Need,
        NeedAlternatives,
        NeedBase,
        NextAct,
        ParentNeed,
        PersonNeed,
        PredicateNeed,
        Reason,
        ReasonNeed,
        Refusal,
        Refused,
        RoleNeed,
        Route,
        RouteStep,
        SourceNeed,
        StepNeed,
        SuccessorNeed,
    )
    from peelflow.model.records import (
        Actor,
        Added,
        Amended,
        Attached,
        Attachment,
        Change,
        ChildLinked,
        Corrected,
        Document,
        Event,
        EventPayload,
        FieldValue,
        LastDone,
        Migrated,
        Moment,
        Provenance,
        Record,
        Relevelled,
        TakenOver,
        TransitionTaken,
        Value,
    )
    from peelflow.model.rules import Category, FieldRule, Lifecycle, MigrationPlan, Pin
    from peelflow.portfolio.listing import Age, Attribution, RecordRow
    from peelflow.portfolio.movement import Movement
    from peelflow.portfolio.overdue import Overdue, OverdueRecord, UndatedRecord
    from peelflow.portfolio.plan import PlannedInspection, Verifiable
    from peelflow.portfolio.reconcile import Difference, ReconcileResult
    from peelflow.register.batch import Batch
    from peelflow.register.csv_import import ImportResult
    from peelflow.register.migrations import Impact, MigrationImpact, MigrationResult
    from peelflow.register.register import Register
    from peelflow.register.session import Session
    from peelflow.register.timers import (
        Deadline,
        DeadlineChange,
        PendingTimer,
        StateDeadline,
        TickResult,
    )
    from peelflow.results import Result
    from peelflow.rulebook.national import check, load, national
    from peelflow.rulebook.rulebook import Rulebook
    from peelflow.stores.base import FeedItem, StoredEvent
    from peelflow.stores.integrity import ChainHead, Discrepancy, Heads, Seal

_HOMES = {
    "peelflow.register.register": "Register",
    "peelflow.register.batch": "Batch",
    "peelflow.register.session": "Session",
    "peelflow.rulebook.national": "check load national",
    "peelflow.rulebook.rulebook": "Rulebook",
    "peelflow.engine.application_machine": "machine",
    "peelflow.engine.decide": "decide",
    "peelflow.errors": (
        "Conflict Diagnostic InvalidRequest InvalidRules KeyReused MissingDependency PeelflowError "
        "RulesMismatch Span StoreBusy StoreError StoreUnavailable StoreVersion UnknownDocument "
        "UnknownRecord UnstorableText"
    ),
    "peelflow.figures": "FigureLine Figures",
    "peelflow.model.decisions": (
        "Act AnswersNeed AppointmentNeed ChildrenNeed Context DayNeed DocumentNeed FieldNeed "
        "Inspection InspectionNeed KnownInspection Need NeedAlternatives NeedBase NextAct "
        "ParentNeed PersonNeed PredicateNeed Reason ReasonNeed Refusal Refused RoleNeed Route "
        "RouteStep SourceNeed StepNeed SuccessorNeed"
    ),
    "peelflow.model.records": (
        "Actor Added Amended Attached Attachment Change ChildLinked Corrected Document Event "
        "EventPayload FieldValue LastDone Migrated Moment Provenance Record Relevelled TakenOver "
        "TransitionTaken Value"
    ),
    "peelflow.model.rules": "Category FieldRule Lifecycle MigrationPlan Pin",
    "peelflow.portfolio.listing": "Age Attribution RecordRow",
    "peelflow.portfolio.movement": "Movement",
    "peelflow.portfolio.overdue": "Overdue OverdueRecord UndatedRecord",
    "peelflow.portfolio.plan": "PlannedInspection Verifiable",
    "peelflow.portfolio.reconcile": "Difference ReconcileResult",
    "peelflow.register.csv_import": "ImportResult",
    "peelflow.register.migrations": "Impact MigrationImpact MigrationResult",
    "peelflow.register.timers": "Deadline DeadlineChange PendingTimer StateDeadline TickResult",
    "peelflow.results": "Result",
    "peelflow.stores.base": "FeedItem StoredEvent",
    "peelflow.stores.integrity": "ChainHead Discrepancy Heads Seal",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Act",
    "Actor",
    "Added",
    "Age",
    "Amended",
    "AnswersNeed",
    "AppointmentNeed",
    "Attached",
    "Attachment",
    "Attribution",
    "Batch",
    "Category",
    "ChainHead",
    "Change",
    "ChildLinked",
    "ChildrenNeed",
    "Conflict",
    "Context",
    "Corrected",
    "DayNeed",
    "Deadline",
    "DeadlineChange",
    "Diagnostic",
    "Difference",
    "Discrepancy",
    "Document",
    "DocumentNeed",
    "Event",
    "EventPayload",
    "FeedItem",
    "FieldNeed",
    "FieldRule",
    "FieldValue",
    "FigureLine",
    "Figures",
    "Heads",
    "Impact",
    "ImportResult",
    "Inspection",
    "InspectionNeed",
    "InvalidRequest",
    "InvalidRules",
    "KeyReused",
    "KnownInspection",
    "LastDone",
    "Lifecycle",
    "Migrated",
    "MigrationImpact",
    "MigrationPlan",
    "MigrationResult",
    "MissingDependency",
    "Moment",
    "Movement",
    "Need",
    "NeedAlternatives",
    "NeedBase",
    "NextAct",
    "Overdue",
    "OverdueRecord",
    "ParentNeed",
    "PeelflowError",
    "PendingTimer",
    "PersonNeed",
    "Pin",
    "PlannedInspection",
    "PredicateNeed",
    "Provenance",
    "Reason",
    "ReasonNeed",
    "ReconcileResult",
    "Record",
    "RecordRow",
    "Refusal",
    "Refused",
    "Register",
    "Relevelled",
    "Result",
    "RoleNeed",
    "Route",
    "RouteStep",
    "Rulebook",
    "RulesMismatch",
    "Seal",
    "Session",
    "SourceNeed",
    "Span",
    "StateDeadline",
    "StepNeed",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "StoreVersion",
    "StoredEvent",
    "SuccessorNeed",
    "TakenOver",
    "TickResult",
    "TransitionTaken",
    "UndatedRecord",
    "UnknownDocument",
    "UnknownRecord",
    "UnstorableText",
    "Value",
    "Verifiable",
    "check",
    "decide",
    "load",
    "machine",
    "national",
]


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
