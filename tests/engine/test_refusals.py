"""A refusal says every reason at once: its kind, what was found, what would do, and where."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from peelflow.errors import Span
from peelflow.model.decisions import FieldNeed, Reason, Refusal, RoleNeed
from peelflow.model.records import Actor
from peelflow.model.requirements import FieldSet, ReasonGiven, SuccessorNamed, Waited
from peelflow.model.rules import State
from tests.builders.decisions import (
    OPEN,
    ROLES,
    RULE,
    SET,
    Scene,
    accepted,
    appointed,
    day,
    refused,
    rules,
    scene,
    way,
)

DEPUTY = Actor("Dee", "nominated_deputy")
INSPECTOR = Actor("portal", "hmicfrs")


def lawful(role: str) -> Scene:
    """Have a role act, with all that its acting needs."""
    person = Actor("Dee", role)
    return scene(
        act={"actor": person, "source": "portal 17"},
        context={"appointments": (appointed("Dee", role),)},
    )


def test_not_you_says_who_may_by_each_way() -> None:
    """Each way of the trigger says who may, at its own place, and what it would need."""
    second = Span("rule.yaml", 9)
    asking = rules(
        way(by=("hmicfrs", "lead")),
        way(ReasonGiven(span=second), by=("pcc",), span=second),
        way(trigger="other"),
    )
    reasons = refused(asking, scene()).reasons
    assert [str(reason) for reason in reasons] == [
        "not you: `liaison_officer` may not `close`; `hmicfrs` or `lead` may",
        "not you: `liaison_officer` may not `close`; `pcc` may",
        "not yet: no reason is given; give a reason",
    ]
    assert [reason.span for reason in reasons] == [RULE, second, second]


@pytest.mark.parametrize("today", [0, 5])
def test_what_holds_is_no_reason(today: int) -> None:
    """A day that can be and a requirement that holds are not named beside one that does not."""
    at = scene(act={"reason": "why", "on": day(0)}, context={"today": day(today)})
    (reason,) = refused(rules(way(ReasonGiven(), SET, ReasonGiven())), at).reasons
    assert reason.sentence == "the field `owner` is not set"


def test_only_the_acting_role_s_way_says_what_it_needs() -> None:
    """What another role's way of the same trigger would need is no reason."""
    asking = rules(way(SET), way(ReasonGiven(), by=("hmicfrs",)))
    (reason,) = refused(asking, scene()).reasons
    assert reason.sentence == "the field `owner` is not set"


@pytest.mark.parametrize(
    "office",
    [
        (),
        (appointed("Dee", "nominated_deputy", force="Essex"),),
        (appointed("Dee", "chief_constable"),),
        (appointed("Kim", "nominated_deputy"),),
        (appointed("Dee", "nominated_deputy", first_day=day(4)),),
        (appointed("Dee", "nominated_deputy", last_day=day(2)),),
    ],
)
def test_a_deputy_acts_only_while_nominated(office: Any) -> None:
    """In that role, in that force, from the first day to the last."""
    at = scene(act={"actor": DEPUTY}, context={"appointments": office})
    (reason,) = refused(rules(way(by=("nominated_deputy",))), at).reasons
    assert reason == Reason(
        "not you",
        "Dee did not hold `nominated_deputy` in Kent on 2022-03-04",
        "record the appointment, or let another role act",
    )
    assert reason.span == ROLES["nominated_deputy"].span


def test_a_deputy_in_office_is_not_refused_for_it() -> None:
    """Refused for something else, a nomination that holds is no reason."""
    nominated = appointed("Dee", "nominated_deputy", first_day=day(3), last_day=day(3))
    at = scene(act={"actor": DEPUTY}, context={"appointments": (nominated,)})
    (reason,) = refused(rules(way(SET, by=("nominated_deputy",))), at).reasons
    assert reason.sentence == "the field `owner` is not set"


@pytest.mark.parametrize("source", [None, "", " "])
def test_an_inspectorate_s_decision_names_its_source(source: str | None) -> None:
    """HMICFRS does not log in: what it decided was read somewhere."""
    at = scene(act={"actor": INSPECTOR, "source": source})
    (reason,) = refused(rules(way(by=("hmicfrs",))), at).reasons
    assert reason == Reason(
        "not yet",
        "no source is given for a decision of `hmicfrs`",
        "name the letter or portal reference it was read from",
    )
    assert reason.span == ROLES["hmicfrs"].span


@pytest.mark.parametrize(
    ("act_on", "today", "sentence", "instead"),
    [
        (
            -1,
            0,
            "2022-02-28 lies before the record's last event on 2022-03-01",
            "date it 2022-03-01 or later",
        ),
        (
            4,
            3,
            "2022-03-05 lies in the future",
            "record it when it has happened; today is 2022-03-04",
        ),
    ],
)
def test_an_act_lies_between_the_last_event_and_today(
    act_on: int, today: int, sentence: str, instead: str
) -> None:
    """A day too early and a day too late are refused, with the days that would do."""
    at = scene(act={"on": day(act_on)}, context={"today": day(today)})
    assert refused(rules(way()), at).reasons == (Reason("not yet", sentence, instead),)


def test_every_reason_is_said_at_once_and_once() -> None:
    """Person, day, source and requirements: one refusal names all, each one time."""
    asking = rules(way(SET, SET, SuccessorNamed(), by=("visiting_inspector",)))
    at = scene(act={"actor": Actor("Vi", "visiting_inspector"), "on": day(9)})
    assert [(reason.kind, reason.sentence) for reason in refused(asking, at).reasons] == [
        ("not you", "Vi did not hold `visiting_inspector` in Kent on 2022-03-10"),
        ("not yet", "2022-03-10 lies in the future"),
        ("not yet", "no source is given for a decision of `visiting_inspector`"),
        ("not yet", "the field `owner` is not set"),
        ("not yet", "no successor is named"),
    ]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_when_all_is_well(role: str) -> None:
    """Appointed, in time and with its source, every role can act where it is named."""
    assert accepted(rules(way(by=(role,))), lawful(role)).actor.role == role


def test_a_role_that_is_not_appointed_needs_no_source_nor_office() -> None:
    """The force's own roles act without either."""
    assert accepted(rules(way()), scene()).source is None


def test_an_unknown_role_is_not_you() -> None:
    """A role that the rules do not name may do nothing, and is told who may."""
    at = scene(act={"actor": Actor("Kim", "king")})
    assert [str(r) for r in refused(rules(way()), at).reasons] == [
        "not you: `king` may not `close`; `liaison_officer` may"
    ]


def test_a_refusal_carries_what_was_asked() -> None:
    """Record, lifecycle, state, trigger and role are there for a program to read."""
    refusal = refused(rules(way(FieldSet("theme"))), scene())
    reason = Reason("not yet", "the field `theme` is not set", "give the field `theme`")
    assert refusal == Refusal("R-1", "small@1", "open", "close", "liaison_officer", (reason,))


@pytest.mark.parametrize("on", [day(3), date(2020, 1, 1)])
def test_a_day_beyond_the_calendar_asks_for_another_publication(on: date) -> None:
    """Whose day comes by the act's, as where none is set."""
    at = scene(
        record={"fields": {"published": "9999-12-20"}}, act={"on": on}, context={"today": day(3)}
    )
    reasons = refused(rules(way(Waited(28, "published"))), at).reasons
    asked = [reason.asks for reason in reasons if reason.asks]
    assert ((FieldNeed("published", on - timedelta(28)),),) in asked


ELSEWHERE = {"paused": State(OPEN, transitions=(way(trigger="resume", by=("lead", "hmicfrs")),))}


def test_not_here_says_not_you_where_the_role_may_do_it_nowhere() -> None:
    """Whoever waits for the right state would only then hear that it is for others."""
    asking = rules(way(), **ELSEWHERE)
    at = scene(act={"trigger": "resume"})
    here, you = refused(asking, at).reasons
    assert str(here) == (
        "not here: small@1 has `resume` only from `paused`; "
        "from `open`: `liaison_officer` can `close`"
    )
    assert str(you) == ("not you: `liaison_officer` may not `resume`; `lead` or `hmicfrs` may")
    assert (you.span, you.asks) == (RULE, ((RoleNeed(("lead", "hmicfrs")),),))


def test_not_here_alone_where_the_role_may_do_it_elsewhere() -> None:
    """From one of several states is enough."""
    more = State(OPEN, transitions=(way(trigger="resume"),))
    asking = rules(way(), **ELSEWHERE, more=more)
    (reason,) = refused(asking, scene(act={"trigger": "resume"})).reasons
    assert reason.sentence == "small@1 has `resume` only from `paused` or `more`"


@pytest.mark.parametrize(
    ("trigger", "instead"),
    [
        ("clsoe", "did you mean `close`? from `open`: `liaison_officer` can `close`"),
        ("resum", "did you mean `resume`? from `open`: `liaison_officer` can `close`"),
        ("certify", "from `open`: `liaison_officer` can `close`"),
    ],
)
def test_a_misspelt_trigger_is_guessed(trigger: str, instead: str) -> None:
    """The nearest of the lifecycle's is suggested, if one is near."""
    (reason,) = refused(rules(way(), **ELSEWHERE), scene(act={"trigger": trigger})).reasons
    assert reason.sentence == f"small@1 has no `{trigger}` at all"
    assert (reason.kind, reason.instead) == ("not here", instead)
