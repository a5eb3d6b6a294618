"""What verbs return can be sent as JSON, printed in three lines and shown in a notebook."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterable
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import attrs
import pytest
from attrs import evolve, field, fields
from hypothesis import given, settings
from hypothesis import strategies as st

import peelflow
from peelflow import (
    Category,
    Event,
    FieldRule,
    Figures,
    Record,
    Refusal,
    Register,
    Route,
    RouteStep,
    Rulebook,
)
from peelflow.model.decisions import Reason
from peelflow.results import Result, define, dict_keys, frozen, html_table
from peelflow.rulebook.national import national
from peelflow.testing import samples
from peelflow.testing.strategies import values_of
from tests.builders.force import KIND, new_world
from tests.surface import NO_RESULTS, returned_classes

PAGE = Path(__file__).parents[1] / "docs/results.md"
RESULTS = sorted(returned_classes() - {kind.__name__ for kind in NO_RESULTS})
CLASSES: list[type[Result]] = [getattr(peelflow, name) for name in RESULTS]
HOSTILE = "<script>alert('&')</script>"


def drawn(kind: type[Result]) -> st.SearchStrategy[Any]:
    """Return a strategy for a class; a route holds routes in its steps, here one level deep."""
    if kind not in (Route, RouteStep):
        return values_of(kind)
    states = st.just(("in_progress", "closed"))
    inner = parts(Route, steps=tuples(parts(RouteStep, lands=states, before=st.just(()))))
    step = parts(RouteStep, lands=states, before=tuples(inner))
    return step if kind is RouteStep else parts(Route, steps=tuples(step))


def parts(kind: type[Any], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for a class, some of whose fields are drawn otherwise."""
    hints = typing.get_type_hints(kind)
    others = {part.name for part in fields(kind)} - known.keys()
    return st.builds(kind, **known, **{name: values_of(hints[name]) for name in others})


def tuples(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy for a tuple of at most two."""
    return st.lists(items, max_size=2).map(tuple)


DRAWN = {kind: drawn(kind) for kind in CLASSES}


class Comparable:
    """What two decorators make a class of in turn."""

    name: str
    level: int | None = None
    place: str = field(default="here", eq=False)


def decorated_by(decorate: Any, **options: Any) -> type[Any]:
    """Return the class as a decorator makes it."""
    return cast("type[Any]", decorate(type("Comparable", (), dict(vars(Comparable))), **options))


@pytest.mark.parametrize("options", [{}, {"eq": False}, {"order": True}], ids=str)
@pytest.mark.parametrize("decorators", [(frozen, attrs.frozen), (define, attrs.define)])
def test_a_frozen_class_compares_as_attrs_has_it(
    decorators: tuple[Any, Any], options: dict[str, bool]
) -> None:
    """What it says equal, unequal and unhashable is what attrs would, asked once or twice."""
    verdicts = []
    for decorate in decorators:
        kind = decorated_by(decorate, **options)
        child = type("Child", (kind,), {})
        one = kind("a")
        others = (kind("a", place="there"), kind("b"), kind("a", 1), child("a"), "a", one)
        once = [(one == other, one != other, other == one) for other in others]
        assert once == [(one == other, one != other, other == one) for other in others]
        assert child("a") == child("a") or options == {"eq": False}
        verdicts.append((once, hashes_of(kind, others[:3]), one.__eq__("a")))
    assert verdicts[0] == verdicts[1]


def hashes_of(kind: type[Any], others: Iterable[object]) -> list[bool] | None:
    """Return which others have the hash of `kind("a")`; nothing where it has none."""
    try:
        return [hash(other) == hash(kind("a")) for other in others]
    except TypeError:
        return None


def test_own_comparison_stays() -> None:
    """A class that says itself what it is equal to is asked, and an error is only itself."""

    @frozen
    class Folded:
        name: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Folded) and self.name.lower() == other.name.lower()

        def __hash__(self) -> int:
            return hash(self.name.lower())

    @frozen
    class Fault(Exception):
        name: str

    assert len({Folded("a"), Folded("A")}) == 1
    assert Fault("a") != Fault("a")


def test_a_class_that_extends_another_compares_all_its_fields() -> None:
    """Also where it asks the other first."""

    @frozen
    class Near:
        name: str

    @frozen
    class Far(Near):
        level: int

        def is_near(self, other: Near) -> bool:
            return super().__eq__(other)

    assert Far("a", 1).is_near(Far("a", 2))
    assert Far("a", 1) != Far("a", 2)
    assert Far("a", 1) == Far("a", 1)
    assert Near("a") != Far("a", 1)


def test_every_class_that_a_verb_returns_is_public() -> None:
    """An application can name in its own annotations whatever it is given."""
    assert returned_classes() <= set(peelflow.__all__)
    assert {"Record", "Event", "Route", "RouteStep", "RoleNeed", "Seal", "Movement"} <= set(RESULTS)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(st.data())
def test_a_result_is_data_for_json(kind: type[Result], data: st.DataObject) -> None:
    """`json.dumps` takes what `to_dict` gives, and loses nothing of it."""
    given_data = data.draw(DRAWN[kind]).to_dict()
    assert json.loads(json.dumps(given_data)) == given_data
    assert tuple(given_data) == dict_keys(kind)


def test_dates_and_sets_are_lists_of_texts() -> None:
    """A day is ISO 8601, a set is sorted, and what lies inside is data too."""
    record = evolve(samples.record(), spent=frozenset("ba"))
    data = record.to_dict()
    assert data["on"] == record.on.isoformat()
    assert data["spent"] == ["a", "b"]
    assert data["lifecycle"] == record.lifecycle.to_dict()
    assert data["entered"] == {name: at.to_dict() for name, at in record.entered.items()}


def test_an_event_and_a_need_say_of_what_kind_they_are() -> None:
    """Else a reader could not tell one union member from another."""
    event = samples.events()["acted"]
    assert (event.kind, event.to_dict()["kind"]) == ("acted", "acted")
    need = peelflow.RoleNeed(("lead",))
    assert need.to_dict() == {"need": "role", "roles": ["lead"]}


def table() -> str:
    """Return the table of docs/results.md as the classes make it."""
    lines = ["| Result | Keys of `to_dict()` |", "|---|---|"]
    for kind in CLASSES:
        keys = ", ".join(f"`{key}`" for key in dict_keys(kind))
        lines.append(f"| `{kind.__name__}` | {keys} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_key(*, rewrite_golden: bool) -> None:
    """`--rewrite-golden` makes the table anew: a key that changes is a change for users."""
    page = PAGE.read_text("utf-8")
    before, listed = re.split(r"(?=^\| Result)", page, flags=re.MULTILINE)
    if rewrite_golden:
        PAGE.write_text(before + table(), "utf-8")
    else:
        assert listed == table()


@pytest.mark.parametrize("kind", [Record, Event], ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(st.data())
def test_a_repr_fits_in_three_lines(kind: type[Result], data: st.DataObject) -> None:
    """However long its texts are."""
    value = data.draw(DRAWN[kind])
    long = data.draw(st.text(min_size=100))
    shown = [value, evolve(value, **{"id" if kind is Record else "record": long})]
    assert all(len(repr(each)) <= 360 and "\n" not in repr(each) for each in shown)


def test_a_repr_says_what_a_record_and_an_event_are() -> None:
    """Enough to know them again."""
    assert repr(samples.record()) == (
        "Record(id='WMP-R3-017', state='open', category='recommendation', level=3, force='WMP', "
        "lifecycle='level-3@1', number=1, on=2024-03-02)"
    )
    assert repr(samples.events()["linked"]).startswith("Event(record=")


@pytest.mark.parametrize("kind", [Record, Event, Figures, Refusal, Route])
@settings(max_examples=20)
@given(st.data())
def test_a_table_for_a_notebook_is_sound(kind: type[Any], data: st.DataObject) -> None:
    """Every tag of it is its own and closed, whatever the texts are."""
    assert sound(data.draw(DRAWN[kind])._repr_html_())


def test_a_hostile_text_cannot_act_in_a_notebook() -> None:
    """It is shown as it stands."""
    refusal = Refusal(HOSTILE, "l", "s", "t", "r", (Reason("not here", HOSTILE, HOSTILE),))
    record = evolve(samples.record(), fields={HOSTILE: (HOSTILE,)})
    event = evolve(samples.events()["acted"], reason=HOSTILE)
    route = Route("R", "l", "open", "closed", "impossible", why=HOSTILE)
    for shown in (refusal, record, event, route):
        table = shown._repr_html_()
        assert "<script" not in table
        assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;" in table


def test_rules_and_registers_say_what_they_hold() -> None:
    """In three lines, however many lifecycles there are."""
    rules = national()
    assert repr(rules) == ("Rulebook(vocabulary='national', lifecycles=22, notes=6, migrations=0)")
    with Register.open("memory:") as register:
        assert repr(register).startswith("Register(store='memory:', rulebook=Rulebook(vocabulary='")


def test_figures_and_rules_are_tables() -> None:
    """A line of the figures is a row, and so is a lifecycle."""
    assert "<tr><td>level-3@1</td><td>" in national()._repr_html_()
    assert sound(national()._repr_html_())
    figures = Figures((peelflow.FigureLine("Level 3", 2, 1, 1),), date(2023, 3, 31))
    assert (
        "<tr><td>Level 3</td><td>2</td><td>1</td><td>3</td><td>1</td></tr>" in figures._repr_html_()
    )
    assert "Figures as at 2023-03-31" in figures._repr_html_()


class _Tags(HTMLParser):
    """Counts the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert attrs == []
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def sound(html: str) -> bool:
    """Whether a text is one table and nothing else."""
    tags = _Tags()
    tags.feed(html)
    known = {"table", "caption", "thead", "tbody", "tr", "th", "td", "br"}
    return tags.open == [] and tags.names <= known and html.startswith("<table>")


def test_fields_come_back_as_dates() -> None:
    """A category says which texts are days; a text that is none stays, and so does the record."""
    category = Category(
        "Task",
        fields={name: FieldRule("date", name) for name in ("due", "said", "week", "several")}
        | {"note": FieldRule("text", "note")},
    )
    kept: dict[str, Any] = {
        "due": "2023-03-30",
        "said": "soon",
        "week": "2023-W01-1",
        "several": ("2023-03-30",),
        "note": "2023-03-30",
        "gone": "2023-03-30",
    }
    record = evolve(samples.record(), fields=kept)
    assert record.field_values(category) == {**kept, "due": date(2023, 3, 30)}
    assert record.fields == kept


def test_a_register_reads_the_days_of_a_record_by_its_rules() -> None:
    """Rules that do not know the category say nothing of its fields."""
    world = new_world("memory:")
    record = world.add(KIND["level-4"], fields={"published": date(2023, 3, 30)})
    assert world.register.record(record).fields["published"] == "2023-03-30"
    assert world.register.fields(record)["published"] == date(2023, 3, 30)
    with Register(world.register.store, rulebook=Rulebook()) as bare:
        assert bare.fields(record)["published"] == "2023-03-30"


def test_a_value_of_any_other_sort_is_shown_as_its_text() -> None:
    """Nothing is left out of a table for want of a rule."""
    assert "<td>1.5</td>" in html_table("c", ("h",), [(1.5,)])


@pytest.mark.parametrize("name", ["define", "frozen"])
def test_the_one_repr_says_what_that_of_attrs_says(name: str) -> None:
    """Of a class with options and without; a `repr` of its own stays."""
    ours, theirs = [_classes(getattr(module, name)) for module in (peelflow.results, attrs)]
    said = [repr(kind("a", date(2023, 1, 2))) for kind in ours]

    assert said == [repr(kind("a", date(2023, 1, 2))) for kind in theirs]
    assert said == ["Plain(what='a', day=datetime.date(2023, 1, 2))", "Ordered(what='a')", "own"]


def _classes(decorate: Any) -> list[Any]:
    @decorate
    class Plain:
        what: str
        day: date

    @decorate(order=True)
    class Ordered:
        what: str
        day: date = field(repr=False)

    @decorate
    class Own(Plain):
        def __repr__(self) -> str:
            return "own"

    return [Plain, Ordered, Own]


def test_every_class_shares_it() -> None:
    """One of attrs' own in the sources would cost every start what the others do not."""
    theirs = r"^from attrs import (\([^)]*?|[^\n]*?)\b(define|frozen)\b|@attrs\.(define|frozen)"
    sources = (Path(__file__).parents[1] / "src").rglob("*.py")
    files = {file.name: file.read_text("utf-8") for file in sources}

    assert [name for name, text in files.items() if re.search(theirs, text, re.MULTILINE)] == []
