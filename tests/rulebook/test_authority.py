"""What national files decide, no other file takes from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from attrs import evolve

from peelflow.errors import Diagnostic, InvalidRules
from peelflow.model.rules import Level, Lifecycle
from peelflow.rulebook.authority import FORCE_LEDGER
from peelflow.rulebook.canonical import pin_of
from peelflow.rulebook.national import (
    authority,
    check,
    examine,
    load,
    national,
    national_plans,
    prove_national,
    shipped_folder,
)
from peelflow.rulebook.rulebook import Rulebook

RULES = shipped_folder("rules")
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(RULES.glob("*/*.yaml"))}
LIFECYCLES = {lifecycle.name: lifecycle for lifecycle in national().lifecycles}
FILES = [Path(rules.span.file).stem for rules in national().lifecycles]
PLANS = sorted(national_plans())
LEDGERS = sorted(authority().ledgers.keys() - {FORCE_LEDGER})
OTHER_SIDES = ("inspectorate", "oversight", "system")
OWN = """\
lifecycle: quick
version: 1
in_force_from: 2020-01-01
title: A file of the force's own
applies_to: {{category: {category}, level: {level}}}
initial: open
states:
  open:
    counts_as: {{{ledger}: open}}
    transitions:
      close: {{to: shut, by: [lead]}}
  shut: {{counts_as: {{{ledger}: closed}}, final: true}}
"""
OWN_WORDS = "vocabulary: own\ncategories:\n  chore: {title: Chore}\n"

UNUSED = {"unused-role", "unused-evidence"}
"""What of the national words no rule asks for: who only reads, and texts for the paper.

In the question sets `question-dropped` is noted beside it: no source maps one to the next.
"""


def found(folder: Path, *, base: Rulebook | None = None, **texts: str) -> list[Diagnostic]:
    """Return the errors of a folder with these files."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return [fault for fault in check(folder, base=base) if fault.severity == "error"]


def own(category: str = "chore", level: Level = None, ledger: str = FORCE_LEDGER) -> str:
    """Return a lifecycle of the force's own."""
    return OWN.format(category=category, level=level or "none", ledger=ledger)


def line_of(fault: Diagnostic) -> str:
    """Return the line of the national file that a fault names beside its own."""
    assert fault.related is not None
    lines = Path(fault.related.file).read_text("utf-8").splitlines()
    return lines[fault.related.line - 1].strip()


@pytest.mark.parametrize("base", [None, Rulebook()], ids=["national", "none"])
@pytest.mark.parametrize("name", LIFECYCLES)
def test_a_national_name_is_not_taken_whatever_the_base(
    name: str, base: Rulebook | None, tmp_path: Path
) -> None:
    """Not by an edited copy beside the national words, not by another version, and never run."""
    edited = TEXTS[name].replace('title: "', 'title: "Our own ')
    faults = found(tmp_path, base=base, vocabulary=TEXTS["vocabulary"], edited=edited)
    (fault,) = [fault for fault in faults if fault.code == "national-name"]
    assert fault.sentence == (
        f"`{LIFECYCLES[name]}` bears a national name, and differs from the national file in `title`"
    )
    assert f"write `refines: {LIFECYCLES[name]}`" in fault.help
    assert (fault.span.file, line_of(fault)) == (
        f"{tmp_path.as_posix()}/edited.yaml",
        f"lifecycle: {name}",
    )
    with pytest.raises(InvalidRules):
        load(tmp_path, base=base)


@pytest.mark.parametrize("name", LIFECYCLES)
def test_no_other_version_of_a_national_lifecycle_is_a_forces_own(
    name: str, tmp_path: Path
) -> None:
    """Not even for records of its own: `level-4@9` would read as national."""
    text = own().replace("lifecycle: quick\nversion: 1", f"lifecycle: {name}\nversion: 9")
    (fault,) = found(tmp_path, words=OWN_WORDS, own=text)
    assert (fault.code, fault.span.line) == ("national-name", 1)
    assert fault.sentence == (
        f"`{name}@9` bears a national name, and the national file of that name is "
        f"`{LIFECYCLES[name]}`"
    )


def test_the_national_vocabulary_is_not_redefined(tmp_path: Path) -> None:
    """A copy with a word more is not the national one."""
    text = TEXTS["vocabulary"].replace("roles:\n", "roles:\n  friend: {side: force, title: F}\n")
    (fault,) = found(tmp_path, words=text)
    assert (fault.code, line_of(fault)) == ("national-name", "vocabulary: national")
    assert "differs from the national file in `roles`" in fault.sentence


def test_a_question_set_is_no_vocabulary_of_its_name(tmp_path: Path) -> None:
    """One that a force calls as the national words are called takes none of them."""
    questions = "question_set: national\ntitle: Ours\nsize: 1\nin_force_from: 2023-01-01\n"
    assert found(tmp_path, questions=questions) == []
    assert "national" in load(tmp_path).vocabulary.question_sets


@pytest.mark.parametrize("name", PLANS)
def test_a_national_plan_is_not_replaced(name: str, tmp_path: Path) -> None:
    """A plan of that name that lands elsewhere would be taken for HMICFRS's own."""
    text = re.sub(r"in_progress: \w+", "in_progress: closed", TEXTS[name], count=1)
    (fault,) = found(tmp_path, plan=text)
    assert fault.code == "national-name"
    assert line_of(fault) == f"migration: {name}"
    assert "differs from the national file in `states`" in fault.sentence


@pytest.mark.parametrize("name", PLANS)
def test_no_other_plan_moves_national_records_to_a_level_or_a_version(
    name: str, tmp_path: Path
) -> None:
    """Whatever it is called, and though it says the same but for one key."""
    text = TEXTS[name].replace(f"migration: {name}", "migration: our-way")
    (fault,) = found(tmp_path, plan=text)
    assert (fault.code, fault.span.file) == ("national-move", f"{tmp_path.as_posix()}/plan.yaml")
    assert line_of(fault) == f"lifecycle: {national_plans()[name].new.partition('@')[0]}"


def test_nor_does_one_between_a_forces_own_forms(tmp_path: Path) -> None:
    """A record under a file that refines a level is a record of that level."""
    texts = {
        name: TEXTS[name]
        .replace(f"lifecycle: {name}", f"lifecycle: our-{name}")
        .replace("initial:", f"refines: {name}@2\ninitial:")
        for name in ("level-2", "level-3")
    }
    plan = TEXTS["level-3-to-2"].replace("level-3@2", "our-level-3@2")
    plan = plan.replace("level-2@2", "our-level-2@2").replace("level-3-to-2", "our-way")
    faults = found(tmp_path, plan=plan, two=texts["level-2"], three=texts["level-3"])
    assert [fault.code for fault in faults] == ["national-move"]


def test_a_forces_own_plan_between_levels_of_its_own_records_is_its_own(tmp_path: Path) -> None:
    """Such levels are nobody else's, and HMICFRS still moves them."""
    one, two = (own(level=level).replace("quick", f"at-{level}") for level in (1, 2))
    plan = (
        "migration: up\nfrom: at-1@1\nto: at-2@1\nby: [hmicfrs]\nstates: {open: open, shut: shut}\n"
    )
    assert found(tmp_path, words=OWN_WORDS, plan=plan, one=one, two=two) == []


def test_copies_of_the_national_files_are_the_national_files(tmp_path: Path) -> None:
    """Given with a force's own, they add nothing, and what builds on them is as ever."""
    for name in ("vocabulary", *FILES, *PLANS):
        (tmp_path / f"{name}.yaml").write_text(TEXTS[name], "utf-8")
    (tmp_path / "words.yaml").write_text(OWN_WORDS, "utf-8")
    (tmp_path / "own.yaml").write_text(own(), "utf-8")
    checked = examine(tmp_path)
    assert {fault.code for fault in checked.diagnostics} == UNUSED
    known = len(FILES)
    assert checked.rulebook.lifecycles[:known] == national().lifecycles
    assert [str(more) for more in checked.rulebook.lifecycles[known:]] == ["quick@1"]
    plans = {plan.name: plan for plan in checked.rulebook.migrations}
    assert plans == dict(national_plans())
    alone = load(tmp_path, base=Rulebook())
    assert {rules.pin for rules in alone.lifecycles} == {
        rules.pin for rules in checked.rulebook.lifecycles
    }


def test_the_shipped_rules_pass_their_own_check() -> None:
    """Lifecycles, words and plans, as `peelflow check rules` reads them."""
    checked = examine(RULES)
    assert {fault.code for fault in checked.diagnostics} == {*UNUSED, "question-dropped"}
    assert {rules.pin for rules in checked.lifecycles} == {
        rules.pin for rules in prove_national(RULES).lifecycles
    }
    assert all(proof.verdict == "proved" for proof in checked.proofs)


def test_copies_beside_what_takes_from_them_change_nothing(tmp_path: Path) -> None:
    """Where the base is none, national files that are given again are national all the same."""
    for name in ("vocabulary", *LIFECYCLES):
        (tmp_path / f"{name}.yaml").write_text(TEXTS[name], "utf-8")
    text = own("cause_of_concern", 2, "portal")
    for base in (None, Rulebook()):
        codes = {fault.code for fault in found(tmp_path, base=base, own=text)}
        assert codes == {"national-level", "national-ledger"}


def test_another_base_has_levels_ledgers_and_sides_of_its_own(tmp_path: Path) -> None:
    """Whoever passes one on purpose says what holds there, but for national names."""
    words = """\
vocabulary: fire
roles:
  fire_inspector: {side: inspectorate, title: Inspector}
  lead: {side: force, title: Lead}
  system: {side: system, title: The register}
categories:
  afi: {title: Area for improvement}
"""
    assert found(tmp_path, base=Rulebook(), words=words, own=own("afi", 2, "portal")) == []


def _uncovered() -> Iterator[tuple[str, Level]]:
    covered = {
        (category, level)
        for rules in national().lifecycles
        for category, level in product(rules.applies_to.category, rules.applies_to.level)
    }
    assert {category for category, _ in covered} == national().vocabulary.categories.keys()
    levels: tuple[Level, ...] = (None, 1, 2, 3, 4)
    for category, level in product(national().vocabulary.categories, levels):
        if (category, level) not in covered:
            yield category, level


@pytest.mark.parametrize(("category", "level"), [*_uncovered()])
def test_a_national_category_runs_at_no_other_level(
    category: str, level: Level, tmp_path: Path
) -> None:
    """Every category at every level that no national file has."""
    (fault,) = found(tmp_path, own=own(category, level))
    assert (fault.code, fault.span.line) == ("national-level", 5)
    assert fault.sentence.startswith(f"`{category}` is national and runs at level")
    assert f"cannot run it at level {level or 'none'}" in fault.sentence
    assert category in line_of(fault)


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("count", ["open", "closed"])
def test_only_national_files_count_on_national_ledgers(
    ledger: str, count: str, tmp_path: Path
) -> None:
    """A category of a force's own counts on none of them, in no state."""
    text = own().replace(f"{{force: {count}}}", f"{{force: {count}, {ledger}: {count}}}")
    (fault,) = found(tmp_path, words=OWN_WORDS, own=text)
    assert (fault.code, fault.span.line) == ("national-ledger", 8 if count == "open" else 12)
    assert f"counts on `{ledger}`" in fault.sentence
    assert fault.related is not None
    assert "rules/national/" in fault.related.file


@pytest.mark.parametrize("ledger", LEDGERS)
def test_no_row_of_a_forces_own_stands_in_national_figures(ledger: str, tmp_path: Path) -> None:
    """A row in the portal's table would read as the portal's."""
    row = f"{{title: Chore, order: 900, level: none, ledger: {ledger}}}"
    words = OWN_WORDS.replace("{title: Chore}", f"{{title: Chore, figures: [{row}]}}")
    (fault,) = found(tmp_path, words=words, own=own())
    assert (fault.code, fault.span.line) == ("national-ledger", 3)


def test_a_force_counts_on_its_own_ledgers(tmp_path: Path) -> None:
    """`force` is its own book, and so is any with a name of its own."""
    assert found(tmp_path, words=OWN_WORDS, own=own()) == []
    assert found(tmp_path, own=own(ledger="board")) == []


def _refining(name: str, ledger: str) -> tuple[str, str]:
    """Return a force's copy of a national file, and one whose every state counts elsewhere too."""
    refined = LIFECYCLES[name]
    text = TEXTS[name].replace(f"lifecycle: {name}", "lifecycle: ours")
    text = text.replace("\ninitial:", f"\nrefines: {refined}\ninitial:")
    counted = re.sub(r"counts_as: \{(?=[^}])", f"counts_as: {{{ledger}: open, ", text)
    return text, re.sub(r"counts_as: \{\}", f"counts_as: {{{ledger}: open}}", counted)


@pytest.mark.parametrize("ledger", sorted(authority().ledgers))
@pytest.mark.parametrize("name", LIFECYCLES)
def test_a_refining_file_counts_on_every_national_ledger_as_the_national_one(
    name: str, ledger: str, tmp_path: Path
) -> None:
    """Also on those that its national file does not name, so that none is closed there."""
    if any(ledger in state.counts_as for state in LIFECYCLES[name].states.values()):
        return
    plain, counted = _refining(name, ledger)
    assert found(tmp_path, own=plain) == []
    faults = found(tmp_path, own=counted)
    states = LIFECYCLES[name].states.values()
    assert [fault.code for fault in faults] == ["count-differs"] * len(states)
    assert {line_of(fault) for fault in faults} == {
        f"{state}:" for state in LIFECYCLES[name].states
    }
    assert {fault.help for fault in faults} == {f"remove `{ledger}` here"}


def test_what_is_only_taken_over_is_so_in_a_forces_form_too(tmp_path: Path) -> None:
    """Else whoever adds one would enter `portal closed`, and that walk is shown."""
    plain, _ = _refining("before-levels", "own")
    faults = found(tmp_path, own=plain.replace("begun_by: take_over\n", ""))
    assert [fault.code for fault in faults] == [
        "begun-otherwise",
        "guarantee-broken",
        "guarantee-refuted",
    ]
    assert faults[0].help == "write `begun_by: take_over`"
    (step,) = faults[1].steps
    assert step[1] == "a record is added, and stands in `closed`"


@pytest.mark.parametrize("side", OTHER_SIDES)
def test_a_forces_vocabulary_declares_roles_of_the_force_alone(side: str, tmp_path: Path) -> None:
    """None for the inspectorate, oversight or the system, and none that stands for such."""
    words = f"vocabulary: own\nroles:\n  ours: {{side: {side}, title: Ours}}\n"
    (fault,) = found(tmp_path, words=words)
    assert (fault.code, fault.span.line) == ("national-side", 3)
    theirs = [name for name, role in national().vocabulary.roles.items() if role.side == side]
    assert line_of(fault) == f"{theirs[0]}:"
    assert f"`{theirs[0]}`" in fault.help
    stands = (
        f"vocabulary: own\nroles:\n  ours: {{side: force, title: Us, stands_for: {theirs[0]}}}\n"
    )
    assert [fault.code for fault in found(tmp_path, words=stands)] == ["not-delegable"]


def test_two_plans_of_one_name_do_not_shadow_each_other(tmp_path: Path) -> None:
    """Neither in one folder nor on top of a base; the same plan again is the same plan."""
    texts = {name: own().replace("quick", name) for name in ("one", "two")}
    one = texts["one"]
    two = texts["two"].replace("2020", "2021")
    plan = "migration: onward\nfrom: one@1\nto: two@1\nstates: {open: open, shut: shut}\n"
    words = OWN_WORDS
    assert found(tmp_path, words=words, one=one, two=two, plan=plan) == []
    base = load(tmp_path)
    other = f"{plan}by: [lead]\n"
    more = tmp_path / "more"
    more.mkdir()
    (fault,) = found(more, base=base, plan=other)
    assert (fault.code, fault.related) == ("duplicate-migration", base.migrations[0].span)
    assert load(tmp_path / "plan.yaml", base=base).migrations == base.migrations
    assert [fault.code for fault in found(tmp_path)] == ["duplicate-migration"]


@pytest.mark.parametrize("name", LIFECYCLES)
def test_a_name_makes_nothing_national(name: str) -> None:
    """The pin does: what bears the name and says something else is not the national one."""
    here, lifecycle = authority(), LIFECYCLES[name]
    other: Lifecycle = evolve(lifecycle, version=lifecycle.version + 1)
    other = evolve(other, pin=pin_of(other))
    assert here.has(lifecycle)
    assert not here.has(other)


def test_what_is_refined_is_what_the_base_has(tmp_path: Path) -> None:
    """A copy without its guarantees, given along, does not stand in for it."""
    bare = TEXTS["level-3"].split("guarantees:", maxsplit=1)[0]
    plain, _ = _refining("level-3", "own")
    broken = plain.replace("by: [hmicfrs]", "by: [lead]")
    codes = {fault.code for fault in found(tmp_path, bare=bare, own=broken)}
    assert {"national-name", "guarantee-broken"} <= codes


def test_nor_does_a_copy_of_what_another_base_has(tmp_path: Path) -> None:
    """There a copy without its guarantees has the same pin, and is passed over."""
    town = load(Path(__file__).parent / "base", base=Rulebook())
    plain = (Path(__file__).parent / "base" / "plain.yaml").read_text("utf-8")
    ours = plain.replace("plain", "ours").replace("initial:", "refines: plain@1\ninitial:")
    broken = ours.split("guarantees:", maxsplit=1)[0].replace("[chief, clerk]", "[inspector]")
    bare = plain.split("guarantees:", maxsplit=1)[0]
    for texts in ({"own": broken}, {"own": broken, "bare": bare}):
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
        codes = {fault.code for fault in check(tmp_path, base=town)}
        assert "guarantee-broken" in codes
