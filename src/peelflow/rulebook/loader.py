"""The loader reads rule files, checks and proves them on top of a base. Loading is checking.

`rulebook.national` has `load`, `check` and `examine`, whose base is the national rulebook.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, evolve, field, frozen

from peelflow.errors import Diagnostic, InvalidRules, Severity, Span
from peelflow.files import read_regular
from peelflow.model.rules import SYSTEM, Lifecycle, MigrationPlan, Role, Transition, Vocabulary
from peelflow.proof.budget import FEWER_FAULTS, FEWER_VALUES, Budget
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import lint, lint_unused, lint_vocabulary, roles_named
from peelflow.proof.migration import check_migration
from peelflow.proof.refinement import check_refinement
from peelflow.proof.satisfiability import Verdict
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.rulebook import (
    Rulebook,
    fill_question_choices,
    merge_lifecycles,
    merge_vocabularies,
)
from peelflow.rulebook.structure import RuleFile, rule_file_of
from peelflow.rulebook.yaml_reader import MAX_BYTES, MAX_NODES, count_values, fault, read_mapping
from peelflow.wording import printable, suggestion

_SUFFIXES = {".yaml", ".yml"}


def path_text(path: Path) -> str:
    """Say a path on one line of plain text, whatever its name holds."""
    return printable(path.as_posix())


def read_bytes(path: Path) -> bytes:
    """Return what a rule file holds, and of a longer file as much as shows that it is too long.

    Raises:
        InvalidRules: No regular file can be read there.
    """
    # INVARIANT: a file that grows meanwhile is read no further than this.
    try:
        source = read_regular(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        raise InvalidRules([_unreadable_fault(path, _reason_of(error))]) from None
    if source is None:
        raise InvalidRules([_unreadable_fault(path, "it is no regular file")])
    return source


def find_rule_files(paths: Iterable[Path], faults: list[Diagnostic]) -> list[Path]:
    """Return every rule file at or under `paths`, each once, in the order of their names.

    What cannot be looked at, and each folder without a rule file, is added to `faults`.
    """
    files: dict[str, Path] = {}
    for path in paths:
        try:
            for file in _rule_files_under(path, faults) if path.is_dir() else [path]:
                files.setdefault(os.path.realpath(file), file)
        except (OSError, ValueError) as error:
            faults.append(_unreadable_fault(path, _reason_of(error)))
    return list(files.values())


def _rule_files_under(folder: Path, faults: list[Diagnostic]) -> list[Path]:
    files: list[Path] = []
    before = len(faults)
    entered: set[str] = set()
    pending = [folder]
    while pending:
        path = pending.pop()
        try:
            # INVARIANT: a folder is entered once, however many links lead to it.
            if path.is_dir() and os.path.realpath(path) not in entered:
                entered.add(os.path.realpath(path))
                pending += sorted(path.iterdir(), reverse=True)
            elif not path.is_dir() and path.suffix in _SUFFIXES:
                files.append(path)
        except OSError as error:
            faults.append(_unreadable_fault(path, _reason_of(error)))
    if not files and len(faults) == before:
        sentence = "no rule file (`*.yaml` or `*.yml`) lies in this folder or under it"
        place = Span(path_text(folder))
        faults.append(Diagnostic(place, "no-rule-files", sentence, "check the path"))
    return files


def _reason_of(error: OSError | ValueError) -> str:
    why = getattr(error, "strerror", None) or str(error)
    return why[:1].lower() + why[1:]


def _unreadable_fault(path: Path, why: str) -> Diagnostic:
    sentence = f"`{path_text(path)}` cannot be read: {why}"
    instead = "check the path and its permissions"
    return Diagnostic(Span(path_text(path)), "unreadable", sentence, instead)


FILE_STEPS, VALUE_STEPS, BYTE_STEPS = 1_500, 40, 8
"""What reading costs: a file, a value in it, and a byte of a file that cannot be read."""


def read_file(path: Path, budget: Budget | None = None) -> RuleFile:
    """Read one rule file.

    Args:
        path: Where it lies.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: With every fault of the file.
    """
    budget = budget or Budget()
    budget.at((Span(path_text(path)), FEWER_VALUES))
    source = read_bytes(path)
    budget.spend(FILE_STEPS)
    try:
        mapping = read_mapping(source, path_text(path))
        rules = rule_file_of(mapping)
    except InvalidRules as invalid:
        # How many values were read before the fault is not known.
        steps = min(BYTE_STEPS * len(source), VALUE_STEPS * MAX_NODES)
        raise InvalidRules(budget.each(invalid.diagnostics, steps)) from None
    budget.spend(VALUE_STEPS * count_values(mapping))
    return rules


def read_lifecycle(source: bytes, file: str) -> Lifecycle:
    """Read one lifecycle from bytes; nothing outside them is looked at.

    Raises:
        InvalidRules: With every fault, or because the bytes hold something else.
    """
    rules = rule_file_of(read_mapping(source, file))
    if isinstance(rules, Lifecycle):
        return rules
    raise fault(rules.span, "unknown-kind", "this is no lifecycle", "give a lifecycle's file")


@define
class RuleFiles:
    """What rule files hold, the faults of those that could not be read, and what is left to spend.

    All that is checked and proved of them spends from the one budget.
    """

    lifecycles: list[Lifecycle] = field(factory=list)
    vocabularies: list[Vocabulary] = field(factory=list)
    migrations: list[MigrationPlan] = field(factory=list)
    faults: list[Diagnostic] = field(factory=list)
    budget: Budget = field(factory=Budget)


def read_files(paths: Iterable[Path | str], budget: Budget | None = None) -> RuleFiles:
    """Read every rule file at or under `paths`, each once, in the order of their names.

    Args:
        paths: Files and folders.
        budget: What reading them, and checking what was read, may spend.
    """
    files = RuleFiles(budget=budget or Budget())
    for path in find_rule_files(map(Path, paths), files.faults):
        try:
            rules = read_file(path, files.budget)
        except InvalidRules as invalid:
            files.faults.extend(invalid.diagnostics)
            if files.budget.is_spent:
                break
            continue
        match rules:
            case Lifecycle():
                files.lifecycles.append(rules)
            case Vocabulary():
                files.vocabularies.append(rules)
            case _:
                files.migrations.append(rules)
    return files


def resolve(lifecycle: Lifecycle, vocabulary: Vocabulary, refined: Lifecycle | None) -> Lifecycle:
    """Return the lifecycle with its roles, answers and pin.

    Args:
        lifecycle: As its file says it.
        vocabulary: The words of the whole rulebook.
        refined: The national lifecycle that it refines, if it refines one that is known.
    """
    states = {
        name: evolve(
            state,
            transitions=tuple(
                evolve(step, implements=_implemented_trigger(step, stood, lifecycle, refined))
                for step in state.transitions
            ),
        )
        for name, state in lifecycle.states.items()
        for stood in (state.stands_for or name,)
    }
    lifecycle = evolve(lifecycle, states=states, roles=_resolved_roles(lifecycle, vocabulary.roles))
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _implemented_trigger(
    step: Transition, national_state: str, lifecycle: Lifecycle, refined: Lifecycle | None
) -> str | None:
    if lifecycle.refines is None:
        return step.trigger
    if step.as_ is not None:
        return step.as_
    state = refined.states.get(national_state) if refined else None
    rules = state.transitions if state else ()
    return step.trigger if any(rule.trigger == step.trigger for rule in rules) else None


def _resolved_roles(lifecycle: Lifecycle, known: Mapping[str, Role]) -> dict[str, Role]:
    roles = {SYSTEM: known.get(SYSTEM, Role("system", "the register itself"))}
    pending = sorted(roles_named(lifecycle), reverse=True)
    while pending:
        name = pending.pop()
        if name in known and name not in roles:
            roles[name] = known[name]
            pending += [roles[name].stands_for or name]
    return roles


def _prove_lifecycles(
    lifecycles: Sequence[Lifecycle],
    refinable: Mapping[str, Lifecycle],
    vocabulary: Vocabulary,
    budget: Budget,
) -> tuple[list[ProofResult], list[Diagnostic]]:
    """Prove guarantees and refinements of `lifecycles`; others may refine those in `refinable`."""
    proofs: list[ProofResult] = []
    faults: list[Diagnostic] = []
    for lifecycle in lifecycles:
        proofs += prove(lifecycle, budget=budget)
        refined = refinable.get(lifecycle.refines or "")
        if refined is not None:
            faults += check_refinement(lifecycle, refined, vocabulary, budget=budget)
    refining = {str(lifecycle) for lifecycle in lifecycles if lifecycle.refines}
    for proof in proofs:
        faults += _guarantee_faults(proof, refines=proof.lifecycle in refining)
    return proofs, faults


def _migration_faults(
    plans: Iterable[MigrationPlan],
    lifecycles: Iterable[Lifecycle],
    vocabulary: Vocabulary,
    budget: Budget,
) -> Iterator[Diagnostic]:
    known = {str(lifecycle): lifecycle for lifecycle in lifecycles}
    for plan in plans:
        missing = sorted({plan.old, plan.new} - known.keys())
        for name in missing:
            names = f"the migration `{plan.name}` names `{name}`"
            sentence, instead = (
                f"{names}, which is not here without errors",
                suggestion(name, known),
            )
            yield Diagnostic(plan.span, "unknown-lifecycle", sentence, instead)
        if not missing:
            old, new = known[plan.old], known[plan.new]
            yield from check_migration(plan, old, new, roles=vocabulary.roles, budget=budget)


def _guarantee_faults(proof: ProofResult, *, refines: bool) -> Iterator[Diagnostic]:
    span, that = proof.guarantee.span, proof.guarantee.that
    if proof.verdict == "refuted":
        sentence = f"`{that}` does not hold: {proof.why}"
        instead = "take away the last of these steps, or let it need what is missing"
        yield Diagnostic(span, "guarantee-refuted", sentence, instead, steps=proof.trail)
    elif proof.verdict == "undetermined":
        sentence, steps = f"whether `{that}` holds is not proved: {proof.why}", proof.trail
        instead = "do without the predicate, or have somebody say what it may do"
        yield Diagnostic(span, "guarantee-undetermined", sentence, instead, "note", steps=steps)
    elif proof.vacuous is not None:
        sentence = f"`{that}` says nothing here: {proof.vacuous}"
        instead = "remove it, or mend the name that it was meant for"
        severity: Severity = "note" if refines else "error"
        yield Diagnostic(span, "guarantee-vacuous", sentence, instead, severity)


@frozen(eq=False)
class CheckedRules:
    """What checking rule files gave.

    Attributes:
        rulebook: The base with what is sound of the files; fit to run if nothing is an error.
        lifecycles: The lifecycles of the files, whether the base holds them already or not.
        diagnostics: Every error and note, sorted by place.
        proofs: What was found of each guarantee of the sound lifecycles among them.
    """

    rulebook: Rulebook
    lifecycles: tuple[Lifecycle, ...]
    diagnostics: tuple[Diagnostic, ...]
    proofs: tuple[ProofResult, ...]

    @property
    def verdict(self) -> Verdict:
        """What the diagnostics come to."""
        return verdict_on(self.diagnostics)


UNDETERMINED_CODES = {"guarantee-undetermined", "refinement-undetermined", "migration-undetermined"}


def verdict_on(diagnostics: Iterable[Diagnostic]) -> Verdict:
    """Return refuted if anything is an error, undetermined if a proof is open, else proved."""
    diagnostics = tuple(diagnostics)
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        return "refuted"
    is_open = any(diagnostic.code in UNDETERMINED_CODES for diagnostic in diagnostics)
    return "undetermined" if is_open else "proved"


def check_files(files: RuleFiles, base: Rulebook) -> CheckedRules:
    """Check what was read on top of a base, and return what was found and proved of it."""
    vocabularies = fill_question_choices(base.vocabulary, files.vocabularies)
    vocabulary, redefined = merge_vocabularies(base.vocabulary, vocabularies)
    refinable = _refinable_by_name(base.lifecycles, files.lifecycles)
    lifecycles = [
        resolve(lifecycle, vocabulary, refinable.get(lifecycle.refines or ""))
        for lifecycle in files.lifecycles
    ]
    added, disagreements = merge_lifecycles(base.lifecycles, lifecycles)
    faults = [*files.faults, *redefined, *disagreements]
    faults += _lint_faults(files, vocabularies, vocabulary, refinable)
    sound = _without_errors(lifecycles, vocabularies, faults)
    proofs, refuted = _prove_files(files, sound, base, vocabulary)
    faults += refuted
    notes = (
        *base.notes,
        *sorted(diagnostic for diagnostic in faults if diagnostic.severity == "note"),
    )
    rulebook = Rulebook(
        (*base.lifecycles, *added), vocabulary, notes, (*base.migrations, *files.migrations)
    )
    return CheckedRules(rulebook, tuple(lifecycles), tuple(sorted(faults)), tuple(proofs))


def _lint_faults(
    files: RuleFiles,
    vocabularies: Iterable[Vocabulary],
    vocabulary: Vocabulary,
    refinable: Mapping[str, Lifecycle],
) -> Iterator[Diagnostic]:
    """Yield what the lint finds, until the budget is spent."""
    for own in vocabularies:
        yield from lint_vocabulary(own, vocabulary)
    for lifecycle in files.lifecycles:
        if not files.budget.is_spent:
            files.budget.at((lifecycle.span, FEWER_FAULTS))
            refined = refinable.get(lifecycle.refines or "")
            yield from lint(lifecycle, vocabulary, refined=refined, budget=files.budget)
    yield from lint_unused(files.lifecycles, vocabularies, vocabulary)


def _prove_files(
    files: RuleFiles, sound: Sequence[Lifecycle], base: Rulebook, vocabulary: Vocabulary
) -> tuple[list[ProofResult], list[Diagnostic]]:
    """Prove the sound lifecycles, and the plans, with what the reading left of the budget."""
    proofs: list[ProofResult] = []
    faults: list[Diagnostic] = []
    if files.budget.is_spent:
        return proofs, faults
    try:
        refinable = _refinable_by_name(base.lifecycles, sound)
        proofs, faults = _prove_lifecycles(sound, refinable, vocabulary, files.budget)
        known = (*base.lifecycles, *sound)
        faults += _migration_faults(files.migrations, known, vocabulary, files.budget)
    except InvalidRules as too_complex:
        faults += too_complex.diagnostics
    return proofs, faults


def _without_errors(
    ready: Iterable[Lifecycle], vocabularies: Iterable[Vocabulary], faults: Iterable[Diagnostic]
) -> list[Lifecycle]:
    """Return the lifecycles that can be proved: what they are made of has no errors."""
    broken = {diagnostic.span.file for diagnostic in faults if diagnostic.severity == "error"}
    if broken.intersection(vocabulary.span.file for vocabulary in vocabularies):
        return []
    return [lifecycle for lifecycle in ready if lifecycle.span.file not in broken]


def _refinable_by_name(base: Iterable[Lifecycle], own: Iterable[Lifecycle]) -> dict[str, Lifecycle]:
    return {str(rules): rules for rules in (*base, *own) if rules.refines is None}
