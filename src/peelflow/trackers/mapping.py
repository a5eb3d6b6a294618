"""Read the map of a tracker and check it against the rules, as a rule file is checked.

What the draft of a map was not sure of says `unsure`; a map with such a word left is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import evolve

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, Span
from peelflow.files import read_regular
from peelflow.model.rules import SYSTEM, Category, FieldRule, Lifecycle
from peelflow.model.trackers import FixedParts, TrackerMap
from peelflow.phrases import listed, shown, suggestion
from peelflow.results import frozen
from peelflow.rulebook.rulebook import Rulebook
from peelflow.rulebook.structure import read_all
from peelflow.rulebook.yaml_reader import (
    HOW_TO_BEGIN,
    MAX_BYTES,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    fault,
    read_mapping,
)

UNSURE = "unsure"
"""What a draft writes where it will not guess."""
HOW_TO_PROPOSE = "start with `tracker: <name>`; `peelflow import FILE --propose MAP` writes a draft"

RECORD_TARGETS: Mapping[str, str] = {
    "record": "the force's own reference, which is the record's id",
    "category": "what it is: its words stand under `categories`",
    "level": "its level: its words stand under `levels`",
    "issued": "the day it was issued, mostly that of the report",
    "state": "where it stands: its words stand under `states`",
    "parent": "the reference of the cause of concern above it",
    "force": "its lead force, where the tracker is of several; else `fixed` says it",
    "joint_with": "the other forces that it is of, with `;` between them: its words under `words`",
}
ACT_TARGETS: Mapping[str, str] = {
    "since": "the day since when it stands there",
    "actor": "who decided so",
    "actor_role": "the role they decided in",
    "reason": "why, in words",
    "inspection": "the id of the inspection that it rests on",
    "successor": "the reference of what takes its place",
    "document": "the file of the letter, beside the sheet",
    "signed_by": "who signed it",
    "signed_on": "when they did",
}
TARGETS: Mapping[str, str] = {**RECORD_TARGETS, **ACT_TARGETS}
"""What is read from a column besides the fields of the rules."""
FIXABLE = ("category", "level", "issued")
NEEDED_TARGETS = ("record", "category", "issued")
"""What a row says of its record, unless it is the same in every row."""
_WORDS_APART: Mapping[str, str] = {"category": "categories", "level": "levels", "state": "states"}
"""What has words under a key of its own."""
_FILLED = ("force", "actor", "actor_role", "inspectorate", "source", "prefix")


@frozen
class MapFile:
    """A map that was read, and where each thing stands in its file."""

    tracker: TrackerMap
    node: MappingNode

    def span(self, *keys: str) -> Span:
        """Return the place of the value that lies behind these keys."""
        node: Node = self.node
        span = node.span
        for key in keys:
            if not isinstance(node, MappingNode) or key not in node.entries:
                break
            span, node = node.keys[key], node.entries[key]
        return span


def read_map(path: Path, rulebook: Rulebook, *, fill: Mapping[str, str] | None = None) -> MapFile:
    """Read a map's file and check it.

    Args:
        path: The file.
        rulebook: The rules that it is held against.
        fill: What the map's fixed parts say, in the place of what stands in the file.

    Raises:
        InvalidRules: With every fault, sorted by place.
        InvalidRequest: What is to be filled in is no fixed part.
    """
    filled = dict(fill or {})
    check_fixed_parts(filled)
    try:
        node = _with_filled(read_mapping(_source_of(path), path.as_posix()), filled)
        file = _map_of(node)
    except InvalidRules as refused:
        raise InvalidRules(map(_about_maps, refused.diagnostics)) from None
    faults = tuple(_rule_faults(file, rulebook))
    if faults:
        raise InvalidRules(faults)
    return file


def _source_of(path: Path) -> bytes:
    span = Span(path.as_posix())
    instead = "check the path; `peelflow import FILE --propose MAP` writes a draft"
    try:
        source = read_regular(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        sentence = f"`{span.file}` cannot be read: {why[:1].lower()}{why[1:]}"
        raise fault(span, "unreadable", sentence, instead) from None
    if source is None:
        sentence = f"`{span.file}` is no file"
        raise fault(span, "unreadable", sentence, instead)
    return source


def _about_maps(found: Diagnostic) -> Diagnostic:
    """Return a fault of YAML with what to do in a map where it says how a rule file begins."""
    return evolve(found, help=HOW_TO_PROPOSE) if found.help == HOW_TO_BEGIN else found


def check_fixed_parts(names: Iterable[str]) -> None:
    """Refuse what is to be filled in and is no fixed part of a map.

    Args:
        names: What is to be filled in.

    Raises:
        InvalidRequest: One of them is none.
    """
    for name in sorted({*names} - set(_FILLED)):
        what, why = f"the fixed part {name!r} to fill", "is none of a tracker's map"
        raise InvalidRequest(what, why, suggestion(name, _FILLED))


def _with_filled(node: MappingNode, filled: Mapping[str, str]) -> MappingNode:
    """Return a map's nodes with fixed parts that were named elsewhere."""
    fixed = node.entries.get("fixed")
    if not filled or not isinstance(fixed, MappingNode):
        return node
    said = {
        name: ScalarNode(text, fixed.keys.get(name, fixed.span)) for name, text in filled.items()
    }
    places = {name: part.span for name, part in said.items()}
    whole = MappingNode({**fixed.entries, **said}, {**fixed.keys, **places}, fixed.span)
    return evolve(node, entries={**node.entries, "fixed": whole})


def _map_of(node: MappingNode) -> MapFile:
    """Give a map's nodes their types; what is unsure is told before what follows from it."""
    unsure = [*_unsure_faults(node, ())]
    places = {found.span for found in unsure}
    try:
        tracker: TrackerMap = read_all(node, TrackerMap)
    except InvalidRules as refused:
        others = (found for found in refused.diagnostics if found.span not in places)
        raise InvalidRules([*unsure, *others]) from None
    if unsure:
        raise InvalidRules(unsure)
    return MapFile(tracker, node)


def _unsure_faults(node: Node, keys: tuple[str, ...]) -> Iterator[Diagnostic]:
    match node:
        case ScalarNode(value=str() as text) if text == UNSURE:
            what = shown(": ".join(keys[-2:]))
            sentence, instead = f"`{what}` is still unsure", _settled_by(keys)
            yield Diagnostic(node.span, "unsure", sentence, instead)
        case SequenceNode(nodes=nodes):
            for item in nodes:
                yield from _unsure_faults(item, keys)
        case MappingNode(entries=entries):
            for key, child in entries.items():
                yield from _unsure_faults(child, (*keys, key))


def _settled_by(keys: tuple[str, ...]) -> str:
    """Say what settles an unsure value."""
    match keys:
        case ("fixed", "force"):
            return "write the force's short name, such as wmp; the comment beside it says more"
        case ("fixed", "actor"):
            return "write who keeps the sheet: a person, by one name"
        case ("columns", target):
            return f"write the heading of {TARGETS.get(target, target)}"
        case ("states", level, _):
            return f"write the state of level {level} that the word stands for"
        case _:
            return "write what it means, as the comment beside it says"


def categories_of(tracker: TrackerMap) -> tuple[str, ...]:
    """Return the categories that a map's rows may be of.

    Args:
        tracker: The map.
    """
    fixed = (tracker.fixed.category,) if tracker.fixed.category else ()
    return tuple(dict.fromkeys((*tracker.categories.values(), *fixed)))


def with_own_fields(rulebook: Rulebook, tracker: TrackerMap) -> Rulebook:
    """Return the rules with a map's own fields declared for the categories of its rows.

    Args:
        rulebook: The rules.
        tracker: The map.
    """
    own = {
        name: FieldRule(declared.type, declared.title or declared.heading)
        for name, declared in tracker.own_fields.items()
    }
    known = rulebook.vocabulary.categories
    widened = {
        name: evolve(known[name], fields={**known[name].fields, **own})
        for name in categories_of(tracker)
    }
    vocabulary = evolve(rulebook.vocabulary, categories={**known, **widened})
    return evolve(rulebook, vocabulary=vocabulary)


def _rule_faults(file: MapFile, rulebook: Rulebook) -> Iterator[Diagnostic]:
    """Yield what of a map the rules do not know, and what it says twice."""
    tracker, known = file.tracker, rulebook.vocabulary.categories
    yield from _role_faults(file, tracker.fixed, rulebook)
    named = [(("categories", word), name) for word, name in tracker.categories.items()]
    if tracker.fixed.category:
        named.append((("fixed", "category"), tracker.fixed.category))
    for keys, name in named:
        if name not in known:
            sentence = f"the category `{name}` is unknown"
            yield Diagnostic(
                file.span(*keys), "unknown-category", sentence, suggestion(name, known)
            )
    categories = [known[name] for name in categories_of(tracker) if name in known]
    yield from _column_faults(file, categories)
    yield from _state_faults(file, rulebook)
    for field in tracker.words:
        if field in _WORDS_APART:
            sentence = f"words for a {field} stand under `{_WORDS_APART[field]}`"
            instead = f"move them to `{_WORDS_APART[field]}`"
            yield Diagnostic(file.span("words", field), "map-column", sentence, instead)
        elif field not in {*tracker.columns, *tracker.own_fields}:
            sentence = f"words are given for `{field}`, which no column says"
            instead = suggestion(field, {*tracker.columns, *tracker.own_fields})
            yield Diagnostic(file.span("words", field), "unknown-field", sentence, instead)


def _role_faults(file: MapFile, fixed: FixedParts, rulebook: Rulebook) -> Iterator[Diagnostic]:
    roles = rulebook.vocabulary.roles
    span = file.span("fixed", "actor_role")
    if fixed.actor_role not in roles:
        sentence = f"the role `{fixed.actor_role}` is unknown"
        yield Diagnostic(span, "unknown-role", sentence, suggestion(fixed.actor_role, roles))
    elif roles[fixed.actor_role].side != "force" or fixed.actor_role == SYSTEM:
        sentence = f"the role `{fixed.actor_role}` is not of the force, whose tracker this is"
        instead = "name the role of who keeps the sheet, such as `liaison_officer`"
        yield Diagnostic(span, "map-role", sentence, instead)


def _column_faults(file: MapFile, categories: list[Category]) -> Iterator[Diagnostic]:
    tracker = file.tracker
    fields = {name for category in categories for name in category.fields}
    for target in tracker.columns:
        if target not in TARGETS and target not in fields:
            span, choices = file.span("columns", target), {*TARGETS, *fields}
            sentence = f"`{target}` is neither a field of these categories nor known here"
            instead = f"keep its column under `own_fields`; or {suggestion(target, choices)}"
            yield Diagnostic(span, "unknown-field", sentence, instead)
    for name in tracker.own_fields:
        if name in fields or name in TARGETS:
            span, sentence = file.span("own_fields", name), f"`{name}` is known to the rules"
            yield Diagnostic(span, "redefined", sentence, "name its heading under `columns`")
    for target in NEEDED_TARGETS:
        fixed = target in FIXABLE and getattr(tracker.fixed, target) is not None
        if target not in tracker.columns and not fixed:
            sentence = f"no column says {TARGETS[target]}"
            instead = f"add `{target}:` and its heading to `columns`"
            yield Diagnostic(file.span("columns"), "map-column", sentence, instead)
    used = {*tracker.columns.values(), *(own.heading for own in tracker.own_fields.values())}
    for heading in tracker.ignored:
        if heading in used:
            sentence = f"the heading `{shown(heading)}` is read and ignored"
            yield Diagnostic(file.span("ignored"), "map-column", sentence, "keep one of the two")


def _state_faults(file: MapFile, rulebook: Rulebook) -> Iterator[Diagnostic]:
    for key, words in file.tracker.states.items():
        lifecycles = tuple(lifecycles_for(rulebook, file.tracker, key))
        if not lifecycles:
            sentence = f"no rules run records of `{key}` among those of this map"
            instead = "write a level from 1 to 4, `none`, or one of its categories"
            yield Diagnostic(file.span("states", key), "unknown-category", sentence, instead)
            continue
        states = {state for rules in lifecycles for state in rules.states}
        for word, state in words.items():
            if state not in states:
                span = file.span("states", key, word)
                sentence = f"`{state}` is no state of {listed(map(str, lifecycles))}"
                yield Diagnostic(span, "unknown-state", sentence, suggestion(state, states))


def lifecycles_for(rulebook: Rulebook, tracker: TrackerMap, key: str) -> Iterable[Lifecycle]:
    """Return the lifecycles that run a map's records of a level, or of a category.

    Args:
        rulebook: The rules.
        tracker: The map.
        key: A level from 1 to 4, `none`, or a category.
    """
    levels = {"none": None, **{str(level): level for level in range(1, 5)}}
    categories = {*categories_of(tracker)}
    for rules in rulebook.lifecycles:
        runs = categories.intersection(rules.applies_to.category)
        if (key in runs) or (key in levels and runs and levels[key] in rules.applies_to.level):
            yield rules
