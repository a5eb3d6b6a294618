"""The page in a real browser: accessible, nothing fetched, tables that sort and filter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import axe_core_python
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from peelflow.reports.content import Report
from peelflow.reports.html import html_of

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
DRIVER = which("chromedriver")
pytestmark = pytest.mark.skipif(
    DRIVER is None, reason="no browser here: apt-get install chromium chromium-driver"
)


@pytest.fixture(scope="module")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Give a browser that has the paper open, from a file."""
    file = tmp_path_factory.mktemp("paper") / "paper.html"
    file.write_text(html_of(report), "utf-8")
    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    driver.get(file.as_uri())
    yield driver
    driver.quit()


def due_table(page: Chrome) -> WebElement:
    """Return the table of due dates."""
    (table,) = [
        table
        for table in page.find_elements(By.CSS_SELECTOR, "table[data-lists]")
        if table.find_element(By.TAG_NAME, "caption").text == "34 with a day"
    ]
    return table


def column(table: WebElement, place: int) -> list[str]:
    """Return the cells of a column that are shown."""
    rows = table.find_elements(By.CSS_SELECTOR, "tbody tr:not([hidden])")
    return [row.find_elements(By.CSS_SELECTOR, "th, td")[place].text for row in rows]


def test_axe_finds_no_violation(page: Chrome) -> None:
    """Headings in order, table headings, contrast, names of what is driven."""
    page.execute_script(AXE.read_text("utf-8"))
    found = page.execute_async_script("axe.run().then(arguments[arguments.length - 1]);")
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]] == []


def test_nothing_is_fetched(page: Chrome) -> None:
    """One file holds all of it."""
    fetched = page.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
        ".filter(name => !name.startsWith('data:'));"
    )
    assert fetched == []


def test_a_table_sorts_by_a_click_on_its_heading(page: Chrome) -> None:
    """Numbers as numbers, and the other way round by the next click; it is told aloud."""
    table = due_table(page)
    heading = table.find_element(By.CSS_SELECTOR, "thead th:first-child")
    heading.find_element(By.TAG_NAME, "button").click()
    ids = column(table, 0)
    assert (ids, heading.get_attribute("aria-sort")) == (sorted(ids), "ascending")
    heading.find_element(By.TAG_NAME, "button").click()
    assert (column(table, 0), heading.get_attribute("aria-sort")) == (ids[::-1], "descending")


def test_a_table_shows_only_rows_that_have_some_words(page: Chrome) -> None:
    """And says how many; all come back when the words go."""
    table = due_table(page)
    every = len(column(table, 0))
    wide = table.find_element(By.XPATH, "..")
    label = wide.find_element(By.XPATH, "preceding-sibling::label[1]")
    field = label.find_element(By.TAG_NAME, "input")
    field.send_keys("consultation")
    assert column(table, 0) == ["WMP-R2-001"]
    assert f"1 of {every} rows" in label.text
    field.clear()
    field.send_keys(" ")
    assert len(column(table, 0)) == every


def test_the_paper_prints_without_its_tools(page: Chrome) -> None:
    """On paper nothing can be clicked, and no row is hidden."""
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = [nav.is_displayed() for nav in page.find_elements(By.CSS_SELECTOR, "nav, .search")]
    assert shown
    assert not any(shown)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "screen"})
