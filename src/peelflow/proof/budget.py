"""A budget bounds the steps of a whole check, and says where they went when they run out.

Steps are counted, never timed, so the same rules get the same answer on every machine. What a step
is depends on the work: one literal looked at, one edge followed. Each costs about a microsecond and
no more than 200 bytes, so that the steps of a budget bound time and memory alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import field

from peelflow.errors import NOWHERE, Diagnostic, InvalidRules, Span
from peelflow.results import define

MOST_STEPS = 4_000_000
FAULT_STEPS = 2_000
"""What telling a fault costs: the nearest of many names is looked for."""

TRACE_STEPS = 8
"""What a step of a walk that is shown costs."""

FEWER_FAULTS = "mend what is told of this file first, or check fewer files at once"
FEWER_VALUES = "write less in this file, or check fewer files at once"
FEWER_ALTERNATIVES = "write fewer alternatives and fewer different requirements here"
FEWER_FACTS = (
    "write fewer states, or fewer different `since` and `distinct_from`, in this lifecycle"
)

FEWER_MOVES = "write fewer states, or leave out plans that nobody uses any more"


@define(eq=False)
class Budget:
    """The steps that one check may take, all proofs of it together.

    Args:
        most: How many steps there are.
    """

    most: int = MOST_STEPS
    spent: int = field(default=0, init=False)
    place: tuple[Span, str] = field(default=(NOWHERE, FEWER_ALTERNATIVES), init=False)
    _spent_at: dict[tuple[Span, str], int] = field(factory=dict, init=False)
    _begun: int = field(default=0, init=False)
    _too_complex: Diagnostic | None = field(default=None, init=False)

    def at(self, place: tuple[Span, str]) -> tuple[Span, str]:
        """Count what is spent from now on at a place, and return the place before.

        Args:
            place: A line, and what to write there instead if most was spent on it.
        """
        self._count()
        before, self.place = self.place, place
        return before

    def _count(self) -> None:
        spent = self.spent - self._begun
        self._spent_at[self.place] = self._spent_at.get(self.place, 0) + spent
        self._begun = self.spent

    def spend(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            InvalidRules: None are left; the fault has the place where most were spent.
        """
        self.spent += steps
        if self.spent > self.most:
            if self._too_complex is None:
                self._count()
                span, instead = self._dearest()
                why = f"checking these rules takes more than {self.most} steps, most of them here"
                self._too_complex = Diagnostic(span, "too-complex", why, instead)
            raise InvalidRules([self._too_complex])

    def _dearest(self) -> tuple[Span, str]:
        """Return the place where most was spent on what took most in all."""
        total: dict[str, int] = {}
        for (_, instead), spent in self._spent_at.items():
            total[instead] = total.get(instead, 0) + spent
        return max(self._spent_at, key=lambda at: (total[at[1]], self._spent_at[at]))

    @property
    def is_spent(self) -> bool:
        """Whether more was asked for than there is."""
        return self.spent > self.most

    def each(self, faults: Iterable[Diagnostic], steps: int = 0) -> Iterator[Diagnostic]:
        """Yield faults as they are found, and last, where the budget runs out, that fault.

        Args:
            faults: They are looked for only as they are asked for.
            steps: What finding them takes besides.
        """
        try:
            for fault in faults:
                yield fault
                self.spend(FAULT_STEPS)
            self.spend(steps)
        except InvalidRules as spent:
            yield from spent.diagnostics

    def gather(self, faults: Iterable[Diagnostic], steps: int = FAULT_STEPS) -> set[Diagnostic]:
        """Return faults, each once.

        Args:
            faults: They are looked for as they are gathered.
            steps: What telling one takes.

        Raises:
            InvalidRules: The budget is spent; what was found till then is told too.
        """
        found: set[Diagnostic] = set()
        try:
            for fault in faults:
                found.add(fault)
                self.spend(steps)
        except InvalidRules as spent:
            raise InvalidRules({*found, *spent.diagnostics}) from None
        return found
