"""Move a record to the state that a sheet says: by the shortest steps, where the rules allow them.

A sheet says where a record came to stand, not by which step. So each shortest way there is tried
with what the sheet gives. One that the rules allow is taken; where they allow none, why is told,
and the way that would work; where they allow several, which one it was is left to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from attrs import evolve

from peelflow.model.decisions import AppointmentNeed, Need, Refused
from peelflow.model.records import Actor, Document, Provenance, Record
from peelflow.model.routes import Route, RouteStep
from peelflow.model.rules import SYSTEM, Lifecycle
from peelflow.phrases import listed, say_choice
from peelflow.register import commands
from peelflow.register.route_context import route_of
from peelflow.register.session import Session
from peelflow.results import frozen
from peelflow.wording import say_need

Path = tuple[str, ...]
"""The triggers of a way from one state to another, in order."""
MOST_PATHS = 8
COUNTS_CLOSED = "closed"


@frozen
class MoveRequest:
    """What a sheet gives for a move: the state, the day, who decided, and with what.

    Attributes:
        state: Where the record came to stand.
        on: The day on which it did.
        actor: Who decided so.
        recorded_by: Who typed it.
        source: The sheet's cell.
        key: What the keys of the steps begin with.
        reason: Why, in words.
        evidence: The documents that the sheet names.
        inspection: The inspection that it rests on.
        successor: What takes the record's place.
    """

    state: str
    on: date
    actor: Actor
    recorded_by: str
    source: str
    key: str
    reason: str | None = None
    evidence: tuple[Document, ...] = ()
    inspection: str | None = None
    successor: str | None = None


@frozen
class MoveResult:
    """What became of a move: the steps that were taken, or why there are none and what would do."""

    path: Path
    why: str = ""
    instead: str = ""


def move_record(session: Session, record: Record, request: MoveRequest) -> MoveResult:
    """Take a record to the state of a request, if one way there is lawful and no other is.

    Args:
        session: Where its steps go.
        record: The record as it stands.
        request: Where to, and with what.
    """
    rules = session.lifecycle(record)
    if request.on < record.on:
        why = f"{request.on} lies before its last event, on {record.on}"
        refusals = _refusals(session, rules, record, evolve(request, on=record.on))
        also = next((f"; {refusal}" for _, refusal in refusals if refusal), "")
        return MoveResult((), f"{why}{also}", say_way(session, record, request))
    tried = _refusals(session, rules, record, request)
    lawful = [path for path, refusal in tried if not refusal]
    if len(lawful) > 1:
        steps = say_choice(tuple(" and ".join(path) for path in lawful))
        why = "the sheet does not say by which step"
        return MoveResult((), why, f"do {steps}, each by `peelflow fire`")
    if not lawful:
        if not tried:
            why = f"no step of {rules} leads from here to there"
            return MoveResult((), why, _MEND)
        return MoveResult((), tried[0][1], say_way(session, record, request))
    with session.savepoint():
        _take(session, record.id, lawful[0], request)
    return MoveResult(lawful[0])


def _refusals(
    session: Session, rules: Lifecycle, record: Record, request: MoveRequest
) -> list[tuple[Path, str]]:
    """Return each shortest way with why it is refused; "" for one that is lawful."""
    return [
        (path, _refusal(session, record, path, request))
        for path in shortest_paths(rules, record.state, request.state)
    ]


def _refusal(session: Session, record: Record, path: Path, request: MoveRequest) -> str:
    with session.trial():
        try:
            _take(session, record.id, path, request)
        except Refused as refused:
            return say_refusal(refused)
    return ""


def say_refusal(refused: Refused) -> str:
    """Say why an act is refused, in one line.

    Args:
        refused: The refusal.
    """
    reasons = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in refused.reasons)
    return f"cannot `{refused.refusal.trigger}`, {reasons}" if reasons else str(refused)


def _take(session: Session, record: str, path: Path, request: MoveRequest) -> None:
    """Take the steps of a way; the last one is done with the documents."""
    for trigger in path:
        number = session.get(record).number + 1
        commands.fire(
            session,
            record,
            trigger,
            evidence=request.evidence if trigger is path[-1] else (),
            inspection=request.inspection,
            successor=request.successor,
            provenance=Provenance(
                request.actor,
                request.on,
                request.recorded_by,
                request.reason,
                request.source,
                f"{request.key}{number}",
            ),
        )


def shortest_paths(rules: Lifecycle, start: str, goal: str) -> tuple[Path, ...]:
    """Return the shortest ways from one state to another, by steps that persons take.

    Args:
        rules: The lifecycle.
        start: The state where a record stands.
        goal: The state where it is to come to.
    """
    reached = {start}
    ways: list[tuple[str, Path]] = [(start, ())]
    while ways:
        further = [
            (to, (*path, trigger))
            for state, path in ways
            for trigger, to in _steps_from(rules, state)
            if to not in reached
        ]
        found = tuple(dict.fromkeys(path for state, path in further if state == goal))
        if found:
            return found[:MOST_PATHS]
        reached |= {state for state, _ in further}
        ways = [*{(state, path[-1]): (state, path) for state, path in further}.values()]
    return ()


def _steps_from(rules: Lifecycle, state: str) -> Iterator[tuple[str, str]]:
    """Yield the triggers of a state and where each leads, but for what peelflow does by itself."""
    for transition in rules.states[state].transitions:
        if transition.by != (SYSTEM,):
            yield transition.trigger, transition.to


def counts_closed_then(rules: Lifecycle, before: str, after: str) -> bool:
    """Return whether a move has a record count closed where it did not.

    Args:
        rules: The record's rules.
        before: The state it leaves.
        after: The state it comes to.
    """
    then, now = (rules.states[state].counts_as for state in (before, after))
    return any(
        counts == COUNTS_CLOSED and then.get(ledger) != COUNTS_CLOSED
        for ledger, counts in now.items()
    )


def say_way(session: Session, record: Record, request: MoveRequest) -> str:
    """Say the shortest lawful way of a record to a state, and who may take it with what.

    Args:
        session: What has the record.
        record: The record as it stands.
        request: Where it is to come to.
    """
    on = max(request.on, record.on)
    way = route_of(session, record.id, to=request.state, ledger="portal", on=on)
    if way.steps or way.why is None:  # it may count so already, and stand elsewhere
        return _say_steps(way) or _MEND
    return f"there is no way to `{request.state}`: {way.why}"


_MEND = "mend the sheet, or correct what is wrong in the register"


def _say_steps(way: Route) -> str:
    said: list[Need] = []
    return ", then ".join(_say_step(step, said) for step in way.steps)


def _say_step(step: RouteStep, said: list[Need]) -> str:
    """Say who takes a step and what it needs, but for what is met by what is said already."""
    new: list[Need] = []
    for need in sorted(step.needs, key=_number_of_roles):
        if not _is_met_by(need, said):
            said.append(need)
            new.append(need)
    needs = "; ".join(say_need(need) for need in step.needs if need in new)
    who = "peelflow itself" if step.by == (SYSTEM,) else say_choice(step.by)
    return f"`{step.trigger}` by {who}{f': {needs}' if needs else ''}"


def _number_of_roles(need: Need) -> int:
    return len(need.roles) if isinstance(need, AppointmentNeed) else 0


def _is_met_by(need: Need, others: Iterable[Need]) -> bool:
    """Return whether whoever records other appointments has recorded one that is needed, too."""
    return isinstance(need, AppointmentNeed) and any(
        isinstance(other, AppointmentNeed)
        and other.on == need.on
        and other.person == need.person
        and {*other.roles} <= {*need.roles}
        for other in others
    )


def say_path(path: Path) -> str:
    """Say the steps that were taken.

    Args:
        path: Their triggers.
    """
    return f"by {listed(path)}"
