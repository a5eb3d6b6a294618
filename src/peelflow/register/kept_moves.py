"""Judge a kept move to other rules as `migrate` or `relevel` would have let it happen.

National records move by national plans, which are here. Those of a force's own file keep their
national state, whichever plan moved them; the rest is said by that plan, which may be gone: then
that it was not judged is told in words. Of records that are wholly a force's own, it is asked that
they keep what national ledgers count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from peelflow.model.records import Event, Migrated, Record, Relevelled
from peelflow.model.rules import Lifecycle, MigrationPlan, moves_level
from peelflow.phrases import listed
from peelflow.proof.moves import Move, lifted, refined_name
from peelflow.proof.renamed_triggers import wrong_names
from peelflow.register.migration_plan import ResolvedPlan, plan_digest
from peelflow.register.session import Session
from peelflow.rulebook.national import authority, national, national_plans
from peelflow.stores.scoped import shipped_digests

Moved = Relevelled | Migrated


def why_move_unlawful(session: Session, event: Event, what: Moved, record: Record) -> str:
    """Return why neither verb would have made a move, or nothing.

    Args:
        session: What knows the rules.
        event: The move.
        what: What it did.
        record: The record before it.
    """
    old, new = session.lifecycle(record), session.services.lifecycle_of(what.lifecycle)
    why = _why_unfit(what, old, new)
    if why:
        return f"the move to `{what.new}` {why}"
    role = session.rulebook.vocabulary.roles.get(event.actor.role)
    if isinstance(what, Relevelled) and role is not None and role.side != "inspectorate":
        return f"{event.actor} moves no {record.category} to another level"
    why = _why_counted_otherwise(session, what, record, (old, new))
    why = why or _why_called_otherwise(event, what, old, new)
    plans = () if why else tuple(_plans_between(session, what, old, new))
    if plans:
        reasons = [_why_not_by(plan, event, what) for plan in plans]
        return "" if "" in reasons else reasons[0]
    why = why or _why_by_no_plan(what, old, new)
    return f"the move to `{what.new}` {why}" if why else ""


def _why_unfit(what: Moved, old: Lifecycle, new: Lifecycle) -> str:
    """Say how a move does not fit the rules that it leads to; a store says that of its record."""
    if old.pin.digest == new.pin.digest:
        return f"leads from {old} to the same rules"
    if moves_level(old, new) != isinstance(what, Relevelled):
        leads = "leads" if moves_level(old, new) else "does not lead"
        return f"{leads} to another level"
    for state, rules in ((what.old, old), (what.new, new)):
        if state not in rules.states:
            return f"is of `{state}`, which is no state of {rules}"
    return ""


def _plans_between(
    session: Session, what: Moved, old: Lifecycle, new: Lifecycle
) -> Iterator[ResolvedPlan]:
    """Yield the plans that are here and by which the move may have been made."""
    asked = str(old), str(new), what.plan
    own = (p for p in session.rulebook.migrations if (p.old, p.new, plan_digest(p)) == asked)
    yield from (ResolvedPlan(plan, old, new, what.plan) for plan in own)
    if not _is_shipped(new):
        return
    for plan in _national_between(old, new):
        is_own = not _is_shipped(old)
        moving = lifted(plan, old, new).plan if is_own else plan
        yield ResolvedPlan(moving, old, new, plan_digest(plan))


def _national_between(old: Lifecycle, new: Lifecycle) -> Iterable[MigrationPlan]:
    """Return the national plans from what one lifecycle is, or refines, to a national one.

    Where one of the two ships no more in that version, those of another version of it.
    """
    start = refined_name(old)
    plans = national_plans().values()
    exact = [plan for plan in plans if (plan.old, plan.new) == (start, str(new))]
    if exact or {start, str(new)} <= _national_names() or not moves_level(old, new):
        return exact
    names = _unversioned(start), new.name
    return [p for p in plans if (_unversioned(p.old), _unversioned(p.new)) == names]


def _unversioned(name: str) -> str:
    return name.partition("@")[0]


def _is_shipped(lifecycle: Lifecycle) -> bool:
    return authority().has(lifecycle) or lifecycle.pin.digest in shipped_digests()


def _national_names() -> frozenset[str]:
    return frozenset(str(lifecycle) for lifecycle in national().lifecycles)


def _is_of_national(lifecycle: Lifecycle) -> bool:
    return _is_shipped(lifecycle) or lifecycle.refines is not None


def _why_not_by(moved: ResolvedPlan, event: Event, what: Moved) -> str:
    """Say how an event differs from the move that a plan makes."""
    plan, role = moved.plan, event.actor.role
    where = plan.states.get(what.old)
    restarts = isinstance(what, Relevelled) and not plan.letters
    kept = None if restarts else moved.kept_states
    if plan.by and role not in plan.by:
        return f"the role `{role}` moves no records under {moved}: {listed(plan.by)} may"
    if where != what.new:
        puts = f"puts `{what.old}` at `{where}`" if where else f"does not move `{what.old}`"
        return f"the move to `{what.new}` is none of {moved}, which {puts}"
    if dict(what.triggers) != moved.renamed or not _are_states_kept(event, what, kept):
        return f"the move to `{what.new}` calls steps or states otherwise than {moved} does"
    if isinstance(what, Relevelled) and what.letters != plan.letters:
        return f"the move to `{what.new}` carries letters over otherwise than {moved} does"
    return ""


STATES_SAID_SINCE = datetime(2026, 11, 29, tzinfo=UTC)
"""When moves began to say what states are called from then on."""


def _are_states_kept(event: Event, what: Moved, kept: Mapping[str, str] | None) -> bool:
    """Say whether a move says of states what its plan does."""
    return what.states == kept or (what.states is None and _may_leave_states_unsaid(event, what))


def _may_leave_states_unsaid(event: Event, what: Moved) -> bool:
    """Say whether a move may say nothing of states: one of before, or one where the name stays."""
    return event.recorded_at < STATES_SAID_SINCE or what.old == what.new


def _why_by_no_plan(what: Moved, old: Lifecycle, new: Lifecycle) -> str:
    """Say why no plan makes a move, where none that is here does."""
    is_national = _is_of_national(old) or _is_of_national(new)
    names = refined_name(old), refined_name(new)
    if not is_national:
        return ""
    if isinstance(what, Relevelled) or (authority().has(old) and authority().has(new)):
        return f"leads from {old} to {new}, and no national plan does"
    if names[0] != names[1]:
        return _why_other_version(what, old, new)
    stood, stands = old.stands_for(what.old), new.stands_for(what.new)
    if stood != stands:
        return f"stands for `{stands}` of {names[1]}, and `{what.old}` for `{stood}`"
    return ""


def _why_other_version(what: Migrated, old: Lifecycle, new: Lifecycle) -> str:
    """Say why a move to what refines other national rules is none along their own plan."""
    names = refined_name(old), refined_name(new)
    plans = [p for p in national_plans().values() if (p.old, p.new) == names]
    is_outgrown = not {*names} <= _national_names()
    if not plans and _unversioned(names[0]) == _unversioned(names[1]) and is_outgrown:
        return ""
    if not plans:
        return f"leads from {names[0]} to {names[1]}, and no national plan does"
    stands, to = new.stands_for(what.new), plans[0].states.get(old.stands_for(what.old))
    return "" if stands == to else f"stands for `{stands}`, and {plans[0].name} leads to `{to}`"


def _why_counted_otherwise(
    session: Session, what: Moved, record: Record, rules: tuple[Lifecycle, Lifecycle]
) -> str:
    """Say where a record would count otherwise than it did on a national ledger."""
    before, after = rules[0].states[what.old].counts_as, rules[1].states[what.new].counts_as
    for ledger in sorted(session.national_ledgers(record) or ()):
        if ledger in after and before.get(ledger) != after[ledger]:
            counted = before.get(ledger, "nowhere")
            return f"would count {after[ledger]} on {ledger}, and counts {counted}"
    return ""


def _why_called_otherwise(event: Event, what: Moved, old: Lifecycle, new: Lifecycle) -> str:
    """Say which step or state of a national record a move calls what it was not, by any plan."""
    if not (_is_of_national(old) or _is_of_national(new)):
        return ""
    plan = MigrationPlan("", str(old), str(new), {}, what.triggers)
    wrong = (each for each in wrong_names(Move(plan, old, new)) if each.trigger in what.triggers)
    why = next((f"calls `{each.trigger}` `{each.then}`: {each.why}" for each in wrong), "")
    return why or ("" if isinstance(what, Relevelled) else _why_entered_anew(event, what, old, new))


def _why_entered_anew(event: Event, what: Migrated, old: Lifecycle, new: Lifecycle) -> str:
    """Say that a state would be entered by a move though it stands for what it stood for.

    Whoever was taken over there would stand as if it had come there, and each wait begin again.
    """
    if old.stands_for(what.old) != new.stands_for(what.new):
        return ""
    if what.states is None:
        is_said = _may_leave_states_unsaid(event, what)
    else:
        is_said = what.states.get(what.old) == what.new
    return "" if is_said else f"does not say that `{what.old}` goes on as `{what.new}`"


def unknown_plan(session: Session, what: Moved, record: Record) -> str:
    """Return between which rules of a national record's a plan led that is not here, or nothing.

    Args:
        session: What knows the rules.
        what: What the move did.
        record: The record before it.
    """
    old, new = session.lifecycle(record), session.services.lifecycle_of(what.lifecycle)
    is_national = _is_of_national(old) or _is_of_national(new)
    if not is_national or any(_plans_between(session, what, old, new)):
        return ""
    return f"the plan from {old} to {new} is not here: who may move by it, and its words"
