"""Documents (S8): byte for byte, each under its own digest."""

from __future__ import annotations

from hashlib import sha256

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from peelflow.errors import RequestRefused
from peelflow.stores.protocol import Store
from peelflow.testing.contract.base import NAME, Contract, drawn
from peelflow.testing.samples import batch, moved

LARGE = bytes(range(256)) * 40_000


class Documents(Contract):
    """S8."""

    @given(content=st.binary(max_size=200))
    @example(content=b"")
    @example(content=b"line\r\n \x00\xff\n ")
    @drawn
    def test_a_document_comes_back_byte_for_byte(self, store: Store, content: bytes) -> None:
        """S8: any content is kept under its digest; keeping it again changes nothing."""
        digest = sha256(content).hexdigest()
        store.keep_document(digest, content)
        store.keep_document(digest, content)

        assert store.document(digest) == content
        assert store.has_document(digest)
        with store.snapshot() as snapshot:
            assert dict(snapshot.documents())[digest] == content

    def test_a_large_document_comes_back(self, store: Store) -> None:
        """S8: ten megabytes are a document like any other."""
        digest = sha256(LARGE).hexdigest()
        store.keep_document(digest, LARGE)

        assert store.document(digest) == LARGE

    def test_a_batch_brings_its_documents(self, store: Store) -> None:
        """S8: what comes with a batch is kept with it; what was there stays as it is."""
        asked = {sha256(each).hexdigest(): each for each in (b"one", b"two")}
        first = next(iter(asked))
        store.keep_document(first, asked[first])
        store.append(evolve(batch(moved(store)), documents=asked))

        assert {digest: store.document(digest) for digest in asked} == asked

    def test_a_document_is_kept_under_its_own_digest(self, store: Store) -> None:
        """S8: content under another digest is refused, alone and in a batch."""
        with pytest.raises(RequestRefused) as caught:
            store.keep_document("d" * 64, b"letter")
        with pytest.raises(RequestRefused):
            store.append(evolve(batch(moved(store)), documents={"d" * 64: b"letter"}))

        assert str(caught.value) == (
            "document 'dddddddddddd': its content has another SHA-256 digest; keep it under its own"
        )
        assert store.document("d" * 64) is None
        assert not store.has_document("d" * 64)
        assert store.history(NAME) == ()
