"""A proof of a migration plan shows that records keep their counts, past and way to an end.

It looks at the old rules, with every move by which records can have come to them, at the move, and
on into the new rules. Between files over the same national lifecycle, records keep their national
state, and the national guarantees hold whether the files restate them or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

from attrs import field

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import Requirement
from peelflow.model.rules import (
    Guarantee,
    Lifecycle,
    MigrationPlan,
    Role,
    State,
    StateSet,
    Transition,
    Vocabulary,
    is_automatic,
    moves_level,
)
from peelflow.phrases import listed, say_choice
from peelflow.proof.budget import FEWER_MOVES, Budget
from peelflow.proof.counterexample import trace_step
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.lint import triggers_in, triggers_of
from peelflow.proof.moves import (
    ADD_TRIGGER,
    BEFORE,
    MIGRATE_TRIGGER,
    MIGRATING_ROLE,
    JoinedRules,
    Move,
    Moves,
    TooManyViewsError,
    past_views,
    refined_name,
)
from peelflow.proof.possible import possible_steps
from peelflow.proof.question_sets import unknown_name
from peelflow.proof.reachability import states_reachable, states_reaching
from peelflow.proof.record_kinds import RecordKind, record_kinds
from peelflow.proof.renamed_triggers import trigger_faults
from peelflow.proof.transition_system import PastTransition
from peelflow.results import define


@define(eq=False, slots=False)
class MigrationProduct(AbstractionMap):
    """Old rules and new ones, joined, as the guarantees of the new ones see them.

    An old state is seen as the state that it becomes, an old trigger as the plans say. Steps of the
    old rules, and the moves themselves, are past: they can break nothing any more. Where the new
    rules refine others, `refined`, whose guarantees are looked at, a state is seen as the one that
    it stands for and a step as the one that it answers, in the old rules as in the new.
    """

    joined: JoinedRules = field(kw_only=True)
    is_national: bool = field(kw_only=True, default=False)

    @property
    def past(self) -> frozenset[str]:
        """The old states."""
        return frozenset({*self.joined.becomes, BEFORE})

    @cached_property
    def _view(self) -> AbstractionMap:
        return AbstractionMap(self.joined.move.new, self.refined)

    def states(self, where: StateSet) -> frozenset[str]:
        """Return the new states that `where` speaks of, and the old ones that become those."""
        states = self._view.states(where)
        return states.union(n for n, then in self.joined.becomes.items() if then in states)

    def triggers(self, transition: Transition) -> frozenset[str]:
        """Return what the guarantees call a transition; a move has no name."""
        if not isinstance(transition, PastTransition):
            return self._view.triggers(transition)
        return transition.nationally if self.is_national else transition.called

    def meant(self, requirement: Requirement) -> Requirement | None:
        """Return a guarantee's requirement in the new file's names, None where it has none."""
        return self._view.meant(requirement)


LEVEL_CLOSED_BY_SYSTEM = 1
ALONE = Moves()


def check_migration(
    plan: MigrationPlan,
    old: Lifecycle,
    new: Lifecycle,
    vocabulary: Vocabulary,
    *,
    moves: Moves = ALONE,
    budget: Budget | None = None,
) -> tuple[Diagnostic, ...]:
    """Return everything that a plan between settled lifecycles would do and must not, sorted.

    Args:
        plan: The plan.
        old: The rules that records leave.
        new: The rules that they come to.
        vocabulary: The words of the rulebook: who moves records may act in neither lifecycle.
        moves: All moves of the rulebook: records may have come to the old rules by some of them.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    budget = budget or Budget()
    budget.at((plan.span, FEWER_MOVES))
    budget.spend(PASSES * (len(plan.states) + _size(old) + _size(new)))
    scope = _scope_faults(plan, old, new, vocabulary.roles)
    faults = budget.gather(chain(scope, _name_faults(plan, old, new)))
    if not faults:
        move, kinds = _move(plan, old, new, moves), record_kinds(old, vocabulary)
        found = (
            _state_faults(move, kinds, budget),
            _national_faults(move, moves, budget),
            trigger_faults(move),
            _guarantee_faults(move, moves, kinds, budget),
        )
        faults = budget.gather(chain.from_iterable(found), STEPS_A_FAULT)
    return tuple(sorted(faults))


PASSES, STEPS_A_FAULT = 5, 200
"""How often what a plan names is looked at, and what saying a fault costs."""


def _size(lifecycle: Lifecycle) -> int:
    return sum(1 + len(state.transitions) for state in lifecycle.states.values())


def _move(plan: MigrationPlan, old: Lifecycle, new: Lifecycle, moves: Moves) -> Move:
    known = moves.lifecycles.get(plan.old), moves.lifecycles.get(plan.new)
    return moves.move(plan) if known == (old, new) else Move(plan, old, new)


def check_relevelling(
    move: Move, moves: Moves, vocabulary: Vocabulary, *, budget: Budget | None = None
) -> tuple[Diagnostic, ...]:
    """Return why records of a refining file could not move by a national plan, sorted.

    Args:
        move: The national plan as records of that file move by it.
        moves: All moves of the rulebook.
        vocabulary: The words of the rulebook.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    kinds, budget = record_kinds(move.old, vocabulary), budget or Budget()
    plan, old, new = move.plan, move.old, move.new
    budget.at((old.span, FEWER_MOVES))
    budget.spend(PASSES * (_size(old) + _size(new)))
    ledgers = {ledger for state in new.states.values() for ledger in state.counts_as}
    found = (
        _unmapped_state_faults(plan, old),
        _state_faults(move, kinds, budget, ledgers),
        _guarantee_faults(move, moves, kinds, budget),
    )
    faults = (_relevelling_fault(move, fault) for fault in chain.from_iterable(found))
    return tuple(sorted(budget.gather(faults, STEPS_A_FAULT)))


def _relevelling_fault(move: Move, fault: Diagnostic) -> Diagnostic:
    sentence = f"`{move.plan.name}` could not move records of `{move.old}`: {fault.sentence}"
    instead = "let the file say what the national one says, so that HMICFRS can move its records"
    span, related = move.old.span, fault.related or move.plan.span
    return Diagnostic(
        span, "relevelling-refused", sentence, instead, related=related, steps=fault.steps
    )


def _scope_faults(
    plan: MigrationPlan, old: Lifecycle, new: Lifecycle, known: Mapping[str, Role]
) -> Iterator[Diagnostic]:
    if (plan.old, plan.new) != (str(old), str(new)):
        moved = f"from `{plan.old}` to `{plan.new}`, not `{old}` to `{new}`"
        sentence, instead = (
            f"the plan moves records {moved}",
            "prove it with the lifecycles that it names",
        )
        yield Diagnostic(plan.span, "migrates-another", sentence, instead)
    missing = [c for c in old.applies_to.category if c not in new.applies_to.category]
    if missing:
        sentence = f"`{new}` does not run {listed(missing)}, and `{old}` does"
        instead, related = "move records to a lifecycle that runs all of them", new.applies_to.span
        yield Diagnostic(plan.span, "applies-elsewhere", sentence, instead, related=related)
    if moves_level(old, new):
        roles = {**known, **old.roles, **new.roles}
        others = [r for r in plan.by if r not in roles or roles[r].side != "inspectorate"]
        if others or not plan.by:
            who = listed(others) if others else "nobody named"
            sentence = f"records would change level, moved by {who}"
            instead = "name in `by` only roles of the inspectorate"
            yield Diagnostic(plan.span, "relevelled-by-others", sentence, instead)


def _name_faults(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[Diagnostic]:
    for state, then in plan.states.items():
        if state not in old.states:
            yield unknown_name("state", state, old.states, plan.place_of(state))
        if then not in new.states:
            yield unknown_name("state", then, new.states, plan.place_of(state))
    here, there = triggers_of(old), triggers_of(new)
    for trigger, then in plan.triggers.items():
        if trigger not in here:
            yield unknown_name("trigger", trigger, here, plan.span)
        if then not in there:
            yield unknown_name("trigger", then, there, plan.span)
    yield from _unmapped_state_faults(plan, old)
    spoken = {name for g in (*old.guarantees, *new.guarantees) for name in triggers_in(g.promise)}
    unsaid = sorted(name for name in spoken & here if name not in plan.triggers)
    if unsaid:
        spoken_of = f"guarantees speak of {listed(unsaid)}"
        sentence = f"{spoken_of}, and the plan does not say what becomes of it"
        instead = "map every trigger that a guarantee names"
        yield Diagnostic(plan.span, "trigger-unmapped", sentence, instead, related=old.span)


def _unmapped_state_faults(plan: MigrationPlan, old: Lifecycle) -> Iterator[Diagnostic]:
    left = sorted(states_reachable(old) - plan.states.keys())
    if left:
        sentence = f"records can stand in {listed(left)}, and the plan does not say where they go"
        instead, related = "map every state that records can stand in", old.states[left[0]].span
        yield Diagnostic(plan.span, "state-unmapped", sentence, instead, related=related)


def _state_faults(
    move: Move,
    kinds: tuple[RecordKind, ...],
    budget: Budget,
    ledgers: Collection[str] | None = None,
) -> Iterator[Diagnostic]:
    """Yield what moving does to counts and ends; on these ledgers alone, if any are given."""
    plan, old, new = move.plan, move.old, move.new
    budget.spend(len(kinds) * (_size(old) + _size(new)))
    done = triggers_of(old)
    called = {plan.triggers.get(name, name) for name in done}
    rules_after = (old, done), (new, called)
    closable = [
        [_closable_states(rules, kind, budget, names) for rules, names in rules_after]
        for kind in kinds
    ]
    for name, then in _landings(plan, old, new):
        budget.spend(LANDING_STEPS + len(kinds))
        before, after, place = old.states[name], new.states[then], plan.place_of(name)
        same = _counts(before, ledgers) == _counts(after, ledgers)
        if not (_is_archived(old, new, after) or same):
            sentence = f"`{name}` counts {_count_words(before)}, and `{then}` {_count_words(after)}"
            instead = "map it to a state that counts the same on every ledger"
            yield Diagnostic(place, "count-changes", sentence, instead, related=after.span)
        if after.final and not before.final:
            sentence = f"`{then}` is an end, and `{name}` is none"
            instead = "map it to a state from which the record goes on"
            yield Diagnostic(place, "ends-records", sentence, instead, related=after.span)
        if any(name in ends and then not in ends_after for ends, ends_after in closable):
            sentence = f"from `{then}` no end can be reached, and from `{name}` one could"
            instead = "map it to a state that leads to an end"
            yield Diagnostic(place, "unclosable", sentence, instead, related=after.span)


LANDING_STEPS = 8
"""What comparing two states costs."""


def _closable_states(
    rules: Lifecycle, kind: RecordKind, budget: Budget, done: Collection[str]
) -> frozenset[str]:
    """Return the states from which somebody can bring a record of one kind to an end."""
    final = [name for name, state in rules.states.items() if state.final]
    possible = possible_steps(rules, kind, budget, done_before=done)
    return states_reaching(possible.lifecycle, final)


def _landings(plan: MigrationPlan, old: Lifecycle, new: Lifecycle) -> Iterator[tuple[str, str]]:
    """Yield where the records of each old state come to stand.

    That is where the plan puts them, and wherever the system newly goes on to at once: what it
    could do before, in the words of the plan, it does of the old rules.
    """
    for name, then in plan.states.items():
        before = {
            (plan.triggers.get(step.trigger, step.trigger), plan.states.get(step.to))
            for step in old.states[name].transitions
            if is_automatic(step)
        }
        places, seen = [then], {then}
        for place in places:
            yield name, place
            if not _is_archived(old, new, new.states[place]):
                for step in new.states[place].transitions:
                    known = step.to in seen or (step.trigger, step.to) in before
                    if is_automatic(step) and not known:
                        places.append(step.to)
                        seen.add(step.to)


def _is_archived(old: Lifecycle, new: Lifecycle, state: State) -> bool:
    """Say whether peelflow itself closes what is put there, as at level 1."""
    at_once = any(map(is_automatic, state.transitions))
    into = new.applies_to.level == (LEVEL_CLOSED_BY_SYSTEM,)
    return moves_level(old, new) and into and at_once


def _counts(state: State, ledgers: Collection[str] | None) -> dict[str, str]:
    counted = state.counts_as.items()
    return {ledger: counts for ledger, counts in counted if ledgers is None or ledger in ledgers}


def _count_words(state: State) -> str:
    counts = sorted(state.counts_as.items())
    return " and ".join(f"{count} on `{ledger}`" for ledger, count in counts) or "nowhere"


def _national_faults(move: Move, moves: Moves, budget: Budget) -> Iterator[Diagnostic]:
    """Yield how a plan takes records out of their national lifecycle, or to another state there."""
    plan, old, new = move.plan, move.old, move.new
    names = refined_name(old), refined_name(new)
    both_national = {str(old), str(new)} <= moves.national
    is_known = both_national or names[0] == names[1] or move.version is not None
    if not is_known and not moves.national.isdisjoint(names):
        old_is, new_is = (_national_words(each, moves) for each in (old, new))
        sentence = f"`{old}` {old_is}, and `{new}` {new_is}"
        instead = "move records to a file that refines the same national lifecycle, or to that"
        yield Diagnostic(plan.span, "national-differs", sentence, instead, related=new.span)
    if names[0] == names[1] or move.version is not None:
        for name, then in plan.states.items():
            stood, stands = move.national_state(name), new.stands_for(then)
            if stood != stands:
                budget.spend(_size(old) + len(new.states))
                here = f"`{name}` stands for `{old.stands_for(name)}` of `{names[0]}`"
                sentence = f"{here}, and `{then}` for `{stands}`"
                sentence += f" of `{names[1]}`" if move.version else ""
                near = tuple(other for other in new.states if new.stands_for(other) == stood)
                instead = f"map it to {say_choice(near)}" if near else f"add a state for `{stood}`"
                against, steps = new.states[then].span, _walk_and_move(move, name)
                yield Diagnostic(
                    plan.place_of(name),
                    "national-state-changes",
                    sentence,
                    instead,
                    related=against,
                    steps=steps,
                )


def _national_words(lifecycle: Lifecycle, moves: Moves) -> str:
    if str(lifecycle) in moves.national:
        return "is national"
    return f"refines `{lifecycle.refines}`" if lifecycle.refines else "refines nothing national"


def _walk_and_move(move: Move, name: str) -> tuple[tuple[Span, str], ...]:
    """Return the shortest walk to an old state, and the move from there, as a diagnostic shows."""
    old = move.old
    came: dict[str, tuple[str, Transition] | None] = {old.initial: None}
    for state in (waiting := [old.initial]):
        for step in old.states[state].transitions:
            if step.to not in came:
                came[step.to] = state, step
                waiting.append(step.to)
    steps = [trace_step(name, _moving(move, name), MIGRATING_ROLE)]
    last = came.get(name)
    while last is not None:
        steps.append(trace_step(*last, last[1].by[0]))
        last = came[last[0]]
    return tuple((step.span, step.said) for step in reversed(steps))


def _moving(move: Move, name: str) -> Transition:
    then, span = move.plan.states[name], move.plan.place_of(name)
    return Transition(MIGRATE_TRIGGER, then, (MIGRATING_ROLE,), span=span)


def _watched(move: Move, moves: Moves) -> Lifecycle | None:
    """Return the national lifecycle whose guarantees hold on both sides of a move, if one does."""
    if move.source is not None:
        return move.new
    name = refined_name(move.new)
    if name != refined_name(move.old) and move.version is None:
        return None
    known = {str(each): each for each in (move.old, move.new)}
    return known.get(name) or moves.lifecycles.get(name)


def _guarantee_faults(
    move: Move, moves: Moves, kinds: tuple[RecordKind, ...], budget: Budget
) -> Iterator[Diagnostic]:
    new, national = move.new, _watched(move, moves)
    try:
        views = past_views(move, moves, national, budget)
    except TooManyViewsError:
        sentence = f"records come to `{move.old}` in more ways than a proof looks at"
        instead = "leave out plans that nobody uses any more"
        yield Diagnostic(move.plan.span, "migration-undetermined", sentence, instead)
        return
    joined = JoinedRules(move, views, national, budget)
    whole = joined.lifecycle
    if move.source is None:
        prover = Prover(MigrationProduct(whole, joined=joined), kinds, budget=budget)
        yield from _broken(move, prover, new.guarantees, f"`{new}`")
    if national is not None:
        refined = None if national is new else national
        product = MigrationProduct(whole, refined, joined=joined, is_national=True)
        prover = Prover(product, kinds, budget=budget)
        yield from _broken(move, prover, national.guarantees, f"`{national}`")


def _broken(
    move: Move, prover: Prover, guarantees: Iterable[Guarantee], whose: str
) -> Iterator[Diagnostic]:
    for guarantee in guarantees:
        proof, related = prover.prove(guarantee), guarantee.span
        walk = [step for step in proof.steps if step.trigger != ADD_TRIGGER or step.old != BEFORE]
        moved = [step.span for step in walk if step.role == MIGRATING_ROLE]
        span = moved[-1] if moved else move.plan.span
        steps = tuple((step.span, step.said) for step in walk)
        if proof.verdict == "refuted":
            sentence = f"moved records would break `{guarantee.that}` of {whose}: {proof.why}"
            instead = "map the state where they stood to one that has less behind it"
            yield Diagnostic(
                span, "migration-breaks", sentence, instead, related=related, steps=steps
            )
        elif proof.verdict == "undetermined":
            keep = f"whether moved records keep `{guarantee.that}` of {whose} is not proved"
            instead = "do without the predicate, or map the state to one that has less behind it"
            yield Diagnostic(
                span,
                "migration-undetermined",
                f"{keep}: {proof.why}",
                instead,
                related=related,
                steps=steps,
            )
