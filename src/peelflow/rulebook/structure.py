"""The structure pass gives nodes the types of the model, and finds every fault in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from typing import Annotated, Any, Literal, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, IterableValidationError

from peelflow.errors import Diagnostic, InvalidRules, Span
from peelflow.model.constraints import (
    AtLeastOne,
    ByTrigger,
    FirstDayWord,
    LevelWord,
    NamePattern,
    NumberRange,
    OneOrList,
    TriggerName,
)
from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.requirements import BARE, HEADED, Requirement
from peelflow.model.rules import (
    TRIGGERS_PLACE,
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    MigrationPlan,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Promise,
    SeparationOfDuties,
    StateSet,
    Transition,
    Vocabulary,
)
from peelflow.phrases import listed, nearest_name, shown, suggestion
from peelflow.results import define
from peelflow.rulebook.schema import (
    DAY,
    GUARANTEE_FORMS,
    LAST_LEVEL,
    MAPPING_SCHEMAS,
    RESERVED,
    UNKNOWN_DAY,
)
from peelflow.rulebook.yaml_reader import (
    HOW_TO_BEGIN,
    KIND_KEYS,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    duplicate_items,
    fault,
    read_node,
    with_span,
)

A_TEXT, A_LIST, A_MAPPING = "a text", "a list", "a mapping"
A_FLAG, A_WHOLE_NUMBER = "`true` or `false`", "a whole number"


def wrong_type(node: Node, wanted: str, instead: str = "") -> InvalidRules:
    """A value of another type than its place holds."""
    if wanted == A_LIST and isinstance(node, ScalarNode) and node.value != "":
        instead = f"write [{shown(_scalar_text(node.value))}]"
    elif wanted == A_TEXT and isinstance(node, ScalarNode):
        instead = f'write "{_scalar_text(node.value)}" in quotes'
    elif wanted == A_TEXT:
        instead = "write one text, without brackets"
    elif wanted == A_FLAG:
        instead = f"write {A_FLAG}, without quotes"
    elif wanted == A_WHOLE_NUMBER:
        instead = "write digits alone, such as 10, without quotes or a zero before them"
    found = _describe_node(node)
    if wanted == A_TEXT and isinstance(node, ScalarNode) and node.is_ambiguous:
        found = f"`{node.value}` without quotes"
    sentence = f"{wanted} belongs here, not {found}"
    return fault(node.span, "wrong-type", sentence, instead or f"write {wanted}")


def _describe_node(node: Node) -> str:
    match node:
        case MappingNode():
            return "a mapping"
        case SequenceNode():
            return "a list"
        case ScalarNode(value=""):
            return "nothing"
        case ScalarNode(value=str() as text):
            return f"the text `{shown(text)}`"
        case _:
            return f"`{_scalar_text(node.value)}`"


def _scalar_text(value: str | int | bool) -> str:  # noqa: FBT001
    return str(value).lower() if isinstance(value, bool) else str(value)


def empty_value(span: Span, what: str) -> InvalidRules:
    """A list, mapping or text that may not be empty."""
    instead = "write a text" if what == A_TEXT else "write at least one"
    return fault(span, "empty-value", f"{what} with nothing in it stands here", instead)


def unknown_requirement(span: Span, text: str) -> InvalidRules:
    """A word that is no requirement, or is not written as one."""
    if text in HEADED:
        sentence, instead = f"`{text}` says too little alone", f"write {{{text}: …}}"
    elif text in BARE:
        sentence, instead = f"`{text}` takes no value", f"write just {text}"
    else:
        sentence = f"`{shown(text)}` is no requirement" if text else "a requirement is missing here"
        instead = suggestion(text, {*BARE, *HEADED})
    return fault(span, "unknown-requirement", sentence, instead)


def read_text(node: Node, _: Any = str) -> str:
    """Read a text that is not empty."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or node.is_ambiguous:
        raise wrong_type(node, A_TEXT)
    if not node.value:
        raise empty_value(node.span, A_TEXT)
    return node.value


def read_flag(node: Node, _: Any = bool) -> bool:
    """Read true or false."""
    if not isinstance(node, ScalarNode) or not isinstance(node.value, bool):
        raise wrong_type(node, A_FLAG)
    return node.value


def read_date(node: Node, _: Any = date) -> date:
    """Read a date written year-month-day."""
    written = read_text(node)
    try:
        return date.fromisoformat(written if re.fullmatch(DAY, written) else "")
    except ValueError:
        sentence, instead = (
            f"`{shown(written)}` is no date",
            "write year-month-day, such as 2025-03-31",
        )
        raise fault(node.span, "bad-date", sentence, instead) from None


def read_choice(node: Node, kind: Any) -> str:
    """Read one of the words of a `Literal`."""
    written = read_text(node)
    if written not in get_args(kind):
        sentence, instead = f"`{shown(written)}` is no choice here", listed(get_args(kind))
        raise fault(node.span, "unknown-choice", sentence, f"write one of {instead}")
    return written


def read_name(node: Node, named: NamePattern) -> str:
    """Read a name that follows its pattern and that no reader of YAML mistakes."""
    if isinstance(node, ScalarNode) and (
        isinstance(node.value, bool) or (node.is_ambiguous and node.value == "null")
    ):
        written = _scalar_text(node.value)
    else:
        written = read_text(node)
    is_reserved = written in RESERVED
    if not is_reserved and _compiled(named.pattern).fullmatch(written):
        return written
    sentence = f"`{shown(written)}` cannot be the name of a {named.what}"
    if is_reserved:
        sentence += ": YAML may read no text there"
        raise fault(node.span, "reserved-name", sentence, "choose another name")
    raise fault(node.span, "bad-name", sentence, f"write {named.words}")


_compiled = cache(re.compile)


def read_whole_number(node: Node, bounds: NumberRange) -> int:
    """Read a whole number within bounds."""
    if not isinstance(node, ScalarNode) or isinstance(node.value, str | bool):
        raise wrong_type(node, A_WHOLE_NUMBER)
    if not bounds.least <= node.value <= bounds.most:
        instead = f"write a number from {bounds.least} to {bounds.most}"
        raise fault(node.span, "out-of-range", f"{node.value} is out of range", instead)
    return node.value


def read_level(node: Node) -> int | None:
    """Read a level from 1 to 4, or `none`."""
    match node:
        case ScalarNode(value="none"):
            return None
        case ScalarNode(value=int(level)) if level is not True and 1 <= level <= LAST_LEVEL:
            return level
    raise wrong_type(node, f"a level from 1 to {LAST_LEVEL} or `none`")


def read_first_day(node: Node) -> date | None:
    """Read a date, or `unknown`."""
    is_unknown = isinstance(node, ScalarNode) and node.value == UNKNOWN_DAY
    return None if is_unknown else read_date(node)


Hook = Callable[[Node, Any], Any]


RuleFile = Lifecycle | Vocabulary | MigrationPlan | QuestionSetFile
RULE_FILE_KINDS: Mapping[str, type[RuleFile]] = dict(
    zip(KIND_KEYS, (Lifecycle, Vocabulary, MigrationPlan, QuestionSetFile), strict=True)
)


def rule_file_of(node: MappingNode) -> RuleFile:
    """Read a file's nodes as the lifecycle, vocabulary or migration that its keys say it is.

    Raises:
        InvalidRules: With every fault of the file, sorted by place.
    """
    for key, kind in RULE_FILE_KINDS.items():
        if key in node.entries:
            rules: RuleFile = read_all(node, kind)
            return _with_places(rules, node) if isinstance(rules, MigrationPlan) else rules
    instead = HOW_TO_BEGIN
    for kind_key in KIND_KEYS:
        close = nearest_name(kind_key, node.entries)
        if close is not None:
            instead = f"write `{kind_key}` where `{shown(close)}` stands"
    sentence = f"the file says none of {listed(KIND_KEYS)}"
    raise fault(node.span, "unknown-kind", sentence, instead)


def _with_places(plan: MigrationPlan, node: MappingNode) -> MigrationPlan:
    """Return a plan with the places where its file speaks of each state and trigger."""
    places: dict[str, Span] = {}
    for key, prefix in (("states", ""), ("triggers", TRIGGERS_PLACE)):
        names = node.entries.get(key)
        if isinstance(names, MappingNode):
            places |= {f"{prefix}{name}": span for name, span in names.keys.items()}
    return attrs.evolve(plan, places=places)


def read_all(node: Node, kind: Any) -> Any:
    """Read nodes as a kind of the model.

    Raises:
        InvalidRules: With every fault, sorted by place.
    """
    try:
        return CONVERTER.structure(node, kind)
    except BaseValidationError as group:
        # An alias is read wherever it stands, and its faults are those of one place.
        raise InvalidRules(set(_diagnostics_in(group))) from None


def _diagnostics_in(error: Exception) -> list[Diagnostic]:
    if isinstance(error, BaseValidationError):
        return [fault for part in error.exceptions for fault in _diagnostics_in(part)]
    return list(getattr(error, "diagnostics", ()))


@define(eq=False, slots=False)
class _Reader:
    """What reads one kind; how it does is found when it is first asked, as kinds hold others."""

    kind: Any

    @cached_property
    def _hook(self) -> Hook:
        return CONVERTER.get_structure_hook(self.kind)

    def read(self, node: Node) -> Any:
        return self._hook(node, self.kind)


@define(eq=False)
class _FaultCollector:
    """Reads every part of a whole before it raises the faults of all."""

    faults: list[Exception] = attrs.field(factory=list)

    def read(self, node: Node, reader: _Reader) -> Any:
        try:
            return reader.read(node)
        except (InvalidRules, BaseValidationError) as invalid:
            self.faults.append(invalid)
            return None

    def finish(self, what: str) -> None:
        """Raise the faults, if there are any."""
        if self.faults:
            raise IterableValidationError(what, self.faults, tuple)


def _read_sequence(reader: _Reader, node: Node, _: Any) -> tuple[Any, ...]:
    if not isinstance(node, SequenceNode):
        raise wrong_type(node, A_LIST)
    collector = _FaultCollector()
    items = tuple([collector.read(item, reader) for item in node.nodes])
    for item, first in duplicate_items(node):
        what = (
            f"`{shown(_scalar_text(item.value))}`" if isinstance(item, ScalarNode) else "this item"
        )
        sentence = f"{what} already stands in this list, at line {first.span.line}"
        collector.faults.append(fault(item.span, "duplicate-item", sentence, "keep one of the two"))
    collector.finish(A_LIST)
    return items


def _read_mapping(readers: tuple[_Reader, ...], node: Node, _: Any) -> dict[str, Any]:
    if not isinstance(node, MappingNode):
        raise wrong_type(node, A_MAPPING)
    collector, (of_keys, of_values) = _FaultCollector(), readers
    entries: dict[str, Any] = {}
    for key, child in node.entries.items():
        collector.read(ScalarNode(key, node.keys[key]), of_keys)
        entries[key] = collector.read(_at_key(child, node.keys[key]), of_values)
    collector.finish(A_MAPPING)
    return entries


def _at_key(node: Node, key: Span) -> Node:
    """Give a mapping the place of its key, where people look for it."""
    return MappingNode(node.entries, node.keys, key) if isinstance(node, MappingNode) else node


def _read_by_schema(node: Node, cls: Any, **named: str) -> Any:
    """Read a mapping as a kind of the model; `named` is what its own key says of it."""
    shape = MAPPING_SCHEMAS[cls]
    if not isinstance(node, MappingNode):
        needed = [name for name, key in shape.keys.items() if key.required] or [*shape.keys][:1]
        instead = ", ".join(f"{name}: …" for name in needed)
        raise wrong_type(node, f"a mapping with {listed(shape.keys)}", f"write {{{instead}}}")
    collector = _FaultCollector()
    values: dict[str, Any] = {**dict.fromkeys(shape.filled_in), **named}
    readers, required = _keys_of(cls)
    for name, child in node.entries.items():
        key = shape.keys.get(name)
        if key is None:
            sentence, instead = (
                f"the key `{shown(name)}` has no meaning here",
                suggestion(name, shape.keys),
            )
            collector.faults.append(fault(node.keys[name], "unknown-key", sentence, instead))
        else:
            at_key = _at_key(child, node.keys[name])
            values[key.attribute] = collector.read(at_key, readers[name])
    for name in required - node.entries.keys():
        sentence = f"the key `{name}` is missing here"
        collector.faults.append(fault(node.span, "missing-key", sentence, f"add `{name}:`"))
    collector.finish(cls.__name__)
    return cls(**values, span=node.span)


@cache
def _keys_of(cls: Any) -> tuple[Mapping[str, _Reader], frozenset[str]]:
    """Return what reads the value of each key of a kind of mapping, and the keys it needs."""
    keys = MAPPING_SCHEMAS[cls].keys
    needed = frozenset(name for name, key in keys.items() if key.required)
    return {name: _Reader(key.holds) for name, key in keys.items()}, needed


def _annotated_hook(kind: Any) -> Hook:
    plain, mark = get_args(kind)
    match mark:
        case NamePattern():
            return lambda node, _: read_name(node, mark)
        case NumberRange():
            return lambda node, _: read_whole_number(node, mark)
        case AtLeastOne():
            return partial(_read_at_least_one, _Reader(plain))
        case OneOrList():
            return partial(_read_one_or_list, _Reader(plain))
        case LevelWord():
            return lambda node, _: read_level(node)
        case FirstDayWord():
            return lambda node, _: read_first_day(node)
        case ByTrigger():
            return lambda node, _: _read_transitions(node)
        case _:
            return lambda node, _: _read_sentence(node)


def _read_at_least_one(reader: _Reader, node: Node, _: Any) -> Any:
    parts = reader.read(node)
    if not parts:
        raise empty_value(node.span, A_LIST if isinstance(node, SequenceNode) else A_MAPPING)
    return parts


def _read_one_or_list(reader: _Reader, node: Node, kind: Any) -> Any:
    alone = isinstance(node, ScalarNode)
    return _read_at_least_one(reader, SequenceNode((node,), node.span) if alone else node, kind)


_TRIGGER = _Reader(TriggerName)


@define(eq=False, slots=False)
class _StepReader(_Reader):
    """What reads a step under its key, `kind`; what it answers is found once all is read."""

    def read(self, node: Node) -> Any:
        # A national step answers itself.
        return _read_by_schema(node, Transition, trigger=self.kind, implements=self.kind)


@define(eq=False, slots=False)
class _AlternativesReader(_Reader):
    """What reads the steps under one key, `kind`."""

    def read(self, node: Node) -> Any:
        steps = _read_sequence(_StepReader(self.kind), node, None)
        if not steps:
            raise empty_value(node.span, A_LIST)
        return steps


def _read_transitions(node: Node) -> tuple[Transition, ...]:
    if not isinstance(node, MappingNode):
        instead = "write each trigger as a key: `<trigger>: {to: …, by: …}`"
        raise wrong_type(node, "a mapping of triggers", instead)
    collector = _FaultCollector()
    transitions: list[Transition] = []
    for trigger, child in node.entries.items():
        place = node.keys[trigger]
        collector.read(ScalarNode(trigger, place), _TRIGGER)
        alternatives = (
            child
            if isinstance(child, SequenceNode)
            else SequenceNode((_at_key(child, place),), place)
        )
        read = collector.read(alternatives, _AlternativesReader(trigger))
        transitions += read or ()
    collector.finish(A_MAPPING)
    return tuple(transitions)


_NAME = "[a-z][a-z0-9_]*"
_LIST = rf"\[ ?({_NAME}(?: ?, ?{_NAME})*) ?\]"
_STATE_SET = f"({_NAME}(?: (?:open|closed))?)"
_REQUIREMENT = rf"(\{{.*\}}|{'|'.join(BARE)})"
_PROMISES: dict[str, Callable[[tuple[str, ...], Span], Promise]] = {
    rf"{_STATE_SET} is never entered without {_LIST}(?: since ({_NAME}))?": (
        lambda parts, _: NeverEnteredWithoutSteps(
            _state_set(parts[0]), _listed_names(parts[1]), parts[2] or None
        )
    ),
    rf"{_STATE_SET} is only entered by {_LIST}": (
        lambda parts, _: OnlyEnteredBy(_state_set(parts[0]), _listed_names(parts[1]))
    ),
    rf"{_STATE_SET} is never entered(?: by {_LIST})? without {_REQUIREMENT}": (
        lambda parts, span: NeverEnteredUnless(
            _state_set(parts[0]), _read_requirement_text(parts[2], span), _listed_names(parts[1])
        )
    ),
    rf"({_NAME}) is never done by {_LIST}": (
        lambda parts, _: NeverDoneBy(parts[0], _listed_names(parts[1]))
    ),
    rf"{_STATE_SET} can always be reached": lambda parts, _: AlwaysReachable(_state_set(parts[0])),
    rf"{_STATE_SET} is never followed by {_STATE_SET}": (
        lambda parts, _: NeverFollowedBy(*map(_state_set, parts))
    ),
    rf"between ({_NAME}) and ({_NAME}) stand two different people": (
        lambda parts, _: SeparationOfDuties(*parts)
    ),
}
_PATTERNS = {re.compile(form, re.DOTALL): promise_of for form, promise_of in _PROMISES.items()}


def _read_sentence(node: Node) -> Guarantee:
    """Read the sentence of a guarantee; runs of white space count as one space."""
    that = " ".join(read_text(node).split())
    for pattern, promise_of in _PATTERNS.items():
        match = pattern.fullmatch(that)
        if match:
            return Guarantee(that, "", promise_of(match.groups(""), node.span))
    raise fault(
        node.span,
        "guarantee-syntax",
        f"`{shown(that)}` is no sentence a guarantee can say",
        "say one of these, where X is a state or a ledger with `open` or `closed`: "
        + "; ".join(_likely_forms(that)),
    )


def _likely_forms(sentence: str) -> Sequence[str]:
    """Return the forms that a sentence may have been meant to have, else all of them."""
    words = {word for word in sentence.split() if word.islower()}
    shared = {form: len(words.intersection(form.split())) for form in GUARANTEE_FORMS}
    most = max(shared.values())
    return [form for form in GUARANTEE_FORMS if shared[form] == most > 1] or GUARANTEE_FORMS


def _state_set(text: str) -> StateSet:
    name, _, counts = text.partition(" ")
    return StateSet(ledger=name, counts=counts) if counts else StateSet(state=name)


def _listed_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def _read_guarantee(node: Node, _: Any) -> Guarantee:
    read = _read_by_schema(node, Guarantee)
    return Guarantee(read.that.that, read.because, read.that.promise, read.span)


def _read_requirement(node: Node, _: Any) -> Any:
    match node:
        case ScalarNode(value=str() as word) if word in BARE:
            return BARE[word](span=node.span)
        case ScalarNode(value=value):
            raise unknown_requirement(node.span, str(value))
        case SequenceNode():
            raise wrong_type(node, "a requirement", "write each as an item of its own")
    heads = [key for key in node.entries if key in HEADED]
    if len(heads) > 1:
        sentence = f"{listed(heads)} stand in one item, and an item is one requirement"
        raise fault(node.span, "several-requirements", sentence, "give each an item of its own")
    if not heads:
        first = next(iter(node.entries), "")
        raise unknown_requirement(node.keys.get(first, node.span), first)
    return CONVERTER.structure(node, HEADED[heads[0]])


def _read_requirement_text(text: str, span: Span) -> Any:
    """Read the requirement inside a guarantee's sentence; its faults stand at the sentence."""
    if text in BARE:
        return _read_requirement(ScalarNode(text, span), None)
    try:
        node = _requirement_node(text)
    except InvalidRules as refused:
        faults = (attrs.evolve(diagnostic, span=span) for diagnostic in refused.diagnostics)
        raise InvalidRules(faults) from None
    return read_all(with_span(node, span), Requirement)


@lru_cache(maxsize=256)
def _requirement_node(text: str) -> Node:
    """Return the nodes of a requirement that stands in a sentence, without its place.

    Guarantees of several levels and versions say the same one.
    """
    return read_node(text, "")


def _converter() -> Converter:
    converter = Converter()
    rules: list[tuple[Callable[[Any], bool], Callable[[Any], Hook]]] = [
        (lambda kind: get_origin(kind) is Literal, lambda _: read_choice),
        (
            lambda kind: get_origin(kind) is tuple,
            lambda kind: partial(_read_sequence, _Reader(get_args(kind)[0])),
        ),
        (
            lambda kind: get_origin(kind) is Mapping,
            lambda kind: partial(_read_mapping, tuple(map(_Reader, get_args(kind)))),
        ),
        (lambda kind: get_origin(kind) is Annotated, _annotated_hook),
        (lambda kind: kind == Requirement, lambda _: _read_requirement),
        (lambda kind: kind in MAPPING_SCHEMAS, lambda _: _read_by_schema),
        (lambda kind: kind is Guarantee, lambda _: _read_guarantee),
    ]
    # INVARIANT: cattrs has hooks of its own for these, which only a direct hook replaces.
    converter.register_structure_hook(str, lambda node, _: read_text(node, str))
    converter.register_structure_hook(bool, lambda node, _: read_flag(node, bool))
    converter.register_structure_hook(date, lambda node, _: read_date(node, date))
    for holds, factory in rules:
        converter.register_structure_hook_factory(holds, factory)
    return converter


CONVERTER = _converter()
