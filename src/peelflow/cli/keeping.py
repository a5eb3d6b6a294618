"""The verbs that carry a register on: seal, verify, export, feed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.cli.files import read_text, replace_text, replaced
from peelflow.cli.options import DEFAULT_URL, RulePaths, Url, opened
from peelflow.errors import RequestRefused
from peelflow.register.front import Register
from peelflow.register.keeping import opened_lines
from peelflow.stores.export import feed_of, verify_export
from peelflow.stores.findings import Finding
from peelflow.stores.protocol import Placed
from peelflow.stores.seal import (
    Heads,
    Seal,
    broken_seal,
    heads_from,
    heads_text,
    seal_from,
    seal_text,
)

FINDINGS = 1
HEADS = ".heads.jsonl"
PAUSE = 0.2  # seconds between two looks at a feed that is followed


def seal(
    file: Annotated[Path, typer.Argument(help="The seal to write; its heads go beside it.")],
    *,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Seal everything kept until now: keep the file where nobody who writes here can reach it.

    Any later change of what was sealed shows when it is held against the seal: tamper-evident, not
    tamper-proof.
    """
    with opened(register, rules) as here:
        sealed, heads = here.seal()
    replace_text(_heads_path(file), heads_text(heads))
    replace_text(file, seal_text(sealed))
    say.line(f"sealed {sealed}")
    say.line(f"in {file}, with the heads of {len(heads)} records in {_heads_path(file).name}")


def _heads_path(file: Path) -> Path:
    return file.with_name(file.name + HEADS)


def verify(
    export: Annotated[
        Path | None,
        typer.Argument(metavar="[EXPORT]", help="An export to verify, without any register."),
    ] = None,
    *,
    seal: Annotated[
        Path | None, typer.Option("--seal", help="Hold it against this seal, too.")
    ] = None,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Look for any change that was made behind the register's back.

    Without a seal, a change is found that does not make the chain of digests anew; with one, every
    change and removal before it.
    """
    sealed, heads = _sealed(seal) if seal else (None, None)
    if export is not None:
        found, what = _export_findings(export, sealed, heads), str(export)
    else:
        with opened(register, rules) as here:
            found, what = here.verify(sealed=sealed, heads=heads), register
    for finding in found:
        say.line(str(finding))
    if found:
        say.line(f"{what}: {len(found)} finding{'s' if len(found) > 1 else ''}")
        raise typer.Exit(FINDINGS)
    against = f", and as it was sealed at {sealed}" if sealed else "; no seal was given"
    say.line(f"{what}: everything fits{against}")


def _sealed(file: Path) -> tuple[Seal, Heads | None]:
    beside = _heads_path(file)
    heads = heads_from(read_text(beside)) if beside.exists() else None
    return seal_from(read_text(file)), heads


def _export_findings(export: Path, sealed: Seal | None, heads: Heads | None) -> tuple[Finding, ...]:
    with opened_lines(export) as lines:
        found = list(verify_export(lines))
    if sealed is not None:
        with opened_lines(export) as lines:
            found += broken_seal(feed_of(lines), sealed, heads)
    return tuple(found)


def export(
    file: Annotated[Path, typer.Argument(help="The file to write, in JSON lines.")],
    *,
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Write the whole register to one file, FILE.jsonl, which `peelflow import` takes anywhere."""
    with opened(register, rules) as here, replaced(file) as stream:
        stream.writelines(f"{line}\n" for line in here.export())
    say.line(f"{file}: written; `peelflow verify {file}` checks it anywhere")


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
    register: Url = DEFAULT_URL,
    rules: RulePaths = None,
) -> None:
    """Print every event in one order, a JSON line each, with its position.

    With a cursor each is printed at least once, whenever this stops: the place is noted after it
    was printed.
    """
    with opened(register, rules) as here:
        place = _begun(here, cursor) if cursor is not None and cursor.exists() else after
        while True:
            for placed in here.feed(after=place):
                sys.stdout.write(_told(placed) + "\n")
                sys.stdout.flush()
                place = placed.position
                if cursor is not None:
                    replace_text(cursor, f"{place} {placed.entry.digest}\n")
            if not follow:
                return
            sleep(PAUSE)


def _told(placed: Placed) -> str:
    entry = placed.entry
    head = {"digest": entry.digest, "position": placed.position, "previous": entry.previous}
    told = json.dumps(head, sort_keys=True, separators=(",", ":"))
    return f'{told[:-1]},"event":{entry.text}}}'


def _begun(here: Register, cursor: Path) -> int:
    """Return the position that a cursor tells, if its event still stands there."""
    number, _, digest = read_text(cursor).strip().partition(" ")
    if not (number.isascii() and number.isdigit()) or number == "0":
        instead = "remove the file to begin anew"
        raise RequestRefused(f"the cursor {cursor}", "cannot be read", instead)
    found = next(iter(here.feed(after=int(number) - 1)), None)
    if found is None or found.entry.digest != digest:
        why = f"stands on an event that is not at position {number} of this register"
        instead = "it is another register, or one put back from an older copy; remove the file"
        raise RequestRefused(f"the cursor {cursor}", why, instead)
    return int(number)
