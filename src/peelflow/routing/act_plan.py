"""Plan one act of a route: meet each requirement by what is there, or can be given.

A plan only adds: it sets fields, waits, closes children, attaches and signs. It never unsets a
field, never changes what one says, and never hurries an act to be before peelflow's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time

from attrs import define, evolve, field, frozen

from peelflow.engine.calendar import (
    UndeterminedDay,
    assume_no_more_holidays,
    last_day,
    period_start,
    publication_day,
)
from peelflow.engine.machine import CompiledTransition
from peelflow.engine.refusal import distinct_needs, inspection_need
from peelflow.engine.requirements import (
    QUESTION_FIELD,
    covers_question,
    find_document,
    has_choice,
    is_appointed_on,
    is_of_one_question_set,
    open_children,
    unanswered_mentions,
    window_start,
)
from peelflow.model.decisions import (
    Act,
    AnswersNeed,
    Appointment,
    AppointmentNeed,
    Child,
    ChildrenNeed,
    Context,
    DayNeed,
    DocumentNeed,
    FieldNeed,
    Inspection,
    InspectionNeed,
    KnownInspection,
    Need,
    ParentNeed,
    PersonNeed,
    PredicateNeed,
    ReasonNeed,
    RelatedRecord,
    Route,
    RouteContext,
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.records import PEELFLOW, Actor, Attachment, Document, Record, Value
from peelflow.model.requirements import (
    PUBLISHED,
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
from peelflow.model.rules import SYSTEM, After, Counts, Lifecycle
from peelflow.routing.goal_analysis import (
    IMAGINED_DIGEST_PREFIX,
    Goal,
    closed_ledgers,
    closed_on,
    not_closed_on,
    not_open_on,
)

PLACEHOLDER = "given"
"""What a field is taken to say that a way sets to something."""


AddedChild = tuple[str, str] | None


@frozen(eq=False)
class SearchState:
    """Where a way has come to: the record as it then is, on a day, and its family.

    `added` are the children that were added on the way, and closed: each by a field of its own and
    the record that it names there, or by nothing. `acts` counts the acts so far. `chosen` are
    the fields of choices that the way itself set.
    """

    record: Record
    day: date
    children: tuple[RelatedRecord, ...] = ()
    parent: RelatedRecord | None = None
    added: frozenset[AddedChild] = frozenset()
    acts: int = 0
    chosen: frozenset[str] = frozenset()


FindRelativeRoute = Callable[
    [RelatedRecord, Goal, date, frozenset[str]], tuple[Route, SearchState] | None
]
"""Finds a relative's way to a goal, from a day, where a parent stays closed."""


@frozen
class Obligation:
    """An atom to meet: for the act itself, or for what peelflow does at once after it.

    `closes` are the ledgers that its transition closes. `by_system`: peelflow acts, and offers
    nothing. `later`: it is asked once the act is done.
    """

    atom: Requirement
    closes: tuple[str, ...]
    by_system: bool = False
    later: bool = False


@define(eq=False)
class ActPlan:
    """One act that is being prepared. `than` are persons it must not be done by."""

    lifecycle: Lifecycle
    way: CompiledTransition
    at: SearchState
    around: RouteContext
    find: FindRelativeRoute
    record: Record
    day: date
    children: tuple[RelatedRecord, ...]
    parent: RelatedRecord | None
    added: frozenset[AddedChild]
    chosen: frozenset[str]
    needs: list[Need] = field(factory=list)
    evidence: list[Document] = field(factory=list)
    appointments: list[Appointment] = field(factory=list)
    holders: tuple[tuple[str, str], ...] = ()
    inspection: Inspection | None = None
    than: list[str] = field(factory=list)
    before: list[Route] = field(factory=list)
    undetermined: list[str] = field(factory=list)

    @property
    def by_system(self) -> bool:
        """Whether peelflow does it."""
        return self.way.rule.by == (SYSTEM,)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles in which a person may do it."""
        return tuple(role for role in self.way.rule.by if role != SYSTEM)

    @property
    def doer(self) -> str:
        """Whoever does it: nobody that the record knows."""
        return f"whoever does `{self.way.rule.trigger}` in step {self.at.acts + 1}"

    def wait_for(self, day: date) -> None:
        """Let the act be no earlier than a day."""
        self.day = max(self.day, day)

    def set_field(self, name: str, value: str = PLACEHOLDER, latest: date | None = None) -> bool:
        """Set a field beforehand, if the record's category has it."""
        return self._set(FieldNeed(name, latest), value)

    def choose(self, name: str, choice: str) -> bool:
        """Let a field say a choice beforehand, unless it was said otherwise before this way."""
        before = self.record.fields.get(name) or PLACEHOLDER
        one = self.around.lists is not None and name not in self.around.lists
        if before != PLACEHOLDER and (one or name not in self.chosen):
            return False
        items = before if isinstance(before, tuple) else ()
        return self._set(FieldNeed(name, has=choice), choice if one else (*items, choice))

    def _set(self, need: FieldNeed, value: Value) -> bool:
        name = need.field
        if self.around.fields is not None and name not in self.around.fields:
            return False
        self.chosen |= {name}
        fields = {**self.record.fields, name: value}
        self.record = evolve(self.record, fields=fields, number=self.record.number + 1)
        self.needs.append(need)
        return True


def new_plan(
    lifecycle: Lifecycle,
    way: CompiledTransition,
    *,
    at: SearchState,
    around: RouteContext,
    find: FindRelativeRoute,
) -> ActPlan:
    """Return a plan of which nothing is prepared yet."""
    return ActPlan(
        lifecycle,
        way,
        at,
        around,
        find,
        at.record,
        at.day,
        at.children,
        at.parent,
        at.added,
        at.chosen,
    )


def planned_context(plan: ActPlan, says: Mapping[str, bool]) -> Context:
    """Return what an act is judged in; `says` is what predicates are taken to say."""
    known = plan.around.appointments
    return Context(
        now=datetime.combine(plan.day, time(12), UTC),
        today=plan.day,
        appointments=(*known, *plan.appointments),
        inspection=plan.inspection,
        children=planned_children(plan),
        predicates={name: _answer_yes if said else _answer_no for name, said in says.items()},
        mentions=plan.around.mentions,
        holidays=assume_no_more_holidays(plan.around.holidays),
    )


def planned_children(plan: ActPlan) -> tuple[Child, ...]:
    """Return the children as the record sees them; one that was added is closed everywhere."""
    known = tuple(
        Child(
            each.record.id,
            each.lifecycle.states[each.record.state].counts_as,
            each.record.fields,
        )
        for each in plan.children
    )
    ledgers = {name for state in plan.lifecycle.states.values() for name in state.counts_as}
    closed: dict[str, Counts] = dict.fromkeys(sorted(ledgers), "closed")
    answers = [dict([each] if each else []) for each in plan.added]
    return (*known, *(Child("a new child", closed, fields) for fields in answers))


def known_holders(plan: ActPlan, roles: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return who is known to hold one of the roles in the record's force on the plan's day."""
    return tuple(
        dict.fromkeys(
            (held.person, held.role)
            for held in plan.around.appointments
            if held.role in roles and is_appointed_on(held, plan.record.force, plan.day)
        )
    )


def _answer_yes(*_: object) -> bool:
    return True


def _answer_no(*_: object) -> bool:
    return False


def plan_inspection(plan: ActPlan, tasks: tuple[Obligation, ...]) -> bool:
    """Name one inspection that meets every task: the soonest known one that could, or a new one."""
    asked = [task.atom for task in tasks if isinstance(task.atom, InspectionHeld)]
    if not asked:
        return True
    kinds = {each.inspection for each in asked} - {"any"}
    never = any(window_start(plan.record, each.since) is None for each in asked)
    if never or len(kinds) > 1 or any(t.by_system for t in tasks if t.atom in asked):
        return False
    relevant = any(each.relevant for each in asked)
    strictest = InspectionHeld(min(kinds, default="any"), relevant)
    need = inspection_need(strictest, plan.record)
    windows = [window_start(plan.record, each.since) or plan.record.window for each in asked]
    need = evolve(need, ends_from=max(window.on for window in windows))
    if relevant and need.question is None and not plan.set_field(QUESTION_FIELD):
        return False
    return _choose_inspection(plan, need, relevant=relevant)


def _choose_inspection(plan: ActPlan, need: InspectionNeed, *, relevant: bool) -> bool:
    asked = "" if relevant and need.question is None else need.question
    known = [one for one in plan.around.inspections if _could_serve(plan, one, need, asked)]
    known.sort(key=lambda one: (one.first_day, one.id))
    said = tuple(KnownInspection(one.id, one.first_day, one.last_day) for one in known)
    plan.needs.append(evolve(need, known=said))
    if known:
        plan.wait_for(known[0].first_day)
        plan.inspection = known[0]
        return True
    kind = "planned" if need.kind == "any" else need.kind
    question = plan.record.fields.get(QUESTION_FIELD)
    covered = frozenset({question} if isinstance(question, str) else ())
    plan.inspection = Inspection(
        f"an inspection in step {plan.at.acts + 1}",
        kind,
        plan.day,
        plan.day,
        covered,
        force=plan.record.force,
    )
    return True


def _could_serve(
    plan: ActPlan, one: Inspection, need: InspectionNeed, question: str | None
) -> bool:
    """Say whether a known inspection could do; a question that is not known yet, none covers."""
    return (
        one.force == plan.record.force
        and need.kind in ("any", one.kind)
        and one.last_day >= need.ends_from
        and (
            question is None
            or (
                is_of_one_question_set(plan.record, one)
                and covers_question(one.questions, question)
            )
        )
    )


def plan_document(plan: ActPlan, task: Obligation) -> bool:
    """Bring a document: one that the record has, or a new one; attached before peelflow acts."""
    asked = task.atom
    if not isinstance(asked, Evidence):
        return True
    if window_start(plan.record, asked.since) is None:
        return task.later
    found = find_document(asked, plan.record, _bare_act(plan), planned_context(plan, {}))
    signers = tuple(dict.fromkeys(who for who, _ in known_holders(plan, asked.signed_by)))
    need = DocumentNeed(asked.evidence, asked.signed_by, plan.day, beforehand=task.by_system)
    if isinstance(found, Document) and not task.later:
        plan.needs.append(evolve(need, attached=found.name))
        return True
    plan.needs.append(evolve(need, signers=signers))
    if asked.signed_by and not signers:
        plan.needs.append(AppointmentNeed(asked.signed_by, plan.day))
    _imagine_document(plan, asked, attach=task.by_system)
    return True


def _imagine_document(plan: ActPlan, asked: Evidence, *, attach: bool) -> None:
    """Imagine a new document, signed by one who may."""
    signed_by, signed_on = None, None
    roles = "".join(sorted(asked.signed_by))
    if asked.signed_by:
        signed_by, signed_on = f"whoever holds {asked.signed_by[0]}", plan.day
        plan.appointments.append(_appointment_from(plan, signed_by, asked.signed_by[0], plan.day))
    number = plan.record.number + 1
    digest = f"{IMAGINED_DIGEST_PREFIX}{number}.{len(plan.needs)}"
    name = f"{asked.evidence} {roles}"
    document = Document(digest, asked.evidence, name, 0, signed_by, signed_on)
    if attach:
        held = (*plan.record.attachments, Attachment(document, number))
        plan.record = evolve(plan.record, attachments=held, number=number)
    else:
        plan.evidence.append(document)


def plan_actor(plan: ActPlan) -> bool:
    """See to it that somebody holds a role to act in, and say where a source is needed."""
    roles = plan.lifecycle.roles
    plan.holders = tuple(
        held for held in known_holders(plan, plan.roles) if held[0] not in plan.than
    )
    if plan.by_system:
        return True
    if all(roles[role].by_appointment for role in plan.roles) and not plan.holders:
        plan.needs.append(AppointmentNeed(plan.roles, plan.day))
    if any(roles[role].side == "inspectorate" for role in plan.roles):
        plan.needs.append(SourceNeed())
    plan.appointments += [_appointment_from(plan, plan.doer, role, plan.day) for role in plan.roles]
    return True


def _bare_act(plan: ActPlan) -> Act:
    """Return the act without any offer."""
    return Act(plan.way.rule.trigger, Actor(plan.doer, ""), plan.day, "")


def _appointment_from(plan: ActPlan, person: str, role: str, day: date) -> Appointment:
    return Appointment(person, role, plan.record.force, day)


_NEW_CHILD_UNDETERMINED = "whether a child that is yet to be added can be closed"


def close_children(plan: ActPlan, task: Obligation) -> bool:
    """Close each child that must be, by its own way; add one where one is missing."""
    match task.atom:
        case ChildrenClosed():
            missing: list[AddedChild] = [] if plan.children or plan.added else [None]
            needs: list[Need] = [ChildrenNeed((), task.closes)]
        case ChildForEach() as asked:
            names = unanswered_mentions(asked, plan.record, planned_context(plan, {}))
            missing = [(asked.children, name) for name in names]
            needs = [AnswersNeed(names, asked.children, task.closes)]
        case _:
            return True
    if missing:
        if not plan.around.may_have_children:
            return False
        plan.added |= frozenset(missing)
        plan.needs += needs
        plan.undetermined.append(_NEW_CHILD_UNDETERMINED)
    return _close_known_children(plan, task)


def _close_known_children(plan: ActPlan, task: Obligation) -> bool:
    still = open_children(planned_children(plan), task.closes)
    if still:
        plan.needs.append(ChildrenNeed(still, task.closes))
    return all(
        _close_child(plan, child, closed_on(child.lifecycle, task.closes))
        for child in plan.children
        if child.record.id in still
    )


def close_open_children(plan: ActPlan, closes: frozenset[str]) -> bool | None:
    """Close the children that count open on a ledger that the act closes.

    Returns:
        None: Nothing is in the way. True: The plan now has their ways. False: One has none.
    """
    still = tuple(each for each in plan.children if closes & _open_ledgers(each))
    if not still:
        return None
    plan.needs.append(ChildrenNeed(tuple(each.record.id for each in still), tuple(sorted(closes))))
    return all(_close_child(plan, child, not_open_on(child.lifecycle, closes)) for child in still)


def _open_ledgers(child: RelatedRecord) -> frozenset[str]:
    counts = child.lifecycle.states[child.record.state].counts_as
    return frozenset(name for name, how in counts.items() if how == "open")


def _close_child(plan: ActPlan, child: RelatedRecord, goal: Goal) -> bool:
    above = closed_ledgers(plan.lifecycle.states[plan.record.state])
    found = plan.find(child, goal, plan.at.day, above)
    if found is None:
        return False
    gone = _relative_after_route(plan, child, found)
    plan.children = tuple(gone if each is child else each for each in plan.children)
    return True


def reopen_parent(plan: ActPlan, opens: frozenset[str]) -> bool | None:
    """Re-open the parent where it counts closed on a ledger that the act opens.

    Returns:
        None: Nothing is in the way. True: The plan now has the parent's way. False: It has none.
    """
    if opens & plan.around.closed_above:
        return False
    parent = plan.parent
    if parent is None:
        return None
    closed = opens & closed_ledgers(parent.lifecycle.states[parent.record.state])
    if not closed:
        return None
    goals = not_closed_on(parent.lifecycle, closed)
    found = plan.find(parent, goals, plan.at.day, parent.around.closed_above)
    if found is None:
        return False
    plan.needs.append(ParentNeed(parent.record.id, tuple(sorted(closed))))
    plan.parent = _relative_after_route(plan, parent, found)
    return True


def _relative_after_route(
    plan: ActPlan, relative: RelatedRecord, found: tuple[Route, SearchState]
) -> RelatedRecord:
    """Take a relative's way as gone before the act, and return the relative as it then is."""
    route, end = found
    plan.before.append(route)
    plan.wait_for(end.day)
    plan.undetermined += [each for step in route.steps for each in step.undetermined]
    around = evolve(relative.around, children=end.children, parent=end.parent)
    return RelatedRecord(end.record, relative.lifecycle, around)


def prepare(plan: ActPlan, tasks: Iterable[Obligation]) -> bool:
    """Meet every task, and a timed step's time; say whether that can be done at all."""
    asked = tuple(sorted(tasks, key=_is_without_choice))
    able = (
        _wait_until_due(plan)
        and all(_meet_simple(plan, task) for task in asked)
        and all(close_children(plan, task) for task in sorted(asked, key=_is_met_by_any_child))
        and plan_inspection(plan, asked)
    )
    if not able:
        return False
    if plan.day > plan.at.day:
        plan.needs.insert(0, DayNeed(plan.day))
    return all(plan_document(plan, task) for task in asked) and plan_actor(plan)


def _is_without_choice(task: Obligation) -> bool:
    """Say whether a task asks no choice of a field: those that do are met first."""
    return not (isinstance(task.atom, FieldSet) and task.atom.has)


def _is_met_by_any_child(task: Obligation) -> bool:
    """Say whether any child meets a task: such a one comes after those that ask for their own."""
    return isinstance(task.atom, ChildrenClosed)


def _set_shared_field(plan: ActPlan, field: str) -> bool:
    """Name in a field what others name as well; which those are is known only then."""
    plan.undetermined.append(f"which records name what the field `{field}` will")
    return plan.set_field(field)


def _wait_until_due(plan: ActPlan) -> bool:
    """Wait until a timed step is due; where nobody can tell, as if no bank holiday followed."""
    after = plan.way.rule.after
    if after is None:
        return True
    start = period_start(after, plan.record, plan.way.source)
    if start is None:
        if not _set_publication(plan):
            return False
        start = plan.at.day
    due = last_day(start, after, plan.around.holidays)
    if isinstance(due, UndeterminedDay):
        plan.undetermined.append(f"the day of `{plan.way.rule.trigger}`, which {due.why}")
        due = last_day(start, after, assume_no_more_holidays(plan.around.holidays))
    if isinstance(due, UndeterminedDay):
        return False
    plan.wait_for(due)
    return True


def _set_publication(plan: ActPlan) -> bool:
    """Set the date of publication: at worst, the day on which the step is begun."""
    day = plan.at.day
    return plan.set_field(PUBLISHED, day.isoformat(), day)


def _meet_simple(plan: ActPlan, task: Obligation) -> bool:
    """Meet what needs neither family nor papers."""
    match task.atom:
        case FieldSet(field=name, has=None):
            return bool(plan.record.fields.get(name)) or plan.set_field(name)
        case FieldSet(field=name, has=str(choice)):
            return has_choice(plan.record.fields.get(name), choice) or plan.choose(name, choice)
        case ChildForEach(names=name):
            return bool(plan.record.fields.get(name)) or _set_shared_field(plan, name)
        case Waited():
            return _meet_waited(plan, task.atom, later=task.later)
        case DistinctFrom():
            return task.later or _meet_distinct(plan, task.atom)
        case PredicateHolds(predicate=name):
            return _meet_predicate(plan, name, later=task.later)
        case ReasonGiven():
            return _give_with_act(plan, task, ReasonNeed())
        case SuccessorNamed():
            return _give_with_act(plan, task, SuccessorNeed())
        case _:
            return True


def _give_with_act(plan: ActPlan, task: Obligation, need: Need) -> bool:
    """Give a word with the act, as peelflow never does."""
    if not task.by_system:
        plan.needs.append(need)
    return not task.by_system


def _meet_waited(plan: ActPlan, asked: Waited, *, later: bool) -> bool:
    if asked.since == PUBLISHED:
        start = publication_day(plan.record)
        if start is None:
            if not _set_publication(plan):
                return False
            start = plan.at.day
    else:
        moment = window_start(plan.record, asked.since)
        if moment is None:
            return later
        start = moment.on
    due = last_day(start, After(asked.waited), None)
    if isinstance(due, UndeterminedDay):
        return False
    plan.wait_for(due)
    return True


def _meet_distinct(plan: ActPlan, asked: DistinctFrom) -> bool:
    need = distinct_needs(asked, plan.record)[0]
    if not isinstance(need, PersonNeed):
        return False
    if plan.by_system:
        return PEELFLOW.person not in need.than
    plan.than += need.than
    plan.needs.append(need)
    return True


def _meet_predicate(plan: ActPlan, name: str, *, later: bool) -> bool:
    if name not in plan.around.predicates:
        return False
    if not later:
        plan.needs.append(PredicateNeed(name, registered=True))
        plan.undetermined.append(f"the predicate `{name}`")
    return True
