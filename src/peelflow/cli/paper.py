"""Make the committee's paper from a register, as a file of any of four kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from peelflow.cli import output
from peelflow.cli.options import ForceOption, RegisterOptions, day_option, read_bytes, today
from peelflow.cli.output_files import ReplaceOption, check_output_file, write_bytes
from peelflow.cli.selecting import say_later_day
from peelflow.errors import InvalidRequest
from peelflow.model.outline import STANDARD_OUTLINE, Outline
from peelflow.register.register import Register
from peelflow.register.services import utc_now
from peelflow.reports.content import Report
from peelflow.reports.html import html_of
from peelflow.reports.markdown import markdown_of
from peelflow.reports.paper import paper_of, read_outline
from peelflow.reports.pdf import pdf_of
from peelflow.reports.word import word_of

PaperWriter = Callable[[Report, datetime, Path | None], bytes]
WRITERS: Mapping[str, PaperWriter] = {
    ".docx": lambda report, made, template: word_of(report, made=made, template=template),
    ".html": lambda report, _, __: html_of(report).encode(),
    ".pdf": lambda report, made, _: pdf_of(report, made=made),
    ".md": lambda report, _, __: markdown_of(report).encode(),
}
"""What writes a paper, by the ending of its file."""


def paper(
    *,
    since: Annotated[date, day_option("--since", "The day of the last meeting.")],
    as_at: Annotated[
        date | None,
        day_option("--as-at", "As at the end of this day; today when left out."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file: .docx, .html, .pdf or .md; may be repeated. Markdown is printed when "
            "left out.",
        ),
    ] = None,
    as_html: Annotated[bool, typer.Option("--html", help="Print it as HTML.")] = False,
    outline: Annotated[
        Path | None,
        typer.Option("--outline", metavar="FILE", help="Your own parts, order and words, in YAML."),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="Your own Word template, a .docx."),
    ] = None,
    since_known: Annotated[
        int | None,
        typer.Option(
            "--since-known",
            metavar="POSITION",
            help="The position under the last paper's figures: tells what of them reads otherwise.",
        ),
    ] = None,
    force: ForceOption = None,
    replace: ReplaceOption = False,
    location: RegisterOptions,
) -> None:
    """Make the committee's paper: figures, movement, reports, what is overdue, what comes."""
    paths = file or []
    _check_files(paths, replace=replace)
    if as_html and paths:
        what, why = "the option --html", "prints the paper, and a file is named"
        raise InvalidRequest(what, why, "name a file that ends in .html, or leave -o out")
    if template is not None and not any(path.suffix.lower() == ".docx" for path in paths):
        instead = "name a file that ends in .docx"
        raise InvalidRequest(f"the template {template}", "is of Word, and no file is", instead)
    parts = _outline_of(outline, since_known)
    say_later_day(as_at)
    with location.opened() as register:
        made = utc_now()
        report = paper_of(
            register,
            as_at=as_at or today(),
            since=since,
            made=made,
            outline=parts,
            force=force,
            known_since=since_known,
        )
    if not paths:
        output.write_machine_text(html_of(report) if as_html else markdown_of(report))
    for path in paths:
        write_paper(path, report, made, template=template, replace=replace)
        output.line(f"{path} is written")


def _outline_of(file: Path | None, since_known: int | None) -> Outline:
    """Return a file's outline, or the standard one, if it tells what is asked for."""
    outline = STANDARD_OUTLINE
    if file is not None:
        outline = read_outline(read_bytes(file), str(file))
    names = {part.section for part in outline.sections}
    if since_known is not None and "corrections" not in names:
        what, why = "the option --since-known", "is told in `corrections`, which the outline lacks"
        raise InvalidRequest(what, why, "add that part to the outline, or leave it out")
    return outline


def _check_files(paths: Sequence[Path], *, replace: bool) -> None:
    """Refuse files that are no papers, or one that is named twice: the second would find it."""
    for path in paths:
        check_paper_file(path, replace=replace)
    places = [path.resolve() for path in paths]
    twice = next((path for path in paths if places.count(path.resolve()) > 1), None)
    if twice is not None:
        raise InvalidRequest(f"the file {twice}", "is named twice", "name it once")


def check_paper_file(path: Path, *, replace: bool) -> None:
    """Refuse a file whose ending says no kind of paper, or that is not to be written over.

    Args:
        path: The file.
        replace: Whether it may be written over.

    Raises:
        InvalidRequest: It ends otherwise, or is there already.
    """
    if path.suffix.lower() not in WRITERS:
        why, instead = "ends as no paper does", f"choose one of {', '.join(WRITERS)}"
        raise InvalidRequest(f"the file {path}", why, instead)
    check_output_file(path, replace=replace)


def write_paper(
    path: Path,
    report: Report,
    made: datetime,
    *,
    template: Path | None = None,
    replace: bool = False,
) -> None:
    """Write a paper as its file's ending says.

    Args:
        path: The file.
        report: The paper.
        made: The moment it was made.
        template: A Word template.
        replace: Whether the file may be written over.
    """
    content = WRITERS[path.suffix.lower()](report, made, template)
    write_bytes(path, content, replace=replace)


DEMO_DAYS = (date(2023, 3, 30), date(2022, 12, 12))
DEMO_ENDINGS = (".docx", ".html", ".pdf")


def write_demo_papers(register: Register, example: Path, folder: Path) -> list[str]:
    """Write the example's paper in each kind into a folder, over what an earlier run left.

    Returns the names of the files.

    Args:
        register: The demo's register.
        example: The example's folder, which holds the outline.
        folder: Where the papers go; it is made where it is not there.
    """
    outline = example / "outline.yaml"
    made, (as_at, since) = utc_now(), DEMO_DAYS
    parts = read_outline(read_bytes(outline), str(outline))
    report = paper_of(register, as_at=as_at, since=since, made=made, outline=parts)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"paper{ending}" for ending in DEMO_ENDINGS]
    for file in files:
        write_paper(file, report, made, replace=True)
    return [file.as_posix() for file in files]
