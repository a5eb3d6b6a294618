"""Plans that move records: found, proved before they move anything, and told by their digest."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

from attrs import frozen

from peelflow.engine.evidence import holds_role
from peelflow.errors import Diagnostic, RequestRefused, RulesRefused
from peelflow.model.judgement import Context
from peelflow.model.migration import MigrationPlan
from peelflow.model.records import Act, Actor, Record
from peelflow.model.rules import Lifecycle
from peelflow.proof.migration import check_migration, moves_level
from peelflow.proof.names import listed, suggestion
from peelflow.register.asking import role_of
from peelflow.register.draft import Draft
from peelflow.rulebook.book import Rulebook
from peelflow.rulebook.national import relevelling


@frozen(eq=False)
class Named:
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


def digest_of(plan: MigrationPlan) -> str:
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


def named_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> Named:
    """Return a plan with the rules it names, proved or not.

    Raises:
        RequestRefused: It is not here, or names rules that are not.
        RulesRefused: It maps what its rules do not have.
    """
    if isinstance(plan, str):
        known = {each.name: each for each in rulebook.migrations}
        if plan not in known:
            known = {**relevelling(), **known}
        if plan not in known:
            raise RequestRefused(f"the plan {plan!r}", "is not here", suggestion(plan, known))
        plan = known[plan]
    rules = {str(each): each for each in rulebook.lifecycles}
    for name in (plan.old, plan.new):
        if name not in rules:
            why = f"names `{name}`, which is not in the rulebook"
            raise RequestRefused(f"the plan {plan.name!r}", why, suggestion(name, rules))
    found = Named(plan, rules[plan.old], rules[plan.new], digest_of(plan))
    wrong = [fault for fault in _faults(found, rulebook) if fault.code.startswith("unknown-")]
    if wrong:
        raise RulesRefused(wrong)
    return found


def proved_plan(rulebook: Rulebook, plan: MigrationPlan | str) -> Named:
    """Return a plan between the rulebook's own rules, once it is proved.

    Raises:
        RulesRefused: It is refuted, with every fault.
        RequestRefused: It is not here, names rules that are not, or its proof is open.
    """
    named = named_plan(rulebook, plan)
    found = _faults(named, rulebook)
    if any(fault.severity == "error" for fault in found):
        raise RulesRefused(found)
    if found:
        raise RequestRefused(f"{named}", f"is not proved: {found[0].sentence}", found[0].help)
    return named


def _faults(named: Named, rulebook: Rulebook) -> tuple[Diagnostic, ...]:
    roles = rulebook.vocabulary.roles
    return check_migration(named.plan, named.old, named.new, roles=roles)


def check_mover(draft: Draft, proved: Named, record: Record, *, actor: Actor, on: date) -> None:
    """Refuse who may not move records under a plan, or did not hold the role on the day."""
    by = proved.plan.by
    if by and actor.role not in by:
        what, why = f"the role {actor.role!r}", f"moves no records under {proved}"
        raise RequestRefused(what, why, f"{listed(by)} may")
    if role_of(draft, actor.role).by_appointment:
        act = Act("migrate", actor, on, actor.person)
        held = Context(draft.now, draft.today, draft.appointments(record, act))
        if not holds_role(record, act, held):
            why = f"held no appointment in {record.force} on {on}"
            raise RequestRefused(f"{actor}", why, "appoint them first")
