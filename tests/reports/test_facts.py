"""The paper of 30 March 2023, regenerated: every fact of it that a register can know."""

from __future__ import annotations

from html.parser import HTMLParser
from io import BytesIO

import pytest
from attrs import evolve
from docx import Document
from pypdfium2 import PdfDocument

from peelflow.model.outline import Outline, OutlineSection
from peelflow.register.register import Register
from peelflow.reports.content import Report
from peelflow.reports.html import html_of
from peelflow.reports.markdown import markdown_of
from peelflow.reports.paper import paper_of
from peelflow.reports.pdf import pdf_of
from peelflow.reports.word import word_of
from peelflow.rulebook.national import national
from tests.reports.conftest import MADE

# Section 2: the PEEL inspection, the framework, the levels, the figures.
SECTION_2 = """
confirmation of the next PEEL inspection
commencing PEEL activities in March
fieldwork will take place on W/C 11th September 2023
interviews, focus groups and attending force meetings
dedicate 1 or 2 weeks to do reality testing in force
9 questions, where PEEL questions before 2023 were 12
How good is the force's service for victims of crime?
How good is the force at treating the public fairly, appropriately, and respectfully?
the force at preventing and deterring crime, antisocial behaviour (ASB) and vulnerability?
How good is the force at responding to the public?
How good is the force at investigating crime?
How good is the force at protecting vulnerable people?
How good is the force at managing offenders and suspects?
building, developing, and looking after its workforce
encouraging an ethical, lawful and inclusive workplace
planning and managing its organisation efficiently
achieves value for money both now and in the future
added emphasis to recruitment, retention and performance management
an online workforce survey created by HMICFRS
hosted on WMP systems
Strategy, Delivery and Assurance department has communicated the framework
a self assessment framework to create a baseline readiness profile
Continuous assessment activities will begin in force in March 2023
The PEEL planner is currently being compiled with HMICFRS
reconfigured the process of designating gradings
level one, these were closed automatically by HMICFRS
for forces to decide whether to manage these outside the HMICFRS portal
allowing the Chief Constable or their nominated deputy greater powers
Closed and archived by HMICFRS
able to close records when they have completed the work
including uploading a letter signed by the Chief Constable
Forces self-certify that the recommendation is complete
HMICFRS follow-up/ verification via the next relevant planned inspection
No force self-certification
further bespoke fieldwork, with additional support / inspection when appropriate
In most cases this will be for forces moved to Engage
held on the HMICFRS Portal
held separately in force
Cause of Concern 2 21 23
Recommendation Level 1 0 2 2
Recommendation Level 2 31 0 31
Recommendation Level 3 29 2 31
Recommendation Level 4 0 0 0
AFI Level 1 0 6 6
AFI Level 2 6 0 6
AFI Level 3 3 0 3
AFI Level 4 0 0 0
Recommendation Closed before Levels 0 280 280
Total 71 311 382
"""
# Section 3: the published reports.
SECTION_3 = """
How the police respond to victims of sexual abuse when the victim is from an ethnic minority
Report on Tees Valley Inclusion Project's super-complaint
Published on 16 December 2022
made by Tees Valley Inclusion Project in August 2020
9 concerns were raised
Overuse of voluntary suspect interviews
Failure to consider honour-based abuse as a concomitant safeguarding concern
Failure to keep victims informed following the report of sexual abuse
Failure to provide information during the prosecution process
Failure to discuss special measures and other protective measures
Lack of empathy from the police
Ineffective and inadequate use of police resources
Disproportionate focus on community impact
Failure to understand the retraumatizing effect of the prosecution process
update their sexual abuse policies to include the risk of honour based abuse
The college of policing will also update their policies
Cultural Awareness
aware of the demographics of the communities they police
Independent advisory groups or equivalent groups reflect these demographics
prepare up-to-date information on culture and religion
extra factors that might be relevant because of the culture and background
prioritise work on understanding crime data
consultation process is inclusive and representative of the whole community
Chief constables, College
Police and Crime Commissioners
All of them have been accepted.
NPCC Further response to the Police Perpetrators of DA
Published on 27 January 2023
made by Centre for Women's Justice in March 2020
Police perpetrated domestic abuse (PPDA)
11 concerns were raised
Difficulties in reporting
Failures in investigations
Improper manipulation of police processes
Improper responses to complaints and concerns
Accused officers personal links with others in the force
Accused officers using their police knowledge, status and powers
Improper decisions on criminal charges
Incorrect approach to misconduct investigations and decisions
Abused women arrested
Employment difficulties for women who are police officers
Workplace victimisation of women who are police officers
closed within the last 12 months
within six months
someone with no prior connection to any of those involved in the allegations
DA support services and guidance capable of meeting the specific needs
"""
# Section 4: the forthcoming inspections.
SECTION_4 = """
5 June 2023 to 9 June 2023: WMP PEEL Inspection Activity
Managing Suspects and Offenders
questions 7.2
MOSOVO and teams will be exclusively inspected
10 July 2023 to 14 July 2023: HMICFRS Inspection of Serious Organised Crime (SOC)
regional organised crime units (ROCU)
published in a regional SOC report
Police response to stalking
Suzy Lamplugh Trust, on behalf of the National Stalking Consort
received in November 2022
eligible
This investigation will be conducted in 2023
Home Secretary's commission for rapid review of vetting and counter Corruption
recommendations made in the 2022 thematic report
WMP have returned the rapid report assessment
await further communications from HMICFRS
"""
FACTS = [fact for part in (SECTION_2, SECTION_3, SECTION_4) for fact in part.strip().split("\n")]


class _Words(HTMLParser):
    """Collects the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _html_text(report: Report) -> str:
    parser = _Words()
    parser.feed(html_of(report))
    return " ".join(parser.words)


def _word_text(report: Report) -> str:
    document = Document(BytesIO(word_of(report, made=MADE)))
    tables = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    return " ".join([*(p.text for p in document.paragraphs), *(" ".join(row) for row in tables)])


def _pdf_text(report: Report) -> str:
    pages = PdfDocument(pdf_of(report, made=MADE))
    return " ".join(page.get_textpage().get_text_range() for page in pages)


def _markdown_text(report: Report) -> str:
    return markdown_of(report).replace("| ", "").replace("\\", "")


@pytest.fixture(scope="session", params=[_markdown_text, _html_text, _word_text, _pdf_text])
def words(request: pytest.FixtureRequest, report: Report) -> str:
    """Give the words of the paper in each kind of file, parted by one space."""
    text: str = request.param(report)
    return " ".join(text.replace("\u200b", "").split())


def test_a_paper_under_rules_without_question_sets_names_none() -> None:
    """As of an application whose base is not the national rulebook."""
    rules = national()
    own = evolve(rules, vocabulary=evolve(rules.vocabulary, question_sets={}))
    outline = Outline("A paper", (OutlineSection("framework"),))
    with Register.open("memory:", rulebook=own) as register:
        day = MADE.date()
        paper = paper_of(register, as_at=day, since=day, made=MADE, outline=outline)

    assert paper.sections[0].blocks == ()


def test_the_paper_holds_every_fact_that_a_register_can_know(words: str) -> None:
    """In each kind of file. The list stands above, one line a fact."""
    plain = words.replace(" ", "").replace("\ufffe", "")
    assert [fact for fact in FACTS if fact.replace(" ", "") not in plain] == []
