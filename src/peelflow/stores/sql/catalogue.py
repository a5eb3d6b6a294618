"""Hold a database's catalogue to the schema that this version makes.

Every column, constraint, index, trigger, rewrite rule and row-security policy of our tables is told
by the words of the catalogue's own functions, and compared with what `schema.metadata` means.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import sqlalchemy as sa

from peelflow.stores.base import DatabaseFault
from peelflow.stores.read_only import ReadingConnection
from peelflow.stores.schema_check import (
    ExpectedSchema,
    SchemaObjects,
    Select,
    check_schema_objects,
    kept_value_faults,
    objects_of,
    schema_faults,
)
from peelflow.stores.sql.connection import SQLITE
from peelflow.stores.sql.schema import (
    LATER_OBJECTS,
    checkpoint,
    events,
    joint_records,
    metadata,
    settings,
    sums,
    unplaced,
)
from peelflow.stores.sql.search_path import POSTGRESQL, is_made, with_schema

PREFIX = "peelflow_"
_TABLES = """SELECT 'table ' || c.relname::text, c.relkind::text
    || CASE WHEN c.relrowsecurity THEN ' with row security' ELSE '' END
    || CASE c.relpersistence WHEN 'p' THEN '' ELSE ' that a crash empties' END
    || CASE WHEN EXISTS (SELECT 1 FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
        THEN ' that inherits' ELSE '' END
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_COLUMNS = """SELECT 'column ' || c.relname::text || '.' || a.attname::text,
    format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || CASE a.attidentity::text WHEN '' THEN '' ELSE ' identity ' || a.attidentity::text END
    || CASE a.attgenerated::text WHEN '' THEN '' ELSE ' generated' END
    || coalesce((SELECT ' collate ' || CASE o.collnamespace WHEN 'pg_catalog'::regnamespace::oid
            THEN '' ELSE 'another ' END || o.collname::text FROM pg_collation o
        WHERE o.oid = a.attcollation AND o.collname <> 'default'), '')
    || coalesce((SELECT ' default ' || pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
        WHERE d.adrelid = c.oid AND d.adnum = a.attnum), '')
    FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_CONSTRAINTS = """SELECT 'constraint ' || c.relname::text || ' '
    || CASE x.contype WHEN 'c' THEN x.conname::text || ' ' ELSE '' END
    || replace(pg_get_constraintdef(x.oid), quote_ident(n.nspname::text) || '.', ''),
    CASE WHEN x.convalidated THEN 'valid' ELSE 'not valid' END
    FROM pg_constraint x JOIN pg_class c ON x.conrelid = c.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE x.contype IN ('c', 'f', 'p', 'u', 'x')
    AND left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_INDEXES = """SELECT 'index ' || o.relname::text,
    replace(pg_get_indexdef(i.indexrelid), quote_ident(n.nspname::text) || '.', '')
    || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' not valid' END
    FROM pg_index i JOIN pg_class c ON i.indrelid = c.oid JOIN pg_class o ON i.indexrelid = o.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_ACTING = """SELECT 'trigger ' || t.tgname::text || ' on ' || c.relname::text,
    pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_class c ON t.tgrelid = c.oid WHERE NOT t.tgisinternal
    AND left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)
    UNION ALL SELECT 'rule ' || r.rulename::text || ' on ' || c.relname::text, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON r.ev_class = c.oid
    WHERE left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)
    UNION ALL SELECT 'policy ' || p.polname::text || ' on ' || c.relname::text, 'row security'
    FROM pg_policy p JOIN pg_class c ON p.polrelid = c.oid
    WHERE left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_SEQUENCES = """SELECT 'sequence of ' || c.relname::text || '.' || a.attname::text,
    format_type(q.seqtypid, NULL) || ' by ' || q.seqincrement::text || ' from '
    || q.seqmin::text || ' to ' || q.seqmax::text || ', ' || q.seqcache::text || ' at once'
    || CASE WHEN q.seqcycle THEN ', over and over' ELSE '' END
    FROM pg_sequence q JOIN pg_depend d ON d.objid = q.seqrelid AND d.deptype = 'i'
        AND d.classid = 'pg_class'::regclass::oid AND d.refclassid = 'pg_class'::regclass::oid
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_LAST_GIVEN = """SELECT CASE WHEN has_sequence_privilege(d.objid, 'USAGE, SELECT')
        THEN coalesce(pg_sequence_last_value(d.objid::regclass), 0) END
    FROM pg_depend d JOIN pg_sequence q ON q.seqrelid = d.objid
    WHERE d.refobjid = 'peelflow_events'::regclass::oid AND d.deptype = 'i'
    AND d.classid = 'pg_class'::regclass::oid AND d.refclassid = 'pg_class'::regclass::oid"""
_LAST_SERIAL = "SELECT max(serial) FROM peelflow_events"
EMPTIED_TABLES = (joint_records, settings, unplaced)
"""The tables from which rows are taken away again."""
DELETING_KEYS = "x.contype = 'f' AND x.confdeltype IN ('c', 'n', 'd')"
"""PostgreSQL's condition that a constraint `x` acts on its table where a row it refers to goes."""
_KEYS = f"""SELECT 'foreign key of ' || c.relname::text || ' on ' || o.relname::text,
    pg_get_constraintdef(x.oid)
    FROM pg_constraint x JOIN pg_class c ON x.conrelid = c.oid
    JOIN pg_class o ON x.confrelid = o.oid
    WHERE {DELETING_KEYS} AND pg_table_is_visible(o.oid)
    AND o.relname IN ({", ".join(f"'{table.name}'" for table in EMPTIED_TABLES)})"""  # noqa: S608
_CAN_CHECK = """SELECT quote_ident(n.nspname::text) FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass::oid
    JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass::oid
    WHERE e.extname = 'amcheck' AND d.deptype = 'e' AND p.proname = 'bt_index_check'
    AND p.pronargs = 2 AND has_function_privilege(p.oid, 'execute')"""
_CHECK = """SELECT {}.bt_index_check(i.indexrelid::regclass, true)
    FROM pg_index i JOIN pg_class c ON i.indrelid = c.oid JOIN pg_class o ON i.indexrelid = o.oid
    JOIN pg_am m ON m.oid = o.relam WHERE m.amname = 'btree' AND i.indisvalid
    AND left(c.relname::text, 9) = 'peelflow_' AND pg_table_is_visible(c.oid)"""
_HAS_SUMS = with_schema("""
    SELECT bool_and(coalesce(has_table_privilege(to_regclass(name), 'SELECT'), false))
    FROM pg_catalog.unnest(%s::text[]) AS name""")
_MAY_WRITE_SUMS = with_schema("""SELECT bool_and(has_table_privilege(to_regclass(name), verb))
        AND has_any_column_privilege(to_regclass('peelflow_meta'), 'UPDATE')
        AND current_setting('transaction_read_only') = 'off'
    FROM pg_catalog.unnest(ARRAY['peelflow_checkpoint'::text, 'peelflow_sums']) AS name,
        pg_catalog.unnest(ARRAY['INSERT'::text, 'DELETE']) AS verb""")
_MAY_READ_SUMS = """SELECT to_regclass(name) IS NULL OR has_table_privilege(name, 'SELECT')
    FROM pg_catalog.unnest(ARRAY['peelflow_checkpoint'::text, 'peelflow_sums']) AS name"""


def catalogue_faults(select: Select) -> Iterator[DatabaseFault]:
    """Yield how the schema differs, and what is kept beside the events that is none of ours.

    Indexes are checked too where the extension amcheck is there; it raises at one that is damaged.

    Args:
        select: Runs a statement on the database.
    """
    found = {
        _plain(name): _plain(definition)
        for sql in (_TABLES, _COLUMNS, _CONSTRAINTS, _INDEXES, _ACTING, _KEYS, _SEQUENCES)
        for name, definition in select(sql)
    }
    expected = ExpectedSchema(_expected(), LATER_OBJECTS, PREFIX)
    yield from schema_faults(found, expected.beside(found))
    yield from kept_value_faults(select, expected, found)
    if expected.has_table("events", found):
        yield from _sequence_faults(select)
    schema = schema_of_index_check(select)
    if schema is not None:
        list(select(_CHECK.format(schema)))


def _sequence_faults(select: Select) -> Iterator[DatabaseFault]:
    """Yield that the sequence of the events was set back, so that it gives numbers anew."""
    ((last,),) = select(_LAST_SERIAL)
    for (given,) in select(_LAST_GIVEN):
        if given is not None and last is not None and given < last:
            sentence = f"its sequence of {events.name}.serial is at {given}, and gave {last} before"
            yield DatabaseFault("schema-differs", sentence)


def may_read_sums(select: Select) -> bool:
    """Return whether who asks may read the sums, where there are any."""
    return all(may for (may,) in select(_MAY_READ_SUMS))


def may_read_sequence(select: Select) -> bool:
    """Return whether who asks may see which number the sequence of the events gave last."""
    return all(given is not None for (given,) in select(_LAST_GIVEN))


def check_sqlite_schema(connection: sa.Connection) -> None:
    """Refuse to write to a SQLite file on whose tables something acts (`check_schema_objects`).

    Args:
        connection: One in the transaction that writes, on a database of any kind.
    """
    if connection.dialect.name != SQLITE:
        return
    connection.info[_SOUND] = check_schema_objects(
        lambda sql: connection.exec_driver_sql(sql).all(),
        sqlite_schema(),
        connection.engine.url.render_as_string(hide_password=True),
        known=connection.info.get(_SOUND),
    )


_SOUND = "peelflow_schema"


def schema_of_index_check(select: Select) -> str | None:
    """Return where the functions of the extension amcheck are, None where it may not be used.

    It goes by the extension: a function that is only called so is another's.
    """
    return next((schema for (schema,) in select(_CAN_CHECK)), None)


@cache
def sqlite_schema() -> ExpectedSchema:
    """Return the schema that the same tables make in a SQLite file."""
    dialect = sa.make_url("sqlite://").get_dialect()()
    made = [
        str(sa.schema.CreateTable(table).compile(dialect=dialect))
        for table in metadata.sorted_tables
    ]
    made += [
        str(sa.schema.CreateIndex(index).compile(dialect=dialect))
        for table in metadata.sorted_tables
        for index in table.indexes
    ]
    return ExpectedSchema(objects_of(made, metadata.tables), LATER_OBJECTS, PREFIX)


def _plain(text: object) -> str:
    return str(text).replace('"', "")


@cache
def _expected() -> SchemaObjects:
    objects: dict[str, str] = {}
    for table in metadata.tables.values():
        objects[f"table {table.name}"] = "r"
        objects |= {f"column {table.name}.{c.name}": _column(c) for c in table.columns}
        objects |= dict(_constraints(table))
        objects |= {
            f"sequence of {table.name}.{c.name}": _SEQUENCE
            for c in table.columns
            if c.identity is not None
        }
    return objects


_SEQUENCE = f"bigint by 1 from 1 to {2**63 - 1}, 1 at once"


def _column(column: sa.Column[object]) -> str:
    name = str(column.type.compile(_DIALECT)).partition(" ")[0].lower()
    text = name + ("" if column.nullable else " not null")
    text += " identity d" if column.identity is not None else ""
    return text + (" collate C" if name == "text" else "")


def _constraints(table: sa.Table) -> Iterator[tuple[str, str]]:
    def columns(names: sa.Constraint | sa.Index) -> str:
        return ", ".join(column.name for column in names.columns)  # type: ignore[union-attr]

    def index(name: object, unique: str, names: sa.Constraint | sa.Index) -> tuple[str, str]:
        sql = f"CREATE {unique}INDEX {name} ON {table.name} USING btree ({columns(names)})"
        return f"index {name}", sql

    for constraint in table.constraints:
        if isinstance(constraint, sa.PrimaryKeyConstraint) and constraint.columns:
            yield f"constraint {table.name} PRIMARY KEY ({columns(constraint)})", "valid"
            yield index(f"{table.name}_pkey", "UNIQUE ", constraint)
        elif isinstance(constraint, sa.UniqueConstraint):
            name = constraint.name or f"{table.name}_{columns(constraint)}_key"
            yield f"constraint {table.name} UNIQUE ({columns(constraint)})", "valid"
            yield index(name, "UNIQUE ", constraint)
        elif isinstance(constraint, sa.ForeignKeyConstraint):
            other = f"{constraint.referred_table.name}({columns(constraint)})"
            rule = f"FOREIGN KEY ({columns(constraint)}) REFERENCES {other}"
            yield f"constraint {table.name} {rule}", "valid"
    for given in table.indexes:
        yield index(given.name, "", given)


_DIALECT = sa.make_url("postgresql://").get_dialect()()


def has_settings(connection: sa.Connection) -> bool:
    """Return whether the table is there, which a database of before lacks."""
    return is_made(connection, settings.name)


def has_joint_records(connection: sa.Connection) -> bool:
    """Return whether the table of joint records is there, which a database of before lacks."""
    return is_made(connection, joint_records.name)


def has_sums(connection: sa.Connection) -> bool:
    """Return whether the tables of sums are there, and may be read by who asks."""
    names = (checkpoint.name, sums.name)
    if connection.dialect.name != POSTGRESQL:
        return all(map(sa.inspect(connection).has_table, names))
    return bool(connection.exec_driver_sql(_HAS_SUMS, (list(names),)).scalar())


def may_write_sums(connection: sa.Connection) -> bool:
    """Return whether who asks may keep sums here: on a standby, and in a file of others, nobody."""
    if connection.dialect.name == POSTGRESQL:
        return bool(connection.exec_driver_sql(_MAY_WRITE_SUMS).scalar())
    return not isinstance(connection.connection.driver_connection, ReadingConnection)
