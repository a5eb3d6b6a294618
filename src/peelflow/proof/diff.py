"""A diff says in words how the meaning of a lifecycle changed.

Comments, titles and order change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from peelflow.errors import NOWHERE, Span
from peelflow.model.requirements import Requirement
from peelflow.model.rules import Lifecycle, State, Transition
from peelflow.phrases import listed, say_choice, say_in_force
from peelflow.proof.budget import FEWER_ALTERNATIVES, Budget
from peelflow.proof.normal_form import PeriodWaited, closed_ledgers, requirements_of
from peelflow.proof.satisfiability import implies
from peelflow.results import frozen
from peelflow.wording import say_period_since, say_requirement, say_within

Effect = Literal["loosened", "tightened", "changed"]
Shut = tuple[frozenset[str], frozenset[str]]


@frozen(order=True)
class RuleChange:
    """One change of meaning: where, what kind, and in words.

    Args:
        where: The state, or the state and trigger, that changed.
        effect: loosened, tightened, or changed otherwise.
        sentence: What is so now, and was not.
        span: Its place in the new file, or the old one for what vanished.
    """

    where: str
    effect: Effect
    sentence: str
    span: Span = NOWHERE

    def __str__(self) -> str:
        return f"{self.span}: {self.effect}: {self.sentence}"


def diff(old: Lifecycle, new: Lifecycle) -> tuple[RuleChange, ...]:
    """Return every change of meaning from `old` to `new`, sorted.

    Where their pins agree, what can differ is what may be taken over under them, from when they are
    in force, and by when a state is to be left. Of two versions each has its own first day.

    Raises:
        InvalidRules: Comparing them takes more steps than a check may: `too-complex`.
    """
    dated = (*_issue_changes(old, new), *_day_changes(old, new))
    if old.pin.digest and old.pin.digest == new.pin.digest:
        return tuple(sorted(dated))
    changes = {*dated, *_lifecycle_changes(old, new), *_role_changes(old, new)}
    budget = Budget()
    for name in {**old.states, **new.states}:
        changes.update(_state_changes(old, new, name, budget))
    return tuple(sorted(changes))


def _lifecycle_changes(old: Lifecycle, new: Lifecycle) -> Iterator[RuleChange]:
    if old.initial != new.initial:
        sentence = f"records start in `{new.initial}`, not in `{old.initial}`"
        yield RuleChange("", "changed", sentence, new.span)
    if old.begun_by != new.begun_by:
        effect: Effect = "tightened" if new.begun_by else "loosened"
        how = "only be taken over" if new.begun_by else "be added"
        yield RuleChange("", effect, f"records can {how}", new.span)
    if old.refines != new.refines:
        sentence = f"it refines {_quoted(new.refines)}, not {_quoted(old.refines)}"
        yield RuleChange("", "changed", sentence, new.span)
    was, now = old.applies_to, new.applies_to
    for word, before, after in (
        ("category", was.category, now.category),
        ("level", was.level, now.level),
    ):
        for name in sorted({*before} ^ {*after}, key=str):
            applies = "applies" if name in after else "no longer applies"
            effect = "loosened" if name in after else "tightened"
            yield RuleChange("", effect, f"it {applies} to {word} `{name or 'none'}`", now.span)


def _issue_changes(old: Lifecycle, new: Lifecycle) -> Iterator[RuleChange]:
    was, now = old.issued_before, new.issued_before
    if was != now:
        is_later = now is None or (was is not None and now > was)
        before = "whenever they were issued" if now is None else f"issued before {now} alone"
        sentence = f"records can be taken over {before}"
        yield RuleChange("", "loosened" if is_later else "tightened", sentence, new.span)


def _day_changes(old: Lifecycle, new: Lifecycle) -> Iterator[RuleChange]:
    """Yield what changed of the first day of one version, and of the days of states."""
    was, now = old.in_force_from, new.in_force_from
    if old.version == new.version and was != now:
        sentence = f"it is in force {say_in_force(now)}, not {say_in_force(was)}"
        yield RuleChange("", "changed", sentence, new.span)
    for name in old.states.keys() & new.states.keys():
        before, after = old.states[name].due, new.states[name].due
        if before != after:
            days = [say_within(due) if due else "by no day" for due in (after, before)]
            sentence = f"`{name}` is to be left {days[0]}, not {days[1]}"
            yield RuleChange(name, "changed", sentence, new.states[name].span)


def _quoted(name: str | None) -> str:
    return f"`{name}`" if name else "nothing"


def _role_changes(old: Lifecycle, new: Lifecycle) -> Iterator[RuleChange]:
    for name in sorted(old.roles.keys() & new.roles.keys()):
        was, now = old.roles[name], new.roles[name]
        if was.side != now.side:
            sentence = f"`{name}` is of the side {now.side}, not {was.side}"
            yield RuleChange(name, "changed", sentence, now.span)
        if was.stands_for != now.stands_for:
            stood = f"{_quoted(now.stands_for)}, not {_quoted(was.stands_for)}"
            yield RuleChange(name, "changed", f"`{name}` stands for {stood}", now.span)
        if was.by_appointment != now.by_appointment:
            effect: Effect = "tightened" if now.by_appointment else "loosened"
            needed = "only while appointed" if now.by_appointment else "without an appointment"
            yield RuleChange(name, effect, f"`{name}` acts {needed}", now.span)
        if was.may_be_delegated != now.may_be_delegated:
            effect = "loosened" if now.may_be_delegated else "tightened"
            may = "may" if now.may_be_delegated else "may not"
            yield RuleChange(name, effect, f"`{name}` {may} be delegated", now.span)


def _state_changes(
    old: Lifecycle, new: Lifecycle, name: str, budget: Budget
) -> Iterator[RuleChange]:
    was, now = old.states.get(name), new.states.get(name)
    if was is None or now is None:
        state = now or was
        is_ = "there is a state" if now else "there is no state any more called"
        yield RuleChange(name, "changed", f"{is_} `{name}`", state.span if state else NOWHERE)
    else:
        yield from _kept_state_changes(name, was, now)
    transitions = _transitions_by_key(was)
    for key, after in _transitions_by_key(now).items():
        before = transitions.pop(key, None)
        if before is None:
            yield _added_transition(new, name, after)
        else:
            budget.at((after.span, FEWER_ALTERNATIVES))
            shut = closed_ledgers(old, name, before), closed_ledgers(new, name, after)
            yield from _transition_changes(name, shut, budget, before=before, after=after)
    for before in transitions.values():
        sentence = f"from `{name}` nobody can `{before.trigger}` to `{before.to}` any more"
        yield RuleChange(f"{name} {before.trigger}", "tightened", sentence, before.span)


def _kept_state_changes(name: str, was: State, now: State) -> Iterator[RuleChange]:
    if was.final != now.final:
        sentence = f"`{name}` is {'an end' if now.final else 'no end any more'}"
        yield RuleChange(name, "changed", sentence, now.span)
    if was.stands_for != now.stands_for:
        stood = f"`{now.stands_for or name}`, not `{was.stands_for or name}`"
        yield RuleChange(name, "changed", f"`{name}` stands for {stood}", now.span)
    for ledger in sorted(was.counts_as.keys() | now.counts_as.keys()):
        before, after = was.counts_as.get(ledger), now.counts_as.get(ledger)
        if before != after:
            counts = f"{after or 'nowhere'} on `{ledger}`, not {before or 'nowhere'}"
            yield RuleChange(name, "changed", f"`{name}` counts {counts}", now.span)


def _transitions_by_key(state: State | None) -> dict[tuple[str, str, int], Transition]:
    """Return the transitions of a state by trigger and target, and which of those it is."""
    transitions: dict[tuple[str, str, int], Transition] = {}
    for transition in sorted(state.transitions if state else (), key=lambda step: sorted(step.by)):
        place = 0
        while (transition.trigger, transition.to, place) in transitions:
            place += 1
        transitions[transition.trigger, transition.to, place] = transition
    return transitions


def _added_transition(new: Lifecycle, name: str, transition: Transition) -> RuleChange:
    kind = "a new way to an end" if new.states[transition.to].final else "a new step"
    trigger, target = transition.trigger, transition.to
    sentence = f"{kind}: from `{name}` {say_choice(transition.by)} can `{trigger}` to `{target}`"
    if transition.requires:
        sentence += f" with {' and '.join(map(say_requirement, transition.requires))}"
    return RuleChange(f"{name} {trigger}", "loosened", sentence, transition.span)


def _transition_changes(
    name: str, shut: Shut, budget: Budget, *, before: Transition, after: Transition
) -> Iterator[RuleChange]:
    where, step = f"{name} {after.trigger}", f"`{after.trigger}` from `{name}`"
    more, fewer = sorted({*after.by} - {*before.by}), sorted({*before.by} - {*after.by})
    if more:
        yield RuleChange(where, "loosened", f"{step} is open to {listed(more)}", after.span)
    if fewer:
        yield RuleChange(where, "tightened", f"{step} is closed to {listed(fewer)}", after.span)
    if (before.as_, before.implements) != (after.as_, after.implements):
        yield RuleChange(
            where, "changed", f"{step} answers {_quoted(after.implements)}", after.span
        )
    if before.reopens != after.reopens:
        opened = "re-opens" if after.reopens else "re-opens nothing"
        yield RuleChange(where, "changed", f"{step} {opened}", after.span)
    yield from _requirement_changes(name, shut, budget, before=before, after=after)


def _requirement_changes(
    name: str, shut: Shut, budget: Budget, *, before: Transition, after: Transition
) -> Iterator[RuleChange]:
    was, now = requirements_of(name, before), requirements_of(name, after)
    kept = implies(now, was, given_closes=shut[1], wanted_closes=shut[0], budget=budget)
    same = implies(was, now, given_closes=shut[0], wanted_closes=shut[1], budget=budget)
    alike = set(was) == set(now) and shut[0] == shut[1]
    if (alike or kept == same == "proved") and before.after == after.after:
        return
    effect: Effect = "changed"
    if kept == "proved" != same:
        effect = "tightened"
    elif same == "proved" != kept:
        effect = "loosened"
    needs = f"`{after.trigger}` from `{name}` needs {_in_words(now)}, not {_in_words(was)}"
    yield RuleChange(f"{name} {after.trigger}", effect, needs, after.span)


def _in_words(requirements: tuple[Requirement, ...]) -> str:
    sentences = (
        say_period_since(requirement.period, str(requirement.since))
        if isinstance(requirement, PeriodWaited)
        else say_requirement(requirement)
        for requirement in requirements
    )
    return " and ".join(sorted(sentences)) or "nothing"
