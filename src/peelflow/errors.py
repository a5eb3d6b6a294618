"""The faults peelflow reports: diagnostics about rule files, and one tree of exceptions.

PeelflowError
├── InvalidRules (ValueError)        a rulebook has faults; carries every Diagnostic
├── Refused                          the rules refuse an act; carries the Refusal
├── InvalidRequest (ValueError)      what was asked cannot be meant: unknown category, field, text
│   ├── UnstorableText               a text no store can keep (NUL, lone surrogate)
│   ├── NotPermitted                 another role, side or appointed person may do it
│   ├── Unverified                   what is kept does not fit, or lacks something
│   ├── KeyReused                    a key came back with another request
│   ├── EventVoided                  a request repeats an event that was voided
│   └── InspectorateOnly             another side takes over what only the inspectorate enters
├── UnknownRecord (LookupError)      no record of that id
├── UnknownDocument (LookupError)    no document of that digest
├── StoreError
│   ├── Conflict                     somebody else moved what this decision read
│   │   └── NamesBrought             names came in since a decision that brings some read those
│   ├── RulesMismatch                the store keeps other rules under that name and version
│   ├── StoreBusy (TimeoutError)     the store stayed locked for too long
│   ├── StoreVersion                 the store's schema is newer than this peelflow
│   └── StoreUnavailable             the file is no peelflow store, or is damaged
│       └── AnswerLost               the server went away before it said what is kept
└── MissingDependency (ImportError)  an optional dependency is not installed

Each has a `code` that stays, and keeps its parts as attributes, also when it is copied or pickled.
`Refused` stands in `model.decisions`, beside the refusal that it carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import field

from peelflow.results import Result, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date


Severity = Literal["error", "note"]
LONGEST_TEXT = 500  # what a sentence repeats of a text that somebody gave


@frozen(order=True)
class Span(Result):
    """A place in a rule file: `line` and `column` count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Span("<built>")


@frozen(order=True)
class Diagnostic(Result):
    """One fault in a rule file: where, a stable code, what is so, and what to do instead.

    `related` is the line of other rules that it is held against, where there is one; `steps` is a
    walk that shows the fault, each step with the rule that allows it.
    """

    span: Span
    code: str
    sentence: str
    help: str
    severity: Severity = field(default="error")
    related: Span | None = field(default=None, order=False)
    steps: tuple[tuple[Span, str], ...] = field(default=(), order=False)

    def __str__(self) -> str:
        mark = "" if self.severity == "error" else "note: "
        walk = "".join(f"\n    {n}. {span}: {said}" for n, (span, said) in enumerate(self.steps, 1))
        also = f"\n    against {self.related}" if self.related else ""
        said = f"{self.span}: {self.code}: {mark}{self.sentence}"
        return f"{said}{walk}\n    help: {self.help}{also}"


SHAPE_CODES = frozenset(
    {
        "ambiguous-transition",
        "dead-end",
        "endless-system",
        "final-due",
        "final-leaves",
        "mixed-sides",
        "reopens-not-final",
        "system-shared",
        "timed-not-system",
        "trap-state",
        "unreachable-state",
    }
)
"""Faults of a lifecycle's shape, which often only follow from what else is wrong with it."""


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics by file; in each by place, those of its shape last."""

    def place(fault: Diagnostic) -> tuple[str, bool, Diagnostic]:
        return fault.span.file, fault.code in SHAPE_CODES, fault

    return tuple(sorted(diagnostics, key=place))


class PeelflowError(Exception):
    """Anything peelflow raises on purpose. `code` is stable: a program may look at it."""

    code: ClassVar[str] = "peelflow"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_error, (type(self), self.args, vars(self))


def _restored_error(
    kind: type[PeelflowError], args: tuple[object, ...], parts: Mapping[str, object]
) -> PeelflowError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(parts)
    return error


class InvalidRules(PeelflowError, ValueError):
    """A rulebook has faults, all of them in `diagnostics`: by file and place, of the shape last."""

    code: ClassVar[str] = "invalid-rules"
    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = ordered(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class InvalidRequest(PeelflowError, ValueError):
    """A request that cannot be meant: `what` it names, why not, and what to do instead."""

    code: ClassVar[str] = "invalid-request"
    what: str
    why: str
    instead: str

    def __init__(self, what: str, why: str, instead: str) -> None:
        self.what, self.why, self.instead = what, why, instead
        super().__init__(f"{_shortened(what)}: {_shortened(why)}; {instead}")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


class UnstorableText(InvalidRequest):
    """A text that no store can keep unchanged."""

    code: ClassVar[str] = "unstorable-text"

    def __init__(self, what: str) -> None:
        super().__init__(
            what, "holds a NUL or a lone surrogate, which no store keeps", "remove that character"
        )


class InspectorateOnly(InvalidRequest):
    """A record is taken over in a state that the inspectorate alone enters, on another's word.

    Attributes:
        record: The record's id.
        state: The state.
        rules: The lifecycle that it is taken over under.
        role: Who says that it stands there.
        roles: Whose word it takes.
    """

    code: ClassVar[str] = "inspectorate-only"
    record: str
    state: str
    rules: str
    role: str
    roles: tuple[str, ...]

    def __init__(
        self, record: str, state: str, rules: str, role: str, roles: tuple[str, ...]
    ) -> None:
        self.record, self.state, self.rules, self.role, self.roles = (
            *(record, state, rules),
            *(role, roles),
        )
        theirs = " or ".join(f"`{name}`" for name in roles)
        super().__init__(
            f"{record}: the state `{state}`",
            f"is entered by {theirs} alone under {rules}, and `{role}` says that it stands there",
            f"name {theirs} as who decided, who recorded it, and their letter or portal entry as "
            "the source",
        )


class NotPermitted(InvalidRequest):
    """Who acts may not do this: another role does, another side, or somebody who is appointed."""

    code: ClassVar[str] = "not-permitted"


class Unverified(InvalidRequest):
    """What is kept or comes in does not fit, so it is not sealed, exported or taken in.

    `discrepancies` is all that was found, where all of it was looked for.
    """

    code: ClassVar[str] = "unverified"
    discrepancies: tuple[Result, ...]

    def __init__(
        self, what: str, why: str, instead: str, discrepancies: tuple[Result, ...] = ()
    ) -> None:
        self.discrepancies = discrepancies
        super().__init__(what, why, instead)


class KeyReused(InvalidRequest):
    """An idempotency key that already stands for another request on this record."""

    code: ClassVar[str] = "key-reused"
    record: str
    key: str

    def __init__(self, record: str, key: str) -> None:
        self.record, self.key = record, key
        super().__init__(
            f"key {key!r} of {record}",
            "already stands for another request",
            "use a new key, or repeat the first request unchanged",
        )


class EventVoided(InvalidRequest):
    """A request that repeats an event which was voided on day `on` since, by event `by`."""

    code: ClassVar[str] = "event-voided"
    record: str
    number: int
    on: date
    by: int

    def __init__(self, record: str, number: int, on: date, by: int) -> None:
        self.record, self.number, self.on, self.by = record, number, on, by
        super().__init__(
            f"event {number} of {record}",
            f"was kept for this request, and voided on {on}",
            "give the request a new key to do it again",
        )


class UnknownRecord(PeelflowError, LookupError):
    """No record has this id."""

    code: ClassVar[str] = "unknown-record"
    record: str

    def __init__(self, record: str) -> None:
        self.record = record
        super().__init__(f"no record is called {record!r:.80}; list the records to see their ids")


class UnknownDocument(PeelflowError, LookupError):
    """No document with this digest was kept."""

    code: ClassVar[str] = "unknown-document"
    digest: str

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"no document {digest[:12]}… is kept here; keep its content first")


class StoreError(PeelflowError):
    """The store could not do what it was asked; nothing is kept, unless it is an `AnswerLost`."""

    code: ClassVar[str] = "store-error"


class Conflict(StoreError):
    """`record` moved from event number `expected` to `found` since this decision read it.

    With `transaction_lost`, an application's transaction that the register had joined cannot go on.
    """

    code: ClassVar[str] = "conflict"
    record: str
    expected: int
    found: int
    transaction_lost: bool

    def __init__(
        self, record: str, *, expected: int, found: int, transaction_lost: bool = False
    ) -> None:
        self.record, self.expected, self.found = record, expected, found
        self.transaction_lost = transaction_lost
        super().__init__(
            f"{record} could not be moved beside another writer; "
            "roll the transaction back, read it again and decide anew"
            if transaction_lost
            else f"{record} moved from event {expected} to {found} meanwhile; "
            "nothing was kept, read it again and decide anew"
        )


class NamesBrought(Conflict):
    """Names came into the register since a decision that brings some read those it had."""

    code: ClassVar[str] = "names-brought"

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__("names", expected=expected, found=found)
        what = f"names were brought {found} times by now, and {expected} times as they were read"
        StoreError.__init__(self, f"{what}; nothing was kept, read them again and decide anew")


class RulesMismatch(StoreError):
    """The store keeps a lifecycle of this name and version that means something else."""

    code: ClassVar[str] = "rules-mismatch"
    name: str
    version: int
    instead: str

    def __init__(self, name: str, version: int, *, instead: str | None = None) -> None:
        self.name, self.version = name, version
        self.instead = instead or f"give the edited rules version {version + 1}"
        super().__init__(
            f"the store keeps other rules as {name}@{version}, whose records can be read and not "
            f"written to; nothing was kept, {self.instead}"
        )


class StoreBusy(StoreError, TimeoutError):
    """The store stayed locked by another writer for longer than we wait."""

    code: ClassVar[str] = "store-busy"
    url: str

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"{url} stayed locked by another writer; nothing was kept, try again")


class StoreVersion(StoreError):
    """The store was written by a newer peelflow."""

    code: ClassVar[str] = "store-version"
    url: str
    found: int
    known: int

    def __init__(self, url: str, *, found: int, known: int) -> None:
        self.url, self.found, self.known = url, found, known
        super().__init__(
            f"{url} has schema {found}, newer than schema {known} known here; upgrade peelflow"
        )


class StoreUnavailable(StoreError):
    """No store answers there, it is damaged or closed, or it has not what it needs to go on."""

    code: ClassVar[str] = "store-unavailable"
    _says: ClassVar[str] = "cannot be used as a store"
    _settles: ClassVar[str] = "check the path or restore it"
    url: str
    why: str
    instead: str

    def __init__(self, url: str, why: str, *, instead: str | None = None) -> None:
        self.url, self.why = url, why
        self.instead = instead or self._settles
        super().__init__(f"{url} {self._says}: {why}; {self.instead}")


class AnswerLost(StoreUnavailable):
    """The server went away after it was asked to keep something and before it answered.

    Whether it is kept is undetermined: the same request with the same key settles it.
    """

    code: ClassVar[str] = "answer-lost"
    _says: ClassVar[str] = "went away before it answered, and this may be kept or not"
    _settles: ClassVar[str] = "repeat the request with its key, or read the record, to learn which"


class MissingDependency(PeelflowError, ImportError):
    """An optional dependency is missing; `extra` names what to install."""

    code: ClassVar[str] = "missing-dependency"
    extra: str
    needs: str

    def __init__(self, extra: str, needs: str) -> None:
        self.extra, self.needs = extra, needs
        super().__init__(f"{needs} is not installed; run: pip install 'peelflow[{extra}]'")
