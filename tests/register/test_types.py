"""Whatever is given for whatever is asked, the answer is an error of ours, in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from peelflow import Actor, InvalidRequest, PeelflowError, Register
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement
from peelflow.portfolio.overdue import overdue
from peelflow.portfolio.plan import inspection_plan
from tests.builders.force import HMICFRS, KINDS, LIAISON, new_world

DAY, LATER = date(2022, 6, 1), date(2025, 1, 1)
WRONG: dict[str, Any] = {
    "number": 3,
    "half": 1.5,
    "truth": True,
    "moment": datetime(2022, 6, 1, 3, tzinfo=UTC),
    "bytes": b"x",
    "list": ["x"],
    "mapping": {"a": 1},
    "thing": object(),
}
_TYPED: dict[str, Any] = {"recorded_by": "clerk", "source": "portal", "key": "k"}
_NEW: dict[str, Any] = {
    "record": "N",
    "category": "afi",
    "level": 2,
    "force": "wmp",
    "issued": DAY,
    "fields": {"owner": "a"},
    "parent": None,
    **_TYPED,
}
VERBS: dict[str, dict[str, Any]] = {
    "add": {**_NEW, "actor": HMICFRS},
    "take_over": {**_NEW, "actor": LIAISON, "state": "open", "on": DAY, "reason": "r"},
    "fire": {
        "record": "R",
        "trigger": "start",
        "actor": LIAISON,
        "on": LATER,
        "reason": "r",
        "evidence": [],
        **_TYPED,
    },
    "why": {"record": "R", "trigger": "start", "actor": LIAISON, "on": LATER, "evidence": []},
    "route": {"record": "R", "to": "closed", "ledger": "portal", "on": LATER},
    "amend": {
        "record": "R",
        "field": "owner",
        "new": "z",
        "actor": LIAISON,
        "on": LATER,
        "reason": "r",
        **_TYPED,
    },
    "attach": {"record": "R", "document": "LETTER", "actor": LIAISON, "on": LATER, **_TYPED},
    "appoint": {
        "person": "p",
        "role": "lead",
        "force": "wmp",
        "first_day": DAY,
        "last_day": LATER,
        "actor": LIAISON,
        **_TYPED,
    },
    "correct": {
        "record": "R",
        "event": 1,
        "correction": "void",
        "actor": HMICFRS,
        "on": LATER,
        "reason": "r",
        **_TYPED,
    },
    "relevel": {
        "record": "R",
        "plan": "level-2-to-3",
        "actor": HMICFRS,
        "on": LATER,
        "reason": "r",
        **_TYPED,
    },
    "keep": {"content": b"x", "kind": "letter", "name": "n", "signed_by": "p", "signed_on": DAY},
    "document": {"digest": "d" * 64},
    "record": {"record": "R"},
    "history": {"record": "R"},
    "deadline": {"record": "R"},
    "records": {
        "force": "wmp",
        "category": "afi",
        "state": "open",
        "parent": "R",
        "counts": "open",
    },
    "figures": {"as_at": DAY, "force": "wmp", "ledger": "portal"},
    "tick": {"on": DAY},
    "fire_many": {"acts": []},
    "preview": {"plan": "level-2-to-3", "on": DAY},
    "migrate": {"plan": "level-2-to-3", "actor": LIAISON, "on": DAY, "reason": "r"},
}
FITS = {bytes: "bytes", int: "number"}
CASES = [
    pytest.param(verb, name, wrong, id=f"{verb}-{name}-{wrong}")
    for verb, asked in VERBS.items()
    for name, good in asked.items()
    for wrong in WRONG
    if wrong != FITS.get(type(good))
]


@pytest.fixture(scope="module")
def asking() -> Callable[..., object]:
    """Ask a verb of a register whose record is `R`; what is refused leaves it as it is."""
    world = new_world()
    letter = world.register.keep(b"x", kind="letter", name="n")
    known = {"R": world.add(KINDS[1]), "LETTER": letter}

    def ask(verb: str, **asked: Any) -> object:
        given = {
            name: known.get(value, value) if isinstance(value, str) else value
            for name, value in {**VERBS[verb], **asked}.items()
        }
        return getattr(world.register, verb)(**given)

    return ask


@pytest.mark.parametrize(("verb", "name", "wrong"), CASES)
def test_another_type_is_refused(
    asking: Callable[..., object], verb: str, name: str, wrong: str
) -> None:
    """Nothing ends in an error of Python's, and nothing that cannot be meant succeeds."""
    with pytest.raises(PeelflowError):
        asking(verb, **{name: WRONG[wrong]})


@pytest.mark.parametrize(
    ("verb", "asked", "said"),
    [
        ("fire", {"actor": "x"}, "the actor 'x': is no Actor; give Actor(person, role)"),
        ("fire", {"actor": Actor("a", WRONG["list"])}, "the role: is ['x'], which is no text"),
        ("fire", {"evidence": "x"}, "the evidence 'x': is no list of documents; give a list"),
        (
            "fire",
            {"evidence": ["x"]},
            "the document 'x': is no Document; give what `keep` returned",
        ),
        ("fire", {"on": "2023-03-30"}, "is no datetime.date; give one, such as date(2023, 3, 30)"),
        ("fire", {"evidence": None}, "the evidence None: is no list of documents"),
        ("attach", {"document": "x"}, "the document 'x': is no Document"),
        ("appoint", {"last_day": "2023-03-30"}, "is no datetime.date"),
        ("appoint", {"first_day": "2023-03-30"}, "is no datetime.date"),
        ("take_over", {"issued": "2022-06-01"}, "is no datetime.date"),
        ("amend", {"new": WRONG["moment"]}, "is a moment; give a datetime.date, without the time"),
        ("add", {"fields": "x"}, "what the fields say, 'x': is no Mapping; give a dict"),
        ("add", {"level": "2"}, "the level '2': is no level"),
        ("figures", {"as_at": "2023-03-30"}, "is no datetime.date"),
        ("keep", {"signed_on": "2023-03-30"}, "is no datetime.date"),
        ("keep", {"content": "x"}, "the content 'x': is no bytes; give a file's bytes"),
        ("preview", {"on": "2023-03-30"}, "is no datetime.date"),
        ("relevel", {"plan": 3}, "the plan 3: is no MigrationPlan; give one, or its name"),
        ("fire_many", {"acts": 3}, "what is to be done, 3: is no Iterable; give pairs"),
        ("fire_many", {"acts": ["x"]}, "the act 'x': is no act on a record; give a pair"),
        ("record", {"record": 3}, "what is asked by, 3: is no text"),
    ],
)
def test_what_to_give_instead_is_said(
    asking: Callable[..., object], verb: str, asked: dict[str, Any], said: str
) -> None:
    """In one sentence, which names what was given."""
    with pytest.raises(InvalidRequest) as refused:
        asking(verb, **asked)
    assert said in str(refused.value)


@pytest.mark.parametrize("day", ["2023-03-30", WRONG["moment"]])
@pytest.mark.parametrize("ask", [overdue, ages, inspection_plan])
def test_a_list_is_of_a_day(ask: Callable[..., object], day: Any) -> None:
    """A text would be compared with days; a moment has a time that no list has."""
    with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
        ask(new_world().register, day)


def test_a_movement_is_between_days() -> None:
    """Both of them."""
    text: Any = "2023-03-30"
    for days in ({"after": text, "until": DAY}, {"after": DAY, "until": text}):
        with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
            movement(new_world().register, **days)


def test_a_register_is_opened_by_a_text(tmp_path: Path) -> None:
    """A path is a file's name, not where a store is; a folder's name is no rulebook."""
    path: Any = tmp_path / "register.db"
    with pytest.raises(InvalidRequest, match="is no URL; write it as a text"):
        Register.open(path)
    rules: Any = "rules"
    with pytest.raises(InvalidRequest, match="the rulebook 'rules': is no Rulebook; give what"):
        Register.open("memory:", rulebook=rules)
    assert not path.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clock": DAY}, "is no function; give a function that returns the moment in UTC"),
        ({"account": "me"}, "is no function; give a function that returns who runs the program"),
        ({"predicates": [len]}, "is no Mapping; give a dict of functions by their names"),
        ({"predicates": {"agreed": True}}, "the predicate agreed True: is no function"),
        ({"documents": 3}, "the folder 3: is no path; give one, such as 'letters'"),
        ({"documents": b"letters"}, "the folder b'letters': is no path"),
        ({"documents": "a\0b"}, "cannot be written: "),
        ({"documents": "a\ud800"}, "cannot be written: "),
    ],
)
def test_what_a_register_is_opened_with_is_looked_at(given: dict[str, Any], said: str) -> None:
    """Before anything is asked of it."""
    with pytest.raises(InvalidRequest) as refused:
        Register.open("memory:", **given)
    assert said in str(refused.value)
