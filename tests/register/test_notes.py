"""Notes: who says what of a record, of which day, from what. None of them moves anything."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import EventVoided, InvalidRequest, KeyReused, UnknownDocument
from peelflow.model.decisions import Refused
from peelflow.model.records import Attachment, Document, Moment, Noted, Record
from peelflow.portfolio.movement import movement, movement_totals
from peelflow.portfolio.notes import last_note, notes
from peelflow.portfolio.selection import Selection, each_selected
from peelflow.register.commands import take
from peelflow.register.limits import LONGEST_TEXT
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.memory import MemoryStore
from tests.builders.force import (
    CHIEF,
    FORCE,
    HMICFRS,
    KIND,
    LIAISON,
    START,
    World,
    clock,
    new_world,
)

LATEST = Moment(0, date.max)
LEVEL_2, CAUSE = KIND["level-2"], KIND["cause-of-concern"]
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}


def standing(record: Record) -> tuple[object, ...]:
    """Return how a record stands, without the numbers of its events, which notes have too."""
    moments = {name: moment.on for name, moment in record.entered.items()}
    done = {name: (last.on, last.person) for name, last in record.done.items()}
    said: dict[str, Any] = {"entered": {}, "done": {}, "attachments": (), "window": LATEST}
    kept = evolve(record, number=0, note_documents=(), **said)
    return kept, moments, done, record.window.on, len(record.attachments)


def test_a_note_says_who_when_and_from_what(world: World) -> None:
    """It stands in the history under its own day, and the record stands where it stood."""
    record, day = world.add(LEVEL_2), world.day
    world.step(record, "start")
    before = world.register.record(record)

    event = world.register.note(
        record, "PPOG asked for a date", actor=HMICFRS, on=day, key="k", **PORTAL
    )

    assert (event.kind, event.what, event.on) == ("noted", Noted("PPOG asked for a date"), day)
    assert (event.actor, event.recorded_by, event.source) == (HMICFRS, "liaison-officer", "portal")
    assert (event.number, event.changes) == (3, ())
    assert standing(world.register.record(record)) == standing(before)
    assert world.register.record(record).on == before.on != day
    assert world.register.history(record)[-1] == event
    assert world.register.verify() == ()


WALK = st.lists(
    st.one_of(st.integers(0, 5), st.tuples(st.just("note"), st.integers(-400, 0))), max_size=9
)


def attempt(world: World, record: str, move: int) -> str:
    """Take one of the ways out of where a record stands; say why not, where it is refused."""
    ways = world.ways_out(record)
    try:
        return str(ways and world.step(record, ways[move % len(ways)].trigger).on)
    except Refused as refused:
        return str(refused)


def seen(world: World, day: date) -> list[object]:
    """Return what is said of a day."""
    register, before = world.register, START - timedelta(500)
    return [
        register.figures(as_at=day),
        movement(register, after=before, until=day),
        movement_totals(register, after=before, until=day),
        [*map(standing, each_selected(register, as_at=day))],
    ]


@given(st.sampled_from(sorted(KIND)), WALK)
@settings(max_examples=25, deadline=None)
def test_notes_move_nothing(kind: str, walk: list[Any]) -> None:
    """Whatever is done, of any record, comes out as if nobody had noted anything, on every day."""
    noted, bare = new_world(), new_world()
    records = [world.add(KIND[kind]) for world in (noted, bare)]
    days = {START, START - timedelta(1)}
    for move in walk:
        if isinstance(move, tuple):
            on = noted.day + timedelta(move[1])
            noted.register.note(records[0], "noted", actor=LIAISON, on=on)
            days.add(on)
        else:
            assert attempt(noted, records[0], move) == attempt(bare, records[1], move)
    for day in {*days, noted.day}:
        assert seen(noted, day) == seen(bare, day)
    assert noted.register.verify() == ()


def test_a_note_of_a_later_day_stops_no_earlier_act(world: World) -> None:
    """An act of before may still be recorded, and children are judged as they stood then."""
    cause = world.add(CAUSE)
    child = world.add(LEVEL_2, parent=cause)
    world.step(cause, "start")
    world.step(child, "start")
    closed_on = world.later(2)
    far = world.later(30)
    for record in (cause, child):
        world.register.note(record, "a visit looked, and closed nothing", actor=LIAISON, on=far)

    world.day = closed_on
    letter = world.letter()
    world.register.fire(child, "close", actor=CHIEF, on=closed_on, evidence=[letter])
    closed = world.fire(cause, "close", "hmicfrs")

    assert closed.on == closed_on
    assert world.register.figures(as_at=closed_on).closed == 2
    assert world.register.verify() == ()


def test_nothing_stands_before_a_record_though_a_note_does(world: World) -> None:
    """A meeting of before it was issued is noted, and the record is not there on that day."""
    record = world.add(LEVEL_2)
    before = world.day - timedelta(40)
    world.register.note(record, "told at the hot debrief", actor=LIAISON, on=before)

    assert [*each_selected(world.register, as_at=before)] == []
    assert notes(world.register, until=before) == ()
    assert [note.on for note in notes(world.register, until=world.day)] == [before]
    assert world.register.figures(as_at=before).total == 0


def test_a_document_of_a_note_counts_for_no_act(world: World) -> None:
    """A signed letter that came with one closes nothing; it is kept, and checked, all the same."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    world.later()
    letter = world.letter()
    world.register.note(record, "a draft", documents=[letter], actor=LIAISON, on=world.day)

    with pytest.raises(Refused, match="no `letter` is offered, or attached"):
        world.fire(record, "close", "chief_constable")
    kept = world.register.record(record)
    assert (kept.attachments, kept.note_documents) == ((), (Attachment(letter, 3),))
    world.fire(record, "close", "chief_constable", evidence=[letter])  # offered, it does
    assert world.register.record(record).note_documents == (Attachment(letter, 3),)


def test_a_document_has_to_be_kept_and_not_signed_later(world: World) -> None:
    """What nobody kept is not there, and nobody had it before it was signed."""
    record, day = world.add(LEVEL_2), world.day
    unknown = Document("0" * 64, "letter", "x.pdf", 3)
    with pytest.raises(UnknownDocument):
        world.register.note(record, "x", documents=[unknown], actor=LIAISON, on=day)
    world.later()
    letter = world.letter()
    with pytest.raises(InvalidRequest, match="after the 2021-01-04 of the note"):
        world.register.note(record, "x", documents=[letter], actor=LIAISON, on=day)
    made = world.register.note(record, "x", documents=[letter], actor=LIAISON, on=world.day)
    with pytest.raises(Refused, match="is signed on 2021-01-05, after it was noted"):
        world.register.correct(
            record, made.number, correction="redate", to=day, actor=LIAISON, reason="earlier"
        )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (None, "is no text"),
        ("x" * (LONGEST_TEXT + 1), "has 4,001 characters, more than 4,000"),
        ("a\u202eb", "turns text around unseen"),
    ],
)
def test_a_note_has_the_limits_of_other_texts(world: World, text: Any, why: str) -> None:
    """Empty, too long or misleading, it is refused; minutes of a meeting are a document."""
    record = world.add(LEVEL_2)
    with pytest.raises(InvalidRequest, match=f"the note.*{why}"):
        world.register.note(record, text, actor=LIAISON, on=world.day)


def test_what_cannot_be_noted_is_refused(world: World) -> None:
    """A day to come, an inspectorate's word without its source, a record that was withdrawn."""
    record = world.add(LEVEL_2)
    with pytest.raises(InvalidRequest, match="lies in the future"):
        world.register.note(record, "x", actor=LIAISON, on=date(2030, 1, 1))
    with pytest.raises(InvalidRequest, match="names no source"):
        world.register.note(record, "x", actor=HMICFRS, on=world.day, recorded_by="officer")
    world.register.correct(
        record, 1, correction="void", actor=HMICFRS, reason="twice", on=world.day, **PORTAL
    )
    with pytest.raises(InvalidRequest, match="was withdrawn"):
        world.register.note(record, "x", actor=LIAISON, on=world.day)


def test_a_note_is_corrected_as_anything_is(world: World) -> None:
    """Its side voids it or moves it to its day, and no figure moves."""
    record = world.add(LEVEL_2)
    world.step(record, "start")
    world.step(record, "close", "chief_constable")
    figures = world.register.figures()
    first, second = (
        world.register.note(record, text, actor=LIAISON, on=world.day, key=text)
        for text in ("one", "two")
    )
    said: dict[str, Any] = {"actor": LIAISON, "reason": "slip", "on": world.day}
    with pytest.raises(InvalidRequest, match="is not of that side"):
        world.register.correct(
            record, first.number, correction="void", **{**said, "actor": HMICFRS, **PORTAL}
        )
    world.register.correct(record, first.number, correction="void", **said)
    world.register.correct(record, second.number, correction="redate", to=START, **said)

    told = notes(world.register, until=world.day)
    assert [(note.text, note.on) for note in told] == [("two", START)]
    note = last_note(world.register.history(record), None)
    assert note is not None
    assert (note.number, last_note(world.register.history(record)[:4], START)) == (5, None)
    assert world.register.figures() == figures
    assert world.register.verify() == ()
    assert world.register.note(record, "two", actor=LIAISON, on=world.day, key="two") == second
    with pytest.raises(EventVoided):
        world.register.note(record, "one", actor=LIAISON, on=world.day, key="one")
    with pytest.raises(KeyReused):
        world.register.note(record, "other", actor=LIAISON, on=world.day, key="two")


def test_notes_are_listed_by_day_of_what_is_selected(world: World) -> None:
    """After a day, until a day, with who said it and what came with it."""
    one, two = world.add(LEVEL_2, fields={"title": "Custody"}), world.add(CAUSE)
    world.later(3)
    plan = world.register.keep(b"plan", kind="improvement_plan", name="plan.txt")
    world.register.note(two, "the plan", documents=[plan], actor=LIAISON, on=world.day)
    world.register.note(one, "started late", actor=LIAISON, on=START, source="minutes")

    listed = notes(world.register, until=world.day)
    assert [(note.row.record, note.title, note.text, note.source) for note in listed] == [
        (one, "Custody", "started late", "minutes"),
        (two, None, "the plan", None),
    ]
    assert listed[1].documents == (plan,)
    assert [note.row.record for note in notes(world.register, until=world.day, after=START)] == [
        two
    ]
    chosen = Selection(category="afi")
    assert [n.text for n in notes(world.register, until=world.day, selection=chosen)] == [
        "started late"
    ]


def test_a_batch_notes_or_does_not(world: World) -> None:
    """S1: what is refused in a batch takes the note along."""
    record = world.add(LEVEL_2)
    with pytest.raises(Refused), world.register.batch() as batch:
        batch.note(record, "x", actor=LIAISON, on=world.day)
        batch.fire(record, "close", actor=CHIEF, on=world.day)
    assert len(world.register.history(record)) == 1


def test_an_export_carries_notes_and_what_came_with_them(tmp_path: Path) -> None:
    """They are restored, verify, and a force reads its own document there, and no other force."""
    world = new_world()
    record = world.add(LEVEL_2)
    plan = world.register.keep(b"plan", kind="improvement_plan", name="plan.txt")
    world.register.note(record, "the plan", documents=[plan], actor=LIAISON, on=world.day)
    file = tmp_path / "register.jsonl"
    file.write_text("\n".join(world.register.export()) + "\n", "utf-8")

    store = MemoryStore()
    restored = Register(store, rulebook=national(), clock=clock)
    restored.restore(file)
    assert restored.history(record) == world.register.history(record)
    assert restored.document(plan.digest) == b"plan"
    assert restored.verify() == ()
    own = Register(store, rulebook=national(), clock=clock, force=FORCE)
    assert own.document(plan.digest) == b"plan"
    with pytest.raises(UnknownDocument):
        Register(store, rulebook=national(), clock=clock, force="essex").document(plan.digest)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (Noted(" "), "words-unfit"),
        (Noted("x", (Document("0" * 64, "letter", "x.pdf", 3),)), "document-missing"),
    ],
)
def test_what_no_verb_would_note_is_found(world: World, what: Noted, code: str) -> None:
    """S10: an empty note, or one whose document is not kept."""
    record = world.add(LEVEL_2)
    first = world.register.history(record)[-1]
    session = world.register.session()  # behind the verbs' back
    event = evolve(first, number=2, what=what, actor=LIAISON, changes=(), key=None)
    take(session, event, session.get(record))
    session.commit()

    found = {discrepancy.code for discrepancy in world.register.verify()}
    assert code in found
