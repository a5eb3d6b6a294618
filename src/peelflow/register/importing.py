"""Import sheets: every row through the same verbs as anybody's, all good rows or none.

A row without a key of its own gets one from what it says, so the same sheet can be imported again:
what is there already is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from peelflow.errors import Diagnostic, PeelflowError, Refused, RequestRefused, StoreError
from peelflow.model.judgement import Refusal
from peelflow.model.records import Actor, Document
from peelflow.register.cells import BadCell, content, day, level, must
from peelflow.register.draft import Draft
from peelflow.register.front import Register
from peelflow.register.kinds import check_fills
from peelflow.register.sheets import Row, read_sheet


@frozen
class Imported:
    """What an import did.

    Attributes:
        kept: Rows that were kept.
        known: Rows that were there already, under the same key.
        faults: What is wrong with the others, in the order of files and rows.
    """

    kept: int
    known: int
    faults: tuple[Diagnostic, ...]


def import_sheets(
    register: Register,
    paths: Iterable[Path | str],
    *,
    defaults: Mapping[str, str] | None = None,
    partial: bool = False,
    seen: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import CSV sheets in one batch, in their order: all rows, or none if one of them is bad.

    Args:
        register: Where the rows go.
        paths: The sheets. Documents they name are read from beside them.
        defaults: What a column says where its cell is empty or missing.
        partial: Keep the good rows all the same.
        seen: Called after each row with how many of how many are done.

    Raises:
        RequestRefused: A default is for a column that none of the sheets could have.
        Conflict: Somebody moved what the rows read; nothing is kept.
    """
    rows: list[Row | Diagnostic] = []
    broken: list[Diagnostic] = []
    for path in paths:
        read, faults = read_sheet(Path(path), defaults or {})
        rows.extend(read)
        broken.extend(faults)
    if broken:
        bad = (row for row in rows if isinstance(row, Diagnostic))
        return Imported(0, 0, tuple(sorted((*broken, *bad))))
    check_fills(defaults or {}, [row.sheet for row in rows if isinstance(row, Row)])
    work = _Work()
    draft = register.draft()
    for done, row in enumerate(rows, start=1):
        work.take(draft, row)
        if seen is not None:
            seen(done, len(rows))
    if work.faults and not partial:
        return Imported(0, 0, tuple(work.faults))
    draft.commit()
    return Imported(work.kept, work.known, tuple(work.faults))


@define
class _Work:
    """What an import has done so far, and the documents it has read."""

    kept: int = 0
    known: int = 0
    faults: list[Diagnostic] = field(factory=list)
    contents: dict[Path, bytes] = field(factory=dict)
    alike: Counter[str] = field(factory=Counter)

    def take(self, draft: Draft, row: Row | Diagnostic) -> None:
        """Take one row into the draft, or what is wrong with it."""
        if isinstance(row, Diagnostic):
            self.faults.append(row)
            return
        before = draft.drafted
        try:
            with draft.step():
                _VERBS[row.sheet.name](self, draft, row)
        except BadCell as bad:
            fault = row.fault(bad.column, "sheet-value", bad.sentence, bad.instead)
            self.faults.append(fault)
        except StoreError:
            raise
        except PeelflowError as error:
            self.faults.append(_refused(row, error))
        else:
            self.kept += draft.drafted > before
            self.known += draft.drafted == before

    def add(self, draft: Draft, row: Row) -> None:
        """Add a record, or take it over in the state that the row names."""
        asked: dict[str, Any] = {
            **self.asked(row),
            "category": must(row, "category"),
            "force": must(row, "force"),
            "issued": day(row, "issued"),
            "level": level(row),
            "fields": _fields(draft, row),
            "parent": row.get("parent"),
        }
        if row.get("state") is None:
            for column in ("on", "reason"):
                if row.get(column) is not None:
                    said = f"`{column}` is given, and only a record taken over has one"
                    raise BadCell(column, said, "give its `state` too")
            draft.add(must(row, "record"), **asked, source=row.get("source"))
            return
        draft.take_over(
            must(row, "record"),
            **asked,
            state=must(row, "state"),
            on=day(row, "on"),
            source=must(row, "source"),
            reason=must(row, "reason"),
        )

    def fire(self, draft: Draft, row: Row) -> None:
        """Do a trigger, with the document that the row offers."""
        draft.fire(
            must(row, "record"),
            must(row, "trigger"),
            **self.asked(row),
            on=day(row, "on"),
            source=row.get("source"),
            reason=row.get("reason"),
            inspection=row.get("inspection"),
            successor=row.get("successor"),
            evidence=() if row.get("document") is None else (self.document(draft, row),),
        )

    def appoint(self, draft: Draft, row: Row) -> None:
        """Appoint a person."""
        draft.appoint(
            must(row, "person"),
            must(row, "person_role"),
            **self.asked(row),
            force=must(row, "force"),
            first_day=day(row, "first_day"),
            last_day=None if row.get("last_day") is None else day(row, "last_day"),
            source=row.get("source"),
        )

    def amend(self, draft: Draft, row: Row) -> None:
        """Amend a field; an empty value unsets it."""
        record, name, text = must(row, "record"), must(row, "field"), row.get("value")
        category = draft.get(record).category
        draft.amend(
            record,
            name,
            None if text is None else _value(draft, category, name, text),
            **self.asked(row),
            on=day(row, "on"),
            source=row.get("source"),
            reason=must(row, "reason"),
        )

    def attach(self, draft: Draft, row: Row) -> None:
        """Attach a document."""
        draft.attach(
            must(row, "record"),
            self.document(draft, row),
            **self.asked(row),
            on=day(row, "on"),
            source=row.get("source"),
        )

    def asked(self, row: Row) -> dict[str, Any]:
        """Return who asks, who typed it, and the key: the row's own, or one of what it says."""
        return {
            "actor": Actor(must(row, "actor"), must(row, "actor_role")),
            "recorded_by": row.get("recorded_by"),
            "key": row.get("key") or self._key(row),
        }

    def _key(self, row: Row) -> str:
        said = "\n".join(f"{column}={text!r}" for column, text in sorted(row.cells.items()))
        digest = sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.alike[digest] += 1
        return f"sheet:{digest}:{self.alike[digest]}"

    def document(self, draft: Draft, row: Row) -> Document:
        """Keep the document that the row names, and return what acts refer to it by."""
        path = row.folder / must(row, "document")
        if path not in self.contents:
            self.contents[path] = content(path, row)
        signed_on = None if row.get("signed_on") is None else day(row, "signed_on")
        return draft.keep(
            self.contents[path],
            kind=must(row, "kind"),
            name=path.name,
            signed_by=row.get("signed_by"),
            signed_on=signed_on,
        )


_VERBS: Mapping[str, Callable[[_Work, Draft, Row], None]] = {
    "acts": _Work.fire,
    "records": _Work.add,
    "appointments": _Work.appoint,
    "amendments": _Work.amend,
    "documents": _Work.attach,
}


def _refused(row: Row, error: PeelflowError) -> Diagnostic:
    """Say a refusal where its row stands."""
    sentence, instead = str(error), "mend the row, or do first what it needs"
    if isinstance(error, RequestRefused):
        sentence, instead = f"{error.what}: {error.why}", error.instead
    elif isinstance(error, Refused) and isinstance(error.refusal, Refusal):
        reasons = error.refusal.reasons
        found = "; ".join(f"{reason.kind}: {reason.sentence}" for reason in reasons)
        sentence = f"{error.refusal.head}; {found}"
        instead = "; ".join(dict.fromkeys(reason.instead for reason in reasons))
    return row.fault("", "row-refused", sentence, instead)


def _fields(draft: Draft, row: Row) -> dict[str, str | list[str]]:
    category = must(row, "category")
    return {name: _value(draft, category, name, text) for name, text in row.fields.items()}


def _value(draft: Draft, category: str, name: str, text: str) -> str | list[str]:
    known = draft.rulebook.vocabulary.categories.get(category)
    rule = known.fields.get(name) if known else None
    if rule is None or rule.type != "list":
        return text
    return [part.strip() for part in text.split(";") if part.strip()]
