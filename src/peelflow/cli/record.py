"""Write to one record, appoint one person, or move records to other rules under a proved plan.

The commands are add, appoint, fire, amend, attach, note, link, joint, correct, relevel and migrate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import evolve

from peelflow.cli import output, terminal
from peelflow.cli.options import (
    DocumentsOption,
    Format,
    InspectionOption,
    LevelOption,
    MoverOption,
    MoverRoleOption,
    OnOption,
    ProvenanceOptions,
    ReasonOption,
    RecordArgument,
    RecordedByOption,
    RegisterOptions,
    SignatureOptions,
    SourceOption,
    SuccessorOption,
    day_option,
    level_of,
    read_day,
    read_pairs,
)
from peelflow.cli.selecting import PrintingOptions
from peelflow.cli.settings import FINDINGS
from peelflow.errors import InvalidRequest
from peelflow.model.records import Actor, Joint, JointActs
from peelflow.model.rules import MigrationPlan
from peelflow.phrases import counted
from peelflow.register.entry import EntryValues
from peelflow.register.register import Register
from peelflow.register.validation import list_items
from peelflow.reports.content import Table
from peelflow.results import frozen
from peelflow.stores.opening import keep_stale_sums
from peelflow.texts import is_blank
from peelflow.wording import say_forces

if TYPE_CHECKING:
    from peelflow.register.migrations import MigrationResult

_ACTS_HELP = "Whose persons act: those of the `lead` force, or of `any` of its forces."


@frozen(kw_only=True)
class JointOptions:
    """The forces that a record is of beside its lead force, and whose persons act on it."""

    joint_with: Annotated[
        list[str] | None,
        typer.Option("--joint-with", metavar="FORCE", help="A further force; may be repeated."),
    ] = None
    joint_acts: Annotated[JointActs | None, typer.Option("--joint-acts", help=_ACTS_HELP)] = None

    def said(self, record: str) -> Joint | None:
        """Return them, None where nothing is said; `none` alone stands for no force."""
        if self.joint_acts is not None and not self.joint_with:
            what, why = f"{record}: the option --joint-acts", "belongs to a joint record"
            raise InvalidRequest(what, why, "give --joint-with too")
        if self.joint_with is None:
            return None
        forces = () if self.joint_with == ["none"] else tuple(self.joint_with)
        return Joint(forces, self.joint_acts or "lead")


def add(
    record: Annotated[str, typer.Argument(help="The new record's id.")],
    *,
    category: Annotated[str, typer.Option("--category", help="Its category.")],
    force: Annotated[str, typer.Option("--force", help="The force it belongs to.")],
    issued: Annotated[date, day_option("--issued", "Its issue date.")],
    provenance: ProvenanceOptions,
    level: LevelOption = None,
    graded: Annotated[
        date | None, day_option("--graded", "The day its level was given, if another.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field; may be repeated."),
    ] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="The record above it.")] = None,
    joint: JointOptions,
    state: Annotated[
        str | None, typer.Option("--state", help="Take it over in this state, instead of adding.")
    ] = None,
    location: RegisterOptions,
) -> None:
    """Add a record.

    With `--state`, `--source` and `--reason` it is taken over in the state it is in.
    """
    with location.opened(make=True) as register:
        fields = given_fields(register, category, read_pairs(field or []).items())
        if state is None:
            _refuse_without_state({"--on": provenance.on, "--reason": provenance.reason})
            enter = partial(register.add, **provenance.arguments())
        else:
            enter = partial(register.take_over, state=state, **provenance.reasoned_arguments())
        enter(
            record,
            category=category,
            force=force,
            issued=issued,
            level=level_of(level or "none"),
            fields=fields,
            parent=parent,
            graded=graded,
            joint=joint.said(record),
        )
        known = register.record(record)
        output.line(f"{record} is `{known.state}`")
        taken = known.category, known.level, known.lifecycle
        for form in register.rulebook.previous_forms(*taken):
            why = f"`{form}` refines an earlier version; `peelflow check` of it says what to do"
            output.error_line(f"{record} runs under {known.lifecycle}: {why}")


def _refuse_without_state(options: dict[str, object]) -> None:
    """Refuse options that only a record taken over has."""
    for name, value in options.items():
        if value is not None:
            what, why = f"the option {name}", "belongs to a record that is taken over"
            raise InvalidRequest(what, why, "give its --state too")


def given_fields(
    register: Register, category: str, pairs: Iterable[tuple[str, str]]
) -> dict[str, str | list[str]]:
    """Return fields as the command line gives them; a list is parted as in sheets."""
    declared = register.rulebook.vocabulary.categories.get(category)
    fields: dict[str, str | list[str]] = {}
    for name, value in pairs:
        rule = declared.fields.get(name) if declared else None
        if declared is not None and rule is not None and rule.type == "list":
            fields[name] = list_items(declared, name, value)
        else:
            fields[name] = value
    return fields


def _read_day_or_none(text: str) -> str:
    """Read a date as 2023-03-30, or the word that there should have been none."""
    return text if text == "none" else read_day(text).isoformat()


@frozen(kw_only=True)
class EntryOptions:
    """What a record's first event should have said; what is left out was right."""

    force: Annotated[str | None, typer.Option("--force", help="Its force.")] = None
    category: Annotated[str | None, typer.Option("--category", help="Its category.")] = None
    level: LevelOption = None
    parent: Annotated[
        str | None, typer.Option("--parent", help="The record above it, or none.")
    ] = None
    issued: Annotated[date | None, day_option("--issued", "Its issue date.")] = None
    graded: Annotated[
        str | None,
        typer.Option(
            "--graded",
            parser=_read_day_or_none,
            metavar="YYYY-MM-DD",
            help="The day its level was given, or none.",
        ),
    ] = None
    state: Annotated[
        str | None, typer.Option("--state", help="The state in which it was taken over.")
    ] = None
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field; may be repeated."),
    ] = None

    def values(self, register: Register, category: str) -> EntryValues:
        """Return what is given; a field without a value should not be there."""
        said: EntryValues = {}
        if self.force is not None:
            said["force"] = self.force
        if self.category is not None:
            said["category"] = self.category
        if self.level is not None:
            said["level"] = level_of(self.level)
        if self.parent is not None:
            said["parent"] = None if self.parent == "none" else self.parent
        if self.issued is not None:
            said["issued"] = self.issued
        if self.graded is not None:
            said["graded"] = None if self.graded == "none" else read_day(self.graded)
        if self.state is not None:
            said["state"] = self.state
        if self.field:
            pairs = read_pairs(self.field)
            given = ((name, text) for name, text in pairs.items() if text)
            fields = given_fields(register, self.category or category, given)
            said["fields"] = {name: fields.get(name) for name in pairs}
        return said


def appoint(
    person: Annotated[str, typer.Argument(help="Who.")],
    role: Annotated[str, typer.Argument(help="The role held.")],
    *,
    force: Annotated[str, typer.Option("--force", help="In which force.")],
    first_day: Annotated[date, day_option("--first-day", "The first day.")],
    provenance: ProvenanceOptions,
    last_day: Annotated[date | None, day_option("--last-day", "The last day, inclusive.")] = None,
    location: RegisterOptions,
) -> None:
    """Record that a person holds a role in a force."""
    with location.opened(make=True) as register:
        register.appoint(
            person,
            role,
            force=force,
            first_day=first_day,
            last_day=last_day,
            **provenance.arguments(),
        )
    until = f" to {last_day}" if last_day else ""
    output.line(f"{person} is `{role}` in {force} from {first_day}{until}")


def fire(
    record: RecordArgument,
    trigger: Annotated[str, typer.Argument(help="What to do; `peelflow show` lists what can be.")],
    *,
    provenance: ProvenanceOptions,
    inspection: InspectionOption = None,
    successor: SuccessorOption = None,
    document: DocumentsOption = None,
    signature: SignatureOptions,
    location: RegisterOptions,
) -> None:
    """Act on a record, if its rules allow it.

    A refusal gives every reason, and what would do instead.
    """
    with location.opened() as register:
        fire_and_say(
            register,
            record,
            trigger,
            files={signature.kind: document or []},
            signature=signature,
            inspection=inspection,
            successor=successor,
            provenance=provenance,
        )


def fire_and_say(
    register: Register,
    record: str,
    trigger: str,
    *,
    files: Mapping[str, list[Path]],
    signature: SignatureOptions,
    inspection: str | None,
    successor: str | None,
    provenance: ProvenanceOptions,
) -> None:
    """Act on a record, and print what became of it.

    Args:
        register: The register.
        record: The record's id.
        trigger: What to do.
        files: The documents to offer, by their kind.
        signature: Who signed them, and when.
        inspection: The inspection it rests on.
        successor: What takes the record's place.
        provenance: Who decided, when, why and from what.
    """
    signature.check_documents(path for paths in files.values() for path in paths)
    before = register.record(record).state
    with register.batch() as batch:
        kept = [evolve(signature, kind=kind).keep(batch, paths) for kind, paths in files.items()]
        event = batch.fire(
            record,
            trigger,
            evidence=[document for documents in kept for document in documents],
            inspection=inspection,
            successor=successor,
            on=provenance.on,
            reason=provenance.reason,
            **provenance.arguments(),
        )
    after = register.record(record).state
    output.line(f"{record}: `{before}` → `{after}` (event {event.number}, {event.on})")


def amend(
    record: RecordArgument,
    field: Annotated[str, typer.Argument(help="The field, as its category declares it.")],
    value: Annotated[
        str | None, typer.Argument(help="Its new value; a list's items with `;` between them.")
    ] = None,
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Take the value away.")] = False,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Set a field of a record, such as its owner or its due date.

    The history keeps the old value, the new one and the reason.
    """
    is_given = value is not None
    if clear is is_given or (value is not None and is_blank(value)):
        what = f"{record}: the field `{field}`"
        why = "is given a value and cleared" if clear and is_given else "is given no value"
        raise InvalidRequest(what, why, "give its value, or --clear")
    with location.opened() as register:
        category = register.record(record).category
        fields = {} if value is None else given_fields(register, category, [(field, value)])
        register.amend(
            record,
            field,
            fields.get(field),
            on=provenance.on,
            reason=provenance.reason or "",
            **provenance.arguments(),
        )
        kept = register.record(record).fields.get(field)
    output.line(f"{record}: `{field}` is {output.say_value(kept)}")


def attach(
    record: RecordArgument,
    document: Annotated[Path, typer.Argument(help="The document's file.")],
    *,
    signature: SignatureOptions,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Attach a document to a record, for an act that is yet to come."""
    with location.opened() as register, register.batch() as batch:
        (kept,) = signature.keep(batch, [document])
        event = batch.attach(record, kept, on=provenance.on, **provenance.arguments())
    output.line(f"{record}: {kept.kind} {kept.name} attached (event {event.number}, {event.on})")


def note(
    record: RecordArgument,
    text: Annotated[str, typer.Argument(help="What is noted.")],
    *,
    document: DocumentsOption = None,
    signature: SignatureOptions,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Note something on a record, such as what a meeting said. It moves nothing.

    The day is the one that it is of, whatever happened since; a document that comes with it counts
    for no act.
    """
    with location.opened() as register, register.batch() as batch:
        kept = signature.keep(batch, document or [])
        event = batch.note(record, text, documents=kept, on=provenance.on, **provenance.arguments())
    output.line(f"{record}: noted (event {event.number}, {event.on})")


def link(
    record: RecordArgument,
    parent: Annotated[str, typer.Argument(help="The id of the record above it.")],
    *,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Put a record under another, from a day on after it was added.

    One that belonged there all along is set right by `correct RECORD 1 --parent PARENT`.
    """
    with location.opened() as register:
        event = register.link(
            record, parent, on=provenance.on, reason=provenance.reason, **provenance.arguments()
        )
    output.line(f"{record}: under {parent} (event {event.number}, {event.on})")


def joint(
    record: RecordArgument,
    *,
    with_force: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="FORCE", help="A further force; may be repeated."),
    ] = None,
    acts: Annotated[JointActs, typer.Option("--acts", help=_ACTS_HELP)] = "lead",
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Make a record joint with other forces from a day on, or with none.

    What lies below it follows. It counts once in the figures of each of its forces, and once in
    those of all. One that was joint all along is set right by `correct RECORD 1 --joint-with`.
    """
    with location.opened() as register:
        event = register.make_joint(
            record,
            Joint(tuple(with_force or ()), acts),
            on=provenance.on,
            reason=provenance.reason or "",
            **provenance.arguments(),
        )
        after = register.record(record)
    output.line(f"{record}: {say_forces(after)} (event {event.number}, {event.on})")


def correct(
    record: RecordArgument,
    event: Annotated[int, typer.Argument(help="The event's number, as `peelflow show` lists it.")],
    *,
    void: Annotated[bool, typer.Option("--void", help="It never happened.")] = False,
    redate: Annotated[date | None, day_option("--redate", "It happened on this day.")] = None,
    entry: EntryOptions,
    joint: JointOptions,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Void an event, move it to the day it happened on, or enter the record anew.

    Void event 1, and the record is withdrawn: it counts nowhere. Options such as `--level` say what
    event 1 should have been. Only the side that did it may, and only if all that happened since is
    still lawful. The history keeps both; to take a correction back, void it.
    """
    with location.opened() as register:
        before = register.record(record)
        values = entry.values(register, before.category)
        if (joint_with := joint.said(record)) is not None:
            values["joint"] = joint_with
        if [void, redate is not None, bool(values)].count(True) != 1:
            what, why = f"the correction of {record}", "is neither one thing nor the other"
            instead = "give --void, or --redate and a day, or what event 1 should have been"
            raise InvalidRequest(what, why, instead)
        register.correct(
            record,
            event,
            correction="reenter" if values else "void" if void else "redate",
            to=redate,
            entry=values or None,
            on=provenance.on,
            reason=provenance.reason or "",
            **provenance.arguments(),
        )
        after = register.record(record)
    outcome = "re-entered" if values else "voided" if void else f"re-dated to {redate}"
    states = f"`{before.state}` → `{after.state}`"
    if after.withdrawn:
        states = "withdrawn, it counts nowhere"
    output.line(f"{record}: event {event} {outcome}; {states}")


def relevel(
    record: RecordArgument,
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN",
            help="A migration's file, or its name; level-3-to-2 and its like are national.",
        ),
    ],
    *,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Move a record to another level, as HMICFRS decided, under a proved plan.

    Letters attached before do not count at the new level, unless the plan says so.
    """
    file = Path(plan)
    is_file = file.exists() or bool(file.suffix)
    if is_file:
        (proved,) = _proved_plans(file, location.rules, single=True)
        plan = proved.name
    with location.opened(beside=file if is_file else None) as register:
        before = register.record(record)
        register.relevel(record, plan=plan, **provenance.reasoned_arguments())
        after = register.record(record)
    levels = f"level {output.say_level(before.level)} → {output.say_level(after.level)}"
    output.line(f"{record}: {levels}, `{before.state}` → `{after.state}`")


def migrate(
    plan: Annotated[
        Path | None, typer.Argument(metavar="PLAN", help="The migration's file.")
    ] = None,
    *,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="PLAN", help="Prove this migration's file; move nothing."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of the register's records.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Move the register's records.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what it moved, where nobody acted since.")
    ] = False,
    actor: MoverOption = None,
    actor_role: MoverRoleOption = None,
    on: OnOption = None,
    reason: ReasonOption = None,
    recorded_by: RecordedByOption = None,
    source: SourceOption = None,
    location: RegisterOptions,
    printing: PrintingOptions,
) -> None:
    """Prove a plan that moves records to other rules; preview it, move them, or move them back.

    The rules it names are the national ones, those beside it, or those of `--rules`. Exit code 0:
    all is well; 1: the plan is refused, or there are records to look at or left alone; 3: a proof
    is undetermined. What was cut off goes on when it is asked for again.
    """
    file = _chosen_file(plan, check, actions=(dry_run, apply, undo))
    plans = _proved_plans(file, location.rules, single=check is None)
    for proved in plans if printing.chosen is Format.TABLE else ():
        output.line(f"{proved.name}, {proved.old} → {proved.new}: proved")
    if check is not None:
        return
    with location.opened(beside=file) as register:
        if dry_run:
            _print_preview(register, plans[0], on, printing)
            return
        if actor is None or actor_role is None:
            what, why = "the migration", "does not say who has the records moved"
            raise InvalidRequest(what, why, "give --actor and --actor-role")
        move = register.unmigrate if undo else register.migrate
        with terminal.progress("Moving") as show:
            result = move(
                plans[0].name,
                actor=Actor(actor, actor_role),
                on=on,
                reason=reason or "",
                source=source,
                recorded_by=recorded_by,
                on_progress=show,
            )
        _print_migration(result, undo=undo)
        keep_stale_sums(register.store)
    if result.not_moved:
        raise typer.Exit(FINDINGS)


def _print_migration(result: MigrationResult, *, undo: bool) -> None:
    back = " back" if undo else ""
    output.line(f"{counted(result.moved, 'record')} moved{back}, {len(result.not_moved)} left")
    for record in result.not_moved:
        output.line(f"  left: {record}")


def _chosen_file(plan: Path | None, check: Path | None, *, actions: Sequence[bool]) -> Path:
    """Return the plan's file, if one plan is named and one thing to do with it."""
    file = check or plan
    if file is None or (check and plan) or sum((check is not None, *actions)) != 1:
        what, why = "the migration", "does not say which plan, and what to do with it"
        raise InvalidRequest(
            what, why, "give --check PLAN, or PLAN and --dry-run, --apply or --undo"
        )
    return file


def _proved_plans(
    path: Path, rules: list[Path] | None, *, single: bool
) -> tuple[MigrationPlan, ...]:
    """Return the plans of a file once they are proved; stop with what is wrong if they are not."""
    from peelflow.proof.counterexample import EXIT_CODES
    from peelflow.rulebook.loader import verdict_on
    from peelflow.rulebook.national import examine

    checked = examine(path, *(rules or [path.parent]))
    output.diagnostics(checked.diagnostics)
    file = path.resolve()
    plans = [plan for plan in checked.rulebook.migrations if Path(plan.span.file).resolve() == file]
    if not plans and (single or not checked.diagnostics):
        raise InvalidRequest(f"{path}", "is no migration's file", "start it with `migration:`")
    code = EXIT_CODES[checked.verdict]
    if code:
        for plan in plans:
            told = (fault for fault in checked.diagnostics if fault.span.file == plan.span.file)
            own = verdict_on(told)
            stays = "" if own == checked.verdict else "; the other files are mended first"
            output.line(f"{plan.name}, {plan.old} → {plan.new}: {own}{stays}")
        raise typer.Exit(code)
    return tuple(plans)


def _print_preview(
    register: Register, plan: MigrationPlan, on: date | None, printing: PrintingOptions
) -> None:
    impact = register.preview(plan.name, on=on)
    form = printing.chosen
    if form is Format.TABLE:
        output.line(
            f"{counted(impact.affected, 'record')} affected: {impact.stranded} stranded, "
            f"{impact.overdue} overdue at once, {impact.blocked} blocked"
        )
    columns = ("record", "state", "what", "why")
    body = [(move.record, move.state, move.kind, move.sentence) for move in impact.worst]
    if body or form is not Format.TABLE:
        printing.show(Table("preview", "", columns, tuple(body)))
    if body:
        raise typer.Exit(FINDINGS)
