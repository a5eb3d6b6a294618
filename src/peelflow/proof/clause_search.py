"""A clause search makes choices so that every clause has a literal that holds, or says none can.

It learns from each conflict a clause that keeps the search from coming back to it (CDCL), and asks
a theory, at every step, whether what it chose can hold together. Its size is that of what was
asked: nothing is multiplied out.

A literal is a variable's number, or the negative of it. What no clause makes the search choose
stays false, so the theory sees no more than was needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from attrs import field

from peelflow.proof.budget import Budget
from peelflow.results import define

Literal = int
Literals = tuple[Literal, ...]
Consistent = Callable[[Literals], bool]


@define(eq=False)
class ClauseSearch:
    """One search.

    Args:
        clauses: Of each, one literal must hold.
        consistent: Whether these variables can all be true; fewer of them can be, then, too.
        budget: What each look at a literal is spent from.
    """

    clauses: tuple[Literals, ...]
    consistent: Consistent
    budget: Budget
    _true: set[Literal] = field(factory=set, init=False)
    _trail: list[Literal] = field(factory=list, init=False)
    _level: dict[Literal, int] = field(factory=dict, init=False)
    _reason: dict[Literal, list[Literal]] = field(factory=dict, init=False)
    _watched: dict[Literal, list[list[Literal]]] = field(factory=dict, init=False)
    _depth: int = field(default=0, init=False)
    _followed: int = field(default=0, init=False)
    _first_open: int = field(default=0, init=False)

    def solve(self, excluded: Iterable[Literal] = ()) -> Literals | None:
        """Return variables that are true in one solution, None when there is no solution.

        Args:
            excluded: Variables that are not to be true.

        Raises:
            InvalidRules: The budget is spent.
        """
        units = dict.fromkeys(-variable for variable in excluded)
        units |= dict.fromkeys(clause[0] for clause in self.clauses if len(clause) == 1)
        if () in self.clauses or any(-literal in units for literal in units):
            return None
        for unit in units:
            self._assign(unit, [unit])
        for clause in self.clauses:
            if len(clause) > 1:
                self._watch(list(clause))
        return self._search()

    def _search(self) -> Literals | None:
        while True:
            broken = self._propagate()
            if broken is None:
                broken = self._contradiction()
            if broken is not None:
                if not self._learn(broken):
                    return None
                continue
            choice = self._open_choice()
            if choice is None:
                return self._chosen()
            self._depth += 1
            self._assign(choice, [choice])

    def _chosen(self) -> Literals:
        return tuple(literal for literal in self._trail if literal > 0)

    def _assign(self, literal: Literal, reason: list[Literal]) -> None:
        self._true.add(literal)
        self._trail.append(literal)
        self._level[abs(literal)], self._reason[abs(literal)] = self._depth, reason

    def _watch(self, clause: list[Literal]) -> None:
        for literal in clause[:2]:
            self._watched.setdefault(literal, []).append(clause)

    def _propagate(self) -> list[Literal] | None:
        """Assign what follows, and return a clause of which nothing can hold any more."""
        while self._followed < len(self._trail):
            false = -self._trail[self._followed]
            self._followed += 1
            clauses = self._watched.get(false, [])
            self._watched[false] = kept = []
            for place, clause in enumerate(clauses):
                if self._moved(clause, false):
                    continue
                kept.append(clause)
                if -clause[0] in self._true:
                    kept += clauses[place + 1 :]
                    return clause
                if clause[0] not in self._true:
                    self._assign(clause[0], clause)
        return None

    def _moved(self, clause: list[Literal], false: Literal) -> bool:
        """Watch another literal than a false one, if there is one; the other watched is first."""
        if clause[0] == false:
            clause[0], clause[1] = clause[1], false
        if clause[0] in self._true:
            return False
        for place in range(2, len(clause)):
            if -clause[place] not in self._true:
                self.budget.spend(place)
                clause[1], clause[place] = clause[place], false
                self._watched.setdefault(clause[1], []).append(clause)
                return True
        self.budget.spend(len(clause))
        return False

    def _contradiction(self) -> list[Literal] | None:
        """Return the clause that the theory adds where what is chosen cannot hold together."""
        chosen = self._chosen()
        self.budget.spend(len(self._trail) + 1)
        if self.consistent(chosen):
            return None
        if not self._depth:
            return []
        return [-literal for literal in smallest_conflict(chosen, self.consistent)]

    def _learn(self, broken: list[Literal]) -> bool:
        """Go back to where a broken clause first had a consequence, and follow it from there.

        False says that there is no such place.
        """
        top = max((self._level[abs(literal)] for literal in broken), default=0)
        if top == 0:
            return False
        self._back_to(top)
        learned = self._analysed(broken, top)
        # The literal of the highest level below is watched beside the one that follows.
        rest = sorted(learned[1:], key=lambda literal: -self._level[abs(literal)])
        learned[1:] = rest
        self._back_to(self._level[abs(rest[0])] if rest else 0)
        if rest:
            self._watch(learned)
        self._assign(learned[0], learned)
        return True

    def _analysed(self, broken: list[Literal], top: int) -> list[Literal]:
        """Return a clause that follows, with one literal of the level `top`, which comes first."""
        seen: set[Literal] = set()
        below: list[Literal] = []
        place, clause, open_ = len(self._trail), broken, 0
        while True:
            self.budget.spend(len(clause))
            for literal in clause:
                variable = abs(literal)
                if variable not in seen and self._level[variable] > 0:
                    seen.add(variable)
                    if self._level[variable] == top:
                        open_ += 1
                    else:
                        below.append(literal)
            place -= 1
            while abs(self._trail[place]) not in seen:
                place -= 1
            open_ -= 1
            if not open_:
                return [-self._trail[place], *below]
            clause = self._reason[abs(self._trail[place])]

    def _back_to(self, depth: int) -> None:
        while self._trail and self._level[abs(self._trail[-1])] > depth:
            self._true.remove(self._trail.pop())
        self._followed = min(self._followed, len(self._trail))
        self._depth, self._first_open = depth, 0

    def _open_choice(self) -> Literal | None:
        """Return a variable of the first clause that does not hold yet, None when all hold."""
        places = chain(range(self._first_open, len(self.clauses)), range(self._first_open))
        for place in places:
            self.budget.spend()
            clause = self.clauses[place]
            if not any(self._holds(literal) for literal in clause):
                self._first_open = place
                # INVARIANT: propagation leaves a free variable in each clause that nothing meets.
                return next(literal for literal in clause if -literal not in self._true)
        return None

    def _holds(self, literal: Literal) -> bool:
        """Say whether a literal is true when all that is not assigned is false."""
        return literal in self._true or (literal < 0 and -literal not in self._true)


def smallest_conflict(chosen: Literals, consistent: Consistent) -> Literals:
    """Return some of `chosen` that cannot hold together, of which none can be left out.

    Args:
        chosen: What cannot hold together.
        consistent: Whether these can.
    """

    def needed(kept: Literals, among: Literals, *, is_new: bool) -> Literals:
        # QuickXplain: look for what is needed in halves, the other half taken for granted.
        if is_new and not consistent(kept):
            return ()
        if len(among) == 1:
            return among
        middle = len(among) // 2
        first, second = among[:middle], among[middle:]
        late = needed((*kept, *first), second, is_new=True)
        early = needed((*kept, *late), first, is_new=bool(late))
        return (*early, *late)

    return needed((), chosen, is_new=False) if chosen else ()
