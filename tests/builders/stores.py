"""Events and batches for stores: the kit's, and what only these tests look at."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from attrs import evolve

from peelflow.engine.fold import assumed_changes
from peelflow.model.records import (
    Added,
    Amended,
    Attached,
    Change,
    Corrected,
    Document,
    Event,
    EventPayload,
    MadeJoint,
    Migrated,
    Noted,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.stores.base import LedgerTotal, RecordQuery, Store
from peelflow.stores.sums import totals_of
from peelflow.stores.totals import total_order
from peelflow.testing.samples import (
    ADDED,
    DAY,
    LETTER,
    PAYLOADS,
    PIN,
    STEP,
    append_next,
    batch,
    change,
    event,
    events,
    next_event,
    record,
)

__all__ = [
    "ADDED",
    "DAY",
    "LETTER",
    "OF_LATER",
    "PAYLOADS",
    "PIN",
    "STEP",
    "append_next",
    "batch",
    "change",
    "event",
    "events",
    "folded",
    "next_event",
    "record",
    "run",
    "variants",
]


OF_LATER = (
    *("INDEX {0}records_by_force", "TABLE {0}joint_records", "TABLE {0}settings"),
    *("TABLE {0}sums", "TABLE {0}checkpoint"),
)
"""What a register of before lacks; {0} stands before the names of tables."""


def run(path: Path, *sql: str) -> None:
    """Change a database behind the store's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for each in sql:
            connection.execute(each)


def variants() -> dict[str, Event]:
    """Return events with their options the other way than in `events()`."""
    bare = Document("d" * 64, "letter", 'a \\ " \x01\x1f\x7f\u2028', 0)
    whats: dict[str, EventPayload] = {
        "added bare": Added("WMP", "recommendation", None, PIN, "open"),
        "added below": evolve(ADDED, level=1, parent="WMP-C-1"),
        "taken over bare": TakenOver("WMP", "afi", 2, PIN, "closed", date(999, 1, 1)),
        "acted bare": TransitionTaken("start", "open", "in_progress"),
        "acted own step": TransitionTaken("start", "open", "open", national=False),
        "acted staying": TransitionTaken("inspect_further", "a", "b", stays=True),
        "acted full": TransitionTaken("verify", "a", "b", inspection="I-1", successor="WMP-2"),
        "acted when due": TransitionTaken("lapse", "a", "b", due=date(2024, 2, 29)),
        "acted twice": evolve(STEP, evidence=(LETTER, bare), counted=("e" * 64, "d" * 64)),
        "attached unsigned": Attached(bare),
        "added joint": evolve(ADDED, joint_with=("Cumbria", "GMP")),
        "added joint, all act": evolve(ADDED, joint_with=("GMP",), joint_acts="any"),
        "taken over joint": TakenOver(
            "WMP", "afi", None, PIN, "closed", DAY, joint_with=("GMP",), joint_acts="any"
        ),
        "made joint with none": MadeJoint(("GMP",), ()),
        "noted bare": Noted("x"),
        "noted with two": Noted("x", (LETTER, bare)),
        "amended away": Amended("owner", "ACC", None),
        "relevelled plain": Relevelled(None, None, PIN, "open", "open", "b" * 64),
        "relevelled in other words": Relevelled(
            3, 2, PIN, "open", "open", "b" * 64, triggers={"sign": "close", "a\u00e9": "b"}
        ),
        "migrated in other words": Migrated(PIN, "a", "b", "c" * 64, {"z": "y", "certify": "sign"}),
        "corrected void": Corrected(2, "void"),
        "entered anew": Corrected(1, "reenter", date(2024, 1, 31), ADDED),
        "taken over anew": Corrected(
            1, "reenter", DAY, TakenOver("WMP", "afi", None, PIN, "closed", DAY, {}, "WMP-C-1")
        ),
    }
    return {name: event(what=what) for name, what in whats.items()}


def folded(
    store: Store, *, as_at: date | None = None, force: str | None = None, known: int | None = None
) -> list[LedgerTotal]:
    """Return the totals of a store by its events alone, each history folded."""
    ids = [each.id for each in store.records(RecordQuery(withdrawn=True))]
    numbers = None if known is None else store.last_numbers(known)
    changes, standing = list[Change](), list[Change]()
    for name in ids:
        history = [entry.event for entry in store.history(name)]
        if numbers is not None:
            history = [each for each in history if each.number <= numbers.get(name, 0)]
        changes += [each for event in history for each in event.changes]
        standing += assumed_changes(history, as_at)
    dated = (each for each in changes if as_at is None or each.on <= as_at)
    assumed = totals_of(standing, force)
    sums = totals_of(dated, force).items()
    totals = (LedgerTotal(*line, total, assumed[line]) for line, total in sums if total)
    return sorted(totals, key=total_order)
