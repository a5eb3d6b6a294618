"""Every folder that loosens or obstructs is refused; every refusal of a tightening has its reason.

The judge walks with the engine before the checker is asked; it knows nothing of the checker. No
single edit is excepted: what the checker refuses though no small walk breaks it is explained by the
code it is refused with, for all edits alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from attrs import frozen

from tests.proof.judge.cases import Outcome, outcomes

Outcomes = tuple[Outcome, ...]
WHOLE = pytest.param(1, marks=pytest.mark.search, id="whole")
SAMPLE = pytest.param(47, id="sample")
LEAST_EDITS, LEAST_TIGHTENINGS, MOST_TOO_DEEP = 5_000, 1_000, 0.02
MOST_SECONDS = 10


@frozen
class Explanation:
    """Why a refusal is right that no small walk shows.

    Attributes:
        reason: Why, in words.
        kinds: With what the kinds of edits begin that are refused for it; none: any may be.
    """

    reason: str
    kinds: tuple[str, ...] = ()

    def explains(self, kind: str) -> bool:
        """Say whether an edit of a kind, or one of a pair, may be refused for it."""
        return not self.kinds or any(part.startswith(self.kinds) for part in kind.split(" and "))


EXPLAINED = {
    "children-undeclared": Explanation("asks for children where no record has any: a slip"),
    "unknown-field": Explanation("asks for a field that no category has: a slip"),
    "unknown-trigger": Explanation("asks who did what nobody does: a slip"),
    "wider-than-national": Explanation(
        "names records that it would not run, and misleads who reads it", ("applies to more",)
    ),
    "earlier-than-national": Explanation(
        "names a day from which it would not run yet", ("in force otherwise",)
    ),
    "own-step-by-others": Explanation(
        "peelflow and the inspectorate do nothing of the force's making",
        ("own loop by", "own reminder", "own role on the side", "splits a state"),
    ),
    "own-step-from-end": Explanation(
        "uses something up, or asks for something, at an end", ("own loop", "own reminder")
    ),
    "own-step-misnamed": Explanation(
        "a step of the force's own that is called as a national one", ("own loop misnamed",)
    ),
    "redefined": Explanation("gives a national word another meaning", ("own role on the side",)),
    "national-side": Explanation(
        "puts a role on another side, where it may come to act", ("own role on the side",)
    ),
    "national-name": Explanation(
        "takes a name that is kept for national files and plans",
        ("takes a", "own national", "follows a national file"),
    ),
    "national-move": Explanation(
        "moves records between levels or versions, as national plans do already",
        ("own re-levelling", "takes a plan's name", "version plan as it is"),
    ),
    "never-taken": Explanation(
        "has a step that nobody can ever take: a slip",
        ("chain that", "adds what cannot be met", "adds a person", "split"),
    ),
    "in-others-hands": Explanation(
        "leaves no way to the goal but through others' hands: a proposal that is withdrawn, or a "
        "review that the force waits for, where only HMICFRS comes to the goal nationally",
        (
            "splits a state: other reviews",
            "drops a transition",
            "gives it to a role",
            "adds what cannot be met",
            "adds a person",
            "redirects",
        ),
    ),
    "refinement-undetermined": Explanation(
        "leaves to a predicate whether there is a way but over a proposal that is withdrawn",
        ("adds a requirement",),
    ),
    "national-level": Explanation(
        "names records of a level at which no national file runs them", ("applies to more",)
    ),
    "guarantee-broken": Explanation(
        "a guarantee reads a step as if somebody could take it, for want of a paper or a person",
        ("adds what cannot be met",),
    ),
    "theirs-missing": Explanation(
        "takes a step from others in a state to which nobody can come, for want of a paper",
        ("adds what cannot be met",),
    ),
    "role-added": Explanation(
        "gives to others what nobody can do for want of a paper or a person",
        ("adds what cannot be met", "adds a person"),
    ),
}
"""Why a refusal is right that no small walk shows, by the diagnostic's code."""


@pytest.fixture(scope="module", params=[WHOLE, SAMPLE])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Return what was judged and then checked: all of it, or a sample."""
    place = tmp_path_factory.mktemp("judged")
    return tuple(outcomes(place, share=request.param))


def test_what_loosens_or_obstructs_is_refused(found: Outcomes) -> None:
    """The checker lets through nothing that a walk shows to break a national rule."""
    told = _told(each for each in found if each.is_let_through)
    assert not told, "\n".join(told)


def test_each_refusal_of_a_tightening_is_explained(found: Outcomes) -> None:
    """What keeps the national rules loads, or is refused for a reason that stands in the table."""
    refused = (each for each in found if each.is_refused_though_it_keeps)
    told = _told(each for each in refused if not _is_explained(each))
    assert not told, "\n".join(told)


def _is_explained(outcome: Outcome) -> bool:
    known = [EXPLAINED.get(code) for code in outcome.codes]
    return all(each is not None and each.explains(outcome.case.kind) for each in known)


def test_enough_was_judged(found: Outcomes, record_property: Callable[[str, object], None]) -> None:
    """Few cases are too deep to be judged, and all kinds of verdicts are among them."""
    counts = Counter((each.judgement.verdict, bool(each.codes)) for each in found)
    for (verdict, is_refused), count in sorted(counts.items()):
        record_property(f"{verdict}, {'refused' if is_refused else 'loaded'}", count)
    too_deep = sum(each.judgement.verdict == "too deep to say" for each in found)
    assert too_deep <= MOST_TOO_DEEP * len(found)
    assert {each.judgement.verdict for each in found} >= {"loosens", "obstructs", "keeps"}


def test_checking_is_bounded(found: Outcomes) -> None:
    """Whatever a folder says, a core is done with it soon."""
    longest = max(found, key=lambda outcome: outcome.seconds)
    assert longest.seconds <= MOST_SECONDS, str(longest)


@pytest.mark.parametrize("found", [WHOLE], indirect=True)
def test_the_whole_is_large(found: Outcomes) -> None:
    """Thousands of folders are judged, and over a thousand tightenings load."""
    loaded = [each for each in found if each.judgement.verdict == "keeps" and not each.codes]
    assert len(found) >= LEAST_EDITS
    assert len(loaded) >= LEAST_TIGHTENINGS


@pytest.mark.parametrize("found", [WHOLE], indirect=True)
def test_every_explanation_is_needed(found: Outcomes) -> None:
    """No code stands in the table that explains nothing."""
    codes = {code for each in found if each.is_refused_though_it_keeps for code in each.codes}
    assert EXPLAINED.keys() - codes == set()


def _told(some: Iterator[Outcome]) -> list[str]:
    """Return one outcome of each kind in words, the shortest, so that a failure can be read."""
    first: dict[str, str] = {}
    for outcome in some:
        kind = f"{outcome.case.kind}: {outcome.judgement.verdict}, {sorted(outcome.codes)}"
        first[kind] = min(first.get(kind, str(outcome)), str(outcome), key=len)
    return list(first.values())
