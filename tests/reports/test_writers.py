"""Each kind of file holds the whole paper, well made for its readers, and never as markup."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from attrs import evolve
from docx import Document
from pypdfium2 import PdfDocument

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.reports.charts import chart_png, chart_svg
from peelflow.reports.content import (
    FACTS,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Section,
    Series,
    Table,
)
from peelflow.reports.html import html_of
from peelflow.reports.markdown import markdown_of
from peelflow.reports.pdf import pdf_of
from peelflow.reports.word import word_of
from tests.reports.conftest import MADE

HOSTILE = "<script>alert(1)</script> {{ 7*7 }} #pagebreak() [a](b) *x* | =1+1 \\ “é”"
LINES = Chart(
    "lines", "Lines", "Two lines.", "lines", ("2023-01-31", "2023-02-28"),
    (Series("Open", (1, 2)), Series("Closed", (3, 4))),
)  # fmt: skip
HOSTILE_REPORT = Report(
    title=HOSTILE,
    subtitle=HOSTILE,
    facts=((HOSTILE, HOSTILE),),
    sections=(
        Section(
            "one",
            HOSTILE,
            (
                Paragraph(HOSTILE),
                Paragraph(HOSTILE, is_note=True),
                Bullets((HOSTILE,)),
                Table(
                    "t", HOSTILE, (HOSTILE, "n"), ((HOSTILE, 1), ("Total", 1)), ("n",), totals=True
                ),
                Table("none", "Nothing", ("a",), ()),
                LINES,
            ),
            (Section("two", HOSTILE),),
        ),
    ),
    footer=(HOSTILE,),
)


def test_hostile_texts_are_shown_as_they_are() -> None:
    """In every kind of file; none of them acts."""
    page = html_of(HOSTILE_REPORT)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}") >= 10
    assert "<script>alert" not in markdown_of(HOSTILE_REPORT).replace("\\<", "")
    word = Document(BytesIO(word_of(HOSTILE_REPORT, made=MADE)))
    assert HOSTILE in [paragraph.text for paragraph in word.paragraphs]
    pdf = PdfDocument(pdf_of(HOSTILE_REPORT, made=MADE))
    assert len(pdf) <= 2
    assert "#pagebreak()" in pdf[0].get_textpage().get_text_range()


def test_word_has_headings_repeated_table_headings_alt_texts_and_page_numbers(
    report: Report,
) -> None:
    """What a screen reader and a printer rest on."""
    content = word_of(report, made=MADE)
    document = Document(BytesIO(content))
    headings = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 1"]
    assert headings == [section.title for section in report.sections]
    with ZipFile(BytesIO(content)) as parts:
        xml = parts.read("word/document.xml").decode()
        footers = [parts.read(n).decode() for n in parts.namelist() if "footer" in n]
    assert xml.count("<w:tblHeader/>") == xml.count("<w:tbl>") == len(document.tables)
    assert re.findall(r'descr="([^"]+)"', xml) == [
        block.alt
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Chart)
    ]
    assert any('w:instr="PAGE"' in footer for footer in footers)
    properties = document.core_properties
    assert (properties.title, properties.language) == ("HMICFRS update", "en-GB")


def test_word_reads_aloud_and_spells_in_british_english(report: Report) -> None:
    """The language of the text itself, which a property of the file does not say."""
    with ZipFile(BytesIO(word_of(report, made=MADE))) as parts:
        styles = parts.read("word/styles.xml").decode()
    assert re.findall(r'<w:lang w:val="([^"]*)"', styles) == ["en-GB"]


def test_word_has_one_font_and_shaded_heading_rows(report: Report) -> None:
    """A font of the theme would be heeded before the one that is named."""
    with ZipFile(BytesIO(word_of(report, made=MADE))) as parts:
        styles = parts.read("word/styles.xml").decode()
    for name in ("Title", "heading 1", "heading 2", "caption"):
        (style,) = re.findall(
            rf'<w:style [^>]*>\s*<w:name w:val="{name}"/>.*?</w:style>', styles, re.DOTALL
        )
        assert re.findall(r"<w:rFonts[^>]*>", style) == [
            '<w:rFonts w:ascii="Arial" w:hAnsi="Arial"/>'
        ]
    (grid,) = re.findall(r'<w:style [^>]*w:styleId="TableGrid".*?</w:style>', styles, re.DOTALL)
    assert "insideV" not in grid
    assert grid.count("<w:tblBorders") == grid.count("<w:tblCellMar") == 1
    assert re.search(r'<w:tblStylePr w:type="firstRow">\s*<w:tcPr>\s*<w:shd ', grid)


def test_no_short_word_is_cut_in_a_table_of_word() -> None:
    """Beside a text however long, a column is as wide as its longest word, on a page's width."""
    long = "a long text of what it asks for " * 20
    table = Table(
        "t", "T", ("Record", "Asks", "To", "Worded", "Stands"),
        (("WMP-SC-TVIP-2.1", long, long, long, "Accepted"), ("W" * 400, None, None, None, "Open")),
    )  # fmt: skip
    document = Document(
        BytesIO(word_of(Report("T", "S", (), (Section("s", "S", (table,)),), ()), made=MADE))
    )
    (drawn,) = document.tables
    widths = [column.width.cm for column in drawn.columns]
    assert sum(widths) == pytest.approx(17.4, abs=0.01)
    assert widths[-1] >= 0.4 + len("Accepted") * 0.17  # a letter of Arial at 9 points
    sizes = {
        mark.get(f"{{{mark.nsmap['w']}}}val")
        for cell in drawn.rows[2].cells
        for mark in cell.paragraphs[0]._p.xpath("./w:pPr/w:rPr/w:sz")
    }
    assert sizes == {"18"}


ODD_TEXT = "a\x0bb\x00c\x1fd\uffffe\ud800f"


@pytest.mark.parametrize("has_template", [False, True])
def test_word_takes_a_text_that_no_document_of_it_holds(
    tmp_path: Path, *, has_template: bool
) -> None:
    """Word writes a soft line break as a control character: one such text stopped the paper."""
    table = Table("t", ODD_TEXT, (ODD_TEXT,), ((ODD_TEXT,), (None,)))
    blocks = Paragraph(ODD_TEXT), Bullets((ODD_TEXT,)), table
    section = Section("s", ODD_TEXT, blocks, (Section("u", ODD_TEXT),))
    report = Report(ODD_TEXT, ODD_TEXT, (("Odd", ODD_TEXT),), (section,), (ODD_TEXT,))
    own = template(tmp_path / "t.docx", "{{ facts.Odd }}", "{{ content }}")
    content = word_of(report, made=MADE, template=own if has_template else None)
    document = Document(BytesIO(content))
    shown = "a\nb\ufffdc\ufffdd\ufffde\ufffdf"
    assert shown in [paragraph.text for paragraph in document.paragraphs]
    assert document.tables[0].rows[1].cells[0].text == shown


def template(path: Path, *lines: str) -> Path:
    """Write a Word template with some lines."""
    document = Document()
    for text in lines:
        document.add_paragraph(text)
    document.save(str(path))
    return path


def test_a_force_has_its_own_word_template(report: Report, tmp_path: Path) -> None:
    """Its words are filled in, and the paper stands where it says."""
    file = template(
        tmp_path / "t.docx",
        "Our {{ title }} of {{ subtitle }}",
        "For {{ facts.Committee }}",
        "{{ content }}",
        "The end",
    )
    document = Document(BytesIO(word_of(report, made=MADE, template=file)))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == f"Our HMICFRS update of {report.subtitle}"
    assert texts[1] == "For West Midlands Joint Audit Committee"
    assert texts[2] == report.sections[0].title
    assert texts[-2:] == [report.footer[-1], "The end"]
    assert len(document.tables) > 10


@pytest.mark.parametrize("name", ["nothing.docx", "."])
def test_a_template_that_cannot_be_read_is_told_as_that(name: str, tmp_path: Path) -> None:
    """It was told as no Word document, with the advice to save it as one."""
    with pytest.raises(InvalidRequest, match=r"cannot be read: (No such file|Is a directory)"):
        word_of(HOSTILE_REPORT, made=MADE, template=tmp_path / name)


def test_a_template_without_our_styles_still_works(tmp_path: Path) -> None:
    """Plain, then, rather than refused."""
    file = template(tmp_path / "t.docx", "{{ content }}")
    document = Document(str(file))
    for name in ("List Bullet", "Table Grid", "Caption", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.element.getparent().remove(style.element)
    document.save(str(file))
    content = word_of(HOSTILE_REPORT, made=MADE, template=file)
    made = Document(BytesIO(content))
    assert len(made.tables) == 1
    assert "Heading 1" in {p.style.name for p in made.paragraphs if p.style is not None}
    levels = made.styles["Heading 1"].element.xpath(".//w:outlineLvl/@w:val")
    assert levels == ["0"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("no place",), "does not say where the content goes; write"),
        (("{{ title }", "{{ content }}"), "cannot be filled in"),
        (("{{ titel }}", "{{ content }}"), "cannot be filled in: 'titel' is undefined"),
        (("{{ facts.Comittee }}", "{{ content }}"), "cannot be filled in: .*'Comittee'"),
        (("{{ content }}", "{{ content }}"), "says more than once"),
        (("Of it: {{ content }}", "{{ content }}"), "says more than once"),
        (("{{ content.__class__.__mro__ }}",), "cannot be filled in|does not say where"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(
    tmp_path: Path, lines: tuple[str, ...], why: str
) -> None:
    """With what to do; and nothing in it runs."""
    with pytest.raises(InvalidRequest, match=why):
        word_of(HOSTILE_REPORT, made=MADE, template=template(tmp_path / "t.docx", *lines))


def test_what_an_outline_does_not_say_is_empty_in_a_template(tmp_path: Path) -> None:
    """Each word of the title block is known, though this paper has none of it."""
    lines = (f"{{{{ facts.{word.replace(' ', '_')} }}}}|" for word in FACTS)
    file = template(tmp_path / "t.docx", *lines, "{{ content }}")
    document = Document(
        BytesIO(word_of(evolve(HOSTILE_REPORT, facts=()), made=MADE, template=file))
    )
    assert [paragraph.text for paragraph in document.paragraphs[: len(FACTS)]] == ["|"] * len(FACTS)


def test_what_is_no_word_document_is_no_template(tmp_path: Path) -> None:
    """Neither a text nor nothing at all."""
    for words in ("words", ""):
        (tmp_path / "t.docx").write_text(words, "utf-8")
        with pytest.raises(InvalidRequest, match="is no Word document"):
            word_of(HOSTILE_REPORT, made=MADE, template=tmp_path / "t.docx")


def test_html_is_one_file_with_its_pictures_and_alt_texts(report: Report) -> None:
    """Nothing else is named that a browser would fetch."""
    page = html_of(report)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("<img ") == page.count('alt="') == 2
    assert '<html lang="en-GB">' in page
    assert page.count("<caption") == page.count("<table") == page.count("<thead>")


def test_a_page_sorts_days_that_are_known_in_part_behind_those_they_may_be() -> None:
    """As every list does; in a column of words 2024 is a word."""
    column = (date(2024, 9, 30), "Q3 2024", None, date(2024, 10, 1), "2024")
    table = Table("t", "T", ("day", "word"), tuple((cell, str(cell)) for cell in column))
    page = html_of(evolve(HOSTILE_REPORT, sections=(Section("s", "S", (table,)),)))
    keys = re.findall(r'data-key="([^"]*)"', page)
    days = ["2024-09-30", "2024-09-30 Q3 2024", "", "2024-10-01", "2024-12-31 2024"]
    assert keys[::2] == days
    assert keys[1::2] == [str(cell) for cell in column]


def test_a_pdf_is_tagged_and_the_same_each_time(report: Report) -> None:
    """For screen readers, and for who compares."""
    content = pdf_of(report, made=MADE)
    assert content == pdf_of(report, made=MADE)
    assert b"/StructTreeRoot" in content
    assert b"/MarkInfo" in content
    assert len(PdfDocument(content)) > 5


def test_charts_are_drawn() -> None:
    """As SVG with the words in it, and as PNG."""
    svg = chart_svg(LINES)
    assert "Open" in svg
    assert "Closed" in svg
    assert chart_png(LINES).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("module", "write"),
    [
        ("jinja2", html_of),
        ("vl_convert", html_of),
        ("typst", lambda report: pdf_of(report, made=MADE)),
        ("docx", lambda report: word_of(report, made=MADE)),
        ("docxtpl", lambda report: word_of(report, made=MADE, template=Path("t.docx"))),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, write: Callable[[Report], object]
) -> None:
    """How to get it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency, match=r"pip install 'peelflow\[report\]'"):
        write(HOSTILE_REPORT)
