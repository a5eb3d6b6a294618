"""Every adapter lists and sums what it keeps, in one order."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings

from peelflow.errors import OtherRules
from peelflow.model.records import Value
from peelflow.stores.chain import GENESIS, chain
from peelflow.stores.protocol import Store, Total, Wanted
from tests.stores.samples import batch, change, event, moved, record, step
from tests.stores.strategies import TEXTS

shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


@pytest.mark.parametrize("count", [0, 251, 300])
def test_lists_records_in_the_order_of_their_ids(store: Store, count: int) -> None:
    """S6: records come by id in code-point order, each once, over any number of them."""
    names = [f"R{number}" for number in range(count)] + ["\uffff", "\U0001f4c8", "a", "Z", "é"]
    entries = [chain(GENESIS, event(name)) for name in names]
    store.append(batch(*((entry, record(entry.event.record)) for entry in entries)))

    assert [each.id for each in store.records(Wanted())] == sorted(names)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(force="WMP"), ["a", "b"]),
        (Wanted(category="afi"), ["b"]),
        (Wanted(force="WMP", category="recommendation"), ["a"]),
        (Wanted(force="GMP", category="afi"), []),
        (Wanted(level=3), ["a", "c"]),
        (Wanted(level=None), ["b"]),
        (Wanted(level="3"), []),
        (Wanted(state="closed"), ["c"]),
        (Wanted(parent="a"), ["c"]),
        (Wanted(force="WMP", level=3, state="open"), ["a"]),
        (Wanted(force="GMP", parent="b"), []),
    ],
)
def test_lists_the_records_that_match(store: Store, wanted: Wanted, expected: list[str]) -> None:
    """S6: each condition is matched exactly, all of them at once."""
    step(store, "a")
    step(store, "b", category="afi", level=None)
    step(store, "c", force="GMP", state="closed", parent="a")

    assert [each.id for each in store.records(wanted)] == expected


def test_a_record_that_moved_is_listed_as_it_stands_now(store: Store) -> None:
    """S4: what a record was before is no longer found."""
    step(store, parent="p")
    step(store, state="closed", level=None, parent="p")

    assert list(store.records(Wanted(state="open"))) == []
    assert [each.number for each in store.records(Wanted(level=None, parent="p"))] == [2]


@given(name=TEXTS, text=TEXTS)
@example("a", '["b"]')
@example("$.a", "\\u0000")
@shared
def test_lists_the_records_whose_field_says_a_text(store: Store, name: str, text: str) -> None:
    """S9: a field's name and text are matched as they are, whatever they hold; a list is none."""
    names = ("says", "lacks", "lists", "another")
    fields: tuple[dict[str, Value], ...] = ({name: text}, {}, {name: (text,)}, {f"{name}.": text})
    for each, told in zip(names, fields, strict=True):
        step(store, each, force=text, fields=told)

    found = store.records(Wanted(field=(name, text)))

    assert [each.id for each in found] == ["says"]


def test_totals_sum_the_changes(store: Store) -> None:
    """S4: totals are the changes' sums by day and force, zeros left out, in one order."""
    later = date(2024, 5, 1)
    step(store, "a", told={"changes": (change(), change(level=None))})
    step(store, "b", told={"changes": (change(force="GMP"), change())})
    step(store, "a", told={"changes": (change("open", -1, on=later), change("closed", on=later))})
    gmp = Total("GMP", "recommendation", 3, "portal", "open", 1)
    none = Total("WMP", "recommendation", None, "portal", "open", 1)
    closed = Total("WMP", "recommendation", 3, "portal", "closed", 1)

    assert list(store.totals()) == [gmp, none, closed, evolve(closed, counts="open")]
    assert list(store.totals(as_at=date(2024, 4, 30), force="WMP")) == [
        none,
        evolve(closed, counts="open", total=2),
    ]
    assert list(store.totals(as_at=date(2024, 1, 1))) == []


def test_totals_leave_zeros_out(store: Store) -> None:
    """S4: what came and went is no row."""
    step(store, told={"changes": (change(), change("open", -1))})

    assert list(store.totals()) == []


def test_keeps_every_pinned_lifecycle(store: Store) -> None:
    """S4: rule texts are kept by name, version and digest; the first text stays."""
    for version, digest, text in ((2, "b", "one"), (1, "a", "two"), (2, "b", "three")):
        store.append(evolve(batch(), lifecycles={("level-3", version, digest): text}))

    assert store.lifecycles() == {("level-3", 1, "a"): "two", ("level-3", 2, "b"): "one"}


def test_one_name_and_version_means_one_thing(store: Store) -> None:
    """Two registers that run differing rules under one version do not both write."""
    store.append(evolve(batch(), lifecycles={("level-3", 1, "a"): "one"}))

    with pytest.raises(OtherRules) as refused:
        store.append(evolve(batch(moved(store)), lifecycles={("level-3", 1, "b"): "two"}))

    assert (refused.value.name, refused.value.version) == ("level-3", 1)
    assert list(store.records(Wanted())) == []
