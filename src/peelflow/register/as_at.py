"""Records as they stood at the end of a day, as known when the feed ended at a position.

A record that has not moved since stands as it is kept; of any other the history is folded again, as
it was last corrected. So each list, each sum and each count as at a day means the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from peelflow.engine.fold import corrected_until, fold
from peelflow.figures import Figures, tabulate
from peelflow.model.records import Event, Record
from peelflow.register.query_checks import check_known_force, check_ledger, check_position_reached
from peelflow.register.services import ReadServices
from peelflow.register.validation import check_date
from peelflow.stores.base import Store, check_history, chunked

HISTORIES_AT_ONCE = 500


def record_as_at(history: Sequence[Event], on: date | None) -> Record | None:
    """Return the record that a history makes by the end of a day; None where it was not there."""
    events = corrected_until(history, on)
    return fold(events) if events else None


def each_as_at(
    store: Store, records: Iterable[Record], as_at: date | None, known: int | None
) -> Iterator[Record]:
    """Yield records as they stood then, but for those that were not there yet.

    Only of those that moved since is the history read.

    Args:
        store: What keeps them.
        records: The records as they are kept now.
        as_at: The day; None for everything that is recorded.
        known: The position of the feed up to which events count; None for every one of them.
    """
    numbers = last_numbers(store, known)
    for chunk in chunked(records, HISTORIES_AT_ONCE):
        moved = [
            record.id
            for record in chunk
            if (as_at is not None and record.on > as_at)
            or (numbers is not None and numbers.get(record.id) != record.number)
        ]
        histories = _checked_histories(store, chunk, moved) if moved else {}
        is_moved = frozenset(moved)
        for latest in chunk:
            record: Record | None = latest
            if latest.id in is_moved:
                number = None if numbers is None else numbers.get(latest.id, 0)
                record = record_as_at(histories[latest.id][:number], as_at)
            if record is not None:
                yield record


def each_history(
    store: Store, records: Iterable[Record]
) -> Iterator[tuple[Record, tuple[Event, ...]]]:
    """Yield records in their order, each with everything that happened to it.

    Args:
        store: What keeps them.
        records: The records as they are kept now.

    Raises:
        StoreUnavailable: Less is kept of one than its row tells.
    """
    for chunk in chunked(records, HISTORIES_AT_ONCE):
        histories = _checked_histories(store, chunk, [record.id for record in chunk])
        for record in chunk:
            yield record, histories[record.id]


def _checked_histories(
    store: Store, records: Iterable[Record], ids: Sequence[str]
) -> Mapping[str, tuple[Event, ...]]:
    """Return the histories of those of the records that have these ids."""
    kept, asked = store.histories(ids), frozenset(ids)
    histories = {name: tuple(entry.event for entry in kept.get(name, ())) for name in ids}
    for record in records:
        if record.id in asked:
            check_history(store.url, record.id, len(histories[record.id]), record.number)
    return histories


def last_numbers(store: Store, known: int | None) -> Mapping[str, int] | None:
    """Return the number of each record's last event up to a position; None where all count.

    Args:
        store: What keeps them.
        known: The position of the feed; None for its end.
    """
    if known is None or known == store.position():
        return None
    return store.last_numbers(known)


def figures_of(
    services: ReadServices,
    ledger: str,
    *,
    force: str | None = None,
    as_at: date | None = None,
    known: int | None = None,
) -> Figures:
    """Return the figures of a ledger, and how many of what they count is assumed.

    All of it is the store's, in one reading.

    Args:
        services: The store and its rules.
        ledger: The ledger to count on.
        force: Only this force's records.
        as_at: The last day whose events count; None for everything that is recorded.
        known: The position of the feed up to which events count.

    Raises:
        InvalidRequest: The feed has not come to that position, no record is of such a force, or no
            state counts on such a ledger.
    """
    check_ledger(services, ledger)
    if as_at is not None:
        check_date(as_at, "the figures")
    check_position_reached(services, known)
    check_known_force(services, force)
    totals = services.store.totals(as_at=as_at, force=force, known=known)
    categories = services.rulebook.vocabulary.categories
    return tabulate(totals, categories, ledger=ledger, as_at=as_at, known=known)
