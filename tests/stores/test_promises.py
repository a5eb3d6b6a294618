"""Every adapter keeps the numbered promises."""

from __future__ import annotations

import hashlib

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peelflow.errors import Conflict, KeyReused, RequestRefused, StoreError
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Batch, Kept, Store
from tests.stores.samples import PIN, batch, change, event, events, moved, record, step

shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


def test_history_comes_back_equal_and_in_order(store: Store) -> None:
    """S4: every kind of event comes back equal, in the order of its numbers."""
    kept, head = [], GENESIS
    for number, told in enumerate(events().values(), start=1):
        entry = chain(head, evolve(told, number=number, key=None))
        store.append(batch((entry, record(number=number))))
        kept.append(entry)
        head = entry.digest

    assert store.history("WMP-R3-017") == tuple(kept)


def test_a_record_comes_back_equal(store: Store) -> None:
    """S4: a record is read with the digest of its last event."""
    entry = step(store)

    assert store.read(["WMP-R3-017"]) == {"WMP-R3-017": Kept(record(), entry.digest)}


@pytest.mark.parametrize("ids", [[], ["none"], ["none", "nobody"]])
def test_what_does_not_exist_is_left_out(store: Store, ids: list[str]) -> None:
    """S6: reading unknown ids gives no records, and an unknown record has no history."""
    assert store.read(ids) == {}
    assert store.history("none") == ()
    assert store.keyed("none", "k") is None


def test_reads_many_at_once(store: Store) -> None:
    """S6: several records come in one reading."""
    names = ["a", "b", 'c"', "d\\", "é\U0001f4c8"]
    for name in names:
        step(store, name)

    assert set(store.read({*names, "none"})) == set(names)


def test_a_batch_is_kept_whole(store: Store) -> None:
    """S1: two events on one record and one on another arrive together."""
    first = chain(GENESIS, event())
    second = chain(first.digest, event(number=2))
    other = chain(GENESIS, event("other"))
    store.append(
        Batch(
            entries=(first, second, other),
            records=(Kept(record(number=2), second.digest), Kept(record("other"), other.digest)),
            read={"WMP-R3-017": 0, "other": 0},
            lifecycles={("level-3", 1, PIN.digest): "text"},
        )
    )

    assert store.history("WMP-R3-017") == (first, second)
    assert store.history("other") == (other,)


def test_a_refused_batch_leaves_nothing(store: Store) -> None:
    """S1: one record that moved refuses the events, records, rules and totals of the others."""
    step(store, "b")
    good = moved(store, "a", told={"changes": (change(),), "key": "k"})
    refused = evolve(batch(good, read={"b": 0}), lifecycles={("level-3", 1, "x"): "text"})

    with pytest.raises(Conflict):
        store.append(refused)

    assert store.read(["a", "b"]).keys() == {"b"}
    assert store.history("a") == ()
    assert store.keyed("a", "k") is None
    assert not list(store.totals())
    assert store.lifecycles() == {}


@pytest.mark.parametrize("name", ["a", "b", "c", "none"])
def test_any_record_that_moved_is_a_conflict(store: Store, name: str) -> None:
    """S2: each record the decision read, moved or not, existing or not, is checked."""
    for each in "abc":
        step(store, each)
    found = {"a": 1, "b": 1, "c": 1, "none": 0}
    stale = batch(moved(store, "a"), read=found | {name: 7})

    with pytest.raises(Conflict) as caught:
        store.append(stale)

    assert (caught.value.record, caught.value.expected, caught.value.found) == (
        name,
        7,
        found[name],
    )
    assert len(store.history("a")) == 1


@pytest.mark.parametrize("number", [1, 3])
def test_a_number_is_used_once_and_none_left_out(store: Store, number: int) -> None:
    """S2: an event that does not follow its record's last is a conflict."""
    head = step(store).digest
    entry = chain(head, event(number=number))
    unread = Batch((entry,), (Kept(record(number=number), entry.digest),), {}, {})

    with pytest.raises(Conflict) as caught:
        store.append(unread)

    assert (caught.value.record, caught.value.expected, caught.value.found) == (
        "WMP-R3-017",
        number - 1,
        1,
    )


@pytest.mark.parametrize(("name", "number"), [("WMP-R3-017", 3), ("other", 2)])
def test_a_lone_event_must_follow_its_record(store: Store, name: str, number: int) -> None:
    """S2: what was read stands, but the event leaves a number out, or is another record's."""
    head = step(store).digest
    entry = chain(head, event(name, number))
    kept = Kept(record(number=number), entry.digest)

    with pytest.raises(Conflict) as caught:
        store.append(Batch((entry,), (kept,), {"WMP-R3-017": 1}, {}))

    assert (caught.value.record, caught.value.expected) == (name, number - 1)
    assert len(store.history("WMP-R3-017")) == 1


def test_a_record_begins_with_its_first_event(store: Store) -> None:
    """S2: a record that nobody read and that does not exist has number 0."""
    entry = chain(GENESIS, event(number=2))

    with pytest.raises(Conflict) as caught:
        store.append(Batch((entry,), (Kept(record(number=2), entry.digest),), {}, {}))

    assert (caught.value.expected, caught.value.found) == (1, 0)


def test_the_same_batch_cannot_be_kept_twice(store: Store) -> None:
    """S2: of two that read the same number, one is kept."""
    once = batch(moved(store))
    store.append(once)

    with pytest.raises(Conflict):
        store.append(once)

    assert len(store.history("WMP-R3-017")) == 1


def test_a_key_finds_its_event(store: Store) -> None:
    """S7: a key belongs to a record; elsewhere it is free."""
    mine = step(store, "a", told={"key": "k"})
    other = step(store, "b", told={"key": "k"})
    step(store, "a")

    assert store.keyed("a", "k") == mine
    assert store.keyed("b", "k") == other
    assert store.keyed("a", "other") is None


def test_a_key_is_not_used_twice(store: Store) -> None:
    """S7: a second event under the same key is refused, not skipped."""
    step(store, told={"key": "k"})

    with pytest.raises(KeyReused) as caught:
        step(store, told={"key": "k"})

    assert (caught.value.record, caught.value.key) == ("WMP-R3-017", "k")
    assert len(store.history("WMP-R3-017")) == 1


def test_a_key_comes_once_in_a_batch(store: Store) -> None:
    """S7: the same key twice in one batch is refused."""
    entries = [chain(GENESIS, event())]
    for number in (2, 3):
        entries.append(chain(entries[-1].digest, event(number=number, key="k")))
    kept = Kept(record(number=3), entries[-1].digest)

    with pytest.raises(KeyReused):
        store.append(Batch(tuple(entries), (kept,), {"WMP-R3-017": 0}, {}))

    assert store.read(["WMP-R3-017"]) == {}


@given(content=st.binary(max_size=200))
@shared
def test_a_document_comes_back_byte_for_byte(store: Store, content: bytes) -> None:
    """S8: any content is kept under its digest; keeping it again changes nothing."""
    digest = hashlib.sha256(content).hexdigest()
    store.keep_document(digest, content)
    store.keep_document(digest, content)

    assert store.document(digest) == content
    assert store.has_document(digest)


def test_a_document_is_kept_under_its_own_digest(store: Store) -> None:
    """S8: content under another digest is refused."""
    with pytest.raises(RequestRefused) as caught:
        store.keep_document("d" * 64, b"letter")
    assert str(caught.value) == (
        "document 'dddddddddddd': its content has another SHA-256 digest; keep it under its own"
    )
    assert store.document("d" * 64) is None
    assert not store.has_document("d" * 64)


def test_every_refusal_is_ours(store: Store) -> None:
    """S2: callers can catch one class for all that a store cannot do."""
    assert issubclass(Conflict, StoreError)
    store.close()
    store.close()
