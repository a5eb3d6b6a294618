"""An obligation is one thing that is proved of a force's file, or of a plan, whatever it promises.

Each has the codes of the diagnostics that say it is broken. docs/proof.md lists all of them, with
the shortest walk that would break each.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field

from peelflow.errors import Diagnostic
from peelflow.proof.satisfiability import Verdict
from peelflow.results import Result, frozen

_OPEN, _PLAN_OPEN = "refinement-undetermined", "migration-undetermined"
OPEN_PROOFS = frozenset({"guarantee-undetermined", _OPEN, _PLAN_OPEN})
"""What says that a proof is open: refused as an error too, but not refuted."""


@frozen
class Obligation:
    """One thing to prove: its name, what it says, and the codes of what breaks it."""

    name: str
    that: str
    codes: tuple[str, ...]


REFINEMENT = (
    Obligation(
        "scope",
        "it runs no records that the national file does not, and none sooner",
        ("refines-another", "wider-than-national", "earlier-than-national"),
    ),
    Obligation(
        "roles",
        "a role means what it means nationally, and stands only for one that is delegated",
        ("role-redefined", "not-delegable"),
    ),
    Obligation(
        "states",
        "each state stands for a national one, and records begin where and as they do nationally",
        ("stands-for-nothing", "initial-differs", "begun-otherwise"),
    ),
    Obligation(
        "counts", "each state counts as nationally on every national ledger", ("count-differs",)
    ),
    Obligation(
        "ends",
        "an end is one nationally, and a step of the force's own stays there and changes nothing",
        ("final-differs", "own-step-from-end"),
    ),
    Obligation(
        "own steps",
        "a step of the force's own moves no record nationally, and the inspectorate takes none",
        ("own-step-leaves", "own-step-by-others", "own-step-misnamed"),
    ),
    Obligation(
        "answered steps",
        "a step that answers a national one leads where that does, by those who may do that",
        ("answers-nothing", "target-differs", "role-added"),
    ),
    Obligation(
        "requirements",
        "a step that answers a national one needs all that that needs",
        ("requirement-weakened", _OPEN),
    ),
    Obligation(
        "others' steps",
        "others can do all that they can do nationally, with no more, under the same name",
        ("theirs-missing", "theirs-burdened", "theirs-renamed", _OPEN),
    ),
    Obligation("times", "a timed step falls due when it does nationally", ("theirs-retimed",)),
    Obligation(
        "the force alone",
        "on its way to an end a record is in others' hands no oftener than nationally",
        ("in-others-hands", _OPEN),
    ),
    Obligation(
        "reachable ends",
        "what can always be reached nationally can be reached here",
        ("end-unreachable", _OPEN),
    ),
    Obligation(
        "national guarantees",
        "each guarantee of the national file holds on every walk here",
        ("guarantee-broken", _OPEN),
    ),
    Obligation(
        "other levels",
        "every national plan, to another level or another version, can move its records",
        ("relevelling-refused",),
    ),
)
"""What is proved of a file that refines a national one."""

MIGRATION = (
    Obligation(
        "scope",
        "it leads between two lifecycles that are there, and the new one runs all the records",
        ("unknown-lifecycle", "migrates-another", "applies-elsewhere"),
    ),
    Obligation(
        "names",
        "it says where each state goes, and what each trigger that a guarantee names was",
        ("state-unmapped", "trigger-unmapped", "unknown-state", "unknown-trigger"),
    ),
    Obligation("counts", "no record counts otherwise after it than before", ("count-changes",)),
    Obligation(
        "ends",
        "it ends no record, and leaves none where no end can be reached",
        ("ends-records", "unclosable"),
    ),
    Obligation(
        "levels",
        "only the inspectorate changes a level; national records move on by national plans alone",
        ("relevelled-by-others", "national-move"),
    ),
    Obligation(
        "national states",
        "what stood for a national state stands for the same one after it",
        ("national-differs", "national-state-changes"),
    ),
    Obligation(
        "steps",
        "what was done stays what it was: what sent a record back, and what is somebody else's",
        ("trigger-differs",),
    ),
    Obligation(
        "guarantees",
        "each guarantee of the new lifecycle holds on every walk through the move",
        ("migration-breaks", _PLAN_OPEN),
    ),
)
"""What is proved of a plan between two lifecycles."""


@frozen
class ObligationResult(Result):
    """What was found of one obligation.

    Attributes:
        subject: The lifecycle, as name@version, or the plan.
        obligation: The obligation's name.
        that: What it says.
        verdict: Proved, refuted or undetermined.
        codes: The codes of what was found against it.
    """

    subject: str
    obligation: str
    that: str
    verdict: Verdict
    codes: tuple[str, ...] = field(default=())


def obligation_results(
    subject: str, obligations: Iterable[Obligation], faults: Iterable[Diagnostic]
) -> tuple[ObligationResult, ...]:
    """Return what diagnostics say of each obligation.

    Args:
        subject: What the diagnostics are about.
        obligations: What was to be proved of it.
        faults: All that was found.
    """
    known = tuple(faults)
    results: list[ObligationResult] = []
    for obligation in obligations:
        against = [fault for fault in known if fault.code in obligation.codes]
        codes = tuple(sorted({fault.code for fault in against}))
        is_refuted = any(fault.code not in OPEN_PROOFS for fault in against)
        verdict: Verdict = "refuted" if is_refuted else "undetermined" if against else "proved"
        results.append(ObligationResult(subject, obligation.name, obligation.that, verdict, codes))
    return tuple(results)
