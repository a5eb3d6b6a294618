"""Any event of any lawful history, voided or re-dated: refused, or as if recorded so at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve, field, frozen
from hypothesis import event, given, settings
from hypothesis import strategies as st

from peelflow.engine.fold import as_corrected, fold
from peelflow.errors import PeelflowError
from peelflow.figures import Figures
from peelflow.model.decisions import Refused
from peelflow.model.records import (
    Actor,
    Attachment,
    Document,
    Event,
    LastDone,
    Moment,
    Record,
    TransitionTaken,
)
from peelflow.model.rules import SYSTEM, Transition
from peelflow.register.register import Register
from tests.builders.force import FORCE, HMICFRS, KINDS, LIAISON, START, World, actor, new_world

Ask = Callable[[Register, date], object]
DAYS = st.sampled_from([-3, -2, -1, 1, 2, 3, 4])
PORTAL: dict[str, Any] = {"recorded_by": "liaison-officer", "source": "portal"}


@frozen
class Life:
    """A record's history, and each of its requests by the number of the event it made."""

    world: World
    record: str
    asked: dict[int, Ask] = field(factory=dict)

    @property
    def register(self) -> Register:
        """The register it was lived in."""
        return self.world.register

    def ask(self, ask: Ask) -> None:
        """Ask for something today; what is refused was not lived."""
        before = len(self.register.store.history(self.record))
        try:
            ask(self.register, self.world.day)
        except Refused:
            return
        self.asked[before + 1] = ask


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a lawful life of a record at a level: acts, letters attached, fields amended."""
    world = new_world()
    kind = draw(st.sampled_from(KINDS[:3]))
    life = Life(world, "R-1")
    life.ask(_adds(kind.category, kind.level))
    for _ in range(draw(st.integers(1, 7))):
        world.later(draw(st.integers(0, 3)))
        ways = [way for way in world.ways_out("R-1") if way.by != (SYSTEM,)]
        choices: list[Transition | str] = [*ways, "attach", "amend"]
        what = draw(st.sampled_from(choices))
        if what == "attach":
            life.ask(_attaches(world.letter()))
        elif what == "amend":
            life.ask(_amends(world.name("lead")))
        elif not isinstance(what, str):
            means = world.means(what)
            if draw(st.booleans()):
                means.pop("evidence", None)
            role = draw(st.sampled_from(what.by))
            life.ask(_acts(what.trigger, actor(role), means))
    return life


def _adds(category: str, level: int | None) -> Ask:
    return lambda register, day: register.add(
        "R-1",
        category=category,
        level=level,
        force=FORCE,
        issued=day,
        fields={"question": "7.2", "owner": "lead"},
        actor=HMICFRS,
        **PORTAL,
    )


def _acts(trigger: str, who: Actor, means: dict[str, Any]) -> Ask:
    said = {**means, **(PORTAL if who.role == "hmicfrs" else {})}
    return lambda register, day: register.fire("R-1", trigger, actor=who, on=day, **said)


def _attaches(letter: Document) -> Ask:
    return lambda register, day: register.attach("R-1", letter, actor=LIAISON, on=day)


def _amends(owner: str) -> Ask:
    said: dict[str, Any] = {"actor": LIAISON, "reason": "new lead"}
    return lambda register, day: register.amend("R-1", "owner", owner, on=day, **said)


def corrected(life: Life, number: int, to: date | None) -> bool:
    """Correct an event, as the side that did it; say whether that was let through."""
    done = life.register.history("R-1")[number - 1]
    by = done.actor if done.actor.role != SYSTEM else LIAISON
    said: dict[str, Any] = PORTAL if by.role == "hmicfrs" else {}
    try:
        life.register.correct(
            "R-1",
            number,
            correction="void" if to is None else "redate",
            to=to,
            actor=by,
            on=life.world.day + timedelta(30),
            reason="a mistake",
            **said,
        )
    except PeelflowError as error:
        event(type(error).__name__)
        return False
    return True


def lived_anew(life: Life, number: int, to: date | None) -> Life:
    """Live the same life in a new register, without the event, or with it on its right day.

    Without the first event there is no record, and nothing to live.

    Raises:
        PeelflowError: It is not lawful.
    """
    anew = Life(new_world(), "R-1")
    with life.register.store.snapshot() as kept:
        for document in kept.documents():
            anew.register.store.keep_document(*document)
    for held in life.register.records():
        if held.category in ("inspection", "report"):
            _add_as_it_was(anew.register, held)
    for place, ask in life.asked.items() if (number, to) != (1, None) else ():
        day = life.register.history("R-1")[place - 1].on
        if place != number or to is not None:
            ask(anew.register, to if place == number and to is not None else day)
    return anew


def _add_as_it_was(register: Register, held: Record) -> None:
    """Add an inspection, or the report that takes records' places, as another register has it."""
    is_inspection = held.category == "inspection"
    register.add(
        held.id,
        category=held.category,
        force=FORCE,
        issued=held.issued,
        fields={k: v for k, v in held.fields.items() if not is_inspection or k != "title"},
        actor=HMICFRS,
        **PORTAL,
    )


def renumbered(record: Record, numbers: dict[int, int]) -> Record:
    """Return a record whose events have other numbers."""
    return evolve(
        record,
        window=Moment(numbers[record.window.number], record.window.on),
        entered={k: Moment(numbers[v.number], v.on) for k, v in record.entered.items()},
        done={k: LastDone(numbers[v.number], v.on, v.person) for k, v in record.done.items()},
        attachments=tuple(
            Attachment(each.document, numbers[each.number]) for each in record.attachments
        ),
    )


def tables(register: Register, **more: Any) -> list[Figures]:
    """Return the figures as at every day around these lives."""
    days = [START + timedelta(day) for day in range(-3, 33)]
    return [evolve(register.figures(as_at=day, **more), known=None) for day in days]


@pytest.mark.search
@given(life=lives(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_correction_is_refused_or_as_if_recorded_so_at_once(
    life: Life, data: st.DataObject
) -> None:
    """Record and figures of every day are those of a register that was told so from the start.

    What is refused could not have been recorded so; and what was published comes out again.
    """
    history = life.register.history("R-1")
    number = data.draw(st.sampled_from(list(life.asked)))
    moved = history[number - 1].on + timedelta(data.draw(DAYS))
    to = data.draw(st.sampled_from([None, moved]))
    position, published = life.register.position(), tables(life.register)

    let = corrected(life, number, to)

    assert tables(life.register, known=position) == published
    assert life.register.verify() == ()
    if let:
        anew = lived_anew(life, number, to)
        now = life.register.history("R-1")
        assert life.register.record("R-1") == fold(now)
        assert tables(life.register) == tables(anew.register)
        if fold(now).withdrawn:
            assert (number, to) == (1, None)
            return
        standing = [each.number for each in as_corrected(now)]
        numbers = dict(enumerate(standing, start=1))
        expected = evolve(renumbered(anew.register.record("R-1"), numbers), number=len(now))
        assert life.register.record("R-1") == expected
    else:
        assert life.register.history("R-1") == history
        assert tables(life.register) == published
        if number > 1 or to is not None:
            assert not could_be(life, number, to)


def could_be(life: Life, number: int, to: date | None) -> bool:
    """Say whether the same acts come of a life that is lived anew with the correction."""
    try:
        anew = lived_anew(life, number, to)
    except PeelflowError:
        return False
    history = life.register.history("R-1")
    left = tuple(each for each in history if to is not None or each.number != number)
    return came(left) == came(anew.register.history("R-1"))


def came(events: tuple[Event, ...]) -> list[tuple[object, ...]]:
    """Return what each act among some events came to."""
    acts = [each.what for each in events if isinstance(each.what, TransitionTaken)]
    return [(act.trigger, act.new, act.national, act.counted) for act in acts]
