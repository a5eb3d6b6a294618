"""Make the same eight mistakes in the files of four libraries and say what each library says.

`python bench/mistakes.py` prints the comparison; `--write` puts it into docs/mistakes.md. The
machines and the mistakes are in bench/mistakes; mistake_probes.py says how each library is used.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen
from cattrs.preconf.json import make_converter

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.mistake_probes import WAYS, Fault, Outcome, Told

HERE = Path(__file__).parent
INPUTS = HERE / "mistakes"
PAGE = HERE.parent / "docs" / "mistakes.md"
BEGIN, END = "<!-- printed by bench/mistakes.py -->\n", "<!-- end -->\n"

SOUND = "sound"
STEPS = ("`start`", "`hold`", "`resume`", "the unsigned `close`", "the signed `close`")
COLUMNS = {
    "transitions": "transitions",
    "python-statemachine": "python-statemachine, file",
    "python-statemachine-dictionary": "python-statemachine, dictionary",
    "sismic": "sismic",
    "peelflow": "peelflow",
}
SECONDS = 60
LONG = 120


@frozen
class Mistake:
    """One mistake: its name and, for each library, its edits and the name a message should hold."""

    name: str
    files: Mapping[str, Any]


def library(way: str) -> str:
    """Return the library that a way belongs to; its file is named for it."""
    return way.removesuffix("-dictionary")


def mistakes() -> list[Mistake]:
    """Read the mistakes, in the order of the page."""
    read = yaml.safe_load((INPUTS / "mistakes.yaml").read_text("utf-8"))
    return [Mistake(one.pop("mistake"), one) for one in read]


def put_files(way: str, every: Sequence[Mistake], folder: Path) -> None:
    """Write the sound machine and each mistaken one, each into a folder of its own."""
    name = library(way)
    sound = (INPUTS / f"{name}.yaml").read_text("utf-8")
    for case, edits in [(SOUND, []), *((one.name, one.files[name]["edits"]) for one in every)]:
        text = sound
        for edit in edits:
            assert text.count(edit["for"]) == 1, f"{name}: {edit['for']!r} does not stand once"
            text = text.replace(edit["for"], edit["write"])
        (folder / case).mkdir()
        (folder / case / "machine.yaml").write_text(text, "utf-8")
        if name == "peelflow":
            shutil.copy(INPUTS / "words.yaml", folder / case)


def outcomes(way: str, every: Sequence[Mistake]) -> dict[str, Outcome]:
    """Run one way over every case; a case at which it hangs is left out."""
    found: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        put_files(way, every, Path(folder))
        left = [SOUND, *(one.name for one in every)]
        while left:
            reached = each_outcome(way, folder, left)
            found |= {one.case: one for one in reached}
            left = left[len(reached) + 1 :]
    return found


def each_outcome(way: str, folder: str, cases: Sequence[str]) -> list[Outcome]:
    """Run one way over cases in a process of its own, until it ends or time is up."""
    command = [sys.executable, str(HERE / "mistake_probes.py"), way, folder, *cases]
    try:
        done = subprocess.run(  # noqa: S603 - our own script
            command, stdout=subprocess.PIPE, timeout=SECONDS, check=True
        )
        printed: bytes = done.stdout
    except subprocess.TimeoutExpired as late:
        printed = late.stdout or b""
    read = make_converter()
    return [read.loads(line, Outcome) for line in printed.splitlines()]


def when(outcome: Outcome) -> str:
    """Say when a library told of the mistake."""
    return f"at {STEPS[len(outcome.states)]}" if outcome.loaded else "at load"


def tells(outcome: Outcome, at: str) -> str:
    """Say what the whole message, with its causes, holds of name, file, line, column, advice."""
    text = "\n".join(one.text for one in outcome.told)
    signs = {
        "the name": rf"\b{at}\b",
        "the file": r"machine\.yaml",
        "the line": r"\bline \d+",
        "the column": r"\bcolumn \d+",
        "what instead": r"(?i)did you mean|allowed keys are",
    }
    return (
        ", ".join(sign for sign, wanted in signs.items() if re.search(wanted, text)) or "no place"
    )


def cell(outcome: Outcome | None, sound: Outcome, at: str) -> str:
    """Say in a few words what a library made of a mistake."""
    if outcome is None:
        return f"no answer in {SECONDS} seconds"
    if outcome.faults:
        return "; ".join(_fault(one) for one in outcome.faults)
    if outcome.told:
        return f"{when(outcome)}: {tells(outcome, at)}"
    for step, state, wanted in zip(STEPS, outcome.states, sound.states, strict=True):
        if state != wanted:
            return f"not reported; in `{state}` after {step}"
    return "not reported"


def _fault(one: Fault) -> str:
    return f"at load: `{one.code}`, `{one.place}`, {one.help}"


def quoted(told: Sequence[Told], at: str) -> str:
    """Quote a message's first line, then the plainest one that holds the name, if another does."""
    lines = [line.strip() for one in told for line in f"{one.kind}: {one.text}".splitlines()]
    named = [line for line in lines if re.search(rf"\b{at}\b", line)]
    plain = [line for line in named if re.search(rf"['\"]{at}['\"]", line)]
    both = lines[:1] if lines[0] in named else [*lines[:1], *sorted(plain or named, key=len)[:1]]
    return " … ".join(f"`{line if len(line) <= LONG else line[:LONG] + '…'}`" for line in both)


def said(outcome: Outcome | None, at: str) -> str | None:
    """Quote what a library said of a mistake, or nothing if it said nothing."""
    if outcome is None or not outcome.told:
        return None
    if outcome.faults:
        return "; ".join(f"`{one.code}`: {one.sentence}; {one.help}" for one in outcome.faults)
    return f"{when(outcome)}, {quoted(outcome.told, at)}"


def page_part() -> str:
    """Return the comparison as Markdown: versions, the table, and each library's own words."""
    every = mistakes()
    found = {way: outcomes(way, every) for way in WAYS}
    for way, one in found.items():
        assert one[SOUND].states == found["peelflow"][SOUND].states, f"{way}: {one[SOUND]}"
    return "\n".join([*_versions(), *_table(every, found), *_words(every, found)])


Found = Mapping[str, Mapping[str, Outcome]]


def _versions() -> Iterator[str]:
    names = dict.fromkeys(library(way) for way in WAYS)
    told = ", ".join(f"{name} {version(name)}" for name in names if name != "peelflow")
    yield f"Measured with {told}, and peelflow as it stands here.\n"


def _table(every: Sequence[Mistake], found: Found) -> Iterator[str]:
    yield f"| mistake | {' | '.join(COLUMNS[way] for way in WAYS)} |"
    yield "|---" * (len(WAYS) + 1) + "|"
    for one in every:
        cells = [
            cell(found[way].get(one.name), found[way][SOUND], one.files[library(way)]["at"])
            for way in WAYS
        ]
        yield f"| {one.name} | {' | '.join(cells)} |"


def _words(every: Sequence[Mistake], found: Found) -> Iterator[str]:
    yield "\n## In their own words"
    for one in every:
        yield f"\n**{one.name.capitalize()}**\n"
        for way in WAYS:
            words = said(found[way].get(one.name), one.files[library(way)]["at"])
            yield f"- {COLUMNS[way]}: {words or 'nothing'}"
    yield ""


def write(part: str) -> None:
    """Put the comparison between the markers of the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{part}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write(page_part())
    else:
        print(page_part())
