"""Plan one act of a route: meet each requirement by what is there, or can be given.

A plan only adds: it sets fields, waits, closes children, attaches and signs. It never unsets a
field, never changes what one says, and never hurries an act to be before peelflow's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time

from attrs import evolve, field

from peelflow.engine.calendar import (
    UndeterminedDay,
    assume_no_more_holidays,
    last_day,
    period_start,
)
from peelflow.engine.documents import (
    ANY_USE,
    DocumentUse,
    find_document,
    is_appointed_on,
    signing_forces,
    window_start,
)
from peelflow.engine.machine import CompiledTransition
from peelflow.engine.requirements import (
    binding_ledgers,
    distinct_needs,
    has_choice,
    inspection_need,
    is_held,
    is_of_one_force,
    is_relevant,
    open_children,
    unanswered_mentions,
    wait_start,
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
    SourceNeed,
    SuccessorNeed,
)
from peelflow.model.questions import QUESTION_FIELD, question_set_of
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
from peelflow.model.routes import RelatedRecord, Route, RouteContext
from peelflow.model.rules import (
    SYSTEM,
    After,
    Counts,
    Lifecycle,
    is_taken_by_system,
    ledgers_counting,
)
from peelflow.results import define, frozen
from peelflow.routing.goal_analysis import (
    IMAGINED_DIGEST_PREFIX,
    Goal,
    closed_on,
    not_closed_on,
    not_open_on,
)

PLACEHOLDER = "given"
"""What a field is taken to say that a way sets to something."""


AddedChild = tuple[str, str] | None


@frozen(eq=False)
class SearchState:
    """Where a way has come to: the record as it then is, on a day, and its hierarchy.

    `added_children` are the children that were added on the way, and closed: each by a field of its
    own and the record that it names there, or by nothing. `act_count` counts the acts so far.
    `chosen_fields` are the fields of choices that the way itself set.
    """

    record: Record
    day: date
    children: tuple[RelatedRecord, ...] = ()
    parent: RelatedRecord | None = None
    added_children: frozenset[AddedChild] = frozenset()
    act_count: int = 0
    chosen_fields: frozenset[str] = frozenset()


FindRelativeRoute = Callable[
    [RelatedRecord, Goal, date, frozenset[str]], tuple[Route, SearchState] | None
]
"""Finds a relative's way to a goal, from a day, where a parent stays closed."""


@frozen
class Obligation:
    """An atom to meet: for the act itself, or for what peelflow does at once after it.

    `closes` are the ledgers that its transition closes. `is_by_system`: peelflow acts, and offers
    nothing. `is_later`: it is asked once the act is done. `use` says how it uses documents.
    """

    atom: Requirement
    closes: tuple[str, ...]
    is_by_system: bool = False
    is_later: bool = False
    use: DocumentUse = ANY_USE


@define(eq=False)
class ActPlan:
    """One act that is being prepared. `excluded_people` are persons it must not be done by."""

    lifecycle: Lifecycle
    compiled: CompiledTransition
    start: SearchState
    context: RouteContext
    find_route: FindRelativeRoute
    record: Record = field(init=False)
    day: date = field(init=False)
    children: tuple[RelatedRecord, ...] = field(init=False)
    parent: RelatedRecord | None = field(init=False)
    added_children: frozenset[AddedChild] = field(init=False)
    chosen_fields: frozenset[str] = field(init=False)
    needs: list[Need] = field(factory=list)
    evidence: list[Document] = field(factory=list)
    appointments: list[Appointment] = field(factory=list)
    holders: tuple[tuple[str, str], ...] = ()
    inspection: Inspection | None = None
    excluded_people: list[str] = field(factory=list)
    routes_before: list[Route] = field(factory=list)
    undetermined: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        start = self.start
        self.record, self.day = start.record, start.day
        self.children, self.parent = start.children, start.parent
        self.added_children, self.chosen_fields = start.added_children, start.chosen_fields

    @property
    def is_by_system(self) -> bool:
        """Whether peelflow does it."""
        return is_taken_by_system(self.compiled.rule)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles in which a person may do it."""
        return tuple(role for role in self.compiled.rule.by if role != SYSTEM)

    @property
    def placeholder_actor(self) -> str:
        """Whoever does it: nobody that the record knows."""
        return f"whoever does `{self.compiled.rule.trigger}` in step {self.start.act_count + 1}"

    @property
    def binding_ledgers(self) -> frozenset[str] | None:
        """The ledgers on which parents and children bind the act, None where they do on all."""
        return self.context.ledgers if self.compiled.use.is_theirs else None

    def ledgers_with(self, relative: RelatedRecord, ledgers: frozenset[str]) -> frozenset[str]:
        """Return those of the ledgers on which a parent or a child binds the act."""
        if self.binding_ledgers is None:
            return ledgers
        return ledgers & (relative.around.ledgers or frozenset())

    def wait_for(self, day: date) -> None:
        """Let the act be no earlier than a day."""
        self.day = max(self.day, day)

    def set_field(self, name: str, value: str = PLACEHOLDER, latest: date | None = None) -> bool:
        """Set a field beforehand, if the record's category has it."""
        return self._set(FieldNeed(name, latest), value)

    def choose(self, name: str, choice: str) -> bool:
        """Let a field say a choice beforehand, unless it was said otherwise before this way."""
        before = self.record.fields.get(name) or PLACEHOLDER
        is_single = self.context.lists is not None and name not in self.context.lists
        if before != PLACEHOLDER and (is_single or name not in self.chosen_fields):
            return False
        items = before if isinstance(before, tuple) else ()
        return self._set(FieldNeed(name, has=choice), choice if is_single else (*items, choice))

    def _set(self, need: FieldNeed, value: Value) -> bool:
        name = need.field
        if self.context.fields is not None and name not in self.context.fields:
            return False
        self.chosen_fields |= {name}
        fields = {**self.record.fields, name: value}
        self.record = evolve(self.record, fields=fields, number=self.record.number + 1)
        self.needs.append(need)
        return True


def planned_context(plan: ActPlan, answers: Mapping[str, bool]) -> Context:
    """Return what an act is judged in; `answers` is what predicates are taken to say."""
    return Context(
        now=datetime.combine(plan.day, time(12), UTC),
        today=plan.day,
        appointments=(*plan.context.appointments, *plan.appointments),
        inspection=plan.inspection,
        children=planned_children(plan),
        predicates={name: lambda *_, yes=yes: yes for name, yes in answers.items()},
        mentions=plan.context.mentions,
        holidays=assume_no_more_holidays(plan.context.holidays),
        ledgers=plan.binding_ledgers,
        question_sets=plan.context.question_sets,
        signers=plan.context.signers,
        each_force_signs=plan.context.each_force_signs,
        sent_back=plan.context.sent_back,
    )


def planned_children(plan: ActPlan) -> tuple[Child, ...]:
    """Return the children as the record sees them; one that was added is closed everywhere."""
    known = ((child.record, child.lifecycle.states[child.record.state]) for child in plan.children)
    ledgers = {name for state in plan.lifecycle.states.values() for name in state.counts_as}
    closed: dict[str, Counts] = dict.fromkeys(sorted(ledgers), "closed")
    added = (dict([child] if child else []) for child in plan.added_children)
    return (
        *(Child(record.id, state.counts_as, record.fields) for record, state in known),
        *(Child("a new child", closed, fields) for fields in added),
    )


def known_holders(
    plan: ActPlan, roles: tuple[str, ...], forces: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return who is known to hold one of the roles in one of the forces on the plan's day."""
    return tuple(
        dict.fromkeys(
            (appointment.person, appointment.role)
            for appointment in plan.context.appointments
            if appointment.role in roles
            and any(is_appointed_on(appointment, force, plan.day) for force in forces)
        )
    )


def plan_inspection(plan: ActPlan, obligations: tuple[Obligation, ...]) -> bool:
    """Name one inspection for all obligations: the soonest known that could do, or a new one."""
    atoms = [
        obligation.atom for obligation in obligations if isinstance(obligation.atom, InspectionHeld)
    ]
    if not atoms:
        return True
    kinds = {atom.inspection for atom in atoms} - {"any"}
    windows = [window_start(plan.record, atom.since) for atom in atoms]
    if (
        None in windows
        or len(kinds) > 1
        or any(obligation.is_by_system for obligation in obligations if obligation.atom in atoms)
    ):
        return False
    relevant = any(atom.relevant for atom in atoms)
    strictest = InspectionHeld(min(kinds, default="any"), relevant)
    need = inspection_need(strictest, plan.record)
    need = evolve(need, ends_from=max(window.on for window in windows if window))
    if relevant and need.question is None and not plan.set_field(QUESTION_FIELD):
        return False
    return _choose_inspection(plan, need, relevant=relevant)


def _choose_inspection(plan: ActPlan, need: InspectionNeed, *, relevant: bool) -> bool:
    question = "" if relevant and need.question is None else need.question
    known = [each for each in plan.context.inspections if _could_serve(plan, each, need, question)]
    known.sort(key=lambda inspection: (inspection.first_day, inspection.id))
    shown = tuple(KnownInspection(each.id, each.first_day, each.last_day) for each in known)
    plan.needs.append(evolve(need, known=shown))
    if known:
        plan.wait_for(known[0].first_day)
        plan.inspection = known[0]
        return True
    kind = "planned" if need.kind == "any" else need.kind
    value = plan.record.fields.get(QUESTION_FIELD)
    covered = frozenset({value} if isinstance(value, str) else ())
    plan.inspection = Inspection(
        f"an inspection in step {plan.start.act_count + 1}",
        kind,
        plan.day,
        plan.day,
        covered,
        question_set_of(plan.record, plan.context.question_sets),
        force=plan.record.force,
    )
    return True


def _could_serve(
    plan: ActPlan, inspection: Inspection, need: InspectionNeed, question: str | None
) -> bool:
    """Say whether a known inspection could do; a question that is not known yet, none covers."""
    if (
        not is_of_one_force(plan.record, inspection)
        or need.kind not in ("any", inspection.kind)
        or inspection.last_day < need.ends_from
    ):
        return False
    sets = plan.context.question_sets
    return question is None or (question != "" and is_relevant(plan.record, inspection, sets))


def plan_document(plan: ActPlan, obligation: Obligation) -> bool:
    """Bring a document: one that the record has, or a new one; attached before peelflow acts."""
    atom = obligation.atom
    if not isinstance(atom, Evidence):
        return True
    if window_start(plan.record, atom.since) is None:
        return obligation.is_later
    forces = signing_forces(atom, plan.record, planned_context(plan, {}))
    for force in forces:
        _plan_document_of(plan, obligation, atom, force, is_of_several=len(forces) > 1)
    return True


def _plan_document_of(
    plan: ActPlan, obligation: Obligation, atom: Evidence, force: str, *, is_of_several: bool
) -> None:
    """Bring the document that needs the signature of one force."""
    act = Act(plan.compiled.rule.trigger, Actor(plan.placeholder_actor, ""), plan.day, "")
    context, use = planned_context(plan, {}), obligation.use
    document = find_document(atom, plan.record, act, context, use, force=force)
    holders = known_holders(plan, atom.signed_by, (force,))
    signers = tuple(dict.fromkeys(person for person, _ in holders))
    need = DocumentNeed(
        atom.evidence,
        atom.signed_by,
        plan.day,
        beforehand=obligation.is_by_system,
        force=force if is_of_several else None,
    )
    if isinstance(document, Document) and not obligation.is_later:
        plan.needs.append(evolve(need, attached=document.name))
        return
    plan.needs.append(evolve(need, signers=signers))
    if atom.signed_by and not signers:
        plan.needs.append(AppointmentNeed(atom.signed_by, plan.day))
    _imagine_document(plan, atom, force, attach=obligation.is_by_system)


def _imagine_document(plan: ActPlan, atom: Evidence, force: str, *, attach: bool) -> None:
    """Imagine a new document, signed by one who may in a force."""
    signed_by, signed_on = None, None
    roles = "".join(sorted(atom.signed_by))
    if atom.signed_by:
        where = f" in {force}" if plan.record.joint_with else ""
        signed_by, signed_on = f"whoever holds {atom.signed_by[0]}{where}", plan.day
        plan.appointments.append(_appointment_on_day(plan, signed_by, atom.signed_by[0], force))
    number = plan.record.number + 1
    digest = f"{IMAGINED_DIGEST_PREFIX}{number}.{len(plan.needs)}"
    name = f"{atom.evidence} {roles}"
    document = Document(digest, atom.evidence, name, 0, signed_by, signed_on)
    if attach:
        attachments = (*plan.record.attachments, Attachment(document, number))
        plan.record = evolve(plan.record, attachments=attachments, number=number)
    else:
        plan.evidence.append(document)


def plan_actor(plan: ActPlan) -> bool:
    """See to it that somebody holds a role to act in, and say where a source is needed."""
    roles = plan.lifecycle.roles
    plan.holders = tuple(
        holder
        for holder in known_holders(plan, plan.roles, plan.record.acting_forces)
        if holder[0] not in plan.excluded_people
    )
    if plan.is_by_system:
        return True
    signers = plan.context.signers
    if all(is_held(role, roles[role], signers) for role in plan.roles) and not plan.holders:
        plan.needs.append(AppointmentNeed(plan.roles, plan.day))
    if any(roles[role].side == "inspectorate" for role in plan.roles):
        plan.needs.append(SourceNeed())
    plan.appointments += [
        _appointment_on_day(plan, plan.placeholder_actor, role, plan.record.force)
        for role in plan.roles
    ]
    return True


def _appointment_on_day(plan: ActPlan, person: str, role: str, force: str) -> Appointment:
    return Appointment(person, role, force, plan.day)


def close_children(plan: ActPlan, obligation: Obligation) -> bool:
    """Close each child that must be, by its own way; add one where one is missing."""
    match obligation.atom:
        case ChildrenClosed():
            missing: list[AddedChild] = [] if plan.children or plan.added_children else [None]
            needs: list[Need] = [ChildrenNeed((), obligation.closes)]
        case ChildForEach() as atom:
            names = unanswered_mentions(atom, plan.record, planned_context(plan, {}))
            missing = [(atom.children, name) for name in names]
            needs = [AnswersNeed(names, atom.children, obligation.closes)]
            if plan.context.unseen_forces:
                unseen = " and ".join(plan.context.unseen_forces)
                plan.undetermined.append(f"what records of {unseen}, which are not seen, ask for")
        case _:
            return True
    _wait_for_children(plan, plan.children)
    if missing:
        if not plan.context.may_have_children:
            return False
        plan.added_children |= frozenset(missing)
        plan.needs += needs
        plan.undetermined.append("whether a child that is yet to be added can be closed")
    context = planned_context(plan, {})
    closes = binding_ledgers(obligation.closes, context)
    open_ids = open_children(context, closes)
    if open_ids:
        plan.needs.append(ChildrenNeed(open_ids, closes))
    return all(
        _close_child(plan, child, closed_on(child.lifecycle, closes, within=context.ledgers))
        for child in plan.children
        if child.record.id in open_ids
    )


def close_open_children(plan: ActPlan, closes: frozenset[str]) -> bool | None:
    """Close the children that count open on a ledger that the act closes.

    Returns:
        None: Nothing is in the way. True: The plan now has their ways. False: One has none.
    """
    bound = [(child, plan.ledgers_with(child, closes)) for child in plan.children]
    children = [
        (child, ledgers)
        for child, ledgers in bound
        if ledgers & ledgers_counting(child.lifecycle.states[child.record.state], "open")
    ]
    _wait_for_children(plan, (child for child, ledgers in bound if ledgers))
    if not children:
        return None
    ids = tuple(child.record.id for child, _ in children)
    named = frozenset[str]().union(*(ledgers for _, ledgers in children))
    plan.needs.append(ChildrenNeed(ids, tuple(sorted(named))))
    return all(
        _close_child(plan, child, not_open_on(child.lifecycle, ledgers))
        for child, ledgers in children
    )


def _wait_for_children(plan: ActPlan, children: Iterable[RelatedRecord]) -> None:
    """Let the act be no earlier than the day since when each child stands as it stands."""
    for child in children:
        plan.wait_for(child.record.on)


def _close_child(plan: ActPlan, child: RelatedRecord, goal: Goal) -> bool:
    closed_above = ledgers_counting(plan.lifecycle.states[plan.record.state], "closed")
    closed = _relative_after_route(plan, child, goal, closed_above)
    if closed:
        plan.children = tuple(closed if each is child else each for each in plan.children)
    return closed is not None


def reopen_parent(plan: ActPlan, opens: frozenset[str]) -> bool | None:
    """Re-open the parent where it counts closed on a ledger that the act opens.

    Returns:
        None: Nothing is in the way. True: The plan now has the parent's way. False: It has none.
    """
    bind = plan.binding_ledgers
    if opens & plan.context.closed_above & (opens if bind is None else bind):
        return False
    parent = plan.parent
    if parent is None:
        return None
    state = parent.lifecycle.states[parent.record.state]
    bound = plan.ledgers_with(parent, opens)
    closed = bound & ledgers_counting(state, "closed")
    if bound:
        plan.wait_for(parent.record.on)
    if not closed:
        return None
    goal = not_closed_on(parent.lifecycle, closed)
    reopened = _relative_after_route(plan, parent, goal, parent.around.closed_above)
    if reopened:
        plan.needs.append(ParentNeed(parent.record.id, tuple(sorted(closed))))
        plan.parent = reopened
    return reopened is not None


def _relative_after_route(
    plan: ActPlan, relative: RelatedRecord, goal: Goal, closed_above: frozenset[str]
) -> RelatedRecord | None:
    """Let a relative go its way before the act; return it as it then is, None where it has none."""
    result = plan.find_route(relative, goal, plan.start.day, closed_above)
    if result is None:
        return None
    route, end = result
    plan.routes_before.append(route)
    plan.wait_for(end.day)
    plan.undetermined += [sentence for step in route.steps for sentence in step.undetermined]
    around = evolve(relative.around, children=end.children, parent=end.parent)
    return RelatedRecord(end.record, relative.lifecycle, around)


def prepare(plan: ActPlan, obligations: Iterable[Obligation]) -> bool:
    """Meet every obligation, and a timed step's time; say whether that can be done at all."""
    # A field that asks for a choice is met first, and a child that may be any after the others.
    ordered = tuple(sorted(obligations, key=lambda part: not getattr(part.atom, "has", None)))
    children_last = sorted(ordered, key=lambda part: isinstance(part.atom, ChildrenClosed))
    possible = (
        _wait_until_due(plan)
        and all(_meet_simple(plan, obligation) for obligation in ordered)
        and all(close_children(plan, obligation) for obligation in children_last)
        and plan_inspection(plan, ordered)
    )
    if not possible:
        return False
    if plan.day > plan.start.day:
        plan.needs.insert(0, DayNeed(plan.day))
    return all(plan_document(plan, obligation) for obligation in ordered) and plan_actor(plan)


def _wait_until_due(plan: ActPlan) -> bool:
    after = plan.compiled.rule.after
    return after is None or _wait_out(
        plan, period_start(after, plan.record, plan.compiled.source), after
    )


def _wait_out(plan: ActPlan, start: date | None, period: After) -> bool:
    """Wait until a period is over; where nobody can tell, as if no bank holiday followed.

    Where it counts from a publication that is not set, that is set: at worst, to the day on which
    the step is begun.
    """
    if start is None:
        start = plan.start.day
        if not plan.set_field(PUBLISHED, start.isoformat(), start):
            return False
    due = last_day(start, period, plan.context.holidays)
    if isinstance(due, UndeterminedDay):
        plan.undetermined.append(f"the day of `{plan.compiled.rule.trigger}`, which {due.why}")
        due = last_day(start, period, assume_no_more_holidays(plan.context.holidays))
    if isinstance(due, UndeterminedDay):
        return False
    plan.wait_for(due)
    return True


def _meet_simple(plan: ActPlan, obligation: Obligation) -> bool:
    """Meet what needs neither hierarchy nor documents."""
    match obligation.atom:
        case FieldSet(field=name, has=None):
            return bool(plan.record.fields.get(name)) or plan.set_field(name)
        case FieldSet(field=name, has=str(choice)):
            return has_choice(plan.record.fields.get(name), choice) or plan.choose(name, choice)
        case ChildForEach(names=name):
            if plan.record.fields.get(name):
                return True
            plan.undetermined.append(f"which records name what the field `{name}` will")
            return plan.set_field(name)
        case Waited(waited=days, since=since) as atom:
            start = wait_start(plan.record, atom)
            if start is None and since != PUBLISHED:
                return obligation.is_later
            return _wait_out(plan, start, After(days))
        case DistinctFrom():
            return obligation.is_later or _meet_distinct(plan, obligation.atom)
        case PredicateHolds(predicate=name):
            if name in plan.context.predicates and not obligation.is_later:
                plan.needs.append(PredicateNeed(name, registered=True))
                plan.undetermined.append(f"the predicate `{name}`")
            return name in plan.context.predicates
        case ReasonGiven() | SuccessorNamed() as atom if not obligation.is_by_system:
            plan.needs.append(ReasonNeed() if isinstance(atom, ReasonGiven) else SuccessorNeed())
            return True
        case ReasonGiven() | SuccessorNamed():
            return False
        case _:
            return True


def _meet_distinct(plan: ActPlan, atom: DistinctFrom) -> bool:
    need = distinct_needs(atom, plan.record)[0]
    if not isinstance(need, PersonNeed):
        return False
    if plan.is_by_system:
        return PEELFLOW.person not in need.than
    plan.excluded_people += need.than
    plan.needs.append(need)
    return True
