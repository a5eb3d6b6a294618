"""Say events in words, one line each."""

from __future__ import annotations

from typing import assert_never

from peelflow.model.records import (
    Acted,
    Added,
    Amended,
    Attached,
    Corrected,
    Event,
    Linked,
    Migrated,
    Relevelled,
    TakenOver,
    Value,
    What,
)

_CORRECTED = {"void": "voided", "redate": "re-dated"}


def what_happened(event: Event) -> tuple[int, str, str, str, str, str | None, str | None]:
    """Return an event as a row: number, day, what, who decided, who typed, reason, source."""
    return (
        event.number,
        event.on.isoformat(),
        say_what(event.what),
        str(event.actor),
        event.recorded_by,
        event.reason,
        event.source,
    )


def say_what(what: What) -> str:
    """Say what happened, without who and when."""
    match what:
        case Added(lifecycle=pin, state=state):
            return f"added as {state} under {pin}"
        case TakenOver(lifecycle=pin, state=state):
            return f"taken over as {state} under {pin} (assumed)"
        case Acted():
            return _say_act(what)
        case Attached(document=document):
            return f"attached {document.kind} {document.name}"
        case Amended(field=name, old=old, new=new):
            return f"{name}: {_say(old)} → {_say(new)}"
        case Linked(child=child):
            return f"child {child}"
        case Relevelled(old_level=old, new_level=level, new=new):
            return f"level {old or 'none'} → {level or 'none'}, as {new}"
        case Migrated(lifecycle=pin, new=new):
            return f"moved to {pin}, as {new}"
        case Corrected(event=number, correction=correction, to=to):
            return f"event {number} {_CORRECTED[correction]}" + (f" to {to}" if to else "")
        case _:
            assert_never(what)


def _say_act(what: Acted) -> str:
    parts = [f"{what.trigger}: {what.old} → {what.new}"]
    parts += [f"with {document.kind} {document.name}" for document in what.evidence]
    parts += [f"at {what.inspection}"] if what.inspection else []
    parts += [f"succeeded by {what.successor}"] if what.successor else []
    parts += [f"due {what.due}"] if what.due else []
    return ", ".join(parts)


def _say(value: Value | None) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else "; ".join(value)
