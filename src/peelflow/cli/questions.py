"""Move the questions of a register to another question set, in the command remap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from attrs import evolve

from peelflow.cli import output
from peelflow.cli.options import (
    Format,
    MoverOption,
    MoverRoleOption,
    OnOption,
    ReasonOption,
    RecordedByOption,
    RegisterOptions,
    SourceOption,
    today,
)
from peelflow.cli.selecting import PrintingOptions, SelectionOptions
from peelflow.cli.settings import FINDINGS
from peelflow.errors import Diagnostic, InvalidRequest, Span
from peelflow.model.records import Actor
from peelflow.portfolio.remapping import Remapping, left_without_inspection, remappings
from peelflow.portfolio.remapping import remap as remap_records
from peelflow.register.register import Register
from peelflow.reports.content import Table

NAMED_AT_MOST = 3
"""How many of the records that a question set leaves are named; the others are counted."""


def remap(
    question_set: Annotated[
        str, typer.Argument(metavar="SET", help="The question set to move to, by its name.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each question.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Move what the sets' mapping says.")
    ] = False,
    actor: MoverOption = None,
    actor_role: MoverRoleOption = None,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """Move the questions of open records and coming inspections to another question set.

    Only what the set's file says is moved (`succeeds`); what it maps to nothing, or to several, is
    listed and left, and so is what the actor may not amend. With --dry-run nothing is written;
    with a reason too, each amendment is tried as the actor, and what would be refused is told. Exit
    code 0: all moves; 1: some are left.
    """
    if dry_run == apply:
        what, why = "the remapping", "does not say what to do"
        raise InvalidRequest(what, why, "give --dry-run or --apply")
    day, selection = on or today(), wanted.selection()
    with location.opened() as register:
        if dry_run and reason is None:
            listed = remappings(register, question_set, day, selection=selection)
        else:
            listed = remap_records(
                register,
                question_set,
                day,
                actor=_actor(actor, actor_role),
                reason=reason or "",
                recorded_by=recorded_by,
                source=source,
                selection=selection,
                preview=dry_run,
            )
    _show(listed, question_set, printing, done=apply)


def _actor(actor: str | None, role: str | None) -> Actor:
    if actor is None or role is None:
        what, why = "the remapping", "does not say who has the questions moved"
        raise InvalidRequest(what, why, "give --actor and --actor-role")
    return Actor(actor, role)


def _show(
    listed: Sequence[Remapping], question_set: str, printing: PrintingOptions, *, done: bool
) -> None:
    moves = [remapping.moves for remapping in listed]
    if printing.chosen is Format.TABLE:
        moved = "moved" if done else "would move"
        output.line(f"{question_set}: {sum(moves)} {moved}, {moves.count(False)} left")
    columns = ("record", "category", "state", "set", "question", "becomes", "what")
    body = tuple(_row(remapping, done=done) for remapping in listed)
    if body or printing.chosen is not Format.TABLE:
        printing.show(Table("remapping", "", columns, body))
    if not all(moves):
        raise typer.Exit(FINDINGS)


def _row(remapping: Remapping, *, done: bool) -> tuple[str | None, ...]:
    row, moves = remapping.row, "moved" if done else "moves"
    found = dict.fromkeys(each for successors in remapping.successors for each in successors)
    return (
        row.record,
        row.category,
        row.state,
        remapping.question_set,
        ", ".join(remapping.questions),
        ", ".join(found),
        moves if remapping.moves else f"left: {_why_left(remapping)}",
    )


def _why_left(remapping: Remapping) -> str:
    if remapping.obstacle is not None:
        return remapping.obstacle
    return "several succeed it" if all(remapping.successors) else "nobody mapped it"


def count_left(faults: Iterable[Diagnostic], location: RegisterOptions) -> tuple[Diagnostic, ...]:
    """Return diagnostics whose notes on dropped questions say how many open records they leave.

    Args:
        faults: What a check of rule files found.
        location: The register to look at, under those files.
    """
    told = tuple(faults)
    with location.opened() as register:
        sets = register.rulebook.vocabulary.question_sets
        names = {_place_of(questions.span): name for name, questions in sets.items()}
        counted = tuple(
            evolve(fault, sentence=f"{fault.sentence}; {_say_left(register, names[place])}")
            if fault.code == "question-dropped" and (place := _place_of(fault.span)) in names
            else fault
            for fault in told
        )
        return (*counted, *_each_unmapped(register, told, location.rules or []))


def _each_unmapped(
    register: Register, told: Sequence[Diagnostic], paths: Sequence[Path]
) -> Iterator[Diagnostic]:
    """Yield a note on each set here that leaves open records, where no dropped question says so.

    How many questions the set before has may not be known: which ones were asked, the records know.
    """
    roots = [path.resolve() for path in paths]
    dropping = {_place_of(fault.span) for fault in told if fault.code == "question-dropped"}
    for name, questions in register.rulebook.vocabulary.question_sets.items():
        file, _ = place = _place_of(questions.span)
        is_here = any(file.is_relative_to(root) for root in roots)
        if place in dropping or not is_here or questions.replaces is None:
            continue
        if left_without_inspection(register, name, today()):
            sentence = f"no question of `{name}` succeeds what open records are about"
            why, instead = _say_left(register, name), "write under `succeeds` what succeeds each"
            sentence = f"{sentence}; {why}"
            yield Diagnostic(questions.span, "question-dropped", sentence, instead, "note")


def _place_of(span: Span) -> tuple[Path, int]:
    """Return where a line stands, however its file was named."""
    return Path(span.file).resolve(), span.line


def _say_left(register: Register, question_set: str) -> str:
    left = [row.record for row in left_without_inspection(register, question_set, today())]
    records = "1 open record has" if len(left) == 1 else f"{len(left) or 'no'} open records have"
    more = ["..."] if len(left) > NAMED_AT_MOST else []
    names = ", ".join([*left[:NAMED_AT_MOST], *more])
    return f"{records} no relevant inspection under it{names and f': {names}'}"
