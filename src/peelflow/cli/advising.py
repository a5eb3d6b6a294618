"""The verbs that give advice and write nothing: why, route."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.options import (
    DEFAULT_URL,
    Documents,
    Inspected,
    Kind,
    Ledger,
    OnDay,
    Reason,
    RulePaths,
    SignedBy,
    SignedOn,
    Source,
    Successor,
    Url,
    opened,
    today,
)
from peelflow.cli.writing import offer
from peelflow.engine.telling import say_day, say_head, say_need, say_who
from peelflow.model.judgement import Refusal
from peelflow.model.needs import InspectionNeed, Need
from peelflow.model.records import Actor
from peelflow.model.routes import Step
from peelflow.register.advice import why_not
from peelflow.register.draft import Draft

FINDINGS, UNDETERMINED = 1, 3


def why(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    trigger: Annotated[str, typer.Argument(help="What would be done.")],
    *,
    role: Annotated[str, typer.Option("--as", "--actor-role", help="In which role.")],
    person: Annotated[str, typer.Option("--by", "--actor", help="By whom: a person.")],
    on: OnDay = None,
    source: Source = None,
    reason: Reason = None,
    inspection: Inspected = None,
    successor: Successor = None,
    document: Documents = None,
    kind: Kind = "letter",
    signed_by: SignedBy = None,
    signed_on: SignedOn = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Say whether an act may be done, or every reason why not. Nothing is written."""
    day = on or today()
    with opened(register, rules) as here:
        draft = here.draft()
        offered = offer(draft, document or [], kind=kind, signed_by=signed_by, signed_on=signed_on)
        refusal = why_not(
            draft,
            record,
            trigger,
            actor=Actor(person, role),
            on=day,
            source=source,
            reason=reason,
            inspection=inspection,
            successor=successor,
            evidence=offered,
        )
        asked = _asking_the_way(draft, record)
    if refusal is None:
        say.line(f"{person} may `{trigger}` {record} as `{role}` on {say_day(day)}")
        return
    _refusal(refusal)
    say.line()
    say.line(asked)
    raise typer.Exit(FINDINGS)


def _asking_the_way(draft: Draft, record: str) -> str:
    """Say what to ask for the way to have a record closed, on a ledger that it counts on."""
    states = draft.lifecycle(draft.get(record)).states
    ledgers = sorted(
        {
            ledger
            for state in states.values()
            for ledger, counts in state.counts_as.items()
            if counts == "closed"
        }
    )
    asked, what = f"peelflow route {quote(record)}", "have it closed"
    if not ledgers:
        asked, what = f"{asked} --to STATE", "a state"
    elif "portal" not in ledgers:
        asked = f"{asked} --ledger {ledgers[0]}"
    return f"`{asked}` says the shortest lawful way to {what}"


def _refusal(refusal: Refusal) -> None:
    say.paragraph(refusal.head)
    for reason in refusal.reasons:
        said = f"{reason.sentence}; {reason.instead}{say.place(reason.span)}"
        say.paragraph(said, indent=2, mark=f"{reason.kind}: ")


def route(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    *,
    to: Annotated[
        str, typer.Option("--to", help="A state, or `open` or `closed` on the ledger.")
    ] = "closed",
    ledger: Ledger = "portal",
    on: OnDay = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Say the shortest lawful way of a record to a goal, from where it stands.

    Each step says who may, with what, from when, by when.
    """
    with opened(register, rules) as here:
        found = here.route(record, to=to, ledger=ledger, on=on or today())
    say.paragraph(say_head(found))
    _steps(found.steps)
    if found.verdict == "impossible":
        raise typer.Exit(FINDINGS)
    if found.verdict == "undetermined":
        raise typer.Exit(UNDETERMINED)


def _steps(steps: Iterable[Step], *, indent: int = 0) -> None:
    for number, step in enumerate(steps, start=1):
        arrows = " → ".join(f"`{state}`" for state in (step.old, *step.lands))
        mark = f"{number}. "
        say.line()
        say.paragraph(f"`{step.trigger}`: {arrows}", indent=indent, mark=mark)
        inner = indent + len(mark)
        say.paragraph(say_who(step), indent=inner, mark="who: ")
        say.paragraph(_when(step), indent=inner, mark="when: ")
        for need in step.needs:
            say.paragraph(say_need(need), indent=inner, mark="- ")
        for each in step.undetermined:
            say.paragraph(f"undetermined: {each} decides", indent=inner)
        for before in step.before:
            say.paragraph(f"beforehand, {say_head(before)}", indent=inner)
            _steps(before.steps, indent=inner + 2)


def _when(step: Step) -> str:
    unknown = any(_is_unknown(need) for need in step.needs)
    first = f"from {say_day(step.earliest)}"
    if unknown:
        first = "once that inspection has begun"
    return first + (f", by {say_day(step.latest)}" if step.latest else "")


def _is_unknown(need: Need) -> bool:
    return isinstance(need, InspectionNeed) and not need.known
