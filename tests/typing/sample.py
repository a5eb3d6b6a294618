"""What an application writes: checked by type checkers, without a cast or an ignore, never run."""

# pyright: strict

from __future__ import annotations

import json
from datetime import date

from peelflow import (
    Actor,
    Conflict,
    DocumentNeed,
    Event,
    FieldValue,
    InvalidRules,
    NextAct,
    PeelflowError,
    Reason,
    Record,
    Refused,
    Register,
    Route,
    Seal,
    TransitionTaken,
    check,
    load,
)

LEAD = Actor("ann", "lead")


def start(register: Register, record: str) -> tuple[Reason, ...]:
    """Fire, and return why not."""
    try:
        event: Event = register.fire(record, "start", actor=LEAD, on=date(2023, 1, 9))
    except Refused as refused:
        print(refused.code, refused.refusal.head)
        return refused.refusal.reasons
    except Conflict as conflict:
        print(conflict.code, conflict.record, conflict.expected + 1, conflict.found + 1)
        return ()
    if isinstance(event.what, TransitionTaken):
        print(event.kind, event.what.old, event.what.new)
    return ()


def instead(reasons: tuple[Reason, ...]) -> list[str]:
    """Return what would do, and which documents are asked for."""
    kinds = [
        need.kind
        for reason in reasons
        for together in reason.asks
        for need in together
        if isinstance(need, DocumentNeed)
    ]
    return [*(f"{reason.kind}: {reason.instead}" for reason in reasons), *kinds]


def buttons(register: Register, record: str) -> dict[str, list[str]]:
    """List what may be done now, each act with what it still needs."""
    acts: tuple[NextAct, ...] = register.next_acts(record, LEAD)
    return {
        f"{act.trigger} to {act.to}": [
            need.need for together in act.needs for need in together if not act.allowed
        ]
        for act in acts
    }


def several(register: Register) -> None:
    """Do several verbs as one batch."""
    with register.batch() as batch:
        batch.add(
            "WMP-1",
            category="recommendation",
            level=3,
            force="wmp",
            issued=date(2023, 1, 9),
            fields={"published": date(2023, 1, 9)},
            actor=LEAD,
        )
        batch.amend("WMP-1", "owner", "ann", actor=LEAD, on=date(2023, 1, 10), reason="new")


def as_json(register: Register, record: str) -> str:
    """Send a record, its history and its way to a browser."""
    known: Record = register.record(record)
    way: Route = register.route(record, to="closed")
    fields: dict[str, FieldValue] = register.fields(record)
    history = [event.to_dict() for event in register.history(record)]
    data = {"record": known.to_dict(), "history": history, "way": way.to_dict()}
    return json.dumps({**data, "fields": {name: str(value) for name, value in fields.items()}})


def keep_safe(register: Register, before: Seal | None) -> Seal:
    """Verify against the last seal, then seal anew."""
    for discrepancy in register.verify(sealed=before):
        print(discrepancy.record, discrepancy.code, discrepancy.sentence)
    seal, _ = register.seal()
    print(json.dumps(seal.to_dict()))
    return seal


def migrate(register: Register) -> int:
    """Preview a plan, then move the records."""
    impact = register.preview("level-3-to-2")
    print(impact.affected, [move.sentence for move in impact.worst])
    moved = register.migrate("level-3-to-2", actor=LEAD, on=date(2023, 1, 9), reason="new rules")
    return moved.moved


def open_own(folder: str) -> Register:
    """Open a register under rules of one's own."""
    try:
        rules = load(folder)
    except InvalidRules as faults:
        for fault in faults.diagnostics:
            print(fault.span.file, fault.span.line, fault.code, fault.help)
        raise
    print([str(note) for note in check(folder)], rules.lifecycles[0].name)
    return Register.open("sqlite:///records.db", rulebook=rules)


def main() -> None:
    """Use it all."""
    try:
        with open_own("rules") as register:
            several(register)
            print(instead(start(register, "WMP-1")), as_json(register, "WMP-1"))
            print(buttons(register, "WMP-1"))
            print(keep_safe(register, None), migrate(register), register.figures().total)
    except PeelflowError as error:
        print(error.code, error)
