"""Texts (S9): any text survives where it is put; what no store can keep is refused."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given

from peelflow.errors import RequestRefused, TextRefused
from peelflow.model.records import Amended, Attached, Value
from peelflow.model.rules import Pin
from peelflow.stores.protocol import Kept, Store, Wanted
from peelflow.testing.contract.base import NAME, Contract, drawn
from peelflow.testing.samples import LETTER, batch, moved, record, step
from peelflow.testing.values import TEXTS

LARGE = "Straße \U0001f4c8 $.a 'x' \\u0000\n" * 400_000
PAST = 2**63


class Texts(Contract):
    """S9."""

    @given(name=TEXTS, text=TEXTS, key=TEXTS)
    @example(name="$.a.b", text="$", key="k.$")
    @example(name="%s ? :x {}", text="\\u0000 ' \" ; --", key="\x01\x7f\u2028")
    @drawn
    def test_any_text_survives(self, store: Store, name: str, text: str, key: str) -> None:
        """S9: ids, fields, states and keys of any text come back the same."""
        number = len(store.history(name)) + 1
        more = {"reason": text, "key": f"{number} {key}"}
        entry = step(store, name, told=more, fields={text: text}, state=text)

        assert store.history(name)[-1] == entry
        assert store.read([name])[name].record.fields == {text: text}
        assert store.keyed(name, f"{number} {key}") == entry

    @given(name=TEXTS, text=TEXTS)
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
        for each, told in zip(names, fields, strict=True):
            step(store, each, force=text, fields=told)

        found = store.records(Wanted(field=(name, text)))

        assert [each.id for each in found] == ["says"]

    def test_a_large_text_survives(self, store: Store) -> None:
        """S9: ten megabytes of text come back the same, in an event and in a record."""
        entry = step(store, told={"what": Amended("title", None, LARGE)}, fields={"title": LARGE})

        assert store.history(NAME) == (entry,)
        assert store.read([NAME])[NAME].record.fields == {"title": LARGE}

    def test_a_number_past_63_bits_survives_or_is_refused(self, store: Store) -> None:
        """S9: a size of any length comes back; a version that no row can hold is refused."""
        entry = step(store, told={"what": Attached(evolve(LETTER, size=PAST))})
        pinned = evolve(
            batch(moved(store, lifecycle=Pin("level-3", PAST, "x"))),
            lifecycles={("level-3", PAST, "x"): "text"},
        )

        with pytest.raises(RequestRefused):
            store.append(pinned)
        assert store.history(NAME) == (entry,)

    @pytest.mark.parametrize("bad", ["a\0", "\ud800"])
    def test_refuses_texts_no_store_keeps(self, store: Store, bad: str) -> None:
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
        assert store.history(NAME) == ()
        assert store.lifecycles() == {}
