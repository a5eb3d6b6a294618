"""The national rulebook that is kept as data is the one that its files give, or is not taken."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow.errors import Diagnostic, Span
from peelflow.rulebook import national as home
from peelflow.rulebook.national import (
    CACHE_DIGEST,
    CACHE_FILE,
    NATIONAL,
    cache_text,
    national,
    prove_national,
    rulebook_from_cache,
    shipped_folder,
)
from peelflow.rulebook.rulebook import Rulebook

RULES = shipped_folder("rules")
FILES = RULES / NATIONAL
TEXT = (RULES / CACHE_FILE).read_text("utf-8")
HEAD, _, KEPT = TEXT.partition("\n")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(("Span", "Rulebook", "date", "dict")),
            st.lists(inner, max_size=4),
        )
    ),
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the rules to change."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def test_the_kept_rulebook_is_what_the_files_give(*, rewrite_golden: bool) -> None:
    """Reading and proving the files again gives the very text that is kept."""
    text = cache_text(prove_national(RULES), FILES)
    if rewrite_golden:
        (RULES / CACHE_FILE).write_text(text, "utf-8")
        digest = sha256(text.encode()).hexdigest()
        code = Path(home.__file__)
        code.write_text(code.read_text("utf-8").replace(CACHE_DIGEST, digest), "utf-8")

    assert (RULES / CACHE_FILE).read_text("utf-8") == text, (
        "run with --rewrite-golden and review it"
    )


def test_a_kept_rulebook_comes_back_whole() -> None:
    """Every part is there: taken apart again it is the same text."""
    found = rulebook_from_cache(TEXT, FILES)

    assert found is not None
    assert cache_text(found, FILES) == TEXT
    assert [one.pin for one in found.lifecycles] == [one.pin for one in national().lifecycles]


def test_its_places_lie_where_its_files_lie(copied: Path) -> None:
    """A rule is shown in the folder it was found in, as if it had been read from there."""
    at = copied / NATIONAL
    found, read = rulebook_from_cache(TEXT, at), prove_national(copied)

    assert found is not None
    places, others = (
        [
            str(way.span)
            for state in rules.lifecycles[-1].states.values()
            for way in state.transitions
        ]
        for rules in (found, read)
    )
    assert places[0].startswith(f"{at.as_posix()}/")
    assert places == others


def test_what_was_built_lies_nowhere_afterwards_too() -> None:
    """A place that is no file stays none."""
    note = Diagnostic(Span("<built>"), "code", "sentence", "help", "note")

    found = rulebook_from_cache(cache_text(Rulebook(notes=(note,)), FILES), FILES)

    assert found is not None
    assert found.notes == (note,)


def _edit(rules: Path) -> None:
    path = rules / NATIONAL / "level-3.yaml"
    path.write_bytes(path.read_bytes() + b"#")


CHANGES: dict[str, Callable[[Path], object]] = {
    "an edited file": _edit,
    "a file more": lambda rules: (rules / NATIONAL / "own.yaml").write_text("x"),
    "a file less": lambda rules: (rules / NATIONAL / "level-4.yaml").unlink(),
    "a folder": lambda rules: (rules / NATIONAL / "own").mkdir(),
    "another name": lambda rules: (rules / NATIONAL / "level-4.yaml").rename(
        rules / NATIONAL / "level-5.yaml"
    ),
    "no folder": lambda rules: shutil.rmtree(rules / NATIONAL),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_files_have_no_kept_rulebook(copied: Path, change: str) -> None:
    """Whatever changed in the folder, what was kept of it before is not taken."""
    CHANGES[change](copied)

    assert rulebook_from_cache(TEXT, copied / NATIONAL) is None


def test_other_classes_have_no_kept_rulebook() -> None:
    """What was written for other fields is not poured into these."""
    kept = json.loads(HEAD)
    kept["classes"]["State"].reverse()

    assert rulebook_from_cache(f"{json.dumps(kept)}\n{KEPT}", FILES) is None


@given(said=ANY_JSON | st.just({"State": ["open"]}))
def test_no_other_data_is_a_rulebook(said: object) -> None:
    """Whatever else stands in the file, there is no rulebook, and nothing breaks."""
    found = rulebook_from_cache(f"{HEAD}\n{json.dumps(said)}", FILES)

    assert found is None or isinstance(found, Rulebook)
    assert rulebook_from_cache(json.dumps(said), FILES) is None


def test_nesting_without_end_is_no_rulebook() -> None:
    """What is nested too deep to build is not taken."""
    deep = sys.getrecursionlimit() * 3 // 4
    nested = '{"tuple":[' * deep + "0" + "]}" * deep

    assert rulebook_from_cache(f"{HEAD}\n{nested}", FILES) is None


def test_only_nouns_are_kept() -> None:
    """Something that is no part of a rulebook is a mistake of whoever keeps it."""
    odd: Any = {1, 2}
    with pytest.raises(LookupError):
        cache_text(Rulebook(notes=odd), FILES)


def test_the_digest_of_what_is_kept_came_with_the_code() -> None:
    """Else nothing of it would be taken, and every start would prove the files anew."""
    assert sha256(TEXT.encode()).hexdigest() == CACHE_DIGEST


EDITS = {
    "who closes level 4": (
        '"close","closed",{"tuple":["hmicfrs"]}',
        '"close","closed",{"tuple":["lead"]}',
    ),
    "a side": ('{"Role":["inspectorate",', '{"Role":["force",'),
    "a guarantee": ("portal closed is only entered by [hmicfrs]", "closed can always be reached"),
    "a space": ('"required"', '"required" '),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_kept_cannot_be_edited_alone(
    copied: Path, monkeypatch: pytest.MonkeyPatch, edit: str
) -> None:
    """Rules changed there would run under the genuine pin, so the files are read instead."""
    old, new = EDITS[edit]
    assert old in TEXT
    (copied / CACHE_FILE).write_text(TEXT.replace(old, new), "utf-8")
    monkeypatch.setattr(home, "shipped_folder", lambda _: copied)

    found = national.__wrapped__()

    assert cache_text(found, copied / NATIONAL) == TEXT


@pytest.mark.parametrize("damage", [None, "", "{", "\udcff"])
def test_without_what_was_kept_the_files_are_proved(
    copied: Path, monkeypatch: pytest.MonkeyPatch, damage: str | None
) -> None:
    """A missing or damaged file of kept rules costs time and changes nothing."""
    (copied / CACHE_FILE).unlink()
    if damage is not None:
        (copied / CACHE_FILE).write_bytes(damage.encode("utf-8", "surrogateescape"))
    monkeypatch.setattr(home, "shipped_folder", lambda _: copied)

    found = national.__wrapped__()

    assert [one.pin for one in found.lifecycles] == [one.pin for one in national().lifecycles]


def test_a_start_reads_no_yaml_and_proves_nothing() -> None:
    """The national rulebook, a register and a decision need neither parser nor proof."""
    program = """
import sys
from peelflow import Register, decide, national
assert national().lifecycles
heavy = {"yaml", "peelflow.rulebook.loader", "peelflow.proof.guarantees"}
print(sorted(heavy & sys.modules.keys()))
"""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    said = run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=bare
    )

    assert said.stdout == "[]\n"
