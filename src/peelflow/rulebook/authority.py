"""What national files decide, no other file takes from them: names, levels, ledgers, sides, moves.

What is national is told by its content, never by its name. A file whose content is the national
one's is that file, given once more. Whatever else bears its name is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from attrs import evolve

from peelflow.errors import Diagnostic, Span
from peelflow.model.constraints import FILE_KEY
from peelflow.model.question_sets import in_order
from peelflow.model.rules import Lifecycle, MigrationPlan, Vocabulary, moves_level
from peelflow.phrases import listed
from peelflow.results import frozen
from peelflow.rulebook.rulebook import Rulebook, fill_set_choices

FORCE_LEDGER = "force"
"""The ledger that a force keeps of what it holds itself, so that its own records may count there.

National files count on it too: a record at level 1 that is managed in force, and what a
super-complaint recommends. A force's form of those agrees with them on it.
"""


@frozen(eq=False)
class Authority:
    """The national rules, and where each of them says what others may not.

    Attributes:
        rules: The national rulebook, with its plans.
    """

    rules: Rulebook

    def has(self, lifecycle: Lifecycle) -> bool:
        """Say whether a lifecycle is a national one, whatever it is called."""
        return any(lifecycle.pin == known.pin for known in self.rules.lifecycles)

    def has_or_refined_by(self, lifecycle: Lifecycle) -> bool:
        """Say whether a lifecycle is a national one, or a force's form of one."""
        names = {str(known) for known in self.rules.lifecycles}
        return self.has(lifecycle) or lifecycle.refines in names

    @property
    def ledgers(self) -> Mapping[str, Span]:
        """The ledgers on which national files count, each with a state that counts there."""
        places: dict[str, Span] = {}
        for lifecycle in self.rules.lifecycles:
            for state in lifecycle.states.values():
                for ledger in state.counts_as:
                    places.setdefault(ledger, state.span)
        return places


def mismatch(own: Any, known: Any) -> list[str]:
    """Return the keys of a file in which two values of one class differ; places are no part."""
    return [
        f"`{part.metadata.get(FILE_KEY, part.name) or part.name}`"
        for part in attrs.fields(type(own))
        if part.name not in {"span", "pin", "places"}
        and getattr(own, part.name) != getattr(known, part.name)
    ]


def name_faults(
    authority: Authority,
    lifecycles: Iterable[Lifecycle],
    vocabularies: Iterable[Vocabulary],
    plans: Iterable[MigrationPlan],
) -> Iterator[Diagnostic]:
    """Yield every file that bears a national name and is not the national file.

    Args:
        authority: The national rules.
        lifecycles: Those of the files, resolved.
        vocabularies: Those of the files, their choices filled in.
        plans: Those of the files.
    """
    known = authority.rules
    for lifecycle in lifecycles:
        same = [rules for rules in known.lifecycles if rules.name == lifecycle.name]
        for rules in sorted(same, key=lambda rules: -rules.version)[:1]:
            version = next((known for known in same if str(known) == str(lifecycle)), rules)
            instead = (
                f"give it a name of its own, and write `refines: {rules}` where it is the "
                "force's own form of that"
            )
            yield from _name_fault(lifecycle, version, f"`{lifecycle}`", instead)
    for vocabulary in vocabularies:
        if vocabulary.vocabulary == known.vocabulary.vocabulary:
            what = f"the vocabulary `{vocabulary.vocabulary}`"
            instead = "give it a name of its own, and only the words that are the force's own"
            whole = _with_national_sets(vocabulary, known.vocabulary)
            yield from _name_fault(whole, known.vocabulary, what, instead)
    for plan in plans:
        for national_plan in known.migrations:
            if national_plan.name == plan.name:
                what, instead = f"the plan `{plan.name}`", "give it a name of its own"
                yield from _name_fault(plan, national_plan, what, instead)


def _with_national_sets(vocabulary: Vocabulary, known: Vocabulary) -> Vocabulary:
    """Return a vocabulary as it is with the national question sets, whose files stand beside it."""
    return fill_set_choices(evolve(vocabulary, question_sets=known.question_sets))


def _name_fault(own: Any, known: Any, what: str, instead: str) -> Iterator[Diagnostic]:
    parts = mismatch(own, known)
    if parts:
        differs = f"differs from the national file in {', '.join(parts)}"
        if "`version`" in parts:
            differs = f"the national file of that name is `{known}`"
        sentence = f"{what} bears a national name, and {differs}"
        yield Diagnostic(own.span, "national-name", sentence, instead, related=known.span)


def scope_faults(authority: Authority, lifecycles: Iterable[Lifecycle]) -> Iterator[Diagnostic]:
    """Yield every level at which a file runs a national category, and no national file does."""
    levels: dict[str, dict[int | None, Span]] = {}
    for rules in authority.rules.lifecycles:
        for category in rules.applies_to.category:
            spans = dict.fromkeys(rules.applies_to.level, rules.applies_to.span)
            levels.setdefault(category, {}).update(spans)
    for lifecycle in lifecycles:
        for category in lifecycle.applies_to.category:
            known = levels.get(category, {})
            wider = [level for level in lifecycle.applies_to.level if level not in known]
            if known and wider:
                runs = _level_words(known)
                sentence = (
                    f"`{category}` is national and runs at {runs} alone; "
                    f"a file of a force's own cannot run it at {_level_words(wider)}"
                )
                instead = "apply it to a category of the force's own, or to a level that there is"
                span, related = lifecycle.applies_to.span, next(iter(known.values()))
                yield Diagnostic(span, "national-level", sentence, instead, related=related)


def _level_words(levels: Iterable[int | None]) -> str:
    *others, last = sorted(str(level or "none") for level in levels)
    return f"levels {', '.join(others)} and {last}" if others else f"level {last}"


def ledger_faults(
    authority: Authority, lifecycles: Iterable[Lifecycle], vocabularies: Iterable[Vocabulary]
) -> Iterator[Diagnostic]:
    """Yield every state and row of figures of a force's own that is on a national ledger.

    A file that refines another is held to that one's counts instead.
    """
    places = {name: span for name, span in authority.ledgers.items() if name != FORCE_LEDGER}
    instead = f"count on a ledger of the force's own, such as `{FORCE_LEDGER}`"
    for lifecycle in lifecycles:
        if lifecycle.refines is None and not authority.has(lifecycle):
            for name, state in lifecycle.states.items():
                for ledger in sorted(state.counts_as.keys() & places.keys()):
                    sentence = f"`{name}` counts on `{ledger}`, on which only national files count"
                    yield Diagnostic(
                        state.span, "national-ledger", sentence, instead, related=places[ledger]
                    )
    for vocabulary in vocabularies:
        for category in vocabulary.categories.values():
            for row in category.figures:
                if row.ledger in places:
                    sentence = f"the row stands in the figures of `{row.ledger}`, which is national"
                    related = places[row.ledger]
                    yield Diagnostic(
                        row.span, "national-ledger", sentence, instead, related=related
                    )


def side_faults(authority: Authority, vocabularies: Iterable[Vocabulary]) -> Iterator[Diagnostic]:
    """Yield every role that a vocabulary of a force's puts on another side than the force's."""
    known = authority.rules.vocabulary
    for vocabulary in vocabularies:
        for name, role in vocabulary.roles.items():
            if role.side != "force" and name not in known.roles:
                theirs = [name for name, other in known.roles.items() if other.side == role.side]
                sentence = (
                    f"`{name}` would act for the side `{role.side}`, whose roles are national"
                )
                instead = f"write `side: force`, or use {listed(theirs)}"
                related = known.roles[theirs[0]].span
                yield Diagnostic(role.span, "national-side", sentence, instead, related=related)


def word_faults(authority: Authority, vocabularies: Iterable[Vocabulary]) -> Iterator[Diagnostic]:
    """Yield what vocabularies of a force's say of what is national: faults of sides, and notes.

    A question set that lets one question succeed several is noted: an inspection of it verifies
    more than one of before could, and its file is the only word on that.
    """
    own = tuple(vocabularies)
    yield from side_faults(authority, own)
    known = authority.rules.vocabulary.question_sets
    for vocabulary in own:
        for name, questions in vocabulary.question_sets.items():
            wide = [
                f"{number} is relevant to {' and '.join(in_order(succeeded))}"
                for number, succeeded in questions.succeeds.items()
                if len(succeeded) > 1
            ]
            if wide and questions != known.get(name):
                sentence = f"by `{name}` alone an inspection of its {'; of its '.join(wide)}"
                sentence += f" of `{questions.replaces}`"
                instead = "let somebody read that beside its source: nothing here can check it"
                yield Diagnostic(questions.span, "question-widened", sentence, instead, "note")


def is_own_relevelling(
    authority: Authority, plan: MigrationPlan, old: Lifecycle, new: Lifecycle
) -> bool:
    """Say whether a plan moves national records to another level or version, and is not national.

    From one version of national rules to another; between a force's own forms of them, the
    force's own plans move records, as the national plan does.
    """
    if plan in authority.rules.migrations:
        return False
    if moves_level(old, new):
        return authority.has_or_refined_by(old) or authority.has_or_refined_by(new)
    return authority.has(old) and authority.has(new)


def relevelling_faults(
    authority: Authority, plans: Iterable[MigrationPlan], lifecycles: Iterable[Lifecycle]
) -> Iterator[Diagnostic]:
    """Yield every plan of a force's own that moves national records as only national plans do."""
    known = {str(lifecycle): lifecycle for lifecycle in lifecycles}
    for plan in plans:
        old, new = known.get(plan.old), known.get(plan.new)
        if old and new and is_own_relevelling(authority, plan, old, new):
            to = f"another level, of `{new}`" if moves_level(old, new) else f"`{new}`"
            sentence = f"`{plan.name}` moves records of `{old}` to {to}; only national plans do"
            instead = "leave it out: records move by the plans that come with the rules"
            yield Diagnostic(plan.span, "national-move", sentence, instead, related=new.span)


def without(values: Sequence[Any], faults: Iterable[Diagnostic]) -> list[Any]:
    """Return the values in whose place no fault stands."""
    places = {fault.span for fault in faults}
    return [value for value in values if value.span not in places]
