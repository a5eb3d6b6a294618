"""Lint finds what is wrong with a lifecycle without running it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import chain

from attrs import frozen

from peelflow.errors import Diagnostic, Span
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
    SYSTEM,
    After,
    AlwaysReachable,
    Category,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredUnless,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    Period,
    Promise,
    Role,
    State,
    StateSet,
    Transition,
    Vocabulary,
    units_of,
)
from peelflow.proof.reachability import states_reachable, states_reaching, system_cycle
from peelflow.wording import listed, say_choice, suggestion


def each_requirement(lifecycle: Lifecycle) -> Iterator[Requirement]:
    """Yield every atom that a transition requires or a guarantee speaks of."""
    for state in lifecycle.states.values():
        for transition in state.transitions:
            yield from atoms_of(transition.requires)
    for guarantee in lifecycle.guarantees:
        if isinstance(guarantee.promise, NeverEnteredUnless):
            yield from atoms_of((guarantee.promise.requirement,))


def each_role(lifecycle: Lifecycle) -> Iterator[tuple[str, Span]]:
    """Yield every role mentioned, with its place: who acts, who signs, whom guarantees name."""
    for state in lifecycle.states.values():
        for transition in state.transitions:
            yield from ((role, transition.span) for role in transition.by)
    for guarantee in lifecycle.guarantees:
        match guarantee.promise:
            case (
                OnlyEnteredBy(roles=roles)
                | NeverDoneBy(roles=roles)
                | NeverEnteredUnless(roles=roles)
            ):
                yield from ((role, guarantee.span) for role in roles)
            case _:
                pass
    for atom in each_requirement(lifecycle):
        if isinstance(atom, Evidence):
            yield from ((role, atom.span) for role in atom.signed_by)


def roles_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every role the lifecycle mentions."""
    return frozenset(role for role, _ in each_role(lifecycle))


def evidence_named(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every kind of evidence the lifecycle mentions."""
    atoms = each_requirement(lifecycle)
    return frozenset(atom.evidence for atom in atoms if isinstance(atom, Evidence))


def lint(
    lifecycle: Lifecycle, vocabulary: Vocabulary, *, refined: Lifecycle | None = None
) -> tuple[Diagnostic, ...]:
    """Return every fault of a lifecycle, sorted by place.

    Args:
        lifecycle: As its file says it.
        vocabulary: The words of the whole rulebook.
        refined: The lifecycle that it refines, if it refines one that is known.
    """
    faults = {
        *_name_faults(lifecycle, vocabulary),
        *_answer_faults(lifecycle, vocabulary),
        *_refined_name_faults(lifecycle, refined),
    }
    # A misspelt target already says why nothing is reached.
    if not any(fault.code == "unknown-state" for fault in faults):
        faults.update(_graph_faults(lifecycle))
    for name, state in lifecycle.states.items():
        faults.update(_state_faults(name, state))
        for transition in state.transitions:
            faults.update(_transition_faults(transition, vocabulary.roles))
    return tuple(sorted(faults))


def _graph_faults(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    states = lifecycle.states
    final = [name for name, state in states.items() if state.final]
    here = states_reachable(lifecycle)
    ending = states_reaching(lifecycle, final)
    for name, state in states.items():
        if name not in here:
            yield Diagnostic(
                state.span,
                "unreachable-state",
                f"no walk from `{lifecycle.initial}` enters `{name}`",
                "remove the state, or give some transition `to: " + name + "`",
            )
        elif final and state.transitions and name not in ending:
            sentence = f"from `{name}` no final state can be reached"
            instead = f"add a way towards {listed(final)}"
            yield Diagnostic(state.span, "trap-state", sentence, instead)
    circle = system_cycle(lifecycle)
    if circle:
        sentence = f"`system` would go round {listed(circle)} without end"
        instead = "write `after:` on one of these steps, or give the step to another role"
        yield Diagnostic(states[circle[0]].span, "endless-system", sentence, instead)


def _due_faults(name: str, due: After, *, final: bool) -> Iterator[Diagnostic]:
    yield from period_faults(due, due.span)
    if final:
        sentence = f"`{name}` is final, and would have to be left by a day"
        instead = "remove `due`, or take `final: true` from the state"
        yield Diagnostic(due.span, "final-due", sentence, instead)


def _state_faults(name: str, state: State) -> Iterator[Diagnostic]:
    if state.due:
        yield from _due_faults(name, state.due, final=state.final)
    if not state.final and not state.transitions:
        sentence = f"`{name}` is not final and nothing leads out of it"
        instead = "write `final: true`, or add a transition"
        yield Diagnostic(state.span, "dead-end", sentence, instead)
    yield from _ambiguous_faults(name, state)
    for transition in state.transitions:
        if state.final and not transition.reopens:
            sentence = f"`{transition.trigger}` leads out of `{name}`, which is final"
            instead = "write `reopens: true`, or take `final: true` from the state"
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
            yield Diagnostic(
                transition.span,
                "ambiguous-transition",
                f"{listed(roles)} may take two ways named `{transition.trigger}` from `{name}`",
                "keep the role in one of them, or name the other differently",
            )
        known.update((transition.trigger, role) for role in transition.by)


def _transition_faults(transition: Transition, roles: Mapping[str, Role]) -> Iterator[Diagnostic]:
    if transition.after:
        yield from period_faults(transition.after, transition.after.span)
    yield from _sharing_faults(transition, roles)
    if transition.after and transition.by != (SYSTEM,):
        yield Diagnostic(
            transition.span,
            "timed-not-system",
            f"`{transition.trigger}` falls due by itself, but {listed(transition.by)} would do it",
            "write `by: [system]`, or require `waited: <days>` instead of `after`",
        )


def _sharing_faults(transition: Transition, roles: Mapping[str, Role]) -> Iterator[Diagnostic]:
    force = [role for role in transition.by if role in roles and roles[role].side == "force"]
    others = [role for role in transition.by if role in roles and roles[role].side != "force"]
    if force and others:
        yield Diagnostic(
            transition.span,
            "mixed-sides",
            f"`{transition.trigger}` is done by the force's {listed(force)}"
            f" and by {listed(others)}",
            "write a transition for each side, so that each answers for its own acts",
        )
    people = [role for role in transition.by if role != SYSTEM]
    if SYSTEM in transition.by and people:
        yield Diagnostic(
            transition.span,
            "system-shared",
            f"`{transition.trigger}` is done by `{SYSTEM}` and by {listed(people)}",
            "write a transition of its own for each, so that it is clear what happens by itself",
        )


def may_stand_for(role: Role, other: Role) -> bool:
    """Say whether a role of a force may stand for another of its roles."""
    return other.may_be_delegated and other.side == role.side == "force"


def unknown_name(what: str, name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """Say that `name` names no known `what`."""
    sentence = f"no {what} is called `{name}`"
    return Diagnostic(
        span, f"unknown-{what.split(maxsplit=1)[0]}", sentence, suggestion(name, known)
    )


def _name_faults(lifecycle: Lifecycle, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every unknown state, trigger, role, kind of evidence, category, field and predicate."""
    names = _DeclaredNames(lifecycle, vocabulary, triggers_of(lifecycle), _ledger_counts(lifecycle))
    roles = {*vocabulary.roles, SYSTEM}
    for role, span in each_role(lifecycle):
        if role not in roles:
            yield unknown_name("role", role, roles, span)
    for category in lifecycle.applies_to.category:
        if category not in vocabulary.categories:
            yield unknown_name(
                "category", category, vocabulary.categories, lifecycle.applies_to.span
            )
    yield from _target_faults(lifecycle)
    for atom in each_requirement(lifecycle):
        yield from _requirement_faults(atom, names)
    for guarantee in lifecycle.guarantees:
        yield from _promise_faults(guarantee.promise, names, guarantee.span)
    for state in lifecycle.states.values():
        for time in (state.due, *(transition.after for transition in state.transitions)):
            if time and time.since == PUBLISHED:
                yield from _published_faults(names, time.span)


@frozen
class _DeclaredNames:
    """A lifecycle among the words of its rulebook, and what it names itself."""

    lifecycle: Lifecycle
    vocabulary: Vocabulary
    triggers: frozenset[str]
    counted: frozenset[str]


def _ledger_counts(lifecycle: Lifecycle) -> frozenset[str]:
    return frozenset(
        f"{ledger} {counts}"
        for state in lifecycle.states.values()
        for ledger, counts in state.counts_as.items()
    )


def triggers_of(lifecycle: Lifecycle) -> frozenset[str]:
    """Return the names of every trigger."""
    states = lifecycle.states.values()
    return frozenset(transition.trigger for state in states for transition in state.transitions)


def _target_faults(lifecycle: Lifecycle) -> Iterator[Diagnostic]:
    known = lifecycle.states
    if lifecycle.initial not in known:
        yield unknown_name("state", lifecycle.initial, known, lifecycle.span)
    for state in known.values():
        for transition in state.transitions:
            if transition.to not in known:
                yield unknown_name("state", transition.to, known, transition.span)


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
            yield from _field_faults(name, names, atom.span)
            yield from _choice_faults(name, has, names, atom.span)
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
        yield Diagnostic(
            atom.span,
            "unknown-since",
            f"`since: {atom.since}` names no state" + " and is not `published`" * len(also),
            suggestion(atom.since, {*lifecycle.states, *also}),
        )


def _declared_categories(names: _DeclaredNames) -> Iterator[tuple[str, Category]]:
    for name in names.lifecycle.applies_to.category:
        if name in names.vocabulary.categories:
            yield name, names.vocabulary.categories[name]


def _field_faults(name: str, names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    for category, declared in _declared_categories(names):
        if name not in declared.fields:
            yield unknown_name(f"field of `{category}`", name, declared.fields, span)


def _choice_faults(
    name: str, has: str | None, names: _DeclaredNames, span: Span
) -> Iterator[Diagnostic]:
    for _, declared in _declared_categories(names):
        rule = declared.fields.get(name)
        if has is not None and rule is not None and has not in rule.choices:
            yield unknown_name(f"choice of `{name}`", has, rule.choices, span)


def _published_faults(names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    yield from _field_faults(PUBLISHED, names, span)
    for category, declared in _declared_categories(names):
        rule = declared.fields.get(PUBLISHED)
        if rule and rule.type != "date":
            sentence = f"days count from `{PUBLISHED}`, which in `{category}` is a `{rule.type}`"
            instead = "give the field `type: date`, or count from something else"
            yield Diagnostic(span, "published-not-date", sentence, instead)


def _children_faults(names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    for category, declared in _declared_categories(names):
        if not declared.children:
            sentence = f"a record of `{category}` has no children, so `children` never holds"
            instead = f"give `{category}` its `children:`, or remove the requirement"
            yield Diagnostic(span, "children-undeclared", sentence, instead)


def _promise_faults(promise: Promise, names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    named: tuple[str, ...] = ()
    match promise:
        case NeverEnteredWithoutSteps(where=where, triggers=named, since=since):
            yield from _where_faults(where, names, span)
            if since is not None:
                yield from _where_faults(StateSet(state=since), names, span)
        case (
            OnlyEnteredBy(where=where)
            | NeverEnteredUnless(where=where)
            | AlwaysReachable(where=where)
        ):
            yield from _where_faults(where, names, span)
        case NeverFollowedBy(where=where, later=later):
            yield from _where_faults(where, names, span)
            yield from _where_faults(later, names, span)
        case NeverDoneBy(trigger=trigger):
            named = (trigger,)
        case _:
            named = (promise.first, promise.second)
    known = names.triggers
    yield from (unknown_name("trigger", name, known, span) for name in named if name not in known)


def _where_faults(where: StateSet, names: _DeclaredNames, span: Span) -> Iterator[Diagnostic]:
    if where.state is not None:
        if where.state not in names.lifecycle.states:
            yield unknown_name("state", where.state, names.lifecycle.states, span)
    elif str(where) not in names.counted:
        sentence = f"no state counts `{where}`"
        yield Diagnostic(span, "unknown-ledger", sentence, suggestion(str(where), names.counted))


def _answer_faults(lifecycle: Lifecycle, words: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every field of a child for each record that is unknown, or names other records."""
    for atom in each_requirement(lifecycle):
        if isinstance(atom, ChildForEach):
            for category in lifecycle.applies_to.category:
                yield from _child_for_each_faults(atom, category, words)


def _child_for_each_faults(
    asked: ChildForEach, own: str, words: Vocabulary
) -> Iterator[Diagnostic]:
    names = yield from _reference_targets(asked, asked.names, own, words)
    for category in asked.for_each:
        if category not in words.categories:
            yield unknown_name("category", category, words.categories, asked.span)
        whose = yield from _reference_targets(asked, asked.whose, category, words)
        if names and whose and names.isdisjoint(whose):
            why = (
                f"`{asked.whose}` of `{category}` never names what `{asked.names}` of `{own}` does"
            )
            yield _unfit_answer(
                asked, why, f"let both name records of {say_choice(tuple(sorted(names)))}"
            )
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
    for name, state in lifecycle.states.items():
        if lifecycle.refines is None:
            yield from _refines_nothing_faults(lifecycle, state)
        elif refined is not None:
            yield from _stands_for_faults(name, state, refined)
            yield from _as_faults(state, refined)


def _as_faults(state: State, refined: Lifecycle) -> Iterator[Diagnostic]:
    known = triggers_of(refined)
    for transition in state.transitions:
        if transition.as_ is not None and transition.as_ not in known:
            yield unknown_name(f"trigger of `{refined}`", transition.as_, known, transition.span)


def _refines_nothing_faults(lifecycle: Lifecycle, state: State) -> Iterator[Diagnostic]:
    spoken = [("stands_for", state.span)] if state.stands_for is not None else []
    spoken += [
        ("as", transition.span) for transition in state.transitions if transition.as_ is not None
    ]
    for key, span in spoken:
        sentence = f"`{key}` points into a refined lifecycle, and `{lifecycle}` refines none"
        instead = f"remove `{key}`, or write `refines: <lifecycle>@<version>` at the top"
        yield Diagnostic(span, "refines-nothing", sentence, instead)


def _stands_for_faults(name: str, state: State, refined: Lifecycle) -> Iterator[Diagnostic]:
    if (state.stands_for or name) in refined.states:
        return
    meant = state.stands_for or name
    sentence = f"`{name}` stands for `{meant}`, which is no state of `{refined}`"
    instead = f"write `stands_for:` with one of its states; {suggestion(meant, refined.states)}"
    yield Diagnostic(state.span, "unknown-state", sentence, instead)


def period_faults(period: Period, span: Span) -> Iterator[Diagnostic]:
    """Yield a fault where a period is not counted in one unit."""
    units = units_of(period)
    if len(units) != 1:
        words = " and in ".join(f"`{name}`" for name in units) or "no unit"
        sentence = f"a period is counted in one unit, and this in {words}"
        instead = "write one of `days`, `months` and `working_days`"
        yield Diagnostic(span, "counts-unit", sentence, instead)
