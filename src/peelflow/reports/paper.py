"""The committee's paper: what its outline asks for, made from the register as it stood on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256

from attrs import evolve

from peelflow import __version__
from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules
from peelflow.model.outline import STANDARD_OUTLINE, Outline, OutlineSection, SectionName
from peelflow.portfolio.grouping import ROW
from peelflow.portfolio.selection import Selection
from peelflow.register.query_checks import check_ledger, check_position_reached
from peelflow.register.reader import Reader
from peelflow.register.validation import check_date
from peelflow.reports import counted_parts as counted
from peelflow.reports import listed_parts as listed
from peelflow.reports.content import (
    FACTS,
    Block,
    Paragraph,
    Report,
    Section,
    Table,
    without_empty_columns,
)
from peelflow.reports.counted_parts import Parts, Scope, say_date
from peelflow.rulebook.structure import read_all
from peelflow.rulebook.yaml_reader import read_mapping

LENGTH_OF_DIGEST = 16
"""How many digits of a digest tell one from another on paper."""


def read_outline(source: bytes, file: str) -> Outline:
    """Return the outline that a file holds.

    Args:
        source: The file's bytes: one YAML mapping.
        file: How diagnostics call the file.

    Raises:
        InvalidRules: With every fault of the file, sorted by place.
    """
    outline: Outline = read_all(read_mapping(source, file), Outline)
    faults = [
        Diagnostic(part.span, "missing-key", f"the key `{key}` is missing here", f"add `{key}:`")
        for part in outline.sections
        for key, said in (("record", part.record), ("document", part.document))
        if part.section == "text" and said is None
    ]
    faults += [
        Diagnostic(part.span, "unknown-key", f"`{part.section}` has no key `by`", _BY_OF)
        for part in outline.sections
        if part.by is not None and part.section != "movement"
    ]
    if faults:
        raise InvalidRules(sorted(faults))
    return outline


_BY_OF = "give it to `movement`, or leave it out"


def paper_of(
    register: Reader,
    *,
    as_at: date,
    since: date,
    made: datetime,
    outline: Outline = STANDARD_OUTLINE,
    force: str | None = None,
    known_since: int | None = None,
) -> Report:
    """Return the committee's paper.

    Args:
        register: The register.
        as_at: The day as at whose end everything is said.
        since: The day of the last meeting.
        made: The moment it is made, in UTC.
        outline: Which parts, in what order, under what words.
        force: Only this force's records.
        known_since: The position of the feed that the last paper's figures were known at.

    Raises:
        InvalidRequest: The days stand in the wrong order, there is no such ledger or force, or a
            text names no document that is kept.
    """
    check_date(as_at, "the paper")
    check_date(since, "the paper")
    check_ledger(register.services, outline.ledger)
    check_position_reached(register.services, known_since)
    if as_at < since:
        what, why = f"the day {as_at}", f"lies before the last meeting, {since}"
        raise InvalidRequest(what, why, "give the day of the last meeting as `since`")
    selection = Selection(force=force)
    scope = Scope(register, outline, as_at, since, selection, known_since)
    sections = tuple(_section_of(scope, part) for part in outline.sections)
    return Report(
        title=outline.title,
        subtitle=", ".join(filter(None, (outline.committee, say_date(as_at)))),
        facts=tuple(_facts(scope, force or register.services.force)),
        sections=tuple(
            evolve(section, title=f"{number}. {section.title}")
            for number, section in enumerate(sections, start=1)
        ),
        footer=tuple(_footer(register, made)),
    )


_MAKERS: Mapping[SectionName, tuple[str, Callable[[Scope], Parts]]] = {
    "framework": ("Inspection framework", counted.framework_parts),
    "levels": ("What the levels mean", counted.levels_parts),
    "figures": ("Current figures", counted.figures_parts),
    "movement": ("Movement since the last meeting", counted.movement_parts),
    "history": ("Open and closed over time", counted.history_parts),
    "ages": ("Age of open records", counted.ages_parts),
    "reports": ("Published reports and recommendations", listed.reports_parts),
    "overdue": ("Overdue", listed.overdue_parts),
    "letters": ("Awaiting a letter", listed.letters_parts),
    "verification": ("Awaiting verification", listed.verification_parts),
    "plan": ("Forthcoming inspections", listed.plan_parts),
    "due": ("Due dates of everything open", listed.due_parts),
    "corrections": ("Corrections", listed.corrections_parts),
    "notes": ("Notes since the last meeting", listed.notes_parts),
}


def _section_of(scope: Scope, part: OutlineSection) -> Section:
    """Return one part of a paper."""
    title, make = ("Text", None) if part.section == "text" else _MAKERS[part.section]
    blocks: list[Block] = [Paragraph(part.words)] if part.words else []
    made: list[Block | Section] = list(_parts_of(scope, part, make))
    blocks += [block for block in made if not isinstance(block, Section)]
    sections = tuple(block for block in made if isinstance(block, Section))
    return _tidied(Section(part.section, part.title or title, tuple(blocks), sections))


def _parts_of(
    scope: Scope, part: OutlineSection, make: Callable[[Scope], Parts] | None
) -> Iterable[Block | Section]:
    """Return what stands in one part of a paper, grouped as its outline says."""
    if part.section == "movement":
        return counted.movement_parts(scope, part.by or ROW)
    if part.by is not None:
        what, why = f"the outline's part `{part.section}`", "is not grouped by anything"
        raise InvalidRequest(what, why, _BY_OF)
    return listed.text_parts(scope, part) if make is None else make(scope)


def _tidied(section: Section) -> Section:
    """Return a section whose tables have no column that says nothing."""
    blocks = (
        without_empty_columns(block) if isinstance(block, Table) else block
        for block in section.blocks
    )
    return evolve(section, blocks=tuple(blocks), sections=tuple(map(_tidied, section.sections)))


def _facts(scope: Scope, force: str | None) -> list[tuple[str, str]]:
    """Return the title block: a word and what it says."""
    outline, days = scope.outline, (say_date(scope.as_at), say_date(scope.since))
    facts = (outline.committee, outline.item, force, *days, outline.purpose)
    return [(word, said) for word, said in zip(FACTS, facts, strict=True) if said]


def _footer(register: Reader, made: datetime) -> list[str]:
    """Return what the paper was made from, and when."""
    pins = sorted(lifecycle.pin for lifecycle in register.rulebook.lifecycles)
    rules = "\n".join(f"{pin.name}@{pin.version} {pin.digest}" for pin in pins)
    digest = sha256(rules.encode()).hexdigest()[:LENGTH_OF_DIGEST]
    sealed = "opened for one force, so without a seal"
    if register.services.force is None:
        seal, _ = register.seal()
        sealed = f"position {seal.position}, seal {seal.root[:LENGTH_OF_DIGEST]}"
    return [
        f"Rulebook: {len(pins)} lifecycles, digest {digest}.",
        f"Register: {sealed}.",
        f"Made by peelflow {__version__} on {say_date(made.date())} at {made:%H:%M} UTC.",
    ]
