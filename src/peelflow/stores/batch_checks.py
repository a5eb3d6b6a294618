"""Hold a batch to what is kept: its records' numbers, keys and rules, and the names of all.

A batch may be too large to hold, so nothing is remembered of a record that has one event in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from peelflow.errors import Conflict, KeyReused, NamesBrought, RulesMismatch
from peelflow.stores.base import WriteBatch


def read_set_ids(batch: WriteBatch) -> list[str]:
    """Return, sorted, the ids of all records whose number decides whether the batch is kept."""
    read = batch.read_set
    return sorted([*read, *{event.record for event in batch.numbers() if event.record not in read}])


def check_numbers(batch: WriteBatch, numbers: Mapping[str, int]) -> None:
    """Raise Conflict where a record moved, or an entry does not follow the last of its record.

    `numbers` holds those that the records have now.
    """
    read = batch.read_set
    for record in sorted(read):
        if numbers.get(record, 0) != read[record]:
            raise Conflict(record, expected=read[record], found=numbers.get(record, 0))
    # INVARIANT: of most records a large batch has one event, and nothing is remembered of those.
    several, last = batch.repeated_records(), dict[str, int]()
    for record, number, _ in batch.numbers():
        before = last.get(record) or numbers.get(record, 0)
        if before != number - 1:
            raise Conflict(record, expected=number - 1, found=before)
        if record in several:
            last[record] = number


def check_names(batch: WriteBatch, numbers: Mapping[str, int]) -> None:
    """Raise NamesBrought where names were brought since those were read that a batch adds to.

    `numbers` is how often they were by now, of each part.
    """
    for part, number in sorted(batch.names.items()):
        if number is not None and numbers.get(part, 0) != number:
            raise NamesBrought(expected=number, found=numbers.get(part, 0))


def check_keys(batch: WriteBatch, is_kept: Callable[[str, str], bool]) -> None:
    """Raise KeyReused for a key that its record carries, or that comes twice in the batch."""
    for record, _, key in batch.numbers():
        if key is not None and is_kept(record, key):
            raise KeyReused(record, key)
    several, hashes = batch.repeated_records(), set[int]()
    for record, _, key in batch.numbers() if several else ():
        if key is not None and record in several:
            known = len(hashes)
            hashes.add(hash((record, key)))
            given = ((event.record, event.key) for event in batch.numbers())
            if len(hashes) == known and list(given).count((record, key)) > 1:
                raise KeyReused(record, key)


def check_rules(batch: WriteBatch, digest_of: Callable[[str, int], str | None]) -> None:
    """Raise RulesMismatch where other rules are kept under a name and version of the batch's."""
    for name, version, digest in batch.lifecycles:
        if digest_of(name, version) not in {None, digest}:
            raise RulesMismatch(name, version)
