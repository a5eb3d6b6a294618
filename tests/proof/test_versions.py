"""The second version of national rules: HMICFRS ends a record by itself, and nobody else does.

What a force writes over either version, and each way from the one to the other, is held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path

import pytest

from peelflow import check
from peelflow.rulebook.national import plans_between_versions, shipped_folder
from tests.proof.judge.texts import Yaml, each_way, earlier_names, refining, written

NAMES = tuple(stem.removesuffix("-version-1") for stem in earlier_names())
DISCHARGE = {"to": "discharged", "by": ["hmicfrs"], "requires": ["reason"]}
Change = Callable[[Yaml], None]


def codes(folder: Path, **texts: str) -> set[str]:
    """Return the codes of what a folder with these files is refused for."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return {fault.code for fault in check(folder) if fault.severity == "error"}


def discharging(**parts: object) -> Change:
    """Return the change of one step by which HMICFRS ends a record."""

    def change(rules: Yaml) -> None:
        rules["states"]["in_progress"]["transitions"]["discharge"][0].update(parts)

    return change


def _left_out(rules: Yaml) -> None:
    del rules["states"]["proposed_no_action"]["transitions"]["discharge"]


def _renamed(rules: Yaml) -> None:
    ways = rules["states"]["open"]["transitions"]
    ways["put_to_rest"] = [{**ways.pop("discharge")[0], "as": "discharge"}]


def _second_way(rules: Yaml) -> None:
    way = {**DISCHARGE, "by": ["chief_constable"]}
    rules["states"]["in_progress"]["transitions"]["discharge"].append(way)


def _own_end(rules: Yaml) -> None:
    end = deepcopy(rules["states"]["discharged"])
    rules["states"]["ended"] = {**end, "stands_for": "discharged"}
    way = {"to": "ended", "by": ["lead"], "requires": ["reason"]}
    rules["states"]["in_progress"]["transitions"]["end_it"] = [way]


def _ended_by_time(rules: Yaml) -> None:
    _own_end(rules)
    way = {"to": "ended", "by": ["system"], "after": {"days": 90}}
    rules["states"]["in_progress"]["transitions"]["end_it"] = [way]


def _own_state(rules: Yaml, **ways: list[Yaml]) -> None:
    carry_on: list[Yaml] = [{"to": "in_progress", "by": ["lead"]}]
    rules["states"]["paused"] = {
        "stands_for": "in_progress",
        "counts_as": {"portal": "open"},
        "transitions": {"carry_on": carry_on, **ways},
    }
    pause = [{"to": "paused", "by": ["lead"]}]
    rules["states"]["in_progress"]["transitions"]["pause"] = pause


def _noted(rules: Yaml, trigger: str, **parts: object) -> None:
    way = {"to": "discharged", "by": ["lead"], "requires": ["reason"], **parts}
    rules["states"]["discharged"]["transitions"][trigger] = [way]


REFUSED: Mapping[str, tuple[Change, str]] = {
    "by the force too": (discharging(by=["hmicfrs", "lead"]), "role-added"),
    "by the force alone": (discharging(by=["chief_constable"]), "theirs-missing"),
    "by a second way": (_second_way, "role-added"),
    "without a reason": (discharging(requires=[]), "requirement-weakened"),
    "with another paper": (discharging(requires=["successor"]), "requirement-weakened"),
    "or after a day": (
        discharging(requires=[{"any_of": [["reason"], [{"waited": 1}]]}]),
        "requirement-weakened",
    ),
    "with an owner": (discharging(requires=["reason", {"field": "owner"}]), "theirs-burdened"),
    "with an inspection": (
        discharging(requires=["reason", {"inspection": "any"}]),
        "theirs-burdened",
    ),
    "after a month": (discharging(requires=["reason", {"waited": 28}]), "theirs-burdened"),
    "taken as closed": (discharging(to="closed"), "target-differs"),
    "not from a proposal": (_left_out, "theirs-missing"),
    "by another name": (_renamed, "theirs-renamed"),
    "an end of the force's own": (_own_end, "own-step-leaves"),
    "an end that comes by time": (_ended_by_time, "own-step-leaves"),
    "not from a state of the force's own": (_own_state, "theirs-missing"),
    "not re-opened": (
        lambda rules: rules["states"]["discharged"]["transitions"].clear(),
        "theirs-missing",
    ),
    "counts open": (
        lambda rules: rules["states"]["discharged"].update(counts_as={"portal": "open"}),
        "count-differs",
    ),
    "a note by that name": (lambda rules: _noted(rules, "reopen", to="open"), "role-added"),
    "a note that uses up a letter": (
        lambda rules: _noted(rules, "note", requires=[{"evidence": "letter"}]),
        "own-step-from-end",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("name", NAMES)
def test_only_hmicfrs_ends_a_record_by_itself_and_nothing_hinders_it(
    name: str, what: str, tmp_path: Path
) -> None:
    """With a reason and no more, from every open state, into an end of its own."""
    change, code = REFUSED[what]
    rules = refining(name)
    change(rules)
    assert code in codes(tmp_path, rules=written(rules))


@pytest.mark.parametrize("name", NAMES)
def test_a_force_still_adds_its_own_beside_it(name: str, tmp_path: Path) -> None:
    """A state in which HMICFRS can end the record as well, and a note once it has."""
    rules = refining(name)
    ways = deepcopy(rules["states"]["in_progress"]["transitions"])
    theirs = {trigger: each for trigger, each in ways.items() if "hmicfrs" in each[0]["by"]}
    for way in (way for each in theirs.values() for way in each if way["to"] == "in_progress"):
        way["to"] = "paused"
    _own_state(rules, **theirs)
    _noted(rules, "note")
    assert codes(tmp_path, rules=written(rules)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_which_version_it_refines(name: str, tmp_path: Path) -> None:
    """The text of the one does not refine the other."""
    first, second = refining(f"{name}-version-1"), refining(name)
    exchanged = {**first, "refines": second["refines"]}, {**second, "refines": first["refines"]}
    assert codes(tmp_path, rules=written(first)) == set()
    assert "theirs-missing" in codes(tmp_path, rules=written(exchanged[0]))
    assert "unknown-state" in codes(tmp_path, rules=written(exchanged[1]))


def _our_versions(name: str, change: Change = lambda _: None) -> dict[str, str]:
    """Return a force's form of both versions; `change` is made in the first."""
    first, second = refining(f"{name}-version-1"), refining(name)
    change(first)
    head = {"lifecycle": "ours"}
    later = {"version": 2, "in_force_from": "2024-04-01"}
    return {"first": written({**first, **head}), "second": written({**second, **head, **later})}


def _plan(name: str, old: str, new: str, **states: str) -> str:
    earlier = refining(f"{name}-version-1")
    pairs = {state: state for state in earlier["states"]} | states
    triggers = {trigger: trigger for _, trigger, _ in each_way(earlier)}
    said = [f"migration: our-move\nfrom: {old}\nto: {new}"]
    for key, named in (("states", pairs), ("triggers", triggers)):
        said.append(f"{key}: {{{', '.join(f'{one}: {other}' for one, other in named.items())}}}")
    return "\n".join([*said, ""])


def _parked(rules: Yaml) -> None:
    """Put a state called as the later end beside the work."""
    work = rules["states"]["in_progress"]
    rules["states"]["discharged"] = {**deepcopy(work), "stands_for": "in_progress"}
    work["transitions"]["park"] = [{"to": "discharged", "by": ["lead"]}]


def _same(rules: Yaml) -> None:
    """Change nothing."""
    del rules


FIRST, SECOND = "ours@1", "ours@2"
MOVES: Mapping[str, tuple[str, str, Change, dict[str, str], str | None]] = {
    "straight": (FIRST, SECOND, _same, {}, None),
    "from the national file": ("level-3@1", SECOND, _same, {}, None),
    "to the national file": (FIRST, "level-3@2", _same, {}, None),
    "by its name": (
        FIRST,
        SECOND,
        _parked,
        {"discharged": "discharged"},
        "national-state-changes",
    ),
    "by what it stands for": (FIRST, SECOND, _parked, {"discharged": "in_progress"}, None),
    "to another end": (
        FIRST,
        SECOND,
        _same,
        {"no_action": "discharged"},
        "national-state-changes",
    ),
    "certified by a plan": (
        FIRST,
        SECOND,
        _same,
        {"in_progress": "self_certified"},
        "national-state-changes",
    ),
    "back": (SECOND, FIRST, _same, {"discharged": "no_action"}, "national-differs"),
    "back from the national file": (
        "level-3@2",
        FIRST,
        _same,
        {"discharged": "no_action"},
        "national-differs",
    ),
}


@pytest.mark.parametrize("how", MOVES)
def test_records_come_to_the_next_version_as_they_stand(how: str, tmp_path: Path) -> None:
    """In the national state that they stood in, and never back to rules with less in them."""
    old, new, change, states, code = MOVES[how]
    texts = _our_versions("level-3", change)
    found = codes(tmp_path, **texts, plan=_plan("level-3", old, new, **states))
    assert (code in found) if code else not found, found


@pytest.mark.parametrize("name", NAMES)
def test_a_national_version_plan_is_no_force_s_to_bend(name: str, tmp_path: Path) -> None:
    """A copy is that plan; what differs under its name, or says the same by another, is refused."""
    (plan,) = plans_between_versions(f"{name}@1", f"{name}@2")
    text = (shipped_folder("rules") / "versions" / f"{plan.name}.yaml").read_text("utf-8")
    assert codes(tmp_path, plan=text) == set()
    for old, new, code in (
        ("by: [liaison_officer, hmicfrs]", "by: [lead]", "national-name"),
        ("no_action: no_action", "no_action: discharged", "national-name"),
        (f"migration: {plan.name}", "migration: our-move", "national-move"),
    ):
        bent = text.replace(old, new, 1)
        assert bent != text
        assert codes(tmp_path, plan=bent) == {code}
