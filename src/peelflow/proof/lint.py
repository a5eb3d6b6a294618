"""Lint finds what is wrong with a lifecycle, or a vocabulary, without running it.

It also finds which words no lifecycle uses.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, product

from peelflow.errors import Diagnostic, Span
from peelflow.model.constraints import ALL_QUESTION_SETS
from peelflow.model.requirements import (
    PUBLISHED,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    Requirement,
    Waited,
    atoms_of,
)
from peelflow.model.rules import (
    SAME_SIDE,
    SYSTEM,
    Category,
    EvidenceKind,
    FieldRule,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Period,
    Promise,
    Role,
    SeparationOfDuties,
    State,
    StateSet,
    Transition,
    Vocabulary,
    each_transition,
    units_of,
)
from peelflow.phrases import listed, say_choice, shown, suggestion
from peelflow.proof.budget import Budget
from peelflow.proof.possible import Possibilities, never_taken_faults
from peelflow.proof.question_sets import question_set_faults, unknown_name
from peelflow.proof.reachability import states_reachable, states_reaching, system_cycle
from peelflow.results import frozen


def each_requirement(lifecycle: Lifecycle) -> list[Requirement]:
    """Return every atom that a transition requires or a guarantee speaks of."""
    atoms: list[Requirement] = []
    for transition in each_transition(lifecycle):
        atoms += atoms_of(transition.requires)
    for guarantee in lifecycle.guarantees:
        if isinstance(guarantee.promise, NeverEnteredUnless):
            atoms += atoms_of((guarantee.promise.requirement,))
    return atoms


def each_role(lifecycle: Lifecycle) -> list[tuple[str, Span]]:
    """Return every role mentioned, with its place: who acts, who signs, whom guarantees name."""
    roles = [(role, step.span) for step in each_transition(lifecycle) for role in step.by]
    for guarantee in lifecycle.guarantees:
        if isinstance(guarantee.promise, OnlyEnteredBy | NeverDoneBy | NeverEnteredUnless):
            roles += [(role, guarantee.span) for role in guarantee.promise.roles]
    for atom in each_requirement(lifecycle):
        if isinstance(atom, Evidence):
            roles += [(role, atom.span) for role in atom.signed_by]
    return roles


def roles_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every role the lifecycle mentions."""
    return frozenset(role for role, _ in each_role(lifecycle))


def lint(
    lifecycle: Lifecycle,
    vocabulary: Vocabulary,
    *,
    refined: Lifecycle | None = None,
    possibilities: Possibilities | None = None,
) -> tuple[Diagnostic, ...]:
    """Return every fault of a lifecycle, sorted by place.

    Args:
        lifecycle: As its file says it, settled: what its steps answer is known.
        vocabulary: The words of the whole rulebook.
        refined: The lifecycle that it refines, if it refines one that is known.
        possibilities: What can happen by these words, with what the whole check may spend.
    """
    possibilities = possibilities or Possibilities(vocabulary)
    budget = possibilities.budget
    named = (
        _name_faults(lifecycle, vocabulary, budget),
        _answer_faults(lifecycle, vocabulary, budget),
        _refined_name_faults(lifecycle, refined),
    )
    faults = {*budget.each(chain.from_iterable(named[:2]))}
    is_misspelt = bool(faults)
    faults.update(budget.each(named[2]))
    # A misspelt target already says why nothing is reached.
    if not any(fault.code == "unknown-state" for fault in faults):
        faults.update(_graph_faults(lifecycle))
    # What is misspelt, or goes round for ever, already says why nobody can take a step.
    if not is_misspelt and not any(fault.code == "endless-system" for fault in faults):
        faults.update(budget.each(never_taken_faults(lifecycle, refined, possibilities)))
    for name, state in lifecycle.states.items():
        faults.update(_state_faults(lifecycle, name, state))
        for transition in state.transitions:
            faults.update(_transition_faults(transition, vocabulary.roles))
    return tuple(sorted(faults))


def _graph_faults(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    states = lifecycle.states
    final = [name for name, state in states.items() if state.final]
    here = states_reachable(lifecycle)
    ending, towards_an_end = states_reaching(lifecycle, final), f"add a way towards {listed(final)}"
    for name, state in states.items():
        if name not in here:
            sentence = f"no walk from `{lifecycle.initial}` enters `{name}`"
            instead = f"remove the state, or give some transition `to: {name}`"
            yield Diagnostic(state.span, "unreachable-state", sentence, instead)
        elif final and state.transitions and name not in ending:
            sentence = f"from `{name}` no final state can be reached"
            yield Diagnostic(state.span, "trap-state", sentence, towards_an_end)
    circle = system_cycle(lifecycle)
    if circle:
        sentence = f"`system` would go round {listed(circle)} without end"
        instead = "write `after:` on one of these steps, or give the step to another role"
        yield Diagnostic(states[circle[0]].span, "endless-system", sentence, instead)


def _state_faults(lifecycle: Lifecycle, name: str, state: State) -> Iterator[Diagnostic]:
    if state.due:
        yield from period_faults(state.due)
    if state.due and state.final:
        sentence = f"`{name}` is final, and would have to be left by a day"
        instead = "remove `due`, or take `final: true` from the state"
        yield Diagnostic(state.due.span, "final-due", sentence, instead)
    if not state.final and not state.transitions:
        sentence = f"`{name}` is not final and nothing leads out of it"
        instead = "write `final: true`, or add a transition"
        yield Diagnostic(state.span, "dead-end", sentence, instead)
    yield from _ambiguous_faults(name, state)
    for transition in state.transitions:
        target = lifecycle.states.get(transition.to)
        # A step from an end to an end, such as a note of what was learnt, re-opens nothing.
        if state.final and not transition.reopens and not (target and target.final):
            sentence = f"`{transition.trigger}` leads out of `{name}`, which is final"
            instead = "write `reopens: true`, lead to an end, or take `final: true` from the state"
            yield Diagnostic(transition.span, "final-leaves", sentence, instead)
        if transition.reopens and not state.final:
            sentence = f"`{transition.trigger}` re-opens `{name}`, which is not final"
            instead = "remove `reopens: true`"
            yield Diagnostic(transition.span, "reopens-not-final", sentence, instead)


def _ambiguous_faults(name: str, state: State) -> Iterator[Diagnostic]:
    known: set[tuple[str, str]] = set()
    for transition in state.transitions:
        roles = [role for role in sorted(set(transition.by)) if (transition.trigger, role) in known]
        if roles:
            ways = f"two ways named `{transition.trigger}` from `{name}`"
            sentence = f"{listed(roles)} may take {ways}"
            instead = "keep the role in one of them, or name the other differently"
            yield Diagnostic(transition.span, "ambiguous-transition", sentence, instead)
        known.update((transition.trigger, role) for role in transition.by)


def _transition_faults(transition: Transition, roles: Mapping[str, Role]) -> Iterator[Diagnostic]:
    span, trigger, by = transition.span, transition.trigger, transition.by
    if transition.after:
        yield from period_faults(transition.after)
    if transition.after and by != (SYSTEM,):
        sentence = f"`{trigger}` falls due by itself, but {listed(by)} would do it"
        instead = "write `by: [system]`, or require `waited: <days>` instead of `after`"
        yield Diagnostic(span, "timed-not-system", sentence, instead)
    force = [role for role in by if role in roles and roles[role].side == "force"]
    others = [role for role in by if role in roles and roles[role].side != "force"]
    if force and others:
        sentence = f"`{trigger}` is done by the force's {listed(force)} and by {listed(others)}"
        instead = "write a transition for each side, so that each answers for its own acts"
        yield Diagnostic(span, "mixed-sides", sentence, instead)
    people = [role for role in by if role != SYSTEM]
    if SYSTEM in by and people:
        sentence = f"`{trigger}` is done by `{SYSTEM}` and by {listed(people)}"
        instead = (
            "write a transition of its own for each, so that it is clear what happens by itself"
        )
        yield Diagnostic(span, "system-shared", sentence, instead)


def may_stand_for(role: Role, other: Role) -> bool:
    """Say whether a role of a force may stand for another of its roles."""
    return other.may_be_delegated and other.side == role.side == "force"


def _name_faults(
    lifecycle: Lifecycle, vocabulary: Vocabulary, budget: Budget
) -> Iterator[Diagnostic]:
    """Yield every unknown state, trigger, role, kind of evidence, category, field and predicate."""
    counted = {
        f"{ledger} {counts}"
        for state in lifecycle.states.values()
        for ledger, counts in state.counts_as.items()
    }
    triggers = triggers_of(lifecycle)
    names = _DeclaredNames(lifecycle, vocabulary, triggers, frozenset(counted), budget)
    roles, categories = {*vocabulary.roles, SYSTEM}, vocabulary.categories
    for role, span in each_role(lifecycle):
        if role not in roles:
            yield unknown_name("role", role, roles, span)
    for category in lifecycle.applies_to.category:
        if category not in categories:
            yield unknown_name("category", category, categories, lifecycle.applies_to.span)
    targets = [(lifecycle.initial, lifecycle.span)]
    targets += [(transition.to, transition.span) for transition in each_transition(lifecycle)]
    for state, span in targets:
        if state not in lifecycle.states:
            yield unknown_name("state", state, lifecycle.states, span)
    for atom in each_requirement(lifecycle):
        yield from _requirement_faults(atom, names)
    for guarantee in lifecycle.guarantees:
        yield from _promise_faults(guarantee.promise, names, guarantee.span)
    times = [state.due for state in lifecycle.states.values()]
    for time in (*times, *(transition.after for transition in each_transition(lifecycle))):
        if time and time.since == PUBLISHED:
            yield from _published_faults(names, time.span)


@frozen
class _DeclaredNames:
    """A lifecycle among the words of its rulebook, and what it names itself."""

    lifecycle: Lifecycle
    vocabulary: Vocabulary
    triggers: frozenset[str]
    counted: frozenset[str]
    budget: Budget

    def each_category(self) -> Iterator[tuple[str, Category]]:
        """Yield the categories that the lifecycle applies to and the rulebook declares."""
        self.budget.spend(len(self.lifecycle.applies_to.category))
        for name in self.lifecycle.applies_to.category:
            if name in self.vocabulary.categories:
                yield name, self.vocabulary.categories[name]


def triggers_of(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every trigger."""
    return frozenset(transition.trigger for transition in each_transition(lifecycle))


def _requirement_faults(atom: Requirement, names: _DeclaredNames) -> Iterator[Diagnostic]:
    words = names.vocabulary
    match atom:
        case Evidence(evidence=name) if name not in words.evidence:
            yield unknown_name("evidence", name, words.evidence, atom.span)
        case PredicateHolds(predicate=name) if name not in words.predicates:
            yield unknown_name("predicate", name, words.predicates, atom.span)
        case DistinctFrom(distinct_from=name) if name not in names.triggers:
            yield unknown_name("trigger", name, names.triggers, atom.span)
        case FieldSet(field=name, has=has):
            yield from _field_faults(name, names, atom.span, has)
        case Waited(since=since) if since == PUBLISHED:
            yield from _published_faults(names, atom.span)
        case ChildrenClosed() | ChildForEach():
            yield from _children_faults(names, atom.span)
        case _:
            pass
    if isinstance(atom, Evidence | InspectionHeld | DistinctFrom | Waited):
        yield from _since_faults(atom, names.lifecycle)


def _since_faults(
    atom: Evidence | InspectionHeld | DistinctFrom | Waited, lifecycle: Lifecycle
) -> Iterator[Diagnostic]:
    also = {PUBLISHED} if isinstance(atom, Waited) else set()
    if atom.since is not None and atom.since not in also and atom.since not in lifecycle.states:
        sentence = f"`since: {atom.since}` names no state" + " and is not `published`" * len(also)
        instead = suggestion(atom.since, {*lifecycle.states, *also})
        yield Diagnostic(atom.span, "unknown-since", sentence, instead)


def _field_faults(
    name: str, names: _DeclaredNames, span: Span, has: str | None = None
) -> Iterator[Diagnostic]:
    for category, declared in names.each_category():
        rule = declared.fields.get(name)
        if rule is None:
            yield unknown_name(f"field of `{category}`", name, declared.fields, span)
        elif has is not None and has not in rule.choices:
            yield unknown_name(f"choice of `{name}`", has, rule.choices, span)


def _published_faults(names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    yield from _field_faults(PUBLISHED, names, span)
    for category, declared in names.each_category():
        rule = declared.fields.get(PUBLISHED)
        if rule and rule.type != "date":
            sentence = f"days count from `{PUBLISHED}`, which in `{category}` is a `{rule.type}`"
            instead = "give the field `type: date`, or count from something else"
            yield Diagnostic(span, "published-not-date", sentence, instead)


def _children_faults(names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    for category, declared in names.each_category():
        if not declared.children:
            sentence = f"a record of `{category}` has no children, so `children` never holds"
            instead = f"give `{category}` its `children:`, or remove the requirement"
            yield Diagnostic(span, "children-undeclared", sentence, instead)


def triggers_in(promise: Promise) -> tuple[str, ...]:
    """Return the triggers that a guarantee speaks of."""
    match promise:
        case NeverEnteredWithoutSteps(triggers=triggers):
            return triggers
        case NeverDoneBy(trigger=trigger):
            return (trigger,)
        case SeparationOfDuties(first=first, second=second):
            return (first, second)
        case _:
            return ()


def _promise_faults(promise: Promise, names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    match promise:
        case NeverDoneBy() | SeparationOfDuties():
            pass
        case NeverEnteredWithoutSteps(where=where, since=str(since)):
            yield from _where_faults(where, names, span)
            yield from _where_faults(StateSet(state=since), names, span)
        case NeverFollowedBy(where=where, later=later):
            yield from _where_faults(where, names, span)
            yield from _where_faults(later, names, span)
        case _:
            yield from _where_faults(promise.where, names, span)
    for trigger in triggers_in(promise):
        if trigger not in names.triggers:
            yield unknown_name("trigger", trigger, names.triggers, span)


def _where_faults(where: StateSet, names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    if where.state is not None:
        if where.state not in names.lifecycle.states:
            yield unknown_name("state", where.state, names.lifecycle.states, span)
    elif str(where) not in names.counted:
        sentence = f"no state counts `{where}`"
        yield Diagnostic(span, "unknown-ledger", sentence, suggestion(str(where), names.counted))


def _answer_faults(lifecycle: Lifecycle, words: Vocabulary, budget: Budget) -> Iterator[Diagnostic]:
    """Yield every field of a child for each record that is unknown, or names other records."""
    asked = [atom for atom in each_requirement(lifecycle) if isinstance(atom, ChildForEach)]
    for atom, category in product(asked, lifecycle.applies_to.category):
        below = words.categories[category].children if category in words.categories else ()
        budget.spend((1 + len(atom.for_each)) * (ANSWER_STEPS + len(below)))
        yield from _child_for_each_faults(atom, category, words)


ANSWER_STEPS = 4
"""What looking at two fields of an answer costs."""


def _child_for_each_faults(
    asked: ChildForEach, own: str, words: Vocabulary
) -> Iterator[Diagnostic]:
    names = yield from _reference_targets(asked, asked.names, own, words)
    for category in asked.for_each:
        if category not in words.categories:
            yield unknown_name("category", category, words.categories, asked.span)
        whose = yield from _reference_targets(asked, asked.whose, category, words)
        if names and whose and names.isdisjoint(whose):
            wanted = f"what `{asked.names}` of `{own}` does"
            why = f"`{asked.whose}` of `{category}` never names {wanted}"
            instead = f"let both name records of {say_choice(tuple(sorted(names)))}"
            yield _unfit_answer(asked, why, instead)
    below = words.categories[own].children if own in words.categories else ()
    for category in asked.for_each:
        faults = [tuple(_answering_child_faults(asked, category, child, words)) for child in below]
        # Children of one category may answer these, and children of another those.
        if all(faults):
            yield from chain.from_iterable(faults)


def _answering_child_faults(
    asked: ChildForEach, category: str, child: str, words: Vocabulary
) -> Iterator[Diagnostic]:
    """Yield why children of the category `child` cannot answer records of another."""
    answers = yield from _reference_targets(asked, asked.children, child, words)
    if answers and category in words.categories and category not in answers:
        why = f"`{asked.children}` of `{child}` cannot name a record of `{category}`"
        yield _unfit_answer(asked, why, f"add `{category}` to its `to`, or take it from `for_each`")


def _reference_targets(
    asked: ChildForEach, field: str, category: str, words: Vocabulary
) -> Generator[Diagnostic, None, frozenset[str]]:
    """Yield what is wrong with a field; return the categories that it may name records of."""
    declared = words.categories.get(category)
    if declared is None:
        return frozenset()
    rule = declared.fields.get(field)
    if rule is None:
        yield unknown_name(f"field of `{category}`", field, declared.fields, asked.span)
        return frozenset()
    if rule.type != "reference":
        why = f"`{field}` of `{category}` is a `{rule.type}`, and names no record"
        yield _unfit_answer(asked, why, "use a field of `type: reference`")
    return frozenset(rule.to)


def _unfit_answer(asked: ChildForEach, why: str, instead: str) -> Diagnostic:
    return Diagnostic(asked.span, "answers-unfit", why, instead)


def _refined_name_faults(lifecycle: Lifecycle, refined: Lifecycle | None) -> Iterator[Diagnostic]:
    """Yield every `stands_for` and `as` that names nothing in `refined`."""
    if lifecycle.refines is None:
        yield from _refines_nothing_faults(lifecycle)
    if lifecycle.refines is None or refined is None:
        return
    for name, state in lifecycle.states.items():
        stood = state.stands_for or name
        if stood not in refined.states:
            sentence = f"`{name}` stands for `{stood}`, which is no state of `{refined}`"
            near = suggestion(stood, refined.states)
            instead = f"write `stands_for:` with one of its states; {near}"
            yield Diagnostic(state.span, "unknown-state", sentence, instead)
    known = triggers_of(refined)
    for transition in each_transition(lifecycle):
        if transition.as_ is not None and transition.as_ not in known:
            yield unknown_name(f"trigger of `{refined}`", transition.as_, known, transition.span)


def _refines_nothing_faults(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    states, steps = lifecycle.states.values(), each_transition(lifecycle)
    spoken = [("stands_for", state.span) for state in states if state.stands_for is not None]
    spoken += [("as", step.span) for step in steps if step.as_ is not None]
    for key, span in spoken:
        sentence = f"`{key}` points into a refined lifecycle, and `{lifecycle}` refines none"
        instead = f"remove `{key}`, or write `refines: <lifecycle>@<version>` at the top"
        yield Diagnostic(span, "refines-nothing", sentence, instead)


def period_faults(period: Period) -> Iterator[Diagnostic]:
    """Yield a fault where a period is not counted in one unit."""
    units = units_of(period)
    if len(units) != 1:
        words = " and in ".join(f"`{name}`" for name in units) or "no unit"
        sentence = f"a period is counted in one unit, and this in {words}"
        instead = "write one of `days`, `months` and `working_days`"
        yield Diagnostic(period.span, "counts-unit", sentence, instead)


def lint_vocabulary(own: Vocabulary, whole: Vocabulary) -> tuple[Diagnostic, ...]:
    """Return every fault of a vocabulary among the words of the whole rulebook, sorted."""
    faults: list[Diagnostic] = []
    for name, role in own.roles.items():
        faults += _role_faults(name, role, whole)
    for name, category in own.categories.items():
        faults += _category_faults((*category.children, *category.below), whole, category.span)
        faults += _own_field_faults(name, category.fields, whole)
    for name, fields in own.fields.items():
        faults += _added_field_faults(name, fields, whole)
        faults += _own_field_faults(name, fields, whole)
    faults += question_set_faults(own, whole)
    faults += _order_faults(own, whole)
    return tuple(sorted(set(faults)))


def lint_unused(
    lifecycles: Sequence[Lifecycle], vocabularies: Iterable[Vocabulary], whole: Vocabulary
) -> tuple[Diagnostic, ...]:
    """Return a note for each role and kind of evidence that no lifecycle mentions, sorted.

    A word whose meaning in `whole` is another one's is passed over: that is a fault already.
    """
    named = {SYSTEM}.union(*map(roles_named, lifecycles))
    atoms = chain.from_iterable(map(each_requirement, lifecycles))
    kinds = {atom.evidence for atom in atoms if isinstance(atom, Evidence)}
    faults: list[Diagnostic] = []
    for vocabulary in vocabularies:
        for name, role in vocabulary.roles.items():
            if name not in named and whole.roles.get(name) == role:
                faults.append(_unused_word("role", name, role))
        for name, kind in vocabulary.evidence.items():
            if name not in kinds and whole.evidence.get(name) == kind:
                faults.append(_unused_word("evidence", name, kind))
    return tuple(sorted(faults))


def _unused_word(what: str, name: str, word: Role | EvidenceKind) -> Diagnostic:
    sentence = f"no lifecycle read with it mentions the {what} `{name}`"
    instead = "keep it if somebody needs the word, else remove it"
    return Diagnostic(word.span, f"unused-{what}", sentence, instead, "note")


def _role_faults(name: str, role: Role, whole: Vocabulary) -> Iterator[Diagnostic]:
    if name == SYSTEM and role.side != "system":
        sentence = f"`{SYSTEM}` is the register itself, and not of the side `{role.side}`"
        instead = "write `side: system`, or choose another name"
        yield Diagnostic(role.span, "system-side", sentence, instead)
    for other_name in (*role.appointed_by, *role.corrected_by):
        if other_name not in whole.roles:
            yield unknown_name("role", other_name, whole.roles, role.span)
    if role.stands_for is None:
        return
    other = whole.roles.get(role.stands_for)
    if other is None:
        yield unknown_name("role", role.stands_for, whole.roles, role.span)
    elif not may_stand_for(role, other):
        why = "whose acts may not be delegated"
        if not other.side == role.side == "force":
            why = "for both must be of the side `force`"
        sentence = f"`{name}` cannot stand for `{role.stands_for}`, {why}"
        instead = "let a force role stand for a force role that is marked `may_be_delegated: true`"
        yield Diagnostic(role.span, "not-delegable", sentence, instead)


def _order_faults(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    taken: dict[int, str] = {}
    for name, category in whole.categories.items():
        # INVARIANT: fields that others add make a new category, with the rows of the first.
        ours = name in own.categories and own.categories[name].figures is category.figures
        for row in category.figures:
            if row.order in taken and ours:
                same = f"`{shown(row.title)}` has order {row.order}"
                sentence = f"{same}, and so has `{taken[row.order]}`"
                instead = "give each row of the figures an order of its own"
                yield Diagnostic(row.span, "duplicate-order", sentence, instead)
            taken.setdefault(row.order, shown(row.title))


_CHOICE_TYPES = ("choice", "list")


def _category_faults(names: Iterable[str], whole: Vocabulary, span: Span) -> Iterator[Diagnostic]:
    for name in names:
        if name not in whole.categories:
            yield unknown_name("category", name, whole.categories, span)


def _added_field_faults(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    for name, rule in fields.items():
        yield from _category_faults((category,), whole, rule.span)
        if rule.required:
            added = f"the field `{name}` is added to `{category}`"
            sentence = f"{added}, whose records others may bring"
            instead = f"leave `required` out; let a step of your own require {{field: {name}}}"
            yield Diagnostic(rule.span, "own-field-required", sentence, instead)


def _own_field_faults(
    category: str, fields: Mapping[str, FieldRule], whole: Vocabulary
) -> Iterator[Diagnostic]:
    known = whole.categories[category].fields if category in whole.categories else {}
    for name, rule in fields.items():
        yield from _choice_faults(name, rule, whole)
        yield from _reference_faults(name, rule, whole)
        yield from _counting_faults(name, rule, {**fields, **known})
        for role in rule.amended_by:
            if role not in {SAME_SIDE, *whole.roles}:
                yield unknown_name("role", role, {SAME_SIDE, *whole.roles}, rule.span)


def _choice_faults(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    sets = {ALL_QUESTION_SETS, *whole.question_sets}
    if rule.choices_from is not None and rule.choices_from not in sets:
        yield unknown_name("question set", rule.choices_from, whole.question_sets, rule.span)
    elif rule.type == "choice" and not rule.choices and rule.choices_from != ALL_QUESTION_SETS:
        sentence = f"the field `{name}` is a choice of nothing"
        instead = "write `choices: [...]`"
        yield Diagnostic(rule.span, "choices-missing", sentence, instead)
    if rule.type not in _CHOICE_TYPES and (rule.choices or rule.choices_from):
        sentence = f"the field `{name}` has choices, but its type is `{rule.type}`"
        instead = "write `type: choice` or `type: list`, or remove the choices"
        yield Diagnostic(rule.span, "choices-misplaced", sentence, instead)


def _reference_faults(name: str, rule: FieldRule, whole: Vocabulary) -> Iterator[Diagnostic]:
    yield from _category_faults(rule.to, whole, rule.span)
    if rule.type == "reference" and not rule.to:
        sentence = f"the field `{name}` refers to records of no category"
        instead = "write `to: [...]` with the categories it may name a record of"
        yield Diagnostic(rule.span, "reference-missing", sentence, instead)
    if rule.type != "reference" and rule.to:
        sentence = f"the field `{name}` names categories, but its type is `{rule.type}`"
        instead = "write `type: reference`, or remove `to`"
        yield Diagnostic(rule.span, "reference-misplaced", sentence, instead)


def _counting_faults(
    name: str, rule: FieldRule, fields: Mapping[str, FieldRule]
) -> Iterator[Diagnostic]:
    if rule.as_known and (rule.type != "date" or rule.counts_from is not None):
        why = "is counted" if rule.type == "date" else f"is a `{rule.type}`"
        sentence = f"only a date that somebody gives can be known in part, and `{name}` {why}"
        instead = "remove `as_known`, or give the field `type: date` and no `counts_from`"
        yield Diagnostic(rule.span, "as-known", sentence, instead)
    if rule.counts_from is None:
        return
    yield from period_faults(rule.counts_from)
    source = fields.get(rule.counts_from.field)
    if source is None:
        yield unknown_name("field", rule.counts_from.field, fields, rule.counts_from.span)
        return
    if rule.type != "date" or source.type != "date":
        word = name if rule.type != "date" else rule.counts_from.field
        kind = rule.type if rule.type != "date" else source.type
        yield _uncountable_date(rule.span, f"`{word}` is a `{kind}`")
    elif source.counts_from is not None:
        yield _uncountable_date(rule.span, f"`{rule.counts_from.field}` is counted itself")


def _uncountable_date(span: Span, why: str) -> Diagnostic:
    sentence = f"days are counted from one date to another, and {why}"
    instead = "count from a field of `type: date` that is not counted itself"
    return Diagnostic(span, "counts-from", sentence, instead)
