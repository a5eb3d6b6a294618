"""Make a register's verb of a batch's, as a batch of its own: `fire = autocommit(Batch.fire)`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from peelflow.register.batch import Batch
from peelflow.register.session import Session
from peelflow.register.trials import Verb

P = ParamSpec("P")
R = TypeVar("R")


class OpensSessions(Protocol):
    """What begins sessions: a register."""

    def session(self) -> Session:
        """Begin a session; nothing is kept before its `commit`."""
        ...


def autocommit(
    verb: Callable[Concatenate[Batch, P], R],
) -> Verb[OpensSessions, P, R]:
    """Return a verb of a register that does a batch's verb as a batch of its own."""

    @wraps(verb)
    def committed(register: OpensSessions, /, *args: P.args, **kwargs: P.kwargs) -> R:
        session = register.session()
        result = verb(Batch(session, is_single=True), *args, **kwargs)
        session.commit()
        return result

    committed.__qualname__ = f"Register.{verb.__name__}"
    return cast("Verb[OpensSessions, P, R]", committed)
