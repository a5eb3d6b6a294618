"""Refuse to look for what cannot be there: a force, a ledger, a level or a position of nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from peelflow.errors import InvalidRequest
from peelflow.model.rules import Level, Lifecycle
from peelflow.phrases import suggestion
from peelflow.register.services import ReadServices
from peelflow.register.validation import check_level, check_one_of, check_text
from peelflow.stores.base import RecordQuery
from peelflow.texts import alike_name

LAST_POSITION = 2**63 - 1  # what a database counts to


def check_known_force(services: ReadServices, force: str | None) -> None:
    """Refuse a force that no record is of: every list and sum of it would be of nothing.

    The one that the register is opened for may have no record yet.

    Raises:
        InvalidRequest: With the one that was meant.
    """
    records = services.store.records
    if force in (None, services.force) or any(True for _ in records(RecordQuery(force=force))):
        return
    check_text(force, "the force")
    known = {name for record in records(RecordQuery()) for name in record.forces}
    near = alike_name(force, sorted(known))
    instead = suggestion(force, known) if near is None else f"did you mean `{near}`?"
    if not known:
        instead = "add its first record"
    raise InvalidRequest(f"the force {force!r}", "no record is of it", instead)


def check_ledger(services: ReadServices, ledger: str) -> None:
    """Refuse a ledger that no rules here or in the store know.

    Raises:
        InvalidRequest: With the one that was meant.
    """
    categories = services.rulebook.vocabulary.categories.values()
    rows = [row for category in categories for row in category.figures]
    named = {row.ledger for row in rows if row.ledger is not None}
    check_known_name(services, "ledger", ledger, _ledgers_of, more=named)


def check_known_category(services: ReadServices, category: str) -> None:
    """Refuse a category that neither the rulebook nor a kept record's rules have."""
    declared = services.rulebook.vocabulary.categories
    check_known_name(
        services, "category", category, lambda rules: rules.applies_to.category, more=declared
    )


def check_known_level(services: ReadServices, level: Level) -> None:
    """Refuse a level that no rules here or in the store apply to."""
    check_level(level, "the records asked for")
    check_known_name(
        services,
        "level",
        _level_word(level),
        lambda rules: map(_level_word, rules.applies_to.level),
    )


def _level_word(level: Level) -> str:
    return "none" if level is None else str(level)


def check_known_name(
    services: ReadServices,
    what: str,
    name: str,
    names_of: Callable[[Lifecycle], Iterable[str]],
    *,
    more: Collection[str] = (),
) -> None:
    """Refuse a name that neither the rulebook's rules nor those kept with a record have."""
    check_text(name, f"the {what}")
    here = services.rulebook.lifecycles
    if name in more or any(name in names_of(rules) for rules in here):
        return
    kept = services.kept_rules.lifecycles()
    known = {known for rules in (*here, *kept) for known in names_of(rules)}
    check_one_of(name, known.union(more), f"the {what}")


def _ledgers_of(rules: Lifecycle) -> Iterable[str]:
    return {ledger for state in rules.states.values() for ledger in state.counts_as}


def check_position(position: int) -> None:
    """Refuse what is no position of a feed."""
    if type(position) is not int or not 0 <= position <= LAST_POSITION:
        what, instead = f"the position {position!r}", "give a whole number, 0 or more"
        raise InvalidRequest(what, "is no position", instead)


def check_position_reached(services: ReadServices, known: int | None) -> None:
    """Refuse a position that the feed has not come to."""
    if known is None:
        return
    check_position(known)
    if known > (last := services.store.position()):
        why = f"lies beyond the last event, at {last}"
        raise InvalidRequest(f"the position {known}", why, "give one that was printed")
