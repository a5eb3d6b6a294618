"""A force's own files, made of the national ones: the same steps, with ledgers of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from peelflow.rulebook.national import NATIONAL, shipped_folder

Plain = dict[str, Any]
NATIONAL_FILES = {
    plain["lifecycle"]: plain
    for path in sorted((shipped_folder("rules") / NATIONAL).glob("*.yaml"))
    for plain in [yaml.safe_load(path.read_text("utf-8"))]
    if "lifecycle" in plain
}


def write_own(
    folder: Path,
    name: str,
    *,
    counts: Mapping[str, str] | None = None,
    change: Callable[[Plain], None] = lambda _: None,
) -> None:
    """Write a file that refines a national lifecycle.

    `counts` says how states count on the force's own ledger `office`; `change` edits the rest.
    """
    national = NATIONAL_FILES[name]
    states = {
        state: {**plain, "counts_as": {**plain["counts_as"], **_on_office(counts or {}, state)}}
        for state, plain in national["states"].items()
    }
    own = {
        **{key: part for key, part in national.items() if key != "guarantees"},
        "lifecycle": f"own-{name}",
        "version": 1,
        "refines": f"{name}@{national['version']}",
        "states": yaml.safe_load(yaml.safe_dump(states)),
    }
    change(own)
    text = yaml.safe_dump(own, sort_keys=False, allow_unicode=True)
    (folder / f"own-{name}.yaml").write_text(text, "utf-8")


def _on_office(counts: Mapping[str, str], state: str) -> dict[str, str]:
    return {"office": counts[state]} if state in counts else {}


def add_step(own: Plain, state: str, trigger: str, **step: Any) -> None:
    """Add a step to a state of a file."""
    own["states"][state].setdefault("transitions", {})[trigger] = step


PROGRAMME_WORDS = """\
vocabulary: own
categories:
  programme:
    title: Programme of the force
    children: [cause_of_concern, recommendation, afi, section_55_response, super_complaint]
"""
PROGRAMME = """\
lifecycle: programme
version: 1
in_force_from: 2000-01-01
title: A programme, which holds records of the inspectorate
applies_to: {category: programme, level: none}
initial: running
states:
  running:
    counts_as: {office: open}
    transitions:
      finish: {to: done, by: [liaison_officer]}
  done:
    counts_as: {office: closed}
    final: true
    transitions:
      reopen: {to: running, by: [liaison_officer], reopens: true}
"""


def write_programme(folder: Path) -> None:
    """Write a category of the force's own, and its lifecycle, whose records have such children."""
    (folder / "words.yaml").write_text(PROGRAMME_WORDS, "utf-8")
    (folder / "programme.yaml").write_text(PROGRAMME, "utf-8")
