"""Item 17: what programs and spreadsheets get; cases 27 and 28 of the console."""

from __future__ import annotations

import csv
import io
import json
import sys
from inspect import signature
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from peelflow.cli import output
from peelflow.cli.app import COMMANDS
from peelflow.cli.options import Format, grouped
from peelflow.errors import InvalidRules
from peelflow.phrases import markdown_text
from peelflow.rulebook.national import shipped_folder
from peelflow.rulebook.yaml_reader import read_mapping
from peelflow.texts import TEXT_TURNERS
from tests.cli.conftest import Run, demo, demonstrated, run

__all__ = ["demo", "demonstrated", "run"]

LIAISON = ("--actor", "officer-1", "--actor-role", "liaison_officer")
HMICFRS = ("--actor", "portal", "--actor-role", "hmicfrs", "--recorded-by", "officer-1")
ADD = ("--category", "afi", "--level", "2", "--force", "wmp", "--issued", "2022-12-16", *LIAISON)
WELSH = "swyddog g\u0175yl"
BY_FORMAT = ("csv", "json", "md", "excel")
PLAN = shipped_folder("examples") / "changing_rules" / "rules" / "review-1-to-2.yaml"
VERBS = {
    "list": "list",
    "figures": "figures",
    "overdue": "overdue --on 2023-06-30",
    "ages": "ages --on 2023-06-30",
    "due": "due --on 2023-01-01",
    "plan": "plan --on 2022-12-01",
    "movement": "movement --after 2000-01-01 --until 2023-06-30",
    "reconcile": "reconcile portal.csv",
    "rules": "rules",
    "rules of one": "rules level-3",
    "migrate": f"migrate {PLAN} --dry-run",
}
"""Each verb that takes `--format`, as it is run here."""


@pytest.fixture
def register(run: Run) -> Path:
    """Give a register whose every word is Welsh, and the files that verbs read."""
    words = ("--field", f"owner={WELSH}", "--field", f"title={WELSH}")
    assert run("add", "R-1", *ADD, *words, "--register", "r.db").code == 0
    Path("portal.csv").write_text(f"record,level,counts\n{WELSH},2,open\n", "utf-8")
    return Path("r.db")


def printed(run: Run, monkeypatch: pytest.MonkeyPatch, *words: str, encoding: str) -> bytes:
    """Return what a command prints where the console speaks an encoding and ends lines so."""
    caught = io.BytesIO()
    stream = io.TextIOWrapper(caught, encoding=encoding, newline="\r\n")
    with monkeypatch.context() as console:
        console.setattr(sys, "stdout", stream)
        run(*words)
        stream.flush()
    return caught.getvalue()


def formatted_verbs() -> set[str]:
    """Return the commands that take `--format`."""
    commands = {name: signature(grouped(one.load())) for name, one in COMMANDS.items()}
    return {name for name, options in commands.items() if "form" in options.parameters}


OTHERS = sorted(formatted_verbs() - {words.split()[0] for words in VERBS.values()} - {"check"})
"""Verbs with a format that are run by their name alone."""


@pytest.mark.parametrize("form", BY_FORMAT)
@pytest.mark.parametrize("verb", [*VERBS, *OTHERS])
def test_item_17_case_27_every_verb_writes_utf_8(
    run: Run, register: Path, monkeypatch: pytest.MonkeyPatch, verb: str, form: str
) -> None:
    """Programs get the same bytes whatever the console speaks."""
    words = (*VERBS.get(verb, verb).split(), "--format", form)
    words += () if verb.startswith("rules") else ("--register", str(register))
    wanted = printed(run, monkeypatch, *words, encoding="utf-8")
    for encoding in ("cp1252", "ascii", "utf-16"):
        assert printed(run, monkeypatch, *words, encoding=encoding) == wanted
    assert b"\r" not in wanted
    if verb in {"list", "overdue", "movement", "ages", "reconcile"}:
        assert WELSH in wanted.decode("utf-8")


@pytest.mark.parametrize("words", ["check {} --format json", "check {} --format sarif"])
def test_item_17_case_27_findings_are_utf_8(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    """So are the findings of `check`, whose file may have any name."""
    path = tmp_path / f"{WELSH}.yaml"
    path.write_text(f'lifecycle: x\ntitle: "{WELSH}"\n{WELSH}: 1\n', "utf-8")
    parts = words.format("FILE").split()
    parts[1] = str(path)
    wanted = printed(run, monkeypatch, *parts, encoding="utf-8")
    assert printed(run, monkeypatch, *parts, encoding="cp1252") == wanted
    assert WELSH in wanted.decode("utf-8")


@pytest.mark.parametrize("words", ["rules level-3 --page", "feed --register r.db"])
def test_item_17_case_27_pages_and_feeds_are_utf_8(
    run: Run, register: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """A page in Markdown is for programs that render it, a feed for those that follow it."""
    assert register.exists()
    wanted = printed(run, monkeypatch, *words.split(), encoding="utf-8")
    assert printed(run, monkeypatch, *words.split(), encoding="cp1252") == wanted


@pytest.mark.parametrize("columns", ["0", "00", "", "1"])
def test_item_17_case_28_a_narrow_console_prints_every_word(
    run: Run, register: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """A refusal, a table and a line are there however wide the console says it is."""
    monkeypatch.setenv("COLUMNS", columns)
    refused = run(
        "fire", "R-1", "close", "--actor", "x", "--actor-role", "lead", "--register", "r.db"
    )
    assert (refused.code, "R-1 is `open`" in refused.err) == (1, True)
    told = run("figures", "--register", register)
    assert told.out.startswith("Figures on the ledger portal, with all that is recorded, known")


def test_item_17_a_cell_of_several_lines_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever ends its lines, any reader finds the cell whole."""
    cells = ["a\rb", "a\nb", "a\r\nb", "\r", '"', ",", ""]
    output.rows(("x",) * len(cells), [cells], Format.CSV)
    text = capsys.readouterr().out
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == cells


def excel_rows(text: str) -> list[list[str]]:
    """Return what a spreadsheet reads, which takes the mark at the beginning away."""
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff20x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_item_17_no_cell_is_worked_out_by_a_spreadsheet(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """What would be a formula stands behind a `'`; numbers and days stay what they are."""
    output.rows(("record", "n"), [(text, -1), ("a=b", None)], Format.EXCEL)
    (_, (cell, number), plain) = excel_rows(capsys.readouterr().out)
    assert (cell, number, plain) == (f"'{text}", "-1", ["a=b", ""])


@pytest.mark.parametrize(
    "more", [("--excel",), ("--format", "csv", "--excel"), ("--format", "excel")]
)
@pytest.mark.parametrize("verb", VERBS)
def test_item_17_every_list_opens_in_excel(
    run: Run, register: Path, verb: str, more: tuple[str, ...]
) -> None:
    """Each verb that prints CSV prints it for Excel too, however that is asked for."""
    where = () if verb.startswith("rules") else ("--register", register)
    text = run(*VERBS[verb].split(), *more, *where).out
    plain = run(*VERBS[verb].split(), "--format", "csv", *where).out
    assert text.startswith("\ufeff")
    assert text.removeprefix("\ufeff").splitlines()[0] == plain.splitlines()[0]


def test_item_17_excel_and_another_format_are_misuse(run: Run, register: Path) -> None:
    """A spreadsheet opens no JSON."""
    done = run("list", "--excel", "--format", "json", "--register", register)
    assert (done.code, done.out) == (2, "")
    assert "--format json: is nothing that a spreadsheet opens" in done.err


@pytest.mark.parametrize("form", ["csv", "excel"])
def test_item_17_csv_lists_every_field(run: Run, form: str) -> None:
    """Fields stand behind the columns, those of each category as it declares them."""
    words = ("--field", "title==cmd", "--field", "addressees=npcc", "--field", "due=2023-03-31")
    assert run("add", "R-1", *ADD, *words, "--register", "r.db").code == 0
    report = ("--category", "report", "--force", "wmp", "--issued", "2022-12-16", *LIAISON)
    named = ("--field", "title=Custody", "--field", "kind=force")
    assert run("add", "REP", *report, *named, "--register", "r.db").code == 0
    text = run("list", "--format", form, "--register", "r.db").out
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert header[:10] == [
        *("record", "category", "level", "force", "state", "owner", "assumed", "issued"),
        *("last event", "decided by"),
    ]
    assert len({*header}) == len(header)
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert cells["R-1"]["title"] == ("'=cmd" if form == "excel" else "=cmd")
    assert (cells["R-1"]["due"], cells["R-1"]["kind"]) == ("2023-03-31", "")
    assert (cells["REP"]["title"], cells["REP"]["kind"]) == ("Custody", "force")


def test_item_17_a_field_that_is_called_as_a_column_keeps_its_name(run: Run) -> None:
    """A field `state` of a force's own stands as `field.state`, as a sheet has it."""
    Path("own.yaml").write_text(
        "vocabulary: own\ncategories:\n  local_review:\n    title: Local review\n    fields:\n"
        "      state: {type: text, title: County}\n",
        "utf-8",
    )
    Path("own-review.yaml").write_text(
        "lifecycle: local-review\nversion: 1\nin_force_from: 2020-01-01\ntitle: Review\n"
        "applies_to: {category: local_review, level: none}\ninitial: open\nstates:\n"
        "  open:\n    counts_as: {force: open}\n    transitions: {end: {to: done, by: [lead]}}\n"
        "  done: {counts_as: {force: closed}, final: true}\n",
        "utf-8",
    )
    where = ("--rules", "own.yaml", "--rules", "own-review.yaml", "--register", "r.db")
    add = ("--category", "local_review", "--force", "wmp", "--issued", "2022-12-16", *LIAISON)
    assert run("add", "L-1", *add, "--field", "state=Kent", *where).code == 0
    header, row = csv.reader(io.StringIO(run("list", "--format", "csv", *where).out))
    assert (row[header.index("state")], row[header.index("field.state")]) == ("open", "Kent")
    kept = csv.reader(io.StringIO(run("list", "--format", "csv", "--register", "r.db").out))
    assert next(kept) == header  # rules that are gone: the fields are there all the same


def test_item_17_json_lists_every_field(run: Run, register: Path) -> None:
    """As they are kept, whatever they are called."""
    (row,) = json.loads(run("list", "--format", "json", "--register", register).out)
    assert row["fields"] == {"owner": WELSH, "title": WELSH}
    assert row["owner"] == WELSH


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TRICKY = st.text(st.sampled_from("ab _*`[]()<>|\\~&#!$:x1;.-='\"\n\u0175"), max_size=20)


def shown_cells(text: str) -> list[str]:
    """Return what a table's cells show, each of which is text and nothing else."""
    cells = [token for token in MARKDOWN.parse(text) if token.type == "inline"]
    children = [list(cell.children or ()) for cell in cells]
    assert {child.type for cell in children for child in cell} <= {"text", "text_special"}
    return ["".join(child.content for child in cell) for cell in children]


@given(text=TRICKY)
@example("&amp; &#65; &copy")
@example("_a_ b_c _d e_")
@example("a_b")
def test_item_17_markdown_shows_a_text_as_it_is(text: str) -> None:
    """No text of a record is a link, a tag, an emphasis, a character or a column."""
    table = f"| x | y |\n| --- | --- |\n| {markdown_text(text)} | {markdown_text(text)} |\n"
    shown = " ".join(text.split())
    assert shown_cells(table) == ["x", "y", shown, shown]


@given(text=TRICKY)
def test_item_17_a_list_of_markdown_shows_a_text_as_it_is(text: str) -> None:
    """A title or reason on a page is a text, too; a heading takes no task for one."""
    assert shown_cells(f"- x {markdown_text(text)}\n") == [f"x {' '.join(text.split())}".strip()]
    assert not markdown_text("[ ] closed").startswith("[ ]")


@given(text=TRICKY | st.text(st.sampled_from("#-+=1.) [a]:"), max_size=8))
@example("# heading")
@example("1. one")
@example("[a]: b")
@example("---")
def test_an_item_of_markdown_begins_nothing_else(text: str) -> None:
    """A title that began so was a heading or a list within its item, or was not shown at all."""
    shown = " ".join(text.split())
    for source in (f"- {markdown_text(text)}\n", f"{markdown_text(text)}\n") if shown else ():
        assert shown_cells(source) == [shown]
        kinds = {token.type.removesuffix("_open") for token in MARKDOWN.parse(source)}
        assert not kinds & {"heading", "ordered_list", "hr", "html_block", "fence", "code_block"}
        assert len(MARKDOWN.parse(source)) == (7 if source.startswith("- ") else 3)


def test_item_17_a_table_of_markdown_is_escaped(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bars, tags and links of a record are shown in every format that is Markdown."""
    assert callable(run)
    output.rows(("a", "b"), [("<b>|*x*", "[z](y) in_progress")], Format.MD)
    assert capsys.readouterr().out.splitlines()[2] == r"| \<b\>\|\*x\* | \[z\](y) in_progress |"


@pytest.mark.parametrize("turner", sorted(TEXT_TURNERS))
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1 # {}\n", 1, 8),
        ("a: b{}\n", 1, 5),
        ('a: "b{}"\n', 1, 6),
        ("a: 1\nb{}: 2\n", 2, 2),
    ],
)
def test_item_17_what_turns_text_around_is_refused(
    turner: str, text: str, line: int, column: int
) -> None:
    """In comments, texts and keys: what a reviewer reads is what runs."""
    with pytest.raises(InvalidRules) as refused:
        read_mapping(text.format(turner).encode(), "rules.yaml")
    (fault,) = refused.value.diagnostics
    assert (fault.span.line, fault.span.column, fault.code) == (line, column, "control-character")
    assert fault.sentence.endswith("for it turns text around unseen")


@pytest.mark.parametrize("turner", sorted(TEXT_TURNERS))
def test_item_17_neither_does_an_escape_turn_text_around(turner: str) -> None:
    """Written as an escape it would be seen in the file, and turn what is printed around."""
    with pytest.raises(InvalidRules, match="turns text around unseen"):
        read_mapping(f'a: "b\\u{ord(turner):04x}"\n'.encode(), "rules.yaml")
    assert read_mapping("a: \u05e9\u05dc\u05d5\u05dd\n".encode(), "rules.yaml").keys
