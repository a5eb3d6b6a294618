"""Forces in one store do not block each other: each has ids of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from peelflow import Joint, Register, national
from peelflow.errors import Conflict, InvalidRequest, KeyReused
from peelflow.model.decisions import Refused
from peelflow.model.records import Added, Amended, Corrected
from peelflow.portfolio.grouping import grouped_figures
from peelflow.register import commands, validation
from peelflow.register.as_at import each_as_at
from peelflow.register.entry import EntryValues
from peelflow.register.judgement import verify_register
from peelflow.stores.base import RecordQuery, Store, WriteBatch
from peelflow.stores.export import verify_export
from peelflow.stores.opening import open_store
from peelflow.stores.own_ids import renamed_event
from peelflow.testing.samples import events
from tests.builders.force import HMICFRS, LIAISON, START, clock
from tests.stores.conftest import url_of

KENT, ESSEX = "kent", "essex"
SAID: dict[str, Any] = {"actor": HMICFRS, "recorded_by": "liaison-officer", "source": "portal"}


@frozen
class Both:
    """Registers of two forces, and of all, on one store."""

    store: Store
    kent: Register
    essex: Register

    @property
    def whole(self) -> Register:
        """The register of every force, as it is opened now."""
        return Register(self.store, rulebook=national(), clock=clock)


@pytest.fixture(params=["memory", "sqlite", "sql-sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """Give registers on a store of each kind."""
    store = open_store(url_of(request.param, request, tmp_path))
    forces = (
        Register(store, rulebook=national(), clock=clock, force=force) for force in (KENT, ESSEX)
    )
    yield Both(store, *forces)
    store.close()


def add(register: Register, record: str, **more: Any) -> None:
    """Add a recommendation of the force that a register is opened for."""
    force = register.services.force
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": force, **more}
    register.add(record, issued=START, **SAID, fields={"owner": "lead"}, **said)


def check_whole(both: Both) -> None:
    """See that all fits for whoever looks at everything, and comes back from an export."""
    assert both.whole.verify() == ()
    lines = list(both.whole.export())
    assert list(verify_export(lines)) == []


def test_each_force_has_its_own_record_of_an_id(both: Both) -> None:
    """18.11: neither sees, moves or repeats the other's; the whole tells them apart."""
    for register in (both.kent, both.essex):
        add(register, "b-2")
        register.fire("b-2", "start", actor=LIAISON, on=START, key="k")
    first = both.essex.fire("b-2", "start", actor=LIAISON, on=START, key="k")
    both.essex.amend("b-2", "owner", "me", actor=LIAISON, on=START, reason="mine")

    assert both.kent.record("b-2").fields["owner"] == "lead"
    assert both.essex.record("b-2").fields["owner"] == "me"
    assert [record.id for record in both.essex.records()] == ["b-2"]
    assert [(event.record, event.number) for event in both.essex.history("b-2")] == [
        ("b-2", 1),
        ("b-2", 2),
        ("b-2", 3),
    ]
    assert first.number == 2
    assert [record.id for record in both.whole.records()] == ["b-2", "b-2 (of essex)"]
    assert both.essex.store.event_with_key("b-2", "none") is None
    entries = both.essex.store.last_events({"b-2": 2})
    assert [entry.event for entry in entries.values()] == [first]
    check_whole(both)


def test_a_force_s_store_tells_which_ids_are_taken_by_its_records(both: Both) -> None:
    """18.11: those of another force are free."""
    add(both.kent, "a")
    for register in (both.kent, both.essex):
        add(register, "b")
    add(both.essex, "c")

    both.essex.fire("b", "start", actor=LIAISON, on=START)
    for register, taken in ((both.kent, {"a": 1, "b": 1}), (both.essex, {"b": 2, "c": 1})):
        assert register.store.taken(["a", "b", "c", "d"]) == taken


def test_figures_as_known_count_the_records_of_own_ids(both: Both) -> None:
    """18.11: and lists as they were: a record is known by the id that its force gave it."""
    for register in (both.kent, both.essex):
        add(register, "b-2")
    known = both.essex.position()
    both.essex.fire("b-2", "start", actor=LIAISON, on=START)

    assert both.essex.store.last_numbers(known) == {"b-2": 1}
    assert both.whole.store.last_numbers(known) == {"b-2": 1, "b-2 (of essex)": 1}
    standing = each_as_at(both.essex.store, both.essex.records(), None, known)
    assert [(record.id, record.state) for record in standing] == [("b-2", "open")]


def test_a_family_of_own_ids_holds_together(both: Both) -> None:
    """18.11: parents, children and successors are the force's own, in one batch and after."""
    for register in (both.kent, both.essex):
        add(register, "parent", category="cause_of_concern", level=None)
        add(register, "child", parent="parent")
        add(register, "later", parent="parent")
    assert both.essex.record("parent").children == ("child", "later")
    assert both.essex.record("child").parent == "parent"
    listed = both.essex.store.records(RecordQuery(parent="parent"))
    assert [record.id for record in listed] == ["child", "later"]
    assert list(both.essex.store.records(RecordQuery(parent="none"))) == []
    assert both.whole.record("parent (of essex)").children == (
        "child (of essex)",
        "later (of essex)",
    )
    check_whole(both)


def add_report(register: Register, record: str, title: str = "It") -> None:
    """Add the record of a report."""
    fields: dict[str, Any] = {"title": title, "kind": "national", "published": START}
    force = register.services.force or KENT
    register.add(record, category="report", force=force, issued=START, fields=fields, **SAID)


def reported(register: Register, record: str, report: str, **more: Any) -> None:
    """Add a recommendation that names the record of its report."""
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "issued": START, **more}
    fields: dict[str, Any] = {"owner": "lead", "source_report": report}
    force = register.services.force or KENT
    register.add(record, force=force, fields=fields, **said, **SAID)


def test_a_field_names_the_forces_own_record(both: Both) -> None:
    """18.11: where another force has one of that id, whoever looks is told whose it is."""
    for register, title in ((both.kent, "of Kent"), (both.essex, "of Essex")):
        add_report(register, "REP", title)
        reported(register, "R-1", "REP")
        reported(register, f"{title}-2", "REP")
        add_report(register, "REP-2", title)
        register.amend("R-1", "source_report", "REP-2", key="k", reason="it is", **AMENDING)
        again = register.amend("R-1", "source_report", "REP-2", key="k", reason="it is", **AMENDING)
        assert again.what == register.history("R-1")[-1].what

    assert both.essex.record("R-1").fields["source_report"] == "REP-2"
    first, last = (event.what for event in both.essex.history("R-1"))
    assert isinstance(first, Added)
    assert first.fields["source_report"] == "REP"
    assert last == Amended("source_report", "REP", "REP-2")
    field = ("source_report", "REP-2")
    query = RecordQuery(category="recommendation", field=field)
    assert [record.id for record in both.essex.store.records(query)] == ["R-1"]

    whole = both.whole
    named = {record.id: record.fields.get("source_report") for record in whole.records()}
    assert (named["R-1"], named["R-1 (of essex)"]) == ("REP-2", "REP-2 (of essex)")
    assert (named["of Kent-2"], named["of Essex-2"]) == ("REP", "REP (of essex)")
    groups = grouped_figures(whole, "source_report", ledger="portal").groups
    assert {group.group.title: group.total for group in groups if group.group.key} == {
        "REP: of Kent": 1,
        "REP (of essex): of Essex": 1,
        "REP-2: of Kent": 1,
        "REP-2 (of essex): of Essex": 1,
    }
    with pytest.raises(Refused, match=r"R-1 \(of essex\) names it as its source_report"):
        withdraw(whole, "REP-2 (of essex)")
    check_whole(both)


AMENDING: dict[str, Any] = {**SAID, "on": START}


def withdraw(register: Register, record: str) -> None:
    """Withdraw a record."""
    register.correct(record, 1, correction="void", reason="twice", **SAID)


def test_a_record_is_withdrawn_that_only_another_forces_like_it_is_named(both: Both) -> None:
    """18.11: what is named by its id is the force's own."""
    for register in (both.kent, both.essex):
        add_report(register, "REP")
    reported(both.essex, "R-1", "REP")
    withdraw(both.whole, "REP")
    assert both.whole.record("REP").withdrawn
    with pytest.raises(Refused, match="R-1 names it as its source_report"):
        withdraw(both.essex, "REP")
    check_whole(both)


def test_what_was_entered_anew_names_the_forces_own_record(both: Both) -> None:
    """18.11: in the entry that takes the first one's place, too."""
    for register in (both.kent, both.essex):
        add_report(register, "REP")
        add_report(register, "REP-2")
        reported(register, "R-1", "REP")
        entry: EntryValues = {"fields": {"owner": "lead", "source_report": "REP-2"}}
        register.correct("R-1", 1, correction="reenter", entry=entry, reason="it is", **SAID)
        assert register.record("R-1").fields["source_report"] == "REP-2"
    assert both.whole.record("R-1 (of essex)").fields["source_report"] == "REP-2 (of essex)"
    check_whole(both)


def test_a_batch_makes_and_moves_what_it_names(both: Both) -> None:
    """18.11: chained anew under the ids that it is kept by."""
    add(both.kent, "R")
    with both.essex.batch() as batch:
        batch.add("R", category="afi", level=2, force=ESSEX, issued=START, **SAID)
        batch.add("free", category="afi", level=2, force=ESSEX, issued=START, **SAID)
        batch.amend("R", "owner", "me", actor=LIAISON, on=START, reason="mine")

    assert [event.number for event in both.essex.history("R")] == [1, 2]
    assert {record.id for record in both.whole.records()} == {"R", "R (of essex)", "free"}
    check_whole(both)


def test_nobody_takes_what_another_force_will_need(both: Both) -> None:
    """18.11: an appointment of another force's."""
    taken = f"appointment:{ESSEX}:lead:p:{START}"
    add(both.kent, taken)
    add(both.kent, "R")

    both.whole.appoint("p", "lead", force=ESSEX, first_day=START, actor=LIAISON)
    both.kent.appoint("p", "lead", force=KENT, first_day=START, actor=LIAISON)
    add(both.essex, "R")

    assert both.whole.record(taken).force == ESSEX
    assert both.kent.record(taken).force == KENT
    assert both.essex.record("R").force == ESSEX
    check_whole(both)


@pytest.mark.parametrize("register", ["kent", "whole"])
def test_the_words_that_tell_ids_apart_are_not_entered(both: Both, register: str) -> None:
    """18.11: in no register, or the id that is kept under them could never be made."""
    entered: Register = getattr(both, register)
    for name in (f"R (of {ESSEX})", "R (of 7)"):
        with pytest.raises(InvalidRequest, match=r"holds ` \(of `, by which a store tells"):
            add(entered, name, force=KENT)
    add(both.kent, "R")
    add(both.essex, "R")
    check_whole(both)


def test_no_force_is_called_by_the_words_that_tell_ids_apart(both: Both) -> None:
    """18.11: what it would keep `R` as is another force's id for `R (of kent)`."""
    with pytest.raises(InvalidRequest, match=r"holds ` \(of `, which stands before"):
        Register(both.store, rulebook=national(), clock=clock, force="kent) (of essex")


def test_an_id_taken_meanwhile_is_no_conflict(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """18.11: another force's record comes between the look and the writing."""
    append = both.store.append
    waiting = [lambda: add(both.kent, "R")]

    def overtaken(batch: WriteBatch) -> None:
        if waiting:
            waiting.pop()()
        append(batch)

    monkeypatch.setattr(both.store, "append", overtaken)
    add(both.essex, "R")

    assert both.essex.record("R").force == ESSEX
    assert both.kent.record("R").force == KENT
    check_whole(both)


def test_what_stands_in_the_way_is_named_as_the_force_names_it(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.11: a conflict and a key, by the id that was given."""
    for register in (both.kent, both.essex):
        add(register, "R")
    append = both.store.append

    def raised(fault: Exception) -> None:
        def refuse(batch: WriteBatch) -> None:
            del batch
            raise fault

        monkeypatch.setattr(both.store, "append", refuse)

    raised(Conflict("R (of essex)", expected=1, found=2))
    with pytest.raises(Conflict) as conflict:
        both.essex.fire("R", "start", actor=LIAISON, on=START)
    assert (conflict.value.record, conflict.value.found) == ("R", 2)
    raised(Conflict("R (of essex)", expected=1, found=1, transaction_lost=True))
    with pytest.raises(Conflict) as conflict:
        both.essex.fire("R", "start", actor=LIAISON, on=START)
    assert (conflict.value.record, conflict.value.transaction_lost) == ("R", True)
    raised(KeyReused("R (of essex)", "k"))
    with pytest.raises(KeyReused, match="key 'k' of R:"):
        both.essex.fire("R", "start", actor=LIAISON, on=START)
    monkeypatch.setattr(both.store, "append", append)


def test_an_own_id_that_is_taken_is_refused_as_ever(both: Both) -> None:
    """18.11: whichever it is kept as."""
    add(both.kent, "R")
    add(both.essex, "R")
    with pytest.raises(InvalidRequest, match="the id 'R': is taken"):
        add(both.essex, "R")


def test_an_id_of_before_blocks_no_force(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """18.11: another force's, called as a store calls what is kept beside another's."""
    with monkeypatch.context() as before:
        before.setattr(validation, "OWN_ID_MARK", "no such words")
        for name in ("R", "R (of essex)"):
            add(both.whole, name, force=KENT)
    add(both.essex, "R")
    both.essex.fire("R", "start", actor=LIAISON, on=START, key="k")
    again = both.essex.fire("R", "start", actor=LIAISON, on=START, key="k")

    assert [record.id for record in both.essex.records()] == ["R"]
    assert [event.number for event in both.essex.history("R")] == [1, again.number]
    assert [record.id for record in both.kent.records()] == ["R", "R (of essex)"]
    assert both.whole.record("R (of essex) (of essex)").force == ESSEX
    assert list(verify_export(list(both.whole.export()))) == []
    judged = verify_register(both.store, both.whole.documents, both.whole.session)
    assert [finding.record for finding in judged.discrepancies] == ["R (of essex)"]


def test_a_force_is_given_no_record_that_it_could_not_tell_from_its_own(both: Both) -> None:
    """18.11: nor one that is called as another force's."""
    for register in (both.kent, both.essex):
        add(register, "R")
    for name, force, why in (
        ("R", ESSEX, r"essex has a record of its own of that id, kept as 'R \(of essex\)'"),
        ("R (of essex)", KENT, "withdraw it, and enter it anew for kent"),
    ):
        entry: EntryValues = {"force": force}
        with pytest.raises(InvalidRequest, match=why):
            both.whole.correct(name, 1, correction="reenter", entry=entry, reason="slip", **SAID)
    add(both.kent, "S")
    entry = {"force": ESSEX}
    both.whole.correct("S", 1, correction="reenter", entry=entry, reason="slip", **SAID)
    assert [record.id for record in both.essex.records()] == ["R", "S"]
    assert [record.id for record in both.kent.records()] == ["R"]
    check_whole(both)


def make_joint_again(both: Both) -> None:
    """Make a record joint with a force, take that back, have the force use its id, and undo it."""
    add(both.whole, "R", force=ESSEX)
    both.whole.make_joint("R", Joint((KENT,)), on=START, reason="one unit", actor=LIAISON)
    both.whole.correct("R", 2, correction="void", reason="slip", actor=LIAISON)
    add(both.kent, "R")
    both.whole.correct("R", 3, correction="void", reason="no slip", actor=LIAISON)


def enter_joint_again(both: Both) -> None:
    """Do the same by entering it anew, and voiding that."""
    add(both.whole, "R", force=ESSEX, joint=Joint((KENT,)))
    entry: EntryValues = {"joint": Joint()}
    both.whole.correct("R", 1, correction="reenter", entry=entry, reason="slip", **SAID)
    add(both.kent, "R")
    both.whole.correct("R", 2, correction="void", reason="no slip", **SAID)


def enter_beside(both: Both) -> None:
    """Enter what a force keeps under an id of its own, as no other record has it, under that id."""
    add(both.kent, f"appointment:{ESSEX}:R")
    add(both.whole, f"appointment:{ESSEX}:R", force=KENT)


@pytest.mark.parametrize("entered", [make_joint_again, enter_joint_again, enter_beside])
def test_no_force_comes_to_have_two_records_of_one_id(
    both: Both, entered: Callable[[Both], None]
) -> None:
    """18.11: neither by what is corrected back; nothing of it is kept."""
    with pytest.raises(InvalidRequest, match=r"kent has a record of its own of that id, kept as"):
        entered(both)
    assert len([*both.kent.records()]) == 1
    check_whole(both)


def begin(both: Both) -> None:
    """Have a record of Essex's, and forces and people that are known."""
    for register in (both.kent, both.essex):
        add(register, "Q")
        register.fire("Q", "start", actor=LIAISON, on=START)
    add(both.essex, "R")


def make_joint(both: Both) -> None:
    """Make a record of Essex's joint with Kent."""
    both.whole.make_joint("R", Joint((KENT,)), on=START, reason="one unit", actor=LIAISON)


def enter_joint(both: Both) -> None:
    """Have a record of Essex's be joint with Kent from its first day."""
    entry: EntryValues = {"joint": Joint((KENT,))}
    both.whole.correct("R", 1, correction="reenter", entry=entry, reason="slip", **SAID)


def hand_over(both: Both) -> None:
    """Have a record of Essex's be Kent's."""
    entry: EntryValues = {"force": KENT}
    both.whole.correct("R", 1, correction="reenter", entry=entry, reason="slip", **SAID)


def add_own(both: Both) -> None:
    """Have Kent enter a record of that id."""
    add(both.kent, "R")


@pytest.mark.parametrize("order", ["its own comes second", "its own comes first"])
@pytest.mark.parametrize("shares", [make_joint, enter_joint, hand_over])
def test_no_force_comes_to_have_two_of_one_id_in_one_moment(
    both: Both, shares: Callable[[Both], None], order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: whoever comes second gets a Conflict, and is refused once it tries again."""
    first, second = (shares, add_own) if order == "its own comes second" else (add_own, shares)
    begin(both)
    append = both.store.append

    def overtaken(batch: WriteBatch) -> None:
        monkeypatch.setattr(both.store, "append", append)
        first(both)
        append(batch)

    monkeypatch.setattr(both.store, "append", overtaken)
    with pytest.raises(Conflict):
        second(both)
    with pytest.raises(InvalidRequest):
        second(both)
    assert [record.id for record in both.kent.records()] == ["Q", "R"]
    check_whole(both)


def test_who_has_an_id_that_a_force_enters_is_not_in_its_way(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.11: though it acts on its record in that moment: nobody is told a Conflict."""
    begin(both)
    append = both.store.append

    def overtaken(batch: WriteBatch) -> None:
        monkeypatch.setattr(both.store, "append", append)
        both.essex.fire("R", "start", actor=LIAISON, on=START)
        append(batch)

    monkeypatch.setattr(both.store, "append", overtaken)
    add_own(both)
    assert {record.id for record in both.whole.records()} >= {"R", "R (of kent)"}
    check_whole(both)


@pytest.mark.parametrize("entered", [make_joint_again, enter_joint_again, enter_beside])
def test_two_records_that_a_force_is_shown_under_one_id_are_found(
    both: Both, entered: Callable[[Both], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.11: as an earlier peelflow, or a chain that was made anew, let them come."""
    with monkeypatch.context() as before:
        before.setattr(commands, "check_ids_stay_apart", lambda *_: None)
        entered(both)
    first, second = both.kent.records()
    assert first.id == second.id

    (found,) = both.whole.verify()
    assert (found.record, found.code) == (f"{first.id} (of kent)", "act-unlawful")
    assert f"is shown to kent as {first.id!r}, as {first.id!r} is, which it has" in found.sentence


def test_an_id_of_before_that_is_shown_as_another_is_found(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """18.11: entered in the words themselves, beside the record that it is shown as; not alone."""
    with monkeypatch.context() as before:
        before.setattr(validation, "OWN_ID_MARK", "no such words")
        for name in ("Q (of kent)", "R", "R (of kent)"):
            add(both.whole, name, force=KENT)

    assert [record.id for record in both.kent.records()] == ["Q", "R", "R"]
    assert [finding.record for finding in both.whole.verify()] == ["R (of kent)"]


def test_every_id_in_an_event_is_renamed() -> None:
    """18.11: whatever happened; what holds no id stays as it is."""
    added = next(each for each in events().values() if isinstance(each.what, Added))
    assert isinstance(added.what, Added)
    entry = evolve(added.what, parent="up")
    anew = evolve(added, what=Corrected(1, "reenter", entry=entry))
    wanted = Corrected(1, "reenter", entry=evolve(entry, parent="UP"))
    assert renamed_event(anew, str.upper).what == wanted
    for event in [*events().values(), anew]:
        there = renamed_event(event, lambda name: f"{name}!")
        assert there.record == f"{event.record}!"
        assert renamed_event(there, lambda name: name.removesuffix("!")) == event
