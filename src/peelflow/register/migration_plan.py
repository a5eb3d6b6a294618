"""Resolve a migration plan, prove it, check who may move which record under it, and move one."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

from attrs import evolve, field

from peelflow.engine.fold import changes_on_move
from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules, Span
from peelflow.model.records import Event, Migrated, Provenance, Record, Relevelled
from peelflow.model.rules import Lifecycle, MigrationPlan, Pin, moves_level
from peelflow.phrases import listed, suggestion
from peelflow.proof.migration import check_migration, check_relevelling
from peelflow.proof.moves import Move, Moves, lifted, moves_among, refined_name
from peelflow.register.commands import new_event, take, take_automatic
from peelflow.register.look_alikes import check_people_of_event
from peelflow.register.permission import acts_by_appointment, is_appointed
from peelflow.register.session import Session
from peelflow.register.validation import check_follows, check_text, check_type
from peelflow.results import frozen
from peelflow.rulebook.authority import is_own_relevelling
from peelflow.rulebook.national import (
    authority,
    national,
    national_plans,
    national_plans_among,
    plans_between_versions,
)
from peelflow.rulebook.rulebook import Rulebook


@frozen(eq=False)
class ResolvedPlan:
    """A plan and the rules it names. `digest` is what its events carry.

    Where records of a force's file move by a national plan, that is the `source`, and the digest is
    its own.
    """

    plan: MigrationPlan
    old: Lifecycle
    new: Lifecycle
    digest: str
    source: MigrationPlan | None = None

    def __str__(self) -> str:
        return f"the plan {self.plan.name or 'given'}"

    @property
    def moves_level(self) -> bool:
        """Whether records change their level by it."""
        return moves_level(self.old, self.new)

    @property
    def renamed(self) -> dict[str, str]:
        """The triggers that bear another name in the new rules, with that name.

        INVARIANT: the same for every record, whatever was done on it: a correction may yet bring
        back what is voided now.
        """
        return {old: new for old, new in self.plan.triggers.items() if old != new}

    @property
    def kept_states(self) -> dict[str, str]:
        """The states that stand for the same national state in the new rules, with their names.

        INVARIANT: the same for every record, as `renamed` is.
        """
        old, new = self.old, self.new
        return {
            name: then
            for name, then in self.plan.states.items()
            if name in old.states
            and then in new.states
            and old.stands_for(name) == new.stands_for(then)
        }


def plan_digest(plan: MigrationPlan) -> str:
    """Return the SHA-256 of what a plan means: not of its name, nor of the order of its lines."""
    meaning = {
        "from": plan.old,
        "to": plan.new,
        "states": dict(plan.states),
        "triggers": dict(plan.triggers),
        "by": sorted(plan.by),
        "letters": plan.letters,
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def resolve_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> ResolvedPlan:
    """Return a plan with the rules it names, proved or not.

    Raises:
        InvalidRequest: It is not here, or names rules that are not.
        InvalidRules: It maps what its rules do not have.
    """
    if isinstance(plan, str):
        known = {migration.name: migration for migration in rulebook.migrations}
        if plan not in known:
            known = {**national_plans(), **known}
        if plan not in known:
            raise InvalidRequest(f"the plan {plan!r}", "is not here", suggestion(plan, known))
        plan = known[plan]
    check_type(plan, MigrationPlan, "the plan", "give one, or its name")
    rules = {str(lifecycle): lifecycle for lifecycle in rulebook.lifecycles}
    for name in (plan.old, plan.new):
        if name not in rules:
            why = f"names `{name}`, which is not in the rulebook"
            raise InvalidRequest(f"the plan {plan.name!r}", why, suggestion(name, rules))
    resolved = ResolvedPlan(plan, rules[plan.old], rules[plan.new], plan_digest(plan))
    faults = _plan_faults(resolved, rulebook)
    unknown = [fault for fault in faults if fault.code.startswith("unknown-")]
    if unknown:
        raise InvalidRules(unknown)
    return resolved


def proved_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> ResolvedPlan:
    """Return a plan between the rulebook's own rules, once it is proved.

    Raises:
        InvalidRules: It is refuted, or its proof is open; with every fault.
        InvalidRequest: It is not here, or names rules that are not.
    """
    resolved = resolve_plan(rulebook, plan)
    faults = _plan_faults(resolved, rulebook)
    if faults:
        raise InvalidRules(faults)
    check_is_national(resolved)
    return resolved


def check_is_national(resolved: ResolvedPlan) -> None:
    """Refuse a plan that moves national records as only national plans do, and is none.

    It is told by its content: a plan of a force's own may have been given a national name.
    """
    if is_own_relevelling(authority(), resolved.plan, resolved.old, resolved.new):
        raise InvalidRequest(
            f"{resolved}",
            "moves national records as only national plans do, and is none",
            f"use one of those: {listed(sorted(national_plans()))}",
        )


def relevelling_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> ResolvedPlan:
    """Return a proved plan that moves records from one level to one other.

    Raises:
        InvalidRules: It is refuted, or its proof is open; with every fault.
        InvalidRequest: It is not here, names rules that are not, or moves to no one level.
    """
    proved = proved_plan(rulebook, plan)
    if not proved.moves_level or len(proved.new.applies_to.level) != 1:
        why = "does not move records from one level to one other"
        raise InvalidRequest(f"{proved}", why, "use `migrate` for another version of its rules")
    return proved


@lru_cache(maxsize=8)
def moves_of(rulebook: Rulebook) -> Moves:
    """Return every move between the rules of a rulebook, the national ones too."""
    plans = (*rulebook.migrations, *national_plans_among(rulebook))
    return moves_among(rulebook.lifecycles, plans, national().lifecycles)


@frozen
class _PlanKey:
    """A plan to be proved; two are the same whose digest, name and place are."""

    digest: str
    name: str
    span: Span
    old: Pin
    new: Pin
    resolved: ResolvedPlan = field(eq=False)


def _plan_faults(resolved: ResolvedPlan, rulebook: Rulebook) -> tuple[Diagnostic, ...]:
    plan, pins = resolved.plan, (resolved.old.pin, resolved.new.pin)
    digest = plan_digest(plan)  # of what is moved by: a national plan may be lifted to other rules
    return _proved_once(rulebook, _PlanKey(digest, plan.name, plan.span, *pins, resolved))


@lru_cache(maxsize=64)
def _proved_once(rulebook: Rulebook, key: _PlanKey) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a plan: a proof is made once, however many records move by it."""
    resolved, moves, words = key.resolved, moves_of(rulebook), rulebook.vocabulary
    plan, old, new = resolved.plan, resolved.old, resolved.new
    if resolved.source is not None:
        return check_relevelling(Move(plan, old, new, resolved.source), moves, words)
    return check_migration(plan, old, new, words, moves=moves)


def plan_for(session: Session, proved: ResolvedPlan, record: Record) -> ResolvedPlan:
    """Return a national plan as a record moves by it that runs under a file of its own force.

    Where the record runs under other rules than a refinement of those that the plan starts from,
    the plan itself.

    Args:
        session: What knows the record's rules.
        proved: A plan between levels.
        record: The record that is to move.

    Raises:
        InvalidRules: The plan is not proved for records of that file.
    """
    own = session.lifecycle(record)
    if own.refines != str(proved.old):
        return proved
    plan = lifted(proved.plan, own, proved.new).plan
    resolved = ResolvedPlan(plan, own, proved.new, proved.digest, source=proved.plan)
    faults = _plan_faults(resolved, session.rulebook)
    if faults:
        raise InvalidRules(faults)
    return resolved


def check_may_migrate(
    session: Session, proved: ResolvedPlan, record: Record, provenance: Provenance
) -> None:
    """Refuse who may not move records under a plan, or did not hold the role on the day."""
    by, actor, on = proved.plan.by, provenance.actor, provenance.on
    if by and actor.role not in by:
        what, why = f"the role {actor.role!r}", f"moves no records under {proved}"
        raise InvalidRequest(what, why, f"{listed(by)} may")
    if acts_by_appointment(session, actor.role) and not is_appointed(session, record, actor, on):
        why = f"held no appointment in {' or '.join(record.acting_forces)} on {on}"
        raise InvalidRequest(f"{actor}", why, "appoint them first")


def check_plan_applies(proved: ResolvedPlan, record: Record) -> None:
    """Refuse a record that a plan does not start from, or that stands where it is mute."""
    if record.lifecycle != proved.old.pin:
        why = f"runs under {record.lifecycle}, and {proved} moves records of {proved.old}"
        raise InvalidRequest(record.id, why, "use a plan that starts there")
    if record.state not in proved.plan.states:
        why = f"is `{record.state}`, and {proved} does not say where that goes"
        raise InvalidRequest(record.id, why, f"map `{record.state}` in the plan")


def relevel(
    session: Session, record: str, *, plan: MigrationPlan | str, provenance: Provenance
) -> Event:
    """Move a record to another level, under a proved plan."""
    named = relevelling_plan(session.rulebook, plan)
    check_text(record, "the record's id")
    known = session.get(record)
    event, _ = _relevelled_event(session, plan_for(session, named, known), known, provenance)
    first = session.repeated(event)
    if first is not None:
        return first
    session.check_not_withdrawn(known)
    check_text(provenance.reason, f"{record}: the reason")
    known = _move_to_version(session, named.old, known, provenance)
    proved = plan_for(session, named, known)
    check_plan_applies(proved, known)
    check_may_migrate(session, proved, known, provenance)
    check_follows(session, provenance.on, known)
    return put_move(session, known, *_relevelled_event(session, proved, known, provenance))


def _relevelled_event(
    session: Session, proved: ResolvedPlan, known: Record, provenance: Provenance
) -> tuple[Event, Relevelled]:
    what = Relevelled(
        known.level,
        proved.new.applies_to.level[0],
        session.keep_lifecycle(proved.new),
        known.state,
        proved.plan.states.get(known.state, ""),
        proved.digest,
        proved.plan.letters,
        proved.renamed,
        proved.kept_states if proved.plan.letters else None,
    )
    return new_event(session, what, known.id, known.number + 1, provenance), what


def _move_to_version(
    session: Session, version: Lifecycle, record: Record, provenance: Provenance
) -> Record:
    """Return a record under a later version of the national rules that it runs by, moved there.

    Args:
        session: What moves it, by one national plan after another; no plan leads there: not at all.
        version: The version.
        record: The record, under that version, an earlier one, or its force's own form of one.
        provenance: Who moves it, and why.
    """
    for plan in plans_between_versions(refined_name(session.lifecycle(record)), str(version)):
        step = plan_for(session, proved_plan(session.rulebook, plan), record)
        check_follows(session, provenance.on, record)
        migrate_record(session, step, record, evolve(provenance, key=None))
        record = session.get(record.id)
    return record


def migrate_record(
    session: Session, proved: ResolvedPlan, record: Record, provenance: Provenance
) -> Event:
    """Move a record to other rules of its level, under a proved plan that says where it goes."""
    check_may_migrate(session, proved, record, provenance)
    pin = session.keep_lifecycle(proved.new)
    old, new, names = record.state, proved.plan.states[record.state], proved.renamed
    what = Migrated(pin, old, new, proved.digest, names, proved.kept_states)
    event = new_event(session, what, record.id, record.number + 1, provenance)
    return put_move(session, record, event, what)


def put_move(session: Session, record: Record, event: Event, what: Relevelled | Migrated) -> Event:
    """Take a move into a session, counted, and what the system then does by itself."""
    check_people_of_event(session, record, event)
    changes = changes_on_move(record, what, event.on, session.services.lifecycle_of)
    move = evolve(event, changes=changes)
    moved = take(session, move, record)
    take_automatic(session, session.lifecycle(moved), moved, event.on)
    return move
