"""Run the commands that take all records together.

They are overdue, due, ages, engage, plan, movement and tick; only tick writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import evolve

from peelflow.cli import output
from peelflow.cli.options import (
    AsOnOption,
    Format,
    LedgerOption,
    RegisterOptions,
    day_option,
    today,
)
from peelflow.cli.selecting import (
    DEFAULT_LEDGER,
    TWO_YEARS,
    ByOption,
    LedgerOfOpenOption,
    OlderThanOption,
    PrintingOptions,
    SelectionOptions,
    Span,
    say_later_day,
)
from peelflow.model.records import Event, TransitionTaken
from peelflow.portfolio.engage import EngageCause, EngageSpell, engage_spells, in_engage
from peelflow.portfolio.grouping import Group
from peelflow.portfolio.listing import Age, Attribution, RecordRow, Share, age_shares
from peelflow.portfolio.listing import ages as ages_of
from peelflow.portfolio.movement import movement as movement_of
from peelflow.portfolio.movement import movement_totals
from peelflow.portfolio.overdue import (
    Deadlines,
    Overdue,
    OverdueRecord,
    UndatedRecord,
    deadlines,
    overdue_shares,
)
from peelflow.portfolio.overdue import overdue as overdue_of
from peelflow.portfolio.plan import PlannedInspection, Verifiable
from peelflow.portfolio.plan import inspection_plan as plan_of
from peelflow.register.deadlines import Deadline
from peelflow.reports.content import Table, say_mark
from peelflow.reports.tables import movement_table, say_ending, share_table
from peelflow.stores.opening import keep_stale_sums

if TYPE_CHECKING:
    from peelflow.register.timers import PendingTimer

ASSUMED = ("assumed",)
_ENDING = "ending"
_RECORD_COLUMNS = ("record", "category", "level", "state", *ASSUMED, "owner")
_TITLED_COLUMNS = ("record", "title", *_RECORD_COLUMNS[1:])
_ATTRIBUTION_COLUMNS = ("decided by", "recorded by", "on")


_DAY_COLUMNS = ("what", "original", "due", "days over", "slipped", "reasons")
_UNDATED_COLUMNS = (*_TITLED_COLUMNS, *_DAY_COLUMNS, "words", *_ATTRIBUTION_COLUMNS)
_DAY_NUMBERS = ("days over", "slipped")


def overdue(
    *,
    on: AsOnOption = None,
    by: ByOption = None,
    ledger: LedgerOfOpenOption = None,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the open records past their day, and those that have none.

    With `--by`, say instead how many of each group are.
    """
    day, selection = on or today(), wanted.selection()
    with location.reader() as register:
        if by is not None:
            on_ledger = ledger or DEFAULT_LEDGER
            shares = overdue_shares(register, day, by=by, ledger=on_ledger, selection=selection)
            title = f"Overdue on {day}, of what is open on {on_ledger}"
            printing.show(share_table(shares, by, "overdue", title))
            return
        listed = overdue_of(register, day, ledger=ledger, selection=selection)
    _show_days(printing, listed, "overdue", f"Overdue on {day}")


def due(
    *,
    on: AsOnOption = None,
    ledger: LedgerOfOpenOption = None,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the day of everything open: the original, the revised one and why; and what has none."""
    day = on or today()
    with location.reader() as register:
        listed = deadlines(register, day, ledger=ledger, selection=wanted.selection())
    _show_days(printing, listed, "due", f"Due, as at {day}")


def _show_days(
    printing: PrintingOptions, listed: Overdue | Deadlines, name: str, title: str
) -> None:
    """Print what has a day and, apart, what has none; words never stand in a column of days."""
    dated = tuple(map(_overdue_row, listed.records))
    undated = tuple(map(_undated_row, listed.undated))
    tables = (
        Table(name, title, _UNDATED_COLUMNS, dated, _DAY_NUMBERS, optional=ASSUMED),
        Table(
            *("undated", "Without a day", _UNDATED_COLUMNS, undated, _DAY_NUMBERS),
            optional=ASSUMED,
        ),
    )
    if printing.chosen is not Format.TABLE:
        printing.show(*tables)
        return
    for table in tables:
        if table.rows:
            printing.show(table)
            output.line()
    output.line(f"{len(dated)} {name}, {len(undated)} without a day")


def ages(
    *,
    on: AsOnOption = None,
    older_than: OlderThanOption = None,
    by: ByOption = None,
    ledger: LedgerOfOpenOption = None,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List how long ago each open record was published, the oldest first; and what does not say.

    With `--by`, say instead how many of each group are older than two years, or than you say.
    """
    day, selection = on or today(), wanted.selection()
    span = older_than or TWO_YEARS
    with location.reader() as register:
        if by is not None:
            on_ledger, before = ledger or DEFAULT_LEDGER, span.before(day)
            shares = age_shares(
                register, day, before=before, by=by, ledger=on_ledger, selection=selection
            )
            title = f"Open on {day} and published more than {span} before, on {on_ledger}"
            printing.show(share_table(shares, by, "older", title))
            return
        listed = ages_of(register, day, ledger=ledger, selection=selection)
    columns = (*_TITLED_COLUMNS, "published", "days", *_ATTRIBUTION_COLUMNS)
    dated = tuple(_age_row(age) for age in listed if age.days is not None)
    undated = tuple(_age_row(age) for age in listed if age.days is None)
    tables = (
        Table("ages", f"Open on {day}", columns, dated, ("days",), optional=ASSUMED),
        Table(
            *("undated", "Without a day of publication", columns, undated, ("days",)),
            optional=ASSUMED,
        ),
    )
    is_table = printing.chosen is Format.TABLE
    printing.show(*(tables[:1] if is_table and not undated else tables))
    if older_than:
        least = (day - span.before(day)).days
        past = sum(age.days is not None and age.days > least for age in listed)
        share = Share(Group(None, ""), past, len(listed), len(undated))
        say = output.line if printing.output is None and is_table else output.error_line
        say(_say_share(share, span))  # programs read a list, of which all stand in it


def engage(
    *,
    on: AsOnOption = None,
    gone: Annotated[
        bool, typer.Option("--gone", help="Those too that left Engage by that day.")
    ] = False,
    ledger: LedgerOption = DEFAULT_LEDGER,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the forces in Engage on a day: since when, why, on what causes, with what visits.

    A register of several forces lists them all. Causes stand as they did that day, or as they did
    when the force left.
    """
    day = on or today()
    with location.reader() as register:
        list_spells = engage_spells if gone else in_engage
        spells = list_spells(register, day, selection=wanted.selection(), ledger=ledger)
    tables = _engage_tables(spells, f"In Engage {'by' if gone else 'on'} {day}")
    if printing.chosen is not Format.TABLE:
        printing.show(*tables)
    elif spells:
        printing.show(*(table for table in tables if table.rows))
    else:
        output.line(
            f"No force {'was ever' if gone else 'is'} in Engage {'by' if gone else 'on'} {day}"
        )


def _engage_tables(spells: Sequence[EngageSpell], title: str) -> tuple[Table, ...]:
    heads = [(spell.force, spell.since) for spell in spells]
    body = tuple(
        (
            *(*head, spell.until, spell.reason, spell.reason_left, len(spell.causes)),
            *(spell.open_causes, len(spell.visits), *_attribution_cells(spell.attribution)[:1]),
        )
        for head, spell in zip(heads, spells, strict=True)
    )
    causes = tuple(
        (*head, cause.record, cause.title, cause.named_on, _say_cause(cause))
        for head, spell in zip(heads, spells, strict=True)
        for cause in spell.causes
    )
    visits = tuple(
        (*head, visit.inspection, visit.title, visit.first_day, visit.last_day, visit.closed)
        for head, spell in zip(heads, spells, strict=True)
        for visit in spell.visits
    )
    numbers = ("causes", "open", "visits")
    columns = ("force", "since", "until", "why", "why it left", *numbers, "decided by")
    return (
        Table("engage", title, columns, body, numbers),
        Table("causes", "What it rests on", (*_SPELL, "cause", "title", "named", "stands"), causes),
        Table("visits", "Visits in that time", _VISIT_COLUMNS, visits, ("closed",)),
    )


_SPELL = ("force", "since")
_VISIT_COLUMNS = (*_SPELL, "inspection", "title", "first day", "last day", "closed")


def _say_cause(cause: EngageCause) -> str:
    """Say how a cause of concern stands, and whether Engage no longer rests on it."""
    return f"{cause.state} (set aside)" if cause.set_aside else cause.state


def plan(
    *,
    on: AsOnOption = None,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List what each coming inspection could verify, and what must be done first for others."""
    with location.reader() as register:
        planned = plan_of(register, on or today(), selection=wanted.selection())
    columns = (*_TITLED_COLUMNS, "question", "could", "first", "with", *_ATTRIBUTION_COLUMNS)
    if printing.chosen is not Format.TABLE:
        rows = tuple(row for inspection in planned for row in _inspection_rows(inspection))
        head = ("inspection", "inspection title", "kind", "from", "to")
        title = "What each inspection could verify"
        printing.show(Table("plan", title, (*head, *columns), rows, optional=ASSUMED))
        return
    for inspection in planned:
        output.line(_say_inspection(inspection), "bold")
        for records, heading in (
            (inspection.ready, "Ready for it"),
            (inspection.first, "First in need of something"),
        ):
            if records:
                body = tuple(map(_verifiable_cells, records))
                title = f"{heading}: {len(records)}"
                printing.show(Table("plan", title, columns, body, optional=ASSUMED))
        if not (inspection.ready or inspection.first):
            output.line("no open record is known that it could verify")
        output.line()
    if not planned:
        output.line("no inspection is planned for that day or later")


def movement(
    *,
    after: Annotated[date, day_option("--after", "What moved after this day.")],
    until: Annotated[
        date | None, day_option("--until", "And up to the end of this one; today when left out.")
    ] = None,
    by: ByOption = None,
    ledger: LedgerOption = DEFAULT_LEDGER,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List what is new, closed, superseded and re-opened between two days.

    With `--by`, add it up instead: what each group held, what moved, and so what it holds; with
    `--by row` for the rows of the figures.
    """
    last_day, selection = until or today(), wanted.selection()
    title = f"On the ledger {ledger} after {after} until {last_day}"
    say_later_day(last_day)
    with location.reader() as register:
        if by is not None:
            totals = movement_totals(
                register, after=after, until=last_day, by=by, ledger=ledger, selection=selection
            )
            printing.show(movement_table(totals, by, title))
            return
        body = tuple(
            (
                moved.on,
                moved.kind,
                moved.counts,
                say_ending(moved),
                *_record_cells(evolve(moved.row, assumed=moved.assumed)),
                str(moved.attribution.actor),
                moved.attribution.recorded_by,
                moved.reason,
            )
            for moved in movement_of(
                register, after=after, until=last_day, ledger=ledger, selection=selection
            )
        )
    head = ("on", "what", "counts", _ENDING, *_RECORD_COLUMNS)
    columns = (*head, "decided by", "recorded by", "reason")
    printing.show(Table("movement", title, columns, body, optional=(_ENDING, *ASSUMED)))


def _record_cells(row: RecordRow) -> tuple[output.Cell, ...]:
    level, mark = output.say_level(row.level), say_mark(is_so=row.assumed)
    return (row.record, row.category, level, row.state, mark, row.owner)


def _titled_cells(row: RecordRow, title: str | None) -> tuple[output.Cell, ...]:
    return (row.record, title, *_record_cells(row)[1:])


def _age_row(age: Age) -> tuple[output.Cell, ...]:
    cells = _titled_cells(age.row, age.title)
    return (*cells, age.published or age.as_known, age.days, *_attribution_cells(age.attribution))


def _say_share(share: Share, span: Span) -> str:
    of_all = f"{share.past} of {share.total} open records"
    percent = "" if share.percent is None else f" ({share.percent} %)"
    return f"{of_all}{percent} were published more than {span} before"


def _overdue_row(record: OverdueRecord) -> tuple[output.Cell, ...]:
    deadline, is_own = record.deadline, record.what == "record"
    return (
        *_titled_cells(record.row, record.title),
        record.what,
        (deadline.original or deadline.original_as_known) if is_own else None,
        record.due or record.as_known,
        record.days_over,
        *(_slip_cells(deadline) if is_own else (None, None)),
        None,
        *_attribution_cells(record.attribution),
    )


def _undated_row(record: UndatedRecord) -> tuple[output.Cell, ...]:
    deadline, is_own = record.deadline, record.what == "record"
    return (
        *_titled_cells(record.row, record.title),
        record.what,
        (deadline.original or deadline.original_as_known) if is_own else None,
        None,
        None,
        *(_slip_cells(deadline) if is_own else (None, None)),
        record.words,
        *_attribution_cells(record.attribution),
    )


def _slip_cells(deadline: Deadline) -> tuple[int, str]:
    """Say how often a day slipped, and each time to what day, why, and by whose act."""
    slips = [
        f"{slip.day or slip.as_known or 'none'}: {slip.reason} "
        f"({slip.actor}, recorded by {slip.recorded_by})"
        for slip in deadline.changes
    ]
    return len(slips), "; ".join(slips)


def _say_inspection(planned: PlannedInspection) -> str:
    inspection = planned.inspection
    title = f", {planned.title}" if planned.title else ""
    days = f"{inspection.first_day} to {inspection.last_day}"
    return f"{inspection.id}, {inspection.kind}, {days}{title}"


def _inspection_rows(planned: PlannedInspection) -> list[tuple[output.Cell, ...]]:
    """Return a row for each record that an inspection could verify, or one without any."""
    inspection = planned.inspection
    days = (inspection.first_day, inspection.last_day)
    head = (inspection.id, planned.title, inspection.kind, *days)
    rows = [(*head, *_verifiable_cells(record)) for record in (*planned.ready, *planned.first)]
    return rows or [(*head, *(None,) * _VERIFIABLE_CELLS)]


_VERIFIABLE_CELLS = len(_TITLED_COLUMNS) + 4 + len(_ATTRIBUTION_COLUMNS)


def _verifiable_cells(record: Verifiable) -> tuple[output.Cell, ...]:
    return (
        *_titled_cells(record.row, record.title),
        record.question,
        record.trigger,
        ", ".join(record.steps),
        ", ".join(record.evidence),
        *_attribution_cells(record.waiting),
    )


def _attribution_cells(attribution: Attribution | None) -> tuple[output.Cell, ...]:
    if attribution is None:
        return (None, None, None)
    return (str(attribution.actor), attribution.recorded_by, attribution.on)


def tick(
    *,
    on: AsOnOption = None,
    location: RegisterOptions,
) -> None:
    """Do what time itself does: every timed step that is due, once, dated this day.

    It may run as often as you like, and beside others: nothing is done twice. Where much came since
    the sums of the figures were kept, it keeps them anew (`store sums`).
    """
    with location.opened() as register:
        result = register.tick(on=on or today())
        for event in result.fired:
            output.line(_say_fired(event))
        for timer in result.pending:
            output.line(f"{timer.record}: {_say_pending(timer)}: {timer.why}")
        for record in result.passed_over:
            output.line(f"{record}: moved by somebody else meanwhile; tick again")
        waiting = f"{len(result.pending)} waiting, {len(result.passed_over)} passed over"
        output.line(f"{len(result.fired)} done on {result.on}, {waiting}")
        keep_stale_sums(register.store)


def _say_pending(timer: PendingTimer) -> str:
    if timer.due is None:
        return f"nobody can tell whether `{timer.trigger}` is due"
    return f"`{timer.trigger}` was due on {timer.due} and waits"


def _say_fired(event: Event) -> str:
    what = event.what
    due = what.due if isinstance(what, TransitionTaken) else None
    states = f"`{what.old}` → `{what.new}`" if isinstance(what, TransitionTaken) else ""
    return f"{event.record}: {states} (due {due}, event {event.number})"
