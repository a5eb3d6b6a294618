"""What a step counts as having done; a step taken before a move counts under two names.

The old rules ask for it by the name that they give it, the new ones by the name that it has from
the move on.
"""

from __future__ import annotations

from attrs import fields, frozen

from peelflow.model.rules import Transition


@frozen
class PastStep(Transition):
    """A step of rules that records left, or the move itself; `deeds` are what it counts as."""

    deeds: tuple[str, ...] = ()


def past_step(way: Transition, deeds: tuple[str, ...]) -> PastStep:
    """Return a transition that counts as these deeds, and no longer as its own trigger."""
    told = {part.name: getattr(way, part.name) for part in fields(Transition)}
    return PastStep(**told, deeds=deeds)


def deeds_of(way: Transition) -> tuple[str, ...]:
    """Return the triggers that a transition counts as having done."""
    return way.deeds if isinstance(way, PastStep) else (way.trigger,)
