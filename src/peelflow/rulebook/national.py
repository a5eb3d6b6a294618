"""The national rulebook is what everything else builds on; its proved form is cached.

Reading and proving the files takes longer than all else of a start. The result is cached beside
them as plain data, with the digest of each file: it is used only where these very files lie, where
the classes it fills are those it was written with, and where its own bytes are the ones that came
with this version. Else the files are read and proved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import attrs
from attrs import evolve

from peelflow import errors
from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, Span
from peelflow.model import requirements
from peelflow.model import rules as rule_classes
from peelflow.phrases import listed, printable
from peelflow.rulebook import rulebook as rulebook_classes
from peelflow.rulebook.authority import Authority
from peelflow.rulebook.rulebook import Rulebook

if TYPE_CHECKING:
    from peelflow.model.rules import MigrationPlan
    from peelflow.rulebook.loader import CheckedRules, RuleFiles


_PACKAGE = Path(__file__).parents[1]


def shipped_folder(name: str) -> Path:
    """Return the folder of shipped `rules` or `examples`: the wheel's, else the checkout's.

    Raises:
        FileNotFoundError: This installation has neither.
    """
    places = (_PACKAGE / "_shipped" / name, _PACKAGE.parents[1] / name)
    for place in places:
        if place.is_dir():
            return place
    message = f"no `{name}` came with peelflow; looked in {places[0]} and {places[1]}: reinstall it"
    raise FileNotFoundError(message)


_CLASS_MODULES = (errors, requirements, rule_classes, rulebook_classes)
_Json = Any


def cache_text(rulebook: Rulebook, folder: Path) -> str:
    """Return a rulebook that the files in `folder` gave as text for `rulebook_from_cache`.

    Its first line says of which files and classes it is, its second is the rulebook.
    """
    lines = (
        {"files": _file_digests(folder), "classes": _class_fields()},
        _to_json(rulebook, f"{printable(folder.as_posix())}/"),
    )
    return "".join(
        json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines
    )


def rulebook_from_cache(text: str, folder: Path) -> Rulebook | None:
    """Return the rulebook that `text` keeps, None unless it is that of the files in `folder`."""
    kept, _, rulebook = text.partition("\n")
    try:
        if json.loads(kept) != {"files": _file_digests(folder), "classes": _class_fields()}:
            return None
        made = _made_in(f"{printable(folder.as_posix())}/")
        found = json.loads(rulebook, object_hook=made)
    except (OSError, ArithmeticError, AttributeError, LookupError, RecursionError):
        return None
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, Rulebook) else None


def _file_digests(folder: Path) -> Mapping[str, str]:
    """Return the digest of every file in a folder by its name.

    Raises:
        OSError: Something else than a file lies there.
    """
    digests = {}
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            raise IsADirectoryError(path)
        digests[path.name] = sha256(path.read_bytes()).hexdigest()
    return digests


def _attrs_classes() -> dict[str, type[attrs.AttrsInstance]]:
    return {
        name: kind
        for module in _CLASS_MODULES
        for name, kind in vars(module).items()
        if isinstance(kind, type) and "__attrs_attrs__" in vars(kind)
    }


def _class_fields() -> Mapping[str, list[str]]:
    return {
        name: [part.name for part in attrs.fields(kind)] for name, kind in _attrs_classes().items()
    }


def _to_json(value: object, at: str) -> _Json:
    """Return a value as JSON has it: an object with one key, which is what it is."""
    match value:
        case None | bool() | int() | str():
            return value
        case date():
            return {"date": [value.isoformat()]}
        case tuple():
            return {"tuple": [_to_json(item, at) for item in value]}
        case Mapping():
            return {"dict": [[name, _to_json(part, at)] for name, part in value.items()]}
        case Span():
            return {"Span": [value.file.removeprefix(at), value.line, value.column]}
        case _:
            parts = [getattr(value, name) for name in _class_fields()[type(value).__name__]]
            return {type(value).__name__: [_to_json(part, at) for part in parts]}


def _made_in(at: str) -> Callable[[Mapping[str, Sequence[Any]]], object]:
    """Return what makes the value of an object, whose parts are made, of files in a folder."""
    made: dict[str, Callable[..., object]] = {
        **_attrs_classes(),
        "tuple": lambda *items: items,
        "dict": lambda *items: dict(items),
        "date": date.fromisoformat,
        "Span": lambda file, line, column: Span(
            file if file.startswith("<") else f"{at}{file}", line, column
        ),
    }

    def value_of(plain: Mapping[str, Sequence[Any]]) -> object:
        ((kind, parts),) = plain.items()
        return made[kind](*parts)

    return value_of


NATIONAL, PLANS = "national", ("relevelling", "versions")
CACHE_FILE = "national.json"
CACHE_DIGEST = "2e05eef3a252a31b55cd33b0d06eedb47bd8772a0b4de8fd57369eff7de5dc3d"
"""The SHA-256 of the cache that came with this version: one that was edited is not taken."""


_CHANGES: ContextVar[Path | None] = ContextVar("national_changes", default=None)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Remembered(Protocol[T_co]):
    """A function of nothing that is worked out once, and that function itself."""

    @property
    def __wrapped__(self) -> Callable[[], T_co]: ...

    def __call__(self) -> T_co: ...


@contextmanager
def changed_national(folder: Path) -> Iterator[None]:
    """Let a change of the national rules hold in a block, as if peelflow had come with it.

    The folder has `national`, `versions` and `relevelling`, as the rules that come with peelflow
    have. Each file in them stands beside those that came, or in place of the one of its name.

    Args:
        folder: Where the changed files are.

    Raises:
        InvalidRequest: No rule file lies in those folders.
    """
    if not any(_files_in(folder / kind) for kind in (NATIONAL, *PLANS)):
        why = f"has no rule file in {listed((NATIONAL, *PLANS))}"
        instead = "put what changes there, as in the rules that came with peelflow"
        raise InvalidRequest(f"the change of the national rules {folder}", why, instead)
    token = _CHANGES.set(folder)
    try:
        yield
    finally:
        _CHANGES.reset(token)


def _once_for_each_change(function: Callable[[], T]) -> _Remembered[T]:
    """Return a function that remembers its result, for each change of the national rules."""
    remembered = cache(lambda _: function())

    @wraps(function)
    def result() -> T:
        changes = _CHANGES.get()
        return remembered(changes and changes.absolute())  # `law` is another elsewhere

    return cast("_Remembered[T]", result)


def _files_in(folder: Path) -> list[Path]:
    """Return the rule files of a folder, as `load` finds them; none where it is not there."""
    from peelflow.rulebook.loader import find_rule_files

    return find_rule_files([folder], []) if folder.is_dir() else []


def _rule_files(*kinds: str) -> list[Path]:
    """Return where the national files of some folders are: those that came, then those added."""
    rules, changes = shipped_folder("rules"), _CHANGES.get()
    if changes is None:
        return [rules / kind for kind in kinds]
    places = [(kind, place / kind) for place in (rules, changes) for kind in kinds]
    files = {(kind, path.name): path for kind, folder in places for path in _files_in(folder)}
    return list(files.values())


@_once_for_each_change
def national() -> Rulebook:
    """Return the national rulebook that comes with peelflow.

    Raises:
        FileNotFoundError: This installation came without its rules.
        InvalidRules: A change of them, which holds here, has faults.
    """
    rules = shipped_folder("rules")
    if _CHANGES.get() is not None:
        return _proved(_rule_files(NATIONAL))
    kept = _genuine_cache(rules / CACHE_FILE)
    return (kept and rulebook_from_cache(kept, rules / NATIONAL)) or prove_national(rules)


def shipped_national() -> Rulebook:
    """Return the national rulebook as it came, whatever change of it holds here."""
    token = _CHANGES.set(None)
    try:
        return national()
    finally:
        _CHANGES.reset(token)


def _genuine_cache(file: Path) -> str:
    """Return the text of the cache, or nothing where it is not the one this package came with.

    One digest over its bytes costs less than a pin recomputed of each lifecycle, and covers what
    no pin does: guarantees, fields, words.
    """
    try:
        kept = file.read_bytes()
    except OSError:
        return ""
    return kept.decode("utf-8") if sha256(kept).hexdigest() == CACHE_DIGEST else ""


@_once_for_each_change
def national_plans() -> Mapping[str, MigrationPlan]:
    """Return the plans that come with the national rules by name, all proved.

    They lead from one level to another, such as `level-3-to-2`, and from a version of national
    rules to the next, such as `level-3-version-2`.

    Raises:
        FileNotFoundError: This installation came without its rules.
        InvalidRules: They are damaged.
    """
    from peelflow.rulebook.loader import check_files

    checked = check_files(_plan_files(), national(), authority().rules)
    faults = [fault for fault in checked.diagnostics if fault.severity == "error"]
    if faults:
        raise InvalidRules(faults)
    return {plan.name: plan for plan in checked.rulebook.migrations}


@_once_for_each_change
def relevelling_plans() -> Mapping[str, MigrationPlan]:
    """Return those of the national plans that lead from one level to another, by name.

    Raises:
        FileNotFoundError: This installation came without its rules.
        InvalidRules: They are damaged.
    """
    levels = {str(rules): set(rules.applies_to.level) for rules in national().lifecycles}
    plans = national_plans().items()
    return {name: plan for name, plan in plans if levels[plan.old] != levels[plan.new]}


def plans_between_versions(old: str, new: str) -> tuple[MigrationPlan, ...]:
    """Return the national plans that lead from one version of national rules to a later one.

    Args:
        old: The version that records run under, as name@version.
        new: The later one.

    Returns:
        One plan after another: none where these are one version, or nothing leads there.
    """
    relevelling = relevelling_plans()
    # INVARIANT: one plan leads on from a version, to the next.
    steps = {plan.old: plan for name, plan in national_plans().items() if name not in relevelling}
    found: list[MigrationPlan] = []
    while old != new and old in steps:
        found.append(steps[old])
        old = steps[old].new
    return tuple(found) if old == new else ()


@_once_for_each_change
def _plan_files() -> RuleFiles:
    from peelflow.rulebook.loader import read_files

    return read_files(_rule_files(*PLANS))


def national_plans_among(rulebook: Rulebook) -> tuple[MigrationPlan, ...]:
    """Return the national plans both of whose lifecycles a rulebook has as they are.

    Args:
        rulebook: A rulebook that builds on the national one, or does not.
    """
    pins = {rules.pin for rules in national().lifecycles}
    shipped = {str(rules) for rules in rulebook.lifecycles if rules.pin in pins}
    plans = _plan_files().migrations if shipped else ()
    return tuple(plan for plan in plans if {plan.old, plan.new} <= shipped)


def prove_national(rules: Path) -> Rulebook:
    """Return the national rulebook of a folder of rules, read and proved anew."""
    return _proved([rules / NATIONAL])


def _proved(paths: Sequence[Path]) -> Rulebook:
    from peelflow.rulebook.loader import check_files, read_files

    return _without_errors(check_files(read_files(paths), Rulebook()))


def load(*paths: Path | str, base: Rulebook | None = None) -> Rulebook:
    """Load the rule files at or under `paths`, on top of a base.

    Args:
        paths: Files, or folders whose `*.yaml` and `*.yml` files are read, subfolders too.
        base: What the files build on: the national rulebook that comes with peelflow, unless
            another is passed on purpose. `Rulebook()` is no base at all. National names are taken
            in any case: only the national file itself bears one.

    Raises:
        InvalidRules: With every fault of every file, sorted by place.
        InvalidRequest: What is given is no path.

    Returns:
        The base with what the files add, all of it checked and proved.
    """
    return _without_errors(examine(*paths, base=base))


def _without_errors(checked: CheckedRules) -> Rulebook:
    faults = [fault for fault in checked.diagnostics if fault.severity == "error"]
    if faults:
        raise InvalidRules(faults)
    return checked.rulebook


def check(*paths: Path | str, base: Rulebook | None = None) -> tuple[Diagnostic, ...]:
    """Return all that `load` finds, errors and notes, sorted by place; raise nothing.

    Args:
        paths: Files or folders, as `load` takes them.
        base: What the files build on, as `load` takes it.
    """
    try:
        return examine(*paths, base=base).diagnostics
    except InvalidRules as invalid:
        return invalid.diagnostics


def examine(*paths: Path | str, base: Rulebook | None = None) -> CheckedRules:
    """Check rule files and return what was found and proved of them.

    Raises:
        InvalidRules: The national rules, which they build on, are damaged.
        InvalidRequest: What is given is no path.
    """
    for path in cast("tuple[object, ...]", paths):
        if not isinstance(path, str | Path):
            what, why = f"the rule files {path!r}", "are no path"
            raise InvalidRequest(what, why, "give each path as a text or a Path: `load(*paths)`")
    # The loader is imported where files are read: a start does without YAML and proofs.
    from peelflow.rulebook.loader import check_files, read_files

    files = read_files(paths)
    base = national() if base is None else base
    shipped = authority().rules if files.migrations else national()
    is_moved = any(rules.refines for rules in files.lifecycles) or files.migrations
    return check_files(files, base, shipped, national_plans_among(base) if is_moved else ())


@_once_for_each_change
def authority() -> Authority:
    """Return the national rules, with their plans as these files say them.

    Raises:
        FileNotFoundError: This installation came without its rules.
        InvalidRules: They are damaged.
    """
    return Authority(evolve(national(), migrations=tuple(_plan_files().migrations)))
