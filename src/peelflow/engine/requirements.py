"""Compile each requirement once to a check, judge it, and say what it needs where it does not hold.

All of it is pure: it reads the record, the act and the context, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import date
from functools import partial
from itertools import chain, product
from typing import assert_never

from peelflow.engine.calendar import (
    NO_PUBLICATION,
    due_day,
    last_day,
    latest_start,
    period_start,
    publication_day,
)
from peelflow.engine.documents import (
    ANY_USE,
    DocumentUse,
    find_document,
    has_appointment,
    say_never_entered,
    signed_from,
    signing_forces,
    window_start,
)
from peelflow.errors import Span
from peelflow.model.decisions import (
    Act,
    AnswersNeed,
    ChildrenNeed,
    Context,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    Inspection,
    InspectionNeed,
    Need,
    NeedAlternatives,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    RecordReference,
    StepNeed,
    SuccessorNeed,
)
from peelflow.model.question_sets import (
    QuestionSets,
    covers_question,
    equivalent_questions,
    in_order,
    questions_across,
)
from peelflow.model.questions import QUESTION_FIELD, inspected_set, question_of, question_set_of
from peelflow.model.records import LastDone, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
    AnyOf,
    Atom,
    ChildForEach,
    ChildrenClosed,
    DistinctFrom,
    Evidence,
    FieldSet,
    InspectionHeld,
    PredicateHolds,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import After, Role
from peelflow.phrases import say_days
from peelflow.results import frozen
from peelflow.texts import are_alike, is_blank
from peelflow.wording import say_due, say_remedy, say_unseen

CheckResult = str | tuple[str, ...]
JudgeFunction = Callable[[Record, Act, Context], CheckResult]
Needs = tuple[Need, ...]
HOLDS: tuple[str, ...] = ()
"""A result where nothing is wanting, and no document is used up."""
NO_QUESTION = "the record has no question, so no inspection is relevant to it"


@frozen(eq=False)
class Check:
    """A compiled requirement, which can be pickled.

    `judge` says in a text what is so where it does not hold; where it does, it returns the digests
    of the documents that an accepted act uses up (`HOLDS` when there are none).
    """

    judge: JudgeFunction
    instead: str
    span: Span

    def unmet(self, record: Record, act: Act, context: Context) -> str | None:
        """Return what is so where the requirement does not hold, None where it does."""
        result = self.judge(record, act, context)
        return result if isinstance(result, str) else None


def compile_check(
    requirement: Requirement, closes: tuple[str, ...], use: DocumentUse = ANY_USE
) -> Check:
    """Return the check of `requirement` on a transition that closes the ledgers `closes`.

    Args:
        requirement: What it asks for.
        closes: The ledgers.
        use: How the transition uses documents.
    """
    return Check(_judge_of(requirement, closes, use), say_remedy(requirement), requirement.span)


def compile_due(after: After, state: str) -> Check:
    """Return the check that a timed system transition out of `state` is due."""
    judge = partial(_judge_timed, after, state)
    return Check(judge, f"wait until {say_due(after, f'`{state}`')}", after.span)


def _judge_of(requirement: Requirement, closes: tuple[str, ...], use: DocumentUse) -> JudgeFunction:
    """Return a function of this module with its requirement, so that it can be pickled."""
    match requirement:
        case Evidence():
            return partial(_judge_evidence, requirement, use)
        case InspectionHeld():
            return partial(_judge_inspection, requirement)
        case ReasonGiven():
            return _judge_reason
        case FieldSet():
            return partial(_judge_field, requirement)
        case SuccessorNamed():
            return _judge_successor
        case ChildrenClosed():
            return partial(_judge_children, closes)
        case ChildForEach():
            return partial(_judge_answers, requirement, closes)
        case DistinctFrom():
            return partial(_judge_distinct, requirement)
        case Waited():
            return partial(_judge_waited, requirement)
        case AnyOf(any_of=choices):
            judges = tuple(
                tuple(_judge_of(atom, closes, use) for atom in atoms) for atoms in choices
            )
            return partial(_judge_any_of, judges)
        case PredicateHolds(predicate=name):
            return partial(_judge_predicate, name)
        case _:
            assert_never(requirement)


def done_in_window(record: Record, requirement: DistinctFrom) -> LastDone | None:
    """Return when its trigger was last done since its window began, None if it was not."""
    window = window_start(record, requirement.since)
    done = record.done.get(requirement.distinct_from)
    return done if window and done and done.number >= window.number else None


def wait_start(record: Record, requirement: Waited) -> date | None:
    """Return the day from which a wait counts, None if nothing says."""
    if requirement.since == PUBLISHED:
        return publication_day(record)
    window = window_start(record, requirement.since)
    return window.on if window else None


def may_act(roles: Mapping[str, Role], record: Record, act: Act, context: Context) -> bool:
    """Say whether the day can be, the acting role is held, and a decision names its source.

    The acting role is one that a checked lifecycle names, so it is among its `roles`.
    """
    if not record.on <= act.on <= context.today or not is_acted_for(record, context):
        return False
    role = roles[act.actor.role]
    if lacks_source(role, act):
        return False
    return not is_held(act.actor.role, role, context.signers) or holds_role(record, act, context)


def is_acted_for(record: Record, context: Context) -> bool:
    """Say whether who asks may act on the record at all: for one of the forces that act on it."""
    return context.scope is None or context.scope in record.acting_forces


def is_held(name: str, role: Role, signers: frozenset[str]) -> bool:
    """Say whether a role is one that only who is appointed acts in.

    That is one that the vocabulary says is by appointment, or whose signature some rules ask for:
    who closes as a Chief Constable holds that appointment as who signs the letter does.
    """
    return role.by_appointment or name in signers


def lacks_source(role: Role, act: Act) -> bool:
    """Say whether an inspectorate's decision lacks the source it was read from."""
    return role.side == "inspectorate" and (act.source is None or is_blank(act.source))


def holds_role(record: Record, act: Act, context: Context) -> bool:
    """Say whether the actor held the acting role, in a force that acts on it, on the act's date."""
    who, roles, on = act.actor.person, (act.actor.role,), act.on
    for force in record.acting_forces:
        if has_appointment(context.appointments, who, roles, force, on):
            return True
    return False


def _judge_evidence(
    requirement: Evidence, use: DocumentUse, record: Record, act: Act, context: Context
) -> CheckResult:
    forces = signing_forces(requirement, record, context)
    if len(forces) == 1:
        result = find_document(requirement, record, act, context, use)
        return result if isinstance(result, str) else (result.digest,)
    documents = [
        (force, find_document(requirement, record, act, context, use, force=force))
        for force in forces
    ]
    missing = [f"for {force}, {fault}" for force, fault in documents if isinstance(fault, str)]
    digests = [found.digest for _, found in documents if not isinstance(found, str)]
    return " and ".join(missing) or tuple(digests)


def _judge_inspection(
    requirement: InspectionHeld, record: Record, act: Act, context: Context
) -> CheckResult:
    inspection, window = context.inspection, window_start(record, requirement.since)
    if act.inspection is None:
        return "no inspection is named"
    if inspection is None or inspection.id != act.inspection:
        return f"no inspection on set days, not called off, is called {act.inspection}"
    name = inspection.id
    if not is_of_one_force(record, inspection):
        return f"{name} is an inspection of another force, {inspection.force}"
    if window is None:
        return say_never_entered(requirement.since)
    if requirement.inspection not in ("any", inspection.kind):
        return f"{name} is a {inspection.kind} inspection"
    if inspection.first_day > act.on:
        return f"{name} begins on {inspection.first_day}, after the act's date {act.on}"
    if inspection.last_day < window.on:
        ended = f"{name} ended on {inspection.last_day}"
        return f"{ended}, before {window.on}, when this step began"
    if not requirement.relevant:
        return HOLDS
    return _judge_relevance(record, inspection, context.question_sets)


def _judge_relevance(record: Record, inspection: Inspection, sets: QuestionSets) -> CheckResult:
    question, name = question_of(record), inspection.id
    if question is None:
        return NO_QUESTION
    if is_relevant(record, inspection, sets):
        return HOLDS
    asked, inspected = question_set_of(record, sets), inspected_set(inspection, sets)
    covered = ", ".join(sorted(inspection.questions)) or "no question"
    if asked is None or inspected is None or asked == inspected:
        return f"{name} covers {covered}, and the record's question is {question}"
    same = ", ".join(in_order(equivalent_questions(sets, question, asked, inspected)))
    if not same:
        return f"{name} covers questions of {inspected}, and the record's is of {asked}"
    return (
        f"{name} covers {covered} of {inspected}, and the record's question {question} of {asked} "
        f"is {same} there"
    )


def is_of_one_force(record: Record, inspection: Inspection) -> bool:
    """Say whether an inspection is of a force that the record is of."""
    if inspection.force == record.force:
        return True
    return not {inspection.force, *inspection.joint_with}.isdisjoint(record.forces)


def is_relevant(record: Record, inspection: Inspection, sets: QuestionSets) -> bool:
    """Say whether an inspection covers the question of a record, within a set or by the mapping."""
    question = question_of(record)
    asked, inspected = question_set_of(record, sets), inspected_set(inspection, sets)
    return question is not None and any(
        covers_question(inspection.questions, each)
        for each in questions_across(sets, question, asked, inspected)
    )


def _judge_reason(record: Record, act: Act, context: Context) -> CheckResult:
    del record, context
    return "no reason is given" if act.reason is None or is_blank(act.reason) else HOLDS


def _judge_field(requirement: FieldSet, record: Record, act: Act, context: Context) -> CheckResult:
    del act, context
    name, choice = requirement.field, requirement.has
    value = record.fields.get(name)
    if not value:
        return f"the field `{name}` is not set"
    if choice is None or has_choice(value, choice):
        return HOLDS
    items = (value,) if isinstance(value, str) else value
    quoted = " and ".join(f"`{item}`" for item in items)
    return f"the field `{name}` says {quoted}, not `{choice}`"


def has_choice(value: Value | None, choice: str) -> bool:
    """Say whether a field's value is a choice, or a list that holds it."""
    return value == choice or (isinstance(value, tuple) and choice in value)


def _judge_successor(record: Record, act: Act, context: Context) -> CheckResult:
    del context
    if act.successor is None or is_blank(act.successor):
        return "no successor is named"
    return "a record cannot succeed itself" if act.successor == record.id else HOLDS


def _judge_children(
    closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> CheckResult:
    del record, act
    if not context.children:
        return "there is no child"
    return _say_open_children(context, closes) or HOLDS


def binding_ledgers(closes: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """Return those of the ledgers that a step closes on which its children bind it."""
    bind = context.ledgers
    return closes if bind is None else tuple(name for name in closes if name in bind)


def open_children(context: Context, closes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the children not closed on the ledgers `closes`; on all of theirs if it is empty.

    Ledgers on which no child binds the step are passed over.
    """
    named, bind = binding_ledgers(closes, context), context.ledgers
    return tuple(
        child.id
        for child in context.children
        if any(
            child.counts.get(ledger) != "closed"
            for ledger in named or child.counts
            if bind is None or ledger in bind
        )
    )


def _say_open_children(context: Context, closes: tuple[str, ...]) -> str:
    ids = open_children(context, closes)
    return f"not closed yet: {', '.join(ids)}" if ids else ""


def _judge_answers(
    requirement: ChildForEach, closes: tuple[str, ...], record: Record, act: Act, context: Context
) -> CheckResult:
    del act
    missing = unanswered_mentions(requirement, record, context)
    name, child = requirement.names, requirement.children
    sentences = (
        say_unseen(context.unseen_forces),
        "" if record.fields.get(name) else f"the field `{name}` is not set",
        f"no child names in `{child}`: {', '.join(missing)}" if missing else "",
        _say_open_children(context, closes),
    )
    return " and ".join(filter(None, sentences)) or HOLDS


def unanswered_mentions(
    requirement: ChildForEach, record: Record, context: Context
) -> tuple[str, ...]:
    """Return the records that ask for a child of this one, and that none names."""
    answered = {child.fields.get(requirement.children) for child in context.children}
    return tuple(
        dict.fromkeys(
            mention.id
            for mention in context.mentions
            if _needs_child(mention, requirement, record) and mention.id not in answered
        )
    )


def _needs_child(mention: RecordReference, requirement: ChildForEach, record: Record) -> bool:
    return (
        mention.category in requirement.for_each
        and mention.field == requirement.whose
        and mention.names == record.fields.get(requirement.names)
    )


def _judge_distinct(
    requirement: DistinctFrom, record: Record, act: Act, context: Context
) -> CheckResult:
    del context
    window, trigger = window_start(record, requirement.since), requirement.distinct_from
    if window is None:
        return say_never_entered(requirement.since)
    done = done_in_window(record, requirement)
    if done is None:
        return f"nobody did `{trigger}` since {window.on}"
    return (
        f"{done.person} did `{trigger}` too" if are_alike(done.person, act.actor.person) else HOLDS
    )


def _judge_waited(requirement: Waited, record: Record, act: Act, context: Context) -> CheckResult:
    del context
    start = wait_start(record, requirement)
    if start is not None:
        return _judge_elapsed(requirement.waited, start, act.on)
    by_date = requirement.since == PUBLISHED
    return NO_PUBLICATION if by_date else say_never_entered(requirement.since)


def _judge_any_of(
    alternatives: tuple[tuple[JudgeFunction, ...], ...],
    record: Record,
    act: Act,
    context: Context,
) -> CheckResult:
    sentences: list[str] = []
    for judges in alternatives:
        results = [judge(record, act, context) for judge in judges]
        unmet = [result for result in results if isinstance(result, str)]
        if not unmet:
            return tuple(digest for result in results for digest in result)
        sentences.append(" and ".join(unmet))
    return "; or ".join(sentences)


def _judge_predicate(name: str, record: Record, act: Act, context: Context) -> CheckResult:
    predicate = context.predicates.get(name)
    if predicate is None:
        return f"the application registered no predicate `{name}`"
    answer: object = predicate(record, act, context)
    if answer is True:
        return HOLDS
    if answer is False:
        return f"the predicate `{name}` says no"
    if isinstance(answer, Coroutine):
        answer.close()  # it is never awaited, and need not be warned of
    return f"the predicate `{name}` gives {say_type(answer)}, not True or False"


def say_type(value: object) -> str:
    """Say of what type a value is, with its article, as in `a tuple`."""
    name = "text" if isinstance(value, str) else type(value).__name__
    if value is None:
        return "nothing"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _judge_elapsed(days: int, start: date, on: date) -> CheckResult:
    elapsed = (on - start).days
    if elapsed < 0:
        return f"{start}, from when to count, lies after the act's date {on}"
    return HOLDS if elapsed >= days else f"{elapsed} of {say_days(days)} passed since {start}"


def _judge_timed(
    after: After, state: str, record: Record, act: Act, context: Context
) -> CheckResult:
    """Judge whether a period's last day has come."""
    start, on = period_start(after, record, state), act.on
    if start is None:
        return NO_PUBLICATION
    if start > on or (after.days is not None and not after.beginning):
        return _judge_elapsed(after.days or 0, start, on)
    due = last_day(start, after, context.holidays)
    if isinstance(due, date):
        return HOLDS if due <= on else f"it falls due on {due}"
    return f"it {due.why}" if due.not_by < on else f"it does not fall due by {on}"


def missing_needs(
    unmet: Requirement,
    closes: tuple[str, ...],
    record: Record,
    act: Act,
    context: Context,
    *,
    use: DocumentUse = ANY_USE,
) -> NeedAlternatives:
    """Return what a requirement that does not hold needs: one of several lists.

    Args:
        unmet: The requirement.
        closes: The ledgers that its transition closes.
        record: The record as it stands.
        act: What was asked for.
        context: What the decision looked at besides.
        use: How its transition uses documents.
    """
    if isinstance(unmet, ChildForEach) and context.unseen_forces:
        return ()  # nothing that can be given here will do
    if not isinstance(unmet, AnyOf):
        return (_needs_of_atom(unmet, closes, record, act, context, use=use),)
    alternatives = (
        combine_choices(
            missing_needs(atom, closes, record, act, context, use=use)
            for atom in atoms
            if compile_check(atom, closes, use).unmet(record, act, context)
        )
        for atoms in unmet.any_of
    )
    return tuple(chain.from_iterable(alternatives))


def combine_choices(parts: Iterable[NeedAlternatives]) -> NeedAlternatives:
    """Return each way to meet several things at once: one choice of every part."""
    return tuple(tuple(chain.from_iterable(chosen)) for chosen in product(*parts))


def missing_time(after: After, record: Record, act: Act, context: Context) -> NeedAlternatives:
    """Return what a timed transition that is not due waits for; nothing where no day is told."""
    due = due_day(after, record, context.holidays)
    if due is None:
        latest = latest_start(after, act.on, context.holidays)
        return ((FieldNeed(PUBLISHED, latest),),) if latest else ()
    return ((DayNeed(due),),) if isinstance(due, date) else ()


def _needs_of_atom(
    atom: Atom,
    closes: tuple[str, ...],
    record: Record,
    act: Act,
    context: Context,
    *,
    use: DocumentUse,
) -> Needs:
    match atom:
        case Evidence(evidence=kind, signed_by=roles):
            by = max(act.on, signed_from(record, use, context)[0]) if roles else act.on
            forces = _forces_without(atom, record, act, context, use=use)
            needs = tuple(DocumentNeed(kind, roles, by, force=force) for force in forces)
            return _entry_needs(atom, record) or needs
        case InspectionHeld():
            need = inspection_need(atom, record)
            lacks_question = atom.relevant and need.question is None
            question = (FieldNeed(QUESTION_FIELD),) if lacks_question else ()
            return _entry_needs(atom, record) or (*question, need)
        case ReasonGiven():
            return (ReasonNeed(),)
        case FieldSet(field=name, has=choice):
            return (FieldNeed(name, has=choice),)
        case SuccessorNamed():
            return (SuccessorNeed(),)
        case ChildrenClosed():
            ids = open_children(context, closes)
            return (ChildrenNeed(ids, binding_ledgers(closes, context)),)
        case ChildForEach():
            return _answer_needs(atom, closes, record, context)
        case DistinctFrom():
            return _entry_needs(atom, record) or distinct_needs(atom, record)
        case Waited():
            return _entry_needs(atom, record) or _wait_needs(atom, record, act)
        case PredicateHolds(predicate=name):
            return (PredicateNeed(name, name in context.predicates),)
        case _:
            assert_never(atom)


def _forces_without(
    atom: Evidence, record: Record, act: Act, context: Context, *, use: DocumentUse
) -> tuple[str | None, ...]:
    """Return the forces whose letter is missing; None alone where one letter will do."""
    forces = signing_forces(atom, record, context)
    if len(forces) == 1:
        return (None,)
    found = [(each, find_document(atom, record, act, context, use, force=each)) for each in forces]
    return tuple(force for force, document in found if isinstance(document, str))


def _answer_needs(
    requirement: ChildForEach, closes: tuple[str, ...], record: Record, context: Context
) -> Needs:
    """Return the field that says what is answered, the children to add, and those to close."""
    name, missing = requirement.names, unanswered_mentions(requirement, record, context)
    closes = binding_ledgers(closes, context)
    ids = open_children(context, closes)
    return (
        *(() if record.fields.get(name) else (FieldNeed(name),)),
        *((AnswersNeed(missing, requirement.children, closes),) if missing else ()),
        *((ChildrenNeed(ids, closes),) if ids else ()),
    )


def _entry_needs(
    requirement: Evidence | InspectionHeld | DistinctFrom | Waited, record: Record
) -> Needs:
    """Return the state that must be entered first, where the requirement counts since one."""
    since = requirement.since
    if since is None or since == PUBLISHED or window_start(record, since):
        return ()
    return (StepNeed(state=since),)


def inspection_need(requirement: InspectionHeld, record: Record) -> InspectionNeed:
    """Return the inspection that is needed; its question is None where the record has none."""
    window = window_start(record, requirement.since) or record.window
    question = question_of(record) if requirement.relevant else None
    return InspectionNeed(requirement.inspection, question, window.on)


def distinct_needs(requirement: DistinctFrom, record: Record) -> Needs:
    """Return the person it must not be, or the trigger that somebody must do first."""
    done = done_in_window(record, requirement)
    return (PersonNeed((done.person,)) if done else StepNeed(trigger=requirement.distinct_from),)


def _wait_needs(requirement: Waited, record: Record, act: Act) -> Needs:
    """Return the day to wait for.

    Where no publication is set, or one from which that day never comes, it is the field and how
    late it may be.
    """
    start, period = wait_start(record, requirement), After(requirement.waited)
    due = last_day(start, period, None) if start else None
    if isinstance(due, date):
        return (DayNeed(due),)
    return (FieldNeed(PUBLISHED, latest_start(period, act.on, None)),)
