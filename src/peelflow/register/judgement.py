"""Judge the acts that are kept again, each by the rules kept beside it, as on its own day.

A chain that was made anew fits, whatever it says. Whoever makes one has to write acts that the
rules would have let somebody do, or they are told here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from attrs import evolve, field

from peelflow.engine.fold import as_corrected, steps_after_re_entry
from peelflow.engine.standing_events import each_as_recorded
from peelflow.errors import InvalidRequest, PeelflowError, StoreUnavailable
from peelflow.model.decisions import Act, Context, Predicate, Refused
from peelflow.model.records import (
    PEELFLOW,
    Added,
    Corrected,
    Event,
    Migrated,
    Record,
    Relevelled,
    TakenOver,
    TransitionTaken,
)
from peelflow.register.archive import held_to_events, set_back_clocks
from peelflow.register.context import changed_context
from peelflow.register.joint import check_shown_id
from peelflow.register.kept_acts import why_not_as_recorded
from peelflow.register.kept_appointments import KnownAppointments
from peelflow.register.kept_before import TakenBefore, context_as_kept, is_of_before
from peelflow.register.kept_documents import DocumentWords, NamedDocuments
from peelflow.register.kept_fields import each_day_left
from peelflow.register.kept_hierarchy import ClosedParents, open_below_closed
from peelflow.register.kept_joint import each_joint_fault
from peelflow.register.kept_links import (
    KnownParents,
    each_link_fault,
    each_put_below,
    has_parent,
)
from peelflow.register.kept_moves import unknown_plan, why_move_unlawful
from peelflow.register.kept_steps import (
    each_step_missing,
    each_step_moved_alone,
    has_steps_at_once,
    why_not_at_once,
)
from peelflow.register.known_names import KnownNames, people_of
from peelflow.register.named_records import each_withdrawn_named, is_ring_of_before, say_ring
from peelflow.register.permission import (
    ContextChange,
    is_move_permitted,
    no_appointment_sentence,
)
from peelflow.register.recheck import (
    check_as_recorded,
    check_place,
    check_word_given,
    why_alike,
)
from peelflow.register.replay import each_event_with_record, why_act_unlawful
from peelflow.register.rule_faults import rule_faults
from peelflow.register.session import Session
from peelflow.register.undeclared import UndeclaredWords, first_names
from peelflow.results import define, frozen
from peelflow.stores.base import RECORDS_AT_ONCE, DocumentStore, RecordQuery, Store, chunked
from peelflow.stores.integrity import Discrepancy
from peelflow.stores.seals import Heads, Seal, SealKey, signature_discrepancies
from peelflow.stores.soundness import entry_of
from peelflow.texts import SPELT_ALIKE, alike_name, are_alike, is_alike_as_number

JUDGED_UNASKED = 50_000
"""How many events are judged unasked: more of them take longer than somebody waits for."""
UNLAWFUL = "act-unlawful"
SessionFactory = Callable[[], Session]


@frozen
class Verification:
    """What came of verifying a register.

    Attributes:
        discrepancies: All that does not fit; then each event that its rules would not let happen.
        judged: Whether the events were judged by their rules. They are not where something else
            does not fit: it may be what they rest on.
        assumed: The predicates that were taken to hold, as no function was given for them.
        unchecked: What of the database itself could not be looked at.
        unjudged: What nobody can tell here, in words: which fields and question sets there are and
            by which plans records moved, where only files say so that are not here; as what
            documents were kept; and whether the system left out a step that asks more than its own
            record.
    """

    discrepancies: tuple[Discrepancy, ...]
    judged: bool = False
    assumed: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


def verify_register(
    store: Store,
    documents: DocumentStore,
    session_factory: SessionFactory,
    *,
    sealed: Seal | None = None,
    heads: Heads | None = None,
    key: SealKey | None = None,
    judged: bool = True,
) -> Verification:
    """Hold everything that is kept to its events, and each event to the rules kept beside it.

    Args:
        store: What keeps the events.
        documents: What keeps the documents.
        session_factory: Begins a session that reads from the store.
        sealed: A seal that was kept elsewhere.
        heads: The heads that came with it.
        key: The key that the seal is to be signed with.
        judged: Whether the events are judged, where all else fits.
    """
    of_seal = tuple(signature_discrepancies(sealed, key)) if sealed is not None else ()
    words = DocumentWords()
    discrepancies = held_to_events(
        store, documents, sealed=sealed, heads=heads, note=words.keep_document
    )
    with store.snapshot() as kept:
        unchecked = tuple(kept.unchecked())
    if discrepancies or not judged:
        clocks = () if discrepancies else set_back_clocks(store, session_factory().now)
        return Verification((*of_seal, *discrepancies, *clocks), unchecked=unchecked)
    found = judge_events(store, session_factory, words=words)
    discrepancies = *of_seal, *found.discrepancies
    return evolve(found, discrepancies=discrepancies, unchecked=unchecked)


@frozen
class AssumedPredicates(Mapping[str, Predicate]):
    """The predicates that an application gave; any other is taken to hold, and noted.

    Attributes:
        given: Those that it gave.
        assumed: The names of the others, as they were asked for.
    """

    given: Mapping[str, Predicate]
    assumed: set[str] = field(factory=set)

    def __getitem__(self, name: str) -> Predicate:
        if name in self.given:
            return self.given[name]
        self.assumed.add(name)
        return _holds

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def _holds(record: Record, act: Act, context: Context) -> bool:
    del record, act, context
    return True


def judge_events(
    store: Store, session_factory: SessionFactory, *, words: DocumentWords | None = None
) -> Verification:
    """Judge every event of a store by the rules that its record pinned as it happened.

    What was corrected is judged as it is known by now, and so are the people, inspections and
    children that an act looked at. Each event is held to what verbs ask beside the rules, too, as
    it was recorded; and where each record lies and what it is called, as it stands.

    Args:
        store: What keeps the events.
        session_factory: Begins a session that reads from it.
        words: What is known of its documents, where they were read; else they are read.
    """
    first = session_factory()
    discrepancies = [*_each_of_all(store, first)]
    assumed, names, parents, untold = set[str](), KnownNames(), KnownParents(), _Untold()
    for records in chunked(store.records(RecordQuery(withdrawn=True)), RECORDS_AT_ONCE):
        session = session_factory()
        predicates = AssumedPredicates(session.services.predicates, assumed)
        histories = store.histories([record.id for record in records])
        session.read(tuple(dict.fromkeys(_each_beside(records))))
        for record in records:
            steps = _Steps(tuple(entry.event for entry in histories.get(record.id, ())))
            found = [
                *_each_told(record, _unlawful_events(session, steps, predicates, untold)),
                *_each_told(record, _unrecordable_events(session, steps, predicates)),
                *_each_told(record, _unfit_records(session, record, steps, names, untold)),
            ]
            numbers = {each.event for each in found if each.event}
            missed = _each_as_recorded_fault(session, steps, predicates, untold)
            found += (each for each in _each_told(record, missed) if each.event not in numbers)
            found += _each_told(record, _misput_events(session, record, steps.history, parents))
            found += _each_told(record, untold.each_unnoted(session, record, steps.history))
            discrepancies += dict.fromkeys(found)
    of_documents, unknown = untold.documents.judged(
        store, first.services.documents if words is None else words, beside=discrepancies
    )
    discrepancies += of_documents
    sentences = (*untold.sentences(), *unknown)
    return Verification(
        tuple(discrepancies), judged=True, assumed=tuple(sorted(assumed)), unjudged=sentences
    )


def _each_of_all(store: Store, session: Session) -> Iterator[Discrepancy]:
    """Yield what is found of no record alone: of the kept rules, and of the clock."""
    for why in rule_faults(store, session.rulebook):
        yield Discrepancy("", 0, UNLAWFUL, why)
    yield from set_back_clocks(store, session.now)


_UNFORESEEN = (LookupError, TypeError, ValueError, AttributeError, StoreUnavailable)
"""What reading a history raises that no verb made, or whose rules are gone.

That a store is busy is raised on: whoever asks again is told.
"""


def _each_told(record: Record, found: Iterable[Discrepancy]) -> Iterator[Discrepancy]:
    """Yield what is found; what ends the judging early is found too.

    # INVARIANT: where a record is not judged to its end, something is found at it. Nothing else
    # was: what an event names is kept, or nobody came to judge.
    """
    try:
        yield from found
    except _UNFORESEEN as fault:
        yield _unjudgeable(record.id, 0, fault)


def _unjudgeable(record: str, event: int, fault: Exception) -> Discrepancy:
    what = fault if isinstance(fault, PeelflowError) else f"{type(fault).__name__}: {fault}"
    return Discrepancy(record, event, UNLAWFUL, f"it cannot be judged: {what}")


_StepName = tuple[str, str]
"""A step's trigger, and the lifecycle that has it."""


@define(eq=False)
class _Untold:
    """What nobody can tell here, with the records of which that is so."""

    words: UndeclaredWords = field(factory=UndeclaredWords)
    documents: NamedDocuments = field(factory=NamedDocuments)
    appointments: KnownAppointments = field(factory=KnownAppointments)
    appointed_later: list[Event] = field(factory=list)
    taken_before: TakenBefore = field(factory=TakenBefore)
    closed: ClosedParents = field(factory=ClosedParents)
    free: set[str] = field(factory=set, repr=False)
    plans: dict[str, None] = field(factory=dict)
    rings: dict[str, None] = field(factory=dict)
    steps: dict[_StepName, dict[str, None]] = field(factory=dict)

    def each_unnoted(
        self, session: Session, record: Record, history: Sequence[Event]
    ) -> Iterator[Discrepancy]:
        """Note the words, documents and plans of a record; that one is not noted is raised."""
        if is_ring_of_before(session, record):
            self.rings[record.id] = None
        self.plans |= dict.fromkeys(_unknown_plans(session, history))
        self.words.note(session, record, history)
        self.documents.note(session, history)
        self.taken_before.note(history)
        yield from ()

    def note_appointed(
        self,
        session: Session,
        history: Sequence[Event],
        event: Event,
        record: Record,
        as_kept: ContextChange,
    ) -> None:
        """Note an act that rests on an appointment which was recorded later, or once on none."""
        known = self.appointments
        self.taken_before.note_act(session, event, record, as_kept)
        if known.rests_on_later(session, history, event, record, change_context=as_kept):
            self.appointed_later.append(event)

    def sentences(self) -> Iterator[str]:
        """Yield it in words."""
        for event in self.appointed_later:
            what = f"whether who did event {event.number} of {event.record}, or signed for it,"
            yield f"not judged: {what} was appointed then: that was recorded a day or more later"
        yield from self.words.sentences()
        yield from self.taken_before.sentences()
        yield from self.closed.sentences()
        yield from self.plans
        if self.rings:
            closed = "stands closed in favour of what is closed in favour of it"
            yield f"{closed}, as an earlier peelflow let it: {first_names(self.rings)}"
        for (trigger, rules), records in sorted(self.steps.items()):
            left_out = f"whether the system left out `{trigger}` of {rules}"
            asks = "for it asks more than its own record"
            yield f"not judged: {left_out} on {first_names(records)}, {asks}"


def _unknown_plans(session: Session, history: Sequence[Event]) -> Iterator[str]:
    """Yield in words each plan that a record was moved by and that is not here."""
    if not any(isinstance(event.what, Relevelled | Migrated) for event in history):
        return  # as of most: nothing is folded once more
    moved = as_corrected(history)
    for event, record in each_event_with_record(moved):
        if record is not None and isinstance(event.what, Relevelled | Migrated):
            said = unknown_plan(session, event.what, record)
            if said:
                yield f"not judged: {said}"


def _each_beside(records: Iterable[Record]) -> Iterator[str]:
    """Yield the ids of some records with others above or below them, and of what succeeds some."""
    for record in records:
        if record.children:
            yield record.id  # whose history is asked for, too
        yield from record.children
        if record.successor is not None:
            yield record.successor
        if record.parent is not None:
            yield record.parent


@define(eq=False)
class _Steps:
    """All events of a record, with the record before and after each: folded once for all."""

    history: Sequence[Event]
    _known: list[tuple[Event, Record | None, Record]] = field(factory=list, init=False)
    _rest: Iterator[tuple[Event, Record | None, Record]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rest = each_as_recorded(self.history)

    def as_recorded(self) -> Iterator[tuple[Event, Record | None, Record]]:
        """Yield each event with the record as it stood before and after it when it was recorded."""
        yield from self._known
        for step in self._rest:
            self._known.append(step)
            yield step

    def standing(self) -> Iterator[tuple[Event, Record | None]]:
        """Yield each event that stands, as it is known by now, with the record before it."""
        if any(isinstance(event.what, Corrected) for event in self.history):
            return each_event_with_record(as_corrected(self.history))
        return ((event, before) for event, before, _ in self.as_recorded())

    def standing_numbers(self) -> frozenset[int]:
        """Return the numbers of the events that stand."""
        is_corrected = any(isinstance(event.what, Corrected) for event in self.history)
        events = as_corrected(self.history) if is_corrected else self.history
        return frozenset([event.number for event in events])


def _unlawful_events(
    session: Session, steps: _Steps, predicates: AssumedPredicates, untold: _Untold
) -> Iterator[Discrepancy]:
    for event, record in steps.standing():
        try:
            why = _why_unlawful(session, event, record, predicates)
            if not why and record is not None:
                as_kept = context_as_kept(session, event, record, predicates)
                untold.note_appointed(session, steps.history, event, record, as_kept)
        except InvalidRequest as fault:
            why = str(fault)
        except _UNFORESEEN as fault:
            yield _unjudgeable(event.record, event.number, fault)
            return
        if why:
            yield Discrepancy(event.record, event.number, UNLAWFUL, why)


def _unrecordable_events(
    session: Session, steps: _Steps, predicates: AssumedPredicates
) -> Iterator[Discrepancy]:
    """Yield each event that no verb records, whatever its rules say of it.

    What an inspection covered when something was said that was voided since is not asked.
    """
    standing = steps.standing_numbers()

    def as_given(context: Context) -> Context:
        return changed_context(context, {"predicates": predicates})

    def as_voided(context: Context) -> Context:
        return changed_context(context, {"predicates": predicates, "inspection": None})

    for event, before, after in steps.as_recorded():
        try:
            earlier, change = steps.history[: event.number - 1], as_voided
            if event.number in standing:
                change = as_given
            check_as_recorded(session, earlier, event, before, after, change_context=change)
        except Refused as refused:
            why = "; ".join(reason.sentence for reason in refused.reasons)
            yield Discrepancy(event.record, event.number, UNLAWFUL, why)
        except InvalidRequest as fault:
            yield Discrepancy(event.record, event.number, UNLAWFUL, str(fault))
        except _UNFORESEEN as fault:
            yield _unjudgeable(event.record, event.number, fault)
            return


def _each_as_recorded_fault(
    session: Session, steps: _Steps, predicates: AssumedPredicates, untold: _Untold
) -> Iterator[Discrepancy]:
    """Yield what could not have been recorded so, though it may be corrected by now."""

    def as_given(context: Context) -> Context:
        return changed_context(context, {"predicates": predicates, "unseen_forces": ()})

    if not has_steps_at_once(session, steps.history):
        return
    yield from _each_unlawful_as_recorded(session, steps)
    recorded = steps.as_recorded()
    for missing in each_step_missing(session, steps.history, recorded, change_context=as_given):
        event = missing.event
        if missing.is_sure:
            yield Discrepancy(event.record, event.number, UNLAWFUL, missing.sentence)
        else:
            name = missing.trigger, missing.rules
            untold.steps.setdefault(name, {})[event.record] = None


def _each_unlawful_as_recorded(session: Session, steps: _Steps) -> Iterator[Discrepancy]:
    """Yield each event that was unlawful when it was recorded, and each step put elsewhere."""
    history = steps.history
    standing = {event.number for event in as_corrected(history)}
    anew = steps_after_re_entry(history)  # which stand elsewhere among the others
    for event, before, _ in steps.as_recorded():
        try:
            why = why_not_at_once(history[: event.number - 1], event) if before is not None else ""
            if not why and before is not None and event.number not in anew:
                why = why_not_as_recorded(session, event, before)
            if not why and event.number not in standing:
                why = _why_begun_unlawful(session, event)
        except _UNFORESEEN as fault:
            yield _unjudgeable(event.record, event.number, fault)
            return
        if why:
            yield Discrepancy(event.record, event.number, UNLAWFUL, why)
    for event, why in each_step_moved_alone(session, history):
        yield Discrepancy(event.record, event.number, UNLAWFUL, why)


def _unfit_records(
    session: Session,
    record: Record,
    steps: _Steps,
    names: KnownNames,
    untold: _Untold,
) -> Iterator[Discrepancy]:
    """Yield where a record lies and no verb would put it, and names that are two for a rule."""
    history = steps.history
    try:
        check_shown_id(session, record)
        check_place(session, record, untold.free)
    except InvalidRequest as fault:
        yield Discrepancy(record.id, 0, UNLAWFUL, str(fault))
    why = why_alike(session, names, record, history)
    if why:
        yield Discrepancy(record.id, 0, UNLAWFUL, why)
    ring = say_ring(session, record)
    if ring and not is_ring_of_before(session, record):
        yield Discrepancy(record.id, 0, UNLAWFUL, ring)
    for event, what in (
        *each_withdrawn_named(session, record, history),
        *each_day_left(history, steps.as_recorded),
    ):
        yield Discrepancy(record.id, event.number, UNLAWFUL, what)
    yield from _people_alike(history)
    yield from _open_below(session, record, history, untold.closed)


def _open_below(
    session: Session, record: Record, history: Sequence[Event], parents: ClosedParents
) -> Iterator[Discrepancy]:
    """Yield where a child stands open below its parent that counts closed; note what was let be."""
    found = open_below_closed(session, record, history, parents)
    if found is not None and found.is_before:
        parents.note(record.id)
    elif found is not None:
        yield Discrepancy(found.event.record, found.event.number, UNLAWFUL, found.why)


def _misput_events(
    session: Session, record: Record, history: Sequence[Event], parents: KnownParents
) -> Iterator[Discrepancy]:
    """Yield each event that puts something below another, or follows that, as no verb does."""
    puts = tuple(each_put_below(history)) if has_parent(history) else ()
    for find in (each_link_fault, each_joint_fault):
        for fault in find(session, record, history, puts, parents):
            event = fault.event
            yield Discrepancy(event.record, event.number, UNLAWFUL, fault.why)


def _people_alike(history: Sequence[Event]) -> Iterator[Discrepancy]:
    """Yield each person who is spelt as another of the record is, or as peelflow calls itself."""
    people: dict[str, None] = {}
    for event in history:
        for person in people_of(event):
            alike = None if person in people else alike_name(person, people)
            if alike is not None and is_alike_as_number(person, alike):
                alike = None  # verbs let both of a register of before go on
            who = f"`{alike}`, who is on this record"
            if _is_as_peelflow(person) and not is_of_before(event):
                alike, who = PEELFLOW.person, "what peelflow calls itself"
            if alike is not None:
                why = f"the person {person!r} {SPELT_ALIKE} {who}"
                yield Discrepancy(event.record, event.number, UNLAWFUL, why)
            people[person] = None


@lru_cache(maxsize=1_024)
def _is_as_peelflow(person: str) -> bool:
    return are_alike(person, PEELFLOW.person)


def _why_unlawful(
    session: Session, event: Event, record: Record | None, predicates: AssumedPredicates
) -> str:
    """Return why an event could not have happened to a record as it then stood, or nothing."""
    if record is None:
        why = _why_begun_unlawful(session, event)
        if not why and isinstance(event.what, Added | TakenOver):
            check_word_given(session, event)
        return why
    as_kept = context_as_kept(session, event, record, predicates)
    match event.what:
        case TransitionTaken() as what:
            why = why_act_unlawful(session, event, what, record, change_context=as_kept)
            rules = f"under {record.lifecycle}, kept beside it"
            did = f"`{what.trigger}` by `{event.actor.role}`"
            return f"{did} is not lawful {rules}: {why}" if why else ""
        case Relevelled() | Migrated() as what:
            if not is_move_permitted(session, event, record, change_context=as_kept):
                return no_appointment_sentence(event, record)
            return why_move_unlawful(session, event, what, record)
        case _:
            return _why_begun_unlawful(session, event)


def _why_begun_unlawful(session: Session, event: Event) -> str:
    """Say that a record was added, or entered anew so, which can only be taken over."""
    entry = entry_of(event)
    if isinstance(entry, Added):
        rules = session.services.lifecycle_of(entry.lifecycle)
        if rules.begun_by is not None:
            return f"under {entry.lifecycle}, kept beside it, a record can only be taken over"
    return ""
