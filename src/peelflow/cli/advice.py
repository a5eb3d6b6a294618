"""Say whether an act may be done, and which way leads to a goal, in the commands why and route."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import (
    DocumentsOption,
    InspectionOption,
    LedgerOption,
    OnOption,
    ReasonOption,
    RecordArgument,
    RegisterOptions,
    SignatureOptions,
    SourceOption,
    SuccessorOption,
    today,
)
from peelflow.cli.settings import FINDINGS, UNDETERMINED
from peelflow.model.decisions import InspectionNeed, Refusal
from peelflow.model.records import (
    Actor,
)
from peelflow.model.routes import RouteStep
from peelflow.model.rules import ledgers_counting
from peelflow.phrases import say_day
from peelflow.register.batch import Batch
from peelflow.register.query_checks import check_ledger
from peelflow.wording import (
    say_doers,
    say_need,
    say_not_done_here,
    say_route_head,
)


def why(
    record: RecordArgument,
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
    signature: SignatureOptions,
    location: RegisterOptions,
) -> None:
    """Say whether an act may be done, or every reason why not. Nothing is written."""
    day = on or today()
    with location.opened() as register, register.trial() as batch:
        refusal = batch.why(
            record,
            trigger,
            actor=Actor(person, role),
            on=day,
            source=source,
            reason=reason,
            inspection=inspection,
            successor=successor,
            evidence=signature.keep(batch, document or []),
        )
        hint = _route_hint(batch, record)
    if refusal is None:
        output.line(f"{person} may `{trigger}` {record} as `{role}` on {say_day(day)}")
        return
    _print_refusal(refusal)
    output.line()
    output.line(hint)
    raise typer.Exit(FINDINGS)


def _route_hint(batch: Batch, record: str) -> str:
    """Say what to ask for the way to have a record closed, on a ledger that it counts on."""
    states = batch.session.lifecycle(batch.record(record)).states
    ledgers = sorted(
        {name for state in states.values() for name in ledgers_counting(state, "closed")}
    )
    command, goal = f"peelflow route {quote(record)}", "have it closed"
    if not ledgers:
        command, goal = f"{command} --to STATE", "a state"
    elif "portal" not in ledgers:
        command = f"{command} --ledger {ledgers[0]}"
    return f"`{command}` says the shortest lawful way to {goal}"


def _print_refusal(refusal: Refusal) -> None:
    output.paragraph(refusal.head)
    for reason in refusal.reasons:
        sentence = f"{reason.sentence}; {reason.instead}{output.rule_location(reason.span)}"
        output.paragraph(sentence, indent=2, mark=f"{reason.kind}: ")


def route(
    record: RecordArgument,
    *,
    to: Annotated[
        str, typer.Option("--to", help="A state, or `open` or `closed` on the ledger.")
    ] = "closed",
    ledger: LedgerOption = "portal",
    on: OnOption = None,
    location: RegisterOptions,
) -> None:
    """Say the shortest lawful way of a record to a goal, from where it stands.

    Each step says who may, with what, from when, by when.
    """
    with location.opened() as register:
        check_ledger(register.services, ledger)
        shortest = register.route(record, to=to, ledger=ledger, on=on)
        not_here = say_not_done_here(register.record(record), register.services.force)
    output.paragraph(say_route_head(shortest))
    for sentence in not_here:
        output.paragraph(sentence)
    _print_steps(shortest.steps)
    if shortest.verdict == "impossible":
        raise typer.Exit(FINDINGS)
    if shortest.verdict == "undetermined":
        raise typer.Exit(UNDETERMINED)


def _print_steps(steps: Iterable[RouteStep], *, indent: int = 0) -> None:
    for number, step in enumerate(steps, start=1):
        arrows = " → ".join(f"`{state}`" for state in (step.old, *step.lands))
        mark = f"{number}. "
        output.line()
        output.paragraph(f"`{step.trigger}`: {arrows}", indent=indent, mark=mark)
        inner_indent = indent + len(mark)
        output.paragraph(say_doers(step), indent=inner_indent, mark="who: ")
        output.paragraph(_say_days(step), indent=inner_indent, mark="when: ")
        for need in step.needs:
            output.paragraph(say_need(need), indent=inner_indent, mark="- ")
        for fact in step.undetermined:
            output.paragraph(f"undetermined: {fact} decides", indent=inner_indent)
        for preliminary in step.before:
            output.paragraph(f"beforehand, {say_route_head(preliminary)}", indent=inner_indent)
            _print_steps(preliminary.steps, indent=inner_indent + 2)


def _say_days(step: RouteStep) -> str:
    is_unknown = any(isinstance(need, InspectionNeed) and not need.known for need in step.needs)
    start = "once that inspection has begun" if is_unknown else f"from {say_day(step.earliest)}"
    return start + (f", by {say_day(step.latest)}" if step.latest else "")
