"""Prove that a plan between two versions calls no step what it was not.

What was done before a move counts in the new rules by the name that the plan gives it. So a step
that sends a record back still has to send it back, one of somebody else's stays somebody else's,
and no step of the force's becomes one of those: else a letter of before would count again, or what
others rested on could be taken from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from peelflow.errors import Diagnostic
from peelflow.model.rules import Lifecycle, each_transition, moves_level
from peelflow.model.triggers import triggers_of_others, triggers_sending_back
from peelflow.phrases import say_choice
from peelflow.proof.lint import triggers_of
from peelflow.proof.moves import Move, refined_name
from peelflow.results import frozen


@frozen
class TriggerKind:
    """What is to stay of a step whatever it is called.

    Attributes:
        sends_back: Whether it sends a record back, or re-opens it.
        is_theirs: Whether others than the force may do it.
        means: The national triggers that it is, where it sends back or is somebody else's.
    """

    sends_back: bool = False
    is_theirs: bool = False
    means: frozenset[str] = frozenset()


def trigger_kinds(lifecycle: Lifecycle) -> Mapping[str, TriggerKind]:
    """Return what is to stay of each step of a lifecycle, by its trigger.

    Args:
        lifecycle: The lifecycle.
    """
    back, others = triggers_sending_back(lifecycle), triggers_of_others(lifecycle)
    means: dict[str, set[str]] = {name: set() for name in triggers_of(lifecycle)}
    for step in each_transition(lifecycle):
        if step.implements is not None and step.trigger in back | others:
            means[step.trigger].add(step.implements)
    return {
        name: TriggerKind(name in back, name in others, frozenset(meant))
        for name, meant in means.items()
    }


@frozen
class WrongName:
    """A step that would be called what it was not: why it was not that, and what to do instead."""

    trigger: str
    then: str
    why: str
    instead: str


def wrong_names(move: Move) -> Iterator[WrongName]:
    """Yield each step that a move between versions calls what it was not.

    One that keeps its name is looked at, too: it may send back no more. Between levels the
    inspectorate says by its own plans what a step was.

    Args:
        move: The plan, of which the triggers are looked at, and the rules that it joins.
    """
    if moves_level(move.old, move.new):
        return
    after = trigger_kinds(move.new)
    for trigger, was in sorted(trigger_kinds(move.old).items()):
        then = move.plan.triggers.get(trigger, trigger)
        if then not in after:
            continue
        if trigger != then:
            kind = _in_new_words(move, was)
            why = _why_other(move, (trigger, kind), (then, after[then]))
            alike = sorted(n for n, k in after.items() if not _why_other(move, (n, kind), (n, k)))
            instead = f"map it to {say_choice(tuple(alike))}" if alike else "leave it out"
        else:
            is_lost = was.sends_back and not after[then].sends_back
            why = f"`{trigger}` sends a record back, or re-opens it, and in `{move.new}` not"
            why, instead = why * is_lost, "let it do so there too, or name what is new otherwise"
        if why:
            yield WrongName(trigger, then, why, instead)


def trigger_faults(move: Move) -> Iterator[Diagnostic]:
    """Yield a fault for each step that a plan between versions calls what it was not.

    Args:
        move: The plan and the rules that it joins.
    """
    for wrong in wrong_names(move):
        place = move.plan.place_of_trigger(wrong.trigger)
        steps = (step for step in each_transition(move.new) if step.trigger == wrong.then)
        related = next(steps).span
        yield Diagnostic(place, "trigger-differs", wrong.why, wrong.instead, related=related)


def _in_new_words(move: Move, kind: TriggerKind) -> TriggerKind:
    """Return what a step of the old rules is in the national words of the new ones."""
    return evolve(kind, means=frozenset(map(move.national_name, kind.means)))


def _why_other(move: Move, old: tuple[str, TriggerKind], new: tuple[str, TriggerKind]) -> str:
    """Say why one step is not what another is, or nothing."""
    (trigger, was), (then, becomes) = old, new
    for is_so, is_so_then, words in (
        (was.sends_back, becomes.sends_back, "sends a record back, or re-opens it"),
        (was.is_theirs, becomes.is_theirs, "may be done by others than the force"),
    ):
        if is_so != is_so_then:
            which, other = (trigger, then) if is_so else (then, trigger)
            return f"`{which}` {words}, and `{other}` not"
    same = refined_name(move.old) == refined_name(move.new) or move.version is not None
    if same and was.means != becomes.means:
        return f"`{then}` is nationally another step than `{trigger}` was"
    return ""
