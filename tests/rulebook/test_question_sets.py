"""Question sets: their files, their days and forces, and what a question of one is in another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peelflow import InvalidRules, load, national
from peelflow.model.question_sets import (
    QuestionSet,
    QuestionSets,
    covers_question,
    dropped_questions,
    equivalent_questions,
    in_order,
    line_of,
    questions_across,
    set_in_force,
)
from peelflow.rulebook.national import check, examine, shipped_folder

NATIONAL = national().vocabulary.question_sets
NUMBERS = ("1", "2", "3", "4")
QUESTIONS = st.sampled_from((*NUMBERS, "1.1", "2.3", "4.2.1"))
MAPPINGS = st.dictionaries(
    st.sampled_from((*NUMBERS, "1.1", "2.3")),
    st.lists(QUESTIONS, min_size=1, max_size=3, unique=True).map(tuple),
    min_size=4,
)


@st.composite
def trees(draw: st.DrawFn) -> tuple[QuestionSets, Mapping[str, str]]:
    """Draw sets that each replace one before or none, and what each replaces."""
    size = draw(st.integers(2, 5))
    alone = draw(st.sets(st.integers(1, 4), max_size=1))
    replaced = {
        f"s{number}": f"s{max(0, number - draw(st.integers(1, 2)))}"
        for number in range(1, size)
        if number not in alone
    }
    sets = {
        name: QuestionSet(
            title=name,
            size=4,
            replaces=replaced.get(name),
            succeeds=draw(MAPPINGS) if name in replaced else {},
        )
        for name in (f"s{number}" for number in range(size))
    }
    return sets, replaced


@given(trees(), st.data())
def test_mappings_compose_along_what_sets_replace(
    tree: tuple[QuestionSets, Mapping[str, str]], data: st.DataObject
) -> None:
    """From set to set to the one that both lines have, and on: each step is one set's mapping."""
    sets, _ = tree
    names = st.sampled_from(sorted(sets))
    old, new, question = data.draw(names), data.draw(names), data.draw(QUESTIONS)
    path = path_between(sets, old, new)
    found = {question} if path else set()
    for before, after in pairwise(path):
        found = {each for one in found for each in equivalent_questions(sets, one, before, after)}
    assert equivalent_questions(sets, question, old, new) == found


def path_between(sets: QuestionSets, old: str, new: str) -> list[str]:
    """Return the sets from one to the other through the nearest that both lines have."""
    back, ahead = line_of(sets, old), line_of(sets, new)
    shared = [name for name in back if name in ahead]
    if not shared:
        return []
    return [*back[: back.index(shared[0]) + 1], *reversed(ahead[: ahead.index(shared[0])])]


@given(trees(), st.data())
def test_a_step_says_what_its_file_says_and_no_more(
    tree: tuple[QuestionSets, Mapping[str, str]], data: st.DataObject
) -> None:
    """On: what succeeds the question, or the one that it is a part of. Back: what it succeeds."""
    sets, replaced = tree
    new = data.draw(st.sampled_from(sorted(replaced) or ["s0"]))
    old, question = replaced.get(new, new), data.draw(QUESTIONS)
    mapping = sets[new].succeeds
    on = {number for number, said in mapping.items() if covers_question(said, question)}
    back = {
        said
        for number in mapping
        if covers_question((number,), question)
        for said in mapping[number]
    }
    if old != new:
        assert equivalent_questions(sets, question, old, new) == on
        assert equivalent_questions(sets, question, new, old) == back
    assert equivalent_questions(sets, question, new, new) == {question}


@given(trees(), st.data())
def test_what_a_question_succeeds_is_succeeded_by_it(
    tree: tuple[QuestionSets, Mapping[str, str]], data: st.DataObject
) -> None:
    """Back and on again comes to the question, or to the one that its file names."""
    sets, replaced = tree
    for new, old in replaced.items():
        number = data.draw(st.sampled_from(sorted(sets[new].succeeds) or ["1"]))
        for before in equivalent_questions(sets, number, new, old):
            assert covers_question(equivalent_questions(sets, before, old, new), number)


def test_no_mapping_joins_sets_of_two_lines() -> None:
    """Nor one that is unknown: nobody said what its questions are."""
    sets = {"a": QuestionSet("A", 4), "b": QuestionSet("B", 4)}
    assert equivalent_questions(sets, "1", "a", "b") == frozenset()
    assert equivalent_questions(sets, "1", "a", "gone") == frozenset()
    assert questions_across(sets, "1", None, "b") == {"1"}
    assert questions_across(sets, "1", "a", None) == {"1"}
    assert questions_across(sets, "1", "a", "b") == frozenset()


def test_questions_are_ordered_by_number() -> None:
    """9 before 10, and 7 before its parts."""
    assert in_order({"10", "9", "7.10", "7.2", "7"}) == ("7", "7.2", "7.10", "9", "10")


def test_the_national_sets_say_what_the_sources_say() -> None:
    """Twelve, then nine whose words are known, then the set of 2025 of which one question is."""
    sets = [NATIONAL[name] for name in ("peel_twelve", "peel_nine", "peel_2025")]
    assert [each.size for each in sets] == [12, 9, None]
    assert [each.replaces for each in sets] == [None, "peel_twelve", "peel_nine"]
    assert [len(each.questions) for each in sets] == [0, 9, 1]
    assert [dict(each.succeeds) for each in sets] == [{}, {}, {}]
    assert dropped_questions(NATIONAL, "peel_2025") == tuple("123456789")
    assert dropped_questions(NATIONAL, "peel_twelve") == ()


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2019, 1, 1), "peel_nine"),
        (date(2025, 4, 10), "peel_nine"),
        (date(2025, 4, 11), "peel_2025"),
        (date.max, None),
    ],
)
def test_a_question_without_a_set_is_of_the_one_in_force(day: date, name: str | None) -> None:
    """The last day there is, which stands for never, has none."""
    assert set_in_force(NATIONAL, day) == name


OWN = """\
question_set: essex_ten
title: Ten questions of Essex
size: 10
in_force_from: 2023-06-01
forces: essex
replaces: peel_nine
succeeds: {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "6": "6", "7": "7", "8": "8", "9": "9",
  "10": "5"}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give the file of a set of a force's own."""
    path = tmp_path / "essex-ten.yaml"
    path.write_text(OWN, "utf-8")
    return path


def test_a_forces_own_set_is_that_forces_alone(own: Path) -> None:
    """It goes before the national one on its days, in its force, until a later one."""
    sets = load(own).vocabulary.question_sets
    assert list(sets) == [*NATIONAL, "essex_ten"]
    days = date(2023, 5, 31), date(2023, 6, 1), date(2025, 4, 11)
    assert [set_in_force(sets, day, "essex") for day in days] == [
        "peel_nine",
        "essex_ten",
        "peel_2025",
    ]
    assert set_in_force(sets, days[1], "kent") == "peel_nine"
    assert set_in_force(sets, days[1]) == "peel_nine"


def test_a_forces_own_set_is_a_choice_of_every_field_that_names_sets(own: Path) -> None:
    """Records and inspections may say that their questions are of it."""
    categories = load(own).vocabulary.categories
    choices = {
        categories[name].fields["question_set"].choices
        for name in ("recommendation", "inspection", "peel_readiness")
    }
    assert choices == {(*NATIONAL, "essex_ten")}


def test_a_file_of_a_national_set_is_that_set_given_once_more() -> None:
    """And notes what it drops; another under its name is refused."""
    file = shipped_folder("rules") / "national" / "peel-2025.yaml"
    (note,) = check(file)
    assert (note.code, note.severity) == ("question-dropped", "note")


def test_no_file_redefines_a_national_set(own: Path) -> None:
    """A force that reads it otherwise makes one of its own."""
    own.write_text(OWN.replace("essex_ten", "peel_2025"), "utf-8")
    with pytest.raises(InvalidRules) as refused:
        load(own)
    assert "redefined" in {fault.code for fault in refused.value.diagnostics}


def test_sets_of_a_vocabulary_and_of_files_are_of_one_kind(tmp_path: Path) -> None:
    """A vocabulary may hold them too, with all that their files say."""
    body = "\n".join(f"    {line}" for line in OWN.splitlines()[1:])
    words = tmp_path / "words.yaml"
    words.write_text(f"vocabulary: essex\nquestion_sets:\n  essex_ten:\n{body}\n", "utf-8")
    file = tmp_path / "file.yaml"
    file.write_text(OWN, "utf-8")
    found = [load(path).vocabulary.question_sets["essex_ten"] for path in (words, file)]
    assert found[0] == found[1]


def test_a_set_that_maps_every_question_has_nothing_to_note(own: Path) -> None:
    """Nor does one that is in force only where somebody names it."""
    assert examine(own).diagnostics == ()
    own.write_text(OWN.replace("in_force_from: 2023-06-01\n", ""), "utf-8")
    assert examine(own).diagnostics == ()
    sets = load(own).vocabulary.question_sets
    assert set_in_force(sets, date(2024, 1, 1), "essex") == "peel_nine"


@pytest.mark.parametrize(
    ("forces", "other", "is_found"),
    [
        ("", "", True),
        ("essex", "", False),
        ("essex", "kent", False),
        ("essex", "[kent, essex]", True),
    ],
)
def test_sets_from_one_day_overlap_where_a_force_has_both(
    tmp_path: Path, forces: str, other: str, *, is_found: bool
) -> None:
    """A force's own goes before every force's, so these two do not."""
    for name, whose in (("one", forces), ("two", other)):
        lines = [f"question_set: {name}", f"title: {name}", "in_force_from: 2024-01-01"]
        text = "\n".join([*lines, *([f"forces: {whose}"] if whose else [])])
        (tmp_path / f"{name}.yaml").write_text(f"{text}\n", "utf-8")
    codes = [fault.code for fault in check(tmp_path)]
    assert codes == ["question-sets-overlap"] * (2 * is_found)


def test_a_question_that_succeeds_several_is_noted(tmp_path: Path) -> None:
    """One for one is no note, nor is a national set, which is HMICFRS's own word."""
    head = "question_set: ours\ntitle: Ours\nsize: 2\nforces: wmp\nreplaces: peel_nine\n"
    for mapping, expected in (
        ('{"1": "1", "2": "7"}', []),
        ('{"1": ["1", "7"], "2": "2"}', ["1 is relevant to 1 and 7"]),
    ):
        (tmp_path / "ours.yaml").write_text(f"{head}succeeds: {mapping}\n", "utf-8")
        notes = [note for note in check(tmp_path) if note.code == "question-widened"]
        assert [note.severity for note in notes] == ["note"] * len(expected)
        assert all(said in note.sentence for note, said in zip(notes, expected, strict=True))
