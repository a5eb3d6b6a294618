"""What a proof says of each promise: its verdict, its story, and why it is vacuous."""

from __future__ import annotations

import pytest
from attrs import evolve

from peelflow.errors import NOWHERE, Diagnostic, InvalidRules
from peelflow.model.rules import FieldRule
from peelflow.proof.budget import Budget
from peelflow.proof.counterexample import EXIT_CODES, ProofResult
from peelflow.proof.guarantees import prove
from peelflow.proof.possible import Possibilities
from peelflow.proof.satisfiability import Verdict
from peelflow.rulebook.loader import verdict_on
from tests.builders.rules import VOCABULARY, promising, proofs_of, rules_from

CLOSING = """\
states:
  open:
    counts_as: {portal: open}
    transitions:
      start: {to: working, by: [lead], requires: [{field: owner}]}
  working:
    counts_as: {portal: open}
    transitions:
      certify: {to: certified, by: [chief_constable], requires: [{evidence: letter}]}
      close: {to: closed, by: [liaison_officer], requires: [reason]}
  certified:
    counts_as: {portal: open}
    transitions:
      verify: {to: closed, by: [hmicfrs], requires: [{inspection: planned}]}
      refuse: {to: working, by: [hmicfrs]}
  closed:
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: working, by: [hmicfrs], reopens: true}
"""
LONG = "\n".join(
    (
        "states:",
        "  open: {counts_as: {}, transitions: {go: {to: s0, by: [lead]}}}",
        *(
            f"  s{n}: {{counts_as: {{}}, transitions: {{go: {{to: s{n + 1}, by: [lead]}}}}}}"
            for n in range(60)
        ),
        "  s60: {counts_as: {}, transitions: {go: {to: closed, by: [lead]}}}",
        "  closed: {counts_as: {}, final: true}",
        "",
    )
)


def only(states: str, sentence: str, *, initial: str = "open") -> ProofResult:
    """Return the proof of one sentence about some states."""
    (proof,) = prove(promising(states, sentence, initial=initial), VOCABULARY)
    return proof


@pytest.mark.parametrize(
    ("sentence", "verdict", "walk"),
    [
        ("portal closed is only entered by [hmicfrs]", "refuted", "start close"),
        ("portal closed is only entered by [hmicfrs, liaison_officer]", "proved", ""),
        ("closed is never entered without [certify, verify]", "refuted", "start close"),
        (
            "certified is never entered without [start, certify]",
            "refuted",
            "start certify refuse certify",
        ),
        ("certified is never entered without [certify]", "proved", ""),
        ("certified is never entered without [certify] since working", "proved", ""),
        ("closed is never entered without [start] since open", "proved", ""),
        ("closed is never entered without [verify] since certified", "refuted", "start close"),
        ("closed is never entered without reason", "refuted", "start certify verify"),
        ("closed is never entered by [liaison_officer] without reason", "proved", ""),
        ("verify is never done by [liaison_officer, lead]", "proved", ""),
        ("close is never done by [liaison_officer]", "refuted", "start close"),
        ("closed can always be reached", "proved", ""),
        ("open can always be reached", "refuted", "start"),
        ("certified is never followed by working", "refuted", "start certify refuse"),
        ("closed is never followed by open", "proved", ""),
        ("between start and close stand two different people", "refuted", "start close"),
    ],
)
def test_says_what_holds_and_the_shortest_walk_against_it(
    sentence: str, verdict: Verdict, walk: str
) -> None:
    """Each form of sentence, proved and refuted."""
    proof = only(CLOSING, sentence)
    found = " ".join(step.trigger for step in proof.steps)
    assert (proof.verdict, found, proof.vacuous) == (verdict, walk, None)


def test_a_counterexample_reads_as_a_story() -> None:
    """Each step says who does what with what, and which line of the file allows it."""
    assert str(only(CLOSING, "portal closed is only entered by [hmicfrs]")) == (
        "written.yaml:28:5: refuted: portal closed is only entered by [hmicfrs]\n"
        "    it enters `portal closed`, which only `hmicfrs` may\n"
        "    1. written.yaml:11:7: `lead` does `start` with the field `owner`: `open` → `working`\n"
        "    2. written.yaml:16:7: `liaison_officer` does `close` with a reason: "
        "`working` → `closed`"
    )


def test_a_proved_promise_says_no_more() -> None:
    """What is proved needs no story."""
    assert str(only(CLOSING, "closed can always be reached")) == (
        "written.yaml:28:5: proved: closed can always be reached"
    )


def test_a_timed_step_says_when_it_falls_due() -> None:
    """A story tells the days that a timed step waits."""
    states = """\
states:
  open:
    counts_as: {}
    transitions:
      lapse: {to: gone, by: [system], after: {days: 30}}
      end: {to: gone, by: [system], after: {days: 9, since: published}}
  gone: {counts_as: {}, final: true}
"""
    found = proofs_of(states, "lapse is never done by [system]", "end is never done by [system]")
    assert [proof.steps[0].needs for proof in found] == [
        ("30 days since `open` was entered",),
        ("9 days since publication",),
    ]


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("void is only entered by [hmicfrs]", "nothing that can happen enters `void`"),
        ("void is never followed by open", "comes to `void`"),
        ("close is never done by [lead]", "nobody can ever do `close`"),
        ("done is never entered by [hmicfrs] without reason", "never entered by `hmicfrs`"),
        ("between go and go stand two different people", "never done after"),
    ],
)
def test_a_vacuous_promise_says_why(sentence: str, why: str) -> None:
    """Where nothing exercises a promise, its proof says so."""
    states = """\
states:
  open:
    counts_as: {}
    transitions:
      go: {to: done, by: [lead]}
      close: {to: void, by: [lead], requires: [{inspection: planned}, {inspection: bespoke}]}
  done: {counts_as: {}, final: true}
  void: {counts_as: {}, final: true}
"""
    proof = only(states, sentence)
    assert proof.verdict == "proved"
    assert why in str(proof.vacuous)
    assert f"vacuous: {proof.vacuous}" in str(proof)


TAKEN_OVER = """\
begun_by: take_over
states:
  shut:
    counts_as: {portal: closed}
    final: true
    transitions:
      reopen: {to: work, by: [hmicfrs], requires: [reason], reopens: true}
  work:
    counts_as: {portal: open}
    transitions:
      close: {to: shut, by: [hmicfrs], requires: [reason]}
"""
ENTERED = [
    "portal closed is only entered by [hmicfrs]",
    "shut is only entered by [hmicfrs]",
    "portal closed is never entered without reason",
    "portal closed is never entered by [lead] without reason",
    "shut is never entered without [close]",
    "shut is never entered without [close] since work",
]


@pytest.mark.parametrize("sentence", ENTERED)
def test_being_added_is_an_entry(sentence: str) -> None:
    """Whoever adds a record in a state enters it, by no step and with nothing to show."""
    added = TAKEN_OVER.replace("begun_by: take_over\n", "")
    broken, kept = (only(text, sentence, initial="shut") for text in (added, TAKEN_OVER))
    assert (broken.verdict, kept.verdict) == ("refuted", "proved")
    (step,) = broken.steps
    assert (step.trigger, step.old, step.new, step.role) == ("add", "", "shut", "anybody")
    assert step.said == "a record is added, and stands in `shut`"
    assert step.span.line > 0
    assert "begins in `shut`" in broken.why


@pytest.mark.parametrize(
    "sentence", ["close is never done by [lead]", "shut can always be reached"]
)
def test_adding_breaks_nothing_that_asks_nothing_of_an_entry(sentence: str) -> None:
    """Who does a step, and what can be reached, has nothing to do with how records begin."""
    added = TAKEN_OVER.replace("begun_by: take_over\n", "")
    assert only(added, sentence, initial="shut").verdict == "proved"


def test_where_records_only_begin_taken_over_an_entry_may_be_vacuous() -> None:
    """Nobody enters the state again, and nobody is added there."""
    states = "begun_by: take_over\nstates:\n  shut: {counts_as: {}, final: true}\n"
    proof = only(states, "shut is only entered by [hmicfrs]", initial="shut")
    assert "records start in `shut`" in str(proof.vacuous)


def test_records_at_an_end_at_once_exercise_nothing() -> None:
    """`can always be reached` is vacuous where every record is at another end."""
    states = "states:\n  open: {counts_as: {}, final: true}\n  done: {counts_as: {}, final: true}\n"
    proof = only(states, "done can always be reached")
    assert proof.vacuous == "every record is at an end before anything is done"


PEOPLE = """\
states:
  open:
    counts_as: {}
    transitions:
      finish: {to: finished, by: [lead]}
  finished:
    counts_as: {}
    transitions:
      note: {to: finished, by: [lead]}
      sign: {to: done, by: [lead], requires: [%s]}
  done: {counts_as: {}, final: true}
"""


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("{distinct_from: finish}", "proved"),
        ("{distinct_from: finish, since: open}", "proved"),
        ("{distinct_from: note}", "refuted"),
        ("{any_of: [[{distinct_from: finish}], [reason]]}", "refuted"),
        ("{any_of: [[{distinct_from: finish}], [{predicate: agreed}]]}", "undetermined"),
    ],
)
def test_two_people_stand_where_every_way_keeps_them_apart(asked: str, verdict: Verdict) -> None:
    """`distinct_from` on every path proves two people; an alternative without it does not."""
    proof = only(PEOPLE % asked, "between finish and sign stand two different people")
    assert proof.verdict == verdict


TWO_BEFORE = """\
states:
  open:
    counts_as: {}
    transitions:
      finish: {to: finished, by: [lead]}
  finished:
    counts_as: {}
    transitions:
      note: {to: noted, by: [lead], requires: [%s]}
  noted:
    counts_as: {}
    transitions:
      sign: {to: done, by: [lead]}
  done: {counts_as: {}, final: true}
"""


def test_people_kept_apart_before_cannot_be_one() -> None:
    """One person fails two `distinct_from` only where nothing kept the two apart before."""
    promise = (
        "done is never entered without {any_of: [[{distinct_from: finish, since: open}], "
        "[{distinct_from: note, since: open}]]}"
    )
    assert only(TWO_BEFORE % "reason", promise).verdict == "refuted"
    assert only(TWO_BEFORE % "{distinct_from: finish}", promise).verdict == "undetermined"


ALTERNATIVES = """\
states:
  open:
    counts_as: {}
    transitions:
      finish:
        to: finished
        by: [lead]
        requires: [{any_of: [[{waited: 10}, reason], [{evidence: letter, since: %s}]]}]
  finished:
    counts_as: {}
    transitions:
      sign: {to: done, by: [lead]}
      park: {to: parked, by: [lead]}
  parked:
    counts_as: {}
    transitions:
      sign: {to: done, by: [lead]}
  done: {counts_as: {}, final: true}
"""


@pytest.mark.parametrize(("since", "verdict"), [("open", "refuted"), ("parked", "undetermined")])
def test_an_alternative_that_was_shut_then_makes_no_walk(since: str, verdict: Verdict) -> None:
    """No letter is of a time that never began, so ten days were waited before."""
    promise = "done is never entered without {waited: 10, since: open}"
    assert only(ALTERNATIVES % since, promise).verdict == verdict


def test_what_peelflow_does_itself_is_not_done_by_anybody_else() -> None:
    """Peelflow is one person: it never does twice what two people should do."""
    states = """\
states:
  open:
    counts_as: {}
    transitions:
      finish: {to: finished, by: [system]}
  finished:
    counts_as: {}
    transitions:
      sign: {to: done, by: [lead]}
      lapse: {to: done, by: [system], after: {days: 3}}
  done: {counts_as: {}, final: true}
"""
    found = proofs_of(
        states,
        "between finish and sign stand two different people",
        "between finish and lapse stand two different people",
    )
    assert [proof.verdict for proof in found] == ["proved", "refuted"]


WAITING = """\
states:
  open:
    counts_as: {}
    transitions:
      start: {to: waiting, by: [lead]}
  waiting:
    counts_as: {}
    transitions:
      agree: {to: agreed, by: [lead], requires: [{waited: 28}]}
  agreed:
    counts_as: {}
    transitions:
      close: {to: done, by: [lead]%s}
  done: {counts_as: {}, final: true}
"""


def test_days_waited_before_are_not_counted_against_a_promise() -> None:
    """Where earlier steps make up for a wait, the verdict stays open; else it is refuted."""
    promise = "done is never entered without {waited: 20, since: waiting}"
    longer = "done is never entered without {waited: 30, since: waiting}"
    asks = ", requires: [{waited: 20, since: waiting}]"
    assert only(WAITING % "", promise).verdict == "undetermined"
    assert only(WAITING % "", longer).verdict == "refuted"
    assert only(WAITING % asks, promise).verdict == "proved"


def test_predicates_leave_a_promise_open() -> None:
    """What a predicate decides is undetermined, with the walk that hangs on it."""
    states = """\
states:
  open:
    counts_as: {}
    transitions:
      close: {to: done, by: [lead], requires: [{predicate: agreed}]}
  done: {counts_as: {}, final: true}
"""
    found = proofs_of(
        states,
        "done can always be reached",
        "done is never entered without {predicate: agreed}",
        "done is never entered without reason",
    )
    assert [proof.verdict for proof in found] == ["undetermined", "proved", "undetermined"]
    assert "hangs on a predicate" in str(found[0])


@pytest.mark.parametrize(
    "sentence",
    [
        "closed can always be reached",
        "open is never followed by open",
        "certified is never entered without [certify]",
        "portal closed is only entered by [hmicfrs]",
        "closed is never entered without {evidence: letter}",
        "between certify and verify stand two different people",
    ],
)
def test_too_much_to_search_is_told_at_the_guarantee(sentence: str) -> None:
    """Each way of searching spends from the budget, all proofs of a file from the same one."""
    lifecycle = promising(CLOSING, sentence)
    whole = Budget()
    prove(lifecycle, VOCABULARY, possibilities=Possibilities(VOCABULARY, whole))
    prove(lifecycle, VOCABULARY, possibilities=Possibilities(VOCABULARY, Budget(whole.spent)))
    with pytest.raises(InvalidRules) as raised:
        prove(
            lifecycle, VOCABULARY, possibilities=Possibilities(VOCABULARY, Budget(whole.spent - 1))
        )
    (fault,) = raised.value.diagnostics
    assert (fault.code, fault.severity) == ("too-complex", "error")
    assert fault.span.file == lifecycle.span.file


def test_a_large_search_is_blamed_on_the_guarantee() -> None:
    """The place is where most steps went, and the help says what makes a search small."""
    lifecycle = promising(LONG, "closed can always be reached")
    with pytest.raises(InvalidRules, match="fewer states") as raised:
        prove(lifecycle, VOCABULARY, possibilities=Possibilities(VOCABULARY, Budget(400)))
    assert raised.value.diagnostics[0].span == lifecycle.guarantees[0].span


def test_many_alternatives_are_decided() -> None:
    """However many ways there are to meet a step: nothing is multiplied out."""
    fields = [[f"[{{field: {name}_{n}}}]" for n in range(8)] for name in "abcde"]
    choices = ", ".join(f"{{any_of: [{', '.join(some)}]}}" for some in fields)
    states = PEOPLE % choices
    promised = promising(
        states,
        "between finish and sign stand two different people",
        "done is never entered without reason",
        "done can always be reached",
    )
    declared = {f"{name}_{n}": FieldRule("text", name) for name in "abcde" for n in range(8)}
    category = evolve(VOCABULARY.categories["recommendation"], fields=declared)
    found = prove(promised, evolve(VOCABULARY, categories={"recommendation": category}))
    assert [proof.verdict for proof in found] == ["refuted", "refuted", "proved"]


def test_a_trigger_of_the_files_own_can_be_named() -> None:
    """Where nothing answers a trigger's name, it is the file's own."""
    proof = only(CLOSING, "working is never entered without [start]")
    assert (proof.verdict, [s.trigger for s in proof.steps]) == (
        "refuted",
        ["start", "certify", "refuse"],
    )


def test_each_verdict_has_its_exit_code() -> None:
    """Refuted counts before undetermined, and undetermined before proved."""
    error = Diagnostic(NOWHERE, "guarantee-refuted", "it does not hold", "mend it")
    note = Diagnostic(NOWHERE, "guarantee-undetermined", "it may hold", "look at it", "note")
    assert EXIT_CODES[verdict_on([note, error])] == 1
    assert EXIT_CODES[verdict_on([note])] == 3
    assert EXIT_CODES[verdict_on([])] == 0


OWN_STEP = """\
states:
  open:
    counts_as: {}
    transitions:
      jot: {to: noted, by: [lead]}
  noted:
    stands_for: open
    counts_as: {}
    transitions:
      close: {to: closed, by: [lead]}
  closed: {counts_as: {}, final: true}
guarantees:
  - that: "closed is never entered without {waited: 28}"
    because: a test
"""


def test_a_walk_over_an_own_step_counts_from_the_window_before_it() -> None:
    """An own step begins no window, and nobody had to wait in it either."""
    base = rules_from(CLOSING, name="base")
    (proof,) = prove(rules_from(OWN_STEP, name="own", refines=base), VOCABULARY)
    assert (proof.verdict, [step.trigger for step in proof.steps]) == ("refuted", ["jot", "close"])


def test_what_counts_from_a_state_is_open_only_to_who_came_through_it() -> None:
    """One way goes past `asked`: there no letter can have come since, and no end is reached."""
    states = """\
states:
  open:
    counts_as: {}
    transitions:
      ask: {to: asked, by: [lead]}%s
  asked:
    counts_as: {}
    transitions:
      hear: {to: ready, by: [lead]}
  ready:
    counts_as: {}
    transitions:
      close: {to: done, by: [lead], requires: [{evidence: letter, since: asked}]}
  done: {counts_as: {}, final: true}
"""
    past = "\n      skip: {to: ready, by: [lead]}"
    assert only(states % "", "done can always be reached").verdict == "proved"
    proof = only(states % past, "done can always be reached")
    assert (proof.verdict, [step.trigger for step in proof.steps]) == ("refuted", ["skip"])
