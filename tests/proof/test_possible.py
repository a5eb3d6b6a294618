"""Steps that nobody can take lead nowhere, in every shipped lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from attrs import evolve
from hypothesis import assume, given, settings

from peelflow.engine.decide import decide
from peelflow.errors import Span
from peelflow.model.records import Event
from peelflow.model.requirements import (
    AnyOf,
    Atom,
    ChildForEach,
    ChildrenClosed,
    Evidence,
    FieldSet,
    InspectionHeld,
    ReasonGiven,
    Requirement,
    SuccessorNamed,
    Waited,
)
from peelflow.model.rules import (
    SYSTEM,
    After,
    AlwaysReachable,
    Category,
    FieldRule,
    Guarantee,
    Lifecycle,
    Role,
    Transition,
    Vocabulary,
    is_automatic,
)
from peelflow.proof import possible as possible_module
from peelflow.proof.guarantees import prove
from peelflow.proof.lint import lint
from peelflow.proof.possible import possible_steps
from peelflow.proof.record_kinds import record_kinds
from peelflow.proof.refinement import check_refinement
from peelflow.rulebook.national import national
from peelflow.testing import Situation, situations
from peelflow.testing.strategies import VOCABULARY as DRAWN_WORDS
from tests.builders.rules import VOCABULARY, promising, proofs_of, rules_from
from tests.oracles.refinement import refining

SHIPPED = national().lifecycles
OUTCOME = FieldRule("choice", "What came of it", choices=("kept", "dropped"))
SEVERAL = FieldRule("list", "What came of it", choices=("kept", "dropped"))
REPORTS = FieldRule("reference", "Report", to=("report",))
ROBOT = Role("system", "A machine")


def words_with(**fields: FieldRule) -> Vocabulary:
    """Return the national words with more fields of every category, and a role of nobody."""
    words = national().vocabulary
    categories = {
        name: evolve(category, fields={**category.fields, **fields})
        for name, category in words.categories.items()
    }
    return evolve(words, categories=categories, roles={**words.roles, "robot": ROBOT})


WORDS = words_with(outcome=OUTCOME, several=SEVERAL, concerns_report=REPORTS)
CHILDLESS = ("recommendation", "section_55_answer", "super_complaint", "report", "inspection")


class Place(NamedTuple):
    """A step of a shipped lifecycle, and a promise that it alone can keep."""

    lifecycle: Lifecycle
    state: str
    number: int
    promise: AlwaysReachable

    @property
    def step(self) -> Transition:
        """The step."""
        return self.lifecycle.states[self.state].transitions[self.number]

    @property
    def category(self) -> Category:
        """What sort of thing the records are, by the words of the test."""
        return WORDS.categories[self.lifecycle.applies_to.category[0]]

    def put(self, step: Transition | None, *more: Transition) -> Lifecycle:
        """Return the lifecycle with another step in the place of this one, or none."""
        steps = list(self.lifecycle.states[self.state].transitions)
        steps[self.number : self.number + 1] = [step] if step else []
        return self._with(self.lifecycle, (*steps, *more))

    def _with(self, lifecycle: Lifecycle, steps: tuple[Transition, ...]) -> Lifecycle:
        state = evolve(lifecycle.states[self.state], transitions=steps)
        return evolve(
            lifecycle,
            states={**lifecycle.states, self.state: state},
            guarantees=(Guarantee(str(self.promise), "a test", self.promise),),
        )

    def asking(self, *requirements: Requirement) -> Lifecycle:
        """Return the lifecycle with more asked of the step."""
        return self.put(evolve(self.step, requires=(*self.step.requires, *requirements)))


def verdict_on(lifecycle: Lifecycle, words: Vocabulary = WORDS) -> str:
    """Return what is found of a lifecycle's one guarantee."""
    (proof,) = prove(lifecycle, words)
    return proof.verdict


def every_step() -> Iterator[Place]:
    """Yield every step of every shipped lifecycle, with what each promises to be reached."""
    for lifecycle in SHIPPED:
        for guarantee in lifecycle.guarantees:
            if isinstance(guarantee.promise, AlwaysReachable):
                for name, state in lifecycle.states.items():
                    for number in range(len(state.transitions)):
                        yield Place(lifecycle, name, number, guarantee.promise)


PLACES = tuple(every_step())
NEEDED = tuple(place for place in PLACES if verdict_on(place.put(None)) == "refuted")
"""The steps without which what is promised cannot be reached any more."""


def no_question(place: Place) -> Iterator[Requirement]:
    """Yield a relevant inspection, where records have no question."""
    if "question" not in place.category.fields:
        yield InspectionHeld("any", relevant=True)


def no_publication(place: Place) -> Iterator[Requirement]:
    """Yield days since a publication that records do not have."""
    if "published" not in place.category.fields:
        yield Waited(1, "published")


def no_child(place: Place) -> Iterator[Requirement]:
    """Yield children, where records have none."""
    if not place.category.children:
        yield ChildrenClosed()


def no_answers(place: Place) -> Iterator[Requirement]:
    """Yield answers to records that no child can name, and by a field that names none."""
    del place
    yield ChildForEach("answers", ("inspection",), "published_report", "concerns_report")
    yield ChildForEach("answers", ("recommendation",), "source_report", "outcome")


KINDS: dict[str, Callable[[Place], Iterator[Requirement]]] = {
    "two choices": lambda _: iter([AnyOf(((FieldSet("outcome", "kept"),),))]),
    "no such choice": lambda _: iter([FieldSet("outcome", "lost"), FieldSet("several", "lost")]),
    "no such field": lambda _: iter([FieldSet("nowhere"), FieldSet("nowhere", "kept")]),
    "no such evidence": lambda _: iter([Evidence("nothing"), Evidence("nothing", ("lead",))]),
    "signed by nobody of the force": lambda _: iter(
        [Evidence("letter", by) for by in ((SYSTEM,), ("hmicfrs", "pcc"), ("robot",), ("nobody",))]
    ),
    "no question": no_question,
    "no publication": no_publication,
    "no children": no_child,
    "no answers": no_answers,
}
BESIDE: dict[str, tuple[Requirement, ...]] = {"two choices": (FieldSet("outcome", "dropped"),)}


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_can_meet_is_no_way(kind: str) -> None:
    """Wherever a goal hangs on one step, and that step asks for what cannot be."""
    tried = 0
    for place in NEEDED:
        for asked in KINDS[kind](place):
            lifecycle = place.asking(*BESIDE.get(kind, ()), asked)
            (proof,) = prove(lifecycle, WORDS)
            assert proof.verdict == "refuted", (place, asked)
            assert proof.never is not None
            assert proof.never.transition.trigger == place.step.trigger
            assert f"`{place.step.trigger}` can never be taken, for " in proof.why
            tried += 1
    assert tried >= 10


@pytest.mark.parametrize("kind", KINDS)
def test_an_alternative_that_nobody_can_meet_is_none(kind: str) -> None:
    """With another beside it the goal is reached by that, and with a predicate it stays open."""
    for place in NEEDED:
        if is_automatic(place.step):
            continue
        for asked in KINDS[kind](place):
            never = (*BESIDE.get(kind, ()), asked)
            other = (FieldSet("several", "kept"), FieldSet("several", "dropped"))
            assert verdict_on(place.asking(AnyOf((never, other)))) == "proved"


def test_possible_requirements_are_met() -> None:
    """A letter of the force, one choice, several items of a list: the goal is still reached."""
    sound = (
        Evidence("letter", ("hmicfrs", "lead")),
        FieldSet("outcome", "kept"),
        AnyOf(((FieldSet("outcome", "kept"),), (FieldSet("outcome", "dropped"),))),
        FieldSet("concerns_report"),
    )
    for place in NEEDED:
        if not is_automatic(place.step):
            assert verdict_on(place.asking(*sound)) == "proved", place


def test_people_alone_give_reasons_successors_and_inspections() -> None:
    """A step that only peelflow takes, and that asks for them, leads nowhere."""
    for place in NEEDED:
        for asked in (ReasonGiven(), SuccessorNamed(), InspectionHeld("any")):
            step = evolve(place.step, by=(SYSTEM,), requires=(asked,), after=None)
            (proof,) = prove(place.put(step), WORDS)
            assert (proof.verdict, f"`{SYSTEM}` " in proof.why) == ("refuted", True)


@pytest.mark.parametrize("roles", [("robot",), ("nobody",)])
def test_a_role_that_no_person_holds_takes_no_step(roles: tuple[str, ...]) -> None:
    """One of peelflow's own side, or of none."""
    for place in NEEDED:
        lifecycle = place.put(evolve(place.step, by=roles))
        (proof,) = prove(evolve(lifecycle, roles={**lifecycle.roles, "robot": ROBOT}), WORDS)
        assert (proof.verdict, "nobody can act as" in proof.why) == ("refuted", True), place


@pytest.mark.parametrize("days", [30, 31])
def test_a_wait_that_peelflow_cuts_short_is_no_way(days: int) -> None:
    """Where a timed step ends the state after 30 days, nobody waits 31 there."""
    for place in NEEDED:
        if is_automatic(place.step):
            continue
        wait = Waited(days, place.state)
        step = evolve(place.step, requires=(*place.step.requires, wait))
        for since in (place.state, None):
            step = evolve(step, requires=(*place.step.requires, evolve(wait, since=since)))
            again = Transition("expire", place.state, (SYSTEM,), after=After(30))
            lifecycle = place.put(step, evolve(again, implements="expire"))
            assert verdict_on(lifecycle) == ("proved" if days == 30 else "refuted"), place


def test_a_state_that_peelflow_leaves_at_once_is_left_by_nobody_else() -> None:
    """People have no time there; unless what peelflow waits for may be wanting."""
    for place in NEEDED:
        if is_automatic(place.step):
            continue
        expire = Transition("expire", place.state, (SYSTEM,), implements="expire")
        assert verdict_on(place.put(place.step, expire)) == "refuted"
        asking = evolve(expire, requires=(FieldSet("several"),))
        assert verdict_on(place.put(place.step, asking)) == "proved"


def test_a_force_s_file_is_told_both_lines_and_why() -> None:
    """Each step on which a national promise hangs, in a file that refines it."""
    for place in NEEDED:
        own = refining(place.asking(FieldSet("outcome", "kept"), FieldSet("outcome", "dropped")))
        found = [
            fault
            for fault in check_refinement(own, place.lifecycle, WORDS)
            if fault.code == "end-unreachable"
        ]
        assert [(fault.span, fault.related) for fault in found] == [(place.step.span,) * 2]
        why = "the field `outcome` holds one choice, and two are asked for: `kept`, `dropped`"
        assert found[0].sentence.endswith(why)


OPEN = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
%s  closed: {counts_as: {portal: closed}, final: true}
"""


def faults_of(*steps: str, more: str = "", words: Vocabulary = VOCABULARY) -> list[str]:
    """Return what lint says of steps out of one state, a line each."""
    text = OPEN % "".join(f"      {step}\n" for step in steps) + more
    return [f"{f.span.line}: {f.sentence}" for f in lint(rules_from(text), words)]


SIGNED = "{evidence: letter, signed_by: [%s]}"
CONTRADICTION = "{inspection: planned}, {inspection: bespoke}"


@pytest.mark.parametrize(
    ("requires", "why"),
    [
        (CONTRADICTION, "an act names one inspection, and two kinds are asked for"),
        (
            "{evidence: letter, signed_by: [system]}",
            "nobody of the force can be `system`, so nobody signs such a `letter`",
        ),
        (
            f"{{any_of: [[{SIGNED % 'pcc'}], [{SIGNED % 'hmicfrs'}]]}}",
            "nobody of the force can be `pcc`, so nobody signs such a `letter`",
        ),
    ],
)
def test_lint_names_the_step_that_nobody_can_take(requires: str, why: str) -> None:
    """With its line, what follows, and why."""
    (said,) = faults_of(f"close: {{to: closed, by: [lead], requires: [{requires}]}}")
    assert said.startswith(f"11: `close` can never be taken, so `closed` is never entered: {why}")


def test_lint_says_where_no_end_can_be_reached() -> None:
    """From a state with a way on that nobody can take, while others reach the end."""
    park = "park: {to: parked, by: [lead]}"
    close = "close: {to: closed, by: [lead]}"
    parked = f"""\
  parked:
    counts_as: {{portal: open}}
    transitions:
      note: {{to: parked, by: [lead]}}
      close: {{to: closed, by: [lead], requires: [{CONTRADICTION}]}}
"""
    (said,) = faults_of(park, close, more=parked)
    assert said.startswith("18: `close` can never be taken, so no end can be reached from `parked`")
    assert faults_of(park, close, more=parked.replace(CONTRADICTION, "reason")) == []


def test_lint_names_the_first_step_of_several() -> None:
    """What lies behind it nobody comes to either."""
    park = f"park: {{to: parked, by: [lead], requires: [{CONTRADICTION}]}}"
    parked = f"""\
  parked:
    counts_as: {{portal: open}}
    transitions:
      shut: {{to: shut, by: [lead], requires: [{CONTRADICTION}]}}
  shut: {{counts_as: {{portal: closed}}, final: true}}
"""
    (said,) = faults_of(park, "close: {to: closed, by: [lead]}", more=parked)
    assert said.startswith("11: `park` can never be taken, so `parked` is never entered")


def test_lint_says_where_nothing_leads_on() -> None:
    """Where there is no end at all, a state needs a step that somebody can take."""
    steps = "states:\n  open:\n    counts_as: {}\n    transitions:\n      note: %s\n"
    note = f"{{to: open, by: [lead], requires: [{CONTRADICTION}]}}"
    (fault,) = lint(rules_from(steps % note), VOCABULARY)
    assert (fault.code, fault.span.line) == ("never-taken", 11)


def test_lint_is_silent_of_a_step_that_nothing_hangs_on() -> None:
    """One that nobody takes does no harm where another leads on."""
    never = f"shut: {{to: closed, by: [lead], requires: [{CONTRADICTION}]}}"
    assert faults_of(never, "close: {to: closed, by: [lead]}") == []


def test_lint_names_the_national_line() -> None:
    """The step that a force's step answers."""
    base = rules_from(OPEN % "      close: {to: closed, by: [lead]}\n", name="base")
    text = OPEN % f"      close: {{to: closed, by: [lead], requires: [{CONTRADICTION}]}}\n"
    own = rules_from(text, name="own", refines=base)
    (fault,) = lint(own, VOCABULARY, refined=base)
    assert (fault.span, fault.related) == (
        Span("own.yaml", 12, 7),
        base.states["open"].transitions[0].span,
    )


def test_a_category_alone_can_be_trapped() -> None:
    """A lifecycle of two categories is looked at for each, and the one without a field is told."""
    words = evolve(
        WORDS,
        categories={
            **WORDS.categories,
            "afi": evolve(WORDS.categories["afi"], fields={}),
        },
    )
    text = OPEN % "      close: {to: closed, by: [lead], requires: [{field: owner}]}\n"
    lifecycle = promising(text, "closed can always be reached")
    both = evolve(
        lifecycle, applies_to=evolve(lifecycle.applies_to, category=("afi", "recommendation"))
    )
    assert verdict_on(lifecycle, words) == "proved"
    (proof,) = prove(both, words)
    assert proof.verdict == "refuted"
    assert proof.why.endswith("a record of `afi` has no field `owner`")


def test_what_nobody_does_exercises_nothing() -> None:
    """A guarantee that only an impossible step would put to the test is vacuous."""
    text = OPEN % (
        f"      shut: {{to: closed, by: [lead], requires: [{SIGNED % 'system'}, reason]}}\n"
        f"      note: {{to: open, by: [lead], requires: [{SIGNED % 'pcc'}]}}\n"
        f"      add: {{to: open, by: [lead], requires: [{{distinct_from: note}}]}}\n"
    )
    found = proofs_of(
        text,
        "closed is only entered by [lead]",
        "shut is never done by [hmicfrs]",
        "closed is never followed by open",
        "closed is never entered by [lead] without reason",
        "between note and add stand two different people",
    )
    assert [(proof.verdict, proof.vacuous) for proof in found] == [
        ("proved", "nothing that can happen enters `closed`"),
        ("proved", "nobody can ever do `shut`"),
        ("proved", "nothing that can happen comes to `closed`"),
        ("proved", "nothing that can happen enters `closed`"),
        ("proved", "`add` is never done after `note`"),
    ]


def kept_atoms(lifecycle: Lifecycle) -> Iterator[tuple[str, str, Atom | Requirement]]:
    """Yield what each step asks for."""
    for name, state in lifecycle.states.items():
        for step in state.transitions:
            yield from ((name, step.trigger, requirement) for requirement in step.requires)


def is_promptly_left(at: Situation) -> bool:
    """Say whether peelflow itself may end the state that a drawn record stands in."""
    state = at.lifecycle.states[at.record.state]
    return any(SYSTEM in step.by for step in state.transitions)


@pytest.mark.search
@given(at=situations())
@settings(max_examples=150, deadline=None)
def test_what_the_engine_lets_somebody_do_is_possible(at: Situation) -> None:
    """Nobody is said never to take a step that a drawn record was seen to take."""
    assume(not is_promptly_left(at))
    decision = decide(at.lifecycle, at.record, at.act, at.context)
    assume(isinstance(decision, Event))
    signed = [
        asked
        for _, _, asked in kept_atoms(at.lifecycle)
        if isinstance(asked, Evidence) and "hmicfrs" in asked.signed_by
    ]
    assume(not signed)
    (kind,) = record_kinds(at.lifecycle, DRAWN_WORDS)
    possible = possible_steps(at.lifecycle, kind, done_before=at.record.done)
    steps = possible.lifecycle.states[at.record.state].transitions
    assert any(at.act.trigger == step.trigger and at.act.actor.role in step.by for step in steps)


TIMED = """\
states:
  open:
    counts_as: {}
    transitions:
%s
  other:
    counts_as: {}
    transitions:
      back: {to: open, by: [lead]}
  done: {counts_as: {}, final: true}
"""
BY_MONTH = "lapse: {to: other, by: [system], after: {months: 1}}"
EARLY = "early: {to: done, by: [system], after: {days: 3}, requires: [{field: owner}]}"
PUBLISHED_LAPSE = "lapse: {to: other, by: [system], after: {days: 5, since: published}}"
LATE = "late: {to: done, by: [system], after: {days: 6, since: published}}"
LAPSE = "lapse: {to: other, by: [system], after: {days: 5}%s}"
FINISH = "finish: {to: done, by: [lead], requires: [%s]}"
GO_ON = "go_on: {to: other, by: [lead]}"
AT_ONCE = "file: {to: done, by: [system]%s}"
REQUIRED = FieldRule("text", "Always there", required=True)
RECORDS = VOCABULARY.categories["recommendation"]
TIMED_WORDS = evolve(
    VOCABULARY,
    categories={
        **VOCABULARY.categories,
        "recommendation": evolve(RECORDS, fields={**RECORDS.fields, "always": REQUIRED}),
    },
)


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ((LAPSE % "", FINISH % "{waited: 5}"), "proved"),
        ((LAPSE % "", FINISH % "{waited: 6}"), "refuted"),
        ((LAPSE % "", FINISH % "{waited: 6, since: published}"), "proved"),
        ((LAPSE % "", FINISH % "{waited: 6, since: other}"), "proved"),
        ((LAPSE % ", requires: [{field: owner}]", FINISH % "{waited: 6}"), "proved"),
        ((LAPSE % ", requires: [{field: always}]", FINISH % "{waited: 6}"), "refuted"),
        ((LAPSE % ", requires: [{waited: 7}]", FINISH % "{waited: 7}"), "proved"),
        ((LAPSE % ", requires: [{waited: 7}]", FINISH % "{waited: 8}"), "refuted"),
        (
            (
                LAPSE % ", requires: [{any_of: [[reason], [{waited: 7}], [{field: always}]]}]",
                FINISH % "{waited: 6}",
            ),
            "refuted",
        ),
        ((LAPSE % ", requires: [{any_of: [[reason]]}]", FINISH % "{waited: 6}"), "proved"),
        (
            (
                "lapse: {to: other, by: [system], after: {days: 5, since: published}}",
                FINISH % "{waited: 6}",
            ),
            "proved",
        ),
        (
            (BY_MONTH, FINISH % "{waited: 31}"),
            "proved",
        ),
        (
            (BY_MONTH, FINISH % "{waited: 32}"),
            "refuted",
        ),
        ((LAPSE % "", "late: {to: done, by: [system], after: {days: 6}}"), "refuted"),
        ((LAPSE % "", "late: {to: done, by: [system], after: {days: 5}}"), "refuted"),
        ((LAPSE % "", "early: {to: done, by: [system], after: {days: 5}}"), "proved"),
        (
            (LAPSE % "", "late: {to: done, by: [system], after: {days: 6, since: published}}"),
            "proved",
        ),
        ((GO_ON, AT_ONCE % ", requires: [{waited: 1}]"), "refuted"),
        ((LAPSE % "", EARLY), "proved"),
        ((GO_ON, AT_ONCE % ", requires: [{waited: 9, since: other}]"), "proved"),
        ((GO_ON, AT_ONCE % ", requires: [{waited: 9, since: published}]"), "proved"),
        ((GO_ON, AT_ONCE % ", requires: [{waited: 9, since: open}]"), "refuted"),
        ((GO_ON, AT_ONCE % ", requires: [{evidence: letter}]"), "refuted"),
        ((GO_ON, AT_ONCE % ", requires: [{evidence: letter, since: open}]"), "refuted"),
        ((GO_ON, AT_ONCE % ", requires: [{evidence: letter, since: other}]"), "proved"),
        (("go_on: {to: other, by: [system]}", AT_ONCE % ""), "proved"),
        (("a_go_on: {to: other, by: [system]}", AT_ONCE % ""), "refuted"),
        ((AT_ONCE % "", "a_go_on: {to: other, by: [system]}"), "refuted"),
        (("go_on: {to: other, by: [system], requires: [{field: owner}]}", AT_ONCE % ""), "proved"),
        (("go_on: {to: other, by: [system]}", FINISH % "reason"), "refuted"),
        ((LAPSE % "", AT_ONCE % ", requires: [{field: owner}]"), "proved"),
    ],
)
def test_peelflow_does_what_is_due_before_others_come(steps: tuple[str, ...], verdict: str) -> None:
    """What it surely does ends a state; what it takes at once is taken then or never."""
    text = TIMED % "\n".join(f"      {step}" for step in steps)
    if "go_on" not in text and "lapse" not in text:
        text = text.replace("      back", "      go_on: {to: other, by: [lead]}\n      back")
    assert verdict_on(promising(text, "done can always be reached"), TIMED_WORDS) == verdict


ROUND = """\
states:
  open:
    counts_as: {}
    transitions:
      begin: {to: first, by: [lead]}
  first:
    counts_as: {}
    transitions:
      go_on: {to: second, by: [lead]}
      lapse: {to: second, by: [system], after: {days: 5}}
  second:
    counts_as: {}
    transitions:
      finish: {to: done, by: [lead], requires: [{waited: %s, since: %s}]}
      %s
      lapse: {to: done_not, by: [system], after: {days: 5}}
  done_not:
    counts_as: {}
    transitions:
      begin: {to: first, by: [lead]}
  done: {counts_as: {}, final: true}
"""


@pytest.mark.parametrize(
    ("days", "since", "more", "verdict"),
    [
        (10, "first", "", "proved"),
        (11, "first", "", "refuted"),
        (5, "second", "", "proved"),
        (6, "second", "", "refuted"),
        (99, "open", "", "proved"),
        (99, "first", "again: {to: second, by: [lead]}", "proved"),
        (99, "second", "again: {to: second, by: [lead]}", "refuted"),
    ],
)
def test_days_of_earlier_states_count(days: int, since: str, more: str, verdict: str) -> None:
    """As many as can pass on the longest way; round and round, as many as are needed."""
    text = ROUND % (days, since, more or "note: {to: second, by: [system], after: {days: 6}}")
    assert verdict_on(promising(text, "done can always be reached")) == verdict


def test_ways_that_are_none_after_all_give_no_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps that each wait for days that the other one would have to bring."""
    text = ROUND % (30, "first", "again: {to: second, by: [lead], requires: [{waited: 11}]}")
    more = "sooner: {to: done, by: [lead], requires: [{waited: 10, since: first}]}"
    either = text.replace("      again", f"      {more}\n      again")
    for rules, verdict in ((text, "refuted"), (either, "proved")):
        assert verdict_on(promising(rules, "done can always be reached")) == verdict
    monkeypatch.setattr(possible_module, "MOST_ROUNDS", 0)
    assert verdict_on(promising(either, "done can always be reached")) == "refuted"


def test_an_own_step_begins_no_window() -> None:
    """So a wait may be longer than the state lasts that a force's own step enters."""
    base = rules_from(OPEN % "      close: {to: closed, by: [lead]}\n", name="base")
    text = (
        OPEN % "      wait: {to: later, by: [lead]}\n"
        + """\
  later:
    stands_for: open
    counts_as: {portal: open}
    transitions:
      close: {to: closed, by: [lead], requires: [{waited: 40}]}
      lapse: {to: open, by: [system], after: {days: 5}}
      pass: {to: soon, by: [lead]}
  soon:
    stands_for: open
    counts_as: {portal: open}
    transitions:
      file: {to: closed, as: close, by: [system], requires: [{evidence: letter}]}
      back: {to: open, by: [lead]}
guarantees:
  - {that: closed can always be reached, because: a test}
"""
    )
    own = rules_from(text, name="own", refines=base)
    (kind,) = record_kinds(own, VOCABULARY)
    assert possible_steps(own, kind).never == ()
    assert verdict_on(own, VOCABULARY) == "proved"


def test_a_field_that_can_hold_nothing_is_never_set() -> None:
    """A choice of nothing, and a reference to records of no category."""
    words = words_with(empty=FieldRule("choice", "Nothing"), lost=FieldRule("reference", "Lost"))
    for place in NEEDED:
        for name in ("empty", "lost"):
            assert verdict_on(place.asking(FieldSet(name)), words) == "refuted"


def test_a_question_that_is_a_list_is_no_question() -> None:
    """As the engine reads it."""
    words = words_with(question=FieldRule("list", "Questions"))
    for place in NEEDED:
        assert verdict_on(place.asking(InspectionHeld("any", relevant=True)), words) == "refuted"


def test_more_choices_than_are_looked_at_are_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much to look at is not taken for possible."""
    monkeypatch.setattr(possible_module, "MOST_WAYS", 1)
    either = AnyOf(((FieldSet("outcome", "kept"),), (FieldSet("outcome", "dropped"),)))
    (proof,) = prove(NEEDED[0].asking(either), WORDS)
    assert (proof.verdict, possible_module.TOO_MANY_WAYS in proof.why) == ("refuted", True)


def test_an_empty_choice_is_never_met() -> None:
    """Nothing that a file can say, and nothing that anybody could meet."""
    assert verdict_on(NEEDED[0].asking(AnyOf(()))) == "refuted"


LATER = """\
  later:
    counts_as: {portal: open}
    transitions:
%s"""
CHECK = "check: {to: later, by: [lead]}"
SEND = "send: {to: later, by: [lead]}"
NOTE = "note: {to: open, by: [lead]%s}"
AFTER = ", requires: [{distinct_from: close}]"
AFTER_ALL = ", requires: [{any_of: [[{distinct_from: close}], [reason]]}]"
BACK = "back: {to: open, by: [lead]}"
CLOSE = "close: {to: closed, by: [lead], requires: [{distinct_from: %s}]}"
NOBODY = "`close` can never be taken, so `closed` is never entered: nobody can have done `%s`"


@pytest.mark.parametrize(
    ("here", "there", "asked", "is_possible"),
    [
        ((CHECK, NOTE % ""), (CLOSE, BACK), "check", True),
        ((CHECK, NOTE % ""), (CLOSE, BACK), "close", False),  # nobody is the first to close it
        ((CHECK, NOTE % ""), (CLOSE, BACK), "note", False),  # a national step begins a window
        ((CHECK, NOTE % ""), (CLOSE, BACK), "back", False),
        ((CHECK, CLOSE), (BACK,), "back", True),
        ((CHECK, CLOSE), (BACK,), "check", False),
        ((CHECK, CLOSE), (BACK,), "check, since: open", False),  # it is entered again by then
        ((CHECK, CLOSE), (BACK,), "check, since: later", True),
        ((CHECK, SEND, CLOSE), ("drop: {to: away, by: [lead]}",), "drop", False),
        ((CHECK, NOTE % ""), (CLOSE, BACK), "check, since: later", True),  # which it enters
        ((CHECK, NOTE % ""), (CLOSE, BACK), "note, since: later", False),
        ((CHECK, NOTE % ""), (CLOSE, BACK), "note, since: open", True),
        ((CHECK, NOTE % ""), (CLOSE, BACK), "back, since: later", False),
        ((CHECK, NOTE % AFTER), (CLOSE, BACK), "note, since: open", False),
        ((CHECK, NOTE % AFTER_ALL), (CLOSE, BACK), "note, since: open", True),
    ],
)
def test_what_nobody_did_before_is_no_way(
    here: tuple[str, ...], there: tuple[str, ...], asked: str, *, is_possible: bool
) -> None:
    """A step that asks who did another step needs it to have been done, in its window."""
    put = [step % asked if step is CLOSE else step for step in (*here, *there)]
    away = "  away: {counts_as: {portal: closed}, final: true}\n" if "drop" in asked else ""
    more = LATER % "".join(f"      {step}\n" for step in put[len(here) :]) + away
    said = [line.partition(": ")[2] for line in faults_of(*put[: len(here)], more=more)]
    why = NOBODY % asked.partition(",")[0]
    assert (said == []) == is_possible
    assert is_possible or any(line.startswith(why) for line in said)


def test_what_was_done_under_other_rules_is_done() -> None:
    """A record that comes with its past may go on where a new one never could."""
    lifecycle = rules_from(OPEN % f"      {CLOSE % 'close'}\n")
    (kind,) = record_kinds(lifecycle, VOCABULARY)
    (never,) = possible_steps(lifecycle, kind).never
    assert (never.source, never.transition.trigger) == ("open", "close")
    assert possible_steps(lifecycle, kind, done_before=("close",)).never == ()
    (still,) = possible_steps(lifecycle, kind, done_before=("other",)).never
    assert still.why == never.why


@pytest.mark.parametrize("count", [1, 30])
def test_steps_that_ask_for_each_other_in_turn_give_no_days_away(count: int) -> None:
    """However many nobody can be the first to take, what waits beside them is possible still."""
    steps = "".join(
        f"      t{n}: {{to: second, by: [lead], requires: [{{distinct_from: t{max(n - 1, 0)}}}]}}\n"
        for n in range(count)
    )
    text = ROUND % (9, "first", steps.strip())
    lifecycle = promising(text, "done can always be reached")
    (kind,) = record_kinds(lifecycle, VOCABULARY)
    never = possible_steps(lifecycle, kind).never
    assert {each.transition.trigger for each in never} == {f"t{n}" for n in range(count)}
    assert verdict_on(lifecycle) == "proved"
