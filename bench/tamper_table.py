"""Make the table of docs/stores.md: what is found with nothing, with a seal, and with a signed one.

The tampers are those of `bench.tamper`, on a register of 20 events. One kind more is tried here: a
hand that reaches the seal's file too, and leaves there the seal of what it made.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve, frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench import tamper
from peelflow.stores.base import EventRow
from peelflow.stores.integrity import verify_snapshot
from peelflow.stores.seals import (
    Heads,
    Seal,
    SealKey,
    seal_discrepancies,
    seal_feed,
    seal_key_from,
    signature_discrepancies,
)
from peelflow.stores.sqlite import sqlite_snapshot

Feed = Iterable[tuple[int | None, EventRow]]
RECORDS = 4  # of five events
ROWS = {
    "a row changed or deleted, the chain left as it was": (
        *("event:", "records:", "joint_records:", "changes:", "documents:", "lifecycles:"),
        "any row",
    ),
    "any column set to anything": ("any column",),
    "the schema changed": ("schema:",),
    "a history made anew: edited, shortened, swapped, put in between": ("careful",),
    "a part of an event set to anything, the chain made anew": ("chain anew",),
    "two neighbours of the feed swapped": ("swap of",),
    "an export made up, every chain in it made anew": ("export",),
    "documents that no event names, and what is said of them": (tamper.NOT_PROMISED,),
}
"""Each row of the table, and how the names of its tampers begin."""
FORGED_ROW = "a history or the feed made anew, and a seal of it put in the seal's place"


@frozen
class Found:
    """How many tampers of a row were tried, and found with nothing, a seal and a signed seal."""

    tried: int
    with_nothing: int
    with_seal: int
    with_key: int


def rows_of(tally: tamper.Tally) -> dict[str, Found]:
    """Return what a run found, by the table's rows; a signed seal finds what any seal does."""
    rows = {}
    for words, begins in ROWS.items():
        kinds = [kind for kind in tally.tried if kind.startswith(begins)]
        tried = sum(tally.tried[kind] for kind in kinds)
        alone = sum(tally.alone[kind] for kind in kinds)
        lost = sum(tamper.kind_of(name) in kinds for name in (*tally.missed, *tally.crashed))
        sealed = alone if tamper.NOT_PROMISED in begins else tried - lost
        rows[words] = Found(tried, alone, sealed, sealed)
    return rows


def new_key() -> SealKey:
    """Return a key that nobody had before."""
    made = Ed25519PrivateKey.generate()
    return seal_key_from(
        made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def forged_seals(path: Path, sealed: Seal, key: SealKey) -> Found:
    """Try every history made anew with a seal of it in the seal's place.

    A signed seal finds one that is found however the forger signs: not at all, with a key of their
    own, or with the signature of the seal that was there.
    """
    outcomes = list[tuple[bool, bool, bool]]()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, hand in tamper.each_tamper(path):
            if not name.startswith(("careful", "swap of")):
                continue
            connection.execute("BEGIN")
            hand(connection)
            kept = sqlite_snapshot(connection)
            alone = any(verify_snapshot(kept))
            forged, heads = seal_feed(kept.feed())
            unsigned = _differs(kept.feed(), forged, heads, None)
            dressed = _dressed(forged, sealed)
            signed = all(_differs(kept.feed(), each, heads, key) for each in dressed)
            outcomes.append((alone, alone or unsigned, alone or signed))
            connection.execute("ROLLBACK")
    return Found(len(outcomes), *(sum(column) for column in zip(*outcomes, strict=True)))


def _dressed(forged: Seal, sealed: Seal) -> Iterator[Seal]:
    yield forged
    yield new_key().sign(forged)
    yield evolve(forged, signed_with=sealed.signed_with, signature=sealed.signature)


def _differs(feed: Feed, sealed: Seal, heads: Heads, key: SealKey | None) -> bool:
    return any(seal_discrepancies(feed, sealed, heads)) or any(signature_discrepancies(sealed, key))


def make_table(rows: dict[str, Found]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        "| kind | tried | found with nothing | with a seal | with a signed seal |",
        "|---|---|---|---|---|",
        *(
            f"| {words} | {found.tried} | {found.with_nothing} | {found.with_seal} "
            f"| {found.with_key} |"
            for words, found in rows.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def run() -> str:
    """Tamper with a register in every way, and return the table."""
    rows = rows_of(tamper.run(RECORDS, parts=2))
    with TemporaryDirectory() as folder:
        path, key = Path(folder) / "register.db", new_key()
        sealed, _ = tamper.fill(path, RECORDS)
        rows[FORGED_ROW] = forged_seals(path, key.sign(sealed), key)
    return make_table(rows)


if __name__ == "__main__":
    sys.stdout.write(run())
