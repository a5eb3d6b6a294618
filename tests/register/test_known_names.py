"""Names in use are found by the keys that alike names share, however their hashes fall together."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import texts
from peelflow.errors import InvalidRequest
from peelflow.model.constraints import LONGEST_NAME
from peelflow.model.records import Actor, Provenance
from peelflow.register import known_names, validation
from peelflow.register.known_names import KnownNames, NamesByKey, UsedName
from peelflow.stores.packed import SeenKeys
from peelflow.texts import are_alike, name_keys

names = st.builds(
    UsedName,
    st.sampled_from(["id", "person"]),
    st.sampled_from(["sam", "Sam", "SAM", "Ian", "lan", "IAN", "R-1", "r-1", "R-2", "kent"]),
    st.sampled_from(["", "kent"]),
)
Step = tuple[str, UsedName]
steps = st.lists(st.tuples(st.sampled_from(["add", "forget", "join"]), names), max_size=25)
HASHES: list[Callable[[object], int]] = [hash, lambda _: 7, lambda key: len(str(key)) % 3]


@pytest.mark.parametrize("hashed", HASHES, ids=["as it is", "all the same", "of three"])
@given(steps=steps)
def test_names_are_found_by_their_keys(hashed: Callable[[object], int], steps: list[Step]) -> None:
    """One is found where a table of the keys themselves has one, and it is alike."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(known_names, "hash", hashed, raising=False)
        held, known, table = NamesByKey(), set[UsedName](), dict[tuple[str, str, str], str]()
        for step, used in steps:
            keys = [(used.kind, used.force, key) for key in name_keys(used.name)]
            if step == "add":
                assert held.add(used) is (used not in known)
            elif step == "forget":
                held.forget(used)
            else:
                other = NamesByKey()
                other.add(used)
                held.take_all(other)
                assert not other.has(used)
            if step == "forget":
                known.discard(used)
                for key in keys:
                    if table.get(key) == used.name:
                        del table[key]
            elif used not in known:
                known.add(used)
                for key in keys:
                    table.setdefault(key, used.name)
            assert held.has(used) is (used in known)
            for asked in [used, UsedName("id", "sAm"), UsedName("person", "iAn", "kent")]:
                shared = [(asked.kind, asked.force, key) for key in name_keys(asked.name)]
                found, is_alike = held.alike(asked), any(key in table for key in shared)
                assert (found is not None) is is_alike
                assert found is None or UsedName(asked.kind, found, asked.force) in known
                assert found is None or are_alike(found, asked.name)


PLAIN = st.from_regex(r"[A-Zabilnorv0-3]{1,3}(-[A-Zabilnorv0-3]{1,3}){0,2}", fullmatch=True)


@given(PLAIN)
def test_a_plain_id_has_the_keys_that_it_would_have_by_all_rules(name: str) -> None:
    """What is said at once of letters and numbers is what looking at each of them says."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(texts, "_PLAIN_ID", re.compile("(?!)"))
        expected = name_keys.__wrapped__(name)
    assert name_keys.__wrapped__(name) == expected


NAMES = [
    "",
    " ",
    "a",
    "a ",
    " a",
    "a b",
    "a\0",
    "\x7f",
    "\u00e9",
    "\u3164",
    "a\u202e",
    "a (of b)",
    7,
]


@pytest.mark.parametrize("name", [*NAMES, "a" * LONGEST_NAME, "a" * (LONGEST_NAME + 1)])
def test_a_plain_name_is_refused_by_no_check(name: object) -> None:
    """A name that is passed at once is one that nothing else would refuse."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(validation, "_is_plain", lambda _: False)
        expected = [why_refused(check, name) for check in CHECKS]
    assert [why_refused(check, name) for check in CHECKS] == expected


CHECKS: list[Callable[[Any], object]] = [
    validation.checked_id,
    lambda name: validation.check_name(name, "the force"),
    lambda name: validation.check_provenance(
        Provenance(Actor("a", "b"), date(2022, 1, 1), key=name), "R"
    ),
]


def why_refused(check: Callable[[Any], object], name: object) -> str | None:
    """Return why a check refuses a name, None where it passes it."""
    try:
        check(name)
    except InvalidRequest as refused:
        return str(refused)
    return None


def test_a_known_name_is_alike_to_none_that_another_session_brought() -> None:
    """What a batch brings is known from then on, and how it is spelt."""
    known, brought = KnownNames(), NamesByKey()
    known.note([UsedName("id", "R-1")])
    for name in ("R-1", "R-2"):
        brought.add(UsedName("id", name))
    known.note_all(brought)
    assert [known.alike(UsedName("id", name)) for name in ("r-1", "r-2", "R-2", "R-3")] == [
        *("R-1", "R-2", None, None)
    ]


def test_a_name_in_use_takes_little_memory() -> None:
    """Of a register of many records, an id takes a third of what it did as a key itself."""
    many, held = 20_000, NamesByKey()
    ids = [UsedName("id", f"R-{number:06}") for number in range(many)]
    tracemalloc.start()
    try:
        for used in ids:
            held.add(used)
        name_keys.cache_clear()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 200 * many, size / many


def test_a_key_that_was_seen_is_never_taken_for_new() -> None:
    """And a new one is hardly ever taken for one that was seen."""
    seen = SeenKeys()
    for number in range(2_000):
        seen.add(("R", f"{number}"))
    assert all(seen.may_be_known(("R", f"{number}")) for number in range(2_000))
    assert sum(seen.may_be_known(("S", f"{number}")) for number in range(2_000)) < 20
