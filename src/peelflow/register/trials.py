"""Make of a verb one that says why it would be refused: `why = dry_run(fire)`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import cleandoc, signature
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from peelflow.model.decisions import Refusal, Refused

P = ParamSpec("P")
B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)
Owner_contra = TypeVar("Owner_contra", contravariant=True)
Given_co = TypeVar("Given_co", covariant=True)


class Verb(Protocol[Owner_contra, P, Given_co]):
    """A verb of a class, as type checkers see it: each of them binds a descriptor alike."""

    def __call__(self, owner: Owner_contra, /, *args: P.args, **kwargs: P.kwargs) -> Given_co:
        """Do it on an owner that is named."""
        ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> Verb[Owner_contra, P, Given_co]: ...
    @overload
    def __get__(self, instance: object, owner: type, /) -> Callable[P, Given_co]: ...


class OpensTrials(Protocol[B_co]):
    """What tries verbs without keeping what they do: a register, or a batch within itself."""

    def trial(self) -> AbstractContextManager[B_co]:
        """Give a batch of which nothing is kept."""
        ...


def dry_run(
    verb: Callable[Concatenate[B, P], object],
) -> Verb[OpensTrials[B], P, Refusal | None]:
    """Return a verb that says why a batch's verb would be refused; nothing is written."""

    @wraps(verb)
    def why(register: OpensTrials[B], /, *args: P.args, **kwargs: P.kwargs) -> Refusal | None:
        with register.trial() as batch:
            try:
                verb(batch, *args, **kwargs)
            except Refused as refused:
                if not refused.reasons:
                    raise
                return refused.refusal
        return None

    _, _, described = cleandoc(verb.__doc__ or "").partition("Args:")
    arguments, _, _ = described.partition("Returns:")
    why.__name__, why.__qualname__ = "why", "Register.why"
    why.__doc__ = _WHY.format(verb=verb.__name__, arguments=arguments)
    why.__annotations__ = {**verb.__annotations__, "return": Refusal | None}
    why.__dict__["__signature__"] = signature(verb).replace(return_annotation="Refusal | None")
    return cast("Verb[OpensTrials[B], P, Refusal | None]", why)


_WHY = """Return every reason why `{verb}` would be refused now, None if it may be done.

Nothing is written. Who would type it need not be said.

Args:{arguments}Returns:
    The refusal, with what would do; None if it may be done.

Raises:
    UnknownRecord: No record has this id.
    UnknownDocument: An offered document was not kept first.
    InvalidRequest: What is asked cannot be meant.
"""
