"""A proof of refinement shows that a force's lifecycle only tightens the national one.

It also shows that the force obstructs nobody. Each of the force's states stands for a national
one. What a record can do under the force's file, it can do under the national file; what others
than the force can do there, they can do here. The national guarantees are then proved on the
force's file too, as a second and independent check.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from attrs import define, evolve, field

from peelflow.errors import Diagnostic, Severity, Span
from peelflow.model.requirements import Requirement, renamed
from peelflow.model.rules import (
    SYSTEM,
    AlwaysReachable,
    Lifecycle,
    State,
    Transition,
    Vocabulary,
    each_transition,
)
from peelflow.proof.budget import FEWER_ALTERNATIVES, Budget
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.lint import may_stand_for, triggers_of
from peelflow.proof.normal_form import closed_ledgers, requirements_of
from peelflow.proof.reachability import states_reachable
from peelflow.proof.satisfiability import Verdict, can_be_met, implies_one
from peelflow.wording import listed, say_period, say_requirement, suggestion


@define(eq=False, slots=False)
class Refinement:
    """A force's lifecycle, `own`, beside the national one."""

    own: Lifecycle
    national: Lifecycle
    budget: Budget = field(factory=Budget)

    @cached_property
    def abstraction(self) -> AbstractionMap:
        """The force's file as the national one sees it."""
        return AbstractionMap(self.own, self.national)

    @cached_property
    def own_step_into(self) -> dict[str, Transition]:
        """For each state that a step of the force's own enters, one such step."""
        return {step.to: step for step in each_transition(self.own) if step.implements is None}

    @cached_property
    def national_triggers(self) -> frozenset[str]:
        """The names of the national triggers."""
        return triggers_of(self.national)

    def national_state(self, name: str) -> State:
        """Return the national state that a state of the force's stands for."""
        return self.national.states[self.own.stands_for(name)]

    def is_external(self, role: str) -> bool:
        """Return whether a role is none of the force's."""
        held = self.national.roles.get(role) or self.own.roles.get(role)
        return role == SYSTEM or held is None or held.side != "force"

    def closed_by(
        self, name: str, step: Transition, rule: Transition
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the ledgers that a step out of `name` closes, and those that the rule closes."""
        own = closed_ledgers(self.own, name, step)
        return own, closed_ledgers(self.national, self.own.stands_for(name), rule)

    def as_counted_from_window(
        self, name: str, asked: tuple[Requirement, ...]
    ) -> tuple[Requirement, ...]:
        """Return what is asked in state `name`, where the window began when it was entered.

        It did unless a step of the force's own enters the state, for such a step begins no window.
        """
        if name in self.own_step_into:
            return asked

        def since_of(since: str | None) -> str | None:
            return None if since == name else since

        return tuple(renamed(requirement, since_of) for requirement in asked)


def undetermined_note(step: Transition, rule: Transition, sentence: str) -> Diagnostic:
    """Return a note that only the application can say, because a predicate decides."""
    why = "a predicate decides it, or a name that means two things here"
    instead = f"{why}; write it as the national file does"
    return Diagnostic(step.span, "refinement-undetermined", sentence, instead, "note", rule.span)


def check_refinement(
    own: Lifecycle,
    national: Lifecycle,
    vocabulary: Vocabulary,
    *,
    budget: Budget | None = None,
) -> tuple[Diagnostic, ...]:
    """Return everything in which a settled lifecycle does not refine the national one, sorted.

    Where only the application can say, because a predicate decides, a note says so.

    Args:
        own: The force's file.
        national: The file that it says it refines.
        vocabulary: The words of the whole rulebook.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    faults = {*_scope_faults(own, national), *_role_faults(own, national, vocabulary)}
    refinement, entered = Refinement(own, national, budget or Budget()), states_reachable(own)
    for name in own.states:
        if name in entered:
            faults.update(_state_faults(own, national, name))
            if own.stands_for(name) in national.states:
                faults.update(_transition_faults(refinement, name))
    if all(own.stands_for(name) in national.states for name in own.states):
        faults.update(_guarantee_faults(refinement))
    return tuple(sorted(faults))


def _scope_faults(own: Lifecycle, national: Lifecycle) -> Iterator[Diagnostic]:
    if own.refines != str(national):
        sentence = f"`{own}` says it refines `{own.refines}`, not `{national}`"
        instead = f"write `refines: {national}`"
        yield Diagnostic(own.span, "refines-another", sentence, instead, related=national.span)
    scope, own_scope = national.applies_to, own.applies_to
    wider = [f"`{name}`" for name in own_scope.category if name not in scope.category]
    wider += [f"level {level or 'none'}" for level in own_scope.level if level not in scope.level]
    if wider:
        span, sentence = own_scope.span, f"`{own}` applies to {', '.join(wider)}"
        sentence = f"{sentence}, and `{national}` does not"
        instead = "apply it to no more records than the lifecycle it refines"
        yield Diagnostic(span, "wider-than-national", sentence, instead, related=scope.span)
    if own.in_force_from < national.in_force_from:
        span, sentence = (
            own.span,
            f"`{own}` is in force from {own.in_force_from}, before `{national}`",
        )
        instead = f"write `in_force_from: {national.in_force_from}`, or a later date"
        yield Diagnostic(span, "earlier-than-national", sentence, instead, related=national.span)


def _role_faults(
    own: Lifecycle, national: Lifecycle, vocabulary: Vocabulary
) -> Iterator[Diagnostic]:
    for name, role in own.roles.items():
        known = national.roles.get(name)
        if known is not None and known != role:
            sentence = f"the role `{name}` has its meaning already"
            instead = "use it as it is, or choose another name"
            yield Diagnostic(role.span, "role-redefined", sentence, instead, related=known.span)
        if role.stands_for is not None:
            other = vocabulary.roles.get(role.stands_for)
            if other is None or not may_stand_for(role, other):
                stood = f"`{role.stands_for}`, whose acts are not delegated"
                sentence, related = (
                    f"`{name}` cannot stand for {stood}",
                    other.span if other else None,
                )
                instead = "let it stand for a force role that is marked `may_be_delegated: true`"
                yield Diagnostic(role.span, "not-delegable", sentence, instead, related=related)


def _state_faults(own: Lifecycle, national: Lifecycle, name: str) -> Iterator[Diagnostic]:
    state, stood = own.states[name], own.stands_for(name)
    meant = national.states.get(stood)
    if meant is None:
        sentence = f"`{name}` stands for `{stood}`, which is no state of `{national}`"
        instead = f"write `stands_for:` with one of {listed(national.states)}"
        yield Diagnostic(state.span, "stands-for-nothing", sentence, instead, related=national.span)
        return
    if name == own.initial and stood != national.initial:
        start = f"`{national.initial}`"
        sentence = f"records start in `{name}`, which stands for `{stood}`; they start in {start}"
        instead = f"start in a state that stands for {start}"
        related = national.states[national.initial].span
        yield Diagnostic(state.span, "initial-differs", sentence, instead, related=related)
    if state.final != meant.final:
        is_, other = ("an end", "is none") if state.final else ("no end", "is one")
        sentence = f"`{name}` is {is_}, and `{stood}` {other}"
        instead = "let both be final, or neither"
        yield Diagnostic(state.span, "final-differs", sentence, instead, related=meant.span)
    for ledger in sorted({k for known in national.states.values() for k in known.counts_as}):
        counts, expected = state.counts_as.get(ledger), meant.counts_as.get(ledger)
        if counts != expected:
            here = f"`{name}` counts {counts or 'nowhere'} on `{ledger}`"
            sentence = f"{here}, and `{stood}` {expected or 'nowhere'}"
            instead = f"write `{ledger}: {expected}`" if expected else f"remove `{ledger}` here"
            yield Diagnostic(state.span, "count-differs", sentence, instead, related=meant.span)


def _guarantee_faults(refinement: Refinement) -> Iterator[Diagnostic]:
    own, national = refinement.own, refinement.national
    prover = Prover(refinement.abstraction, refinement.budget)
    for guarantee in national.guarantees:
        proof = prover.prove(guarantee)
        if proof.verdict == "proved":
            continue
        span = proof.steps[-1].span if proof.steps else own.span
        against: tuple[Span, tuple[tuple[Span, str], ...]] = guarantee.span, proof.trail
        broken = f"`{own}` breaks `{guarantee.that}`: {proof.why}"
        if proof.verdict == "undetermined":
            broken = f"whether `{own}` keeps `{guarantee.that}` is not proved: {proof.why}"
            instead = "have somebody say what the predicate may do, or do without it"
            yield Diagnostic(span, "refinement-undetermined", broken, instead, "note", *against)
        elif isinstance(guarantee.promise, AlwaysReachable):
            instead = "add a way there from where the last of these steps leads"
            yield Diagnostic(span, "end-unreachable", broken, instead, "error", *against)
        else:
            instead = "take away the last of these steps, or let it need what is missing"
            yield Diagnostic(span, "guarantee-broken", broken, instead, "error", *against)


def _transition_faults(refinement: Refinement, name: str) -> list[Diagnostic]:
    """Return what is wrong with the steps out of one state of the force's file."""
    state, meant = refinement.own.states[name], refinement.national_state(name)
    faults: list[Diagnostic] = []
    for step in state.transitions:
        refinement.budget.at((step.span, FEWER_ALTERNATIVES))
        if refinement.own.stands_for(step.to) in refinement.national.states:
            faults += (
                _own_step_faults(refinement, name, step)
                if step.implements is None
                else _implementation_faults(refinement, name, step)
            )
    refinement.budget.at((state.span, FEWER_ALTERNATIVES))
    for rule in meant.transitions:
        if any(refinement.is_external(role) for role in rule.by):
            faults += _others_step_faults(refinement, name, rule)
    return faults


def _own_step_faults(refinement: Refinement, name: str, step: Transition) -> Iterator[Diagnostic]:
    span, stood = step.span, refinement.own.stands_for(name)
    target = refinement.own.stands_for(step.to)
    sentence = f"`{step.trigger}` answers no step of `{refinement.national}` from `{stood}`"
    against: tuple[Severity, Span] = "error", refinement.national_state(name).span
    if stood != target:
        why = f"{sentence}, and leads from `{stood}` to `{target}`"
        instead = f"lead to a state that stands for `{stood}`, or name with `as:` what it answers"
        yield Diagnostic(span, "own-step-leaves", why, instead, *against)
    if refinement.own.states[name].final:
        why = f"{sentence}, and `{name}` is an end"
        instead = "leave an end only by a step that the national file has"
        yield Diagnostic(span, "own-step-from-end", why, instead, *against)
    others = [role for role in step.by if refinement.is_external(role)]
    if others:
        why = f"{sentence}, and {listed(others)} would do it"
        instead = "let only roles of the force do a step of the force's own"
        yield Diagnostic(span, "own-step-by-others", why, instead, *against)
    if step.trigger in refinement.national_triggers:
        why = f"{sentence}, but has the name of a national trigger"
        instead = "give the force's own step a name of its own"
        yield Diagnostic(span, "own-step-misnamed", why, instead, *against)


def _implementation_faults(
    refinement: Refinement, name: str, step: Transition
) -> Iterator[Diagnostic]:
    stood, meant = refinement.own.stands_for(name), refinement.national_state(name)
    rules = [rule for rule in meant.transitions if rule.trigger == step.implements]
    if not rules:
        sentence = f"`{step.trigger}` answers `{step.implements}`, and `{stood}` has no such step"
        instead = suggestion(str(step.implements), {rule.trigger for rule in meant.transitions})
        yield Diagnostic(step.span, "answers-nothing", sentence, instead, related=meant.span)
        return
    if step.trigger != step.implements and any(map(refinement.is_external, step.by)):
        named = f"`{step.implements}` is called `{step.trigger}` here"
        sentence = f"{named}, and is not the force's to name"
        instead, related = f"call it `{step.implements}`", rules[0].span
        yield Diagnostic(step.span, "theirs-renamed", sentence, instead, related=related)
    for role in step.by:
        rule = next((r for r in rules if refinement.abstraction.is_one_of(role, r.by)), None)
        if rule is None:
            if role != SYSTEM or can_be_met(
                requirements_of(name, step), by_system=True, budget=refinement.budget
            ):
                may = listed(role for rule in rules for role in rule.by)
                sentence = (
                    f"`{role}` may `{step.trigger}` here, and only {may} may `{step.implements}`"
                )
                instead, related = f"write `by:` with some of {may}", rules[0].span
                yield Diagnostic(step.span, "role-added", sentence, instead, related=related)
        else:
            yield from _tightening_faults(refinement, name, step, rule)


def _tightening_faults(
    refinement: Refinement, name: str, step: Transition, rule: Transition
) -> Iterator[Diagnostic]:
    target = refinement.own.stands_for(step.to)
    if target != rule.to:
        here = f"`{step.trigger}` leads to `{step.to}`, which stands for `{target}`"
        sentence = f"{here}; `{rule.trigger}` leads to `{rule.to}`"
        instead = f"lead to a state that stands for `{rule.to}`"
        yield Diagnostic(step.span, "target-differs", sentence, instead, related=rule.span)
    for wanted in rule.requires:
        yield from _requirement_faults(refinement, name, step, rule, wanted)
    yield from _timing_faults(refinement, name, step, rule)


def _requirement_faults(
    refinement: Refinement, name: str, step: Transition, rule: Transition, wanted: Requirement
) -> Iterator[Diagnostic]:
    own_closes, national_closes = refinement.closed_by(name, step, rule)
    meant = refinement.abstraction.meant(wanted)
    verdict: Verdict = "undetermined"
    if meant is not None:
        verdict = implies_one(
            refinement.as_counted_from_window(name, requirements_of(name, step)),
            *refinement.as_counted_from_window(name, (meant,)),
            given_closes=own_closes,
            wanted_closes=national_closes,
            budget=refinement.budget,
        )
    needed = say_requirement(wanted)
    if verdict == "refuted":
        sentence = f"`{step.trigger}` can be done without {needed}, and `{rule.trigger}` cannot"
        instead = f"require {needed}"
        yield Diagnostic(step.span, "requirement-weakened", sentence, instead, related=rule.span)
    elif verdict == "undetermined":
        yield undetermined_note(
            step, rule, f"whether `{step.trigger}` needs {needed} is not proved"
        )


def _timing_faults(
    refinement: Refinement, name: str, step: Transition, rule: Transition
) -> Iterator[Diagnostic]:
    if step.after != rule.after:
        due, due_there = _due_words(step), _due_words(rule)
        sentence = f"`{step.trigger}` falls due {due}, and `{rule.trigger}` {due_there}"
        instead = "keep the time that the national file gives"
        yield Diagnostic(step.span, "theirs-retimed", sentence, instead, related=rule.span)
    elif rule.after is not None and rule.after.since == "entered":
        anew = refinement.own_step_into.get(name)
        if anew is not None:
            sentence = f"`{anew.trigger}` enters `{name}` anew, so `{step.trigger}` falls due later"
            instead = f"let no step of the force's own enter `{name}`"
            yield Diagnostic(anew.span, "theirs-retimed", sentence, instead, related=rule.span)


def _due_words(step: Transition) -> str:
    if step.after is None:
        return "at no set time"
    since = "beginning with" if step.after.beginning else "after"
    return f"{say_period(step.after)} {since} {step.after.since}"


def _others_step_faults(
    refinement: Refinement, name: str, rule: Transition
) -> Iterator[Diagnostic]:
    """Yield in which a step of others than the force is missing from a state, or asks more."""
    state = refinement.own.states[name]
    answers = [step for step in state.transitions if step.implements == rule.trigger]
    for role in rule.by:
        step = next((w for w in answers if role in w.by), None)
        if step is None:
            missing = f"from `{name}` `{role}` cannot `{rule.trigger}`"
            sentence = f"{missing}, which the force may not stop"
            instead = f"add `{rule.trigger}` to `{name}` as the national file has it"
            yield Diagnostic(state.span, "theirs-missing", sentence, instead, related=rule.span)
        else:
            yield from _burden_faults(refinement, name, step, rule)


def _burden_faults(
    refinement: Refinement, name: str, step: Transition, rule: Transition
) -> Iterator[Diagnostic]:
    meant = [refinement.abstraction.meant(requirement) for requirement in rule.requires]
    given = tuple(requirement for requirement in meant if requirement is not None)
    given += requirements_of(name, evolve(step, requires=()))
    own_closes, national_closes = refinement.closed_by(name, step, rule)
    for asked in step.requires:
        verdict: Verdict = "undetermined"
        if None not in meant:
            verdict = implies_one(
                refinement.as_counted_from_window(name, given),
                *refinement.as_counted_from_window(name, (asked,)),
                given_closes=national_closes,
                wanted_closes=own_closes,
                budget=refinement.budget,
            )
        if verdict == "refuted":
            needed = say_requirement(asked)
            sentence = f"`{step.trigger}` needs {needed} here, which the force may not ask"
            instead = "require what the national file requires, no more"
            yield Diagnostic(step.span, "theirs-burdened", sentence, instead, related=rule.span)
        elif verdict == "undetermined":
            sentence = f"whether `{step.trigger}` needs more here is not proved"
            yield undetermined_note(step, rule, sentence)
