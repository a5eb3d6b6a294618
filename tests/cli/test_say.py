"""What events and errors look like in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from peelflow.cli import output
from peelflow.cli.history import say_what
from peelflow.cli.options import Format
from peelflow.cli.settings import show_rule_places
from peelflow.errors import NOWHERE, Span
from peelflow.model.decisions import Reason, Refusal, Refused
from peelflow.model.records import (
    EVENT_KINDS,
    Added,
    Amended,
    Corrected,
    EventPayload,
    Relevelled,
    TransitionTaken,
)
from peelflow.model.rules import Pin
from tests.builders.stores import PAYLOADS as SAMPLES
from tests.cli.conftest import Run

DAY = date(2024, 1, 31)
PIN = Pin("level-3", 1, "a" * 64)


def test_every_kind_of_event_is_said() -> None:
    """One line each, with all that matters."""
    assert {type(what) for what in SAMPLES} == set(EVENT_KINDS.values())
    assert [say_what(what) for what in SAMPLES] == [
        "added as open under level-3@1",
        "taken over as closed under level-3@1 (assumed)",
        "self_certify: in_progress → self_certified, with letter Schreiben é.pdf",
        "attached letter Schreiben é.pdf",
        "owner: nothing → ACC Crime; ACC Local",
        "child WMP-R3-018",
        "level 2 → 3, as open",
        "moved to level-3@1, as in_progress",
        "noted: PPOG asked for a date \N{EN DASH} again, with letter Schreiben é.pdf",
        "joint with Cumbria, GMP, whose persons all act",
        "put under WMP-C-1",
        "event 2 re-dated to 2024-01-31",
    ]


def test_joined_letters_and_signs_stay_joined() -> None:
    """As in Persian, or in a family of signs: no terminal obeys a joiner."""
    joined = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f467"
    assert output.printable(joined) == joined
    assert output.printable("a\x1b[31mb\u202ec") == "a\ufffd[31mb\ufffdc"


def test_what_is_pasted_from_word_or_a_page_is_printed_as_it_is_read() -> None:
    """Its spaces are no plain ones, and it says where lines may end."""
    pasted = "5\u00a0June\u2009to\t9\u2028July\r\u2002cu\u00adstody\u200b"
    assert output.printable(pasted) == "5 June to 9 July  custody"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Amended("owner", "x", None), "owner: x → nothing"),
        (Corrected(3, "void"), "event 3 voided"),
        (
            Corrected(1, "reenter", DAY, Added("w", "afi", 2, PIN, "open", {"owner": "x"}, "C")),
            (
                "event 1 re-entered: afi, level 2, w, added as open under level-3@1, under C, "
                "owner x, on 2024-01-31"
            ),
        ),
        (TransitionTaken("lapse", "a", "b", due=date(2023, 3, 5)), "lapse: a → b, due 2023-03-05"),
        (Relevelled(None, 4, PIN, "open", "open", "b"), "level none → 4, as open"),
    ],
)
def test_what_is_missing_is_said(what: EventPayload, said: str) -> None:
    """No value, no date, no level."""
    assert say_what(what) == said


def test_a_refusal_shows_where_its_rules_stand(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where that is asked for: from here if the file lies below, in full if not, or nowhere."""
    monkeypatch.chdir(tmp_path)
    show_rule_places(shown=True)
    spans = (Span(f"{tmp_path.as_posix()}/own.yaml", 3), Span("/else/x.yaml", 4), NOWHERE)
    reasons = tuple(Reason("not yet", "so", f"do {n}", span) for n, span in enumerate(spans))
    output.error(Refused(Refusal("R", "l@1", "open", "go", "lead", reasons)))
    assert capsys.readouterr().err.splitlines() == [
        "R is `open`; cannot `go` as `lead`",
        "  not yet: so; do 0 [own.yaml:3]",
        "  not yet: so; do 1 [/else/x.yaml:4]",
        "  not yet: so; do 2",
    ]


def test_a_cell_cannot_break_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Bars, new lines and markup stay what they are."""
    body: list[tuple[str | int | None, ...]] = [("a|b", "c\nd", "[red]e"), (None, 1, "")]
    for form in (Format.MD, Format.TABLE):
        output.rows(("x", "y", "z"), body, form)
    assert capsys.readouterr().out.splitlines() == [
        "| x | y | z |",
        "| --- | --- | --- |",
        r"| a\|b | c d | \[red]e |",
        "|  | 1 |  |",
        "x    y    z",
        "a|b  c d  [red]e",
        "     1",
    ]


def test_show_says_no_count_where_a_state_has_none(run: Run, demo: Path) -> None:
    """A report counts on no ledger."""
    said = run("show", "WMP-REP-TVIP", "--register", demo).out
    assert ["state", "published"] in [line.split() for line in said.splitlines()]


def test_a_list_dates_the_last_event_by_itself(run: Run, demo: Path) -> None:
    """Also where that is a correction, made after the last day that still stands."""
    void = ("--void", "--reason", "another record", "--on", "2023-04-03", "--register", demo)
    liaison = ("--actor", "liaison-officer", "--actor-role", "liaison_officer")
    assert run("correct", "WMP-A2-001", "2", *void, *liaison).code == 0
    said = run("list", "--category", "afi", "--level", "2", "--format", "csv", "--register", demo)
    row = next(line for line in said.out.splitlines() if "WMP-A2-001" in line)
    assert row.split(",")[8] == "2023-04-03"


def test_show_says_the_family_and_the_successor(run: Run, demo: Path) -> None:
    """Parents, children, successors and what is not counted yet."""
    assert "children   WMP-B-001, WMP-B-002" in run("show", "WMP-C-01", "--register", demo).out
    shown = run("show", "WMP-R2-014", "--register", demo).out
    assert "successor  WMP-R3-018" in shown
    assert "succeeded by WMP-R3-018" in shown
    assert "parent   WMP-C-01" in run("show", "WMP-B-001", "--register", demo).out
    assert "`reported` is an end" in run("show", "WMP-INS-2023-02", "--register", demo).out
