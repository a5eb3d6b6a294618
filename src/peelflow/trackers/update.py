"""Bring a register up to what a tracker says: new rows added, changed ones amended, states moved.

A sheet is compared with what earlier sheets of the same tracker brought, as the history has it:
what the sheet did not change is left, though the register has moved on meanwhile. A move that the
rules refuse is never forced; it is told, with why, and with the way that would work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from attrs import evolve, field

from peelflow.engine.fold import is_assumed
from peelflow.errors import (
    Diagnostic,
    InvalidRequest,
    InvalidRules,
    NotPermitted,
    Span,
    UnknownRecord,
)
from peelflow.model.decisions import Refused
from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Document,
    Joint,
    Provenance,
    Record,
    TakenOver,
    TransitionTaken,
    Value,
)
from peelflow.phrases import listed, say_day, shown
from peelflow.register import commands
from peelflow.register.csv_schema import BadCell, path_of_document
from peelflow.register.document_files import read_document
from peelflow.register.register import Register
from peelflow.register.session import Session
from peelflow.register.taken_over import inspectorate_roles
from peelflow.register.validation import check_not_future
from peelflow.results import Result, define, frozen
from peelflow.rulebook.yaml_reader import fault
from peelflow.stores.base import RecordQuery
from peelflow.trackers.days import days_in
from peelflow.trackers.grid import Grid, read_csv, read_file
from peelflow.trackers.headings import HEADING_ROWS, Headings, find_headings, has_headings
from peelflow.trackers.mapping import MapFile, read_map, with_own_fields
from peelflow.trackers.moves import (
    MoveRequest,
    counts_closed_then,
    move_record,
    say_path,
    say_refusal,
)
from peelflow.trackers.references import KnownReferences, alike_notes
from peelflow.trackers.rows import RowReader, TrackerRow
from peelflow.trackers.sheet_references import SheetReferences
from peelflow.trackers.workbook import SUFFIXES, Workbook, read_workbook

OutcomeKind = Literal["added", "changed", "closed", "moved", "refused", "left", "gone"]
"""What becomes of a record; `left`: the register knows better, `gone`: the sheet lost it."""
LETTER = "letter"


@frozen
class Outcome(Result):
    """What becomes of one thing that a row says of a record, in which cell, and what to do.

    It is `assumed` where the record then stands as it was taken over.
    """

    record: str
    kind: OutcomeKind
    cell: str
    what: str
    instead: str = ""
    assumed: bool = False


@frozen
class TrackerResult(Result):
    """What an import of a tracker did, or would do.

    Attributes:
        as_at: The day that the sheet tells of.
        outcomes: What becomes of the records, in the order of the sheet.
        unchanged: How many rows say nothing new.
        faults: What is wrong in the sheet, cell by cell.
        notes: How the file was read, in words.
        kept: Whether anything was kept.
    """

    as_at: date
    outcomes: tuple[Outcome, ...]
    unchanged: int
    faults: tuple[Diagnostic, ...]
    notes: tuple[str, ...] = ()
    kept: bool = False

    def counts(self) -> Mapping[OutcomeKind, int]:
        """Return how many outcomes there are of each kind."""
        return Counter(outcome.kind for outcome in self.outcomes)


def import_tracker(
    register: Register,
    path: Path | str,
    map_path: Path | str,
    *,
    on: date | None = None,
    fill: Mapping[str, str] | None = None,
    documents_from: Path | str | None = None,
    partial: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _, __: None,
) -> TrackerResult:
    """Bring a register up to what a force's own tracker says, in one batch.

    Args:
        register: Where the rows go.
        path: The tracker: a workbook (.xlsx, .xlsm) or a CSV file.
        map_path: The map of its columns and words.
        on: The day that the sheet tells of; what the map says, if it is left out.
        fill: What the map's fixed parts say, in the place of what stands there.
        documents_from: The folder under which the letters lie that rows name; beside the sheet when
            left out.
        partial: Keep the good rows though others are bad.
        dry_run: Keep nothing; only tell what would become of the records.
        on_progress: Called after each row with how many of how many are done.

    Raises:
        InvalidRules: The map has faults, or the file cannot be read as the map says.
        InvalidRequest: The day lies in the future.
        Conflict: Somebody moved what the rows read; nothing is kept.
        MissingDependency: A workbook is given and python-calamine is not installed.
    """
    file = read_map(Path(map_path), register.rulebook, fill=fill)
    grids, notes = open_grids(Path(path), file)
    sheets = _with_headings(grids, file)
    session = register.session()
    as_at = on or _day_of_sheets(sheets, file, session.today)
    check_not_future(session, as_at, Path(path).name)
    rulebook = session.rulebook = with_own_fields(register.rulebook, file.tracker)
    faults: list[Diagnostic] = []
    references = SheetReferences(file.tracker.fixed.prefix or "")
    readers = tuple(
        RowReader(grid, file, rulebook, headings, as_at, session.find, references, faults)
        for grid, headings in sheets
    )
    folder = None if documents_from is None else Path(documents_from)
    run = _UpdateRun(session, readers, Path(path), folder)
    run.take_all(on_progress)
    notes = (
        *notes,
        *chain.from_iterable(reader.notes for reader in readers),
        *alike_notes(references.places),
    )
    found = tuple(sorted({*faults, *run.faults}))
    if found and not partial:
        return TrackerResult(as_at, (), 0, found, notes)
    kept = not dry_run and session.event_count > 0
    if kept:
        session.commit()
    outcomes = (*run.outcomes, *run.gone())
    return TrackerResult(as_at, outcomes, run.unchanged, found, notes, kept)


def open_grids(path: Path, file: MapFile) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    """Read the sheets of a tracker that a map is of, and return them with how they were read.

    Args:
        path: The tracker.
        file: The map.

    Raises:
        InvalidRules: It cannot be read, or it is not clear which sheet is meant.
    """
    tracker, source = file.tracker, read_file(path)
    if not is_workbook(path, source):
        grid = read_csv(path, source, encoding=tracker.encoding, delimiter=tracker.delimiter)
        return (grid,), grid.notes
    book = read_workbook(path, source)
    names = tracker.sheet or (_only_sheet(book),)
    grids = tuple(book.grid(name) for name in dict.fromkeys(names))
    notes = dict.fromkeys(chain.from_iterable(grid.notes for grid in grids))
    alike = [grid.sheet for grid in book.grids_beside(names) if has_headings(grid, file)]
    told = [
        f"read without `{shown(name)}`, which has the headings of the map, too" for name in alike
    ]
    return grids, (*notes, *book.notes_beside(names), *told)


def _with_headings(grids: tuple[Grid, ...], file: MapFile) -> list[tuple[Grid, Headings]]:
    """Return each sheet with its headings; what is wrong with those of all comes at once."""
    sheets: list[tuple[Grid, Headings]] = []
    faults: list[Diagnostic] = []
    for grid in grids:
        rows = (row for other in grids if other is not grid for row in other.rows[:HEADING_ROWS])
        elsewhere = [row.text(column) for row in rows for column in row.filled]
        try:
            sheets.append((grid, find_headings(grid, file, elsewhere)))
        except InvalidRules as refused:
            faults += refused.diagnostics
    if faults:
        raise InvalidRules(faults)
    return sheets


def is_workbook(path: Path, source: bytes) -> bool:
    """Return whether a file is read as a workbook: by its name, or by how it begins."""
    return path.suffix.lower() in SUFFIXES or source.startswith(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
    )


def _only_sheet(book: Workbook) -> str:
    if len(book.sheets) == 1:
        return book.sheets[0]
    hidden = f"; {listed(book.hidden_sheets)} are hidden" if book.hidden_sheets else ""
    sentence = f"the workbook has the sheets {listed(book.sheets)}{hidden}"
    instead = "name one in the map, or a list of those that are one tracker: `sheet: [A, B]`"
    raise fault(Span(book.file), "sheet-unknown", sentence, instead)


def _day_of_sheets(sheets: list[tuple[Grid, Headings]], file: MapFile, today: date) -> date:
    """Return the day that the sheets tell of: today, or the one that their banners name."""
    if file.tracker.as_at == "import":
        return today
    days = {day for grid, headings in sheets for day in banner_days(grid, headings, file)}
    if len(days) == 1:
        return next(iter(days))
    said = f"names {listed(map(str, sorted(days)))}" if days else "names no day"
    sentence = f"the banner above the headings {said}, and the map reads from it as at when"
    instead = "say the day with `--on`, or mend the banner"
    grid, headings = sheets[0]
    span = grid.span(headings.row, 1)
    raise fault(span, "sheet-banner", sentence, instead)


def banner_days(grid: Grid, headings: Headings, file: MapFile) -> dict[date, str]:
    """Return the days that stand above the headings, and what says each."""
    days: dict[date, str] = {}
    for row in grid.rows:
        if row.number < headings.row.number:
            for column in row.filled:
                for day in days_in(row.value(column), file.tracker.dates):
                    days.setdefault(day, row.text(column))
    return days


@frozen
class _Told:
    """What earlier sheets of the tracker told of a record; `first` is what its first one did."""

    fields: Mapping[str, Value | None]
    state: str | None
    first: Added | TakenOver | None


@define(eq=False)
class _UpdateRun:
    """What an import of a tracker has done so far."""

    session: Session
    readers: tuple[RowReader, ...]
    path: Path
    documents_from: Path | None
    outcomes: list[Outcome] = field(factory=list)
    faults: list[Diagnostic] = field(factory=list)
    unchanged: int = 0
    _seen: frozenset[str] = frozenset()
    _rows: Mapping[str, TrackerRow] = field(factory=dict)

    @property
    def _file(self) -> MapFile:
        return self.readers[0].file

    @property
    def _as_at(self) -> date:
        return self.readers[0].as_at

    def _reader(self, row: TrackerRow) -> RowReader:
        """Return the reader of the sheet that a row stands in."""
        return next(reader for reader in self.readers if reader.grid.sheet == row.row.sheet)

    @property
    def _actor(self) -> Actor:
        fixed = self._file.tracker.fixed
        return Actor(fixed.actor, fixed.actor_role)

    @property
    def _key_prefix(self) -> str:
        return f"tracker:{self._file.tracker.tracker}:"

    @cached_property
    def _known(self) -> KnownReferences:
        """What the register has when the sheet comes in."""
        fixed = self._file.tracker.fixed
        return KnownReferences(
            self.session, fixed.force, fixed.prefix or "", self._key_prefix, self._seen, self._rows
        )

    def take_all(self, on_progress: Callable[[int, int], None]) -> None:
        """Take every row, a parent before its children."""
        rows = _parents_first([row for reader in self.readers for row in reader.rows()])
        self._seen = frozenset(self.readers[0].references.places)
        self._rows = {row.record: row for row in rows}
        self.session.read(tuple(self._seen))
        for done, row in enumerate(rows, start=1):
            known = len(self.outcomes) + len(self.faults)
            self._take(row)
            self.unchanged += len(self.outcomes) + len(self.faults) == known
            on_progress(done, len(rows))

    def _take(self, row: TrackerRow) -> None:
        """Take one row; what it says that cannot be meant is a fault of it."""
        record = self.session.find(row.record)
        try:
            if record is None:
                self._known.check_new(row)
                self._known.check_text(row)
                self._add(row)
            else:
                _check_force(row, record)
                self._update(row, record)
        except (InvalidRequest, Refused, UnknownRecord) as error:
            self.faults.append(self._reader(row).fault_of(row, error))

    def _provenance(self, row: TrackerRow, target: str, number: int) -> Provenance:
        """Return who says a thing, as at when, and where in the sheet it stands."""
        cell = self._cell(row, target)
        name = self._file.tracker.fixed.source or self.path.name
        key = f"{self._key_prefix}{number}"
        return Provenance(self._actor, self._as_at, None, None, f"{name}, {cell}", key)

    def _cell(self, row: TrackerRow, target: str) -> str:
        reader = self._reader(row)
        columns = reader.headings.columns
        return reader.grid.place(row.row.number, columns.get(target, columns["record"]))

    def _tell(
        self, row: TrackerRow, kind: OutcomeKind, target: str, what: str, instead: str = ""
    ) -> None:
        is_so = is_assumed(self.session.get(row.record))
        cell = self._cell(row, target)
        self.outcomes.append(Outcome(row.record, kind, cell, what, instead, is_so))

    def _add(self, row: TrackerRow) -> None:
        """Take a record over in the state that its row says."""
        fixed = self._file.tracker.fixed
        rules = self.session.rulebook.lifecycle_for(row.category, row.level, row.issued)
        state = row.state or rules.initial
        reason = f"taken over from the force's own tracker as at {say_day(self._as_at)}"
        actor = self._teller(row, inspectorate_roles(rules, state))
        provenance = evolve(self._provenance(row, "record", 1), actor=actor, reason=reason)
        if actor != self._actor:
            provenance = evolve(provenance, recorded_by=fixed.actor)
        with self.session.savepoint():
            commands.take_over(
                self.session,
                row.record,
                category=row.category,
                force=row.force,
                issued=row.issued,
                state=state,
                level=row.level,
                fields={name: said for name, said in row.fields.items() if said is not None},
                parent=row.parent,
                provenance=provenance,
                joint=self._joint_of(row),
            )
        level = "" if row.level is None else f" of level {row.level}"
        self._tell(row, "added", "record", f"{row.category}{level}, `{state}`")

    def _joint_of(self, row: TrackerRow) -> Joint | None:
        """Return the other forces of a new record; None for those of the record above it."""
        above = self.session.find(row.parent) if row.parent else None
        if not row.joint_with or (above is not None and above.joint_with == row.joint_with):
            return None
        return Joint(row.joint_with)

    def _teller(self, row: TrackerRow, theirs: tuple[str, ...]) -> Actor:
        """Return whose word a state is: the inspectorate's, where it alone enters it."""
        fixed = self._file.tracker.fixed
        if not theirs:
            return self._actor
        if role := _text(row.act, "actor_role"):
            return Actor(_text(row.act, "actor") or fixed.actor, role)
        return self._actor if fixed.inspectorate is None else Actor(fixed.inspectorate, theirs[0])

    def _update(self, row: TrackerRow, record: Record) -> None:
        """Amend what a row changed of a record, and move it where the row says, by their days."""
        changes = [name for name in row.fields if row.fields[name] != record.fields.get(name)]
        moves = row.state is not None and row.state != record.state
        fixed = [*self._fixed_changes(row, record)]
        told = self._told(record) if changes or moves or fixed else _Told({}, None, None)
        if "title" in changes and told.fields.get("title") != row.fields["title"]:
            self._known.check_text(row)
        self._tell_fixed(row, fixed, told)
        moves = moves and (row.category, row.level) == (record.category, record.level)
        is_earlier = self._day_of_move(row) < self._as_at
        if moves and is_earlier:
            self._move(row, record, told)
        for name in changes:
            self._amend(row, self.session.get(record.id), name, told)
        if moves and not is_earlier:
            self._move(row, self.session.get(record.id), told)

    def _told(self, record: Record) -> _Told:
        """Return what the sheets before this one brought of a record."""
        fields: dict[str, Value | None] = {}
        state: str | None = None
        first: Added | TakenOver | None = None
        for event in self.session.history(record.id):
            if not (event.key or "").startswith(self._key_prefix):
                continue
            match event.what:
                case Added() | TakenOver() as entry:
                    first, fields, state = entry, dict(entry.fields), entry.state
                case Amended(field=name, new=new):
                    fields[name] = new
                case TransitionTaken(new=new):
                    state = new
        return _Told(fields, state, first)

    def _fixed_changes(
        self, row: TrackerRow, record: Record
    ) -> Iterator[tuple[str, object, object, str]]:
        """Yield what a row says otherwise than the record has it, and no sheet can change."""
        pairs: list[tuple[str, object, object, str]] = [
            ("category", row.category, record.category, "no record changes its category"),
            ("level", row.level, record.level, "HMICFRS re-levels: `peelflow relevel`"),
            ("issued", row.issued, record.issued, "the day it was issued is not amended"),
        ]
        if "parent" in self._reader(row).headings.columns:
            pairs.append(("parent", row.parent, record.parent, "a record keeps its parent"))
        # What lies below another is of its forces, also where its row says nothing.
        if row.joint_with or (row.joint_with is not None and record.parent is None):
            since = "`peelflow joint` says it from a day on, `correct` as it was all along"
            pairs.append(("joint_with", row.joint_with, record.joint_with, since))
        yield from (pair for pair in pairs if pair[1] != pair[2])

    def _tell_fixed(
        self, row: TrackerRow, pairs: list[tuple[str, object, object, str]], told: _Told
    ) -> None:
        """Tell what a sheet cannot change: left where it says so as before, refused where not."""
        for target, said, known, instead in pairs:
            same = told.first is not None and getattr(told.first, target, None) == said
            what = f"{target}: {_say_fixed(said)} in the sheet, {_say_fixed(known)} here"
            self._tell(row, "left" if same else "refused", target, what, instead)

    def _amend(self, row: TrackerRow, record: Record, name: str, told: _Told) -> None:
        """Amend a field that the sheet changed; leave one that only the register did."""
        new, old = row.fields[name], record.fields.get(name)
        what = f"{name}: {_say_value(old)} → {_say_value(new)}"
        if told.first is not None and told.fields.get(name) == new:
            what = f"{name}: {_say_value(new)} in the sheet as before, {_say_value(old)} here"
            self._tell(row, "left", name, what, "bring the sheet up to the register")
        elif self._is_too_old(row, record, name, what):
            return
        else:
            provenance = self._provenance(row, name, self.session.get(record.id).number + 1)
            reason = f"the tracker says so as at {say_day(self._as_at)}"
            try:
                with self.session.savepoint():
                    commands.amend(
                        self.session,
                        record.id,
                        name,
                        new,
                        provenance=evolve(provenance, reason=reason),
                    )
            except Refused as refused:
                self._tell(row, "refused", name, f"{what}: {say_refusal(refused)}")
            except NotPermitted as refused:
                self._tell(row, "refused", name, f"{what}: it {refused.why}", refused.instead)
            else:
                self._tell(row, "changed", name, what)

    def _is_too_old(self, row: TrackerRow, record: Record, target: str, what: str) -> bool:
        """Tell that a sheet is of before what the register has of a record."""
        if record.on <= self._as_at:
            return False
        why = f"{what}: it has an event on {record.on}, after the {self._as_at} of the sheet"
        self._tell(row, "refused", target, why, "import a later sheet, or amend it here")
        return True

    def _move(self, row: TrackerRow, record: Record, told: _Told) -> None:
        """Move a record to the state of its row, where its rules allow it with what is given."""
        state = row.state or record.state
        what = f"`{record.state}` → `{state}`"
        if told.first is not None and told.state == state:
            what = f"`{state}` in the sheet as before, `{record.state}` here"
            self._tell(row, "left", "state", what, "bring the sheet up to the register")
            return
        rules = self.session.lifecycle(record)
        result = move_record(self.session, record, self._move_request(row, state))
        if not result.path:
            self._tell(row, "refused", "state", f"{what}: {result.why}", result.instead)
            return
        closes = counts_closed_then(rules, record.state, state)
        self._tell(row, "closed" if closes else "moved", "state", f"{what} {say_path(result.path)}")

    def _move_request(self, row: TrackerRow, state: str) -> MoveRequest:
        """Return what a row gives for the move of its record."""
        act, fixed = row.act, self._file.tracker.fixed
        actor = Actor(
            _text(act, "actor") or fixed.actor, _text(act, "actor_role") or fixed.actor_role
        )
        return MoveRequest(
            state=state,
            on=self._day_of_move(row),
            actor=actor,
            recorded_by=fixed.actor,
            source=self._provenance(row, "state", 0).source or "",
            key=self._key_prefix,
            reason=_text(act, "reason"),
            evidence=self._evidence(row),
            inspection=_text(act, "inspection"),
            successor=_text(act, "successor"),
        )

    def _day_of_move(self, row: TrackerRow) -> date:
        """Return since when a record stands where its row says: at the latest the sheet's day."""
        since = row.act.get("since")
        return since if isinstance(since, date) else self._as_at

    def _evidence(self, row: TrackerRow) -> tuple[Document, ...]:
        """Keep the document that a row names, from beside the sheet."""
        name = _text(row.act, "document")
        if name is None:
            return ()
        content = self._document(name)
        signed_on = row.act.get("signed_on")
        return (
            commands.keep(
                self.session,
                content,
                kind=LETTER,
                name=Path(name).name,
                signed_by=_text(row.act, "signed_by"),
                signed_on=signed_on if isinstance(signed_on, date) else None,
            ),
        )

    def _document(self, name: str) -> bytes:
        """Return what the document holds that a row names."""
        folder, is_named = self.documents_from or self.path.parent, self.documents_from is not None
        try:
            content = read_document(path_of_document(name, folder, is_named=is_named))
        except BadCell as bad:
            raise InvalidRequest("`document`", bad.sentence, bad.instead) from None
        if isinstance(content, str):
            why = f"the document `{shown(name)}` {content}"
            raise InvalidRequest("`document`", why, "put it beside the sheet, or mend its path")
        return content

    def gone(self) -> Iterator[Outcome]:
        """Yield the records that earlier sheets of the tracker brought and this one lacks."""
        has_several = any("force" in reader.headings.columns for reader in self.readers)
        force = None if has_several else self._file.tracker.fixed.force
        store = self.session.services.store
        for record in store.records(RecordQuery(force=force)):
            if record.id in self._seen or not record.is_of(force):
                continue
            first = next(iter(store.history(record.id)), None)
            if first is not None and (first.event.key or "").startswith(self._key_prefix):
                what = f"its row is gone from the sheet; it stands in `{record.state}`"
                instead = "nothing is done; put the row back, or act on the record"
                yield Outcome(record.id, "gone", "", what, instead, is_assumed(record))


def _check_force(row: TrackerRow, record: Record) -> None:
    """Refuse a row whose reference another force's record has."""
    if record.force != row.force:
        why = f"`{shown(record.id)}` is a record of another force, {record.force}"
        raise InvalidRequest("", why, "give the map a `prefix` for its references")


def _text(act: Mapping[str, str | date], name: str) -> str | None:
    said = act.get(name)
    return said if isinstance(said, str) else None


def _say_fixed(value: object) -> str:
    """Say what a sheet cannot change of a record: a word, or several."""
    return str("; ".join(value) if isinstance(value, tuple) else value or "") or "none"


def _say_value(value: Value | None) -> str:
    """Say a field's value, shortened."""
    if value is None:
        return "nothing"
    return f"`{shown(value if isinstance(value, str) else '; '.join(value))}`"


def _parents_first(rows: list[TrackerRow]) -> list[TrackerRow]:
    """Return rows as they stand, but each behind that of its parent."""
    by_record = {row.record: row for row in rows}
    ordered: dict[str, TrackerRow] = {}
    for row in rows:
        waiting: dict[str, TrackerRow] = {}
        above: TrackerRow | None = row
        while above is not None and above.record not in ordered and above.record not in waiting:
            waiting[above.record] = above
            above = by_record.get(above.parent or "")
        for name in reversed(waiting):
            ordered[name] = waiting[name]
    return [*ordered.values()]
