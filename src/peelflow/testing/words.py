"""The small world that drawn rules live in: its roles, documents, category and people."""

from __future__ import annotations

from datetime import date

from peelflow.model.periods import Holidays
from peelflow.model.rules import SYSTEM, Category, EvidenceKind, FieldRule, Role, Vocabulary

CATEGORY = "recommendation"
FORCE = "West Midlands"
INSPECTION = "INS-1"
HOLIDAYS = Holidays(
    frozenset({date(2022, 1, 3), date(2022, 2, 8), date(2022, 2, 28), date(2022, 4, 15)}),
    2021,
    2024,
)
TOO_FEW = Holidays(frozenset(), 2021, 2021)
QUESTIONS = ("7", "7.2", "7.20", "72")
QUESTION_SETS = ("twelve", "nine")
ADDRESSEES = ("chief_constables", "pccs", "npcc")
REPORT = "REP-1"
LEDGERS = ("portal", "force")
TRIGGERS = ("start", "certify", "verify", "refuse", "withdraw")

VOCABULARY = Vocabulary(
    vocabulary="testing",
    roles={
        "hmicfrs": Role("inspectorate", "HMICFRS"),
        "visiting_inspector": Role("inspectorate", "Inspector on loan", by_appointment=True),
        "chief_constable": Role("force", "Chief Constable"),
        "nominated_deputy": Role("force", "Nominated deputy", by_appointment=True),
        "liaison_officer": Role("force", "Force liaison officer", may_be_delegated=True),
        "audit_committee": Role("oversight", "Audit committee"),
        SYSTEM: Role("system", "peelflow itself"),
    },
    evidence={"letter": EvidenceKind("Signed letter"), "plan": EvidenceKind("Action plan")},
    categories={
        CATEGORY: Category(
            title="Recommendation",
            children=(CATEGORY,),
            fields={
                "owner": FieldRule("person", "Who does the work"),
                "theme": FieldRule("text", "Theme"),
                "question": FieldRule("text", "PEEL question"),
                "question_set": FieldRule("choice", "Question set", choices=QUESTION_SETS),
                "published": FieldRule("date", "Publication of the report"),
                "report": FieldRule("reference", "Report it is of", to=(CATEGORY,)),
                "source_report": FieldRule("reference", "Report it is from", to=(CATEGORY,)),
                "answers": FieldRule("reference", "What it answers", to=(CATEGORY,)),
                "addressees": FieldRule("list", "To whom it is addressed", choices=ADDRESSEES),
            },
        )
    },
    predicates={"budget_agreed": "The budget is agreed"},
)
"""The roles, kinds of evidence, category and predicate that drawn lifecycles use."""

SIGNATORIES = ("chief_constable", "nominated_deputy", "hmicfrs")


def holder_of(role: str) -> str:
    """Return the person who holds a role, as drawn contexts mostly appoint them."""
    return f"the {role}"
