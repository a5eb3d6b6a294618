"""Load a rulebook: read, check, and put each lifecycle among the others. Loading is checking."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from peelflow.errors import Diagnostic, RulesRefused
from peelflow.model.rules import Lifecycle, Vocabulary
from peelflow.proof.lint import lint
from peelflow.proof.lint_vocabulary import lint_unused, lint_vocabulary
from peelflow.proof.story import Proof
from peelflow.proof.verdicts import Verdict
from peelflow.rulebook.book import Rulebook
from peelflow.rulebook.files import read_files
from peelflow.rulebook.merge import added_to, merged
from peelflow.rulebook.national import NATIONAL, national
from peelflow.rulebook.proving import planned, proved
from peelflow.rulebook.questions import asking
from peelflow.rulebook.settle import settled


@frozen(eq=False)
class Checked:
    """What checking rule files gave.

    Attributes:
        rulebook: The base with what is sound of the files; fit to run if nothing is an error.
        lifecycles: The lifecycles of the files, whether the base holds them already or not.
        found: Every error and note, sorted by place.
        proofs: What was found of each guarantee of the sound lifecycles among them.
    """

    rulebook: Rulebook
    lifecycles: tuple[Lifecycle, ...]
    found: tuple[Diagnostic, ...]
    proofs: tuple[Proof, ...]

    @property
    def verdict(self) -> Verdict:
        """Refuted if anything is an error, undetermined if a proof is open, else proved."""
        if any(fault.severity == "error" for fault in self.found):
            return "refuted"
        open_ = any(fault.code in UNDETERMINED for fault in self.found)
        return "undetermined" if open_ else "proved"


UNDETERMINED = {"guarantee-undetermined", "refinement-undetermined", "migration-undetermined"}


def load(*paths: Path | str, base: Rulebook | None = None) -> Rulebook:
    """Load the rule files at or under `paths`, on top of a base.

    Args:
        paths: Files, or folders whose `*.yaml` and `*.yml` files are read, subfolders too.
        base: What the files build on: the national rulebook, unless the files define the
            vocabulary `national` themselves. `Rulebook()` is no base at all.

    Raises:
        RulesRefused: With every fault of every file, sorted by place.
    """
    checked = examine(*paths, base=base)
    faults = [fault for fault in checked.found if fault.severity == "error"]
    if faults:
        raise RulesRefused(faults)
    return checked.rulebook


def check(*paths: Path | str, base: Rulebook | None = None) -> tuple[Diagnostic, ...]:
    """Return all that `load` finds, errors and notes, sorted by place; raise nothing."""
    try:
        return examine(*paths, base=base).found
    except RulesRefused as refused:
        return refused.diagnostics


def examine(*paths: Path | str, base: Rulebook | None = None) -> Checked:
    """Check rule files and return what was found and proved of them.

    Raises:
        RulesRefused: The national rules, which they build on, are damaged.
    """
    files = read_files(paths)
    lifecycles, vocabularies, faults = files.lifecycles, files.vocabularies, files.faults
    if base is None:
        defines = any(one.vocabulary == NATIONAL for one in vocabularies)
        base = Rulebook() if defines else national()
    vocabularies = asking(base.vocabulary, vocabularies)
    vocabulary, redefined = merged(base.vocabulary, vocabularies)
    faults += redefined
    for own in vocabularies:
        faults += lint_vocabulary(own, vocabulary)
    refinable = _refinable(base.lifecycles, lifecycles)
    for one in lifecycles:
        faults += lint(one, vocabulary, refined=refinable.get(one.refines or ""))
    faults += lint_unused(lifecycles, vocabularies, vocabulary)
    ready = [settled(one, vocabulary, refinable.get(one.refines or "")) for one in lifecycles]
    added, disagreements = added_to(base.lifecycles, ready)
    faults += disagreements
    sound = _sound(ready, vocabularies, faults)
    proofs, refuted = proved(sound, _refinable(base.lifecycles, sound), vocabulary)
    faults += refuted
    faults += planned(files.migrations, (*base.lifecycles, *sound), vocabulary)
    notes = (*base.notes, *sorted(fault for fault in faults if fault.severity == "note"))
    rulebook = Rulebook(
        (*base.lifecycles, *added), vocabulary, notes, (*base.migrations, *files.migrations)
    )
    return Checked(rulebook, tuple(ready), tuple(sorted(faults)), tuple(proofs))


def _sound(
    ready: Iterable[Lifecycle], vocabularies: Iterable[Vocabulary], faults: Iterable[Diagnostic]
) -> list[Lifecycle]:
    """Return the lifecycles that can be proved: what they are made of has no errors."""
    broken = {fault.span.file for fault in faults if fault.severity == "error"}
    if broken.intersection(one.span.file for one in vocabularies):
        return []
    return [one for one in ready if one.span.file not in broken]


def _refinable(base: Iterable[Lifecycle], own: Iterable[Lifecycle]) -> dict[str, Lifecycle]:
    return {str(one): one for one in (*base, *own) if one.refines is None}
