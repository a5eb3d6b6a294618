"""Items 26, 27 and 30: what a route, a finding for code hosts and the two parsers say."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest
import yaml

from peelflow.cli.rules import HOME
from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.routing.goal_analysis import goal_of
from peelflow.rulebook import yaml_reader
from peelflow.rulebook.national import national
from peelflow.rulebook.yaml_reader import json_from_node, read_mapping
from tests.cli.conftest import Run, run

__all__ = ["run"]

ROOT = Path(__file__).parents[2]
BROKEN = sorted((ROOT / "tests" / "broken").glob("*.yaml"))
SHIPPED = sorted((ROOT / "rules").rglob("*.yaml")) + sorted((ROOT / "examples").rglob("*.yaml"))
ADD = ("--category", "recommendation", "--force", "wmp", "--issued", "2022-12-16")
WHO = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "x", "--source", "letter")


def test_item_26_a_state_that_a_record_only_passes_through_is_told(run: Run) -> None:
    """A record of level 1 is archived as soon as it is issued: nobody finds it so."""
    assert run("add", "R-1", *ADD, "--level", "1", *WHO, "--register", "r.db").code == 0
    done = run("route", "R-1", "--to", "issued", "--register", "r.db")
    assert (done.code, "no way" in done.err, done.out) == (2, False, "")
    assert "a record only passes through `issued`" in done.err
    assert "`archive` takes it on to `archived` at once" in done.err


@pytest.mark.parametrize("name", [rules.name for rules in national().lifecycles])
def test_item_26_every_state_is_a_goal_or_passed_through(name: str) -> None:
    """What is refused is what `system` ends by itself, and nothing else."""
    (rules, *_) = (known for known in national().lifecycles if known.name == name)
    for state, declared in rules.states.items():
        ends_itself = any(
            step.by == ("system",) and step.after is None and not step.requires
            for step in declared.transitions
        )
        try:
            goal_of(rules, state, ledger="nowhere")
            refused = False
        except InvalidRequest as refusal:
            refused = "only passes through" in refusal.why
        assert refused is ends_itself


def findings(run: Run, *paths: str | Path) -> dict[str, Any]:
    """Return the one run of SARIF that a check prints."""
    log = json.loads(run("check", *paths, "--format", "sarif").out)
    assert (log["version"], log["$schema"][-17:]) == ("2.1.0", "/sarif-2.1.0.json")
    (done,) = log["runs"]
    assert isinstance(done, dict)
    return done


def uris(node: object) -> list[str]:
    """Return every address of a file in what SARIF says."""
    if isinstance(node, list):
        return [uri for item in node for uri in uris(item)]
    if isinstance(node, dict):
        own = [node["uri"]] if isinstance(node.get("uri"), str) else []
        return own + [uri for value in node.values() for uri in uris(value)]
    return []


@pytest.mark.parametrize(
    "name", ["plain.yaml", "a b#c?.yaml", "x:y.yaml", "g\u0175yl.yaml", "%41.yaml"]
)
def test_item_27_a_file_below_is_told_by_a_relative_uri(run: Run, name: str) -> None:
    """Named as it is, or by its whole path: code hosts find it in the checkout."""
    Path(name).write_text("lifecycle: x\n", "utf-8")
    for named in (Path(name), Path(name).absolute()):
        for uri in uris(findings(run, named)["results"]):
            parts = urlsplit(uri)
            assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
            assert (unquote(parts.path).removeprefix("./"), uri.isascii()) == (name, True)


def test_item_27_a_file_elsewhere_is_told_by_a_whole_uri(
    run: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A path that does not lie below begins with `file://`."""
    file = tmp_path_factory.mktemp("else where") / "x.yaml"
    file.write_text("lifecycle: x\n", "utf-8")
    assert not file.is_relative_to(tmp_path)
    found = {*uris(findings(run, file)["results"])}
    assert {uri[:8] for uri in found} == {"file:///"}
    assert {Path(url2pathname(urlsplit(uri).path)) for uri in found} == {file}


@pytest.mark.parametrize(
    "path", [ROOT / "examples/custom_rules/refused", ROOT / "tests/broken/duplicate-anchor.yaml"]
)
def test_item_27_the_rules_have_texts_and_help(run: Run, path: Path) -> None:
    """As the Multitool's rules ask: each result has its rule, sentences end, ids are of a form."""
    done = findings(run, path)
    driver = done["tool"]["driver"]
    rules = driver["rules"]
    assert done["results"]
    assert (driver["informationUri"], driver["semanticVersion"]) == (HOME, driver["version"])
    pages = (ROOT / "docs" / "codes.md").read_text("utf-8")
    for rule in rules:
        assert rule["name"].replace("-", "").isalnum()
        assert all(rule[key]["text"].endswith(".") for key in ("shortDescription", "help"))
        assert f"\n## {rule['id']}\n" in pages
        assert rule["helpUri"] == f"{HOME}/blob/main/docs/codes.md#{rule['id']}"
    for result in done["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[^.].*[^.]\.", result["message"]["text"], re.DOTALL)
        assert result["level"] in {"error", "warning", "note"}
        region = result["locations"][0]["physicalLocation"]["region"]
        assert min(region["startLine"], region["startColumn"]) >= 1


def test_item_27_the_address_is_the_projects_own() -> None:
    """It is said in pyproject.toml, and here for what has no metadata at hand."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Repository"] == HOME


def read_by(loader: object, source: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what a file holds, or the places and codes of its faults, by one of the parsers."""
    with monkeypatch.context() as patch:
        patch.setattr(yaml_reader, "LOADER", loader)
        try:
            return json_from_node(read_mapping(source, "rules.yaml"))
        except InvalidRules as refused:
            return [(str(fault.span), fault.code) for fault in refused.diagnostics]


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="the C parser is not installed")
@pytest.mark.parametrize("file", BROKEN + SHIPPED, ids=lambda file: file.stem)
def test_item_30_either_parser_gives_the_same_verdict(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether PyYAML was built with its C parser changes neither what is read nor what is told."""
    source = file.read_bytes()
    pure, fast = (
        read_by(loader, source, monkeypatch) for loader in (yaml.SafeLoader, yaml.CSafeLoader)
    )
    assert pure == fast


DIFFERENT = {
    "a tab behind a key": (b"a:\tb\n", "refused", "read"),
    "a directive of a later version": (b"%YAML 1.3\n---\na: b\n", "read", "refused"),
    "a directive of one's own": (b"%OWN x\n---\na: b\n", "read", "refused"),
}
"""What YAML's two parsers are known to differ in: what the pure one says, and what the C one."""


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="the C parser is not installed")
@pytest.mark.parametrize("case", DIFFERENT)
def test_item_30_where_the_parsers_differ_is_pinned(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that begins to differ, or to agree, is told here first."""
    source, pure, fast = DIFFERENT[case]
    told = [
        "refused" if isinstance(read_by(loader, source, monkeypatch), list) else "read"
        for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    ]
    assert told == [pure, fast]


@pytest.mark.parametrize(
    "text",
    ["a: &x 1\nb: &x 2\n", "a: &x [1]\nb: &x [2]\n", "a: &x {b: &x 1}\n", "a: [&x 1, &x 2, *x]\n"],
)
def test_item_30_an_anchor_defined_twice_is_told_as_such(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """YAML lets it, so it is no fault of the syntax; either parser's events tell it."""
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        told = read_by(loader, text.encode(), monkeypatch)
        assert isinstance(told, list)
        assert [code for _, code in told] == ["duplicate-anchor"]
