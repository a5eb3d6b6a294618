"""Every adapter keeps any text, and refuses what no store can keep."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from peelflow.errors import TextRefused
from peelflow.stores.protocol import Kept, Store, Wanted
from tests.stores.samples import batch, moved, record, step
from tests.stores.strategies import TEXTS

shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


@given(name=TEXTS, text=TEXTS, key=TEXTS)
@shared
def test_any_text_survives(store: Store, name: str, text: str, key: str) -> None:
    """S9: ids, fields and keys of any text come back the same."""
    number = len(store.history(name)) + 1
    more = {"reason": text, "key": f"{number} {key}"}
    entry = step(store, name, told=more, fields={text: text}, state=text)

    assert store.history(name)[-1] == entry
    assert store.read([name])[name].record.fields == {text: text}
    assert store.keyed(name, f"{number} {key}") == entry


@pytest.mark.parametrize("bad", ["a\0", "\ud800"])
def test_refuses_texts_no_store_keeps(store: Store, bad: str) -> None:
    """S9: a NUL or a lone surrogate is refused wherever it is offered, and nothing is kept."""
    good = batch(moved(store))
    asks: list[Any] = [
        lambda: store.read([bad]),
        lambda: store.keyed(bad, "k"),
        lambda: store.keyed("a", bad),
        lambda: store.history(bad),
        lambda: store.document(bad),
        lambda: store.has_document(bad),
        *(
            lambda wanted=wanted: list(store.records(wanted))
            for wanted in (
                Wanted(force=bad),
                Wanted(category=bad),
                Wanted(level=bad),
                Wanted(state=bad),
                Wanted(parent=bad),
                Wanted(field=(bad, "text")),
                Wanted(field=("owner", bad)),
            )
        ),
        lambda: list(store.totals(force=bad)),
        lambda: store.append(evolve(good, records=(Kept(record(state=bad), ""),))),
        lambda: store.append(evolve(good, lifecycles={("level-3", 1, "d"): bad})),
    ]
    for ask in asks:
        with pytest.raises(TextRefused):
            ask()
    assert store.history("WMP-R3-017") == ()
