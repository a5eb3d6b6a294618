"""Who is who: one name in two spellings is one, or is refused with the known one named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, product
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import national, texts
from peelflow.errors import InvalidRequest
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor
from peelflow.portfolio.listing import ages
from peelflow.portfolio.movement import movement
from peelflow.portfolio.overdue import overdue
from peelflow.portfolio.plan import inspection_plan
from peelflow.portfolio.reconcile import reconcile
from peelflow.register.batch import Batch
from peelflow.register.csv_import import import_sheets
from peelflow.register.known_names import UsedName
from peelflow.register.register import Register
from peelflow.stores.memory import MemoryStore
from peelflow.texts import alike_name, are_alike, first_unseen, is_blank, name_keys
from tests.builders.force import HMICFRS, LIAISON, clock

DAY = date(2022, 12, 16)
UNSEEN = ("\u200b", "\u3164", "\u2800", "\ufeff", "\u2060", "\u00ad", "\u034f", "\u00a0", "\ufe0f")
SPELLINGS = (
    *("WMP", "Wmp", "w mp", "w\u00admp", "wm\u200bp", "\uff57\uff4d\uff50"),
    *("wm\u0440", "\u051c\u041c\u0420", "\u051d\u043c\u0440"),
)
"""Spellings of `wmp`: by case, space, unseen characters, width, and Cyrillic look-alikes."""
FORCES = (
    *("avon-and-somerset", "bedfordshire", "cambridgeshire", "cheshire", "city-of-london"),
    *("cleveland", "cumbria", "derbyshire", "devon-and-cornwall", "dorset", "durham"),
    *("dyfed-powys", "essex", "gloucestershire", "greater-manchester", "gwent", "hampshire"),
    *("hertfordshire", "humberside", "kent", "lancashire", "leicestershire", "lincolnshire"),
    *("merseyside", "metropolitan", "norfolk", "north-wales", "north-yorkshire"),
    *("northamptonshire", "northumbria", "nottinghamshire", "south-wales", "south-yorkshire"),
    *("staffordshire", "suffolk", "surrey", "sussex", "thames-valley", "warwickshire"),
    *("west-mercia", "west-midlands", "west-yorkshire", "wiltshire"),
)


@pytest.fixture(params=["memory", "sqlite"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
    """Give a register with a record and a chief constable, in memory and in a file."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as opened:
        add(opened, "R-1")
        appoint(opened, "chief")
        yield opened


def add(register: Any, record: str, *, force: str = "wmp", owner: str = "lead-1") -> None:
    """Add a record of a force."""
    register.add(
        record,
        category="afi",
        level=2,
        force=force,
        issued=DAY,
        fields={"owner": owner},
        actor=LIAISON,
    )


def appoint(register: Any, person: str, *, force: str = "wmp", first_day: date = DAY) -> None:
    """Appoint a chief constable."""
    register.appoint(person, "chief_constable", force=force, first_day=first_day, actor=LIAISON)


@pytest.mark.parametrize("force", SPELLINGS)
def test_item_7_a_force_is_spelt_in_one_way(register: Register, force: str) -> None:
    """A force in another spelling is refused by every verb that takes one."""
    later = date(2023, 1, 1)
    for ask in (
        lambda: add(register, "R-2", force=force),
        lambda: appoint(register, "other", force=force, first_day=later),
        lambda: register.take_over(
            "R-3",
            category="afi",
            level=2,
            force=force,
            issued=DAY,
            state="open",
            actor=LIAISON,
            source="list",
            reason="begun before",
        ),
    ):
        with pytest.raises(InvalidRequest) as refused:
            ask()
        assert first_unseen(force) or "`wmp`" in refused.value.why
    assert {record.force for record in register.records()} == {"wmp"}


@pytest.mark.parametrize("force", ["WMP", "w mp", "vvmp", "wrnp"])
def test_item_7_no_correction_makes_two_of_one_force(register: Register, force: str) -> None:
    """A force that another record has as it was is not spelt otherwise on one of them."""
    add(register, "R-2")
    said: dict[str, Any] = {"correction": "reenter", "reason": "slip", "actor": LIAISON, "on": DAY}
    with pytest.raises(InvalidRequest, match=r"from `wmp`; write `wmp`"):
        register.correct("R-2", 1, entry={"force": force}, **said)
    assert {record.force for record in register.records()} == {"wmp"}


def test_item_7_no_amendment_makes_two_of_one_person(register: Register) -> None:
    """Whom another record names as it was; where none does, the name is spelt otherwise."""
    add(register, "R-2")
    said: dict[str, Any] = {"reason": "slip", "actor": LIAISON, "on": DAY}
    with pytest.raises(InvalidRequest, match=r"from `lead-1`; write `lead-1`"):
        register.amend("R-2", "owner", "Lead-1", **said)
    add(register, "R-3", owner="ann")
    register.amend("R-3", "owner", "Ann", **said)
    register.amend("R-3", "owner", "ann", **said)
    assert register.record("R-3").fields["owner"] == "ann"


@pytest.mark.parametrize("spelt", ["r-1", "R -1", "R\u20111", "\uff32-1", "R-l", "R-I", "R-|"])
def test_item_7_an_id_is_spelt_in_one_way(register: Register, spelt: str) -> None:
    """An id that a reader would take for another is refused, and the known one is named."""
    with pytest.raises(InvalidRequest, match="from `R-1`; write `R-1`, or choose another"):
        add(register, spelt)


@pytest.mark.parametrize("apart", ["R-2", "R-11", "R-1a", "R-3i", "R-31", "R-i1"])
def test_item_7_names_that_differ_are_two(register: Register, apart: str) -> None:
    """A number, a letter more, a part's letter: these are other names."""
    add(register, "R-3l")
    add(register, apart)
    assert register.record(apart).id == apart


@pytest.mark.parametrize("person", ["Lead-1", "lead -1", "lead-l", "le\u0430d-1"])
def test_item_7_a_person_is_spelt_in_one_way(register: Register, person: str) -> None:
    """Owners and people appointed, in new records and in amendments."""
    message = "from `lead-1`"
    with pytest.raises(InvalidRequest, match=message):
        add(register, "R-2", owner=person)
    add(register, "R-2", owner="lead-2")
    with pytest.raises(InvalidRequest, match=message):
        register.amend("R-2", "owner", person, actor=LIAISON, reason="x", on=DAY)
    with pytest.raises(InvalidRequest, match=message):
        appoint(register, person)


def test_item_7_a_spelling_can_be_set_right(register: Register) -> None:
    """A record's own person may be written otherwise: that is what amending is for."""
    register.amend("R-1", "owner", "Lead-1", actor=LIAISON, reason="spelling", on=DAY)
    register.amend("R-1", "owner", None, actor=LIAISON, reason="left", on=DAY)
    add(register, "R-2", owner="Lead-1")
    assert register.record("R-2").fields["owner"] == "Lead-1"


def test_item_7_whoever_acts_is_told_whom_they_are_spelt_as(register: Register) -> None:
    """A signature or an act of `Chief`, who holds no role, names `chief`, who does."""
    register.fire("R-1", "start", actor=LIAISON, on=DAY)
    register.appoint("dep", "nominated_deputy", force="wmp", first_day=DAY, actor=LIAISON)
    deputy, day = Actor("Dep", "nominated_deputy"), date(2023, 1, 2)
    with pytest.raises(InvalidRequest, match=r"'Dep': differs .* from `dep`; write `dep`"):
        register.fire("R-1", "close", actor=deputy, on=day)
    letter = register.keep(b"done", kind="letter", name="l", signed_by="CHIEF", signed_on=DAY)
    chief = Actor("chief", "chief_constable")
    with pytest.raises(InvalidRequest, match=r"'CHIEF': differs .* from `chief`"):
        register.fire("R-1", "close", actor=chief, on=day, evidence=[letter])
    with pytest.raises(Refused):
        register.fire("R-1", "close", actor=Actor("other", "chief_constable"), on=day)


def asked_by(register: Any, person: str) -> dict[str, Callable[[], object]]:
    """Return each verb that names who acts, who types or who signs, asked with this person."""
    lead, day = Actor(person, "lead"), date(2023, 1, 2)
    known = Actor("lead-1", "lead")
    signed = register.keep(b"x", kind="letter", name="x", signed_by=person, signed_on=DAY)
    to_gmp = {"force": "wmp", "category": "afi", "level": 2, "issued": DAY}
    return {
        "add": lambda: register.add("R-7", actor=lead, **to_gmp),
        "take over": lambda: register.take_over(
            "R-8", state="open", actor=lead, source="list", reason="before", **to_gmp
        ),
        "appoint": lambda: register.appoint(
            "dep", "nominated_deputy", force="wmp", first_day=DAY, actor=lead
        ),
        "fire": lambda: register.fire("R-1", "start", actor=lead, on=day),
        "next acts": lambda: register.next_acts("R-1", actor=lead, on=day),
        "why": lambda: register.why("R-1", "start", actor=lead, on=day),
        "recorded by": lambda: register.fire(
            "R-1", "start", actor=known, recorded_by=person, on=day
        ),
        "evidence": lambda: register.fire("R-1", "start", actor=known, on=day, evidence=[signed]),
        "attach": lambda: register.attach("R-1", signed, actor=known, on=day),
        "note": lambda: register.note("R-1", "x", documents=[signed], actor=known, on=day),
        "amend": lambda: register.amend("R-1", "title", "x", actor=lead, reason="x", on=day),
        "link": lambda: register.link("R-1", "R-1", actor=lead, on=day),
        "correct": lambda: register.correct("R-1", 1, correction="void", actor=lead, reason="x"),
        "relevel": lambda: register.relevel(
            "R-1",
            plan="level-2-to-3",
            actor=Actor(person, "hmicfrs"),
            recorded_by="lead-1",
            source="x",
            reason="x",
            on=day,
        ),
    }


VERBS = list(asked_by(Mock(), "x"))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("person", ["Lead-1", "lead-l", "le\u0430d-1"])
def test_item_7_whoever_acts_types_or_signs_is_spelt_in_one_way(
    register: Register, verb: str, person: str
) -> None:
    """In each verb: not only where a role, an owner or two people are asked for."""
    with pytest.raises(InvalidRequest, match="from `lead-1`; write `lead-1`, or choose another"):
        asked_by(register, person)[verb]()


@pytest.mark.parametrize("name", ["Peelflow", "p\u0435elflow", "peelflow"])
def test_item_7_nobody_acts_under_the_name_of_what_acts_by_itself(
    register: Register, name: str
) -> None:
    """A history that says `peelflow` means the system."""
    with pytest.raises(InvalidRequest, match="act as a person"):
        register.fire("R-1", "start", actor=Actor(name, "lead"), on=DAY)


def test_item_7_people_are_held_against_those_of_their_record_and_force(tmp_path: Path) -> None:
    """Each time a register is opened, without reading the whole of a large store."""
    url = f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as register:
        add(register, "R-1")
        add(register, "R-2")
        register.fire("R-1", "start", actor=Actor("sam", "lead"), on=DAY)
        register.note("R-2", "x", actor=Actor("kim", "lead"), on=DAY)
    for person, near in (("Sam", "sam"), ("KIM", "kim")):
        with (
            Register.open(url, clock=clock) as register,
            pytest.raises(InvalidRequest, match=f"from `{near}`"),
        ):
            register.note("R-2", "y", actor=Actor(person, "lead"), on=DAY)
    with Register.open(url, clock=clock) as register:
        register.note("R-2", "y", actor=Actor("jo", "lead"), on=DAY)


def test_item_7_who_acts_keeps_the_spelling_that_the_record_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older register may hold both spellings, on one record: each of them goes on there."""
    url = f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as older, monkeypatch.context() as before:
        before.setattr("peelflow.register.notes.check_people_of_event", lambda *_: None)
        add(older, "R-1")
        for person in ("sam", "Sam"):
            older.note("R-1", "x", actor=Actor(person, "lead"), on=DAY)
    with Register.open(url, clock=clock) as register:
        for person in ("Sam", "sam"):
            register.note("R-1", "y", actor=Actor(person, "lead"), on=DAY)
        with pytest.raises(InvalidRequest, match="from `sam`"):
            register.note("R-1", "z", actor=Actor("SAM", "lead"), on=DAY)


def test_item_7_a_spelling_that_is_known_elsewhere_is_no_second_person_on_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who did a step there is spelt so there, though a large force's records are not all read."""
    monkeypatch.setattr("peelflow.register.known_names.RECORDS_OF_FORCE", 1)
    url = f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as register:
        for record in ("R-0", "R-1", "R-2"):
            add(register, record)
        register.fire("R-1", "start", actor=Actor("Sam", "lead"), on=DAY)
    with Register.open(url, clock=clock) as register:
        register.note("R-2", "x", actor=Actor("sam", "lead"), on=DAY)
        with pytest.raises(InvalidRequest, match="from `Sam`"):
            register.note("R-1", "x", actor=Actor("sam", "lead"), on=DAY)
        register.note("R-1", "x", actor=Actor("Sam", "lead"), on=DAY, recorded_by="Sam")


@pytest.mark.parametrize("linked_later", [False, True])
def test_item_7_who_puts_a_child_below_is_spelt_as_on_its_parent(
    tmp_path: Path, *, linked_later: bool
) -> None:
    """The link stands in the parent's history too."""
    url = f"sqlite:///{tmp_path / 'wmp.db'}"
    below: dict[str, Any] = {
        "category": "recommendation",
        "level": 2,
        "force": "wmp",
        "issued": DAY,
    }
    with Register.open(url, clock=clock) as register:
        register.add("C-1", category="cause_of_concern", force="wmp", issued=DAY, actor=LIAISON)
        register.note("C-1", "x", actor=Actor("Pat", "liaison_officer"), on=DAY)
        if linked_later:
            register.add("R-1", **below, actor=LIAISON)
    pat = Actor("pat", "liaison_officer")
    with Register.open(url, clock=clock) as register:
        with pytest.raises(InvalidRequest, match=r"C-1: the person 'pat'.* from `Pat`"):
            if linked_later:
                register.link("R-1", "C-1", actor=pat, on=DAY)
            else:
                register.add("R-1", **below, parent="C-1", actor=pat)
        assert register.verify() == ()


def test_item_7_a_server_tells_what_another_process_brought(postgres: str) -> None:
    """Its feed is not followed: where a force or person is new, the names are read again."""
    with (
        Register.open(postgres, clock=clock) as one,
        Register.open(postgres, clock=clock) as other,
    ):
        add(one, "R-1")
        add(other, "R-2", owner="lead-2")
        add(one, "R-3", force="gmp", owner="kim")
        with pytest.raises(InvalidRequest, match="from `gmp`"):
            add(other, "R-4", force="GMP")
        with pytest.raises(InvalidRequest, match="from `kim`"):
            add(other, "R-5", force="gmp", owner="Kim")


@pytest.mark.parametrize("name", ["wrnp", "vvmp", "VVMP", "vvrnp"])
def test_item_7_letters_that_run_together_are_a_look_alike(register: Register, name: str) -> None:
    """`rn` is read as `m`, and two `v` as a `w`: of forces, ids and people."""
    add(register, "WMP-1", owner="willem")
    with pytest.raises(InvalidRequest, match="from `wmp`"):
        add(register, "R-2", force=name)
    with pytest.raises(InvalidRequest, match="from `WMP-1`"):
        add(register, f"{name}-1")
    with pytest.raises(InvalidRequest, match="from `willem`"):
        add(register, "R-2", owner="vvillern")
    add(register, "RN-1")
    add(register, "M-1")  # a capital R and N do not run together


ALIKE = (
    # letters that run together, in either case
    *(("wmp", "WRNP"), ("kim", "KIRN"), ("VVMP", "wmp"), ("deveIand", "CLeveland")),
    # one stroke, one round
    *(("cleveland", "cIeveland"), ("Ian", "lan"), ("Ian", "1an"), ("Bill", "BiII"), ("KIM", "KlM")),
    *(("norfolk", "norf0lk"), ("Oldham", "0ldham"), ("HMI-1", "HMl-1"), ("MOD-1", "M0D-1")),
    *(("R-1", "R-l"), ("R-10", "R-1O"), ("lee", "\u04cfee")),
    # numbers in letters alone
    *(("norfolk-10", "norfolk-lO"), ("AFI-100", "AFI-IOO"), ("A/01/2", "A/OI/2"), ("10-1", "lo-1")),
    *(("R-L3", "R-l3"), ("WMP-R3-L", "WMP-R3-l"), ("R-1", "R-L")),
    # accents, dots, small capitals
    *(("kim", "ki\u0307m"), ("kim", "ki\u0323m"), ("Ian", "\u0130an"), ("Jose", "Jos\u00e9")),
    *(("wmp", "w\u1d0dp"), ("WMP-1", "\u1d21\u1d0d\u1d18-1"), ("ned", "\u0274ed")),
    # what parts words, and signs
    *(("WMP-1", "WMP_1"), ("west-midlands", "West Midlands"), ("west-midlands", "west_midlands")),
    *(("chief-1", "chief\u30fc1"), ("a/b", "a\u2215b"), ("O'Neil", "O\u00b4Neil")),
    *(("clay", "\u03f2lay"), ("CLAY", "\u03f9LAY"), ("o'neil", "0'neil"), ("l'oste", "1'oste")),
)
APART = (
    *(("R-1", "R-11"), ("R-1-1", "R-11"), ("R-3i", "R-3l"), ("R-3l", "R-31"), ("R-1a", "R-1")),
    *(("R-0", "R-O"), ("PS-LO", "PS-10"), ("R-3lO", "R-310"), ("LO-1", "10-1"), ("Lo", "lo-1")),
    *(("WMP-OIL", "WMP-011"), ("STOP-ILI", "STOP-111"), ("R-IL", "R-11")),
    *(("RN-1", "M-1"), ("CL-001", "D-001"), ("CL-1a", "D-1a"), ("KIM", "KLM"), ("lan", "ian")),
)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_item_14_what_reads_as_another_name_is_alike(one: str, other: str) -> None:
    """Whichever of the two was there first."""
    assert are_alike(one, other)
    assert are_alike(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_item_14_what_a_reader_tells_apart_is_two(one: str, other: str) -> None:
    """Numbers and capitals of ids say what they say."""
    assert not are_alike(one, other)


def test_item_14_the_forces_and_their_numbers_are_told_apart() -> None:
    """Of all forces none reads as another, and no id of a list as the next."""
    ids = (f"{start}{n}" for start in ("R-", "AFI/", "WMP-R", "REC 2023-") for n in range(120))
    for names in (FORCES, [*ids, "R-1a", "R-1b", "R-2.1", "R-21"]):
        assert [(name, alike_name(name, names)) for name in names if alike_name(name, names)] == []


def test_item_14_nobody_appoints_themselves_by_a_look_alike(register: Register) -> None:
    """Kim is not somebody else for being written in capitals that run together."""
    appoint(register, "kim", force="kent")
    for spelt in ("KIRN", "ki\u0307m", "\u1d0bim"):
        with pytest.raises(InvalidRequest):
            register.appoint(
                spelt,
                "nominated_deputy",
                force="kent",
                first_day=date(2023, 1, 2),
                actor=Actor("kim", "chief_constable"),
            )


def test_item_7_two_spellings_in_one_batch_are_told(register: Register) -> None:
    """What a batch brought itself counts, what it took back does not."""
    with register.batch() as batch:
        with pytest.raises(InvalidRequest):
            add(batch, "GMP-1", force="gmp", owner="")
        add(batch, "gmp-1", force="GMP")
        with pytest.raises(InvalidRequest, match="the force 'gmp': differs"):
            add(batch, "G-2", force="gmp")
        with pytest.raises(InvalidRequest, match="the id 'GMP-1': differs"):
            add(batch, "GMP-1", force="GMP")
        with batch.trial() as trial:
            add(trial, "K-1", force="kent")
        add(batch, "k-1", force="Kent")
    assert register.record("gmp-1").force == "GMP"
    with pytest.raises(InvalidRequest, match="the force 'gmp': differs"):
        add(register, "G-2", force="gmp")


def test_item_14_a_withdrawn_name_hides_no_other_one(register: Register) -> None:
    """In one batch: R-7x is withdrawn, R-7X is new, and r-7X is that one in another spelling."""
    add(register, "R-7x")
    with register.batch() as batch:
        batch.correct("R-7x", 1, correction="void", actor=LIAISON, reason="a slip")
        add(batch, "R-7X")
        with pytest.raises(InvalidRequest, match="the id 'r-7X': differs"):
            add(batch, "r-7X")


def test_item_14_a_plain_id_is_read_as_it_is_in_full() -> None:
    """What is known at a glance to look like nothing else is nobody's look-alike."""
    plain = [
        name
        for name in map(
            "".join, chain.from_iterable(product("LlIOornvVcd013-", repeat=n) for n in range(5))
        )
        if texts._PLAIN_ID.fullmatch(name) and any(map(str.isdigit, name))
    ]
    assert len(plain) > 1000
    for name in plain:
        readings = texts._readings_of(name)
        full = {*map(texts._parted, (*readings, *map(texts._as_number, readings)))}
        assert (name, {*name_keys(name)}) == (name, full)


def test_item_7_what_another_process_brought_is_seen(tmp_path: Path) -> None:
    """Two that write to one file know each other's names."""
    url = f"sqlite:///{tmp_path / 'wmp.db'}"
    with Register.open(url, clock=clock) as one, Register.open(url, clock=clock) as other:
        add(one, "R-1")
        add(other, "R-2")
        add(one, "R-3", force="gmp")
        one.amend("R-3", "owner", "lead-7", actor=LIAISON, reason="x", on=DAY)
        for record, force, owner in (("r-3", "wmp", "x"), ("R-4", "GMP", "x")):
            with pytest.raises(InvalidRequest, match="differs"):
                add(other, record, force=force, owner=owner)
        with pytest.raises(InvalidRequest, match="from `lead-7`"):
            add(other, "R-4", force="gmp", owner="LEAD-7")


def test_item_7_an_old_register_keeps_both_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two spellings are kept already, both are read, and written to, as ever."""
    with Register.open("memory:", clock=clock) as register:
        with monkeypatch.context() as before:
            before.setattr("peelflow.register.commands.check_names", lambda *_: None)
            add(register, "R-1", force="wmp", owner="lead-1")
            add(register, "r-1", force="WMP", owner="Lead-1")
        add(register, "R-2", force="WMP", owner="Lead-1")
        add(register, "R-3", force="wmp")
        assert [record.id for record in register.records(force="WMP")] == ["R-2", "r-1"]
        assert register.figures(force="wmp").total == 2
        with pytest.raises(InvalidRequest, match="the force 'Wmp': differs"):
            add(register, "R-4", force="Wmp")


def test_item_7_the_same_person_in_two_spellings_is_no_second_one(tmp_path: Path) -> None:
    """Two people means two: `Officer-1` does not check what `officer-1` did."""
    (tmp_path / "v.yaml").write_text(VOCABULARY, "utf-8")
    (tmp_path / "l.yaml").write_text(LIFECYCLE, "utf-8")
    from peelflow import load

    with Register.open("memory:", rulebook=load(tmp_path), clock=clock) as register:
        register.add("X", category="local_review", force="wmp", issued=REVIEWED, actor=LIAISON)
        register.fire("X", "write", actor=Actor("lead-1", "lead"), on=REVIEWED)
        for spelt in ("Lead-1", "le\u0430d-1", "lead-l"):
            with pytest.raises(InvalidRequest, match="from `lead-1`"):
                register.fire("X", "check", actor=Actor(spelt, "lead"), on=REVIEWED)
        with pytest.raises(Refused):
            register.fire("X", "check", actor=Actor("lead-1", "lead"), on=REVIEWED)
        register.fire("X", "check", actor=Actor("lead-2", "lead"), on=REVIEWED)


REVIEWED = date(2023, 4, 3)
VOCABULARY = """
vocabulary: words
categories:
  local_review:
    title: Local review
    figures:
      - {title: Local review, order: 200, level: none, ledger: force}
"""
LIFECYCLE = """
lifecycle: review
version: 1
in_force_from: 2023-04-01
title: "A review"
applies_to: {category: local_review, level: none}
initial: open
states:
  open:
    counts_as: {force: open}
    transitions:
      write: {to: written, by: [lead]}
  written:
    counts_as: {force: open}
    transitions:
      check: {to: closed, by: [lead], requires: [{distinct_from: write}]}
  closed:
    counts_as: {force: closed}
    final: true
"""

ASKED: dict[str, Callable[[Register, str, Path], object]] = {
    "records": lambda register, force, _: register.records(force=force),
    "figures": lambda register, force, _: register.figures(force=force),
    "overdue": lambda register, force, _: overdue(register, DAY, force=force),
    "ages": lambda register, force, _: list(ages(register, DAY, force=force)),
    "plan": lambda register, force, _: inspection_plan(register, DAY, force=force),
    "movement": lambda register, force, _: movement(register, after=DAY, until=DAY, force=force),
    "reconcile": lambda register, force, list_: reconcile(register, list_, force=force),
}


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize(("force", "meant"), [("wpm", "wmp"), ("WMP", "wmp"), ("wm\u0440", "wmp")])
def test_item_7_an_unknown_force_is_told(
    register: Register, ask: str, force: str, meant: str, tmp_path: Path
) -> None:
    """No table of zeros, no empty list: the force that was meant is named."""
    portal = tmp_path / "portal.csv"
    portal.write_text("record,level,counts\n", "utf-8")
    with pytest.raises(InvalidRequest) as refused:
        ASKED[ask](register, force, portal)
    assert refused.value.why == "no record is of it"
    assert refused.value.instead == f"did you mean `{meant}`?"


def test_item_7_a_force_of_an_empty_register_is_told() -> None:
    """Where there is no record, there is no force to mean; its own register is its own."""
    with (
        Register.open("memory:", clock=clock) as register,
        pytest.raises(InvalidRequest, match="no record is of it; add its first record"),
    ):
        register.figures(force="wmp")
    with Register.open("memory:", clock=clock, force="wmp") as own:
        assert own.figures(force="wmp").total == 0


def test_item_7_a_register_is_not_opened_for_another_spelling() -> None:
    """One that is opened for `WMP` would be empty, and what it adds a second force."""
    store = MemoryStore("memory:")
    with Register(store, rulebook=national(), clock=clock) as register:
        add(register, "R-1")
        with pytest.raises(InvalidRequest, match=r"'WMP': differs .* from `wmp`; write `wmp`"):
            Register(store, rulebook=national(), clock=clock, force="WMP")
        scoped = Register(store, rulebook=national(), clock=clock, force="gmp")
        add(scoped, "G-1", force="gmp")
        with pytest.raises(InvalidRequest, match="from `G-1`"):
            add(scoped, "g-1", force="gmp")


@pytest.mark.parametrize("text", [*UNSEEN, "".join(UNSEEN), " ", ""])
def test_item_7_a_text_that_shows_nothing_is_empty(register: Register, text: str) -> None:
    """Wherever a reason, a source, an owner or a name is asked for."""
    asked: list[Callable[[], object]] = [
        lambda: add(register, "R-2", owner=text),
        lambda: add(register, "R-2", force=text),
        lambda: add(register, text),
        lambda: appoint(register, text),
        lambda: register.amend("R-1", "title", text, actor=LIAISON, reason="x", on=DAY),
        lambda: register.amend("R-1", "title", "x", actor=LIAISON, reason=text, on=DAY),
        lambda: register.amend("R-1", "addressees", [text], actor=LIAISON, reason="x", on=DAY),
        lambda: register.correct("R-1", 1, correction="redate", actor=LIAISON, reason=text, to=DAY),
        lambda: register.keep(b"x", kind="letter", name=text),
        lambda: register.keep(b"x", kind="letter", name="x", signed_by=text),
        lambda: register.fire("R-1", "start", actor=Actor(text, "lead"), on=DAY),
        lambda: register.fire("R-1", "start", actor=LIAISON, on=DAY, recorded_by=text),
        lambda: register.fire("R-1", "start", actor=LIAISON, on=DAY, key=text),
        lambda: register.add(
            "R-2",
            category="afi",
            level=2,
            force="wmp",
            issued=DAY,
            actor=HMICFRS,
            recorded_by="x",
            source=text,
        ),
        lambda: Register(register.store, rulebook=register.rulebook, force=text),
    ]
    for ask in asked:
        with pytest.raises(InvalidRequest):
            ask()
    with pytest.raises(Refused):
        register.fire("R-1", "propose_not_applicable", actor=LIAISON, on=DAY, reason=text)
    with pytest.raises(Refused):
        register.fire(
            "R-1", "propose_superseded", actor=LIAISON, on=DAY, reason="x", successor=text
        )
    assert register.position() == 2


@pytest.mark.parametrize("person", [" lead-1", "lead-1 ", "le\u200bad", "lead\u00a01"])
def test_item_7_a_name_hides_no_character(register: Register, person: str) -> None:
    """A person's name is not padded, and holds nothing that does not show."""
    for ask in (
        lambda: add(register, "R-2", owner=person),
        lambda: appoint(register, person),
        lambda: register.fire("R-1", "start", actor=Actor(person, "lead"), on=DAY),
        lambda: register.keep(b"x", kind="letter", name="x", signed_by=person),
    ):
        with pytest.raises(InvalidRequest):
            ask()


def test_item_7_sheets_tell_it_by_row(register: Register, tmp_path: Path) -> None:
    """In a sheet the second spelling is told where it stands."""
    sheet = tmp_path / "s.csv"
    rows = "".join(
        f"R-{n},afi,2,{force},2022-12-16,clerk,lead\n" for n, force in ((5, "wmp"), (6, "WMP"))
    )
    header = "record,category,level,force,issued,actor,actor_role\n"
    sheet.write_text(f"{header}{rows}\u200b,afi,2,wmp,2022-12-16,clerk,lead\n", "utf-8")
    done = import_sheets(register, [sheet])
    assert [(fault.span.line, fault.code) for fault in done.faults] == [
        (3, "row-refused"),
        (4, "sheet-value"),
    ]


NAMES = st.text(st.sampled_from("abcIl10O- \u0430\u0410\u200b\uff41B\u0412"), max_size=5)


@given(name=NAMES, other=NAMES)
def test_alike_is_symmetric_and_keeps_to_case_width_and_spaces(name: str, other: str) -> None:
    """Each name is alike to itself however it is spelt, and two are alike both ways."""
    assert are_alike(name, other) is are_alike(other, name)
    for spelt in (
        name.upper(),
        name.lower(),
        f" {name} ",
        f"{name}\u200b",
        name.replace("a", "\uff41"),
    ):
        assert are_alike(name, spelt)
    assert (alike_name(name, [other]) == other) is (are_alike(name, other) and name != other)


@given(text=st.text(max_size=6))
def test_a_text_is_blank_exactly_where_nothing_of_it_shows(text: str) -> None:
    """What `strip` empties is blank, and whatever is printed and is no filler is not."""
    assert is_blank(text) or text.strip()
    assert is_blank(text) or not is_blank(text + "x")
    assert not is_blank(text + "x")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("gmp", "\u0261mp"),
        ("cover", "co\u03bder"),
        ("amp", "\u0251mp"),
        ("O'Neill", "O\u2019Neill"),
    ],
)
def test_look_alikes_of_one_case_are_known(name: str, other: str) -> None:
    """A letter that looks like another only as a small one, and an apostrophe of typography."""
    assert are_alike(name, other)
    assert not are_alike(f"{name}x", other)


def test_item_7_a_name_that_was_taken_back_frees_only_its_own_keys(register: Register) -> None:
    """Of two that are alike, the later one is forgotten, and the first stays in use."""
    session = register.session()
    first, second = UsedName("person", "sam", "kent"), UsedName("person", "Sam", "kent")
    assert session.alike_name(first) is None
    session.put_name(first)
    Batch(session).add(
        "Q-77", category="recommendation", level=2, force="kent", issued=DAY, actor=LIAISON
    )
    begun = session.begin_savepoint()
    session.put_name(second)
    session.end_savepoint(begun, refused=True)
    assert session.alike_name(second) == "sam"


def test_item_8_a_question_beyond_its_set_is_told(register: Register) -> None:
    """The nine have no tenth, and one field holds one question."""
    said: dict[str, Any] = {"category": "recommendation", "level": 3, "force": "west-midlands"}
    fields = {"question": "10", "question_set": "peel_nine"}
    with pytest.raises(InvalidRequest, match="is '10', which peel_nine has not") as refused:
        register.add("R-10", issued=DAY, actor=LIAISON, fields=fields, **said)
    assert refused.value.instead == "write a number from 1 to 9"
