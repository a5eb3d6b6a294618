"""Certificates: what was proved of which rules, and what is no longer so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import InvalidRules
from peelflow.rulebook.certificate import (
    _digest,
    certificate_of,
    compare_certificate,
)
from peelflow.rulebook.loader import CheckedRules
from peelflow.rulebook.national import examine, load
from peelflow.rulebook.rulebook import Rulebook
from tests.rulebook.test_broken import BROKEN

BASE = load(BROKEN.parent / "rulebook" / "base", base=Rulebook())


def checked(*names: str) -> CheckedRules:
    """Check files of the broken folder, or the base."""
    return examine(*(BROKEN / name for name in names), base=BASE)


def sound() -> CheckedRules:
    """Check rules without a fault."""
    return examine(BROKEN.parent / "rulebook" / "base", base=Rulebook())


def differences(text: str, now: CheckedRules, version: str = "1") -> list[str]:
    """Compare a certificate with rules as they are now."""
    found = compare_certificate(text, now, version=version, file="c.json")
    assert {one.code for one in found} <= {"certificate-differs"}
    return [one.sentence for one in found]


def test_says_what_was_proved_of_which_rules() -> None:
    """Names, digests, verdicts, and the sentence of every guarantee."""
    now = sound()
    told = certificate_of(now, version="1")
    (one,) = told["lifecycles"]
    assert (told["verdict"], one["lifecycle"], one["refines"]) == ("proved", "plain@1", None)
    assert one["digest"] == now.lifecycles[0].pin.digest
    assert [(each["that"], each["verdict"]) for each in one["guarantees"]] == [
        ("portal closed is only entered by [chief, clerk]", "proved")
    ]
    assert differences(json.dumps(told), now) == []
    assert differences(json.dumps({"diagnostics": [], **told}), now) == []


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("guarantee-refuted.yaml", "refuted"),
        ("guarantee-undetermined.yaml", "undetermined"),
        ("guarantee-vacuous.yaml", "refuted"),
    ],
)
def test_no_certificate_passes_what_is_not_proved(name: str, verdict: str) -> None:
    """The whole, and the lifecycle, say so."""
    told = certificate_of(checked(name), version="1")
    assert (told["verdict"], told["lifecycles"][0]["verdict"]) == (verdict, verdict)


def test_what_has_changed_is_told() -> None:
    """Other rules, another version, another verdict, and what came and went."""
    text = json.dumps(certificate_of(sound(), version="1"))
    refining = checked("requirement-weakened.yaml")
    assert differences(text, refining, "2") == [
        "peelflow was version 1, and is 2 now",
        "the verdict was proved, and is refuted now",
        "`broken@1` was not there, and is there now",
        "`plain@1` was there, and is not there now",
    ]


def test_an_edited_lifecycle_is_told(tmp_path: Path) -> None:
    """Same name and version, another digest, and other guarantees."""
    text = (BROKEN / "guarantee-undetermined.yaml").read_text("utf-8")
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    was = json.dumps(certificate_of(examine(path, base=BASE), version="1"))
    path.write_text(text.replace("{predicate: is_ready}", "reason"), "utf-8")
    told = differences(was, examine(path, base=BASE))
    assert [re.split(" was | were ", sentence)[0] for sentence in told] == [
        "the verdict",
        "the digest of `broken@1`",
        "the guarantees of `broken@1`",
        "the verdict of `broken@1`",
    ]
    assert "the guarantees of `broken@1` were 0 of 1 proved, and are 1 of 1 proved now" in told


def test_of_as_many_that_are_proved_it_says_which_is_another(tmp_path: Path) -> None:
    """Its reason was edited, or it stands elsewhere."""
    folder = Path(copytree(BROKEN.parent / "rulebook" / "base", tmp_path / "base"))
    file = folder / "plain.yaml"
    one = file.read_text("utf-8")
    head, _, first = one.partition("guarantees:\n")
    second = "  - that: done can always be reached\n    because: policy\n"
    texts = [f"{head}guarantees:\n{each}" for each in (first + second, second + first)]
    texts.append(texts[0].replace("policy", "law"))
    certificates = []
    for text in texts:
        file.write_text(text, "utf-8")
        now = examine(folder, base=Rulebook())
        certificates.append(json.dumps(certificate_of(now, version="1")))
    told = "the guarantees of `plain@1` were 2 of 2 proved, and are so now, but"
    assert [differences(text, now) for text in certificates] == [
        [f"{told} `done can always be reached` is not as it was"],
        [f"{told} `done can always be reached` is not as it was"],
        [],
    ]
    file.write_text(texts[1], "utf-8")
    now = examine(folder, base=Rulebook())
    assert differences(certificates[0], now) == [f"{told} their order is another"]


def test_names_are_told_whole_and_digests_in_short() -> None:
    """Two long names may begin alike."""
    told = certificate_of(sound(), version="1")
    (entry,) = told["lifecycles"]
    other = {**entry, "refines": "super-complaint-recommendation@1", "digest": "0" * 64}
    assert differences(sealed(told, lifecycles=[other]), sound()) == [
        f"the digest of `plain@1` was {'0' * 12}, and is {entry['digest'][:12]} now",
        "the refines of `plain@1` was super-complaint-recommendation@1, and is nothing now",
    ]


def changed(told: dict[str, Any], **parts: Any) -> str:
    """Change parts of a certificate behind its digest's back."""
    return json.dumps({**told, **parts})


def test_a_changed_certificate_is_refused() -> None:
    """Its own digest does not fit any more."""
    told = certificate_of(checked("guarantee-refuted.yaml"), version="1")
    others = (changed(told, verdict="proved"), changed(told, certificate=1))
    for text in (*others, "[]", "{", "[" * 9999):
        with pytest.raises(InvalidRules) as refused:
            differences(text, sound())
        assert [one.code for one in refused.value.diagnostics] == ["certificate-unreadable"]


def sealed(told: dict[str, Any], **parts: Any) -> str:
    """Change parts of a certificate, and its digest with them."""
    mine = {key: value for key, value in {**told, **parts}.items() if key != "digest"}
    return json.dumps({**mine, "digest": _digest(mine)})


def test_a_part_that_one_of_them_lacks_is_told_as_missing() -> None:
    """Not with all that the other holds."""
    told = certificate_of(sound(), version="1")
    (entry,) = told["lifecycles"]
    lacking = {key: part for key, part in entry.items() if key not in {"digest", "guarantees"}}
    texts = (sealed(told, lifecycles=[other]) for other in (lacking, {**entry, "notes": [1]}))
    assert [differences(text, sound()) for text in texts] == [
        ["`plain@1` had no digest, and has now", "`plain@1` had no guarantees, and has now"],
        ["`plain@1` had its notes, and has none now"],
    ]


@pytest.mark.parametrize(
    "parts",
    [
        {"extra": "approved"},
        {"lifecycles": [{"lifecycle": 1}]},
        {"lifecycles": [{"lifecycle": "plain@1", "guarantees": [1, 2]}]},
        {"lifecycles": [{"lifecycle": "plain@1"}, {"lifecycle": "plain@1"}]},
        {"lifecycles": 5},
    ],
)
def test_a_certificate_that_anybody_made_up_is_refused(parts: dict[str, Any]) -> None:
    """The digest only finds slips; the shape is looked at too."""
    told = certificate_of(sound(), version="1")
    with pytest.raises(InvalidRules):
        differences(sealed(told, **parts), sound())


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
@settings(max_examples=200, deadline=None)
def test_any_text_is_refused_or_compared(text: str) -> None:
    """However broken, a certificate gives a diagnostic."""
    with pytest.raises(InvalidRules):
        differences(text, CHECKED)


CHECKED = sound()
