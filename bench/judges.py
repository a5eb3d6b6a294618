"""Ask SPIN, a model checker that nobody here wrote, of the reachability and order guarantees.

`make judges` writes each shipped lifecycle as Promela, from the rules alone, and each guarantee on
who enters or does what, in which order, and what can be reached as LTL. Debian's `spin` and a C
compiler judge them, and what peelflow proves is compared. Edits that were drawn are judged too, for
there guarantees break. What a guarantee says of requirements or persons is not asked: SPIN would
have to be told what they mean.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from attrs import define, evolve, field

from peelflow.model.rules import (
    SYSTEM,
    AlwaysReachable,
    Lifecycle,
    NeverDoneBy,
    NeverEnteredWithoutSteps,
    NeverFollowedBy,
    OnlyEnteredBy,
    StateSet,
    Transition,
)
from peelflow.proof.guarantees import prove
from peelflow.rulebook.national import national

EDITS = 12
ERRORS = re.compile(r"errors: (\d+)")
TOOLS = ("spin", "gcc")


@define(eq=False)
class Promela:
    """A lifecycle in SPIN's words: what stands and happens is told by number."""

    lifecycle: Lifecycle
    triggers: dict[str, int] = field(init=False)
    roles: dict[str, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Number what the lifecycle names; 0 is that nothing was done yet."""
        steps = [step for state in self.lifecycle.states.values() for step in state.transitions]
        names = sorted({step.trigger for step in steps})
        roles = sorted({role for step in steps for role in step.by})
        self.triggers = {name: number for number, name in enumerate(names, 1)}
        self.roles = {name: number for number, name in enumerate(roles, 1)}

    def model(self, formulas: Iterable[str], promises: Iterable[object]) -> str:
        """Return the model of every walk from the initial state, with its formulas.

        Args:
            formulas: What to judge, each as `ltl name { … }`.
            promises: What is promised; where one looks back, it is remembered what it asks for.
        """
        initial, known = list(self.lifecycle.states).index(self.lifecycle.initial), list(promises)
        head = f"byte old = {initial}; byte now = {initial}; byte did = 0; byte by = 0;"
        past = [f"byte past{number} = 0;" for number in range(len(known))]
        body = ["active proctype record() {", "  do", *self._steps(known), "  od", "}"]
        return "\n".join([head, *past, *body, *formulas, ""])

    def shut_model(self, formulas: Iterable[str]) -> str:
        """Return the model of every walk from any state that leaves no end, with its formulas."""
        choice = [f"  :: d_step {{ begun = {n}; now = {n} }}" for n in self._numbers.values()]
        head = "byte old = 0; byte now = 0; byte did = 0; byte by = 0; byte begun = 255;"
        ends = frozenset(name for name, state in self.lifecycle.states.items() if state.final)
        body = ["active proctype record() {", "  if", *choice, "  fi;", "  do"]
        return "\n".join([head, *body, *self._steps((), ends), "  od", "}", *formulas, ""])

    @property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.lifecycle.states)}

    def _steps(
        self, promises: Iterable[object], shut: frozenset[str] = frozenset()
    ) -> Iterator[str]:
        yield "  :: false -> skip"
        numbers, known = self._numbers, list(enumerate(promises))
        for name, state in self.lifecycle.states.items():
            for step in state.transitions if name not in shut else ():
                past = "".join(self._remembered(n, promise, name, step) for n, promise in known)
                for role in step.by:
                    moved = f"old = now; now = {numbers[step.to]}"
                    done = f"did = {self.triggers[step.trigger]}; by = {self.roles[role]}"
                    yield f"  :: d_step {{ now == {numbers[name]} -> {past}{moved}; {done} }}"

    def _remembered(self, number: int, promise: object, source: str, step: Transition) -> str:
        """Return what a step makes of the past that a promise asks for."""
        match promise:
            case NeverFollowedBy(where=where) if source in self.states(where):
                return f"past{number} = 1; "
            case NeverEnteredWithoutSteps(where=where, triggers=triggers):
                inside = self.states(where)
                if source in inside and step.to not in inside:
                    return f"past{number} = 0; "
                places = [n for n, trigger in enumerate(triggers) if trigger == step.trigger]
                return "".join(
                    f"past{number} = (past{number} == {n} -> {n + 1} : past{number}); "
                    for n in reversed(places)
                )
            case _:
                return ""

    def states(self, where: StateSet) -> frozenset[str]:
        """Return the states that a promise speaks of."""
        return frozenset(
            name
            for name, state in self.lifecycle.states.items()
            if name == where.state
            or (where.ledger and state.counts_as.get(where.ledger) == where.counts)
        )

    def inside(self, where: StateSet, place: str = "now") -> str:
        """Return that a record stands, or stood, in one of some states."""
        return _any_of(place, [self._numbers[name] for name in sorted(self.states(where))])

    def entered(self, where: StateSet) -> str:
        """Return that the last step came into some states from outside them."""
        return f"({self.inside(where)} && !{self.inside(where, 'old')})"

    def done(self, trigger: str) -> str:
        """Return that the last step was this one."""
        return f"(did == {self.triggers.get(trigger, 255)})"

    def by_one_of(self, roles: Iterable[str]) -> str:
        """Return that one of some roles took the last step."""
        return _any_of("by", [self.roles[role] for role in roles if role in self.roles])


def _any_of(place: str, numbers: Iterable[int]) -> str:
    cases = " || ".join(f"{place} == {number}" for number in numbers)
    return f"({cases or 'false'})"


def formula_of(model: Promela, promise: object, number: int) -> str | None:
    """Return a guarantee as LTL; None for one that is not of reachability and order.

    Args:
        model: The lifecycle in SPIN's words.
        promise: What the guarantee says.
        number: Its number among the promises of the model.
    """
    match promise:
        case OnlyEnteredBy(where=where, roles=roles):
            return f"[] !({model.entered(where)} && !{model.by_one_of(roles)})"
        case NeverDoneBy(trigger=trigger, roles=roles):
            return f"[] !({model.done(trigger)} && {model.by_one_of(roles)})"
        case NeverFollowedBy(later=later):
            return f"[] !(past{number} && {model.inside(later)})"
        case NeverEnteredWithoutSteps(where=where, triggers=triggers, since=None):
            return f"[] !({model.entered(where)} && past{number} < {len(triggers)})"
        case _:
            return None


@define(eq=False)
class Spin:
    """SPIN on one model: made into a program once, and asked of each formula by its name."""

    folder: Path

    def build(self, model: str) -> None:
        """Make a model's checker."""
        (self.folder / "model.pml").write_text(model, "utf-8")
        self._run("spin", "-a", "model.pml")
        self._run("gcc", "-w", "-O0", "-DNOREDUCE", "-o", "pan", "pan.c")

    def holds(self, name: str) -> bool:
        """Say whether a formula holds on every walk.

        Raises:
            RuntimeError: SPIN says nothing of it.
        """
        said = self._run("./pan", "-a", "-E", "-m100000", "-N", name)
        found = ERRORS.search(said)
        if found is None or "error: max search depth" in said:
            raise RuntimeError(said)
        return found[1] == "0"

    def _run(self, *command: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own words
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout


def verdicts_of_spin(lifecycle: Lifecycle, folder: Path) -> dict[str, bool]:
    """Return by sentence whether SPIN finds each guarantee of reachability and order to hold."""
    model, spin = Promela(lifecycle), Spin(folder)
    promises = {guarantee.that: guarantee.promise for guarantee in lifecycle.guarantees}
    formulas: dict[str, str] = {}
    for number, (that, promise) in enumerate(promises.items()):
        formula = formula_of(model, promise, number)
        if formula is not None:
            formulas[that] = formula
    places = {n: f"[] !(now == {n})" for n in range(len(lifecycle.states))}
    named = [f"ltl g{n} {{ {text} }}" for n, text in enumerate(formulas.values())]
    named += [f"ltl at{n} {{ {text} }}" for n, text in places.items()]
    spin.build(model.model(named, promises.values()))
    verdicts = {that: spin.holds(f"g{n}") for n, that in enumerate(formulas)}
    stands = [n for n in places if not spin.holds(f"at{n}")]
    goals = {t: p.where for t, p in promises.items() if isinstance(p, AlwaysReachable)}
    return verdicts | _reached(model, spin, goals, stands)


def _reached(
    model: Promela, spin: Spin, goals: dict[str, StateSet], stands: list[int]
) -> dict[str, bool]:
    """Return whether each goal can be reached from wherever a record can stand that is no end."""
    states = list(model.lifecycle.states.values())
    waiting = [number for number in stands if not states[number].final]
    named = [
        f"ltl r{goal}_{n} {{ [] !(begun == {n} && {model.inside(where)}) }}"
        for goal, where in enumerate(goals.values())
        for n in waiting
    ]
    if named:
        spin.build(model.shut_model(named))
    return {
        that: all(not spin.holds(f"r{goal}_{n}") for n in waiting)
        for goal, that in enumerate(goals)
    }


def edits_of(lifecycle: Lifecycle, number: int) -> Iterator[Lifecycle]:
    """Yield so many edits of a lifecycle: a step dropped, led elsewhere, given away or added."""
    random = Random(str(lifecycle))
    people = [name for name in lifecycle.roles if name != SYSTEM]
    places = [(name, n) for name, s in lifecycle.states.items() for n in range(len(s.transitions))]
    for _ in range(number if places else 0):
        name, place = random.choice(places)
        state = lifecycle.states[name]
        step = state.transitions[place]
        target = random.choice(list(lifecycle.states))
        leap = Transition("leap", target, (people[0],), implements="leap", reopens=state.final)
        new: tuple[Transition, ...] = random.choice(
            [
                (),
                (evolve(step, to=target),),
                (evolve(step, by=(random.choice(people),), requires=()),),
                (step, leap),
            ]
        )
        steps = (*state.transitions[:place], *new, *state.transitions[place + 1 :])
        states = {**lifecycle.states, name: evolve(state, transitions=steps)}
        yield evolve(lifecycle, states=states)


def compare(lifecycle: Lifecycle) -> tuple[int, int, list[str]]:
    """Return how many guarantees both judge alike, how many hold, and where they differ."""
    with TemporaryDirectory() as folder:
        theirs = verdicts_of_spin(lifecycle, Path(folder))
    ours = {
        proof.guarantee.that: proof.verdict for proof in prove(lifecycle, national().vocabulary)
    }
    differs = [
        f"{lifecycle}: `{that}` is {ours[that]} here, and {'holds' if holds else 'breaks'} for SPIN"
        for that, holds in theirs.items()
        if (ours[that] == "proved") != holds
    ]
    return len(theirs) - len(differs), sum(theirs.values()), differs


def main(edits: int = EDITS) -> int:
    """Compare on every shipped lifecycle and its edits, print how often both agree, return a code.

    Args:
        edits: How many edits of each lifecycle are judged.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.stdout.write(f"not judged: {' and '.join(missing)} must be installed, as by\n")
        sys.stdout.write("    apt-get install spin gcc\n")
        return 0
    totals = [0, 0, 0]
    for lifecycle in national().lifecycles:
        for kind, rules in (
            ("as shipped", [lifecycle]),
            (f"{edits} edits", list(edits_of(lifecycle, edits))),
        ):
            results = [compare(each) for each in rules]
            agreed = sum(agree for agree, _, _ in results)
            hold = sum(holding for _, holding, _ in results)
            differs = [line for _, _, lines in results for line in lines]
            total = agreed + len(differs)
            totals = [totals[0] + agreed, totals[1] + total, totals[2] + hold]
            sys.stdout.write(f"{lifecycle}, {kind}: {agreed} of {total} alike, {hold} hold\n")
            sys.stdout.writelines(f"  {line}\n" for line in differs)
            sys.stdout.flush()
    agreed, total, hold = totals
    sys.stdout.write(f"SPIN and peelflow agree on {agreed} of {total}; {hold} hold\n")
    return int(agreed < total)


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
