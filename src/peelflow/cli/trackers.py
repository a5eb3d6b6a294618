"""Import a force's own tracker by its map, draft that map, and write templates to fill in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peelflow.cli import output, terminal
from peelflow.cli.options import RegisterOptions, RulesOption, day_option, rulebook_of
from peelflow.cli.output_files import ReplaceOption, check_output_file, write_bytes, write_text
from peelflow.cli.settings import FINDINGS, current_settings
from peelflow.errors import InvalidRequest
from peelflow.reports.content import say_mark
from peelflow.results import frozen
from peelflow.rulebook.national import shipped_folder
from peelflow.stores.opening import keep_stale_sums

if TYPE_CHECKING:
    from peelflow.trackers.update import OutcomeKind, TrackerResult

TABLE_COLUMNS = ("record", "outcome", "cell", "what", "assumed", "what to do")
_COUNTED: Mapping[OutcomeKind, str] = {
    "added": "added",
    "changed": "changed",
    "closed": "closed",
    "moved": "moved",
    "refused": "refused",
    "left": "left as the register has it",
    "gone": "gone from the sheet",
}


@frozen(kw_only=True)
class TrackerOptions:
    """What is asked of a tracker: by which map it is imported, or where its draft goes."""

    map_file: Annotated[
        Path | None,
        typer.Option("--as", metavar="MAP", help="Import a tracker of your own by its map."),
    ] = None
    propose: Annotated[
        Path | None,
        typer.Option("--propose", metavar="MAP", help="Draft the map of a tracker of your own."),
    ] = None
    on: Annotated[date | None, day_option("--on", "With --as: the day the sheet tells of.")] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --as: keep nothing, only tell what would be.")
    ] = False

    @property
    def is_given(self) -> bool:
        """Whether a tracker is meant; what goes with one alone is refused without."""
        if self.map_file is not None and self.propose is not None:
            why, instead = "cannot go together", "draft the map first, then import by it"
            raise InvalidRequest("--as and --propose", why, instead)
        given = self.map_file is not None or self.propose is not None
        for option, value in (("--on", self.on), ("--dry-run", self.dry_run)):
            if value and self.map_file is None:
                raise InvalidRequest(option, "goes with a tracker alone", "give --as MAP, too")
        return given


def run_tracker(
    files: Sequence[Path],
    asked: TrackerOptions,
    location: RegisterOptions,
    *,
    fill: Mapping[str, str],
    partial: bool,
    paths: tuple[Path | None, Path | None],
) -> None:
    """Import a tracker by its map, or draft the map.

    Args:
        files: The tracker, alone.
        asked: Which of the two.
        location: The register and its rules.
        fill: What the map's fixed parts say.
        partial: Whether good rows are kept though others are bad.
        paths: Where the letters lie that rows name, and where the register keeps its documents.
    """
    from peelflow.trackers.update import import_tracker

    if len(files) != 1:
        raise InvalidRequest(f"{len(files)} files", "are no tracker", "give one at a time")
    if asked.propose is not None:
        _draft_map(files[0], asked.propose, location, fill)
        return
    documents_from, documents = paths
    with location.opened(make=True, documents=documents) as register:
        with terminal.progress("Importing") as show:
            result = import_tracker(
                register,
                files[0],
                asked.map_file or "",
                on=asked.on,
                fill=fill,
                documents_from=documents_from,
                partial=partial,
                dry_run=asked.dry_run,
                on_progress=show,
            )
        _print_result(result, files[0], dry_run=asked.dry_run)
        if not asked.dry_run:
            keep_stale_sums(register.store)
    if result.faults or result.counts()["refused"]:
        raise typer.Exit(FINDINGS)


def _draft_map(
    file: Path, target: Path, location: RegisterOptions, fill: Mapping[str, str]
) -> None:
    from peelflow.trackers.proposal import propose_map

    if os.path.lexists(target):
        why, instead = "is there already", "name another, or remove that one first"
        raise InvalidRequest(f"the file {target}", why, instead)
    check_output_file(target, replace=False)
    known = {name: said for name, said, _ in current_settings().rows() if said}
    known = {name: known[name] for name in ("force", "actor", "actor_role") if name in known}
    schema = (shipped_folder("rules") / "tracker.schema.json").as_uri()
    draft = propose_map(file, rulebook_of(location.rules), fill={**known, **fill}, schema=schema)
    write_text(target, draft.text, replace=False)
    for note in draft.notes:
        output.line(f"{file}: {note}")
    output.line(f"{target}: written; look through it")
    for unsure in draft.unsure:
        output.line(f"  {unsure} is unsure")
    output.line(f"Next: peelflow import {file} --as {target} --dry-run")


def _print_result(result: TrackerResult, file: Path, *, dry_run: bool) -> None:
    """Print what became of the rows, or would, and what is wrong with them."""
    output.diagnostics(result.faults)
    for note in result.notes:
        output.line(f"{file}: {note}")
    rows = [
        (
            *(outcome.record, outcome.kind, outcome.cell, outcome.what),
            *(say_mark(is_so=outcome.assumed), outcome.instead),
        )
        for outcome in result.outcomes
    ]
    if rows:
        output.rows(TABLE_COLUMNS, rows)
    counts = result.counts()
    said = [f"{counts[kind]} {words}" for kind, words in _COUNTED.items() if counts[kind]]
    said += [f"{result.unchanged} unchanged"] if result.unchanged else []
    said += [f"{len(result.faults)} bad"] if result.faults else []
    kept = "" if result.kept else "; nothing is kept"
    dry = " (a dry run)" if dry_run else ""
    output.line(f"as at {result.as_at}: {', '.join(said) or 'no rows'}{kept}{dry}")


def template(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="records, acts, appointments, amendments, corrections, links, joint, notes or "
            "documents.",
        ),
    ],
    *,
    file: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The workbook to write, .xlsx.")
    ],
    category: Annotated[
        str, typer.Option("--category", help="Whose fields a template has.")
    ] = "recommendation",
    replace: ReplaceOption = False,
    rules: RulesOption = None,
) -> None:
    """Write a workbook to fill in and import: headings, lists to choose from, an example row.

    A sheet in it explains each column. `peelflow import` takes it when it is filled in.
    """
    from peelflow.trackers.templates import write_template

    check_output_file(file, replace=replace)
    if file.suffix.lower() != ".xlsx":
        raise InvalidRequest(f"the file {file}", "is no name of a workbook", "end it in .xlsx")
    content = write_template(kind, rulebook_of(rules), category=category)
    write_bytes(file, content, replace=replace)
    output.line(f"{file}: written; fill it in, then: peelflow import {file}")
