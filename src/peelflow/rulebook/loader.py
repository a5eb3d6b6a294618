"""The loader reads rule files, checks and proves them on top of a base. Loading is checking.

`rulebook.national` has `load`, `check` and `examine`, whose base is the national rulebook.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve, field

from peelflow.errors import SHAPE_CODES, Diagnostic, InvalidRules, Severity, Span, ordered
from peelflow.files import check_linked, read_regular
from peelflow.model.question_sets import QuestionSetFile
from peelflow.model.rules import SYSTEM, Lifecycle, MigrationPlan, Role, Transition, Vocabulary
from peelflow.phrases import printable, suggestion
from peelflow.proof.budget import FEWER_FAULTS, FEWER_VALUES, Budget
from peelflow.proof.counterexample import ProofResult
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import lint, lint_unused, lint_vocabulary, roles_named
from peelflow.proof.migration import check_migration, check_relevelling
from peelflow.proof.moves import Moves, moves_among
from peelflow.proof.obligations import (
    MIGRATION,
    OPEN_PROOFS,
    REFINEMENT,
    ObligationResult,
    obligation_results,
)
from peelflow.proof.possible import Possibilities
from peelflow.proof.refinement import check_refinement
from peelflow.proof.satisfiability import Verdict
from peelflow.results import define, frozen
from peelflow.rulebook.authority import (
    Authority,
    ledger_faults,
    name_faults,
    relevelling_faults,
    scope_faults,
    without,
    word_faults,
)
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.rulebook import (
    Rulebook,
    fill_question_choices,
    fill_set_choices,
    merge_lifecycles,
    merge_plans,
    merge_vocabularies,
    vocabulary_of,
)
from peelflow.rulebook.structure import RuleFile, rule_file_of
from peelflow.rulebook.yaml_reader import MAX_BYTES, MAX_NODES, count_values, fault, read_mapping

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


MOST_FILES, MOST_FOLDERS, DEEPEST = 1_000, 1_000, 16
"""How many rule files and folders a folder of rules may hold, and how deep they may lie."""


def _rule_files_under(folder: Path, faults: list[Diagnostic]) -> list[Path]:
    """Return the rule files in a folder and below it; no link leads outside or into a folder."""
    files: list[Path] = []
    before = len(faults)
    pending, entered = [(folder, 0)], 0
    while pending:
        path, depth = pending.pop()
        try:
            if path.is_dir() and (depth == 0 or not path.is_symlink()):
                entered += 1
                pending += [(inside, depth + 1) for inside in sorted(path.iterdir(), reverse=True)]
            elif not path.is_dir() and path.suffix.lower() in _SUFFIXES:
                check_linked(path, folder)
                files.append(path)
        except OSError as error:
            faults.append(_unreadable_fault(path, _reason_of(error)))
        if len(files) > MOST_FILES or entered > MOST_FOLDERS or depth > DEEPEST:
            most = f"{MOST_FILES:,} rule files or folders, or deeper than {DEEPEST}"
            faults.append(_unreadable_fault(folder, f"it holds more than {most}"))
            return []
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
    files, question_sets = RuleFiles(budget=budget or Budget()), list[Vocabulary]()
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
            case QuestionSetFile():
                question_sets.append(vocabulary_of(rules))
            case _:
                files.migrations.append(rules)
    # INVARIANT: the first vocabulary names the whole, and a set's file has no such name.
    files.vocabularies += question_sets
    return files


def resolve(lifecycle: Lifecycle, vocabulary: Vocabulary, refined: Lifecycle | None) -> Lifecycle:
    """Return the lifecycle with its roles, answers and pin.

    Args:
        lifecycle: As its file says it.
        vocabulary: The words of the whole rulebook.
        refined: The national lifecycle that it refines, if it refines one that is known.
    """
    states = lifecycle.states
    if lifecycle.refines is not None:
        states = {
            name: evolve(
                state,
                transitions=tuple(
                    evolve(step, implements=_implemented_trigger(step, stood, refined))
                    for step in state.transitions
                ),
            )
            for name, state in states.items()
            for stood in (state.stands_for or name,)
        }
    roles = _resolved_roles(lifecycle, vocabulary.roles)
    ledgers = None if refined is None else _ledgers_of(refined)
    lifecycle = evolve(lifecycle, states=states, roles=roles, national_ledgers=ledgers)
    return evolve(lifecycle, pin=pin_of(lifecycle))


def _ledgers_of(lifecycle: Lifecycle) -> tuple[str, ...]:
    return tuple(sorted({name for state in lifecycle.states.values() for name in state.counts_as}))


def _implemented_trigger(
    step: Transition, national_state: str, refined: Lifecycle | None
) -> str | None:
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


@frozen(eq=False)
class _Ground:
    """What files are proved on.

    Args:
        base: What they build on.
        ledgers: Those of national files: what refines another counts on them as that does.
        possibilities: What can happen by the words of the whole, with what all proofs may spend.
        refinable: The lifecycles that others may refine, by name@version.
    """

    base: Rulebook
    ledgers: Collection[str]
    possibilities: Possibilities
    refinable: Mapping[str, Lifecycle] = field(factory=dict)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the whole rulebook."""
        return self.possibilities.vocabulary

    @property
    def budget(self) -> Budget:
        """What is left to spend."""
        return self.possibilities.budget


def _prove_lifecycles(
    lifecycles: Sequence[Lifecycle], ground: _Ground
) -> tuple[list[ProofResult], list[Diagnostic]]:
    """Prove guarantees and refinements of `lifecycles`."""
    proofs: list[ProofResult] = []
    faults: list[Diagnostic] = []
    for lifecycle in lifecycles:
        proofs += prove(lifecycle, ground.vocabulary, possibilities=ground.possibilities)
    faults += _refinement_faults(lifecycles, ground)
    refining = {str(lifecycle) for lifecycle in lifecycles if lifecycle.refines}
    own = {str(lifecycle) for lifecycle in lifecycles if _is_own(lifecycle, ground.base)}
    for proof in proofs:
        is_own, refines = proof.lifecycle in own, proof.lifecycle in refining
        faults += _guarantee_faults(proof, refines=refines, may_stay_open=is_own)
    return proofs, faults


def _is_own(lifecycle: Lifecycle, base: Rulebook) -> bool:
    """Say whether a lifecycle is a force's own affair: for records that no base knows of."""
    known = base.vocabulary.categories
    is_known = any(category in known for category in lifecycle.applies_to.category)
    return bool(base.lifecycles) and lifecycle.refines is None and not is_known


def _refinement_faults(lifecycles: Iterable[Lifecycle], ground: _Ground) -> Iterator[Diagnostic]:
    words, ledgers, budget = ground.vocabulary, ground.ledgers, ground.budget
    for own in lifecycles:
        refined = ground.refinable.get(own.refines or "")
        if refined is not None:
            yield from check_refinement(own, refined, words, ledgers=ledgers, budget=budget)


def _migration_faults(
    plans: Sequence[MigrationPlan], moves: Moves, ground: _Ground
) -> Iterator[Diagnostic]:
    """Prove plans, and those of the base by which records go on that came by one of them."""
    known = moves.lifecycles
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
            yield from _plan_faults(plan, moves, ground)
    own = {plan.name for plan in plans}
    for plan in (plan for plan in moves.plans_known() if plan.name not in own):
        before = moves.before(plan.old)
        leading = [each.span for each in plans if each.new in before]
        ground.budget.spend(len(plans) + len(known))
        if leading:
            files = {span.file for span in leading}
            for found in _plan_faults(plan, moves, ground):
                walked = [span for span, _ in found.steps if span.file in files]
                sentence = f"records that go on by `{plan.name}`: {found.sentence}"
                yield evolve(found, span=(walked or leading)[0], sentence=sentence)


def _plan_faults(plan: MigrationPlan, moves: Moves, ground: _Ground) -> tuple[Diagnostic, ...]:
    old, new = moves.lifecycles[plan.old], moves.lifecycles[plan.new]
    words, budget = ground.vocabulary, ground.budget
    return check_migration(plan, old, new, words, moves=moves, budget=budget)


def _relevelling_faults(
    lifecycles: Iterable[Lifecycle],
    moves: Moves,
    plans: Iterable[MigrationPlan],
    ground: _Ground,
) -> Iterator[Diagnostic]:
    """Prove that records of refining files move by the national plans between levels.

    A file of records that others came to is looked at again, with the `plans` that led there.
    """
    own = {str(lifecycle) for lifecycle in lifecycles}
    led_to = {plan.new for plan in plans}
    for move in (move for into in moves.into.values() for move in into if move.source is not None):
        name = str(move.old)
        if name in own or led_to & moves.before(name):
            yield from check_relevelling(move, moves, ground.vocabulary, budget=ground.budget)


def _guarantee_faults(
    proof: ProofResult, *, refines: bool, may_stay_open: bool
) -> Iterator[Diagnostic]:
    span, that = proof.guarantee.span, proof.guarantee.that
    if proof.verdict == "refuted":
        sentence = f"`{that}` does not hold: {proof.why}"
        instead = "take away the last of these steps, or let it need what is missing"
        related = None
        if proof.never is not None:
            related = proof.never.transition.span
            instead = f"let `{proof.never.transition.trigger}` need only what somebody can meet"
        yield Diagnostic(
            span, "guarantee-refuted", sentence, instead, related=related, steps=proof.trail
        )
    elif proof.verdict == "undetermined":
        sentence, steps = f"whether `{that}` holds is not proved: {proof.why}", proof.trail
        instead = "do without the predicate, or have somebody say what it may do"
        severity: Severity = "note" if may_stay_open else "error"
        yield Diagnostic(span, "guarantee-undetermined", sentence, instead, severity, steps=steps)
    elif proof.vacuous is not None:
        sentence = f"`{that}` says nothing here: {proof.vacuous}"
        instead = "remove it, or mend the name that it was meant for"
        severity = "note" if refines else "error"
        yield Diagnostic(span, "guarantee-vacuous", sentence, instead, severity)


@frozen(eq=False)
class CheckedRules:
    """What checking rule files gave.

    Attributes:
        rulebook: The base with what is sound of the files; fit to run if nothing is an error.
        lifecycles: The lifecycles of the files, whether the base holds them already or not.
        diagnostics: Every error and note, by file and place; in a file those of its shape last.
        proofs: What was found of each guarantee of the sound lifecycles among them.
        compared: The lifecycles that were held against the national ones they refine.
        migrations: The plans of the files.
    """

    rulebook: Rulebook
    lifecycles: tuple[Lifecycle, ...]
    diagnostics: tuple[Diagnostic, ...]
    proofs: tuple[ProofResult, ...]
    compared: tuple[str, ...] = ()
    migrations: tuple[MigrationPlan, ...] = ()

    @property
    def obligations(self) -> tuple[ObligationResult, ...]:
        """What was found of each obligation of refining files and plans, in the files' order."""
        results: list[ObligationResult] = []
        if any(fault.code == "too-complex" for fault in self.diagnostics):
            return ()  # what was not looked at is not proved
        compared, by_file = set(self.compared), dict[str, list[Diagnostic]]()
        for found in self.diagnostics:
            by_file.setdefault(found.span.file, []).append(found)
        for lifecycle in self.lifecycles:
            if str(lifecycle) in compared:
                file, places = lifecycle.span.file, {r.span for r in lifecycle.roles.values()}
                files = {place.file for place in places} - {file}
                others = (f for other in files for f in by_file.get(other, ()) if f.span in places)
                faults = [*by_file.get(file, ()), *others]
                results += obligation_results(str(lifecycle), REFINEMENT, faults)
        for plan in self.migrations:
            faults = by_file.get(plan.span.file, [])
            results += obligation_results(plan.name, MIGRATION, faults)
        return tuple(results)

    @property
    def verdict(self) -> Verdict:
        """What the diagnostics come to."""
        return verdict_on(self.diagnostics)


def verdict_on(diagnostics: Iterable[Diagnostic]) -> Verdict:
    """Return refuted if anything is wrong, undetermined if only proofs are open, else proved."""
    diagnostics = tuple(diagnostics)
    is_open = [diagnostic.code in OPEN_PROOFS for diagnostic in diagnostics]
    faults = zip(diagnostics, is_open, strict=True)
    if any(fault.severity == "error" and not is_open for fault, is_open in faults):
        return "refuted"
    return "undetermined" if any(is_open) else "proved"


def check_files(
    files: RuleFiles,
    base: Rulebook,
    shipped: Rulebook | None = None,
    relevelling: Sequence[MigrationPlan] = (),
) -> CheckedRules:
    """Check what was read on top of a base, and return what was found and proved of it.

    Args:
        files: What was read.
        base: What it builds on.
        shipped: The national rules, with their plans; None where these themselves are read.
        relevelling: The national plans that move any record of the base.
    """
    try:
        words, spend = files.vocabularies, files.budget.spend
        vocabularies = fill_question_choices(base.vocabulary, words, spend)
    except InvalidRules as too_complex:
        vocabularies = files.vocabularies
        files.faults.extend(too_complex.diagnostics)
    own_words = [words for words in vocabularies if not _is_held(words, base, shipped)]
    vocabulary, redefined = merge_vocabularies(base.vocabulary, own_words)
    vocabulary = fill_set_choices(vocabulary)
    refinable = _refinable_by_name(base.lifecycles, files.lifecycles)
    lifecycles = [
        resolve(lifecycle, vocabulary, refinable.get(lifecycle.refines or ""))
        for lifecycle in files.lifecycles
    ]
    authority, taken = _authority_over(files, vocabularies, lifecycles, base, shipped)
    added, disagreements = merge_lifecycles(base.lifecycles, without(lifecycles, taken))
    faults = [*files.faults, *taken, *redefined, *disagreements]
    possibilities = Possibilities(vocabulary, files.budget)
    faults += _file_faults(lifecycles, vocabularies, base, possibilities)
    own_plans = without(files.migrations, taken)
    plans, repeated = merge_plans(base.migrations, own_plans)
    known = evolve(base, migrations=(*base.migrations, *relevelling))
    ground = _Ground(known, authority.ledgers if authority else (), possibilities)
    proofs, compared = _prove_files(lifecycles, vocabularies, own_plans, faults, ground)
    faults += repeated
    lifecycles_known, names = (*base.lifecycles, *added), (*base.own, *map(str, added))
    own = names if base.lifecycles else ()
    rulebook = Rulebook(lifecycles_known, vocabulary, _notes(base, faults), plans, own)
    found = ordered(faults), tuple(proofs), compared, tuple(files.migrations)
    return CheckedRules(rulebook, tuple(lifecycles), *found)


def _notes(base: Rulebook, faults: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    found = sorted(fault for fault in faults if fault.severity == "note")
    return *base.notes, *(note for note in found if note not in base.notes)


def _prove_files(
    lifecycles: Sequence[Lifecycle],
    vocabularies: Sequence[Vocabulary],
    own_plans: Sequence[MigrationPlan],
    faults: list[Diagnostic],
    ground: _Ground,
) -> tuple[list[ProofResult], tuple[str, ...]]:
    """Prove the sound lifecycles, and the plans, with what the reading left of the budget.

    What is found is added to `faults`. Returned are the proofs, and what was held against the
    national rules: nothing, unless the budget was enough for all of it.
    """
    proofs: list[ProofResult] = []
    if ground.budget.is_spent:
        return proofs, ()
    sound = _without_errors(lifecycles, vocabularies, faults)
    ground = evolve(ground, refinable=_refinable_by_name(ground.base.lifecycles, sound))
    try:
        found, refuted = _prove_lifecycles(sound, ground)
        proofs += found
        misshapen = _misshapen(lifecycles, vocabularies, [*faults, *refuted])
        faults += [*refuted, *_refinement_faults(misshapen, ground)]
        faults += _move_faults(own_plans, sound, faults, ground)
    except InvalidRules as too_complex:
        faults += too_complex.diagnostics
        return proofs, ()
    return proofs, tuple(str(e) for e in (*sound, *misshapen) if e.refines in ground.refinable)


def _move_faults(
    own_plans: Sequence[MigrationPlan],
    sound: Sequence[Lifecycle],
    faults: Sequence[Diagnostic],
    ground: _Ground,
) -> list[Diagnostic]:
    """Return what is wrong with plans, and with files whose records national plans could not move.

    `faults` are those found before: a file that has one is not looked at again.
    """
    base, names = ground.base, {plan.name for plan in own_plans}
    plans = (*(plan for plan in base.migrations if plan.name not in names), *own_plans)
    moves = moves_among((*base.lifecycles, *sound), plans, base.lifecycles)
    found = list(_migration_faults(own_plans, moves, ground))
    unbroken = _without_errors(sound, (), [*faults, *found])
    return [*found, *_relevelling_faults(unbroken, moves, own_plans, ground)]


def _is_held(words: Vocabulary, base: Rulebook, shipped: Rulebook | None) -> bool:
    """Say whether a vocabulary is called as the national one, whose words the base has already."""
    if shipped is None or words.vocabulary != shipped.vocabulary.vocabulary:
        return False
    return shipped.vocabulary.roles.keys() <= base.vocabulary.roles.keys()


def _authority_over(
    files: RuleFiles,
    vocabularies: Sequence[Vocabulary],
    lifecycles: Sequence[Lifecycle],
    base: Rulebook,
    shipped: Rulebook | None,
) -> tuple[Authority | None, list[Diagnostic]]:
    """Return the national rules where others build on them, and what files take from them.

    A base that the caller passes instead has levels, ledgers and sides of its own; national names
    are no more its own than anybody's.
    """
    if shipped is None:
        return None, []
    authority, national_words = Authority(shipped), shipped.vocabulary.vocabulary
    faults = list(name_faults(authority, lifecycles, vocabularies, files.migrations))
    every = (*base.lifecycles, *lifecycles)
    if not any(map(authority.has, every)):
        return None, faults
    own, plans = without(lifecycles, faults), without(files.migrations, faults)
    own_words = [words for words in vocabularies if words.vocabulary != national_words]
    faults += scope_faults(authority, own)
    faults += ledger_faults(authority, own, own_words)
    faults += word_faults(authority, own_words)
    faults += relevelling_faults(authority, plans, every)
    return authority, faults


def _file_faults(
    lifecycles: Sequence[Lifecycle],
    vocabularies: Sequence[Vocabulary],
    base: Rulebook,
    possibilities: Possibilities,
) -> Iterator[Diagnostic]:
    """Yield what lint finds in each file until the budget is spent, and the words nothing uses."""
    vocabulary, budget = possibilities.vocabulary, possibilities.budget
    refinable = _refinable_by_name(base.lifecycles, lifecycles)
    for words in vocabularies:
        yield from lint_vocabulary(words, vocabulary)
    for lifecycle in lifecycles:
        if not budget.is_spent:
            budget.at((lifecycle.span, FEWER_FAULTS))
            refined = refinable.get(lifecycle.refines or "")
            yield from lint(lifecycle, vocabulary, refined=refined, possibilities=possibilities)
    yield from lint_unused((*base.lifecycles, *lifecycles), vocabularies, vocabulary)


def _without_errors(
    ready: Iterable[Lifecycle], vocabularies: Iterable[Vocabulary], faults: Iterable[Diagnostic]
) -> list[Lifecycle]:
    """Return the lifecycles that can be proved: what they are made of has no errors."""
    # What nobody can do is no obstacle to a proof: it says what follows.
    errors = [fault for fault in faults if fault.severity == "error"]
    broken = {fault.span.file for fault in errors if fault.code != "never-taken"}
    if broken.intersection(vocabulary.span.file for vocabulary in vocabularies):
        return []
    return [lifecycle for lifecycle in ready if lifecycle.span.file not in broken]


def _misshapen(
    ready: Iterable[Lifecycle], vocabularies: Iterable[Vocabulary], faults: Iterable[Diagnostic]
) -> list[Lifecycle]:
    """Return the lifecycles of which nothing but the shape is wrong.

    They are held against the national ones too, for a fault of the shape may hide a loosening.
    """
    known, faults = tuple(ready), tuple(faults)
    sound = {str(lifecycle) for lifecycle in _without_errors(known, vocabularies, faults)}
    named = (fault for fault in faults if fault.code not in SHAPE_CODES)
    return [one for one in _without_errors(known, vocabularies, named) if str(one) not in sound]


def _refinable_by_name(base: Iterable[Lifecycle], own: Iterable[Lifecycle]) -> dict[str, Lifecycle]:
    # INVARIANT: what the base has of a name is what is refined, whatever else bears that name.
    return {str(rules): rules for rules in (*own, *base) if rules.refines is None}
