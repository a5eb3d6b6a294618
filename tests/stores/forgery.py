"""Make exports anew: whatever is changed in an event, every chain and the end fit again."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

Edit = Callable[[dict[str, Any]], object]
EditAll = Callable[[list[dict[str, Any]]], object]


def say(value: object) -> str:
    """Return a value as canonical JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def forged(lines: list[str], edit: Edit, *, write: Callable[[object], str] = say) -> list[str]:
    """Return an export whose events were edited and chained anew, with an end that fits.

    `edit` changes an event in place; one that is emptied is left out.
    """
    heads: dict[str, str] = {}
    root, events, made = sha256(), 0, list[str]()
    for line in map(json.loads, lines):
        if line["kind"] == "event":
            event = json.loads(line["text"])
            edit(event)
            if not event:
                continue
            text, before = write(event), heads.get(event["record"], "")
            digest = heads[event["record"]] = sha256((before + text).encode()).hexdigest()
            root.update(f"{digest}\n".encode())
            events += 1
            line |= {"text": text, "previous": before, "digest": digest}
        if line["kind"] == "end":
            line |= {"root": root.hexdigest(), "events": events}
        made.append(say(line))
    return made


def at(number: int, edit: Edit) -> Edit:
    """Return the edit of one event of the record `R-1` alone."""

    def change(event: dict[str, Any]) -> None:
        if (event["record"], event["number"]) == ("R-1", number):
            edit(event)

    return change


def recounted(lines: list[str], edit: EditAll) -> list[str]:
    """Return an export whose list of events was edited, each counted and chained anew.

    `edit` changes the list in place: events may be put in, moved and left out.
    """
    rows = [json.loads(line) for line in lines]
    events = [json.loads(row["text"]) for row in rows if row["kind"] == "event"]
    edit(events)
    numbers: dict[str, int] = {}
    for event in events:
        numbers[event["record"]] = event["number"] = numbers.get(event["record"], 0) + 1
    others = [say(row) for row in rows if row["kind"] not in {"event", "end"}]
    bare = [say({"kind": "event", "text": say(event)}) for event in events]
    return forged([*others, *bare, lines[-1]], _left_as_it_is)


def _left_as_it_is(event: dict[str, Any]) -> None:
    """Change nothing."""


def events_of(
    events: list[dict[str, Any]], record: str, kind: str | None = None
) -> list[dict[str, Any]]:
    """Return the events of a record, of one kind if that is named."""
    return [each for each in events if each["record"] == record and kind in {None, each["kind"]}]
