"""Find the records that name what another record names: those that it must have answers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from peelflow.model.judgement import Mention
from peelflow.model.records import Record
from peelflow.model.requirements import ChildForEach
from peelflow.stores.protocol import Wanted

if TYPE_CHECKING:
    from peelflow.register.sight import Sight


def mentions_of(draft: Sight, record: Record, asked: Iterable[ChildForEach]) -> tuple[Mention, ...]:
    """Return what in the record's force names the same as it does, as the draft sees it, by id.

    Each is read, so that a batch in which one moved meanwhile is a Conflict. One that comes to name
    it meanwhile is none: it is as if it came to do so after the batch.
    """
    found: dict[Mention, None] = {}
    for each in asked:
        named = record.fields.get(each.names)
        if isinstance(named, str) and named:
            for category in each.for_each:
                wanted = Wanted(record.force, category, field=(each.whose, named))
                found |= dict.fromkeys(_naming(draft, wanted, each.whose, named))
    return tuple(sorted(found, key=lambda mention: mention.id))


def _naming(draft: Sight, wanted: Wanted, field: str, named: str) -> Iterator[Mention]:
    stored = [each.id for each in draft.desk.store.records(wanted)]
    names = tuple(dict.fromkeys([*stored, *draft.moved]))
    draft.look_up(names)
    for record in map(draft.get, names):
        said = record.force, record.category, record.fields.get(field)
        if said == (wanted.force, wanted.category, named):
            yield Mention(record.id, record.category, field, named)
