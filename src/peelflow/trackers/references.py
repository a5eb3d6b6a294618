"""Hold a sheet's references to those of before: the same record under another one is no new record.

A reference may lose its zeros, come with other signs, or be given anew to another row's text. A
record would then stand twice, or say what another one said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property

from peelflow.errors import InvalidRequest
from peelflow.model.records import Record
from peelflow.phrases import shown
from peelflow.register.session import Session
from peelflow.results import define
from peelflow.stores.base import RecordQuery
from peelflow.trackers.headings import normal_form
from peelflow.trackers.rows import TrackerRow

SHORTEST_TEXT = 25
"""How long a text is at least that tells a record from others."""
MOST_TOLD = 5
_TextKey = tuple[str, str, date]
_SEVERAL = re.compile(r"[0-9][a-z]?\s*(?:[,;&+]|\band\b)\s*[^,;&+]*[0-9]", re.IGNORECASE)
"""What may name several records in one cell: 02 & 03."""


def plain_reference(reference: str) -> str:
    """Return the words and numbers of a reference, whatever parts them: `peel 7` for PEEL/007.

    Args:
        reference: A reference.
    """
    parts = re.findall(r"[0-9]+|[^\W\d_]+", normal_form(reference))
    return " ".join(map(_without_zeros, parts)) or reference


def _without_zeros(reference: str) -> str:
    """Return a reference with each of its numbers as a spreadsheet writes it: 7 for 007."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", reference)


def alike_notes(places: Mapping[str, str]) -> Iterator[str]:
    """Yield which references of a sheet differ only by signs, spaces, case or zeros, in words.

    Args:
        places: The cell of each reference.
    """
    by_words: dict[str, list[str]] = {}
    for reference in places:
        by_words.setdefault(plain_reference(reference), []).append(reference)
    alike = [names for names in by_words.values() if len(names) > 1]
    for names in alike[:MOST_TOLD]:
        cells = " and ".join(f"`{shown(name)}` in {places[name]}" for name in names[:MOST_TOLD])
        yield f"read as several records, though hardly told apart: {cells}"
    if len(alike) > MOST_TOLD:
        yield f"read with {len(alike) - MOST_TOLD} more references that are hardly told apart"
    several = [f"`{shown(name)}` in {places[name]}" for name in places if _SEVERAL.search(name)]
    if several:
        told = ", ".join(several[:MOST_TOLD])
        yield f"read as one record each, though they may name several: {told}"


@define(eq=False)
class KnownReferences:
    """What the register has of a force when a sheet of a tracker comes in, by reference and text.

    Attributes:
        session: What has the records.
        force: The force.
        prefix: What stands before each reference of the sheet.
        key_prefix: What the keys of the tracker's own events begin with.
        seen: The ids that the sheet's rows are about, those with faults included.
        rows: What the rows without faults say, by id.
    """

    session: Session
    force: str
    prefix: str
    key_prefix: str
    seen: frozenset[str]
    rows: Mapping[str, TrackerRow]

    def check_new(self, row: TrackerRow) -> None:
        """Refuse a new reference that is a known one written otherwise.

        Args:
            row: A row whose record is not there yet.
        """
        alike = self._by_words.get((plain_reference(row.record), row.category), ())
        lost = (one for one in alike if one.id not in self.seen and self._is_of_tracker(one))
        known = next((one.id for one in lost), None)
        if known is None:
            return
        meant = self._as_written(known)
        if _without_zeros(known) == _without_zeros(row.record):
            by, instead = "zeros", f"write `{meant}`, in a column that the spreadsheet has as Text"
        else:
            by, instead = "case, spaces, signs and zeros", self._say_mend(row, known)
        why = f"`{row.record}` differs only by {by} from `{known}`, which no row of this sheet has"
        another = f"for another record, keep the row of `{meant}`, or write another reference"
        raise InvalidRequest("", why, f"{instead}; {another}")

    def check_text(self, row: TrackerRow) -> None:
        """Refuse a row with the text of another record that says another one now, or is gone.

        Args:
            row: A row that is new, or whose text is.
        """
        key = _text_of(row.fields.get("title"), row)
        alike = self._by_text.get(key, ()) if key else ()
        if len(alike) != 1 or alike[0].id == row.record:
            return
        known = alike[0].id
        now = self.rows.get(known)
        if now is None and known in self.seen:  # its row has a fault of its own
            return
        if now is not None and _text_of(now.fields.get("title"), now) == key:
            return
        if not self._is_of_tracker(alike[0]):
            return
        meant = self._as_written(known)
        what, another = "which no row of this sheet has", f"keep the row of `{meant}`"
        if now is not None:
            what, another = (
                "which says another text now",
                f"amend `{known}` by `peelflow amend` first",
            )
        why = f"the text of `{row.record}` is that of `{known}`, {what}"
        instead = f"{self._say_mend(row, known)}; for another record, {another}"
        raise InvalidRequest("", why, instead)

    def _as_written(self, record: str) -> str:
        """Return a record's id as the sheet has it."""
        return shown(record.removeprefix(self.prefix))

    def _say_mend(self, row: TrackerRow, known: str) -> str:
        """Say how to give a row the reference that its record has."""
        said, meant = self._as_written(row.record), self._as_written(known)
        return f"write `{meant}`, or say `{said}: {meant}` under `words: record` in the map"

    def _is_of_tracker(self, record: Record) -> bool:
        """Return whether a sheet of the tracker brought a record."""
        first = next(iter(self.session.services.store.history(record.id)), None)
        return first is not None and (first.event.key or "").startswith(self.key_prefix)

    @cached_property
    def _known(self) -> Sequence[Record]:
        return tuple(self.session.services.store.records(RecordQuery(force=self.force)))

    @cached_property
    def _by_words(self) -> Mapping[tuple[str, str], Sequence[Record]]:
        by_words: dict[tuple[str, str], list[Record]] = {}
        for record in self._known:
            key = plain_reference(record.id), record.category
            by_words.setdefault(key, []).append(record)
        return by_words

    @cached_property
    def _by_text(self) -> Mapping[_TextKey, Sequence[Record]]:
        by_text: dict[_TextKey, list[Record]] = {}
        for record in self._known:
            key = _text_of(record.fields.get("title"), record)
            if key:
                by_text.setdefault(key, []).append(record)
        return by_text


def _text_of(title: object, of: Record | TrackerRow) -> _TextKey | None:
    """Return what a record is known by besides its reference; None where that tells too little."""
    if not isinstance(title, str) or len(title) < SHORTEST_TEXT:
        return None
    return normal_form(title), of.category, of.issued
