"""Make engines and check connections for the SQL stores, and say what their errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

from attrs import evolve
from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    create_engine,
    event,
    literal,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine import Dialect as SqlalchemyDialect
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from peelflow.errors import AnswerLost, InvalidRequest, StoreUnavailable
from peelflow.stores.codec import BEFORE_CHANGES, BEHIND_CHANGES
from peelflow.stores.database import Statements
from peelflow.stores.dialect import Dialect
from peelflow.stores.read_only import (
    ReadingConnection,
    connect_to_read,
    is_stale,
    may_only_read,
)
from peelflow.stores.rows import not_kept
from peelflow.stores.sql.search_path import POSTGRESQL, check_search_path, with_schema
from peelflow.stores.sqlite_file import (
    advice_for,
    check_file_encoding,
    check_one_name,
    is_busy,
    is_read_only,
    names_of,
    open_file,
    sentence_of,
)

_SQLITE_TIMEOUT = 30.0  # seconds
SQLITE = "sqlite"
_FEED = "peelflow_events JOIN peelflow_feed USING (serial)"
_WHOLE_FEED = """peelflow_events LEFT JOIN peelflow_feed USING (serial)
    LEFT JOIN peelflow_unplaced USING (serial)
    WHERE position IS NOT NULL OR batch IS NOT NULL
    ORDER BY position IS NULL, position, batch, serial"""
KNOWN_DIALECTS = (POSTGRESQL, SQLITE)
PSYCOPG = "psycopg"


def _known_changes(mark: str) -> str:
    return f"""(SELECT c.* FROM peelflow_changes c
        JOIN peelflow_events e ON e.record = c.record AND e.number = c.number
        JOIN peelflow_feed f ON f.serial = e.serial WHERE f.position <= {mark}) AS known"""


def _later_corrections(mark: str) -> str:
    return f"""SELECT record FROM {_FEED} WHERE position > {mark} AND kind = 'corrected'
        UNION ALL SELECT record FROM peelflow_events JOIN peelflow_unplaced USING (serial)
        WHERE kind = 'corrected'"""


@cache
def _statements(name: str, mark: str, lock: str) -> Statements:
    dialect = Dialect(
        prefix="peelflow_",
        feed=_FEED,
        whole_feed=_WHOLE_FEED,
        known_changes=_known_changes(mark),
        later_corrections=_later_corrections(mark),
        unplaced="peelflow_events JOIN peelflow_unplaced USING (serial)",
    )
    if name == SQLITE:
        return Statements(evolve(dialect, mark=mark, numbers_asked=f"json_each({mark})"))
    dialect = evolve(dialect, mark=mark, array=list, lock=f" ORDER BY id {lock}")
    if name == POSTGRESQL:
        field = f"(body::jsonb -> 'fields'::text -> {mark}::text) = to_jsonb({mark}::text)"
        known = evolve(dialect, among=f"= ANY({mark})", field_condition=field, last_day=_LAST_DAY)
        return Statements(
            evolve(
                known,
                stands_as_begun=_STANDS_AS_BEGUN,
                has_walked=_HAS_WALKED,
                is_walk_step=_IS_WALK_STEP,
                holds_text=f"strpos(body, {mark}) > 0",
                numbers_asked=f"jsonb_each_text({mark}::jsonb)",
                event_changes=_EVENT_CHANGES,
            )
        )
    other = evolve(dialect, among=f"IN {mark}", field_condition=None, last_day=None)
    unread = evolve(other, stands_as_begun="1 = 0", has_walked="1 = 0", event_changes=None)
    return Statements(evolve(unread, holds_text=None, numbers_asked=None))


# To cut the changes out of an event's text takes a third of what to parse all of it would. What
# cannot be cut is parsed, and fails; an event without changes has NULL, which is no row.
_EVENT_CHANGES = f"""(SELECT "on", force, category, level, ledger, counts, times * delta AS delta
    FROM (SELECT CASE strpos(text, '{BEHIND_CHANGES}') WHEN 0 THEN text ELSE nullif(split_part(
            split_part(text, '{BEFORE_CHANGES}', 2), '{BEHIND_CHANGES}', 1), '') END AS changes,
            count(*)::integer AS times
        FROM moved GROUP BY 1) AS alike
    CROSS JOIN LATERAL json_to_recordset(changes::json) AS c("on" text, force text, category text,
        level integer, ledger text, counts text, delta integer)) AS more"""
_LAST_DAY = """((body::jsonb ->> 'on'::text) COLLATE "C")"""
_STANDS_AS_BEGUN = """((body::jsonb -> 'window'::text ->> 'number'::text) = '1'
    OR (body::jsonb ->> 'walked'::text) = 'false')"""
_IS_WALK_STEP = """(text::json -> 'what'::text ->> 'national'::text) IS NULL
    AND (text::json -> 'what'::text ->> 'stays'::text) IS NULL
    AND (text::json -> 'what'::text ->> 'new'::text)
        <> (text::json -> 'what'::text ->> 'old'::text)"""
_HAS_WALKED = "(body::jsonb ->> 'walked'::text) = 'true'"


def statements_of(dialect: SqlalchemyDialect) -> Statements:
    """Return the statements in a dialect, with its driver's marks where it is known here."""
    if dialect.name in KNOWN_DIALECTS:
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        return _statements(dialect.name, mark, "FOR UPDATE")
    locking = str(select(literal(1)).with_for_update().compile(dialect=dialect))
    return _statements(dialect.name, "?", "FOR UPDATE" if "FOR UPDATE" in locking else "")


def ask(connection: Connection, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
    """Run one statement and return its rows."""
    if connection.dialect.name == POSTGRESQL:
        sql = with_schema(sql)
    if connection.dialect.name in KNOWN_DIALECTS:
        return connection.exec_driver_sql(sql, tuple(parameters) or None).all()
    # SQLAlchemy spells parameters, and lists of them, as any other database takes them.
    first, *rest = sql.split("?")
    named = first + "".join(f":p{place}{part}" for place, part in enumerate(rest))
    clause = text(named)
    for place, value in enumerate(parameters):
        clause = clause.bindparams(bindparam(f"p{place}", value, expanding=isinstance(value, list)))
    return connection.execute(clause).all()


def parse_url(url: str) -> URL:
    """Return a URL in its parts; InvalidRequest where SQLAlchemy cannot read it."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        what, instead = "the store's URL", "write it as dialect+driver://user:password@host/name"
        raise InvalidRequest(what, "cannot be read", instead) from None


def make_engine(url: URL, **options: Any) -> Engine:
    """Return an engine that connects later; InvalidRequest where its dialect or driver lacks."""
    is_psycopg = url.drivername == f"{POSTGRESQL}+{PSYCOPG}"
    threshold = url.query.get(_THRESHOLD)
    if is_psycopg:
        options["connect_args"] = _psycopg_arguments(threshold)
        options["use_native_hstore"] = False  # it is looked for by a name that others may take
        url = url.difference_update_query([_THRESHOLD])
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        what = f"store {url.drivername}"
        raise InvalidRequest(what, f"no driver is installed: {fault}", "install it") from None
    if url.get_backend_name() == SQLITE:
        event.listen(engine, "do_connect", _connect_to_read)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "connect", _note_file)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "checkout", _refuse_stale)
    elif is_psycopg:
        # First of all: SQLAlchemy asks something of its own as the first connection is made.
        shown = url.render_as_string(hide_password=True)
        check = SessionCheck(shown, prepares=threshold is not None)
        event.listen(engine, "connect", check, insert=True)
    return engine


_THRESHOLD = "prepare_threshold"


def _psycopg_arguments(threshold: str | tuple[str, ...] | None) -> dict[str, Any]:
    """Return what psycopg is given: UTF-8, whatever else is set, and when to prepare statements."""
    arguments: dict[str, Any] = {"client_encoding": "UTF8"}
    if threshold == "none":
        arguments[_THRESHOLD] = None
    elif isinstance(threshold, str) and threshold.isascii() and threshold.isdigit():
        arguments[_THRESHOLD] = int(threshold)
    elif threshold is not None:
        what, why = f"the URL's {_THRESHOLD} {threshold!r:.40}", "is no number"
        raise InvalidRequest(what, why, "write a whole number, or none: then nothing is prepared")
    return arguments


_SESSION = with_schema("""SELECT pg_backend_pid(), current_schemas(true)::text[],
    CASE WHEN pg_backend_pid() = %s AND current_setting('lock_timeout') = '0'
        THEN set_config('lock_timeout', '30s', false) END""")
"""What a session is asked for as it begins. Behind a pooler nothing is set, for it is not ours."""


class SessionCheck:
    """Looks at each new connection to a server, and has no lock waited for without end.

    Where a pooler, such as PgBouncer, stands before the server, psycopg prepares nothing. In
    transaction mode each transaction may run on another of the server's connections, which knows
    nothing of what was prepared on the last. A pooler gives itself away: the process that answers
    is not the one that the connection was told of as it began.

    Args:
        url: How errors call the store.
        prepares: Whether the URL says when to prepare statements, so that it is left at that.
    """

    def __init__(self, url: str, *, prepares: bool = False) -> None:
        self._url, self._prepares = url, prepares

    def __call__(self, connection: Any, _: object) -> None:
        """Look at a connection, and refuse a search path in which others come first."""
        told = connection.info.backend_pid
        process, schemas, _ = connection.execute(_SESSION, (told,)).fetchone()
        connection.commit()
        check_search_path(schemas, self._url)
        if process != told and not self._prepares:
            connection.prepare_threshold = None


_DATABASE = with_schema("SELECT current_setting('server_encoding'), current_schemas(true)::text[]")


def check_encoding(connection: Connection, url: str) -> None:
    """Refuse a database that cannot hold every text or sorts it otherwise, or where others act."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        check_file_encoding(driver, url)
    if connection.dialect.name != POSTGRESQL:
        return
    encoding, schemas = connection.exec_driver_sql(_DATABASE).one()
    check_search_path(schemas, url)
    if encoding != "UTF8":
        why = f"the database's encoding is {encoding}, which does not hold every text"
        instead = "make one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        raise StoreUnavailable(url, why, instead=instead)


def _connect_to_read(
    _: SqlalchemyDialect, __: object, arguments: Sequence[Any], ___: object
) -> sqlite3.Connection | None:
    """Open a file that may only be read so, and leave any other to SQLAlchemy."""
    path = Path(str(arguments[0])) if arguments else Path()
    return connect_to_read(path, timeout=_SQLITE_TIMEOUT) if may_only_read(path) else None


def _refuse_stale(connection: object, _: object, __: object) -> None:
    """Have the pool open a file anew that was written to since it was opened to be read."""
    if is_stale(connection):
        raise DisconnectionError


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    if isinstance(connection, ReadingConnection):
        return
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout = {_SQLITE_TIMEOUT * 1000:.0f}")


def _note_file(connection: Any, record: Any) -> None:
    """Note which file a connection that may write opened."""
    if isinstance(connection, ReadingConnection):
        return
    for _, name, file in connection.execute("PRAGMA database_list"):
        if name == "main" and file:
            record.info[_FILE] = open_file(connection, Path(file))


_FILE = "peelflow_file"


def check_same_file(connection: Connection, url: str) -> None:
    """Refuse to acknowledge what is written to a file that nobody else will open any more."""
    opened = connection.connection.info.get(_FILE)
    if opened is not None:
        opened.check(url)


def has_one_name(connection: Connection) -> bool:
    """Return whether nothing keeps what is kept elsewhere: no file, or one that has one name."""
    opened = connection.connection.info.get(_FILE)
    return opened is None or names_of(opened.file) <= 1


def check_joined_file(connection: Connection, url: str) -> None:
    """Refuse to write to a SQLite file that has several names, in an application's transaction."""
    if connection.dialect.name == SQLITE and (file := _file_of(connection)):
        check_one_name(file, url)


def _file_of(connection: Connection) -> str:
    """Return the path of a SQLite database, nothing of one in memory."""
    return str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2] or "")


def _begin_sqlite(connection: Connection) -> None:
    # INVARIANT: whoever writes takes the write lock first, before it reads what it rests on.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


NOT_KEPT_STATE = "2201F"
"""PostgreSQL's, for the root of a negative number: what we ask for where it kept something else."""

_CONFLICT_STATES = {"22012", "23505"}
"""PostgreSQL's: our own taking back of what was kept in part, and a row that somebody put first."""

_READ_ONLY_STATES = {"25006", "42501"}
"""PostgreSQL's: a transaction that may only read, as on a standby; a right that was not granted."""

_CONTENTION_STATES = {"40001", "40P01", "55P03", "25P02"} | _CONFLICT_STATES
"""PostgreSQL's: serialization failure, deadlock, lock not available, a transaction that failed
before."""

_CANCELLED_STATE = "57014"
"""PostgreSQL's, for a statement that took longer than is allowed, or that somebody cancelled."""

_NOT_RISING_STATE = "2201E"
"""PostgreSQL's, for the logarithm of a negative number: what we ask for where the number of a new
event is not behind those that are there."""


_POOLER_ADVICE = (
    "a pooler such as PgBouncer seems to stand in between: add prepare_threshold=none to the URL"
)
_ADVICE_BY_STATE = {
    "08P01": _POOLER_ADVICE,
    "08": "check the URL, and that the server runs, then try again",
    "25006": "name a server that may be written to",
    "26000": _POOLER_ADVICE,
    "28": "check the name and the password in the URL",
    "42P05": _POOLER_ADVICE,
    "42501": "let the owner of the tables grant what it asks for",
    "53": "let the server have what it lacks, then try again",
    "53100": "make room on the server's disk, then try again",
    "53200": "let the server have more memory, then try again",
    _CANCELLED_STATE: "let the role have a longer `statement_timeout`, or none, then try again",
    "53300": "close other connections to the server, or let it take more, then try again",
    "57P": "wait until the server runs again, then try again",
}
"""What to do, by PostgreSQL's code, or what it begins with: the longest decides."""

UNREACHABLE_ADVICE = (
    "check the URL, and that the server runs and has a connection left, then try again"
)
_UNREACHABLE_CLASSES = {"OperationalError", "ProgrammingError"}
_POOL_ADVICE = "use fewer threads at once, then try again"


def database_unavailable(url: str, fault: Exception) -> StoreUnavailable:
    """Return what a database said as an error of ours, with what to do about it."""
    message = " ".join(sentence_of(_driver_error(fault)).split())
    state = _state_of(fault)
    if state == NOT_KEPT_STATE:
        message = not_kept("the batch")
    elif state == _NOT_RISING_STATE:
        message = "its sequence gives a number that is not behind those of the events, so nothing"
        return StoreUnavailable(url, f"{message} was kept", instead=SEQUENCE_ADVICE)
    elif state == _CANCELLED_STATE:
        message = f"the server ended a statement, by which nothing was kept ({message})"
    return StoreUnavailable(url, message, instead=_advice_for(fault))


SEQUENCE_ADVICE = (
    "let the owner of the tables run: SELECT setval(pg_get_serial_sequence("
    "'peelflow_events', 'serial'), max(serial)) FROM peelflow_events"
)


def _state_of(fault: Exception) -> str | None:
    """Return PostgreSQL's code of a fault.

    No other writer is given a number that stands already: the sequence gives it anew.
    """
    origin = _driver_error(fault)
    state: str | None = getattr(origin, "sqlstate", None)
    told = getattr(origin, "diag", None)
    is_number = getattr(told, "constraint_name", None) == "peelflow_events_pkey"
    return _NOT_RISING_STATE if state == "23505" and is_number else state


def answer_lost(url: str, fault: Exception) -> AnswerLost:
    """Return that a database went away while it kept something, as an error of ours."""
    return AnswerLost(url, " ".join(str(_driver_error(fault)).split()))


def is_connection_lost(fault: Exception) -> bool:
    """Return whether the server, or what lies between, went away before it answered.

    Args:
        fault: What SQLAlchemy, or psycopg alone, raised for a statement that was sent.
    """
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    origin = _driver_error(fault)
    is_operational = any(base.__name__ == "OperationalError" for base in type(origin).__mro__)
    code, told = getattr(origin, "sqlstate", None), getattr(origin, "diag", None)
    if getattr(told, "severity_nonlocalized", None) in {"FATAL", "PANIC"}:
        return True
    return is_operational and (code is None or code.startswith(_ENDED_STATES))


_ENDED_STATES = ("0800", "57P")
"""PostgreSQL's: the connection failed; the server ends it, as where it is shut down."""


def _advice_for(fault: Exception) -> str | None:
    origin = _driver_error(fault)
    if isinstance(origin, sqlite3.Error):
        return advice_for(origin)
    if isinstance(origin, PoolTimeoutError):
        return _POOL_ADVICE
    code = getattr(origin, "sqlstate", None)
    if code is None:
        # A server that is not reached gives no code: PEP 249 names the class of the error.
        names = {base.__name__ for base in type(origin).__mro__}
        return UNREACHABLE_ADVICE if names & _UNREACHABLE_CLASSES else None
    return next(
        (_ADVICE_BY_STATE[code[:size]] for size in (5, 3, 2) if code[:size] in _ADVICE_BY_STATE),
        None,
    )


def _driver_error(fault: Exception) -> BaseException:
    return (fault.orig or fault) if isinstance(fault, DBAPIError) else fault


def is_contention(fault: Exception) -> bool:
    """Return whether nothing but another writer made a statement fail."""
    origin = _driver_error(fault)
    if isinstance(origin, sqlite3.Error):
        return is_busy(origin)
    return _state_of(fault) in _CONTENTION_STATES


def is_write_refused(fault: BaseException | None) -> bool:
    """Return whether a statement failed because whoever sent it may only read."""
    origin = _driver_error(fault) if isinstance(fault, Exception) else None
    if isinstance(origin, sqlite3.Error):
        return is_read_only(origin)
    return getattr(origin, "sqlstate", None) in _READ_ONLY_STATES


def is_conflict(fault: Exception) -> bool:
    """Return whether a statement failed because somebody else's row came first."""
    return _state_of(fault) in _CONFLICT_STATES


def is_failed_before(fault: BaseException | None) -> bool:
    """Return whether a statement failed only because one of its transaction had before."""
    return isinstance(fault, Exception) and _state_of(fault) == "25P02"


def check_joined(connection: Connection, url: str) -> None:
    """Refuse a connection that commits by itself, or a SQLite transaction begun without a lock."""
    if connection.dialect.name == "sqlite":
        _check_immediate(connection)
    elif getattr(connection.connection.driver_connection, "autocommit", False) is True:
        why, instead = "commits by itself", "give one with a transaction of yours"
        raise InvalidRequest(f"the connection to {url}", why, instead)
    elif (encoding := _client_encoding(connection)) not in {"utf-8", None}:
        what, why = f"the connection to {url}", f"speaks {encoding}, which does not say every text"
        raise InvalidRequest(what, why, "set its client_encoding to UTF8")
    elif connection.get_isolation_level() == "REPEATABLE READ":
        # It would not see a record that was added since it began, and has no row of it to lock.
        why, instead = "reads what was there when it began", "use READ COMMITTED or SERIALIZABLE"
        raise InvalidRequest(f"the transaction on {url}", why, instead)


def _client_encoding(connection: Connection) -> str | None:
    """Return in what encoding psycopg speaks to the server, by Python's name; None elsewhere."""
    if connection.dialect.driver != PSYCOPG:
        return None
    driver: Any = connection.connection.driver_connection
    return str(driver.info.encoding)


def _check_immediate(connection: Connection) -> None:
    """Refuse a SQLite transaction that has not begun IMMEDIATE.

    One that takes the lock only when it first writes fails there, whatever the timeout, if
    somebody else wrote since it first read. A second connection asks the file for its lock.
    """
    # This begins the transaction, if the application left that to SQLAlchemy.
    file = _file_of(connection)
    driver = connection.connection.driver_connection
    held = isinstance(driver, sqlite3.Connection) and driver.in_transaction
    if not held or _is_write_lock_free(file):
        what, why = "the SQLite transaction", "has not begun IMMEDIATE"
        instead = "set the driver's isolation_level to None and begin with BEGIN IMMEDIATE"
        raise InvalidRequest(what, why, instead)


def _is_write_lock_free(path: str) -> bool:
    """Return whether nobody holds the write lock of a file; in memory there is none to ask."""
    if not path:
        return False
    with (
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as probe,
        suppress(sqlite3.OperationalError),
    ):
        probe.execute("BEGIN IMMEDIATE")
        probe.execute("ROLLBACK")
        return True
    return False
