"""Resolve a migration plan, prove it, and check who may move which record under it."""

from __future__ import annotations

import json
from hashlib import sha256

from attrs import frozen

from peelflow.errors import Diagnostic, InvalidRequest, InvalidRules
from peelflow.model.records import Provenance, Record
from peelflow.model.rules import Lifecycle, MigrationPlan
from peelflow.proof.migration import check_migration, moves_level
from peelflow.register.replay import is_appointed
from peelflow.register.session import Session
from peelflow.register.validation import check_type, role_of
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
            known = {**relevelling_plans(), **known}
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
        InvalidRules: It is refuted, with every fault.
        InvalidRequest: It is not here, names rules that are not, or its proof is open.
    """
    resolved = resolve_plan(rulebook, plan)
    faults = _plan_faults(resolved, rulebook)
    if any(fault.severity == "error" for fault in faults):
        raise InvalidRules(faults)
    if faults:
        raise InvalidRequest(f"{resolved}", f"is not proved: {faults[0].sentence}", faults[0].help)
    return resolved


def _plan_faults(resolved: ResolvedPlan, rulebook: Rulebook) -> tuple[Diagnostic, ...]:
    roles = rulebook.vocabulary.roles
    return check_migration(resolved.plan, resolved.old, resolved.new, roles=roles)


def check_may_migrate(
    session: Session, proved: ResolvedPlan, record: Record, provenance: Provenance
) -> None:
    """Refuse who may not move records under a plan, or did not hold the role on the day."""
    by, actor, on = proved.plan.by, provenance.actor, provenance.on
    if by and actor.role not in by:
        what, why = f"the role {actor.role!r}", f"moves no records under {proved}"
        raise InvalidRequest(what, why, f"{listed(by)} may")
    is_by_appointment = role_of(session, actor.role).by_appointment
    if is_by_appointment and not is_appointed(session, record, actor, on):
        why = f"held no appointment in {record.force} on {on}"
        raise InvalidRequest(f"{actor}", why, "appoint them first")


def check_plan_applies(proved: ResolvedPlan, record: Record) -> None:
    """Refuse a record that a plan does not start from, or that stands where it is mute."""
    if record.lifecycle != proved.old.pin:
        why = f"runs under {record.lifecycle}, and {proved} moves records of {proved.old}"
        raise InvalidRequest(record.id, why, "use a plan that starts there")
    if record.state not in proved.plan.states:
        why = f"is `{record.state}`, and {proved} does not say where that goes"
        raise InvalidRequest(record.id, why, f"map `{record.state}` in the plan")
