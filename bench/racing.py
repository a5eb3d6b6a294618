"""Racing: a cause of concern closes while its child re-opens, in two processes, again and again."""

from __future__ import annotations

from collections import Counter
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

from attrs import frozen

from peelflow.errors import Conflict, StoreBusy
from peelflow.model.decisions import Refused
from peelflow.register.register import Register
from tests.builders.force import FORCE, HMICFRS, LIAISON, START, clock

PATIENCE = 60


@frozen
class Races:
    """How the races ended; a closed parent with an open child is a fault, as is no winner."""

    closed: int
    reopened: int
    refusals: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.closed + self.reopened} families raced, {self.closed} parents closed, "
            f"{self.reopened} children re-opened, the others refused ({self.refusals}); "
            f"closed parents with an open child, or nobody accepted: {len(self.faults)}"
        )


def family(number: int) -> tuple[str, str]:
    """Return the ids of a parent and its child."""
    return f"COC-{number:04}", f"REC-{number:04}"


def race_families(url: str, races: int) -> Races:
    """Race that many families on the store at `url`, each once."""
    with Register.open(url, clock=clock) as register:
        prepare(register, races)
    context = get_context("spawn")
    barrier = context.Barrier(2)
    with context.Pool(2, initializer=meet, initargs=(barrier,)) as pool:
        sides = pool.starmap(race, [(url, side, races) for side in (0, 1)], chunksize=1)
        pool.close()
        pool.join()
    with Register.open(url, clock=clock) as register:
        return judged(register, sides[0], sides[1])


def prepare(register: Register, races: int) -> None:
    """Take over causes of concern that could close, each with a closed child."""
    with register.batch() as batch:
        for number in range(races):
            parent, child = family(number)
            batch.take_over(
                parent,
                category="cause_of_concern",
                state="in_progress",
                force=FORCE,
                issued=START,
                on=START,
                actor=LIAISON,
                source="tracker",
                reason="before us",
            )
            batch.take_over(
                child,
                category="recommendation",
                level=3,
                state="closed",
                force=FORCE,
                parent=parent,
                issued=START,
                on=START,
                actor=HMICFRS,
                recorded_by=LIAISON.person,
                source="tracker",
                reason="before us",
            )


_meeting: list[Barrier] = []


def meet(barrier: Barrier) -> None:
    """Let this process know where the two begin together."""
    _meeting.append(barrier)


def race(url: str, side: int, races: int) -> list[str]:
    """Close every parent, or re-open every child, each at once with the other side."""
    told = []
    with Register.open(url, clock=clock) as register:
        for number in range(races):
            _meeting[0].wait(PATIENCE)
            told.append(fire(register, family(number)[side], ("close", "reopen")[side]))
    return told


def fire(register: Register, record: str, trigger: str) -> str:
    """Record HMICFRS's decision and say what it came to."""
    try:
        register.fire(
            record,
            trigger,
            actor=HMICFRS,
            recorded_by=LIAISON.person,
            on=START,
            source="portal",
            reason="as the letter says",
        )
    except (Conflict, Refused, StoreBusy) as fault:
        return type(fault).__name__
    return "accepted"


def judged(register: Register, closing: list[str], reopening: list[str]) -> Races:
    """Look at every family as it stands, and at what both sides were told."""
    faults = []
    for number, told in enumerate(zip(closing, reopening, strict=True)):
        parent, child = (register.record(each).state for each in family(number))
        stands = (parent == "closed", child == "in_progress")
        if stands != (told[0] == "accepted", told[1] == "accepted") or sum(stands) != 1:
            faults.append(f"{family(number)}: {told}, and they stand at {parent}, {child}")
    refusals = Counter(each for each in (*closing, *reopening) if each != "accepted")
    return Races(
        closing.count("accepted"),
        reopening.count("accepted"),
        ", ".join(f"{count} {name}" for name, count in sorted(refusals.items())),
        tuple(faults),
    )
