"""Read a register: its records, one record's history and what could be done with it, its figures.

The commands are list, show, why, route and figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from shlex import quote
from typing import Annotated, assert_never

import typer
from attrs import evolve

from peelflow.cli import output
from peelflow.cli.options import (
    DocumentsOption,
    Format,
    InspectionOption,
    LedgerOption,
    OnOption,
    ReasonOption,
    RecordArgument,
    RegisterOptions,
    SignatureOptions,
    SourceOption,
    SuccessorOption,
    today,
)
from peelflow.cli.selecting import (
    AsAtOption,
    ByOption,
    KnownOption,
    PrintingOptions,
    SelectionOptions,
)
from peelflow.cli.settings import FINDINGS, UNDETERMINED
from peelflow.engine.fold import as_corrected, begin, is_assumed
from peelflow.figures import Figures
from peelflow.model.decisions import InspectionNeed, Refusal
from peelflow.model.records import (
    Actor,
    Added,
    Amended,
    Attached,
    ChildLinked,
    Corrected,
    Event,
    EventPayload,
    FieldValue,
    MadeJoint,
    Migrated,
    Noted,
    ParentLinked,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.model.routes import RouteStep
from peelflow.model.rules import Category, Counts, Lifecycle, ledgers_counting
from peelflow.portfolio.grouping import (
    GroupedFigures,
    grouped_figures,
    selected_figures,
)
from peelflow.portfolio.listing import each_with_last_event, question_amendments, row_of
from peelflow.portfolio.notes import last_note, note_text
from peelflow.portfolio.selection import each_selected
from peelflow.register.batch import Batch
from peelflow.register.register import Register
from peelflow.register.session import void_of
from peelflow.reports.content import Table, say_mark
from peelflow.reports.tables import grouped_table
from peelflow.results import frozen
from peelflow.wording import (
    say_counts,
    say_day,
    say_doers,
    say_forces,
    say_need,
    say_next,
    say_not_done_here,
    say_route_head,
)

_CORRECTED = {"void": "voided", "redate": "re-dated", "reenter": "re-entered"}


def _say_corrections(event: Event, history: Sequence[Event]) -> Iterator[str]:
    """Say at an event what corrects it and stands, each time with the correction's number."""
    for correction in history[event.number :]:
        what = correction.what
        if not isinstance(what, Corrected) or what.event != event.number:
            continue
        if void_of(tuple(history), correction.number) is None:
            to = f" to {what.to}" if what.correction == "redate" else ""
            yield f"{_CORRECTED[what.correction]}{to} in event {correction.number}"


def _event_row(event: Event, history: Sequence[Event]) -> tuple[output.Cell, ...]:
    corrected = [f"({mark})" for mark in _say_corrections(event, history)]
    amended = [
        f"{say_what(before.what)} in event {before.number} of {before.on}"
        for before in question_amendments(history, event)
    ]
    return (
        event.number,
        event.on,
        "; ".join((" ".join((say_what(event.what), *corrected)), *amended)),
        str(event.actor),
        event.recorded_by,
        event.reason,
        event.source,
    )


def _say_graded(day: date | None) -> str:
    return f", its level given on {day}" if day else ""


def say_what(what: EventPayload) -> str:
    """Say what happened, without who and when."""
    match what:
        case Added(lifecycle=pin, state=state, graded=graded):
            return f"added as {state} under {pin}{_say_graded(graded)}"
        case TakenOver(lifecycle=pin, state=state, graded=graded):
            return f"taken over as {state} under {pin} (assumed){_say_graded(graded)}"
        case TransitionTaken():
            return _say_act(what)
        case Attached(document=document):
            return f"attached {document.kind} {document.name}"
        case Amended(field=name, old=old, new=new):
            return f"{name}: {output.say_value(old)} → {output.say_value(new)}"
        case ChildLinked(child=child):
            return f"child {child}"
        case ParentLinked(parent=parent):
            return f"put under {parent}"
        case Relevelled() | Migrated():
            return _say_move(what)
        case MadeJoint():
            return _say_joint(what)
        case Noted(text=text, documents=documents):
            brought = "".join(f", with {document.kind} {document.name}" for document in documents)
            return f"noted: {text}{brought}"
        case Corrected():
            return _say_correction(what)
        case _:
            assert_never(what)


def _say_move(what: Relevelled | Migrated) -> str:
    if isinstance(what, Migrated):
        return f"moved to {what.lifecycle}, as {what.new}"
    old, new = output.say_level(what.old_level), output.say_level(what.new_level)
    return f"level {old} → {new}, as {what.new}"


def _say_joint(what: MadeJoint) -> str:
    if not what.new:
        return "joint with no force any more"
    acting = ", whose persons all act" if what.acts == "any" else ""
    return f"joint with {', '.join(what.new)}{acting}"


def _say_correction(what: Corrected) -> str:
    if what.entry is not None:
        return f"event {what.event} re-entered: {_say_entry(what.entry)}, on {what.to}"
    return f"event {what.event} {_CORRECTED[what.correction]}" + (
        f" to {what.to}" if what.to else ""
    )


def _say_entry(entry: Added | TakenOver) -> str:
    """Say what a record was entered as, with all that may have been set right."""
    level = output.say_level(entry.level)
    parts = [f"{entry.category}, level {level}, {say_forces(entry)}, {say_what(entry)}"]
    parts += [f"under {entry.parent}"] if entry.parent else []
    parts += [f"{name} {output.say_value(value)}" for name, value in entry.fields.items()]
    return ", ".join(parts)


def _say_act(what: TransitionTaken) -> str:
    parts = [f"{what.trigger}: {what.old} → {what.new}"]
    parts += [f"with {document.kind} {document.name}" for document in what.evidence]
    parts += [f"at {what.inspection}"] if what.inspection else []
    parts += [f"succeeded by {what.successor}"] if what.successor else []
    parts += [f"due {what.due}"] if what.due else []
    return ", ".join(parts)


_FIGURE_COLUMNS = ("Open", "Closed", "Total", "Assumed")


def list_records(
    *,
    wanted: SelectionOptions,
    counts: Annotated[
        Counts | None, typer.Option("--counts", help="How it counts on the ledger.")
    ] = None,
    ledger: LedgerOption = "portal",
    as_at: AsAtOption = None,
    known: KnownOption = None,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the records that match, by id, as they stood at the end of a day.

    CSV, JSON and workbooks have every field. `--columns` also knows `last note` and `noted on`.
    """
    selection = wanted.selection(counts=counts, ledger=ledger)
    with location.opened() as register:
        records = each_selected(register, selection, as_at=as_at, known=known)
        categories = register.rulebook.vocabulary.categories
        rows = _each_with_events(register, records, as_at, printing)
        dated = categories if _tells_days(printing) else {}
        listed = [_listed_record(*row, dated) for row in rows]
    _print_records(listed, categories, printing)


@frozen
class _ListedRecord:
    """The cells of a record's row, what its fields say, and its last note if that is asked for."""

    cells: tuple[output.Cell, ...]
    category: str
    fields: Mapping[str, FieldValue]
    note: tuple[output.Cell, ...]


def _tells_days(printing: PrintingOptions) -> bool:
    """Return whether days in fields are told from texts: CSV and JSON write both alike."""
    return bool(printing.sort) or printing.chosen not in (Format.CSV, Format.EXCEL, Format.JSON)


def _listed_record(
    record: Record, last: Event, note: Event | None, categories: Mapping[str, Category]
) -> _ListedRecord:
    category = categories.get(record.category)
    fields = record.fields if category is None else record.field_values(category)
    return _ListedRecord(_record_row(record, last), record.category, fields, _note_cells(note))


def _each_with_events(
    register: Register, records: Iterable[Record], as_at: date | None, printing: PrintingOptions
) -> Iterator[tuple[Record, Event, Event | None]]:
    """Yield records, each with its last event that is no note, and its last note if asked for."""
    if not _is_asked_for_notes(printing):
        for record, last in each_with_last_event(register, records):
            yield record, last, None
        return
    for record, history in register.histories(records):
        until = history[: record.number]
        last = next(event for event in reversed(until) if not isinstance(event.what, Noted))
        yield record, last, last_note(until, as_at)


def _is_asked_for_notes(printing: PrintingOptions) -> bool:
    """Return whether a list is to show notes, or to be sorted by them."""
    asked = {*printing.arrangement.columns, (printing.sort or "").removeprefix("-")}
    return not asked.isdisjoint(_NOTE_COLUMNS)


def search(
    words: Annotated[list[str], typer.Argument(help="Words, or parts of them.")],
    *,
    wanted: SelectionOptions,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """List the records whose title has all these words, in large or small letters."""
    titles = [f"title~{word}" for word in words]
    columns = printing.columns or "record,state,owner,due,title"
    list_records(
        wanted=evolve(wanted, where=[*(wanted.where or []), *titles]),
        location=location,
        printing=evolve(printing, columns=columns),
    )


def _print_records(
    listed: Sequence[_ListedRecord], categories: Mapping[str, Category], printing: PrintingOptions
) -> None:
    """Print records, each with its last event: with its fields where there is room for them."""
    form = printing.chosen
    if form is Format.JSON and not printing.is_arranged:
        with printing.text():
            output.print_json_list(
                {**dict(zip(_LIST_COLUMNS, each.cells, strict=True)), "fields": each.fields}
                for each in listed
            )
        return
    if form in (Format.TABLE, Format.MD) and not printing.is_arranged:
        body = tuple(each.cells for each in listed)
        printing.show(Table("records", "", _LIST_COLUMNS, body, optional=("assumed",)))
        return
    fields = _field_names(categories, listed, every=printing.is_arranged)
    names = (f"field.{name}" if name in _LIST_COLUMNS else name for name in fields)
    noted = _NOTE_COLUMNS if _is_asked_for_notes(printing) else ()
    full = tuple(
        (*each.cells, *_field_cells(each.fields, fields), *each.note[: len(noted)])
        for each in listed
    )
    shown = printing
    if form in (Format.TABLE, Format.MD) and printing.columns is None:
        shown = evolve(printing, columns=",".join(_LIST_COLUMNS))  # sorted by any field, even so
    shown.show(Table("records", "", (*_LIST_COLUMNS, *names, *noted), full))


_LIST_COLUMNS = (
    *("record", "category", "level", "force", "state", "owner", "assumed", "issued"),
    *("last event", "decided by", "recorded by"),
)
_NOTE_COLUMNS = ("last note", "noted on")
"""What a list shows where it is asked for by name."""


def _note_cells(note: Event | None) -> tuple[output.Cell, ...]:
    return (None, None) if note is None else (note_text(note), note.on)


def _record_row(record: Record, last: Event) -> tuple[output.Cell, ...]:
    row = row_of(record)
    return (
        row.record,
        row.category,
        output.say_level(row.level),
        "; ".join((row.force, *row.joint_with)),
        _say_state(record),
        row.owner,
        say_mark(is_so=row.assumed and not record.withdrawn),
        record.issued,
        last.on,
        str(last.actor),
        last.recorded_by,
    )


def _field_names(
    declared: Mapping[str, Category], listed: Iterable[_ListedRecord], *, every: bool
) -> tuple[str, ...]:
    """Return the fields of records but for the owner, whose column is always there.

    Those of each category stand as it declares them, or of `every` category there is; behind them
    what only older records have.
    """
    every_category = tuple(declared) if every else ()
    shown = dict.fromkeys((*every_category, *(each.category for each in listed)))
    known = (declared[category].fields for category in shown if category in declared)
    names = dict.fromkeys(name for fields in known for name in fields)
    others = {name for each in listed for name in each.fields}
    return tuple(name for name in (*names, *sorted(others - {*names})) if name != "owner")


def _field_cells(fields: Mapping[str, FieldValue], names: Iterable[str]) -> list[output.Cell]:
    return [output.say_value(v) if isinstance(v, tuple) else v for v in map(fields.get, names)]


def _say_state(record: Record) -> str:
    """Say a state, or that the record stands in none any more."""
    return "withdrawn" if record.withdrawn else record.state


def show_record(
    record: RecordArgument,
    *,
    location: RegisterOptions,
) -> None:
    """Show one record, its history and what is next."""
    with location.opened() as register:
        shown = register.record(record)
        history = register.history(record)
        level = output.say_level(shown.level)
        output.line(f"{shown.id}: {shown.category}, level {level}, {say_forces(shown)}", "bold")
        output.rows(("", ""), list(_record_facts(register, shown, history)))
        output.line()
        columns = ("no", "on", "what", "decided by", "recorded by", "reason", "source")
        output.rows(columns, [_event_row(event, history) for event in history], numbers=("no",))
        output.line()
        for line in say_next(shown, register.lifecycle(shown.lifecycle), register.services.force):
            output.line(line)


def _say_taken_over(record: Record, history: Sequence[Event]) -> str:
    """Return when a record was taken over, and as what where it is called otherwise by now."""
    first = as_corrected(history)[0]
    begun = begin(first)
    is_so = (begun.lifecycle, begun.state) == (record.lifecycle, record.state)
    how = "so" if is_so else f"as {begun.state} under {begun.lifecycle}"
    return f"taken over {how} on {first.on}"


def _state_facts(
    rules: Lifecycle, record: Record, history: Sequence[Event]
) -> Iterator[tuple[str, str]]:
    counts = "" if record.withdrawn else say_counts(rules.states[record.state])
    yield "state", f"{_say_state(record)} ({counts})" if counts else _say_state(record)
    if is_assumed(record) and not record.withdrawn:
        yield "assumed", _say_taken_over(record, history)
    if record.joint_with:
        yield "lead force", f"{record.force}; whose persons act: {', '.join(record.acting_forces)}"


def _record_facts(
    register: Register, record: Record, history: Sequence[Event]
) -> Iterator[tuple[str, str]]:
    rules = register.lifecycle(record.lifecycle)
    yield from _state_facts(rules, record, history)
    is_here = register.rulebook.by_pin(record.lifecycle.digest) is not None
    title = rules.title if is_here else "as kept with it; their file is not here"
    yield "rules", f"{record.lifecycle}: {title}"
    yield "issued", record.issued.isoformat()
    for name, value in record.fields.items():
        yield name, output.say_value(value)
    deadline = register.deadline(record.id)
    if deadline.changes:
        times = "1 time" if len(deadline.changes) == 1 else f"{len(deadline.changes)} times"
        first = deadline.original or deadline.original_as_known
        yield "deadline", f"first {first}, changed {times} since"
    if deadline.state:
        day = deadline.state.day
        yield "to leave", f"by {day}" if day else f"by no day: {deadline.state.why}"
    for name, related in (("parent", record.parent), ("successor", record.successor)):
        if related is not None:
            yield name, related
    if record.children:
        yield "children", ", ".join(record.children)
    note = last_note(history, None)
    if note is not None:
        yield "last note", f"{note.on}: {note_text(note)}"
    for attachment in record.attachments:
        document = attachment.document
        used = "counted" if document.digest in record.spent else "not counted yet"
        yield document.kind, f"{document.name} ({used})"


def figures(
    *,
    by: ByOption = None,
    as_at: AsAtOption = None,
    known: KnownOption = None,
    wanted: SelectionOptions,
    ledger: LedgerOption = "portal",
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """Print how many records count open and closed, by the rows of the rules or by anything else.

    The position of the feed that a table rests on stands above it: with `--known` the same table
    comes out again, whatever was recorded or corrected since.
    """
    selection = wanted.selection()
    with location.opened() as register:
        if by is not None:
            grouped = grouped_figures(
                register, by, selection=selection, as_at=as_at, known=known, ledger=ledger
            )
            _print_grouped(grouped, printing)
            return
        if wanted.is_everything():
            last = register.position() if known is None else known
            counted = register.figures(as_at=as_at, force=wanted.force, ledger=ledger, known=last)
        else:
            counted = selected_figures(register, selection, as_at=as_at, known=known, ledger=ledger)
    print_figures(counted, ledger, printing)


def _say_figures(ledger: str, day: date | None, known: int | None) -> str:
    when = f"as at {day.day} {day:%B %Y}" if day else "with all that is recorded"
    when += "" if known is None else f", known at position {known}"
    return f"Figures on the ledger {ledger}, {when}"


def _print_grouped(grouped: GroupedFigures, printing: PrintingOptions) -> None:
    """Print figures by what records say, with their totals in the last row."""
    title = _say_figures(grouped.ledger, grouped.as_at, grouped.known)
    if printing.chosen is Format.JSON:
        with printing.text():
            output.print_json(grouped.to_dict())
    elif not grouped.groups and printing.chosen in _FOR_PEOPLE:
        _say_no_record(title, printing)
    else:
        printing.show(grouped_table(grouped, title))


_FOR_PEOPLE = (Format.TABLE, Format.MD)


def _say_no_record(title: str, printing: PrintingOptions) -> None:
    """Say to people that a ledger has no record; to programs, no line says so."""
    with printing.text():
        output.line(f"{title}: no record counts on it")


def print_figures(
    counted: Figures, ledger: str, printing: PrintingOptions = PrintingOptions()
) -> None:
    """Print figures, with their totals in the last row; of a ledger without records, say so."""
    form, title = printing.chosen, _say_figures(ledger, counted.as_at, counted.known)
    if form is Format.JSON:
        with printing.text():
            output.print_json(_figures_as_data(counted, ledger))
        return
    if not counted.total and form in _FOR_PEOPLE:
        _say_no_record(title, printing)
        return
    table = Table(
        name="figures",
        title=title,
        columns=(("" if form in _FOR_PEOPLE else "Figure"), *_FIGURE_COLUMNS),
        rows=tuple(_figure_rows(counted)),
        numbers=_FIGURE_COLUMNS,
        totals=True,
        optional=_FIGURE_COLUMNS[-1:],
    )
    printing.show(table)


def without_marks(counted: Figures) -> Figures:
    """Return figures that do not say which of them are assumed, as a paper has them."""
    return evolve(counted, lines=tuple(evolve(line, assumed=0) for line in counted.lines))


def _figures_as_data(counted: Figures, ledger: str) -> dict[str, object]:
    names = ("title", *map(str.lower, _FIGURE_COLUMNS))
    lines = [dict(zip(names, row, strict=True)) for row in _figure_rows(counted)]
    totals = {name: getattr(counted, name) for name in names[1:]}
    known = {"ledger": ledger, "as_at": counted.as_at, "known": counted.known}
    return {**known, "lines": lines[:-1], "total": totals}


def _figure_rows(counted: Figures) -> Iterator[tuple[output.Cell, ...]]:
    """Yield a row for each line and one of totals; none where nothing counts."""
    if counted.total:
        for line in counted.lines:
            yield line.title, line.open, line.closed, line.total, line.assumed
        yield "Total", counted.open, counted.closed, counted.total, counted.assumed


def why(
    record: RecordArgument,
    trigger: Annotated[str, typer.Argument(help="What would be done.")],
    *,
    role: Annotated[str, typer.Option("--as", "--actor-role", help="In which role.")],
    person: Annotated[str, typer.Option("--by", "--actor", help="By whom: a person.")],
    on: OnOption = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    inspection: InspectionOption = None,
    successor: SuccessorOption = None,
    document: DocumentsOption = None,
    signature: SignatureOptions,
    location: RegisterOptions,
) -> None:
    """Say whether an act may be done, or every reason why not. Nothing is written."""
    day = on or today()
    with location.opened() as register, register.trial() as batch:
        refusal = batch.why(
            record,
            trigger,
            actor=Actor(person, role),
            on=day,
            source=source,
            reason=reason,
            inspection=inspection,
            successor=successor,
            evidence=signature.keep(batch, document or []),
        )
        hint = _route_hint(batch, record)
    if refusal is None:
        output.line(f"{person} may `{trigger}` {record} as `{role}` on {say_day(day)}")
        return
    _print_refusal(refusal)
    output.line()
    output.line(hint)
    raise typer.Exit(FINDINGS)


def _route_hint(batch: Batch, record: str) -> str:
    """Say what to ask for the way to have a record closed, on a ledger that it counts on."""
    states = batch.session.lifecycle(batch.record(record)).states
    ledgers = sorted(
        {name for state in states.values() for name in ledgers_counting(state, "closed")}
    )
    command, goal = f"peelflow route {quote(record)}", "have it closed"
    if not ledgers:
        command, goal = f"{command} --to STATE", "a state"
    elif "portal" not in ledgers:
        command = f"{command} --ledger {ledgers[0]}"
    return f"`{command}` says the shortest lawful way to {goal}"


def _print_refusal(refusal: Refusal) -> None:
    output.paragraph(refusal.head)
    for reason in refusal.reasons:
        sentence = f"{reason.sentence}; {reason.instead}{output.rule_location(reason.span)}"
        output.paragraph(sentence, indent=2, mark=f"{reason.kind}: ")


def route(
    record: RecordArgument,
    *,
    to: Annotated[
        str, typer.Option("--to", help="A state, or `open` or `closed` on the ledger.")
    ] = "closed",
    ledger: LedgerOption = "portal",
    on: OnOption = None,
    location: RegisterOptions,
) -> None:
    """Say the shortest lawful way of a record to a goal, from where it stands.

    Each step says who may, with what, from when, by when.
    """
    with location.opened() as register:
        shortest = register.route(record, to=to, ledger=ledger, on=on)
        not_here = say_not_done_here(register.record(record), register.services.force)
    output.paragraph(say_route_head(shortest))
    for sentence in not_here:
        output.paragraph(sentence)
    _print_steps(shortest.steps)
    if shortest.verdict == "impossible":
        raise typer.Exit(FINDINGS)
    if shortest.verdict == "undetermined":
        raise typer.Exit(UNDETERMINED)


def _print_steps(steps: Iterable[RouteStep], *, indent: int = 0) -> None:
    for number, step in enumerate(steps, start=1):
        arrows = " → ".join(f"`{state}`" for state in (step.old, *step.lands))
        mark = f"{number}. "
        output.line()
        output.paragraph(f"`{step.trigger}`: {arrows}", indent=indent, mark=mark)
        inner_indent = indent + len(mark)
        output.paragraph(say_doers(step), indent=inner_indent, mark="who: ")
        output.paragraph(_say_days(step), indent=inner_indent, mark="when: ")
        for need in step.needs:
            output.paragraph(say_need(need), indent=inner_indent, mark="- ")
        for fact in step.undetermined:
            output.paragraph(f"undetermined: {fact} decides", indent=inner_indent)
        for preliminary in step.before:
            output.paragraph(f"beforehand, {say_route_head(preliminary)}", indent=inner_indent)
            _print_steps(preliminary.steps, indent=inner_indent + 2)


def _say_days(step: RouteStep) -> str:
    is_unknown = any(isinstance(need, InspectionNeed) and not need.known for need in step.needs)
    start = "once that inspection has begun" if is_unknown else f"from {say_day(step.earliest)}"
    return start + (f", by {say_day(step.latest)}" if step.latest else "")
