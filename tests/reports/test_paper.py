"""The paper's parts say what the register knew on the day, and what it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from peelflow.engine.calendar import months_after
from peelflow.errors import InvalidRequest, InvalidRules
from peelflow.model.outline import STANDARD_OUTLINE, Outline, OutlineSection, SectionName
from peelflow.register.register import Register
from peelflow.reports.content import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Section,
    Table,
    each_block,
    say_cell,
    without_empty_columns,
)
from peelflow.reports.paper import paper_of, read_outline
from tests.builders.force import CHIEF, FORCE, KIND, LIAISON, START, World, new_world
from tests.reports.conftest import AS_AT, MADE, SINCE


def part(
    register: Register, section: SectionName, as_at: date, since: date = START, **more: Any
) -> Section:
    """Return one part of a paper."""
    outline = Outline("A paper", (OutlineSection(section),))
    outline = evolve(outline, **more.pop("outline", {}))
    (made,) = paper_of(
        register, as_at=as_at, since=since, made=MADE, outline=outline, **more
    ).sections
    return made


def said(section: Section) -> str:
    """Return all that a part says, in one line."""
    return " ".join(" ".join(_said(section)).split())


def _said(section: Section) -> Iterator[str]:
    yield section.title
    for block in section.blocks:
        match block:
            case Paragraph():
                yield block.text
            case Bullets():
                yield from block.items
            case Chart():
                yield block.alt
            case Table():
                yield block.title
                yield from (say_cell(cell) for row in block.rows for cell in row)
    for inner in section.sections:
        yield from _said(inner)


def test_every_part_of_the_standard_outline_is_there(portfolio: Register) -> None:
    """In order, numbered, with what it was made from at the end."""
    paper = paper_of(portfolio, as_at=AS_AT, since=SINCE, made=MADE)
    assert [section.name for section in paper.sections] == [
        section.section for section in STANDARD_OUTLINE.sections
    ]
    assert paper.sections[2].title == "3. Current figures"
    rulebook, register, made = paper.footer
    count = len(portfolio.rulebook.lifecycles)
    assert rulebook.startswith(f"Rulebook: {count} lifecycles, digest ")
    seal, _ = portfolio.seal()
    assert register == f"Register: position {seal.position}, seal {seal.root[:16]}."
    assert made.endswith("on 30 March 2023 at 09:30 UTC.")


def test_the_same_register_makes_the_same_paper(portfolio: Register) -> None:
    """Nothing in it hangs on when it is made but the last line."""
    first, second = (
        paper_of(portfolio, as_at=AS_AT, since=SINCE, made=moment)
        for moment in (MADE, MADE + timedelta(1))
    )
    assert first.sections == second.sections


def test_a_paper_of_one_force_has_no_seal(world: World) -> None:
    """A seal is of every force's events."""
    world.add(KIND["level-2"])
    register = world.register
    own = Register(
        register.store, rulebook=register.rulebook, clock=register.services.clock, force=FORCE
    )
    paper = paper_of(own, as_at=world.day, since=START, made=MADE)
    assert paper.footer[1] == "Register: opened for one force, so without a seal."
    assert ("Force", FORCE) in paper.facts


EMPTY_PARTS: tuple[SectionName, ...] = (
    *("figures", "movement", "reports", "overdue", "due", "letters", "plan", "corrections"),
)


def test_of_an_empty_register_it_says_that_there_is_nothing(world: World) -> None:
    """No zeros, no empty tables."""
    words = " ".join(said(part(world.register, name, START)) for name in EMPTY_PARTS)
    assert "Held on the ledger “portal”: no record" in words
    assert "No record came, closed or re-opened." in words
    assert "No report was published" in words
    assert "Nothing that is open is past its day." in words
    assert "No open record waits for a letter." in words
    assert "No inspection is planned." in words
    assert "Nothing was corrected since 4 January 2021." in words
    assert "No open record has a day by which to be closed." in words
    for name in EMPTY_PARTS:
        blocks = part(world.register, name, START).blocks
        assert all(block.rows for block in blocks if isinstance(block, Table))


def test_what_is_overdue_has_its_original_and_its_revised_day(world: World) -> None:
    """And why it slipped; a day that was taken away too; what has none is told."""
    record = world.add(KIND["level-2"], fields={"due": START + timedelta(3)})
    world.add(KIND["level-2"])
    for day, reason in ((None, "no staff"), (START + timedelta(5), "one came")):
        world.register.amend(record, "due", day, reason=reason, actor=LIAISON, on=world.later())
    words = said(part(world.register, "overdue", world.later(9)))
    assert "1 past their day" in words
    assert f"{record} 2 lead 07/01/2021 09/01/2021 6 none: no staff; 09/01/2021: one came" in words
    assert "1 open record has no day by which to be closed" in words
    assert "1 with a day" in said(part(world.register, "due", world.day))
    assert "1 without a day" in said(part(world.register, "due", world.day))
    world.add(KIND["level-2"])
    words = said(part(world.register, "overdue", world.day))
    assert "2 open records have no day by which to be closed" in words


def test_where_everything_has_a_day_nothing_stands_apart(world: World) -> None:
    """No table of nothing."""
    world.add(KIND["level-2"], fields={"due": START})
    assert "without a day" not in said(part(world.register, "due", START))


def test_rules_that_were_not_in_force_yet_are_left_out(world: World) -> None:
    """What the levels mean is said as of the day."""
    early = date(1999, 1, 1)
    assert "Super-complaint" not in said(part(world.register, "levels", early, early))


def test_a_report_may_answer_a_super_complaint_without_concerns(world: World) -> None:
    """Then none are counted."""
    report = world.add(KIND["report"], fields={"published": START + timedelta(1)})
    world.add(KIND["super-complaint"], fields={"published_report": report})
    words = said(part(world.register, "reports", world.later(5)))
    assert "It answers the super-complaint “Stalking”." in words
    assert "concerns" not in words


def test_a_published_figure_that_reads_otherwise_now_is_told(world: World) -> None:
    """Against the position that the last paper names."""
    record = world.add(KIND["level-2"])
    register = world.register
    world.step(record, "start")
    world.step(record, "close")
    published, known = world.day, register.position()
    same = part(register, "corrections", world.later(), published, known_since=known)
    assert "stand." in said(same)
    register.correct(
        record, 3, correction="void", actor=CHIEF, on=world.later(), reason="typed wrongly"
    )
    words = said(part(register, "corrections", world.day, published, known_since=known))
    assert "that read otherwise now AFI Level 2 0 1 1 0" in words
    assert f"{record} 3 void typed wrongly" in words


def test_a_recommendation_that_is_not_accepted_is_told(world: World) -> None:
    """How many were, were not, and wait; and a report without any is."""
    report = world.add(KIND["report"], fields={"published": START + timedelta(1)})
    names = [
        world.add(KIND["super-complaint-recommendation"], fields={"source_report": report})
        for _ in range(3)
    ]
    world.step(names[0], "accept")
    world.step(names[1], "not_accept")
    other = world.add(KIND["report"], fields={"title": "Other", "published": START + timedelta(2)})
    words = said(part(world.register, "reports", world.later(5)))
    assert "2 reports were published" in words
    assert "1 have been accepted, 1 have not, and 1 wait for an answer." in words
    assert f"({other}). No recommendation of it is recorded." in words
    assert "Police and Crime Commissioners" in words


def test_a_recommendation_without_an_answer_says_nothing_of_one(world: World) -> None:
    """Its own report's day is where the paper looks."""
    report = world.add(KIND["report"], fields={"published": START + timedelta(1)})
    world.add(
        KIND["level-3"], fields={"source_report": report, "due": date(2021, 6, 1), "title": "Do"}
    )
    words = said(part(world.register, "reports", world.later(5)))
    assert "1 report was published" in words
    assert "Do 01/06/2021 Open" in words
    assert "accepted" not in words


def test_ages_are_counted_in_bands(world: World) -> None:
    """To the day; what does not say is not known."""
    for days in (1, 200, 400, 900):
        world.add(KIND["level-2"], fields={"published": START - timedelta(days)})
    world.add(KIND["level-2"])
    words = said(part(world.register, "ages", START))
    assert (
        "Up to 6 months: 1; 6 to 12 months: 1; 1 to 2 years: 1; Over 2 years: 1; Not known: 1."
    ) in words
    assert "published more than 2 years before" in words
    assert "more than a year before" in said(
        part(world.register, "ages", START, outline={"older_than_years": 1})
    )


@pytest.mark.parametrize(
    ("years", "band", "older", "unsure"),
    [(2, "Over 2 years", "2020", "2021"), (1, "1 to 2 years", "Q4 2021", "2022")],
)
def test_bands_of_ages_and_the_share_of_the_old_say_the_same(
    years: int, band: str, older: str, unsure: str
) -> None:
    """Of what was published on the very day, as of what is known but to a year or a quarter."""
    on = date(2023, 3, 30)
    edge = months_after(on, -12 * years)
    for published, past, unknown in (
        (str(edge), 0, 0),
        (str(edge - timedelta(1)), 1, 0),
        (older, 1, 0),
        (unsure, 0, 1),
    ):
        world = new_world()
        world.add(KIND["level-2"], fields={"published": published})
        made = part(world.register, "ages", on, outline={"older_than_years": years})
        chart, table = made.blocks
        assert isinstance(chart, Chart)
        assert isinstance(table, Table)
        bars = dict(zip(chart.places, chart.series[0].values, strict=True))
        assert (bars[band], bars.get("Not known", 0)) == (past, unknown)
        assert table.rows[-1] == ("Total", past, 1, 100 * past, unknown)


def test_the_plan_tells_what_is_over_no_more(world: World) -> None:
    """An inspection that has ended, or a super-complaint that was reported."""
    world.inspect()
    complaint = world.add(KIND["super-complaint"])
    words = said(part(world.register, "plan", START))
    assert "inspection-held" in words
    assert f"Stalking: received ({complaint})" in words
    later = said(part(world.register, "plan", START + timedelta(9)))
    assert "inspection-held" not in later


def test_the_plan_speaks_of_steps_in_words(world: World) -> None:
    """A committee reads no names with underscores."""
    world.inspect()
    record = world.add(KIND["level-3"])
    words = said(part(world.register, "plan", START))
    assert f"{record} 3 lead 7 start, self certify letter" in words


def text_outline(record: str | None = None, document: str | None = None) -> Outline:
    """Return an outline with one text."""
    text = OutlineSection("text", "Words", record=record, document=document)
    return Outline("A paper", (text,))


def test_a_text_is_one_that_was_attached_by_then(world: World) -> None:
    """The last of its name; paragraphs and lists of it."""
    record = world.add(KIND["level-2"])
    for words in ("Old.", "\ufeffOne\ntwo.\r\n\r\n- a\n- b\n\n\n\nEnd."):
        document = world.register.keep(words.encode(), kind="paper_text", name="t.md")
        world.register.attach(record, document, actor=LIAISON, on=world.later())
    outline = text_outline(record=record, document="t.md")

    def made(on: date) -> Report:
        return paper_of(world.register, as_at=on, since=START, made=MADE, outline=outline)

    (section,) = made(world.day).sections
    assert section.title == "1. Words"
    assert section.blocks == (Paragraph("One two."), Bullets(("a", "b")), Paragraph("End."))
    assert list(each_block(made(START + timedelta(1)))) == [Paragraph("Old.")]
    with pytest.raises(InvalidRequest, match="is not attached to it by 4 January 2021"):
        made(START)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (
            "We ask:\n- one\n  and more\n- two - three\n- \n \nThen",
            (Paragraph("We ask:"), Bullets(("one and more", "two - three")), Paragraph("Then")),
        ),
        (
            "* a\n\u2022 b\n\n-5 degrees\n- \nEnd",
            (Bullets(("a", "b")), Paragraph("-5 degrees - End")),
        ),
        ("- a long\nitem\n- two\nas well", (Bullets(("a long item", "two as well")),)),
        ("- one\n\n  more", (Bullets(("one",)), Paragraph("more"))),
        ("Next steps\n- one\n- two", (Paragraph("Next steps"), Bullets(("one", "two")))),
        ("It was asked.\n- one", (Paragraph("It was asked."), Bullets(("one",)))),
        (
            "the force\n- as it said -\nwill act",
            (Paragraph("the force - as it said - will act"),),
        ),
    ],
)
def test_a_list_stands_apart_from_the_lines_around_it(
    world: World, text: str, blocks: tuple[Block, ...]
) -> None:
    """However it is marked and wrapped; a dash at a line's start within a sentence is none."""
    record = world.add(KIND["level-2"])
    document = world.register.keep(text.encode(), kind="paper_text", name="t.md")
    world.register.attach(record, document, actor=LIAISON, on=world.later())
    outline = text_outline(record=record, document="t.md")
    paper = paper_of(world.register, as_at=world.day, since=START, made=MADE, outline=outline)
    assert paper.sections[0].blocks == blocks


def test_a_text_that_cannot_be_printed_is_refused(world: World) -> None:
    """Unnamed, before its record was there, or in another encoding."""
    register, day = world.register, world.later()
    record = world.add(KIND["level-2"])
    document = register.keep("é".encode("latin-1"), kind="paper_text", name="t.md")
    register.attach(record, document, actor=LIAISON, on=day)
    for names, on, why in (
        ({}, day, "names no document"),
        ({"record": record, "document": "t.md"}, START, "is not attached"),
        ({"record": record, "document": "t.md"}, day, "is no text in UTF-8"),
    ):
        with pytest.raises(InvalidRequest, match=why):
            paper_of(register, as_at=on, since=START, made=MADE, outline=text_outline(**names))


def test_an_outline_gives_words_and_order() -> None:
    """In YAML, read as rule files are."""
    source = b"title: A paper\nsections:\n  - {section: plan, title: Soon, words: What comes.}\n"
    outline = read_outline(source, "o.yaml")
    assert outline.sections == (OutlineSection("plan", "Soon", "What comes."),)


def test_the_words_of_an_outline_stand_before_its_part(world: World) -> None:
    """As a paragraph."""
    outline = Outline("A paper", (OutlineSection("plan", "Soon", "What comes."),))
    paper = paper_of(world.register, as_at=START, since=START, made=MADE, outline=outline)
    assert paper.sections[0].blocks[0] == Paragraph("What comes.")


def test_every_fault_of_an_outline_is_told_with_its_place() -> None:
    """As of any rule file."""
    source = b"titel: A paper\nsections:\n  - {section: plans}\n"
    with pytest.raises(InvalidRules) as refused:
        read_outline(source, "o.yaml")
    codes = [(fault.code, fault.span.line) for fault in refused.value.diagnostics]
    assert ("unknown-key", 1) in codes
    assert [line for _, line in codes][-1] == 3


@pytest.mark.parametrize(
    "given",
    [
        {"since": AS_AT + timedelta(1)},
        {"force": "kent"},
        {"known_since": 10**6},
        {"outline": evolve(STANDARD_OUTLINE, ledger="portl")},
    ],
)
def test_what_cannot_be_meant_is_refused(portfolio: Register, given: dict[str, Any]) -> None:
    """Days in the wrong order, an unknown force, position or ledger."""
    with pytest.raises(InvalidRequest):
        paper_of(portfolio, **{"as_at": AS_AT, "since": SINCE, "made": MADE, **given})


def test_a_column_that_says_nothing_is_left_out() -> None:
    """But the first stays, and a table without rows is as it was."""
    table = Table("t", "", ("a", "b", "c"), ((None, None, 1),), ("b", "c"))
    tidied = without_empty_columns(table)
    assert (tidied.columns, tidied.rows, tidied.numbers) == (("a", "c"), ((None, 1),), ("c",))
    assert without_empty_columns(evolve(table, rows=())).columns == ("a", "b", "c")


def test_what_was_noted_since_the_last_meeting_is_told(world: World) -> None:
    """Of its own day, not of the day it was typed; and that there is nothing."""
    record = world.add(KIND["level-2"], fields={"title": "Custody"})
    since = world.later(3)
    assert f"Nothing was noted since {since.day}" in said(
        part(world.register, "notes", world.later(9), since)
    )
    plan = world.register.keep(b"plan", kind="improvement_plan", name="plan.txt")
    for on, text in ((since, "before"), (world.day, "asked for a date")):
        world.register.note(record, text, documents=[plan], actor=LIAISON, on=on, source="item 4")
    words = said(part(world.register, "notes", world.day, since))
    assert "1 noted 16/01/2021" in words
    assert f"{record} Custody asked for a date {LIAISON} item 4 plan.txt" in words
    assert "before" not in words


def test_a_day_that_is_not_known_stands_in_the_paper_as_it_is_known(world: World) -> None:
    """In what a report recommends, in what is due, and in what is overdue."""
    report = world.add(KIND["report"], fields={"published": START + timedelta(1)})
    fields = {"source_report": report, "due": "Q1 2021", "published": "2020"}
    record = world.add(KIND["level-2"], fields=fields)
    world.register.amend(record, "due", "2021-02", actor=LIAISON, on=world.later(), reason="sooner")
    day = world.later(90)
    assert f"{record} 2021-02" in said(part(world.register, "reports", day)).replace("Open", "")
    over = (day - date(2021, 2, 28)).days
    sections: tuple[tuple[SectionName, int], ...] = (("overdue", over), ("due", -over))
    for section, days in sections:
        assert f"Q1 2021 2021-02 {days} 2021-02: sooner" in said(part(world.register, section, day))
    within = said(part(world.register, "overdue", date(2021, 2, 10)))
    assert f"Nothing that is open is past its day. Nobody can tell of {record} (2021-02)" in within
    assert "no day by which" not in within
