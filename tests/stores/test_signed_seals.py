"""A signed seal: nobody can put another in its place who does not hold the key."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
from attrs import asdict, evolve
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from bench.tamper import fill
from peelflow import (
    Actor,
    MissingDependency,
    Register,
    SealKey,
    national,
    seal_from,
    seal_key_from,
    seal_text,
)
from peelflow.errors import InvalidRequest
from peelflow.stores.base import Store
from peelflow.stores.seals import Seal, signature_discrepancies, uncovered_sentence

PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SECRET_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
KEY, PUBLIC = seal_key_from(SECRET_PEM), seal_key_from(PUBLIC_PEM)
OTHER = seal_key_from(
    ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
)
SEAL = Seal(2, 2, "a" * 64, "b" * 64)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
seals = st.builds(Seal, st.integers(0, 9), st.integers(0, 9), digests, digests)


def codes(sealed: Seal, key: SealKey | None) -> list[str]:
    """Return the codes of what is wrong with a seal itself."""
    return [finding.code for finding in signature_discrepancies(sealed, key)]


@given(seals)
def test_a_signed_seal_survives_its_file_and_fits_its_key(sealed: Seal) -> None:
    """Both parts of the key check it; an unsigned one is written as it always was."""
    signed = KEY.sign(sealed)

    assert seal_from(seal_text(signed)) == signed
    assert codes(signed, KEY) == codes(signed, PUBLIC) == codes(sealed, None) == []
    assert '"format": 1' in seal_text(sealed)
    assert '"format": 2' in seal_text(signed)


@given(seals, seals)
def test_a_signature_is_of_what_the_seal_says(sealed: Seal, other: Seal) -> None:
    """Whichever part of a signed seal is another's, it is found."""
    signed = KEY.sign(sealed)

    for name, part in asdict(other).items():
        if part not in {None, getattr(sealed, name)}:
            assert codes(evolve(signed, **{name: part}), PUBLIC) == ["seal-forged"]
    resigned = OTHER.sign(sealed)
    assert codes(resigned, PUBLIC) == ["seal-forged"]
    assert codes(evolve(resigned, signed_with=PUBLIC.public), PUBLIC) == ["seal-forged"]


def test_a_seal_without_signature_is_none_of_the_keys() -> None:
    """It may have been put in a signed one's place."""
    assert codes(SEAL, PUBLIC) == ["seal-unsigned"]


def test_without_the_key_a_signed_seal_is_told_as_not_checked() -> None:
    """Never as fitting."""
    assert codes(KEY.sign(SEAL), None) == ["seal-unchecked"]


def test_a_register_is_held_to_the_key(tmp_path: Path) -> None:
    """What is found of the seal itself stands first, and the events are judged all the same."""
    path = tmp_path / "register.db"
    sealed, heads = fill(path, 1)
    signed = KEY.sign(sealed)
    with Register.open(f"sqlite:///{path}") as register:
        assert register.verify(sealed=signed, heads=heads, key=PUBLIC) == ()
        (finding,) = register.verify(sealed=signed, heads=heads)
        assert finding.code == "seal-unchecked"
        (finding,) = register.verify(sealed=sealed, key=PUBLIC, judged=False)
        assert finding.code == "seal-unsigned"


def test_any_store_is_held_to_a_signed_seal(store: Store) -> None:
    """18.5: to the key, to the events before it, and told how many came after it."""
    register = Register(store, rulebook=national())
    kim = Actor("kim", "liaison_officer")
    for person in ("a", "b"):
        register.appoint(person, "lead", force="wmp", first_day=date(2023, 1, 1), actor=kim)
    sealed, heads = register.seal()
    signed = KEY.sign(sealed)
    assert register.verify(sealed=signed, heads=heads, key=PUBLIC) == ()
    forged = evolve(signed, root="0" * 64)
    codes = [each.code for each in register.verify(sealed=forged, key=PUBLIC)]
    assert codes == ["seal-forged", "seal-broken"]
    register.appoint("c", "lead", force="wmp", first_day=date(2023, 1, 1), actor=kim)
    assert register.verify(sealed=signed, heads=heads, key=PUBLIC) == ()
    assert "1 is not covered" in (uncovered_sentence(sealed, register.position()) or "")


def test_a_public_key_signs_nothing() -> None:
    """Whoever verifies cannot make a seal."""
    with pytest.raises(InvalidRequest, match="the key: is a public one, which signs nothing"):
        PUBLIC.sign(SEAL)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is none in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----\n", "is none in PEM"),
        (
            PRIVATE.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
            ),
            "is locked by a password",
        ),
        (
            x25519.X25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "is of another kind than Ed25519",
        ),
    ],
    ids=["empty", "torn", "locked", "x25519"],
)
def test_what_is_no_key_is_refused(content: bytes, why: str) -> None:
    """In words that tell nothing of it."""
    with pytest.raises(InvalidRequest, match=f"the key: {why}") as refused:
        seal_key_from(content)
    assert "secret" not in str(refused.value)


def test_a_key_shows_its_public_part_alone() -> None:
    """However it is printed."""
    assert PRIVATE.private_bytes_raw().hex() not in f"{KEY!r} {KEY}"
    assert PRIVATE.private_bytes_raw().decode() not in f"{KEY!r} {KEY}"
    assert KEY.public == PUBLIC.public == PRIVATE.public_key().public_bytes_raw().hex()


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)

    with pytest.raises(MissingDependency, match="peelflow\\[seal\\]"):
        seal_key_from(SECRET_PEM)


@pytest.mark.parametrize(
    "told",
    [
        seal_text(KEY.sign(SEAL)).replace('"format": 2', '"format": 1'),
        seal_text(KEY.sign(SEAL)).replace('"signature": "', '"signature": "zz'),
        seal_text(KEY.sign(SEAL)).replace('"signature": "', '"signature": "00'),
        seal_text(KEY.sign(SEAL)).replace(f'"{KEY.public}"', "7"),
    ],
)
def test_what_is_no_signed_seal_is_refused(told: str) -> None:
    """In words, never with a traceback."""
    with pytest.raises(InvalidRequest, match="the seal: is none of format 1 or 2"):
        seal_from(told)


@pytest.mark.parametrize(
    ("count", "events", "sentence"),
    [
        (2, 2, ""),
        (2, 1, ""),
        (0, 0, ""),
        (2, 3, "the seal covers 2 of 3 events; 1 is not covered by it"),
        (2, 666, "the seal covers 2 of 666 events; 664 are not covered by it"),
        (0, 1, "the seal is empty: none of 1 event is covered by it"),
        (0, 666, "the seal is empty: none of 666 events is covered by it"),
    ],
)
def test_what_a_seal_leaves_out_is_counted(count: int, events: int, sentence: str) -> None:
    """Of an older seal, and of an empty one."""
    assert uncovered_sentence(evolve(SEAL, count=count), events) == sentence
