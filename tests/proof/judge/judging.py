"""The judge: a folder is read unproved, and walked before anything is asked of the checker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from attrs import evolve, frozen

from peelflow.errors import InvalidRequest
from peelflow.model.rules import Level, Lifecycle, MigrationPlan, Vocabulary
from peelflow.rulebook.loader import RuleFiles, read_files, resolve
from peelflow.rulebook.national import national, plans_between_versions, relevelling_plans
from peelflow.rulebook.rulebook import Rulebook, fill_question_choices, merge_vocabularies
from tests.proof.judge.walks import Judgement, Move, walk_beside

LEVELS: tuple[Level, ...] = (None, 1, 2, 3, 4)
DAYS = tuple(date(year, 6, 1) for year in (1860, 1950, 2000, 2017, 2019, 2021, 2023, 2024))


WORDS = "words.yaml"


class UnreadableError(ValueError):
    """Files that no rulebook can be made of, so that nothing can be walked."""


@frozen(eq=False)
class Folder:
    """What the files of a folder say, unproved, together with the national rules."""

    own: tuple[Lifecycle, ...]
    words: Vocabulary
    plans: tuple[MigrationPlan, ...]

    @property
    def rulebook(self) -> Rulebook:
        """Return the rulebook that would run, if nothing refused it."""
        names = {str(rules) for rules in self.own}
        kept = [rules for rules in national().lifecycles if str(rules) not in names]
        plans = (*national().migrations, *self.plans)
        known = attrs.fields_dict(Rulebook)
        more: dict[str, Any] = {"own": tuple(sorted(names))} if "own" in known else {}
        return Rulebook((*kept, *self.own), self.words, migrations=plans, **more)


@cache
def shipped_by_name() -> dict[str, Lifecycle]:
    """Return the shipped lifecycles by name and version."""
    return {str(rules): rules for rules in national().lifecycles}


def folder_of(*paths: Path) -> Folder:
    """Read files as a folder, unproved.

    Raises:
        UnreadableError: One of them is no rule file, or refines what is not there.
    """
    files = RuleFiles()
    for path in paths:
        one = _words_in(path.read_bytes()) if path.name == WORDS else read_files([path])
        files.lifecycles += one.lifecycles
        files.vocabularies += one.vocabularies
        files.migrations += one.migrations
        files.faults += one.faults
    if files.faults:
        raise UnreadableError(str(files.faults[0]))
    base = national().vocabulary
    copies = [evolve(own, vocabulary=f"copy-{n}") for n, own in enumerate(files.vocabularies)]
    if any(own.vocabulary == "national" for own in files.vocabularies):
        base = Vocabulary("none")  # as it would run: the folder's own words, and no others
    words, _ = merge_vocabularies(base, fill_question_choices(base, copies))
    own = [_resolved(rules, words, files.lifecycles) for rules in files.lifecycles]
    return Folder(tuple(own), words, tuple(files.migrations))


@cache
def _words_in(text: bytes) -> RuleFiles:
    """Return what a vocabulary says; the same one stands beside many edits."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / WORDS
        path.write_bytes(text)
        return read_files([path])


def _resolved(rules: Lifecycle, words: Vocabulary, own: list[Lifecycle]) -> Lifecycle:
    if rules.refines is None:
        return resolve(rules, words, None)
    refined = shipped_by_name().get(rules.refines)
    if refined is None:
        refined = next((other for other in own if str(other) == rules.refines), None)
    if refined is None:
        raise UnreadableError(f"{rules} refines {rules.refines}, which is not there")
    try:
        return resolve(rules, words, refined)
    except KeyError as unknown:
        raise UnreadableError(f"{rules} names {unknown}, which is not there") from None


def judged(folder: Folder) -> Judgement:
    """Say what a folder does to the national rules: the first that loosens or obstructs."""
    shown = chain(_scopes(folder), _walked_together(folder))
    return next((one for one in shown if one.verdict != "keeps"), Judgement("keeps"))


def _walked_together(folder: Folder) -> Iterator[Judgement]:
    """Yield what walking shows: each file alone, or all that plans join, together."""
    words = folder.words, national().vocabulary
    pairs = {str(own): pair for own in folder.own if (pair := _beside(own, folder)) is not None}
    for pair in pairs.values():
        if pair[0].pin != pair[1].pin:
            yield walk_beside([pair], *words)
    moves = [_move(plan, folder) for plan in folder.plans]
    if moves:
        named = {name for move in moves for name in (move.plan.old, move.plan.new)}
        shipped = {name: (rules, rules) for name, rules in shipped_by_name().items()}
        known = {**shipped, **pairs}
        unknown = named - known.keys()
        within = [m for m in moves if not {m.plan.old, m.plan.new} & unknown]
        joined = [known[name] for name in sorted(named - unknown)]
        yield walk_beside(joined, *words, within)


def _beside(rules: Lifecycle, folder: Folder) -> tuple[Lifecycle, Lifecycle] | None:
    nation = shipped_by_name().get(rules.refines or str(rules))
    if nation is None:
        return None
    return (rules if rules.refines else resolve(rules, folder.words, nation)), nation


def _move(plan: MigrationPlan, folder: Folder) -> Move:
    """Return a plan beside the national ones between the same levels, or versions."""
    names = {str(own): own.refines or str(own) for own in folder.own}
    between = tuple(names.get(name, name) for name in (plan.old, plan.new))
    lawful = next(
        (each for each in relevelling_plans().values() if (each.old, each.new) == between), None
    )
    allowed = () if lawful is None else lawful.by
    by_inspectorate = bool(plan.by) and set(plan.by) <= set(allowed)
    return Move(plan, lawful, by_inspectorate, plans_between_versions(*between))


def _scopes(folder: Folder) -> Iterator[Judgement]:
    """Yield which records of national categories would run under rules that are none of theirs."""
    rulebook = folder.rulebook
    asked = {
        (category, level)
        for rules in folder.own
        for category in rules.applies_to.category
        for level in rules.applies_to.level
    }
    for category, level in sorted(asked, key=str):
        for day in DAYS:
            runs, lawful = (_runs(book, category, level, day) for book in (rulebook, national()))
            if runs is None or runs is lawful:
                continue
            if category not in national().vocabulary.categories:
                yield from _counts_nationally(runs)
            elif lawful is None or not _is_form_of(runs, lawful):
                sentence = f"{category} at {level or 'none'} of {day} runs under {runs}"
                yield Judgement("loosens", sentence)


def _is_form_of(runs: Lifecycle, lawful: Lifecycle) -> bool:
    """Say whether rules are the national ones or a force's form of them, of an earlier version too.

    A force's file over an earlier version from the same day goes on until it has its next one: no
    file of a force's is passed over, and records move on by the national plan (docs/changes.md).
    """
    nation = shipped_by_name().get(runs.refines or str(runs))
    known = nation and (nation.name, nation.first_day) == (lawful.name, lawful.first_day)
    return bool(known and (runs.refines or nation is lawful))


def _runs(rulebook: Rulebook, category: str, level: Level, day: date) -> Lifecycle | None:
    try:
        return rulebook.lifecycle_for(category, level, day)
    except InvalidRequest:
        return None


def _counts_nationally(rules: Lifecycle) -> Iterator[Judgement]:
    for name, state in rules.states.items():
        for ledger in {"portal", "section_55"} & state.counts_as.keys():
            yield Judgement("loosens", f"{rules}: `{name}` counts on {ledger}")
