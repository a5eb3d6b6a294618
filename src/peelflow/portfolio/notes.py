"""List what was noted on records: when, by whom, from what, with which documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from peelflow.engine.fold import as_corrected
from peelflow.model.records import Document, Event, Noted
from peelflow.portfolio.listing import Attribution, RecordRow, attribution_of, row_of
from peelflow.portfolio.selection import (
    EVERYTHING,
    Selection,
    check_span,
    each_selected,
    text_field,
)
from peelflow.register.reader import Reader
from peelflow.results import Result, frozen


@frozen
class Note(Result):
    """A note on a record, as it was last corrected.

    Attributes:
        row: The record.
        title: Its title.
        number: The number of the note in the record's history.
        on: The day that it is of.
        text: What is noted.
        attribution: Who says it, and who typed it.
        source: What it was read from.
        documents: What came with it.
    """

    row: RecordRow
    title: str | None
    number: int
    on: date
    text: str
    attribution: Attribution
    source: str | None
    documents: tuple[Document, ...]


def notes(
    register: Reader,
    *,
    until: date,
    after: date = date.min,
    selection: Selection = EVERYTHING,
) -> tuple[Note, ...]:
    """Return what was noted until a day, in order of days; what was voided is left out.

    Args:
        register: The register.
        until: The last day.
        after: The day after which notes are looked at; all of them when left out.
        selection: Which records, as they stood at the end of the last day.

    Raises:
        InvalidRequest: The days stand in the wrong order, or the selection cannot be meant.
    """
    check_span(after, until, "the notes")
    selected = each_selected(register, selection, as_at=until)
    listed = [
        Note(
            row=row_of(record),
            title=text_field(record, "title"),
            number=event.number,
            on=event.on,
            text=event.what.text,
            attribution=attribution_of(event),
            source=event.source,
            documents=event.what.documents,
        )
        for record, history in register.histories(selected)
        for event in as_corrected(history)
        if isinstance(event.what, Noted) and after < event.on <= until
    ]
    return tuple(sorted(listed, key=lambda note: (note.on, note.row.record, note.number)))


def last_note(history: Sequence[Event], until: date | None) -> Event | None:
    """Return the last note on a record by the end of a day; None where there is none.

    Args:
        history: The record's history.
        until: The day; any when None.
    """
    noted = [
        event
        for event in as_corrected(history)
        if isinstance(event.what, Noted) and (until is None or event.on <= until)
    ]
    return max(noted, key=lambda event: (event.on, event.number), default=None)


def note_text(event: Event) -> str:
    """Return what a note says; nothing of any other event.

    Args:
        event: The event.
    """
    return event.what.text if isinstance(event.what, Noted) else ""
