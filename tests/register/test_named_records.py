"""What a record names is not withdrawn: no correction has it so, and `verify` finds where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow import Actor, Register
from peelflow.errors import Unverified
from peelflow.model.decisions import Refused
from peelflow.register import corrections
from peelflow.stores.base import WriteBatch
from peelflow.stores.memory import MemoryStore

KIM = Actor("kim", "liaison_officer")
PORTAL: dict[str, Any] = {
    "actor": Actor("portal", "hmicfrs"),
    "recorded_by": "kim",
    "source": "portal",
}
Do = Callable[[Any], object]


def add(register: Register, record: str, force: str = "wmp", **fields: Any) -> None:
    """Add a recommendation, as the force says it."""
    said: dict[str, Any] = {"category": "recommendation", "level": 2, "force": force, "actor": KIM}
    register.add(record, issued=date(2023, 1, 9), fields={"owner": "lee", **fields}, **said)


def withdraw(register: Register, record: str) -> int:
    """Withdraw a record, and return the number of the event that did it."""
    made = register.correct(record, 1, correction="void", actor=KIM, reason="by mistake")
    return made.number


def propose(register: Register) -> None:
    """Propose that one record takes the place of another."""
    first = date(2023, 2, 1)
    register.fire(
        "R-1", "propose_superseded", actor=KIM, on=first, reason="as agreed", successor="R-2"
    )


def supersede(register: Register) -> None:
    """Close a record in favour of another."""
    propose(register)
    register.fire("R-1", "accept_superseded", on=date(2023, 3, 1), **PORTAL)


def amend(register: Register, report: str = "REP") -> int:
    """Have a record be of a report, and return the number of the event."""
    made = register.amend("R-1", "source_report", report, actor=KIM, reason="left out")
    return made.number


def reopen(register: Register) -> int:
    """Open a record again, and return the number of the event."""
    made = register.fire("R-1", "reopen", on=date(2023, 3, 2), reason="not done", **PORTAL)
    return made.number


@pytest.fixture
def register() -> Iterator[Register]:
    """Give a register with two records and two reports."""
    with Register.open("memory:") as opened:
        for record in ("R-1", "R-2"):
            add(opened, record)
        for report in ("REP", "REP-2"):
            fields = {"title": "PEEL", "kind": "force"}
            said: dict[str, Any] = {"category": "report", "force": "wmp", "level": None}
            opened.add(report, issued=date(2022, 12, 16), fields=fields, actor=KIM, **said)
        yield opened


def keep_whatever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a store look at nothing that was read or listed, as none of before listed anything."""
    append = MemoryStore.append

    def kept(store: MemoryStore, batch: WriteBatch) -> None:
        append(store, evolve(batch, read_set={}, listings={}))

    monkeypatch.setattr(MemoryStore, "append", kept)


NAMED: dict[str, tuple[Do, str, list[tuple[str, int, str]]]] = {
    "successor": (supersede, "R-2", [("R-1", 2, "its successor is R-2, which is withdrawn")]),
    "proposed": (propose, "R-2", [("R-1", 2, "its successor is R-2, which is withdrawn")]),
    "amended": (amend, "REP", [("R-1", 2, "its field `source_report` is REP, which is withdrawn")]),
    "added": (
        lambda register: add(register, "R-3", source_report="REP"),
        "REP",
        [("R-3", 1, "its field `source_report` is REP, which is withdrawn")],
    ),
}


@pytest.mark.parametrize("how", NAMED)
@pytest.mark.parametrize("order", ["withdrawn first", "named first"])
def test_what_names_a_withdrawn_record_is_found(
    register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str, order: str
) -> None:
    """S10: both were kept, by no verb or by two at once: it is found where it came to be named."""
    name, named, found = NAMED[how]
    acts: list[Do] = [lambda register: withdraw(register, named), name]
    decided, kept = acts if order == "named first" else reversed(acts)
    keep_whatever(monkeypatch)
    with register.batch() as second:
        decided(second)
        kept(register)

    assert [(each.record, each.event, each.sentence) for each in register.verify()] == found
    export = tmp_path / "export.jsonl"
    export.write_text("".join(f"{line}\n" for line in register.export()), "utf-8")
    with Register.open("memory:") as other, pytest.raises(Unverified):
        other.restore(export)


def back_from_withdrawal(register: Register) -> int:
    """Withdraw a record that names a report, and that; return what would have it back."""
    amend(register)
    number = withdraw(register, "R-1")
    withdraw(register, "REP")
    return number


def back_from_amendment(register: Register) -> int:
    """Have a record be of another report; return the number of what did it."""
    amend(register)
    number = amend(register, "REP-2")
    withdraw(register, "REP")
    return number


def back_from_reopening(register: Register) -> int:
    """Open a record again that was closed in favour of another; return the number of that."""
    supersede(register)
    number = reopen(register)
    withdraw(register, "R-2")
    return number


PATHS = {
    "withdrawn itself": (back_from_withdrawal, "REP", KIM, {}),
    "amended": (back_from_amendment, "REP", KIM, {}),
    "opened again": (back_from_reopening, "R-2", PORTAL["actor"], {**PORTAL}),
}


@pytest.mark.parametrize("path", PATHS)
def test_no_correction_names_again_what_was_withdrawn(register: Register, path: str) -> None:
    """What a record named lawfully once is not named again while it is withdrawn."""
    prepare, named, actor, more = PATHS[path]
    number, back = prepare(register), {"actor": actor, **more}
    with pytest.raises(Refused, match=f"would be {named}, which is withdrawn") as refused:
        register.correct("R-1", number, correction="void", reason="by mistake", **back)
    assert f"have {named} back" in str(refused.value)

    withdrawal = len(register.history(named))
    register.correct(named, withdrawal, correction="void", actor=KIM, reason="it is right")
    register.correct("R-1", number, correction="void", reason="by mistake", **back)
    assert register.verify() == ()


@pytest.mark.parametrize("path", PATHS)
def test_what_an_earlier_peelflow_corrected_so_is_not_found(
    register: Register, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """An earlier one let a correction name again what was withdrawn: that was honest."""
    prepare, _, actor, more = PATHS[path]
    number = prepare(register)
    monkeypatch.setattr(corrections, "check_brought_back", lambda *_: None)
    back = {"actor": actor, **more}
    register.correct("R-1", number, correction="void", reason="by mistake", **back)
    assert register.verify() == ()


def test_what_another_force_withdrew_without_seeing_who_names_it_is_not_found(
    tmp_path: Path,
) -> None:
    """A register for one force sees no record of another force that names its report."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    with Register.open(url) as whole:
        said: dict[str, Any] = {"category": "report", "force": "kent", "level": None, "actor": KIM}
        fields = {"title": "Regional", "kind": "force"}
        whole.add("REP", issued=date(2022, 12, 16), fields=fields, **said)
        add(whole, "R-1", source_report="REP")
        with Register.open(url, force="kent") as kent:
            withdraw(kent, "REP")
        assert whole.verify() == ()


@pytest.mark.parametrize(("named", "how"), [("REP", "source_report"), ("R-2", "successor")])
def test_a_record_bars_the_withdrawal_of_each_that_it_names(
    register: Register, named: str, how: str
) -> None:
    """What names two records is told of each as what it names that one."""
    supersede(register)
    amend(register)
    with pytest.raises(Refused) as refused:
        withdraw(register, named)
    sentences = [reason.sentence for reason in refused.value.reasons]
    assert sentences == [f"R-1 names it as its {how}"]
