"""rules/pins.json says what each shipped lifecycle ever meant: a new meaning, a new version."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from subprocess import run

import pytest

from peelflow import national
from peelflow.rulebook.national import shipped_folder

FILE = shipped_folder("rules") / "pins.json"
REGISTERS = Path(__file__).parents[1] / "registers"
CHANGED_BEFORE = {
    ("super-complaint-recommendation@1", f"commit-{commit}")
    for commit in ("2ab7cec", "c3d5360", "7c6ec88", "ba15ed6")
}
"""What was changed under its version before there were pins, and the registers that show it."""


def added_to(pins: Mapping[str, str], shipped: Mapping[str, str]) -> dict[str, str]:
    """Return pins with those of lifecycles that had none; what has one keeps it."""
    return {**shipped, **pins}


def shipped_pins() -> dict[str, str]:
    """Return the digest of each lifecycle that ships today, by its name and version."""
    return {str(rules): rules.pin.digest for rules in national().lifecycles}


def test_item_19_a_shipped_meaning_changes_with_its_version_alone(*, rewrite_golden: bool) -> None:
    """Whatever ships means what it meant when it first shipped; `--rewrite-golden` only adds."""
    if rewrite_golden:
        pins = added_to(json.loads(FILE.read_text("utf-8")), shipped_pins())
        text = json.dumps(dict(sorted(pins.items())), indent=2)
        FILE.write_text(f"{text}\n", "utf-8")
    pins = json.loads(FILE.read_text("utf-8"))
    changed = sorted(
        name for name, digest in shipped_pins().items() if pins.get(name, digest) != digest
    )
    new = sorted(shipped_pins().keys() - pins.keys())

    assert changed == [], "undo the change, or give the file its next version"
    assert new == [], "run with --rewrite-golden and review it"


def test_item_19_a_new_meaning_takes_no_pin_away() -> None:
    """Adding leaves every digest as it is."""
    pins = {"level-2@1": "a", "gone@1": "b"}

    assert added_to(pins, {"level-2@1": "other", "level-2@2": "c"}) == {**pins, "level-2@2": "c"}


def test_item_19_pins_are_only_ever_added_to() -> None:
    """Every pin that any commit had stands there now."""
    git = shutil.which("git")
    asked = ["log", "--format=%H", "--", "rules/pins.json"]
    commits = run(
        [git or "false", *asked], capture_output=True, text=True, check=False, cwd=FILE.parents[1]
    )
    if commits.returncode:
        pytest.skip("not tried: this is no checkout")
    now = json.loads(FILE.read_text("utf-8"))
    for commit in commits.stdout.split():
        shown = run(
            [git or "false", "show", f"{commit}:rules/pins.json"],
            capture_output=True,
            text=True,
            check=True,
            cwd=FILE.parents[1],
        )
        assert json.loads(shown.stdout).items() <= now.items()


@pytest.mark.parametrize(
    "folder", sorted(path.parent.name for path in REGISTERS.glob("*/seal.json"))
)
def test_item_19_what_kept_registers_run_under_is_pinned(folder: str) -> None:
    """The national rules of each were pinned, but for those that changed before there were pins."""
    lines = gzip.decompress((REGISTERS / folder / "export.jsonl.gz").read_bytes()).splitlines()
    kept = [line for line in map(json.loads, lines) if line["kind"] == "lifecycle"]
    pins = json.loads(FILE.read_text("utf-8"))
    names = {name.partition("@")[0] for name in pins}
    national_pins = {
        f"{line['name']}@{line['version']}": line["digest"]
        for line in kept
        if line["name"] in names
    }
    changed = {name for name, digest in national_pins.items() if pins.get(name) != digest}

    assert changed == {name for name, where in CHANGED_BEFORE if where == folder}
