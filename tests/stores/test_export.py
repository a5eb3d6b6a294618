"""An export: equal when it comes back, checked without a register, refused when it is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.tamper import fill
from peelflow.engine.fold import fold
from peelflow.errors import InvalidRequest, Unverified
from peelflow.model.records import ChildLinked, Corrected, EventPayload, TransitionTaken
from peelflow.register.register import Register
from peelflow.rulebook.national import national
from peelflow.stores.base import Store, StoredEvent, StoredRecord, WriteBatch
from peelflow.stores.export import feed_of_export, read_export, restore_export, verify_export
from peelflow.stores.memory import MemoryStore
from peelflow.stores.rows import GENESIS, chain
from peelflow.stores.seals import seal_feed
from tests.builders.force import new_world
from tests.builders.stores import ADDED, DAY, event, run
from tests.stores.forgery import say


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The export of two records with everything that happened to them."""
    path = tmp_path_factory.mktemp("export") / "register.db"
    fill(path, 2)
    with Register.open(f"sqlite:///{path}") as register:
        return list(register.export())


def exported(store: Store) -> list[str]:
    """Return what a store's register exports."""
    return list(Register(store, rulebook=national()).export())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE documents SET content = 'text'", "holds no bytes"),
        ("UPDATE events SET text = '{}'", "cannot be exported: WMP-0000 event 1"),
    ],
)
def test_what_cannot_be_read_is_not_exported(change: str, why: str, tmp_path: Path) -> None:
    """No half of an export, and no traceback: what is wrong, and where."""
    path = tmp_path / "register.db"
    fill(path, 2)
    run(path, change)
    with Register.open(f"sqlite:///{path}") as register, pytest.raises(Unverified, match=why):
        list(register.export())


def test_a_restored_register_is_equal(lines: list[str], store: Store) -> None:
    """Whatever the adapter: the same events, digests, positions, documents, rules and records."""
    assert restore_export(store, lines) == 10

    assert exported(store) == lines
    assert Register(store, rulebook=national()).verify() == ()


def test_restoring_again_changes_nothing(lines: list[str], store: Store) -> None:
    """What is there already is passed over."""
    restore_export(store, lines)

    assert restore_export(store, lines) == 0
    assert exported(store) == lines


@given(st.integers(0, 10))
def test_a_restoring_that_was_cut_off_goes_on(lines: list[str], done: int) -> None:
    """Wherever it stopped."""
    store = MemoryStore()
    events = [each for each in lines if '"kind":"event"' in each]
    head = [each for each in lines if each not in events]
    restore_export(store, [*head[:-1], *events[:done], head[-1]])

    assert restore_export(store, lines) == 10 - done
    assert exported(store) == lines


def test_big_registers_come_in_batches(
    store: Store, monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    """A record's events may lie in several batches; progress is told after each."""
    monkeypatch.setattr("peelflow.stores.export.RESTORE_CHUNK", 3)
    told: list[int] = []

    restore_export(store, lines, progress=told.append)

    assert told == [3, 6, 9, 10]
    assert exported(store) == lines


def test_a_store_with_other_events_is_refused(lines: list[str], store: Store) -> None:
    """Nothing is mixed, whether it holds others or more."""
    world = new_world("memory:")
    others = list(world.register.export())
    restore_export(store, others)
    with pytest.raises(InvalidRequest, match="holds other events than this export"):
        restore_export(store, lines)


def test_a_store_with_more_events_is_refused(lines: list[str], store: Store) -> None:
    """It went on since the export was made, or holds another's."""
    restore_export(store, lines)
    shorter = [*lines[:-2], lines[-1]]

    with pytest.raises(InvalidRequest, match="holds other events than this export"):
        restore_export(store, shorter)
    assert exported(store) == lines


def test_corrected_histories_come_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a correction says shows in the record, wherever the batches are cut."""
    monkeypatch.setattr("peelflow.stores.export.RESTORE_CHUNK", 3)
    origin = MemoryStore()
    told = (
        ADDED,
        TransitionTaken("start", "open", "in_progress"),
        Corrected(2, "void"),
        ChildLinked("x"),
    )
    _append(origin, told)
    _append(origin, (ADDED, Corrected(1, "redate", DAY)), name="second")
    lines = exported(origin)

    restore_export(store, lines)

    assert exported(store) == lines
    record = store.read(["first"])["first"].record
    assert (record.state, record.number) == ("open", 4)
    assert not [each for each in verify_export(lines) if each.code != "record-missing"][2:]


def _append(store: Store, told: tuple[EventPayload, ...], name: str = "first") -> None:
    head, entries = GENESIS, list[StoredEvent]()
    for number, what in enumerate(told, 1):
        entries.append(chain(head, event(name, number, what)))
        head = entries[-1].digest
    folded = fold([each.event for each in entries])
    store.append(WriteBatch(tuple(entries), (StoredRecord(folded, head),), {name: 0}, {}))


def test_a_history_that_makes_no_record_is_refused(store: Store) -> None:
    """Its chain fits, and nothing that happened brings a record into being."""
    entry = chain(GENESIS, event("odd", 1, ChildLinked("x")))
    told = {"kind": "event", "text": entry.text, "previous": "", "digest": entry.digest}
    head = {"kind": "head", "format": 1, "of": "peelflow register"}
    end = {"kind": "end", "events": 1, "root": ""}

    with pytest.raises(InvalidRequest, match="'odd': is not made by what happened to it"):
        restore_export(store, map(say, (head, told, end)))


def test_the_end_has_the_seals_root(lines: list[str]) -> None:
    """An export can be held against a seal: its end says the same root."""
    sealed, _ = seal_feed(feed_of_export(lines))

    assert json.loads(lines[-1])["root"] == sealed.root
    assert json.loads(lines[-1])["events"] == sealed.count == 10


def test_a_whole_export_verifies(lines: list[str]) -> None:
    """S10: nothing is found where nothing was changed."""
    assert list(verify_export(lines)) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_edited_line_is_found_or_refused(lines: list[str], data: st.DataObject) -> None:
    """S10: one character changed anywhere never passes, nor ends in a traceback."""
    number = data.draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    place = data.draw(st.integers(0, len(line) - 1))
    letter = data.draw(st.characters(exclude_categories=["Cs"]))
    edited = line[:place] + letter + line[place + 1 :]
    changed = [*lines[:number], edited, *lines[number + 1 :]]

    if json_or_none(edited) == json.loads(line):
        return
    assert _faults(changed)


@given(st.integers(1, 10))
def test_a_line_that_is_gone_is_found_or_refused(lines: list[str], number: int) -> None:
    """S10: a document, a lifecycle, an event, the end."""
    assert _faults([*lines[:number], *lines[number + 1 :]])


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_is_refused_in_words(lines: list[str]) -> None:
    """Never a traceback."""
    with pytest.raises(InvalidRequest):
        list(read_export(lines))


def json_or_none(text: str) -> object:
    """Return what a JSON text says."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _faults(lines: list[str]) -> list[str]:
    try:
        return [str(each) for each in verify_export(lines)]
    except InvalidRequest as error:
        return [str(error)]


@pytest.mark.parametrize(
    ("place", "line", "said"),
    [
        (0, "{}", "line 1 of the export: is no head"),
        (1, "[]", "line 2 of the export: is no line of an export"),
        (1, '{"kind":"x"}', "line 2 of the export: is of no kind known here"),
        (1, '{"kind":[]}', "line 2 of the export"),
        (1, '{"content":"","digest":1,"kind":"document"}', "line 2 of the export: cannot be read"),
        (1, '{"events":"1","kind":"end","root":""}', "line 2 of the export: cannot be read"),
        (1, '{"events":1,"kind":"end","root":""}', "line 3 of the export: stands behind the end"),
        (1, "[" * 100_000, "line 2 of the export: is no line of an export"),
    ],
)
def test_a_line_that_is_none_is_named(lines: list[str], place: int, line: str, said: str) -> None:
    """By its number, and why."""
    with pytest.raises(InvalidRequest) as caught:
        list(read_export([*lines[:place], line, *lines[place + 1 :]]))

    assert str(caught.value).startswith(said)


_DIGEST = sha256(b"a").hexdigest()
OTHERWISE: dict[str, tuple[str, Callable[[str], str]]] = {
    "line ends of another system": ("event", lambda text: f"{text}\r"),
    "a space": ("event", lambda text: text.replace('":"', '": "', 1)),
    "another order": ("end", lambda text: json.dumps(dict(reversed(json.loads(text).items())))),
    "a name twice": ("event", lambda text: '{"previous":"x",' + text[1:]),
    "a letter said by its number": ("event", lambda text: text.replace("kind", "\\u006bind")),
    "an event with a name more": ("event", lambda text: text.replace('{"digest', '{"a":1,"digest')),
    "a document with a name more": ("document", lambda text: more(text, title="x")),
    "rules with a name more": ("lifecycle", lambda text: more(text, title="x")),
    "an end with a name more": ("end", lambda text: more(text, records=2)),
    "a head whose format is a truth": ("head", lambda text: more(text, format=True)),
    "rules whose version is a truth": ("lifecycle", lambda text: more(text, version=True)),
    "bytes in other letters": ("document", lambda text: more(text, content="YR==")),
}
"""By what is other in a line: its kind, and the edit."""


def more(text: str, **parts: object) -> str:
    """Return a line with other parts."""
    return say(json.loads(text) | parts)


@pytest.mark.parametrize("what", OTHERWISE)
def test_14_33_a_line_is_as_an_export_writes_it(lines: list[str], what: str) -> None:
    """Else two files would tell the same, and what nobody reads could stand in one of them."""
    kind, edit = OTHERWISE[what]
    document = say({"kind": "document", "digest": _DIGEST, "content": "YQ=="})
    whole = [*lines[:2], document, *lines[2:]]
    number = next(n for n, text in enumerate(whole) if json.loads(text)["kind"] == kind)
    with pytest.raises(InvalidRequest, match=f"line {number + 1} of the export"):
        list(read_export([*whole[:number], edit(whole[number]), *whole[number + 1 :]]))
    assert len(list(read_export(f"{text}\n" for text in whole))) == len(whole) - 1


def test_an_end_that_tells_of_others_is_found(lines: list[str]) -> None:
    """S10: events were removed from the end of the file and its end was kept."""
    assert "end-differs" in "".join(_faults([*lines[:-2], lines[-1]]))


def test_an_export_is_read_as_it_comes(lines: list[str]) -> None:
    """Streamed: the first lines are read before the last are there."""

    def endless() -> Iterator[str]:
        yield from lines[:4]
        raise AssertionError

    assert len(list(islice(read_export(endless()), 2))) == 2
