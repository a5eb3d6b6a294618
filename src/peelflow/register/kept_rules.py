"""Hold the rules that a store keeps against those of the rulebook, which may differ.

A record runs under the rules that it pins for as long as it lives: the rulebook's, or, where their
file is gone or says something else by now, those that the store kept. These can always be read.
What is refused is to write under a name that stands for two meanings, for nobody could tell later
which of the two was meant; and to put a new record under the national rules in silence where its
force has rules of its own, whose file was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Protocol, TypeGuard

from attrs import evolve, field

from peelflow.errors import InvalidRequest, RulesMismatch, StoreUnavailable
from peelflow.model.records import Record
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    ChildForEach,
    Evidence,
    FieldSet,
    InspectionHeld,
    Requirement,
    Waited,
)
from peelflow.model.rules import (
    Category,
    EvidenceKind,
    FieldRule,
    FieldType,
    Level,
    Lifecycle,
    Pin,
)
from peelflow.results import define
from peelflow.rulebook.canonical import restore
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook
from peelflow.stores.base import PinKey, RecordQuery, Store

_Name = tuple[str, int]
"""A lifecycle's name and version."""


class JointRules(Store, Protocol):
    """A store narrowed to one force, which also shows by which rules others' joint records run."""

    def joint_lifecycles(self) -> Mapping[PinKey, str]:
        """Return the other forces' own rules under which joint records run, by their pins."""


@define(eq=False)
class KeptRules:
    """The lifecycles of a store beside those of a rulebook.

    Attributes:
        store: What keeps them.
        rulebook: What new records run under.
    """

    store: Store
    rulebook: Rulebook
    _here: Mapping[_Name, Lifecycle] = field(init=False, repr=False)
    _read: Mapping[PinKey, str] | None = field(init=False, default=None, repr=False)
    _writable: set[str] = field(init=False, factory=set, repr=False)
    _restored: dict[str, Lifecycle] = field(init=False, factory=dict, repr=False)
    _unfiled: tuple[Lifecycle, ...] | None = field(init=False, default=None, repr=False)
    _unruled: set[tuple[str, str, Level]] = field(init=False, factory=set, repr=False)

    def __attrs_post_init__(self) -> None:
        self._here = {(rules.name, rules.version): rules for rules in self.rulebook.lifecycles}

    @property
    def _kept(self) -> Mapping[PinKey, str]:
        """What the store keeps, read when first needed: a damaged one opens to be verified."""
        if self._read is None:
            self._read = self.store.lifecycles()
        return self._read

    def lifecycle(self, pin: Pin) -> Lifecycle:
        """Return the rules of a pin: the rulebook's, else those that the store kept.

        Raises:
            StoreUnavailable: Neither has them.
            InvalidRequest: What the store keeps is no lifecycle's meaning.
        """
        here = self.rulebook.by_pin(pin.digest)
        if here is not None:
            return here
        if pin.digest not in self._restored:
            text = self._text_of(pin) or self._text_of(pin, anew=True)
            if text is None:
                why = f"the rules {pin} that records run under are not kept in it as they were"
                raise StoreUnavailable(self.store.url, why, instead=_RESTORE)
            self._restored[pin.digest] = restore(text)
        return self._restored[pin.digest]

    def _text_of(self, pin: Pin, *, anew: bool = False) -> str | None:
        """Return the text that gives a pin's digest, whatever the store calls it."""
        if anew:
            self._read = None
        texts = [*self._kept.values()]
        if anew and _sees_joint_rules(self.store):
            texts += self.store.joint_lifecycles().values()
        return next((text for text in texts if _digest_of(text) == pin.digest), None)

    def lifecycles(self) -> Iterator[Lifecycle]:
        """Yield every lifecycle that the store keeps, as far as it can be read."""
        for name, version, digest in self.store.lifecycles():
            try:
                yield self.lifecycle(Pin(name, version, digest))
            except (InvalidRequest, StoreUnavailable):
                continue

    def is_writable(self, pin: Pin) -> bool:
        """Return whether records can be written to under these rules."""
        try:
            self.check_writable(pin)
        except (RulesMismatch, StoreUnavailable):
            return False
        return True

    def check_writable(self, pin: Pin) -> None:
        """Refuse to write under rules whose name and version stand for others, too.

        Raises:
            RulesMismatch: Other rules are kept, or come with the rulebook, as that.
            StoreUnavailable: What is kept as that was changed in the store.
        """
        if pin.digest not in self._writable and not self._is_of_joint_records(pin):
            self._check_single_meaning(pin)
        self._writable.add(pin.digest)

    def _is_of_joint_records(self, pin: Pin) -> bool:
        """Whether these are another force's own rules, under which a joint record runs."""
        if not _sees_joint_rules(self.store):
            return False
        return any(pin.digest == digest for _, _, digest in self.store.joint_lifecycles())

    def _check_single_meaning(self, pin: Pin) -> None:
        here = self._here.get((pin.name, pin.version))
        if here is not None and here.pin.digest != pin.digest:
            raise RulesMismatch(pin.name, pin.version, instead=self._advice(here))
        for (name, version, digest), text in self._kept.items():
            if (name, version) == (pin.name, pin.version) and digest != pin.digest:
                self._refuse_changed(pin, digest, text)
                raise RulesMismatch(name, version, instead=self._advice(here))

    def unfiled(self) -> tuple[Lifecycle, ...]:
        """Return the lifecycles of forces' own that are kept, and whose file is not here."""
        if self._unfiled is None:
            national_names = {rules.name for rules in national().lifecycles}
            here = {rules.pin for rules in self.rulebook.lifecycles}
            self._unfiled = tuple(
                rules
                for rules in self.lifecycles()
                if rules.pin not in here and rules.name not in national_names
            )
        return self._unfiled

    def records_under(self, rules: Lifecycle, *, force: str | None = None) -> Iterator[Record]:
        """Yield the records that run under rules now, of one force or of all."""
        for category in rules.applies_to.category:
            for record in self.store.records(RecordQuery(force=force, category=category)):
                if record.lifecycle == rules.pin and force in (None, record.force):
                    yield record

    def unfiled_notes(self) -> Iterator[str]:
        """Yield, for each lifecycle whose file is not here, which records run under it."""
        for rules in self.unfiled():
            ids = [record.id for record in self.records_under(rules)]
            if ids:
                more = f" and {len(ids) - NAMED_AT_MOST} more" if len(ids) > NAMED_AT_MOST else ""
                names = ", ".join(ids[:NAMED_AT_MOST])
                yield f"{names}{more} run under {rules} as it was kept; its file is not here"

    def check_own_rules_here(self, new: Record) -> None:
        """Refuse a new record under national rules where its force's own lack their file.

        Raises:
            InvalidRequest: With records that run under these, and what to do.
        """
        asked = (new.force, new.category, new.level)
        if asked in self._unruled:
            return
        for rules in self.unfiled():
            applies = rules.applies_to
            if rules.refines is None or new.lifecycle.name == rules.name:
                continue
            if new.category in applies.category and new.level in applies.level:
                records = self.records_under(rules, force=new.force)
                names = [record.id for record in islice(records, NAMED_AT_MOST)]
                if names:
                    raise _without_own_rules(new, rules, names)
        self._unruled.add(asked)

    def _refuse_changed(self, pin: Pin, digest: str, text: str) -> None:
        if _digest_of(text) != digest:
            why = f"the rules that it keeps as {pin} do not give their digest"
            raise StoreUnavailable(self.store.url, why, instead=_RESTORE)

    def _advice(self, here: Lifecycle | None) -> str | None:
        """Return what to do where rules came with peelflow; what the error says fits a force's."""
        if here is None or str(here) in self.rulebook.own:
            return None
        return (
            "use the peelflow that it was made with, or one that gives the newer rules version "
            f"{here.version + 1}"
        )


NAMED_AT_MOST = 3


def _without_own_rules(new: Record, rules: Lifecycle, names: Sequence[str]) -> InvalidRequest:
    run = "runs" if len(names) == 1 else "run"
    return InvalidRequest(
        new.id,
        f"would run under the national {new.lifecycle}, while {new.force} has rules of its own: "
        f"{', '.join(names)} {run} under {rules}, whose file is not here",
        f"give that file (--rules), or move those records to {new.lifecycle} by a plan first",
    )


def with_kept_words(store: Store, rulebook: Rulebook) -> Rulebook:
    """Return a rulebook with the words that kept lifecycles need and it has no more.

    A record whose rules' file is gone, and with it their roles, kinds of evidence, fields or
    category, can still be written to: what its lifecycle says is enough to tell them.
    """
    here = {rules.pin for rules in rulebook.lifecycles}
    try:
        pins = store.lifecycles()
    except StoreUnavailable:  # a damaged one opens to be verified; whoever acts is told
        return rulebook
    if all(Pin(*pin) in here for pin in pins):
        return rulebook
    words = rulebook.vocabulary
    roles, evidence, categories = dict(words.roles), dict(words.evidence), dict(words.categories)
    for rules in KeptRules(store, rulebook).lifecycles():
        if rules.pin in here:
            continue
        for name, role in rules.roles.items():
            roles.setdefault(name, role)
        atoms = list(_atoms_of(rules))
        for atom in atoms:
            if isinstance(atom, Evidence):
                evidence.setdefault(atom.evidence, EvidenceKind(atom.evidence))
        for name in rules.applies_to.category:
            category = categories.get(name) or Category(title=name)
            fields = {**_fields_needed(rules, atoms), **category.fields}
            categories[name] = evolve(category, fields=fields)
    kept = evolve(words, roles=roles, evidence=evidence, categories=categories)
    return evolve(rulebook, vocabulary=kept)


def _atoms_of(rules: Lifecycle) -> Iterator[Requirement]:
    for state in rules.states.values():
        for transition in state.transitions:
            yield from _flattened(transition.requires)


def _flattened(requirements: Iterable[Requirement]) -> Iterator[Requirement]:
    for requirement in requirements:
        if isinstance(requirement, AnyOf):
            for conjunction in requirement.any_of:
                yield from _flattened(conjunction)
        else:
            yield requirement


def _fields_needed(rules: Lifecycle, atoms: Iterable[Requirement]) -> dict[str, FieldRule]:
    """Return the fields that a lifecycle's steps look at; what they held is not known any more."""
    kinds: dict[str, FieldType] = {}
    times = [step.after for state in rules.states.values() for step in state.transitions]
    if any(time is not None and time.since == PUBLISHED for time in times):
        kinds[PUBLISHED] = "date"
    for atom in atoms:
        match atom:
            case FieldSet(field=name) | ChildForEach(names=name):
                kinds.setdefault(name, "text")
            case InspectionHeld(relevant=True):
                kinds.setdefault("question", "text")
            case Waited(since=since) if since == PUBLISHED:
                kinds[PUBLISHED] = "date"
            case _:
                pass
    return {name: FieldRule(type=kind, title=name) for name, kind in kinds.items()}


_RESTORE = "verify it, and restore it from a backup or an export"


def _digest_of(text: str) -> str:
    return sha256(str(text).encode("utf-8", "surrogatepass")).hexdigest()


def _sees_joint_rules(store: Store) -> TypeGuard[JointRules]:
    return hasattr(store, "joint_lifecycles")
