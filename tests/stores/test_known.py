"""Totals as known at a position of the feed: what was kept behind it does not count."""

from __future__ import annotations

from attrs import evolve

from peelflow.stores.base import LedgerTotal, Store
from tests.builders.stores import append_next, change


def test_totals_as_known_leave_out_what_came_later(store: Store) -> None:
    """S5: up to a position of the feed, whatever was kept behind it."""
    level, none = LedgerTotal("WMP", "recommendation", 3, "portal", "open", 1), None
    told = [change(), change(level=None), change("closed"), change(force="GMP")]
    for each in told:
        append_next(store, "a", changes=(each,))
    store.feed(0, 9)
    tables = [list(store.totals(known=position)) for position in range(5)]
    force = LedgerTotal("GMP", "recommendation", 3, "portal", "open", 1)

    assert tables[:3] == [[], [level], [evolve(level, level=none), level]]
    assert tables[4] == list(store.totals()) == [force, *tables[3]]
    assert list(store.totals(known=4, force="GMP", as_at=change().on)) == [force]
