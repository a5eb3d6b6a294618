"""A force's own ledgers, parents and documents stop nobody else, whatever its files say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.model.decisions import Refused
from peelflow.model.requirements import Evidence, atoms_of
from peelflow.model.rules import SYSTEM
from peelflow.register.register import Register
from peelflow.rulebook.national import examine, load, national
from peelflow.rulebook.rulebook import Rulebook, national_ledgers
from tests.builders.force import (
    FORCE,
    HMICFRS,
    KIND,
    KINDS,
    LIAISON,
    Kind,
    World,
    actor,
    clock,
)
from tests.builders.own import NATIONAL_FILES, Plain, add_step, write_own, write_programme

PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}
ROLES = national().vocabulary.roles
FAMILIES = [
    (parent, child)
    for parent in KINDS
    for child in KINDS
    if child.category in national().vocabulary.categories[parent.category].children
]


def world_of(rules: Rulebook) -> World:
    """Open a register in memory with its people appointed."""
    return World(Register.open("memory:", rulebook=rules, clock=clock)).settle_in()


@cache
def own_rules(seed: int) -> Rulebook:
    """Return rules whose every lifecycle counts anyhow on the force's own ledger."""
    random = Random(seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for lifecycle, plain in NATIONAL_FILES.items():
            said = {state: random.choice(["open", "closed", ""]) for state in plain["states"]}
            write_own(folder, lifecycle, counts={s: how for s, how in said.items() if how})
        write_programme(folder)
        return load(folder)


def programme(world: World) -> str:
    """Add a programme of the force."""
    said: dict[str, Any] = {"category": "programme", "force": FORCE, "issued": world.day}
    world.register.add("programme", actor=LIAISON, **said)
    return "programme"


def test_national_ledgers_are_those_of_national_files() -> None:
    """Whatever a force's own files count on; no category of its own has any."""
    ledgers = national_ledgers(own_rules(0))
    assert ledgers["recommendation"] == {"portal", "force", "section_55"}
    assert "programme" not in ledgers
    assert national_ledgers(national()) == ledgers


def test_rules_without_a_base_are_national_to_those_put_on_top(tmp_path: Path) -> None:
    """Whoever brings a base of his own says with it what is national."""
    write_programme(tmp_path)
    base = load(tmp_path, base=national())
    assert base.own == ("programme@1",)
    assert national_ledgers(Rulebook(base.lifecycles, base.vocabulary))["programme"] >= {"office"}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_what_others_do_nationally_no_ledger_of_the_force_stops(data: st.DataObject) -> None:
    """The same life twice, under national rules and under the force's: theirs is done in both."""
    own = world_of(own_rules(data.draw(st.integers(0, 2))))
    plain = world_of(national())
    parent, child = data.draw(st.sampled_from(FAMILIES))
    above = {"parent": programme(own)} if data.draw(st.booleans()) and _held(parent) else {}
    first = own.add(parent, **above), plain.add(parent)
    second = own.add(child, parent=first[0]), plain.add(child, parent=first[1])
    for _ in range(data.draw(st.integers(3, 14))):
        if above and data.draw(st.sampled_from([True, False, False])):
            _try(own, "programme", own.ways_out("programme")[0].trigger, "liaison_officer")
        mine, theirs = data.draw(st.sampled_from([first, second]))
        steps = [(way, role) for way in plain.ways_out(theirs) for role in way.by if role != SYSTEM]
        if not steps:
            continue
        rule, role = data.draw(st.sampled_from(steps))
        for world in (own, plain):
            world.later()
        done = _try(own, mine, rule.trigger, role)
        if not done and ROLES[role].side == "force":
            continue
        also = _try(plain, theirs, rule.trigger, role)
        event(f"{'theirs' if ROLES[role].side != 'force' else 'ours'} {also}")
        assert done == also, (mine, rule.trigger, role)
    assert own.register.verify() == ()


def _held(kind: Kind) -> bool:
    held = own_rules(0).vocabulary.categories["programme"].children
    return kind.category in held


def _try(world: World, record: str, trigger: str, role: str) -> bool:
    """Do a step with all it needs; whether it was let through, as `why` says too."""
    rule = next(way for way in world.ways_out(record) if way.trigger == trigger and role in way.by)
    given_: dict[str, Any] = world.means(rule)
    said = {**PORTAL, **given_} if role == "hmicfrs" else given_
    why = world.register.why(record, trigger, actor=actor(role), on=world.day, **said)
    if why is None:
        world.fire(record, trigger, role, **given_)
        return True
    with pytest.raises(Refused) as refused:
        world.fire(record, trigger, role, **given_)
    assert why == refused.value.refusal
    return False


def family(folder: Path, **counts: dict[str, str]) -> World:
    """Return a world in which causes of concern and level 3 count so on the force's ledger."""
    for name, said in counts.items():
        write_own(folder, name.replace("_", "-"), counts=said)
    return world_of(load(folder))


ENDS = ("closed", "superseded", "not_applicable", "no_action")
OVER = {
    **dict.fromkeys(("open", "in_progress", "actions_complete"), "closed"),
    **dict.fromkeys(ENDS, "closed"),
}
UNDER = {"open": "open", "in_progress": "open", "self_certified": "closed"}


@pytest.mark.parametrize("trigger", ["refuse", "decline"])
def test_a_parent_closed_on_an_own_ledger_refuses_no_sending_back(
    tmp_path: Path, trigger: str
) -> None:
    """The child comes to count open there again; the force's own step to it is refused."""
    world = family(tmp_path, cause_of_concern={"in_progress": "closed"}, level_3=UNDER)
    parent = world.add(KIND["cause-of-concern"])
    child = world.add(KIND["level-3"], parent=parent)
    world.step(child, "start")
    if trigger == "decline":
        world.step(child, "propose_not_applicable")
    else:
        world.step(child, "self_certify")
    world.step(parent, "start") if trigger == "refuse" else None
    world.step(child, trigger)
    assert world.register.record(child).state == "in_progress"
    if trigger == "decline":
        world.step(child, "propose_not_applicable")
        world.step(parent, "start")
        with pytest.raises(Refused, match=f"its parent {parent} counts closed on office"):
            world.step(child, "withdraw")


def test_an_answer_open_on_an_own_ledger_blocks_no_publication(tmp_path: Path) -> None:
    """`children` on a step of theirs speaks of national ledgers alone."""
    write_own(tmp_path, "section-55-answer", counts={"action_taken": "open"})
    write_own(tmp_path, "section-55", counts={"published": "closed"})
    world = world_of(load(tmp_path))
    response = world.add(KIND["section-55"])
    answer = world.add(KIND["section-55-answer"], parent=response)
    world.step(answer, "say_taken")
    world.step(response, "set_date")
    world.step(response, "comment")
    route = world.register.route(response, to="closed", ledger="section_55", on=world.day)
    assert [step.before for step in route.steps] == [(), (), ()]
    world.step(response, "publish")
    assert world.register.record(response).state == "published"


def test_what_follows_an_act_of_theirs_by_itself_stops_it_no_more(tmp_path: Path) -> None:
    """A step of peelflow's own in a force's file is as free as the act that led to it."""

    def noted(own: Plain) -> None:
        own["states"]["reviewed"] = {
            "counts_as": {"portal": "open", "office": "open"},
            "stands_for": "in_progress",
            "transitions": dict(own["states"]["in_progress"]["transitions"]),
        }
        for name in ("proposed_superseded", "proposed_not_applicable", "proposed_no_action"):
            steps = own["states"][name]["transitions"]
            steps["decline"] = {**steps["decline"], "to": "declined"}
        own["states"]["declined"] = {
            "counts_as": {"portal": "open"},
            "stands_for": "in_progress",
            "transitions": {
                **own["states"]["in_progress"]["transitions"],
                "note": {"to": "reviewed", "by": ["system"]},
            },
        }

    write_own(tmp_path, "level-2", change=noted)
    write_own(tmp_path, "cause-of-concern", counts={"in_progress": "closed"})
    # Loading refuses a step of the system's in a force's file; kept rules may have one.
    world = world_of(examine(tmp_path).rulebook)
    parent = world.add(KIND["cause-of-concern"])
    child = world.add(KIND["level-2"], parent=parent)
    world.step(parent, "start")
    world.step(child, "propose_not_applicable")
    world.step(child, "decline")
    assert world.register.record(child).state == "reviewed"


def test_an_own_parent_stops_no_act_of_theirs(tmp_path: Path) -> None:
    """It binds the force alone: HMICFRS re-opens beneath a programme that is done."""
    write_programme(tmp_path)
    write_own(tmp_path, "level-2", counts={"in_progress": "open", "closed": "closed"})
    world = world_of(load(tmp_path))
    above = programme(world)
    child = world.add(KIND["level-2"], parent=above)
    world.step(child, "start")
    world.step(child, "close", "chief_constable")
    world.fire(above, "finish", "liaison_officer")
    assert (
        world.register.why(
            child, "reopen", actor=HMICFRS, on=world.later(), reason="so", source="portal"
        )
        is None
    )
    world.step(child, "reopen")
    assert world.register.record(child).state == "in_progress"
    world.step(child, "close", "chief_constable")


def test_an_own_parent_that_counts_on_a_national_ledger_stops_none_either(tmp_path: Path) -> None:
    """Loading refuses such a file, or will; kept rules may have it. The force itself is stopped."""
    write_programme(tmp_path)
    words = (tmp_path / "programme.yaml").read_text("utf-8").replace("office:", "portal:")
    (tmp_path / "programme.yaml").write_text(words, "utf-8")
    world = world_of(examine(tmp_path).rulebook)
    above = programme(world)
    child = world.add(KIND["level-2"], parent=above)
    world.step(child, "start")
    with pytest.raises(Refused, match=f"not closed yet: {child}"):
        world.fire(above, "finish", "liaison_officer")
    world.step(child, "close", "chief_constable")
    world.fire(above, "finish", "liaison_officer")
    route = world.register.route(child, to="open", on=world.day)
    assert [(step.trigger, step.before) for step in route.steps] == [("reopen", ())]
    world.step(child, "reopen")
    world.add(KIND["level-2"], parent=above)
    number = world.register.record(child).number
    told: dict[str, Any] = {"on": world.day, "reason": "a slip", **PORTAL}
    world.register.correct(child, number, correction="void", actor=HMICFRS, **told)
    world.register.correct(child, number + 1, correction="void", actor=HMICFRS, **told)
    assert world.register.record(child).state == "in_progress"


def steps_of_theirs() -> Iterator[tuple[str, str, str, str]]:
    """Yield each national step that others take with a document: where, what, and which kind."""
    for rules in national().lifecycles:
        for name, state in rules.states.items():
            for rule in state.transitions:
                kinds = [a.evidence for a in atoms_of(rule.requires) if isinstance(a, Evidence)]
                if kinds and any(rules.roles[role].side != "force" for role in rule.by):
                    yield rules.name, name, rule.trigger, kinds[0]


THEIRS = tuple(steps_of_theirs())


def test_a_document_is_asked_of_others_at_two_steps() -> None:
    """Each is tried below."""
    assert THEIRS == (
        ("section-55", "commissioned", "publish", "response"),
        ("section-55", "commented", "publish", "response"),
    )


@pytest.mark.parametrize(("lifecycle", "state", "trigger", "kind"), THEIRS)
def test_an_own_step_spends_no_document_of_theirs(
    tmp_path: Path, lifecycle: str, state: str, trigger: str, kind: str
) -> None:
    """Offered with it or attached before: theirs finds it fresh, and only then is it used up."""

    def logging(own: Plain) -> None:
        add_step(own, state, "log", to=state, by=["lead"], requires=[{"evidence": kind}])

    write_own(tmp_path, lifecycle, change=logging)
    world = world_of(load(tmp_path))
    record = ready(world, state)
    document = world.letter(kind=kind)
    world.fire(record, "log", "lead", evidence=[document])
    with pytest.raises(Refused, match="already counted"):
        world.fire(record, "log", "lead", evidence=[document])
    route = world.register.route(record, to="published", on=world.day)
    assert document.name in str(route)
    world.fire(record, trigger, "pcc", reason="it did not come")
    now = world.register.record(record)
    assert now.state == "published"
    assert now.spent_for[document.digest] == ("", "publish")
    assert world.register.verify() == ()


def ready(world: World, state: str) -> str:
    """Return a response, answered, in a state from which it can be published."""
    record = world.add(KIND["section-55"])
    answer = world.add(KIND["section-55-answer"], parent=record)
    world.step(answer, "say_taken")
    world.step(record, "set_date")
    if state == "commented":
        letters = [world.letter(kind="comments"), world.letter(kind="response")]
        world.fire(record, "comment", "chief_constable", evidence=letters)
    return record


def test_a_tightened_step_of_the_force_spends_no_document_of_theirs(tmp_path: Path) -> None:
    """The chief officer's comments ask for the response too; the PCC publishes that very one."""

    def tightened(own: Plain) -> None:
        comment = own["states"]["commissioned"]["transitions"]["comment"]
        comment["requires"].append({"evidence": "response"})

    write_own(tmp_path, "section-55", change=tightened)
    world = world_of(load(tmp_path))
    record = ready(world, "commissioned")
    letters = [world.letter(kind="comments"), world.letter(kind="response")]
    world.fire(record, "comment", "chief_constable", evidence=letters)
    world.fire(record, "publish", "pcc", evidence=letters[1:])
    assert world.register.record(record).spent_for[letters[1].digest] == ("comment", "publish")


def test_theirs_counts_a_document_once(tmp_path: Path) -> None:
    """A second publication needs another response, under national and own rules alike."""
    write_own(tmp_path, "section-55")
    for rules in (national(), load(tmp_path)):
        world = world_of(rules)
        record = ready(world, "commented")
        document = world.letter(kind="response")
        world.fire(record, "publish", "pcc", evidence=[document])
        for trigger in ("copy_to_hmicfrs", "copy_to_secretary_of_state", "reopen", "set_date"):
            world.step(record, trigger)
        with pytest.raises(Refused, match="already counted"):
            world.fire(record, "publish", "pcc", evidence=[document], reason="late")


def test_the_force_counts_a_document_once_but_for_its_own_steps(tmp_path: Path) -> None:
    """A letter that the panel read is the letter by which the record is closed."""

    def read(own: Plain) -> None:
        add_step(own, "in_progress", "read", to="in_progress", by=["lead"], requires=LETTER)

    write_own(tmp_path, "level-2", change=read)
    world = world_of(load(tmp_path))
    record = world.add(KIND["level-2"])
    world.step(record, "start")
    letter = world.letter()
    world.fire(record, "read", "lead", evidence=[letter])
    world.fire(record, "close", "chief_constable", evidence=[letter])
    world.step(record, "reopen")
    for trigger, role in (("close", "chief_constable"), ("read", "lead")):
        with pytest.raises(Refused, match="already counted"):
            world.fire(record, trigger, role, evidence=[letter])


LETTER = [{"evidence": "letter", "signed_by": ["chief_constable"]}]
