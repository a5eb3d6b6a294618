"""The page of diagnostics: every code the source can give has its section, and a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from peelflow.errors import Diagnostic
from peelflow.phrases import printable
from peelflow.rulebook.national import check
from tests.rulebook.codes import CODES, codes_in
from tests.rulebook.test_broken import BROKEN, CASES, base_of, said

PAGE = Path(__file__).parents[2] / "docs" / "codes.md"
TESTS = Path(__file__).parents[1]
SECTION = re.compile(
    r"^## (\S+)\n\n(.+?)\n\n```text\n(.+?)```\n\n\*\*Instead:\*\* (.+?)\n$", re.DOTALL
)
WIDE = 100
MADE: dict[str, Callable[[Path], object]] = {
    "too-large": lambda path: path.write_bytes(b"#" * (1 << 21)),
    "too-many-nodes": lambda path: path.write_text("[" + "x," * 20_000 + "]", "utf-8"),
    "unreadable": lambda _: None,
}
"""Cases too large to keep, or that are no file."""


@frozen
class Section:
    """What the page says of one code."""

    code: str
    finds: str
    example: str
    instead: str


def _parts() -> list[str]:
    return re.split(r"\n(?=## )", PAGE.read_text("utf-8"))


def _section(part: str) -> Section:
    found = SECTION.match(part.rstrip("\n") + "\n")
    assert found, part
    return Section(*found.groups())


SECTIONS = {section.code: section for section in map(_section, _parts()[1:])}


def test_every_code_has_its_section() -> None:
    """The page lists what the source can give, in the order of the alphabet, and nothing else."""
    assert list(SECTIONS) == sorted(CODES)


def _case(code: str, folder: Path) -> Path | None:
    if code in MADE:
        path = folder / f"{code}.yaml"
        MADE[code](path)
        return path
    fitting = [
        case for case in CASES if f": {code}: " in case.with_suffix(".txt").read_text("utf-8")
    ]
    return min(fitting, key=lambda case: (case.stem != code, case.is_dir(), case), default=None)


def _line(fault: Diagnostic) -> str:
    path = Path(fault.span.file)
    if not path.is_file():
        return ""
    line = path.read_bytes().decode("utf-8", "replace").splitlines()[fault.span.line - 1 :][:1]
    text = printable("".join(line).strip())
    return f"{text}\n\n" if 0 < len(text) <= WIDE else ""


@pytest.mark.parametrize("code", sorted(SECTIONS))
def test_each_section_shows_what_is_reported(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, rewrite_golden: bool
) -> None:
    """The example is a broken file's own line, and what is reported of it."""
    monkeypatch.chdir(BROKEN)
    case = _case(code, tmp_path)
    if case is None:
        assert f": {code}: " in SECTIONS[code].example
        return
    base = base_of(case)
    if code in MADE:
        monkeypatch.chdir(tmp_path)
    fault = next(one for one in check(case.name, base=base) if one.code == code)
    example = f"{_line(fault)}{said(fault)}\n"
    if rewrite_golden:
        page = PAGE.read_text("utf-8")
        shown, rewritten = (
            f"## {code}\n\n{SECTIONS[code].finds}\n\n```text\n{text}"
            for text in (SECTIONS[code].example, example)
        )
        PAGE.write_text(page.replace(shown, rewritten), "utf-8")
    else:
        assert SECTIONS[code].example == example


def _texts(path: Path) -> set[str]:
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = {node.value for node in found if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str)}


def test_every_code_is_met_by_some_test() -> None:
    """A code that nothing provokes may long have stopped to work."""
    golden = "".join(path.read_text("utf-8") for path in TESTS.glob("**/broken/*.txt"))
    met = set(re.findall(r":[0-9]+: ([a-z0-9-]+): ", golden))
    for path in TESTS.rglob("test_*.py"):
        met |= _texts(path)
    assert set(CODES) - met == set()


def test_finds_the_codes_that_a_source_gives() -> None:
    """Those written out, and those made of what is unknown or unused."""
    source = """
from errors import Diagnostic
def f():
    yield Diagnostic(span, "one", "…", "…")
    raise fault(span, "two", "…", "…")
    yield unknown_name(f"field of {x}", name, known, span)
    yield _unused_word("role", name, role)
"""
    assert codes_in(source) == {"one", "two", "unknown-field", "unused-role"}


def test_refuses_a_code_that_cannot_be_found() -> None:
    """A code must be readable in the source, or the page could miss it."""
    with pytest.raises(AssertionError, match="write the code as a text"):
        codes_in("Diagnostic(span, code, 'x', 'y')")
