"""Advice that writes nothing: why an act would be refused, and the shortest way to a goal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from peelflow.errors import Refused
from peelflow.model.judgement import Refusal
from peelflow.model.records import Actor, Document
from peelflow.register.asking import check_actor

if TYPE_CHECKING:
    from peelflow.model.routes import Route
    from peelflow.register.draft import Draft


class Advice(ABC):
    """why, route: what a register can say about acts that are yet to come."""

    @abstractmethod
    def draft(self) -> Draft:
        """Return an empty draft, which is thrown away."""

    def why(
        self,
        record: str,
        trigger: str,
        *,
        actor: Actor,
        on: date | None = None,
        recorded_by: str | None = None,
        evidence: Sequence[Document] = (),
        inspection: str | None = None,
        reason: str | None = None,
        successor: str | None = None,
        source: str | None = None,
    ) -> Refusal | None:
        """Return every reason why `fire` would be refused now, None if it may be done.

        Nothing is written. `on` is today when left out; who would type it need not be said.

        Raises:
            UnknownRecord: No record has this id.
            UnknownDocument: An offered document was not kept first.
            RequestRefused: What is asked cannot be meant.
        """
        return why_not(
            self.draft(),
            record,
            trigger,
            actor=actor,
            on=on,
            recorded_by=recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )

    def route(
        self, record: str, *, to: str = "closed", ledger: str = "portal", on: date | None = None
    ) -> Route:
        """Return the shortest lawful way of a record to a goal, from where it stands.

        Args:
            record: The record's id.
            to: A state's name, or `open` or `closed`: to count so on `ledger`.
            ledger: The ledger to count on.
            on: The day from which acts are dated; today when left out.

        Raises:
            UnknownRecord: No record has this id.
            RequestRefused: The goal names nothing in the record's rules.
        """
        # Only who asks for ways pays for loading what finds them.
        way_of: Callable[..., Route] = import_module("peelflow.register.surroundings").way_of
        return way_of(self.draft(), record, to=to, ledger=ledger, on=on)


def why_not(
    draft: Draft,
    record: str,
    trigger: str,
    *,
    actor: Actor,
    on: date | None = None,
    recorded_by: str | None = None,
    evidence: Sequence[Document] = (),
    inspection: str | None = None,
    reason: str | None = None,
    successor: str | None = None,
    source: str | None = None,
) -> Refusal | None:
    """Return why a draft would refuse an act, None if it may be done. Its documents are seen."""
    check_actor(actor)
    try:
        draft.fire(
            record,
            trigger,
            actor=actor,
            on=draft.today if on is None else on,
            recorded_by=actor.person if recorded_by is None else recorded_by,
            evidence=evidence,
            inspection=inspection,
            reason=reason,
            successor=successor,
            source=source,
        )
    except Refused as refused:
        if isinstance(refused.refusal, Refusal):
            return refused.refusal
        raise
    return None
