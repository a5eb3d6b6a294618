"""The verbs that carry a register on, and many acts at once."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.tamper import fill
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Act, Refused
from peelflow.model.records import Added
from peelflow.register.register import Register
from tests.builders.force import CHIEF, KIND, LIAISON, World


def test_the_feed_gives_every_event_in_one_order(world: World) -> None:
    """S5: positions from 1 without a gap, and each record's events in order."""
    register = world.register
    placed = list(register.feed())

    assert [each.position for each in placed] == list(range(1, len(placed) + 1))
    told = [each.entry.event for each in placed]
    for record in register.records():
        assert [each for each in told if each.record == record.id] == list(
            register.history(record.id)
        )


def test_the_feed_goes_on_behind_a_position(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S5: whoever asks again with the last position sees what came since, and nothing twice."""
    monkeypatch.setattr("peelflow.register.reader.FEED_CHUNK", 2)
    register = world.register
    seen = list(register.feed())
    last = seen[-1].position
    assert list(register.feed(after=last)) == []
    register.appoint(
        "another", "lead", force="west-midlands", first_day=date(2023, 1, 1), actor=CHIEF
    )

    assert [each.position for each in register.feed(after=last)] == [last + 1]
    assert list(register.feed(after=1))[: len(seen) - 1] == seen[1:]


_CHANGES: dict[str, Callable[[Any], object]] = {
    "set": lambda fields: operator.setitem(fields, "owner", "thief"),
    "delete": lambda fields: operator.delitem(fields, "owner"),
    "merge": lambda fields: fields.__ior__({"owner": "thief"}),
    "clear": lambda fields: fields.clear(),
    "pop": lambda fields: fields.pop("owner"),
    "popitem": lambda fields: fields.popitem(),
    "setdefault": lambda fields: fields.setdefault("title", "x"),
    "update": lambda fields: fields.update(owner="thief"),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_no_result_lets_a_register_be_changed(world: World, name: str) -> None:
    """What was changed of a record that a register gave out, the next act kept as its own."""
    register = world.register
    record = world.add(KIND["level-2"], fields={"owner": "lead-1"})
    added = register.history(record)[0].what
    assert isinstance(added, Added)
    for fields in (register.record(record).fields, added.fields):
        with pytest.raises(TypeError, match="is changed by a verb, such as `amend`"):
            _CHANGES[name](fields)
    register.amend(record, "title", "x", reason="r", actor=LIAISON, on=world.later())
    assert register.record(record).fields["owner"] == "lead-1"
    assert register.verify() == ()


def test_a_record_is_pickled_and_copied_with_what_it_says(world: World) -> None:
    """And a copy of what it says can be changed."""
    record = world.register.record(world.add(KIND["level-2"], fields={"owner": "lead-1"}))
    for copied in (pickle.loads(pickle.dumps(record)), deepcopy(record)):  # noqa: S301 - our own
        assert copied == record
    assert {**record.fields, "owner": "lead-2"} == dict(record.fields) | {"owner": "lead-2"}


@pytest.mark.parametrize("position", [-1, 2**63, 10**30])
def test_what_is_no_position_is_refused(world: World, position: int) -> None:
    """Positions count from 1, and no database counts so far."""
    with pytest.raises(InvalidRequest, match="is no position; give a whole number, 0 or more"):
        list(world.register.feed(after=position))
    with pytest.raises(InvalidRequest, match="is no position"):
        world.register.figures(known=position)


@pytest.fixture
def register(tmp_path: Path) -> Register:
    """Two records, proposed as no longer applicable."""
    path = tmp_path / "register.db"
    fill(path, 2)
    return Register.open(f"sqlite:///{path}")


def _withdrawal(key: str | None = None) -> Act:
    return Act("withdraw", LIAISON, date(2023, 4, 1), "liaison-officer", key=key)


def test_many_acts_are_one_batch(register: Register) -> None:
    """S1: each sees those before it, and all of them are kept."""
    again = Act(
        "propose_not_applicable", LIAISON, date(2023, 4, 2), "liaison-officer", reason="after all"
    )
    events = register.fire_many(
        [("WMP-0000", _withdrawal(key="k1")), ("WMP-0001", _withdrawal()), ("WMP-0000", again)]
    )

    assert [(each.record, each.number) for each in events] == [
        ("WMP-0000", 6),
        ("WMP-0001", 6),
        ("WMP-0000", 7),
    ]
    assert register.record("WMP-0000").state == "proposed_not_applicable"


def test_one_refusal_refuses_all(register: Register) -> None:
    """S1: nothing of the batch is kept."""
    with pytest.raises(Refused):
        register.fire_many([("WMP-0000", _withdrawal()), ("WMP-0000", _withdrawal())])

    assert register.record("WMP-0000").number == 5


def test_no_acts_are_no_batch(register: Register) -> None:
    """Nothing asked for, nothing done."""
    assert register.fire_many([]) == ()


def test_a_restored_register_verifies_against_the_seal(register: Register, tmp_path: Path) -> None:
    """A seal holds for every copy, in whatever store it is kept."""
    sealed, heads = register.seal()
    exported = tmp_path / "register.jsonl"
    exported.write_text("\n".join(register.export()), "utf-8")
    told: list[int] = []

    with Register.open("memory:") as other:
        assert other.restore(exported, on_progress=told.append) == 10
        assert other.verify(sealed=sealed, heads=heads) == ()
        assert other.figures() == register.figures()
        assert list(other.records()) == list(register.records())
    assert told == [10]


def test_an_export_that_was_edited_is_not_taken_in(register: Register, tmp_path: Path) -> None:
    """It is checked whole before anything is kept."""
    exported = tmp_path / "register.jsonl"
    text = "\n".join(register.export())
    exported.write_text(text.replace("no longer ours", "no longer mine"), "utf-8")

    with Register.open("memory:") as other:
        with pytest.raises(InvalidRequest, match="event-changed"):
            other.restore(exported)
        assert list(other.feed()) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.jsonl", None, "is no file that can be read"),
        ("bytes.jsonl", b"\xff\xfe", "is no UTF-8 text"),
        ("empty.jsonl", b"", "was cut off"),
    ],
)
def test_what_is_no_export_is_refused(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    """In words, whatever lies there."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with Register.open("memory:") as register, pytest.raises(InvalidRequest, match=said):
        register.restore(tmp_path / name)


def test_a_file_that_cannot_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the system says."""
    (tmp_path / "e.jsonl").write_text("")

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with (
        Register.open("memory:") as register,
        pytest.raises(InvalidRequest, match="cannot be read: Permission denied"),
    ):
        register.restore(tmp_path / "e.jsonl")
