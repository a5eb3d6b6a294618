"""A rulebook is a set of lifecycles that were checked together, and the words they share.

Vocabularies and lifecycles are merged here, and what disagrees is found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import compress, product
from operator import itemgetter
from typing import Any

from attrs import evolve, field
from attrs import fields as fields_of

from peelflow.errors import Diagnostic, InvalidRequest, Span
from peelflow.model.constraints import ALL_QUESTION_SETS
from peelflow.model.question_sets import QuestionSet, QuestionSetFile
from peelflow.model.requirements import Evidence, atoms_of
from peelflow.model.rules import (
    SAME_SIDE,
    SYSTEM,
    AppliesTo,
    Category,
    FieldRule,
    JointLetters,
    Level,
    Lifecycle,
    MigrationPlan,
    Pin,
    Role,
    Vocabulary,
    each_transition,
)
from peelflow.phrases import listed, say_in_force, suggestion
from peelflow.results import frozen, html_table, short_repr


@frozen(eq=False)
class Rulebook:
    """A checked set of lifecycles and the words they share. Holding one proves it has no errors.

    `notes` are what the checks found that refuses nothing; `own` are the lifecycles, as
    name@version, that were put on top of a base: what the base holds is national to them.
    """

    lifecycles: tuple[Lifecycle, ...] = ()
    vocabulary: Vocabulary = field(factory=lambda: Vocabulary("empty"))
    notes: tuple[Diagnostic, ...] = ()
    migrations: tuple[MigrationPlan, ...] = ()
    own: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return short_repr(
            "Rulebook",
            vocabulary=self.vocabulary.vocabulary,
            lifecycles=len(self.lifecycles),
            notes=len(self.notes),
            migrations=len(self.migrations),
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                lifecycle,
                lifecycle.title,
                lifecycle.in_force_from or "unknown",
                len(lifecycle.states),
            )
            for lifecycle in self.lifecycles
        ]
        head = ("lifecycle", "title", "in force from", "states")
        return html_table(f"Rules of {self.vocabulary.vocabulary}", head, rows)

    def by_pin(self, digest: str) -> Lifecycle | None:
        """Return the lifecycle with this semantic digest, if it is here."""
        return next((rules for rules in self.lifecycles if rules.pin.digest == digest), None)

    def lifecycle_for(self, category: str, level: Level, graded: date) -> Lifecycle:
        """Return the lifecycle that a record takes: the latest in force on the day of its level.

        Of two versions from one day that is the later version. A force's own lifecycle that
        refines it, and is in force too, goes before; none that refines an earlier version does.

        Args:
            category: The record's category.
            level: Its level.
            graded: The day its level was given.

        Raises:
            InvalidRequest: Nothing here runs such records from that date.
        """
        taken = _lifecycle_taken(self, category, level, graded)
        if taken is None:
            raise _no_lifecycle_for(self, category, level, graded)
        return taken

    def previous_forms(self, category: str, level: Level, taken: Pin) -> tuple[str, ...]:
        """Return, as name@version, the force's own lifecycles that a new record no longer takes.

        They refine an earlier version of the rules that it begins under.

        Args:
            category: The record's category.
            level: Its level.
            taken: The rules that it begins under.
        """
        earlier = {f"{taken.name}@{number}" for number in range(1, taken.version)}
        return tuple(
            str(rules)
            for rules in self.lifecycles
            if rules.refines in earlier and _runs_records_of(rules, category, level)
        )

    def levels_added(self, category: str) -> tuple[str, ...]:
        """Return the levels at which records of a category can be added, in words."""
        levels = {
            level
            for rules in self.lifecycles
            if category in rules.applies_to.category and rules.begun_by is None
            for level in rules.applies_to.level
        }
        return tuple(sorted(str(level or "none") for level in levels))


@lru_cache(maxsize=16)
def national_ledgers(rulebook: Rulebook) -> Mapping[str, frozenset[str]]:
    """Return for each national category the ledgers that national lifecycles count on.

    These are the same for each; no category of a force's own is among them.
    """
    national = [
        rules
        for rules in rulebook.lifecycles
        if rules.refines is None and str(rules) not in rulebook.own
    ]
    ledgers = frozenset(
        name for rules in national for state in rules.states.values() for name in state.counts_as
    )
    return {category: ledgers for rules in national for category in rules.applies_to.category}


@lru_cache(maxsize=1024)
def roles_signing(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the force's roles whose signature on a document a lifecycle asks for.

    Args:
        lifecycle: The lifecycle, with its roles.
    """
    atoms = (atom for step in each_transition(lifecycle) for atom in atoms_of(step.requires))
    named = {role for atom in atoms if isinstance(atom, Evidence) for role in atom.signed_by}
    forces = {name for name, role in lifecycle.roles.items() if role.side == "force"}
    return frozenset(named & forces)


@lru_cache(maxsize=16)
def signing_roles(rulebook: Rulebook) -> frozenset[str]:
    """Return the force's roles whose signature some rules of a rulebook ask for.

    Nobody acts in one without an appointment, and who acts in one does not log in. A role of
    another side is none, for a force's file would bar it from what it decides.

    Args:
        rulebook: The rules.
    """
    return frozenset[str]().union(*map(roles_signing, rulebook.lifecycles))


@lru_cache(maxsize=256)
def _lifecycles_running(rulebook: Rulebook, category: str, level: Level) -> tuple[Lifecycle, ...]:
    """Return the lifecycles that run records of a category and level: each entry asks for them."""
    known = rulebook.lifecycles
    return tuple(rules for rules in known if _runs_records_of(rules, category, level))


@lru_cache(maxsize=1_024)
def _lifecycle_taken(
    rulebook: Rulebook, category: str, level: Level, graded: date
) -> Lifecycle | None:
    """Return the lifecycle that a record takes: the rows of a sheet ask again and again."""
    fitting = _lifecycles_running(rulebook, category, level)
    in_force = [rules for rules in fitting if rules.first_day <= graded]
    base = [rules for rules in in_force if rules.refines is None]
    if not base:
        return None
    latest = max(base, key=_precedence)
    refining = [rules for rules in in_force if rules.refines == str(latest)]
    return max(refining, key=_precedence, default=latest)


def _precedence(rules: Lifecycle) -> tuple[date, int]:
    return rules.first_day, rules.version


def _runs_records_of(rules: Lifecycle, category: str, level: Level) -> bool:
    return category in rules.applies_to.category and level in rules.applies_to.level


def _no_lifecycle_for(
    rulebook: Rulebook, category: str, level: Level, graded: date
) -> InvalidRequest:
    what = f"`{category}` at level {level or 'none'} on {graded}"
    own = [rules for rules in rulebook.lifecycles if rules.refines is None]
    fitting = [rules.first_day for rules in own if _runs_records_of(rules, category, level)]
    if fitting:
        first = min(fitting)
        return InvalidRequest(what, f"rules are in force only from {first}", "check the date")
    levels = {
        level
        for rules in own
        for level in rules.applies_to.level
        if category in rules.applies_to.category
    }
    if levels:
        words = sorted(str(level or "none") for level in levels)
        return InvalidRequest(what, "no lifecycle runs that level", f"there is {listed(words)}")
    categories = {name for rules in own for name in rules.applies_to.category}
    return InvalidRequest(what, "no lifecycle runs that category", suggestion(category, categories))


Spend = Callable[[int], None]


def fill_question_choices(
    base: Vocabulary, own: Iterable[Vocabulary], spend: Spend | None = None
) -> list[Vocabulary]:
    """Return vocabularies whose fields choose from the questions of the sets they name.

    A set that nobody declares fills in nothing; `proof.lint` reports it.

    Args:
        base: Vocabulary that others build on.
        own: Vocabularies as their files say them.
        spend: Told how many questions a field is about to take.
    """
    every = tuple(own)
    sets = dict(base.question_sets)
    for vocabulary in every:
        for name, questions in vocabulary.question_sets.items():
            sets.setdefault(name, questions)
    return [_with_question_choices(vocabulary, sets, spend) for vocabulary in every]


def _with_question_choices(
    vocabulary: Vocabulary, sets: Mapping[str, QuestionSet], spend: Spend | None
) -> Vocabulary:
    categories: dict[str, Category] = {
        name: evolve(category, fields=_with_choices(category.fields, sets, spend))
        for name, category in vocabulary.categories.items()
    }
    every = vocabulary.fields.items()
    added = {name: _with_choices(fields, sets, spend) for name, fields in every}
    return evolve(vocabulary, categories=categories, fields=added)


def _with_choices(
    fields: Mapping[str, FieldRule], sets: Mapping[str, QuestionSet], spend: Spend | None
) -> dict[str, FieldRule]:
    filled = dict(fields)
    for name, rule in fields.items():
        questions = sets.get(rule.choices_from or "")
        if questions is not None and spend is not None:
            spend(len(questions.questions))
        if questions is not None:
            filled[name] = evolve(rule, choices=(*questions.questions, *rule.choices))
    return filled


def fill_set_choices(vocabulary: Vocabulary) -> Vocabulary:
    """Return a vocabulary whose fields choose from the names of all its question sets.

    Args:
        vocabulary: Words of the whole rulebook, merged.
    """
    names = tuple(vocabulary.question_sets)
    categories: dict[str, Category] = {}
    for name, category in vocabulary.categories.items():
        fields = dict(category.fields)
        for field_name, rule in category.fields.items():
            if rule.choices_from == ALL_QUESTION_SETS:
                fields[field_name] = evolve(rule, choices=names)
        categories[name] = (
            category if fields == category.fields else evolve(category, fields=fields)
        )
    return evolve(vocabulary, categories=categories)


def vocabulary_of(file: QuestionSetFile) -> Vocabulary:
    """Return the vocabulary of one word that a question set's file is.

    Args:
        file: The set as its file says it.
    """
    parts = {part.name: getattr(file, part.name) for part in fields_of(QuestionSet)}
    # INVARIANT: no file names a vocabulary so, as the national words or those of a force are.
    return Vocabulary(
        f"question set {file.name}", question_sets={file.name: QuestionSet(**parts)}, span=file.span
    )


_WORD_KINDS = {
    "roles": "role",
    "evidence": "kind of evidence",
    "categories": "category",
    "predicates": "predicate",
    "question_sets": "question set",
}


def merge_vocabularies(
    base: Vocabulary, own: Sequence[Vocabulary]
) -> tuple[Vocabulary, list[Diagnostic]]:
    """Add vocabularies to a base; a word, or a field, keeps the meaning it was given first.

    A role that is said again may narrow by whom it is appointed, and a field by whom it is amended.
    Where one asks for the letters of each force of a joint record, they are asked for.
    """
    faults: list[Diagnostic] = []
    parts: dict[str, dict[str, Any]] = {part: dict(getattr(base, part)) for part in _WORD_KINDS}
    for vocabulary, (part, what) in product(own, _WORD_KINDS.items()):
        for name, word in getattr(vocabulary, part).items():
            if _is_said_again(word, parts[part].get(name)):
                roles = {**parts["roles"], **vocabulary.roles}
                parts[part][name] = _narrowed(word, parts[part][name], roles)
                faults += _wider_faults(word, parts[part][name], name, roles)
            elif name in parts[part] and not _is_given_again(word, parts[part][name]):
                faults.append(_redefined_fault(vocabulary, what, name, (word, parts[part][name])))
            parts[part].setdefault(name, word)
    for vocabulary in own:
        faults += _add_fields(vocabulary, parts["categories"], parts["roles"])
    first = own[0] if own and not base.roles else base
    each = any(words.joint_letters == "each_force" for words in (base, *own))
    letters: JointLetters = "each_force" if each else "lead_force"
    return Vocabulary(first.vocabulary, **parts, joint_letters=letters, span=first.span), faults


def _is_given_again(word: Any, known: Any) -> bool:
    """Say whether a word is one that is known already, from the same place of a file of that name.

    A question set is a file of its own, and is the same wherever it lies.
    """
    if type(word) is not type(known) or word != known or isinstance(word, str):
        return False
    return isinstance(word, QuestionSet) or _place_of(word) == _place_of(known)


def _place_of(word: Any) -> tuple[str, int, int]:
    span: Span = word.span
    return span.file.rpartition("/")[2], span.line, span.column


_PERMISSIONS: Mapping[type, tuple[str, ...]] = {
    Role: ("appointed_by", "corrected_by"),
    FieldRule: ("amended_by",),
}
"""The keys of a word that a force's own file may say again to let fewer of its own do something."""


def _is_said_again(own: Any, known: Any) -> bool:
    """Say whether a word is a known one, said again to narrow who may; its titles as they were."""
    keys = _PERMISSIONS.get(type(own), ())
    if known is None or not any(getattr(own, key) for key in keys):
        return False
    return bool(evolve(own, **{key: getattr(known, key) for key in keys}) == known)


def _narrowed(own: Any, known: Any, roles: Mapping[str, Role]) -> Any:
    """Return a known word as it is narrowed: of the force's roles only those that are named.

    What other sides may, a force's file takes from nobody.
    """
    forces = {name for name, role in roles.items() if role.side == "force"}
    kept: dict[str, tuple[str, ...]] = {}
    for key in _PERMISSIONS[type(own)]:
        named, allowed = getattr(own, key), getattr(known, key)
        if named and not allowed:
            allowed = (*roles, *({SAME_SIDE} & set(named)))
        is_kept = [not named or name in named or name not in forces | {SYSTEM} for name in allowed]
        kept[key] = tuple(compress(allowed, is_kept))
    return evolve(known, **kept)


def _wider_faults(
    own: Any, narrowed: Any, name: str, roles: Mapping[str, Role]
) -> Iterator[Diagnostic]:
    """Yield each role that a force's own file would let do what it may not; lint finds no role."""
    for key in _PERMISSIONS[type(own)]:
        for role in getattr(own, key):
            if role in getattr(narrowed, key) or role not in {SAME_SIDE, *roles}:
                continue
            sentence = f"`{key}` of `{name}` is narrowed by a force's own file, and never widened"
            yield Diagnostic(own.span, "permission-widened", sentence, f"leave `{role}` out")


def _add_fields(
    vocabulary: Vocabulary, categories: dict[str, Category], roles: Mapping[str, Role]
) -> Iterator[Diagnostic]:
    """Add a vocabulary's own fields to categories; those that no category has are another fault."""
    for name in vocabulary.fields.keys() & categories.keys():
        fields = dict(categories[name].fields)
        for field_name, rule in vocabulary.fields[name].items():
            known = fields.get(field_name)
            if _is_said_again(rule, known):
                fields[field_name] = _narrowed(rule, known, roles)
                yield from _wider_faults(rule, fields[field_name], field_name, roles)
            elif known is not None:
                meanings = (rule, known)
                yield _redefined_fault(vocabulary, "field", field_name, meanings)
            fields.setdefault(field_name, rule)
        categories[name] = evolve(categories[name], fields=fields)


def merge_lifecycles(
    base: Sequence[Lifecycle], own: Sequence[Lifecycle]
) -> tuple[list[Lifecycle], list[Diagnostic]]:
    """Return what `own` adds to `base`, and every disagreement.

    A lifecycle that the base holds already, equal in pin, adds nothing.
    """
    faults: list[Diagnostic] = []
    known = {str(rules): rules for rules in base}
    firsts: dict[str, Lifecycle] = {}
    added: list[Lifecycle] = []
    for rules in own:
        first = firsts.setdefault(str(rules), rules)
        if first is not rules:
            sentence = f"`{rules}` already stands in {first.span}"
            instead = "remove one of the two, or give the later one the next version"
            faults.append(Diagnostic(rules.span, "duplicate-lifecycle", sentence, instead))
        elif str(rules) not in known:
            added.append(rules)
        elif known[str(rules)].pin != rules.pin:
            kept = f"the `{rules}` in {known[str(rules)].span}"
            sentence = f"`{rules}` differs from {kept}, and records hold on to that"
            instead = f"write `version: {rules.version + 1}` for the new rules"
            faults.append(Diagnostic(rules.span, "edited-without-new-version", sentence, instead))
    refinable = {str(rules) for rules in (*base, *added) if rules.refines is None}
    for rules in added:
        faults += _refinement_faults(rules, base, refinable, forms=(*base, *added))
    faults += _overlap_faults(base, added)
    return added, faults


def merge_plans(
    base: Sequence[MigrationPlan], own: Iterable[MigrationPlan]
) -> tuple[tuple[MigrationPlan, ...], list[Diagnostic]]:
    """Return the plans of `base` with those of `own`, and every second plan of one name."""
    faults: list[Diagnostic] = []
    plans = {plan.name: plan for plan in base}
    for plan in own:
        first = plans.setdefault(plan.name, plan)
        if first != plan:
            sentence = f"a plan `{plan.name}` already stands in {first.span}"
            instead = "remove one of the two, or give the later one another name"
            faults.append(
                Diagnostic(plan.span, "duplicate-migration", sentence, instead, related=first.span)
            )
    return tuple(plans.values()), faults


def _refinement_faults(
    rules: Lifecycle,
    base: Sequence[Lifecycle],
    refinable: Collection[str],
    *,
    forms: Sequence[Lifecycle],
) -> Iterator[Diagnostic]:
    if rules.refines is None:
        covered = [known for known in base if _first_shared(rules, known) and not known.refines]
        if covered:
            newest = max((k for k in covered if k.name == covered[0].name), key=_precedence)
            shared = _first_shared(rules, newest)
            sentence = f"`{rules}` applies to {shared}, which `{newest}` runs already"
            instead = f"write `refines: {newest}`, or apply it to other records"
            yield Diagnostic(rules.span, "must-refine", sentence, instead)
    elif rules.refines not in refinable:
        sentence = f"`{rules}` refines `{rules.refines}`, which is not here"
        instead = suggestion(rules.refines, refinable)
        yield Diagnostic(rules.span, "unknown-lifecycle", sentence, instead)
    else:
        yield from _older_version_notes(rules, base, forms)


def _older_version_notes(
    rules: Lifecycle, base: Sequence[Lifecycle], forms: Sequence[Lifecycle]
) -> Iterator[Diagnostic]:
    """Note that a file refines a version after which there is another: it takes no new records."""
    refined = next((known for known in base if str(known) == rules.refines), None)
    if refined is None:
        return
    versions = [known for known in base if known.name == refined.name and known.refines is None]
    newest = max(versions, key=lambda known: known.version)
    if newest.version > refined.version:
        later = newest.first_day > refined.first_day
        since = f" whose level is given from {newest.first_day} on" if later else ""
        sentence = (
            f"`{rules}` refines `{rules.refines}`, and the version in force is `{newest}`: "
            f"no new record{since} begins under it"
        )
        form = next((known for known in forms if known.refines == str(newest)), None)
        instead = (
            f"write a next version that refines `{newest}`, and a plan that moves records there"
        )
        if form is not None:
            instead = f"move its open records to `{form}` by a plan, which new ones begin under"
        yield Diagnostic(
            rules.span, "refines-older-version", sentence, instead, "note", related=newest.span
        )


def _overlap_faults(base: Sequence[Lifecycle], added: Iterable[Lifecycle]) -> Iterator[Diagnostic]:
    runs: dict[tuple[object, ...], dict[str, tuple[int, Lifecycle]]] = {}
    refining = [rules for rules in base if rules.refines is not None]
    for place, rules in enumerate((*refining, *added)):
        since = rules.first_day, rules.refines
        named = [
            runs.setdefault((*since, *run), {}) for run in _categories_and_levels(rules.applies_to)
        ]
        # A later version takes the place of an earlier one from the same day.
        others = (first for by_name in named for n, first in by_name.items() if n != rules.name)
        found = min(others, key=itemgetter(0), default=None)
        if found is not None and place >= len(refining):
            other, when = found[1], say_in_force(rules.in_force_from)
            both = f"both apply to {_first_shared(rules, other)} {when}"
            instead = "give one a later `in_force_from`, or apply it to other records"
            sentence = f"`{rules}` and `{other}` {both}"
            yield Diagnostic(rules.span, "overlapping-lifecycles", sentence, instead)
        for by_name in named:
            # The first of another name is among two.
            if len(by_name) < ENOUGH_NAMES:
                by_name.setdefault(rules.name, (place, rules))


ENOUGH_NAMES = 2


def _categories_and_levels(applies: AppliesTo) -> set[tuple[str, Level]]:
    return {(category, level) for category in applies.category for level in applies.level}


def _first_shared(rules: Lifecycle, other: Lifecycle) -> str:
    """Say the first (category, level) that both run, or nothing."""
    both = _categories_and_levels(rules.applies_to) & _categories_and_levels(other.applies_to)
    if not both:
        return ""
    category, level = min(both, key=lambda run: (run[0], run[1] or 0))
    return f"`{category}` at level {level or 'none'}"


def _redefined_fault(
    vocabulary: Vocabulary, what: str, name: str, words: tuple[Any, Any]
) -> Diagnostic:
    own, first = (getattr(word, "span", None) for word in words)
    return Diagnostic(
        own or vocabulary.span,
        "redefined",
        f"the {what} `{name}` has its meaning already" + (f", from {first}" if first else ""),
        "use it as it is, or choose another name",
    )
