"""Plant functions and operators of others in a database, to see that none of ours calls one.

PostgreSQL takes an exact match in any schema of the path before one of its own that has to convert
an argument. So for whatever a statement names there stands one for every types' pair here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy.engine import make_url

_FUNCTION = re.compile(r"(?<![\w.\"])([a-z_][a-z_0-9]*)\s*\(", re.IGNORECASE)
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|?]+")
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|%\(\w+\)[sbt]|%[sbt]")
_TYPES = (
    *(
        "text",
        "varchar",
        "name",
        '"char"',
        "bytea",
        "boolean",
        "json",
        "jsonb",
        "smallint",
        "integer",
    ),
    *("bigint", "numeric", "oid", "regclass", "text[]", "smallint[]", "integer[]", "bigint[]"),
)
_PLANTING = """
DO $plant$
DECLARE a text; b text; f text;
BEGIN
    FOREACH a IN ARRAY %(types)s::text[] LOOP
        FOREACH f IN ARRAY %(ones)s::text[] LOOP
            EXECUTE format('CREATE FUNCTION public.%%I(%%s) RETURNS boolean LANGUAGE plpgsql AS
                $f$ BEGIN RAISE EXCEPTION ''planted: %%s(%%s)''; END $f$', f, a, f, a);
        END LOOP;
        FOREACH b IN ARRAY %(types)s::text[] LOOP
            FOREACH f IN ARRAY %(twos)s::text[] LOOP
                EXECUTE format('CREATE FUNCTION public.%%I(%%s, %%s) RETURNS boolean
                    LANGUAGE plpgsql AS $f$ BEGIN
                    RAISE EXCEPTION ''planted: %%s(%%s, %%s)''; END $f$', f, a, b, f, a, b);
            END LOOP;
            FOREACH f IN ARRAY %(operators)s::text[] LOOP
                EXECUTE format('CREATE OPERATOR public.%%s
                    (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = public.planted)', f, a, b);
            END LOOP;
        END LOOP;
    END LOOP;
END $plant$
"""
_KNOWN_FUNCTIONS = "SELECT DISTINCT proname::text FROM pg_proc WHERE proname = ANY(%s) AND {}"
_KNOWN_OPERATORS = "SELECT DISTINCT oprname::text FROM pg_operator WHERE oprname = ANY(%s)"


def names_in(statements: Collection[str]) -> tuple[set[str], set[str]]:
    """Return the names that are called, without a schema, and the operators of statements."""
    bare = [_LITERAL.sub(" ", statement) for statement in statements]
    called = {name.lower() for statement in bare for name in _FUNCTION.findall(statement)}
    return called, {sign for statement in bare for sign in _OPERATOR.findall(statement)}


@contextmanager
def statements_sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Give the statements that psycopg sends to a server, while the block lasts."""
    sent: set[str] = set()

    def noting(kind: type[Any]) -> None:
        execute = kind.execute

        def noted(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:
            sent.add(query.decode() if isinstance(query, bytes) else str(query))
            return execute(cursor, query, *rest, **options)

        monkeypatch.setattr(kind, "execute", noted)

    with monkeypatch.context():
        noting(psycopg.Cursor)
        noting(psycopg.ServerCursor)
        yield sent
    monkeypatch.undo()


def plant(url: str, statements: Collection[str]) -> tuple[set[str], set[str]]:
    """Plant one for each function, operator and pair of types that statements could mean.

    Returns:
        The names of the functions and of the operators.
    """
    called, signs = map(list, names_in(statements))
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.ClientCursor(psycopg.connect(plain, autocommit=True)) as cursor:
        cursor.execute("SET search_path = pg_catalog")
        cursor.execute("SET check_function_bodies = off")

        def known(sql: LiteralString, names: list[str]) -> list[str]:
            return [name for (name,) in cursor.execute(sql, (names,)).fetchall()]

        ones = known(_KNOWN_FUNCTIONS.format("pronargs < 2"), called)
        twos = known(_KNOWN_FUNCTIONS.format("pronargs = 2"), called)
        operators = known(_KNOWN_OPERATORS, signs)
        given = {"types": list(_TYPES), "ones": ones, "twos": [*twos, "planted"]}
        cursor.execute(_PLANTING, {**given, "operators": operators})
        cursor.connection.close()
    return {*ones, *twos}, set(operators)
