"""The semantic digest: it moves with every change of meaning, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from peelflow.errors import NOWHERE, InvalidRequest, Span
from peelflow.model.requirements import (
    AnyOf,
    ChildForEach,
    Evidence,
    FieldSet,
    ReasonGiven,
    Requirement,
    Waited,
)
from peelflow.model.rules import (
    After,
    AlwaysReachable,
    Guarantee,
    Lifecycle,
    Role,
    State,
    StateSet,
    Transition,
)
from peelflow.rulebook.canonical import canonical_text, pin_of, restore
from peelflow.rulebook.national import national
from peelflow.testing.strategies import lifecycles, times

Draw = Callable[[st.SearchStrategy[Any]], Any]
Edit = Callable[[Draw, Lifecycle], Lifecycle]
cycles = lifecycles() | st.sampled_from(national().lifecycles)


def _mixed(draw: st.DrawFn, items: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(draw(st.permutations(items)))


def _shuffled(draw: st.DrawFn, mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: mapping[key] for key in draw(st.permutations(list(mapping)))}


def _reordered(draw: st.DrawFn, requirement: Requirement) -> Requirement:
    match requirement:
        case AnyOf(any_of=choices):
            every = [_mixed(draw, [_reordered(draw, one) for one in each]) for each in choices]
            return AnyOf(_mixed(draw, every), Span("elsewhere"))
        case Evidence(signed_by=roles):
            return evolve(requirement, signed_by=_mixed(draw, roles), span=Span("elsewhere"))
        case _:
            return evolve(requirement, span=Span("elsewhere"))


def _same_way(draw: st.DrawFn, way: Transition) -> Transition:
    requires = [_reordered(draw, one) for one in way.requires]
    return evolve(way, by=_mixed(draw, way.by), requires=_mixed(draw, requires), span=NOWHERE)


@st.composite
def alike(draw: st.DrawFn) -> tuple[Lifecycle, Lifecycle]:
    """Draw a lifecycle, and one that means the same but says nothing in the same order or words."""
    one = draw(cycles)
    states = {
        name: evolve(
            state,
            title=draw(st.none() | st.text()),
            due=draw(st.none() | times()),
            counts_as=_shuffled(draw, state.counts_as),
            transitions=_mixed(draw, [_same_way(draw, way) for way in state.transitions]),
        )
        for name, state in _shuffled(draw, one.states).items()
    }
    guarantee = Guarantee("x", "y", AlwaysReachable(StateSet(state=one.initial)))
    roles = {name: evolve(role, title="?") for name, role in _shuffled(draw, one.roles).items()}
    applies = evolve(
        one.applies_to,
        category=_mixed(draw, one.applies_to.category),
        level=_mixed(draw, one.applies_to.level),
    )
    return one, evolve(
        one,
        title=draw(st.text()),
        in_force_from=draw(st.dates()),
        applies_to=applies,
        states=states,
        guarantees=draw(st.sampled_from([(), one.guarantees, (guarantee,)])),
        roles=roles,
        span=Span("elsewhere"),
    )


@settings(max_examples=150, deadline=None)
@given(alike())
def test_words_dates_guarantees_and_order_are_not_meaning(
    pair: tuple[Lifecycle, Lifecycle],
) -> None:
    """Records keep their rules when somebody corrects a title or sorts a list."""
    one, other = pair
    assert pin_of(one) == pin_of(other)
    assert canonical_text(one) == canonical_text(other)


@settings(max_examples=150, deadline=None)
@given(cycles)
def test_restores_what_it_kept(one: Lifecycle) -> None:
    """What comes back from a store runs as what was kept: the same text, pin and steps."""
    back = restore(canonical_text(one))
    assert canonical_text(back) == canonical_text(one)
    assert back.pin == pin_of(one)
    assert back.begun_by == one.begun_by
    assert _steps(back) == _steps(one)
    assert [(n, r.side, r.stands_for) for n, r in sorted(back.roles.items())] == [
        (n, r.side, r.stands_for) for n, r in sorted(one.roles.items())
    ]


def _steps(one: Lifecycle) -> dict[str, Any]:
    return {
        name: (
            dict(state.counts_as),
            state.final,
            state.stands_for,
            sorted(
                (
                    way.trigger,
                    way.to,
                    sorted(way.by),
                    way.implements or "",
                    way.reopens,
                    str(way.after),
                )
                for way in state.transitions
            ),
        )
        for name, state in one.states.items()
    }


def _in_state(draw: Draw, one: Lifecycle, edit: Callable[[State], State]) -> Lifecycle:
    name = draw(st.sampled_from(sorted(one.states)))
    return evolve(one, states={**one.states, name: edit(one.states[name])})


def _in_way(draw: Draw, one: Lifecycle, edit: Callable[[Transition], Transition]) -> Lifecycle:
    name = draw(st.sampled_from(sorted(n for n, s in one.states.items() if s.transitions)))
    ways = list(one.states[name].transitions)
    index = draw(st.integers(0, len(ways) - 1))
    ways[index] = edit(ways[index])
    return evolve(
        one, states={**one.states, name: evolve(one.states[name], transitions=tuple(ways))}
    )


def _in_role(draw: Draw, one: Lifecycle, edit: Callable[[Role], Role]) -> Lifecycle:
    name = draw(st.sampled_from(sorted(one.roles)))
    return evolve(one, roles={**one.roles, name: edit(one.roles[name])})


def _turned(counts: Mapping[str, Any]) -> dict[str, Any]:
    other = {"open": "closed", "closed": "open"}
    return {ledger: other[how] for ledger, how in counts.items()} or {"portal": "open"}


LIFECYCLE_EDITS: dict[str, Edit] = {
    "name": lambda _, one: evolve(one, name=one.name + "-x"),
    "version": lambda _, one: evolve(one, version=one.version + 1),
    "initial": lambda _, one: evolve(one, initial=one.initial + "_x"),
    "begun_by": lambda _, one: evolve(one, begun_by=None if one.begun_by else "take_over"),
    "refines": lambda _, one: evolve(one, refines=f"{one.refines or 'plain'}1"),
    "category": lambda _, one: evolve(
        one, applies_to=evolve(one.applies_to, category=(*one.applies_to.category, "other"))
    ),
    "level": lambda _, one: evolve(one, applies_to=evolve(one.applies_to, level=(9,))),
    "state added": lambda _, one: evolve(one, states={**one.states, "extra": State({})}),
    "role added": lambda _, one: evolve(one, roles={**one.roles, "extra": Role("force", "x")}),
}
STATE_EDITS: dict[str, Callable[[State], State]] = {
    "final": lambda state: evolve(state, final=not state.final),
    "counts": lambda state: evolve(state, counts_as=_turned(state.counts_as)),
    "ledger": lambda state: evolve(state, counts_as={**state.counts_as, "third": "open"}),
    "stands for": lambda state: evolve(state, stands_for=f"{state.stands_for or 'a'}x"),
    "way added": lambda state: evolve(
        state, transitions=(*state.transitions, Transition("extra", "open", ("lead",)))
    ),
}
WAY_EDITS: dict[str, Callable[[Transition], Transition]] = {
    "trigger": lambda way: evolve(way, trigger=way.trigger + "_x"),
    "to": lambda way: evolve(way, to=way.to + "_x"),
    "by": lambda way: evolve(way, by=(*way.by, "extra")),
    "by fewer": lambda way: evolve(way, by=("extra", *way.by[1:])),
    "as": lambda way: evolve(way, as_=f"{way.as_ or 'a'}x"),
    "answers": lambda way: evolve(way, implements=f"{way.implements or 'a'}x"),
    "reopens": lambda way: evolve(way, reopens=not way.reopens),
    "after": lambda way: evolve(way, after=After(((way.after and way.after.days) or 0) + 1)),
    "requires more": lambda way: evolve(way, requires=(*way.requires, FieldSet("extra"))),
    "requires less": lambda way: evolve(
        way, requires=way.requires[1:] if way.requires else (ReasonGiven(),)
    ),
    "waits for no time": lambda way: evolve(way, requires=(*way.requires, Waited(0, "extra"))),
}
ROLE_EDITS: dict[str, Callable[[Role], Role]] = {
    "side": lambda role: evolve(role, side="oversight" if role.side == "force" else "force"),
    "by appointment": lambda role: evolve(role, by_appointment=not role.by_appointment),
    "delegated": lambda role: evolve(role, may_be_delegated=not role.may_be_delegated),
    "role stands for": lambda role: evolve(role, stands_for=f"{role.stands_for or 'a'}x"),
}


def _within(place: Callable[..., Lifecycle], edit: Callable[[Any], Any]) -> Edit:
    return lambda draw, one: place(draw, one, edit)


EDITS: dict[str, Edit] = {
    **LIFECYCLE_EDITS,
    **{name: _within(_in_state, edit) for name, edit in STATE_EDITS.items()},
    **{name: _within(_in_way, edit) for name, edit in WAY_EDITS.items()},
    **{name: _within(_in_role, edit) for name, edit in ROLE_EDITS.items()},
}


@pytest.mark.parametrize("name", EDITS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_change_of_meaning_moves_the_pin(name: str, data: st.DataObject) -> None:
    """No edit of what a record may do slips in under an old version."""
    one = data.draw(cycles.filter(_moves))
    other = EDITS[name](data.draw, one)
    assert pin_of(one).digest != pin_of(other).digest


def _moves(one: Lifecycle) -> bool:
    return any(state.transitions for state in one.states.values())


REQUIREMENTS: list[Requirement] = [
    *(Evidence("letter"), Evidence("plan"), Evidence("letter", ("chief_constable",))),
    *(Evidence("letter", since="open"), ReasonGiven(), FieldSet("owner"), FieldSet("theme")),
    ChildForEach("a", ("b",), "c", "d"),
    ChildForEach("a", ("b", "e"), "c", "d"),
    *(FieldSet("theme", "a"), FieldSet("theme", "b")),
    *(Waited(1), Waited(10), Waited(1, "published"), Waited(1, "open")),
    *(AnyOf(((ReasonGiven(),),)), AnyOf(((ReasonGiven(), FieldSet("owner")),))),
    AnyOf(((ReasonGiven(),), (FieldSet("owner"),))),
]


def test_every_requirement_has_a_text_of_its_own() -> None:
    """No two that differ are kept alike."""
    level = next(one for one in national().lifecycles if one.name == "level-3")

    def kept(requirement: Requirement) -> str:
        way = Transition("try", "open", ("lead",), (requirement,))
        return canonical_text(evolve(level, states={"open": State({}, transitions=(way,))}))

    assert len(REQUIREMENTS) == len(set(map(kept, REQUIREMENTS)))
    assert '{"waited":0}' in kept(Waited(0))


TIMES = [
    *(After(28), After(29), After(28, since="published"), After(28, beginning=True)),
    *(After(months=28), After(working_days=28), After(working_days=28, beginning=True)),
]


def timed(after: After) -> str:
    """Return the text that is kept of a step with a time."""
    level = next(one for one in national().lifecycles if one.name == "level-3")
    way = Transition("try", "open", ("system",), after=after)
    return canonical_text(evolve(level, states={"open": State({}, transitions=(way,))}))


def test_every_time_has_a_text_of_its_own_and_comes_back() -> None:
    """In each unit, of both days, and of both beginnings."""
    texts = [timed(after) for after in TIMES]
    assert len(set(texts)) == len(TIMES)
    for text, after in zip(texts, TIMES, strict=True):
        back = restore(text)
        assert (back.states["open"].transitions[0].after, canonical_text(back)) == (after, text)


def test_a_time_in_days_keeps_the_text_it_always_had() -> None:
    """So records that were added before there were other units still run."""
    assert '"after":{"days":28,"since":"entered"}' in timed(After(28))
    assert '"after":{"days":28,"since":"published"}' in timed(After(28, since="published"))


def test_what_is_needed_twice_is_needed_once() -> None:
    """Two items that say the same in other orders are kept as one, and come back."""
    level = next(one for one in national().lifecycles if one.name == "level-3")
    reason, owner = ReasonGiven(), FieldSet("owner")

    def kept(*requires: Requirement) -> str:
        way = Transition("try", "open", ("lead",), requires)
        return canonical_text(evolve(level, states={"open": State({}, transitions=(way,))}))

    once = kept(reason, AnyOf(((reason, owner),)))
    assert once == kept(reason, reason, AnyOf(((reason, owner), (owner, reason))))
    assert once == canonical_text(restore(once))


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "null", '{"roles":{}}', '{"roles":{"a":{"x":1}},"states":{}}'),
        *('{"lifecycle":"a","roles":{},"states":{}}', '{"lifecycle":1,"roles":[]}', "[" * 100_000),
    ],
)
def test_refuses_what_is_no_meaning(text: str) -> None:
    """A damaged store says so, whatever the damage."""
    with pytest.raises(InvalidRequest, match="no lifecycle's meaning") as refused:
        restore(text)
    assert refused.value.instead == "verify the store and restore it"


def test_what_is_restored_says_where_it_comes_from() -> None:
    """Its titles are names and its date the first there is; its place is the store."""
    level = next(one for one in national().lifecycles if one.name == "level-3")
    back = restore(canonical_text(level))
    assert (back.title, back.in_force_from, back.guarantees) == ("level-3", date.min, ())
    assert back.span.file == "<kept level-3>"
