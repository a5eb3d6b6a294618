"""By hand: level 3's self-certification as a table, the way one would write it for this alone.

It gives the very answers of `peelflow.decide` on the cases measured: the same frozen event, or the
same refusal with every reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from attrs import frozen

from peelflow import Act, Context, Document, Event, Reason, Record, Refusal
from peelflow.model.records import Change, TransitionTaken
from peelflow.model.rules import Counts

Found = str | tuple[str, ...]
Guard = Callable[[Record, Act, Context], Found]
APPOINTED = frozenset({"nominated_deputy"})
LEVEL_3 = "level-3@2"
SENT_BACK_BY = ("refuse", "decline", "reopen")
CHIEFS = "`chief_constable` or `nominated_deputy`"


@frozen(eq=False)
class Row:
    """A row of the table: where a trigger leads from a state, who may, and what must hold."""

    to: str
    by: frozenset[str]
    may: str
    guards: tuple[tuple[Guard, str], ...]
    deltas: tuple[tuple[str, Counts, str, int], ...]


def held(context: Context, person: str, roles: tuple[str, ...], force: str, day: date) -> bool:
    """Say whether a person held one of the roles on a day."""
    for each in context.appointments:
        if (
            each.person == person
            and each.role in roles
            and each.force == force
            and each.first_day <= day
            and (each.last_day is None or day <= each.last_day)
        ):
            return True
    return False


def has_letter(record: Record, act: Act, context: Context) -> Found:
    """Find a letter, offered or attached since the window began, that the chief signed."""
    faults: list[str] = []
    window = record.window.number
    attached = [each.document for each in record.attachments if each.number > window]
    for letter in (*act.evidence, *attached):
        if letter.kind == "letter":
            fault = _fault(letter, record, act, context)
            if fault is None:
                return (letter.digest,)
            faults.append(f"`{letter.name}` {fault}")
    none = f"no `letter` is offered, or attached since {record.window.on}"
    return " and ".join(faults) or none


def _fault(letter: Document, record: Record, act: Act, context: Context) -> str | None:
    signer, day = letter.signed_by, letter.signed_on
    if letter.digest in record.spent:
        return "already counted for an earlier act of this record"
    if day is not None and day > act.on:
        return f"is signed on {day}, after the act's date {act.on}"
    if signer is None or day is None:
        return "is not signed"
    first_day, why = signed_from(record)
    if day < first_day:
        return f"is signed on {day}, before {why} on {first_day}"
    if held(context, signer, ("chief_constable",), record.force, day):
        return None
    return f"is signed by {signer}, who held no such role on {day}"


def signed_from(record: Record) -> tuple[date, str]:
    """Return the first day on which a letter that counts may be signed, and what happened then."""
    last = record.issued
    for trigger in SENT_BACK_BY:
        if trigger in record.done:
            last = max(last, record.done[trigger].on)
    sent_back = last > record.issued
    return last, f"the record was {'last sent back or re-opened' if sent_back else 'issued'}"


def has_owner(record: Record, act: Act, context: Context) -> Found:
    """Find that the record has an owner."""
    del act, context
    return () if record.fields.get("owner") else "the field `owner` is not set"


TABLE = {
    ("open", "start"): Row(
        "in_progress",
        frozenset({"liaison_officer", "lead"}),
        "`liaison_officer` or `lead`",
        ((has_owner, "give the field `owner`"),),
        (("portal", "open", "open", -1), ("portal", "open", "in_progress", 1)),
    ),
    ("in_progress", "self_certify"): Row(
        "self_certified",
        frozenset({"chief_constable", "nominated_deputy"}),
        CHIEFS,
        ((has_letter, "give a `letter` signed by `chief_constable`"),),
        (("portal", "open", "in_progress", -1), ("portal", "open", "self_certified", 1)),
    ),
}


def decide_by_hand(record: Record, act: Act, context: Context) -> Event | Refusal:
    """Return the event that `act` is, or every reason why it is none."""
    row = TABLE.get((record.state, act.trigger))
    if row is not None and may(row, record, act, context):
        counted: tuple[str, ...] = ()
        for guard, _ in row.guards:
            found = guard(record, act, context)
            if isinstance(found, str):
                break
            counted += found
        else:
            return event_of(row, record, act, context, counted=counted)
    return refusal_of(row, record, act, context)


def may(row: Row, record: Record, act: Act, context: Context) -> bool:
    """Say whether the role may act, the day can be, and the role is held on it."""
    return (
        act.actor.role in row.by
        and record.on <= act.on <= context.today
        and is_appointed(record, act, context)
    )


def is_appointed(record: Record, act: Act, context: Context) -> bool:
    """Say whether the actor held the acting role on the day, where that is asked for."""
    actor = act.actor
    return actor.role not in APPOINTED or held(
        context, actor.person, (actor.role,), record.force, act.on
    )


def event_of(
    row: Row, record: Record, act: Act, context: Context, *, counted: tuple[str, ...]
) -> Event:
    """Return the event of an accepted act."""
    what = TransitionTaken(
        act.trigger,
        record.state,
        row.to,
        True,  # noqa: FBT003
        act.evidence,
        counted,
        act.inspection,
        act.successor,
        counted_for=act.trigger if counted else None,
    )
    changes = tuple(
        [
            Change(act.on, record.force, record.category, record.level, *delta)
            for delta in row.deltas
        ]
    )
    return Event(
        record.id,
        record.number + 1,
        what,
        act.on,
        act.actor,
        act.recorded_by,
        context.now,
        act.reason,
        act.source,
        act.key,
        changes,
    )


def refusal_of(row: Row | None, record: Record, act: Act, context: Context) -> Refusal:
    """Return every reason why an act is refused."""
    reasons: list[Reason] = []
    actor = act.actor
    if row is None:
        reasons.append(Reason("not here", f"there is no `{act.trigger}` here", "try another"))
    else:
        if actor.role not in row.by:
            found = f"`{actor.role}` may not `{act.trigger}`"
            reasons.append(Reason("not you", found, f"{row.may} may"))
        elif not is_appointed(record, act, context):
            found = f"{actor.person} did not hold `{actor.role}` in {record.force} on {act.on}"
            instead = "record the appointment, or let another role act"
            reasons.append(Reason("not you", found, instead))
        reasons += _days(record, act, context)
        for guard, instead in row.guards:
            fault = guard(record, act, context)
            if isinstance(fault, str):
                reasons.append(Reason("not yet", fault, instead))
    return Refusal(record.id, LEVEL_3, record.state, act.trigger, actor.role, tuple(reasons))


def _days(record: Record, act: Act, context: Context) -> list[Reason]:
    if act.on < record.on:
        found = f"{act.on} lies before the record's last event on {record.on}"
        return [Reason("not yet", found, f"date it {record.on} or later")]
    if act.on > context.today:
        instead = f"record it when it has happened; today is {context.today}"
        return [Reason("not yet", f"{act.on} lies in the future", instead)]
    return []
