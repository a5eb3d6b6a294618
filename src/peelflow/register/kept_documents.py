"""Hold what events say of a document to what was said of it when it was kept.

An earlier peelflow kept no such words. So they are held against an event only where words were kept
of each document that events name, and not where a later event names the document in other words
that were kept: it may have been kept again for that one. What cannot be known is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from attrs import field

from peelflow.errors import InvalidRequest
from peelflow.model.records import Document, Event
from peelflow.register.session import Session
from peelflow.results import define
from peelflow.stores.base import DocumentStore, Store
from peelflow.stores.codec import description_of
from peelflow.stores.integrity import Discrepancy
from peelflow.stores.opening import register_documents
from peelflow.stores.soundness import documents_of

_DESCRIPTION = b'["document", '


@define(eq=False)
class DocumentWords:
    """What is known of documents without holding one: their sizes, and of which words are kept.

    It stands where a `DocumentStore` does, and gives no document.
    """

    sizes: dict[str, int] = field(factory=dict, repr=False)
    described: set[str] = field(factory=set, repr=False)

    def keep_document(self, digest: str, content: bytes) -> None:
        """Note a document; where it holds words on another one, of which."""
        self.sizes[digest] = len(content)
        if content.startswith(_DESCRIPTION):
            of = _described_by(content)
            self.described |= set() if of is None else {of}

    def document(self, digest: str) -> bytes | None:
        """Return no document: none is held."""
        del digest
        return None

    def has_document(self, digest: str) -> bool:
        """Return whether a document was noted."""
        return digest in self.sizes


def _described_by(content: bytes) -> str | None:
    try:
        _, digest, *_ = json.loads(content)
    except (RecursionError, ValueError):
        return None
    return digest if isinstance(digest, str) else None


def words_of_documents(store: Store, documents: DocumentStore) -> DocumentWords:
    """Return what is known of all the documents of a register; each is read once.

    Args:
        store: What keeps the events.
        documents: What keeps the documents.
    """
    if isinstance(documents, DocumentWords):
        return documents
    words = DocumentWords()
    with store.snapshot() as kept:
        for digest, content in register_documents(kept, documents):
            words.keep_document(digest, content)
    return words


class _Naming(NamedTuple):
    """Which event names a document, and when that was recorded: an event may hold much else."""

    record: str
    event: int
    recorded_at: datetime


@define(eq=False)
class NamedDocuments:
    """The documents that events name: those kept in these very words, and those that are not."""

    _asked: dict[Document, bool] = field(factory=dict, repr=False)
    _kept: dict[Document, _Naming] = field(factory=dict, repr=False)
    _unkept: list[tuple[_Naming, Document]] = field(factory=list, repr=False)
    _last_named: dict[str, datetime] = field(factory=dict, repr=False)

    def note(self, session: Session, history: Sequence[Event]) -> None:
        """Note what events say of documents and nobody said when they were kept.

        Args:
            session: What knows the documents.
            history: Events.
        """
        for event in history:
            for document in documents_of(event):
                naming = _Naming(event.record, event.number, event.recorded_at)
                if document not in self._asked:
                    described = session.has_document(description_of(document)[0])
                    self._asked[document] = described
                if self._asked[document]:
                    self._kept.setdefault(document, naming)
                    last = self._last_named.get(document.digest, event.recorded_at)
                    self._last_named[document.digest] = max(last, event.recorded_at)
                else:
                    self._unkept.append((naming, document))

    def _may_be_kept_again(self, naming: _Naming, document: Document) -> bool:
        """Say whether a later event names a document in words that were kept, unlike this one."""
        last = self._last_named.get(document.digest)
        return last is not None and last > naming.recorded_at

    def judged(
        self, store: Store, documents: DocumentStore, *, beside: Iterable[Discrepancy]
    ) -> tuple[tuple[Discrepancy, ...], tuple[str, ...]]:
        """Return each event that says otherwise of a document, and in words what nobody can tell.

        Of those that say as what it was kept only the size is held to its content.

        Args:
            store: What keeps the events.
            documents: What keeps the documents, or knows of them.
            beside: What was found; nothing more is said of such an event.
        """
        if not self._asked:
            return (), ()
        words = words_of_documents(store, documents)
        unknown = [said for said in self._unkept if said[1].digest not in words.described]
        are_all_described, faults = not unknown, []
        kept = ((naming, document) for document, naming in self._kept.items())
        for naming, document in (*kept, *self._unkept):
            size = words.sizes.get(document.digest, document.size)
            if size != document.size:
                why = f"the document {document.name!r:.80} has {size:,} bytes"
                faults.append(_found(naming, f"{why}, and not {document.size:,}"))
            elif document in self._kept:
                continue
            elif are_all_described and self._may_be_kept_again(naming, document):
                unknown.append((naming, document))
            elif are_all_described:
                faults.append(_found(naming, str(not_kept_so(document))))
        told = (_say_unknown(unknown),) if unknown and words.described else ()
        found = {(each.record, each.event) for each in beside}
        return tuple(each for each in faults if (each.record, each.event) not in found), told


def _found(naming: _Naming, why: str) -> Discrepancy:
    return Discrepancy(naming.record, naming.event, "act-unlawful", why)


def _say_unknown(unknown: Sequence[tuple[_Naming, Document]]) -> str:
    (naming, document), *others = unknown
    more = f", and so of {len(others)} more" if others else ""
    where = f"{naming.record} event {naming.event}"
    return f"nothing says as what the document {document.name!r:.80} of {where} was kept{more}"


def not_kept_so(document: Document) -> InvalidRequest:
    """Return the refusal of a document that was not kept as what it is said to be.

    Args:
        document: What it is said to be.
    """
    signed = f" signed by {document.signed_by}" if document.signed_by else ""
    return InvalidRequest(
        f"the document {document.name!r}",
        f"was not kept as what it is said to be, a `{document.kind}`{signed}",
        "use what `keep` returned, or keep its content as what it is",
    )
