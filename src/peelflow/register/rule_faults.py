"""Say for what the loader would refuse kept rules that nobody proved here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve

from peelflow.errors import InvalidRules
from peelflow.model.records import Added, Event, Migrated, Relevelled, TakenOver
from peelflow.model.rules import (
    Lifecycle,
    Pin,
    Role,
    Vocabulary,
)
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook, merge_lifecycles
from peelflow.stores.base import RECORDS_AT_ONCE, RecordQuery, Store, chunked
from peelflow.stores.scoped import shipped_digests
from peelflow.stores.soundness import entry_of

if TYPE_CHECKING:
    from peelflow.rulebook.authority import Authority


from peelflow.register.kept_rules import KeptRules


def rule_faults(store: Store, rulebook: Rulebook) -> Iterator[str]:
    """Say for what the loader would refuse the kept rules that nobody proved here.

    What shipped, and what the rulebook has, was proved. Of a force's own rules their meaning is
    kept, and no words, guarantees or days: what the loader would say of those is not asked.

    Args:
        store: What keeps the rules.
        rulebook: The rules that are here, with the words that the kept ones need.
    """
    from peelflow.rulebook.authority import Authority  # seldom needed, as what proves is

    kept, authority = tuple(KeptRules(store, rulebook).lifecycles()), Authority(national())
    shipped = shipped_digests() | {rules.pin.digest for rules in national().lifecycles}
    own = [rules for rules in kept if rules.pin.digest not in shipped]
    if len(own) == len(kept) and not any(map(authority.has, rulebook.lifecycles)):
        return  # nothing is here that is national
    names = {rules.name for rules in national().lifecycles}
    base = (*national().lifecycles, *(rules for rules in kept if rules not in own))
    for rules in own:
        if rules.name in names:
            yield f"the kept rules {rules} bear a national name, and are none that shipped"
        elif rulebook.by_pin(rules.pin.digest) is None:
            found = [*_national_faults(rules, authority), *_ledger_faults(store, rules, authority)]
            found += _refinement_faults(rules, base, own, rulebook.vocabulary)
            yield from (f"the kept rules {rules}: {why}" for why in dict.fromkeys(found))


def _national_faults(rules: Lifecycle, authority: Authority) -> Iterator[str]:
    """Say what rules decide that national files do: levels, sides and roles."""
    from peelflow.rulebook.authority import scope_faults, side_faults

    known = authority.rules.vocabulary.roles
    words = Vocabulary("kept", roles=rules.roles)
    for fault in (*scope_faults(authority, [rules]), *side_faults(authority, [words])):
        yield fault.sentence
    for name, role in rules.roles.items():
        if name in known and _meaning(role) != _meaning(known[name]):
            yield f"the role `{name}` means something else here than nationally"


LEDGERS_HELD_SINCE = datetime(2026, 11, 29, tzinfo=UTC)
"""From when the loader refuses a category of a force's own that counts on a national ledger."""


def _ledger_faults(store: Store, rules: Lifecycle, authority: Authority) -> Iterator[str]:
    """Say where rules that refine none count on national ledgers, and which record says since when.

    That was once a force's own affair: what came under them then is honest, and stays.
    """
    from peelflow.rulebook.authority import ledger_faults

    sentences = [fault.sentence for fault in ledger_faults(authority, [rules], ())]
    since = _under_since(store, rules) if sentences else None
    if since is not None:
        named = f"event {since.number} of {since.record} put it under them at {since.recorded_at}"
        yield from (f"{sentence}; {named}, when that was refused" for sentence in sentences)


def _under_since(store: Store, rules: Lifecycle) -> Event | None:
    """Return an event that put a record under rules when the loader refused such ones."""
    for category in rules.applies_to.category:
        query = RecordQuery(category=category, withdrawn=True)
        for records in chunked(store.records(query), RECORDS_AT_ONCE):
            for entries in store.histories([record.id for record in records]).values():
                for event in _put_under(rules.pin, [entry.event for entry in entries]):
                    if event.recorded_at >= LEDGERS_HELD_SINCE:
                        return event
    return None


def _put_under(pin: Pin, history: Sequence[Event]) -> Iterator[Event]:
    """Yield the events that put a record under rules; not an entry anew under those it had."""
    entered: Pin | None = None
    for event in history:
        chosen, is_entry = _rules_chosen(event), entry_of(event) is not None
        is_known = is_entry and chosen == entered
        entered = chosen if is_entry else entered
        if chosen == pin and not is_known:
            yield event


def _rules_chosen(event: Event) -> Pin | None:
    """Return the rules that an event puts its record under; None where it puts it under none."""
    match entry_of(event) or event.what:
        case Added(lifecycle=pin) | TakenOver(lifecycle=pin):
            return pin
        case Relevelled(lifecycle=pin) | Migrated(lifecycle=pin):
            return pin
        case _:
            return None


def _meaning(role: Role) -> tuple[object, ...]:
    return role.side, role.by_appointment, role.may_be_delegated, role.stands_for


def _refinement_faults(
    rules: Lifecycle, base: Sequence[Lifecycle], own: Sequence[Lifecycle], words: Vocabulary
) -> Sequence[str]:
    """Say where rules do not refine what they name, in any form in which that is or was here."""
    from peelflow.proof.refinement import check_refinement
    from peelflow.rulebook.authority import Authority

    refinable = [each for each in (*base, *own) if str(each) == rules.refines]
    _, disagreements = merge_lifecycles((*base, *refinable), [rules])
    errors = [fault.sentence for fault in disagreements if fault.severity == "error"]
    if errors or not refinable:
        return errors
    ledgers = Authority(national()).ledgers
    for refined in refinable:
        try:
            known = {name: refined.roles.get(name, role) for name, role in rules.roles.items()}
            same_day = evolve(rules, roles=known, in_force_from=refined.in_force_from)
            faults = check_refinement(same_day, refined, words, ledgers=ledgers)
        except InvalidRules as too_complex:
            faults = too_complex.diagnostics
        errors = [fault.sentence for fault in faults if fault.severity == "error"]
        if not errors:
            break
    return errors
