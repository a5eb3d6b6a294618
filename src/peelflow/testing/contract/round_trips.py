"""Test that events (S4), documents (S8) and texts (S9) come back as they were kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from peelflow.errors import InvalidRequest, UnstorableText
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    Corrected,
    Event,
    Moment,
    Noted,
    ParentLinked,
    TakenOver,
    Value,
)
from peelflow.model.rules import Pin
from peelflow.stores.base import LedgerTotal, RecordQuery, Store, StoredRecord
from peelflow.testing.contract import Contract, drawn
from peelflow.testing.samples import (
    ADDED,
    DAY,
    LETTER,
    NAME,
    PIN,
    STEP,
    append_history,
    append_next,
    batch,
    change,
    events,
    next_batch,
    next_event,
    record,
)
from peelflow.testing.strategies import STORABLE_TEXTS, values_of


class EventHistories(Contract):
    """S4."""

    def test_every_kind_of_event_comes_back_equal_and_in_order(self, store: Store) -> None:
        """S4: every kind of event comes back equal, in the order of its numbers."""
        entries = append_history(store, NAME, events().values())

        assert store.history(NAME) == entries

    @given(life=st.lists(values_of(Event), min_size=1, max_size=3))
    @drawn
    def test_any_events_come_back_equal(self, store: Store, life: list[Event]) -> None:
        """S4: whatever events hold, they come back equal and in order."""
        name = f"{life[0].record} {uuid4()}"
        plain = [
            evolve(
                event, changes=tuple(evolve(change, level=3, delta=1) for change in event.changes)
            )
            for event in life
        ]
        entries = append_history(store, name, plain)

        assert store.history(name) == entries

    def test_many_histories_come_back_as_each_by_itself(self, store: Store) -> None:
        """S4: each in its own order, and nothing of what is not kept."""
        for name in ("b", "a", "\N{GRINNING FACE}", "b", "A", "a", "b"):
            append_next(store, name)

        names = ["a", "b", "A", "\N{GRINNING FACE}", "none"]
        histories = {name: store.history(name) for name in names if name != "none"}
        assert dict(store.histories(names)) == histories
        assert [len(histories[name]) for name in names[:-1]] == [2, 3, 1, 1]
        assert store.histories([]) == {}

    def test_the_last_event_that_is_no_note_comes_by_itself(self, store: Store) -> None:
        """S4: of each record that has one, up to the number that is asked for of it."""
        names = ["b", "a", '\N{GRINNING FACE}"', "A", "key"]
        for name in names:
            for what in (ADDED, Noted("seen"), STEP, Noted("heard"), Noted("read")):
                append_next(store, name, what=what)

        for until, last in enumerate((None, 1, 1, 3, 3, 3, 3)):
            expected = {name: store.history(name)[last - 1] for name in names if last}
            assert store.last_events(dict.fromkeys([*names, "none"], until)) == expected
        numbers = {"a": 4, "b": 2}
        found = store.last_events(numbers)
        assert {name: entry.event.number for name, entry in found.items()} == {"a": 3, "b": 1}
        assert store.last_events({}) == {}

    def test_a_record_comes_back_equal(self, store: Store) -> None:
        """S4: a record is read with the digest of its last event."""
        entry = append_next(store)

        assert store.read([NAME]) == {NAME: StoredRecord(record(), entry.digest)}

    def test_a_clock_that_goes_backwards_changes_no_order(self, store: Store) -> None:
        """S4: events are ordered by their numbers, whatever the clock said when they came."""
        noon = datetime(2024, 3, 2, 12, tzinfo=UTC)
        kept = [append_next(store, recorded_at=noon - timedelta(hours=hours)) for hours in range(3)]

        assert store.history(NAME) == tuple(kept)
        assert [item.entry for item in store.feed(0, 9)] == kept

    def test_a_record_that_moved_is_listed_as_it_stands_now(self, store: Store) -> None:
        """S4: what a record was before is no longer found."""
        append_next(store, parent="p")
        append_next(store, state="closed", level=None, parent="p")

        assert list(store.records(RecordQuery(state="open"))) == []
        records = store.records(RecordQuery(level=None, parent="p"))
        assert [record.number for record in records] == [2]

    def test_keeps_every_pinned_lifecycle(self, store: Store) -> None:
        """S4: rule texts are kept by name, version and digest; the first text stays."""
        for version, digest, text in ((2, "b", "one"), (1, "a", "two"), (2, "b", "three")):
            store.append(evolve(batch(), lifecycles={("level-3", version, digest): text}))

        assert store.lifecycles() == {("level-3", 1, "a"): "two", ("level-3", 2, "b"): "one"}

    def test_totals_sum_the_changes(self, store: Store) -> None:
        """S4: totals are the changes' sums by day and force, zeros left out, in one order."""
        later = date(2024, 5, 1)
        append_next(store, "a", changes=(change(), change(level=None)))
        append_next(store, "b", changes=(change(force="GMP"), change()))
        shut = (change("open", -1, on=later), change("closed", on=later))
        append_next(store, "a", changes=shut)
        gmp = LedgerTotal("GMP", "recommendation", 3, "portal", "open", 1)
        none = LedgerTotal("WMP", "recommendation", None, "portal", "open", 1)
        closed = LedgerTotal("WMP", "recommendation", 3, "portal", "closed", 1)

        assert list(store.totals()) == [gmp, none, closed, evolve(closed, counts="open")]
        assert list(store.totals(as_at=date(2024, 4, 30), force="WMP")) == [
            none,
            evolve(closed, counts="open", total=2),
        ]
        assert list(store.totals(as_at=date(2024, 1, 1))) == []

    def test_totals_say_how_many_are_assumed(self, store: Store) -> None:
        """S4: of how many nobody saw how they came to stand so; by then, where they moved since."""
        taken = TakenOver("WMP", "recommendation", 3, PIN, "open", DAY)
        for name in ("a", "b"):
            append_next(store, name, what=taken, assumed=True, changes=(change(),))
        append_next(store, "c", changes=(change(),))
        both = LedgerTotal("WMP", "recommendation", 3, "portal", "open", 3, 2)
        known = store.position()

        assert list(store.totals()) == list(store.totals(as_at=DAY, force="WMP")) == [both]
        moment = Moment(2, DAY)
        walked = {"walked": True, "window": moment, "entered": {"self_certified": moment}}
        append_next(store, "a", assumed=True, state="self_certified", **walked)
        assert list(store.totals()) == list(store.totals(as_at=DAY)) == [evolve(both, assumed=1)]
        assert store.position() > known
        assert list(store.totals(known=known)) == [both]

    def test_totals_leave_zeros_out(self, store: Store) -> None:
        """S4: what came and went is no row."""
        append_next(store, changes=(change(), change("open", -1)))

        assert list(store.totals()) == []

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (RecordQuery(force="WMP"), ["a", "b"]),
            (RecordQuery(category="afi"), ["b"]),
            (RecordQuery(force="WMP", category="recommendation"), ["a"]),
            (RecordQuery(force="GMP", category="afi"), []),
            (RecordQuery(level=3), ["a", "c"]),
            (RecordQuery(level=None), ["b"]),
            (RecordQuery(level="3"), []),
            (RecordQuery(state="closed"), ["c"]),
            (RecordQuery(parent="a"), ["c"]),
            (RecordQuery(mention="a"), ["c"]),
            (RecordQuery(force="WMP", mention="a"), []),
            (RecordQuery(mention='"'), []),
            (RecordQuery(force="WMP", level=3, state="open"), ["a"]),
            (RecordQuery(force="GMP", parent="b"), []),
        ],
    )
    def test_lists_the_records_that_match(
        self, store: Store, wanted: RecordQuery, expected: list[str]
    ) -> None:
        """S4: each condition is matched exactly, all of them at once."""
        append_next(store, "a")
        append_next(store, "b", category="afi", level=None)
        append_next(store, "c", force="GMP", state="closed", parent="a")

        assert [record.id for record in store.records(wanted)] == expected

    def test_lists_a_record_where_it_now_belongs(self, store: Store) -> None:
        """S4: a correction may give a record another force, category, level and parent."""
        append_next(store, "a")
        append_next(store, "b", parent="a")
        now = {"force": "GMP", "category": "afi", "level": 2, "parent": "c"}
        entered = Added("GMP", "afi", 2, PIN, "open", {}, "c")
        for name in ("a", "b"):
            append_next(store, name, what=Corrected(1, "reenter", DAY, entered), **now)
        append_next(store, "a", what=ParentLinked("d"), **{**now, "parent": "d"})

        asked = (
            RecordQuery(force="WMP"),
            RecordQuery(category="recommendation"),
            RecordQuery(level=3),
            RecordQuery(parent="a"),
            RecordQuery(force="GMP", category="afi", level=2),
            RecordQuery(parent="c"),
            RecordQuery(parent="d"),
        )
        listed = [[record.id for record in store.records(query)] for query in asked]
        assert listed == [[], [], [], [], ["a", "b"], ["b"], ["a"]]

    def test_lists_no_record_that_is_withdrawn(self, store: Store) -> None:
        """S4: it is read by its id, or where it is asked for, until its withdrawal is voided."""
        append_next(store, "a")
        append_next(store, "b")
        append_next(store, "a", what=Corrected(1, "void"), withdrawn=True)

        assert [record.id for record in store.records(RecordQuery())] == ["b"]
        asked = RecordQuery(category="recommendation", withdrawn=True)
        assert [record.id for record in store.records(asked)] == ["a", "b"]
        assert store.read(["a"])["a"].record.withdrawn
        append_next(store, "a", what=Corrected(2, "void"))
        assert [record.id for record in store.records(RecordQuery(force="WMP"))] == ["a", "b"]

    @pytest.mark.parametrize("count", [0, 251, 300])
    def test_lists_records_in_the_order_of_their_ids(self, store: Store, count: int) -> None:
        """S4: records come by id in code-point order, each once, over any number of them."""
        names = [f"R{number}" for number in range(count)]
        names += ["\uffff", "\U0001f4c8", "a", "Z", "é"]
        store.append(next_batch(store, names))

        assert [record.id for record in store.records(RecordQuery())] == sorted(names)


LARGE_DOCUMENT = bytes(range(256)) * 40_000


class DocumentContents(Contract):
    """S8."""

    @given(content=st.binary(max_size=200))
    @example(content=b"")
    @example(content=b"line\r\n \x00\xff\n ")
    @drawn
    def test_a_document_comes_back_byte_for_byte(self, store: Store, content: bytes) -> None:
        """S8: any content is kept under its digest; keeping it again changes nothing."""
        digest = sha256(content).hexdigest()
        store.keep_document(digest, content)
        store.keep_document(digest, content)

        assert store.document(digest) == content
        assert store.has_document(digest)
        with store.snapshot() as snapshot:
            assert dict(snapshot.documents())[digest] == content

    def test_a_large_document_comes_back(self, store: Store) -> None:
        """S8: ten megabytes are a document like any other."""
        digest = sha256(LARGE_DOCUMENT).hexdigest()
        store.keep_document(digest, LARGE_DOCUMENT)

        assert store.document(digest) == LARGE_DOCUMENT

    def test_a_batch_brings_its_documents(self, store: Store) -> None:
        """S8: what comes with a batch is kept with it; what was there stays as it is."""
        documents = {sha256(content).hexdigest(): content for content in (b"one", b"two")}
        first = next(iter(documents))
        store.keep_document(first, documents[first])
        store.append(evolve(batch(next_event(store)), documents=documents))

        assert {digest: store.document(digest) for digest in documents} == documents

    def test_the_folder_of_documents_is_remembered(self, store: Store, tmp_path: Path) -> None:
        """S8: where the documents lie that the store does not keep; the last one counts."""
        assert store.documents_folder() is None
        for folder in (tmp_path / "letters", tmp_path.parent / "elsewhere"):
            store.note_documents_folder(folder)
            assert store.documents_folder() == folder

        store.note_documents_folder(None)
        assert store.documents_folder() is None

    def test_a_document_is_kept_under_its_own_digest(self, store: Store) -> None:
        """S8: content under another digest is refused, alone and in a batch."""
        with pytest.raises(InvalidRequest) as caught:
            store.keep_document("d" * 64, b"letter")
        with pytest.raises(InvalidRequest):
            store.append(evolve(batch(next_event(store)), documents={"d" * 64: b"letter"}))

        assert str(caught.value) == (
            "document 'dddddddddddd': its content has another SHA-256 digest; keep it under its own"
        )
        assert store.document("d" * 64) is None
        assert not store.has_document("d" * 64)
        assert store.history(NAME) == ()


LARGE_TEXT = "Straße \U0001f4c8 $.a 'x' \\u0000\n" * 400_000
PAST_63_BITS = 2**63


class TextRoundTrips(Contract):
    """S9."""

    @given(name=STORABLE_TEXTS, text=STORABLE_TEXTS, key=STORABLE_TEXTS)
    @example(name="$.a.b", text="$", key="k.$")
    @example(name="%s ? :x {}", text="\\u0000 ' \" ; --", key="\x01\x7f\u2028")
    @drawn
    def test_any_text_survives(self, store: Store, name: str, text: str, key: str) -> None:
        """S9: ids, fields, states and keys of any text come back the same."""
        number = len(store.history(name)) + 1
        more = {"reason": text, "key": f"{number} {key}"}
        entry = append_next(store, name, **more, fields={text: text}, state=text)

        assert store.history(name)[-1] == entry
        assert store.read([name])[name].record.fields == {text: text}
        assert store.event_with_key(name, f"{number} {key}") == entry

    @given(name=STORABLE_TEXTS, text=STORABLE_TEXTS)
    @example("a", '["b"]')
    @example("$.a", "\\u0000")
    @drawn
    def test_lists_the_records_whose_field_says_a_text(
        self, store: Store, name: str, text: str
    ) -> None:
        """S9: a field's name and text are matched as they are; a list of texts is no text."""
        names = ("says", "lacks", "lists", "another")
        fields: tuple[dict[str, Value], ...] = (
            {name: text},
            {},
            {name: (text,)},
            {f"{name}.": text},
        )
        for record_id, parts in zip(names, fields, strict=True):
            append_next(store, record_id, force=text, fields=parts)

        records = store.records(RecordQuery(field=(name, text)))

        assert [record.id for record in records] == ["says"]

    def test_a_large_text_survives(self, store: Store) -> None:
        """S9: ten megabytes of text come back the same, in an event and in a record."""
        entry = append_next(
            store,
            what=Amended("title", None, LARGE_TEXT),
            fields={"title": LARGE_TEXT},
        )

        assert store.history(NAME) == (entry,)
        assert store.read([NAME])[NAME].record.fields == {"title": LARGE_TEXT}

    def test_a_number_past_63_bits_survives_or_is_refused(self, store: Store) -> None:
        """S9: a size of any length comes back; a version that no row can hold is refused."""
        entry = append_next(store, what=Attached(evolve(LETTER, size=PAST_63_BITS)))
        pinned = evolve(
            batch(next_event(store, lifecycle=Pin("level-3", PAST_63_BITS, "x"))),
            lifecycles={("level-3", PAST_63_BITS, "x"): "text"},
        )

        with pytest.raises(InvalidRequest):
            store.append(pinned)
        assert store.history(NAME) == (entry,)

    @pytest.mark.parametrize("bad", ["a\0", "\ud800"])
    def test_refuses_texts_no_store_keeps(self, store: Store, bad: str) -> None:
        """S9: a NUL or a lone surrogate is refused wherever it is offered, and nothing is kept."""
        good = batch(next_event(store))
        asks: list[Any] = [
            lambda: store.read([bad]),
            lambda: store.event_with_key(bad, "k"),
            lambda: store.event_with_key("a", bad),
            lambda: store.history(bad),
            lambda: store.last_events({bad: 1}),
            lambda: store.document(bad),
            lambda: store.has_document(bad),
            *(
                lambda wanted=wanted: list(store.records(wanted))
                for wanted in (
                    RecordQuery(force=bad),
                    RecordQuery(category=bad),
                    RecordQuery(level=bad),
                    RecordQuery(state=bad),
                    RecordQuery(parent=bad),
                    RecordQuery(field=(bad, "text")),
                    RecordQuery(field=("owner", bad)),
                )
            ),
            lambda: list(store.totals(force=bad)),
            lambda: store.append(evolve(good, records=(StoredRecord(record(state=bad), ""),))),
            lambda: store.append(evolve(good, lifecycles={("level-3", 1, "d"): bad})),
        ]
        for ask in asks:
            with pytest.raises(UnstorableText):
                ask()
        assert store.history(NAME) == ()
        assert store.lifecycles() == {}
