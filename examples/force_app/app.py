"""A force's own application: its tasks and its records move in one transaction, or not at all.

It is small on purpose. What it shows: an application has a database and a table of its own, and
peelflow's tables lie beside it; `Register.joined(connection, …)` joins the application's
transaction. Whatever fails after a record moved takes the move back with it. Who only looks joins
nothing, and holds up nobody.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator
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
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peelflow import (
    Actor,
    Conflict,
    InvalidRequest,
    KeyReused,
    Refused,
    Register,
    StoreBusy,
    StoreUnavailable,
    UnknownRecord,
    national,
)
from peelflow.stores.opening import upgrade_store
from peelflow.wording import say_need

DATABASE = os.environ.get("FORCE_APP_DATABASE", "sqlite+pysqlite:///force_app.db")
RULES = national()
WAIT = 2  # seconds, for somebody else's lock or for a free connection
CONNECTIONS = 20
LARGEST_LETTER = 10 * 1024 * 1024  # bytes
LARGEST_REQUEST = LARGEST_LETTER + 64 * 1024
LONGEST_TASK = 200

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
    CheckConstraint(f"length(what) <= {LONGEST_TASK}", name="what_is_short"),
)


def open_database(url: str) -> Engine:
    """Return the application's engine, with both sides' tables made."""
    upgrade_store(url)
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT,
        connect_args={"timeout": WAIT} if is_sqlite else {},
    )
    if is_sqlite:
        # SQLAlchemy's page on SQLite: take over BEGIN from the driver.
        event.listen(engine, "connect", lambda opened, _: setattr(opened, "isolation_level", None))
        event.listen(engine, "begin", begin_sqlite)
    else:
        event.listen(engine, "connect", wait_for_locks)
    own.create_all(engine)
    return engine


def begin_sqlite(begun: Connection) -> None:
    """Take the write lock first, so that nothing read here can have changed when it is written.

    Who only looks takes none.
    """
    looks = begun.get_execution_options().get("looks")
    begun.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")


def wait_for_locks(opened: Any, _: object) -> None:
    """Have PostgreSQL wait no longer for a lock than SQLite does."""
    opened.execute(f"SET lock_timeout = '{WAIT}s'")
    opened.commit()


class BoundedBody:
    """Tells whoever sends too much so as it comes in, before it is kept anywhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in, and look first at what is said to come."""
        said = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if said.isdigit() and int(said) > LARGEST_REQUEST:
            await JSONResponse(TOO_LARGE, 413)(scope, receive, send)
            return
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > LARGEST_REQUEST:
                raise HTTPException(413, TOO_LARGE["instead"])
            return message

        await self.app(scope, counted, send)


TOO_LARGE = {
    "too_large": "the request",
    "instead": f"send a letter of at most {LARGEST_LETTER // 1024 // 1024} MiB",
}

app = FastAPI(title="A force's recommendations")
app.add_middleware(BoundedBody)
engine = open_database(DATABASE)
reading = Register.open(DATABASE, rulebook=RULES)  # takes no lock that writers wait for


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


def storable(text: str) -> str:
    """Return a text that every database keeps, or say why there is none."""
    if "\0" in text:
        raise ValueError("holds a NUL, which no text has")
    return text


Words = AfterValidator(storable)


@app.get("/records")
def list_open(_: User) -> list[dict[str, Any]]:
    """List the records that count open, with the work behind each."""
    records = list(reading.records(counts="open"))
    noted = tasks_of([record.id for record in records])
    return [
        {"record": record.id, "state": record.state, "tasks": noted[record.id]}
        for record in records
    ]


@app.get("/records/{record}")
def show(record: str, _: User) -> dict[str, Any]:
    """Show one record: where it stands, what happened, and the way to its closing."""
    found = reading.record(record)
    return {
        "record": found.id,
        "state": found.state,
        "tasks": tasks_of([record])[record],
        "history": [
            {
                "number": event.number,
                "on": event.on.isoformat(),
                "what": type(event.what).__name__,
                "decided_by": str(event.actor),
                "recorded_by": event.recorded_by,
            }
            for event in reading.history(record)
        ],
        "way": [
            {
                "step": step.trigger,
                "by": list(step.by),
                "needs": [say_need(need) for need in step.needs],
            }
            for step in reading.route(record).steps
        ],
    }


@app.post("/records/{record}/acts/{trigger}")
def act(
    record: str,
    trigger: str,
    user: User,
    *,
    on: Annotated[date, Form()],
    task: Annotated[str, Form(max_length=LONGEST_TASK), Words] = "",
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
                offered.append(
                    batch.keep(
                        letter.file.read(),  # at most LARGEST_REQUEST, until here in a file
                        kind="letter",
                        name=letter.filename or "letter",
                        signed_by=signed_by,
                        signed_on=signed_on,
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
    found = reading.figures(as_at=as_at)
    return {"open": found.open, "closed": found.closed, "total": found.total}


def note(connection: Connection, record: str, what: str, who: str) -> None:
    """Note a task behind a record in the application's own table."""
    connection.execute(insert(tasks), {"record": record, "what": what, "who": who})


def tasks_of(records: Collection[str]) -> dict[str, list[dict[str, str]]]:
    """Return the tasks behind each of some records."""
    noted = defaultdict[str, list[dict[str, str]]](list)
    asked = select(tasks).where(tasks.c.record.in_(records))
    with engine.connect().execution_options(looks=True) as connection:
        for record, what, who in connection.execute(asked):
            noted[record].append({"what": what, "who": who})
    return noted


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
def conflicting(_: Request, error: Exception) -> JSONResponse:
    """Tell that somebody else was quicker; nothing was kept on either side."""
    return JSONResponse({"conflict": str(error), "instead": "look again, and decide anew"}, 409)


@app.exception_handler(IntegrityError)
def noted_before(_: Request, __: IntegrityError) -> JSONResponse:
    """Tell that our own table refuses a task, in words and not in SQL."""
    told = {"conflict": "this task is noted already", "instead": "name another, or none"}
    return JSONResponse(told, 409)


@app.exception_handler(UnknownRecord)
def unknown(_: Request, error: UnknownRecord) -> JSONResponse:
    """Tell that there is no such record."""
    return JSONResponse({"unknown": str(error)}, 404)


@app.exception_handler(InvalidRequest)
def cannot_be_meant(_: Request, error: InvalidRequest) -> JSONResponse:
    """Tell what is wrong with a request, and what to send instead."""
    said = {"what": error.what, "why": error.why, "instead": error.instead}
    return JSONResponse(said, 422)


@app.exception_handler(RequestValidationError)
def not_understood(_: Request, error: RequestValidationError) -> JSONResponse:
    """Tell which parts cannot be read, and not again what they were: they may be long."""
    faults = [
        {"what": ".".join(map(str, fault["loc"])), "why": fault["msg"]} for fault in error.errors()
    ]
    return JSONResponse({"faults": faults}, 422)


@app.exception_handler(StoreBusy)
@app.exception_handler(StoreUnavailable)
@app.exception_handler(OperationalError)
@app.exception_handler(NoConnectionFree)
def busy(_: Request, __: Exception) -> JSONResponse:
    """Tell to try again, and when: somebody else holds the database, or it is not there now."""
    told = {"busy": "the database is busy", "instead": "try again in a second, with the same key"}
    return JSONResponse(told, 503, {"Retry-After": "1"})
