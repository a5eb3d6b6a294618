"""Find what is wrong with a vocabulary, and which of its words no lifecycle uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from peelflow.errors import Diagnostic
from peelflow.model.rules import SYSTEM, EvidenceKind, Lifecycle, Role, Vocabulary
from peelflow.proof.lint_fields import lint_fields
from peelflow.proof.lint_names import unknown
from peelflow.proof.mentions import evidence_named, roles_named
from peelflow.proof.names import shown


def lint_vocabulary(own: Vocabulary, whole: Vocabulary) -> tuple[Diagnostic, ...]:
    """Return every fault of a vocabulary among the words of the whole rulebook, sorted."""
    found: list[Diagnostic] = []
    for name, role in own.roles.items():
        found += _role(name, role, whole)
    for category in own.categories.values():
        known = whole.categories
        found += [
            unknown("category", child, known, category.span)
            for child in category.children
            if child not in known
        ]
    found += lint_fields(own, whole)
    found += _orders(own, whole)
    return tuple(sorted(set(found)))


def lint_unused(
    lifecycles: Sequence[Lifecycle], vocabularies: Iterable[Vocabulary], whole: Vocabulary
) -> tuple[Diagnostic, ...]:
    """Return a note for each role and kind of evidence that no lifecycle mentions, sorted.

    A word whose meaning in `whole` is another one's is passed over: that is a fault already.
    """
    roles = frozenset[str]().union(*map(roles_named, lifecycles)) | {SYSTEM}
    kinds = frozenset[str]().union(*map(evidence_named, lifecycles))
    found: list[Diagnostic] = []
    for vocabulary in vocabularies:
        for name, role in vocabulary.roles.items():
            if name not in roles and whole.roles.get(name) is role:
                found.append(_unused("role", name, role))
        for name, kind in vocabulary.evidence.items():
            if name not in kinds and whole.evidence.get(name) is kind:
                found.append(_unused("evidence", name, kind))
    return tuple(sorted(found))


def _unused(what: str, name: str, word: Role | EvidenceKind) -> Diagnostic:
    return Diagnostic(
        word.span,
        f"unused-{what}",
        f"no lifecycle read with it mentions the {what} `{name}`",
        "keep it if somebody needs the word, else remove it",
        "note",
    )


def _role(name: str, role: Role, whole: Vocabulary) -> Iterator[Diagnostic]:
    if name == SYSTEM and role.side != "system":
        yield Diagnostic(
            role.span,
            "system-side",
            f"`{SYSTEM}` is the register itself, and not of the side `{role.side}`",
            "write `side: system`, or choose another name",
        )
    if role.stands_for is None:
        return
    other = whole.roles.get(role.stands_for)
    if other is None:
        yield unknown("role", role.stands_for, whole.roles, role.span)
    elif not (other.may_be_delegated and other.side == role.side == "force"):
        why = "whose acts may not be delegated"
        if not other.side == role.side == "force":
            why = "for both must be of the side `force`"
        yield Diagnostic(
            role.span,
            "not-delegable",
            f"`{name}` cannot stand for `{role.stands_for}`, {why}",
            "let a force role stand for a force role that is marked `may_be_delegated: true`",
        )


def _orders(own: Vocabulary, whole: Vocabulary) -> Iterator[Diagnostic]:
    taken: dict[int, str] = {}
    for name, category in whole.categories.items():
        # INVARIANT: fields that others add make a new category, with the rows of the first.
        ours = name in own.categories and own.categories[name].figures is category.figures
        for row in category.figures:
            if row.order in taken and ours:
                yield Diagnostic(
                    row.span,
                    "duplicate-order",
                    f"`{shown(row.title)}` has order {row.order}, and so has `{taken[row.order]}`",
                    "give each row of the figures an order of its own",
                )
            taken.setdefault(row.order, shown(row.title))
