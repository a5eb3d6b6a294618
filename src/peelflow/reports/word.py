"""Write a report as a Word document, in a force's own template where it has one.

Needs the extra `report`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zipfile import BadZipFile

from attrs import evolve, fields

from peelflow.errors import InvalidRequest, MissingDependency
from peelflow.reports.charts import chart_png
from peelflow.reports.content import (
    FACTS,
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Section,
    Table,
    say_cell,
)
from peelflow.reports.pdf import column_widths, longest_words

if TYPE_CHECKING:
    from docx.document import Document
    from docx.shared import Length
    from docx.table import _Row
    from docx.text.paragraph import Paragraph as WordParagraph

_Part = TypeVar("_Part")
MARK = "peelflow-content"
"""What a template says where the content goes, as `{{ content }}`, by the time it is filled in."""
_TEXT_WIDTH = 17.4  # centimetres between the margins of the pages that peelflow lays out
_MANY_COLUMNS = 6
_LARGEST, _SMALL, _TINY = 16, 9, 8  # points
_LETTER = 0.62  # of a font's size: how wide a letter of bold Arial is, when many are wide ones
_CELL_MARGINS = 0.4  # centimetres, left and right together
_LONGEST_WORD = 20  # letters, that a line of a cell makes room for
_LANGUAGE = "en-GB"
_STYLES = ("Title", "Subtitle", "Caption", "List Bullet", "Table Grid", "Heading 1", "Heading 2")


def word_of(report: Report, *, made: datetime, template: Path | None = None) -> bytes:
    """Return a report as a Word document.

    Args:
        report: The report.
        made: The moment it was made.
        template: A Word document of the force's own. `{{ title }}`, `{{ subtitle }}`,
            `{{ facts.Committee }}` and so on are filled in, and `{{ content }}`, a paragraph of its
            own, gives way to the paper in the template's styles.

    Raises:
        MissingDependency: python-docx, docxtpl or vl-convert is not installed.
        InvalidRequest: The template is no Word document, or does not say where the content goes.
    """
    try:
        from docx import Document
    except ImportError:
        raise MissingDependency("report", "python-docx") from None
    report = _writable(report)
    document = Document() if template is None else _filled_in(report, template)
    if template is None:
        _set_styles(document)
        _lay_out(document, report)
    with _content_place(document, template):
        for section in report.sections:
            _write_section(document, section, depth=1)
        for sentence in report.footer:
            _note(document, sentence)
    _set_properties(document, report, made)
    content = BytesIO()
    document.save(content)
    return content.getvalue()


_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold, and so no Word document."""
_SOFT_BREAK = re.compile("[\x0b\x0c]")
"""What Word itself means a new line or page by, within what is copied out of it."""


def _writable(part: _Part) -> _Part:
    """Return a report, or a part of it, without the characters that no Word document holds."""
    changed: Any = part
    if isinstance(part, str):
        changed = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", _SOFT_BREAK.sub("\n", part))
    elif isinstance(part, tuple):
        changed = tuple(map(_writable, part))
    elif isinstance(part, Report | Section | Paragraph | Bullets | Table):
        names = (field.name for field in fields(type(part)))
        changed = evolve(part, **{name: _writable(getattr(part, name)) for name in names})
    return cast("_Part", changed)


def _filled_in(report: Report, template: Path) -> Document:
    """Return a template with its words filled in, and a mark where the content goes."""
    try:
        from docx.opc.exceptions import PackageNotFoundError
        from docxtpl import DocxTemplate
        from jinja2 import Environment, StrictUndefined, TemplateError
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError:
        raise MissingDependency("report", "docxtpl") from None
    facts = dict.fromkeys(FACTS, "") | dict(report.facts)
    words = {
        "title": report.title,
        "subtitle": report.subtitle,
        "facts": {word.replace(" ", "_"): said for word, said in facts.items()},
        "content": MARK,
    }
    environment: Environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    what = f"the template {template}"
    try:
        template.open("rb").close()
    except OSError as error:
        why, instead = f"cannot be read: {error.strerror}", "check the path and its permissions"
        raise InvalidRequest(what, why, instead) from None
    try:
        filled = DocxTemplate(str(template))
        filled.render(words, jinja_env=environment, autoescape=True)
    except TemplateError as error:
        raise InvalidRequest(what, f"cannot be filled in: {error}", "mend its braces") from None
    except (OSError, ValueError, KeyError, BadZipFile, PackageNotFoundError):
        raise InvalidRequest(what, "is no Word document", "save it as .docx") from None
    document: Document = filled.docx
    return document


@contextmanager
def _content_place(document: Document, template: Path | None) -> Iterator[None]:
    """Take what is written in the block to where the template marks its place.

    Raises:
        InvalidRequest: The template marks none.
    """
    if template is None:
        yield
        return
    marks = [paragraph for paragraph in document.paragraphs if paragraph.text.strip() == MARK]
    said = sum(paragraph.text.count(MARK) for paragraph in document.paragraphs)
    if not marks or said > 1:
        why = "says more than once where the content goes"
        if not marks:
            why = "does not say where the content goes"
        instead = "write {{ content }} once, on a line of its own"
        raise InvalidRequest(f"the template {template}", why, instead)
    body = document.element.body
    before = len(body)
    yield
    # INVARIANT: python-docx writes behind all that is there but the last section's properties.
    for element in list(body)[before - 1 : -1]:
        marks[0]._p.addprevious(element)  # noqa: SLF001 - python-docx gives no other way to move
    body.remove(marks[0]._p)  # noqa: SLF001


_NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TABLE_STYLE = (
    f"""<w:tblBorders {_NAMESPACE}>
        <w:top w:val="single" w:sz="8" w:space="0" w:color="365F91"/>
        <w:bottom w:val="single" w:sz="8" w:space="0" w:color="365F91"/>
        <w:insideH w:val="single" w:sz="4" w:space="0" w:color="BFC9D6"/>
    </w:tblBorders>""",
    f"""<w:tblCellMar {_NAMESPACE}>
        <w:top w:w="30" w:type="dxa"/><w:left w:w="108" w:type="dxa"/>
        <w:bottom w:w="30" w:type="dxa"/><w:right w:w="108" w:type="dxa"/>
    </w:tblCellMar>""",
)
_HEADING_ROW = f"""<w:tblStylePr {_NAMESPACE} w:type="firstRow">
    <w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="E6ECF3"/></w:tcPr>
</w:tblStylePr>"""


def _set_styles(document: Document) -> None:
    """Set language and font throughout; and lines, room and a shaded heading row for tables."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), _LANGUAGE)  # what spelling is held to, and how it is read aloud
    for name in _STYLES:
        font = document.styles[name].font
        font.name = "Arial"
        of_theme = font.element.rPr.rFonts.attrib
        for attribute in [each for each in of_theme if each.lower().endswith("theme")]:
            del of_theme[attribute]  # Word heeds a theme's font before the one that is named
    style: Any = document.styles["Table Grid"].element  # python-docx knows nothing of its lines
    for text in _TABLE_STYLE:
        made = parse_xml(text)
        before = style.find(f".//{{*}}{made.tag.rpartition('}')[2]}")
        before.getparent().replace(before, made)
    style.append(parse_xml(_HEADING_ROW))


def _lay_out(document: Document, report: Report) -> None:
    """Set the page, the title block, and the footer with the page's number."""
    from docx.shared import Cm, Pt

    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(1.8)
    page.top_margin = page.bottom_margin = Cm(2)
    document.styles["Normal"].font.name, document.styles["Normal"].font.size = "Arial", Pt(10)
    document.styles["Footer"].font.size = Pt(_TINY)
    document.add_paragraph(report.title, style="Title")
    document.add_paragraph(report.subtitle, style="Subtitle")
    for word, said in report.facts:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.add_run(f"{word}: ").bold = True
        paragraph.add_run(said)
    footer = page.footer.paragraphs[0]
    footer.add_run(f"{report.title}, {report.subtitle}. Page ")
    _add_field(footer, "PAGE")
    footer.add_run(" of ")
    _add_field(footer, "NUMPAGES")


def _add_field(paragraph: WordParagraph, name: str) -> None:
    """Add what Word works out by itself, such as the page's number."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)  # noqa: SLF001 - python-docx knows no fields


def _set_properties(document: Document, report: Report, made: datetime) -> None:
    properties = document.core_properties
    properties.title, properties.subject = report.title, report.subtitle
    properties.author, properties.language = "peelflow", _LANGUAGE
    properties.created = properties.modified = made.replace(tzinfo=None)


def _write_section(document: Document, section: Section, *, depth: int) -> None:
    document.add_paragraph(section.title, style=_heading_style(document, depth))
    for block in section.blocks:
        _write_block(document, block)
    for part in section.sections:
        _write_section(document, part, depth=depth + 1)


def _write_block(document: Document, block: Block) -> None:
    match block:
        case Paragraph(is_note=True):
            _note(document, block.text)
        case Paragraph():
            document.add_paragraph(block.text)
        case Bullets():
            for item in block.items:
                document.add_paragraph(item, style=_style(document, "List Bullet"))
        case Chart():
            _write_chart(document, block)
        case _:
            _write_table(document, block)


def _style(document: Document, name: str) -> str | None:
    """Return a style's name where the document has it; a force's own may not."""
    return name if name in document.styles else None


def _heading_style(document: Document, depth: int) -> str:
    """Return a heading's style, made where a template has none: Word writes those in use alone."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    name = f"Heading {depth}"
    if name not in document.styles:
        style: Any = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        style.base_style = document.styles.default(WD_STYLE_TYPE.PARAGRAPH)
        style.font.bold, style.font.size = True, Pt(max(_LARGEST - 2 * depth, _SMALL))
        style.paragraph_format.keep_with_next = True
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), str(depth - 1))
        style.element.get_or_add_pPr().append(level)  # what a reader aloud, and the contents, go by
    return name


def _note(document: Document, text: str) -> None:
    from docx.shared import Pt

    document.add_paragraph().add_run(text).font.size = Pt(_SMALL)


def _caption(document: Document, text: str) -> None:
    paragraph = document.add_paragraph(text, style=_style(document, "Caption"))
    paragraph.paragraph_format.keep_with_next = True


def _write_chart(document: Document, chart: Chart) -> None:
    from docx.shared import Cm

    _caption(document, chart.title)
    picture: Any = document.add_picture(BytesIO(chart_png(chart)), width=Cm(_TEXT_WIDTH - 1))
    properties = picture._inline.docPr  # noqa: SLF001 - python-docx has no other way to alt text
    properties.set("descr", chart.alt)
    properties.set("title", chart.title)


def _write_table(document: Document, table: Table) -> None:
    _caption(document, table.title)
    if not table.rows:
        return
    drawn = document.add_table(0, len(table.columns), style=_style(document, "Table Grid"))
    drawn.autofit = False
    size = _TINY if len(table.columns) > _MANY_COLUMNS else _SMALL
    widths = _widths(table, size)
    heading = drawn.add_row()
    _repeat_as_heading(heading)
    _write_row(heading, table, table.columns, widths, size, is_bold=True)
    for number, row in enumerate(table.rows, start=1):
        is_total = table.totals and number == len(table.rows)
        cells = tuple(map(say_cell, row))
        _write_row(drawn.add_row(), table, cells, widths, size, is_bold=is_total)
    for column, width in zip(drawn.columns, widths, strict=True):
        column.width = width
    document.add_paragraph()


def _widths(table: Table, size: int) -> list[Length]:
    """Return how wide columns are: their longest word, and their share of what is left."""
    from docx.shared import Cm, Pt

    least = [
        _CELL_MARGINS + Pt(size).cm * _LETTER * min(letters, _LONGEST_WORD)
        for letters in longest_words(table)
    ]
    left = max(0.0, _TEXT_WIDTH - sum(least))
    shares = column_widths(table)
    wide = [each + left * share / sum(shares) for each, share in zip(least, shares, strict=True)]
    return [Cm(each * _TEXT_WIDTH / sum(wide)) for each in wide]


def _write_row(
    row: _Row,
    table: Table,
    texts: tuple[str, ...],
    widths: list[Length],
    size: int,
    *,
    is_bold: bool,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    _keep_whole(row)
    for cell, name, text, width in zip(row.cells, table.columns, texts, widths, strict=True):
        cell.width = width
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        _set_height(paragraph, size)
        run = paragraph.add_run(text)
        run.bold, run.font.size = is_bold, Pt(size)
        if name in table.numbers:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _set_height(paragraph: WordParagraph, points: int) -> None:
    """Have a paragraph be as high as its text is, also where it has none."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark, size = OxmlElement("w:rPr"), OxmlElement("w:sz")
    size.set(qn("w:val"), str(2 * points))
    mark.append(size)
    paragraph._p.get_or_add_pPr().append(mark)  # noqa: SLF001 - python-docx knows no mark


def _repeat_as_heading(row: _Row) -> None:
    """Have a row stand above each page's part of its table, and read out as its heading."""
    _row_property(row, "w:tblHeader")


def _keep_whole(row: _Row) -> None:
    """Keep a row on one page."""
    _row_property(row, "w:cantSplit")


def _row_property(row: _Row, name: str) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(name))  # noqa: SLF001 - python-docx lacks it
