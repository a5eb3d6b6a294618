"""Large lifecycles: strands of work with side doors between them, four transitions a state.

A strand is ten states long, like a level of the national rules: six of work, one certified, one
proposed for another end, and the two ends. The same seed gives the same lifecycle.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import (
    AlwaysReachable,
    AppliesTo,
    Counts,
    Guarantee,
    Lifecycle,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    State,
    StateSet,
    Transition,
)
from peelflow.rulebook.loader import resolve
from peelflow.rulebook.national import national

LENGTH, WORK = 10, 6
CHIEFS = ("chief_constable", "nominated_deputy")
LIAISON, FORCE, HMICFRS = ("liaison_officer",), ("liaison_officer", "lead"), ("hmicfrs",)
REASON = (ReasonGiven(),)
LETTER = Evidence("letter", signed_by=("chief_constable",))
VERIFIED = InspectionHeld("planned", relevant=True)
CLOSED = StateSet(
    ledger="force", counts="closed"
)  # by verification; `portal` counts each end closed
OPEN, REVIEW = "work_0_0", "work_0_4"  # states that requirements count from
FAR = 25  # how many strands a side door passes at most
Way = tuple[str, str, tuple[str, ...], tuple[Requirement, ...]]
Named = tuple[str, State]
PROMISES: tuple[Promise, ...] = (
    OnlyEnteredBy(StateSet(ledger="portal", counts="closed"), HMICFRS),
    NeverEnteredWithoutSteps(CLOSED, ("certify", "verify")),
    NeverEnteredUnless(CLOSED, VERIFIED),
    AlwaysReachable(CLOSED),
    SeparationOfDuties("certify", "verify"),
)
ASKED: tuple[tuple[Requirement, ...], ...] = (
    (),
    (),
    (FieldSet("owner"),),
    (ReasonGiven(),),
    (FieldSet("owner"), FieldSet("due"), ReasonGiven()),
    (Evidence("letter"),),
    (Evidence("letter", since=OPEN), ReasonGiven()),
    (Waited(28, PUBLISHED), Evidence("letter", since=REVIEW)),
    (Waited(14), FieldSet("owner")),
    (AnyOf(((ReasonGiven(), SuccessorNamed()), (LETTER,), (Waited(56, OPEN),))),),
)


def large(size: int, *, leak: bool = False, seed: int = 11) -> Lifecycle:
    """Return a settled lifecycle of `size` states, four transitions each, and five guarantees.

    Args:
        size: How many states, a multiple of ten.
        leak: In the last strand the force itself accepts a proposal: one guarantee is refuted.
        seed: What requirements and side doors are drawn from.
    """
    draw, strands = Random(seed), size // LENGTH
    states: dict[str, State] = {}
    for strand in range(strands):
        accept = LIAISON if leak and strand == strands - 1 else HMICFRS
        states |= _strand(strand, strands, draw, accept)
    lifecycle = Lifecycle(
        name="large",
        version=1,
        in_force_from=date(2020, 1, 1),
        title="Large",
        applies_to=AppliesTo(("recommendation",), (3,)),
        initial=OPEN,
        states=states,
        guarantees=tuple(Guarantee(type(one).__name__, "a bench", one) for one in PROMISES),
    )
    return resolve(lifecycle, national().vocabulary, None)


def _strand(strand: int, strands: int, draw: Random, accept: tuple[str, ...]) -> Iterator[Named]:
    """Yield the states of a strand: work from the first to the last, then what judges it, ends."""
    work = [f"work_{strand}_{place}" for place in range(WORK)]
    for place, name in enumerate(work):
        yield name, _state(_worked(strand, place, strands, draw), portal="open", force="open")
    certified: list[Way] = [
        ("verify", f"closed_{strand}", HMICFRS, (VERIFIED, DistinctFrom("certify"))),
        ("refuse", work[-1], HMICFRS, (VERIFIED, *REASON)),
        ("send_back", work[2], HMICFRS, (*REASON, Waited(28, REVIEW))),
        ("recall", work[3], CHIEFS, draw.choice(ASKED)),
    ]
    yield f"certified_{strand}", _state(certified, portal="open", force="open")
    proposed: list[Way] = [
        ("accept", f"superseded_{strand}", accept, (DistinctFrom("propose"),)),
        ("decline", work[1], HMICFRS, REASON),
        ("withdraw", work[draw.randrange(WORK)], LIAISON, ()),
        ("rework", work[draw.randrange(WORK)], FORCE, draw.choice(ASKED)),
    ]
    yield f"proposed_{strand}", _state(proposed, portal="open", force="open")
    again: list[Way] = [(f"reopen_{n}", to, HMICFRS, REASON) for n, to in enumerate(work[:4])]
    yield f"closed_{strand}", _state(again, portal="closed", force="closed")
    yield f"superseded_{strand}", _state(again, portal="closed", force="open")


def _worked(strand: int, place: int, strands: int, draw: Random) -> list[Way]:
    """Return the ways out of work: on, out by a side door, back, over to another strand."""
    on: Way = ("advance", f"work_{strand}_{place + 1}", FORCE, draw.choice(ASKED))
    if place == WORK - 1:
        on = ("certify", f"certified_{strand}", CHIEFS, (LETTER,))
    near = max(0, strand - FAR), min(strands - 1, strand + FAR)
    other = min(strand + 1, strands - 1) if place == 0 else draw.randint(*near)
    return [
        on,
        ("propose", f"proposed_{strand}", LIAISON, (SuccessorNamed(), *REASON)),
        ("step_back", f"work_{strand}_{draw.randrange(WORK)}", FORCE, draw.choice(ASKED)),
        ("hand_over", f"work_{other}_{draw.randrange(WORK)}", LIAISON, draw.choice(ASKED)),
    ]


def _state(ways: list[Way], **counts_as: Counts) -> State:
    """Return a state, an end where it counts closed on the portal."""
    final = counts_as["portal"] == "closed"
    rules = tuple(Transition(*way, reopens=final) for way in ways)
    return State(counts_as, final=final, transitions=rules)
