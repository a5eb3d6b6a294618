"""Seal a register, hold it to a seal, and sign seals with a key.

A seal that is kept outside the register (a committee's minutes, a safe, another system) shows any
later change of what was sealed. One that lies where somebody else could write another in its place
is signed: with Ed25519, so that whoever holds the public key can check it and cannot make one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import takewhile
from types import ModuleType
from typing import Any

from attrs import asdict, evolve, field

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.results import Result, frozen
from peelflow.stores.base import EventRow, is_sha256
from peelflow.stores.integrity import ChainHead, Discrepancy, is_plain_text, wrong_columns

SEAL_FORMAT, SIGNED_FORMAT = 1, 2
Heads = Mapping[str, ChainHead]


@frozen
class Seal(Result):
    """What is sealed.

    Attributes:
        position: The last position of the feed.
        count: How many events were given up to there; positions are dense, so the same number.
        root: SHA-256 over the digests of these events in the feed's order, a line each.
        heads: SHA-256 over the text of the heads: each record's last number and digest.
        signed_with: The public key it was signed with, in hexadecimal; None where it is unsigned.
        signature: The signature of all of that, in hexadecimal.
    """

    position: int
    count: int
    root: str
    heads: str
    signed_with: str | None = None
    signature: str | None = None

    def __str__(self) -> str:
        return f"position {self.position}, {self.count} events, root {self.root}"


@frozen
class SealKey:
    """An Ed25519 key: with its secret part it signs seals, without it only checks them.

    Attributes:
        public: The public part, in hexadecimal.
    """

    public: str
    _secret: bytes | None = field(repr=False, default=None)

    def sign(self, sealed: Seal) -> Seal:
        """Return a seal with the signature of what it says.

        Args:
            sealed: The seal.

        Raises:
            InvalidRequest: This is only the public part of a key.
        """
        if self._secret is None:
            what, why = "the key", "is a public one, which signs nothing"
            raise InvalidRequest(what, why, "give the secret key to seal with")
        named = evolve(sealed, signed_with=self.public)
        secret = _ed25519().Ed25519PrivateKey.from_private_bytes(self._secret)
        return evolve(named, signature=secret.sign(_signed_text(named)).hex())

    def has_signed(self, sealed: Seal) -> bool:
        """Return whether a seal bears this key's signature of what it says.

        Args:
            sealed: The seal.
        """
        from cryptography.exceptions import InvalidSignature

        public = _ed25519().Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public))
        try:
            public.verify(bytes.fromhex(sealed.signature or ""), _signed_text(sealed))
        except InvalidSignature:
            return False
        return True


def _signed_text(sealed: Seal) -> bytes:
    parts = asdict(evolve(sealed, signature=None))
    return f"peelflow seal\n{json.dumps(parts, sort_keys=True)}".encode()


def seal_key_from(content: bytes) -> SealKey:
    """Return the key that a PEM file holds: a secret one, or the public part of one.

    Args:
        content: What is in the file. It is told nowhere.

    Raises:
        InvalidRequest: It is no Ed25519 key, or is locked by a password.
        MissingDependency: The library `cryptography` is not installed.
    """
    kinds = _ed25519()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    try:
        is_public = b"PUBLIC KEY" in content
        key = load_pem_public_key(content) if is_public else load_pem_private_key(content, None)
    except TypeError:  # it would need a password
        instead = "give one that is not, in a file that you alone can read"
        raise InvalidRequest("the key", "is locked by a password", instead) from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidRequest("the key", "is none in PEM", _MAKE_ONE) from None
    if isinstance(key, kinds.Ed25519PrivateKey):
        return SealKey(key.public_key().public_bytes_raw().hex(), key.private_bytes_raw())
    if isinstance(key, kinds.Ed25519PublicKey):
        return SealKey(key.public_bytes_raw().hex())
    raise InvalidRequest("the key", "is of another kind than Ed25519", _MAKE_ONE)


_MAKE_ONE = "make one with: openssl genpkey -algorithm ed25519 -out seal.key"


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError:
        raise MissingDependency("seal", "cryptography") from None
    return ed25519


def signature_discrepancies(sealed: Seal, key: SealKey | None) -> Iterator[Discrepancy]:
    """Yield what is wrong with a seal itself, or that it was not checked for want of the key.

    Args:
        sealed: The seal.
        key: The key it is to be signed with; None where none is given.
    """
    if key is None:
        if sealed.signature is not None:
            sentence = "the seal is signed, and was not checked: no key was given"
            yield Discrepancy("", 0, SEAL_UNCHECKED, sentence)
    elif sealed.signature is None:
        yield Discrepancy("", 0, "seal-unsigned", "the seal bears no signature, by whatever key")
    elif sealed.signed_with != key.public:
        sentence = f"the seal was signed with another key, {sealed.signed_with:.16}…"
        yield Discrepancy("", 0, "seal-forged", sentence)
    elif not key.has_signed(sealed):
        sentence = "the seal's signature is not of what it says: it was changed"
        yield Discrepancy("", 0, "seal-forged", sentence)


SEAL_UNCHECKED = "seal-unchecked"


def uncovered_sentence(sealed: Seal, events: int) -> str:
    """Return how many events a seal says nothing of; an empty text where there are none.

    Args:
        sealed: The seal.
        events: How many there are now.
    """
    left = events - sealed.count
    if left <= 0:
        return ""
    verb = "is" if left == 1 else "are"
    if not sealed.count:
        return f"the seal is empty: none of {events} {_noun(events)} is covered by it"
    return f"the seal covers {sealed.count} of {events} events; {left} {verb} not covered by it"


def _noun(events: int) -> str:
    return "event" if events == 1 else "events"


def seal_feed(feed: Iterable[tuple[int | None, EventRow]]) -> tuple[Seal, Heads]:
    """Return the seal of all that has a position, and the heads of its records."""
    root, count, heads = sha256(), 0, dict[str, ChainHead]()
    for position, row in feed:
        if position is None:
            break
        count = position
        root.update(f"{row.digest if is_plain_text(row.digest) else ''}\n".encode())
        if not wrong_columns(row):
            heads[row.record] = ChainHead(row.number, row.digest)
    heads_digest = sha256(heads_text(heads).encode()).hexdigest()
    return Seal(count, count, root.hexdigest(), heads_digest), heads


def seal_discrepancies(
    feed: Iterable[tuple[int | None, EventRow]], sealed: Seal, heads: Heads | None = None
) -> Iterator[Discrepancy]:
    """Yield how a feed differs from what was sealed.

    With the heads it names the records that differ; without, only that something does.

    Raises:
        InvalidRequest: The heads are not those of the seal.
    """
    if heads is not None and sha256(heads_text(heads).encode()).hexdigest() != sealed.heads:
        raise InvalidRequest("the heads", "are not the seal's", "give those written beside it")
    until = takewhile(lambda item: item[0] is not None and item[0] <= sealed.position, feed)
    now, current = seal_feed(until)
    if (now.count, now.root) == (sealed.count, sealed.root):
        return
    moved = list(_moved_heads(heads, current)) if heads is not None else []
    yield from moved
    if not moved:
        sentence = (
            f"{sealed.count} events were sealed and {now.count} of them are left"
            if now.count < sealed.count
            else f"the first {sealed.count} events are not those that were sealed, or not in order"
        )
        yield Discrepancy("", 0, "seal-broken", sentence)


def _moved_heads(heads: Heads, current: Heads) -> Iterator[Discrepancy]:
    for record in sorted({*heads, *current}):
        sealed, now = heads.get(record, ChainHead()), current.get(record, ChainHead())
        if now == sealed:
            continue
        sentence = "its events up to here are not those that were sealed"
        if now.number < sealed.number:
            sentence = (
                f"it had {sealed.number} events when sealed, and has {now.number} of them now"
            )
        elif now.number > sealed.number:
            sentence = (
                f"it had {sealed.number} events when sealed; a later one was put before the seal"
            )
        yield Discrepancy(record, max(sealed.number, now.number), "seal-broken", sentence)


def seal_text(sealed: Seal) -> str:
    """Return a seal as the text of its file.

    Args:
        sealed: The seal, signed or not.
    """
    parts = {name: part for name, part in asdict(sealed).items() if part is not None}
    number = SEAL_FORMAT if sealed.signature is None else SIGNED_FORMAT
    return json.dumps({"format": number, **parts}, sort_keys=True, indent=2) + "\n"


def seal_from(text: str) -> Seal:
    """Return the seal that `seal_text` wrote.

    Args:
        text: What is in its file.

    Raises:
        InvalidRequest: The text is no seal.
    """
    try:
        parts: dict[str, Any] = json.loads(text)
        number = parts.pop("format")
        if _is_seal(parts) and number == (SIGNED_FORMAT if "signature" in parts else SEAL_FORMAT):
            return Seal(**parts)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        pass
    instead = "give the file that `peelflow seal` wrote"
    raise InvalidRequest("the seal", f"is none of format {SEAL_FORMAT} or {SIGNED_FORMAT}", instead)


_SIGNATURE_LENGTH = 64  # bytes


def _is_seal(parts: Mapping[str, Any]) -> bool:
    numbers = all(type(parts[name]) is int and parts[name] >= 0 for name in ("position", "count"))
    texts = ("root", "heads", *(["signed_with"] if "signature" in parts else []))
    return (
        numbers
        and all(isinstance(parts[name], str) and is_sha256(parts[name]) for name in texts)
        and len(bytes.fromhex(parts.get("signature", "00" * _SIGNATURE_LENGTH)))
        == _SIGNATURE_LENGTH
    )


def heads_text(heads: Heads) -> str:
    """Return heads as text: each record's id, last number and digest, a JSON line each."""
    return "".join(
        json.dumps([record, link.number, link.digest], ensure_ascii=False, separators=(",", ":"))
        + "\n"
        for record, link in sorted(heads.items())
    )


def heads_from(text: str) -> Heads:
    """Return the heads that `heads_text` wrote; InvalidRequest where the text is none."""
    heads = {}
    try:
        for line in filter(None, text.split("\n")):
            record, head = _head_from(json.loads(line))
            heads[record] = head
        heads_text(heads).encode()
    except (AttributeError, RecursionError, TypeError, ValueError):
        instead = "give the file that `peelflow seal` wrote beside the seal"
        raise InvalidRequest("the heads", "cannot be read", instead) from None
    return heads


def _head_from(told: object) -> tuple[str, ChainHead]:
    match told:
        case [str() as record, int() as number, str() as digest] if not isinstance(number, bool):
            return record, ChainHead(number, digest)
        case _:
            raise TypeError(told)
