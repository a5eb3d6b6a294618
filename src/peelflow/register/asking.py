"""Turn what is asked into events, and refuse what cannot be meant before any rule is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from peelflow.errors import RequestRefused
from peelflow.model.records import Act, Acted, Actor, Document, Event, Record, Value, What
from peelflow.model.rules import SYSTEM, Category, Lifecycle, Role
from peelflow.proof.names import suggestion
from peelflow.register.words import check_words

if TYPE_CHECKING:
    from peelflow.register.draft import Draft


def event_of(
    draft: Draft,
    what: What,
    record: str,
    *,
    number: int,
    on: date,
    actor: Actor,
    recorded_by: str | None,
    reason: str | None = None,
    source: str | None = None,
    key: str | None = None,
) -> Event:
    """Return the event of a request, written now.

    What no lifecycle judges is judged here: an inspectorate's decision names its source.
    """
    check_actor(actor)
    check_key(key)
    check_date(on, record)
    check_words(reason, f"{record}: the reason")
    check_words(source, f"{record}: the source")
    side = role_of(draft, actor.role).side
    if side == "inspectorate" and not isinstance(what, Acted) and not (source and source.strip()):
        raise RequestRefused(
            f"the decision of {actor}",
            "names no source",
            "name the letter or portal reference it was read from",
        )
    return Event(
        record=record,
        number=number,
        what=what,
        on=on,
        actor=actor,
        recorded_by=recorder(draft, actor, recorded_by),
        recorded_at=draft.now,
        reason=reason,
        source=source,
        key=key,
    )


def recorder(draft: Draft, actor: Actor, recorded_by: str | None) -> str:
    """Return who typed it: the actor, unless said; HMICFRS does not log in, so there it must be."""
    check_actor(actor)
    role = role_of(draft, actor.role)
    check_text(actor.person, "the actor's person")
    if actor.role == SYSTEM:
        raise RequestRefused(
            f"the role `{SYSTEM}`", "acts by itself", "act in a role that a person holds"
        )
    if recorded_by is None:
        if role.side == "inspectorate":
            raise RequestRefused(
                f"the decision of {actor}",
                "does not say who recorded it; an inspectorate does not log in to this register",
                "give recorded_by",
            )
        return actor.person
    check_text(recorded_by, "recorded_by")
    return recorded_by


def asked_by(act: Act, record: Record, draft: Draft) -> Event:
    """Return an act as the event it would be, to compare it with an earlier one of its key."""
    what = Acted(
        trigger=act.trigger,
        old=record.state,
        new=record.state,
        evidence=act.evidence,
        inspection=act.inspection,
        successor=act.successor,
    )
    return event_of(
        draft,
        what,
        record.id,
        number=record.number + 1,
        on=act.on,
        actor=act.actor,
        recorded_by=act.recorded_by,
        reason=act.reason,
        source=act.source,
        key=act.key,
    )


def role_of(draft: Draft, name: str) -> Role:
    """Return a role of the rulebook, or raise RequestRefused."""
    roles = draft.rulebook.vocabulary.roles
    check_one_of(name, roles, "the role")
    return roles[name]


def category_of(draft: Draft, name: str) -> Category:
    """Return a category of the rulebook, or raise RequestRefused."""
    categories = draft.rulebook.vocabulary.categories
    check_one_of(name, categories, "the category")
    return categories[name]


def check_text(text: object, what: str) -> None:
    """Refuse what is no text, or an empty one."""
    if not isinstance(text, str):
        raise RequestRefused(what, f"is {text!r}, which is no text", "give a text")
    if not text.strip():
        raise RequestRefused(what, "is empty", "give a text")


def check_type(given: object, wanted: type, what: str, instead: str) -> None:
    """Refuse what is of another type than the one asked for."""
    if not isinstance(given, wanted):
        raise RequestRefused(f"{what} {given!r:.80}", f"is no {wanted.__name__}", instead)


def check_callable(given: object, what: str, instead: str) -> None:
    """Refuse what cannot be called."""
    if not callable(given):
        raise RequestRefused(f"{what} {given!r:.80}", "is no function", instead)


def check_actor(actor: object) -> None:
    """Refuse who is no Actor: a person's name alone says no role."""
    check_type(actor, Actor, "the actor", "give Actor(person, role)")


def check_key(key: object) -> None:
    """Refuse a key that is no text; None is none."""
    if key is not None:
        check_text(key, "the key")


def check_document(document: object) -> None:
    """Refuse what is no document, such as a path or a digest."""
    check_type(document, Document, "the document", "give what `keep` returned")


def documents_of(evidence: object) -> tuple[Document, ...]:
    """Return the documents that are offered; refuse what is none, or no list of them."""
    if not isinstance(evidence, Iterable) or isinstance(evidence, (str, bytes)):
        what = f"the evidence {evidence!r:.80}"
        raise RequestRefused(what, "is no list of documents", "give a list of what `keep` returned")
    given = tuple(evidence)
    for each in given:
        check_document(each)
    return given


def check_one_of(name: str, known: Collection[str], what: str) -> None:
    """Refuse a name that is none of those there are."""
    check_text(name, what)
    if name not in known:
        raise RequestRefused(f"{what} {name!r}", "is unknown", suggestion(name, known))


def check_level(level: object, record: str) -> None:
    """Refuse what is no level: a truth, a text, a number with a point."""
    if level is not None and type(level) is not int:
        what = f"{record}: the level {level!r}"
        raise RequestRefused(what, "is no level", "give a whole number, or None for `none`")


def check_date(on: object, record: str) -> None:
    """Refuse what is no calendar date: a text, or a moment with its time."""
    if not isinstance(on, date) or isinstance(on, datetime):
        what, why = f"{record}: the date {on!r}", "is no datetime.date"
        raise RequestRefused(what, why, "give one, such as date(2023, 3, 30)")


def check_day(draft: Draft, on: date, record: str) -> None:
    """Refuse a day in the future."""
    check_date(on, record)
    if on > draft.today:
        raise RequestRefused(
            f"{record}: the date {on}",
            f"lies in the future; today is {draft.today}",
            "record it when it has happened",
        )


def check_next_day(draft: Draft, on: date, record: Record) -> None:
    """Refuse a day in the future, or before the record's last event."""
    check_day(draft, on, record.id)
    if on < record.on:
        raise RequestRefused(
            f"{record.id}: the date {on}",
            f"lies before the record's last event on {record.on}",
            f"date it {record.on} or later",
        )


def check_taken_over(
    lifecycle: Lifecycle, record: str, *, issued: date, on: date, state: str
) -> None:
    """Refuse a state its lifecycle does not have, or an issue date after the as-at date."""
    if issued > on:
        raise RequestRefused(
            f"{record}: the issue date {issued}",
            f"lies after {on}, when it is taken over",
            "give an earlier issue date",
        )
    check_text(state, f"{record}: the state")
    if state not in lifecycle.states:
        raise RequestRefused(
            f"{record}: the state {state!r}",
            f"is none of {lifecycle}'s",
            suggestion(state, lifecycle.states),
        )


def check_change(
    category: Category, field: str, old: Value | None, new: Value | None, *, record: str
) -> None:
    """Refuse a change that changes nothing, or unsets a field that must be there."""
    rule = category.fields.get(field)
    what = f"{record}: the field `{field}`"
    if rule is None:
        instead = suggestion(field, category.fields)
        raise RequestRefused(what, "is not declared for its category", instead)
    if new == old:
        raise RequestRefused(what, f"already is {old!r}", "give another value")
    if new is None and rule.required:
        raise RequestRefused(what, "must not be empty", f"give it: {rule.title}")
