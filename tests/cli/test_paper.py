"""The command `paper`: one paper in several kinds of file, or printed."""

from __future__ import annotations

from pathlib import Path

import pytest
from docx import Document

from peelflow.rulebook.national import shipped_folder
from tests.cli.conftest import Run

DAYS = ("--as-at", "2023-03-30", "--since", "2022-12-31")
EXAMPLE = shipped_folder("examples") / "west_midlands"


def test_a_paper_goes_into_files_by_their_endings(run: Run, demo: Path) -> None:
    """Several at once, of the same content; none is written over."""
    names = ("p.docx", "p.html", "p.pdf", "p.md")
    files = [word for name in names for word in ("-o", name)]
    ran = run("paper", *DAYS, "--register", demo, *files)
    assert (ran.code, ran.out.splitlines()) == (0, [f"{name} is written" for name in names])
    starts = {name: Path(name).read_bytes()[:4] for name in names}
    assert starts == {"p.docx": b"PK\x03\x04", "p.html": b"<!DO", "p.pdf": b"%PDF", "p.md": b"# HM"}
    assert run("paper", *DAYS, "--register", demo, "-o", "p.md").code == 2
    assert run("paper", *DAYS, "--register", demo, "-o", "p.md", "--replace").code == 0


def test_a_paper_is_printed_where_no_file_is_named(run: Run, demo: Path) -> None:
    """As Markdown, or as HTML."""
    assert run("paper", *DAYS, "--register", demo).out.startswith("# HMICFRS update")
    assert run("paper", *DAYS, "--register", demo, "--html").out.startswith("<!DOCTYPE html>")
    assert "As at: " in run("paper", "--since", "2022-12-31", "--register", demo).out


def test_a_force_has_its_own_outline_and_template(run: Run, demo: Path) -> None:
    """Its words and order, in its own Word template."""
    document = Document()
    document.add_paragraph("{{ content }}")
    document.save("own.docx")
    words = ("--outline", EXAMPLE / "outline.yaml", "--template", "own.docx", "-o", "p.docx")
    assert run("paper", *DAYS, "--register", demo, *words).code == 0
    assert Document("p.docx").paragraphs[0].text == "1. PEEL inspection and framework"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-o", "p.txt"), "ends as no paper does; choose one of .docx, .html, .pdf, .md"),
        (("--template", "own.docx", "-o", "p.pdf"), "is of Word, and no file is"),
        (("--outline", "gone.yaml"), "gone.yaml"),
        (("--since-known", "99999"), "lies beyond the last event"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    run: Run, demo: Path, words: tuple[str, ...], why: str
) -> None:
    """Before anything is written."""
    ran = run("paper", *DAYS, "--register", demo, *words)
    assert (ran.code, why in ran.err) == (2, True)
    assert not list(Path().glob("p.*"))


def test_the_demo_leaves_its_paper_and_says_so(run: Run) -> None:
    """Below its table, which is as it was; again over what it left."""
    for _ in range(2):
        ran = run("demo", "--papers", "demo")
        assert ran.code == 0
        assert "paper is in demo/paper.docx, demo/paper.html, demo/paper.pdf\n" in ran.out
        lines = ran.out.splitlines()
        total = next(line for line in lines if line.startswith("Total"))
        assert total.split() == ["Total", "71", "311", "382"]
    assert {file.name for file in Path("demo").iterdir()} == {
        "paper.docx",
        "paper.html",
        "paper.pdf",
    }
