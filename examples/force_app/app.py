"""A force's own application: its tasks and its records move in one transaction, or not at all.

It is small on purpose. What it shows: an application has a database and a table of its own, and
peelflow's tables lie beside it; `Register.joined(connection, …)` joins the application's
transaction. Whatever fails after a record moved takes the move back with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse
from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from peelflow import (
    Actor,
    Conflict,
    InvalidRequest,
    KeyReused,
    Refused,
    Register,
    StoreBusy,
    UnknownRecord,
    national,
)
from peelflow.stores.opening import upgrade_store
from peelflow.wording import say_need

DATABASE = os.environ.get("FORCE_APP_DATABASE", "sqlite+pysqlite:///force_app.db")
RULES = national()

# Roles come from the application, never from a record. A real one asks its directory who is logged
# in and what they are; this stand-in believes a header.
PEOPLE = {
    "liaison": Actor("liaison-officer-1", "liaison_officer"),
    "lead": Actor("lead-3", "lead"),
    "chief": Actor("chief-constable", "chief_constable"),
    "hmicfrs": Actor("hmicfrs-portal", "hmicfrs"),  # recorded by the liaison officer
}

own = MetaData()
tasks = Table(
    "tasks",
    own,
    Column("record", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    UniqueConstraint("record", "what"),
    CheckConstraint("length(what) <= 200", name="what_is_short"),
)


def open_database(url: str) -> Engine:
    """Return the application's engine, with both sides' tables made."""
    upgrade_store(url)
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        # SQLAlchemy's page on SQLite: take over BEGIN from the driver. IMMEDIATE takes the write
        # lock first, so that nothing read here can have changed when it is written.
        event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
        event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    own.create_all(engine)
    return engine


app = FastAPI(title="A force's recommendations")
engine = open_database(DATABASE)


@contextmanager
def transaction() -> Iterator[tuple[Register, Connection]]:
    """Give a register in a transaction of ours; it is kept when the block ends well."""
    with engine.begin() as connection:
        yield Register.joined(connection, rulebook=RULES), connection


def logged_in(x_user: Annotated[str, Header()] = "") -> Actor:
    """Return who is asking."""
    if x_user not in PEOPLE:
        raise HTTPException(401, f"send X-User: one of {', '.join(PEOPLE)}")
    return PEOPLE[x_user]


User = Annotated[Actor, Depends(logged_in)]


@app.get("/records")
def list_open(_: User) -> list[dict[str, Any]]:
    """List the records that count open, with the work behind each."""
    with transaction() as (register, connection):
        return [
            {"record": each.id, "state": each.state, "tasks": tasks_of(connection, each.id)}
            for each in register.records(counts="open")
        ]


@app.get("/records/{record}")
def show(record: str, _: User) -> dict[str, Any]:
    """Show one record: where it stands, what happened, and the way to its closing."""
    with transaction() as (register, connection):
        found = register.record(record)
        return {
            "record": found.id,
            "state": found.state,
            "tasks": tasks_of(connection, record),
            "history": [
                {
                    "number": each.number,
                    "on": each.on.isoformat(),
                    "what": type(each.what).__name__,
                    "decided_by": str(each.actor),
                    "recorded_by": each.recorded_by,
                }
                for each in register.history(record)
            ],
            "way": [
                {
                    "step": each.trigger,
                    "by": list(each.by),
                    "needs": [say_need(need) for need in each.needs],
                }
                for each in register.route(record).steps
            ],
        }


@app.post("/records/{record}/acts/{trigger}")
def act(
    record: str,
    trigger: str,
    user: User,
    *,
    on: Annotated[date, Form()],
    task: Annotated[str, Form()] = "",
    reason: Annotated[str | None, Form()] = None,
    source: Annotated[str | None, Form()] = None,
    inspection: Annotated[str | None, Form()] = None,
    letter: UploadFile | None = None,
    signed_by: Annotated[str | None, Form()] = None,
    signed_on: Annotated[date | None, Form()] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> dict[str, Any]:
    """Do an act on a record and note the task that follows from it: both, or neither."""
    with transaction() as (register, connection):
        with register.batch() as batch:
            offered = []
            if letter is not None:
                name = letter.filename or "letter"
                content = letter.file.read()
                offered.append(
                    batch.keep(
                        content, kind="letter", name=name, signed_by=signed_by, signed_on=signed_on
                    )
                )
            done = batch.fire(
                record,
                trigger,
                actor=user,
                on=on,
                recorded_by=PEOPLE["liaison"].person,
                evidence=offered,
                reason=reason,
                source=source,
                inspection=inspection,
                key=idempotency_key,
            )
        if task:
            note(connection, record, task, user.person)
        return {"record": record, "state": register.record(record).state, "event": done.number}


@app.get("/figures")
def figures(_: User, as_at: date | None = None) -> dict[str, int]:
    """Return how many count open and closed on the portal, as at a day."""
    with transaction() as (register, _connection):
        found = register.figures(as_at=as_at)
        return {"open": found.open, "closed": found.closed, "total": found.total}


def note(connection: Connection, record: str, what: str, who: str) -> None:
    """Note a task behind a record in the application's own table."""
    connection.execute(insert(tasks), {"record": record, "what": what, "who": who})


def tasks_of(connection: Connection, record: str) -> list[dict[str, str]]:
    """Return the tasks behind a record."""
    asked = select(tasks.c.what, tasks.c.who).where(tasks.c.record == record)
    return [{"what": what, "who": who} for what, who in connection.execute(asked)]


@app.exception_handler(Refused)
def refused(_: Request, error: Refused) -> JSONResponse:
    """Tell every reason at once, for a screen to show beside its button."""
    reasons = [
        {"kind": reason.kind, "sentence": reason.sentence, "instead": reason.instead}
        for reason in error.refusal.reasons
    ]
    return JSONResponse({"refused": error.refusal.head, "reasons": reasons}, 409)


@app.exception_handler(Conflict)
@app.exception_handler(KeyReused)
@app.exception_handler(IntegrityError)
def conflicting(_: Request, error: Exception) -> JSONResponse:
    """Tell that somebody else was quicker; nothing was kept on either side."""
    return JSONResponse({"conflict": str(error), "instead": "look again, and decide anew"}, 409)


@app.exception_handler(UnknownRecord)
def unknown(_: Request, error: UnknownRecord) -> JSONResponse:
    """Tell that there is no such record."""
    return JSONResponse({"unknown": str(error)}, 404)


@app.exception_handler(InvalidRequest)
def cannot_be_meant(_: Request, error: InvalidRequest) -> JSONResponse:
    """Tell what is wrong with a request, and what to send instead."""
    said = {"what": error.what, "why": error.why, "instead": error.instead}
    return JSONResponse(said, 422)


@app.exception_handler(StoreBusy)
def busy(_: Request, error: StoreBusy) -> JSONResponse:
    """Tell to try again."""
    return JSONResponse({"busy": str(error)}, 503)
