"""Note what is to be known of a record: who said it, when and from what. It moves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from peelflow.errors import InvalidRequest
from peelflow.model.records import Document, Event, Noted, Provenance
from peelflow.register.commands import check_document_kept, new_event, take
from peelflow.register.context import is_signed_later
from peelflow.register.limits import check_readable
from peelflow.register.look_alikes import check_people_of_event
from peelflow.register.session import Session
from peelflow.register.validation import (
    check_not_future,
    check_text,
    checked_documents,
)


def note(
    session: Session,
    record: str,
    text: str,
    *,
    documents: Sequence[Document],
    provenance: Provenance,
) -> Event:
    """Note something on a record, on any day until today."""
    check_text(record, "the record's id")
    known = session.get(record)
    what = f"{record}: the note"
    check_text(text, what)
    check_readable(text, what)
    noted = Noted(text, checked_documents(documents))
    event = new_event(session, noted, record, known.number + 1, provenance)
    if (first := session.repeated(event)) is not None:
        return first
    session.check_not_withdrawn(known)
    check_people_of_event(session, known, event)
    check_not_future(session, provenance.on, record)
    for document in noted.documents:
        check_document_kept(session, document)
        check_signed_by(document, provenance.on)
    take(session, event, known)
    return event


def check_signed_by(document: Document, on: date) -> None:
    """Refuse a document that was signed after the note that brings it.

    Args:
        document: The document.
        on: The day of the note.

    Raises:
        InvalidRequest: It was.
    """
    if is_signed_later(document, on):
        why = f"is signed on {document.signed_on}, after the {on} of the note"
        instead = "note it on the day of its signature, or later"
        raise InvalidRequest(f"the document {document.name!r}", why, instead)
