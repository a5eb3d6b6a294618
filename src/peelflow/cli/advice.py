"""Advise on one record and write nothing, in the commands why and route."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    DEFAULT_URL,
    DocumentsOption,
    InspectionOption,
    KindOption,
    LedgerOption,
    OnOption,
    ReasonOption,
    RegisterOption,
    RulesOption,
    SignedByOption,
    SignedOnOption,
    SourceOption,
    SuccessorOption,
    opened_register,
    today,
)
from peelflow.cli.record import kept_documents
from peelflow.model.decisions import InspectionNeed, Need, Refusal, RouteStep
from peelflow.model.records import Actor
from peelflow.register.batch import Batch
from peelflow.wording import say_day, say_doers, say_need, say_route_head

FINDINGS, UNDETERMINED = 1, 3


def why(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    trigger: Annotated[str, typer.Argument(help="What would be done.")],
    *,
    role: Annotated[str, typer.Option("--as", "--actor-role", help="In which role.")],
    person: Annotated[str, typer.Option("--by", "--actor", help="By whom: a person.")],
    on: OnOption = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    inspection: InspectionOption = None,
    successor: SuccessorOption = None,
    document: DocumentsOption = None,
    kind: KindOption = "letter",
    signed_by: SignedByOption = None,
    signed_on: SignedOnOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Say whether an act may be done, or every reason why not. Nothing is written."""
    day = on or today()
    with opened_register(register, rules) as here, here.trial() as batch:
        offered = kept_documents(
            batch, document or [], kind=kind, signed_by=signed_by, signed_on=signed_on
        )
        refusal = batch.why(
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
        asked = _route_hint(batch, record)
    if refusal is None:
        output.line(f"{person} may `{trigger}` {record} as `{role}` on {say_day(day)}")
        return
    _print_refusal(refusal)
    output.line()
    output.line(asked)
    raise typer.Exit(FINDINGS)


def _route_hint(batch: Batch, record: str) -> str:
    """Say what to ask for the way to have a record closed, on a ledger that it counts on."""
    states = batch.session.lifecycle(batch.record(record)).states
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


def _print_refusal(refusal: Refusal) -> None:
    output.paragraph(refusal.head)
    for reason in refusal.reasons:
        said = f"{reason.sentence}; {reason.instead}{output.rule_location(reason.span)}"
        output.paragraph(said, indent=2, mark=f"{reason.kind}: ")


def route(
    record: Annotated[str, typer.Argument(help="The record's id.")],
    *,
    to: Annotated[
        str, typer.Option("--to", help="A state, or `open` or `closed` on the ledger.")
    ] = "closed",
    ledger: LedgerOption = "portal",
    on: OnOption = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Say the shortest lawful way of a record to a goal, from where it stands.

    Each step says who may, with what, from when, by when.
    """
    with opened_register(register, rules) as here:
        found = here.route(record, to=to, ledger=ledger, on=on or today())
    output.paragraph(say_route_head(found))
    _print_steps(found.steps)
    if found.verdict == "impossible":
        raise typer.Exit(FINDINGS)
    if found.verdict == "undetermined":
        raise typer.Exit(UNDETERMINED)


def _print_steps(steps: Iterable[RouteStep], *, indent: int = 0) -> None:
    for number, step in enumerate(steps, start=1):
        arrows = " → ".join(f"`{state}`" for state in (step.old, *step.lands))
        mark = f"{number}. "
        output.line()
        output.paragraph(f"`{step.trigger}`: {arrows}", indent=indent, mark=mark)
        inner = indent + len(mark)
        output.paragraph(say_doers(step), indent=inner, mark="who: ")
        output.paragraph(_say_days(step), indent=inner, mark="when: ")
        for need in step.needs:
            output.paragraph(say_need(need), indent=inner, mark="- ")
        for each in step.undetermined:
            output.paragraph(f"undetermined: {each} decides", indent=inner)
        for before in step.before:
            output.paragraph(f"beforehand, {say_route_head(before)}", indent=inner)
            _print_steps(before.steps, indent=inner + 2)


def _say_days(step: RouteStep) -> str:
    unknown = any(_is_unknown_inspection(need) for need in step.needs)
    first = f"from {say_day(step.earliest)}"
    if unknown:
        first = "once that inspection has begun"
    return first + (f", by {say_day(step.latest)}" if step.latest else "")


def _is_unknown_inspection(need: Need) -> bool:
    return isinstance(need, InspectionNeed) and not need.known
