"""A proof of refinement shows that a force's lifecycle only tightens the national one.

It also shows that the force obstructs nobody. Each of the force's states stands for a national
one. What a record can do under the force's file, it can do under the national file; what others
than the force can do there, they can do here. The national guarantees are then proved on the
force's file too, as a second and independent check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property, partial
from itertools import chain

from attrs import evolve, field

from peelflow.errors import Diagnostic, Span
from peelflow.model.requirements import Evidence, Requirement, SuccessorNamed, atoms_of, renamed
from peelflow.model.rules import (
    SYSTEM,
    AlwaysReachable,
    Lifecycle,
    State,
    Transition,
    Vocabulary,
    each_transition,
)
from peelflow.phrases import listed, say_in_force, suggestion
from peelflow.proof.budget import FEWER_ALTERNATIVES, Budget
from peelflow.proof.counterexample import trace_step
from peelflow.proof.guarantees import AbstractionMap, Prover
from peelflow.proof.lint import may_stand_for, triggers_of
from peelflow.proof.normal_form import closed_ledgers, requirements_of
from peelflow.proof.possible import NeverTaken
from peelflow.proof.reachability import states_reachable
from peelflow.proof.record_kinds import RecordKind, record_kinds
from peelflow.proof.refinement_walks import (
    RefinementWalks,
    Trail,
    breaking_choice,
    say_alone,
    step_said,
)
from peelflow.proof.reliance import Reliance, first_reliance
from peelflow.proof.satisfiability import Verdict, can_be_met, implies_one
from peelflow.results import define, frozen
from peelflow.wording import say_period, say_requirement


@frozen(eq=False)
class AnsweredStep:
    """A step out of a state of the force's, beside the national rule that it answers for a role."""

    state: str
    step: Transition
    rule: Transition
    role: str


@define(eq=False, slots=False)
class Refinement:
    """A force's lifecycle, `own`, beside the national one."""

    own: Lifecycle
    national: Lifecycle
    kinds: tuple[RecordKind, ...]
    budget: Budget = field(factory=Budget, kw_only=True)

    @cached_property
    def abstraction(self) -> AbstractionMap:
        """The force's file as the national one sees it."""
        return AbstractionMap(self.own, self.national)

    @cached_property
    def prover(self) -> Prover:
        """Proves of the force's file what the national one guarantees."""
        return Prover(self.abstraction, self.kinds, budget=self.budget)

    @cached_property
    def walks(self) -> RefinementWalks:
        """The shortest walks of the force's file."""
        return RefinementWalks(self.own, self.prover.space)

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

    def is_barred(self, role: str, step: Transition) -> bool:
        """Return whether a role has no part in a step of the force's own."""
        if role == SYSTEM:
            return step.after is None
        held = self.own.roles.get(role) or self.national.roles.get(role)
        return held is None or held.side not in ("force", "oversight")

    def national_step(
        self, name: str, rule: Transition, role: str, how: str | None = None
    ) -> tuple[Span, str]:
        """Return, as the end of a walk to `name`, what can be done there nationally."""
        said = step_said(trace_step(self.own.stands_for(name), rule, role), how)
        return rule.span, f"nationally {said}"

    def implied(
        self,
        answered: AnsweredStep,
        given: tuple[Requirement, ...],
        wanted: Requirement,
        *,
        by_rule: bool,
    ) -> Verdict:
        """Say whether what is given with a step implies what is wanted, in the force's names.

        Args:
            answered: The step and the rule that it answers.
            given: What is given, but for the step's time.
            wanted: What is wanted.
            by_rule: Whether the rule wants it of the step; else the step does, of the rule.
        """
        own, national = self.closed_by(answered.state, answered.step, answered.rule)
        given_closes, wanted_closes = (own, national) if by_rule else (national, own)
        timed = (*given, *requirements_of(answered.state, evolve(answered.step, requires=())))
        return implies_one(
            self.as_counted_from_window(answered.state, timed),
            *self.as_counted_from_window(answered.state, (wanted,)),
            given_closes=given_closes,
            wanted_closes=wanted_closes,
            budget=self.budget,
        )

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


def diagnostic(
    lines: tuple[Span, Span], code: str, sentence: str, instead: str, steps: Trail
) -> Diagnostic:
    """Return an error at the first of two lines, the force's and the national, and the walk."""
    return Diagnostic(lines[0], code, sentence, instead, "error", lines[1], steps)


def undetermined_fault(refinement: Refinement, answered: AnsweredStep, sentence: str) -> Diagnostic:
    """Return the fault that only the application can say, because a predicate decides."""
    why = "a predicate decides it, or a name that means two things here"
    instead = f"{why}; write it as the national file does"
    steps = refinement.walks.through(answered.state, answered.step, answered.role)
    span, against = answered.step.span, answered.rule.span
    return diagnostic((span, against), "refinement-undetermined", sentence, instead, steps)


STEPS_A_FAULT = 200
"""What saying a fault costs, besides the walk to it."""


def check_refinement(
    own: Lifecycle,
    national: Lifecycle,
    vocabulary: Vocabulary,
    *,
    ledgers: Collection[str] = (),
    budget: Budget | None = None,
) -> tuple[Diagnostic, ...]:
    """Return everything in which a settled lifecycle does not refine the national one, sorted.

    Each fault names the force's line and the national one, and shows the shortest walk to it. Where
    only the application can say, because a predicate decides, it is undetermined: refused.

    Args:
        own: The force's file.
        national: The file that it says it refines.
        vocabulary: The words of the whole rulebook.
        ledgers: On these, and on those that the national file names, it counts as that does.
        budget: What the whole check that this is a part of may spend.

    Raises:
        InvalidRules: That takes more steps than the budget has: `too-complex`.
    """
    kinds = record_kinds(own, vocabulary)
    refinement = Refinement(own, national, kinds, budget=budget or Budget())
    entered = states_reachable(own)
    found: list[Iterable[Diagnostic]] = [
        _scope_faults(refinement),
        _role_faults(refinement, vocabulary),
        _entry_faults(refinement),
    ]
    for name in own.states:
        if name in entered:
            found.append(_state_faults(refinement, name, ledgers))
            if own.stands_for(name) in national.states:
                found.append(_transition_faults(refinement, name))
    if all(own.stands_for(name) in national.states for name in own.states):
        found += [_guarantee_faults(refinement), _reliance_faults(refinement)]
    faults = refinement.budget.gather(chain.from_iterable(found), STEPS_A_FAULT)
    return tuple(sorted(faults))


def _scope_faults(refinement: Refinement) -> Iterator[Diagnostic]:
    own, national, added = refinement.own, refinement.national, refinement.walks.added
    if own.refines != str(national):
        sentence = f"`{own}` refines `{own.refines}` here; nationally it is held against"
        sentence, instead = f"{sentence} `{national}`", f"write `refines: {national}`"
        yield diagnostic((own.span, national.span), "refines-another", sentence, instead, added())
    scope, own_scope = national.applies_to, own.applies_to
    wider = [f"`{name}`" for name in own_scope.category if name not in scope.category]
    wider += [f"level {level or 'none'}" for level in own_scope.level if level not in scope.level]
    if wider:
        span, sentence = own_scope.span, f"`{own}` applies to {', '.join(wider)} here"
        sentence = f"{sentence}; nationally `{national}` does not"
        instead = "apply it to no more records than the lifecycle it refines"
        steps = added(f"a record of {wider[0]}")
        yield diagnostic((span, scope.span), "wider-than-national", sentence, instead, steps)
    if own.first_day < national.first_day:
        since, instead = national.in_force_from, "or a later date"
        sentence = f"`{own}` is in force {say_in_force(own.in_force_from)} here"
        sentence = f"{sentence}; nationally `{national}` is from {since}"
        instead, span = f"write `in_force_from: {since}`, {instead}", national.span
        steps = added(f"a record whose level was given on {own.first_day}")
        yield diagnostic((own.span, span), "earlier-than-national", sentence, instead, steps)


def _entry_faults(refinement: Refinement) -> Iterator[Diagnostic]:
    own, national = refinement.own, refinement.national
    if own.begun_by != national.begun_by:
        how = "can only be taken over" if own.begun_by else "can be added"
        how_there = "can only be taken over" if national.begun_by else "can be added"
        sentence = f"records of `{own}` {how} here; nationally those of `{national}` {how_there}"
        instead = "write `begun_by: take_over`" if national.begun_by else "remove `begun_by`"
        steps = refinement.walks.added()
        yield diagnostic((own.span, national.span), "begun-otherwise", sentence, instead, steps)


def _role_faults(refinement: Refinement, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for name, role in refinement.own.roles.items():
        known = refinement.national.roles.get(name)
        if known is not None and known != role:
            sentence = f"the role `{name}` means something else here than nationally"
            instead, steps = "use it as it is, or choose another name", refinement.walks.by(name)
            yield diagnostic((role.span, known.span), "role-redefined", sentence, instead, steps)
        if role.stands_for is not None:
            other = vocabulary.roles.get(role.stands_for)
            if other is None or not may_stand_for(role, other):
                stood = f"`{role.stands_for}` here, whose acts nationally are not delegated"
                sentence = f"`{name}` cannot stand for {stood}"
                against = other.span if other else refinement.national.span
                instead = "let it stand for a force role that is marked `may_be_delegated: true`"
                steps = refinement.walks.by(name)
                yield diagnostic((role.span, against), "not-delegable", sentence, instead, steps)


def _state_faults(
    refinement: Refinement, name: str, ledgers: Collection[str]
) -> Iterator[Diagnostic]:
    own, national = refinement.own, refinement.national
    state, stood = own.states[name], own.stands_for(name)
    meant = national.states.get(stood)
    if meant is None:
        sentence = f"`{name}` stands for `{stood}` here, which nationally is no state of"
        sentence, span = f"{sentence} `{national}`", national.span
        instead = f"write `stands_for:` with one of {listed(national.states)}"
        steps = refinement.walks.to(name)
        yield diagnostic((state.span, span), "stands-for-nothing", sentence, instead, steps)
        return
    if name == own.initial and stood != national.initial:
        start = f"`{national.initial}`"
        sentence = f"records start here in `{name}`, which stands for `{stood}`"
        sentence, instead = f"{sentence}; nationally in {start}", f"start in one for {start}"
        span, steps = national.states[national.initial].span, refinement.walks.added()
        yield diagnostic((state.span, span), "initial-differs", sentence, instead, steps)
    if state.final != meant.final:
        is_, other = ("an end", "none") if state.final else ("no end", "one")
        sentence = f"`{name}` is {is_} here; nationally `{stood}` is {other}"
        instead, steps = "let both be final, or neither", refinement.walks.to(name)
        yield diagnostic((state.span, meant.span), "final-differs", sentence, instead, steps)
    yield from _count_faults(refinement, name, meant, ledgers)


def _count_faults(
    refinement: Refinement, name: str, meant: State, ledgers: Collection[str]
) -> Iterator[Diagnostic]:
    own, known = refinement.own.states[name], refinement.national.states.values()
    named = {ledger for state in known for ledger in state.counts_as}
    for ledger in sorted(named.union(ledgers)):
        counts, expected = own.counts_as.get(ledger), meant.counts_as.get(ledger)
        if counts != expected:
            stood = refinement.own.stands_for(name)
            sentence = f"`{name}` counts {counts or 'nowhere'} on `{ledger}` here"
            sentence = f"{sentence}; nationally `{stood}` counts {expected or 'nowhere'}"
            instead = f"write `{ledger}: {expected}`" if expected else f"remove `{ledger}` here"
            steps = refinement.walks.to(name)
            yield diagnostic((own.span, meant.span), "count-differs", sentence, instead, steps)


def _guarantee_faults(refinement: Refinement) -> Iterator[Diagnostic]:
    own = refinement.own
    for guarantee in refinement.national.guarantees:
        proof = refinement.prover.prove(guarantee)
        if proof.verdict == "proved":
            continue
        span = proof.steps[-1].span if proof.steps else own.span
        against, steps = guarantee.span, proof.trail or refinement.walks.added()
        broken = f"`{own}` breaks `{guarantee.that}`, which holds nationally: here {proof.why}"
        if proof.verdict == "undetermined":
            broken = f"whether `{own}` keeps `{guarantee.that}` here as nationally is not proved"
            broken = f"{broken}: {proof.why}"
            instead = "have somebody say what the predicate may do, or do without it"
            yield diagnostic((span, against), "refinement-undetermined", broken, instead, steps)
        elif proof.never is not None:
            step, answered = proof.never.transition, _answered_span(refinement, proof.never)
            instead = f"let `{step.trigger}` need only what somebody can meet"
            lines = step.span, answered or against
            yield diagnostic(lines, "end-unreachable", broken, instead, steps)
        elif isinstance(guarantee.promise, AlwaysReachable):
            instead = "add a way there from where the last of these steps leads"
            yield diagnostic((span, against), "end-unreachable", broken, instead, steps)
        else:
            instead = "take away the last of these steps, or let it need what is missing"
            yield diagnostic((span, against), "guarantee-broken", broken, instead, steps)


def _answered_span(refinement: Refinement, never: NeverTaken) -> Span | None:
    """Return the place of the national step that a step answers, None where it answers none."""
    rules = refinement.national_state(never.source).transitions
    spans = (rule.span for rule in rules if rule.trigger == never.transition.implements)
    return next(spans, None)


def _reliance_faults(refinement: Refinement) -> Iterator[Diagnostic]:
    """Yield where a record is in others' hands oftener than nationally, once for each goal."""
    promises = (guarantee.promise for guarantee in refinement.national.guarantees)
    goals = dict.fromkeys(p.where for p in promises if isinstance(p, AlwaysReachable))
    for goal in goals:
        found = first_reliance(refinement.prover, refinement.national, goal)
        if found is not None:
            yield _reliance_fault(refinement, found)


def _reliance_fault(refinement: Refinement, found: Reliance) -> Diagnostic:
    state, way = refinement.own.states[found.state], found.national_way
    against = way[0].span if way else refinement.national_state(found.state).span
    steps = refinement.walks.to(found.state)
    steps += tuple((step.span, f"nationally {step.said}") for step in way)
    hands, goal = f"from `{found.state}` a record is in others' hands", f"`{found.goal}`"
    if not found.is_certain:
        sentence = f"whether {hands} no oftener than nationally on its way to {goal} is not proved"
        instead = "a predicate decides it; add a way that asks for no predicate"
        lines = state.span, against
        return diagnostic(lines, "refinement-undetermined", sentence, instead, steps)
    times = f"{_say_times(len(found.held))} on its way to {goal}, in {listed(found.held)}"
    sentence = f"{hands} here {times}; nationally {_say_times(found.held_nationally)}"
    if found.is_alone:
        sentence = f"from `{found.state}` the force comes to {goal} here only once others go on"
        sentence = f"{sentence}, in {listed(found.held)}; nationally it comes there alone"
    instead = "let the force go on by itself, as nationally, or let `system` go on after some days"
    return diagnostic((state.span, against), "in-others-hands", sentence, instead, steps)


def _say_times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


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
    target, steps = refinement.own.stands_for(step.to), refinement.walks.through
    against = refinement.national_state(name).span
    sentence = f"`{step.trigger}` here answers no step that `{stood}` has nationally"
    if stood != target:
        why = f"{sentence}, and leads from `{stood}` to `{target}`"
        instead = f"lead to a state that stands for `{stood}`, or name with `as:` what it answers"
        yield diagnostic((span, against), "own-step-leaves", why, instead, steps(name, step))
    if refinement.own.states[name].final:
        yield from _step_at_end_faults(refinement, name, step, sentence)
    yield from _own_step_role_faults(refinement, name, step, sentence)
    if step.trigger in refinement.national_triggers:
        why = f"{sentence}, but has the name of a national trigger"
        instead = "give the force's own step a name of its own"
        yield diagnostic((span, against), "own-step-misnamed", why, instead, steps(name, step))


def _step_at_end_faults(
    refinement: Refinement, name: str, step: Transition, sentence: str
) -> Iterator[Diagnostic]:
    """Yield what is wrong with an own step from an end: it stays there and changes nothing else."""
    end, target = refinement.own.states[name], refinement.own.states[step.to]
    spends = [atom for atom in atoms_of(step.requires) if isinstance(atom, Evidence)]
    if not target.final or step.reopens:
        why, instead = "re-opens it", "stay at the end, without `reopens: true`"
    elif dict(target.counts_as) != dict(end.counts_as):
        why = "changes how it counts"
        instead = f"let `{step.to}` count as `{name}` does"
    elif spends:
        why = f"uses up {say_requirement(spends[0])}"
        instead = "require no document there; attach what is to be kept"
    elif any(isinstance(atom, SuccessorNamed) for atom in atoms_of(step.requires)):
        why, instead = "names a successor", "require no successor there"
    else:
        return
    steps, against = refinement.walks.through(name, step), refinement.national_state(name).span
    broken = f"{sentence}, and from the end `{name}` it {why}"
    yield diagnostic((step.span, against), "own-step-from-end", broken, instead, steps)


def _own_step_role_faults(
    refinement: Refinement, name: str, step: Transition, sentence: str
) -> Iterator[Diagnostic]:
    """Yield the roles that take no part in a force's own steps.

    Oversight may look, and peelflow may remind or go on after a time: neither moves the record
    nationally. That nobody waits for them is proved of all ways together.
    """
    others = [role for role in step.by if refinement.is_barred(role, step)]
    if not others:
        return
    steps = refinement.walks.through(name, step, others[0])
    against = refinement.national_state(name).span
    why = f"{sentence}, and {listed(others)} would do it"
    instead = "let only roles of the force, or of oversight, do a step of the force's own"
    if others == [SYSTEM]:
        instead = "write `after:`, so that it happens in its time, or let the force do it"
    yield diagnostic((step.span, against), "own-step-by-others", why, instead, steps)


def _implementation_faults(
    refinement: Refinement, name: str, step: Transition
) -> Iterator[Diagnostic]:
    stood, meant = refinement.own.stands_for(name), refinement.national_state(name)
    rules = [rule for rule in meant.transitions if rule.trigger == step.implements]
    span, through = step.span, refinement.walks.through
    if not rules:
        sentence = f"`{step.trigger}` answers `{step.implements}` here; nationally `{stood}` has"
        sentence = f"{sentence} no such step"
        instead = suggestion(str(step.implements), {rule.trigger for rule in meant.transitions})
        steps = through(name, step)
        yield diagnostic((span, meant.span), "answers-nothing", sentence, instead, steps)
        return
    others, against = [*filter(refinement.is_external, step.by)], rules[0].span
    if step.trigger != step.implements and others:
        sentence = f"`{step.implements}` is called `{step.trigger}` here; nationally `{others[0]}`"
        sentence, instead = (
            f"{sentence} does it, so it keeps its name",
            f"call it `{step.implements}`",
        )
        steps = through(name, step, others[0])
        yield diagnostic((span, against), "theirs-renamed", sentence, instead, steps)
    compared: list[Transition] = []
    for role in step.by:
        rule = next((r for r in rules if refinement.abstraction.is_one_of(role, r.by)), None)
        if rule is None:
            yield from _role_added_faults(refinement, name, step, rules, role)
        elif rule not in compared:
            compared.append(rule)
            yield from _tightening_faults(refinement, AnsweredStep(name, step, rule, role))


def _role_added_faults(
    refinement: Refinement, name: str, step: Transition, rules: list[Transition], role: str
) -> Iterator[Diagnostic]:
    asked, budget = requirements_of(name, step), refinement.budget
    if role == SYSTEM and not can_be_met(asked, by_system=True, budget=budget):
        return
    may = listed(role for rule in rules for role in rule.by)
    sentence = f"`{role}` may `{step.trigger}` here; nationally only {may} may `{step.implements}`"
    lines, steps = (step.span, rules[0].span), refinement.walks.through(name, step, role)
    yield diagnostic(lines, "role-added", sentence, f"write `by:` with some of {may}", steps)


def _tightening_faults(refinement: Refinement, answered: AnsweredStep) -> Iterator[Diagnostic]:
    step, rule = answered.step, answered.rule
    target = refinement.own.stands_for(step.to)
    if target != rule.to:
        here = f"`{step.trigger}` leads to `{step.to}` here"
        here += f", which stands for `{target}`" if target != step.to else ""
        sentence = f"{here}; nationally `{rule.trigger}` leads to `{rule.to}`"
        instead = f"lead to a state that stands for `{rule.to}`"
        steps = refinement.walks.through(answered.state, step, answered.role)
        yield diagnostic((step.span, rule.span), "target-differs", sentence, instead, steps)
    for wanted in rule.requires:
        yield from _requirement_faults(refinement, answered, wanted)
    yield from _timing_faults(refinement, answered)


def _requirement_faults(
    refinement: Refinement, answered: AnsweredStep, wanted: Requirement
) -> Iterator[Diagnostic]:
    step, rule, walks = answered.step, answered.rule, refinement.walks
    meant = refinement.abstraction.meant(wanted)

    def verdict_on(given: tuple[Requirement, ...]) -> Verdict:
        if meant is None:
            return "undetermined"
        return refinement.implied(answered, given, meant, by_rule=True)

    verdict, needed = verdict_on(step.requires), say_requirement(wanted)
    if verdict == "refuted":
        chosen = breaking_choice(step.requires, lambda given: verdict_on(given) == "refuted")
        how = say_alone(chosen)
        sentence = f"`{step.trigger}` can be done {how} here"
        sentence = f"{sentence}; nationally `{rule.trigger}` needs {needed}"
        steps = walks.through(answered.state, step, answered.role, f"{how}, without {needed}")
        lines, instead = (step.span, rule.span), f"require {needed}"
        yield diagnostic(lines, "requirement-weakened", sentence, instead, steps)
    elif verdict == "undetermined":
        sentence = f"whether `{step.trigger}` needs {needed} here as nationally is not proved"
        yield undetermined_fault(refinement, answered, sentence)


def _timing_faults(refinement: Refinement, answered: AnsweredStep) -> Iterator[Diagnostic]:
    step, rule, name = answered.step, answered.rule, answered.state
    if step.after != rule.after:
        due, due_there = _due_words(step), _due_words(rule)
        sentence = f"`{step.trigger}` falls due {due} here; nationally `{rule.trigger}` {due_there}"
        instead = "keep the time that the national file gives"
        steps = refinement.walks.through(name, step, answered.role)
        yield diagnostic((step.span, rule.span), "theirs-retimed", sentence, instead, steps)
    elif rule.after is not None and rule.after.since == "entered":
        anew = refinement.own_step_into.get(name)
        if anew is not None:
            sentence = f"`{anew.trigger}` enters `{name}` anew here, so `{step.trigger}` falls due"
            sentence = f"{sentence} later than nationally"
            instead = f"let no step of the force's own enter `{name}`"
            source = next(n for n, s in refinement.own.states.items() if anew in s.transitions)
            steps = refinement.walks.through(source, anew)
            yield diagnostic((anew.span, rule.span), "theirs-retimed", sentence, instead, steps)


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
    compared: list[Transition] = []
    for role in rule.by:
        step = next((w for w in answers if role in w.by), None)
        if step is not None and step not in compared:
            compared.append(step)
            yield from _burden_faults(refinement, AnsweredStep(name, step, rule, role))
        elif step is None:
            sentence = f"from `{name}` `{role}` cannot `{rule.trigger}` here; nationally it can"
            sentence = f"{sentence}, and the force may not stop it"
            instead = f"add `{rule.trigger}` to `{name}` as the national file has it"
            steps = (*refinement.walks.to(name), refinement.national_step(name, rule, role))
            yield diagnostic((state.span, rule.span), "theirs-missing", sentence, instead, steps)


def _burden_faults(refinement: Refinement, answered: AnsweredStep) -> Iterator[Diagnostic]:
    step, rule = answered.step, answered.rule

    def verdict_on(given: tuple[Requirement, ...], asked: Requirement) -> Verdict:
        own = tuple(map(refinement.abstraction.meant, given))
        named = tuple(requirement for requirement in own if requirement is not None)
        if len(named) < len(own):
            return "undetermined"
        return refinement.implied(answered, named, asked, by_rule=False)

    for asked in step.requires:
        verdict = verdict_on(rule.requires, asked)
        if verdict == "refuted":
            yield _burden(refinement, answered, asked, partial(verdict_on, asked=asked))
        elif verdict == "undetermined":
            sentence = f"whether `{step.trigger}` needs more here than nationally is not proved"
            yield undetermined_fault(refinement, answered, sentence)


def _burden(
    refinement: Refinement,
    answered: AnsweredStep,
    asked: Requirement,
    verdict_on: Callable[[tuple[Requirement, ...]], Verdict],
) -> Diagnostic:
    step, rule, role = answered.step, answered.rule, answered.role
    chosen = breaking_choice(rule.requires, lambda given: verdict_on(given) == "refuted")
    needed, how = say_requirement(asked), say_alone(chosen)
    sentence = f"`{step.trigger}` needs {needed} here, which the force may not ask"
    sentence = f"{sentence}; nationally `{role}` can do it {how}"
    instead = "require what the national file requires, no more"
    last = refinement.national_step(answered.state, rule, role, how)
    steps = (*refinement.walks.to(answered.state), last)
    return diagnostic((step.span, rule.span), "theirs-burdened", sentence, instead, steps)
