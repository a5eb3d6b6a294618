"""Carry whole files into a register and its events out of it, sealed and verified.

The commands are import, demo, feed, seal, verify and export.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from time import sleep
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from peelflow.cli import output
from peelflow.cli.listing import print_figures
from peelflow.cli.options import (
    DEFAULT_URL,
    RegisterOption,
    RulesOption,
    opened_register,
    read_pair,
    read_text,
    replace_text,
    replacement_stream,
)
from peelflow.errors import InvalidRequest
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.register import Register, opened_lines
from peelflow.rulebook.national import shipped_folder
from peelflow.stores.base import FeedItem
from peelflow.stores.export import feed_of_export, verify_export
from peelflow.stores.integrity import (
    Discrepancy,
    Heads,
    Seal,
    heads_from,
    heads_text,
    seal_discrepancies,
    seal_from,
    seal_text,
)

EXPORT_SUFFIX = ".jsonl"
FINDINGS = 1


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV sheets, in order, or one export.")
    ],
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Keep the good rows though others are bad.")
    ] = False,
    fill: Annotated[
        list[str] | None,
        typer.Option("--fill", metavar="COLUMN=VALUE", help="Fill a column where it is empty."),
    ] = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Import CSV sheets: all rows, or none. Or import an export, `FILE.jsonl`, event by event.

    A sheet's columns tell whether it holds records, acts, appointments, amendments or documents. An
    export goes into a new register, which is then equal to the one it came from.
    """
    with opened_register(register, rules, make=True) as here:
        if [each.suffix for each in files] == [EXPORT_SUFFIX]:
            output.line(
                f"{_restored_count(here, files[0])} events kept; the register is the export's equal"
            )
            return
        done = import_with_progress(here, files, dict(map(read_pair, fill or [])), partial=partial)
    output.diagnostics(done.faults)
    output.line(f"{done.kept} rows kept, {done.known} there already, {len(done.faults)} bad")
    if done.faults:
        raise typer.Exit(FINDINGS)


def _restored_count(register: Register, file: Path) -> int:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Importing", total=None)
        return register.restore(
            file, on_progress=lambda done: progress.update(task, completed=done)
        )


def import_with_progress(
    register: Register, files: list[Path], fill: dict[str, str], *, partial: bool = False
) -> ImportResult:
    """Import sheets, with a progress bar where somebody looks on."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Importing", total=None)
        return import_sheets(
            register,
            files,
            defaults=fill,
            partial=partial,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


DEMO_FINDINGS = 1
PAPER_DAY = date(2023, 3, 30)
DEMO_URL = "peelflow-demo.db"


def demo(
    register: Annotated[
        str, typer.Option("--register", help="Where the demo's register is made.")
    ] = DEMO_URL,
) -> None:
    """Run the West Midlands example and print its table."""
    sheets = sorted((shipped_folder("examples") / "west_midlands").glob("*.csv"))
    with opened_register(register, None, make=True) as here:
        done = import_with_progress(here, sheets, {})
        if done.faults:
            output.diagnostics(done.faults)
            output.error_line(f"{register} holds something else; remove it, or name another file")
            raise typer.Exit(DEMO_FINDINGS)
        output.line(f"{done.kept} rows imported into {register}, {done.known} there already")
        output.line()
        print_figures(here.figures(as_at=PAPER_DAY), "portal")
    output.line()
    output.line(f"Next: peelflow list --register {register} --counts open")
    output.line(f"      peelflow show WMP-R3-031 --register {register}")


VERIFY_FINDINGS = 1
HEADS_SUFFIX = ".heads.jsonl"
POLL_PAUSE = 0.2  # seconds between two looks at a feed that is followed


def seal(
    file: Annotated[Path, typer.Argument(help="The seal to write; its heads go beside it.")],
    *,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Seal everything kept until now: keep the file where nobody who writes here can reach it.

    Any later change of what was sealed shows when it is held against the seal: tamper-evident, not
    tamper-proof.
    """
    with opened_register(register, rules) as here:
        sealed, heads = here.seal()
    replace_text(_heads_path(file), heads_text(heads))
    replace_text(file, seal_text(sealed))
    output.line(f"sealed {sealed}")
    output.line(f"in {file}, with the heads of {len(heads)} records in {_heads_path(file).name}")


def _heads_path(file: Path) -> Path:
    return file.with_name(file.name + HEADS_SUFFIX)


def verify(
    export: Annotated[
        Path | None,
        typer.Argument(metavar="[EXPORT]", help="An export to verify, without any register."),
    ] = None,
    *,
    seal: Annotated[
        Path | None, typer.Option("--seal", help="Hold it against this seal, too.")
    ] = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Look for any change that was made behind the register's back.

    Without a seal, a change is found that does not make the chain of digests anew; with one, every
    change and removal before it.
    """
    sealed, heads = _read_seal(seal) if seal else (None, None)
    if export is not None:
        found, what = _verify_export_file(export, sealed, heads), str(export)
    else:
        with opened_register(register, rules) as here:
            found, what = here.verify(sealed=sealed, heads=heads), register
    for finding in found:
        output.line(str(finding))
    if found:
        output.line(f"{what}: {len(found)} finding{'s' if len(found) > 1 else ''}")
        raise typer.Exit(VERIFY_FINDINGS)
    against = f", and as it was sealed at {sealed}" if sealed else "; no seal was given"
    output.line(f"{what}: everything fits{against}")


def _read_seal(file: Path) -> tuple[Seal, Heads | None]:
    beside = _heads_path(file)
    heads = heads_from(read_text(beside)) if beside.exists() else None
    return seal_from(read_text(file)), heads


def _verify_export_file(
    export: Path, sealed: Seal | None, heads: Heads | None
) -> tuple[Discrepancy, ...]:
    with opened_lines(export) as lines:
        found = list(verify_export(lines))
    if sealed is not None:
        with opened_lines(export) as lines:
            found += seal_discrepancies(feed_of_export(lines), sealed, heads)
    return tuple(found)


def export(
    file: Annotated[Path, typer.Argument(help="The file to write, in JSON lines.")],
    *,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Write the whole register to one file, FILE.jsonl, which `peelflow import` takes anywhere."""
    with opened_register(register, rules) as here, replacement_stream(file) as stream:
        stream.writelines(f"{line}\n" for line in here.export())
    output.line(f"{file}: written; `peelflow verify {file}` checks it anywhere")


def feed(
    *,
    after: Annotated[int, typer.Option("--after", min=0, help="Begin behind this position.")] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until interrupted.")
    ] = False,
    cursor: Annotated[
        Path | None,
        typer.Option("--cursor", help="Remember the place in this file, and go on from there."),
    ] = None,
    register: RegisterOption = DEFAULT_URL,
    rules: RulesOption = None,
) -> None:
    """Print every event in one order, a JSON line each, with its position.

    With a cursor each is printed at least once, whenever this stops: the place is noted after it
    was printed.
    """
    with opened_register(register, rules) as here:
        place = _cursor_position(here, cursor) if cursor is not None and cursor.exists() else after
        while True:
            for placed in here.feed(after=place):
                sys.stdout.write(_feed_line(placed) + "\n")
                sys.stdout.flush()
                place = placed.position
                if cursor is not None:
                    replace_text(cursor, f"{place} {placed.entry.digest}\n")
            if not follow:
                return
            sleep(POLL_PAUSE)


def _feed_line(placed: FeedItem) -> str:
    entry = placed.entry
    head = {"digest": entry.digest, "position": placed.position, "previous": entry.previous}
    told = json.dumps(head, sort_keys=True, separators=(",", ":"))
    return f'{told[:-1]},"event":{entry.text}}}'


def _cursor_position(here: Register, cursor: Path) -> int:
    """Return the position that a cursor tells, if its event still stands there."""
    number, _, digest = read_text(cursor).strip().partition(" ")
    if not (number.isascii() and number.isdigit()) or number == "0":
        instead = "remove the file to begin anew"
        raise InvalidRequest(f"the cursor {cursor}", "cannot be read", instead)
    found = next(iter(here.feed(after=int(number) - 1)), None)
    if found is None or found.entry.digest != digest:
        why = f"stands on an event that is not at position {number} of this register"
        instead = "it is another register, or one put back from an older copy; remove the file"
        raise InvalidRequest(f"the cursor {cursor}", why, instead)
    return int(number)
