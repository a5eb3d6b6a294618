"""A force's own outline of its committee's paper: which parts, in what order, under what words."""

from __future__ import annotations

from typing import Annotated, Literal

from attrs import field

from peelflow.errors import NOWHERE, Span
from peelflow.model.constraints import AtLeastOne, LedgerName, Positive
from peelflow.results import frozen

SectionName = Literal[
    "framework",
    "levels",
    "figures",
    "movement",
    "history",
    "ages",
    "reports",
    "overdue",
    "letters",
    "verification",
    "plan",
    "due",
    "corrections",
    "notes",
    "text",
]


@frozen
class OutlineSection:
    """One part of the paper.

    Args:
        section: What it holds.
        title: What stands above it; what peelflow calls it when left out.
        words: A paragraph before it.
        by: Of `movement`: what its sums are grouped by, such as `report` or `field:body`; the rows
            of the figures when left out.
        record: Of a `text`: the record that the document is attached to.
        document: Of a `text`: the document's name; the last one of that name counts.
        span: Where it is declared.
    """

    section: SectionName
    title: str | None = None
    words: str | None = None
    by: str | None = None
    record: str | None = None
    document: str | None = None
    span: Span = field(default=NOWHERE, eq=False, repr=False)


@frozen
class Outline:
    """A whole paper.

    Args:
        title: The paper's title.
        committee: For whom it is.
        item: The item of the agenda.
        purpose: What it is for, in a sentence.
        ledger: The ledger whose figures it gives.
        older_than_years: From how many years on an open record is called old.
        sections: Its parts, in order.
        span: Where it begins.
    """

    title: str
    sections: Annotated[tuple[OutlineSection, ...], AtLeastOne()]
    committee: str | None = None
    item: str | None = None
    purpose: str | None = None
    ledger: LedgerName = "portal"
    older_than_years: Positive = 2
    span: Span = field(default=NOWHERE, eq=False, repr=False)


_ORDER: tuple[SectionName, ...] = (
    *("framework", "levels", "figures", "movement", "history", "ages"),
    *("reports", "overdue", "letters", "verification", "plan", "due", "corrections"),
)
STANDARD_OUTLINE = Outline(
    title="HMICFRS update",
    purpose="To give the committee oversight of HMICFRS inspection activity and recommendations.",
    sections=tuple(OutlineSection(name) for name in _ORDER),
)
"""The paper of a force that says nothing else."""
