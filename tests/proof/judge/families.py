"""Families of two, and roles on other sides, walked with a whole register over the memory store.

The same acts are done under the force's rules and under the national ones: where HMICFRS or the PCC
may act nationally, beside a parent or a child that stands somewhere, they may here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import cache
from itertools import product
from typing import NamedTuple

from attrs import evolve

from peelflow.errors import PeelflowError
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.model.rules import Lifecycle, MigrationPlan, Transition
from peelflow.register.register import Register
from peelflow.rulebook.national import national, relevelling_plans
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import FORCE, HMICFRS, KIND, START, Kind, World, clock
from tests.proof.judge.judging import Folder
from tests.proof.judge.walks import Judgement

ISSUED = date(2023, 6, 1)
Path = tuple[str, ...]
FAMILIES = (
    ("cause-of-concern", "level-3"),
    ("cause-of-concern", "level-2"),
    ("section-55", "section-55-answer"),
)


class Script(NamedTuple):
    """What is done with a parent and a child before anybody is asked.

    Attributes:
        parent: The steps of the parent.
        child: The steps of the child.
        child_first: Whether the child's come first.
    """

    parent: Path
    child: Path
    child_first: bool

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Return the steps in order, each with whose it is."""
        parent = tuple(("parent", trigger) for trigger in self.parent)
        child = tuple(("child", trigger) for trigger in self.child)
        return (*child, *parent) if self.child_first else (*parent, *child)


@cache
def paths(name: str) -> dict[str, Path]:
    """Return a shortest sequence of national steps to each state."""
    several = (each for each in national().lifecycles if each.name == name)
    rules = max(several, key=lambda each: each.version)
    found: dict[str, Path] = {rules.initial: ()}
    waiting = [rules.initial]
    while waiting:
        state = waiting.pop(0)
        for way in rules.states[state].transitions:
            if way.to not in found:
                found[way.to] = (*found[state], way.trigger)
                waiting.append(way.to)
    return found


@cache
def scripts(parent: str, child: str) -> tuple[Script, ...]:
    """Return the scripts by which a family comes to stand somewhere."""
    return tuple(
        Script(first, second, child_first)
        for first, second in product(paths(parent).values(), paths(child).values())
        for child_first in ((True, False) if first and second else (False,))
    )


class Acted(NamedTuple):
    """Whom an act was asked of, what it was, and whether it was accepted."""

    whose: str
    trigger: str
    accepted: bool


def family_judgement(folder: Folder, parent: Kind, child: Kind, *, every: int = 1) -> Judgement:
    """Say whether somebody's act is refused beside a parent or child under the folder's rules."""
    rulebook = folder.rulebook
    for script in scripts(parent.name, child.name)[::every]:
        lawful = _nationally(parent, child, script)
        if lawful is None:
            continue
        done = _played(rulebook, parent, child, script)
        if done is None:
            continue
        for act, here in zip(lawful, done, strict=False):
            if act.accepted and not here.accepted:
                sentence = f"`{act.trigger}` of the {act.whose} is refused here"
                return Judgement("obstructs", sentence, tuple(t for _, t in script.steps))
    return Judgement("keeps")


@cache
def _nationally(parent: Kind, child: Kind, script: Script) -> tuple[Acted, ...] | None:
    return _played(national(), parent, child, script)


def _played(
    rulebook: Rulebook, parent: Kind, child: Kind, script: Script
) -> tuple[Acted, ...] | None:
    """Return what the others' acts come to after a script, None where the force cannot do it."""
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        world = World(register, ISSUED).settle_in()
        records = {"parent": world.add(parent)}
        try:
            records["child"] = world.add(child, parent=records["parent"])
        except Refused:
            return (Acted("child", "add", accepted=False),)
        acts = [Acted("child", "add", accepted=True)]
        for whose, trigger in script.steps:
            rule = _national_rule(world, records[whose], trigger)
            accepted = rule is not None and _fires(world, records[whose], rule)
            if rule is not None and _is_theirs(rule):
                acts.append(Acted(whose, trigger, accepted))
            if not accepted:
                return None if acts[-1].accepted else tuple(acts)
        acts += _asked(world, records)
        return tuple(acts)


def own_parent_judgement(folder: Folder, child: Kind) -> Judgement:
    """Say whether somebody's act on a child is refused for what a parent of the force's own is."""
    for steps, ends, child_first in product(
        paths(child.name).values(), ((), ("finish",)), (True, False)
    ):
        lawful, here = (
            _below_own(book, child, steps, ends, child_first=child_first)
            for book in (None, folder.rulebook)
        )
        for act, other in zip(lawful, here, strict=False):
            if act.accepted and not other.accepted:
                return Judgement("obstructs", f"`{act.trigger}` is refused here", (*steps, *ends))
    return Judgement("keeps")


def _below_own(
    rulebook: Rulebook | None, child: Kind, steps: Path, ends: Path, *, child_first: bool
) -> tuple[Acted, ...]:
    """Return what acts on a child come to below a record of the force's own; nationally, alone."""
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        world = World(register, ISSUED).settle_in()
        above = None
        if rulebook is not None:
            above = "our-own"
            lead = Actor("lead", "lead")
            register.add(
                above, category="our_action", force=FORCE, issued=world.later(), actor=lead
            )
        if not child_first:
            _end(world, above, ends)
        try:
            record = world.add(child, **({} if above is None else {"parent": above}))
        except Refused:
            return (Acted("child", "add", accepted=False),)
        acts = [Acted("child", "add", accepted=True)]
        for trigger in steps:
            rule = _national_rule(world, record, trigger)
            accepted = rule is not None and _fires(world, record, rule)
            if rule is not None and _is_theirs(rule):
                acts.append(Acted("child", trigger, accepted))
            if not accepted:
                return tuple(acts)
        if child_first:
            _end(world, above, ends)
        return (*acts, *_asked(world, {"child": record}))


def _end(world: World, record: str | None, steps: Path) -> None:
    for trigger in steps if record else ():
        with suppress(Refused):  # the force's own business
            world.fire(record or "", trigger, "lead", reason="done")


def _asked(world: World, records: dict[str, str]) -> Iterator[Acted]:
    for whose, record in records.items():
        for rule in _national_ways(world, record):
            if _is_theirs(rule):
                yield Acted(whose, rule.trigger, _may(world, record, rule))


def _national_ways(world: World, record: str) -> tuple[Transition, ...]:
    now = world.register.record(record)
    rules = world.register.lifecycle(now.lifecycle)
    nation = _nation(rules)
    return nation.states[rules.stands_for(now.state)].transitions


def _nation(rules: Lifecycle) -> Lifecycle:
    name = rules.refines or str(rules)
    return next(each for each in national().lifecycles if str(each) == name)


def _national_rule(world: World, record: str, trigger: str) -> Transition | None:
    ways = _national_ways(world, record)
    return next((way for way in ways if way.trigger == trigger), None)


def _is_theirs(rule: Transition) -> bool:
    return national().vocabulary.roles[rule.by[0]].side != "force"


def _fires(world: World, record: str, rule: Transition) -> bool:
    world.later()
    try:
        world.fire(record, rule.trigger, rule.by[0], **world.means(rule))
    except Refused:
        return False
    return True


def _may(world: World, record: str, rule: Transition) -> bool:
    world.later()
    means = world.means(rule)
    if rule.by[0] == "hmicfrs":
        means |= {"source": "portal", "recorded_by": "liaison-officer"}
    who = Actor(_person(rule.by[0]), rule.by[0])
    return world.register.why(record, rule.trigger, actor=who, on=world.day, **means) is None


def _person(role: str) -> str:
    return {"hmicfrs": "hmicfrs-portal", "pcc": "pcc-office"}.get(role, f"a {role}")


def inspection_judgement(folder: Folder) -> Judgement:
    """Say whether an inspection under the folder's rules verifies what it verifies nationally."""
    for state, steps in paths("inspection").items():
        if _verifies(national(), steps) and not _verifies(folder.rulebook, steps):
            return Judgement("obstructs", f"an inspection that is {state} verifies nothing", steps)
    return Judgement("keeps")


def _verifies(rulebook: Rulebook, steps: Path) -> bool:
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        world = World(register, ISSUED).settle_in()
        record = world.add(KIND["level-3"])
        for trigger in ("start", "self_certify"):
            world.step(record, trigger)
        inspection = world.inspect()
        for trigger in steps:
            rule = _national_rule(world, inspection, trigger)
            assert rule is not None
            world.fire(inspection, rule.trigger, rule.by[0], reason="as planned")
        refusal = register.why(
            record,
            "verify",
            actor=HMICFRS,
            on=world.day,
            inspection=inspection,
            source="portal",
            recorded_by="liaison-officer",
        )
        return refusal is None


def relevel_judgement(folder: Folder, old: str, new: str) -> Judgement:
    """Say whether HMICFRS moves a record to another level from wherever it may nationally."""
    for steps in paths(old).values():
        here, lawful = (
            _relevels(book, KIND[old], steps, relevelling_plans()[f"{old}-to-{new[-1]}"], ISSUED)
            for book in (folder.rulebook, national())
        )
        if lawful is not None and here is None:
            return Judgement("obstructs", "HMICFRS cannot move it", (*steps, f"to {new}"))
        if here != lawful:
            sentence = f"it stands in {here}, nationally in {lawful}"
            return Judgement("loosens", sentence, (*steps, f"to {new}"))
    return Judgement("keeps")


def plan_name_judgement(folder: Folder, plan: str) -> Judgement:
    """Say whether HMICFRS, asking for a national plan by its name, gets the national one."""
    old = plan.removesuffix(plan[-5:])
    for steps in paths(old).values():
        here, lawful = (
            _relevels(book, KIND[old], steps, plan, START) for book in (folder.rulebook, national())
        )
        if here != lawful:
            verdict = "obstructs" if here is None else "loosens"
            return Judgement(verdict, f"it stands in {here}, nationally in {lawful}", steps)
    return Judgement("keeps")


def _relevels(
    rulebook: Rulebook, kind: Kind, steps: Path, plan: MigrationPlan | str, issued: date
) -> str | None:
    """Return the national state that a record then stands in, None where it cannot be moved."""
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        world = World(register, issued).settle_in()
        record = world.add(kind)
        for trigger in steps:
            rule = _national_rule(world, record, trigger)
            assert rule is not None
            _fires(world, record, rule)
        try:
            register.relevel(
                record,
                plan=plan,
                actor=HMICFRS,
                on=world.day,
                reason="more is needed",
                recorded_by="liaison-officer",
                source="a letter",
            )
        except PeelflowError:
            return None
        now = register.record(record)
        return register.lifecycle(now.lifecycle).stands_for(now.state)


UNDONE = {
    "inspectorate": ("level-4", ("start", "support")),
    "oversight": ("section-55-answer", ("say_taken",)),
    "system": ("level-1", ()),
}
"""A record of each side's, and the steps that end with one of theirs."""


def role_judgement(folder: Folder) -> Judgement:
    """Say whether a role that the folder puts on another side undoes what that side did."""
    for name, role in folder.words.roles.items():
        known = national().vocabulary.roles.get(name)
        if known is None and role.side in UNDONE and _undoes(folder, name, role.side):
            return Judgement("loosens", f"`{name}` takes back an act of the {role.side}")
    return Judgement("keeps")


def _undoes(folder: Folder, role: str, side: str) -> bool:
    kind, steps = UNDONE[side]
    words = evolve(national(), vocabulary=folder.words)
    with Register.open("memory:", rulebook=words, clock=clock) as register:
        world = World(register, ISSUED).settle_in()
        record = world.add(KIND[kind])
        for trigger in steps:
            world.step(record, trigger)
        number = register.history(record)[-1].number
        who = Actor("whoever it is", role)
        world.later()
        try:
            register.correct(
                record,
                number,
                correction="void",
                actor=who,
                reason="it was not so",
                recorded_by="liaison-officer",
                source="a letter",
                on=world.day,
            )
        except PeelflowError:
            return False
    return True
