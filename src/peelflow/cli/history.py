"""Show one record, its history and what is next, in the command show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import assert_never

from peelflow.cli import output
from peelflow.cli.listing import say_state
from peelflow.cli.options import (
    RecordArgument,
    RegisterOptions,
)
from peelflow.engine.fold import as_corrected, begin, is_assumed, void_of
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    ChildLinked,
    Corrected,
    Event,
    EventPayload,
    MadeJoint,
    Migrated,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.rules import Lifecycle
from peelflow.portfolio.listing import question_amendments
from peelflow.portfolio.notes import last_note, note_text
from peelflow.register.reader import Reader
from peelflow.wording import (
    say_counts,
    say_forces,
    say_next,
)

_CORRECTED = {"void": "voided", "redate": "re-dated", "reenter": "re-entered"}


def _say_corrections(event: Event, history: Sequence[Event]) -> Iterator[str]:
    """Say at an event what corrects it and stands, each time with the correction's number."""
    for correction in history[event.number :]:
        what = correction.what
        if not isinstance(what, Corrected) or what.event != event.number:
            continue
        if void_of(tuple(history), correction.number) is None:
            to = f" to {what.to}" if what.correction == "redate" else ""
            yield f"{_CORRECTED[what.correction]}{to} in event {correction.number}"


def _event_row(event: Event, history: Sequence[Event]) -> tuple[output.Cell, ...]:
    corrected = [f"({mark})" for mark in _say_corrections(event, history)]
    amended = [
        f"{say_what(before.what)} in event {before.number} of {before.on}"
        for before in question_amendments(history, event)
    ]
    return (
        event.number,
        event.on,
        "; ".join((" ".join((say_what(event.what), *corrected)), *amended)),
        str(event.actor),
        event.recorded_by,
        event.reason,
        event.source,
    )


def _say_graded(day: date | None) -> str:
    return f", its level given on {day}" if day else ""


def say_what(what: EventPayload) -> str:
    """Say what happened, without who and when."""
    match what:
        case Added(lifecycle=pin, state=state, graded=graded):
            return f"added as {state} under {pin}{_say_graded(graded)}"
        case TakenOver(lifecycle=pin, state=state, graded=graded):
            return f"taken over as {state} under {pin} (assumed){_say_graded(graded)}"
        case TransitionTaken():
            return _say_act(what)
        case Attached(document=document):
            return f"attached {document.kind} {document.name}"
        case Amended(field=name, old=old, new=new):
            return f"{name}: {output.say_value(old)} → {output.say_value(new)}"
        case ChildLinked(child=child):
            return f"child {child}"
        case ParentLinked(parent=parent):
            return f"put under {parent}"
        case Relevelled() | Migrated():
            return _say_move(what)
        case MadeJoint():
            return _say_joint(what)
        case Noted(text=text, documents=documents):
            brought = "".join(f", with {document.kind} {document.name}" for document in documents)
            return f"noted: {text}{brought}"
        case Corrected():
            return _say_correction(what)
        case _:
            assert_never(what)


def _say_move(what: Relevelled | Migrated) -> str:
    if isinstance(what, Migrated):
        return f"moved to {what.lifecycle}, as {what.new}"
    old, new = output.say_level(what.old_level), output.say_level(what.new_level)
    return f"level {old} → {new}, as {what.new}"


def _say_joint(what: MadeJoint) -> str:
    if not what.new:
        return "joint with no force any more"
    acting = ", whose persons all act" if what.acts == "any" else ""
    return f"joint with {', '.join(what.new)}{acting}"


def _say_correction(what: Corrected) -> str:
    if what.entry is not None:
        return f"event {what.event} re-entered: {_say_entry(what.entry)}, on {what.to}"
    return f"event {what.event} {_CORRECTED[what.correction]}" + (
        f" to {what.to}" if what.to else ""
    )


def _say_entry(entry: Added | TakenOver) -> str:
    """Say what a record was entered as, with all that may have been set right."""
    level = output.say_level(entry.level)
    parts = [f"{entry.category}, level {level}, {say_forces(entry)}, {say_what(entry)}"]
    parts += [f"under {entry.parent}"] if entry.parent else []
    parts += [f"{name} {output.say_value(value)}" for name, value in entry.fields.items()]
    return ", ".join(parts)


def _say_act(what: TransitionTaken) -> str:
    parts = [f"{what.trigger}: {what.old} → {what.new}"]
    parts += [f"with {document.kind} {document.name}" for document in what.evidence]
    parts += [f"at {what.inspection}"] if what.inspection else []
    parts += [f"succeeded by {what.successor}"] if what.successor else []
    parts += [f"due {what.due}"] if what.due else []
    return ", ".join(parts)


def show_record(
    record: RecordArgument,
    *,
    location: RegisterOptions,
) -> None:
    """Show one record, its history and what is next."""
    with location.reader() as register:
        shown = register.record(record)
        history = register.history(record)
        level = output.say_level(shown.level)
        output.line(f"{shown.id}: {shown.category}, level {level}, {say_forces(shown)}", "bold")
        output.rows(("", ""), list(_record_facts(register, shown, history)))
        output.line()
        columns = ("no", "on", "what", "decided by", "recorded by", "reason", "source")
        output.rows(columns, [_event_row(event, history) for event in history], numbers=("no",))
        output.line()
        for line in say_next(shown, register.lifecycle(shown.lifecycle), register.services.force):
            output.line(line)


def _say_taken_over(record: Record, history: Sequence[Event]) -> str:
    """Return when a record was taken over, and as what where it is called otherwise by now."""
    first = as_corrected(history)[0]
    begun = begin(first)
    is_so = (begun.lifecycle, begun.state) == (record.lifecycle, record.state)
    how = "so" if is_so else f"as {begun.state} under {begun.lifecycle}"
    return f"taken over {how} on {first.on}"


def _state_facts(
    rules: Lifecycle, record: Record, history: Sequence[Event]
) -> Iterator[tuple[str, str]]:
    counts = "" if record.withdrawn else say_counts(rules.states[record.state])
    yield "state", f"{say_state(record)} ({counts})" if counts else say_state(record)
    if is_assumed(record) and not record.withdrawn:
        yield "assumed", _say_taken_over(record, history)
    if record.joint_with:
        yield "lead force", f"{record.force}; whose persons act: {', '.join(record.acting_forces)}"


def _record_facts(
    register: Reader, record: Record, history: Sequence[Event]
) -> Iterator[tuple[str, str]]:
    rules = register.lifecycle(record.lifecycle)
    yield from _state_facts(rules, record, history)
    is_here = register.rulebook.by_pin(record.lifecycle.digest) is not None
    title = rules.title if is_here else "as kept with it; their file is not here"
    yield "rules", f"{record.lifecycle}: {title}"
    yield "issued", record.issued.isoformat()
    for name, value in record.fields.items():
        yield name, output.say_value(value)
    deadline = register.deadline(record.id)
    if deadline.changes:
        times = "1 time" if len(deadline.changes) == 1 else f"{len(deadline.changes)} times"
        first = deadline.original or deadline.original_as_known
        yield "deadline", f"first {first}, changed {times} since"
    if deadline.state:
        day = deadline.state.day
        yield "to leave", f"by {day}" if day else f"by no day: {deadline.state.why}"
    for name, related in (("parent", record.parent), ("successor", record.successor)):
        if related is not None:
            yield name, related
    if record.children:
        yield "children", ", ".join(record.children)
    note = last_note(history, None)
    if note is not None:
        yield "last note", f"{note.on}: {note_text(note)}"
    for attachment in record.attachments:
        document = attachment.document
        used = "counted" if document.digest in record.spent else "not counted yet"
        yield document.kind, f"{document.name} ({used})"
