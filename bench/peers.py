"""Peers: the same step by other libraries, in memory and kept in an SQLite file.

The step: a record goes from `in_progress` through a side door and back, by a liaison officer alone,
with a reason. Each library does it as its own manual teaches; none but peelflow gives every reason
against an act, keeps the rules beside the record, or chains its history, so that a ratio says what
all this costs, not who is quicker at the same. Files are in WAL mode and synchronised in full.

`make peers` runs it, in an environment of its own: the peers are nothing that peelflow needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import django
import sqlalchemy as sa
import transitions
from attrs import evolve
from dbos import DBOS, DBOSConfig
from django.conf import settings
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sismic.interpreter import Interpreter
from sismic.io import import_from_yaml
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from statemachine import State, StateMachine

from bench.cases import LIAISON, accepted, level_3
from bench.durable import WALKED, fill, propose_or_withdraw, tell_time
from bench.rounds import Result, compare, interleaved
from bench.table import ROOT, facts, table
from peelflow import Event, Register, decide

Step = Callable[[int], object]
OFFICER, REASON = "liaison_officer", "no longer ours to do"
ROUNDS, STEPS, FAST = 20, 20, 400
DOORS = ("propose", "withdraw")


def may(role: str, reason: str) -> bool:
    """Say whether an act may be: the guard of each library."""
    return role == OFFICER and bool(reason)


class ByTransitions:
    """`transitions`, with a condition on each trigger."""

    state: str

    def __init__(self) -> None:
        """Make the machine."""
        self.machine = transitions.Machine(
            self, states=["in_progress", "proposed"], initial="in_progress", auto_transitions=False
        )
        self.machine.add_transition("propose", "in_progress", "proposed", conditions=[may])
        self.machine.add_transition("withdraw", "proposed", "in_progress", conditions=[may])


class ByStateMachine(StateMachine):
    """`python-statemachine`, with a condition on each event."""

    in_progress = State(initial=True)
    proposed = State()
    propose = in_progress.to(proposed, cond="may_act")
    withdraw = proposed.to(in_progress, cond="may_act")

    def may_act(self, role: str, reason: str) -> bool:
        """Say whether an act may be."""
        return may(role, reason)


GUARD = f"event.role == '{OFFICER}' and event.reason"
CHART = f"""
statechart:
  name: record
  root state:
    name: root
    initial: in_progress
    states:
      - name: in_progress
        transitions:
          - {{target: proposed, event: propose, guard: "{GUARD}"}}
      - name: proposed
        transitions:
          - {{target: in_progress, event: withdraw, guard: "{GUARD}"}}
"""


def django_model() -> Any:
    """Return a model of Django with a state that `django-fsm-2` guards; no database is asked."""
    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes"])
    django.setup()
    from django.db import models  # once settings are there
    from django_fsm import FSMField, transition

    def may_act(record: Any) -> bool:
        return may(record.role, record.reason)

    class ByDjango(models.Model):  # noqa: DJ008 (no page shows it)
        state = FSMField(default="in_progress", protected=True)
        role, reason = OFFICER, REASON

        class Meta:
            app_label = "contenttypes"

        @transition(state, source="in_progress", target="proposed", conditions=[may_act])
        def propose(self) -> None:
            """Go through the door."""

        @transition(state, source="proposed", target="in_progress", conditions=[may_act])
        def withdraw(self) -> None:
            """Come back."""

    return ByDjango()


def in_memory() -> Iterator[tuple[str, Step]]:
    """Yield, by name of the library, what does the step of a number in memory."""
    stock, fsm = ByTransitions(), django_model()
    machine: Any = ByStateMachine()
    chart = Interpreter(import_from_yaml(CHART))
    chart.execute()
    said = {"role": OFFICER, "reason": REASON}

    def by_sismic(number: int) -> object:
        chart.queue(DOORS[number % 2], **said)
        return chart.execute()

    yield "transitions", lambda number: getattr(stock, DOORS[number % 2])(**said)
    yield "python-statemachine", lambda number: machine.send(DOORS[number % 2], **said)
    yield "sismic", by_sismic
    yield "django-fsm-2", lambda number: getattr(fsm, DOORS[number % 2])()


def judging() -> Step:
    """Return what decides the step of a number with peelflow: up to the event, kept nowhere."""
    case, rules = accepted()[0], level_3()
    record, context, proposed = case.record, case.context, "proposed_not_applicable"
    entered = {**record.entered, proposed: record.window}
    act = evolve(case.act, actor=LIAISON, recorded_by=LIAISON.person, evidence=())
    asked = (
        (record, evolve(act, trigger="propose_not_applicable", reason=REASON)),
        (evolve(record, state=proposed, entered=entered), evolve(act, trigger="withdraw")),
    )
    assert all(isinstance(decide(rules, *each, context), Event) for each in asked)
    return lambda number: decide(rules, *asked[number % 2], context)


class Kept(Aggregate):
    """`eventsourcing`: an aggregate whose events are kept."""

    @event("Added")
    def __init__(self) -> None:
        """Begin in progress."""
        self.state = "in_progress"

    @event("Proposed")
    def propose(self, role: str, reason: str) -> None:
        """Go through the door."""
        self.move("in_progress", "proposed", role, reason)

    @event("Withdrawn")
    def withdraw(self, role: str, reason: str) -> None:
        """Come back."""
        self.move("proposed", "in_progress", role, reason)

    def move(self, source: str, target: str, role: str, reason: str) -> None:
        """Move on, or raise PermissionError."""
        if self.state != source or not may(role, reason):
            raise PermissionError(role)
        self.state = target


def by_eventsourcing(file: Path) -> Step:
    """Return the step with `eventsourcing` on its SQLite recorder."""
    application = Application[Any](
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(file)}
    )
    names = []
    for _ in range(WALKED):
        kept = Kept()
        application.save(kept)
        names.append(kept.id)

    def step(number: int) -> object:
        turn, place = divmod(number, WALKED)
        kept: Any = application.repository.get(names[place])
        getattr(kept, DOORS[turn % 2])(OFFICER, REASON)
        return application.save(kept)

    return step


class Base(DeclarativeBase):
    """What SQLAlchemy maps."""


class Row(Base):
    """A record and, as a machine's model, what moves."""

    __tablename__ = "records"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    number: Mapped[int]


class Entry(Base):
    """A line of a record's history."""

    __tablename__ = "events"
    record: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    trigger: Mapped[str]
    role: Mapped[str]
    reason: Mapped[str]


def database(file: Path) -> sa.Engine:
    """Return an engine on a file with the records, in WAL mode and synchronised in full."""
    engine = sa.create_engine(f"sqlite:///{file}")

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all(Row(id=n, state="in_progress", number=0) for n in range(WALKED))
    return engine


def by_core(file: Path) -> Step:
    """Return the step with SQLAlchemy's Core: read, check, move and write in one transaction."""
    engine, rows, entries = database(file), Row.__table__, Entry.__table__
    assert isinstance(rows, sa.Table)
    assert isinstance(entries, sa.Table)
    targets = {"in_progress": ("propose", "proposed"), "proposed": ("withdraw", "in_progress")}

    def step(number: int) -> None:
        place = number % WALKED
        with engine.begin() as connection:
            found = connection.execute(sa.select(rows).where(rows.c.id == place)).one()
            trigger, target = targets[found.state]
            if not may(OFFICER, REASON):
                raise PermissionError(OFFICER)
            here = (rows.c.id == place) & (rows.c.number == found.number)
            moved = {"state": target, "number": found.number + 1}
            connection.execute(rows.update().where(here).values(moved))
            told = {"trigger": trigger, "role": OFFICER, "reason": REASON}
            connection.execute(
                entries.insert(), {"record": place, "number": found.number + 1, **told}
            )

    return step


def by_orm(file: Path) -> Step:
    """Return the step with SQLAlchemy's ORM, moved by one machine of `transitions`."""
    engine, model = database(file), ByTransitions()

    def step(number: int) -> None:
        turn, place = divmod(number, WALKED)
        with Session(engine) as session, session.begin():
            row = session.get_one(Row, place)
            model.machine.set_state(row.state)
            trigger = DOORS[turn % 2]
            if not getattr(model, trigger)(role=OFFICER, reason=REASON):
                raise PermissionError(OFFICER)
            row.state, row.number = model.state, row.number + 1
            told = {"trigger": trigger, "role": OFFICER, "reason": REASON}
            session.add(Entry(record=place, number=row.number, **told))

    return step


def by_dbos(file: Path) -> Step:
    """Return the step as a workflow of DBOS, which keeps that it ran and what it gave."""
    core = by_core(file)
    config: DBOSConfig = {
        "name": "peers",
        "system_database_url": f"sqlite:///{file}.system",
        "log_level": "ERROR",
        "run_migrations": True,
    }
    DBOS(config=config)

    @DBOS.workflow()
    def step(number: int) -> None:
        moved(number)

    @DBOS.step()
    def moved(number: int) -> None:
        core(number)

    DBOS.launch()
    return step


def ours(file: Path) -> Step:
    """Return the step with a register of peelflow."""
    register = Register.open(f"sqlite:///{file}", clock=tell_time)
    fill(register)
    return lambda number: propose_or_withdraw(register, number)


DURABLE: Mapping[str, Callable[[Path], Step]] = {
    "peelflow": ours,
    "SQLAlchemy Core": by_core,
    "SQLAlchemy ORM, transitions": by_orm,
    "eventsourcing": by_eventsourcing,
    "DBOS": by_dbos,
}


def against(
    what: str, steps: Mapping[str, Step], per_round: int, clock: Callable[[], float]
) -> Iterator[Result]:
    """Yield peelflow's step against each peer's, all of them in turn."""

    def in_steps(step: Step) -> Callable[[], None]:
        numbers = count()

        def work() -> None:
            for _ in range(per_round):
                step(next(numbers))

        return work

    candidates = {name: in_steps(step) for name, step in steps.items()}
    times = interleaved(candidates, rounds=ROUNDS, per_round=per_round, clock=clock)
    for name in steps:
        if name != "peelflow":
            yield compare(what, times, name, budget=None)


def main() -> None:
    """Measure and print."""
    folder = ROOT / "build" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    print(*facts(folder), sep="\n")
    results = [
        *against(
            "one decision in memory",
            {"peelflow": judging(), **dict(in_memory())},
            FAST,
            process_time,
        )
    ]
    with TemporaryDirectory(dir=folder) as made:
        steps = {
            name: opened(Path(made) / f"{number}.db")
            for number, (name, opened) in enumerate(DURABLE.items())
        }
        results += against("one durable step", steps, STEPS, perf_counter)
        DBOS.destroy()
    print("", *table(results), sep="\n")


if __name__ == "__main__":
    main()
