"""Have each statement mean PostgreSQL's own functions, whatever the search path holds.

Whoever may create in a schema of the path can put a function or an operator there whose types match
more exactly than those of PostgreSQL's own, and have it run with the rights of whoever acts or
verifies. So every function is called by its schema. An operator cannot be written so in what SQLite
reads too: each has operands for which PostgreSQL has one of just these types, which wins as long as
its own schema comes first in the path; where it does not, nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, inspect

from peelflow.errors import StoreUnavailable

POSTGRESQL = "postgresql"
_OWN_SCHEMA = "pg_catalog"
_CALLED = (
    "array_agg|bool_and|bool_or|cardinality|count|current_schemas|current_setting|format_type"
    "|has_any_column_privilege|has_function_privilege|has_sequence_privilege"
    "|has_table_privilege|hashtextextended"
    "|json_to_recordset|jsonb_each_text|jsonb_to_recordset|left|length|ln|max|min"
    "|pg_advisory_xact_lock|pg_backend_pid|pg_get_constraintdef|pg_get_expr|pg_get_indexdef"
    "|pg_get_ruledef|pg_get_serial_sequence|pg_get_triggerdef|pg_sequence_last_value"
    "|pg_table_is_visible|quote_ident|replace|set_config|split_part|sqrt|strpos|substr|sum"
    "|to_jsonb|to_regclass"
)
"""What our statements call. To unnest several arrays at once is no call by a name; of one, the
statement itself has to say the schema."""

_CALL = re.compile(rf"(?<![\w.\"])({_CALLED})(?=\()")
_CATALOGUE = re.compile(r"\b(FROM|JOIN) (pg_(?!catalog\b)\w+)")


@lru_cache(maxsize=512)
def with_schema(sql: str) -> str:
    """Return a statement that names PostgreSQL's own schema for functions and catalogue."""
    return _CATALOGUE.sub(rf"\1 {_OWN_SCHEMA}.\2", _CALL.sub(rf"{_OWN_SCHEMA}.\1", sql))


def check_search_path(schemas: Sequence[str], url: str) -> None:
    """Refuse a search path in which another schema comes before PostgreSQL's own.

    Args:
        schemas: What `current_schemas(true)` gives.
        url: How errors call the store.

    Raises:
        StoreUnavailable: What others may create there would act in place of PostgreSQL's own.
    """
    first = next((name for name in schemas if not name.startswith("pg_temp")), None)
    if first != _OWN_SCHEMA:
        why = f"the search path has the schema {first} before {_OWN_SCHEMA}"
        instead = f"leave {_OWN_SCHEMA} out of search_path, or name it first"
        raise StoreUnavailable(url, why, instead=instead)


def is_made(connection: Connection, name: str) -> bool:
    """Return whether a table, or on PostgreSQL also an index, is there by this name."""
    if connection.dialect.name != POSTGRESQL:
        return inspect(connection).has_table(name)
    sql = with_schema("SELECT to_regclass(%s::text) IS NOT NULL")
    return bool(connection.exec_driver_sql(sql, (name,)).scalar())
