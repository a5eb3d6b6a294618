"""Records that are taken over: what is asked of them, and whose word it takes.

No walk through the rules stands behind the state of such a record, so it rests on what somebody
says. A state that the inspectorate alone enters, as `closed` at level 4, rests on the word of the
inspectorate: a force that could say it of itself would close what only HMICFRS may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from peelflow.errors import InspectorateOnly, InvalidRequest
from peelflow.model.records import Added, Event, Provenance, TakenOver
from peelflow.model.rules import Lifecycle, Role, Side, each_transition
from peelflow.phrases import suggestion
from peelflow.register.validation import check_text
from peelflow.rulebook.national import national

INSPECTORATE: Side = "inspectorate"


def check_taken_over(
    lifecycle: Lifecycle, record: str, *, issued: date, on: date, state: str
) -> None:
    """Refuse a state its lifecycle does not have, or an issue date that is too late.

    Args:
        lifecycle: The rules that it is taken over under.
        record: Its id.
        issued: The day it was issued.
        on: The day as at which it stands there.
        state: The state.

    Raises:
        InvalidRequest: With what would do.
    """
    if issued > on:
        raise InvalidRequest(
            f"{record}: the issue date {issued}",
            f"lies after {on}, when it is taken over",
            "give an earlier issue date",
        )
    check_issued(lifecycle, record, issued)
    check_text(state, f"{record}: the state")
    if state not in lifecycle.states:
        raise InvalidRequest(
            f"{record}: the state {state!r}",
            f"is none of {lifecycle}'s",
            suggestion(state, lifecycle.states),
        )


def check_issued(lifecycle: Lifecycle, record: str, issued: date) -> None:
    """Refuse to take over what was issued when nothing came under such rules any more.

    A force's own file cannot say a later day than the national one that it refines. What no longer
    ships had no such day: that of the newest version of today holds for it.

    Args:
        lifecycle: The rules that it is taken over under.
        record: Its id.
        issued: The day it was issued.

    Raises:
        InvalidRequest: It was issued on the day that the rules say, or later.
    """
    for rules in _national_forms(lifecycle):
        if rules.issued_before is not None and issued >= rules.issued_before:
            why = f"is not before {rules.issued_before}, as what is taken over under {rules} was"
            instead = "give its level, or the day that it was issued on"
            raise InvalidRequest(f"{record}: the issue date {issued}", why, instead)


def check_added(lifecycle: Lifecycle, record: str) -> None:
    """Refuse a record that was added under rules under which one is only taken over by today.

    Args:
        lifecycle: The rules that it was added under.
        record: Its id.

    Raises:
        InvalidRequest: With the rules that say so.
    """
    for rules in _national_forms(lifecycle):
        if rules.begun_by is not None:
            why = f"was added under {lifecycle}, and under {rules} one can only be taken over"
            raise InvalidRequest(record, why, "enter it anew with its level, or take it over")


def _national_forms(lifecycle: Lifecycle) -> Iterator[Lifecycle]:
    """Yield rules, and what they are or refine nationally, or else the newest version of that."""
    yield lifecycle
    for named in (str(lifecycle), lifecycle.refines or ""):
        name = named.partition("@")[0]
        versions = {str(rules): rules for rules in national().lifecycles if rules.name == name}
        if versions:
            newest = max(versions.values(), key=lambda rules: rules.version)
            yield versions.get(named, newest)


def check_source_and_reason(provenance: Provenance, record: str) -> None:
    """Refuse to take a record over from nowhere, or for no reason.

    Args:
        provenance: Who takes it over, from what and why.
        record: Its id.

    Raises:
        InvalidRequest: The source or the reason is missing.
    """
    check_text(provenance.source, f"{record}: the source")
    check_text(provenance.reason, f"{record}: the reason")


def check_word(
    lifecycle: Lifecycle, event: Event, what: Added | TakenOver, roles: Mapping[str, Role]
) -> None:
    """Refuse to take a record over as the inspectorate alone has it on anybody else's word.

    Args:
        lifecycle: The rules that the record begins under.
        event: Its first event: who says that it stands so.
        what: What the event says; nothing is refused of a record that is added.
        roles: The roles there are by now.

    Raises:
        InspectorateOnly: With whose word it takes.
    """
    role = roles.get(event.actor.role) or lifecycle.roles[event.actor.role]
    theirs = inspectorate_roles(lifecycle, what.state) if isinstance(what, TakenOver) else ()
    if theirs and role.side != INSPECTORATE:
        rules = str(lifecycle)
        raise InspectorateOnly(event.record, what.state, rules, event.actor.role, theirs)


def inspectorate_roles(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """Return the inspectorate's roles by whose steps alone a state is entered.

    There are none where a record begins in it, where another side enters it too, and where nobody
    does.

    Args:
        lifecycle: The rules.
        state: One of its states.
    """
    if state == lifecycle.initial:
        return ()
    entering = dict.fromkeys(
        role
        for transition in each_transition(lifecycle)
        if transition.to == state
        for role in transition.by
    )
    sides = {lifecycle.roles[role].side for role in entering}
    return tuple(entering) if sides == {INSPECTORATE} else ()
