"""The diagrams drawn by Mermaid itself, in a real browser: no word of one hides another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from shutil import which
from typing import Any

import attrs
import mermaidx
import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from peelflow import load
from peelflow.drawing.mermaid import diagram
from peelflow.rulebook.national import national, shipped_folder

MERMAID = Path(mermaidx.__file__).with_name("assets") / "mermaid.js"
DRIVER = which("chromedriver")
pytestmark = pytest.mark.skipif(
    DRIVER is None, reason="no browser here: apt-get install chromium chromium-driver"
)
NATIONAL = {str(one): one for one in national().lifecycles}
DRAW = """
const [told, done] = arguments;
const boxOf = element => {
    const box = element.getBoundingClientRect();
    return [element.textContent.trim(), box.left, box.top, box.right, box.bottom];
};
const named = (svg, attribute) => document.getElementById(svg.getAttribute(attribute)).textContent;
mermaid.render("drawn", told).then(drawn => {
    document.body.innerHTML = drawn.svg;
    const svg = document.querySelector("svg");
    done({
        words: [...svg.querySelectorAll(".nodeLabel, .edgeLabel")].map(boxOf).filter(box => box[0]),
        boxes: [...svg.querySelectorAll("g.node")].map(boxOf),
        title: named(svg, "aria-labelledby"),
        description: named(svg, "aria-describedby"),
    });
}, failed => done(String(failed)));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Give a browser that has Mermaid, and fetches nothing."""
    file = tmp_path_factory.mktemp("pictures") / "page.html"
    file.write_text(
        f'<meta charset="utf-8"><body><script src="{MERMAID.as_uri()}"></script>'
        "<script>mermaid.initialize({startOnLoad: false})</script>",
        "utf-8",
    )
    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    driver.get(file.as_uri())
    yield driver
    driver.quit()


def drawn(page: Chrome, told: str) -> dict[str, Any]:
    """Return where Mermaid puts each word and each box of a diagram."""
    answer = page.execute_async_script(DRAW, told)
    assert isinstance(answer, dict), answer
    return answer


def overlapping(boxes: list[list[Any]]) -> list[tuple[str, str]]:
    """Return the texts of each two boxes that lie one on the other."""
    return [
        (one[0], other[0])
        for one, other in combinations(boxes, 2)
        if min(one[3], other[3]) > max(one[1], other[1])
        and min(one[4], other[4]) > max(one[2], other[2])
    ]


@pytest.mark.parametrize("name", sorted(NATIONAL))
def test_item_31_no_word_of_a_picture_hides_another(page: Chrome, name: str) -> None:
    """Nor does a box: every state and step of the file is seen, and who takes the step."""
    lifecycle = NATIONAL[name]
    seen = drawn(page, diagram(lifecycle))

    assert overlapping(seen["words"]) == []
    assert overlapping(seen["boxes"]) == []
    shown = [text for text, *_ in seen["words"]]
    assert set(lifecycle.states) <= set(shown)
    steps = [step for state in lifecycle.states.values() for step in state.transitions]
    assert all(any(step.trigger in text for text in shown) for step in steps)
    assert all(role in json.dumps(shown) for step in steps for role in step.by)


def test_two_boxes_that_share_a_place_are_found() -> None:
    """And two that only touch are none."""
    one, other, beside = ["one", 0, 0, 9, 9], ["other", 8, 8, 20, 20], ["beside", 9, 0, 18, 8]

    assert overlapping([one, other, beside]) == [("one", "other")]


@pytest.mark.parametrize(
    "title",
    [
        'Level 3: who; what -- and "why"',
        "%%{init: {'theme': 'dark'}}%% end",
        "a <b>bold</b> & <script>alert(1)</script>",
        "#35; &amp; {brace} [list] 100%",
        "accDescr: graph TD\nend",
    ],
)
def test_no_title_breaks_a_picture(page: Chrome, title: str) -> None:
    """It stands in the picture for those who do not see it, and so does what is drawn."""
    level = next(one for one in NATIONAL.values() if one.name == "level-1")
    seen = drawn(page, diagram(attrs.evolve(level, title=title)))

    assert len(seen["boxes"]) == 4 + 4 + 1
    assert seen["title"]
    assert seen["description"].endswith("A record begins as issued and ends as done.")


def test_a_timed_step_tells_when(page: Chrome) -> None:
    """In its own box, below who takes it."""
    rules = load(shipped_folder("examples") / "custom_rules" / "committee_review")
    (reviewed,) = [one for one in rules.lifecycles if one.name == "level-2-reviewed"]
    seen = drawn(page, diagram(reviewed))

    assert overlapping(seen["words"]) == []
    assert "remindsystemonce 90 days have passed since the state was entered" in [
        text for text, *_ in seen["words"]
    ]
