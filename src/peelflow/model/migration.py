"""A plan by which open records move from one lifecycle to another."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from peelflow.errors import NOWHERE, Span


@frozen
class MigrationPlan:
    """Where the records of one lifecycle stand in another, and what their past counts as there.

    Args:
        old: The lifecycle they leave, as name@version.
        new: The one they move to.
        states: For each state of the old one, the state of the new one.
        triggers: For each trigger of the old one that a guarantee speaks of, what it was in the
            words of the new one.
        by: The roles that may move a record; between levels, the inspectorate's alone.
        letters: Whether letters attached before still count after a move between levels.
        name: What the plan is called.
    """

    old: str
    new: str
    states: Mapping[str, str]
    triggers: Mapping[str, str] = field(factory=dict)
    by: tuple[str, ...] = ()
    letters: bool = False
    name: str = ""
    span: Span = field(default=NOWHERE, eq=False, repr=False)
