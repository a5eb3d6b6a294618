"""Edits of one file as a force would make them, over every shipped lifecycle, each enumerated.

An edit is a text; whether it tightens, loosens or obstructs is for the walks to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from attrs import frozen

from tests.proof.judge.texts import Yaml, each_way, own_words, remove_state, written

Change = Callable[[Yaml], None]
PLAIN: tuple[Any, ...] = (
    "reason",
    "successor",
    {"field": "owner"},
    {"field": "agreed", "has": "we_do"},
    {"waited": 28},
    {"predicate": "waived"},
    {"evidence": "note"},
    {"evidence": "letter", "signed_by": ["chief_constable"]},
    {"evidence": "response"},
    {"inspection": "planned"},
    "children",
)
MEETABLE_NEVER: tuple[tuple[Any, ...], ...] = (
    ({"evidence": "letter", "signed_by": ["system"]},),
    ({"evidence": "letter", "signed_by": ["hmicfrs"]},),
    ({"field": "agreed", "has": "we_do"}, {"field": "agreed", "has": "we_do_not"}),
    ({"inspection": "planned"}, {"inspection": "bespoke"}),
    ({"inspection": "any", "relevant": True},),
    ({"waited": 3, "since": "published"},),
)
TIGHTER = (
    "adds a requirement",
    "adds a choice",
    "adds wide choices",
    "drops a role",
    "narrows a requirement",
    "count changes on board",
    "own loop by lead",
    "own loop by panel",
    "splits a state: all",
    "splits a state: long",
    "splits a state: waits",
)
OF_THE_FORCE = frozenset(("liaison_officer", "lead", "chief_constable", "nominated_deputy"))
ROLES = (
    "liaison_officer",
    "lead",
    "chief_constable",
    "nominated_deputy",
    "hmicfrs",
    "pcc",
    "panel",
    "delegate",
    "stand_in",
)
WAIVERS: tuple[list[Any], ...] = (
    ["reason"],
    [{"predicate": "waived"}],
    [{"waited": 1}],
    [{"field": "agreed"}],
)


@frozen
class Edit:
    """A force's file that differs from a shipped one: what was done, where, and the texts."""

    kind: str
    place: str
    text: str
    words: str | None


def edits_of(base: Yaml, *, every: int = 1, after: int = 0) -> Iterator[Edit]:
    """Yield small edits of a force's file, and pairs of them.

    Args:
        base: A file that keeps the national rules.
        every: Take one edit of so many.
        after: Leave so many out at first.
    """
    single = list(_changes(base))
    count = len(single)
    pairs = [(single[n], single[(n * 37 + 11) % count]) for n in range(0, count, 2)]
    chosen: list[tuple[Named, ...]] = [*((one,) for one in single), *pairs]
    for changes in chosen[after::every]:
        edit = _edited(deepcopy(base), changes)
        if edit is not None:
            yield edit


def tightenings_of(base: Yaml, *, every: int = 1) -> Iterator[Edit]:
    """Yield pairs of edits that look like tightenings of what the force does; walks say if so."""
    single = [change for change in _changes(base) if _seems_tighter(base, change)]
    for number in range(0, len(single), every):
        other = single[(number * 29 + 7) % len(single)]
        edit = _edited(deepcopy(base), (single[number], other))
        if edit is not None and other is not single[number]:
            yield edit


def _seems_tighter(base: Yaml, change: Named) -> bool:
    kind, (state, _, trigger) = change[0], change[1].partition(".")
    if not kind.startswith(TIGHTER):
        return False
    ways = base["states"].get(state, {}).get("transitions", {}).get(trigger, [])
    return all(role in OF_THE_FORCE for way in ways for role in way["by"])


def _edited(rules: Yaml, changes: tuple[Named, ...]) -> Edit | None:
    kind = " and ".join(change[0] for change in changes)
    place = " and ".join(change[1] for change in changes)
    try:
        for _, _, change in changes:
            change(rules)
        _prune(rules)
    except (KeyError, IndexError, ValueError):
        return None  # the first took away what the second is about
    return Edit(kind, place, written(rules), own_words(rules))


def _prune(rules: Yaml) -> None:
    """Take out the states that nothing leads to, as whoever edits would."""
    seen, waiting = {rules["initial"]}, [rules["initial"]]
    while waiting:
        for ways in rules["states"][waiting.pop()]["transitions"].values():
            for way in ways:
                if way["to"] not in seen:
                    seen.add(way["to"])
                    waiting.append(way["to"])
    rules["states"] = {name: state for name, state in rules["states"].items() if name in seen}


Named = tuple[str, str, Change]


def _changes(rules: Yaml) -> Iterator[Named]:
    for state, trigger, number in each_way(rules):
        way = rules["states"][state]["transitions"][trigger][number]
        for kind, change in _of_way(rules, way):
            yield kind, f"{state}.{trigger}", _at(state, trigger, number, change)
    for state in rules["states"]:
        for kind, whole in _of_state(rules, state):
            yield kind, state, whole
    for kind, whole in _of_file(rules):
        yield kind, "file", whole


def _at(state: str, trigger: str, number: int, change: Callable[[Yaml, Yaml, str], None]) -> Change:
    def changed(rules: Yaml) -> None:
        transitions = rules["states"][state]["transitions"]
        change(transitions[trigger][number], transitions, trigger)

    return changed


WayChange = Callable[[Yaml, Yaml, str], None]


def _of_way(rules: Yaml, way: Yaml) -> Iterator[tuple[str, WayChange]]:
    yield "drops a transition", _drop
    yield "renames", lambda way, ways, trigger: _rename(way, ways, trigger, as_=None)
    yield "renames with as", lambda way, ways, trigger: _rename(way, ways, trigger, as_=trigger)
    for place, atom in enumerate(way.get("requires", [])):
        yield from _of_requirement(rules, way, place, atom)
    yield from _added_to(way)
    yield from _of_roles(way)
    for other in rules["states"]:
        if other != way["to"]:
            yield "redirects", _set(to=other)
    if way["by"] != ["system"]:
        yield "makes it timed", _set(by=["system"], after={"days": 28})


def _of_requirement(
    rules: Yaml, way: Yaml, place: int, atom: Any
) -> Iterator[tuple[str, WayChange]]:
    yield "drops a requirement", _put(place, [])
    for other in _others(rules, atom):
        if other not in way["requires"]:
            yield "changes a requirement", _put(place, [other])
    for waiver in WAIVERS:
        if waiver != [atom]:
            yield "waives a requirement", _put(place, [{"any_of": [[atom], waiver]}])
    yield "buries a requirement", _put(place, _wide(65, 2))
    if atom not in ("reason", "successor"):
        choice = {"any_of": [[atom, "reason"], [atom, "successor"]]}
        yield "narrows a requirement", _put(place, [choice])


def _added_to(way: Yaml) -> Iterator[tuple[str, WayChange]]:
    asked = way.get("requires", [])
    for atom in PLAIN:
        if atom not in asked:
            yield "adds a requirement", _add([atom])
    for atoms in MEETABLE_NEVER:
        if not any(atom in asked for atom in atoms):
            yield "adds what cannot be met", _add(list(atoms))
    yield "adds wide choices", _add(_wide(2, 12))
    yield "adds a choice", _add([{"any_of": [["reason"], [{"waited": 7}]]}])
    yield "adds a person", _add([{"distinct_from": "start"}])


def _of_roles(way: Yaml) -> Iterator[tuple[str, WayChange]]:
    for role in ROLES:
        if role not in way["by"]:
            yield "adds a role", _set(by=[*way["by"], role])
            yield "gives it to a role", _set(by=[role])
        elif len(way["by"]) > 1:
            yield "drops a role", _set(by=[other for other in way["by"] if other != role])


def _wide(alternatives: int, choices: int) -> list[Any]:
    """Return choices among many waits, each of which a few days meet."""
    numbers = [range(at * alternatives + 1, (at + 1) * alternatives + 1) for at in range(choices)]
    return [{"any_of": [[{"waited": days}] for days in some]} for some in numbers]


def _drop(way: Yaml, ways: Yaml, trigger: str) -> None:
    ways[trigger].remove(way)
    if not ways[trigger]:
        del ways[trigger]


def _rename(way: Yaml, ways: Yaml, trigger: str, *, as_: str | None) -> None:
    _drop(way, ways, trigger)
    ways.setdefault(f"our_{trigger}", []).append(way if as_ is None else {**way, "as": as_})


def _put(place: int, atoms: list[Any]) -> WayChange:
    def put(way: Yaml, _ways: Yaml, _trigger: str) -> None:
        way["requires"][place : place + 1] = deepcopy(atoms)

    return put


def _set(**parts: Any) -> WayChange:
    def change(way: Yaml, _ways: Yaml, _trigger: str) -> None:
        way.update(deepcopy(parts))

    return change


def _add(atoms: list[Any]) -> WayChange:
    def add(way: Yaml, _ways: Yaml, _trigger: str) -> None:
        way["requires"] = [*way.get("requires", []), *deepcopy(atoms)]

    return add


def _others(rules: Yaml, atom: Any) -> Iterator[Any]:
    """Yield what somebody might ask instead of an atom."""
    yield {"predicate": "waived"}
    yield {"waited": 28}
    if atom != "reason":
        yield "reason"
    if isinstance(atom, dict) and "evidence" in atom:
        yield {"evidence": atom["evidence"]}
        yield {**atom, "signed_by": ["chief_constable", "nominated_deputy"]}
        yield {**atom, "signed_by": ["stand_in"]}
        yield {**atom, "since": rules["initial"]}
        yield {"evidence": "note"}
    if isinstance(atom, dict) and "inspection" in atom:
        yield from ({"inspection": kind} for kind in ("any", "planned", "bespoke"))
        yield {**atom, "since": rules["initial"]}
    if isinstance(atom, dict) and "has" in atom:
        yield {"field": atom["field"]}
        yield {"field": atom["field"], "has": "college"}
    if isinstance(atom, dict) and "field" in atom:
        yield {"field": "agreed"}
    if isinstance(atom, dict) and "for_each" in atom:
        yield {**atom, "for_each": ["recommendation", "afi"]}
        yield {**atom, "for_each": "afi"}


def _of_state(rules: Yaml, name: str) -> Iterator[tuple[str, Change]]:
    yield "removes a state", lambda rules: remove_state(rules, name)
    yield "final changes", lambda rules: _flip_final(rules["states"][name])
    for ledger in ("portal", "section_55", "force", "board"):
        for counts in ("open", "closed", None):
            if rules["states"][name]["counts_as"].get(ledger) != counts:
                yield f"count changes on {ledger}", _counting(name, ledger, counts)
    yield "begins elsewhere", lambda rules: rules.update(initial=name)
    for other in rules["states"]:
        if other != name:
            yield "stands for another", _standing(name, other)
    for atoms in ([], *([atom] for atom in PLAIN)):
        for role in ("lead", "panel", "pcc", "hmicfrs"):
            yield f"own loop by {role}", _looping(name, role, atoms)
    yield "own reminder", _reminding(name)
    others = dict.fromkeys(t for body in rules["states"].values() for t in body["transitions"])
    for trigger in [t for t in others if t not in rules["states"][name]["transitions"]][:3]:
        yield "own loop misnamed", _looping(name, "lead", [], trigger)
    for way in ("all", "long", "theirs here", "force there", "waits", "timed out", "other reviews"):
        yield f"splits a state: {way}", _splitting(name, way)


def _flip_final(state: Yaml) -> None:
    state["final"] = not state.get("final", False)
    for ways in state["transitions"].values():
        for way in ways:
            way["reopens"] = state["final"]


def _standing(name: str, other: str) -> Change:
    def change(rules: Yaml) -> None:
        rules["states"][name]["stands_for"] = other

    return change


def _counting(name: str, ledger: str, counts: str | None) -> Change:
    def change(rules: Yaml) -> None:
        counted = rules["states"][name]["counts_as"]
        counted.pop(ledger, None)
        if counts is not None:
            counted[ledger] = counts

    return change


def _own_step(rules: Yaml, name: str, to: str, by: str, atoms: list[Any]) -> Yaml:
    way: Yaml = {"to": to, "by": [by], "requires": deepcopy(atoms)}
    if rules["states"][name].get("final"):
        way["reopens"] = True
    return way


def _looping(name: str, role: str, atoms: list[Any], trigger: str = "log") -> Change:
    def change(rules: Yaml) -> None:
        ways = rules["states"][name]["transitions"]
        ways[trigger] = [_own_step(rules, name, name, role, atoms)]

    return change


def _reminding(name: str) -> Change:
    def change(rules: Yaml) -> None:
        way = {**_own_step(rules, name, name, "system", []), "after": {"days": 14}}
        rules["states"][name]["transitions"]["remind"] = [way]

    return change


def _splitting(name: str, how: str) -> Change:
    """Return the change that puts a second state beside one, by an own step there and back."""

    def change(rules: Yaml) -> None:
        state = rules["states"][name]
        if state.get("final"):
            raise ValueError(name)
        second = deepcopy({**state, "stands_for": name})
        rules["states"]["looked_at"] = second
        _share(state, second, how)
        by = "pcc" if how == "other reviews" else "panel"
        atoms: list[Any] = [{"waited": 28}] if how == "waits" else []
        state["transitions"]["look_at"] = [_own_step(rules, name, "looked_at", by, atoms)]
        back = _own_step(rules, "looked_at", name, "panel", ["reason"])
        if how == "timed out":
            back.update(by=["system"], after={"days": 10}, requires=[])
        second["transitions"]["send_back_ours"] = [back]

    return change


def _share(first: Yaml, second: Yaml, how: str) -> None:
    """Leave each of two states the transitions that the way of splitting gives it."""
    for trigger, ways in list(first["transitions"].items()):
        is_theirs = any(role in {"hmicfrs", "pcc", "npcc", "system"} for role in ways[0]["by"])
        if how in {"long", "waits", "timed out", "other reviews"} and not is_theirs:
            del first["transitions"][trigger]
            if how == "timed out":
                for way in second["transitions"][trigger]:
                    way["requires"] = [
                        *way.get("requires", []),
                        {"waited": 28, "since": "looked_at"},
                    ]
        if how == "theirs here" and is_theirs:
            del second["transitions"][trigger]
        if how == "force there" and not is_theirs:
            del second["transitions"][trigger]


def _of_file(rules: Yaml) -> Iterator[tuple[str, Change]]:
    categories = rules["applies_to"]["category"]
    levels = rules["applies_to"]["level"]
    for category in categories if len(categories) > 1 else ():
        yield "applies to fewer", _applying([category], levels)
    for category in ("recommendation", "cause_of_concern", "super_complaint_recommendation"):
        if category not in categories:
            yield "applies to more", _applying([*categories, category], levels)
    for level in (1, 4, "none"):
        if level != levels:
            yield "applies to more", _applying(categories, [levels, level])
    for day in ("1850-01-01", "2019-12-31", "2024-01-01"):
        yield "in force otherwise", lambda rules, day=day: rules.update(in_force_from=day)  # type: ignore[misc]


def _applying(categories: list[str], levels: Any) -> Change:
    def change(rules: Yaml) -> None:
        rules["applies_to"] = {"category": categories, "level": levels}

    return change
