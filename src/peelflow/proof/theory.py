"""Decide whether some act on some record meets all of one list of atoms and none of another.

The closed vocabulary is small enough for a complete answer: what an act says (a reason, a
successor), what a record holds (fields, documents), one inspection, children, and moments in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from peelflow.model.requirements import (
    PUBLISHED,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    SuccessorNamed,
    Waited,
)
from peelflow.proof.clauses import Answers, Atom, Children
from peelflow.proof.lapses import Lapse, most_of
from peelflow.proof.moments import Known, Order, Point, point_of

QUESTION = "question"
_KINDS = ("planned", "bespoke")


def possible(
    met: Iterable[Atom],
    unmet: Iterable[Atom],
    *,
    system: bool = False,
    known: Known | None = None,
) -> bool:
    """Say whether an act can meet all of `met` and none of `unmet`.

    Args:
        met: Atoms that hold.
        unmet: Atoms that do not.
        system: peelflow itself acts: with no reason, successor, inspection or offered document.
        known: Which moments there were, in which order; any past at all when it is None.
    """
    held, lacking = tuple(dict.fromkeys(met)), tuple(dict.fromkeys(unmet))
    if any(atom in held for atom in lacking) or _lapsed(held, lacking):
        return False
    if system and any(isinstance(a, ReasonGiven | SuccessorNamed | InspectionHeld) for a in held):
        return False
    there = _there(held, known)
    if there is None:
        return False
    lacking = tuple(atom for atom in lacking if _since(atom) is None or _point(atom) in there)
    return (
        _fields(held, lacking)
        and _children(held, lacking)
        and _distinct(held, lacking, system=system, known=known)
        and _ordered(held, lacking, known)
    )


def _lapsed(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Say whether a time that is not to have passed has, as a longer one of its unit has."""
    lapses = [atom for atom in lacking if isinstance(atom, Lapse)]
    return any(
        lapse.follows_from(atom) for lapse in lapses for atom in held if isinstance(atom, Waited)
    )


def _since(atom: Atom) -> str | None:
    match atom:
        case Waited(since=since) if since == PUBLISHED:
            return None
        case Evidence(since=since) | InspectionHeld(since=since):
            return since
        case DistinctFrom(since=since) | Waited(since=since):
            return since
        case _:
            return None


def _point(atom: Atom) -> Point:
    return point_of(_since(atom))


def _there(held: Iterable[Atom], known: Known | None) -> frozenset[Point] | None:
    """Return the moments there are: as few as `held` allows; None when it needs one too many."""
    asked = frozenset(_point(atom) for atom in held if _since(atom) is not None)
    if known is None:
        return asked
    there = frozenset(known.ranks)
    return there if asked <= there else None


def _fields(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Fields, and what rests on them: days since publication, the question of an inspection.

    A field may say several choices at once, as a list does, and others than those asked for.
    """
    set_, waited = set[str](), 0
    published = False
    for atom in held:
        match atom:
            case FieldSet(field=name):
                set_.add(name)
            case Waited(waited=days, since=since) if since == PUBLISHED:
                waited, published = max(waited, days) if published else days, True
                set_.add(PUBLISHED)
            case InspectionHeld(relevant=True):
                set_.add(QUESTION)
            case Answers(asked=asked):
                set_.add(asked.names)
            case _:
                pass
    for atom in lacking:
        match atom:
            case FieldSet(field=name, has=None) if name in set_:
                return False
            case Waited(since=since) if since == PUBLISHED:
                most = most_of(atom)
                if published and most is not None and most <= waited:
                    return False
            case _:
                pass
    return True


def _children(held: Iterable[Atom], lacking: Iterable[Atom]) -> bool:
    """Children, closed on what is asked for, and the records that they answer."""
    closing = [atom.closes for atom in held if isinstance(atom, Children | Answers)]
    closed = frozenset[str]().union(*closing)

    def shut(ledgers: frozenset[str]) -> bool:
        return ledgers <= closed if ledgers else frozenset() in closing

    some = any(isinstance(atom, Children) for atom in held)
    for atom in lacking:
        if isinstance(atom, Answers):
            if shut(atom.closes) and _answered(atom, held, by=atom.asked.children):
                return False
            # INVARIANT: where each has an answer, only some child can leave this unmet.
            some = some or _answered(atom, held)
    # INVARIANT: without `children` to meet there need be none, and then no `children` is met.
    refused = [atom.closes for atom in lacking if isinstance(atom, Children)]
    return not some or not any(map(shut, refused))


def _answered(atom: Answers, held: Iterable[Atom], *, by: str | None = None) -> bool:
    """Say whether each record that an atom asks for has an answer, by a field if one is named."""
    asked = atom.asked
    found: set[str] = set()
    for other in held:
        if isinstance(other, Answers) and by in (None, other.asked.children):
            same = (other.asked.whose, other.asked.names) == (asked.whose, asked.names)
            found |= set(other.asked.for_each) if same else set()
    return found.issuperset(asked.for_each)


def _distinct(
    held: tuple[Atom, ...], lacking: tuple[Atom, ...], *, system: bool, known: Known | None
) -> bool:
    """People who did things before, where it is known which those are."""
    if known is None:
        return True
    ranks = known.ranks
    others = {atom.distinct_from for atom in held if isinstance(atom, DistinctFrom)}
    for atom in (*held, *lacking):
        if not isinstance(atom, DistinctFrom):
            continue
        trigger = atom.distinct_from
        done = ranks.get(("done", trigger))
        within = done is not None and done >= ranks[_point(atom)]
        by_system = trigger in known.by_system
        if atom in held:
            if not within or (system and by_system):
                return False
        elif within and (trigger in others or by_system != system):
            return False
    return True


def _ordered(held: tuple[Atom, ...], lacking: tuple[Atom, ...], known: Known | None) -> bool:
    """Find an inspection and signers with which the moments can be put in order."""
    inspections = [atom for atom in held if isinstance(atom, InspectionHeld)]
    letters = [atom for atom in held if isinstance(atom, Evidence)]
    signers = [_signers(letter, lacking) for letter in letters]
    for kind in _kinds(inspections):
        for signed in product(*signers):
            order = Order()
            _wait(order, held, lacking)
            if known is None:
                _do(order, held, lacking)
            _inspect(order, inspections, lacking, kind)
            for letter, signer in zip(letters, signed, strict=True):
                _attach(order, letter, lacking, signer)
            if order.can_be(known):
                return True
    return False


def _wait(order: Order, held: Iterable[Atom], lacking: Iterable[Atom]) -> None:
    for atom in held:
        if isinstance(atom, Waited) and atom.since != PUBLISHED:
            order.at_least(_point(atom), atom.waited)
    for atom in lacking:
        if isinstance(atom, Waited) and atom.since != PUBLISHED:
            most = most_of(atom)
            if most is not None:
                order.at_most(_point(atom), most - 1)


def _do(order: Order, held: Iterable[Atom], lacking: Iterable[Atom]) -> None:
    """Another person did it, in every window asked for, so before every window refused."""
    asked = [atom for atom in held if isinstance(atom, DistinctFrom)]
    refused = [atom for atom in lacking if isinstance(atom, DistinctFrom)]
    for one, other in product(asked, refused):
        if one.distinct_from == other.distinct_from:
            order.before(_point(one), _point(other))


def _kinds(inspections: list[InspectionHeld]) -> tuple[str, ...]:
    """Return what the act's one inspection can be: nothing that two kinds would have to be."""
    named = {atom.inspection for atom in inspections} - {"any"}
    if not named:
        return _KINDS if inspections else ("none",)
    return tuple(named) if len(named) == 1 else ()


def _inspect(order: Order, held: list[InspectionHeld], lacking: Iterable[Atom], kind: str) -> None:
    """The inspection ended late enough for `held`, and so too early for what it must not meet."""
    relevant = any(atom.relevant for atom in held)
    for atom in lacking:
        if (
            isinstance(atom, InspectionHeld)
            and atom.inspection in ("any", kind)
            and relevant >= atom.relevant
        ):
            for other in held:
                order.before(_point(other), _point(atom), 1)


def _signers(letter: Evidence, lacking: Iterable[Atom]) -> tuple[str | None, ...]:
    """Return who may have signed a document: somebody nothing else asks for, if there is one."""
    if not letter.signed_by:
        return (None,)
    refused = {
        role
        for atom in lacking
        if isinstance(atom, Evidence) and atom.evidence == letter.evidence
        for role in atom.signed_by
    }
    free = tuple(role for role in letter.signed_by if role not in refused)
    return free[:1] or letter.signed_by


def _attach(order: Order, letter: Evidence, lacking: Iterable[Atom], signer: str | None) -> None:
    """The document came just after its window began, so not after what it must not meet."""
    for atom in lacking:
        if (
            isinstance(atom, Evidence)
            and atom.evidence == letter.evidence
            and (not atom.signed_by or signer in atom.signed_by)
        ):
            order.before(_point(letter), _point(atom))
