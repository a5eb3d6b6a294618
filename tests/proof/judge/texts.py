"""Rule files as plain data: read as they are written, edited by hand, written out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from peelflow.rulebook.national import shipped_folder

Yaml = dict[str, Any]
OWN_ROLES = {
    "panel": "{side: force, title: A panel of our own}",
    "delegate": "{side: force, title: Helps the liaison officer, stands_for: liaison_officer}",
    "stand_in": "{side: force, title: Helps the Chief Constable, stands_for: chief_constable}",
}
OWN_KINDS = {"note": "{title: A note of our own}"}
OWN_PREDICATES = {"waived": "Whether we may go without"}
AGREED = "agreed: {type: choice, title: Whether we agree, choices: [we_do, we_do_not]}"


def national_names() -> tuple[str, ...]:
    """Return the names of the shipped lifecycles, each in its latest version."""
    return tuple(
        path.stem
        for path in sorted((shipped_folder("rules") / "national").glob("*.yaml"))
        if "lifecycle" in _plain(path.stem) and "-version-" not in path.stem
    )


def earlier_names() -> tuple[str, ...]:
    """Return the names of the files of earlier versions, which records and forces' files go by."""
    paths = sorted((shipped_folder("rules") / "national").glob("*-version-*.yaml"))
    return tuple(path.stem for path in paths)


def shipped(name: str) -> Yaml:
    """Return a shipped lifecycle as plain data, each trigger a list of transitions."""
    return deepcopy(_shipped(name))


@cache
def _shipped(name: str) -> Yaml:
    read = _plain(name)
    applies = read["applies_to"]
    if isinstance(applies["category"], str):
        applies["category"] = [applies["category"]]
    for state in read["states"].values():
        transitions = state.get("transitions", {})
        for trigger, rule in transitions.items():
            transitions[trigger] = rule if isinstance(rule, list) else [rule]
        state["transitions"] = transitions
    return dict(read)


def _plain(name: str) -> Any:
    text = (shipped_folder("rules") / "national" / f"{name}.yaml").read_text("utf-8")
    return _typed(yaml.load(text, yaml.CBaseLoader))  # noqa: S506 - it makes texts alone


def _typed(value: Any) -> Any:
    match value:
        case dict():
            return {name: _typed(part) for name, part in value.items()}
        case list():
            return [_typed(part) for part in value]
        case "true" | "false":
            return value == "true"
        case str() if value.isdigit():
            return int(value)
        case _:
            return value


def refining(name: str) -> Yaml:
    """Return a force's own file that says just what the shipped one does."""
    rules = shipped(name)
    national = f"{rules['lifecycle']}@{rules['version']}"
    said = ("applies_to", "initial", "begun_by", "states")
    own = {key: rules[key] for key in said if key in rules}
    head = {"lifecycle": f"our-{name}", "version": 1, "in_force_from": "2023-04-01"}
    return {**head, "title": "Ours", "refines": national, **own}


DOORS = ("not_applicable", "no_action")
"""Side doors that a force may leave out; the third, of the same shape, is left in."""


def with_one_door(name: str) -> Yaml | None:
    """Return a force's own file with one side door of the three, None where there are none."""
    rules = refining(name)
    if not all(f"proposed_{door}" in rules["states"] for door in DOORS):
        return None
    for door in DOORS:
        for gone in (door, f"proposed_{door}"):
            remove_state(rules, gone)
    return rules


def remove_state(rules: Yaml, name: str) -> None:
    """Take out a state, and every transition that leads to it."""
    del rules["states"][name]
    for state in rules["states"].values():
        for trigger, ways in list(state["transitions"].items()):
            state["transitions"][trigger] = [way for way in ways if way["to"] != name]
            if not state["transitions"][trigger]:
                del state["transitions"][trigger]


def written(rules: Mapping[str, Any]) -> str:
    """Return a rule file's text, a line for each transition."""
    lines = [f"{key}: {_flow(rules[key])}" for key in rules if key not in {"states", "guarantees"}]
    lines.append("states:")
    for name, state in rules["states"].items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {_flow(state[key])}" for key in state if key != "transitions"]
        if state.get("transitions"):
            lines.append("    transitions:")
            lines += [
                f"      {trigger}: {_flow(ways[0] if len(ways) == 1 else ways)}"
                for trigger, ways in state["transitions"].items()
            ]
    if rules.get("guarantees"):
        lines.append("guarantees:")
        lines += [f"  - {_flow(each)}" for each in rules["guarantees"]]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {_flow(part)}" for name, part in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case bool():
            return str(value).lower()
        case str() if not value.replace("_", "").replace("-", "").replace("@", "").isalnum():
            return '"' + value.replace('"', '\\"') + '"'
        case _:
            return str(value)


def own_words(rules: Mapping[str, Any]) -> str | None:
    """Return the force's vocabulary, None where its rules use no word of its own."""
    text = str(rules)
    lines: list[str] = []
    for part, words in (
        ("roles", OWN_ROLES),
        ("evidence", OWN_KINDS),
        ("predicates", OWN_PREDICATES),
    ):
        used = [f"  {name}: {says}" for name, says in words.items() if f"'{name}'" in text]
        lines += [f"{part}:", *used] if used else []
    if "'agreed'" in text:
        lines.append("fields:")
        lines += [f"  {name}:\n    {AGREED}" for name in rules["applies_to"]["category"]]
    return "\n".join(["vocabulary: our-force", *lines, ""]) if lines else None


def each_way(rules: Yaml) -> Iterator[tuple[str, str, int]]:
    """Yield where each transition stands: its state, its trigger, its place among several."""
    for state, body in rules["states"].items():
        for trigger, ways in body["transitions"].items():
            for number in range(len(ways)):
                yield state, trigger, number
