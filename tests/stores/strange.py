"""A dialect that peelflow does not know by name."""

from __future__ import annotations

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class Strange(SQLiteDialect_pysqlite):
    """SQLite under another name."""

    supports_statement_cache = True
