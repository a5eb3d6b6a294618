"""Resolve a migration plan, prove it, and move one record under it."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

from attrs import evolve, frozen

from peelflow.engine.fold import changes_on_move
from peelflow.engine.requirements import holds_role
from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules
from peelflow.model.decisions import Act, Context
from peelflow.model.records import Actor, Event, Migrated, Record, Relevelled
from peelflow.model.rules import Lifecycle, MigrationPlan
from peelflow.proof.migration import check_migration, moves_level
from peelflow.register.commands import new_event
from peelflow.register.session import Session
from peelflow.register.validation import check_follows, check_text, check_type, role_of
from peelflow.rulebook.national import relevelling_plans
from peelflow.rulebook.rulebook import Rulebook
from peelflow.wording import listed, suggestion


@frozen(eq=False)
class ResolvedPlan:
    """A plan and the rules it names. `digest` is what its events carry."""

    plan: MigrationPlan
    old: Lifecycle
    new: Lifecycle
    digest: str

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
        known = {each.name: each for each in rulebook.migrations}
        if plan not in known:
            known = {**relevelling_plans(), **known}
        if plan not in known:
            raise InvalidRequest(f"the plan {plan!r}", "is not here", suggestion(plan, known))
        plan = known[plan]
    check_type(plan, MigrationPlan, "the plan", "give one, or its name")
    rules = {str(each): each for each in rulebook.lifecycles}
    for name in (plan.old, plan.new):
        if name not in rules:
            why = f"names `{name}`, which is not in the rulebook"
            raise InvalidRequest(f"the plan {plan.name!r}", why, suggestion(name, rules))
    found = ResolvedPlan(plan, rules[plan.old], rules[plan.new], plan_digest(plan))
    wrong = [fault for fault in _plan_faults(found, rulebook) if fault.code.startswith("unknown-")]
    if wrong:
        raise InvalidRules(wrong)
    return found


def proved_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> ResolvedPlan:
    """Return a plan between the rulebook's own rules, once it is proved.

    Raises:
        InvalidRules: It is refuted, with every fault.
        InvalidRequest: It is not here, names rules that are not, or its proof is open.
    """
    named = resolve_plan(rulebook, plan)
    found = _plan_faults(named, rulebook)
    if any(fault.severity == "error" for fault in found):
        raise InvalidRules(found)
    if found:
        raise InvalidRequest(f"{named}", f"is not proved: {found[0].sentence}", found[0].help)
    return named


def _plan_faults(named: ResolvedPlan, rulebook: Rulebook) -> tuple[Diagnostic, ...]:
    roles = rulebook.vocabulary.roles
    return check_migration(named.plan, named.old, named.new, roles=roles)


def check_may_migrate(
    draft: Session, proved: ResolvedPlan, record: Record, *, actor: Actor, on: date
) -> None:
    """Refuse who may not move records under a plan, or did not hold the role on the day."""
    by = proved.plan.by
    if by and actor.role not in by:
        what, why = f"the role {actor.role!r}", f"moves no records under {proved}"
        raise InvalidRequest(what, why, f"{listed(by)} may")
    if role_of(draft, actor.role).by_appointment:
        act = Act("migrate", actor, on, actor.person)
        held = Context(draft.now, draft.today, draft.appointments(record, act))
        if not holds_role(record, act, held):
            why = f"held no appointment in {record.force} on {on}"
            raise InvalidRequest(f"{actor}", why, "appoint them first")


def relevel(
    draft: Session,
    record: str,
    *,
    plan: MigrationPlan | str,
    actor: Actor,
    on: date,
    source: str,
    reason: str,
    recorded_by: str | None,
    key: str | None,
) -> Event:
    """Take the move of a record to another level into a draft; see `Register.relevel`."""
    proved = proved_plan(draft.rulebook, plan)
    check_text(record, "the record's id")
    known = draft.get(record)
    levels = proved.new.applies_to.level
    if not proved.moves_level or len(levels) != 1:
        why = "does not move records from one level to one other"
        raise InvalidRequest(f"{proved}", why, "use `migrate` for another version of its rules")
    new = proved.plan.states.get(known.state, "")
    what = Relevelled(
        known.level,
        levels[0],
        draft.pin(proved.new),
        known.state,
        new,
        proved.digest,
        proved.plan.letters,
        proved.renamed,
    )
    event = new_event(
        draft,
        what,
        record,
        number=known.number + 1,
        on=on,
        actor=actor,
        recorded_by=recorded_by,
        reason=reason,
        source=source,
        key=key,
    )
    first = draft.repeated(event)
    if first is not None:
        return first
    check_text(reason, f"{record}: the reason")
    check_plan_applies(proved, known)
    check_may_migrate(draft, proved, known, actor=actor, on=on)
    check_follows(draft, on, known)
    return put_move(draft, event, what)


def put_move(draft: Session, event: Event, what: Relevelled | Migrated) -> Event:
    """Take a move into a draft, counted, and what the system then does by itself."""
    known = draft.get(event.record)
    changes = changes_on_move(known, what, event.on, draft.desk.lifecycle_of)
    moved = draft.put(evolve(event, changes=changes))
    draft.settle(event.record, moved)
    return moved


def check_plan_applies(proved: ResolvedPlan, record: Record) -> None:
    """Refuse a record that a plan does not start from, or that stands where it is mute."""
    if record.lifecycle != proved.old.pin:
        why = f"runs under {record.lifecycle}, and {proved} moves records of {proved.old}"
        raise InvalidRequest(record.id, why, "use a plan that starts there")
    if record.state not in proved.plan.states:
        why = f"is `{record.state}`, and {proved} does not say where that goes"
        raise InvalidRequest(record.id, why, f"map `{record.state}` in the plan")
