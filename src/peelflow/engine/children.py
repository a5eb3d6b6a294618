"""Look at a record's children: whether each is closed, and answers what it is there to answer."""

from __future__ import annotations

from collections.abc import Iterable

from peelflow.model.judgement import Child, Context, Mention
from peelflow.model.records import Record
from peelflow.model.requirements import ChildForEach


def still_open(children: Iterable[Child], closes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the children not closed on the ledgers `closes`; on all of theirs if it is empty."""
    return tuple(
        child.id
        for child in children
        if any(child.counts.get(ledger) != "closed" for ledger in closes or child.counts)
    )


def unanswered(asked: ChildForEach, record: Record, context: Context) -> tuple[str, ...]:
    """Return the records that ask for a child of this one, and that none names."""
    answered = {child.fields.get(asked.children) for child in context.children}
    return tuple(
        dict.fromkeys(
            mention.id
            for mention in context.mentions
            if _is_asked(mention, asked, record) and mention.id not in answered
        )
    )


def _is_asked(mention: Mention, asked: ChildForEach, record: Record) -> bool:
    return (
        mention.category in asked.for_each
        and mention.field == asked.whose
        and mention.names == record.fields.get(asked.names)
    )


def say_open(children: Iterable[Child], closes: tuple[str, ...]) -> str:
    """Say which children are not closed yet; nothing where all are."""
    still = still_open(children, closes)
    return f"not closed yet: {', '.join(still)}" if still else ""


def say_unanswered(
    asked: ChildForEach, closes: tuple[str, ...], record: Record, context: Context
) -> str:
    """Say which records no child names, and which children are not closed; nothing where all is."""
    missing = unanswered(asked, record, context)
    without = f"no child names in `{asked.children}`: {', '.join(missing)}" if missing else ""
    unset = "" if record.fields.get(asked.names) else f"the field `{asked.names}` is not set"
    return " and ".join(filter(None, (unset, without, say_open(context.children, closes))))
