"""Restore: an export into any store, event by event, with equal digests and positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from peelflow.engine.fold import apply, begin, fold
from peelflow.errors import RequestRefused
from peelflow.model.records import Corrected, Event, Record
from peelflow.stores.export import Content, End, Happened, Lifecycle, read_export
from peelflow.stores.protocol import Batch, Entry, Kept, Store

BATCH = 500


def restore_into(
    store: Store,
    lines: Iterable[str],
    *,
    keep: Callable[[str, bytes], None] | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> int:
    """Append what an export tells and the store has not yet, and return how many events that were.

    A restoring that was cut off goes on where it stopped. Check the export first: `verify_export`.

    Args:
        store: An empty store, or one that holds the beginning of this very export.
        lines: The export's lines.
        keep: Keeps a document by its digest; the store itself when left out.
        seen: Told after each batch how many events are kept by now.

    Raises:
        RequestRefused: The store holds other events, or the file is no export.
        Conflict: Somebody else writes to the store meanwhile.
    """
    there = _digests(store)
    rules: dict[tuple[str, int, str], str] = {}
    entries: list[Entry] = []
    known = added = 0
    for told in read_export(lines):
        match told:
            case Lifecycle(pin=pin, text=text):
                rules[pin] = text
            case Content(digest=digest, content=content):
                (keep or store.keep_document)(digest, content)
            case Happened(entry=entry):
                before = next(there, None)
                if before is None:
                    entries.append(entry)
                elif before == entry.digest:
                    known += 1
                else:
                    raise _other(store)
            case End() if next(there, None) is not None:
                raise _other(store)
        if len(entries) == BATCH:
            store.append(_batch(store, entries, rules))
            added, entries = added + BATCH, []
            seen(known + added)
    if entries:
        store.append(_batch(store, entries, rules))
    seen(known + added + len(entries))
    return added + len(entries)


def _digests(store: Store) -> Iterator[str]:
    position = 0
    while placed := store.feed(position, BATCH):
        position = placed[-1].position
        yield from (each.entry.digest for each in placed)


def _other(store: Store) -> RequestRefused:
    why = "holds other events than this export"
    return RequestRefused(f"the store {store.url}", why, "import into an empty one")


def _batch(store: Store, entries: list[Entry], rules: Mapping[tuple[str, int, str], str]) -> Batch:
    events: dict[str, list[Entry]] = {}
    for entry in entries:
        events.setdefault(entry.event.record, []).append(entry)
    kept = store.read(list(events))
    records = tuple(
        Kept(_folded(store, kept.get(record), [each.event for each in new]), new[-1].digest)
        for record, new in events.items()
    )
    read = {record: kept[record].record.number if record in kept else 0 for record in events}
    return Batch(entries=tuple(entries), records=records, read=read, lifecycles=rules)


def _folded(store: Store, kept: Kept | None, new: list[Event]) -> Record:
    try:
        if any(isinstance(event.what, Corrected) for event in new):
            before = store.history(kept.record.id) if kept else ()
            return fold([*(entry.event for entry in before), *new])
        first, rest = (begin(new[0]), new[1:]) if kept is None else (kept.record, new)
        for event in rest:
            first = apply(first, event)
    except (TypeError, ValueError):
        what, why = f"the export's record {new[0].record!r}", "is not made by what happened to it"
        raise RequestRefused(what, why, "export it again") from None
    return first
