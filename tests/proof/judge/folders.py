"""Folders as a force would write them: own national files, own words, plans, chains of moves.

Each is a few texts by name; what they do to the national rules is for the walks to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any

from attrs import frozen

from peelflow.model.rules import MigrationPlan
from peelflow.rulebook.national import (
    national,
    plans_between_versions,
    relevelling_plans,
    shipped_folder,
)
from tests.proof.judge.edits import edits_of
from tests.proof.judge.judging import LEVELS, WORDS
from tests.proof.judge.texts import (
    Yaml,
    each_way,
    earlier_names,
    national_names,
    refining,
    shipped,
    written,
)

FAMILIES = (
    ("cause-of-concern", "level-3"),
    ("cause-of-concern", "level-2"),
    ("section-55", "section-55-answer"),
)
PLANNED = (
    "level-2",
    "level-3",
    "level-4",
    "cause-of-concern",
    "section-55",
    "section-55-answer",
    "inspection",
    "super-complaint",
    "super-complaint-recommendation",
    "peel-readiness",
    "level-1",
)


@frozen
class Case:
    """A folder: what was done in it, where, its texts by file name."""

    kind: str
    place: str
    texts: Mapping[str, str]


def folder_cases(*, every: int = 1) -> Iterator[Case]:
    """Yield every folder, or one of so many of each kind."""
    for kind in (
        own_national,
        own_versions,
        uncovered,
        own_categories,
        own_roles,
        families,
        own_parents,
        laundering_plans,
        laundering_versions,
        laundering_chains,
        lawful_moves,
        next_versions,
        laundering_next_versions,
        splitting_next_versions,
        bent_version_plans,
        own_relevelling,
        renamed_inspections,
        relevelled,
        own_inspectors,
    ):
        for number, case in enumerate(kind()):
            if number % every == 0:
                yield case


def own_national() -> Iterator[Case]:
    """The folder brings a vocabulary called national, and a file of a national name."""
    words = (shipped_folder("rules") / "national" / "vocabulary.yaml").read_text("utf-8")
    for name in national_names():
        yield Case(
            "own national, unchanged", name, {WORDS: words, "a.yaml": written(shipped(name))}
        )
        for edit in edits_of(refining(name), every=97, after=3):
            if edit.words is None:
                text = _as_national(edit.text, name)
                yield Case("own national", f"{name} {edit.place}", {WORDS: words, "a.yaml": text})


def _as_national(text: str, name: str) -> str:
    rules = shipped(name)
    lines = [line for line in text.splitlines() if not line.startswith("refines: ")]
    start = f"in_force_from: {rules['in_force_from']}"
    named = [f"lifecycle: {name}", f"version: {rules['version']}", start]
    kept = [
        line
        for line in lines
        if not line.startswith(("lifecycle: ", "version: ", "in_force_from: "))
    ]
    return "\n".join([*named, *kept, ""])


def own_versions() -> Iterator[Case]:
    """A file bears a national name with a version of its own."""
    for name in national_names():
        for version in (2, 9):
            rules = {**refining(name), "lifecycle": name, "version": version}
            if f"{name}@{version}" not in {str(each) for each in national().lifecycles}:
                yield Case("takes a national name", name, {"a.yaml": written(rules)})
                del rules["refines"]
                yield Case("follows a national file", name, {"a.yaml": written(rules)})


def _simple(categories: list[str], level: Any, initial: str, counts: Mapping[str, Any]) -> Yaml:
    by = ["lead"]
    return {
        "lifecycle": "our-own",
        "version": 1,
        "in_force_from": "2023-04-01",
        "title": "Ours",
        "applies_to": {"category": categories, "level": level},
        "initial": initial,
        "states": {
            "begun": {
                "counts_as": dict(counts),
                "transitions": {"finish": [{"to": "over", "by": by}]},
            },
            "over": {
                "counts_as": dict.fromkeys(counts, "closed"),
                "final": True,
                "transitions": {
                    "resume": [{"to": "begun", "by": by, "requires": ["reason"], "reopens": True}]
                },
            },
        },
    }


def uncovered() -> Iterator[Case]:
    """A file of the force's own runs national categories at levels that no national file runs."""
    covered = {
        (category, level)
        for rules in national().lifecycles
        for category in rules.applies_to.category
        for level in rules.applies_to.level
    }
    for category, level in product(national().vocabulary.categories, LEVELS):
        for initial, counts in product(
            ("begun", "over"), ({}, {"portal": "open"}, {"board": "open"})
        ):
            rules = _simple([category], level or "none", initial, counts)
            kind = (
                "covered already" if (category, level) in covered else "no national file covers it"
            )
            yield Case(kind, f"{category} at {level}", {"a.yaml": written(rules)})


def own_categories() -> Iterator[Case]:
    """A category of the force's own counts somewhere, above or below national ones."""
    ledgers = ("portal", "section_55", "force", "board")
    for ledger, counts, initial in product(ledgers, ("open", "closed"), ("begun", "over")):
        rules = _simple(["our_action"], "none", initial, {ledger: counts})
        words = "vocabulary: ours\ncategories:\n  our_action: {title: Our action}\n"
        yield Case(f"own category on {ledger}", initial, {WORDS: words, "a.yaml": written(rules)})


def families() -> Iterator[Case]:
    """Both of a family run under the force's own files, and count on a ledger of its own."""
    for (parent, child), at in product(FAMILIES, range(3)):
        above = refining(parent)
        for number, state in enumerate(above["states"]):
            rules = deepcopy(above)
            for name, body in rules["states"].items():
                body["counts_as"]["board"] = "closed" if name == state else "open"
            below = refining(child)
            for name, body in below["states"].items():
                closed = (False, body.get("final", False), name == below["initial"])[at]
                body["counts_as"]["board"] = "closed" if closed else "open"
            texts = {"a.yaml": written(rules), "b.yaml": written(below)}
            yield Case(f"family of {parent} and {child}", f"{state} {number} {at}", texts)


def own_parents() -> Iterator[Case]:
    """A category of the force's own lies above national ones, and counts somewhere."""
    for child, ledger in product(("level-2", "level-3", "level-4"), ("portal", "board", "force")):
        rules = _simple(["our_action"], "none", "begun", {ledger: "open"})
        words = (
            "vocabulary: ours\ncategories:\n"
            "  our_action: {title: Our action, children: [recommendation, afi]}\n"
        )
        texts = {WORDS: words, "a.yaml": written(rules)}
        yield Case(f"own parent of {child}", f"on {ledger}, no file of its own", texts)
        below = refining(child)
        for body in below["states"].values():
            body["counts_as"][ledger] = body["counts_as"]["portal"]
        yield Case(f"own parent of {child}", f"on {ledger}", {**texts, "b.yaml": written(below)})


def own_roles() -> Iterator[Case]:
    """The vocabulary puts a role of the force's own on some side."""
    for side, named in product(
        ("inspectorate", "oversight", "system", "force"), ("our_own", "pcc")
    ):
        words = f"vocabulary: ours\nroles:\n  {named}: {{side: {side}, title: Ours}}\n"
        yield Case(f"own role on the side {side}", named, {WORDS: words})
        for name in ("level-2", "report"):
            rules = refining(name)
            first = next(iter(rules["states"].values()))
            way: Yaml = {"to": rules["initial"], "by": [named], "requires": ["reason"]}
            first["transitions"]["log"] = [way]
            texts = {WORDS: words, "a.yaml": written(rules)}
            yield Case(f"own role on the side {side}, acting", f"{named} {name}", texts)


def _own(name: str, version: int, change: Callable[[Yaml], None] | None = None) -> Yaml:
    rules = {**refining(name), "version": version, "in_force_from": f"202{version + 2}-04-01"}
    if change is not None:
        change(rules)
    return rules


def _plan(
    old: str,
    new: str,
    states: Mapping[str, str],
    triggers: Mapping[str, str],
    *,
    name: str = "our-move",
    by: Sequence[str] = (),
    letters: bool = False,
) -> str:
    lines = [f"migration: {name}", f"from: {old}", f"to: {new}"]
    lines += [f"by: [{', '.join(by)}]"] if by else []
    lines += ["letters: true"] if letters else []
    lines += [f"states: {_pairs(states)}"]
    lines += [f"triggers: {_pairs(triggers)}"] if triggers else []
    return "\n".join([*lines, ""])


def _pairs(names: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{old}: {new}" for old, new in names.items()) + "}"


def _triggers(name: str) -> dict[str, str]:
    """Return that each trigger stays what it is called."""
    return {trigger: trigger for _, trigger, _ in each_way(refining(name))}


def laundering_plans() -> Iterator[Case]:
    """A plan from a national file to the force's own puts one state's records into another."""
    for name in PLANNED:
        states = list(refining(name)["states"])
        for number, (old, new) in enumerate(product(states, states)):
            if old == new or number % 4:
                continue
            states_map = {**_same(states), old: new}
            plan = _plan(_national(name), f"our-{name}@1", states_map, _triggers(name))
            texts = {"a.yaml": written(_own(name, 1)), "plan.yaml": plan}
            yield Case("plan that launders", f"{name} {old} to {new}", texts)


def _national(name: str) -> str:
    return f"{name}@{shipped(name)['version']}"


def _splitting(name: str, *, unreachable: bool = False) -> Callable[[Yaml], None]:
    """Return the change that puts a state `aside` beside another, by a step of ours."""

    def change(rules: Yaml) -> None:
        state = rules["states"][name]
        rules["states"]["aside"] = {**deepcopy(state), "stands_for": name}
        way: Yaml = {"to": "aside", "by": ["lead"]}
        if unreachable:
            way["requires"] = [{"evidence": "letter", "signed_by": ["system"]}]
        state["transitions"]["put_aside"] = [way]

    return change


def _open_states(name: str) -> list[str]:
    return [key for key, state in refining(name)["states"].items() if not state.get("final")]


def laundering_versions() -> Iterator[Case]:
    """Between two versions of the force's file, a split state comes to stand for another one."""
    for name in PLANNED:
        states = list(refining(name)["states"])
        for old, new in list(product(_open_states(name), repeat=2))[::3]:
            texts = {
                "a.yaml": written(_own(name, 1, _splitting(old))),
                "b.yaml": written(_own(name, 2, _splitting(new))),
                "plan.yaml": _plan(
                    f"our-{name}@1", f"our-{name}@2", _same([*states, "aside"]), _triggers(name)
                ),
            }
            kind = "split state that launders" if old != new else "split state that stays"
            yield Case(kind, f"{name} {old} to {new}", texts)


def _same(states: list[str]) -> dict[str, str]:
    return {state: state for state in states}


def laundering_chains() -> Iterator[Case]:
    """Two or three moves in a row, the first into a state that no step leads to."""
    for name in PLANNED:
        states = list(refining(name)["states"])
        for old, new in list(product(_open_states(name), states))[::4]:
            first = _own(name, 1, _splitting(old, unreachable=True))
            aside = {**_same(states), old: "aside"}
            onward = {**_same(states), "aside": new}
            texts = {
                "a.yaml": written(first),
                "b.yaml": written(_own(name, 2)),
                "plan.yaml": _plan(_national(name), f"our-{name}@1", aside, _triggers(name)),
                "plan2.yaml": _plan(
                    f"our-{name}@1", f"our-{name}@2", onward, _triggers(name), name="our-next"
                ),
            }
            kind = "chain that launders" if old != new else "chain that stays"
            yield Case(kind, f"{name} {old} to {new}", texts)


def lawful_moves() -> Iterator[Case]:
    """Plans that keep each record where it stands: once, twice, three times in a row."""
    for name in PLANNED:
        states = list(refining(name)["states"])
        files = {f"{n}.yaml": written(_own(name, n)) for n in (1, 2, 3)}
        ends = [_national(name), *(f"our-{name}@{n}" for n in (1, 2, 3))]
        plans = {
            f"plan{n}.yaml": _plan(
                ends[n], ends[n + 1], _same(states), _triggers(name), name=f"our-move-{n}"
            )
            for n in range(3)
        }
        for length in (1, 2, 3):
            chosen = dict(list(files.items())[:length] + list(plans.items())[:length])
            yield Case(f"chain of {length} that stays", name, chosen)
        for by in ((), ("lead",), ("hmicfrs",)):
            plan = _plan(ends[0], ends[1], _same(states), _triggers(name), by=by)
            yield Case(
                "plan that stays", f"{name} by {by}", {"1.yaml": files["1.yaml"], "p.yaml": plan}
            )
        logs = _own(name, 1, _logging)
        triggers = {**_triggers(name), "log": _first_trigger(name)}
        plan = _plan(ends[1], ends[2], _same(states), triggers)
        texts = {"1.yaml": written(logs), "2.yaml": files["2.yaml"], "p.yaml": plan}
        yield Case("plan that renames an own step", name, texts)


def _logging(rules: Yaml) -> None:
    state = rules["states"][rules["initial"]]
    if not state.get("final"):
        state["transitions"]["log"] = [{"to": rules["initial"], "by": ["lead"]}]


def _first_trigger(name: str) -> str:
    rules = refining(name)
    return str(next(iter(rules["states"][rules["initial"]]["transitions"])))


def _earlier(name: str, change: Callable[[Yaml], None] | None = None) -> Yaml:
    """Return a force's own file over the first version of national rules."""
    return {**_own(f"{name}-version-1", 1, change), "lifecycle": f"our-{name}"}


def _versioned_names() -> list[str]:
    return [stem.removesuffix("-version-1") for stem in earlier_names()]


def next_versions() -> Iterator[Case]:
    """Records come from national rules, or a force's form of them, to a form of the next version.

    And back, which takes from HMICFRS what the next version lets it do.
    """
    for name in _versioned_names():
        first, second = f"{name}@1", f"{name}@2"
        ours = {"1.yaml": written(_earlier(name)), "2.yaml": written(_own(name, 2))}
        old, new = f"our-{name}@1", f"our-{name}@2"
        stays, named = _same(list(refining(f"{name}-version-1")["states"])), _triggers(name)
        named = {trigger: then for trigger, then in named.items() if trigger != "discharge"}
        for left, entered in ((first, new), (old, second), (old, new)):
            for by in ((), ("lead",), ("hmicfrs",)):
                plan = _plan(left, entered, stays, named, by=by)
                yield Case("next version", f"{left} to {entered}", {**ours, "p.yaml": plan})
        back = {**stays, "discharged": "no_action"}
        gone = {**named, "discharge": "accept_no_action"}
        for left, entered in ((second, old), (new, old), (new, first)):
            plan = _plan(left, entered, back, gone)
            yield Case("version before", f"{left} to {entered}", {**ours, "p.yaml": plan})


def laundering_next_versions() -> Iterator[Case]:
    """Between a force's forms of two versions, one state's records come to stand in another."""
    for name in _versioned_names():
        first = list(refining(f"{name}-version-1")["states"])
        for number, (state, other) in enumerate(product(first, refining(name)["states"])):
            if state != other and number % 6 == 0:
                texts = _next_version(name, {**_same(first), state: other})
                yield Case("version that launders", f"{name} {state} to {other}", texts)


def splitting_next_versions() -> Iterator[Case]:
    """Between a force's forms of two versions, a split state comes to stand for another one."""
    for name in _versioned_names():
        earlier = f"{name}-version-1"
        stays = _same([*refining(earlier)["states"], "aside"])
        for old, new in list(product(_open_states(earlier), _open_states(name)))[::5]:
            texts = _next_version(name, stays, _splitting(old), _splitting(new))
            kind = "split version that launders" if old != new else "split version that stays"
            yield Case(kind, f"{name} {old} to {new}", texts)


def _next_version(
    name: str,
    states: Mapping[str, str],
    change: Callable[[Yaml], None] | None = None,
    then: Callable[[Yaml], None] | None = None,
) -> dict[str, str]:
    named = _triggers(f"{name}-version-1")
    return {
        "1.yaml": written(_earlier(name, change)),
        "2.yaml": written(_own(name, 2, then)),
        "p.yaml": _plan(f"our-{name}@1", f"our-{name}@2", states, named),
    }


def bent_version_plans() -> Iterator[Case]:
    """A folder brings a national version plan, as it is or bent, by its name or by another."""
    for name in _versioned_names():
        (lawful,) = plans_between_versions(f"{name}@1", f"{name}@2")
        for kind, states in (
            ("version plan as it is", lawful.states),
            ("version plan bent", _shifted(lawful.states)),
            ("version plan bent", {**lawful.states, "no_action": "discharged"}),
            ("version plan bent", {**lawful.states, "in_progress": "discharged"}),
        ):
            for called in (lawful.name, "our-next"):
                plan = _plan(
                    lawful.old, lawful.new, states, lawful.triggers, name=called, by=lawful.by
                )
                yield Case(kind, f"{name} as {called}", {"p.yaml": plan})


def renamed_inspections() -> Iterator[Case]:
    """An inspection's states bear each other's names, and say what they stand for."""
    rules = refining("inspection")
    for old, new in product(rules["states"], repeat=2):
        if old != new:
            renamed = _renamed(rules, {old: new, new: f"our_{new}"})
            yield Case("renamed inspection", f"{old} is called {new}", {"a.yaml": written(renamed)})


def _renamed(rules: Yaml, names: Mapping[str, str]) -> Yaml:
    states: Yaml = {}
    for name, body in deepcopy(rules["states"]).items():
        for ways in body["transitions"].values():
            for way in ways:
                way["to"] = names.get(way["to"], way["to"])
        if name in names:
            body["stands_for"] = name
        states[names.get(name, name)] = body
    return {**rules, "initial": names.get(rules["initial"], rules["initial"]), "states": states}


def relevelled() -> Iterator[Case]:
    """HMICFRS moves records between levels that run under the force's own files."""
    for old, new in product(("level-2", "level-3", "level-4"), repeat=2):
        texts = {"a.yaml": written(_own(old, 1, _splitting("in_progress")))}
        if old != new:
            yield Case(f"relevelled from {old}", f"to {new}", texts)
            both = {**texts, "b.yaml": written(_own(new, 1))}
            yield Case(f"relevelled from {old}", f"to {new}, both ours", both)


def _between_levels() -> Iterator[tuple[str, MigrationPlan]]:
    """Yield the national plans between levels as they are now, by name."""
    for name, lawful in relevelling_plans().items():
        if re.fullmatch(r"level-\d-to-\d", name):
            yield name, lawful


def own_inspectors() -> Iterator[Case]:
    """A role of the force's own on the inspectorate's side moves records between levels."""
    words = "vocabulary: ours\nroles:\n  our_own: {side: inspectorate, title: Ours}\n"
    for name, lawful in _between_levels():
        plan = _plan(lawful.old, lawful.new, lawful.states, lawful.triggers, by=("our_own",))
        yield Case("moved by an inspector of our own", name, {WORDS: words, "plan.yaml": plan})


def own_relevelling() -> Iterator[Case]:
    """Plans of the force's own between levels: as the national one, by others, or with changes."""
    for name, lawful in _between_levels():
        old, new = (end.partition("@")[0] for end in (lawful.old, lawful.new))
        files = {"a.yaml": written(_own(old, 1)), "b.yaml": written(_own(new, 1))}
        ends = (
            (f"our-{old}@1", f"our-{new}@1"),
            (lawful.old, f"our-{new}@1"),
            (f"our-{old}@1", lawful.new),
        )
        for (left, entered), by in zip(ends, (("hmicfrs",), ("lead",), ("hmicfrs",)), strict=True):
            where = f"{name} {left} to {entered} by {by}"
            plans = {
                "own re-levelling": _plan(left, entered, lawful.states, lawful.triggers, by=by),
                "own re-levelling elsewhere": _plan(
                    left, entered, _shifted(lawful.states), lawful.triggers, by=by
                ),
                "own re-levelling with letters": _plan(
                    left, entered, lawful.states, lawful.triggers, by=by, letters=True
                ),
                "takes a plan's name": _plan(
                    left, entered, lawful.states, lawful.triggers, by=by, name=name
                ),
            }
            for kind, plan in plans.items():
                yield Case(kind, where, {**files, "plan.yaml": plan})


def _shifted(states: Mapping[str, str]) -> dict[str, str]:
    """Return the map with two open states' targets exchanged."""
    shifted = dict(states)
    first, second = list(shifted)[1:3]
    shifted[first], shifted[second] = shifted[second], shifted[first]
    return shifted
