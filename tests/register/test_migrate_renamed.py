"""Records move to rules that call a step otherwise: who did it before did it under its new name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.model.decisions import Refused
from peelflow.model.records import Actor, Migrated
from peelflow.register.register import Register
from peelflow.rulebook.national import load
from peelflow.rulebook.rulebook import Rulebook
from tests.builders.force import LIAISON, clock
from tests.builders.rules import (
    REVIEW_1_TO_2,
    REVIEW_2,
    REVIEW_LEAD,
    REVIEW_PLAN,
    REVIEW_START,
    Reviews,
    reviews,
    write_review_rules,
)

RENAMED = REVIEW_2.replace("finish:", "complete:").replace("finish}", "complete}")
RENAMED = RENAMED.replace("[finish, sign_off]", "[complete, sign_off]")
SAID = REVIEW_1_TO_2.replace("finish: finish", "finish: complete")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """Give rules whose second version calls `finish` otherwise, and the plan."""
    return load(write_review_rules(tmp_path_factory.mktemp("rules"), second=RENAMED, plan=SAID))


@pytest.fixture(params=["memory", "sqlite"])
def here(request: pytest.FixtureRequest, rules: Rulebook, tmp_path: Path) -> Iterator[Reviews]:
    """Give an empty register of reviews on each store."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'reviews.db'}"
    opened = reviews(tmp_path, url, rules=rules)
    yield opened
    opened.register.close()


def finished(here: Reviews) -> str:
    """Return a review that the lead finished."""
    record = here.add(area="north")
    here.act(record, "finish", REVIEW_LEAD)
    return record


def test_who_did_a_step_before_did_it_under_its_new_name(here: Reviews) -> None:
    """Another person signs it off, and the same one does not."""
    record = finished(here)
    here.move()
    with pytest.raises(Refused, match="lead did `complete` too"):
        here.act(record, "sign_off", Actor("lead", "liaison_officer"))
    here.act(record, "sign_off", LIAISON)
    assert here.register.record(record).state == "closed"
    assert here.register.verify() == ()


def test_a_renamed_step_blocks_nobody(here: Reviews) -> None:
    """The preview knows that the step was done."""
    finished(here)
    found = here.register.preview(REVIEW_PLAN, on=here.day)
    assert (found.affected, found.blocked, found.worst) == (1, 0, ())


def test_the_event_says_what_is_called_otherwise(here: Reviews) -> None:
    """Only names that differ, the same for every record; none where all stay."""
    for record in (finished(here), here.add(area="north")):
        here.move()
        what = here.register.history(record)[-1].what
        assert isinstance(what, Migrated)
        assert what.triggers == {"finish": "complete"}


def test_taking_a_move_back_gives_a_step_its_old_name(here: Reviews) -> None:
    """As if it had never moved; and it can be moved again."""
    record = finished(here)
    before = here.register.record(record)
    here.move()
    assert sorted(here.register.record(record).done) == ["complete"]
    assert here.move_back() == (1, ())
    now = here.register.record(record)
    assert now == evolve(before, number=now.number)
    here.act(record, "sign_off", LIAISON)
    assert here.register.verify() == ()


def test_a_correction_judges_what_came_after_the_move_by_its_new_name(here: Reviews) -> None:
    """The sign-off is by another person than did the step, whose day alone was wrong."""
    record = finished(here)
    here.move()
    here.act(record, "sign_off", LIAISON)
    here.register.correct(
        record,
        2,
        correction="redate",
        to=REVIEW_START,
        actor=REVIEW_LEAD,
        on=here.day,
        reason="a day earlier",
    )
    assert here.register.record(record).done["complete"].on == REVIEW_START
    assert here.register.verify() == ()


def test_a_move_comes_back_from_an_export(here: Reviews, rules: Rulebook, tmp_path: Path) -> None:
    """The names that a plan changed are kept, and restored, with the event."""
    record = finished(here)
    here.move()
    file = tmp_path / "register.jsonl"
    file.write_text("".join(f"{line}\n" for line in here.register.export()), "utf-8")
    with Register.open("memory:", rulebook=rules, clock=clock) as other:
        other.restore(file)
        assert other.record(record) == here.register.record(record)
        assert other.history(record) == here.register.history(record)
        assert other.verify() == ()


STEPS = [("finish", "complete", REVIEW_LEAD), ("send_back", "send_back", LIAISON)]
STEPS += [("park", "park", LIAISON), ("unpark", "unpark", REVIEW_LEAD)]


@settings(max_examples=40, deadline=None)
@given(chosen=st.lists(st.sampled_from(STEPS), max_size=8), back=st.booleans())
def test_what_was_done_is_the_same_under_whatever_name(
    rules: Rulebook, chosen: list[tuple[str, str, Actor]], *, back: bool
) -> None:
    """After a move, and after it is taken back, the same was done by the same people last."""
    here = Reviews(Register.open("memory:", rulebook=rules, clock=clock))
    record = here.add(area="north")
    for trigger, _, actor in chosen:
        if here.register.why(record, trigger, actor=actor, on=here.day, reason="so") is None:
            here.act(record, trigger, actor, reason="so")
    done = dict(here.register.record(record).done)
    here.move()
    if back:
        here.move_back()
    names = {old: old if back else new for old, new, _ in STEPS}
    now = here.register.record(record).done
    assert now == {names[name]: last for name, last in done.items()}
    assert here.register.verify() == ()
