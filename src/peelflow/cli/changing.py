"""The verb about rules that change: diff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import say
from peelflow.errors import RequestRefused
from peelflow.model.rules import Lifecycle
from peelflow.proof.diff import diff
from peelflow.rulebook.load import Checked, examine

FINDINGS = 1


def diff_rules(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A rule file, or a folder of them.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, as it is now.")],
) -> None:
    """Say what an edit of rule files means.

    What loosened, tightened or changed otherwise; nothing for comments, titles and order. Exit code
    1 if anything did.
    """
    changed = False
    for before, after in _pairs(_read(old), _read(new)):
        name = f"{before or after}" if before is None or after is None else f"{before} → {after}"
        if before is None or after is None:
            said = [f"  the lifecycle {'appeared' if before is None else 'vanished'}"]
        else:
            said = [f"  {each}" for each in diff(before, after)]
        changed = changed or bool(said)
        say.line(f"{name}:{'' if said else ' means the same'}", "bold")
        for line in said:
            say.line(line)
    if changed:
        raise typer.Exit(FINDINGS)


def _read(path: Path) -> Checked:
    checked = examine(path)
    files = {one.span.file for one in checked.lifecycles}
    unread = [
        one for one in checked.found if one.severity == "error" and one.span.file not in files
    ]
    if unread or not files:
        say.diagnostics(unread)
        raise RequestRefused(f"{path}", "holds what cannot be read as rules", "mend it first")
    return checked


def _pairs(old: Checked, new: Checked) -> list[tuple[Lifecycle | None, Lifecycle | None]]:
    """Pair lifecycles by name, the latest version of each; two alone are a pair by themselves."""
    if len(old.lifecycles) == len(new.lifecycles) == 1:
        return [(old.lifecycles[0], new.lifecycles[0])]
    before, after = (_latest(each.lifecycles) for each in (old, new))
    return [(before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _latest(lifecycles: tuple[Lifecycle, ...]) -> dict[str, Lifecycle]:
    return {one.name: one for one in sorted(lifecycles, key=lambda one: one.version)}
