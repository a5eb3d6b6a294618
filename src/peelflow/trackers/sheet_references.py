"""Keep where each reference of a tracker stands, and say which was meant by one that lacks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from attrs import field

from peelflow.phrases import nearest_name, shown
from peelflow.results import define
from peelflow.trackers.headings import normal_form

MOST_SOUGHT = 20
"""For how many different names one that is near is sought: it takes long where there are many."""


@define(eq=False)
class SheetReferences:
    """The references that stand in the sheets of a tracker, whose readers share them.

    Attributes:
        prefix: What stands before each of them.
        places: The cell of each, by the id of its record; in another it is a fault.
        refused: Those that the register has something against.
        sought: What is near to names that no record has, for the first few of them.
    """

    prefix: str = ""
    places: dict[str, str] = field(factory=dict)
    refused: set[str] = field(factory=set)
    sought: dict[str, str | None] = field(factory=dict)

    @cached_property
    def _by_word(self) -> Mapping[str, str]:
        """The ids by how they are compared; all rows are read before the first is asked for."""
        return {normal_form(name): name for name in reversed(self.places)}

    def instead_of(self, name: str) -> str:
        """Say what to do about a cell that names a record that is not there.

        Args:
            name: What it names.
        """
        if name in self.places:
            return f"mend the row of `{self._as_written(name)}` first, in {self.places[name]}"
        instead = "give it a row of its own, or empty the cell"
        near = self._by_word.get(normal_form(name)) or self._nearest(name)
        if near is None or near in self.refused:
            return instead
        return f"write `{self._as_written(near)}`, or {instead}"

    def _nearest(self, name: str) -> str | None:
        if name not in self.sought and len(self.sought) < MOST_SOUGHT:
            self.sought[name] = nearest_name(name, self.places)
        return self.sought.get(name)

    def _as_written(self, name: str) -> str:
        return shown(name.removeprefix(self.prefix))
