"""Stock transitions: the same work on a plain `transitions.Machine`, as its manual teaches it."""

from __future__ import annotations

from collections.abc import Callable

import transitions

from bench.by_hand import TABLE, Guard, Row, event_of, is_appointed, refusal_of
from peelflow import Act, Context, Event, Record, Refusal

Condition = Callable[..., bool | None]  # as stock asks for them


class Model:
    """What the machine moves: put into a record's state before each trigger.

    One model serves all decisions: a new one for each would take many times as long.
    """

    state: str
    counted: tuple[str, ...] = ()

    def __init__(self) -> None:
        """Make its machine, each rule a condition."""
        states = {state for state, _ in TABLE} | {row.to for row in TABLE.values()}
        self.machine = transitions.Machine(
            model=self, states=sorted(states), initial="open", auto_transitions=False
        )
        for (state, trigger), row in TABLE.items():
            conditions: list[str | Condition] = [_may(row), day_can_be, is_appointed]
            conditions += [_holds(self, guard) for guard, _ in row.guards]
            self.machine.add_transition(trigger, state, row.to, conditions=conditions)


def day_can_be(record: Record, act: Act, context: Context) -> bool:
    """Say whether the act's day follows the record's last, and has come."""
    return record.on <= act.on <= context.today


def _may(row: Row) -> Condition:
    def role_may(record: Record, act: Act, context: Context) -> bool:
        del record, context
        return act.actor.role in row.by

    return role_may


def _holds(model: Model, guard: Guard) -> Condition:
    def holds(record: Record, act: Act, context: Context) -> bool:
        found = guard(record, act, context)
        if isinstance(found, str):
            return False
        model.counted += found
        return True

    return holds


MODEL = Model()


def decide_by_stock(record: Record, act: Act, context: Context) -> Event | Refusal:
    """Return the event that `act` is, or every reason why it is none."""
    MODEL.machine.set_state(record.state)
    MODEL.counted = ()
    row = TABLE.get((record.state, act.trigger))
    trigger = getattr(MODEL, act.trigger, None)
    if row is None or trigger is None or not trigger(record=record, act=act, context=context):
        return refusal_of(row, record, act, context)
    return event_of(row, record, act, context, counted=MODEL.counted)
