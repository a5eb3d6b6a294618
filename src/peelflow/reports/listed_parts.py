"""The parts of a committee's paper that list: reports, days, what waits, what comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from operator import itemgetter

from peelflow.engine.documents import window_start
from peelflow.engine.fold import is_assumed
from peelflow.errors import InvalidRequest
from peelflow.figures import FigureLine
from peelflow.model.date_spans import read_span
from peelflow.model.outline import OutlineSection
from peelflow.model.records import Corrected, Record
from peelflow.model.requirements import Evidence, InspectionHeld, Requirement, atoms_of
from peelflow.portfolio.listing import RecordRow
from peelflow.portfolio.notes import notes
from peelflow.portfolio.overdue import OverdueRecord, UndatedRecord, deadlines, overdue
from peelflow.portfolio.plan import PlannedInspection, Verifiable, inspection_plan
from peelflow.portfolio.selection import (
    Criterion,
    Selection,
    each_selected,
    text_field,
)
from peelflow.register.as_at import record_as_at
from peelflow.register.deadlines import Deadline
from peelflow.reports.content import (
    ASSUMED,
    Block,
    Bullets,
    Cell,
    Paragraph,
    Section,
    Table,
    say_cell,
    say_mark,
)
from peelflow.reports.counted_parts import Parts, Scope, heading, say_date, say_days


def reports_parts(scope: Scope) -> Parts:
    """Yield each report that was published since the last meeting, with what it recommends."""
    published = [
        record
        for record in scope.of_category("report", Criterion("published", ">", str(scope.since)))
        if (text_field(record, "published") or "") <= str(scope.as_at)
        and record.state != "abandoned"
    ]
    published.sort(key=lambda record: (text_field(record, "published") or "", record.id))
    count = {0: "No report was", 1: "1 report was"}.get(
        len(published), f"{len(published)} reports were"
    )
    yield Paragraph(
        f"{count} published between {say_date(scope.since)} and {say_date(scope.as_at)}."
    )
    for report in published:
        title = text_field(report, "title") or report.id
        yield Section(report.id, title, tuple(_report_blocks(scope, report)))


def _report_blocks(scope: Scope, report: Record) -> Iterator[Block]:
    day = date.fromisoformat(text_field(report, "published") or "")
    yield Paragraph(f"Published on {say_date(day)} ({report.id}).")
    for complaint in scope.of_category(
        "super_complaint", Criterion("published_report", "=", report.id)
    ):
        who = text_field(complaint, "complainant")
        about = text_field(complaint, "title") or complaint.id
        made = f", made by {who} in {complaint.issued:%B %Y}" if who else ""
        yield Paragraph(f"It answers the super-complaint “{about}”{made}.")
        concerns = complaint.fields.get("concerns", ())
        if concerns and not isinstance(concerns, str):
            yield Paragraph(f"{len(concerns)} concerns were raised:")
            yield Bullets(tuple(concerns))
    selection = Selection(
        scope.selection.force, criteria=(Criterion("source_report", "=", report.id),)
    )
    carried = list(each_selected(scope.register, selection, as_at=scope.as_at))
    yield from _recommendation_blocks(scope, carried)


def _recommendation_blocks(scope: Scope, carried: Sequence[Record]) -> Iterator[Block]:
    if not carried:
        yield Paragraph("No recommendation of it is recorded.")
        return
    rows = tuple(
        (
            record.id,
            text_field(record, "title"),
            ", ".join(map(_addressee, record.fields.get("addressees", ()))),
            record_date(record, "due"),
            text_field(record, "due_words"),
            _state_title(scope, record),
            say_mark(is_so=is_assumed(record)),
        )
        for record in carried
    )
    columns = ("Record", "What it asks for", "To whom", "Due", "As worded", "Stands", ASSUMED)
    yield Table("recommendations", f"{len(carried)} recommendations", columns, rows)
    answered = [record for record in carried if "accept" in record.done]
    refused = [record for record in carried if "not_accept" in record.done]
    if len(answered) == len(carried):
        yield Paragraph("All of them have been accepted.")
    elif answered or refused:
        open_ = len(carried) - len(answered) - len(refused)
        yield Paragraph(
            f"{len(answered)} have been accepted, {len(refused)} have not, and {open_} wait for an "
            "answer."
        )


def record_date(record: Record, name: str) -> Cell:
    """Return a date of a record's: a day, or else what is known of it."""
    span = read_span(text_field(record, name) or "")
    return None if span is None else span.last if span.is_day else span.text


def _addressee(name: str) -> str:
    return _ADDRESSEES.get(name, heading(name.replace("_", " ")))


def _state_title(scope: Scope, record: Record) -> str:
    state = scope.register.lifecycle(record.lifecycle).states[record.state]
    return state.title or heading(record.state.replace("_", " "))


_ADDRESSEES = {"pccs": "Police and Crime Commissioners", "npcc": "National Police Chiefs' Council"}
_RECORD_COLUMNS = ("Record", "Title", "Level", ASSUMED, "Owner")
_WHICH = "Which day"
_DAY_COLUMNS = (*_RECORD_COLUMNS, _WHICH, "Original", "Due", "Days over", "Why")
_LEFT_COLUMNS = (*_RECORD_COLUMNS, _WHICH, "Original", "Due", "Days left", "Why")


def overdue_parts(scope: Scope) -> Parts:
    """Yield what is past its day, with the original and the revised one, and why it slipped."""
    listed = overdue(scope.register, scope.as_at, ledger=scope.ledger, selection=scope.selection)
    if listed.records:
        rows = tuple(_day_row(record, record.days_over) for record in listed.records)
        title = f"{len(rows)} past their day on {say_date(scope.as_at)}"
        yield Table("overdue", title, _DAY_COLUMNS, rows, ("Days over",))
    else:
        yield Paragraph("Nothing that is open is past its day.")
    unsure = [f"{each.row.record} ({each.as_known})" for each in listed.undated if each.as_known]
    if unsure:
        yield Paragraph(f"Nobody can tell of {', '.join(unsure)}, due on a day that is not known.")
    without = sum(not _has_own_day(each.deadline) for each in listed.undated)
    if without:
        records = "1 open record has" if without == 1 else f"{without} open records have"
        yield Paragraph(f"{records} no day by which to be closed.")
    for each in listed.undated:
        if each.what == "state" and _has_own_day(each.deadline):
            leaving = f"{each.row.record} is {_say_leaving(each.row)}"
            yield Paragraph(f"{leaving} by no day: {each.words}.")


def _has_own_day(deadline: Deadline) -> bool:
    return deadline.current is not None or deadline.as_known is not None


def _day_row(record: OverdueRecord, days: int) -> tuple[Cell, ...]:
    row, deadline = record.row, record.deadline
    cells, due = _record_cells(row, record.title), record.due or record.as_known
    if record.what == "state":
        return (*cells, _say_leaving(row), None, due, days, None)
    original = deadline.original or deadline.original_as_known
    changes = "; ".join(
        f"{say_cell(change.day or change.as_known) or 'none'}: {change.reason or 'no reason'}"
        for change in deadline.changes
    )
    return (*cells, None, original, due, days, changes or None)


def _say_leaving(row: RecordRow) -> str:
    return f"to leave “{_in_words([row.state])}”"


def _record_cells(row: RecordRow, title: str | None) -> tuple[Cell, ...]:
    return (row.record, title, row.level, say_mark(is_so=row.assumed), row.owner)


def due_parts(scope: Scope) -> Parts:
    """Yield the day of everything open, original and revised; and, apart, what has none.

    How many days are left is below nought where the day has passed.
    """
    listed = deadlines(scope.register, scope.as_at, ledger=scope.ledger, selection=scope.selection)
    rows = tuple(_day_row(record, -record.days_over) for record in listed.records)
    if rows:
        yield Table("due", f"{len(rows)} with a day", _LEFT_COLUMNS, rows, ("Days left",))
    else:
        yield Paragraph("No open record has a day by which to be closed.")
    if listed.undated:
        undated = tuple(map(_undated_row, listed.undated))
        columns = (*_RECORD_COLUMNS, _WHICH, "As worded")
        yield Table("undated", f"{len(undated)} without a day", columns, undated)


def _undated_row(record: UndatedRecord) -> tuple[Cell, ...]:
    which = _say_leaving(record.row) if record.what == "state" else None
    return (*_record_cells(record.row, record.title), which, record.words)


def letters_parts(scope: Scope) -> Parts:
    """Yield what waits for a document; and, apart, what has one attached that did not count yet.

    Whether that one will do is judged when the step is taken.
    """
    missing: list[Record] = []
    attached: list[Record] = []
    for record in scope.opened():
        kinds = [atom for atom in _asked_next(scope, record) if isinstance(atom, Evidence)]
        if kinds:
            (attached if _has_attached(record, kinds) else missing).append(record)
    yield from _waiting_parts(scope, "letters", "a letter", missing)
    if attached:
        title = f"{len(attached)} with a letter attached, which has not counted yet"
        yield _waiting_table(scope, "attached", title, attached)


def _has_attached(record: Record, kinds: Sequence[Evidence]) -> bool:
    """Whether a document of such a kind is attached since it counts, and was not used up."""
    loose = [each for each in record.attachments if each.document.digest not in record.spent]
    return any(
        each.document.kind == asked.evidence and each.number > window.number
        for asked in kinds
        if (window := window_start(record, asked.since)) is not None
        for each in loose
    )


def verification_parts(scope: Scope) -> Parts:
    """Yield what the force has done with, and an inspection is to verify."""
    waiting = [
        record
        for record in scope.opened()
        if any(isinstance(atom, InspectionHeld) for atom in _asked_next(scope, record))
    ]
    yield from _waiting_parts(scope, "verification", "verification", waiting)


def _asked_next(scope: Scope, record: Record) -> Iterator[Requirement]:
    """Yield what the steps from where a record stands ask for."""
    state = scope.register.lifecycle(record.lifecycle).states[record.state]
    for step in state.transitions:
        yield from atoms_of(step.requires)


def _waiting_parts(scope: Scope, name: str, what: str, waiting: Sequence[Record]) -> Parts:
    if waiting:
        yield _waiting_table(scope, name, f"{len(waiting)} wait for {what}", waiting)
    else:
        yield Paragraph(f"No open record waits for {what}.")


def _waiting_table(scope: Scope, name: str, title: str, waiting: Sequence[Record]) -> Table:
    rows = tuple(
        (
            record.id,
            text_field(record, "title"),
            record.level,
            text_field(record, "question"),
            text_field(record, "owner"),
            _state_title(scope, record),
            say_mark(is_so=is_assumed(record)),
            record.entered[record.state].on,
        )
        for record in waiting
    )
    columns = ("Record", "Title", "Level", "Question", "Owner", "Stands", ASSUMED, "Since")
    return Table(name, title, columns, rows)


def plan_parts(scope: Scope) -> Parts:
    """Yield each coming inspection with what it could verify, then what is notified or asked."""
    planned = inspection_plan(scope.register, scope.as_at, selection=scope.selection)
    if not planned:
        yield Paragraph("No inspection is planned.")
    for inspection in planned:
        title = f"{say_days(inspection)}: {inspection.title or inspection.inspection.id}"
        yield Section(inspection.inspection.id, title, tuple(_inspection_blocks(inspection)))
    dated = {inspection.inspection.id for inspection in planned}
    others = [
        record
        for record in (*scope.of_category("inspection"), *scope.of_category("super_complaint"))
        if record.id not in dated and not _is_over(scope, record)
    ]
    if others:
        said = tuple(_say_other(scope, record) for record in others)
        yield Section("notified", "Notified, and without days yet", (Bullets(said),))


def _is_over(scope: Scope, record: Record) -> bool:
    last_day = text_field(record, "last_day")
    is_past = last_day is not None and last_day < str(scope.as_at)
    return is_past or scope.register.lifecycle(record.lifecycle).states[record.state].final


def _say_other(scope: Scope, record: Record) -> str:
    title = text_field(record, "title") or record.id
    who = text_field(record, "complainant")
    made = f", a super-complaint of {who}, received in {record.issued:%B %Y}" if who else ""
    return f"{title}{made}: {_state_title(scope, record).lower()} ({record.id})"


def _inspection_blocks(planned: PlannedInspection) -> Iterator[Block]:
    inspection = planned.inspection
    asked = ", ".join(sorted(inspection.questions))
    yield Paragraph(
        f"{inspection.id}, {inspection.kind}" + (f"; questions {asked}." if asked else ".")
    )
    for records, title in (
        (planned.ready, "ready for it"),
        (planned.first, "in need of something first"),
    ):
        if records:
            columns = (*_RECORD_COLUMNS, "Question", "First", "With")
            rows = tuple(map(_verifiable_row, records))
            yield Table("verifiable", f"{len(rows)} {title}", columns, rows)
    if not (planned.ready or planned.first):
        yield Paragraph("No open record is known that it could verify.")


def _verifiable_row(record: Verifiable) -> tuple[Cell, ...]:
    row = record.row
    first, kinds = _in_words(record.steps), _in_words(record.evidence)
    return (*_record_cells(row, record.title), record.question, first, kinds)


def _in_words(names: Sequence[str]) -> str | None:
    """Return names of the rules as a committee reads them; None where there are none."""
    return ", ".join(names).replace("_", " ") or None


def corrections_parts(scope: Scope) -> Parts:
    """Yield what was corrected since the last meeting, and published figures that it changed."""
    yield from _changed_figures(scope)
    rows: list[tuple[Cell, ...]] = []
    records = scope.register.records(force=scope.selection.force, withdrawn=True)
    for record, history in scope.register.histories(records):
        rows += [
            (event.on, record.id, event.what.event, event.what.correction, event.reason)
            for event in history
            if isinstance(event.what, Corrected) and scope.since < event.on <= scope.as_at
        ]
    if not rows:
        yield Paragraph(f"Nothing was corrected since {say_date(scope.since)}.")
        return
    columns = ("Day", "Record", "Event", "What", "Reason")
    rows.sort(key=itemgetter(0, 1))  # those of a record stand in the order of their events
    yield Table("corrections", "Corrected since", columns, tuple(rows), ("Event",))


def _changed_figures(scope: Scope) -> Parts:
    """Yield the lines of the last paper's figures that read otherwise by now."""
    if scope.known_since is None:
        return
    published, now = (
        scope.register.figures(
            as_at=scope.since, force=scope.selection.force, ledger=scope.ledger, known=known
        )
        for known in (scope.known_since, None)
    )
    before, after = ({line.title: line for line in known.lines} for known in (published, now))
    pairs = [
        (before.get(title, FigureLine(title, 0, 0)), after.get(title, FigureLine(title, 0, 0)))
        for title in {**after, **before}
    ]
    rows = tuple(
        (line.title, old.open, line.open, old.closed, line.closed)
        for old, line in pairs
        if (old.open, old.closed) != (line.open, line.closed)
    )
    numbers = ("Open as published", "Open", "Closed as published", "Closed")
    title = f"Published figures of {say_date(scope.since)} that read otherwise now"
    if rows:
        yield Table("changed", title, ("Record", *numbers), rows, numbers)
    else:
        yield Paragraph(f"The figures published as at {say_date(scope.since)} stand.")


def notes_parts(scope: Scope) -> Parts:
    """Yield what was noted since the last meeting: of what day, on what, by whom, from what."""
    noted = notes(scope.register, until=scope.as_at, after=scope.since, selection=scope.selection)
    if not noted:
        yield Paragraph(f"Nothing was noted since {say_date(scope.since)}.")
        return
    rows = tuple(
        (
            note.on,
            note.row.record,
            note.title,
            note.text,
            str(note.attribution.actor),
            note.source,
            ", ".join(document.name for document in note.documents) or None,
        )
        for note in noted
    )
    columns = ("Day", "Record", "Title", "Note", "By", "Source", "With")
    yield Table("notes", f"{len(rows)} noted", columns, rows)


def text_parts(scope: Scope, part: OutlineSection) -> Iterator[Block]:
    """Yield a text that is kept in the register: paragraphs, and lists of lines behind a mark.

    A line that says nothing ends what was begun.
    """
    lines: list[str] = []
    for line in (*_kept_text(scope, part).splitlines(), ""):
        if line.strip():
            lines.append(line)
            continue
        first = _first_item(lines)
        if first:
            yield Paragraph(" ".join(map(str.strip, lines[:first])))
        if first < len(lines):
            yield Bullets(_list_items(lines[first:]))
        lines = []


def _first_item(lines: Sequence[str]) -> int:
    """Return which of the lines between two empty ones begins a list; how many there are if none.

    Behind prose a list has several items, or follows what ended: else its mark is a dash.
    """
    marked = [place for place, line in enumerate(lines) if _LIST_ITEM.match(line)]
    for place in marked:
        if place == 0 or len(marked) > 1 or lines[place - 1].rstrip().endswith(_ENDS):
            return place
    return len(lines)


def _list_items(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the items of a list: a line without a mark goes on, a mark alone says nothing."""
    items: list[str] = []
    for line in lines:
        mark = _LIST_ITEM.match(line)
        if mark:
            items.append(line[mark.end() :].strip())
        elif line.strip() not in _MARKS:
            items[-1] += f" {line.strip()}"
    return tuple(items)


_MARKS = ("-", "*", "\u2022")
_LIST_ITEM = re.compile(rf"\s*[{''.join(_MARKS)}]\s+(?=\S)")
"""How a line of a list begins, as people type it or Word copies it."""
_ENDS = (":", ".", ";", "?", "!")


def _kept_text(scope: Scope, part: OutlineSection) -> str:
    what = f"the outline's text {part.document!r} of {part.record!r}"
    if part.record is None or part.document is None:
        raise InvalidRequest(what, "names no document", "give `record` and `document`")
    record = record_as_at(scope.register.history(part.record), scope.as_at)
    attached = () if record is None else record.attachments
    digests = [
        attachment.document.digest
        for attachment in attached
        if attachment.document.name == part.document
    ]
    if not digests:
        why = f"is not attached to it by {say_date(scope.as_at)}"
        raise InvalidRequest(what, why, "attach it with `peelflow attach`")
    try:
        return scope.register.document(digests[-1]).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest(what, "is no text in UTF-8", "save it as UTF-8") from None
