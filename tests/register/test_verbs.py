"""The verbs of a register: what they do, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow.errors import (
    InvalidRequest,
    KeyReused,
    RulesMismatch,
    UnknownDocument,
    UnknownRecord,
    UnstorableText,
)
from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Amended, ChildLinked, Document, Event, TakenOver
from peelflow.model.requirements import FieldSet
from peelflow.model.rules import SYSTEM, AppliesTo, State, Transition
from peelflow.register.register import Register
from peelflow.register.services import utc_now
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.sqlite import SqliteStore
from tests.builders.force import (
    CHIEF,
    FORCE,
    HMICFRS,
    KIND,
    KINDS,
    LIAISON,
    NOW,
    START,
    World,
    clock,
)

TYPED = {"recorded_by": "liaison-officer", "source": "portal"}


def test_a_batch_is_kept_whole_or_not_at_all(world: World) -> None:
    """S1: one refusal refuses all."""
    record = world.add(KINDS[1])
    before = world.picture(record)
    with pytest.raises(Refused), world.register.batch() as batch:
        batch.fire(record, "start", actor=LIAISON, on=world.day)
        batch.fire(record, "start", actor=LIAISON, on=world.day)
    assert before == world.picture(record)


def test_a_refused_step_leaves_nothing_in_a_batch(world: World) -> None:
    """A caller may catch a refusal and go on: what was refused has left no trace."""
    record = world.add(KINDS[1])
    with world.register.batch() as batch:
        with pytest.raises(Refused):
            batch.fire(record, "close", actor=CHIEF, on=world.day)
        batch.fire(record, "start", actor=LIAISON, on=world.day)
        assert batch.record(record).state == "in_progress"
    assert world.register.record(record).number == 2


def test_a_refused_step_takes_the_steps_within_it_along(world: World) -> None:
    """S1: what a step took is undone with it, keys too, whether or not it was refused itself."""
    first, second = world.add(KINDS[1]), world.add(KINDS[1])
    said: dict[str, Any] = {"actor": LIAISON, "on": world.day}
    with world.register.batch() as batch:
        batch.fire(first, "start", **said)
        with pytest.raises(Refused), batch.savepoint():
            batch.fire(second, "start", **said, key="k")
            batch.amend(first, "owner", "someone", **said, reason="r")
            batch.fire(second, "start", **said)
        assert batch.event_count == 1
        assert [batch.record(each).state for each in (first, second)] == ["in_progress", "open"]
        assert batch.record(first).number == 2
        batch.fire(second, "start", **said, key="k")

    assert [world.register.record(each).number for each in (first, second)] == [2, 2]


def test_a_step_within_a_step_is_kept_with_it(world: World) -> None:
    """S1: steps within a step that ends well are kept with the batch, once."""
    record = world.add(KINDS[1])
    said: dict[str, Any] = {"actor": LIAISON, "on": world.day}
    with world.register.batch() as batch, batch.savepoint():
        batch.fire(record, "start", **said)
        with pytest.raises(Refused), batch.savepoint():
            batch.fire(record, "start", **said)

    assert [event.number for event in world.register.history(record)] == [1, 2]


def test_a_key_makes_repeating_harmless(world: World) -> None:
    """S7: the same key and act give the first event; another act is KeyReused."""
    record = world.add(KINDS[1])
    first = world.fire(record, "start", "lead", key="k")
    assert first == world.fire(record, "start", "lead", key="k")
    with pytest.raises(KeyReused) as reused:
        world.fire(record, "propose_superseded", "liaison_officer", key="k")
    assert (reused.value.record, reused.value.key) == (record, "k")
    with pytest.raises(Refused):
        world.fire(record, "start", "lead", key="unused")
    door = "propose_not_applicable"
    kept = world.fire(record, door, "liaison_officer", reason="not ours", key="unused")
    assert kept.number == 3


def test_a_key_is_seen_within_a_batch_too(world: World) -> None:
    """S7: keys of the batch itself count."""
    record = world.add(KINDS[1])
    with world.register.batch() as batch:
        said: dict[str, Any] = {"actor": LIAISON, "on": world.day, "key": "k"}
        assert batch.fire(record, "start", **said) == batch.fire(record, "start", **said)


@pytest.mark.parametrize("verb", ["add", "take_over", "amend", "attach", "appoint"])
def test_every_verb_takes_a_key(world: World, verb: str) -> None:
    """S7: asking for the same again gives the first event again."""
    record = world.add(KINDS[1])
    letter = world.letter()
    ask: Callable[[], Event] = {
        "add": lambda: world.register.add(
            "N", category="afi", level=2, force=FORCE, issued=START, actor=LIAISON, key="k"
        ),
        "take_over": lambda: take_over(world, key="k"),
        "amend": lambda: world.register.amend(
            record, "owner", "x", actor=LIAISON, on=world.day, reason="r", key="k"
        ),
        "attach": lambda: world.register.attach(
            record, letter, actor=LIAISON, on=world.day, key="k"
        ),
        "appoint": lambda: world.register.appoint(
            "x", "lead", force=FORCE, first_day=START, actor=LIAISON, key="k"
        ),
    }[verb]
    assert ask() == ask()


def take_over(world: World, **more: Any) -> Any:
    """Take a record over as closed before the levels."""
    asked: dict[str, Any] = {
        "category": "recommendation",
        "force": FORCE,
        "issued": date(2019, 1, 1),
        "state": "closed",
        "on": date(2020, 1, 1),
        "actor": LIAISON,
        "source": "portal export",
        "reason": "closed before levels",
    }
    return world.register.take_over(more.pop("record", "OLD"), **{**asked, **more})


def test_taking_over_marks_the_record_as_assumed(world: World) -> None:
    """A record in a named state as at a date, with source and reason, marked as assumed."""
    event = take_over(world)
    assert isinstance(event.what, TakenOver)
    record = world.register.record("OLD")
    assert (record.assumed, record.state, record.issued) == (True, "closed", date(2019, 1, 1))
    assert world.register.figures(as_at=date(2019, 12, 31)).closed == 0
    assert world.register.figures(as_at=date(2020, 1, 1)).closed == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "gone"}, "the state 'gone': is none of before-levels@2's"),
        ({"issued": date(2020, 1, 2)}, "lies after 2020-01-01"),
        ({"source": " "}, "the source: is empty"),
        ({"reason": ""}, "the reason: is empty"),
        ({"category": "nonsense"}, "the category 'nonsense': is unknown"),
        ({"on": date(2030, 1, 1)}, "lies in the future; today is 2026-06-01"),
        ({"force": ""}, "the force: is empty"),
        ({"record": ""}, "is empty, padded"),
        ({"record": "a\tb"}, "cannot be printed"),
        ({"actor": Actor("", "lead")}, "the actor's person: is empty"),
        ({"actor": Actor("x", "system")}, "acts by itself"),
        ({"recorded_by": ""}, "recorded_by: is empty"),
        ({"level": 9}, ""),
        ({"fields": {"nonsense": "x"}}, "is not declared for its category"),
        ({"fields": {"published": "yesterday"}}, "which is no date"),
        ({"fields": {"owner": " "}}, "is no text, or empty"),
        ({"parent": "nobody"}, "no record is called 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    world: World, change: dict[str, Any], sentence: str
) -> None:
    """Each fault of a request has its sentence, and nothing is written."""
    with pytest.raises((InvalidRequest, UnknownRecord)) as refused:
        take_over(world, **change)
    assert sentence in str(refused.value)
    assert "OLD" not in [record.id for record in world.register.records()]


def test_an_inspectorate_decision_says_who_recorded_it(world: World) -> None:
    """HMICFRS does not log in: who decided and who typed are two people."""
    asked: dict[str, Any] = {"category": "afi", "level": 2, "force": FORCE, "issued": START}
    with pytest.raises(InvalidRequest, match="does not say who recorded it"):
        world.register.add("N", **asked, actor=HMICFRS, source="portal")


@pytest.mark.parametrize("source", [None, " "])
def test_an_inspectorate_decision_names_its_source(world: World, source: str | None) -> None:
    """What is recorded for HMICFRS was read somewhere: a letter, the portal."""
    asked: dict[str, Any] = {"category": "afi", "level": 2, "force": FORCE, "issued": START}
    with pytest.raises(InvalidRequest, match="names no source"):
        world.register.add("N", **asked, actor=HMICFRS, recorded_by="x", source=source)


def test_an_unknown_role_is_refused(world: World) -> None:
    """A typo in a role is no refusal of the rules."""
    typo = Actor("chief-constable", "chief_constabel")
    with pytest.raises(InvalidRequest, match="did you mean `chief_constable`"):
        world.register.fire(world.add(KINDS[1]), "start", actor=typo, on=world.day)


def test_an_appointment_that_begins_later_can_be_repeated(world: World) -> None:
    """S7: it is dated the day it is recorded, and repeating it on another day is the same."""
    asked: dict[str, Any] = {"force": FORCE, "actor": LIAISON, "key": "k"}
    first = world.register.appoint("x", "lead", first_day=date(2027, 1, 1), **asked)
    later = Register(
        world.register.store, rulebook=national(), clock=lambda: NOW + timedelta(days=9)
    )
    assert first == later.appoint("x", "lead", first_day=date(2027, 1, 1), **asked)


def test_an_id_is_taken_once(world: World) -> None:
    """A second record of the same id is refused."""
    take_over(world)
    with pytest.raises(InvalidRequest, match="is taken"):
        take_over(world)


def test_a_parent_must_be_one(world: World) -> None:
    """A child goes below a category that has children, of the same force."""
    plain, parent = world.add(KINDS[1]), world.add(KINDS[4])
    with pytest.raises(InvalidRequest, match="has no recommendation below it"):
        take_over(world, parent=plain)
    with pytest.raises(InvalidRequest, match="belongs to another force"):
        take_over(world, parent=parent, force="elsewhere")
    take_over(world, parent=parent)
    assert world.register.record(parent).children == ("OLD",)
    assert isinstance(world.register.history(parent)[1].what, ChildLinked)
    assert [r.id for r in world.register.records(parent=parent)] == ["OLD"]


def test_an_open_child_does_not_go_below_a_closed_parent(world: World) -> None:
    """It stays open while one child is open, so a closed one takes no open child."""
    parent = world.add(KINDS[4])
    take_over(world, parent=parent)
    world.step(parent, "start")
    world.step(parent, "close")
    with pytest.raises(Refused, match="re-open the parent first"):
        world.add(KINDS[1], parent=parent)
    take_over(world, parent=parent, record="OLD-2")


def test_amending_keeps_the_old_value_and_the_reason(world: World) -> None:
    """An amendment is an event: field, old, new, reason."""
    record = world.add(KINDS[1])
    event = amend(world, record, "due", date(2023, 5, 1))
    assert event.what == Amended("due", None, "2023-05-01")
    assert amend(world, record, "due", "2023-06-01").what == Amended(
        "due", "2023-05-01", "2023-06-01"
    )
    assert amend(world, record, "due", None).what == Amended("due", "2023-06-01", None)
    assert "due" not in world.register.record(record).fields


BY_HMICFRS = {"actor": HMICFRS, "recorded_by": "liaison", "source": "portal"}


def amend(world: World, record: str, field: str, new: Any, **more: Any) -> Any:
    """Amend a field as the liaison officer, today."""
    asked = {"actor": LIAISON, "on": world.day, "reason": "slipped", **more}
    return world.register.amend(record, field, new, **asked)


@pytest.mark.parametrize(
    ("field", "new", "more", "sentence"),
    [
        ("nonsense", "x", {}, "is not declared"),
        ("nonsense", None, {}, "is not declared"),
        ("questions", None, {}, "already is None"),
        ("questions", "7", {}, "is no list of texts"),
        ("questions", ["7", " "], {}, "is no list of texts"),
        ("kind", "sudden", {}, "use `planned` or `bespoke`"),
        ("last_day", START - timedelta(days=1), BY_HMICFRS, "lies before the first day"),
        ("title", "x", {"reason": " "}, "the reason: is empty"),
        ("title", "x", {"on": START - timedelta(days=1)}, "before the record's last event"),
    ],
)
def test_an_amendment_that_cannot_be_meant_is_refused(
    world: World, field: str, new: Any, more: dict[str, Any], sentence: str
) -> None:
    """Unknown fields, wrong types, no change, no reason."""
    record = world.add(KIND["inspection"])
    with pytest.raises(InvalidRequest) as refused:
        amend(world, record, field, new, **more)
    assert sentence in str(refused.value)
    assert len(world.register.history(record)) == 1


def test_a_required_field_cannot_be_unset(world: World) -> None:
    """Every record of its category has it, from the beginning on."""
    report = world.add(KIND["report"])
    with pytest.raises(InvalidRequest, match="`title`: must not be empty"):
        amend(world, report, "title", None)


def test_a_required_field_must_be_given(world: World) -> None:
    """A report without a title is none."""
    with pytest.raises(InvalidRequest, match="`title`: is missing; give it: Title"):
        world.register.add(
            "I",
            category="report",
            force=FORCE,
            issued=START,
            fields={"kind": "national"},
            actor=LIAISON,
        )


def test_appointments_name_known_roles(world: World) -> None:
    """A role is one of the vocabulary's; an appointment may begin later, and end."""
    with pytest.raises(InvalidRequest, match="the role 'king': is unknown"):
        world.register.appoint("x", "king", force=FORCE, first_day=START, actor=LIAISON)
    world.register.appoint(
        "x",
        "lead",
        force=FORCE,
        first_day=date(2030, 1, 1),
        last_day=date(2030, 2, 1),
        actor=LIAISON,
    )
    held = world.register.record(f"appointment:{FORCE}:lead:x:2030-01-01")
    assert held.fields["last_day"] == "2030-02-01"


def test_documents_come_back_and_unknown_ones_are_refused(world: World) -> None:
    """S8: byte for byte by digest; a document that was not kept cannot be offered."""
    letter = world.letter()
    assert world.register.document(letter.digest) == letter.name.encode()
    with pytest.raises(UnknownDocument) as unknown:
        world.register.document("0" * 64)
    assert unknown.value.digest == "0" * 64
    record = world.add(KINDS[1])
    with pytest.raises(UnknownDocument):
        world.register.attach(
            record, Document("0" * 64, "letter", "x", 1), actor=LIAISON, on=world.day
        )
    poem = world.register.keep(b"a poem", kind="poem", name="poem.txt")
    with pytest.raises(InvalidRequest, match="unknown kind 'poem'"):
        world.register.attach(record, poem, actor=LIAISON, on=world.day)


SAID_OTHERWISE: dict[str, dict[str, Any]] = {
    "kind": {"kind": "comments"},
    "signatory": {"signed_by": "somebody-else"},
    "no signatory": {"signed_by": None},
    "day": {"signed_on": date(2023, 1, 1)},
    "name": {"name": "another.txt"},
    "size": {"size": 1},
}


@pytest.mark.parametrize("part", SAID_OTHERWISE)
def test_a_document_is_what_it_was_kept_as(world: World, part: str) -> None:
    """One made by hand that says otherwise is refused, by whatever verb it comes."""
    record = world.add(KINDS[1])
    letter = world.letter()
    other = evolve(letter, **SAID_OTHERWISE[part])
    said: dict[str, Any] = {"actor": LIAISON, "on": world.day}
    with pytest.raises(InvalidRequest, match="was not kept as what it is said to be"):
        world.register.attach(record, other, **said)
    with pytest.raises(InvalidRequest, match="use what `keep` returned"):
        world.register.fire(record, "start", evidence=[other], **said)
    with pytest.raises(InvalidRequest, match="was not kept as"), world.register.batch() as batch:
        batch.attach(record, other, **said)
    world.register.attach(record, letter, **said)
    with world.register.batch() as batch:
        batch.attach(record, batch.keep(b"more", kind="letter", name="more.txt"), **said)
    assert world.register.verify() == ()


def test_no_letter_is_attached_before_it_is_signed(world: World) -> None:
    """Nor is its attaching moved to such a day by a correction; on the day itself it may."""
    record = world.add(KINDS[1])
    letter = world.letter()
    signed = world.day
    world.later()
    later = world.register.keep(
        b"later", kind="letter", name="later.txt", signed_on=world.day + timedelta(1)
    )
    with pytest.raises(InvalidRequest, match=r"is signed on .* attach it on the day"):
        world.register.attach(record, later, actor=LIAISON, on=world.day)
    event = world.register.attach(record, letter, actor=LIAISON, on=world.day)
    said: dict[str, Any] = {"correction": "redate", "actor": LIAISON, "on": world.day}
    world.register.correct(record, event.number, to=signed, reason="typed late", **said)
    older = world.add(KINDS[1])
    world.later()
    letter = world.letter()
    event = world.register.attach(older, letter, actor=LIAISON, on=world.day)
    said["on"] = world.day
    with pytest.raises(Refused, match=f"is signed on {world.day}, after it was attached"):
        world.register.correct(older, event.number, to=signed + timedelta(1), reason="x", **said)


def test_an_attached_letter_counts_in_its_window(world: World) -> None:
    """Evidence is offered with the act, or attached in the window."""
    record = world.add(KINDS[1])
    world.step(record, "start")
    letter = world.letter()
    world.register.attach(record, letter, actor=LIAISON, on=world.day)
    event = world.fire(record, "close", "chief_constable")
    assert event.what.counted == (letter.digest,)  # type: ignore[union-attr]


def test_text_no_store_keeps_is_refused(world: World) -> None:
    """S9: NUL and lone surrogates are refused with a clear error."""
    record = world.add(KINDS[1])
    for text in ("a\x00b", "\ud800"):
        with pytest.raises(UnstorableText):
            amend(world, record, "title", text)
    assert len(world.register.history(record)) == 1


def test_records_are_listed_by_what_is_asked(world: World) -> None:
    """Filters match exactly; `counts` looks at a ledger."""
    world.add(KINDS[0])
    second = world.add(KINDS[1])
    register = world.register
    assert [second] == [r.id for r in register.records(category="afi")]
    assert [second] == [r.id for r in register.records(counts="open")]
    assert [second] == [r.id for r in register.records(level=2, state="open", force=FORCE)]
    assert list(register.records(level=None, counts="open")) == []


def test_an_unknown_record_is_an_error(world: World) -> None:
    """Reading what is not there says so."""
    for read in (world.register.record, world.register.history):
        with pytest.raises(UnknownRecord) as unknown:
            read("nobody")
        assert unknown.value.record == "nobody"


def test_rules_edited_without_a_new_version_are_refused(world: World) -> None:
    """Records pin what the rules meant; nothing is written where one name means two things."""
    record = world.add(KINDS[1])
    rulebook = national()
    edited = tuple(
        evolve(rules, pin=evolve(rules.pin, digest="another")) for rules in rulebook.lifecycles
    )
    register = Register(world.register.store, rulebook=evolve(rulebook, lifecycles=edited))
    with pytest.raises(RulesMismatch) as refused:
        register.amend(record, "owner", "another", actor=LIAISON, reason="moved on")
    assert refused.value.name == register.record(record).lifecycle.name


def test_a_record_runs_under_the_rules_it_pins(world: World) -> None:
    """The store keeps every pinned lifecycle: a record outlives its rule file."""
    record = world.add(KINDS[1])
    world.step(record, "start")
    others = tuple(r for r in national().lifecycles if r.name != "level-2")
    bare: Rulebook = evolve(national(), lifecycles=others)
    register = Register(world.register.store, rulebook=bare, clock=clock)
    register.fire(record, "close", actor=CHIEF, on=world.later(), evidence=[world.letter()])
    assert register.record(record).state == "closed"


def test_the_clock_is_utc_unless_another_is_given() -> None:
    """`recorded_at` is our clock's, in UTC."""
    assert utc_now().utcoffset() == timedelta(0)
    with Register.open("memory:", clock=clock) as register:
        event = register.appoint("x", "lead", force=FORCE, first_day=START, actor=LIAISON)
    assert event.recorded_at == NOW


def test_an_open_that_fails_lets_go_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves no file open behind it."""
    url = f"sqlite:///{tmp_path / 'register.db'}"
    with Register.open(url, clock=clock) as register:
        register.appoint("x", "lead", force=FORCE, first_day=START, actor=LIAISON)
    closed: list[str] = []
    monkeypatch.setattr(SqliteStore, "close", lambda store: closed.append(store.url))
    with pytest.raises(InvalidRequest):
        Register.open(url, documents=tmp_path / "register.db")
    assert closed == [url]


def test_a_system_step_that_lacks_something_waits() -> None:
    """Untimed system transitions run on entry if they can; the next one is tried if not."""
    states = {
        "begun": State(
            {"portal": "open"},
            transitions=(
                Transition("skip", "done", (SYSTEM,), (FieldSet("owner"),), implements="skip"),
                Transition("go", "half", (SYSTEM,), implements="go"),
            ),
        ),
        "half": State(
            {"portal": "open"},
            transitions=(Transition("end", "done", (SYSTEM,), (FieldSet("owner"),)),),
        ),
        "done": State({"portal": "closed"}, final=True),
    }
    rules = evolve(
        national().lifecycles[0],
        name="own",
        initial="begun",
        states=states,
        applies_to=AppliesTo(("afi",), (None,)),
        refines=None,
        begun_by=None,
    )
    rulebook = evolve(national(), lifecycles=(evolve(rules, pin=pin_of(rules)),))
    with Register.open("memory:", rulebook=rulebook, clock=clock) as register:
        asked: dict[str, Any] = {"category": "afi", "force": FORCE, "actor": LIAISON}
        register.add("A", issued=START, **asked)
        assert register.record("A").state == "half"
        register.add("B", issued=START, fields={"owner": "x"}, **asked)
        assert register.record("B").state == "done"


@pytest.mark.parametrize("on", ["2022-02-02", datetime(2022, 2, 2, tzinfo=UTC), 20220202])
def test_a_day_is_a_date(world: World, on: Any) -> None:
    """A text or a moment is refused in words, before any rule is asked."""
    record = world.add(KINDS[1])
    for ask in (
        lambda: world.register.fire(record, "start", actor=LIAISON, on=on),
        lambda: take_over(world, on=on),
        lambda: amend(world, record, "title", "x", on=on),
    ):
        with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
            ask()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"force": None}, "the force: is None, which is no text"),
        ({"record": 5}, "the id 5: is no text"),
        ({"source": b"x"}, "the source: is b'x', which is no text"),
    ],
)
def test_a_text_is_a_text(world: World, change: dict[str, Any], sentence: str) -> None:
    """What is no text is refused in words, not kept as one."""
    with pytest.raises(InvalidRequest) as refused:
        take_over(world, **change)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("level", [True, 2.0, "2"])
def test_a_level_is_a_whole_number(world: World, level: Any) -> None:
    """True is no level 1, which would count as closed at once."""
    with pytest.raises(InvalidRequest, match="is no level"):
        take_over(world, level=level)
    with pytest.raises(InvalidRequest, match="is no level"):
        world.register.add(
            "N", category="afi", level=level, force=FORCE, issued=START, actor=LIAISON
        )


def test_a_signature_has_a_day(world: World) -> None:
    """What could not be read again is not written."""
    record = world.add(KINDS[1])
    moment: Any = datetime(2021, 1, 4, 9, tzinfo=UTC)
    letter = evolve(world.letter(), signed_on=moment)
    with pytest.raises(InvalidRequest, match=r"is no datetime\.date"):
        world.register.attach(record, letter, actor=LIAISON, on=world.day)
    assert world.register.record(record).number == 1


def test_a_record_without_its_level_is_not_added_as_closed(world: World) -> None:
    """Closed before levels is only taken over; the refusal says what to do instead."""
    said: dict[str, Any] = {"category": "recommendation", "force": FORCE, "issued": world.day}
    with pytest.raises(InvalidRequest) as refused:
        world.register.add("R-0", **said, actor=LIAISON)
    assert str(refused.value) == (
        "R-0: a `recommendation` at level none: can only be taken over, under before-levels@2; "
        "give its level, `1`, `2`, `3` or `4`, or take it over with its state, its source and a "
        "reason"
    )
    taken: dict[str, Any] = {"state": "closed", "on": world.day, "source": "sheet", "reason": "old"}
    world.register.take_over("R-0", **said, **taken, actor=LIAISON)
    assert world.register.record("R-0").assumed


def test_where_nothing_can_be_added_the_refusal_asks_for_no_level() -> None:
    """There is none to give."""
    before = [rules for rules in national().lifecycles if rules.name == "before-levels"]
    only = evolve(national(), lifecycles=tuple(before))
    with Register.open("memory:", rulebook=only, clock=clock) as register:
        said: dict[str, Any] = {"category": "recommendation", "force": FORCE, "issued": START}
        with pytest.raises(InvalidRequest) as refused:
            register.add("R-0", **said, actor=LIAISON)
    assert refused.value.instead == "take it over with its state, its source and a reason"
