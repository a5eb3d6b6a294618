"""Do what a record's rules allow, with few words: what is missing is asked for, or told at once.

The commands are do and whoami. Every trigger is a verb of its own as well: `peelflow close R-1` is
`peelflow do R-1 close`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import evolve

from peelflow.cli import output
from peelflow.cli.options import (
    DocumentsOption,
    Format,
    FormatOption,
    InspectionOption,
    ProvenanceOptions,
    RecordArgument,
    RegisterOptions,
    SignatureOptions,
    SuccessorOption,
    complete_trigger,
    is_at_terminal,
    read_day,
    rulebook_of,
)
from peelflow.cli.record import fire_and_say
from peelflow.cli.settings import check_environment, current_settings
from peelflow.errors import InvalidRequest, PeelflowError
from peelflow.model.records import Record
from peelflow.model.requirements import Evidence, InspectionHeld, ReasonGiven, SuccessorNamed
from peelflow.model.rules import Lifecycle, Transition, each_transition
from peelflow.phrases import listed, suggestion
from peelflow.register.register import Register
from peelflow.results import frozen
from peelflow.rulebook.national import national
from peelflow.rulebook.rulebook import Rulebook

LetterOption = Annotated[
    Path | None, typer.Option("--letter", metavar="FILE", help="The letter to offer.")
]
CommentsOption = Annotated[
    Path | None, typer.Option("--comments", metavar="FILE", help="The comments to offer.")
]
ResponseOption = Annotated[
    Path | None, typer.Option("--response", metavar="FILE", help="The response to offer.")
]
NATIONAL_KINDS = ("letter", "comments", "response")


@frozen(kw_only=True)
class PaperOptions:
    """The documents to offer: one of a national kind, or those of a kind of the force's own."""

    letter: LetterOption = None
    comments: CommentsOption = None
    response: ResponseOption = None
    document: DocumentsOption = None

    def by_kind(self, kind: str) -> dict[str, list[Path]]:
        """Return the files by their kind.

        Args:
            kind: What `--document` gives.
        """
        given = {name: getattr(self, name) for name in NATIONAL_KINDS}
        files = {name: [path] for name, path in given.items() if path is not None}
        return files | ({kind: [*files.get(kind, []), *self.document]} if self.document else {})


@frozen(kw_only=True)
class ActParts:
    """What an act says; each part may be missing."""

    files: dict[str, list[Path]]
    signature: SignatureOptions
    provenance: ProvenanceOptions
    inspection: str | None = None
    successor: str | None = None


def do(
    record: RecordArgument,
    trigger: Annotated[
        str,
        typer.Argument(
            help="What to do; `peelflow show` lists what can be.", autocompletion=complete_trigger
        ),
    ],
    *,
    papers: PaperOptions,
    signature: SignatureOptions,
    inspection: InspectionOption = None,
    successor: SuccessorOption = None,
    provenance: ProvenanceOptions,
    location: RegisterOptions,
) -> None:
    """Act on a record, if its rules allow it; at a terminal, what is missing is asked for.

    Who acts stands in `peelflow.toml` or the environment, unless it is said.
    """
    parts = ActParts(
        files=papers.by_kind(signature.kind),
        signature=signature,
        provenance=provenance,
        inspection=inspection,
        successor=successor,
    )
    with location.opened() as register:
        trigger = _as_written(register, record, trigger)
        parts = _completed(register, register.record(record), trigger, parts)
        fire_and_say(
            register,
            record,
            trigger,
            files=parts.files,
            signature=parts.signature,
            inspection=parts.inspection,
            successor=parts.successor,
            provenance=parts.provenance,
        )


def _as_written(register: Register, record: str, trigger: str) -> str:
    """Return a trigger as the rules write it, where a hyphen stands for an underscore."""
    rules = register.lifecycle(register.record(record).lifecycle)
    return next((name for name in triggers_of(rules) if is_called(name, trigger)), trigger)


def is_called(trigger: str, word: str) -> bool:
    """Say whether a word on the command line is a trigger, with hyphens or underscores."""
    return trigger == word or trigger.replace("_", "-") == word


def triggers_of(rules: Lifecycle) -> tuple[str, ...]:
    """Return the triggers of a lifecycle, in the order of its file."""
    return tuple(dict.fromkeys(rule.trigger for rule in each_transition(rules)))


Need = tuple[str, str]
"""An option, and what to ask for it."""


def _completed(register: Register, record: Record, trigger: str, parts: ActParts) -> ActParts:
    """Return what an act says once nothing is missing that its rule surely needs."""
    needs = list(_needs(register, record, trigger, parts))
    if not needs:
        return parts
    if not is_at_terminal():
        options = listed([option for option, _ in needs])
        what, why = f"{record.id}: `{trigger}`", f"needs {options}"
        raise InvalidRequest(what, why, "give them, or act at a terminal to be asked")
    for option, question in needs:
        parts = _answered(parts, option.removeprefix("--"), question)
    return parts


def _needs(register: Register, record: Record, trigger: str, parts: ActParts) -> Iterator[Need]:
    """Yield what the rule for this actor asks for and is not given; nothing where there is none."""
    rules = register.lifecycle(record.lifecycle)
    role = parts.provenance.actor_role
    ways = rules.states[record.state].transitions
    rule = next((way for way in ways if way.trigger == trigger and role in way.by), None)
    if rule is None:
        return
    yield from _needs_of_rule(rule, record, parts)
    if rules.roles[role].side == "inspectorate":
        if parts.provenance.source is None:
            yield "--source", "The letter or portal reference it was read from"
        if parts.provenance.recorded_by is None:
            yield "--recorded-by", "Who types it"


def _needs_of_rule(rule: Transition, record: Record, parts: ActParts) -> Iterator[Need]:
    loose = {a.document.kind for a in record.attachments if a.document.digest not in record.spent}
    for requirement in rule.requires:
        match requirement:
            case Evidence(evidence=kind, signed_by=signers) if kind not in loose:
                if kind not in parts.files:
                    yield (f"--{kind}" if kind in NATIONAL_KINDS else "--document"), f"The {kind}"
                if signers and parts.signature.signed_by is None:
                    yield "--signed-by", f"Who signed the {kind}"
                if signers and parts.signature.signed_on is None:
                    yield "--signed-on", f"When the {kind} was signed, as 2023-03-30"
            case ReasonGiven() if parts.provenance.reason is None:
                yield "--reason", "Why, in words"
            case InspectionHeld() if parts.inspection is None:
                yield "--inspection", "The inspection it rests on"
            case SuccessorNamed() if parts.successor is None:
                yield "--successor", "What takes the record's place"
            case _:
                pass


def _answered(parts: ActParts, option: str, question: str) -> ActParts:
    """Return what an act says with one more answer."""
    reads: Any = read_day if option == "signed-on" else str
    answer: Any = typer.prompt(question, value_proc=reads, err=True)
    name = option.replace("-", "_")
    if name in NATIONAL_KINDS or name == "document":
        kind = parts.signature.kind if name == "document" else name
        return evolve(parts, files=parts.files | {kind: [Path(answer)]})
    if name in {"signed_by", "signed_on"}:
        return evolve(parts, signature=evolve(parts.signature, **{name: answer}))
    if name in {"inspection", "successor"}:
        return evolve(parts, **{name: answer})
    return evolve(parts, provenance=evolve(parts.provenance, **{name: answer}))


def whoami(*, form: FormatOption = Format.TABLE) -> None:
    """Show who acts, on which register and under which rules, and where that is set."""
    check_environment()
    if form is Format.XLSX:
        raise InvalidRequest("a workbook", "is no text to print", "choose another format")
    rows = [(name.replace("_", " "), *rest) for name, *rest in current_settings().rows()]
    output.rows(("setting", "value", "from"), rows, form)


def verb_of(trigger: str) -> Callable[..., None]:
    """Return the command that does one trigger.

    Args:
        trigger: Its name.
    """

    def verb(record: str, **options: Any) -> None:
        do(record, trigger, **options)

    declared = inspect.signature(do, eval_str=True)
    rest = [each for each in declared.parameters.values() if each.name != "trigger"]
    verb.__signature__ = declared.replace(parameters=rest)  # type: ignore[attr-defined]
    verb.__name__, verb.__doc__ = trigger, f"Do `{trigger}`, as `peelflow do` does."
    return verb


def trigger_called(word: str, commands: tuple[str, ...], words: Sequence[str] = ()) -> str:
    """Return the trigger that a word names, in the national rules or those that are in use.

    Args:
        word: The first word on the command line, which is no command.
        commands: The commands there are.
        words: The words behind it, which may name rule files.

    Raises:
        InvalidRequest: No trigger is called so.
        PeelflowError: The rules in use cannot be read, and no command is nearly called so.
    """
    known = national()
    paths = _rules_named(words) or current_settings().rules_in_use
    fault: PeelflowError | None = None
    if paths and _trigger_in(known, word) is None:
        try:
            known = rulebook_of([Path(path) for path in paths])
        except PeelflowError as error:  # told where no command was nearly meant
            fault = error
    found = _trigger_in(known, word)
    if found is not None:
        return found
    near = suggestion(word, (*commands, *_triggers_in(known)))
    is_near = near.startswith("did")
    if fault is not None and not is_near:
        raise fault
    instead = near if is_near else "`peelflow --help` lists the commands"
    raise InvalidRequest(f"the command {word!r}", "is none", instead)


def _triggers_in(known: Rulebook) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for rules in known.lifecycles for name in triggers_of(rules)))


def _trigger_in(known: Rulebook, word: str) -> str | None:
    """Return the trigger of some rules that a word on the command line is."""
    return next((name for name in _triggers_in(known) if is_called(name, word)), None)


def _rules_named(words: Sequence[str]) -> list[str]:
    """Return the rule files that words on the command line name, as they will be read."""
    behind = [following for word, following in pairwise(words) if word == "--rules"]
    return behind + [word[len("--rules=") :] for word in words if word.startswith("--rules=")]
