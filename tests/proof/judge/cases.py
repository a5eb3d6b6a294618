"""What is judged and then checked: each case a folder, walked before the checker is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from time import process_time

from attrs import frozen

from peelflow import check
from tests.builders.force import KIND
from tests.proof.judge.edits import Edit, edits_of, tightenings_of
from tests.proof.judge.families import (
    family_judgement,
    inspection_judgement,
    own_parent_judgement,
    plan_name_judgement,
    relevel_judgement,
    role_judgement,
)
from tests.proof.judge.folders import Case, folder_cases
from tests.proof.judge.judging import WORDS, Folder, UnreadableError, folder_of, judged
from tests.proof.judge.texts import earlier_names, national_names, refining, with_one_door
from tests.proof.judge.walks import Judgement

SMALL, LARGE, TRIMMED, TIGHTER, EARLIER = 4, 30, 6, 3, 4
"""One edit of so many is tried: of small files, large ones, those with one door, tighter ones.

And of an earlier version's file, one of so many of those.
"""
MANY_STATES = 8
FAMILY, OWN_PARENT, RELEVELLED = "family of ", "own parent of ", "relevelled from "
INSPECTION, PLAN_NAME = "inspection@2", "takes a plan's name"


@frozen
class Outcome:
    """A case, how it was judged, and then what the checker refused it for.

    Attributes:
        case: The folder.
        judgement: What walking showed, before the checker was asked.
        codes: The codes of the checker's errors, none where the folder loads.
        seconds: How long a core worked on checking it.
    """

    case: Case
    judgement: Judgement
    codes: frozenset[str]
    seconds: float

    @property
    def is_let_through(self) -> bool:
        """Whether the checker loads what loosens or obstructs."""
        return self.judgement.verdict in {"loosens", "obstructs"} and not self.codes

    @property
    def is_refused_though_it_keeps(self) -> bool:
        """Whether the checker refuses what no walk shows to break anything."""
        return self.judgement.verdict == "keeps" and bool(self.codes)

    def __str__(self) -> str:
        found = ", ".join(sorted(self.codes)) or "loads"
        return f"{self.case.kind} ({self.case.place}): {self.judgement}; checked: {found}"


def cases(*, share: int = 1) -> Iterator[Case]:
    """Yield every case, or a share of them: one of so many of each lifecycle and kind."""
    for name in national_names():
        yield from _edits(name, share)
    for name in earlier_names():
        yield from _edits(name, share * EARLIER)
    yield from folder_cases(every=share)


def _edits(name: str, share: int) -> Iterator[Case]:
    whole, trimmed = refining(name), with_one_door(name)
    every = LARGE if len(whole["states"]) > MANY_STATES else SMALL
    for base, step in ((whole, every), (trimmed, TRIMMED)):
        if base is not None:
            yield from (_case(name, edit) for edit in edits_of(base, every=step * share))
    tighter = tightenings_of(trimmed or whole, every=TIGHTER * share)
    yield from (_case(name, edit) for edit in tighter)


def _case(name: str, edit: Edit) -> Case:
    words = {} if edit.words is None else {WORDS: edit.words}
    return Case(edit.kind, f"{name}: {edit.place}", {"rules.yaml": edit.text, **words})


def outcomes(place: Path, *, share: int = 1) -> Iterator[Outcome]:
    """Judge every case, or a share of them, and check it thereafter.

    What is no rule file (two edits that clash, say) is no case.

    Args:
        place: An empty folder to write them in.
        share: One case of so many.
    """
    for number, case in enumerate(cases(share=share)):
        folder = place / str(number)
        folder.mkdir()
        for name, text in case.texts.items():
            (folder / name).write_text(text, "utf-8")
        try:
            judgement = _judged(case, folder_of(*sorted(folder.iterdir())))
        except UnreadableError:
            continue
        start = process_time()
        errors = (fault.code for fault in check(folder) if fault.severity == "error")
        codes = frozenset(errors)
        yield Outcome(case, judgement, codes, process_time() - start)
        rmtree(folder)


def _judged(case: Case, folder: Folder) -> Judgement:
    judgement = judged(folder)
    if judgement.verdict == "keeps":
        judgement = role_judgement(folder)
    if judgement.verdict == "keeps" and case.kind.startswith(FAMILY):
        parent, child = case.kind.removeprefix(FAMILY).split(" and ")
        return family_judgement(folder, KIND[parent], KIND[child], every=4)
    if judgement.verdict == "keeps" and case.kind.startswith(OWN_PARENT):
        return own_parent_judgement(folder, KIND[case.kind.removeprefix(OWN_PARENT)])
    if judgement.verdict == "keeps" and any(own.refines == INSPECTION for own in folder.own):
        return inspection_judgement(folder)
    if judgement.verdict == "keeps" and case.kind == PLAN_NAME:
        return plan_name_judgement(folder, case.place.split()[0])
    if judgement.verdict == "keeps" and case.kind.startswith(RELEVELLED):
        new = case.place.removeprefix("to ").partition(",")[0]
        return relevel_judgement(folder, case.kind.removeprefix(RELEVELLED), new)
    return judgement
