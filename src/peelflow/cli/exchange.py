"""Carry whole files into a register and its events out of it, sealed and verified.

The commands are import, demo, seal, verify, export and backup.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Self, TextIO

import typer

from peelflow.cli import output, terminal
from peelflow.cli.listing import print_figures, without_marks
from peelflow.cli.options import (
    RegisterOptions,
    read_bytes,
    read_pairs,
    read_text,
    refuse_given,
    rulebook_of,
)
from peelflow.cli.output_files import (
    ReplaceOption,
    check_output_file,
    output_stream,
    write_text,
)
from peelflow.cli.paper import write_demo_papers
from peelflow.cli.settings import FINDINGS, UNDETERMINED
from peelflow.cli.trackers import TrackerOptions, run_tracker
from peelflow.errors import InvalidRequest, StoreUnavailable, Unverified
from peelflow.files import read_regular
from peelflow.phrases import counted
from peelflow.register.archive import set_back_clocks
from peelflow.register.backup import backup as backup_register
from peelflow.register.csv_import import ImportResult, import_sheets
from peelflow.register.csv_schema import DateFormat
from peelflow.register.judgement import (
    JUDGED_UNASKED,
    Verification,
    judge_events,
    verify_register,
)
from peelflow.register.register import Register
from peelflow.register.restore import judge_export, restore_register
from peelflow.register.services import utc_now
from peelflow.results import frozen
from peelflow.rulebook.national import shipped_folder
from peelflow.stores.base import SCHEMA_GONE
from peelflow.stores.export import (
    feed_of_export,
    private_lines,
    verify_export,
)
from peelflow.stores.integrity import CLOCK_BACK, Discrepancy, clock_discrepancies
from peelflow.stores.opening import DocumentFolder, keep_stale_sums
from peelflow.stores.seals import (
    SEAL_UNCHECKED,
    Heads,
    Seal,
    SealKey,
    heads_from,
    heads_text,
    seal_discrepancies,
    seal_from,
    seal_key_from,
    seal_text,
    signature_discrepancies,
    uncovered_sentence,
)
from peelflow.stores.sqlite_file import APPLICATION_ID

EXPORT_SUFFIX = ".jsonl"
_DOCUMENTS_HELP = "The folder its documents are kept in; the one it remembers when left out."
DocumentsOption = Annotated[
    Path | None,
    typer.Option(
        "--documents", metavar="FOLDER", exists=True, file_okay=False, help=_DOCUMENTS_HELP
    ),
]


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="CSV sheets, folders of them, templates, or one export."
        ),
    ],
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Keep the good rows though others are bad.")
    ] = False,
    fill: Annotated[
        list[str] | None,
        typer.Option("--fill", metavar="COLUMN=VALUE", help="Fill a column where it is empty."),
    ] = None,
    dates: Annotated[
        DateFormat,
        typer.Option(
            "--dates", help="How the sheets write their days; Excel writes DD/MM/YYYY here."
        ),
    ] = DateFormat.ISO,
    documents_from: Annotated[
        Path | None,
        typer.Option(
            "--documents-from",
            metavar="FOLDER",
            help="Where the documents lie that sheets name; beside each sheet when left out.",
        ),
    ] = None,
    as_found: Annotated[
        bool,
        typer.Option(
            "--as-found",
            help="Take in an export with what no rules let be done, and list that.",
        ),
    ] = False,
    documents: DocumentsOption = None,
    tracker: TrackerOptions,
    location: RegisterOptions,
) -> None:
    """Import sheets: all rows, or none. Or import an export, `FILE.jsonl`: all, or nothing.

    Rows are taken by their days; those of one day as they stand, sheet by sheet. A sheet's columns
    tell whether it holds records, acts, appointments, amendments or documents. An export goes into
    a new register, which is then equal to the one it came from; it is judged first, as by `verify`.

    With --as it is a tracker of your own, in a workbook or CSV; a map says what its columns mean.
    """
    defaults = read_pairs(fill or [])
    if tracker.is_given:
        others = {"--dates": dates is not DateFormat.ISO, "--as-found": as_found}
        refuse_given(others, "a tracker", "leave it to the map")
        paths = documents_from, documents
        run_tracker(files, tracker, location, fill=defaults, partial=partial, paths=paths)
        return
    with location.opened(make=True, documents=documents) as register:
        if [file.suffix.lower() for file in files] == [EXPORT_SUFFIX]:
            of_sheets = {"--partial": partial, "--fill": fill, "--documents-from": documents_from}
            of_sheets["--dates"] = dates is not DateFormat.ISO
            refuse_given(of_sheets, "an export", "leave it out")
            _import_export(register, files[0], as_found=as_found)
            keep_stale_sums(register.store)
            return
        refuse_given({"--as-found": as_found}, "sheets", "leave it out, or name an export")
        result = import_with_progress(
            register,
            files,
            defaults,
            partial=partial,
            dates=dates,
            documents_from=documents_from,
        )
        output.diagnostics(result.faults)
        kept = counted(result.kept, "row")
        output.line(f"{kept} kept, {result.known} there already, {len(result.faults)} bad")
        keep_stale_sums(register.store)
    if result.faults:
        raise typer.Exit(FINDINGS)


def _import_export(register: Register, file: Path, *, as_found: bool) -> None:
    """Import an export; where it is refused, print all that was found."""
    try:
        with terminal.progress("Importing") as show:
            restored = restore_register(register.services, file, as_found=as_found, progress=show)
    except Unverified as refused:
        for discrepancy in refused.discrepancies:
            output.line(str(discrepancy))
        raise
    for discrepancy in restored.found:
        output.line(str(discrepancy))
    output.line(f"{restored.events} events kept; the register is the export's equal")
    if restored.found:
        output.line(f"taken in as found: `verify` tells these {len(restored.found)} again")
    for note in (*_assumed_notes(restored.assumed), *restored.unjudged):
        output.line(note)
    for note in register.services.kept_rules.unfiled_notes():
        output.error_line(f"{file}: {note}")


def import_with_progress(
    register: Register,
    files: list[Path],
    defaults: dict[str, str],
    *,
    partial: bool = False,
    dates: DateFormat = DateFormat.ISO,
    documents_from: Path | None = None,
) -> ImportResult:
    """Import sheets, with a progress bar where somebody looks on; say what an interrupt left."""
    from peelflow.trackers.templates import sheet_lines

    waiting = [True]
    with _interrupts_told(waiting), terminal.progress("Importing") as show:

        def on_progress(done: int, total: int) -> None:
            waiting[:] = [done < total]
            show(done, total)

        return import_sheets(
            register,
            files,
            defaults=defaults,
            dates=dates,
            documents_from=documents_from,
            partial=partial,
            lines_of=sheet_lines,
            on_progress=on_progress,
        )


_NOTHING_KEPT = "stopped: nothing was kept"
_ALL_OR_NOTHING = (
    "stopped while all rows were being kept: all of them are there, or none; import the same files "
    "again, and it says which"
)


@contextmanager
def _interrupts_told(waiting: list[bool]) -> Iterator[None]:
    """Say what an interrupt left: nothing of the import while rows are waiting to be taken."""
    try:
        yield
    except KeyboardInterrupt:
        output.error_line(_NOTHING_KEPT if all(waiting) else _ALL_OR_NOTHING)
        raise


PAPER_DAY = date(2023, 3, 30)
DEMO_URL = "peelflow-demo.db"
DEMO_RECORD = "WMP-R3-031"


def demo(
    register: Annotated[
        str, typer.Option("--register", help="Where the demo's register is made.")
    ] = DEMO_URL,
    papers: Annotated[
        Path | None,
        typer.Option(
            "--papers",
            metavar="FOLDER",
            help="Leave the committee's paper in this folder, as .docx, .html and .pdf.",
        ),
    ] = None,
) -> None:
    """Run the West Midlands example and print its table."""
    example = shipped_folder("examples") / "west_midlands"
    sheets = sorted(example.glob("*.csv"))
    with RegisterOptions(register=register).opened(make=True) as demo_register:
        _check_demo_register(demo_register)
        result = import_with_progress(demo_register, sheets, {})
        if result.faults:
            output.diagnostics(result.faults)
            output.error_line(f"{register} holds something else; remove it, or name another file")
            raise typer.Exit(FINDINGS)
        output.line(f"{result.kept} rows imported into {register}, {result.known} there already")
        output.line()
        counted = demo_register.figures(as_at=PAPER_DAY)
        print_figures(without_marks(counted), "portal")
        output.line(f"{counted.assumed} of them are assumed: they were taken over as they stood")
        output.line()
        if papers is not None:
            written = write_demo_papers(demo_register, example, papers)
            output.line(f"The committee's paper is in {', '.join(written)}")
    output.line(f"Next: peelflow list --register {register} --counts open")
    output.line(f"      peelflow show {DEMO_RECORD} --register {register}")


def _check_demo_register(register: Register) -> None:
    """Refuse to mix the demo's records into a register that holds others."""
    if register.position() and not register.store.read((DEMO_RECORD,)):
        what, why = f"the register {register.store.url}", "holds other records than the demo's"
        raise InvalidRequest(what, why, "name another file with --register")


HEADS_SUFFIX = ".heads.jsonl"
_KEY_HELP = "The Ed25519 key it is signed with, in PEM; the public part is enough to verify."
SealKeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", envvar="PEELFLOW_SEAL_KEY", help=_KEY_HELP),
]


def seal(
    file: Annotated[Path, typer.Argument(help="The seal to write; its heads go beside it.")],
    *,
    key: SealKeyOption = None,
    replace: ReplaceOption = False,
    documents: DocumentsOption = None,
    location: RegisterOptions,
) -> None:
    """Seal everything kept until now: keep the file where nobody who writes here can reach it.

    Any later change of what was sealed shows when it is held against the seal: tamper-evident, not
    tamper-proof. With a key, nobody else can put another seal in its place. What does not fit is
    not sealed; events that their rules would not have let happen are, and each is told: exit 1.
    """
    for path in (file, _heads_path(file)):
        check_output_file(path, replace=replace)
    seal_key = _read_key(key)
    with location.opened(documents=documents) as register:
        sealed, heads = register.seal()
        is_short = sealed.count <= JUDGED_UNASKED
        given = register.store, register.session
        found = judge_events(*given) if is_short else Verification(_set_back_clocks(register))
    if seal_key is not None:
        sealed = seal_key.sign(sealed)
    write_text(_heads_path(file), heads_text(heads), replace=replace)
    write_text(file, seal_text(sealed), replace=replace)
    signed = f", signed with {seal_key.public:.16}…" if seal_key else ""
    output.line(f"sealed {sealed}{signed}")
    output.line(f"in {file}, with the heads of {len(heads)} records in {_heads_path(file).name}")
    _print_sealed_findings(found)


def _print_sealed_findings(found: Verification) -> None:
    """Print the events that were sealed though no rules let them happen; then end with 1."""
    _print_findings(found.discrepancies)
    if not found.judged:
        output.line("sealed unjudged, as that takes long here: `peelflow verify --judge` does it")
    if found.discrepancies:
        output.line("sealed as it is, with what is told here: `peelflow verify` tells it again")
        raise typer.Exit(FINDINGS)


def _set_back_clocks(register: Register) -> tuple[Discrepancy, ...]:
    return set_back_clocks(register.store, register.session().now)


def _heads_path(file: Path) -> Path:
    return file.with_name(file.name + HEADS_SUFFIX)


def _read_key(file: Path | None) -> SealKey | None:
    return None if file is None else seal_key_from(read_bytes(file))


@frozen
class GivenSeal:
    """What a register or an export is held to: a seal, the heads beside it, and its key.

    Attributes:
        sealed: The seal; None where none is given.
        heads: The heads beside it.
        key: The key it is to be signed with.
    """

    sealed: Seal | None = None
    heads: Heads | None = None
    key: SealKey | None = None

    @classmethod
    def read(cls, file: Path | None, key_file: Path | None) -> Self:
        """Read a seal with what lies beside it, and the key.

        Args:
            file: The seal's file; None where none is given.
            key_file: The key's.

        Raises:
            InvalidRequest: A file cannot be read, or is something else.
        """
        if file is None:
            return cls()
        heads_path = _heads_path(file)
        heads = heads_from(read_text(heads_path)) if heads_path.exists() else None
        return cls(seal_from(read_text(file)), heads, _read_key(key_file))

    def uncovered(self, events: int) -> str:
        """Return how many events it says nothing of; an empty text where there are none.

        Args:
            events: How many there are now.
        """
        return "" if self.sealed is None else uncovered_sentence(self.sealed, events)


def verify(
    export: Annotated[
        Path | None,
        typer.Argument(metavar="[EXPORT]", help="An export to verify, without any register."),
    ] = None,
    *,
    seal: Annotated[
        Path | None, typer.Option("--seal", help="Hold it against this seal, too.")
    ] = None,
    key: SealKeyOption = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Judge each event by its rules, however long it takes.")
    ] = False,
    documents: DocumentsOption = None,
    location: RegisterOptions,
) -> None:
    """Look for any change that was made behind the register's back.

    Without a seal, a change is found that does not make the chain of digests anew; with one, every
    change and removal before it. Where all fits, each event is judged by the rules kept beside it.
    """
    given = GivenSeal.read(seal, key)
    if export is not None:
        subject = str(export)
        found = _verify_export_file(export, given, judge=judge, rules=location.rules)
    else:
        subject = location.register
        found = _verify_located(location, given, judge=judge, documents=documents)
    _print_verified(subject, given, found)
    if found.discrepancies:
        unchecked_alone = {finding.code for finding in found.discrepancies} == {SEAL_UNCHECKED}
        raise typer.Exit(UNDETERMINED if unchecked_alone else FINDINGS)


def _print_verified(subject: str, given: GivenSeal, found: Verification) -> None:
    """Print what was found, and what was not looked at."""
    findings = found.discrepancies
    _print_findings(findings)
    if findings:
        output.line(f"{subject}: {len(findings)} finding{'s' if len(findings) > 1 else ''}")
    else:
        sealed = f", and as it was sealed at {given.sealed}" if given.sealed else ""
        signed = f", signed with {given.key.public:.16}…" if given.sealed and given.key else ""
        output.line(f"{subject}: everything fits{sealed or '; no seal was given'}{signed}")
    for note in _judgement_notes(found):
        output.line(f"{subject}: {note}")


def _verify_opened(register: Register, given: GivenSeal, *, judge: bool) -> Verification:
    """Verify a register; judge its events if they are few, or that is asked for."""
    events = _event_count(register)
    _print_uncovered(given, register.store.url, events)
    return verify_register(
        register.store,
        register.documents,
        register.session,
        sealed=given.sealed,
        heads=given.heads,
        key=given.key,
        judged=judge or (events is not None and events <= JUDGED_UNASKED),
    )


def _event_count(register: Register) -> int | None:
    """Return how many events a register has, None where it does not say: a finding of its own."""
    try:
        return register.position()
    except StoreUnavailable:
        return None


def _print_uncovered(given: GivenSeal, subject: str, events: int | None) -> None:
    """Print first how much a seal leaves out: what came after it is not held to it."""
    sentence = given.uncovered(events or 0)
    if sentence:
        output.line(f"{subject}: {sentence}")


def _judgement_notes(found: Verification) -> Iterator[str]:
    """Say in words what was not judged, and what could not be looked at."""
    yield from found.unchecked
    unfit = {finding.code for finding in found.discrepancies} - {SEAL_UNCHECKED, CLOCK_BACK}
    if not found.judged and unfit:
        yield "no event was judged by its rules: what they rest on has to fit first"
    elif not found.judged:
        yield "no event was judged by its rules, which takes long here: --judge does it"
    yield from _assumed_notes(found.assumed)
    yield from found.unjudged


def _assumed_notes(assumed: Sequence[str]) -> Iterator[str]:
    if assumed:
        names = ", ".join(f"`{name}`" for name in assumed)
        yield f"taken to hold, for want of its function: the predicate {names}"


def _verify_located(
    location: RegisterOptions, given: GivenSeal, *, judge: bool, documents: Path | None
) -> Verification:
    """Verify a register; that its file cannot be opened, or not be read, is a finding too."""
    try:
        with location.opened(documents=documents) as register:
            if documents is None and isinstance(register.documents, DocumentFolder):
                folder = register.documents.path
                sentence = f"its documents were read in `{folder}`, which it remembers"
                output.line(f"{location.register}: {sentence}")
            found = _verify_opened(register, given, judge=judge)
            for note in () if found.discrepancies else register.services.kept_rules.unfiled_notes():
                output.error_line(f"{location.register}: {note}")
            return found
    except StoreUnavailable as fault:
        is_damage = isinstance(fault.__cause__, sqlite3.Error) or "schema" in fault.why
        is_ours = is_damage and _is_register(Path(fault.url.removeprefix("sqlite:///")))
        if not (is_ours or fault.why.startswith(SCHEMA_GONE)):
            raise
        return Verification((Discrepancy("", 0, "store-unreadable", fault.why),))


def _is_register(file: Path) -> bool:
    """Return whether a SQLite file bears peelflow's mark, which stands at byte 68."""
    try:
        header = read_regular(file, 72) or b""
    except (OSError, ValueError):  # the URL of a database, or nothing that can be read
        return False
    return int.from_bytes(header[68:72]) == APPLICATION_ID


def _verify_export_file(
    export: Path, given: GivenSeal, *, judge: bool, rules: list[Path] | None
) -> Verification:
    """Verify an export by itself; judge its events in a register of their own.

    It is read once, so that all of it is looked at as it was at one moment.
    """
    with private_lines(export) as lines:

        def anew() -> TextIO:
            lines.seek(0)
            return lines

        events = sum(1 for _ in feed_of_export(anew()))
        _print_uncovered(given, str(export), events)
        of_seal = () if given.sealed is None else signature_discrepancies(given.sealed, given.key)
        findings = [*of_seal, *verify_export(anew())]
        if given.sealed is not None:
            findings += seal_discrepancies(feed_of_export(anew()), given.sealed, given.heads)
        if findings or not (judge or events <= JUDGED_UNASKED):
            rows = (row for _, row in feed_of_export(anew()))
            return Verification((*findings, *clock_discrepancies(rows, utc_now())))
        with Register.open("memory:", rulebook=rulebook_of(rules)) as register:
            return judge_export(register.services, anew())


def export(
    file: Annotated[Path, typer.Argument(help="The file to write, in JSON lines.")],
    *,
    replace: ReplaceOption = False,
    documents: DocumentsOption = None,
    location: RegisterOptions,
) -> None:
    """Write the whole register to one file, FILE.jsonl, which `peelflow import` takes anywhere."""
    with (
        location.opened(documents=documents) as register,
        output_stream(file, replace=replace) as stream,
    ):
        stream.writelines(f"{line}\n" for line in register.export())
        found = _set_back_clocks(register)
    output.line(f"{file}: written; `peelflow verify {file}` checks it anywhere")
    _print_findings(found)


def backup(
    file: Annotated[Path, typer.Argument(help="The copy to write.")],
    *,
    replace: ReplaceOption = False,
    documents: DocumentsOption = None,
    location: RegisterOptions,
) -> None:
    """Copy a running register whole into one file, with its documents, and verify the copy.

    A register in a file becomes such a file again, which any command opens; one in a database
    becomes an export, FILE.jsonl, which `peelflow import` takes.
    """
    check_output_file(file, replace=replace)
    with location.opened(documents=documents) as register:
        made = backup_register(register, file, replace=replace)
    kind = "a register of its own" if made.is_register else "an export"
    output.line(f"{file}: {kind}, verified, with {made.events} events")
    output.line("no event of it was judged by its rules: `peelflow verify` of the copy does it")
    _print_findings(made.found)


def _print_findings(found: Sequence[Discrepancy]) -> None:
    for finding in found:
        output.line(str(finding))
