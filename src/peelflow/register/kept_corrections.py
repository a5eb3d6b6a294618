"""Judge a kept correction as `correct` would have let it happen: by whom, and of what."""

from __future__ import annotations

from collections.abc import Sequence

from peelflow.engine.fold import corrected_chain, event_corrected, is_step_at_once
from peelflow.model.records import ChildLinked, Corrected, Event, Record
from peelflow.register.permission import check_corrector
from peelflow.register.session import Session

History = Sequence[Event]


def check_correction(
    session: Session, event: Event, history: History, before: Record, what: Corrected
) -> None:
    """Refuse who may not correct it; what follows from another correction is of no side's own.

    Args:
        session: What knows the roles and the other records.
        event: The correction.
        history: What was recorded of the record before it.
        before: The record before it.
        what: What it corrects.

    Raises:
        InvalidRequest: Another side did it.
        NotPermitted: Of that side another role may.
    """
    chain = tuple(corrected_chain(history, history[what.event - 1]))
    target = chain[-1]
    is_known = chain[0].actor.role in session.rulebook.vocabulary.roles  # else told of that
    if not is_known or is_step_at_once(target) or isinstance(target.what, ChildLinked):
        return
    above = session.history(before.parent) if before.parent and session.find(before.parent) else ()
    corrected = {kept.recorded_at for kept in above if isinstance(kept.what, Corrected)}
    # What comes back from a withdrawal is made to be of the forces of the record above.
    for kept in history[: event.number - 1]:
        if isinstance(kept.what, Corrected) and event_corrected(history, kept).number == 1:
            corrected.add(kept.recorded_at)
    if event.recorded_at not in corrected:
        check_corrector(session, event, chain)
