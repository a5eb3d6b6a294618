"""A dialect that peelflow does not know by name."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class Strange(SQLiteDialect_pysqlite):
    """SQLite under another name."""

    supports_statement_cache = True


class Other(PGDialect_psycopg):
    """PostgreSQL by a driver that is not known here."""

    driver = "other"
    supports_statement_cache = True


class Unknown(Other):
    """PostgreSQL under another name."""

    name = "unknown"
    supports_statement_cache = True
