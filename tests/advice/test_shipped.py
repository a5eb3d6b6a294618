"""Routes of every shipped lifecycle: from every state to every other there is a way, or proof."""

from __future__ import annotations

from datetime import date

import pytest

from peelflow import InvalidRequest, Rulebook, load, national
from peelflow.model.rules import Level, Lifecycle, Transition, is_automatic
from peelflow.rulebook.national import shipped_folder
from peelflow.testing.strategies import FORCE
from tests.builders.routes import BEFORE_LEVELS, CLERK, Place, new_place, tellers
from tests.oracles.routes import Walk

OWN = ("demonstration_period", "evidence_panel", "own_status_words")
TODAY = date(2023, 6, 1)


def each_rulebook() -> list[tuple[Rulebook, Lifecycle]]:
    """Return every shipped lifecycle within its rulebook."""
    books = [load(shipped_folder("examples") / "custom_rules" / name) for name in OWN]
    own = [(book, one) for book in books for one in book.lifecycles if one.refines]
    return [*((national(), one) for one in national().lifecycles), *own]


CASES = [
    pytest.param(book, lifecycle, state, id=f"{lifecycle.name}-{state}")
    for book, lifecycle in each_rulebook()
    for state in lifecycle.states
]
WHAT: dict[str, dict[str, str | date]] = {
    "inspection": {"kind": "planned", "first_day": TODAY, "last_day": TODAY},
    "appointment": {"person": "somebody", "role": "lead", "first_day": TODAY},
    "report": {"title": "Custody", "kind": "national"},
    "section_55_response": {"report": "REPORT", "published": TODAY},
    "section_55_answer": {"answers": "ANSWERED"},
    "super_complaint": {"title": "Stalking"},
    "peel_readiness": {"question": "7"},
    "milestone": {"title": "A first draft"},
    "engage_cause": {"cause": "CAUSE"},
}
BESIDE: tuple[tuple[str, str, Level, dict[str, str]], ...] = (
    ("REPORT", "report", None, {"title": "Custody", "kind": "national"}),
    ("ANSWERED", "afi", 2, {}),
    ("OWED", "recommendation", 2, {"source_report": "REPORT"}),
    ("CAUSE", "cause_of_concern", None, {}),
)
"""What records refer to."""


def stand(book: Rulebook, lifecycle: Lifecycle, state: str) -> Place:
    """Take a record over in a state, without anything it may need."""
    place = new_place(book)
    place.today, place.ajar, place.shut = TODAY, "in_progress", "closed"
    for name, kind, high, fields in BESIDE:
        place.register.add(
            name, category=kind, level=high, force=FORCE, issued=TODAY, fields=fields, actor=CLERK
        )
    if lifecycle.name == "section-55":
        place.kin, place.shut, place.said = (
            "section_55_answer",
            "no_action",
            {"answers": "ANSWERED"},
        )
    category, level = lifecycle.applies_to.category[0], lifecycle.applies_to.level[0]
    place.register.take_over(
        "R-1",
        category=category,
        level=level,
        force=FORCE,
        issued=BEFORE_LEVELS if level is None else TODAY,
        state=state,
        on=TODAY,
        **tellers(place.register, category, level, state, TODAY),
        source="a list",
        reason="from elsewhere",
        fields=WHAT.get(category, {}),
    )
    return place


def is_surely_automatic(step: Transition) -> bool:
    """Say whether peelflow always takes a step at once, so that no record stays before it."""
    return is_automatic(step) and not step.requires


@pytest.mark.parametrize(("book", "lifecycle", "state"), CASES)
def test_every_route_of_shipped_rules_can_be_gone(
    book: Rulebook, lifecycle: Lifecycle, state: str
) -> None:
    """Each step is accepted as it is said; where none leads, it is for an end, or for no path."""
    for goal in lifecycle.states:
        place = stand(book, lifecycle, state)
        if any(map(is_surely_automatic, lifecycle.states[goal].transitions)):
            with pytest.raises(InvalidRequest, match="only passes through"):
                place.register.route("R-1", to=goal, ledger="no ledger", on=TODAY)
            continue
        route = place.register.route("R-1", to=goal, ledger="no ledger", on=TODAY)
        Walk(place, route).go()
        found = place.register.record("R-1").state
        assert (found == goal) is (route.verdict != "impossible")
        if route.verdict == "impossible":
            assert route.why
            assert "is an end" in route.why or "no steps of" in route.why


@pytest.mark.parametrize(("book", "lifecycle", "state"), CASES)
def test_everything_that_counts_can_be_closed(
    book: Rulebook, lifecycle: Lifecycle, state: str
) -> None:
    """From every state of national and own rules a way leads to `closed`, side doors included."""
    if not any("portal" in each.counts_as for each in lifecycle.states.values()):
        return
    place = stand(book, lifecycle, state)
    route = place.register.route("R-1", on=TODAY)
    Walk(place, route).go()
    assert place.register.counts(place.register.record("R-1"))["portal"] == "closed"
