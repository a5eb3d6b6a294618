"""Migrations over a register: moved, passed over, previewed, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from peelflow.errors import Conflict, InvalidRequest, InvalidRules
from peelflow.model.decisions import Act, Refused
from peelflow.model.records import PEELFLOW, Actor, Corrected, Migrated, TransitionTaken
from peelflow.register import commands, migration_plan, migrations
from peelflow.register.migration_plan import plan_digest
from peelflow.register.register import Register
from peelflow.rulebook.loader import read_files
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import FORCE, LIAISON
from tests.builders.rules import (
    REVIEW_1_TO_2,
    REVIEW_LEAD,
    REVIEW_PLAN,
    REVIEW_START,
    REVIEW_WORDS,
    Reviews,
    reviews,
    write_review_rules,
)

HMICFRS = Actor("hmicfrs-portal", "hmicfrs")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """Give the rules and the plan."""
    return load(write_review_rules(tmp_path_factory.mktemp("rules")))


@pytest.fixture(params=["memory", "sqlite"])
def here(request: pytest.FixtureRequest, rules: Rulebook, tmp_path: Path) -> Iterator[Reviews]:
    """Give an empty register of reviews on each store."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'reviews.db'}"
    opened = reviews(tmp_path, url, rules=rules)
    yield opened
    opened.register.close()


def some(here: Reviews) -> list[str]:
    """Add an open, a finished, a parked and a closed review, and return their ids."""
    names = [here.add(area="north") for _ in range(4)]
    here.act(names[1], "finish", REVIEW_LEAD)
    here.act(names[2], "park", LIAISON)
    here.act(names[3], "finish", REVIEW_LEAD)
    here.act(names[3], "sign_off", LIAISON)
    return names


def states(here: Reviews) -> list[tuple[str, int]]:
    """Return where each review stands, and under which version."""
    found = map(here.register.record, here.made)
    return [(record.state, record.lifecycle.version) for record in found]


def test_a_record_takes_the_version_in_force_on_its_issue_date(here: Reviews) -> None:
    """A version holds from its date; those issued before it stay where they are."""
    for issued in (date(2024, 3, 31), date(2024, 4, 1)):
        here.add(issued)
    assert states(here) == [("open", 1), ("open", 2)]


def test_every_record_moves_as_the_plan_says(here: Reviews) -> None:
    """One event each, with the plan's digest; counts stay as they are on every day."""
    names = some(here)
    days = [REVIEW_START + timedelta(day) for day in range(6)]
    before = [here.register.figures(as_at=day).lines for day in days]

    assert here.move() == (4, ())

    assert states(here) == [("planned", 2), ("finished", 2), ("parked", 2), ("closed", 2)]
    assert [here.register.figures(as_at=day).lines for day in days] == before
    last = here.register.history(names[0])[-1]
    pin = here.register.record(names[0]).lifecycle
    digest = plan_digest(here.register.rulebook.migrations[-1])
    kept = {name: name for name in ("finished", "parked", "closed")}
    moved = Migrated(pin, "open", "planned", digest, states=kept)
    assert (last.number, last.what) == (2, moved)
    assert (last.actor, last.on, last.reason) == (LIAISON, here.day, "new rules")
    assert here.register.verify() == ()


def test_moving_again_moves_nothing(here: Reviews) -> None:
    """Records that run under the new rules are passed over."""
    some(here)
    here.move()
    before = here.register.position()
    assert here.move() == (0, ())
    assert here.register.position() == before


def test_what_was_cut_off_goes_on(here: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole batches are kept; asking again moves the others."""
    monkeypatch.setattr(migrations, "MOVED_AT_ONCE", 2)
    for _ in range(5):
        here.add()

    def stop(done: int, total: int) -> None:
        assert total == 5
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.move(on_progress=stop)
    assert [version for _, version in states(here)] == [2, 2, 2, 2, 1]
    assert here.move() == (1, ())


def test_an_act_meanwhile_is_a_conflict_and_no_loss(
    here: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: the batch in which somebody acted is not kept, and moves when asked again."""
    record = here.add()
    put = migration_plan.put_move

    def put_late(*given: Any) -> Any:
        here.act(record, "finish", REVIEW_LEAD)
        return put(*given)

    monkeypatch.setattr(migration_plan, "put_move", put_late)
    with pytest.raises(Conflict):
        here.move()
    monkeypatch.undo()
    assert here.move() == (1, ())
    assert states(here) == [("finished", 2)]


def test_records_run_on_under_the_new_rules(here: Reviews) -> None:
    """What was done before still counts: the sign-off is by another person than finished it."""
    names = some(here)
    here.move()
    with pytest.raises(Refused, match="`finish` too"):
        here.act(names[1], "sign_off", Actor("lead", "liaison_officer"))
    here.act(names[1], "sign_off", LIAISON)
    assert here.register.record(names[1]).state == "closed"


def test_a_migration_is_taken_back_until_somebody_acts(here: Reviews) -> None:
    """Each move is voided by an event; what was acted on since is left, and told."""
    names = some(here)
    before = [here.register.record(name) for name in names]
    here.move()
    here.act(names[0], "finish", REVIEW_LEAD)

    assert here.move_back() == (3, (names[0],))

    assert states(here) == [("finished", 2), ("finished", 1), ("parked", 1), ("closed", 1)]
    last = here.register.history(names[1])[-1]
    assert last.what == Corrected(before[1].number + 1, "void")
    now = here.register.record(names[1])
    assert now == evolve(before[1], number=now.number)
    assert here.move_back() == (0, (names[0],))
    assert here.move() == (3, ())
    assert here.register.verify() == ()


def test_only_the_side_that_moved_takes_back(here: Reviews) -> None:
    """A correction is by the side that did what it corrects."""
    here.add()
    here.move()
    with pytest.raises(InvalidRequest, match="have the side that did it correct it"):
        here.move_back(actor=HMICFRS, source="portal", recorded_by="liaison-officer")


def test_a_record_that_never_moved_is_left_by_the_undo(here: Reviews) -> None:
    """A review issued under the new rules is none of the migration's."""
    record = here.add(date(2024, 5, 1))
    assert here.move_back(on=date(2024, 6, 1)) == (0, (record,))


def test_a_move_can_be_voided_beneath_an_act_that_both_rules_allow(here: Reviews) -> None:
    """Corrected by itself, what came after it is judged under the rules before it."""
    record = here.add()
    here.move()
    here.register.amend(
        record, "area", "north", actor=LIAISON, on=here.day, reason="as the plan asks"
    )
    here.act(record, "finish", REVIEW_LEAD)
    said: dict[str, Any] = {"actor": LIAISON, "on": here.day, "reason": "a mistake"}
    here.register.correct(record, 2, correction="void", **said)
    assert here.register.record(record).lifecycle.version == 1
    assert here.register.verify() == ()
    with pytest.raises(InvalidRequest, match="is voided already"):
        here.register.correct(record, 2, correction="void", **said)


def test_a_move_stays_where_the_rules_before_it_refuse_what_came_after(here: Reviews) -> None:
    """What only the new rules know cannot have been done under the old ones."""
    record = here.add()
    here.move()
    here.day += timedelta(31)
    tick = Act("lapse", PEELFLOW, here.day, "peelflow")
    with here.register.batch() as batch:
        commands.act_on(batch.session, batch.record(record), tick)
    with pytest.raises(Refused, match=r"event 3 of .* would break"):
        here.register.correct(
            record, 2, correction="void", actor=LIAISON, on=here.day, reason="a mistake"
        )
    assert here.move_back() == (0, (record,))


def test_the_force_takes_back_what_a_wrong_clock_did(here: Reviews) -> None:
    """A timed step of the system's is the force's to correct; then the move behind it can be."""
    record = here.add(area="north")
    here.move()
    here.day += timedelta(31)
    with here.register.batch() as batch:
        tick = Act("lapse", PEELFLOW, here.day, "peelflow")
        commands.act_on(batch.session, batch.record(record), tick)
    said: dict[str, Any] = {"on": here.day, "reason": "a mistake", "correction": "void"}
    with pytest.raises(InvalidRequest, match=r"not of that side \(force\)"):
        here.register.correct(
            record, 3, actor=HMICFRS, source="portal", recorded_by="liaison-officer", **said
        )
    here.register.correct(record, 3, actor=LIAISON, **said)
    assert here.register.record(record).state == "planned"
    assert here.move_back() == (1, ())


def test_a_plan_is_previewed_before_it_moves_anything(here: Reviews) -> None:
    """Who is blocked, who would be overdue at once; the longest overdue first."""
    names = [here.add() for _ in range(12)]
    for name in names[1:]:
        here.register.amend(
            name, "area", "south", actor=LIAISON, on=here.day, reason="as the plan asks"
        )
    before = here.register.position()

    found = here.register.preview(REVIEW_PLAN)

    assert (found.plan, found.affected, found.stranded) == (REVIEW_PLAN, 12, 0)
    assert (found.overdue, found.blocked) == (0, 1)
    (worry,) = found.worst
    assert (worry.record, worry.state, worry.kind) == (names[0], "open", "blocked")
    assert worry.sentence == "`finish` would lack: the field `area` is not set"
    assert here.register.position() == before


def test_a_preview_counts_the_stranded_first(here: Reviews) -> None:
    """A plan that is not proved yet shows which records stand in its way: ten of them."""
    names = [here.add(area="north") for _ in range(12)]
    for name in names[:11]:
        here.act(name, "park", LIAISON)
    plan = here.register.rulebook.migrations[-1]
    short = evolve(plan, states={k: v for k, v in plan.states.items() if k != "parked"})

    found = here.register.preview(short, on=here.day)

    assert (found.affected, found.stranded) == (12, 11)
    assert [worry.record for worry in found.worst] == names[:10]
    assert {worry.sentence for worry in found.worst} == {"`parked` is not in the plan"}
    with pytest.raises(InvalidRules, match="state-unmapped"):
        here.register.migrate(short, actor=LIAISON, on=here.day, reason="new rules")


def test_a_state_that_keeps_its_name_may_be_overdue_at_once(tmp_path: Path) -> None:
    """No wait begins anew: what has stood there for long is due on the day of the move."""
    late = "send_back: {to: open, by: [liaison_officer], requires: [reason]}"
    lapse = "lapse: {to: open, by: [system], after: {days: 30, since: entered}}"
    second = (write_review_rules(tmp_path) / "second.yaml").read_text("utf-8")
    rules = load(
        write_review_rules(tmp_path / "late", second=second.replace(late, f"{late}\n      {lapse}"))
    )
    here = reviews(tmp_path, rules=rules)
    names = some(here)
    finished = here.register.record(names[1]).on

    found = here.register.preview(REVIEW_PLAN, on=finished + timedelta(42))

    assert (found.overdue, found.worst[0].record, found.worst[0].days) == (1, names[1], 12)
    due = finished + timedelta(30)
    assert found.worst[0].sentence == f"`lapse` would have been due on {due}"


def test_the_system_goes_on_in_the_batch_of_the_move(tmp_path: Path) -> None:
    """What the new rules do by themselves is done at once, and goes with an undo."""
    own = "  parked:\n    counts_as: {force: open}\n    transitions:\n"
    second = (write_review_rules(tmp_path) / "second.yaml").read_text("utf-8")
    after = f"{own}      wake: {{to: open, by: [system]}}\n"
    rules = load(write_review_rules(tmp_path / "waking", second=second.replace(own, after)))
    here = reviews(tmp_path, rules=rules)
    names = some(here)
    here.move()
    assert here.register.record(names[2]).state == "open"
    assert isinstance(here.register.history(names[2])[-1].what, TransitionTaken)
    here.move_back()
    assert here.register.record(names[2]).state == "parked"
    assert here.register.verify() == ()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"on": date(2023, 1, 1)}, "lies before the last event"),
        ({"on": date(2031, 1, 1)}, "lies in the future"),
        ({"reason": ""}, "the reason"),
        ({"actor": Actor("x", "nobody")}, "is unknown"),
        ({"actor": Actor("deputy", "nominated_deputy")}, "held no appointment"),
    ],
)
def test_refuses_a_migration_that_cannot_be_meant(
    here: Reviews, more: dict[str, Any], why: str
) -> None:
    """Nothing is moved."""
    some(here)
    before = here.register.position()
    with pytest.raises(InvalidRequest, match=why):
        here.move(**more)
    assert here.register.position() == before


def test_who_moves_records_may_be_named_and_appointed(tmp_path: Path) -> None:
    """`by` names the roles that may; one by appointment holds it in the record's force."""
    rules = load(write_review_rules(tmp_path, plan=f"{REVIEW_1_TO_2}by: [nominated_deputy]\n"))
    here = reviews(tmp_path, rules=rules)
    here.add()
    with pytest.raises(InvalidRequest, match="`nominated_deputy` may"):
        here.move()
    deputy = Actor("deputy", "nominated_deputy")
    here.register.appoint("deputy", deputy.role, force=FORCE, first_day=REVIEW_START, actor=LIAISON)
    assert here.move(actor=deputy) == (1, ())


def test_a_move_stays_on_a_day_on_which_its_mover_held_the_role(tmp_path: Path) -> None:
    """A correction of its date is judged like the move itself."""
    here = reviews(
        tmp_path,
        rules=load(write_review_rules(tmp_path, plan=f"{REVIEW_1_TO_2}by: [nominated_deputy]\n")),
    )
    record, deputy = here.add(), Actor("deputy", "nominated_deputy")
    first = REVIEW_START + timedelta(4)
    here.register.appoint("deputy", deputy.role, force=FORCE, first_day=first, actor=LIAISON)
    here.day += timedelta(9)
    here.move(actor=deputy)
    said: dict[str, Any] = {"correction": "redate", "actor": deputy, "on": here.day, "reason": "so"}
    with pytest.raises(Refused, match="held no appointment in"):
        here.register.correct(record, 2, to=first - timedelta(1), **said)
    here.register.correct(record, 2, to=first, **said)
    assert here.register.record(record).on == first


def test_refuses_a_plan_that_is_not_here_or_not_proved(here: Reviews) -> None:
    """A name, a lifecycle, a state that nobody knows; a proof that is open."""
    register, plan = here.register, here.register.rulebook.migrations[-1]
    said: dict[str, Any] = {"actor": LIAISON, "on": here.day, "reason": "new rules"}
    with pytest.raises(InvalidRequest, match="is not here"):
        register.migrate("review-2-to-3", **said)
    with pytest.raises(InvalidRequest, match="`review@7`, which is not in the rulebook"):
        register.preview(evolve(plan, new="review@7"))
    with pytest.raises(InvalidRules, match="unknown-state"):
        register.preview(evolve(plan, states={**plan.states, "open": "gone"}))


def test_an_open_proof_moves_nothing(tmp_path: Path) -> None:
    """Undetermined is never a pass, neither of a plan that is loaded nor of one that is given."""
    text = (write_review_rules(tmp_path) / "second.yaml").read_text("utf-8")
    asked = "finish: {to: finished, by: [lead], requires: [{field: area}]}"
    hangs = text.replace(asked, asked.replace("{field: area}", "{predicate: agreed}"))
    hangs += "  - {that: closed can always be reached, because: a test}\n"
    words = f"{REVIEW_WORDS}predicates: {{agreed: It is agreed}}\n"
    folder = write_review_rules(tmp_path / "open", second=hangs, words=words)
    with pytest.raises(InvalidRules, match="migration-undetermined: whether moved records keep"):
        load(folder)
    plan = read_files([folder]).migrations[0]
    (folder / "plan.yaml").unlink()
    register = Register.open(
        "memory:", rulebook=load(folder), predicates={"agreed": lambda *_: True}
    )
    with pytest.raises(InvalidRules, match="migration-undetermined"):
        register.migrate(plan, actor=LIAISON, on=REVIEW_START, reason="new rules")


def test_a_plan_s_digest_is_of_what_it_means(rules: Rulebook) -> None:
    """Neither its name nor the order of its lines is in it."""
    plan = rules.migrations[-1]
    turned = dict(reversed(tuple(plan.states.items())))
    assert plan_digest(evolve(plan, name="other", states=turned)) == plan_digest(plan)
    assert plan_digest(evolve(plan, letters=True)) != plan_digest(plan)


def test_a_beginning_is_not_moved_to_where_other_rules_were_in_force(here: Reviews) -> None:
    """It would have begun under other rules; a day under the same ones is fine."""
    record = here.add(date(2024, 4, 2))
    said: dict[str, Any] = {"actor": LIAISON, "on": date(2024, 5, 1), "reason": "a wrong date"}
    with pytest.raises(InvalidRequest, match="give a day on which review@2 was"):
        here.register.correct(record, 1, correction="redate", to=date(2024, 3, 31), **said)
    here.register.correct(record, 1, correction="redate", to=date(2024, 4, 3), **said)
    assert here.register.preview(REVIEW_PLAN).affected == 0


def test_a_system_s_step_that_a_new_date_makes_due_is_missing(tmp_path: Path) -> None:
    """What the system would have done at once belongs to a lawful history."""
    own = "  parked:\n    counts_as: {force: open}\n    transitions:\n"
    wake = f"{own}      wake: {{to: open, by: [system], requires: [{{waited: 2, since: open}}]}}\n"
    first = (write_review_rules(tmp_path) / "first.yaml").read_text("utf-8")
    rules = load(write_review_rules(tmp_path / "waking", first=first.replace(own, wake)))
    here = reviews(tmp_path, rules=rules)
    record = here.add()
    here.act(record, "park", LIAISON)
    said: dict[str, Any] = {"actor": LIAISON, "on": here.day, "reason": "another day"}
    here.register.correct(record, 2, correction="redate", to=REVIEW_START, **said)
    with pytest.raises(Refused, match="the system would then `wake` at once"):
        here.register.correct(
            record,
            1,
            correction="redate",
            to=REVIEW_START - timedelta(2),
            **said,
        )
