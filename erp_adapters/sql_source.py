"""What the database itself says: types, nullability and collation of the columns that the catalog names.

Read once per engine from the database's catalogue; indexes, COLLATE clauses and null handling depend on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, text

from erp_adapters import sql_casing
from erp_adapters.dialects import DIALECTS
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_values import UNKNOWN, ColumnFacts, Kind

_KINDS = {
    "text": Kind.TEXT, "varchar": Kind.TEXT, "bpchar": Kind.CHAR, "int2": Kind.INTEGER, "int4": Kind.INTEGER,
    "int8": Kind.INTEGER, "numeric": Kind.NUMERIC, "float4": Kind.FLOAT, "float8": Kind.FLOAT, "bool": Kind.BOOLEAN,
    "date": Kind.DATE, "timestamp": Kind.TIMESTAMP, "timestamptz": Kind.TIMESTAMP_TZ, "time": Kind.TIME,
    "uuid": Kind.UUID,
}  # fmt: skip
_BITS = {"int2": 16, "int4": 32}

_POSTGRESQL = """
SELECT c.relname, n.nspname, pg_table_is_visible(c.oid), a.attname, t.typname, a.attnotnull, o.collname,
       o.collisdeterministic
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relname IN :names AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
"""
_IS_C = "SELECT datcollate IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Source:
    """The dialect, with what was learnt of this database, and the facts of its tables: table -> column -> facts."""

    dialect: Dialect
    tables: Mapping[str, Mapping[str, ColumnFacts]]

    def facts(self, table: str, column: str) -> ColumnFacts:
        """What is known of a column; ``UNKNOWN`` if the database has none of that name."""
        return self.tables.get(table, {}).get(column, UNKNOWN)


def split(table: str) -> tuple[str | None, str]:
    """Schema and name of a table that the catalog names as ``schema.table`` or ``table``."""
    schema, _, name = table.rpartition(".")
    return schema or None, name


def look(connection: Connection, tables: Iterable[str]) -> Source:
    """Asks the database about the tables."""
    name = connection.dialect.name
    if name == "sqlite":
        return Source(DIALECTS[name], _look_sqlite(connection, tables))
    dialect = replace(DIALECTS[name], casing=sql_casing.look(connection))
    return Source(dialect, _look_postgresql(connection, tables))


def _look_postgresql(connection: Connection, tables: Iterable[str]) -> dict[str, dict[str, ColumnFacts]]:
    named = {table: split(table) for table in tables}
    names = sorted({name for _, name in named.values()})
    default_is_c = bool(connection.scalar(text(_IS_C)))
    found: dict[tuple[str, str], dict[str, ColumnFacts]] = {}
    visible: dict[str, str] = {}
    rows = connection.execute(text(_POSTGRESQL).bindparams(bindparam("names", expanding=True)), {"names": names})
    for table, schema, seen, column, kind, not_null, collation, deterministic in rows:
        if seen:
            visible[table] = schema
        known = ColumnFacts(
            _KINDS.get(kind, Kind.OTHER),
            not_null,
            _collation(collation, deterministic, default_is_c),
            _BITS.get(kind, 64),
        )
        found.setdefault((schema, table), {})[column] = known
    return {
        table: found.get((schema if schema is not None else visible.get(name, ""), name), {})
        for table, (schema, name) in named.items()
    }


def _collation(name: str | None, deterministic: bool | None, default_is_c: bool) -> str:
    if name in ("C", "POSIX", "ucs_basic") or (name == "default" and default_is_c):
        return "C"
    return "other" if deterministic is False else "deterministic"


def _look_sqlite(connection: Connection, tables: Iterable[str]) -> dict[str, dict[str, ColumnFacts]]:
    found: dict[str, dict[str, ColumnFacts]] = {}
    for table in tables:
        ddl = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}) or ""
        collation = "other" if "COLLATE" in ddl.upper().replace("COLLATE BINARY", "") else "C"
        rows = connection.execute(
            text('SELECT name, type, "notnull", pk FROM pragma_table_info(:name)'), {"name": table}
        )
        found[table] = {
            column: ColumnFacts(_sqlite_kind(kind), bool(not_null or (pk and kind.upper() == "INTEGER")), collation)
            for column, kind, not_null, pk in rows
        }
    return found


def _sqlite_kind(declared: str) -> Kind:
    """The kind by SQLite's own rules of affinity; it has no Boolean and pads nothing."""
    name = declared.upper()
    for part, kind in (
        ("INT", Kind.INTEGER), ("CHAR", Kind.TEXT), ("CLOB", Kind.TEXT), ("TEXT", Kind.TEXT), ("REAL", Kind.FLOAT),
        ("FLOA", Kind.FLOAT), ("DOUB", Kind.FLOAT), ("BOOL", Kind.INTEGER), ("TIMESTAMP", Kind.TIMESTAMP),
        ("DATETIME", Kind.TIMESTAMP), ("DATE", Kind.DATE), ("TIME", Kind.TIME), ("NUMERIC", Kind.NUMERIC),
        ("DECIMAL", Kind.NUMERIC),
    ):  # fmt: skip
        if part in name:
            return kind
    return Kind.OTHER
