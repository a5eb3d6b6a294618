"""A budget bounds the steps of a whole check, and says where they went when they run out.

Steps are counted, never timed, so the same rules get the same answer on every machine. What a step
is depends on the work: one literal looked at, one edge followed. Each costs about a microsecond and
no more than 200 bytes, so that the steps of a budget bound time and memory alike.
"""

from __future__ import annotations

from attrs import define, field

from peelflow.errors import NOWHERE, Diagnostic, InvalidRules, Span

MOST_STEPS = 4_000_000
FEWER_ALTERNATIVES = "write fewer alternatives and fewer different requirements here"
FEWER_FACTS = (
    "write fewer states, or fewer different `since` and `distinct_from`, in this lifecycle"
)


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
            self._count()
            span, instead = max(self._spent_at, key=lambda place: self._spent_at[place])
            sentence = f"proving these rules takes more than {self.most} steps, most of them here"
            raise InvalidRules([Diagnostic(span, "too-complex", sentence, instead)])
